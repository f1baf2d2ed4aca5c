//! A plan allows what it says, and again when the window is over.

use std::time::{Duration, Instant};

use crate::support::rate_limit::{left, room_in_this_minute};
use crate::support::token::{accepted, refused};
use crate::support::tools::eventually;
use crate::support::{App, Backend, on_both};

on_both!(tl9_the_starter_plan_allows_sixty_a_minute_and_no_more, |app| {
    let (key, other) = (app.key_on("starter"), app.key_on("starter"));
    room_in_this_minute(15);
    for spent in 1..=60 {
        let answer = app.token(&key).send();
        accepted(&answer);
        assert_eq!(left(&answer, "minute").0, 60 - spent);
        assert_eq!(left(&answer, "day").0, 10_000 - spent);
    }
    for _ in 0..3 {
        let answer = app.token(&key).refused(429, "temporarily_unavailable");
        let (remaining, reset) = left(&answer, "minute");
        assert_eq!(remaining, 0);
        assert_eq!(answer.header("retry-after"), Some(reset.to_string().as_str()));
        assert_eq!(left(&answer, "day").0, 9_940, "what is refused uses nothing up");
    }
    // Each key has its own.
    assert_eq!(left(&app.token(&other).send(), "minute").0, 59);
    assert!(app.log().contains("over_plan"), "the log has the reason");
});

on_both!(tl9_parallel_requests_get_no_more_than_the_plan, |app| {
    let key = app.key_on("starter");
    room_in_this_minute(15);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let lanes: Vec<_> =
            (0..6).map(|_| scope.spawn(|| (0..20).map(|_| app.token(&key).send().status).collect::<Vec<_>>())).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 60, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 60, "{statuses:?}");
});

on_both!(the_day_has_a_limit_of_its_own, |app| {
    app.plan("daily", &["--requests-per-minute", "100", "--requests-per-day", "7"]);
    let key = app.key_on("daily");
    room_in_this_minute(10);
    (0..7).for_each(|_| drop(app.token(&key).accepted()));
    let answer = app.token(&key).refused(429, "temporarily_unavailable");
    let (remaining, reset) = left(&answer, "day");
    assert_eq!(remaining, 0);
    assert_eq!(answer.header("retry-after"), Some(reset.to_string().as_str()));
    assert_eq!(left(&answer, "minute").0, 93);
});

on_both!(tl9_when_the_minute_is_over_the_key_works_again, |app| {
    app.plan("tiny", &["--requests-per-minute", "2"]);
    let key = app.key_on("tiny");
    // The rest of the minute is waited for, so let it be short.
    let mut refusal;
    loop {
        refusal = app.token(&key).send();
        if refusal.status == 429 {
            break;
        }
        accepted(&refusal);
    }
    refused(&refusal, 429, "temporarily_unavailable");
    let wait = Duration::from_secs(refusal.header("retry-after").unwrap().parse().unwrap());
    assert!(wait <= Duration::from_secs(60));
    let refused_at = Instant::now();
    std::thread::sleep(wait.saturating_sub(refused_at.elapsed()));
    let answer = app.token(&key).send();
    accepted(&answer);
    assert_eq!(left(&answer, "minute").0, 1);
});

on_both!(f3_kill_9_resets_nothing, |app| {
    app.plan("daily", &["--requests-per-day", "60"]);
    let key = app.key_on("daily");
    (0..20).for_each(|_| drop(app.token(&key).accepted()));
    app.kill();
    app.restart();
    let mut more = 0;
    while app.token(&key).send().status == 200 {
        more += 1;
    }
    // What the dead node had taken and not spent is lost: a batch, a tenth of the limit, at most.
    assert!((34..=40).contains(&more), "{more} after the restart");
    // An orderly stop loses nothing.
    let another = app.key_on("daily");
    (0..20).for_each(|_| drop(app.token(&another).accepted()));
    app.terminate();
    app.restart();
    assert_eq!((0..60).filter(|_| app.token(&another).send().status == 200).count(), 40);
});

/// Once is enough: it is about memory.
#[test]
fn tl9_without_the_database_a_plan_holds_for_the_node_and_nobody_gets_a_5xx() {
    use std::sync::Arc;

    use crate::support::Site;
    use crate::support::postgres::Cluster;
    let cluster = Arc::new(Cluster::new());
    let app = App::start_in(Site::in_cluster(Arc::clone(&cluster)), &[]);
    app.plan("small", &["--requests-per-day", "20"]);
    let key = app.key_on("small");
    std::thread::sleep(Duration::from_millis(600));
    (0..5).for_each(|_| drop(app.token(&key).accepted()));
    cluster.stop();
    let statuses: Vec<u16> = (0..20).map(|_| app.token(&key).send().status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 15, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 5, "{statuses:?}");
    cluster.start();
    // What was admitted meanwhile is written down; twice at most what was being written when the database went.
    eventually(Duration::from_secs(20), "the count", || {
        let taken = app.site.sql("SELECT taken FROM rate_windows WHERE kind = 'day'");
        (20..=22).contains(&taken.trim().parse::<u32>().ok()?).then_some(())
    });
    app.token(&key).refused(429, "temporarily_unavailable");
}

/// A key without limits leaves no trace in the database.
#[test]
fn keys_without_limits_are_not_counted() {
    let app = App::start(Backend::Sqlite, &[]);
    (0..5).for_each(|_| drop(app.token(&app.fixture.k1).accepted()));
    assert_eq!(app.site.sql("SELECT count(*) FROM rate_windows").trim(), "0");
}
