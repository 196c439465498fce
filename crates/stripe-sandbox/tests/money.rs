//! What happens after a payment: refunds in every state, disputes, warnings, and a balance that agrees with them all.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use common::{Street, id};
use serde_json::{Value, json};
use stripe_sandbox::{DashboardRefund, NewDispute, Pay, RefundStatus, Verdict};

const GOOD: &str = "4242424242424242";

fn word<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// The types of the events since a place in their list.
fn kinds(street: &Street, since: usize) -> Vec<String> {
    street.sandbox.events()[since..].iter().map(|event| word(event, "type").to_owned()).collect()
}

async fn all(street: &Street, path: &str) -> Vec<Value> {
    let list = street.get(&format!("{path}?limit=100")).await.ok();
    assert_eq!(list["has_more"], false);
    list["data"].as_array().unwrap().clone()
}

fn sum<'a>(rows: impl IntoIterator<Item = &'a Value>, name: &str) -> i64 {
    rows.into_iter().map(|row| row[name].as_i64().unwrap()).sum()
}

/// By the API alone: per currency, the balance transactions add up to what charges, refunds and disputes say.
async fn the_balance_agrees(street: &Street) {
    let (charges, refunds) = (all(street, "/v1/charges").await, all(street, "/v1/refunds").await);
    let (disputes, movements) = (all(street, "/v1/disputes").await, all(street, "/v1/balance_transactions").await);
    let counts = |refund: &&Value| !["failed", "canceled"].contains(&word(refund, "status"));
    for charge in &charges {
        let mine = refunds.iter().filter(|refund| refund["charge"] == charge["id"]).filter(counts);
        assert_eq!(charge["amount_refunded"], sum(mine, "amount"), "{charge:#}");
    }
    let balance = street.get("/v1/balance").await.ok();
    for available in balance["available"].as_array().unwrap() {
        let of = |row: &&Value| row["currency"] == available["currency"];
        let gone = |dispute: &&Value| dispute["balance_transactions"].as_array().unwrap().len() == 1;
        let expected = sum(charges.iter().filter(of), "amount_captured")
            - sum(refunds.iter().filter(of).filter(counts), "amount")
            - sum(disputes.iter().filter(of).filter(gone), "amount");
        assert_eq!(sum(movements.iter().filter(of), "amount"), expected, "{available}");
        let fees = sum(movements.iter().filter(of), "fee");
        assert_eq!(available["amount"], expected - fees);
        assert_eq!(street.sandbox.snapshot()["balance"][word(available, "currency")]["amount"], expected);
    }
    for payment in street.sandbox.snapshot()["payments"].as_array().unwrap() {
        assert_eq!(payment["kept"], payment["balance"]["amount"], "{payment:#}");
    }
}

#[tokio::test]
async fn a_refund_that_needs_the_buyer_can_be_canceled_and_no_other() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let intent = word(&paid, "payment_intent");
    street.sandbox.next_refund(Some(RefundStatus::RequiresAction));
    let refund = street
        .post("/v1/refunds", &[("payment_intent", intent), ("amount", "1000"), ("instructions_email", "a@b.test")])
        .await
        .ok();
    assert_eq!(word(&refund, "status"), "requires_action");
    assert_eq!(refund["next_action"]["display_details"]["email_sent"]["email_sent_to"], "a@b.test");
    let charge = format!("/v1/charges/{}", word(&refund, "charge"));
    assert_eq!(street.get(&charge).await.ok()["amount_refunded"], 1000);
    let since = street.sandbox.events().len();
    let cancel = format!("/v1/refunds/{}/cancel", id(&refund));
    let canceled = street.post(&cancel, &[]).await.ok();
    assert_eq!((word(&canceled, "status"), &canceled["next_action"]), ("canceled", &Value::Null));
    assert!(canceled["failure_balance_transaction"].is_string());
    assert_eq!(street.get(&charge).await.ok()["amount_refunded"], 0);
    assert_eq!(kinds(&street, since), ["refund.updated", "charge.refund.updated"]);
    assert_eq!(street.sandbox.events()[since]["data"]["previous_attributes"]["status"], "requires_action");
    assert_eq!(street.post(&cancel, &[]).await.status, 400);
    street.sandbox.next_refund(Some(RefundStatus::Pending));
    let waiting = street.post("/v1/refunds", &[("payment_intent", intent), ("amount", "50")]).await.ok();
    assert_eq!(street.post(&format!("/v1/refunds/{}/cancel", id(&waiting)), &[]).await.status, 400);
    let next = street.post("/v1/refunds", &[("payment_intent", intent)]).await.ok();
    assert_eq!((word(&next, "status"), &next["amount"]), ("succeeded", &json!(2900)), "ordered for one refund only");
    assert_eq!(street.post(&format!("/v1/refunds/{}/cancel", id(&next)), &[]).await.status, 400);
    assert_eq!(street.post("/v1/refunds/re_none/cancel", &[]).await.code(), "resource_missing");
    the_balance_agrees(&street).await;
}

#[tokio::test]
async fn a_refund_walks_only_along_stripes_ways() {
    use RefundStatus::{Canceled, Failed, Pending, RequiresAction, Succeeded};
    let street = Street::open().await;
    for from in [Pending, RequiresAction, Succeeded, Failed, Canceled] {
        for to in [Pending, RequiresAction, Succeeded, Failed, Canceled] {
            let paid = street.paid(GOOD).await;
            street.sandbox.next_refund(Some(from));
            let refund = street.post("/v1/refunds", &[("payment_intent", word(&paid, "payment_intent"))]).await.ok();
            assert_eq!(word(&refund, "status"), from.as_str());
            let allowed = match from {
                Pending => to != Pending,
                RequiresAction => to != RequiresAction,
                Succeeded => to == Failed,
                Failed | Canceled => false,
            };
            let moved = street.sandbox.move_refund(id(&refund), to, None);
            assert_eq!(moved.is_ok(), allowed, "{from:?} to {to:?}: {moved:?}");
        }
    }
    let mut rows = street.get("/v1/refunds?limit=100").await.ok()["data"].as_array().unwrap().clone();
    rows.retain(|refund| word(refund, "status") == "failed");
    assert!(rows.iter().all(|refund| refund["failure_reason"] == "unknown"));
    assert!(street.sandbox.move_refund(id(&rows[0]), Failed, Some("bad_weather")).is_err());
    the_balance_agrees(&street).await;
}

#[tokio::test]
async fn a_failed_refund_gives_its_amount_back_to_the_charge() {
    let street = Street::open().await;
    let paid = street.paid("4000000000005126").await;
    let since = street.sandbox.events().len();
    let asked = [("payment_intent", word(&paid, "payment_intent")), ("metadata[ours]", "r1")];
    let refund = street.post("/v1/refunds", &asked).await.ok();
    assert_eq!(kinds(&street, since), ["charge.refunded", "refund.created"]);
    let charged = &street.sandbox.events()[since]["data"];
    assert_eq!((&charged["object"]["refunded"], &charged["object"]["amount_refunded"]), (&json!(true), &json!(2950)));
    assert_eq!(charged["previous_attributes"], json!({"amount_refunded": 0, "refunded": false}));
    let since = street.sandbox.events().len();
    street.sandbox.settle_refund(id(&refund)).unwrap();
    assert_eq!(kinds(&street, since), ["refund.updated", "charge.refund.updated", "refund.failed"]);
    let failed = street.get(&format!("/v1/refunds/{}?expand[]=failure_balance_transaction", id(&refund))).await.ok();
    assert_eq!((word(&failed, "status"), word(&failed, "failure_reason")), ("failed", "expired_or_canceled_card"));
    let txn = &failed["failure_balance_transaction"];
    assert_eq!((word(txn, "type"), &txn["amount"], &txn["source"]), ("refund_failure", &json!(2950), &refund["id"]));
    assert_eq!(failed["metadata"]["ours"], "r1");
    let path = format!("/v1/charges/{}?expand[]=refunds", word(&refund, "charge"));
    let charge = street.get(&path).await.ok();
    assert_eq!((&charge["refunded"], &charge["amount_refunded"]), (&json!(false), &json!(0)));
    assert_eq!(charge["refunds"]["data"][0]["id"], refund["id"]);
    the_balance_agrees(&street).await;
}

#[tokio::test]
async fn metadata_of_a_refund_can_be_changed_and_nothing_else() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let refund = street.sandbox.dashboard_refund(word(&paid, "payment_intent"), Some(100)).unwrap();
    assert_eq!(refund["metadata"], json!({}));
    let path = format!("/v1/refunds/{}", id(&refund));
    street.post(&path, &[("metadata[note]", "by phone")]).await.ok();
    assert_eq!(street.get(&path).await.ok()["metadata"], json!({"note": "by phone"}));
    assert_eq!(street.post(&path, &[("amount", "5")]).await.code(), "parameter_unknown");
}

#[tokio::test]
async fn the_dashboard_refunds_any_amount_with_a_reason() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let intent = word(&paid, "payment_intent");
    let wanted = DashboardRefund {
        amount: Some(700),
        reason: Some("duplicate".to_owned()),
        status: Some(RefundStatus::Pending),
    };
    street.sandbox.next_refund(Some(RefundStatus::Failed));
    let refund = street.sandbox.refund_in_dashboard(intent, &wanted).unwrap();
    assert_eq!(
        (word(&refund, "status"), word(&refund, "reason"), &refund["amount"]),
        ("pending", "duplicate", &json!(700))
    );
    assert!(street.sandbox.dashboard_refund(intent, Some(2251)).unwrap_err().contains("greater than unrefunded"));
    let next = street.post("/v1/refunds", &[("payment_intent", intent), ("amount", "1")]).await.ok();
    assert_eq!(word(&next, "status"), "failed", "what was ordered for the API waited for the API");
    let odd = DashboardRefund { reason: Some("whim".to_owned()), ..DashboardRefund::default() };
    assert!(street.sandbox.refund_in_dashboard(intent, &odd).is_err());
    the_balance_agrees(&street).await;
}

#[tokio::test]
async fn disputes_take_the_money_and_winning_brings_it_back() {
    for (card, reason) in [("4000000000000259", "fraudulent"), ("4000000000002685", "product_not_received")] {
        for verdict in [Verdict::Won, Verdict::Lost] {
            let street = Street::open().await;
            let paid = street.paid(card).await;
            let intent = word(&paid, "payment_intent");
            let listed = street.get(&format!("/v1/disputes?payment_intent={intent}")).await.ok();
            let dispute = listed["data"][0].clone();
            assert_eq!((word(&dispute, "reason"), word(&dispute, "status")), (reason, "needs_response"));
            assert_eq!(dispute["evidence_details"]["due_by"], street.now() + 7 * 24 * 60 * 60);
            let txn = &dispute["balance_transactions"][0];
            assert_eq!((word(txn, "type"), &txn["amount"], &txn["fee"]), ("adjustment", &json!(-2950), &json!(1500)));
            assert_eq!(street.get(&format!("/v1/charges/{}", word(&dispute, "charge"))).await.ok()["disputed"], true);
            let refused = street.post("/v1/refunds", &[("payment_intent", intent)]).await;
            assert_eq!((refused.status, refused.code().as_str()), (400, "charge_disputed"));
            let since = street.sandbox.events().len();
            assert_eq!(&kinds(&street, since - 2), &["charge.dispute.created", "charge.dispute.funds_withdrawn"]);
            street.sandbox.respond_to_dispute(id(&dispute)).unwrap();
            assert!(street.sandbox.respond_to_dispute(id(&dispute)).is_err());
            assert!(street.sandbox.decide_dispute(id(&dispute), Verdict::WarningClosed).is_err());
            let closed = street.sandbox.decide_dispute(id(&dispute), verdict).unwrap();
            let mut expected = vec!["charge.dispute.updated", "charge.dispute.closed"];
            if verdict == Verdict::Won {
                expected.push("charge.dispute.funds_reinstated");
            }
            assert_eq!(kinds(&street, since), expected);
            assert_eq!(closed["balance_transactions"].as_array().unwrap().len(), expected.len() - 1);
            assert_eq!(word(&closed, "status"), if verdict == Verdict::Won { "won" } else { "lost" });
            assert!(street.sandbox.decide_dispute(id(&dispute), verdict).is_err(), "closed is closed");
            let refundable = street.post("/v1/refunds", &[("payment_intent", intent)]).await.status == 200;
            assert_eq!(refundable, verdict == Verdict::Won);
            the_balance_agrees(&street).await;
        }
    }
}

#[tokio::test]
async fn an_inquiry_takes_nothing_until_it_becomes_a_dispute() {
    let street = Street::open().await;
    let paid = street.paid("4000000000001976").await;
    let dispute = street.get("/v1/disputes").await.ok()["data"][0].clone();
    assert_eq!((word(&dispute, "status"), &dispute["balance_transactions"]), ("warning_needs_response", &json!([])));
    assert_eq!(dispute["payment_method_details"]["card"]["case_type"], "inquiry");
    assert_eq!(kinds(&street, 0).last().unwrap(), "charge.dispute.created");
    let refund = [("payment_intent", word(&paid, "payment_intent")), ("amount", "950")];
    street.post("/v1/refunds", &refund).await.ok();
    the_balance_agrees(&street).await;
    assert!(street.sandbox.decide_dispute(id(&dispute), Verdict::Lost).is_err());
    let since = street.sandbox.events().len();
    street.sandbox.withdraw_funds(id(&dispute)).unwrap();
    assert_eq!(kinds(&street, since), ["charge.dispute.updated", "charge.dispute.funds_withdrawn"]);
    assert!(street.sandbox.withdraw_funds(id(&dispute)).is_err());
    assert_eq!(street.post("/v1/refunds", &refund).await.code(), "charge_disputed");
    street.sandbox.reinstate_funds(id(&dispute)).unwrap();
    assert!(street.sandbox.reinstate_funds(id(&dispute)).is_err());
    street.sandbox.decide_dispute(id(&dispute), Verdict::Won).unwrap();
    assert_eq!(kinds(&street, since)[2..], ["charge.dispute.funds_reinstated", "charge.dispute.closed"]);
    the_balance_agrees(&street).await;

    let street = Street::open().await;
    street.paid("4000000000001976").await;
    let dispute = street.get("/v1/disputes").await.ok()["data"][0].clone();
    let closed = street.sandbox.decide_dispute(id(&dispute), Verdict::WarningClosed).unwrap();
    assert_eq!(word(&closed, "status"), "warning_closed");
    the_balance_agrees(&street).await;
}

#[tokio::test]
async fn a_dispute_stops_refunds_that_are_on_their_way() {
    let street = Street::open().await;
    let paid = street.paid("4000000000007726").await;
    let intent = word(&paid, "payment_intent");
    let refund = street.post("/v1/refunds", &[("payment_intent", intent)]).await.ok();
    let dispute = street.sandbox.dispute(word(&refund, "charge"), &NewDispute::default()).unwrap();
    assert_eq!(dispute["amount"], 2950);
    let refund = street.get(&format!("/v1/refunds/{}", id(&refund))).await.ok();
    assert_eq!(
        (word(&refund, "status"), word(&refund, "failure_reason")),
        ("failed", "charge_for_pending_refund_disputed")
    );
    assert!(street.sandbox.dispute(word(&refund, "charge"), &NewDispute::default()).is_err(), "one at a time");
    the_balance_agrees(&street).await;
    let paid = street.paid(GOOD).await;
    let done = street.sandbox.dashboard_refund(word(&paid, "payment_intent"), None).unwrap();
    let all = street.sandbox.dispute(word(&done, "charge"), &NewDispute::default());
    assert!(all.unwrap_err().contains("refunded in full"));
    let paid = street.paid(GOOD).await;
    let part = street.sandbox.dashboard_refund(word(&paid, "payment_intent"), Some(950)).unwrap();
    let wanted = NewDispute { due_by: Some(42), ..NewDispute::because("general") };
    let rest = street.sandbox.dispute(word(&part, "charge"), &wanted).unwrap();
    assert_eq!((&rest["amount"], &rest["evidence_details"]["due_by"]), (&json!(2000), &json!(42)));
    the_balance_agrees(&street).await;
}

#[tokio::test]
async fn an_early_fraud_warning_asks_for_something_until_it_is_answered() {
    let street = Street::open().await;
    let paid = street.paid("4000000000005423").await;
    let intent = word(&paid, "payment_intent");
    assert_eq!(kinds(&street, 0).last().unwrap(), "radar.early_fraud_warning.created");
    let path = format!("/v1/radar/early_fraud_warnings?payment_intent={intent}&expand[]=data.charge");
    let warning = street.get(&path).await.ok()["data"][0].clone();
    assert_eq!((&warning["actionable"], &warning["charge"]["amount"]), (&json!(true), &json!(2950)));
    let one = format!("/v1/radar/early_fraud_warnings/{}", id(&warning));
    street.sandbox.dashboard_refund(intent, Some(950)).unwrap();
    assert_eq!(street.get(&one).await.ok()["actionable"], true, "a part is no answer");
    street.sandbox.dashboard_refund(intent, None).unwrap();
    assert_eq!(street.get(&one).await.ok()["actionable"], false);
    assert_eq!(kinds(&street, 0).last().unwrap(), "radar.early_fraud_warning.updated");
    let other = street.get(&format!("/v1/radar/early_fraud_warnings?created[lt]={}", street.now())).await.ok();
    assert_eq!(other["data"], json!([]));
}

/// M4: the same cents everywhere, in currencies with none, two or three decimals.
#[tokio::test]
async fn amounts_are_right_in_every_kind_of_currency() {
    let street = Street::open().await;
    for (currency, wrong) in
        [("jpy", None), ("kwd", Some("1005")), ("isk", Some("1050")), ("ugx", Some("1050")), ("huf", None)]
    {
        let session = street
            .session_with(&[
                ("line_items[0][price_data][currency]", currency),
                ("line_items[1][price_data][currency]", currency),
                ("line_items[0][price_data][unit_amount]", "120000"),
                ("line_items[1][price_data][unit_amount]", "55000"),
            ])
            .await
            .ok();
        let paid = street.sandbox.pay(id(&session), Pay::Card(GOOD.to_owned())).unwrap();
        let intent = word(&paid, "payment_intent");
        if let Some(wrong) = wrong {
            let refused = street.post("/v1/refunds", &[("payment_intent", intent), ("amount", wrong)]).await;
            assert_eq!((refused.status, &refused.json()["error"]["param"]), (400, &json!("amount")), "{currency}");
        }
        let part = street.post("/v1/refunds", &[("payment_intent", intent), ("amount", "1000")]).await.ok();
        assert_eq!((word(&part, "currency"), &part["amount"]), (currency, &json!(1000)));
        street.sandbox.dispute(word(&part, "charge"), &NewDispute::default()).unwrap();
        let movements = street.get(&format!("/v1/balance_transactions?currency={currency}")).await.ok();
        let amounts: Vec<i64> =
            movements["data"].as_array().unwrap().iter().map(|row| row["amount"].as_i64().unwrap()).collect();
        assert_eq!(amounts, [-294_000, -1000, 295_000], "{currency}");
        let step = if currency == "isk" || currency == "ugx" {
            100
        } else if currency == "kwd" {
            10
        } else {
            1
        };
        for row in movements["data"].as_array().unwrap() {
            assert_eq!(row["fee"].as_i64().unwrap() % step, 0, "a fee is an amount of its currency: {row:#}");
        }
    }
    the_balance_agrees(&street).await;
}

#[tokio::test]
async fn balance_transactions_are_found_by_source_and_by_type() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let refund = street.sandbox.dashboard_refund(word(&paid, "payment_intent"), Some(950)).unwrap();
    let debit = street.session().await;
    let debit = street.sandbox.pay(id(&debit), Pay::DelayedSucceeds).unwrap();
    street.sandbox.pay(id(&debit), Pay::SettleDelayed).unwrap();
    let back = street.sandbox.dashboard_refund(word(&debit, "payment_intent"), None).unwrap();
    for (kind, source) in [("refund", &refund), ("payment_refund", &back)] {
        let by_type = street.get(&format!("/v1/balance_transactions?type={kind}&expand[]=data.source")).await.ok();
        let by_source = street.get(&format!("/v1/balance_transactions?source={}", id(source))).await.ok();
        assert_eq!(by_type["data"].as_array().unwrap().len(), 1);
        assert_eq!(by_type["data"][0]["id"], by_source["data"][0]["id"]);
        assert_eq!(by_type["data"][0]["source"]["object"], "refund");
    }
    assert_eq!(street.get("/v1/balance_transactions?type=payment").await.ok()["data"].as_array().unwrap().len(), 1);
    let row = street.get("/v1/balance_transactions?type=charge").await.ok()["data"][0].clone();
    assert_eq!(street.get(&format!("/v1/balance_transactions/{}", id(&row))).await.ok(), row);
    the_balance_agrees(&street).await;
}
