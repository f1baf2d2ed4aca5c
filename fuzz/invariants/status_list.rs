//! `oauth::status_list`.

use claviger::oauth::status_list::{ListRefused, StatusList};

use super::base64::{self, URL_SAFE};

/// The largest array that is read here.
const ROOM: usize = 4_096;

/// Checks a list that somebody serves (the first byte is its `bits`), and one made of the bytes.
pub fn check(data: &[u8]) {
    let [first, rest @ ..] = data else { return };
    if let Ok(lst) = str::from_utf8(rest) {
        read(*first, lst);
    }
    let bits = [1, 2, 4, 8][usize::from(first % 4)];
    written(bits, rest.get(..ROOM).unwrap_or(rest));
}

fn read(bits: u8, lst: &str) {
    match StatusList::decode(bits, lst, ROOM) {
        Ok(list) => {
            assert!([1, 2, 4, 8].contains(&bits), "{bits}");
            assert!(base64::decode(lst, URL_SAFE, false).is_some(), "{lst:?}");
            assert_eq!(StatusList::decode(bits, &list.encode(), ROOM), Ok(list));
        }
        Err(ListRefused::Bits) => assert!(![1, 2, 4, 8].contains(&bits), "{bits}"),
        Err(ListRefused::NotBase64) => assert!(base64::decode(lst, URL_SAFE, false).is_none(), "{lst:?}"),
        Err(ListRefused::NotZlib | ListRefused::TooLarge) => {}
    }
}

/// Every status is the bits that the bytes, written with the lowest bit first, have at its place.
fn written(bits: u8, bytes: &[u8]) {
    let all: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1)).collect();
    let statuses: Vec<u8> = all
        .chunks(usize::from(bits))
        .map(|status| status.iter().rev().fold(0, |number, bit| number * 2 + u8::from(*bit)))
        .collect();
    let mut list = StatusList::new(bits, u32::try_from(statuses.len()).unwrap()).unwrap();
    for (index, status) in (0..).zip(&statuses) {
        list.set(index, *status);
    }
    let list = StatusList::decode(bits, &list.encode(), ROOM).unwrap();
    for (index, status) in (0..).zip(&statuses) {
        assert_eq!(list.get(index), Some(*status), "{index}");
    }
    assert_eq!(list.get(u32::try_from(statuses.len()).unwrap()), None);
}
