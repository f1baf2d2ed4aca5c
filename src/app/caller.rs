//! Who calls the management API, and what they may.

use crate::domain::actor::Principal;
use crate::domain::id::OrganizationId;
use crate::domain::permission::Permission;
use crate::domain::role::{Role, RolePolicy};
use crate::domain::scope::ScopeName;

/// A caller who has proved who they are.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// Whose objects they see.
    pub organization_id: OrganizationId,
    /// Whether that is the platform's own organization.
    pub is_operator: bool,
    /// By what they may do something.
    pub authority: Authority,
}

/// By what a caller may do something.
#[derive(Clone, Debug)]
pub enum Authority {
    /// An access token with these scopes.
    Token {
        /// Implied ones included.
        scopes: Vec<ScopeName>,
    },
    /// A person's session.
    Session {
        /// The person's role.
        role: Role,
        /// Whether the password was given within the last five minutes.
        has_fresh_proof: bool,
    },
}

/// Why a caller may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The token has not this scope (RFC 6750 section 3.1).
    InsufficientScope(&'static str),
    /// The person's role does not include it.
    Role,
    /// It is for the platform's operators.
    OperatorsOnly,
    /// The password must be given again.
    ReauthenticationRequired,
}

impl Caller {
    /// Whether the caller may.
    ///
    /// # Errors
    /// [`Denied`].
    pub fn check(&self, permission: Permission, policy: RolePolicy) -> Result<(), Denied> {
        match &self.authority {
            Authority::Token { scopes } if !scopes.iter().any(|scope| scope.as_str() == permission.scope()) => {
                Err(Denied::InsufficientScope(permission.scope()))
            }
            _ if permission.is_for_operators() && !self.is_operator => Err(Denied::OperatorsOnly),
            Authority::Session { role, .. } if !permission.is_given_to(*role, self.is_operator, policy) => Err(Denied::Role),
            _ => Ok(()),
        }
    }

    /// Whether a person has given the password a moment ago; keys prove themselves with each token.
    ///
    /// # Errors
    /// [`Denied::ReauthenticationRequired`].
    pub const fn check_proof(&self) -> Result<(), Denied> {
        match self.authority {
            Authority::Session { has_fresh_proof: false, .. } => Err(Denied::ReauthenticationRequired),
            Authority::Token { .. } | Authority::Session { .. } => Ok(()),
        }
    }

    /// The person's role; `None` for a key.
    pub const fn role(&self) -> Option<Role> {
        match self.authority {
            Authority::Session { role, .. } => Some(role),
            Authority::Token { .. } => None,
        }
    }
}
