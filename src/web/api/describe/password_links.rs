//! `/invitations` and `/password-reset`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
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

pub(in crate::web::api) const ACCEPT: Doc = Doc::new("acceptInvitation", "Accept an invitation").reads::<ChosenPassword>();

pub(in crate::web::api) const ASK: Doc = Doc::new("askForPasswordReset", "Ask for a new password")
    .because("The answer is the same whether or not there is such a user.")
    .reads::<ForgottenPassword>()
    .accepts::<Told>();

pub(in crate::web::api) const CONFIRM: Doc = Doc::new("resetPassword", "Choose a new password").reads::<ChosenPassword>();
