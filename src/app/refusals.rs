//! Refusals on their way to the audit log: gathered in memory, written in batches.
//!
//! Nobody who is refused can fill memory or the log: equal refusals of one batch become one row with their number, and
//! there are only so many rows. What is left over is counted by reason, in a row of its own.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::sync::Mutex;
use std::time::Instant;

use serde_json::json;

use super::{AppError, Management, audit};
use crate::clock;
use crate::domain::actor::{Actor, Principal};
use crate::domain::audit_event::{AuditEntry, AuditEvent};
use crate::domain::id::{ClientId, OrganizationId};
use crate::domain::time::{Hour, Timestamp};
use crate::store::api_keys::{self, Owner};
use crate::store::usage::{self, RefusalCount};

/// What refusals have in common that become one row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RefusalKind {
    /// What was asked for: a stable word, e.g. `token.refused`.
    pub action: &'static str,
    /// Who, as far as it was proved.
    pub actor: Principal,
    /// Whose log it belongs to, when that is known already; otherwise it is looked up by the target.
    pub organization_id: Option<OrganizationId>,
    /// The key that was named.
    pub target: Option<ClientId>,
    /// Whether there is, or was, such a key for sure.
    pub is_target_known: bool,
    /// Method and path pattern at the management API.
    pub route: Option<(&'static str, &'static str)>,
    /// From where.
    pub address: Option<IpAddr>,
    /// The true reason.
    pub reason: &'static str,
}

#[derive(Clone, Debug)]
struct Seen {
    /// Unix milliseconds of the first.
    first: i64,
    /// That of the first.
    request_id: String,
    requests: u64,
}

/// Kinds in memory, for refusals that concern somebody for sure, and as many for all others: strangers cannot crowd out
/// what an owner wants to see.
const MAX_KINDS: usize = 2_000;

/// Rows that may be written at once.
const BURST_ROWS: f64 = 1_000.0;

/// Rows a second that a lasting flood gets: less than a million a day.
const ROWS_PER_SECOND: f64 = 10.0;

/// Rows in one transaction: every change of every node waits for it.
const ROWS_AT_ONCE: usize = 250;

#[derive(Debug, Default)]
struct Gathered {
    known: HashMap<RefusalKind, Seen>,
    unknown: HashMap<RefusalKind, Seen>,
    /// By reason: what was over the bounds.
    unlisted: BTreeMap<&'static str, u64>,
}

impl Gathered {
    fn add(&mut self, kind: RefusalKind, requests: u64, seen: impl FnOnce() -> Seen) {
        let is_known = kind.is_target_known || kind.organization_id.is_some();
        let kinds = if is_known { &mut self.known } else { &mut self.unknown };
        if let Some(seen) = kinds.get_mut(&kind) {
            seen.requests += requests;
        } else if kinds.len() < MAX_KINDS {
            kinds.insert(kind, Seen { requests, ..seen() });
        } else {
            *self.unlisted.entry(kind.reason).or_default() += requests;
        }
    }
}

/// How many rows may be written now.
#[derive(Debug)]
struct Budget {
    rows: f64,
    counted_at: Instant,
}

/// See the module's documentation.
#[derive(Debug)]
pub struct Refusals {
    gathered: Mutex<Gathered>,
    budget: Mutex<Budget>,
}

impl Default for Refusals {
    fn default() -> Self {
        let budget = Budget { rows: BURST_ROWS, counted_at: Instant::now() };
        Self { gathered: Mutex::default(), budget: Mutex::new(budget) }
    }
}

impl Refusals {
    /// Notes a refusal.
    pub fn note(&self, kind: RefusalKind, request_id: &str) {
        let Ok(mut gathered) = self.gathered.lock() else { return };
        gathered.add(kind, 1, || Seen {
            first: i64::try_from(clock::unix_milliseconds()).unwrap_or(i64::MAX),
            request_id: request_id.to_owned(),
            requests: 0,
        });
    }

    /// Writes what has gathered: the rows of the log, and how often each key was refused. What could not be written is
    /// kept for the next time. Returns the number of rows.
    ///
    /// # Errors
    /// [`AppError`].
    pub fn flush(&self, management: &Management) -> Result<usize, AppError> {
        let mut written = 0;
        loop {
            let rows = self.flush_some(management)?;
            written += rows;
            // What goes on coming meanwhile waits for the next time.
            if rows < ROWS_AT_ONCE || written >= MAX_KINDS {
                return Ok(written);
            }
        }
    }

    fn flush_some(&self, management: &Management) -> Result<usize, AppError> {
        let Ok(gathered) = self.gathered.lock().map(|mut gathered| std::mem::take(&mut *gathered)) else { return Ok(0) };
        let Gathered { known, unknown, mut unlisted } = gathered;
        // Those of known keys come first.
        let mut kinds: Vec<(RefusalKind, Seen)> = known.into_iter().chain(unknown).collect();
        if kinds.is_empty() && unlisted.is_empty() {
            return Ok(0);
        }
        let affordable = self.affordable();
        let listed = affordable.min(kinds.len()).min(ROWS_AT_ONCE);
        if affordable > ROWS_AT_ONCE && kinds.len() > ROWS_AT_ONCE {
            self.put_back(kinds.split_off(listed), std::mem::take(&mut unlisted));
        }
        if let Some(kinds) = kinds.get_mut(..listed) {
            kinds.sort_by_key(|(_, seen)| seen.first);
        }
        let written = write(management, &kinds, listed, &unlisted);
        match &written {
            Ok(_) => self.spend(listed),
            Err(_) => self.put_back(kinds, unlisted),
        }
        written
    }

    fn affordable(&self) -> usize {
        let Ok(mut budget) = self.budget.lock() else { return 0 };
        budget.rows = (budget.rows + budget.counted_at.elapsed().as_secs_f64() * ROWS_PER_SECOND).min(BURST_ROWS);
        budget.counted_at = Instant::now();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and BURST_ROWS")]
        let rows = budget.rows as usize;
        rows
    }

    fn spend(&self, rows: usize) {
        if let Ok(mut budget) = self.budget.lock() {
            budget.rows -= f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
        }
    }

    fn put_back(&self, listed: Vec<(RefusalKind, Seen)>, unlisted: BTreeMap<&'static str, u64>) {
        let Ok(mut gathered) = self.gathered.lock() else { return };
        for (kind, seen) in listed {
            gathered.add(kind, seen.requests, || seen);
        }
        for (reason, requests) in unlisted {
            *gathered.unlisted.entry(reason).or_default() += requests;
        }
    }
}

/// Writes rows for the first `listed` kinds and a sum of the others.
fn write(
    management: &Management,
    kinds: &[(RefusalKind, Seen)],
    listed: usize,
    unlisted: &BTreeMap<&'static str, u64>,
) -> Result<usize, AppError> {
    let targets: HashSet<ClientId> = kinds.iter().filter_map(|(kind, _)| kind.target).collect();
    let targets: Vec<ClientId> = targets.into_iter().collect();
    let owners = management.db.read(|connection| api_keys::owners(connection, &targets))?;
    let (listed, others) = kinds.split_at_checked(listed).unwrap_or((kinds, &[]));
    let mut unlisted = unlisted.clone();
    for (kind, seen) in others {
        *unlisted.entry(kind.reason).or_default() += seen.requests;
    }
    let rows = rows(listed, &owners, &unlisted)?;
    let count = rows.len();
    let usage = usage(kinds, &owners);
    management.record_with(rows, |transaction| usage::add_refusals(transaction, &usage))?;
    Ok(count)
}

fn rows(
    listed: &[(RefusalKind, Seen)],
    owners: &HashMap<ClientId, Owner>,
    unlisted: &BTreeMap<&'static str, u64>,
) -> Result<Vec<AuditEvent>, AppError> {
    let mut rows = Vec::with_capacity(listed.len() + 1);
    for (kind, seen) in listed {
        let owner = || Some(owners.get(&kind.target?)?.organization_id);
        let mut entry = AuditEntry::refused(kind.action, kind.organization_id.or_else(owner), kind.reason);
        entry.target = kind.target.map(|id| id.to_string());
        entry.after = Some(match kind.route {
            None => json!({"requests": seen.requests}),
            Some((method, path)) => json!({"requests": seen.requests, "method": method, "path": path}),
        });
        let actor = Actor { principal: kind.actor, address: kind.address, request_id: Some(seen.request_id.clone()) };
        rows.push(AuditEvent { occurred_at_ms: seen.first, ..audit::event(actor, entry)? });
    }
    if !unlisted.is_empty() {
        let mut entry = AuditEntry::refused(UNLISTED, None, "too_many_to_list");
        entry.after = Some(json!({"requests": unlisted}));
        rows.push(audit::event(Actor::local(Principal::System), entry)?);
    }
    Ok(rows)
}

/// How often each key was refused, by hour and reason, in the order in which all nodes write.
fn usage(kinds: &[(RefusalKind, Seen)], owners: &HashMap<ClientId, Owner>) -> Vec<RefusalCount> {
    let mut sums: BTreeMap<(ClientId, Hour, &'static str), u64> = BTreeMap::new();
    for (kind, seen) in kinds {
        let is_counted = kind.action == TOKEN_REFUSED;
        if let Some(target) = kind.target.filter(|target| is_counted && owners.get(target).is_some_and(|owner| !owner.is_deleted))
        {
            *sums.entry((target, Hour::of(Timestamp::from_unix(seen.first / 1000)), kind.reason)).or_default() += seen.requests;
        }
    }
    sums.into_iter().map(|((client_id, hour, reason), refusals)| RefusalCount { client_id, hour, reason, refusals }).collect()
}

/// The action of a refused token request.
pub const TOKEN_REFUSED: &str = "token.refused";

/// The action of the row that tells how many refusals have no row of their own.
const UNLISTED: &str = "refusals.unlisted";

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(target: u128, address: u32, known: bool) -> RefusalKind {
        RefusalKind {
            action: "token.refused",
            actor: Principal::Anonymous,
            organization_id: None,
            target: Some(ClientId::from_parts(0, target)),
            is_target_known: known,
            route: None,
            address: Some(IpAddr::from(address.to_be_bytes())),
            reason: "wrong_secret",
        }
    }

    #[test]
    fn equal_refusals_become_one_row() {
        let refusals = Refusals::default();
        for _ in 0..5 {
            refusals.note(kind(1, 1, true), "first");
        }
        refusals.note(kind(1, 2, true), "second");
        let gathered = refusals.gathered.lock().unwrap();
        assert_eq!(gathered.known.len(), 2);
        let seen = &gathered.known[&kind(1, 1, true)];
        assert_eq!((seen.requests, seen.request_id.as_str()), (5, "first"));
    }

    #[test]
    fn a_flood_of_strangers_fills_neither_memory_nor_the_part_of_the_known() {
        let refusals = Refusals::default();
        for address in 0..50_000 {
            refusals.note(kind(1, address, false), "r");
        }
        refusals.note(kind(2, 7, true), "r");
        let gathered = refusals.gathered.lock().unwrap();
        assert_eq!((gathered.unknown.len(), gathered.known.len()), (MAX_KINDS, 1));
        assert_eq!(gathered.unlisted.get("wrong_secret"), Some(&48_000));
    }

    #[test]
    fn a_lasting_flood_gets_few_rows() {
        let refusals = Refusals::default();
        assert_eq!(refusals.affordable(), 1_000);
        refusals.spend(1_000);
        assert!(refusals.affordable() < 20);
    }

    #[test]
    fn what_could_not_be_written_is_kept() {
        let refusals = Refusals::default();
        let seen = |requests| Seen { first: 1, request_id: "old".to_owned(), requests };
        refusals.note(kind(1, 1, true), "new");
        refusals.put_back(vec![(kind(1, 1, true), seen(3)), (kind(2, 1, true), seen(4))], BTreeMap::from([("x", 9)]));
        let gathered = refusals.gathered.lock().unwrap();
        assert_eq!(gathered.known[&kind(1, 1, true)].requests, 4);
        assert_eq!(gathered.known[&kind(2, 1, true)].requests, 4);
        assert_eq!(gathered.unlisted["x"], 9);
    }

    #[test]
    fn rows_tell_who_from_where_why_and_how_often() {
        let seen = Seen { first: 1_700_000_000_123, request_id: "r".to_owned(), requests: 3 };
        let kinds = [(kind(1, 1, true), seen)];
        let organization_id = OrganizationId::from_parts(0, 7);
        let owners = HashMap::from([(ClientId::from_parts(0, 1), Owner { organization_id, is_deleted: false })]);
        let rows = rows(&kinds, &owners, &BTreeMap::from([("wrong_secret", 2)])).unwrap();
        let [row, rest] = rows.as_slice() else { panic!("{rows:?}") };
        assert_eq!((row.occurred_at_ms, row.entry.reason), (1_700_000_000_123, Some("wrong_secret")));
        assert_eq!(row.entry.after, Some(json!({"requests": 3})));
        assert_eq!(row.actor.request_id.as_deref(), Some("r"));
        assert_eq!(row.entry.organization_id, Some(organization_id));
        assert_eq!(usage(&kinds, &owners).iter().map(|count| count.refusals).collect::<Vec<_>>(), [3]);
        assert_eq!(rest.entry.after, Some(json!({"requests": {"wrong_secret": 2}})));
    }
}
