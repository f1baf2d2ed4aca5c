//! Protected resource metadata (RFC 9728): how clients learn which server issues the tokens that an API takes.

use serde::Serialize;

/// Where the document is; the path of the API's identifier is inserted behind it (section 3).
pub const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The document (section 2). Members without an element are left out.
///
/// ```
/// use claviger_resource_server::ResourceMetadata;
///
/// let document = ResourceMetadata::new("https://api.example.com/v2", "https://auth.example.com").scopes(["payments:read"]);
/// assert_eq!(document.url().unwrap(), "https://api.example.com/.well-known/oauth-protected-resource/v2");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ResourceMetadata {
    resource: String,
    authorization_servers: [String; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    scopes_supported: Vec<String>,
    bearer_methods_supported: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource_documentation: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_details_types_supported: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dpop_signing_alg_values_supported: Vec<String>,
}

impl ResourceMetadata {
    /// The document of the API with this identifier, which takes tokens of this issuer in the header alone.
    pub fn new(resource: impl Into<String>, issuer: impl Into<String>) -> Self {
        Self {
            resource: resource.into(),
            authorization_servers: [issuer.into()],
            scopes_supported: Vec::new(),
            bearer_methods_supported: ["header"],
            resource_name: None,
            resource_documentation: None,
            authorization_details_types_supported: Vec::new(),
            dpop_signing_alg_values_supported: Vec::new(),
        }
    }

    /// The scopes that the API knows.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes_supported = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// A name for people.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.resource_name = Some(name.into());
        self
    }

    /// The address of a page for developers.
    #[must_use]
    pub fn documentation(mut self, url: impl Into<String>) -> Self {
        self.resource_documentation = Some(url.into());
        self
    }

    /// The types of `authorization_details` that the API reads (RFC 9396), e.g. `payout_limit`.
    #[must_use]
    pub fn authorization_details<S: Into<String>>(mut self, types: impl IntoIterator<Item = S>) -> Self {
        self.authorization_details_types_supported = types.into_iter().map(Into::into).collect();
        self
    }

    /// The algorithms of proofs of possession that the API takes (RFC 9449).
    #[must_use]
    pub fn proof_algorithms<S: Into<String>>(mut self, algorithms: impl IntoIterator<Item = S>) -> Self {
        self.dpop_signing_alg_values_supported = algorithms.into_iter().map(Into::into).collect();
        self
    }

    /// The path at which the API serves the document.
    pub fn path(&self) -> String {
        format!("{WELL_KNOWN}{}", self.parts().map_or("", |(_, path, _)| path))
    }

    /// The document's address; none when the identifier is not an `https` or `http` address.
    pub fn url(&self) -> Option<String> {
        let (origin, path, query) = self.parts()?;
        Some(format!("{origin}{WELL_KNOWN}{path}{query}"))
    }

    /// The document as JSON.
    pub fn to_json(&self) -> String {
        // Nothing in it can fail to be written.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Origin, path without the slash that stands alone, and query with its mark.
    fn parts(&self) -> Option<(&str, &str, &str)> {
        let scheme = ["https://", "http://"].into_iter().find(|scheme| self.resource.starts_with(scheme))?;
        let authority = self.resource.get(scheme.len()..)?;
        let end = authority.find(['/', '?']).map_or(self.resource.len(), |at| scheme.len() + at);
        let (origin, rest) = self.resource.split_at_checked(end)?;
        let (path, query) = rest.split_at_checked(rest.find('?').unwrap_or(rest.len()))?;
        Some((origin, if path == "/" { "" } else { path }, query))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md1_the_well_known_part_is_inserted_and_not_appended() {
        for (resource, path, url) in [
            ("https://a.example", "", "https://a.example/.well-known/oauth-protected-resource"),
            ("https://a.example/", "", "https://a.example/.well-known/oauth-protected-resource"),
            ("http://a.example:81/x/y", "/x/y", "http://a.example:81/.well-known/oauth-protected-resource/x/y"),
            ("https://a.example/x?k=1", "/x", "https://a.example/.well-known/oauth-protected-resource/x?k=1"),
            ("https://a.example?k=1", "", "https://a.example/.well-known/oauth-protected-resource?k=1"),
        ] {
            let document = ResourceMetadata::new(resource, "https://i.example");
            assert_eq!(document.path(), format!("{WELL_KNOWN}{path}"), "{resource}");
            assert_eq!(document.url().unwrap(), url);
        }
        let urn = ResourceMetadata::new("urn:example:payments", "https://i.example");
        assert_eq!((urn.url(), urn.path().as_str()), (None, WELL_KNOWN));
    }

    #[test]
    fn md3_members_without_an_element_are_left_out() {
        let document = ResourceMetadata::new("https://a.example", "https://i.example");
        let written = r#"{"resource":"https://a.example","authorization_servers":["https://i.example"],"bearer_methods_supported":["header"]}"#;
        assert_eq!(document.to_json(), written);
        let full = document
            .scopes(["a"])
            .name("A")
            .documentation("https://a.example/docs")
            .authorization_details(["payout_limit"])
            .proof_algorithms(["ES256"])
            .to_json();
        let full: serde_json::Value = serde_json::from_str(&full).unwrap();
        assert_eq!(full.as_object().unwrap().len(), 8);
        assert_eq!(full["scopes_supported"], serde_json::json!(["a"]));
    }
}
