//! `RateLimit` and `RateLimit-Policy`, as draft-ietf-httpapi-ratelimit-headers has them.

use std::collections::BTreeMap;

use crate::support::on_both;
use crate::support::rate_limit::{Parameters, assert_unlimited, items};

fn parameters(of: &[(&str, &str)]) -> Parameters {
    of.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

on_both!(every_counted_answer_has_both_headers_as_structured_fields, |app| {
    let key = app.key_on("starter");
    for answer in [app.token(&key).send(), app.token(&key).scope("zzz").send()] {
        let policy = BTreeMap::from([
            ("minute".to_owned(), parameters(&[("q", "60"), ("w", "60")])),
            ("day".to_owned(), parameters(&[("q", "10000"), ("w", "86400")])),
            ("concurrent".to_owned(), parameters(&[("q", "5"), ("qu", "concurrent-requests")])),
        ]);
        assert_eq!(items(&answer, "ratelimit-policy"), policy);
        let state = items(&answer, "ratelimit");
        assert_eq!(state.keys().collect::<Vec<_>>(), ["concurrent", "day", "minute"]);
        for (window, longest) in [("minute", 60), ("day", 86_400)] {
            assert!(state[window]["r"].parse::<u32>().unwrap() < 10_000, "{state:?}");
            let reset: u32 = state[window]["t"].parse().unwrap();
            assert!((1..=longest).contains(&reset), "{state:?}");
            assert_eq!(state[window].len(), 2, "{state:?}");
        }
        assert_eq!(state["concurrent"], parameters(&[("r", "4")]));
        assert!(answer.header("ratelimit").unwrap().starts_with("\"minute\";r="), "{answer:?}");
    }
});

on_both!(a_limit_that_a_plan_does_not_have_is_not_named, |app| {
    app.plan("daily", &["--requests-per-day", "7"]);
    let answer = app.token(&app.key_on("daily")).send();
    assert_eq!(answer.header("ratelimit-policy"), Some("\"day\";q=7;w=86400"));
    assert_eq!(items(&answer, "ratelimit").len(), 1);
});

on_both!(without_limits_there_are_no_headers, |app| {
    assert_unlimited(&app.token(&app.fixture.k1).send());
    assert_unlimited(&app.token(&app.key_on("unlimited")).send());
    assert_unlimited(&app.token(&app.key_on("enterprise")).send());
});
