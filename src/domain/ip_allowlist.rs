//! From where a key may be used.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use serde::{Serialize, Serializer};

use super::Invalid;

/// Addresses and CIDR ranges; an empty list means anywhere. IPv4-mapped IPv6 forms count as the IPv4 that they map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IpAllowlist(Box<[IpNet]>);

/// The longest allowlist, in entries.
pub const MAX_ALLOWLIST_ENTRIES: usize = 200;

impl IpAllowlist {
    /// Reads the entries, drops repeated ones and keeps the order.
    ///
    /// # Errors
    /// When one is neither an address nor a range, has bits set beyond its prefix, or there are more than
    /// [`MAX_ALLOWLIST_ENTRIES`].
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut list: Vec<IpNet> = Vec::new();
        for entry in entries {
            let range = parse_range(entry)?;
            if !list.contains(&range) {
                list.push(range);
            }
            if list.len() > MAX_ALLOWLIST_ENTRIES {
                return Err(Invalid::new("ip_allowlist", "too_many", "must have at most 200 entries"));
            }
        }
        Ok(Self(list.into_boxed_slice()))
    }

    /// Whether a request from `address` may use the key.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.is_empty() || self.0.iter().any(|range| range.contains(&address))
    }

    /// Whether `other` lets nobody in whom this one keeps out: each of its ranges lies in one of these.
    pub fn covers(&self, other: &Self) -> bool {
        let is_within = |range: &IpNet| self.0.iter().any(|own| own.contains(range));
        self.0.is_empty() || (!other.0.is_empty() && other.0.iter().all(is_within))
    }

    /// Whether any address is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries as they are shown: a single address without its prefix length.
    pub fn entries(&self) -> impl Iterator<Item = String> {
        self.0
            .iter()
            .map(|range| if range.prefix_len() == range.max_prefix_len() { range.addr().to_string() } else { range.to_string() })
    }
}

impl fmt::Display for IpAllowlist {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.entries().collect::<Vec<_>>().join(" "))
    }
}

impl FromStr for IpAllowlist {
    type Err = Invalid;

    /// Reads entries with white space between them, as the database holds them.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::parse(text.split_ascii_whitespace())
    }
}

impl Serialize for IpAllowlist {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.entries())
    }
}

/// Reads one address or CIDR range.
///
/// # Errors
/// When it is neither, or when bits beyond the prefix are set: `10.0.0.5/8` may be a slip for `10.0.0.5`, which is
/// much less.
pub fn parse_range(text: &str) -> Result<IpNet, Invalid> {
    let invalid = || {
        Invalid::new("ip_allowlist", "invalid_range", "must be IP addresses or CIDR ranges, e.g. 203.0.113.7 or 2001:db8::/32")
    };
    // Both halves by the standard library: ipnet's own parser reads the 010 of 010.0.0.0/8 as ten, others as eight.
    let range = match text.split_once('/') {
        None => IpNet::from(text.parse::<IpAddr>().map_err(|_| invalid())?),
        Some((address, prefix)) => {
            if prefix.is_empty() || prefix.bytes().any(|b| !b.is_ascii_digit()) || (prefix.len() > 1 && prefix.starts_with('0')) {
                return Err(invalid());
            }
            let address = address.parse::<IpAddr>().map_err(|_| invalid())?;
            IpNet::new(address, prefix.parse().map_err(|_| invalid())?).map_err(|_| invalid())?
        }
    };
    let range = unmapped(range);
    if range.addr() != range.network() {
        return Err(Invalid::new(
            "ip_allowlist",
            "host_bits_set",
            format!(
                "the range has bits set beyond its prefix; {} would be the range, {} the single address",
                range.trunc(),
                range.addr()
            ),
        ));
    }
    Ok(range)
}

/// `::ffff:a.b.c.d/n` as the IPv4 range that it stands for.
pub(crate) fn unmapped(range: IpNet) -> IpNet {
    let IpNet::V6(v6) = range else { return range };
    let (Some(v4), Some(prefix)) = (v6.addr().to_ipv4_mapped(), v6.prefix_len().checked_sub(96)) else { return range };
    Ipv4Net::new(v4, prefix).map_or(range, IpNet::V4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn list(text: &str) -> IpAllowlist {
        text.parse().unwrap()
    }

    #[test]
    fn ca15_mapped_addresses_are_the_ipv4_that_they_map() {
        assert!(list("1.2.3.4").allows("::ffff:1.2.3.4".parse().unwrap()));
        assert!(list("::ffff:1.2.3.4").allows("1.2.3.4".parse().unwrap()));
        assert!(list("::ffff:10.0.0.0/104").allows("10.9.9.9".parse().unwrap()));
        assert!(!list("::/0").allows("10.9.9.9".parse().unwrap()));
    }

    #[test]
    fn ca15_the_edges_of_ranges() {
        assert!(list("0.0.0.0/0").allows("255.255.255.255".parse().unwrap()));
        assert!(list("10.0.0.1/32").allows("10.0.0.1".parse().unwrap()));
        assert!(!list("10.0.0.1/32").allows("10.0.0.2".parse().unwrap()));
        assert!(list("2001:db8::1/128").allows("2001:db8::1".parse().unwrap()));
        assert!(IpAllowlist::default().allows("192.0.2.1".parse().unwrap()));
    }

    #[test]
    fn what_is_not_a_range_is_refused() {
        for bad in [
            "",
            "a",
            "010.0.0.1",
            "010.0.0.0/8",
            "10.0.0.010/32",
            "::ffff:010.0.0.0/104",
            "10.0.0.1/33",
            "10.0.0.1/",
            "10.0.0.0/08",
            "10.0.0.0/256",
            "10.0.0.0/8/8",
            " 10.0.0.0/8",
            "10.0.0.0/8 ",
            "[::1]/128",
            "10.0.0.5/8",
            "::1%eth0",
            "1.2.3",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "::/129",
        ] {
            assert!(parse_range(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn entries_are_shown_as_people_write_them() {
        assert_eq!(list("203.0.113.7 10.0.0.0/8 203.0.113.7/32").to_string(), "203.0.113.7 10.0.0.0/8");
    }

    #[test]
    fn a_list_covers_what_lets_in_nobody_else() {
        let both = "10.0.0.0/8 2001:db8::/32";
        for (wide, narrow) in [("", ""), ("", "10.0.0.1"), (both, "10.1.0.0/16"), (both, "2001:db8::1 10.0.0.0/8"), (both, both)]
        {
            assert!(list(wide).covers(&list(narrow)), "{wide:?} {narrow:?}");
        }
        for (narrow, wide) in [(both, ""), (both, "10.0.0.0/7"), (both, "10.0.0.1 11.0.0.1"), ("10.0.0.1", "2001:db8::1")] {
            assert!(!list(narrow).covers(&list(wide)), "{narrow:?} {wide:?}");
        }
    }

    /// Bit by bit, as a child would do it.
    fn naive(bits: &str, network: &str, prefix: usize) -> bool {
        bits.len() == network.len() && bits.chars().zip(network.chars()).take(prefix).all(|(a, b)| a == b)
    }

    proptest! {
        #[test]
        fn ca15_matching_agrees_with_a_naive_one(address: u32, network: u32, prefix in 0_u8..=32) {
            let range = IpNet::new(Ipv4Addr::from(network).into(), prefix).unwrap().trunc();
            let expected = naive(&format!("{address:032b}"), &format!("{network:032b}"), prefix.into());
            prop_assert_eq!(list(&range.to_string()).allows(Ipv4Addr::from(address).into()), expected);
            prop_assert_eq!(list(&range.to_string()).allows(Ipv4Addr::from(address).to_ipv6_mapped().into()), expected);
        }

        #[test]
        fn ca15_matching_agrees_with_a_naive_one_ipv6(near in any::<u128>(), flip in 0_u32..128, prefix in 0_u8..=128) {
            let address = near ^ (1 << flip);
            prop_assume!(Ipv6Addr::from(address).to_ipv4_mapped().is_none() && Ipv6Addr::from(near).to_ipv4_mapped().is_none());
            let range = IpNet::new(Ipv6Addr::from(near).into(), prefix).unwrap().trunc();
            prop_assume!(parse_range(&range.to_string()).unwrap() == range);
            let expected = naive(&format!("{address:0128b}"), &format!("{near:0128b}"), prefix.into());
            prop_assert_eq!(list(&range.to_string()).allows(Ipv6Addr::from(address).into()), expected);
        }
    }
}
