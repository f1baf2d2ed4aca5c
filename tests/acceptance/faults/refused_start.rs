//! Starts that must fail: a mistyped database, a newer schema, a port that is taken. One clear line, exit code not 0,
//! nothing changed.

use std::net::TcpListener;

use crate::support::tools::free_port;
use crate::support::{App, Backend, Output, Site, on_both};

fn serve(site: &Site, database_url: &str) -> Output {
    let mut command = site.command();
    command.env("CLAVIGER_DATABASE_URL", database_url).args(["serve", "--listen", &format!("127.0.0.1:{}", free_port())]);
    Output::of(&mut command, "")
}

/// The names of everything in a folder, folders in it included.
fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        names.push(path.display().to_string());
        if path.is_dir() {
            names.extend(self::names(&path));
        }
    }
    names.sort();
    names
}

#[test]
fn a_mistyped_database_url_is_refused_and_makes_no_file() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let path = site.sqlite_file();
    let path = path.display();
    let before = names(site.dir.path());
    for url in [
        String::new(),
        "postgre://postgres@127.0.0.1:5432/claviger".into(),
        "postgresq://127.0.0.1/claviger".into(),
        "postgres:/127.0.0.1/claviger".into(),
        "mysql://root@127.0.0.1/claviger".into(),
        "sqlite:/x".into(),
        format!("sqlite:{path}"),
        "sqlite://".into(),
        "sqlite3://data/claviger.db".into(),
        "data/claviger.db".into(),
        format!("{path}"),
        ":memory:".into(),
        "sqlite://:memory:".into(),
        "nonsense".into(),
        " ".into(),
    ] {
        let output = serve(&site, &url).failed_with(2).in_one_line();
        assert!(!output.stderr.contains("panicked"), "{url}: {output:?}");
        assert_eq!(names(site.dir.path()), before, "{url} left something behind");
        Output::of(site.command().env("CLAVIGER_DATABASE_URL", &url).args(["organizations", "list"]), "").failed_with(2);
    }
    assert_eq!(names(site.dir.path()), before);
}

#[test]
fn a_database_out_of_reach_is_a_cause_and_no_wait() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let start = std::time::Instant::now();
    serve(&site, "postgres://nobody@127.0.0.1:9/nothing").failed_with(1).in_one_line();
    assert!(start.elapsed() < std::time::Duration::from_secs(35), "{:?}", start.elapsed());
    // A place where no file can be made, and files that are none of ours.
    serve(&site, "sqlite:///proc/nothing/claviger.db").failed_with(1).in_one_line();
    serve(&site, &format!("sqlite://{}", site.dir.path().display())).failed_with(1).in_one_line();
    let junk = site.dir.join("junk.db");
    std::fs::write(&junk, "this is no database ".repeat(500)).unwrap();
    serve(&site, &format!("sqlite://{}", junk.display())).failed_with(1).in_one_line();
    assert_eq!(std::fs::read(&junk).unwrap(), "this is no database ".repeat(500).into_bytes());
}

on_both!(f13_a_newer_schema_is_refused_untouched, backend, {
    let (site, fixture) = App::site_only(backend);
    site.sql("insert into __diesel_schema_migrations (version, run_on) values ('99991231235959', '2024-01-01 00:00:00')");
    let before = site.database_bytes();
    let url = site.database_url.clone();
    let output = serve(&site, &url).failed_with(1).in_one_line();
    assert!(output.stderr.contains("newer"), "{output:?}");
    for args in [
        &["migrate"][..],
        &["serve", "--no-migrate", "--listen", "127.0.0.1:0"],
        &["keys", "create", "--organization", &fixture.organization, "--name", "N", "--grant", "a"],
    ] {
        Output::of(site.command().args(args), "").failed_with(1);
    }
    assert!(site.database_bytes() == before, "something was changed");
});

on_both!(a_port_in_use_is_a_cause, |app| {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = held.local_addr().unwrap().to_string();
    let output = Output::of(app.site.command().args(["serve", "--listen", &listen]), "").failed_with(1).in_one_line();
    assert!(output.stderr.contains(&listen), "{output:?}");
    // The metrics' port, too, before anything is served.
    let args = ["serve", "--listen", &format!("127.0.0.1:{}", free_port()), "--metrics-listen", &listen];
    Output::of(app.site.command().args(args), "").failed_with(1).in_one_line();
    app.token(&app.fixture.k1).accepted();
});
