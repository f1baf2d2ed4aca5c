//! The scope catalogue as a whole: what exists, what implies what, and who understands it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::Invalid;
use super::grant::{GrantTarget, Grants};
use super::id::ResourceServerId;
use super::resource_server::{Audience, ResourceServer};
use super::scope::{Level, Scope, ScopeName};

/// A set of scopes in order of name.
pub type ScopeSet = BTreeSet<ScopeName>;

/// A catalogue entry as a request needs it.
#[derive(Clone, Debug)]
struct Entry {
    audience: Audience,
    level: Level,
    /// Everything that holding the scope means holding: itself and all that it implies, however indirectly.
    closure: Box<[ScopeName]>,
}

/// Every scope and resource server; immutable, replaced as a whole when something changes.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Looked up several times a token. Administrators name scopes, so a quick hash does.
    entries: HashMap<ScopeName, Entry, RandomState>,
    by_level: BTreeMap<Level, Box<[ScopeName]>>,
}

impl Catalogue {
    /// Builds the catalogue. A scope whose resource server is not among `servers` is left out: the database's foreign
    /// keys make sure that there is none.
    pub fn new(servers: &[ResourceServer], scopes: &[Scope]) -> Self {
        let audiences: HashMap<ResourceServerId, &Audience> = servers.iter().map(|s| (s.id, &s.identifier)).collect();
        let implies: HashMap<&ScopeName, &Scope> = scopes.iter().map(|s| (&s.name, s)).collect();
        let mut by_level: BTreeMap<Level, ScopeSet> = BTreeMap::new();
        let mut entries = HashMap::with_capacity_and_hasher(scopes.len(), RandomState::default());
        for scope in scopes {
            let Some(audience) = audiences.get(&scope.resource_server) else { continue };
            by_level.entry(scope.level).or_default().insert(scope.name.clone());
            let entry = Entry { audience: (*audience).clone(), level: scope.level, closure: closure(scope, &implies) };
            entries.insert(scope.name.clone(), entry);
        }
        Self { entries, by_level: by_level.into_iter().map(|(level, names)| (level, names.into_iter().collect())).collect() }
    }

    /// The resource server that understands a scope.
    pub fn audience_of(&self, name: &ScopeName) -> Option<&Audience> {
        self.entries.get(name).map(|entry| &entry.audience)
    }

    /// The level of a scope.
    pub fn level_of(&self, name: &ScopeName) -> Option<Level> {
        self.entries.get(name).map(|entry| entry.level)
    }

    /// Whether every scope of `names` is in the catalogue.
    pub fn knows_all<'a>(&self, mut names: impl Iterator<Item = &'a ScopeName>) -> bool {
        names.all(|name| self.entries.contains_key(name))
    }

    /// Every scope of a level, in order of name.
    pub fn of_level(&self, level: Level) -> &[ScopeName] {
        self.by_level.get(&level).map_or(&[], |names| names)
    }

    /// What holding `name` means holding: itself and all that it implies; nothing when the catalogue lacks it.
    pub fn closure_of(&self, name: &ScopeName) -> &[ScopeName] {
        self.entries.get(name).map_or(&[], |entry| &entry.closure)
    }

    /// Checks that every granted scope exists and fits its target. `platform`: whether the key's organization is the
    /// platform's own.
    ///
    /// # Errors
    /// Names the first scope that does not exist or fit.
    pub fn check_grants(&self, grants: &Grants, platform: bool) -> Result<(), Invalid> {
        for grant in grants.iter() {
            for name in &grant.scopes {
                let Some(level) = self.level_of(name) else {
                    return Err(Invalid::new("grants", "unknown_scope", format!("there is no scope {name}")));
                };
                if !grant.target.fits(level, platform) {
                    let detail = format!(
                        "the scope {name} has the level {level} and cannot be granted at {}",
                        target_in_words(grant.target)
                    );
                    return Err(Invalid::new("grants", "wrong_level", detail));
                }
            }
        }
        Ok(())
    }
}

fn target_in_words(target: GrantTarget) -> &'static str {
    match target {
        GrantTarget::Organization => "this organization",
        GrantTarget::AllAccounts | GrantTarget::Account(_) => "an account",
    }
}

fn closure(scope: &Scope, all: &HashMap<&ScopeName, &Scope>) -> Box<[ScopeName]> {
    let mut found = ScopeSet::from([scope.name.clone()]);
    let mut open = vec![scope];
    while let Some(next) = open.pop() {
        for name in &next.implies {
            if let Some(implied) = all.get(name).filter(|_| !found.contains(name)) {
                found.insert(name.clone());
                open.push(implied);
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::id::ScopeId;
    use crate::domain::time::Timestamp;

    /// A catalogue from lines `name level server [implied…]`.
    pub(crate) fn catalogue(lines: &[&str]) -> Catalogue {
        let mut servers: Vec<ResourceServer> = Vec::new();
        let mut scopes = Vec::new();
        for (n, line) in lines.iter().enumerate() {
            let words: Vec<&str> = line.split(' ').collect();
            let identifier: Audience = words[2].parse().unwrap();
            if !servers.iter().any(|s| s.identifier == identifier) {
                let id = ResourceServerId::from_parts(0, servers.len() as u128);
                servers.push(ResourceServer {
                    id,
                    identifier: identifier.clone(),
                    name: "x".parse().unwrap(),
                    builtin: false,
                    created_at: Timestamp::from_unix(0),
                });
            }
            let server = servers.iter().find(|s| s.identifier == identifier).unwrap();
            scopes.push(Scope {
                id: ScopeId::from_parts(0, n as u128),
                name: words[0].parse().unwrap(),
                resource_server: server.id,
                level: words[1].parse().unwrap(),
                description: String::new(),
                implies: words[3..].iter().map(|w| w.parse().unwrap()).collect(),
                created_at: Timestamp::from_unix(0),
            });
        }
        Catalogue::new(&servers, &scopes)
    }

    #[test]
    fn implication_is_transitive_and_survives_a_circle() {
        let c =
            catalogue(&["a organization urn:x b", "b organization urn:x c", "c organization urn:x a", "d organization urn:x"]);
        assert_eq!(c.closure_of(&"a".parse().unwrap()).len(), 3);
        assert_eq!(c.closure_of(&"d".parse().unwrap()).len(), 1);
        assert!(c.closure_of(&"z".parse().unwrap()).is_empty());
    }

    #[test]
    fn scopes_fit_only_their_level() {
        let c = catalogue(&["o organization urn:x", "p platform urn:x", "a account urn:x"]);
        let grants = |text: &str| Grants::new([text.parse().unwrap()]).unwrap();
        assert!(c.check_grants(&grants("o"), false).is_ok());
        assert!(c.check_grants(&grants("*=a"), false).is_ok());
        assert!(c.check_grants(&grants("p"), true).is_ok());
        assert_eq!(c.check_grants(&grants("p"), false).unwrap_err().code, "wrong_level");
        assert_eq!(c.check_grants(&grants("*=o"), false).unwrap_err().code, "wrong_level");
        assert_eq!(c.check_grants(&grants("a"), false).unwrap_err().code, "wrong_level");
        assert_eq!(c.check_grants(&grants("zz"), false).unwrap_err().code, "unknown_scope");
    }
}
