//! What happens after the sale: orders are cancelled, refunded, disputed, through HTTP, the sandbox and the workers,
//! on both engines.

use rules::disputes::DisputeState;
use rules::ids::OrderId;
use rules::orders::{Fulfilment, Hold, Status};
use rules::refunds::{RefundKind, RefundState};
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::staff::Role;
use stockhold::storage::waiting;
use stockhold::workers::{ask_again, reconcile};
use stripe_sandbox::{DashboardRefund, Fault, Faults, NewDispute, Pay, RefundStatus, Verdict, WebhookMode};

use crate::on_both_engines;
use crate::support::shop::{Setup, TestShop};

const PRICE_MINOR: i64 = crate::support::books::PRICE_MINOR;

/// Stripe's charge for an order that was paid once.
async fn charge_of(shop: &TestShop, id: OrderId) -> String {
    let intent = shop.view(id).await.payments[0].intent_id.clone();
    let snapshot = shop.sandbox.snapshot();
    let charges = snapshot["charges"].as_array().expect("charges");
    let own = charges.iter().find(|charge| charge["payment_intent"] == intent.as_str()).expect("it was charged");
    own["id"].as_str().expect("an id").to_owned()
}

async fn pay_with(shop: &TestShop, id: OrderId, card: &str) {
    shop.sandbox.pay(&shop.session_of(id).await, Pay::Card(card.to_owned())).expect("the card is good");
    shop.settle().await;
}

fn refunds_at_stripe(shop: &TestShop) -> usize {
    shop.sandbox.snapshot()["refunds"].as_array().expect("refunds").len()
}

async fn refund(shop: &TestShop, id: OrderId, key: &str, body: Value) -> (u16, Value) {
    shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), key, body).await
}

async fn waits(shop: &TestShop) -> Vec<String> {
    let waiting = waiting::list(&shop.shop.storage, 100).await.expect("the database answers");
    waiting.into_iter().map(|waiting| waiting.kind).collect()
}

on_both_engines!(
    /// R6, S11: cancelling a paid order refunds it whole, restocks it once, and tells the buyer, however often it is
    /// asked for.
    a_paid_order_is_cancelled_refunded_and_restocked_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let id = shop.paid(&[("mug", 2)]).await;
        let (first, second) = tokio::join!(shop.cancel(id), shop.cancel(id));
        for (status, body) in [first, second] {
            assert_eq!((status, body["refund"]["amount"]["amount"].as_i64()), (200, Some(2 * PRICE_MINOR)), "{body}");
        }
        assert_eq!(refunds_at_stripe(shop), 1, "it is sent while the buyer waits");
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.refunds.len(), view.refunds[0].kind), (Status::Refunded, 1, RefundKind::Cancelled));
        assert_eq!((shop.level("mug").await, refunds_at_stripe(shop)), ((3, 0), 1));
        assert_eq!(shop.letters(), 2, "{:?}", shop.subjects());
        let (status, body) = shop.cancel(id).await;
        assert_eq!((status, body["order"]["status"].as_str()), (200, Some("refunded")));
    }
);

on_both_engines!(
    /// P16: an unpaid order is cancelled: its page is closed first, then the stock is back, and nothing was charged.
    an_unpaid_order_is_cancelled_once_its_page_is_closed,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        let (status, body) = shop.cancel(id).await;
        assert_eq!((status, body["order"]["status"].as_str(), &body["refund"]), (200, Some("cancelled"), &Value::Null));
        shop.sandbox.pay(&session, Pay::Card("4242424242424242".to_owned())).expect_err("the page is closed");
        shop.settle().await;
        assert_eq!((shop.level("mug").await, shop.letters()), ((1, 0), 1));
    }
);

on_both_engines!(
    /// P16, P17: the buyer paid a moment before the cancellation reached Stripe: the money goes back, the stock too.
    a_cancellation_that_loses_the_race_refunds_the_payment,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        let (status, body) = shop.cancel(id).await;
        assert_eq!(status, 200, "{body}");
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.refunded()), (Status::Refunded, PRICE_MINOR));
        assert_eq!((shop.level("mug").await, shop.subjects().len()), ((1, 0), 1), "{:?}", shop.subjects());
    }
);

on_both_engines!(
    /// R6: Stripe cannot be reached while an unpaid order is cancelled: the hold stays until its page is closed.
    a_cancellation_waits_for_stripe,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.sandbox.set_faults(Faults::default().with(Fault::Unreachable.on("/v1/checkout/sessions").standing()));
        let (status, body) = shop.cancel(id).await;
        assert_eq!((status, body["order"]["status"].as_str()), (200, Some("pending")), "{body}");
        shop.settle().await; // The workers fare no better.
        assert_eq!(shop.level("mug").await, (1, 1));
        shop.sandbox.set_faults(Faults::default());
        shop.shop.clock.advance(Span::minutes(10));
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Cancelled, (1, 0)));
    }
);

on_both_engines!(
    /// P23, P17: an order is cancelled while a bank debit is on its way: when the money comes, it goes back.
    a_delayed_payment_of_a_cancelled_order_goes_back,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let arrives = shop.check_out(&[("mug", 1)]).await;
        let fails = shop.check_out(&[("mug", 1)]).await;
        for (id, how) in [(arrives, Pay::DelayedSucceeds), (fails, Pay::DelayedFails)] {
            shop.sandbox.pay(&shop.session_of(id).await, how).expect("the buyer finishes");
            shop.settle().await;
            let (status, body) = shop.cancel(id).await;
            assert_eq!((status, body["order"]["status"].as_str()), (200, Some("processing")), "{body}");
        }
        assert_eq!(shop.level("mug").await, (2, 2));
        for id in [arrives, fails] {
            shop.sandbox.pay(&shop.session_of(id).await, Pay::SettleDelayed).expect("time passes at the bank");
        }
        shop.settle().await;
        ask_again::run(&shop.shop).await.expect("Stripe answers");
        shop.settle().await;
        assert_eq!((shop.view(arrives).await.status, shop.view(fails).await.status), (Status::Refunded, Status::Cancelled));
        assert_eq!(shop.level("mug").await, (2, 0));
    }
);

on_both_engines!(
    /// R6: what was sent stays sold; only what was not goes back. All sent: refused, with the way on.
    only_what_was_not_sent_is_cancelled,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let id = shop.paid(&[("mug", 3)]).await;
        let parcel = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "tracking": "TT1" });
        let path = format!("/api/admin/orders/{id}/shipments");
        for _ in 0..2 {
            let (status, body) = shop.staff("POST", &path, "parcel-1", parcel.clone()).await;
            assert_eq!((status, body["fulfilment"].as_str()), (201, Some("partly_shipped")), "{body}");
        }
        let (status, body) = shop.cancel(id).await;
        assert_eq!((status, body["refund"]["amount"]["amount"].as_i64()), (200, Some(2 * PRICE_MINOR)), "{body}");
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.fulfilment, view.refunded()), (Status::Paid, Fulfilment::Shipped, 2 * PRICE_MINOR));
        assert_eq!(shop.level("mug").await, (4, 0));

        let sent = shop.paid(&[("mug", 1)]).await;
        let path = format!("/api/admin/orders/{sent}/shipments");
        assert_eq!(shop.staff("POST", &path, "parcel-2", json!({})).await.0, 201);
        let (status, body) = shop.cancel(sent).await;
        assert_eq!((status, body["code"].as_str()), (409, Some("already-shipped")), "{body}");
        assert_eq!((shop.view(sent).await.refunds.len(), shop.level("mug").await), (0, (3, 0)));
    }
);

on_both_engines!(
    /// R2: two people give back all of an order at once, each clicking twice: what was captured goes back, once.
    refunds_at_once_never_exceed_what_was_captured,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let id = shop.paid(&[("mug", 2)]).await;
        let part = || json!({ "amount": { "amount": 4000, "currency": "USD" }, "reason": "chipped" });
        let tries = ["ann", "ann", "bob", "bob", "cat"].map(|key| refund(shop, id, key, part()));
        let answers = futures_util::future::join_all(tries).await;
        let won: Vec<&Value> = answers.iter().filter(|(status, _)| *status == 201).map(|(_, body)| &body["id"]).collect();
        assert!((1..=2).contains(&won.len()) && won.iter().all(|id| *id == won[0]), "{answers:?}");
        for (_, body) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!(body["code"].as_str(), Some("refund-too-large"), "{body}");
        }
        shop.settle().await;
        assert_eq!((refunds_at_stripe(shop), shop.view(id).await.going_back()), (1, 4000));
    }
);

on_both_engines!(
    /// R7: goods, shipping, free amounts and the rest, one after the other; the sums fit to the last minor unit.
    many_refunds_of_one_order_sum_to_its_payment,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let id = shop.paid(&[("mug", 3)]).await;
        let goods = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "reason": "broken", "restock": false });
        let (status, body) = refund(shop, id, "goods", goods.clone()).await;
        assert_eq!((status, body["amount"]["amount"].as_i64()), (201, Some(PRICE_MINOR)), "{body}");
        assert_eq!(refund(shop, id, "goods", goods).await.1["id"], body["id"]);
        let other = json!({ "items": [{ "sku": "mug", "quantity": 2 }] });
        assert_eq!(refund(shop, id, "goods", other).await.1["code"].as_str(), Some("idempotency-key-reused"));
        let amount = json!({ "amount": { "amount": 100, "currency": "USD" } });
        assert_eq!(refund(shop, id, "kindness", amount).await.0, 201);
        let back = json!({ "items": [{ "sku": "mug", "quantity": 3 }], "restock": true });
        assert_eq!(refund(shop, id, "too-many", back).await.1["code"].as_str(), Some("units-not-there"));
        let back = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
        assert_eq!(refund(shop, id, "back", back).await.0, 201);
        assert_eq!(shop.level("mug").await, (3, 0));
        let (status, body) = refund(shop, id, "rest", json!({ "restock": true })).await;
        assert_eq!((status, body["amount"]["amount"].as_i64()), (201, Some(PRICE_MINOR - 100)), "{body}");
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Refunded, (4, 0)));
        let (status, body) = refund(shop, id, "more", json!({})).await;
        assert_eq!((status, body["code"].as_str()), (409, Some("refund-too-large")), "{body}");
    }
);

on_both_engines!(
    /// S12: goods come back once, whatever order refunds, cancellations and failures come in.
    units_are_restocked_once_in_any_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 4).await;
        // Refunded with restock, then cancelled: the second unit alone is left to come back.
        let id = shop.paid(&[("mug", 2)]).await;
        let one = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
        assert_eq!(refund(shop, id, "one", one).await.0, 201);
        assert_eq!(shop.level("mug").await, (3, 0));
        assert_eq!(shop.cancel(id).await.0, 200);
        shop.settle().await;
        assert_eq!((shop.level("mug").await, shop.view(id).await.status), ((4, 0), Status::Refunded));
        // Cancelled, the refund fails, and the money is refunded once more: no unit comes back twice.
        let id = shop.check_out(&[("mug", 2)]).await;
        pay_with(shop, id, "4000000000005126").await;
        assert_eq!(shop.cancel(id).await.0, 200);
        shop.settle().await;
        shop.shop.clock.advance(Span::minutes(5));
        shop.sandbox.let_time_pass();
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Paid, (4, 0)));
        let (status, body) = refund(shop, id, "again", json!({ "restock": true })).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(shop.level("mug").await, (4, 0));
        shop.settle().await;
    }
);

on_both_engines!(
    /// R1, R4: a refund that fails after it had succeeded is owed again: the order is not refunded, the owner is told,
    /// and what waits for a person says so.
    a_refund_that_fails_later_is_owed_again,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        pay_with(shop, id, "4000000000005126").await;
        assert_eq!(refund(shop, id, "all", json!({ "reason": "returned", "restock": true })).await.0, 201);
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.letters()), (Status::Refunded, 2));
        shop.shop.clock.advance(Span::minutes(5));
        shop.sandbox.let_time_pass();
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.refunds[0].state, view.going_back()), (Status::Paid, RefundState::Failed, 0));
        assert_eq!(waits(shop).await, ["refund_owed"]);
        let told = shop.shop.mailer.stored().into_iter().filter(|letter| letter.subject.contains("failed"));
        assert_eq!(told.map(|letter| letter.to).collect::<Vec<_>>(), ["shop@example.org"], "{:?}", shop.subjects());
    }
);

on_both_engines!(
    /// R1: the money came back before the letter went out: nobody is told that it was sent.
    a_refund_that_failed_before_its_letter_is_not_told_as_sent,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        pay_with(shop, id, "4000000000005126").await;
        assert_eq!(refund(shop, id, "all", json!({})).await.0, 201);
        assert_eq!((shop.view(id).await.refunds[0].state, shop.letters()), (RefundState::Succeeded, 1));
        shop.shop.clock.advance(Span::minutes(5));
        shop.sandbox.let_time_pass();
        shop.settle().await;
        assert_eq!(shop.view(id).await.refunds[0].state, RefundState::Failed);
        let subjects = shop.subjects();
        assert!(subjects.len() == 2 && subjects[1].contains("failed"), "{subjects:?}");
    }
);

on_both_engines!(
    /// R4: every word of Stripe's about a refund; what was canceled is no money back.
    a_refund_passes_through_every_state,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        for (ends, state, status) in [
            (RefundStatus::Succeeded, RefundState::Succeeded, Status::Refunded),
            (RefundStatus::Failed, RefundState::Failed, Status::Paid),
            (RefundStatus::Canceled, RefundState::Canceled, Status::Paid),
        ] {
            let id = shop.paid(&[("mug", 1)]).await;
            let begins = if ends == RefundStatus::Canceled { RefundStatus::RequiresAction } else { RefundStatus::Pending };
            shop.sandbox.next_refund(Some(begins));
            assert_eq!(refund(shop, id, "all", json!({})).await.0, 201);
            shop.settle().await;
            let view = shop.view(id).await;
            assert_eq!((view.status, view.refunds[0].state), (Status::Paid, RefundState::Pending));
            let stripe_id = view.refunds[0].stripe_id.clone().expect("Stripe has it");
            let written = shop.subjects().len();
            // The webhooks are lost: the shop asks about unfinished refunds by itself.
            shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
            shop.sandbox.move_refund(&stripe_id, ends, Some("declined")).expect("it moves");
            ask_again::run(&shop.shop).await.expect("Stripe answers");
            shop.sandbox.set_faults(Faults::default());
            shop.settle().await;
            let view = shop.view(id).await;
            assert_eq!((view.status, view.refunds[0].state), (status, state), "{ends:?}");
            assert_eq!(shop.subjects().len(), written + 1, "{:?}", shop.subjects());
        }
    }
);

on_both_engines!(
    /// R3, P15: Stripe made the refund and its reply was lost, or the process died before it was recorded: one refund.
    a_lost_reply_makes_no_second_refund,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        for fault in [Fault::ReplyLostAfterSuccess, Fault::ServerErrorAfterSuccess] {
            let id = shop.paid(&[("mug", 1)]).await;
            let before = refunds_at_stripe(shop);
            shop.sandbox.set_faults(Faults::default().with(fault.on("POST /v1/refunds").times(1)));
            assert_eq!(refund(shop, id, "all", json!({})).await.0, 201);
            shop.settle().await;
            // What the kept 500 hides is looked up at last, a day later.
            for _ in 0..3 {
                shop.shop.clock.advance(Span::minutes(24 * 60));
                shop.settle().await;
            }
            assert_eq!((refunds_at_stripe(shop), shop.view(id).await.status), (before + 1, Status::Refunded), "{fault:?}");
        }
    }
);

on_both_engines!(
    /// P3: "already refunded" is no failure: what is back is read, and the order is refunded.
    money_that_is_back_already_is_not_a_failure,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let intent = shop.view(id).await.payments[0].intent_id.clone();
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.sandbox.dashboard_refund(&intent, None).expect("the owner was faster in the Dashboard");
        assert_eq!(shop.cancel(id).await.0, 200);
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.refunded(), refunds_at_stripe(shop)), (Status::Refunded, PRICE_MINOR, 1));
        assert_eq!(shop.level("mug").await, (1, 0));
    }
);

on_both_engines!(
    /// R5: refunds made in the Dashboard appear; a part that nobody has assigned waits, and is assigned with its goods.
    dashboard_refunds_are_read_back_and_assigned,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.paid(&[("mug", 2)]).await;
        let intent = shop.view(id).await.payments[0].intent_id.clone();
        shop.sandbox.dashboard_refund(&intent, Some(PRICE_MINOR)).expect("refunded");
        shop.settle().await;
        shop.settle().await;
        let view = shop.view(id).await;
        let imported = (view.refunds.len(), view.refunds[0].kind, view.refunds[0].assigned);
        assert_eq!((view.status, imported), (Status::Paid, (1, RefundKind::Dashboard, false)));
        assert_eq!((waits(shop).await, shop.level("mug").await), (vec!["refund_unassigned".to_owned()], (0, 0)));
        let path = format!("/api/admin/orders/{id}/refunds/{}/assign", view.refunds[0].id);
        let body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
        for _ in 0..2 {
            let (status, body) = shop.staff("POST", &path, "any", body.clone()).await;
            assert_eq!((status, body["assigned"].as_bool()), (200, Some(true)), "{body}");
        }
        assert_eq!((waits(shop).await.len(), shop.level("mug").await), (0, (1, 0)));
        let rest = DashboardRefund { amount: None, ..DashboardRefund::default() };
        shop.sandbox.refund_in_dashboard(&intent, &rest).expect("refunded");
        shop.settle().await;
        assert_eq!(shop.view(id).await.status, Status::Refunded);
    }
);

on_both_engines!(
    /// P31: a dispute is recorded with its deadline, refunds wait while it is open, and its end is known.
    disputes_are_recorded_and_stop_refunds_while_they_are_open,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        for verdict in [Verdict::Won, Verdict::Lost] {
            let id = shop.paid(&[("mug", 1)]).await;
            let dispute = shop.sandbox.dispute(&charge_of(shop, id).await, &NewDispute::because("product_not_received"));
            let dispute = dispute.expect("the bank asks")["id"].as_str().expect("an id").to_owned();
            shop.sandbox.withdraw_funds(&dispute).ok();
            shop.settle().await;
            let view = shop.view(id).await;
            assert_eq!((view.disputes.len(), view.disputes[0].state), (1, DisputeState::Open));
            assert!(view.disputes[0].due_by.is_some());
            assert_eq!((view.disputes[0].withdrawn_minor, waits(shop).await), (PRICE_MINOR, vec!["dispute".to_owned()]));
            let (status, body) = refund(shop, id, "all", json!({})).await;
            assert_eq!((status, body["code"].as_str()), (409, Some("dispute-open")), "{body}");
            assert_eq!(shop.cancel(id).await.1["code"].as_str(), Some("dispute-open"));
            shop.sandbox.decide_dispute(&dispute, verdict).expect("the bank decides");
            shop.settle().await;
            let view = shop.view(id).await;
            let (state, withdrawn) = match verdict {
                Verdict::Won => (DisputeState::Won, 0),
                _ => (DisputeState::Lost, PRICE_MINOR),
            };
            assert_eq!((view.disputes[0].state, view.disputes[0].withdrawn_minor), (state, withdrawn));
            let (status, body) = refund(shop, id, "after", json!({})).await;
            assert_eq!(status, if withdrawn == 0 { 201 } else { 409 }, "{body}");
            shop.settle().await;
            assert_eq!(waits(shop).await.len(), 0);
        }
    }
);

on_both_engines!(
    /// P31: a dispute of a refunded order, of a cancelled one, and an early warning are all kept.
    disputes_reach_orders_in_every_state,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let part = shop.paid(&[("mug", 2)]).await;
        assert_eq!(refund(shop, part, "part", json!({ "amount": { "amount": 100, "currency": "USD" } })).await.0, 201);
        let cancelled = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.next_refund(Some(RefundStatus::Pending));
        assert_eq!(shop.cancel(cancelled).await.0, 200);
        shop.settle().await;
        for id in [part, cancelled] {
            shop.sandbox.open_dispute(&charge_of(shop, id).await, "fraudulent").expect("a dispute");
            shop.settle().await;
            shop.settle().await;
            assert_eq!(shop.view(id).await.disputes.len(), 1);
        }
        let warned = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.warn_of_fraud(&charge_of(shop, warned).await).expect("a warning");
        shop.settle().await;
        let view = shop.view(warned).await;
        assert_eq!((view.disputes[0].state, view.status), (DisputeState::Warning, Status::Paid));
        assert!(waits(shop).await.contains(&"fraud_warning".to_owned()));
        let page = shop.sign_in(Role::Owner).await.get("/admin/payments").await.text;
        let (_, about) = page.split_once("data-kind=\"fraud_warning\"").expect("it waits");
        assert!(about.contains(&format!("/_sandbox/stripe\"><code>{}", view.disputes[0].id)), "its payment is linked: {about}");
        assert_eq!(refund(shop, warned, "before-it-is-one", json!({})).await.0, 201, "a warning stops no refund");
        shop.settle().await;
    }
);

on_both_engines!(
    /// P9, P10, P17: paid after the hold had lapsed and the goods were gone: all of it goes back, buyer and owner are told.
    a_late_payment_for_gone_goods_goes_back_and_everybody_is_told,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        // The bank says at first that it failed, and then that it did not: the goods went to somebody else meanwhile.
        shop.sandbox.pay(&session, Pay::DelayedSucceeds).expect("the buyer finishes");
        let told = shop.shop.stripe.session(&session).await;
        let stockhold::stripe::Call::Done(told) = told else { panic!("Stripe answers: {told:?}") };
        let mut fact = told.fact();
        fact.money = rules::payments::MoneyState::Failed;
        stockhold::outbox::record(&shop.shop, id, fact).await.expect("recorded");
        assert_eq!(shop.view(id).await.status, Status::Expired);
        shop.sandbox.set_faults(Faults::default());
        let other = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.pay(&session, Pay::SettleDelayed).expect("time passes at the bank");
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.hold, view.refunded()), (Status::Refunded, Hold::Released, PRICE_MINOR));
        assert_eq!(shop.view(other).await.status, Status::Paid);
        let subjects = shop.subjects();
        assert_eq!(subjects.len(), 4, "two to the buyer, one to the owner, one to the other: {subjects:?}");
        assert!(subjects[0].contains("didn’t go through"), "the failure was told when it was known: {subjects:?}");
    }
);

on_both_engines!(
    /// With no webhook at all, a comparison with Stripe finds what was done there, mends it, and explains every cent.
    reconciliation_mends_what_no_webhook_told,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let paid = shop.paid(&[("mug", 1)]).await;
        let disputed = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        let unheard = shop.check_out(&[("mug", 1)]).await;
        shop.pay(unheard).await;
        let intent = shop.view(paid).await.payments[0].intent_id.clone();
        shop.sandbox.dashboard_refund(&intent, Some(100)).expect("refunded");
        shop.sandbox.open_dispute(&charge_of(shop, disputed).await, "fraudulent").expect("a dispute");
        shop.sandbox.foreign_payment(5_000, "usd").expect("a stranger pays");
        let look = reconcile::run(&shop.shop, None, false, |_| {}).await.expect("Stripe answers");
        let found = findings(shop, &look.id).await;
        let kinds: Vec<&str> = found.iter().map(|finding| finding.kind.as_str()).collect();
        assert_eq!(kinds, ["dispute_unknown", "payment_unknown", "refund_unknown", "session_state"]);
        assert_eq!(unexplained(shop, &look.id).await, PRICE_MINOR + PRICE_MINOR + 100);
        let mended = reconcile::run(&shop.shop, None, true, |_| {}).await.expect("Stripe answers");
        assert!(findings(shop, &mended.id).await.iter().all(|finding| finding.repaired));
        let again = reconcile::run(&shop.shop, None, false, |_| {}).await.expect("Stripe answers");
        assert_eq!((findings(shop, &again.id).await.len(), unexplained(shop, &again.id).await), (0, 0));
        shop.settle().await;
        assert_eq!(shop.view(unheard).await.status, Status::Paid);
        let (status, body) = shop.staff("GET", "/api/admin/reconciliation", "any", json!(null)).await;
        assert_eq!((status, body["run"]["unexplained"].as_array().map(Vec::len)), (200, Some(0)), "{body}");
        assert_eq!(body["waiting"].as_array().map(Vec::len), Some(2), "{body}");
    }
);

async fn findings(shop: &TestShop, run: &str) -> Vec<stockhold::storage::reconciliation::StoredFinding> {
    stockhold::storage::reconciliation::findings(&shop.shop.storage, run, 100).await.expect("the database answers")
}

async fn unexplained(shop: &TestShop, run: &str) -> i64 {
    let amounts = stockhold::storage::reconciliation::unexplained(&shop.shop.storage, run).await;
    amounts.expect("the database answers").iter().map(|amount| amount.minor).sum()
}

on_both_engines!(
    /// S4: a session of another account's key cannot be asked about: its hold stays, somebody is told, and their word
    /// releases it once Stripe must have closed it.
    a_session_that_cannot_be_asked_about_keeps_its_hold,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        shop.sandbox.lose(&session);
        shop.shop.clock.advance(Span::minutes(31));
        shop.settle().await;
        assert_eq!((shop.level("mug").await, waits(shop).await), ((2, 1), vec!["session_unreachable".to_owned()]));
        let path = format!("/api/admin/orders/{id}/release");
        let (status, body) = shop.staff("POST", &path, "any", json!({ "reason": "not paid" })).await;
        assert_eq!((status, body["code"].as_str()), (409, Some("session-still-open")), "{body}");
        // The key is back: it is asked about as ever, and nobody need say anything.
        shop.sandbox.find_again(&session);
        ask_again::run(&shop.shop).await.expect("Stripe answers");
        assert_eq!(waits(shop).await.len(), 0);
        shop.sandbox.lose(&session);
        shop.shop.clock.advance(Span::minutes(60));
        shop.settle().await;
        let (status, body) = shop.staff("POST", &path, "any", json!({ "reason": "not paid" })).await;
        assert_eq!((status, body["status"].as_str()), (200, Some("expired")), "{body}");
        assert_eq!((shop.level("mug").await, waits(shop).await.len()), ((2, 0), 0));
    }
);

on_both_engines!(
    /// P27: an object of the other mode pays nothing, and the order it names waits for a person.
    objects_of_the_other_mode_change_nothing,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        shop.sandbox.set_faults(Faults::default().with(Fault::OtherMode.on("/v1/checkout/sessions").standing()));
        ask_again::run(&shop.shop).await.expect("Stripe answers");
        assert_eq!((shop.view(id).await.status, waits(shop).await), (Status::Pending, vec!["session_unreachable".to_owned()]));
        shop.sandbox.set_faults(Faults::default());
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, waits(shop).await.len()), (Status::Paid, 0));
    }
);

on_both_engines!(
    /// P2: one settle succeeds, its twin fails in every way there is: nobody takes the good payment back.
    a_failing_twin_never_refunds_the_good_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        for fault in [Fault::ServerError, Fault::ReplyLostAfterSuccess, Fault::Missing, Fault::OtherMode, Fault::Forbidden] {
            let id = shop.check_out(&[("mug", 1)]).await;
            shop.pay(id).await;
            stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
            shop.sandbox.set_faults(Faults::default().with(fault.on("/v1/checkout/sessions").standing()));
            stockhold::outbox::settle(&shop.shop, id).await.expect("a failing question is no fault");
            shop.settle().await;
            shop.sandbox.set_faults(Faults::default());
            shop.settle().await;
            assert_eq!((shop.view(id).await.status, refunds_at_stripe(shop)), (Status::Paid, 0), "{fault:?}");
        }
    }
);

/// M1, M4: charge, partial refund, read-back and letter in currencies of no, two and three decimals.
async fn a_currency_goes_all_the_way(shop: &TestShop, currency: &str, part: i64, shown: &str) {
    shop.stock("vase", 10).await;
    let id = shop.paid(&[("vase", 10)]).await;
    let total = 10 * PRICE_MINOR;
    assert_eq!(shop.view(id).await.total, total);
    assert_eq!(shop.sandbox.charged_minor(&id.to_string()), total);
    let amount = json!({ "amount": { "amount": part, "currency": currency } });
    let (status, body) = refund(shop, id, "part", amount).await;
    assert_eq!((status, body["amount"]["currency"].as_str()), (201, Some(currency)), "{body}");
    let intent = shop.view(id).await.payments[0].intent_id.clone();
    shop.sandbox.dashboard_refund(&intent, Some(part)).expect("refunded");
    shop.settle().await;
    shop.settle().await;
    assert_eq!((shop.sandbox.refunded_minor(&id.to_string()), shop.view(id).await.refunded()), (2 * part, 2 * part));
    let letters: Vec<String> = shop.shop.mailer.stored().into_iter().map(|letter| letter.text).collect();
    assert!(letters.iter().any(|text| text.contains(shown)), "{shown} in {letters:#?}");
    let run = reconcile::run(&shop.shop, None, false, |_| {}).await.expect("Stripe answers");
    assert_eq!((findings(shop, &run.id).await.len(), unexplained(shop, &run.id).await), (0, 0));
    shop.books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn yen_dinar_forint_and_krona_go_all_the_way() {
    for (currency, part, shown) in [
        ("JPY", 1234, "¥1,234"),
        ("KWD", 1230, "1.230"),
        ("HUF", 12345, "123.45"),
        ("ISK", 12300, "123"),
        ("UGX", 12300, "123"),
    ] {
        a_currency_goes_all_the_way(
            &TestShop::on_sqlite_with(Setup::selling_in(currency)).await,
            currency,
            part,
            shown,
        )
        .await;
        a_currency_goes_all_the_way(
            &TestShop::on_postgres_with(Setup::selling_in(currency)).await,
            currency,
            part,
            shown,
        )
        .await;
    }
}

#[tokio::test]
async fn an_amount_that_stripe_cannot_move_is_refused() {
    for (currency, part) in [("KWD", 1234), ("ISK", 1250)] {
        let shop = TestShop::on_sqlite_with(Setup::selling_in(currency)).await;
        shop.stock("vase", 10).await;
        let id = shop.paid(&[("vase", 10)]).await;
        let amount = json!({ "amount": { "amount": part, "currency": currency } });
        let (status, body) = refund(&shop, id, "part", amount).await;
        assert_eq!((status, body["errors"][0]["code"].as_str()), (422, Some("not-in-steps")), "{body}");
    }
}
