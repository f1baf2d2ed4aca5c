//! Which addresses the server may connect to when somebody else names the target: those of the public internet, and
//! what the operator allows besides.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// The ranges that are allowed although they are not public; usually none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkPolicy(Vec<IpNet>);

impl NetworkPolicy {
    /// Public addresses and those in `allowed`.
    pub const fn allowing(allowed: Vec<IpNet>) -> Self {
        Self(allowed)
    }

    /// Whether a connection to `address` may be made.
    pub fn permits(&self, address: IpAddr) -> bool {
        is_public(address) || self.allows_by_name(address)
    }

    /// Whether `address` is on this machine and the operator allows it: there even plain HTTP is fine.
    pub fn permits_in_the_clear(&self, address: IpAddr) -> bool {
        address.is_loopback() && self.allows_by_name(address)
    }

    fn allows_by_name(&self, address: IpAddr) -> bool {
        self.0.iter().any(|range| range.contains(&address))
    }
}

/// Whether the address is one of the public internet's own. Everything in IANA's registries of special-purpose
/// addresses is not, and neither is an IPv6 form that stands for an IPv4 address: what it would reach is not seen here.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Azure answers virtual machines here with their credentials; the other clouds' such addresses are link-local,
/// shared or unique local ones.
const AZURE_WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

fn is_public_v4(address: Ipv4Addr) -> bool {
    let special = match address.octets() {
        // This network, private, loopback, link-local.
        [0 | 10 | 127, ..] | [169, 254, ..] | [172, 16..=31, ..] | [192, 168, ..] => true,
        // Shared by providers (CGNAT), benchmarks.
        [100, 64..=127, ..] | [198, 18..=19, ..] => true,
        // Protocol assignments, documentation, the relays of 6to4.
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [192, 88, 99, _] => true,
        // Multicast, reserved, broadcast.
        [224..=255, ..] => true,
        _ => false,
    };
    !special && address != AZURE_WIRE_SERVER
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let special = match address.segments() {
        // Protocol assignments with Teredo and ORCHID; documentation; 6to4; documentation again.
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x2002, ..] | [0x3fff, 0..=0x0fff, ..] => true,
        _ => false,
    };
    // Only 2000::/3 is assigned for use in the internet: no loopback, mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96),
    // unique local, link-local or multicast address is in it.
    matches!(address.segments(), [0x2000..=0x3fff, ..]) && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_not_public_is_refused() {
        let refused = "0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.0.1 \
             169.254.0.1 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.1 192.0.0.192 192.0.2.1 192.88.99.1 192.168.0.1 \
             198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 \
             168.63.129.16 :: ::1 ::7f00:1 ::ffff:127.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::8.8.8.8 \
             64:ff9b:1::1 100::1 2001::1 2001:0:53aa:64c::1 2001:10::1 2001:1ff::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 \
             3fff::1 3fff:fff::1 4000::1 5f00::1 fc00::1 fd00:ec2::254 fdff::1 fe80::1 fec0::1 ff02::1 ffff::1";
        for text in refused.split_whitespace() {
            assert!(!NetworkPolicy::default().permits(ip(text)), "{text}");
        }
    }

    #[test]
    fn what_is_public_is_permitted() {
        let public = "1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 128.0.0.1 169.253.255.255 169.255.0.0 \
             172.15.255.255 172.32.0.0 192.0.1.1 192.167.0.1 192.169.0.1 198.17.0.1 198.20.0.1 223.255.255.255 168.63.129.17 \
             2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00::1 3ffe::1 3fff:1000::1";
        for text in public.split_whitespace() {
            assert!(NetworkPolicy::default().permits(ip(text)), "{text}");
            assert!(!NetworkPolicy::default().permits_in_the_clear(ip(text)), "{text}");
        }
    }

    #[test]
    fn an_operator_may_allow_more_and_only_loopback_in_the_clear() {
        let ranges = ["127.0.0.0/8", "10.1.0.0/16", "::1/128"].map(|text| text.parse().unwrap());
        let policy = NetworkPolicy::allowing(ranges.to_vec());
        for (text, permitted, clear) in [
            ("127.0.0.1", true, true),
            ("::1", true, true),
            ("10.1.2.3", true, false),
            ("10.2.0.1", false, false),
            ("::ffff:127.0.0.1", false, false),
            ("169.254.169.254", false, false),
            ("8.8.8.8", true, false),
        ] {
            assert_eq!(policy.permits(ip(text)), permitted, "{text}");
            assert_eq!(policy.permits_in_the_clear(ip(text)), clear, "{text}");
        }
    }
}
