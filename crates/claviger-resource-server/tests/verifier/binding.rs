//! Tokens that are bound to a key or to a certificate are nothing in other hands.

use claviger_resource_server::ClientCertificate;
use claviger_resource_server::verifier::Presented;
use serde_json::json;

use crate::support::World;
use crate::support::signer::sha256;

#[tokio::test]
async fn dp1_a_bound_token_is_no_bearer_token() {
    let world = World::new();
    for cnf in [json!({"jkt": "x"}), json!({"x5t#S256": "x"}), json!({"jkt": "x", "x5t#S256": "y"}), json!({"unknown": "x"})] {
        let token = world.token(json!({"cnf": cnf}));
        world.refuses(&token).await;
        let authorization = format!("Bearer {token}");
        let presented =
            Presented { authorization: &[authorization.as_bytes()], method: "GET", path: "/", ..Presented::default() };
        assert_eq!(world.verifier.authenticate(&presented).await.unwrap_err().code(), "invalid_token");
    }
}

#[tokio::test]
async fn mt2_a_token_of_a_certificate_needs_that_certificate() {
    let world = World::new();
    let token = world.token(json!({"cnf": {"x5t#S256": sha256(b"certificate")}}));
    let authorization = format!("Bearer {token}");
    for (der, good) in [(Some(&b"certificate"[..]), true), (Some(b"another"), false), (Some(b""), false), (None, false)] {
        let certificate = der.map(ClientCertificate::from_der);
        let presented = Presented {
            authorization: &[authorization.as_bytes()],
            certificate: certificate.as_ref(),
            method: "GET",
            path: "/",
            ..Presented::default()
        };
        assert_eq!(world.verifier.authenticate(&presented).await.is_ok(), good, "{certificate:?}");
    }
    // A certificate beside a token that is not bound to one means nothing.
    let plain = format!("Bearer {}", world.token(json!({})));
    let certificate = ClientCertificate::from_der(b"certificate");
    let presented = Presented { authorization: &[plain.as_bytes()], certificate: Some(&certificate), ..Presented::default() };
    world.verifier.authenticate(&presented).await.unwrap();
}
