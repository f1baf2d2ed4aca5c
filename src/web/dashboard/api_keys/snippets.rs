//! Programs that take a token with a key: the same request in several languages. They read the secret from the environment,
//! where it belongs; the line for a shell holds it, to be tried at once.

use super::words::Holding;

/// A program.
#[derive(Debug)]
pub(in crate::web::dashboard) struct Snippet {
    pub(in crate::web::dashboard) id: &'static str,
    pub(in crate::web::dashboard) label: &'static str,
    /// What it needs.
    pub(in crate::web::dashboard) note: &'static str,
    pub(in crate::web::dashboard) code: String,
}

/// What the programs ask with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    /// The account that has to be named.
    pub(super) account: Option<&'a str>,
    /// Whether id and secret stand in the form.
    pub(super) in_form: bool,
    /// Whether each token must be bound to the program.
    pub(super) bound: bool,
}

/// The account that a token request has to name; `acct_…` where any will do.
pub(super) fn account_to_name(holding: &Holding) -> Option<&str> {
    let has_organization = holding.grants.iter().any(|grant| grant.account_id.is_none());
    let is_one = holding.grants.len() == 1 && holding.accounts().count() == 1;
    if holding.is_admin() || has_organization || is_one {
        return None;
    }
    holding.accounts().next().or(Some("acct_…"))
}

impl Asked<'_> {
    fn endpoint(&self) -> String {
        format!("{}/connect/token", self.issuer)
    }

    /// A line for a shell, with the secret.
    pub(super) fn shell(&self, secret: &str) -> Snippet {
        if self.bound {
            return Snippet {
                id: "claviger",
                label: "claviger",
                note: "openssl genpkey -algorithm ED25519 -out private-key.pem",
                code: self.claviger(secret),
            };
        }
        Snippet { id: "curl", label: "curl", note: "", code: self.curl(secret) }
    }

    /// `curl` signs no proofs.
    fn claviger(&self, secret: &str) -> String {
        let Self { issuer, client_id, account, .. } = self;
        let account = account.map(|id| format!(" \\\n    --account {id}")).unwrap_or_default();
        format!(
            "CLAVIGER_CLIENT_SECRET={secret} claviger token --url {issuer} \\\n    --client-id {client_id}{account} \\\n    \
             --dpop-key private-key.pem"
        )
    }

    fn curl(&self, secret: &str) -> String {
        let Self { client_id, account, in_form, .. } = self;
        let proof = if *in_form {
            format!("-d client_id={client_id} \\\n    -d client_secret={secret}")
        } else {
            format!("-u {client_id}:{secret}")
        };
        let account = account.map(|id| format!(" \\\n    -d account={id}")).unwrap_or_default();
        format!("curl {proof} \\\n    -d grant_type=client_credentials{account} \\\n    {}", self.endpoint())
    }

    /// The other languages; where a proof has to be signed, a library does that, each in its own way.
    pub(super) fn programs(&self) -> Vec<Snippet> {
        if self.bound {
            return Vec::new();
        }
        vec![
            Snippet { id: "python", label: "Python", note: "pip install requests", code: self.python() },
            Snippet { id: "node", label: "Node", note: "Node 18 or later, nothing else", code: self.node() },
            Snippet { id: "go", label: "Go", note: "go get golang.org/x/oauth2", code: self.go() },
            Snippet { id: "java", label: "Java", note: "Java 17 or later, nothing else", code: self.java() },
        ]
    }

    fn python(&self) -> String {
        let proof = if self.in_form {
            format!(
                "    data={{\n        \"grant_type\": \"client_credentials\",\n        \"client_id\": \"{}\",\n        \
                 \"client_secret\": os.environ[\"CLIENT_SECRET\"],{}\n    }},\n",
                self.client_id,
                self.member("\n        \"account\": \"", "\",")
            )
        } else {
            format!(
                "    auth=(\"{}\", os.environ[\"CLIENT_SECRET\"]),\n    data={{\"grant_type\": \"client_credentials\"{}}},\n",
                self.client_id,
                self.member(", \"account\": \"", "\"")
            )
        };
        format!(
            "import os\n\nimport requests\n\nanswer = requests.post(\n    \"{}\",\n{proof}    timeout=10,\n)\n\
             answer.raise_for_status()\ntoken = answer.json()[\"access_token\"]\n",
            self.endpoint()
        )
    }

    fn node(&self) -> String {
        let (headers, fields) = if self.in_form {
            (String::new(), format!("\n    client_id: '{}',\n    client_secret: process.env.CLIENT_SECRET,", self.client_id))
        } else {
            let basic = format!(
                "  headers: {{\n    authorization: 'Basic ' + btoa(`{}:${{process.env.CLIENT_SECRET}}`),\n  }},\n",
                self.client_id
            );
            (basic, String::new())
        };
        format!(
            "const answer = await fetch('{}', {{\n  method: 'POST',\n{headers}  body: new URLSearchParams({{\n    \
             grant_type: 'client_credentials',{fields}{}\n  }}),\n}})\nif (!answer.ok) throw new Error(await answer.text())\n\
             const {{ access_token: token }} = await answer.json()\n",
            self.endpoint(),
            self.member("\n    account: '", "',")
        )
    }

    fn go(&self) -> String {
        let style = if self.in_form { "oauth2.AuthStyleInParams" } else { "oauth2.AuthStyleInHeader" };
        let (import, parameters) = match self.account {
            None => ("", String::new()),
            Some(id) => ("\t\"net/url\"\n", format!("\t\tEndpointParams: url.Values{{\"account\": {{\"{id}\"}}}},\n")),
        };
        let imports = format!("\t\"context\"\n\t\"log\"\n{import}\t\"os\"\n");
        format!(
            "package main\n\nimport (\n{imports}\n\t\"golang.org/x/oauth2\"\n\t\"golang.org/x/oauth2/clientcredentials\"\n)\n\n\
             func main() {{\n\tconfig := clientcredentials.Config{{\n\t\tClientID:     \"{}\",\n\t\t\
             ClientSecret: os.Getenv(\"CLIENT_SECRET\"),\n\t\tTokenURL:     \"{}\",\n\t\tAuthStyle:    {style},\n{parameters}\t}}\n\
             \t// Keeps the token and takes the next one in time.\n\tclient := config.Client(context.Background())\n\
             \tanswer, err := client.Get(\"https://payments.example.com/\")\n\tif err != nil {{\n\t\tlog.Fatal(err)\n\t}}\n\
             \tdefer answer.Body.Close()\n}}\n",
            self.client_id,
            self.endpoint()
        )
    }

    fn java(&self) -> String {
        let account = self.member("&account=", "");
        let (body, header, import) = if self.in_form {
            (
                format!("\"grant_type=client_credentials&client_id={}&client_secret=\" + secret{}", self.client_id, {
                    if account.is_empty() { String::new() } else { format!(" + \"{account}\"") }
                }),
                String::new(),
                "",
            )
        } else {
            let basic = format!(
                "        var basic = Base64.getEncoder().encodeToString((\"{}:\" + secret).getBytes());\n",
                self.client_id
            );
            (format!("\"grant_type=client_credentials{account}\""), basic, "import java.util.Base64;\n")
        };
        let authorization = if self.in_form { "" } else { "            .header(\"Authorization\", \"Basic \" + basic)\n" };
        format!(
            "import java.net.URI;\nimport java.net.http.HttpClient;\nimport java.net.http.HttpRequest;\n\
             import java.net.http.HttpResponse;\n{import}\npublic class TakeToken {{\n    \
             public static void main(String[] arguments) throws Exception {{\n        \
             var secret = System.getenv(\"CLIENT_SECRET\");\n{header}        var request = HttpRequest.newBuilder(\n                \
             URI.create(\"{}\"))\n{authorization}            \
             .header(\"Content-Type\", \"application/x-www-form-urlencoded\")\n            \
             .POST(HttpRequest.BodyPublishers.ofString({body}))\n            .build();\n        \
             var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());\n        \
             System.out.println(answer.body()); // JSON with access_token and expires_in\n    }}\n}}\n",
            self.endpoint()
        )
    }

    /// The account between two texts, when it has to be named.
    fn member(&self, before: &str, after: &str) -> String {
        self.account.map(|id| format!("{before}{id}{after}")).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn asked(account: Option<&'static str>, in_form: bool) -> Asked<'static> {
        Asked { issuer: "https://auth.example.com", client_id: "key_1", account, in_form, bound: false }
    }

    #[test]
    fn a_line_for_the_shell_holds_all_that_it_needs() {
        assert_eq!(
            asked(None, false).curl("clv_x"),
            "curl -u key_1:clv_x \\\n    -d grant_type=client_credentials \\\n    https://auth.example.com/connect/token"
        );
        assert_eq!(
            asked(Some("acct_1"), true).curl("clv_x"),
            "curl -d client_id=key_1 \\\n    -d client_secret=clv_x \\\n    -d grant_type=client_credentials \\\n    \
             -d account=acct_1 \\\n    https://auth.example.com/connect/token"
        );
    }

    #[test]
    fn a_bound_token_is_taken_with_a_proof() {
        let bound = Asked { bound: true, ..asked(Some("acct_1"), false) };
        let line = bound.shell("clv_x").code;
        assert!(line.starts_with("CLAVIGER_CLIENT_SECRET=clv_x claviger token --url https://auth.example.com \\\n"), "{line}");
        assert!(line.contains("--account acct_1") && line.ends_with("--dpop-key private-key.pem"), "{line}");
        assert!(bound.programs().is_empty());
    }

    #[test]
    fn every_program_names_the_key_and_the_account_and_no_secret() {
        for in_form in [false, true] {
            for snippet in asked(Some("acct_1"), in_form).programs() {
                for part in ["key_1", "acct_1", "CLIENT_SECRET", "client"] {
                    assert!(snippet.code.contains(part), "{} {part}: {}", snippet.label, snippet.code);
                }
                assert!(!snippet.code.contains("{}") && !snippet.code.contains("clv_"), "{}", snippet.code);
            }
            for snippet in asked(None, in_form).programs() {
                assert!(!snippet.code.contains("account"), "{}", snippet.code);
            }
        }
    }

    #[test]
    fn an_account_is_named_where_a_request_without_one_is_refused() {
        let named = |grants: serde_json::Value| {
            let holding: Holding = serde_json::from_value(json!({"kind": "scoped", "grants": grants})).unwrap();
            account_to_name(&holding).map(str::to_owned)
        };
        let at = |id: serde_json::Value| json!({"account_id": id, "scopes": ["a"]});
        assert_eq!(named(json!([at(json!(null)), at(json!("acct_1"))])), None);
        assert_eq!(named(json!([at(json!("acct_1"))])), None);
        assert_eq!(named(json!([at(json!("acct_1")), at(json!("acct_2"))])).as_deref(), Some("acct_1"));
        assert_eq!(named(json!([at(json!("*"))])).as_deref(), Some("acct_…"));
        assert_eq!(named(json!([at(json!("*")), at(json!("acct_2"))])).as_deref(), Some("acct_2"));
    }
}
