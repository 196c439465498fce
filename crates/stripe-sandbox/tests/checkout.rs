//! The life of a session, by the front door: what may be asked, what it adds up to, how it ends.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use common::{Street, id};
use serde_json::{Value, json};
use stripe_sandbox::{Pay, PayError};

const GOOD: &str = "4242 4242 4242 4242";

fn card(number: &str) -> Pay {
    Pay::Card(number.to_owned())
}

fn kinds(street: &Street) -> Vec<String> {
    street.sandbox.events().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_card_pays_a_session_and_the_intent_is_born_only_then() {
    let street = Street::open().await;
    let session = street.session().await;
    assert_eq!((&session["status"], &session["payment_status"]), (&json!("open"), &json!("unpaid")));
    assert_eq!(session["amount_total"], 2950);
    assert_eq!(session["payment_intent"], Value::Null);
    assert_eq!(session["url"], format!("{}/_sandbox/checkout/{}", street.base, id(&session)));
    let paid = street.sandbox.pay(id(&session), card(GOOD)).unwrap();
    assert_eq!((&paid["status"], &paid["payment_status"]), (&json!("complete"), &json!("paid")));
    assert_eq!(paid["url"], Value::Null);
    let expected =
        ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "checkout.session.completed"];
    assert_eq!(kinds(&street), expected);
    let intent = street
        .get(&format!(
            "/v1/payment_intents/{}?expand[]=latest_charge.balance_transaction",
            paid["payment_intent"].as_str().unwrap()
        ))
        .await
        .ok();
    assert_eq!(intent["status"], "succeeded");
    assert_eq!(intent["latest_charge"]["balance_transaction"]["amount"], 2950);
    assert_eq!(intent["metadata"]["order_id"], "ord_1");
    assert_eq!((street.sandbox.charged_minor("ord_1"), street.sandbox.charged_minor("ord_2")), (2950, 0));
}

#[tokio::test]
async fn a_declined_card_leaves_the_session_open_and_another_card_pays() {
    let street = Street::open().await;
    let session = street.session().await;
    for (number, decline_code) in [("4000000000000002", "generic_decline"), ("4000000000009995", "insufficient_funds")]
    {
        match street.sandbox.pay(id(&session), card(number)) {
            Err(PayError::Declined { decline_code: Some(given), .. }) => assert_eq!(given, decline_code),
            other => panic!("{other:?}"),
        }
    }
    let open = street.get(&format!("/v1/checkout/sessions/{}?expand[]=payment_intent", id(&session))).await.ok();
    assert_eq!(open["status"], "open");
    assert_eq!(open["payment_intent"]["last_payment_error"]["decline_code"], "insufficient_funds");
    assert!(!kinds(&street).iter().any(|kind| kind.starts_with("checkout.")));
    let paid = street.sandbox.pay(id(&session), card(GOOD)).unwrap();
    assert_eq!(paid["payment_intent"], open["payment_intent"]["id"], "one intent a session");
    assert_eq!(street.sandbox.charged_minor("ord_1"), 2950);
}

#[tokio::test]
async fn a_bank_may_ask_back() {
    let street = Street::open().await;
    let session = street.session().await;
    assert_eq!(street.sandbox.pay(id(&session), Pay::Authenticate), Err(PayError::NothingToAuthenticate));
    assert_eq!(street.sandbox.pay(id(&session), card("4000000000003220")), Err(PayError::AuthenticationRequired));
    assert!(matches!(street.sandbox.pay(id(&session), Pay::FailAuthentication), Err(PayError::Declined { .. })));
    assert_eq!(street.sandbox.pay(id(&session), card("4000000000003220")), Err(PayError::AuthenticationRequired));
    assert_eq!(street.sandbox.pay(id(&session), Pay::Authenticate).unwrap()["payment_status"], "paid");
}

#[tokio::test]
async fn delayed_money_arrives_or_fails_after_the_session_is_complete() {
    for (how, status, last, charged) in [
        (Pay::DelayedSucceeds, "paid", "checkout.session.async_payment_succeeded", 2950),
        (Pay::DelayedFails, "unpaid", "checkout.session.async_payment_failed", 0),
    ] {
        let street = Street::open().await;
        let session = street.session().await;
        let complete = street.sandbox.pay(id(&session), how).unwrap();
        assert_eq!((&complete["status"], &complete["payment_status"]), (&json!("complete"), &json!("unpaid")));
        assert_eq!(street.sandbox.charged_minor("ord_1"), 0);
        let settled = street.sandbox.pay(id(&session), Pay::SettleDelayed).unwrap();
        assert_eq!((&settled["status"], &settled["payment_status"]), (&json!("complete"), &json!(status)));
        assert_eq!(kinds(&street).last().unwrap(), last);
        assert_eq!(street.sandbox.charged_minor("ord_1"), charged);
        assert_eq!(street.sandbox.pay(id(&session), Pay::SettleDelayed), Err(PayError::NothingToSettle));
        let intent =
            street.get(&format!("/v1/payment_intents/{}", settled["payment_intent"].as_str().unwrap())).await.ok();
        let failed = status == "unpaid";
        assert_eq!(intent["status"], if failed { "requires_payment_method" } else { "succeeded" });
        assert_eq!(intent["last_payment_error"].is_object(), failed);
    }
}

#[tokio::test]
async fn a_filter_to_cards_leaves_no_delayed_method() {
    let street = Street::open().await;
    let session = street.session_with(&[("allowed_payment_method_types[]", "card")]).await.ok();
    assert_eq!(session["payment_method_types"], json!(["card"]));
    assert_eq!(street.sandbox.pay(id(&session), Pay::DelayedSucceeds), Err(PayError::MethodNotOffered));
    assert!(street.sandbox.pay(id(&session), card(GOOD)).is_ok());
}

#[tokio::test]
async fn expiry_is_final_and_loses_against_payment() {
    let street = Street::open().await;
    let session = street.session().await;
    let path = format!("/v1/checkout/sessions/{}/expire", id(&session));
    assert_eq!(street.post(&path, &[]).await.ok()["status"], "expired");
    assert_eq!(street.post(&path, &[]).await.status, 400);
    assert!(matches!(street.sandbox.pay(id(&session), card(GOOD)), Err(PayError::NotOpen { .. })));
    let paid = street.paid(GOOD).await;
    let lost = street.post(&format!("/v1/checkout/sessions/{}/expire", id(&paid)), &[]).await;
    assert_eq!(lost.status, 400);
    assert!(lost.text.contains("status of `complete`"), "{}", lost.text);
    assert_eq!(street.post("/v1/checkout/sessions/cs_test_none/expire", &[]).await.status, 404);
}

#[tokio::test]
async fn a_session_expires_when_its_time_is_over_even_if_nobody_looks() {
    let street = Street::open().await;
    let at = (street.now() + 31 * 60).to_string();
    let session = street.session_with(&[("expires_at", &at)]).await.ok();
    street.pass(31 * 60 - 1);
    street.sandbox.expire_due();
    assert_eq!(street.sandbox.session(id(&session)).unwrap()["status"], "open");
    street.pass(1);
    assert!(matches!(street.sandbox.pay(id(&session), card(GOOD)), Err(PayError::NotOpen { .. })));
    street.sandbox.expire_due();
    assert_eq!(kinds(&street), ["checkout.session.expired"]);
}

#[tokio::test]
async fn expires_at_is_between_half_an_hour_and_a_day() {
    let street = Street::open().await;
    for (seconds, status) in [(1799, 400), (1800, 200), (86_400, 200), (86_401, 400)] {
        let at = (street.now() + seconds).to_string();
        assert_eq!(street.session_with(&[("expires_at", &at)]).await.status, status, "{seconds}");
    }
}

#[tokio::test]
async fn unknown_missing_and_removed_parameters_are_refused() {
    let street = Street::open().await;
    for (field, value, code) in [
        ("colour", "red", "parameter_unknown"),
        ("payment_method_types[0]", "card", "parameter_unknown"),
        ("line_items[0][price_data][colour]", "red", "parameter_unknown"),
        ("mode", "", "parameter_missing"),
        ("success_url", "", "parameter_missing"),
        ("line_items[1][quantity]", "", "parameter_missing"),
        ("line_items[1][price_data][unit_amount]", "5.50", "parameter_invalid_integer"),
        ("line_items[1][price_data][unit_amount]", "-1", "parameter_invalid_integer"),
        ("line_items[1][price_data][unit_amount]", "99999999", "amount_too_large"),
        ("line_items[1][price_data][currency]", "usd", ""),
        ("line_items[1][price_data][currency]", "xxx", ""),
        ("customer_email", "nobody", "email_invalid"),
        ("locale", "tlh", ""),
        ("automatic_tax[enabled]", "true", "sandbox_not_imitated"),
        ("customer", "cus_1", "sandbox_not_imitated"),
        ("discounts[0][coupon]", "none", "resource_missing"),
        ("expand[]", "colour", ""),
    ] {
        let answer = street.session_with(&[(field, value)]).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{field}={value}: {}", answer.text);
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error");
    }
    assert!(street.sandbox.snapshot()["sessions"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn totals_below_the_minimum_are_refused_and_nothing_due_needs_no_intent() {
    let street = Street::open().await;
    let small = street
        .session_with(&[
            ("line_items[0][price_data][unit_amount]", "0"),
            ("line_items[1][price_data][unit_amount]", "49"),
        ])
        .await;
    assert_eq!(small.code(), "amount_too_small");
    let free = street
        .session_with(&[
            ("line_items[0][price_data][unit_amount]", "0"),
            ("line_items[1][price_data][unit_amount]", "0"),
        ])
        .await
        .ok();
    let done = street.sandbox.pay(id(&free), card(GOOD)).unwrap();
    assert_eq!((&done["payment_status"], &done["payment_intent"]), (&json!("no_payment_required"), &Value::Null));
    assert_eq!(kinds(&street), ["checkout.session.completed"]);
}

#[tokio::test]
async fn a_coupon_takes_off_to_the_cent_and_shipping_comes_on_top() {
    let street = Street::open().await;
    let coupon =
        [("id", "disc_1"), ("amount_off", "1001"), ("currency", "EUR"), ("duration", "once"), ("max_redemptions", "1")];
    assert_eq!(street.post("/v1/coupons", &coupon).await.ok()["valid"], true);
    assert_eq!(street.post("/v1/coupons", &coupon).await.code(), "resource_already_exists");
    let asked = [
        ("discounts[0][coupon]", "disc_1"),
        ("shipping_options[0][shipping_rate_data][type]", "fixed_amount"),
        ("shipping_options[0][shipping_rate_data][display_name]", "Parcel"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][amount]", "490"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][currency]", "eur"),
        ("expand[]", "line_items"),
    ];
    let session = street.session_with(&asked).await.ok();
    assert_eq!(session["amount_subtotal"], 2950);
    assert_eq!(session["amount_total"], 2950 - 1001 + 490);
    assert_eq!(session["total_details"], json!({"amount_discount": 1001, "amount_shipping": 490, "amount_tax": 0}));
    let lines = session["line_items"]["data"].as_array().unwrap();
    let sum = |name: &str| lines.iter().map(|line| line[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("amount_discount"), sum("amount_total")), (1001, 1949));
    street.sandbox.pay(id(&session), card(GOOD)).unwrap();
    assert_eq!(street.get("/v1/coupons/disc_1").await.ok()["valid"], false);
    assert_eq!(street.session_with(&asked).await.code(), "coupon_expired");
    assert_eq!(street.delete("/v1/coupons/disc_1").await.ok()["deleted"], true);
    assert_eq!(street.get("/v1/coupons/disc_1").await.status, 404);
}

#[tokio::test]
async fn coupons_are_checked() {
    let street = Street::open().await;
    let early = (street.now() - 1).to_string();
    for form in [
        vec![],
        vec![("percent_off", "10"), ("amount_off", "100"), ("currency", "eur")],
        vec![("amount_off", "100")],
        vec![("percent_off", "101")],
        vec![("percent_off", "10"), ("redeem_by", &early)],
        vec![("percent_off", "10"), ("colour", "red")],
    ] {
        assert_eq!(street.post("/v1/coupons", &form).await.status, 400, "{form:?}");
    }
    street.post("/v1/coupons", &[("id", "dollars"), ("amount_off", "100"), ("currency", "usd")]).await.ok();
    assert_eq!(street.session_with(&[("discounts[0][coupon]", "dollars")]).await.status, 400);
    street.post("/v1/coupons", &[("id", "all"), ("percent_off", "100")]).await.ok();
    assert_eq!(street.session_with(&[("discounts[0][coupon]", "all")]).await.ok()["amount_total"], 0);
    let two = [("discounts[0][coupon]", "all"), ("discounts[1][coupon]", "all")];
    assert_eq!(street.session_with(&two).await.status, 400);
}

#[tokio::test]
async fn refunds_never_exceed_the_charge() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let intent = paid["payment_intent"].as_str().unwrap();
    let first = street
        .post("/v1/refunds", &[("payment_intent", intent), ("amount", "1000"), ("metadata[refund]", "1")])
        .await
        .ok();
    assert_eq!((&first["status"], &first["amount"]), (&json!("succeeded"), &json!(1000)));
    let over = street.post("/v1/refunds", &[("payment_intent", intent), ("amount", "1951")]).await;
    assert_eq!((over.status, over.json()["error"]["param"].as_str(), over.code().as_str()), (400, Some("amount"), ""));
    assert_eq!(street.post("/v1/refunds", &[("payment_intent", intent)]).await.ok()["amount"], 1950);
    assert_eq!(street.post("/v1/refunds", &[("payment_intent", intent)]).await.code(), "charge_already_refunded");
    assert_eq!(street.sandbox.refunded_minor("ord_1"), 2950);
    assert_eq!(street.post("/v1/refunds", &[("amount", "5")]).await.code(), "parameter_missing");
    assert_eq!(street.post("/v1/refunds", &[("payment_intent", "pi_none")]).await.code(), "resource_missing");
    let list = street.get(&format!("/v1/refunds?payment_intent={intent}&limit=1")).await.ok();
    assert_eq!((list["data"].as_array().unwrap().len(), &list["has_more"]), (1, &json!(true)));
    let charge = first["charge"].as_str().unwrap();
    assert_eq!(street.get(&format!("/v1/charges/{charge}")).await.ok()["refunded"], true);
}

#[tokio::test]
async fn refunds_may_wait_and_may_fail_later() {
    let street = Street::open().await;
    let paid = street.paid("4000000000007726").await;
    let intent = paid["payment_intent"].as_str().unwrap();
    let refund = street.post("/v1/refunds", &[("payment_intent", intent)]).await.ok();
    assert_eq!((&refund["status"], &refund["pending_reason"]), (&json!("pending"), &json!("processing")));
    assert_eq!(street.sandbox.settle_refund(id(&refund)).unwrap()["status"], "succeeded");
    assert!(street.sandbox.settle_refund(id(&refund)).is_none());

    let street = Street::open().await;
    let paid = street.paid("4000000000005126").await;
    let intent = paid["payment_intent"].as_str().unwrap();
    let refund = street.post("/v1/refunds", &[("payment_intent", intent)]).await.ok();
    assert_eq!((refund["status"].as_str(), street.sandbox.refunded_minor("ord_1")), (Some("succeeded"), 2950));
    assert_eq!(street.sandbox.settle_refund(id(&refund)).unwrap()["status"], "failed");
    assert_eq!(street.sandbox.refunded_minor("ord_1"), 0);
    assert_eq!(kinds(&street).last().unwrap(), "refund.failed");
    assert_eq!(
        street.post("/v1/refunds", &[("payment_intent", intent)]).await.status,
        200,
        "the money may be sent again"
    );
}

#[tokio::test]
async fn the_dashboard_and_the_bank_act_without_the_shop() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let intent = paid["payment_intent"].as_str().unwrap();
    let refund = street.sandbox.dashboard_refund(intent, Some(500)).unwrap();
    let event = street.sandbox.events().into_iter().find(|event| event["type"] == "refund.created").unwrap();
    assert_eq!((&event["data"]["object"]["id"], &event["request"]["id"]), (&refund["id"], &Value::Null));
    let dispute = street.sandbox.open_dispute(refund["charge"].as_str().unwrap(), "fraudulent").unwrap();
    assert_eq!(street.post("/v1/refunds", &[("payment_intent", intent)]).await.code(), "charge_disputed");
    assert_eq!(street.sandbox.close_dispute(id(&dispute), true).unwrap()["status"], "won");
    assert_eq!(kinds(&street).last().unwrap(), "charge.dispute.funds_reinstated");
}

#[tokio::test]
async fn lists_are_walked_by_cursors_in_both_directions() {
    let street = Street::open().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(id(&street.session().await).to_owned());
        street.pass(1);
    }
    made.reverse();
    let ids = |list: &Value| -> Vec<String> {
        list["data"].as_array().unwrap().iter().map(|row| id(row).to_owned()).collect()
    };
    let first = street.get("/v1/checkout/sessions?limit=2").await.ok();
    assert_eq!((ids(&first), &first["has_more"]), (made[..2].to_vec(), &json!(true)));
    let second = street.get(&format!("/v1/checkout/sessions?limit=3&starting_after={}", made[1])).await.ok();
    assert_eq!((ids(&second), &second["has_more"]), (made[2..].to_vec(), &json!(false)));
    let back = street.get(&format!("/v1/checkout/sessions?limit=2&ending_before={}", made[4])).await.ok();
    assert_eq!((ids(&back), &back["has_more"]), (made[2..4].to_vec(), &json!(true)));
    let since = street.get(&format!("/v1/checkout/sessions?created[gte]={}", street.now() - 2)).await.ok();
    assert_eq!(ids(&since), made[..2]);
    street.post(&format!("/v1/checkout/sessions/{}/expire", made[3]), &[]).await.ok();
    assert_eq!(ids(&street.get("/v1/checkout/sessions?status=expired").await.ok()), made[3..4]);
    for wrong in ["limit=0", "limit=101", "starting_after=cs_test_none", "colour=red"] {
        assert_eq!(street.get(&format!("/v1/checkout/sessions?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn only_test_keys_open_the_door() {
    let street = Street::open().await;
    let address = format!("{}/v1/account", street.base);
    for (key, status) in [("sk_test_1", 200), ("rk_test_1", 200), ("sk_live_1", 401), ("nonsense", 401), ("", 401)] {
        let answer = street.ask(street.http.get(&address).bearer_auth(key)).await.unwrap();
        assert_eq!(answer.status, status, "{key}");
        assert!(answer.header("request-id").unwrap().starts_with("req_"));
        assert!(!answer.text.contains("sk_live_1"), "a key is never repeated");
    }
    assert_eq!(street.ask(street.http.get(&address)).await.unwrap().status, 401);
    // The same key as the user of Basic: "sk_test_1:".
    let basic = street
        .http
        .get(&address)
        .header("authorization", "Basic c2tfdGVzdF8xOg==")
        .header("stripe-version", "2026-09-30.endive");
    let answer = street.ask(basic).await.unwrap();
    assert_eq!((answer.status, answer.header("stripe-version")), (200, Some("2026-09-30.endive")));
    assert_eq!(street.get("/v1/no_such_thing").await.status, 404);
}

#[tokio::test]
async fn the_books_survive_a_restart() {
    let folder = std::env::temp_dir().join(format!("stripe-sandbox-{}", std::process::id()));
    let open = || {
        stripe_sandbox::Sandbox::open(stripe_sandbox::Options {
            state_dir: Some(folder.clone()),
            base_path: "http://127.0.0.1:1".to_owned(),
            clock: std::sync::Arc::new(|| common::START * 1_000_000),
            webhook_url: None,
            webhook_secret: common::SECRET.to_owned(),
            api_key: None,
        })
        .unwrap()
    };
    let before = {
        let sandbox = open();
        let address = common::serve(sandbox.router()).await;
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = client.post(format!("http://{address}/v1/checkout/sessions")).bearer_auth(common::KEY);
        let request = request
            .header("content-type", "application/x-www-form-urlencoded")
            .body(common::encode(&common::order(&[])));
        let text = request.send().await.unwrap().text().await.unwrap();
        let session: Value = serde_json::from_str(&text).unwrap();
        sandbox.pay(id(&session), Pay::DelayedSucceeds).unwrap();
        sandbox.snapshot()
    };
    let sandbox = open();
    assert_eq!(sandbox.snapshot(), before);
    let session = sandbox.sessions_of("ord_1").remove(0);
    assert_eq!(sandbox.pay(id(&session), Pay::SettleDelayed).unwrap()["payment_status"], "paid");
    std::fs::remove_dir_all(folder).unwrap();
}
