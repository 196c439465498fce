//! Stock: levels, and the movements that change them.
//!
//! S1: `0 <= held <= on_hand` for every SKU; what somebody counted below what is held is *short*, and as long as anything
//! is short nothing is free. S2: a level changes only by a movement that says why, and movements
//! are numbered without a gap, so that replaying them must end at the level.

use crate::ids::{CountId, OrderId};
use crate::text::Sku;
use crate::time::Timestamp;

/// The most units one SKU may have on hand; beyond any shelf, far below overflow.
pub const ON_HAND_MAX: i64 = 1_000_000_000;

/// What is there of one SKU, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// On the shelf, including what is held.
    pub on_hand: i64,
    /// Promised to orders that are not paid yet.
    pub held: i64,
    /// Number of the latest movement.
    pub seq: i64,
    /// Units that are missing of those promised or sold: somebody found fewer than are held, and said so. They are
    /// written off as soon as anything is free again.
    pub short: i64,
    /// How many times it was changed by hand: whoever counts has read this one.
    pub revision: i64,
}

/// What a buyer can get, from numbers as they are stored, in units. `due` are those of holds whose time is over: they count
/// as free, and their orders give them back before anybody else is promised them. Levels and due holds may be read a moment
/// apart, so this never says more than there is.
pub fn available(on_hand: i64, held: i64, short: i64, due: i64) -> i64 {
    (on_hand - held - short + due).clamp(0, on_hand.max(0))
}

/// How many units are fewer than promised once `delta` more are on hand.
pub fn below_held(on_hand: i64, held: i64, delta: i64) -> i64 {
    (held - on_hand - delta).max(0)
}

/// Why a level changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    Received,
    Counted,
    Damaged,
    Returned,
    Correction,
    /// By the shop: a paid order took it.
    Sold,
    /// By the shop: a cancelled order gave it back.
    Restocked,
    /// By the shop: missing units were written off, once nothing was promised of them any more.
    Shortfall,
}

/// One change of one level, with its cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    pub sku: Sku,
    pub seq: i64,
    pub delta: i64,
    pub on_hand_after: i64,
    pub reason: Reason,
    pub order: Option<OrderId>,
    pub actor: String,
    /// The command that asked for it: a count's id, or the order's.
    pub command: String,
    pub at: Timestamp,
}

/// The answer to a change of stock by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub on_hand: i64,
    pub held: i64,
    pub short: i64,
    /// The same change had been made before; nothing was changed now.
    pub again: bool,
}

/// Goods that are missing although they are promised: named, counted, and in the books until they are made up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortfall {
    /// The count that found it.
    pub id: CountId,
    pub sku: Sku,
    pub units: i64,
    pub actor: String,
    pub at: Timestamp,
}

/// An order line that cannot be had in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Short {
    pub sku: Sku,
    pub wanted: i64,
    pub available: i64,
}

/// A change by hand that was already made: the movement and the shortfall it left behind, together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCount {
    pub id: CountId,
    pub sku: Sku,
    pub delta: i64,
}

impl Level {
    pub const EMPTY: Level = Level { on_hand: 0, held: 0, seq: 0, short: 0, revision: 0 };

    /// What a new order can still be promised.
    pub fn available(&self) -> i64 {
        self.on_hand - self.held
    }

    /// What somebody who looks finds of it, beside what is packed for paid orders; below zero: so many are sold that
    /// are not there.
    pub fn on_shelf(&self) -> i64 {
        self.on_hand - self.short
    }

    /// Panics when the level breaks S1: nothing is saved then, and the command gets a fault.
    pub fn assert_holds(&self) {
        assert!(self.held >= 0, "S1: never hold less than nothing");
        assert!(self.held <= self.on_hand, "S1: never promise more than is there");
        assert!(self.on_hand <= ON_HAND_MAX, "S1: a level stays within reach");
        assert!(self.short >= 0, "S1: nothing is missing less than not at all");
        assert!(self.short == 0 || self.available() == 0, "S1: nothing is free of goods that are short");
    }
}

impl Reason {
    pub const ALL: [Reason; 8] = [
        Reason::Received,
        Reason::Counted,
        Reason::Damaged,
        Reason::Returned,
        Reason::Correction,
        Reason::Sold,
        Reason::Restocked,
        Reason::Shortfall,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Reason::Received => "received",
            Reason::Counted => "counted",
            Reason::Damaged => "damaged",
            Reason::Returned => "returned",
            Reason::Correction => "correction",
            Reason::Sold => "sold",
            Reason::Restocked => "restocked",
            Reason::Shortfall => "shortfall",
        }
    }

    pub fn parse(text: &str) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.as_str() == text)
    }

    /// Whether a person may give this reason; the others are the shop's own.
    pub fn by_hand(self) -> bool {
        !matches!(self, Reason::Sold | Reason::Restocked | Reason::Shortfall)
    }
}
