//! What the server counts, with the handles kept so that counting costs next to nothing.

use std::time::Duration;

use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};

use metrics::{Counter, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use super::limits::RateLimiter;
use crate::directory::{Directory, DirectoryCounts};
use crate::oauth::error::OAuthError;

/// Handles of the process-wide recorder.
#[derive(Clone)]
pub struct Metrics {
    tokens_issued: Counter,
    signing: Histogram,
    token_answers: Histogram,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

const TOKENS: &str = "claviger_tokens_issued_total";
const REFUSALS: &str = "claviger_token_refusals_total";
const SIGNING: &str = "claviger_signing_duration_seconds";
const REQUESTS: &str = "claviger_http_request_duration_seconds";
const HITS: &str = "claviger_directory_hits_total";
const MISSES: &str = "claviger_directory_misses_total";
const KEYS: &str = "claviger_directory_keys";
const KEYS_COUNTED: &str = "claviger_rate_limit_keys";
const STALENESS: &str = "claviger_feed_lag_seconds";

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
        describe_counter!(REFUSALS, "Token requests refused, by error and reason");
        describe_histogram!(SIGNING, Unit::Seconds, "Time to sign one access token");
        describe_histogram!(REQUESTS, Unit::Seconds, "Time from a request's head to its answer, by endpoint and status");
        describe_counter!(HITS, "Key look-ups answered from memory");
        describe_counter!(MISSES, "Key look-ups that asked the database");
        describe_gauge!(KEYS, "API keys in memory");
        describe_gauge!(KEYS_COUNTED, "API keys whose requests are counted against a rate plan at present");
        describe_gauge!(STALENESS, Unit::Seconds, "Time since the change feed was read to its end");
        Self {
            tokens_issued: counter!(TOKENS),
            signing: histogram!(SIGNING),
            token_answers: histogram!(REQUESTS, "endpoint" => "token", "status" => "200"),
        }
    }

    /// Counts an issued token and the time that its signature took.
    pub fn token_issued(&self, signing: Duration) {
        self.tokens_issued.increment(1);
        self.signing.record(signing);
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

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}
