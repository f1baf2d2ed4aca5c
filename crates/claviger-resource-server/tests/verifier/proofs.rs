//! Proofs of possession at the resource (RFC 9449 sections 4.3, 7 and 11.1).

use claviger_resource_server::verifier::Presented;
use claviger_resource_server::{AccessToken, Refusal, Verifier};
use serde_json::{Value, json};

use crate::support::signer::{base64url, hs256, sha256};
use crate::support::{NOW, RESOURCE, Signer, World, change};

struct Client {
    world: World,
    key: Signer,
    token: String,
}

impl Client {
    fn new() -> Self {
        Self::with_key(World::new(), Signer::p256(""))
    }

    fn with_key(world: World, key: Signer) -> Self {
        let token = world.token(json!({"cnf": {"jkt": key.thumbprint()}}));
        Self { world, key, token }
    }

    fn header(&self) -> Value {
        json!({"typ": "dpop+jwt", "alg": self.key.alg, "jwk": self.key.numbers()})
    }

    fn claims(&self, id: &str) -> Value {
        json!({"jti": id, "htm": "GET", "htu": format!("{RESOURCE}/payments"), "iat": NOW, "ath": sha256(&self.token)})
    }

    fn proof(&self, id: &str, header: Value, claims: Value) -> String {
        let (mut whole_header, mut whole_claims) = (self.header(), self.claims(id));
        change(&mut whole_header, header);
        change(&mut whole_claims, claims);
        self.key.sign(&whole_header, &whole_claims)
    }

    async fn send(&self, proofs: &[&str]) -> Result<AccessToken, Refusal> {
        send(&self.world.verifier, &self.token, proofs, "/payments").await
    }
}

async fn send(verifier: &Verifier, token: &str, proofs: &[&str], path: &str) -> Result<AccessToken, Refusal> {
    let authorization = format!("DPoP {token}");
    let proofs: Vec<&[u8]> = proofs.iter().map(|proof| proof.as_bytes()).collect();
    let authorization = [authorization.as_bytes()];
    let presented = Presented {
        authorization: &authorization,
        proofs: &proofs,
        method: "GET",
        path,
        query: Some("page=2"),
        certificate: None,
    };
    verifier.authenticate(&presented).await
}

#[tokio::test]
async fn dp2_a_good_proof_is_accepted() {
    let client = Client::new();
    for (id, claims) in [
        ("plain", json!({})),
        ("query and fragment", json!({"htu": format!("{RESOURCE}/payments?x=1#y")})),
        ("default port, other case", json!({"htu": "HTTPS://Payments.Example.com:443/payments"})),
        ("a little old", json!({"iat": NOW - 60})),
        ("a little ahead", json!({"iat": NOW + 10})),
        ("more claims", json!({"nbf": NOW, "exp": NOW + 5, "nonce": "x"})),
    ] {
        let token = client.send(&[&client.proof(id, json!({}), claims)]).await;
        assert_eq!(token.unwrap_or_else(|why| panic!("{id}: {:?}", why.reason())).client_id(), "key_1");
    }
    for key in [Signer::ed25519(""), Signer::rsa("", "PS256"), Signer::rsa("", "RS256")] {
        let client = Client::with_key(World::new(), key);
        client.send(&[&client.proof("x", json!({}), json!({}))]).await.unwrap();
        if client.key.alg == "EdDSA" {
            client.send(&[&client.proof("y", json!({"alg": "Ed25519"}), json!({}))]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn dp2_whatever_else_is_refused() {
    let client = Client::new();
    let other = Signer::p256("");
    let mut with_d = client.key.numbers();
    change(&mut with_d, json!({"d": "AQAB"}));
    let good = client.proof("two headers", json!({}), json!({}));
    let rows: Vec<(&str, Vec<String>)> = vec![
        ("none", vec![]),
        ("two", vec![good.clone(), good.clone()]),
        ("no JWT", vec!["x".into()]),
        ("no typ", vec![client.proof("1", json!({"typ": null}), json!({}))]),
        ("other typ", vec![client.proof("2", json!({"typ": "JWT"}), json!({}))]),
        ("no alg", vec![client.proof("3", json!({"alg": null}), json!({}))]),
        (
            "alg none",
            vec![format!(
                "{}.{}.",
                base64url(json!({"typ": "dpop+jwt", "alg": "none", "jwk": client.key.numbers()}).to_string()),
                base64url(client.claims("4").to_string())
            )],
        ),
        (
            "HS256",
            vec![hs256(b"x", &json!({"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": "eA"}}), &client.claims("5"))],
        ),
        ("another alg", vec![client.proof("6", json!({"alg": "EdDSA"}), json!({}))]),
        ("no jwk", vec![client.proof("7", json!({"jwk": null}), json!({}))]),
        ("private jwk", vec![client.proof("8", json!({"jwk": with_d}), json!({}))]),
        ("another's jwk", vec![client.proof("9", json!({"jwk": other.numbers()}), json!({}))]),
        ("crit", vec![client.proof("10", json!({"crit": ["x"]}), json!({}))]),
        ("signature", vec![other.sign(&client.header(), &client.claims("11"))]),
        (
            "another key",
            vec![other.sign(&json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": other.numbers()}), &client.claims("12"))],
        ),
        ("no jti", vec![client.proof("13", json!({}), json!({"jti": null}))]),
        ("empty jti", vec![client.proof("", json!({}), json!({}))]),
        ("long jti", vec![client.proof(&"x".repeat(257), json!({}), json!({}))]),
        ("huge jti", vec![client.proof(&"x".repeat(8192), json!({}), json!({}))]),
        ("no htm", vec![client.proof("14", json!({}), json!({"htm": null}))]),
        ("other htm", vec![client.proof("15", json!({}), json!({"htm": "PUT"}))]),
        ("htm case", vec![client.proof("16", json!({}), json!({"htm": "get"}))]),
        ("no htu", vec![client.proof("17", json!({}), json!({"htu": null}))]),
        ("other path", vec![client.proof("18", json!({}), json!({"htu": format!("{RESOURCE}/payouts")}))]),
        ("other host", vec![client.proof("19", json!({}), json!({"htu": "https://evil.example/payments"}))]),
        ("other scheme", vec![client.proof("20", json!({}), json!({"htu": "http://payments.example.com/payments"}))]),
        ("no iat", vec![client.proof("21", json!({}), json!({"iat": null}))]),
        ("an hour old", vec![client.proof("22", json!({}), json!({"iat": NOW - 3600}))]),
        ("71 s old", vec![client.proof("23", json!({}), json!({"iat": NOW - 71}))]),
        ("an hour ahead", vec![client.proof("24", json!({}), json!({"iat": NOW + 3600}))]),
        ("text as iat", vec![client.proof("25", json!({}), json!({"iat": NOW.to_string()}))]),
        ("no ath", vec![client.proof("26", json!({}), json!({"ath": null}))]),
        ("other ath", vec![client.proof("27", json!({}), json!({"ath": sha256("x")}))]),
    ];
    for (name, proofs) in rows {
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let refusal = client.send(&proofs).await.expect_err(name);
        assert_eq!((refusal.status(), refusal.code()), (401, "invalid_dpop_proof"), "{name}");
        let challenges = refusal.challenges();
        assert!(challenges.len() == 1 && challenges[0].starts_with("DPoP realm="), "{challenges:?}");
        assert!(challenges[0].contains("algs=\"RS256 PS256 ES256 EdDSA Ed25519\""), "{challenges:?}");
    }
    client.send(&[&good]).await.unwrap();
}

#[tokio::test]
async fn dp2_a_path_cannot_name_another_host() {
    let client = Client::new();
    let proof = client.proof("x", json!({}), json!({"htu": "https://evil.example/payments"}));
    let refusal = send(&client.world.verifier, &client.token, &[&proof], "//evil.example/payments").await.unwrap_err();
    assert_eq!(refusal.code(), "invalid_dpop_proof");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dp4_a_proof_is_taken_once() {
    let client = std::sync::Arc::new(Client::new());
    // The keys are there, so that all fifty really meet at the proof.
    client.world.verifier.warm_up().await.unwrap();
    let proof = client.proof("once", json!({}), json!({}));
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let (client, proof) = (client.clone(), proof.clone());
            tokio::spawn(async move { client.send(&[&proof]).await.is_ok() })
        })
        .collect();
    let mut accepted = 0;
    for task in tasks {
        accepted += usize::from(task.await.unwrap());
    }
    assert_eq!(accepted, 1);
    // The same id of another key is another proof.
    let other = Client::new();
    other.send(&[&other.proof("once", json!({}), json!({}))]).await.unwrap();
}

#[tokio::test]
async fn dp1_a_token_that_is_not_bound_needs_no_proof_and_helps_itself_to_none() {
    let client = Client::new();
    let plain = client.world.token(json!({}));
    let refusal =
        send(&client.world.verifier, &plain, &[&client.proof("x", json!({}), json!({}))], "/payments").await.unwrap_err();
    assert_eq!(refusal.code(), "invalid_token");
}

#[tokio::test]
async fn dp1_an_api_may_refuse_all_proofs() {
    let client = Client::with_key(World::with(|builder| builder.without_proofs()), Signer::p256(""));
    let refusal = client.send(&[&client.proof("x", json!({}), json!({}))]).await.unwrap_err();
    assert_eq!(refusal.code(), "invalid_token");
    assert!(refusal.challenges()[0].starts_with("Bearer "));
}
