//! What a cart would cost now, for pages and for whoever asks over the API.
//!
//! It is advice, by the law's own pricing: the ledger prices again when the order is placed, and refuses another total
//! than the one that was shown (M1).

use rules::commands::Refusal;
use rules::coupons::{Coupon, CouponCode, Uses, check_use};
use rules::places::Destination;
use rules::pricing::{self, Goods, Item, Quote};
use rules::shipping::{Delivery, ShippingRefusal};
use rules::text::Email;
use rules::time::Span;

use crate::shop::Shop;
use crate::storage::{self, coupons};
use crate::web::code_entry::{self, Who};

/// What is asked.
pub struct Question<'a> {
    pub items: &'a [Item],
    /// As it was typed; empty: none.
    pub code: &'a str,
    /// Who is counted when there is no such code.
    pub who: &'a Who,
    /// As it was typed; whoever has not said yet who they are is nobody's customer.
    pub email: &'a str,
    pub destination: Option<&'a Destination>,
    pub method: Option<&'a str>,
    /// The uses of a code that are somebody else's, or spent: going on may replace an unpaid order of the asker's own.
    pub uses_of_others: &'a (dyn Fn(Uses, &str) -> Uses + Sync),
}

#[derive(Debug)]
pub struct Priced {
    /// The coupon of the code, if it counts; what follows is priced with it.
    pub coupon: Option<Coupon>,
    /// Why it does not.
    pub code_refusal: Option<Refusal>,
    /// Too many codes were wrong: so long none is looked at.
    pub code_wait: Option<Span>,
    pub goods: Result<Goods, Refusal>,
    /// The ways these goods can be sent there; none where nothing is asked about delivery.
    pub deliveries: Result<Vec<Delivery>, ShippingRefusal>,
    pub quote: Result<Quote, Refusal>,
}

pub async fn price(shop: &Shop, question: &Question<'_>) -> storage::Result<Priced> {
    let currency = shop.settings().currency;
    let rules = &shop.settings().policy.prices;
    let (coupon, code_refusal, code_wait) = match coupon(shop, question).await? {
        Code::None => (None, None, None),
        Code::Good(coupon) => (Some(*coupon), None, None),
        Code::Refused(refusal) => (None, Some(refusal), None),
        Code::NotLookedAt(wait) => (None, None, Some(wait)),
    };
    let (coupon, goods, code_refusal) = match pricing::goods(question.items, coupon.as_ref(), currency) {
        // A code that is not for these goods leaves them at their price.
        Err(pricing::PricingRefusal::Coupon(refusal)) => {
            (None, pricing::goods(question.items, None, currency), Some(Refusal::Coupon(refusal)))
        }
        goods => (coupon, goods, code_refusal),
    };
    let goods = goods.map_err(Refusal::from);
    let deliveries = match &goods {
        Ok(goods) => rules.deliveries(goods, question.destination),
        Err(_) => Ok(Vec::new()),
    };
    let quote = rules.quote(question.items, coupon.as_ref(), question.destination, question.method, currency);
    Ok(Priced { coupon, code_refusal, code_wait, goods, deliveries, quote })
}

/// What became of the code that was typed.
enum Code {
    None,
    Good(Box<Coupon>),
    Refused(Refusal),
    NotLookedAt(Span),
}

/// The coupon of the code that was typed, if this buyer may use it now.
async fn coupon(shop: &Shop, question: &Question<'_>) -> storage::Result<Code> {
    if question.code.trim().is_empty() {
        return Ok(Code::None);
    }
    let Ok(code) = CouponCode::parse(question.code) else { return Ok(Code::Refused(Refusal::CouponUnknown)) };
    let stored = coupons::find(&shop.storage, &code).await?;
    let is_there = stored.as_ref().is_some_and(|stored| stored.coupon.active);
    if let Some(wait) = code_entry::entered(shop, question.who, is_there).await? {
        return Ok(Code::NotLookedAt(wait));
    }
    let Some(stored) = stored else { return Ok(Code::Refused(Refusal::CouponUnknown)) };
    let buyer = Email::parse(question.email).ok().map(|email| email.buyer());
    let names: Vec<String> = buyer.into_iter().flat_map(|buyer| [shop.name_when_erased(&buyer), buyer]).collect();
    let (uses, has_ordered) = coupons::uses(&shop.storage, &stored, &names).await?;
    let uses = (question.uses_of_others)(uses, code.as_str());
    match check_use(&stored.coupon, uses, has_ordered, shop.now()) {
        Ok(()) => Ok(Code::Good(Box::new(stored.coupon))),
        Err(refusal) => Ok(Code::Refused(Refusal::Coupon(refusal))),
    }
}

impl std::fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Question").field("items", &self.items.len()).finish_non_exhaustive()
    }
}
