//! The command line of product.md section 10.

mod catalogue;
mod client;
mod doctor;
mod settings;
mod usage;
