//! Webhooks: signed anew each time, retried by the clock, and late, doubled, reordered or lost on request.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use common::{Letter, SECRET, Street, id};
use stripe_sandbox::{Faults, Pay, WebhookMode, sign};

const GOOD: &str = "4242424242424242";

fn kinds(letters: &[Letter]) -> Vec<String> {
    letters.iter().map(Letter::kind).collect()
}

const PAYMENT: [&str; 4] =
    ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"];

#[tokio::test]
async fn events_arrive_in_order_and_signed() {
    let street = Street::open().await;
    street.paid(GOOD).await;
    assert_eq!(street.letters().len(), 0, "nothing travels by itself");
    assert_eq!(street.sandbox.deliver_due().await, 4);
    let letters = street.letters();
    assert_eq!(kinds(&letters), PAYMENT);
    for letter in &letters {
        assert_eq!(letter.signature, sign(SECRET, street.now(), &letter.body));
        assert_ne!(letter.signature, sign("whsec_other", street.now(), &letter.body));
        assert_eq!(letter.event()["pending_webhooks"], 1);
        let event = street.get(&format!("/v1/events/{}", id(&letter.event()))).await.ok();
        assert_eq!(event["pending_webhooks"], 0);
    }
    assert_eq!(street.sandbox.deliver_due().await, 0);
}

#[test]
fn the_signature_is_stripes() {
    // Computed with: printf '1492774577.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_test
    let header = sign("whsec_test", 1_492_774_577, "{\"id\":\"evt_1\"}");
    assert_eq!(header, "t=1492774577,v1=7656fc2882a7ca0a651666b36bf2f2f22ee204f54f608f227498a2419f2890b2");
}

#[tokio::test]
async fn an_endpoint_that_fails_is_tried_four_times_with_a_new_signature() {
    let street = Street::open().await;
    street.shop_answers(500);
    let session = street.session().await;
    street.post(&format!("/v1/checkout/sessions/{}/expire", id(&session)), &[]).await.ok();
    let mut signatures = std::collections::BTreeSet::new();
    for wait in [0, 60, 30 * 60, 3 * 60 * 60] {
        if wait > 0 {
            street.pass(wait - 1);
            assert_eq!(street.sandbox.deliver_due().await, 0);
            street.pass(1);
        }
        assert_eq!(street.sandbox.deliver_due().await, 1);
        signatures.insert(street.letters().remove(0).signature);
    }
    assert_eq!(signatures.len(), 4);
    street.pass(30 * 60 * 60);
    assert_eq!(street.sandbox.deliver_due().await, 0, "given up");
    let missed = street.get("/v1/events?delivery_success=false&type=checkout.session.expired").await.ok();
    assert_eq!(missed["data"][0]["pending_webhooks"], 1);
}

#[tokio::test]
async fn a_redirect_is_a_failure_and_a_retry_succeeds() {
    let street = Street::open().await;
    street.shop_answers(302);
    let session = street.session().await;
    street.sandbox.pay(id(&session), Pay::DelayedSucceeds).unwrap();
    let sent = street.sandbox.deliver_due().await;
    street.shop_answers(200);
    street.pass(60);
    assert_eq!(street.sandbox.deliver_due().await, sent);
    assert!(street.get("/v1/events?delivery_success=false").await.ok()["data"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn webhooks_misbehave_on_request() {
    for (mode, due_now, arrives) in [
        (WebhookMode::Late(90), 0, PAYMENT.to_vec()),
        (WebhookMode::Twice, 8, PAYMENT.iter().flat_map(|kind| [*kind, *kind]).collect()),
        (WebhookMode::OutOfOrder, 4, PAYMENT.iter().rev().copied().collect()),
        (WebhookMode::Lost, 0, vec![]),
    ] {
        let street = Street::open().await;
        street.sandbox.set_faults(Faults::webhooks(mode));
        street.paid(GOOD).await;
        assert_eq!(street.sandbox.deliver_due().await, due_now, "{mode:?}");
        street.pass(90);
        street.sandbox.deliver_due().await;
        assert_eq!(kinds(&street.letters()), arrives, "{mode:?}");
        let listed = street.get("/v1/events").await.ok()["data"].as_array().unwrap().len();
        assert_eq!(listed, 4, "the events list always knows: {mode:?}");
    }
}

#[tokio::test]
async fn one_change_may_come_as_two_events() {
    let street = Street::open().await;
    street.sandbox.set_faults(Faults::webhooks(WebhookMode::TwoEvents));
    let session = street.session().await;
    street.post(&format!("/v1/checkout/sessions/{}/expire", id(&session)), &[]).await.ok();
    street.sandbox.deliver_due().await;
    let letters = street.letters();
    assert_eq!(kinds(&letters), ["checkout.session.expired"; 2]);
    assert_ne!(letters[0].event()["id"], letters[1].event()["id"]);
    assert_eq!(letters[0].event()["data"], letters[1].event()["data"]);
}

#[tokio::test]
async fn an_event_freezes_its_object_and_names_its_request() {
    let street = Street::open().await;
    let session = street.session().await;
    street.sandbox.pay(id(&session), Pay::DelayedSucceeds).unwrap();
    street.sandbox.pay(id(&session), Pay::SettleDelayed).unwrap();
    let events = street
        .get("/v1/events?types[]=checkout.session.completed&types[]=checkout.session.async_payment_succeeded")
        .await
        .ok();
    assert_eq!(events["data"][1]["data"]["object"]["payment_status"], "unpaid");
    assert_eq!(events["data"][0]["data"]["object"]["payment_status"], "paid");
    assert!(events["data"][0]["request"]["id"].is_null());
    let refund =
        [("payment_intent", events["data"][0]["data"]["object"]["payment_intent"].as_str().unwrap().to_owned())];
    let refund: Vec<(&str, &str)> = refund.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let answer = street.keyed("/v1/refunds", &refund, "refund-key").await;
    let event = street.get("/v1/events?type=refund.*").await.ok()["data"][0].clone();
    assert_eq!(event["request"]["idempotency_key"], "refund-key");
    assert_eq!(event["request"]["id"].as_str(), answer.header("request-id"));
}

#[tokio::test]
async fn events_go_to_this_computer_only() {
    let street = Street::open().await;
    street.sandbox.set_webhook_url(Some("http://shop.example/webhooks/stripe".to_owned()));
    street.paid(GOOD).await;
    assert_eq!(street.sandbox.deliver_due().await, 4);
    assert!(street.sandbox.snapshot()["deliveries"][0]["note"].as_str().unwrap().contains("loopback"));
    street.sandbox.set_webhook_url(None);
    street.pass(60);
    assert_eq!(street.sandbox.deliver_due().await, 0);
}
