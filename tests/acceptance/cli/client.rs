//! `claviger token` and `claviger inspect`: the client's side.

use crate::support::jwt;
use crate::support::{App, Backend, Output, Site, on_both};

/// The program as a stranger has it: no database, no keys.
fn stranger(app: &App, args: &[&str], input: &str, environment: &[(&str, &str)]) -> Output {
    let mut command = crate::support::site::bare_command(app.site.dir.path());
    command.args(args).envs(environment.iter().copied());
    Output::of(&mut command, input)
}

on_both!(token_prints_a_token_for_a_secret_from_standard_input_or_the_environment, |app| {
    let k1 = &app.fixture.k1;
    let args = ["token", "--url", &app.base_url, "--client-id", &k1.client_id];
    let environment = [("CLAVIGER_CLIENT_SECRET", k1.client_secret.as_str())];
    for output in [
        stranger(app, &args, &k1.client_secret, &[]),
        stranger(app, &args, &format!("{}\n", k1.client_secret), &[]),
        stranger(app, &args, "", &environment),
    ] {
        let output = output.succeeded();
        let token = output.stdout.trim_end();
        jwt::verify(app, token);
        assert_eq!(jwt::decode(token).1["scope"], "a b");
        assert_eq!(output.stdout, format!("{token}\n"), "nothing but the token");
    }
    let narrow = stranger(app, &[&args[..], &["--scope", "a"]].concat(), "", &environment).succeeded();
    assert_eq!(jwt::decode(narrow.stdout.trim_end()).1["scope"], "a");
    let json = stranger(app, &[&args[..], &["--json"]].concat(), "", &environment).succeeded().json();
    assert_eq!((&json["token_type"], &json["expires_in"], &json["scope"]), (&"Bearer".into(), &3600.into(), &"a b".into()));
    jwt::verify(app, json["access_token"].as_str().unwrap());
});

on_both!(token_aims_at_an_account, |app| {
    let one = app.fixture.account_1.as_str();
    let key = app.key_with_grants(&["*=disputes:read"]);
    let args = ["token", "--url", &app.base_url, "--client-id", &key.client_id];
    stranger(app, &args, &key.client_secret, &[]).failed_with(1);
    let output = stranger(app, &[&args[..], &["--account", one]].concat(), &key.client_secret, &[]).succeeded();
    assert_eq!(jwt::decode(output.stdout.trim_end()).1["account"], one);
});

on_both!(token_says_why_there_is_none_and_never_repeats_the_secret, |app| {
    let k1 = &app.fixture.k1;
    let wrong = k1.with_wrong_secret();
    let args = |extra: &[&'static str]| -> Vec<String> {
        let mut all = vec!["token".to_owned(), "--url".into(), app.base_url.clone(), "--client-id".into(), k1.client_id.clone()];
        all.extend(extra.iter().map(|e| (*e).to_owned()));
        all
    };
    let run = |extra: &[&'static str], secret: &str| {
        let args = args(extra);
        stranger(app, &args.iter().map(String::as_str).collect::<Vec<_>>(), secret, &[])
    };
    for (output, word) in [
        (run(&[], &wrong.client_secret), "invalid_client"),
        (run(&["--scope", "zzz"], &k1.client_secret), "invalid_scope"),
        (run(&["--account", "nonsense"], &k1.client_secret), "invalid_target"),
    ] {
        let output = output.failed_with(1);
        assert!(output.stderr.contains(word), "{word}: {output:?}");
        assert!(!output.stderr.contains("clv_0") && !output.stderr.contains(&k1.client_secret), "{output:?}");
    }
    // No secret, no place for one on the command line, no server.
    run(&[], "").failed();
    run(&["--client-secret", "x"], "").failed_with(2);
    stranger(app, &["token", "--url", "http://127.0.0.1:9", "--client-id", &k1.client_id], &k1.client_secret, &[]).failed_with(1);
    stranger(app, &["token", "--url", "nonsense", "--client-id", &k1.client_id], &k1.client_secret, &[]).failed();
    stranger(app, &["token", "--client-id", &k1.client_id], &k1.client_secret, &[]).failed_with(2);
});

on_both!(inspect_verifies_and_explains, |app| {
    let token = app.token(&app.fixture.k1).accepted().token;
    for (args, input) in [
        (vec!["inspect", token.as_str(), "--url", &app.base_url], ""),
        (vec!["inspect", "-", "--url", &app.base_url], token.as_str()),
    ] {
        let output = stranger(app, &args, input, &[]).succeeded();
        for part in [app.fixture.k1.client_id.as_str(), &app.issuer, "a b", crate::support::PAYMENTS, "RS256", "at+jwt"] {
            assert!(output.stdout.contains(part), "{part}: {output:?}");
        }
    }
    let json = stranger(app, &["inspect", &token, "--url", &app.base_url, "--json"], "", &[]).succeeded().json();
    assert!(json.to_string().contains(&app.fixture.k1.client_id), "{json}");
    assert_eq!(json["revocation"], serde_json::json!("not revoked"), "{json}");
});

on_both!(inspect_looks_at_the_status_list, |app| {
    let key = app.key_with_grants(&["a b"]);
    let token = app.token_of(&key);
    let inspect = |args: &[&str]| stranger(app, &[&["inspect", &token, "--url", &app.base_url], args].concat(), "", &[]);
    let line = inspect(&[]).succeeded().stdout;
    let line = line.lines().find(|line| line.trim_start().starts_with("status")).map(str::to_owned);
    assert!(line.as_ref().is_some_and(|line| line.ends_with("  not revoked")), "{line:?}");
    app.key_action("revoke-tokens", &key, &[]);
    crate::support::tools::eventually(crate::support::tools::HONOURED_WITHIN, "the token is dead", || {
        (inspect(&[]).code == Some(1)).then_some(())
    });
    let output = inspect(&["--json"]);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("it was revoked"), "{output:?}");
    assert_eq!(output.json()["valid"], serde_json::json!(false), "{output:?}");
});

on_both!(inspect_refuses_what_does_not_verify, |app| {
    let token = app.token(&app.fixture.k1).accepted().token;
    let parts: Vec<&str> = token.split('.').collect();
    let other = App::start(Backend::Sqlite, &[]);
    app.json(&["signing-keys", "rotate", "--now"]);
    crate::support::tools::eventually(crate::support::tools::HONOURED_WITHIN, "the key is out", || {
        let (header, _) = jwt::decode(&token);
        (!jwt::published_kids(app).iter().any(|kid| header["kid"] == kid.as_str())).then_some(())
    });
    let flipped = if parts[2].starts_with('A') { format!("B{}", &parts[2][1..]) } else { format!("A{}", &parts[2][1..]) };
    let current = app.token(&app.fixture.k1).accepted().token;
    let current: Vec<&str> = current.split('.').collect();
    for (what, bad) in [
        ("its key was taken out", token.clone()),
        ("another signature", format!("{}.{}.{flipped}", parts[0], parts[1])),
        ("other claims", format!("{}.{}.{}", current[0], parts[1], current[2])),
        ("no signature", format!("{}.{}.", current[0], current[1])),
        ("alg none", format!("eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{}.", current[1])),
        ("two parts", format!("{}.{}", current[0], current[1])),
        ("junk", "junk".to_owned()),
        ("nothing", String::new()),
        ("another server's", other.token(&other.fixture.k1).accepted().token),
    ] {
        let output = stranger(app, &["inspect", &bad, "--url", &app.base_url], "", &[]);
        assert!(matches!(output.code, Some(1 | 2)), "{what}: {output:?}");
        assert!(!output.stderr.is_empty() && !output.stderr.contains("panicked"), "{what}: {output:?}");
    }
});

/// A client that waits for an answer which never comes is no use in a script.
#[test]
fn token_gives_up_on_a_server_that_never_answers() {
    let site = Site::empty(Backend::Sqlite);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let mut command = crate::support::site::bare_command(site.dir.path());
    command.args(["token", "--url", &url, "--client-id", crate::support::app::UNKNOWN_ID]);
    let start = std::time::Instant::now();
    Output::of(&mut command, "clv_x").failed_with(1);
    assert!(start.elapsed() < std::time::Duration::from_secs(40), "it waited {:?}", start.elapsed());
}

on_both!(dp1_token_binds_a_token_to_a_key_from_a_file, ["--dpop-nonces", "required"], |app| {
    let k1 = &app.fixture.k1;
    let file = app.site.dir.join("mine.pem");
    let file = file.to_str().unwrap();
    let args = ["token", "--url", &app.base_url, "--client-id", &k1.client_id, "--dpop-key", file];
    stranger(app, &args, &k1.client_secret, &[]).failed_with(1).in_one_line();
    for (kind, option) in [("ed25519", None), ("EC", Some("ec_paramgen_curve:P-256")), ("RSA", Some("rsa_keygen_bits:2048"))] {
        let mut openssl = std::process::Command::new(crate::support::tools::program("openssl", "openssl"));
        openssl.args(["genpkey", "-algorithm", kind, "-out", file]);
        if let Some(option) = option {
            openssl.args(["-pkeyopt", option]);
        }
        crate::support::tools::output_of(&mut openssl);
        let token = stranger(app, &args, &k1.client_secret, &[]).succeeded().stdout;
        let (_, claims) = jwt::decode(token.trim_end());
        assert_eq!(claims["cnf"]["jkt"].as_str().map(str::len), Some(43), "{claims:?}");
        let json = stranger(app, &[&args[..], &["--json"]].concat(), &k1.client_secret, &[]).succeeded().json();
        assert_eq!(json["token_type"], "DPoP");
        let explained = stranger(app, &["inspect", token.trim_end(), "--url", &app.base_url], "", &[]).succeeded().stdout;
        assert!(explained.contains("worth nothing without a DPoP proof"), "{explained}");
    }
    std::fs::write(file, "nonsense").unwrap();
    let output = stranger(app, &args, &k1.client_secret, &[]).failed_with(1).in_one_line();
    assert!(!output.stderr.contains("nonsense"), "{output:?}");
});
