//! The main port: limits, start and stop.

use std::fmt;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::{App, HttpServer, web};
use metrics_exporter_prometheus::PrometheusHandle;
use rustls::ServerConfig;

use super::state::{Life, State};
use super::{client_certificate, dashboard, metrics, routes, tls};
use crate::config::{ServeSettings, Transport};
use crate::oauth::mutual_tls::MutualTls;

/// How long a head may take.
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// Longer than the 60 s after which common load balancers drop an idle connection: they must be the ones to close.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How often stalled connections are looked for.
const WATCH_EVERY: Duration = Duration::from_secs(2);
/// How long accepted connections get to reach their workers.
const HANDOVER: Duration = Duration::from_millis(100);
/// How long bodies under way get after the order to stop.
const BODY_GRACE: Duration = Duration::from_millis(1_500);
/// How long connections get after that; with [`BODY_GRACE`] below the 5 s within which a stop is over.
const STOP_GRACE_SECONDS: u64 = 2;

/// Why the server did not start. One line.
#[derive(Debug)]
pub struct ServerError(String);

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ServerError {}

/// A server that takes requests.
#[derive(Debug)]
pub struct RunningServer {
    handle: ServerHandle,
    metrics: Option<ServerHandle>,
    state: web::Data<State>,
}

/// Starts the main port and, when there is one, the metrics port. Both futures must be driven until they end.
///
/// # Errors
/// [`ServerError`].
pub fn start(
    settings: &ServeSettings,
    state: State,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    metrics_port: Option<(TcpListener, PrometheusHandle)>,
) -> Result<(RunningServer, Server, Option<Server>), ServerError> {
    let failed = |error: std::io::Error| ServerError(format!("the server did not start: {error}"));
    let metrics_server = metrics_port
        .map(|(listener, recorder)| metrics::server(listener, recorder, std::sync::Arc::clone(&state.issuer)))
        .transpose()
        .map_err(failed)?;
    let state = web::Data::new(state);
    let (shared, watched) = (state.clone(), state.clone());
    let issuer_path = state.issuer_path.clone();
    let app = move || {
        App::new()
            .app_data(shared.clone())
            .configure(|service| routes::configure(service, &issuer_path))
            .default_service(web::to(dashboard::not_found))
    };
    let server = HttpServer::new(app)
        .workers(settings.workers)
        .max_connections(settings.max_connections)
        .backlog(1_024)
        .keep_alive(KEEP_ALIVE)
        .client_request_timeout(HEAD_DEADLINE)
        .client_disconnect_timeout(Duration::from_secs(1))
        .tcp_nodelay(true)
        .shutdown_timeout(STOP_GRACE_SECONDS)
        .on_connect(move |stream, data| {
            watched.connections.opened(stream, data);
            client_certificate::note(stream, data);
        })
        .disable_signals();
    let server = match tls {
        None => server.listen(listener),
        Some(tls) => server.listen_rustls_0_23(listener, tls),
    };
    let server = server.map_err(failed)?.run();
    let guarded = state.clone();
    actix_web::rt::spawn(async move {
        loop {
            tokio::time::sleep(WATCH_EVERY).await;
            guarded.connections.end_stalled();
        }
    });
    let running = RunningServer { handle: server.handle(), metrics: metrics_server.as_ref().map(Server::handle), state };
    Ok((running, server, metrics_server))
}

/// Reads the certificate and the key, if there are any: a fault in them is to be known before anything is changed. With
/// `mutual_tls` clients are asked for a certificate.
///
/// # Errors
/// [`ServerError`].
pub fn load_tls(transport: &Transport, mutual_tls: Option<&MutualTls>) -> Result<Option<ServerConfig>, ServerError> {
    match transport {
        Transport::Plain => Ok(None),
        Transport::Tls { certificate_chain, private_key } => {
            tls::load(certificate_chain, private_key, mutual_tls).map(Some).map_err(ServerError)
        }
    }
}

impl RunningServer {
    /// Stops within 5 s, in this order: not ready, no new connections, the requests under way finish, bodies that
    /// still trickle in are cut.
    pub async fn stop(self) {
        self.state.life.send_replace(Life::Draining);
        // Connections that are accepted but not yet with their worker would be dropped by a stop.
        self.handle.pause().await;
        tokio::time::sleep(HANDOVER).await;
        let mut stopped = std::pin::pin!(self.handle.stop(true));
        if tokio::time::timeout(BODY_GRACE, stopped.as_mut()).await.is_err() {
            self.state.life.send_replace(Life::CuttingBodies);
            stopped.await;
        }
        if let Some(metrics) = self.metrics {
            metrics.stop(false).await;
        }
    }
}
