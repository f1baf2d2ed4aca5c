//! How clients' certificates come here (RFC 8705): by our own TLS, or in a header of a trusted proxy; and what they prove.

use std::path::PathBuf;

use super::SettingsError;

/// The settings, checked.
#[derive(Clone, Debug)]
pub struct ClientCertificateSettings {
    /// PEM; whose certificates prove who a client is.
    pub ca: Option<PathBuf>,
    /// Whether keys may register certificates of their own.
    pub takes_self_signed: bool,
    /// What trusted proxies pass them on in, in lower case.
    pub header: Option<String>,
    /// Where clients with certificates are to go, without a slash at its end.
    pub base_url: Option<String>,
}

/// What is beside them and decides whether they can be.
pub(super) struct Surroundings {
    pub(super) has_tls: bool,
    pub(super) has_proxies: bool,
    pub(super) insecure_http: bool,
}

/// Checks what was given; `None` when certificates are not asked for.
pub(super) fn settings(
    ca: Option<PathBuf>,
    takes_self_signed: bool,
    header: Option<&str>,
    base_url: Option<&str>,
    around: &Surroundings,
) -> Result<Option<ClientCertificateSettings>, SettingsError> {
    let refused = |text: &str| Err(SettingsError(text.to_owned()));
    let is_wanted = ca.is_some() || takes_self_signed;
    let Some(header) = header.map(header_name).transpose()? else {
        return match (is_wanted, base_url) {
            (false, None) => Ok(None),
            (false, Some(_)) => refused("mtls_base_url needs client_ca or self_signed_client_certs"),
            (true, _) if !around.has_tls => {
                refused("client_ca and self_signed_client_certs need tls_cert, or client_cert_header when a proxy ends TLS")
            }
            (true, base_url) => {
                let base_url = base_url.map(|url| checked_url(url, around)).transpose()?;
                Ok(Some(ClientCertificateSettings { ca, takes_self_signed, header: None, base_url }))
            }
        };
    };
    if !is_wanted {
        return refused("client_cert_header needs client_ca or self_signed_client_certs");
    }
    if !around.has_proxies {
        return refused("client_cert_header needs trusted_proxies: from anybody else it is not believed");
    }
    let base_url = base_url.map(|url| checked_url(url, around)).transpose()?;
    Ok(Some(ClientCertificateSettings { ca, takes_self_signed, header: Some(header), base_url }))
}

/// RFC 9110 section 5.1.
fn header_name(text: &str) -> Result<String, SettingsError> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if (1..=64).contains(&text.len()) && text.bytes().all(is_token) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(SettingsError("client_cert_header must be a header's name, e.g. Client-Cert".to_owned()))
    }
}

fn checked_url(text: &str, around: &Surroundings) -> Result<String, SettingsError> {
    let refused = || SettingsError("mtls_base_url must be an https URL without query, e.g. https://mtls.example.com".to_owned());
    let url = url::Url::parse(text).map_err(|_| refused())?;
    let is_safe = url.scheme() == "https" || (around.insecure_http && url.scheme() == "http");
    if !is_safe || url.host().is_none() || url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(refused());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ca: bool, own: bool, header: Option<&str>, url: Option<&str>, tls: bool, proxies: bool) -> Result<bool, String> {
        let around = Surroundings { has_tls: tls, has_proxies: proxies, insecure_http: false };
        let checked = settings(ca.then(|| "ca.pem".into()), own, header, url, &around);
        checked.map(|settings| settings.is_some()).map_err(|error| error.to_string())
    }

    #[test]
    fn mt3_certificates_come_from_where_they_can_be_believed() {
        assert_eq!(check(false, false, None, None, true, true), Ok(false));
        assert_eq!(check(true, false, None, None, true, false), Ok(true));
        assert_eq!(check(false, true, Some("Client-Cert"), Some("https://mtls.example.com/"), false, true), Ok(true));
        for (ca, own, header, url, tls, proxies, names) in [
            (true, false, None, None, false, true, "tls_cert"),
            (false, true, None, None, false, false, "tls_cert"),
            (false, false, Some("Client-Cert"), None, true, true, "client_ca"),
            (true, false, Some("Client-Cert"), None, true, false, "trusted_proxies"),
            (true, false, Some("Client Cert"), None, true, true, "client_cert_header"),
            (true, false, Some(""), None, true, true, "client_cert_header"),
            (false, false, None, Some("https://a.example"), true, true, "mtls_base_url"),
            (true, false, None, Some("http://a.example"), true, true, "mtls_base_url"),
            (true, false, None, Some("https://a.example?x"), true, true, "mtls_base_url"),
            (true, false, None, Some("a"), true, true, "mtls_base_url"),
        ] {
            let refused = check(ca, own, header, url, tls, proxies).unwrap_err();
            assert!(refused.contains(names), "{refused}");
        }
    }
}
