//! Webhooks and their deliveries at the pages.

use std::time::Duration;

use super::pages::Visitor;
use crate::support::on_both;
use crate::support::receiver::{Receiver, Reply};
use crate::support::tools::eventually;

const EVIL: &str = "<img src=x onerror=alert(1)>";
const SOON: Duration = Duration::from_secs(20);

/// The page that shows a new secret, once, and the secret.
#[track_caller]
fn secret_of(visitor: &Visitor<'_>, made: &crate::support::http::Response) -> (String, String) {
    assert_eq!(made.status, 303, "{made:?}");
    assert!(made.body.is_empty() && !format!("{made:?}").contains("whsec_"), "the secret is in no plain header: {made:?}");
    let path = made.header("location").unwrap().strip_suffix("/secret").unwrap().to_owned();
    let line = made.all("set-cookie").into_iter().find(|line| line.starts_with("__Host-claviger_shown_")).unwrap();
    let shown = visitor.beside(line.split(';').next().unwrap()).get(&format!("{path}/secret"));
    assert_eq!(shown.status, 200, "{shown:?}");
    assert!(shown.all("set-cookie").iter().any(|line| line.contains("Max-Age=0")), "{shown:?}");
    let text = shown.text();
    let secret = text.split("id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(secret.starts_with("whsec_") && secret.len() > 40, "{secret}");
    assert!(text.contains("data-leave-guard") && text.contains("new Webhook(") && text.contains("from standardwebhooks"));
    let again = visitor.page(&format!("{path}/secret"));
    assert!(!again.contains(&secret) && again.contains("shown once"), "{again}");
    assert!(!visitor.page(&path).contains(&secret));
    (path, secret)
}

on_both!(a_webhook_lives_at_its_pages, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let receiver = Receiver::start(Reply::ok(500));
    let admin = app.at_pages("admin");
    assert!(admin.page("/webhooks").contains("No webhooks yet"));
    assert!(admin.page("/webhooks/new").contains("A key got a new secret."), "events have descriptions");
    let kept = admin.is_asked_to_mend(
        "/webhooks",
        &[("url", "ftp://x.example"), ("description", EVIL), ("which", "some"), ("events", "api_key.deleted")],
        "url-error",
    );
    assert!(kept.contains("value=\"ftp://x.example\"") && kept.contains("&#60;img"), "{kept}");
    assert!(kept.contains("value=\"api_key.deleted\" checked") && kept.contains("value=\"some\" checked"), "{kept}");
    admin.is_asked_to_mend("/webhooks", &[("url", "https://x.example/"), ("which", "some")], "at least one kind");
    let made = admin.post("/webhooks", &[("url", &receiver.url()), ("description", EVIL), ("which", "every")]);
    let (path, secret) = secret_of(&admin, &made);
    let list = admin.page("/webhooks");
    assert!(list.contains("&#60;img") && list.contains("Every event") && list.contains(">Enabled<"), "{list}");

    // A test delivery that fails is tried again; one that is given up can be sent again.
    assert_eq!(admin.does(&format!("{path}/test"), &[]), format!("{path}?notice=webhook-tested"));
    receiver.wait_for(1, SOON);
    let page = eventually(SOON, "the attempt is listed", || Some(admin.page(&path)).filter(|page| page.contains("Retrying")));
    assert!(page.contains("webhook.test") && page.contains("<code>500</code>") && page.contains("Next attempt"), "{page}");
    assert_eq!(admin.does(&format!("{path}/disable"), &[]), format!("{path}?notice=webhook-disabled"));
    let page = admin.page(&path);
    assert!(page.contains("Given up") && page.contains("Nothing is sent to it") && !page.contains("/test\""), "{page}");
    admin.is_asked_to_mend(&format!("{path}/test"), &[], "enable it first");
    admin.does(&format!("{path}/enable"), &[]);
    receiver.reply_with(Reply::ok(204));
    let page = admin.page(&format!("{path}?state=dead"));
    let redeliver =
        page.split("action=\"").find_map(|rest| rest.split('"').next().filter(|to| to.ends_with("/redeliver"))).unwrap();
    assert_eq!(admin.does(redeliver, &[]), format!("{path}?notice=redelivered"));
    receiver.wait_for(2, SOON);
    eventually(SOON, "it is delivered", || {
        Some(admin.page(&format!("{path}?state=delivered"))).filter(|page| page.contains("webhook.test"))
    });
    assert!(admin.page(&format!("{path}?state=dead")).contains("No deliveries like this"));

    let rotated = admin.post(&format!("{path}/rotate-secret"), &[("grace_period_seconds", "3600")]);
    let (_, second) = secret_of(&admin, &rotated);
    assert_ne!(second, secret);
    let page = admin.page(&path);
    assert!(page.contains("Both are live") && page.contains("Signs until"), "{page}");
    admin.is_asked_to_mend(&format!("{path}/rotate-secret"), &[("grace_period_seconds", "x")], "604800");

    let edit = admin.page(&format!("{path}/edit"));
    assert!(edit.contains(&receiver.url()) && edit.contains("value=\"every\" checked"), "{edit}");
    let fields = [("url", "https://hooks.example.com/a"), ("description", ""), ("which", "some"), ("events", "api_key.stale")];
    assert_eq!(admin.does(&path, &fields), format!("{path}?notice=webhook-changed"));
    let page = admin.page(&path);
    assert!(page.contains("https://hooks.example.com/a") && page.contains(">api_key.stale<"), "{page}");
    admin.is_asked_to_mend(&format!("{path}/delete"), &[("host", "example.com")], "host-error");
    assert_eq!(admin.does(&format!("{path}/delete"), &[("host", "hooks.example.com")]), "/webhooks?notice=webhook-deleted");
    assert_eq!(admin.get(&path).status, 404);
    assert!(!app.log().contains("whsec_"));
});

on_both!(developers_and_others_have_no_webhooks, ["--webhook-allow-private", "127.0.0.0/8"], |app| {
    let owner = app.at_pages("owner");
    let made = owner.post("/webhooks", &[("url", "http://127.0.0.1:9/x"), ("which", "every")]);
    let (path, _) = secret_of(&owner, &made);
    let developer = app.at_pages("developer");
    assert!(!developer.page("/profile").contains("href=\"/webhooks\""));
    for page in ["/webhooks", "/webhooks/new", &path, &format!("{path}/edit"), &format!("{path}/secret")] {
        assert_eq!(developer.get(page).status, 403, "{page}");
    }
    for change in ["", "/test", "/disable", "/enable", "/rotate-secret", "/delete"] {
        let fields = [("url", "https://x.example/"), ("host", "127.0.0.1"), ("grace_period_seconds", "0"), ("which", "every")];
        assert_eq!(developer.post(&format!("{path}{change}"), &fields).status, 403, "{change}");
        assert_eq!(owner.post_bare(&format!("{path}{change}"), &fields).status, 403, "{change}: without form_token");
    }
    assert_eq!(owner.get(&path).status, 200);
    // The cookie of one session's secret opens nothing in another.
    let made = owner.post(&format!("{path}/rotate-secret"), &[("grace_period_seconds", "0")]);
    let line = made.all("set-cookie").into_iter().find(|line| line.starts_with("__Host-claviger_shown_")).unwrap().to_owned();
    let other = app.at_pages("owner").with_cookie(line.split(';').next().unwrap());
    assert!(other.page(&format!("{path}/secret")).contains("shown once"));
});
