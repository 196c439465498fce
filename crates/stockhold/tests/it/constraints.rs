//! The last line: what the database itself refuses, whoever writes. Each forged row is stopped by the constraint that
//! is meant to stop it, on both engines.

use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::ids::RefundId;
use rules::payments::{MoneyState, SessionState};
use rules::shipments::Units;
use stockhold::storage::inbox::{self, NewEvent};

use crate::on_both_engines;
use crate::support::books::{TestBooks, noon};

/// What is forged, and who must refuse it: by its name on PostgreSQL, and in SQLite's words where it gives no name.
const FORGED: &[(&str, &str, &str)] = &[
    // S1 to S3: stock.
    ("update stock_levels set held = -1", "stock_levels_held", "stock_levels_held"),
    ("update stock_levels set held = on_hand + 1", "stock_levels_held", "stock_levels_held"),
    ("update stock_levels set on_hand = held - 1", "stock_levels_held", "stock_levels_held"),
    ("update stock_levels set short = -1", "stock_levels_short", "stock_levels_short"),
    ("update stock_levels set short = 1, held = 0, on_hand = 1", "stock_levels_short", "stock_levels_short"),
    ("update movements set delta = 0", "movements_delta_check", "delta <> 0"),
    ("update movements set on_hand_after = -1", "movements_on_hand_after_check", "on_hand_after >= 0"),
    (
        "insert into movements (sku, seq, delta, on_hand_after, reason, order_id, actor, command_id, moved_at)
            select sku, seq, delta, on_hand_after, reason, order_id, actor, command_id || '-twin', moved_at from movements",
        "movements_pkey",
        "movements.sku, movements.seq",
    ),
    (
        "insert into movements (sku, seq, delta, on_hand_after, reason, order_id, actor, command_id, moved_at)
            select sku, seq + 1000, delta, on_hand_after, reason, order_id, actor, command_id, moved_at from movements",
        "movements_command",
        "movements.command_id, movements.sku",
    ),
    ("update orders set hold = 'released' where status = 'paid'", "orders_hold", "orders_hold"),
    ("update orders set hold = 'released' where status = 'pending'", "orders_hold", "orders_hold"),
    ("update orders set hold = 'live' where status = 'paid'", "orders_hold", "orders_hold"),
    ("update holders set live_holds = -1", "holders_live_holds_check", "live_holds >= 0"),
    ("update order_lines set quantity = 0, total_minor = 0", "order_lines_quantity_check", "quantity > 0"),
    ("update order_lines set shipped = 2, cancelled = 0", "order_lines_units", "order_lines_units"),
    ("update order_lines set shipped = 1, cancelled = 1", "order_lines_units", "order_lines_units"),
    ("update order_lines set restocked = 2", "order_lines_units", "order_lines_units"),
    ("update order_lines set restocked = -1", "order_lines_units", "order_lines_units"),
    // M1: amounts.
    ("update order_lines set total_minor = total_minor + 1", "order_lines_total", "order_lines_total"),
    ("update orders set total_minor = total_minor + 1", "orders_total", "orders_total"),
    // M2: paid once, and by one payment.
    ("update orders set paid_at = null where status = 'paid'", "orders_paid", "orders_paid"),
    ("update orders set payment_intent = 'pi_1'", "orders_payment_intent_key", "orders.payment_intent"),
    ("update orders set session_id = 'cs_1'", "orders_session_id_key", "orders.session_id"),
    ("update orders set number = 1", "orders_number_key", "orders.number"),
    (
        "insert into payments (intent_id, order_id, session_id, amount_minor, currency, purpose, refunded_minor,
                disputed_minor, recorded_at)
            select intent_id || '-twin', order_id, session_id, amount_minor, currency, purpose, 0, 0, recorded_at
            from payments where purpose = 'order'",
        "payments_one_per_order",
        "payments.order_id",
    ),
    // M3: refunds.
    ("update payments set refunded_minor = amount_minor + 1", "payments_refunded", "payments_refunded"),
    ("update payments set refunded_minor = -1", "payments_refunded", "payments_refunded"),
    ("update refunds set amount_minor = 0", "refunds_amount_minor_check", "amount_minor > 0"),
    ("update refunds set stripe_id = 're_1'", "refunds_stripe_id_key", "refunds.stripe_id"),
    ("update refunds set owed_minor = 1", "refunds_owed_of_failed", "refunds_owed_of_failed"),
    ("update refunds set kind = 'elsewhere'", "refunds_elsewhere", "refunds_elsewhere"),
    ("update refund_lines set units = 0", "refund_lines_units_check", "units > 0"),
    (
        "insert into refunds (id, order_id, intent_id, amount_minor, currency, kind, reason, request_hash, state,
                failure, shipping_minor, assigned, requested_at)
            select id || '-twin', order_id, intent_id, amount_minor, currency, kind, reason, request_hash, state,
                failure, shipping_minor, assigned, requested_at from refunds where kind = 'surplus'",
        "refunds_whole_surplus",
        "refunds.intent_id",
    ),
    // E1, E2: told once, said once.
    ("update order_events set seq = 1", "order_events_pkey", "order_events.order_id, order_events.seq"),
    (
        "insert into stripe_events (id, type, object_id, livemode, payload, state, attempts, due_at, leased_until,
                last_error, received_at)
            select id, type, object_id, livemode, payload, state, attempts, due_at, leased_until, last_error, 1
            from stripe_events",
        "stripe_events_pkey",
        "stripe_events.id",
    ),
    (
        "insert into effects (id, kind, subject, order_id, parameters, state, attempts, due_at, leased_until,
                last_error, created_at)
            select id || '-twin', kind, subject, order_id, parameters, state, attempts, due_at, leased_until,
                last_error, created_at from effects",
        "effects_once",
        "effects.kind, effects.subject",
    ),
    // Nothing is about an order that is not there, and none that something is about can go.
    ("update effects set order_id = 'nobody'", "effects_order_id_fkey", "FOREIGN KEY"),
    ("update refunds set order_id = 'nobody'", "refunds_order_id_fkey", "FOREIGN KEY"),
    ("delete from orders", "_fkey", "FOREIGN KEY"),
];

on_both_engines!(
    /// S6, P7, P11, P32: what the shop never writes, the database does not take.
    each_forged_row_is_refused_by_its_constraint,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        // A paid order with a second payment on its way back, one whose goods came back, and one that is open.
        let paid = shop.place_open(&[("mug", 1)]).await;
        shop.pay(paid).await;
        let mut second = shop.fact(paid, SessionState::Complete, MoneyState::Paid).await;
        (second.session_id, second.intent) = ("cs_second".to_owned(), Some("pi_second".to_owned()));
        shop.record(paid, second).await.expect("recorded");
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
        let text = str::to_owned;
        let event =
            NewEvent { id: text("evt_1"), kind: text("ping"), object_id: text(""), livemode: false, payload: text("{}") };
        assert!(inbox::store(&shop.storage, event, noon()).await.expect("it is stored"));

        for (forged, on_postgres, on_sqlite) in FORGED {
            let kept_by = if shop.is_postgres() { on_postgres } else { on_sqlite };
            let refused = shop.storage.execute_script((*forged).to_owned()).await.expect_err(forged);
            assert!(format!("{refused:?}").contains(kept_by), "{forged}: {refused:?}");
        }
    }
);
