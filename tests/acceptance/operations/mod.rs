//! Running it: probes, metrics, logs, stopping, slow clients, TLS.

mod logs;
mod probes;
mod shutdown;
mod slow_clients;
mod tls;
