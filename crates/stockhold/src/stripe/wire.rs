//! Stripe's objects, as far as we read them. Unknown fields are ignored and unknown words kept: Stripe adds both
//! without notice.

use std::collections::BTreeMap;
use std::fmt;

use rules::disputes::DisputeState;
use rules::ids::OrderId;
use rules::money::Currency;
use rules::payments::{MoneyState, SessionFact, SessionState};
use rules::refunds::RefundState;
use serde::Deserialize;
use serde_json::Value;

use super::client::FrozenForm;

/// The longest product name and the most line items that Stripe takes
/// (docs.stripe.com/api/checkout/sessions/create).
const NAME_CHARS_MAX: usize = 5000;
const LINE_ITEMS_MAX: usize = 100;
const RATE_NAME_CHARS_MAX: usize = 100;

/// A word of Stripe's, from a list that grows: what we do not know is kept as it came.
macro_rules! open_words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
        #[serde(from = "String")]
        pub enum $name {
            $($variant,)+
            Other(String),
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => $name::$variant,)+
                    _ => $name::Other(word),
                }
            }
        }
    };
}

open_words!(SessionStatus { Open = "open", Complete = "complete", Expired = "expired" });
open_words!(PaymentStatus { Paid = "paid", Unpaid = "unpaid", NoPaymentRequired = "no_payment_required" });
open_words!(
    /// Only what tells that a payment will not come; everything else may still end well.
    IntentStatus { RequiresPaymentMethod = "requires_payment_method", Canceled = "canceled" }
);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Session {
    pub id: String,
    pub status: Option<SessionStatus>,
    pub payment_status: PaymentStatus,
    /// Where the buyer pays; only while the session is open.
    pub url: Option<String>,
    pub amount_total: Option<i64>,
    pub currency: Option<String>,
    pub client_reference_id: Option<String>,
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
    #[serde(default)]
    pub customer_details: Option<CustomerDetails>,
    #[serde(default)]
    pub created: i64,
    pub expires_at: i64,
    pub livemode: bool,
}

#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct CustomerDetails {
    pub email: Option<String>,
}

/// Who paid is personal: it never reaches a log through `{:?}`.
impl fmt::Debug for CustomerDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomerDetails(***)")
    }
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
    pub status: IntentStatus,
    #[serde(default)]
    pub amount_received: i64,
    #[serde(default)]
    pub currency: String,
    #[serde(default)]
    pub created: i64,
    #[serde(default)]
    pub livemode: bool,
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// What has an id of its own, whole or not.
pub trait Named {
    fn id(&self) -> &str;
}

impl PaymentIntent {
    /// The order that this money is for, if it is one of a Stockhold shop.
    pub fn order_id(&self) -> Option<OrderId> {
        self.metadata.as_ref()?.get("order_id")?.parse().ok()
    }

    /// Whether it was asked for by this shop: several may share an account. Without a name it counts as ours.
    pub fn is_of_shop(&self, shop_id: &str) -> bool {
        self.metadata.as_ref().and_then(|metadata| metadata.get("shop_id")).is_none_or(|id| id == shop_id)
    }
}

impl Named for PaymentIntent {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Named for BalanceSource {
    fn id(&self) -> &str {
        &self.id
    }
}

impl<T: Named> Expandable<T> {
    pub fn id(&self) -> &str {
        match self {
            Expandable::Id(id) => id,
            Expandable::Object(object) => object.id(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Charge {
    pub id: String,
    pub amount: i64,
    pub amount_captured: i64,
    pub amount_refunded: i64,
    pub currency: String,
    #[serde(default)]
    pub disputed: bool,
    pub paid: bool,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
    pub created: i64,
    pub livemode: bool,
}

/// A bank takes money back on its customer's word (docs.stripe.com/api/disputes/object).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dispute {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    pub status: String,
    #[serde(default)]
    pub reason: String,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
    #[serde(default)]
    pub evidence_details: Option<EvidenceDetails>,
    /// What it has moved: withdrawals negative, reinstatements positive.
    #[serde(default)]
    pub balance_transactions: Vec<BalanceTransaction>,
    pub created: i64,
    pub livemode: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EvidenceDetails {
    pub due_by: Option<i64>,
}

/// docs.stripe.com/api/radar/early_fraud_warnings/object
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FraudWarning {
    pub id: String,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
    pub fraud_type: String,
    pub created: i64,
    pub livemode: bool,
}

/// One movement of the Stripe balance (docs.stripe.com/api/balance_transactions/object).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BalanceTransaction {
    pub id: String,
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub fee: i64,
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub source: Option<Expandable<BalanceSource>>,
    #[serde(default)]
    pub created: i64,
}

/// What a movement of the balance was for: a charge, a refund, a dispute.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BalanceSource {
    pub id: String,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
}

/// The account that a key opens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    pub id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Coupon {
    pub id: String,
    pub valid: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DeletedCoupon {
    pub id: String,
    pub deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refund {
    pub id: String,
    pub status: Option<String>,
    pub amount: i64,
    pub currency: String,
    #[serde(default)]
    pub payment_intent: Option<Expandable<PaymentIntent>>,
    #[serde(default)]
    pub failure_reason: Option<String>,
    #[serde(default)]
    pub created: i64,
    #[serde(default)]
    pub metadata: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    pub data: Vec<T>,
    pub has_more: bool,
}

/// What Stripe calls a currency, in the shop's words; ISO 4217's "no currency" for what is none, which equals no
/// order's.
pub fn currency(code: &str) -> Currency {
    Currency::parse(code).unwrap_or_else(|_| Currency::parse("XXX").expect("three letters"))
}

impl Dispute {
    /// What it has withdrawn and not given back, in minor units.
    pub fn withdrawn_minor(&self) -> i64 {
        (-self.balance_transactions.iter().map(|moved| moved.amount).sum::<i64>()).max(0)
    }

    /// A word of Stripe's that we do not know counts as an open dispute: nothing is refunded by mistake.
    pub fn state(&self) -> DisputeState {
        match self.status.as_str() {
            "warning_needs_response" | "warning_under_review" => DisputeState::Inquiry,
            "warning_closed" | "prevented" => DisputeState::Closed,
            "won" => DisputeState::Won,
            "lost" => DisputeState::Lost,
            _ => DisputeState::Open,
        }
    }
}

impl Refund {
    /// What has become of it. A word that we do not know is no settlement: it counts as pending.
    pub fn state(&self) -> RefundState {
        match self.status.as_deref() {
            Some("succeeded") => RefundState::Succeeded,
            Some("failed") => RefundState::Failed,
            Some("canceled") => RefundState::Canceled,
            _ => RefundState::Pending,
        }
    }

    pub fn intent_id(&self) -> Option<&str> {
        self.payment_intent.as_ref().map(Expandable::id)
    }

    /// Our own id of this refund, if we asked for it.
    pub fn own_id(&self) -> Option<&str> {
        self.metadata.as_ref()?.get("refund_id").map(String::as_str)
    }
}

impl BalanceTransaction {
    /// Whether a payment moved it (docs.stripe.com/reports/balance-transaction-types).
    pub fn is_charge(&self) -> bool {
        matches!(self.kind.as_str(), "charge" | "payment")
    }
}

impl Session {
    pub fn is_complete(&self) -> bool {
        self.status == Some(SessionStatus::Complete)
    }

    /// The order that this session is for: `client_reference_id`, or the same id in the metadata.
    pub fn order_id(&self) -> Option<OrderId> {
        let in_metadata = || self.metadata.as_ref()?.get("order_id").map(String::as_str);
        self.client_reference_id.as_deref().or_else(in_metadata)?.parse().ok()
    }

    pub fn customer_email(&self) -> Option<&str> {
        self.customer_details.as_ref()?.email.as_deref()
    }

    /// What this session says, in the shop's words. An unknown word never releases anything: an unknown status
    /// counts as open, an unknown payment status as unpaid, and a session that ended with one not as closed.
    pub fn fact(&self) -> SessionFact {
        let (intent, intent_status) = match &self.payment_intent {
            None => (None, None),
            Some(Expandable::Id(id)) => (Some(id.clone()), None),
            Some(Expandable::Object(intent)) => (Some(intent.id.clone()), Some(&intent.status)),
        };
        let state = match (&self.status, &self.payment_status) {
            (Some(SessionStatus::Complete), _) => SessionState::Complete,
            (Some(SessionStatus::Expired), PaymentStatus::Other(_)) => SessionState::Open,
            (Some(SessionStatus::Expired), _) => SessionState::Closed,
            (Some(SessionStatus::Open | SessionStatus::Other(_)) | None, _) => SessionState::Open,
        };
        // After `async_payment_failed` the session still reads complete and unpaid: only the intent shows it.
        let failed = matches!(intent_status, Some(IntentStatus::RequiresPaymentMethod | IntentStatus::Canceled));
        let money = match self.payment_status {
            PaymentStatus::Paid => MoneyState::Paid,
            PaymentStatus::NoPaymentRequired => MoneyState::NotRequired,
            PaymentStatus::Unpaid if state == SessionState::Complete && failed => MoneyState::Failed,
            PaymentStatus::Unpaid | PaymentStatus::Other(_) => MoneyState::Unpaid,
        };
        SessionFact {
            session_id: self.id.clone(),
            state,
            money,
            intent,
            amount_minor: self.amount_total.unwrap_or(0),
            currency: currency(self.currency.as_deref().unwrap_or_default()),
            livemode: self.livemode,
        }
    }
}

/// The head of an event: what it is about. Everything else is fetched.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Value")]
pub struct EventHead {
    pub id: String,
    pub kind: String,
    /// Empty when the event is about no object, such as `balance.available`.
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
        serde_json::from_slice(body).map_err(|error| NotAnEvent(error.to_string()))
    }
}

impl EventHead {
    /// The event with nothing in it but what its reading needs: nobody's name, address or card.
    pub fn reduced(payload: &str) -> String {
        let Ok(head) = EventHead::read(payload.as_bytes()) else { return "{}".to_owned() };
        let object = serde_json::json!({ "id": head.object_id, "client_reference_id": head.client_reference_id });
        let data = serde_json::json!({ "object": object });
        serde_json::json!({ "id": head.id, "type": head.kind, "livemode": head.livemode, "data": data }).to_string()
    }

    /// Everything in an event that may be an id of ours or of Stripe's.
    pub fn ids_in(payload: &str) -> Vec<String> {
        fn walk(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::String(text) if ["ord_", "cs_", "pi_"].iter().any(|prefix| text.starts_with(prefix)) => {
                    found.push(text.clone());
                }
                Value::Array(list) => list.iter().for_each(|value| walk(value, found)),
                Value::Object(fields) => fields.values().for_each(|value| walk(value, found)),
                Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
        let mut found = Vec::new();
        walk(&serde_json::from_str(payload).unwrap_or_default(), &mut found);
        found.sort();
        found.dedup();
        found
    }
}

/// Lenient on purpose: an event that we refuse comes back for three days.
impl TryFrom<Value> for EventHead {
    type Error = NotAnEvent;

    fn try_from(event: Value) -> Result<EventHead, NotAnEvent> {
        let text = |at: &str| event.pointer(at).and_then(Value::as_str).map(str::to_owned);
        let id = text("/id").filter(|id| !id.is_empty()).ok_or_else(|| NotAnEvent("it has no id".to_owned()))?;
        Ok(EventHead {
            id,
            kind: text("/type").ok_or_else(|| NotAnEvent("it has no type".to_owned()))?,
            object_id: text("/data/object/id").or_else(|| text("/related_object/id")).unwrap_or_default(),
            livemode: event.get("livemode").and_then(Value::as_bool).unwrap_or(false),
            client_reference_id: text("/data/object/client_reference_id"),
        })
    }
}

/// What a payment page is opened with; amounts in minor units.
#[derive(Debug, Clone)]
pub struct CheckoutParameters {
    pub order_id: OrderId,
    /// Which shop asks: several may share a Stripe account.
    pub shop_id: String,
    pub currency: Currency,
    /// Name, quantity, unit price.
    pub lines: Vec<(String, i64, i64)>,
    pub email: String,
    pub locale: &'static str,
    pub success_url: String,
    pub cancel_url: String,
    /// Unix seconds.
    pub expires_at: i64,
    pub discount: Option<Discount>,
    pub delivery: Option<Delivery>,
    /// What comes on top of the prices, and what it is called.
    pub tax: Option<(String, i64)>,
}

/// How the order is sent, and for how much; may cost nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub title: String,
    pub amount: i64,
    /// The fewest and the most days it takes.
    pub days: Option<(u16, u16)>,
}

/// The discount of one order: an amount of our own reckoning, because a percentage of Stripe's knows no maximum and
/// is rounded by other rules (scenario C8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discount {
    pub coupon_id: String,
    pub amount_off: i64,
    /// What the buyer reads beside it: the code.
    pub name: String,
}

/// The form of `POST /v1/coupons` (docs.stripe.com/api/coupons/create): good for this one session, and for no longer.
pub fn discount_form(parameters: &CheckoutParameters) -> Option<FrozenForm> {
    let discount = parameters.discount.as_ref()?;
    Some(FrozenForm::from_pairs(&[
        ("id", discount.coupon_id.as_str()),
        ("amount_off", &discount.amount_off.to_string()),
        ("currency", &parameters.currency.code().to_lowercase()),
        ("duration", "once"),
        ("max_redemptions", "1"),
        ("redeem_by", &parameters.expires_at.to_string()),
        ("name", &discount.name),
        ("metadata[order_id]", &parameters.order_id.to_string()),
        ("metadata[shop_id]", &parameters.shop_id),
    ]))
}

/// The form of `POST /v1/checkout/sessions` (docs.stripe.com/api/checkout/sessions/create).
pub fn open_checkout_form(parameters: &CheckoutParameters) -> FrozenForm {
    assert!(parameters.lines.len() <= LINE_ITEMS_MAX, "an order has fewer lines than Stripe takes");
    let order_id = parameters.order_id.to_string();
    let mut pairs = vec![
        ("mode".to_owned(), "payment".to_owned()),
        ("client_reference_id".to_owned(), order_id.clone()),
        ("metadata[order_id]".to_owned(), order_id.clone()),
        ("payment_intent_data[metadata][order_id]".to_owned(), order_id),
        ("metadata[shop_id]".to_owned(), parameters.shop_id.clone()),
        ("payment_intent_data[metadata][shop_id]".to_owned(), parameters.shop_id.clone()),
        ("customer_email".to_owned(), parameters.email.clone()),
        ("locale".to_owned(), parameters.locale.to_owned()),
        ("success_url".to_owned(), parameters.success_url.clone()),
        ("cancel_url".to_owned(), parameters.cancel_url.clone()),
        ("expires_at".to_owned(), parameters.expires_at.to_string()),
        // Otherwise the Dashboard decides, and the buyer may be charged in another currency.
        ("adaptive_pricing[enabled]".to_owned(), "false".to_owned()),
    ];
    let currency = parameters.currency.code().to_lowercase();
    // Taxes are reckoned here and told as a line: what Stripe charges is our total, to the minor unit (M1).
    let tax = parameters.tax.as_ref().map(|(name, amount)| (name, &1, amount));
    let goods = parameters.lines.iter().map(|(name, quantity, unit)| (name, quantity, unit));
    for (at, (name, quantity, unit)) in goods.chain(tax).enumerate() {
        let name: String = name.chars().take(NAME_CHARS_MAX).collect();
        pairs.push((format!("line_items[{at}][quantity]"), quantity.to_string()));
        pairs.push((format!("line_items[{at}][price_data][currency]"), currency.clone()));
        pairs.push((format!("line_items[{at}][price_data][unit_amount]"), unit.to_string()));
        pairs.push((format!("line_items[{at}][price_data][product_data][name]"), name));
    }
    if let Some(discount) = &parameters.discount {
        pairs.push(("discounts[0][coupon]".to_owned(), discount.coupon_id.clone()));
    }
    if let Some(delivery) = &parameters.delivery {
        let rate = "shipping_options[0][shipping_rate_data]";
        let title: String = delivery.title.chars().take(RATE_NAME_CHARS_MAX).collect();
        pairs.push((format!("{rate}[display_name]"), title));
        pairs.push((format!("{rate}[type]"), "fixed_amount".to_owned()));
        pairs.push((format!("{rate}[fixed_amount][amount]"), delivery.amount.to_string()));
        pairs.push((format!("{rate}[fixed_amount][currency]"), currency));
        // Stripe takes days from one on; a delivery on the same day says nothing there.
        for (bound, days) in delivery.days.iter().flat_map(|(min, max)| [("minimum", min), ("maximum", max)]) {
            if *days > 0 {
                pairs.push((format!("{rate}[delivery_estimate][{bound}][unit]"), "day".to_owned()));
                pairs.push((format!("{rate}[delivery_estimate][{bound}][value]"), days.to_string()));
            }
        }
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
        assert_eq!(states(session("expired", "paid", "\"pi_1\"")), (SessionState::Closed, paid));
        let failed = r#"{"id":"pi_1","status":"requires_payment_method"}"#;
        assert_eq!(states(session("complete", "unpaid", failed)), (SessionState::Complete, MoneyState::Failed));
        let processing = r#"{"id":"pi_1","status":"processing"}"#;
        assert_eq!(states(session("complete", "unpaid", processing)), (SessionState::Complete, unpaid));
    }

    #[test]
    fn a_word_nobody_knows_releases_nothing() {
        let failed = r#"{"id":"pi_1","status":"requires_payment_method"}"#;
        for (status, payment_status, intent, state) in [
            ("resting", "unpaid", "null", SessionState::Open),
            ("resting", "considering", "null", SessionState::Open),
            ("expired", "considering", "null", SessionState::Open),
            ("open", "unpaid", failed, SessionState::Open),
            ("complete", "considering", failed, SessionState::Complete),
            ("complete", "unpaid", r#"{"id":"pi_1","status":"resting"}"#, SessionState::Complete),
        ] {
            let fact = session(status, payment_status, intent);
            assert_eq!((fact.state, fact.money), (state, MoneyState::Unpaid), "{status} {payment_status} {intent}");
        }
    }

    #[test]
    fn a_session_names_its_order_its_intent_and_its_buyer() {
        let own = "ord_0000000000000000000000000190f00d";
        let json = format!(
            r#"{{"id":"cs_1","status":null,"payment_status":"paid","expires_at":2,"created":1,"livemode":true,
            "amount_total":50,"currency":"zzzz","metadata":{{"order_id":"{own}"}},
            "customer_details":{{"email":"ada@example.org","name":null}},
            "payment_intent":{{"id":"pi_1","status":"succeeded","latest_charge":"ch_1"}}}}"#
        );
        let session: Session = serde_json::from_str(&json).expect("a session");
        assert_eq!(session.order_id(), own.parse().ok());
        assert_eq!(session.customer_email(), Some("ada@example.org"));
        assert!(!format!("{session:?}").contains("ada@"));
        let fact = session.fact();
        assert_eq!((fact.intent.as_deref(), fact.amount_minor, fact.livemode), (Some("pi_1"), 50, true));
        assert_eq!(fact.currency.code(), "XXX");
    }

    #[test]
    fn a_payment_page_is_asked_for_in_one_frozen_form() {
        let parameters = CheckoutParameters {
            order_id: OrderId::from_u128(1),
            shop_id: "shop_1".to_owned(),
            currency: Currency::parse("USD").expect("a currency"),
            lines: vec![("青瓷杯 & 120 ml".to_owned(), 2, 3200), ("x".repeat(6000), 1, 1)],
            email: "ada+cups@example.org".to_owned(),
            locale: "zh",
            success_url: "https://shop.example/success?session_id={CHECKOUT_SESSION_ID}".to_owned(),
            cancel_url: "https://shop.example/cart".to_owned(),
            expires_at: 1_800,
            discount: Some(Discount { coupon_id: "discount_1".to_owned(), amount_off: 640, name: "TEA10".to_owned() }),
            delivery: Some(Delivery { title: "包裹".to_owned(), amount: 600, days: Some((0, 5)) }),
            tax: Some(("税费".to_owned(), 77)),
        };
        let form = open_checkout_form(&parameters);
        assert_eq!(form, open_checkout_form(&parameters));
        assert!(form.as_str().is_ascii());
        assert!(form.as_str().contains("=%E9%9D%92%E7%93%B7%E6%9D%AF+%26+120+ml&"));
        assert!(form.as_str().contains("customer_email=ada%2Bcups%40example.org&"));
        let pairs: BTreeMap<String, String> = form_urlencoded::parse(form.as_str().as_bytes()).into_owned().collect();
        for (name, value) in [
            ("mode", "payment"),
            ("client_reference_id", "ord_00000000000000000000000000000001"),
            ("metadata[order_id]", "ord_00000000000000000000000000000001"),
            ("payment_intent_data[metadata][order_id]", "ord_00000000000000000000000000000001"),
            ("adaptive_pricing[enabled]", "false"),
            ("success_url", parameters.success_url.as_str()),
            ("expires_at", "1800"),
            ("line_items[0][quantity]", "2"),
            ("line_items[0][price_data][currency]", "usd"),
            ("line_items[0][price_data][unit_amount]", "3200"),
            ("line_items[0][price_data][product_data][name]", "青瓷杯 & 120 ml"),
            ("discounts[0][coupon]", "discount_1"),
            ("line_items[2][quantity]", "1"),
            ("line_items[2][price_data][unit_amount]", "77"),
            ("line_items[2][price_data][product_data][name]", "税费"),
            ("shipping_options[0][shipping_rate_data][display_name]", "包裹"),
            ("shipping_options[0][shipping_rate_data][fixed_amount][amount]", "600"),
            ("shipping_options[0][shipping_rate_data][fixed_amount][currency]", "usd"),
            ("shipping_options[0][shipping_rate_data][delivery_estimate][maximum][value]", "5"),
        ] {
            assert_eq!(pairs.get(name).map(String::as_str), Some(value), "{name}");
        }
        assert_eq!(pairs["line_items[1][price_data][product_data][name]"].len(), NAME_CHARS_MAX);
        assert!(!pairs.contains_key("shipping_options[0][shipping_rate_data][delivery_estimate][minimum][value]"));
        assert_eq!(FrozenForm::from_stored(form.as_str().to_owned()), form);
        let discount = discount_form(&parameters).expect("there is one");
        let pairs: BTreeMap<String, String> =
            form_urlencoded::parse(discount.as_str().as_bytes()).into_owned().collect();
        for (name, value) in [("id", "discount_1"), ("amount_off", "640"), ("currency", "usd"), ("redeem_by", "1800")] {
            assert_eq!(pairs.get(name).map(String::as_str), Some(value), "{name}");
        }
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
        let without = br#"{"id":"evt_3","type":"v2.core.health.event_generation_failure.resolved","data":{}}"#;
        assert_eq!(EventHead::read(without).expect("an event").object_id, "");
        for garbage in [
            &b""[..],
            b"[]",
            b"null",
            b"{\"id\":\"\",\"type\":\"x\"}",
            b"{\"id\":\"evt_1\"}",
            b"{}",
            b"{\"id\":1}",
            b"\xff",
        ] {
            assert!(EventHead::read(garbage).is_err());
        }
    }
}
