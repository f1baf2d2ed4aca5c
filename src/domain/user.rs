//! People.

use serde::Serialize;

use super::email::Email;
use super::id::{OrganizationId, UserId};
use super::name::Name;
use super::role::Role;
use super::time::Timestamp;

/// A person of one organization. Holds no password and no hash of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `user_…`
    pub id: UserId,
    /// Whose person it is.
    pub organization_id: OrganizationId,
    /// The login, of one person alone.
    pub email: Email,
    /// Shown to people.
    pub name: Option<Name>,
    /// What the person may.
    pub role: Role,
    /// Whether there is a password: whether the invitation was accepted.
    pub has_password: bool,
    /// Set while the person is kept out.
    pub disabled_at: Option<Timestamp>,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the user was last changed.
    pub updated_at: Timestamp,
    /// When the person last signed in.
    pub last_login_at: Option<Timestamp>,
}

/// How a user stands to signing in; the later, the closer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Kept out.
    Disabled,
    /// Has not accepted the invitation yet.
    Invited,
    /// Can sign in.
    Active,
}

impl User {
    /// How the user stands to signing in.
    pub const fn standing(&self) -> Standing {
        match (self.disabled_at, self.has_password) {
            (Some(_), _) => Standing::Disabled,
            (None, false) => Standing::Invited,
            (None, true) => Standing::Active,
        }
    }
}

/// Whether these owners, those of one organization, would be left without `removed`: with one who can sign in when
/// there is one now, or else with one who is invited.
pub fn owners_suffice_without(owners: &[User], removed: UserId) -> bool {
    let best = |owners: &mut dyn Iterator<Item = &User>| owners.map(User::standing).max().unwrap_or(Standing::Disabled);
    let now = best(&mut owners.iter());
    let then = best(&mut owners.iter().filter(|owner| owner.id != removed));
    then >= now || owners.iter().all(|owner| owner.id != removed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(number: u64, standing: Standing) -> User {
        let now = Timestamp::from_unix(1);
        User {
            id: UserId::from_parts(number, 0),
            organization_id: OrganizationId::from_parts(1, 1),
            email: format!("owner{number}@example.com").parse().unwrap(),
            name: None,
            role: Role::Owner,
            has_password: standing != Standing::Invited,
            disabled_at: (standing == Standing::Disabled).then_some(now),
            created_at: now,
            updated_at: now,
            last_login_at: None,
        }
    }

    #[test]
    fn mg8_an_owner_who_can_sign_in_is_left() {
        use Standing::{Active, Disabled, Invited};
        for (others, suffice) in
            [(&[][..], false), (&[Active], true), (&[Invited], false), (&[Disabled], false), (&[Invited, Active], true)]
        {
            let mut owners = vec![owner(1, Active)];
            owners.extend(others.iter().zip(2..).map(|(standing, number)| owner(number, *standing)));
            assert_eq!(owners_suffice_without(&owners, owners[0].id), suffice, "{others:?}");
        }
        let invited = [owner(1, Invited), owner(2, Disabled)];
        assert!(!owners_suffice_without(&invited, invited[0].id), "the only one who can still come");
        assert!(owners_suffice_without(&invited, invited[1].id));
        let both = [owner(1, Invited), owner(2, Invited)];
        assert!(owners_suffice_without(&both, both[0].id));
    }
}
