//! Rate plans: product.md section 8, and section 3 point 4.

mod api;
mod clock;
mod command_line;
mod connections;
mod headers;
mod nodes;
mod order;
mod plans;
mod windows;
