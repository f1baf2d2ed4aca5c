//! The pages in a real browser (`tests/browser`): each test runs the flow of its name.

mod accounts;
mod api_keys;
mod audit_log;
mod credentials;
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

/// Every file below that folder, one after the other.
fn text_below(folder: &Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { text_below(&path) } else { std::fs::read_to_string(path).unwrap() }).collect()
}

/// A flow that no test names would never run.
#[test]
fn every_flow_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests = text_below(&root.join("tests/acceptance/dashboard"));
    let flows = text_below(&root.join("tests/browser/flows"));
    let names: Vec<&str> = flows.split("export async function ").skip(1).filter_map(|rest| rest.split('(').next()).collect();
    assert!(!names.is_empty());
    for name in names {
        let words: Vec<&str> = tests.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        assert!(words.contains(&name), "{name}");
    }
}

/// A page that is not in the list is looked at by nobody.
#[test]
fn every_page_is_in_the_list_of_pages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap();
    let quoted = |text: &str, before: &str| -> Vec<Vec<String>> {
        let paths = text.split(before).skip(1).filter_map(|rest| rest.split(['"', '?', '#']).next());
        paths.map(|path| path.split('/').map(str::to_owned).collect()).collect()
    };
    let routes = quoted(&read("src/web/dashboard/routes.rs"), " get(\"");
    let listed = quoted(&read("tests/browser/pages.mjs"), "path: \"");
    assert!(routes.len() > 40 && listed.len() > 80, "{routes:?} {listed:?}");
    let is_of = |route: &[String], page: &[String]| {
        let alike =
            |(of_route, of_page): (&String, &String)| of_route == of_page || of_route.starts_with('{') && of_page != "new";
        route.len() == page.len() && route.iter().zip(page).all(alike)
    };
    for route in routes {
        let path = route.join("/");
        // The one leads to another page, the other is a file.
        if !["/", "/audit-log/export"].contains(&path.as_str()) {
            assert!(listed.iter().any(|page| is_of(&route, page)), "tests/browser/pages.mjs has no {path}");
        }
    }
}
