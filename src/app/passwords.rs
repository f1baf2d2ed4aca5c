//! The threads that hash passwords: few, in the background, with a short queue. A hash takes tens of milliseconds of a
//! core and 19 MiB, so a flood of logins must neither take the memory nor keep the token endpoint waiting.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;

use super::maintain::step_back;

/// Each takes 19 MiB while it works.
const MOST_THREADS: usize = 4;
/// Those that wait; at two score a second and thread they wait for a few seconds at most.
const QUEUE: usize = 64;

type Job = Box<dyn FnOnce() + Send>;

/// More is asked for than can be done in a few seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The threads.
#[derive(Debug)]
pub struct Passwords {
    jobs: SyncSender<Job>,
}

impl Passwords {
    /// Starts the threads; they end when this is dropped.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start() -> std::io::Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with((processors / 2).clamp(1, MOST_THREADS), QUEUE)
    }

    fn with(threads: usize, queue: usize) -> std::io::Result<Self> {
        let (jobs, waiting) = sync_channel(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new().name("passwords".to_owned()).spawn(move || run(&waiting))?;
        }
        Ok(Self { jobs })
    }

    /// Runs `work` on one of the threads; not at all when nobody waits for its answer any more.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (answer, answered) = oneshot::channel();
        let job = move || {
            if !answer.is_closed() {
                // The asker may leave at any time.
                drop(answer.send(work()));
            }
        };
        self.jobs.try_send(Box::new(job)).map_err(|_| Busy)?;
        answered.await.map_err(|_| Busy)
    }
}

fn run(waiting: &Mutex<Receiver<Job>>) {
    step_back();
    loop {
        let next = match waiting.lock() {
            Ok(waiting) => waiting.recv(),
            Err(_) => return,
        };
        match next {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_full_queue_refuses_and_recovers() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let passwords = Arc::new(Passwords::with(1, 2).unwrap());
            let mut all = tokio::task::JoinSet::new();
            for _ in 0..20 {
                let passwords = Arc::clone(&passwords);
                all.spawn(async move { passwords.run(|| std::thread::sleep(Duration::from_millis(100))).await });
            }
            let done = all.join_all().await.iter().filter(|outcome| outcome.is_ok()).count();
            assert!((2..=4).contains(&done), "{done}");
            assert_eq!(passwords.run(|| 7).await, Ok(7));
        });
    }
}
