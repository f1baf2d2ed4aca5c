//! `/scopes` and `/resource-servers`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use crate::app::show_catalogue::ScopeView;
use crate::domain::name::Name;
use crate::domain::resource_server::{Audience, ResourceServer};
use crate::domain::scope::{Level, ScopeName};

/// What a scope is to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "name": "payments:write",
    "resource_server": "https://payments.example.com",
    "level": "organization",
    "description": "Make payments",
    "implies": ["payments:read"],
}))]
struct NewScope {
    /// Unique; never changes.
    name: ScopeName,
    /// The identifier of its resource server, or that one's id.
    #[schema(min_length = 1, max_length = 512)]
    resource_server: String,
    /// Where it can be granted; `organization` unless said.
    #[schema(nullable = false)]
    level: Option<Level>,
    /// What it allows, for people.
    #[schema(nullable = false, max_length = 500)]
    description: Option<String>,
    /// Scopes of the same level that whoever holds this one holds too.
    #[schema(nullable = false)]
    implies: Option<Vec<ScopeName>>,
}

/// What an edit of a scope changes.
#[derive(ToSchema)]
#[schema(example = json!({"description": "Make payments", "implies": ["payments:read"]}))]
struct ScopeEdit {
    /// What it allows, for people.
    #[schema(nullable = false, max_length = 500)]
    description: Option<String>,
    /// All that it implies from now on: scopes of the same level, without a circle.
    #[schema(nullable = false)]
    implies: Option<Vec<ScopeName>>,
}

/// What a resource server is to be.
#[derive(ToSchema)]
#[schema(example = json!({"identifier": "https://payments.example.com", "name": "Payments"}))]
struct NewResourceServer {
    /// An absolute URI: the `aud` of its tokens. Unique; never changes.
    identifier: Audience,
    /// Shown to people; the identifier, as far as that fits, unless said.
    #[schema(nullable = false)]
    name: Option<Name>,
}

/// What an edit of a resource server changes.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Payments"}))]
struct ResourceServerEdit {
    /// Shown to people.
    #[schema(nullable = false)]
    name: Option<Name>,
}

pub(in crate::web::api) const LIST: Doc = Doc::new("listScopes", "List scopes")
    .because("The catalogue, in order of name. Scopes of the platform's level are shown to operators alone.")
    .lists::<ScopeView>();

pub(in crate::web::api) const CREATE: Doc = Doc::new("createScope", "Create a scope").reads::<NewScope>().creates::<ScopeView>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showScope", "Show a scope").answers::<ScopeView>();

pub(in crate::web::api) const EDIT: Doc = Doc::new("editScope", "Edit a scope")
    .because("Every key that holds the scope holds at once what it now implies, and no longer what it did.")
    .reads::<ScopeEdit>()
    .answers::<ScopeView>();

pub(in crate::web::api) const DELETE: Doc = Doc::new("deleteScope", "Delete a scope")
    .because("Refused (`409`) while a key's grants name it or another scope implies it.");

pub(in crate::web::api) const LIST_SERVERS: Doc =
    Doc::new("listResourceServers", "List resource servers").because("In order of identifier.").lists::<ResourceServer>();

pub(in crate::web::api) const CREATE_SERVER: Doc =
    Doc::new("createResourceServer", "Create a resource server").reads::<NewResourceServer>().creates::<ResourceServer>();

pub(in crate::web::api) const SHOW_SERVER: Doc =
    Doc::new("showResourceServer", "Show a resource server").answers::<ResourceServer>();

pub(in crate::web::api) const EDIT_SERVER: Doc =
    Doc::new("editResourceServer", "Rename a resource server").reads::<ResourceServerEdit>().answers::<ResourceServer>();

pub(in crate::web::api) const DELETE_SERVER: Doc =
    Doc::new("deleteResourceServer", "Delete a resource server").because("Refused (`409`) while it has scopes.");
