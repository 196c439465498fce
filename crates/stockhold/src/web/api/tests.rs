//! The API as programs meet it: doors, shapes and the webhook; its journeys with money are among the integration tests.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request};
use rules::ids::OrderId;
use rules::stock::Reason;
use rules::time::{Span, Timestamp};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::access::Access;
use super::routes;
use crate::clock::Clock;
use crate::config::{Config, Secret};
use crate::shop::Shop;
use crate::storage::inbox;
use crate::storage::keys::{self, Key, Scope, Scopes};
use crate::stripe::signature::sign;

const SECRET: &str = "whsec_of_the_tests";

/// A shop whose Stripe is away: nothing listens on the discard port.
struct Api {
    shop: Arc<Shop>,
    router: Router,
    _folder: tempfile::TempDir,
}

impl Api {
    async fn open() -> Api {
        let _ = rustls::crypto::ring::default_provider().install_default(); // Another test may have been first.
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            database_url: format!("sqlite:{}", folder.path().join("shop.db").display()),
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            base_url: "http://shop.test".to_owned(),
            stripe_secret_key: None,
            webhook_secrets: vec![Secret::new("whsec_older".to_owned()), Secret::new(SECRET.to_owned())],
            stripe_api_base: "http://127.0.0.1:9".to_owned(),
            hold: Span::minutes(30),
            smtp_url: None,
            mail_from: None,
            confirm_moved: false,
            trusted_proxies: Vec::new(),
            admin_host: None,
            sandbox: None,
        };
        let clock = Clock::simulated(Timestamp::from_seconds(1_795_320_300));
        let shop = Shop::open(config, clock).await.expect("the shop opens");
        Api { router: crate::web::router(shop.clone()), shop, _folder: folder }
    }

    async fn key(&self, scopes: &str) -> String {
        let key = Key::draw(false).expect("random numbers");
        let scopes = Scopes::parse(scopes).expect("scopes");
        keys::insert(&self.shop.storage, &key, "till", &scopes, self.shop.now()).await.expect("a key");
        key.expose().to_owned()
    }

    async fn send(&self, request: Request<Body>) -> (u16, Value) {
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 1 << 22).await.expect("a body");
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    async fn ask(&self, method: Method, path: &str, key: &str, body: &str) -> (u16, Value) {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("Content-Type", "application/json").header("Idempotency-Key", "tests");
        let request = if key.is_empty() { request } else { request.header("Authorization", format!("Bearer {key}")) };
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await
    }

    async fn event(&self, body: &str, header: &str) -> u16 {
        let request = Request::post("/api/webhooks/stripe").header("Stripe-Signature", header);
        self.send(request.body(Body::from(body.to_owned())).expect("a request")).await.0
    }

    async fn put_cup(&self) -> (u16, Value) {
        let key = self.key("products:write").await;
        let cup = json!({
            "title": { "en": "Cup" }, "status": "active",
            "variants": [{ "sku": "CUP", "price": { "amount": 3200, "currency": "USD" } }],
        });
        self.ask(Method::PUT, "/api/admin/products/cup", &key, &cup.to_string()).await
    }
}

fn filled(path: &str) -> String {
    path.replace("{slug}", "cup").replace("{sku}", "CUP").replace("{id}", "evt_1")
}

#[tokio::test]
async fn each_route_of_the_admin_opens_to_its_own_scope_and_to_admin() {
    let api = Api::open().await;
    let admin = api.key("admin").await;
    for route in routes() {
        let Access::Key(scope) = route.access else { continue };
        let (method, path) = (route.method, filled(route.path));
        let status = |key: String| {
            let (api, method, path) = (&api, method.clone(), path.clone());
            async move { api.ask(method, &path, &key, "{}").await.0 }
        };
        let others: Vec<&str> =
            Scope::ALL.iter().filter(|s| **s != scope && **s != Scope::Admin).map(|s| s.as_str()).collect();
        assert_eq!(status(String::new()).await, 401, "{path} without a key");
        assert_eq!(status("shk_test_wrong".to_owned()).await, 401, "{path} with a wrong key");
        assert_eq!(status(api.key(&others.join(",")).await).await, 403, "{path} with every other scope");
        for key in [api.key(scope.as_str()).await, admin.clone()] {
            assert!(![401, 403].contains(&status(key).await), "{path} with {scope:?}");
        }
    }
}

#[tokio::test]
async fn a_revoked_key_opens_nothing_not_even_what_is_open_to_anyone() {
    let api = Api::open().await;
    let key = api.key("admin").await;
    assert_eq!(api.ask(Method::GET, "/api/products", &key, "").await.0, 200);
    for stored in keys::list(&api.shop.storage).await.expect("keys") {
        assert_eq!(stored.last_used_on, "2026-11-22");
        assert!(keys::revoke(&api.shop.storage, &stored.id).await.expect("it is revoked"));
    }
    assert_eq!(api.ask(Method::GET, "/api/products", &key, "").await.0, 401);
}

#[tokio::test]
async fn bad_input_is_never_our_fault() {
    let api = Api::open().await;
    let key = api.key("admin").await;
    assert_eq!(api.put_cup().await.0, 201);
    let bodies = [
        "",
        "null",
        "[]",
        "{}",
        "{\"a\":\"\\u0000\"}",
        "{\"delta\":1e400,\"reason\":\"received\"}",
        "{\"delta\":9223372036854775807,\"reason\":\"received\"}",
        "{\"items\":[{\"sku\":\"CUP\",\"quantity\":9223372036854775807}],\"email\":\"a@example.org\"}",
        "{\"title\":{\"en\":\"\\ud83d\"},\"status\":\"active\",\"variants\":[]}",
    ];
    let queries = [
        "?limit=-1",
        "?after=%00",
        "?q=%ff",
        "?after=9223372036854775808",
        "?state=%27",
        "?status=1",
        "?q=%25_!%27%22",
    ];
    for route in routes() {
        let path = filled(route.path);
        for body in bodies {
            let (status, told) = api.ask(route.method.clone(), &path, &key, body).await;
            assert!(status < 500, "{} {path} {body}: {status} {told}", route.method);
        }
        for query in queries {
            let (status, told) = api.ask(route.method.clone(), &format!("{path}{query}"), &key, "{}").await;
            assert!(status < 500, "{} {path}{query}: {status} {told}", route.method);
        }
    }
}

#[tokio::test]
async fn nobody_names_their_own_price() {
    let api = Api::open().await;
    for field in ["price", "total", "status", "currency", "order_id"] {
        let body = json!({ "items": [{ "sku": "CUP", "quantity": 1 }], "email": "a@example.org", field: 1 });
        let (status, told) = api.ask(Method::POST, "/api/checkout", "", &body.to_string()).await;
        assert_eq!((status, &told["errors"][0]["pointer"]), (422, &json!(format!("/{field}"))), "{told}");
    }
}

#[tokio::test]
async fn with_stripe_away_the_checkout_says_so_and_an_order_opens_to_its_own_token_only() {
    let api = Api::open().await;
    assert_eq!(api.put_cup().await.0, 201);
    let key = api.key("stock:write,orders:read").await;
    let received = format!("{{\"delta\":5,\"reason\":\"{}\"}}", Reason::Received.as_str());
    let path = "/api/admin/stock/CUP/movements";
    assert_eq!(api.ask(Method::POST, path, &key, &received).await.0, 201);
    assert_eq!(
        api.ask(Method::POST, path, &key, &received).await.1["on_hand"],
        5,
        "the same request again changes nothing"
    );
    let body = json!({ "items": [{ "sku": "CUP", "quantity": 2 }, { "sku": "CUP", "quantity": 1 }], "email": "a@example.org" });
    let (status, told) = api.ask(Method::POST, "/api/checkout", "", &body.to_string()).await;
    assert_eq!((status, &told["code"]), (503, &json!("payment-provider-unavailable")), "{told}");

    let id = OrderId::from_u128(super::checkout::bits("checkout:tests"));
    let (token, other) = (api.shop.order_token(id), api.shop.order_token(OrderId::from_u128(1)));
    let status = async |path: &str, key: &str| api.ask(Method::GET, path, key, "").await.0;
    assert_eq!(status(&format!("/api/orders/{id}?token={token}"), "").await, 200);
    assert_eq!(status(&format!("/api/orders/{id}?token={other}"), "").await, 404);
    assert_eq!(status(&format!("/api/orders/{id}"), "").await, 404);
    assert_eq!(status(&format!("/api/orders/{}?token={other}", OrderId::from_u128(1)), "").await, 404);
    assert_eq!(status(&format!("/api/orders/{id}"), &key).await, 200);
    let stranger = api.key("products:read").await;
    assert_eq!(status(&format!("/api/orders/{id}"), &stranger).await, 403);
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let api = Api::open().await;
    for (method, path, status) in [
        (Method::GET, "/api", 404),
        (Method::GET, "/api/nothing/here", 404),
        (Method::DELETE, "/api/checkout", 405),
        (Method::GET, "/api/webhooks/stripe", 405),
        (Method::GET, "/api/products/nothing", 404),
    ] {
        let (answered, told) = api.ask(method, path, "", "").await;
        assert_eq!((answered, &told["status"]), (status, &json!(status)), "{path}");
    }
}

/// P11: the same event, twenty times at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_stored_once_however_often_it_comes() {
    let api = Api::open().await;
    let body = r#"{"id":"evt_1","type":"charge.refunded","livemode":false,"data":{"object":{"id":"ch_1"}}}"#;
    let header = sign(SECRET, body.as_bytes(), api.shop.now());
    let answers = futures_util::future::join_all((0..20).map(|_| api.event(body, &header))).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    let stored = inbox::page(&api.shop.storage, None, None, 100).await.expect("the inbox");
    assert_eq!((stored.len(), stored[0].payload.as_str()), (1, body));
}

#[tokio::test]
async fn only_stripe_is_believed() {
    let api = Api::open().await;
    let (body, now) = (r#"{"id":"evt_1","type":"ping","data":{"object":{}}}"#, api.shop.now());
    let old = Timestamp::from_seconds(now.seconds() - 301);
    let later = body.replace("evt_1", "evt_2");
    for (body, header) in [
        (body, String::new()),
        (body, sign("whsec_of_another", body.as_bytes(), now)),
        (body, sign(SECRET, body.as_bytes(), old)),
        (later.as_str(), sign(SECRET, body.as_bytes(), now)),
    ] {
        assert_eq!(api.event(body, &header).await, 400, "{header}");
    }
    let huge = format!("{body}{}", " ".repeat(1 << 20));
    assert_eq!(api.event(&huge, &sign(SECRET, huge.as_bytes(), now)).await, 413);
    assert!(inbox::page(&api.shop.storage, None, None, 100).await.expect("the inbox").is_empty());
    assert_eq!(api.event(body, &sign("whsec_older", body.as_bytes(), now)).await, 200, "a secret that is being rolled");
}

/// P25, P27: a live event at a shop with a test key is kept, answered 200, and never acted upon.
#[tokio::test]
async fn test_and_live_never_mix() {
    let api = Api::open().await;
    let body =
        r#"{"id":"evt_1","type":"checkout.session.completed","livemode":true,"data":{"object":{"id":"cs_live_1"}}}"#;
    assert_eq!(api.event(body, &sign(SECRET, body.as_bytes(), api.shop.now())).await, 200);
    let stored = inbox::page(&api.shop.storage, Some("not_ours"), None, 100).await.expect("the inbox");
    assert_eq!(stored.len(), 1);
}
