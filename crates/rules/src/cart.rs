//! What a buyer asks for.

use std::collections::BTreeMap;

use crate::text::Sku;

/// The most lines of one order: half of what Stripe Checkout takes (100 items), so that shipping, tax and
/// anything later still fit beside them.
pub const LINES_MAX: usize = 50;
/// The most units of one SKU in one order.
pub const QUANTITY_MAX: i64 = 999;

/// So many of one SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CartLine {
    pub sku: Sku,
    pub quantity: i64,
}

/// Sums the lines per SKU: two lines of one SKU are one demand (scenario S4).
pub fn demand(lines: &[CartLine]) -> BTreeMap<Sku, i64> {
    let mut demand = BTreeMap::new();
    for line in lines {
        let sum: &mut i64 = demand.entry(line.sku.clone()).or_default();
        *sum = sum.saturating_add(line.quantity);
    }
    demand
}
