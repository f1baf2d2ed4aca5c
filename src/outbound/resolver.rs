//! Names become addresses here and nowhere else: the connection is made to exactly those that were looked at, so that a
//! name which leads elsewhere a moment later leads nowhere.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::domain::network_policy::NetworkPolicy;

/// A name leads to no address that may be connected to.
#[derive(Debug)]
pub(super) struct NotPermitted;

impl fmt::Display for NotPermitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host leads into a private network")
    }
}

impl std::error::Error for NotPermitted {}

/// The name could not be resolved.
#[derive(Debug)]
pub(super) struct Unresolved;

impl fmt::Display for Unresolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host's name could not be resolved")
    }
}

impl std::error::Error for Unresolved {}

/// Asks the system and leaves out what is not permitted.
#[derive(Clone, Debug)]
pub(super) struct CheckedResolver {
    policy: NetworkPolicy,
    permits: fn(&NetworkPolicy, IpAddr) -> bool,
}

impl CheckedResolver {
    pub(super) const fn new(policy: NetworkPolicy, permits: fn(&NetworkPolicy, IpAddr) -> bool) -> Self {
        Self { policy, permits }
    }

    pub(super) fn permits(&self, address: IpAddr) -> bool {
        (self.permits)(&self.policy, address)
    }
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            // The port is the URL's; this one is replaced.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|_| Unresolved)?;
            let permitted: Vec<SocketAddr> = found.filter(|address| this.permits(address.ip())).collect();
            if permitted.is_empty() {
                return Err(NotPermitted.into());
            }
            Ok(Box::new(permitted.into_iter()) as Addrs)
        })
    }
}
