//! `/organization` and `/accounts`

#![allow(dead_code, reason = "bodies are read member by member; these types only describe them")]

use utoipa::ToSchema;

use super::operation::Doc;
use super::parameters::{CURSOR, LIMIT, SEARCH};
use crate::domain::account::Account;
use crate::domain::name::Name;
use crate::domain::organization::Organization;
use crate::domain::plan::Plan;

/// What an account is to be.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Shop Lisbon"}))]
struct NewAccount {
    /// Shown to people.
    name: Name,
}

/// What an edit of an account changes.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Shop Lisbon"}))]
struct AccountEdit {
    /// Shown to people.
    #[schema(nullable = false)]
    name: Option<Name>,
}

/// What an organization can change of itself.
#[derive(ToSchema)]
#[schema(example = json!({"name": "Example Shop"}))]
struct OwnOrganizationEdit {
    /// Shown to people.
    #[schema(nullable = false)]
    name: Option<Name>,
}

pub(in crate::web::api) const SHOW_ORGANIZATION: Doc =
    Doc::new("showOwnOrganization", "Show your organization").answers::<Organization>();

pub(in crate::web::api) const EDIT_ORGANIZATION: Doc =
    Doc::new("editOwnOrganization", "Rename your organization").reads::<OwnOrganizationEdit>().answers::<Organization>();

pub(in crate::web::api) const PLANS_FOR_KEYS: Doc = Doc::new("listPlansForKeys", "List the plans for your keys")
    .because("The rate plans that your organization may put its keys on: its own, and what is no wider.")
    .lists::<Plan>();

pub(in crate::web::api) const LIST: Doc = Doc::new("listAccounts", "List accounts")
    .because("The accounts of your organization, the newest first.")
    .lists::<Account>()
    .query(&[LIMIT, CURSOR, SEARCH]);

pub(in crate::web::api) const CREATE: Doc = Doc::new("createAccount", "Create an account")
    .because("Keys that hold `*` reach it at once.")
    .reads::<NewAccount>()
    .creates::<Account>();

pub(in crate::web::api) const SHOW: Doc = Doc::new("showAccount", "Show an account").answers::<Account>();

pub(in crate::web::api) const EDIT: Doc =
    Doc::new("editAccount", "Rename an account").reads::<AccountEdit>().answers::<Account>();
