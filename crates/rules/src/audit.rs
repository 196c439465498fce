//! Every promise of `docs/invariants.md` that can be checked on a snapshot of the books, without trusting the sums
//! that the shop itself keeps.

use std::collections::BTreeMap;

use crate::text::Sku;

/// One promise that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The promise's number, such as `S1`.
    pub promise: &'static str,
    /// What it is about: a SKU, an order.
    pub subject: String,
    pub detail: String,
}

/// One level beside what the rest of the books say of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StockAccount {
    pub on_hand: i64,
    pub held: i64,
    pub seq: i64,
    /// Σ deltas of its movements, how many there are, and the largest number among them.
    pub movements_sum: i64,
    pub movements_count: i64,
    pub movements_seq_max: i64,
    /// Σ quantities of the lines of orders whose hold is live.
    pub live_holds_sum: i64,
    /// Σ quantities of the lines of orders whose hold was sold, less what was restocked.
    pub sold_sum: i64,
    /// Σ deltas of its `sold` and `restocked` movements.
    pub sold_movements_sum: i64,
    /// Units that are missing, as the level says; Σ units of its shortfalls; Σ deltas of its `shortfall` movements.
    pub short: i64,
    pub shortfalls_sum: i64,
    pub written_off_sum: i64,
}

/// Checks S1 to S3 for every SKU.
pub fn check_stock(accounts: &BTreeMap<Sku, StockAccount>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |promise, sku: &Sku, detail: String| {
        findings.push(Finding { promise, subject: sku.to_string(), detail });
    };
    for (sku, a) in accounts {
        if a.held < 0 || a.held > a.on_hand {
            find("S1", sku, format!("{} held of {} on hand", a.held, a.on_hand));
        }
        if a.short < 0 || (a.short > 0 && a.held != a.on_hand) {
            find("S1", sku, format!("{} short although {} of {} are held", a.short, a.held, a.on_hand));
        }
        if a.shortfalls_sum + a.written_off_sum != a.short {
            let found = a.shortfalls_sum + a.written_off_sum;
            find("S2", sku, format!("shortfalls leave {found}, the level says {} short", a.short));
        }
        if a.movements_sum != a.on_hand {
            find("S2", sku, format!("movements sum to {}, the level says {}", a.movements_sum, a.on_hand));
        }
        if a.movements_count != a.seq || a.movements_seq_max != a.seq {
            let detail = format!(
                "{} movements up to number {}, the level says {}",
                a.movements_count, a.movements_seq_max, a.seq
            );
            find("S2", sku, detail);
        }
        if a.live_holds_sum != a.held {
            find("S2", sku, format!("live orders hold {}, the level says {}", a.live_holds_sum, a.held));
        }
        if -a.sold_movements_sum != a.sold_sum {
            find("S3", sku, format!("orders sold {}, movements took {}", a.sold_sum, -a.sold_movements_sum));
        }
    }
    findings
}
