//! Users: who may manage them, whose they are, and that an owner is left.

use serde_json::{Value, json};

use crate::support::on_both;
use crate::support::people::{PLATFORM, an_email};

on_both!(an_owner_manages_users, |app| {
    let owner = app.signed_in("owner");
    let email = an_email();
    let user = owner.api("POST", "/users").json(&json!({"email": email.to_uppercase(), "role": "developer"})).succeeds(201);
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    assert_eq!(user["email"], email.as_str());
    assert_eq!(user["organization_id"], app.fixture.organization.as_str());
    let mut members: Vec<&String> = user.as_object().unwrap().keys().collect();
    members.sort();
    let all =
        ["created_at", "disabled_at", "email", "id", "last_login_at", "name", "organization_id", "role", "status", "updated_at"];
    assert_eq!(members, all);
    assert_eq!(owner.bare("GET", &path).succeeds(200), user);

    let edited = owner.api("PATCH", &path).json(&json!({"role": "admin", "name": "Ada Lovelace"})).succeeds(200);
    assert_eq!((&edited["role"], &edited["name"]), (&json!("admin"), &json!("Ada Lovelace")));
    let edited = owner.api("PATCH", &path).json(&json!({"name": null, "disabled": true})).succeeds(200);
    assert_eq!((&edited["status"], &edited["name"]), (&json!("disabled"), &json!(null)));
    assert!(edited["disabled_at"].is_string());

    owner.api("DELETE", &path).succeeds(204);
    owner.bare("GET", &path).refused(404, "not_found");
    owner.api("DELETE", &path).refused(404, "not_found");
    let told = app.audited(&format!("target = '{}'", user["id"].as_str().unwrap()));
    assert_eq!(told, ["user.created done -", "user.changed done -", "user.changed done -", "user.removed done -"]);
});

on_both!(bodies_are_read_strictly, |app| {
    let owner = app.signed_in("owner");
    let taken = app.user("developer").email;
    owner.api("POST", "/users").json(&json!({"email": taken, "role": "admin"})).refused(409, "conflict");
    for (body, field, code) in [
        (json!({"role": "admin"}), "email", "required"),
        (json!({"email": "x", "role": "admin"}), "email", "invalid_email"),
        (json!({"email": "a@b.example\r\nBcc: c@d.example", "role": "admin"}), "email", "invalid_email"),
        (json!({"email": an_email(), "role": "root"}), "role", "unknown_role"),
        (json!({"email": an_email(), "role": "admin", "password": "x"}), "password", "unknown_member"),
        (json!({"email": an_email(), "role": "admin", "name": "a\nb"}), "name", "invalid_character"),
    ] {
        let problem = owner.api("POST", "/users").json(&body).refused(422, "validation_failed");
        assert_eq!((&problem["errors"][0]["field"], &problem["errors"][0]["code"]), (&json!(field), &json!(code)), "{problem}");
    }
    let user = app.user("developer");
    let path = format!("/users/{}", user.id);
    for body in
        [json!({"email": an_email()}), json!({"organization_id": PLATFORM}), json!({"disabled": 1}), json!({"role": null})]
    {
        owner.api("PATCH", &path).json(&body).refused(422, "validation_failed");
    }
    for query in ["limit=0", "limit=-1", "limit=9223372036854775808", "sort=email", "cursor=x%27"] {
        owner.bare("GET", &format!("/users?{query}")).refused(400, "invalid_query");
    }
});

on_both!(lists_come_in_pages, |app| {
    let owner = app.signed_in("owner");
    let mut made: Vec<String> = (0..4).map(|_| app.user("developer").id).collect();
    made.insert(0, owner.login.id.clone());
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = owner.bare("GET", &format!("/users?limit=2{cursor}")).succeeds(200);
        seen.extend(page["data"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    made.reverse();
    assert_eq!(seen, made);
});

on_both!(mg2_roles_may_what_the_table_says, |app| {
    let target = app.user("developer");
    let path = format!("/users/{}", target.id);
    for (role, reads) in [("developer", false), ("admin", true), ("owner", true)] {
        let browser = app.signed_in(role);
        for list in ["/users", &path] {
            let status = browser.bare("GET", list).send().status;
            assert_eq!(status, if reads { 200 } else { 403 }, "{role} GET {list}");
        }
        if role == "owner" {
            continue;
        }
        browser.api("POST", "/users").json(&json!({"email": an_email(), "role": "developer"})).refused(403, "forbidden");
        browser.api("PATCH", &path).json(&json!({"role": "owner"})).refused(403, "forbidden");
        browser.api("PATCH", &format!("/users/{}", browser.login.id)).json(&json!({"role": "owner"})).refused(403, "forbidden");
        browser.api("DELETE", &path).refused(403, "forbidden");
        browser.api("POST", &format!("{path}/invite")).refused(403, "forbidden");
    }
    for (method, path) in [("GET", "/users"), ("POST", "/users"), ("GET", "/session"), ("DELETE", "/sessions")] {
        app.api(method, path).refused(401, "unauthenticated");
    }
});

on_both!(mg2_another_organizations_users_are_not_there, |app| {
    let owner = app.signed_in("owner");
    let foreign = app.user_of(&app.fixture.other_organization, "developer");
    let operator = app.user_of(PLATFORM, "owner");
    for id in [&foreign.id, &operator.id] {
        let path = format!("/users/{id}");
        owner.bare("GET", &path).refused(404, "not_found");
        owner.api("PATCH", &path).json(&json!({"role": "admin"})).refused(404, "not_found");
        owner.api("DELETE", &path).refused(404, "not_found");
        owner.api("POST", &format!("{path}/invite")).refused(404, "not_found");
    }
    let list = owner.bare("GET", "/users").succeeds(200).to_string();
    assert!(!list.contains(&foreign.id) && !list.contains(&operator.id));
    for organization in [app.fixture.other_organization.as_str(), PLATFORM, "org_01arz3ndektsv4rrffq69g5fav"] {
        let body = json!({"email": an_email(), "role": "owner", "organization_id": organization});
        owner.api("POST", "/users").json(&body).refused(403, "forbidden");
        owner.bare("GET", &format!("/users?organization_id={organization}")).refused(403, "forbidden");
    }
    let own = json!({"email": an_email(), "role": "developer", "organization_id": app.fixture.organization});
    owner.api("POST", "/users").json(&own).succeeds(201);
});

on_both!(operators_bring_in_a_customers_first_owner, |app| {
    let operator = app.sign_in(&app.user_of(PLATFORM, "owner"));
    let body = |role: &str| json!({"email": an_email(), "role": role, "organization_id": app.fixture.other_organization});
    let user = operator.api("POST", "/users").json(&body("owner")).succeeds(201);
    assert_eq!(user["organization_id"], app.fixture.other_organization.as_str());
    operator.bare("GET", &format!("/users/{}", user["id"].as_str().unwrap())).succeeds(200);
    let list = operator.bare("GET", &format!("/users?organization_id={}", app.fixture.other_organization)).succeeds(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let nowhere = json!({"email": an_email(), "role": "owner", "organization_id": "org_01arz3ndektsv4rrffq69g5fav"});
    operator.api("POST", "/users").json(&nowhere).refused(404, "not_found");
    // One who may not write organizations may not do this either.
    let developer = app.sign_in(&app.user_of(PLATFORM, "developer"));
    developer.api("POST", "/users").json(&body("owner")).refused(403, "forbidden");

    // The platform's own keys: the first owner, and no more.
    let grant = ["--grant", "users:write organizations:write"];
    let mut args = vec!["keys", "create", "--organization", PLATFORM, "--name", "Onboarding"];
    args.extend(grant);
    let token = app.token_of(&crate::support::Key::from_json(app.json(&args)));
    let fresh = app.create(&["organizations", "create", "Fresh"]);
    let owner = |organization: &str| json!({"email": an_email(), "role": "owner", "organization_id": organization});
    app.api("POST", "/users").bearer(&token).json(&owner(&fresh)).succeeds(201);
    app.api("POST", "/users").bearer(&token).json(&owner(&fresh)).refused(403, "beyond_keys");
    app.api("POST", "/users").bearer(&token).json(&owner(PLATFORM)).refused(403, "beyond_keys");
});

on_both!(a_key_neither_makes_nor_touches_an_owner, |app| {
    let token = app.token_of(&app.integrator());
    let post = |role: &str| app.api("POST", "/users").bearer(&token).json(&json!({"email": an_email(), "role": role}));
    post("owner").refused(403, "beyond_keys");
    let user = post("developer").succeeds(201);
    post("admin").succeeds(201);
    let path = format!("/users/{}", user["id"].as_str().unwrap());
    let edit = |path: &str, body: Value| app.api("PATCH", path).bearer(&token).json(&body);
    edit(&path, json!({"role": "owner"})).refused(403, "beyond_keys");
    edit(&path, json!({"role": "admin", "name": "Ada"})).succeeds(200);
    let (owner, second) = (app.user("owner"), app.user("owner"));
    for owner in [&owner, &second] {
        let path = format!("/users/{}", owner.id);
        for body in [json!({"role": "developer"}), json!({"disabled": true}), json!({"name": "x"})] {
            edit(&path, body).refused(403, "beyond_keys");
        }
        app.api("DELETE", &path).bearer(&token).refused(403, "beyond_keys");
    }
    app.api("DELETE", &path).bearer(&token).succeeds(204);
    let reader = app.token_of(&app.key_with_grants(&["users:read"]));
    app.api("GET", "/users").bearer(&reader).succeeds(200);
    app.api("POST", "/users").bearer(&reader).json(&json!({})).refused(403, "insufficient_scope");
});

on_both!(with_admins_who_manage_keys_a_key_makes_no_admin_either, ["--admin-manages-keys"], |app| {
    let token = app.token_of(&app.integrator());
    let post = |role: &str| app.api("POST", "/users").bearer(&token).json(&json!({"email": an_email(), "role": role}));
    post("admin").refused(403, "beyond_keys");
    post("developer").succeeds(201);
    let admin = app.signed_in("admin");
    let key = format!("/api-keys/{}", app.fixture.k1.client_id);
    admin.api("PATCH", &key).json(&json!({"name": "By an admin"})).succeeds(200);
    admin.api("POST", "/api-keys").json(&json!({"name": "x", "kind": "admin"})).succeeds(201);
    app.signed_in("developer").api("PATCH", &key).json(&json!({"name": "x"})).refused(403, "forbidden");
    admin.api("POST", "/users").json(&json!({"email": an_email(), "role": "developer"})).refused(403, "forbidden");
});

on_both!(mg8_there_is_one_admin_key_for_each_target, |app| {
    let owner = app.signed_in("owner");
    let admin = |name: &str, account: Option<&str>| {
        owner.api("POST", "/api-keys").json(&json!({"name": name, "kind": "admin", "account_id": account}))
    };
    for account in [None, Some(app.fixture.account_1.as_str())] {
        let key = admin("First", account).succeeds(201);
        admin("Second", account).breaks("kind", "taken");
        let duplicate = format!("/api-keys/{}/duplicate", key["client_id"].as_str().unwrap());
        owner.api("POST", &duplicate).breaks("kind", "not_duplicable");
        let token = app.token_of(&app.integrator());
        app.api("POST", &duplicate).bearer(&token).refused(403, "admin_key_needs_a_person");
    }
});

on_both!(admins_do_not_manage_keys_unless_the_settings_say_so, |app| {
    let key = format!("/api-keys/{}", app.fixture.k1.client_id);
    for role in ["developer", "admin"] {
        let browser = app.signed_in(role);
        browser.api("PATCH", &key).json(&json!({"name": "x"})).refused(403, "forbidden");
        browser.api("POST", &format!("{key}/regenerate")).refused(403, "forbidden");
        browser.api("POST", "/api-keys").json(&json!({"name": "x", "kind": "admin"})).refused(403, "forbidden");
        browser
            .api("POST", "/api-keys")
            .json(&json!({"name": "x", "grants": [{"account_id": null, "scopes": ["a"]}]}))
            .succeeds(201);
        browser.bare("GET", &key).succeeds(200);
    }
});

on_both!(mg8_the_last_owner_stays, |app| {
    let owner = app.signed_in("owner");
    let path = format!("/users/{}", owner.login.id);
    let last = |app: &crate::support::App| {
        owner.api("PATCH", &path).json(&json!({"role": "admin"})).breaks("role", "last_owner");
        owner.api("PATCH", &path).json(&json!({"disabled": true})).breaks("role", "last_owner");
        owner.api("DELETE", &path).breaks("role", "last_owner");
        app.cli(&["users", "set-role", &owner.login.id, "developer"]).failed_with(1).in_one_line();
        app.cli(&["users", "disable", &owner.login.id]).failed_with(1).in_one_line();
    };
    last(app);
    // One who is invited, or kept out, is nobody who could sign in.
    owner.api("POST", "/users").json(&json!({"email": an_email(), "role": "owner"})).succeeds(201);
    let disabled = app.user("owner");
    app.cli(&["users", "disable", &disabled.id]).succeeded();
    last(app);
    app.cli(&["users", "enable", &disabled.id]).succeeded();
    owner.api("DELETE", &path).succeeds(204);
    assert!(owner.is_signed_out());
});

on_both!(mg8_two_owners_who_demote_each_other_at_once_leave_one, |app| {
    for round in 0..6 {
        let organization = app.create(&["organizations", "create", &format!("Round {round}")]);
        let both = [app.user_of(&organization, "owner"), app.user_of(&organization, "owner")];
        let sessions: Vec<(String, String)> =
            both.iter().map(|login| app.sign_in(login)).map(|browser| (browser.cookie(), browser.csrf())).collect();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let demote = |at: usize| {
                let (cookie, csrf) = &sessions[at];
                let path = format!("/users/{}", both[1 - at].id);
                let request = app
                    .api(if round % 2 == 0 { "PATCH" } else { "DELETE" }, &path)
                    .header("Cookie", format!("__Host-claviger_session={cookie}"))
                    .header("X-CSRF-Token", csrf);
                if round % 2 == 0 { request.json(&json!({"role": "developer"})).send().status } else { request.send().status }
            };
            let threads = [scope.spawn(move || demote(0)), scope.spawn(move || demote(1))];
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        let done = statuses.iter().filter(|status| matches!(status, 200 | 204)).count();
        assert_eq!(done, 1, "{statuses:?}");
        let owners =
            app.site.sql(&format!("SELECT count(*) FROM users WHERE organization_id = '{organization}' AND role = 'owner'"));
        assert_eq!(owners.trim(), "1");
    }
});
