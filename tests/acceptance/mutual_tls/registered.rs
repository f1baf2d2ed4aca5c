//! MT1: `self_signed_tls_client_auth`: a certificate that the client has registered (RFC 8705 section 2.2).

use std::time::Duration;

use rcgen::ExtendedKeyUsagePurpose;
use serde_json::json;

use super::{Behind, by, create, registered};
use crate::support::certificates::{ClientCertificate, Wanted};
use crate::support::on_both;
use crate::support::receiver::{Receiver, Reply};
use crate::support::tools::{HONOURED_WITHIN, eventually, fresh_address};

on_both!(mt1_a_registered_certificate_brings_a_token_that_is_bound_to_it, backend, {
    let Behind { app, .. } = Behind::start(backend);
    let certificate = ClientCertificate::self_signed(&Wanted::named("export"));
    let id = registered(&app, &certificate);
    let accepted = by(&app, &id, &certificate).accepted();
    assert_eq!(accepted.claims["cnf"], json!({"x5t#S256": certificate.thumbprint()}));
    by(&app, &id, &ClientCertificate::self_signed(&Wanted::named("export"))).from(&fresh_address()).unauthorized();
});

on_both!(mt1_a_registered_key_stands_for_every_certificate_about_it, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let certificate = ca.issue(&Wanted::named("export"));
    let file = ClientCertificate::jwks_file(&app, &[certificate.jwk()]);
    let id = create(&app, "self_signed_tls_client_auth", &["--jwks", &file]);
    by(&app, &id, &certificate).accepted();
    // With a certificate beside the key it has to be that one.
    let other = ca.issue(&Wanted::named("export"));
    let mut key = certificate.jwk();
    key["x5c"] = other.jwk_with_certificate()["x5c"].clone();
    let file = ClientCertificate::jwks_file(&app, &[key]);
    app.cli(&["keys", "edit", &id, "--jwks", &file]).succeeded();
    eventually(HONOURED_WITHIN, "another certificate is refused", || {
        (by(&app, &id, &certificate).from(&fresh_address()).send().status == 401).then_some(())
    });
});

on_both!(mt1_a_registered_certificate_has_its_dates_and_uses_too, backend, {
    let Behind { app, .. } = Behind::start(backend);
    for (wanted, is_good) in [
        (Wanted { usage: Some(ExtendedKeyUsagePurpose::ClientAuth), ..Wanted::named("a") }, true),
        (Wanted { usage: Some(ExtendedKeyUsagePurpose::Any), ..Wanted::named("a") }, true),
        (Wanted { usage: Some(ExtendedKeyUsagePurpose::ServerAuth), ..Wanted::named("a") }, false),
        (Wanted { years: Some((2000, 2001)), ..Wanted::named("a") }, false),
        (Wanted { years: Some((2090, 2100)), ..Wanted::named("a") }, false),
    ] {
        let certificate = ClientCertificate::self_signed(&wanted);
        let id = registered(&app, &certificate);
        let request = by(&app, &id, &certificate).from(&fresh_address());
        if is_good {
            request.accepted();
        } else {
            request.unauthorized();
        }
    }
});

on_both!(mt1_a_published_certificate_is_as_good_as_a_registered_one, backend, {
    let Behind { app, .. } =
        Behind::start_with(backend, &["--self-signed-client-certs", "--webhook-allow-private", "127.0.0.0/8"]);
    let document = |certificate: &ClientCertificate| {
        Reply::Document(json!({"keys": [{"kty": "oct", "k": "AA"}, certificate.jwk_with_certificate()]}).to_string())
    };
    let (old, new) =
        (ClientCertificate::self_signed(&Wanted::named("old")), ClientCertificate::self_signed(&Wanted::named("new")));
    let published = Receiver::start(document(&old));
    let id = create(&app, "self_signed_tls_client_auth", &["--jwks-uri", &published.url()]);
    for _ in 0..3 {
        let accepted = by(&app, &id, &old).accepted();
        assert_eq!(accepted.claims["cnf"], json!({"x5t#S256": old.thumbprint()}));
    }
    by(&app, &id, &new).from(&fresh_address()).unauthorized();
    assert_eq!(published.received().len(), 1, "what was fetched is kept");
    // A certificate that is not known is a reason to look again, though not at once.
    published.reply_with(document(&new));
    eventually(Duration::from_secs(15), "the new certificate is taken", || {
        by(&app, &id, &new).from(&fresh_address()).works().then_some(())
    });
    by(&app, &id, &old).from(&fresh_address()).unauthorized();
    assert_eq!(published.received().len(), 2);
});
