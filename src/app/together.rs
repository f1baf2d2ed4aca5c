//! Small writes that come at the same time, in one transaction: each costs the database a sync of its own otherwise, and all
//! of them the lock that writers wait for. Who comes alone is written at once.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::directory::LookupError;

/// What became of one write.
pub(super) type Written<A> = Result<A, LookupError>;

/// How much waits, and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Writes in one transaction: none of them waits long for the others.
    pub(super) at_once: usize,
    /// Writes that may wait: past that the database is so far behind that it would answer in vain.
    pub(super) waiting: usize,
    /// How long a request waits for the database before it is told to come again.
    pub(super) wait: Duration,
    /// Whether what nobody waits for any more is written all the same.
    pub(super) keeps_abandoned: bool,
}

type Write<T, A> = dyn Fn(Vec<T>) -> Vec<Written<A>> + Send + Sync;

/// Gathers writes. One task at a time hands them to `write`, which answers each, in order.
pub(super) struct Together<T, A> {
    write: Box<Write<T, A>>,
    bounds: Bounds,
    waiting: Mutex<Waiting<T, A>>,
}

struct Waiting<T, A> {
    asked: Vec<Asked<T, A>>,
    is_writing: bool,
}

struct Asked<T, A> {
    what: T,
    answer: oneshot::Sender<Written<A>>,
}

impl<T, A> fmt::Debug for Together<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Together").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

impl<T: Send + 'static, A: Send + 'static> Together<T, A> {
    pub(super) fn new(bounds: Bounds, write: impl Fn(Vec<T>) -> Vec<Written<A>> + Send + Sync + 'static) -> Self {
        let waiting = Mutex::new(Waiting { asked: Vec::new(), is_writing: false });
        Self { write: Box::new(write), bounds, waiting }
    }

    /// Has this written, and says what became of it. What is not answered in time may still be written.
    ///
    /// # Errors
    /// [`LookupError::Unavailable`] when the database does not say.
    pub(super) async fn write(self: &Arc<Self>, what: T) -> Written<A> {
        let (answer, answered) = oneshot::channel();
        let must_start = {
            let mut waiting = self.waiting();
            if waiting.asked.len() >= self.bounds.waiting {
                return Err(LookupError::Unavailable("too much waits for the database".to_owned()));
            }
            waiting.asked.push(Asked { what, answer });
            !std::mem::replace(&mut waiting.is_writing, true)
        };
        if must_start {
            let this = Arc::clone(self);
            tokio::task::spawn_blocking(move || this.write_waiting());
        }
        match tokio::time::timeout(self.bounds.wait, answered).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(LookupError::Unavailable("the write was cut short".to_owned())),
            Err(_) => Err(LookupError::Unavailable("the database did not write in time".to_owned())),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<T, A>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_waiting(&self) {
        loop {
            let asked: Vec<Asked<T, A>> = {
                let mut waiting = self.waiting();
                let count = waiting.asked.len().min(self.bounds.at_once);
                if count == 0 {
                    waiting.is_writing = false;
                    break;
                }
                waiting.asked.drain(..count).collect()
            };
            let wanted = asked.into_iter().filter(|asked| self.bounds.keeps_abandoned || !asked.answer.is_closed());
            let (all, answers): (Vec<_>, Vec<_>) = wanted.map(|asked| (asked.what, asked.answer)).unzip();
            if all.is_empty() {
                continue;
            }
            // Made after the answers: these are told of a panic when there is room for another task already.
            let mut unfinished = Unfinished(Some(self));
            let written = (self.write)(all);
            unfinished.0 = None;
            // Who asked may have given up.
            answers.into_iter().zip(written).for_each(|(asked, answer)| drop(asked.send(answer)));
        }
    }
}

/// A write under way. One that panics ends its task, and makes room for another.
struct Unfinished<'a, T, A>(Option<&'a Together<T, A>>);

impl<T, A> Drop for Unfinished<'_, T, A> {
    fn drop(&mut self) {
        if let Some(together) = self.0 {
            together.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_writing = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    const BOUNDS: Bounds = Bounds { at_once: 8, waiting: 64, wait: Duration::from_secs(20), keeps_abandoned: false };

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_comes_meanwhile_is_written_together_and_each_gets_its_own_answer() {
        let (go, gate) = mpsc::channel::<()>();
        let (batches, gate) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(gate));
        let seen = Arc::clone(&batches);
        let together = Arc::new(Together::new(BOUNDS, move |all: Vec<u32>| {
            gate.lock().unwrap().recv().unwrap();
            seen.lock().unwrap().push(all.len());
            all.into_iter().map(|n| if n == 7 { Err(LookupError::Corrupt("7".to_owned())) } else { Ok(n * 2) }).collect()
        }));
        let ask = |n: u32| {
            let together = Arc::clone(&together);
            tokio::spawn(async move { together.write(n).await })
        };
        let mut all = vec![ask(0)];
        while !together.waiting().is_writing || !together.waiting().asked.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        all.extend((1..=20).map(ask));
        while together.waiting().asked.len() < 20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        (0..4).for_each(|_| go.send(()).unwrap());
        for (n, task) in (0..).zip(all) {
            match task.await.unwrap() {
                Ok(double) => assert_eq!(double, n * 2),
                Err(_) => assert_eq!(n, 7),
            }
        }
        assert_eq!(*batches.lock().unwrap(), [1, 8, 8, 4]);
        assert!(!together.waiting().is_writing);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_gives_up_before_the_turn_is_not_written() {
        let (go, gate) = mpsc::channel::<()>();
        let (seen, gate) = (Arc::new(Mutex::new(Vec::new())), Mutex::new(gate));
        let written = Arc::clone(&seen);
        let together = Arc::new(Together::new(BOUNDS, move |all: Vec<u32>| {
            gate.lock().unwrap().recv().unwrap_or_default();
            written.lock().unwrap().extend(all.clone());
            all.into_iter().map(Ok).collect()
        }));
        let ask = |n: u32| {
            let together = Arc::clone(&together);
            tokio::spawn(async move { together.write(n).await })
        };
        let first = ask(1);
        while !together.waiting().is_writing || !together.waiting().asked.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let gone = ask(2);
        while together.waiting().asked.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        gone.abort();
        assert!(gone.await.is_err());
        drop(go);
        assert_eq!(first.await.unwrap().ok(), Some(1));
        assert_eq!(together.write(3).await.ok(), Some(3));
        assert_eq!(*seen.lock().unwrap(), [1, 3]);
    }

    #[tokio::test]
    async fn a_panic_is_not_the_end_and_nobody_waits_for_ever() {
        let calls = AtomicUsize::new(0);
        let together = Arc::new(Together::new(BOUNDS, move |all: Vec<u32>| {
            assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first one fails");
            all.into_iter().map(Ok).collect()
        }));
        assert!(together.write(1).await.is_err());
        assert_eq!(together.write(2).await.ok(), Some(2));

        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        let bounds = Bounds { wait: Duration::from_millis(20), ..BOUNDS };
        let stuck = Arc::new(Together::new(bounds, move |all: Vec<u32>| {
            gate.lock().unwrap().recv().unwrap_or_default();
            all.into_iter().map(Ok).collect()
        }));
        assert!(stuck.write(1).await.is_err());
        drop(go);
    }

    #[tokio::test]
    async fn too_many_are_turned_away() {
        let bounds = Bounds { waiting: 0, ..BOUNDS };
        let together = Arc::new(Together::new(bounds, |all: Vec<u32>| all.into_iter().map(Ok).collect()));
        assert!(together.write(1).await.is_err());
    }
}
