//! How people's passwords are kept: argon2id (RFC 9106) with a random salt, as a PHC string. The whole password counts,
//! whatever its length and characters.

use argon2::password_hash::phc::{Output, PasswordHash as Phc, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use ring::hmac;

use super::{CryptoError, random};
use crate::domain::password::{Password, PasswordHash};

/// 19 MiB, two passes, one lane: what OWASP's password storage cheat sheet asks for at least.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// What a stored hash may ask for at most: whoever can write to the database must not be able to stop the server.
const MOST_MEMORY_KIB: u32 = 262_144;
const MOST_PASSES: u32 = 16;

/// Whether a password is the one of a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Right,
    /// It is not.
    Wrong,
    /// The stored hash is none of ours: no password is right.
    Damaged,
}

fn hasher(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn our_params() -> Result<Params, CryptoError> {
    Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| CryptoError::PasswordHash)
}

/// The hash of `password`, for storing. Takes tens of milliseconds and 19 MiB.
///
/// # Errors
/// [`CryptoError::PasswordHash`] when there is not that much memory, [`CryptoError::Randomness`].
pub fn hash(password: &Password) -> Result<PasswordHash, CryptoError> {
    hash_with(password, &random::bytes::<SALT_BYTES>()?)
}

fn hash_with(password: &Password, salt: &[u8; SALT_BYTES]) -> Result<PasswordHash, CryptoError> {
    let failed = |_| CryptoError::PasswordHash;
    let params = our_params()?;
    let mut tag = [0; 32];
    hasher(params.clone()).hash_password_into(password.expose(), salt, &mut tag).map_err(|_| CryptoError::PasswordHash)?;
    let phc = Phc {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: (&params).try_into().map_err(|_| CryptoError::PasswordHash)?,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(Output::new(&tag).map_err(failed)?),
    };
    Ok(PasswordHash::from_stored(phc.to_string()))
}

/// Whether `password` is the one of `stored`. Takes as long when it is not, and as long when there is no hash at all:
/// the time must not tell who is a user.
///
/// # Errors
/// [`CryptoError::PasswordHash`] when there is not enough memory.
pub fn verify(password: &Password, stored: Option<&PasswordHash>) -> Result<Verdict, CryptoError> {
    let Some(stored) = stored else {
        hash_with(password, &[0; SALT_BYTES])?;
        return Ok(Verdict::Wrong);
    };
    let Some(Readable { params, salt, tag }) = Readable::of(stored) else {
        hash_with(password, &[0; SALT_BYTES])?;
        return Ok(Verdict::Damaged);
    };
    let mut computed = vec![0; tag.as_bytes().len()];
    hasher(params).hash_password_into(password.expose(), salt.as_ref(), &mut computed).map_err(|_| CryptoError::PasswordHash)?;
    let same = same(&computed, tag.as_bytes())?;
    Ok(if same { Verdict::Right } else { Verdict::Wrong })
}

/// Compares in a time that does not depend on where they differ: by digests under a key of this moment.
fn same(computed: &[u8], stored: &[u8]) -> Result<bool, CryptoError> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()?);
    Ok(hmac::verify(&key, computed, hmac::sign(&key, stored).as_ref()).is_ok())
}

/// A stored hash that this server can have written, now or with other parameters.
struct Readable {
    params: Params,
    salt: Salt,
    tag: Output,
}

impl Readable {
    fn of(stored: &PasswordHash) -> Option<Self> {
        let phc = Phc::new(stored.as_str()).ok()?;
        let params = Params::try_from(&phc).ok()?;
        let is_ours = phc.algorithm == ARGON2ID_IDENT
            && phc.version == Some(Version::V0x13.into())
            && params.m_cost() <= MOST_MEMORY_KIB
            && params.t_cost() <= MOST_PASSES;
        if !is_ours {
            return None;
        }
        Some(Self { params, salt: phc.salt?, tag: phc.hash? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::presented(text.to_owned())
    }

    #[test]
    fn mg7_a_hash_is_argon2id_with_the_parameters_that_owasp_asks_for() {
        let one = hash(&password("correct horse")).unwrap();
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert_ne!(one.as_str(), hash(&password("correct horse")).unwrap().as_str(), "a salt for each");
        assert_eq!(verify(&password("correct horse"), Some(&one)).unwrap(), Verdict::Right);
        assert_eq!(verify(&password("correct horsE"), Some(&one)).unwrap(), Verdict::Wrong);
        assert_eq!(verify(&password("correct horse"), None).unwrap(), Verdict::Wrong);
    }

    #[test]
    fn mg7_another_programs_hash_is_understood() {
        // Made with argon2-cffi 25.1 from "correct horse battery staple".
        let stored = PasswordHash::from_stored(
            "$argon2id$v=19$m=8192,t=3,p=1$AAECAwQFBgcICQoLDA0ODw$lHMS9i5KyG9jybYi8UewBhhGc59T3QDy0iNs0D20E6w".to_owned(),
        );
        assert_eq!(verify(&password("correct horse battery staple"), Some(&stored)).unwrap(), Verdict::Right);
    }

    #[test]
    fn mg7_every_byte_counts() {
        let long = "x".repeat(72);
        let stored = hash(&password(&format!("{long}a"))).unwrap();
        for (text, verdict) in [
            (format!("{long}a"), Verdict::Right),
            (format!("{long}b"), Verdict::Wrong),
            (long.clone(), Verdict::Wrong),
            (format!("{long}a\0"), Verdict::Wrong),
            (format!("{long}aa"), Verdict::Wrong),
        ] {
            assert_eq!(verify(&password(&text), Some(&stored)).unwrap(), verdict, "{}", text.len());
        }
        let nul = hash(&password("before\0after")).unwrap();
        assert_eq!(verify(&password("before\0other"), Some(&nul)).unwrap(), Verdict::Wrong);
        assert_eq!(verify(&password("before"), Some(&nul)).unwrap(), Verdict::Wrong);
        // The same letter, composed and decomposed: kept as typed.
        let composed = hash(&password("caf\u{e9} au lait")).unwrap();
        assert_eq!(verify(&password("cafe\u{301} au lait"), Some(&composed)).unwrap(), Verdict::Wrong);
    }

    #[test]
    fn a_damaged_hash_lets_nobody_in_and_stops_nothing() {
        let good = hash(&password("correct horse")).unwrap();
        let with = |from: &str, to: &str| good.as_str().replace(from, to);
        for bad in [
            String::new(),
            "correct horse".to_owned(),
            "$".to_owned(),
            "$argon2id$".to_owned(),
            "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewY5GyYIFyY4Z5ru".to_owned(),
            with("argon2id", "argon2i"),
            with("v=19", "v=16"),
            with("m=19456", "m=4294967295"),
            with("m=19456", "m=0"),
            with("t=2", "t=4294967295"),
            with("p=1", "p=0"),
            good.as_str()[..40].to_owned(),
            good.as_str().rsplit_once('$').unwrap().0.to_owned(),
            format!("{}$", good.as_str().rsplit_once('$').unwrap().0),
        ] {
            let stored = PasswordHash::from_stored(bad.clone());
            assert_eq!(verify(&password("correct horse"), Some(&stored)).unwrap(), Verdict::Damaged, "{bad:?}");
        }
    }
}
