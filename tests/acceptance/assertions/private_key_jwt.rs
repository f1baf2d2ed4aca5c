//! PK1 to PK4, PK6 to PK8.

use serde_json::{Value, json};

use super::{Client, JWT_BEARER, asserting, create};
use crate::support::on_both;
use crate::support::proof::{ProofKey, unix_now};
use crate::support::receiver::{Receiver, Reply};
use crate::support::token::TokenRequest;

on_both!(pk1_an_assertion_takes_the_place_of_a_secret, |app| {
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let client = Client::new(app, algorithm);
        let token = client.request(app).accepted();
        assert_eq!((&token.claims["sub"], &token.claims["scope"]), (&json!(client.client_id), &json!("a b")), "{algorithm}");
        // The id in the form says nothing new.
        client.request(app).param("client_id", &client.client_id).scope("a").accepted();
    }
    let client = Client::new(app, "Ed25519");
    client.request(app).accepted();
});

on_both!(pk1_the_type_of_an_assertion_is_named, |app| {
    let client = Client::new(app, "ES256");
    let assertion = || client.assertion(app);
    let request = || TokenRequest::new(app);
    request().param("client_assertion", &assertion()).unauthorized();
    request().param("client_assertion_type", JWT_BEARER).unauthorized();
    request().param("client_assertion_type", JWT_BEARER).param("client_id", &client.client_id).unauthorized();
    for other in ["urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "jwt-bearer", &JWT_BEARER.to_uppercase()] {
        let request = request().param("client_assertion_type", other).param("client_assertion", &assertion());
        request.refused(400, "invalid_request");
    }
    let twice = asserting(app, &assertion()).param("client_assertion", &assertion());
    twice.refused(400, "invalid_request");
    // CA7: one way at a time.
    let k1 = &app.fixture.k1;
    asserting(app, &assertion()).basic(&k1.client_id, &k1.client_secret).refused(400, "invalid_request");
    asserting(app, &assertion()).param("client_secret", &k1.client_secret).refused(400, "invalid_request");
    asserting(app, &assertion()).param("client_id", &k1.client_id).unauthorized();
    TokenRequest::new(app).query(&format!("?client_assertion={}", assertion())).refused(400, "invalid_request");
});

on_both!(ca12_the_method_of_a_key_is_its_only_one, |app| {
    let client = Client::new(app, "ES256");
    TokenRequest::new(app).basic(&client.client_id, "clv_x").unauthorized();
    // A key with a secret has no keys that could have signed.
    let k1 = &app.fixture.k1;
    let mut claims = client.claims(app);
    (claims["iss"], claims["sub"]) = (json!(k1.client_id), json!(k1.client_id));
    asserting(app, &client.sign(&claims)).unauthorized();
});

on_both!(pk2_a_claim_that_is_missing_or_wrong_refuses_the_client, |app| {
    let client = Client::new(app, "ES256");
    let other = Client::new(app, "ES256");
    let judge = |claims: &Value| asserting(app, &client.sign(claims)).unauthorized();
    for name in ["iss", "sub", "aud", "exp", "jti"] {
        let mut claims = client.claims(app);
        claims.as_object_mut().unwrap().remove(name);
        judge(&claims);
        for wrong in [json!(null), json!([client.claims(app)[name]]), json!({}), json!(""), json!("x")] {
            if name == "jti" && wrong == json!("x") {
                continue;
            }
            let mut claims = client.claims(app);
            claims[name] = wrong;
            judge(&claims);
        }
    }
    let mut claims = client.claims(app);
    claims["exp"] = json!(claims["exp"].to_string());
    judge(&claims);
    for name in ["iss", "sub"] {
        let mut claims = client.claims(app);
        claims[name] = json!(other.client_id);
        judge(&claims);
    }
    // Signed by one client, in the name of another.
    asserting(app, &client.sign(&other.claims(app))).unauthorized();
    client.request(app).accepted();
});

on_both!(pk3_the_audience_is_the_issuer_alone, |app| {
    let client = Client::new(app, "ES256");
    let issuer = &app.issuer;
    for audience in [
        json!(format!("{issuer}/connect/token")),
        json!([issuer, "https://other.example.com"]),
        json!([issuer]),
        json!(format!("{issuer}/")),
        json!("https://other.example.com"),
    ] {
        let mut claims = client.claims(app);
        claims["aud"] = audience;
        asserting(app, &client.sign(&claims)).unauthorized();
    }
    for (typ, good) in [("JWT", true), ("client-authentication+jwt", true), ("at+jwt", false), ("dpop+jwt", false), ("", false)] {
        let header = json!({"alg": "ES256", "typ": typ}).to_string();
        let request = asserting(app, &client.key.signed(&header, &client.claims(app).to_string()));
        if good { drop(request.accepted()) } else { drop(request.unauthorized()) }
    }
    let without = json!({"alg": "ES256"}).to_string();
    asserting(app, &client.key.signed(&without, &client.claims(app).to_string())).accepted();
});

on_both!(pk4_a_clock_that_is_a_little_ahead_does_no_harm, |app| {
    let client = Client::new(app, "ES256");
    let times = |exp: i64, iat: i64, nbf: i64| {
        let (mut claims, now) = (client.claims(app), i64::try_from(unix_now()).unwrap());
        (claims["exp"], claims["iat"], claims["nbf"]) = (json!(now + exp), json!(now + iat), json!(now + nbf));
        asserting(app, &client.sign(&claims))
    };
    for (exp, iat, nbf) in [(60, 8, 8), (300, 0, 0), (60, -120, -120)] {
        times(exp, iat, nbf).accepted();
    }
    for (exp, iat, nbf) in [(-300, 0, 0), (-1, 0, 0), (60, 120, 0), (60, 0, 120), (600, 0, 0), (i64::from(u32::MAX), 0, 0)] {
        times(exp, iat, nbf).unauthorized();
    }
});

on_both!(pk6_algorithms_are_not_confused, |app| {
    let client = Client::new(app, "RS256");
    let claims = || client.claims(app).to_string();
    for alg in ["none", "nOnE", "HS256", "HS512", "RS512", "PS256", "ES256", "EdDSA", "RSA-OAEP"] {
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        let signed = client.key.signed(&header, &claims());
        asserting(app, &signed).unauthorized();
        let (message, _) = signed.rsplit_once('.').unwrap();
        asserting(app, &format!("{message}.")).unauthorized();
        // Five segments, as an encrypted token has them, and one inside another.
        asserting(app, &format!("{signed}.AA.AA")).unauthorized();
    }
    let nested = json!({"alg": "RS256", "typ": "JWT", "cty": "JWT"}).to_string();
    asserting(app, &client.key.signed(&nested, &client.assertion(app))).unauthorized();
});

on_both!(pk7_keys_in_the_header_are_never_looked_at, |app| {
    let client = Client::new(app, "ES256");
    let (other, listener) = (ProofKey::new("ES256"), Receiver::start(Reply::ok(200)));
    let url = listener.url();
    for more in [
        json!({"jwk": other.jwk}),
        json!({"jku": url}),
        json!({"x5u": url}),
        json!({"x5c": ["AAAA"]}),
        json!({"jwk": other.jwk, "jku": url, "kid": "x"}),
    ] {
        let mut header = client.header();
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asserting(app, &other.signed(&header.to_string(), &client.claims(app).to_string())).unauthorized();
    }
    for (name, value) in [("crit", json!(["exp"])), ("crit", json!([])), ("b64", json!(false)), ("b64", json!(true))] {
        let mut header = client.header();
        header[name] = value;
        asserting(app, &client.key.signed(&header.to_string(), &client.claims(app).to_string())).unauthorized();
    }
    assert!(listener.received().is_empty());
});

on_both!(pk8_odd_names_and_odd_json_are_refused_at_once, |app| {
    let client = Client::new(app, "ES256");
    let with = |header: &str, claims: &str| asserting(app, &client.key.signed(header, claims));
    let claims = || client.claims(app).to_string();
    for kid in [json!("../../etc/passwd"), json!("' OR 1=1--"), json!("k".repeat(8_000)), json!("\u{0}"), json!(1), json!(null)] {
        let mut header = client.header();
        header["kid"] = kid;
        with(&header.to_string(), &claims()).unauthorized();
    }
    let header = client.header().to_string();
    with(r#"{"alg":"ES256","alg":"ES256"}"#, &claims()).unauthorized();
    with(&format!("\u{feff}{header}"), &claims()).unauthorized();
    let twice = claims().replacen('{', &format!("{{\"sub\":\"{}\",", client.client_id), 1);
    with(&header, &twice).unauthorized();
    with(&header, &format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))).unauthorized();
    let mut long = client.claims(app);
    long["jti"] = json!("j".repeat(257));
    with(&header, &long.to_string()).unauthorized();
    for text in [".".repeat(15_000), "a".repeat(15_000), ".".to_owned(), "\u{1F511}".to_owned()] {
        asserting(app, &text).unauthorized();
    }
    asserting(app, &"a".repeat(20_000)).refused(413, "invalid_request");
    client.request(app).accepted();
});

on_both!(a_set_that_is_no_set_of_public_keys_is_not_registered, |app| {
    let key = ProofKey::new("ES256");
    let mut private = key.jwk.clone();
    private["d"] = json!("AAAA");
    let mut encrypting = key.jwk.clone();
    encrypting["use"] = json!("enc");
    for set in [
        json!({}),
        json!([]),
        json!({"keys": []}),
        json!({"keys": [private]}),
        json!({"keys": [encrypting]}),
        json!({"keys": [{"kty": "oct", "k": "AAAA"}]}),
        json!({"keys": vec![key.jwk.clone(); 11]}),
        json!({"keys": [key.jwk], "more": "x".repeat(17_000)}),
    ] {
        let output = create(app, &set, &["a"], &[]).failed();
        assert!(output.stderr.contains("jwks"), "{output:?}");
        assert!(!output.stderr.contains("AAAA"), "{output:?}");
    }
    let organization = app.fixture.organization.as_str();
    let method = "private_key_jwt";
    for (arguments, word) in [
        (vec!["--token-endpoint-auth-method", method], "jwks"),
        (vec!["--jwks-uri", "https://example.com/jwks"], "jwks_uri"),
        (vec!["--token-endpoint-auth-method", method, "--jwks-uri", "http://example.com/jwks"], "jwks_uri"),
    ] {
        let mut all = vec!["keys", "create", "--organization", organization, "--name", "x", "--grant", "a"];
        all.extend(&arguments);
        assert!(app.cli(&all).failed().stderr.contains(word), "{arguments:?}");
    }
});

on_both!(pk6_failures_count_as_guesses, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let (client, stranger) = (Client::new(app, "ES256"), ProofKey::new("ES256"));
    let from = "11.9.8.7";
    for _ in 0..100 {
        let forged = stranger.signed(&client.header().to_string(), &client.claims(app).to_string());
        asserting(app, &forged).from(from).unauthorized();
    }
    client.request(app).from(from).refused(429, "temporarily_unavailable");
    client.request(app).from("11.9.8.6").accepted();
});
