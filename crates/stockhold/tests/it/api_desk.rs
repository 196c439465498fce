//! What the shopkeeper does at the desk, a program does over the API: goods, stock, collections, orders, money and letters.

use reqwest::header::ETAG;
use rules::orders::Status;
use rules::time::Span;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::shop::{TestShop, answer};

async fn get(shop: &TestShop, path: &str) -> Value {
    let (status, body) = shop.staff("GET", path, "", Value::Null).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

fn column(list: &Value, name: &str) -> Vec<String> {
    let rows = list["data"].as_array().expect("a list");
    rows.iter().map(|row| row[name].as_str().unwrap_or_default().to_owned()).collect()
}

on_both_engines!(
    /// Staff see drafts and what is archived; a product that was never in stock goes, one with a history is archived.
    goods_are_listed_whatever_their_status_and_go_only_without_a_history,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        for (slug, status) in [("cup", "draft"), ("bowl", "archived")] {
            let variant = json!({ "sku": slug, "price": { "amount": 900, "currency": "USD" } });
            let product = json!({ "title": { "en": slug }, "status": status, "variants": [variant] });
            assert_eq!(shop.staff("PUT", &format!("/api/admin/products/{slug}"), "k", product).await.0, 201);
        }
        let listed = async |query: &str| column(&get(shop, &format!("/api/admin/products{query}")).await, "slug");
        assert_eq!(listed("").await, ["mug", "cup", "bowl"]);
        assert_eq!(listed("?status=draft").await, ["cup"]);
        assert_eq!(listed("?q=bowl").await, ["bowl"]);
        assert_eq!(column(&get(shop, "/api/products").await, "slug"), ["mug"], "buyers see what is for sale");
        assert_eq!(shop.staff("GET", "/api/admin/products?status=gone", "", Value::Null).await.0, 422);

        let stale = shop.ask("DELETE", "/api/admin/products/cup").header("If-Match", "\"1.a\"");
        assert_eq!(stale.send().await.expect("the shop answers").status(), 412);
        assert_eq!(shop.staff("DELETE", "/api/admin/products/cup", "", Value::Null).await.0, 204);
        assert_eq!(shop.staff("GET", "/api/admin/products/cup", "", Value::Null).await.0, 404);
        let (status, kept) = shop.staff("DELETE", "/api/admin/products/mug", "", Value::Null).await;
        assert_eq!((status, kept["status"].as_str()), (200, Some("archived")));
        assert_eq!(shop.level("mug").await, (5, 0));
        shop.books_balance().await;
    }
);

on_both_engines!(
    collections_are_made_changed_and_taken_away_and_their_goods_stay,
    TestShop,
    async |shop: &TestShop| {
        let path = "/api/admin/collections/pots";
        let title = |text: &str| json!({ "title": { "en": text } });
        let put = async |tag: Option<&str>, body: Value| {
            let request = shop.ask("PUT", path).header("Content-Type", "application/json").body(body.to_string());
            let request = if let Some(tag) = tag { request.header("If-Match", tag) } else { request };
            let response = request.send().await.expect("the shop answers");
            let tag = response.headers().get(ETAG).map(|tag| tag.to_str().expect("text").to_owned());
            (response.status().as_u16(), tag.unwrap_or_default())
        };
        let (made, old) = put(None, title("Pots")).await;
        assert_eq!(made, 201);
        assert_eq!(put(None, title("Teapots")).await.0, 428);
        assert_eq!(put(Some(&old), title("Teapots")).await.0, 200);
        assert_eq!(put(Some(&old), title("Jars")).await.0, 412);
        assert_eq!(put(Some("*"), json!({ "title": { "fr": "Pots" } })).await.0, 422);
        for taken in ["new", "arrange"] {
            let (status, told) = shop.staff("PUT", &format!("/api/admin/collections/{taken}"), "", title("New")).await;
            let error = &told["errors"][0];
            assert_eq!(
                (status, &error["pointer"], &error["code"]),
                (422, &json!("slug"), &json!("reserved")),
                "{told}"
            );
            assert!(error["detail"].as_str().is_some_and(|detail| detail.contains("new, arrange")), "{told}");
        }

        let variant = json!({ "sku": "POT", "price": { "amount": 900, "currency": "USD" } });
        let pot =
            json!({ "title": { "en": "Pot" }, "status": "active", "collections": ["pots"], "variants": [variant] });
        assert_eq!(shop.staff("PUT", "/api/admin/products/pot", "k", pot).await.0, 201);
        let pots = get(shop, path).await;
        assert_eq!((&pots["title"]["en"], &pots["products"]), (&json!("Teapots"), &json!(1)));
        assert_eq!(column(&get(shop, "/api/admin/products?collection=pots").await, "slug"), ["pot"]);
        assert_eq!(shop.staff("DELETE", path, "", Value::Null).await.0, 204);
        assert_eq!(shop.staff("DELETE", path, "", Value::Null).await.0, 404);
        assert_eq!(get(shop, "/api/admin/products/pot").await["collections"], json!([]));
    }
);

on_both_engines!(stock_is_listed_all_of_it_or_what_is_low, TestShop, async |shop: &TestShop| {
    for (name, units) in [("bowl", 2), ("cup", 9), ("mug", 50)] {
        shop.stock(name, units).await;
    }
    shop.check_out(&[("cup", 8)]).await;
    let all = get(shop, "/api/admin/stock").await;
    assert_eq!(column(&all, "sku"), ["bowl", "cup", "mug"]);
    let cup = &all["data"][1];
    assert_eq!((&cup["on_hand"], &cup["held"], &cup["available"]), (&json!(9), &json!(8), &json!(1)), "{cup}");
    assert_eq!(column(&get(shop, "/api/admin/stock?which=low").await, "sku"), ["bowl", "cup"]);
    assert_eq!(column(&get(shop, "/api/admin/stock?which=low&few=1").await, "sku"), ["cup"]);
    assert_eq!(column(&get(shop, "/api/admin/stock?which=held").await, "sku"), ["cup"]);
    assert_eq!(shop.staff("GET", "/api/admin/stock?which=many", "", Value::Null).await.0, 422);
    shop.books_balance().await;
});

on_both_engines!(
    /// Notes, a letter once more, and another address: each once, whatever a network loses; buyers see no note.
    an_order_is_looked_after,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let at = |what: &str| format!("/api/admin/orders/{id}/{what}");
        let note = json!({ "text": "Wants it wrapped." });
        for expected in [201, 201] {
            assert_eq!(shop.staff("POST", &at("notes"), "n-1", note.clone()).await.0, expected);
        }
        assert_eq!(shop.staff("POST", &at("notes"), "n-1", json!({ "text": "No." })).await.0, 422, "the key was used");
        assert_eq!(column(&get(shop, &at("notes")).await, "text"), ["Wants it wrapped."]);
        let written = get(shop, &at("notes")).await["data"][0].clone();
        // The name is forgotten after a day, the note is not: the answer is what stands, never what was not written.
        shop.shop.clock.advance(Span::minutes(25 * 60));
        assert_eq!(shop.staff("POST", &at("notes"), "n-1", json!({ "text": "No." })).await.0, 422, "the key was used");
        shop.shop.clock.advance(Span::minutes(25 * 60));
        assert_eq!(shop.staff("POST", &at("notes"), "n-1", note).await, (201, written));
        assert_eq!(column(&get(shop, &at("notes")).await, "text"), ["Wants it wrapped."]);

        let letters = get(shop, &at("letters")).await;
        let kind = letters["data"][0]["letter"].as_str().expect("a letter").to_owned();
        let before = shop.subjects().len();
        for _ in 0..2 {
            assert_eq!(shop.staff("POST", &at("letters"), "l-1", json!({ "letter": kind })).await.0, 202);
        }
        shop.settle().await;
        assert_eq!(shop.subjects().len(), before + 1, "once");
        for wrong in [json!({ "letter": "no_such" }), json!({ "letter": kind, "about": "shp_1" })] {
            assert_eq!(shop.staff("POST", &at("letters"), "l-2", wrong).await.0, 422);
        }

        let path = at("shipping-address");
        let old = shop.ask("GET", &path).send().await.expect("the shop answers");
        let tag = old.headers()[ETAG].to_str().expect("text").to_owned();
        let change = async |tag: &str, city: &str| {
            let address = json!({ "name": "Ada", "street": "1 Lane", "city": city });
            let request = shop.ask("PUT", &path).header("Content-Type", "application/json").header("If-Match", tag);
            answer(request.body(address.to_string()).send().await.expect("the shop answers")).await
        };
        let (status, told) = change(&tag, "Lyon").await;
        assert_eq!((status, &told["city"]), (200, &json!("Lyon")), "{told}");
        assert_eq!(change(&tag, "Paris").await.0, 412, "somebody has changed it since");
        let (status, told) = change("*", "").await;
        assert_eq!((status, &told["errors"][0]["pointer"]), (422, &json!("/city")), "a parcel goes there: {told}");
        assert_eq!(get(shop, &path).await["city"], "Lyon");
        assert_eq!(shop.staff("POST", &at("shipments"), "s", json!({})).await.0, 201);
        let (status, told) = change("*", "Nice").await;
        assert_eq!((status, told["code"].as_str()), (409, Some("nothing-to-ship")));
        assert_eq!(shop.view(id).await.status, Status::Paid);
        shop.books_balance().await;
    }
);

on_both_engines!(money_and_events_are_listed_with_their_orders, TestShop, async |shop: &TestShop| {
    shop.stock("mug", 5).await;
    let id = shop.paid(&[("mug", 2)]).await;
    let refund = json!({ "amount": { "amount": 500, "currency": "USD" }, "reason": "a scratch" });
    assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "r", refund).await.0, 201);
    shop.settle().await;
    let payments = get(shop, "/api/admin/payments").await;
    assert_eq!(column(&payments, "order"), [id.to_string()]);
    assert_eq!(payments["data"][0]["refunded"]["amount"], 500);
    assert_eq!(column(&get(shop, "/api/admin/refunds").await, "reason"), ["a scratch"]);
    assert_eq!(column(&get(shop, "/api/admin/refunds?state=succeeded").await, "order"), [id.to_string()]);
    assert_eq!(column(&get(shop, "/api/admin/refunds?state=failed").await, "order"), Vec::<String>::new());
    assert_eq!(get(shop, "/api/admin/disputes").await["data"], json!([]));
    let events = get(shop, "/api/admin/events").await;
    let first = events["data"][0]["id"].as_str().expect("an event");
    let event = get(shop, &format!("/api/admin/events/{first}")).await;
    assert_eq!((&event["id"], &event["payload"]["id"]), (&json!(first), &json!(first)));
    assert_eq!(shop.staff("GET", "/api/admin/events/evt_nobody", "", Value::Null).await.0, 404);
    assert_eq!(get(shop, "/api/admin/letters").await["data"], json!([]), "all have gone out");
    assert_eq!(shop.staff("POST", "/api/admin/letters/send_letter:x/retry", "", Value::Null).await.0, 404);
    shop.books_balance().await;
});
