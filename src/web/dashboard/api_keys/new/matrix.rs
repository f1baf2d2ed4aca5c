//! The scopes that can be picked at one target, laid out: by resource server, and there by what they are about. Where a
//! scope to write includes the one to read, there is one choice of none, read, write; everything else is a box to tick.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::domain::scope::Level;
use crate::web::dashboard::api_keys::known::{Listed, ScopeEntry, Scopes};
use crate::web::dashboard::api_keys::words::scope_in_words;
use crate::web::dashboard::error::PageError;
use crate::web::dashboard::visit::Visit;

/// A resource server, by its names.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::web::dashboard::api_keys) struct Server {
    identifier: String,
    name: String,
    builtin: bool,
}

impl Server {
    /// Asks for all; this server's own management API stands last.
    pub(in crate::web::dashboard::api_keys) fn read_all(visit: &Visit) -> Result<Vec<Self>, PageError> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page: Listed<Self> = visit.read("/resource-servers", &[], &[("limit", "200"), ("cursor", &cursor)])?;
            all.extend(page.data);
            match page.next_cursor {
                Some(next) => cursor = next,
                None => break,
            }
        }
        all.sort_by(|a: &Self, b| (a.builtin, &a.name, &a.identifier).cmp(&(b.builtin, &b.name, &b.identifier)));
        Ok(all)
    }
}

/// The scopes of a resource server.
#[derive(Debug)]
pub(in crate::web::dashboard::api_keys) struct ServerRows {
    pub(in crate::web::dashboard::api_keys) name: String,
    pub(in crate::web::dashboard::api_keys) identifier: String,
    pub(in crate::web::dashboard::api_keys) is_builtin: bool,
    /// How many are picked.
    pub(in crate::web::dashboard::api_keys) picked: usize,
    pub(in crate::web::dashboard::api_keys) rows: Vec<Row>,
}

/// What one resource's scopes offer.
#[derive(Debug)]
pub(in crate::web::dashboard::api_keys) struct Row {
    /// Of the label.
    pub(in crate::web::dashboard::api_keys) id: String,
    pub(in crate::web::dashboard::api_keys) label: String,
    /// None, read, write; empty where there is no such pair.
    pub(in crate::web::dashboard::api_keys) levels: Vec<Choice>,
    /// What they mean.
    pub(in crate::web::dashboard::api_keys) meanings: Vec<Meaning>,
    pub(in crate::web::dashboard::api_keys) boxes: Vec<Choice>,
}

#[derive(Debug)]
pub(in crate::web::dashboard::api_keys) struct Meaning {
    pub(in crate::web::dashboard::api_keys) label: &'static str,
    pub(in crate::web::dashboard::api_keys) words: String,
}

/// A box or a button of a choice.
#[derive(Debug)]
pub(in crate::web::dashboard::api_keys) struct Choice {
    pub(in crate::web::dashboard::api_keys) id: String,
    /// The field's name.
    pub(in crate::web::dashboard::api_keys) field: String,
    pub(in crate::web::dashboard::api_keys) value: String,
    pub(in crate::web::dashboard::api_keys) label: String,
    /// What comes with it.
    pub(in crate::web::dashboard::api_keys) includes: String,
    pub(in crate::web::dashboard::api_keys) checked: bool,
}

/// The scopes of some levels, with those that are picked; `prefix` begins the names of the fields.
pub(in crate::web::dashboard::api_keys) fn matrix(
    servers: &[Server],
    scopes: &Scopes,
    levels: &[Level],
    prefix: &str,
    picked: &BTreeSet<String>,
) -> Vec<ServerRows> {
    let mut number = 0;
    let mut all = Vec::new();
    for server in servers {
        let mut by_resource: BTreeMap<&str, Vec<&ScopeEntry>> = BTreeMap::new();
        for scope in scopes.iter().filter(|s| s.resource_server == server.identifier && levels.contains(&s.level)) {
            by_resource.entry(resource_of(&scope.name)).or_default().push(scope);
        }
        let rows: Vec<Row> = by_resource
            .into_iter()
            .map(|(resource, of_resource)| {
                number += 1;
                row(resource, &of_resource, scopes, &format!("{prefix}.{number}"), (prefix, picked))
            })
            .collect();
        if !rows.is_empty() {
            all.push(ServerRows {
                name: server.name.clone(),
                identifier: server.identifier.clone(),
                is_builtin: server.builtin,
                picked: rows.iter().filter(|row| row.is_picked()).count(),
                rows,
            });
        }
    }
    all
}

impl Row {
    fn is_picked(&self) -> bool {
        self.levels.iter().chain(&self.boxes).any(|choice| choice.checked && !choice.value.is_empty())
    }
}

/// `payments` of `payments:read`.
fn resource_of(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(resource, _)| resource)
}

fn row(
    resource: &str,
    of_resource: &[&ScopeEntry],
    scopes: &Scopes,
    field: &str,
    (prefix, picked): (&str, &BTreeSet<String>),
) -> Row {
    let find = |action: &str| of_resource.iter().find(|scope| scope.name.strip_prefix(resource) == Some(action)).copied();
    let pair = find(":read").zip(find(":write")).filter(|(read, write)| {
        read.level == write.level && scopes.implied_by(&write.name).iter().any(|implied| implied.name == read.name)
    });
    let (mut levels, mut meanings) = (Vec::new(), Vec::new());
    if let Some((read, write)) = pair {
        let is_write = picked.contains(&write.name);
        let is_read = !is_write && picked.contains(&read.name);
        let level = |suffix: &str, value: &str, label: &str, checked| Choice {
            id: format!("{field}.{suffix}"),
            field: field.to_owned(),
            value: value.to_owned(),
            label: label.to_owned(),
            includes: String::new(),
            checked,
        };
        levels.push(level("none", "", "None", !is_write && !is_read));
        levels.push(level("read", &read.name, "Read", is_read));
        levels.push(level("write", &write.name, "Write", is_write));
        meanings.push(Meaning { label: "Read", words: scope_in_words(read) });
        meanings.push(Meaning { label: "Write", words: format!("{}; includes read", scope_in_words(write)) });
    }
    let is_in_pair = |scope: &&&ScopeEntry| pair.is_some_and(|(read, write)| [&read.name, &write.name].contains(&&scope.name));
    let boxes = of_resource.iter().filter(|scope| !is_in_pair(scope)).enumerate().map(|(index, scope)| {
        let implied: Vec<&str> = scopes.implied_by(&scope.name).into_iter().map(|implied| implied.name.as_str()).collect();
        Choice {
            id: format!("{field}.box{index}"),
            field: prefix.to_owned(),
            value: scope.name.clone(),
            label: scope_in_words(scope),
            includes: implied.join(", "),
            checked: picked.contains(&scope.name),
        }
    });
    Row { id: format!("{field}.label"), label: resource.to_owned(), levels, meanings, boxes: boxes.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::dashboard::api_keys::words::tests::scope;

    #[test]
    fn read_and_write_are_one_choice_where_write_includes_read() {
        let server = |identifier: &str| Server { identifier: identifier.to_owned(), name: "N".to_owned(), builtin: false };
        let servers = [server("https://payments.example.com"), server("urn:empty")];
        let o = Level::Organization;
        let scopes: Scopes = [
            scope("p:read", o, "", &[]),
            scope("p:refund", o, "", &[]),
            scope("p:write", o, "", &["p:read"]),
            scope("q:read", o, "", &[]),
            scope("q:write", o, "", &[]),
            scope("fx", o, "Convert", &["q:read"]),
            scope("d:read", Level::Account, "", &[]),
        ]
        .into_iter()
        .collect();
        let picked = BTreeSet::from(["p:read".to_owned(), "p:write".to_owned(), "fx".to_owned()]);
        let laid_out = matrix(&servers, &scopes, &[o], "organization", &picked);
        assert_eq!(laid_out.len(), 1);
        let rows = &laid_out[0].rows;
        assert_eq!(rows.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["fx", "p", "q"]);
        let checked = |choices: &[Choice]| choices.iter().filter(|c| c.checked).map(|c| c.value.clone()).collect::<Vec<_>>();
        assert_eq!((checked(&rows[1].levels), rows[1].boxes.len()), (vec!["p:write".to_owned()], 1));
        assert_eq!((rows[2].levels.len(), rows[2].boxes.len()), (0, 2));
        assert_eq!((rows[0].boxes[0].includes.as_str(), rows[0].boxes[0].checked), ("q:read", true));
        assert_eq!(laid_out[0].picked, 2);
        let fields: BTreeSet<&str> = rows.iter().flat_map(|row| &row.levels).map(|c| c.field.as_str()).collect();
        assert_eq!(fields, BTreeSet::from(["organization.2"]));
    }
}
