//! Shipments: what has left for the buyer, parcel by parcel.

use crate::ids::{OrderId, ShipmentId};
use crate::time::Timestamp;

/// So many units of one line of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Units {
    /// From 1, as the order's lines are numbered.
    pub line_no: i64,
    pub units: i64,
}

/// One parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shipment {
    pub id: ShipmentId,
    pub order: OrderId,
    pub lines: Vec<Units>,
    /// As typed; empty when nobody said.
    pub carrier: String,
    pub tracking: String,
    /// A digest of the request: the same id with other contents is refused.
    pub request_hash: String,
    pub at: Timestamp,
}
