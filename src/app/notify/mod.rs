//! Lets owners and webhooks know what has happened. One thread with a small runtime beside it, both of low priority; the
//! token endpoint never waits for them. What is to be sent is in the database alone, so a node that is killed loses
//! nothing: what it had taken comes up again when its lease ends, on any node, under the same id. At least once, in no
//! certain order.
//!
//! Each turn: write down what came back (`record`), make deliveries of new events (`fan_out`), start what is due
//! (`attempt`, `link_mail`) as far as there is room (`in_flight`), look at some keys when the daily `sweep` is due, and clean up.

mod attempt;
mod fan_out;
mod in_flight;
mod link_mail;
mod mail_text;
mod owners;
mod record;
mod sweep;

use std::collections::HashSet;
use std::fmt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use self::attempt::{Means, Report};
use self::in_flight::InFlight;
use self::link_mail::{LinkMails, LinkMeans, LinkReport};
use self::sweep::Sweep;
use super::maintain::{NICE, step_back};
use super::{AppError, Management, Metrics, random_bits};
use crate::clock;
use crate::crypto::login_key::LoginKey;
use crate::domain::delivery::Channel;
use crate::domain::id::EventId;
use crate::domain::time::Timestamp;
use crate::outbound::{Mailer, SmtpSettings, WebhookClient};
use crate::store::{deliveries, events};

/// How often new events are looked for.
const TURN_EVERY: Duration = Duration::from_millis(500);
const GATHER: Duration = Duration::from_millis(10);
const TIDY_EVERY: Duration = Duration::from_secs(60);
const MEASURE_EVERY: Duration = Duration::from_secs(15);
/// How long events and their deliveries can be looked at.
const KEEP_SECONDS: i64 = 30 * 86_400;
const REMOVED_AT_ONCE: i64 = 500;
/// How long a stop waits for attempts under way; what does not come back is tried again by the next node.
const LAST_REPORTS: Duration = Duration::from_millis(800);
const LAST_TURN: Duration = Duration::from_millis(1_500);

/// What the notifications are made with.
#[derive(Debug)]
pub struct Notifications {
    /// The database, the keys of secrets, where webhooks may be.
    pub management: Arc<Management>,
    /// What links in mails are made with.
    pub links: LoginKey,
    /// Where mail is handed in; `None`: no mail.
    pub smtp: Option<SmtpSettings>,
    /// Who writes, and where links lead.
    pub issuer: String,
    /// What counts.
    pub metrics: Metrics,
}

/// Why they could not be started. One line.
#[derive(Debug)]
pub struct NotStarted(String);

impl fmt::Display for NotStarted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "notifications cannot be sent: {}", self.0)
    }
}

impl std::error::Error for NotStarted {}

/// What wakes the thread.
#[derive(Debug)]
enum Message {
    Finished(Report),
    LinkSent(LinkReport),
    Stop,
}

/// The thread that sends, until it is dropped.
#[derive(Debug)]
pub struct Notifier {
    messages: Sender<Message>,
    stopping_since: OnceLock<Instant>,
    thread: Option<JoinHandle<()>>,
}

impl Notifier {
    /// Starts the thread.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn start(work: Notifications) -> Result<Self, NotStarted> {
        let client = WebhookClient::new(&work.management.networks).map_err(|error| NotStarted(error.to_string()))?;
        let mailer = work.smtp.map(Mailer::new).transpose().map_err(|error| NotStarted(error.error))?;
        if mailer.is_none() {
            log::info!("no mail is sent: there is no smtp_url");
        }
        let holder =
            EventId::from_parts(clock::unix_milliseconds(), random_bits().map_err(|error| NotStarted(error.to_string()))?);
        let (sender, receiver) = channel();
        let messages = sender.clone();
        let run = move || {
            // Before the runtime is made: its threads have the priority of the one that makes them.
            step_back(NICE);
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .max_blocking_threads(MOST_LOOKUPS)
                .thread_name("deliveries")
                .enable_all()
                .build();
            match runtime {
                Err(error) => log::error!("no notification is sent until the next start: {error}"),
                Ok(runtime) => {
                    let worker = Worker {
                        management: work.management,
                        metrics: work.metrics,
                        issuer: work.issuer,
                        client,
                        mailer,
                        links: work.links,
                        link_mails: LinkMails::default(),
                        runtime,
                        messages,
                        in_flight: InFlight::default(),
                        unwritten: Vec::new(),
                        sweep: Sweep::new(holder.to_string()),
                        failing: HashSet::new(),
                        tidied: Instant::now(),
                        measured: None,
                    };
                    worker.run(&receiver);
                }
            }
        };
        let thread = std::thread::Builder::new().name("notifications".to_owned()).spawn(run);
        let thread = thread.map_err(|error| NotStarted(error.to_string()))?;
        Ok(Self { messages: sender, stopping_since: OnceLock::new(), thread: Some(thread) })
    }

    /// Lets the thread come to its end while others do; nothing new is begun.
    pub fn order_stop(&self) {
        if self.stopping_since.set(Instant::now()).is_ok() {
            let _ = self.messages.send(Message::Stop);
        }
    }
}

/// Names being resolved at once: the system's resolver blocks a thread for each, longer than an attempt waits for it.
const MOST_LOOKUPS: usize = 128;

impl Drop for Notifier {
    fn drop(&mut self) {
        self.order_stop();
        let Some(thread) = self.thread.take() else { return };
        let asked = self.stopping_since.get().copied().unwrap_or_else(Instant::now);
        while !thread.is_finished() && asked.elapsed() < LAST_TURN {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

struct Worker {
    management: Arc<Management>,
    metrics: Metrics,
    issuer: String,
    client: WebhookClient,
    mailer: Option<Mailer>,
    links: LoginKey,
    link_mails: LinkMails,
    runtime: Runtime,
    messages: Sender<Message>,
    in_flight: InFlight,
    /// What came back and is not written down yet.
    unwritten: Vec<Report>,
    sweep: Sweep,
    /// The steps that failed the last time.
    failing: HashSet<&'static str>,
    tidied: Instant,
    measured: Option<Instant>,
}

impl Worker {
    fn run(mut self, messages: &Receiver<Message>) {
        loop {
            let is_busy = self.turn();
            if self.listen(messages, if is_busy { Duration::ZERO } else { TURN_EVERY }) {
                break;
            }
        }
        let asked = Instant::now();
        while !(self.in_flight.is_empty() && self.link_mails.is_empty()) && asked.elapsed() < LAST_REPORTS {
            self.listen(messages, Duration::from_millis(20));
        }
        self.step("what became of deliveries could not be written down", Self::record);
        self.runtime.shutdown_background();
    }

    /// Waits for the first message and takes those behind it; whether one was the order to stop.
    fn listen(&mut self, messages: &Receiver<Message>, patience: Duration) -> bool {
        let mut next = messages.recv_timeout(patience);
        if matches!(next, Ok(Message::Finished(_) | Message::LinkSent(_))) {
            // Others are about to come back too, and one turn does for all.
            std::thread::sleep(GATHER);
        }
        loop {
            match next {
                Ok(Message::Finished(report)) => {
                    self.in_flight.leave(&report.lane);
                    self.unwritten.push(report);
                }
                Ok(Message::LinkSent(report)) => self.link_mails.came_back(report),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return true,
                Err(RecvTimeoutError::Timeout) => return false,
            }
            next = messages.recv_timeout(Duration::ZERO);
        }
    }

    /// Does what is to be done now; whether there may be more.
    fn turn(&mut self) -> bool {
        self.step("what became of deliveries could not be written down", Self::record);
        let mut is_busy = false;
        self.step("events could not be turned into deliveries", |this| {
            is_busy = fan_out::fan_out(&this.management.db, this.mailer.is_some(), clock::now())?;
            Ok(())
        });
        self.step("deliveries could not be started", |this| {
            is_busy |= this.start(Channel::Webhook)?;
            if this.mailer.is_some() {
                is_busy |= this.start(Channel::Email)?;
            }
            Ok(())
        });
        self.step("mails with links could not be started", Self::start_links);
        self.step("the daily sweep has stopped for now", |this| this.sweep.step(&this.management.db, clock::now()));
        self.step("old events could not be removed", Self::tidy);
        self.step("the queue could not be measured", Self::measure);
        is_busy
    }

    /// A fault that lasts is logged once.
    fn step(&mut self, what: &'static str, work: impl FnOnce(&mut Self) -> Result<(), AppError>) {
        match work(self) {
            Ok(()) => drop(self.failing.remove(what)),
            Err(error) => {
                if self.failing.insert(what) {
                    log::error!("{what}; it will be tried again: {error}");
                }
            }
        }
    }

    fn record(&mut self) -> Result<(), AppError> {
        if !self.unwritten.is_empty() {
            record::record(&self.management, &self.metrics, &self.unwritten, clock::now())?;
            self.unwritten.clear();
        }
        self.link_mails.record(&self.management.db, &self.metrics)
    }

    fn start(&mut self, channel: Channel) -> Result<bool, AppError> {
        let now = clock::now();
        let chosen = attempt::choose(&self.management.db, channel, &self.in_flight, now)?;
        if chosen.is_empty() {
            return Ok(false);
        }
        let lease = format!("{:x}", random_bits()?);
        let mut started = 0_usize;
        let means = Means { db: &self.management.db, envelope: &self.management.webhook_secrets, issuer: &self.issuer };
        for attempt in means.take(&chosen, &lease, now)? {
            started += 1;
            self.in_flight.enter(&attempt.lane);
            let (client, mailer) = (self.client.clone(), self.mailer.clone());
            self.runtime.spawn(attempt.run(client, mailer, self.messages.clone()));
        }
        // Without room the next that comes back wakes this thread.
        Ok(started > 0 && self.in_flight.free(channel) > 0)
    }

    fn start_links(&mut self) -> Result<(), AppError> {
        let Some(mailer) = &self.mailer else { return Ok(()) };
        let (db, key, issuer, runtime) = (&self.management.db, &self.links, self.issuer.as_str(), &self.runtime);
        self.link_mails.start(&LinkMeans { db, key, mailer, issuer, runtime }, &self.messages)
    }

    fn tidy(&mut self) -> Result<(), AppError> {
        if self.tidied.elapsed() < TIDY_EVERY {
            return Ok(());
        }
        let now = clock::now();
        let oldest = u64::try_from(now.plus_seconds(-KEEP_SECONDS).unix()).unwrap_or_default().saturating_mul(1_000);
        let oldest = EventId::from_parts(oldest, 0);
        let removed = self.management.db.write(now, |transaction| events::remove_before(transaction, oldest, REMOVED_AT_ONCE))?;
        // As long as there are many, one lot after the other.
        if i64::try_from(removed).is_ok_and(|count| count < REMOVED_AT_ONCE) {
            self.tidied = Instant::now();
        }
        Ok(())
    }

    fn measure(&mut self) -> Result<(), AppError> {
        if self.measured.is_some_and(|at| at.elapsed() < MEASURE_EVERY) {
            return Ok(());
        }
        self.measured = Some(Instant::now());
        let now = clock::now();
        let age = |oldest: Option<Timestamp>| oldest.map_or(0, |at| now.unix().saturating_sub(at.unix()));
        let (waiting, oldest) = self.management.db.read(events::waiting)?;
        self.metrics.events_waiting(waiting, age(oldest));
        for channel in Channel::ALL {
            let (waiting, oldest) = self.management.db.read(|connection| deliveries::waiting(connection, channel))?;
            self.metrics.deliveries_waiting(channel, waiting, age(oldest));
        }
        Ok(())
    }
}
