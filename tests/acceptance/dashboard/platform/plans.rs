//! Rate plans.

use crate::support::api::PLATFORM;
use crate::support::on_both;

on_both!(operators_make_edit_and_delete_plans, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let list = owner.page("/operator/plans");
    for word in ["starter", "10,000", "Set for each organization", "No limit", "Default"] {
        assert!(list.contains(word), "{word}: {list}");
    }
    let wrong = [("name", "Gold Plan"), ("requests_per_minute", "x"), ("requests_per_day", "5"), ("dry_run", "true")];
    let kept = owner.is_asked_to_mend("/operator/plans/new", &wrong, "id=\"name-error\"");
    for word in ["id=\"requests_per_minute-error\"", "value=\"Gold Plan\"", "value=\"5\"", "value=\"true\" checked"] {
        assert!(kept.contains(word), "{word}: {kept}");
    }
    let right = [("name", "gold"), ("requests_per_minute", "1 200"), ("requests_per_day", ""), ("dry_run", "true")];
    assert_eq!(owner.does("/operator/plans/new", &right), "/operator/plans?notice=plan-created");
    let taken = owner.post("/operator/plans/new", &right);
    assert_eq!(taken.status, 422);
    assert!(taken.text().contains("There is a plan gold already."));
    let gold = || app.json(&["plans", "show", "gold"]);
    assert_eq!((&gold()["requests_per_minute"], &gold()["dry_run"]), (&1200.into(), &true.into()));
    let edited = [("requests_per_minute", "90"), ("requests_per_day", "1000"), ("concurrent_connections", "3")];
    assert_eq!(owner.does("/operator/plans/gold", &edited), "/operator/plans/gold?notice=plan-saved");
    assert_eq!((&gold()["requests_per_minute"], &gold()["dry_run"]), (&90.into(), &false.into()));

    app.site.sql(&format!("UPDATE organizations SET plan = 'gold' WHERE id = '{}'", app.fixture.organization));
    assert!(owner.page("/operator/plans/gold").contains(">Acme</a>"));
    let refused = owner.post("/operator/plans/gold/delete", &[]);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("The plan gold is in use: API keys or organizations are on it."));
    app.site.sql("UPDATE organizations SET plan = NULL");
    assert_eq!(owner.does("/operator/plans/gold/delete", &[]), "/operator/plans?notice=plan-deleted");
    assert_eq!(owner.get("/operator/plans/gold").status, 404);

    let refused = owner.post("/operator/plans/unlimited/delete", &[]);
    assert_eq!(refused.status, 409);
    assert!(refused.text().contains("default-plan"), "{refused:?}");
    assert_eq!(owner.post("/operator/plans/enterprise/delete", &[]).status, 409);
});

on_both!(the_plan_enterprise_has_limits_of_organizations_alone, |app| {
    let owner = app.at_pages_of(PLATFORM, "owner");
    let page = owner.page("/operator/plans/enterprise");
    assert!(!page.contains("name=\"requests_per_minute\"") && !page.contains("/delete"), "{page}");
    owner.does("/operator/plans/enterprise", &[("dry_run", "true"), ("requests_per_minute", "5")]);
    let shown = app.json(&["plans", "show", "enterprise"]);
    assert_eq!((&shown["requests_per_minute"], &shown["dry_run"]), (&serde_json::Value::Null, &true.into()));
});
