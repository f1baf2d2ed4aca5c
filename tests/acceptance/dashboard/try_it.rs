//! A token asked for on a page.

use std::time::Duration;

use serde_json::json;

use super::pages::Visitor;
use crate::mutual_tls::{Behind, by, issued_to};
use crate::support::api::PLATFORM;
use crate::support::certificates::Wanted;
use crate::support::proof::ProofKey;
use crate::support::tools::eventually;
use crate::support::{App, Backend, Key, on_both};

const EVIL: &str = "<img src=x onerror=alert(1)>";
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

on_both!(a_key_that_the_page_cannot_try_is_not_asked_for_in_vain, |app| {
    let key = ProofKey::new("ES256");
    let file = app.site.dir.join("keys.json");
    std::fs::write(&file, json!({"keys": [key.jwk]}).to_string()).unwrap();
    let method = ["--grant", "a", "--token-endpoint-auth-method", "private_key_jwt", "--jwks", file.to_str().unwrap()];
    let mut arguments = vec!["keys", "create", "--organization", &app.fixture.organization, "--name", EVIL];
    arguments.extend(method);
    let id = app.json(&arguments)["client_id"].as_str().unwrap().to_owned();
    let bound = app.key_named("Bound", &["--grant", "a", "--require-bound-tokens"]);
    let developer = app.at_pages("developer");
    let page = developer.page(&format!("/try-it?client_id={id}"));
    assert!(page.contains("signs an assertion for each request") && page.contains("jwt.encode("), "{page}");
    assert!(!page.contains("name=\"client_secret\"") && !page.contains("$CLIENT_SECRET") && !page.contains(EVIL), "{page}");
    let fields = [("client_id", id.as_str()), ("client_secret", "anything"), ("scope", "a"), ("account", "acct_x\"")];
    let response = developer.post("/try-it", &fields);
    let page = response.text();
    assert!(response.status == 200 && page.contains("&#34;scope&#34;: &#34;a&#34;"), "{response:?}");
    assert!(page.contains("acct_x\\&#34;") && !page.contains("anything") && !page.contains("id=\"refused\""), "{page}");
    let page = asked(&developer, &bound, &[("scope", "a")]);
    assert!(page.contains("Its tokens must be bound") && page.contains("--scope a"), "{page}");
    assert!(page.contains(&format!("--client-id {} ", bound.client_id)) && page.contains("--dpop-key private-key.pem"), "{page}");
    // Nobody asked: neither of them has a failure.
    assert!(app.audited(&format!("target IN ('{id}', '{}') AND action = 'token.refused'", bound.client_id)).is_empty());
});

on_both!(a_pasted_token_is_explained_with_what_it_is_bound_to, |app| {
    let explained = |visitor: &Visitor<'_>, token: &str| {
        let response = visitor.post("/try-it/token", &[("access_token", token)]);
        assert_eq!(response.status, 200, "{response:?}");
        response.text()
    };
    let developer = app.at_pages("developer");
    let key = app.key_with_grants(&["a"]);
    let token = app.token_of(&key);
    let page = explained(&developer, &format!(" {token}\n"));
    for words in ["The token is live", "It ends by itself in", "It is bound to nothing", "Whose it is: the API key.", "at+jwt"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(!page.contains(&token), "it is not shown again: {page}");
    let proof = ProofKey::new("ES256");
    let bound = app.token(&key).proof(proof.for_token(app)).bound_to(&proof.jkt()).token;
    let page = explained(&developer, &bound);
    assert!(page.contains("It is bound to a key (DPoP)") && page.contains(&proof.jkt()), "{page}");
    app.key_command("disable", &key, &[]);
    eventually(WITHIN, "it is dead", || explained(&developer, &token).contains("The API key is disabled.").then_some(()));
    // Of others' tokens no more is told than what stands in them.
    let theirs = app.token_of(&app.create_in_other(&["keys", "create", "--name", "Theirs", "--grant", "a"]));
    let page = explained(&developer, &theirs);
    assert!(page.contains("A token of another organization") && !page.contains("is live</h2>"), "{page}");
    let operator = app.at_pages_of(PLATFORM, "owner");
    assert!(explained(&operator, &theirs).contains("The token is live"));
    let (head, tail) = token.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", tail.chars().rev().collect::<String>());
    for (token, words) in [(forged.as_str(), "The token is not live"), ("x", "Not a token"), ("<b>.{}.x", "Not a token")] {
        let page = explained(&developer, token);
        assert!(page.contains(words) && !page.contains("<b>"), "{token}: {page}");
    }
    developer.is_asked_to_mend("/try-it/token", &[("access_token", " ")], "access_token-error");
    assert_eq!(developer.post_bare("/try-it/token", &[("access_token", &token)]).status, 403, "MG5");
    assert_eq!(developer.get("/try-it/token").status, 405);
});

on_both!(a_token_that_is_bound_to_a_certificate_is_explained_so, backend, {
    let Behind { app, ca } = Behind::start(backend);
    let id = issued_to(&app, "export");
    let certificate = ca.issue(&Wanted::named("export"));
    let token = by(&app, &id, &certificate).accepted().token;
    let page = app.at_pages("developer").post("/try-it/token", &[("access_token", &token)]).text();
    for words in ["The token is live", "It is bound to a certificate (mutual TLS)", &certificate.thumbprint()] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let page = app.at_pages("developer").page(&format!("/try-it?client_id={id}"));
    assert!(page.contains("shows its certificate") && page.contains("https://mtls.example.com/connect/token"), "{page}");
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
    assert!(page.contains("Too many failures") && page.contains(">429 "), "{page}");
}
