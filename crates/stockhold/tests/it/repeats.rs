//! What must be said to Stripe again, after a lost reply, after a day, under a key without the right, by the next
//! process: it takes effect once, and nothing is given up that may have happened.

use rules::orders::{Hold, Status};
use rules::refunds::RefundState;
use rules::time::Span;
use serde_json::json;
use stockhold::outbox::{Carried, carry_out, open_effect};
use stockhold::storage::effects;
use stockhold::workers;
use stripe_sandbox::{Fault, Faults, Pay, WebhookMode};

use crate::on_both_engines;
use crate::provider_trouble::ImpatientShop;
use crate::support::line::Trouble;

/// Stripe keeps a key for a day.
const A_DAY: Span = Span::minutes(25 * 60);

/// Nobody tells the shop anything, and whatever it sends here takes effect without an answer.
fn silence(path: &str) -> Faults {
    Faults::webhooks(WebhookMode::Lost).with(Fault::ReplyLostAfterSuccess.on(path).standing())
}

fn made(shop: &ImpatientShop) -> usize {
    shop.sandbox.snapshot()["refunds"].as_array().map_or(0, Vec::len)
}

on_both_engines!(
    /// P4, P15: the reply that opened the page was lost, somebody paid on it, and the shop was down for a day: the page
    /// is found by its order, and the order is paid.
    a_page_whose_key_is_forgotten_is_looked_up,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 2).await;
        shop.sandbox.set_faults(silence("POST /v1/checkout/sessions"));
        let (status, body) = shop.check_out_as("lost", "ada@example.org", &[("mug", 1)]).await;
        assert_eq!((status, body["code"].as_str()), (503, Some("payment-provider-unavailable")), "{body}");
        let id = shop.order_of_key("lost");
        let sessions = shop.sandbox.sessions_of(&id.to_string());
        assert_eq!((sessions.len(), shop.view(id).await.session_id), (1, None));
        let session = sessions[0]["id"].as_str().expect("an id");
        shop.sandbox.pay(session, Pay::Card("4242424242424242".to_owned())).expect("the card is good");
        shop.shop.clock.advance(A_DAY);
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.status, view.hold, shop.level("mug").await), (Status::Paid, Hold::Sold, (1, 0)));
        assert_eq!(shop.sandbox.sessions_of(&id.to_string()).len(), 1);
    }
);

on_both_engines!(
    /// R3, P15: the reply to a part refund was lost, twice, and then the shop was down for a day: the part is found, not
    /// sent again.
    a_refund_whose_key_is_forgotten_is_looked_up,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 3).await;
        let id = shop.paid(&[("mug", 3)]).await;
        shop.sandbox.set_faults(silence("POST /v1/refunds"));
        let path = format!("/api/admin/orders/{id}/refunds");
        let part = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
        assert_eq!(shop.staff("POST", &path, "part", part).await.0, 201);
        shop.shop.clock.advance(Span::minutes(6));
        shop.settle().await;
        assert_eq!((made(shop), shop.view(id).await.refunds[0].state), (1, RefundState::Requested), "the same key");
        shop.shop.clock.advance(A_DAY);
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.settle().await;
        assert_eq!((made(shop), shop.view(id).await.refunds[0].state), (1, RefundState::Succeeded));
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Paid, (1, 0)));
    }
);

on_both_engines!(
    /// S8, P14: while the page of a buyer's older order cannot be closed, they get no second one to pay on.
    a_buyer_whose_older_page_cannot_be_closed_gets_no_second,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 2).await;
        assert_eq!(shop.check_out_as("first", "ada@example.org", &[("mug", 1)]).await.0, 201);
        shop.sandbox.set_faults(Faults::default().with(Fault::Unreachable.on("POST /v1/checkout/sessions/").standing()));
        let (status, body) = shop.check_out_as("second", "ada@example.org", &[("mug", 1)]).await;
        assert_eq!((status, body["code"].as_str()), (503, Some("payment-provider-unavailable")), "{body}");
        assert_eq!(shop.level("mug").await, (2, 1));
        shop.sandbox.set_faults(Faults::default());
        assert_eq!(shop.check_out_as("second", "ada@example.org", &[("mug", 1)]).await.0, 201);
        assert_eq!(shop.level("mug").await, (2, 1));
        assert_eq!(shop.view(shop.order_of_key("first")).await.status, Status::Expired);
    }
);

on_both_engines!(
    /// P3, R3: the refund was made and its reply lost; then Stripe says no to everything, so that nobody can see what is
    /// back. That is no reason to call it failed.
    a_refusal_that_cannot_be_looked_into_is_no_failure,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 2).await;
        let id = shop.paid(&[("mug", 2)]).await;
        shop.sandbox.set_faults(silence("POST /v1/refunds"));
        let path = format!("/api/admin/orders/{id}/refunds");
        let part = json!({ "items": [{ "sku": "mug", "quantity": 1 }] });
        assert_eq!(shop.staff("POST", &path, "part", part).await.0, 201);
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        for trouble in [Trouble::Refuses, Trouble::MayNotWrite] {
            shop.line.spoil(trouble);
            shop.shop.clock.advance(Span::minutes(6));
            shop.settle().await;
            assert_eq!(shop.view(id).await.refunds[0].state, RefundState::Requested, "{trouble:?}");
        }
        shop.line.mend();
        shop.shop.clock.advance(Span::minutes(6));
        shop.settle().await;
        assert_eq!((made(shop), shop.view(id).await.refunds[0].state), (1, RefundState::Succeeded));
    }
);

on_both_engines!(
    /// M3: a key that may not refund is a setting to mend; the money stays asked for until it is.
    a_key_without_the_right_fails_no_refund,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 1).await;
        let id = shop.paid(&[("mug", 1)]).await;
        shop.line.spoil(Trouble::MayNotWrite);
        assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "all", json!({})).await.0, 201);
        shop.settle().await;
        assert_eq!((made(shop), shop.view(id).await.refunds[0].state), (0, RefundState::Requested));
        shop.line.mend();
        shop.shop.clock.advance(Span::minutes(6));
        shop.settle().await;
        assert_eq!((made(shop), shop.view(id).await.status), (1, Status::Refunded));
    }
);

on_both_engines!(
    /// P4: what a dead process had in hand is taken up at once by the one that is alone after it.
    what_a_dead_process_had_in_hand_is_free_at_once,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 1).await;
        shop.sandbox.set_faults(silence("POST /v1/checkout/sessions"));
        assert_eq!(shop.check_out_as("dies", "ada@example.org", &[("mug", 1)]).await.0, 503);
        shop.sandbox.set_faults(Faults::default());
        let (id, now) = (shop.order_of_key("dies"), shop.shop.now());
        let effect = open_effect(id);
        assert!(effects::lease(&shop.shop.storage, &effect, now).await.expect("the database answers").is_some());
        assert_eq!(carry_out(&shop.shop, &effect).await, Ok(Carried::NotDue));
        workers::take_over(&shop.shop).await.expect("the database answers");
        assert_eq!(carry_out(&shop.shop, &effect).await, Ok(Carried::Done));
        assert_eq!(shop.sandbox.sessions_of(&id.to_string()).len(), 1);
    }
);
