//! The parameters of paths and queries.

use serde_json::{Value, json};

use crate::domain::delivery::DeliveryState;

/// One of them.
#[derive(Clone, Copy)]
pub(in crate::web::api) struct Parameter {
    pub(in crate::web::api) name: &'static str,
    pub(in crate::web::api) description: &'static str,
    pub(in crate::web::api) schema: fn() -> Value,
    /// A value that is accepted.
    pub(in crate::web::api) example: &'static str,
}

pub(in crate::web::api) const LIMIT: Parameter = Parameter {
    name: "limit",
    description: "The most entries of the page.",
    schema: || json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}),
    example: "50",
};

pub(in crate::web::api) const CURSOR: Parameter = Parameter {
    name: "cursor",
    description: "`next_cursor` of the page before. A text to hand back, not to read.",
    schema: || json!({"type": "string", "minLength": 1, "maxLength": 512}),
    example: "",
};

pub(in crate::web::api) const SEARCH: Parameter = Parameter {
    name: "search",
    description: "A part of the name; the case of ASCII letters does not matter.",
    schema: || json!({"type": "string", "maxLength": 64}),
    example: "export",
};

pub(in crate::web::api) const SEARCH_KEYS: Parameter =
    Parameter { description: "A part of the name or the client id; the case of ASCII letters does not matter.", ..SEARCH };

pub(in crate::web::api) const SEARCH_USERS: Parameter = Parameter {
    description: "A part of the name or the e-mail address; the case of ASCII letters does not matter.",
    example: "robin",
    ..SEARCH
};

pub(in crate::web::api) const PLAN: Parameter = Parameter {
    name: "plan",
    description: "Organizations with this rate plan alone; not those that have none of their own.",
    schema: || json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}),
    example: "growth",
};

pub(in crate::web::api) const KIND: Parameter = Parameter {
    name: "kind",
    description: "Keys of this kind alone.",
    schema: || json!({"type": "string", "enum": ["admin", "scoped"]}),
    example: "scoped",
};

pub(in crate::web::api) const STATE: Parameter = Parameter {
    name: "state",
    description: "Keys in this state alone. A disabled key counts as disabled even when its time is over too.",
    schema: || json!({"type": "string", "enum": ["live", "disabled", "expired"]}),
    example: "live",
};

pub(in crate::web::api) const SORT_KEYS: Parameter = Parameter {
    name: "sort",
    description: "The order: the newest first; by name (the case of ASCII letters does not matter); or the last used first, \
                  to the minute, those never used last. A cursor is one of its own order.",
    schema: || json!({"type": "string", "enum": ["newest", "name", "last_used"], "default": "newest"}),
    example: "newest",
};

pub(in crate::web::api) const ACCOUNT: Parameter = Parameter {
    name: "account_id",
    description: "Keys alone that name this account: its admin key, and those with a grant there (not those with `*`).",
    schema: || id("acct_"),
    example: "acct_01hf7yat00000000000000000a",
};

pub(in crate::web::api) const ACTION: Parameter = Parameter {
    name: "action",
    description: "Rows of this action alone, e.g. `api_key.created`.",
    schema: || json!({"type": "string", "minLength": 1}),
    example: "api_key.created",
};

pub(in crate::web::api) const ACTOR: Parameter = Parameter {
    name: "actor",
    description: "What this user or API key did; or `cli`, `dev`, `system`, `anonymous`.",
    schema: || json!({"type": "string", "minLength": 1}),
    example: "cli",
};

pub(in crate::web::api) const TARGET: Parameter = Parameter {
    name: "target",
    description: "What was done to the thing of this id.",
    schema: || json!({"type": "string", "minLength": 1, "maxLength": 128}),
    example: "key_01hf7yat00000000000000000a",
};

pub(in crate::web::api) const OUTCOME: Parameter = Parameter {
    name: "outcome",
    description: "What was done, or what was refused.",
    schema: || json!({"type": "string", "enum": ["done", "refused"]}),
    example: "done",
};

pub(in crate::web::api) const SINCE: Parameter =
    Parameter { name: "since", description: "From then on.", schema: time, example: "2026-01-31T12:00:00Z" };

pub(in crate::web::api) const UNTIL: Parameter =
    Parameter { name: "until", description: "Before then.", schema: time, example: "2035-01-31T12:00:00Z" };

pub(in crate::web::api) const FROM: Parameter = Parameter {
    name: "from",
    description: "The first hour's start, at most 31 days before `to`; seven days unless said.",
    schema: time,
    example: "",
};

pub(in crate::web::api) const TO: Parameter = Parameter {
    name: "to",
    description: "Hours that begin here or later are left out; now unless said.",
    schema: time,
    example: "",
};

pub(in crate::web::api) const ORGANIZATION: Parameter = Parameter {
    name: "organization_id",
    description: "Another organization than your own; for operators who may see organizations.",
    schema: || id("org_"),
    example: "",
};

pub(in crate::web::api) const DELIVERY_STATE: Parameter = Parameter {
    name: "state",
    description: "Deliveries in this state alone.",
    schema: || json!({"type": "string", "enum": DeliveryState::ALL.map(DeliveryState::as_str)}),
    example: "",
};

pub(in crate::web::api) const KEY: Parameter =
    Parameter { name: "client_id", description: "The API key.", schema: || id("key_"), example: "" };

/// Every `{name}` that stands in a path.
pub(in crate::web::api) const PATH_PARAMETERS: &[Parameter] = &[
    Parameter {
        name: "client_id",
        description: "The API key.",
        schema: || id("key_"),
        example: "key_01hf7yat00000000000000000a",
    },
    Parameter { name: "secret_id", description: "The secret.", schema: || id("sec_"), example: "sec_01hf7yat00000000000000000a" },
    Parameter { name: "account_id", description: "The account.", schema: || id("acct_"), example: ACCOUNT.example },
    Parameter {
        name: "organization_id",
        description: "The organization.",
        schema: || id("org_"),
        example: "org_01hf7yat00000000000000000a",
    },
    Parameter { name: "user_id", description: "The user.", schema: || id("user_"), example: "user_01hf7yat00000000000000000a" },
    Parameter { name: "webhook_id", description: "The webhook.", schema: || id("wh_"), example: "wh_01hf7yat00000000000000000a" },
    Parameter {
        name: "delivery_id",
        description: "The delivery.",
        schema: || id("dlv_"),
        example: "dlv_01hf7yat00000000000000000a",
    },
    Parameter {
        name: "session_id",
        description: "The session.",
        schema: || id("sess_"),
        example: "sess_01hf7yat00000000000000000a",
    },
    Parameter {
        name: "resource_server_id",
        description: "The resource server.",
        schema: || id("rs_"),
        example: "rs_01hf7yat00000000000000000a",
    },
    Parameter {
        name: "name",
        description: "The plan.",
        schema: || json!({"type": "string", "pattern": "^[a-z0-9_-]{1,64}$"}),
        example: "growth",
    },
    Parameter {
        name: "scope",
        description: "The scope, by its id or its name (percent-encoded where a path needs it).",
        schema: || json!({"type": "string", "minLength": 1}),
        example: "payments:read",
    },
];

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// The schema of an identifier with this prefix.
pub(in crate::web::api) fn id(prefix: &str) -> Value {
    json!({"type": "string", "pattern": format!("^{prefix}[0-7][0-9a-hjkmnp-tv-z]{{25}}$")})
}
