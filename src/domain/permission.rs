//! Who may do what: the one table from which the management API, its description and the dashboard take it.

use super::role::{Role, RolePolicy};
use super::scope::Level;

/// Something that a caller may or may not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See keys, the catalogue and usage.
    ReadKeys,
    /// Create and duplicate scoped keys.
    CreateKeys,
    /// Edit, regenerate, disable, enable and delete keys, and revoke their tokens.
    ManageKeys,
    /// See the organization and its accounts.
    ReadAccounts,
    /// Create and change accounts.
    WriteAccounts,
    /// See the organization's users.
    ReadUsers,
    /// Invite, change and remove users.
    WriteUsers,
    /// Read the audit log.
    ReadAudit,
    /// See webhooks and their deliveries.
    ReadWebhooks,
    /// Create, change and delete webhooks.
    WriteWebhooks,
    /// Create and change resource servers and scopes.
    WriteCatalogue,
    /// See every organization.
    ReadOrganizations,
    /// Create and change organizations.
    WriteOrganizations,
    /// See the rate plans.
    ReadPlans,
    /// Create and change rate plans.
    WritePlans,
    /// See the signing keys.
    ReadSigningKeys,
    /// Rotate and import signing keys.
    WriteSigningKeys,
    /// See how the server is.
    ReadServer,
}

/// Whom the table lets do something among people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum People {
    /// This role and those above it.
    From(Role),
    /// The owner, and the admin where the settings say so.
    KeyManagers,
}

impl Permission {
    /// The scope that a token needs, the people who may, and whether only operators may.
    const fn row(self) -> (&'static str, People, Level) {
        use People::{From, KeyManagers};
        use Role::{Admin, Developer, Owner};
        const ORGANIZATION: Level = Level::Organization;
        const PLATFORM: Level = Level::Platform;
        match self {
            Self::ReadKeys => ("api-keys:read", From(Developer), ORGANIZATION),
            Self::CreateKeys => ("api-keys:write", From(Developer), ORGANIZATION),
            Self::ManageKeys => ("api-keys:write", KeyManagers, ORGANIZATION),
            Self::ReadAccounts => ("accounts:read", From(Developer), ORGANIZATION),
            Self::WriteAccounts => ("accounts:write", From(Owner), ORGANIZATION),
            Self::ReadUsers => ("users:read", From(Admin), ORGANIZATION),
            Self::WriteUsers => ("users:write", From(Owner), ORGANIZATION),
            Self::ReadAudit => ("audit:read", From(Admin), ORGANIZATION),
            Self::ReadWebhooks => ("webhooks:read", From(Admin), ORGANIZATION),
            Self::WriteWebhooks => ("webhooks:write", From(Admin), ORGANIZATION),
            Self::WriteCatalogue => ("catalogue:write", From(Admin), PLATFORM),
            Self::ReadOrganizations => ("organizations:read", From(Developer), PLATFORM),
            Self::WriteOrganizations => ("organizations:write", From(Admin), PLATFORM),
            Self::ReadPlans => ("plans:read", From(Developer), PLATFORM),
            Self::WritePlans => ("plans:write", From(Admin), PLATFORM),
            Self::ReadSigningKeys => ("signing-keys:read", From(Developer), PLATFORM),
            Self::WriteSigningKeys => ("signing-keys:write", From(Admin), PLATFORM),
            Self::ReadServer => ("server:read", From(Developer), PLATFORM),
        }
    }

    /// Every permission.
    pub const ALL: [Self; 18] = [
        Self::ReadKeys,
        Self::CreateKeys,
        Self::ManageKeys,
        Self::ReadAccounts,
        Self::WriteAccounts,
        Self::ReadUsers,
        Self::WriteUsers,
        Self::ReadAudit,
        Self::ReadWebhooks,
        Self::WriteWebhooks,
        Self::WriteCatalogue,
        Self::ReadOrganizations,
        Self::WriteOrganizations,
        Self::ReadPlans,
        Self::WritePlans,
        Self::ReadSigningKeys,
        Self::WriteSigningKeys,
        Self::ReadServer,
    ];

    /// What it lets its holder do, in a few words.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::ReadKeys => "See keys, the catalogue and usage.",
            Self::CreateKeys => "Create and duplicate scoped keys.",
            Self::ManageKeys => "Edit, regenerate, disable, enable and delete keys, and revoke their tokens.",
            Self::ReadAccounts => "See the organization and its accounts.",
            Self::WriteAccounts => "Create and change accounts.",
            Self::ReadUsers => "See the organization's users.",
            Self::WriteUsers => "Invite, change and remove users.",
            Self::ReadAudit => "Read the audit log.",
            Self::ReadWebhooks => "See webhooks and their deliveries.",
            Self::WriteWebhooks => "Create, change and delete webhooks.",
            Self::WriteCatalogue => "Create and change resource servers and scopes.",
            Self::ReadOrganizations => "See every organization.",
            Self::WriteOrganizations => "Create and change organizations.",
            Self::ReadPlans => "See the rate plans.",
            Self::WritePlans => "Create and change rate plans.",
            Self::ReadSigningKeys => "See the signing keys.",
            Self::WriteSigningKeys => "Rotate and import signing keys.",
            Self::ReadServer => "See how the server is.",
        }
    }

    /// The scope that a token must have for it.
    pub const fn scope(self) -> &'static str {
        self.row().0
    }

    /// Whether only the platform's own users and keys may: operators.
    pub const fn is_for_operators(self) -> bool {
        matches!(self.row().2, Level::Platform)
    }

    /// Whether a person of this role may, in an organization that is or is not the platform's.
    pub fn is_given_to(self, role: Role, platform: bool, policy: RolePolicy) -> bool {
        let (_, people, _) = self.row();
        let enough = match people {
            People::From(least) => role >= least,
            People::KeyManagers => role == Role::Owner || (role == Role::Admin && policy.admin_manages_keys),
        };
        enough && (platform || !self.is_for_operators())
    }
}

/// Whether a person of this role may create, change and regenerate admin keys. API keys never may.
pub fn may_manage_admin_keys(role: Role, policy: RolePolicy) -> bool {
    Permission::ManageKeys.is_given_to(role, false, policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_roles_is_the_contracts() {
        let strict = RolePolicy::default();
        let may = |permission: Permission, role| permission.is_given_to(role, false, strict);
        for role in Role::ALL {
            assert!(may(Permission::ReadKeys, role) && may(Permission::CreateKeys, role));
        }
        for permission in [Permission::ManageKeys, Permission::WriteUsers, Permission::WriteAccounts] {
            assert!(!may(permission, Role::Developer) && !may(permission, Role::Admin) && may(permission, Role::Owner));
        }
        for permission in [Permission::ReadAudit, Permission::ReadWebhooks, Permission::WriteWebhooks] {
            assert!(!may(permission, Role::Developer) && may(permission, Role::Admin) && may(permission, Role::Owner));
        }
        let lenient = RolePolicy { admin_manages_keys: true };
        assert!(Permission::ManageKeys.is_given_to(Role::Admin, false, lenient));
        assert!(!Permission::ManageKeys.is_given_to(Role::Developer, false, lenient));
        assert!(!Permission::WriteUsers.is_given_to(Role::Admin, false, lenient));
    }

    #[test]
    fn what_is_the_platforms_is_for_operators_alone() {
        for permission in [Permission::WriteCatalogue, Permission::ReadOrganizations, Permission::WriteSigningKeys] {
            assert!(!permission.is_given_to(Role::Owner, false, RolePolicy::default()));
            assert!(permission.is_given_to(Role::Owner, true, RolePolicy::default()));
        }
    }
}
