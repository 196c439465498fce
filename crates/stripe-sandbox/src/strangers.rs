//! What a shop must not take for its own: another application's payments in the same account, objects that cannot be
//! found any more, and another account or key.

use serde_json::{Value, json};

use crate::Sandbox;
use crate::books::{Act, public};
use crate::form::Pairs;
use crate::payments::{self, Pay};
use crate::{refunds, sessions};

fn pairs(given: &[(&str, &str)]) -> Pairs {
    given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn payment(act: &mut Act, amount: i64, currency: &str) -> Result<Value, String> {
    let amount = amount.to_string();
    let asked = pairs(&[
        ("mode", "payment"),
        ("success_url", "https://another-application.example/thanks"),
        ("client_reference_id", "another-application-1"),
        ("customer_email", "somebody@example.com"),
        ("metadata[application]", "another"),
        ("payment_intent_data[metadata][application]", "another"),
        ("line_items[0][quantity]", "1"),
        ("line_items[0][price_data][currency]", currency),
        ("line_items[0][price_data][unit_amount]", &amount),
        ("line_items[0][price_data][product_data][name]", "Something else"),
    ]);
    let session = sessions::create(act, &asked).map_err(|error| error.message)?;
    let id = session["id"].as_str().unwrap_or_default();
    let card = Pay::Card("4242424242424242".to_owned());
    let session = payments::pay(act, id, &card, None).map_err(|error| error.to_string())?;
    let intent = session["payment_intent"].as_str().unwrap_or_default();
    let asked = pairs(&[("payment_intent", intent), ("metadata[application]", "another")]);
    // What was ordered for the shop's next refund is still for that one.
    let ordered = act.books.next_refund.take();
    let refund = refunds::create(act, &asked).map_err(|error| error.message);
    act.books.next_refund = ordered;
    let refund = refund?;
    let intent = act.books.payment_intents.get(intent).map(public);
    let charge = refund["charge"].as_str().and_then(|id| act.books.charges.get(id)).map(public);
    Ok(json!({"session": public(&session), "payment_intent": intent, "charge": charge, "refund": refund}))
}

impl Sandbox {
    /// Another application takes a payment in the same account and refunds it: its objects and events stand beside
    /// yours. Returns `{"session", "payment_intent", "charge", "refund"}`; the error is a sentence.
    pub fn foreign_payment(&self, amount: i64, currency: &str) -> Result<Value, String> {
        self.told(|act| payment(act, amount, currency))
    }

    /// The API answers `resource_missing` for this id, and no list has it; pages and events are as they were.
    pub fn lose(&self, id: &str) {
        self.change_quietly(|state| {
            state.books.missing.insert(id.to_owned());
        });
    }

    /// What was lost is there again.
    pub fn find_again(&self, id: &str) {
        self.change_quietly(|state| {
            state.books.missing.remove(id);
        });
    }

    /// The id (`acct_…`) that `GET /v1/account` answers, as if the key belonged to another account.
    pub fn set_account(&self, id: &str) {
        self.change_quietly(|state| state.books.account = Some(id.to_owned()));
    }

    /// The only key accepted from now on, as if it had been rolled; `None`: any test key.
    pub fn set_api_key(&self, key: Option<&str>) {
        self.with_state(|state| state.api_key = key.map(str::to_owned));
    }
}
