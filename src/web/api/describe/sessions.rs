//! `/session` and `/sessions`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use crate::app::users::UserView;
use crate::domain::email::Email;
use crate::domain::id::SessionId;
use crate::domain::organization::Organization;
use crate::domain::time::Timestamp;
use crate::web::api::sessions::SessionView;

/// Who signs in.
#[derive(ToSchema)]
#[schema(example = json!({"email": "person@example.com", "password": "…"}))]
struct Credentials {
    /// The login.
    email: Email,
    password: String,
}

/// The password again.
#[derive(ToSchema)]
#[schema(example = json!({"password": "…"}))]
struct Proof {
    password: String,
}

/// The old password and the new one.
#[derive(ToSchema)]
#[schema(example = json!({"current_password": "…", "new_password": "…"}))]
struct PasswordChange {
    current_password: String,
    /// 8 to 256 characters that are not easily guessed.
    new_password: String,
}

/// Who has signed in.
#[derive(ToSchema)]
struct CurrentSession {
    /// The person.
    user: UserView,
    /// Of which organization.
    organization: Organization,
    /// To be sent as `X-CSRF-Token` with every change.
    csrf_token: String,
    session_id: SessionId,
    /// Whether the password was given within the last five minutes.
    has_fresh_proof: bool,
    /// Until when that counts.
    proof_expires_at: Timestamp,
    /// When the session ends, used or not.
    expires_at: Timestamp,
}

pub(in crate::web::api) const SHOW: Doc = Doc::new("showSession", "Show your session").answers::<CurrentSession>();

pub(in crate::web::api) const SIGN_IN: Doc = Doc::new("signIn", "Sign in")
    .because("Sets the session's cookie. Unknown addresses and wrong passwords look alike.")
    .reads::<Credentials>()
    .answers::<CurrentSession>();

pub(in crate::web::api) const SIGN_OUT: Doc = Doc::new("signOut", "Sign out");

pub(in crate::web::api) const REAUTHENTICATE: Doc = Doc::new("reauthenticate", "Give the password again")
    .because("Sensitive actions ask for it; it counts for five minutes. Sets a new cookie.")
    .reads::<Proof>()
    .answers::<CurrentSession>();

pub(in crate::web::api) const CHANGE_PASSWORD: Doc = Doc::new("changePassword", "Change your password")
    .because("Your other sessions end. Sets a new cookie.")
    .reads::<PasswordChange>()
    .answers::<CurrentSession>();

pub(in crate::web::api) const LIST: Doc = Doc::new("listSessions", "List your sessions").lists::<SessionView>().query(&[]);

pub(in crate::web::api) const END_OTHERS: Doc = Doc::new("endOtherSessions", "End your other sessions");

pub(in crate::web::api) const END_ONE: Doc = Doc::new("endSession", "End a session of yours");
