//! Secrets as other servers hashed them: recognised here until each is first used, then replaced by our own digest.
//!
//! | form | whose |
//! |---|---|
//! | base64 of 32 or 64 bytes | SHA-256 or SHA-512 of the secret, unsalted: IdentityServer, Duende |
//! | base64 of `01`, PRF, iterations, salt length (32 bits each, big-endian), salt, subkey | PBKDF2: OpenIddict, ASP.NET Core Identity 3 |
//! | `$pbkdf2-sha256$i=25000,l=32$salt$subkey` | PBKDF2: Hydra |
//! | `$2a$`, `$2b$` or `$2y$`, cost, salt and hash | bcrypt: Hydra, Spring Authorization Server |

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, general_purpose};
use ring::{digest, pbkdf2};
use zeroize::Zeroizing;

use super::CryptoError;
use super::envelope::Envelope;
use crate::domain::Invalid;
use crate::domain::client_secret::SealedHash;
use crate::domain::id::SecretId;

/// What a secret is compared with.
#[derive(Clone, PartialEq, Eq)]
pub struct ForeignHash(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    Sha256([u8; 32]),
    Sha512([u8; 64]),
    Pbkdf2 { prf: Prf, iterations: NonZeroU32, salt: Box<[u8]>, subkey: Box<[u8]> },
    Bcrypt { cost: u32, salt: [u8; 16], hash: [u8; 23] },
}

/// The pseudo-random function of PBKDF2.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prf {
    HmacSha1,
    HmacSha256,
    HmacSha512,
}

impl Prf {
    fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::HmacSha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::HmacSha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::HmacSha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }
}

/// The most iterations of PBKDF2: about a second of one core.
pub const MAX_PBKDF2_ITERATIONS: u32 = 2_000_000;
/// The highest cost of bcrypt: about two seconds of one core.
pub const MAX_BCRYPT_COST: u32 = 15;
/// The longest text of a hash, in bytes.
pub const MAX_HASH_BYTES: usize = 512;

const MIN_SALT_BYTES: usize = 8;
const MAX_SALT_BYTES: usize = 128;
const MIN_SUBKEY_BYTES: usize = 16;
const MAX_SUBKEY_BYTES: usize = 64;

/// What bcrypt reads of a secret, in bytes.
const BCRYPT_BYTES: usize = 72;

/// Spare bits are zero by the letter, but not with every bcrypt there is.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
const BCRYPT_BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::BCRYPT, LENIENT.with_decode_padding_mode(DecodePaddingMode::RequireNone));
const PHC_BASE64: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, general_purpose::NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent));

impl ForeignHash {
    /// Whether comparing takes long enough to be kept off the threads that answer requests.
    pub const fn is_slow(&self) -> bool {
        matches!(self.0, Kind::Pbkdf2 { .. } | Kind::Bcrypt { .. })
    }

    /// Whether this is the hash of `secret`, compared in constant time.
    ///
    /// Only what RFC 6749 lets a client send (`1*%x20-7E`) can be right. That is also what keeps two secrets from having
    /// one hash: HMAC, and with it PBKDF2, pads a short key with NULs, and bcrypt repeats the secret with a NUL behind
    /// it. And bcrypt reads 72 bytes: of a longer secret it cannot tell whether the rest is right, so that is wrong.
    pub fn matches(&self, secret: &[u8]) -> bool {
        if secret.is_empty() || !secret.iter().all(|b| matches!(b, 0x20..=0x7e)) {
            return false;
        }
        match &self.0 {
            Kind::Sha256(hash) => same(digest::digest(&digest::SHA256, secret).as_ref(), hash),
            Kind::Sha512(hash) => same(digest::digest(&digest::SHA512, secret).as_ref(), hash),
            Kind::Pbkdf2 { prf, iterations, salt, subkey } => {
                pbkdf2::verify(prf.algorithm(), *iterations, salt, secret, subkey).is_ok()
            }
            Kind::Bcrypt { cost, salt, hash } => bcrypt_matches(*cost, *salt, hash, secret),
        }
    }
}

fn same(a: &[u8], b: &[u8]) -> bool {
    verify_slices_are_equal(a, b).is_ok()
}

fn bcrypt_matches(cost: u32, salt: [u8; 16], hash: &[u8; 23], secret: &[u8]) -> bool {
    let mut key = Zeroizing::new([0; BCRYPT_BYTES]);
    let Some(start) = key.get_mut(..secret.len()) else { return false };
    start.copy_from_slice(secret);
    // The NUL that ends a C string belongs to the key, as far as it fits.
    let Some(key) = key.get(..(secret.len() + 1).min(BCRYPT_BYTES)) else { return false };
    let output = bcrypt::bcrypt(cost, salt, key);
    output.get(..hash.len()).is_some_and(|output| same(output, hash))
}

/// Encrypts the text of a hash, bound to the secret that it belongs to.
///
/// # Errors
/// [`CryptoError::Randomness`].
pub fn seal(envelope: &Envelope, id: SecretId, text: &str) -> Result<SealedHash, CryptoError> {
    envelope.seal(text.as_bytes(), id.to_string().as_bytes()).map(SealedHash::from_bytes)
}

/// What [`seal`] has encrypted.
///
/// # Errors
/// [`CryptoError::Open`] when it was sealed for another secret or under another master key, or is damaged.
pub fn open(envelope: &Envelope, id: SecretId, sealed: &SealedHash) -> Result<ForeignHash, CryptoError> {
    let text = envelope.open(sealed.as_bytes(), id.to_string().as_bytes())?;
    std::str::from_utf8(&text).ok().and_then(|text| text.parse().ok()).ok_or(CryptoError::Open)
}

impl FromStr for ForeignHash {
    type Err = Invalid;

    /// Reads any of the forms above. The message never repeats the text: it may be a secret put there by mistake.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text.len() > MAX_HASH_BYTES {
            return Err(invalid("is longer than any hash"));
        }
        if let Some(rest) = text.strip_prefix("$pbkdf2-") {
            parse_phc(rest)
        } else if text.starts_with('$') {
            parse_bcrypt(text)
        } else {
            parse_base64(text)
        }
        .map(Self)
    }
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Invalid {
    Invalid::new("hash", "invalid_hash", detail)
}

const UNKNOWN_FORM: &str = "is none of the known forms: base64 of a SHA-256 or SHA-512 digest, OpenIddict's base64, \
     $pbkdf2-sha256$…, $2a$…, $2b$…, $2y$…";

fn parse_base64(text: &str) -> Result<Kind, Invalid> {
    let bytes = STANDARD.decode(text).map_err(|_| invalid(UNKNOWN_FORM))?;
    if let Ok(digest) = <[u8; 32]>::try_from(bytes.as_slice()) {
        return Ok(Kind::Sha256(digest));
    }
    // No PBKDF2 blob in use has this length: 61 bytes with SHA-256, 93 with SHA-512.
    if let Ok(digest) = <[u8; 64]>::try_from(bytes.as_slice()) {
        return Ok(Kind::Sha512(digest));
    }
    parse_identity_v3(&bytes)
}

/// ASP.NET Core Identity's third format, which OpenIddict writes and reads.
fn parse_identity_v3(bytes: &[u8]) -> Result<Kind, Invalid> {
    let number = |bytes: [u8; 4]| u32::from_be_bytes(bytes);
    let split = || {
        let (marker, rest) = bytes.split_first()?;
        let (prf, rest) = rest.split_first_chunk::<4>()?;
        let (iterations, rest) = rest.split_first_chunk::<4>()?;
        let (salt_length, rest) = rest.split_first_chunk::<4>()?;
        let (salt, subkey) = rest.split_at_checked(usize::try_from(number(*salt_length)).ok()?)?;
        (*marker == 1).then_some((number(*prf), number(*iterations), salt, subkey))
    };
    let (prf, iterations, salt, subkey) = split().ok_or_else(|| invalid(UNKNOWN_FORM))?;
    let prf = match prf {
        0 => Prf::HmacSha1,
        1 => Prf::HmacSha256,
        2 => Prf::HmacSha512,
        _ => return Err(invalid("names an unknown pseudo-random function")),
    };
    pbkdf2_of(prf, iterations, salt, subkey)
}

/// Behind `$pbkdf2-`: `sha256$i=25000,l=32$salt$subkey`.
fn parse_phc(rest: &str) -> Result<Kind, Invalid> {
    let malformed = || invalid("must be $pbkdf2-sha256$i=ITERATIONS,l=LENGTH$SALT$HASH");
    let mut parts = rest.split('$');
    let (Some(prf), Some(parameters), Some(salt), Some(subkey), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed());
    };
    let prf = match prf {
        "sha1" => Prf::HmacSha1,
        "sha256" => Prf::HmacSha256,
        "sha512" => Prf::HmacSha512,
        // Ory means SHA-3 by sha224 and sha384, others mean SHA-2.
        _ => return Err(invalid("names an unknown pseudo-random function")),
    };
    let (mut iterations, mut length) = (None, None);
    for parameter in parameters.split(',') {
        let (name, digits) = parameter.split_once('=').ok_or_else(malformed)?;
        let slot = match name {
            "i" => &mut iterations,
            "l" => &mut length,
            _ => return Err(malformed()),
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let value: Option<u32> = digits.parse().ok().filter(|_| is_number);
        if slot.replace(value.ok_or_else(malformed)?).is_some() {
            return Err(malformed());
        }
    }
    let decode = |part: &str| PHC_BASE64.decode(part).map_err(|_| malformed());
    let (salt, subkey) = (decode(salt)?, decode(subkey)?);
    if length.is_some_and(|length| usize::try_from(length) != Ok(subkey.len())) {
        return Err(invalid("does not have the length that it names"));
    }
    pbkdf2_of(prf, iterations.ok_or_else(malformed)?, &salt, &subkey)
}

fn pbkdf2_of(prf: Prf, iterations: u32, salt: &[u8], subkey: &[u8]) -> Result<Kind, Invalid> {
    let iterations = NonZeroU32::new(iterations)
        .filter(|n| n.get() <= MAX_PBKDF2_ITERATIONS)
        .ok_or_else(|| invalid(format!("must have 1 to {MAX_PBKDF2_ITERATIONS} iterations")))?;
    if !(MIN_SALT_BYTES..=MAX_SALT_BYTES).contains(&salt.len()) {
        return Err(invalid("must have a salt of 8 to 128 bytes"));
    }
    if !(MIN_SUBKEY_BYTES..=MAX_SUBKEY_BYTES).contains(&subkey.len()) {
        return Err(invalid("must have a derived key of 16 to 64 bytes"));
    }
    Ok(Kind::Pbkdf2 { prf, iterations, salt: salt.into(), subkey: subkey.into() })
}

/// `$2b$12$`, 22 characters of salt, 31 of hash.
fn parse_bcrypt(text: &str) -> Result<Kind, Invalid> {
    let malformed = || invalid(UNKNOWN_FORM);
    let rest = ["$2a$", "$2b$", "$2y$"].iter().find_map(|prefix| text.strip_prefix(prefix)).ok_or_else(malformed)?;
    let (cost, rest) = rest.split_once('$').ok_or_else(malformed)?;
    if cost.len() != 2 || !cost.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    let cost: u32 = cost.parse().map_err(|_| malformed())?;
    if !(4..=MAX_BCRYPT_COST).contains(&cost) {
        return Err(invalid(format!("must have a cost of 4 to {MAX_BCRYPT_COST}")));
    }
    let (salt, hash) = rest.split_at_checked(22).ok_or_else(malformed)?;
    let decode = |part: &str| BCRYPT_BASE64.decode(part).map_err(|_| malformed());
    let salt = decode(salt)?.try_into().map_err(|_| malformed())?;
    let hash = decode(hash)?.try_into().map_err(|_| malformed())?;
    Ok(Kind::Bcrypt { cost, salt, hash })
}

impl fmt::Debug for ForeignHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Sha256(_) => "ForeignHash(SHA-256 [redacted])",
            Kind::Sha512(_) => "ForeignHash(SHA-512 [redacted])",
            Kind::Pbkdf2 { .. } => "ForeignHash(PBKDF2 [redacted])",
            Kind::Bcrypt { .. } => "ForeignHash(bcrypt [redacted])",
        })
    }
}

#[cfg(test)]
mod tests;
