use std::collections::BTreeSet;

use rules::disputes::{Dispute, DisputeState};
use rules::ids::{RefundId, ShipmentId};
use rules::payments::{Payment, Purpose};
use rules::refunds::{Refund, RefundKind, RefundState};

use super::*;

fn theme() -> Theme {
    Theme::of(std::path::Path::new("/nowhere"))
}

/// A paid order of one line.
fn order(language: &str, title: &str) -> OrderView {
    let sample = sample::order(Language::of_tag(language));
    let line = OrderLineView { title: title.to_owned(), discount: 400, total: 6000, ..sample.lines[0].clone() };
    OrderView {
        coupon: None,
        subtotal: 6400,
        discount: 400,
        shipping: 600,
        total: 6600,
        lines: vec![line],
        payments: Vec::new(),
        ..sample
    }
}

fn envelope() -> Envelope {
    let sample = sample::envelope(Language::En);
    Envelope { base_url: "https://shop.example:8443".to_owned(), ..sample }
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
        Letter::OrderShipped => ShipmentId::from_u128(1).to_string(),
        Letter::OrderConfirmed
        | Letter::PaymentProcessing
        | Letter::PaymentFailed
        | Letter::OrderLink
        | Letter::LateRefund
        | Letter::OrderCancelled
        | Letter::OwnerNewOrder
        | Letter::OwnerLatePayment
        | Letter::OwnerPaymentDiffers => String::new(),
    }
}

#[test]
fn every_letter_is_written_in_both_languages() {
    let words = Words::built_in();
    let mut kinds = BTreeSet::new();
    for language in Language::ALL {
        for (sample, sandbox) in sample::letters(language).iter().flat_map(|sample| [(sample, false), (sample, true)]) {
            let envelope = Envelope { sandbox, ..sample::envelope(language) };
            let letter =
                render(&words, &theme(), sample.kind, &sample.about, &sample.order, &envelope).expect("a letter");
            kinds.insert(sample.kind);
            for part in [&letter.subject, &letter.text, &letter.html] {
                assert!(part.contains("1042"), "{}: {part}", sample.name);
                assert!(!part.contains("letter-"), "a word is missing in {part}");
            }
            for part in [&letter.text, &letter.html] {
                assert!(part.contains(&sample.order.lines[0].title), "{}: {part}", sample.name);
                assert_eq!(part.contains(&words.say(language, "letter-sandbox", &[])), sandbox);
            }
            assert!(!letter.text.contains("\n\n\n") && !letter.text.starts_with('\n'), "{}", letter.text);
            // The buyer's link has a token, which is nobody else's.
            let desk = format!("https://shop.example{}/admin/orders/{}", language.prefix(), sample.order.id);
            let to_desk = letter.text.contains(&desk);
            assert_eq!((to_desk, letter.text.contains("?token=")), (sample.kind.to_owner(), !sample.kind.to_owner()));
            assert!(letter.subject.contains(&envelope.shop_name));
            assert!(letter.html.contains(&format!("<html lang=\"{}\">", language.tag())));
            let to = if sample.kind.to_owner() { "owner@shop.example" } else { "lin@example.com" };
            assert_eq!(letter.to, to, "{}", sample.name);
        }
    }
    assert_eq!(kinds.len(), effects::Letter::ALL.len(), "a letter has no sample");
}

/// M1: every letter that names a sum names the stored ones, all of them.
#[test]
fn the_sums_of_a_letter_are_the_orders() {
    let words = Words::built_in();
    for language in Language::ALL {
        for sample in sample::letters(language).iter().filter(|sample| sample.kind != effects::Letter::OrderShipped) {
            let letter =
                render(&words, &theme(), sample.kind, &sample.about, &sample.order, &sample::envelope(language));
            let letter = letter.expect("a letter");
            let order = &sample.order;
            // What is nothing has no row.
            let sums = [order.subtotal, -order.discount, order.shipping, order.lines[0].unit_price * 2];
            for minor in sums.into_iter().filter(|minor| *minor != 0) {
                let amount = format_money(language, Money::new(minor, order.currency));
                assert!(letter.text.contains(&amount), "{}: {amount} in {}", sample.name, letter.text);
                assert!(letter.html.contains(&amount), "{}: {amount} in {}", sample.name, letter.html);
            }
        }
    }
}

#[test]
fn a_parcels_letter_names_what_is_in_it_and_where_it_goes() {
    let words = Words::built_in();
    let samples = sample::letters(Language::En);
    let write = |name: &str| {
        let sample = samples.iter().find(|sample| sample.name == name).expect("a sample");
        render(&words, &theme(), sample.kind, &sample.about, &sample.order, &envelope()).expect("a letter").text
    };
    let (whole, part) = (write("order_shipped"), write("order_shipped-part"));
    assert!(whole.contains("2 × Tea cup") && !whole.contains("The rest follows"), "{whole}");
    assert!(part.contains("1 × Tea cup") && part.contains("The rest follows"), "{part}");
    for text in [&whole, &part] {
        for word in ["Royal Mail", "RR123456785GB", "Lin Wei", "1 Kiln Lane", "SW1A 1AA London"] {
            assert!(text.contains(word), "{word} in {text}");
        }
        assert!(!text.contains('$'), "nobody pays for a parcel again: {text}");
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
                let letter = render(&words, &theme(), kind, &about(kind), &order, &envelope).expect("a letter");
                let claimed = claims.iter().any(|claim| letter.text.contains(claim) || letter.subject.contains(claim));
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
        let letter =
            render(&words, &theme(), effects::Letter::OrderCancelled, "", &order, &envelope()).expect("a letter");
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
    let letter = render(&words, &theme(), effects::Letter::OrderCancelled, "", &sent, &envelope()).expect("a letter");
    assert!(letter.text.contains("The rest of your order is cancelled"), "{}", letter.text);
}

#[test]
fn a_warning_is_not_called_a_dispute() {
    let words = Words::built_in();
    let write = |state| {
        let order = after_sale("en", RefundState::Failed, state);
        render(&words, &theme(), effects::Letter::OwnerDispute, "du_1", &order, &envelope()).expect("a letter")
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
    let letter = render(&words, &theme(), effects::Letter::LateRefund, "", &cancelled, &envelope()).expect("a letter");
    for part in [&letter.text, &letter.html] {
        assert!(part.contains("该订单已取消") && !part.contains("售罄"), "{part}");
    }
}

#[test]
fn a_title_stays_text() {
    let words = Words::built_in();
    let named = order("en", "<img src=x onerror=alert(1)> & co");
    let letter = render(&words, &theme(), effects::Letter::OrderConfirmed, "", &named, &envelope()).expect("a letter");
    assert!(!letter.html.contains("<img"), "{}", letter.html);
    assert!(letter.html.contains("&lt;img"), "{}", letter.html);
    assert!(letter.text.contains("<img src=x"), "{}", letter.text);
}

#[test]
fn the_same_letter_has_the_same_message_id() {
    let words = Words::built_in();
    let write =
        |kind| render(&words, &theme(), kind, "", &order("en", "Tea cup"), &envelope()).expect("a letter").message_id;
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
    let letter = render(&words, &theme(), effects::Letter::OrderConfirmed, "", &plain, &envelope()).expect("a letter");
    assert!(!letter.text.contains("Subtotal"), "{}", letter.text);
}

#[test]
fn a_shop_name_cannot_break_the_subject() {
    let words = Words::built_in();
    let envelope = Envelope { shop_name: "Kiln\r\nBcc: eve@example.com".to_owned(), ..envelope() };
    let letter = render(&words, &theme(), effects::Letter::OrderConfirmed, "", &order("en", "Tea cup"), &envelope)
        .expect("a letter");
    assert!(!letter.subject.contains(['\r', '\n']), "{:?}", letter.subject);
}

#[test]
fn a_letter_by_a_broken_own_template_is_written_by_the_built_in_one() {
    let words = Words::built_in();
    let folder = tempfile::tempdir().expect("a folder");
    let own = folder.path().join("theme/letters");
    std::fs::create_dir_all(&own).expect("a folder");
    let theme = Theme::of(folder.path());
    let write = || {
        render(&words, &theme, effects::Letter::OrderConfirmed, "", &order("en", "Tea cup"), &envelope())
            .expect("a letter")
    };
    std::fs::write(own.join("order_confirmed.txt"), "Dear {{ shop_name }}: {{ heading }}").expect("a file");
    assert_eq!(write().text, "Dear Harbour Kiln: Thank you. It’s yours.");
    assert!(check(&words, &theme).is_empty());
    std::fs::write(own.join("order_confirmed.txt"), "Dear\n{{ nobody_knows }}").expect("a file");
    assert!(write().text.contains("We received"), "{}", write().text);
    let told = check(&words, &theme);
    assert!(told.iter().any(|line| line.contains("letters/order_confirmed.txt:2")), "{told:?}");
}
