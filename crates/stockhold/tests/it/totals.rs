//! The right amount: shipping and taxes from the shopkeeper's rules to the card, the same number wherever it is shown.

use rules::ids::OrderId;
use rules::orders::Status;
use serde_json::{Value, json};
use stripe_sandbox::Pay;

use crate::on_both_engines;
use crate::support::books::PRICE_MINOR;
use crate::support::browser::Browser;
use crate::support::shop::{Answer, TestShop, answer};

fn usd(amount: i64) -> Value {
    json!({ "amount": amount, "currency": "USD" })
}

/// Germany by parcel or express, California by parcel; nowhere else.
fn zones() -> Value {
    let parcel = json!({ "code": "parcel", "title": { "en": "Parcel", "zh-CN": "普通快递" }, "price": usd(600),
        "free_from": usd(20_000), "days": { "min": 3, "max": 5 } });
    let express = json!({ "code": "express", "title": { "en": "Express", "zh-CN": "特快" }, "price": usd(1500) });
    let heavy = json!({ "code": "parcel", "title": { "en": "Parcel" },
        "by_weight": [{ "up_to_grams": 1000, "price": usd(900) }, { "up_to_grams": 5000, "price": usd(1900) }] });
    json!({ "zones": [
        { "code": "home", "places": ["DE"], "methods": [parcel, express] },
        { "code": "california", "places": ["US-CA"], "methods": [heavy] },
    ] })
}

fn taxes(taxation: &str) -> Value {
    json!({ "taxation": taxation, "shipping": "standard", "rates": [
        { "place": "DE", "class": "standard", "percent": 19 },
        { "place": "US-CA", "class": "standard", "percent": 8.875 },
    ] })
}

async fn set(shop: &TestShop, path: &str, body: Value) {
    let (status, told) = shop.staff("PUT", &format!("/api/admin/{path}"), "", body).await;
    assert_eq!(status, 200, "{told}");
}

/// A shop with mugs that sends them, and taxes them like this.
async fn rules(shop: &TestShop, taxation: &str) {
    shop.stock("mug", 50).await;
    set(shop, "shipping-zones", zones()).await;
    set(shop, "tax-rules", taxes(taxation)).await;
    let coupon = json!({ "code": "TEA10", "percent_off": 10 });
    let (status, told) = shop.staff("POST", "/api/admin/coupons", "", coupon).await;
    assert_eq!(status, 201, "{told}");
}

async fn post(shop: &TestShop, path: &str, body: &Value) -> Answer {
    let key = format!("key-{}", shop.draw());
    let request = shop.http.post(format!("{}{path}", shop.base_url)).header("Idempotency-Key", key);
    answer(request.header("Content-Type", "application/json").body(body.to_string()).send().await.expect("an answer"))
        .await
}

/// A cart of so many mugs to this place.
fn cart(units: i64, place: &Value) -> Value {
    json!({ "items": [{ "sku": "mug", "quantity": units }], "shipping_address": place })
}

fn germany() -> Value {
    json!({ "name": "Ada", "street": "Am Hafen 1", "city": "Hamburg", "country": "Germany" })
}

/// The cart with more said about it.
fn with(cart: Value, fields: Value) -> Value {
    let (Value::Object(mut cart), Value::Object(fields)) = (cart, fields) else { panic!("objects") };
    cart.extend(fields);
    Value::Object(cart)
}

async fn placed(shop: &TestShop, body: Value) -> (OrderId, Value) {
    let email = format!("buyer{}@example.org", shop.draw());
    let (status, told) = post(shop, "/api/checkout", &with(body, json!({ "email": email }))).await;
    assert_eq!(status, 201, "{told}");
    (told["order"]["id"].as_str().expect("an id").parse().expect("an order's id"), told)
}

fn minor(order: &Value, field: &str) -> i64 {
    order[field]["amount"].as_i64().unwrap_or_else(|| panic!("{field} in {order}"))
}

on_both_engines!(
    /// M1: quote, order, Stripe and payment say the same amount, with coupon, shipping and each kind of tax.
    quote_order_and_charge_are_one_amount,
    TestShop,
    async |shop: &TestShop| {
        rules(shop, "none").await;
        // 3 mugs: 96.00, 10 % off 86.40, parcel 6.00; 19 % of 92.40 is 17.556, and of it 14.752 when it is in it.
        for (taxation, tax, total) in [("none", 0, 9240), ("included", 1475, 9240), ("added", 1756, 10_996)] {
            set(shop, "tax-rules", taxes(taxation)).await;
            let wanted = with(cart(3, &germany()), json!({ "coupon": "tea10", "shipping_method": "parcel" }));
            let (status, told) = post(shop, "/api/quote", &wanted).await;
            assert_eq!(status, 200, "{told}");
            let quote = &told["quote"];
            assert_eq!((minor(quote, "tax"), minor(quote, "total")), (tax, total), "{taxation}");
            let (id, told) = placed(shop, wanted).await;
            let order = &told["order"];
            for field in ["subtotal", "discount", "shipping", "tax", "total", "taxation", "tax_lines"] {
                assert_eq!(order[field], quote[field], "{field}");
            }
            assert_eq!(order["delivery"]["destination"], "DE");
            assert_eq!(order["delivery"]["days"], json!({ "min": 3, "max": 5 }));
            let session = shop.sandbox.session(&shop.session_of(id).await).expect("it is open");
            assert_eq!(session["amount_total"].as_i64(), Some(total), "{taxation}");
            assert_eq!(session["total_details"]["amount_shipping"].as_i64(), Some(600));
            shop.pay(id).await;
            shop.settle().await;
            let view = shop.view(id).await;
            assert_eq!((view.status, view.captured()), (Status::Paid, total));
        }
    }
);

on_both_engines!(
    /// C13: refunded piece by piece, each with its part of discount and tax, shipping with its tax at last: exactly the
    /// payment, and no cent more.
    refunds_give_back_tax_and_shipping_to_the_cent,
    TestShop,
    async |shop: &TestShop| {
        rules(shop, "added").await;
        for order in [[1, 1, 1].as_slice(), &[2, 1], &[3]] {
            let wanted = with(cart(3, &germany()), json!({ "coupon": "TEA10", "shipping_method": "express" }));
            let (id, _) = placed(shop, wanted).await;
            shop.pay(id).await;
            shop.settle().await;
            let mut back = 0;
            for (at, units) in order.iter().enumerate() {
                let goods = json!({ "items": [{ "sku": "mug", "quantity": units }], "restock": true });
                let path = format!("/api/admin/orders/{id}/refunds");
                let (status, told) = shop.staff("POST", &path, &format!("{id}-{at}"), goods).await;
                assert_eq!(status, 201, "{told}");
                shop.settle().await;
            }
            let view = shop.view(id).await;
            back += view.refunded();
            // 86.40 and 19 % of it; what is left is the express with its tax.
            assert_eq!((back, view.captured() - back), (8640 + 1642, 1500 + 285), "{order:?}");
            let rest = json!({});
            let path = format!("/api/admin/orders/{id}/refunds");
            let (status, told) = shop.staff("POST", &path, &format!("{id}-shipping"), rest).await;
            assert_eq!(status, 201, "{told}");
            shop.settle().await;
            let view = shop.view(id).await;
            assert_eq!((view.refunded(), view.status), (view.captured(), Status::Refunded));
            assert_eq!(view.refunds.iter().map(|refund| refund.shipping_minor).sum::<i64>(), 1785);
        }
        assert_eq!(shop.level("mug").await, (50, 0));
    }
);

on_both_engines!(
    /// What is missing for a price is said at its field, and nothing is held.
    what_a_price_needs_is_asked_for,
    TestShop,
    async |shop: &TestShop| {
        rules(shop, "added").await;
        let place = |country: &str, region: &str| json!({ "country": country, "region": region });
        for (place, method, status, said) in [
            (json!({}), "", 422, "/shipping_address/country"),
            (place("Atlantis", ""), "", 422, "/shipping_address/country"),
            (place("US", ""), "", 422, "/shipping_address/region"),
            (place("US", "TX"), "", 422, "not-delivered-there"),
            (place("fr", ""), "", 422, "not-delivered-there"),
            (place("DE", ""), "", 422, "/shipping_method"),
            (place("DE", ""), "boat", 422, "shipping-method-gone"),
        ] {
            let method = json!({ "shipping_method": method, "email": "ada@example.org" });
            let wanted = with(cart(1, &place), method);
            let (got, told) = post(shop, "/api/checkout", &wanted).await;
            let text = told.to_string();
            assert!(got == status && text.contains(said), "{wanted}: {told}");
        }
        assert_eq!(shop.level("mug").await, (50, 0));
        // Of several methods none was chosen: the quote lists them, and names no total.
        let (status, told) = post(shop, "/api/quote", &cart(1, &germany())).await;
        assert_eq!((status, &told["quote"]), (200, &Value::Null), "{told}");
        let methods: Vec<&str> = told["shipping_methods"].as_array().expect("methods").iter().filter_map(|m| m["method"].as_str()).collect();
        assert_eq!(methods, ["parcel", "express"]);
        // Where there is one way only, it is taken; goods weigh nothing until somebody says so.
        let (_, told) = placed(shop, cart(1, &place("us", "ca"))).await;
        assert_eq!((minor(&told["order"], "shipping"), minor(&told["order"], "tax")), (900, 364));
    }
);

on_both_engines!(
    /// Rules are refused whole, where they are wrong; orders that stand keep what they were priced by.
    rules_that_cannot_be_used_are_refused,
    TestShop,
    async |shop: &TestShop| {
        rules(shop, "added").await;
        let (id, _) = placed(shop, with(cart(1, &germany()), json!({ "shipping_method": "parcel" }))).await;
        let before = shop.view(id).await;
        let mut twice = zones();
        twice["zones"][1]["places"] = json!(["DE"]);
        let hole = json!({ "taxation": "added", "rates": [{ "place": "DE", "class": "books", "percent": 7 }] });
        let euro = zones().to_string().replace("USD", "EUR");
        let euro: Value = serde_json::from_str(&euro).expect("JSON");
        for (path, body, pointer) in [
            ("shipping-zones", twice, "/zones"),
            ("shipping-zones", euro, "/zones/0/methods/0/price/currency"),
            ("tax-rules", hole, "/rates"),
        ] {
            let (status, told) = shop.staff("PUT", &format!("/api/admin/{path}"), "", body).await;
            assert_eq!((status, told["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{told}");
        }
        assert_eq!(shop.staff("GET", "/api/admin/shipping-zones", "", json!({})).await.1, zones());
        assert_eq!(shop.staff("GET", "/api/admin/tax-rules", "", json!({})).await.1, taxes("added"));
        set(shop, "shipping-zones", json!({ "zones": [] })).await;
        set(shop, "tax-rules", json!({ "taxation": "none", "rates": [] })).await;
        let after = shop.view(id).await;
        assert_eq!((after.total, after.tax_lines, after.delivery), (before.total, before.tax_lines, before.delivery));
        placed(shop, json!({ "items": [{ "sku": "mug", "quantity": 1 }] })).await;
    }
);

on_both_engines!(
    /// M1: the buyer's own way, in both languages: estimate, checkout, Stripe's page, order page, letter and API agree.
    every_page_shows_the_same_numbers,
    TestShop,
    async |shop: &TestShop| {
        rules(shop, "added").await;
        for (prefix, parcel, total, tax) in
            [("", "Parcel", "$75.68", "Tax (19%)"), ("/zh", "普通快递", "US$75.68", "税费（19%）")]
        {
            let browser = Browser::new(shop);
            browser.put_into_cart("mug", 2).await;
            let cart = browser.get(&format!("{prefix}/cart?country=DE")).await.text;
            assert!(cart.contains(parcel) && cart.contains("checkout?country=DE"), "{cart}");
            let far = browser.get(&format!("{prefix}/cart?country=FR")).await.text;
            assert!(far.contains("id=\"country-wrong\""), "{far}");

            let path = format!("{prefix}/checkout");
            let first = browser.get(&format!("{path}?country=DE")).await;
            let mut form = vec![
                ("order_id", first.hidden("order_id")),
                ("seen", first.hidden("seen")),
                ("email", format!("ada{}@example.org", shop.draw())),
                ("name", "Ada".to_owned()),
                ("street", "Am Hafen 1".to_owned()),
                ("city", "Hamburg".to_owned()),
                ("country", "DE".to_owned()),
                ("shipping_method", "parcel".to_owned()),
                ("coupon", "tea10".to_owned()),
            ];
            let press = async |form: &[(&str, String)]| {
                let fields: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
                browser.post(&path, &fields).await
            };
            let applied = press(&[form.as_slice(), &[("apply", "1".to_owned())]].concat()).await;
            assert_eq!(applied.status, 200);
            for shown in [parcel, tax, total, "TEA10"] {
                assert!(applied.text.contains(shown), "{shown}: {}", applied.text);
            }
            form[1].1 = applied.hidden("seen");

            // A price that changes between showing and pressing costs a click, never money.
            let mut dearer = zones();
            dearer["zones"][0]["methods"][0]["price"] = usd(700);
            set(shop, "shipping-zones", dearer).await;
            let again = press(&form).await;
            assert_eq!(again.status, 409, "{}", again.text);
            set(shop, "shipping-zones", zones()).await;
            let gone = press(&[&form[..7], &[("shipping_method", "boat".to_owned())], &form[8..]].concat()).await;
            assert!(gone.status == 422 && gone.text.contains("shipping_method-wrong"), "{}", gone.text);

            let paid = press(&form).await;
            assert_eq!(paid.status, 303, "{}", paid.text);
            let id: OrderId = form[0].1.parse().expect("an order's id");
            let session = shop.session_of(id).await;
            assert_eq!(shop.sandbox.session(&session).expect("open")["amount_total"].as_i64(), Some(7568));
            shop.sandbox.pay(&session, Pay::Card("4242424242424242".to_owned())).expect("the card is good");
            shop.settle().await;
            let page = browser.get(&format!("{prefix}/orders/{id}")).await.text;
            let letter = shop.shop.mailer.stored().remove(0).text;
            for told in [&page, &letter] {
                for shown in [parcel, tax, total, "TEA10"] {
                    assert!(told.contains(shown), "{shown}: {told}");
                }
            }
            let (_, told) = shop.staff("GET", &format!("/api/orders/{id}"), "", json!({})).await;
            assert_eq!((minor(&told, "total"), minor(&told, "tax")), (7568, 1208));
            assert_eq!(minor(&told, "subtotal"), 2 * PRICE_MINOR);
        }
    }
);

on_both_engines!(
    /// Without its place an order has no total: the page says so, and asks before anything else.
    a_total_that_is_not_known_is_not_shown,
    TestShop,
    async |shop: &TestShop| {
        rules(shop, "included").await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        // Most buyers live where the shop sends first.
        let home = browser.get("/checkout").await.text;
        assert!(home.contains("value=\"DE\" selected") && home.contains("Pay $38.00"), "{home}");
        assert!(home.contains("Includes tax (19%)"), "{home}");
        let nowhere = browser.get("/checkout?country=US").await.text;
        assert!(!nowhere.contains("Pay $") && nowhere.contains("Shipping and taxes are added"), "{nowhere}");
        let form = browser.pay_form("ada@example.org").await;
        let bare = browser.press_pay(&form).await;
        assert_eq!(bare.status, 422);
        for field in ["street", "city", "country"] {
            assert!(bare.text.contains(&format!("id=\"{field}-wrong\"")), "{field}: {}", bare.text);
        }
    }
);
