//! What a page says after a change: a word in the address, so that nobody can have it say anything else.

/// Every word and its sentence.
const NOTICES: &[(&str, &str)] = &[
    ("signed-out", "You have signed out."),
    ("key-made", "The API key is created. It has no secret; below is how its program gets a token."),
    ("key-edited", "The key has been changed."),
    ("key-edited-and-revoked", "The key has been changed, and every token that it had is revoked."),
    ("key-unchanged", "Nothing was changed."),
    // the platform
    ("organization-created", "The organization is created. Now invite its first owner."),
    ("organization-saved", "Saved. It holds for new requests within a second."),
    ("plan-created", "The plan is created. Organizations and keys can be put on it."),
    ("plan-saved", "Saved. It holds within a second."),
    ("plan-deleted", "The plan is deleted."),
    ("resource-server-created", "The resource server is created. Now add its scopes."),
    ("resource-server-saved", "Saved."),
    ("resource-server-deleted", "The resource server is deleted."),
    ("scope-created", "The scope is created: keys can hold it."),
    ("scope-saved", "Saved. It holds for new tokens within a second."),
    ("scope-deleted", "The scope is deleted."),
    ("signing-key-rotated", "A new key is published. It signs once every verifier has had time to fetch it."),
    ("signing-key-replaced", "A new key signs. Every other key has left the JWKS."),
    ("signing-key-imported", "The key is published. It signs once every verifier has had time to fetch it."),
    ("user-invited-there", "The invitation is on its way."),
    // keys: what was done with one
    ("key-disabled", "The key is disabled, and its tokens are revoked."),
    ("key-enabled", "The key is enabled."),
    ("tokens-revoked", "Every token issued to the key so far is revoked."),
    ("secret-retired", "The old secret is retired. The new one is the only one that works."),
    ("key-deleted", "The key is deleted."),
    // oneself
    ("invitation-accepted", "Your password is set. Sign in with it."),
    ("password-reset", "Your password is changed and every session ended. Sign in with the new one."),
    ("reset-asked", "If there is a user with this e-mail address, a link is on its way. It works for one hour."),
    ("set-up", "The platform has its first operator: you. Sign in."),
    ("password-changed", "Your password is changed. Your other sessions have ended."),
    ("session-ended", "The session has ended."),
    ("sessions-ended", "All your other sessions have ended."),
    // the organization
    ("organization-renamed", "The organization has its new name."),
    ("account-created", "The account is created."),
    ("account-renamed", "The account has its new name."),
    ("user-invited", "The invitation is on its way."),
    ("user-created", "The user is created, without a password yet."),
    ("user-changed", "The user is changed."),
    ("user-disabled", "The user is disabled and signed out everywhere."),
    ("user-enabled", "The user can sign in again."),
    ("webhook-changed", "The webhook is changed."),
    ("webhook-disabled", "The webhook is disabled. Nothing is sent to it."),
    ("webhook-enabled", "The webhook is enabled."),
    ("webhook-tested", "A test is on its way. Its delivery is in the list below; reload to see what became of it."),
    ("webhook-deleted", "The webhook is deleted."),
    ("redelivered", "The event is on its way again. Reload to see what became of it."),
    ("user-removed", "The user is removed."),
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
