//! Help, version, completions, exit codes.

use crate::support::{App, Backend, Output, Site, on_both};

fn run(args: &[&str]) -> Output {
    let site = Site::empty(Backend::Sqlite);
    let output = Output::of(crate::support::site::bare_command(site.dir.path()).args(args), "");
    let left: Vec<_> = std::fs::read_dir(site.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{args:?} leaves something behind: {left:?}");
    output
}

#[test]
fn help_and_version_are_data() {
    for args in
        [&["--help"][..], &["help"], &["serve", "--help"], &["keys", "--help"], &["keys", "create", "--help"], &["--version"]]
    {
        let output = run(args).succeeded();
        assert!(!output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
    }
    assert!(run(&["--version"]).stdout.contains(env!("CARGO_PKG_VERSION")));
    let help = run(&["--help"]).stdout;
    for command in [
        "serve",
        "migrate",
        "organizations",
        "accounts",
        "resource-servers",
        "scopes",
        "keys",
        "signing-keys",
        "token",
        "inspect",
        "doctor",
    ] {
        assert!(help.contains(command), "{command}: {help}");
    }
}

#[test]
fn completions_exist_for_the_common_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]).succeeded();
        assert!(output.stdout.contains("claviger") && output.stdout.contains("signing-keys"), "{shell}");
    }
    let script = run(&["completions", "bash"]).stdout;
    let mut bash = std::process::Command::new("bash");
    Output::of(bash.arg("-n").arg("/dev/stdin"), &script).succeeded();
    run(&["completions", "nonsense"]).failed_with(2);
}

#[test]
fn wrong_usage_is_exit_code_2() {
    for args in [
        &["nonsense"][..],
        &["--nonsense"],
        &["keys"],
        &["keys", "nonsense"],
        &["keys", "show"],
        &["keys", "create"],
        &["organizations", "create"],
        &["organizations", "create", "A", "B"],
        &["accounts", "create"],
        &["signing-keys", "import"],
        &["token"],
        &["inspect"],
        &["serve", "extra"],
    ] {
        run(args).failed_with(2);
    }
}

on_both!(a_command_on_a_missing_database_fails_and_makes_none, backend, {
    if backend == Backend::Sqlite {
        let site = Site::empty(backend);
        let output = Output::of(site.command().args(["organizations", "list"]), "").failed_with(1);
        assert!(!site.sqlite_file().exists(), "{output:?}");
    } else {
        let (site, _) = App::site_only(backend);
        let mut command = site.command();
        command.env("CLAVIGER_DATABASE_URL", "postgres://nobody@127.0.0.1:9/nothing").args(["organizations", "list"]);
        Output::of(&mut command, "").failed_with(1);
    }
});

on_both!(the_command_line_needs_no_running_server, backend, {
    let (site, fixture) = App::site_only(backend);
    let list = || Output::of(site.command().args(["keys", "list", "--json", "--organization", &fixture.organization]), "");
    assert_eq!(list().succeeded().json().as_array().unwrap().len(), 1);
    let mut create = site.command();
    create.args(["keys", "create", "--json", "--organization", &fixture.organization, "--name", "N", "--grant", "a"]);
    let key = crate::support::Key::from_json(Output::of(&mut create, "").succeeded().json());
    assert_eq!(list().succeeded().json().as_array().unwrap().len(), 2);
    let app = App { server: crate::support::Server::start(&site, crate::support::Options::default()), site, fixture };
    app.token(&key).accepted();
});

on_both!(output_into_a_closed_pipe_is_no_panic, |app| {
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", "\"$0\" \"$@\" | true", crate::support::site::CLAVIGER, "scopes", "list"]);
    shell.env("CLAVIGER_DATABASE_URL", &app.site.database_url).env("CLAVIGER_KEYS_DIR", &app.site.keys_dir);
    let output = Output::of(&mut shell, "");
    assert!(!output.stderr.contains("panicked"), "{output:?}");
});
