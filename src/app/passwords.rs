//! The threads that hash passwords: few, in the background, with a short queue. A hash takes tens of milliseconds of a
//! core and 19 MiB, so a flood of logins must neither take the memory nor keep the token endpoint waiting.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::maintain::step_back;

/// Each takes 19 MiB while it works.
const MOST_THREADS: usize = 4;
/// Those that wait.
const QUEUE: usize = 64;
/// For how long at most: on a machine that is busy otherwise, it is better to say so.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// A quarter of a core at least, when requests for tokens want all of it.
const NICE: i32 = 5;

type Job = Box<dyn FnOnce() + Send>;

/// More is asked for than can be done in a few seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// The threads.
#[derive(Debug)]
pub(super) struct Passwords {
    jobs: SyncSender<Job>,
}

impl Passwords {
    /// Starts the threads; they end when this is dropped.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start() -> std::io::Result<Self> {
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

    /// Runs `work` on one of the threads, and waits for its answer.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full or does not move.
    pub(super) fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (answer, answered) = sync_channel(1);
        let asked = Instant::now();
        let job = move || {
            // Whoever asked has gone by then.
            if asked.elapsed() < LONGEST_WAIT {
                drop(answer.send(work()));
            }
        };
        self.jobs.try_send(Box::new(job)).map_err(|_| Busy)?;
        answered.recv_timeout(LONGEST_WAIT).map_err(|_| Busy)
    }
}

fn run(waiting: &Mutex<Receiver<Job>>) {
    step_back(NICE);
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

    #[test]
    fn a_full_queue_refuses_and_recovers() {
        let passwords = Passwords::with(1, 2).unwrap();
        let done = std::thread::scope(|scope| {
            let slow = || passwords.run(|| std::thread::sleep(Duration::from_millis(200)));
            let all: Vec<_> = (0..20).map(|_| scope.spawn(slow)).collect();
            all.into_iter().map(|thread| thread.join().unwrap()).filter(Result::is_ok).count()
        });
        assert!((2..=4).contains(&done), "{done}");
        assert_eq!(passwords.run(|| 7), Ok(7));
    }
}
