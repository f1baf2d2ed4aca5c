//! `web::session_cookie`.

use claviger::web::session_cookie::{BadCookie, NAME, read};

/// Checks the lines of a header, a line each; and the same in one line.
pub fn check(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
    check_lines(&lines);
    check_lines(&[&lines.join(&b';')]);
    check_lines(&[&[NAME.as_bytes(), b"=", data].concat()]);
}

fn check_lines(lines: &[&[u8]]) {
    let pairs = lines.iter().flat_map(|line| line.split(|&b| b == b';'));
    // What is no text is nobody's; the name is compared whole and with its case.
    let texts = pairs.filter_map(|pair| String::from_utf8(pair.to_vec()).ok());
    let own = format!("{NAME}=");
    let values: Vec<String> = texts.filter_map(|text| text.trim().strip_prefix(own.as_str()).map(str::to_owned)).collect();
    let found = read(lines.iter().copied()).map(|token| token.map(|token| token.expose().to_owned()));
    match values.as_slice() {
        [] => assert_eq!(found, Ok(None)),
        [value] if value.is_empty() => assert_eq!(found, Ok(None)),
        [value] => {
            let has_form = value.len() == 47
                && value.starts_with("ses_")
                && value.chars().skip(4).all(|c| c.is_ascii_digit() || c.is_ascii_uppercase() || c.is_ascii_lowercase());
            assert_eq!(found, if has_form { Ok(Some(value.clone())) } else { Err(BadCookie::Malformed) });
        }
        _ => assert_eq!(found, Err(BadCookie::Several)),
    }
}
