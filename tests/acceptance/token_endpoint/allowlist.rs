//! CA15: from where a key may be used, and whose word about the address counts.

use crate::support::{App, Key, on_both};

const TRUST: &str = "127.0.0.0/8,10.0.0.0/8,fd00::/8";

fn key_allowing(app: &App, ranges: &[&str]) -> Key {
    let mut args = vec!["--grant", "a b"];
    ranges.iter().for_each(|range| args.extend(["--ip-allow", range]));
    app.create_key(&args)
}

on_both!(ca15_outside_the_allowlist_only_the_right_secret_is_told_so, ["--trusted-proxies", TRUST], |app| {
    let key = key_allowing(app, &["203.0.113.0/24"]);
    app.token(&key).from("203.0.113.9").accepted();
    app.token(&key).from("198.51.100.1").refused(400, "unauthorized_client");
    let inside = app.token(&key.with_wrong_secret()).from("203.0.113.9").unauthorized();
    let outside = app.token(&key.with_wrong_secret()).from("198.51.100.1").unauthorized();
    assert_eq!(outside.look(), inside.look());
});

on_both!(ca15_addresses_and_ranges_of_both_families_are_matched, ["--trusted-proxies", TRUST], |app| {
    let table: [(&[&str], &[&str], &[&str]); 8] = [
        (&["203.0.113.7"], &["203.0.113.7", "::ffff:203.0.113.7"], &["203.0.113.6", "203.0.113.70", "2001:db8::7"]),
        (&["203.0.113.0/25"], &["203.0.113.0", "203.0.113.127"], &["203.0.113.128", "203.0.112.255"]),
        (&["198.51.100.4/30"], &["198.51.100.4", "198.51.100.7"], &["198.51.100.3", "198.51.100.8"]),
        (&["2001:db8::/32"], &["2001:db8::1", "2001:DB8:ffff::1"], &["2001:db9::1", "203.0.113.7"]),
        (&["2001:db8::7"], &["2001:db8::7", "2001:db8:0:0:0:0:0:7"], &["2001:db8::8"]),
        (&["::ffff:203.0.113.7"], &["203.0.113.7", "::ffff:203.0.113.7"], &["203.0.113.8"]),
        (&["203.0.113.7", "2001:db8::/64"], &["203.0.113.7", "2001:db8::1"], &["203.0.113.8", "2001:db8:0:1::1"]),
        (&["0.0.0.0/0"], &["203.0.113.7", "::ffff:1.2.3.4"], &["2001:db8::1"]),
    ];
    for (ranges, inside, outside) in table {
        let key = key_allowing(app, ranges);
        for address in inside {
            assert_eq!(app.token(&key).from(address).send().status, 200, "{ranges:?} lets {address} in");
        }
        for address in outside {
            let answer = app.token(&key).from(address).send();
            crate::support::token::refused(&answer, 400, "unauthorized_client");
        }
    }
    let anywhere = key_allowing(app, &[]);
    for address in ["203.0.113.7", "2001:db8::1"] {
        app.token(&anywhere).from(address).accepted();
    }
});

on_both!(ca15_a_stranger_cannot_claim_another_address, |app| {
    // No proxy is trusted: the socket's address counts.
    let elsewhere = key_allowing(app, &["203.0.113.7"]);
    let here = key_allowing(app, &["127.0.0.1"]);
    for header in ["X-Forwarded-For", "Forwarded", "X-Real-IP", "X-Client-IP", "CF-Connecting-IP", "True-Client-IP"] {
        let value = if header == "Forwarded" { "for=203.0.113.7" } else { "203.0.113.7" };
        app.token(&elsewhere).header(header, value).refused(400, "unauthorized_client");
        app.token(&here).header(header, value).accepted();
    }
});

on_both!(ca15_the_right_most_hop_that_is_no_proxy_of_ours_counts, ["--trusted-proxies", TRUST], |app| {
    let key = key_allowing(app, &["203.0.113.7"]);
    for chain in [
        "203.0.113.7",
        "203.0.113.7, 10.1.2.3",
        "203.0.113.7,10.1.2.3,127.0.0.9",
        "198.51.100.1, 203.0.113.7, 10.1.2.3",
        "203.0.113.7 , fd00::1",
        "nonsense, 203.0.113.7",
    ] {
        assert_eq!(app.token(&key).from(chain).send().status, 200, "{chain}");
    }
    for chain in
        ["203.0.113.7, 198.51.100.1", "203.0.113.7, 198.51.100.1, 10.1.2.3", "198.51.100.1", "10.1.2.3", "203.0.113.7, 11.0.0.1"]
    {
        app.token(&key).from(chain).refused(400, "unauthorized_client");
    }
    // Several headers are one list.
    app.token(&key).from("198.51.100.1").from("203.0.113.7").from("10.1.2.3").accepted();
    app.token(&key).from("203.0.113.7").from("198.51.100.1").refused(400, "unauthorized_client");
    // The proxy's own requests come from the proxy.
    app.token(&key).refused(400, "unauthorized_client");
    app.token(&key_allowing(app, &["127.0.0.1"])).accepted();
    // Other spellings of the header are nobody's word.
    app.token(&key).header("Forwarded", "for=203.0.113.7").refused(400, "unauthorized_client");
    app.token(&key).header("X-Real-IP", "203.0.113.7").refused(400, "unauthorized_client");
});

on_both!(ca15_a_forwarded_address_that_is_none_is_refused, ["--trusted-proxies", TRUST], |app| {
    let key = key_allowing(app, &["203.0.113.7", "127.0.0.1"]);
    for chain in
        ["nonsense", "203.0.113.7, nonsense", "203.0.113.7, nonsense, 10.1.2.3", "203.0.113.300", "", "203.0.113.7,", "unknown"]
    {
        let answer = app.token(&key).from(chain).send();
        assert_eq!(answer.status, 400, "{chain:?}: {answer:?}");
        assert!(["unauthorized_client", "invalid_request"].contains(&answer.json()["error"].as_str().unwrap()), "{answer:?}");
    }
});

on_both!(an_edited_allowlist_is_honoured, ["--trusted-proxies", TRUST], |app| {
    use crate::support::tools::{HONOURED_WITHIN, eventually};
    let key = key_allowing(app, &["203.0.113.7"]);
    app.token(&key).from("203.0.113.7").accepted();
    app.key_action("edit", &key, &["--ip-allow", "198.51.100.0/24"]);
    eventually(HONOURED_WITHIN, "the new list", || app.token(&key).from("198.51.100.1").works().then_some(()));
    app.token(&key).from("203.0.113.7").refused(400, "unauthorized_client");
    app.key_action("edit", &key, &["--clear", "ip_allowlist"]);
    eventually(HONOURED_WITHIN, "no list", || app.token(&key).from("203.0.113.7").works().then_some(()));
});
