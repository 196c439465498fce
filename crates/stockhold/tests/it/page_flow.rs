//! Second clicks, reloads and the back button, in browsers without scripts.

use futures_util::future::join_all;
use rules::ids::OrderId;
use rules::orders::{Hold, Status};
use rules::time::Span;
use stockhold::outbox::sweep::sweep;

use crate::on_both_engines;
use crate::support::browser::Browser;
use crate::support::shop::TestShop;

fn id(form: &[(String, String)]) -> OrderId {
    form[0].1.parse().expect("the form carries the id of its order")
}

async fn orders(shop: &TestShop) -> i64 {
    let rows = shop.shop.storage.read("select count(*) from orders", stockhold::values![]).await;
    stockhold::storage::RowExt::int(&rows.expect("the database answers")[0], 0)
}

on_both_engines!(
    /// P8, S8: Pay, pressed ten times at once, leads ten times to one page of one order.
    pay_pressed_ten_times_at_once_is_one_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 2).await;
        let form = browser.pay_form("ada@example.org").await;
        let pages = join_all((0..10).map(|_| browser.press_pay(&form))).await;
        let mut places: Vec<&str> = pages.iter().map(|page| page.location.as_str()).collect();
        assert!(pages.iter().all(|page| page.status == 303), "{:?}", pages.iter().map(|p| p.status).collect::<Vec<_>>());
        places.dedup();
        assert_eq!((places.len(), orders(shop).await), (1, 1), "{places:?}");
        let order = id(&form).to_string();
        assert_eq!((shop.level("mug").await, shop.sandbox.sessions_of(&order).len()), ((5, 2), 1));
    }
);

on_both_engines!(
    /// P8, S16: the same for the last mugs: none of the ten clicks is told that they are gone.
    pay_pressed_ten_times_for_the_last_mugs_is_never_sold_out,
    TestShop,
    async |shop: &TestShop| {
        for round in 0..5 {
            let sku = format!("mug-{round}");
            shop.stock(&sku, 2).await;
            let browser = Browser::new(shop);
            browser.put_into_cart(&sku, 2).await;
            let form = browser.pay_form(&format!("ada{round}@example.org")).await;
            let pages = join_all((0..10).map(|_| browser.press_pay(&form))).await;
            let statuses: Vec<u16> = pages.iter().map(|page| page.status).collect();
            assert_eq!((statuses, shop.level(&sku).await), (vec![303; 10], (2, 2)));
        }
    }
);

on_both_engines!(
    /// P6, P7: the back button after the check-out, after the payment and after the end: each shows what is true, and
    /// none makes a second order.
    the_back_button_meets_the_same_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        let form = browser.pay_form("ada@example.org").await;
        let first = browser.press_pay(&form).await;
        let own = format!("/orders/{}", id(&form));

        // Back from the payment page: the cart says that it is held, and Pay leads to the same page.
        let cart = browser.get("/cart").await;
        assert!(cart.text.contains(&format!("href=\"{own}\"")), "the cart names its order: {}", cart.text);
        let again = browser.pay_form("ada@example.org").await;
        assert_eq!(id(&again), id(&form), "the same cart is the same order");
        assert_eq!(browser.press_pay(&again).await.location, first.location);
        assert!(browser.get(&own).await.text.contains("chip wait"));

        shop.pay(id(&form)).await;
        shop.settle().await;
        // The same form once more, from the browser's history.
        for _ in 0..3 {
            let late = browser.press_pay(&form).await;
            assert_eq!((late.status, late.location.as_str()), (303, own.as_str()), "{}", late.text);
        }
        let receipt = browser.get(&own).await;
        assert!(receipt.status == 200 && receipt.text.contains("chip ok"), "{}", receipt.text);
        assert_eq!(browser.get(&own).await.text, receipt.text, "a reload shows the same");
        assert!(browser.get("/cart").await.text.contains("Your cart is empty"), "what was bought is out of the cart");
        assert_eq!(browser.get("/checkout").await.location, "/cart");
        assert_eq!((orders(shop).await, shop.level("mug").await, shop.letters()), (1, (4, 0), 1));

        // Something new is a new order.
        browser.put_into_cart("mug", 1).await;
        let next = browser.pay_form("ada@example.org").await;
        assert_ne!(id(&next), id(&form));
        assert_eq!(browser.press_pay(&next).await.status, 303);
        assert_eq!(orders(shop).await, 2);
    }
);

on_both_engines!(
    /// S8, P14: back from the payment page with another e-mail: a new order takes the old one's place; the old page
    /// takes no money any more.
    another_email_replaces_the_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        let form = browser.pay_form("ada@exmaple.org").await;
        let first = browser.press_pay(&form).await;
        let mut mended = form.clone();
        mended[2].1 = "ada@example.org".to_owned();
        let second = browser.press_pay(&mended).await;
        assert_eq!(second.status, 303, "{}", second.text);
        assert_ne!(first.location, second.location);
        assert_eq!(shop.view(id(&form)).await.status, Status::Expired);
        let old = first.location.rsplit('/').next().expect("an address");
        assert_eq!(shop.sandbox.session(old).expect("it stands")["status"], "expired");
        assert_eq!((orders(shop).await, shop.level("mug").await), (2, (1, 1)));
        // The same mended form again, twice at once: the order that took the place.
        let again = join_all([browser.press_pay(&mended), browser.press_pay(&mended)]).await;
        assert!(again.iter().all(|page| page.location == second.location), "{again:?}");
        assert_eq!(orders(shop).await, 2);
    }
);

on_both_engines!(
    /// P29: the cart is changed while its order is being paid: what was shown on the payment page is what is paid,
    /// sold and written; the change waits for the next order.
    a_cart_changed_during_payment_changes_no_order,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        shop.stock("bowl", 5).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        let form = browser.pay_form("ada@example.org").await;
        assert_eq!(browser.press_pay(&form).await.status, 303);
        browser.post("/cart/change", &[("sku", "mug"), ("quantity", "4")]).await;
        browser.put_into_cart("bowl", 2).await;
        // The price goes up as well, and the goods get another name.
        let sql = "update variants set price_minor = 9900 where sku = 'mug'";
        shop.shop.storage.write(sql, stockhold::values![]).await.expect("the price is changed");
        let sql = "update products set title = $1 where slug = 'mug'";
        let vase = stockhold::values![r#"{"en":"vase"}"#];
        shop.shop.storage.write(sql, vase).await.expect("the name is changed");
        shop.pay(id(&form)).await;
        shop.settle().await;
        let order = shop.view(id(&form)).await;
        let lines: Vec<(&str, &str, i64, i64)> =
            order.lines.iter().map(|l| (l.sku.as_str(), l.title.as_str(), l.quantity, l.unit_price)).collect();
        assert_eq!((order.status, lines), (Status::Paid, vec![("mug", "mug", 1, 3200)]));
        assert_eq!((order.total, shop.sandbox.charged_minor(&order.id.to_string())), (3200, 3200));
        assert_eq!((shop.level("mug").await, shop.level("bowl").await), ((4, 0), (5, 0)));
        let letter = shop.shop.mailer.stored().remove(0);
        assert!(letter.text.contains("$32.00") && !letter.text.contains("bowl") && !letter.text.contains("vase"), "{}", letter.text);
        // The old form, from before the change, is shown again before anything is ordered (M1).
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        let stale = browser.pay_form("lin@example.org").await;
        browser.post("/cart/change", &[("sku", "mug"), ("quantity", "2")]).await;
        let page = browser.press_pay(&stale).await;
        assert_eq!(page.status, 409, "{}", page.text);
        assert_eq!(orders(shop).await, 1);
    }
);

on_both_engines!(
    /// S1, S16: ten browsers press Pay for the last mug in one moment: one goes to pay, nine see a clear page, keep
    /// their cart, and get the mug when it comes free.
    the_loser_gets_a_clear_page_and_keeps_the_cart,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let browsers: Vec<Browser> = (0..10).map(|_| Browser::new(shop)).collect();
        let mut forms = Vec::new();
        for (n, browser) in browsers.iter().enumerate() {
            browser.put_into_cart("mug", 1).await;
            forms.push(browser.pay_form(&format!("buyer{n}@example.org")).await);
        }
        let pages = join_all(browsers.iter().zip(&forms).map(|(browser, form)| browser.press_pay(form))).await;
        assert_eq!(pages.iter().filter(|page| page.status == 303).count(), 1);
        for (page, browser) in pages.iter().zip(&browsers).filter(|(page, _)| page.status != 303) {
            assert_eq!(page.status, 409, "{}", page.text);
            for words in ["mug: you want 1, none is left.", "Nothing was charged", "href=\"/cart\""] {
                assert!(page.text.contains(words), "{words}: {}", page.text);
            }
            assert!(browser.get("/cart").await.text.contains("mug"), "the cart is kept");
        }
        assert_eq!(shop.level("mug").await, (1, 1));
        shop.shop.clock.advance(Span::minutes(30));
        sweep(&shop.shop).await.expect("it sweeps");
        let loser = pages.iter().position(|page| page.status == 409).expect("nine lost");
        let form = browsers[loser].pay_form("second@example.org").await;
        assert_eq!(browsers[loser].press_pay(&form).await.status, 303);
        assert_eq!(shop.view(id(&form)).await.hold, Hold::Live);
    }
);
