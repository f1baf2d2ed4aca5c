//! What most tests begin with: a server, its database, and a small catalogue with one key.

use std::ops::Deref;
use std::sync::OnceLock;

use serde_json::Value;

use super::server::{Options, Server};
use super::site::{Backend, Output, Site};
use super::token::TokenRequest;

pub(crate) const PAYMENTS: &str = "https://payments.example.com";
pub(crate) const DISPUTES: &str = "https://disputes.example.com";

/// Every scope of the catalogue: name, level, resource server, what it implies.
pub(crate) const SCOPES: [(&str, &str, &str, &[&str]); 11] = [
    ("a", "organization", PAYMENTS, &[]),
    ("b", "organization", PAYMENTS, &[]),
    ("c", "organization", PAYMENTS, &[]),
    ("fx", "organization", PAYMENTS, &[]),
    ("payments:read", "organization", PAYMENTS, &[]),
    ("payments:write", "organization", PAYMENTS, &["payments:read"]),
    ("payments:admin", "organization", PAYMENTS, &["payments:write"]),
    ("reports:read", "organization", DISPUTES, &[]),
    ("disputes:read", "account", DISPUTES, &[]),
    ("disputes:write", "account", DISPUTES, &["disputes:read"]),
    ("refunds:create", "account", PAYMENTS, &[]),
];

/// An API key as its creator sees it once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Key {
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    /// The whole answer.
    pub(crate) json: Value,
}

impl Key {
    #[track_caller]
    pub(crate) fn from_json(json: Value) -> Self {
        let text = |name: &str| json[name].as_str().unwrap_or_else(|| panic!("{name} is missing: {json}")).to_owned();
        Self { client_id: text("client_id"), client_secret: text("client_secret"), json }
    }

    /// The same key with another secret.
    pub(crate) fn with_secret(&self, secret: &str) -> Self {
        Self { client_secret: secret.to_owned(), ..self.clone() }
    }

    /// The same key with a secret of the right form that is not its own.
    pub(crate) fn with_wrong_secret(&self) -> Self {
        self.with_secret(WRONG_SECRET)
    }
}

/// Well-formed, checksum included, and nobody's.
pub(crate) const WRONG_SECRET: &str = "clv_00000000000000000000000000000000000000WRONG4Tb18U";
/// Well-formed, and nobody's.
pub(crate) const UNKNOWN_ID: &str = "key_01arz3ndektsv4rrffq69g5fav";

/// The objects that every test finds there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixture {
    pub(crate) organization: String,
    pub(crate) account_1: String,
    pub(crate) account_2: String,
    pub(crate) other_organization: String,
    pub(crate) foreign_account: String,
    /// K1 of trust.md: `a b` at the organization.
    pub(crate) k1: Key,
}

struct Template {
    site: Site,
    fixture: Fixture,
}

/// Made once for each database and then copied: tests stay apart without paying for the same set-up again.
fn template(backend: Backend) -> &'static Template {
    static SQLITE: OnceLock<Template> = OnceLock::new();
    static POSTGRES: OnceLock<Template> = OnceLock::new();
    let cell = if backend == Backend::Sqlite { &SQLITE } else { &POSTGRES };
    cell.get_or_init(|| {
        let site = Site::empty(backend);
        let server = Server::start(&site, Options::default());
        let fixture = make_fixture(&site);
        server.terminate();
        Template { site, fixture }
    })
}

/// Fills the catalogue of an empty installation.
pub(crate) fn make_fixture(site: &Site) -> Fixture {
    let create = |args: &[&str]| {
        let json = cli(site, args, "", &[("CLAVIGER_ISSUER", "http://127.0.0.1:1")], true).succeeded().json();
        json["id"].as_str().unwrap_or_else(|| panic!("no id: {json}")).to_owned()
    };
    let organization = create(&["organizations", "create", "Acme"]);
    let account_1 = create(&["accounts", "create", "--organization", &organization, "Shop One"]);
    let account_2 = create(&["accounts", "create", "--organization", &organization, "Shop Two"]);
    let other_organization = create(&["organizations", "create", "Other"]);
    let foreign_account = create(&["accounts", "create", "--organization", &other_organization, "Foreign Shop"]);
    for (identifier, name) in [(PAYMENTS, "Payments"), (DISPUTES, "Disputes")] {
        create(&["resource-servers", "create", identifier, "--name", name]);
    }
    for (name, level, server, implies) in SCOPES {
        let mut args = vec!["scopes", "create", name, "--resource-server", server, "--level", level];
        implies.iter().for_each(|implied| args.extend(["--implies", implied]));
        create(&args);
    }
    let k1 = cli(
        site,
        &["keys", "create", "--organization", &organization, "--name", "K1", "--grant", "a b"],
        "",
        &[("CLAVIGER_ISSUER", "http://127.0.0.1:1")],
        true,
    );
    let k1 = Key::from_json(k1.succeeded().json());
    Fixture { organization, account_1, account_2, other_organization, foreign_account, k1 }
}

fn cli(site: &Site, args: &[&str], input: &str, environment: &[(&str, &str)], json: bool) -> Output {
    let mut command = site.command();
    command.args(args).envs(environment.iter().copied());
    if json {
        command.arg("--json");
    }
    Output::of(&mut command, input)
}

pub(crate) struct App {
    pub(crate) server: Server,
    pub(crate) site: Site,
    pub(crate) fixture: Fixture,
}

impl Deref for App {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl App {
    /// A server of its own on a copy of the fixture.
    #[track_caller]
    pub(crate) fn start(backend: Backend, flags: &[&str]) -> Self {
        Self::start_with(backend, Options::flags(flags))
    }

    #[track_caller]
    pub(crate) fn start_with(backend: Backend, options: Options) -> Self {
        let template = template(backend);
        let site = Site::copy_of(&template.site);
        Self { server: Server::start(&site, options), site, fixture: template.fixture.clone() }
    }

    /// The fixture without a server.
    pub(crate) fn site_only(backend: Backend) -> (Site, Fixture) {
        let template = template(backend);
        (Site::copy_of(&template.site), template.fixture.clone())
    }

    /// A server and the fixture in that place.
    #[track_caller]
    pub(crate) fn start_in(site: Site, flags: &[&str]) -> Self {
        let server = Server::start(&site, Options::flags(flags));
        let fixture = make_fixture(&site);
        Self { server, site, fixture }
    }

    /// A server on an empty database: no catalogue but the server's own, no organization but the platform's.
    #[track_caller]
    pub(crate) fn start_empty(backend: Backend, options: Options) -> Self {
        let site = Site::empty(backend);
        Self { server: Server::start(&site, options), site, fixture: Fixture::default() }
    }

    /// A second server on the same database and keys.
    #[track_caller]
    pub(crate) fn another_node(&self, flags: &[&str]) -> Server {
        let options = Options { flags: Options::flags(flags).flags, issuer: Some(self.issuer.clone()), ..Options::default() };
        Server::start(&self.site, options)
    }

    #[track_caller]
    pub(crate) fn restart(&self) {
        self.server.start_again(&self.site);
    }

    /// Runs the command line on this installation.
    pub(crate) fn cli(&self, args: &[&str]) -> Output {
        self.cli_with(args, "", &[])
    }

    pub(crate) fn cli_with(&self, args: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
        let mut all = vec![("CLAVIGER_ISSUER", self.issuer.as_str())];
        all.extend_from_slice(environment);
        cli(&self.site, args, input, &all, false)
    }

    /// Runs a command with `--json` that must succeed, and hands back what it printed.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        cli(&self.site, args, "", &[("CLAVIGER_ISSUER", self.issuer.as_str())], true).succeeded().json()
    }

    /// Runs a `create` command and hands back the new object's `id`.
    #[track_caller]
    pub(crate) fn create(&self, args: &[&str]) -> String {
        let json = self.json(args);
        json["id"].as_str().unwrap_or_else(|| panic!("no id: {json}")).to_owned()
    }

    /// Creates a key of the organization; `args` say what it holds.
    #[track_caller]
    pub(crate) fn create_key(&self, args: &[&str]) -> Key {
        self.key_named("Test", args)
    }

    /// The same under another name.
    #[track_caller]
    pub(crate) fn key_named(&self, name: &str, args: &[&str]) -> Key {
        let mut all = vec!["keys", "create", "--organization", &self.fixture.organization, "--name", name];
        all.extend_from_slice(args);
        Key::from_json(self.json(&all))
    }

    /// Creates a key of the other organization.
    #[track_caller]
    pub(crate) fn create_in_other(&self, args: &[&str]) -> Key {
        let mut all = args.to_vec();
        all.extend(["--organization", self.fixture.other_organization.as_str()]);
        Key::from_json(self.json(&all))
    }

    /// Creates a key with these grants.
    #[track_caller]
    pub(crate) fn key_with_grants(&self, grants: &[&str]) -> Key {
        self.create_key(&grants.iter().flat_map(|grant| ["--grant", grant]).collect::<Vec<_>>())
    }

    /// `keys ACTION CLIENT_ID …` with `--json`.
    #[track_caller]
    pub(crate) fn key_command(&self, action: &str, key: &Key, args: &[&str]) -> Value {
        let mut all = vec!["keys", action, &key.client_id];
        all.extend_from_slice(args);
        self.json(&all)
    }

    /// The same without looking at what is printed.
    #[track_caller]
    pub(crate) fn key_action(&self, action: &str, key: &Key, args: &[&str]) -> Output {
        let mut all = vec!["keys", action, &key.client_id];
        all.extend_from_slice(args);
        self.cli(&all).succeeded()
    }
}

impl Server {
    /// A good token request of that key, by HTTP Basic.
    pub(crate) fn token<'a>(&'a self, key: &Key) -> TokenRequest<'a> {
        self.anonymous().basic(&key.client_id, &key.client_secret)
    }

    /// A token request without any credentials.
    pub(crate) fn anonymous(&self) -> TokenRequest<'_> {
        TokenRequest::new(self)
    }
}
