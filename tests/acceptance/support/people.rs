//! People: users made by the command line, and requests with a session.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, Ordering};

use claviger::store::{Db, DbOptions, Patience};
use serde_json::{Value, json};

use super::api::ApiRequest;
use super::app::App;
use super::http::Response;
use super::server::Server;
use super::site::{Output, Site};

/// A user and the password.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

/// A password that nobody else has and no guesser tries.
pub(crate) fn a_password() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("zebra quilt 7 harbor {}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// An address that nobody else has.
pub(crate) fn an_email() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("person{}@example.com", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// The platform's own organization.
pub(crate) const PLATFORM: &str = "org_00000000000000000000000000";

impl App {
    /// `claviger ARGUMENTS --json` with this on standard input.
    pub(crate) fn cli_json(&self, args: &[&str], input: &str) -> Output {
        let mut all = args.to_vec();
        all.push("--json");
        self.cli_with(&all, input, &[])
    }

    /// Makes a user of that organization by the command line.
    #[track_caller]
    pub(crate) fn user_of(&self, organization: &str, role: &str) -> Login {
        let (email, password) = (an_email(), a_password());
        let args = ["users", "create", "--organization", organization, "--email", &email, "--role", role];
        let id = self.cli_json(&args, &password).succeeded().json()["id"].as_str().unwrap().to_owned();
        Login { id, email, password }
    }

    /// Makes a user of the fixture's organization.
    #[track_caller]
    pub(crate) fn user(&self, role: &str) -> Login {
        self.user_of(&self.fixture.organization, role)
    }

    /// A user of that role who has signed in.
    #[track_caller]
    pub(crate) fn signed_in(&self, role: &str) -> Browser<'_> {
        self.sign_in(&self.user(role))
    }

    /// The reasons of refusals in the audit log, the oldest first.
    pub(crate) fn audited(&self, condition: &str) -> Vec<String> {
        let rows = self.site.sql(&format!(
            "SELECT action || ' ' || outcome || ' ' || coalesce(reason, '-') FROM audit_events WHERE {condition} ORDER BY seq"
        ));
        rows.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }
}

impl Server {
    /// A login attempt.
    pub(crate) fn login(&self, email: &str, password: &str) -> ApiRequest<'_> {
        self.api("POST", "/session").json(&json!({"email": email, "password": password}))
    }

    /// Signs in.
    #[track_caller]
    pub(crate) fn sign_in(&self, login: &Login) -> Browser<'_> {
        self.sign_in_from(login, None)
    }

    #[track_caller]
    pub(crate) fn sign_in_from(&self, login: &Login, address: Option<&str>) -> Browser<'_> {
        let mut request = self.login(&login.email, &login.password);
        if let Some(address) = address {
            request = request.header("X-Forwarded-For", address);
        }
        let browser = Browser { server: self, login: login.clone(), cookie: RefCell::default(), csrf: RefCell::default() };
        browser.take(&request.send());
        browser
    }
}

/// The value of the session's cookie, when an answer sets one, with its attributes looked at.
#[track_caller]
pub(crate) fn cookie_of(response: &Response) -> Option<String> {
    let line = response.header("set-cookie")?;
    let (pair, attributes) = line.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax", "MG5: {line}");
    Some(pair.strip_prefix("__Host-claviger_session=").unwrap_or_else(|| panic!("MG5: {line}")).to_owned())
}

/// What a browser keeps of a session.
pub(crate) struct Browser<'a> {
    server: &'a Server,
    pub(crate) login: Login,
    cookie: RefCell<String>,
    csrf: RefCell<String>,
}

impl<'a> Browser<'a> {
    /// Takes cookie and token out of the answer that gives them.
    #[track_caller]
    pub(crate) fn take(&self, response: &Response) -> Value {
        assert_eq!(response.status, 200, "{response:?}");
        *self.cookie.borrow_mut() = cookie_of(response).unwrap_or_else(|| panic!("no cookie: {response:?}"));
        let body = response.json();
        *self.csrf.borrow_mut() = body["csrf_token"].as_str().unwrap().to_owned();
        body
    }

    pub(crate) fn cookie(&self) -> String {
        self.cookie.borrow().clone()
    }

    pub(crate) fn csrf(&self) -> String {
        self.csrf.borrow().clone()
    }

    /// A request with the cookie alone.
    pub(crate) fn bare(&self, method: &str, path: &str) -> ApiRequest<'a> {
        self.server.api(method, path).header("Cookie", format!("__Host-claviger_session={}", self.cookie()))
    }

    /// A request as a page of this server sends it.
    pub(crate) fn api(&self, method: &str, path: &str) -> ApiRequest<'a> {
        self.bare(method, path).header("X-CSRF-Token", self.csrf())
    }

    /// Gives the password again.
    #[track_caller]
    pub(crate) fn reauthenticate(&self) {
        let body = json!({"password": self.login.password});
        self.take(&self.api("POST", "/session/reauthenticate").json(&body).send());
    }

    /// Whether the session is over.
    #[track_caller]
    pub(crate) fn is_signed_out(&self) -> bool {
        let response = self.bare("GET", "/session").send();
        assert!(matches!(response.status, 200 | 401), "{response:?}");
        response.status == 401
    }
}

/// What sends the mails, in this process: it takes what is to be sent and makes the links, and they come back here
/// instead of leaving by a mail server.
pub(crate) struct Postman {
    db: Db,
    key: claviger::crypto::login_key::LoginKey,
}

/// A mail as it arrives.
#[derive(Debug)]
pub(crate) struct Mail {
    pub(crate) to: String,
    pub(crate) purpose: String,
    pub(crate) token: String,
}

impl Postman {
    pub(crate) fn of(site: &Site) -> Self {
        let url = site.database_url.parse().unwrap();
        let db = Db::open(&DbOptions { url, pool_size: 2, create: false, patience: Patience::Command }).unwrap();
        let content = std::fs::read(site.keys_dir.join("master.key")).unwrap();
        let master_key = claviger::crypto::master_key::MasterKey::parse_file(&content).unwrap();
        Self { db, key: master_key.login_key().unwrap() }
    }

    /// Sends everything that is to be sent.
    #[track_caller]
    pub(crate) fn deliver(&self) -> Vec<Mail> {
        use claviger::app::user_links::{mark_mail_sent, mint_link, take_pending_mails};
        let pending = take_pending_mails(&self.db, 60, 100).unwrap();
        pending
            .into_iter()
            .map(|mail| {
                let token = mint_link(&self.db, &self.key, mail.user.id, mail.purpose).unwrap();
                mark_mail_sent(&self.db, mail.id).unwrap();
                Mail {
                    to: mail.user.email.to_string(),
                    purpose: mail.purpose.as_str().to_owned(),
                    token: token.expose().to_owned(),
                }
            })
            .collect()
    }

    /// The one mail that is to be sent, to that address.
    #[track_caller]
    pub(crate) fn deliver_to(&self, email: &str) -> Mail {
        let mut mails = self.deliver();
        assert_eq!(mails.len(), 1, "{mails:?}");
        let mail = mails.pop().unwrap();
        assert_eq!(mail.to, email);
        mail
    }
}
