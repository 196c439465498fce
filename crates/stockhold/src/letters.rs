//! Letters to buyers and to the owner, rendered in the order's language: HTML for people, and a text part written by hand.
//!
//! Invariant: every amount is the stored order's, written as on its page (M1); a repeat of a letter has the same
//! Message-ID (E2); whatever a title contains stays text. What a letter says is true when it is sent, not when it
//! was queued: money that did not go through is never written of as on its way (R1).

pub mod back_in_stock;
pub mod endpoint_disabled;
mod notice;
pub mod sample;
pub mod staff;

use std::collections::BTreeSet;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, UndefinedBehavior, context};
use rules::carriers::tracking_url;
use rules::effects;
use rules::money::Money;
use rules::shipments::Shipment;

use crate::language::{Argument, Language, TotalRow, Totals, Words, address_lines, format_money};
use crate::mail::Letter;
use crate::storage::orders::{OrderLineView, OrderView};
use crate::theme::{self, Theme};
use notice::Notice;

/// What stands around every letter of this shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// In the order's language.
    pub shop_name: String,
    /// The order's own link, with its token: for its buyer alone.
    pub order_url: String,
    pub base_url: String,
    /// Where the desk is; the owner's letters lead to the order there.
    pub admin_url: String,
    /// Payments are simulated: the letter says so.
    pub sandbox: bool,
    /// Who hears of what a person must look at, and in which language.
    pub owner_email: String,
    pub owner_language: Language,
}

/// A letter that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the letter {kind} cannot be written: {error}")]
pub struct LetterError {
    kind: &'static str,
    error: Error,
}

/// Writes one letter; `about` names what of the order it is about, as the effect does.
pub fn render(
    words: &Words,
    theme: &Theme,
    kind: effects::Letter,
    about: &str,
    order: &OrderView,
    envelope: &Envelope,
) -> Result<Letter, LetterError> {
    let language = if kind.to_owner() { envelope.owner_language } else { Language::of_tag(&order.language) };
    let named = [("number", Argument::from(order.number.to_string())), ("shop", envelope.shop_name.as_str().into())];
    let subject = one_line(&words.say(language, &key(kind, notice::subject(kind, about, order)), &named));
    let context = context(words, language, (kind, about), order, envelope, &subject);
    let written = |error| LetterError { kind: kind.as_str(), error };
    let write = |ending: &str| {
        let alone = format!("letters/{}.{ending}", kind.as_str());
        let name = if theme.has(&alone) { alone } else { format!("letters/letter.{ending}") };
        write(words, theme, language, &name, &format!("letters/letter.{ending}"), &context)
    };
    let of = if about.is_empty() { order.id.to_string() } else { about.to_owned() };
    let host = host(&envelope.base_url);
    Ok(Letter {
        message_id: format!("{of}.{}@{host}", kind.as_str()),
        thread_id: format!("{}@{host}", order.id),
        to: if kind.to_owner() { envelope.owner_email.clone() } else { order.email.clone() },
        subject,
        text: write("txt").map_err(written)?,
        html: write("html").map_err(written)?,
    })
}

/// One part of a letter by the shop's own template, if it has one and that is right, else by the program's.
fn write(
    words: &Words,
    theme: &Theme,
    language: Language,
    own: &str,
    built_in: &str,
    context: &Value,
) -> Result<String, Error> {
    if theme.has_any("letters") {
        match write_own(words, theme, language, own, context) {
            Ok(part) => return Ok(part),
            Err(error) => tracing::error!(own, error = format!("{error:#}"), "an own template is broken"),
        }
    }
    environment(words, language, |name| Ok(theme::built_in(name))).get_template(built_in)?.render(context)
}

/// `letters/order_shipped.html` is for one letter, `letters/letter.html` for all.
fn write_own(words: &Words, theme: &Theme, language: Language, name: &str, context: &Value) -> Result<String, Error> {
    let source = theme.clone();
    environment(words, language, move |name| source.source(name)).get_template(name)?.render(context)
}

/// Writes every letter by the shop's own templates, strictly; what does not succeed, a line each.
pub fn check(words: &Words, theme: &Theme) -> Vec<String> {
    let mut told = BTreeSet::new();
    for language in Language::ALL.into_iter().filter(|_| theme.has_any("letters")) {
        for sample in sample::letters(language) {
            let envelope = sample::envelope(language);
            let context = context(words, language, (sample.kind, &sample.about), &sample.order, &envelope, "");
            for ending in ["txt", "html"] {
                let alone = format!("letters/{}.{ending}", sample.kind.as_str());
                let name = if theme.has(&alone) { alone } else { format!("letters/letter.{ending}") };
                if let Err(error) = write_own(words, theme, language, &name, &context) {
                    told.insert(format!("theme: the letter {} cannot be written: {error:#}", sample.name));
                }
            }
        }
    }
    told.into_iter().collect()
}

/// The words of a letter stand under its name.
fn key(kind: effects::Letter, part: &str) -> String {
    let name = match kind {
        effects::Letter::OrderConfirmed => "confirmed",
        effects::Letter::LateRefund => "refund",
        other => &other.as_str().replace('_', "-"),
    };
    format!("letter-{name}-{part}")
}

fn context(
    words: &Words,
    language: Language,
    (kind, about): (effects::Letter, &str),
    order: &OrderView,
    envelope: &Envelope,
    subject: &str,
) -> Value {
    let parcel = order.shipments.iter().find(|parcel| parcel.id.to_string() == about);
    let parcel = parcel.filter(|_| kind == effects::Letter::OrderShipped);
    let notice = notice::of(words, language, kind, about, order);
    let goods = match parcel {
        Some(parcel) => parcel_goods(order, parcel),
        None => all_goods(language, order),
    };
    // What a parcel holds was paid for long ago, and its letter speaks of the goods alone.
    let rows = if parcel.is_some() { Vec::new() } else { rows(words, language, order, &notice) };
    let address = if is_sent_there(kind) { address_lines(language, &order.shipping_address) } else { Vec::new() };
    context! {
        lang => language.tag(),
        subject,
        shop_name => envelope.shop_name.as_str(),
        sandbox => envelope.sandbox,
        to_owner => kind.to_owner(),
        order_url => order_url(kind, language, order, envelope),
        number => order.number.to_string(),
        heading => notice.heading,
        paragraphs => notice.paragraphs,
        carrier => parcel.map_or("", |parcel| parcel.carrier.as_str()),
        tracking => parcel.map_or("", |parcel| parcel.tracking.as_str()),
        tracking_url => parcel.and_then(|parcel| tracking_url(&parcel.carrier, &parcel.tracking)).unwrap_or_default(),
        goods,
        rows,
        address,
    }
}

/// Letters that promise goods or speak of them on their way say where to.
fn is_sent_there(kind: effects::Letter) -> bool {
    use effects::Letter;
    matches!(kind, Letter::OrderConfirmed | Letter::PaymentProcessing | Letter::OrderShipped | Letter::OwnerNewOrder)
}

fn all_goods(language: Language, order: &OrderView) -> Vec<Value> {
    let money = |minor: i64| format_money(language, Money::new(minor, order.currency));
    let good = |line: &OrderLineView| {
        context! {
            title => full_title(line), quantity => line.quantity, unit_price => money(line.unit_price),
            // Before the discount, which has its own row below.
            total => money(line.subtotal()),
        }
    };
    order.lines.iter().map(good).collect()
}

fn parcel_goods(order: &OrderView, parcel: &Shipment) -> Vec<Value> {
    let good = |part: &rules::shipments::Units| {
        let line = order.lines.get(usize::try_from(part.line_no - 1).ok()?)?;
        Some(context! { title => full_title(line), quantity => part.units, unit_price => "", total => "" })
    };
    parcel.lines.iter().filter_map(good).collect()
}

fn full_title(line: &OrderLineView) -> String {
    if line.variant_title.is_empty() { line.title.clone() } else { format!("{} · {}", line.title, line.variant_title) }
}

/// What stands below the goods: the stored numbers, never computed again (M1), and last what the letter is about.
fn rows(words: &Words, language: Language, order: &OrderView, notice: &Notice) -> Vec<Value> {
    let totals = totals(order);
    let row = |label: &str, amount: &str, last| context! { label, amount, last };
    let plain = |sum: &TotalRow| row(&sum.label, &sum.amount, false);
    // A refund below the order's parts would read as their sum.
    let total = notice.is_of_a_part.then(|| {
        let amount = format_money(language, Money::new(order.total, order.currency));
        row(&words.say(language, "letter-total", &[]), &amount, false)
    });
    let mut rows: Vec<Value> = totals.parts(words, language).iter().map(plain).collect();
    rows.extend(total);
    rows.push(row(&notice.total_label, &notice.amount, true));
    rows.extend(totals.included(words, language).iter().map(plain));
    rows
}

/// The stored numbers of an order, as letters and pages have them (M1).
pub fn totals(order: &OrderView) -> Totals<'_> {
    Totals {
        currency: order.currency,
        subtotal: order.subtotal,
        discount: order.discount,
        code: order.coupon.as_deref().unwrap_or_default(),
        shipping: order.delivery.as_ref().map(|delivery| (delivery.title.as_str(), order.shipping)),
        taxation: order.taxation,
        tax_lines: &order.tax_lines,
        total: order.total,
    }
}

/// Templates end in `.html` or `.txt`: what is put into the first kind is escaped. Unknown variables are errors.
fn environment(
    words: &Words,
    language: Language,
    load: impl Fn(&str) -> Result<Option<String>, Error> + Send + Sync + 'static,
) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let lines = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(lines.expect("the usual marks"));
    environment.set_loader(load);
    let words = words.clone();
    environment.add_function("say", move |key: String, values: Kwargs| -> Result<String, Error> {
        let mut given = Vec::new();
        for name in values.args() {
            given.push((name, Argument::from(values.get::<String>(name)?)));
        }
        Ok(words.say(language, &key, &given))
    });
    environment
}

fn order_url(kind: effects::Letter, language: Language, order: &OrderView, envelope: &Envelope) -> String {
    if kind.to_owner() {
        format!("{}{}/admin/orders/{}", envelope.admin_url, language.prefix(), order.id)
    } else {
        envelope.order_url.clone()
    }
}

/// The right side of the Message-ID.
fn host(base_url: &str) -> &str {
    let rest = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let named = authority.rsplit_once(':').map_or(authority, |(name, _)| name);
    if named.is_empty() || named.starts_with('[') { "localhost" } else { named }
}

/// A subject is one line, whatever the shop is called.
fn one_line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests;
