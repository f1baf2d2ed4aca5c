//! `/operator/organizations/{organization_id}`

use actix_web::http::StatusCode;
use askama::Template;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::field::{Choice, Field, Fields, Kind};
use super::limits::{self, Limits};
use super::listing::{Listed, Pages};
use super::require;
use crate::domain::time::Timestamp;
use crate::web::api::{ApiError, Method};
use crate::web::dashboard::again::members;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::reply::Reply;
use crate::web::dashboard::shell::{Section, Shell};
use crate::web::dashboard::view::When;
use crate::web::dashboard::visit::{Errors, Visit};

const ONE: &str = "/organizations/{organization_id}";

#[derive(Debug, Deserialize)]
struct Organization {
    id: String,
    name: String,
    platform: bool,
    plan: Option<String>,
    enterprise_limits: Limits,
    profile: String,
    created_at: Timestamp,
    counts: Counts,
}

#[derive(Debug, Deserialize)]
struct Counts {
    accounts: i64,
    api_keys: i64,
    users: i64,
}

#[derive(Debug, Deserialize)]
struct Person {
    id: String,
    email: String,
    name: Option<String>,
    role: String,
    status: String,
    last_login_at: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
struct PlanRow {
    name: String,
}

#[derive(Debug, Deserialize)]
struct ServerRow {
    mail: MailRow,
}

#[derive(Debug, Deserialize)]
struct MailRow {
    is_configured: bool,
}

#[derive(Template)]
#[template(path = "dashboard/operator/organization.html")]
struct OrganizationPage {
    shell: Shell,
    organization: Organization,
    /// `None` for those who may not see people.
    people: Option<Listed<Person>>,
    /// What they are searched for.
    search: String,
    /// The ways to the others.
    pages: Pages,
    /// The forms, for those who may send them: name, plan and profile; limits.
    settings: Option<(Fields, Fields)>,
    invitation: Option<Fields>,
    has_enterprise: bool,
    sends_mail: bool,
}

/// What is wrong with the forms of the page.
#[derive(Debug, Default)]
struct Wrong {
    settings: Option<Errors>,
    invitation: Option<Errors>,
}

/// `GET /operator/organizations/{organization_id}`
pub(in crate::web::dashboard) fn show(visit: &Visit) -> Result<Reply, PageError> {
    page(visit, StatusCode::OK, Wrong::default())
}

/// `POST /operator/organizations/{organization_id}`
pub(in crate::web::dashboard) fn edit(visit: &Visit) -> Result<Reply, PageError> {
    let plan = visit.form.trimmed("plan");
    let mut body = Map::new();
    body.insert("name".to_owned(), visit.form.trimmed("name").into());
    body.insert("plan".to_owned(), if plan.is_empty() { Value::Null } else { plan.into() });
    let profile = visit.form.trimmed("profile");
    if !profile.is_empty() {
        body.insert("profile".to_owned(), profile.into());
    }
    body.insert("enterprise_limits".to_owned(), Value::Object(limits::members(&visit.form, true)));
    match visit.change(Method::Patch, ONE, &[id(visit)], body) {
        Ok(_) => Ok(back(visit, "organization-saved")),
        Err(error) => {
            let wrong = Wrong { settings: Some(Errors::from_api(error)?), ..Wrong::default() };
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, wrong)
        }
    }
}

/// `POST /operator/organizations/{organization_id}/users`
pub(in crate::web::dashboard) fn invite(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Patch, ONE)?;
    let name = visit.form.trimmed("person");
    let body = json!({
        "organization_id": id(visit).1,
        "email": visit.form.trimmed("email"),
        "name": if name.is_empty() { Value::Null } else { name.into() },
        "role": visit.form.trimmed("role"),
    });
    match visit.change(Method::Post, "/users", &[], members(body)) {
        Ok(_) => Ok(back(visit, "user-invited-there")),
        Err(error) => {
            let error = renamed(error, "name", "person");
            let wrong = Wrong { invitation: Some(Errors::from_api(error)?), ..Wrong::default() };
            page(visit, StatusCode::UNPROCESSABLE_ENTITY, wrong)
        }
    }
}

/// `POST /operator/organizations/{organization_id}/users/{user_id}/invite`
pub(in crate::web::dashboard) fn invite_again(visit: &Visit) -> Result<Reply, PageError> {
    require(visit, Method::Patch, ONE)?;
    let user = ("user_id", visit.part("user_id"));
    match visit.change(Method::Post, "/users/{user_id}/invite", &[user], Map::new()) {
        Ok(_) => Ok(back(visit, "user-invited-there")),
        Err(error) => {
            let wrong = Wrong { invitation: Some(Errors::from_api(error)?), ..Wrong::default() };
            page(visit, StatusCode::CONFLICT, wrong)
        }
    }
}

fn id(visit: &Visit) -> (&'static str, &str) {
    ("organization_id", visit.part("organization_id"))
}

fn back(visit: &Visit, notice: &str) -> Reply {
    Reply::see_other(visit.to(&format!("/operator/organizations/{}?notice={notice}", id(visit).1)))
}

/// An error about a member whose field has another name in the form.
fn renamed(error: ApiError, member: &str, field: &str) -> ApiError {
    match error {
        ApiError::Invalid(mut errors) => {
            errors.iter_mut().filter(|error| error.field == member).for_each(|error| error.field = field.to_owned());
            ApiError::Invalid(errors)
        }
        other => other,
    }
}

fn page(visit: &Visit, status: StatusCode, wrong: Wrong) -> Result<Reply, PageError> {
    let organization: Organization = visit.read(ONE, &[id(visit)], &[])?;
    let (search, cursor) = (visit.query.trimmed("search"), visit.query.text("cursor"));
    let people: Option<Listed<Person>> = if visit.may(Method::Get, "/users") {
        let query = [("organization_id", organization.id.as_str()), ("search", search), ("cursor", cursor)];
        Some(visit.read("/users", &[], &query)?)
    } else {
        None
    };
    let next = people.as_ref().and_then(|people| people.next_cursor.as_deref());
    let pages = Pages::of(visit, &format!("/operator/organizations/{}", organization.id), next);
    let settings = if visit.may(Method::Patch, ONE) { Some(settings(visit, &organization, wrong.settings)?) } else { None };
    let may_invite = visit.may(Method::Post, "/users");
    let server: ServerRow = visit.read("/server", &[], &[])?;
    let page = OrganizationPage {
        sends_mail: server.mail.is_configured,
        shell: Shell::new(visit, &organization.name, Section::Organizations),
        invitation: may_invite.then(|| invitation(visit, &organization, wrong.invitation)),
        settings,
        has_enterprise: organization.plan.as_deref() == Some("enterprise"),
        organization,
        people,
        search: search.to_owned(),
        pages,
    };
    Reply::page_as(status, &page)
}

fn settings(visit: &Visit, organization: &Organization, errors: Option<Errors>) -> Result<(Fields, Fields), PageError> {
    let plans: Listed<PlanRow> = visit.read("/plans", &[], &[("limit", "200")])?;
    let is_typed = errors.is_some();
    let errors = errors.unwrap_or_default();
    let name = if is_typed { visit.form.text("name") } else { organization.name.as_str() };
    let plan = if is_typed { visit.form.trimmed("plan") } else { organization.plan.as_deref().unwrap_or_default() };
    let profile = if is_typed { visit.form.trimmed("profile") } else { organization.profile.as_str() };
    let profiles = [("default", "The server's own"), ("fapi2", "FAPI 2.0")];
    let profiles = profiles.iter().map(|(value, label)| Choice::new(value, label, *value == profile)).collect();
    let mut choices = vec![Choice::new("", "The server's default", plan.is_empty())];
    choices.extend(plans.data.iter().map(|row| Choice::new(&row.name, &row.name, row.name == plan)));
    let mut fields = vec![
        Field::new(Kind::Text, "name", "Name", name).required(),
        Field::new(Kind::Select(choices), "plan", "Rate plan", "")
            .hint("For its API keys that have no plan of their own. What was counted so far stays counted."),
        Field::new(Kind::Select(profiles), "profile", "Security profile", "")
            .hint("FAPI 2.0: its keys prove themselves with a private key or a certificate, and every token is bound. Keys with a secret are refused."),
    ];
    fields.extend(if is_typed { limits::typed(&visit.form, true) } else { organization.enterprise_limits.fields(true) });
    let mut settings = Fields::new(fields, &errors);
    let limits = settings.split_off(3);
    Ok((settings, limits))
}

fn invitation(visit: &Visit, organization: &Organization, errors: Option<Errors>) -> Fields {
    let typed = |name: &str| if errors.is_some() { visit.form.text(name).to_owned() } else { String::new() };
    let role = match typed("role") {
        role if !role.is_empty() => role,
        _ if organization.counts.users == 0 => "owner".to_owned(),
        _ => "developer".to_owned(),
    };
    let roles = [("owner", "Owner"), ("admin", "Admin"), ("developer", "Developer")];
    let choices = roles.iter().map(|(value, label)| Choice::new(value, label, *value == role)).collect();
    let fields = vec![
        Field::new(Kind::Email, "email", "E-mail address", typed("email")).required(),
        Field::new(Kind::Text, "person", "Name", typed("person")).placeholder("Optional"),
        Field::new(Kind::Select(choices), "role", "Role", ""),
    ];
    Fields::new(fields, &errors.unwrap_or_default())
}
