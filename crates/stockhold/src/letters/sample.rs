//! Sample letters: every letter in every state that it has words for. The preview shows them, and the tests hold that
//! none of them lacks a word.

use rules::disputes::{Dispute, DisputeState};
use rules::effects::Letter;
use rules::ids::{OrderId, RefundId, ShipmentId};
use rules::money::{Currency, Money};
use rules::orders::{Fulfilment, Hold, OrderDelivery, Session, Status};
use rules::payments::{Payment, Purpose};
use rules::refunds::{Refund, RefundKind, RefundState};
use rules::shipments::{Shipment, Units};
use rules::taxes::Taxation;
use rules::time::Timestamp;

use super::Envelope;
use crate::language::Language;
use crate::storage::orders::{OrderLineView, OrderView};

/// One letter, and an order that it may be about.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The letter's name, and its state where it has several.
    pub name: &'static str,
    pub kind: Letter,
    pub about: String,
    pub order: OrderView,
}

/// Nov 22, 2026, 04:05 UTC.
const AT: Timestamp = Timestamp::from_seconds(1_795_320_300);
const ORDER: OrderId = OrderId::from_u128(7);
const PARCEL: ShipmentId = ShipmentId::from_u128(1);
const REFUND: RefundId = RefundId::from_u128(1);

pub fn envelope(language: Language) -> Envelope {
    let shop_name = match language {
        Language::En => "Harbour Kiln",
        Language::ZhCn => "海港窑",
    };
    Envelope {
        shop_name: shop_name.to_owned(),
        order_url: format!("https://shop.example{}/orders/ord_7?token=t", language.prefix()),
        base_url: "https://shop.example".to_owned(),
        admin_url: "https://shop.example".to_owned(),
        sandbox: false,
        owner_email: "owner@shop.example".to_owned(),
        owner_language: language,
    }
}

/// A paid order of two lines, with a discount, shipping and an address.
pub fn order(language: Language) -> OrderView {
    let (cup, celadon, tray, parcel) = match language {
        Language::En => ("Tea cup, 120 ml", "Celadon", "Bamboo tray", "Parcel"),
        Language::ZhCn => ("茶杯 120 毫升", "青瓷", "竹制茶盘", "普通快递"),
    };
    let address = match language {
        Language::En => {
            r#"{"name":"Lin Wei","street":"1 Kiln Lane","postal_code":"SW1A 1AA","city":"London","country":"GB"}"#
        }
        Language::ZhCn => {
            r#"{"name":"林薇","street":"窑湾路 1 号","postal_code":"518000","city":"深圳市","country":"CN"}"#
        }
    };
    let line = |sku: &str, title: &str, variant: &str, quantity: i64, unit_price: i64, discount: i64| OrderLineView {
        sku: sku.to_owned(),
        title: title.to_owned(),
        variant_title: variant.to_owned(),
        quantity,
        unit_price,
        discount,
        tax: 0,
        total: unit_price * quantity - discount,
        shipped: 0,
        cancelled: 0,
        restocked: 0,
    };
    OrderView {
        id: ORDER,
        number: 1042,
        status: Status::Paid,
        hold: Hold::Sold,
        email: "lin@example.com".to_owned(),
        buyer: "lin@example.com".to_owned(),
        cart_id: String::new(),
        language: language.tag().to_owned(),
        shipping_address: address.to_owned(),
        destination: None,
        delivery: Some(OrderDelivery {
            zone: "home".to_owned(),
            method: "parcel".to_owned(),
            title: parcel.to_owned(),
            days: None,
        }),
        coupon: Some("TEA10".to_owned()),
        coupon_counts: false,
        currency: Currency::parse("USD").expect("a currency"),
        subtotal: 8800,
        discount: 880,
        shipping: 600,
        shipping_tax: 0,
        taxation: Taxation::None,
        tax: 0,
        tax_lines: Vec::new(),
        total: 8520,
        reserved_at: AT,
        hold_due_at: AT,
        hold_extended: false,
        session_state: Session::Complete,
        session_id: None,
        session_url: None,
        session_expires_at: None,
        livemode: None,
        payment_intent: None,
        paid_at: Some(AT),
        cancelled_at: None,
        cancel_reason: String::new(),
        fulfilment: Fulfilment::Unfulfilled,
        unreachable: String::new(),
        lines: vec![line("HK-CUP-120-CEL", cup, celadon, 2, 3200, 640), line("HK-TRAY", tray, "", 1, 2400, 240)],
        events: Vec::new(),
        payments: vec![payment(8520, Purpose::Order)],
        refunds: Vec::new(),
        disputes: Vec::new(),
        shipments: Vec::new(),
    }
}

/// The same order, had nobody entered a code.
fn without_code(order: &OrderView) -> OrderView {
    let line =
        |line: &OrderLineView| OrderLineView { discount: 0, total: line.unit_price * line.quantity, ..line.clone() };
    let total = order.total + order.discount;
    OrderView {
        coupon: None,
        discount: 0,
        total,
        lines: order.lines.iter().map(line).collect(),
        payments: vec![payment(total, Purpose::Order)],
        ..order.clone()
    }
}

/// Every letter, in every state that it has words for.
pub fn letters(language: Language) -> Vec<Sample> {
    let paid = order(language);
    let unpaid = OrderView { paid_at: None, payments: Vec::new(), ..paid.clone() };
    let plain = without_code(&paid);
    let free = OrderView { discount: 9400, total: 0, payments: Vec::new(), ..paid.clone() };
    let cancelled = |order: OrderView| OrderView { cancelled_at: Some(AT), ..order };
    let back = |kind, state, minor| going_back(&paid, kind, state, minor);
    let sent = |order: OrderView, open| sent(order, open);
    let of = |name, kind, order: OrderView| Sample { name, kind, about: String::new(), order };
    let refund = |name, kind, order: OrderView| Sample { about: REFUND.to_string(), ..of(name, kind, order) };
    let parcel = |name, order: OrderView| Sample { about: PARCEL.to_string(), ..of(name, Letter::OrderShipped, order) };
    let dispute = |name, state| Sample {
        about: "du_1".to_owned(),
        ..of(name, Letter::OwnerDispute, disputed(&paid, state, Some(AT)))
    };
    let (whole, part) = (8520, 3200);
    use RefundKind::{ByHand, Cancelled, Dashboard, Late};
    use RefundState::{Failed, Pending};
    vec![
        of("order_confirmed", Letter::OrderConfirmed, paid.clone()),
        of("order_confirmed-free", Letter::OrderConfirmed, free.clone()),
        of("payment_processing", Letter::PaymentProcessing, OrderView { status: Status::Processing, ..unpaid.clone() }),
        of("payment_failed", Letter::PaymentFailed, OrderView { status: Status::Expired, ..unpaid.clone() }),
        of("order_link", Letter::OrderLink, paid.clone()),
        parcel("order_shipped", sent(paid.clone(), 0)),
        parcel("order_shipped-part", sent(paid.clone(), 1)),
        refund("refund_sent-part", Letter::RefundSent, back(ByHand, Pending, part)),
        refund("refund_sent-whole", Letter::RefundSent, back(ByHand, Pending, whole)),
        of("order_cancelled-unpaid", Letter::OrderCancelled, cancelled(unpaid)),
        of("order_cancelled-refunded", Letter::OrderCancelled, cancelled(back(Cancelled, Pending, whole))),
        of("order_cancelled-rest", Letter::OrderCancelled, sent(cancelled(back(Cancelled, Pending, part)), 0)),
        of("order_cancelled-owed", Letter::OrderCancelled, cancelled(back(Cancelled, Failed, whole))),
        of("late_refund", Letter::LateRefund, back(Late, Pending, whole)),
        of("late_refund-cancelled", Letter::LateRefund, cancelled(back(Late, Pending, whole))),
        of("late_refund-owed", Letter::LateRefund, back(Late, Failed, whole)),
        of("late_refund-cancelled-owed", Letter::LateRefund, cancelled(back(Late, Failed, whole))),
        of("late_refund-without-code", Letter::LateRefund, going_back(&plain, Late, Pending, plain.total)),
        of("owner_new_order", Letter::OwnerNewOrder, paid.clone()),
        of("owner_new_order-free", Letter::OwnerNewOrder, free),
        of("owner_late_payment", Letter::OwnerLatePayment, back(Late, Pending, whole)),
        of("owner_late_payment-owed", Letter::OwnerLatePayment, back(Late, Failed, whole)),
        of(
            "owner_payment_differs",
            Letter::OwnerPaymentDiffers,
            OrderView { payments: vec![payment(8420, Purpose::Mismatch)], ..paid.clone() },
        ),
        refund("owner_refund_failed", Letter::OwnerRefundFailed, back(ByHand, Failed, whole)),
        refund("owner_refund_unassigned", Letter::OwnerRefundUnassigned, back(Dashboard, Pending, part)),
        dispute("owner_dispute", DisputeState::Open),
        dispute("owner_dispute-inquiry", DisputeState::Inquiry),
        dispute("owner_dispute-warning", DisputeState::Warning),
        dispute("owner_dispute-over", DisputeState::Lost),
    ]
}

fn payment(minor: i64, purpose: Purpose) -> Payment {
    let amount = Money::new(minor, Currency::parse("USD").expect("a currency"));
    Payment {
        intent_id: "pi_1".to_owned(),
        order: ORDER,
        session_id: String::new(),
        amount,
        purpose,
        refunded_minor: 0,
        disputed_minor: 0,
        at: AT,
    }
}

fn going_back(order: &OrderView, kind: RefundKind, state: RefundState, minor: i64) -> OrderView {
    let mut order = order.clone();
    let refund = Refund {
        state,
        stripe_id: Some("re_1".to_owned()),
        failure: if state.is_alive() { String::new() } else { "declined".to_owned() },
        ..Refund::asked(REFUND, ORDER, "pi_1", Money::new(minor, order.currency), kind, AT)
    };
    if state.is_alive() {
        order.payments[0].refunded_minor = minor;
    }
    order.refunds.push(refund);
    order
}

/// A parcel with all but `open` units of the first line has left.
fn sent(mut order: OrderView, open: i64) -> OrderView {
    let mut lines = Vec::new();
    for (line_no, line) in (1..).zip(&mut order.lines) {
        line.shipped = line.quantity - if line_no == 1 { open } else { 0 };
        lines.push(Units { line_no, units: line.shipped });
    }
    order.shipments.push(Shipment {
        id: PARCEL,
        order: ORDER,
        lines,
        carrier: "Royal Mail".to_owned(),
        tracking: "RR123456785GB".to_owned(),
        request_hash: String::new(),
        at: AT,
    });
    order
}

fn disputed(order: &OrderView, state: DisputeState, due_by: Option<Timestamp>) -> OrderView {
    let dispute = Dispute {
        id: "du_1".to_owned(),
        order: ORDER,
        intent_id: "pi_1".to_owned(),
        amount: order.payments[0].amount,
        reason: "fraudulent".to_owned(),
        state,
        due_by,
        withdrawn_minor: 0,
        at: AT,
    };
    OrderView { disputes: vec![dispute], ..order.clone() }
}
