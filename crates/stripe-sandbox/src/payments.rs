//! What the buyer does on the page: cards that pay, fail or ask back, and methods whose money comes later.
//!
//! The intent is born when the buyer confirms, never earlier; a declined card leaves the session open.

use serde_json::{Value, json};

use crate::books::{Act, PRIVATE, draw_id};
use crate::sessions::{self, DELAYED_METHOD, customer_details};
use crate::{balance, disputes};

/// One action on the hosted page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pay {
    /// A card number, blanks allowed; Stripe's test numbers do what they do at Stripe.
    Card(String),
    /// The buyer passes the 3-D Secure question that a card has raised.
    Authenticate,
    FailAuthentication,
    /// A bank debit: the session completes unpaid, the money arrives with [`Pay::SettleDelayed`].
    DelayedSucceeds,
    /// A bank debit that will fail at [`Pay::SettleDelayed`].
    DelayedFails,
    /// Time passes at the bank.
    SettleDelayed,
}

/// Why an action did not pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayError {
    UnknownSession,
    /// The session is `complete` or `expired`.
    NotOpen {
        status: String,
    },
    /// The session is still open: the buyer may try again.
    Declined {
        code: &'static str,
        decline_code: Option<&'static str>,
        message: &'static str,
    },
    /// The bank asks back: answer with [`Pay::Authenticate`] or [`Pay::FailAuthentication`].
    AuthenticationRequired,
    NothingToAuthenticate,
    NothingToSettle,
    /// The session's filter excludes this method.
    MethodNotOffered,
    Books(String),
}

impl std::fmt::Display for PayError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PayError::UnknownSession => out.write_str("There is no such checkout session."),
            PayError::NotOpen { status } => write!(out, "This checkout session is already {status}."),
            PayError::Declined { message, .. } => out.write_str(message),
            PayError::AuthenticationRequired => out.write_str("The bank asks the buyer to confirm the payment."),
            PayError::NothingToAuthenticate => out.write_str("No payment waits for a confirmation."),
            PayError::NothingToSettle => out.write_str("No delayed payment waits on this session."),
            PayError::MethodNotOffered => out.write_str("This checkout session does not offer this payment method."),
            PayError::Books(error) => write!(out, "The sandbox cannot write its books: {error}"),
        }
    }
}

impl std::error::Error for PayError {}

type Decline = (&'static str, Option<&'static str>, &'static str);

const DECLINED: &str = "Your card was declined.";
const NO_FUNDS: Decline = ("card_declined", Some("insufficient_funds"), "Your card has insufficient funds.");
const GENERIC: Decline = ("card_declined", Some("generic_decline"), DECLINED);
const NOT_AUTHENTICATED: Decline = (
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
);
const DEBIT_FAILED: Decline = (
    "payment_method_provider_decline",
    Some("insufficient_funds"),
    "The customer's bank account has insufficient funds.",
);

enum Card {
    Pays,
    Declines(Decline),
    AsksBack,
}

fn card(digits: &str) -> Card {
    match digits {
        "4000000000000002" => Card::Declines(GENERIC),
        "4000000000009995" => Card::Declines(NO_FUNDS),
        "4000000000009987" => Card::Declines(("card_declined", Some("lost_card"), DECLINED)),
        "4000000000009979" => Card::Declines(("card_declined", Some("stolen_card"), DECLINED)),
        "4000000000000069" => Card::Declines(("expired_card", None, "Your card has expired.")),
        "4000000000000127" => Card::Declines(("incorrect_cvc", None, "Your card's security code is incorrect.")),
        "4000000000000119" => Card::Declines((
            "processing_error",
            None,
            "An error occurred while processing your card. Try again in a little bit.",
        )),
        "4100000000000019" => Card::Declines(("card_declined", Some("fraudulent"), DECLINED)),
        "4000002500003155" | "4000000000003220" | "4000008400001629" => Card::AsksBack,
        number if (12..=19).contains(&number.len()) && passes_luhn(number) => Card::Pays,
        _ => Card::Declines(("incorrect_number", None, "Your card number is incorrect.")),
    }
}

fn passes_luhn(number: &str) -> bool {
    let sum: u32 = (number.chars().rev().enumerate())
        .map(|(place, digit)| {
            let digit = digit.to_digit(10).unwrap_or(1);
            let doubled = if place % 2 == 1 { digit * 2 } else { digit };
            if doubled > 9 { doubled - 9 } else { doubled }
        })
        .sum();
    number.chars().all(|digit| digit.is_ascii_digit()) && sum.is_multiple_of(10)
}

pub fn pay(act: &mut Act, id: &str, how: &Pay, email: Option<&str>) -> Result<Value, PayError> {
    let session = act.books.sessions.get(id).cloned().ok_or(PayError::UnknownSession)?;
    if *how == Pay::SettleDelayed {
        return settle(act, session);
    }
    if session["status"] != "open" {
        let status = session["status"].as_str().unwrap_or_default().to_owned();
        return Err(PayError::NotOpen { status });
    }
    let wanted = if matches!(how, Pay::DelayedSucceeds | Pay::DelayedFails) { DELAYED_METHOD } else { "card" };
    if !session["payment_method_types"].as_array().is_some_and(|offered| offered.iter().any(|method| method == wanted))
    {
        return Err(PayError::MethodNotOffered);
    }
    if session["amount_total"] == 0 {
        return Ok(complete(act, session, "no_payment_required", email));
    }
    match how {
        Pay::Card(number) => {
            let digits: String = number.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
            let (session, intent) = confirm(act, session, "card");
            match card(&digits) {
                Card::Pays => Ok(pay_by_card(act, session, intent, &digits, email)),
                Card::Declines(why) => Err(decline(act, intent, &digits, why)),
                Card::AsksBack => {
                    ask_back(act, intent, &digits);
                    Err(PayError::AuthenticationRequired)
                }
            }
        }
        Pay::Authenticate | Pay::FailAuthentication => {
            let (intent, digits) = waiting_card(act, &session).ok_or(PayError::NothingToAuthenticate)?;
            if *how == Pay::FailAuthentication {
                return Err(decline(act, intent, &digits, NOT_AUTHENTICATED));
            }
            if digits == "4000008400001629" {
                return Err(decline(act, intent, &digits, GENERIC));
            }
            Ok(pay_by_card(act, session, intent, &digits, email))
        }
        Pay::DelayedSucceeds | Pay::DelayedFails => {
            let (session, mut intent) = confirm(act, session, DELAYED_METHOD);
            let charge = charge(act, &intent, &session, DELAYED_METHOD, "", "pending");
            intent["status"] = json!("processing");
            intent["latest_charge"] = charge["id"].clone();
            intent[PRIVATE] = json!({"will_succeed": *how == Pay::DelayedSucceeds, "since": act.now});
            act.put(|books| &mut books.charges, charge.clone());
            act.put(|books| &mut books.payment_intents, intent.clone());
            act.event("charge.pending", &charge);
            act.event("payment_intent.processing", &intent);
            Ok(complete(act, session, "unpaid", email))
        }
        Pay::SettleDelayed => Err(PayError::NothingToSettle),
    }
}

/// Makes the session's intent, or takes the one an earlier attempt left behind.
fn confirm(act: &mut Act, mut session: Value, method: &str) -> (Value, Value) {
    if let Some(mut intent) =
        session["payment_intent"].as_str().and_then(|id| act.books.payment_intents.get(id)).cloned()
    {
        intent["payment_method"] = json!(draw_id("pm"));
        intent["next_action"] = Value::Null;
        return (session, intent);
    }
    let id = draw_id("pi");
    let asked = sessions::private(&session, "intent");
    let given = |name: &str| asked.and_then(|asked| asked.get(name)).cloned().unwrap_or_default();
    let metadata = given("metadata");
    let receipt = given("receipt_email");
    let capture = given("capture_method");
    let intent = json!({
        "id": id, "object": "payment_intent", "allowed_payment_method_types": null, "amount": session["amount_total"],
        "amount_capturable": 0, "amount_received": 0, "application": null, "application_fee_amount": null,
        "automatic_payment_methods": null, "canceled_at": null, "cancellation_reason": null,
        "capture_method": capture.as_str().unwrap_or("automatic_async"), "client_secret": draw_id(&format!("{id}_secret")),
        "confirmation_method": "automatic", "created": act.now, "currency": session["currency"], "customer": null,
        "customer_account": null, "description": given("description"), "excluded_payment_method_types": null,
        "last_payment_error": null, "latest_charge": null, "livemode": false, "managed_payments": null,
        "metadata": if metadata.is_null() { json!({}) } else { metadata }, "next_action": null, "on_behalf_of": null,
        "payment_method": draw_id("pm"), "payment_method_configuration_details": null, "payment_method_options": {},
        "payment_method_types": [method], "payment_record": null, "processing": null, "receipt_email": receipt,
        "review": null, "setup_future_usage": null, "shipping": given("shipping"), "source": null,
        "statement_descriptor": null, "statement_descriptor_suffix": given("statement_descriptor_suffix"),
        "status": "requires_payment_method", "transfer_group": null,
    });
    session["payment_intent"] = json!(id);
    act.put(|books| &mut books.sessions, session.clone());
    act.put(|books| &mut books.payment_intents, intent.clone());
    act.event("payment_intent.created", &intent);
    (session, intent)
}

fn ask_back(act: &mut Act, mut intent: Value, digits: &str) {
    intent["status"] = json!("requires_action");
    intent["next_action"] = json!({"type": "use_stripe_sdk", "use_stripe_sdk": {}});
    intent[PRIVATE] = json!({"card": digits});
    act.put(|books| &mut books.payment_intents, intent.clone());
    act.event("payment_intent.requires_action", &intent);
}

fn waiting_card(act: &Act, session: &Value) -> Option<(Value, String)> {
    let intent = act.books.payment_intents.get(session["payment_intent"].as_str()?)?;
    if intent["status"] != "requires_action" {
        return None;
    }
    Some((intent.clone(), intent[PRIVATE]["card"].as_str()?.to_owned()))
}

fn pay_by_card(act: &mut Act, session: Value, intent: Value, digits: &str, email: Option<&str>) -> Value {
    let charge = charge(act, &intent, &session, "card", digits, "pending");
    let charge = receive(act, intent, charge);
    let session = complete(act, session, "paid", email);
    disputes::after_payment(act, charge["id"].as_str().unwrap_or_default(), digits);
    session
}

/// The money is here: charge, balance and intent say so.
fn receive(act: &mut Act, mut intent: Value, mut charge: Value) -> Value {
    let amount = charge["amount"].as_i64().unwrap_or(0);
    let fee = balance::charge_fee(amount, charge["currency"].as_str().unwrap_or_default());
    let txn = balance::transaction(act, amount, fee, balance::kind_of(&charge, "charge", "payment"), &charge);
    charge["status"] = json!("succeeded");
    charge["paid"] = json!(true);
    charge["captured"] = json!(true);
    charge["amount_captured"] = json!(amount);
    charge["balance_transaction"] = txn["id"].clone();
    intent["status"] = json!("succeeded");
    intent["amount_received"] = json!(amount);
    intent["latest_charge"] = charge["id"].clone();
    intent["last_payment_error"] = Value::Null;
    intent["next_action"] = Value::Null;
    act.put(|books| &mut books.balance_transactions, txn);
    act.put(|books| &mut books.charges, charge.clone());
    act.put(|books| &mut books.payment_intents, intent.clone());
    act.event("charge.succeeded", &charge);
    act.event("payment_intent.succeeded", &intent);
    charge
}

fn decline(act: &mut Act, mut intent: Value, digits: &str, why: Decline) -> PayError {
    let session = json!({"customer_details": null});
    let charge = charge(act, &intent, &session, "card", digits, "pending");
    fail(act, &mut intent, charge, why, "card_error");
    PayError::Declined { code: why.0, decline_code: why.1, message: why.2 }
}

fn fail(act: &mut Act, intent: &mut Value, mut charge: Value, (code, decline_code, message): Decline, kind: &str) {
    charge["status"] = json!("failed");
    charge["failure_code"] = json!(code);
    charge["failure_message"] = json!(message);
    charge["outcome"] = json!({"advice_code": null, "network_advice_code": null, "network_decline_code": null,
        "network_status": "declined_by_network", "reason": decline_code, "seller_message": message,
        "type": "issuer_declined"});
    intent["status"] = json!("requires_payment_method");
    intent["latest_charge"] = charge["id"].clone();
    intent["next_action"] = Value::Null;
    let method = json!({"id": intent["payment_method"], "object": "payment_method"});
    intent["last_payment_error"] = json!({"type": kind, "code": code, "message": message, "charge": charge["id"],
        "payment_method": method});
    if let Some(decline_code) = decline_code {
        intent["last_payment_error"]["decline_code"] = json!(decline_code);
    }
    intent["payment_method"] = Value::Null;
    act.put(|books| &mut books.charges, charge.clone());
    act.put(|books| &mut books.payment_intents, intent.clone());
    act.event("charge.failed", &charge);
    act.event("payment_intent.payment_failed", intent);
}

fn complete(act: &mut Act, mut session: Value, payment_status: &str, email: Option<&str>) -> Value {
    session["status"] = json!("complete");
    session["payment_status"] = json!(payment_status);
    session["url"] = Value::Null;
    let email = session["customer_email"].as_str().or(email).unwrap_or("buyer@example.com").to_owned();
    session["customer_details"] = customer_details(&email);
    session["collected_information"] =
        json!({"business_name": null, "individual_name": null, "shipping_details": null});
    // Two open sessions may share the last redemption; both pass here, the harder case for a shop.
    let coupon = session["discounts"][0]["coupon"].as_str().and_then(|id| act.books.coupons.get_mut(id));
    if let Some(coupon) = coupon {
        coupon["times_redeemed"] = json!(coupon["times_redeemed"].as_i64().unwrap_or(0) + 1);
    }
    act.put(|books| &mut books.sessions, session.clone());
    act.event("checkout.session.completed", &session);
    session
}

/// The bank has decided about a delayed payment.
fn settle(act: &mut Act, mut session: Value) -> Result<Value, PayError> {
    let intent = session["payment_intent"].as_str().and_then(|id| act.books.payment_intents.get(id)).cloned();
    let mut intent = intent.filter(|intent| intent["status"] == "processing").ok_or(PayError::NothingToSettle)?;
    let charge = intent["latest_charge"].as_str().and_then(|id| act.books.charges.get(id)).cloned();
    let charge = charge.ok_or(PayError::NothingToSettle)?;
    if intent[PRIVATE]["will_succeed"] == true {
        receive(act, intent, charge);
        session["payment_status"] = json!("paid");
        act.put(|books| &mut books.sessions, session.clone());
        act.event("checkout.session.async_payment_succeeded", &session);
    } else {
        // The session stays complete and unpaid for ever: Stripe has no way back from here.
        fail(act, &mut intent, charge, DEBIT_FAILED, "invalid_request_error");
        act.event("checkout.session.async_payment_failed", &session);
    }
    Ok(session)
}

fn charge(act: &Act, intent: &Value, session: &Value, method: &str, digits: &str, status: &str) -> Value {
    let last4 = digits.get(digits.len().saturating_sub(4)..).unwrap_or_default();
    let brand = match digits.as_bytes().first() {
        Some(b'5' | b'2') => "mastercard",
        Some(b'3') => "amex",
        Some(b'6') => "unionpay",
        _ => "visa",
    };
    let details = match method {
        "card" => json!({"type": "card", "card": {"amount_authorized": intent["amount"], "authorization_code": null,
            "brand": brand, "checks": {"address_line1_check": null, "address_postal_code_check": null, "cvc_check": "pass"},
            "country": "US", "electronic_commerce_indicator": null, "exp_month": 12, "exp_year": 2034,
            "fingerprint": null, "funding": "credit", "installments": null, "last4": last4, "mandate": null,
            "network": brand, "network_transaction_id": null, "regulated_status": null, "three_d_secure": null,
            "transaction_link_id": null, "wallet": null}}),
        other => json!({"type": other, other: {}}),
    };
    json!({
        "id": draw_id("ch"), "object": "charge", "amount": intent["amount"], "amount_captured": 0, "amount_refunded": 0,
        "application": null, "application_fee": null, "application_fee_amount": null, "balance_transaction": null,
        "billing_details": {"address": {"city": null, "country": null, "line1": null, "line2": null,
            "postal_code": null, "state": null}, "email": session["customer_details"]["email"], "name": null,
            "phone": null, "tax_id": null},
        "calculated_statement_descriptor": "SANDBOX", "captured": false, "created": act.now,
        "currency": intent["currency"], "customer": null, "description": intent["description"], "disputed": false,
        "failure_balance_transaction": null, "failure_code": null, "failure_message": null, "fraud_details": {},
        "livemode": false, "metadata": intent["metadata"], "on_behalf_of": null,
        "outcome": {"advice_code": null, "network_advice_code": null, "network_decline_code": null,
            "network_status": "approved_by_network", "reason": null, "risk_level": "normal", "risk_score": 1,
            "seller_message": "Payment complete.", "type": "authorized"},
        "paid": false, "payment_intent": intent["id"], "payment_method": intent["payment_method"],
        "payment_method_details": details, "receipt_email": intent["receipt_email"], "receipt_number": null,
        "receipt_url": null, "refunded": false, "review": null, "shipping": intent["shipping"], "source": null,
        "source_transfer": null, "statement_descriptor": null,
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"], "status": status, "transfer_data": null,
        "transfer_group": null, PRIVATE: {"digits": digits},
    })
}
