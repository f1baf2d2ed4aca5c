//! Flags, environment and file: one name each, unknown ones refused, the nearer one wins.

use std::fs;

use crate::support::tools::free_port;
use crate::support::{App, Backend, Output, Server, Site};

/// A settings file in the site's folder.
fn write(site: &Site, text: &str) -> String {
    let file = site.dir.join("claviger.toml");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

fn run(site: &Site, args: &[&str]) -> Output {
    Output::of(site.command().args(args), "")
}

#[test]
fn an_unknown_key_in_the_file_is_refused_by_name() {
    let (site, _) = App::site_only(Backend::Sqlite);
    for text in ["nonsense = true\n", "jwks_max_age = 300\nnonsense = true\n", "[nonsense]\nx = 1\n"] {
        let file = write(&site, text);
        for args in [
            &["--config", &file, "serve", "--listen", "127.0.0.1:0"][..],
            &["serve", "--config", &file, "--listen", "127.0.0.1:0"],
        ] {
            let output = run(&site, args).failed_with(2);
            assert!(output.stderr.contains("nonsense"), "{output:?}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let (site, _) = App::site_only(Backend::Sqlite);
    for text in ["not toml at all", "listen = 1", "jwks_max_age = \"long\"", "trusted_proxies = \"nonsense\""] {
        let file = write(&site, text);
        run(&site, &["--config", &file, "serve"]).failed_with(2);
    }
    run(&site, &["--config", "/nowhere/claviger.toml", "serve"]).failed_with(2);
}

#[test]
fn the_file_holds_every_setting_of_serve() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let port = free_port();
    let file = write(
        &site,
        &format!(
            "listen = \"127.0.0.1:{port}\"\nissuer = \"https://auth.example.com\"\ndatabase_url = \"{}\"\nkeys_dir = \"{}\"\njwks_max_age = 77\n",
            site.database_url,
            site.keys_dir.display()
        ),
    );
    let mut command = crate::support::site::bare_command(site.dir.path());
    command.args(["--config", &file]);
    assert_serves(&mut command, port, "public, max-age=77");
    // A variable is nearer than the file, a flag nearer than the variable.
    command.env("CLAVIGER_JWKS_MAX_AGE", "88");
    assert_serves(&mut command, port, "public, max-age=88");
    command.args(["--jwks-max-age", "99"]);
    assert_serves(&mut command, port, "public, max-age=99");
}

/// Runs the program (without `serve`: that is the default) and looks at two settings from outside.
#[track_caller]
fn assert_serves(command: &mut std::process::Command, port: u16, cache_control: &str) {
    use crate::support::http::{Request, exchange};
    use crate::support::tools::eventually;
    use std::process::Stdio;
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _registered = crate::support::workspace::Registered::new(child.id(), "KILL");
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let answers = std::panic::catch_unwind(|| {
        eventually(std::time::Duration::from_secs(20), "it serves", || {
            let keys = exchange(address, &Request::new("GET", "/.well-known/jwks.json")).ok()?;
            let metadata = exchange(address, &Request::new("GET", "/.well-known/oauth-authorization-server")).ok()?;
            Some((keys, metadata))
        })
    });
    let _ = child.kill();
    let _ = child.wait();
    let (keys, metadata) = answers.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    assert_eq!(keys.header("cache-control"), Some(cache_control));
    assert_eq!(metadata.json()["issuer"], "https://auth.example.com");
}

#[test]
fn the_variables_alone_are_enough() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let port = free_port();
    let mut command = site.command();
    command.env("CLAVIGER_LISTEN", format!("127.0.0.1:{port}")).env("CLAVIGER_ISSUER", "https://auth.example.com");
    command.env("CLAVIGER_JWKS_MAX_AGE", "66");
    assert_serves(&mut command, port, "public, max-age=66");
}

#[test]
fn tl2_a_variable_says_yes_as_people_write_it() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let start = |value: &str| {
        let mut command = site.command();
        // Beyond loopback the settings are in order only when the variable says so; the database stands in the way later.
        command.args(["serve", "--listen", "0.0.0.0:0", "--database-url", "sqlite:///proc/nothing/claviger.db"]);
        Output::of(command.env("CLAVIGER_INSECURE_HTTP", value), "").failed()
    };
    for yes in ["true", "1", "yes", "on", "TRUE"] {
        assert_eq!(start(yes).code, Some(1), "{yes}");
    }
    for no in ["false", "0", "no", "off", "maybe", "2"] {
        assert_eq!(start(no).code, Some(2), "{no}");
    }
    // It belongs to `serve`, and stands in the way of no other command.
    let mut list = site.command();
    Output::of(list.args(["organizations", "list"]).env("CLAVIGER_DEV", "1"), "").succeeded();
}

#[test]
fn wrong_settings_are_exit_code_2_and_one_cause() {
    let (site, _) = App::site_only(Backend::Sqlite);
    for args in [
        &["--listen", "nonsense"][..],
        &["--listen", "127.0.0.1"],
        &["--listen", "127.0.0.1:99999"],
        &["--trusted-proxies", "nonsense"],
        &["--trusted-proxies", "10.0.0.0/33"],
        &["--jwks-max-age", "-1"],
        &["--jwks-max-age", "x"],
        &["--tls-cert", "cert.pem"],
        &["--tls-key", "key.pem"],
        &["--metrics-listen", "nonsense"],
        &["--nonsense"],
        &["nonsense"],
    ] {
        run(&site, &[&["serve"], args].concat()).failed_with(2);
    }
    for (name, value) in
        [("CLAVIGER_LISTEN", "nonsense"), ("CLAVIGER_JWKS_MAX_AGE", "x"), ("CLAVIGER_TRUSTED_PROXIES", "nonsense")]
    {
        Output::of(site.command().arg("serve").env(name, value), "").failed_with(2);
    }
}

#[test]
fn dev_makes_something_to_paste() {
    let site = Site::empty(Backend::Sqlite);
    let server = Server::start(&site, crate::support::Options::flags(&["--dev"]));
    let log = server.log();
    let line = log.lines().find(|line| line.contains("curl")).unwrap_or_else(|| panic!("no curl line: {log}"));
    assert!(line.contains("/connect/token") && line.contains("key_") && line.contains("clv_"), "{line}");
    let curl = crate::support::tools::program("curl", "curl");
    let line = &line[line.find("curl").unwrap()..];
    let folder = curl.parent().unwrap().display();
    let output = std::process::Command::new("/bin/sh").args(["-c", &format!("PATH={folder}:$PATH; {line}")]).output().unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("{line}: {e}: {}", String::from_utf8_lossy(&output.stdout)));
    crate::support::jwt::verify(&server, answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")));
    // A second start finds everything there and makes nothing new.
    let organizations = || run(&site, &["organizations", "list", "--json"]).succeeded().json();
    let before = organizations();
    server.terminate();
    server.start_again(&site);
    assert_eq!(organizations(), before);
}
