//! `serve --dev`: something to try the server with.

use super::catalogue::{NewScope, create_resource_server, create_scope};
use super::change_api_key::regenerate_secret;
use super::create_api_key::{NewApiKey, create_api_key};
use super::{AppError, create_account::create_account, create_organization::create_organization};
use crate::crypto::digest::Pepper;
use crate::domain::api_key::{AuthMethod, KeyKind, KeySettings, TokenLifetime};
use crate::domain::client_secret::ClientSecret;
use crate::domain::grant::Grants;
use crate::domain::id::ClientId;
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::scope::Level;
use crate::store::{Db, api_keys, catalogue, organizations};

const CREATED_BY: &str = "dev";
/// The curl line of the last start goes on working for a day.
const GRACE_SECONDS: i64 = 86_400;

/// name, resource server, level, description, implied scope
const SCOPES: [(&str, &str, Level, &str, Option<&str>); 6] = [
    ("payments:read", PAYMENTS, Level::Organization, "See payments", None),
    ("payments:write", PAYMENTS, Level::Organization, "Make and refund payments", Some("payments:read")),
    ("fx", PAYMENTS, Level::Organization, "Convert currencies", None),
    ("disputes:read", DISPUTES, Level::Account, "See disputes", None),
    ("disputes:write", DISPUTES, Level::Account, "Answer disputes", Some("disputes:read")),
    ("payouts:write", PAYMENTS, Level::Account, "Make payouts", None),
];
const PAYMENTS: &str = "https://payments.example.com";
const DISPUTES: &str = "https://disputes.example.com";

/// A key that can be tried at once.
#[derive(Debug)]
pub struct Demo {
    /// Its id.
    pub client_id: ClientId,
    /// A secret that works now.
    pub secret: ClientSecret,
}

/// Makes a demo organization, catalogue and key where there are none; a demo key of an earlier start gets a new secret,
/// because nobody can read the old one back. Returns `None` when the database is in use without a demo key.
///
/// # Errors
/// [`AppError`].
pub fn prepare_demo(db: &Db, pepper: &Pepper) -> Result<Option<Demo>, AppError> {
    let customers: Vec<_> = db.read(organizations::all)?.into_iter().filter(|o| !o.platform).collect();
    for organization in &customers {
        let keys = db.read(|connection| api_keys::of_organization(connection, organization.id))?;
        if let Some(key) = keys.iter().find(|key| key.created_by == CREATED_BY) {
            let (key, secret) = regenerate_secret(db, pepper, key.client_id, GRACE_SECONDS, false)?;
            return Ok(Some(Demo { client_id: key.client_id, secret }));
        }
    }
    if !customers.is_empty() {
        return Ok(None);
    }
    make_catalogue(db)?;
    let organization = create_organization(db, "Demo Shop".parse()?)?;
    let account = create_account(db, organization.id, "Demo Shop Lisbon".parse()?)?;
    create_account(db, organization.id, "Demo Shop Berlin".parse()?)?;
    let grants = Grants::new(["payments:write fx".parse()?, format!("{}=disputes:read", account.id).parse()?])?;
    let new = NewApiKey {
        organization_id: organization.id,
        kind: KeyKind::Scoped(grants),
        settings: KeySettings {
            name: "Demo key".parse()?,
            ip_allowlist: IpAllowlist::default(),
            max_payout: Some("55.00".parse()?),
            token_lifetime: TokenLifetime::default(),
            plan: None,
            expires_at: None,
        },
        auth_method: AuthMethod::default(),
        created_by: CREATED_BY.to_owned(),
    };
    let (key, secret) = create_api_key(db, pepper, new)?;
    Ok(Some(Demo { client_id: key.client_id, secret }))
}

fn make_catalogue(db: &Db) -> Result<(), AppError> {
    let servers = db.read(catalogue::resource_servers)?;
    let scopes = db.read(catalogue::scopes)?;
    for (identifier, name) in [(PAYMENTS, "Payments"), (DISPUTES, "Disputes")] {
        if !servers.iter().any(|server| server.identifier.as_str() == identifier) {
            create_resource_server(db, identifier.parse()?, Some(name.parse()?))?;
        }
    }
    for (name, server, level, description, implied) in SCOPES {
        if scopes.iter().any(|scope| scope.name.as_str() == name) {
            continue;
        }
        let implies = implied.map(str::parse).transpose()?.into_iter().collect();
        let new = NewScope {
            name: name.parse()?,
            resource_server: server.parse()?,
            level,
            description: description.to_owned(),
            implies,
        };
        create_scope(db, new)?;
    }
    Ok(())
}
