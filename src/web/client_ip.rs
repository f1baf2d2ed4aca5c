//! From which address a request comes, when proxies of ours may stand in between.
//!
//! Allowlists and limits hang on the answer, so a header counts only where one of our proxies wrote it, and where that
//! can't be read there is no answer rather than a guess.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::domain::ip_allowlist::unmapped;
use crate::oauth::http_grammar::trim_ows;

/// The most that is read of `X-Forwarded-For`, in bytes, all lines together.
pub const MAX_FORWARDED_FOR_BYTES: usize = 4096;

/// The most hops that are read, all lines together.
pub const MAX_FORWARDED_FOR_HOPS: usize = 100;

/// A trusted proxy sent forwarding headers that do not tell the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableForwardedFor;

impl fmt::Display for UnreadableForwardedFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trusted proxy sent an X-Forwarded-For that can't be read")
    }
}

impl std::error::Error for UnreadableForwardedFor {}

/// The client's address: the socket's `peer`, or, when that is a trusted proxy, the right-most hop of
/// `X-Forwarded-For` (`x_forwarded_for`: all its lines in order) that is not one itself; the left-most when all are.
///
/// `trusted_proxies` come from [`parse_range`](crate::domain::ip_allowlist::parse_range); ipnet's own parser takes leading
/// zeros. IPv4-mapped IPv6 forms count as the IPv4 that they map, in addresses and ranges, and the answer is in that form.
///
/// # Errors
/// From a trusted peer only: a hop up to the answer that is not exactly one address, more than
/// [`MAX_FORWARDED_FOR_BYTES`] or [`MAX_FORWARDED_FOR_HOPS`], or a `Forwarded` header (`has_forwarded`) beside
/// `X-Forwarded-For`, which may say something else.
pub fn client_address(
    peer: IpAddr,
    trusted_proxies: &[IpNet],
    x_forwarded_for: &[&[u8]],
    has_forwarded: bool,
) -> Result<IpAddr, UnreadableForwardedFor> {
    let is_trusted = |address: IpAddr| trusted_proxies.iter().any(|&range| unmapped(range).contains(&address));
    let mut address = peer.to_canonical();
    if x_forwarded_for.is_empty() || !is_trusted(address) {
        return Ok(address);
    }
    let length: usize = x_forwarded_for.iter().map(|line| line.len()).sum();
    if has_forwarded || length > MAX_FORWARDED_FOR_BYTES {
        return Err(UnreadableForwardedFor);
    }
    let hops = || x_forwarded_for.iter().flat_map(|line| line.split(|&b| b == b','));
    if hops().count() > MAX_FORWARDED_FOR_HOPS {
        return Err(UnreadableForwardedFor);
    }
    for hop in hops().rev() {
        address = parse_hop(hop).ok_or(UnreadableForwardedFor)?;
        if !is_trusted(address) {
            break;
        }
    }
    Ok(address)
}

/// One address and nothing else: the standard library takes no ports, zones, brackets or leading zeros either.
fn parse_hop(hop: &[u8]) -> Option<IpAddr> {
    let address: IpAddr = str::from_utf8(trim_ows(hop)).ok()?.parse().ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz_invariants;
    use proptest::prelude::*;

    const TRUSTED: &str = "10.0.0.0/8 2001:db8::/32";

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn ask_of(trusted: &str, peer: &str, lines: &[&str], has_forwarded: bool) -> Result<IpAddr, UnreadableForwardedFor> {
        let trusted: Vec<IpNet> = trusted.split_whitespace().map(|range| range.parse().unwrap()).collect();
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        client_address(address(peer), &trusted, &lines, has_forwarded)
    }

    fn ask(peer: &str, lines: &[&str]) -> Result<IpAddr, UnreadableForwardedFor> {
        ask_of(TRUSTED, peer, lines, false)
    }

    #[test]
    fn xff_of_an_untrusted_peer_is_ignored_entirely() {
        for lines in [&[][..], &["198.51.100.1"], &["a"], &[""], &["127.0.0.1", "x"], &["1,".repeat(5000).as_str()]] {
            for has_forwarded in [false, true] {
                assert_eq!(ask_of(TRUSTED, "192.0.2.1", lines, has_forwarded), Ok(address("192.0.2.1")));
                assert_eq!(ask_of("", "10.0.0.1", lines, has_forwarded), Ok(address("10.0.0.1")));
            }
        }
    }

    #[test]
    fn xff_absent_means_the_peer() {
        assert_eq!(ask("10.0.0.1", &[]), Ok(address("10.0.0.1")));
        assert_eq!(ask("::ffff:10.0.0.1", &[]), Ok(address("10.0.0.1")));
        assert_eq!(ask_of(TRUSTED, "10.0.0.1", &[], true), Ok(address("10.0.0.1")));
    }

    #[test]
    fn xff_the_right_most_hop_that_is_no_proxy_counts() {
        for (lines, expected) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1, 203.0.113.9,\t10.1.1.1 , 2001:db8::5"], "203.0.113.9"),
            (&["198.51.100.1", "203.0.113.9", "10.1.1.1"], "203.0.113.9"),
            (&["2001:DB9::1"], "2001:db9::1"),
            (&["127.0.0.1"], "127.0.0.1"),
            (&["x, , 1.2.3.4:80, 203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(ask("10.0.0.1", lines), Ok(address(expected)), "{lines:?}");
            assert_eq!(ask("2001:db8:1::1", lines), Ok(address(expected)), "{lines:?}");
        }
    }

    #[test]
    fn xff_all_hops_trusted_means_the_left_most() {
        assert_eq!(ask("10.0.0.1", &["10.0.0.4, 10.0.0.3", "10.0.0.2"]), Ok(address("10.0.0.4")));
    }

    #[test]
    fn xff_mapped_addresses_are_the_ipv4_that_they_map() {
        for trusted in ["10.0.0.0/8", "::ffff:10.0.0.0/104", "::ffff:a00:0/104"] {
            for peer in ["10.0.0.1", "::ffff:10.0.0.1"] {
                for proxy in ["10.0.0.2", "::ffff:10.0.0.2"] {
                    for client in ["203.0.113.9", "::ffff:203.0.113.9", "::FFFF:cb00:7109"] {
                        let line = format!("x, {client}, {proxy}");
                        assert_eq!(ask_of(trusted, peer, &[&line], false), Ok(address("203.0.113.9")), "{line}");
                    }
                }
            }
        }
        assert_eq!(ask_of("::/0", "10.0.0.1", &["x"], false), Ok(address("10.0.0.1")));
    }

    #[test]
    fn xff_an_unparsable_hop_on_the_way_fails_closed() {
        for hop in [
            "",
            " ",
            "a",
            "unknown",
            "_hidden",
            "010.0.0.1",
            "10.0.0.01",
            "1.2.3",
            "0x7f.0.0.1",
            "2130706433",
            "1.2.3.4:80",
            "[2001:db8::1]",
            "[2001:db8::1]:80",
            "fe80::1%eth0",
            "fe80::1%25eth0",
            "10.0.0.0/8",
            "\"1.2.3.4\"",
            "for=1.2.3.4",
            "1.2.3.4\n",
            "1.2.3.4 5.6.7.8",
            "\u{a0}1.2.3.4",
            "1.2.3.4\u{0}",
            "::ffff:010.0.0.1",
            ":::1",
            "１.2.3.4",
        ] {
            assert_eq!(ask("10.0.0.1", &[hop]), Err(UnreadableForwardedFor), "{hop:?}");
            let line = format!("203.0.113.9,{hop},10.0.0.2");
            assert_eq!(ask("10.0.0.1", &[&line]), Err(UnreadableForwardedFor), "{hop:?}");
            assert_eq!(ask("10.0.0.1", &["203.0.113.9", hop]), Err(UnreadableForwardedFor), "{hop:?}");
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(client_address(address("10.0.0.1"), &trusted, &[b"\xff"], false), Err(UnreadableForwardedFor));
    }

    #[test]
    fn xff_beside_forwarded_fails_closed() {
        assert_eq!(ask_of(TRUSTED, "10.0.0.1", &["203.0.113.9"], true), Err(UnreadableForwardedFor));
    }

    #[test]
    fn xff_at_most_4_kib_and_100_hops() {
        let hops = |count: usize| vec!["1.1.1.1"; count].join(",");
        assert!(ask("10.0.0.1", &[&hops(100)]).is_ok());
        assert!(ask("10.0.0.1", &[&hops(50), &hops(50)]).is_ok());
        assert_eq!(ask("10.0.0.1", &[&hops(101)]), Err(UnreadableForwardedFor));
        assert_eq!(ask("10.0.0.1", &[&hops(50), &hops(51)]), Err(UnreadableForwardedFor));
        assert_eq!(ask("10.0.0.1", &[&hops(1000)]), Err(UnreadableForwardedFor));
        let padded = |length: usize| format!("{:>length$}", "1.1.1.1");
        assert!(ask("10.0.0.1", &[&padded(4096)]).is_ok());
        assert_eq!(ask("10.0.0.1", &[&padded(4097)]), Err(UnreadableForwardedFor));
        assert_eq!(ask("10.0.0.1", &[&padded(4000), &padded(97)]), Err(UnreadableForwardedFor));
        assert_eq!(ask("10.0.0.1", &[&"a".repeat(10_240)]), Err(UnreadableForwardedFor));
    }

    proptest! {
        #[test]
        fn xff_reading_agrees_with_a_naive_reader(
            peer in "10\\.0\\.0\\.1|::ffff:10\\.0\\.0\\.1|192\\.0\\.2\\.1|2001:db8::1",
            trusted in "(10\\.0\\.0\\.0/8|::ffff:10\\.0\\.0\\.0/10[45]|2001:db8::/32|0\\.0\\.0\\.0/0|::/0| ){0,4}",
            is_forwarded in "|forwarded",
            lines in "(10\\.[0-9]{1,3}\\.0\\.[0-9]{1,3}|::ffff:(10|0a|11)\\.0\\.0\\.1|2001:db8::[0-9a-f]{0,5}|[0-9a-f:]{1,12}|[ \t,\n]|unknown|198\\.51\\.100\\.[0-9]|, ){0,30}",
            noise in proptest::collection::vec(any::<u8>(), 0..20),
        ) {
            let text = format!("{peer}\n{trusted}\n{is_forwarded}\n{lines}");
            fuzz_invariants::forwarded::check(text.as_bytes());
            fuzz_invariants::forwarded::check(&[text.as_bytes(), &noise].concat());
            fuzz_invariants::forwarded::check(&[b"10.0.0.1\n10.0.0.1\n\n", noise.as_slice()].concat());
        }

        #[test]
        fn xff_a_client_cannot_choose_its_address(client: u32, spoofed in proptest::collection::vec(any::<u8>(), 0..100)) {
            let client = IpAddr::from(std::net::Ipv4Addr::from(client));
            let trusted: [IpNet; 1] = ["10.0.0.0/8".parse().unwrap()];
            prop_assume!(!trusted[0].contains(&client));
            // What our proxy appends, as one line or as a line of its own.
            let appended = client.to_string();
            let joined = [spoofed.as_slice(), b", ", appended.as_bytes()].concat();
            let peer = address("10.0.0.1");
            prop_assert_eq!(client_address(peer, &trusted, &[&joined], false).unwrap_or(client), client);
            prop_assert_eq!(client_address(peer, &trusted, &[&spoofed, appended.as_bytes()], false).unwrap_or(client), client);
        }
    }
}
