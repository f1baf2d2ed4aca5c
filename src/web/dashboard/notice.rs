//! What a page says after a change: a word in the address, so that nobody can have it say anything else.

/// Every word and its sentence.
const NOTICES: &[(&str, &str)] = &[
    ("signed-out", "You have signed out."),
    // the platform
    ("organization-created", "The organization is there. Now invite its first owner."),
    ("organization-saved", "Saved. It holds for new requests within a second."),
    ("plan-created", "The plan is there. Organizations and keys can be put on it."),
    ("plan-saved", "Saved. It holds within a second."),
    ("plan-deleted", "The plan is deleted."),
    ("resource-server-created", "The resource server is there. Now add its scopes."),
    ("resource-server-saved", "Saved."),
    ("resource-server-deleted", "The resource server is deleted."),
    ("scope-created", "The scope is there: keys can hold it."),
    ("scope-saved", "Saved. It holds for new tokens within a second."),
    ("scope-deleted", "The scope is deleted."),
    ("signing-key-rotated", "A new key is published. It signs once every verifier has had time to fetch it."),
    ("signing-key-replaced", "A new key signs. Every other key has left the JWKS."),
    ("signing-key-imported", "The key is published. It signs once every verifier has had time to fetch it."),
    ("user-invited-there", "The invitation is on its way."),
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
