//! How the words of the domain are spelled in JSON.

use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::parameters::id;
use crate::domain::api_key::{AuthMethod, TokenLifetime};
use crate::domain::delivery::DeliveryState;
use crate::domain::email::Email;
use crate::domain::event::EventKind;
use crate::domain::foreign_client_id::ForeignClientId;
use crate::domain::grant::{Grant, GrantTarget, Grants};
use crate::domain::id::{
    AccountId, ClientId, DeliveryId, EventId, OrganizationId, ResourceServerId, ScopeId, SecretId, SessionId, UserId, WebhookId,
    WebhookSecretId,
};
use crate::domain::ip_allowlist::IpAllowlist;
use crate::domain::max_payout::MaxPayout;
use crate::domain::name::Name;
use crate::domain::outbound_url::{MAX_URL_BYTES, OutboundUrl};
use crate::domain::plan::{Limit, PlanName};
use crate::domain::profile::OrganizationProfile;
use crate::domain::public_credential::IssuerUrl;
use crate::domain::resource_server::Audience;
use crate::domain::role::Role;
use crate::domain::scope::{Level, ScopeName};
use crate::domain::signing_key::{KeyState, SigningAlgorithm};
use crate::domain::time::Timestamp;
use crate::domain::user::Standing;
use crate::domain::webhook::{DisabledReason, EventFilter};

macro_rules! words {
    ($($type:ty = $schema:expr;)*) => {$(
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                read($schema)
            }
        }
        impl ToSchema for $type {}
    )*};
}

/// A schema from its JSON; a test sees to it that each can be read.
fn read(schema: Value) -> RefOr<Schema> {
    RefOr::T(serde_json::from_value(schema).unwrap_or_else(|_| Schema::Object(Object::new())))
}

fn example_id(prefix: &str) -> Value {
    let Value::Object(mut schema) = id(prefix) else { return Value::Null };
    schema.insert("example".to_owned(), json!(format!("{prefix}01hf7yat00000000000000000a")));
    Value::Object(schema)
}

words! {
    OrganizationId = example_id("org_");
    AccountId = example_id("acct_");
    ClientId = example_id("key_");
    SecretId = example_id("sec_");
    ResourceServerId = example_id("rs_");
    ScopeId = example_id("scope_");
    UserId = example_id("user_");
    SessionId = example_id("sess_");
    WebhookId = example_id("wh_");
    WebhookSecretId = example_id("whs_");
    DeliveryId = example_id("dlv_");
    EventId = example_id("evt_");
    EventKind = json!({"type": "string", "example": "api_key.created"});
    EventFilter = json!({"type": "array", "items": {"type": "string", "maxLength": 64}, "example": ["api_key.created"]});
    OutboundUrl = json!({"type": "string", "format": "uri", "maxLength": MAX_URL_BYTES, "example": "https://example.com/hooks"});
    DisabledReason = json!({"type": "string", "enum": ["by_hand", "gone"], "example": "gone"});
    DeliveryState = json!({"type": "string", "enum": DeliveryState::ALL.map(DeliveryState::as_str)});
    Email = json!({"type": "string", "format": "email", "maxLength": 254, "example": "person@example.com"});
    Role = json!({"type": "string", "enum": Role::ALL.map(Role::as_str)});
    Standing = json!({"type": "string", "enum": ["disabled", "invited", "active"], "example": "active"});
    Name = json!({"type": "string", "minLength": 1, "maxLength": 64, "example": "Nightly export"});
    Timestamp = json!({"type": "string", "format": "date-time", "example": "2030-01-31T12:00:00Z"});
    IssuerUrl = json!({"type": "string", "format": "uri", "maxLength": 512, "example": "https://kubernetes.example.com"});
    PlanName = json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$", "example": "growth"});
    OrganizationProfile = json!({"type": "string", "enum": OrganizationProfile::ALL.map(OrganizationProfile::as_str)});
    Limit = json!({"type": "integer", "minimum": 1, "maximum": Limit::MAX, "example": 300});
    ScopeName = json!({"type": "string", "pattern": r"^[\x21\x23-\x5b\x5d-\x7e]{1,128}$", "example": "payments:read"});
    Audience = json!({"type": "string", "format": "uri", "maxLength": 512, "example": "https://payments.example.com"});
    Level = json!({"type": "string", "enum": ["organization", "account", "platform"]});
    ForeignClientId = json!({"type": "string", "example": "legacy-client"});
    MaxPayout = json!({"type": "string", "pattern": r"^[0-9]{1,15}(\.[0-9]{1,8})?$", "example": "55.00"});
    TokenLifetime = json!({"type": "integer", "minimum": 60, "maximum": 3600, "default": 3600, "example": 3600});
    AuthMethod = json!({"type": "string", "enum": AuthMethod::ALL.map(AuthMethod::as_str), "default": "client_secret_basic"});
    IpAllowlist = json!({
        "type": "array",
        "items": {"type": "string", "maxLength": 64},
        "example": ["192.0.2.0/24", "2001:db8::1"],
    });
    SigningAlgorithm = json!({"type": "string", "enum": SigningAlgorithm::ALL.map(SigningAlgorithm::as_str)});
    KeyState = json!({"type": "string", "enum": ["published", "signing", "retired", "expired", "revoked"]});
    GrantTarget = json!({
        "type": ["string", "null"],
        "pattern": r"^(\*|acct_[0-7][0-9a-hjkmnp-tv-z]{25})$",
        "example": null,
    });
}

/// Spelled as a list of grants.
impl PartialSchema for Grants {
    fn schema() -> RefOr<Schema> {
        read(json!({"type": "array", "minItems": 1, "items": {"$ref": "#/components/schemas/Grant"}}))
    }
}

impl ToSchema for Grants {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((Grant::name().into_owned(), Grant::schema()));
        Grant::schemas(schemas);
    }
}

impl PartialSchema for Grant {
    fn schema() -> RefOr<Schema> {
        read(json!({
            "type": "object",
            "description": "A target and the scopes that the key holds there.",
            "required": ["scopes"],
            "additionalProperties": false,
            "properties": {
                "account_id": {
                    "type": ["string", "null"],
                    "description": "`null`: the organization itself; `*`: every account, present and future.",
                    "pattern": r"^(\*|acct_[0-7][0-9a-hjkmnp-tv-z]{25})$",
                },
                "scopes": {
                    "type": "array",
                    "description": "Scopes whose level fits the target; what they imply is held too.",
                    "minItems": 1,
                    "items": {"$ref": "#/components/schemas/ScopeName"},
                },
            },
            "example": {"account_id": null, "scopes": ["payments:read"]},
        }))
    }
}

impl ToSchema for Grant {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((ScopeName::name().into_owned(), ScopeName::schema()));
    }
}
