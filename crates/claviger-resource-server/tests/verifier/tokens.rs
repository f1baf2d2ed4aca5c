//! Which tokens are accepted: every step of the verifier has its refusals.

use claviger_resource_server::Algorithm;
use serde_json::{Value, json};

use crate::support::signer::{base64url, hs256};
use crate::support::{NOW, Signer, World, change};

#[tokio::test]
async fn rs2_tokens_of_every_algorithm_are_accepted() {
    let world = World::new();
    let signers = [Signer::rsa("r", "RS256"), Signer::rsa("p", "PS256"), Signer::p256("e"), Signer::ed25519("d")];
    world.issuer.publish(&signers.iter().collect::<Vec<_>>());
    for signer in &signers {
        let token = signer.sign(&signer.header("at+jwt"), &world.claims(json!({"account": "acct_1"})));
        let token = world.accepts(&token).await;
        assert_eq!((token.client_id(), token.organization(), token.account()), ("key_1", Some("org_1"), Some("acct_1")));
        assert_eq!(token.scopes().collect::<Vec<_>>(), ["payments:read", "payments:write"]);
        assert_eq!((token.id(), token.issued_at(), token.expires_at()), ("id", NOW, NOW + 3600));
    }
}

#[tokio::test]
async fn rs2_ed25519_has_two_names() {
    let world = World::new();
    let mut header = world.signer.header("at+jwt");
    header["alg"] = json!("Ed25519");
    world.accepts(&world.signer.sign(&header, &world.claims(json!({})))).await;
    let mut jwk = world.signer.jwk();
    jwk["alg"] = json!("Ed25519");
    world.issuer.set(crate::support::issuer::JWKS, &json!({"keys": [jwk]}).to_string(), None);
    world.clock.advance(300);
    world.accepts(&world.token(json!({}))).await;
}

#[tokio::test]
async fn rs3_claims_that_are_wrong_or_missing_are_refused() {
    let world = World::new();
    world.accepts(&world.token(json!({}))).await;
    world.accepts(&world.token(json!({"aud": ["https://other.example", super::support::RESOURCE]}))).await;
    for changes in [
        json!({"iss": null}),
        json!({"iss": "https://evil.example"}),
        json!({"iss": format!("{}/", world.issuer.name)}),
        json!({"iss": [world.issuer.name]}),
        json!({"aud": null}),
        json!({"aud": "https://disputes.example.com"}),
        json!({"aud": "https://payments.example.com/"}),
        json!({"aud": "https://PAYMENTS.example.com"}),
        json!({"aud": ["https://disputes.example.com"]}),
        json!({"aud": []}),
        json!({"exp": null}),
        json!({"exp": (NOW + 60).to_string()}),
        json!({"exp": NOW + 60, "nbf": NOW + 11}),
        json!({"exp": NOW - 10}),
        json!({"nbf": (NOW - 60).to_string()}),
        json!({"sub": null}),
        json!({"client_id": null}),
        json!({"jti": null}),
        json!({"iat": null}),
        json!({"scope": ["payments:read"]}),
        json!({"cnf": {}}),
        json!({"cnf": {"kid": "x"}}),
        json!({"status": {}}),
    ] {
        world.refuses(&world.token(changes.clone())).await;
        assert_eq!(world.refusal(&world.token(changes)).await.status(), 401);
    }
}

#[tokio::test]
async fn rs3_times_have_a_leeway() {
    let world = World::with(|builder| builder.leeway_seconds(10));
    for (exp, nbf, good) in
        [(NOW - 9, NOW - 60, true), (NOW - 10, NOW - 60, false), (NOW + 60, NOW + 10, true), (NOW + 60, NOW + 11, false)]
    {
        let token = world.token(json!({"exp": exp, "nbf": nbf}));
        assert_eq!(world.verifier.verify(&token).await.is_ok(), good, "{exp} {nbf}");
    }
    let strict = World::with(|builder| builder.leeway_seconds(0));
    strict.refuses(&strict.token(json!({"exp": NOW}))).await;
    strict.accepts(&strict.token(json!({"exp": NOW + 1}))).await;
}

#[tokio::test]
async fn rs6_tokens_of_another_kind_are_refused() {
    let world = World::new();
    for typ in ["JWT", "jwt", "statuslist+jwt", "dpop+jwt", "client-authentication+jwt", "token-introspection+jwt", "at+jwt2", ""]
    {
        let cause = world.refuses(&world.signer.sign(&world.signer.header(typ), &world.claims(json!({})))).await;
        assert!(cause.contains("typ"), "{cause}");
    }
    for header in [json!({"typ": null}), json!({"typ": 1}), json!({"typ": ["at+jwt"]})] {
        let mut whole = world.signer.header("at+jwt");
        change(&mut whole, header);
        world.refuses(&world.signer.sign(&whole, &world.claims(json!({})))).await;
    }
    world.accepts(&world.signer.sign(&world.signer.header("application/at+jwt"), &world.claims(json!({})))).await;
}

#[tokio::test]
async fn pk6_no_algorithm_is_taken_for_another() {
    let world = World::new();
    let (rs, ps, es, ed) = (Signer::rsa("r", "RS256"), Signer::rsa("p", "PS256"), Signer::p256("e"), Signer::ed25519("d"));
    world.issuer.publish(&[&rs, &ps, &es, &ed]);
    let claims = world.claims(json!({}));
    let header = |kid: &str, alg: &str| json!({"alg": alg, "typ": "at+jwt", "kid": kid});
    world.accepts(&rs.sign(&rs.header("at+jwt"), &claims)).await;
    // No signature at all.
    for alg in ["none", "nOnE", "None", "NONE", ""] {
        for kid in ["r", "e", "d"] {
            let unsigned = format!("{}.{}.", base64url(header(kid, alg).to_string()), base64url(claims.to_string()));
            world.refuses(&unsigned).await;
        }
    }
    // The public key as a shared secret, in every form in which it is known.
    let jwk = rs.jwk();
    for secret in [jwk.to_string().into_bytes(), jwk["n"].as_str().unwrap().as_bytes().to_vec(), Vec::new(), b"r".to_vec()] {
        for alg in ["HS256", "hs256", "RS256"] {
            world.refuses(&hs256(&secret, &header("r", alg), &claims)).await;
        }
    }
    // One kind of key under the name of another.
    let text = |kid: &str, alg: &str| header(kid, alg).to_string();
    for token in [
        rs.sign_as("PS256", &text("r", "PS256"), &claims.to_string()),
        rs.sign_as("PS256", &text("r", "RS256"), &claims.to_string()),
        ps.sign_as("RS256", &text("p", "RS256"), &claims.to_string()),
        rs.sign_as("RS256", &text("r", "rs256"), &claims.to_string()),
        rs.sign_as("RS256", &text("r", "RS512"), &claims.to_string()),
        es.sign_texts(&text("e", "RS256"), &claims.to_string()),
        es.sign_texts(&text("e", "EdDSA"), &claims.to_string()),
        es.sign_texts(&text("r", "ES256"), &claims.to_string()),
        ed.sign_texts(&text("d", "ES256"), &claims.to_string()),
        ed.sign_texts(&text("r", "EdDSA"), &claims.to_string()),
        ed.sign_texts(&text("e", "EdDSA"), &claims.to_string()),
    ] {
        world.refuses(&token).await;
    }
    // ECDSA with r = s = 0 (CVE-2022-21449), and a signature of no bytes.
    let (message, _) =
        es.sign(&es.header("at+jwt"), &claims).rsplit_once('.').map(|(m, s)| (m.to_owned(), s.to_owned())).unwrap();
    for signature in [vec![0; 64], vec![], vec![0; 63], vec![0xff; 64]] {
        world.refuses(&format!("{message}.{}", base64url(signature))).await;
    }
    // An encrypted token, a nested one.
    world.refuses(&format!("{}.a.b.c.d", base64url(json!({"alg": "dir", "enc": "A128GCM", "typ": "at+jwt"}).to_string()))).await;
    let inner = rs.sign(&rs.header("at+jwt"), &claims);
    let mut nested = rs.header("at+jwt");
    change(&mut nested, json!({"cty": "JWT"}));
    world.refuses(&rs.sign_texts(&nested.to_string(), &inner)).await;
}

#[tokio::test]
async fn pk6_algorithms_that_were_not_asked_for_are_refused() {
    let world = World::with(|builder| builder.algorithms([Algorithm::Es256]));
    let es = Signer::p256("e");
    world.issuer.publish(&[&world.signer, &es]);
    world.accepts(&es.sign(&es.header("at+jwt"), &world.claims(json!({})))).await;
    let cause = world.refuses(&world.token(json!({}))).await;
    assert!(cause.contains("alg"), "{cause}");
}

#[tokio::test]
async fn pk7_a_key_in_the_header_is_never_looked_at() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}/keys", listener.local_addr().unwrap());
    let own = Signer::ed25519("one");
    for extra in [json!({"jwk": own.jwk()}), json!({"jku": address}), json!({"x5u": address}), json!({"x5c": ["AAAA"]})] {
        let mut header = own.header("at+jwt");
        change(&mut header, extra.clone());
        let cause = world.refuses(&own.sign(&header, &world.claims(json!({})))).await;
        assert!(cause.contains("signature"), "{cause}");
        // With the right key they are ignored.
        world.accepts(&world.signer.sign(&header, &world.claims(json!({})))).await;
        // Without a kid the key in the header helps no more.
        change(&mut header, json!({"kid": null}));
        world.refuses(&own.sign(&header, &world.claims(json!({})))).await;
        world.refuses(&world.signer.sign(&header, &world.claims(json!({})))).await;
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    for extra in [json!({"crit": ["exp"]}), json!({"crit": []}), json!({"b64": false, "crit": ["b64"]}), json!({"b64": true})] {
        let mut header = world.signer.header("at+jwt");
        change(&mut header, extra);
        let cause = world.refuses(&world.signer.sign(&header, &world.claims(json!({})))).await;
        assert!(cause.contains("extension"), "{cause}");
    }
}

#[tokio::test]
async fn pk8_strange_tokens_are_refused_at_once() {
    let world = World::new();
    let good = world.token(json!({}));
    world.accepts(&good).await;
    let claims = world.claims(json!({})).to_string();
    let sign = |header: &str, claims: &str| world.signer.sign_texts(header, claims);
    let header = world.signer.header("at+jwt").to_string();
    let kid = |kid: Value| {
        let mut header = world.signer.header("at+jwt");
        header["kid"] = kid;
        world.signer.sign_texts(&header.to_string(), &claims)
    };
    let twice = header.replacen('{', r#"{"kid":"other","#, 1);
    let claims_twice = claims.replacen('{', r#"{"aud":"https://payments.example.com","#, 1);
    let deep = format!("{}{}", r#"{"a":"#.repeat(5000), "1}".repeat(5000));
    let utf16: Vec<u8> = header.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let mut strange = vec![
        kid(json!("../../etc/passwd")),
        kid(json!("' OR 1=1--")),
        kid(json!("x".repeat(8192))),
        kid(json!("one\u{0}")),
        kid(json!(1)),
        kid(json!(null)),
        kid(json!("")),
        sign(&twice, &claims),
        sign(&header, &claims_twice),
        sign(&format!("\u{feff}{header}"), &claims),
        sign(&header, &format!("\u{feff}{claims}")),
        sign(&header, &deep),
        sign(&deep, &claims),
        sign("[]", &claims),
        sign(&header, "[]"),
        format!("{}.{}", base64url(utf16), message.split_once('.').unwrap().1),
        ".".repeat(15_000),
        "x".repeat(15_000),
        "x".repeat(1_000_000),
        format!("{good}="),
        format!("{good}."),
        format!(".{good}"),
        format!("{message}.{}", signature.to_ascii_uppercase()),
        format!("{message}.{signature}AAAA"),
        message.to_owned(),
        format!("{message}."),
        String::new(),
        "..".to_owned(),
        "é.é.é".to_owned(),
    ];
    // One bit of each segment.
    for segment in 0..3 {
        let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        let other = if parts[segment].ends_with('A') { "Q" } else { "A" };
        let cut = parts[segment].len() / 2;
        parts[segment].replace_range(cut..=cut, other);
        strange.push(parts.join("."));
    }
    let fetches = world.issuer.requests(crate::support::issuer::JWKS);
    let begun = std::time::Instant::now();
    for token in &strange {
        if *token != good {
            assert_eq!(world.refusal(token).await.status(), 401, "{}", token.chars().take(100).collect::<String>());
        }
    }
    assert!(begun.elapsed().as_millis() < 1000, "{:?}", begun.elapsed());
    assert!(world.issuer.requests(crate::support::issuer::JWKS) <= fetches + 1);
}
