//! What a page says after a change: a word in the address, so that nobody can have it say anything else.

/// Every word and its sentence.
const NOTICES: &[(&str, &str)] = &[
    ("signed-out", "You have signed out."),
    ("key-edited", "The key has been changed."),
    ("key-edited-and-revoked", "The key has been changed, and every token that it had is revoked."),
    ("key-unchanged", "Nothing was changed."),
];

/// The sentence of a word.
pub(super) fn of(word: &str) -> Option<&'static str> {
    NOTICES.iter().find(|(known, _)| *known == word).map(|(_, sentence)| *sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_words_are_said() {
        assert!(of("signed-out").is_some());
        assert!(of("").is_none() && of("<b>").is_none());
        for (word, sentence) in NOTICES {
            assert!(word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') && sentence.ends_with('.'), "{word}");
        }
    }
}
