//! Whom a client's certificate was issued to (RFC 8705 section 2.1.2): exactly one of its names is registered, and looked for
//! in the certificate as a whole. There are no wildcards.

use std::net::IpAddr;

use super::Invalid;

/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 1_024;

/// Which of a certificate's names it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// The subject's distinguished name, written as RFC 4514 says.
    Dn,
    /// A `dNSName` of the subject's alternative names.
    Dns,
    /// A `uniformResourceIdentifier` of these.
    Uri,
    /// An `iPAddress` of these.
    Ip,
    /// An `rfc822Name` of these.
    Email,
}

impl SubjectKind {
    /// Every kind, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Dn, Self::Dns, Self::Uri, Self::Ip, Self::Email];
    /// The members of client metadata that name them.
    pub const MEMBERS: [&'static str; 5] =
        [Self::Dn.member(), Self::Dns.member(), Self::Uri.member(), Self::Ip.member(), Self::Email.member()];

    /// The member of client metadata (RFC 8705 section 2.1.2).
    pub const fn member(self) -> &'static str {
        match self {
            Self::Dn => "tls_client_auth_subject_dn",
            Self::Dns => "tls_client_auth_san_dns",
            Self::Uri => "tls_client_auth_san_uri",
            Self::Ip => "tls_client_auth_san_ip",
            Self::Email => "tls_client_auth_san_email",
        }
    }

    /// The kind that a member names.
    pub fn of_member(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.member() == name)
    }
}

/// A name that a certificate must have been issued to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateSubject {
    kind: SubjectKind,
    value: String,
}

impl CertificateSubject {
    /// Checks a name; whether a distinguished name is one is judged where certificates are read.
    ///
    /// # Errors
    /// When it does not have the form of its kind.
    pub fn new(kind: SubjectKind, value: &str) -> Result<Self, Invalid> {
        let refused = |code, detail| Invalid::new(kind.member(), code, detail);
        if !(1..=MAX_NAME_BYTES).contains(&value.len()) || value.chars().any(char::is_control) {
            return Err(refused("invalid_length", "must be a text of 1 to 1024 bytes"));
        }
        let is_visible = value.bytes().all(|byte| byte.is_ascii_graphic());
        match kind {
            SubjectKind::Dn => {}
            SubjectKind::Dns if is_dns_name(value) => {}
            SubjectKind::Uri if is_visible && value.split_once(':').is_some_and(|(scheme, rest)| is_scheme(scheme, rest)) => {}
            SubjectKind::Email if is_visible && value.split_once('@').is_some_and(|(a, b)| !a.is_empty() && is_dns_name(b)) => {}
            SubjectKind::Ip => {
                let address: IpAddr = value.parse().map_err(|_| refused("invalid_ip", "must be an IPv4 or IPv6 address"))?;
                return Ok(Self { kind, value: address.to_string() });
            }
            SubjectKind::Dns => return Err(refused("invalid_dns", "must be a host's name, without wildcards")),
            SubjectKind::Uri => return Err(refused("invalid_uri", "must be an absolute URI")),
            SubjectKind::Email => return Err(refused("invalid_email", "must be an e-mail address")),
        }
        Ok(Self { kind, value: value.to_owned() })
    }

    /// Which of the certificate's names it is.
    pub const fn kind(&self) -> SubjectKind {
        self.kind
    }

    /// The name.
    pub fn value(&self) -> &str {
        &self.value
    }
}

fn is_scheme(scheme: &str, rest: &str) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_alphabetic();
    let is_other = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.as_bytes().first().is_some_and(is_first) && scheme.bytes().all(is_other) && !rest.is_empty()
}

fn is_dns_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mt1_each_kind_of_name_has_its_form() {
        let long = "a".repeat(1_025);
        for (kind, good, bad) in [
            (SubjectKind::Dn, vec!["CN=export,O=Acme"], vec!["", "a\nb", long.as_str()]),
            (SubjectKind::Dns, vec!["export.example.com", "a_b", "A"], vec!["", "*.example.com", "a..b", "a b", "a.", "é.com"]),
            (SubjectKind::Uri, vec!["spiffe://acme/export", "urn:x:y"], vec!["export", ":x", "urn:", "1a:b", "urn:a b"]),
            (SubjectKind::Ip, vec!["192.0.2.1", "2001:db8::1"], vec!["192.0.2.1/32", "010.0.0.1", "localhost", "1.2.3"]),
            (SubjectKind::Email, vec!["a@example.com"], vec!["a", "@example.com", "a@", "a@b@c", "a b@example.com"]),
        ] {
            for text in good {
                assert_eq!(CertificateSubject::new(kind, text).unwrap().value(), text);
            }
            for text in bad {
                assert_eq!(CertificateSubject::new(kind, text).unwrap_err().field, kind.member(), "{text}");
            }
            assert_eq!(SubjectKind::of_member(kind.member()), Some(kind));
        }
        assert_eq!(CertificateSubject::new(SubjectKind::Ip, "2001:DB8:0::1").unwrap().value(), "2001:db8::1");
    }
}
