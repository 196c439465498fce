//! The pages as a browser without scripts meets them, against a Stripe that knows just enough to open a session.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use rules::commands::count_stock::CountStock;
use rules::ids::CountId;
use rules::stock::Reason;
use rules::text::Sku;
use rules::time::{Span, Timestamp};
use tower::ServiceExt;

use crate::clock::Clock;
use crate::config::Config;
use crate::shop::Shop;
use crate::storage::products::{self, Localized, NewProduct, NewVariant, ProductStatus};

/// A shop with one cup in two glazes, and a browser that keeps its cookies.
struct Visit {
    shop: Arc<Shop>,
    router: Router,
    cookies: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

struct Page {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Page {
    fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default()
    }

    /// The value of a hidden field.
    fn hidden(&self, name: &str) -> String {
        let start = format!("name=\"{name}\" value=\"");
        let at = self.text.find(&start).unwrap_or_else(|| panic!("no field {name} in {}", self.text)) + start.len();
        self.text[at..].split('"').next().unwrap_or_default().to_owned()
    }
}

impl Visit {
    async fn with_stock(celadon: i64, tenmoku: i64) -> Visit {
        let _ = rustls::crypto::ring::default_provider().install_default(); // Another test may have been first.
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            database_url: format!("sqlite:{}", folder.path().join("shop.db").display()),
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            base_url: "http://shop.test".to_owned(),
            stripe_secret_key: None,
            webhook_secrets: Vec::new(),
            stripe_api_base: little_stripe().await,
            hold: Span::minutes(30),
            smtp_url: None,
            mail_from: None,
            confirm_moved: false,
            trusted_proxies: Vec::new(),
            admin_host: None,
            sandbox: Some(crate::config::SandboxAddress { base_url: "http://127.0.0.1:9".to_owned() }),
        };
        let clock = Clock::simulated(Timestamp::from_seconds(1_795_320_300));
        let shop = Shop::open(config, clock).await.expect("the shop opens");
        let variant = |sku: &str, en: &str, zh: &str| NewVariant {
            sku: Sku::parse(sku).expect("a SKU"),
            title: Localized::of(&[("en", en), ("zh-CN", zh)]),
            options: [("Glaze".to_owned(), Localized::of(&[("en", en), ("zh-CN", zh)]))].into(),
            price_minor: 3200,
            compare_at_minor: None,
            weight_grams: None,
        };
        let cup = NewProduct {
            tax_class: None,
            slug: "cup".to_owned(),
            status: ProductStatus::Active,
            title: Localized::of(&[("en", "Tea <cup>"), ("zh-CN", "茶杯")]),
            description: Localized::of(&[("en", "Holds **120 ml**. <script>x</script>")]),
            options: vec!["Glaze".to_owned()],
            image: Some("cup".to_owned()),
            ships_from: None,
            specs: None,
            variants: vec![variant("CUP-CEL", "Celadon", "青瓷"), variant("CUP-TEN", "Tenmoku", "天目")],
            collections: Some(vec!["cups".to_owned()]),
        };
        products::upsert(&shop.storage, cup, shop.now()).await.expect("the cup is saved");
        for (number, (sku, delta)) in [("CUP-CEL", celadon), ("CUP-TEN", tenmoku)].into_iter().enumerate() {
            if delta > 0 {
                let id = CountId::from_u128(number as u128 + 1);
                let (sku, actor) = (Sku::parse(sku).expect("a SKU"), "test".to_owned());
                let count = CountStock { id, sku, delta, reason: Reason::Received, actor };
                shop.ledger.count_stock(count, shop.now()).await.expect("goods are received");
            }
        }
        let router = super::router(shop.clone());
        Visit { shop, router, cookies: Vec::new(), _folder: folder }
    }

    async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).expect("a request")).await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let pairs: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(pairs.join("&")));
        self.send(request.expect("a request")).await
    }

    async fn send(&mut self, mut request: Request<Body>) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, cookies.join("; ").parse().expect("a header"));
        }
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
            let (name, value) = cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a pair");
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let bytes = to_bytes(body, 10_000_000).await.expect("a body");
        let policy = parts.headers.get("content-security-policy").expect("every answer has the policy");
        assert!(policy.to_str().expect("text").starts_with("default-src 'none'; script-src 'self'"));
        assert!(parts.headers.contains_key("x-content-type-options") && parts.headers.contains_key("x-request-id"));
        Page { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// Puts cups into the cart and presses Pay.
    async fn check_out(&mut self, email: &str) -> Page {
        let form = self.get("/checkout").await;
        assert_eq!(form.status, StatusCode::OK, "{}", form.text);
        let (id, seen) = (form.hidden("order_id"), form.hidden("seen"));
        self.post("/checkout", &[("order_id", &id), ("seen", &seen), ("email", email), ("name", "Ada")]).await
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") })
        .collect()
}

/// Opens, shows and expires sessions whose id is made from the order's.
async fn little_stripe() -> String {
    fn session(id: &str, order: &str, total: i64, status: &str) -> Json<serde_json::Value> {
        Json(serde_json::json!({
            "id": id, "object": "checkout.session", "livemode": false, "client_reference_id": order,
            "status": status, "payment_status": "unpaid", "amount_total": total, "currency": "usd",
            "expires_at": 1_795_330_000, "created": 1_795_320_300, "payment_intent": null,
            "url": format!("https://checkout.stripe.com/c/pay/{id}"), "metadata": { "order_id": order },
        }))
    }
    async fn open(State(port): State<u16>, body: String) -> Json<serde_json::Value> {
        let _ = port;
        let decoded = body.replace("%5B", "[").replace("%5D", "]");
        let field = |name: &str| {
            let start = format!("{name}=");
            decoded.split('&').find_map(|pair| pair.strip_prefix(&start).map(str::to_owned)).unwrap_or_default()
        };
        let sum: i64 = (0..50)
            .map(|at| {
                let number = |name: String| field(&name).parse::<i64>().unwrap_or(0);
                number(format!("line_items[{at}][price_data][unit_amount]"))
                    * number(format!("line_items[{at}][quantity]"))
            })
            .sum();
        let order = field("client_reference_id");
        session(&format!("cs_test_{order}_{sum}"), &order, sum, "open")
    }
    fn again(id: &str, status: &str) -> Json<serde_json::Value> {
        let rest = id.strip_prefix("cs_test_").unwrap_or_default();
        let (order, sum) = rest.rsplit_once('_').unwrap_or_default();
        session(id, order, sum.parse().unwrap_or(0), status)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = Router::new()
        .route("/v1/checkout/sessions", post(open))
        .route("/v1/checkout/sessions/{id}", get(async |Path(id): Path<String>| again(&id, "open")))
        .route("/v1/checkout/sessions/{id}/expire", post(async |Path(id): Path<String>| again(&id, "expired")))
        .with_state(address.port());
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

#[tokio::test]
async fn every_page_is_shown_in_both_languages() {
    let mut visit = Visit::with_stock(4, 0).await;
    for path in [
        "/",
        "/products",
        "/products/cup",
        "/products/cup?variant=CUP-TEN",
        "/collections/cups",
        "/search?q=cup",
        "/search",
        "/cart",
        "/_sandbox/mail",
    ] {
        for prefix in ["", "/zh"] {
            let page = visit.get(&format!("{prefix}{path}")).await;
            assert_eq!(page.status, StatusCode::OK, "{prefix}{path}: {}", page.text);
            let lang = if prefix.is_empty() { "<html lang=\"en\">" } else { "<html lang=\"zh-CN\">" };
            assert!(page.text.contains(lang) && page.text.contains("class=\"sandbox\""), "{prefix}{path}");
            assert!(!page.text.contains("style=") && !runs_script(&page.text), "{prefix}{path}");
        }
    }
    let page = visit.get("/products/cup").await;
    assert!(page.text.contains("Tea &lt;cup&gt;") && page.text.contains("4 left") && page.text.contains("sold out"));
    assert!(page.text.contains("href=\"/zh/products/cup\"") && page.text.contains("/assets/goods/cup/tenmoku.svg"));
    let page = visit.get("/zh/products/cup?variant=CUP-CEL").await;
    assert!(page.text.contains("仅剩 4 件") && page.text.contains("已售罄") && page.text.contains("釉色"));
    assert!(page.text.contains("href=\"/products/cup?variant=CUP-CEL\""), "the switch keeps the page");
}

#[tokio::test]
async fn what_is_not_there_has_a_kind_page() {
    let mut visit = Visit::with_stock(1, 1).await;
    for path in [
        "/nothing",
        "/zh/nothing",
        "/products/none",
        "/products/%00",
        "/collections/none",
        "/orders/x",
        "/orders/ord_00000000000000000000000000000001",
        "/success",
        "/success?session_id=cs_none",
        "/success?session_id=%00",
        "/products?page=2",
        "/products?page=x",
        "/assets/none",
        "/assets/goods/cup/none.svg",
    ] {
        let page = visit.get(path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text.contains("<h1>"), "{path}: {}", page.text);
    }
    assert!(visit.get("/zh/nothing").await.text.contains("页面不存在"));
    let page = visit.post("/products", &[]).await;
    assert_eq!(page.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(page.headers.contains_key("allow"));
    let page = visit.post("/cart/add", &[("sku", &"x".repeat(1_100_000))]).await;
    assert_eq!(page.status, StatusCode::PAYLOAD_TOO_LARGE);
    for path in ["/healthz", "/readyz", "/assets/shop.css", "/assets/goods/whisk/bamboo.svg", "/assets/favicon.svg"] {
        assert_eq!(visit.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_the_page_that_explains_it() {
    let mut visit = Visit::with_stock(1, 1).await;
    let problem = visit.get("/api/orders/ord_of_nobody").await;
    let problem: serde_json::Value = serde_json::from_str(&problem.text).expect("a problem is JSON");
    let kind = problem["type"].as_str().expect("a type");
    for (prefix, title) in [("", "There is nothing here"), ("/zh", "这里没有内容")] {
        for path in [format!("{prefix}{kind}"), format!("{prefix}/problems")] {
            let page = visit.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.text.contains(title) && page.text.contains("<code>not-found</code>"), "{path}: {}", page.text);
        }
    }
    assert_eq!(visit.get("/problems/of-nobody").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let mut visit = Visit::with_stock(1, 1).await;
    let request =
        Request::post("/cart/add").header("sec-fetch-site", "cross-site").header("origin", "https://evil.example");
    let page = visit.send(request.body(Body::from("sku=CUP-CEL&quantity=1")).expect("a request")).await;
    assert_eq!(page.status, StatusCode::FORBIDDEN);
    assert!(visit.cookies.is_empty() && page.text.contains("another site"));
}

#[tokio::test]
async fn a_quantity_that_is_none_is_shown_again() {
    let mut visit = Visit::with_stock(4, 1).await;
    for wrong in ["0", "-1", "1000", "two", "1.5", "", "9999999999999999999999", "\0"] {
        let page = visit.post("/cart/add", &[("sku", "CUP-CEL"), ("quantity", wrong), ("from", "cup")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong:?}");
        assert!(page.text.contains("whole number from 1 to 999"), "{wrong:?}");
    }
    let page = visit.post("/cart/add", &[("sku", "\0"), ("quantity", "1")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(visit.cookies.is_empty());
}

#[tokio::test]
async fn a_cart_says_what_is_left_and_puts_it_right() {
    let mut visit = Visit::with_stock(2, 1).await;
    assert_eq!(
        visit.post("/cart/add", &[("sku", "CUP-CEL"), ("quantity", "3"), ("from", "cup")]).await.location(),
        "/cart"
    );
    let page = visit.get("/cart").await;
    assert!(page.text.contains("Only 2 are left.") && page.text.contains("Take 2") && page.text.contains("$96.00"));
    assert_eq!(visit.get("/checkout").await.location(), "/cart");
    visit.post("/cart/change", &[("sku", "CUP-CEL"), ("quantity", "2")]).await;
    let page = visit.get("/cart").await;
    assert!(page.text.contains("$64.00") && page.text.contains("href=\"/checkout\"") && page.text.contains("Cart (2)"));
    assert_eq!(page.headers["cache-control"], "no-store");
    visit.post("/cart/change", &[("sku", "CUP-CEL"), ("quantity", "0")]).await;
    assert!(visit.get("/cart").await.text.contains("Your cart is empty."));
}

#[tokio::test]
async fn pay_leads_to_one_order_however_often_it_is_pressed() {
    let mut visit = Visit::with_stock(1, 1).await;
    visit.post("/cart/add", &[("sku", "CUP-CEL"), ("quantity", "1"), ("from", "cup")]).await;
    let form = visit.get("/checkout").await;
    assert!(form.text.contains("Pay $32.00"), "{}", form.text);
    let (id, seen) = (form.hidden("order_id"), form.hidden("seen"));
    let wrong =
        visit.post("/checkout", &[("order_id", &id), ("seen", &seen), ("email", "nobody"), ("name", "Lin")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.text.contains("href=\"#email\"") && wrong.text.contains("aria-invalid=\"true\""));
    assert!(wrong.text.contains("value=\"Lin\"") && wrong.text.contains("value=\"nobody\""), "what was typed is kept");
    let fields = [("order_id", id.as_str()), ("seen", &seen), ("email", "ada@example.org")];
    let first = visit.post("/checkout", &fields).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.text);
    let again = visit.post("/checkout", &fields).await;
    assert_eq!(first.location(), again.location());
    assert!(first.location().starts_with("https://checkout.stripe.com/"), "{}", first.location());

    // The last cup is held by the visitor's own order: the cart does not call it sold out.
    let cart = visit.get("/cart").await;
    assert!(cart.text.contains("These are held for you") && cart.text.contains("href=\"/checkout\""), "{}", cart.text);
    let order = visit.get(&format!("/orders/{id}")).await;
    assert!(
        order.text.contains("Finish paying")
            && order.text.contains("held until")
            && order.text.contains("ada@example.org")
            || order.text.contains("Pay $32.00")
    );
    assert!(order.text.contains("<time datetime=\"2026-11-22T04:35:00Z\" data-until"));

    // Another e-mail is another request: it takes the old order's place, and the last cup stays theirs.
    let fields = [("order_id", id.as_str()), ("seen", &seen), ("email", "ada@example.com")];
    let other = visit.post("/checkout", &fields).await;
    assert_eq!(other.status, StatusCode::SEE_OTHER, "{}", other.text);
    assert_ne!(other.location(), first.location());
    assert_eq!(visit.post("/checkout", &fields).await.location(), other.location());
    let old = visit.get(&format!("/orders/{id}")).await;
    assert!(old.text.contains("went back on the shelf") && old.text.contains("action=\"/cart/rebuild\""));
}

#[tokio::test]
async fn a_cart_that_changed_in_another_tab_is_shown_before_it_is_ordered() {
    let mut visit = Visit::with_stock(5, 5).await;
    visit.post("/cart/add", &[("sku", "CUP-CEL"), ("quantity", "1"), ("from", "cup")]).await;
    let form = visit.get("/checkout").await;
    visit.post("/cart/add", &[("sku", "CUP-TEN"), ("quantity", "2"), ("from", "cup")]).await;
    let fields = [("order_id", form.hidden("order_id")), ("seen", form.hidden("seen"))];
    let page = visit
        .post("/checkout", &[("order_id", &fields[0].1), ("seen", &fields[1].1), ("email", "ada@example.org")])
        .await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(
        page.text.contains("Your cart changed")
            && page.text.contains("Pay $96.00")
            && page.text.contains("ada@example.org")
    );
    let again = visit
        .post(
            "/checkout",
            &[("order_id", &page.hidden("order_id")), ("seen", &page.hidden("seen")), ("email", "ada@example.org")],
        )
        .await;
    assert_eq!(again.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn who_comes_second_is_told_what_is_left() {
    let mut first = Visit::with_stock(1, 1).await;
    first.post("/cart/add", &[("sku", "CUP-CEL"), ("quantity", "1"), ("from", "cup")]).await;
    let mut second = Visit {
        shop: first.shop.clone(),
        router: first.router.clone(),
        cookies: Vec::new(),
        _folder: tempfile::tempdir().expect("a folder"),
    };
    second.post("/zh/cart/add", &[("sku", "CUP-CEL"), ("quantity", "1"), ("from", "cup")]).await;
    let form = second.get("/zh/checkout").await;
    assert_eq!(first.check_out("ada@example.org").await.status, StatusCode::SEE_OTHER);
    let page = second
        .post(
            "/zh/checkout",
            &[("order_id", &form.hidden("order_id")), ("seen", &form.hidden("seen")), ("email", "lin@example.org")],
        )
        .await;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.text);
    assert!(
        page.text.contains("茶杯") && page.text.contains("已售罄") && page.text.contains("未扣款"),
        "{}",
        page.text
    );
    assert!(second.get("/zh/cart").await.text.contains("该商品已售罄"));
}

#[tokio::test]
async fn an_order_is_opened_by_its_token_alone() {
    let mut visit = Visit::with_stock(1, 1).await;
    visit.post("/cart/add", &[("sku", "CUP-CEL"), ("quantity", "1"), ("from", "cup")]).await;
    let paying = visit.check_out("ada@example.org").await;
    let session = paying.location().rsplit('/').next().unwrap_or_default().to_owned();
    let id = session.trim_start_matches("cs_test_").trim_end_matches("_3200").to_owned();
    let back = visit.get(&format!("/success?session_id={session}")).await;
    assert_eq!((back.status, back.location()), (StatusCode::SEE_OTHER, format!("/orders/{id}").as_str()));

    visit.cookies.clear();
    let stranger = visit.get(&format!("/success?session_id={session}")).await;
    assert_eq!(stranger.status, StatusCode::OK);
    assert!(stranger.text.contains("1001") && !stranger.text.contains("ada@") && !stranger.text.contains("Tea"));
    assert_eq!(visit.get(&format!("/orders/{id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(visit.get(&format!("/orders/{id}?token=wrong")).await.status, StatusCode::NOT_FOUND);
    let token = visit.shop.order_token(id.parse().expect("an id"));
    let opened = visit.get(&format!("/zh/orders/{id}?token={token}")).await;
    assert_eq!(opened.location(), format!("/zh/orders/{id}"));
    let page = visit.get(&format!("/zh/orders/{id}")).await;
    assert!(
        page.status == StatusCode::OK && page.text.contains("等待付款") && page.headers["cache-control"] == "no-store"
    );
}

#[tokio::test]
async fn a_style_that_is_known_is_not_sent_again() {
    let mut visit = Visit::with_stock(1, 1).await;
    let style = visit.get("/assets/shop.css").await;
    let request = Request::get("/assets/shop.css").header("if-none-match", &style.headers["etag"]);
    let again = visit.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!((again.status, again.text.len()), (StatusCode::NOT_MODIFIED, 0));
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    assert_eq!(super::origin("http://127.0.0.1:12111/v1").as_deref(), Some("http://127.0.0.1:12111"));
    assert_eq!(super::origin("https://shop.example").as_deref(), Some("https://shop.example"));
    assert_eq!(super::origin("nothing"), None);
}

/// Structured data is text in a script element, and the shop's own files are not inline.
fn runs_script(page: &str) -> bool {
    let page = page.replace("<script type=\"application/ld+json\">", "").replace("<script src=\"/assets/", "");
    page.contains("<script")
}

/// What was begun is done, and written down, although nobody waits for the answer.
#[tokio::test]
async fn what_was_begun_goes_on_when_its_caller_hangs_up() {
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let (tell, told) = tokio::sync::oneshot::channel();
    let mut work = Box::pin(crate::web::carry_through(async move {
        let _ = gone.await;
        let _ = tell.send("written down");
        axum::response::Response::default()
    }));
    let is_begun = std::future::poll_fn(|cx| std::task::Poll::Ready(work.as_mut().poll(cx).is_pending()));
    assert!(is_begun.await, "it waits");
    drop(work);
    go.send(()).expect("it is still there");
    assert_eq!(told.await, Ok("written down"));
}
