//! Our books beside Stripe's: each object of theirs against the row of ours, and what should be done about a
//! difference. A plan, no deed: repairs go through the ordinary commands, decided again on the locked rows.
//!
//! The number at the end is the *unexplained amount*: what Stripe took and has not given back, less what our books
//! say of it, summed without regard to sign. It is 0 when every cent is known here (M4).

use std::fmt;

use crate::disputes::{Dispute, DisputeState};
use crate::ids::OrderId;
use crate::money::Money;
use crate::orders::{Session, Status};
use crate::payments::{MoneyState, Payment, SessionFact, SessionState};
use crate::refunds::{Refund, RefundState};
use crate::words;

/// What can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A payment page says something else than its order.
    SessionState,
    /// A payment page of one of our orders that the order does not know.
    SessionUnknown,
    /// A page asks for another amount than its order.
    SessionAmount,
    /// Stripe took money that is not in our books.
    PaymentUnknown,
    /// Our books and Stripe name different amounts.
    PaymentAmount,
    /// Our books know a payment that Stripe does not.
    PaymentMissing,
    RefundUnknown,
    RefundState,
    RefundAmount,
    RefundMissing,
    DisputeUnknown,
    DisputeState,
    /// Stripe's balance moved for something of ours by another amount than our books say.
    BalanceAmount,
}

/// What mends a difference by itself: Stripe is asked again about the object, and what it says is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    AskSession,
    AskRefund,
    AskDispute,
    AskWarning,
    /// Nothing does; somebody has to look.
    ByHand,
}

/// The one thing that settles a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Stripe is asked again, and what it says is recorded.
    Ask,
    /// The payment page is closed at Stripe; whoever was faster has paid.
    ClosePage,
    /// No word of Stripe's mends it: somebody looks, and says what they found.
    Explain,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: Kind,
    /// Stripe's id of the object.
    pub subject: String,
    pub order: Option<OrderId>,
    /// What it leaves unexplained; 0 when only a state differs.
    pub gap: Money,
    /// What Stripe and what our books say: whoever shows it finds the words.
    pub told: Said,
    pub ours: Said,
    pub repair: Repair,
}

/// What one side says of the object that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Nothing,
    Amount(Money),
    /// A state, as objects of its kind call it.
    State(String),
}

/// What our books say of a payment page: its order's row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OurSession {
    pub order: OrderId,
    pub session_id: Option<String>,
    pub session: Session,
    pub status: Status,
    pub total: Money,
}

/// What Stripe says of a payment intent that names one of our orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldPayment {
    pub intent_id: String,
    pub order: OrderId,
    pub captured: Money,
}

/// What Stripe says of a refund of one of our payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldRefund {
    pub stripe_id: String,
    pub amount: Money,
    pub state: RefundState,
}

/// A page of one of our orders, as Stripe tells it, against the order; `money_known` when the payment made on it is in
/// our books.
pub fn compare_session(ours: &OurSession, told: &SessionFact, money_known: bool) -> Option<Finding> {
    let find = |kind, (told_says, ours_say), repair| {
        let gap = Money::new(0, told.currency);
        let (subject, order) = (told.session_id.clone(), Some(ours.order));
        Some(Finding { kind, subject, order, gap, told: told_says, ours: ours_say, repair })
    };
    let own = ours.session_id.as_deref() == Some(&told.session_id);
    let amount = Money::new(told.amount_minor, told.currency);
    if !own {
        // A page nobody can pay on any more does no harm; an open one must be closed, a paid one is money (M2).
        let harmless = money_known || (told.state == SessionState::Closed && told.money != MoneyState::Paid);
        let said = (Said::state(name(told)), Said::Nothing);
        return if harmless { None } else { find(Kind::SessionUnknown, said, Repair::AskSession) };
    }
    let known = match (told.state, told.money) {
        (SessionState::Open, _) => matches!(ours.session, Session::Open | Session::Opening),
        (SessionState::Closed, _) => ours.session == Session::Closed,
        (SessionState::Complete, MoneyState::Failed) => ours.session == Session::Closed,
        (SessionState::Complete, MoneyState::Unpaid) => {
            ours.session == Session::Complete || (ours.session == Session::Closed && ours.status == Status::Expired)
        }
        (SessionState::Complete, MoneyState::Paid | MoneyState::NotRequired) => ours.session == Session::Complete,
    };
    if !known {
        let said = (Said::state(name(told)), Said::state(ours.session.as_str()));
        return find(Kind::SessionState, said, Repair::AskSession);
    }
    if amount != ours.total && ours.session != Session::Closed {
        return find(Kind::SessionAmount, (Said::Amount(amount), Said::Amount(ours.total)), Repair::ByHand);
    }
    None
}

/// Money that Stripe took for one of our orders, against our books.
pub fn compare_payment(ours: Option<&Payment>, told: &ToldPayment) -> Option<Finding> {
    let find = |kind, gap: i64, ours, repair| {
        let (gap, took) = (Money::new(gap, told.captured.currency), Said::Amount(told.captured));
        let (subject, order) = (told.intent_id.clone(), Some(told.order));
        Some(Finding { kind, subject, order, gap, told: took, ours, repair })
    };
    match ours {
        None if told.captured.minor == 0 => None,
        None => find(Kind::PaymentUnknown, told.captured.minor, Said::Nothing, Repair::AskSession),
        Some(payment) if payment.amount == told.captured => None,
        Some(payment) => {
            let same = payment.amount.currency == told.captured.currency;
            let gap = if same { (payment.amount.minor - told.captured.minor).abs() } else { told.captured.minor };
            find(Kind::PaymentAmount, gap, Said::Amount(payment.amount), Repair::ByHand)
        }
    }
}

/// A payment of ours that Stripe, asked for it by its id, does not have, or has not captured.
pub fn missing_payment(ours: &Payment) -> Option<Finding> {
    (ours.amount.minor > 0).then(|| Finding {
        kind: Kind::PaymentMissing,
        subject: ours.intent_id.clone(),
        order: Some(ours.order),
        gap: ours.amount,
        told: Said::Nothing,
        ours: Said::Amount(ours.amount),
        repair: Repair::ByHand,
    })
}

/// A refund at Stripe, against ours.
pub fn compare_refund(order: OrderId, ours: Option<&Refund>, told: &ToldRefund) -> Option<Finding> {
    let counts = |state: RefundState, minor: i64| if state.is_alive() { minor } else { 0 };
    let find = |kind, gap: i64, (told_says, ours_say), repair| {
        let (gap, subject) = (Money::new(gap.abs(), told.amount.currency), told.stripe_id.clone());
        Some(Finding { kind, subject, order: Some(order), gap, told: told_says, ours: ours_say, repair })
    };
    let theirs = counts(told.state, told.amount.minor);
    let Some(refund) = ours else {
        return find(Kind::RefundUnknown, theirs, (Said::Amount(told.amount), Said::Nothing), Repair::AskRefund);
    };
    if refund.amount != told.amount {
        let said = (Said::Amount(told.amount), Said::Amount(refund.amount));
        return find(Kind::RefundAmount, theirs - counts(refund.state, refund.amount.minor), said, Repair::ByHand);
    }
    if refund.state != told.state {
        let said = (Said::state(told.state.as_str()), Said::state(refund.state.as_str()));
        let repair = if refund.state.may_become(told.state) { Repair::AskRefund } else { Repair::ByHand };
        return find(Kind::RefundState, theirs - counts(refund.state, refund.amount.minor), said, repair);
    }
    None
}

/// A refund of ours with an id of Stripe's that Stripe, asked for it, does not have.
pub fn missing_refund(ours: &Refund) -> Option<Finding> {
    let subject = ours.stripe_id.clone()?;
    let gap = Money::new(if ours.state.is_alive() { ours.amount.minor } else { 0 }, ours.amount.currency);
    Some(Finding {
        kind: Kind::RefundMissing,
        subject,
        order: Some(ours.order),
        gap,
        told: Said::Nothing,
        ours: Said::Amount(ours.amount),
        repair: Repair::ByHand,
    })
}

/// A dispute or early fraud warning at Stripe, against ours.
pub fn compare_dispute(order: OrderId, ours: Option<&Dispute>, told: &Dispute) -> Option<Finding> {
    let find = |kind, gap: i64, ours, repair| {
        let (gap, says) = (Money::new(gap.abs(), told.amount.currency), Said::state(told.state.as_str()));
        Some(Finding { kind, subject: told.id.clone(), order: Some(order), gap, told: says, ours, repair })
    };
    let ask = if told.state == DisputeState::Warning { Repair::AskWarning } else { Repair::AskDispute };
    let Some(ours) = ours else {
        return find(Kind::DisputeUnknown, told.withdrawn_minor, Said::Nothing, ask);
    };
    if ours.state != told.state || ours.withdrawn_minor != told.withdrawn_minor || ours.due_by != told.due_by {
        let repair = if ours.state == told.state || ours.state.may_become(told.state) { ask } else { Repair::ByHand };
        let gap = told.withdrawn_minor - ours.withdrawn_minor;
        return find(Kind::DisputeState, gap, Said::state(ours.state.as_str()), repair);
    }
    None
}

/// A movement of Stripe's balance for a charge, against the payment that our books have for it. Movements in another
/// currency than the payment's were converted by Stripe and say nothing.
pub fn compare_balance(ours: &Payment, transaction_id: &str, moved: Money) -> Option<Finding> {
    (moved.currency == ours.amount.currency && moved.minor != ours.amount.minor).then(|| Finding {
        kind: Kind::BalanceAmount,
        subject: transaction_id.to_owned(),
        order: Some(ours.order),
        gap: Money::new((moved.minor - ours.amount.minor).abs(), moved.currency),
        told: Said::Amount(moved),
        ours: Said::Amount(ours.amount),
        repair: Repair::ByHand,
    })
}

impl Kind {
    /// `by_hand`: asking Stripe again does not mend it.
    pub fn settling(self, by_hand: bool) -> Settling {
        match self {
            // An amount that the order does not have must never be paid.
            Kind::SessionAmount => Settling::ClosePage,
            Kind::SessionState | Kind::SessionUnknown => Settling::Ask,
            Kind::PaymentUnknown
            | Kind::PaymentAmount
            | Kind::PaymentMissing
            | Kind::RefundUnknown
            | Kind::RefundState
            | Kind::RefundAmount
            | Kind::RefundMissing
            | Kind::DisputeUnknown
            | Kind::DisputeState
            | Kind::BalanceAmount => {
                if by_hand {
                    Settling::Explain
                } else {
                    Settling::Ask
                }
            }
        }
    }

    /// A difference of this kind as a sentence, for the API and the command line.
    pub fn sentence(self, told: &Said, ours: &Said) -> String {
        match self {
            Kind::SessionState => format!("Stripe says {told}, the order says {ours}"),
            Kind::SessionUnknown => format!("a page of the order that the order does not know, {told}"),
            Kind::SessionAmount => format!("the page asks for {told}, the order for {ours}"),
            Kind::PaymentUnknown => format!("Stripe took {told}, our books know nothing of it"),
            Kind::PaymentAmount => format!("Stripe took {told}, our books say {ours}"),
            Kind::PaymentMissing => format!("our books say {ours}, Stripe knows nothing of it"),
            Kind::RefundUnknown => format!("Stripe refunded {told}, our books know nothing of it"),
            Kind::RefundState | Kind::DisputeState => format!("Stripe says {told}, our books say {ours}"),
            Kind::RefundAmount => format!("Stripe refunded {told}, our books say {ours}"),
            Kind::RefundMissing => format!("our books say {ours} went back, Stripe knows nothing of it"),
            Kind::DisputeUnknown => format!("{told} at Stripe, our books know nothing of it"),
            Kind::BalanceAmount => format!("the balance moved by {told}, our books say {ours}"),
        }
    }

    /// The one thing that settles it, for whoever reads the list.
    pub fn action(self) -> &'static str {
        match self {
            Kind::SessionState => "Run reconcile --apply: Stripe is asked again and its answer recorded.",
            Kind::SessionUnknown => "Run reconcile --apply: an open page is closed, a paid one is recorded.",
            Kind::SessionAmount => "Expire this session in Stripe; the order's own amount is the right one.",
            Kind::PaymentUnknown => {
                "Run reconcile --apply: the payment is recorded, or sent back if nothing can be given for it."
            }
            Kind::PaymentAmount => "Compare the payment in Stripe with the order; restore this row from a backup.",
            Kind::PaymentMissing => "Look whether the key belongs to the account that took this payment.",
            Kind::RefundUnknown => "Run reconcile --apply: the refund is read into the books.",
            Kind::RefundState => "Run reconcile --apply; if it stays, compare the refund in Stripe with the order.",
            Kind::RefundAmount => "Compare the refund in Stripe with the order; restore this row from a backup.",
            Kind::RefundMissing => "Look whether the key belongs to the account that made this refund.",
            Kind::DisputeUnknown | Kind::DisputeState => "Run reconcile --apply: the dispute is read into the books.",
            Kind::BalanceAmount => "Compare this movement in Stripe's balance with the order's payment.",
        }
    }
}

impl Said {
    fn state(word: &str) -> Said {
        Said::State(word.to_owned())
    }
}

/// An amount as it stands in Stripe's Dashboard, where whoever reads a finding looks next.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Said::Nothing => Ok(()),
            Said::Amount(money) => write!(f, "{} {}", money.plain(), money.currency),
            Said::State(state) => f.write_str(state),
        }
    }
}

/// What has become of a payment page.
fn name(told: &SessionFact) -> &'static str {
    match (told.state, told.money) {
        (SessionState::Open, _) => "open",
        (SessionState::Closed, _) => "closed",
        (SessionState::Complete, MoneyState::Paid | MoneyState::NotRequired) => "paid",
        (SessionState::Complete, MoneyState::Failed) => "failed",
        (SessionState::Complete, MoneyState::Unpaid) => "unpaid",
    }
}

words!(Kind {
    SessionState = "session_state",
    SessionUnknown = "session_unknown",
    SessionAmount = "session_amount",
    PaymentUnknown = "payment_unknown",
    PaymentAmount = "payment_amount",
    PaymentMissing = "payment_missing",
    RefundUnknown = "refund_unknown",
    RefundState = "refund_state",
    RefundAmount = "refund_amount",
    RefundMissing = "refund_missing",
    DisputeUnknown = "dispute_unknown",
    DisputeState = "dispute_state",
    BalanceAmount = "balance_amount",
});
