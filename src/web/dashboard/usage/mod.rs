//! What keys are used for: the organization's page, and what the key's page shares with it.

pub(super) mod chart;
pub(super) mod limits;
pub(super) mod page;
pub(super) mod reasons;
pub(super) mod series;
