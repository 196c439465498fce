//! Webhooks: planned with each event, signed anew at each attempt, retried with back-off by the sandbox's clock.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::Sha256;

use crate::Sandbox;
use crate::books::Books;

/// A sandbox endpoint is tried four times over a few hours, as Stripe's test mode does.
const RETRY_AFTER_SECONDS: [i64; 3] = [60, 30 * 60, 3 * 60 * 60];
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// How events travel from the moment this is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WebhookMode {
    #[default]
    OnTime,
    /// So many seconds later.
    Late(i64),
    /// The same event delivered twice.
    Twice,
    /// Two events with different ids for one change: Stripe warns that this happens.
    TwoEvents,
    /// What is due together arrives newest first.
    OutOfOrder,
    /// Never sent: only the events list knows.
    Lost,
}

impl WebhookMode {
    pub const LATE_SECONDS: i64 = 60;
    pub const WORDS: [&str; 6] = ["on_time", "late", "twice", "two_events", "out_of_order", "lost"];

    pub fn parse(word: &str, seconds: i64) -> Option<WebhookMode> {
        Some(match word {
            "on_time" => WebhookMode::OnTime,
            "late" => WebhookMode::Late(seconds),
            "twice" => WebhookMode::Twice,
            "two_events" => WebhookMode::TwoEvents,
            "out_of_order" => WebhookMode::OutOfOrder,
            "lost" => WebhookMode::Lost,
            _ => return None,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            WebhookMode::OnTime => "on_time",
            WebhookMode::Late(_) => "late",
            WebhookMode::Twice => "twice",
            WebhookMode::TwoEvents => "two_events",
            WebhookMode::OutOfOrder => "out_of_order",
            WebhookMode::Lost => "lost",
        }
    }

    pub fn seconds(self) -> Option<i64> {
        match self {
            WebhookMode::Late(seconds) => Some(seconds),
            _ => None,
        }
    }
}

/// One event on its way to the endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    pub event: String,
    pub due: i64,
    pub attempts: usize,
    pub state: DeliveryState,
    /// Sent newest first among what is due together.
    pub reversed: bool,
    /// What the endpoint answered last.
    pub note: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    Waiting,
    Sending,
    Delivered,
    GaveUp,
    Lost,
}

impl Delivery {
    pub(crate) fn plan(event: &str, mode: WebhookMode, now: i64) -> Vec<Delivery> {
        let reversed = mode == WebhookMode::OutOfOrder;
        let state = if mode == WebhookMode::Lost { DeliveryState::Lost } else { DeliveryState::Waiting };
        let due = now + mode.seconds().unwrap_or(0);
        let copies = if mode == WebhookMode::Twice { 2 } else { 1 };
        let delivery = Delivery { event: event.to_owned(), due, attempts: 0, state, reversed, note: String::new() };
        vec![delivery; copies]
    }
}

/// `Stripe-Signature` for a body at a moment: `v1` over `t.body` with the whole secret as the key.
pub fn sign(secret: &str, at: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(format!("{at}.{body}").as_bytes());
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={at},v1={hex}")
}

/// The sandbox speaks to this computer only: an event is never sent to somebody else's server by a slip of a setting.
fn is_loopback(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// After a restart, what was being sent waits again.
pub(crate) fn resume(books: &mut Books) {
    for delivery in books.deliveries.iter_mut().filter(|delivery| delivery.state == DeliveryState::Sending) {
        delivery.state = DeliveryState::Waiting;
    }
}

/// The waiting deliveries that are due, in the order they will be sent.
fn due(books: &Books, now: i64) -> Vec<usize> {
    let deliveries = &books.deliveries;
    let is_due = |place: &usize| deliveries[*place].state == DeliveryState::Waiting && deliveries[*place].due <= now;
    let mut places: Vec<usize> = (0..deliveries.len()).filter(is_due).collect();
    let reversed: Vec<usize> = places.iter().copied().filter(|place| deliveries[*place].reversed).rev().collect();
    let mut newest_first = reversed.into_iter();
    for place in places.iter_mut().filter(|place| deliveries[**place].reversed) {
        *place = newest_first.next().expect("as many as there are reversed deliveries");
    }
    places
}

impl Sandbox {
    /// Sends every delivery that is due by the clock, one after the other; returns how many were attempted.
    pub async fn deliver_due(&self) -> usize {
        let now = self.now();
        let claimed = self.with_state(|state| {
            let places = if state.webhook_url.is_some() { due(&state.books, now) } else { Vec::new() };
            for place in &places {
                state.books.deliveries[*place].state = DeliveryState::Sending;
            }
            places
        });
        for place in &claimed {
            let (url, body) = self.with_state(|state| {
                let event = state.books.events.get(&state.books.deliveries[*place].event);
                // Stripe pretty-prints the body: a receiver that re-serialises it cannot verify the signature.
                let body = event.and_then(|event| serde_json::to_string_pretty(event).ok()).unwrap_or_default();
                (state.webhook_url.clone().unwrap_or_default(), body)
            });
            let answer = self.post(&url, body).await;
            self.record(*place, answer);
        }
        claimed.len()
    }

    async fn post(&self, url: &str, body: String) -> Result<String, String> {
        if !is_loopback(url) {
            return Err(format!("{url}: the sandbox sends webhooks to http on loopback only"));
        }
        // The receiver compares with its own clock, not with the sandbox's.
        let signature = sign(&self.inner.webhook_secret, self.given_now(), &body);
        let request = (self.inner.http.post(url))
            .header("content-type", "application/json; charset=utf-8")
            .header("stripe-signature", signature)
            .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
            .timeout(ANSWER_WITHIN)
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(answer.status().to_string()),
            Ok(answer) => Err(answer.status().to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    fn record(&self, place: usize, answer: Result<String, String>) {
        let now = self.now();
        let outcome = self.change_books(|state| {
            let books = &mut state.books;
            let delivery = &mut books.deliveries[place];
            let retry = RETRY_AFTER_SECONDS.get(delivery.attempts);
            delivery.attempts += 1;
            match answer {
                Ok(note) => {
                    delivery.state = DeliveryState::Delivered;
                    delivery.note = note;
                    if let Some(event) = books.events.get_mut(&delivery.event) {
                        event["pending_webhooks"] = json!(0);
                    }
                }
                Err(note) => {
                    delivery.note = note;
                    delivery.state = if retry.is_some() { DeliveryState::Waiting } else { DeliveryState::GaveUp };
                    delivery.due = now + retry.copied().unwrap_or(0);
                }
            }
        });
        if let Err(error) = outcome {
            eprintln!("sandbox: a delivery could not be written down: {error}");
        }
    }

    /// The demo's loop: sessions expire, delayed payments settle, webhooks go out. Tests step these themselves.
    pub fn spawn_deliveries(&self) {
        let sandbox = self.clone();
        tokio::spawn(async move {
            let mut beat = tokio::time::interval(Duration::from_millis(250));
            loop {
                beat.tick().await;
                sandbox.let_time_pass();
                sandbox.deliver_due().await;
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_computer_is_told() {
        for url in ["http://127.0.0.1:8080/webhooks", "http://localhost/x", "http://[::1]:80/x"] {
            assert!(is_loopback(url), "{url}");
        }
        for url in ["https://127.0.0.1/x", "http://shop.example/x", "http://127.0.0.1.example/x", "http://a@b/x"] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
