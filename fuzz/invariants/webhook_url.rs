//! `domain::webhook`: where events may be posted to.

use std::net::IpAddr;

use claviger::domain::network_policy::NetworkPolicy;
use claviger::domain::outbound_url::{MAX_URL_BYTES, OutboundUrl};

use super::addresses::contains;

/// What is not the public internet's, as IANA registers it. For IPv6 all but 2000::/3 is left out below.
const SPECIAL: [&str; 24] = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "::/3",
    "4000::/2",
    "8000::/2",
    "c000::/2",
];

/// Checks an address, as a customer gives it, under the policy of a server that allows nothing more, and under that of one
/// that allows this machine.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    check_under(text, &NetworkPolicy::default(), false);
    let loopback = ["127.0.0.0/8", "::1/128"].map(|range| range.parse().unwrap());
    check_under(text, &NetworkPolicy::allowing(loopback.to_vec()), true);
}

fn check_under(text: &str, policy: &NetworkPolicy, loopback: bool) {
    let Ok(url) = OutboundUrl::parse(text, policy) else { return };
    assert!(text.len() <= MAX_URL_BYTES && text.bytes().all(|b| b.is_ascii_graphic()));
    let shown = url.to_string();
    // What is shown, stored and read again is the same, and still allowed.
    assert_eq!(OutboundUrl::from_stored(&shown).as_ref(), Ok(&url));
    assert_eq!(OutboundUrl::parse(&shown, policy).as_ref(), Ok(&url), "{shown}");

    let (scheme, rest) = shown.split_once("://").unwrap();
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap();
    assert!(!authority.is_empty() && !authority.contains('@') && !shown.contains('#'), "{shown}");
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, if scheme == "https" { "443" } else { "80" }),
    };
    assert_eq!(url.destination(), format!("{host}:{port}"));
    assert_ne!(port, "0");

    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    assert_eq!(url.literal_address(), address);
    if let Some(address) = address {
        let is_special = SPECIAL.iter().any(|range| is_in(range, address));
        assert!(!is_special || (loopback && address.is_loopback()), "{shown}");
    }
    let is_own = host == "localhost" || address.is_some_and(|address| address.is_loopback());
    assert!(scheme == "https" || (scheme == "http" && loopback && is_own), "{shown}");
    assert_eq!(url.is_plain(), scheme == "http");
}

fn is_in(range: &str, address: IpAddr) -> bool {
    let (network, prefix) = range.split_once('/').unwrap();
    let network: IpAddr = network.parse().unwrap();
    // An IPv6 form that stands for an IPv4 address is not public, whatever it stands for: not to be taken for that.
    network.is_ipv4() == address.is_ipv4()
        && match (network, address) {
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let prefix: u32 = prefix.parse().unwrap();
                (u128::from(network) ^ u128::from(address)) >> (128 - prefix) == 0
            }
            _ => contains(network, prefix.parse().unwrap(), address),
        }
}
