//! `claviger keys import`: keys from other servers, with the hashes of their secrets.

mod file;
mod first_use;
mod hashes;
mod many_uses;

use serde_json::{Value, json};

use crate::support::token::TokenRequest;
use crate::support::tools::form_encode;
use crate::support::{App, Output, Server};

/// With every character that is at odds with some encoding (CA2).
const SECRET: &str = "z/t+Z:9 %=";
/// The same for a client id.
const FOREIGN_ID: &str = "c+1 %&:";

/// Of `SECRET`, made with Python 3.13: `base64(hashlib.sha256(…))`, `hashlib.sha512`, OpenIddict's layout by `struct.pack`
/// around `hashlib.pbkdf2_hmac`, Hydra's by hand around the same (salt: `bytes(range(16))`), and bcrypt 5.0.0 with the
/// salt `abcdefghijklmnopqrstuu`.
const HASHES: [(&str, &str); 8] = [
    ("SHA-256", "zKM1pzXhBY1lCuh5d+I3TWbiz4hdkQlXbWvtvcVeVYc="),
    ("SHA-512", "sTcJZsth6fuOFVXRsTlPSL7nf/5lZFXxH7NbV/Ui9fHczgv5Axc4KHUquiasM9k6Kze8hH+KFrZ27xk/F/tlXw=="),
    ("OpenIddict", "AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg8cNhjU2cr/CmRBYmYXWWcwNLndOsapIokCc5NW5TNv1Q=="),
    (
        "OpenIddict, SHA-512",
        "AQAAAAIAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg98YcrmyurK/mORpI9KG5rz5tGnyVua3JFBZzTmvV3b/ZVUzobcBsUWjGXjuu1Xfqcj6dKc1zFxEXbVPkurD/4J",
    ),
    ("CryptoHelper, SHA-1", "AQAAAAAAAAPoAAAAEAABAgMEBQYHCAkKCwwNDg94ocTqx10pU/6O8EkwS082HLyvJw=="),
    ("Hydra, PBKDF2", "$pbkdf2-sha256$i=25000,l=32$AAECAwQFBgcICQoLDA0ODw$BzANb5xcgv89BYHHYxP7+dIEA0jIJXGO8N+aH3ZbnH8"),
    ("bcrypt 2b", "$2b$04$abcdefghijklmnopqrstuuIVzBEViPYLR.Yt0ExK6TIJCp5KCTrpC"),
    ("bcrypt 2a", BCRYPT_10),
];
const HYDRA: &str = HASHES[5].1;
/// Of `abc`.
const BCRYPT_OF_ABC: &str = "$2b$04$abcdefghijklmnopqrstuuCi15uRb1eH7NAlJ/TgeJertyknQpYn2";
const SHA_256: &str = HASHES[0].1;
/// Of `SECRET`.
const BCRYPT_12: &str = "$2b$12$abcdefghijklmnopqrstuudSr1NZnOnXpn5HOunlpGk6EpZh9Jn0K";
const BCRYPT_10: &str = "$2a$10$abcdefghijklmnopqrstuu9e51ZKtZimrdpJSQ4JPSqVASIlA/YLK";

/// A line of the file, for a key that holds `a` at the organization.
fn line(foreign_client_id: &str, hash: &str, more: &Value) -> String {
    let mut line = json!({
        "foreign_client_id": foreign_client_id,
        "name": "Imported",
        "secrets": [{"hash": hash}],
        "grants": [{"account_id": null, "scopes": ["a"]}],
    });
    let members = line.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    format!("{line}\n")
}

/// Imports what stands in `lines`, by standard input.
fn import(app: &App, lines: &str, flags: &[&str]) -> Output {
    let mut args = vec!["keys", "import", "-", "--organization", &app.fixture.organization, "--json"];
    args.extend_from_slice(flags);
    app.cli_with(&args, lines, &[])
}

/// Imports one key and hands back its client id.
#[track_caller]
fn import_one(app: &App, foreign_client_id: &str, hash: &str, more: &Value) -> String {
    let report = import(app, &line(foreign_client_id, hash, more), &[]).succeeded().json();
    assert_eq!(report["created"], json!(1), "{report}");
    report["keys"][0]["client_id"].as_str().unwrap().to_owned()
}

/// A token request as RFC 6749 section 2.3.1 has it: both halves form-encoded.
fn ask<'a>(server: &'a Server, id: &str, secret: &str) -> TokenRequest<'a> {
    server.anonymous().basic(&form_encode(id), &form_encode(secret))
}

/// How many secrets still have the hash of another server.
fn foreign_hashes(app: &App) -> u32 {
    app.site.sql("select count(*) from api_secrets where foreign_hash is not null").trim().parse().unwrap()
}
