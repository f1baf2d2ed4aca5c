//! What a list of keys can be asked for.

use serde_json::{Value, json};

use crate::support::api::all_pages;
use crate::support::on_both;

on_both!(keys_are_found_by_name_id_kind_account_and_state, |app| {
    let token = app.token_of(&app.integrator());
    let account = app.fixture.account_1.as_str();
    let make = |name: &str, grant: Value| app.api_create(&token, &json!({"name": name, "grants": [grant]})).client_id;
    let here = |scopes: Value| json!({"account_id": null, "scopes": scopes});
    let percent = make("100% Größe_1", here(json!(["a"])));
    let upper = make("NIGHTLY Export", here(json!(["b"])));
    let shop = make("Shop one", json!({"account_id": account, "scopes": ["disputes:read"]}));
    let wide = make("Every shop", json!({"account_id": "*", "scopes": ["disputes:read"]}));
    let admin = app.create_key(&["--admin", "--account", account]).client_id;
    app.api("POST", &format!("/api-keys/{upper}/disable")).bearer(&token).succeeds(200);
    app.site.sql(&format!("UPDATE api_keys SET expires_at = 1 WHERE client_id = '{shop}'"));

    let found = |query: &str| -> Vec<String> {
        let keys = all_pages(app, &token, &format!("/api-keys?{query}"), 2);
        keys.iter().map(|key| key["client_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(found("search=nightly%20eX"), [upper.as_str()]);
    assert_eq!(found("search=%25"), [percent.as_str()], "no wildcards");
    assert_eq!(found("search=e_1"), [percent.as_str()]);
    assert_eq!(found("search=gr%C3%B6%C3%9FE"), [percent.as_str()]);
    // The case of letters beyond ASCII matters, on both databases.
    assert!(found("search=GR%C3%96").is_empty());
    assert_eq!(found(&format!("search={}", wide.to_uppercase())), [wide.as_str()]);
    assert_eq!(found("kind=admin"), [admin.as_str()]);
    assert!(!found("kind=scoped").contains(&admin));
    assert_eq!(found(&format!("account_id={account}")), [admin.as_str(), shop.as_str()]);
    assert_eq!(found(&format!("account_id={account}&kind=scoped")), [shop.as_str()]);
    assert!(found(&format!("account_id={}", app.fixture.foreign_account)).is_empty());
    assert_eq!(found("state=disabled"), [upper.as_str()]);
    assert_eq!(found("state=expired"), [shop.as_str()]);
    let live = found("state=live");
    assert!(live.contains(&wide) && live.contains(&admin) && !live.contains(&upper) && !live.contains(&shop));
    assert_eq!(found("state=live&search=export"), Vec::<String>::new());
    for bad in ["kind=root", "state=", "account_id=x", "search=%0A", "search=%00", &format!("search={}", "x".repeat(65))] {
        app.api("GET", &format!("/api-keys?{bad}")).bearer(&token).refused(400, "invalid_query");
    }
});
