//! Keys that this page cannot try: it has neither the program's private key, nor its certificate, nor its platform's token.
//! What the program does instead is shown, with what was asked for.

use super::ask::Wish;
use super::curl::quoted;
use super::refusal::OwnKey;
use crate::domain::api_key::AuthMethod;
use crate::web::dashboard::api_keys::snippets::Snippet;
use crate::web::dashboard::api_keys::without_secret::{Prover, certificate_base};
use crate::web::dashboard::visit::Visit;

/// How a program takes a token with such a key.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) name: String,
    pub(super) client_id: String,
    /// Why this page can't.
    pub(super) why: &'static str,
    pub(super) programs: Vec<Snippet>,
}

/// `None`: the page can try the key.
pub(super) fn elsewhere(visit: &Visit, key: &OwnKey, wish: &Wish) -> Option<Elsewhere> {
    let issuer = &visit.state.issuer;
    let credential = &key.credential;
    let why = match credential.method()? {
        AuthMethod::PrivateKeyJwt => {
            "It has no secret: its program signs an assertion for each request, with a private key that never leaves it."
        }
        AuthMethod::WorkloadJwt => {
            "It has no secret: its program sends the token that its platform gives to it, and to nobody else."
        }
        AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth => {
            "It has no secret: its program shows its certificate when it connects, and its tokens are bound to that."
        }
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost
            if credential.require_bound_tokens || issuer.profile.requires_bound_tokens() =>
        {
            "Its tokens must be bound to its program, which proves with each request that it holds a private key (DPoP)."
        }
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => return None,
    };
    let parameters: Vec<(&str, &str)> = wish.parameters().into_iter().filter(|(name, _)| *name != "grant_type").collect();
    let programs = if credential.has_secret() {
        vec![with_proof(&issuer.issuer, wish, &parameters)]
    } else {
        let prover = Prover {
            issuer: &issuer.issuer,
            certificate_base: certificate_base(&visit.state),
            client_id: &key.client_id,
            credential,
            parameters: &parameters,
        };
        prover.programs()
    };
    Some(Elsewhere { name: key.name.clone(), client_id: key.client_id.clone(), why, programs })
}

fn with_proof(issuer: &str, wish: &Wish, parameters: &[(&str, &str)]) -> Snippet {
    let more: String = parameters.iter().map(|(name, value)| format!(" \\\n    --{name} {}", quoted(value))).collect();
    Snippet {
        id: "claviger",
        label: "claviger",
        note: "asks for the secret",
        code: format!(
            "claviger token --url {} \\\n    --client-id {}{more} \\\n    --dpop-key private-key.pem",
            quoted(issuer),
            quoted(&wish.client_id)
        ),
    }
}
