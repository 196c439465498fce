//! Coupons: a code takes off what it says, as often as it may, and what is not used comes back.

use futures_util::future::{join, join_all};
use rules::commands::Refusal;
use rules::commands::cancel_order::CancelOrder;
use rules::commands::place_order::{PlaceOrder, Placed};
use rules::commands::record_checkout::{CheckoutAnswer, RecordCheckout};
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::coupons::{Coupon, CouponCode, CouponRefusal, PercentOff, Reduction, Targets};
use rules::ids::{OrderId, RefundId};
use rules::money::Money;
use rules::orders::Status;
use rules::shipments::Units;
use rules::text::Email;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::ledger::Failure;
use stockhold::outbox::sweep::sweep;
use stockhold::storage::{RowExt, Storage, coupons};
use stockhold::values;
use stripe_sandbox::Pay;

use crate::every_step::open_another_page;
use crate::on_both_engines;
use crate::support::books::{PRICE_MINOR, TestBooks, noon, policy, usd};
use crate::support::browser::Browser;
use crate::support::shop::{Answer, TestShop, answer};

pub fn code(text: &str) -> CouponCode {
    CouponCode::parse(text).expect("a code")
}

/// Ten percent off everything, for everybody, for ever.
pub fn tea10() -> Coupon {
    Coupon {
        code: code("TEA10"),
        reduction: Reduction::Percent(PercentOff::parse("10").expect("a percentage")),
        currency: usd(),
        max_discount_minor: None,
        minimum_spend_minor: None,
        usage_limit: None,
        usage_limit_per_customer: None,
        first_order_only: false,
        starts_at: None,
        ends_at: None,
        applies_to: Targets::default(),
        active: true,
    }
}

pub async fn issue(storage: &Storage, coupon: &Coupon) {
    assert!(coupons::insert(storage, coupon, noon()).await.expect("the database answers"), "the code is new");
}

/// How often it was used, and how many of these uses a customer is counted with.
pub async fn used(storage: &Storage) -> (i64, i64) {
    let sql = "select cast((select coalesce(sum(used), 0) from coupons) as bigint),
        cast((select coalesce(sum(used), 0) from coupon_customers) as bigint)";
    let rows = storage.read(sql, values![]).await.expect("the database answers");
    (rows[0].int(0), rows[0].int(1))
}

fn with_code(shop: &TestBooks, units: i64) -> PlaceOrder {
    PlaceOrder { coupon: Some(code("tea10")), ..shop.order(&[("mug", units)]) }
}

fn by(order: PlaceOrder, email: &str) -> PlaceOrder {
    PlaceOrder { email: Email::parse(email).expect("an address"), ..order }
}

async fn place(shop: &TestBooks, order: PlaceOrder) -> Result<Placed, Failure> {
    shop.ledger.place_order(order, noon()).await
}

#[track_caller]
fn refused(placed: Result<Placed, Failure>) -> Refusal {
    match placed {
        Err(Failure::Refused(refusal)) => refusal,
        other => panic!("it was not refused: {other:?}"),
    }
}

async fn open(shop: &TestBooks, id: OrderId) {
    let answer = CheckoutAnswer::Opened {
        fact: shop.fact(id, rules::payments::SessionState::Open, rules::payments::MoneyState::Unpaid).await,
        url: Some("https://pay.example/1".to_owned()),
        expires_at: noon(),
    };
    shop.ledger.record_checkout(RecordCheckout { order_id: id, answer }, noon()).await.expect("it opened");
}

/// An order with the code, its payment page open.
async fn open_with_code(shop: &TestBooks, units: i64) -> OrderId {
    let id = place(shop, with_code(shop, units)).await.expect("the code is good").order_id;
    open(shop, id).await;
    id
}

on_both_engines!(
    /// C1, C3, C4: fifty orders at once, from two instances, for a code with one use.
    a_code_with_one_use_is_had_once,
    async |shop: &TestBooks| {
        shop.stock("mug", 100).await;
        issue(&shop.storage, &Coupon { usage_limit: Some(1), ..tea10() }).await;
        let other = shop.another_instance(policy());
        let ledgers = [&shop.ledger, &other];
        let all = (0..50).map(|n| ledgers[n % 2].place_order(with_code(shop, 1), noon()));
        let (had, not): (Vec<_>, Vec<_>) = join_all(all).await.into_iter().partition(Result::is_ok);
        assert_eq!((had.len(), not.len()), (1, 49));
        for refusal in not {
            assert_eq!(refused(refusal), Refusal::Coupon(CouponRefusal::UsedUp));
        }
        assert_eq!(used(&shop.storage).await, (1, 1));
        assert_eq!(shop.level("mug").await, (100, 1), "who was refused holds nothing");
    }
);

on_both_engines!(
    /// C3: behind the law stand the constraints.
    the_database_itself_refuses_a_use_too_many,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        issue(&shop.storage, &Coupon { usage_limit: Some(1), usage_limit_per_customer: Some(1), ..tea10() }).await;
        open_with_code(shop, 1).await;
        for past in ["update coupons set used = used + 1", "update coupon_customers set used = used + 1",
            "update coupons set used = -1", "update coupon_customers set used = -1"]
        {
            assert!(shop.storage.execute_script(past.to_owned()).await.is_err(), "{past}");
        }
    }
);

on_both_engines!(
    /// C2: what is told twice is counted once.
    a_payment_told_twice_uses_the_code_once,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        issue(&shop.storage, &tea10()).await;
        let order = with_code(shop, 1);
        let id = place(shop, order.clone()).await.expect("the code is good").order_id;
        assert!(place(shop, order).await.expect("the same form again").again);
        open(shop, id).await;
        shop.pay(id).await;
        shop.pay(id).await;
        let paid = shop.view(id).await;
        assert_eq!((paid.status, paid.discount, paid.total), (Status::Paid, 320, PRICE_MINOR - 320));
        assert_eq!(used(&shop.storage).await, (1, 1));
    }
);

on_both_engines!(
    /// C5: an order whose page closes, or never opens, gives its use back, once.
    an_order_that_is_never_paid_gives_the_use_back_once,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        issue(&shop.storage, &Coupon { usage_limit: Some(1), ..tea10() }).await;
        let id = open_with_code(shop, 1).await;
        assert_eq!(used(&shop.storage).await, (1, 1));
        shop.close(id).await;
        shop.close(id).await;
        assert_eq!(used(&shop.storage).await, (0, 0));

        let id = place(shop, with_code(shop, 1)).await.expect("the use is back").order_id;
        for _ in 0..2 {
            let answer = CheckoutAnswer::NeverOpened { why: "Stripe refused".to_owned() };
            shop.ledger.record_checkout(RecordCheckout { order_id: id, answer }, noon()).await.expect("it is recorded");
        }
        assert_eq!(used(&shop.storage).await, (0, 0));
        assert!(!shop.view(id).await.coupon_counts);
    }
);

on_both_engines!(
    /// C6: an order that is cancelled before anything was sent gives the use back, once; one that was sent does not.
    a_cancelled_order_gives_the_use_back_once,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        issue(&shop.storage, &Coupon { usage_limit: Some(2), ..tea10() }).await;
        let whole = open_with_code(shop, 1).await;
        shop.pay(whole).await;
        for _ in 0..2 {
            let refund_id = RefundId::from_u128(shop.draw());
            let wish = CancelOrder { order_id: whole, reason: String::new(), refund_id };
            shop.ledger.cancel_order(wish, noon()).await.expect("nothing was sent");
        }
        assert_eq!(used(&shop.storage).await, (0, 0));

        let sent = open_with_code(shop, 2).await;
        shop.pay(sent).await;
        let shipment = rules::commands::ship_order::ShipOrder {
            shipment_id: rules::ids::ShipmentId::from_u128(shop.draw()),
            order_id: sent,
            lines: vec![Units { line_no: 1, units: 1 }],
            carrier: String::new(),
            tracking: String::new(),
            notify: true,
            request_hash: String::new(),
        };
        shop.ledger.ship_order(shipment, noon()).await.expect("it is paid");
        let wish = CancelOrder { order_id: sent, reason: String::new(), refund_id: RefundId::from_u128(shop.draw()) };
        shop.ledger.cancel_order(wish, noon()).await.expect("one is left");
        assert_eq!(used(&shop.storage).await, (1, 1), "half of it was sold with the discount");
    }
);

on_both_engines!(
    /// C1, M5: a payment that comes after the hold ended takes the use again while it is there, and goes back otherwise.
    a_late_payment_takes_the_use_again_or_goes_back,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        issue(&shop.storage, &Coupon { usage_limit: Some(1), ..tea10() }).await;
        let late = open_with_code(shop, 1).await;
        shop.close(late).await;
        assert_eq!(shop.pay(late).await.status, Status::Paid);
        assert_eq!(used(&shop.storage).await, (1, 1));
        let wish = CancelOrder { order_id: late, reason: String::new(), refund_id: RefundId::from_u128(shop.draw()) };
        shop.ledger.cancel_order(wish, noon()).await.expect("nothing was sent");

        let too_late = open_with_code(shop, 1).await;
        shop.close(too_late).await;
        open_with_code(shop, 1).await;
        assert_eq!(shop.pay(too_late).await.status, Status::Expired);
        assert_eq!(shop.view(too_late).await.refunds.len(), 1, "the money goes back");
        assert_eq!(used(&shop.storage).await, (1, 1));
    }
);

on_both_engines!(
    /// C7: one person is one customer, as a guest and in any spelling of their address.
    a_customer_is_one_however_they_write_their_address,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        issue(&shop.storage, &Coupon { usage_limit_per_customer: Some(1), ..tea10() }).await;
        place(shop, by(with_code(shop, 1), "ada@example.org")).await.expect("the first");
        for again in ["ADA@Example.org", "Ada+x@example.org", "ada+tea+cups@EXAMPLE.ORG"] {
            let refusal = refused(place(shop, by(with_code(shop, 1), again)).await);
            assert_eq!(refusal, Refusal::Coupon(CouponRefusal::UsedUpByYou), "{again}");
        }
        place(shop, by(with_code(shop, 1), "grace@example.org")).await.expect("somebody else");
        assert_eq!(used(&shop.storage).await, (2, 2));
    }
);

on_both_engines!(
    /// A code that ends or is switched off between hold and payment is honoured; nobody new gets it.
    a_promised_discount_is_honoured,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        issue(&shop.storage, &tea10()).await;
        let id = open_with_code(shop, 1).await;
        let over = Coupon { active: false, ends_at: Some(noon()), ..tea10() };
        coupons::update(&shop.storage, &over, noon().micros()).await.expect("the database answers");
        assert_eq!(shop.pay(id).await.status, Status::Paid);
        assert_eq!(refused(place(shop, with_code(shop, 1)).await), Refusal::Coupon(CouponRefusal::Inactive));
    }
);

on_both_engines!(
    /// Whoever has ordered before, or is about to, has no first order any more.
    a_code_for_first_orders_is_for_them_alone,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        issue(&shop.storage, &Coupon { first_order_only: true, ..tea10() }).await;
        let first = place(shop, by(with_code(shop, 1), "ada@example.org")).await.expect("the first").order_id;
        let second = || by(with_code(shop, 1), "Ada+2@example.org");
        assert_eq!(refused(place(shop, second()).await), Refusal::Coupon(CouponRefusal::FirstOrderOnly));
        open(shop, first).await;
        shop.close(first).await;
        let paid = place(shop, second()).await.expect("the first came to nothing").order_id;
        open(shop, paid).await;
        shop.pay(paid).await;
        assert_eq!(refused(place(shop, second()).await), Refusal::Coupon(CouponRefusal::FirstOrderOnly));
    }
);

on_both_engines!(
    /// C11, M1: nobody pays another total than the one they were shown.
    another_total_than_the_one_shown_is_refused,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        issue(&shop.storage, &tea10()).await;
        let shown = PlaceOrder { total_shown: Some(Money::new(PRICE_MINOR - 640, usd())), ..with_code(shop, 1) };
        let now = Refusal::TotalChanged { total_minor: PRICE_MINOR - 320, currency: usd() };
        assert_eq!(refused(place(shop, shown.clone()).await), now);
        assert_eq!(shop.level("mug").await, (9, 0));
        let right = PlaceOrder { total_shown: Some(Money::new(PRICE_MINOR - 320, usd())), ..shown };
        place(shop, right).await.expect("that is what it costs");
    }
);

on_both_engines!(
    /// C13: goods paid back piece by piece sum to what was captured, by the parts that were frozen.
    parts_of_a_discounted_order_sum_to_its_payment,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        shop.stock("bowl", 9).await;
        let percent = PercentOff::parse("33.33").expect("a percentage");
        issue(&shop.storage, &Coupon { reduction: Reduction::Percent(percent), ..tea10() }).await;
        let order = PlaceOrder { coupon: Some(code("TEA10")), ..shop.order(&[("mug", 7), ("bowl", 4)]) };
        let id = place(shop, order).await.expect("the code is good").order_id;
        open(shop, id).await;
        shop.pay(id).await;
        let off = Coupon { active: false, ..tea10() };
        coupons::update(&shop.storage, &off, noon().micros()).await.expect("the database answers");
        for (line_no, units) in [(1, 3), (2, 1), (1, 1), (2, 3), (1, 3)] {
            let refund = RefundOrder {
                refund_id: RefundId::from_u128(shop.draw()),
                order_id: id,
                what: RefundWhat::Goods { lines: vec![Units { line_no, units }], shipping: false },
                restock: true,
                reason: String::new(),
                request_hash: String::new(),
            };
            shop.ledger.refund_order(refund, noon()).await.expect("so much is left");
        }
        let order = shop.view(id).await;
        assert_eq!(order.going_back(), order.captured());
        assert_eq!(order.captured(), order.total);
    }
);

/// Checks out over HTTP with a code.
async fn check_out(shop: &TestShop, key: &str, email: &str, items: &[(&str, i64)], code: &str) -> Answer {
    let items: Vec<Value> = items.iter().map(|(sku, n)| json!({ "sku": sku, "quantity": n })).collect();
    let body = json!({ "items": items, "email": email, "coupon": code });
    let request = shop.http.post(format!("{}/api/checkout", shop.base_url)).header("Idempotency-Key", key);
    let request = request.header("Content-Type", "application/json").body(body.to_string());
    answer(request.send().await.expect("the shop answers")).await
}

async fn make(shop: &TestShop, coupon: Value) {
    let (status, body) = shop.staff("POST", "/api/admin/coupons", "", coupon).await;
    assert_eq!(status, 201, "{body}");
}

async fn sweep_late(shop: &TestShop) {
    shop.shop.clock.advance(Span::minutes(31));
    sweep(&shop.shop).await.expect("it sweeps");
    shop.settle().await;
}

on_both_engines!(
    /// C1: fifty buyers press at once for a code with one use: one discount, and 49 kind answers.
    fifty_buyers_of_a_code_with_one_use_get_one_discount,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 100).await;
        make(shop, json!({ "code": "tea10", "percent_off": 10, "usage_limit": 1 })).await;
        let buyers = (0..50).map(|n| async move {
            check_out(shop, &format!("one-use-{n}"), &format!("buyer{n}@example.org"), &[("mug", 1)], "TEA10").await
        });
        let answers = join_all(buyers).await;
        let won: Vec<&Answer> = answers.iter().filter(|(status, _)| *status == 201).collect();
        assert_eq!(won.len(), 1, "one discount");
        assert_eq!(won[0].1["order"]["discount"]["amount"], 320);
        for (status, body) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!((*status, body["code"].as_str()), (409, Some("coupon-used-up")), "{body}");
            assert_eq!(body["errors"][0]["pointer"], "/coupon");
        }
        assert_eq!((used(&shop.shop.storage).await, shop.sandbox.coupons().len()), ((1, 1), 1));
    }
);

on_both_engines!(
    /// C5, C9: a declined card, an expired hold and a cancelled order each give the use back, once; a code serves one
    /// coupon at Stripe, pressed twice or not, and none is left behind.
    every_way_to_lose_an_order_gives_the_use_back,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        make(shop, json!({ "code": "TEA10", "percent_off": 10, "usage_limit": 1 })).await;
        let declined = || Pay::Card("4000000000000002".to_owned());
        let press = |key: &'static str| check_out(shop, key, "ada@example.org", &[("mug", 1)], "tea10");

        let (first, second) = join(press("ways-1"), press("ways-1")).await;
        assert_eq!((first.0, second.0), (201, 201), "{first:?} {second:?}");
        assert_eq!(shop.sandbox.coupons().len(), 1, "a double click is one coupon");
        let id = shop.order_of_key("ways-1");
        shop.sandbox.pay(&shop.session_of(id).await, declined()).expect_err("the card is declined");
        assert_eq!(used(&shop.shop.storage).await, (1, 1));
        // The same buyer comes back with another card: the code is theirs again.
        assert_eq!(press("ways-2").await.0, 201);
        assert_eq!(used(&shop.shop.storage).await, (1, 1));
        shop.sandbox.pay(&shop.session_of(shop.order_of_key("ways-2")).await, declined()).expect_err("declined");

        sweep_late(shop).await;
        assert_eq!((used(&shop.shop.storage).await, shop.sandbox.coupons().len()), ((0, 0), 0), "expired");

        assert_eq!(press("ways-3").await.0, 201);
        let id = shop.order_of_key("ways-3");
        for _ in 0..2 {
            assert_eq!(shop.cancel(id).await.0, 200);
            shop.settle().await;
        }
        assert_eq!((used(&shop.shop.storage).await, shop.sandbox.coupons().len()), ((0, 0), 0), "cancelled");

        assert_eq!(press("ways-4").await.0, 201);
        shop.pay(shop.order_of_key("ways-4")).await;
        shop.settle().await;
        let order = shop.view(shop.order_of_key("ways-4")).await;
        assert_eq!((order.status, order.captured()), (Status::Paid, PRICE_MINOR - 320));
        assert_eq!((used(&shop.shop.storage).await, shop.sandbox.coupons().len()), ((1, 1), 0), "used up");
    }
);

on_both_engines!(
    /// Whoever comes when only due holds have the code gets it on the spot.
    a_code_held_by_due_orders_alone_is_had_at_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        make(shop, json!({ "code": "TEA10", "percent_off": 10, "usage_limit": 1 })).await;
        assert_eq!(check_out(shop, "due-1", "ada@example.org", &[("mug", 1)], "tea10").await.0, 201);
        assert_eq!(check_out(shop, "due-2", "grace@example.org", &[("mug", 1)], "tea10").await.0, 409);
        shop.shop.clock.advance(Span::minutes(31));
        assert_eq!(check_out(shop, "due-3", "grace@example.org", &[("mug", 1)], "tea10").await.0, 201);
        assert_eq!(shop.view(shop.order_of_key("due-1")).await.status, Status::Expired);
    }
);

on_both_engines!(
    /// C8, M1: whatever the cart and whatever the code, Stripe's total (reckoned by its own code from the request
    /// alone) is ours.
    stripes_total_is_ours_for_every_kind_of_coupon,
    TestShop,
    async |shop: &TestShop| {
        let key = shop.api_key("orders:write").await;
        for name in ["mug", "bowl", "pot"] {
            shop.stock(name, 100_000).await;
        }
        let mut seed = 20_261_126_u64;
        let mut draw = move |most: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from((seed >> 33) % most).expect("a small number")
        };
        let (mut paid_at_stripe, mut free) = (0, 0);
        for n in 0..150 {
            let prices = "update variants set price_minor = case sku when 'mug' then cast($1 as bigint)
                when 'bowl' then cast($2 as bigint) else cast($3 as bigint) end";
            let (mug, bowl, pot) = (draw(9_999) + 1, draw(399) + 1, draw(99_999) + 1);
            shop.shop.storage.write(prices, values![mug, bowl, pot]).await.expect("the database answers");
            let code = format!("C{n}");
            let mut coupon = match draw(2) {
                0 => json!({ "code": code, "percent_off": format!("{}.{:02}", draw(100), draw(99) + 1)
                    .parse::<serde_json::Number>().expect("a number") }),
                _ => json!({ "code": code, "amount_off": { "amount": draw(30_000) + 1, "currency": "USD" } }),
            };
            if draw(3) == 0 {
                coupon["max_discount"] = json!({ "amount": draw(5_000) + 1, "currency": "USD" });
            }
            if draw(3) == 0 {
                coupon["applies_to"] = json!({ "products": ["mug", "pot"] });
            }
            make(shop, coupon.clone()).await;
            let items: Vec<Value> = ["mug", "bowl", "pot"]
                .iter()
                .map(|sku| json!({ "sku": sku, "quantity": draw(12) + 1 }))
                .collect();
            let body = json!({ "items": items, "email": format!("c{n}@example.org"), "coupon": code });
            let request = shop.http.post(format!("{}/api/checkout", shop.base_url)).bearer_auth(&key);
            let request = request.header("Idempotency-Key", format!("c8-{n}")).header("Content-Type", "application/json");
            let (status, told) = answer(request.body(body.to_string()).send().await.expect("the shop answers")).await;
            if told["code"] == "amount-too-small" {
                continue;
            }
            assert_eq!(status, 201, "{coupon} {body}: {told}");
            let id: OrderId = told["order"]["id"].as_str().expect("an id").parse().expect("an id");
            let order = shop.view(id).await;
            let sessions = shop.sandbox.sessions_of(&order.id.to_string());
            if order.total == 0 {
                assert!(sessions.is_empty(), "nothing to pay: {coupon}");
                free += 1;
                continue;
            }
            assert_eq!(sessions[0]["amount_total"].as_i64(), Some(order.total), "{coupon} {body}");
            assert_eq!(sessions[0]["total_details"]["amount_discount"].as_i64(), Some(order.discount));
            paid_at_stripe += 1;
        }
        assert!(paid_at_stripe > 100, "{paid_at_stripe} sessions, {free} free");
    }
);

on_both_engines!(
    /// C14: a hundred percent off: Stripe hears nothing, looking confirms nothing, pressing confirms once, and who does
    /// not confirm gives goods and use back.
    an_order_that_costs_nothing_is_confirmed_by_its_buyer,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        make(shop, json!({ "code": "GIFT", "percent_off": 100, "usage_limit": 1 })).await;
        let (status, told) = check_out(shop, "gift-1", "ada@example.org", &[("mug", 1)], "gift").await;
        assert_eq!((status, told["order"]["total"]["amount"].as_i64()), (201, Some(0)), "{told}");
        let id = shop.order_of_key("gift-1");
        let link = told["checkout_url"].as_str().expect("an address");
        let browser = Browser::new(shop);
        let page = browser.get(link.strip_prefix(&shop.base_url).expect("the shop's own page")).await;
        let own = format!("/orders/{id}");
        assert_eq!(page.location, own);
        for _ in 0..2 {
            assert!(browser.get(&own).await.text.contains(&format!("action=\"{own}/confirm\"")));
        }
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Pending, (2, 1)), "only looked at");
        let stranger = Browser::new(shop).post(&format!("{own}/confirm"), &[]).await;
        assert_eq!((stranger.status, shop.view(id).await.status), (404, Status::Pending));
        // The limit counts for free orders too.
        let other = check_out(shop, "gift-2", "grace@example.org", &[("mug", 1)], "gift").await;
        assert_eq!(other.1["code"], "coupon-used-up");

        sweep_late(shop).await;
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Expired, (2, 0)));
        assert_eq!(used(&shop.shop.storage).await, (0, 0));
        browser.post(&format!("{own}/confirm"), &[]).await;
        assert_eq!(shop.view(id).await.status, Status::Expired, "too late");

        let (_, told) = check_out(shop, "gift-3", "ada@example.org", &[("mug", 1)], "gift").await;
        let id = shop.order_of_key("gift-3");
        let link = told["checkout_url"].as_str().expect("an address");
        browser.get(link.strip_prefix(&shop.base_url).expect("the shop's own page")).await;
        for _ in 0..2 {
            assert_eq!(browser.post(&format!("/orders/{id}/confirm"), &[]).await.status, 303);
            shop.settle().await;
        }
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Paid, (1, 0)));
        assert_eq!((shop.letters(), used(&shop.shop.storage).await), (1, (1, 1)));
        let stripe = shop.sandbox.snapshot();
        assert_eq!(stripe["sessions"].as_array().map(Vec::len), Some(0));
        assert_eq!(shop.sandbox.coupons().len(), 0);
        // Called off whole: goods and use are back, and there is no money to send.
        assert_eq!(shop.cancel(id).await.0, 200);
        shop.settle().await;
        assert_eq!((shop.level("mug").await, used(&shop.shop.storage).await), ((2, 0), (0, 0)));
    }
);

on_both_engines!(
    /// C11: a code is in the total before Pay; one that ends between showing and pressing costs a click, never money.
    a_code_that_ends_before_pay_needs_a_click,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        make(shop, json!({ "code": "TEA10", "percent_off": 10 })).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        let mut form = browser.pay_form("ada@example.org").await;
        form.push(("coupon".to_owned(), "tee10".to_owned()));
        let unknown = browser.press_pay(&form).await;
        assert_eq!(unknown.status, 422);
        assert!(unknown.text.contains("id=\"coupon-wrong\"") && unknown.text.contains("value=\"Ada\""), "{}", unknown.text);

        form.pop();
        form.push(("coupon".to_owned(), " tea10 ".to_owned()));
        let first = browser.press_pay(&form).await;
        assert_eq!(first.status, 409, "the total with the code was not shown yet");
        let applying = [form.clone(), vec![("apply".to_owned(), "1".to_owned())]].concat();
        let applied = browser.press_pay(&applying).await;
        assert_eq!(applied.status, 200);
        assert!(applied.text.contains("TEA10") && applied.text.contains("Pay $28.80"), "{}", applied.text);
        form[1].1 = applied.hidden("seen");

        let off = json!({ "active": false });
        assert_eq!(shop.staff("PATCH", "/api/admin/coupons/TEA10", "", off).await.0, 200);
        let ended = browser.press_pay(&form).await;
        assert_eq!(ended.status, 422);
        assert!(ended.text.contains("id=\"coupon-wrong\"") && ended.text.contains("Pay $32.00"), "{}", ended.text);
        assert_eq!(shop.level("mug").await, (5, 0), "nothing was ordered");

        form[1].1 = ended.hidden("seen");
        form.pop();
        assert_eq!(browser.press_pay(&form).await.status, 303);
        let id: OrderId = form[0].1.parse().expect("an order's id");
        assert_eq!(shop.view(id).await.total, PRICE_MINOR);
    }
);

on_both_engines!(
    /// Staff make, change, list and remove coupons; what cannot be is said at its field.
    staff_look_after_their_coupons,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let all = "/api/admin/coupons";
        let one = "/api/admin/coupons/tea-5";
        let usd = |amount: i64| json!({ "amount": amount, "currency": "USD" });
        let fields = json!({ "code": "tea-5", "amount_off": usd(500), "minimum_spend": usd(4000), "usage_limit": 3,
            "ends_at": "2026-12-24T00:00:00Z", "applies_to": { "products": ["mug"] } });
        make(shop, fields.clone()).await;
        let (status, told) = shop.staff("POST", all, "", fields).await;
        assert_eq!((status, told["code"].as_str()), (409, Some("coupon-taken")));
        let (status, told) = shop.staff("PATCH", one, "", json!({ "max_discount": usd(300), "ends_at": null })).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!((&told["code"], &told["max_discount"]["amount"]), (&json!("TEA-5"), &json!(300)));
        assert_eq!((&told["ends_at"], &told["usage_limit"], &told["used"]), (&Value::Null, &json!(3), &json!(0)));
        for (wrong, pointer) in [
            (json!({ "usage_limit": 0 }), "/usage_limit"),
            (json!({ "amount_off": usd(-1) }), "/amount_off"),
            (json!({ "percent_off": 12.345 }), "/percent_off"),
            (json!({ "starts_at": "tomorrow" }), "/starts_at"),
            (json!({ "kind": "percent" }), "/kind"),
            (json!({ "minimum_spend": { "amount": 1, "currency": "EUR" } }), "/minimum_spend/currency"),
        ] {
            let (status, told) = shop.staff("PATCH", one, "", wrong.clone()).await;
            assert_eq!((status, told["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{wrong}: {told}");
        }
        let (_, told) = check_out(shop, "staff-1", "ada@example.org", &[("mug", 1)], "tea-5").await;
        assert_eq!(told["code"], "coupon-minimum-not-met");
        assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("8.00 USD")), "{told}");
        for n in 2..4 {
            let email = format!("ada{n}@example.org");
            let (status, told) = check_out(shop, &format!("staff-{n}"), &email, &[("mug", 2)], "tea-5").await;
            assert_eq!((status, told["order"]["discount"]["amount"].as_i64()), (201, Some(300)), "{told}");
            assert_eq!(told["order"]["coupon"], "TEA-5");
        }
        let (status, told) = shop.staff("PATCH", one, "", json!({ "usage_limit": 1 })).await;
        assert_eq!((status, told["code"].as_str()), (409, Some("coupon-limit-below-used")));
        let (status, told) = shop.staff("DELETE", one, "", json!({})).await;
        assert_eq!((status, told["code"].as_str()), (409, Some("coupon-in-use")));
        make(shop, json!({ "code": "A", "percent_off": 12.5 })).await;
        let (_, told) = shop.staff("GET", "/api/admin/coupons?limit=1", "", json!({})).await;
        assert_eq!((&told["data"][0]["code"], &told["next"]), (&json!("A"), &json!("A")));
        assert_eq!(told["data"][0]["percent_off"], json!(12.5));
        let (_, told) = shop.staff("GET", "/api/admin/coupons?limit=1&after=A", "", json!({})).await;
        assert_eq!((&told["data"][0]["code"], &told["next"]), (&json!("TEA-5"), &Value::Null));
        assert_eq!(shop.staff("DELETE", "/api/admin/coupons/a", "", json!({})).await.0, 204);
        assert_eq!(shop.staff("GET", "/api/admin/coupons/a", "", json!({})).await.0, 404);
    }
);

on_both_engines!(
    /// A code from the 24th to the 26th counts from midnight to midnight on the shop's clock, and the answer tells both.
    a_code_starts_and_ends_on_the_shops_clock,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        shop.staff("PATCH", "/api/admin/settings", "", json!({ "time_zone": "Asia/Hong_Kong" })).await;
        let coupon = json!({ "code": "TEA10", "percent_off": 10, "starts_at": "2026-12-24", "ends_at": "2026-12-26" });
        let (status, told) = shop.staff("POST", "/api/admin/coupons", "", coupon).await;
        assert_eq!(status, 201, "{told}");
        let local = ["starts_at", "starts_at_local", "ends_at", "ends_at_local"].map(|field| told[field].clone());
        let expected = [
            "2026-12-23T16:00:00Z",
            "2026-12-24T00:00:00+08:00",
            "2026-12-26T16:00:00Z",
            "2026-12-27T00:00:00+08:00",
        ];
        assert_eq!(local, expected.map(Value::from));

        let midnight = |text: &str| {
            stockhold::language::parse_moment(text).expect("a moment") - shop.shop.now()
        };
        let tries = [
            ("2026-12-23T15:59:59Z", "before", 422, "coupon-not-yet"),
            ("2026-12-23T16:00:00Z", "first", 201, ""),
            ("2026-12-26T15:59:59Z", "last", 201, ""),
            ("2026-12-26T16:00:00Z", "after", 422, "coupon-expired"),
        ];
        for (at, key, status, why) in tries {
            shop.shop.clock.advance(midnight(at));
            let told = check_out(shop, key, &format!("{key}@example.org"), &[("mug", 1)], "TEA10").await;
            assert_eq!((told.0, told.1["code"].as_str().unwrap_or_default()), (status, why), "{at}");
        }
        for bad in ["tomorrow", "2026-02-30", "2026-12-24T18:00[Europe/Paris]"] {
            let (status, told) = shop.staff("PATCH", "/api/admin/coupons/TEA10", "", json!({ "ends_at": bad })).await;
            assert_eq!((status, &told["errors"][0]["pointer"]), (422, &json!("/ends_at")), "{bad}");
        }
    }
);

on_both_engines!(
    /// C1, M5: paid late, and somebody else has the last use: the money goes back, and the letters do not blame the goods,
    /// which are there.
    a_late_payment_without_its_code_is_told_as_what_it_is,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        make(shop, json!({ "code": "TEA10", "percent_off": 10, "usage_limit": 1 })).await;
        assert_eq!(check_out(shop, "late", "ada@example.org", &[("mug", 1)], "tea10").await.0, 201);
        let late = shop.order_of_key("late");
        let page = open_another_page(shop, late).await;
        sweep_late(shop).await;
        assert_eq!(check_out(shop, "last-use", "grace@example.org", &[("mug", 1)], "tea10").await.0, 201);
        shop.sandbox.pay(&page, Pay::Card("4242424242424242".to_owned())).expect("the page was left behind");
        shop.settle().await;
        let order = shop.view(late).await;
        assert_eq!((order.status, order.going_back()), (Status::Refunded, order.captured()));
        let letters = shop.shop.mailer.stored();
        let says = |words: &str| letters.iter().filter(|letter| letter.text.contains(words)).count();
        assert_eq!(says("the last use of the code had gone to somebody else"), 1, "to the buyer");
        assert_eq!(says("its goods or its code could not be had again"), 1, "to the owner");
        assert_eq!(says("somebody else had bought them"), 0);
    }
);
