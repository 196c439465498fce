//! Nothing is overwritten unseen: whoever changes a thing over the API says which state of it they read, and of two who
//! change it at once one hears of the other.

use futures_util::future::join_all;
use reqwest::header::ETAG;
use rules::time::Span;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::shop::{TestShop, answer};

/// A thing of the shopkeeper's: how it is changed, where, and a body that says `n`.
type Thing = (&'static str, &'static str, fn(i64) -> Value);

const THINGS: [Thing; 6] = [
    ("PUT", "/api/admin/products/cup", cup),
    ("PUT", "/api/admin/pages/contact", |n| json!({ "title": { "en": "Contact" }, "body": { "en": n.to_string() } })),
    ("PATCH", "/api/admin/coupons/TEA10", |n| json!({ "usage_limit": 1000 + n })),
    ("PATCH", "/api/admin/settings", |n| json!({ "holds_per_buyer_max": 10 + n })),
    ("PUT", "/api/admin/shipping-zones", |n| {
        let price = json!({ "amount": 500 + n, "currency": "USD" });
        let method = json!({ "code": "post", "title": { "en": "Post" }, "price": price });
        json!({ "zones": [{ "code": "all", "places": ["*"], "methods": [method] }] })
    }),
    ("PUT", "/api/admin/tax-rules", |n| {
        let rate = json!({ "place": "DE", "class": "standard", "percent": n % 100 });
        json!({ "taxation": "included", "shipping": "standard", "rates": [rate] })
    }),
];

fn cup(n: i64) -> Value {
    let variant = json!({ "sku": "CUP", "price": { "amount": 3200, "currency": "USD" } });
    json!({ "title": { "en": format!("Cup {n}") }, "status": "active", "variants": [variant] })
}

/// Sends it with these headers; the status, the tag of the answer (or nothing), the body.
async fn send(
    shop: &TestShop,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Value,
) -> (u16, String, Value) {
    let mut request = shop.ask(method, path).header("Content-Type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.body(body.to_string()).send().await.expect("the shop answers");
    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default().to_owned();
    let (status, body) = answer(response).await;
    (status, tag, body)
}

async fn tag_of(shop: &TestShop, path: &str) -> String {
    let (status, tag, body) = send(shop, "GET", path, &[], Value::Null).await;
    assert_eq!((status, tag.is_empty()), (200, false), "{path}: {body}");
    tag
}

async fn make_all(shop: &TestShop) {
    let coupon = json!({ "code": "TEA10", "percent_off": 10 });
    assert_eq!(shop.staff("POST", "/api/admin/coupons", "k", coupon).await.0, 201);
    for (method, path, body) in THINGS {
        let (status, told) = shop.staff(method, path, "k", body(1)).await;
        assert!([200, 201].contains(&status), "{path}: {status} {told}");
    }
}

on_both_engines!(what_stands_is_changed_by_whoever_has_read_it, TestShop, async |shop: &TestShop| {
    make_all(shop).await;
    for (method, path, body) in THINGS {
        let old = tag_of(shop, path).await;
        let (status, _, told) = send(shop, method, path, &[], body(2)).await;
        assert_eq!((status, told["code"].as_str()), (428, Some("precondition-required")), "{path}");
        assert_eq!(tag_of(shop, path).await, old, "{path}: nothing was changed");

        let (status, new, told) = send(shop, method, path, &[("If-Match", &old)], body(2)).await;
        assert_eq!((status, new == old), (200, false), "{path}: {told}");
        let (status, _, told) = send(shop, method, path, &[("If-Match", &old)], body(3)).await;
        assert_eq!((status, told["code"].as_str()), (412, Some("precondition-failed")), "{path}");
        assert_eq!(tag_of(shop, path).await, new, "{path}: what was written is what is read");

        let (status, tag, told) = send(shop, "GET", path, &[("If-None-Match", &new)], Value::Null).await;
        assert_eq!((status, &tag, &told), (304, &new, &json!("")), "{path}");
        assert_eq!(send(shop, "GET", path, &[("If-None-Match", &old)], Value::Null).await.0, 200, "{path}");
        assert_eq!(send(shop, method, path, &[("If-Match", "*")], body(4)).await.0, 200, "{path}: whatever stands");
    }
});

on_both_engines!(
    /// Many read the same and write at once, over two doors: one of them wins, and every other hears of it.
    of_those_who_change_at_once_one_wins,
    TestShop,
    async |shop: &TestShop| {
        make_all(shop).await;
        for (method, path, body) in THINGS {
            for round in 0..3 {
                let tag = tag_of(shop, path).await;
                let headers = [("If-Match", tag.as_str())];
                let tries = (0..6).map(|n| send(shop, method, path, &headers, body(100 * (round + 1) + n)));
                let mut statuses: Vec<u16> = join_all(tries).await.into_iter().map(|(status, ..)| status).collect();
                statuses.sort_unstable();
                assert_eq!(statuses, [200, 412, 412, 412, 412, 412], "{path}");
            }
        }
    }
);

on_both_engines!(of_those_who_make_at_once_one_makes_it, TestShop, async |shop: &TestShop| {
    for (at, headers) in [vec![], vec![("If-None-Match", "*")]].into_iter().enumerate() {
        let lost = if headers.is_empty() { 428 } else { 412 };
        for kind in ["products", "pages"] {
            let path = format!("/api/admin/{kind}/cup-{at}");
            let body = |n: i64| match kind {
                "pages" => json!({ "title": { "en": "Cup" }, "body": { "en": n.to_string() } }),
                _ => {
                    let mut product = cup(n);
                    product["variants"][0]["sku"] = json!(format!("CUP-{at}"));
                    product
                }
            };
            let tries = (0..5).map(|n| send(shop, "PUT", &path, &headers, body(n)));
            let mut statuses: Vec<u16> = join_all(tries).await.into_iter().map(|(status, ..)| status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [201, lost, lost, lost, lost], "{path}");
            assert_eq!(send(shop, "PUT", &path, &headers, body(9)).await.0, lost, "{path}");
        }
    }
    let nothing = send(shop, "PUT", "/api/admin/products/nothing", &[("If-Match", "*")], cup(1)).await;
    assert_eq!(nothing.0, 412, "there is nothing to change");
});

on_both_engines!(
    /// What is taken away and made anew is another thing, even if it was changed as often.
    a_page_made_anew_is_not_the_one_that_was_read,
    TestShop,
    async |shop: &TestShop| {
        let path = "/api/admin/pages/contact";
        let page = |text: &str| json!({ "title": { "en": "Contact" }, "body": { "en": text } });
        assert_eq!(send(shop, "PUT", path, &[], page("old")).await.0, 201);
        let old = tag_of(shop, path).await;
        let stale = send(shop, "DELETE", path, &[("If-Match", "\"1.a\"")], Value::Null).await;
        assert_eq!((stale.0, stale.2["code"].as_str()), (412, Some("precondition-failed")));
        assert_eq!(send(shop, "DELETE", path, &[("If-Match", &old)], Value::Null).await.0, 204);
        assert_eq!(send(shop, "DELETE", path, &[], Value::Null).await.0, 404);
        shop.shop.clock.advance(Span::seconds(1));
        assert_eq!(send(shop, "PUT", path, &[], page("new")).await.0, 201);
        assert_eq!(send(shop, "PUT", path, &[("If-Match", &old)], page("late")).await.0, 412);
        assert_eq!(send(shop, "DELETE", path, &[], Value::Null).await.0, 204, "a removal needs no tag");

        let coupon = json!({ "code": "TEA10", "percent_off": 10 });
        assert_eq!(shop.staff("POST", "/api/admin/coupons", "k", coupon).await.0, 201);
        let path = "/api/admin/coupons/TEA10";
        let old = tag_of(shop, path).await;
        assert_eq!(send(shop, "PATCH", path, &[("If-Match", &old)], json!({ "active": false })).await.0, 200);
        assert_eq!(send(shop, "DELETE", path, &[("If-Match", &old)], Value::Null).await.0, 412);
        let new = tag_of(shop, path).await;
        assert_eq!(send(shop, "DELETE", path, &[("If-Match", &new)], Value::Null).await.0, 204);
    }
);

on_both_engines!(
    /// The address of an endpoint is drawn with it. What becomes of it by itself is nobody's conflict.
    an_endpoint_is_changed_by_whoever_has_read_it,
    TestShop,
    async |shop: &TestShop| {
        // Nothing listens there.
        let body = json!({ "url": "http://127.0.0.1:9/hooks" });
        let (status, tag, made) = send(shop, "POST", "/api/admin/webhooks", &[], body).await;
        assert_eq!(status, 201, "{made}");
        let path = format!("/api/admin/webhooks/{}", made["id"].as_str().expect("an id"));
        let path = path.as_str();
        let note = |text: &str| json!({ "note": text });
        assert_eq!(send(shop, "PATCH", path, &[], note("unseen")).await.0, 428);
        let (status, new, told) = send(shop, "PATCH", path, &[("If-Match", &tag)], note("seen")).await;
        assert_eq!((status, told["note"].as_str()), (200, Some("seen")), "{told}");
        for late in [note("late"), json!({ "active": false })] {
            let (status, _, told) = send(shop, "PATCH", path, &[("If-Match", &tag)], late).await;
            assert_eq!((status, told["code"].as_str()), (412, Some("precondition-failed")));
        }
        assert_eq!(tag_of(shop, path).await, new, "what was written is what is read");
        assert_eq!(send(shop, "GET", path, &[("If-None-Match", &new)], Value::Null).await.0, 304);

        let (status, _, failed) = send(shop, "POST", &format!("{path}/test"), &[], json!({})).await;
        assert_eq!((status, failed["state"].as_str()), (200, Some("failed")), "{failed}");
        assert_ne!(tag_of(shop, path).await, new, "it reads otherwise now");
        let (status, off, told) = send(shop, "PATCH", path, &[("If-Match", &new)], json!({ "active": false })).await;
        assert_eq!((status, told["state"].as_str()), (200, Some("disabled")), "{told}");
        let (status, drawn, told) = send(shop, "POST", &format!("{path}/secret"), &[], json!({})).await;
        assert_eq!(status, 200, "{told}");
        assert_eq!(send(shop, "PATCH", path, &[("If-Match", &off)], note("before the secret")).await.0, 412);

        let headers = [("If-Match", drawn.as_str())];
        let words: Vec<String> = (0..6).map(|n| n.to_string()).collect();
        let tries = words.iter().map(|word| send(shop, "PATCH", path, &headers, note(word)));
        let mut statuses: Vec<u16> = join_all(tries).await.into_iter().map(|(status, ..)| status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 412, 412, 412, 412, 412]);
        assert_eq!(send(shop, "DELETE", path, &headers, Value::Null).await.0, 412);
        let tag = tag_of(shop, path).await;
        assert_eq!(send(shop, "DELETE", path, &[("If-Match", &tag)], Value::Null).await.0, 204);
        assert_eq!(send(shop, "PATCH", path, &[("If-Match", "*")], note("gone")).await.0, 404);
        assert_eq!(send(shop, "DELETE", path, &[], Value::Null).await.0, 404);
    }
);

on_both_engines!(
    /// A sale changes what is available, so that it is read anew, and disturbs nobody who writes.
    a_sale_is_nobodys_conflict,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let path = "/api/admin/products/mug";
        let (_, tag, mut mug) = send(shop, "GET", path, &[], Value::Null).await;
        shop.check_out(&[("mug", 2)]).await;
        let (status, _, now) = send(shop, "GET", path, &[("If-None-Match", &tag)], Value::Null).await;
        assert_eq!((status, now["variants"][0]["available"].as_i64()), (200, Some(3)));
        mug["title"]["en"] = json!("A better mug");
        for field in ["id", "slug", "images", "ships_from"] {
            mug.as_object_mut().expect("a product").remove(field);
        }
        mug["variants"][0].as_object_mut().expect("a variant").remove("available");
        let (status, _, told) = send(shop, "PUT", path, &[("If-Match", &tag)], mug).await;
        assert_eq!((status, told["title"]["en"].as_str()), (200, Some("A better mug")), "{told}");
        shop.books_balance().await;
    }
);
