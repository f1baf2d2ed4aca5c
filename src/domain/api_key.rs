//! API keys: who may ask for tokens, with what, from where, for how long.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Serialize;

use super::Invalid;
use super::certificate_subject::SubjectKind;
use super::client_secret::StoredSecret;
use super::foreign_client_id::ForeignClientId;
use super::grant::{GrantTarget, Grants};
use super::id::{AccountId, ClientId, OrganizationId};
use super::ip_allowlist::IpAllowlist;
use super::key_epoch::KeyEpoch;
use super::max_payout::MaxPayout;
use super::name::Name;
use super::plan::PlanName;
use super::public_credential::PublicCredential;
use super::time::Timestamp;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// Every scope of its target's level, present and future. `None`: the organization. At most one per target.
    Admin(Option<AccountId>),
    /// What its grants name.
    Scoped(Grants),
}

impl KeyKind {
    /// `admin` or `scoped`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Admin(_) => "admin",
            Self::Scoped(_) => "scoped",
        }
    }

    /// Every target that the key was granted.
    pub fn targets(&self) -> Vec<GrantTarget> {
        match self {
            Self::Admin(None) => vec![GrantTarget::Organization],
            Self::Admin(Some(account)) => vec![GrantTarget::Account(*account)],
            Self::Scoped(grants) => grants.iter().map(|grant| grant.target).collect(),
        }
    }
}

/// The kind of a key without what it holds: what a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindFilter {
    /// Keys that hold everything of their target.
    Admin,
    /// Keys that hold what their grants name.
    Scoped,
}

impl KindFilter {
    /// `admin` or `scoped`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Scoped => "scoped",
        }
    }
}

impl FromStr for KindFilter {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Admin, Self::Scoped]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Invalid::new("kind", "invalid_kind", "must be admin or scoped"))
    }
}

/// The order of a list of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySort {
    /// The newest first.
    #[default]
    Newest,
    /// By name; the case of ASCII letters does not matter.
    Name,
    /// The last used first, those never used last.
    LastUsed,
}

impl KeySort {
    /// `newest`, `name` or `last_used`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Name => "name",
            Self::LastUsed => "last_used",
        }
    }
}

impl FromStr for KeySort {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Newest, Self::Name, Self::LastUsed]
            .into_iter()
            .find(|sort| sort.as_str() == text)
            .ok_or_else(|| Invalid::new("sort", "invalid_sort", "must be newest, name or last_used"))
    }
}

/// Whether a key is accepted, and if not, why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyState {
    /// It is accepted.
    Live,
    /// It was switched off.
    Disabled,
    /// It was not switched off, but its time is over.
    Expired,
}

impl KeyState {
    /// `live`, `disabled` or `expired`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Disabled => "disabled",
            Self::Expired => "expired",
        }
    }
}

impl FromStr for KeyState {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        [Self::Live, Self::Disabled, Self::Expired]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Invalid::new("state", "invalid_state", "must be live, disabled or expired"))
    }
}

/// How a key proves itself at the token endpoint (RFC 7591 `token_endpoint_auth_method`); fixed at creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// HTTP Basic (RFC 6749 section 2.3.1).
    #[default]
    ClientSecretBasic,
    /// `client_id` and `client_secret` in the form.
    ClientSecretPost,
    /// An assertion that the client signs (RFC 7523, OpenID Connect Core section 9).
    PrivateKeyJwt,
    /// An assertion that the platform on which the client runs has signed (RFC 7523 section 3, an issuer that is trusted).
    WorkloadJwt,
    /// A certificate that a CA which this server trusts has issued to the client (RFC 8705 section 2.1).
    TlsClientAuth,
    /// A certificate that the client has registered itself (RFC 8705 section 2.2).
    SelfSignedTlsClientAuth,
}

impl AuthMethod {
    /// Every method that this server has, in the order in which the metadata lists them.
    pub const ALL: [Self; 6] = [
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::PrivateKeyJwt,
        Self::WorkloadJwt,
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
    ];

    /// The registered name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::WorkloadJwt => "workload_jwt",
            Self::TlsClientAuth => "tls_client_auth",
            Self::SelfSignedTlsClientAuth => "self_signed_tls_client_auth",
        }
    }

    /// Whether keys with it have secrets.
    pub const fn has_secret(self) -> bool {
        self.credential_members().is_empty()
    }

    /// The public credentials of which a key with it has one; none for those with secrets.
    pub const fn credential_members(self) -> &'static [&'static str] {
        match self {
            Self::ClientSecretBasic | Self::ClientSecretPost => &[],
            Self::PrivateKeyJwt | Self::SelfSignedTlsClientAuth => &["jwks", "jwks_uri"],
            Self::WorkloadJwt => &["trusted_issuer"],
            Self::TlsClientAuth => &SubjectKind::MEMBERS,
        }
    }

    /// Whether keys with it prove themselves by a certificate (RFC 8705); their tokens are bound to that.
    pub const fn uses_certificate(self) -> bool {
        matches!(self, Self::TlsClientAuth | Self::SelfSignedTlsClientAuth)
    }
}

impl fmt::Display for AuthMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AuthMethod {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or_else(|| {
            let names = Self::ALL.map(Self::as_str).join(", ");
            Invalid::new("token_endpoint_auth_method", "unsupported", format!("must be one of {names}"))
        })
    }
}

/// How long the tokens of a key live: 60 to 3600 seconds, 3600 by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct TokenLifetime(u16);

/// The longest that any token lives, in seconds.
pub const MAX_TOKEN_LIFETIME_SECONDS: u16 = 3_600;
/// The shortest, in seconds.
pub const MIN_TOKEN_LIFETIME_SECONDS: u16 = 60;

impl TokenLifetime {
    /// Checks the range.
    ///
    /// # Errors
    /// When `seconds` is not in 60..=3600.
    pub fn from_seconds(seconds: i64) -> Result<Self, Invalid> {
        u16::try_from(seconds)
            .ok()
            .filter(|s| (MIN_TOKEN_LIFETIME_SECONDS..=MAX_TOKEN_LIFETIME_SECONDS).contains(s))
            .map(Self)
            .ok_or_else(|| Invalid::new("token_lifetime_seconds", "out_of_range", "must be 60 to 3600"))
    }

    /// The lifetime in seconds.
    pub const fn seconds(self) -> u16 {
        self.0
    }
}

impl Default for TokenLifetime {
    fn default() -> Self {
        Self(MAX_TOKEN_LIFETIME_SECONDS)
    }
}

/// The longest grace period of a regeneration, in seconds: 7 days.
pub const MAX_GRACE_PERIOD_SECONDS: i64 = 604_800;

/// The settings that an edit may change, and that a duplicate takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySettings {
    /// Shown to people.
    pub name: Name,
    /// From where the key may be used.
    pub ip_allowlist: IpAllowlist,
    /// Handed to the resource server in the token.
    pub max_payout: Option<MaxPayout>,
    /// How long its tokens live.
    pub token_lifetime: TokenLifetime,
    /// Its rate plan; `None`: the organization's.
    pub plan: Option<PlanName>,
    /// From when on the key is refused.
    pub expires_at: Option<Timestamp>,
    /// What a key without a secret is recognised by.
    pub public_credential: Option<PublicCredential>,
    /// Whether every token must be bound to a key of the client.
    pub require_bound_tokens: bool,
}

impl KeySettings {
    /// Those of a key of which nothing but its name was said.
    pub fn named(name: Name) -> Self {
        Self {
            name,
            ip_allowlist: IpAllowlist::default(),
            max_payout: None,
            token_lifetime: TokenLifetime::default(),
            plan: None,
            expires_at: None,
            public_credential: None,
            require_bound_tokens: false,
        }
    }
}

/// An API key with its secrets' digests.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// `key_…`; never changes.
    pub client_id: ClientId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it holds.
    pub kind: KeyKind,
    /// What an edit may change.
    pub settings: KeySettings,
    /// How it proves itself.
    pub auth_method: AuthMethod,
    /// What it was called at the server that it came from; accepted in place of `client_id` at the token endpoint.
    pub foreign_client_id: Option<ForeignClientId>,
    /// One or two live secrets (and perhaps expired ones not yet cleaned away), the newest first; none when its method needs none.
    pub secrets: Vec<StoredSecret>,
    /// Set while the key is disabled.
    pub disabled_at: Option<Timestamp>,
    /// When its tokens were last revoked.
    pub tokens_revoked_at: Option<Timestamp>,
    /// What its tokens belong to until they are revoked together; `None` while it is disabled.
    pub epoch: Option<KeyEpoch>,
    /// The last use of secrets that are gone; those still there have their own.
    pub last_used_at: Option<Timestamp>,
    /// From where that was.
    pub last_used_ip: Option<IpAddr>,
    /// Who made it: `cli`, `dev`, a user's or a key's id.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ApiKey {
    /// Every token issued so far is dead: the present epoch ends, and the next one is opened when the key is written, if it is
    /// enabled then.
    pub const fn end_epoch(&mut self, now: Timestamp) {
        self.tokens_revoked_at = Some(now);
        self.epoch = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_a_minute_to_an_hour() {
        for good in [60, 3600] {
            assert_eq!(i64::from(TokenLifetime::from_seconds(good).unwrap().seconds()), good);
        }
        for bad in [i64::MIN, -1, 0, 59, 3601, 65_536 + 60, i64::MAX] {
            assert!(TokenLifetime::from_seconds(bad).is_err(), "{bad}");
        }
    }
}
