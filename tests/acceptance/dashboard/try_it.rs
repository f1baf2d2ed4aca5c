//! A token asked for on a page.

use std::time::Duration;

use super::pages::Visitor;
use crate::support::tools::eventually;
use crate::support::{App, Backend, Key, on_both};

const WITHIN: Duration = Duration::from_secs(20);

#[track_caller]
fn asked(visitor: &Visitor<'_>, key: &Key, more: &[(&str, &str)]) -> String {
    let mut fields = vec![("client_id", key.client_id.as_str()), ("client_secret", key.client_secret.as_str())];
    fields.extend_from_slice(more);
    let response = visitor.post("/try-it", &fields);
    assert_eq!(response.status, 200, "{response:?}");
    let page = response.text();
    assert!(!page.contains(&key.client_secret), "the secret is echoed: {page}");
    page
}

on_both!(a_token_is_shown_and_explained_to_every_role, |app| {
    let key = app.key_named("<img src=x onerror=alert(1)>", &["--grant", "payments:write fx", "--max-payout", "55.00"]);
    for role in ["developer", "admin", "owner"] {
        let visitor = app.at_pages(role);
        let form = visitor.page(&format!("/try-it?client_id={}", key.client_id));
        assert!(form.contains("from your address, <code>127.0.0.1</code>") && form.contains("It counts"), "{form}");
        let page = asked(&visitor, &key, &[("scope", " payments:write ")]);
        for words in [
            "Token issued",
            "It lives for 1 hour",
            "at+jwt",
            "Whose it is: the API key.",
            "What it allows, included scopes among them.",
            "payments:read payments:write",
            "55.00",
            "data-copy=\"token\"",
            "$CLIENT_SECRET",
            "scope=payments:write",
        ] {
            assert!(page.contains(words), "{role}: {words}: {page}");
        }
        // It is a real one.
        let token = page.split("id=\"token\"").nth(1).unwrap().split(['>', '<']).nth(1).unwrap();
        assert_eq!(token.split('.').count(), 3, "{token}");
    }
    let usage = || app.at_pages("owner").page(&format!("/usage?client_id={}", key.client_id));
    eventually(WITHIN, "the three tokens in the usage", || usage().contains("<dd>3</dd>").then_some(()));
});

on_both!(a_refusal_is_explained_to_those_whose_key_it_is, |app| {
    let developer = app.at_pages("developer");
    let key = app.key_with_grants(&["a"]);
    let wrong = asked(&developer, &key.with_wrong_secret(), &[]);
    let hint = format!("clv_...{}", &key.client_secret[key.client_secret.len() - 4..]);
    for words in ["Wrong secret", "401 invalid_client", &hint, "What to do:", "told to your organization alone"] {
        assert!(wrong.contains(words), "{words}: {wrong}");
    }
    let scope = asked(&developer, &key, &[("scope", "a b")]);
    assert!(scope.contains("Scope not granted") && scope.contains("It does not hold b there."), "{scope}");
    let target = asked(&developer, &key, &[("account", "acct_01arz3ndektsv4rrffq69g5fav")]);
    assert!(target.contains("400 invalid_target") && target.contains("the key has no grant for this account"), "{target}");
    app.key_command("disable", &key, &[]);
    let says = |words: &str| asked(&developer, &key, &[]).contains(words).then_some(());
    eventually(WITHIN, "it is disabled", || says("It has been disabled since"));
    app.key_command("enable", &key, &[]);
    app.key_command("edit", &key, &["--ip-allow", "192.0.2.0/24"]);
    let page = eventually(WITHIN, "the new allowlist", || {
        let page = asked(&developer, &key, &[]);
        page.contains("400 unauthorized_client").then_some(page)
    });
    assert!(page.contains("Your address is 127.0.0.1.") && page.contains("The allowlist has 192.0.2.0/24."), "{page}");
    // The refusals are those of the token endpoint, in the log too.
    let logged = eventually(WITHIN, "the rows of the audit log", || {
        let rows = app.audited(&format!("target = '{}' AND action = 'token.refused'", key.client_id));
        (rows.len() >= 5).then_some(rows)
    });
    assert!(logged.contains(&"token.refused refused wrong_secret".to_owned()), "{logged:?}");
});

on_both!(a_key_of_another_organization_is_not_explained, |app| {
    let foreign = app.create_in_other(&["keys", "create", "--name", "Theirs", "--grant", "a", "--ip-allow", "192.0.2.0/24"]);
    let owner = app.at_pages("owner");
    let nobody = Key { client_id: "key_01arz3ndektsv4rrffq69g5fav".to_owned(), ..foreign.clone() };
    let refused = |key: &Key| {
        let page = asked(&owner, key, &[]);
        let card = page.split("aria-labelledby=\"refused\"").nth(1).unwrap().split("</section>").next().unwrap();
        card.to_owned()
    };
    let (wrong, unknown) = (refused(&foreign.with_wrong_secret()), refused(&nobody));
    assert_eq!(wrong, unknown, "CA4: whether there is such a key is not told");
    assert!(wrong.contains("401 invalid_client") && wrong.contains("Your organization has no key"), "{wrong}");
    let elsewhere = refused(&foreign);
    assert!(elsewhere.contains("unauthorized_client") && elsewhere.contains("may not be used from this address"), "{elsewhere}");
    assert!(!elsewhere.contains("192.0.2.0") && !elsewhere.contains("Theirs"), "{elsewhere}");
});

on_both!(what_is_missing_comes_back_and_the_rest_stays, |app| {
    let owner = app.at_pages("owner");
    let page =
        owner.is_asked_to_mend("/try-it", &[("client_id", ""), ("scope", "fx a"), ("account", "acct_x")], "client_id-error");
    assert!(
        page.contains("client_secret-error") && page.contains("value=\"fx a\"") && page.contains("value=\"acct_x\""),
        "{page}"
    );
    let page = owner.is_asked_to_mend("/try-it", &[("client_id", "key_1"), ("client_secret", " ")], "client_secret-error");
    assert!(page.contains("value=\"key_1\""), "{page}");
    assert_eq!(owner.post_bare("/try-it", &[("client_id", "key_1"), ("client_secret", "x")]).status, 403, "MG5");
});

on_both!(a_key_that_sends_its_secret_in_the_form_is_tried_so, |app| {
    let key = app.key_named("Post", &["--grant", "a", "--token-endpoint-auth-method", "client_secret_post"]);
    let page = asked(&app.at_pages("owner"), &key, &[]);
    assert!(page.contains("Token issued") && page.contains("client_secret=$CLIENT_SECRET"), "{page}");
});

#[test]
fn the_plan_of_the_key_counts_and_refuses_here_too() {
    let app = App::start(Backend::Sqlite, &[]);
    app.json(&["plans", "create", "one-a-day", "--requests-per-day", "1"]);
    let key = app.key_named("Slow", &["--grant", "a", "--plan", "one-a-day"]);
    let owner = app.at_pages("owner");
    assert!(asked(&owner, &key, &[]).contains("Token issued"));
    let page = asked(&owner, &key, &[]);
    assert!(page.contains("429 temporarily_unavailable") && page.contains("Over the plan") && page.contains("Wait "), "{page}");
    app.token(&key).refused(429, "temporarily_unavailable");
}

#[test]
fn wrong_secrets_here_count_towards_the_brake() {
    let app = App::start(Backend::Sqlite, &[]);
    let key = app.key_with_grants(&["a"]);
    let owner = app.at_pages("owner");
    for _ in 0..99 {
        app.token(&key.with_wrong_secret()).unauthorized();
    }
    assert!(asked(&owner, &key.with_wrong_secret(), &[]).contains("Wrong secret"));
    let page = asked(&owner, &key, &[]);
    assert!(page.contains("Too many failures") && page.contains("429"), "{page}");
}
