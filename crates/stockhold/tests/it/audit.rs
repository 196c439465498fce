//! The audit finds what is planted: each kind of corruption, on both engines.

use rules::commands::place_order::PlaceOrder;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::ids::RefundId;
use rules::shipments::Units;
use stockhold::audit;

use crate::coupons::{issue, tea10};
use crate::support::books::{TestBooks, noon};

/// What is planted by hand, and the promise that must be named; with the finding's first words where several checks
/// watch one promise.
const CORRUPTIONS: &[(&str, &str)] = &[
    ("S2", "update stock_levels set on_hand = on_hand + 1 where sku = 'mug'"),
    ("S2", "update stock_levels set held = held - 1 where sku = 'mug'"),
    ("S2", "delete from movements where seq = 2 and sku = 'mug'"),
    ("S2", "update movements set delta = delta - 1 where seq = 1 and sku = 'mug'"),
    ("S2", "update stock_levels set held = 0, on_hand = 0, short = 1 where sku = 'mug'"),
    ("S2", "insert into shortfalls (command_id, sku, units, actor, noted_at) values ('odd', 'mug', 1, 'odd', 1)"),
    ("S2", "update stock_levels set seq = seq + 1 where sku = 'mug'"),
    ("S3", "update order_lines set quantity = 2, total_minor = unit_price_minor * 2 - discount_minor"),
    ("S3", "update holders set live_holds = live_holds + 1"),
    ("M1", "update orders set subtotal_minor = subtotal_minor + 1, total_minor = total_minor + 1"),
    ("M1", "update order_lines set discount_minor = discount_minor + 1, total_minor = total_minor - 1"),
    ("C1", "update coupons set used = used + 1"),
    ("C1", "update coupon_customers set used = used - 1"),
    ("C1", "update orders set coupon_counts = 0 where coupon is not null"),
    ("C1", "delete from coupon_customers"),
    ("C1", "update coupons set usage_limit = null; update coupons set used = 0"),
    ("M2", "update payments set amount_minor = amount_minor - 1 where refunded_minor = 0"),
    ("M2", "delete from payments where refunded_minor = 0"),
    ("M4", "update payments set purpose = 'surplus'"),
    ("M3", "update payments set refunded_minor = refunded_minor - 1 where refunded_minor > 0"),
    ("M3", "update refunds set amount_minor = amount_minor + 1"),
    ("M3", "delete from refund_lines; delete from refunds"),
    ("M3", "update refund_lines set amount_minor = 1000000"),
    ("M3", "update effects set state = 'done' where kind = 'refund_payment'"),
    ("M4", "update payments set disputed_minor = disputed_minor + 1"),
    ("M4", "update orders set status = 'refunded' where status = 'paid'"),
    ("S2", "update movements set delta = delta + 1 where reason = 'restocked'"),
    ("S3", "update order_lines set restocked = 0"),
    ("E1", "delete from order_events where seq = 1"),
    ("E2", "delete from effects where kind = 'send_letter'"),
    (
        "M2: a payment bought an order that is not sold",
        "insert into payments (intent_id, order_id, session_id, amount_minor, currency, purpose, refunded_minor,
                disputed_minor, recorded_at)
            select 'pi_odd_' || id, id, 'cs_odd', total_minor, currency, 'order', 0, 0, 1 from orders where status = 'pending'",
    ),
    ("M3: more is owed of it than is left", "update refunds set state = 'failed', owed_minor = amount_minor"),
    ("M3: more refunded than captured", "update refunds set amount_minor = amount_minor + 1"),
    (
        "M4: cancelled and paid",
        "insert into payments (intent_id, order_id, session_id, amount_minor, currency, purpose, refunded_minor,
                disputed_minor, recorded_at)
            select 'pi_odd_' || id, id, 'cs_odd', 1, currency, 'mismatch', 0, 0, 1 from orders where status = 'pending';
        update orders set cancelled_at = 1 where status = 'pending'",
    ),
    (
        "S3: restocked without having been sold",
        "update order_lines set restocked = 1 where order_id in (select id from orders where status = 'pending')",
    ),
    ("S4", "update orders set status = 'expired', hold = 'released' where status = 'pending'"),
];

async fn each_corruption_is_found(open: impl AsyncFn() -> TestBooks) {
    for (promise, corruption) in CORRUPTIONS {
        let shop = open().await;
        shop.stock("mug", 5).await;
        let paid = shop.place_open(&[("mug", 1)]).await;
        shop.pay(paid).await;
        let sent_back = shop.place_open(&[("mug", 1)]).await;
        shop.pay(sent_back).await;
        let refund = RefundOrder {
            refund_id: RefundId::from_u128(shop.draw()),
            order_id: sent_back,
            what: RefundWhat::Goods { lines: vec![Units { line_no: 1, units: 1 }], shipping: false },
            restock: true,
            reason: String::new(),
            request_hash: String::new(),
        };
        shop.ledger.refund_order(refund, noon()).await.expect("it is paid");
        shop.place_open(&[("mug", 1)]).await;
        issue(&shop.storage, &tea10()).await;
        let order = PlaceOrder { coupon: Some(tea10().code), ..shop.order(&[("mug", 1)]) };
        shop.ledger.place_order(order, noon()).await.expect("the code is good");
        shop.books_balance().await;
        shop.storage
            .execute_script((*corruption).to_owned())
            .await
            .unwrap_or_else(|error| panic!("{corruption}: {error}"));
        let findings = audit::run(&shop.storage).await.expect("the database answers");
        let named =
            findings.iter().any(|finding| format!("{}: {}", finding.promise, finding.detail).starts_with(promise));
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
