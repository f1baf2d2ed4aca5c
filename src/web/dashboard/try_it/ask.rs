//! The request for a token, by the way of the token endpoint: the same steps, brakes, limits, counts and logs. Only HTTP
//! is left out.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::runtime::Handle;
use tokio::time::Instant;
use url::form_urlencoded::{Serializer, byte_serialize};
use zeroize::Zeroizing;

use crate::app::issue_token::Outcome;
use crate::oauth::client_request::RawClientRequest;
use crate::oauth::grants::client_credentials::GRANT_TYPE;
use crate::web::dashboard::visit::Visit;
use crate::web::oauth::{hold_refusal, report};

/// What is asked for, without the secret.
#[derive(Clone, Debug, Default)]
pub(super) struct Wish {
    pub(super) client_id: String,
    pub(super) scope: String,
    pub(super) account: String,
    pub(super) resource: String,
    /// Whether the key sends its secret in the form.
    pub(super) in_form: bool,
}

impl Wish {
    /// The parameters beside the credentials: those that somebody filled in.
    pub(super) fn parameters(&self) -> Vec<(&'static str, &str)> {
        let optional = [("scope", &self.scope), ("account", &self.account), ("resource", &self.resource)];
        let given = optional.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| (name, value.as_str()));
        [("grant_type", GRANT_TYPE)].into_iter().chain(given).collect()
    }
}

/// Asks. Blocks the thread, which is one for that.
pub(super) fn ask(visit: &Visit, wish: &Wish, secret: &str) -> Outcome {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(wish.parameters());
    if wish.in_form {
        form.append_pair("client_id", &wish.client_id).append_pair("client_secret", secret);
    }
    let body = Zeroizing::new(form.finish());
    let header = (!wish.in_form).then(|| basic(&wish.client_id, secret));
    let raw = RawClientRequest {
        content_types: vec![b"application/x-www-form-urlencoded"],
        authorizations: header.iter().map(|header| header.as_bytes()).collect(),
        login_as: Vec::new(),
        proofs: Vec::new(),
        query: b"",
        body: body.as_bytes(),
    };
    let address = visit.inside.visitor.address;
    let begun = Instant::now();
    let outcome = Handle::current().block_on(async {
        let outcome = visit.state.issuer.issue(&raw, address, visit.inside.now).await;
        hold_refusal(&outcome, begun).await;
        outcome
    });
    report(&visit.state, &visit.inside.visitor.request_id, Some(address), &outcome.result);
    outcome
}

/// RFC 6749 section 2.3.1: both halves form-encoded.
fn basic(client_id: &str, secret: &str) -> Zeroizing<String> {
    let pair: Zeroizing<String> =
        Zeroizing::new(byte_serialize(client_id.as_bytes()).chain([":"]).chain(byte_serialize(secret.as_bytes())).collect());
    Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::basic::parse;

    #[test]
    fn credentials_read_back_as_they_were_given() {
        for (id, secret) in [("key_01", "clv_x"), ("old id:e", "a b+c%:"), ("x", "")] {
            let read = parse(basic(id, secret).as_bytes()).unwrap();
            assert_eq!((read.client_id.as_str(), read.client_secret.as_str()), (id, secret));
        }
    }
}
