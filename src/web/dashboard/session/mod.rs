//! Signing in and out, and the pages behind links: invitations, forgotten passwords, the first start.

pub(super) mod forgot;
pub(super) mod link;
mod link_cookie;
pub(super) mod new_password;
pub(super) mod setup;
pub(super) mod sign_in;
pub(super) mod sign_out;
