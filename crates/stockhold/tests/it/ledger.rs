//! The ledger on both engines: stock and money under races, repeats and reversals.

use std::sync::Arc;

use rules::commands::Refusal;
use rules::commands::record_checkout::{CheckoutAnswer, RecordCheckout};
use rules::ids::OrderId;
use rules::orders::{Hold, Status};
use rules::payments::{MoneyState, Purpose, SessionState};
use rules::refunds::RefundState;
use rules::time::Span;
use stockhold::ledger::Failure;

use crate::on_both_engines;
use crate::support::books::{TestBooks, noon, policy, sku};

async fn place_at_once(shop: &TestBooks, buyers: usize, lines: &[(&str, i64)]) -> Vec<Result<OrderId, Failure>> {
    let ledgers = [shop.ledger.clone(), shop.another_instance(policy())];
    let start = Arc::new(tokio::sync::Barrier::new(buyers));
    let mut tasks = tokio::task::JoinSet::new();
    for buyer in 0..buyers {
        let (ledger, start, order) = (ledgers[buyer % 2].clone(), start.clone(), shop.order(lines));
        tasks.spawn(async move {
            start.wait().await;
            ledger.place_order(order, noon()).await.map(|placed| placed.order_id)
        });
    }
    tasks.join_all().await
}

on_both_engines!(
    /// S1, S2, S3, S19: two instances, fifty buyers, one unit.
    the_last_mug_is_sold_once,
    async |shop: &TestBooks| {
        shop.stock("mug", 1).await;
        let answers = place_at_once(shop, 50, &[("mug", 1)]).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for refused in answers.iter().filter_map(|answer| answer.as_ref().err()) {
            let Failure::Refused(Refusal::OutOfStock { lines }) = refused else { panic!("{refused:?}") };
            assert_eq!((lines[0].sku.clone(), lines[0].wanted, lines[0].available), (sku("mug"), 1, 0));
        }
        assert_eq!(shop.level("mug").await, (1, 1));
    }
);

on_both_engines!(
    /// S4: each line alone would fit; together they do not.
    two_lines_of_one_sku_are_one_demand,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        let refused = shop.place(&[("mug", 5), ("mug", 5)]).await;
        assert!(matches!(refused, Err(Failure::Refused(Refusal::OutOfStock { .. }))), "{refused:?}");
        assert_eq!(shop.level("mug").await, (5, 0));
        shop.place(&[("mug", 2), ("mug", 3)]).await.expect("five are there");
        assert_eq!(shop.level("mug").await, (5, 5));
    }
);

on_both_engines!(
    /// S5: 120 buyers want 4 tickets; those who got one all pay.
    four_tickets_are_sold_to_four_of_120_buyers,
    async |shop: &TestBooks| {
        shop.stock("ticket", 4).await;
        let (placed, refused): (Vec<_>, Vec<_>) =
            place_at_once(shop, 120, &[("ticket", 1)]).await.into_iter().partition(Result::is_ok);
        assert_eq!(placed.len(), 4);
        for answer in refused {
            assert!(matches!(answer, Err(Failure::Refused(Refusal::OutOfStock { .. }))), "before payment: {answer:?}");
        }
        for id in placed.into_iter().flatten() {
            assert_eq!(shop.pay(id).await.status, Status::Paid);
        }
        assert_eq!(shop.level("ticket").await, (0, 0));
    }
);

on_both_engines!(
    /// S14: one line cannot be had, so nothing of the order is.
    all_lines_are_held_or_none,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        // One that is looked at before the mug, and one after it.
        for gone in ["bowl", "tray"] {
            shop.stock(gone, 0).await;
            let refused = shop.place(&[("mug", 2), (gone, 1)]).await;
            assert!(matches!(refused, Err(Failure::Refused(Refusal::OutOfStock { .. }))), "{refused:?}");
        }
        assert_eq!(shop.level("mug").await, (5, 0));
        assert_eq!(shop.count_of("select count(*) from orders").await, 0);
    }
);

on_both_engines!(
    /// P8: the same form sent ten times at once is one order.
    a_double_click_is_one_order,
    async |shop: &TestBooks| {
        shop.stock("mug", 50).await;
        let order = shop.order(&[("mug", 2)]);
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let (ledger, order) = (shop.ledger.clone(), order.clone());
            tasks.spawn(async move { ledger.place_order(order, noon()).await.expect("it is in stock").number });
        }
        let mut numbers = tasks.join_all().await;
        numbers.dedup();
        assert_eq!(numbers.len(), 1);
        assert_eq!(shop.level("mug").await, (50, 2));
        let other = rules::commands::place_order::PlaceOrder { request_hash: "other".to_owned(), ..order };
        let refused = shop.ledger.place_order(other, noon()).await;
        assert_eq!(refused, Err(Failure::Refused(Refusal::IdempotencyKeyReused)));
    }
);

on_both_engines!(
    /// P1, P11: redirect, webhook and sweeper bring the same news at once, again and again.
    a_payment_told_by_many_doors_counts_once,
    async |shop: &TestBooks| {
        shop.stock("mug", 3).await;
        let id = shop.place_open(&[("mug", 2)]).await;
        let fact = shop.fact(id, SessionState::Complete, MoneyState::Paid).await;
        let told = futures_util::future::join_all((0..60).map(|_| shop.record(id, fact.clone()))).await;
        assert!(told.iter().all(|answer| matches!(answer, Ok(recorded) if recorded.status == Status::Paid)));
        assert_eq!(shop.level("mug").await, (1, 0));
        assert_eq!(shop.count_of("select count(*) from movements where reason = 'sold'").await, 1);
        assert_eq!(shop.count_of("select count(*) from effects where kind = 'send_letter'").await, 1);
        assert_eq!(shop.count_of("select count(*) from payments").await, 1);
    }
);

on_both_engines!(
    /// P23: finished but unpaid keeps the hold; the money decides later, once.
    a_delayed_method_keeps_the_hold_until_the_money_decides,
    async |shop: &TestBooks| {
        shop.stock("mug", 2).await;
        let (first, second) = (shop.place_open(&[("mug", 1)]).await, shop.place_open(&[("mug", 1)]).await);
        for id in [first, second] {
            let waiting = shop.fact(id, SessionState::Complete, MoneyState::Unpaid).await;
            assert_eq!(shop.record(id, waiting).await.expect("recorded").status, Status::Processing);
        }
        assert_eq!(shop.level("mug").await, (2, 2));
        assert_eq!(shop.pay(first).await.status, Status::Paid);
        let failed = shop.fact(second, SessionState::Complete, MoneyState::Failed).await;
        assert_eq!(shop.record(second, failed).await.expect("recorded").status, Status::Expired);
        assert_eq!(shop.level("mug").await, (1, 0));
    }
);

on_both_engines!(
    /// P10: the hold lapsed, the stock is still there: the late payment gets its goods.
    a_late_payment_gets_its_goods_while_they_are_there,
    async |shop: &TestBooks| {
        shop.stock("mug", 1).await;
        let id = shop.place_open(&[("mug", 1)]).await;
        assert_eq!(shop.close(id).await.status, Status::Expired);
        assert_eq!(shop.level("mug").await, (1, 0));
        assert_eq!(shop.pay(id).await.status, Status::Paid);
        assert_eq!(shop.level("mug").await, (0, 0));
    }
);

on_both_engines!(
    /// P9, S17: the goods are gone: the money goes back by itself, once, and the buyer is told.
    a_late_payment_is_refunded_when_the_shelf_is_empty,
    async |shop: &TestBooks| {
        shop.stock("mug", 1).await;
        let late = shop.place_open(&[("mug", 1)]).await;
        shop.close(late).await;
        let other = shop.place_open(&[("mug", 1)]).await;
        for _ in 0..3 {
            assert_eq!(shop.pay(late).await.status, Status::Expired);
        }
        let view = shop.view(late).await;
        assert_eq!((view.payments.len(), view.payments[0].purpose), (1, Purpose::Surplus));
        assert_eq!((view.refunds.len(), view.refunds[0].amount.minor), (1, view.total));
        assert_eq!(shop.count_of("select count(*) from effects where kind = 'refund_payment'").await, 1);
        assert_eq!(shop.pay(other).await.status, Status::Paid);
        let told = rules::commands::record_refund::RecordRefund {
            order_id: late,
            refund_id: view.refunds[0].id,
            stripe_id: Some("re_1".to_owned()),
            intent_id: view.refunds[0].intent_id.clone(),
            amount: view.refunds[0].amount,
            state: RefundState::Succeeded,
            failure: String::new(),
        };
        shop.ledger.record_refund(told, noon()).await.expect("recorded");
        assert_eq!(shop.view(late).await.status, Status::Refunded);
    }
);

on_both_engines!(
    /// P14: a second session of the same order is paid too; the second money goes back.
    a_second_payment_of_one_order_is_refunded,
    async |shop: &TestBooks| {
        shop.stock("mug", 2).await;
        let id = shop.place_open(&[("mug", 1)]).await;
        shop.pay(id).await;
        let mut second = shop.fact(id, SessionState::Complete, MoneyState::Paid).await;
        second.session_id = "cs_test_second".to_owned();
        second.intent = Some("pi_second".to_owned());
        shop.record(id, second).await.expect("recorded");
        let view = shop.view(id).await;
        assert_eq!((view.status, view.refunds.len(), view.refunds[0].kind.as_str()), (Status::Paid, 1, "surplus"));
        assert_eq!(shop.level("mug").await, (1, 0));
    }
);

on_both_engines!(
    /// A payment of another amount is kept for a person; the goods stay held meanwhile.
    a_payment_of_another_amount_waits_for_a_person,
    async |shop: &TestBooks| {
        shop.stock("mug", 1).await;
        let id = shop.place_open(&[("mug", 1)]).await;
        let mut wrong = shop.fact(id, SessionState::Complete, MoneyState::Paid).await;
        wrong.amount_minor -= 1;
        shop.record(id, wrong).await.expect("recorded");
        let view = shop.view(id).await;
        assert_eq!((view.status, view.hold), (Status::Processing, Hold::Live));
        assert_eq!(view.payments[0].purpose, Purpose::Mismatch);
        assert_eq!(shop.close(id).await.status, Status::Processing);
    }
);

on_both_engines!(
    /// M1: Stripe would charge something else than the buyer was shown: nobody may pay that.
    a_session_of_another_amount_is_closed,
    async |shop: &TestBooks| {
        shop.stock("mug", 1).await;
        let id = shop.place(&[("mug", 1)]).await.expect("in stock").order_id;
        let mut fact = shop.fact(id, SessionState::Open, MoneyState::Unpaid).await;
        fact.amount_minor += 1;
        let answer = CheckoutAnswer::Opened { fact, url: Some("https://pay.example".to_owned()), expires_at: noon() };
        shop.ledger.record_checkout(RecordCheckout { order_id: id, answer }, noon()).await.expect("recorded");
        assert_eq!(shop.view(id).await.session_url, None);
        assert_eq!(shop.count_of("select count(*) from effects where kind = 'close_checkout'").await, 1);
    }
);

on_both_engines!(
    /// S4: only a closed session ends a hold; while the opening is unknown nothing is released.
    a_hold_is_not_released_while_its_page_may_be_open,
    async |shop: &TestBooks| {
        shop.stock("mug", 1).await;
        let id = shop.place(&[("mug", 1)]).await.expect("in stock").order_id;
        let mut foreign = shop.fact(id, SessionState::Closed, MoneyState::Unpaid).await;
        let open = shop.fact(id, SessionState::Open, MoneyState::Unpaid).await;
        shop.record(id, open).await.expect("the lost reply's session is learned");
        foreign.session_id = "cs_test_other".to_owned();
        shop.record(id, foreign).await.expect("recorded");
        assert_eq!(shop.level("mug").await, (1, 1));
        shop.close(id).await;
        assert_eq!(shop.level("mug").await, (1, 0));
    }
);

on_both_engines!(
    /// S18: one buyer, and one client with many addresses, hold no more than their cap.
    holds_are_capped_per_buyer_and_client,
    async |shop: &TestBooks| {
        shop.stock("mug", 100).await;
        let capped = rules::books::Policy { holds_per_buyer_max: 2, holds_per_client_max: 3, ..policy() };
        let ledgers = [shop.another_instance(capped.clone()), shop.another_instance(capped)];
        let mut tasks = tokio::task::JoinSet::new();
        for at in 0..20 {
            let mut order = shop.order(&[("mug", 1)]);
            order.client = "bot".to_owned();
            let ledger = ledgers[at % 2].clone();
            tasks.spawn(async move { ledger.place_order(order, noon()).await.is_ok() });
        }
        assert_eq!(tasks.join_all().await.into_iter().filter(|placed| *placed).count(), 3);
        assert_eq!(shop.level("mug").await, (100, 3));
    }
);

on_both_engines!(
    /// A command that breaks a batch breaks alone: the others of its batch are saved.
    only_the_culprit_of_a_batch_fails,
    async |shop: &TestBooks| {
        shop.stock("mug", 100).await;
        let first = shop.place_open(&[("mug", 1)]).await;
        let second = shop.place(&[("mug", 1)]).await.expect("in stock").order_id;
        let mut stolen = shop.fact(second, SessionState::Open, MoneyState::Unpaid).await;
        stolen.session_id = shop.view(first).await.session_id.expect("it is open");
        let answer = CheckoutAnswer::Opened { fact: stolen, url: None, expires_at: noon() + Span::minutes(35) };
        let culprit = shop.ledger.record_checkout(RecordCheckout { order_id: second, answer }, noon());
        let others = futures_util::future::join_all((0..30).map(|_| shop.place(&[("mug", 1)])));
        let (culprit, others) = futures_util::future::join(culprit, others).await;
        assert!(matches!(culprit, Err(Failure::Fault(_))), "{culprit:?}");
        assert!(others.iter().all(Result::is_ok));
        assert_eq!(shop.level("mug").await, (100, 32));
    }
);

on_both_engines!(
    /// Stock by hand: the same request again is one movement, and held stock cannot be counted away.
    stock_changes_by_hand_leave_one_movement_each,
    async |shop: &TestBooks| {
        shop.stock("mug", 3).await;
        shop.place(&[("mug", 2)]).await.expect("in stock");
        let refused = shop.count("mug", -2).await;
        assert_eq!(refused, Err(Failure::Refused(Refusal::StockBelowHeld { sku: sku("mug"), held: 2 })));
        let zero = shop.count("mug", 0).await;
        assert_eq!(zero, Err(Failure::Refused(Refusal::ChangeOutOfRange { sku: sku("mug") })));
        let huge = shop.count("mug", i64::MAX).await;
        assert_eq!(huge, Err(Failure::Refused(Refusal::ChangeOutOfRange { sku: sku("mug") })));
        let unknown = shop.count("nothing", 1).await;
        assert_eq!(unknown, Err(Failure::Refused(Refusal::UnknownSku { sku: sku("nothing") })));
        shop.count("mug", -1).await.expect("one is free");
        assert_eq!(shop.level("mug").await, (2, 2));
    }
);

on_both_engines!(
    /// S10: thousands of random steps, many at once; the counters equal the sums of what lies behind them.
    counters_never_drift_from_the_rows_behind_them,
    async |shop: &TestBooks| {
        for name in ["cup", "bowl", "tray"] {
            shop.stock(name, 40).await;
        }
        let mut seed = 0x5eed_u64;
        let mut draw = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        let mut open: Vec<OrderId> = Vec::new();
        for _ in 0..40 {
            let orders: Vec<_> = (0..25)
                .map(|_| shop.order(&[(["cup", "bowl", "tray"][draw(3) as usize], 1 + draw(3) as i64), ("cup", 1)]))
                .collect();
            let placed = orders.into_iter().map(|order| shop.ledger.place_order(order, noon()));
            for placed in futures_util::future::join_all(placed).await.into_iter().flatten() {
                open.push(placed.order_id);
            }
            let mut facts = Vec::new();
            for id in &open {
                let (state, money) = match draw(4) {
                    0 => (SessionState::Complete, MoneyState::Paid),
                    1 => (SessionState::Closed, MoneyState::Unpaid),
                    2 => (SessionState::Complete, MoneyState::Unpaid),
                    _ => (SessionState::Complete, MoneyState::Failed),
                };
                facts.push((*id, shop.fact(*id, state, money).await));
            }
            let told = facts.into_iter().map(|(id, fact)| shop.record(id, fact));
            for answer in futures_util::future::join_all(told).await {
                answer.expect("recorded");
            }
            open.truncate(20);
            for name in ["cup", "bowl", "tray"] {
                shop.count(name, 1 + draw(6) as i64).await.expect("received");
            }
        }
        shop.books_balance().await;
    }
);
