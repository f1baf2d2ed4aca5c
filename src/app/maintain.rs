//! What a node does by itself: writes down when secrets were used, rotates signing keys, cleans up.
//!
//! Each piece of work is safe to do on every node at once, so no node has to be the one that does it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{AppError, Management};
use metrics_exporter_prometheus::PrometheusHandle;

use super::issue_token::TokenIssuer;
use super::key_epochs;
use super::signing_keys::{self, Occasion, RotationPolicy};
use crate::clock;
use crate::crypto::master_key::MasterKey;
use crate::directory::Directory;
use crate::domain::one_time_link::LinkPurpose;
use crate::domain::time::Timestamp;
use crate::store::{
    Db, StoreError, WriteTransaction, changes, idempotent_requests, pending_mails, rates, revoked_tokens, secrets, sessions,
    usage, used_proofs, user_links, users,
};

/// How often uses are written, from one beginning to the next: `last_used_at` may lag by 5 seconds, and writing takes time.
const FLUSH_EVERY: Duration = Duration::from_millis(3_500);
/// How often the rest is looked at.
const TIDY_EVERY: Duration = Duration::from_secs(60);
/// How long after the start that is done first: not while requests come for keys that are not in memory yet.
const TIDY_FIRST: Duration = Duration::from_secs(5);
/// How long a change stays in the feed; a node that slept longer forgets everything.
const KEEP_CHANGES_SECONDS: i64 = 3_600;
/// How long an ended secret stays recognisable, so that the log can say that it has ended.
const KEEP_ENDED_SECRETS_SECONDS: i64 = 86_400;
/// How long a minute of a rate plan is kept after it began.
const KEEP_MINUTES_SECONDS: i64 = 600;
/// The same for days.
const KEEP_RATES_SECONDS: i64 = 2 * 86_400;
/// How far another node's clock may be ahead; what claims to be from later was written by a clock since set back.
const CLOCKS_DIFFER_SECONDS: i64 = 120;

/// How long usage is kept: what is said of the last 90 days must be said of whole ones.
const KEEP_USAGE_SECONDS: i64 = 92 * 86_400;
/// How long usage may be written before other work gets its turn; what is left over waits in memory.
const WRITING_USAGE: Duration = Duration::from_millis(1_000);
/// The same when the server stops; nobody waits for as long as this.
const WRITING_LAST_USAGE: Duration = Duration::from_secs(10);
/// How long old usage may be removed, at a time.
const REMOVING_USAGE: Duration = Duration::from_millis(500);

/// How long a place from where somebody has signed in stays known.
const KEEP_ADDRESSES_SECONDS: i64 = 90 * 86_400;

/// What the maintenance works on.
pub struct Maintenance {
    /// The database.
    pub db: Db,
    /// For the audit log.
    pub management: Arc<Management>,
    /// For new signing keys.
    pub master_key: MasterKey,
    /// Whose uses are written.
    pub issuer: Arc<TokenIssuer>,
    /// How signing keys are looked after.
    pub rotation: RotationPolicy,
    /// The metrics recorder, which wants to be emptied now and then.
    pub recorder: PrometheusHandle,
}

/// The thread that does it, until it is dropped; the last uses are written then.
#[derive(Debug)]
pub struct Maintainer {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Maintainer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(work: Maintenance) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("maintenance".to_owned()).spawn(move || run(&work, &stopped))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

/// How long a stop waits at least for what has gathered to be written: a database that hangs must not keep the process.
const LAST_FLUSH: Duration = Duration::from_millis(1_500);

impl Maintainer {
    /// Writes what has gathered and ends the thread; waits for that until `deadline`, or for 1.5 s if that is longer.
    pub fn finish(mut self, deadline: Instant) {
        self.end(deadline.saturating_duration_since(Instant::now()).max(LAST_FLUSH));
    }

    fn end(&mut self, patience: Duration) {
        self.stop.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else { return };
        thread.thread().unpark();
        let asked = Instant::now();
        while !thread.is_finished() && asked.elapsed() < patience {
            std::thread::sleep(Duration::from_millis(5));
        }
        if !thread.is_finished() {
            log::warn!("the last uses of keys and refusals could not be written in time");
        }
    }
}

impl Drop for Maintainer {
    fn drop(&mut self) {
        self.end(LAST_FLUSH);
    }
}

/// Starts filling the directory, on a thread of its own.
///
/// # Errors
/// When the system gives no thread.
pub fn warm_up(directory: Arc<Directory>) -> std::io::Result<()> {
    let work = move || {
        step_back(NICE);
        let started = Instant::now();
        match directory.warm_up(|| false) {
            Ok(keys) => {
                let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
                log::info!(keys, milliseconds; "the directory is warm");
            }
            Err(error) => log::warn!("the directory stays partly cold: {error}"),
        }
    };
    std::thread::Builder::new().name("warm-up".to_owned()).spawn(work).map(drop)
}

/// What this thread does can wait; on a machine with few cores it would make requests wait instead.
pub(super) fn step_back(nice: i32) {
    // Where the system refuses, the work is done all the same.
    let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), nice);
}

/// Ten percent of a core at least, when requests want all of it.
pub(super) const NICE: i32 = 10;

fn run(work: &Maintenance, stop: &AtomicBool) {
    step_back(NICE);
    let mut tidy_at = Instant::now() + TIDY_FIRST;
    let mut failing = false;
    loop {
        // The last round comes after the order to stop.
        let last = stop.load(Ordering::Relaxed);
        let began = Instant::now();
        work.recorder.run_upkeep();
        report(&mut failing, write_down(work, last));
        if last {
            return;
        }
        if Instant::now() >= tidy_at {
            tidy_at = Instant::now() + TIDY_EVERY;
            report(&mut failing, tidy(work));
        }
        std::thread::park_timeout(FLUSH_EVERY.saturating_sub(began.elapsed()));
    }
}

/// Writes what has gathered in memory: each kind, also when another could not be written. The `last` time comes before the stop.
fn write_down(work: &Maintenance, last: bool) -> Result<(), AppError> {
    let (now, issuer) = (clock::now(), &work.issuer);
    let refusals = issuer.refusals.flush(&work.management);
    let replaced = issuer.foreign_secrets.flush(&work.db, now);
    let uses = issuer.uses.flush(&work.db, now);
    let usage = issuer.usage.flush(&work.db, now, if last { WRITING_LAST_USAGE } else { WRITING_USAGE }, last);
    // Last of all: nothing but the order of lists depends on it.
    let rows = issuer.uses.flush_rows(&work.db, now, last);
    refusals?;
    let replaced = replaced?;
    if replaced > 0 {
        log::info!(replaced; "imported secrets were used for the first time and have our digest now");
    }
    uses?;
    usage?;
    rows?;
    Ok(())
}

fn tidy(work: &Maintenance) -> Result<(), AppError> {
    if let Some(kid) = signing_keys::rotate_if_due(&work.db, &work.master_key, work.rotation, Occasion::Later)? {
        log::info!(kid = kid.as_str(); "made a new signing key: the newest had come of age");
    }
    let now = clock::now();
    work.db.write(now, |transaction| {
        changes::remove_before(transaction, now.plus_seconds(-KEEP_CHANGES_SECONDS))?;
        secrets::remove_ended_before(transaction, now.plus_seconds(-KEEP_ENDED_SECRETS_SECONDS))?;
        idempotent_requests::remove_before(transaction, now.plus_seconds(-idempotent_requests::REMEMBERED_SECONDS))?;
        rates::remove_minutes_before(transaction, now.plus_seconds(-KEEP_MINUTES_SECONDS))?;
        rates::remove_outside(transaction, now.plus_seconds(-KEEP_RATES_SECONDS), now.plus_seconds(CLOCKS_DIFFER_SECONDS))?;
        revoked_tokens::remove_ended(transaction, now.plus_seconds(-CLOCKS_DIFFER_SECONDS))?;
        used_proofs::remove_ended(transaction, now.plus_seconds(-CLOCKS_DIFFER_SECONDS))?;
        key_epochs::tidy(transaction, now)?;
        tidy_people(transaction, now)?;
        Ok::<(), StoreError>(())
    })?;
    work.issuer.directory.forget_ended_tokens(now);
    let started = Instant::now();
    let end = now.plus_seconds(-KEEP_USAGE_SECONDS);
    while work.db.write(now, |transaction| usage::remove_before(transaction, end))? && started.elapsed() < REMOVING_USAGE {}
    Ok(())
}

/// What people leave behind: sessions, links and mails that are over, places from where they no longer come.
fn tidy_people(transaction: &mut WriteTransaction<'_>, now: Timestamp) -> Result<(), StoreError> {
    sessions::remove_ended(transaction, now)?;
    user_links::remove_ended(transaction, now)?;
    for purpose in LinkPurpose::ALL {
        pending_mails::remove_before(transaction, purpose, now.plus_seconds(-purpose.lifetime_seconds()))?;
    }
    users::forget_addresses_before(transaction, now.plus_seconds(-KEEP_ADDRESSES_SECONDS))?;
    Ok(())
}

/// A fault that lasts is logged once.
fn report(failing: &mut bool, outcome: Result<(), AppError>) {
    match outcome {
        Ok(()) => *failing = false,
        Err(error) => {
            if !std::mem::replace(failing, true) {
                log::error!("maintenance failed and will be tried again: {error}");
            }
        }
    }
}
