//! `claviger users`

use clap::{Args, Subcommand};
use serde::Serialize;

use super::context::{Context, Opened};
use super::values::from_standard_input;
use super::{Failure, output};
use crate::app::AppError;
use crate::app::people::password_context;
use crate::app::set_up::{setup_link, setup_token};
use crate::app::users::{NewUser, UserChange, UserView, change_user, create_user, set_password};
use crate::clock;
use crate::crypto::password_hash;
use crate::domain::email::Email;
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::name::Name;
use crate::domain::password::{Password, PasswordHash};
use crate::domain::role::Role;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::{organizations, users};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a user; the password comes from standard input
    Create {
        /// Whose person it will be
        #[arg(long, value_name = "ID")]
        organization: OrganizationId,
        /// The login
        #[arg(long)]
        email: Email,
        /// owner, admin or developer
        #[arg(long)]
        role: Role,
        /// 1 to 64 characters
        #[arg(long)]
        name: Option<Name>,
    },
    /// List users
    List {
        /// Those of one organization alone
        #[arg(long, value_name = "ID")]
        organization: Option<OrganizationId>,
    },
    /// Give a user another role; the user's sessions end
    SetRole {
        #[command(flatten)]
        id: Id,
        /// owner, admin or developer
        role: Role,
    },
    /// Keep a user out; the user's sessions end
    Disable(Id),
    /// Let a disabled user in again
    Enable(Id),
    /// Give a user another password, from standard input; the user's sessions end
    ResetPassword(Id),
    /// Print the link with which the platform's first operator sets up; it works for 24 hours, until there is one
    SetupLink,
}

#[derive(Args, Debug)]
pub(super) struct Id {
    /// user_…
    id: UserId,
}

pub(super) fn run(context: Context, command: Command) -> Result<(), Failure> {
    let opened = context.open()?;
    let change = |id: Id, change: UserChange| opened.change(|work| change_user(work, id.id, change));
    let user = match command {
        Command::Create { organization, email, role, name } => create(&opened, organization, email, role, name)?,
        Command::List { organization } => {
            let all = opened.db.read(|connection| users::all(connection, organization))?;
            let all: Vec<UserView> = all.into_iter().map(UserView::from).collect();
            return output::list(context.json, &all, &["id", "organization_id", "email", "role", "status", "last_login_at"]);
        }
        Command::SetRole { id, role } => change(id, UserChange { role: Some(role), ..UserChange::default() })?,
        Command::Disable(id) => change(id, UserChange { disabled: Some(true), ..UserChange::default() })?,
        Command::Enable(id) => change(id, UserChange { disabled: Some(false), ..UserChange::default() })?,
        Command::ResetPassword(id) => reset_password(&opened, id.id)?,
        Command::SetupLink => return print_setup_link(&opened, context.json),
    };
    output::object(context.json, &UserView::from(user))
}

fn create(
    opened: &Opened,
    organization_id: OrganizationId,
    email: Email,
    role: Role,
    name: Option<Name>,
) -> Result<User, Failure> {
    let now = clock::now();
    // Only to judge the password by.
    let draft = User {
        id: UserId::from_parts(0, 0),
        organization_id,
        email,
        name,
        role,
        has_password: true,
        disabled_at: None,
        created_at: now,
        updated_at: now,
        last_login_at: None,
    };
    let password = Some(read_password(opened, &draft)?);
    let User { email, name, .. } = draft;
    opened.change(|work| create_user(work, NewUser { organization_id, email, name, role, password }))
}

#[derive(Serialize)]
struct SetupLink {
    link: String,
    expires_at: Timestamp,
}

fn print_setup_link(opened: &Opened, json: bool) -> Result<(), Failure> {
    let Some(token) = setup_token(&opened.db, &opened.master_key.login_key()?)? else {
        return Err(Failure::Failed("the platform has users already: they invite others".to_owned()));
    };
    let issuer = opened.settings.issuer.as_deref().unwrap_or("http://127.0.0.1:8080");
    let link = setup_link(issuer, &token);
    if json { output::object(true, &SetupLink { link, expires_at: token.expires_at() }) } else { output::line(&link) }
}

fn reset_password(opened: &Opened, id: UserId) -> Result<User, Failure> {
    let user = opened.db.read(|connection| users::find(connection, id))?.ok_or_else(|| AppError::not_found("user", id))?;
    let hash = read_password(opened, &user)?;
    opened.change(|work| set_password(work, id, &hash))
}

fn read_password(opened: &Opened, user: &User) -> Result<PasswordHash, Failure> {
    let organization = opened.db.read(|connection| organizations::find(connection, user.organization_id))?;
    let organization = organization.ok_or_else(|| AppError::not_found("organization", user.organization_id))?;
    let text = from_standard_input("Type the password, then Enter:")?;
    let context = password_context(user, organization.name.as_str());
    let context: Vec<&str> = context.iter().map(String::as_str).collect();
    let password = Password::chosen(text.to_string(), &context)?;
    Ok(password_hash::hash(&password)?)
}
