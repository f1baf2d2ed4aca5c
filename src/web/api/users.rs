//! `/users`

use super::answer::Answer;
use super::call::Call;
use super::cursor;
use super::input::{boolean, present, text};
use super::problem::ApiError;
use super::query::bad_cursor;
use crate::app::users::{NewUser, UserChange, UserView, change_user, create_user, invite_again, remove_user};
use crate::app::{AppError, Work};
use crate::domain::id::{OrganizationId, UserId};
use crate::domain::permission::Permission::{self, ReadOrganizations, WriteOrganizations};
use crate::domain::user::User;
use crate::store::users;

/// The organization that is meant: the caller's own, or, for operators, any.
fn organization(call: &Call, asked: Option<OrganizationId>, permission: Permission) -> Result<OrganizationId, ApiError> {
    let own = call.organization_id()?;
    match asked {
        Some(other) if other != own => {
            call.caller()?.check(permission, call.management.roles)?;
            Ok(other)
        }
        _ => Ok(own),
    }
}

/// Whether the caller sees this user; to all others there is none.
fn is_visible(call: &Call, user: &User, permission: Permission) -> Result<bool, ApiError> {
    let caller = call.caller()?;
    Ok(user.organization_id == caller.organization_id || caller.check(permission, call.management.roles).is_ok())
}

/// `GET /users`, the newest first
pub(super) fn list(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&["limit", "cursor", "search", "organization_id"])?;
    let organization_id = organization(call, call.query.parsed("organization_id")?, ReadOrganizations)?;
    let before: Option<UserId> = call.query.after()?.map(|place| place.parse().map_err(|_| bad_cursor())).transpose()?;
    let (search, limit) = (call.query.search()?, call.query.limit()?);
    let mut found = call.management.db.read(|connection| users::page(connection, organization_id, search, before, limit + 1))?;
    let has_more = i64::try_from(found.len()).is_ok_and(|count| count > limit);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| has_more).map(|user| cursor::encode(&user.id.to_string()));
    Answer::page(&found.into_iter().map(UserView::from).collect::<Vec<_>>(), next)
}

/// `GET /users/{user_id}`
pub(super) fn show(call: &Call) -> Result<Answer, ApiError> {
    call.query.allow(&[])?;
    let id = call.id("user_id")?;
    let user = call.management.db.read(|connection| users::find(connection, id))?.ok_or_else(ApiError::not_found)?;
    if !is_visible(call, &user, ReadOrganizations)? {
        return Err(ApiError::not_found());
    }
    Answer::ok(&UserView::from(user))
}

/// `POST /users`
pub(super) fn create(call: &Call) -> Result<Answer, ApiError> {
    let mut input = call.input();
    let email = input.required("email", text);
    let role = input.required("role", text);
    let name = input.nullable("name", text).flatten();
    let asked = input.optional("organization_id", text);
    input.finish()?;
    let organization_id = organization(call, asked, WriteOrganizations)?;
    let new = NewUser { organization_id, email: present(email)?, name, role: present(role)?, password: None };
    call.change(|work| {
        let user = create_user(work, new)?;
        Answer::created(format!("/api/v1/users/{}", user.id), &UserView::from(user))
    })
}

/// `PATCH /users/{user_id}`
pub(super) fn edit(call: &Call) -> Result<Answer, ApiError> {
    let id = call.id("user_id")?;
    let mut input = call.input();
    let change = UserChange {
        role: input.optional("role", text),
        name: input.nullable("name", text),
        disabled: input.optional("disabled", boolean),
    };
    input.fixed(&["id", "organization_id", "email"], "is fixed when the user is made");
    input.finish()?;
    on_user(call, id, |work| Answer::ok(&UserView::from(change_user(work, id, change)?)))
}

/// `DELETE /users/{user_id}`
pub(super) fn delete(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let id = call.id("user_id")?;
    on_user(call, id, |work| {
        remove_user(work, id)?;
        Ok(Answer::no_content())
    })
}

/// `POST /users/{user_id}/invite`
pub(super) fn invite(call: &Call) -> Result<Answer, ApiError> {
    call.no_input()?;
    let id = call.id("user_id")?;
    on_user(call, id, |work| Answer::ok(&UserView::from(invite_again(work, id)?)))
}

fn on_user(call: &Call, id: UserId, act: impl FnOnce(&mut Work<'_, '_>) -> Result<Answer, ApiError>) -> Result<Answer, ApiError> {
    call.change(|work| {
        let found = users::find(work.transaction.reading(), id)?;
        let user = found.ok_or_else(|| AppError::not_found("user", id))?;
        if !is_visible(call, &user, WriteOrganizations)? {
            return Err(ApiError::not_found());
        }
        act(work)
    })
}
