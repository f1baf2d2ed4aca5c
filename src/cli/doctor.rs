//! `claviger doctor`: what is not as it should be, and what to do about it.

use clap::Args;

use super::context::Context;
use super::{Failure, output};
use crate::app::bootstrap;
use crate::app::finding::{Findings, Status};
use crate::app::profiles::{Demand, weak_signer};
use crate::app::signing_keys;
use crate::app::verify_audit::{self, Verification};
use crate::clock;
use crate::config::CommonSettings;
use crate::crypto::master_key::MasterKey;
use crate::domain::signing_key::KeyState;
use crate::store::migrations::{self, SchemaState};
use crate::store::{Db, Patience, api_keys, catalogue};

mod client_certificates;

#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The server's own: ask it, through its proxy, whether clients can write this header themselves
    #[arg(long, env = "CLAVIGER_CLIENT_CERT_HEADER", value_name = "NAME")]
    client_cert_header: Option<String>,
}

/// `of_file`: the header that the settings file names.
pub(super) fn run(context: Context, arguments: Arguments, of_file: Option<String>) -> Result<(), Failure> {
    let mut report = Findings::default();
    match context.common.clone().check() {
        Ok(settings) => {
            report.ok("settings", format!("issuer {}, database {}", settings.issuer_or_default(), settings.database_url));
            check_database(&mut report, &settings);
            if let Some(header) = arguments.client_cert_header.or(of_file) {
                client_certificates::check(&mut report, settings.issuer_or_default(), &header);
            }
        }
        Err(error) => report.fail("settings", error.to_string(), "mend this setting; `claviger serve --help` lists them all"),
    }
    let failed = report.worst() == Status::Failed;
    if context.json {
        output::object(true, &report.0)?;
    } else {
        for finding in &report.0 {
            let mark = match finding.status {
                Status::Ok => "ok     ",
                Status::Warning => "warning",
                Status::Failed => "FAILED ",
            };
            output::line(&format!("{mark}  {:<13} {}", finding.check, finding.detail))?;
            if let Some(next) = &finding.next {
                output::line(&format!("         {:<13} -> {next}", ""))?;
            }
        }
    }
    if failed { Err(Failure::Reported) } else { Ok(()) }
}

/// Looks without changing anything: no file is made, no migration applied.
fn check_database(report: &mut Findings, settings: &CommonSettings) {
    let db = match Db::open(&settings.db_options(Patience::Command, false)) {
        Ok(db) => db,
        Err(error) => {
            return report.fail(
                "database",
                error.to_string(),
                "check --database-url, and that the server runs; `claviger migrate` makes a new database",
            );
        }
    };
    report.ok("database", format!("{} answers", db.url()));
    match db.dedicated_connection().and_then(|mut connection| migrations::state(&mut connection)) {
        Ok(SchemaState::Current) => report.ok("schema", "up to date"),
        Ok(SchemaState::Older) => return report.fail("schema", "migrations are pending", "run `claviger migrate`"),
        Ok(SchemaState::Empty) => {
            return report.fail("schema", "the database is empty", "run `claviger migrate` or `claviger serve`");
        }
        Ok(SchemaState::Newer) => {
            return report.fail("schema", "written by a later version of claviger", "install that version, or restore a backup");
        }
        Err(error) => return report.fail("schema", error.to_string(), "check the database's own log"),
    }
    match bootstrap::open(&settings.db_options(Patience::Command, false), &settings.master_key, false) {
        Ok((_, master_key)) => {
            report.ok("master key", "is the one that this database was written under");
            check_audit_log(report, &db, &master_key);
            match crate::directory::load_signing_keys(&db, &master_key) {
                Ok(_) => check_signing_keys(report, &db),
                Err(error) => report.fail(
                    "signing keys",
                    error.to_string(),
                    "restore the database, or `claviger signing-keys rotate --now`",
                ),
            }
        }
        Err(error) => report.fail(
            "master key",
            error.to_string(),
            "mend what it says; a key that is lost or wrong can only come back from your backup",
        ),
    }
    check_contents(report, &db, settings);
}

/// Rows of the audit log that are looked at: a quick look, not the whole log.
const AUDIT_ROWS: i64 = 1_000;

fn check_audit_log(report: &mut Findings, db: &Db, master_key: &MasterKey) {
    let verified = master_key
        .audit_chain()
        .map_err(|error| error.to_string())
        .and_then(|chain| verify_audit::verify_newest(db, &chain, AUDIT_ROWS).map_err(|error| error.to_string()));
    match verified {
        Ok(Verification { fault: None, rows, .. }) => {
            report.ok("audit log", format!("its newest rows ({rows}) and its end are as they were written"));
        }
        Ok(Verification { fault: Some(fault), .. }) => report.fail(
            "audit log",
            format!("was tampered with: {fault}"),
            "run `claviger audit verify`; keep this database as it is, and compare it with a backup or an export",
        ),
        Err(error) => report.fail("audit log", error, "check the database"),
    }
}

fn check_signing_keys(report: &mut Findings, db: &Db) {
    match signing_keys::list(db, clock::now()) {
        Ok(keys) => match keys.iter().find(|key| key.state == KeyState::Signing) {
            Some(key) => report.ok("signing keys", format!("{} signs with {} since {}", key.kid, key.algorithm, key.signs_from)),
            None => report.warn("signing keys", "there is none yet", "`claviger serve` makes the first one"),
        },
        Err(error) => report.fail("signing keys", error.to_string(), "check the database"),
    }
    let weak = db.read(|connection| {
        let demand = Demand::noted(connection)?;
        Ok(weak_signer(connection, demand.profile, clock::now())?.map(|algorithm| (demand, algorithm)))
    });
    match weak {
        Ok(None) => {}
        Ok(Some((demand, algorithm))) => report.fail(
            "profile",
            format!("{demand} does not sign with {algorithm}, and a key that signs now, or soon will, does"),
            "`claviger signing-keys rotate --now --alg PS256` replaces it at once",
        ),
        Err(error) => report.fail("profile", error.to_string(), "check the database"),
    }
}

fn check_contents(report: &mut Findings, db: &Db, settings: &CommonSettings) {
    let own = format!("{}/api", settings.issuer_or_default().trim_end_matches('/'));
    match db.read(|connection| Ok((catalogue::resource_servers(connection)?, api_keys::count(connection)?))) {
        Ok((servers, keys)) => {
            report.ok("API keys", format!("{keys}"));
            if !servers.iter().any(|server| server.builtin && server.identifier.as_str() == own) {
                report.warn(
                    "issuer",
                    format!("this server's own API is not {own} in the catalogue"),
                    "give `doctor` the same --issuer as `serve`; `serve` sets the identifier when it starts",
                );
            }
        }
        Err(error) => report.fail("contents", error.to_string(), "check the database"),
    }
}
