//! Certificates of clients, and the CA that issues them, made for each test.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SanType, date_time_ymd,
};
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::App;
use super::tools::{percent_encode_where, random_hex};

/// A CA.
pub(crate) struct Ca {
    pub(crate) pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = distinguished_name(&[(DnType::CommonName, name)]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// An intermediate CA below this one.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = distinguished_name(&[(DnType::CommonName, name)]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    /// The CA's certificate as a file.
    pub(crate) fn file(&self, folder: &std::path::Path) -> String {
        let file = folder.join(format!("{}.pem", random_hex()));
        std::fs::write(&file, &self.pem).unwrap();
        file.to_str().unwrap().to_owned()
    }

    pub(crate) fn issue(&self, wanted: &Wanted<'_>) -> ClientCertificate {
        ClientCertificate::of(|params, key| params.signed_by(key, &self.issuer).unwrap(), wanted)
    }
}

/// What a certificate is to say; its subject is `C=NL,O=Acme,CN=<name>`, written the other way round by RFC 4514.
#[derive(Clone, Default)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a str,
    pub(crate) alternative: Vec<SanType>,
    /// The years of its first and last day; else it is valid.
    pub(crate) years: Option<(i32, i32)>,
    pub(crate) usage: Option<ExtendedKeyUsagePurpose>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn named(name: &'a str) -> Self {
        Self { name, ..Self::default() }
    }
}

/// A client's certificate and its private key.
pub(crate) struct ClientCertificate {
    pub(crate) certificate: Certificate,
    key: KeyPair,
}

impl ClientCertificate {
    fn of(sign: impl Fn(&CertificateParams, &KeyPair) -> Certificate, wanted: &Wanted<'_>) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        let parts = [(DnType::CountryName, "NL"), (DnType::OrganizationName, "Acme"), (DnType::CommonName, wanted.name)];
        params.distinguished_name = distinguished_name(&parts);
        params.subject_alt_names.clone_from(&wanted.alternative);
        params.extended_key_usages = wanted.usage.clone().into_iter().collect();
        let (from, until) = wanted.years.unwrap_or((2000, 2100));
        (params.not_before, params.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
        let key = KeyPair::generate().unwrap();
        Self { certificate: sign(&params, &key), key }
    }

    pub(crate) fn self_signed(wanted: &Wanted<'_>) -> Self {
        Self::of(|params, key| params.self_signed(key).unwrap(), wanted)
    }

    /// The header of RFC 9440.
    pub(crate) fn header(&self) -> String {
        format!(":{}:", STANDARD.encode(self.certificate.der()))
    }

    /// As nginx writes it.
    pub(crate) fn escaped_pem(&self) -> String {
        percent_encode_where(self.certificate.pem().as_bytes(), |b| !b.is_ascii_alphanumeric() && !b"-._~".contains(&b))
    }

    /// RFC 8705 section 3.1.
    pub(crate) fn thumbprint(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.certificate.der()))
    }

    /// The public key alone.
    pub(crate) fn jwk(&self) -> Value {
        let [4, point @ ..] = self.key.public_key_raw() else { panic!("a point that is not compressed") };
        let (x, y) = point.split_at(32);
        json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y)})
    }

    /// The same with the certificate.
    pub(crate) fn jwk_with_certificate(&self) -> Value {
        let mut jwk = self.jwk();
        jwk["x5c"] = json!([STANDARD.encode(self.certificate.der())]);
        jwk
    }

    /// A file with this JWK Set.
    pub(crate) fn jwks_file(app: &App, keys: &[Value]) -> String {
        let file = app.site.dir.join(&format!("{}.json", random_hex()));
        std::fs::write(&file, json!({"keys": keys}).to_string()).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Files with the certificate, followed by `others`, and the private key.
    pub(crate) fn files(&self, folder: &std::path::Path, others: &str) -> (PathBuf, PathBuf) {
        let name = random_hex();
        let (certificate, key) = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
        std::fs::write(&certificate, format!("{}{others}", self.certificate.pem())).unwrap();
        std::fs::write(&key, self.key.serialize_pem()).unwrap();
        (certificate, key)
    }
}

fn distinguished_name(parts: &[(DnType, &str)]) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    parts.iter().for_each(|(kind, value)| name.push(kind.clone(), *value));
    name
}
