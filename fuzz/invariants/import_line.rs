//! `app::import_keys`: the lines of a file of keys.

use claviger::app::import_keys::read;

/// Checks a file.
pub fn check(data: &[u8]) {
    let outcome = read(data).map_err(|error| error.to_string());
    let again = read(data).map_err(|error| error.to_string());
    match (&outcome, &again) {
        (Ok(keys), Ok(same)) => {
            let lines: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
            for (key, same) in keys.iter().zip(same) {
                assert!((1..=lines.len()).contains(&key.line) && (1..=2).contains(&key.secrets.len()));
                assert_eq!((key.line, &key.foreign_client_id), (same.line, &same.foreign_client_id));
                // Alone on its line it is the same key.
                let alone = read(lines[key.line - 1]).unwrap();
                assert_eq!((alone.len(), &alone[0].foreign_client_id), (1, &key.foreign_client_id));
            }
            let mut names: Vec<String> = keys.iter().map(|key| key.foreign_client_id.to_string()).collect();
            let count = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), count, "one name twice");
        }
        (Err(told), Err(same)) => {
            assert_eq!(told, same);
            for hash in hashes(data) {
                assert!(!told.contains(&hash), "{told}");
            }
        }
        _ => panic!("another time, another outcome"),
    }
}

/// What stands where hashes stand, when it is long enough not to be in a message by chance.
fn hashes(data: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(data);
    let after = text.split("\"hash\":\"").skip(1);
    let values = after.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "+/=$.,".contains(*c)).collect());
    values.filter(|value: &String| value.len() >= 20).collect()
}
