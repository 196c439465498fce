//! Changes where an order goes, as long as something of it is still to be sent.
//!
//! What its shipping and its taxes were priced by stays as it was: the buyer has paid for a parcel to that country. Whoever
//! changes an address names the one they saw, so that two people at once never overwrite each other unseen.

use crate::books::Books;
use crate::commands::{Refusal, Touched};
use crate::ids::OrderId;
use crate::orders::{Line, Status};
use crate::places::Destination;
use crate::taxes::Taxation;
use crate::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeAddress {
    pub order_id: OrderId,
    /// The address as whoever changes it saw it; JSON, or empty.
    pub before: String,
    pub address: String,
    pub destination: Option<Destination>,
    /// Who changes it, for the timeline.
    pub actor: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddressChanged {
    pub order_id: OrderId,
    /// It stood so already: the same form, sent twice.
    pub again: bool,
}

impl ChangeAddress {
    pub fn touched(&self) -> Touched {
        Touched { orders: vec![self.order_id], ..Touched::default() }
    }
}

pub fn change_address(books: &mut Books, command: &ChangeAddress, now: Timestamp) -> Result<AddressChanged, Refusal> {
    let id = command.order_id;
    let order = books.orders.get(&id).ok_or(Refusal::OrderUnknown)?;
    if order.shipping_address == command.address {
        return Ok(AddressChanged { order_id: id, again: true });
    }
    match order.status {
        Status::Pending | Status::Processing => {}
        Status::Paid if order.lines.iter().any(|line: &Line| line.open() > 0) => {}
        Status::Paid => return Err(Refusal::NothingToShip),
        Status::Expired | Status::Cancelled | Status::Refunded => return Err(Refusal::NothingToShip),
    }
    let priced_by_it = order.delivery.is_some() || order.taxation != Taxation::None;
    if priced_by_it && order.destination != command.destination {
        return Err(Refusal::DestinationFixed);
    }
    if order.shipping_address != command.before {
        return Err(Refusal::ChangedMeanwhile);
    }

    // Nothing refuses below this line.
    books.readdress(id, command.address.clone(), command.destination.clone());
    books.tell(id, "address_changed", command.actor.clone(), now);
    Ok(AddressChanged { order_id: id, again: false })
}
