//! CA1 to CA3, CA10, CA11: how HTTP Basic is read, and where credentials may not stand.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::on_both;
use crate::support::token::basic;
use crate::support::tools::percent_encode_where;

on_both!(ca1_the_scheme_is_read_in_any_case_with_any_spaces_after_it, |app| {
    let k1 = &app.fixture.k1;
    let credentials = STANDARD.encode(format!("{}:{}", k1.client_id, k1.client_secret));
    for scheme in ["Basic ", "basic ", "BASIC ", "bAsIc ", "Basic  ", "basic   "] {
        app.anonymous().header("Authorization", format!("{scheme}{credentials}")).accepted();
    }
    // The name of the header has no case either.
    app.anonymous().header("authorization", format!("Basic {credentials}")).accepted();
    app.anonymous().header("AUTHORIZATION", format!("Basic {credentials}")).accepted();
});

on_both!(ca2_both_halves_are_form_decoded, |app| {
    let k1 = &app.fixture.k1;
    let upper = |text: &str| percent_encode_where(text.as_bytes(), |_| true);
    let lower = |text: &str| upper(text).to_lowercase();
    let some = |text: &str| percent_encode_where(text.as_bytes(), |b| b == b'_');
    for encode in [&upper as &dyn Fn(&str) -> String, &lower, &some] {
        app.anonymous().basic(&encode(&k1.client_id), &encode(&k1.client_secret)).accepted();
        app.anonymous().basic(&k1.client_id, &encode(&k1.client_secret)).accepted();
        app.anonymous().basic(&encode(&k1.client_id), &k1.client_secret).accepted();
    }
    // A raw colon splits once, an escaped one never; a plus is a space; nothing is decoded twice.
    for (id, secret) in [
        (k1.client_id.clone(), format!("{}:", k1.client_secret)),
        (k1.client_id.clone(), format!(":{}", k1.client_secret)),
        (k1.client_id.clone(), format!("{}%3A", k1.client_secret)),
        (k1.client_id.clone(), format!("{}+", k1.client_secret)),
        (k1.client_id.clone(), format!("+{}", k1.client_secret)),
        (k1.client_id.clone(), upper(&upper(&k1.client_secret))),
        (format!("{}%3A{}", k1.client_id, k1.client_secret), String::new()),
    ] {
        app.anonymous().basic(&id, &secret).unauthorized();
    }
});

on_both!(ca2_identifiers_and_secrets_need_no_escapes, |app| {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    for _ in 0..5 {
        let key = app.key_with_grants(&["a"]);
        assert!(plain(&key.client_id) && plain(&key.client_secret), "{key:?}");
    }
});

on_both!(ca3_malformed_credentials_look_like_wrong_ones, |app| {
    let k1 = &app.fixture.k1;
    let (id, secret) = (k1.client_id.as_bytes(), k1.client_secret.as_bytes());
    let reference = app.token(&k1.with_wrong_secret()).unauthorized().look();
    let joined = |parts: &[&[u8]]| format!("Basic {}", STANDARD.encode(parts.concat())).into_bytes();
    let huge = vec![b'y'; 10_240];
    let mut headers: Vec<Vec<u8>> = vec![
        joined(&[id, b":", secret, b"%zz"]),
        joined(&[id, b":", secret, b"%"]),
        joined(&[id, b":", secret, b"%4"]),
        joined(&[id, b"%zz:", secret]),
        joined(&[id, b":", secret, b"\xff"]),
        joined(&[id, b"\xc3:", secret]),
        joined(&[id, b":", secret, b"%FF"]),
        joined(&[id, b":", secret, b"\0"]),
        joined(&[id, b":", secret, b"%00"]),
        joined(&[b"\0", id, b":", secret]),
        joined(&[id, b":", secret, b"\x1f"]),
        joined(&[id, b":", secret, b"\r\n"]),
        joined(&[id, b":", secret, b"%7F"]),
        joined(&[id, b":", secret, "é".as_bytes()]),
        joined(&[&huge, b":", secret]),
        joined(&[id, b":", &huge]),
        joined(&[id, secret]),
        joined(&[b":", secret]),
        joined(&[id, b":"]),
        joined(&[b":"]),
        joined(&[b""]),
        joined(&[b" ", id, b":", secret]),
        joined(&[id, b" :", secret]),
        joined(&[id, b": ", secret]),
        joined(&[k1.client_id.to_uppercase().as_bytes(), b":", secret]),
    ];
    headers.extend(["Basic", "Basic ", "Basic !!!!", "Basic ====", "Basic YQ", "Basic a:b"].map(|text| text.as_bytes().to_vec()));
    headers.push(b"Basic \xff\xfe\xfd".to_vec());
    headers.push(format!("Basic {}\t{}", &STANDARD.encode(id), &STANDARD.encode(secret)).into_bytes());
    for header in headers {
        let answer = app.anonymous().header("Authorization", &header).send();
        assert_eq!(answer.look(), reference, "{}", String::from_utf8_lossy(&header));
    }
    app.token(k1).accepted();
    let log = app.log();
    for trace in ["yyyyyyyyyyyyyyyy", "%zz", k1.client_secret.as_str()] {
        assert!(!log.contains(trace), "{trace} is in the log: {log}");
    }
});

on_both!(ca10_nothing_known_may_stand_in_the_query, |app| {
    let k1 = &app.fixture.k1;
    for query in [
        format!("?client_id={}&client_secret={}", k1.client_id, k1.client_secret),
        format!("?client_id={}", k1.client_id),
        format!("?client_secret={}", k1.client_secret),
        format!("?client%5Fsecret={}", k1.client_secret),
        format!("?x=1&client_secret={}", k1.client_secret),
        "?grant_type=client_credentials".into(),
        "?scope=a".into(),
        "?account=acct_1".into(),
        format!("?resource={}", crate::support::PAYMENTS),
        "?client_assertion=x.y.z".into(),
        "?client_assertion_type=x".into(),
        "?authorization_details=%5B%5D".into(),
    ] {
        app.token(k1).query(&query).refused(400, "invalid_request");
        app.anonymous().query(&query).refused(400, "invalid_request");
        app.anonymous().body("").query(&query).refused(400, "invalid_request");
    }
    app.token(k1).query("?x=1").accepted();
    app.token(k1).query("?").accepted();
    assert!(!app.log().contains(&k1.client_secret), "the secret is in the log: {}", app.log());
});

on_both!(ca11_two_authorizations_are_refused_and_other_schemes_are_no_credentials, |app| {
    let k1 = &app.fixture.k1;
    let good = basic(&k1.client_id, &k1.client_secret);
    let other = basic(&k1.client_id, "x");
    for second in [good.as_str(), other.as_str(), "Bearer x", ""] {
        app.token(k1).header("Authorization", second).refused(400, "invalid_request");
    }
    for joined in [format!("{good}, {good}"), format!("{good},{other}"), format!("{good}, Bearer x")] {
        app.anonymous().header("Authorization", &joined).refused(400, "invalid_request");
    }
    let reference = app.token(&k1.with_wrong_secret()).unauthorized().look();
    let encoded = good.trim_start_matches("Basic ");
    for header in [
        "Bearer x".to_owned(),
        format!("Bearer {encoded}"),
        format!("Basic{encoded}"),
        encoded.to_owned(),
        "Digest username=\"x\", realm=\"y\", nonce=\"z\", uri=\"/\", response=\"0\"".to_owned(),
        "Negotiate YII=".to_owned(),
        String::new(),
    ] {
        let answer = app.anonymous().header("Authorization", &header).send();
        assert_eq!(answer.look(), reference, "{header:?}");
    }
});
