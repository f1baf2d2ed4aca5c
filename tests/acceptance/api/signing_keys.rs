//! Signing keys by the API.

use serde_json::json;

use crate::support::jwt::published_kids;
use crate::support::on_both;
use crate::support::tools::{output_of, program};

on_both!(operators_see_and_rotate_signing_keys, |app| {
    let operator = app.operator();
    let token = app.token_of(&operator);
    let listed = app.api("GET", "/signing-keys").bearer(&token).succeeds(200);
    assert_eq!(listed["next_cursor"], json!(null));
    let first = &listed["data"][0];
    assert_eq!((&first["state"], &first["algorithm"]), (&json!("signing"), &json!("RS256")));
    assert!(!listed.to_string().contains("private"), "{listed}");

    let next = app.api("POST", "/signing-keys/rotate").bearer(&token).json(&json!({"algorithm": "ES256"})).succeeds(200);
    assert_eq!((&next["state"], &next["algorithm"]), (&json!("published"), &json!("ES256")));
    assert_eq!(published_kids(app).len(), 2);
    let now =
        app.api("POST", "/signing-keys/rotate").bearer(&token).json(&json!({"now": true, "algorithm": "EdDSA"})).succeeds(200);
    assert_eq!(now["state"], "signing");
    assert_eq!(published_kids(app), [now["kid"].as_str().unwrap()]);
    // The token was signed by a key that is revoked now.
    app.api("GET", "/signing-keys").bearer(&token).refused(401, "invalid_token");
    let token = app.token_of(&operator);
    let listed = app.api("GET", "/signing-keys").bearer(&token).succeeds(200);
    for key in listed["data"].as_array().unwrap() {
        assert_eq!(key["state"], if key["kid"] == now["kid"] { "signing" } else { "revoked" }, "{listed}");
    }
    for bad in [json!({"algorithm": "HS256"}), json!({"now": "yes"}), json!({"kid": "x"})] {
        app.api("POST", "/signing-keys/rotate").bearer(&token).json(&bad).refused(422, "validation_failed");
    }
    let rows = app.audit_rows("signing_key.rotated");
    assert_eq!(rows.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["system", &operator.client_id, &operator.client_id]);
    assert_eq!(rows[2].1, now["kid"].as_str().unwrap());
    assert_eq!(rows[2].3["others_revoked"], true);
    app.json(&["signing-keys", "rotate"]);
    assert_eq!(app.audit_rows("signing_key.rotated")[3].0, "cli");
});

on_both!(mg3_an_imported_key_is_not_echoed, |app| {
    let token = app.token_of(&app.operator());
    let pem = output_of(std::process::Command::new(program("openssl", "openssl")).args(["genpkey", "-algorithm", "ED25519"]));
    let response = app.api("POST", "/signing-keys/import").bearer(&token).json(&json!({"pem": pem})).send();
    assert_eq!(response.status, 200, "{response:?}");
    let private = pem.lines().nth(1).unwrap();
    assert!(!response.text().contains(private), "{response:?}");
    assert_eq!(response.json()["algorithm"], "EdDSA");
    app.api("POST", "/signing-keys/import").bearer(&token).json(&json!({"pem": pem})).refused(409, "conflict");
    let broken = pem.replace("PRIVATE KEY", "PUBLIC KEY");
    for bad in
        [json!({"pem": broken}), json!({"pem": "x"}), json!({"pem": 1}), json!({}), json!({"pem": pem, "algorithm": "RS256"})]
    {
        let problem = app.api("POST", "/signing-keys/import").bearer(&token).json(&bad).refused(422, "validation_failed");
        assert!(!problem.to_string().contains(private), "{problem}");
        assert_eq!(problem["errors"][0]["field"], "pem");
    }
    assert!(!app.log().contains(private));
    let database = app.site.database_bytes();
    assert!(!database.windows(private.len()).any(|window| window == private.as_bytes()));
    assert_eq!(app.audit_rows("signing_key.imported").len(), 1);
});
