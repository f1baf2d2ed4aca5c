//! Every page of `tests/browser/pages.mjs`, full of data.

use crate::support::browser::run_flow;
use crate::support::{App, Backend, Options};

/// On an empty database: the demo makes what there is.
fn look(name: &str) {
    let app = App::start_empty(Backend::Sqlite, Options::flags(&["--webhook-allow-private", "127.0.0.0/8"]));
    run_flow(&app, "every_page.mjs", name);
}

#[test]
fn pages_for_everybody_are_accessible_and_light() {
    look("pages_for_everybody_are_accessible_and_light");
}

#[test]
fn pages_of_an_owner_are_accessible_and_light() {
    look("pages_of_an_owner_are_accessible_and_light");
}

#[test]
fn pages_of_others_are_accessible_and_light() {
    look("pages_of_others_are_accessible_and_light");
}

#[test]
fn pages_of_an_operator_are_accessible_and_light() {
    look("pages_of_an_operator_are_accessible_and_light");
}
