//! `domain::ip_allowlist`.

use std::net::IpAddr;

use claviger::domain::ip_allowlist::{IpAllowlist, parse_range};

use super::addresses::{bits, canonical, canonical_range, contains, parse_address};

/// Checks an entry of an allowlist, the first line, and whether it lets in each of the addresses on the lines after it.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let entry = lines.next().unwrap_or_default();

    let expected = naive_range(entry);
    let Ok(range) = parse_range(entry) else {
        assert_eq!(expected, None, "{entry:?} is a range");
        assert!(IpAllowlist::parse([entry]).is_err());
        return;
    };
    assert_eq!(Some((range.addr(), range.prefix_len().into())), expected);

    // What parses shows itself, and what is shown parses again to the same.
    assert_eq!(parse_range(&range.to_string()), Ok(range));
    let list = IpAllowlist::parse([entry]).unwrap();
    assert_eq!(list.to_string().parse::<IpAllowlist>().as_ref(), Ok(&list));
    assert_eq!(IpAllowlist::parse([entry, &range.to_string()]).as_ref(), Ok(&list));
    for shown in list.entries() {
        assert_eq!(parse_range(&shown), Ok(range));
    }

    let near = [range.network(), range.broadcast(), naive_next(range.broadcast())];
    for address in lines.filter_map(|line| line.parse().ok()).chain(near) {
        let expected = contains(range.addr(), range.prefix_len().into(), address);
        assert_eq!(list.allows(address), expected, "{address} in {range}");
        if let IpAddr::V4(v4) = address {
            assert_eq!(list.allows(v4.to_ipv6_mapped().into()), expected);
        }
    }
    assert!(list.allows(range.network()) || canonical(range.network()) != range.network());
}

/// The address after this one, or the first.
fn naive_next(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4(u32::from(v4).wrapping_add(1).into()),
        IpAddr::V6(v6) => IpAddr::V6(u128::from(v6).wrapping_add(1).into()),
    }
}

fn naive_range(text: &str) -> Option<(IpAddr, usize)> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let address = parse_address(address)?;
    let most = bits(address).len();
    let prefix = match prefix {
        Some(text) => text.parse().ok().filter(|n: &usize| n.to_string() == text)?,
        None => most,
    };
    if prefix > most {
        return None;
    }
    let (network, prefix) = canonical_range(address, prefix);
    (!bits(network)[prefix..].contains('1')).then_some((network, prefix))
}
