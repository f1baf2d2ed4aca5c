//! Look-ups that memory cannot answer. Those that wait at the same time are answered together, by one thread in one
//! read of the database: with many of them that is several times cheaper than a thread and a transaction for each.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::{AbsentKey, DATABASE_WAIT, Directory, LoadedKey, LookupError};
use crate::domain::id::ClientId;
use crate::store::key_entries::{self, Found};

/// Ids in one read: none of them waits long for the others.
const TOGETHER: usize = 64;
/// Threads at once. One serves a quick database best, because then most is asked together; more are for the slow one.
const THREADS: usize = 4;
/// When what waits has waited so long, another thread helps.
const LONG: Duration = Duration::from_millis(20);
/// Ids that may wait: past that the database is so far behind that it would answer in vain.
const MOST_WAITING: usize = 10_000;

type Answer = Result<LoadedKey, LookupError>;

/// The ids that wait.
#[derive(Debug, Default)]
pub(super) struct Loader(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    asked: Vec<Asked>,
    threads: usize,
}

#[derive(Debug)]
struct Asked {
    id: ClientId,
    at: Instant,
    answer: oneshot::Sender<Answer>,
}

impl Loader {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `asked` to the others; says whether the caller must start a thread that answers.
    fn ask(&self, asked: Asked) -> Result<bool, LookupError> {
        let mut waiting = self.waiting();
        if waiting.asked.len() >= MOST_WAITING {
            return Err(LookupError::Unavailable("too many look-ups wait for the database".to_owned()));
        }
        let behind = waiting.asked.first().is_some_and(|first| asked.at.duration_since(first.at) >= LONG);
        waiting.asked.push(asked);
        let start = waiting.threads == 0 || (behind && waiting.threads < THREADS);
        waiting.threads += usize::from(start);
        Ok(start)
    }

    /// What is to be answered next; when nothing is, the thread is at its end.
    fn next(&self) -> Option<Vec<Asked>> {
        let mut waiting = self.waiting();
        let count = waiting.asked.len().min(TOGETHER);
        if count == 0 {
            waiting.threads = waiting.threads.saturating_sub(1);
            return None;
        }
        Some(waiting.asked.drain(..count).collect())
    }
}

/// A thread that answers. One that panics makes room for another.
struct Thread<'a>(Option<&'a Loader>);

impl Drop for Thread<'_> {
    fn drop(&mut self) {
        if let Some(loader) = self.0 {
            let mut waiting = loader.waiting();
            waiting.threads = waiting.threads.saturating_sub(1);
        }
    }
}

impl Directory {
    /// The key of this id from the database, kept in memory. It is what the database holds now or later, never
    /// what was read before the question.
    ///
    /// # Errors
    /// [`LookupError`].
    pub async fn load_key(self: &Arc<Self>, id: ClientId) -> Answer {
        self.misses.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        if self.loader.ask(Asked { id, at: Instant::now(), answer })? {
            let directory = Arc::clone(self);
            tokio::task::spawn_blocking(move || directory.answer_waiting());
        }
        match tokio::time::timeout(DATABASE_WAIT, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(LookupError::Unavailable("a look-up was cut short".to_owned())),
            Err(_) => Err(LookupError::too_slow()),
        }
    }

    fn answer_waiting(&self) {
        let mut thread = Thread(Some(&self.loader));
        loop {
            // A busy worker gets to ask for more first.
            std::thread::yield_now();
            let Some(mut asked) = self.loader.next() else { break };
            // Who has given up waiting is not looked up.
            asked.retain(|asked| !asked.answer.is_closed());
            self.answer(asked);
        }
        thread.0 = None;
    }

    fn answer(&self, asked: Vec<Asked>) {
        let epoch = self.epoch.load(Ordering::SeqCst);
        let ids: Vec<ClientId> = asked.iter().map(|asked| asked.id).collect();
        let found = self.db.read(|connection| key_entries::find_all(connection, &ids, &self.sharing));
        match found {
            Ok(found) => {
                for (asked, found) in asked.into_iter().zip(found) {
                    let answer = found.map_err(LookupError::from).and_then(|found| self.remember(asked.id, found, epoch));
                    // Who asked may have given up.
                    drop(asked.answer.send(answer));
                }
            }
            Err(error) => {
                let error = LookupError::from(error);
                asked.into_iter().for_each(|asked| drop(asked.answer.send(Err(error.clone()))));
            }
        }
    }

    fn remember(&self, id: ClientId, found: Found, epoch: u64) -> Answer {
        let was_deleted = match found {
            Found::Key(entry) => {
                let knows_plan = entry.plan.as_ref().is_none_or(|plan| self.plans.load().knows(plan));
                if !knows_plan || !self.catalogue.load().knows_all(entry.holding.named_scopes()) {
                    // Made together with its scopes or plan a moment ago; the feed has told of neither yet.
                    self.reload()?;
                }
                return Ok(LoadedKey::Known(self.keep(entry, epoch)));
            }
            Found::Deleted => true,
            Found::Unknown => false,
        };
        let absent = AbsentKey { was_deleted, loaded_at: Instant::now() };
        self.absent.insert(id, absent);
        if self.epoch.load(Ordering::SeqCst) != epoch {
            self.absent.remove(&id);
        }
        Ok(LoadedKey::Absent(absent))
    }
}
