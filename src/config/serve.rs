//! The settings of `claviger serve`.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use ipnet::IpNet;

use super::client_certificates::{self, ClientCertificateSettings, Surroundings};
use super::{CommonArguments, CommonSettings, SettingsError, in_range, mail};
use crate::app::signing_keys::{DEFAULT_JWKS_MAX_AGE_SECONDS, RotationPolicy};
use crate::directory::DirectoryOptions;
use crate::domain::Invalid;
use crate::domain::ip_allowlist::parse_range;
use crate::domain::network_policy::NetworkPolicy;
use crate::domain::plan::PlanName;
use crate::domain::profile::Profile;
use crate::domain::role::RolePolicy;
use crate::outbound::SmtpSettings;

/// The arguments of `serve`; the same names in the settings file.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub struct ServeArguments {
    /// Address and port to listen on [default: 127.0.0.1:8080]
    #[arg(long, env = "CLAVIGER_LISTEN", value_name = "ADDRESS:PORT")]
    pub listen: Option<String>,
    /// Address and port for Prometheus metrics at /metrics [default: none]
    #[arg(long, env = "CLAVIGER_METRICS_LISTEN", value_name = "ADDRESS:PORT")]
    pub metrics_listen: Option<String>,
    /// Reverse proxies whose X-Forwarded-For is believed
    #[arg(long, env = "CLAVIGER_TRUSTED_PROXIES", value_name = "CIDR,…", value_delimiter = ',')]
    pub trusted_proxies: Option<Vec<String>>,
    /// Allow plain HTTP beyond loopback without a trusted proxy
    #[arg(long, env = "CLAVIGER_INSECURE_HTTP", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", value_parser = yes_or_no())]
    pub insecure_http: Option<bool>,
    /// Certificate chain (PEM) for TLS
    #[arg(long, env = "CLAVIGER_TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key (PEM) for TLS
    #[arg(long, env = "CLAVIGER_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// CAs (PEM) whose certificates prove who a client is: tls_client_auth of RFC 8705
    #[arg(long, env = "CLAVIGER_CLIENT_CA", value_name = "FILE")]
    pub client_ca: Option<PathBuf>,
    /// Take certificates that keys have registered themselves: self_signed_tls_client_auth of RFC 8705
    #[arg(long, env = "CLAVIGER_SELF_SIGNED_CLIENT_CERTS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", value_parser = yes_or_no())]
    pub self_signed_client_certs: Option<bool>,
    /// Header in which trusted proxies pass clients' certificates on, e.g. Client-Cert [default: none]
    #[arg(long, env = "CLAVIGER_CLIENT_CERT_HEADER", value_name = "NAME")]
    pub client_cert_header: Option<String>,
    /// Where clients with certificates find this server, when not at the issuer
    #[arg(long, env = "CLAVIGER_MTLS_BASE_URL", value_name = "URL")]
    pub mtls_base_url: Option<String>,
    /// Do not apply pending migrations; refuse to start when there are any
    #[arg(long, env = "CLAVIGER_NO_MIGRATE", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", value_parser = yes_or_no())]
    pub no_migrate: Option<bool>,
    /// Let admins do with API keys what owners may: edit, regenerate, disable and delete them, the admin key too
    #[arg(long, env = "CLAVIGER_ADMIN_MANAGES_KEYS", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", value_parser = yes_or_no())]
    pub admin_manages_keys: Option<bool>,
    /// Make a demo organization, catalogue, owner login and key, and print a curl line that gets a token
    #[arg(long, env = "CLAVIGER_DEV", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", value_parser = yes_or_no())]
    pub dev: Option<bool>,
    /// Worker threads [default: the number of processors]
    #[arg(long, env = "CLAVIGER_WORKERS", value_name = "N")]
    pub workers: Option<usize>,
    /// The most connections at once, for each worker [default: 10000]
    #[arg(long, env = "CLAVIGER_MAX_CONNECTIONS", value_name = "N")]
    pub max_connections: Option<usize>,
    /// The most API keys in memory, at about 0.4 kB each [default: 1000000]
    #[arg(long, env = "CLAVIGER_DIRECTORY_MAX_KEYS", value_name = "N")]
    pub directory_max_keys: Option<usize>,
    /// Seconds for which memory is trusted while the database cannot be read [default: 60]
    #[arg(long, env = "CLAVIGER_MAX_STALENESS_SECONDS", value_name = "SECONDS")]
    pub max_staleness_seconds: Option<u64>,
    /// Milliseconds between two readings of the change feed [default: 250]
    #[arg(long, env = "CLAVIGER_FEED_INTERVAL_MS", value_name = "MS")]
    pub feed_interval_ms: Option<u64>,
    /// The rate plan of keys that have none, in organizations that have none [default: unlimited]
    #[arg(long, env = "CLAVIGER_DEFAULT_PLAN", value_name = "PLAN")]
    pub default_plan: Option<String>,
    /// Whether DPoP proofs need a nonce of this server: off or required [default: off]
    #[arg(long, env = "CLAVIGER_DPOP_NONCES", value_name = "WHEN")]
    pub dpop_nonces: Option<String>,
    /// standard, or fapi2: asymmetric client authentication, bound tokens, no RS256 [default: standard]
    #[arg(long, env = "CLAVIGER_PROFILE", value_name = "PROFILE")]
    pub profile: Option<String>,
    /// Days after which a new signing key is made; 0: never [default: 90]
    #[arg(long, env = "CLAVIGER_SIGNING_KEY_ROTATION_DAYS", value_name = "DAYS")]
    pub signing_key_rotation_days: Option<u32>,
    /// SMTP server for mail: smtps://USER@HOST (TLS), smtp://USER@HOST (STARTTLS), smtp://HOST?tls=none [default: none]
    #[arg(long, env = "CLAVIGER_SMTP_URL", hide_env_values = true, value_name = "URL")]
    pub smtp_url: Option<String>,
    /// File with the password for the SMTP server
    #[arg(long, env = "CLAVIGER_SMTP_PASSWORD_FILE", value_name = "FILE")]
    pub smtp_password_file: Option<PathBuf>,
    /// Sender of mail, e.g. "Claviger <keys@example.com>"
    #[arg(long, env = "CLAVIGER_MAIL_FROM", value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Networks that webhooks may be in besides the public internet; in loopback ones plain HTTP will do
    #[arg(long, env = "CLAVIGER_WEBHOOK_ALLOW_PRIVATE", value_name = "CIDR,…", value_delimiter = ',')]
    pub webhook_allow_private: Option<Vec<String>>,
    /// error, warn, info, debug or trace [default: info]
    #[arg(long, env = "CLAVIGER_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// `true` and `false`, and what else people write into an environment: `1`, `yes`, `on`, `0`, `no`, `off`.
fn yes_or_no() -> BoolishValueParser {
    BoolishValueParser::new()
}

/// What the main port speaks.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Plain HTTP: loopback, behind a proxy, or knowingly.
    Plain,
    /// TLS 1.2 and 1.3.
    Tls {
        /// PEM, the server's own certificate first.
        certificate_chain: PathBuf,
        /// PEM.
        private_key: PathBuf,
    },
}

/// The settings of `serve`, checked.
#[derive(Clone, Debug)]
pub struct ServeSettings {
    /// Database and keys.
    pub common: CommonSettings,
    /// Where the server listens.
    pub listen: SocketAddr,
    /// Where the metrics are.
    pub metrics_listen: Option<SocketAddr>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What the main port speaks.
    pub transport: Transport,
    /// How clients' certificates come here and what they prove; `None`: they are not asked for.
    pub client_certificates: Option<ClientCertificateSettings>,
    /// Whether pending migrations are applied.
    pub migrate: bool,
    /// What roles may.
    pub roles: RolePolicy,
    /// Whether the demo is made.
    pub dev: bool,
    /// What is taken from clients and signed with.
    pub profile: Profile,
    /// The `iss` of tokens, unless [`CommonSettings::issuer`] is empty and the system chooses the port.
    pub issuer: String,
    /// Worker threads.
    pub workers: usize,
    /// Connections per worker.
    pub max_connections: usize,
    /// What memory holds.
    pub directory: DirectoryOptions,
    /// Whether DPoP proofs need a nonce of this server.
    pub requires_dpop_nonces: bool,
    /// How often the feed is read.
    pub feed_interval: Duration,
    /// How signing keys are looked after.
    pub rotation: RotationPolicy,
    /// Where mail is handed in.
    pub smtp: Option<SmtpSettings>,
    /// Where webhooks may be.
    pub webhook_networks: NetworkPolicy,
    /// What is logged.
    pub log_level: log::LevelFilter,
}

impl ServeArguments {
    /// Fills what is missing from `file`.
    #[must_use]
    pub fn or(self, file: Self) -> Self {
        Self {
            listen: self.listen.or(file.listen),
            metrics_listen: self.metrics_listen.or(file.metrics_listen),
            trusted_proxies: self.trusted_proxies.or(file.trusted_proxies),
            insecure_http: self.insecure_http.or(file.insecure_http),
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            client_ca: self.client_ca.or(file.client_ca),
            self_signed_client_certs: self.self_signed_client_certs.or(file.self_signed_client_certs),
            client_cert_header: self.client_cert_header.or(file.client_cert_header),
            mtls_base_url: self.mtls_base_url.or(file.mtls_base_url),
            no_migrate: self.no_migrate.or(file.no_migrate),
            admin_manages_keys: self.admin_manages_keys.or(file.admin_manages_keys),
            dev: self.dev.or(file.dev),
            workers: self.workers.or(file.workers),
            max_connections: self.max_connections.or(file.max_connections),
            directory_max_keys: self.directory_max_keys.or(file.directory_max_keys),
            max_staleness_seconds: self.max_staleness_seconds.or(file.max_staleness_seconds),
            feed_interval_ms: self.feed_interval_ms.or(file.feed_interval_ms),
            default_plan: self.default_plan.or(file.default_plan),
            dpop_nonces: self.dpop_nonces.or(file.dpop_nonces),
            profile: self.profile.or(file.profile),
            signing_key_rotation_days: self.signing_key_rotation_days.or(file.signing_key_rotation_days),
            smtp_url: self.smtp_url.or(file.smtp_url),
            smtp_password_file: self.smtp_password_file.or(file.smtp_password_file),
            mail_from: self.mail_from.or(file.mail_from),
            webhook_allow_private: self.webhook_allow_private.or(file.webhook_allow_private),
            log_level: self.log_level.or(file.log_level),
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// Names the first setting that cannot be used.
    pub fn check(self, common: CommonArguments) -> Result<ServeSettings, SettingsError> {
        let common = common.check()?;
        let listen: SocketAddr = address("listen", self.listen.as_deref().unwrap_or("127.0.0.1:8080"))?;
        let metrics_listen = self.metrics_listen.as_deref().map(|text| address("metrics_listen", text)).transpose()?;
        let trusted_proxies = ranges("trusted_proxies", self.trusted_proxies.unwrap_or_default())?;
        let webhook_networks = ranges("webhook_allow_private", self.webhook_allow_private.unwrap_or_default())?;
        let smtp = mail::settings(self.smtp_url.as_deref(), self.smtp_password_file.as_deref(), self.mail_from.as_deref())?;
        let insecure_http = self.insecure_http.unwrap_or(false);
        let transport = transport(self.tls_cert, self.tls_key)?;
        let is_plain = matches!(transport, Transport::Plain);
        if is_plain && !listen.ip().is_loopback() && trusted_proxies.is_empty() && !insecure_http {
            return Err(SettingsError(format!(
                "plain HTTP on {listen} would send secrets in the clear: give --tls-cert and --tls-key, or --trusted-proxies when a \
                 proxy ends TLS, or --insecure-http if you know what you do"
            )));
        }
        let around = Surroundings { has_tls: !is_plain, has_proxies: !trusted_proxies.is_empty(), insecure_http };
        let client_certificates = client_certificates::settings(
            self.client_ca,
            self.self_signed_client_certs.unwrap_or(false),
            self.client_cert_header.as_deref(),
            self.mtls_base_url.as_deref(),
            &around,
        )?;
        let issuer = match &common.issuer {
            Some(issuer) => issuer.clone(),
            None => default_issuer(listen, is_plain),
        };
        if !insecure_http && is_insecure(&issuer) {
            return Err(SettingsError(
                "the issuer must begin with https:// unless it is on loopback (or say --insecure-http)".to_owned(),
            ));
        }
        let dev = self.dev.unwrap_or(false);
        let profile: Profile = self.profile.as_deref().map(str::parse).transpose()?.unwrap_or_default();
        if let Some(algorithm) = common.signing_algorithm.filter(|algorithm| !profile.signs_with(*algorithm)) {
            return Err(SettingsError(format!(
                "the profile {profile} does not sign with {algorithm}: say PS256, ES256 or EdDSA"
            )));
        }
        if dev && profile != Profile::Standard {
            return Err(SettingsError(format!("--dev makes a key with a secret, which the profile {profile} does not take")));
        }
        let staleness = in_range("max_staleness_seconds", self.max_staleness_seconds.unwrap_or(60), 1..=86_400)?;
        let interval = in_range("feed_interval_ms", self.feed_interval_ms.unwrap_or(250), 10..=60_000)?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(ServeSettings {
            listen,
            metrics_listen,
            trusted_proxies,
            transport,
            client_certificates,
            migrate: !self.no_migrate.unwrap_or(false),
            roles: RolePolicy { admin_manages_keys: self.admin_manages_keys.unwrap_or(false) },
            dev,
            profile,
            issuer,
            workers: in_range("workers", self.workers.unwrap_or(processors), 1..=1_024)?,
            max_connections: in_range("max_connections", self.max_connections.unwrap_or(10_000), 1..=1_000_000)?,
            directory: DirectoryOptions {
                max_keys: in_range("directory_max_keys", self.directory_max_keys.unwrap_or(1_000_000), 100..=100_000_000)?,
                max_staleness: Duration::from_secs(staleness),
                default_plan: default_plan(self.default_plan)?,
            },
            requires_dpop_nonces: requires_dpop_nonces(self.dpop_nonces.as_deref())?,
            feed_interval: Duration::from_millis(interval),
            rotation: RotationPolicy {
                jwks_max_age_seconds: common.jwks_max_age_seconds.unwrap_or(DEFAULT_JWKS_MAX_AGE_SECONDS),
                rotation_days: in_range("signing_key_rotation_days", self.signing_key_rotation_days.unwrap_or(90), 0..=3_650)?,
                algorithm: common.signing_algorithm.or(profile.default_algorithm()),
            },
            smtp,
            webhook_networks: NetworkPolicy::allowing(webhook_networks),
            log_level: level(self.log_level.as_deref().unwrap_or("info"))?,
            common,
        })
    }
}

fn requires_dpop_nonces(text: Option<&str>) -> Result<bool, SettingsError> {
    match text {
        None | Some("off") => Ok(false),
        Some("required") => Ok(true),
        Some(_) => Err(SettingsError("dpop_nonces must be off or required".to_owned())),
    }
}

fn default_plan(name: Option<String>) -> Result<PlanName, SettingsError> {
    let Some(name) = name else { return Ok(PlanName::unlimited()) };
    name.parse().map_err(|error: Invalid| SettingsError(format!("default_plan {}", error.detail)))
}

fn level(text: &str) -> Result<log::LevelFilter, SettingsError> {
    log::LevelFilter::from_str(text).map_err(|_| SettingsError("log_level must be error, warn, info, debug or trace".to_owned()))
}

fn address(name: &str, text: &str) -> Result<SocketAddr, SettingsError> {
    text.parse().map_err(|_| SettingsError(format!("{name} must be an address and a port, e.g. 127.0.0.1:8080 or [::1]:8080")))
}

fn ranges(name: &str, texts: Vec<String>) -> Result<Vec<IpNet>, SettingsError> {
    texts
        .iter()
        .map(|text| text.trim())
        .filter(|text| !text.is_empty())
        .map(|text| parse_range(text).map_err(|error| SettingsError(format!("{name}: {text}: {}", error.detail))))
        .collect()
}

fn transport(certificate: Option<PathBuf>, key: Option<PathBuf>) -> Result<Transport, SettingsError> {
    match (certificate, key) {
        (None, None) => Ok(Transport::Plain),
        (Some(certificate_chain), Some(private_key)) => Ok(Transport::Tls { certificate_chain, private_key }),
        _ => Err(SettingsError("tls_cert and tls_key go together".to_owned())),
    }
}

impl ServeSettings {
    /// With the port that the system chose, when it was asked to.
    #[must_use]
    pub fn bound_to(mut self, address: SocketAddr) -> Self {
        if self.common.issuer.is_none() {
            self.issuer = default_issuer(address, matches!(self.transport, Transport::Plain));
        }
        self.listen = address;
        self
    }
}

/// Where a client on this machine reaches the server.
fn default_issuer(listen: SocketAddr, is_plain: bool) -> String {
    let scheme = if is_plain { "http" } else { "https" };
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    format!("{scheme}://{}", SocketAddr::new(ip, listen.port()))
}

fn is_insecure(issuer: &str) -> bool {
    let Ok(url) = url::Url::parse(issuer) else { return true };
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "http" && !loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: ServeArguments) -> Result<ServeSettings, SettingsError> {
        arguments.check(CommonArguments::default())
    }

    #[test]
    fn tl2_plain_http_beyond_loopback_is_refused() {
        let on = |listen: &str| ServeArguments { listen: Some(listen.to_owned()), ..Default::default() };
        assert!(check(on("127.0.0.1:80")).is_ok());
        assert!(check(on("[::1]:80")).is_ok());
        assert!(check(on("0.0.0.0:80")).is_err());
        assert!(check(on("192.0.2.1:80")).is_err());
        assert!(check(ServeArguments { insecure_http: Some(true), ..on("0.0.0.0:80") }).is_ok());
        assert!(check(ServeArguments { trusted_proxies: Some(vec!["10.0.0.0/8".into()]), ..on("0.0.0.0:80") }).is_ok());
        let tls = ServeArguments { tls_cert: Some("c".into()), tls_key: Some("k".into()), ..on("0.0.0.0:443") };
        assert_eq!(check(tls).unwrap().issuer, "https://127.0.0.1:443");
        assert!(check(ServeArguments { tls_cert: Some("c".into()), ..on("127.0.0.1:443") }).is_err());
    }

    #[test]
    fn md2_an_issuer_in_the_clear_is_for_loopback() {
        let issuer =
            |text: &str| ServeArguments::default().check(CommonArguments { issuer: Some(text.to_owned()), ..Default::default() });
        for good in ["https://auth.example.com", "https://auth.example.com/t1", "http://localhost:8080", "http://127.0.0.1"] {
            assert!(issuer(good).is_ok(), "{good}");
        }
        for bad in ["http://auth.example.com", "https://a.example/?x", "https://a.example/#x", "ftp://x", "x", "https://u:p@x"] {
            assert!(issuer(bad).is_err(), "{bad}");
        }
    }
}
