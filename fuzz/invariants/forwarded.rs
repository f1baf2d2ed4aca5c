//! `web::client_ip`.

use std::net::IpAddr;

use claviger::web::client_ip::client_address;
use ipnet::IpNet;

use super::addresses::{canonical, contains, parse_address};

/// Checks one request, written as lines: the peer's address; trusted ranges; `forwarded` when there is such a header;
/// then the lines of `X-Forwarded-For`. Also the request in which all of them are lines of that header.
pub fn check(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
    let proxies = ["10.0.0.0/8", "2001:db8::/32"].map(|range| range.parse().unwrap());
    check_request("10.0.0.1".parse().unwrap(), &proxies, &lines, false);

    let [peer, trusted, forwarded, lines @ ..] = lines.as_slice() else { return };
    let Ok(peer) = String::from_utf8_lossy(peer).parse() else { return };
    let trusted: Vec<IpNet> = String::from_utf8_lossy(trusted).split(' ').filter_map(|range| range.parse().ok()).collect();
    check_request(peer, &trusted, lines, *forwarded == b"forwarded");
}

fn check_request(peer: IpAddr, trusted: &[IpNet], lines: &[&[u8]], has_forwarded: bool) {
    let answer = client_address(peer, trusted, lines, has_forwarded);
    assert_eq!(answer.ok(), naive(peer, trusted, lines, has_forwarded));

    // Nobody trusted: the socket's address, whatever was sent.
    assert_eq!(client_address(peer, &[], lines, has_forwarded), Ok(canonical(peer)));
    if let Ok(answer) = answer {
        assert_eq!(answer, canonical(answer));
        // However the hops are spread over lines.
        if !lines.is_empty() {
            let joined = lines.join(&b',');
            if joined.len() <= 4096 {
                assert_eq!(client_address(peer, trusted, &[&joined], has_forwarded), Ok(answer));
            }
        }
        // Once the walk has ended at a stranger, nothing written to the left changes the answer.
        if !lines.is_empty() && is_trusted(trusted, peer) && !is_trusted(trusted, answer) {
            let with_more: Vec<&[u8]> = [&[&b"unknown, 1.1.1.1"[..]], lines].concat();
            if let Ok(same) = client_address(peer, trusted, &with_more, has_forwarded) {
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
    while hops.len() > 1 && is_trusted(trusted, canonical(parse_address(hops[hops.len() - 1])?)) {
        hops.pop();
    }
    parse_address(hops[hops.len() - 1]).map(canonical)
}

fn is_trusted(trusted: &[IpNet], address: IpAddr) -> bool {
    trusted.iter().any(|range| contains(range.addr(), range.prefix_len().into(), address))
}
