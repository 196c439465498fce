//! Idempotency keys and misbehaviour: what a repeat gets, what is forgotten, and what breaks on request.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use common::{Answer, Street, id, order};
use serde_json::Value;
use stripe_sandbox::{Fault, Faults};

const SESSIONS: &str = "/v1/checkout/sessions";

fn made(street: &Street) -> usize {
    street.sandbox.snapshot()["sessions"].as_array().unwrap().len()
}

fn replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

#[tokio::test]
async fn the_same_key_gets_the_same_answer_once_done() {
    let street = Street::open().await;
    let first = street.keyed(SESSIONS, &order(&[]), "k").await;
    let mut reordered = order(&[]);
    reordered.reverse();
    let again = street.keyed(SESSIONS, &reordered, "k").await;
    assert_eq!((replayed(&first), replayed(&again)), (false, true));
    assert_eq!(first.ok(), again.ok());
    assert_ne!(first.header("request-id"), again.header("request-id"));
    assert_eq!(first.header("request-id"), again.header("original-request"));
    assert_eq!(made(&street), 1);
}

#[tokio::test]
async fn the_same_key_for_something_else_is_an_error() {
    let street = Street::open().await;
    street.keyed(SESSIONS, &order(&[]), "k").await.ok();
    for (path, form) in [(SESSIONS, order(&[("metadata[order_id]", "ord_2")])), ("/v1/refunds", order(&[]))] {
        let other = street.keyed(path, &form, "k").await;
        assert_eq!((other.status, other.json()["error"]["type"].as_str()), (400, Some("idempotency_error")));
    }
    assert_eq!(made(&street), 1);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let street = Street::open().await;
    street.keyed(SESSIONS, &order(&[]), "k").await.ok();
    street.pass(24 * 60 * 60 - 1);
    assert!(replayed(&street.keyed(SESSIONS, &order(&[]), "k").await));
    street.pass(1);
    assert!(!replayed(&street.keyed(SESSIONS, &order(&[]), "k").await));
    assert_eq!(made(&street), 2);
}

#[tokio::test]
async fn validation_is_forgotten_and_execution_is_remembered() {
    let street = Street::open().await;
    let wrong = street.keyed(SESSIONS, &order(&[("colour", "red")]), "k").await;
    assert_eq!(wrong.code(), "parameter_unknown");
    street.keyed(SESSIONS, &order(&[]), "k").await.ok();

    let small =
        order(&[("line_items[0][price_data][unit_amount]", "0"), ("line_items[1][price_data][unit_amount]", "1")]);
    let refused = street.keyed(SESSIONS, &small, "small").await;
    let again = street.keyed(SESSIONS, &small, "small").await;
    assert_eq!((refused.status, again.status, replayed(&again)), (400, 400, true));
    let corrected = street.keyed(SESSIONS, &order(&[]), "small").await;
    assert_eq!(corrected.json()["error"]["type"], "idempotency_error");
}

#[tokio::test]
async fn keys_are_for_changes_and_have_a_length() {
    let street = Street::open().await;
    assert_eq!(street.keyed(SESSIONS, &order(&[]), &"k".repeat(256)).await.status, 400);
    assert_eq!(street.keyed(SESSIONS, &order(&[]), &"k".repeat(255)).await.status, 200);
    assert_eq!(street.keyed("/v1/coupons?percent_off=5", &[], "k").await.status, 200);
    assert!(street.get("/v1/coupons").await.header("idempotency-key").is_none());
}

#[tokio::test]
async fn a_lost_reply_hides_a_success_that_the_repeat_finds() {
    let street = Street::open().await;
    street.sandbox.set_faults(Faults::default().with(Fault::ReplyLostAfterSuccess.on(SESSIONS)));
    assert!(street.try_post(SESSIONS, &order(&[]), Some("k")).await.is_err());
    assert_eq!(made(&street), 1);
    let again = street.keyed(SESSIONS, &order(&[]), "k").await;
    assert!(replayed(&again));
    assert_eq!(street.sandbox.sessions_of("ord_1").len(), 1);
    assert_eq!(again.ok()["id"], street.sandbox.sessions_of("ord_1")[0]["id"]);
}

#[tokio::test]
async fn what_never_reached_stripe_can_be_repeated() {
    let street = Street::open().await;
    for fault in [Fault::TooManyRequests, Fault::BadGateway, Fault::Unreachable] {
        street.sandbox.set_faults(Faults::default().with(fault.times(2)));
        for _ in 0..2 {
            let status = street.try_post(SESSIONS, &order(&[]), Some(fault.as_str())).await.map(|answer| answer.status);
            match fault {
                Fault::TooManyRequests => assert_eq!(status.unwrap(), 429),
                Fault::BadGateway => assert_eq!(status.unwrap(), 502),
                _ => assert!(status.is_err()),
            }
        }
        let done = street.keyed(SESSIONS, &order(&[]), fault.as_str()).await;
        assert_eq!((done.status, replayed(&done)), (200, false));
    }
    assert_eq!(made(&street), 3);
}

#[tokio::test]
async fn a_500_sticks_to_its_key_with_or_without_effect() {
    let street = Street::open().await;
    for (fault, count) in [(Fault::ServerError, 0), (Fault::ServerErrorAfterSuccess, 1)] {
        street.sandbox.set_faults(Faults::default().with(fault));
        let first = street.keyed(SESSIONS, &order(&[]), fault.as_str()).await;
        let again = street.keyed(SESSIONS, &order(&[]), fault.as_str()).await;
        assert_eq!((first.status, again.status, replayed(&again)), (500, 500, true));
        assert_eq!(made(&street), count);
    }
    let orphan = &street.sandbox.sessions_of("ord_1")[0];
    let paid = street.sandbox.pay(id(orphan), stripe_sandbox::Pay::Card("4242424242424242".to_owned())).unwrap();
    assert_eq!(paid["payment_status"], "paid", "an orphan can be paid");
}

#[tokio::test]
async fn while_a_request_hangs_its_key_is_in_use_and_hanging_up_frees_it() {
    let street = Street::open().await;
    street.sandbox.set_faults(Faults::default().with(Fault::Hang.on("POST /v1/coupons")));
    let request = street.http.post(format!("{}/v1/coupons", street.base)).bearer_auth(common::KEY);
    let request = request.header("idempotency-key", "k").header("content-type", "application/x-www-form-urlencoded");
    let hanging = tokio::spawn(request.body("percent_off=5").send());
    while !street.sandbox.faults().next.is_empty() {
        tokio::task::yield_now().await;
    }
    let busy = street.keyed("/v1/coupons", &[("percent_off", "5")], "k").await;
    assert_eq!((busy.status, busy.code().as_str()), (409, "idempotency_key_in_use"));
    hanging.abort();
    // The sandbox notices the closed connection in its own time; every round trip gives it some.
    loop {
        let answer = street.keyed("/v1/coupons", &[("percent_off", "5")], "k").await;
        if answer.status != 409 {
            assert_eq!((answer.status, replayed(&answer)), (200, false), "nothing had happened");
            break;
        }
    }
}

#[tokio::test]
async fn faults_keep_to_their_path_and_count() {
    let street = Street::open().await;
    street.sandbox.set_faults(Faults::default().with(Fault::TooManyRequests.on("GET /v1/events").standing()));
    for _ in 0..3 {
        assert_eq!(street.get("/v1/events").await.status, 429);
    }
    assert_eq!(street.session_with(&[]).await.status, 200);
    let twin = "/_sandbox/stripe/faults";
    let given = r#"{"webhooks":"late","seconds":90,"next":[{"fault":"server_error","path":"/v1/refunds","times":2},{"fault":"hang","times":null}]}"#;
    let request =
        street.http.post(format!("{}{twin}", street.base)).header("content-type", "application/json").body(given);
    let set: Value = street.ask(request).await.unwrap().ok();
    assert_eq!(
        (&set["seconds"], &set["next"][0]["times"], &set["next"][1]["times"]),
        (&90.into(), &2.into(), &Value::Null)
    );
    assert_eq!(street.sandbox.faults().next.len(), 2);
    let wrong = street
        .http
        .post(format!("{}{twin}", street.base))
        .header("content-type", "application/json")
        .body(r#"{"webhooks":"never"}"#);
    assert_eq!(street.ask(wrong).await.unwrap().status, 400);
}
