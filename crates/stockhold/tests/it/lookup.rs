//! A buyer who lost the link asks for it: the page says the same whatever it was given, and only the buyer gets a letter.

use stockhold::storage::RowExt;
use stockhold::values;

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;

async fn ask(shop: &TestShop, prefix: &str, email: &str, number: &str) -> Page {
    let page = Browser::new(shop).post(&format!("{prefix}/orders"), &[("email", email), ("number", number)]).await;
    shop.settle().await;
    page
}

on_both_engines!(
    /// The order's own address gets its link, once; nobody else learns whether there is such an order.
    a_lost_link_goes_to_the_orders_address_alone,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let (status, answer) = shop.check_out_as("one", "ada@example.org", &[("mug", 1)]).await;
        assert_eq!(status, 201, "{answer}");
        let (id, number) = (shop.order_of_key("one"), answer["order"]["number"].to_string());
        let before = shop.letters();
        let mut answers = Vec::new();
        for (email, number) in [
            ("ada@example.org", number.as_str()),
            ("eve@example.org", number.as_str()),
            ("ada@example.org", "999999"),
            ("nobody@example.org", "1"),
        ] {
            let page = ask(shop, "", email, number).await;
            answers.push((page.status, page.location, page.text));
        }
        answers.dedup();
        assert_eq!(answers, [(303, "/orders?asked=1".to_owned(), String::new())], "the same for everybody");
        assert_eq!(shop.letters(), before + 1);
        let letter = shop.shop.mailer.stored().remove(0);
        assert_eq!(letter.to, "ada@example.org");
        let link = letter.text.lines().find(|line| line.contains("/orders/")).expect("a link").to_owned();
        let path = link.strip_prefix(&shop.base_url).expect("the shop's own");
        let browser = Browser::new(shop);
        assert_eq!(browser.get(path).await.location, format!("/orders/{id}"));
        assert!(browser.get(&format!("/orders/{id}")).await.text.contains("Finish paying"));

        // As people write it, in Chinese, from another window: a letter again, with a Message-ID of its own.
        let page = ask(shop, "/zh", " Ada+x@Example.org", &format!(" #{number} ")).await;
        assert_eq!((page.status, page.location.as_str()), (303, "/zh/orders?asked=1"));
        assert_eq!(shop.letters(), before + 2);
        for (email, number) in [("ada", number.as_str()), ("ada@example.org", "my order"), ("", "")] {
            let page = ask(shop, "", email, number).await;
            assert!(page.status == 422 && page.text.contains("aria-invalid"), "{}", page.text);
        }
        assert_eq!(shop.letters(), before + 2);
    }
);

on_both_engines!(
    /// One address gets at most five letters an hour, and one network asks at most twenty times; what was asked is kept
    /// for a day, and never as it was typed.
    asking_again_and_again_sends_no_more_letters,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let (_, answer) = shop.check_out_as("one", "ada@example.org", &[("mug", 1)]).await;
        let number = answer["order"]["number"].to_string();
        let before = shop.letters();
        for asked in 1..=20 {
            assert_eq!(ask(shop, "", "ada@example.org", &number).await.status, 303);
            assert_eq!(shop.letters(), before + asked.min(5), "asked {asked} times");
        }
        let page = ask(shop, "", "bob@example.org", "1").await;
        assert!(page.status == 429 && page.text.contains("That was very quick"), "{} {}", page.status, page.text);
        let kept = shop.shop.storage.read("select * from lookups", values![]).await.expect("the database answers");
        assert_eq!(kept.len(), 20);
        let kept = format!("{kept:?}");
        assert!(!kept.contains("ada@") && !kept.contains("127.0.0.1"), "{kept}");

        shop.shop.clock.advance(rules::time::Span::minutes(61));
        assert_eq!(ask(shop, "", "ada@example.org", &number).await.status, 303);
        assert_eq!(shop.letters(), before + 6, "an hour later it is sent again");
        shop.shop.clock.advance(rules::time::Span::minutes(24 * 60 + 1));
        ask(shop, "", "ada@example.org", &number).await;
        let count = shop.shop.storage.read("select count(*) from lookups", values![]).await.expect("an answer");
        assert_eq!(count[0].int(0), 1, "older ones are forgotten");
    }
);
