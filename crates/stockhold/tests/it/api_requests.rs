//! What every program that speaks to the API can rest on: a request under the same key is done once, a key of the API opens
//! what it may and for as long as it may, and every list leads on to its end.

use futures_util::future::join_all;
use reqwest::header::LINK;
use rules::orders::Status;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::language::machine_time;
use stockhold::values;

use crate::on_both_engines;
use crate::support::shop::{TestShop, answer};

/// A POST of the shopkeeper's; whether it says that it was done before, and its answer.
async fn post(shop: &TestShop, path: &str, key: Option<&str>, body: &Value) -> (u16, bool, Value) {
    let mut request = shop.ask("POST", path).header("Content-Type", "application/json");
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let response = request.body(body.to_string()).send().await.expect("the shop answers");
    let again = response.headers().get("idempotency-replayed").is_some_and(|word| word == "true");
    let (status, body) = answer(response).await;
    (status, again, body)
}

on_both_engines!(
    /// Whatever takes or gives goods or money wants a name for the request: the same again is done once, another request
    /// under the name is refused.
    a_request_under_the_same_key_is_done_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let (shipped, cancelled) = (shop.paid(&[("mug", 2)]).await, shop.paid(&[("mug", 1)]).await);
        let usd = |amount: i64| json!({ "amount": { "amount": amount, "currency": "USD" } });
        let basket = |units: i64| json!({ "items": [{ "sku": "mug", "quantity": units }], "email": "ada@example.org" });
        let requests = [
            ("/api/checkout".to_owned(), basket(1), basket(2)),
            (
                "/api/admin/stock/mug/movements".to_owned(),
                json!({ "delta": 2, "reason": "received" }),
                json!({ "delta": 2, "reason": "returned" }),
            ),
            (format!("/api/admin/orders/{shipped}/refunds"), usd(500), usd(600)),
            (
                format!("/api/admin/orders/{shipped}/shipments"),
                json!({ "items": [{ "sku": "mug", "quantity": 1 }] }),
                json!({ "items": [{ "sku": "mug", "quantity": 1 }], "carrier": "Post" }),
            ),
            (
                format!("/api/orders/{cancelled}/cancel"),
                json!({ "reason": "two by mistake" }),
                json!({ "reason": "changed my mind" }),
            ),
        ];
        for (path, body, other) in &requests {
            let (status, _, told) = post(shop, path, None, body).await;
            assert_eq!((status, told["code"].as_str()), (400, Some("idempotency-key-missing")), "{path}");
            let (first, again, told) = post(shop, path, Some("k-1"), body).await;
            assert_eq!(([200, 201].contains(&first), again), (true, false), "{path}: {told}");
            let before = (shop.level("mug").await, shop.view(shipped).await.refunds.len());
            let (second, again, told) = post(shop, path, Some("k-1"), body).await;
            assert_eq!((second, again), (first, true), "{path}: {told}");
            let (status, _, told) = post(shop, path, Some("k-1"), other).await;
            assert_eq!((status, told["code"].as_str()), (422, Some("idempotency-key-reused")), "{path}");
            assert_eq!((shop.level("mug").await, shop.view(shipped).await.refunds.len()), before, "{path}");
        }
        shop.settle().await;
        assert_eq!(shop.view(cancelled).await.status, Status::Refunded);
        assert_eq!(shop.view(cancelled).await.cancel_reason, "two by mistake");
        shop.books_balance().await;
    }
);

on_both_engines!(
    /// Many at once under one key: each hears the same, and it is done once.
    a_request_that_is_sent_many_times_at_once_is_done_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let received = json!({ "delta": 3, "reason": "received" });
        let path = "/api/admin/stock/mug/movements";
        let answers = join_all((0..8).map(|_| post(shop, path, Some("once"), &received))).await;
        assert!(answers.iter().all(|(status, ..)| *status == 201), "{answers:?}");
        assert_eq!(answers.iter().filter(|(_, again, _)| !again).count(), 1);
        assert_eq!(shop.level("mug").await, (12, 0));

        let id = shop.paid(&[("mug", 1)]).await;
        let path = format!("/api/orders/{id}/cancel");
        let bare = json!({});
        let answers = join_all((0..8).map(|_| post(shop, &path, Some("once"), &bare))).await;
        assert!(answers.iter().all(|(status, ..)| *status == 200), "{answers:?}");
        shop.settle().await;
        assert_eq!(shop.view(id).await.refunds.len(), 1);
        shop.books_balance().await;
    }
);

on_both_engines!(
    /// Two keys of the API are two callers, and a day later a name is free again where nothing else remembers it.
    each_caller_names_its_requests_as_it_likes,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let other = shop.api_key("admin").await;
        let basket = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": "ada@example.org" });
        let (status, _, first) = post(shop, "/api/checkout", Some("k"), &basket).await;
        assert_eq!(status, 201, "{first}");
        let request = shop.http.post(format!("{}/api/checkout", shop.base_url)).bearer_auth(&other);
        let request = request.header("Idempotency-Key", "k").header("Content-Type", "application/json");
        let mine = json!({ "items": [{ "sku": "mug", "quantity": 2 }], "email": "bob@example.org" });
        let (status, told) = answer(request.body(mine.to_string()).send().await.expect("the shop answers")).await;
        assert_eq!(status, 201, "{told}");
        assert_ne!(told["order"]["id"], first["order"]["id"]);

        let id: rules::ids::OrderId = first["order"]["id"].as_str().expect("an id").parse().expect("an id");
        let path = format!("/api/orders/{id}/cancel");
        assert_eq!(post(shop, &path, Some("day"), &json!({ "reason": "one" })).await.0, 200);
        assert_eq!(post(shop, &path, Some("day"), &json!({ "reason": "two" })).await.0, 422);
        shop.shop.clock.advance(Span::minutes(24 * 60));
        let (status, again, _) = post(shop, &path, Some("day"), &json!({ "reason": "two" })).await;
        assert_eq!((status, again), (200, false), "it was cancelled, and still is");
        shop.settle().await;
        shop.books_balance().await;
    }
);

on_both_engines!(
    /// A key is shown once, opens what it may, and nothing any more when its time is over or it is revoked.
    a_key_opens_what_it_may_for_as_long_as_it_may,
    TestShop,
    async |shop: &TestShop| {
        let make = async |name: &str, body: Value| shop.staff("POST", "/api/admin/keys", name, body).await;
        shop.stock("mug", 1).await;
        let noon = shop.shop.now();
        let tomorrow = machine_time(noon + Span::minutes(24 * 60));
        let till = json!({ "name": "till", "scopes": ["products:read"], "expires_at": tomorrow });
        let (status, till) = make("one", till).await;
        assert_eq!((status, &till["revoked"], &till["last_used_on"]), (201, &json!(false), &Value::Null), "{till}");
        let key = till["key"].as_str().expect("it is shown").to_owned();
        let status = async |key: &str, path: &str| {
            let request = shop.http.get(format!("{}{path}", shop.base_url)).bearer_auth(key);
            request.send().await.expect("the shop answers").status().as_u16()
        };
        assert_eq!(status(&key, "/api/admin/products/mug").await, 200);
        assert_eq!(status(&key, "/api/admin/orders").await, 403);
        assert_eq!(status(&key, "/api/admin/keys").await, 403, "keys are for whoever may do everything");

        let (_, listed) = shop.staff("GET", "/api/admin/keys", "", Value::Null).await;
        let listed = listed["data"].as_array().expect("a list").iter().find(|key| key["id"] == till["id"]);
        let listed = listed.expect("it is listed");
        assert_eq!(listed["last_used_on"].as_str(), Some(&machine_time(noon)[..10]));
        assert!(listed.get("key").is_none(), "and never shown again");

        for (wrong, pointer) in [
            (json!({ "name": " ", "scopes": ["admin"] }), "/name"),
            (json!({ "name": "x", "scopes": [] }), "/scopes"),
            (json!({ "name": "x", "scopes": ["orders"] }), "/scopes/0"),
            (json!({ "name": "x", "scopes": ["admin"], "expires_at": "2020-01-01" }), "/expires_at"),
        ] {
            let (status, told) = make("wrong", wrong).await;
            assert_eq!((status, told["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{told}");
        }

        shop.shop.clock.advance(Span::minutes(24 * 60));
        assert_eq!(status(&key, "/api/admin/products/mug").await, 401, "its time is over");
        let (_, fresh) = make("two", json!({ "name": "fresh", "scopes": ["admin"] })).await;
        let (id, key) = (fresh["id"].as_str().expect("an id"), fresh["key"].as_str().expect("a key"));
        assert_eq!(status(key, "/api/admin/keys").await, 200);
        let revoke = async |id: &str| shop.staff("DELETE", &format!("/api/admin/keys/{id}"), "", Value::Null).await.0;
        assert_eq!((revoke(id).await, revoke(id).await, revoke("key_nobody").await), (204, 204, 404));
        assert_eq!(status(key, "/api/admin/keys").await, 401);
    }
);

on_both_engines!(
    /// The answer was lost, so the request comes again: no second key opens the shop, and the first is not shown twice.
    a_repeated_request_draws_no_second_key,
    TestShop,
    async |shop: &TestShop| {
        let body = json!({ "name": "till", "scopes": ["orders:read", "stock:write"], "expires_at": "2099-01-01" });
        let names = async || {
            let (_, list) = shop.staff("GET", "/api/admin/keys", "", Value::Null).await;
            let list = list["data"].as_array().expect("a list").clone();
            let mut names: Vec<_> = list.iter().map(|key| key["name"].as_str().expect("a name").to_owned()).collect();
            names.sort();
            names
        };
        let path = "/api/admin/keys";
        let answers = join_all((0..5).map(|_| post(shop, path, Some("one"), &body))).await;
        assert!(answers.iter().all(|(status, ..)| *status == 201), "{answers:?}");
        let (told, silent): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, again, _)| !again);
        assert_eq!((told.len(), silent.len()), (1, 4));
        let (mut made, key) = (told[0].2.clone(), told[0].2["key"].as_str().expect("it is shown").to_owned());
        made.as_object_mut().expect("an entry").remove("key");
        assert!(silent.iter().all(|(.., told)| *told == made), "{silent:?}: its entry, and not the key");
        assert_eq!(names().await, ["tests", "till"]);
        let orders = format!("{}/api/admin/orders", shop.base_url);
        let opened = shop.http.get(&orders).bearer_auth(&key).send().await.expect("the shop answers");
        assert_eq!(opened.status(), 200);

        let late = Span::minutes(3 * 24 * 60);
        shop.shop.clock.advance(late);
        for (field, other) in
            [("name", json!("stall")), ("scopes", json!(["admin"])), ("expires_at", json!("2098-01-01"))]
        {
            let mut body = body.clone();
            body[field] = other;
            let (status, _, told) = post(shop, path, Some("one"), &body).await;
            assert_eq!((status, told["code"].as_str()), (422, Some("idempotency-key-reused")), "{field}: {told}");
        }
        let revoke = format!("{path}/{}", made["id"].as_str().expect("an id"));
        assert_eq!(shop.staff("DELETE", &revoke, "", Value::Null).await.0, 204);
        let (status, again, told) = post(shop, path, Some("one"), &body).await;
        assert_eq!((status, again, &told["revoked"]), (201, true, &json!(true)), "it does not come back: {told}");
        // Without a name each request draws a key of its own.
        for _ in 0..2 {
            assert!(post(shop, path, None, &body).await.2["key"].is_string());
        }
        assert_eq!(names().await, ["tests", "till", "till", "till"]);
    }
);

/// Follows the `Link` headers of a list from its first page on; how many rows there were, each once.
async fn walk(shop: &TestShop, path: &str) -> usize {
    let mut next = Some(format!("{path}{}limit=1", if path.contains('?') { "&" } else { "?" }));
    let mut seen: Vec<String> = Vec::new();
    while let Some(place) = next.take() {
        let response = shop.ask("GET", &place).send().await.expect("the shop answers");
        let link = response.headers().get(LINK).map(|link| link.to_str().expect("text").to_owned());
        let (status, page) = answer(response).await;
        assert_eq!(status, 200, "{place}: {page}");
        let rows = page["data"].as_array().expect("a list");
        assert!(rows.len() <= 1, "{place}");
        seen.extend(rows.iter().map(Value::to_string));
        assert_eq!(link.is_some(), page["next"].is_string(), "{place}: the header and the body agree");
        next = link.map(|link| {
            let (address, relation) = link.split_once("; ").expect("a link and its relation");
            assert_eq!(relation, "rel=\"next\"");
            address.trim_start_matches('<').trim_end_matches('>').to_owned()
        });
    }
    let all = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all, "{path}: nothing twice");
    all
}

on_both_engines!(every_list_leads_to_its_end, TestShop, async |shop: &TestShop| {
    for name in ["bowl", "cup", "mug"] {
        shop.stock(name, 9).await;
        let page = json!({ "title": { "en": name }, "body": { "en": name } });
        assert_eq!(shop.staff("PUT", &format!("/api/admin/pages/{name}"), "k", page).await.0, 201);
        let coupon = json!({ "code": name, "percent_off": 10 });
        assert_eq!(shop.staff("POST", "/api/admin/coupons", "k", coupon).await.0, 201);
        shop.api_key("orders:read").await;
        shop.paid(&[(name, 1)]).await;
    }
    for (path, least) in [
        ("/api/products", 3),
        ("/api/admin/products", 3),
        ("/api/admin/stock", 3),
        ("/api/admin/orders", 3),
        ("/api/admin/orders?status=paid", 3),
        ("/api/admin/coupons", 3),
        ("/api/admin/pages", 3),
        ("/api/admin/keys", 4),
        ("/api/admin/events", 3),
        ("/api/admin/payments", 3),
    ] {
        assert!(walk(shop, path).await >= least, "{path}");
        let between = if path.contains('?') { "&" } else { "?" };
        for (asked, expected) in [("limit=0", 422), ("limit=201", 422), ("limit=x", 422), ("limit=200", 200)] {
            let (status, told) = shop.staff("GET", &format!("{path}{between}{asked}"), "", Value::Null).await;
            assert_eq!(status, expected, "{path} {asked}: {told}");
        }
    }
    for path in [
        "/api/admin/orders",
        "/api/admin/pages",
        "/api/admin/keys",
        "/api/admin/events",
        "/api/admin/payments",
        "/api/products",
    ] {
        let (status, told) = shop.staff("GET", &format!("{path}?after=nowhere"), "", Value::Null).await;
        assert_eq!((status, told["errors"][0]["pointer"].as_str()), (422, Some("after")), "{path}");
    }
});

on_both_engines!(
    /// A place beyond all bounds is refused, and one that was stored before breaks nothing for who comes after.
    a_page_has_a_place_in_the_footer,
    TestShop,
    async |shop: &TestShop| {
        let put = async |slug: &str, position: Value| {
            let page = json!({ "title": { "en": slug }, "body": { "en": slug }, "position": position });
            shop.staff("PUT", &format!("/api/admin/pages/{slug}"), "k", page).await
        };
        for wrong in [-1, 1_000_001, i64::MAX] {
            let (status, told) = put("far", json!(wrong)).await;
            assert_eq!((status, told["errors"][0]["pointer"].as_str()), (422, Some("/position")), "{told}");
        }
        assert_eq!(put("last", json!(1_000_000)).await.0, 201);
        let sql = "update pages set position = $1 where slug = 'last'";
        shop.shop.storage.write(sql, values![i64::MAX]).await.expect("the database answers");
        let (status, told) = put("next", Value::Null).await;
        assert_eq!((status, told["position"].as_i64()), (201, Some(1_000_000)), "{told}");
        assert_eq!(put("next", told["position"].clone()).await.0, 200, "what is read can be written");
    }
);
