//! What of a server's state is worth a word, and what to do about it.

use super::{Server, Setup};
use crate::app::finding::Findings;
use crate::domain::time::Timestamp;

/// How long mail may wait before it is worth a word: a server that takes it is asked again within minutes.
const MAIL_WAITS_SECONDS: i64 = 900;
/// The same for webhooks, whose own faults are not ours.
const WEBHOOKS_WAIT_SECONDS: i64 = 3_600;
/// The same for events, whose deliveries are made at once.
const EVENTS_WAIT_SECONDS: i64 = 60;
/// How much older than it should be a signing key may grow: nodes look once a minute.
const ROTATION_GRACE_DAYS: i64 = 1;
/// How old a signing key may grow when nothing rotates it.
const OLD_KEY_DAYS: i64 = 365;

pub(super) fn findings(server: &Server, setup: &Setup, now: Timestamp) -> Findings {
    let mut found = Findings::default();
    database(&mut found, server);
    memory(&mut found, server, setup);
    signing(&mut found, server, now);
    mail(&mut found, server, now);
    webhooks(&mut found, server, now);
    audit_log(&mut found, server);
    network(&mut found, server, setup);
    found
}

fn database(found: &mut Findings, server: &Server) {
    let database = &server.database;
    let took = in_milliseconds(database.read_microseconds);
    let kind = if database.kind == "sqlite" { "SQLite" } else { "PostgreSQL" };
    if database.schema_is_current {
        found.ok("database", format!("{kind} answers within {took} ms; its schema is this version's"));
    } else {
        let detail = format!("{kind} answers within {took} ms, but its schema is another version's");
        found.warn("database", detail, "bring every node to the newest version");
    }
}

fn memory(found: &mut Findings, server: &Server, setup: &Setup) {
    let lag = u128::from(server.memory.feed_lag_milliseconds);
    if lag <= setup.ready_staleness.as_millis() {
        found.ok("change feed", format!("changes of other nodes were read {lag} ms ago"));
    } else {
        let detail = format!("changes of other nodes were last read {lag} ms ago; this node gets no new requests (/readyz)");
        found.fail("change feed", detail, "check the database and this node's log");
    }
    let keys = server.memory.api_keys;
    match server.memory.is_warm {
        true => found.ok("memory", format!("filled after the start; {keys} API keys are in it")),
        false => found.ok("memory", format!("being filled after the start; {keys} API keys are in it so far")),
    }
}

fn signing(found: &mut Findings, server: &Server, now: Timestamp) {
    let Some(key) = &server.signing.current else {
        return found.fail("signing key", "no key signs", "rotate the signing key, or run `claviger doctor`");
    };
    let days = now.unix().saturating_sub(key.created_at.unix()) / 86_400;
    let age = match days {
        0 => "today".to_owned(),
        1 => "a day ago".to_owned(),
        days => format!("{days} days ago"),
    };
    let detail = format!("{} signs, with a key made {age}", key.algorithm);
    match i64::from(server.signing.rotation_days) {
        0 if days > OLD_KEY_DAYS => found.warn("signing key", detail, "automatic rotation is off: rotate by hand"),
        0 => found.ok("signing key", format!("{detail}; automatic rotation is off")),
        limit if days > limit + ROTATION_GRACE_DAYS => {
            found.warn("signing key", detail, "a new key is overdue: look for `maintenance failed` in the logs");
        }
        limit => found.ok("signing key", format!("{detail}; a new one is made after {limit} days")),
    }
}

fn mail(found: &mut Findings, server: &Server, now: Timestamp) {
    let mail = &server.mail;
    let waiting = format!("{} waiting", mail.waiting);
    match mail.oldest_at {
        _ if !mail.is_configured => {
            let detail = format!("this node has no mail server, so it sends neither invitations nor notifications; {waiting}");
            found.warn("mail", detail, "start `serve` with --smtp-url and --mail-from");
        }
        Some(at) if is_older(at, now, MAIL_WAITS_SECONDS) => {
            found.warn("mail", format!("{waiting}, the oldest since {at}"), "check the mail server, and the logs for its answer");
        }
        _ => found.ok("mail", waiting),
    }
}

fn webhooks(found: &mut Findings, server: &Server, now: Timestamp) {
    let webhooks = &server.webhooks;
    if let Some(at) = webhooks.oldest_event_at.filter(|at| is_older(*at, now, EVENTS_WAIT_SECONDS)) {
        let detail = format!("{} events have no deliveries yet, the oldest since {at}", webhooks.events_waiting);
        return found.fail("webhooks", detail, "no node makes deliveries: look for `notify` in the logs");
    }
    let detail = format!("{} deliveries waiting, {} given up within seven days", webhooks.waiting, webhooks.given_up);
    match webhooks.oldest_at {
        Some(at) if is_older(at, now, WEBHOOKS_WAIT_SECONDS) => {
            found.warn(
                "webhooks",
                format!("{detail}; the oldest waits since {at}"),
                "its receiver does not take it: see the webhook's deliveries",
            );
        }
        _ if webhooks.given_up > 0 => found.warn("webhooks", detail, "tell the organizations whose receivers do not answer"),
        _ => found.ok("webhooks", detail),
    }
}

fn audit_log(found: &mut Findings, server: &Server) {
    let log = &server.audit_log;
    match &log.fault {
        None => {
            let detail = format!("{} rows; the newest {} and the end are as they were written", log.rows, log.verified_rows);
            found.ok("audit log", detail);
        }
        Some(fault) => found.fail(
            "audit log",
            format!("was tampered with: {fault}"),
            "run `claviger audit verify`; keep this database as it is, and compare it with a backup or an export",
        ),
    }
}

fn network(found: &mut Findings, server: &Server, setup: &Setup) {
    let is_https = setup.issuer.starts_with("https:");
    let network = &server.network;
    match (is_https, network.has_tls, network.trusted_proxies.is_empty()) {
        (true, true, _) => found.ok("network", "this node speaks TLS itself"),
        (true, false, false) => found.ok("network", "a trusted proxy ends TLS"),
        (true, false, true) => found.warn(
            "network",
            "whoever ends TLS is not among the trusted proxies: allowlists and the audit log see its address instead of the client's",
            "name it in --trusted-proxies",
        ),
        (false, _, _) if setup.listen.ip().is_loopback() => found.ok("network", "reached from this machine alone, without TLS"),
        (false, _, _) => {
            let detail = "the issuer does not begin with https: secrets and tokens cross the network in the clear";
            found.warn("network", detail, "give --tls-cert and --tls-key, or a proxy that ends TLS, and an https issuer");
        }
    }
}

fn is_older(at: Timestamp, now: Timestamp, seconds: i64) -> bool {
    now.unix().saturating_sub(at.unix()) > seconds
}

/// Tenths of a millisecond, rounded up.
fn in_milliseconds(microseconds: u64) -> String {
    let tenths = microseconds.div_ceil(100);
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_while_is_not_no_while() {
        assert_eq!([0, 1, 100, 101, 12_345].map(in_milliseconds), ["0.0", "0.1", "0.1", "0.2", "12.4"]);
    }
}
