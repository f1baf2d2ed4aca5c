//! The CAs that issue certificates to clients (RFC 8705 section 2.1): the path from a client's certificate to one of them
//! (RFC 5280 section 6), by the verifier that TLS uses, also for certificates that a proxy passes on.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, DistinguishedName, RootCertStore};

use super::client_certificate::{CertificateFault, PresentedCertificate};
use crate::domain::time::Timestamp;

/// CAs that are trusted to say who a client is.
#[derive(Clone, Debug)]
pub struct ClientCa(Arc<dyn ClientCertVerifier>);

impl ClientCa {
    /// Reads certificates in PEM, one or more.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_pem(pem: &[u8]) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
        verifier.map(Self).map_err(|error| error.to_string())
    }

    /// Their names, for clients that choose among several certificates.
    pub fn names(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects()
    }

    /// Whether one of them has issued the certificate, for a client, and it is valid now.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn verify(&self, presented: &PresentedCertificate, now: Timestamp) -> Result<(), CertificateFault> {
        let seconds = u64::try_from(now.unix()).map_err(|_| CertificateFault::Time)?;
        let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
        let others: Vec<CertificateDer<'_>> = presented.others().map(CertificateDer::from).collect();
        match self.0.verify_client_cert(&CertificateDer::from(presented.leaf()), &others, now) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InvalidCertificate(error)) => Err(match error {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => CertificateFault::Time,
                CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => CertificateFault::Use,
                CertificateError::BadEncoding => CertificateFault::Malformed,
                _ => CertificateFault::Untrusted,
            }),
            Err(_) => Err(CertificateFault::Untrusted),
        }
    }
}
