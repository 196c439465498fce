//! The law as tables: every state of an order beside everything that can be said of its money, or asked of it. No
//! cell is "ignored": where nothing changes, that is the right answer and stands here to be looked at.
//!
//! When a rule changes, its table does: the test prints the new one, to be read before it is kept.

use std::collections::BTreeMap;
use std::fmt::Write;

use rules::books::{Books, Good, Policy};
use rules::cart::CartLine;
use rules::commands::cancel_order::CancelOrder;
use rules::commands::extend_hold::ExtendHold;
use rules::commands::place_order::PlaceOrder;
use rules::commands::record_checkout::{CheckoutAnswer, RecordCheckout};
use rules::commands::record_payment::RecordPayment;
use rules::commands::record_refund::RecordRefund;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::commands::ship_order::ShipOrder;
use rules::commands::{Command, Refusal, decide};
use rules::effects::Effect;
use rules::ids::{OrderId, RefundId, ShipmentId};
use rules::money::Currency;
use rules::payments::{MoneyState, SessionFact, SessionState};
use rules::refunds::RefundState;
use rules::stock::Level;
use rules::text::{Email, Sku};
use rules::time::{Span, Timestamp};

const NOON: Timestamp = Timestamp::from_seconds(1_795_600_800);
const ORDER: OrderId = OrderId::from_u128(1);
const OTHER: OrderId = OrderId::from_u128(2);
const PRICE_MINOR: i64 = 1000;

/// The states an order can be met in.
const STATES: [&str; 12] = [
    "opening",
    "pending",
    "processing",
    "cancelling",
    "paid",
    "paid, cancelled",
    "paid, shipped",
    "expired, stock there",
    "expired, stock gone",
    "cancelled",
    "refunded",
    "odd amount kept",
];

/// What Stripe can say of its money.
const FACTS: [&str; 12] = [
    "open",
    "finished, unpaid",
    "paid",
    "paid, other amount",
    "paid, other currency",
    "nothing to pay",
    "failed",
    "closed",
    "other session, open",
    "other session, unpaid",
    "other session, paid",
    "other session, closed",
];

fn currency(code: &str) -> Currency {
    Currency::parse(code).expect("a currency")
}

fn mug() -> Sku {
    Sku::parse("mug").expect("a SKU")
}

/// One mug on the shelf.
fn shelf() -> Books {
    let policy = Policy {
        currency: currency("USD"),
        hold: Span::minutes(30),
        holds_per_buyer_max: 9,
        holds_per_client_max: 9,
        charge_minor_min: 50,
        charge_minor_max: 99_999_999,
        prices: std::sync::Arc::new(rules::price_rules::PriceRules::none()),
    };
    let mut books = Books::empty(policy);
    let (titles, variant_titles) = (BTreeMap::new(), BTreeMap::new());
    let (product, collections) = ("mug".to_owned(), Vec::new());
    let (weight_grams, tax_class) = (None, rules::taxes::TaxClass::standard());
    let good = Good {
        price_minor: PRICE_MINOR,
        for_sale: true,
        weight_grams,
        tax_class,
        product,
        collections,
        titles,
        variant_titles,
    };
    books.goods.insert(mug(), good);
    books.levels.insert(mug(), Level { on_hand: 1, seq: 1, ..Level::EMPTY });
    books
}

fn run(books: &mut Books, command: Command) -> Result<(), Refusal> {
    decide(books, &command, NOON).map(drop)
}

fn place(books: &mut Books, id: OrderId) {
    let command = PlaceOrder {
        order_id: id,
        request_hash: String::new(),
        lines: vec![CartLine { sku: mug(), quantity: 1 }],
        email: Email::parse("ada@example.org").expect("an address"),
        formerly: String::new(),
        client: String::new(),
        cart_id: String::new(),
        language: "en".to_owned(),
        shipping_address: String::new(),
        destination: None,
        shipping_method: None,
        coupon: None,
        total_shown: None,
    };
    run(books, Command::PlaceOrder(command)).expect("it is in stock");
}

fn fact(name: &str) -> SessionFact {
    let (state, money) = match name {
        "open" | "other session, open" => (SessionState::Open, MoneyState::Unpaid),
        "finished, unpaid" | "other session, unpaid" => (SessionState::Complete, MoneyState::Unpaid),
        "nothing to pay" => (SessionState::Complete, MoneyState::NotRequired),
        "failed" => (SessionState::Complete, MoneyState::Failed),
        "closed" | "other session, closed" => (SessionState::Closed, MoneyState::Unpaid),
        _ => (SessionState::Complete, MoneyState::Paid),
    };
    let other = name.starts_with("other");
    let amount_minor = match name {
        "paid, other amount" => PRICE_MINOR - 1,
        "nothing to pay" => 0,
        _ => PRICE_MINOR,
    };
    SessionFact {
        session_id: if other { "cs_other" } else { "cs_own" }.to_owned(),
        state,
        money,
        intent: (state == SessionState::Complete && money != MoneyState::NotRequired)
            .then(|| if other { "pi_other" } else { "pi_own" }.to_owned()),
        amount_minor,
        currency: currency(if name == "paid, other currency" { "EUR" } else { "USD" }),
        livemode: false,
    }
}

fn tell(books: &mut Books, id: OrderId, name: &str, refund: u128) {
    let mut fact = fact(name);
    if id == OTHER {
        (fact.session_id, fact.intent) = ("cs_2".to_owned(), fact.intent.map(|_| "pi_2".to_owned()));
    }
    let command = RecordPayment { order_id: id, fact, refund_id: RefundId::from_u128(refund) };
    run(books, Command::RecordPayment(command)).expect("a fact is recorded");
}

fn cancel(books: &mut Books) -> Result<(), Refusal> {
    let refund_id = RefundId::from_u128(50);
    run(books, Command::CancelOrder(CancelOrder { order_id: ORDER, reason: String::new(), refund_id }))
}

fn ship(books: &mut Books) -> Result<(), Refusal> {
    run(
        books,
        Command::ShipOrder(ShipOrder {
            shipment_id: ShipmentId::from_u128(1),
            order_id: ORDER,
            lines: Vec::new(),
            carrier: String::new(),
            tracking: String::new(),
            notify: true,
            request_hash: String::new(),
        }),
    )
}

fn hold_longer(books: &mut Books) -> Result<(), Refusal> {
    run(books, Command::ExtendHold(ExtendHold { order_id: ORDER }))
}

fn refund_all(books: &mut Books) -> Result<(), Refusal> {
    run(
        books,
        Command::RefundOrder(RefundOrder {
            refund_id: RefundId::from_u128(60),
            order_id: ORDER,
            what: RefundWhat::Rest,
            restock: true,
            reason: String::new(),
            request_hash: String::new(),
        }),
    )
}

fn told_refund(books: &mut Books, id: RefundId, state: RefundState) {
    let refund = books.refunds[&id].clone();
    let command = RecordRefund {
        order_id: refund.order,
        refund_id: id,
        stripe_id: Some("re_1".to_owned()),
        intent_id: refund.intent_id,
        amount: refund.amount,
        state,
        failure: String::new(),
    };
    run(books, Command::RecordRefund(command)).expect("a refund is recorded");
}

/// Books in which the order is in this state.
fn in_state(state: &str) -> Books {
    let mut books = shelf();
    place(&mut books, ORDER);
    if state != "opening" {
        let answer = CheckoutAnswer::Opened { fact: fact("open"), url: None, expires_at: NOON + Span::minutes(35) };
        run(&mut books, Command::RecordCheckout(RecordCheckout { order_id: ORDER, answer })).expect("it opens");
    }
    match state {
        "opening" | "pending" => {}
        "processing" => tell(&mut books, ORDER, "finished, unpaid", 10),
        "cancelling" => cancel(&mut books).expect("it can be cancelled"),
        "paid" => tell(&mut books, ORDER, "paid", 10),
        "paid, cancelled" => {
            tell(&mut books, ORDER, "paid", 10);
            cancel(&mut books).expect("it can be cancelled");
        }
        "paid, shipped" => {
            tell(&mut books, ORDER, "paid", 10);
            ship(&mut books).expect("it is paid");
        }
        "expired, stock there" => tell(&mut books, ORDER, "closed", 10),
        "expired, stock gone" => {
            tell(&mut books, ORDER, "closed", 10);
            place(&mut books, OTHER);
            tell(&mut books, OTHER, "paid", 11);
        }
        "cancelled" => {
            cancel(&mut books).expect("it can be cancelled");
            tell(&mut books, ORDER, "closed", 10);
        }
        "refunded" => {
            tell(&mut books, ORDER, "paid", 10);
            cancel(&mut books).expect("it can be cancelled");
            told_refund(&mut books, RefundId::from_u128(50), RefundState::Succeeded);
        }
        "odd amount kept" => tell(&mut books, ORDER, "paid, other amount", 10),
        other => panic!("there is no state {other}"),
    }
    books.changes = rules::books::Changes::default();
    books
}

/// What a decision came to: the order's state now, and what is to be done outside.
fn outcome(books: &Books) -> String {
    let order = &books.orders[&ORDER];
    let mut words = order.status.as_str().to_owned();
    if order.cancelled_at.is_some() && !matches!(order.status.as_str(), "cancelled") {
        words += "+off";
    }
    write!(words, "/{}", order.hold.as_str()).expect("text takes text");
    for intent in &books.changes.taken {
        write!(words, " money:{}", books.payments[intent].purpose.as_str()).expect("text takes text");
    }
    for effect in &books.changes.effects {
        let told = match effect {
            Effect::SendLetter { letter, .. } => format!("letter:{}", letter.as_str()),
            other => other.kind().to_owned(),
        };
        write!(words, " {told}").expect("text takes text");
    }
    if books.changes == rules::books::Changes::default() {
        words += " =";
    }
    words
}

fn hold_against(kept: &str, table: &str, name: &str) {
    assert!(kept.trim() == table.trim(), "tests/tables/{name}.txt is not this any more:\n\n{table}\n");
}

#[test]
fn every_fact_of_a_payment_has_an_outcome_in_every_state() {
    let mut table =
        "An order's state, what Stripe says of its money, and what follows. `=` changes nothing.\n".to_owned();
    for state in STATES {
        writeln!(table, "\n{state}").expect("text takes text");
        for name in FACTS {
            let mut books = in_state(state);
            tell(&mut books, ORDER, name, 99);
            writeln!(table, "    {name:24} {}", outcome(&books)).expect("text takes text");
            let once = books.clone();
            tell(&mut books, ORDER, name, 98);
            assert_eq!(books.orders, once.orders, "E1: {state}, {name}, told twice");
            assert_eq!(books.payments, once.payments, "M2: {state}, {name}, told twice");
        }
    }
    hold_against(include_str!("tables/payments.txt"), &table, "payments");
}

#[test]
fn every_wish_has_an_answer_in_every_state() {
    let mut table = "An order's state, what is asked of it, and the answer. `=` changes nothing.\n".to_owned();
    type Wish = fn(&mut Books) -> Result<(), Refusal>;
    let wishes: [(&str, Wish); 4] =
        [("cancel", cancel), ("refund the rest", refund_all), ("ship", ship), ("hold longer", hold_longer)];
    for state in STATES {
        writeln!(table, "\n{state}").expect("text takes text");
        for (name, wish) in wishes {
            let mut books = in_state(state);
            let answer = match wish(&mut books) {
                Ok(()) => outcome(&books),
                Err(refusal) => format!("no: {refusal}"),
            };
            writeln!(table, "    {name:24} {answer}").expect("text takes text");
        }
    }
    hold_against(include_str!("tables/wishes.txt"), &table, "wishes");
}

#[test]
fn every_word_about_a_refund_has_an_outcome_in_every_state() {
    let mut table = "A refund's state, what Stripe says of it now, and what follows.\n".to_owned();
    let id = RefundId::from_u128(60);
    for before in RefundState::ALL {
        writeln!(table, "\n{}", before.as_str()).expect("text takes text");
        for told in RefundState::ALL.iter().filter(|told| **told != RefundState::Requested) {
            let mut books = in_state("paid");
            refund_all(&mut books).expect("it is paid");
            if *before != RefundState::Requested {
                told_refund(&mut books, id, *before);
            }
            books.changes = rules::books::Changes::default();
            told_refund(&mut books, id, *told);
            let (state, left) = (books.refunds[&id].state.as_str(), books.payments["pi_own"].left_minor());
            let told = told.as_str();
            writeln!(table, "    {told:12} {state:10} owed {left:4}  {}", outcome(&books)).expect("text takes text");
        }
    }
    hold_against(include_str!("tables/refunds.txt"), &table, "refunds");
}

/// S1, S4: a hold is lengthened once, in time, while the shelf has more of its goods, and not beyond its payment page.
#[test]
fn a_hold_is_lengthened_once_in_time_and_while_nobody_waits() {
    let extend = |books: &mut Books, at: Timestamp| {
        let before = books.clone();
        let answer = decide(books, &Command::ExtendHold(ExtendHold { order_id: ORDER }), at);
        assert!(answer.is_ok() || *books == before, "a refusal changes nothing");
        answer.map(|_| books.orders[&ORDER].hold_due_at)
    };
    let with = |on_hand: i64, page_lives: i64| {
        let mut books = in_state("pending");
        books.levels.get_mut(&mug()).expect("it is there").on_hand = on_hand;
        books.change(ORDER, |order| order.session_expires_at = Some(NOON + Span::minutes(page_lives)));
        books
    };
    let mut books = with(2, 65);
    assert_eq!(extend(&mut books, NOON + Span::minutes(29)), Ok(NOON + Span::minutes(60)));
    assert_eq!(books.levels[&mug()].held, 1, "nothing more is held");
    let once = books.clone();
    assert_eq!(extend(&mut books, NOON + Span::minutes(31)), Ok(NOON + Span::minutes(60)), "the same answer, no more");
    assert_eq!(books, once);
    assert_eq!(extend(&mut books, NOON + Span::minutes(60)), Err(Refusal::HoldOver));

    assert_eq!(extend(&mut with(1, 65), NOON), Err(Refusal::OthersWait { sku: mug() }));
    assert_eq!(extend(&mut with(2, 65), NOON + Span::minutes(30)), Err(Refusal::HoldOver), "never revived");
    assert_eq!(extend(&mut with(2, 40), NOON), Ok(NOON + Span::minutes(39)), "the page outlives the hold");
    assert_eq!(extend(&mut with(2, 31), NOON), Err(Refusal::HoldOver));
    let mut unknown = with(2, 65);
    unknown.change(ORDER, |order| order.session_expires_at = None);
    assert_eq!(extend(&mut unknown, NOON), Err(Refusal::HoldOver), "nobody knows how long its page lives");
}

#[test]
fn parts_of_a_line_sum_to_the_line_whatever_pieces_they_are_taken_in() {
    let mut books = in_state("paid");
    let order = books.orders.get_mut(&ORDER).expect("it stands");
    for (total, quantity, step) in
        [(1000, 3, 1), (1, 7, 1), (99_999_999, 11, 1), (0, 4, 1), (1000, 3, 10), (500, 3, 100)]
    {
        let line = &mut order.lines[0];
        (line.total_minor, line.quantity) = (total, quantity);
        (line.unit_price_minor, line.discount_minor) = (total, total * (quantity - 1));
        for first in 0..=quantity {
            let part = order.lines[0].share(0, first, step);
            assert_eq!(part % step, 0, "{first} of {quantity} can be refunded alone");
            let parts = part + order.lines[0].share(first, quantity - first, step);
            assert_eq!(parts, total, "C13: {first} and the rest of {quantity}");
        }
    }
}
