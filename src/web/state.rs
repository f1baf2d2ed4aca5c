//! What every worker shares.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::HeaderName;
use ipnet::IpNet;
use tokio::sync::{Semaphore, watch};

use super::api::{Documents, RequestsUnderWay};
use super::connections::Connections;
use super::request_id::RequestIds;
use crate::app::issue_token::TokenIssuer;
use crate::app::server_status::ServerStatus;
use crate::app::{Management, People};

/// What the state is made of.
#[derive(Debug)]
pub struct StateParts {
    /// The token endpoint's use case.
    pub issuer: Arc<TokenIssuer>,
    /// What the management API works with.
    pub management: Arc<Management>,
    /// What people sign in with.
    pub people: Arc<People>,
    /// How this server is.
    pub server: Arc<ServerStatus>,
    /// Whether mails leave: whether there is a mail server.
    pub sends_mail: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What these pass clients' certificates on in.
    pub client_certificate_header: Option<HeaderName>,
    /// What the JWKS says of its own age.
    pub jwks_max_age_seconds: u32,
    /// How long ago the feed may have been read for this node to call itself ready.
    pub ready_staleness: Duration,
}

/// What every worker shares.
#[derive(Debug)]
pub struct State {
    pub(super) issuer: Arc<TokenIssuer>,
    pub(super) management: Arc<Management>,
    pub(super) people: Arc<People>,
    pub(super) server: Arc<ServerStatus>,
    /// Whether mails leave: whether there is a mail server.
    pub(super) sends_mail: bool,
    pub(super) requests_under_way: RequestsUnderWay,
    /// Operations of the management API that may run at once.
    pub(super) operations: Semaphore,
    /// The path of the issuer, without a slash at its end; empty for most.
    pub(super) issuer_path: String,
    /// The API's description of itself.
    pub(super) documents: Documents,
    pub(super) trusted_proxies: Vec<IpNet>,
    pub(super) client_certificate_header: Option<HeaderName>,
    pub(super) jwks_max_age_seconds: u32,
    pub(super) ready_staleness: Duration,
    pub(super) request_ids: RequestIds,
    pub(super) connections: Connections,
    /// Where this server stands in its life.
    pub(super) life: watch::Sender<Life>,
}

/// Where a server stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// It takes requests.
    Serving,
    /// It has been told to stop: not ready any more, finishes what it has.
    Draining,
    /// It waits no longer for bodies that trickle in.
    CuttingBodies,
}

impl State {
    /// The state of a server that is about to start.
    pub fn new(parts: StateParts) -> Self {
        // Two connections of the database are for others: look-ups of the token endpoint, and maintenance.
        let connections = usize::try_from(parts.management.db.pool_size()).unwrap_or(usize::MAX);
        let operations = connections.saturating_sub(2).max(1);
        Self {
            issuer_path: path_of(&parts.issuer.issuer),
            documents: Documents::new(&parts.issuer.issuer),
            issuer: parts.issuer,
            management: parts.management,
            people: parts.people,
            server: parts.server,
            sends_mail: parts.sends_mail,
            requests_under_way: RequestsUnderWay::default(),
            operations: Semaphore::new(operations),
            connections: Connections::new(parts.trusted_proxies.clone()),
            trusted_proxies: parts.trusted_proxies,
            client_certificate_header: parts.client_certificate_header,
            jwks_max_age_seconds: parts.jwks_max_age_seconds,
            ready_staleness: parts.ready_staleness,
            request_ids: RequestIds::new(),
            life: watch::Sender::new(Life::Serving),
        }
    }
}

fn path_of(issuer: &str) -> String {
    url::Url::parse(issuer).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn most_issuers_have_no_path() {
        assert_eq!(path_of("https://auth.example.com"), "");
        assert_eq!(path_of("https://auth.example.com/t1/"), "/t1");
    }
}
