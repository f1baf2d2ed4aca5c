//! `/operator/signing-keys`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::field::{Choice, Field, Fields, Kind};
use super::listing::Listed;
use crate::domain::signing_key::SigningAlgorithm;
use crate::domain::time::Timestamp;
use crate::oauth::metadata::paths;
use crate::web::api::Method;
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::form::CONFIRM_PASSWORD;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

const PATH: &str = "/operator/signing-keys";
const ROTATE: &str = "/signing-keys/rotate";
const IMPORT: &str = "/signing-keys/import";
/// What has to be typed before every other key is taken out.
const COMPROMISED: &str = "compromised";

#[derive(Debug, Deserialize)]
struct SigningKey {
    kid: String,
    algorithm: String,
    state: String,
    created_at: Timestamp,
    signs_from: Timestamp,
    signs_until: Option<Timestamp>,
    published_until: Option<Timestamp>,
    revoked_at: Option<Timestamp>,
}

impl SigningKey {
    /// In whole days.
    fn age(&self, now: &Timestamp) -> String {
        match now.unix().saturating_sub(self.created_at.unix()).max(0) / 86_400 {
            0 => "today".to_owned(),
            1 => "1 day old".to_owned(),
            days => format!("{days} days old"),
        }
    }
}

#[derive(Debug, Deserialize)]
struct ServerRow {
    signing: Signing,
}

#[derive(Debug, Deserialize)]
struct Signing {
    rotation_days: u32,
    jwks_max_age_seconds: u32,
}

#[derive(Template)]
#[template(path = "dashboard/operator/signing_keys.html")]
struct KeysPage {
    shell: Shell,
    /// Those that matter now, the newest first; then those that are over.
    keys: Vec<SigningKey>,
    over: Vec<SigningKey>,
    jwks: String,
    signing: Signing,
    now: Timestamp,
    forms: Option<Forms>,
}

struct Forms {
    rotate: Fields,
    compromise: Fields,
    import: Fields,
    is_import_open: bool,
}

/// What is wrong with the forms of the page.
#[derive(Default)]
struct Wrong {
    rotate: Errors,
    compromise: Errors,
    import: Errors,
}

/// `GET /operator/signing-keys`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, &Wrong::default())
}

/// `POST /operator/signing-keys/rotate`
pub(in crate::web::dashboard) fn rotate(visit: &Visit) -> Result<Reply, PageError> {
    let mut body = Map::new();
    add_algorithm(visit, &mut body);
    match visit.change(Method::Post, ROTATE, &[], body) {
        Ok(_) => Ok(back(visit, "signing-key-rotated")),
        Err(error) => {
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, &Wrong { rotate: Errors::from_api(error)?, ..Wrong::default() })
        }
    }
}

/// `POST /operator/signing-keys/compromise`
pub(in crate::web::dashboard) fn compromise(visit: &Visit) -> Result<Reply, PageError> {
    let mut errors = Errors::default();
    if visit.form.trimmed("confirmation") != COMPROMISED {
        errors.add("confirmation", &format!("type {COMPROMISED} to go on; nothing was done"));
        return page(visit, StatusCode::UNPROCESSABLE_ENTITY, &Wrong { compromise: errors, ..Wrong::default() });
    }
    match visit.change(Method::Post, ROTATE, &[], members(json!({"now": true}))) {
        Ok(_) => Ok(back(visit, "signing-key-replaced")),
        Err(error) => {
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, &Wrong { compromise: Errors::from_api(error)?, ..Wrong::default() })
        }
    }
}

/// `POST /operator/signing-keys/import`
pub(in crate::web::dashboard) fn import(visit: &Visit) -> Result<Reply, PageError> {
    // By this name it is in no page that asks for something in between.
    let mut body = members(json!({"pem": visit.form.text("pem_secret").replace("\r\n", "\n")}));
    add_algorithm(visit, &mut body);
    match visit.change(Method::Post, IMPORT, &[], body) {
        Ok(_) => Ok(back(visit, "signing-key-imported")),
        Err(error) => {
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, &Wrong { import: Errors::from_api(error)?, ..Wrong::default() })
        }
    }
}

fn add_algorithm(visit: &Visit, body: &mut Map<String, Value>) {
    let algorithm = visit.form.trimmed("algorithm");
    if !algorithm.is_empty() {
        body.insert("algorithm".to_owned(), algorithm.into());
    }
}

fn back(visit: &Visit, notice: &str) -> Reply {
    Reply::see_other(visit.to(&format!("{PATH}?notice={notice}")))
}

fn page(visit: &Visit, status: StatusCode, wrong: &Wrong) -> Result<Reply, PageError> {
    let listed: Listed<SigningKey> = visit.read("/signing-keys", &[], &[])?;
    let server: ServerRow = visit.read("/server", &[], &[])?;
    let newest_first = listed.data.into_iter().rev();
    let (over, keys) = newest_first.partition(|key: &SigningKey| matches!(key.state.as_str(), "expired" | "revoked"));
    let forms = visit.may(Method::Post, ROTATE).then(|| forms(visit, wrong));
    let page = KeysPage {
        shell: Shell::new(visit, "Signing keys", Section::SigningKeys),
        keys,
        over,
        jwks: visit.to(paths::JWKS),
        signing: server.signing,
        now: visit.inside.now,
        forms,
    };
    Reply::page_as(status, &page)
}

fn forms(visit: &Visit, wrong: &Wrong) -> Forms {
    let algorithms = |unsaid: &str, of: &[SigningAlgorithm]| {
        let chosen = visit.form.text("algorithm");
        let mut choices = vec![Choice::new("", unsaid, chosen.is_empty())];
        choices.extend(of.iter().map(|one| Choice::new(one.as_str(), one.as_str(), one.as_str() == chosen)));
        Field::new(Kind::Select(choices), "algorithm", "Algorithm", "")
    };
    let rotate = vec![algorithms("That of the key that signs now", &SigningAlgorithm::ALL)];
    let word = Field::new(Kind::Code, "confirmation", "Type “compromised” to confirm", "").required();
    let pem = Field::new(Kind::Area, "pem", "Private key (PEM)", "")
        .sent_as("pem_secret")
        .required()
        .hint("One block PRIVATE KEY (PKCS#8): RSA of 2048 to 4096 bits, P-256 or Ed25519. It is encrypted before it is stored, and never shown again.");
    // Asked for here and not in between: a page in between must not hold the key.
    let password = Field::new(Kind::Password, CONFIRM_PASSWORD, "Your password", "").required();
    let import =
        vec![pem, password, algorithms("The usual one of this kind of key", &[SigningAlgorithm::RS256, SigningAlgorithm::PS256])];
    Forms {
        rotate: Fields::new(rotate, &wrong.rotate).apart("rotate-"),
        compromise: Fields::new(vec![word], &wrong.compromise),
        is_import_open: !wrong.import.is_empty(),
        import: Fields::new(import, &wrong.import),
    }
}
