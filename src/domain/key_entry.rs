//! What the token endpoint needs of an API key, small enough to keep a million of them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use super::Invalid;
use super::api_key::{AuthMethod, KeyKind, TokenLifetime};
use super::catalogue::Catalogue;
use super::client_secret::{SealedHash, SecretDigest};
use super::grant::{Grant, GrantTarget};
use super::id::{AccountId, ClientId, OrganizationId, SecretId};
use super::ip_allowlist::IpAllowlist;
use super::key_epoch::KeyEpoch;
use super::max_payout::MaxPayout;
use super::plan::PlanName;
use super::public_credential::PublicCredential;
use super::scope::{Level, ScopeName};
use super::time::Timestamp;

/// An API key as memory holds it.
#[derive(Debug)]
pub struct KeyEntry {
    /// `key_…`
    pub client_id: ClientId,
    /// Whose it is.
    pub organization_id: OrganizationId,
    /// What it holds.
    pub holding: Holding,
    /// How its secrets are recognised.
    pub secrets: Box<[SecretEntry]>,
    /// Those that were brought from another server and have not been used here yet; mostly none.
    pub foreign_secrets: Box<[ForeignSecretEntry]>,
    /// From where it may be used.
    pub ip_allowlist: IpAllowlist,
    /// Handed to the resource server in the token.
    pub max_payout: Option<MaxPayout>,
    /// Its own rate plan, if it has one.
    pub plan: Option<Arc<PlanName>>,
    /// How long its tokens live.
    pub token_lifetime: TokenLifetime,
    /// How it proves itself.
    pub auth_method: AuthMethod,
    /// What it is recognised by when it has no secret.
    pub public_credential: Option<Box<PublicCredential>>,
    /// Whether its tokens must be bound.
    pub require_bound_tokens: bool,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// Whether it is disabled.
    pub disabled: bool,
    /// Tokens issued before this moment are dead.
    pub tokens_revoked_at: Option<Timestamp>,
    /// What its tokens belong to until they are revoked together; `None` while it is disabled.
    pub epoch: Option<KeyEpoch>,
}

/// A secret as memory holds it.
#[derive(Debug)]
pub struct SecretEntry {
    /// `sec_…`
    pub id: SecretId,
    /// What it is recognised by.
    pub digest: SecretDigest,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// A secret that another server has hashed.
#[derive(Debug)]
pub struct ForeignSecretEntry {
    /// `sec_…`
    pub id: SecretId,
    /// What it is recognised by.
    pub hash: SealedHash,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
}

/// What a key holds, with the scopes shared between keys that hold the same.
#[derive(Debug)]
pub enum Holding {
    /// Every scope of the level of its target: the organization, or one account.
    Admin(Option<AccountId>),
    /// What its grants name.
    Scoped(Box<[HeldGrant]>),
}

/// One grant as memory holds it.
#[derive(Debug)]
pub struct HeldGrant {
    /// Where.
    pub target: GrantTarget,
    /// What, in order of name.
    pub scopes: Arc<[ScopeName]>,
}

impl Holding {
    /// What a key of this kind holds.
    pub fn of(kind: KeyKind) -> Self {
        match kind {
            KeyKind::Admin(account) => Self::Admin(account),
            KeyKind::Scoped(grants) => {
                let held = |grant: &Grant| HeldGrant { target: grant.target, scopes: grant.scopes.iter().cloned().collect() };
                Self::Scoped(grants.iter().map(held).collect())
            }
        }
    }

    /// Whether the organization itself is among the targets.
    pub fn holds_organization(&self) -> bool {
        self.targets().any(|target| target == GrantTarget::Organization)
    }

    /// Every target.
    pub fn targets(&self) -> impl Iterator<Item = GrantTarget> {
        let (admin, grants): (_, &[HeldGrant]) = match self {
            Self::Admin(None) => (Some(GrantTarget::Organization), &[]),
            Self::Admin(Some(account)) => (Some(GrantTarget::Account(*account)), &[]),
            Self::Scoped(grants) => (None, grants),
        };
        admin.into_iter().chain(grants.iter().map(|grant| grant.target))
    }

    /// What a scoped key holds: each scope that it names, and where.
    ///
    /// # Errors
    /// When it names none.
    pub fn scoped(mut named: Vec<(GrantTarget, ScopeName)>, sharing: &Sharing) -> Result<Self, Invalid> {
        if named.is_empty() {
            return Err(Invalid::new("grants", "required", "a scoped key needs at least one grant"));
        }
        named.sort_unstable();
        named.dedup();
        let grants = named.chunk_by(|a, b| a.0 == b.0).filter_map(|grant| {
            let (target, _) = grant.first()?;
            let scopes = grant.iter().map(|(_, scope)| scope.clone()).collect();
            Some(HeldGrant { target: *target, scopes: sharing.set(scopes) })
        });
        Ok(Self::Scoped(grants.collect()))
    }

    /// Every scope named, without those that they imply; none for an admin key.
    pub fn named_scopes(&self) -> impl Iterator<Item = &ScopeName> {
        let grants: &[HeldGrant] = match self {
            Self::Admin(_) => &[],
            Self::Scoped(grants) => grants,
        };
        grants.iter().flat_map(|grant| grant.scopes.iter())
    }

    /// Every scope held at `target`, implied ones included, in order of name and each once. For an account, what is
    /// held at every account counts too.
    pub fn scopes_at<'c>(&self, target: GrantTarget, catalogue: &'c Catalogue) -> Vec<&'c ScopeName> {
        let mut held: Vec<&ScopeName> = match self {
            Self::Admin(account) => match (account, target) {
                (None, GrantTarget::Organization) => catalogue.of_level(Level::Organization).iter().collect(),
                (Some(own), GrantTarget::Account(asked)) if *own == asked => catalogue.of_level(Level::Account).iter().collect(),
                _ => Vec::new(),
            },
            Self::Scoped(grants) => grants
                .iter()
                .filter(|g| g.target == target || (g.target == GrantTarget::AllAccounts && target.account().is_some()))
                .flat_map(|grant| grant.scopes.iter())
                .flat_map(|name| catalogue.closure_of(name))
                .collect(),
        };
        held.sort_unstable();
        held.dedup();
        held
    }
}

/// Lets keys share what many of them have: most keys of a platform hold one of a few sets of scopes, and are on one of
/// a few plans.
#[derive(Debug, Default)]
pub struct Sharing(Mutex<Shared>);

#[derive(Debug, Default)]
struct Shared {
    names: HashSet<ScopeName>,
    sets: HashSet<Arc<[ScopeName]>>,
    plans: HashSet<Arc<PlanName>>,
}

/// Values of a kind remembered for sharing; past that the memory of them starts anew.
const MAX_SHARED: usize = 4_096;

impl Sharing {
    /// The name that `text` spells.
    ///
    /// # Errors
    /// As for reading a [`ScopeName`].
    pub fn name(&self, text: &str) -> Result<ScopeName, Invalid> {
        let Ok(mut shared) = self.0.lock() else { return text.parse() };
        if let Some(known) = shared.names.get(text) {
            return Ok(known.clone());
        }
        let name: ScopeName = text.parse()?;
        if shared.names.len() >= MAX_SHARED {
            shared.names.clear();
        }
        shared.names.insert(name.clone());
        Ok(name)
    }

    /// The plan of this name.
    pub fn plan(&self, name: PlanName) -> Arc<PlanName> {
        let Ok(mut shared) = self.0.lock() else { return Arc::new(name) };
        if let Some(known) = shared.plans.get(&name) {
            return Arc::clone(known);
        }
        if shared.plans.len() >= MAX_SHARED {
            shared.plans.clear();
        }
        let plan = Arc::new(name);
        shared.plans.insert(Arc::clone(&plan));
        plan
    }

    fn set(&self, scopes: Vec<ScopeName>) -> Arc<[ScopeName]> {
        let Ok(mut shared) = self.0.lock() else { return scopes.into() };
        if let Some(known) = shared.sets.get(scopes.as_slice()) {
            return Arc::clone(known);
        }
        if shared.sets.len() >= MAX_SHARED {
            shared.sets.clear();
        }
        let set: Arc<[ScopeName]> = scopes.into();
        shared.sets.insert(Arc::clone(&set));
        set
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::catalogue::tests::catalogue;

    /// A key of that organization that holds nothing worth naming.
    pub(crate) fn entry(organization_id: OrganizationId, plan: Option<&str>) -> KeyEntry {
        KeyEntry {
            client_id: ClientId::from_parts(0, 1),
            organization_id,
            holding: Holding::Admin(None),
            secrets: Box::default(),
            foreign_secrets: Box::default(),
            ip_allowlist: IpAllowlist::default(),
            max_payout: None,
            plan: plan.map(|name| Arc::new(name.parse().unwrap())),
            token_lifetime: TokenLifetime::default(),
            auth_method: AuthMethod::ClientSecretBasic,
            public_credential: None,
            require_bound_tokens: false,
            expires_at: None,
            disabled: false,
            tokens_revoked_at: None,
            epoch: None,
        }
    }

    fn scoped(lines: &[(&str, GrantTarget)]) -> Holding {
        let grant = |(text, target): &(&str, GrantTarget)| HeldGrant {
            target: *target,
            scopes: text.split(' ').map(|n| n.parse().unwrap()).collect(),
        };
        Holding::Scoped(lines.iter().map(grant).collect())
    }

    #[test]
    fn an_admin_key_holds_its_targets_level_alone() {
        let c = catalogue(&["o organization urn:x", "p platform urn:x", "a account urn:x"]);
        let account = AccountId::from_parts(0, 1);
        let names = |h: Holding, t| h.scopes_at(t, &c).iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(Holding::Admin(None), GrantTarget::Organization), ["o"]);
        assert_eq!(names(Holding::Admin(Some(account)), GrantTarget::Account(account)), ["a"]);
        assert!(names(Holding::Admin(None), GrantTarget::Account(account)).is_empty());
        assert!(names(Holding::Admin(Some(account)), GrantTarget::Organization).is_empty());
    }

    #[test]
    fn what_is_held_everywhere_is_held_at_each_account() {
        let c = catalogue(&["w account urn:x r", "r account urn:x", "v account urn:x"]);
        let account = AccountId::from_parts(0, 1);
        let held = scoped(&[("w", GrantTarget::AllAccounts), ("v", GrantTarget::Account(account))]);
        assert_eq!(held.scopes_at(GrantTarget::Account(account), &c).len(), 3);
        assert_eq!(held.scopes_at(GrantTarget::Account(AccountId::from_parts(0, 2)), &c).len(), 2);
        assert!(held.scopes_at(GrantTarget::Organization, &c).is_empty());
    }

    #[test]
    fn an_entry_is_small() {
        assert!(size_of::<KeyEntry>() <= 192, "{}", size_of::<KeyEntry>());
        assert!(size_of::<SecretEntry>() <= 64 && size_of::<HeldGrant>() <= 40);
    }
}
