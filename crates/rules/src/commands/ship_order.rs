//! Ships an order, or part of it: what has left cannot be cancelled any more.

use crate::books::Books;
use crate::commands::{Refusal, Touched};
use crate::effects::Letter;
use crate::ids::{OrderId, ShipmentId};
use crate::orders::{Fulfilment, Status};
use crate::shipments::{Shipment, Units};
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShipOrder {
    pub shipment_id: ShipmentId,
    pub order_id: OrderId,
    /// None: everything that is still to be sent.
    pub lines: Vec<Units>,
    pub carrier: String,
    pub tracking: String,
    /// Whether the buyer hears of it by letter.
    pub notify: bool,
    pub request_hash: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shipped {
    pub order_id: OrderId,
    pub fulfilment: Fulfilment,
    pub again: bool,
}

impl ShipOrder {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], shipments: vec![self.shipment_id], ..Touched::default() }
    }
}

pub fn ship_order(books: &mut Books, command: &ShipOrder, now: Timestamp) -> Result<Shipped, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if let Some(shipment) = books.shipments.get(&command.shipment_id) {
        if shipment.request_hash != command.request_hash || shipment.order != id {
            return Err(Refusal::IdempotencyKeyReused);
        }
        return Ok(Shipped { order_id: id, fulfilment: order.fulfilment, again: true });
    }
    if order.status != Status::Paid {
        return Err(Refusal::NotPaid);
    }
    let mut lines = Vec::new();
    for (at, line) in order.lines.iter().enumerate() {
        let line_no = at as i64 + 1;
        let named = command.lines.iter().filter(|want| want.line_no == line_no);
        let units = if command.lines.is_empty() { line.open() } else { named.map(|want| want.units).sum() };
        if units < 0 || units > line.open() {
            return Err(Refusal::UnitsNotThere { sku: line.sku.clone(), left: line.open() });
        }
        if units > 0 {
            lines.push(Units { line_no, units });
        }
    }
    if let Some(want) = command.lines.iter().find(|want| !(1..=order.lines.len() as i64).contains(&want.line_no)) {
        return Err(Refusal::LineUnknown { line_no: want.line_no });
    }
    if lines.is_empty() {
        return Err(Refusal::NothingToShip);
    }
    let tracking = command.tracking.clone();
    books.ship(Shipment {
        id: command.shipment_id,
        order: id,
        lines,
        carrier: command.carrier.clone(),
        tracking: tracking.clone(),
        request_hash: command.request_hash.clone(),
        at: now,
    });
    books.tell(id, "shipped", tracking, now);
    if command.notify {
        books.letter_about(id, Letter::OrderShipped, command.shipment_id.to_string());
    }
    Ok(Shipped { order_id: id, fulfilment: books.orders[&id].fulfilment, again: false })
}
