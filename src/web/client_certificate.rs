//! The certificate of a client: from our own TLS, or from a header in which a trusted proxy passes it on (RFC 9440). What
//! anybody else writes into that header is nobody's certificate; and the certificate by which a proxy connects is not the
//! client's.

use std::any::Any;
use std::sync::Arc;

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::HttpRequest;
use actix_web::dev::Extensions;
use actix_web::http::header::{HeaderName, HeaderValue};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::percent_decode;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::state::State;
use crate::crypto::client_certificate::PresentedCertificate;
use crate::oauth::client_request::RawCertificate;
use crate::oauth::http_grammar::trim_ows;

/// The longest value of the header, in bytes.
const MAX_HEADER_BYTES: usize = 16 * 1024;

/// RFC 8941 section 4.2.7: padding may be missing.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// Keeps the certificate by which a connection was made.
pub(super) fn note(stream: &dyn Any, data: &mut Extensions) {
    let Some(stream) = stream.downcast_ref::<TlsStream<actix_web::rt::net::TcpStream>>() else { return };
    let Some([leaf, others @ ..]) = stream.get_ref().1.peer_certificates() else { return };
    let others = others.iter().map(|other| other.to_vec()).collect();
    data.insert(Arc::new(PresentedCertificate::new(leaf.to_vec(), others)));
}

/// The certificate of a request's client.
pub(super) fn of(request: &HttpRequest, state: &State) -> RawCertificate {
    if state.issuer.mutual_tls.is_none() {
        return RawCertificate::None;
    }
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    let is_proxy = peer.is_some_and(|peer| state.trusted_proxies.iter().any(|range| range.contains(&peer)));
    match (&state.client_certificate_header, is_proxy) {
        (Some(header), true) => passed_on(request, header),
        _ => request
            .conn_data::<Arc<PresentedCertificate>>()
            .map_or(RawCertificate::None, |certificate| RawCertificate::Presented(Arc::clone(certificate))),
    }
}

fn passed_on(request: &HttpRequest, header: &HeaderName) -> RawCertificate {
    let mut values = request.headers().get_all(header).map(HeaderValue::as_bytes);
    match (values.next(), values.next()) {
        (None, _) => RawCertificate::None,
        (Some(value), None) => match decode(value) {
            None => RawCertificate::Unreadable,
            Some(leaf) if leaf.is_empty() => RawCertificate::None,
            Some(leaf) => RawCertificate::Presented(Arc::new(PresentedCertificate::new(leaf, Vec::new()))),
        },
        (Some(_), Some(_)) => RawCertificate::Unreadable,
    }
}

/// One certificate in DER; empty when the proxy says that there is none. It is written as RFC 9440 says, `:base64:`, or as
/// nginx does in `$ssl_client_escaped_cert`, PEM with `%` escapes.
fn decode(value: &[u8]) -> Option<Vec<u8>> {
    let value = trim_ows(value);
    if value.is_empty() {
        return Some(Vec::new());
    }
    if value.len() > MAX_HEADER_BYTES {
        return None;
    }
    if let Some(base64) = value.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b":")) {
        return BASE64.decode(base64).ok();
    }
    let pem: Vec<u8> = percent_decode(value).collect();
    if !pem.starts_with(b"-----BEGIN CERTIFICATE-----") {
        return None;
    }
    let mut certificates = CertificateDer::pem_slice_iter(&pem);
    match (certificates.next(), certificates.next()) {
        (Some(Ok(certificate)), None) => Some(certificate.to_vec()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::decode;

    #[test]
    fn mt3_the_header_holds_one_certificate_in_one_of_two_forms() {
        let pem = "-----BEGIN%20CERTIFICATE-----%0AAAEC%0A-----END%20CERTIFICATE-----%0A";
        for good in [":AAEC:", " :AAEC:\t", pem, &pem.replace("%20", " "), &pem.replace("%0A", "%0a")] {
            assert_eq!(decode(good.as_bytes()), Some(vec![0, 1, 2]), "{good}");
        }
        assert_eq!(decode(b":AA:"), Some(vec![0]), "padding may be missing");
        for none in ["", " ", "::"] {
            assert_eq!(decode(none.as_bytes()), Some(Vec::new()), "{none}");
        }
        let (two, key) = (format!("{pem}{pem}"), pem.replace("CERTIFICATE", "PRIVATE%20KEY"));
        let long = format!(":{}:", "A".repeat(16 * 1024));
        for bad in ["AAEC", ":AAEC", ":AA EC:", ":AAEC:;a=1", ":AAEC:, :AAEC:", ":A:", ":AA-_:", "x", &two, &key, &long] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn mt3_any_header_is_read_or_refused(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&value);
            let _ = decode(&[b":".as_slice(), &value, b":"].concat());
        }
    }
}
