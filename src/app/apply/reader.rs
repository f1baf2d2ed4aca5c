//! Reads TOML tables member by member, so that everything that is wrong with a file can be told at once, and where.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::Invalid;
use crate::domain::plan::Limit;

/// How a file says that there is no limit.
const UNLIMITED: &str = "unlimited";

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Its line, from 1 on.
    pub line: usize,
    /// The member, e.g. `scopes.level`; empty: the file as a whole.
    pub member: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, member, what } = self;
        match member.as_str() {
            "" => write!(f, "line {line}: {what}"),
            _ => write!(f, "line {line}: {member}: {what}"),
        }
    }
}

/// A file's text and what was found wrong in it so far.
pub(super) struct Source<'t> {
    text: &'t str,
    pub(super) faults: Vec<Fault>,
}

impl<'t> Source<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, faults: Vec::new() }
    }

    pub(super) fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.as_bytes().iter().take(span.start);
        1 + before.filter(|byte| **byte == b'\n').count()
    }

    pub(super) fn fault(&mut self, span: &Range<usize>, member: impl Into<String>, what: impl Into<String>) {
        let line = self.line(span);
        self.faults.push(Fault { line, member: member.into(), what: what.into() });
    }
}

/// One table of the file, of which each member is taken once; those that nobody took are unknown.
pub(super) struct Table<'v, 'i> {
    members: &'v DeTable<'i>,
    /// How it is called in messages: `scopes`.
    name: &'static str,
    /// Where it begins, for what is missing.
    pub(super) span: Range<usize>,
    taken: Vec<&'static str>,
}

type Member<'v, 'i> = &'v Spanned<DeValue<'i>>;

impl<'v, 'i> Table<'v, 'i> {
    pub(super) const fn new(members: &'v DeTable<'i>, name: &'static str, span: Range<usize>) -> Self {
        Self { members, name, span, taken: Vec::new() }
    }

    fn path(&self, member: &str) -> String {
        if self.name.is_empty() { member.to_owned() } else { format!("{}.{member}", self.name) }
    }

    fn take(&mut self, member: &'static str) -> Option<Member<'v, 'i>> {
        self.taken.push(member);
        self.members.iter().find(|(name, _)| name.get_ref() == member).map(|(_, value)| value)
    }

    /// A text that has a rule of its own; `None` when it is not there or breaks it.
    pub(super) fn parsed<T: FromStr<Err = Invalid>>(&mut self, source: &mut Source<'_>, member: &'static str) -> Option<T> {
        let value = self.take(member)?;
        let DeValue::String(text) = value.get_ref() else {
            source.fault(&value.span(), self.path(member), "must be a text");
            return None;
        };
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(Invalid { detail, .. }) => {
                source.fault(&value.span(), self.path(member), detail);
                None
            }
        }
    }

    /// The same of something that has to be there.
    pub(super) fn required<T: FromStr<Err = Invalid>>(&mut self, source: &mut Source<'_>, member: &'static str) -> Option<T> {
        if self.members.iter().all(|(name, _)| name.get_ref() != member) {
            self.taken.push(member);
            source.fault(&self.span.clone(), self.path(member), "is required");
            return None;
        }
        self.parsed(source, member)
    }

    /// Yes or no.
    pub(super) fn boolean(&mut self, source: &mut Source<'_>, member: &'static str) -> Option<bool> {
        let value = self.take(member)?;
        if let DeValue::Boolean(yes) = value.get_ref() {
            return Some(*yes);
        }
        source.fault(&value.span(), self.path(member), "must be true or false");
        None
    }

    /// A limit of a rate plan; `Some(None)` when it is lifted, for which TOML has no null.
    pub(super) fn limit(&mut self, source: &mut Source<'_>, member: &'static str) -> Option<Option<Limit>> {
        let value = self.take(member)?;
        let limit = match value.get_ref() {
            DeValue::String(text) if text == UNLIMITED => return Some(None),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let limit = limit.and_then(|number| Limit::new(member, number).ok());
        if limit.is_none() {
            let what = format!("must be a number from 1 to {}, or {UNLIMITED:?}", Limit::MAX);
            source.fault(&value.span(), self.path(member), what);
        }
        limit.map(Some)
    }

    /// Several texts that have a rule of their own.
    pub(super) fn list<T: FromStr<Err = Invalid>>(&mut self, source: &mut Source<'_>, member: &'static str) -> Option<Vec<T>> {
        let value = self.take(member)?;
        let DeValue::Array(items) = value.get_ref() else {
            source.fault(&value.span(), self.path(member), "must be a list of texts");
            return None;
        };
        let mut list = Vec::with_capacity(items.len());
        for item in items.iter() {
            let parsed = match item.get_ref() {
                DeValue::String(text) => text.parse().map_err(|invalid: Invalid| invalid.detail.into_owned()),
                _ => Err("must be a text".to_owned()),
            };
            match parsed {
                Ok(parsed) => list.push(parsed),
                Err(what) => source.fault(&item.span(), self.path(member), what),
            }
        }
        Some(list)
    }

    /// A table within this one.
    pub(super) fn table(&mut self, source: &mut Source<'_>, member: &'static str) -> Option<Table<'v, 'i>> {
        let value = self.take(member)?;
        if let DeValue::Table(members) = value.get_ref() {
            return Some(Table::new(members, member, value.span()));
        }
        source.fault(&value.span(), self.path(member), "must be a table");
        None
    }

    /// The tables of an array of tables.
    pub(super) fn tables(&mut self, source: &mut Source<'_>, member: &'static str) -> Vec<Table<'v, 'i>> {
        let Some(value) = self.take(member) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            source.fault(&value.span(), self.path(member), format!("must be tables: [[{}]]", self.path(member)));
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(items.len());
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(members) => tables.push(Table::new(members, member, item.span())),
                _ => source.fault(&item.span(), self.path(member), "must be a table"),
            }
        }
        tables
    }

    /// Every member has been taken: what is left is unknown.
    pub(super) fn finish(self, source: &mut Source<'_>) {
        for (name, _) in self.members.iter() {
            if !self.taken.iter().any(|taken| name.get_ref() == taken) {
                // The name is the file's own and may be anything.
                let shown: String = name.get_ref().chars().take(64).flat_map(char::escape_debug).collect();
                source.fault(&name.span(), self.path(&shown), "is unknown here");
            }
        }
    }
}
