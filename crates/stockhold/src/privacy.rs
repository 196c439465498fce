//! A person's data: all of it in one piece, and gone on request (GDPR 15, 17 and 20; PIPL 45 and 47).
//!
//! Promise: after [`erase`] no table and no file of the shop says who somebody was. What the law on bookkeeping asks for
//! stays with the orders: numbers, dates, goods, amounts, country and taxes. An order that is still open refuses it. A crash
//! on the way is finished by asking again, and news that come later do not bring the person back.
//!
//! A person goes by their buyer: the normalised address, or what the books call them once they are erased.

use std::collections::BTreeSet;
use std::io::Write;

use rules::ids::OrderId;
use rules::money::Money;
use rules::text::Email;
use serde_json::{Value, json};

use crate::catalogue::defused;
use crate::language::{find_country, machine_time};
use crate::ledger::Fault;
use crate::mail::StoredLetter;
use crate::shop::Shop;
use crate::storage::erasure::{self, KeptAddress, OpenOrder, Person};
use crate::storage::inbox::StoredEvent;
use crate::storage::order_notes::{self, Note};
use crate::storage::orders::{self, ERASED, OrderView};
use crate::storage::{StorageError, customers, stock_requests};
use crate::stripe::wire::EventHead;

/// The purposes under which addresses are digested elsewhere.
const LOOKUP_PURPOSE: &str = "look-up";
const WRONG_CODE_PURPOSE: &str = "buyer";
/// Rows read at once.
const ROWS: i64 = 200;

/// What there is of a person: what an erasure takes, or took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Held {
    /// Orders that lose their person.
    pub orders: u64,
    /// Wishes to hear when goods are back.
    pub stock_requests: u64,
    /// Letters in the mailbox folder.
    pub letters: u64,
    /// Stripe's events that lose everything but their object.
    pub events: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ErasureFailure {
    #[error("{}", open_words(.0))]
    Open(Vec<OpenOrder>),
    #[error("Something about one of the orders was done in this very moment. Nothing was erased; try again.")]
    Meanwhile,
    #[error(transparent)]
    Fault(#[from] Fault),
}

fn open_words(open: &[OpenOrder]) -> String {
    let one = |order: &OpenOrder| {
        let why = match order.why {
            erasure::Open::Unpaid => "waits for its payment",
            erasure::Open::Unsent => "is paid and not sent whole",
            erasure::Open::Disputed => "is disputed at a bank",
            erasure::Open::RefundUnderWay => "has a refund under way",
            erasure::Open::MoneyOwed => "has money that is owed to its buyer",
            erasure::Open::AtWork => "is being worked on right now",
        };
        format!("Order {} {why}.", order.number)
    };
    let told: Vec<String> = open.iter().map(one).collect();
    format!("{} Nothing was erased.", told.join(" "))
}

/// Everything by which a person is found.
struct Trace {
    buyer: String,
    erased_name: String,
    orders: Vec<(OrderId, String)>,
    /// What an event or a letter that is about them says, in lower case.
    words: Vec<String>,
    /// How files about their orders begin.
    order_ids: Vec<String>,
}

impl Trace {
    async fn of(shop: &Shop, buyer: &str) -> Result<Trace, Fault> {
        let storage = &shop.storage;
        let (erased_name, orders) = match is_erased(buyer) {
            true => (buyer.to_owned(), Vec::new()),
            false => (shop.name_when_erased(buyer), erasure::addresses(storage, buyer).await?),
        };
        // Orders that were erased before are looked at again: a crash may have left their events and letters.
        let before = erasure::addresses(storage, &erased_name).await?;
        let order_ids: Vec<String> = orders.iter().chain(&before).map(|(id, _)| id.to_string()).collect();
        let mut words = erasure::names_at_stripe(storage, order_ids.clone()).await?;
        words.extend(erasure::written_addresses(storage, buyer).await?);
        words.extend(order_ids.iter().cloned());
        words.push(buyer.to_owned());
        words.extend(addresses_in_mailbox(shop, &erased_name));
        let mut words: Vec<String> =
            words.iter().map(|word| word.to_lowercase()).filter(|word| !word.is_empty()).collect();
        words.sort();
        words.dedup();
        Ok(Trace { buyer: buyer.to_owned(), erased_name, orders, words, order_ids })
    }

    /// Whether a file of the mailbox folder is about them.
    fn is_in_file(&self, name: &str, contents: &[u8]) -> bool {
        let by_name = self.order_ids.iter().any(|id| name.starts_with(id.as_str()));
        by_name || {
            let letter: Option<StoredLetter> = serde_json::from_slice(contents).ok();
            let to_them = letter.is_some_and(|letter| is_buyer(&letter.to, &self.buyer));
            let text = String::from_utf8_lossy(contents).to_lowercase();
            to_them || self.words.iter().any(|word| word.contains('@') && says(&text, word))
        }
    }

    /// Whether an event of Stripe's is about them.
    fn is_in_event(&self, payload: &str) -> bool {
        let payload = payload.to_lowercase();
        self.words.iter().any(|word| says(&payload, word))
    }

    fn is_nothing(&self, held: Held) -> bool {
        held == Held::default() && self.orders.is_empty()
    }
}

fn is_buyer(address: &str, buyer: &str) -> bool {
    Email::parse(address).is_ok_and(|email| email.buyer() == buyer)
}

/// Their addresses as letters have them: the books may have forgotten them already.
fn addresses_in_mailbox(shop: &Shop, erased_name: &str) -> Vec<String> {
    let is_theirs = |letter: &StoredLetter| {
        Email::parse(&letter.to).is_ok_and(|email| shop.name_when_erased(&email.buyer()) == erased_name)
    };
    shop.mailer.stored().into_iter().filter(is_theirs).map(|letter| letter.to).collect()
}

fn is_erased(buyer: &str) -> bool {
    buyer.starts_with(ERASED)
}

/// Whether a text says this word. An address must stand there whole: that of `ann@x.com` is not that of `n@x.com`, nor that
/// of `ann@x.com.au`. An id is nobody else's, and may have anything around it.
fn says(text: &str, word: &str) -> bool {
    if !word.contains('@') {
        return text.contains(word);
    }
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        // In JSON a line ends with a letter: `\n`.
        let begins = ["\\n", "\\r", "\\t"].iter().any(|end| before.ends_with(end))
            || !before.ends_with(|c: char| c.is_alphanumeric() || "._%+-".contains(c));
        let mut after = after.chars();
        let ends = match after.next() {
            // A full stop may end the sentence.
            Some('.') => !after.next().is_some_and(char::is_alphanumeric),
            Some(c) => !(c.is_alphanumeric() || "_%+-".contains(c)),
            None => true,
        };
        begins && ends
    })
}

/// What there is of this person; none: nothing at all.
pub async fn held(shop: &Shop, buyer: &str) -> Result<Option<Held>, Fault> {
    let trace = Trace::of(shop, buyer).await?;
    let wishes = stock_requests::of_buyer(&shop.storage, &trace.buyer).await?;
    let letters = shop.mailer.stored().iter().filter(|letter| is_about(&trace, letter)).count() as u64;
    let mut held = Held { orders: trace.orders.len() as u64, stock_requests: wishes.len() as u64, letters, events: 0 };
    held.events = events_of(shop, &trace).await?.len() as u64;
    Ok((!trace.is_nothing(held)).then_some(held))
}

fn is_about(trace: &Trace, letter: &StoredLetter) -> bool {
    is_buyer(&letter.to, &trace.buyer)
        || trace.words.contains(&letter.to.to_lowercase())
        || trace.order_ids.iter().any(|id| letter.message_id.starts_with(id.as_str()))
}

/// The orders that stand in the way of an erasure; once erased, nothing does.
pub async fn open_orders(shop: &Shop, buyer: &str) -> Result<Vec<OpenOrder>, Fault> {
    if is_erased(buyer) {
        return Ok(Vec::new());
    }
    Ok(erasure::open_orders(&shop.storage, buyer, shop.now().micros()).await?)
}

/// Takes the person out of every table and file. Asked again, by their address or by what the books call them now, it
/// finishes what a crash left.
pub async fn erase(shop: &Shop, buyer: &str) -> Result<Held, ErasureFailure> {
    let open = open_orders(shop, buyer).await?;
    if !open.is_empty() {
        return Err(ErasureFailure::Open(open));
    }
    let trace = Trace::of(shop, buyer).await?;
    // First: once the books have forgotten them, whatever comes after may fail.
    remember(shop, &trace.erased_name).await?;
    let mut held = if is_erased(buyer) { Held::default() } else { leave_books(shop, &trace).await? };
    for (id, payload) in events_of(shop, &trace).await? {
        erasure::reduce_event(&shop.storage, &id, &EventHead::reduced(&payload)).await.map_err(Fault::from)?;
        held.events += 1;
    }
    let mailer = shop.mailer.clone();
    let forgotten = tokio::task::spawn_blocking(move || mailer.forget(|name, file| trace.is_in_file(name, file))).await;
    let forgotten = forgotten.map_err(|error| Fault(error.to_string()))?;
    held.letters = forgotten.map_err(|error| Fault(format!("the mailbox folder: {error}")))? as u64;
    shop.storage.forget_deleted().await.map_err(Fault::from)?;
    Ok(held)
}

/// Takes the person out of the books, if none of their orders is open in that very moment.
async fn leave_books(shop: &Shop, trace: &Trace) -> Result<Held, ErasureFailure> {
    let wishes = stock_requests::of_buyer(&shop.storage, &trace.buyer).await.map_err(Fault::from)?;
    let held = Held { orders: trace.orders.len() as u64, stock_requests: wishes.len() as u64, ..Held::default() };
    let kept: Vec<KeptAddress> = trace
        .orders
        .iter()
        .map(|(order, address)| KeptAddress { order: *order, address: kept_address(address) })
        .collect();
    let person = Person {
        buyer: &trace.buyer,
        name_when_erased: &trace.erased_name,
        lookup_digest: &shop.keyed_digest(LOOKUP_PURPOSE, &trace.buyer),
        wrong_codes: &format!("buyer:{}", shop.keyed_digest(WRONG_CODE_PURPOSE, &trace.buyer)),
        now_micros: shop.now().micros(),
    };
    if !erasure::erase(&shop.storage, &person, &kept).await.map_err(Fault::from)? {
        let open = open_orders(shop, &trace.buyer).await?;
        return Err(if open.is_empty() { ErasureFailure::Meanwhile } else { ErasureFailure::Open(open) });
    }
    Ok(held)
}

/// Who was erased, as keyed digests, in a file beside the database: a backup that is restored brings people back, and the
/// file names them.
const ERASED_FILE: &str = "erased.log";

async fn remember(shop: &Shop, erased_name: &str) -> Result<(), Fault> {
    let (file, line) = (shop.config.data_dir.join(ERASED_FILE), format!("{erased_name}\n"));
    let written = tokio::task::spawn_blocking(move || {
        if std::fs::read_to_string(&file).is_ok_and(|text| text.lines().any(|known| known == line.trim_end())) {
            return Ok(());
        }
        // A command on another machine than the shop's may be the first to write there.
        file.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        let mut file = std::fs::File::options().create(true).append(true).open(file)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    });
    let written = written.await.map_err(|error| Fault(error.to_string()))?;
    written.map_err(|error| Fault(format!("{ERASED_FILE}: {error}")))
}

/// What became of those who came back with a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replayed {
    pub erased: u64,
    /// Orders that stand in the way now.
    pub open: Vec<OpenOrder>,
    /// People about whose orders something was done in that very moment: they are still there.
    pub overtaken: u64,
}

/// After a backup was restored: erases again whoever was erased before.
pub async fn replay(shop: &Shop) -> Result<Replayed, Fault> {
    let text = tokio::fs::read_to_string(shop.config.data_dir.join(ERASED_FILE)).await.unwrap_or_default();
    let erased: BTreeSet<&str> = text.lines().collect();
    let mut replayed = Replayed::default();
    let mut after = String::new();
    loop {
        let buyers = erasure::buyers(&shop.storage, &after, ROWS).await?;
        let Some(last) = buyers.last() else { return Ok(replayed) };
        after = last.clone();
        for buyer in buyers.iter().filter(|buyer| erased.contains(shop.name_when_erased(buyer).as_str())) {
            match erase(shop, buyer).await {
                Ok(_) => replayed.erased += 1,
                Err(ErasureFailure::Open(orders)) => replayed.open.extend(orders),
                Err(ErasureFailure::Meanwhile) => replayed.overtaken += 1,
                Err(ErasureFailure::Fault(fault)) => return Err(fault),
            }
        }
    }
}

/// Stripe's events that are kept whole and may be about this person: a few for each order.
async fn events_of(shop: &Shop, trace: &Trace) -> Result<Vec<(String, String)>, Fault> {
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let events = erasure::events_naming(&shop.storage, &trace.words, &after, ROWS).await?;
        let Some((last, _)) = events.last() else { return Ok(found) };
        after = last.clone();
        found.extend(events.into_iter().filter(|(_, payload)| trace.is_in_event(payload)));
    }
}

/// Of an address the country stays, if it is one: taxes are owed by it.
fn kept_address(address: &str) -> String {
    let address: Value = serde_json::from_str(address).unwrap_or_default();
    let country = address["country"].as_str().and_then(find_country);
    country.map_or_else(String::new, |country| json!({ "country": country.code() }).to_string())
}

/// What is stored of an event that has come in: all of it, unless it is about somebody who was erased. A database keeps what
/// it once wrote for a while, so that it must not be written first.
pub async fn payload_to_keep(shop: &Shop, payload: String) -> Result<String, StorageError> {
    let is_of_erased = erasure::is_of_erased(&shop.storage, EventHead::ids_in(&payload)).await?;
    Ok(if is_of_erased { EventHead::reduced(&payload) } else { payload })
}

/// An event has been read: what is not ours, or is about somebody who was erased, keeps nothing but its object.
pub async fn keep_what_is_needed(shop: &Shop, event: &StoredEvent, is_foreign: bool) -> Result<(), Fault> {
    let reduced = EventHead::reduced(&event.payload);
    let goes = is_foreign
        || reduced == event.payload
        || erasure::is_of_erased(&shop.storage, EventHead::ids_in(&event.payload)).await?;
    if goes {
        erasure::reduce_event(&shop.storage, &event.id, &reduced).await?;
    }
    Ok(())
}

/// All that is kept of a person, as JSON; none: nothing is.
pub async fn export(shop: &Shop, buyer: &str) -> Result<Option<Value>, Fault> {
    if is_erased(buyer) {
        return Ok(None);
    }
    let wishes = stock_requests::of_buyer(&shop.storage, buyer).await?;
    let letters: Vec<StoredLetter> =
        shop.mailer.stored().into_iter().filter(|letter| is_buyer(&letter.to, buyer)).collect();
    let customer = customers::of_buyer(&shop.storage, buyer).await?;
    if customer.is_none() && wishes.is_empty() && letters.is_empty() {
        return Ok(None);
    }
    let mut told = Vec::new();
    let mut before = None;
    loop {
        let page = customers::orders(&shop.storage, buyer, before, ROWS).await?;
        for row in &page.rows {
            if let Some(order) = orders::find(&shop.storage, row.id).await? {
                let notes = order_notes::of_order(&shop.storage, row.id).await?;
                told.push(order_data(&order, &notes));
            }
        }
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let wish = |(sku, at): &(String, rules::time::Timestamp)| json!({ "sku": sku, "asked_at": machine_time(*at) });
    let letter = |letter: &StoredLetter| json!({ "to": letter.to, "subject": letter.subject, "text": letter.text });
    Ok(Some(json!({
        "email": buyer,
        "exported_at": machine_time(shop.now()),
        "shop": shop.settings().name_en,
        "name": customer.as_ref().map(|customer| customer.name.clone()),
        "language": customer.as_ref().map(|customer| customer.language.clone()),
        "orders": told,
        "stock_requests": wishes.iter().map(wish).collect::<Vec<_>>(),
        "letters": letters.iter().map(letter).collect::<Vec<_>>(),
    })))
}

fn order_data(order: &OrderView, notes: &[Note]) -> Value {
    let notes: Vec<Value> =
        notes.iter().map(|note| json!({ "at": machine_time(note.at), "text": note.text })).collect();
    let money = |minor: i64| json!({ "amount": minor, "currency": order.currency.code() });
    let amount = |money: Money| json!({ "amount": money.minor, "currency": money.currency.code() });
    let items: Vec<Value> = order
        .lines
        .iter()
        .map(|line| {
            json!({ "sku": line.sku, "title": line.title, "variant": line.variant_title, "quantity": line.quantity,
                "unit_price": money(line.unit_price), "discount": money(line.discount), "tax": money(line.tax),
                "total": money(line.total), "shipped": line.shipped, "cancelled": line.cancelled })
        })
        .collect();
    let payments: Vec<Value> = order
        .payments
        .iter()
        .map(|payment| json!({ "stripe_id": payment.intent_id, "amount": amount(payment.amount) }))
        .collect();
    let refunds: Vec<Value> = order
        .refunds
        .iter()
        .map(|refund| {
            json!({ "id": refund.id.to_string(), "amount": amount(refund.amount),
            "state": refund.state.as_str(), "reason": refund.reason })
        })
        .collect();
    let shipments: Vec<Value> = order
        .shipments
        .iter()
        .map(|parcel| json!({ "carrier": parcel.carrier, "tracking": parcel.tracking }))
        .collect();
    let disputes: Vec<Value> = order
        .disputes
        .iter()
        .map(|dispute| json!({ "id": dispute.id, "reason": dispute.reason, "state": dispute.state.as_str() }))
        .collect();
    let timeline: Vec<Value> = order
        .events
        .iter()
        .map(|event| json!({ "at": machine_time(event.at), "kind": event.kind, "detail": event.detail }))
        .collect();
    json!({
        "id": order.id.to_string(),
        "number": order.number,
        "status": order.status.as_str(),
        "fulfilment": order.fulfilment.as_str(),
        "email": order.email,
        "language": order.language,
        "shipping_address": serde_json::from_str::<Value>(&order.shipping_address).unwrap_or_default(),
        "destination": order.destination.as_ref().map(ToString::to_string),
        "delivery": order.delivery.as_ref().map(|delivery| delivery.title.clone()),
        "coupon": order.coupon,
        "items": items,
        "subtotal": money(order.subtotal),
        "discount": money(order.discount),
        "shipping": money(order.shipping),
        "tax": money(order.tax),
        "total": money(order.total),
        "placed_at": machine_time(order.reserved_at),
        "paid_at": order.paid_at.map(machine_time),
        "cancelled_at": order.cancelled_at.map(machine_time),
        "cancel_reason": order.cancel_reason,
        "payments": payments,
        "refunds": refunds,
        "shipments": shipments,
        "disputes": disputes,
        "notes": notes,
        "timeline": timeline,
    })
}

/// The same as a spreadsheet: a row for each value, and where it stands.
pub fn as_csv(data: &Value) -> Vec<u8> {
    fn rows(at: &str, value: &Value, out: &mut Vec<(String, String)>) {
        let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
        match value {
            Value::Object(fields) => fields.iter().for_each(|(name, value)| rows(&below(name), value, out)),
            Value::Array(list) => {
                list.iter().enumerate().for_each(|(place, value)| rows(&below(&(place + 1).to_string()), value, out));
            }
            Value::Null => {}
            Value::String(text) => out.push((at.to_owned(), text.clone())),
            Value::Bool(_) | Value::Number(_) => out.push((at.to_owned(), value.to_string())),
        }
    }
    let mut all = Vec::new();
    rows("", data, &mut all);
    let mut writer = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let written = std::iter::once(("field".to_owned(), "value".to_owned())).chain(all);
    for (field, value) in written {
        writer.write_record([defused(&field), defused(&value)]).expect("memory takes every record");
    }
    writer.into_inner().expect("memory takes every record")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_nobody_elses() {
        let own = [
            "n@x.com",
            "to <n@x.com>",
            "ask n@x.com.",
            "n@x.com, please",
            r#"{"email":"n@x.com"}"#,
            r"he said:\nn@x.com",
        ];
        for text in own {
            assert!(says(text, "n@x.com"), "{text}");
        }
        for text in ["ann@x.com", "a.n@x.com", "a-n@x.com", "a+n@x.com", "n@x.com.au", "n@x.community", "n@x.com-a.org"]
        {
            assert!(!says(text, "n@x.com"), "{text}");
        }
        assert!(says("ann@x.com and n@x.com", "n@x.com"), "each place is looked at");
        assert!(says("/orders/ord_1?token=x", "ord_1") && says("pi_1_secret_2", "pi_1"));
    }
}
