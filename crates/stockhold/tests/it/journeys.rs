//! Journeys through HTTP, the sandbox and the workers, on both engines.

use rules::orders::{Hold, Status};
use rules::time::Span;
use stockhold::outbox::sweep::sweep;
use stockhold::workers::{self, ask_again};
use stripe_sandbox::{Fault, Faults, Pay, WebhookMode};

use crate::on_both_engines;
use crate::support::process::PATIENCE;
use crate::support::shop::{TestShop, answer};

on_both_engines!(
    /// P22: from the cart to the paid order, without the buyer ever coming back.
    a_purchase_ends_in_a_paid_order_and_one_letter,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let id = shop.check_out(&[("mug", 2)]).await;
        assert_eq!(shop.level("mug").await, (3, 2));
        shop.pay(id).await;
        shop.settle().await;
        assert_eq!(shop.view(id).await.status, Status::Paid);
        assert_eq!((shop.level("mug").await, shop.letters()), ((1, 0), 1));
    }
);

on_both_engines!(
    /// S1, S16: fifty buyers, one unit, through HTTP: one page to pay on and 49 clear refusals.
    fifty_buyers_of_the_last_mug_get_one_page_and_49_refusals,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        // All fifty come from this machine: the cap of one client is not what is tried here.
        let keys: Vec<(String, String)> = (0..50).map(|n| (format!("race-{n}"), format!("racer{n}@example.org"))).collect();
        let tries = keys.iter().map(|(key, email)| shop.check_out_as(key, email, &[("mug", 1)]));
        let answers = futures_util::future::join_all(tries).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 1);
        for (status, body) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!((*status, body["code"].as_str()), (409, Some("out-of-stock")), "{body}");
            assert_eq!((body["lines"][0]["sku"].as_str(), body["lines"][0]["available"].as_i64()), (Some("mug"), Some(0)));
        }
        assert_eq!(shop.level("mug").await, (1, 1));
    }
);

on_both_engines!(
    /// P12, P22: every webhook is lost and the buyer never comes back. The shop asks Stripe, long before the sweep would,
    /// and when the hold would have been due nothing is cancelled.
    with_every_webhook_lost_the_order_still_becomes_paid,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        shop.shop.clock.advance(Span::minutes(1));
        shop.settle().await;
        assert_eq!(shop.view(id).await.status, Status::Pending, "nobody has told the shop");
        ask_again::run(&shop.shop).await.expect("Stripe answers");
        assert_eq!(shop.view(id).await.status, Status::Paid);
        shop.shop.clock.advance(Span::minutes(30));
        assert_eq!(sweep(&shop.shop).await.expect("it sweeps").due, 0);
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.letters()), (Status::Paid, 1));
    }
);

on_both_engines!(
    /// P12, P22: the same with the workers running as they do in a shop: within a minute they ask by themselves.
    running_workers_ask_stripe_when_nobody_tells_them,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        // The hourly comparison with Stripe would find the payment too; it has just been made.
        workers::reconcile_if_due(&shop.shop).await.expect("Stripe answers");
        let mut happenings = shop.shop.happenings();
        let (stop, shutdown) = tokio::sync::watch::channel(false);
        let running = workers::spawn(shop.shop.clone(), shutdown);
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        shop.shop.clock.advance(Span::minutes(1));
        shop.shop.wake_workers();
        let heard = async {
            while !happenings.recv().await.expect("the shop is open").starts_with("paid") {}
        };
        tokio::time::timeout(PATIENCE, heard).await.expect("they ask Stripe");
        stop.send(true).expect("they listen");
        running.await.expect("they end well");
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.letters()), (Status::Paid, 1));
    }
);

on_both_engines!(
    /// P20: an abandoned checkout frees its stock when its time is up, and its page takes no money any more.
    an_abandoned_checkout_frees_its_stock_after_thirty_minutes,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        // Stripe closes the page itself soon after, should nobody be there to sweep.
        let closes = shop.sandbox.sessions_of(&id.to_string())[0]["expires_at"].as_i64().expect("a moment");
        assert_eq!(closes, (shop.view(id).await.hold_due_at + Span::minutes(30 + 5)).seconds());
        shop.shop.clock.advance(Span::minutes(29));
        assert_eq!(sweep(&shop.shop).await.expect("it sweeps").due, 0);
        shop.shop.clock.advance(Span::minutes(1));
        let swept = sweep(&shop.shop).await.expect("it sweeps");
        assert_eq!((swept.due, swept.released), (1, 1));
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Expired, (1, 0)));
        shop.sandbox.pay(&session, Pay::Card("4242424242424242".to_owned())).expect_err("the page is closed");
    }
);

on_both_engines!(
    /// P16, P20: at the due second the buyer was faster: the order is paid, nothing is released.
    a_buyer_who_pays_before_the_sweep_keeps_the_goods,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        shop.shop.clock.advance(Span::minutes(31));
        let swept = sweep(&shop.shop).await.expect("it sweeps");
        assert_eq!((swept.due, swept.paid, swept.released), (1, 1, 0));
        shop.settle().await;
        assert_eq!(shop.view(id).await.hold, Hold::Sold);
    }
);

on_both_engines!(
    /// A buyer who meets only due holds gets the goods at once, not "sold out".
    due_holds_are_taken_back_on_the_spot,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let first = shop.check_out(&[("mug", 1)]).await;
        shop.shop.clock.advance(Span::minutes(30));
        let second = shop.check_out(&[("mug", 1)]).await;
        assert_eq!((shop.view(first).await.status, shop.view(second).await.status), (Status::Expired, Status::Pending));
        assert_eq!(shop.level("mug").await, (1, 1));
    }
);

on_both_engines!(
    /// S8, P14: a buyer who comes back gets the last unit again, and the first page takes no money.
    a_buyers_own_older_order_never_blocks_them,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let (_, first) = shop.check_out_as("first", "ada@example.org", &[("mug", 1)]).await;
        let (status, second) = shop.check_out_as("second", "Ada+again@Example.org", &[("mug", 1)]).await;
        assert_eq!(status, 201, "{second}");
        let first = first["order"]["id"].as_str().expect("an id").parse().expect("an id");
        let session = shop.session_of(first).await;
        assert_eq!(shop.view(first).await.status, Status::Expired);
        shop.sandbox.pay(&session, Pay::Card("4242424242424242".to_owned())).expect_err("the page is closed");
        assert_eq!(shop.level("mug").await, (1, 1));
    }
);

on_both_engines!(
    /// P8, P15: Stripe opened the session, its reply was lost; the repeat finds the same session.
    a_lost_reply_opens_no_second_session,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        shop.sandbox.set_faults(Faults::default().with(Fault::ReplyLostAfterSuccess));
        let id = shop.check_out(&[("mug", 1)]).await;
        assert_eq!(shop.sandbox.sessions_of(&id.to_string()).len(), 1);
    }
);

on_both_engines!(
    /// P8: the same request again is the same order and the same page.
    the_same_request_again_meets_its_first_answer,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let mut pages = Vec::new();
        for _ in 0..5 {
            let (status, body) = shop.check_out_as("same", "ada@example.org", &[("mug", 1)]).await;
            assert_eq!(status, 201, "{body}");
            pages.push((body["order"]["id"].clone(), body["checkout_url"].clone(), body["order"]["token"].clone()));
        }
        pages.dedup();
        assert_eq!((pages.len(), shop.level("mug").await), (1, (5, 1)));
        let (status, body) = shop.check_out_as("same", "ada@example.org", &[("mug", 2)]).await;
        assert_eq!((status, body["code"].as_str()), (422, Some("idempotency-key-reused")));
    }
);

on_both_engines!(
    /// P11, P25: a webhook told twenty times counts once; a foreign one is kept and answered 200; a forged one is 400.
    webhooks_are_taken_in_once_and_only_when_signed,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        let event = shop.sandbox.events().into_iter().find(|e| e["type"] == "checkout.session.completed");
        let foreign = serde_json::json!({ "id": "evt_foreign", "object": "event", "type": "checkout.session.completed",
            "livemode": false, "data": { "object": { "id": "cs_test_foreign", "client_reference_id": "somebody-else" } } });
        let told = [event.expect("it happened").to_string(), foreign.to_string()];
        let post = |body: String, signature: String| {
            let request = shop.http.post(format!("{}/api/webhooks/stripe", shop.base_url));
            request.header("Stripe-Signature", signature).body(body).send()
        };
        let sign = |body: &str| {
            stockhold::stripe::signature::sign("whsec_of_the_tests", body.as_bytes(), shop.shop.now())
        };
        let posts = (0..20).map(|n| post(told[n % 2].clone(), sign(&told[n % 2])));
        for posted in futures_util::future::join_all(posts).await {
            assert_eq!(posted.expect("the shop answers").status().as_u16(), 200);
        }
        let forged = answer(post(told[0].clone(), sign("something else")).await.expect("the shop answers")).await;
        assert_eq!((forged.0, forged.1["code"].as_str()), (400, Some("bad-signature")));
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.letters()), (Status::Paid, 1));
        let states = stockhold::storage::inbox::page(&shop.shop.storage, None, None, 100).await.expect("the database answers");
        let foreign = states.iter().find(|event| event.id == "evt_foreign").expect("it was stored");
        assert_eq!(foreign.state, "not_ours");
    }
);

on_both_engines!(
    /// P23, C5: a declined card leaves the page open; the next try pays.
    a_declined_card_can_be_tried_again,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        shop.sandbox.pay(&session, Pay::Card("4000000000000002".to_owned())).expect_err("it is declined");
        shop.settle().await;
        assert_eq!(shop.view(id).await.status, Status::Pending);
        shop.pay(id).await;
        shop.settle().await;
        assert_eq!(shop.view(id).await.status, Status::Paid);
    }
);

on_both_engines!(
    /// P23: a delayed method waits with its hold, then fails and gives it back.
    a_failed_bank_debit_gives_the_stock_back,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        shop.sandbox.pay(&session, Pay::DelayedFails).expect("the buyer finishes");
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Processing, (1, 1)));
        shop.shop.clock.advance(Span::minutes(120));
        assert_eq!(sweep(&shop.shop).await.expect("it sweeps").due, 0);
        shop.sandbox.pay(&session, Pay::SettleDelayed).expect("time passes at the bank");
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Expired, (1, 0)));
    }
);
