//! Organizations: list, page, first owner.

use super::EVIL;
use crate::support::api::PLATFORM;
use crate::support::on_both;
use crate::support::people::Postman;

on_both!(organizations_are_listed_searched_and_paged, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let rows: Vec<String> = (0..60)
        .map(|n| {
            let name = if n == 7 { EVIL.to_owned() } else { format!("Customer {n}") };
            format!("('org_01hf7yat00000000000000{n:04}', '{name}', FALSE, 1700000000)")
        })
        .collect();
    app.site.sql(&format!("INSERT INTO organizations (id, name, platform, created_at) VALUES {}", rows.join(", ")));
    let first = owner.page("/operator/organizations");
    assert!(first.contains("Acme") && first.contains("Next page") && !first.contains("First page"), "{first}");
    assert!(!first.contains("Customer 0<"));
    let next = first.split("href=\"").find_map(|rest| rest.split('"').next().filter(|href| href.contains("cursor="))).unwrap();
    let second = owner.page(&next.replace("&#38;", "&"));
    assert!(second.contains("Customer 0<") && second.contains("First page") && second.contains("The last page"), "{second}");
    assert!(second.contains("&#60;img src=x onerror=alert(1)&#62;"));
    let found = owner.page("/operator/organizations?search=ONERROR");
    assert!(found.contains("&#60;img") && !found.contains("Customer 1<"), "{found}");
    assert!(owner.page("/operator/organizations?search=nobody-at-all").contains("Nothing found"));
    app.site.sql("UPDATE organizations SET plan = 'growth' WHERE id = 'org_01hf7yat000000000000000003'");
    let on_plan = owner.page("/operator/organizations?plan=growth");
    assert!(on_plan.contains("Customer 3<") && !on_plan.contains("Customer 4<"), "{on_plan}");
    assert_eq!(owner.get("/operator/organizations?plan=No%20Plan").status, 400);
    assert_eq!(owner.get("/operator/organizations/org_01arz3ndektsv4rrffq69g5fav").status, 404);
});

on_both!(operators_make_an_organization_and_invite_its_first_owner, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    for name in ["", &*"x".repeat(65)] {
        let kept = owner.is_asked_to_mend("/operator/organizations/new", &[("name", name)], "aria-invalid=\"true\"");
        assert!(kept.contains(&format!("value=\"{name}\"")) && kept.contains("role=\"alert\""), "{kept}");
    }
    let made = owner.does("/operator/organizations/new", &[("name", EVIL)]);
    let path = made.strip_suffix("?notice=organization-created").unwrap().to_owned();
    let page = owner.page(&made);
    assert!(page.contains("Nobody can sign in here yet") && page.contains("Invite the first owner"), "{page}");
    assert!(page.contains("<h1>&#60;img") && page.contains("has no mail server yet"), "{page}");

    let users = format!("{path}/users");
    let wrong = [("email", "nobody"), ("person", "Robin"), ("role", "owner")];
    let kept = owner.is_asked_to_mend(&users, &wrong, "id=\"email-error\"");
    assert!(kept.contains("value=\"nobody\"") && kept.contains("value=\"Robin\""), "{kept}");
    let right = [("email", "first@example.com"), ("person", "Robin"), ("role", "owner")];
    assert_eq!(owner.does(&users, &right), format!("{path}?notice=user-invited-there"));
    let page = owner.page(&path);
    assert!(page.contains("first@example.com") && page.contains("Invited") && !page.contains("Nobody can sign in"), "{page}");
    let kept = owner.is_asked_to_mend(&users, &right, "There is a user with this e-mail address already.");
    assert!(kept.contains("value=\"first@example.com\""), "{kept}");

    let postman = Postman::of(&app.site);
    assert_eq!(postman.deliver_to("first@example.com").purpose, "invitation");
    // Not twice within a moment.
    app.site.sql("UPDATE pending_mails SET created_at = created_at - 3600");
    let user = page.split_once("/users/user_").unwrap().1.split('/').next().unwrap();
    assert_eq!(owner.does(&format!("{users}/user_{user}/invite"), &[]), format!("{path}?notice=user-invited-there"));
    assert_eq!(postman.deliver_to("first@example.com").purpose, "invitation");
    let organization = path.rsplit('/').next().unwrap();
    let audited = app.audited(&format!("organization_id = '{organization}'"));
    assert_eq!(audited, ["organization.created done -", "user.created done -", "user.invited done -"]);
});

on_both!(operators_set_an_organizations_name_plan_and_limits, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let path = format!("/operator/organizations/{}", app.fixture.organization);
    let page = owner.page(&path);
    assert!(page.contains("<dt>Accounts</dt><dd>2</dd>"), "{page}");
    let fields = |minute: &'static str| {
        [
            ("name", "Acme & Sons"),
            ("plan", "enterprise"),
            ("enterprise_limits.requests_per_minute", minute),
            ("enterprise_limits.requests_per_day", ""),
            ("enterprise_limits.concurrent_connections", "7"),
        ]
    };
    for wrong in ["0", "many", "1000000001", "-1", "1.5"] {
        let kept = owner.is_asked_to_mend(&path, &fields(wrong), "id=\"enterprise_limits-requests_per_minute-error\"");
        assert!(
            kept.contains(&format!("value=\"{wrong}\"")) && kept.contains("<option value=\"enterprise\" selected>"),
            "{kept}"
        );
        assert!(kept.contains("href=\"#enterprise_limits-requests_per_minute\""), "{kept}");
    }
    owner.does(&path, &fields("1,200"));
    let shown = app.json(&["organizations", "show", &app.fixture.organization]);
    assert_eq!(shown["name"], "Acme & Sons");
    assert_eq!(shown["plan"], "enterprise");
    let limits = serde_json::json!({"requests_per_minute": 1200, "requests_per_day": null, "concurrent_connections": 7});
    assert_eq!(shown["enterprise_limits"], limits);
    assert!(owner.page(&path).contains("value=\"1200\""));
    owner.does(&path, &[("name", "Acme"), ("plan", "")]);
    assert_eq!(app.json(&["organizations", "show", &app.fixture.organization])["plan"], serde_json::Value::Null);
    let unknown = owner.post(&path, &[("name", "Acme"), ("plan", "nothing-like-it")]);
    assert_eq!(unknown.status, 422, "{unknown:?}");
});
