//! Places an order: stock is held, the price frozen, a payment asked for — or nothing at all happens.

use crate::books::Books;
use crate::cart::{self, CartLine, LINES_MAX, QUANTITY_MAX};
use crate::commands::{Refusal, Touched};
use crate::effects::Effect;
use crate::ids::OrderId;
use crate::money::Money;
use crate::orders::{self, Fulfilment, Hold, Line, Order, Session, Status};
use crate::stock::Short;
use crate::text::{Email, Sku};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrder {
    pub order_id: OrderId,
    /// A digest of the request, so that the id with other contents is refused.
    pub request_hash: String,
    pub lines: Vec<CartLine>,
    pub email: Email,
    pub client: String,
    pub cart_id: String,
    pub language: String,
    pub shipping_address: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placed {
    pub order_id: OrderId,
    pub number: i64,
    /// The order stood already: the same form, sent twice.
    pub again: bool,
}

impl PlaceOrder {
    pub fn touched(&self) -> Touched {
        Touched {
            orders: vec![self.order_id],
            skus: self.lines.iter().map(|line| line.sku.clone()).collect(),
            holders: orders::holders(&self.email.buyer(), &self.client),
            draws_number: true,
            ..Touched::default()
        }
    }
}

pub fn place_order(books: &mut Books, command: &PlaceOrder, now: Timestamp) -> Result<Placed, Refusal> {
    if let Some(order) = books.orders.get(&command.order_id) {
        if order.request_hash != command.request_hash {
            return Err(Refusal::IdempotencyKeyReused);
        }
        return Ok(Placed { order_id: order.id, number: order.number, again: true });
    }
    let lines = price(books, command)?;
    let total = total(books, &lines)?;
    check_available(books, &command.lines)?;
    check_caps(books, command)?;

    // Nothing refuses below this line: either all of it happens or none.
    let number = books.draw_order_number();
    books.place(Order {
        id: command.order_id,
        number,
        status: Status::Pending,
        hold: Hold::Live,
        request_hash: command.request_hash.clone(),
        email: command.email.as_str().to_owned(),
        buyer: command.email.buyer(),
        client: command.client.clone(),
        cart_id: command.cart_id.clone(),
        language: command.language.clone(),
        shipping_address: command.shipping_address.clone(),
        currency: books.policy.currency,
        subtotal_minor: total.minor,
        discount_minor: 0,
        shipping_minor: 0,
        tax_minor: 0,
        total_minor: total.minor,
        reserved_at: now,
        hold_due_at: now + books.policy.hold,
        session: Session::Opening,
        session_id: None,
        session_url: None,
        session_expires_at: None,
        livemode: None,
        payment_intent: None,
        paid_at: None,
        cancelled_at: None,
        cancel_reason: String::new(),
        fulfilment: Fulfilment::Unfulfilled,
        revision: 0,
        lines,
    });
    books.tell(command.order_id, "placed", "", now);
    books.effect(Effect::OpenCheckout(command.order_id));
    Ok(Placed { order_id: command.order_id, number, again: false })
}

/// Freezes titles and prices as they are now; the buyer's own words about prices never count (M1).
fn price(books: &Books, command: &PlaceOrder) -> Result<Vec<Line>, Refusal> {
    if command.lines.is_empty() {
        return Err(Refusal::EmptyCart);
    }
    if command.lines.len() > LINES_MAX {
        return Err(Refusal::TooManyLines { most: LINES_MAX });
    }
    for (sku, quantity) in cart::demand(&command.lines) {
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            return Err(Refusal::QuantityOutOfRange { sku, most: QUANTITY_MAX });
        }
    }
    let mut lines = Vec::with_capacity(command.lines.len());
    for line in &command.lines {
        let sku = line.sku.clone();
        if line.quantity < 1 {
            return Err(Refusal::QuantityOutOfRange { sku, most: QUANTITY_MAX });
        }
        let good = books.goods.get(&sku).ok_or(Refusal::UnknownSku { sku: sku.clone() })?;
        if !good.for_sale {
            return Err(Refusal::NotForSale { sku });
        }
        let unit = Money::new(good.price_minor, books.policy.currency);
        let sum = unit.times(line.quantity).map_err(|_| Refusal::AmountTooLarge)?;
        lines.push(Line {
            title: in_language(&good.titles, &command.language, &sku),
            variant_title: in_language(&good.variant_titles, &command.language, &sku),
            sku,
            quantity: line.quantity,
            unit_price_minor: unit.minor,
            total_minor: sum.minor,
            shipped: 0,
            cancelled: 0,
            restocked: 0,
        });
    }
    Ok(lines)
}

fn total(books: &Books, lines: &[Line]) -> Result<Money, Refusal> {
    let mut total = Money::new(0, books.policy.currency);
    for line in lines {
        total = total.plus(Money::new(line.total_minor, books.policy.currency)).map_err(|_| Refusal::AmountTooLarge)?;
    }
    if total.minor > books.policy.charge_minor_max {
        return Err(Refusal::AmountTooLarge);
    }
    if total.minor < books.policy.charge_minor_min {
        return Err(Refusal::AmountTooSmall { least_minor: books.policy.charge_minor_min });
    }
    Ok(total)
}

/// Names each short line and what is left; all lines are had or none.
fn check_available(books: &Books, lines: &[CartLine]) -> Result<(), Refusal> {
    let short: Vec<Short> = cart::demand(lines)
        .into_iter()
        .map(|(sku, wanted)| Short { available: books.level(&sku).available(), sku, wanted })
        .filter(|line| line.available < line.wanted)
        .collect();
    if short.is_empty() { Ok(()) } else { Err(Refusal::OutOfStock { lines: short }) }
}

/// S18: one buyer or client cannot hold the whole shelf.
fn check_caps(books: &Books, command: &PlaceOrder) -> Result<(), Refusal> {
    for holder in orders::holders(&command.email.buyer(), &command.client) {
        let most = if holder.starts_with("client:") {
            books.policy.holds_per_client_max
        } else {
            books.policy.holds_per_buyer_max
        };
        if books.holders.get(&holder).copied().unwrap_or(0) >= most {
            return Err(Refusal::HoldCapReached { most });
        }
    }
    Ok(())
}

fn in_language(titles: &std::collections::BTreeMap<String, String>, language: &str, sku: &Sku) -> String {
    let found = titles.get(language).or_else(|| titles.get("en")).or_else(|| titles.values().next());
    found.cloned().unwrap_or_else(|| sku.as_str().to_owned())
}
