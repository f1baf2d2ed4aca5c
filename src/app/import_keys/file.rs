//! The file of an import: JSON Lines, and what is wrong with them.

use std::collections::HashMap;
use std::fmt;
use std::io::{BufRead, Read};

use super::ImportError;
use super::line::{self, ImportedKey};
use crate::domain::foreign_client_id::ForeignClientId;

/// The longest line, in bytes.
pub const MAX_LINE_BYTES: usize = 64 * 1024;
/// Wrong lines that are named; of the others only the number is told.
const MAX_NAMED: usize = 20;

/// What is wrong with a file.
#[derive(Debug, Default)]
pub struct BadLines {
    named: Vec<(usize, String)>,
    more: usize,
}

impl BadLines {
    pub(super) fn add(&mut self, line: usize, what: String) {
        if self.named.len() < MAX_NAMED {
            self.named.push((line, what));
        } else {
            self.more += 1;
        }
    }

    pub(super) fn or<T>(mut self, value: T) -> Result<T, ImportError> {
        if self.named.is_empty() {
            return Ok(value);
        }
        self.named.sort();
        Err(ImportError::BadLines(self))
    }
}

impl fmt::Display for BadLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (line, what) in &self.named {
            writeln!(f, "line {line}: {what}")?;
        }
        if self.more > 0 {
            writeln!(f, "and {} more lines", self.more)?;
        }
        f.write_str("nothing was imported")
    }
}

/// Reads a file of JSON Lines; empty lines count but say nothing.
///
/// # Errors
/// [`ImportError::BadLines`], [`ImportError::Read`].
pub fn read(mut input: impl BufRead) -> Result<Vec<ImportedKey>, ImportError> {
    let (mut keys, mut bad) = (Vec::new(), BadLines::default());
    let mut first_lines: HashMap<ForeignClientId, usize> = HashMap::new();
    let mut buffer = Vec::new();
    for number in 1.. {
        buffer.clear();
        let limit = u64::try_from(MAX_LINE_BYTES + 2).unwrap_or(u64::MAX);
        if input.by_ref().take(limit).read_until(b'\n', &mut buffer).map_err(ImportError::Read)? == 0 {
            break;
        }
        let text = buffer.strip_suffix(b"\n").unwrap_or(&buffer);
        if text.len() > MAX_LINE_BYTES {
            // What follows would be read in the wrong place.
            bad.add(number, format!("is longer than {MAX_LINE_BYTES} bytes; nothing after it was looked at"));
            break;
        }
        let text = text.strip_prefix(b"\xef\xbb\xbf").filter(|_| number == 1).unwrap_or(text).trim_ascii();
        if text.is_empty() {
            continue;
        }
        if keys.is_empty() && text.starts_with(b"[") {
            bad.add(number, "must be an object: the format is JSON Lines, which `jq -c '.[]'` makes of an array".to_owned());
            break;
        }
        let parsed = match std::str::from_utf8(text) {
            Ok(text) => line::parse(number, text),
            Err(_) => Err("is not UTF-8".to_owned()),
        };
        match parsed {
            Err(what) => bad.add(number, what),
            Ok(key) => match first_lines.insert(key.foreign_client_id.clone(), number) {
                Some(first) => bad.add(number, format!("foreign_client_id: stands on line {first} already")),
                None => keys.push(key),
            },
        }
    }
    bad.or(keys)
}
