//! A key's page, and what can be done with a key there.

use std::time::Duration;

use serde_json::{Value, json};

use super::pages::{Visitor, hidden};
use crate::support::browser::flows;
use crate::support::tools::eventually;
use crate::support::{App, Backend, Key, on_both};

const EVIL: &str = "<img src=x onerror=alert(1)>";

/// Counts are written every two seconds; a busy machine takes longer.
const WITHIN: Duration = Duration::from_secs(20);

fn path(key: &Key, rest: &str) -> String {
    format!("/api-keys/{}{rest}", key.client_id)
}

fn as_the_api_has_it(app: &App, key: &Key) -> Value {
    app.api("GET", &path(key, "")).bearer(&app.token_of(&app.integrator())).succeeds(200)
}

/// Where a form leads, its hidden fields sent as the page had them.
#[track_caller]
fn sent(visitor: &Visitor<'_>, path: &str, fields: &[(&str, &str)]) -> String {
    let page = visitor.page(path);
    let submission = hidden(&page, "submission");
    let mut all: Vec<(&str, &str)> = submission.iter().map(|name| ("submission", name.as_str())).collect();
    all.extend_from_slice(fields);
    visitor.does(path, &all)
}

on_both!(a_keys_page_says_what_it_may_do_and_how_it_is_set, |app| {
    let account = app.fixture.account_1.as_str();
    let at_account = format!("{account}=disputes:read");
    let key = app.key_named(
        EVIL,
        &[
            "--grant",
            "payments:write",
            "--grant",
            &at_account,
            "--ip-allow",
            "192.0.2.0/24",
            "--max-payout",
            "55.00",
            "--token-lifetime-seconds",
            "600",
        ],
    );
    for role in ["developer", "admin", "owner"] {
        let page = app.at_pages(role).page(&path(&key, ""));
        for words in [
            "&#60;img",
            key.client_id.as_str(),
            "Active",
            "Scoped key",
            "payments:write",
            // What payments:write includes.
            "chip implied\">payments:read<",
            account,
            "192.0.2.0/24",
            "55.00",
            "10 minutes",
            "client_secret_basic",
            "clv_...",
            "No token was issued in this time",
            "No requests in this time",
            "Show as a table",
        ] {
            assert!(page.contains(words), "{role}: {words}: {page}");
        }
        assert!(!page.contains(EVIL) && !page.contains(&key.client_secret), "MG3: {page}");
        // What a role may not do is not shown.
        for action in ["/regenerate\"", "/edit\"", "/disable\"", "/revoke-tokens\"", "/delete\""] {
            assert_eq!(page.contains(action), role == "owner", "{role} {action}");
        }
        assert!(page.contains("/duplicate\""), "{role}");
        assert_eq!(page.contains("Recent activity"), role != "developer", "{role}");
    }
});

on_both!(actions_are_refused_to_roles_that_may_not, |app| {
    let key = app.key_with_grants(&["a"]);
    for role in ["developer", "admin"] {
        let visitor = app.at_pages(role);
        for action in ["regenerate", "disable", "enable", "revoke-tokens", "delete"] {
            let page = path(&key, &format!("/{action}"));
            assert_eq!(visitor.get(&page).status, 403, "{role} {action}");
            let refused = visitor.post(&page, &[("grace_period_seconds", "0"), ("name", "Test")]);
            assert_eq!(refused.status, 403, "{role} {action}");
        }
    }
    assert_eq!(as_the_api_has_it(app, &key)["disabled_at"], json!(null));
    app.token(&key).accepted();
});

on_both!(another_organizations_key_is_not_there, |app| {
    let foreign = app.create_in_other(&["keys", "create", "--name", "F", "--grant", "a"]);
    let owner = app.at_pages("owner");
    for rest in ["", "/regenerate", "/duplicate", "/disable", "/enable", "/revoke-tokens", "/delete"] {
        assert_eq!(owner.get(&path(&foreign, rest)).status, 404, "{rest}");
        if !rest.is_empty() {
            let posted = owner.post(&path(&foreign, rest), &[("grace_period_seconds", "0"), ("name", "F")]);
            assert_eq!(posted.status, 404, "{rest}: {posted:?}");
        }
    }
    app.token(&foreign).accepted();
});

on_both!(a_regenerated_secret_travels_to_its_page_and_the_old_one_lives_on_as_chosen, |app| {
    let key = app.key_with_grants(&["a"]);
    let owner = app.at_pages("owner");
    let form = owner.page(&path(&key, "/regenerate"));
    for words in ["It ends at once", "1 hour", "24 hours", "3 days", "7 days", "Revoke them too", "It was never used"] {
        assert!(form.contains(words), "{words}: {form}");
    }
    let to = sent(&owner, &path(&key, "/regenerate"), &[("grace_period_seconds", "3600")]);
    assert_eq!(to, path(&key, "/secret"));
    app.token(&key).accepted();
    let now = as_the_api_has_it(app, &key);
    let secrets = now["secrets"].as_array().unwrap();
    assert_eq!((secrets.len(), &secrets[0]["expires_at"]), (2, &json!(null)));
    assert!(secrets[1]["expires_at"].is_string());
    let page = eventually(WITHIN, "the use of the old secret", || {
        let page = owner.page(&path(&key, ""));
        page.contains("Still in use").then_some(page)
    });
    assert!(page.contains("Rotation under way") && page.contains("from <code>127.0.0.1</code>"), "{page}");
    assert!(page.contains("ends by itself in 5") || page.contains("ends by itself in 1 hour"), "{page}");
    // At once: both old ones are dead.
    let again = owner.page(&path(&key, "/regenerate"));
    assert!(again.contains("A rotation is under way") && again.contains("the program there stops getting tokens"), "{again}");
    sent(&owner, &path(&key, "/regenerate"), &[("grace_period_seconds", "0")]);
    app.token(&key).unauthorized();
});

on_both!(an_old_secret_is_retired_before_its_time, |app| {
    let old = app.key_with_grants(&["a"]);
    let new = Key::from_json(app.key_command("regenerate", &old, &["--grace", "24h"]));
    eventually(WITHIN, "the new secret works", || app.token(&new).works().then_some(()));
    let secret = as_the_api_has_it(app, &old)["secrets"][1]["id"].as_str().unwrap().to_owned();
    let retire = path(&old, &format!("/secrets/{secret}/retire"));
    for role in ["developer", "admin"] {
        let visitor = app.at_pages(role);
        assert!(!visitor.page(&path(&old, "")).contains("/retire\""), "{role}");
        assert_eq!((visitor.get(&retire).status, visitor.post(&retire, &[]).status), (403, 403), "{role}");
    }
    let owner = app.at_pages("owner");
    assert!(owner.page(&path(&old, "")).contains(&format!("href=\"{retire}\"")));
    let page = owner.page(&retire);
    for words in ["Retire the old secret?", "nobody ever asked with", "which would end by itself at", "does not come back"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert_eq!(owner.post_bare(&retire, &[]).status, 403, "MG5");
    app.token(&old).accepted();
    assert_eq!(owner.does(&retire, &[]), path(&old, "?notice=secret-retired"));
    app.token(&old).unauthorized();
    app.token(&new).accepted();
    let page = owner.page(&path(&old, "?notice=secret-retired"));
    assert!(page.contains("The old secret is retired") && !page.contains("Rotation under way"), "{page}");
    assert!(page.contains("old secret retired or tokens revoked"), "{page}");
    // A page that was still open, and a second click.
    assert_eq!(owner.get(&retire).header("location"), Some(path(&old, "").as_str()));
    assert_eq!(owner.does(&retire, &[]), path(&old, ""));
    // The newest stays.
    let newest = as_the_api_has_it(app, &old)["secrets"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(owner.does(&path(&old, &format!("/secrets/{newest}/retire")), &[]), path(&old, ""));
    app.token(&new).accepted();
    let theirs = app.create_in_other(&["keys", "create", "--name", "F", "--grant", "a"]);
    assert_eq!(owner.post(&path(&theirs, &format!("/secrets/{newest}/retire")), &[]).status, 404);
});

on_both!(a_form_that_is_sent_twice_does_its_work_once, |app| {
    let key = app.key_with_grants(&["a"]);
    let owner = app.at_pages("owner");
    let regenerate = path(&key, "/regenerate");
    let submission = hidden(&owner.page(&regenerate), "submission").unwrap();
    let fields = [("submission", submission.as_str()), ("grace_period_seconds", "3600")];
    for _ in 0..2 {
        assert_eq!(owner.does(&regenerate, &fields), path(&key, "/secret"));
    }
    // A second time would have ended the secret that programs use.
    app.token(&key).accepted();
    let before = app.site.sql("SELECT count(*) FROM api_keys");
    let duplicate = path(&key, "/duplicate");
    let submission = hidden(&owner.page(&duplicate), "submission").unwrap();
    let first = owner.does(&duplicate, &[("submission", &submission)]);
    assert_eq!(owner.does(&duplicate, &[("submission", &submission)]), first);
    let count = |text: String| text.trim().parse::<i64>().unwrap();
    assert_eq!(count(app.site.sql("SELECT count(*) FROM api_keys")), count(before) + 1);
});

on_both!(mg3_the_new_secret_is_in_a_sealed_cookie_and_nowhere_else, |app| {
    let key = app.key_with_grants(&["a"]);
    let owner = app.at_pages("owner");
    let response = owner.post(&path(&key, "/regenerate"), &[("grace_period_seconds", "0")]);
    assert_eq!(response.status, 303, "{response:?}");
    let name = format!("__Host-claviger_shown_{}=", key.client_id);
    let cookies = response.all("set-cookie");
    let cookie = cookies.iter().find(|line| line.starts_with(&name)).unwrap_or_else(|| panic!("{response:?}"));
    assert!(cookie.ends_with("; Path=/; Max-Age=120; Secure; HttpOnly; SameSite=Strict"), "{cookie}");
    assert!(!format!("{response:?}").contains("clv_"), "{response:?}");
});

on_both!(a_grace_period_that_is_none_comes_back_to_be_mended, |app| {
    let key = app.key_with_grants(&["a"]);
    let owner = app.at_pages("owner");
    for grace in ["", "x", "-1", "604801"] {
        let fields = [("grace_period_seconds", grace), ("revoke_tokens", "yes"), ("submission", "kept-as-it-was")];
        let page = owner.is_asked_to_mend(&path(&key, "/regenerate"), &fields, "grace-error");
        assert!(page.contains("value=\"yes\" checked") && page.contains("value=\"kept-as-it-was\""), "{page}");
    }
    app.token(&key).accepted();
});

on_both!(a_key_is_disabled_enabled_and_its_tokens_revoked, |app| {
    let key = app.key_with_grants(&["api-keys:read"]);
    let token = app.token_of(&key);
    let owner = app.at_pages("owner");
    let page = owner.page(&path(&key, "/disable"));
    assert!(page.contains("Disable this key?") && page.contains("it can be enabled again") && page.contains("revoked"), "{page}");
    let to = sent(&owner, &path(&key, "/disable"), &[]);
    assert_eq!(to, path(&key, "?notice=key-disabled"));
    app.token(&key).unauthorized();
    app.api("GET", "/api-keys").bearer(&token).refused(401, "invalid_token");
    let page = owner.page(&to);
    assert!(
        page.contains("The key is disabled") && page.contains("This key is disabled.") && page.contains("/enable\""),
        "{page}"
    );
    // A page that was still open.
    assert_eq!(owner.get(&path(&key, "/disable")).status, 303);
    assert_eq!(sent(&owner, &path(&key, "/enable"), &[]), path(&key, "?notice=key-enabled"));
    let token = app.token_of(&key);
    assert_eq!(sent(&owner, &path(&key, "/revoke-tokens"), &[]), path(&key, "?notice=tokens-revoked"));
    app.api("GET", "/api-keys").bearer(&token).refused(401, "invalid_token");
    app.token(&key).accepted();
});

on_both!(a_copy_has_the_name_and_the_scopes, |app| {
    let key = app.key_named(EVIL, &["--grant", "payments:read"]);
    for role in ["developer", "owner"] {
        let visitor = app.at_pages(role);
        let page = visitor.page(&path(&key, "/duplicate"));
        assert!(page.contains("(copy)") && page.contains("payments:read") && !page.contains(EVIL), "{page}");
        let to = sent(&visitor, &path(&key, "/duplicate"), &[]);
        let copy = to.strip_suffix("/secret").unwrap();
        assert_ne!(copy, path(&key, ""));
        let page = visitor.page(copy);
        assert!(page.contains("(copy)") && page.contains("payments:read"), "{page}");
    }
    // There is one admin key for each target.
    let admin = app.key_named("All", &["--admin"]);
    let owner = app.at_pages("owner");
    let page = owner.page(&path(&admin, ""));
    assert!(page.contains("Admin key") && !page.contains("/duplicate\""), "{page}");
    assert_eq!(owner.get(&path(&admin, "/duplicate")).status, 303);
    let page = owner.is_asked_to_mend(&path(&admin, "/duplicate"), &[], "role=\"alert\"");
    assert!(page.contains("admin key"), "{page}");
});

on_both!(a_key_is_deleted_when_its_name_is_typed, |app| {
    let key = app.key_named(EVIL, &["--grant", "a"]);
    let owner = app.at_pages("owner");
    for typed in ["", "img", &EVIL.to_uppercase()] {
        let page = owner.is_asked_to_mend(&path(&key, "/delete"), &[("name", typed)], "name-error");
        assert!(page.contains("aria-invalid=\"true\"") && !page.contains(EVIL), "{page}");
    }
    app.token(&key).accepted();
    assert_eq!(owner.does(&path(&key, "/delete"), &[("name", EVIL)]), "/api-keys?notice=key-deleted");
    app.token(&key).unauthorized();
    assert_eq!(owner.get(&path(&key, "")).status, 404);
});

on_both!(mg5_a_form_without_its_token_does_nothing, |app| {
    let key = app.key_with_grants(&["a"]);
    let owner = app.at_pages("owner");
    for action in ["disable", "delete", "regenerate", "revoke-tokens", "duplicate"] {
        for token in [None, Some("x")] {
            let mut fields = vec![("name", "Test"), ("grace_period_seconds", "0")];
            fields.extend(token.map(|token| ("form_token", token)));
            assert_eq!(owner.post_bare(&path(&key, &format!("/{action}")), &fields).status, 403, "{action}");
        }
    }
    app.token(&key).accepted();
    assert_eq!(app.visitor().get(&path(&key, "")).status, 303, "who has not signed in does so first");
});

on_both!(use_refusals_and_unused_scopes_are_told_in_words, |app| {
    let key = app.key_with_grants(&["payments:write fx"]);
    for _ in 0..3 {
        app.token(&key).scope("fx").accepted();
    }
    app.token(&key.with_wrong_secret()).unauthorized();
    app.token(&key).scope("b").send();
    let owner = app.at_pages("owner");
    let page = eventually(WITHIN, "the use", || {
        let page = owner.page(&path(&key, "?days=30"));
        (page.contains("<dd>3</dd>") && page.contains("<dd>2</dd>") && page.contains("Token refused: Wrong secret"))
            .then_some(page)
    });
    for words in ["Wrong secret", "Scope not granted", "What to do:", "by day", "aria-current=\"true\">30 days", "Key created"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let unused = page.split("Unused scopes").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(unused.contains("payments:write") && !unused.contains(">fx<") && unused.contains("Every request named"), "{unused}");
    assert!(page.contains("fill=\"#0F766E\"") && page.contains("fill=\"#B42318\""), "{page}");
});

#[test]
fn old_secrets_and_ended_keys_are_marked() {
    let app = App::start(Backend::Sqlite, &[]);
    let key = app.key_with_grants(&["a"]);
    let owner = app.at_pages("owner");
    assert!(!owner.page(&path(&key, "")).contains("days old"));
    let id = &key.client_id;
    app.site.sql(&format!("UPDATE api_secrets SET created_at = created_at - 112 * 86400 WHERE client_id = '{id}'"));
    assert!(owner.page(&path(&key, "")).contains("The secret is 112 days old."));
    app.site.sql(&format!("UPDATE api_keys SET expires_at = created_at - 1 WHERE client_id = '{id}'"));
    let page = owner.page(&path(&key, ""));
    assert!(page.contains("This key has expired") && page.contains(">Expired<"), "{page}");
}

flows!(both "key_page.mjs":
    a_key_is_edited,
    a_secret_is_regenerated_and_the_old_one_retired,
    a_key_is_duplicated,
    a_key_is_disabled_and_enabled,
    the_tokens_of_a_key_are_revoked,
    a_key_is_deleted_by_typing_its_name,
);
