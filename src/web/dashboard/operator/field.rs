//! The fields of a form, with what was typed and what is wrong with it.

use askama::Template;

use crate::web::dashboard::visit::Errors;

/// What a field takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A line.
    Text,
    /// A line of code.
    Code,
    /// A whole number.
    Number,
    /// An e-mail address.
    Email,
    /// The person's password.
    Password,
    /// Several lines of code.
    Area,
    /// One of several.
    Select(Vec<Choice>),
    /// Any of several.
    Choices(Vec<Choice>),
    /// Yes or no.
    Tick,
}

/// One of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) label: String,
    pub(super) hint: String,
    pub(super) is_chosen: bool,
}

impl Choice {
    pub(super) fn new(value: &str, label: &str, is_chosen: bool) -> Self {
        Self { value: value.to_owned(), label: label.to_owned(), hint: String::new(), is_chosen }
    }
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct Field {
    /// As the operation calls it.
    pub(super) name: &'static str,
    /// As the form sends it, when that is another name.
    sent_as: &'static str,
    /// What comes before its id, where another form of the page has a field of this name.
    prefix: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: Kind,
    pub(super) value: String,
    pub(super) hint: String,
    /// What an empty line means.
    pub(super) placeholder: &'static str,
    pub(super) is_required: bool,
    error: Option<String>,
}

impl Field {
    pub(super) fn new(kind: Kind, name: &'static str, label: &'static str, value: impl Into<String>) -> Self {
        Self {
            name,
            sent_as: name,
            prefix: "",
            label,
            kind,
            value: value.into(),
            hint: String::new(),
            placeholder: "",
            is_required: false,
            error: None,
        }
    }

    pub(super) fn placeholder(self, placeholder: &'static str) -> Self {
        Self { placeholder, ..self }
    }

    /// Sent under another name.
    pub(super) fn sent_as(self, sent_as: &'static str) -> Self {
        Self { sent_as, ..self }
    }

    pub(super) fn required(self) -> Self {
        Self { is_required: true, ..self }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: hint.into(), ..self }
    }

    fn id(&self) -> String {
        format!("{}{}", self.prefix, self.name.replace('.', "-"))
    }

    /// The ids of what describes it.
    fn described_by(&self) -> String {
        let id = self.id();
        let hint = (!self.hint.is_empty()).then(|| format!("{id}-hint"));
        let error = self.error.is_some().then(|| format!("{id}-error"));
        hint.into_iter().chain(error).collect::<Vec<_>>().join(" ")
    }
}

/// A form's fields, under a summary of what is wrong with them.
#[derive(Debug, Default, Template)]
#[template(path = "dashboard/operator/form.html")]
pub(super) struct Fields {
    fields: Vec<Field>,
    /// What is wrong: with which field (its id and label), if with one.
    summary: Vec<(Option<(String, &'static str)>, String)>,
}

impl askama::filters::HtmlSafe for Fields {}

impl Fields {
    pub(super) fn new(mut fields: Vec<Field>, errors: &Errors) -> Self {
        for field in &mut fields {
            field.error = errors.on(field.name).map(str::to_owned);
        }
        let names: Vec<&str> = fields.iter().map(|field| field.name).collect();
        let general = errors.besides(&names).into_iter().map(|text| (None, text));
        let wrong = fields.iter().filter_map(|field| Some((Some((field.id(), field.label)), field.error.clone()?)));
        Self { summary: general.chain(wrong).collect(), fields }
    }

    /// With ids of their own, for a page with several forms.
    pub(super) fn apart(mut self, prefix: &'static str) -> Self {
        for (field, _) in self.summary.iter_mut() {
            if let Some((id, _)) = field {
                id.insert_str(0, prefix);
            }
        }
        for field in &mut self.fields {
            field.prefix = prefix;
        }
        self
    }

    /// The fields from `at` on, to be shown elsewhere in the form; the summary stays with the others.
    pub(super) fn split_off(&mut self, at: usize) -> Self {
        Self { fields: self.fields.split_off(at), summary: Vec::new() }
    }
}
