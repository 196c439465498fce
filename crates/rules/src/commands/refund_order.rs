//! Refunds an order by hand: some of its goods, its shipping, a free amount, or all that is left; or notes that what a failed
//! refund owes was paid back outside of Stripe.
//!
//! M3: decided under the order's lock against what is left of the payment, so that two people at once, or one who
//! clicks twice, give back what was captured and no more (scenario R2).

use crate::books::Books;
use crate::commands::cancel_order::{dispute_open, fit_into};
use crate::commands::record_refund::count_money_back;
use crate::commands::{Refusal, Touched};
use crate::effects::Effect;
use crate::ids::{OrderId, RefundId};
use crate::money::Money;
use crate::orders::Hold;
use crate::owed;
use crate::payments::{Payment, Purpose};
use crate::refunds::{Refund, RefundKind, RefundLine, RefundState};
use crate::shipments::Units;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundOrder {
    pub refund_id: RefundId,
    pub order_id: OrderId,
    pub what: RefundWhat,
    /// Whether the goods come back to the shelf; means nothing for a free amount.
    pub restock: bool,
    pub reason: String,
    pub request_hash: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundWhat {
    /// A free amount, in minor units of the payment's currency.
    Amount(i64),
    /// Goods, with or without the order's shipping; or the shipping alone.
    Goods { lines: Vec<Units>, shipping: bool },
    /// All that is left of the payment. Goods that were not paid back yet count as returned when restocked.
    Rest,
    /// The money of a refund that failed, once more, from the same payment. Its goods came back with the first one.
    Again(RefundId),
    /// What a failed refund owes was paid back outside of Stripe, for the amount that was shown: it counts against the payment as
    /// any refund does, so that nobody sends it again, and nothing is sent.
    Elsewhere { failed: RefundId, seen_minor: i64 },
    /// All that is left of one payment that does not pay the order, as money: the order's goods stay as they are.
    Payment(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refunding {
    pub order_id: OrderId,
    pub refund_id: RefundId,
    pub again: bool,
}

impl RefundOrder {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], money: true, order_stock: true, ..Touched::default() }
    }
}

pub fn refund_order(books: &mut Books, command: &RefundOrder, now: Timestamp) -> Result<Refunding, Refusal> {
    let (id, refund_id) = (command.order_id, command.refund_id);
    books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if let Some(refund) = books.refunds.get(&refund_id) {
        if refund.request_hash != command.request_hash || refund.order != id {
            return Err(Refusal::IdempotencyKeyReused);
        }
        return Ok(Refunding { order_id: id, refund_id, again: true });
    }
    if dispute_open(books, id) {
        return Err(Refusal::DisputeOpen);
    }
    let failed = match command.what {
        RefundWhat::Again(failed) | RefundWhat::Elsewhere { failed, .. } => Some(failed_refund(books, id, failed)?),
        RefundWhat::Amount(_) | RefundWhat::Goods { .. } | RefundWhat::Rest | RefundWhat::Payment(_) => None,
    };
    let payment = match (&failed, &command.what) {
        (Some((failed, _)), _) => books.payments.get(&failed.intent_id).cloned().ok_or(Refusal::PaymentUnknown)?,
        (None, RefundWhat::Payment(intent)) => payment_beside(books, id, intent)?,
        (None, _) => payment_to_refund(books, id)?,
    };
    let left = payment.left_minor();
    let (amount_minor, lines, shipping_minor) = what_goes_back(books, command, left)?;
    if amount_minor < 1 {
        return Err(Refusal::NothingToRefund);
    }
    if amount_minor > left {
        return Err(Refusal::RefundTooLarge { left_minor: left, currency: payment.amount.currency });
    }

    let currency = payment.amount.currency;
    // All that is left can always go back, whatever it is made of.
    if amount_minor % currency.step_minor() != 0 && amount_minor != left {
        return Err(Refusal::AmountNotInSteps { step_minor: currency.step_minor(), currency });
    }

    // Nothing refuses below this line.
    let numbers: Vec<i64> = lines.iter().map(|line| line.line_no).collect();
    // What failed had called its units off already.
    for line in lines.iter().filter(|_| failed.is_none()) {
        let open = books.orders[&id].lines[line.line_no as usize - 1].open();
        // Goods that were paid back and never sent are not sent any more.
        books.call_off(id, line.line_no, line.units.min(open));
    }
    let amount = Money::new(amount_minor, currency);
    let (kind, state) = match command.what {
        // It is done already: whoever says so has paid it.
        RefundWhat::Elsewhere { .. } => (RefundKind::Elsewhere, RefundState::Succeeded),
        RefundWhat::Amount(_)
        | RefundWhat::Goods { .. }
        | RefundWhat::Rest
        | RefundWhat::Again(_)
        | RefundWhat::Payment(_) => (RefundKind::ByHand, RefundState::Requested),
    };
    let asked = Refund::asked(refund_id, id, &payment.intent_id, amount, kind, now);
    let (reason, request_hash) = (command.reason.clone(), command.request_hash.clone());
    let instead_of = failed.map(|(failed, _)| failed.id);
    books.put_refund(Refund { state, reason, request_hash, shipping_minor, lines, instead_of, ..asked });
    for line_no in numbers {
        let units = books.to_restock(id, line_no);
        books.restock(id, line_no, units, refund_id.to_string(), now);
    }
    if kind == RefundKind::Elsewhere {
        books.tell(id, "paid_elsewhere", refund_id.to_string(), now);
        count_money_back(books, id, now);
    } else {
        books.tell(id, "refund_requested", refund_id.to_string(), now);
        books.effect(Effect::RefundPayment { order: id, refund: refund_id });
    }
    Ok(Refunding { order_id: id, refund_id, again: false })
}

/// A payment of this order that does not pay it.
fn payment_beside(books: &Books, id: OrderId, intent: &str) -> Result<Payment, Refusal> {
    let payment = books.payments.get(intent).filter(|payment| payment.order == id);
    payment.filter(|payment| payment.purpose != Purpose::Order).cloned().ok_or(Refusal::PaymentUnknown)
}

/// The refund by which the money of a failed one is owed, and how much of it: what went back in its place since is not sent a
/// second time from a page that still offers it.
fn failed_refund(books: &Books, id: OrderId, failed: RefundId) -> Result<(Refund, i64), Refusal> {
    let named = books.refunds.get(&failed).filter(|refund| refund.order == id).ok_or(Refusal::RefundUnknown)?;
    let owed = owed::standing_for(&books.refunds, named).ok_or(Refusal::NothingToRefund)?;
    Ok((owed.clone(), owed.owed_minor.min(named.amount.minor)))
}

/// The payment that paid the order; otherwise money that is here for other reasons and not yet on its way back.
fn payment_to_refund(books: &Books, id: OrderId) -> Result<Payment, Refusal> {
    let own = books.payment_of(id).filter(|payment| payment.left_minor() > 0);
    let other = || books.payments.values().find(|payment| payment.order == id && payment.left_minor() > 0);
    if let Some(payment) = own.or_else(other) {
        return Ok(payment.clone());
    }
    let paid = books.payments.values().find(|payment| payment.order == id);
    match paid {
        None => Err(Refusal::NotPaid),
        Some(payment) => Err(Refusal::RefundTooLarge { left_minor: 0, currency: payment.amount.currency }),
    }
}

type GoesBack = (i64, Vec<RefundLine>, i64);

fn what_goes_back(books: &Books, command: &RefundOrder, left: i64) -> Result<GoesBack, Refusal> {
    let id = command.order_id;
    match &command.what {
        RefundWhat::Amount(amount) => Ok((*amount, Vec::new(), 0)),
        RefundWhat::Payment(_) => Ok((left, Vec::new(), 0)),
        RefundWhat::Again(failed) | RefundWhat::Elsewhere { failed, .. } => {
            let (failed, owed_minor) = failed_refund(books, id, *failed)?;
            let amount = owed_minor.min(left);
            if let RefundWhat::Elsewhere { seen_minor, .. } = command.what
                && seen_minor != amount
            {
                return Err(Refusal::ChangedMeanwhile);
            }
            let shipping = failed.shipping_minor.min(books.shipping_left(id)).min(amount);
            // Goods that another refund has paid for meanwhile are not counted twice.
            let fits = |line: &RefundLine| {
                units_refunded(books, id, line.line_no) + line.units
                    <= books.orders[&id].lines[line.line_no as usize - 1].quantity
            };
            let mut lines = if failed.lines.iter().all(fits) { failed.lines } else { Vec::new() };
            fit_into(&mut lines, amount - shipping);
            Ok((amount, lines, shipping))
        }
        RefundWhat::Goods { lines, shipping } => {
            // Shipping may go back alone, for goods that stay.
            let alone = lines.is_empty() && *shipping && books.orders[&id].hold == Hold::Sold;
            let lines = if alone { Vec::new() } else { goods(books, id, lines, command.restock)? };
            let shipping = if *shipping { books.shipping_left(id) } else { 0 };
            Ok((lines.iter().map(|line| line.amount_minor).sum::<i64>() + shipping, lines, shipping))
        }
        RefundWhat::Rest => {
            let order = &books.orders[&id];
            let mut rest = Vec::new();
            for at in 1..=order.lines.len() as i64 {
                let units = order.lines[at as usize - 1].quantity - units_refunded(books, id, at);
                if units > 0 && order.hold == Hold::Sold {
                    rest.push(Units { line_no: at, units });
                }
            }
            let mut lines = if rest.is_empty() { Vec::new() } else { goods(books, id, &rest, command.restock)? };
            fit_into(&mut lines, left);
            let given: i64 = lines.iter().map(|line| line.amount_minor).sum();
            Ok((left, lines, books.shipping_left(id).min(left - given)))
        }
    }
}

fn goods(books: &Books, id: OrderId, wanted: &[Units], restock: bool) -> Result<Vec<RefundLine>, Refusal> {
    let order = &books.orders[&id];
    if wanted.is_empty() {
        return Err(Refusal::NothingToRefund);
    }
    if order.hold != Hold::Sold {
        return Err(Refusal::NotPaid);
    }
    let mut lines: Vec<RefundLine> = Vec::new();
    for want in wanted {
        let line = usize::try_from(want.line_no - 1).ok().and_then(|at| order.lines.get(at));
        let line = line.ok_or(Refusal::LineUnknown { line_no: want.line_no })?;
        let named: i64 = lines.iter().filter(|other| other.line_no == want.line_no).map(|other| other.units).sum();
        let before = units_refunded(books, id, want.line_no) + named;
        if want.units < 1 || before + want.units > line.quantity {
            let left = line.quantity - before;
            return Err(Refusal::UnitsNotThere { sku: line.sku.clone(), left });
        }
        let amount_minor = line.share(before, want.units, order.currency.step_minor());
        lines.push(RefundLine { line_no: want.line_no, units: want.units, amount_minor, restock });
    }
    Ok(lines)
}

fn units_refunded(books: &Books, id: OrderId, line_no: i64) -> i64 {
    books.lines_refunded(id, line_no).map(|line| line.units).sum()
}
