//! `/invitations` and `/password-reset`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use crate::app::user_links::LinkHolder;
use crate::domain::email::Email;

/// Whose password was forgotten.
#[derive(ToSchema)]
#[schema(example = json!({"email": "person@example.com"}))]
struct ForgottenPassword {
    /// The login.
    email: Email,
}

/// A link's token and the password that is chosen.
#[derive(ToSchema)]
#[schema(example = json!({"token": "…", "password": "…"}))]
struct ChosenPassword {
    /// From the link; works once.
    token: String,
    password: String,
}

/// What was done, as far as it is told.
#[derive(ToSchema)]
struct Told {
    /// A sentence for people.
    detail: String,
}

/// A link's token.
#[derive(ToSchema)]
#[schema(example = json!({"token": "…"}))]
struct Link {
    /// From the link.
    token: String,
}

pub(in crate::web::api) const SHOW_INVITATION: Doc = Doc::new("showInvitation", "Look at an invitation")
    .because("For whom it is, as long as it works. Looking does not use it.")
    .reads::<Link>()
    .answers::<LinkHolder>();

pub(in crate::web::api) const SHOW_PASSWORD_RESET: Doc = Doc::new("showPasswordReset", "Look at a link for a new password")
    .because("For whom it is, as long as it works. Looking does not use it.")
    .reads::<Link>()
    .answers::<LinkHolder>();

pub(in crate::web::api) const ACCEPT: Doc = Doc::new("acceptInvitation", "Accept an invitation").reads::<ChosenPassword>();

pub(in crate::web::api) const ASK: Doc = Doc::new("askForPasswordReset", "Ask for a new password")
    .because("The answer is the same whether or not there is such a user.")
    .reads::<ForgottenPassword>()
    .accepts::<Told>();

pub(in crate::web::api) const CONFIRM: Doc = Doc::new("resetPassword", "Choose a new password").reads::<ChosenPassword>();
