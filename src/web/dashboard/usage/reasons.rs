//! Why token requests are refused, in words: what it means, and what to do.

/// A reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::web::dashboard) struct Reason {
    pub(in crate::web::dashboard) title: &'static str,
    pub(in crate::web::dashboard) meaning: &'static str,
    pub(in crate::web::dashboard) advice: &'static str,
}

/// The stable word, what it is called, what it means, what to do.
const REASONS: &[(&str, &str, &str, &str)] = &[
    (
        "wrong_secret",
        "Wrong secret",
        "The client id is right, but the secret is not one of this key's: a typing error, an old secret, or somebody who guesses.",
        "Compare its last four characters with those on the key's page. The audit log has the addresses that it came from.",
    ),
    (
        "expired_secret",
        "Retired secret",
        "The secret was this key's, and its grace period is over.",
        "Give the program the new secret, or regenerate it if nobody has the new one any more.",
    ),
    (
        "expired_key",
        "Expired key",
        "The key's expiry has passed.",
        "Set a later expiry on the key, or give the program another key.",
    ),
    ("disabled", "Disabled key", "The key was switched off.", "Enable it on its page if it is to work again."),
    ("deleted", "Deleted key", "The key has been deleted.", "Give the program another key; a deleted one does not come back."),
    (
        "unknown_client",
        "Unknown client id",
        "There is no key of this client id.",
        "Copy the client id from the key's page: it begins with key_.",
    ),
    (
        "other_method",
        "Another way of authentication",
        "The secret was sent in another way than the key is registered for.",
        "Send it as the key's page says: in the Authorization header, or in the form.",
    ),
    (
        "malformed_assertion",
        "Unreadable assertion",
        "The client assertion is not a signed JWT of a kind that this server takes.",
        "Sign it with RS256, PS256, ES256 or EdDSA, with typ JWT or none.",
    ),
    (
        "assertion_signature",
        "Assertion signed by another key",
        "None of the public keys that are registered for this key has signed the assertion.",
        "Register the client's new public key on the key's page, or look whether kid names the right one.",
    ),
    (
        "assertion_claims",
        "Assertion for somebody else",
        "iss, sub, aud or jti of the assertion is missing or another than it must be.",
        "iss and sub are the client id and aud is this server's issuer alone; of a workload's token they are what the key names.",
    ),
    (
        "assertion_time",
        "Assertion out of its time",
        "The assertion has ended, has not begun, or lives for more than five minutes (a workload's: an hour).",
        "Make a new one for each request, and look at the client's clock.",
    ),
    (
        "assertion_replayed",
        "Assertion used twice",
        "The assertion was used before; each is good for one request.",
        "Make a new one, with a jti of its own, for each request. If nobody did this twice, somebody has copied it.",
    ),
    (
        "keys_unavailable",
        "Public keys out of reach",
        "The public keys of the client, or of the issuer that it trusts, could not be fetched from where they are published.",
        "Look whether their address answers within three seconds with a JWK Set, and leads to a public network.",
    ),
    (
        "certificate_malformed",
        "Unreadable certificate",
        "The client's certificate could not be read.",
        "It has to be an X.509 certificate of version 3, in DER.",
    ),
    (
        "certificate_time",
        "Certificate out of its time",
        "The client's certificate has ended or has not begun.",
        "Give the client a new one, and look at its dates.",
    ),
    (
        "certificate_use",
        "Certificate for something else",
        "The certificate may not be used by clients.",
        "Its extended key usage must have clientAuth, when it has one at all.",
    ),
    (
        "certificate_untrusted",
        "Certificate of an unknown CA",
        "None of the CAs that this server trusts has issued the client's certificate.",
        "Have one of them issue it, or ask whoever runs this server to trust the CA.",
    ),
    (
        "certificate_mismatch",
        "Certificate of somebody else",
        "The certificate is not the one that is registered for this key, or names somebody else.",
        "Look which one the client uses, and register its subject, or its public key, on the key's page.",
    ),
    (
        "weaker_than_profile",
        "Too weak for this server",
        "The server, or this organization, has the profile fapi2, which takes neither shared secrets nor RS256.",
        "Use a key with private_key_jwt, and sign with PS256, ES256 or EdDSA.",
    ),
    (
        "other_client_id",
        "Two client ids",
        "The form named another client id than the Authorization header.",
        "Leave client_id out of the form when the header is used.",
    ),
    (
        "no_credentials",
        "No credentials",
        "The request came without a client id and a secret.",
        "Send them in the Authorization header (HTTP Basic).",
    ),
    (
        "malformed_credentials",
        "Unreadable credentials",
        "The Authorization header could not be read.",
        "It is the word Basic and the base64 of client id, colon, secret.",
    ),
    (
        "other_scheme",
        "Another scheme",
        "The Authorization header uses another scheme than Basic.",
        "Send the client id and the secret as HTTP Basic.",
    ),
    (
        "unauthorized_client",
        "Address not in the allowlist",
        "The secret was right, but the request came from an address that the key's allowlist does not have.",
        "If the address is yours, add it to the allowlist. If it is not, somebody else has the secret: regenerate it.",
    ),
    (
        "over_plan",
        "Over the plan's limit",
        "The key asked more often than its rate plan allows.",
        "Keep a token until it expires instead of asking for one with each call. If that is done already, ask for a wider plan.",
    ),
    (
        "too_many_failures",
        "Too many failures",
        "There were too many failed attempts from that address within a minute, so even the right secret has to wait there.",
        "Find the program that keeps trying with a wrong secret; a minute after it stops, the address is free again.",
    ),
    (
        "invalid_request",
        "Malformed request",
        "The request does not have the form that the token endpoint expects.",
        "Send a form (application/x-www-form-urlencoded) by POST, each parameter once, grant_type=client_credentials among them.",
    ),
    (
        "unsupported_grant_type",
        "Another grant type",
        "The request asks for another grant type than client_credentials.",
        "Send grant_type=client_credentials.",
    ),
    (
        "invalid_target",
        "Account or resource not granted",
        "The account or resource is not one that the key may aim at, or the key has several accounts and none was named.",
        "Name an account and a resource server that the key's page lists.",
    ),
    (
        "invalid_scope",
        "Scope not granted",
        "A scope was asked for that the key does not hold there, or the parameter is malformed.",
        "Ask only for scopes that the key's page lists, with one space between them, or widen what the key may do.",
    ),
    (
        "invalid_authorization_details",
        "Authorization details",
        "The parameter authorization_details cannot be sent; what the key's settings say goes into its tokens by itself.",
        "Leave the parameter out.",
    ),
    (
        "invalid_dpop_proof",
        "DPoP proof",
        "The DPoP proof does not hold, was used before, or was missing although the key's tokens have to be bound.",
        "Make a new proof for each request, for the token endpoint's own URL, on a machine whose clock is right.",
    ),
    (
        "payload_too_large",
        "Request too large",
        "The form was larger than 16 KiB.",
        "Send the parameters of a token request alone.",
    ),
    (
        "request_timeout",
        "Request too slow",
        "The request did not arrive in time.",
        "Look at the network between the program and this server.",
    ),
    ("method_not_allowed", "Not a POST", "The token endpoint was called with another method than POST.", "Send a POST."),
    ("unavailable", "Server unavailable", "This server could not answer at that moment.", "Try again in a moment."),
];

/// The words for a reason; general ones for a reason that this version does not know.
pub(in crate::web::dashboard) fn of(reason: &str) -> Reason {
    let found = REASONS.iter().find(|(word, ..)| *word == reason);
    found.map_or(
        Reason {
            title: "Another reason",
            meaning: "The request was refused for a reason that this version has no words for.",
            advice: "The audit log has the request's number; the server's log has more under it.",
        },
        |(_, title, meaning, advice)| Reason { title, meaning, advice },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::error::{ClientRefusal, OAuthError};

    #[test]
    fn every_refusal_has_words() {
        let clients = [
            ClientRefusal::NoCredentials,
            ClientRefusal::MalformedCredentials,
            ClientRefusal::OtherScheme,
            ClientRefusal::UnknownClient,
            ClientRefusal::Deleted,
            ClientRefusal::WrongSecret,
            ClientRefusal::ExpiredSecret,
            ClientRefusal::ExpiredKey,
            ClientRefusal::Disabled,
            ClientRefusal::OtherClientId,
            ClientRefusal::OtherMethod,
            ClientRefusal::MalformedAssertion,
            ClientRefusal::AssertionSignature,
            ClientRefusal::AssertionClaims,
            ClientRefusal::AssertionTime,
            ClientRefusal::AssertionReplayed,
            ClientRefusal::KeysUnavailable,
            ClientRefusal::CertificateMalformed,
            ClientRefusal::CertificateTime,
            ClientRefusal::CertificateUse,
            ClientRefusal::CertificateUntrusted,
            ClientRefusal::CertificateMismatch,
            ClientRefusal::WeakerThanProfile,
        ];
        let others = [
            OAuthError::InvalidRequest(""),
            OAuthError::MethodNotAllowed,
            OAuthError::PayloadTooLarge,
            OAuthError::RequestTimeout,
            OAuthError::UnauthorizedClient,
            OAuthError::UnsupportedGrantType,
            OAuthError::InvalidTarget(""),
            OAuthError::InvalidAuthorizationDetails,
            OAuthError::InvalidDpopProof(""),
            OAuthError::InvalidScope(""),
            OAuthError::TooManyFailures { retry_after_seconds: 1 },
            OAuthError::OverPlan { retry_after_seconds: 1 },
            OAuthError::TemporarilyUnavailable,
        ];
        for error in clients.map(OAuthError::InvalidClient).into_iter().chain(others) {
            assert!(REASONS.iter().any(|(word, ..)| *word == error.reason()), "{error:?}");
        }
        assert_eq!(of("from the future").title, "Another reason");
        for (_, title, meaning, advice) in REASONS {
            assert!(!title.ends_with('.') && meaning.ends_with('.') && advice.ends_with('.'), "{title}");
        }
    }
}
