//! `/api-keys`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use super::parameters::{ACCOUNT, CURSOR, KIND, LIMIT, SEARCH_KEYS, SORT_KEYS, STATE};
use crate::app::explain_token::Explanation;
use crate::app::show_api_key::ApiKeyView;
use crate::domain::api_key::{AuthMethod, TokenLifetime};
use crate::domain::grant::Grants;
use crate::domain::id::AccountId;
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::max_payout::MaxPayout;
use crate::domain::name::Name;
use crate::domain::outbound_url::OutboundUrl;
use crate::domain::plan::PlanName;
use crate::domain::public_credential::{RegisteredJwks, TrustedIssuer};
use crate::domain::time::Timestamp;

/// What an API key is to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "Nightly export",
    "grants": [{"account_id": null, "scopes": ["payments:read"]}],
    "ip_allowlist": ["192.0.2.0/24"],
    "token_lifetime_seconds": 900,
}))]
struct NewApiKey {
    /// Shown to people.
    name: Name,
    /// `scoped` unless said. Keys can't make admin keys; owners can.
    #[schema(nullable = false)]
    kind: Option<Kind>,
    /// Of an admin key: the account that it administers; `null`: the organization.
    account_id: Option<AccountId>,
    /// Of a scoped key, and required there: what it holds, and where.
    #[schema(nullable = false)]
    grants: Option<Grants>,
    /// Addresses and CIDR ranges from which the key may be used; empty: anywhere.
    #[schema(nullable = false)]
    ip_allowlist: Option<IpAllowlist>,
    /// Handed to the resource server in the token; above zero.
    max_payout: Option<MaxPayout>,
    /// How long its tokens live.
    #[schema(nullable = false)]
    token_lifetime_seconds: Option<TokenLifetime>,
    /// How the key proves itself at the token endpoint. Never changes.
    #[schema(nullable = false)]
    token_endpoint_auth_method: Option<AuthMethod>,
    /// With `private_key_jwt` and `self_signed_tls_client_auth`: the client's public keys (RFC 7517), 1 to 10 of them.
    #[schema(value_type = Option<Object>)]
    jwks: Option<RegisteredJwks>,
    /// With these, in place of `jwks`: where the client publishes its public keys.
    jwks_uri: Option<OutboundUrl>,
    /// With `workload_jwt`: whose tokens take the place of a secret.
    trusted_issuer: Option<TrustedIssuer>,
    /// With `tls_client_auth`, one of these five: the subject of the client's certificate (RFC 4514, RFC 8705).
    #[schema(max_length = 1024, example = "CN=export,O=Acme,C=NL")]
    tls_client_auth_subject_dn: Option<String>,
    /// The same: a DNS name of the certificate, without wildcards.
    #[schema(max_length = 1024, example = "export.example.com")]
    tls_client_auth_san_dns: Option<String>,
    /// The same: a URI of it.
    #[schema(max_length = 1024, example = "spiffe://example.com/export")]
    tls_client_auth_san_uri: Option<String>,
    /// The same: an address of it.
    #[schema(max_length = 1024, example = "192.0.2.7")]
    tls_client_auth_san_ip: Option<String>,
    /// The same: an e-mail address of it.
    #[schema(max_length = 1024, example = "export@example.com")]
    tls_client_auth_san_email: Option<String>,
    /// Whether every token must be bound to a key of the client (RFC 8705, RFC 9449).
    #[schema(nullable = false)]
    require_bound_tokens: Option<bool>,
    /// The rate plan; `null`: the organization's.
    plan: Option<PlanName>,
    /// From when on the key is refused; `null`: never.
    expires_at: Option<Timestamp>,
}

/// What kind of key it is.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
enum Kind {
    /// Every scope of its target's level, present and future.
    Admin,
    /// What its grants name.
    Scoped,
}

/// What an edit changes; what it does not name stays as it is.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Nightly export", "max_payout": null, "revoke_tokens": false}))]
struct ApiKeyEdit {
    /// Shown to people.
    #[schema(nullable = false)]
    name: Option<Name>,
    /// Of a scoped key: all that it holds from now on.
    #[schema(nullable = false)]
    grants: Option<Grants>,
    /// Addresses and CIDR ranges from which the key may be used; empty: anywhere.
    #[schema(nullable = false)]
    ip_allowlist: Option<IpAllowlist>,
    /// Handed to the resource server in the token; above zero.
    max_payout: Option<MaxPayout>,
    /// How long its tokens live.
    #[schema(nullable = false)]
    token_lifetime_seconds: Option<TokenLifetime>,
    /// The rate plan; `null`: the organization's.
    plan: Option<PlanName>,
    /// From when on the key is refused; `null`: never.
    expires_at: Option<Timestamp>,
    /// Of a key with `private_key_jwt` or `self_signed_tls_client_auth`: its public keys from now on.
    #[schema(value_type = Option<Object>)]
    jwks: Option<RegisteredJwks>,
    /// The same when it publishes them: where.
    jwks_uri: Option<OutboundUrl>,
    /// Of a key with `workload_jwt`: whose tokens take the place of a secret.
    trusted_issuer: Option<TrustedIssuer>,
    /// Of a key with `tls_client_auth`, one of these five: the subject of its certificate from now on.
    #[schema(max_length = 1024, example = "CN=export,O=Acme,C=NL")]
    tls_client_auth_subject_dn: Option<String>,
    /// The same: a DNS name of the certificate, without wildcards.
    #[schema(max_length = 1024, example = "export.example.com")]
    tls_client_auth_san_dns: Option<String>,
    /// The same: a URI of it.
    #[schema(max_length = 1024, example = "spiffe://example.com/export")]
    tls_client_auth_san_uri: Option<String>,
    /// The same: an address of it.
    #[schema(max_length = 1024, example = "192.0.2.7")]
    tls_client_auth_san_ip: Option<String>,
    /// The same: an e-mail address of it.
    #[schema(max_length = 1024, example = "export@example.com")]
    tls_client_auth_san_email: Option<String>,
    /// Whether every token must be bound to a key of the client.
    #[schema(nullable = false)]
    require_bound_tokens: Option<bool>,
    /// Whether the tokens issued so far die too.
    #[schema(nullable = false)]
    revoke_tokens: Option<bool>,
}

/// How a secret is replaced.
#[derive(ToSchema)]
#[schema(example = json!({"grace_period_seconds": 86400, "revoke_tokens": false}))]
struct Regeneration {
    /// How long the newest old secret lives on; 0 unless said.
    #[schema(nullable = false, minimum = 0, maximum = 604_800)]
    grace_period_seconds: Option<i64>,
    /// Whether the tokens issued so far die too.
    #[schema(nullable = false)]
    revoke_tokens: Option<bool>,
}

const RULE: &str = "An API key that calls can neither grant nor change what it does not itself hold, and never touches \
                    an admin key.";

pub(in crate::web::api) const LIST: Doc = Doc::new("listApiKeys", "List API keys")
    .because("The keys of your organization, the newest first unless `sort` says otherwise.")
    .lists::<ApiKeyView>()
    .query(&[LIMIT, CURSOR, SEARCH_KEYS, KIND, ACCOUNT, STATE, SORT_KEYS]);

pub(in crate::web::api) const CREATE: Doc = Doc::new("createApiKey", "Create an API key")
    .because(
        "The answer holds `client_secret`. Keep it: it is shown this once, and not again for the same \
         `Idempotency-Key`. An API key that calls can't grant what it does not itself hold, and makes no admin keys.",
    )
    .reads::<NewApiKey>()
    .creates::<ApiKeyView>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showApiKey", "Show an API key").answers::<ApiKeyView>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editApiKey", "Edit an API key").because(RULE).reads::<ApiKeyEdit>().answers::<ApiKeyView>();

pub(in crate::web::api) const DELETE: Doc =
    Doc::new("deleteApiKey", "Delete an API key").because("For good. Its tokens are revoked.");

pub(in crate::web::api) const REGENERATE: Doc = Doc::new("regenerateApiKeySecret", "Regenerate the secret")
    .because(
        "The answer holds the new `client_secret`, this once. The newest old secret lives on for the grace period; \
         all others die at once. Tokens live on unless they are revoked.",
    )
    .reads::<Regeneration>()
    .answers::<ApiKeyView>();

pub(in crate::web::api) const RETIRE_SECRET: Doc = Doc::new("retireApiKeySecret", "Retire an old secret")
    .because(
        "The older of two live secrets is refused from now on, before its grace period is over. The newest can't be retired: \
         that would leave the key without one.",
    )
    .answers::<ApiKeyView>();

pub(in crate::web::api) const DUPLICATE: Doc = Doc::new("duplicateApiKey", "Duplicate an API key")
    .because("The same settings and grants under a new id and secret. An admin key can't be duplicated.")
    .creates::<ApiKeyView>();

pub(in crate::web::api) const DISABLE: Doc = Doc::new("disableApiKey", "Disable an API key")
    .because("It is refused until it is enabled again. Its tokens are revoked.")
    .answers::<ApiKeyView>();

pub(in crate::web::api) const ENABLE: Doc = Doc::new("enableApiKey", "Enable an API key")
    .because("Tokens from before it was disabled stay dead.")
    .answers::<ApiKeyView>();

pub(in crate::web::api) const REVOKE_TOKENS: Doc = Doc::new("revokeApiKeyTokens", "Revoke the tokens of an API key")
    .because("Every token issued so far is dead; the key and its secrets live on.")
    .answers::<ApiKeyView>();

/// A request for a token, as far as it decides something.
#[derive(ToSchema)]
#[schema(example = json!({"ip": "203.0.113.7", "scope": "payments:read"}))]
struct TokenQuestion {
    /// From where it comes; without it the allowlist is not asked.
    #[schema(format = "ip", max_length = 64)]
    ip: Option<String>,
    /// As the token endpoint takes it: names with one space between them.
    #[schema(max_length = 4096)]
    scope: Option<String>,
    /// As the token endpoint takes it.
    #[schema(max_length = 4096)]
    account: Option<String>,
    /// Each as the token endpoint takes it (RFC 8707).
    #[schema(nullable = false, max_items = 64)]
    resource: Option<Vec<String>>,
}

pub(in crate::web::api) const EXPLAIN: Doc = Doc::new("explainApiKey", "Explain what a request for a token would get")
    .because(
        "By the token endpoint's own rules, in its order, with the secret taken to be right. No token is made, and nothing is \
         counted: the rate plan is not asked.",
    )
    .reads::<TokenQuestion>()
    .answers::<Explanation>();
