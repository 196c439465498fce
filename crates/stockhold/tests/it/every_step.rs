//! Every step fails, every step repeats: the commits, calls and letters of a journey are numbered, and for each the
//! process dies after it, its answer is lost, or it is done twice. The buyer and the shopkeeper ask again, the shop is
//! opened again, the workers come to rest, and the end is the same as if nothing had happened.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use rules::commands::count_stock::CountStock;
use rules::coupons::Coupon;
use rules::ids::{CountId, OrderId};
use rules::stock::Reason;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::ledger::Fault;
use stockhold::outbox::coupon_id;
use stockhold::shop::Shop;
use stockhold::storage::{RowExt, effects, orders};
use stockhold::stripe::signature;
use stockhold::{values, web, workers};
use stripe_sandbox::{Faults, Pay, WebhookMode};
use tower::ServiceExt;

use crate::coupons::tea10;
use crate::on_both_engines;
use crate::support::books::sku;
use crate::support::shop::{TestShop, WEBHOOK_SECRET, quick};
use crate::support::steps::{Mishap, Plan, another_process, process};

/// After this long every lease of the dead has run out.
const LEASES_END: Span = Span::seconds(100);
/// The buyer, the shopkeeper and Stripe try so often before the test gives up on the shop.
const TRIES_MAX: usize = 8;

/// One journey in a world where one step goes wrong.
struct World<'a> {
    base: &'a TestShop,
    shop: Arc<Shop>,
    plan: Arc<Plan>,
    goods: String,
    /// A code of this world, with one use.
    code: Option<String>,
    /// How many of Stripe's events were there before, or have been taken in.
    told: usize,
}

impl<'a> World<'a> {
    async fn begin(base: &'a TestShop, plan: Arc<Plan>, stock: Stock) -> World<'a> {
        let goods = format!("mug-{}", base.draw());
        base.stock(&goods, stock.units).await;
        let code = stock.with_code.then(|| format!("CODE-{goods}"));
        if let Some(text) = &code {
            let coupon = Coupon { code: crate::coupons::code(text), usage_limit: Some(1), ..tea10() };
            crate::coupons::issue(&base.shop.storage, &coupon).await;
        }
        let shop = process(base, plan.clone(), quick()).await;
        World { base, shop, plan, goods, code, told: base.sandbox.events().len() }
    }

    /// A process that died is opened again, a while later; whatever it said last, nobody heard it.
    async fn rises(&mut self) -> bool {
        let dead = self.plan.is_dead();
        if dead {
            self.plan = Plan::none();
            self.shop = another_process(self.base).await;
        }
        dead
    }

    fn time_passes(&self) {
        self.base.shop.clock.advance(LEASES_END);
    }

    /// A request that is repeated until it is answered.
    async fn ask(&mut self, path: &str, key: &str, body: Value) -> Value {
        for _ in 0..TRIES_MAX {
            let request = Request::post(path).header("Idempotency-Key", key).header("Content-Type", "application/json");
            let request = request.header("Authorization", format!("Bearer {}", self.base.admin_key.expose()));
            let here = SocketAddr::from(([127, 0, 0, 1], 1));
            let request = request.extension(ConnectInfo(here)).body(Body::from(body.to_string())).expect("a request");
            let (status, body) = self.answer(request).await;
            if !self.rises().await && status < 500 {
                assert!(status < 300, "{path}: {status} {body}");
                return body;
            }
            self.time_passes();
        }
        panic!("{path} is never answered");
    }

    async fn answer(&self, request: Request<Body>) -> (u16, Value) {
        let response = web::router(self.shop.clone()).oneshot(request).await.expect("a router always answers");
        let status = response.status().as_u16();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn check_out(&mut self, units: i64) -> OrderId {
        let mut body = json!({ "items": [{ "sku": self.goods, "quantity": units }], "email": self.email() });
        if let Some(code) = &self.code {
            body["coupon"] = json!(code);
        }
        let body = self.ask("/api/checkout", &format!("checkout-{}", self.goods), body).await;
        body["order"]["id"].as_str().expect("an id").parse().expect("an order's id")
    }

    fn email(&self) -> String {
        format!("{}@example.org", self.goods)
    }

    async fn session_of(&self, id: OrderId) -> String {
        self.base.session_of(id).await
    }

    async fn pay(&self, id: OrderId) {
        let card = Pay::Card("4242424242424242".to_owned());
        self.base.sandbox.pay(&self.session_of(id).await, card).expect("the card is good");
    }

    /// Stripe delivers what it has to say of the order until it is taken in; the workers come to rest.
    async fn work(&mut self) {
        for _ in 0..TRIES_MAX {
            let worked = self.round().await;
            if !self.rises().await && worked.is_ok_and(|resting| resting) {
                return;
            }
            self.time_passes();
        }
        panic!("the workers do not come to rest");
    }

    async fn round(&mut self) -> Result<bool, Fault> {
        let events = self.base.sandbox.events();
        let telling = |event: &&Value| {
            let kind = event["type"].as_str().unwrap_or_default();
            kind.starts_with("checkout.session.") || kind == "refund.updated"
        };
        let waiting: Vec<String> = events[self.told..].iter().filter(telling).map(Value::to_string).collect();
        for event in waiting {
            let signed = signature::sign(WEBHOOK_SECRET, event.as_bytes(), self.shop.now());
            let request = Request::post("/api/webhooks/stripe").header("Stripe-Signature", signed);
            let (status, _) = self.answer(request.body(Body::from(event)).expect("a request")).await;
            if self.plan.is_dead() || status != 200 {
                return Ok(false);
            }
        }
        self.told = events.len();
        workers::until_idle(&self.shop).await?;
        workers::ask_again::run(&self.shop).await?;
        workers::until_idle(&self.shop).await?;
        let waiting = effects::count_waiting(&self.shop.storage).await?;
        Ok(waiting == 0 && self.base.sandbox.events().len() == self.told)
    }

    /// The process ran well until here; from here on something goes wrong.
    fn begins(&self) {
        self.plan.arm();
    }

    /// How often the code was used, and by whom it is counted.
    async fn uses(&self) -> Option<(i64, i64)> {
        let code = self.code.clone()?;
        let sql = "select c.used, cast(coalesce(sum(u.used), 0) as bigint) from coupons c
            left join coupon_customers u on u.code = c.code where c.code = upper($1) group by c.code, c.used";
        let rows = self.base.shop.storage.read(sql, values![code]).await.expect("the database answers");
        Some((rows[0].int(0), rows[0].int(1)))
    }

    /// Whether the one-off coupon of the order is still at Stripe.
    fn discount_is_left(&self, id: OrderId) -> bool {
        let name = coupon_id(id);
        self.base.sandbox.coupons().iter().any(|coupon| coupon["id"] == name.as_str())
    }

    /// What is left in the end, in words that do not depend on ids and moments.
    async fn end(&self, id: OrderId) -> String {
        let storage = &self.base.shop.storage;
        let order = orders::find(storage, id).await.expect("the database answers").expect("the order stands");
        let mut payments: Vec<String> = (order.payments.iter())
            .map(|p| {
                format!(
                    "{:?} {} of which back {} disputed {}",
                    p.purpose, p.amount.minor, p.refunded_minor, p.disputed_minor
                )
            })
            .collect();
        payments.sort();
        let mut names = vec![id.to_string()];
        let mut refunds = Vec::new();
        for refund in &order.refunds {
            names.push(refund.id.to_string());
            refunds.push(format!("{:?} {} {:?} {:?}", refund.kind, refund.amount.minor, refund.state, refund.lines));
        }
        let sql = "select subject, kind, state from effects where order_id = $1 order by kind, subject";
        let rows = storage.read(sql, values![id.to_string()]).await.expect("the database answers");
        let plain = |text: &str| {
            let text = names.iter().fold(text.to_owned(), |text, name| text.replace(name.as_str(), "…"));
            if text.starts_with("cs_") { "session".to_owned() } else { text }
        };
        let effects: Vec<String> =
            rows.iter().map(|row| format!("{} {} {}", row.text(1), plain(row.text(0)), row.text(2))).collect();
        let own = |letter: &&stockhold::mail::StoredLetter| names.iter().any(|name| letter.message_id.contains(name));
        let mut letters: Vec<String> = Vec::new();
        for letter in self.shop.mailer.stored().iter().filter(own) {
            letters.push(plain(&letter.message_id));
        }
        letters.sort();
        let lines: Vec<String> = (order.lines.iter())
            .map(|l| format!("{} sent {} off {} back {}", l.quantity, l.shipped, l.cancelled, l.restocked))
            .collect();
        let sandbox = &self.base.sandbox;
        let name = id.to_string();
        let theirs = (sandbox.sessions_of(&name).len(), sandbox.charged_minor(&name), sandbox.refunded_minor(&name));
        let (uses, left) = (self.uses().await, self.discount_is_left(id));
        format!(
            "{:?} {:?} {:?}\nlines {lines:?}\nlevel {:?}\npayments {payments:?}\nrefunds {refunds:?}\neffects {effects:#?}\nletters {letters:?}\nat Stripe {theirs:?}\nuses {uses:?} discount left at Stripe: {left}",
            order.status,
            order.hold,
            order.session_state,
            self.base.level(&self.goods).await,
        )
    }
}

/// How many there are, and whether a code takes ten percent off them, once.
#[derive(Clone, Copy)]
struct Stock {
    units: i64,
    with_code: bool,
}

async fn every_step(base: &TestShop, units: i64, journey: impl AsyncFn(&mut World<'_>) -> OrderId) {
    every_step_with(base, Stock { units, with_code: false }, journey).await;
}

/// Runs a journey once well and then once for each step and mishap.
async fn every_step_with(base: &TestShop, stock: Stock, journey: impl AsyncFn(&mut World<'_>) -> OrderId) {
    base.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
    let well = Plan::none();
    let mut world = World::begin(base, well.clone(), stock).await;
    let id = journey(&mut world).await;
    let (right, steps) = (world.end(id).await, well.seen());
    assert!(steps > 2, "a journey has steps");
    let each = |mishap| (1..=steps).map(move |at| (mishap, at));
    let mishaps = std::iter::once((Mishap::DiesAtOnce, 0)).chain(each(Mishap::DiesAfter));
    let mut wrong: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (mishap, at) in mishaps.chain(each(Mishap::AnswerLost)).chain(each(Mishap::Twice)) {
        let mut world = World::begin(base, Plan::new(mishap, at), stock).await;
        let id = journey(&mut world).await;
        let end = world.end(id).await;
        if end != right {
            wrong.entry(end).or_default().push(format!("{mishap:?} at step {at} of {steps}"));
        }
    }
    assert!(wrong.is_empty(), "the end should be\n{right}\nbut was\n{}", told(&wrong));
}

fn told(wrong: &BTreeMap<String, Vec<String>>) -> String {
    wrong.iter().map(|(end, when)| format!("{end}\nafter {when:?}\n")).collect()
}

on_both_engines!(
    /// P4, P15: from the cart to the paid order.
    every_step_of_a_purchase_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step(shop, 2, async |world| {
            world.begins();
            let id = world.check_out(1).await;
            world.pay(id).await;
            world.work().await;
            id
        })
        .await;
    }
);

on_both_engines!(
    /// R6, R3: a paid order is cancelled: one refund, one restock, one letter.
    every_step_of_cancelling_a_paid_order_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step(shop, 3, async |world| {
            let id = world.check_out(2).await;
            world.pay(id).await;
            world.work().await;
            world.begins();
            world.ask(&format!("/api/orders/{id}/cancel"), "cancel", json!({ "reason": "changed my mind" })).await;
            world.work().await;
            id
        })
        .await;
    }
);

on_both_engines!(
    /// P16, R6: an order that is not paid is cancelled: its page is closed before its stock is free.
    every_step_of_cancelling_an_unpaid_order_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step(shop, 1, async |world| {
            let id = world.check_out(1).await;
            world.begins();
            world.ask(&format!("/api/orders/{id}/cancel"), "cancel", json!({})).await;
            world.work().await;
            id
        })
        .await;
    }
);

on_both_engines!(
    /// R2, R3, R7: part of an order is refunded by hand and comes back to the shelf.
    every_step_of_a_partial_refund_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step(shop, 2, async |world| {
            let id = world.check_out(2).await;
            world.pay(id).await;
            world.work().await;
            world.begins();
            let body = json!({ "items": [{ "sku": world.goods, "quantity": 1 }], "restock": true });
            world.ask(&format!("/api/admin/orders/{id}/refunds"), &format!("refund-{id}"), body).await;
            world.work().await;
            id
        })
        .await;
    }
);

on_both_engines!(
    /// P20: nobody pays; at the due second the page is closed, then the stock is free.
    every_step_of_an_expiry_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step(shop, 1, async |world| {
            let id = world.check_out(1).await;
            world.base.shop.clock.advance(Span::minutes(31));
            world.begins();
            world.work().await;
            id
        })
        .await;
    }
);

const ONE_WITH_A_CODE: Stock = Stock { units: 1, with_code: true };

on_both_engines!(
    /// C2, C9: with a code: one use, and no discount is left behind at Stripe.
    every_step_of_a_purchase_with_a_code_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step_with(shop, ONE_WITH_A_CODE, async |world| {
            world.begins();
            let id = world.check_out(1).await;
            world.pay(id).await;
            world.work().await;
            assert_eq!((world.uses().await, world.discount_is_left(id)), (Some((1, 1)), false));
            id
        })
        .await;
    }
);

on_both_engines!(
    /// C5, C9: nobody pays: the use comes back once, and the discount at Stripe is gone.
    every_step_of_an_expiry_with_a_code_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step_with(shop, ONE_WITH_A_CODE, async |world| {
            let id = world.check_out(1).await;
            world.base.shop.clock.advance(Span::minutes(31));
            world.begins();
            world.work().await;
            assert_eq!((world.uses().await, world.discount_is_left(id)), (Some((0, 0)), false));
            id
        })
        .await;
    }
);

on_both_engines!(
    /// C6: a paid order with a code is called off: the use comes back once, with the money and the goods.
    every_step_of_cancelling_an_order_with_a_code_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step_with(shop, ONE_WITH_A_CODE, async |world| {
            let id = world.check_out(1).await;
            world.pay(id).await;
            world.work().await;
            world.begins();
            world.ask(&format!("/api/orders/{id}/cancel"), "cancel", json!({})).await;
            world.work().await;
            assert_eq!((world.uses().await, world.discount_is_left(id)), (Some((0, 0)), false));
            id
        })
        .await;
    }
);

/// A page of the order that the shop has forgotten, as an older version or a lost answer may leave one behind.
pub async fn open_another_page(base: &TestShop, id: OrderId) -> String {
    let sql = "select parameters from effects where id = $1";
    let stored = base.shop.storage.read(sql, values![format!("open_checkout:{id}")]).await;
    // The session's form; that of a discount stands below it.
    let form = stored.expect("the database answers")[0].text(0).lines().next().unwrap_or_default().to_owned();
    let stripe = &base.shop.config.stripe_api_base;
    let request = base.http.post(format!("{stripe}/v1/checkout/sessions")).bearer_auth("sk_test_sandbox");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(form);
    let answer = crate::support::shop::answer(request.send().await.expect("Stripe answers")).await;
    assert_eq!(answer.0, 200, "{}", answer.1);
    answer.1["id"].as_str().expect("an id").to_owned()
}

/// The hold has ended, then the buyer pays on a page that was left behind.
async fn late_payment(world: &mut World<'_>, gone: bool) -> OrderId {
    let id = world.check_out(1).await;
    let page = open_another_page(world.base, id).await;
    world.base.shop.clock.advance(Span::minutes(31));
    world.work().await;
    if gone {
        let id = CountId::from_u128(u128::from(world.base.draw()));
        let (goods, actor) = (sku(&world.goods), "test".to_owned());
        let command = CountStock { id, sku: goods, delta: -1, reason: Reason::Damaged, actor };
        world.base.shop.ledger.count_stock(command, world.shop.now()).await.expect("it is counted");
    }
    let card = Pay::Card("4242424242424242".to_owned());
    world.base.sandbox.pay(&page, card).expect("the page is still open");
    world.begins();
    world.work().await;
    id
}

on_both_engines!(
    /// P10, P17: paid too late, and the goods are still there.
    every_step_of_a_late_payment_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step(shop, 1, async |world| late_payment(world, false).await).await;
    }
);

on_both_engines!(
    /// P9, P10: paid too late, and the goods are gone: the money goes back.
    every_step_of_a_late_payment_for_goods_that_are_gone_may_fail_or_repeat,
    TestShop,
    async |shop: &TestShop| {
        every_step(shop, 1, async |world| late_payment(world, true).await).await;
    }
);
