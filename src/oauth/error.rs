//! The errors of the OAuth endpoints (RFC 6749 section 5.2, RFC 8707 section 2, RFC 9396 section 5).
//!
//! What the caller is told and what the log is told are apart: a stranger must not learn whether an id exists, while
//! the key's owner must be able to find out why it is refused.

/// A refusal of a token request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OAuthError {
    /// The request is malformed; the text says how.
    InvalidRequest(&'static str),
    /// Not another method than POST.
    MethodNotAllowed,
    /// The body is over its limit.
    PayloadTooLarge,
    /// The body did not arrive in time.
    RequestTimeout,
    /// The client is not who it says, or no longer welcome: one answer for all reasons.
    InvalidClient(ClientRefusal),
    /// The right secret from an address that the key's allowlist does not have.
    UnauthorizedClient,
    /// The key does not hold the scope that the endpoint asks for.
    MissingScope,
    /// The token is another client's (RFC 7009 section 2.1).
    OtherClientsToken,
    /// Another grant type than client credentials.
    UnsupportedGrantType,
    /// The account or resource is not one that the key may aim at; the text says which.
    InvalidTarget(&'static str),
    /// `authorization_details` cannot be asked for.
    InvalidAuthorizationDetails,
    /// A scope that the key does not hold there, or that is no scope.
    InvalidScope(&'static str),
    /// The request has a DPoP proof that does not hold, or needs one (RFC 9449 section 5); the text says why.
    InvalidDpopProof(&'static str),
    /// The DPoP proof needs a nonce of this server (RFC 9449 section 8).
    UseDpopNonce,
    /// Too many failures from this address; come again after so many seconds.
    TooManyFailures {
        /// Until the window is over; at least 1.
        retry_after_seconds: u32,
    },
    /// Over the rate plan of the key; come again after so many seconds.
    OverPlan {
        /// Until there may be room again; at least 1.
        retry_after_seconds: u32,
    },
    /// The database is needed and does not answer, or memory is too old.
    TemporarilyUnavailable,
    /// A fault of this server.
    ServerError,
}

/// Why a client is refused; for logs and metrics alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientRefusal {
    /// No credentials, or an id without any.
    NoCredentials,
    /// Credentials that cannot be read.
    MalformedCredentials,
    /// Another scheme than Basic.
    OtherScheme,
    /// There is no such key.
    UnknownClient,
    /// There was such a key.
    Deleted,
    /// The secret is none of the key's.
    WrongSecret,
    /// The secret was the key's and has ended.
    ExpiredSecret,
    /// The key has ended.
    ExpiredKey,
    /// The key is disabled.
    Disabled,
    /// The body names another client than the credentials.
    OtherClientId,
    /// Right or wrong credentials, but by a method that the key is not registered for.
    OtherMethod,
    /// An assertion that cannot be read, or is of another kind.
    MalformedAssertion,
    /// No key of the client's, or of its issuer's, has signed the assertion.
    AssertionSignature,
    /// The assertion is of somebody else, for somebody else, or without what it must say.
    AssertionClaims,
    /// The assertion has ended, has not begun, or lives for too long.
    AssertionTime,
    /// The assertion was used before.
    AssertionReplayed,
    /// The client's, or its issuer's, keys could not be fetched.
    KeysUnavailable,
    /// By a method, or with an algorithm, that the profile of the server or of the key's organization does not take.
    WeakerThanProfile,
    /// A certificate that cannot be read.
    CertificateMalformed,
    /// The certificate has ended or not begun.
    CertificateTime,
    /// The certificate is not for clients.
    CertificateUse,
    /// No CA that is trusted has issued the certificate.
    CertificateUntrusted,
    /// The certificate is not one of the client's.
    CertificateMismatch,
}

impl ClientRefusal {
    /// A stable word for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoCredentials => "no_credentials",
            Self::MalformedCredentials => "malformed_credentials",
            Self::OtherScheme => "other_scheme",
            Self::UnknownClient => "unknown_client",
            Self::Deleted => "deleted",
            Self::WrongSecret => "wrong_secret",
            Self::ExpiredSecret => "expired_secret",
            Self::ExpiredKey => "expired_key",
            Self::Disabled => "disabled",
            Self::OtherClientId => "other_client_id",
            Self::OtherMethod => "other_method",
            Self::MalformedAssertion => "malformed_assertion",
            Self::AssertionSignature => "assertion_signature",
            Self::AssertionClaims => "assertion_claims",
            Self::AssertionTime => "assertion_time",
            Self::AssertionReplayed => "assertion_replayed",
            Self::KeysUnavailable => "keys_unavailable",
            Self::WeakerThanProfile => "weaker_than_profile",
            Self::CertificateMalformed => "certificate_malformed",
            Self::CertificateTime => "certificate_time",
            Self::CertificateUse => "certificate_use",
            Self::CertificateUntrusted => "certificate_untrusted",
            Self::CertificateMismatch => "certificate_mismatch",
        }
    }

    /// Whether there is, or was, a key of the id that was given.
    pub const fn concerns_a_key(self) -> bool {
        match self {
            Self::Deleted | Self::WrongSecret | Self::ExpiredSecret | Self::ExpiredKey | Self::Disabled | Self::OtherMethod => {
                true
            }
            Self::AssertionSignature
            | Self::AssertionClaims
            | Self::AssertionTime
            | Self::AssertionReplayed
            | Self::KeysUnavailable
            | Self::CertificateMalformed
            | Self::CertificateTime
            | Self::CertificateUse
            | Self::CertificateUntrusted
            | Self::CertificateMismatch => true,
            Self::NoCredentials
            | Self::MalformedCredentials
            | Self::OtherScheme
            | Self::UnknownClient
            | Self::OtherClientId
            | Self::MalformedAssertion
            | Self::WeakerThanProfile => false,
        }
    }
}

impl OAuthError {
    /// The `error` member.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::MethodNotAllowed | Self::PayloadTooLarge | Self::RequestTimeout => "invalid_request",
            Self::InvalidClient(_) => "invalid_client",
            Self::UnauthorizedClient | Self::MissingScope | Self::OtherClientsToken => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidTarget(_) => "invalid_target",
            Self::InvalidAuthorizationDetails => "invalid_authorization_details",
            Self::InvalidScope(_) => "invalid_scope",
            Self::InvalidDpopProof(_) => "invalid_dpop_proof",
            Self::UseDpopNonce => "use_dpop_nonce",
            Self::TooManyFailures { .. } | Self::OverPlan { .. } | Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    /// The `error_description` member: constants only, so that nothing of the request is ever echoed.
    pub const fn description(self) -> &'static str {
        match self {
            Self::InvalidRequest(text) | Self::InvalidTarget(text) | Self::InvalidScope(text) | Self::InvalidDpopProof(text) => {
                text
            }
            Self::UseDpopNonce => "make the proof again with the nonce of the DPoP-Nonce header",
            Self::MethodNotAllowed => "this endpoint takes POST",
            Self::PayloadTooLarge => "the body may have at most 16384 bytes",
            Self::RequestTimeout => "the body did not arrive in time",
            Self::InvalidClient(_) => "client authentication failed",
            Self::UnauthorizedClient => "this key may not be used from this address",
            Self::MissingScope => "this key does not hold tokens:introspect",
            Self::OtherClientsToken => "the token was issued to another client",
            Self::UnsupportedGrantType => "the grant type must be client_credentials",
            Self::InvalidAuthorizationDetails => "authorization_details cannot be requested here",
            Self::TooManyFailures { .. } => "too many failed attempts; try again later",
            Self::OverPlan { .. } => "the rate plan of this key is used up; try again later",
            Self::TemporarilyUnavailable => "try again in a moment",
            Self::ServerError => "the server could not answer; the log has the cause under the request id",
        }
    }

    /// A stable word for logs and metrics.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::InvalidClient(refusal) => refusal.as_str(),
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::OverPlan { .. } => "over_plan",
            Self::TemporarilyUnavailable => "unavailable",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::RequestTimeout => "request_timeout",
            Self::MissingScope => "insufficient_scope",
            Self::OtherClientsToken => "other_clients_token",
            other => other.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gt7_descriptions_stay_within_the_grammar() {
        let all = [
            OAuthError::MethodNotAllowed,
            OAuthError::PayloadTooLarge,
            OAuthError::RequestTimeout,
            OAuthError::InvalidClient(ClientRefusal::WrongSecret),
            OAuthError::UnauthorizedClient,
            OAuthError::MissingScope,
            OAuthError::OtherClientsToken,
            OAuthError::UnsupportedGrantType,
            OAuthError::InvalidAuthorizationDetails,
            OAuthError::UseDpopNonce,
            OAuthError::TooManyFailures { retry_after_seconds: 1 },
            OAuthError::OverPlan { retry_after_seconds: 1 },
            OAuthError::TemporarilyUnavailable,
            OAuthError::ServerError,
        ];
        for error in all {
            assert!(error.description().bytes().all(|b| matches!(b, 0x20 | 0x21 | 0x23..=0x5b | 0x5d..=0x7e)), "{error:?}");
        }
    }

    #[test]
    fn ca4_all_reasons_say_the_same() {
        let one = OAuthError::InvalidClient(ClientRefusal::UnknownClient);
        for refusal in [ClientRefusal::WrongSecret, ClientRefusal::Disabled, ClientRefusal::ExpiredKey, ClientRefusal::Deleted] {
            let other = OAuthError::InvalidClient(refusal);
            assert_eq!((one.code(), one.description()), (other.code(), other.description()));
        }
    }
}
