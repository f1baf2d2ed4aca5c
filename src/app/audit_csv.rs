//! The audit log as a table that spreadsheets open (RFC 4180).

use std::io::Write;

use serde_json::Value;

/// The columns: members of a row, those of the actor after a dot.
const COLUMNS: [&str; 14] = [
    "seq",
    "occurred_at",
    "actor.type",
    "actor.id",
    "actor.name",
    "action",
    "target",
    "target_name",
    "outcome",
    "reason",
    "address",
    "request_id",
    "before",
    "after",
];

/// The columns behind which an export also has the row's own id, whose it is, and its hash.
const LAST_COLUMNS: [&str; 3] = ["id", "organization_id", "hash"];

/// A table that is being written.
#[derive(Debug)]
pub struct AuditCsv<W: Write>(csv::Writer<W>);

impl<W: Write> AuditCsv<W> {
    /// Begins a table with its heading.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn begin(to: W) -> Result<Self, csv::Error> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(to);
        writer.write_record(COLUMNS.iter().chain(&LAST_COLUMNS))?;
        Ok(Self(writer))
    }

    /// Adds a row as the management API shows it, or as `audit export` prints it.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn add(&mut self, row: &Value) -> Result<(), csv::Error> {
        self.0.write_record(COLUMNS.iter().chain(&LAST_COLUMNS).map(|column| harmless(cell(row, column))))
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn end(mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

fn cell(row: &Value, column: &str) -> String {
    let found = match column.split_once('.') {
        Some((outer, inner)) => row.get(outer).and_then(|value| value.get(inner)),
        None => row.get(column),
    };
    match found {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// A cell that a spreadsheet does not take for a formula: what begins like one gets an apostrophe before it (OWASP, CSV
/// injection).
fn harmless(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_cell_is_a_formula_and_none_breaks_out_of_its_cell() {
        let mut out = Vec::new();
        let mut table = AuditCsv::begin(&mut out).unwrap();
        for evil in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "a\"b,c\r\nd"] {
            let row = json!({"seq": 7, "actor": {"type": "user", "name": evil}, "before": {"name": evil}, "target": null});
            table.add(&row).unwrap();
        }
        table.end().unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("seq,occurred_at,actor.type,actor.id,actor.name,action,"), "{text}");
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let names: Vec<String> = reader.records().map(|record| record.unwrap().get(4).unwrap().to_owned()).collect();
        assert_eq!(names, ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\tx", "'\rx", "a\"b,c\r\nd"]);
    }
}
