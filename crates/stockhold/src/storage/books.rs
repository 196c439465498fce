//! Loads the slice of the books that a batch of commands touches, locked, and saves what they changed.
//!
//! Every batch locks in one order (orders, holders, coupons, stock, counters; ascending ids), or two of them could wait for
//! each other for ever. A handful of statements, whatever the size of the batch.
//!
//! Invariant: this file and its half `money` alone write stock levels, holds, orders, payments and refunds.

use std::collections::{BTreeMap, BTreeSet};

use rules::books::{Books, Good, Policy};
use rules::commands::{Command, Touched};
use rules::coupons::{Account, CouponCode};
use rules::ids::{CountId, OrderId};
use rules::money::Currency;
use rules::orders::{CouponUse, Fulfilment, Hold, Line, Order, Session, Status};
use rules::stock::{Level, PastCount};
use rules::taxes::{Rate, TaxClass, Taxation};
use rules::text::Sku;
use rules::time::Timestamp;

use super::{Result, Row, RowExt, StorageError, Tx, Value, coupons, money, order_search, priced, settings, webhooks};
use crate::values;

const ORDERS: &str = "
    select id, number, status, hold, request_hash, email, buyer, client, cart_id, language, shipping_address, currency,
        subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor, reserved_at, hold_due_at,
        session_state, session_id, session_url, session_expires_at, livemode, payment_intent, paid_at, cancelled_at,
        cancel_reason, fulfilment, revision, coupon, coupon_counts, destination, delivery, shipping_tax_minor, taxation,
        tax_lines, hold_extended
    from orders where id {in $1} order by id {lock}";
const LINES: &str = "
    select order_id, sku, title, variant_title, quantity, unit_price_minor, discount_minor, total_minor, shipped,
        cancelled, restocked, tax_rate, tax_minor
    from order_lines where order_id {in $1} order by order_id, line_no";
/// A count left a movement, a shortfall or both; what it asked for is their sum.
const COUNTS: &str = "
    select c.command_id, c.sku, cast(sum(c.units) as bigint) from (
        select command_id, sku, delta as units from movements where command_id {in $1}
        union all
        select command_id, sku, -units from shortfalls where command_id {in $1}) c
    group by c.command_id, c.sku";
const HOLDERS: &str = "select holder, live_holds from holders where holder {in $1} order by holder {lock}";
/// Who has paid for an order that was not called off whole, or has goods held right now; asked once their holders' rows
/// are locked.
const ORDERED_BEFORE: &str = "
    select buyer from orders where buyer {binary} {in $1} and hold = 'live'
    union
    select buyer from orders where buyer {binary} {in $1} and hold = 'sold'
        and (cancelled_at is null or fulfilment <> 'unfulfilled')";
/// Which collections have the goods, for codes that are for some of them only.
const COLLECTIONS: &str = "
    select v.sku, c.collection_slug from variants v join collection_products c on c.product_id = v.product_id
    where v.sku {in $1}";
const CUSTOMERS: &str = "select code, buyer, used from coupon_customers where code {in $1} and buyer {in $2}";
const STOCK: &str = "
    select s.sku, s.on_hand, s.held, s.seq, v.price_minor, v.active, v.title, p.title, p.status, p.slug,
        v.weight_grams, p.tax_class, s.short, s.revision
    from stock_levels s join variants v on v.sku = s.sku join products p on p.id = v.product_id
    where s.sku {in $1} order by s.sku {lock s}";
/// Which orders hold some of it; asked once its level is locked.
const HELD_BY: &str = "
    select distinct l.sku, o.id from orders o join order_lines l on l.order_id = o.id
    where o.hold = 'live' and l.sku {in $1}";
pub(super) const ORDER_NUMBER: &str = "select value from counters where name = 'order_number' {lock}";

const ADD_HOLDERS: &str = "
    insert into holders (holder, live_holds) select r.name, 0 {rows name:text} where true
    on conflict (holder) do nothing";
const SAVE_STOCK: &str = "
    update stock_levels set on_hand = on_hand + r.moved, held = held + r.holding, seq = seq + r.movements,
        short = short + r.missing, revision = revision + r.counts
    {rows id:text moved holding movements missing counts} where stock_levels.sku = r.id";
const SAVE_HOLDERS: &str = "
    insert into holders (holder, live_holds) select r.name, r.live {rows name:text live} where true
    on conflict (holder) do update set live_holds = excluded.live_holds";
const SAVE_COUPONS: &str = "
    update coupons set used = used + r.more {rows cid:text more} where coupons.code = r.cid";
const SAVE_CUSTOMERS: &str = "
    insert into coupon_customers (code, buyer, used, most) select r.cid, r.name, r.uses, r.up_to
    {rows cid:text name:text uses up_to} where true
    on conflict (code, buyer) do update set used = excluded.used, most = excluded.most";
const SAVE_ORDER_NUMBER: &str = "
    update counters set value = value + r.drawn {rows counter:text drawn} where counters.name = r.counter";
const INSERT_ORDERS: &str = "
    insert into orders (id, number, status, hold, request_hash, email, buyer, client, cart_id, language,
        shipping_address, currency, subtotal_minor, discount_minor, shipping_minor, tax_minor, total_minor,
        reserved_at, hold_due_at, session_state, session_id, session_url, session_expires_at, livemode,
        payment_intent, paid_at, cancelled_at, cancel_reason, fulfilment, revision, coupon, coupon_counts,
        destination, delivery, shipping_tax_minor, taxation, tax_lines, country)
    select r.id, r.number, r.status, r.hold, r.hash, r.email, r.buyer, r.client, r.cart, r.language, r.address,
        r.currency, r.subtotal, r.discount, r.shipping, r.tax, r.total, r.reserved, r.due, r.session, r.sid, r.url,
        r.expires, r.live, r.intent, r.paid, r.off, r.off_why, r.parcels, r.revision, r.cid, r.counts,
        r.goes_to, r.way, r.shipping_tax, r.tax_is, r.taxed, r.land
    {rows id:text number status:text hold:text hash:text email:text buyer:text client:text cart:text language:text address:text currency:text subtotal discount shipping tax total reserved due session:text sid:text url:text expires live intent:text paid off off_why:text parcels:text revision cid:text counts goes_to:text way:text shipping_tax tax_is:text taxed:text land:text}";
const INSERT_LINES: &str = "
    insert into order_lines (order_id, line_no, sku, title, variant_title, quantity, unit_price_minor,
        discount_minor, tax_rate, tax_minor, total_minor, shipped, cancelled, restocked, order_number)
    select r.id, r.no, r.item, r.name, r.kind, r.units, r.price, r.off, r.rate, r.tax, r.total, 0, 0, 0, r.drawn
    {rows id:text no item:text name:text kind:text units price off rate tax total drawn}";
const INSERT_NAMES: &str = "
    insert into order_names (word, order_number) select r.name, r.drawn {rows name:text drawn} where true
    on conflict (word, order_number) do nothing";
const DELETE_NAMES: &str = "
    delete from order_names where (word, order_number) in (select r.name, r.drawn {rows name:text drawn})";
const SAVE_ADDRESSES: &str = "
    update orders set shipping_address = r.address, destination = r.goes_to, country = r.land
    {rows oid:text address:text goes_to:text land:text} where orders.id = r.oid";
const SAVE_ORDERS: &str = "
    update orders set status = r.new_status, hold = r.new_hold, session_state = r.session, session_id = r.sid,
        session_url = r.url, session_expires_at = r.expires, livemode = r.live, payment_intent = r.intent,
        paid_at = r.paid, cancelled_at = r.off, cancel_reason = r.off_why, fulfilment = r.parcels, revision = r.rev,
        coupon_counts = r.counts, hold_due_at = r.due, hold_extended = r.longer
    {rows oid:text new_status:text new_hold:text session:text sid:text url:text expires live intent:text paid off off_why:text parcels:text rev counts due longer}
    where orders.id = r.oid";
const SAVE_LINES: &str = "
    update order_lines set shipped = r.sent, cancelled = r.off, restocked = r.back
    {rows oid:text no sent off back} where order_lines.order_id = r.oid and order_lines.line_no = r.no";
const INSERT_EVENTS: &str = "
    insert into order_events (order_id, seq, kind, detail, happened_at)
    select r.id, r.no, r.what, r.words, r.moment {rows id:text no what:text words:text moment}";
const INSERT_MOVEMENTS: &str = "
    insert into movements (sku, seq, delta, on_hand_after, reason, order_id, actor, command_id, moved_at)
    select r.item, r.no, r.change, r.level, r.why, r.oid, r.who, r.cmd, r.moment
    {rows item:text no change level why:text oid:text who:text cmd:text moment}";
const INSERT_SHORTFALLS: &str = "
    insert into shortfalls (command_id, sku, units, actor, noted_at)
    select r.cmd, r.item, r.missing, r.who, r.moment {rows cmd:text item:text missing who:text moment}";
const INSERT_EFFECTS: &str = "
    insert into effects (id, kind, subject, order_id, parameters, state, attempts, due_at, leased_until, last_error,
        created_at)
    select r.eid, r.what, r.about, r.oid, '', 'due', 0, r.moment, 0, '', r.moment
    {rows eid:text what:text about:text oid:text moment} where true
    on conflict (kind, subject) do nothing";

/// Every statement of this file, so that a test can expand and prepare them all.
pub const STATEMENTS: &[&str] = &[
    ORDERS,
    LINES,
    COUNTS,
    HOLDERS,
    ORDERED_BEFORE,
    coupons::LOCKED,
    CUSTOMERS,
    COLLECTIONS,
    STOCK,
    HELD_BY,
    ORDER_NUMBER,
    settings::POLICY,
    ADD_HOLDERS,
    SAVE_STOCK,
    SAVE_HOLDERS,
    SAVE_COUPONS,
    SAVE_CUSTOMERS,
    SAVE_ORDER_NUMBER,
    INSERT_ORDERS,
    INSERT_LINES,
    INSERT_NAMES,
    DELETE_NAMES,
    SAVE_ADDRESSES,
    SAVE_ORDERS,
    SAVE_LINES,
    INSERT_EVENTS,
    INSERT_MOVEMENTS,
    INSERT_SHORTFALLS,
    INSERT_EFFECTS,
    webhooks::ANNOUNCE,
];

/// Begins a transaction and loads what the commands touch: one round trip, or two when the lines of loaded orders
/// name more stock.
pub async fn load<T: Tx>(tx: &mut T, commands: &[&Command], policy: &Policy) -> Result<Books> {
    let mut touched = together(commands);
    let mut books = Books::empty(policy.clone());
    let locks_rows = tx.locks_rows();
    let order_ids = texts(&touched.orders);
    let mut statements = vec![(tx.begin(), vec![])];
    if !order_ids.is_empty() {
        statements.push((ORDERS, values![order_ids.clone()]));
        statements.push((LINES, values![order_ids.clone()]));
        if touched.money {
            statements.extend(money::queries(&order_ids, &touched.payments));
        }
    }
    if !touched.order_stock {
        statements.extend(the_rest(&touched, locks_rows));
    }
    let mut answers = tx.queries(statements).await?.into_iter();
    let _begun = answers.next();
    if !touched.orders.is_empty() {
        read_orders(&mut books, &answers.next().unwrap_or_default(), &answers.next().unwrap_or_default())?;
        if touched.money {
            money::read(&mut books, &mut answers)?;
        }
    }
    if touched.order_stock {
        for order in books.orders.values() {
            touched.skus.extend(order.lines.iter().map(|line| line.sku.clone()));
            touched.holders.extend(order.holders());
            touched.coupons.extend(order.coupon.iter().map(|taken| (taken.code.clone(), order.buyer.clone())));
        }
        answers = tx.queries(the_rest(&touched, locks_rows)).await?.into_iter();
    }
    read_the_rest(&mut books, &touched, locks_rows, answers)?;
    Ok(books)
}

/// What is locked after the orders; answered in the order that `read_the_rest` reads.
fn the_rest(touched: &Touched, locks_rows: bool) -> Vec<(&'static str, Vec<Value>)> {
    let mut statements = Vec::new();
    if !touched.holders.is_empty() {
        let holders: Vec<String> = BTreeSet::from_iter(touched.holders.iter().cloned()).into_iter().collect();
        if locks_rows {
            // A buyer is counted under a lock from the first order on: the row must be there to be locked.
            statements.push((ADD_HOLDERS, values![holders.clone()]));
        }
        statements.push((HOLDERS, values![holders]));
    }
    if !touched.buyers.is_empty() {
        statements.push((ORDERED_BEFORE, values![touched.buyers.clone()]));
        let skus: Vec<String> = touched.skus.iter().map(Sku::to_string).collect();
        statements.push((COLLECTIONS, values![skus]));
    }
    if !touched.coupons.is_empty() {
        let (codes, buyers): (BTreeSet<String>, BTreeSet<String>) =
            touched.coupons.iter().map(|(code, buyer)| (code.to_string(), buyer.clone())).unzip();
        let (codes, buyers): (Vec<String>, Vec<String>) = (codes.into_iter().collect(), buyers.into_iter().collect());
        statements.push((coupons::LOCKED, values![codes.clone()]));
        statements.push((CUSTOMERS, values![codes, buyers]));
    }
    if !touched.skus.is_empty() {
        let skus: BTreeSet<&str> = touched.skus.iter().map(Sku::as_str).collect();
        statements.push((STOCK, values![skus.into_iter().map(str::to_owned).collect::<Vec<_>>()]));
    }
    if !touched.held_of.is_empty() {
        statements.push((HELD_BY, values![texts(&touched.held_of)]));
    }
    if touched.draws_number {
        statements.push((ORDER_NUMBER, vec![]));
        // Behind that lock: whoever changes the currency holds it, too.
        statements.push((settings::POLICY, vec![]));
    }
    if !touched.counts.is_empty() {
        statements.push((COUNTS, values![texts(&touched.counts)]));
    }
    if !touched.shipments.is_empty() {
        statements.push(money::shipments_query(&touched.shipments));
    }
    statements
}

fn read_the_rest(
    books: &mut Books,
    touched: &Touched,
    locks_rows: bool,
    mut answers: impl Iterator<Item = Vec<Row>>,
) -> Result<()> {
    if !touched.holders.is_empty() {
        let _added = locks_rows.then(|| answers.next());
        for row in answers.next().unwrap_or_default() {
            books.holders.insert(row.text(0).to_owned(), row.int(1));
        }
    }
    let mut collections: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if !touched.buyers.is_empty() {
        let before = answers.next().unwrap_or_default();
        books.ordered_before = before.iter().map(|row| row.text(0).to_owned()).collect();
        for row in answers.next().unwrap_or_default() {
            collections.entry(row.text(0).to_owned()).or_default().push(row.text(1).to_owned());
        }
    }
    if !touched.coupons.is_empty() {
        read_coupons(books, &answers.next().unwrap_or_default(), &answers.next().unwrap_or_default())?;
    }
    if !touched.skus.is_empty() {
        for row in answers.next().unwrap_or_default() {
            read_stock(books, &row, &mut collections)?;
        }
    }
    if !touched.held_of.is_empty() {
        for row in answers.next().unwrap_or_default() {
            books.held_by.entry(sku(row.text(0))?).or_default().insert(parsed(row.text(1).parse())?);
        }
    }
    if touched.draws_number {
        books.order_number = answers.next().unwrap_or_default().first().map_or(0, |row| row.int(0));
        let set = settings::by_key(&answers.next().unwrap_or_default());
        books.policy = settings::policy(&set, &books.policy)?;
    }
    if !touched.counts.is_empty() {
        for row in answers.next().unwrap_or_default() {
            let id: CountId = parsed(row.text(0).parse())?;
            books.past_counts.insert(id, PastCount { id, sku: sku(row.text(1))?, delta: row.int(2) });
        }
    }
    if !touched.shipments.is_empty() {
        money::read_shipments(books, &answers.next().unwrap_or_default())?;
    }
    Ok(())
}

/// Saves what the batch changed, commit included.
pub async fn save<T: Tx>(tx: &mut T, books: &Books) -> Result<()> {
    let changes = &books.changes;
    let stock = changes.levels.iter().map(|(sku, delta)| {
        values![sku.as_str(), delta.on_hand, delta.held, delta.movements, delta.short, delta.revision]
    });
    // The count itself, not a delta: its row is locked, and a fresh row must satisfy its check at once.
    let holders = changes.holders.iter().filter(|(_, delta)| **delta != 0);
    let holders = holders.map(|(holder, _)| values![holder.as_str(), books.holders[holder]]);
    let coupons = changes.coupons.iter().filter(|(_, delta)| **delta != 0);
    let coupons = coupons.map(|(code, delta)| values![code.as_str(), *delta]);
    let customers = changes.customers.iter().map(|(code, buyer)| {
        let account = &books.coupons[code];
        let used = account.by_customer[buyer];
        values![
            code.as_str(),
            buyer.as_str(),
            used,
            account.coupon.usage_limit_per_customer.map(|limit| limit.max(used))
        ]
    });
    let number = (changes.numbers_drawn > 0).then(|| values!["order_number", changes.numbers_drawn]);
    let placed = || changes.placed.iter().map(|id| &books.orders[id]);
    let readdressed = || changes.addresses.iter().map(|(id, before)| (&books.orders[id], before.as_str()));
    let changed = changes.orders.difference(&changes.placed).map(|id| &books.orders[id]);
    let lines = changes.lines.iter().map(|id| &books.orders[id]);
    let mut flight: Vec<(&'static str, Vec<Row>)> = vec![
        (SAVE_HOLDERS, holders.collect()),
        (SAVE_COUPONS, coupons.collect()),
        (SAVE_CUSTOMERS, customers.collect()),
        (SAVE_STOCK, stock.collect()),
        (SAVE_ORDER_NUMBER, number.into_iter().collect()),
        (INSERT_ORDERS, placed().map(inserted_order).collect()),
        (INSERT_LINES, placed().flat_map(inserted_lines).collect()),
        (DELETE_NAMES, readdressed().flat_map(|(order, before)| names_of(order.number, before)).collect()),
        (INSERT_NAMES, placed().chain(readdressed().map(|(order, _)| order)).flat_map(inserted_names).collect()),
        (SAVE_ADDRESSES, readdressed().map(|(order, _)| saved_address(order)).collect()),
        (SAVE_ORDERS, changed.map(saved_order).collect()),
        (INSERT_EVENTS, changes.events.iter().map(inserted_event).collect()),
        (SAVE_LINES, lines.flat_map(saved_lines).collect()),
    ];
    flight.extend(money::saves(books));
    flight.push((INSERT_MOVEMENTS, changes.movements.iter().map(inserted_movement).collect()));
    flight.push((INSERT_SHORTFALLS, changes.shortfalls.iter().map(inserted_shortfall).collect()));
    flight.push((INSERT_EFFECTS, inserted_effects(books)));
    flight.push((webhooks::ANNOUNCE, webhooks::announced(books)));
    flight.retain(|(_, rows)| !rows.is_empty());
    flight.push(("commit", vec![vec![]]));
    tx.flight(flight).await
}

fn together(commands: &[&Command]) -> Touched {
    let mut all = Touched::default();
    for command in commands {
        let touched = command.touched();
        all.orders.extend(touched.orders);
        all.skus.extend(touched.skus);
        all.held_of.extend(touched.held_of);
        all.holders.extend(touched.holders);
        all.coupons.extend(touched.coupons);
        all.buyers.extend(touched.buyers);
        all.counts.extend(touched.counts);
        all.payments.extend(touched.payments);
        all.shipments.extend(touched.shipments);
        all.money |= touched.money;
        all.draws_number |= touched.draws_number;
        all.order_stock |= touched.order_stock;
    }
    all.orders.sort_unstable();
    all.orders.dedup();
    all
}

fn read_orders(books: &mut Books, orders: &[Row], lines: &[Row]) -> Result<()> {
    for row in orders {
        let order = order(row)?;
        books.orders.insert(order.id, order);
    }
    for row in lines {
        let id: OrderId = parsed(row.text(0).parse())?;
        let line = Line {
            sku: sku(row.text(1))?,
            title: row.text(2).to_owned(),
            variant_title: row.text(3).to_owned(),
            quantity: row.int(4),
            unit_price_minor: row.int(5),
            discount_minor: row.int(6),
            total_minor: row.int(7),
            shipped: row.int(8),
            cancelled: row.int(9),
            restocked: row.int(10),
            tax_rate: parsed(Rate::from_millionths(row.int(11)))?,
            tax_minor: row.int(12),
        };
        if let Some(order) = books.orders.get_mut(&id) {
            order.lines.push(line);
        }
    }
    Ok(())
}

fn read_coupons(books: &mut Books, coupons: &[Row], customers: &[Row]) -> Result<()> {
    for row in coupons {
        let stored = coupons::stored(row)?;
        let account = Account { coupon: stored.coupon, used: stored.used, by_customer: BTreeMap::new() };
        books.coupons.insert(account.coupon.code.clone(), account);
    }
    for row in customers {
        let code = parsed(CouponCode::parse(row.text(0)))?;
        if let Some(account) = books.coupons.get_mut(&code) {
            account.by_customer.insert(row.text(1).to_owned(), row.int(2));
        }
    }
    Ok(())
}

fn read_stock(books: &mut Books, row: &Row, collections: &mut BTreeMap<String, Vec<String>>) -> Result<()> {
    let sku = sku(row.text(0))?;
    let (short, revision) = (row.int(12), row.int(13));
    books.levels.insert(sku.clone(), Level { on_hand: row.int(1), held: row.int(2), seq: row.int(3), short, revision });
    let good = Good {
        price_minor: row.int(4),
        for_sale: row.int(5) == 1 && row.text(8) == "active",
        variant_titles: localized(row.text(6))?,
        titles: localized(row.text(7))?,
        weight_grams: row.int_or_none(10),
        tax_class: parsed(TaxClass::parse(row.text(11)))?,
        product: row.text(9).to_owned(),
        collections: collections.remove(row.text(0)).unwrap_or_default(),
    };
    books.goods.insert(sku, good);
    Ok(())
}

fn order(row: &Row) -> Result<Order> {
    Ok(Order {
        id: parsed(row.text(0).parse())?,
        number: row.int(1),
        status: known(Status::parse(row.text(2)))?,
        hold: known(Hold::parse(row.text(3)))?,
        request_hash: row.text(4).to_owned(),
        email: row.text(5).to_owned(),
        buyer: row.text(6).to_owned(),
        client: row.text(7).to_owned(),
        cart_id: row.text(8).to_owned(),
        language: row.text(9).to_owned(),
        shipping_address: row.text(10).to_owned(),
        currency: parsed(Currency::parse(row.text(11)))?,
        subtotal_minor: row.int(12),
        discount_minor: row.int(13),
        shipping_minor: row.int(14),
        tax_minor: row.int(15),
        total_minor: row.int(16),
        reserved_at: Timestamp::from_micros(row.int(17)),
        hold_due_at: Timestamp::from_micros(row.int(18)),
        session: known(Session::parse(row.text(19)))?,
        session_id: row.text_or_none(20).map(str::to_owned),
        session_url: row.text_or_none(21).map(str::to_owned),
        session_expires_at: row.int_or_none(22).map(Timestamp::from_micros),
        livemode: row.int_or_none(23).map(|live| live == 1),
        payment_intent: row.text_or_none(24).map(str::to_owned),
        paid_at: row.int_or_none(25).map(Timestamp::from_micros),
        cancelled_at: row.int_or_none(26).map(Timestamp::from_micros),
        cancel_reason: row.text(27).to_owned(),
        fulfilment: known(Fulfilment::parse(row.text(28)))?,
        revision: row.int(29),
        coupon: match row.text_or_none(30) {
            Some(code) => Some(CouponUse { code: parsed(CouponCode::parse(code))?, counts: row.int(31) == 1 }),
            None => None,
        },
        destination: priced::destination(row.text(32))?,
        delivery: priced::delivery(row.text(33))?,
        shipping_tax_minor: row.int(34),
        taxation: known(Taxation::parse(row.text(35)))?,
        tax_lines: priced::tax_lines(row.text(36))?,
        hold_extended: row.int(37) == 1,
        lines: Vec::new(),
    })
}

fn inserted_order(order: &Order) -> Row {
    values![
        order.id.to_string(),
        order.number,
        order.status.as_str(),
        order.hold.as_str(),
        order.request_hash.as_str(),
        order.email.as_str(),
        order.buyer.as_str(),
        order.client.as_str(),
        order.cart_id.as_str(),
        order.language.as_str(),
        order.shipping_address.as_str(),
        order.currency.code(),
        order.subtotal_minor,
        order.discount_minor,
        order.shipping_minor,
        order.tax_minor,
        order.total_minor,
        order.reserved_at.micros(),
        order.hold_due_at.micros(),
        order.session.as_str(),
        order.session_id.clone(),
        order.session_url.clone(),
        order.session_expires_at.map(Timestamp::micros),
        order.livemode.map(i64::from),
        order.payment_intent.clone(),
        order.paid_at.map(Timestamp::micros),
        order.cancelled_at.map(Timestamp::micros),
        order.cancel_reason.as_str(),
        order.fulfilment.as_str(),
        order.revision,
        order.coupon.as_ref().map(|taken| taken.code.to_string()),
        i64::from(order.coupon.as_ref().is_some_and(|taken| taken.counts)),
        priced::destination_text(order.destination.as_ref()),
        priced::delivery_text(order.delivery.as_ref()),
        order.shipping_tax_minor,
        order.taxation.as_str(),
        priced::tax_lines_text(&order.tax_lines),
        order_search::country(order),
    ]
}

fn inserted_names(order: &Order) -> Vec<Row> {
    names_of(order.number, &order.shipping_address)
}

fn names_of(number: i64, address: &str) -> Vec<Row> {
    order_search::names(address).into_iter().map(|name| values![name, number]).collect()
}

fn saved_address(order: &Order) -> Row {
    values![
        order.id.to_string(),
        order.shipping_address.as_str(),
        priced::destination_text(order.destination.as_ref()),
        order_search::country(order),
    ]
}

fn inserted_lines(order: &Order) -> Vec<Row> {
    let line = |(at, line): (usize, &Line)| {
        values![
            order.id.to_string(),
            at as i64 + 1,
            line.sku.as_str(),
            line.title.as_str(),
            line.variant_title.as_str(),
            line.quantity,
            line.unit_price_minor,
            line.discount_minor,
            line.tax_rate.millionths(),
            line.tax_minor,
            line.total_minor,
            order.number,
        ]
    };
    order.lines.iter().enumerate().map(line).collect()
}

fn saved_lines(order: &Order) -> Vec<Row> {
    let line = |(at, line): (usize, &Line)| {
        values![order.id.to_string(), at as i64 + 1, line.shipped, line.cancelled, line.restocked]
    };
    order.lines.iter().enumerate().map(line).collect()
}

fn saved_order(order: &Order) -> Row {
    values![
        order.id.to_string(),
        order.status.as_str(),
        order.hold.as_str(),
        order.session.as_str(),
        order.session_id.clone(),
        order.session_url.clone(),
        order.session_expires_at.map(Timestamp::micros),
        order.livemode.map(i64::from),
        order.payment_intent.clone(),
        order.paid_at.map(Timestamp::micros),
        order.cancelled_at.map(Timestamp::micros),
        order.cancel_reason.as_str(),
        order.fulfilment.as_str(),
        order.revision,
        i64::from(order.coupon.as_ref().is_some_and(|taken| taken.counts)),
        order.hold_due_at.micros(),
        i64::from(order.hold_extended),
    ]
}

fn inserted_event(event: &rules::orders::Event) -> Row {
    values![event.order.to_string(), event.seq, event.kind, event.detail.as_str(), event.at.micros()]
}

fn inserted_movement(movement: &rules::stock::Movement) -> Row {
    values![
        movement.sku.as_str(),
        movement.seq,
        movement.delta,
        movement.on_hand_after,
        movement.reason.as_str(),
        movement.order.map(|order| order.to_string()),
        movement.actor.as_str(),
        movement.command.as_str(),
        movement.at.micros(),
    ]
}

fn inserted_shortfall(shortfall: &rules::stock::Shortfall) -> Row {
    values![
        shortfall.id.to_string(),
        shortfall.sku.as_str(),
        shortfall.units,
        shortfall.actor.as_str(),
        shortfall.at.micros(),
    ]
}

/// An effect is due at the moment of the decision that asked for it.
fn inserted_effects(books: &Books) -> Vec<Row> {
    let moment = books.changes.events.iter().map(|event| event.at.micros()).max().unwrap_or(0);
    let row = |effect: &rules::effects::Effect| {
        let (kind, subject) = (effect.kind(), effect.subject());
        values![format!("{kind}:{subject}"), kind, subject, effect.order().to_string(), moment]
    };
    books.changes.effects.iter().map(row).collect()
}

fn localized(json: &str) -> Result<BTreeMap<String, String>> {
    serde_json::from_str(json).map_err(|error| StorageError::Broken(format!("a stored title is not JSON: {error}")))
}

pub(super) fn texts<T: std::fmt::Display>(ids: &[T]) -> Vec<String> {
    ids.iter().map(T::to_string).collect()
}

fn sku(text: &str) -> Result<Sku> {
    parsed(Sku::parse(text))
}

pub(super) fn parsed<T, E: std::fmt::Display>(result: Result<T, E>) -> Result<T> {
    result.map_err(|error| StorageError::Broken(format!("a stored value cannot be read: {error}")))
}

pub(super) fn known<T>(word: Option<T>) -> Result<T> {
    word.ok_or_else(|| StorageError::Broken("a stored word is not known to this version".to_owned()))
}
