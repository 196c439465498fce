//! Says which goods a refund was for that was made in the Stripe Dashboard (scenario R5): nobody there could say.

use crate::books::Books;
use crate::commands::refund_order::Refunding;
use crate::commands::{Refusal, Touched};
use crate::ids::{OrderId, RefundId};
use crate::orders::Hold;
use crate::refunds::RefundLine;
use crate::shipments::Units;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssignRefund {
    pub order_id: OrderId,
    pub refund_id: RefundId,
    /// None: it was for no goods in particular.
    pub lines: Vec<Units>,
    pub restock: bool,
}

impl AssignRefund {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], money: true, order_stock: true, ..Touched::default() }
    }
}

pub fn assign_refund(books: &mut Books, command: &AssignRefund, now: Timestamp) -> Result<Refunding, Refusal> {
    let (id, refund_id) = (command.order_id, command.refund_id);
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    let mut refund = books.refunds.get(&refund_id).filter(|r| r.order == id).cloned().ok_or(Refusal::RefundUnknown)?;
    if refund.assigned {
        return Ok(Refunding { order_id: id, refund_id, again: true });
    }
    let mut left = refund.amount.minor;
    for want in &command.lines {
        let line = usize::try_from(want.line_no - 1).ok().and_then(|at| order.lines.get(at));
        let line = line.ok_or(Refusal::LineUnknown { line_no: want.line_no })?;
        let named: i64 = refund.lines.iter().filter(|l| l.line_no == want.line_no).map(|l| l.units).sum();
        let before = books.lines_refunded(id, want.line_no).map(|l| l.units).sum::<i64>() + named;
        if want.units < 1 || before + want.units > line.quantity || order.hold != Hold::Sold {
            return Err(Refusal::UnitsNotThere { sku: line.sku.clone(), left: line.quantity - before });
        }
        // The amount was chosen by hand: the goods take of it what they cost, as far as it goes.
        let amount_minor = line.share(before, want.units, order.currency.step_minor()).min(left);
        left -= amount_minor;
        let restock = command.restock;
        refund.lines.push(RefundLine { line_no: want.line_no, units: want.units, amount_minor, restock });
    }

    // Nothing refuses below this line.
    refund.assigned = true;
    for line in &refund.lines {
        let open = books.orders[&id].lines[line.line_no as usize - 1].open();
        books.call_off(id, line.line_no, line.units.min(open));
    }
    books.put_refund(refund);
    for want in &command.lines {
        let units = books.to_restock(id, want.line_no);
        books.restock(id, want.line_no, units, refund_id.to_string(), now);
    }
    books.tell(id, "refund_assigned", refund_id.to_string(), now);
    Ok(Refunding { order_id: id, refund_id, again: false })
}
