//! Lengths of time in words, and numbers as people read them.

use std::fmt;

/// A number with commas between its thousands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Num(pub(super) i64);

impl fmt::Display for Num {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&grouped(self.0))
    }
}

impl askama::filters::HtmlSafe for Num {}

/// A length of time as people say it: its largest unit, and the next one where one alone would be coarse.
pub(super) fn in_words(seconds: i64) -> String {
    const UNITS: [(i64, &str); 4] = [(86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second")];
    let seconds = seconds.max(0);
    let Some(at) = UNITS.iter().position(|(length, _)| seconds >= *length) else { return "0 seconds".to_owned() };
    let mut units = UNITS.iter().skip(at);
    let Some((length, name)) = units.next() else { return String::new() };
    let (count, rest) = (seconds / length, seconds % length);
    let finer = units.next().filter(|_| count == 1).map(|(length, name)| (rest / length, name));
    match finer {
        Some((more, finer)) if more > 0 => format!("{} {}", counted(count, name), counted(more, finer)),
        _ => counted(count, name),
    }
}

/// How long ago something was, seen from now.
pub(super) fn ago(seconds: i64) -> String {
    if seconds < 5 { "just now".to_owned() } else { format!("{} ago", in_words(seconds)) }
}

/// A number with its word, in the plural where it is one.
pub(super) fn counted(count: i64, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{} {word}s", grouped(count)) }
}

/// A number with commas between its thousands.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_said_in_their_largest_unit() {
        let said = [0, 1, 59, 60, 61, 119, 120, 3_600, 3_660, 7_300, 86_400, 90_000, 180_000, 7_776_000].map(in_words);
        let expected = [
            "0 seconds",
            "1 second",
            "59 seconds",
            "1 minute",
            "1 minute 1 second",
            "1 minute 59 seconds",
            "2 minutes",
            "1 hour",
            "1 hour 1 minute",
            "2 hours",
            "1 day",
            "1 day 1 hour",
            "2 days",
            "90 days",
        ];
        assert_eq!(said, expected);
        assert_eq!((ago(3), ago(180)), ("just now".to_owned(), "3 minutes ago".to_owned()));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([0, 12, 999, 1_000, 1_234_567, -1_000].map(grouped), ["0", "12", "999", "1,000", "1,234,567", "-1,000"]);
    }
}
