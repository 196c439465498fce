//! How real shops lost money or stock, through the whole shop.

use rules::commands::place_order::PlaceOrder;
use rules::ids::OrderId;
use rules::orders::{Hold, Status};
use rules::payments::{MoneyState, SessionState};
use rules::time::Span;
use serde_json::json;
use stockhold::outbox::{self, sweep::sweep};
use stockhold::storage::{RowExt, inbox};
use stockhold::stripe::signature::sign;
use stockhold::values;
use stockhold::workers::{self, ask_again};
use stripe_sandbox::{Fault, Faults, Pay, WebhookMode};

use crate::on_both_engines;
use crate::support::books::{TestBooks, noon};
use crate::support::shop::{TestShop, answer};

on_both_engines!(
    /// S6: a session lives on its order's own row, and the database itself refuses a payable order without a hold.
    no_session_exists_without_its_hold,
    async |shop: &TestBooks| {
        shop.stock("mug", 2).await;
        let id = shop.place_open(&[("mug", 1)]).await;
        for (forged, kept_by) in [
            ("update orders set hold = 'released' where status = 'pending'", "orders_hold"),
            ("update orders set hold = 'sold' where status = 'pending'", "orders_hold"),
            ("update orders set status = 'processing', hold = 'released'", "orders_hold"),
            ("update stock_levels set held = -1", "stock_levels_held"),
            ("update stock_levels set held = on_hand + 1", "stock_levels_held"),
        ] {
            let refused = shop.storage.execute_script(forged.to_owned()).await.expect_err(forged);
            assert!(format!("{refused:?}").contains(kept_by), "{forged}: {refused:?}");
        }
        let view = shop.view(id).await;
        assert_eq!((view.hold, view.session_id.is_some(), shop.level("mug").await), (Hold::Live, true, (2, 1)));
    }
);

on_both_engines!(
    /// S6: whichever way an order with a payment page comes about, its goods are held.
    every_way_to_a_payment_page_holds_first,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        shop.check_out(&[("mug", 1)]).await;
        // The reply that opened the page is lost, and a worker finds it again.
        shop.sandbox.set_faults(Faults::default().with(Fault::ReplyLostAfterSuccess));
        shop.check_out(&[("mug", 1)]).await;
        let sql = "select count(*) from orders o where o.session_id is not null and o.session_state in ('opening', 'open')
            and (o.hold <> 'live' or not exists (select 1 from order_lines l where l.order_id = o.id))";
        assert_eq!(shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0), 0);
        assert_eq!(shop.level("mug").await, (3, 2));
    }
);

on_both_engines!(
    /// P19, S4: minute by minute, with Stripe away in between: while a page can take money its goods are held, and an
    /// order never has two such pages.
    a_hold_outlives_its_payment_page,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let mut orders = Vec::new();
        for minute in 0..90 {
            if minute % 15 == 0 {
                orders.push(shop.check_out(&[("mug", 1)]).await);
            }
            let away = (25..45).contains(&(minute % 50));
            let faults = Faults::webhooks(WebhookMode::Lost);
            shop.sandbox.set_faults(if away { faults.with(Fault::Unreachable.on(EXPIRE).standing()) } else { faults });
            shop.shop.clock.advance(Span::minutes(1));
            shop.sandbox.expire_due();
            sweep(&shop.shop).await.expect("it sweeps");
            for id in &orders {
                let payable = shop.sandbox.sessions_of(&id.to_string());
                let payable = payable.iter().filter(|session| session["status"] == "open").count();
                let hold = shop.view(*id).await.hold;
                assert!(payable <= 1 && (payable == 0 || hold == Hold::Live), "minute {minute}: {payable} open, {hold:?}");
            }
        }
        shop.sandbox.set_faults(Faults::default());
        shop.shop.clock.advance(Span::minutes(31));
        shop.settle().await;
        assert_eq!(shop.level("mug").await, (5, 0), "in the end all is free");
    }
);

/// What Stripe says of this session, as the shop reads it.
async fn fact_of(shop: &TestShop, session: &str) -> rules::payments::SessionFact {
    match shop.shop.stripe.session(session).await {
        stockhold::stripe::Call::Done(session) => session.fact(),
        other => panic!("{other:?}"),
    }
}

const EXPIRE: &str = "POST /v1/checkout/sessions/";

on_both_engines!(
    /// S18: over HTTP, one client with a hundred addresses holds no more than its cap; the holds are there to be seen,
    /// and when they are due the shelf is whole again.
    bots_cannot_hold_the_shelf,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 100).await;
        let tries: Vec<(String, String)> = (0..100).map(|n| (format!("bot-{n}"), format!("bot{n}@example.org"))).collect();
        let answers = tries.iter().map(|(key, email)| shop.check_out_as(key, email, &[("mug", 1)]));
        let answers = futures_util::future::join_all(answers).await;
        let held = answers.iter().filter(|(status, _)| *status == 201).count();
        for (status, body) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!((*status, body["code"].as_str()), (429, Some("hold-cap-reached")), "{body}");
        }
        assert_eq!((held, shop.level("mug").await), (20, (100, 20)));
        let key = shop.api_key("stock:read").await;
        let request = shop.http.get(format!("{}/api/admin/stock/mug", shop.base_url)).bearer_auth(key);
        let (_, seen) = answer(request.send().await.expect("the shop answers")).await;
        assert_eq!((seen["held"].as_i64(), seen["holds"].as_array().map(Vec::len)), (Some(20), Some(20)), "{seen}");
        shop.shop.clock.advance(Span::minutes(30));
        assert_eq!(sweep(&shop.shop).await.expect("it sweeps").released, 20);
        assert_eq!(shop.level("mug").await, (100, 0));
    }
);

on_both_engines!(
    /// P7: nothing is deleted: the same request after the payment, and after the end, still meets its order.
    a_request_repeated_after_the_end_meets_its_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let again = async |key: &str, expected: &str| {
            let (status, body) = shop.check_out_as(key, &format!("{key}@example.org"), &[("mug", 1)]).await;
            assert_eq!((status, body["order"]["status"].as_str()), (201, Some(expected)), "{body}");
            let own = format!("{}/orders/{}?token=", shop.base_url, shop.order_of_key(key));
            assert!(body["checkout_url"].as_str().is_some_and(|url| url.starts_with(&own)), "{body}");
        };
        for key in ["paid", "expired"] {
            assert_eq!(shop.check_out_as(key, &format!("{key}@example.org"), &[("mug", 1)]).await.0, 201);
        }
        shop.pay(shop.order_of_key("paid")).await;
        shop.settle().await;
        shop.shop.clock.advance(Span::minutes(31));
        shop.settle().await;
        for _ in 0..3 {
            again("paid", "paid").await;
            again("expired", "expired").await;
        }
        assert_eq!((shop.level("mug").await, shop.letters()), ((1, 0), 1));
    }
);

on_both_engines!(
    /// P27: a live session is no answer to a shop with a test key, whichever door it comes in by, and a live event is
    /// kept but never acted upon.
    test_and_live_objects_never_mix,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        let event = json!({ "id": "evt_live", "object": "event", "type": "checkout.session.completed", "livemode": true,
            "data": { "object": { "id": session, "client_reference_id": id.to_string() } } });
        let body = event.to_string();
        shop.pay(id).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        let request = shop.http.post(format!("{}/api/webhooks/stripe", shop.base_url));
        let signature = sign("whsec_of_the_tests", body.as_bytes(), shop.shop.now());
        let posted = request.header("Stripe-Signature", signature).body(body).send().await.expect("the shop answers");
        assert_eq!(posted.status().as_u16(), 200, "Stripe must not disable the endpoint");
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        let kept = inbox::page(&shop.shop.storage, Some("not_ours"), None, 10).await.expect("the database answers");
        assert_eq!((kept.len(), shop.view(id).await.status), (1, Status::Pending));
        assert!(inbox::replay(&shop.shop.storage, "evt_live", shop.shop.now()).await.expect("the database answers"));
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        let kept = inbox::page(&shop.shop.storage, Some("not_ours"), None, 10).await.expect("the database answers");
        assert_eq!((kept.len(), shop.view(id).await.status), (1, Status::Pending), "not when it is read again either");

        // A session of the other mode, as if the key had been changed under an open order.
        let mut fact = fact_of(shop, &session).await;
        fact.livemode = true;
        let refused = outbox::record(&shop.shop, id, fact.clone()).await.expect("it is answered");
        assert!(matches!(refused, outbox::Carried::Refused(_)), "{refused:?}");
        assert_eq!((shop.view(id).await.status, shop.view(id).await.payments.len()), (Status::Pending, 0));
        fact.livemode = false;
        outbox::record(&shop.shop, id, fact).await.expect("it is answered");
        assert_eq!(shop.view(id).await.status, Status::Paid);
    }
);

on_both_engines!(
    /// P32, P11: told by every door, again and again, for days: one confirmation; and a letter of another kind is a
    /// letter of its own.
    a_letter_goes_out_once_per_order_and_kind,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        for _ in 0..5 {
            shop.settle().await;
            outbox::settle(&shop.shop, id).await.expect("Stripe answers");
            ask_again::run(&shop.shop).await.expect("Stripe answers");
            for event in inbox::page(&shop.shop.storage, None, None, 100).await.expect("the database answers") {
                inbox::replay(&shop.shop.storage, &event.id, shop.shop.now()).await.expect("it is replayed");
            }
            shop.shop.clock.advance(Span::minutes(24 * 60));
        }
        shop.settle().await;
        let sql = "select count(*) from effects where kind = 'send_letter'";
        assert_eq!(shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0), 1);
        let sent = "select attempts from effects where kind = 'send_letter'";
        assert_eq!(shop.shop.storage.read(sent, values![]).await.expect("the database answers")[0].int(0), 1);
        let twice = "insert into effects (id, kind, subject, order_id, parameters, state, attempts, due_at, leased_until,
            last_error, created_at) select 'forged', kind, subject, order_id, '', 'due', 0, 0, 0, '', 0 from effects
            where kind = 'send_letter'";
        let refused = shop.shop.storage.execute_script(twice.to_owned()).await.expect_err("the database forbids it");
        assert!(format!("{refused:?}").contains("effects"), "{refused:?}");
    }
);

/// One random step of the ten thousand.
enum Step {
    Place(Box<PlaceOrder>),
    Count(&'static str, i64),
    Miss(&'static str, i64),
    Tell(OrderId, SessionState, MoneyState),
}

on_both_engines!(
    /// S10: ten thousand random steps of every kind, one by one and then fifty at once; after each the counters equal
    /// the sums of what lies behind them.
    ten_thousand_random_steps_leave_the_counters_right,
    async |shop: &TestBooks| {
        const NAMES: [&str; 3] = ["cup", "bowl", "tray"];
        const SUMS: &str = "select count(*) from stock_levels s where
            s.held <> (select cast(coalesce(sum(l.quantity), 0) as bigint) from order_lines l
                join orders o on o.id = l.order_id where o.hold = 'live' and l.sku = s.sku)
            or s.on_hand <> (select cast(coalesce(sum(m.delta), 0) as bigint) from movements m where m.sku = s.sku)
            or s.seq <> (select count(*) from movements m where m.sku = s.sku)
            or s.short <> (select cast(coalesce(sum(f.units), 0) as bigint) from shortfalls f where f.sku = s.sku)
                + (select cast(coalesce(sum(m.delta), 0) as bigint) from movements m
                    where m.sku = s.sku and m.reason = 'shortfall')
            or (s.short > 0 and s.held < s.on_hand)";
        for name in NAMES {
            shop.stock(name, 30).await;
        }
        let mut seed = 0x00c0_ffee_u64;
        let mut draw = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below as u64) as usize
        };
        let mut placed: Vec<OrderId> = Vec::new();
        let mut done = 0;
        while done < 10_000 {
            let steps: Vec<Step> = (0..if done < 300 { 1 } else { 50 })
                .map(|_| match draw(10) {
                    0..=3 => {
                        let lines = [(NAMES[draw(3)], 1 + draw(4) as i64), (NAMES[draw(3)], 1 + draw(3) as i64)];
                        Step::Place(Box::new(shop.order(&lines)))
                    }
                    kind if kind == 4 || placed.is_empty() => match draw(4) {
                        0 => Step::Miss(NAMES[draw(3)], draw(4) as i64),
                        _ => Step::Count(NAMES[draw(3)], draw(9) as i64 - 2),
                    },
                    _ => {
                        let id = placed[placed.len() - 1 - draw(placed.len().min(60))];
                        let (state, money) = [
                            (SessionState::Complete, MoneyState::Paid),
                            (SessionState::Closed, MoneyState::Unpaid),
                            (SessionState::Complete, MoneyState::Unpaid),
                            (SessionState::Complete, MoneyState::Failed),
                        ][draw(4)];
                        Step::Tell(id, state, money)
                    }
                })
                .collect();
            done += steps.len();
            let taken = steps.into_iter().map(|step| async {
                match step {
                    Step::Place(order) => shop.ledger.place_order(*order, noon()).await.ok().map(|placed| placed.order_id),
                    Step::Count(name, delta) => {
                        let _ = shop.count(name, delta).await; // Held goods cannot be counted away.
                        None
                    }
                    Step::Miss(name, units) => {
                        let _ = shop.miss(name, units).await; // Zero is no change.
                        None
                    }
                    Step::Tell(id, state, money) => {
                        let fact = shop.fact(id, state, money).await;
                        shop.record(id, fact).await.expect("recorded");
                        None
                    }
                }
            });
            placed.extend(futures_util::future::join_all(taken).await.into_iter().flatten());
            assert_eq!(shop.count_of(SUMS).await, 0, "after {done} steps");
        }
        let sold = shop.count_of("select count(*) from movements where reason = 'sold'").await;
        assert!(placed.len() > 500 && sold > 200, "{} orders, {sold} sales", placed.len());
    }
);

on_both_engines!(
    /// S14: the database refuses one line in the middle of the save: all of the order is undone, not half of it.
    a_line_that_cannot_be_saved_undoes_the_whole_order,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        shop.stock("bowl", 5).await;
        // A line that is refused while it is saved, after the level of the mug was written.
        let poison = if shop.is_postgres() {
            "alter table order_lines add constraint poison check (sku <> 'bowl')"
        } else {
            "create trigger poison before insert on order_lines when new.sku = 'bowl' begin select raise(abort, 'poison'); end"
        };
        shop.storage.execute_script(poison.to_owned()).await.expect("it is poisoned");
        let failed = shop.place(&[("mug", 2), ("bowl", 1)]).await.expect_err("a line is refused");
        assert!(matches!(failed, stockhold::ledger::Failure::Fault(_)), "{failed:?}");
        assert_eq!((shop.level("mug").await, shop.level("bowl").await), ((5, 0), (5, 0)));
        for table in ["select count(*) from order_lines", "select count(*) from orders", "select count(*) from effects",
            "select count(*) from order_events", "select cast(coalesce(sum(live_holds), 0) as bigint) from holders"] {
            assert_eq!(shop.count_of(table).await, 0, "{table}");
        }
        shop.place(&[("mug", 2)]).await.expect("others are not hurt");
    }
);

on_both_engines!(
    /// P12, P22: webhooks off, nobody comes back, Stripe away for an hour: when it is well the order is paid, and the
    /// delayed one is kept until its money decides.
    a_shop_without_webhooks_is_only_later,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        let (card, debit) = (shop.check_out(&[("mug", 1)]).await, shop.check_out(&[("mug", 1)]).await);
        shop.pay(card).await;
        let session = shop.session_of(debit).await;
        shop.sandbox.pay(&session, Pay::DelayedSucceeds).expect("the buyer finishes");
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost).with(Fault::TooManyRequests.standing()));
        for _ in 0..6 {
            shop.shop.clock.advance(Span::minutes(10));
            workers::until_idle(&shop.shop).await.expect("a busy Stripe is no fault of ours");
            ask_again::run(&shop.shop).await.expect("a busy Stripe is no fault of ours");
        }
        assert_eq!(shop.level("mug").await, (2, 2), "nothing is cancelled on a guess");
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        ask_again::run(&shop.shop).await.expect("Stripe answers");
        assert_eq!((shop.view(card).await.status, shop.view(debit).await.status), (Status::Paid, Status::Processing));
        shop.sandbox.pay(&session, Pay::SettleDelayed).expect("the bank decides");
        ask_again::run(&shop.shop).await.expect("Stripe answers");
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        assert_eq!((shop.view(debit).await.status, shop.letters()), (Status::Paid, 2));
    }
);
