//! `/users`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use super::parameters::{CURSOR, LIMIT, ORGANIZATION, SEARCH_USERS};
use crate::app::users::UserView;
use crate::domain::email::Email;
use crate::domain::id::OrganizationId;
use crate::domain::name::Name;
use crate::domain::role::Role;

/// Who is invited.
#[derive(ToSchema)]
#[schema(example = json!({"email": "person@example.com", "role": "developer", "name": "Robin"}))]
struct NewUser {
    /// The login; unique on this server.
    email: Email,
    /// What the person may.
    role: Role,
    /// Shown to people.
    name: Option<Name>,
    /// Your own unless said; operators may name any.
    #[schema(nullable = false)]
    organization_id: Option<OrganizationId>,
}

/// What an edit of a user changes.
#[derive(ToSchema)]
#[schema(example = json!({"role": "admin"}))]
struct UserEdit {
    /// What the person may.
    #[schema(nullable = false)]
    role: Option<Role>,
    /// Shown to people.
    name: Option<Name>,
    /// Whether the person is kept out. Their sessions end.
    #[schema(nullable = false)]
    disabled: Option<bool>,
}

pub(in crate::web::api) const LIST: Doc = Doc::new("listUsers", "List users")
    .because("The people of your organization, the newest first; operators may ask for another's.")
    .lists::<UserView>()
    .query(&[LIMIT, CURSOR, SEARCH_USERS, ORGANIZATION]);

pub(in crate::web::api) const CREATE: Doc = Doc::new("inviteUser", "Invite a user")
    .because("An e-mail with a link goes to the address; there the person chooses a password.")
    .reads::<NewUser>()
    .creates::<UserView>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showUser", "Show a user").answers::<UserView>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editUser", "Edit a user").because("The last owner stays one (`422`).").reads::<UserEdit>().answers::<UserView>();

pub(in crate::web::api) const DELETE: Doc =
    Doc::new("removeUser", "Remove a user").because("The last owner stays (`422`). Sessions end at once.");

pub(in crate::web::api) const INVITE: Doc = Doc::new("inviteUserAgain", "Invite a user again")
    .because("Another e-mail with another link; earlier links are dead.")
    .answers::<UserView>();
