//! The sandbox's own books: every object in the order it was made, stored answers and deliveries, kept in one file.
//!
//! Objects are Stripe's JSON plus one private field, [`PRIVATE`], which never leaves the sandbox.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::clock::Time;
use crate::webhooks::{Delivery, WebhookMode};

/// Where an object keeps what Stripe would keep out of sight.
pub const PRIVATE: &str = "_sandbox";

/// The version whose objects the sandbox speaks.
pub const API_VERSION: &str = "2026-10-28.endive";

/// Stripe keeps an idempotency key for a day.
const KEY_KEPT_SECONDS: i64 = 24 * 60 * 60;

/// One kind of object, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(from = "Vec<Value>", into = "Vec<Value>")]
pub struct Shelf {
    rows: Vec<Value>,
    places: HashMap<String, usize>,
}

impl Clone for Shelf {
    fn clone(&self) -> Shelf {
        Shelf::from(self.rows.clone())
    }
}

impl From<Vec<Value>> for Shelf {
    fn from(rows: Vec<Value>) -> Shelf {
        let places = rows.iter().enumerate().map(|(place, row)| (id_of(row).to_owned(), place)).collect();
        Shelf { rows, places }
    }
}

impl From<Shelf> for Vec<Value> {
    fn from(shelf: Shelf) -> Vec<Value> {
        shelf.rows
    }
}

impl Shelf {
    pub fn rows(&self) -> &[Value] {
        &self.rows
    }

    pub fn get(&self, id: &str) -> Option<&Value> {
        self.places.get(id).map(|&place| &self.rows[place])
    }

    pub fn get_mut(&mut self, id: &str) -> Option<&mut Value> {
        self.places.get(id).map(|&place| &mut self.rows[place])
    }

    pub fn put(&mut self, row: Value) {
        match self.get_mut(id_of(&row)) {
            Some(place) => *place = row,
            None => {
                self.places.insert(id_of(&row).to_owned(), self.rows.len());
                self.rows.push(row);
            }
        }
    }

    pub fn remove(&mut self, id: &str) -> Option<Value> {
        let place = *self.places.get(id)?;
        let removed = self.rows.remove(place);
        *self = Shelf::from(std::mem::take(&mut self.rows));
        Some(removed)
    }
}

fn id_of(row: &Value) -> &str {
    row["id"].as_str().unwrap_or_default()
}

/// What an idempotency key remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredAnswer {
    pub fingerprint: String,
    pub request_id: String,
    pub status: u16,
    pub body: Value,
    pub at: i64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Books {
    pub sessions: Shelf,
    pub payment_intents: Shelf,
    pub charges: Shelf,
    pub refunds: Shelf,
    pub disputes: Shelf,
    pub early_fraud_warnings: Shelf,
    pub coupons: Shelf,
    pub shipping_rates: Shelf,
    pub balance_transactions: Shelf,
    pub events: Shelf,
    pub answers: BTreeMap<String, StoredAnswer>,
    pub deliveries: Vec<Delivery>,
    /// Where the next refund begins, when somebody ordered it.
    pub next_refund: Option<String>,
    /// Ids that the API does not find, although they are here.
    pub missing: BTreeSet<String>,
    /// The account's id, when somebody set it.
    pub account: Option<String>,
    pub time: Time,
}

impl Books {
    /// Opens the file, or empty books when there is none yet.
    pub fn open(file: &Path) -> io::Result<Books> {
        match std::fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                let message = format!("{} is not the sandbox's books: {error}", file.display());
                io::Error::new(io::ErrorKind::InvalidData, message)
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Books::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes the whole file beside the old one and renames it: a crash leaves one or the other, never half.
    pub fn save(&self, file: &Path) -> io::Result<()> {
        let beside = file.with_extension("json.new");
        std::fs::write(&beside, serde_json::to_vec(self)?)?;
        std::fs::rename(beside, file)
    }

    pub fn answer(&self, key: &str, now: i64) -> Option<&StoredAnswer> {
        self.answers.get(key).filter(|answer| answer.at + KEY_KEPT_SECONDS > now)
    }

    pub fn keep_answer(&mut self, key: &str, answer: StoredAnswer) {
        self.forget_answers(answer.at);
        self.answers.insert(key.to_owned(), answer);
    }

    /// Forgets keys that are too old; says whether there were any.
    pub fn forget_answers(&mut self, now: i64) -> bool {
        let before = self.answers.len();
        self.answers.retain(|_, old| old.at + KEY_KEPT_SECONDS > now);
        before != self.answers.len()
    }

    /// Whether a charge belongs to an order, by the metadata of its intent or by its session.
    pub fn is_of_order(&self, charge: &Value, order_id: &str) -> bool {
        charge["metadata"]["order_id"] == order_id
            || self.sessions.rows().iter().any(|session| {
                session["payment_intent"] == charge["payment_intent"]
                    && (session["metadata"]["order_id"] == order_id || session["client_reference_id"] == order_id)
            })
    }

    /// Stripe's coupon is valid until it is used up or past its date.
    pub fn coupon(&self, id: &str, now: i64) -> Option<Value> {
        let mut coupon = self.coupons.get(id)?.clone();
        let past = coupon["redeem_by"].as_i64().is_some_and(|last| last <= now);
        let used_up =
            coupon["max_redemptions"].as_i64().is_some_and(|most| coupon["times_redeemed"].as_i64() >= Some(most));
        coupon["valid"] = json!(!past && !used_up);
        Some(coupon)
    }
}

/// The object as Stripe shows it.
pub fn public(row: &Value) -> Value {
    let mut shown = row.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.remove(PRIVATE);
    }
    shown
}

pub fn draw_id(prefix: &str) -> String {
    const LETTERS: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut bytes = [0_u8; 24];
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    let tail: String = bytes.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
    format!("{prefix}_{tail}")
}

/// One change to the books: the moment, who asked, and how its events will travel.
pub struct Act<'a> {
    pub books: &'a mut Books,
    /// Unix seconds.
    pub now: i64,
    pub base_path: &'a str,
    pub webhooks: WebhookMode,
    /// Where webhooks go, when anybody listens.
    pub endpoint: Option<&'a str>,
    /// The request id and idempotency key, when a request caused this.
    pub request: Option<(String, Option<String>)>,
    /// Set by everything that changes the books, so that reading does not write the file.
    pub changed: bool,
}

impl Act<'_> {
    pub fn put(&mut self, shelf: fn(&mut Books) -> &mut Shelf, row: Value) {
        shelf(self.books).put(row);
        self.changed = true;
    }

    /// Makes an event with the object frozen as it is now, and queues its deliveries.
    pub fn event(&mut self, kind: &str, object: &Value) {
        self.tell(kind, &json!({"object": public(object)}));
    }

    /// Like [`Act::event`], and says what was there before.
    pub fn event_after(&mut self, kind: &str, before: &Value, object: &Value) {
        let (before, object) = (public(before), public(object));
        let names = before.as_object().into_iter().chain(object.as_object()).flat_map(|fields| fields.keys());
        let changed: serde_json::Map<String, Value> = names
            .filter(|name| before[*name] != object[*name])
            .map(|name| (name.clone(), before[name].clone()))
            .collect();
        self.tell(kind, &json!({"object": object, "previous_attributes": changed}));
    }

    fn tell(&mut self, kind: &str, data: &Value) {
        let (id, key) = match &self.request {
            Some((id, key)) => (json!(id), json!(key)),
            None => (Value::Null, Value::Null),
        };
        let mut copies = 1;
        if matches!(self.webhooks, WebhookMode::TwoEvents) {
            copies = 2;
        }
        for _ in 0..copies {
            let event = json!({
                "id": draw_id("evt"), "object": "event", "api_version": API_VERSION, "created": self.now,
                "data": data, "livemode": false,
                "pending_webhooks": i64::from(self.endpoint.is_some()),
                "request": {"id": id, "idempotency_key": key}, "type": kind,
            });
            if self.endpoint.is_some() {
                let event_id = event["id"].as_str().unwrap_or_default().to_owned();
                self.books.deliveries.extend(Delivery::plan(&event_id, self.webhooks, self.now));
            }
            self.put(|books| &mut books.events, event);
        }
    }
}
