//! GT1 to GT7: the grant type, repeated and unknown parameters, and what an answer never echoes.

use crate::support::token::{assert_envelope, assert_error_body};
use crate::support::{DISPUTES, PAYMENTS, on_both};

on_both!(gt1_no_grant_type_is_an_invalid_request, |app| {
    let k1 = &app.fixture.k1;
    for body in ["", "grant_type=", "grant_type", "x=1", "scope=a", "Grant_Type=client_credentials", "&", "=client_credentials"] {
        app.token(k1).body(body).refused(400, "invalid_request");
    }
});

on_both!(gt2_every_other_grant_is_unsupported, |app| {
    let k1 = &app.fixture.k1;
    for grant in [
        "password",
        "authorization_code",
        "refresh_token",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:device_code",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "x",
    ] {
        app.token(k1).body("").param("grant_type", grant).refused(400, "unsupported_grant_type");
        app.token(k1)
            .body("")
            .param("grant_type", grant)
            .raw("username=u&password=p&code=c&refresh_token=r&assertion=a")
            .refused(400, "unsupported_grant_type");
    }
});

on_both!(gt3_the_grant_type_is_compared_byte_for_byte, |app| {
    let k1 = &app.fixture.k1;
    for grant in [
        "Client_Credentials",
        "CLIENT_CREDENTIALS",
        "client_credentials%20",
        "client_credentials+",
        "%20client_credentials",
        "client_credentials%00",
        "client_credentials%0A",
        "client_credentials+password",
        "client%5Fcredentials2",
        "client-credentials",
        "client_credential",
    ] {
        app.token(k1).body(&format!("grant_type={grant}")).refused(400, "unsupported_grant_type");
    }
    app.token(k1).body("grant_type=client%5Fcredentials").accepted();
    app.token(k1).body("grant%5ftype=client_credentials").accepted();
});

on_both!(gt4_a_repeated_parameter_is_refused, |app| {
    let k1 = &app.fixture.k1;
    for body in [
        "grant_type=client_credentials&grant_type=client_credentials",
        "grant_type=client_credentials&grant_type=password",
        "grant_type=password&grant_type=client_credentials",
        "grant_type=client_credentials&grant%5Ftype=client_credentials",
        "grant%5Ftype=client_credentials&grant%5ftype=client_credentials",
        "grant_type=client_credentials&scope=a&scope=a",
        "grant_type=client_credentials&scope=a&scope=b",
        "grant_type=client_credentials&scope=a&%73cope=b",
        "grant_type=client_credentials&client_id=x&client_id=x",
        "grant_type=client_credentials&client_secret=x&client_secret=x",
        "grant_type=client_credentials&account=x&account=x",
        "grant_type=client_credentials&client_assertion=x&client_assertion=x",
        "grant_type=client_credentials&client_assertion_type=x&client_assertion_type=x",
        "grant_type=client_credentials&authorization_details=x&authorization_details=x",
    ] {
        app.token(k1).body(body).refused(400, "invalid_request");
        app.token(&k1.with_wrong_secret()).body(body).refused(400, "invalid_request");
    }
});

on_both!(gt5_unknown_parameters_are_ignored_and_empty_ones_count_as_omitted, |app| {
    let k1 = &app.fixture.k1;
    let plain = app.token(k1).accepted();
    for more in
        ["x=1", "x=1&x=2", "x=1&x=1", "x", "x=", "=", "=x", "&&", "audience=x", "Scope=zzz", "SCOPE=zzz&scope=", "%C3%A9=1"]
    {
        assert_eq!(app.token(k1).raw(more).accepted().scope, plain.scope, "{more}");
    }
    for name in [
        "scope",
        "account",
        "resource",
        "client_id",
        "client_secret",
        "client_assertion",
        "client_assertion_type",
        "authorization_details",
    ] {
        let accepted = app.token(k1).raw(&format!("{name}=")).accepted();
        assert_eq!((&accepted.scope, accepted.audience()), (&plain.scope, plain.audience()), "{name}");
        assert_eq!(app.token(k1).raw(name).accepted().scope, plain.scope, "{name} without an equals sign");
    }
});

on_both!(gt6_a_stranger_learns_nothing_about_the_grant, |app| {
    let k1 = &app.fixture.k1;
    let reference = app.token(&k1.with_wrong_secret()).unauthorized().look();
    for body in ["", "grant_type=", "grant_type=password", "grant_type=client_credentials&scope=zzz&account=x&resource=y"] {
        assert_eq!(app.token(&k1.with_wrong_secret()).body(body).send().look(), reference, "{body}");
        assert_eq!(app.anonymous().body(body).send().look(), reference, "{body}");
    }
});

on_both!(gt7_no_answer_echoes_or_is_split_by_what_was_sent, |app| {
    let k1 = &app.fixture.k1;
    let long = "canary".repeat(680);
    let values = [
        "canary%0d%0aSet-Cookie:%20canary=1",
        "canary%0aSet-Cookie:%20canary=1",
        "canary%22canary",
        "canary%5Ccanary",
        "canary%E2%80%AEcanary",
        "canary%3Cscript%3Ecanary",
        "canary%00",
        "canary%FF%FE",
        long.as_str(),
    ];
    for name in ["grant_type", "scope", "account", "resource", "client_id", "authorization_details", "client_assertion"] {
        for value in values {
            let base = if name == "grant_type" { "" } else { "grant_type=client_credentials" };
            let answer = app.token(k1).body(base).raw(&format!("{name}={value}")).send();
            assert!(matches!(answer.status, 400 | 401), "{name}={value}: {answer:?}");
            assert_envelope(&answer);
            let error = answer.json()["error"].as_str().unwrap().to_owned();
            assert_error_body(&answer, &error);
            let seen = format!("{:?}{}", answer.headers, answer.text()).to_lowercase();
            assert!(!seen.contains("canary") && !seen.contains("set-cookie"), "{name}={value}: {answer:?}");
        }
    }
    for (name, value) in [("x-login-as", "canary\"\\"), ("x-login-as", "canary\u{202e}"), ("Authorization", "canary canary")] {
        let answer = app.anonymous().basic(&k1.client_id, "x").header(name, value).send();
        assert!(matches!(answer.status, 400 | 401), "{answer:?}");
        assert!(!format!("{answer:?}{}", answer.text()).contains("canary"), "{answer:?}");
    }
});

on_both!(gt7_no_part_of_a_good_request_is_echoed_in_headers, |app| {
    let k1 = &app.fixture.k1;
    let answer = app.token(k1).scope("a").resource(PAYMENTS).header("X-Canary", "canary").send();
    let headers = format!("{:?}", answer.headers);
    for part in ["canary", PAYMENTS, DISPUTES, k1.client_id.as_str(), k1.client_secret.as_str()] {
        assert!(!headers.contains(part), "{headers}");
    }
});
