//! What the cart costs as the form stands: with its code, to its place, by its delivery.

use axum::http::StatusCode;
use rules::commands::Refusal;
use rules::coupons::Coupon;
use rules::money::{Currency, Money};
use rules::pricing::Quote;
use rules::shipping::{Delivery, ShippingRefusal};
use rules::time::Span;

use super::form::CheckoutForm;
use crate::language::Totals;
use crate::web::PageError;
use crate::web::code_entry::Who;
use crate::web::priced::{Question, price};
use crate::web::session::{Cart, Visitor, digest};
use crate::web::storefront::cart::Shelf;

/// As far as a page can say before the ledger decides.
#[derive(Debug)]
pub struct Price {
    pub coupon: Option<Coupon>,
    /// Why the code gives nothing.
    pub code_refusal: Option<Refusal>,
    /// Too many codes were wrong: so long none is looked at.
    pub code_wait: Option<Span>,
    /// The ways these goods can be sent there.
    pub deliveries: Result<Vec<Delivery>, ShippingRefusal>,
    /// Which of them the page shows as chosen: what was chosen, else the first.
    pub method: Option<String>,
    /// What was chosen is not offered: the buyer chooses again (M1).
    pub is_method_gone: bool,
    /// Every number, once the place is known.
    pub quote: Option<Quote>,
    pub currency: Currency,
    subtotal: i64,
    discount: i64,
}

impl Price {
    pub async fn of(visitor: &Visitor, shelf: &Shelf, form: &CheckoutForm) -> Result<Price, PageError> {
        let shop = &visitor.shop;
        let (items, destination) = (shelf.items(), form.destination());
        let chosen = form.shipping_method.trim();
        let uses_of_others = |uses, code: &str| shelf.without_own(uses, code);
        let who = Who::cart(&visitor.client, visitor.cart.as_ref().map_or("", |cart| &cart.id));
        let question = Question {
            items: &items,
            code: &form.coupon,
            who: &who,
            email: &form.email,
            destination: destination.as_ref(),
            method: Some(chosen).filter(|chosen| !chosen.is_empty()),
            uses_of_others: &uses_of_others,
        };
        let priced = price(shop, &question).await?;
        let offered = priced.deliveries.as_deref().unwrap_or_default();
        let is_offered = offered.iter().any(|delivery| delivery.method == chosen);
        let first = offered.first().map(|delivery| delivery.method.clone());
        let method = if is_offered { Some(chosen.to_owned()) } else { first };
        let rules = &visitor.settings.policy.prices;
        let currency = visitor.settings.currency;
        let quote = rules.quote(&items, priced.coupon.as_ref(), destination.as_ref(), method.as_deref(), currency);
        let goods = priced.goods.as_ref().ok();
        Ok(Price {
            is_method_gone: !chosen.is_empty() && !is_offered && method.is_some(),
            method,
            quote: quote.ok(),
            currency,
            subtotal: shelf.total(),
            discount: goods.map_or(0, |goods| goods.discount_minor),
            coupon: priced.coupon,
            code_refusal: priced.code_refusal,
            code_wait: priced.code_wait,
            deliveries: priced.deliveries,
        })
    }

    /// What the buyer is asked to pay, in minor units; the goods alone as long as the place is not known.
    pub fn total(&self) -> i64 {
        self.quote.as_ref().map_or(self.subtotal - self.discount, |quote| quote.total_minor)
    }

    pub fn code(&self) -> &str {
        self.coupon.as_ref().map_or("", |coupon| coupon.code.as_str())
    }

    /// The status of a page that says what is wrong.
    pub fn refused_status(&self) -> StatusCode {
        if self.code_wait.is_some() { StatusCode::TOO_MANY_REQUESTS } else { StatusCode::UNPROCESSABLE_ENTITY }
    }

    /// Calls `told` with the numbers, in this visitor's language.
    pub fn with_totals<T>(&self, visitor: &Visitor, told: impl FnOnce(&Totals<'_>) -> T) -> T {
        let quote = self.quote.as_ref();
        let delivery = quote.and_then(|quote| quote.delivery.as_ref());
        let title = delivery.map(|delivery| delivery_title(visitor, delivery));
        told(&Totals {
            currency: self.currency,
            subtotal: self.subtotal,
            discount: self.discount,
            code: self.code(),
            shipping: title.as_deref().map(|title| (title, quote.map_or(0, |quote| quote.shipping_minor))),
            taxation: quote.map_or(rules::taxes::Taxation::None, |quote| quote.taxation),
            tax_lines: quote.map_or(&[], |quote| &quote.tax_lines),
            total: self.total(),
        })
    }

    /// What the buyer saw: lines, prices, code, delivery and total. Another answer needs another click (M1).
    pub fn seen(&self, cart: &Cart, shelf: &Shelf) -> String {
        let (lines, prices) = (&cart.now.lines, shelf.prices());
        let total = Money::new(self.total(), self.currency);
        digest(&format!("{lines:?} {prices:?} {:?} {:?} {total:?}", self.code(), self.method))
    }
}

/// The method's name in the visitor's language, else in any.
pub fn delivery_title(visitor: &Visitor, delivery: &Delivery) -> String {
    let titles = &delivery.titles;
    let found = titles.get(visitor.language.tag()).or_else(|| titles.get("en")).or_else(|| titles.values().next());
    found.unwrap_or(&delivery.method).clone()
}
