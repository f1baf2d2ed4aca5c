//! Certificates of clients (RFC 8705, RFC 5280). Who shows one has proved to hold its private key, to this server or to a
//! proxy before it; what else it says is judged here, and of the leaf alone: other certificates that come along (CVE-2023-2422)
//! only lead from it to a CA.

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use x509_cert::Certificate;
use x509_cert::der::asn1::{ObjectIdentifier, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader, Tag, Tagged};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectAltName};
use x509_cert::name::{Name, RelativeDistinguishedName};

use super::jwk::{COORDINATE_BYTES, PublicJwk};
use crate::domain::certificate_subject::{CertificateSubject, SubjectKind};
use crate::domain::signing_key::SigningAlgorithm;
use crate::domain::time::Timestamp;

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const CLIENT_AUTH: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const ANY_USE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");

/// Why a certificate does not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateFault {
    /// It cannot be read.
    Malformed,
    /// It has ended or not begun.
    Time,
    /// It is not for clients.
    Use,
    /// None of the CAs that are trusted has issued it.
    Untrusted,
}

/// A certificate that a client has shown, and those that came along, all in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedCertificate {
    leaf: Vec<u8>,
    others: Vec<Vec<u8>>,
}

impl PresentedCertificate {
    /// What was shown.
    pub const fn new(leaf: Vec<u8>, others: Vec<Vec<u8>>) -> Self {
        Self { leaf, others }
    }

    /// The client's own, in DER.
    pub fn leaf(&self) -> &[u8] {
        &self.leaf
    }

    /// What may lead from it to a CA, in DER.
    pub fn others(&self) -> impl Iterator<Item = &[u8]> {
        self.others.iter().map(Vec::as_slice)
    }

    /// SHA-256 of the DER in base64url, 43 characters (RFC 8705 section 3.1).
    pub fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, &self.leaf))
    }

    /// Takes the leaf apart.
    ///
    /// # Errors
    /// [`CertificateFault::Malformed`].
    pub fn read(&self) -> Result<LeafCertificate, CertificateFault> {
        Certificate::from_der(&self.leaf).map(LeafCertificate).map_err(|_| CertificateFault::Malformed)
    }
}

/// A client's own certificate, read.
#[derive(Clone, Debug)]
pub struct LeafCertificate(Certificate);

impl LeafCertificate {
    /// Whether it is valid now and may be a client's. Who issued it is not asked.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub fn check(&self, now: Timestamp) -> Result<(), CertificateFault> {
        let certificate = self.0.tbs_certificate();
        let validity = certificate.validity();
        let seconds = u64::try_from(now.unix()).map_err(|_| CertificateFault::Time)?;
        let (from, until) = (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
        if seconds < from.as_secs() || seconds > until.as_secs() {
            return Err(CertificateFault::Time);
        }
        let uses = certificate.get_extension::<ExtendedKeyUsage>().map_err(|_| CertificateFault::Malformed)?;
        match uses {
            Some((_, uses)) if !uses.0.iter().any(|usage| *usage == CLIENT_AUTH || *usage == ANY_USE) => {
                Err(CertificateFault::Use)
            }
            _ => Ok(()),
        }
    }

    /// Whether it was issued to `subject`.
    pub fn names(&self, subject: &CertificateSubject) -> bool {
        let certificate = self.0.tbs_certificate();
        if subject.kind() == SubjectKind::Dn {
            return distinguished_name(subject.value()).is_some_and(|name| is_same_name(&name, certificate.subject()));
        }
        let Ok(Some((_, SubjectAltName(names)))) = certificate.get_extension::<SubjectAltName>() else { return false };
        names.iter().any(|name| is_alternative_name(name, subject))
    }

    /// The RFC 7638 thumbprint of its public key; `None` when that is of a kind that no registered key has.
    pub fn key_thumbprint(&self) -> Option<String> {
        let key = self.0.tbs_certificate().subject_public_key_info();
        let bytes = key.subject_public_key.as_bytes()?;
        let jwk = match key.algorithm.oid {
            RSA => {
                let numbers = |reader: &mut SliceReader<'_>| {
                    let (n, e) = (UintRef::decode(reader)?, UintRef::decode(reader)?);
                    Ok::<_, x509_cert::der::Error>((n.as_bytes().to_vec(), e.as_bytes().to_vec()))
                };
                let (n, e) = SliceReader::new(bytes).ok()?.sequence(numbers).ok()?;
                PublicJwk::rsa(SigningAlgorithm::RS256, &n, &e)
            }
            EC if key.algorithm.parameters.as_ref()?.decode_as::<ObjectIdentifier>().ok()? == P256 => {
                let [4, point @ ..] = bytes else { return None };
                let (x, y) = point.split_at_checked(COORDINATE_BYTES)?;
                PublicJwk::p256(x.try_into().ok()?, y.try_into().ok()?)
            }
            ED25519 => PublicJwk::ed25519(bytes.try_into().ok()?),
            _ => return None,
        };
        jwk.ok().map(|jwk| jwk.thumbprint())
    }
}

/// Whether a text is a distinguished name as RFC 4514 writes them.
pub fn is_distinguished_name(text: &str) -> bool {
    distinguished_name(text).is_some()
}

fn distinguished_name(text: &str) -> Option<Name> {
    text.parse().ok().filter(|name: &Name| !name.is_empty())
}

/// X.501 section 12.5.2, stricter in one point: values are compared character by character, whatever type of string they are.
fn is_same_name(one: &Name, other: &Name) -> bool {
    let is_same = |(one, other): (&RelativeDistinguishedName, &RelativeDistinguishedName)| {
        let has = |value: &_| other.iter().any(|other| is_same_value(value, other));
        one.len() == other.len() && one.iter().all(has)
    };
    one.len() == other.len() && one.iter_rdn().zip(other.iter_rdn()).all(is_same)
}

fn is_same_value(one: &x509_cert::attr::AttributeTypeAndValue, other: &x509_cert::attr::AttributeTypeAndValue) -> bool {
    let is_text = |tag| matches!(tag, Tag::Utf8String | Tag::PrintableString | Tag::Ia5String);
    let (tag, other_tag) = (one.value.tag(), other.value.tag());
    one.oid == other.oid && one.value.value() == other.value.value() && (tag == other_tag || (is_text(tag) && is_text(other_tag)))
}

fn is_alternative_name(name: &GeneralName, subject: &CertificateSubject) -> bool {
    let wanted = subject.value();
    match (subject.kind(), name) {
        (SubjectKind::Dns, GeneralName::DnsName(name)) => name.as_str().eq_ignore_ascii_case(wanted),
        (SubjectKind::Uri, GeneralName::UniformResourceIdentifier(name)) => name.as_str() == wanted,
        (SubjectKind::Email, GeneralName::Rfc822Name(name)) => is_same_mailbox(name.as_str(), wanted),
        (SubjectKind::Ip, GeneralName::IpAddress(octets)) => match wanted.parse() {
            Ok(IpAddr::V4(address)) => octets.as_bytes() == address.octets(),
            Ok(IpAddr::V6(address)) => octets.as_bytes() == address.octets(),
            Err(_) => false,
        },
        _ => false,
    }
}

/// RFC 5280 section 7.5: hosts in any case, the part before them as it is.
fn is_same_mailbox(one: &str, other: &str) -> bool {
    match (one.rsplit_once('@'), other.rsplit_once('@')) {
        (Some((local, host)), Some((other_local, other_host))) => local == other_local && host.eq_ignore_ascii_case(other_host),
        _ => false,
    }
}
