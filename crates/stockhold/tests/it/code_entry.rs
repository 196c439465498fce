//! Entering codes: nobody finds one by trying, and nobody with a right one waits.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures_util::future::join_all;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::shop::Shop;
use stockhold::web;
use tower::ServiceExt;

use crate::coupons::{issue, tea10};
use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;
use crate::support::steps::another_process;

/// Somebody at an address orders a mug with a code; the status, the problem's code and `Retry-After`.
struct Somebody<'a> {
    shop: &'a Arc<Shop>,
    address: [u8; 4],
    key: Option<&'a str>,
}

type Told = (u16, String, String);

impl Somebody<'_> {
    async fn orders(&self, name: &str, code: Option<&str>) -> Told {
        let mut body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": format!("{name}@example.org") });
        if let Some(code) = code {
            body["coupon"] = json!(code);
        }
        let key = format!("{name}-{code:?}-{}", self.address[3]);
        self.asks(Request::post("/api/checkout").header("Idempotency-Key", key), body).await
    }

    /// Only asks what it would cost.
    async fn quotes(&self, code: &str) -> Told {
        let body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "coupon": code });
        self.asks(Request::post("/api/quote"), body).await
    }

    async fn asks(&self, request: axum::http::request::Builder, body: Value) -> Told {
        let request = match self.key {
            Some(key) => request.header("Authorization", format!("Bearer {key}")),
            None => request,
        };
        let request = request.header("Content-Type", "application/json");
        let request = request.extension(ConnectInfo(SocketAddr::from((self.address, 1))));
        let request = request.body(Body::from(body.to_string())).expect("a request");
        let response = web::router(self.shop.clone()).oneshot(request).await.expect("a router always answers");
        let status = response.status().as_u16();
        let wait = response.headers().get("retry-after").map_or("", |text| text.to_str().expect("text")).to_owned();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("the answer is whole");
        let body: Value = serde_json::from_slice(&bytes).expect("JSON");
        (status, body["code"].as_str().unwrap_or_default().to_owned(), wait)
    }

    async fn guesses(&self, name: &str, times: usize) {
        for n in 0..times {
            assert_eq!(self.orders(name, Some(&format!("GUESS{n}"))).await.1, "coupon-unknown", "{name} {n}");
        }
    }
}

fn at(shop: &Arc<Shop>, last: u8) -> Somebody<'_> {
    Somebody { shop, address: [203, 0, 113, last], key: None }
}

fn told(status: u16, code: &str, wait: &str) -> Told {
    (status, code.to_owned(), wait.to_owned())
}

on_both_engines!(
    /// Ten wrong codes in ten minutes, counted for the address and for the buyer, at every instance and after a restart.
    an_address_that_tries_codes_has_to_wait,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        issue(&shop.shop.storage, &tea10()).await;
        let here = at(&shop.shop, 1);
        for n in 0..10 {
            let guess = here.orders(&format!("guesser{n}"), Some("GUESS")).await;
            assert_eq!(guess, told(422, "coupon-unknown", ""), "{n}");
            shop.shop.clock.advance(Span::seconds(30));
        }
        let refused = told(429, "too-many-attempts", "300");
        assert_eq!(here.orders("guesser", Some("GUESS")).await, refused);
        assert_eq!(here.orders("guesser", Some("TEA10")).await, refused, "or a right one would be found all the same");
        let restarted = another_process(shop).await;
        assert_eq!(at(&restarted, 1).orders("guesser", Some("TEA10")).await, refused, "in another process");
        assert_eq!(here.orders("calm", None).await.0, 201, "without a code");
        assert_eq!(at(&restarted, 2).orders("neighbour", Some("TEA10")).await.0, 201, "at another address");
        let key = shop.api_key("orders:write").await;
        let front = Somebody { key: Some(&key), ..at(&shop.shop, 1) };
        assert_eq!(front.orders("customer", Some("TEA10")).await.0, 201, "a shop front speaks for many");
        assert_eq!((here.quotes("TEA10").await, front.quotes("TEA10").await.0), (refused, 200), "asking for the price, too");

        shop.shop.clock.advance(Span::seconds(299));
        assert_eq!(here.orders("guesser", Some("TEA10")).await, told(429, "too-many-attempts", "1"));
        shop.shop.clock.advance(Span::seconds(1));
        assert_eq!(here.orders("guesser", Some("TEA10")).await.0, 201);
        here.guesses("again", 5).await;
        for n in 0..5 {
            assert_eq!(here.quotes(&format!("QUOTE{n}")).await.1, "coupon-unknown", "{n}");
        }
        assert_eq!(here.orders("again", Some("GUESS")).await.1, "too-many-attempts", "counted anew");
    }
);

on_both_engines!(
    /// A buyer who tries from many addresses is one buyer.
    a_buyer_who_tries_codes_from_everywhere_has_to_wait,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        issue(&shop.shop.storage, &tea10()).await;
        for n in 0..10 {
            at(&shop.shop, n).guesses("ada", 1).await;
        }
        assert_eq!(at(&shop.shop, 99).orders("ADA+x", Some("TEA10")).await.1, "too-many-attempts");
        assert_eq!(at(&shop.shop, 99).orders("grace", Some("TEA10")).await.0, 201);
    }
);

on_both_engines!(
    /// Whoever tries many at once learns of no more than ten.
    many_guesses_at_once_are_no_more_than_ten,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        let other = another_process(shop).await;
        let doors = [at(&shop.shop, 1), at(&other, 1)];
        let guesses = (0..40).map(|n| {
            let door = &doors[n % 2];
            async move { door.orders(&format!("guesser{n}"), Some(&format!("GUESS{n}"))).await.1 }
        });
        let told = join_all(guesses).await;
        let wrong = told.iter().filter(|code| *code == "coupon-unknown").count();
        let refused = told.iter().filter(|code| *code == "too-many-attempts").count();
        assert!(wrong <= 10 && wrong + refused == 40, "{told:?}");
        assert_eq!(doors[0].orders("guesser", Some("GUESS")).await.1, "too-many-attempts");
    }
);

on_both_engines!(
    /// Below the limit nobody with a right code waits, however many press at once; an old mistake is forgotten, and an order
    /// that stands is told again to whoever asks again.
    a_right_code_is_never_slowed_down,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 99).await;
        issue(&shop.shop.storage, &tea10()).await;
        let here = at(&shop.shop, 1);
        here.guesses("clumsy", 9).await;
        let buyers = (0..15).map(|n| {
            let here = &here;
            async move { here.orders(&format!("buyer{n}"), Some("tea10")).await.0 }
        });
        assert_eq!(join_all(buyers).await, [201; 15]);
        shop.shop.clock.advance(Span::minutes(10));
        here.guesses("clumsy", 9).await;
        assert_eq!(here.orders("late", Some("tea10")).await.0, 201);
        here.guesses("other", 1).await;
        assert_eq!(here.orders("next", Some("tea10")).await.1, "too-many-attempts");
        assert_eq!(here.orders("late", Some("tea10")).await.0, 201, "the same request meets its first answer");
    }
);

async fn applies(browser: &Browser<'_>, path: &str, code: &str) -> Page {
    let form = browser.get(path).await;
    let (order_id, seen) = (form.hidden("order_id"), form.hidden("seen"));
    let fields =
        [("order_id", &*order_id), ("seen", &*seen), ("email", "ada@example.org"), ("coupon", code), ("apply", "1")];
    browser.post(path, &fields).await
}

on_both_engines!(
    /// On the page: kind words in the buyer's language, when to try again, and a way on without a code.
    a_page_says_kindly_that_it_is_enough,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        issue(&shop.shop.storage, &tea10()).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        for n in 0..10 {
            assert_eq!(applies(&browser, "/checkout", &format!("GUESS{n}")).await.status, 422, "{n}");
        }
        let page = applies(&browser, "/checkout", "TEA10").await;
        assert_eq!((page.status, page.retry_after.as_str()), (429, "600"));
        assert!(page.text.contains("Please wait 10 minutes"), "{}", page.text);
        let page = applies(&browser, "/zh/checkout", "TEA10").await;
        assert_eq!(page.status, 429);
        assert!(page.text.contains("请等 10 分钟后再试"), "{}", page.text);
        let mut form = browser.pay_form("ada@example.org").await;
        form.push(("coupon".to_owned(), "TEA10".to_owned()));
        let page = browser.press_pay(&form).await;
        assert_eq!((page.status, page.retry_after.as_str()), (429, "600"), "pressing Pay is no way around");
        form.pop();
        assert_eq!(browser.press_pay(&form).await.status, 303);
        assert_eq!(shop.level("mug").await, (9, 1));
    }
);
