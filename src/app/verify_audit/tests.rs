use proptest::prelude::*;

use super::*;

fn chain() -> AuditChain {
    AuditChain::from_key(&[7; 32])
}

fn hashed(chain: &AuditChain, mut rows: Vec<AuditRow>) -> Vec<AuditRow> {
    let mut last = GENESIS;
    for row in &mut rows {
        last = link(chain, &last, row);
        row.hash = last.to_vec();
    }
    rows
}

fn head_of(chain: &AuditChain, rows: &[AuditRow]) -> Option<AuditHead> {
    let last = rows.last()?;
    let hash = Link::try_from(last.hash.as_slice()).unwrap();
    Some(AuditHead { seq: last.seq, hash: last.hash.clone(), seal: chain.seal(last.seq, &hash).to_vec() })
}

/// A good log; some columns are empty, some are NULL.
fn log(rows: i64) -> (Vec<AuditRow>, Option<AuditHead>) {
    let some = |seq: i64, every: i64, text: &str| (seq % every != 0).then(|| text.repeat(usize::try_from(seq % 3).unwrap()));
    let row = |seq: i64| AuditRow {
        seq,
        id: format!("audit_{seq:026}"),
        occurred_at: 1_700_000_000_000 + seq / 2,
        organization_id: some(seq, 2, "org_1"),
        actor: "cli".to_owned(),
        address: some(seq, 3, "192.0.2.7"),
        request_id: some(seq, 4, "r"),
        action: "api_key.created".to_owned(),
        target: some(seq, 5, "key_1"),
        outcome: if seq % 2 == 0 { "done" } else { "refused" }.to_owned(),
        reason: some(seq, 6, "wrong_secret"),
        before: some(seq, 7, "{}"),
        after: some(seq, 8, r#"{"name":"a"}"#),
        hash: Vec::new(),
    };
    let rows = hashed(&chain(), (1..=rows).map(row).collect());
    let head = head_of(&chain(), &rows);
    (rows, head)
}

/// What [`walk_on`] does, on rows in memory. A table has each number once, and hands rows out in their order.
fn look(mut rows: Vec<AuditRow>, head: Option<&AuditHead>) -> Verification {
    rows.sort_by_key(|row| row.seq);
    rows.dedup_by_key(|row| row.seq);
    let chain = chain();
    let mut walk = Walk::from_start(&chain);
    let fault = rows.iter().find_map(|row| walk.step(row).err());
    let end = fault.map_or_else(|| walk.end(head), Err);
    walk.outcome(end)
}

const ROWS: i64 = 40;

/// Something that is done to a good log, and the first row that is wrong then.
fn tamper(what: u8, at: usize, other: usize, byte: u8) -> (Vec<AuditRow>, Option<AuditHead>, i64) {
    let (mut rows, mut head) = log(ROWS);
    let (at, other) = (at % rows.len(), other % rows.len());
    let other = if other == at { (at + 1) % rows.len() } else { other };
    let text = |old: &str| format!("{old}{byte}");
    let optional = |old: &Option<String>| match old {
        Some(old) if byte.is_multiple_of(3) => Some(text(old)),
        Some(_) => None,
        None => Some(text("")),
    };
    let mut first = i64::try_from(at).unwrap() + 1;
    let lower = i64::try_from(at.min(other)).unwrap() + 1;
    match what {
        0 => rows[at].id = text(&rows[at].id),
        1 => rows[at].occurred_at += i64::from(byte) + 1,
        2 => rows[at].organization_id = optional(&rows[at].organization_id),
        3 => rows[at].actor = text(&rows[at].actor),
        4 => rows[at].address = optional(&rows[at].address),
        5 => rows[at].request_id = optional(&rows[at].request_id),
        6 => rows[at].action = text(&rows[at].action),
        7 => rows[at].target = optional(&rows[at].target),
        8 => rows[at].outcome = if rows[at].outcome == "done" { "refused" } else { "done" }.to_owned(),
        9 => rows[at].reason = optional(&rows[at].reason),
        10 => rows[at].before = optional(&rows[at].before),
        11 => rows[at].after = optional(&rows[at].after),
        12 => rows[at].hash[usize::from(byte) % 32] ^= 1 << (byte % 8),
        13 => drop(rows[at].hash.pop()),
        // Another number: where it was there is a gap, unless it went before all others.
        14 => {
            rows[at].seq = if byte.is_multiple_of(2) { ROWS + 1 + i64::from(byte) } else { -i64::from(byte) };
            first = if byte.is_multiple_of(2) { first } else { rows[at].seq };
        }
        // Two rows change places.
        15 => {
            let seqs = (rows[at].seq, rows[other].seq);
            (rows[at].seq, rows[other].seq) = (seqs.1, seqs.0);
            first = lower;
        }
        // A row is gone, and the ones after it move up.
        16 => {
            rows.remove(at);
            rows.iter_mut().skip(at).for_each(|row| row.seq -= 1);
        }
        17 => drop(rows.remove(at)),
        // The newest rows are cut off.
        18 => rows.truncate(at),
        // One more at the end: a copy of another, or one of its own hash under another key.
        19 => {
            rows.push(AuditRow { seq: ROWS + 1, ..rows[at].clone() });
            first = ROWS + 1;
        }
        // Everything from here on is written anew, without the key.
        20 => {
            let thief = AuditChain::from_key(&[8; 32]);
            rows[at].target = optional(&rows[at].target);
            let mut last = at.checked_sub(1).map_or(GENESIS, |before| rows[before].hash.as_slice().try_into().unwrap());
            for row in rows.iter_mut().skip(at) {
                last = link(&thief, &last, row);
                row.hash = last.to_vec();
            }
            head = head_of(&thief, &rows);
        }
        // The end is cut off, and its record with it.
        21 => {
            rows.truncate(at.max(1));
            head = None;
            first = i64::try_from(at.max(1)).unwrap();
        }
        // The record of the end names an earlier row.
        22 => {
            rows.truncate(at.max(1));
            let seal = head.unwrap().seal;
            head = head_of(&chain(), &rows).map(|head| AuditHead { seal, ..head });
            first = i64::try_from(at.max(1)).unwrap();
        }
        _ => {
            let mut end = head.unwrap();
            end.seal[usize::from(byte) % 32] ^= 1;
            head = Some(end);
            first = ROWS;
        }
    }
    (rows, head, first)
}

#[test]
fn a_log_that_nobody_touched_is_good() {
    let (rows, head) = log(ROWS);
    let last = Link::try_from(rows.last().unwrap().hash.as_slice()).unwrap();
    let good = look(rows, head.as_ref());
    assert_eq!(good, Verification { rows: ROWS, head: Some(AuditAnchor { seq: ROWS, hash: last }), fault: None });
    assert_eq!(look(Vec::new(), None), Verification { rows: 0, head: None, fault: None });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// F20: whatever is done to one row, or to the end, is found, and the first row concerned is named.
    #[test]
    fn f20_every_single_tamper_is_found_where_it_was_done(what in 0_u8..24, at: usize, other: usize, byte: u8) {
        let (rows, head, first) = tamper(what, at, other, byte);
        let fault = look(rows, head.as_ref()).fault;
        prop_assert_eq!(fault.as_ref().map(|fault| fault.seq), Some(first), "tamper {}: {:?}", what, fault);
    }
}

#[test]
fn faults_are_told_in_a_sentence() {
    let fault = |kind| AuditFault { seq: 7, id: Some("audit_x".to_owned()), kind }.to_string();
    assert_eq!(fault(FaultKind::Missing(9)), "row 7 (audit_x) is missing, and so are all up to row 9");
    assert_eq!(fault(FaultKind::Altered), "row 7 (audit_x) is not what was written there: it was altered, moved or added");
}
