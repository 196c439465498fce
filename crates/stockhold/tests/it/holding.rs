//! A hold as its buyer lives with it: seen, lengthened, lapsed, and bought again without typing anything twice.

use reqwest::header::{COOKIE, LOCATION};
use rules::ids::OrderId;
use rules::orders::Status;
use rules::time::Span;
use stockhold::outbox::sweep::sweep;
use stripe_sandbox::{Fault, Faults, Pay};

use crate::on_both_engines;
use crate::support::browser::Browser;
use crate::support::shop::TestShop;

async fn page(shop: &TestShop, id: OrderId, path: &str) -> String {
    let cookie = format!("orders={}", shop.shop.order_token(id));
    let request = shop.http.get(format!("{}/orders/{id}{path}", shop.base_url)).header(COOKIE, cookie);
    request.send().await.expect("the shop answers").text().await.expect("a page")
}

/// Presses "Hold for longer"; the answer's status, and what it says or where it leads.
async fn hold_longer(shop: &TestShop, id: OrderId, token: Option<String>) -> (u16, String) {
    let mut request =
        shop.http.post(format!("{}/orders/{id}/hold", shop.base_url)).header("Sec-Fetch-Site", "same-origin");
    if let Some(token) = token {
        request = request.header(COOKIE, format!("orders={token}"));
    }
    let response = request.send().await.expect("the shop answers");
    let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok()).map(str::to_owned);
    let status = response.status().as_u16();
    (status, place.unwrap_or(response.text().await.expect("a page")))
}

on_both_engines!(
    /// S1, S4: more time is offered near the end and granted once; the payment page stays open as long as the hold, and
    /// no longer.
    a_hold_is_lengthened_once_and_its_page_with_it,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let (id, other) = (shop.check_out(&[("mug", 2)]).await, shop.check_out(&[("mug", 1)]).await);
        let token = || Some(shop.shop.order_token(id));
        assert!(!page(shop, id, "").await.contains("Hold for longer"), "there is time enough");
        shop.shop.clock.advance(Span::minutes(26));
        assert!(page(shop, id, "").await.contains("Hold for longer"));
        assert_eq!(hold_longer(shop, id, None).await.0, 404, "a stranger holds nothing");
        for _ in 0..2 {
            assert_eq!(hold_longer(shop, id, token()).await, (303, format!("/orders/{id}")));
        }
        let view = shop.view(id).await;
        assert_eq!(view.hold_due_at - view.reserved_at, Span::minutes(60));
        assert_eq!(view.events.iter().filter(|event| event.kind == "hold_extended").count(), 1);
        assert!(!page(shop, id, "").await.contains("Hold for longer"), "once");

        shop.shop.clock.advance(Span::minutes(10));
        let swept = sweep(&shop.shop).await.expect("it sweeps");
        assert_eq!((swept.due, swept.orders), (1, vec![other]), "only the other's time is up");
        assert_eq!(shop.level("mug").await, (5, 2));
        shop.shop.clock.advance(Span::minutes(20));
        shop.sandbox.let_time_pass();
        shop.pay(id).await;
        shop.settle().await;
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Paid, (3, 0)));

        let lapses = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(lapses).await;
        shop.shop.clock.advance(Span::minutes(29));
        assert_eq!(hold_longer(shop, lapses, Some(shop.shop.order_token(lapses))).await.0, 303);
        shop.shop.clock.advance(Span::minutes(31));
        assert_eq!(sweep(&shop.shop).await.expect("it sweeps").released, 1);
        shop.sandbox.pay(&session, Pay::Card("4242424242424242".to_owned())).expect_err("the page is closed with the hold");
        assert_eq!((shop.view(lapses).await.status, shop.level("mug").await), (Status::Expired, (3, 0)));
    }
);

on_both_engines!(
    /// S1, S3: no more time for the last ones, for a hold whose time is up, or for an order that is paid or called off.
    a_hold_is_not_lengthened_while_others_wait_nor_when_it_is_over,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let last = shop.check_out(&[("mug", 2)]).await;
        let (status, said) = hold_longer(shop, last, Some(shop.shop.order_token(last))).await;
        assert!(status == 409 && said.contains("others may want them"), "{said}");
        assert_eq!(shop.view(last).await.hold_due_at - shop.view(last).await.reserved_at, Span::minutes(30));

        shop.stock("mug", 7).await;
        let (paid, off) = (shop.paid(&[("mug", 1)]).await, shop.check_out(&[("mug", 1)]).await);
        assert_eq!(shop.cancel(off).await.0, 200);
        shop.shop.clock.advance(Span::minutes(30));
        for id in [last, paid, off] {
            let (status, said) = hold_longer(shop, id, Some(shop.shop.order_token(id))).await;
            assert!(status == 409 && said.contains("cannot be held longer"), "{said}");
        }
        assert_eq!(sweep(&shop.shop).await.expect("it sweeps").released, 1);
        assert_eq!(shop.level("mug").await, (8, 0));
    }
);

on_both_engines!(
    /// The hold runs out: the goods are back in the cart with one click, and nothing that was typed is typed again.
    what_was_typed_outlives_the_hold,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 2).await;
        let form = browser.pay_form("ada@example.org").await;
        assert_eq!(browser.press_pay(&form).await.status, 303);
        shop.shop.clock.advance(Span::minutes(31));
        sweep(&shop.shop).await.expect("it sweeps");
        let id = &form[0].1;
        let lapsed = browser.get(&format!("/orders/{id}?token={}", shop.shop.order_token(id.parse().expect("an id")))).await;
        assert_eq!(lapsed.status, 303);
        let rebuilt = browser.post("/cart/rebuild", &[("order_id", id)]).await;
        assert_eq!((rebuilt.status, rebuilt.location.as_str()), (303, "/cart"));
        let form = browser.get("/checkout").await;
        for typed in ["value=\"ada@example.org\"", "value=\"Ada\""] {
            assert!(form.text.contains(typed), "{typed} in {}", form.text);
        }
        let next = browser.pay_form("ada@example.org").await;
        assert_ne!(&next[0].1, id, "it is another order");
        assert_eq!(browser.press_pay(&next).await.status, 303);
        assert_eq!(shop.level("mug").await, (3, 2));
    }
);

on_both_engines!(
    /// Stripe opened no page: the order's page does not speak of a hold that ran out.
    an_order_that_could_never_be_paid_is_not_called_lapsed,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        shop.sandbox.set_faults(Faults::default().with(Fault::Forbidden.on("POST /v1/checkout/sessions").standing()));
        let (status, answer) = shop.check_out_as("refused", "ada@example.org", &[("mug", 1)]).await;
        assert!(status >= 400, "{answer}");
        shop.settle().await;
        let id = shop.order_of_key("refused");
        let said = page(shop, id, "").await;
        assert!(said.contains("could not be paid") && said.contains("Nothing was charged"), "{said}");
        assert!(!said.contains("ran out") && said.contains("/cart/rebuild"), "{said}");
        assert_eq!(shop.level("mug").await, (3, 0));
    }
);

on_both_engines!(
    /// The part of the page that looks again asks for itself, in the page's language, until nothing is awaited any more.
    the_page_asks_again_until_it_knows,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        let first = page(shop, id, "").await;
        assert!(first.contains(&format!("hx-get=\"/orders/{id}/now?looks=0\" hx-trigger=\"every 4s\"")), "{first}");
        assert!(first.contains("/assets/htmx.min.js?v=") && first.contains("data-until"), "{first}");
        let later = page(shop, id, "/now?looks=11").await;
        assert!(later.contains("now?looks=12\" hx-trigger=\"every 30s\"") && !later.contains("<html"), "{later}");
        let stranger = shop.http.get(format!("{}/orders/{id}/now", shop.base_url)).send().await.expect("an answer");
        assert_eq!(stranger.status().as_u16(), 404);
        shop.pay(id).await;
        shop.settle().await;
        let (part, whole) = (page(shop, id, "/now?looks=3").await, page(shop, id, "").await);
        assert!(part.contains("is confirmed") && !part.contains("hx-get"), "{part}");
        assert!(whole.contains("is confirmed") && !whole.contains("htmx.min.js"), "{whole}");
    }
);
