//! When the buyer's bank speaks up: disputes, inquiries and early fraud warnings.
//!
//! A dispute takes its amount and a fee off the balance at once; winning brings the amount back, never the fee. An
//! inquiry takes nothing.

use serde_json::{Value, json};

use crate::balance;
use crate::books::{Act, Books, draw_id};
use crate::refunds::{self, RefundStatus};
use crate::{Sandbox, money};

/// How long the shop has to answer, unless told otherwise.
const ANSWER_WITHIN_SECONDS: i64 = 7 * 24 * 60 * 60;

const REASONS: [&str; 14] = [
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
];

/// A dispute as the buyer's bank opens it. The default: fraudulent, over all that has not been refunded.
#[derive(Debug, Clone, Default)]
pub struct NewDispute {
    /// One of Stripe's reasons; `None`: `fraudulent`.
    pub reason: Option<String>,
    pub amount: Option<i64>,
    /// Only a question so far: no money is withdrawn, and the charge can still be refunded.
    pub inquiry: bool,
    /// When the evidence is due, in Unix seconds; `None`: in a week.
    pub due_by: Option<i64>,
}

impl NewDispute {
    pub fn because(reason: &str) -> NewDispute {
        NewDispute { reason: Some(reason.to_owned()), ..NewDispute::default() }
    }
}

/// What a card of Stripe's test numbers brings after its payment.
pub fn after_payment(act: &mut Act, charge: &str, digits: &str) {
    let dispute = match digits {
        "4000000000000259" => NewDispute::because("fraudulent"),
        "4000000000002685" => NewDispute::because("product_not_received"),
        "4000000000001976" => NewDispute { inquiry: true, ..NewDispute::because("fraudulent") },
        "4000000000005423" => {
            let _ = warn(act, charge, "made_with_stolen_card");
            return;
        }
        _ => return,
    };
    let _ = open(act, charge, &dispute);
}

fn is_open(dispute: &Value) -> bool {
    !matches!(dispute["status"].as_str(), Some("won" | "lost" | "warning_closed" | "prevented"))
}

/// Whether a dispute stands in the way of a refund.
pub fn forbids_refunds(books: &Books, charge: &str) -> bool {
    books.disputes.rows().iter().any(|dispute| dispute["charge"] == charge && dispute["is_charge_refundable"] == false)
}

pub fn open(act: &mut Act, id: &str, wanted: &NewDispute) -> Result<Value, String> {
    let charge = act.books.charges.get(id).filter(|charge| charge["status"] == "succeeded");
    charge.ok_or_else(|| format!("There is no successful charge {id}."))?;
    if act.books.disputes.rows().iter().any(|dispute| dispute["charge"] == id && is_open(dispute)) {
        return Err(format!("Charge {id} is disputed already."));
    }
    let reason = wanted.reason.as_deref().unwrap_or("fraudulent");
    if !REASONS.contains(&reason) {
        return Err(format!("A dispute does not have the reason {reason}."));
    }
    let refundable = |act: &Act| -> i64 {
        let charge = act.books.charges.get(id);
        charge.map_or(0, |charge| {
            charge["amount"].as_i64().unwrap_or(0) - charge["amount_refunded"].as_i64().unwrap_or(0)
        })
    };
    let in_flight: Vec<String> = (act.books.refunds.rows().iter())
        .filter(|refund| refund["charge"] == id && refund["status"] == "pending")
        .filter_map(|refund| refund["id"].as_str().map(str::to_owned))
        .collect();
    if refundable(act) == 0 && (in_flight.is_empty() || wanted.inquiry) {
        return Err(format!("Charge {id} is refunded in full: there is nothing left to dispute."));
    }
    if !wanted.inquiry {
        // Stripe stops what is still on its way, so that the buyer is not paid twice.
        for refund in &in_flight {
            refunds::move_on(act, refund, RefundStatus::Failed, Some("charge_for_pending_refund_disputed"))?;
        }
    }
    let mut charge = act.books.charges.get(id).cloned().unwrap_or_default();
    let amount = wanted.amount.unwrap_or_else(|| refundable(act));
    let whole = charge["amount"].as_i64().unwrap_or(0);
    let currency = charge["currency"].as_str().unwrap_or_default().to_owned();
    if !(1..=whole).contains(&amount) || amount % money::step(&currency) != 0 {
        return Err(format!("A dispute of {} is not possible on this charge.", money::print(amount, &currency)));
    }
    let card = charge["payment_method_details"]["card"].clone();
    let mut dispute = json!({
        "id": draw_id("du"), "object": "dispute", "amount": amount, "balance_transactions": [],
        "charge": charge["id"], "created": act.now, "currency": currency, "enhanced_eligibility_types": [],
        "evidence": {}, "evidence_details": {"due_by": wanted.due_by.unwrap_or(act.now + ANSWER_WITHIN_SECONDS),
            "enhanced_eligibility": {}, "has_evidence": false, "past_due": false, "submission_count": 0,
            "submission_method": "not_submitted"},
        "intended_submission_method": null, "is_charge_refundable": wanted.inquiry, "livemode": false, "metadata": {},
        "payment_intent": charge["payment_intent"], "reason": reason,
        "status": if wanted.inquiry { "warning_needs_response" } else { "needs_response" },
    });
    if card.is_object() {
        dispute["payment_method_details"] = json!({"type": "card", "card": {"brand": card["brand"],
            "case_type": if wanted.inquiry { "inquiry" } else { "chargeback" }, "network": card["network"],
            "network_reason_code": "10"}});
    }
    charge["disputed"] = json!(true);
    act.put(|books| &mut books.charges, charge);
    act.put(|books| &mut books.disputes, dispute.clone());
    act.event("charge.dispute.created", &dispute);
    warnings_answered(act, id);
    if wanted.inquiry { Ok(dispute) } else { move_funds(act, dispute, -1) }
}

/// Takes the disputed money, or brings it back.
fn move_funds(act: &mut Act, mut dispute: Value, sign: i64) -> Result<Value, String> {
    let before = dispute.clone();
    let moves = dispute["balance_transactions"].as_array().cloned().unwrap_or_default();
    let stands = moves.iter().filter_map(|row| row["amount"].as_i64()).sum::<i64>();
    match (sign < 0, stands < 0) {
        (true, true) => return Err("The money is withdrawn already.".to_owned()),
        (false, false) => return Err("No money is withdrawn, so none can come back.".to_owned()),
        _ if moves.len() > 1 => return Err("The money has gone and come back already.".to_owned()),
        _ => {}
    }
    let amount = dispute["amount"].as_i64().unwrap_or(0) * sign;
    let fee = if sign < 0 { balance::dispute_fee(dispute["currency"].as_str().unwrap_or_default()) } else { 0 };
    let txn = balance::transaction(act, amount, fee, "adjustment", &dispute);
    if let Some(moves) = dispute["balance_transactions"].as_array_mut() {
        moves.push(txn.clone());
    }
    act.put(|books| &mut books.balance_transactions, txn);
    act.put(|books| &mut books.disputes, dispute.clone());
    let kind = if sign < 0 { "charge.dispute.funds_withdrawn" } else { "charge.dispute.funds_reinstated" };
    act.event_after(kind, &before, &dispute);
    Ok(dispute)
}

fn find(act: &Act, id: &str) -> Result<Value, String> {
    act.books.disputes.get(id).cloned().ok_or_else(|| format!("There is no dispute {id}."))
}

/// An inquiry becomes a dispute: now the money goes.
pub fn withdraw(act: &mut Act, id: &str) -> Result<Value, String> {
    let mut dispute = find(act, id)?;
    if !is_open(&dispute) {
        return Err(format!("Dispute {id} is closed."));
    }
    if dispute["status"].as_str().is_some_and(|status| status.starts_with("warning_")) {
        let before = dispute.clone();
        dispute["status"] = json!("needs_response");
        dispute["is_charge_refundable"] = json!(false);
        if dispute["payment_method_details"].is_object() {
            dispute["payment_method_details"]["card"]["case_type"] = json!("chargeback");
        }
        act.put(|books| &mut books.disputes, dispute.clone());
        act.event_after("charge.dispute.updated", &before, &dispute);
    }
    move_funds(act, dispute, -1)
}

/// The bank gives the money back although nothing is decided.
pub fn reinstate(act: &mut Act, id: &str) -> Result<Value, String> {
    let dispute = find(act, id)?;
    move_funds(act, dispute, 1)
}

/// The shop's evidence is handed in, at the Dashboard.
pub fn respond(act: &mut Act, id: &str) -> Result<Value, String> {
    let mut dispute = find(act, id)?;
    let before = dispute.clone();
    dispute["status"] = match dispute["status"].as_str() {
        Some("needs_response") => json!("under_review"),
        Some("warning_needs_response") => json!("warning_under_review"),
        _ => return Err(format!("Dispute {id} waits for no answer.")),
    };
    let details = &mut dispute["evidence_details"];
    details["has_evidence"] = json!(true);
    details["past_due"] = json!(details["due_by"].as_i64() < Some(act.now));
    details["submission_count"] = json!(1);
    details["submission_method"] = json!("manual");
    act.put(|books| &mut books.disputes, dispute.clone());
    act.event_after("charge.dispute.updated", &before, &dispute);
    Ok(dispute)
}

/// How a dispute ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The money comes back, if it has not already.
    Won,
    Lost,
    /// An inquiry that came to nothing.
    WarningClosed,
}

impl Verdict {
    pub fn parse(word: &str) -> Option<Verdict> {
        Some(match word {
            "won" => Verdict::Won,
            "lost" => Verdict::Lost,
            "warning_closed" => Verdict::WarningClosed,
            _ => return None,
        })
    }
}

pub fn close(act: &mut Act, id: &str, verdict: Verdict) -> Result<Value, String> {
    let mut dispute = find(act, id)?;
    let before = dispute.clone();
    if !is_open(&dispute) {
        return Err(format!("Dispute {id} is closed already."));
    }
    let inquiry = dispute["status"].as_str().is_some_and(|status| status.starts_with("warning_"));
    if inquiry != (verdict == Verdict::WarningClosed) {
        return Err("An inquiry ends as warning_closed, a dispute as won or lost.".to_owned());
    }
    dispute["status"] = json!(match verdict {
        Verdict::Won => "won",
        Verdict::Lost => "lost",
        Verdict::WarningClosed => "warning_closed",
    });
    // Only a lost dispute has given the buyer the money; after the others the shop may still do so itself.
    dispute["is_charge_refundable"] = json!(verdict != Verdict::Lost);
    act.put(|books| &mut books.disputes, dispute.clone());
    act.event_after("charge.dispute.closed", &before, &dispute);
    if verdict == Verdict::Won {
        return Ok(move_funds(act, dispute.clone(), 1).unwrap_or(dispute));
    }
    Ok(dispute)
}

/// The card's issuer suspects fraud before anybody disputes.
pub fn warn(act: &mut Act, id: &str, fraud_type: &str) -> Result<Value, String> {
    let charge = act.books.charges.get(id).filter(|charge| charge["status"] == "succeeded");
    let charge = charge.ok_or_else(|| format!("There is no successful charge {id}."))?;
    let actionable = charge["refunded"] == false && charge["disputed"] == false;
    let warning = json!({
        "id": draw_id("issfr"), "object": "radar.early_fraud_warning", "actionable": actionable, "charge": id,
        "created": act.now, "fraud_type": fraud_type, "livemode": false, "payment_intent": charge["payment_intent"],
    });
    act.put(|books| &mut books.early_fraud_warnings, warning.clone());
    act.event("radar.early_fraud_warning.created", &warning);
    Ok(warning)
}

/// A warning asks for nothing any more once its charge is refunded in full or disputed.
pub fn warnings_answered(act: &mut Act, charge: &str) {
    let answered = act.books.charges.get(charge).is_some_and(|row| row["refunded"] == true || row["disputed"] == true);
    let rows = act.books.early_fraud_warnings.rows().iter();
    let open = rows.filter(|warning| answered && warning["charge"] == charge && warning["actionable"] == true);
    for before in open.cloned().collect::<Vec<_>>() {
        let mut warning = before.clone();
        warning["actionable"] = json!(false);
        act.put(|books| &mut books.early_fraud_warnings, warning.clone());
        act.event_after("radar.early_fraud_warning.updated", &before, &warning);
    }
}

/// Errors are sentences. Whatever happens here, the shop learns of it by events only.
impl Sandbox {
    /// The buyer disputes a charge (`ch_…`) at the bank; the money is withdrawn unless it is an inquiry.
    pub fn dispute(&self, charge_id: &str, wanted: &NewDispute) -> Result<Value, String> {
        self.told(|act| open(act, charge_id, wanted))
    }

    /// Like [`Sandbox::dispute`] over everything; `None`: no such charge, or already disputed.
    pub fn open_dispute(&self, charge_id: &str, reason: &str) -> Option<Value> {
        self.dispute(charge_id, &NewDispute::because(reason)).ok()
    }

    /// An inquiry becomes a dispute, and its money is withdrawn.
    pub fn withdraw_funds(&self, dispute_id: &str) -> Result<Value, String> {
        self.told(|act| withdraw(act, dispute_id))
    }

    /// The money of a dispute comes back before it is decided.
    pub fn reinstate_funds(&self, dispute_id: &str) -> Result<Value, String> {
        self.told(|act| reinstate(act, dispute_id))
    }

    /// The shopkeeper hands in evidence: the bank reviews.
    pub fn respond_to_dispute(&self, dispute_id: &str) -> Result<Value, String> {
        self.told(|act| respond(act, dispute_id))
    }

    /// `Won` and `Lost` end a dispute, `WarningClosed` an inquiry.
    pub fn decide_dispute(&self, dispute_id: &str, verdict: Verdict) -> Result<Value, String> {
        self.told(|act| close(act, dispute_id, verdict))
    }

    pub fn close_dispute(&self, dispute_id: &str, won: bool) -> Option<Value> {
        self.decide_dispute(dispute_id, if won { Verdict::Won } else { Verdict::Lost }).ok()
    }

    /// The issuer of the card warns of fraud.
    pub fn warn_of_fraud(&self, charge_id: &str) -> Result<Value, String> {
        self.told(|act| warn(act, charge_id, "made_with_stolen_card"))
    }
}
