//! Randomness for everything that must not be guessed: AWS-LC's generator, which is seeded by the operating system, for
//! each token needs some and a system call costs as much as an eighth of an ES256 signature.

use std::cell::RefCell;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::CryptoError;
use crate::domain::token_id::TokenId;

/// Fills `buffer` with random bytes.
///
/// # Errors
/// [`CryptoError::Randomness`] when the system has none to give; the bytes must then not be used.
pub fn fill(buffer: &mut [u8]) -> Result<(), CryptoError> {
    SystemRandom::new().fill(buffer).map_err(|_| CryptoError::Randomness)
}

/// `N` random bytes.
///
/// # Errors
/// As [`fill`].
pub fn bytes<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut buffer = [0; N];
    fill(&mut buffer)?;
    Ok(buffer)
}

/// 128 random bits as 22 characters of base64url.
///
/// # Errors
/// As [`fill`].
pub fn name() -> Result<String, CryptoError> {
    Ok(URL_SAFE_NO_PAD.encode(bytes::<16>()?))
}

const TOKEN_ID_BYTES: usize = 16;
/// Identifiers that a thread draws at once.
const TOKEN_IDS_AHEAD: usize = 32;

/// A fresh name for a token. Each thread draws some ahead, for a draw costs a twentieth of an ES256 signature however little
/// it yields. No secret may come from here: these bytes lie in memory before they are used.
///
/// # Errors
/// As [`fill`].
pub fn token_id() -> Result<TokenId, CryptoError> {
    thread_local! {
        static AHEAD: RefCell<Vec<[u8; TOKEN_ID_BYTES]>> = const { RefCell::new(Vec::new()) };
    }
    AHEAD.with_borrow_mut(|ahead| {
        if ahead.is_empty() {
            let drawn = bytes::<{ TOKEN_ID_BYTES * TOKEN_IDS_AHEAD }>()?;
            ahead.extend_from_slice(drawn.as_chunks().0);
        }
        ahead.pop().map(TokenId::from_random).ok_or(CryptoError::Randomness)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::client_secret::ClientSecret;

    const MINTED: usize = 100_000;

    #[test]
    fn ca14_a_hundred_thousand_secrets_do_not_repeat_and_their_bits_are_even() {
        let mut seen = HashSet::with_capacity(MINTED);
        let (mut ones, mut counts) = (0_u64, [0_u64; 256]);
        for _ in 0..MINTED {
            let random = bytes::<32>().unwrap();
            for byte in random {
                ones += u64::from(byte.count_ones());
                counts[usize::from(byte)] += 1;
            }
            assert!(seen.insert(ClientSecret::from_random(&random).expose().to_owned()));
        }
        // Both bounds are about six standard deviations: a fair source fails once in hundreds of millions of runs.
        let bits = (MINTED * 256) as f64;
        let monobit = (2.0 * ones as f64 - bits) / bits.sqrt();
        assert!(monobit.abs() < 6.0, "monobit {monobit}");
        let even = (MINTED * 32) as f64 / 256.0;
        let chi_squared: f64 = counts.iter().map(|&c| (c as f64 - even).powi(2) / even).sum();
        assert!(chi_squared < 255.0 + 6.0 * 510_f64.sqrt(), "chi-squared {chi_squared}");
    }

    #[test]
    fn rs3_a_hundred_thousand_token_ids_do_not_repeat_and_carry_128_bits() {
        let mut seen = HashSet::with_capacity(MINTED);
        for _ in 0..MINTED {
            let id = token_id().unwrap();
            assert_eq!(id.encoded().len(), 22);
            assert!(seen.insert(id));
        }
        assert_eq!(URL_SAFE_NO_PAD.decode(token_id().unwrap().encoded()).unwrap().len(), 16);
        assert_eq!(URL_SAFE_NO_PAD.decode(name().unwrap()).unwrap().len(), 16);
    }

    #[test]
    fn rs3_token_ids_of_many_threads_do_not_repeat() {
        let draw = || (0..1_000).map(|_| token_id().unwrap()).collect::<Vec<_>>();
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(draw)).collect();
        let all: HashSet<TokenId> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(all.len(), 8_000);
    }
}
