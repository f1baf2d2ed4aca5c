//! What the manual lists is what the program has: settings, commands, metrics, reasons of refusals.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::support::http::{self, Request};
use crate::support::tools::free_port;
use crate::support::{App, Backend, Output, Site};

fn page(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The part of a page below that heading.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let rest = page.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section {heading}")).1;
    rest.split_once("\n## ").map_or(rest, |(section, _)| section)
}

/// The cells of every table row whose first cell is code.
fn rows(section: &str) -> Vec<Vec<&str>> {
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect()).collect()
}

fn help(arguments: &[&str]) -> String {
    let site = Site::empty(Backend::Sqlite);
    Output::of(site.command().env("COLUMNS", "400").args(arguments).arg("--help"), "").succeeded().stdout
}

#[test]
fn the_readme_has_every_setting_with_its_environment_variable_and_default() {
    let readme = page("README.md");
    let documented: BTreeSet<(String, String)> =
        rows(section(&readme, "Settings")).iter().map(|row| (row[0].to_owned(), row[1].to_owned())).collect();
    let help = help(&["serve"]);
    let mut real = BTreeSet::new();
    let mut flag = "";
    for line in help.lines().map(str::trim) {
        if line.starts_with("--") {
            flag = line.split(' ').next().unwrap();
        }
        if let Some((_, rest)) = line.split_once("[env: ") {
            let variable = rest.split(['=', ']']).next().unwrap();
            real.insert((flag.to_owned(), variable.to_owned()));
        }
        // A default that the program names and that is one word stands in the table too.
        if let Some(default) = line.split_once("[default: ").and_then(|(_, rest)| rest.split(']').next())
            && !default.contains([' ', ','])
            && default != "none"
        {
            let row =
                rows(section(&readme, "Settings")).into_iter().find(|row| row[0] == flag).unwrap_or_else(|| panic!("{flag}"));
            assert!(row[3].contains(default), "{flag}: {default} in the program, {} in the README", row[3]);
        }
    }
    assert_eq!(documented, real);
}

#[test]
fn the_readme_has_every_command() {
    let readme = page("README.md");
    let documented: BTreeSet<String> = rows(section(&readme, "Commands")).iter().map(|row| row[0].to_owned()).collect();
    let help = help(&[]);
    let commands = help.split_once("Commands:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let real: BTreeSet<String> = commands.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert_eq!(documented, &real - &BTreeSet::from(["help".to_owned()]));
}

#[test]
fn the_operators_page_has_every_metric() {
    let operations = page("docs/operations.md");
    let listed = section(&operations, "Metrics");
    let documented: BTreeSet<String> = listed
        .split('`')
        .filter(|code| code.starts_with("claviger_"))
        .map(|code| code.split('{').next().unwrap().to_owned())
        .collect();
    let port = free_port();
    let app = App::start(Backend::Sqlite, &["--metrics-listen", &format!("127.0.0.1:{port}")]);
    app.token(&app.fixture.k1).accepted();
    app.anonymous().unauthorized();
    let metrics = http::exchange(([127, 0, 0, 1], port).into(), &Request::new("GET", "/metrics")).unwrap();
    let real: BTreeSet<String> =
        metrics.text().lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_owned).collect();
    assert_eq!(documented, real);
}
