//! Records how opening the payment page went.

use crate::books::Books;
use crate::commands::expire_hold::expire_hold;
use crate::commands::record_payment::Recorded;
use crate::commands::{Refusal, Touched};
use crate::effects::Effect;
use crate::ids::OrderId;
use crate::orders::{Hold, Session};
use crate::payments::SessionFact;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordCheckout {
    pub order_id: OrderId,
    pub answer: CheckoutAnswer,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckoutAnswer {
    /// Stripe opened a session.
    Opened { fact: SessionFact, url: Option<String>, expires_at: Timestamp },
    /// Stripe refused, or has proven never to have heard of it: nobody can ever pay here.
    NeverOpened { why: String },
}

impl RecordCheckout {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], order_stock: true, ..Touched::default() }
    }
}

pub fn record_checkout(books: &mut Books, command: &RecordCheckout, now: Timestamp) -> Result<Recorded, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if order.session != Session::Opening {
        return Ok(Recorded { order_id: id, status: order.status }); // Known already; facts never run backwards.
    }
    match &command.answer {
        CheckoutAnswer::NeverOpened { why } => {
            books.change(id, |order| order.session = Session::Never);
            expire_hold(books, id, why, now)?;
        }
        CheckoutAnswer::Opened { fact, url, expires_at } => {
            let right = fact.amount_minor == order.total_minor && fact.currency == order.currency;
            let wanted = right && order.hold == Hold::Live && order.cancelled_at.is_none();
            books.change(id, |order| {
                order.session = Session::Open;
                order.session_id = Some(fact.session_id.clone());
                order.session_url.clone_from(url);
                order.session_expires_at = Some(*expires_at);
                order.livemode = Some(fact.livemode);
                if !right {
                    // M1: what Stripe would charge is not what the buyer was shown. Nobody may pay that.
                    order.session_url = None;
                }
            });
            if right {
                books.tell(id, "checkout_opened", &*fact.session_id, now);
            } else {
                let detail = format!("{} {} at Stripe", fact.amount_minor, fact.currency);
                books.tell(id, "amount_differs", detail, now);
            }
            if !wanted {
                books.effect(Effect::CloseCheckout { order: id, session_id: fact.session_id.clone() });
            }
        }
    }
    Ok(Recorded { order_id: id, status: books.orders[&id].status })
}
