//! The audit finds what is planted: each kind of corruption, on both engines.

use stockhold::audit;

use crate::support::books::TestBooks;

/// What is planted by hand, and the promise that must be named.
const CORRUPTIONS: &[(&str, &str)] = &[
    ("S2", "update stock_levels set on_hand = on_hand + 1 where sku = 'mug'"),
    ("S2", "update stock_levels set held = held - 1 where sku = 'mug'"),
    ("S2", "delete from movements where seq = 2 and sku = 'mug'"),
    ("S2", "update movements set delta = delta - 1 where seq = 1 and sku = 'mug'"),
    ("S2", "update stock_levels set seq = seq + 1 where sku = 'mug'"),
    ("S3", "update order_lines set quantity = 2, total_minor = total_minor * 2, unit_price_minor = unit_price_minor"),
    ("S3", "update holders set live_holds = live_holds + 1"),
    ("M1", "update orders set subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1"),
    ("M2", "update payments set amount_minor = amount_minor - 1"),
    ("M2", "delete from payments"),
    ("M4", "update payments set purpose = 'surplus'"),
    ("E1", "delete from order_events where seq = 1"),
    ("E2", "delete from effects where kind = 'send_letter'"),
    ("S4", "update orders set status = 'expired', hold = 'released' where status = 'pending'"),
];

async fn each_corruption_is_found(open: impl AsyncFn() -> TestBooks) {
    for (promise, corruption) in CORRUPTIONS {
        let shop = open().await;
        shop.stock("mug", 5).await;
        let paid = shop.place_open(&[("mug", 1)]).await;
        shop.pay(paid).await;
        shop.place_open(&[("mug", 1)]).await;
        shop.books_balance().await;
        shop.storage
            .execute_script((*corruption).to_owned())
            .await
            .unwrap_or_else(|error| panic!("{corruption}: {error}"));
        let findings = audit::run(&shop.storage).await.expect("the database answers");
        let named = findings.iter().any(|finding| finding.promise == *promise);
        assert!(named, "{corruption}: {promise} is not among {findings:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_corruption_is_found_on_sqlite() {
    each_corruption_is_found(async || TestBooks::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_corruption_is_found_on_postgres() {
    each_corruption_is_found(async || TestBooks::on_postgres().await).await;
}
