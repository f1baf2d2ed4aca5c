//! The list of keys, the form that makes and edits them, and the page that shows a secret once.

use serde_json::{Value, json};

use super::pages::{Visitor, hidden};
use crate::support::api::small_key;
use crate::support::browser::flows;
use crate::support::http::{Request, Response};
use crate::support::{App, Key, on_both};

const EVIL: &str = "<img src=x onerror=alert(1)>";

/// The least that makes a key.
fn form<'a>(name: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let least = [("name", name), ("kind", "scoped"), ("token_lifetime", "3600"), ("auth_method", "client_secret_basic")];
    least.into_iter().chain(more.iter().copied()).collect()
}

/// The pair of the cookie that hands a secret over, with its attributes looked at.
#[track_caller]
fn handed_over(response: &Response) -> String {
    let lines = response.all("set-cookie");
    let line = lines.iter().find(|line| line.starts_with("__Host-claviger_shown_")).unwrap_or_else(|| panic!("{response:?}"));
    let (pair, attributes) = line.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=120; Secure; HttpOnly; SameSite=Strict");
    assert!(!pair.contains("clv_"), "{pair}");
    pair.to_owned()
}

/// Makes a key and looks at its secret, as a browser does.
#[track_caller]
fn create(visitor: &Visitor<'_>, fields: &[(&str, &str)]) -> Key {
    let response = visitor.post("/api-keys/new", fields);
    assert_eq!(response.status, 303, "{response:?}");
    let location = response.header("location").unwrap();
    let client_id = location.strip_prefix("/api-keys/").unwrap().strip_suffix("/secret").unwrap().to_owned();
    assert!(!response.text().contains("clv_") && !location.contains("clv_"));
    let page = visitor.beside(&handed_over(&response)).get(location);
    let forgets = format!("__Host-claviger_shown_{client_id}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    assert_eq!(page.header("set-cookie"), Some(forgets.as_str()));
    let text = page.text();
    let client_secret = text.split_once("id=\"client-secret\"").unwrap().1.split(['>', '<']).nth(1).unwrap().to_owned();
    assert!(client_secret.starts_with("clv_") && client_secret.len() == 53, "{text}");
    Key { client_id, client_secret, ..Key::default() }
}

fn shown(app: &App, id: &str) -> Value {
    app.api("GET", &format!("/api-keys/{id}")).bearer(&app.token_of(&app.integrator())).succeeds(200)
}

fn number_of(app: &App, name: &str) -> String {
    app.site.sql(&format!("SELECT count(*) FROM api_keys WHERE name = '{name}'")).trim().to_owned()
}

on_both!(an_organization_without_keys_is_taught_what_they_are, |app| {
    let login = app.user_of(&app.fixture.other_organization, "developer");
    let cookie = format!("__Host-claviger_session={}", app.sign_in(&login).cookie());
    let page = app.visitor().with_cookie(&cookie).page("/api-keys");
    for part in ["No API keys yet", "href=\"/api-keys/new\"", "href=\"/docs\"", "/connect/token"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("<table"));
});

on_both!(keys_are_listed_filtered_ordered_and_paged, |app| {
    let token = app.token_of(&app.integrator());
    for number in 0..60 {
        app.api_create(&token, &small_key(&format!("Batch {number:02}")));
    }
    let account = app.fixture.account_1.as_str();
    let grants = json!([{"account_id": null, "scopes": ["payments:write", "a", "b"]}, {"account_id": account, "scopes": ["disputes:read"]}]);
    let evil = app.api_create(&token, &json!({"name": EVIL, "grants": grants}));
    let old = app.api_create(&token, &small_key("Old"));
    app.site.sql(&format!("UPDATE api_secrets SET created_at = created_at - 90 * 86400 WHERE client_id = '{}'", old.client_id));
    app.api("POST", &format!("/api-keys/{}/disable", old.client_id)).bearer(&token).succeeds(200);
    let admin = app.create_key(&["--admin"]);

    let visitor = app.at_pages("developer");
    let page = visitor.page("/api-keys");
    assert!(page.contains("&#60;img src=x") && !page.contains(EVIL), "{page}");
    assert!(page.contains(&format!("href=\"/api-keys/{}\"", evil.client_id)));
    for part in [
        "Organization, 1 account",
        "a, b and 2 more",
        "payments:read</code> <span class=\"small\">included",
        "90 days old",
        "Disabled",
        ">Admin<",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains(&evil.client_secret) && !page.contains(&admin.client_secret));
    let names = |page: &str| -> Vec<String> {
        page.split("class=\"row-link\"").skip(1).map(|rest| rest.split(['>', '<']).nth(1).unwrap().to_owned()).collect()
    };
    let link = |page: &str, rel: &str| -> Option<String> {
        let tag = page.split("<a ").find(|tag| tag.contains(&format!("rel=\"{rel}\"")))?;
        Some(tag.split("href=\"").nth(1)?.split('"').next()?.replace("&#38;", "&"))
    };
    assert_eq!((names(&page).len(), link(&page, "prev")), (25, None));

    // There and back again, in an order of its own.
    let first = visitor.page("/api-keys?sort=name&search=batch");
    let second = visitor.page(&link(&first, "next").unwrap());
    let third = visitor.page(&link(&second, "next").unwrap());
    let expected: Vec<String> = (0..60).map(|number| format!("Batch {number:02}")).collect();
    assert_eq!([names(&first), names(&second), names(&third)].concat(), expected);
    assert_eq!(link(&third, "next"), None);
    let back = visitor.page(&link(&third, "prev").unwrap());
    assert_eq!(names(&back), names(&second));
    assert_eq!(names(&visitor.page(&link(&back, "prev").unwrap())), names(&first));
    assert!(second.contains("value=\"batch\"") && second.contains("<option value=\"name\" selected"));

    assert_eq!(names(&visitor.page("/api-keys?kind=admin")).len(), 1);
    assert_eq!(names(&visitor.page("/api-keys?state=disabled")), ["Old"]);
    assert_eq!(names(&visitor.page(&format!("/api-keys?account_id={account}"))).len(), 1);
    assert_eq!(names(&visitor.page(&format!("/api-keys?search={}", evil.client_id))).len(), 1);
    let none = visitor.page("/api-keys?search=no-such-name");
    assert!(none.contains("No matching API keys") && none.contains("href=\"/api-keys\""), "{none}");
    for bad in ["kind=root", "sort=secret", "cursor=x", "account_id=x"] {
        assert_eq!(visitor.get(&format!("/api-keys?{bad}")).status, 400, "{bad}");
    }
    assert_eq!(app.visitor().get("/api-keys").status, 303);
});

on_both!(mg3_a_secret_is_shown_once_to_whoever_made_the_key, |app| {
    for role in ["developer", "admin", "owner"] {
        let visitor = app.at_pages(role);
        assert!(visitor.page("/api-keys").contains("href=\"/api-keys/new\""));
        let response = visitor.post("/api-keys/new", &form(EVIL, &[("organization", "a"), ("organization.2", "payments:write")]));
        assert_eq!(response.status, 303, "{role}: {response:?}");
        let (location, pair) = (response.header("location").unwrap(), handed_over(&response));
        let page = visitor.beside(&pair).page(location);
        let secret = page.split("clv_").nth(1).unwrap().split('<').next().unwrap();
        assert_eq!(secret.len(), 49);
        assert!(page.contains("data-leave-guard") && page.contains("&#60;img") && page.contains("clientcredentials.Config"));
        // Neither without the cookie, nor in another session, nor for another key.
        for other in [visitor.get(location), app.at_pages("owner").beside(&pair).get(location)] {
            assert_eq!(other.status, 200);
            let text = other.text();
            assert!(text.contains("was shown once") && !text.contains("clv_"), "{text}");
            assert!(text.contains("regenerate the secret of"));
        }
        let name = pair.split('=').next().unwrap();
        let forged = pair.replace(name, &format!("__Host-claviger_shown_{}", app.fixture.k1.client_id));
        let text = visitor.beside(&forged).page(&format!("/api-keys/{}/secret", app.fixture.k1.client_id));
        assert!(!text.contains("clv_"), "{text}");
    }
    assert_eq!(app.at_pages("owner").get("/api-keys/key_01arz3ndektsv4rrffq69g5fav/secret").status, 404);
});

on_both!(a_key_is_made_as_the_form_says, |app| {
    let owner = app.at_pages("owner");
    let (one, two) = (app.fixture.account_1.as_str(), app.fixture.account_2.as_str());
    let fields = form(
        "Nightly export",
        &[
            ("organization.5", "payments:write"),
            ("organization.6", ""),
            ("organization", "fx"),
            ("groups", "3"),
            ("reach.0", "picked"),
            ("accounts.0", one),
            ("accounts.0", two),
            ("group.0.1", "disputes:read"),
            ("reach.1", "picked"),
            ("accounts.1", two),
            ("group.1", "refunds:create"),
            ("reach.2", "picked"),
            ("ip_allowlist", "127.0.0.0/8\r\n\r\n192.0.2.7\r\n"),
            ("max_payout", "55.00"),
            ("expires_on", "2100-01-31"),
            ("plan", "starter"),
            ("submission", "one"),
        ],
    );
    let key = create(&owner, &fields);
    let answer = shown(app, &key.client_id);
    assert_eq!(answer["name"], "Nightly export");
    let mut grants = vec![
        json!({"account_id": null, "scopes": ["fx", "payments:write"]}),
        json!({"account_id": one, "scopes": ["disputes:read"]}),
        json!({"account_id": two, "scopes": ["disputes:read", "refunds:create"]}),
    ];
    if one > two {
        grants.swap(1, 2);
    }
    assert_eq!(answer["grants"], json!(grants));
    assert_eq!(answer["ip_allowlist"], json!(["127.0.0.0/8", "192.0.2.7"]));
    assert_eq!((&answer["max_payout"], &answer["plan"]), (&json!("55.00"), &json!("starter")));
    assert_eq!((&answer["expires_at"], &answer["token_lifetime_seconds"]), (&json!("2100-01-31T00:00:00Z"), &json!(3600)));
    app.token(&key).accepted();
    // Sent once more, it is the same key, and its secret stays hidden.
    let again = owner.post("/api-keys/new", &fields);
    assert_eq!(again.header("location"), Some(format!("/api-keys/{}/secret", key.client_id).as_str()), "{again:?}");
    assert!(again.all("set-cookie").iter().all(|line| !line.starts_with("__Host-claviger_shown_")), "{again:?}");
    let other = form("Another", &[("organization", "a"), ("submission", "one")]);
    let refused = owner.is_asked_to_mend("/api-keys/new", &other, "has made a key already");
    assert_ne!(hidden(&refused, "submission").unwrap(), "one");
    assert_eq!((number_of(app, "Nightly export"), number_of(app, "Another")), ("1".to_owned(), "0".to_owned()));

    let post = create(
        &owner,
        &[
            ("name", "Admin"),
            ("kind", "admin"),
            ("admin_account", one),
            ("token_lifetime", "60"),
            ("auth_method", "client_secret_post"),
        ],
    );
    let answer = shown_to_owner(app, &post.client_id);
    assert_eq!((&answer["kind"], &answer["account_id"]), (&json!("admin"), &json!(one)));
    assert_eq!(answer["token_endpoint_auth_method"], "client_secret_post");
    let second = [
        ("name", "Admin 2"),
        ("kind", "admin"),
        ("admin_account", one),
        ("token_lifetime", "60"),
        ("auth_method", "client_secret_basic"),
    ];
    owner.is_asked_to_mend("/api-keys/new", &second, "has an admin key already");
});

fn shown_to_owner(app: &App, id: &str) -> Value {
    app.signed_in("owner").bare("GET", &format!("/api-keys/{id}")).succeeds(200)
}

on_both!(the_form_offers_what_a_role_may_and_nothing_else_is_accepted, |app| {
    for (role, may_admin) in [("developer", false), ("admin", false), ("owner", true)] {
        let visitor = app.at_pages(role);
        let page = visitor.page("/api-keys/new");
        assert_eq!(page.contains("value=\"admin\""), may_admin, "{role}");
        for part in [
            "value=\"payments:write\"",
            "value=\"payments:admin\"",
            "includes payments:read, payments:write",
            "data-preview=\"summary\"",
            "value=\"starter\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(!page.contains("organizations:write"), "platform level");
        if !may_admin {
            let fields =
                [("name", "Root"), ("kind", "admin"), ("token_lifetime", "3600"), ("auth_method", "client_secret_basic")];
            assert_eq!(visitor.post("/api-keys/new", &fields).status, 403, "{role}");
        }
    }
    let owner = app.at_pages("owner");
    let fields = form("Unasked", &[("organization", "a")]);
    assert_eq!(owner.post_bare("/api-keys/new", &fields).status, 403, "no form_token");
    let stranger = hidden(&app.at_pages("owner").page("/api-keys/new"), "form_token").unwrap();
    let with_foreign: Vec<(&str, &str)> = fields.iter().copied().chain([("form_token", stranger.as_str())]).collect();
    assert_eq!(owner.post_bare("/api-keys/new", &with_foreign).status, 403);
    assert_eq!(number_of(app, "Unasked"), "0");
    assert_eq!(number_of(app, "Root"), "0");
});

on_both!(what_was_typed_comes_back_with_what_is_wrong, |app| {
    let owner = app.at_pages("owner");
    let account = app.fixture.account_1.as_str();
    let fields = [
        ("name", EVIL),
        ("kind", "scoped"),
        ("organization", "fx"),
        ("groups", "2"),
        ("accounts.1", account),
        ("group.1", "refunds:create"),
        ("ip_allowlist", "10.0.0.5/8 \"><script>"),
        ("max_payout", "-1"),
        ("token_lifetime", "59"),
        ("expires_on", "2001-01-01"),
        ("auth_method", "client_secret_post"),
        ("submission", "kept"),
    ];
    let page = owner.is_asked_to_mend("/api-keys/new", &fields, "The key was not made");
    for field in ["ip_allowlist", "max_payout", "token_lifetime_seconds"] {
        assert!(
            page.contains(&format!("id=\"{field}-error\"")) && page.contains(&format!("href=\"#{field}\"")),
            "{field}: {page}"
        );
    }
    for part in [
        "value=\"&#60;img src=x",
        "value=\"-1\"",
        "value=\"59\"",
        "value=\"2001-01-01\"",
        "10.0.0.5/8 &#34;&#62;&#60;script&#62;",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    for part in [
        format!("value=\"{account}\" checked"),
        "value=\"fx\" checked".to_owned(),
        "value=\"refunds:create\" checked".to_owned(),
        "value=\"client_secret_post\" checked".to_owned(),
    ] {
        assert_eq!(page.matches(part.as_str()).count(), 1, "{part}: {page}");
    }
    assert_eq!(hidden(&page, "submission").as_deref(), Some("kept"));
    assert_eq!(hidden(&page, "groups").as_deref(), Some("2"));
    let past = form("Late", &[("organization", "a"), ("expires_on", "2001-01-01")]);
    owner.is_asked_to_mend("/api-keys/new", &past, "expires_at-error");
    owner.is_asked_to_mend("/api-keys/new", &form("", &[("organization", "a")]), "name-error");
    owner.is_asked_to_mend("/api-keys/new", &form("Empty", &[]), "grants-error");
    owner.is_asked_to_mend("/api-keys/new", &form("No account", &[("group.0", "refunds:create")]), "no account is chosen");
    owner.is_asked_to_mend("/api-keys/new", &form("Nothing there", &[("accounts.0", account)]), "grants-error");
    let theirs = form("Theirs", &[("accounts.0", app.fixture.foreign_account.as_str()), ("group.0", "refunds:create")]);
    owner.is_asked_to_mend("/api-keys/new", &theirs, "has no account");
    owner.is_asked_to_mend("/api-keys/new", &form("Odd plan", &[("organization", "a"), ("plan", "nope")]), "plan-error");
});

on_both!(without_script_groups_are_added_and_the_summary_is_asked_for, |app| {
    let cookie = format!("__Host-claviger_session={}", app.signed_in("owner").cookie());
    let owner = app.visitor().with_cookie(&cookie);
    let account = app.fixture.account_1.as_str();
    let typed = form(
        "Kept",
        &[("organization.9", "payments:write"), ("groups", "1"), ("accounts.0", account), ("group.0", "refunds:create")],
    );
    let press = |button: &str, more: &[(&str, &str)]| {
        let fields: Vec<(&str, &str)> = typed.iter().copied().chain(more.iter().copied()).chain([("do", button)]).collect();
        let response = owner.post("/api-keys/new", &fields);
        assert_eq!(response.status, 200, "{response:?}");
        response.text()
    };
    let page = press("add-group", &[]);
    assert_eq!(hidden(&page, "groups").as_deref(), Some("2"));
    assert!(page.contains("Account group 2") && page.contains("value=\"Kept\"") && page.contains("remove-group-1"), "{page}");
    let page = press("remove-group-0", &[]);
    assert!(hidden(&page, "groups").as_deref() == Some("1") && !page.contains("value=\"refunds:create\" checked"));
    let checked = press("check", &[]);
    let summary = checked.split_once("id=\"summary\"").unwrap().1;
    for part in [
        "The organization",
        "payments:write</code>",
        "payments:read</code>",
        "1 account",
        "refunds:create</code>",
        "Its tokens live for 1 hour",
    ] {
        assert!(summary.contains(part), "{part}: {summary}");
    }
    assert_eq!(number_of(app, "Kept"), "0");
    // The same words for those with script.
    let token = hidden(&checked, "form_token").unwrap();
    let body =
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&typed).append_pair("form_token", &token).finish();
    let ask = |path: &str| {
        let request = Request::new("POST", path).header("Origin", &app.base_url).header("Cookie", &cookie);
        app.send(&request.header("Content-Type", "application/x-www-form-urlencoded").body(body.clone()))
    };
    let fragment = ask("/api-keys/new/summary");
    assert_eq!((fragment.status, fragment.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let text = fragment.text();
    assert!(text.contains("refunds:create</code>") && !text.contains("<html") && !text.contains("<h1"), "{text}");
    let changes = ask(&format!("/api-keys/{}/edit/summary", app.fixture.k1.client_id)).text();
    assert!(
        changes.contains("<del>K1</del>") && changes.contains("<ins>Kept</ins>") && changes.contains("<ins>Use refunds:create ("),
        "{changes}"
    );
});

on_both!(an_owner_edits_a_key_and_others_do_not, |app| {
    let token = app.token_of(&app.integrator());
    let account = app.fixture.account_1.as_str();
    let grants = json!([{"account_id": null, "scopes": ["payments:read", "payments:write"]}, {"account_id": account, "scopes": ["disputes:read"]}]);
    let key = app.api_create(
        &token,
        &json!({"name": EVIL, "grants": grants, "max_payout": "55.00", "expires_at": "2100-01-31T13:00:00Z"}),
    );
    let path = format!("/api-keys/{}/edit", key.client_id);
    for role in ["developer", "admin"] {
        let visitor = app.at_pages(role);
        assert_eq!(visitor.get(&path).status, 403, "{role}");
        assert_eq!(visitor.post(&path, &form("Mine", &[("organization", "a")])).status, 403, "{role}");
    }
    let owner = app.at_pages("owner");
    let page = owner.page(&path);
    for part in [
        "value=\"&#60;img",
        "value=\"payments:write\" checked",
        "value=\"disputes:read\" checked",
        "value=\"2100-01-31\"",
        "13:00:00 UTC",
        "revoke_tokens",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(!page.contains("client_secret_post") && !page.contains("name=\"kind\""));
    let seen = hidden(&page, "seen").unwrap();
    let edited = |name: &'static str, more: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = [
            ("name", name),
            ("organization.1", "payments:write"),
            ("accounts.0", account),
            ("group.0.1", "disputes:read"),
            ("max_payout", "55.00"),
            ("token_lifetime", "3600"),
            ("expires_on", "2100-01-31"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        all
    };
    let send = |fields: Vec<(String, String)>| {
        let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        owner.post(&path, &pairs)
    };
    let to = |response: &Response| response.header("location").unwrap_or_else(|| panic!("{response:?}")).to_owned();
    let page_of_key = format!("/api-keys/{}", key.client_id);
    // As it is: nothing happens, and the log stays quiet.
    let before = app.audited("action = 'api_key.edited'").len();
    let same: Vec<(String, String)> = edited("x", &[("seen", &seen)])
        .into_iter()
        .map(|(name, value)| if name == "name" { (name, EVIL.to_owned()) } else { (name, value) })
        .collect();
    assert_eq!(to(&send(same)), format!("{page_of_key}?notice=key-unchanged"));
    assert_eq!(app.audited("action = 'api_key.edited'").len(), before);

    app.site.sql(&format!("UPDATE api_keys SET updated_at = updated_at - 10 WHERE client_id = '{}'", key.client_id));
    let stale = send(edited("Stale", &[("seen", &seen)]));
    assert_eq!(stale.status, 409, "{stale:?}");
    let text = stale.text();
    assert!(
        text.contains("changed this key meanwhile") && text.contains("value=\"Stale\"") && text.contains("<ins>Stale</ins>"),
        "{text}"
    );
    let seen = hidden(&text, "seen").unwrap();
    let wrong = send(edited("Nightly", &[("seen", &seen), ("ip_allowlist", "x")]));
    assert_eq!(wrong.status, 422);
    assert!(wrong.text().contains("ip_allowlist-error") && wrong.text().contains("value=\"Nightly\""));
    let mut fields = edited("Nightly", &[("seen", &seen), ("revoke_tokens", "yes"), ("ip_allowlist", "127.0.0.1")]);
    fields.retain(|(name, _)| name != "accounts.0" && name != "group.0.1");
    assert_eq!(to(&send(fields)), format!("{page_of_key}?notice=key-edited-and-revoked"));
    let answer = shown(app, &key.client_id);
    assert_eq!((&answer["name"], &answer["ip_allowlist"]), (&json!("Nightly"), &json!(["127.0.0.1"])));
    assert_eq!(answer["grants"], json!([{"account_id": null, "scopes": ["payments:write"]}]));
    // The hour of the end was not the form's to change.
    assert_eq!(answer["expires_at"], "2100-01-31T13:00:00Z");
    let revoked = app
        .site
        .sql(&format!("SELECT count(*) FROM api_keys WHERE client_id = '{}' AND tokens_revoked_at IS NOT NULL", key.client_id));
    assert_eq!(revoked.trim(), "1");
    assert_eq!(owner.get("/api-keys/key_01arz3ndektsv4rrffq69g5fav/edit").status, 404);
});

on_both!(customers_see_the_plans_that_their_keys_may_be_on, |app| {
    let names = || -> Vec<String> {
        let listed = app.signed_in("developer").bare("GET", "/organization/plans").succeeds(200);
        listed["data"].as_array().unwrap().iter().map(|plan| plan["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(names().contains(&"unlimited".to_owned()) && names().contains(&"growth".to_owned()));
    app.json(&["organizations", "edit", &app.fixture.organization, "--plan", "growth"]);
    assert_eq!(names(), ["growth", "starter"]);
    let page = app.at_pages("developer").page("/api-keys/new");
    assert!(page.contains("<option value=\"starter\"") && !page.contains("<option value=\"unlimited\""), "{page}");
});

flows!(both "api_keys.mjs": a_developer_makes_a_key_and_its_secret_is_shown_once);

flows!("api_keys.mjs":
    the_way_back_does_not_show_the_secret_again,
    without_script_a_key_is_made_with_two_groups_of_accounts,
    an_owner_sees_what_an_edit_changes,
);
