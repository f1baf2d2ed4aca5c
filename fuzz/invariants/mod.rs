//! What must hold of every input of the strict parsers.
//!
//! Each file checks one parser against a second, deliberately naive one that shares no code with it, and panics when
//! they disagree. The fuzz targets, the property tests and the replay of the committed corpora all call these.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

pub(crate) mod basic_header;
pub(crate) mod form;
pub(crate) mod forwarded;
pub(crate) mod media_type;
pub(crate) mod scope;
