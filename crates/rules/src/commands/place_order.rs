//! Places an order: stock is held, the price frozen, a payment asked for — or nothing at all happens.

use crate::books::Books;
use crate::cart::{self, CartLine, LINES_MAX, QUANTITY_MAX};
use crate::commands::{Refusal, Touched};
use crate::coupons::{self, Coupon, CouponCode, Uses};
use crate::effects::Effect;
use crate::ids::OrderId;
use crate::money::Money;
use crate::orders::{self, CouponUse, Fulfilment, Hold, Line, Order, OrderDelivery, Session, Status};
use crate::places::Destination;
use crate::pricing::{Charge, Item, Quote, QuoteLine};
use crate::shipping::Delivery;
use crate::stock::Short;
use crate::text::Email;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceOrder {
    pub order_id: OrderId,
    /// A digest of the request, so that the id with other contents is refused.
    pub request_hash: String,
    pub lines: Vec<CartLine>,
    pub email: Email,
    /// What this buyer is called in the books if they were erased before; empty: nobody was ever erased here.
    pub formerly: String,
    pub client: String,
    pub cart_id: String,
    pub language: String,
    pub shipping_address: String,
    /// Where it goes, as far as shipping and taxes ask.
    pub destination: Option<Destination>,
    /// The code of one of the methods offered there; may be left out where there is only one.
    pub shipping_method: Option<String>,
    pub coupon: Option<CouponCode>,
    /// What the buyer was shown, when they were shown a total: nobody pays another one, or in another currency, unasked
    /// (C11).
    pub total_shown: Option<Money>,
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
            // Limits count the same person before and after an erasure (C1).
            coupons: self.coupon.iter().flat_map(|code| self.names().map(|name| (code.clone(), name))).collect(),
            buyers: self.coupon.iter().flat_map(|_| self.names()).collect(),
            draws_number: true,
            ..Touched::default()
        }
    }

    /// All that this buyer is called in the books.
    fn names(&self) -> impl Iterator<Item = String> {
        let formerly = Some(self.formerly.clone()).filter(|name| !name.is_empty());
        std::iter::once(self.email.buyer()).chain(formerly)
    }
}

pub fn place_order(books: &mut Books, command: &PlaceOrder, now: Timestamp) -> Result<Placed, Refusal> {
    if let Some(order) = books.orders.get(&command.order_id) {
        if order.request_hash != command.request_hash {
            return Err(Refusal::IdempotencyKeyReused);
        }
        return Ok(Placed { order_id: order.id, number: order.number, again: true });
    }
    let quote = price(books, command, now)?;
    let lines = freeze(books, command, &quote);
    check_available(books, &command.lines)?;
    check_caps(books, command)?;

    // Nothing refuses below this line: either all of it happens or none.
    let free = quote.is_free(); // Nothing to pay: the buyer confirms here, and Stripe never hears of it (C14).
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
        destination: command.destination.clone(),
        delivery: quote.delivery.as_ref().map(|delivery| freeze_delivery(delivery, &command.language)),
        coupon: command.coupon.clone().map(|code| CouponUse { code, counts: true }),
        currency: books.policy.currency,
        subtotal_minor: quote.subtotal_minor,
        discount_minor: quote.discount_minor,
        shipping_minor: quote.shipping_minor,
        shipping_tax_minor: quote.shipping_tax_minor,
        taxation: quote.taxation,
        tax_minor: quote.tax_minor,
        tax_lines: quote.tax_lines,
        total_minor: quote.total_minor,
        reserved_at: now,
        hold_due_at: now + books.policy.hold,
        hold_extended: false,
        session: if free { Session::Never } else { Session::Opening },
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
    if !free {
        books.effect(Effect::OpenCheckout(command.order_id));
    }
    Ok(Placed { order_id: command.order_id, number, again: false })
}

/// Prices the order as things are now; the buyer's own words about prices never count (M1).
fn price(books: &Books, command: &PlaceOrder, now: Timestamp) -> Result<Quote, Refusal> {
    if command.lines.len() > LINES_MAX {
        return Err(Refusal::TooManyLines { most: LINES_MAX });
    }
    // Two lines of one SKU are one demand, also for the most that one order takes of it.
    for (sku, quantity) in cart::demand(&command.lines) {
        if !(1..=QUANTITY_MAX).contains(&quantity) {
            return Err(Refusal::QuantityOutOfRange { sku, most: QUANTITY_MAX });
        }
    }
    let items = command.lines.iter().map(|line| item(books, line)).collect::<Result<Vec<Item>, Refusal>>()?;
    let currency = books.policy.currency;
    let coupon = coupon(books, command, now)?;
    let (destination, method) = (command.destination.as_ref(), command.shipping_method.as_deref());
    let quote = books.policy.prices.quote(&items, coupon, destination, method, currency)?;
    if command.total_shown.is_some_and(|shown| shown != Money::new(quote.total_minor, currency)) {
        return Err(Refusal::TotalChanged { total_minor: quote.total_minor, currency });
    }
    let charge = quote.charge(books.policy.charge_minor_min, books.policy.charge_minor_max)?;
    match (charge, &command.coupon) {
        (Charge::Amount(_), _) | (Charge::Free, Some(_)) => Ok(quote),
        // Goods without a price are a slip; only a code makes an order free.
        (Charge::Free, None) => Err(Refusal::AmountTooSmall { least_minor: books.policy.charge_minor_min }),
    }
}

/// The coupon of the code that was entered, if this buyer may use it now (C1); what it is for, pricing sees to.
fn coupon<'a>(books: &'a Books, command: &PlaceOrder, now: Timestamp) -> Result<Option<&'a Coupon>, Refusal> {
    let Some(code) = &command.coupon else { return Ok(None) };
    let account = books.coupons.get(code).ok_or(Refusal::CouponUnknown)?;
    let by_customer = command.names().map(|name| account.uses(&name).by_customer).sum();
    let uses = Uses { total: account.used, by_customer };
    let has_ordered = command.names().any(|name| books.ordered_before.contains(&name));
    coupons::check_use(&account.coupon, uses, has_ordered, now)?;
    Ok(Some(&account.coupon))
}

fn item(books: &Books, line: &CartLine) -> Result<Item, Refusal> {
    let sku = line.sku.clone();
    let good = books.goods.get(&sku).ok_or(Refusal::UnknownSku { sku: sku.clone() })?;
    if !good.for_sale {
        return Err(Refusal::NotForSale { sku });
    }
    Ok(Item {
        sku,
        product: good.product.clone(),
        collections: good.collections.clone(),
        unit_price_minor: good.price_minor,
        quantity: line.quantity,
        weight_grams: good.weight_grams,
        tax_class: good.tax_class.clone(),
    })
}

/// Freezes titles, prices and each line's part of the discount as they are now.
fn freeze(books: &Books, command: &PlaceOrder, quote: &Quote) -> Vec<Line> {
    let line = |line: &QuoteLine| {
        let good = &books.goods[&line.sku];
        Line {
            title: in_language(&good.titles, &command.language, line.sku.as_str()),
            variant_title: in_language(&good.variant_titles, &command.language, line.sku.as_str()),
            sku: line.sku.clone(),
            quantity: line.parts.quantity,
            unit_price_minor: line.unit_price_minor,
            discount_minor: line.parts.discount_minor,
            tax_rate: line.rate,
            tax_minor: line.parts.tax_minor,
            total_minor: line.parts.total_minor,
            shipped: 0,
            cancelled: 0,
            restocked: 0,
        }
    };
    quote.lines.iter().map(line).collect()
}

fn freeze_delivery(delivery: &Delivery, language: &str) -> OrderDelivery {
    OrderDelivery {
        zone: delivery.zone.clone(),
        method: delivery.method.clone(),
        title: in_language(&delivery.titles, language, &delivery.method),
        days: delivery.days,
    }
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

fn in_language(titles: &std::collections::BTreeMap<String, String>, language: &str, otherwise: &str) -> String {
    let found = titles.get(language).or_else(|| titles.get("en")).or_else(|| titles.values().next());
    found.cloned().unwrap_or_else(|| otherwise.to_owned())
}
