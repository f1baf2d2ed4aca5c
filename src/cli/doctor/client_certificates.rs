//! Whether the proxy in front keeps the header with the client's certificate to itself.

use std::time::Duration;

use serde_json::Value;

use crate::app::finding::Findings;
use crate::client::{describe, http_client};
use crate::oauth::client_request::UNREADABLE_CERTIFICATE;
use crate::oauth::metadata::paths;

const CHECK: &str = "client certs";
/// No proxy writes this, and no certificate looks like it.
const NO_CERTIFICATE: &str = "claviger-doctor";

/// Asks the server at `issuer` as a client would, with the `header` that only the proxy may write.
pub(super) fn check(report: &mut Findings, issuer: &str, header: &str) {
    let asked = http_client().map_err(|error| describe(&error)).and_then(|http| {
        let url = format!("{}{}", issuer.trim_end_matches('/'), paths::TOKEN);
        let request = http.post(url).timeout(Duration::from_secs(5)).header(header, NO_CERTIFICATE);
        let form = "grant_type=client_credentials&client_id=claviger-doctor";
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form);
        let answer = request.send().map_err(|error| describe(&error))?;
        let status = answer.status();
        let body = answer.bytes().map_err(|error| describe(&error))?;
        Ok((status.as_u16(), serde_json::from_slice::<Value>(&body).unwrap_or_default()))
    });
    match asked {
        Ok((400, body)) if body.get("error_description").and_then(Value::as_str) == Some(UNREADABLE_CERTIFICATE) => report.fail(
            CHECK,
            format!("whoever asks {issuer} may write {header} and so pose as any client with a certificate"),
            "have the proxy write this header on every request (see docs/operations.md), and let nobody go around it",
        ),
        Ok((401, body)) if body.get("error").and_then(Value::as_str) == Some("invalid_client") => {
            report.ok(CHECK, format!("a {header} that a client writes itself is not believed"));
        }
        Ok((status, _)) => report.warn(
            CHECK,
            format!("{issuer} answered {status}, so nobody knows whether clients can write {header}"),
            "run this again while the server runs, with its --issuer",
        ),
        Err(error) => report.warn(
            CHECK,
            format!("nobody knows whether clients can write {header}: {error}"),
            "run this again while the server runs, with its --issuer, from where clients come",
        ),
    }
}
