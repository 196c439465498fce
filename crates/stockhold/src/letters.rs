//! Letters to buyers and to the owner, rendered in the order's language: HTML for people, and a text part written by hand.
//!
//! Invariant: every amount is the stored order's, written as on its page (M1); a repeat of a letter has the same
//! Message-ID (E2); whatever a title contains stays text. What a letter says is true when it is sent, not when it
//! was queued: money that did not go through is never written of as on its way (R1).

pub mod back_in_stock;
mod notice;

use minijinja::value::{Kwargs, Value};
use minijinja::{Environment, Error, UndefinedBehavior, context};
use rules::effects;
use rules::money::Money;

use crate::language::{Argument, Language, Totals, Words, format_money, format_time};
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
    let subject = one_line(&words.say(language, &key(kind, notice::subject(kind, about, order)), &named));
    let environment = environment(words, language);
    let context = context(words, language, (kind, about), order, envelope, &subject);
    let template = if kind == effects::Letter::OrderConfirmed { kind.as_str() } else { "notice" };
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
            unit_price => money(line.unit_price), total => money(line.subtotal()),
        }
    };
    let totals = totals(order);
    let sums = totals.parts(words, language).into_iter().chain(totals.included(words, language));
    let sums = sums.map(|sum| context! { label => sum.label, amount => sum.amount });
    // The reader's zone is not known, so the zone is said.
    let paid_at = order.paid_at.unwrap_or(order.reserved_at);
    let notice = notice::of(words, language, kind, about, order);
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
        heading => notice.heading,
        paragraphs => notice.paragraphs,
        amount => notice.amount,
        total_label => notice.total_label,
    }
}

/// The stored numbers of an order.
fn totals(order: &OrderView) -> Totals<'_> {
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
    use rules::disputes::{Dispute, DisputeState};
    use rules::ids::{OrderId, RefundId};
    use rules::money::Currency;
    use rules::orders::{Fulfilment, Hold, OrderDelivery, Session, Status};
    use rules::payments::{Payment, Purpose};
    use rules::refunds::{Refund, RefundKind, RefundState};
    use rules::taxes::Taxation;
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
            discount: 400,
            tax: 0,
            total: 6000,
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
            destination: None,
            delivery: Some(OrderDelivery {
                zone: "home".to_owned(),
                method: "parcel".to_owned(),
                title: "Parcel".to_owned(),
                days: None,
            }),
            coupon: None,
            coupon_counts: false,
            currency: Currency::parse("USD").expect("a currency"),
            subtotal: 6400,
            discount: 400,
            shipping: 600,
            shipping_tax: 0,
            taxation: Taxation::None,
            tax: 0,
            tax_lines: Vec::new(),
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

    /// The order with a payment and one thing that each letter may be about.
    fn after_sale(language: &str, refund: RefundState, dispute: DisputeState) -> OrderView {
        let order = order(language, "Tea cup");
        let (id, at, amount) = (order.id, order.reserved_at, Money::new(6600, order.currency));
        let payment = |intent: &str, purpose| Payment {
            intent_id: intent.to_owned(),
            order: id,
            session_id: String::new(),
            amount,
            purpose,
            refunded_minor: if refund.is_alive() { 6600 } else { 0 },
            disputed_minor: 0,
            at,
        };
        let asked = |number, kind| Refund {
            state: refund,
            stripe_id: Some("re_1".to_owned()),
            failure: if refund.is_alive() { String::new() } else { "declined".to_owned() },
            ..Refund::asked(RefundId::from_u128(number), id, "pi_1", amount, kind, at)
        };
        let dispute = Dispute {
            id: "du_1".to_owned(),
            order: id,
            intent_id: "pi_1".to_owned(),
            amount: Money::new(6500, order.currency),
            reason: "fraudulent".to_owned(),
            state: dispute,
            due_by: Some(at),
            withdrawn_minor: 0,
            at,
        };
        OrderView {
            payments: vec![payment("pi_1", Purpose::Order), payment("pi_2", Purpose::Mismatch)],
            refunds: vec![asked(1, RefundKind::Cancelled), asked(2, RefundKind::Late)],
            disputes: vec![dispute],
            ..order
        }
    }

    /// What a letter of this kind is about.
    fn about(kind: effects::Letter) -> String {
        use effects::Letter;
        match kind {
            Letter::RefundSent | Letter::OwnerRefundFailed | Letter::OwnerRefundUnassigned => {
                RefundId::from_u128(1).to_string()
            }
            Letter::OwnerDispute => "du_1".to_owned(),
            Letter::OrderConfirmed
            | Letter::LateRefund
            | Letter::OrderCancelled
            | Letter::OwnerLatePayment
            | Letter::OwnerPaymentDiffers => String::new(),
        }
    }

    #[test]
    fn every_letter_is_written_in_both_languages() {
        let words = Words::built_in();
        for (kind, language) in effects::Letter::ALL.iter().flat_map(|kind| Language::ALL.map(|lang| (*kind, lang))) {
            for (refund, dispute) in RefundState::ALL.iter().flat_map(|r| DisputeState::ALL.iter().map(|d| (*r, *d))) {
                for sandbox in [false, true] {
                    let envelope = Envelope { sandbox, owner_language: language, ..envelope() };
                    let order = after_sale(language.tag(), refund, dispute);
                    let letter = render(&words, kind, &about(kind), &order, &envelope).expect("a letter");
                    let money = |minor| format_money(language, Money::new(minor, order.currency));
                    let amounts = if kind == effects::Letter::OwnerDispute {
                        [6400, -400, 600, 6500]
                    } else {
                        [6400, -400, 600, 6600]
                    };
                    for part in [&letter.text, &letter.html] {
                        for amount in amounts {
                            assert!(part.contains(&money(amount)), "{amount} in {part}");
                        }
                        assert!(part.contains("1042") && part.contains("Tea cup"), "{part}");
                        assert!(!part.contains("letter-"), "a word is missing in {part}");
                        assert_eq!(part.contains(&words.say(language, "letter-sandbox", &[])), sandbox);
                    }
                    assert!(letter.text.contains("https://shop.example/orders/ord_7?token=t"));
                    assert!(letter.html.contains(&format!("<html lang=\"{}\">", language.tag())));
                    assert!(letter.subject.contains("1042") && letter.subject.contains("Harbour Kiln"));
                    let to = if kind.to_owner() { "owner@shop.example" } else { "lin@example.com" };
                    assert_eq!(letter.to, to, "{kind:?}");
                }
            }
        }
    }

    #[test]
    fn no_letter_says_that_money_is_on_its_way_which_is_not() {
        use effects::Letter;
        let words = Words::built_in();
        let claims =
            ["We refund", "on its way back", "goes back", "have sent back", "正在为您", "将原路退回", "正在自动退回"];
        for kind in [Letter::LateRefund, Letter::OrderCancelled, Letter::OwnerLatePayment, Letter::OwnerRefundFailed] {
            for state in RefundState::ALL {
                for language in Language::ALL {
                    let order = after_sale(language.tag(), *state, DisputeState::Closed);
                    let envelope = Envelope { owner_language: language, ..envelope() };
                    let letter = render(&words, kind, &about(kind), &order, &envelope).expect("a letter");
                    let claimed =
                        claims.iter().any(|claim| letter.text.contains(claim) || letter.subject.contains(claim));
                    let goes_back = state.is_alive() && kind != Letter::OwnerRefundFailed;
                    assert_eq!(claimed, goes_back, "{kind:?} {state:?}: {}\n{}", letter.subject, letter.text);
                    assert!(!letter.text.contains(&words.say(language, "letter-order-cancelled-nothing", &[])));
                }
            }
        }
    }

    #[test]
    fn a_cancelled_order_that_was_never_charged_is_told_so() {
        let words = Words::built_in();
        for (language, nothing) in [("en", "Nothing was charged."), ("zh-CN", "未产生任何扣款。")] {
            let order = order(language, "Tea cup");
            let letter = render(&words, effects::Letter::OrderCancelled, "", &order, &envelope()).expect("a letter");
            assert!(letter.text.contains(nothing), "{}", letter.text);
            let zero = format_money(Language::of_tag(language), Money::new(0, order.currency));
            assert!(!letter.text.contains(&zero), "{}", letter.text);
        }
    }

    #[test]
    fn what_was_sent_is_not_called_cancelled() {
        let words = Words::built_in();
        let mut sent = after_sale("en", RefundState::Pending, DisputeState::Closed);
        (sent.lines[0].shipped, sent.lines[0].cancelled) = (1, 1);
        let letter = render(&words, effects::Letter::OrderCancelled, "", &sent, &envelope()).expect("a letter");
        assert!(letter.text.contains("The rest of your order is cancelled"), "{}", letter.text);
    }

    #[test]
    fn a_warning_is_not_called_a_dispute() {
        let words = Words::built_in();
        let write = |state| {
            let order = after_sale("en", RefundState::Failed, state);
            render(&words, effects::Letter::OwnerDispute, "du_1", &order, &envelope()).expect("a letter")
        };
        let warning = write(DisputeState::Warning);
        assert!(warning.subject.contains("fraud") && warning.text.contains("No money has moved"), "{}", warning.text);
        assert!(write(DisputeState::Inquiry).text.contains("No money has moved"));
        assert!(write(DisputeState::Open).text.contains("Evidence is taken until"));
        for over in [DisputeState::Won, DisputeState::Lost, DisputeState::Closed] {
            assert!(!write(over).text.contains("Evidence"), "{over:?}");
        }
    }

    #[test]
    fn a_cancelled_order_is_not_told_that_the_goods_were_gone() {
        let words = Words::built_in();
        let late = after_sale("zh-CN", RefundState::Pending, DisputeState::Closed);
        let cancelled = OrderView { cancelled_at: Some(late.reserved_at), ..late };
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
        assert_eq!(
            write(effects::Letter::OrderConfirmed),
            "ord_00000000000000000000000000000007.order_confirmed@shop.example"
        );
        assert_eq!(write(effects::Letter::OrderConfirmed), write(effects::Letter::OrderConfirmed));
        assert_ne!(write(effects::Letter::OrderConfirmed), write(effects::Letter::LateRefund));
    }

    #[test]
    fn an_order_without_extras_shows_its_total_once() {
        let words = Words::built_in();
        let plain = OrderView { discount: 0, shipping: 0, delivery: None, total: 6400, ..order("en", "Tea cup") };
        let letter = render(&words, effects::Letter::OrderConfirmed, "", &plain, &envelope()).expect("a letter");
        assert!(!letter.text.contains("Subtotal"), "{}", letter.text);
    }

    #[test]
    fn a_shop_name_cannot_break_the_subject() {
        let words = Words::built_in();
        let envelope = Envelope { shop_name: "Kiln\r\nBcc: eve@example.com".to_owned(), ..envelope() };
        let letter =
            render(&words, effects::Letter::OrderConfirmed, "", &order("en", "Tea cup"), &envelope).expect("a letter");
        assert!(!letter.subject.contains(['\r', '\n']), "{:?}", letter.subject);
    }
}
