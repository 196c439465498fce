//! The hosted page and the control page as a browser without JavaScript sees them.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use common::{Answer, Street, encode, id};
use serde_json::Value;
use stripe_sandbox::WebhookMode;

async fn open(street: &Street, session: &Value) -> Answer {
    let address = format!("{}/_sandbox/checkout/{}", street.base, id(session));
    street.ask(street.http.get(address)).await.unwrap()
}

async fn press(street: &Street, session: &Value, form: &[(&str, &str)]) -> Answer {
    let address = format!("{}/_sandbox/checkout/{}", street.base, id(session));
    let request = street.http.post(address).header("content-type", "application/x-www-form-urlencoded");
    street.ask(request.body(encode(form))).await.unwrap()
}

#[tokio::test]
async fn the_page_shows_the_bill_and_pays() {
    let street = Street::open().await;
    let session = street.session().await;
    let page = open(&street, &session).await;
    for expected in [
        "Sandbox: nothing here can charge a card",
        "Mug &lt;blue&gt; × 2",
        "24.00 EUR",
        "29.50 EUR",
        "4242 4242 4242 4242",
        "<button class=\"main\" id=\"pay\"",
        "<select id=\"method\"",
        "id=\"expire\"",
        "href=\"https://shop.test/cart\"",
    ] {
        assert!(page.text.contains(expected), "{expected}: {}", page.text);
    }
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("style-src 'self'") && policy.contains("form-action 'self' https://shop.test"), "{policy}");
    for inline in ["<script", "<style", " style=", " onclick"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    let paid =
        press(&street, &session, &[("action", "pay"), ("method", "card"), ("card", "4242 4242 4242 4242")]).await;
    let target = format!("https://shop.test/done?session={}", id(&session));
    assert_eq!((paid.status, paid.header("location")), (303, Some(target.as_str())));
    let closed = open(&street, &session).await;
    assert!(closed.text.contains("id=\"closed\"") && !closed.text.contains("id=\"pay\""));
}

#[tokio::test]
async fn every_choice_on_the_page_does_what_it_says() {
    let street = Street::open().await;
    let session = street.session().await;
    for method in ["4000000000000002", "4000000000009995", "4000000000000069"] {
        let declined = press(&street, &session, &[("action", "pay"), ("method", method)]).await;
        assert!(declined.text.contains("id=\"message\"") && declined.text.contains("id=\"pay\""), "{method}");
    }
    let asks = press(&street, &session, &[("action", "pay"), ("method", "4000000000003220")]).await;
    assert!(asks.text.contains("id=\"authenticate\"") && !asks.text.contains("id=\"pay\""));
    assert_eq!(press(&street, &session, &[("action", "authenticate")]).await.status, 303);

    for method in ["delayed_succeeds", "delayed_fails"] {
        let session = street.session().await;
        assert_eq!(press(&street, &session, &[("action", "pay"), ("method", method)]).await.status, 303);
        assert_eq!(street.sandbox.session(id(&session)).unwrap()["payment_status"], "unpaid");
    }

    let session = street.session().await;
    let expired = press(&street, &session, &[("action", "expire")]).await;
    assert!(expired.text.contains("This checkout has expired"));
    let late = press(&street, &session, &[("action", "pay"), ("method", "card"), ("card", "4242424242424242")]).await;
    assert!(late.text.contains("id=\"closed\""));
}

#[tokio::test]
async fn a_choice_of_webhooks_holds_for_this_payment_only() {
    let street = Street::open().await;
    let session = street.session().await;
    press(&street, &session, &[("action", "pay"), ("card", "4242424242424242"), ("webhooks", "lost")]).await;
    assert_eq!(street.sandbox.deliver_due().await, 0);
    assert_eq!(street.sandbox.faults().webhooks, WebhookMode::OnTime);
    street.paid("4242424242424242").await;
    assert_eq!(street.sandbox.deliver_due().await, 4);
}

#[tokio::test]
async fn the_page_speaks_the_sessions_language_and_currency() {
    let street = Street::open().await;
    let yen = [
        ("locale", "zh"),
        ("line_items[0][price_data][currency]", "jpy"),
        ("line_items[1][price_data][currency]", "jpy"),
        ("customer_email", ""),
    ];
    let session = street.session_with(&yen).await.ok();
    let page = open(&street, &session).await;
    assert!(page.text.contains("lang=\"zh-CN\"") && page.text.contains("沙盒环境"));
    assert!(page.text.contains("2950 JPY"), "yen have no decimals");
    assert!(page.text.contains("id=\"email\""));
    press(&street, &session, &[("action", "pay"), ("card", "4242424242424242"), ("email", "li@example.cn")]).await;
    assert_eq!(street.sandbox.session(id(&session)).unwrap()["customer_details"]["email"], "li@example.cn");
    let missing = street.ask(street.http.get(format!("{}/_sandbox/checkout/none", street.base))).await.unwrap();
    assert_eq!(missing.status, 404);
    let css = street.ask(street.http.get(format!("{}/_sandbox/checkout.css", street.base))).await.unwrap();
    assert!(css.header("content-type").unwrap().starts_with("text/css"));
}

#[tokio::test]
async fn the_control_page_switches_and_settles() {
    let street = Street::open().await;
    let session = street.session().await;
    street.sandbox.pay(id(&session), stripe_sandbox::Pay::DelayedFails).unwrap();
    let control = |path: &str| format!("{}/_sandbox/stripe{path}", street.base);
    let page = street.ask(street.http.get(control(""))).await.unwrap();
    assert!(page.text.contains(&format!("settle/{}", id(&session))) && page.text.contains("payment_intent.processing"));
    let settle = street.http.post(control(&format!("/settle/{}", id(&session)))).header("accept", "text/html");
    assert_eq!(street.ask(settle).await.unwrap().status, 303);
    assert_eq!(street.sandbox.events().last().unwrap()["type"], "checkout.session.async_payment_failed");
    let form = [("webhooks", "twice"), ("fault", "hang"), ("path", "/v1/refunds"), ("times", "0")];
    let set = street.http.post(control("/faults")).header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(street.ask(set.body(encode(&form))).await.unwrap().status, 303);
    let faults = street.sandbox.faults();
    assert_eq!((faults.webhooks, faults.next[0].times), (WebhookMode::Twice, None));
    let foreign = street.http.post(control("/faults")).header("sec-fetch-site", "cross-site");
    assert_eq!(street.ask(foreign).await.unwrap().status, 403);
    let snapshot = street.ask(street.http.get(control("/snapshot"))).await.unwrap().ok();
    assert_eq!(snapshot["sessions"][0]["id"], session["id"]);
}
