//! Addresses and ranges, naively: over strings of bits, with a parser of its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bit by bit. A mapped range is the IPv4 one that it maps.
pub fn contains(network: IpAddr, prefix: usize, address: IpAddr) -> bool {
    let (network, prefix) = canonical_range(network, prefix);
    let (network, address) = (bits(network), bits(canonical(address)));
    network.len() == address.len() && network[..prefix] == address[..prefix]
}

/// A range of IPv4-mapped addresses alone as the IPv4 range that it maps.
pub fn canonical_range(network: IpAddr, prefix: usize) -> (IpAddr, usize) {
    match canonical(network) {
        v4 @ IpAddr::V4(_) if network.is_ipv6() && prefix >= 96 => (v4, prefix - 96),
        _ => (network, prefix),
    }
}

/// An address as zeros and ones.
pub fn bits(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => format!("{:032b}", u32::from(v4)),
        IpAddr::V6(v6) => format!("{:0128b}", u128::from(v6)),
    }
}

/// An IPv4-mapped address as the IPv4 that it maps, by its bits.
pub fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if u128::from(v6) >> 32 == 0xffff => IpAddr::V4(Ipv4Addr::from(u128::from(v6) as u32)),
        other => other,
    }
}

/// One address as RFC 4291 section 2.2 writes it.
pub fn parse_address(text: &str) -> Option<IpAddr> {
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
    Some(IpAddr::V6(Ipv6Addr::from(groups)))
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
