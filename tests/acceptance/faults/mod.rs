//! What must hold when processes are killed, disks lie, databases go away and files are damaged.

mod busy_database;
mod corrupt;
mod database_down;
mod durability;
mod kill9;
mod refused_start;
mod two_nodes;
