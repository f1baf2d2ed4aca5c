//! Tokens and published keys, read and verified by a path of our own: base64, serde_json and ring, nothing of the
//! server's code.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, signature};
use serde_json::{Map, Value, json};

use super::server::Server;

/// The header and the claims, unverified.
#[track_caller]
pub(crate) fn decode(token: &str) -> (Map<String, Value>, Map<String, Value>) {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "not a signed JWT: {token}");
    (object(parts[0]), object(parts[1]))
}

#[track_caller]
fn object(part: &str) -> Map<String, Value> {
    match serde_json::from_slice(&bytes(part)) {
        Ok(Value::Object(object)) => object,
        other => panic!("not an object: {other:?}"),
    }
}

/// Unpadded base64url, or a panic.
#[track_caller]
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap_or_else(|e| panic!("not unpadded base64url ({e}): {text}"))
}

/// The keys that the server publishes now.
#[track_caller]
pub(crate) fn published_keys(server: &Server) -> Vec<Value> {
    let response = server.get("/.well-known/jwks.json");
    assert_eq!(response.status, 200, "{response:?}");
    response.json()["keys"].as_array().unwrap_or_else(|| panic!("no keys: {response:?}")).clone()
}

/// The ids of the keys that the server publishes now, in its order.
#[track_caller]
pub(crate) fn published_kids(server: &Server) -> Vec<String> {
    published_keys(server).iter().map(|key| key["kid"].as_str().expect("kid is text").to_owned()).collect()
}

/// Checks the signature with the key of that `kid` in the server's JWKS.
#[track_caller]
pub(crate) fn verify(server: &Server, token: &str) {
    let (header, _) = decode(token);
    let keys = published_keys(server);
    let key = keys.iter().find(|key| key["kid"] == header["kid"]);
    let key = key.unwrap_or_else(|| panic!("the key {} is not published: {keys:?}", header["kid"]));
    assert_eq!(key["alg"], header["alg"]);
    assert!(signature_is_valid(key, token), "the signature does not verify with {key}");
}

/// Whether `key` made the token's signature.
#[track_caller]
pub(crate) fn signature_is_valid(key: &Value, token: &str) -> bool {
    let (message, signed) = token.rsplit_once('.').expect("a token has dots");
    let (message, signed) = (message.as_bytes(), bytes(signed));
    let member = |name: &str| bytes(key[name].as_str().unwrap_or_else(|| panic!("{name} is missing: {key}")));
    let rsa =
        |parameters| signature::RsaPublicKeyComponents { n: member("n"), e: member("e") }.verify(parameters, message, &signed);
    let plain = |algorithm: &'static dyn signature::VerificationAlgorithm, public: Vec<u8>| {
        signature::UnparsedPublicKey::new(algorithm, public).verify(message, &signed)
    };
    match key["alg"].as_str() {
        Some("RS256") => rsa(&signature::RSA_PKCS1_2048_8192_SHA256).is_ok(),
        Some("PS256") => rsa(&signature::RSA_PSS_2048_8192_SHA256).is_ok(),
        Some("ES256") => {
            let point = [vec![4], member("x"), member("y")].concat();
            plain(&signature::ECDSA_P256_SHA256_FIXED, point).is_ok()
        }
        Some("EdDSA") => plain(&signature::ED25519, member("x")).is_ok(),
        other => panic!("an algorithm that we never sign with: {other:?}"),
    }
}

/// The RFC 7638 thumbprint of a public key.
#[track_caller]
pub(crate) fn thumbprint(key: &Value) -> String {
    let required: &[&str] = match key["kty"].as_str() {
        Some("RSA") => &["e", "kty", "n"],
        Some("EC") => &["crv", "kty", "x", "y"],
        Some("OKP") => &["crv", "kty", "x"],
        other => panic!("an unknown kind of key: {other:?}"),
    };
    // serde_json keeps members in order of name, as the RFC wants them.
    let canonical: Map<String, Value> = required.iter().map(|name| ((*name).to_owned(), json!(key[*name]))).collect();
    let text = serde_json::to_string(&canonical).expect("a map of texts can be written");
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, text.as_bytes()))
}
