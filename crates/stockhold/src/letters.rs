//! Letters to buyers, rendered in the order's language: HTML for people, and a text part written by hand.
//!
//! Invariant: every amount is the stored order's, written as on its page (M1); a repeat of a letter has the same
//! Message-ID (E2); whatever a title contains stays text.

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, UndefinedBehavior, context};
use rules::effects;
use rules::money::Money;
use rules::orders::Status;
use rules::payments::Purpose;
use rules::refunds::RefundKind;

use crate::language::{Argument, Language, Words, format_money, format_time};
use crate::mail::Letter;
use crate::storage::orders::OrderView;

#[derive(rust_embed::RustEmbed)]
#[folder = "templates/letters/"]
struct Templates;

/// What stands around every letter of this shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// In the order's language.
    pub shop_name: String,
    /// The order's own link, with its token.
    pub order_url: String,
    pub base_url: String,
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
    kind: effects::Letter,
    about: &str,
    order: &OrderView,
    envelope: &Envelope,
) -> Result<Letter, LetterError> {
    let language = if kind.to_owner() { envelope.owner_language } else { Language::of_tag(&order.language) };
    let named = [("number", Argument::from(order.number.to_string())), ("shop", envelope.shop_name.as_str().into())];
    let subject = one_line(&words.say(language, &key(kind, "subject"), &named));
    let environment = environment(words, language);
    let context = context(words, language, (kind, about), order, envelope, &subject);
    let template = match kind {
        effects::Letter::OrderConfirmed | effects::Letter::LateRefund => kind.as_str(),
        _ => "notice",
    };
    let write = |ending: &str| {
        let name = format!("{template}.{ending}");
        environment.get_template(&name).and_then(|template| template.render(&context))
    };
    let written = |error| LetterError { kind: kind.as_str(), error };
    let of = if about.is_empty() { order.id.to_string() } else { about.to_owned() };
    Ok(Letter {
        message_id: format!("{of}.{}@{}", kind.as_str(), host(&envelope.base_url)),
        to: if kind.to_owner() { envelope.owner_email.clone() } else { order.email.clone() },
        subject,
        text: write("txt").map_err(written)?,
        html: write("html").map_err(written)?,
    })
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
    let money = |minor: i64| format_money(language, Money::new(minor, order.currency));
    let line = |line: &crate::storage::orders::OrderLineView| {
        context! {
            title => line.title.as_str(), variant_title => line.variant_title.as_str(), quantity => line.quantity,
            unit_price => money(line.unit_price), total => money(line.total),
        }
    };
    let parts = [
        ("letter-subtotal", order.subtotal),
        ("letter-discount", -order.discount),
        ("letter-shipping", order.shipping),
        ("letter-tax", order.tax),
    ];
    // A subtotal alone would only repeat the total.
    let is_plain = order.subtotal == order.total;
    let sums = parts.iter().filter(|(_, minor)| *minor != 0 && !is_plain);
    let sums = sums.map(|(key, minor)| context! { label => words.say(language, key, &[]), amount => money(*minor) });
    // What goes back is what was paid late, should it ever differ from what the order asked for.
    let late = order.refunds.iter().filter(|refund| refund.kind == RefundKind::Late);
    let refunded = late.map(|refund| refund.amount.minor).max().unwrap_or(order.total);
    let cancelled = order.status == Status::Cancelled || order.cancelled_at.is_some();
    // The reader's zone is not known, so the zone is said.
    let paid_at = order.paid_at.unwrap_or(order.reserved_at);
    let notice = notice(words, language, kind, about, order);
    context! {
        lang => language.tag(),
        subject,
        shop_name => envelope.shop_name.as_str(),
        sandbox => envelope.sandbox,
        to_owner => kind.to_owner(),
        order_url => envelope.order_url.as_str(),
        number => order.number.to_string(),
        paid_at => format!("{} UTC", format_time(language, paid_at, "UTC")),
        lines => order.lines.iter().map(line).collect::<Vec<_>>(),
        sums => sums.collect::<Vec<_>>(),
        total => money(order.total),
        refunded => money(refunded),
        cancelled,
        heading => notice.heading,
        paragraphs => notice.paragraphs,
        amount => notice.amount,
        total_label => notice.total_label,
    }
}

/// What the letters that say one thing say.
struct Notice {
    heading: String,
    paragraphs: Vec<String>,
    amount: String,
    total_label: String,
}

fn notice(words: &Words, language: Language, kind: effects::Letter, about: &str, order: &OrderView) -> Notice {
    use effects::Letter;
    let going_back = Money::new(order.going_back(), order.currency);
    let refund = order.refunds.iter().find(|refund| refund.id.to_string() == about);
    let dispute = order.disputes.iter().find(|dispute| dispute.id == about);
    let odd = order.payments.iter().find(|payment| payment.purpose == Purpose::Mismatch);
    let (amount, why, due) = match (kind, refund, dispute) {
        (Letter::OwnerDispute, _, Some(dispute)) => (dispute.amount, dispute.reason.clone(), dispute.due_by),
        (Letter::OwnerPaymentDiffers, _, _) => (odd.map_or(going_back, |odd| odd.amount), String::new(), None),
        (_, Some(refund), _) => (refund.amount, refund.failure.clone(), None),
        _ => (going_back, String::new(), None),
    };
    let due = due.map(|due| format!("{} UTC", format_time(language, due, "UTC"))).unwrap_or_default();
    let total = format_money(language, Money::new(order.total, order.currency));
    let named = [
        ("amount", Argument::from(format_money(language, amount))),
        ("total", total.into()),
        ("number", order.number.to_string().into()),
        ("why", why.into()),
        ("due", due.clone().into()),
    ];
    let say = |part: &str| words.say(language, &key(kind, part), &named);
    // Which of a letter's sentences are true of this order.
    let parts: &[&str] = match kind {
        Letter::OrderConfirmed | Letter::LateRefund => &[],
        Letter::OrderCancelled if going_back.minor > 0 => &["text", "money"],
        Letter::OrderCancelled if order.captured() == 0 => &["text", "nothing"],
        Letter::OrderCancelled => &["text"],
        Letter::RefundSent if order.going_back() < order.captured() => &["part", "text"],
        Letter::RefundSent => &["whole", "text"],
        Letter::OwnerDispute if due.is_empty() => &["text"],
        Letter::OwnerDispute => &["text", "due"],
        Letter::OwnerLatePayment
        | Letter::OwnerPaymentDiffers
        | Letter::OwnerRefundFailed
        | Letter::OwnerRefundUnassigned => &["text"],
    };
    let is_refund = matches!(kind, Letter::RefundSent | Letter::OrderCancelled);
    let label = if is_refund { "letter-total-refunded" } else { "letter-total-concerned" };
    Notice {
        heading: if parts.is_empty() { String::new() } else { say("heading") },
        paragraphs: parts.iter().map(|part| say(part)).collect(),
        amount: format_money(language, amount),
        total_label: words.say(language, label, &[]),
    }
}

/// Templates end in `.html` or `.txt`: what is put into the first kind is escaped. Unknown variables are errors.
fn environment(words: &Words, language: Language) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
        .set_loader(|name| Ok(Templates::get(name).map(|file| String::from_utf8_lossy(&file.data).into_owned())));
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
mod tests {
    use rules::ids::OrderId;
    use rules::money::Currency;
    use rules::orders::{Fulfilment, Hold, Session};
    use rules::time::Timestamp;

    use super::*;
    use crate::storage::orders::OrderLineView;

    fn order(language: &str, title: &str) -> OrderView {
        let at = Timestamp::from_seconds(1_795_320_300);
        let line = OrderLineView {
            sku: "HK-CUP-120-CEL".to_owned(),
            title: title.to_owned(),
            variant_title: "Celadon".to_owned(),
            quantity: 2,
            unit_price: 3200,
            total: 6400,
            shipped: 0,
            cancelled: 0,
            restocked: 0,
        };
        OrderView {
            id: OrderId::from_u128(7),
            number: 1042,
            status: Status::Paid,
            hold: Hold::Sold,
            email: "lin@example.com".to_owned(),
            buyer: "lin@example.com".to_owned(),
            cart_id: String::new(),
            language: language.to_owned(),
            shipping_address: String::new(),
            currency: Currency::parse("USD").expect("a currency"),
            subtotal: 6400,
            discount: 400,
            shipping: 600,
            tax: 0,
            total: 6600,
            reserved_at: at,
            hold_due_at: at,
            session_state: Session::Complete,
            session_id: None,
            session_url: None,
            session_expires_at: None,
            payment_intent: None,
            paid_at: Some(at),
            cancelled_at: None,
            cancel_reason: String::new(),
            fulfilment: Fulfilment::Unfulfilled,
            unreachable: String::new(),
            lines: vec![line],
            events: Vec::new(),
            payments: Vec::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
            shipments: Vec::new(),
        }
    }

    fn envelope() -> Envelope {
        Envelope {
            shop_name: "Harbour Kiln".to_owned(),
            order_url: "https://shop.example/orders/ord_7?token=t".to_owned(),
            base_url: "https://shop.example:8443".to_owned(),
            sandbox: false,
            owner_email: "owner@shop.example".to_owned(),
            owner_language: Language::En,
        }
    }

    const KINDS: [effects::Letter; 2] = [effects::Letter::OrderConfirmed, effects::Letter::LateRefund];

    #[test]
    fn every_letter_is_written_in_both_languages() {
        let words = Words::built_in();
        for kind in KINDS {
            for language in Language::ALL {
                for sandbox in [false, true] {
                    let envelope = Envelope { sandbox, ..envelope() };
                    let letter =
                        render(&words, kind, "", &order(language.tag(), "Tea cup"), &envelope).expect("a letter");
                    let money = |minor| format_money(language, Money::new(minor, order("en", "").currency));
                    for part in [&letter.text, &letter.html] {
                        for amount in [6400, -400, 600, 6600] {
                            assert!(part.contains(&money(amount)), "{amount} in {part}");
                        }
                        assert!(part.contains("1042") && part.contains("Tea cup"), "{part}");
                        assert_eq!(part.contains(&words.say(language, "letter-sandbox", &[])), sandbox);
                    }
                    assert!(letter.text.contains("https://shop.example/orders/ord_7?token=t"));
                    assert!(letter.html.contains(&format!("<html lang=\"{}\">", language.tag())));
                    assert!(letter.subject.contains("1042") && letter.subject.contains("Harbour Kiln"));
                }
            }
        }
    }

    #[test]
    fn a_cancelled_order_is_not_told_that_the_goods_were_gone() {
        let words = Words::built_in();
        let cancelled = OrderView { status: Status::Cancelled, ..order("zh-CN", "茶杯") };
        let letter = render(&words, effects::Letter::LateRefund, "", &cancelled, &envelope()).expect("a letter");
        for part in [&letter.text, &letter.html] {
            assert!(part.contains("该订单已取消") && !part.contains("售罄"), "{part}");
        }
    }

    #[test]
    fn a_title_stays_text() {
        let words = Words::built_in();
        let named = order("en", "<img src=x onerror=alert(1)> & co");
        let letter = render(&words, effects::Letter::OrderConfirmed, "", &named, &envelope()).expect("a letter");
        assert!(!letter.html.contains("<img"), "{}", letter.html);
        assert!(letter.html.contains("&lt;img"), "{}", letter.html);
        assert!(letter.text.contains("<img src=x"), "{}", letter.text);
    }

    #[test]
    fn the_same_letter_has_the_same_message_id() {
        let words = Words::built_in();
        let write = |kind| render(&words, kind, "", &order("en", "Tea cup"), &envelope()).expect("a letter").message_id;
        assert_eq!(write(KINDS[0]), "ord_00000000000000000000000000000007.order_confirmed@shop.example");
        assert_eq!(write(KINDS[0]), write(KINDS[0]));
        assert_ne!(write(KINDS[0]), write(KINDS[1]));
    }

    #[test]
    fn an_order_without_extras_shows_its_total_once() {
        let words = Words::built_in();
        let plain = OrderView { discount: 0, shipping: 0, total: 6400, ..order("en", "Tea cup") };
        let letter = render(&words, effects::Letter::OrderConfirmed, "", &plain, &envelope()).expect("a letter");
        assert!(!letter.text.contains("Subtotal"), "{}", letter.text);
    }

    #[test]
    fn a_shop_name_cannot_break_the_subject() {
        let words = Words::built_in();
        let envelope = Envelope { shop_name: "Kiln\r\nBcc: eve@example.com".to_owned(), ..envelope() };
        let letter = render(&words, KINDS[0], "", &order("en", "Tea cup"), &envelope).expect("a letter");
        assert!(!letter.subject.contains(['\r', '\n']), "{:?}", letter.subject);
    }
}
