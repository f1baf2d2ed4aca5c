//! The audit log's page and its downloads.

use serde_json::{Value, json};

use crate::support::api::small_key;
use crate::support::on_both;

const EVIL: &str = "<img src=x onerror=alert(1)>";

on_both!(the_log_tells_who_did_what_to_what, |app| {
    let owner = app.signed_in("owner");
    let account = owner.api("POST", "/accounts").json(&json!({"name": "Shop Lisbon"})).succeeds(201);
    let id = account["id"].as_str().unwrap();
    owner.api("PATCH", &format!("/accounts/{id}")).json(&json!({"name": EVIL})).succeeds(200);
    let key = owner.api("POST", "/api-keys").json(&small_key("Billing")).succeeds(201);
    let client_id = key["client_id"].as_str().unwrap();
    for role in ["admin", "owner"] {
        let visitor = app.at_pages(role);
        let page = visitor.page("/audit-log");
        assert!(page.contains("Renamed an account") && page.contains("<del>Shop Lisbon</del>"), "{page}");
        assert!(page.contains("<ins>&#60;img src=x onerror=alert(1)&#62;</ins>"), "{page}");
        assert!(page.contains(&format!("href=\"/api-keys/{client_id}\">Billing</a>")), "names and links: {page}");
        assert!(page.contains(&format!("href=\"/users/{}\">{}</a>", owner.login.id, owner.login.email)), "{page}");
        assert!(page.contains("claviger audit verify") && page.contains("127.0.0.1"), "{page}");
    }
    let admin = app.at_pages("admin");
    let by_target = admin.page(&format!("/audit-log?target={id}"));
    assert!(by_target.contains("Created an account") && by_target.contains("Renamed an account"));
    assert!(!by_target.contains("<summary>Created an API key"), "{by_target}");
    let by_actor = admin.page(&format!("/audit-log?actor={}&action=api_key.", owner.login.id));
    assert!(by_actor.contains("<summary>Created an API key") && !by_actor.contains("<summary>Signed in"));
    assert!(by_actor.contains("value=\"api_key.\" selected"), "what was chosen stays chosen");
    assert!(admin.page("/audit-log?outcome=refused&action=account.").contains("No entries match"));
    assert!(admin.page("/audit-log?to=2020-01-01").contains("No entries match"));
    assert!(admin.page("/audit-log?from=2020-01-01").contains("Renamed an account"));
    for (query, word) in [("from=yesterday", "from-error"), ("actor=root", "role=\"alert\""), ("outcome=x", "role=\"alert\"")] {
        let wrong = admin.get(&format!("/audit-log?{query}"));
        assert_eq!(wrong.status, 422, "{wrong:?}");
        assert!(wrong.text().contains(word), "{wrong:?}");
    }
    // Somebody without the right does not see it, nor where it is.
    let developer = app.at_pages("developer");
    assert_eq!(developer.get("/audit-log").status, 403);
    assert_eq!(developer.get("/audit-log/export?format=csv").status, 403);
    assert!(!developer.page("/profile").contains("/audit-log"));
    // What is gone keeps its id.
    owner.api("DELETE", &format!("/api-keys/{client_id}")).succeeds(204);
    let page = admin.page(&format!("/audit-log?target={client_id}"));
    assert!(page.contains(client_id) && !page.contains(&format!("href=\"/api-keys/{client_id}\"")), "{page}");
});

on_both!(the_log_comes_in_pages, |app| {
    let owner = app.signed_in("owner");
    let account = owner.api("POST", "/accounts").json(&json!({"name": "Start"})).succeeds(201);
    let path = format!("/accounts/{}", account["id"].as_str().unwrap());
    for number in 0..60 {
        owner.api("PATCH", &path).json(&json!({"name": format!("Name {number}")})).succeeds(200);
    }
    let admin = app.at_pages("admin");
    let first = admin.page("/audit-log?action=account.");
    assert!(first.contains("<ins>Name 59</ins>") && !first.contains("<ins>Name 0</ins>"), "{first}");
    let next = first.split("href=\"").find_map(|rest| rest.split('"').next().filter(|href| href.contains("cursor="))).unwrap();
    let second = admin.page(&next.replace("&#38;", "&"));
    assert!(second.contains("<ins>Name 0</ins>") && !second.contains("<ins>Name 59"), "{second}");
    assert!(second.contains("value=\"account.\" selected") && second.contains("First page"));
    let file = admin.get(&format!("/audit-log/export?format=jsonl&action=account.&actor={}", owner.login.id)).text();
    assert_eq!(file.lines().count(), 61);
});

on_both!(filtered_rows_are_downloaded_without_formulas, |app| {
    let owner = app.signed_in("owner");
    owner.api("POST", "/accounts").json(&json!({"name": "=HYPERLINK(\"http://evil.example\")"})).succeeds(201);
    let admin = app.at_pages("admin");
    let csv = admin.get(&format!("/audit-log/export?format=csv&action=account.created&actor={}", owner.login.id));
    assert_eq!((csv.status, csv.header("content-type")), (200, Some("text/csv; charset=utf-8")));
    let disposition = csv.header("content-disposition").unwrap();
    assert!(disposition.starts_with("attachment; filename=\"claviger-audit-log-20") && disposition.ends_with(".csv\""));
    let text = csv.text();
    let lines: Vec<&str> = text.split("\r\n").filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[0].starts_with("seq,occurred_at,actor.type"), "{text}");
    assert!(lines[1].contains(&owner.login.id) && lines[1].contains("'=HYPERLINK") && lines[1].contains("account.created"));
    let jsonl = admin.get(&format!("/audit-log/export?format=jsonl&actor={}&action=account.created", owner.login.id)).text();
    let row: Value = serde_json::from_str(jsonl.trim()).unwrap();
    assert_eq!((&row["action"], &row["actor"]["id"]), (&json!("account.created"), &json!(owner.login.id)));
    assert_eq!(row["actor"]["name"], json!(owner.login.email));
    assert_eq!(admin.get("/audit-log/export?format=xml").status, 404);
    let table = app.cli(&["audit", "export", "--format", "csv"]).succeeded().stdout;
    assert!(table.contains("=HYPERLINK") && !table.contains(",="), "{table}");
    assert!(table.starts_with("seq,occurred_at") && table.lines().next().unwrap().trim_end().ends_with("hash"));
});
