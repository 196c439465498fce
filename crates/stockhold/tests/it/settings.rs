//! What the shopkeeper sets counts at once, at every instance, and an order is placed by what stands when it is decided.

use axum::body::Body;
use axum::http::Request;
use futures_util::future::join_all;
use rules::commands::Refusal;
use rules::commands::place_order::PlaceOrder;
use rules::money::{Currency, Money};
use rules::time::Span;
use serde_json::{Value, json};
use std::sync::Arc;
use stockhold::ledger::Failure;
use stockhold::shop::Shop;
use stockhold::storage::settings::{self, Changed, NewCurrency};
use stockhold::{values, web};
use tower::ServiceExt;

use crate::on_both_engines;
use crate::support::books::{PRICE_MINOR, TestBooks, noon, policy, usd};
use crate::support::browser::Browser;
use crate::support::shop::{Answer, TestShop, answer};
use crate::support::steps::another_process;

const PATH: &str = "/api/admin/settings";

async fn read(shop: &TestShop) -> Value {
    let (status, body) = shop.staff("GET", PATH, "", Value::Null).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn change(shop: &TestShop, fields: Value) -> Answer {
    shop.staff("PATCH", PATH, "", fields).await
}

async fn changed(shop: &TestShop, fields: Value) -> Value {
    let (status, body) = change(shop, fields).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// A page of another instance over the same database.
async fn page_of(instance: &Arc<Shop>, path: &str) -> (u16, String) {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let response = web::router(instance.clone()).oneshot(request).await.expect("a router always answers");
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("the page is whole");
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

on_both_engines!(
    /// A change counts with the next request, here and in a second instance that was running all the time.
    a_change_counts_at_once_and_in_every_instance,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let other = another_process(shop).await;
        assert!(page_of(&other, "/products").await.1.contains("$32.00"));
        let asked = json!({
            "name": { "en": "Harbour Kiln" }, "currency": "EUR", "time_zone": "asia/hong_kong", "hold_minutes": 1.5,
            "holds_per_buyer_max": 2, "holds_per_client_max": 5, "owner_email": "owner@example.org",
            "owner_language": "zh-CN",
        });
        let told = changed(shop, asked).await;
        assert_eq!(told, read(shop).await);
        assert_eq!(told["name"], json!({ "en": "Harbour Kiln", "zh-CN": "我的小店" }));
        assert_eq!((&told["time_zone"], &told["hold_minutes"]), (&json!("Asia/Hong_Kong"), &json!(1.5)));
        assert_eq!((&told["owner_email"], &told["owner_language"]), (&json!("owner@example.org"), &json!("zh-CN")));

        let (_, page) = page_of(&other, "/products").await;
        assert!(page.contains("€32.00") && page.contains("Harbour Kiln"), "{page}");
        // The other instance's ledger places by what is set, too; nobody told it.
        let mut order = crate::support::books::order_for(&[("mug", 1)], 77);
        order.total_shown = Some(Money::new(PRICE_MINOR, Currency::parse("EUR").expect("a currency")));
        other.ledger.place_order(order.clone(), shop.shop.now()).await.expect("it is in stock");
        let placed = shop.view(order.order_id).await;
        assert_eq!((placed.currency.code(), placed.hold_due_at - placed.reserved_at), ("EUR", Span::seconds(90)));

        assert_eq!(changed(shop, json!({ "hold_minutes": null })).await["hold_minutes"], 30, "as the machine is set");
        sweep_away(shop, &other).await;
    }
);

on_both_engines!(
    /// How few are few is the shopkeeper's word; at zero no page counts what is left.
    the_shopkeeper_says_how_few_are_few,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 7).await;
        let browser = Browser::new(shop);
        let says = async |words: &str| browser.get("/products/mug").await.text.contains(words);
        assert!(!says("7 left").await, "five are few until somebody says otherwise");
        changed(shop, json!({ "low_stock": 7 })).await;
        assert!(says("\u{2068}7\u{2069} left").await || says("7 left").await);
        changed(shop, json!({ "low_stock": 0 })).await;
        assert!(!says(" left").await);
        assert_eq!(change(shop, json!({ "low_stock": -1 })).await.0, 422);
    }
);

on_both_engines!(
    /// Whoever has asked for it hears of each order that is to be packed: once, and not of one that is called off.
    the_owner_hears_of_each_new_order_who_asked_for_it,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let heard = || shop.subjects().iter().filter(|subject| subject.contains("is new")).count();
        shop.paid(&[("mug", 1)]).await;
        shop.settle().await;
        assert_eq!(heard(), 0, "nobody has asked for it");
        changed(shop, json!({ "owner_order_letters": true, "owner_email": "owner@example.org" })).await;
        shop.paid(&[("mug", 1)]).await;
        shop.settle().await;
        shop.settle().await;
        assert_eq!(heard(), 1, "{:?}", shop.subjects());
        let letters = shop.shop.mailer.stored();
        let letter = letters.iter().find(|letter| letter.subject.contains("is new")).expect("it was written");
        assert_eq!(letter.to, "owner@example.org");
        shop.books_balance().await;
    }
);

/// The order that was placed past the outbox is closed again, so that the books are like Stripe's.
async fn sweep_away(shop: &TestShop, other: &Arc<Shop>) {
    stockhold::workers::until_idle(other).await.expect("the workers come to rest");
    shop.shop.clock.advance(Span::minutes(31));
    stockhold::outbox::sweep::sweep(&shop.shop).await.expect("it sweeps");
    shop.settle().await;
}

on_both_engines!(
    /// C11, M1: a total that was shown in one currency is not the same number in another.
    what_was_shown_in_another_currency_is_not_ordered,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        settings::set(&shop.storage, settings::CURRENCY, "EUR").await.expect("the database answers");
        let shown = PlaceOrder { total_shown: Some(Money::new(PRICE_MINOR, usd())), ..shop.order(&[("mug", 1)]) };
        let refusal = shop.ledger.place_order(shown, noon()).await.expect_err("the currency is another");
        let euros = Currency::parse("EUR").expect("a currency");
        assert_eq!(refusal, Failure::Refused(Refusal::TotalChanged { total_minor: PRICE_MINOR, currency: euros }));
    }
);

on_both_engines!(
    /// C11: the form was shown in dollars, then the shop sells in euros: the page is shown again before anything is ordered.
    a_form_in_the_old_currency_needs_another_click,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        let form = browser.pay_form("ada@example.org").await;
        changed(shop, json!({ "currency": "EUR" })).await;
        let page = browser.press_pay(&form).await;
        assert_eq!(page.status, 409, "{}", page.text);
        assert!(page.text.contains("€32.00"), "{}", page.text);
        assert_eq!(shop.level("mug").await, (9, 0));
    }
);

on_both_engines!(
    /// Orders keep their amounts: from the first one on, the currency stays.
    the_currency_is_fixed_once_an_order_exists,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let (status, body) = change(shop, json!({ "currency": "JPY", "time_zone": "Asia/Tokyo" })).await;
        assert_eq!((status, body["code"].as_str()), (409, Some("prices-in-the-way")), "3200 cents are not 3200 yen");
        assert_eq!(read(shop).await["time_zone"], "UTC", "all of it or nothing");
        changed(shop, json!({ "currency": "EUR" })).await;
        shop.paid(&[("mug", 1)]).await;
        let (status, body) = change(shop, json!({ "currency": "USD", "name": { "en": "New" } })).await;
        assert_eq!((status, body["code"].as_str()), (409, Some("currency-in-use")), "{body}");
        assert_eq!(body["errors"][0]["pointer"], "/currency");
        let told = changed(shop, json!({ "currency": "eur", "name": { "en": "New" } })).await;
        assert_eq!((&told["currency"], &told["name"]["en"]), (&json!("EUR"), &json!("New")));
    }
);

on_both_engines!(
    /// Orders from two instances race with the change: whoever comes first, no order is in another currency than the shop.
    no_order_is_placed_in_a_currency_that_has_changed,
    async |shop: &TestBooks| {
        let engine_is_postgres = shop.is_postgres();
        for round in 0..12 {
            let shop = if engine_is_postgres { TestBooks::on_postgres().await } else { TestBooks::on_sqlite().await };
            shop.stock("mug", 20).await;
            for (key, value) in [(settings::CURRENCY, "USD"), (settings::REVISION, "1")] {
                settings::set(&shop.storage, key, value).await.expect("the database answers");
            }
            let other = shop.another_instance(policy());
            let ledgers = [&shop.ledger, &other];
            let orders = (0..6).map(|n| ledgers[n % 2].place_order(shop.order(&[("mug", 1)]), noon()));
            let euros = [(settings::CURRENCY, Some("EUR".to_owned()))];
            let change = async {
                for _ in 0..round {
                    tokio::task::yield_now().await;
                }
                settings::change(&shop.storage, 1, &euros, Some(NewCurrency { counts_alike: true })).await
            };
            let (placed, changed) = futures_util::future::join(join_all(orders), change).await;
            assert!(placed.iter().all(Result::is_ok), "{placed:?}");
            let changed = changed.expect("the database answers") == Changed::Done;
            let rows = shop.storage.read("select distinct currency from orders", values![]).await;
            let rows = rows.expect("the database answers");
            let stands = settings::get(&shop.storage, settings::CURRENCY).await.expect("the database answers");
            assert_eq!(rows, vec![values![stands.expect("it is set")]], "changed: {changed}");
            shop.books_balance().await;
        }
    }
);

on_both_engines!(
    /// Two who change at once: the later one is told, and nothing of theirs is lost.
    what_was_read_is_what_is_changed,
    TestShop,
    async |shop: &TestShop| {
        let at = format!("{}{PATH}", shop.base_url);
        let patch = |tag: &str, name: &'static str| {
            let request = shop.http.patch(&at).bearer_auth(shop.admin_key.expose()).header("If-Match", tag);
            request.header("Content-Type", "application/json").body(json!({ "name": { "en": name } }).to_string())
        };
        let first = shop.http.get(&at).bearer_auth(shop.admin_key.expose()).send().await.expect("the shop answers");
        let tag_of = |answer: &reqwest::Response| answer.headers()["etag"].to_str().expect("text").to_owned();
        let old = tag_of(&first);
        let second = patch(&old, "First").send().await.expect("the shop answers");
        let tag = tag_of(&second);
        assert_eq!((second.status().as_u16(), tag == old), (200, false));
        let (status, body) = answer(patch(&old, "Second").send().await.expect("the shop answers")).await;
        assert_eq!((status, body["code"].as_str()), (412, Some("precondition-failed")));
        let weak = format!("W/{tag}");
        assert_eq!(answer(patch(&weak, "Second").send().await.expect("the shop answers")).await.0, 412, "weak");
        assert_eq!(read(shop).await["name"]["en"], "First");
        let either = format!("{old}, {tag}");
        assert_eq!(answer(patch(&either, "Third").send().await.expect("the shop answers")).await.0, 200);

        let stale = [("name_en", Some("Late".to_owned()))];
        let late = settings::change(&shop.shop.storage, 1, &stale, None).await.expect("the database answers");
        assert_eq!((late, &read(shop).await["name"]["en"]), (Changed::NotAsRead, &json!("Third")));
    }
);

on_both_engines!(
    /// Every field that cannot be used is named, and nothing is changed.
    what_cannot_be_set_is_refused_by_its_field,
    TestShop,
    async |shop: &TestShop| {
        let before = read(shop).await;
        let (status, body) = change(
            shop,
            json!({
                "name": { "en": " ", "zh-CN": "a\nb", "fr": "Boutique" }, "currency": "USX", "time_zone": "Mars/Base",
                "languages": ["en", "en", "de"], "hold_minutes": 0, "holds_per_buyer_max": 0,
                "holds_per_client_max": 10_001, "owner_email": "nobody", "owner_language": "EN",
            }),
        )
        .await;
        assert_eq!(status, 422);
        let pointers: Vec<&str> =
            body["errors"].as_array().expect("errors").iter().map(|e| e["pointer"].as_str().expect("text")).collect();
        assert_eq!(
            pointers,
            [
                "/name/en", "/name", "/name/zh-CN", "/currency", "/time_zone", "/languages/1", "/languages/2",
                "/hold_minutes", "/holds_per_buyer_max", "/holds_per_client_max", "/owner_email", "/owner_language",
            ]
        );
        for body in [
            json!({ "currency": "XXX" }), json!({ "hold_minutes": -1 }), json!({ "hold_minutes": 525_601 }),
            json!({ "hold_minutes": 1e-7 }), json!({ "languages": [] }), json!({ "colour": "red" }),
            json!({ "shop_secret": "0" }), json!({ "name": "Kiln" }),
        ] {
            assert_eq!(change(shop, body.clone()).await.0, 422, "{body}");
        }
        assert_eq!(read(shop).await, before);
        assert!(before.get("shop_secret").is_none());
    }
);

on_both_engines!(
    /// A shop of one language has no switch, and old links in the other one lead on.
    a_language_that_is_not_offered_leads_to_one_that_is,
    TestShop,
    async |shop: &TestShop| {
        let browser = Browser::new(shop);
        assert!(browser.get("/products").await.text.contains("href=\"/zh/products\""));
        changed(shop, json!({ "languages": ["en"] })).await;
        let page = browser.get("/products").await;
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("/zh/"), "{}", page.text);
        let page = browser.get("/zh/search?q=tea").await;
        assert_eq!((page.status, page.location.as_str()), (307, "/search?q=tea"));
        changed(shop, json!({ "languages": ["zh-CN"] })).await;
        let page = browser.get("/").await;
        assert_eq!((page.status, page.location.as_str()), (307, "/zh/"));
        assert_eq!(browser.get("/zh/").await.status, 200);
    }
);

on_both_engines!(
    /// The cap of unpaid orders that stands now is the one that counts.
    a_new_cap_of_holds_counts_with_the_next_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        changed(shop, json!({ "holds_per_client_max": 2 })).await;
        for _ in 0..2 {
            shop.check_out(&[("mug", 1)]).await;
        }
        let third = shop.check_out_as("third", "third@example.org", &[("mug", 1)]).await;
        assert_eq!((third.0, third.1["code"].as_str()), (429, Some("hold-cap-reached")));
        changed(shop, json!({ "holds_per_client_max": 3 })).await;
        assert_eq!(shop.check_out_as("third", "third@example.org", &[("mug", 1)]).await.0, 201);
    }
);
