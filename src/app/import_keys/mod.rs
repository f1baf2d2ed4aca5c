//! Imports keys from another server, with the hashes of their secrets, so that no program needs a new one.
//!
//! 1. *Read* the file (JSON Lines).
//! 2. *Plan*: every line is checked, also against the database; nothing is written when any is wrong.
//! 3. *Run*: what is not there yet is made, a batch a transaction. Whoever is interrupted there runs it again: what a
//!    foreign client id names already, or did until it was deleted, is passed over.

mod file;
mod line;

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Serialize;
use serde_json::json;

use super::create_api_key::described;
use super::key_epochs::open_all;
use super::profiles::check_method;
use super::{AppError, Management, Work, random_bits};
use crate::clock;
use crate::crypto::envelope::Envelope;
use crate::crypto::foreign_hash;
use crate::domain::actor::Actor;
use crate::domain::api_key::{ApiKey, KeyKind};
use crate::domain::audit_event::AuditEntry;
use crate::domain::catalogue::Catalogue;
use crate::domain::client_secret::{SecretHint, SecretProof, StoredSecret};
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::id::{AccountId, ClientId, OrganizationId, SecretId};
use crate::domain::organization::Organization;
use crate::domain::plan::PlanName;
use crate::domain::time::Timestamp;
use crate::store::foreign_client_ids::{self, Holder};
use crate::store::{Change, Db, StoreError, accounts, api_keys, catalogue, organizations, plans};

pub use file::{BadLines, MAX_LINE_BYTES, read};
pub use line::{ImportedKey, ImportedSecret};

/// Keys made in one transaction: the writers' lock is not held for long.
const BATCH: usize = 250;
/// Why nothing, or not everything, was imported.
#[derive(Debug)]
pub enum ImportError {
    /// The file is wrong; nothing was imported.
    BadLines(BadLines),
    /// The file cannot be read.
    Read(std::io::Error),
    /// Anything else.
    App(AppError),
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadLines(lines) => lines.fmt(f),
            Self::Read(error) => error.fmt(f),
            Self::App(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ImportError {}

impl<E: Into<AppError>> From<E> for ImportError {
    fn from(error: E) -> Self {
        Self::App(error.into())
    }
}

/// What became, or would become, of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The key was made.
    Created,
    /// Its foreign client id names a key of the organization already; that was left as it is.
    Existing,
    /// It named one that was deleted since, which stays so.
    Deleted,
}

/// A line of the report.
#[derive(Clone, Debug, Serialize)]
pub struct ImportedLine {
    /// Its number, from 1 on.
    pub line: usize,
    /// What the key was called where it comes from.
    pub foreign_client_id: ForeignClientId,
    /// What it is called here; absent while it is not made yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<ClientId>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What an import will do.
#[derive(Debug)]
pub struct ImportPlan {
    organization_id: OrganizationId,
    new: Vec<ImportedKey>,
    passed_over: Vec<ImportedLine>,
}

impl ImportPlan {
    /// How many keys will be made.
    pub fn new_keys(&self) -> usize {
        self.new.len()
    }

    /// What would be done, line by line.
    pub fn preview(&self) -> Vec<ImportedLine> {
        let new = self.new.iter().map(|key| ImportedLine {
            line: key.line,
            foreign_client_id: key.foreign_client_id.clone(),
            client_id: None,
            outcome: Outcome::Created,
        });
        in_order(new.chain(self.passed_over.iter().cloned()).collect())
    }
}

fn in_order(mut lines: Vec<ImportedLine>) -> Vec<ImportedLine> {
    lines.sort_by_key(|line| line.line);
    lines
}

/// What the database knows that lines are checked against.
struct Surroundings {
    organization: Organization,
    catalogue: Catalogue,
    accounts: HashSet<AccountId>,
    plans: HashSet<PlanName>,
    holders: HashMap<ForeignClientId, Holder>,
}

impl Surroundings {
    fn read(db: &Db, organization_id: OrganizationId, keys: &[ImportedKey]) -> Result<Option<Self>, StoreError> {
        let ids: Vec<&ForeignClientId> = keys.iter().map(|key| &key.foreign_client_id).collect();
        db.read(|connection| {
            let Some(organization) = organizations::find(connection, organization_id)? else { return Ok(None) };
            let (servers, scopes) = (catalogue::resource_servers(connection)?, catalogue::scopes(connection)?);
            Ok(Some(Self {
                organization,
                catalogue: Catalogue::new(&servers, &scopes),
                accounts: accounts::of_organization(connection, organization_id)?.into_iter().map(|a| a.id).collect(),
                plans: plans::all(connection)?.into_iter().map(|plan| plan.name).collect(),
                holders: foreign_client_ids::holders(connection, &ids)?,
            }))
        })
    }

    fn check(&self, key: &ImportedKey, now: Timestamp) -> Result<(), String> {
        let past = |at: &Option<Timestamp>| at.is_some_and(|at| at <= now);
        if past(&key.settings.expires_at) || key.secrets.iter().any(|secret| past(&secret.expires_at)) {
            return Err("expires_at: must be in the future".to_owned());
        }
        if let Some(plan) = key.settings.plan.as_ref().filter(|plan| !self.plans.contains(plan)) {
            return Err(format!("plan: there is no plan {plan}"));
        }
        for id in key.grants.iter().filter_map(|grant| grant.target.account()) {
            if !self.accounts.contains(&id) {
                return Err(format!("grants: the organization has no account {id}"));
            }
        }
        check_method(&self.organization, key.auth_method).map_err(|error| error.to_string())?;
        self.catalogue.check_grants(&key.grants, self.organization.platform).map_err(|invalid| invalid.to_string())
    }
}

/// Checks every line against the database.
///
/// # Errors
/// [`ImportError::BadLines`]; [`ImportError::App`] when there is no such organization.
pub fn plan(db: &Db, organization_id: OrganizationId, keys: Vec<ImportedKey>) -> Result<ImportPlan, ImportError> {
    let now = clock::now();
    let around =
        Surroundings::read(db, organization_id, &keys)?.ok_or_else(|| AppError::not_found("organization", organization_id))?;
    let mut bad = BadLines::default();
    let mut plan = ImportPlan { organization_id, new: Vec::new(), passed_over: Vec::new() };
    for key in keys {
        match around.holders.get(&key.foreign_client_id) {
            Some(holder) if holder.organization_id != organization_id => {
                bad.add(key.line, "foreign_client_id: is another organization's".to_owned());
            }
            Some(holder) => plan.passed_over.push(ImportedLine {
                line: key.line,
                foreign_client_id: key.foreign_client_id,
                client_id: Some(holder.client_id),
                outcome: if holder.deleted { Outcome::Deleted } else { Outcome::Existing },
            }),
            None => match around.check(&key, now) {
                Ok(()) => plan.new.push(key),
                Err(what) => bad.add(key.line, what),
            },
        }
    }
    bad.or(plan)
}

/// Makes what is not there yet. `progress` is told how many keys each transaction has made.
///
/// # Errors
/// [`AppError`]; what `progress` was told of is there then, and the rest is not.
pub fn run(
    management: &Management,
    actor: &Actor,
    envelope: &Envelope,
    plan: ImportPlan,
    mut progress: impl FnMut(usize),
) -> Result<Vec<ImportedLine>, AppError> {
    let mut report = plan.passed_over;
    for batch in plan.new.chunks(BATCH) {
        let lines = management.change(actor, |work| make(work, plan.organization_id, envelope, batch))?;
        progress(lines.len());
        report.extend(lines);
    }
    Ok(in_order(report))
}

fn make(
    work: &mut Work<'_, '_>,
    organization_id: OrganizationId,
    envelope: &Envelope,
    batch: &[ImportedKey],
) -> Result<Vec<ImportedLine>, AppError> {
    let mut made = batch
        .iter()
        .map(|imported| to_key(work, organization_id, envelope, imported))
        .collect::<Result<Vec<ApiKey>, AppError>>()?;
    open_all(work, &mut made)?;
    api_keys::insert_all(work.transaction, &made).map_err(|error| match error {
        StoreError::UniqueViolation(_) | StoreError::ForeignKeyViolation => {
            AppError::Conflict("somebody has changed what this import needs since it was planned: run it again".to_owned())
        }
        other => other.into(),
    })?;
    // No node can know the new ids themselves; that there are such names is news.
    work.transaction.changed(Change::ForeignClientIds);
    let mut lines = Vec::with_capacity(made.len());
    for (imported, key) in batch.iter().zip(&made) {
        // One row of the log for each key, but no message: it would be thousands, about one act.
        let mut after = described(key);
        if let Some(members) = after.as_object_mut() {
            members.insert("foreign_client_id".to_owned(), json!(imported.foreign_client_id));
        }
        work.audit(AuditEntry::done("api_key.imported", Some(organization_id), key.client_id).changing(None, Some(after)));
        lines.push(ImportedLine {
            line: imported.line,
            foreign_client_id: imported.foreign_client_id.clone(),
            client_id: Some(key.client_id),
            outcome: Outcome::Created,
        });
    }
    Ok(lines)
}

fn to_key(
    work: &Work<'_, '_>,
    organization_id: OrganizationId,
    envelope: &Envelope,
    imported: &ImportedKey,
) -> Result<ApiKey, AppError> {
    let seal = |secret: &ImportedSecret| {
        let id = SecretId::from_parts(clock::unix_milliseconds(), random_bits()?);
        Ok(StoredSecret {
            id,
            hint: SecretHint::of_imported(),
            proof: SecretProof::Foreign(foreign_hash::seal(envelope, id, &secret.hash)?),
            created_at: work.now,
            expires_at: secret.expires_at,
        })
    };
    Ok(ApiKey {
        client_id: ClientId::from_parts(clock::unix_milliseconds(), random_bits()?),
        organization_id,
        kind: KeyKind::Scoped(imported.grants.clone()),
        settings: imported.settings.clone(),
        auth_method: imported.auth_method,
        foreign_client_id: Some(imported.foreign_client_id.clone()),
        secrets: imported.secrets.iter().map(seal).collect::<Result<_, AppError>>()?,
        disabled_at: imported.disabled.then_some(work.now),
        tokens_revoked_at: None,
        epoch: None,
        last_used_at: None,
        last_used_ip: None,
        created_by: work.actor.principal.to_string(),
        created_at: work.now,
        updated_at: work.now,
    })
}
