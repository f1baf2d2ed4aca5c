//! TLS for the main port, by rustls: 1.2 with forward secrecy and authenticated encryption only, and 1.3.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use self::any_certificate::AnyCertificate;
use crate::oauth::mutual_tls::MutualTls;

mod any_certificate;

/// Reads certificate and key. With `mutual_tls` clients are asked for a certificate, and may do without.
///
/// # Errors
/// One line: which file, and what is wrong with it.
pub(super) fn load(certificate_chain: &Path, private_key: &Path, mutual_tls: Option<&MutualTls>) -> Result<ServerConfig, String> {
    let chain = CertificateDer::pem_file_iter(certificate_chain)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| format!("the certificate {}: {error}", certificate_chain.display()))?;
    if chain.is_empty() {
        return Err(format!("the certificate {}: there is none in this file", certificate_chain.display()));
    }
    let key = PrivateKeyDer::from_pem_file(private_key)
        .map_err(|error| format!("the private key {}: {error}", private_key.display()))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|error| error.to_string())?;
    let builder = match mutual_tls {
        None => builder.with_no_client_auth(),
        Some(MutualTls { ca, takes_self_signed, .. }) => {
            let issuers = ca.as_ref().filter(|_| !takes_self_signed).map(|ca| ca.names().to_vec()).unwrap_or_default();
            builder.with_client_cert_verifier(Arc::new(AnyCertificate { issuers, algorithms }))
        }
    };
    builder.with_single_cert(chain, key).map_err(|error| {
        format!("the certificate {} and the private key {}: {error}", certificate_chain.display(), private_key.display())
    })
}
