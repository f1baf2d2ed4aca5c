//! TL10: TLS by rustls when a certificate is given: 1.3 and 1.2, nothing older, no weak suites.

use std::path::PathBuf;
use std::process::Command;

use crate::support::site::{CLAVIGER, Output};
use crate::support::token::{FORM, basic};
use crate::support::tools::{output_of, program};
use crate::support::{App, Backend, Options};

/// A self-signed certificate for 127.0.0.1 and its key.
fn certificate(folder: &std::path::Path) -> (PathBuf, PathBuf) {
    let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    output_of(
        Command::new(program("openssl", "openssl"))
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout"])
            .arg(&key)
            .arg("-out")
            .arg(&cert),
    );
    (cert, key)
}

struct Tls {
    app: App,
    cert: PathBuf,
}

impl Tls {
    fn start() -> Self {
        let folder = crate::support::workspace::TempDir::new("tls");
        let (cert, key) = certificate(folder.path());
        let mut options = Options::flags(&["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
        options.speaks_tls = true;
        options.issuer = Some("https://auth.example.com".into());
        let app = App::start_with(Backend::Sqlite, options);
        // The certificate was read at the start; the client needs its copy a while longer.
        let kept = app.site.dir.join("cert.pem");
        std::fs::copy(cert, &kept).unwrap();
        Self { app, cert: kept }
    }

    /// Asks for a token through `openssl s_client` with these options.
    fn ask(&self, options: &[&str]) -> Output {
        let k1 = &self.app.fixture.k1;
        let body = "grant_type=client_credentials";
        let request = format!(
            "POST /connect/token HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: {FORM}\r\nAuthorization: {}\r\nContent-Length: {}\r\n\r\n{body}",
            basic(&k1.client_id, &k1.client_secret),
            body.len()
        );
        let mut client = Command::new(program("openssl", "openssl"));
        client
            .args(["s_client", "-quiet", "-ign_eof", "-verify_return_error", "-verify_ip", "127.0.0.1", "-CAfile"])
            .arg(&self.cert);
        client.args(["-connect", &format!("127.0.0.1:{}", self.app.port)]).args(options);
        Output::of(&mut client, &request)
    }
}

#[test]
fn tl10_tls_1_3_and_1_2_are_spoken_and_nothing_older() {
    let tls = Tls::start();
    for good in [&[][..], &["-tls1_3"], &["-tls1_2"], &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]] {
        let output = tls.ask(good);
        assert!(output.stdout.starts_with("HTTP/1.1 200") && output.stdout.contains("access_token"), "{good:?}: {output:?}");
    }
    for bad in [
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"][..],
        &["-tls1", "-cipher", "ALL:@SECLEVEL=0"],
        // No forward secrecy, no authenticated encryption.
        &["-tls1_2", "-cipher", "AES128-GCM-SHA256"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
        &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"],
        &["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"],
    ] {
        let output = tls.ask(bad);
        assert!(!output.stdout.contains("HTTP/1.1"), "{bad:?}: {output:?}");
        assert!(output.stderr.contains("alert"), "refused by the server and not by the client: {bad:?}: {output:?}");
    }
    // Plain HTTP gets no token there.
    assert!(
        !matches!(crate::support::http::exchange(tls.app.address(), &tls.app.token(&tls.app.fixture.k1).request()), Ok(answer) if answer.status == 200)
    );
}

#[test]
fn tl10_a_certificate_that_does_not_fit_is_refused_at_the_start() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let (cert, key) = certificate(site.dir.path());
    let other = site.dir.join("other");
    std::fs::create_dir(&other).unwrap();
    let (_, other_key) = certificate(&other);
    let junk = site.dir.join("junk.pem");
    std::fs::write(&junk, "junk").unwrap();
    let missing = site.dir.join("missing.pem");
    for (cert, key) in [(&cert, &other_key), (&cert, &junk), (&junk, &key), (&missing, &key), (&cert, &missing), (&key, &cert)] {
        let mut command = Command::new(CLAVIGER);
        command.env_clear().current_dir(site.dir.path());
        command
            .args(["serve", "--listen", "127.0.0.1:0", "--database-url", &site.database_url, "--keys-dir"])
            .arg(&site.keys_dir);
        command.arg("--tls-cert").arg(cert).arg("--tls-key").arg(key);
        let output = Output::of(&mut command, "").failed_with(2).in_one_line();
        assert!(!output.stderr.contains("BEGIN"), "{output:?}");
    }
}

/// With TLS there is no reason to refuse an address beyond loopback (TL2).
#[test]
fn tl10_tls_may_listen_beyond_loopback() {
    let (site, fixture) = App::site_only(Backend::Sqlite);
    let (cert, key) = certificate(site.dir.path());
    let mut options = Options::flags(&["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()]);
    options.speaks_tls = true;
    options.host = Some("0.0.0.0".into());
    options.issuer = Some("https://auth.example.com".into());
    let app = App { server: crate::support::Server::start(&site, options), site, fixture };
    let output = Tls { app, cert }.ask(&[]);
    assert!(output.stdout.starts_with("HTTP/1.1 200"), "{output:?}");
}
