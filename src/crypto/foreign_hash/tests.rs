use base64::engine::general_purpose::STANDARD_NO_PAD;
use proptest::prelude::*;

use super::*;

/// With every character that is at odds with some encoding.
const SECRET: &[u8] = b"z/t+Z:9 %=";

/// Made with Python 3.13's hashlib and its bcrypt 5.0.0, from SECRET, the salt `bytes(range(16))` and, for bcrypt, the
/// salt text `abcdefghijklmnopqrstuu`.
const HASHES: [(&str, bool); 9] = [
    ("zKM1pzXhBY1lCuh5d+I3TWbiz4hdkQlXbWvtvcVeVYc=", false),
    ("sTcJZsth6fuOFVXRsTlPSL7nf/5lZFXxH7NbV/Ui9fHczgv5Axc4KHUquiasM9k6Kze8hH+KFrZ27xk/F/tlXw==", false),
    ("AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg8cNhjU2cr/CmRBYmYXWWcwNLndOsapIokCc5NW5TNv1Q==", true),
    (
        "AQAAAAIAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg98YcrmyurK/mORpI9KG5rz5tGnyVua3JFBZzTmvV3b/ZVUzobcBsUWjGXjuu1Xfqcj6dKc1zFxEXbVPkurD/4J",
        true,
    ),
    ("AQAAAAAAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg94ocTqx10pU/6O8EkwS082HLyvJw==", true),
    ("$pbkdf2-sha256$i=25000,l=32$AAECAwQFBgcICQoLDA0ODw$BzANb5xcgv89BYHHYxP7+dIEA0jIJXGO8N+aH3ZbnH8", true),
    (
        "$pbkdf2-sha512$i=1000,l=64$AAECAwQFBgcICQoLDA0ODw$fGHK5srqyv5jkaSPShua8+bRp8lbmtyRQWc05r1d2/2VVM6G3AbFFoxl47rtV36nI+nSnNcxcRF21T5Lqw/+CQ",
        true,
    ),
    ("$2b$04$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrpC", true),
    ("$2a$10$abcdefghijklmnopqrstuu9e51ZKtZimrdpJSQ4JPSqVASIlA/YLK", true),
];

/// Of 72 times `a`, and of `abc`.
const BCRYPT_OF_72: &str = "$2b$04$abcdefghijklmnopqrstuuBzzIgyKkz7xMWYSzkIjUSnxEQFQ0WNe";
const BCRYPT_OF_ABC: &str = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2";

fn hash(text: &str) -> ForeignHash {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn every_form_recognises_its_secret_and_no_other() {
    for (text, is_slow) in HASHES {
        let hash = hash(text);
        assert_eq!(hash.is_slow(), is_slow, "{text}");
        assert!(hash.matches(SECRET), "{text}");
        for wrong in [&b""[..], b"z", b"z/t+Z:9 %", b"z/t+Z:9 %= ", b"Z/t+Z:9 %=", b"z/t+Z:9 %=\0", b"\xff"] {
            assert!(!hash.matches(wrong), "{text}: {wrong:?}");
        }
    }
}

#[test]
fn ca13_two_secrets_never_have_one_hash() {
    let abc = hash(BCRYPT_OF_ABC);
    assert!(abc.matches(b"abc"));
    // Each is the same key to bcrypt, which repeats the secret and its NUL.
    for twin in [&b"abc\0"[..], b"abc\0abc", b"abc\0abc\0abc"] {
        assert!(!abc.matches(twin), "{twin:?}");
    }
    let long = hash(BCRYPT_OF_72);
    assert!(long.matches(&[b'a'; 72]));
    assert!(!long.matches(&[b'a'; 71]) && !long.matches(&[b'a'; 73]) && !long.matches(&[b'a'; 1024]));
    // To HMAC a key and the same key with NULs behind it are one.
    let salt = [7; 16];
    let mut subkey = [0; 32];
    let iterations = NonZeroU32::new(1).unwrap();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, &salt, b"abc\0", &mut subkey);
    let twin = ForeignHash(pbkdf2_of(Prf::HmacSha256, 1, &salt, &subkey).unwrap());
    assert!(twin.matches(b"abc") && !twin.matches(b"abc\0"));
}

#[test]
fn f13_what_is_no_hash_is_refused_and_not_repeated() {
    let v3 = |prf: u32, iterations: u32, salt_length: u32, rest: usize| {
        let mut bytes = vec![1];
        [prf, iterations, salt_length].iter().for_each(|n| bytes.extend(n.to_be_bytes()));
        bytes.resize(bytes.len() + rest, 7);
        STANDARD.encode(bytes)
    };
    assert!(v3(1, 1, 16, 48).parse::<ForeignHash>().is_ok());
    let phc =
        |parameters: &str| format!("$pbkdf2-{parameters}$AAECAwQFBgcICQoLDA0ODw$BzANb5xcgv89BYHHYxP7+dIEA0jIJXGO8N+aH3ZbnH8");
    assert!(phc("sha256$i=2000000").parse::<ForeignHash>().is_ok());
    for bad in [
        String::new(),
        "correct horse battery staple".to_owned(),
        STANDARD.encode([7; 31]),
        STANDARD.encode([7; 33]),
        "zKM1pzXhBY1lCuh5d+I3TWbiz4hdkQlXbWvtvcVeVYc".to_owned(),
        v3(3, 1, 16, 48),
        v3(1, 0, 16, 48),
        v3(1, 2_000_001, 16, 48),
        v3(1, u32::MAX, 16, 48),
        v3(1, 1, u32::MAX, 48),
        v3(1, 1, 49, 48),
        v3(1, 1, 7, 48),
        v3(1, 1, 129, 200),
        v3(1, 1, 16, 31),
        v3(1, 1, 16, 81),
        phc("sha256$i=0,l=32"),
        phc("sha256$i=2000001,l=32"),
        phc("sha256$i=25000,l=31"),
        phc("sha256$i=1,i=2"),
        phc("sha256$l=32"),
        phc("sha256$i=+1"),
        phc("sha256$i=1,x=2"),
        phc("sha224$i=1"),
        phc("sha384$i=1"),
        phc("sha256$i=1$x"),
        "$pbkdf2-sha256$i=1$AAECAwQFBgcICQoLDA0ODw".to_owned(),
        "$2x$04$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrpC".to_owned(),
        "$2b$03$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrpC".to_owned(),
        "$2b$16$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrpC".to_owned(),
        "$2b$+4$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrpC".to_owned(),
        "$2b$04$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrp".to_owned(),
        "$2b$04$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrp=".to_owned(),
        "$2b$04$abcdefghijklmnopqrstué".to_owned(),
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaA".to_owned(),
        "A".repeat(513),
    ] {
        let error = bad.parse::<ForeignHash>().unwrap_err();
        assert_eq!((error.field, error.code), ("hash", "invalid_hash"), "{bad}");
        assert!(bad.is_empty() || !error.detail.contains(&bad), "{bad}");
    }
}

#[test]
fn a_sealed_hash_opens_for_its_own_secret_alone() {
    let envelope = Envelope::from_key(&[1; 32]).unwrap();
    let (id, other) = (SecretId::from_parts(1, 1), SecretId::from_parts(1, 2));
    let sealed = seal(&envelope, id, HASHES[0].0).unwrap();
    assert!(open(&envelope, id, &sealed).unwrap().matches(SECRET));
    assert_eq!(open(&envelope, other, &sealed).unwrap_err(), CryptoError::Open);
    assert_eq!(open(&Envelope::from_key(&[2; 32]).unwrap(), id, &sealed).unwrap_err(), CryptoError::Open);
    let nonsense = SealedHash::from_bytes(envelope.seal(b"nonsense", id.to_string().as_bytes()).unwrap());
    assert_eq!(open(&envelope, id, &nonsense).unwrap_err(), CryptoError::Open);
}

#[test]
fn a_hash_never_prints_itself() {
    assert_eq!(format!("{:?}", hash(HASHES[0].0)), "ForeignHash(SHA-256 [redacted])");
    assert_eq!(format!("{:?}", SealedHash::from_bytes(vec![1])), "SealedHash([redacted])");
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_fall(text in "\\PC{0,200}") {
        let _ = text.parse::<ForeignHash>();
    }

    #[test]
    fn nothing_near_a_hash_makes_the_parser_fall(which in 0_usize..9, at: prop::sample::Index, to in "\\PC{0,3}") {
        let (text, _) = HASHES[which];
        let at = at.index(text.len());
        let mut near = text.to_owned();
        near.replace_range(at..=at, &to);
        if let Ok(near) = near.parse::<ForeignHash>() && !near.is_slow() {
            let _ = near.matches(SECRET);
        }
    }

    #[test]
    fn texts_are_read_as_a_second_reader_reads_them(of in 0..HASHES.len(), at: prop::sample::Index, to in "[ -~]{0,2}") {
        let mut near = HASHES[of].0.to_owned();
        let at = at.index(near.len());
        near.replace_range(at..=at, &to);
        crate::fuzz_invariants::foreign_hash::check(near.as_bytes());
    }

    #[test]
    fn what_is_derived_is_recognised(
        secret in "[ -~]{1,100}",
        salt in prop::collection::vec(any::<u8>(), 8..=128),
        length in 16_usize..=64,
        iterations in 1_u32..50,
        wrong in "[ -~]{1,100}",
    ) {
        let mut subkey = vec![0; length];
        let count = NonZeroU32::new(iterations).unwrap();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, count, &salt, secret.as_bytes(), &mut subkey);
        let mut v3 = vec![1];
        [2, iterations, u32::try_from(salt.len()).unwrap()].iter().for_each(|n| v3.extend(n.to_be_bytes()));
        v3.extend(&salt);
        v3.extend(&subkey);
        let phc = format!(
            "$pbkdf2-sha512$i={iterations},l={length}${}${}",
            STANDARD_NO_PAD.encode(&salt),
            STANDARD_NO_PAD.encode(&subkey)
        );
        // The one length at which the base64 is a SHA-512 digest's.
        let texts = if v3.len() == 64 { vec![phc] } else { vec![phc, STANDARD.encode(&v3)] };
        for text in texts {
            let hash = hash(&text);
            prop_assert!(hash.matches(secret.as_bytes()));
            prop_assert_eq!(hash.matches(wrong.as_bytes()), wrong == secret);
        }
    }
}
