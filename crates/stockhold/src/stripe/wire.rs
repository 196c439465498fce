//! Stripe's objects, as far as we read them. Unknown fields are ignored and unknown words kept: Stripe adds both
//! without notice.

use std::collections::BTreeMap;

use rules::ids::OrderId;
use rules::money::Currency;
use rules::payments::{MoneyState, SessionFact, SessionState};
use serde::Deserialize;

use super::client::FrozenForm;

/// Longest product name Stripe takes.
const NAME_CHARS_MAX: usize = 250;

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Session {
    pub id: String,
    pub status: Option<String>,
    pub payment_status: String,
    pub url: Option<String>,
    pub amount_total: Option<i64>,
    pub currency: Option<String>,
    pub client_reference_id: Option<String>,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
    pub expires_at: i64,
    pub livemode: bool,
}

/// An object, or its id: which one depends on `expand[]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Expandable<T> {
    Id(String),
    Object(T),
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PaymentIntent {
    pub id: String,
    pub status: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refund {
    pub id: String,
    pub status: Option<String>,
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub has_more: bool,
}

impl Refund {
    /// Our own id of this refund, if we asked for it.
    pub fn own_id(&self) -> Option<&str> {
        self.metadata.as_ref()?.get("refund_id").map(String::as_str)
    }
}

impl Session {
    /// What this session says, in the shop's words. An unknown word never releases anything: an unknown status
    /// counts as open, an unknown payment status as unpaid.
    pub fn fact(&self) -> SessionFact {
        let (intent, intent_status) = match &self.payment_intent {
            None => (None, None),
            Some(Expandable::Id(id)) => (Some(id.clone()), None),
            Some(Expandable::Object(intent)) => (Some(intent.id.clone()), Some(intent.status.as_str())),
        };
        let state = match self.status.as_deref() {
            Some("complete") => SessionState::Complete,
            Some("expired") => SessionState::Closed,
            _ => SessionState::Open,
        };
        // After `async_payment_failed` the session still reads complete and unpaid: only the intent shows it.
        let failed = matches!(intent_status, Some("requires_payment_method" | "canceled"));
        let money = match self.payment_status.as_str() {
            "paid" => MoneyState::Paid,
            "no_payment_required" => MoneyState::NotRequired,
            _ if state == SessionState::Complete && failed => MoneyState::Failed,
            _ => MoneyState::Unpaid,
        };
        let currency = self.currency.as_deref().and_then(|code| Currency::parse(code).ok());
        SessionFact {
            session_id: self.id.clone(),
            state,
            money,
            intent,
            amount_minor: self.amount_total.unwrap_or(0),
            // ISO 4217's code for "no currency": it equals no order's, so the amount counts as different.
            currency: currency.unwrap_or_else(|| Currency::parse("XXX").expect("three letters")),
            livemode: self.livemode,
        }
    }
}

/// The head of an event: what it is about. Everything else is fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    pub id: String,
    pub kind: String,
    pub object_id: String,
    pub livemode: bool,
    pub client_reference_id: Option<String>,
}

#[derive(Debug, thiserror::Error)]
#[error("this is not a Stripe event: {0}")]
pub struct NotAnEvent(String);

impl EventHead {
    /// Reads a snapshot event, or a thin one (`v2.core.event`, which only names its object).
    pub fn read(body: &[u8]) -> Result<EventHead, NotAnEvent> {
        let event: Event = serde_json::from_slice(body).map_err(|error| NotAnEvent(error.to_string()))?;
        let (object_id, reference) = match (event.data, event.related_object) {
            (Some(data), _) => (data.object.id.unwrap_or_default(), data.object.client_reference_id),
            (None, Some(related)) => (related.id, None),
            (None, None) => return Err(NotAnEvent("it names no object".to_owned())),
        };
        let livemode = event.livemode.unwrap_or(false);
        Ok(EventHead { id: event.id, kind: event.kind, object_id, livemode, client_reference_id: reference })
    }
}

#[derive(Deserialize)]
struct Event {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    livemode: Option<bool>,
    data: Option<EventData>,
    related_object: Option<RelatedObject>,
}

#[derive(Deserialize)]
struct EventData {
    object: EventObject,
}

#[derive(Deserialize)]
struct EventObject {
    id: Option<String>,
    client_reference_id: Option<String>,
}

#[derive(Deserialize)]
struct RelatedObject {
    id: String,
}

/// What a payment page is opened with; amounts in minor units.
#[derive(Debug, Clone)]
pub struct CheckoutParameters {
    pub order_id: OrderId,
    pub currency: Currency,
    /// Name, quantity, unit price.
    pub lines: Vec<(String, i64, i64)>,
    pub email: String,
    pub locale: &'static str,
    pub success_url: String,
    pub cancel_url: String,
    /// Unix seconds.
    pub expires_at: i64,
}

/// The form of `POST /v1/checkout/sessions` (docs.stripe.com/api/checkout/sessions/create).
pub fn open_checkout_form(parameters: &CheckoutParameters) -> FrozenForm {
    let order_id = parameters.order_id.to_string();
    let mut pairs = vec![
        ("mode".to_owned(), "payment".to_owned()),
        ("client_reference_id".to_owned(), order_id.clone()),
        ("metadata[order_id]".to_owned(), order_id.clone()),
        ("payment_intent_data[metadata][order_id]".to_owned(), order_id),
        ("customer_email".to_owned(), parameters.email.clone()),
        ("locale".to_owned(), parameters.locale.to_owned()),
        ("success_url".to_owned(), parameters.success_url.clone()),
        ("cancel_url".to_owned(), parameters.cancel_url.clone()),
        ("expires_at".to_owned(), parameters.expires_at.to_string()),
        // Otherwise the Dashboard decides, and the buyer may be charged in another currency.
        ("adaptive_pricing[enabled]".to_owned(), "false".to_owned()),
    ];
    let currency = parameters.currency.code().to_lowercase();
    for (at, (name, quantity, unit)) in parameters.lines.iter().enumerate() {
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        pairs.push((format!("line_items[{at}][quantity]"), quantity.to_string()));
        pairs.push((format!("line_items[{at}][price_data][currency]"), currency.clone()));
        pairs.push((format!("line_items[{at}][price_data][unit_amount]"), unit.to_string()));
        pairs.push((format!("line_items[{at}][price_data][product_data][name]"), name));
    }
    FrozenForm::from_pairs(&pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(status: &str, payment_status: &str, intent: &str) -> SessionFact {
        let json = format!(
            r#"{{"id":"cs_test_1","status":"{status}","payment_status":"{payment_status}","url":null,"amount_total":3200,
            "currency":"usd","client_reference_id":null,"payment_intent":{intent},"expires_at":1,"livemode":false,"new":{{}}}}"#
        );
        serde_json::from_str::<Session>(&json).expect("a session").fact()
    }

    #[test]
    fn a_session_is_read_whatever_words_stripe_adds() {
        let states = |fact: SessionFact| (fact.state, fact.money);
        let (paid, unpaid) = (MoneyState::Paid, MoneyState::Unpaid);
        assert_eq!(states(session("open", "unpaid", "null")), (SessionState::Open, unpaid));
        assert_eq!(states(session("complete", "paid", "\"pi_1\"")), (SessionState::Complete, paid));
        assert_eq!(states(session("complete", "unpaid", "\"pi_1\"")), (SessionState::Complete, unpaid));
        assert_eq!(states(session("expired", "unpaid", "null")), (SessionState::Closed, unpaid));
        assert_eq!(states(session("resting", "considering", "null")), (SessionState::Open, unpaid));
        let failed = r#"{"id":"pi_1","status":"requires_payment_method"}"#;
        assert_eq!(states(session("complete", "unpaid", failed)), (SessionState::Complete, MoneyState::Failed));
        let processing = r#"{"id":"pi_1","status":"processing"}"#;
        assert_eq!(states(session("complete", "unpaid", processing)), (SessionState::Complete, unpaid));
    }

    #[test]
    fn an_event_names_its_object_in_either_form() {
        let snapshot = br#"{"id":"evt_1","type":"checkout.session.completed","livemode":false,
            "data":{"object":{"id":"cs_1","client_reference_id":"ord_1"}}}"#;
        let head = EventHead::read(snapshot).expect("an event");
        assert_eq!((head.object_id.as_str(), head.client_reference_id.as_deref()), ("cs_1", Some("ord_1")));
        let thin = br#"{"id":"evt_2","object":"v2.core.event","type":"v1.checkout.session.completed","livemode":true,
            "related_object":{"id":"cs_2","type":"checkout.session","url":"/v1"}}"#;
        let head = EventHead::read(thin).expect("an event");
        assert_eq!((head.object_id.as_str(), head.livemode), ("cs_2", true));
        for garbage in [&b""[..], b"[]", b"{}", b"{\"id\":1}", b"\xff"] {
            assert!(EventHead::read(garbage).is_err());
        }
    }
}
