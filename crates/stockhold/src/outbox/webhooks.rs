//! Tells other programs of the shopkeeper's what happened: each delivery is leased, sent, and its answer recorded.
//!
//! Promise: an endpoint hears of everything at least once, under an id that is always the same; what it does not take is
//! tried again for three days. Only 2xx is a yes. Nothing here is waited for by a buyer, nor by anything else.

use futures_util::future::try_join_all;
use rules::time::{Span, Timestamp};
use rules::topics::Topic;
use serde_json::{Value, json};

use super::letters::envelope;
use crate::language::machine_time;
use crate::ledger::Fault;
use crate::letters::endpoint_disabled::{self, Disabled};
use crate::mail::MailError;
use crate::shop::Shop;
use crate::storage::webhooks::{self, Answer, Delivery, DeliveryState, Endpoint, State, Why};
use crate::webhooks::sender::{Message, Sent};
use crate::webhooks::signature::{self, SigningSecret};

/// Waits before each further attempt, as Standard Webhooks proposes; then a person must ask for it.
const WAITS: [Span; 9] = [
    Span::seconds(5),
    Span::minutes(5),
    Span::minutes(30),
    Span::minutes(2 * 60),
    Span::minutes(5 * 60),
    Span::minutes(10 * 60),
    Span::minutes(14 * 60),
    Span::minutes(20 * 60),
    Span::minutes(24 * 60),
];
/// A tenth more at most, so that what failed together does not come back together.
const JITTER_PARTS: i64 = 10;
/// An endpoint at which nothing arrived for so long is not tried any more.
const PATIENCE: Span = Span::minutes(5 * 24 * 60);
/// How long the secret before is signed with, too, unless it is known to others.
pub const CHANGE_OVER: Span = Span::minutes(24 * 60);
/// What one endpoint is sent before it is looked again what is due.
const DELIVERIES_PER_TURN: i64 = 20;
/// A letter that did not go is tried again after this.
const LETTER_WAIT: Span = Span::minutes(5);
/// What a test is called; no endpoint can ask to be spared it.
pub const TEST: &str = "webhook.test";
/// The answer that takes an endpoint out of use.
const GONE: u16 = 410;

/// Sends what is due, a turn of each endpoint; returns how many deliveries came to an end.
pub async fn send_due(shop: &Shop) -> Result<usize, Fault> {
    let endpoints = active(shop).await?;
    let turns = endpoints.iter().map(|endpoint| send_to(shop, endpoint));
    Ok(try_join_all(turns).await?.into_iter().sum())
}

/// The endpoints that are told what happens.
pub async fn active(shop: &Shop) -> Result<Vec<String>, Fault> {
    let endpoints = webhooks::list(&shop.storage).await?.into_iter();
    Ok(endpoints.filter(|endpoint| endpoint.state == State::Active).map(|endpoint| endpoint.id).collect())
}

/// One turn of one endpoint: what is due, oldest first. One that does not answer is left alone until its next turn.
pub async fn send_to(shop: &Shop, endpoint_id: &str) -> Result<usize, Fault> {
    let mut ended = 0;
    for event in &webhooks::due(&shop.storage, endpoint_id, shop.now(), DELIVERIES_PER_TURN).await? {
        // Read each time: it may have been disabled by the one before.
        let endpoint = webhooks::find(&shop.storage, endpoint_id).await?;
        let Some(endpoint) = endpoint.filter(|endpoint| endpoint.state == State::Active) else { break };
        match deliver(shop, &endpoint, event).await? {
            None => {}
            Some(delivery) if delivery.state == DeliveryState::Due => break,
            Some(_) => ended += 1,
        }
    }
    Ok(ended)
}

/// One attempt at one delivery, if it is due and nobody else is at it; returns it as it stands afterwards.
async fn deliver(shop: &Shop, endpoint: &Endpoint, event: &str) -> Result<Option<Delivery>, Fault> {
    let Some(delivery) = webhooks::lease(&shop.storage, &endpoint.id, event, shop.now()).await? else {
        return Ok(None);
    };
    let sent = shop.webhooks.send(&endpoint.url, &message(shop, endpoint, &delivery)).await;
    let now = shop.now();
    let (status, words) = match sent {
        Sent::Answered { status, words } => (status, words),
        Sent::NotAnswered(why) => (0, why),
    };
    let answer = Answer { status: i64::from(status), words };
    if (200..300).contains(&status) {
        webhooks::arrived(&shop.storage, &delivery, &answer, now).await?;
    } else {
        let next = (status != GONE && delivery.topic != TEST).then(|| next_try(delivery.attempts, now)).flatten();
        webhooks::missed(&shop.storage, &delivery, &answer, next, now).await?;
        give_up_on(shop, endpoint, status, now).await?;
    }
    shop.tell(format!("webhook  {} {} {status}", delivery.topic, endpoint.url));
    Ok(webhooks::find_delivery(&shop.storage, &endpoint.id, event).await?)
}

/// An endpoint that is gone, or at which nothing arrived for days, is told nothing more, and the owner hears of it.
async fn give_up_on(shop: &Shop, endpoint: &Endpoint, status: u16, now: Timestamp) -> Result<(), Fault> {
    let why = if status == GONE {
        Why::Gone
    } else {
        let stands = webhooks::find(&shop.storage, &endpoint.id).await?;
        let since = stands.and_then(|endpoint| endpoint.failing_since);
        if since.is_none_or(|since| now - since < PATIENCE) {
            return Ok(());
        }
        Why::Failing
    };
    if webhooks::disable(&shop.storage, &endpoint.id, why, now).await? {
        tracing::warn!(endpoint = endpoint.id, why = why.as_str(), "a webhook endpoint was disabled");
    }
    Ok(())
}

/// When an attempt that failed is made again; after the last there is none.
fn next_try(attempts: i64, now: Timestamp) -> Option<Timestamp> {
    let wait = WAITS.get(usize::try_from(attempts - 1).ok()?)?.as_micros();
    let mut byte = [0u8; 1];
    let drawn = if getrandom::fill(&mut byte).is_ok() { i64::from(byte[0]) } else { 0 };
    Some(now + Span::micros(wait + wait / JITTER_PARTS * drawn / 255))
}

/// Asks an endpoint to answer now; the delivery as it stands afterwards. It is not tried again.
pub async fn test(shop: &Shop, endpoint: &Endpoint) -> Result<Delivery, Fault> {
    let event = format!("msg_test_{}", shop.draw_order_id().to_string().trim_start_matches("ord_"));
    webhooks::insert_test(&shop.storage, &endpoint.id, &event, TEST, shop.now()).await?;
    let delivered = deliver(shop, endpoint, &event).await?;
    webhooks::give_up(&shop.storage, &endpoint.id, &event).await?;
    let stands = match delivered {
        Some(delivery) => Some(delivery),
        // A worker was faster.
        None => webhooks::find_delivery(&shop.storage, &endpoint.id, &event).await?,
    };
    stands.ok_or_else(|| Fault(format!("the test {event} is gone")))
}

/// Tells the owner of endpoints that were disabled; returns how many letters went.
pub async fn tell_owner(shop: &Shop) -> Result<usize, Fault> {
    let mut told = 0;
    for endpoint in webhooks::letters_due(&shop.storage, shop.now()).await? {
        let until = shop.now() + LETTER_WAIT;
        if !webhooks::lease_letter(&shop.storage, &endpoint.id, shop.now(), until).await? {
            continue;
        }
        let settings = shop.read_settings().await?;
        let envelope = envelope(shop, &settings, settings.owner_language, String::new());
        let since = endpoint.failing_since.unwrap_or(endpoint.created_at).micros();
        let disabled = Disabled { id: &endpoint.id, url: &endpoint.url, since, is_gone: endpoint.why == Why::Gone };
        let letter = endpoint_disabled::render(&shop.words, &shop.theme, disabled, &envelope)
            .map_err(|error| Fault(error.to_string()))?;
        match shop.mailer.send(&letter).await {
            Ok(()) => {
                webhooks::letter_sent(&shop.storage, &endpoint.id).await?;
                told += 1;
            }
            Err(MailError::Refused(why)) => {
                tracing::error!(why, endpoint = endpoint.id, "a letter to the owner was refused");
                webhooks::letter_sent(&shop.storage, &endpoint.id).await?;
            }
            Err(MailError::Unavailable(why)) => tracing::warn!(why, "a letter to the owner waits"),
        }
    }
    Ok(told)
}

/// The secrets that an endpoint's messages are signed with, the newest first.
pub fn secrets(shop: &Shop, endpoint: &Endpoint) -> Vec<SigningSecret> {
    let before = (endpoint.previous_until > shop.now()).then(|| endpoint.generation - 1);
    [Some(endpoint.generation), before]
        .into_iter()
        .flatten()
        .map(|generation| shop.webhook_secret(&endpoint.id, generation))
        .collect()
}

fn message(shop: &Shop, endpoint: &Endpoint, delivery: &Delivery) -> Message {
    let timestamp = shop.now().seconds();
    let body = body(&shop.config.base_url, delivery);
    let signature = signature::header(&secrets(shop, endpoint), &delivery.event_id, timestamp, &body);
    Message { id: delivery.event_id.clone(), timestamp, signature, body }
}

/// What is told: thin, and the same at every attempt. What is true now stands behind the address.
pub fn body(base_url: &str, delivery: &Delivery) -> String {
    let mut data = match delivery.topic.as_str() {
        "stock.low" => json!({ "url": format!("{base_url}/api/admin/stock/{}", in_path(&delivery.about)) }),
        TEST => json!({ "url": base_url }),
        _ => json!({
            "id": delivery.order_id,
            "number": delivery.order_number,
            "url": format!("{base_url}/api/orders/{}", delivery.order_id),
        }),
    };
    if let Some(name) = Topic::parse(&delivery.topic).and_then(Topic::names) {
        data[name] = Value::from(delivery.about.as_str());
    }
    json!({ "type": delivery.topic, "timestamp": machine_time(delivery.happened_at), "data": data }).to_string()
}

/// A SKU as a segment of an address.
fn in_path(sku: &str) -> String {
    let letter = |byte: u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    sku.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_is_made_ten_times_over_three_days() {
        let now = Timestamp::from_seconds(1_000_000);
        let mut whole = 0;
        for (attempts, wait) in (1..).zip(WAITS) {
            let next = next_try(attempts, now).expect("another attempt");
            let waited = (next - now).as_micros();
            assert!((wait.as_micros()..=wait.as_micros() * 11 / 10).contains(&waited), "{attempts}: {waited}");
            whole += wait.as_micros();
        }
        assert_eq!(next_try(10, now), None);
        assert_eq!(whole / 3_600_000_000, 75);
    }
}
