//! The shopkeeper's lists of orders: what is on which tab, what a search finds, how pages follow each other,
//! on both engines.

use rules::commands::change_address::ChangeAddress;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::commands::ship_order::ShipOrder;
use rules::ids::{OrderId, RefundId, ShipmentId};
use rules::orders::{Fulfilment, Status};
use rules::places::Country;
use rules::places::Destination;
use rules::shipments::Units;
use rules::time::{Span, Timestamp};
use stockhold::storage::order_list::{self, Filters, Page, Tab, Wanted};

use crate::on_both_engines;
use crate::support::books::{TestBooks, noon, order_for};

async fn page(shop: &TestBooks, wanted: Wanted) -> Page {
    order_list::page(&shop.storage, &wanted).await.expect("the database answers")
}

/// Ids of a list, the newest first.
async fn listed(shop: &TestBooks, tab: Tab, filters: Filters, search: &str) -> Vec<OrderId> {
    let wanted = Wanted { tab, filters, search: search.to_owned(), before: None, limit: 50 };
    page(shop, wanted).await.rows.into_iter().map(|row| row.id).collect()
}

/// An order with a name, an address and a moment of its own.
async fn place(shop: &TestBooks, sku: &str, email: &str, name: &str, country: &str, at: Timestamp) -> OrderId {
    let mut order = order_for(&[(sku, 2)], shop.draw());
    order.email = rules::text::Email::parse(email).expect("an address");
    order.shipping_address = address(name, country);
    order.destination = Some(Destination { country: Country::parse(country).expect("a country"), region: None });
    shop.ledger.place_order(order, at).await.expect("it is in stock").order_id
}

fn address(name: &str, country: &str) -> String {
    format!(r#"{{"name":"{name}","street":"1 Kiln Lane","country":"{country}"}}"#)
}

async fn ship(shop: &TestBooks, id: OrderId, units: i64) {
    let command = ShipOrder {
        shipment_id: ShipmentId::from_u128(shop.draw()),
        order_id: id,
        lines: vec![Units { line_no: 1, units }],
        carrier: String::new(),
        tracking: String::new(),
        notify: true,
        request_hash: String::new(),
    };
    shop.ledger.ship_order(command, noon()).await.expect("it is paid");
}

on_both_engines!(
    /// Each tab has the orders it is named after.
    an_order_is_on_the_tabs_it_belongs_to,
    async |shop: &TestBooks| {
        shop.stock("mug", 99).await;
        let [unpaid, to_ship, partly, shipped, refunded] = {
            let mut ids = Vec::new();
            for _ in 0..5 {
                ids.push(shop.place_open(&[("mug", 2)]).await);
            }
            <[OrderId; 5]>::try_from(ids).expect("five orders")
        };
        for id in [to_ship, partly, shipped, refunded] {
            shop.pay(id).await;
        }
        ship(shop, partly, 1).await;
        ship(shop, shipped, 2).await;
        let back = RefundOrder {
            refund_id: RefundId::from_u128(shop.draw()),
            order_id: refunded,
            what: RefundWhat::Goods { lines: vec![Units { line_no: 1, units: 1 }], shipping: false },
            restock: true,
            reason: String::new(),
            request_hash: String::new(),
        };
        shop.ledger.refund_order(back, noon()).await.expect("it is paid");
        let none = Filters::default;
        assert_eq!(listed(shop, Tab::ToShip, none(), "").await, [refunded, partly, to_ship]);
        assert_eq!(listed(shop, Tab::Unpaid, none(), "").await, [unpaid]);
        assert_eq!(listed(shop, Tab::Refunds, none(), "").await, [refunded]);
        assert_eq!(listed(shop, Tab::All, none(), "").await, [refunded, shipped, partly, to_ship, unpaid]);
        // A search stays on its tab.
        assert_eq!(listed(shop, Tab::ToShip, none(), "mug").await, [refunded, partly, to_ship]);
        assert_eq!(listed(shop, Tab::Unpaid, none(), "mug").await, [unpaid]);
        assert_eq!(listed(shop, Tab::Refunds, none(), "mug").await, [refunded]);
        let counts = order_list::counts(&shop.storage).await.expect("the database answers");
        assert_eq!((counts.to_ship, counts.unpaid, counts.refunds), (3, 1, 1));
        let rows = page(shop, Wanted { limit: 50, ..Wanted::default() }).await.rows;
        let row = rows.iter().find(|row| row.id == refunded).expect("it is listed");
        assert_eq!((row.units, row.lines, row.title.as_str(), row.going_back), (2, 1, "mug", row.captured / 2));
    }
);

on_both_engines!(
    /// What somebody has at hand finds the order: all of it, or how it begins.
    an_order_is_found_by_number_address_name_and_sku,
    async |shop: &TestBooks| {
        shop.stock("HK-CUP-1", 99).await;
        shop.stock("HK-TRAY", 99).await;
        let anna = place(shop, "HK-CUP-1", "anna.m+cups@example.org", "Anna Maria Müller", "DE", noon()).await;
        let lin = place(shop, "HK-TRAY", "lin@example.com", "林薇", "HK", noon()).await;
        let number = shop.view(anna).await.number;
        for (typed, found) in [
            (number.to_string(), vec![anna]),
            (format!("#{number}"), vec![anna]),
            (anna.to_string(), vec![anna]),
            ("anna.m@example.org".to_owned(), vec![anna]),
            ("Anna.M+Tea@Example.org".to_owned(), vec![anna]),
            ("anna.m".to_owned(), vec![anna]),
            ("müller".to_owned(), vec![anna]),
            ("MÜL".to_owned(), vec![anna]),
            ("Maria  Mü".to_owned(), vec![anna]),
            ("林".to_owned(), vec![lin]),
            ("lin@".to_owned(), vec![lin]),
            ("hk-cup-1".to_owned(), vec![anna]),
            ("hk-".to_owned(), vec![lin, anna]),
            ("üller".to_owned(), vec![]),
            ("%".to_owned(), vec![]),
            ("_".to_owned(), vec![]),
            ("999999".to_owned(), vec![]),
            ("'; drop table orders; --".to_owned(), vec![]),
        ] {
            assert_eq!(listed(shop, Tab::All, Filters::default(), &typed).await, found, "{typed}");
        }
        // Whoever moves is found under the new name, and not under the old.
        let moved = ChangeAddress {
            order_id: lin,
            before: address("林薇", "HK"),
            address: address("Wei Lin", "HK"),
            destination: Some(Destination { country: Country::parse("HK").expect("a country"), region: None }),
            actor: "test".to_owned(),
        };
        shop.ledger.change_address(moved, noon()).await.expect("nothing was sent yet");
        assert_eq!(listed(shop, Tab::All, Filters::default(), "林").await, []);
        assert_eq!(listed(shop, Tab::All, Filters::default(), "wei lin").await, [lin]);
    }
);

on_both_engines!(
    /// Filters leave out what they say, alone and with a search.
    a_list_can_be_narrowed,
    async |shop: &TestBooks| {
        shop.stock("mug", 99).await;
        let day = Span::minutes(24 * 60);
        let (first, second, third) = (noon() - day - day, noon() - day, noon());
        let old = place(shop, "mug", "a@example.org", "Ada", "DE", first).await;
        let mid = place(shop, "mug", "b@example.org", "Bob", "US", second).await;
        let new = place(shop, "mug", "c@example.org", "Cyd", "DE", third).await;
        shop.pay(mid).await;
        let all = |filters| listed(shop, Tab::All, filters, "");
        let none = Filters::default;
        let germany = Country::parse("DE").ok();
        assert_eq!(all(Filters { status: Some(Status::Paid), ..none() }).await, [mid]);
        assert_eq!(all(Filters { fulfilment: Some(Fulfilment::Shipped), ..none() }).await, []);
        assert_eq!(all(Filters { country: germany, ..none() }).await, [new, old]);
        assert_eq!(all(Filters { from: Some(second), ..none() }).await, [new, mid]);
        assert_eq!(all(Filters { until: Some(second), ..none() }).await, [old], "the end of a day is the next one's");
        assert_eq!(all(Filters { from: Some(second), until: Some(third), ..none() }).await, [mid]);
        assert_eq!(all(Filters { from: Some(third + day), ..none() }).await, []);
        let amount = crate::support::books::PRICE_MINOR * 2;
        assert_eq!(all(Filters { amount_from: Some(amount), amount_to: Some(amount), ..none() }).await.len(), 3);
        assert_eq!(all(Filters { amount_from: Some(amount + 1), ..none() }).await, []);
        let searched = listed(shop, Tab::All, Filters { country: germany, until: Some(third), ..none() }, "mug").await;
        assert_eq!(searched, [old]);
    }
);

on_both_engines!(
    /// Pages follow each other without a gap or a double, also while new orders come in.
    pages_follow_each_other,
    async |shop: &TestBooks| {
        shop.stock("mug", 99).await;
        for _ in 0..7 {
            shop.place_open(&[("mug", 1)]).await;
        }
        for (tab, search) in [(Tab::All, ""), (Tab::Unpaid, ""), (Tab::All, "mug"), (Tab::Unpaid, "mu")] {
            let (mut numbers, mut before) = (Vec::new(), None);
            loop {
                let wanted = Wanted { tab, search: search.to_owned(), before, limit: 3, ..Wanted::default() };
                let page = page(shop, wanted).await;
                numbers.extend(page.rows.iter().map(|row| row.number));
                before = numbers.last().copied();
                if !page.is_more {
                    break;
                }
                assert_eq!(page.rows.len(), 3);
                // Orders that come in meanwhile stand on the first page, and move nothing on the others.
                shop.place_open(&[("mug", 1)]).await;
            }
            assert!(numbers.is_sorted_by(|a, b| a > b) && numbers.len() >= 7, "{numbers:?}");
            let first = numbers[0];
            assert_eq!(numbers, (1001..=first).rev().collect::<Vec<i64>>());
        }
    }
);
