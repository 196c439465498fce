//! The books: the slice of the shop that a batch of commands may read and change, and what it has changed.
//!
//! Invariant: only these methods change a level, a hold or an order, so S1–S3 are asserted in one place.

use std::collections::{BTreeMap, BTreeSet};

use crate::effects::Effect;
use crate::ids::{CountId, OrderId};
use crate::money::Currency;
use crate::orders::{Event, Hold, Order, Status};
use crate::payments::{Payment, Refund};
use crate::stock::{Level, Movement, PastCount, Reason};
use crate::text::Sku;
use crate::time::{Span, Timestamp};

/// What the shopkeeper has decided for every order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub currency: Currency,
    /// How long stock is held for an unpaid order.
    pub hold: Span,
    /// The most live holds of one buyer, and of one client.
    pub holds_per_buyer_max: i64,
    pub holds_per_client_max: i64,
    /// The least that Stripe charges in this currency, in minor units.
    pub charge_minor_min: i64,
    /// The most that Stripe charges at once (docs.stripe.com/currencies: eight digits).
    pub charge_minor_max: i64,
}

/// What is offered under a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    pub price_minor: i64,
    pub for_sale: bool,
    /// Language tag → title; an empty map prints the SKU.
    pub titles: BTreeMap<String, String>,
    pub variant_titles: BTreeMap<String, String>,
}

/// Everything that a batch has changed, to be saved in one flight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    pub placed: BTreeSet<OrderId>,
    pub orders: BTreeSet<OrderId>,
    pub levels: BTreeMap<Sku, LevelDelta>,
    pub holders: BTreeMap<String, i64>,
    pub numbers_drawn: i64,
    pub movements: Vec<Movement>,
    pub events: Vec<Event>,
    pub payments: Vec<Payment>,
    pub refunds: BTreeSet<crate::ids::RefundId>,
    pub effects: Vec<Effect>,
}

/// How a batch has changed one level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LevelDelta {
    pub on_hand: i64,
    pub held: i64,
    pub movements: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    pub policy: Policy,
    pub goods: BTreeMap<Sku, Good>,
    pub levels: BTreeMap<Sku, Level>,
    pub orders: BTreeMap<OrderId, Order>,
    pub payments: BTreeMap<String, Payment>,
    pub refunds: BTreeMap<crate::ids::RefundId, Refund>,
    pub holders: BTreeMap<String, i64>,
    /// The latest order number drawn.
    pub order_number: i64,
    pub past_counts: BTreeMap<CountId, PastCount>,
    pub changes: Changes,
}

impl Books {
    pub fn empty(policy: Policy) -> Self {
        Books {
            policy,
            goods: BTreeMap::new(),
            levels: BTreeMap::new(),
            orders: BTreeMap::new(),
            payments: BTreeMap::new(),
            refunds: BTreeMap::new(),
            holders: BTreeMap::new(),
            order_number: 0,
            past_counts: BTreeMap::new(),
            changes: Changes::default(),
        }
    }

    pub fn level(&self, sku: &Sku) -> Level {
        self.levels.get(sku).copied().unwrap_or(Level::EMPTY)
    }

    pub fn draw_order_number(&mut self) -> i64 {
        self.order_number += 1;
        self.changes.numbers_drawn += 1;
        self.order_number
    }

    /// Inserts a freshly placed order and holds its stock.
    pub fn place(&mut self, order: Order) {
        assert!(
            order.status == Status::Pending && order.hold == Hold::Live,
            "an order begins pending, with a live hold"
        );
        let id = order.id;
        for (sku, quantity) in order.demand() {
            self.hold(&sku, quantity);
        }
        for holder in order.holders() {
            self.count_hold(holder, 1);
        }
        let before = self.orders.insert(id, order);
        assert!(before.is_none(), "an order is placed once");
        self.changes.placed.insert(id);
    }

    /// S3: the hold ends by a sale; what was held leaves the shelf.
    pub fn sell_held(&mut self, id: OrderId, now: Timestamp) {
        let demand = self.end_hold(id, Hold::Sold);
        for (sku, quantity) in demand {
            self.hold(&sku, -quantity);
            self.take_sold(&sku, quantity, id, now);
        }
    }

    /// S3: the hold ends unsold; its stock is free again.
    pub fn release_held(&mut self, id: OrderId) {
        let demand = self.end_hold(id, Hold::Released);
        for (sku, quantity) in demand {
            self.hold(&sku, -quantity);
        }
    }

    /// A late payment takes its stock again; the caller has checked that it is there.
    pub fn sell_released(&mut self, id: OrderId, now: Timestamp) {
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        assert!(order.hold == Hold::Released, "S3: only released stock is taken again");
        order.hold = Hold::Sold;
        self.changes.orders.insert(id);
        for (sku, quantity) in self.orders[&id].demand() {
            self.take_sold(&sku, quantity, id, now);
        }
    }

    /// Changes a level by hand, with its movement.
    pub fn count(&mut self, count: PastCount, reason: Reason, actor: &str, now: Timestamp) {
        self.move_stock(&count.sku, count.delta, reason, None, actor, count.id.to_string(), now);
        self.past_counts.insert(count.id, count);
    }

    /// Lets a decision change an order's own fields; stock and holds have their own methods.
    pub fn change(&mut self, id: OrderId, change: impl FnOnce(&mut Order)) {
        change(self.orders.get_mut(&id).expect("the order is loaded"));
        self.changes.orders.insert(id);
    }

    /// Adds an entry to the order's timeline.
    pub fn tell(&mut self, id: OrderId, kind: &'static str, detail: impl Into<String>, now: Timestamp) {
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        order.revision += 1;
        self.changes.events.push(Event { order: id, seq: order.revision, kind, detail: detail.into(), at: now });
        self.changes.orders.insert(id);
    }

    pub fn effect(&mut self, effect: Effect) {
        self.changes.effects.push(effect);
    }

    /// M4: whatever Stripe took is known here.
    pub fn take_payment(&mut self, payment: Payment) {
        self.changes.payments.push(payment.clone());
        let before = self.payments.insert(payment.intent_id.clone(), payment);
        assert!(before.is_none(), "M2: a payment is recorded once");
    }

    pub fn put_refund(&mut self, refund: Refund) {
        let captured = self.payments.get(&refund.intent_id).map_or(0, |payment| payment.amount.minor);
        self.changes.refunds.insert(refund.id);
        let intent = refund.intent_id.clone();
        self.refunds.insert(refund.id, refund);
        let sum: i64 = self
            .refunds
            .values()
            .filter(|r| r.intent_id == intent)
            .filter(|r| {
                !matches!(r.state, crate::payments::RefundState::Failed | crate::payments::RefundState::Canceled)
            })
            .map(|r| r.amount.minor)
            .sum();
        assert!(sum <= captured, "M3: refunds never exceed what was captured");
    }

    fn end_hold(&mut self, id: OrderId, end: Hold) -> BTreeMap<Sku, i64> {
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        assert!(order.hold == Hold::Live, "S3: a hold ends exactly once");
        order.hold = end;
        let (demand, holders) = (order.demand(), order.holders());
        self.changes.orders.insert(id);
        for holder in holders {
            self.count_hold(holder, -1);
        }
        demand
    }

    fn count_hold(&mut self, holder: String, delta: i64) {
        let live = self.holders.entry(holder.clone()).or_insert(0);
        *live += delta;
        assert!(*live >= 0, "S3: a hold that ended is not counted");
        *self.changes.holders.entry(holder).or_insert(0) += delta;
    }

    fn hold(&mut self, sku: &Sku, quantity: i64) {
        let level = self.levels.get_mut(sku).expect("the level is loaded");
        level.held += quantity;
        self.changes.levels.entry(sku.clone()).or_default().held += quantity;
        level.assert_holds();
    }

    fn take_sold(&mut self, sku: &Sku, quantity: i64, order: OrderId, now: Timestamp) {
        self.move_stock(sku, -quantity, Reason::Sold, Some(order), "shop", order.to_string(), now);
    }

    #[allow(clippy::too_many_arguments)] // A movement has this many facts; a struct would only be its copy.
    fn move_stock(
        &mut self,
        sku: &Sku,
        delta: i64,
        reason: Reason,
        order: Option<OrderId>,
        actor: &str,
        command: String,
        now: Timestamp,
    ) {
        let level = self.levels.get_mut(sku).expect("the level is loaded");
        level.on_hand += delta;
        level.seq += 1;
        level.assert_holds();
        let changed = self.changes.levels.entry(sku.clone()).or_default();
        changed.on_hand += delta;
        changed.movements += 1;
        self.changes.movements.push(Movement {
            sku: sku.clone(),
            seq: level.seq,
            delta,
            on_hand_after: level.on_hand,
            reason,
            order,
            actor: actor.to_owned(),
            command,
            at: now,
        });
    }
}
