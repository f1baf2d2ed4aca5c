//! `claviger serve`

use std::io::IsTerminal;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderName;
use actix_web::rt::System;
use rustls::ServerConfig;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{Failure, logging, output, usage};
use crate::app::bootstrap;
use crate::app::demo::{Demo, prepare_demo};
use crate::app::issue_token::TokenIssuer;
use crate::app::limits::{Keeper, RateLimiter};
use crate::app::maintain::{Maintainer, Maintenance, warm_up};
use crate::app::notify::{Notifications, Notifier};
use crate::app::profiles::{Demand, publish_profile, weak_signer};
use crate::app::refusals::Refusals;
use crate::app::server_status::{ServerStatus, Setup};
use crate::app::set_up::{setup_link, setup_token};
use crate::app::signing_keys::{Occasion, publish_jwks_max_age, rotate_if_due};
use crate::app::status_lists::StatusDocuments;
use crate::app::usage_counts::UsageCounts;
use crate::app::{
    AppError, ClientKeys, FailureLimits, Failures, ForeignSecrets, Management, Metrics, OneTimeProofs, People, Revocations, Uses,
    catalogue, install_recorder, plans,
};
use crate::clock;
use crate::config::{CommonArguments, ServeArguments, ServeSettings, Transport};
use crate::crypto::client_ca::ClientCa;
use crate::crypto::random;
use crate::directory::{Directory, Follower};
use crate::oauth::dpop::ProofRules;
use crate::oauth::metadata::paths;
use crate::oauth::mutual_tls::MutualTls;
use crate::store::{Db, Patience};
use crate::web;

/// A little less than the 5 s within which a stop is over.
const STOP_WITHIN: Duration = Duration::from_millis(4_700);

/// Runs the server until it is told to stop.
pub(super) fn run(common: CommonArguments, arguments: ServeArguments) -> Result<(), Failure> {
    let settings = arguments.check(common).map_err(usage)?;
    let _log = logging::start(settings.log_level)?;
    // Everything that can stand against a start is looked at before the database is touched.
    let mutual_tls = mutual_tls(&settings)?;
    let tls = web::load_tls(&settings.transport, mutual_tls.as_ref()).map_err(usage)?;
    let listener = bind(settings.listen)?;
    let metrics_listener = settings.metrics_listen.map(bind).transpose()?;
    let settings = settings.bound_to(listener.local_addr()?);
    System::new().block_on(serve(settings, mutual_tls, listener, tls, metrics_listener))
}

/// What is done with clients' certificates. In our own TLS they are asked for wherever clients go.
fn mutual_tls(settings: &ServeSettings) -> Result<Option<MutualTls>, Failure> {
    let Some(certificates) = &settings.client_certificates else { return Ok(None) };
    let read = |file: &PathBuf| {
        let failed = |error: &dyn std::fmt::Display| usage(format!("the client CAs {}: {error}", file.display()));
        let pem = std::fs::read(file).map_err(|error| failed(&error))?;
        ClientCa::from_pem(&pem).map_err(|error| failed(&error))
    };
    Ok(Some(MutualTls {
        ca: certificates.ca.as_ref().map(read).transpose()?,
        takes_self_signed: certificates.takes_self_signed,
        base_url: certificates.base_url.clone(),
    }))
}

/// With our own TLS clients with certificates go where all go, unless the settings say otherwise.
fn with_base_url(mutual_tls: Option<MutualTls>, settings: &ServeSettings) -> Option<MutualTls> {
    let has_tls = matches!(settings.transport, Transport::Tls { .. });
    let own = has_tls.then(|| settings.issuer.trim_end_matches('/').to_owned());
    mutual_tls.map(|mutual_tls| MutualTls { base_url: mutual_tls.base_url.clone().or(own), ..mutual_tls })
}

fn client_certificate_header(settings: &ServeSettings) -> Result<Option<HeaderName>, Failure> {
    let header = settings.client_certificates.as_ref().and_then(|certificates| certificates.header.as_deref());
    let name = header.map(|header| HeaderName::from_bytes(header.as_bytes())).transpose();
    name.map_err(|error| usage(format!("client_cert_header: {error}")))
}

fn bind(address: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).map_err(|error| Failure::Failed(format!("cannot listen on {address}: {error}")))
}

async fn serve(
    settings: ServeSettings,
    mutual_tls: Option<MutualTls>,
    listener: TcpListener,
    tls: Option<ServerConfig>,
    metrics_listener: Option<TcpListener>,
) -> Result<(), Failure> {
    let (db, master_key) = bootstrap::open(
        &settings.common.db_options(Patience::Server, settings.migrate),
        &settings.common.master_key,
        settings.migrate,
    )?;
    let recorder = install_recorder()?;
    // What is there is read, and so judged, before anything is written.
    let (directory, seq) = Directory::open(&db, &master_key, settings.directory.clone())?;
    check_profile(&settings, &db)?;
    plans::adopt_default(&db, &settings.directory.default_plan).map_err(|error| match error {
        AppError::NotFound { .. } => usage(error),
        other => other.into(),
    })?;
    catalogue::name_own_api(&db, &settings.issuer)?;
    publish_profile(&db, settings.profile)?;
    publish_jwks_max_age(&db, settings.rotation.jwks_max_age_seconds)?;
    if let Some(kid) = rotate_if_due(&db, &master_key, settings.rotation, Occasion::Start)? {
        log::info!(kid = kid.as_str(); "made a signing key");
    }
    let pepper = master_key.pepper()?;
    let management = Management::new(db.clone(), &master_key, settings.roles)?;
    let management = Arc::new(management.with_networks(settings.webhook_networks.clone()));
    let demo = if settings.dev { prepare_demo(&management)? } else { None };
    let people = Arc::new(People::start(Arc::clone(&management), &master_key)?);
    let _follower = Follower::start(Arc::clone(&directory), seq, settings.feed_interval)?;
    warm_up(Arc::clone(&directory))?;
    let limits = Arc::new(RateLimiter::new(Arc::clone(&directory)));
    let keeper = Keeper::start(Arc::clone(&limits), db.clone(), random::name()?)?;
    let metrics = Metrics::new();
    let nonces = settings.requires_dpop_nonces.then(|| master_key.nonce_key()).transpose()?;
    let issuer = Arc::new(TokenIssuer {
        profile: settings.profile,
        client_keys: ClientKeys::new(settings.webhook_networks.clone())?,
        one_time: OneTimeProofs::new(db.clone()),
        revocations: Revocations::new(Arc::clone(&management)),
        issuer: settings.issuer.clone(),
        mutual_tls: with_base_url(mutual_tls, &settings),
        directory,
        limits,
        pepper,
        failures: Failures::new(FailureLimits::default()),
        proofs: ProofRules::new(&settings.issuer, nonces),
        foreign_secrets: ForeignSecrets::new(&master_key)?,
        uses: Uses::default(),
        usage: UsageCounts::default(),
        refusals: Refusals::default(),
        metrics: metrics.clone(),
        status_documents: StatusDocuments::default(),
    });
    let ready_staleness = (settings.feed_interval * 4).max(Duration::from_secs(2));
    let server = Arc::new(ServerStatus { setup: setup(&settings, ready_staleness), directory: Arc::clone(&issuer.directory) });
    let state = web::State::new(web::StateParts {
        issuer: Arc::clone(&issuer),
        management: Arc::clone(&management),
        people: Arc::clone(&people),
        server,
        sends_mail: settings.smtp.is_some(),
        trusted_proxies: settings.trusted_proxies.clone(),
        client_certificate_header: client_certificate_header(&settings)?,
        jwks_max_age_seconds: settings.rotation.jwks_max_age_seconds,
        ready_staleness,
    });
    // From here on a signal means an orderly stop.
    let signals = Signals::new()?;
    let metrics_port = metrics_listener.map(|listener| (listener, recorder.clone()));
    let (running, server, metrics_server) = web::start(&settings, state, listener, tls, metrics_port)?;
    let maintainer = Maintainer::start(Maintenance {
        db,
        management: Arc::clone(&management),
        master_key,
        issuer,
        rotation: settings.rotation,
        recorder,
    })?;
    let notifier = Notifier::start(Notifications {
        management,
        links: people.key.clone(),
        smtp: settings.smtp.clone(),
        issuer: settings.issuer.clone(),
        metrics,
    })?;
    let address = settings.listen.to_string();
    log::info!(address = address.as_str(), issuer = settings.issuer.as_str(), version = env!("CARGO_PKG_VERSION"); "listening");
    if settings.dev {
        announce(&settings, demo.as_ref())?;
    }
    announce_setup(&settings, &people)?;
    let stop_by = Arc::new(OnceLock::new());
    let ordered = Arc::clone(&stop_by);
    actix_web::rt::spawn(async move {
        signals.wait().await;
        let _ = ordered.set(Instant::now() + STOP_WITHIN);
        log::info!("stopping");
        running.stop().await;
    });
    match metrics_server {
        Some(metrics_server) => tokio::try_join!(server, metrics_server).map(drop)?,
        None => server.await?,
    }
    notifier.order_stop();
    // What was taken of rate plans is given back.
    drop(keeper);
    // The last uses and refusals are written.
    maintainer.finish(stop_by.get().copied().unwrap_or_else(Instant::now));
    drop(notifier);
    log::info!("stopped");
    Ok(())
}

/// What operators are shown of the settings.
fn setup(settings: &ServeSettings, ready_staleness: Duration) -> Setup {
    Setup {
        issuer: settings.issuer.clone(),
        started_at: clock::now(),
        listen: settings.listen,
        has_tls: matches!(settings.transport, Transport::Tls { .. }),
        trusted_proxies: settings.trusted_proxies.iter().map(ToString::to_string).collect(),
        metrics_listen: settings.metrics_listen,
        sends_mail: settings.smtp.is_some(),
        rotation: settings.rotation,
        default_plan: settings.directory.default_plan.clone(),
        max_keys: settings.directory.max_keys,
        ready_staleness,
    }
}

/// SIGTERM, and SIGINT from a terminal.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn wait(mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Lets the first operator in. The link is for whoever sits at the terminal: logs are read and kept by others.
fn announce_setup(settings: &ServeSettings, people: &People) -> Result<(), Failure> {
    let Some(token) = setup_token(&people.management.db, &people.key)? else { return Ok(()) };
    if std::io::stderr().is_terminal() {
        output::message(&format!("Set up the first operator: {}", setup_link(&settings.issuer, &token)));
    } else {
        log::info!("the platform has no operator yet: `claviger users setup-link` prints a link for the first one");
    }
    Ok(())
}

fn announce(settings: &ServeSettings, demo: Option<&Demo>) -> Result<(), Failure> {
    let Some(Demo { client_id, secret, email, password }) = demo else {
        output::message("There are organizations already, so --dev made no demo key; make one with `claviger keys create`.");
        return Ok(());
    };
    output::message("Paste this to get a token (the secret is new at each start; an earlier one works for a day more):");
    let base = settings.issuer.trim_end_matches('/');
    let password = String::from_utf8_lossy(password.expose());
    output::message(&format!("The demo's owner is {email} with the password {password} (new at each start too)."));
    output::line(&format!("curl -u {client_id}:{} -d grant_type=client_credentials {base}{}", secret.expose(), paths::TOKEN))
}

/// A server must not sign with what its profile, or that of one of its organizations, refuses to others.
fn check_profile(settings: &ServeSettings, db: &Db) -> Result<(), Failure> {
    let (demand, weak) = db.read(|connection| {
        let demand = Demand::of(connection, settings.profile)?;
        Ok((demand, weak_signer(connection, demand.profile, clock::now())?))
    })?;
    if let Some(algorithm) = settings.common.signing_algorithm.filter(|algorithm| !demand.profile.signs_with(*algorithm)) {
        return Err(Failure::Failed(format!("{demand} does not sign with {algorithm}: say PS256, ES256 or EdDSA")));
    }
    match weak {
        Some(algorithm) => Err(Failure::Failed(format!(
            "{demand} does not sign with {algorithm}, and a key that signs now, or soon will, does: `claviger signing-keys rotate --now \
             --alg PS256` replaces it at once"
        ))),
        None => Ok(()),
    }
}
