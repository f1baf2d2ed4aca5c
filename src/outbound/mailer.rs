//! Mail by SMTP: TLS from the first byte or by STARTTLS, never in the clear unless the settings say so.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use percent_encoding::percent_decode_str;
use url::{Host, Url};
use zeroize::Zeroizing;

use super::tls_fault;
use crate::domain::Invalid;

/// For each command, and for the connection.
const COMMAND_WITHIN: Duration = Duration::from_secs(10);
/// For the whole mail.
const SENT_WITHIN: Duration = Duration::from_secs(30);

/// How the connection to the SMTP server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Protection {
    /// TLS from the first byte, usually on port 465.
    Implicit,
    /// STARTTLS before anything else, usually on port 587; no mail without it.
    StartTls,
    /// None.
    Plain,
}

/// Where mail is handed in, and as whom. Never prints the password.
#[derive(Clone)]
pub struct SmtpSettings {
    host: String,
    port: u16,
    protection: Protection,
    user: Option<String>,
    password: Option<Zeroizing<String>>,
    from: Mailbox,
}

impl SmtpSettings {
    /// Reads `smtps://USER:PASSWORD@HOST:PORT` or `smtp://…`, with `?tls=none` for a server without STARTTLS, and the
    /// sender, e.g. `Claviger <keys@example.com>`. A password of its own takes the place of the URL's.
    ///
    /// # Errors
    /// Which part is wrong. Never repeats the password.
    pub fn parse(url: &str, password: Option<Zeroizing<String>>, from: &str) -> Result<Self, Invalid> {
        let invalid = |detail: &'static str| Invalid::new("smtp_url", "invalid_url", detail);
        let url = Url::parse(url).map_err(|_| invalid("must be a URL such as smtps://user@smtp.example.com"))?;
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) => host.to_string(),
            None => return Err(invalid("must name a host")),
        };
        if host.is_empty() || !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(invalid("must have nothing but user, password, host, port and tls"));
        }
        let protection = match (url.scheme(), url.query()) {
            ("smtps", None) => Protection::Implicit,
            ("smtp", None | Some("tls=required")) => Protection::StartTls,
            ("smtp", Some("tls=none")) => Protection::Plain,
            ("smtps" | "smtp", _) => return Err(invalid("takes no parameter but tls=required or tls=none after smtp://")),
            _ => return Err(invalid("must begin with smtps:// or smtp://")),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|text| text.into_owned());
        let user = decoded(url.username()).map_err(|_| invalid("has a user that is not UTF-8"))?;
        let of_url = url.password().map(decoded).transpose().map_err(|_| invalid("has a password that is not UTF-8"))?;
        let password = password.or(of_url.map(Zeroizing::new));
        let user = Some(user).filter(|user| !user.is_empty());
        if user.is_some() != password.is_some() {
            return Err(invalid("needs a user and a password, or neither"));
        }
        let port = url.port().unwrap_or(match protection {
            Protection::Implicit => 465,
            Protection::StartTls => 587,
            Protection::Plain => 25,
        });
        let from = from
            .parse()
            .map_err(|_| Invalid::new("mail_from", "invalid_address", "must be an address such as Keys <keys@example.com>"))?;
        Ok(Self { host, port, protection, user, password, from })
    }

    /// Whether mail, and the password with it, goes over the network in the clear.
    pub fn is_plain(&self) -> bool {
        self.protection == Protection::Plain
    }
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSettings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("protection", &self.protection)
            .field("user", &self.user)
            .field("password", &self.password.as_ref().map(|_| "[redacted]"))
            .field("from", &self.from.to_string())
            .finish()
    }
}

/// A mail to one person.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The part for programs that show text.
    pub text: String,
    /// The part for all others.
    pub html: String,
    /// What the mail is known by when it comes twice: an id without a domain.
    pub id: String,
}

/// Why a mail was not taken. One line, without what the server said: it may repeat what it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailError {
    /// For the log and the list of deliveries.
    pub error: String,
    /// The reply's code, when there was one.
    pub code: Option<u16>,
}

impl MailError {
    fn new(error: &str) -> Self {
        Self { error: error.to_owned(), code: None }
    }
}

/// Hands mails to the SMTP server.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl fmt::Debug for Mailer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailer").field("from", &self.from.to_string()).finish_non_exhaustive()
    }
}

impl Mailer {
    /// For the server of these settings; no connection is made yet.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(settings: SmtpSettings) -> Result<Self, MailError> {
        let parameters = || {
            TlsParameters::new(settings.host.clone())
                .map_err(|_| MailError::new("TLS to the SMTP server cannot be set up: no certificates to check it with"))
        };
        let tls = match settings.protection {
            Protection::Implicit => Tls::Wrapper(parameters()?),
            Protection::StartTls => Tls::Required(parameters()?),
            Protection::Plain => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(COMMAND_WITHIN))
            .hello_name(ClientId::Domain(settings.from.email.domain().to_owned()));
        if let (Some(user), Some(password)) = (settings.user, settings.password) {
            builder = builder.credentials(Credentials::new(user, password.to_string()));
        }
        Ok(Self { transport: builder.build(), from: settings.from })
    }

    /// Sends a mail; when this returns without an error, the server has taken it.
    ///
    /// # Errors
    /// [`MailError`].
    pub async fn send(&self, mail: Mail) -> Result<(), MailError> {
        let message = self.message(mail)?;
        match tokio::time::timeout(SENT_WITHIN, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => Err(MailError::new("the SMTP server took longer than 30 s")),
        }
    }

    fn message(&self, mail: Mail) -> Result<Message, MailError> {
        let to = mail.to.parse().map_err(|_| MailError::new("the address is not one that mail can be sent to"))?;
        // RFC 3834: no automatic answers to this.
        let automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(one_line(&mail.subject))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|_| MailError::new("the mail could not be put together"))
    }
}

/// Whatever a name in a subject holds, the subject stays one header.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn reason(error: &lettre::transport::smtp::Error) -> MailError {
    let code = error.status().map(u16::from);
    let text = match code {
        Some(530 | 534 | 535 | 538) => "the SMTP server refused user and password",
        Some(_) if error.is_permanent() => "the SMTP server refused the mail",
        Some(_) => "the SMTP server refused the mail for now",
        None if error.is_timeout() => "the SMTP server did not answer in time",
        None if error.is_tls() || is_fault_of_tls(error) => "the TLS handshake with the SMTP server failed",
        None if error.is_client() => "the SMTP server lacks what is needed (STARTTLS, a way to authenticate)",
        None => "no connection to the SMTP server",
    };
    MailError { error: text.to_owned(), code }
}

fn is_fault_of_tls(error: &lettre::transport::smtp::Error) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if tls_fault(inner).is_some() {
            return true;
        }
        cause = inner.source();
    }
    false
}
