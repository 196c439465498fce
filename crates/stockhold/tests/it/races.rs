//! Many at the same thing at once, a thousand times over, through the whole shop.

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use rules::ids::OrderId;
use rules::orders::{Hold, Status};
use rules::payments::{MoneyState, SessionState};
use rules::time::Span;
use stockhold::outbox::cancel::cancel;
use stockhold::outbox::sweep::sweep;
use stockhold::storage::RowExt;
use stockhold::workers::ask_again;
use stockhold::{values, workers};
use stripe_sandbox::Pay;

use crate::on_both_engines;
use crate::support::books::{TestBooks, policy};
use crate::support::shop::{TestShop, answer};

/// Orders in flight at once, and how often so many are sent: a thousand races.
const AT_ONCE: usize = 100;
const WAVES: usize = 10;

/// Checks out by a key of a shop front, which no cap holds back; the ids differ from those of every other test.
async fn place_many(shop: &TestShop, wave: usize, key: &str) -> Vec<OrderId> {
    let run = shop.base_url.rsplit(':').next().unwrap_or_default();
    let places = (0..AT_ONCE).map(|n| async move {
        let name = format!("race-{run}-{wave}-{n}");
        let body =
            serde_json::json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": format!("{name}@example.org") });
        let request = shop.http.post(format!("{}/api/checkout", shop.base_url)).header("Idempotency-Key", &name);
        let request = request.bearer_auth(key).header("Content-Type", "application/json").body(body.to_string());
        let (status, body) = answer(request.send().await.expect("the shop answers")).await;
        assert_eq!(status, 201, "{body}");
        body["order"]["id"].as_str().expect("an id").parse::<OrderId>().expect("an order's id")
    });
    stream::iter(places).buffer_unordered(16).collect().await
}

async fn count(shop: &TestShop, sql: &'static str) -> i64 {
    shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0)
}

on_both_engines!(
    /// P1, P6: redirect, webhook and sweeper race for one payment, a thousand times, a hundred orders in flight at once:
    /// each is paid once, by one letter, and nothing goes back. Whoever loses the race sees the same as who wins it.
    redirect_webhook_and_sweeper_race_for_one_payment,
    TestShop,
    async |shop: &TestShop| {
        let all = (AT_ONCE * WAVES) as i64;
        shop.stock("mug", all).await;
        let key = shop.api_key("orders:write").await;
        for wave in 0..WAVES {
            let ids = place_many(shop, wave, &key).await;
            for id in &ids {
                shop.pay(*id).await;
            }
            // Late enough for the page to ask Stripe by itself; in every second wave the holds are due as well, so that
            // the sweep tries to close what was paid.
            shop.shop.clock.advance(if wave % 2 == 0 { Span::seconds(11) } else { Span::minutes(31) });
            let sessions = join_all(ids.iter().map(|id| shop.session_of(*id))).await;
            let redirects = sessions.iter().map(|session| async move {
                let page = shop.http.get(format!("{}/success?session_id={session}", shop.base_url)).send().await;
                let page = page.expect("the shop answers");
                assert_eq!(page.status().as_u16(), 200);
                page.text().await.expect("a page")
            });
            let redirects = stream::iter(redirects).buffer_unordered(32).collect::<Vec<String>>();
            // Each of the others is a task of its own, so that two threads do run at once.
            let webhooks = {
                let (sandbox, shop) = (shop.sandbox.clone(), shop.shop.clone());
                tokio::spawn(async move {
                    while sandbox.deliver_due().await > 0 {}
                    workers::until_idle(&shop).await.expect("the workers come to rest");
                })
            };
            let sweeper = {
                let shop = shop.shop.clone();
                tokio::spawn(async move {
                    sweep(&shop).await.expect("it sweeps");
                    ask_again::run(&shop).await.expect("Stripe answers");
                })
            };
            let (pages, webhooks, sweeper) = tokio::join!(redirects, webhooks, sweeper);
            webhooks.and(sweeper).expect("nobody panics");
            for page in pages {
                assert!(page.contains("class=\"chip ok\""), "the page of a paid order says so: {page}");
            }
            shop.settle().await;
        }
        assert_eq!(count(shop, "select count(*) from orders where status = 'paid'").await, all);
        assert_eq!(count(shop, "select count(*) from payments").await, all);
        assert_eq!(count(shop, "select count(*) from movements where reason = 'sold'").await, all);
        assert_eq!(count(shop, "select count(*) from refunds").await, 0);
        assert_eq!(count(shop, "select count(*) from effects where kind = 'send_letter'").await, all);
        assert_eq!((shop.level("mug").await, shop.letters() as i64), ((0, 0), all));
    }
);

on_both_engines!(
    /// P16, P19, S17: in the due second the buyer pays while the shop closes the page. Whoever wins at Stripe: charged
    /// means paid and sold, not charged means free again.
    paying_and_closing_in_the_same_second_end_in_one_truth,
    TestShop,
    async |shop: &TestShop| {
        let all = 60;
        shop.stock("mug", all).await;
        let mut charged = 0;
        for round in 0..all / 20 {
            let ids: Vec<OrderId> = join_all((0..20).map(|_| shop.check_out(&[("mug", 1)]))).await;
            let sessions = join_all(ids.iter().map(|id| shop.session_of(*id))).await;
            shop.shop.clock.advance(Span::minutes(30));
            let buyers = {
                let sandbox = shop.sandbox.clone();
                tokio::spawn(async move {
                    let mut paid = 0;
                    for session in sessions.iter().rev() {
                        paid += i64::from(sandbox.pay(session, Pay::Card("4242424242424242".to_owned())).is_ok());
                        tokio::task::yield_now().await;
                    }
                    paid
                })
            };
            let sweeper = {
                let shop = shop.shop.clone();
                tokio::spawn(async move { sweep(&shop).await.expect("it sweeps") })
            };
            let (paid, swept) = tokio::join!(buyers, sweeper);
            swept.expect("nobody panics");
            charged += paid.expect("nobody panics");
            shop.settle().await;
            ask_again::run(&shop.shop).await.expect("Stripe answers");
            for id in ids {
                let (order, taken) = (shop.view(id).await, shop.sandbox.charged_minor(&id.to_string()));
                let expected = if taken > 0 { (Status::Paid, Hold::Sold) } else { (Status::Expired, Hold::Released) };
                assert_eq!((order.status, order.hold), expected, "round {round}: {taken} taken");
            }
        }
        assert_eq!(shop.level("mug").await, (all - charged, 0));
        assert_eq!(shop.letters() as i64, charged);
        assert_eq!(count(shop, "select count(*) from refunds").await, 0);
        assert_eq!(count(shop, "select count(*) from payments").await, charged);
    }
);

on_both_engines!(
    /// P13, S3: two instances are told opposite things of one order in the same moment: neither overwrites what the
    /// other has written, and money that is there stays.
    a_stale_writer_never_untakes_what_was_written,
    async |shop: &TestBooks| {
        shop.stock("mug", 200).await;
        let ledgers = [shop.ledger.clone(), shop.another_instance(policy())];
        for _ in 0..100 {
            let id = shop.place_open(&[("mug", 1)]).await;
            let words = [
                (SessionState::Complete, MoneyState::Paid),
                (SessionState::Closed, MoneyState::Unpaid),
                (SessionState::Complete, MoneyState::Unpaid),
                (SessionState::Complete, MoneyState::Failed),
            ];
            let start = Arc::new(tokio::sync::Barrier::new(2 * words.len()));
            let mut tasks = tokio::task::JoinSet::new();
            for ledger in &ledgers {
                for (state, money) in words {
                    let fact = shop.fact(id, state, money).await;
                    let refund_id = rules::ids::RefundId::from_u128(shop.draw());
                    let command = rules::commands::record_payment::RecordPayment { order_id: id, fact, refund_id };
                    let (ledger, start) = (ledger.clone(), start.clone());
                    tasks.spawn(async move {
                        start.wait().await;
                        ledger.record_payment(command, crate::support::books::noon()).await.expect("recorded")
                    });
                }
            }
            tasks.join_all().await;
            let view = shop.view(id).await;
            assert_eq!((view.status, view.hold, view.payments.len()), (Status::Paid, Hold::Sold, 1));
        }
        assert_eq!(shop.level("mug").await, (100, 0));
        // A word that came first may have had its own letter; the confirmation is one.
        let confirmed = "select count(*) from effects where kind = 'send_letter' and subject like '%:order_confirmed'";
        assert_eq!(shop.count_of(confirmed).await, 100);
    }
);

on_both_engines!(
    /// P13: two windows change one cart; whoever read an older one writes in vain.
    a_stale_cart_is_not_written,
    TestShop,
    async |shop: &TestShop| {
        use stockhold::storage::carts::{self, StoredCart};
        let (storage, now) = (&shop.shop.storage, shop.shop.now());
        let cart = |quantity| StoredCart { lines: vec![("mug".to_owned(), quantity)], order_id: OrderId::from_u128(1) };
        assert!(carts::insert(storage, "a cart", &cart(1), now).await.expect("the database answers"));
        let replaces = (2..12).map(|quantity| {
            let after = cart(quantity);
            async move { carts::replace(storage, "a cart", &cart(1), &after, now).await.expect("the database answers") }
        });
        let written = join_all(replaces).await.into_iter().filter(|written| *written).count();
        assert_eq!(written, 1, "of ten who read the same cart");
    }
);

on_both_engines!(
    /// M1: whoever reads an order while it changes reads one moment of it: before the cancellation or after it, never
    /// its first line from before and its goods from after.
    an_order_is_read_as_of_one_moment,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 80).await;
        for _ in 0..20 {
            let id = shop.paid(&[("mug", 2)]).await;
            let canceller = {
                let shop = shop.shop.clone();
                tokio::spawn(async move { cancel(&shop, id, "").await.map(drop) })
            };
            loop {
                let view = shop.view(id).await;
                let said = view.cancelled_at.is_some();
                assert_eq!((said, said), (view.lines[0].cancelled == 2, view.refunds.len() == 1), "{view:?}");
                if said {
                    break;
                }
            }
            canceller.await.expect("nobody panics").expect("it is cancelled");
        }
        shop.settle().await;
    }
);
