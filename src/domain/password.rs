//! What a password must be. How it is kept is for `crypto::password_hash` to know.

use std::fmt;

use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

use super::Invalid;

/// The shortest password, in characters (ASVS 6.2.1).
pub const MIN_PASSWORD_CHARACTERS: usize = 8;
/// The longest password, in characters.
pub const MAX_PASSWORD_CHARACTERS: usize = 256;

/// A guesser finds what is refused within as many guesses: the passwords, names, words and keyboard rows that are most
/// common, alone or with a digit (ASVS 6.2.4 asks that of 3,000).
const TOO_FEW_GUESSES: u64 = 10_000;

/// A password in the clear: its UTF-8 bytes as they were typed, all of them. Not normalised, cut, trimmed or folded in
/// any way, so that what is accepted once is accepted always. Never prints itself.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// What somebody types to sign in. It is judged by its hash alone: rules may have changed since it was chosen.
    pub fn presented(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// What somebody chooses: 8 to 256 characters (Unicode scalar values) of any kind, and nothing that guessers try
    /// first. `context` is what they would try first for this person: address, name, organization.
    ///
    /// # Errors
    /// [`Invalid`], with the codes `invalid_length` and `too_common`.
    pub fn chosen(text: String, context: &[&str]) -> Result<Self, Invalid> {
        let password = Self(Zeroizing::new(text));
        let characters = password.0.chars().count();
        if !(MIN_PASSWORD_CHARACTERS..=MAX_PASSWORD_CHARACTERS).contains(&characters) {
            return Err(Invalid::new("password", "invalid_length", "must have 8 to 256 characters"));
        }
        if zxcvbn(&password.0, context).guesses() < TOO_FEW_GUESSES {
            return Err(Invalid::new("password", "too_common", "is among the first that a guesser tries; take a longer one"));
        }
        Ok(password)
    }

    /// The bytes, for hashing.
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

/// The hash of a password as a PHC string, e.g. `$argon2id$v=19$m=19456,t=2,p=1$…`. Made and compared by
/// `crypto::password_hash` alone: it has no `==`.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as the database holds it.
    pub const fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The PHC string, for storing and for the comparison.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the database still holds the same hash. No password is compared.
    pub fn is_still(&self, stored: Option<&Self>) -> bool {
        stored.is_some_and(|stored| stored.0 == self.0)
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, context: &[&str]) -> Option<&'static str> {
        Password::chosen(text.to_owned(), context).err().map(|invalid| invalid.code)
    }

    #[test]
    fn mg7_eight_to_256_characters_of_any_kind() {
        assert_eq!(code("zq7!mKd", &[]), Some("invalid_length"));
        assert_eq!(code("zq7!mKd2", &[]), None);
        let long: String = "päßwörd-ключ-鍵-".chars().cycle().take(256).collect();
        assert_eq!(code(&long, &[]), None);
        assert_eq!(code(&format!("{long}x"), &[]), Some("invalid_length"));
        assert_eq!(code("vq zt\0kw lp", &[]), None);
        assert_eq!(code("only lower case letters here", &[]), None);
        let spaces = Password::chosen("  kept as typed  ".to_owned(), &[]).unwrap();
        assert_eq!(spaces.expose(), b"  kept as typed  ");
    }

    #[test]
    fn mg7_what_guessers_try_first_is_refused() {
        for common in ["password", "12345678", "qwertyuiop", "iloveyou1", "Password1", "aaaaaaaaaaaaaaaa", "abcdefgh"] {
            assert_eq!(code(common, &[]), Some("too_common"), "{common}");
        }
        for rare in ["hunter2hunter2", "correct horse", "Password123!", "owner-pass"] {
            assert_eq!(code(rare, &[]), None, "{rare}");
        }
        let context = ["grace.hopper@example.com", "grace.hopper", "Hopper Payments"];
        assert_eq!(code("grace.hopper", &context), Some("too_common"));
        assert_eq!(code("grace.hopper@example.com", &context), Some("too_common"));
    }

    #[test]
    fn a_password_never_prints_itself() {
        assert_eq!(format!("{:?}", Password::presented("s3cr3t".to_owned())), "Password([redacted])");
        assert_eq!(format!("{:?}", PasswordHash::from_stored("$argon2id$".to_owned())), "PasswordHash([redacted])");
    }
}
