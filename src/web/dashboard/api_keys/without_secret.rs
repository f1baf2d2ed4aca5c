//! How a program takes a token with a key that has no secret: the same request by an assertion, a workload's token, or a
//! certificate.

use super::credential::Credential;
use super::snippets::Snippet;
use crate::domain::api_key::AuthMethod;
use crate::oauth::metadata::paths;
use crate::web::state::State;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the programs ask with.
#[derive(Clone, Copy, Debug)]
pub(in crate::web::dashboard) struct Prover<'a> {
    pub(in crate::web::dashboard) issuer: &'a str,
    /// Where clients with certificates are to go.
    pub(in crate::web::dashboard) certificate_base: &'a str,
    pub(in crate::web::dashboard) client_id: &'a str,
    pub(in crate::web::dashboard) credential: &'a Credential,
    /// What is asked for beside the grant type: names and values.
    pub(in crate::web::dashboard) parameters: &'a [(&'static str, &'a str)],
}

/// Where clients with certificates are to go.
pub(in crate::web::dashboard) fn certificate_base(state: &State) -> &str {
    state.issuer.mutual_tls.as_ref().and_then(|settings| settings.base_url.as_deref()).unwrap_or(&state.issuer.issuer)
}

impl Prover<'_> {
    /// The programs, the shortest first; none for a key with a secret.
    pub(in crate::web::dashboard) fn programs(&self) -> Vec<Snippet> {
        match self.credential.method() {
            Some(AuthMethod::PrivateKeyJwt) => vec![
                Snippet {
                    id: "python",
                    label: "Python",
                    note: "pip install requests pyjwt[crypto]",
                    code: self.python_with_assertion(),
                },
                Snippet { id: "node", label: "Node", note: "npm install jose", code: self.node_with_assertion() },
            ],
            Some(AuthMethod::WorkloadJwt) => vec![
                Snippet {
                    id: "curl",
                    label: "curl",
                    note: "the platform's token stands in a file",
                    code: self.curl_of_workload(),
                },
                Snippet {
                    id: "kubernetes",
                    label: "Kubernetes",
                    note: "the pod's volume with that file",
                    code: self.kubernetes(),
                },
            ],
            Some(AuthMethod::TlsClientAuth | AuthMethod::SelfSignedTlsClientAuth) => vec![
                Snippet {
                    id: "curl",
                    label: "curl",
                    note: "certificate and private key as PEM",
                    code: self.curl_with_certificate(),
                },
                Snippet { id: "python", label: "Python", note: "pip install requests", code: self.python_with_certificate() },
            ],
            Some(AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost) | None => Vec::new(),
        }
    }

    fn endpoint(&self) -> String {
        let base = if self.credential.uses_certificate() { self.certificate_base } else { self.issuer };
        format!("{}{}", base.trim_end_matches('/'), paths::TOKEN)
    }

    /// `-d name=value` for each parameter, a line each.
    fn curl_parameters(&self) -> String {
        let line = |(name, value): &(&str, &str)| format!(" \\\n    --data-urlencode '{name}={}'", value.replace('\'', "'\\''"));
        self.parameters.iter().map(line).collect()
    }

    /// `"name": "value", ` for each parameter, for Python and JavaScript, on lines of their own.
    fn members(&self, indent: &str, quote: char) -> String {
        let escaped = |text: &str| text.replace('\\', "\\\\").replace(quote, &format!("\\{quote}")).replace(['\n', '\r'], " ");
        let name_of = |name: &str| if quote == '"' { format!("\"{name}\"") } else { name.to_owned() };
        let line = |(name, value): &(&str, &str)| format!("{indent}{}: {quote}{}{quote},\n", name_of(name), escaped(value));
        self.parameters.iter().map(line).collect()
    }

    /// The algorithm and the name of the first registered key; of published ones nothing is known here.
    fn key(&self) -> (String, Option<String>) {
        let key = self.credential.public_keys().into_iter().next();
        // Of an RSA key the later one: PS256 is taken everywhere.
        let algorithm = key.as_ref().and_then(|key| key.algorithms.rsplit(", ").next().map(str::to_owned));
        let kid =
            key.and_then(|key| key.kid).filter(|kid| kid.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:=".contains(&b)));
        (algorithm.unwrap_or_else(|| "ES256".to_owned()), kid)
    }

    fn python_with_assertion(&self) -> String {
        let (algorithm, kid) = self.key();
        let kid = kid.map(|kid| format!("\n    headers={{\"kid\": \"{kid}\"}},")).unwrap_or_default();
        let Self { client_id, issuer, .. } = self;
        format!(
            "import time\nimport uuid\n\nimport jwt\nimport requests\n\nnow = int(time.time())\nassertion = jwt.encode(\n    \
             {{\n        \"iss\": \"{client_id}\",\n        \"sub\": \"{client_id}\",\n        \"aud\": \"{issuer}\",\n        \
             \"iat\": now,\n        \"exp\": now + 60,\n        \"jti\": str(uuid.uuid4()),\n    }},\n    open(\"private-key.pem\").read(),\n    algorithm=\"{algorithm}\",{kid}\n)\n\
             answer = requests.post(\n    \"{}\",\n    data={{\n        \"grant_type\": \"client_credentials\",\n        \
             \"client_assertion_type\": \"{ASSERTION_TYPE}\",\n        \"client_assertion\": assertion,\n{}    }},\n    \
             timeout=10,\n)\nanswer.raise_for_status()\ntoken = answer.json()[\"access_token\"]\n",
            self.endpoint(),
            self.members("        ", '"')
        )
    }

    fn node_with_assertion(&self) -> String {
        let (algorithm, kid) = self.key();
        let kid = kid.map(|kid| format!(", kid: '{kid}'")).unwrap_or_default();
        let Self { client_id, issuer, .. } = self;
        format!(
            "import {{ randomUUID }} from 'node:crypto'\nimport {{ readFile }} from 'node:fs/promises'\n\
             import {{ importPKCS8, SignJWT }} from 'jose'\n\n\
             const key = await importPKCS8(await readFile('private-key.pem', 'utf8'), '{algorithm}')\n\
             const assertion = await new SignJWT()\n  .setProtectedHeader({{ alg: '{algorithm}'{kid} }})\n  \
             .setIssuer('{client_id}')\n  .setSubject('{client_id}')\n  .setAudience('{issuer}')\n  .setIssuedAt()\n  \
             .setExpirationTime('60s')\n  .setJti(randomUUID())\n  .sign(key)\n\
             const answer = await fetch('{}', {{\n  method: 'POST',\n  body: new URLSearchParams({{\n    \
             grant_type: 'client_credentials',\n    client_assertion_type: '{ASSERTION_TYPE}',\n    \
             client_assertion: assertion,\n{}  }}),\n}})\nif (!answer.ok) throw new Error(await answer.text())\n\
             const {{ access_token: token }} = await answer.json()\n",
            self.endpoint(),
            self.members("    ", '\'')
        )
    }

    fn curl_of_workload(&self) -> String {
        format!(
            "curl -d grant_type=client_credentials \\\n    -d client_id={} \\\n    -d client_assertion_type={ASSERTION_TYPE} \\\n    \
             --data-urlencode client_assertion@/var/run/secrets/claviger/token{} \\\n    {}",
            self.client_id,
            self.curl_parameters(),
            self.endpoint()
        )
    }

    fn kubernetes(&self) -> String {
        let audience = self.credential.trusted_issuer.as_ref().map_or(self.issuer, |trusted| trusted.audience.as_str());
        format!(
            "containers:\n  - volumeMounts:\n      - name: claviger\n        mountPath: /var/run/secrets/claviger\n        \
             readOnly: true\nvolumes:\n  - name: claviger\n    projected:\n      sources:\n        - serviceAccountToken:\n            \
             path: token\n            audience: {}\n            expirationSeconds: 600\n",
            serde_json::Value::from(audience)
        )
    }

    fn curl_with_certificate(&self) -> String {
        format!(
            "curl --cert client.pem --key client-key.pem \\\n    -d grant_type=client_credentials \\\n    -d client_id={}{} \\\n    {}",
            self.client_id,
            self.curl_parameters(),
            self.endpoint()
        )
    }

    fn python_with_certificate(&self) -> String {
        format!(
            "import requests\n\nanswer = requests.post(\n    \"{}\",\n    data={{\n        \
             \"grant_type\": \"client_credentials\",\n        \"client_id\": \"{}\",\n{}    }},\n    \
             cert=(\"client.pem\", \"client-key.pem\"),\n    timeout=10,\n)\nanswer.raise_for_status()\n\
             token = answer.json()[\"access_token\"]  # Its API asks for the same certificate.\n",
            self.endpoint(),
            self.client_id,
            self.members("        ", '"')
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn programs(mut members: Value, parameters: &[(&'static str, &str)]) -> Vec<Snippet> {
        members["require_bound_tokens"] = json!(false);
        let credential: Credential = serde_json::from_value(members).unwrap();
        let prover = Prover {
            issuer: "https://auth.example.com",
            certificate_base: "https://mtls.example.com/",
            client_id: "key_1",
            credential: &credential,
            parameters,
        };
        prover.programs()
    }

    #[test]
    fn each_method_has_programs_that_name_the_key_and_what_is_asked_for() {
        let ed25519 = json!({"kty": "OKP", "crv": "Ed25519", "kid": "2026", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let trusted = json!({"issuer": "https://k8s.example.com", "subject": "system:a", "audience": "https://auth.example.com"});
        for (members, endpoint, words) in [
            (
                json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [ed25519]}}),
                "https://auth.example.com/connect/token",
                vec!["EdDSA", "2026", "client_assertion"],
            ),
            (
                json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://k"}),
                "https://auth.example.com/connect/token",
                vec!["ES256", "private-key.pem"],
            ),
            (
                json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a"}),
                "https://mtls.example.com/connect/token",
                vec!["client-key.pem"],
            ),
            (
                json!({"token_endpoint_auth_method": "workload_jwt", "trusted_issuer": trusted}),
                "https://auth.example.com/connect/token",
                vec!["client_assertion@"],
            ),
        ] {
            let found = programs(members, &[("account", "acct_1")]);
            for snippet in found.iter().filter(|snippet| snippet.id != "kubernetes") {
                for part in ["key_1", "acct_1", endpoint].iter().chain(&words) {
                    assert!(snippet.code.contains(part), "{} {part}: {}", snippet.label, snippet.code);
                }
                assert!(!snippet.code.contains("{}") && !snippet.code.contains("{{"), "{}", snippet.code);
            }
        }
        assert!(programs(json!({"token_endpoint_auth_method": "client_secret_basic"}), &[]).is_empty());
    }

    #[test]
    fn nothing_typed_ends_a_text() {
        let members = || json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a"});
        let found = programs(members(), &[("scope", "a'; id; \"b\\")]);
        assert!(found[0].code.contains("'scope=a'\\''; id; \"b\\'"), "{}", found[0].code);
        assert!(found[1].code.contains("\"scope\": \"a'; id; \\\"b\\\\\""), "{}", found[1].code);
    }
}
