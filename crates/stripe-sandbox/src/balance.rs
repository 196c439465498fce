//! Where the money stands: a balance transaction for every movement, and the sums that must agree with the objects.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::books::{Act, Books, PRIVATE, draw_id, public};
use crate::money;

/// What Stripe keeps of a payment: 2.9 % and a small fixed part, in amounts the currency has.
pub fn charge_fee(amount: i64, currency: &str) -> i64 {
    in_steps(amount * 29 / 1000 + money::least(currency) * 6 / 10, currency).min(amount)
}

/// What a withdrawn dispute costs: fifteen in euro, something like it elsewhere.
pub fn dispute_fee(currency: &str) -> i64 {
    in_steps(money::least(currency) * 30, currency)
}

fn in_steps(amount: i64, currency: &str) -> i64 {
    let step = money::step(currency);
    (amount + step - 1) / step * step
}

/// One movement of the balance. Refunds and disputes carry their sign; a fee is always taken off.
pub fn transaction(act: &Act, amount: i64, fee: i64, kind: &str, source: &Value) -> Value {
    let currency = &source["currency"];
    let fees = json!({"amount": fee, "application": null, "currency": currency, "description": "Sandbox fee", "type": "stripe_fee"});
    let category = match kind {
        "adjustment" if amount < 0 => "dispute",
        "adjustment" => "dispute_reversal",
        "payment" => "charge",
        "payment_refund" => "refund",
        other => other,
    };
    json!({
        "id": draw_id("txn"), "object": "balance_transaction", "amount": amount, "available_on": act.now,
        "balance_type": "payments", "created": act.now, "currency": currency, "description": null,
        "exchange_rate": null, "fee": fee, "fee_details": if fee > 0 { vec![fees] } else { Vec::new() },
        "net": amount - fee, "reporting_category": category, "source": source["id"], "status": "available",
        "type": kind,
    })
}

/// Cards move as `charge` and `refund`, everything else as `payment` and `payment_refund`.
pub fn kind_of(charge: &Value, card: &'static str, other: &'static str) -> &'static str {
    if charge["payment_method_details"]["type"] == "card" { card } else { other }
}

fn whole(row: &Value, name: &str) -> i64 {
    row[name].as_i64().unwrap_or(0)
}

/// Per currency: what came and went, what it cost, what is left.
pub fn sums(books: &Books) -> BTreeMap<String, Value> {
    let mut sums = BTreeMap::<String, (i64, i64)>::new();
    for row in books.balance_transactions.rows() {
        let sum = sums.entry(row["currency"].as_str().unwrap_or_default().to_owned()).or_default();
        sum.0 += whole(row, "amount");
        sum.1 += whole(row, "fee");
    }
    sums.into_iter()
        .map(|(currency, (amount, fee))| (currency, json!({"amount": amount, "fee": fee, "net": amount - fee})))
        .collect()
}

/// Per payment intent with a charge: what the objects say, and what the balance says of the same payment.
pub fn payments(books: &Books) -> Vec<Value> {
    books.payment_intents.rows().iter().filter_map(|intent| payment(books, intent)).collect()
}

fn payment(books: &Books, intent: &Value) -> Option<Value> {
    let charge = books.charges.get(intent["latest_charge"].as_str()?)?;
    let session = books.sessions.rows().iter().find(|session| session["payment_intent"] == intent["id"]);
    let captured = whole(charge, "amount_captured");
    let mut refunded: BTreeMap<&str, i64> =
        ["pending", "requires_action", "succeeded", "failed", "canceled"].map(|status| (status, 0)).into();
    let mut sources = vec![&charge["id"]];
    for refund in books.refunds.rows().iter().filter(|refund| refund["charge"] == charge["id"]) {
        *refunded.entry(refund["status"].as_str().unwrap_or_default()).or_default() += whole(refund, "amount");
        sources.push(&refund["id"]);
    }
    let disputes: Vec<&Value> =
        books.disputes.rows().iter().filter(|dispute| dispute["charge"] == charge["id"]).collect();
    let moved = |dispute: &&Value, sign: i64| -> i64 {
        let moves = dispute["balance_transactions"].as_array().into_iter().flatten();
        moves.map(|row| whole(row, "amount")).filter(|amount| amount.signum() == sign).map(i64::abs).sum()
    };
    sources.extend(disputes.iter().map(|dispute| &dispute["id"]));
    let movements = books.balance_transactions.rows().iter().filter(|row| sources.contains(&&row["source"]));
    let (amount, fee) =
        movements.fold((0, 0), |(amount, fee), row| (amount + whole(row, "amount"), fee + whole(row, "fee")));
    let out: i64 = ["pending", "requires_action", "succeeded"].iter().map(|status| refunded[status]).sum();
    let withdrawn: i64 = disputes.iter().map(|dispute| moved(dispute, -1)).sum();
    let reinstated: i64 = disputes.iter().map(|dispute| moved(dispute, 1)).sum();
    Some(json!({
        "payment_intent": intent["id"], "charge": charge["id"], "session": session.map(|session| &session["id"]),
        "client_reference_id": session.map(|session| &session["client_reference_id"]),
        "order_id": session.map_or(&intent["metadata"]["order_id"], |session| &session["metadata"]["order_id"]),
        "currency": intent["currency"], "captured": captured, "refunded": refunded,
        "disputed": {"withdrawn": withdrawn, "reinstated": reinstated,
            "statuses": disputes.iter().map(|dispute| &dispute["status"]).collect::<Vec<_>>()},
        // What the objects add up to; `balance.amount` is the same by the transactions.
        "kept": captured - out - withdrawn + reinstated,
        "balance": {"amount": amount, "fee": fee, "net": amount - fee},
    }))
}

/// `GET /v1/balance`.
pub fn shown(books: &Books) -> Value {
    let available: Vec<Value> =
        sums(books).into_iter().map(|(currency, sum)| json!({"amount": sum["net"], "currency": currency})).collect();
    json!({"object": "balance", "available": available, "livemode": false, "pending": []})
}

/// A charge's refunds, newest first, as `expand[]=refunds` shows them.
pub fn refunds_of(books: &Books, charge: &str) -> Value {
    let rows = books.refunds.rows().iter().rev().filter(|refund| refund["charge"] == charge);
    let rows: Vec<Value> = rows.map(public).collect();
    let first: Vec<&Value> = rows.iter().take(10).collect();
    json!({"object": "list", "data": first, "has_more": rows.len() > first.len(), "url": format!("/v1/charges/{charge}/refunds")})
}

/// The card a charge was made with; empty for other methods.
pub fn card_of(charge: &Value) -> &str {
    charge[PRIVATE]["digits"].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_amounts_their_currency_has_and_never_more_than_the_payment() {
        for (amount, currency, fee) in [
            (2950, "eur", 115),
            (500, "jpy", 44),
            (12_300, "kwd", 660),
            (500_000, "isk", 14_600),
            (200_000, "huf", 16_300),
            (20, "eur", 20),
        ] {
            assert_eq!(charge_fee(amount, currency), fee, "{currency}");
        }
        for (currency, fee) in [("eur", 1500), ("jpy", 1500), ("isk", 1500), ("huf", 525_000)] {
            assert_eq!(dispute_fee(currency), fee, "{currency}");
        }
    }
}
