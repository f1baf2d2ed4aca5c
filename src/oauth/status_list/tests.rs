use proptest::prelude::*;

use super::*;

/// Entries of the draft's examples in its appendix.
const ENTRIES: u32 = 1 << 20;
/// A megabyte holds every example.
const ROOM: usize = 1 << 20;

/// The draft's appendix "Test vectors for Status List encoding": bits, `lst`, and every place that is not 0.
const VECTORS: &str = include_str!("vectors.txt");

#[test]
fn sl1_the_drafts_vectors_of_1_2_4_and_8_bits_are_read_and_written() {
    let mut seen = Vec::new();
    for line in VECTORS.lines() {
        let mut words = line.split(' ');
        let (bits, lst) = (words.next().unwrap().parse().unwrap(), words.next().unwrap());
        let places: Vec<(u32, u8)> =
            words.map(|word| word.split_once('=').unwrap()).map(|(at, is)| (at.parse().unwrap(), is.parse().unwrap())).collect();
        let list = StatusList::decode(bits, lst, ROOM).unwrap();
        assert_eq!(list.bytes.len(), usize::try_from(ENTRIES).unwrap() * usize::from(bits) / 8);
        let mut made = StatusList::new(bits, ENTRIES).unwrap();
        places.iter().for_each(|(at, is)| made.set(*at, *is));
        assert_eq!(made, list, "{bits}");
        assert!(places.iter().all(|(at, is)| list.get(*at) == Some(*is)), "{bits}");
        assert_eq!(list.get(ENTRIES), None, "out of bounds is no status");
        assert_eq!(StatusList::decode(bits, &made.encode(), ROOM).unwrap(), list);
        seen.push((bits, places.len()));
    }
    assert_eq!(seen, [(1, 11), (2, 11), (4, 15), (8, 256)]);
}

#[test]
fn sl1_the_drafts_short_examples() {
    for (bits, lst, bytes) in [(1, "eNrbuRgAAhcBXQ", &[0xb9, 0xa3][..]), (2, "eNo76fITAAPfAgc", &[0xc9, 0x44, 0xf9])] {
        let list = StatusList::decode(bits, lst, ROOM).unwrap();
        assert_eq!(list.bytes, bytes);
        assert_eq!(list.encode(), lst);
    }
    let list = StatusList::decode(1, "eNrbuRgAAhcBXQ", ROOM).unwrap();
    let statuses: Vec<u8> = (0..16).map(|at| list.get(at).unwrap()).collect();
    assert_eq!(statuses, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]);
    let list = StatusList::decode(2, "eNo76fITAAPfAgc", ROOM).unwrap();
    let statuses: Vec<u8> = (0..12).map(|at| list.get(at).unwrap()).collect();
    assert_eq!(statuses, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]);
}

#[test]
fn sl1_what_is_no_list_is_refused() {
    let good = StatusList::new(1, 64).unwrap().encode();
    for bits in [0, 3, 5, 16] {
        assert_eq!(StatusList::decode(bits, &good, ROOM), Err(ListRefused::Bits), "{bits}");
    }
    assert_eq!(StatusList::decode(1, &format!("{good}="), ROOM), Err(ListRefused::NotBase64));
    assert_eq!(StatusList::decode(1, "", ROOM), Err(ListRefused::NotZlib));
    assert_eq!(StatusList::decode(1, &good[..8], ROOM), Err(ListRefused::NotZlib));
    let behind = [URL_SAFE_NO_PAD.decode(&good).unwrap(), vec![0]].concat();
    assert_eq!(StatusList::decode(1, &URL_SAFE_NO_PAD.encode(behind), ROOM), Err(ListRefused::NotZlib));
    // A small text that is a large list.
    let bomb = StatusList { bits: 1, bytes: vec![0; ROOM + 1] }.encode();
    assert!(bomb.len() < 2_000);
    assert_eq!(StatusList::decode(1, &bomb, ROOM), Err(ListRefused::TooLarge));
    assert!(StatusList::decode(1, &bomb, ROOM + 1).is_ok());
}

#[test]
fn sl1_a_list_of_a_hundred_thousand_keys_is_a_few_kilobytes() {
    // Of 100,000 keys so many were revoked within two days, far apart from each other.
    for (revoked, most) in [(0, 100), (100, 600), (1_000, 3_000), (10_000, 12_000)] {
        let mut list = StatusList::new(1, 131_072).unwrap();
        let mut state = 1_u32;
        for _ in 0..revoked {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            list.set(state >> 15, INVALID);
        }
        let length = list.encode().len();
        println!("{revoked} of 100,000 revoked: {length} characters");
        assert!(length < most, "{revoked}: {length}");
    }
}

#[test]
fn a_tokens_epoch_is_read_from_its_claims() {
    let epoch = |json: Value| epoch_of(json.as_object().unwrap());
    let status = |idx: Value, uri: &str| serde_json::json!({"status": {"status_list": {"idx": idx, "uri": uri}}});
    let expected = KeyEpoch { list: StatusListId::FIRST, index: 9 };
    assert_eq!(epoch(status(9.into(), "https://a.example/connect/statuslists/1")), Some(expected));
    assert_eq!(list_uri("https://a.example/t/", StatusListId::FIRST), "https://a.example/t/connect/statuslists/1");
    for (idx, uri) in
        [(Value::from(-1), "x/1"), ("9".into(), "x/1"), (9.into(), "x/0"), (9.into(), "1"), (u64::MAX.into(), "x/1")]
    {
        assert_eq!(epoch(status(idx, uri)), None, "{uri}");
    }
    assert_eq!(epoch(serde_json::json!({})), None);
}

proptest! {
    #[test]
    fn sl1_what_is_set_is_read_again(
        bits in prop::sample::select(vec![1_u8, 2, 4, 8]),
        places in prop::collection::btree_map(0..5_000_u32, any::<u8>(), 0..50),
    ) {
        let mut list = StatusList::new(bits, 5_000).unwrap();
        let cut = |status: u8| status & (u8::MAX >> (8 - bits));
        places.iter().for_each(|(at, status)| list.set(*at, *status));
        let list = StatusList::decode(bits, &list.encode(), ROOM).unwrap();
        for at in 0..5_000 {
            prop_assert_eq!(list.get(at), Some(places.get(&at).map_or(0, |status| cut(*status))));
        }
    }
}
