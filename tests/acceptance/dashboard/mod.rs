//! The pages in a real browser (`tests/browser`): each test runs the flow of its name.

mod accounts;
mod api_keys;
mod audit_log;
mod every_page;
mod harness;
mod interrupted;
mod key_page;
mod links;
mod organization;
mod other_sites;
mod pages;
mod platform;
mod profile;
mod reference;
mod roles;
mod setup;
mod sign_in;
mod try_it;
mod usage_page;
mod users;
mod webhooks;

use std::path::Path;

/// A flow that no test names would never run.
#[test]
fn every_flow_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |folder: &str| -> String {
        let entries = std::fs::read_dir(root.join(folder)).unwrap();
        entries.map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
    };
    let tests = read("tests/acceptance/dashboard");
    let flows = read("tests/browser/flows");
    let names: Vec<&str> = flows.split("export async function ").skip(1).filter_map(|rest| rest.split('(').next()).collect();
    assert!(!names.is_empty());
    for name in names {
        let words: Vec<&str> = tests.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        assert!(words.contains(&name), "{name}");
    }
}
