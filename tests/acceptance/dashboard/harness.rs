//! The flows' own means: what would make a page bad is noticed.

use crate::support::browser::run_flow;
use crate::support::{App, Backend};

/// A flow that has to fail with these words.
fn fails(name: &str, words: &str) {
    let app = App::start(Backend::Sqlite, &[]);
    let run = std::panic::AssertUnwindSafe(|| run_flow(&app, "harness.mjs", name));
    let failure = std::panic::catch_unwind(run).expect_err("the flow passed");
    let message = failure.downcast_ref::<String>().unwrap();
    assert!(message.contains(words), "{message}");
}

#[test]
fn a_refusal_of_the_content_security_policy_fails_a_flow() {
    fails("a_refusal_of_the_content_security_policy_fails_a_flow", "Content Security Policy");
}

#[test]
fn an_inaccessible_page_fails_a_flow() {
    fails("an_inaccessible_page_fails_a_flow", "dark: button-name at button");
}

#[test]
fn a_page_wider_than_the_screen_fails_a_flow() {
    fails("a_page_wider_than_the_screen_fails_a_flow", "wider than 320 pixels: h1");
}
