//! Money on its way back: refunds by the shop, refunds in the Dashboard, and every state they pass through.
//!
//! A refund takes its amount off the charge and off the balance when it is made, whatever it waits for; one that fails
//! or is canceled gives both back.

use serde_json::{Value, json};

use crate::balance;
use crate::books::{Act, draw_id};
use crate::errors::ApiError;
use crate::form::{self, Pairs};
use crate::{Sandbox, disputes, money};

const PARAMETERS: &[&str] = &[
    "payment_intent",
    "charge",
    "amount:int",
    "reason:duplicate|fraudulent|requested_by_customer",
    "metadata[*]",
    "instructions_email",
    "expand[]",
];
const LATER: &[&str] = &["currency", "customer", "origin", "refund_application_fee", "reverse_transfer"];

/// This card's refunds wait, then succeed.
const REFUND_WAITS: &str = "4000000000007726";
/// This card's refunds succeed, then turn out to have failed.
const REFUND_FAILS_LATER: &str = "4000000000005126";

const FAILURE_REASONS: [&str; 7] = [
    "lost_or_stolen_card",
    "expired_or_canceled_card",
    "charge_for_pending_refund_disputed",
    "insufficient_funds",
    "declined",
    "merchant_request",
    "unknown",
];

/// Seconds until a waiting refund arrives, and until one that looked well turns out to have failed.
const ARRIVES_AFTER_SECONDS: i64 = 30;
const FAILS_AFTER_SECONDS: i64 = 90;

/// How long a refund that needs the buyer's details waits for them.
const DETAILS_WITHIN_SECONDS: i64 = 45 * 24 * 60 * 60;

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    Pending,
    /// The buyer must say where the money should go; only here the API can cancel.
    RequiresAction,
    /// With the buyer, as far as anybody knows: it may still fail.
    Succeeded,
    Failed,
    Canceled,
}

impl RefundStatus {
    pub const ALL: [(RefundStatus, &str); 5] = [
        (RefundStatus::Pending, "pending"),
        (RefundStatus::RequiresAction, "requires_action"),
        (RefundStatus::Succeeded, "succeeded"),
        (RefundStatus::Failed, "failed"),
        (RefundStatus::Canceled, "canceled"),
    ];

    pub fn parse(word: &str) -> Option<RefundStatus> {
        RefundStatus::ALL.iter().find(|(_, name)| *name == word).map(|(status, _)| *status)
    }

    pub fn as_str(self) -> &'static str {
        RefundStatus::ALL.iter().find(|(status, _)| *status == self).map_or("", |(_, name)| name)
    }

    /// Whether a refund may go from here to there.
    fn leads_to(self, next: RefundStatus) -> bool {
        use RefundStatus::{Canceled, Failed, Pending, RequiresAction, Succeeded};
        match self {
            Pending => matches!(next, RequiresAction | Succeeded | Failed | Canceled),
            RequiresAction => matches!(next, Pending | Succeeded | Failed | Canceled),
            Succeeded => next == Failed,
            Failed | Canceled => false,
        }
    }

    fn gives_back(self) -> bool {
        matches!(self, RefundStatus::Failed | RefundStatus::Canceled)
    }
}

/// A refund made in the Dashboard, that is, without the shop. The default is all that is left, for no reason given.
#[derive(Debug, Clone, Default)]
pub struct DashboardRefund {
    pub amount: Option<i64>,
    /// `duplicate`, `fraudulent` or `requested_by_customer`.
    pub reason: Option<String>,
    /// Where it begins; `None`: as the card says.
    pub status: Option<RefundStatus>,
}

pub fn create(act: &mut Act, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, PARAMETERS, LATER)?;
    if asked["amount"].as_i64().is_some_and(|amount| amount < 1) {
        return Err(ApiError::invalid_code("parameter_invalid_integer", "amount", "Invalid positive integer"));
    }
    let charge = charge_of(act, &asked)?;
    let rest = charge["amount"].as_i64().unwrap_or(0) - charge["amount_refunded"].as_i64().unwrap_or(0);
    let id = charge["id"].as_str().unwrap_or_default();
    if disputes::forbids_refunds(act.books, id) {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(ApiError::refused(Some("charge_disputed"), None, message));
    }
    if rest == 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::refused(Some("charge_already_refunded"), None, message));
    }
    let amount = asked["amount"].as_i64().unwrap_or(rest);
    let currency = charge["currency"].as_str().unwrap_or_default();
    if amount > rest {
        let (asked, rest) = (money::print(amount, currency), money::print(rest, currency));
        let message = format!("Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})");
        return Err(ApiError::refused(None, Some("amount"), message));
    }
    if amount % money::step(currency) != 0 {
        let message = format!("Amounts in {currency} must be divisible by {}.", money::step(currency));
        return Err(ApiError::refused(None, Some("amount"), message));
    }
    Ok(refund(act, charge, amount, &asked))
}

fn charge_of(act: &Act, asked: &Value) -> Result<Value, ApiError> {
    match (asked["payment_intent"].as_str(), asked["charge"].as_str()) {
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: charge, payment_intent.";
            Err(ApiError::invalid_code("parameters_exclusive", "charge", message))
        }
        (None, None) => Err(ApiError::missing("payment_intent")),
        (Some(id), None) => {
            let intent = act.books.payment_intents.get(id);
            let intent = intent.ok_or_else(|| ApiError::no_such_param("payment_intent", id, "payment_intent"))?;
            let charge = intent["latest_charge"].as_str().and_then(|id| act.books.charges.get(id));
            charge.filter(|charge| charge["status"] == "succeeded").cloned().ok_or_else(|| {
                let message = format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
                ApiError::refused(Some("payment_intent_unexpected_state"), Some("payment_intent"), message)
            })
        }
        (None, Some(id)) => {
            let charge = act.books.charges.get(id).ok_or_else(|| ApiError::no_such_param("charge", id, "charge"))?;
            if charge["status"] != "succeeded" {
                let message = format!("Charge {id} did not succeed and cannot be refunded.");
                return Err(ApiError::refused(None, Some("charge"), message));
            }
            Ok(charge.clone())
        }
    }
}

/// Gives money back; the amount has been checked.
fn refund(act: &mut Act, charge: Value, amount: i64, asked: &Value) -> Value {
    let by_card = if balance::card_of(&charge) == REFUND_WAITS { "pending" } else { "succeeded" };
    let ordered = act.books.next_refund.take();
    let begins = ordered.as_deref().and_then(RefundStatus::parse);
    // A refund fails after it was made, even when that is the first the caller hears of it.
    let status = match begins {
        Some(status) if status.gives_back() => "pending",
        Some(status) => status.as_str(),
        None => by_card,
    };
    let mut refund = json!({
        "id": draw_id("re"), "object": "refund", "amount": amount, "balance_transaction": null, "charge": charge["id"],
        "created": act.now, "currency": charge["currency"], "customer": null, "customer_account": null,
        "metadata": if asked["metadata"].is_null() { json!({}) } else { asked["metadata"].clone() },
        "payment_intent": charge["payment_intent"], "payment_method": charge["payment_method"],
        "reason": asked["reason"], "receipt_number": null, "source_transfer_reversal": null, "status": status,
        "transfer_reversal": null,
    });
    if charge["payment_method_details"]["type"] == "card" {
        let kind = if status == "pending" { "pending" } else { "refund" };
        refund["destination_details"] = json!({"type": "card", "card": {"type": kind}});
    }
    if let Some(email) = asked["instructions_email"].as_str() {
        refund["instructions_email"] = json!(email);
    }
    stand(&mut refund, status, act.now);
    let kind = balance::kind_of(&charge, "refund", "payment_refund");
    let txn = balance::transaction(act, -amount, 0, kind, &refund);
    refund["balance_transaction"] = txn["id"].clone();
    act.put(|books| &mut books.balance_transactions, txn);
    act.put(|books| &mut books.refunds, refund.clone());
    take_off(act, charge, amount);
    act.event("refund.created", &refund);
    disputes::warnings_answered(act, refund["charge"].as_str().unwrap_or_default());
    match begins.filter(|status| status.gives_back()) {
        Some(status) => move_on(act, refund["id"].as_str().unwrap_or_default(), status, None).unwrap_or(refund),
        None => refund,
    }
}

/// What a charge says of its refunds follows them.
fn take_off(act: &mut Act, mut charge: Value, amount: i64) {
    let before = charge.clone();
    let refunded = charge["amount_refunded"].as_i64().unwrap_or(0) + amount;
    charge["amount_refunded"] = json!(refunded);
    charge["refunded"] = json!(charge["amount"] == refunded);
    act.put(|books| &mut books.charges, charge.clone());
    if amount > 0 {
        act.event_after("charge.refunded", &before, &charge);
    }
}

/// The fields that belong to one status only.
fn stand(refund: &mut Value, status: &str, now: i64) {
    let Some(fields) = refund.as_object_mut() else { return };
    fields.remove("pending_reason");
    fields.remove("next_action");
    match status {
        "pending" => {
            fields.insert("pending_reason".to_owned(), json!("processing"));
        }
        "requires_action" => {
            let told = fields.get("instructions_email").and_then(Value::as_str).unwrap_or("buyer@example.com");
            let action = json!({"type": "display_details", "display_details": {
                "email_sent": {"email_sent_at": now, "email_sent_to": told},
                "expires_at": now + DETAILS_WITHIN_SECONDS}});
            fields.insert("next_action".to_owned(), action);
        }
        _ => {}
    }
    fields.insert("status".to_owned(), json!(status));
}

/// Takes a refund to its next state, with everything that follows; the error is a sentence.
pub fn move_on(act: &mut Act, id: &str, next: RefundStatus, reason: Option<&str>) -> Result<Value, String> {
    let mut refund = act.books.refunds.get(id).cloned().ok_or_else(|| format!("There is no refund {id}."))?;
    let before = refund.clone();
    let status = refund["status"].as_str().and_then(RefundStatus::parse);
    let now = status.ok_or_else(|| format!("Refund {id} has no status."))?;
    if !now.leads_to(next) {
        return Err(format!("A refund that is {} cannot become {}.", now.as_str(), next.as_str()));
    }
    let reason = reason.unwrap_or(if next == RefundStatus::Canceled { "merchant_request" } else { "unknown" });
    if !FAILURE_REASONS.contains(&reason) {
        return Err(format!("A refund does not fail for the reason {reason}."));
    }
    stand(&mut refund, next.as_str(), act.now);
    if next.gives_back() {
        let amount = refund["amount"].as_i64().unwrap_or(0);
        let txn = balance::transaction(act, amount, 0, "refund_failure", &refund);
        refund["failure_balance_transaction"] = txn["id"].clone();
        if next == RefundStatus::Failed {
            refund["failure_reason"] = json!(reason);
        }
        act.put(|books| &mut books.balance_transactions, txn);
        let charge = refund["charge"].as_str().and_then(|id| act.books.charges.get(id)).cloned();
        take_off(act, charge.unwrap_or_default(), -amount);
    }
    act.put(|books| &mut books.refunds, refund.clone());
    act.event_after("refund.updated", &before, &refund);
    // Deprecated, and still sent to endpoints that ask for it.
    act.event_after("charge.refund.updated", &before, &refund);
    if next == RefundStatus::Failed {
        act.event("refund.failed", &refund);
    }
    Ok(refund)
}

/// `POST /v1/refunds/{id}/cancel`: only while the buyer's details are missing.
pub fn cancel(act: &mut Act, id: &str, pairs: &Pairs) -> Result<Value, ApiError> {
    form::read(pairs, &["expand[]"], &[])?;
    let refund = act.books.refunds.get(id).ok_or_else(|| ApiError::no_such("refund", id))?;
    let status = refund["status"].as_str().unwrap_or_default();
    if status != "requires_action" {
        let message =
            format!("Only refunds with a status of `requires_action` can be canceled; this one is `{status}`.");
        return Err(ApiError::refused(None, None, message));
    }
    move_on(act, id, RefundStatus::Canceled, None).map_err(|message| ApiError::refused(None, None, message))
}

/// `POST /v1/refunds/{id}`: only the metadata can be changed.
pub fn update(act: &mut Act, id: &str, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, &["metadata[*]", "expand[]"], &[])?;
    let mut refund = act.books.refunds.get(id).cloned().ok_or_else(|| ApiError::no_such("refund", id))?;
    let before = refund.clone();
    for (name, value) in asked["metadata"].as_object().into_iter().flatten() {
        refund["metadata"][name] = value.clone();
    }
    act.put(|books| &mut books.refunds, refund.clone());
    act.event_after("refund.updated", &before, &refund);
    Ok(refund)
}

/// Where time alone takes a refund: what waits arrives, and refunds to [`REFUND_FAILS_LATER`] come back.
fn next_by_itself(act: &Act, refund: &Value) -> Option<(RefundStatus, Option<&'static str>)> {
    let charge = act.books.charges.get(refund["charge"].as_str()?)?;
    match refund["status"].as_str()? {
        "pending" => Some((RefundStatus::Succeeded, None)),
        "succeeded" if balance::card_of(charge) == REFUND_FAILS_LATER => {
            Some((RefundStatus::Failed, Some("expired_or_canceled_card")))
        }
        _ => None,
    }
}

/// Time passes at the bank; `None`: nothing to settle.
pub fn settle(act: &mut Act, id: &str) -> Option<Value> {
    let (next, reason) = next_by_itself(act, act.books.refunds.get(id)?)?;
    move_on(act, id, next, reason).ok()
}

/// What has waited long enough to change by itself.
pub fn due(act: &Act) -> Vec<String> {
    let is_due = |refund: &&Value| {
        next_by_itself(act, refund).is_some_and(|(next, _)| {
            let wait = if next == RefundStatus::Failed { FAILS_AFTER_SECONDS } else { ARRIVES_AFTER_SECONDS };
            refund["created"].as_i64() <= Some(act.now - wait)
        })
    };
    let rows = act.books.refunds.rows().iter();
    rows.filter(is_due).filter_map(|refund| refund["id"].as_str().map(str::to_owned)).collect()
}

/// A clerk presses Refund in Stripe's Dashboard: the shop learns of it by events only.
pub fn from_dashboard(act: &mut Act, intent: &str, wanted: &DashboardRefund) -> Result<Value, ApiError> {
    let mut pairs: Pairs = vec![("payment_intent".to_owned(), intent.to_owned())];
    if let Some(amount) = wanted.amount {
        pairs.push(("amount".to_owned(), amount.to_string()));
    }
    if let Some(reason) = &wanted.reason {
        pairs.push(("reason".to_owned(), reason.clone()));
    }
    let ordered = act.books.next_refund.take();
    act.books.next_refund = wanted.status.map(|status| status.as_str().to_owned());
    let outcome = create(act, &pairs);
    // What was ordered for the shop's next refund is still for that one.
    act.books.next_refund = ordered;
    outcome
}

impl Sandbox {
    /// A waiting refund arrives, or one to card 4000 0000 0000 5126 turns out to have failed; `None`: nothing to settle.
    pub fn settle_refund(&self, refund_id: &str) -> Option<Value> {
        self.act_quietly(|act| settle(act, refund_id)).flatten()
    }

    /// Takes a refund to a state of your choice, if it can go there. `reason`: why it failed. The error is a sentence.
    pub fn move_refund(&self, refund_id: &str, next: RefundStatus, reason: Option<&str>) -> Result<Value, String> {
        self.told(|act| move_on(act, refund_id, next, reason))
    }

    /// The next refund that the API makes begins in this state, whatever the card; `None`: as the card says.
    pub fn next_refund(&self, status: Option<RefundStatus>) {
        let word = status.map(|status| status.as_str().to_owned());
        self.change_quietly(|state| state.books.next_refund = word);
    }

    /// Somebody refunds in the Dashboard; the shop learns of it by events only. The error is a sentence.
    pub fn dashboard_refund(&self, payment_intent: &str, amount: Option<i64>) -> Result<Value, String> {
        self.refund_in_dashboard(payment_intent, &DashboardRefund { amount, ..DashboardRefund::default() })
    }

    /// Like [`Sandbox::dashboard_refund`], with a reason and a first state.
    pub fn refund_in_dashboard(&self, payment_intent: &str, wanted: &DashboardRefund) -> Result<Value, String> {
        self.told(|act| from_dashboard(act, payment_intent, wanted).map_err(|refusal| refusal.message))
    }
}
