//! What an order's page calls its state: a pure function of what is stored.
//!
//! Invariant: no state says "nothing was charged" while money of the order is here, none says "refunded" while it
//! is not, and none promises goods that are not going to be sent. The table below walks over every combination.

use rules::orders::{Hold, Session, Status};
use rules::refunds::{Refund, RefundKind};

use crate::storage::orders::OrderView;

/// What of an order decides its state; amounts in minor units. Disputes are not among it: while the bank and the
/// shop talk, the buyer sees the state before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    pub status: Status,
    /// Somebody asked to cancel it.
    pub asked: bool,
    pub captured: i64,
    /// Of `captured`: under way back or back.
    pub going_back: i64,
    /// Of `going_back`: back, as far as Stripe has said.
    pub back: i64,
    /// A refund did not go through.
    pub failed: bool,
    /// It came for goods that were gone, and goes back by itself.
    pub late: bool,
    /// A delayed payment was under way.
    pub delayed: bool,
    /// The payment page was never opened, so nobody could pay.
    pub never_opened: bool,
    pub sold: bool,
    /// Units that have left, will not leave, and are still to leave.
    pub shipped: i64,
    pub called_off: i64,
    pub open: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Processing,
    /// The payment is of another amount; a person looks at it.
    Checking,
    /// Called off, and the payment page is being closed.
    Closing,
    /// Called off, and a delayed payment is still on its way.
    Stopping,
    Paid,
    PartlyShipped,
    Shipped,
    /// What had not left was called off.
    RestCancelled,
    Expired,
    /// Stripe opened no payment page for it.
    NeverOpened,
    /// A delayed payment failed.
    Failed,
    /// Cancelled, and nothing was ever charged.
    Cancelled,
    /// Nothing is sent any more; what matters is the money.
    Over(Why, Back),
}

/// Why an order whose money is here is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Cancelled,
    /// Paid when the goods were gone.
    Late,
    /// The shop gave the money back.
    ByShop,
}

/// How far the money is on its way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    All,
    OnItsWay,
    /// Some did not go through, and the money is still here.
    Failed,
    /// What was to go back is back; the rest stays.
    Part,
    /// Nothing goes back by the shop, as when a bank has taken the money already.
    Nothing,
}

impl Facts {
    pub fn of(order: &OrderView) -> Facts {
        let sum = |number: fn(&crate::storage::orders::OrderLineView) -> i64| order.lines.iter().map(number).sum();
        Facts {
            status: order.status,
            asked: order.cancelled_at.is_some(),
            captured: order.captured(),
            going_back: order.going_back(),
            back: order.refunded(),
            failed: is_owed(order),
            late: order.refunds.iter().any(|refund| refund.kind == RefundKind::Late),
            delayed: order.events.iter().any(|event| event.kind == "payment_processing"),
            never_opened: order.session_state == Session::Never,
            sold: order.hold == Hold::Sold,
            shipped: sum(|line| line.shipped),
            called_off: sum(|line| line.cancelled),
            open: sum(|line| line.quantity - line.shipped - line.cancelled),
        }
    }

    fn why(&self) -> Why {
        match (self.asked, self.sold, self.late) {
            (true, _, _) => Why::Cancelled,
            (false, false, true) => Why::Late,
            (false, _, _) => Why::ByShop,
        }
    }

    fn money(&self) -> Back {
        if self.back >= self.captured {
            Back::All
        } else if self.failed && self.going_back < self.captured {
            Back::Failed
        } else if self.back < self.going_back {
            Back::OnItsWay
        } else if self.back > 0 {
            Back::Part
        } else {
            Back::Nothing
        }
    }
}

impl State {
    pub fn of(facts: &Facts) -> State {
        let over = || State::Over(facts.why(), facts.money());
        let all_goes_back = facts.captured > 0 && facts.going_back >= facts.captured;
        match facts.status {
            Status::Pending | Status::Processing if all_goes_back => over(),
            Status::Pending | Status::Processing if facts.captured > 0 => State::Checking,
            Status::Pending if facts.asked => State::Closing,
            Status::Pending => State::Pending,
            Status::Processing if facts.asked => State::Stopping,
            Status::Processing => State::Processing,
            Status::Paid if facts.shipped == 0 && (facts.open == 0 || all_goes_back) => over(),
            Status::Paid if facts.shipped == 0 => State::Paid,
            Status::Paid if facts.open > 0 => State::PartlyShipped,
            Status::Paid if facts.called_off > 0 => State::RestCancelled,
            Status::Paid => State::Shipped,
            Status::Refunded => over(),
            Status::Expired | Status::Cancelled if facts.captured > 0 => over(),
            Status::Expired if facts.delayed => State::Failed,
            Status::Expired if facts.never_opened => State::NeverOpened,
            Status::Expired => State::Expired,
            Status::Cancelled => State::Cancelled,
        }
    }

    /// The end of the keys of its words.
    pub fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Processing => "processing",
            State::Checking => "checking",
            State::Closing => "closing",
            State::Stopping => "stopping",
            State::Paid => "paid",
            State::PartlyShipped => "partly-shipped",
            State::Shipped => "shipped",
            State::RestCancelled => "rest-cancelled",
            State::Expired => "expired",
            State::NeverOpened => "never-opened",
            State::Failed => "failed",
            State::Cancelled => "cancelled",
            State::Over(Why::Cancelled, _) => "over-cancelled",
            State::Over(Why::Late, _) => "over-late",
            State::Over(Why::ByShop, back) => back.word(),
        }
    }

    /// Which words its chip has: an order that is over is told by its money.
    pub fn chip_word(self) -> &'static str {
        match self {
            State::Over(Why::Cancelled, Back::Nothing) => "cancelled",
            State::Over(_, back) => back.word(),
            other => other.word(),
        }
    }

    /// The chip's dot says the state too: full is done, half is waiting, a ring is over, red needs care.
    pub fn chip(self) -> &'static str {
        match self {
            State::Pending
            | State::Processing
            | State::Checking
            | State::Closing
            | State::Stopping
            | State::Over(_, Back::OnItsWay) => "wait",
            State::Paid | State::PartlyShipped | State::Shipped | State::RestCancelled => "ok",
            State::Failed | State::Over(_, Back::Failed) => "bad",
            State::Expired
            | State::NeverOpened
            | State::Cancelled
            | State::Over(_, Back::All | Back::Part | Back::Nothing) => "off",
        }
    }

    /// The keys of what stands below the heading.
    pub fn texts(self) -> Vec<String> {
        match self {
            State::Over(why, back) => {
                let why = match why {
                    Why::Cancelled | Why::Late => vec![format!("order-text-{}", self.word())],
                    Why::ByShop => Vec::new(),
                };
                why.into_iter().chain([format!("order-text-{}", back.word())]).collect()
            }
            other => vec![format!("order-text-{}", other.word())],
        }
    }

    /// The keys of what is said of money that goes back while goods are still sent.
    pub fn money_texts(self, order: &OrderView) -> Vec<&'static str> {
        if !matches!(self, State::Paid | State::PartlyShipped | State::Shipped | State::RestCancelled) {
            return Vec::new(); // Those that are over say it in their own words.
        }
        let (captured, back, going) = (order.captured(), order.refunded(), order.going_back());
        let is_back = match back {
            0 => None,
            back if back >= captured => Some("order-text-refunded"),
            _ => Some("order-text-partly-refunded"),
        };
        let goes = (going > back).then_some("order-text-refunding");
        is_back.into_iter().chain(goes).collect()
    }

    /// Whether the goods are kept for the buyer until it is known what the payment does.
    pub fn waits(self) -> bool {
        matches!(self, State::Pending | State::Processing | State::Checking | State::Closing | State::Stopping)
    }
}

impl Back {
    fn word(self) -> &'static str {
        match self {
            Back::All => "refunded",
            Back::OnItsWay => "refunding",
            Back::Failed => "refund-failed",
            Back::Part => "partly-refunded",
            Back::Nothing => "over",
        }
    }
}

/// Whether a buyer is to see this refund: one that was given up because the money went back by another says nothing.
pub fn is_worth_telling(order: &OrderView, refund: &Refund) -> bool {
    refund.state.is_alive() || refund.stripe_id.is_some() || order.going_back() < order.captured()
}

/// Whether money that was to go back is still here, because its refund failed and no later one has made up for it.
pub fn is_owed(order: &OrderView) -> bool {
    order.refunds.iter().any(|refund| order.owed(refund) > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Facts = Facts {
        status: Status::Pending,
        asked: false,
        captured: 0,
        going_back: 0,
        back: 0,
        failed: false,
        late: false,
        delayed: false,
        never_opened: false,
        sold: false,
        shipped: 0,
        called_off: 0,
        open: 2,
    };
    const PAID: Facts = Facts { status: Status::Paid, captured: 64, sold: true, ..NOTHING };
    const CALLED_OFF: Facts = Facts { asked: true, called_off: 2, open: 0, ..PAID };

    #[test]
    fn each_state_has_its_name() {
        let check = |facts: Facts, state: State| assert_eq!(State::of(&facts), state, "{facts:?}");
        let with = |status, facts: Facts| Facts { status, ..facts };
        check(NOTHING, State::Pending);
        check(Facts { captured: 60, ..NOTHING }, State::Checking);
        check(Facts { asked: true, ..NOTHING }, State::Closing);
        check(with(Status::Processing, NOTHING), State::Processing);
        check(Facts { status: Status::Processing, captured: 60, ..NOTHING }, State::Checking);
        check(Facts { status: Status::Processing, captured: 60, failed: true, ..NOTHING }, State::Checking);
        check(
            Facts { status: Status::Processing, captured: 60, going_back: 60, ..NOTHING },
            State::Over(Why::ByShop, Back::OnItsWay),
        );
        check(Facts { status: Status::Processing, asked: true, delayed: true, ..NOTHING }, State::Stopping);

        check(PAID, State::Paid);
        check(Facts { going_back: 32, called_off: 1, open: 1, ..PAID }, State::Paid);
        check(Facts { failed: true, ..PAID }, State::Paid);
        check(Facts { going_back: 64, ..PAID }, State::Over(Why::ByShop, Back::OnItsWay));
        check(Facts { shipped: 1, open: 1, ..PAID }, State::PartlyShipped);
        check(Facts { shipped: 2, open: 0, ..PAID }, State::Shipped);
        check(Facts { shipped: 2, open: 0, going_back: 64, ..PAID }, State::Shipped);
        check(Facts { shipped: 1, called_off: 1, open: 0, asked: true, ..PAID }, State::RestCancelled);

        check(CALLED_OFF, State::Over(Why::Cancelled, Back::Nothing));
        check(Facts { going_back: 64, ..CALLED_OFF }, State::Over(Why::Cancelled, Back::OnItsWay));
        check(Facts { failed: true, ..CALLED_OFF }, State::Over(Why::Cancelled, Back::Failed));
        check(Facts { failed: true, going_back: 10, ..CALLED_OFF }, State::Over(Why::Cancelled, Back::Failed));
        check(Facts { failed: true, going_back: 64, ..CALLED_OFF }, State::Over(Why::Cancelled, Back::OnItsWay));
        let refunded = Facts { status: Status::Refunded, going_back: 64, back: 64, ..PAID };
        check(refunded, State::Over(Why::ByShop, Back::All));
        check(Facts { asked: true, ..refunded }, State::Over(Why::Cancelled, Back::All));
        check(Facts { failed: true, ..refunded }, State::Over(Why::ByShop, Back::All));
        let part = Facts { going_back: 40, back: 40, called_off: 2, open: 0, ..PAID };
        check(part, State::Over(Why::ByShop, Back::Part));

        let expired = with(Status::Expired, NOTHING);
        check(expired, State::Expired);
        check(Facts { delayed: true, ..expired }, State::Failed);
        check(Facts { never_opened: true, ..expired }, State::NeverOpened);
        let late = Facts { captured: 64, going_back: 64, late: true, ..expired };
        check(late, State::Over(Why::Late, Back::OnItsWay));
        check(Facts { going_back: 0, failed: true, ..late }, State::Over(Why::Late, Back::Failed));
        check(Facts { status: Status::Refunded, back: 64, ..late }, State::Over(Why::Late, Back::All));
        check(Facts { asked: true, delayed: true, ..with(Status::Cancelled, NOTHING) }, State::Cancelled);
        check(Facts { asked: true, ..with(Status::Cancelled, late) }, State::Over(Why::Cancelled, Back::OnItsWay));
    }

    #[test]
    fn no_state_lies_about_the_money() {
        let mut seen = 0;
        for facts in all() {
            let state = State::of(&facts);
            let chargeless = matches!(state, State::Pending | State::Expired | State::Failed | State::Cancelled)
                || matches!(state, State::NeverOpened | State::Closing | State::Stopping);
            assert!(!chargeless || facts.captured == 0, "nothing was charged, it says: {facts:?}");
            if let State::Over(_, back) = state {
                assert_eq!(back == Back::All, facts.back >= facts.captured, "{facts:?}");
                assert!(back != Back::OnItsWay || facts.back < facts.going_back, "{facts:?}");
                assert!(!(facts.failed && facts.going_back < facts.captured) || back == Back::Failed, "{facts:?}");
            }
            let promises = matches!(state, State::Paid | State::PartlyShipped);
            assert!(!promises || (facts.status == Status::Paid && facts.open > 0), "goods are promised: {facts:?}");
            seen += 1;
        }
        assert!(seen > 6_000, "{seen} combinations");
    }

    /// Every combination of the facts; some can never come together, and none may make the page lie.
    fn all() -> Vec<Facts> {
        let mut all = Vec::new();
        let units = [(0, 0, 2), (1, 0, 1), (2, 0, 0), (0, 2, 0), (1, 1, 0), (0, 1, 1)];
        let moneys = [(0, 0, 0), (64, 0, 0), (64, 10, 0), (64, 10, 10), (64, 64, 0), (64, 64, 10), (64, 64, 64)];
        for status in Status::ALL {
            for (shipped, called_off, open) in units {
                for (captured, going_back, back) in moneys {
                    for bits in 0..64 {
                        let bit = |at: u32| bits & (1 << at) != 0;
                        if *status == Status::Refunded && (captured == 0 || back < captured) {
                            continue; // The law keeps these apart: refunded is what it is called when all is back.
                        }
                        all.push(Facts {
                            status: *status,
                            asked: bit(0),
                            failed: bit(1),
                            late: bit(2),
                            delayed: bit(3),
                            sold: bit(4),
                            never_opened: bit(5),
                            captured,
                            going_back,
                            back,
                            shipped,
                            called_off,
                            open,
                        });
                    }
                }
            }
        }
        all
    }
}
