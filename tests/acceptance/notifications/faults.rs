//! F19: receivers that hang, fail, redirect, talk without end or are gone, and servers that are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{LOOPBACK, SOON, deliveries, delivery_where, make_due, manager, sql, webhook, webhook_to};
use crate::support::api::small_key;
use crate::support::receiver::{Receiver, Reply};
use crate::support::tools::{eventually, random_below};
use crate::support::{App, on_both};

/// Far more than a token takes and far less than a receiver that hangs.
const AT_ONCE: Duration = Duration::from_secs(2);

on_both!(f19_bad_receivers_hold_up_neither_good_ones_nor_tokens, [LOOPBACK[0], LOOPBACK[1]], |app| {
    const EVENTS: usize = 12;
    let token = manager(app);
    let trap = Receiver::start(Reply::ok(200));
    let location = format!("Location: {}", trap.url());
    let (hangs, resets) = (Receiver::start(Reply::Hang), Receiver::start(Reply::Reset));
    let (fails, redirects) = (Receiver::start(Reply::ok(500)), Receiver::start(Reply::Status(302, vec![location])));
    let (endless, good) = (Receiver::start(Reply::Endless), Receiver::start(Reply::ok(200)));
    let hook = |receiver: &Receiver| webhook_to(app, &token, receiver);
    let (of_hangs, of_resets, of_fails, of_redirects, of_endless) =
        (hook(&hangs), hook(&resets), hook(&fails), hook(&redirects), hook(&endless));
    let nowhere = webhook(app, &token, &json!({"url": "http://127.0.0.1:9/"}));
    hook(&good);
    for n in 0..EVENTS {
        app.api_create(&token, &small_key(&format!("K{n}")));
    }
    // Behind the receiver that hangs it would take three times 15 s.
    let received = good.wait_for(EVENTS, Duration::from_secs(30));
    let ids: BTreeSet<&str> = received.iter().map(|message| message.header("webhook-id")).collect();
    assert_eq!(ids.len(), EVENTS, "each event once: {received:?}");
    assert!(hangs.most_open() <= 4, "{} at once to one host", hangs.most_open());

    // Receivers hang at this very moment.
    for _ in 0..30 {
        let asked = Instant::now();
        app.token(&app.fixture.k1).accepted();
        assert!(asked.elapsed() < AT_ONCE, "{:?}", asked.elapsed());
    }

    let failed = |path: &str, error: &str| {
        eventually(SOON + Duration::from_secs(20), error, || {
            deliveries(app, &token, path).into_iter().find(|delivery| delivery["last_error"] == error)
        })
    };
    let delivery = failed(&of_fails, "the receiver answered 500");
    assert_eq!((&delivery["state"], &delivery["last_status"]), (&json!("pending"), &json!(500)), "{delivery}");
    assert!(delivery["next_attempt_at"].is_string(), "{delivery}");
    assert_eq!(failed(&of_redirects, "the receiver answered 302: redirects are not followed")["last_status"], 302);
    assert!(trap.received().is_empty(), "a redirect was followed");
    assert_eq!(failed(&of_resets, "the connection broke")["last_status"], Value::Null);
    failed(&format!("/webhooks/{}", nowhere["id"].as_str().unwrap()), "the connection was refused");
    // It was said to be accepted before the body began; the body is not waited for.
    assert_eq!(delivery_where(app, &token, &of_endless, "it is over", |d| d["state"] == "delivered")["last_status"], 200);
    assert!(endless.sent_bytes() < EVENTS * 16_000_000, "{} bytes", endless.sent_bytes());
    failed(&of_hangs, "no answer within 15 s");
    // Nothing of what a receiver says is repeated.
    assert!(!sql(app, "SELECT last_error FROM deliveries").contains("xxx"));
});

on_both!(f19_a_delivery_is_given_up_after_ten_attempts_and_can_be_sent_again, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let receiver = Receiver::start(Reply::ok(503));
    let path = webhook_to(app, &token, &receiver);
    app.api_create(&token, &small_key("K"));
    for attempt in 1..=10 {
        receiver.wait_for(attempt, SOON);
        delivery_where(app, &token, &path, "the attempt is noted", |delivery| delivery["attempts"] == attempt);
        make_due(app);
    }
    let dead = deliveries(app, &token, &path).remove(0);
    assert_eq!((&dead["state"], &dead["next_attempt_at"]), (&json!("dead"), &Value::Null), "{dead}");
    assert!(dead["finished_at"].is_string(), "{dead}");
    receiver.reply_with(Reply::ok(200));
    let again = format!("{path}/deliveries/{}/redeliver", dead["id"].as_str().unwrap());
    app.api("POST", &again).bearer(&token).succeeds(200);
    let done = delivery_where(app, &token, &path, "it is delivered", |delivery| delivery["state"] == "delivered");
    assert_eq!((&done["attempts"], &done["last_status"]), (&json!(11), &json!(200)), "{done}");
    let received = receiver.received();
    assert_eq!(received.len(), 11);
    for message in &received {
        assert_eq!(message.header("webhook-id"), dead["event_id"].as_str().unwrap());
        assert_eq!(message.body, received[0].body, "the same message each time");
    }
});

on_both!(f19_a_receiver_that_asks_for_time_gets_it, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let receiver = Receiver::start(Reply::Status(429, vec!["Retry-After: 7200".to_owned()]));
    let path = webhook_to(app, &token, &receiver);
    app.api("POST", &format!("{path}/test")).bearer(&token).succeeds(200);
    let waiting = delivery_where(app, &token, &path, "it is noted", |delivery| delivery["attempts"] == 1);
    let sql_seconds = sql(app, "SELECT next_attempt_at - created_at FROM deliveries");
    let seconds: i64 = sql_seconds.lines().last().unwrap().trim().parse().unwrap();
    assert!((7_199..7_300).contains(&seconds), "{seconds}: {waiting}");
});

on_both!(f19_a_receiver_that_is_gone_gets_nothing_more_and_others_are_told, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let (gone, other) = (Receiver::start(Reply::ok(410)), Receiver::start(Reply::ok(200)));
    let path = webhook_to(app, &token, &gone);
    webhook(app, &token, &json!({"url": other.url(), "events": ["webhook.disabled"]}));
    app.api_create(&token, &small_key("K"));
    let told = other.wait_for(1, SOON)[0].json();
    let id = path.trim_start_matches("/webhooks/");
    assert_eq!((&told["type"], &told["data"]["webhook_id"]), (&json!("webhook.disabled"), &json!(id)), "{told}");
    let shown = app.api("GET", &path).bearer(&token).succeeds(200);
    assert_eq!((&shown["enabled"], &shown["disabled_reason"]), (&json!(false), &json!("gone")), "{shown}");
    assert_eq!(deliveries(app, &token, &path)[0]["state"], "dead");
    let row = app.site.sql("SELECT actor FROM audit_events WHERE action = 'webhook.disabled'");
    assert_eq!(row.trim(), "system");
    app.api_create(&token, &small_key("K2"));
    let audit = app.cli(&["keys", "list", "--organization", &app.fixture.organization]).succeeded();
    assert!(audit.stdout.contains("K2"));
    assert_eq!(gone.received().len(), 1, "nothing more");
});

on_both!(a_name_that_leads_into_a_private_network_is_refused_when_it_is_connected_to, |app| {
    let token = manager(app);
    let receiver = Receiver::start(Reply::ok(200));
    let made = webhook(app, &token, &json!({"url": format!("https://localhost:{}/hooks", receiver.address.port())}));
    let path = format!("/webhooks/{}", made["id"].as_str().unwrap());
    app.api("POST", &format!("{path}/test")).bearer(&token).succeeds(200);
    let failed = delivery_where(app, &token, &path, "it fails", |delivery| delivery["attempts"] == 1);
    assert_eq!(failed["last_error"], "the host leads into a private network", "{failed}");
    assert_eq!(receiver.most_open(), 0, "there was a connection");
});

on_both!(f19_a_proxy_of_the_environment_is_not_asked, backend, {
    let mut options = crate::support::Options::flags(&LOOPBACK);
    let proxy = Receiver::start(Reply::ok(200));
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        options.environment.push((name.to_owned(), format!("http://{}", proxy.address)));
    }
    let app = App::start_with(backend, options);
    let token = manager(&app);
    let receiver = Receiver::start(Reply::ok(200));
    let path = webhook_to(&app, &token, &receiver);
    app.api("POST", &format!("{path}/test")).bearer(&token).succeeds(200);
    receiver.wait_for(1, SOON);
    assert_eq!(proxy.most_open(), 0, "the proxy was asked");
});

on_both!(f19_kill_9_between_a_change_and_its_delivery_loses_nothing, [LOOPBACK[0], LOOPBACK[1]], |app| {
    let token = manager(app);
    let receiver = Receiver::start(Reply::Hang);
    let path = webhook_to(app, &token, &receiver);
    let mut expected = BTreeSet::new();
    // One is on its way when the server dies.
    expected.insert(app.api_create(&token, &small_key("K")).client_id);
    receiver.wait_for(1, SOON);
    app.kill();
    receiver.reply_with(Reply::ok(200));
    for cycle in 0..6 {
        // What the command line changes while no server runs is told too.
        expected.insert(app.create_key(&["--grant", "a"]).client_id);
        app.restart();
        expected.insert(app.api_create(&token, &small_key(&format!("C{cycle}"))).client_id);
        std::thread::sleep(Duration::from_millis(random_below(900)));
        app.kill();
    }
    app.restart();
    // As if the leases of those that were killed had ended.
    sql(app, "UPDATE deliveries SET next_attempt_at = 1, lease = NULL WHERE next_attempt_at IS NOT NULL");
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    eventually(SOON, "every event arrives", || {
        for message in receiver.received() {
            let body = message.json();
            if body["type"] == "api_key.created" {
                let key = body["data"]["client_id"].as_str().unwrap().to_owned();
                told.entry(key).or_default().insert(message.header("webhook-id").to_owned());
            }
        }
        expected.iter().all(|key| told.contains_key(key)).then_some(())
    });
    for (key, ids) in &told {
        assert_eq!(ids.len(), 1, "one event, one id, however often: {key}: {ids:?}");
    }
    delivery_where(app, &token, &path, "all are noted", |_| {
        deliveries(app, &token, &path).iter().all(|delivery| delivery["state"] == "delivered")
    });
});
