//! What happens after payment: refunds that succeed, wait or fail later, and disputes.

use serde_json::{Value, json};

use crate::books::{Act, PRIVATE, draw_id};
use crate::errors::ApiError;
use crate::form::{self, Pairs};
use crate::money;

const PARAMETERS: &[&str] = &[
    "payment_intent",
    "charge",
    "amount:int",
    "reason:duplicate|fraudulent|requested_by_customer",
    "metadata[*]",
    "expand[]",
];
const LATER: &[&str] =
    &["currency", "customer", "instructions_email", "origin", "refund_application_fee", "reverse_transfer"];

/// This card's refunds wait, then succeed.
const REFUND_WAITS: &str = "4000000000007726";
/// This card's refunds succeed, then turn out to have failed.
const REFUND_FAILS_LATER: &str = "4000000000005126";

pub fn create(act: &mut Act, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, PARAMETERS, LATER)?;
    if asked["amount"].as_i64().is_some_and(|amount| amount < 1) {
        return Err(ApiError::invalid_code("parameter_invalid_integer", "amount", "Invalid positive integer"));
    }
    let charge = charge_of(act, &asked)?;
    let rest = charge["amount"].as_i64().unwrap_or(0) - charge["amount_refunded"].as_i64().unwrap_or(0);
    let id = charge["id"].as_str().unwrap_or_default();
    if charge["disputed"] == true {
        let message = format!("Charge {id} has been charged back; cannot issue a refund.");
        return Err(ApiError::refused(Some("charge_disputed"), None, message));
    }
    if rest == 0 {
        let message = format!("Charge {id} has already been refunded.");
        return Err(ApiError::refused(Some("charge_already_refunded"), None, message));
    }
    let amount = asked["amount"].as_i64().unwrap_or(rest);
    if amount > rest {
        let currency = charge["currency"].as_str().unwrap_or_default();
        let (asked, rest) = (money::print(amount, currency), money::print(rest, currency));
        let message = format!("Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})");
        return Err(ApiError::refused(None, Some("amount"), message));
    }
    Ok(refund(act, charge, amount, &asked["reason"], &asked["metadata"]))
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
fn refund(act: &mut Act, mut charge: Value, amount: i64, reason: &Value, metadata: &Value) -> Value {
    let waits = charge[PRIVATE]["digits"] == REFUND_WAITS;
    let card = charge["payment_method_details"]["type"] == "card";
    let mut refund = json!({
        "id": draw_id("re"), "object": "refund", "amount": amount, "balance_transaction": null, "charge": charge["id"],
        "created": act.now, "currency": charge["currency"], "customer": null, "customer_account": null,
        "metadata": if metadata.is_null() { json!({}) } else { metadata.clone() },
        "payment_intent": charge["payment_intent"], "payment_method": charge["payment_method"], "reason": reason,
        "receipt_number": null, "source_transfer_reversal": null,
        "status": if waits { "pending" } else { "succeeded" }, "transfer_reversal": null,
    });
    if card {
        refund["destination_details"] = json!({"type": "card", "card": {"type": "refund"}});
    }
    if waits {
        refund["pending_reason"] = json!("processing");
    }
    let txn = balance_transaction(act, -amount, 0, "refund", &refund);
    refund["balance_transaction"] = txn["id"].clone();
    let refunded = charge["amount_refunded"].as_i64().unwrap_or(0) + amount;
    charge["amount_refunded"] = json!(refunded);
    charge["refunded"] = json!(charge["amount"] == refunded);
    act.put(|books| &mut books.balance_transactions, txn);
    act.put(|books| &mut books.refunds, refund.clone());
    act.put(|books| &mut books.charges, charge.clone());
    act.event("charge.refunded", &charge);
    act.event("refund.created", &refund);
    refund
}

/// Time passes at the bank: a waiting refund arrives, a refund to [`REFUND_FAILS_LATER`] comes back.
pub fn settle(act: &mut Act, id: &str) -> Option<Value> {
    let mut refund = act.books.refunds.get(id)?.clone();
    let mut charge = act.books.charges.get(refund["charge"].as_str()?)?.clone();
    if refund["status"] == "pending" {
        refund["status"] = json!("succeeded");
        refund.as_object_mut()?.remove("pending_reason");
        act.put(|books| &mut books.refunds, refund.clone());
        act.event("refund.updated", &refund);
        return Some(refund);
    }
    if refund["status"] != "succeeded" || charge[PRIVATE]["digits"] != REFUND_FAILS_LATER {
        return None;
    }
    let amount = refund["amount"].as_i64().unwrap_or(0);
    let txn = balance_transaction(act, amount, 0, "refund_failure", &refund);
    refund["status"] = json!("failed");
    refund["failure_reason"] = json!("expired_or_canceled_card");
    refund["failure_balance_transaction"] = txn["id"].clone();
    charge["amount_refunded"] = json!(charge["amount_refunded"].as_i64().unwrap_or(0) - amount);
    charge["refunded"] = json!(false);
    act.put(|books| &mut books.balance_transactions, txn);
    act.put(|books| &mut books.refunds, refund.clone());
    act.put(|books| &mut books.charges, charge);
    act.event("refund.updated", &refund);
    act.event("refund.failed", &refund);
    Some(refund)
}

/// A clerk presses Refund in Stripe's Dashboard: the shop learns of it by events only.
pub fn from_dashboard(act: &mut Act, intent: &str, amount: Option<i64>) -> Result<Value, ApiError> {
    let mut pairs: Pairs = vec![("payment_intent".to_owned(), intent.to_owned())];
    if let Some(amount) = amount {
        pairs.push(("amount".to_owned(), amount.to_string()));
    }
    create(act, &pairs)
}

/// The buyer's bank takes the money back for now.
pub fn open_dispute(act: &mut Act, charge: &str, reason: &str) -> Option<Value> {
    let mut charge = act.books.charges.get(charge).filter(|charge| charge["disputed"] == false)?.clone();
    let amount = charge["amount"].as_i64().unwrap_or(0);
    let mut dispute = json!({
        "id": draw_id("du"), "object": "dispute", "amount": amount, "balance_transactions": [],
        "charge": charge["id"], "created": act.now, "currency": charge["currency"], "enhanced_eligibility_types": [],
        "evidence": {}, "evidence_details": {"due_by": act.now + 7 * 24 * 60 * 60, "enhanced_eligibility": {},
            "has_evidence": false, "past_due": false, "submission_count": 0, "submission_method": "not_submitted"},
        "intended_submission_method": null, "is_charge_refundable": false, "livemode": false, "metadata": {},
        "payment_intent": charge["payment_intent"], "reason": reason, "status": "needs_response",
    });
    let txn = balance_transaction(act, -amount, 1500, "adjustment", &dispute);
    dispute["balance_transactions"] = json!([txn]);
    charge["disputed"] = json!(true);
    act.put(|books| &mut books.balance_transactions, txn);
    act.put(|books| &mut books.charges, charge);
    act.put(|books| &mut books.disputes, dispute.clone());
    act.event("charge.dispute.created", &dispute);
    act.event("charge.dispute.funds_withdrawn", &dispute);
    Some(dispute)
}

/// The bank decides: the money stays away, or comes back.
pub fn close_dispute(act: &mut Act, id: &str, won: bool) -> Option<Value> {
    let mut dispute = act.books.disputes.get(id).filter(|dispute| dispute["status"] == "needs_response")?.clone();
    dispute["status"] = json!(if won { "won" } else { "lost" });
    if won {
        let amount = dispute["amount"].as_i64().unwrap_or(0);
        let txn = balance_transaction(act, amount, 0, "adjustment", &dispute);
        if let Some(moves) = dispute["balance_transactions"].as_array_mut() {
            moves.push(txn.clone());
        }
        act.put(|books| &mut books.balance_transactions, txn);
    }
    act.put(|books| &mut books.disputes, dispute.clone());
    act.event("charge.dispute.closed", &dispute);
    if won {
        act.event("charge.dispute.funds_reinstated", &dispute);
    }
    Some(dispute)
}

pub fn balance_transaction(act: &Act, amount: i64, fee: i64, kind: &str, source: &Value) -> Value {
    let currency = &source["currency"];
    let fees = json!({"amount": fee, "application": null, "currency": currency, "description": "Sandbox fee", "type": "stripe_fee"});
    json!({
        "id": draw_id("txn"), "object": "balance_transaction", "amount": amount, "available_on": act.now,
        "balance_type": "payments", "created": act.now, "currency": currency, "description": null,
        "exchange_rate": null, "fee": fee, "fee_details": if fee > 0 { vec![fees] } else { Vec::new() },
        "net": amount - fee, "reporting_category": if kind == "adjustment" { "dispute" } else { kind },
        "source": source["id"], "status": "available", "type": kind,
    })
}
