//! Product.md section 3: the decisions come in one order, so a request with two faults has one answer.

use crate::support::{Key, on_both};

on_both!(the_first_fault_in_the_order_of_decisions_is_the_answer, ["--trusted-proxies", "127.0.0.0/8"], |app| {
    let inside = "203.0.113.7";
    let key: &Key = &app.create_key(&["--grant", "a b", "--ip-allow", inside]);
    let good = || app.token(key).from(inside);
    let stranger = || app.token(&key.with_wrong_secret()).from(inside);
    let outside = || app.token(key).from("198.51.100.1");

    // 1 shape, before 2 client
    stranger().content_type(Some("text/plain")).refused(400, "invalid_request");
    stranger().raw("scope=a&scope=b").refused(400, "invalid_request");
    stranger().query("?scope=a").refused(400, "invalid_request");
    stranger().param("client_secret", "x").refused(400, "invalid_request");
    stranger().account("acct_1").header("x-login-as", "acct_2").refused(400, "invalid_request");
    stranger().method("GET").refused(405, "invalid_request");
    // 2 client, before 3 address
    app.token(&key.with_wrong_secret()).from("198.51.100.1").unauthorized();
    // 2 client, before 5 grant type, 6 target, 7 scope
    stranger().body("grant_type=password").unauthorized();
    stranger().account("nonsense").unauthorized();
    stranger().scope("zzz").unauthorized();
    stranger().param("authorization_details", "[]").unauthorized();
    // 3 address, before 5 grant type, 6 target, 7 scope
    outside().body("").refused(400, "unauthorized_client");
    outside().body("grant_type=password").refused(400, "unauthorized_client");
    outside().account("nonsense").refused(400, "unauthorized_client");
    outside().scope("zzz").refused(400, "unauthorized_client");
    // 5 grant type, before 6 target, 7 scope
    good().body("account=nonsense").refused(400, "invalid_request");
    good().body("grant_type=password").account("nonsense").refused(400, "unsupported_grant_type");
    good().body("grant_type=password").resource("nonsense").refused(400, "unsupported_grant_type");
    good().body("grant_type=password").param("authorization_details", "[]").refused(400, "unsupported_grant_type");
    good().body("grant_type=password").scope("zzz").refused(400, "unsupported_grant_type");
    // 6 target, before 7 scope
    good().account("nonsense").scope("zzz").refused(400, "invalid_target");
    good().resource("nonsense").scope("zzz").refused(400, "invalid_target");
    good().resource("nonsense").scope(" a").refused(400, "invalid_target");
    good().param("authorization_details", "[]").scope("zzz").refused(400, "invalid_authorization_details");
    // 7 scope
    good().scope("zzz").refused(400, "invalid_scope");
    good().accepted();
});

on_both!(authorization_details_cannot_be_asked_for, |app| {
    let k1 = &app.fixture.k1;
    for value in ["[]", "{}", "[{\"type\":\"payout_limit\",\"max_amount\":\"1000000\"}]", "nonsense", " "] {
        app.token(k1).param("authorization_details", value).refused(400, "invalid_authorization_details");
    }
});
