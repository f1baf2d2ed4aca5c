//! Resource servers and scopes.

use super::EVIL;
use crate::support::api::PLATFORM;
use crate::support::{PAYMENTS, on_both};

on_both!(operators_make_edit_and_delete_resource_servers_and_scopes, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let list = owner.page("/operator/catalogue");
    for word in ["payments:read", PAYMENTS, "Built in", "catalogue:write", "server:read"] {
        assert!(list.contains(word), "{word}: {list}");
    }
    let servers = "/operator/catalogue/resource-servers";
    let kept = owner.is_asked_to_mend(&format!("{servers}/new"), &[("identifier", "no uri"), ("name", EVIL)], "identifier-error");
    assert!(kept.contains("value=\"no uri\"") && kept.contains("value=\"&#60;img"), "{kept}");
    let made = owner.does(&format!("{servers}/new"), &[("identifier", "urn:ledger"), ("name", EVIL)]);
    assert_eq!(made, "/operator/catalogue?notice=resource-server-created");
    let list = owner.page("/operator/catalogue");
    assert!(list.contains("urn:ledger") && list.contains("nobody can get a token for this API"), "{list}");
    let all = app.json(&["resource-servers", "list"]);
    let ledger = all.as_array().unwrap().iter().find(|server| server["identifier"] == "urn:ledger").unwrap()["id"].clone();
    let ledger = ledger.as_str().unwrap();
    owner.does(&format!("{servers}/{ledger}"), &[("name", "Ledger")]);
    let page = owner.page(&format!("{servers}/{ledger}"));
    assert!(page.contains("<h1>Ledger</h1>"), "{page}");

    let scopes = "/operator/catalogue/scopes";
    let wrong = [("name", "bad scope"), ("resource_server", ledger), ("level", "account"), ("description", EVIL)];
    let kept = owner.is_asked_to_mend(&format!("{scopes}/new"), &wrong, "id=\"name-error\"");
    for word in ["value=\"bad scope\"", "<option value=\"account\" selected>", "value=\"&#60;img"] {
        assert!(kept.contains(word), "{word}: {kept}");
    }
    assert!(kept.contains(&format!("<option value=\"{ledger}\" selected>")), "{kept}");
    let scope = |name: &'static str, implies: &'static str| {
        vec![("name", name), ("resource_server", ledger), ("level", "organization"), ("description", EVIL), ("implies", implies)]
    };
    let kept = owner.is_asked_to_mend(&format!("{scopes}/new"), &scope("ledger:write", "disputes:read"), "implies-error");
    assert!(kept.contains("has another level"), "{kept}");
    let mut plain = scope("ledger:read", "");
    plain.pop();
    assert_eq!(owner.does(&format!("{scopes}/new"), &plain), "/operator/catalogue?notice=scope-created");
    owner.does(&format!("{scopes}/new"), &scope("ledger:write", "ledger:read"));
    let id = |name: &str| {
        let all = app.json(&["scopes", "list"]);
        all.as_array().unwrap().iter().find(|scope| scope["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (read, write) = (id("ledger:read"), id("ledger:write"));
    let page = owner.page(&format!("{scopes}/{write}"));
    assert!(page.contains("value=\"ledger:read\" checked") && !page.contains("value=\"disputes:read\""), "{page}");

    // What is in use stays, and the page says by whom.
    let in_use = |path: &str, sentence: &str| {
        let response = owner.post(path, &[]);
        assert_eq!(response.status, 409, "{response:?}");
        assert!(response.text().contains(sentence), "{response:?}");
    };
    in_use(&format!("{servers}/{ledger}/delete"), "2 scopes belong to this resource server; delete them first.");
    in_use(&format!("{scopes}/{read}/delete"), "The scope ledger:write implies this one.");
    in_use(&format!("{scopes}/{}/delete", id("payments:read")), "this one.");
    owner.does(&format!("{scopes}/{write}"), &[("description", "Book")]);
    let shown = app.json(&["scopes", "list"]);
    let shown = shown.as_array().unwrap().iter().find(|scope| scope["name"] == "ledger:write").unwrap();
    assert_eq!((&shown["description"], &shown["implies"]), (&"Book".into(), &serde_json::json!([])));
    app.key_with_grants(&["ledger:write"]);
    in_use(&format!("{scopes}/{write}/delete"), "There are API keys whose grants name this scope.");
    owner.does(&format!("{scopes}/{read}/delete"), &[]);
    assert_eq!(owner.get(&format!("{scopes}/{read}")).status, 404);
});

on_both!(what_is_built_in_can_not_be_changed, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let scope = "/operator/catalogue/scopes/scope_0000000000000000000000000h";
    let server = "/operator/catalogue/resource-servers/rs_00000000000000000000000000";
    for path in [scope, server] {
        let page = owner.page(path);
        let main = page.split_once("<main").unwrap().1;
        assert!(main.contains("part of the program") && !main.contains("method=\"post\""), "{main}");
        let fields: &[(&str, &str)] = if path == scope { &[("description", "Mine")] } else { &[("name", "Mine")] };
        assert_eq!(owner.post(path, fields).status, 403, "{path}");
        assert_eq!(owner.post(&format!("{path}/delete"), &[]).status, 403, "{path}");
    }
    // Nor be had by way of another scope.
    let form = owner.page("/operator/catalogue/scopes/new");
    assert!(!form.contains("value=\"server:read\"") && form.contains("value=\"payments:read\""), "{form}");
});
