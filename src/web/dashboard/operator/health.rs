//! `/operator/health`

use askama::Template;
use serde::Deserialize;

use super::limits;
use crate::domain::time::Timestamp;
use crate::web::api::Method;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Visit, sentence};

#[derive(Debug, Deserialize)]
struct Server {
    version: String,
    issuer: String,
    started_at: Timestamp,
    uptime_seconds: i64,
    status: String,
    findings: Vec<Finding>,
    network: Network,
    database: Database,
    memory: Memory,
    default_plan: String,
    audit_log: AuditLog,
}

#[derive(Debug, Deserialize)]
struct Finding {
    check: String,
    status: String,
    detail: String,
    next: Option<String>,
}

impl Finding {
    /// What was found: words and, in the odd places, code.
    fn pieces(&self) -> Vec<String> {
        pieces(&self.detail)
    }

    /// What to do about it.
    fn next(&self) -> Option<Vec<String>> {
        self.next.as_deref().map(pieces)
    }
}

fn pieces(text: &str) -> Vec<String> {
    sentence(text).split('`').map(str::to_owned).collect()
}

#[derive(Debug, Deserialize)]
struct Network {
    listen: String,
    has_tls: bool,
    trusted_proxies: Vec<String>,
    metrics_listen: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Database {
    kind: String,
    schema_version: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Memory {
    api_keys: i64,
    max_api_keys: i64,
    hits: i64,
    misses: i64,
}

impl Memory {
    fn look_ups(&self) -> String {
        limits::number(&self.hits.saturating_add(self.misses))
    }
}

#[derive(Debug, Deserialize)]
struct AuditLog {
    rows: i64,
    anchor: Option<String>,
    newest_at: Option<Timestamp>,
}

#[derive(Template)]
#[template(path = "dashboard/operator/health.html")]
struct HealthPage {
    shell: Shell,
    server: Server,
    may_see_keys: bool,
}

/// `GET /operator/health`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    let server: Server = visit.read("/server", &[], &[])?;
    let shell = Shell::new(visit, "Health", Section::Health);
    Reply::page(&HealthPage { shell, server, may_see_keys: visit.may(Method::Get, "/signing-keys") })
}

/// A while in its two largest units.
fn a_while(seconds: &i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut rest = (*seconds).max(0);
    let mut parts = Vec::new();
    for (length, unit) in units {
        if rest >= length || (unit == "s" && parts.is_empty()) {
            parts.push(format!("{} {unit}", rest / length));
            rest %= length;
        }
    }
    parts.truncate(2);
    parts.join(" ")
}

/// The part of look-ups that memory answered.
fn share(hits: &i64, misses: &i64) -> String {
    match hits.saturating_add(*misses) {
        0 => "–".to_owned(),
        all => format!("{}.{} %", hits.saturating_mul(1_000) / all / 10, hits.saturating_mul(1_000) / all % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_in_short() {
        let whiles = [0, 59, 61, 3_600, 90_061, 10 * 86_400 + 5].map(|seconds| a_while(&seconds));
        assert_eq!(whiles, ["0 s", "59 s", "1 min 1 s", "1 h", "1 d 1 h", "10 d 5 s"]);
        assert_eq!([share(&0, &0), share(&999, &1), share(&1, &2)], ["–", "99.9 %", "33.3 %"]);
    }
}
