//! Customers at the desk: found, read, their data handed out or gone, and only by whoever may.

use std::collections::BTreeSet;

use rules::time::Span;
use stockhold::staff::Role;
use stockhold::storage::RowExt;
use stockhold::values;

use crate::on_both_engines;
use crate::privacy::{BUYER, buys, leaves_traces, ships, singing};
use crate::support::shop::TestShop;

async fn lines(shop: &TestShop, action: &'static str) -> Vec<(String, String)> {
    let sql = "select outcome, subject from audit_log where action = $1 order by id";
    let rows = shop.shop.storage.read(sql, values![action]).await.expect("the database answers");
    rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect()
}

on_both_engines!(
    /// The list leads to the customer, the customer to what is kept of them, and from there to nothing being kept.
    a_customer_is_found_read_and_erased_at_the_desk,
    TestShop,
    async |shop: &TestShop| {
        let (first, _) = leaves_traces(shop).await;
        let manager = shop.sign_in(Role::Manager).await;
        let place = format!("/admin/customers/{first}");
        for (prefix, words) in [("", ["Customers", "Last order"]), ("/zh", ["顾客", "最近下单"])] {
            let list = manager.get(&format!("{prefix}/admin/customers?q=quillfeather")).await;
            assert_eq!(list.status, 200, "{}", list.text);
            assert!(list.text.contains(&format!("href=\"{prefix}{place}\"")) && list.text.contains(BUYER), "{}", list.text);
            assert!(words.iter().all(|word| list.text.contains(word)), "{}", list.text);
            let nobody = manager.get(&format!("{prefix}/admin/customers?q=nobody")).await;
            assert!(nobody.text.contains("nobody") && !nobody.text.contains(BUYER));
            let page = manager.get(&format!("{prefix}{place}")).await;
            assert!(page.status == 200 && page.text.contains("52.60"), "{}", page.text);
            let erase = manager.get(&format!("{prefix}{place}/erase")).await;
            assert!(erase.status == 200 && erase.text.contains("Stripe"), "{}", erase.text);
        }
        for (format, starts) in [("json", "{"), ("csv", "\u{feff}field,value")] {
            let file = manager.post(&format!("{place}/export"), &[("format", format)]).await;
            assert!(file.status == 200 && file.text.starts_with(starts), "{}", file.text);
            assert!(file.text.contains("17 Larkspur Lane"), "{format}");
        }
        let gone = manager.post(&format!("{place}/erase"), &[]).await;
        assert_eq!((gone.status, gone.location), (303, format!("{place}?done=customer-erased")), "{}", gone.text);
        assert_eq!(singing(shop).await, BTreeSet::new(), "the audit log does not say who it was, either");
        let page = manager.get(&place).await;
        assert!(page.status == 200 && page.text.contains("Erased customer"), "{}", page.text);
        assert_eq!(manager.post(&format!("{place}/erase"), &[]).await.status, 303, "a second click");
        assert_eq!(manager.get(&format!("{place}/erase")).await.status, 404);
        assert_eq!(manager.post(&format!("{place}/export"), &[("format", "json")]).await.status, 404);
        let exports = lines(shop, "customer.export").await;
        assert_eq!(exports.iter().map(|line| line.0.as_str()).collect::<Vec<_>>(), ["done", "done", "refused"]);
        assert_eq!(lines(shop, "customer.erase").await[0], ("done".to_owned(), format!("{place}/erase")));
    }
);

on_both_engines!(
    /// An open order is named, and nothing is erased by the form that was open before.
    the_desk_names_the_order_that_is_open,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        buys(shop, "one", BUYER, None).await;
        let id = shop.order_of_key("one");
        let number = shop.view(id).await.number;
        let manager = shop.sign_in(Role::Manager).await;
        let place = format!("/admin/customers/{id}/erase");
        let page = manager.get(&place).await;
        assert!(page.text.contains(&format!("Order {number}</a>: waiting for payment")), "{}", page.text);
        assert!(!page.text.contains("Erase for good"));
        assert_eq!(manager.post(&place, &[]).await.status, 409);
        assert_eq!(shop.view(id).await.email, BUYER);
        shop.pay(id).await;
        shop.settle().await;
        assert!(manager.get(&place).await.text.contains("paid, not all of it shipped"));
        ships(shop, id, "parcel").await;
        assert_eq!(manager.post(&place, &[]).await.status, 303);
    }
);

on_both_engines!(
    /// Data of customers are for those who may, with the password fresh in mind.
    customers_data_are_for_few_and_not_for_a_session_left_open,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        buys(shop, "one", BUYER, None).await;
        let place = format!("/admin/customers/{}", shop.order_of_key("one"));
        let packer = shop.sign_in(Role::Fulfilment).await;
        for path in ["/admin/customers", place.as_str()] {
            assert_eq!(packer.get(path).await.status, 403);
        }
        assert_eq!(packer.post(&format!("{place}/export"), &[("format", "csv")]).await.status, 403);
        assert_eq!(packer.post("/admin/data/export/orders", &[("format", "csv")]).await.status, 403);
        let reader = shop.sign_in(Role::ReadOnly).await;
        assert_eq!(reader.get(&place).await.status, 200);
        assert_eq!(reader.get(&format!("{place}/erase")).await.status, 403);
        assert_eq!(reader.post(&format!("{place}/erase"), &[]).await.status, 403);
        let manager = shop.sign_in(Role::Manager).await;
        shop.shop.clock.advance(Span::minutes(11));
        for (path, fields) in [("/export", vec![("format", "csv")]), ("/erase", vec![])] {
            let asked = manager.post(&format!("{place}{path}"), &fields).await;
            assert!(asked.status == 303 && asked.location.starts_with("/admin/confirm?"), "{}", asked.location);
        }
        let asked = manager.post("/admin/data/export/customers", &[("format", "csv")]).await;
        assert!(asked.location.starts_with("/admin/confirm?"), "{}", asked.location);
    }
);
