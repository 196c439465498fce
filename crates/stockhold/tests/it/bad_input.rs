//! Bad input at every door: a 4xx that names the field, nothing stored, never our fault.

use reqwest::Method;
use serde_json::{Value, json};
use stockhold::storage::RowExt;
use stockhold::stripe::signature::sign;
use stockhold::values;

use crate::on_both_engines;
use crate::support::browser::Browser;
use crate::support::shop::{TestShop, answer};

/// More than any door reads.
const TOO_LARGE: usize = 1024 * 1024 + 1;
/// What people and programs put into a text to see what happens; none of it is a SKU that exists.
const PROBES: [&str; 6] =
    ["<script>alert(1)</script>", "'; drop table orders; --", "'or'1'='1", "{{ 7*7 }}", "%s%n", "../../etc/passwd"];

/// Rows of everything that a request could store.
async fn stored(shop: &TestShop) -> Vec<i64> {
    let sql = "select (select count(*) from orders), (select count(*) from effects), (select count(*) from movements),
        (select count(*) from products), (select count(*) from variants), (select count(*) from stock_levels),
        (select count(*) from carts), (select count(*) from stripe_events), (select count(*) from order_events),
        (select cast(coalesce(sum(1000 * on_hand + held), 0) as bigint) from stock_levels), (select value from counters where name = 'order_number')";
    let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
    (0..11).map(|at| rows[0].int(at)).collect()
}

/// One door of the API.
struct Door<'a> {
    shop: &'a TestShop,
    method: Method,
    path: &'static str,
    key: String,
}

impl Door<'_> {
    async fn send(&self, headers: &[(&str, &str)], body: impl Into<reqwest::Body>) -> (u16, String, Value) {
        let request = self.shop.http.request(self.method.clone(), format!("{}{}", self.shop.base_url, self.path));
        let mut request = request.header("Content-Type", "application/json");
        if !self.key.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body).send().await.expect("the shop answers");
        let kind = response.headers().get("content-type").map_or("", |kind| kind.to_str().expect("text")).to_owned();
        let (status, body) = answer(response).await;
        (status, kind, body)
    }

    /// Refused with this status and code; `pointer` names the field, or is empty where there is none.
    async fn refuses(&self, body: &[u8], status: u16, pointer: &str, code: &str) {
        let shown = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        let (answered, kind, told) = self.send(&[("Idempotency-Key", "bad-input")], body.to_vec()).await;
        assert_eq!((answered, kind.as_str()), (status, "application/problem+json"), "{shown}: {told}");
        let named = |error: &Value| error["pointer"] == pointer && error["code"] == code;
        let fits = if pointer.is_empty() {
            told["code"] == code
        } else {
            told["errors"].as_array().is_some_and(|errors| errors.iter().any(named))
        };
        assert!(fits, "{shown}: {code} at {pointer} is not in {told}");
        assert!(told["instance"].is_string(), "{shown}: a problem names its request: {told}");
    }

    /// Refused by its length; whoever sent it hears so.
    async fn refuses_what_is_too_large(&self) {
        let request = self.shop.http.request(self.method.clone(), format!("{}{}", self.shop.base_url, self.path));
        let request = request.bearer_auth(&self.key).header("Idempotency-Key", "bad-input");
        let request = request.header("Content-Type", "application/json").body(vec![b' '; TOO_LARGE]);
        let (status, told) = answer(request.send().await.expect("the shop answers")).await;
        assert_eq!((status, told["code"].as_str()), (413, Some("body-too-large")), "{told}");
    }

    /// What can be wrong with any JSON, and with any request that wants a key of its own.
    async fn refuses_what_is_no_request(&self, wants_key: bool) {
        for broken in ["", "{", "nul", "[1,2", "{\"a\":1,}", "{'a':1}", "{\"a\":1e400}", "{}{}", "\u{feff}{}"] {
            self.refuses(broken.as_bytes(), 400, "", "malformed-json").await;
        }
        self.refuses(b"{\"a\":\"\xff\"}", 400, "", "malformed-json").await;
        self.refuses(&[b'['; 100_000], 400, "", "malformed-json").await;
        self.refuses_what_is_too_large().await;
        let (status, kind, told) =
            self.send(&[("Idempotency-Key", "bad-input"), ("Sec-Fetch-Site", "cross-site")], "{}").await;
        if self.key.is_empty() {
            assert_eq!((status, kind.as_str()), (403, "application/problem+json"), "another site's form: {told}");
            assert_eq!(told["code"], "cross-site", "{told}");
        }
        if wants_key {
            let (status, kind, told) = self.send(&[], "{}").await;
            assert_eq!((status, kind.as_str()), (400, "application/problem+json"));
            assert_eq!(told["code"], "idempotency-key-missing");
            for key in [" ", &"k".repeat(256), "schlüssel"] {
                let (status, _, told) = self.send(&[("Idempotency-Key", key)], "{}").await;
                assert_eq!((status, told["code"].as_str()), (400, Some("idempotency-key-invalid")), "{key}");
            }
        }
    }
}

on_both_engines!(
    /// E1: nothing that a check-out can bring is our fault, and none of it is stored.
    a_bad_checkout_is_refused_by_the_name_of_its_field,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let before = stored(shop).await;
        let door = Door { shop, method: Method::POST, path: "/api/checkout", key: String::new() };
        door.refuses_what_is_no_request(true).await;

        let with = |field: &str, value: Value| {
            let mut body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": "ada@example.org" });
            body[field] = value;
            body.to_string().into_bytes()
        };
        let item = |value: Value| with("items", json!([{ "sku": "mug", "quantity": 1 }, value]));
        for wrong in [json!(7), json!("mug"), json!(null), json!({ "0": "mug" }), json!(true)] {
            door.refuses(&with("items", wrong), 422, "/items", "wrong-type").await;
        }
        door.refuses(&with("items", json!([])), 422, "/items", "empty").await;
        door.refuses(&item(json!("mug")), 422, "/items/1", "wrong-type").await;
        door.refuses(&item(json!({ "quantity": 1 })), 422, "/items/1/sku", "missing").await;
        door.refuses(&item(json!({ "sku": "mug" })), 422, "/items/1/quantity", "missing").await;
        door.refuses(&item(json!({ "sku": 7, "quantity": 1 })), 422, "/items/1/sku", "wrong-type").await;
        door.refuses(&item(json!({ "sku": "mug", "quantity": 1, "price": 1 })), 422, "/items/1/price", "unknown-field")
            .await;
        for quantity in [0, -1, 1000, i64::MAX, i64::MIN] {
            let body = item(json!({ "sku": "mug", "quantity": quantity }));
            door.refuses(&body, 422, "/items/1/quantity", "out-of-range").await;
        }
        for quantity in [json!("1"), json!(1.5), json!(u64::MAX), json!(1e300), json!([1]), json!(null), json!(true)] {
            let body = item(json!({ "sku": "mug", "quantity": quantity }));
            door.refuses(&body, 422, "/items/1/quantity", "wrong-type").await;
        }
        for sku in ["", "a b", "茶", "🍵", "a\u{7f}", &"x".repeat(101), PROBES[1]] {
            door.refuses(&item(json!({ "sku": sku, "quantity": 1 })), 422, "/items/1/sku", "not-a-sku").await;
        }
        for sku in ["cup", "MUG", PROBES[0], PROBES[2], PROBES[4], PROBES[5]] {
            door.refuses(&item(json!({ "sku": sku, "quantity": 1 })), 422, "/items/1/sku", "unknown-sku").await;
        }
        let twice = json!([{ "sku": "mug", "quantity": 600 }, { "sku": "mug", "quantity": 600 }]);
        door.refuses(&with("items", twice), 422, "/items/0/quantity", "out-of-range").await;
        let many: Vec<Value> = (0..10_000).map(|n| json!({ "sku": format!("S{n}"), "quantity": 1 })).collect();
        door.refuses(&with("items", json!(many)), 422, "/items", "too-many").await;

        for wrong in [json!(7), json!(null), json!(["ada@example.org"]), json!({})] {
            door.refuses(&with("email", wrong), 422, "/email", "wrong-type").await;
        }
        let long = format!("{}@example.org", "a".repeat(65));
        for email in ["", "ada", "ada@", "@example.org", "a b@example.org", "ada@example", "ada@🍵.org", &long]
            .into_iter()
            .chain(["ada@example.org\r\nBcc: eve@example.org", "ada@example.org, eve@example.org"])
            .chain(PROBES)
        {
            door.refuses(&with("email", json!(email)), 422, "/email", "not-an-email").await;
        }
        door.refuses(br#"{"items":[{"sku":"mug","quantity":1}]}"#, 422, "/email", "missing").await;
        door.refuses(br#"{"email":"ada@example.org"}"#, 422, "/items", "missing").await;
        let doubled = br#"{"items":[{"sku":"mug","quantity":1}],"email":"a@example.org","email":"b@example.org"}"#;
        door.refuses(doubled, 422, "/email", "wrong-type").await;

        for locale in ["fr", "", "klingon", PROBES[0]] {
            door.refuses(&with("locale", json!(locale)), 422, "/locale", "unknown-locale").await;
        }
        door.refuses(&with("locale", json!(7)), 422, "/locale", "wrong-type").await;
        for coupon in PROBES.iter().chain(&["TEA10", "🍵"]) {
            door.refuses(&with("coupon", json!(coupon)), 422, "/coupon", "coupon-unknown").await;
        }
        door.refuses(&with("coupon", json!(10)), 422, "/coupon", "wrong-type").await;
        door.refuses(&with("shipping_method", json!("x".repeat(201))), 422, "/shipping_method", "too-long").await;
        door.refuses(&with("shipping_address", json!("here")), 422, "/shipping_address", "wrong-type").await;
        let planet = with("shipping_address", json!({ "planet": "Mars" }));
        door.refuses(&planet, 422, "/shipping_address/planet", "unknown-field").await;
        for field in ["name", "street", "postal_code", "city", "country"] {
            let pointer = format!("/shipping_address/{field}");
            for wrong in ["two\nlines", "\u{1b}[2J", &"x".repeat(201)] {
                door.refuses(&with("shipping_address", json!({ field: wrong })), 422, &pointer, "not-a-line").await;
            }
            door.refuses(&with("shipping_address", json!({ field: 7 })), 422, &pointer, "wrong-type").await;
            door.refuses(&with("shipping_address", json!({ field: "a\0b" })), 422, &pointer, "nul-character").await;
        }
        for (field, pointer) in [("email", "/email"), ("coupon", "/coupon"), ("locale", "/locale")] {
            door.refuses(&with(field, json!("a\0b")), 422, pointer, "nul-character").await;
        }
        for field in ["price", "total", "currency", "order_id", "discount", "status", "__proto__", "a\"b", "<b>"] {
            let pointer = format!("/{field}");
            door.refuses(&with(field, json!(1)), 422, &pointer, "unknown-field").await;
        }
        assert_eq!(stored(shop).await, before, "nothing of all this was stored");

        let (status, _) = shop.check_out_as("bad-input", "ada@example.org", &[("mug", 1)]).await;
        assert_eq!(status, 201, "the key was not used up by refusals");
        let (status, told) = shop.check_out_as("bad-input", "eve@example.org", &[("mug", 1)]).await;
        assert_eq!((status, told["code"].as_str()), (422, Some("idempotency-key-reused")));
        assert_eq!(shop.level("mug").await, (5, 1));
    }
);

on_both_engines!(
    /// E1: a product is stored as a whole or not at all.
    a_bad_product_is_refused_by_the_name_of_its_field,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let key = shop.api_key("products:write").await;
        let before = stored(shop).await;
        let door = Door { shop, method: Method::PUT, path: "/api/admin/products/cup", key };
        door.refuses_what_is_no_request(false).await;

        let variant = || json!({ "sku": "CUP", "price": { "amount": 3200, "currency": "USD" } });
        let with = |field: &str, value: Value| {
            let mut body = json!({ "title": { "en": "Cup" }, "status": "active", "variants": [variant()] });
            body[field] = value;
            body.to_string().into_bytes()
        };
        let of = |field: &str, value: Value| {
            let mut changed = variant();
            changed[field] = value;
            with("variants", json!([changed]))
        };
        for wrong in [json!("Cup"), json!(null), json!([]), json!({ "en": 7 })] {
            let pointer = if wrong.is_object() { "/title/en" } else { "/title" };
            door.refuses(&with("title", wrong), 422, pointer, "wrong-type").await;
        }
        door.refuses(&with("title", json!({})), 422, "/title", "empty").await;
        door.refuses(&with("title", json!({ "en": "  " })), 422, "/title", "empty").await;
        door.refuses(&with("title", json!({ "en": "x".repeat(201) })), 422, "/title/en", "too-long").await;
        door.refuses(&with("title", json!({ "en": "a\0b" })), 422, "/title/en", "nul-character").await;
        door.refuses(&with("title", json!({ "fr": "Tasse" })), 422, "/title", "unknown-language").await;
        door.refuses(&with("description", json!({ "en": "x".repeat(20_001) })), 422, "/description/en", "too-long").await;
        for status in ["", "sold", "ACTIVE", PROBES[1]] {
            door.refuses(&with("status", json!(status)), 422, "/status", "unknown-status").await;
        }
        for slug in ["", "A", "a b", "茶", PROBES[0]] {
            door.refuses(&with("collections", json!([slug])), 422, "/collections/0", "not-a-slug").await;
        }
        let many: Vec<String> = (0..10_000).map(|n| format!("c{n}")).collect();
        door.refuses(&with("collections", json!(many)), 422, "/collections", "too-many").await;
        door.refuses(&with("options", json!(["Glaze", "Glaze"])), 422, "/options/1", "not-a-name").await;
        door.refuses(&with("variants", json!([])), 422, "/variants", "empty").await;
        door.refuses(&with("variants", json!([variant(), variant()])), 422, "/variants", "sku-twice").await;
        let many: Vec<Value> = (0..5_000).map(|n| json!({ "sku": format!("S{n}"), "price": variant()["price"] })).collect();
        door.refuses(&with("variants", json!(many)), 422, "/variants", "too-many").await;
        for amount in [json!(-1), json!(100_000_000), json!(i64::MAX), json!(i64::MIN)] {
            let price = json!({ "amount": amount, "currency": "USD" });
            door.refuses(&of("price", price), 422, "/variants/0/price/amount", "out-of-range").await;
        }
        for amount in [json!("32"), json!(32.5), json!(u64::MAX), json!(null)] {
            let price = json!({ "amount": amount, "currency": "USD" });
            door.refuses(&of("price", price), 422, "/variants/0/price/amount", "wrong-type").await;
        }
        for currency in ["EUR", "usd", "", PROBES[0]] {
            let price = json!({ "amount": 1, "currency": currency });
            door.refuses(&of("price", price), 422, "/variants/0/price/currency", "wrong-currency").await;
        }
        door.refuses(&of("price", json!(3200)), 422, "/variants/0/price", "wrong-type").await;
        for sku in ["", "a b", "茶", &"x".repeat(101), PROBES[1]] {
            door.refuses(&of("sku", json!(sku)), 422, "/variants/0/sku", "not-a-sku").await;
        }
        door.refuses(&of("sku", json!("CUP\0")), 422, "/variants/0/sku", "nul-character").await;
        door.refuses(&of("stock", json!(5)), 422, "/variants/0/stock", "unknown-field").await;
        door.refuses(&of("weight_grams", json!(-1)), 422, "/variants/0/weight_grams", "out-of-range").await;
        door.refuses(&of("backorder", json!(true)), 422, "/variants/0/backorder", "not-offered").await;
        door.refuses(&of("options", json!({ "Size": "L" })), 422, "/variants/0/options", "unknown-option").await;
        door.refuses(&with("stock", json!(5)), 422, "/stock", "unknown-field").await;
        door.refuses(&of("sku", json!("mug")), 409, "", "sku-taken").await;
        let slug = Door { path: "/api/admin/products/A%20%3Cb%3E", ..door };
        slug.refuses(&with("status", json!("active")), 422, "slug", "not-a-slug").await;
        assert_eq!(stored(shop).await, before, "nothing of all this was stored");
    }
);

on_both_engines!(
    /// S2: a movement that cannot be read moves nothing.
    a_bad_stock_movement_is_refused_by_the_name_of_its_field,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        shop.check_out(&[("mug", 2)]).await;
        let key = shop.api_key("stock:write").await;
        let before = stored(shop).await;
        let door = Door { shop, method: Method::POST, path: "/api/admin/stock/mug/movements", key };
        door.refuses_what_is_no_request(true).await;
        for delta in ["0", "9223372036854775807", "-9223372036854775808"] {
            let body = format!(r#"{{"delta":{delta},"reason":"received"}}"#);
            door.refuses(body.as_bytes(), 422, "/delta", "out-of-range").await;
        }
        for delta in ["\"1\"", "1.5", "null", "18446744073709551615", "1e300", "[1]", "true"] {
            let body = format!(r#"{{"delta":{delta},"reason":"received"}}"#);
            door.refuses(body.as_bytes(), 422, "/delta", "wrong-type").await;
        }
        for reason in ["", "sold", "restocked", "RECEIVED", "🍵"].iter().chain(&PROBES) {
            let body = json!({ "delta": 1, "reason": reason }).to_string();
            door.refuses(body.as_bytes(), 422, "/reason", "unknown-reason").await;
        }
        door.refuses(br#"{"delta":1}"#, 422, "/reason", "missing").await;
        door.refuses(br#"{"reason":"received"}"#, 422, "/delta", "missing").await;
        door.refuses(br#"{"delta":1,"reason":"received\u0000"}"#, 422, "/reason", "nul-character").await;
        door.refuses(br#"{"delta":1,"reason":"received","actor":"eve"}"#, 422, "/actor", "unknown-field").await;
        door.refuses(br#"{"delta":-4,"reason":"damaged"}"#, 409, "", "stock-below-held").await;
        for path in ["/api/admin/stock/cup/movements", "/api/admin/stock/%00/movements", "/api/admin/stock/%27/movements"] {
            let other = Door { shop, method: Method::POST, path, key: door.key.clone() };
            other.refuses(br#"{"delta":1,"reason":"received"}"#, 404, "", "not-found").await;
        }
        assert_eq!(stored(shop).await, before, "nothing of all this was stored");

        let once = [("Idempotency-Key", "once")];
        assert_eq!(door.send(&once, r#"{"delta":1,"reason":"received"}"#).await.0, 201);
        let (status, _, told) = door.send(&once, r#"{"delta":2,"reason":"received"}"#).await;
        assert_eq!((status, told["code"].as_str()), (422, Some("idempotency-key-reused")), "{told}");
        assert_eq!(shop.level("mug").await, (6, 2));
    }
);

on_both_engines!(
    /// P25: what Stripe never sends is 400 and not stored; what is strange but signed is stored and does no harm.
    a_bad_webhook_is_refused,
    TestShop,
    async |shop: &TestShop| {
        let post = async |body: Vec<u8>, signature: Option<String>| {
            let request = shop.http.post(format!("{}/api/webhooks/stripe", shop.base_url));
            let request = signature.into_iter().fold(request, |r, signature| r.header("Stripe-Signature", signature));
            let response = request.body(body).send().await.expect("the shop answers");
            let is_problem = response.headers().get("content-type").is_some_and(|k| k == "application/problem+json");
            let (status, told) = answer(response).await;
            assert!(status == 200 || is_problem, "{status} {told}");
            (status, told["code"].as_str().unwrap_or_default().to_owned())
        };
        let signed = |body: &[u8]| Some(sign("whsec_of_the_tests", body, shop.shop.now()));
        let event = br#"{"id":"evt_1","object":"event","type":"ping","livemode":false,"data":{"object":{"id":"x"}}}"#;
        for signature in [None, Some(String::new()), Some("t=,v1=".to_owned()), Some(format!("t=1,v1={}", "0".repeat(64)))] {
            assert_eq!(post(event.to_vec(), signature).await, (400, "bad-signature".to_owned()));
        }
        let bodies: [&[u8]; 9] = [
            b"",
            b"{",
            b"null",
            b"[]",
            b"7",
            b"\xff",
            br#"{"id":7,"type":"ping"}"#,
            br#"{"type":"ping"}"#,
            br#"{"id":"evt\u0000","type":"ping"}"#,
        ];
        for body in bodies {
            assert_eq!(post(body.to_vec(), signed(body)).await, (400, "not-an-event".to_owned()));
        }
        let huge = vec![b' '; TOO_LARGE];
        assert_eq!(post(huge.clone(), signed(&huge)).await, (413, "body-too-large".to_owned()));
        assert_eq!(stored(shop).await[7], 0, "nothing of all this was stored");

        for (at, probe) in PROBES.iter().chain(&["🍵", "checkout.session.completed", "v1.checkout.session."]).enumerate() {
            let event = json!({ "id": format!("evt_{at}{probe}"), "object": "event", "type": probe, "livemode": false,
                "data": { "object": { "id": probe, "client_reference_id": probe } } });
            let body = event.to_string().into_bytes();
            assert_eq!(post(body.clone(), signed(&body)).await.0, 200, "{probe}");
        }
        shop.settle().await;
        assert_eq!(stored(shop).await[7], 9);
    }
);

on_both_engines!(
    /// A form that no browser would send gets a page that says so.
    bad_forms_get_a_kind_page,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let browser = Browser::new(shop);
        let before = stored(shop).await;
        for path in ["/cart/add", "/cart/change", "/zh/cart/add", "/cart/rebuild", "/checkout"] {
            for body in [Vec::new(), b"%".to_vec(), b"sku=%00&quantity=%00".to_vec(), b"sku=%ff&order_id=%ff".to_vec(), vec![b'&'; 50_000]] {
                let page = browser.post_raw(path, body.clone()).await;
                assert!(page.status < 500, "{path} {}: {}", String::from_utf8_lossy(&body[..body.len().min(40)]), page.status);
            }
            let page = browser.post_raw(path, vec![b'a'; TOO_LARGE]).await;
            assert_eq!((page.status, page.text.contains("<h1>")), (413, true), "{path}");
        }
        for sku in ["", "a b", "茶", "🍵", "a\0"].iter().chain(&PROBES) {
            let page = browser.post("/cart/add", &[("sku", sku), ("quantity", "1"), ("from", sku)]).await;
            assert!((400..500).contains(&page.status), "{sku:?}: {}", page.status);
            assert!(!page.text.contains(PROBES[0]), "{sku}");
        }
        for quantity in ["", "0", "-1", "1000", "99999999999999999999", "1.5", "1e3", "\0", "🍵"].iter().chain(&PROBES) {
            let page = browser.post("/cart/add", &[("sku", "mug"), ("quantity", quantity), ("from", "mug")]).await;
            assert_eq!(page.status, 422, "{quantity:?}");
            assert!(!page.text.contains(PROBES[0]), "{quantity}");
        }
        assert_eq!(stored(shop).await, before, "nothing of all this was stored");

        browser.put_into_cart("mug", 1).await;
        let form = browser.pay_form("ada@example.org").await;
        let before = stored(shop).await;
        for (field, values) in [
            ("email", vec!["", "ada", "ada@example.org\r\nBcc: eve@example.org", "a\0@example.org", PROBES[0], PROBES[1]]),
            ("name", vec!["a\0b", "two\nlines", "\u{1b}[2J"]),
            ("street", vec!["a\0b", "two\nlines"]),
            ("postal_code", vec!["a\0b"]),
            ("city", vec!["a\0b"]),
            ("country", vec!["a\0b"]),
        ] {
            let long = "x".repeat(300);
            for value in values.into_iter().chain([long.as_str()]) {
                let mut wrong = form.clone();
                wrong.retain(|(name, _)| name != field);
                wrong.push((field.to_owned(), value.to_owned()));
                let page = browser.press_pay(&wrong).await;
                assert_eq!(page.status, 422, "{field}={value:?}");
                let named = page.text.contains(&format!("href=\"#{field}\""));
                assert!(named && !page.text.contains(PROBES[0]), "{field}={value:?}");
            }
        }
        for (field, status) in [("seen", 409), ("order_id", 303)] {
            for value in ["", "x", "\0", "ord_00000000000000000000000000000001"].iter().chain(&PROBES) {
                let mut wrong = form.clone();
                wrong.retain(|(name, _)| name != field);
                wrong.push((field.to_owned(), (*value).to_owned()));
                let page = browser.press_pay(&wrong).await;
                assert_eq!(page.status, status, "{field}={value:?}: the cart's own order id counts");
            }
        }
        assert_eq!(stored(shop).await[0], before[0] + 1, "one order, whatever id the form brought");
    }
);

on_both_engines!(
    /// Whatever people write into a title, an address or a search stays text on every page and in the letter.
    html_in_texts_stays_text,
    TestShop,
    async |shop: &TestShop| {
        const EVIL: &str = "<script>alert(1)</script>\"><img src=x onerror=alert(1)> 🍵 '; drop table orders; --";
        let key = shop.api_key("products:write,stock:write").await;
        let product = json!({
            "title": { "en": EVIL, "zh-CN": EVIL }, "description": { "en": EVIL, "zh-CN": format!("[x](javascript:alert(1)) {EVIL}") },
            "status": "active", "options": [EVIL], "collections": ["evil"],
            "variants": [{ "sku": "<b>", "title": { "en": EVIL }, "options": { EVIL: EVIL }, "price": { "amount": 3200, "currency": "USD" } }],
        });
        let put = Door { shop, method: Method::PUT, path: "/api/admin/products/evil", key: key.clone() };
        let (status, _, told) = put.send(&[], product.to_string()).await;
        assert_eq!((status, &told["title"]["en"]), (201, &json!(EVIL)), "kept as it was written");
        let receive = Door { shop, method: Method::POST, path: "/api/admin/stock/%3Cb%3E/movements", key };
        assert_eq!(receive.send(&[("Idempotency-Key", "1")], r#"{"delta":5,"reason":"received"}"#).await.0, 201);

        let browser = Browser::new(shop);
        browser.post("/cart/add", &[("sku", "<b>"), ("quantity", "1"), ("from", "evil")]).await;
        let mut form = browser.pay_form("ada@example.org").await;
        for field in ["name", "street", "postal_code", "city", "country"] {
            form.retain(|(name, _)| name != field);
            form.push((field.to_owned(), EVIL.to_owned()));
        }
        let mut wrong = form.clone();
        wrong.retain(|(name, _)| name != "email");
        wrong.push(("email".to_owned(), EVIL.to_owned()));
        let again = browser.press_pay(&wrong).await;
        assert_eq!(again.status, 422);
        let paying = browser.press_pay(&form).await;
        assert_eq!(paying.status, 303, "{}", paying.text);
        let id = form[0].1.clone();
        shop.pay(id.parse().expect("an id")).await;
        shop.settle().await;
        let letter = shop.shop.mailer.stored().remove(0);

        let mut shown = vec![("the form again".to_owned(), again.text), ("the letter".to_owned(), letter.html)];
        for path in ["/", "/products", "/products/evil", "/collections/evil", "/cart", "/_sandbox/mail"] {
            for prefix in ["", "/zh"] {
                let path = format!("{prefix}{path}");
                shown.push((path.clone(), browser.get(&path).await.text));
            }
        }
        let own = format!("/orders/{id}");
        let search = "/search?q=%3Cscript%3Ealert(1)%3C/script%3E".to_owned();
        for path in [own, search] {
            shown.push((path.clone(), browser.get(&path).await.text));
        }
        let mut escaped = 0;
        for (place, text) in &shown {
            let raw = ["<script>alert", "<img src=x", "\"><img", "href=\"javascript:"];
            assert!(!raw.iter().any(|raw| text.contains(raw)), "{place}: {text}");
            escaped += usize::from(text.contains("&lt;script&gt;alert"));
        }
        assert!(escaped >= 8, "only {escaped} places showed it at all");
    }
);
