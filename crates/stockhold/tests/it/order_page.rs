//! What the buyer reads on the order's page, in every state and in both languages, and the cancelling there: through
//! HTTP, the sandbox and the workers, on both engines.

use reqwest::header::{COOKIE, LOCATION};
use rules::ids::OrderId;
use rules::orders::Status;
use rules::payments::MoneyState;
use rules::refunds::RefundKind;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::outbox::{self, sweep::sweep};
use stockhold::stripe::Call;
use stripe_sandbox::{Fault, Faults, Pay, RefundStatus, WebhookMode};

use crate::on_both_engines;
use crate::support::shop::TestShop;

/// A page as the browser that has opened the order's link gets it.
async fn get(shop: &TestShop, id: OrderId, path: &str) -> (u16, String) {
    let cookie = format!("orders={}", shop.shop.order_token(id));
    let request = shop.http.get(format!("{}{path}", shop.base_url)).header(COOKIE, cookie);
    let response = request.send().await.expect("the shop answers");
    let status = response.status().as_u16();
    (status, read(response).await)
}

/// What stands around names and amounts to keep their direction is not for reading.
async fn read(response: reqwest::Response) -> String {
    response.text().await.expect("a page").replace(['\u{2068}', '\u{2069}'], "")
}

/// The order's page in both languages says these words, and none of those.
async fn says(shop: &TestShop, id: OrderId, en: &[&str], zh: &[&str], never: &[&str]) {
    for (prefix, words) in [("", en), ("/zh", zh)] {
        let (status, page) = get(shop, id, &format!("{prefix}/orders/{id}")).await;
        assert_eq!(status, 200, "{page}");
        let main = page.split_once("<main").expect("a page has a main part").1;
        for word in words {
            assert!(main.contains(word), "{word} is not in {main}");
        }
        for word in never {
            assert!(!main.contains(word), "{word} is in {main}");
        }
    }
}

/// Presses the button of the cancel page, as it was shown.
async fn press(shop: &TestShop, id: OrderId, prefix: &str, page: &str, reason: &str) -> (u16, String, String) {
    let seen = page.split_once("name=\"seen\" value=\"").expect("a hidden field").1;
    let seen = seen.split('"').next().unwrap_or_default();
    post(shop, id, prefix, seen, reason, "same-origin", Some(&shop.shop.order_token(id))).await
}

async fn post(
    shop: &TestShop,
    id: OrderId,
    prefix: &str,
    seen: &str,
    reason: &str,
    from: &str,
    token: Option<&str>,
) -> (u16, String, String) {
    let body = format!("seen={seen}&reason={reason}");
    let request = shop.http.post(format!("{}{prefix}/orders/{id}/cancel", shop.base_url));
    let mut request =
        request.header("Sec-Fetch-Site", from).header("Content-Type", "application/x-www-form-urlencoded");
    if let Some(token) = token {
        request = request.header(COOKIE, format!("orders={token}"));
    }
    let response = request.body(body).send().await.expect("the shop answers");
    let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default().to_owned();
    (response.status().as_u16(), place, read(response).await)
}

async fn ship(shop: &TestShop, id: OrderId, key: &str, quantity: i64, tracking: &str) {
    let items = json!([{ "sku": "mug", "quantity": quantity }]);
    let body = json!({ "items": items, "carrier": "Postal Service", "tracking": tracking });
    let (status, answer) = shop.staff("POST", &format!("/api/admin/orders/{id}/shipments"), key, body).await;
    assert_eq!(status, 201, "{answer}");
}

async fn refund(shop: &TestShop, id: OrderId, key: &str, body: Value) {
    let (status, answer) = shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), key, body).await;
    assert_eq!(status, 201, "{answer}");
    shop.settle().await;
}

async fn refund_ends(shop: &TestShop, id: OrderId, status: RefundStatus) {
    let view = shop.view(id).await;
    let stripe_id = view.refunds.last().and_then(|refund| refund.stripe_id.clone()).expect("Stripe has it");
    shop.sandbox.move_refund(&stripe_id, status, None).expect("it moves");
    shop.settle().await;
}

async fn charge_of(shop: &TestShop, id: OrderId) -> String {
    let intent = shop.view(id).await.payments[0].intent_id.clone();
    let snapshot = shop.sandbox.snapshot();
    let charges = snapshot["charges"].as_array().expect("charges");
    let charge = charges.iter().find(|charge| charge["payment_intent"] == intent.as_str()).expect("it was charged");
    charge["id"].as_str().expect("an id").to_owned()
}

/// The bank says at first that the payment failed, and then that it did not: the one mug went to somebody else.
async fn late(shop: &TestShop) -> OrderId {
    shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
    let id = shop.check_out(&[("mug", 1)]).await;
    let session = shop.session_of(id).await;
    shop.sandbox.pay(&session, Pay::DelayedSucceeds).expect("the buyer finishes");
    let told = shop.shop.stripe.session(&session).await;
    let Call::Done(told) = told else { panic!("Stripe answers: {told:?}") };
    let mut fact = told.fact();
    fact.money = MoneyState::Failed;
    outbox::record(&shop.shop, id, fact).await.expect("recorded");
    shop.sandbox.set_faults(Faults::default());
    shop.paid(&[("mug", 1)]).await;
    shop.sandbox.pay(&session, Pay::SettleDelayed).expect("time passes at the bank");
    outbox::settle(&shop.shop, id).await.expect("Stripe answers");
    shop.settle().await;
    id
}

const BACK: &[&str] = &["Refunded", "已退款", "已全额退款", "went back the way", "已原路退回"];
const NOTHING_CHARGED: &[&str] = &["Nothing was charged", "未扣款", "尚未扣款"];

on_both_engines!(
    /// P23: before there is money: waiting, delayed, failed, lapsed.
    an_unpaid_order_says_that_nothing_was_charged,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.check_out(&[("mug", 2)]).await;
        says(shop, id, &["Finish paying", "Nothing was charged yet", "Pay $64.00"], &["等待付款", "尚未扣款"], BACK).await;

        let delayed = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(delayed).await;
        shop.sandbox.pay(&session, Pay::DelayedFails).expect("the buyer finishes");
        shop.settle().await;
        let confirming = ["confirming your payment"];
        says(shop, delayed, &confirming, &["付款确认中"], NOTHING_CHARGED).await;
        shop.sandbox.pay(&session, Pay::SettleDelayed).expect("time passes at the bank");
        shop.settle().await;
        let failed = ["didn’t go through", "Nothing was charged", "/cart/rebuild"];
        says(shop, delayed, &failed, &["付款未成功", "未扣款"], &["hold ran out", "保留时间"]).await;

        shop.shop.clock.advance(Span::minutes(31));
        sweep(&shop.shop).await.expect("it sweeps");
        says(shop, id, &["Your hold ran out", "Nothing was charged"], &["保留时间已到", "未扣款"], BACK).await;
    }
);

on_both_engines!(
    /// A paid order, parcel by parcel; a dispute of the buyer's bank changes nothing of what the page says.
    a_paid_order_says_what_has_left,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 3)]).await;
        says(shop, id, &["is confirmed", "/cancel\""], &["已确认", "取消订单"], NOTHING_CHARGED).await;
        ship(shop, id, "first", 1, "RR1").await;
        let partly = ["Part of order", "RR1", "Postal Service", "1 sent", "/cancel\""];
        says(shop, id, &partly, &["已部分发货", "RR1", "已发出 1 件"], NOTHING_CHARGED).await;
        ship(shop, id, "second", 2, "RR2").await;
        shop.sandbox.open_dispute(&charge_of(shop, id).await, "fraudulent").expect("a dispute");
        shop.settle().await;
        let disputed = ["disput", "争议", "bank is looking", "/cancel\""];
        says(shop, id, &["is on its way", "RR1", "RR2", "3 sent"], &["已发货", "RR2"], &disputed).await;
    }
);

on_both_engines!(
    /// P16, P23: somebody asked to cancel, and it is not yet known what the payment does.
    a_cancellation_on_its_way_says_so,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let closing = shop.check_out(&[("mug", 1)]).await;
        shop.sandbox.set_faults(Faults::default().with(Fault::Unreachable.on("/v1/checkout/sessions").standing()));
        assert_eq!(shop.cancel(closing).await.0, 200);
        let words = ["is being cancelled", "payment page is being closed"];
        says(shop, closing, &words, &["正在取消", "正在关闭付款页面"], &["is confirmed", "class=\"btn\" href=\"http", "/cancel\""]).await;
        shop.sandbox.set_faults(Faults::default());
        shop.shop.clock.advance(Span::minutes(10));
        shop.settle().await;
        says(shop, closing, &["is cancelled", "Nothing was charged."], &["已取消", "未扣款"], BACK).await;

        let delayed = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(delayed).await;
        shop.sandbox.pay(&session, Pay::DelayedSucceeds).expect("the buyer finishes");
        shop.settle().await;
        assert_eq!(shop.cancel(delayed).await.0, 200);
        let words = ["You asked to cancel", "can’t be stopped"];
        says(shop, delayed, &words, &["您已申请取消", "无法中止"], &["Nothing was charged", "未扣款"]).await;
        shop.sandbox.pay(&session, Pay::SettleDelayed).expect("time passes at the bank");
        shop.settle().await;
        says(shop, delayed, &["is cancelled", "$32.00 went back"], &["已取消", "已原路退回"], NOTHING_CHARGED).await;
    }
);

on_both_engines!(
    /// R1: a cancelled order's refund waits, succeeds or fails, before or after it had succeeded: neither page nor
    /// letter says that money is back which is not.
    a_refund_that_failed_is_neither_shown_nor_mailed_as_done,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let never_back = [BACK, NOTHING_CHARGED].concat();
        let pending = shop.paid(&[("mug", 2)]).await;
        shop.sandbox.next_refund(Some(RefundStatus::Pending));
        assert_eq!(shop.cancel(pending).await.0, 200);
        shop.settle().await;
        let words = ["is cancelled", "$64.00 is on its way back", "the bank has it"];
        says(shop, pending, &words, &["已取消", "正在原路退回", "银行已受理"], &never_back).await;
        refund_ends(shop, pending, RefundStatus::Succeeded).await;
        says(shop, pending, &["is cancelled", "$64.00 went back"], &["已取消", "已退款"], NOTHING_CHARGED).await;
        refund_ends(shop, pending, RefundStatus::Failed).await;
        let failed = ["is cancelled", "did not go through", "$64.00", "taking care of it"];
        let never = ["64.00 refunded", "已退款", "went back", "已原路退回", "is on its way back", "sent back; it can take", "Nothing was charged", "未扣款"];
        says(shop, pending, &failed, &["已取消", "退款未成功", "店铺正在处理"], &never).await;

        // Stripe refuses the refund before the letters are written.
        let refused = shop.paid(&[("mug", 1)]).await;
        let before = shop.letters();
        shop.sandbox.next_refund(Some(RefundStatus::Failed));
        assert_eq!(shop.cancel(refused).await.0, 200);
        shop.settle().await;
        says(shop, refused, &failed[..2], &["已取消", "店铺正在处理"], &never).await;
        let written = shop.shop.mailer.stored();
        let (mine, written) = (format!("{}", shop.view(refused).await.number), &written[..written.len() - before]);
        let letter = written.iter().find(|letter| letter.subject.contains(&mine) && letter.subject.contains("is cancelled"));
        let letter = letter.expect("the buyer hears of the cancellation");
        assert!(letter.text.contains("did not go through") && !letter.text.contains("We refund"), "{}", letter.text);
        refund(shop, refused, "again", json!({})).await;
        says(shop, refused, &["is cancelled", "$32.00 went back"], &["已取消", "已退款"], &["taking care"]).await;
    }
);

on_both_engines!(
    /// R5, R7: part of the money goes back by hand, by the Dashboard, and at last all of it.
    a_partial_refund_says_how_much_and_what_for,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 3)]).await;
        let goods = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "restock": true });
        refund(shop, id, "goods", goods).await;
        let words = ["is confirmed", "Refunds", "1 × mug", "$32.00", "1 cancelled", "sent back"];
        says(shop, id, &words, &["已确认", "1 × mug", "已取消 1 件", "已退回"], &["Refunded in full", "已全额退款"]).await;
        let intent = shop.view(id).await.payments[0].intent_id.clone();
        shop.sandbox.dashboard_refund(&intent, Some(500)).expect("it is refunded there");
        shop.settle().await;
        says(shop, id, &["is confirmed", "$5.00", "Your payment"], &["已确认", "您的付款"], &["Refunded in full", "已全额退款"]).await;
        refund(shop, id, "rest", json!({})).await;
        assert_eq!(shop.view(id).await.status, Status::Refunded);
        says(shop, id, &["Refunded in full", "$96.00 went back"], &["已全额退款"], NOTHING_CHARGED).await;

        let kept = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.next_refund(Some(RefundStatus::Pending));
        refund(shop, kept, "some", json!({ "amount": { "amount": 100, "currency": "USD" } })).await;
        refund_ends(shop, kept, RefundStatus::Failed).await;
        says(shop, kept, &["is confirmed", "A refund did not go through"], &["已确认", "未能退回"], &["went back"]).await;
    }
);

on_both_engines!(
    /// P10: paid when the goods were gone: an apology, and the money goes back.
    a_payment_that_came_too_late_gets_an_apology,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = late(shop).await;
        let words = ["We’re sorry: the goods were gone", "$32.00 went back"];
        says(shop, id, &words, &["很抱歉，商品已售罄", "已原路退回"], &["is confirmed", "Nothing was charged", "未扣款"]).await;
    }
);

on_both_engines!(
    /// R6: the buyer cancels a paid order on its page: told first what goes back, and that is what goes back.
    a_buyer_cancels_on_the_page_and_a_double_click_is_one,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        for prefix in ["", "/zh"] {
            let id = shop.paid(&[("mug", 2)]).await;
            let (status, page) = get(shop, id, &format!("{prefix}/orders/{id}/cancel")).await;
            assert_eq!(status, 200);
            let said = if prefix.is_empty() { "$64.00 goes back to you" } else { "US$64.00 将原路退还" };
            assert!(page.contains(said) && shop.view(id).await.cancelled_at.is_none(), "{page}");
            let (one, two) = tokio::join!(
                press(shop, id, prefix, &page, "too+blue%0Aby+far"),
                press(shop, id, prefix, &page, "too+blue%0Aby+far")
            );
            for (status, place, body) in [one, two] {
                assert_eq!((status, place), (303, format!("{prefix}/orders/{id}")), "{body}");
            }
            shop.settle().await;
            let view = shop.view(id).await;
            assert_eq!((view.status, view.refunds.len(), view.refunded()), (Status::Refunded, 1, 6400));
            assert_eq!(view.cancel_reason, "too blue by far");
            let (status, place, _) = press(shop, id, prefix, &page, "").await;
            assert_eq!((status, place), (303, format!("{prefix}/orders/{id}")));
        }
        assert_eq!(shop.level("mug").await, (9, 0));
    }
);

on_both_engines!(
    /// C13: what the page says goes back is what the law sends back, whatever has left or gone back before.
    the_page_promises_what_the_law_gives,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 20).await;
        for (case, shipped, refunded) in [("all", 0, 0), ("sent", 1, 0), ("refunded", 0, 1), ("both", 1, 1)] {
            let id = shop.paid(&[("mug", 3)]).await;
            if refunded > 0 {
                let goods = json!({ "items": [{ "sku": "mug", "quantity": refunded }] });
                refund(shop, id, &format!("{case}-refund"), goods).await;
            }
            if shipped > 0 {
                ship(shop, id, &format!("{case}-parcel"), shipped, "").await;
            }
            let (_, page) = get(shop, id, &format!("/orders/{id}/cancel")).await;
            assert_eq!(press(shop, id, "", &page, "").await.0, 303);
            shop.settle().await;
            let view = shop.view(id).await;
            let mine = view.refunds.iter().find(|refund| refund.kind == RefundKind::Cancelled);
            let last = mine.expect("money goes back").amount.minor;
            assert_eq!(last, 3200 * (3 - shipped - refunded), "{case}");
            assert!(page.contains(&format!("${}.00 goes back", last / 100)), "{case}: {page}");
            let (_, page) = get(shop, id, &format!("/orders/{id}")).await;
            assert_eq!(page.contains("sent in part, the rest cancelled"), shipped > 0, "{case}: {page}");
        }
    }
);

on_both_engines!(
    /// Strangers, other sites, orders that have left, disputes, changes meanwhile, long reasons: each a kind page.
    what_cannot_be_cancelled_is_refused_kindly,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let id = shop.paid(&[("mug", 2)]).await;
        let (_, page) = get(shop, id, &format!("/orders/{id}/cancel")).await;
        let token = shop.shop.order_token(id);
        let seen = "paid.6400.2";
        assert!(page.contains(seen), "{page}");
        assert_eq!(post(shop, id, "", seen, "", "cross-site", Some(&token)).await.0, 403);
        assert_eq!(post(shop, id, "", seen, "", "same-origin", None).await.0, 404);
        let bare = shop.http.get(format!("{}/orders/{id}/cancel", shop.base_url)).send().await.expect("an answer");
        assert_eq!(bare.status().as_u16(), 404);
        let (status, _, long) = post(shop, id, "", seen, &"x".repeat(501), "same-origin", Some(&token)).await;
        assert!(status == 422 && long.contains("Keep this under 500"), "{long}");
        let (status, _, other) = post(shop, id, "/zh", "paid.3200.1", "", "same-origin", Some(&token)).await;
        assert!(status == 409 && other.contains("尚未取消"), "{other}");
        assert!(shop.view(id).await.cancelled_at.is_none(), "nothing of this cancels");

        ship(shop, id, "parcel", 2, "").await;
        for (prefix, words) in [("", "has left already"), ("/zh", "已发出的商品无法取消")] {
            let (status, _, refused) = press(shop, id, prefix, &page, "").await;
            assert!(status == 409 && refused.contains(words) && refused.contains("class=\"btn\""), "{refused}");
        }
        assert_eq!(shop.view(id).await.status, Status::Paid);

        let disputed = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.open_dispute(&charge_of(shop, disputed).await, "fraudulent").expect("a dispute");
        shop.settle().await;
        for (prefix, words) in [("", "Your bank is looking"), ("/zh", "银行正在核查")] {
            let (status, refused) = get(shop, disputed, &format!("{prefix}/orders/{disputed}/cancel")).await;
            assert!(status == 409 && refused.contains(words), "{refused}");
        }
        let token = shop.shop.order_token(disputed);
        assert_eq!(post(shop, disputed, "", "paid.0.1", "", "same-origin", Some(&token)).await.0, 409);
        assert!(shop.view(disputed).await.cancelled_at.is_none());
    }
);
