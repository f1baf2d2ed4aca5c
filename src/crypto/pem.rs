//! Private keys as operators bring them: one unencrypted PKCS#8 block in PEM (RFC 7468 section 10, RFC 5958).
//!
//! People bring much else under the same file name, so each wrong thing is named, and what would be right.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::domain::signing_key::SigningAlgorithm;

/// Why a private key is not one that this server can sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefused {
    /// There is no PEM block.
    NoBlock,
    /// There is more than one PEM block.
    SeveralBlocks,
    /// The block does not end, or its content is not base64.
    BrokenBlock,
    /// The key is encrypted.
    Encrypted,
    /// The key is in the older PKCS#1 or SEC 1 form.
    NotPkcs8,
    /// It is a certificate.
    Certificate,
    /// It is a public key.
    PublicKey,
    /// It is a block of another kind.
    OtherBlock,
    /// The key is of a kind that signs with none of the algorithms.
    KeyType,
    /// An RSA key that its maker restricted to RSASSA-PSS.
    RestrictedToPss,
    /// An elliptic curve other than P-256.
    Curve,
    /// An RSA modulus of less than 2048 or more than 4096 bits.
    RsaSize,
    /// An RSA public exponent below 65537.
    RsaExponent,
    /// The key cannot sign with the algorithm asked for; holds the one that it signs with.
    Algorithm {
        /// What was asked for.
        wanted: SigningAlgorithm,
        /// What the key signs with.
        possible: SigningAlgorithm,
    },
    /// The content is damaged, or its numbers do not belong together.
    Damaged,
}

impl fmt::Display for KeyRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WANTED: &str = "exactly one PEM block '-----BEGIN PRIVATE KEY-----' (PKCS#8, unencrypted) is wanted";
        match self {
            Self::NoBlock => write!(f, "it is not PEM; {WANTED}"),
            Self::SeveralBlocks => write!(f, "it has several PEM blocks; {WANTED}"),
            Self::BrokenBlock => f.write_str("the PEM block is cut short or is not base64; export the key again"),
            Self::Encrypted => f.write_str("it is encrypted; decrypt it with 'openssl pkcs8 -in key.pem -out decrypted.pem'"),
            Self::NotPkcs8 => f.write_str(
                "it is in the older form of its algorithm; convert it with 'openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem'",
            ),
            Self::Certificate => write!(f, "it is a certificate, which has no private key; {WANTED}"),
            Self::PublicKey => write!(f, "it is a public key; {WANTED}"),
            Self::OtherBlock => write!(f, "it is a PEM block of another kind; {WANTED}"),
            Self::KeyType => f.write_str("its kind cannot sign tokens; RSA (2048 to 4096 bits), EC P-256 or Ed25519 is wanted"),
            Self::RestrictedToPss => f.write_str(
                "it is restricted to RSASSA-PSS (RSA-PSS in openssl), which few verifiers read; a plain RSA key is wanted, PS256 included",
            ),
            Self::Curve => f.write_str("its elliptic curve is not P-256, the one of ES256"),
            Self::RsaSize => f.write_str("an RSA key of 2048 to 4096 bits is wanted"),
            Self::RsaExponent => f.write_str("its RSA public exponent is below 65537"),
            Self::Algorithm { wanted, possible } => write!(f, "it cannot sign with {wanted}; its algorithm is {possible}"),
            Self::Damaged => f.write_str("it is damaged, or its numbers do not belong together"),
        }
    }
}

impl std::error::Error for KeyRefused {}

/// The content of the one `PRIVATE KEY` block of `text`, wiped when dropped. Text around the block is ignored (RFC 7468
/// section 2: openssl writes attributes there).
pub(crate) fn private_key(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyRefused> {
    // Reserved in full, so that no half-filled copy stays behind in freed memory.
    let mut base64 = Zeroizing::new(String::with_capacity(text.len()));
    let (mut found, mut open) = (None, None);
    for line in text.trim_start_matches('\u{feff}').lines().map(str::trim) {
        match (open, marker(line, "-----BEGIN "), marker(line, "-----END ")) {
            (None, Some(_), _) if found.is_some() => return Err(KeyRefused::SeveralBlocks),
            (None, Some(label), _) => (found, open) = (Some(label), Some(label)),
            (None, None, _) => {}
            (Some(_), Some(_), _) => return Err(KeyRefused::BrokenBlock),
            (Some(label), None, Some(end)) if end == label => open = None,
            (Some(_), None, Some(_)) => return Err(KeyRefused::BrokenBlock),
            (Some(_), None, None) => base64.push_str(line),
        }
    }
    match found {
        None => return Err(KeyRefused::NoBlock),
        Some("PRIVATE KEY") => {}
        Some("ENCRYPTED PRIVATE KEY") => return Err(KeyRefused::Encrypted),
        Some("RSA PRIVATE KEY" | "EC PRIVATE KEY") => return Err(KeyRefused::NotPkcs8),
        Some("CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE") => return Err(KeyRefused::Certificate),
        Some("PUBLIC KEY" | "RSA PUBLIC KEY") => return Err(KeyRefused::PublicKey),
        Some(_) => return Err(KeyRefused::OtherBlock),
    }
    if open.is_some() {
        return Err(KeyRefused::BrokenBlock);
    }
    let mut der = Zeroizing::new(Vec::with_capacity(base64.len()));
    STANDARD.decode_vec(base64.as_bytes(), &mut der).map_err(|_| KeyRefused::BrokenBlock)?;
    Ok(der)
}

fn marker<'a>(line: &'a str, begins: &str) -> Option<&'a str> {
    line.strip_prefix(begins)?.strip_suffix("-----")
}

/// What a PKCS#8 key signs with unless another algorithm is asked for, by its `AlgorithmIdentifier` alone. The key itself
/// is judged by aws-lc.
pub(crate) fn algorithm_of(pkcs8: &[u8]) -> Result<SigningAlgorithm, KeyRefused> {
    const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
    const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    const P_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
    const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    const INTEGER: u8 = 0x02;
    const OBJECT_IDENTIFIER: u8 = 0x06;
    const SEQUENCE: u8 = 0x30;

    let (algorithm, curve) = (|| {
        let (key, _) = element(pkcs8, SEQUENCE)?;
        let (_version, rest) = element(key, INTEGER)?;
        let (identifier, _) = element(rest, SEQUENCE)?;
        let (algorithm, parameters) = element(identifier, OBJECT_IDENTIFIER)?;
        Some((algorithm, element(parameters, OBJECT_IDENTIFIER).map(|(curve, _)| curve)))
    })()
    .ok_or(KeyRefused::Damaged)?;
    match (algorithm, curve) {
        (RSA, _) => Ok(SigningAlgorithm::RS256),
        (RSA_PSS, _) => Err(KeyRefused::RestrictedToPss),
        (EC, Some(P_256)) => Ok(SigningAlgorithm::ES256),
        (EC, _) => Err(KeyRefused::Curve),
        (ED25519, _) => Ok(SigningAlgorithm::EdDSA),
        _ => Err(KeyRefused::KeyType),
    }
}

/// Splits the DER element that `input` begins with into its content and what follows it, if it has this tag.
fn element(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, length], rest) = input.split_first_chunk::<2>()?;
    let (length, rest) = match length {
        0..=0x7f => (usize::from(length), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (bytes.iter().try_fold(0_usize, |sum, b| Some(sum.checked_mul(256)? | usize::from(*b)))?, rest)
        }
        _ => return None,
    };
    if found == tag { rest.split_at_checked(length) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(label: &str) -> String {
        format!("-----BEGIN {label}-----\nAAEC\nAwQF\n-----END {label}-----\n")
    }

    #[test]
    fn the_block_is_found_in_the_spellings_that_programs_write() {
        let plain = block("PRIVATE KEY");
        for text in [
            plain.clone(),
            plain.replace('\n', "\r\n"),
            plain.trim_end().to_owned(),
            format!("\u{feff}{plain}"),
            format!("Bag Attributes\n  friendlyName: x\n{plain}\nrest\n"),
        ] {
            assert_eq!(private_key(&text).unwrap().as_slice(), [0, 1, 2, 3, 4, 5], "{text:?}");
        }
    }

    #[test]
    fn each_wrong_thing_is_named() {
        let pkcs8 = block("PRIVATE KEY");
        for (text, why) in [
            (String::new(), KeyRefused::NoBlock),
            ("AAECAwQF".to_owned(), KeyRefused::NoBlock),
            (block("ENCRYPTED PRIVATE KEY"), KeyRefused::Encrypted),
            (block("RSA PRIVATE KEY"), KeyRefused::NotPkcs8),
            (block("EC PRIVATE KEY"), KeyRefused::NotPkcs8),
            (block("CERTIFICATE"), KeyRefused::Certificate),
            (block("PUBLIC KEY"), KeyRefused::PublicKey),
            (block("RSA PUBLIC KEY"), KeyRefused::PublicKey),
            (block("OPENSSH PRIVATE KEY"), KeyRefused::OtherBlock),
            (format!("{pkcs8}{pkcs8}"), KeyRefused::SeveralBlocks),
            (format!("{pkcs8}{}", block("CERTIFICATE")), KeyRefused::SeveralBlocks),
            (pkcs8.replace("AAEC", "A*EC"), KeyRefused::BrokenBlock),
            (pkcs8.replace("AwQF", "AwQ"), KeyRefused::BrokenBlock),
            (pkcs8.replace("-----END PRIVATE KEY-----\n", ""), KeyRefused::BrokenBlock),
            (pkcs8.replace("END PRIVATE", "END PUBLIC"), KeyRefused::BrokenBlock),
            (pkcs8.replace("AwQF\n", "-----BEGIN PRIVATE KEY-----\n"), KeyRefused::BrokenBlock),
        ] {
            assert_eq!(private_key(&text).unwrap_err(), why, "{text:?}");
        }
    }

    #[test]
    fn damaged_der_is_refused_without_a_panic() {
        for der in
            [&[][..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], &[0x30, 0x85], &[0x30, 0x80], &[0x30, 3, 2, 1], &[4, 0]]
        {
            assert_eq!(algorithm_of(der).unwrap_err(), KeyRefused::Damaged, "{der:?}");
        }
    }
}
