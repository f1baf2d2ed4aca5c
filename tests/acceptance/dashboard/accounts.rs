//! Accounts and the organization's name.

use serde_json::json;

use crate::support::on_both;

const EVIL: &str = "<img src=x onerror=alert(1)>";

on_both!(accounts_are_listed_searched_and_paged, |app| {
    let key = app.token_of(&app.integrator());
    for number in 0..60 {
        let name = if number == 7 { EVIL.to_owned() } else { format!("Shop {number}") };
        app.api("POST", "/accounts").bearer(&key).json(&json!({"name": name})).succeeds(201);
    }
    for role in ["developer", "admin", "owner"] {
        let visitor = app.at_pages(role);
        let first = visitor.page("/accounts");
        assert!(first.contains("Shop 59") && !first.contains(EVIL) && first.contains("Next page"), "{first}");
        assert_eq!(first.contains("/accounts/new"), role == "owner", "{role}");
        let next =
            first.split("href=\"").find_map(|rest| rest.split('"').next().filter(|href| href.contains("cursor="))).unwrap();
        let second = visitor.page(&next.replace("&amp;", "&").replace("&#38;", "&"));
        assert!(second.contains("Shop 0<") && !second.contains("Shop 59<") && second.contains("First page"), "{second}");
        let found = visitor.page("/accounts?search=onerror");
        assert!(found.contains("&#60;img") && !found.contains("Shop 1<"), "{found}");
        assert!(found.contains("/api-keys?account_id=acct_"));
        assert!(visitor.page("/accounts?search=nothing-like-it").contains("No account"));
    }
});

on_both!(owners_create_and_rename_accounts, |app| {
    let owner = app.at_pages("owner");
    for (name, word) in [("", "name-error"), (" ", "name-error"), (&*"x".repeat(65), "name-error")] {
        let page = owner.is_asked_to_mend("/accounts", &[("name", name)], word);
        assert!(page.contains("aria-invalid=\"true\"") && page.contains(&format!("value=\"{}\"", name.trim())), "{page}");
    }
    let made = owner.does("/accounts", &[("name", EVIL)]);
    let path = made.strip_suffix("?notice=account-created").unwrap().to_owned();
    let page = owner.page(&made);
    assert!(page.contains("The account is created") && page.contains("&#60;img"), "{page}");
    assert_eq!(owner.does(&path, &[("name", "Shop Porto")]), format!("{path}?notice=account-renamed"));
    assert!(owner.page(&path).contains("<h1>Shop Porto</h1>"));
    let kept = owner.is_asked_to_mend(&path, &[("name", &"y".repeat(65))], "name-error");
    assert!(kept.contains("<h1>Shop Porto</h1>") && kept.contains(&"y".repeat(65)), "{kept}");
    for role in ["developer", "admin"] {
        let visitor = app.at_pages(role);
        assert!(!visitor.page(&path).contains("name=\"name\""), "{role}");
        assert_eq!(visitor.get("/accounts/new").status, 403, "{role}");
        assert_eq!(visitor.post("/accounts", &[("name", "x")]).status, 403, "{role}");
        assert_eq!(visitor.post(&path, &[("name", "x")]).status, 403, "{role}");
    }
    assert_eq!(owner.post_bare("/accounts", &[("name", "x")]).status, 403, "no form_token");
    assert_eq!(owner.get("/accounts/acct_01hf7yat00000000000000000a").status, 404);
    let elsewhere = app.json(&["accounts", "create", "--organization", &app.fixture.other_organization, "Theirs"]);
    let theirs = format!("/accounts/{}", elsewhere["id"].as_str().unwrap());
    assert_eq!(owner.get(&theirs).status, 404);
    assert_eq!(owner.post(&theirs, &[("name", "Mine")]).status, 404);
});

on_both!(owners_rename_the_organization, |app| {
    let owner = app.at_pages("owner");
    assert_eq!(owner.does("/organization", &[("name", EVIL)]), "/organization?notice=organization-renamed");
    assert!(owner.page("/organization").contains("&#60;img"));
    owner.is_asked_to_mend("/organization", &[("name", "")], "name-error");
    for role in ["developer", "admin"] {
        let visitor = app.at_pages(role);
        assert!(!visitor.page("/organization").contains("name=\"name\""), "{role}");
        assert_eq!(visitor.post("/organization", &[("name", "x")]).status, 403, "{role}");
    }
});
