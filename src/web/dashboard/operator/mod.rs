//! The pages of the platform's operators: its customers, what they may ask, what there is to ask for, the keys that sign,
//! and how the server is.

mod field;
mod limits;
mod listing;
pub(super) mod organization;
pub(super) mod organizations;
