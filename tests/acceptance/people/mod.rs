//! People: passwords, sessions, roles, links by mail.

mod command_line;
mod csrf;
mod links;
mod lock_out;
mod passwords;
mod proof;
mod sessions;
mod sign_in;
mod users;
