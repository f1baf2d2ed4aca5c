//! `serve --dev`: something to try the server with.

use super::catalogue::{NewScope, create_resource_server, create_scope};
use super::change_api_key::regenerate_secret;
use super::create_api_key::{NewApiKey, create_api_key};
use super::users::{NewUser, create_user, set_password};
use super::{AppError, Management, Work, create_account::create_account, create_organization::create_organization};
use crate::crypto::{password_hash, random};
use crate::domain::actor::{Actor, Principal};
use crate::domain::api_key::{AuthMethod, KeyKind, KeySettings};
use crate::domain::client_secret::ClientSecret;
use crate::domain::email::Email;
use crate::domain::grant::Grants;
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::password::Password;
use crate::domain::role::Role;
use crate::domain::scope::Level;
use crate::store::{api_keys, catalogue, organizations, users};

const ACTOR: Actor = Actor::local(Principal::Demo);
/// The curl line of the last start goes on working for a day.
const GRACE_SECONDS: i64 = 86_400;

/// The login of the demo's owner.
const OWNER: &str = "owner@demo.example";

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
    /// The login of the organization's owner.
    pub email: Email,
    /// A password that works now.
    pub password: Password,
}

/// Makes a demo organization, catalogue, key and owner where there are none; a demo key of an earlier start gets a new
/// secret and its owner a new password, because nobody can read the old ones back. Returns `None` when the database is in use without a demo key.
///
/// # Errors
/// [`AppError`].
pub fn prepare_demo(management: &Management) -> Result<Option<Demo>, AppError> {
    let db = &management.db;
    let customers: Vec<_> = db.read(organizations::all)?.into_iter().filter(|o| !o.platform).collect();
    for organization in &customers {
        let keys = db.read(|connection| api_keys::of_organization(connection, organization.id))?;
        if let Some(key) = keys.iter().find(|key| key.created_by == Principal::Demo.to_string()) {
            return management.change(&ACTOR, |work| {
                let (key, secret) = regenerate_secret(work, key.client_id, GRACE_SECONDS, false)?;
                let (email, password) = make_owner(work, organization.id)?;
                Ok(Some(Demo { client_id: key.client_id, secret, email, password }))
            });
        }
    }
    if !customers.is_empty() {
        return Ok(None);
    }
    management.change(&ACTOR, make_demo).map(Some)
}

fn make_demo(work: &mut Work<'_, '_>) -> Result<Demo, AppError> {
    make_catalogue(work)?;
    let organization = create_organization(work, "Demo Shop".parse()?)?;
    let account = create_account(work, organization.id, "Demo Shop Lisbon".parse()?)?;
    create_account(work, organization.id, "Demo Shop Berlin".parse()?)?;
    let grants = Grants::new(["payments:write fx".parse()?, format!("{}=disputes:read", account.id).parse()?])?;
    let new = NewApiKey {
        organization_id: organization.id,
        kind: KeyKind::Scoped(grants),
        settings: KeySettings { max_payout: Some("55.00".parse()?), ..KeySettings::named("Demo key".parse()?) },
        auth_method: AuthMethod::default(),
    };
    let (key, secret) = create_api_key(work, new)?;
    let secret = secret.ok_or_else(|| AppError::Conflict("the demo key has no secret".to_owned()))?;
    let (email, password) = make_owner(work, organization.id)?;
    Ok(Demo { client_id: key.client_id, secret, email, password })
}

/// Makes the demo's owner, or gives the one of an earlier start another password.
fn make_owner(work: &mut Work<'_, '_>, organization_id: OrganizationId) -> Result<(Email, Password), AppError> {
    let email: Email = OWNER.parse()?;
    let password = Password::presented(random::name()?);
    let hash = password_hash::hash(&password)?;
    match users::find_by_email(work.transaction.reading(), &email)? {
        Some(owner) => drop(set_password(work, owner.id, &hash)?),
        None => {
            let name = Some("Demo Owner".parse()?);
            let new = NewUser { organization_id, email: email.clone(), name, role: Role::Owner, password: Some(hash) };
            create_user(work, new)?;
        }
    }
    Ok((email, password))
}

fn make_catalogue(work: &mut Work<'_, '_>) -> Result<(), AppError> {
    let servers = catalogue::resource_servers(work.transaction.reading())?;
    let scopes = catalogue::scopes(work.transaction.reading())?;
    for (identifier, name) in [(PAYMENTS, "Payments"), (DISPUTES, "Disputes")] {
        if !servers.iter().any(|server| server.identifier.as_str() == identifier) {
            create_resource_server(work, identifier.parse()?, Some(name.parse()?))?;
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
        create_scope(work, new)?;
    }
    Ok(())
}
