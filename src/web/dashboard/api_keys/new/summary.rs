//! What a key would be, in words: beside the form while it is filled in, and what an edit would change of it.

use askama::Template;

use super::draft::Draft;
use crate::domain::api_key::AuthMethod;
use crate::web::dashboard::api_keys::known::{Accounts, Scopes};
use crate::web::dashboard::api_keys::words::{Reach, counted, grants_in_words};

/// The words.
#[derive(Debug, Template)]
#[template(path = "dashboard/api_keys/_summary.html")]
pub(in crate::web::dashboard::api_keys) struct Summary {
    pub(in crate::web::dashboard::api_keys) reaches: Vec<Reach>,
    pub(in crate::web::dashboard::api_keys) settings: Vec<String>,
    /// What is missing.
    pub(in crate::web::dashboard::api_keys) missing: Vec<String>,
    /// `None` for a new key.
    pub(in crate::web::dashboard::api_keys) changes: Option<Vec<Change>>,
}

/// What an edit would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::web::dashboard::api_keys) struct Change {
    pub(in crate::web::dashboard::api_keys) what: String,
    pub(in crate::web::dashboard::api_keys) before: String,
    pub(in crate::web::dashboard::api_keys) after: String,
}

impl Summary {
    /// Of a new key.
    pub(in crate::web::dashboard::api_keys) fn of(draft: &Draft, scopes: &Scopes, accounts: &Accounts) -> Self {
        let reaches = grants_in_words(&draft.holding(), scopes, accounts);
        let settings = settings(draft).into_iter().map(|(_, words)| words).filter(|words| !words.is_empty()).collect();
        let mut missing = Vec::new();
        if draft.name.is_empty() {
            missing.push("It has no name yet.".to_owned());
        }
        if reaches.is_empty() {
            missing.push("It may do nothing yet: choose at least one permission.".to_owned());
        }
        for number in draft.groups_without_accounts().into_iter().filter(|_| !draft.is_admin) {
            missing.push(format!("Account group {number} has permissions, but no account is chosen for it."));
        }
        let without_scopes = draft
            .groups
            .iter()
            .filter(|group| !draft.is_admin && group.scopes.is_empty() && (group.everywhere || !group.accounts.is_empty()));
        if without_scopes.count() > 0 {
            missing.push("Accounts are chosen, but nothing that the key may do there.".to_owned());
        }
        let reaches = reaches.into_iter().filter(|reach| !reach.abilities.is_empty()).collect();
        Self { reaches, settings, missing, changes: None }
    }

    /// Of a key that was `before`.
    pub(in crate::web::dashboard::api_keys) fn of_edit(
        draft: &Draft,
        before: &Draft,
        scopes: &Scopes,
        accounts: &Accounts,
    ) -> Self {
        let mut changes = Vec::new();
        let mut compare = |what: &str, old: String, new: String| {
            if old != new {
                changes.push(Change { what: what.to_owned(), before: old, after: new });
            }
        };
        compare("Name", before.name.clone(), draft.name.clone());
        for ((what, old), (_, new)) in settings(before).into_iter().zip(settings(draft)) {
            compare(what, old, new);
        }
        if !draft.is_admin {
            let (old, new) = (flat(before, scopes, accounts), flat(draft, scopes, accounts));
            for lost in old.iter().filter(|line| !new.contains(line)) {
                changes.push(Change { what: "No longer".to_owned(), before: lost.clone(), after: String::new() });
            }
            for gained in new.iter().filter(|line| !old.contains(line)) {
                changes.push(Change { what: "New".to_owned(), before: String::new(), after: gained.clone() });
            }
        }
        Self { changes: Some(changes), ..Self::of(draft, scopes, accounts) }
    }
}

/// Each ability at each place, by itself: two of the same words are the same thing.
fn flat(draft: &Draft, scopes: &Scopes, accounts: &Accounts) -> Vec<String> {
    let mut lines = Vec::new();
    for reach in grants_in_words(&draft.holding(), scopes, accounts) {
        let places = if reach.accounts.is_empty() { vec![lower(&reach.place)] } else { reach.accounts };
        for ability in reach.abilities {
            lines.extend(places.iter().map(|place| format!("{} ({place})", ability.words)));
        }
    }
    lines
}

fn lower(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|c| format!("{}{}", c.to_lowercase(), characters.as_str())).unwrap_or_default()
}

/// Everything but name and grants: what it is about, and what it is, if there is something to say.
fn settings(draft: &Draft) -> Vec<(&'static str, String)> {
    let addresses = draft.addresses().count();
    let from = match addresses {
        0 => "Can be used from any address".to_owned(),
        1 => format!("Can be used from {} only", draft.addresses().next().unwrap_or_default()),
        more => format!("Can be used from {more} addresses or ranges only"),
    };
    let payout = match draft.max_payout.as_str() {
        "" => "No limit on payouts".to_owned(),
        amount => format!("Payouts of {amount} at most"),
    };
    let ends = match draft.expires_on.as_str() {
        "" => "Does not expire".to_owned(),
        day => format!("Expires on {day} at 00:00 UTC"),
    };
    let plan = match draft.plan.as_str() {
        "" => "On the organization's rate plan".to_owned(),
        name => format!("On the rate plan {name}"),
    };
    let bound = match draft.method() {
        Some(method) if method.uses_certificate() => "Its tokens are bound to its certificate",
        _ if draft.require_bound_tokens => "Its tokens are all bound to it: nobody else can use one",
        _ => "",
    };
    let mut settings = vec![
        ("Addresses", from),
        ("Payouts", payout),
        ("Tokens", format!("Its tokens live for {}", lifetime(&draft.token_lifetime))),
        ("Bound tokens", bound.to_owned()),
        ("Expiry", ends),
        ("Rate plan", plan),
    ];
    if let Some(method) = draft.method() {
        settings.push(("Authentication", method_in_words(method).to_owned()));
        settings.extend(draft.credential.in_words(method).map(|words| ("Recognised by", words)));
    }
    settings
}

const fn method_in_words(method: AuthMethod) -> &'static str {
    match method {
        AuthMethod::ClientSecretBasic => "Authenticates with a secret in the Authorization header",
        AuthMethod::ClientSecretPost => "Authenticates with a secret in the form",
        AuthMethod::PrivateKeyJwt => "Authenticates with an assertion that it signs",
        AuthMethod::WorkloadJwt => "Authenticates with a token of its platform",
        AuthMethod::TlsClientAuth => "Authenticates with a certificate of a CA",
        AuthMethod::SelfSignedTlsClientAuth => "Authenticates with a certificate of its own",
    }
}

/// "15 minutes", as far as it is a number.
pub(in crate::web::dashboard::api_keys) fn lifetime(seconds: &str) -> String {
    let Ok(number) = seconds.parse::<usize>() else { return "a time that is not a number yet".to_owned() };
    match number {
        3_600 => "1 hour".to_owned(),
        n if n >= 60 && n % 60 == 0 => counted(n / 60, "minute"),
        n if n > 60 => format!("{} {}", counted(n / 60, "minute"), counted(n % 60, "second")),
        n => counted(n, "second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::scope::Level;
    use crate::web::dashboard::api_keys::words::tests::scope;
    use crate::web::dashboard::form::Form;

    fn draft(text: &str) -> Draft {
        Draft::of_form(&Form::parse(text.as_bytes()))
    }

    #[test]
    fn a_draft_says_what_it_lacks() {
        let summary = |text: &str| Summary::of(&draft(text), &Scopes::default(), &Accounts::default());
        assert_eq!(summary("").missing.len(), 2);
        assert_eq!(summary("name=a&organization=x").missing.len(), 0);
        assert_eq!(summary("name=a&organization=x&group.0=y").missing.len(), 1);
        assert_eq!(summary("name=a&organization=x&reach.0=all").missing.len(), 1);
        assert_eq!(summary("name=a&kind=admin&group.0=y").missing.len(), 0);
    }

    #[test]
    fn an_edit_is_told_by_what_it_changes() {
        let scopes: Scopes =
            [scope("r", Level::Account, "See", &[]), scope("w", Level::Account, "Change", &["r"])].into_iter().collect();
        let accounts = Accounts::for_test(&[("acct_1", "Lisbon"), ("acct_2", "Berlin")]);
        let before = draft("name=A&token_lifetime=3600&accounts.0=acct_1&accounts.0=acct_2&group.0=r");
        let after = draft("name=B&token_lifetime=90&accounts.0=acct_1&group.0=w");
        let told = Summary::of_edit(&after, &before, &scopes, &accounts).changes.unwrap();
        let told: Vec<(&str, &str, &str)> = told.iter().map(|c| (c.what.as_str(), c.before.as_str(), c.after.as_str())).collect();
        assert_eq!(
            told,
            [
                ("Name", "A", "B"),
                ("Tokens", "Its tokens live for 1 hour", "Its tokens live for 1 minute 30 seconds"),
                ("No longer", "See (Berlin)", ""),
                ("New", "", "Change (Lisbon)"),
            ]
        );
        assert_eq!(Summary::of_edit(&before, &before, &scopes, &accounts).changes, Some(Vec::new()));
    }
}
