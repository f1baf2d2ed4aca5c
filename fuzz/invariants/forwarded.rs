//! `web::client_ip`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use claviger::web::client_ip::client_address;
use ipnet::IpNet;

/// Checks one request, written as lines: the peer's address; trusted ranges; `forwarded` when there is such a header;
/// then the lines of `X-Forwarded-For`. Says nothing about inputs that begin otherwise.
pub(crate) fn check(data: &[u8]) {
    let mut lines = data.split(|&b| b == b'\n');
    let mut next_text = || str::from_utf8(lines.next()?).ok();
    let (Some(peer), Some(trusted), Some(forwarded)) = (next_text(), next_text(), next_text()) else { return };
    let Ok(peer) = peer.parse::<IpAddr>() else { return };
    let trusted: Vec<IpNet> = trusted.split(' ').filter_map(|range| range.parse().ok()).collect();
    let has_forwarded = forwarded == "forwarded";
    let lines: Vec<&[u8]> = lines.collect();

    let answer = client_address(peer, &trusted, &lines, has_forwarded);
    assert_eq!(answer.ok(), naive(peer, &trusted, &lines, has_forwarded));

    // Nobody trusted: the socket's address, whatever was sent.
    assert_eq!(client_address(peer, &[], &lines, has_forwarded), Ok(canonical(peer)));
    if let Ok(answer) = answer {
        assert_eq!(answer, canonical(answer));
        // However the hops are spread over lines.
        if !lines.is_empty() {
            let joined = lines.join(&b',');
            if joined.len() <= 4096 {
                assert_eq!(client_address(peer, &trusted, &[&joined], has_forwarded), Ok(answer));
            }
        }
        // Once the walk has ended at a stranger, nothing written to the left changes the answer.
        if !lines.is_empty() && is_trusted(&trusted, peer) && !is_trusted(&trusted, answer) {
            let with_more: Vec<&[u8]> = [&[&b"unknown, 1.1.1.1"[..]], lines.as_slice()].concat();
            if let Ok(same) = client_address(peer, &trusted, &with_more, has_forwarded) {
                assert_eq!(same, answer);
            }
        }
    }
}

fn naive(peer: IpAddr, trusted: &[IpNet], lines: &[&[u8]], has_forwarded: bool) -> Option<IpAddr> {
    let peer = canonical(peer);
    if !is_trusted(trusted, peer) || lines.is_empty() {
        return Some(peer);
    }
    if has_forwarded || lines.concat().len() > 4096 {
        return None;
    }
    let text: String = lines.join(&b',').iter().map(|&b| char::from(b)).collect();
    let mut hops: Vec<&str> = text.split(',').map(|hop| hop.trim_matches([' ', '\t'])).collect();
    if hops.len() > 100 {
        return None;
    }
    while hops.len() > 1 && is_trusted(trusted, parse_address(hops[hops.len() - 1])?) {
        hops.pop();
    }
    parse_address(hops[hops.len() - 1])
}

fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|range| contains(range.addr(), range.prefix_len().into(), address))
}

/// Bit by bit. A mapped range is the IPv4 one that it maps.
pub(crate) fn contains(network: IpAddr, prefix: usize, address: IpAddr) -> bool {
    let (network, prefix) = match canonical(network) {
        v4 @ IpAddr::V4(_) if network.is_ipv6() && prefix >= 96 => (v4, prefix - 96),
        _ => (network, prefix),
    };
    let bits = |address: IpAddr| match address {
        IpAddr::V4(v4) => format!("{:032b}", u32::from(v4)),
        IpAddr::V6(v6) => format!("{:0128b}", u128::from(v6)),
    };
    let (network, address) = (bits(network), bits(canonical(address)));
    network.len() == address.len() && network[..prefix] == address[..prefix]
}

/// An IPv4-mapped address as the IPv4 that it maps, by its bits.
pub(crate) fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if u128::from(v6) >> 32 == 0xffff => IpAddr::V4(Ipv4Addr::from(u128::from(v6) as u32)),
        other => other,
    }
}

/// One address as RFC 4291 section 2.2 writes it; canonical.
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    if !text.contains(':') {
        return Some(IpAddr::V4(parse_ipv4(text)?));
    }
    let groups = match text.split_once("::") {
        None => parse_groups(text, true)?,
        Some((left, right)) => {
            let (mut groups, right) = (parse_groups(left, false)?, parse_groups(right, true)?);
            if groups.len() + right.len() > 7 {
                return None;
            }
            groups.resize(8 - right.len(), 0);
            groups.extend(right);
            groups
        }
    };
    let groups: [u16; 8] = groups.try_into().ok()?;
    Some(canonical(IpAddr::V6(Ipv6Addr::from(groups))))
}

fn parse_groups(text: &str, may_end_in_ipv4: bool) -> Option<Vec<u16>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let pieces: Vec<&str> = text.split(':').collect();
    let mut groups = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        if piece.contains('.') && may_end_in_ipv4 && at == pieces.len() - 1 {
            let bits = u32::from(parse_ipv4(piece)?);
            groups.extend([(bits >> 16) as u16, bits as u16]);
        } else if (1..=4).contains(&piece.len()) && piece.chars().all(|c| c.is_ascii_hexdigit()) {
            groups.push(u16::from_str_radix(piece, 16).ok()?);
        } else {
            return None;
        }
    }
    Some(groups)
}

fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut bytes = Vec::new();
    for piece in text.split('.') {
        let value: u8 = piece.parse().ok()?;
        // The one spelling: no sign, no leading zeros.
        if value.to_string() != piece {
            return None;
        }
        bytes.push(value);
    }
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))
}
