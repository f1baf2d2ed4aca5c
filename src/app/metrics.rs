//! What the server counts, with the handles kept so that counting costs next to nothing.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::limits::RateLimiter;
use crate::directory::{Directory, DirectoryCounts};
use crate::domain::delivery::Channel;
use crate::oauth::error::OAuthError;

/// Handles of the process-wide recorder.
#[derive(Clone)]
pub struct Metrics {
    tokens_issued: Counter,
    signing: Histogram,
    token_answers: Histogram,
    introspected: [Counter; 2],
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

const TOKENS: &str = "claviger_tokens_issued_total";
const INTROSPECTIONS: &str = "claviger_introspections_total";
const REFUSALS: &str = "claviger_token_refusals_total";
const SIGNING: &str = "claviger_signing_duration_seconds";
const REQUESTS: &str = "claviger_http_request_duration_seconds";
const HITS: &str = "claviger_directory_hits_total";
const MISSES: &str = "claviger_directory_misses_total";
const KEYS: &str = "claviger_directory_keys";
const KEYS_COUNTED: &str = "claviger_rate_limit_keys";
const STALENESS: &str = "claviger_feed_lag_seconds";
const DELIVERIES: &str = "claviger_deliveries_total";
const DELIVERIES_WAITING: &str = "claviger_deliveries_waiting";
const DELIVERIES_AGE: &str = "claviger_deliveries_oldest_seconds";
const EVENTS_WAITING: &str = "claviger_events_waiting";
const EVENTS_AGE: &str = "claviger_events_oldest_seconds";

/// Upper bounds of the latency histograms, in seconds.
const LATENCY_BUCKETS_SECONDS: [f64; 14] =
    [0.00005, 0.0001, 0.0002, 0.0004, 0.0006, 0.0008, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0];

/// Makes the Prometheus recorder the process's own; to be called once.
///
/// # Errors
/// When there is a recorder already.
pub fn install_recorder() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new().set_buckets(&LATENCY_BUCKETS_SECONDS)?.install_recorder()
}

impl Metrics {
    /// Describes the metrics and takes the handles. Install the recorder first.
    pub fn new() -> Self {
        describe_counter!(TOKENS, "Access tokens issued");
        describe_counter!(INTROSPECTIONS, "Tokens introspected, by whether they were active");
        describe_counter!(REFUSALS, "Token requests refused, by error and reason");
        describe_histogram!(SIGNING, Unit::Seconds, "Time to sign one access token");
        describe_histogram!(REQUESTS, Unit::Seconds, "Time from a request's head to its answer, by endpoint and status");
        describe_counter!(HITS, "Key look-ups answered from memory");
        describe_counter!(MISSES, "Key look-ups that asked the database");
        describe_gauge!(KEYS, "API keys in memory");
        describe_gauge!(KEYS_COUNTED, "API keys whose requests are counted against a rate plan at present");
        describe_gauge!(STALENESS, Unit::Seconds, "Time since the change feed was read to its end");
        describe_counter!(DELIVERIES, "Attempts to deliver an event, by channel and outcome");
        describe_gauge!(DELIVERIES_WAITING, "Deliveries to be made or made again, by channel");
        describe_gauge!(DELIVERIES_AGE, Unit::Seconds, "Age of the oldest of them, by channel");
        describe_gauge!(EVENTS_WAITING, "Events for which there are no deliveries yet");
        describe_gauge!(EVENTS_AGE, Unit::Seconds, "Age of the oldest of them");
        for waiting in [EVENTS_WAITING, EVENTS_AGE] {
            gauge!(waiting).set(0.0);
        }
        for channel in Channel::ALL {
            for outcome in ["delivered", "failed", "dead"] {
                counter!(DELIVERIES, "channel" => channel.as_str(), "outcome" => outcome).absolute(0);
            }
            for waiting in [DELIVERIES_WAITING, DELIVERIES_AGE] {
                gauge!(waiting, "channel" => channel.as_str()).set(0.0);
            }
        }
        Self {
            tokens_issued: counter!(TOKENS),
            signing: histogram!(SIGNING),
            token_answers: histogram!(REQUESTS, "endpoint" => "token", "status" => "200"),
            introspected: ["false", "true"].map(|active| counter!(INTROSPECTIONS, "active" => active)),
        }
    }

    /// Counts an issued token and the time that its signature took.
    pub fn token_issued(&self, signing: Duration) {
        self.tokens_issued.increment(1);
        self.signing.record(signing);
    }

    /// Counts an introspection and what it said.
    pub fn token_introspected(&self, active: bool) {
        let [dead, live] = &self.introspected;
        if active { live } else { dead }.increment(1);
    }

    /// Counts a refusal.
    pub fn token_refused(&self, error: OAuthError) {
        counter!(REFUSALS, "error" => error.code(), "reason" => error.reason()).increment(1);
    }

    /// Counts an answer of the token endpoint and the time that it took.
    pub fn token_answered(&self, status: u16, elapsed: Duration) {
        if status == 200 {
            self.token_answers.record(elapsed);
        } else {
            histogram!(REQUESTS, "endpoint" => "token", "status" => status.to_string()).record(elapsed);
        }
    }

    /// Counts an attempt to deliver an event: `delivered`, `failed` (it is tried again) or `dead`.
    pub fn delivery_tried(&self, channel: Channel, outcome: &'static str) {
        counter!(DELIVERIES, "channel" => channel.as_str(), "outcome" => outcome).increment(1);
    }

    /// How many deliveries of a channel wait, and the age of the oldest.
    pub fn deliveries_waiting(&self, channel: Channel, count: i64, oldest_seconds: i64) {
        gauge!(DELIVERIES_WAITING, "channel" => channel.as_str()).set(measured(count));
        gauge!(DELIVERIES_AGE, "channel" => channel.as_str()).set(measured(oldest_seconds));
    }

    /// How many events wait for their deliveries to be made, and the age of the oldest.
    pub fn events_waiting(&self, count: i64, oldest_seconds: i64) {
        gauge!(EVENTS_WAITING).set(measured(count));
        gauge!(EVENTS_AGE).set(measured(oldest_seconds));
    }

    /// Brings the directory's own counts up to date; called before the metrics are shown.
    pub fn observe(&self, directory: &Directory, limits: &RateLimiter) {
        let DirectoryCounts { hits, misses, keys } = directory.counts();
        counter!(HITS).absolute(hits);
        counter!(MISSES).absolute(misses);
        gauge!(KEYS).set(u32::try_from(keys).map_or(f64::MAX, f64::from));
        gauge!(KEYS_COUNTED).set(u32::try_from(limits.keys_counted()).map_or(f64::MAX, f64::from));
        gauge!(STALENESS).set(directory.staleness().as_secs_f64());
    }
}

fn measured(number: i64) -> f64 {
    u32::try_from(number.max(0)).map_or(f64::MAX, f64::from)
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
