//! How a running server is: what it was started with, what it measures, and what of that an operator should look at.
//!
//! Everything is of the node that answers, or of the database that all nodes share.

mod checks;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Serialize;
use utoipa::ToSchema;

use super::finding::{Finding, Status};
use super::signing_keys::{self, RotationPolicy, SigningKeyView};
use super::verify_audit::{self, Verification};
use super::{AppError, Management};
use crate::directory::Directory;
use crate::domain::delivery::Channel;
use crate::domain::plan::PlanName;
use crate::domain::time::Timestamp;
use crate::store::migrations::{self, SchemaState};
use crate::store::{DbConnection, StoreError, audit_events, changes, deliveries, events, pending_mails};

/// What a server was started with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The `iss` of tokens.
    pub issuer: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Whether it speaks TLS itself.
    pub has_tls: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// Where the metrics are.
    pub metrics_listen: Option<SocketAddr>,
    /// Whether there is a server to hand mail to.
    pub sends_mail: bool,
    /// How signing keys are looked after.
    pub rotation: RotationPolicy,
    /// The rate plan of keys that have none, in organizations that have none.
    pub default_plan: PlanName,
    /// The most keys in memory.
    pub max_keys: usize,
    /// How long ago the feed may have been read for the node to call itself ready.
    pub ready_staleness: Duration,
}

/// A running server, to be asked how it is.
#[derive(Debug)]
pub struct ServerStatus {
    /// What it was started with.
    pub setup: Setup,
    /// What it has in memory.
    pub directory: Arc<Directory>,
}

/// How a server is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Server {
    /// The program's version.
    #[schema(example = "1.0.0")]
    pub version: &'static str,
    /// The `iss` of tokens.
    #[schema(example = "https://auth.example.com")]
    pub issuer: String,
    /// When this node was started.
    pub started_at: Timestamp,
    /// Since then.
    pub uptime_seconds: i64,
    /// The worst of the findings.
    pub status: Status,
    /// What was looked at, and how it came out.
    pub findings: Vec<Finding>,
    /// How it is reached.
    pub network: Network,
    /// The database of all nodes.
    pub database: Database,
    /// What this node has in memory, so that requests need not ask the database.
    pub memory: Memory,
    /// How signing keys are looked after.
    pub signing: Signing,
    /// The rate plan of keys that have none, in organizations that have none.
    pub default_plan: PlanName,
    /// Mail that is to be sent: notifications to owners, invitations, links to reset a password.
    pub mail: Mail,
    /// Deliveries to webhooks.
    pub webhooks: Webhooks,
    /// The audit log.
    pub audit_log: AuditLog,
}

/// How a server is reached.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Network {
    /// Address and port.
    #[schema(value_type = String, example = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Whether this node speaks TLS itself.
    pub has_tls: bool,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<String>,
    /// Address and port of the metrics; `null`: there are none.
    #[schema(value_type = Option<String>)]
    pub metrics_listen: Option<SocketAddr>,
}

/// The database.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Database {
    /// `sqlite` or `postgresql`.
    #[schema(example = "sqlite")]
    pub kind: &'static str,
    /// How long a read took just now, in microseconds.
    pub read_microseconds: u64,
    /// Whether the schema is this version's.
    pub schema_is_current: bool,
    /// The newest migration that was applied.
    #[schema(example = "20261122000012")]
    pub schema_version: Option<String>,
}

/// What a node has in memory.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Memory {
    /// API keys in memory.
    pub api_keys: u64,
    /// The most there may be.
    pub max_api_keys: u64,
    /// Whether memory was filled after the start.
    pub is_warm: bool,
    /// Look-ups answered from memory since the start.
    pub hits: u64,
    /// Look-ups that asked the database.
    pub misses: u64,
    /// How long ago the change feed was read to its end, in milliseconds: changes made by other nodes are known up to then.
    pub feed_lag_milliseconds: u64,
}

/// How signing keys are looked after.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Signing {
    /// The key that signs now.
    pub current: Option<SigningKeyView>,
    /// Days after which a new one is made; 0: never.
    pub rotation_days: u32,
    /// How long verifiers may keep the JWKS.
    pub jwks_max_age_seconds: u32,
}

/// Mail that is to be sent.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Mail {
    /// Whether this node has a server to hand it to.
    pub is_configured: bool,
    /// Mails that wait.
    pub waiting: i64,
    /// Since when the oldest does.
    pub oldest_at: Option<Timestamp>,
}

/// Deliveries to webhooks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Webhooks {
    /// Deliveries to be made or made again.
    pub waiting: i64,
    /// Since when the oldest does.
    pub oldest_at: Option<Timestamp>,
    /// Deliveries given up within the last seven days.
    pub given_up: i64,
    /// Events for which no deliveries were made yet.
    pub events_waiting: i64,
    /// Since when the oldest does.
    pub oldest_event_at: Option<Timestamp>,
}

/// The audit log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditLog {
    /// The number of its newest row.
    pub rows: i64,
    /// Its end as an anchor, to be kept elsewhere: number and hash of the newest row. `null` when the end is not as it was
    /// written, or there is none.
    pub anchor: Option<String>,
    /// When the newest row was written.
    pub newest_at: Option<Timestamp>,
    /// How many of the newest rows were verified just now.
    pub verified_rows: i64,
    /// What is wrong with the first row that is not as it was written.
    pub fault: Option<String>,
}

/// How many of the audit log's newest rows are verified whenever somebody looks.
const AUDIT_ROWS: i64 = 200;
/// How long ago a delivery may have been given up to be counted.
const GIVEN_UP_SECONDS: i64 = 7 * 86_400;

impl ServerStatus {
    /// Looks.
    ///
    /// # Errors
    /// [`AppError::Store`].
    pub fn look(&self, management: &Management, now: Timestamp) -> Result<Server, AppError> {
        let (setup, db) = (&self.setup, &management.db);
        let asked = Instant::now();
        db.read(changes::newest)?;
        let read_microseconds = u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut connection = db.dedicated_connection()?;
        let schema = migrations::state(&mut connection)?;
        let schema_version = migrations::newest_applied(&mut connection)?;
        let (mail, webhooks) = db.read(|connection| Ok((self.mail(connection)?, waiting_webhooks(connection, now)?)))?;
        let keys = signing_keys::list(db, now)?;
        let counts = self.directory.counts();
        let mut server = Server {
            version: env!("CARGO_PKG_VERSION"),
            issuer: setup.issuer.clone(),
            started_at: setup.started_at,
            uptime_seconds: now.unix().saturating_sub(setup.started_at.unix()).max(0),
            status: Status::Ok,
            findings: Vec::new(),
            network: Network {
                listen: setup.listen,
                has_tls: setup.has_tls,
                trusted_proxies: setup.trusted_proxies.clone(),
                metrics_listen: setup.metrics_listen,
            },
            database: Database {
                kind: if db.url().sqlite_path().is_some() { "sqlite" } else { "postgresql" },
                read_microseconds,
                schema_is_current: schema == SchemaState::Current,
                schema_version,
            },
            memory: Memory {
                api_keys: counts.keys,
                max_api_keys: u64::try_from(setup.max_keys).unwrap_or(u64::MAX),
                is_warm: self.directory.is_warm(),
                hits: counts.hits,
                misses: counts.misses,
                feed_lag_milliseconds: u64::try_from(self.directory.staleness().as_millis()).unwrap_or(u64::MAX),
            },
            signing: Signing {
                current: keys.into_iter().find(|key| key.state == crate::domain::signing_key::KeyState::Signing),
                rotation_days: setup.rotation.rotation_days,
                jwks_max_age_seconds: setup.rotation.jwks_max_age_seconds,
            },
            default_plan: setup.default_plan.clone(),
            mail,
            webhooks,
            audit_log: audit_log(management)?,
        };
        let findings = checks::findings(&server, setup, now);
        (server.status, server.findings) = (findings.worst(), findings.0);
        Ok(server)
    }

    fn mail(&self, connection: &mut DbConnection) -> Result<Mail, StoreError> {
        let (notifications, oldest) = deliveries::waiting(connection, Channel::Email)?;
        let (links, oldest_link) = pending_mails::waiting(connection)?;
        let oldest_at = oldest.into_iter().chain(oldest_link).min();
        Ok(Mail { is_configured: self.setup.sends_mail, waiting: notifications + links, oldest_at })
    }
}

fn waiting_webhooks(connection: &mut DbConnection, now: Timestamp) -> Result<Webhooks, StoreError> {
    let (waiting, oldest_at) = deliveries::waiting(connection, Channel::Webhook)?;
    let (events_waiting, oldest_event_at) = events::waiting(connection)?;
    let given_up = deliveries::given_up_since(connection, Channel::Webhook, now.plus_seconds(-GIVEN_UP_SECONDS))?;
    Ok(Webhooks { waiting, oldest_at, given_up, events_waiting, oldest_event_at })
}

fn audit_log(management: &Management) -> Result<AuditLog, AppError> {
    let Verification { rows: verified_rows, head, fault } =
        verify_audit::verify_newest(&management.db, management.chain(), AUDIT_ROWS)?;
    let (rows, newest_at) = management.db.read(|connection| {
        let rows = audit_events::newest(connection)?;
        Ok((rows, audit_events::time_at(connection, rows)?))
    })?;
    Ok(AuditLog {
        rows,
        anchor: head.map(|head| head.to_string()),
        newest_at: newest_at.map(|milliseconds| Timestamp::from_unix(milliseconds.div_euclid(1_000))),
        verified_rows,
        fault: fault.map(|fault| fault.to_string()),
    })
}
