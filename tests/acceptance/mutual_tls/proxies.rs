//! MT3: a certificate in a header is believed from a proxy that is trusted, and only when it is one.

use super::{Behind, by, issued_to, registered};
use crate::support::App;
use crate::support::certificates::{Ca, ClientCertificate, Wanted};
use crate::support::on_both;
use crate::support::tools::fresh_address;
use crate::support::workspace::TempDir;

on_both!(mt3_from_anybody_else_the_header_is_nothing, backend, {
    let (folder, ca) = (TempDir::new("client-ca"), Ca::new("Clients"));
    let file = ca.file(folder.path());
    let flags = ["--trusted-proxies", "192.0.2.0/24", "--client-cert-header", "Client-Cert", "--self-signed-client-certs"];
    let app = App::start(backend, &[&flags[..], &["--client-ca", &file]].concat());
    let certificate = ca.issue(&Wanted::named("export"));
    for id in [issued_to(&app, "export"), registered(&app, &certificate)] {
        by(&app, &id, &certificate).unauthorized();
        // Nor does it disturb others.
        app.token(&app.fixture.k1).header("Client-Cert", "nonsense").accepted();
    }
});

on_both!(mt3_what_the_proxy_writes_unreadably_is_refused, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let id = issued_to(&app, "export");
    let good = ca.issue(&Wanted::named("export"));
    let request = || app.anonymous().param("client_id", &id);
    for header in ["nonsense", ":nonsense", &good.certificate.pem().replace('\n', " ")[..40]] {
        request().header("Client-Cert", header).refused(400, "invalid_request");
        // Whoever comes with a secret must not be mistaken either.
        app.token(&app.fixture.k1).header("Client-Cert", header).refused(400, "invalid_request");
    }
    // Two certificates, in two lines or in one.
    let other = ClientCertificate::self_signed(&Wanted::named("thief"));
    by(&app, &id, &good).header("Client-Cert", other.header()).refused(400, "invalid_request");
    let both = format!("{}, {}", good.header(), other.header());
    request().header("Client-Cert", both).refused(400, "invalid_request");
    let both = format!("{}{}", other.escaped_pem(), good.escaped_pem());
    request().header("Client-Cert", both).refused(400, "invalid_request");
    // Another header is none, and an empty one says that there is no certificate.
    request().header("X-Client-Cert", good.header()).from(&fresh_address()).unauthorized();
    request().header("Client-Cert", "").from(&fresh_address()).unauthorized();
    app.token(&app.fixture.k1).header("Client-Cert", "").accepted();
    by(&app, &id, &good).accepted();
});

on_both!(mt3_doctor_sees_that_clients_can_write_the_header, backend, {
    let Behind { app, .. } = Behind::start(backend);
    let arguments = ["doctor", "--issuer", &app.issuer, "--client-cert-header", "Client-Cert"];
    // The test is on the proxy's address, and nobody stands between it and the server.
    let output = app.cli(&arguments);
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stdout.contains("FAILED   client certs") && output.stdout.contains("write this header"), "{output:?}");
    let (folder, ca) = (TempDir::new("client-ca"), Ca::new("Clients"));
    let file = ca.file(folder.path());
    let flags = ["--trusted-proxies", "192.0.2.0/24", "--client-cert-header", "Client-Cert", "--client-ca", &file];
    let app = App::start(backend, &flags);
    let arguments = ["doctor", "--issuer", &app.issuer, "--client-cert-header", "Client-Cert"];
    let output = app.cli(&arguments).succeeded();
    assert!(output.stdout.contains("ok       client certs"), "{output:?}");
    app.kill();
    let output = app.cli(&arguments).succeeded();
    assert!(output.stdout.contains("warning  client certs"), "{output:?}");
});
