//! The desk's payments over HTTP: each thing that waits and each difference with Stripe's books has its one action, which
//! settles it once, however many press it.

use rules::ids::OrderId;
use rules::money::Money;
use rules::orders::{Hold, Status};
use rules::reconciliation::{Finding, Kind, Repair, Said};
use rules::refunds::{RefundKind, RefundState};
use rules::time::{Span, Timestamp};
use serde_json::json;
use stockhold::shop::Shop;
use stockhold::staff::Role;
use stockhold::storage::reconciliation as runs;
use stockhold::storage::{RowExt, inbox, waiting};
use stockhold::values;
use stockhold::workers::{self, reconcile};
use stripe_sandbox::{Fault, Faults, NewDispute, Pay, Verdict, WebhookMode};

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;

const RECONCILIATION: &str = "/admin/payments/reconciliation";
const PRICE_MINOR: i64 = crate::support::books::PRICE_MINOR;

/// The one form that stands with a thing of this kind, and what pressing its button sends.
fn form(page: &Page, kind: &str) -> (String, Vec<(String, String)>) {
    let mark = format!("data-kind=\"{kind}\"");
    let mut found = page.text.split(&mark).skip(1);
    let item = found.next().unwrap_or_else(|| panic!("no {kind} in {}", page.text));
    assert!(found.next().is_none(), "{kind} stands twice");
    let item = item.split("</li>").next().unwrap_or_default();
    assert_eq!(item.matches("<form").count(), 1, "one action: {item}");
    let value = |text: &str, name: &str| {
        let rest = text.split(&format!("{name}=\"")).nth(1).unwrap_or_else(|| panic!("no {name} in {text}"));
        rest.split('"').next().unwrap_or_default().to_owned()
    };
    let fields = item.split("<input").skip(1).map(|input| {
        let name = value(input, "name");
        if input.contains("type=\"hidden\"") {
            (name, value(input, "value"))
        } else {
            (name, "looked at it".to_owned())
        }
    });
    (value(item, "action"), fields.collect())
}

async fn press(browser: &Browser<'_>, (path, fields): &(String, Vec<(String, String)>)) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

/// Two people press the same at the same moment.
async fn press_twice(shop: &TestShop, form: &(String, Vec<(String, String)>)) {
    let (ada, bo) = (shop.sign_in(Role::Owner).await, shop.sign_in(Role::Manager).await);
    let (first, second) = tokio::join!(press(&ada, form), press(&bo, form));
    for page in [first, second] {
        assert_eq!(page.status, 303, "{form:?}: {}", page.text);
    }
}

/// A page as the owner sees it; signed in anew, however much time has passed.
async fn look(shop: &TestShop, path: &str) -> Page {
    let page = shop.sign_in(Role::Owner).await.get(path).await;
    assert_eq!(page.status, 200, "{path}: {} {}", page.location, page.text);
    page
}

async fn compare(shop: &Shop) {
    reconcile::run(shop, Some(Timestamp::from_micros(0)), false, |_| {}).await.expect("Stripe answers");
}

async fn execute(shop: &TestShop, statements: &[&'static str], id: &str) {
    let each = statements.iter().map(|sql| (*sql, values![id])).collect();
    shop.shop.storage.write_many(each).await.expect("the database answers");
}

async fn open(shop: &TestShop) -> Vec<(Kind, i64)> {
    let open = runs::open(&shop.shop.storage, 100).await.expect("the database answers");
    open.into_iter().map(|finding| (finding.kind, finding.gap.minor)).collect()
}

async fn waits(shop: &TestShop) -> Vec<String> {
    let waiting = waiting::list(&shop.shop.storage, 100).await.expect("the database answers");
    waiting.into_iter().map(|waiting| waiting.kind).collect()
}

async fn intent_of(shop: &TestShop, id: OrderId) -> String {
    shop.view(id).await.payments[0].intent_id.clone()
}

async fn charge_of(shop: &TestShop, id: OrderId) -> String {
    let intent = intent_of(shop, id).await;
    let snapshot = shop.sandbox.snapshot();
    let charges = snapshot["charges"].as_array().expect("charges");
    let own = charges.iter().find(|charge| charge["payment_intent"] == intent.as_str()).expect("it was charged");
    own["id"].as_str().expect("an id").to_owned()
}

/// The page of the differences says the first in English, and the others, and no English sentence, in Chinese.
async fn says(shop: &TestShop, [english, chinese, also]: [&str; 3]) {
    let page = look(shop, RECONCILIATION).await.text;
    assert!(page.contains(english), "{english} in {page}");
    let page = look(shop, &format!("/zh{RECONCILIATION}")).await.text;
    assert!(page.contains(chinese) && page.contains(also) && !page.contains("our books"), "{chinese} in {page}");
}

/// Opens a page for an order beside its own; what it asks for may be another amount.
async fn another_page(shop: &TestShop, id: OrderId, minor: i64) -> String {
    let sql = "select parameters from effects where id = $1";
    let rows = shop.shop.storage.read(sql, values![format!("open_checkout:{id}")]).await.expect("the database answers");
    let form = rows[0].text(0).replace(&format!("={PRICE_MINOR}"), &format!("={minor}"));
    let stripe = format!("{}/v1/checkout/sessions", shop.shop.config.stripe_api_base);
    let request = shop.http.post(stripe).bearer_auth("sk_test_sandbox");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let answer = crate::support::shop::answer(request.send().await.expect("Stripe answers")).await;
    answer.1["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

async fn pay_page(shop: &TestShop, session: &str) {
    shop.sandbox.pay(session, Pay::Card("4242424242424242".to_owned())).expect("the card is good");
}

/// Finds what differs now, sees it alone on the page, presses its action twice at once, and sees nothing left.
async fn settle(shop: &TestShop, kind: Kind, gap: i64) {
    compare(&shop.shop).await;
    assert_eq!(open(shop).await, [(kind, gap)]);
    let browser = shop.sign_in(Role::Owner).await;
    let page = browser.get(RECONCILIATION).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text.matches("data-kind=").count(), 1, "{}", page.text);
    press_twice(shop, &form(&page, kind.as_str())).await;
    assert_eq!(open(shop).await, [], "{kind:?} is settled");
    let page = browser.get(RECONCILIATION).await;
    assert!(page.text.contains("<dd id=\"unexplained\">$0.00</dd>"), "{}", page.text);
    shop.settle().await;
    shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
}

on_both_engines!(
    /// M4: each difference that Stripe's word mends is mended by one press, and two people who press at once do it once.
    a_difference_is_settled_by_one_press,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 20).await;
        let paid = async || {
            let id = shop.check_out(&[("mug", 1)]).await;
            shop.pay(id).await;
            stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
            id
        };

        let id = paid().await;
        shop.sandbox.dashboard_refund(&intent_of(shop, id).await, Some(400)).expect("it is refunded");
        settle(shop, Kind::RefundUnknown, 400).await;
        assert_eq!(shop.view(id).await.going_back(), 400);
        execute(shop, &["update refunds set state = 'pending' where order_id = $1"], &id.to_string()).await;
        settle(shop, Kind::RefundState, 0).await;

        let id = paid().await;
        execute(shop, &["delete from payments where order_id = $1"], &id.to_string()).await;
        settle(shop, Kind::PaymentUnknown, PRICE_MINOR).await;
        assert_eq!((shop.view(id).await.payments.len(), shop.view(id).await.refunds.len()), (1, 0));

        let id = paid().await;
        execute(shop, &["update orders set session_state = 'open' where id = $1"], &id.to_string()).await;
        settle(shop, Kind::SessionState, 0).await;

        let id = shop.check_out(&[("mug", 1)]).await;
        let beside = another_page(shop, id, PRICE_MINOR).await;
        settle(shop, Kind::SessionUnknown, 0).await;
        assert_eq!(shop.sandbox.session(&beside).expect("it is there")["status"], "expired");

        // The order's own page asks for less than the order: it is closed, and its goods are free.
        let raise = "update orders set subtotal_minor = subtotal_minor + 100, total_minor = total_minor + 100 where id = $1";
        let lower = "update orders set subtotal_minor = subtotal_minor - 100, total_minor = total_minor - 100 where id = $1";
        let held = shop.level("mug").await.1;
        execute(shop, &[raise], &id.to_string()).await;
        settle(shop, Kind::SessionAmount, 0).await;
        assert_eq!(shop.level("mug").await.1, held - 1);
        execute(shop, &[lower], &id.to_string()).await;

        let id = paid().await;
        shop.sandbox.dispute(&charge_of(shop, id).await, &NewDispute::because("fraudulent")).expect("a dispute");
        settle(shop, Kind::DisputeUnknown, PRICE_MINOR).await;
        let forget = [
            "update payments set disputed_minor = 0 where order_id = $1",
            "update disputes set withdrawn_minor = 0 where order_id = $1",
        ];
        execute(shop, &forget, &id.to_string()).await;
        settle(shop, Kind::DisputeState, PRICE_MINOR).await;
        assert_eq!(waits(shop).await, ["refund_unassigned", "dispute"]);
    }
);

on_both_engines!(
    /// M4: what no word of Stripe's mends is explained by whoever looked, for its amount alone.
    a_difference_that_nobody_can_mend_is_explained,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 20).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        let (order, intent) = (id.to_string(), intent_of(shop, id).await);

        execute(shop, &["update payments set amount_minor = amount_minor + 700 where order_id = $1"], &order).await;
        settle(shop, Kind::PaymentAmount, 700).await;
        // The next comparison finds it again, and it is explained; another amount is not.
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, []);
        execute(shop, &["update payments set amount_minor = amount_minor + 1 where order_id = $1"], &order).await;
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, [(Kind::PaymentAmount, 701)]);
        says(shop, ["Stripe took $32.00, our books say $39.01.", "Stripe 收取了", "，我们的账目记为"]).await;
        // Somebody mends the row; looking again is enough.
        execute(shop, &["update payments set amount_minor = amount_minor - 701 where order_id = $1"], &order).await;
        let browser = shop.sign_in(Role::Owner).await;
        let pressed = form(&browser.get(RECONCILIATION).await, "payment_amount");
        assert_eq!(press(&browser, &pressed).await.status, 303);
        assert_eq!(open(shop).await, []);

        shop.sandbox.lose(&intent);
        settle(shop, Kind::PaymentMissing, PRICE_MINOR).await;
        shop.sandbox.find_again(&intent);

        let answer = shop
            .staff("POST", &format!("/api/admin/orders/{id}/refunds"), "some", json!({ "amount": { "amount": 500, "currency": "USD" } }))
            .await;
        assert_eq!(answer.0, 201, "{answer:?}");
        execute(shop, &["update refunds set amount_minor = amount_minor + 7 where order_id = $1"], &order).await;
        settle(shop, Kind::RefundAmount, 7).await;
        execute(shop, &["update refunds set amount_minor = amount_minor - 7 where order_id = $1"], &order).await;
        execute(shop, &["update refunds set state = 'failed' where order_id = $1"], &order).await;
        compare(&shop.shop).await;
        says(shop, ["Stripe says: Refunded. Our books say: Failed.", "Stripe：已退款；我们的账目：失败。", "一笔退款的状态"]).await;
        settle(shop, Kind::RefundState, 500).await;
        execute(shop, &["update refunds set state = 'succeeded' where order_id = $1"], &order).await;
        let refund = shop.view(id).await.refunds[0].stripe_id.clone().expect("it is at Stripe");
        shop.sandbox.lose(&refund);
        settle(shop, Kind::RefundMissing, 500).await;
        shop.sandbox.find_again(&refund);
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, [], "all is well again");
    }
);

on_both_engines!(
    /// A difference of the balance is looked at in the balance: equal, it is settled; otherwise somebody explains it.
    a_movement_of_the_balance_is_looked_at_again,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.paid(&[("mug", 1)]).await;
        compare(&shop.shop).await;
        let run = runs::latest(&shop.shop.storage).await.expect("it answers").expect("a run");
        let movements = shop.shop.stripe.balance_transactions(0, None).await;
        let stockhold::stripe::Call::Done(movements) = movements else { panic!("Stripe answers") };
        let moved = movements.data.iter().find(|moved| moved.is_charge()).expect("it was charged");
        let gap = rules::money::Money::new(100, shop.view(id).await.currency);
        let (kind, subject, told, ours) = (Kind::BalanceAmount, moved.id.clone(), Said::Amount(gap), Said::Nothing);
        let finding = Finding { kind, subject, order: Some(id), gap, told, ours, repair: Repair::ByHand };
        runs::find_difference(&shop.shop.storage, &run.id, &finding, false).await.expect("it is kept");
        let browser = shop.sign_in(Role::Owner).await;
        let page = browser.get(RECONCILIATION).await;
        let pressed = form(&page, "balance_amount");
        let more = ["update payments set amount_minor = amount_minor + 1 where order_id = $1"];
        execute(shop, &more, &id.to_string()).await;
        let changed = press(&browser, &pressed).await;
        assert_eq!((changed.status, open(shop).await), (409, vec![(Kind::BalanceAmount, 1)]), "nobody has seen this one");
        assert!(changed.text.contains("has changed since"), "{}", changed.text);
        let pressed = form(&changed, "balance_amount");
        assert_eq!(press(&browser, &pressed).await.status, 303);
        assert_eq!(open(shop).await, [], "it is explained");
        let less = ["update payments set amount_minor = amount_minor - 1 where order_id = $1"];
        execute(shop, &less, &id.to_string()).await;
        assert_eq!(press(&browser, &pressed).await.status, 303, "it is equal");
        assert_eq!(open(shop).await, []);
    }
);

on_both_engines!(
    /// A difference that one run found stays until it is settled, although the next run reaches less far back.
    an_open_difference_is_not_forgotten_by_the_next_run,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let order = id.to_string();
        execute(shop, &["update payments set amount_minor = amount_minor + 5 where order_id = $1"], &order).await;
        reconcile::run(&shop.shop, None, true, |_| {}).await.expect("Stripe answers");
        shop.shop.clock.advance(Span::minutes(24 * 60));
        for _ in 0..2 {
            reconcile::run(&shop.shop, None, true, |_| {}).await.expect("Stripe answers");
        }
        assert_eq!(open(shop).await, [(Kind::PaymentAmount, 5)]);
        execute(shop, &["update payments set amount_minor = amount_minor - 5 where order_id = $1"], &order).await;
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, [], "a comparison that reached as far found it equal");
    }
);

on_both_engines!(
    /// M4: Stripe was asked and answered, and the books say something else still: a difference is not settled by having been
    /// pressed.
    a_difference_that_stays_is_not_called_settled,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let order = id.to_string();
        // A page that our books call closed does not open again by Stripe's word: facts never run backwards.
        execute(shop, &["update orders set session_state = 'closed' where id = $1"], &order).await;
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, [(Kind::SessionState, 0)]);
        let browser = shop.sign_in(Role::Owner).await;
        let pressed = form(&browser.get(RECONCILIATION).await, "session_state");
        let page = press(&browser, &pressed).await;
        assert_eq!((page.status, open(shop).await), (409, vec![(Kind::SessionState, 0)]), "{}", page.location);
        execute(shop, &["update orders set session_state = 'open' where id = $1"], &order).await;
        assert_eq!(press(&browser, &pressed).await.status, 303);
        assert_eq!(open(shop).await, []);
    }
);

on_both_engines!(
    /// M4: what differs is counted once, by the newest word of it: of two runs, and of two words within one.
    a_newer_word_stands_instead_of_an_older_one,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let order = id.to_string();
        execute(shop, &["update payments set amount_minor = amount_minor + 500 where order_id = $1"], &order).await;
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, [(Kind::PaymentAmount, 500)]);
        // The next run reaches less far back, so it does not end what the one before it found.
        execute(shop, &["update payments set amount_minor = amount_minor + 300 where order_id = $1"], &order).await;
        let lately = Some(shop.shop.now() - Span::minutes(1));
        reconcile::run(&shop.shop, lately, false, |_| {}).await.expect("Stripe answers");
        assert_eq!(open(shop).await, [(Kind::PaymentAmount, 800)]);
        let page = look(shop, RECONCILIATION).await.text;
        assert!(page.contains("<dd id=\"unexplained\">$8.00</dd>"), "{page}");

        let storage = &shop.shop.storage;
        let run = runs::latest(storage).await.expect("it answers").expect("a run");
        let gap = rules::money::Money::new(700, shop.view(id).await.currency);
        let (kind, subject, told, ours) =
            (Kind::PaymentAmount, intent_of(shop, id).await, Said::Amount(gap), Said::Nothing);
        let finding = Finding { kind, subject: subject.clone(), order: Some(id), gap, told, ours, repair: Repair::ByHand };
        runs::find_difference(storage, &run.id, &finding, false).await.expect("it is kept");
        assert_eq!(open(shop).await, [(Kind::PaymentAmount, 700)]);
        let newest = runs::find(storage, kind, &subject).await.expect("it answers").expect("it was found");
        assert_eq!(newest.gap, gap);

        execute(shop, &["update payments set amount_minor = amount_minor - 800 where order_id = $1"], &order).await;
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, []);
    }
);

on_both_engines!(
    /// Whoever presses learns which of the things that can be wrong it is, and nothing is changed.
    stripe_that_cannot_be_asked_is_named,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 2).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        shop.sandbox.dashboard_refund(&intent_of(shop, id).await, Some(400)).expect("it is refunded");
        compare(&shop.shop).await;
        let browser = shop.sign_in(Role::Owner).await;
        let pressed = form(&browser.get(RECONCILIATION).await, "refund_unknown");
        for (fault, words) in [(Fault::Forbidden, "may not do this"), (Fault::Unreachable, "did not answer")] {
            shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost).with(fault.standing()));
            let page = press(&browser, &pressed).await;
            assert_eq!(page.status, 503);
            assert!(page.text.contains(words), "{}", page.text);
            assert_eq!(open(shop).await, [(Kind::RefundUnknown, 400)]);
            // A comparison stops, keeps why, and goes on when Stripe is there again.
            assert!(reconcile::run(&shop.shop, None, true, |_| {}).await.is_err());
            let page = browser.get(RECONCILIATION).await;
            assert!(page.text.contains(words), "{}", page.text);
        }
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        assert_eq!(press(&browser, &pressed).await.status, 303);
        assert_eq!(open(shop).await, []);
    }
);

on_both_engines!(
    /// A comparison that somebody asks for is one, however often they ask, and the workers make it.
    a_comparison_is_started_by_hand,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 2).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        workers::reconcile_if_due(&shop.shop).await.expect("Stripe answers");
        assert_eq!(shop.view(id).await.payments.len(), 1);
        shop.sandbox.dashboard_refund(&intent_of(shop, id).await, Some(400)).expect("it is refunded");
        workers::reconcile_if_due(&shop.shop).await.expect("it is not due");
        assert_eq!(shop.view(id).await.refunds.len(), 0, "the last one is young");
        let browser = shop.sign_in(Role::Manager).await;
        let start = ("/admin/payments/reconciliation/start".to_owned(), vec![("since".to_owned(), "all".to_owned())]);
        press_twice(shop, &start).await;
        let page = browser.get(RECONCILIATION).await;
        assert!(page.text.contains("Under way"), "{}", page.text);
        workers::reconcile_if_due(&shop.shop).await.expect("Stripe answers");
        assert_eq!(shop.view(id).await.refunds.len(), 1);
        let sql = "select cast(count(*) as bigint) from reconciliations";
        assert_eq!(shop.shop.storage.read(sql, values![]).await.expect("it answers")[0].int(0), 2);
        assert!(browser.get(RECONCILIATION).await.text.contains("Finished"));
        shop.settle().await;
    }
);

on_both_engines!(
    /// R1, R5, M3: what waits has one action; pressed by two people at once, the money goes back once.
    what_waits_is_settled_by_its_action,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        // A refund that failed is sent again, once, from the same payment.
        let id = shop.check_out(&[("mug", 2)]).await;
        shop.sandbox
            .pay(&shop.session_of(id).await, Pay::Card("4000000000005126".to_owned()))
            .expect("the card is good");
        shop.settle().await;
        let body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
        assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "one", body).await.0, 201);
        shop.shop.clock.advance(Span::minutes(5));
        shop.sandbox.let_time_pass();
        shop.settle().await;
        assert_eq!(waits(shop).await, ["refund_owed"]);
        // Why it failed is told in words, wherever it is told.
        for path in [format!("/admin/orders/{id}"), "/admin/payments/refunds".to_owned()] {
            let (english, chinese) = (look(shop, &path).await.text, look(shop, &format!("/zh{path}")).await.text);
            assert!(english.contains("the card has expired") && !english.contains("expired_or"), "{english}");
            assert!(chinese.contains("银行卡已过期或已注销") && !chinese.contains("expired_or"), "{chinese}");
        }
        let level = shop.level("mug").await;
        let owed = form(&look(shop, "/admin/payments").await, "refund_owed");
        press_twice(shop, &owed).await;
        assert_eq!((shop.view(id).await.going_back(), waits(shop).await.len()), (PRICE_MINOR, 0));
        // It fails once more: now the second one is owed, and it alone.
        shop.shop.clock.advance(Span::minutes(5));
        shop.sandbox.let_time_pass();
        shop.settle().await;
        assert_eq!((waits(shop).await, shop.view(id).await.refunds.len()), (vec!["refund_owed".to_owned()], 2));
        assert_eq!(shop.level("mug").await, level, "no unit comes back twice");
        let late = press(&shop.sign_in(Role::Owner).await, &owed).await;
        assert_eq!(late.status, 409, "what was asked for has failed, and is not called sent: {}", late.location);

        // A refund made at Stripe is assigned to its goods.
        let id = shop.paid(&[("mug", 2)]).await;
        shop.sandbox.dashboard_refund(&intent_of(shop, id).await, Some(PRICE_MINOR)).expect("it is refunded");
        shop.settle().await;
        let refund = shop.view(id).await.refunds[0].id;
        let path = format!("/admin/payments/refunds/{id}/{refund}");
        assert!(look(shop, "/admin/payments").await.text.contains(&path));
        assert_eq!(look(shop, &path).await.status, 200);
        let typed = [("units-1", "3"), ("restock", "1")];
        let refused = shop.sign_in(Role::Owner).await.post(&path, &typed).await;
        assert_eq!(refused.status, 409, "there are two");
        assert!(refused.text.contains("value=\"3\"") && refused.text.contains("value=\"1\" checked"), "{}", refused.text);
        let before = shop.level("mug").await.0;
        let assign = (path, vec![("units-1".to_owned(), "1".to_owned()), ("restock".to_owned(), "1".to_owned())]);
        press_twice(shop, &assign).await;
        assert_eq!((shop.level("mug").await.0, waits(shop).await), (before + 1, vec!["refund_owed".to_owned()]));

        // A payment of a wrong amount goes back; the order's own is not touched.
        let id = shop.check_out(&[("mug", 1)]).await;
        let beside = another_page(shop, id, PRICE_MINOR + 100).await;
        pay_page(shop, &beside).await;
        shop.settle().await;
        assert_eq!(waits(shop).await, ["refund_owed", "payment_differs"]);
        // What is to be known of it is told in the page's language, with amounts as people write them; machines read it as before.
        let (english, chinese) = (look(shop, "/admin/payments").await.text, look(shop, "/zh/admin/payments").await.text);
        for (page, asked, failed) in [
            (english, "<dd>The order asks for $32.00.</dd>", "<dd>the card has expired or was cancelled</dd>"),
            (chinese, "<dd>订单应付 US$32.00。</dd>", "<dd>银行卡已过期或已注销</dd>"),
        ] {
            assert!(page.contains(asked) && page.contains(failed) && !page.contains("order asks for 3200"), "{page}");
        }
        let (_, told) = shop.staff("GET", "/api/admin/reconciliation", "told", json!({})).await;
        assert!(told.to_string().contains("the order asks for 3200 USD"), "{told}");
        press_twice(shop, &form(&look(shop, "/admin/payments").await, "payment_differs")).await;
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.refunds.len(), view.going_back()), (1, PRICE_MINOR + 100));
        assert_eq!(view.refunds[0].state, RefundState::Succeeded);
        assert_eq!(waits(shop).await, ["refund_owed"]);

        // A page that Stripe does not know keeps its goods until somebody has looked.
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.sandbox.lose(&shop.session_of(id).await);
        shop.shop.clock.advance(Span::minutes(90));
        shop.settle().await;
        assert_eq!(waits(shop).await, ["refund_owed", "session_unreachable"]);
        let held = shop.level("mug").await.1;
        press_twice(shop, &form(&look(shop, "/admin/payments").await, "session_unreachable")).await;
        assert_eq!((shop.level("mug").await.1, waits(shop).await), (held - 1, vec!["refund_owed".to_owned()]));

        // A letter that was refused is tried again.
        execute(shop, &["update effects set state = 'refused' where id = (select max(id) from effects
            where kind = 'send_letter' and state = 'done' and subject like '%:order_confirmed' and $1 = $1)"], "")
        .await;
        let letters = shop.letters();
        press_twice(shop, &form(&look(shop, "/admin/payments").await, "effect_refused")).await;
        shop.settle().await;
        // It has the name of the one before, so the mailbox keeps one.
        assert_eq!((waits(shop).await, shop.letters()), (vec!["refund_owed".to_owned()], letters));
    }
);

on_both_engines!(
    /// R1, M3: of two failed refunds of one payment each is shown, on the list and on the order's page, and is sent again, once.
    of_two_failed_refunds_each_is_sent_again,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 4).await;
        let id = shop.check_out(&[("mug", 4)]).await;
        let card = Pay::Card("4000000000005126".to_owned());
        shop.sandbox.pay(&shop.session_of(id).await, card).expect("the card is good");
        shop.settle().await;
        for key in ["one", "two"] {
            let body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
            assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), key, body).await.0, 201);
        }
        let fail = async || {
            shop.shop.clock.advance(Span::minutes(5));
            shop.sandbox.let_time_pass();
            shop.settle().await;
        };
        let owed = async || -> Vec<String> {
            let waiting = waiting::list(&shop.shop.storage, 100).await.expect("the database answers");
            let told = look(shop, &format!("/admin/orders/{id}")).await.text.matches("did not reach the customer").count();
            let listed = look(shop, "/admin/payments/refunds").await.text.matches("Refund $32.00 again").count();
            assert_eq!((told, listed), (waiting.len(), waiting.len()), "{waiting:?}");
            waiting.into_iter().map(|waiting| waiting.subject).collect()
        };
        let again = async |refund: &str| {
            let fields = vec![("order".to_owned(), id.to_string()), ("refund".to_owned(), refund.to_owned())];
            press_twice(shop, &("/admin/payments/refund-again".to_owned(), fields)).await;
        };
        fail().await;
        let first = owed().await;
        assert_eq!(first.len(), 2);
        again(&first[0]).await;
        assert_eq!(owed().await, first[1..], "the other one is owed still");
        again(&first[1]).await;
        again(&first[0]).await;
        assert_eq!((owed().await.len(), shop.view(id).await.going_back()), (0, 2 * PRICE_MINOR));
        // Both fail once more; one of them is made up for by an amount that somebody gives back by hand.
        fail().await;
        let second = owed().await;
        assert_eq!((second.len(), shop.view(id).await.going_back()), (2, 0));
        let amount = json!({ "amount": { "amount": PRICE_MINOR, "currency": "USD" } });
        assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "three", amount).await.0, 201);
        let left = owed().await;
        let made_up = second.iter().find(|refund| !left.contains(refund)).expect("one is made up for");
        again(&left[0]).await;
        assert_eq!((owed().await.len(), shop.view(id).await.going_back()), (0, 2 * PRICE_MINOR));
        // The amount fails as well. A page that was left open offers the one it was sent instead of: what is sent is what
        // is owed in its place.
        fail().await;
        let third = owed().await;
        assert_eq!(third.len(), 2);
        again(made_up).await;
        let left = owed().await;
        assert!(left.len() == 1 && third.contains(&left[0]), "{third:?} {left:?}");
    }
);

on_both_engines!(
    /// R1, M4: what a bank has taken of a payment is not owed to the buyer any more, on whichever page.
    a_failed_refund_is_not_owed_of_money_that_the_bank_took,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let card = Pay::Card("4000000000005126".to_owned());
        shop.sandbox.pay(&shop.session_of(id).await, card).expect("the card is good");
        shop.settle().await;
        let refund = json!({ "amount": { "amount": PRICE_MINOR, "currency": "USD" } });
        assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "one", refund).await.0, 201);
        shop.shop.clock.advance(Span::minutes(5));
        shop.sandbox.let_time_pass();
        shop.settle().await;
        let owed = async || {
            let order = look(shop, &format!("/admin/orders/{id}")).await.text.contains("did not reach the customer");
            let listed = look(shop, "/admin/orders?tab=all").await.text.contains("Refund failed");
            (order, listed, waits(shop).await.contains(&"refund_owed".to_owned()))
        };
        assert_eq!(owed().await, (true, true, true));
        let dispute = shop.sandbox.dispute(&charge_of(shop, id).await, &NewDispute::because("fraudulent"));
        let dispute = dispute.expect("a dispute")["id"].as_str().expect("an id").to_owned();
        shop.sandbox.withdraw_funds(&dispute).ok();
        shop.sandbox.decide_dispute(&dispute, Verdict::Lost).expect("the bank decides");
        shop.settle().await;
        assert_eq!(owed().await, (false, false, false));
    }
);

on_both_engines!(
    /// R1, M3: the buyer's card is gone, so the shopkeeper pays by bank transfer and says so: nothing waits any more, nothing is
    /// sent, Stripe's books are not expected to show it, and the buyer reads how the money came.
    what_was_paid_back_another_way_waits_no_more,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let id = shop.check_out(&[("mug", 2)]).await;
        let card = Pay::Card("4000000000005126".to_owned());
        shop.sandbox.pay(&shop.session_of(id).await, card).expect("the card is good");
        shop.settle().await;
        let fails = async |key: &str| {
            let body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
            assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), key, body).await.0, 201);
            shop.shop.clock.advance(Span::minutes(5));
            shop.sandbox.let_time_pass();
            shop.settle().await;
            let waiting = waiting::list(&shop.shop.storage, 100).await.expect("the database answers");
            assert_eq!(waiting.len(), 1, "{waiting:?}");
            waiting[0].subject.clone()
        };
        let at_stripe = || shop.sandbox.snapshot()["refunds"].as_array().expect("refunds").len();

        // At the desk.
        let failed = fails("one").await;
        let (level, letters) = (shop.level("mug").await, shop.letters());
        let path = format!("/admin/payments/refunds/{id}/{failed}/elsewhere");
        for place in ["/admin/payments", "/admin/payments/refunds"] {
            assert!(look(shop, place).await.text.contains(&format!("href=\"{path}\"")), "{place}");
        }
        let (page, late) = (look(shop, &path).await, look(shop, &path).await);
        let filled = |page: &Page, note: &str| {
            let fields = [("paid", page.hidden("paid")), ("seen", page.hidden("seen")), ("note", note.to_owned())];
            (path.clone(), fields.map(|(name, value)| (name.to_owned(), value)).to_vec())
        };
        let owner = shop.sign_in(Role::Owner).await;
        let nothing_said = press(&owner, &filled(&page, " ")).await;
        assert!(nothing_said.status == 422 && nothing_said.text.contains("Write how"), "{}", nothing_said.text);
        press_twice(shop, &filled(&page, "Bank transfer & thanks")).await;
        let view = shop.view(id).await;
        let noted = view.refunds.iter().find(|refund| refund.kind == RefundKind::Elsewhere).expect("it is noted");
        assert_eq!((view.refunds.len(), noted.state, &noted.stripe_id), (2, RefundState::Succeeded, &None));
        assert_eq!((noted.amount.minor, noted.reason.as_str()), (PRICE_MINOR, "Bank transfer & thanks"));
        assert_eq!((waits(shop).await, at_stripe(), shop.level("mug").await), (vec![], 1, level));
        let refused = press(&owner, &filled(&late, "In cash")).await;
        assert_eq!((refused.status, shop.view(id).await.refunds.len()), (409, 2), "it is paid back already");
        let again = vec![("order".to_owned(), id.to_string()), ("refund".to_owned(), failed)];
        let again = press(&owner, &("/admin/payments/refund-again".to_owned(), again)).await;
        assert_eq!((again.status, at_stripe()), (409, 1), "and nobody sends it");
        shop.settle().await;
        assert_eq!(shop.letters(), letters, "{:?}", shop.subjects());
        let page = look(shop, &format!("/admin/orders/{id}")).await.text;
        assert!(page.contains("$32.00 were paid back another way") && page.contains("Partly refunded"), "{page}");
        let sql = "select outcome, detail from audit_log where action = 'refund.elsewhere' order by id";
        let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
        let noted: Vec<_> = rows.iter().map(|row| (row.text(0), row.text(1).contains("$32.00"))).collect();
        assert_eq!(noted.iter().filter(|line| **line == ("done", true)).count(), 2, "{noted:?}");
        assert!(rows.iter().all(|row| !row.text(1).contains("transfer")), "what was written may name somebody");
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, [], "Stripe has that money still, and is not asked where it went");

        // Over the API; with it all is back.
        let failed = fails("two").await;
        let path = format!("/api/admin/orders/{id}/refunds/{failed}/elsewhere");
        let body = |minor: i64| json!({ "amount": { "amount": minor, "currency": "USD" }, "note": "In cash" });
        let (status, told) = shop.staff("POST", &path, "a", body(PRICE_MINOR - 1)).await;
        assert_eq!((status, told["code"].as_str()), (409, Some("changed-meanwhile")), "{told}");
        for wrong in [json!({ "amount": { "amount": PRICE_MINOR, "currency": "USD" }, "note": "" }), {
            json!({ "amount": { "amount": PRICE_MINOR, "currency": "EUR" }, "note": "In cash" })
        }] {
            assert_eq!(shop.staff("POST", &path, "b", wrong.clone()).await.0, 422, "{wrong}");
        }
        for _ in 0..2 {
            let (status, told) = shop.staff("POST", &path, "c", body(PRICE_MINOR)).await;
            assert_eq!((status, &told["kind"], &told["status"]), (201, &json!("elsewhere"), &json!("succeeded")), "{told}");
        }
        let (status, told) = shop.staff("POST", &path, "d", body(PRICE_MINOR)).await;
        assert_eq!((status, told["code"].as_str()), (409, Some("nothing-to-refund")), "{told}");
        shop.settle().await;
        let view = shop.view(id).await;
        assert_eq!((view.refunds.len(), view.status, view.paid_elsewhere()), (4, Status::Refunded, 2 * PRICE_MINOR));
        assert_eq!((waits(shop).await, at_stripe()), (vec![], 2));
        let buyer = Browser::new(shop);
        buyer.get(&format!("/orders/{id}?token={}", shop.shop.order_token(id))).await;
        for (prefix, words) in [("", "$64.00 of it another way than you paid"), ("/zh", "以其他方式退还")] {
            let page = buyer.get(&format!("{prefix}/orders/{id}")).await;
            assert!(page.text.contains(words) && !page.text.contains("the way you paid."), "{} {}", page.status, page.text);
        }
        compare(&shop.shop).await;
        assert_eq!(open(shop).await, []);
    }
);

on_both_engines!(
    /// What is between the shop and the bank is not the buyer's to see.
    a_buyer_sees_nothing_of_a_dispute,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.dispute(&charge_of(shop, id).await, &NewDispute::because("fraudulent")).expect("a dispute");
        shop.settle().await;
        let seen = |(status, order): crate::support::shop::Answer| {
            assert_eq!(status, 200, "{order}");
            let kinds = order["timeline"].as_array().expect("a list").iter().map(|event| event["kind"].to_string());
            (order["disputes"].as_array().map(Vec::len), kinds.filter(|kind| kind.contains("dispute")).count())
        };
        let path = format!("/api/orders/{id}");
        let staff = seen(shop.staff("GET", &path, "", json!(null)).await);
        let buyer = shop.http.get(format!("{}{path}?token={}", shop.base_url, shop.shop.order_token(id)));
        let buyer = seen(crate::support::shop::answer(buyer.send().await.expect("the shop answers")).await);
        assert_eq!((staff.0, staff.1 > 0, buyer), (Some(1), true, (Some(0), 0)));
    }
);

on_both_engines!(
    /// A form that no page offers is held against what stands: the order's own payment is no wrong one, a page that Stripe
    /// can be asked about is not released on somebody's word, and what Stripe's word mends is not talked away.
    what_no_page_offers_is_refused,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 5).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        let (order, intent) = (id.to_string(), intent_of(shop, id).await);
        let browser = shop.sign_in(Role::Owner).await;
        let back = browser.post("/admin/payments/payment-back", &[("order", &order), ("payment", &intent)]).await;
        assert_eq!((back.status, shop.view(id).await.refunds.len()), (409, 0), "{}", back.location);

        shop.sandbox.dashboard_refund(&intent, Some(400)).expect("it is refunded");
        compare(&shop.shop).await;
        let found = runs::open(&shop.shop.storage, 100).await.expect("the database answers").remove(0);
        let (gap, subject) = (found.gap.minor.to_string(), found.subject.as_str());
        // One that differs in another way by now is a difference of that kind: it is told by that kind's sentence.
        let (gap_now, told) = (Money::new(100, found.gap.currency), Said::State("failed".to_owned()));
        let other = Finding {
            kind: Kind::RefundState,
            subject: subject.to_owned(),
            order: found.order,
            gap: gap_now,
            told,
            ours: Said::State("pending".to_owned()),
            repair: Repair::AskRefund,
        };
        runs::still_differs(&shop.shop.storage, found.kind, subject, &other).await.expect("the database answers");
        assert_eq!(open(shop).await, [(Kind::RefundState, 100)]);
        let back = Finding { kind: found.kind, gap: found.gap, told: found.told.clone(), ours: found.ours.clone(), ..other };
        runs::still_differs(&shop.shop.storage, Kind::RefundState, subject, &back).await.expect("the database answers");
        let fields = [("kind", "refund_unknown"), ("subject", subject), ("gap", &gap), ("currency", "USD"), ("note", "so be it")];
        let explained = browser.post("/admin/payments/reconciliation/explain", &fields).await;
        assert_eq!((explained.status, open(shop).await), (409, vec![(Kind::RefundUnknown, 400)]), "{}", explained.location);
        let fields = [("kind", "refund_unknown"), ("subject", subject)];
        assert_eq!(browser.post("/admin/payments/reconciliation/settle", &fields).await.status, 303);

        let held = shop.check_out(&[("mug", 1)]).await;
        shop.shop.clock.advance(Span::minutes(90));
        let fields = [("order", &*held.to_string()), ("reason", "looked at it")];
        let released = shop.sign_in(Role::Owner).await.post("/admin/payments/release", &fields).await;
        assert_eq!((released.status, shop.view(held).await.hold), (409, Hold::Live), "{}", released.location);
        shop.settle().await;
    }
);

on_both_engines!(
    /// E1, E3: the inbox shows what came, what became of it and what was sent; an event is processed again without its effect
    /// being repeated; a wrong secret shows.
    the_webhook_inbox_tells_what_came,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let browser = shop.sign_in(Role::Owner).await;
        let page = browser.get("/admin/payments/webhooks").await;
        assert!(page.status == 200 && page.text.contains("checkout.session.completed"), "{}", page.text);
        assert!(!page.text.contains("refused for"), "{}", page.text);
        let sql = "select id from stripe_events where type = 'checkout.session.completed'";
        let event = shop.shop.storage.read(sql, values![]).await.expect("it answers")[0].text(0).to_owned();
        let told = browser.get(&format!("/admin/payments/webhooks/{event}")).await;
        assert!(told.status == 200 && told.text.contains("payment_status"), "{}", told.text);
        let given_up = ["update stripe_events set state = 'failed', attempts = 12, last_error = 'no answer' where id = $1"];
        execute(shop, &given_up, &event).await;
        let again = browser.post("/admin/payments/webhooks/replay", &[("event", &event)]).await;
        assert_eq!(again.status, 303);
        let replayed = inbox::find(&shop.shop.storage, &event).await.expect("it answers").expect("it is there");
        assert_eq!((replayed.attempts < 12, replayed.last_error.as_str()), (true, ""), "with all its tries");
        shop.settle().await;
        assert_eq!((shop.view(id).await.payments.len(), shop.letters()), (1, 1));
        assert_eq!(browser.post("/admin/payments/webhooks/replay", &[("event", "evt_none")]).await.status, 404);
        assert_eq!(browser.get("/admin/payments/webhooks?state=failed").await.status, 200);

        let request = shop.http.post(format!("{}/api/webhooks/stripe", shop.base_url));
        let request = request.header("Stripe-Signature", "t=1,v1=00").body("{\"id\":\"evt_secret\"}");
        assert_eq!(request.send().await.expect("the shop answers").status().as_u16(), 400);
        let page = browser.get("/admin/payments/webhooks").await;
        assert!(page.text.contains("1 call was refused") && !page.text.contains("evt_secret"), "{}", page.text);
        // A day later, orders end and nothing comes.
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.shop.clock.advance(Span::minutes(25 * 60));
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        assert!(!look(shop, "/admin/payments/webhooks").await.text.contains("No event has come"));
        shop.shop.clock.advance(Span::minutes(61));
        assert!(look(shop, "/admin/payments/webhooks").await.text.contains("No event has come"));
        shop.settle().await;
    }
);

on_both_engines!(
    /// Whoever packs parcels sees no money; whoever may only read changes none.
    money_is_for_those_whose_role_reads_it,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let id = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.dashboard_refund(&intent_of(shop, id).await, Some(400)).expect("it is refunded");
        shop.settle().await;
        let pages = [
            "/admin/payments", RECONCILIATION, "/admin/payments/webhooks", "/admin/payments/disputes",
            "/admin/payments/refunds", "/admin/payments/all", "/admin/reports", "/admin/reports/days.csv",
        ];
        let (packer, reader) = (shop.sign_in(Role::Fulfilment).await, shop.sign_in(Role::ReadOnly).await);
        for page in pages {
            assert_eq!((packer.get(page).await.status, reader.get(page).await.status), (403, 200), "{page}");
            assert_eq!(reader.get(&format!("/zh{page}")).await.status, 200, "{page}");
        }
        let refund = shop.view(id).await.refunds[0].id;
        assert!(!reader.get("/admin/payments").await.text.contains("<form method=\"post\" action=\"/admin/payments"));
        let path = format!("/admin/payments/refunds/{id}/{refund}");
        for path in [path.as_str(), "/admin/payments/reconciliation/start", "/admin/payments/refund-again"] {
            assert_eq!(reader.post(path, &[("since", "all")]).await.status, 403, "{path}");
        }
        assert_eq!(waits(shop).await, ["refund_unassigned"]);
    }
);
