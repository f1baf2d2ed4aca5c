//! `/setup`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use crate::app::users::UserView;
use crate::domain::email::Email;
use crate::domain::name::Name;
use crate::domain::time::Timestamp;

/// The link's token.
#[derive(ToSchema)]
#[schema(example = json!({"token": "…"}))]
struct SetupLink {
    /// From the link that the server prints while the platform has no user.
    token: String,
}

/// The first operator.
#[derive(ToSchema)]
#[schema(example = json!({"token": "…", "email": "operator@example.com", "name": "Robin", "password": "…"}))]
struct FirstOperator {
    /// From the link that the server prints while the platform has no user.
    token: String,
    /// The login.
    email: Email,
    /// Shown to people.
    #[schema(nullable = true)]
    name: Option<Name>,
    password: String,
}

/// A link that works.
#[derive(ToSchema)]
struct LiveSetupLink {
    /// When it dies.
    expires_at: Timestamp,
}

pub(in crate::web::api) const SET_UP: Doc = Doc::new("setUpPlatform", "Make the first operator")
    .because("An owner of the platform's organization. Works while it has no user at all, so once.")
    .reads::<FirstOperator>()
    .creates::<UserView>();

pub(in crate::web::api) const SHOW: Doc =
    Doc::new("showSetupLink", "Look at a link for setting up").reads::<SetupLink>().answers::<LiveSetupLink>();
