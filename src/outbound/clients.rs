//! HTTP clients for addresses that somebody else names: to permitted addresses alone, without proxy, without following
//! redirects, within bounds of time.

use std::error::Error;
use std::time::Duration;

use reqwest::{Client, redirect};

use super::resolver::{CheckedResolver, NotPermitted};
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::outbound_url::OutboundUrl;

/// The client could not be made.
#[derive(Debug)]
pub struct ClientFault(String);

impl std::fmt::Display for ClientFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ClientFault {}

/// One client for https, and one for what may be reached in the clear.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    https: (Client, CheckedResolver),
    http: (Client, CheckedResolver),
}

impl Clients {
    /// Connects to what `policy` permits, in the clear only to what it permits in the clear. `purpose` is told to whoever is
    /// called.
    pub(super) fn new(
        policy: &NetworkPolicy,
        connect_within: Duration,
        answer_within: Duration,
        purpose: &str,
    ) -> Result<Self, ClientFault> {
        let client = |resolver: CheckedResolver, https_only: bool| {
            let built = Client::builder()
                .dns_resolver(resolver.clone())
                .https_only(https_only)
                .no_proxy()
                .redirect(redirect::Policy::none())
                .connect_timeout(connect_within)
                .timeout(answer_within)
                // Each attempt looks at the address anew.
                .pool_max_idle_per_host(0)
                .user_agent(format!(concat!("Claviger/", env!("CARGO_PKG_VERSION"), " ({})"), purpose))
                .build()
                .map_err(|error| ClientFault(describe(&error)))?;
            Ok((built, resolver))
        };
        Ok(Self {
            https: client(CheckedResolver::new(policy.clone(), NetworkPolicy::permits), true)?,
            http: client(CheckedResolver::new(policy.clone(), NetworkPolicy::permits_in_the_clear), false)?,
        })
    }

    /// The client for this address. A host that is an address is never resolved, and so judged here.
    pub(super) fn for_url(&self, url: &OutboundUrl) -> Result<&Client, NotPermitted> {
        let (client, resolver) = if url.is_plain() { &self.http } else { &self.https };
        match url.literal_address() {
            Some(address) if !resolver.permits(address) => Err(NotPermitted),
            _ => Ok(client),
        }
    }
}

fn describe(error: &reqwest::Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
