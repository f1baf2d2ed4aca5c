//! MT1: `tls_client_auth`: a certificate that a CA has issued (RFC 8705 section 2.1).

use rcgen::{ExtendedKeyUsagePurpose, SanType};
use serde_json::json;

use super::{Behind, by, create, create_with, issued_to, registered};
use crate::support::app::UNKNOWN_ID;
use crate::support::certificates::{Ca, ClientCertificate, Wanted};
use crate::support::on_both;
use crate::support::tools::{HONOURED_WITHIN, eventually, fresh_address};

on_both!(mt1_a_certificate_of_the_ca_brings_a_token_that_is_bound_to_it, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let id = issued_to(&app, "export");
    let certificate = ca.issue(&Wanted { usage: Some(ExtendedKeyUsagePurpose::ClientAuth), ..Wanted::named("export") });
    let accepted = by(&app, &id, &certificate).accepted();
    assert_eq!(accepted.claims["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
    assert_eq!((accepted.claims["sub"].as_str(), accepted.scope.as_str()), (Some(id.as_str()), "a b"));
    // A renewed certificate of the same subject is as good, without extended key usage too, and in nginx's spelling.
    let renewed = ca.issue(&Wanted::named("export"));
    let request = app.anonymous().param("client_id", &id).header("Client-Cert", renewed.escaped_pem());
    assert_eq!(request.accepted().claims["cnf"], json!({"x5t#S256": renewed.thumbprint()}));
});

on_both!(mt1_each_kind_of_name_is_found_in_the_certificate, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let alternative = vec![
        SanType::DnsName("Export.example.com".try_into().unwrap()),
        SanType::URI("spiffe://acme/export".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
        SanType::IpAddress("2001:db8::7".parse().unwrap()),
        SanType::Rfc822Name("export@EXAMPLE.com".try_into().unwrap()),
    ];
    let certificate = ca.issue(&Wanted { alternative, ..Wanted::named("export") });
    for (kind, good, bad) in [
        ("subject-dn", "CN=export,O=Acme,C=NL", "CN=export,O=Acme"),
        ("subject-dn", "2.5.4.3=export,o=Acme,c=NL", "C=NL,O=Acme,CN=export"),
        ("subject-dn", "CN=\\65xport,O=Acme,C=NL", "CN=Export,O=Acme,C=NL"),
        ("san-dns", "export.example.com", "example.com"),
        ("san-uri", "spiffe://acme/export", "spiffe://acme/"),
        ("san-ip", "192.0.2.7", "192.0.2.8"),
        ("san-ip", "2001:DB8:0:0::7", "2001:db8::8"),
        ("san-email", "export@example.com", "Export@example.com"),
    ] {
        let option = format!("--tls-client-auth-{kind}");
        by(&app, &create(&app, "tls_client_auth", &[&option, good]), &certificate).from(&fresh_address()).accepted();
        by(&app, &create(&app, "tls_client_auth", &[&option, bad]), &certificate).from(&fresh_address()).unauthorized();
    }
});

on_both!(mt1_nobody_else_gets_in, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let (a, b) = (issued_to(&app, "a"), issued_to(&app, "b"));
    let good = ca.issue(&Wanted::named("a"));
    let other_ca = Ca::new("Clients");
    let expected = app.token(&app.fixture.k1.with_wrong_secret()).from(&fresh_address()).unauthorized().look();
    let wrong = [
        ("the certificate of another key", b.as_str(), ca.issue(&Wanted::named("a"))),
        ("another subject", &a, ca.issue(&Wanted::named("c"))),
        ("a longer subject", &a, ca.issue(&Wanted::named("a,O=Acme"))),
        ("self-signed", &a, ClientCertificate::self_signed(&Wanted::named("a"))),
        ("a CA of the same name", &a, other_ca.issue(&Wanted::named("a"))),
        ("a CA that is not trusted", &a, ca.intermediate("Below").issue(&Wanted::named("a"))),
        ("expired", &a, ca.issue(&Wanted { years: Some((2000, 2001)), ..Wanted::named("a") })),
        ("not begun", &a, ca.issue(&Wanted { years: Some((2090, 2100)), ..Wanted::named("a") })),
        ("for servers", &a, ca.issue(&Wanted { usage: Some(ExtendedKeyUsagePurpose::ServerAuth), ..Wanted::named("a") })),
        ("an unknown key", UNKNOWN_ID, ca.issue(&Wanted::named("a"))),
        ("no id at all", "nonsense", ca.issue(&Wanted::named("a"))),
    ];
    for (what, id, certificate) in wrong {
        let refused = by(&app, id, &certificate).from(&fresh_address()).unauthorized();
        assert_eq!(refused.look(), expected, "{what}");
    }
    // No client_id, no certificate, no X.509.
    app.anonymous().header("Client-Cert", good.header()).from(&fresh_address()).unauthorized();
    app.anonymous().param("client_id", &a).from(&fresh_address()).unauthorized();
    app.anonymous().param("client_id", &a).header("Client-Cert", ":AAEC:").from(&fresh_address()).unauthorized();
    by(&app, &a, &good).accepted();
    by(&app, &b, &ca.issue(&Wanted::named("b"))).accepted();
});

on_both!(ca12_a_key_with_a_certificate_has_no_other_way_and_others_have_no_certificate, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let id = issued_to(&app, "export");
    let certificate = ca.issue(&Wanted::named("export"));
    let k1 = &app.fixture.k1;
    // The certificate alone is no proof of a key with a secret, also when the secret is left out.
    by(&app, &k1.client_id, &certificate).from(&fresh_address()).unauthorized();
    app.anonymous()
        .basic(&id, &k1.client_secret)
        .header("Client-Cert", certificate.header())
        .from(&fresh_address())
        .unauthorized();
    by(&app, &id, &certificate).param("client_secret", "x").from(&fresh_address()).unauthorized();
    // A registered certificate is not one that the CA has issued, and the other way round.
    let own = registered(&app, &certificate);
    by(&app, &own, &certificate).accepted();
    by(&app, &own, &ca.issue(&Wanted::named("export"))).from(&fresh_address()).unauthorized();
    // With a secret the certificate is only what the connection was made with (RFC 8705 section 4).
    let plain = app.token(k1).header("Client-Cert", certificate.header()).accepted();
    assert!(!plain.claims.contains_key("cnf"), "{:?}", plain.claims);
});

on_both!(ca7_a_certificate_does_not_make_two_ways_one, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let certificate = ca.issue(&Wanted::named("export"));
    let k1 = &app.fixture.k1;
    let request = app.token(k1).header("Client-Cert", certificate.header());
    request.param("client_id", &k1.client_id).param("client_secret", &k1.client_secret).refused(400, "invalid_request");
});

on_both!(mt1_the_key_itself_decides_too, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let allow = ["--grant", "a", "--ip-allow", "203.0.113.7"];
    let subject = ["--tls-client-auth-subject-dn", "CN=export,O=Acme,C=NL"];
    let id = create_with(&app, "tls_client_auth", &subject, &allow);
    let certificate = ca.issue(&Wanted::named("export"));
    by(&app, &id, &certificate).from("203.0.113.7").accepted();
    by(&app, &id, &certificate).from("203.0.113.8").refused(400, "unauthorized_client");
    // The subject is changed, and the key disabled, while it is in memory.
    app.cli(&["keys", "edit", &id, "--tls-client-auth-san-dns", "export.example.com"]).succeeded();
    eventually(HONOURED_WITHIN, "the old subject is refused", || {
        (by(&app, &id, &certificate).from("203.0.113.7").send().status == 401).then_some(())
    });
    let names = vec![SanType::DnsName("export.example.com".try_into().unwrap())];
    let renewed = ca.issue(&Wanted { alternative: names, ..Wanted::named("x") });
    by(&app, &id, &renewed).from("203.0.113.7").accepted();
    app.cli(&["keys", "disable", &id]).succeeded();
    eventually(HONOURED_WITHIN, "the key is refused", || {
        (by(&app, &id, &renewed).from("203.0.113.7").send().status == 401).then_some(())
    });
});
