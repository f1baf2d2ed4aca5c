//! Steps 5 to 7 of the token endpoint for `client_credentials` (RFC 6749 section 4.4, RFC 8707): grant type, target,
//! resource, scope. In this order, each with its own error.

use crate::domain::catalogue::Catalogue;
use crate::domain::grant::GrantTarget;
use crate::domain::id::{AccountId, OrganizationId};
use crate::domain::key_entry::{Holding, KeyEntry};
use crate::domain::resource_server::Audience;
use crate::domain::scope::ScopeName;
use crate::oauth::error::OAuthError;
use crate::oauth::scope_parameter;
use crate::oauth::token_request::TokenRequest;

/// The one grant type of this server.
pub const GRANT_TYPE: &str = "client_credentials";

/// Where a token is aimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The organization itself.
    Organization,
    /// An account that a grant names.
    Account(AccountId),
    /// An account that a grant for every account covers: whether the organization has it must still be found out.
    AnyAccount(AccountId),
}

impl Target {
    /// The account, when the token is for one.
    pub const fn account(self) -> Option<AccountId> {
        match self {
            Self::Organization => None,
            Self::Account(id) | Self::AnyAccount(id) => Some(id),
        }
    }
}

/// What a token will grant.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted<'c> {
    /// In order of name, implied ones included; never empty.
    pub scopes: Vec<&'c ScopeName>,
    /// The resource servers of the scopes, in order; never empty.
    pub audiences: Vec<&'c Audience>,
}

/// Step 5: the grant type. Compared as bytes: case and stray spaces matter.
///
/// # Errors
/// [`OAuthError::InvalidRequest`] when missing, [`OAuthError::UnsupportedGrantType`].
pub fn check_grant_type(request: &TokenRequest) -> Result<(), OAuthError> {
    match request.grant_type.as_deref() {
        None => Err(OAuthError::InvalidRequest("grant_type is missing")),
        Some(value) if value == GRANT_TYPE.as_bytes() => Ok(()),
        Some(_) => Err(OAuthError::UnsupportedGrantType),
    }
}

const NOT_GRANTED: OAuthError = OAuthError::InvalidTarget("the key has no grant for this account");

/// The first half of step 6: at what the token is aimed.
///
/// # Errors
/// [`OAuthError::InvalidTarget`].
pub fn choose_target(request: &TokenRequest, key: &KeyEntry) -> Result<Target, OAuthError> {
    match request.account.as_deref() {
        Some(asked) => {
            let asked: AccountId = std::str::from_utf8(asked).ok().and_then(|text| text.parse().ok()).ok_or(NOT_GRANTED)?;
            account_asked_for(&key.holding, asked)
        }
        None => only_target(&key.holding),
    }
}

fn account_asked_for(holding: &Holding, asked: AccountId) -> Result<Target, OAuthError> {
    let mut everywhere = false;
    for target in holding.targets() {
        match target {
            GrantTarget::Account(id) if id == asked => return Ok(Target::Account(id)),
            GrantTarget::AllAccounts => everywhere = true,
            _ => {}
        }
    }
    if everywhere { Ok(Target::AnyAccount(asked)) } else { Err(NOT_GRANTED) }
}

fn only_target(holding: &Holding) -> Result<Target, OAuthError> {
    if holding.holds_organization() {
        return Ok(Target::Organization);
    }
    let mut targets = holding.targets();
    match (targets.next(), targets.next()) {
        (Some(GrantTarget::Account(id)), None) => Ok(Target::Account(id)),
        _ => Err(OAuthError::InvalidTarget("the key has several accounts: name one with account or x-login-as")),
    }
}

/// Whether the organization of the key has an account that its grant for every account is to cover; `owner` is whose
/// account it is.
///
/// # Errors
/// [`OAuthError::InvalidTarget`].
pub fn check_owner(target: Target, owner: Option<OrganizationId>, key: &KeyEntry) -> Result<(), OAuthError> {
    match target {
        Target::AnyAccount(_) if owner != Some(key.organization_id) => Err(NOT_GRANTED),
        _ => Ok(()),
    }
}

/// The second half of step 6, and step 7: the resources and the scopes.
///
/// # Errors
/// [`OAuthError::InvalidTarget`], [`OAuthError::InvalidAuthorizationDetails`], [`OAuthError::InvalidScope`].
pub fn decide<'c>(
    request: &TokenRequest,
    key: &KeyEntry,
    target: Target,
    catalogue: &'c Catalogue,
) -> Result<Granted<'c>, OAuthError> {
    let held = held_at(&key.holding, target, catalogue);
    let resources = resources(request, &held, catalogue)?;
    if request.has_authorization_details {
        return Err(OAuthError::InvalidAuthorizationDetails);
    }
    let within =
        |name: &ScopeName| catalogue.audience_of(name).filter(|audience| resources.is_empty() || resources.contains(audience));
    let mut scopes: Vec<&ScopeName> = match request.scope.as_deref() {
        None => held,
        Some(text) => requested(text, &held, catalogue, |name| within(name).is_some())?,
    };
    let mut audiences: Vec<&Audience> = Vec::with_capacity(scopes.len());
    scopes.retain(|name| {
        let audience = within(name);
        audiences.extend(audience);
        audience.is_some()
    });
    if scopes.is_empty() {
        return Err(OAuthError::InvalidScope("the key holds no scope there"));
    }
    audiences.sort_unstable();
    audiences.dedup();
    Ok(Granted { scopes, audiences })
}

/// What the key holds at the target, and, for an account, at the organization.
fn held_at<'c>(holding: &Holding, target: Target, catalogue: &'c Catalogue) -> Vec<&'c ScopeName> {
    let organization = holding.scopes_at(GrantTarget::Organization, catalogue);
    let Some(account) = target.account() else { return organization };
    let mut held = holding.scopes_at(GrantTarget::Account(account), catalogue);
    held.extend(organization);
    held.sort_unstable();
    held.dedup();
    held
}

/// The resource servers that the request names; empty when it names none.
fn resources<'c>(request: &TokenRequest, held: &[&ScopeName], catalogue: &'c Catalogue) -> Result<Vec<&'c Audience>, OAuthError> {
    let invalid = OAuthError::InvalidTarget("a resource is not a resource server that the key has a scope for");
    let mut named = Vec::with_capacity(request.resources.len());
    for resource in &request.resources {
        let audience = held
            .iter()
            .filter_map(|name| catalogue.audience_of(name))
            .find(|audience| audience.as_str().as_bytes() == resource.as_slice())
            .ok_or(invalid)?;
        named.push(audience);
    }
    Ok(named)
}

const NOT_HELD: OAuthError = OAuthError::InvalidScope("the key does not hold every requested scope there");

/// The requested scopes with what they imply. Unknown ones and those not held are refused alike, so that nobody learns
/// which scopes exist.
fn requested<'c>(
    text: &[u8],
    held: &[&'c ScopeName],
    catalogue: &'c Catalogue,
    within: impl Fn(&ScopeName) -> bool,
) -> Result<Vec<&'c ScopeName>, OAuthError> {
    let tokens = scope_parameter::parse(text).map_err(|_| OAuthError::InvalidScope("the scope parameter is malformed"))?;
    let mut granted: Vec<&ScopeName> = Vec::with_capacity(tokens.len());
    for token in tokens {
        let name = held.binary_search_by(|name| name.as_str().cmp(token)).ok().and_then(|at| held.get(at)).ok_or(NOT_HELD)?;
        if !within(name) {
            return Err(OAuthError::InvalidScope("a requested scope belongs to none of the named resources"));
        }
        granted.extend(catalogue.closure_of(name));
    }
    granted.sort_unstable();
    granted.dedup();
    Ok(granted)
}

#[cfg(test)]
mod tests;
