//! The description of one operation.

use std::borrow::Cow;

use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::parameters::{CURSOR, LIMIT, Parameter};

/// What an operation is called, reads and answers.
#[derive(Clone, Copy)]
pub(in crate::web::api) struct Doc {
    /// Stable and unique: generated clients name their functions by it.
    pub(in crate::web::api) id: &'static str,
    /// A few words.
    pub(in crate::web::api) summary: &'static str,
    /// More words, in Markdown; may be empty.
    pub(in crate::web::api) description: &'static str,
    pub(in crate::web::api) query: &'static [Parameter],
    pub(in crate::web::api) body: Option<Part>,
    pub(in crate::web::api) status: u16,
    pub(in crate::web::api) answer: Option<Part>,
    /// Whether the answer is a page of a list of [`Doc::answer`].
    pub(in crate::web::api) is_page: bool,
    /// What the answer is a page of when it is not [`Doc::answer`].
    pub(in crate::web::api) or_page: Option<Part>,
}

/// A schema and those that it refers to.
#[derive(Clone, Copy)]
pub(in crate::web::api) struct Part {
    pub(in crate::web::api) name: fn() -> Cow<'static, str>,
    pub(in crate::web::api) schema: fn() -> RefOr<Schema>,
    pub(in crate::web::api) others: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Part {
    /// The schema of `T`.
    pub(in crate::web::api) const fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: T::schema, others: T::schemas }
    }
}

/// The parameters of a list that nothing filters.
const PAGE: &[Parameter] = &[LIMIT, CURSOR];

impl Doc {
    /// An operation that answers with nothing until something is said of it.
    pub(in crate::web::api) const fn new(id: &'static str, summary: &'static str) -> Self {
        Self { id, summary, description: "", query: &[], body: None, status: 204, answer: None, is_page: false, or_page: None }
    }

    /// `200` with a `T`.
    pub(in crate::web::api) const fn answers<T: ToSchema>(mut self) -> Self {
        self.status = 200;
        self.answer = Some(Part::of::<T>());
        self
    }

    /// `201` with a `T`.
    pub(in crate::web::api) const fn creates<T: ToSchema>(mut self) -> Self {
        self.status = 201;
        self.answer = Some(Part::of::<T>());
        self
    }

    /// `202` with a `T`.
    pub(in crate::web::api) const fn accepts<T: ToSchema>(mut self) -> Self {
        self.status = 202;
        self.answer = Some(Part::of::<T>());
        self
    }

    /// `200` with a page of `T`.
    pub(in crate::web::api) const fn lists<T: ToSchema>(mut self) -> Self {
        self.is_page = true;
        self.query = PAGE;
        self.answers::<T>()
    }

    /// Or a page of `T`, as the query says.
    pub(in crate::web::api) const fn or_lists<T: ToSchema>(mut self) -> Self {
        self.or_page = Some(Part::of::<T>());
        self
    }

    /// Reads a `T`.
    pub(in crate::web::api) const fn reads<T: ToSchema>(mut self) -> Self {
        self.body = Some(Part::of::<T>());
        self
    }

    /// Takes these query parameters and no others.
    pub(in crate::web::api) const fn query(mut self, parameters: &'static [Parameter]) -> Self {
        self.query = parameters;
        self
    }

    /// More words.
    pub(in crate::web::api) const fn because(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }
}
