//! The books: the slice of the shop that a batch of commands may read and change, and what it has changed.
//!
//! Invariant: only these methods change a level, a hold or an order, so S1–S3 are asserted in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::coupons::{Account, Coupon, CouponCode};
use crate::disputes::Dispute;
use crate::effects::{Effect, Letter};
use crate::ids::{CountId, OrderId, RefundId, ShipmentId};
use crate::money::Currency;
use crate::orders::{Event, Hold, Order, Status};
use crate::owed;
use crate::payments::Payment;
use crate::places::Destination;
use crate::price_rules::PriceRules;
use crate::refunds::{Refund, RefundLine, RefundState};
use crate::shipments::Shipment;
use crate::stock::{Level, Movement, PastCount, Reason, Shortfall, below_held};
use crate::taxes::TaxClass;
use crate::text::Sku;
use crate::time::{Span, Timestamp};

/// Nobody holds goods longer unpaid; far below what a moment can carry.
pub const HOLD_MAX: Span = Span::minutes(365 * 24 * 60);

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
    /// The most that Stripe charges at once.
    pub charge_minor_max: i64,
    pub prices: Arc<PriceRules>,
}

/// What is offered under a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Good {
    pub price_minor: i64,
    pub for_sale: bool,
    /// Goods without a weight weigh nothing.
    pub weight_grams: Option<i64>,
    pub tax_class: TaxClass,
    /// The slug of its product, and of every collection that has it: what a coupon may be for.
    pub product: String,
    pub collections: Vec<String>,
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
    /// By how many uses each coupon has changed, and which of its customers have.
    pub coupons: BTreeMap<CouponCode, i64>,
    pub customers: BTreeSet<(CouponCode, String)>,
    pub numbers_drawn: i64,
    pub movements: Vec<Movement>,
    pub shortfalls: Vec<Shortfall>,
    pub events: Vec<Event>,
    pub lines: BTreeSet<OrderId>,
    /// Orders that go elsewhere now, with where they went before.
    pub addresses: BTreeMap<OrderId, String>,
    /// Payments that are new, and those whose refunds or disputes have changed.
    pub taken: BTreeSet<String>,
    pub payments: BTreeSet<String>,
    pub refunds: BTreeSet<RefundId>,
    pub disputes: BTreeSet<String>,
    pub shipments: BTreeSet<ShipmentId>,
    pub effects: Vec<Effect>,
}

/// How a batch has changed one level.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LevelDelta {
    pub on_hand: i64,
    pub held: i64,
    pub movements: i64,
    pub short: i64,
    pub revision: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Books {
    pub policy: Policy,
    pub goods: BTreeMap<Sku, Good>,
    pub levels: BTreeMap<Sku, Level>,
    pub orders: BTreeMap<OrderId, Order>,
    pub payments: BTreeMap<String, Payment>,
    pub refunds: BTreeMap<RefundId, Refund>,
    pub disputes: BTreeMap<String, Dispute>,
    pub shipments: BTreeMap<ShipmentId, Shipment>,
    pub holders: BTreeMap<String, i64>,
    /// The orders that hold a SKU, as they were loaded, where somebody asks for them.
    pub held_by: BTreeMap<Sku, BTreeSet<OrderId>>,
    pub coupons: BTreeMap<CouponCode, Account>,
    /// Who of the buyers with a code has ordered before: paid, or with goods held right now.
    pub ordered_before: BTreeSet<String>,
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
            disputes: BTreeMap::new(),
            shipments: BTreeMap::new(),
            holders: BTreeMap::new(),
            held_by: BTreeMap::new(),
            coupons: BTreeMap::new(),
            ordered_before: BTreeSet::new(),
            order_number: 0,
            past_counts: BTreeMap::new(),
            changes: Changes::default(),
        }
    }

    pub fn level(&self, sku: &Sku) -> Level {
        self.levels.get(sku).copied().unwrap_or(Level::EMPTY)
    }

    /// The orders that hold a SKU now: those that were loaded, and what this batch has made of them.
    pub fn held_by(&self, sku: &Sku) -> BTreeSet<OrderId> {
        let mut holding = self.held_by.get(sku).cloned().unwrap_or_default();
        holding.retain(|id| !self.orders.contains_key(id));
        let holds = |order: &&Order| order.hold == Hold::Live && order.lines.iter().any(|line| line.sku == *sku);
        holding.extend(self.orders.values().filter(holds).map(|order| order.id));
        holding
    }

    pub fn draw_order_number(&mut self) -> i64 {
        self.order_number += 1;
        self.changes.numbers_drawn += 1;
        self.order_number
    }

    /// Inserts a freshly placed order, holds its stock and reserves the use of its code.
    pub fn place(&mut self, order: Order) {
        assert!(
            order.status == Status::Pending && order.hold == Hold::Live,
            "an order begins pending, with a live hold"
        );
        let id = order.id;
        for (sku, quantity) in order.demand() {
            self.hold(&sku, quantity);
            self.levels[&sku].assert_holds();
        }
        for holder in order.holders() {
            self.count_hold(holder, 1);
        }
        self.ordered_before.insert(order.buyer.clone());
        let use_of = order.coupon.as_ref().map(|taken| taken.code.clone());
        let buyer = order.buyer.clone();
        let before = self.orders.insert(id, order);
        assert!(before.is_none(), "an order is placed once");
        if let Some(code) = use_of {
            self.count_use(&code, buyer, 1);
        }
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

    /// S3: the hold ends unsold; its stock is free again, as far as it is there.
    pub fn release_held(&mut self, id: OrderId, now: Timestamp) {
        let demand = self.end_hold(id, Hold::Released);
        for (sku, quantity) in demand {
            self.hold(&sku, -quantity);
            self.write_off(&sku, now);
        }
        self.give_use_back(id);
    }

    /// C1: an order that is never paid, or called off before anything was sent, gives the use of its code back: once,
    /// however often it is asked for.
    pub fn give_use_back(&mut self, id: OrderId) {
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        let Some(taken) = order.coupon.as_mut().filter(|taken| taken.counts) else { return };
        taken.counts = false;
        let (code, buyer) = (taken.code.clone(), order.buyer.clone());
        self.changes.orders.insert(id);
        self.count_use(&code, buyer, -1);
    }

    /// Whether an order whose use was given back could have it again.
    pub fn use_is_there(&self, order: &Order) -> bool {
        let missing = order.coupon.as_ref().filter(|taken| !taken.counts);
        missing.is_none_or(|taken| self.coupons[&taken.code].has_use_left(&order.buyer))
    }

    /// A late payment takes its stock, and the use of its code, again; the caller has checked that they are there.
    pub fn sell_released(&mut self, id: OrderId, now: Timestamp) {
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        assert!(order.hold == Hold::Released, "S3: only released stock is taken again");
        order.hold = Hold::Sold;
        self.changes.orders.insert(id);
        for (sku, quantity) in self.orders[&id].demand() {
            self.take_sold(&sku, quantity, id, now);
        }
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        if let Some(taken) = order.coupon.as_mut().filter(|taken| !taken.counts) {
            taken.counts = true;
            let (code, buyer) = (taken.code.clone(), order.buyer.clone());
            self.count_use(&code, buyer, 1);
        }
    }

    /// Changes a level by hand, with its movement. Goods that are promised stay in the books: what is missing of them is
    /// short, which the caller has been told and has confirmed.
    pub fn count(&mut self, count: PastCount, reason: Reason, actor: &str, now: Timestamp) {
        let level = self.levels[&count.sku];
        let missing = below_held(level.on_hand, level.held, count.delta);
        if count.delta + missing != 0 {
            self.move_stock(&count.sku, count.delta + missing, reason, None, actor, count.id.to_string(), now);
        }
        if missing > 0 {
            let (id, sku, actor) = (count.id, count.sku.clone(), actor.to_owned());
            let (level, changed) = self.change_level(&sku);
            level.short += missing;
            changed.short += missing;
            self.changes.shortfalls.push(Shortfall { id, sku, units: missing, actor, at: now });
        }
        let (level, changed) = self.change_level(&count.sku);
        level.revision += 1;
        changed.revision += 1;
        level.assert_holds();
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

    /// A letter to the buyer about the order as such: once per order and kind (E2).
    pub fn letter(&mut self, id: OrderId, letter: Letter) {
        self.effect(Effect::SendLetter { order: id, letter, about: String::new() });
    }

    /// A letter about one thing of the order, such as a refund: once for each.
    pub fn letter_about(&mut self, id: OrderId, letter: Letter, about: impl Into<String>) {
        self.effect(Effect::SendLetter { order: id, letter, about: about.into() });
    }

    /// M4: whatever Stripe took is known here.
    pub fn take_payment(&mut self, payment: Payment) {
        self.changes.taken.insert(payment.intent_id.clone());
        let before = self.payments.insert(payment.intent_id.clone(), payment);
        assert!(before.is_none(), "M2: a payment is recorded once");
    }

    /// Inserts a refund or changes its state; what counts against its payment follows, and what is owed of it.
    pub fn put_refund(&mut self, mut refund: Refund) {
        assert!(refund.amount.minor > 0, "M3: a refund gives something back");
        let given: i64 = refund.lines.iter().map(|line| line.amount_minor).sum();
        assert!(given + refund.shipping_minor <= refund.amount.minor, "M3: lines are parts of their refund");
        let counts = |refund: &Refund| if refund.state.is_alive() { refund.amount.minor } else { 0 };
        let (intent, after) = (refund.intent_id.clone(), counts(&refund));
        let known = self.refunds.get(&refund.id);
        let (is_new, before) = (known.is_none(), known.map_or(0, counts));
        let payment = self.payments.get_mut(&intent).expect("a refund is of a payment that is known");
        payment.refunded_minor += after - before;
        assert!(payment.refunded_minor >= 0, "M3: what never went back is not counted");
        assert!(payment.refunded_minor <= payment.amount.minor, "M3: refunds never exceed what was captured");
        let left = payment.amount.minor - payment.refunded_minor;
        if after > before {
            let made_up = owed::make_up(&mut self.refunds, &mut refund, left);
            self.changes.refunds.extend(made_up);
        } else if after < before || (is_new && after == 0) {
            refund.owed_minor = owed::owed_by(&self.refunds, &refund, left);
            let owing = owed::hand_on(&mut self.refunds, &mut refund);
            self.changes.refunds.extend(owing);
        }
        self.changes.refunds.insert(refund.id);
        self.refunds.insert(refund.id, refund);
        let owed = self.refunds.values().filter(|other| other.intent_id == intent).map(|other| other.owed_minor);
        assert!(owed.sum::<i64>() <= left, "M3: nothing is owed that is not here any more");
        self.changes.payments.insert(intent);
    }

    /// Inserts a dispute or what has become of it; what it withdrew counts against its payment.
    pub fn put_dispute(&mut self, dispute: Dispute) {
        let (intent, after) = (dispute.intent_id.clone(), dispute.withdrawn_minor);
        self.changes.disputes.insert(dispute.id.clone());
        let before = self.disputes.insert(dispute.id.clone(), dispute).map_or(0, |before| before.withdrawn_minor);
        let payment = self.payments.get_mut(&intent).expect("a dispute is of a payment that is known");
        payment.disputed_minor += after - before;
        assert!(payment.disputed_minor >= 0, "M4: a dispute gives back no more than it took");
        self.changes.payments.insert(intent);
    }

    /// What left the shop in one parcel.
    pub fn ship(&mut self, shipment: Shipment) {
        let id = shipment.order;
        for line in &shipment.lines {
            self.change_line(id, line.line_no, |sold| sold.shipped += line.units);
        }
        self.changes.shipments.insert(shipment.id);
        let before = self.shipments.insert(shipment.id, shipment);
        assert!(before.is_none(), "a parcel leaves once");
        self.change(id, |order| order.fulfilment = order.fulfilment_now());
    }

    /// Sends an order elsewhere.
    pub fn readdress(&mut self, id: OrderId, address: String, destination: Option<Destination>) {
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        let before = std::mem::replace(&mut order.shipping_address, address);
        order.destination = destination;
        self.changes.addresses.entry(id).or_insert(before);
        self.changes.orders.insert(id);
    }

    /// Units that will not be sent any more.
    pub fn call_off(&mut self, id: OrderId, line_no: i64, units: i64) {
        self.change_line(id, line_no, |line| line.cancelled += units);
        self.change(id, |order| order.fulfilment = order.fulfilment_now());
    }

    /// S3: sold units come back to the shelf, each once.
    pub fn restock(&mut self, id: OrderId, line_no: i64, units: i64, command: String, now: Timestamp) {
        if units == 0 {
            return;
        }
        assert!(units > 0 && self.orders[&id].hold == Hold::Sold, "S3: only what was sold is restocked");
        let sku = self.change_line(id, line_no, |line| line.restocked += units);
        self.move_stock(&sku, units, Reason::Restocked, Some(id), "shop", format!("{command}:{line_no}"), now);
    }

    /// How many units of a line are to be back on the shelf by the refunds that stand, less those that are already:
    /// a refund that failed and is made again restocks nothing twice (scenario S12).
    pub fn to_restock(&self, id: OrderId, line_no: i64) -> i64 {
        let wanted: i64 = self.lines_refunded(id, line_no).filter(|l| l.restock).map(|l| l.units).sum();
        (wanted - self.orders[&id].lines[line_no as usize - 1].restocked).max(0)
    }

    /// The parts of live refunds that are about one line.
    pub fn lines_refunded(&self, id: OrderId, line_no: i64) -> impl Iterator<Item = &RefundLine> {
        let alive = self.refunds.values().filter(move |refund| refund.order == id && refund.state.is_alive());
        alive.flat_map(|refund| &refund.lines).filter(move |line| line.line_no == line_no)
    }

    /// The part of an order's shipping, its tax included, that no live refund gives back, in minor units.
    pub fn shipping_left(&self, id: OrderId) -> i64 {
        let alive = self.refunds.values().filter(|refund| refund.order == id && refund.state.is_alive());
        self.orders[&id].shipping_total_minor() - alive.map(|refund| refund.shipping_minor).sum::<i64>()
    }

    /// What Stripe took for an order, and how much of it is back with the buyer, in minor units.
    pub fn money_of(&self, id: OrderId) -> (i64, i64) {
        let captured = self.payments.values().filter(|payment| payment.order == id).map(|p| p.amount.minor).sum();
        let back = self.refunds.values().filter(|r| r.order == id && r.state == RefundState::Succeeded);
        (captured, back.map(|refund| refund.amount.minor).sum())
    }

    /// The payment that pays an order, if it has one.
    pub fn payment_of(&self, id: OrderId) -> Option<&Payment> {
        let intent = self.orders.get(&id)?.payment_intent.as_deref()?;
        self.payments.get(intent)
    }

    fn change_line(&mut self, id: OrderId, line_no: i64, change: impl FnOnce(&mut crate::orders::Line)) -> Sku {
        let order = self.orders.get_mut(&id).expect("the order is loaded");
        let line = &mut order.lines[usize::try_from(line_no - 1).expect("lines are numbered from 1")];
        change(line);
        line.assert_holds();
        self.changes.lines.insert(id);
        line.sku.clone()
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
        let order = &self.orders[&id];
        if order.discount_minor > 0 && order.total_minor > 0 {
            // Stripe had a coupon of its own for it: sold, it is used up; released, nobody will ever use it (C9).
            self.effect(Effect::DeleteCoupon(id));
        }
        demand
    }

    /// C1: uses are counted where they are reserved and given back, and nowhere else.
    fn count_use(&mut self, code: &CouponCode, buyer: String, delta: i64) {
        let account = self.coupons.get_mut(code).expect("the coupon is loaded");
        let by_customer = account.by_customer.entry(buyer.clone()).or_insert(0);
        account.used += delta;
        *by_customer += delta;
        assert!(account.used >= 0 && *by_customer >= 0, "C1: a use is given back once");
        let within = |limit: Option<i64>, used: i64| delta < 0 || limit.is_none_or(|limit| used <= limit);
        let Coupon { usage_limit, usage_limit_per_customer, .. } = account.coupon;
        assert!(within(usage_limit, account.used), "C1: a code is used no more often than it may be");
        assert!(within(usage_limit_per_customer, *by_customer), "C1: nor by anybody more often than they may");
        *self.changes.coupons.entry(code.clone()).or_insert(0) += delta;
        self.changes.customers.insert((code.clone(), buyer));
    }

    fn count_hold(&mut self, holder: String, delta: i64) {
        let live = self.holders.entry(holder.clone()).or_insert(0);
        *live += delta;
        assert!(*live >= 0, "S3: a hold that ended is not counted");
        *self.changes.holders.entry(holder).or_insert(0) += delta;
    }

    /// What is held changes; whoever asks for it sees to it that the level holds afterwards.
    fn hold(&mut self, sku: &Sku, quantity: i64) {
        let (level, changed) = self.change_level(sku);
        level.held += quantity;
        changed.held += quantity;
    }

    /// S1: what is missing is written off as soon as it is promised to nobody, so that nothing is free that is not there.
    fn write_off(&mut self, sku: &Sku, now: Timestamp) {
        let (level, changed) = self.change_level(sku);
        let missing = level.short.min(level.available());
        if missing > 0 {
            level.short -= missing;
            changed.short -= missing;
            let command = format!("{sku}:shortfall:{}", level.seq + 1);
            self.move_stock(sku, -missing, Reason::Shortfall, None, "shop", command, now);
        }
        self.levels[sku].assert_holds();
    }

    fn change_level(&mut self, sku: &Sku) -> (&mut Level, &mut LevelDelta) {
        let level = self.levels.get_mut(sku).expect("the level is loaded");
        (level, self.changes.levels.entry(sku.clone()).or_default())
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
        let (level, changed) = self.change_level(sku);
        level.on_hand += delta;
        level.seq += 1;
        changed.on_hand += delta;
        changed.movements += 1;
        let (seq, on_hand_after) = (level.seq, level.on_hand);
        self.changes.movements.push(Movement {
            sku: sku.clone(),
            seq,
            delta,
            on_hand_after,
            reason,
            order,
            actor: actor.to_owned(),
            command,
            at: now,
        });
        self.write_off(sku, now);
    }
}
