//! Clients with certificates (RFC 8705): what this server takes.

use crate::crypto::client_ca::ClientCa;
use crate::domain::api_key::AuthMethod;

/// What is done with clients' certificates.
#[derive(Clone, Debug)]
pub struct MutualTls {
    /// Whose certificates say who a client is, for `tls_client_auth`.
    pub ca: Option<ClientCa>,
    /// Whether `self_signed_tls_client_auth` is taken.
    pub takes_self_signed: bool,
    /// Where clients with certificates are to go, when the metadata is to say so.
    pub base_url: Option<String>,
}

impl MutualTls {
    /// Whether a client can prove itself by this method. `settings`: there may be none.
    pub fn allows(settings: Option<&Self>, method: AuthMethod) -> bool {
        match method {
            AuthMethod::TlsClientAuth => settings.is_some_and(|settings| settings.ca.is_some()),
            AuthMethod::SelfSignedTlsClientAuth => settings.is_some_and(|settings| settings.takes_self_signed),
            _ => true,
        }
    }
}
