//! Each refusal of the law, beside the nearest thing that is not refused. A refusal changes nothing.

use std::collections::BTreeMap;

use rules::books::{Books, Good, Policy};
use rules::cart::{CartLine, LINES_MAX, QUANTITY_MAX};
use rules::commands::assign_refund::AssignRefund;
use rules::commands::cancel_order::CancelOrder;
use rules::commands::change_address::ChangeAddress;
use rules::commands::correct_stock::{BelowHeld, CorrectStock, ShownShortfall};
use rules::commands::count_stock::CountStock;
use rules::commands::expire_hold::expire_hold;
use rules::commands::place_order::PlaceOrder;
use rules::commands::record_checkout::{CheckoutAnswer, RecordCheckout};
use rules::commands::record_dispute::RecordDispute;
use rules::commands::record_payment::RecordPayment;
use rules::commands::record_refund::RecordRefund;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::commands::release_hold::ReleaseHold;
use rules::commands::ship_order::ShipOrder;
use rules::commands::{Command, Refusal, decide};
use rules::disputes::{Dispute, DisputeState};
use rules::effects::{Effect, Letter};
use rules::ids::{CountId, OrderId, RefundId, ShipmentId};
use rules::money::{Currency, Money};
use rules::orders::{Fulfilment, Hold, Session, Status};
use rules::payments::{MoneyState, SessionFact, SessionState};
use rules::refunds::{RefundKind, RefundState};
use rules::shipments::Units;
use rules::stock::{Level, ON_HAND_MAX, Reason, Short};
use rules::text::{Email, Sku};
use rules::time::{Span, Timestamp};

const NOON: Timestamp = Timestamp::from_seconds(1_795_600_800);
const PRICE_MINOR: i64 = 1000;
const FIRST: OrderId = OrderId::from_u128(1);
const SECOND: OrderId = OrderId::from_u128(2);
const REFUND: RefundId = RefundId::from_u128(60);

fn usd() -> Currency {
    Currency::parse("USD").expect("a currency")
}

fn sku(text: &str) -> Sku {
    Sku::parse(text).expect("a SKU")
}

/// Ten thousand mugs, three bowls, no tray, and a vase that is not offered any more.
fn shelf() -> Books {
    shelf_of(usd())
}

fn shelf_of(currency: Currency) -> Books {
    let mut books = Books::empty(Policy {
        currency,
        hold: Span::minutes(30),
        holds_per_buyer_max: 2,
        holds_per_client_max: 3,
        charge_minor_min: 50,
        charge_minor_max: 99_999_999,
        prices: std::sync::Arc::new(rules::price_rules::PriceRules::none()),
    });
    for (name, on_hand, for_sale) in [("mug", 10_000, true), ("bowl", 3, true), ("tray", 0, true), ("vase", 5, false)] {
        let (titles, variant_titles) = (BTreeMap::new(), BTreeMap::new());
        let (product, collections) = (name.to_owned(), Vec::new());
        let (weight_grams, tax_class) = (None, rules::taxes::TaxClass::standard());
        let good = Good {
            price_minor: PRICE_MINOR,
            for_sale,
            weight_grams,
            tax_class,
            product,
            collections,
            titles,
            variant_titles,
        };
        books.goods.insert(sku(name), good);
        books.levels.insert(sku(name), Level { on_hand, seq: 1, ..Level::EMPTY });
    }
    books
}

/// What is ordered: SKUs and units.
type Lines<'a> = &'a [(&'a str, i64)];

/// The answer; books that refused are the books they were.
#[track_caller]
fn ask(books: &mut Books, command: Command) -> Result<(), Refusal> {
    let before = books.clone();
    let answer = decide(books, &command, NOON).map(drop);
    assert!(answer.is_ok() || *books == before, "{command:?} was refused and changed something");
    answer
}

fn order(id: OrderId, lines: Lines) -> PlaceOrder {
    PlaceOrder {
        order_id: id,
        request_hash: String::new(),
        lines: lines.iter().map(|(name, quantity)| CartLine { sku: sku(name), quantity: *quantity }).collect(),
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
    }
}

#[track_caller]
fn place(books: &mut Books, id: OrderId, lines: Lines) -> Result<(), Refusal> {
    ask(books, Command::PlaceOrder(order(id, lines)))
}

fn fact(books: &Books, id: OrderId, state: SessionState, money: MoneyState) -> SessionFact {
    SessionFact {
        session_id: format!("cs_{id}"),
        state,
        money,
        intent: (state == SessionState::Complete).then(|| intent(id)),
        amount_minor: books.orders[&id].total_minor,
        currency: books.policy.currency,
        livemode: false,
    }
}

fn intent(id: OrderId) -> String {
    format!("pi_{id}")
}

fn open(books: &mut Books, id: OrderId) {
    let fact = fact(books, id, SessionState::Open, MoneyState::Unpaid);
    let answer = CheckoutAnswer::Opened { fact, url: None, expires_at: NOON + Span::minutes(35) };
    ask(books, Command::RecordCheckout(RecordCheckout { order_id: id, answer })).expect("it opens");
}

fn tell(books: &mut Books, id: OrderId, state: SessionState, money: MoneyState) {
    let (fact, refund_id) = (fact(books, id, state, money), RefundId::from_u128(99));
    ask(books, Command::RecordPayment(RecordPayment { order_id: id, fact, refund_id })).expect("a fact is recorded");
}

/// Books with one order, its page open.
fn with_open(lines: Lines) -> Books {
    let mut books = shelf();
    place(&mut books, FIRST, lines).expect("it is in stock");
    open(&mut books, FIRST);
    books
}

/// Books with one order, paid.
fn with_paid(lines: Lines) -> Books {
    let mut books = with_open(lines);
    tell(&mut books, FIRST, SessionState::Complete, MoneyState::Paid);
    books
}

fn refund(books: &mut Books, id: RefundId, what: RefundWhat) -> Result<(), Refusal> {
    let (reason, request_hash) = (String::new(), format!("{what:?}"));
    ask(
        books,
        Command::RefundOrder(RefundOrder { refund_id: id, order_id: FIRST, what, restock: true, reason, request_hash }),
    )
}

fn goods(units: &[(i64, i64)]) -> RefundWhat {
    let lines = units.iter().map(|(line_no, units)| Units { line_no: *line_no, units: *units }).collect();
    RefundWhat::Goods { lines, shipping: false }
}

fn ship(books: &mut Books, id: u128, units: &[(i64, i64)]) -> Result<(), Refusal> {
    ask(
        books,
        Command::ShipOrder(ShipOrder {
            shipment_id: ShipmentId::from_u128(id),
            order_id: FIRST,
            lines: units.iter().map(|(line_no, units)| Units { line_no: *line_no, units: *units }).collect(),
            carrier: String::new(),
            tracking: String::new(),
            notify: true,
            request_hash: format!("{units:?}"),
        }),
    )
}

fn cancel(books: &mut Books) -> Result<(), Refusal> {
    let refund_id = RefundId::from_u128(50);
    ask(books, Command::CancelOrder(CancelOrder { order_id: FIRST, reason: String::new(), refund_id }))
}

fn told_refund(
    books: &mut Books,
    id: RefundId,
    stripe_id: Option<&str>,
    amount: i64,
    state: RefundState,
) -> Result<(), Refusal> {
    let command = RecordRefund {
        order_id: FIRST,
        refund_id: id,
        stripe_id: stripe_id.map(str::to_owned),
        intent_id: intent(FIRST),
        amount: Money::new(amount, usd()),
        state,
        failure: String::new(),
    };
    ask(books, Command::RecordRefund(command))
}

fn dispute(books: &mut Books, state: DisputeState, withdrawn_minor: i64) -> Result<(), Refusal> {
    let dispute = Dispute {
        id: "du_1".to_owned(),
        order: FIRST,
        intent_id: intent(FIRST),
        amount: Money::new(PRICE_MINOR, usd()),
        reason: String::new(),
        state,
        due_by: None,
        withdrawn_minor,
        at: NOON,
    };
    ask(books, Command::RecordDispute(RecordDispute { order_id: FIRST, dispute }))
}

/// S4, M1: what is ordered, and the answer.
#[test]
fn an_order_is_refused_for_each_reason_of_its_own() {
    let out_of_range = |name| Err(Refusal::QuantityOutOfRange { sku: sku(name), most: QUANTITY_MAX });
    let short = |wanted| Err(Refusal::OutOfStock { lines: vec![Short { sku: sku("bowl"), wanted, available: 3 }] });
    let many = vec![("mug", 1); LINES_MAX + 1];
    let answers: [(Lines, Result<(), Refusal>); 17] = [
        (&[], Err(Refusal::EmptyCart)),
        (&many, Err(Refusal::TooManyLines { most: LINES_MAX })),
        (&many[1..], Ok(())),
        (&[("mug", 0)], out_of_range("mug")),
        (&[("mug", 1), ("mug", 0)], out_of_range("mug")),
        (&[("mug", 2), ("mug", -1)], out_of_range("mug")),
        (&[("mug", QUANTITY_MAX + 1)], out_of_range("mug")),
        (&[("mug", QUANTITY_MAX), ("mug", 1)], out_of_range("mug")),
        (&[("mug", i64::MAX), ("mug", i64::MAX)], out_of_range("mug")),
        (&[("mug", QUANTITY_MAX)], Ok(())),
        (&[("nothing", 1)], Err(Refusal::UnknownSku { sku: sku("nothing") })),
        (&[("vase", 1)], Err(Refusal::NotForSale { sku: sku("vase") })),
        (&[("bowl", 4)], short(4)),
        (&[("mug", 1), ("bowl", 2), ("bowl", 2)], short(4)),
        (
            &[("mug", 1), ("tray", 1), ("bowl", 4)],
            Err(Refusal::OutOfStock {
                lines: vec![
                    Short { sku: sku("bowl"), wanted: 4, available: 3 },
                    Short { sku: sku("tray"), wanted: 1, available: 0 },
                ],
            }),
        ),
        (
            &[("mug", 1), ("tray", 1)],
            Err(Refusal::OutOfStock { lines: vec![Short { sku: sku("tray"), wanted: 1, available: 0 }] }),
        ),
        (&[("mug", 1), ("bowl", 3)], Ok(())),
    ];
    for (lines, answer) in answers {
        assert_eq!(place(&mut shelf(), FIRST, lines), answer, "{lines:?}");
    }
}

/// M1: Stripe charges neither less nor more.
#[test]
fn an_order_is_worth_what_can_be_charged() {
    for (quantity, answer) in [
        (1, Err(Refusal::AmountTooSmall { least_minor: 2000 })),
        (2, Ok(())),
        (3, Ok(())),
        (4, Err(Refusal::AmountTooLarge)),
    ] {
        let mut books = shelf();
        (books.policy.charge_minor_min, books.policy.charge_minor_max) = (2000, 3000);
        assert_eq!(place(&mut books, FIRST, &[("mug", quantity)]), answer, "{quantity}");
    }
    let mut books = shelf();
    books.goods.get_mut(&sku("mug")).expect("it is there").price_minor = rules::money::AMOUNT_MAX;
    assert_eq!(place(&mut books, FIRST, &[("mug", 3)]), Err(Refusal::AmountTooLarge), "no sum overflows");
}

/// P8: an id belongs to one request.
#[test]
fn an_order_id_with_other_contents_is_refused() {
    let mut books = shelf();
    place(&mut books, FIRST, &[("mug", 1)]).expect("it is in stock");
    let placed = books.clone();
    place(&mut books, FIRST, &[("mug", 1)]).expect("the same again is its first answer");
    assert_eq!(books, placed);
    let other = PlaceOrder { request_hash: "other".to_owned(), ..order(FIRST, &[("mug", 2)]) };
    assert_eq!(ask(&mut books, Command::PlaceOrder(other)), Err(Refusal::IdempotencyKeyReused));
}

/// S18: holds are capped per buyer and per client, and a hold that ended makes room.
#[test]
fn a_buyer_and_a_client_hold_no_more_than_their_caps() {
    let from = |id: u128, buyer: &str, client: &str| {
        let email = Email::parse(buyer).expect("an address");
        let order = order(OrderId::from_u128(id), &[("mug", 1)]);
        Command::PlaceOrder(PlaceOrder { email, client: client.to_owned(), ..order })
    };
    let mut books = shelf();
    for id in [1, 2] {
        ask(&mut books, from(id, "ada@example.org", "")).expect("below the cap");
    }
    assert_eq!(ask(&mut books, from(3, "Ada@Example.org", "elsewhere")), Err(Refusal::HoldCapReached { most: 2 }));
    open(&mut books, FIRST);
    tell(&mut books, FIRST, SessionState::Closed, MoneyState::Unpaid);
    ask(&mut books, from(3, "ada@example.org", "")).expect("one has ended");

    let mut books = shelf();
    for id in 1..=3 {
        ask(&mut books, from(id, &format!("bot{id}@example.org"), "bot")).expect("below the cap");
    }
    assert_eq!(ask(&mut books, from(4, "bot4@example.org", "bot")), Err(Refusal::HoldCapReached { most: 3 }));
    ask(&mut books, from(4, "bot4@example.org", "")).expect("a trusted key has no client");
}

/// S4: whoever calls it, a hold ends only when nobody can pay any more.
#[test]
fn a_hold_ends_only_with_its_session() {
    for (session, ends) in [
        (Session::Opening, false),
        (Session::Open, false),
        (Session::Complete, false),
        (Session::Closed, true),
        (Session::Never, true),
    ] {
        let mut books = with_open(&[("mug", 1)]);
        books.change(FIRST, |order| order.session = session);
        let answer = expire_hold(&mut books, FIRST, "", NOON);
        assert_eq!(answer, if ends { Ok(()) } else { Err(Refusal::SessionStillOpen) }, "{session:?}");
        let hold = if ends { Hold::Released } else { Hold::Live };
        assert_eq!((books.orders[&FIRST].hold, books.level(&sku("mug")).held), (hold, i64::from(!ends)), "{session:?}");
        let ended = books.clone();
        if ends {
            expire_hold(&mut books, FIRST, "", NOON).expect("S3: once is enough");
            assert_eq!(books, ended);
        }
    }
}

/// S4: a person's word releases only what Stripe itself has closed by now.
#[test]
fn a_persons_word_releases_a_hold_only_when_its_time_is_over() {
    let release = |books: &mut Books, now| {
        let command = Command::ReleaseHold(ReleaseHold { order_id: FIRST, why: "ann looked".to_owned() });
        decide(books, &command, now).map(drop)
    };
    let (before, after) = (NOON + Span::minutes(35), NOON + Span::minutes(36));
    let mut books = with_open(&[("mug", 1)]);
    assert_eq!(release(&mut books, before), Err(Refusal::SessionStillOpen));
    release(&mut books, after).expect("its time is over");
    assert_eq!((books.orders[&FIRST].status, books.level(&sku("mug")).held), (Status::Expired, 0));
    let released = books.clone();
    release(&mut books, after).expect("it has ended");
    assert_eq!(books, released, "S3: a hold ends once");

    let mut unopened = shelf();
    place(&mut unopened, FIRST, &[("mug", 1)]).expect("it is in stock");
    assert_eq!(release(&mut unopened, after), Err(Refusal::SessionStillOpen), "whether it opened is not known");
    let mut delayed = with_open(&[("mug", 1)]);
    tell(&mut delayed, FIRST, SessionState::Complete, MoneyState::Unpaid);
    assert_eq!(release(&mut delayed, after), Err(Refusal::SessionStillOpen), "the bank decides");
    // Money of a wrong amount came by another page; the order's own never closed. A person decides about the money.
    let mut odd = with_open(&[("mug", 1)]);
    let other = fact(&odd, FIRST, SessionState::Complete, MoneyState::Paid);
    let other = SessionFact { session_id: "cs_other".to_owned(), amount_minor: PRICE_MINOR - 1, ..other };
    let command = RecordPayment { order_id: FIRST, fact: other, refund_id: RefundId::from_u128(99) };
    ask(&mut odd, Command::RecordPayment(command)).expect("it is kept for a person");
    assert_eq!(release(&mut odd, after), Err(Refusal::SessionStillOpen), "the money is here");
    let mut paid = with_paid(&[("mug", 1)]);
    release(&mut paid, after).expect("there is no hold");
    assert_eq!((paid.orders[&FIRST].status, paid.orders[&FIRST].hold), (Status::Paid, Hold::Sold));
}

/// M1, S8: a page that nobody should pay on is closed: of another amount or currency, of an order that ended, and of
/// one that somebody called off meanwhile.
#[test]
fn a_page_that_is_not_wanted_is_closed() {
    let opened = |amount_minor: i64, code: &str, prepare: fn(&mut Books)| {
        let mut books = shelf();
        place(&mut books, FIRST, &[("mug", 1)]).expect("it is in stock");
        prepare(&mut books);
        books.changes = rules::books::Changes::default();
        let currency = Currency::parse(code).expect("a currency");
        let fact =
            SessionFact { amount_minor, currency, ..fact(&books, FIRST, SessionState::Open, MoneyState::Unpaid) };
        let url = Some("https://pay.example/1".to_owned());
        let answer = CheckoutAnswer::Opened { fact, url, expires_at: NOON + Span::minutes(35) };
        let command = Command::RecordCheckout(RecordCheckout { order_id: FIRST, answer });
        ask(&mut books, command.clone()).expect("it is recorded");
        let closes = books.changes.effects.iter().any(|effect| matches!(effect, Effect::CloseCheckout { .. }));
        let first = books.clone();
        ask(&mut books, command).expect("the same again");
        assert_eq!(books, first, "facts never run backwards");
        (closes, books.orders[&FIRST].session_url.is_some())
    };
    let nothing: fn(&mut Books) = |_| {};
    assert_eq!(opened(PRICE_MINOR, "USD", nothing), (false, true));
    assert_eq!(opened(PRICE_MINOR - 1, "USD", nothing), (true, false));
    assert_eq!(opened(PRICE_MINOR, "EUR", nothing), (true, false));
    assert!(opened(PRICE_MINOR, "USD", |books| cancel(books).expect("it can be called off")).0);
    assert!(opened(PRICE_MINOR, "USD", |books| books.release_held(FIRST, NOON)).0, "an order that holds nothing");
}

/// P15: Stripe's definite no ends the hold at once.
#[test]
fn a_page_that_never_opened_ends_the_hold() {
    let mut books = shelf();
    place(&mut books, FIRST, &[("mug", 1)]).expect("it is in stock");
    let answer = CheckoutAnswer::NeverOpened { why: "no".to_owned() };
    ask(&mut books, Command::RecordCheckout(RecordCheckout { order_id: FIRST, answer })).expect("recorded");
    let order = &books.orders[&FIRST];
    assert_eq!((order.status, order.session, books.level(&sku("mug")).held), (Status::Expired, Session::Never, 0));
}

/// S2: what a person may do to a level.
#[test]
fn stock_is_changed_by_hand_within_reason() {
    let count = |books: &mut Books, id: u128, delta: i64, reason: Reason| {
        let (id, actor) = (CountId::from_u128(id), "ann".to_owned());
        ask(books, Command::CountStock(CountStock { id, sku: sku("bowl"), delta, reason, actor }))
    };
    let out_of_range = || Err(Refusal::ChangeOutOfRange { sku: sku("bowl") });
    let mut books = with_open(&[("bowl", 2)]);
    assert_eq!(count(&mut books, 1, -2, Reason::Damaged), Err(Refusal::StockBelowHeld { sku: sku("bowl"), held: 2 }));
    assert_eq!(count(&mut books, 1, 0, Reason::Counted), out_of_range());
    assert_eq!(count(&mut books, 1, i64::MAX, Reason::Received), out_of_range());
    assert_eq!(count(&mut books, 1, ON_HAND_MAX - 2, Reason::Received), out_of_range());
    for reason in Reason::ALL {
        let answer = count(&mut books.clone(), 1, 1, reason);
        let own = matches!(reason, Reason::Sold | Reason::Restocked | Reason::Shortfall);
        assert_eq!(answer, if own { out_of_range() } else { Ok(()) }, "{reason:?}");
    }
    count(&mut books, 1, -1, Reason::Damaged).expect("one is free");
    count(&mut books, 1, -1, Reason::Damaged).expect("the same again");
    assert_eq!((books.level(&sku("bowl")).on_hand, books.changes.movements.len()), (2, 1));
    assert_eq!(count(&mut books, 1, 5, Reason::Received), Err(Refusal::IdempotencyKeyReused));
}

fn correct(books: &mut Books, id: u128, delta: i64, revision: Option<i64>, below: BelowHeld) -> Result<(), Refusal> {
    let (id, actor) = (CountId::from_u128(id), "ann".to_owned());
    let count = CountStock { id, sku: sku("bowl"), delta, reason: Reason::Counted, actor };
    ask(books, Command::CorrectStock(CorrectStock { count, revision, below_held: below }))
}

/// On hand, held and short of the bowl.
fn bowl(books: &Books) -> (i64, i64, i64) {
    let level = books.level(&sku("bowl"));
    (level.on_hand, level.held, level.short)
}

/// S1: fewer than are promised is said, confirmed and kept; nothing is free until it is made up for.
#[test]
fn a_shortfall_is_confirmed_and_written_off_when_it_is_free() {
    use BelowHeld::{Refuse, Shortfall};
    let mut books = with_open(&[("bowl", 2)]);
    assert_eq!(bowl(&books), (3, 2, 0));
    let refused = correct(&mut books, 1, -2, None, Refuse);
    assert_eq!(refused, Err(Refusal::StockBelowHeld { sku: sku("bowl"), held: 2 }));
    correct(&mut books, 1, -2, None, Shortfall).expect("it is confirmed");
    assert_eq!(bowl(&books), (2, 2, 1), "one is missing of the two that are promised");
    correct(&mut books, 1, -2, None, Shortfall).expect("the same again");
    assert_eq!((bowl(&books), books.changes.shortfalls.len()), ((2, 2, 1), 1));
    assert_eq!(correct(&mut books, 1, -1, None, Shortfall), Err(Refusal::IdempotencyKeyReused));
    let full = Err(Refusal::OutOfStock { lines: vec![Short { sku: sku("bowl"), wanted: 1, available: 0 }] });
    assert_eq!(place(&mut books, SECOND, &[("bowl", 1)]), full);

    // Released: of the two that come back one is not there. Sold: it stays missing until goods come.
    let mut released = books.clone();
    tell(&mut released, FIRST, SessionState::Closed, MoneyState::Unpaid);
    assert_eq!(bowl(&released), (1, 0, 0));
    tell(&mut books, FIRST, SessionState::Complete, MoneyState::Paid);
    assert_eq!(bowl(&books), (0, 0, 1), "sold, and one of them is not there");
    assert_eq!(books.level(&sku("bowl")).on_shelf(), -1);
    correct(&mut books, 2, 3, None, Refuse).expect("three came");
    assert_eq!(bowl(&books), (2, 0, 0), "one of them is for the buyer who paid");
    let reasons: Vec<Reason> = books.changes.movements.iter().map(|movement| movement.reason).collect();
    assert_eq!(reasons, [Reason::Counted, Reason::Sold, Reason::Counted, Reason::Shortfall]);
}

/// S1: a shortfall is confirmed as it was shown. More, or the orders of others: somebody looks again.
#[test]
fn a_shortfall_is_confirmed_for_what_was_shown() {
    let shown = |missing, orders: Option<&[OrderId]>| {
        let orders = orders.map(|orders| orders.iter().copied().collect());
        BelowHeld::AsShown(ShownShortfall { missing, orders })
    };
    let changed = |missing| Err(Refusal::ShortfallChanged { sku: sku("bowl"), missing });
    let mut books = with_open(&[("bowl", 1)]);
    // Two of three bowls are gone. One was held when that was shown, and by now another is.
    place(&mut books, SECOND, &[("bowl", 1)]).expect("it is in stock");
    assert_eq!(correct(&mut books, 1, -2, None, shown(0, Some(&[FIRST]))), changed(1));
    assert_eq!(correct(&mut books, 1, -2, None, shown(1, Some(&[FIRST]))), changed(1), "as many, but for another");
    assert_eq!(correct(&mut books, 1, -2, None, shown(0, None)), changed(1));
    let mut later = books.clone();
    correct(&mut later, 1, -2, None, shown(1, Some(&[FIRST, SECOND]))).expect("that is what it is");
    assert_eq!(bowl(&later), (2, 2, 1));
    // What is missing already is part of what was shown.
    assert_eq!(correct(&mut later, 2, -1, None, shown(1, None)), changed(2));
    correct(&mut later, 2, -1, None, shown(2, None)).expect("that is what it is");
    // Fewer than were shown, and none that was not named: nobody is asked again.
    tell(&mut books, FIRST, SessionState::Closed, MoneyState::Unpaid);
    correct(&mut books, 1, -3, None, shown(2, Some(&[FIRST, SECOND]))).expect("one is missing");
    assert_eq!(bowl(&books), (1, 1, 1));
}

/// A sheet knows nothing of what was counted after it was printed; what was sold since then stays sold.
#[test]
fn a_count_sheet_respects_sales_and_other_counts() {
    use BelowHeld::Refuse;
    let mut books = with_open(&[("bowl", 1)]);
    let printed = books.level(&sku("bowl"));
    tell(&mut books, FIRST, SessionState::Complete, MoneyState::Paid);
    let mut other = books.clone();
    correct(&mut books, 1, 2 - printed.on_shelf(), Some(printed.revision), Refuse).expect("two of three were counted");
    assert_eq!(bowl(&books), (1, 0, 0), "and one of the three was sold meanwhile");

    correct(&mut other, 2, 1, None, Refuse).expect("somebody found another");
    let refused = correct(&mut other, 1, 2 - printed.on_shelf(), Some(printed.revision), Refuse);
    assert_eq!(refused, Err(Refusal::StockCountedSince { sku: sku("bowl") }));
}

/// Only what was paid and is still there is sent, once.
#[test]
fn a_parcel_holds_what_the_order_still_has() {
    let left = |left| Err(Refusal::UnitsNotThere { sku: sku("mug"), left });
    assert_eq!(ship(&mut with_open(&[("mug", 1)]), 1, &[]), Err(Refusal::NotPaid));
    let mut books = with_paid(&[("mug", 3)]);
    assert_eq!(ship(&mut books, 1, &[(1, 4)]), left(3));
    assert_eq!(ship(&mut books, 1, &[(1, 2), (1, 2)]), left(3));
    assert_eq!(ship(&mut books, 1, &[(1, -1)]), left(3));
    assert_eq!(ship(&mut books, 1, &[(1, 0)]), Err(Refusal::NothingToShip));
    assert_eq!(ship(&mut books, 1, &[(1, 1), (2, 1)]), Err(Refusal::LineUnknown { line_no: 2 }));
    ship(&mut books, 1, &[(1, 2)]).expect("they are there");
    let once = books.clone();
    ship(&mut books, 1, &[(1, 2)]).expect("the same parcel");
    assert_eq!(books, once);
    assert_eq!(ship(&mut books, 1, &[(1, 1)]), Err(Refusal::IdempotencyKeyReused));
    assert_eq!(ship(&mut books, 2, &[(1, 2)]), left(1));
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    assert_eq!(ship(&mut books, 2, &[]), Err(Refusal::NothingToShip), "paid back, so not sent any more");
    assert_eq!(books.orders[&FIRST].fulfilment, Fulfilment::Shipped);
}

/// R2, R7, M3: what goes back is named, there, and no more than was captured.
#[test]
fn a_refund_is_refused_for_each_reason_of_its_own() {
    let left = |left| Err(Refusal::UnitsNotThere { sku: sku("mug"), left });
    let too_large = |left_minor| Err(Refusal::RefundTooLarge { left_minor, currency: usd() });
    let rules: &[(RefundWhat, Result<(), Refusal>)] = &[
        (RefundWhat::Amount(0), Err(Refusal::NothingToRefund)),
        (RefundWhat::Amount(-1), Err(Refusal::NothingToRefund)),
        (RefundWhat::Amount(3001), too_large(3000)),
        (RefundWhat::Amount(3000), Ok(())),
        (goods(&[]), Err(Refusal::NothingToRefund)),
        (goods(&[(1, 0)]), left(2)),
        (goods(&[(1, -1), (2, 1)]), left(2)),
        (goods(&[(1, 3)]), left(2)),
        (goods(&[(1, 1), (1, 2)]), left(1)),
        (goods(&[(0, 1)]), Err(Refusal::LineUnknown { line_no: 0 })),
        (goods(&[(3, 1)]), Err(Refusal::LineUnknown { line_no: 3 })),
        (goods(&[(1, 2), (2, 1)]), Ok(())),
        (RefundWhat::Rest, Ok(())),
    ];
    for (what, answer) in rules {
        let mut books = with_paid(&[("mug", 2), ("bowl", 1)]);
        assert_eq!(refund(&mut books, REFUND, what.clone()), *answer, "{what:?}");
    }
    assert_eq!(refund(&mut with_open(&[("mug", 1)]), REFUND, goods(&[(1, 1)])), Err(Refusal::NotPaid));

    let mut books = with_paid(&[("mug", 2)]);
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    let once = books.clone();
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("the same again");
    assert_eq!(books, once, "R2: the same refund is one");
    assert_eq!(refund(&mut books, REFUND, RefundWhat::Amount(1)), Err(Refusal::IdempotencyKeyReused));
    assert_eq!(refund(&mut books, RefundId::from_u128(61), goods(&[(1, 2)])), left(1));
    assert_eq!(refund(&mut books, RefundId::from_u128(61), RefundWhat::Amount(1001)), too_large(1000));
    dispute(&mut books, DisputeState::Open, 0).expect("it is recorded");
    assert_eq!(refund(&mut books, RefundId::from_u128(61), RefundWhat::Amount(1)), Err(Refusal::DisputeOpen));
    assert_eq!(cancel(&mut books), Err(Refusal::DisputeOpen));
}

/// R1, M3: the money of a failed refund goes back once more, from the same payment; its goods came back with the first one.
#[test]
fn a_failed_refund_goes_back_once_more() {
    let again = RefundId::from_u128(61);
    let mut books = with_paid(&[("mug", 2)]);
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    assert_eq!(refund(&mut books, again, RefundWhat::Again(REFUND)), Err(Refusal::NothingToRefund), "it is on its way");
    assert_eq!(refund(&mut books, again, RefundWhat::Again(again)), Err(Refusal::RefundUnknown));
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    let (line, level) = (books.orders[&FIRST].lines[0].clone(), books.level(&sku("mug")));
    refund(&mut books, again, RefundWhat::Again(REFUND)).expect("it is owed");
    let sent = &books.refunds[&again];
    assert_eq!(
        (sent.amount.minor, &sent.intent_id, &sent.lines),
        (PRICE_MINOR, &books.refunds[&REFUND].intent_id, &books.refunds[&REFUND].lines)
    );
    assert_eq!(
        (&books.orders[&FIRST].lines[0], books.level(&sku("mug"))),
        (&line, level),
        "no unit is called off twice"
    );
    // What was paid for by another refund meanwhile is money, not goods.
    told_refund(&mut books, again, Some("re_2"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    refund(&mut books, RefundId::from_u128(62), goods(&[(1, 2)])).expect("all of it");
    let third = refund(&mut books, RefundId::from_u128(63), RefundWhat::Again(again));
    assert_eq!(third, Err(Refusal::NothingToRefund), "nothing is left of the payment");
}

/// M3: a page that still offers to send a failed refund again does not send what was refunded anew meanwhile; the rest of the
/// payment can still go back.
#[test]
fn a_failed_refund_that_was_made_up_for_is_not_sent_again() {
    let (anew, stale) = (RefundId::from_u128(61), RefundId::from_u128(62));
    let mut books = with_paid(&[("mug", 3)]);
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    refund(&mut books, anew, goods(&[(1, 1)])).expect("it is owed");
    assert_eq!(refund(&mut books, stale, RefundWhat::Again(REFUND)), Err(Refusal::NothingToRefund));
    refund(&mut books, stale, RefundWhat::Amount(PRICE_MINOR)).expect("by its amount, if somebody means it");
    // What made up for it failed as well: one of them is owed.
    told_refund(&mut books, anew, Some("re_2"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    told_refund(&mut books, stale, Some("re_3"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    refund(&mut books, RefundId::from_u128(63), RefundWhat::Again(REFUND)).expect("it is owed");
    let twice = refund(&mut books, RefundId::from_u128(64), RefundWhat::Again(anew));
    assert_eq!(twice, Err(Refusal::NothingToRefund));
}

/// R1, M3: of several failed refunds each is owed until its own money went back. What goes back for other goods leaves it as
/// it is; an amount that names no goods makes up for as much.
#[test]
fn each_failed_refund_is_owed_until_its_own_money_went_back() {
    let id = RefundId::from_u128;
    let owed = |books: &Books, refund| books.refunds[&refund].owed_minor;
    let with_two_failed = || {
        let mut books = with_paid(&[("mug", 2), ("bowl", 2)]);
        refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
        refund(&mut books, id(61), goods(&[(2, 1)])).expect("it is paid");
        told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
        told_refund(&mut books, id(61), Some("re_2"), PRICE_MINOR, RefundState::Failed).expect("recorded");
        books
    };

    let mut books = with_two_failed();
    refund(&mut books, id(62), RefundWhat::Again(REFUND)).expect("it is owed");
    assert_eq!((owed(&books, REFUND), owed(&books, id(61))), (0, PRICE_MINOR), "the other one is owed still");
    assert_eq!(
        refund(&mut books, id(63), RefundWhat::Again(REFUND)),
        Err(Refusal::NothingToRefund),
        "it was sent again"
    );
    refund(&mut books, id(63), RefundWhat::Again(id(61))).expect("it is owed");
    assert_eq!(refund(&mut books, id(64), RefundWhat::Again(id(61))), Err(Refusal::NothingToRefund));
    assert_eq!(books.payments[&intent(FIRST)].refunded_minor, 2 * PRICE_MINOR);
    // What was sent again and fails is owed in the place of the first.
    told_refund(&mut books, id(62), Some("re_3"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    assert_eq!((owed(&books, REFUND), owed(&books, id(62))), (0, PRICE_MINOR));

    let mut books = with_two_failed();
    refund(&mut books, id(62), goods(&[(2, 2)])).expect("the bowls are paid back");
    assert_eq!((owed(&books, REFUND), owed(&books, id(61))), (PRICE_MINOR, 0), "a bowl's money is not the mug's");
    refund(&mut books, id(63), RefundWhat::Amount(400)).expect("something on account");
    refund(&mut books, id(64), RefundWhat::Again(REFUND)).expect("the rest of it is owed");
    assert_eq!((books.refunds[&id(64)].amount.minor, owed(&books, REFUND)), (PRICE_MINOR - 400, 0));
    refund(&mut books, id(65), RefundWhat::Rest).expect("something is left");
    assert_eq!(books.payments[&intent(FIRST)].left_minor(), 0);

    // Of three mugs one was sent, the refund of another failed, and the last is cancelled: two are to be paid back.
    let mut books = with_paid(&[("mug", 3)]);
    ship(&mut books, 1, &[(1, 1)]).expect("it is paid");
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    cancel(&mut books).expect("one is open");
    assert_eq!((owed(&books, REFUND), books.payments[&intent(FIRST)].left_minor()), (PRICE_MINOR, 2 * PRICE_MINOR));
    refund(&mut books, id(61), RefundWhat::Again(REFUND)).expect("it is owed");
    // Money that was for no goods in particular is not the money of goods that are called off or come back.
    let mut books = with_paid(&[("mug", 3)]);
    ship(&mut books, 1, &[(1, 1)]).expect("it is paid");
    refund(&mut books, REFUND, RefundWhat::Amount(400)).expect("for the trouble");
    told_refund(&mut books, REFUND, Some("re_1"), 400, RefundState::Failed).expect("recorded");
    cancel(&mut books).expect("two are open");
    assert_eq!((owed(&books, REFUND), books.payments[&intent(FIRST)].left_minor()), (400, PRICE_MINOR));
    // Cancelled before anything was sent, all of it goes back.
    let mut books = with_two_failed();
    cancel(&mut books).expect("some are open");
    assert_eq!((owed(&books, REFUND), owed(&books, id(61))), (0, 0));

    // Nothing is owed that went back for other goods, once no more is left than that.
    let mut books = with_paid(&[("mug", 2), ("bowl", 1)]);
    refund(&mut books, id(61), RefundWhat::Amount(500)).expect("it is paid");
    refund(&mut books, REFUND, goods(&[(1, 2)])).expect("it is paid");
    told_refund(&mut books, REFUND, Some("re_1"), 2 * PRICE_MINOR, RefundState::Failed).expect("recorded");
    assert_eq!(owed(&books, REFUND), 2 * PRICE_MINOR);
    refund(&mut books, id(62), goods(&[(2, 1)])).expect("it is paid");
    assert_eq!(owed(&books, REFUND), 1500);
    told_refund(&mut books, id(63), Some("re_4"), 1000, RefundState::Succeeded).expect("made in the Dashboard");
    assert_eq!(owed(&books, REFUND), 500);
    refund(&mut books, id(64), RefundWhat::Rest).expect("something is left");
    assert_eq!(owed(&books, REFUND), 0);
}

/// R1, M3: a refund that was given up here and turns up at Stripe after all is not owed, and neither is what was sent in its
/// place and failed.
#[test]
fn a_refund_that_was_sent_after_all_is_not_owed() {
    let again = RefundId::from_u128(61);
    let owed = |books: &Books| (books.refunds[&REFUND].owed_minor, books.refunds[&again].owed_minor);
    let given_up_and_sent_after_all = || {
        let mut books = with_paid(&[("mug", 3)]);
        refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
        told_refund(&mut books, REFUND, None, PRICE_MINOR, RefundState::Failed).expect("recorded");
        refund(&mut books, again, RefundWhat::Again(REFUND)).expect("it is owed");
        told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Succeeded).expect("recorded");
        books
    };
    let mut books = given_up_and_sent_after_all();
    for (failed, stripe_id) in [(REFUND, "re_1"), (again, "re_2")] {
        let mut books = books.clone();
        told_refund(&mut books, failed, Some(stripe_id), PRICE_MINOR, RefundState::Failed).expect("recorded");
        assert_eq!(owed(&books), (0, 0), "the other one has the money");
    }
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    told_refund(&mut books, again, Some("re_2"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    assert_eq!(owed(&books), (0, PRICE_MINOR), "it is owed once");

    // The other way round it is owed by the second as well: the wish to send the first again was used up.
    let mut books = given_up_and_sent_after_all();
    told_refund(&mut books, again, Some("re_2"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    assert_eq!(owed(&books), (0, PRICE_MINOR), "it is owed once");
    refund(&mut books, RefundId::from_u128(62), RefundWhat::Again(again)).expect("it is owed");
    assert_eq!(owed(&books), (0, 0));
}

/// R1, M3: what stands in a failed refund's place is followed to its end. A third that went through has the buyer's money,
/// whatever becomes of the first; and one that made up for a part, and more than that, is owed for what it was.
#[test]
fn what_was_sent_in_the_place_of_another_counts_for_all_before_it() {
    let [second, third] = [61, 62].map(RefundId::from_u128);
    let owed = |books: &Books, refund| books.refunds[&refund].owed_minor;
    let mut books = with_paid(&[("mug", 3)]);
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    told_refund(&mut books, REFUND, None, PRICE_MINOR, RefundState::Failed).expect("recorded");
    refund(&mut books, second, RefundWhat::Again(REFUND)).expect("it is owed");
    told_refund(&mut books, second, Some("re_2"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    refund(&mut books, third, RefundWhat::Again(second)).expect("it is owed");
    told_refund(&mut books, third, Some("re_3"), PRICE_MINOR, RefundState::Succeeded).expect("recorded");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Succeeded).expect("it was sent after all");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    assert_eq!([REFUND, second, third].map(|refund| owed(&books, refund)), [0, 0, 0], "the third has gone through");

    let mut books = with_paid(&[("mug", 3)]);
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    refund(&mut books, second, RefundWhat::Amount(400)).expect("a part of it");
    refund(&mut books, third, RefundWhat::Amount(PRICE_MINOR)).expect("the rest of it, and more");
    assert_eq!(owed(&books, REFUND), 0);
    told_refund(&mut books, second, Some("re_2"), 400, RefundState::Failed).expect("recorded");
    assert_eq!([REFUND, second, third].map(|refund| owed(&books, refund)), [0, 400, 0], "the other stands for its own");
    told_refund(&mut books, third, Some("re_3"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    assert_eq!([REFUND, second, third].map(|refund| owed(&books, refund)), [0, 400, PRICE_MINOR]);
}

/// M3: what a failed refund owed and somebody paid back outside of Stripe counts once, sends nothing and is sent by nobody;
/// with it, all money can be back.
#[test]
fn what_was_paid_back_elsewhere_is_owed_no_more() {
    let (paid, other) = (RefundId::from_u128(61), RefundId::from_u128(62));
    let elsewhere = |seen_minor| RefundWhat::Elsewhere { failed: REFUND, seen_minor };
    let mut books = with_paid(&[("mug", 2)]);
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    let early = refund(&mut books, paid, elsewhere(PRICE_MINOR));
    assert_eq!(early, Err(Refusal::NothingToRefund), "it is on its way");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    let before = books.clone();
    assert_eq!(refund(&mut books, paid, elsewhere(PRICE_MINOR - 1)), Err(Refusal::ChangedMeanwhile));
    assert_eq!(books, before, "what was not shown is not noted");
    refund(&mut books, paid, elsewhere(PRICE_MINOR)).expect("it is owed");
    let noted = &books.refunds[&paid];
    assert_eq!((noted.kind, noted.state, &noted.stripe_id), (RefundKind::Elsewhere, RefundState::Succeeded, &None));
    assert_eq!((noted.amount.minor, books.refunds[&REFUND].owed_minor), (PRICE_MINOR, 0));
    assert_eq!(books.payments[&intent(FIRST)].left_minor(), PRICE_MINOR);
    let sends = books.changes.effects.iter().filter(|effect| matches!(effect, Effect::RefundPayment { .. })).count();
    assert_eq!(sends, 1, "the one that failed");
    assert_eq!(
        (&books.orders[&FIRST].lines[0], books.level(&sku("mug"))),
        (&before.orders[&FIRST].lines[0], before.level(&sku("mug"))),
        "no unit is called off twice"
    );
    let once = books.clone();
    refund(&mut books, paid, elsewhere(PRICE_MINOR)).expect("the same again");
    assert_eq!(books, once);
    for what in [elsewhere(PRICE_MINOR), RefundWhat::Again(REFUND)] {
        assert_eq!(refund(&mut books, other, what), Err(Refusal::NothingToRefund));
    }
    let too_large = Refusal::RefundTooLarge { left_minor: PRICE_MINOR, currency: usd() };
    assert_eq!(refund(&mut books, other, RefundWhat::Amount(PRICE_MINOR + 1)), Err(too_large));
    refund(&mut books, other, RefundWhat::Rest).expect("the rest goes back");
    told_refund(&mut books, other, Some("re_2"), PRICE_MINOR, RefundState::Succeeded).expect("recorded");
    assert_eq!(books.orders[&FIRST].status, Status::Refunded);
}

/// M3, M4: Stripe's word on its own money stands. What was paid back elsewhere, and by Stripe after all, is not counted twice, and
/// the timeline says so.
#[test]
fn money_that_stripe_gives_back_after_all_was_not_paid_elsewhere() {
    let paid = RefundId::from_u128(61);
    let mut books = with_paid(&[("mug", 1)]);
    refund(&mut books, REFUND, RefundWhat::Rest).expect("it is paid");
    told_refund(&mut books, REFUND, None, PRICE_MINOR, RefundState::Failed).expect("recorded");
    let what = RefundWhat::Elsewhere { failed: REFUND, seen_minor: PRICE_MINOR };
    refund(&mut books, paid, what).expect("it is owed");
    assert_eq!(books.orders[&FIRST].status, Status::Refunded, "all of it is back");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Succeeded).expect("recorded");
    let states = (books.refunds[&REFUND].state, books.refunds[&paid].state);
    assert_eq!(states, (RefundState::Succeeded, RefundState::Canceled));
    let owed = (books.refunds[&REFUND].owed_minor, books.refunds[&paid].owed_minor);
    assert_eq!((owed, books.orders[&FIRST].status), ((0, 0), Status::Refunded));
    assert!(books.changes.events.iter().any(|event| event.kind == "paid_twice"));
}

/// Goods can be named only of an order that has sold them; money of a wrong amount goes back as money.
#[test]
fn goods_that_were_not_sold_are_not_returned() {
    let mut books = with_open(&[("mug", 1)]);
    let amount_minor = PRICE_MINOR + 1;
    let fact = SessionFact { amount_minor, ..fact(&books, FIRST, SessionState::Complete, MoneyState::Paid) };
    let command = RecordPayment { order_id: FIRST, fact, refund_id: RefundId::from_u128(99) };
    ask(&mut books, Command::RecordPayment(command)).expect("it is kept for a person");
    assert_eq!(refund(&mut books, REFUND, goods(&[(1, 1)])), Err(Refusal::NotPaid));
    refund(&mut books, REFUND, RefundWhat::Rest).expect("the money can go back");
    assert_eq!((books.refunds[&REFUND].amount.minor, books.refunds[&REFUND].lines.len()), (amount_minor, 0));
    told_refund(&mut books, REFUND, Some("re_1"), amount_minor, RefundState::Succeeded).expect("recorded");
    assert_eq!((books.orders[&FIRST].status, books.level(&sku("mug")).held), (Status::Refunded, 0), "nobody waits");
}

/// M4: the last digit of a dinar's thousand is nought, and all that is left can always go back.
#[test]
fn an_amount_fits_the_steps_of_its_currency() {
    let kwd = Currency::parse("KWD").expect("a currency");
    let mut books = shelf_of(kwd);
    books.goods.get_mut(&sku("mug")).expect("it is there").price_minor = 1050;
    place(&mut books, FIRST, &[("mug", 1)]).expect("it is in stock");
    open(&mut books, FIRST);
    // What no price of ours comes to, somebody may have paid all the same.
    let fact = SessionFact { amount_minor: 1055, ..fact(&books, FIRST, SessionState::Complete, MoneyState::Paid) };
    let command = RecordPayment { order_id: FIRST, fact, refund_id: RefundId::from_u128(99) };
    ask(&mut books, Command::RecordPayment(command)).expect("it is kept for a person");
    let step = Err(Refusal::AmountNotInSteps { step_minor: 10, currency: kwd });
    assert_eq!(refund(&mut books, REFUND, RefundWhat::Amount(905)), step);
    refund(&mut books, REFUND, RefundWhat::Amount(900)).expect("in steps");
    refund(&mut books, RefundId::from_u128(61), RefundWhat::Amount(155)).expect("all that is left");
}

/// M3: money that went back without naming goods leaves less than the goods cost; what goes back fits into it.
#[test]
fn what_is_cancelled_or_returned_fits_into_what_is_left() {
    let mut books = with_paid(&[("mug", 2)]);
    refund(&mut books, REFUND, RefundWhat::Amount(1500)).expect("it is paid");
    ship(&mut books, 1, &[(1, 1)]).expect("it is paid");
    cancel(&mut books).expect("one was not sent");
    let given = &books.refunds[&RefundId::from_u128(50)];
    assert_eq!((given.amount.minor, given.lines[0].units, given.lines[0].amount_minor), (500, 1, 500));

    let mut books = with_paid(&[("mug", 2)]);
    refund(&mut books, REFUND, RefundWhat::Amount(1500)).expect("it is paid");
    refund(&mut books, RefundId::from_u128(61), RefundWhat::Rest).expect("something is left");
    let given = &books.refunds[&RefundId::from_u128(61)];
    assert_eq!((given.amount.minor, given.lines[0].units, given.lines[0].amount_minor), (500, 2, 500));
}

/// S12: units come back once, though two refunds name them.
#[test]
fn a_unit_is_restocked_once_whatever_names_it() {
    let mut books = with_paid(&[("mug", 2)]);
    let shelf = books.level(&sku("mug")).on_hand;
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Failed).expect("recorded");
    refund(&mut books, RefundId::from_u128(61), goods(&[(1, 1)])).expect("the money is owed again");
    assert_eq!(books.level(&sku("mug")).on_hand, shelf + 1);
    refund(&mut books, RefundId::from_u128(62), goods(&[(1, 1)])).expect("the other one");
    assert_eq!((books.level(&sku("mug")).on_hand, books.orders[&FIRST].lines[0].cancelled), (shelf + 2, 2));
}

/// R5, M3: a refund made in the Dashboard comes first at Stripe; one of ours that is only asked for gives way to it.
#[test]
fn a_refund_made_elsewhere_takes_its_room() {
    let mut books = with_paid(&[("mug", 1)]);
    refund(&mut books, REFUND, RefundWhat::Rest).expect("it is paid");
    let elsewhere = RefundId::from_u128(70);
    told_refund(&mut books, elsewhere, Some("re_1"), 400, RefundState::Succeeded).expect("it is imported");
    assert_eq!(
        (books.refunds[&REFUND].state, books.payments[&intent(FIRST)].refunded_minor),
        (RefundState::Failed, 400)
    );
    assert!(!books.refunds[&elsewhere].assigned, "nobody has said for which goods");

    // Given up here, and Stripe had made it after all: then it stands.
    let mut books = with_paid(&[("mug", 1)]);
    refund(&mut books, REFUND, RefundWhat::Rest).expect("it is paid");
    told_refund(&mut books, REFUND, None, PRICE_MINOR, RefundState::Failed).expect("it is given up");
    let other = RefundId::from_u128(61);
    refund(&mut books, other, RefundWhat::Rest).expect("the money is owed again");
    told_refund(&mut books, REFUND, Some("re_1"), PRICE_MINOR, RefundState::Succeeded).expect("it was made");
    assert_eq!(
        (books.refunds[&REFUND].state, books.refunds[&other].state),
        (RefundState::Succeeded, RefundState::Failed)
    );
    assert_eq!((books.orders[&FIRST].status, books.payments[&intent(FIRST)].left_minor()), (Status::Refunded, 0));
}

/// M4: only what Stripe has made is read from there, and only as money of this payment.
#[test]
fn a_refund_that_nobody_made_is_not_recorded() {
    let mut books = with_paid(&[("mug", 1)]);
    let unknown = told_refund(&mut books, REFUND, None, 400, RefundState::Failed);
    assert_eq!(unknown, Err(Refusal::RefundUnknown));
    let nothing = told_refund(&mut books, REFUND, Some("re_1"), 0, RefundState::Succeeded);
    assert_eq!(nothing, Err(Refusal::RefundNotOfPayment));
    let mut unpaid = with_open(&[("mug", 1)]);
    let early = told_refund(&mut unpaid, REFUND, Some("re_1"), 400, RefundState::Succeeded);
    assert_eq!(early, Err(Refusal::PaymentUnknown));
}

/// R5: goods are named once, and no more of them than there are.
#[test]
fn a_refund_made_elsewhere_is_assigned_to_goods_that_are_there() {
    let assign = |books: &mut Books, units: &[(i64, i64)]| {
        let lines = units.iter().map(|(line_no, units)| Units { line_no: *line_no, units: *units }).collect();
        let refund_id = RefundId::from_u128(70);
        ask(books, Command::AssignRefund(AssignRefund { order_id: FIRST, refund_id, lines, restock: true }))
    };
    let left = |left| Err(Refusal::UnitsNotThere { sku: sku("mug"), left });
    let mut books = with_paid(&[("mug", 2)]);
    refund(&mut books, REFUND, goods(&[(1, 1)])).expect("it is paid");
    told_refund(&mut books, RefundId::from_u128(70), Some("re_1"), 700, RefundState::Succeeded).expect("imported");
    assert_eq!(assign(&mut books, &[(1, 2)]), left(1));
    assert_eq!(assign(&mut books, &[(1, 1), (1, 1)]), left(0));
    assert_eq!(assign(&mut books, &[(1, 0)]), left(1));
    assert_eq!(assign(&mut books, &[(2, 1)]), Err(Refusal::LineUnknown { line_no: 2 }));
    assign(&mut books, &[(1, 1)]).expect("one is there");
    let once = books.clone();
    assign(&mut books, &[(1, 1)]).expect("assigned before");
    assert_eq!((&books, books.orders[&FIRST].lines[0].restocked), (&once, 2));

    // Paid too late for its goods: they were never this order's.
    let mut books = shelf();
    place(&mut books, FIRST, &[("bowl", 2)]).expect("it is in stock");
    open(&mut books, FIRST);
    tell(&mut books, FIRST, SessionState::Closed, MoneyState::Unpaid);
    place(&mut books, SECOND, &[("bowl", 2)]).expect("it is in stock again");
    tell(&mut books, FIRST, SessionState::Complete, MoneyState::Paid);
    told_refund(&mut books, RefundId::from_u128(70), Some("re_1"), 700, RefundState::Succeeded).expect("imported");
    assert_eq!(assign(&mut books, &[(1, 1)]), Err(Refusal::UnitsNotThere { sku: sku("bowl"), left: 2 }));
}

/// P31: a dispute only moves forward, and what it withdrew cannot be refunded as well.
#[test]
fn a_dispute_moves_forward_and_counts_against_its_payment() {
    let mut books = with_paid(&[("mug", 1)]);
    dispute(&mut books, DisputeState::Open, 0).expect("recorded");
    dispute(&mut books, DisputeState::Open, 600).expect("recorded");
    assert_eq!(books.payments[&intent(FIRST)].left_minor(), 400);
    dispute(&mut books, DisputeState::Lost, 600).expect("recorded");
    dispute(&mut books, DisputeState::Open, 600).expect("an older word, late");
    assert_eq!(books.disputes["du_1"].state, DisputeState::Lost);
    let too_large = Err(Refusal::RefundTooLarge { left_minor: 400, currency: usd() });
    assert_eq!(refund(&mut books, REFUND, RefundWhat::Amount(401)), too_large);
    refund(&mut books, REFUND, RefundWhat::Rest).expect("something is left");
    assert_eq!(books.refunds[&REFUND].amount.minor, 400);
    let to_owner = |effect: &&Effect| matches!(effect, Effect::SendLetter { letter: Letter::OwnerDispute, .. });
    assert_eq!(books.changes.effects.iter().filter(to_owner).count(), 1, "the owner is told once");
    let mut unpaid = with_open(&[("mug", 1)]);
    assert_eq!(dispute(&mut unpaid, DisputeState::Open, 0), Err(Refusal::PaymentUnknown));
}

/// An address changes while something is to be sent, never behind somebody's back, and never to where the price was not for.
#[test]
fn an_address_changes_until_all_is_sent_and_never_unseen() {
    let place = |text: &str| {
        let country = rules::places::Country::parse(text).expect("a country");
        Some(rules::places::Destination { country, region: None })
    };
    let change = |books: &mut Books, before: &str, address: &str, to: &str| {
        let (before, address) = (before.to_owned(), address.to_owned());
        let destination = place(to);
        let actor = "ann".to_owned();
        ask(books, Command::ChangeAddress(ChangeAddress { order_id: FIRST, before, address, destination, actor }))
    };
    let mut books = with_open(&[("mug", 2)]);
    change(&mut books, "", "A", "DE").expect("it is not even paid");
    let once = books.clone();
    change(&mut books, "", "A", "DE").expect("the same form again");
    assert_eq!(books, once, "a second click changes nothing");
    assert_eq!(change(&mut books, "", "B", "DE"), Err(Refusal::ChangedMeanwhile));
    change(&mut books, "A", "B", "FR").expect("nothing was priced by it");
    assert_eq!(books.orders[&FIRST].destination, place("FR"));

    tell(&mut books, FIRST, SessionState::Complete, MoneyState::Paid);
    books.change(FIRST, |order| order.taxation = rules::taxes::Taxation::Included);
    assert_eq!(change(&mut books, "B", "C", "DE"), Err(Refusal::DestinationFixed));
    change(&mut books, "B", "C", "FR").expect("the same country");
    ship(&mut books, 1, &[(1, 1)]).expect("it is paid");
    change(&mut books, "C", "D", "FR").expect("one is still to be sent");
    ship(&mut books, 2, &[(1, 1)]).expect("it is paid");
    assert_eq!(change(&mut books, "D", "E", "FR"), Err(Refusal::NothingToShip));
    let mut expired = with_open(&[("mug", 1)]);
    tell(&mut expired, FIRST, SessionState::Closed, MoneyState::Unpaid);
    assert_eq!(change(&mut expired, "", "A", "DE"), Err(Refusal::NothingToShip));
    let addresses = books.changes.events.iter().filter(|event| event.kind == "address_changed").count();
    assert_eq!(addresses, 4, "each change stands in the timeline");
}

/// Shipping goes back alone, once, and counts as shipping: no later refund of goods gives it back again.
#[test]
fn shipping_goes_back_alone_and_once() {
    let mut books = with_paid(&[("mug", 1)]);
    let shipping = RefundWhat::Goods { lines: Vec::new(), shipping: true };
    assert_eq!(refund(&mut books, REFUND, shipping.clone()), Err(Refusal::NothingToRefund), "none was paid");
    books.change(FIRST, |order| (order.shipping_minor, order.subtotal_minor) = (300, 700));
    refund(&mut books, REFUND, shipping.clone()).expect("it was paid");
    let made = &books.refunds[&REFUND];
    assert_eq!((made.amount.minor, made.shipping_minor, made.lines.len()), (300, 300, 0));
    assert_eq!(refund(&mut books, RefundId::from_u128(61), shipping), Err(Refusal::NothingToRefund));
    let unpaid = RefundWhat::Goods { lines: Vec::new(), shipping: true };
    assert_eq!(refund(&mut with_open(&[("mug", 1)]), REFUND, unpaid), Err(Refusal::NotPaid));
}

/// Money that is here without paying the order has bought no shipping: it goes back as money, and not as a part of the order.
#[test]
fn shipping_of_an_order_that_was_not_sold_is_not_given_back() {
    let mut books = with_open(&[("mug", 1)]);
    let amount_minor = PRICE_MINOR + 1;
    let fact = SessionFact { amount_minor, ..fact(&books, FIRST, SessionState::Complete, MoneyState::Paid) };
    let command = RecordPayment { order_id: FIRST, fact, refund_id: RefundId::from_u128(99) };
    ask(&mut books, Command::RecordPayment(command)).expect("it is kept for a person");
    books.change(FIRST, |order| (order.shipping_minor, order.subtotal_minor) = (300, 700));
    let shipping = RefundWhat::Goods { lines: Vec::new(), shipping: true };
    assert_eq!(refund(&mut books, REFUND, shipping), Err(Refusal::NothingToRefund));
    refund(&mut books, REFUND, RefundWhat::Rest).expect("the money can go back");
}

/// Whoever does not want the buyer told says so, and the parcel is on its way all the same.
#[test]
fn a_parcel_may_leave_without_a_letter() {
    for (notify, letters) in [(true, 1), (false, 0)] {
        let mut books = with_paid(&[("mug", 1)]);
        let command = ShipOrder {
            shipment_id: ShipmentId::from_u128(1),
            order_id: FIRST,
            lines: Vec::new(),
            carrier: String::new(),
            tracking: String::new(),
            notify,
            request_hash: String::new(),
        };
        ask(&mut books, Command::ShipOrder(command)).expect("it is paid");
        let told = |effect: &&Effect| matches!(effect, Effect::SendLetter { letter: Letter::OrderShipped, .. });
        assert_eq!(books.changes.effects.iter().filter(told).count(), letters, "{notify}");
        assert_eq!(books.orders[&FIRST].fulfilment, Fulfilment::Shipped);
    }
}
