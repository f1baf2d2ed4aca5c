//! `/signing-keys`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use crate::app::signing_keys::SigningKeyView;
use crate::domain::signing_key::SigningAlgorithm;

/// How the signing key is replaced.
#[derive(ToSchema)]
#[schema(example = json!({"now": false, "algorithm": "RS256"}))]
struct Rotation {
    /// For a compromise: the new key signs at once, and every other leaves the JWKS at once.
    #[schema(nullable = false)]
    now: Option<bool>,
    /// That of the key that signs now unless said.
    algorithm: Option<SigningAlgorithm>,
}

/// A private key of your own.
#[derive(ToSchema)]
#[schema(example = json!({"pem": "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n"}))]
struct Import {
    /// One PEM block `PRIVATE KEY` (PKCS#8): RSA of 2048 to 4096 bits, P-256 or Ed25519. Never shown again.
    #[schema(max_length = 16_384)]
    pem: String,
    /// Of an RSA key: `RS256` unless said, or `PS256`.
    algorithm: Option<SigningAlgorithm>,
}

pub(in crate::web::api) const LIST: Doc = Doc::new("listSigningKeys", "List signing keys")
    .because("In the order in which they were made, on one page: there are few.")
    .lists::<SigningKeyView>()
    .query(&[]);

pub(in crate::web::api) const ROTATE: Doc = Doc::new("rotateSigningKey", "Rotate the signing key")
    .because("A new key is published at once and signs once every verifier has had time to fetch it.")
    .reads::<Rotation>()
    .answers::<SigningKeyView>();

pub(in crate::web::api) const IMPORT: Doc = Doc::new("importSigningKey", "Import a signing key")
    .because("It signs once every verifier has had time to fetch its public half.")
    .reads::<Import>()
    .answers::<SigningKeyView>();
