//! Which plan holds for a key, how soon a change counts, and dry runs.

use std::time::Duration;

use crate::support::http::{self, Request, Response};
use crate::support::rate_limit::{assert_unlimited, items, left, room_in_this_minute};
use crate::support::tools::{HONOURED_WITHIN, eventually, free_port};
use crate::support::{App, Backend, Options, Output, Server, on_both};

/// The limit of the minute, if the answer names one.
fn per_minute(answer: &Response) -> Option<u32> {
    answer.header("ratelimit-policy")?;
    Some(items(answer, "ratelimit-policy").get("minute")?["q"].parse().unwrap())
}

on_both!(the_keys_plan_comes_before_the_organizations_and_that_before_the_default, ["--default-plan", "starter"], |app| {
    let key = app.key_with_grants(&["a"]);
    let own = app.key_on("unlimited");
    assert_eq!(per_minute(&app.token(&key).send()), Some(60));
    assert_unlimited(&app.token(&own).send());
    app.json(&["organizations", "edit", &app.fixture.organization, "--plan", "growth"]);
    let becomes =
        |limit| eventually(HONOURED_WITHIN, "the plan", || (per_minute(&app.token(&key).send()) == limit).then_some(()));
    becomes(Some(300));
    assert_unlimited(&app.token(&own).send());
    app.json(&["organizations", "edit", &app.fixture.organization, "--clear", "plan"]);
    becomes(Some(60));
    app.key_action("edit", &key, &["--plan", "growth"]);
    becomes(Some(300));
    app.key_action("edit", &key, &["--clear", "plan"]);
    becomes(Some(60));
});

on_both!(enterprise_is_set_for_each_organization, |app| {
    let key = app.key_on("enterprise");
    assert_unlimited(&app.token(&key).send());
    let organization = app.json(&["organizations", "edit", &app.fixture.organization, "--requests-per-minute", "1234"]);
    assert_eq!(organization["plan"], serde_json::Value::Null);
    assert_eq!(organization["enterprise_limits"]["requests_per_minute"], 1234);
    eventually(HONOURED_WITHIN, "the limit", || (per_minute(&app.token(&key).send()) == Some(1234)).then_some(()));
    // It says nothing to keys on other plans.
    assert_unlimited(&app.token(&app.fixture.k1).send());
    app.json(&["organizations", "edit", &app.fixture.organization, "--clear", "requests_per_minute"]);
    eventually(HONOURED_WITHIN, "no limit", || per_minute(&app.token(&key).send()).is_none().then_some(()));
});

on_both!(a_change_of_a_plan_counts_within_a_second, |app| {
    app.plan("mine", &["--requests-per-minute", "3"]);
    let key = app.key_on("mine");
    room_in_this_minute(15);
    (0..3).for_each(|_| drop(app.token(&key).accepted()));
    app.token(&key).refused(429, "temporarily_unavailable");
    app.json(&["plans", "edit", "mine", "--requests-per-minute", "5"]);
    eventually(HONOURED_WITHIN, "the new limit", || (app.token(&key).send().status == 200).then_some(()));
    assert_eq!(left(&app.token(&key).send(), "minute").0, 0, "what was counted stays counted");
    app.token(&key).refused(429, "temporarily_unavailable");
    app.json(&["plans", "edit", "mine", "--clear", "requests_per_minute"]);
    eventually(HONOURED_WITHIN, "no limit", || (app.token(&key).send().status == 200).then_some(()));
    assert_unlimited(&app.token(&key).send());
});

#[test]
fn a_default_plan_that_does_not_exist_refuses_the_start() {
    let (site, _) = App::site_only(Backend::Sqlite);
    let address = format!("127.0.0.1:{}", free_port());
    let refused = Output::of(site.command().args(["serve", "--listen", &address, "--default-plan", "nonsense"]), "");
    let refused = refused.failed_with(2);
    assert!(refused.stderr.contains("nonsense"), "{refused:?}");
    Output::of(site.command().args(["serve", "--listen", &address, "--default-plan", "No Name"]), "").failed_with(2);
}

on_both!(a_dry_run_counts_and_tells_and_refuses_nothing, backend, {
    let port = free_port();
    let app = &App::start_with(backend, Options::flags(&["--metrics-listen", &format!("127.0.0.1:{port}")]));
    app.plan("trial", &["--requests-per-minute", "2", "--dry-run"]);
    let key = app.key_on("trial");
    room_in_this_minute(15);
    for remaining in [1, 0, 0, 0, 0] {
        let answer = app.token(&key).send();
        assert_eq!((answer.status, left(&answer, "minute").0), (200, remaining));
    }
    let told = || app.log().matches("which is a dry run").count();
    eventually(Duration::from_secs(2), "a line in the log", || (told() > 0).then_some(()));
    assert_eq!(told(), 1, "{}", app.log());
    let metrics = metrics(port);
    assert_eq!(metric(&metrics, "minute", "dry_run_refused"), 3);
    assert_eq!(metric(&metrics, "minute", "admitted"), 2);
    assert_eq!(metric(&metrics, "minute", "refused"), 0);
    // In earnest, what was counted counts.
    app.json(&["plans", "edit", "trial", "--dry-run", "false"]);
    eventually(HONOURED_WITHIN, "in earnest", || (app.token(&key).send().status == 429).then_some(()));
    assert!(metric(&self::metrics(port), "minute", "refused") > 0);
});

fn metrics(port: u16) -> String {
    http::exchange(([127, 0, 0, 1], port).into(), &Request::new("GET", "/metrics")).unwrap().text()
}

fn metric(metrics: &str, limit: &str, decision: &str) -> u64 {
    let of = format!("claviger_rate_limit_decisions_total{{limit=\"{limit}\",decision=\"{decision}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&of));
    line.unwrap_or_else(|| panic!("no {of} in {metrics}")).parse().unwrap()
}

/// Nodes that fall back to different plans would be a mistake; a plan that a node falls back to stays.
#[test]
fn the_default_plan_cannot_be_deleted() {
    let app = App::start(Backend::Sqlite, &["--default-plan", "growth"]);
    let refused = app.cli(&["plans", "delete", "growth"]).failed_with(1);
    assert!(refused.stderr.contains("default"), "{refused:?}");
    app.json(&["plans", "delete", "starter"]);
    let _: &Server = &app;
}
