//! The list of orders: tabs, search, filters in the address, a page at a time; and many orders marked as shipped at once.

use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::commands::ship_order::ShipOrder;
use rules::ids::{OrderId, ShipmentId};
use rules::orders::{Fulfilment, Status};
use rules::places::Country;

use super::{Fields, MoneyState, chip, field, line, name_on, refusal, refused, shipping_chip, ticked};
use crate::language::{Edge, countries, machine_time, parse_edge};
use crate::storage::keys::Scope;
use crate::storage::order_list::{self, COUNT_MAX, Counts, Filters, ListRow, Tab, Wanted};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::api::checkout::bits;

/// Rows of one page, and so the most that can be ticked.
pub const ROWS: usize = 50;
/// Fields of the address that say what is listed, beside the page.
const NAMES: [&str; 9] = ["tab", "q", "status", "shipping", "country", "from", "to", "min", "max"];

/// `GET /admin/orders`
pub async fn show(desk: Desk, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let asked: Fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let (wanted, unread) = read(&desk, &asked);
    let page = order_list::page(&desk.shop.storage, &wanted).await?;
    let counts = order_list::counts(&desk.shop.storage).await?;
    let next = page.rows.last().filter(|_| page.is_more).map(|row| {
        let mut query = kept(&asked, &[]);
        query.push(("after".to_owned(), row.number.to_string()));
        address(&desk, &query)
    });
    let narrowed = NAMES[2..].iter().any(|name| !field(&asked, name).is_empty());
    let context = context! {
        tabs => tabs(&desk, &asked, wanted.tab, counts),
        tab => wanted.tab.as_str(),
        asked => NAMES.iter().map(|name| ((*name).to_owned(), field(&asked, name).to_owned()))
            .collect::<std::collections::BTreeMap<_, _>>(),
        statuses => statuses(&desk, field(&asked, "status")),
        shippings => shippings(&desk, field(&asked, "shipping")),
        countries => country_choice(&desk, wanted.filters.country.as_ref()),
        unread,
        rows => page.rows.iter().map(|row| shown(&desk, row)).collect::<Vec<_>>(),
        is_cut_short => page.is_cut_short,
        first => (wanted.before.is_some()).then(|| address(&desk, &kept(&asked, &[]))),
        next,
        narrowed,
        searched => !wanted.search.is_empty(),
        without => address(&desk, &kept(&asked, &NAMES[1..])),
        may_ship => desk.may(Scope::OrdersWrite),
        may_export => desk.may(Scope::CustomersRead),
    };
    desk.page(StatusCode::OK, "admin/orders.html", context)
}

/// What an address asks for; and what in it could not be understood, which is left out.
fn read(desk: &Desk, asked: &[(String, String)]) -> (Wanted, Vec<String>) {
    let (currency, zone) = (desk.settings.currency, &desk.settings.time_zone);
    let mut unread = Vec::new();
    let mut told = |name: &'static str, key: &str, is_read: bool| {
        if !is_read && !field(asked, name).is_empty() {
            unread.push(desk.say(key, &[]));
        }
    };
    let status = Status::parse(field(asked, "status"));
    let fulfilment = Fulfilment::parse(field(asked, "shipping"));
    let country = Country::parse(field(asked, "country")).ok();
    let from = parse_edge(field(asked, "from"), zone, Edge::Start);
    let until = parse_edge(field(asked, "to"), zone, Edge::End);
    let amount_from = super::minor_of(field(asked, "min"), currency);
    let amount_to = super::minor_of(field(asked, "max"), currency);
    told("status", "admin-orders-payment", status.is_some());
    told("shipping", "admin-orders-shipping", fulfilment.is_some());
    told("country", "admin-orders-country", country.is_some());
    told("from", "admin-orders-from", from.is_some());
    told("to", "admin-orders-to", until.is_some());
    told("min", "admin-orders-min", amount_from.is_some());
    told("max", "admin-orders-max", amount_to.is_some());
    let search = field(asked, "q").to_owned();
    // Whoever searches looks everywhere, unless they say where.
    let otherwise = if search.is_empty() { Tab::ToShip } else { Tab::All };
    let wanted = Wanted {
        tab: Tab::parse(field(asked, "tab")).unwrap_or(otherwise),
        filters: Filters { status, fulfilment, country, from, until, amount_from, amount_to },
        search,
        before: field(asked, "after").parse().ok(),
        limit: ROWS as i64,
    };
    (wanted, unread)
}

/// What an address keeps of what was asked, without these names and without its page.
fn kept(asked: &[(String, String)], without: &[&str]) -> Fields {
    let stays = |name: &&&str| !without.contains(name) && !field(asked, name).is_empty();
    NAMES.iter().filter(stays).map(|name| ((*name).to_owned(), field(asked, name).to_owned())).collect()
}

fn address(desk: &Desk, query: &[(String, String)]) -> String {
    let here = format!("{}/admin/orders", desk.prefix());
    if query.is_empty() {
        return here;
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{here}?{query}")
}

fn tabs(desk: &Desk, asked: &[(String, String)], now: Tab, counts: Counts) -> Vec<Value> {
    let tab = |(tab, key, count): (Tab, &str, Option<i64>)| {
        let mut query = kept(asked, &["tab"]);
        query.insert(0, ("tab".to_owned(), tab.as_str().to_owned()));
        let count = count.filter(|count| *count > 0);
        let count = count.map(|count| if count < COUNT_MAX { count.to_string() } else { format!("{COUNT_MAX}+") });
        context! { href => address(desk, &query), label => desk.say(key, &[]), count, here => tab == now }
    };
    let all = [
        (Tab::ToShip, "admin-orders-tab-to-ship", Some(counts.to_ship)),
        (Tab::Unpaid, "admin-orders-tab-unpaid", Some(counts.unpaid)),
        (Tab::All, "admin-orders-tab-all", None),
        (Tab::Refunds, "admin-orders-tab-refunds", Some(counts.refunds)),
    ];
    all.into_iter().map(tab).collect()
}

fn statuses(desk: &Desk, chosen: &str) -> Vec<Value> {
    let option = |status: &Status| {
        let (_, key) = MoneyState::default().chip(*status);
        context! { value => status.as_str(), name => desk.say(key, &[]), chosen => status.as_str() == chosen }
    };
    Status::ALL.iter().map(option).collect()
}

fn shippings(desk: &Desk, chosen: &str) -> Vec<Value> {
    let option = |fulfilment: &Fulfilment| {
        let (_, key) = shipping_chip(Status::Paid, *fulfilment, 1).expect("a paid order is somewhere on its way");
        context! { value => fulfilment.as_str(), name => desk.say(key, &[]), chosen => fulfilment.as_str() == chosen }
    };
    Fulfilment::ALL.iter().map(option).collect()
}

pub fn country_choice(desk: &Desk, chosen: Option<&Country>) -> Vec<Value> {
    let option = |(country, name): (Country, &'static str)| {
        context! { value => country.code(), name, chosen => chosen == Some(&country) }
    };
    countries(desk.language).map(option).collect()
}

/// One row, as every list of orders shows it.
pub fn shown(desk: &Desk, row: &ListRow) -> Value {
    let money = MoneyState {
        captured: row.captured,
        going_back: row.going_back,
        differs: row.differs,
        refund_failed: row.refund_failed,
        disputed: row.disputed,
    };
    let name = name_on(&row.shipping_address);
    context! {
        id => row.id.to_string(),
        number => row.number,
        href => format!("{}{}", desk.prefix(), super::place_of(row.id)),
        time => desk.time(row.reserved_at),
        iso => machine_time(row.reserved_at),
        name => if name.is_empty() { row.email.clone() } else { name.clone() },
        email => (!name.is_empty()).then(|| row.email.clone()),
        title => row.title.as_str(),
        lang => row.language.as_str(),
        units => row.units,
        others => row.lines - 1,
        total => desk.money_in(row.total, row.currency),
        payment => chip(desk, money.chip(row.status)),
        shipping => shipping_chip(row.status, row.fulfilment, row.open).map(|known| chip(desk, known)),
    }
}

/// `GET /admin/orders/ship`: what was ticked, before it is marked as shipped.
pub async fn show_ship(desk: Desk, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let fields: Fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let rows = order_list::these(&desk.shop.storage, &ticked(&fields)).await?;
    let can = |row: &&ListRow| row.status == Status::Paid && row.open > 0;
    let context = context! {
        seed => format!("{:032x}", super::drawn()),
        can => rows.iter().filter(can).count(),
        rows => rows.iter().map(|row| shown(&desk, row)).collect::<Vec<_>>(),
        carriers => rules::carriers::CARRIERS.iter().map(|carrier| carrier.name).collect::<Vec<_>>(),
        results => (),
    };
    desk.page(StatusCode::OK, "admin/orders_ship.html", context)
}

/// `POST /admin/orders/ship`: each order for itself, and what became of each. The answer is the page: the same form again is
/// the same parcels.
pub async fn ship(desk: Desk, form: Result<Form<Fields>, FormRejection>) -> Result<Response, PageError> {
    let fields = form?.0;
    let seed = field(&fields, "seed");
    let (Some(carrier), true) = (line(&fields, "carrier"), seed.len() == 32) else { return Err(PageError::Unreadable) };
    let notify = !field(&fields, "notify").is_empty();
    let (mut results, mut done) = (Vec::new(), 0_usize);
    for row in order_list::these(&desk.shop.storage, &ticked(&fields)).await? {
        let command = ShipOrder {
            shipment_id: ShipmentId::from_u128(bits(&format!("shipment:{seed}:{}", row.id))),
            order_id: row.id,
            lines: Vec::new(),
            carrier: carrier.to_owned(),
            tracking: String::new(),
            notify,
            request_hash: format!("all by {carrier}, {notify}"),
        };
        let why = match desk.shop.ledger.ship_order(command, desk.shop.now()).await {
            Ok(_) => None,
            Err(failure) => Some(refused(&desk, &refusal(failure)?)),
        };
        done += usize::from(why.is_none());
        results.push(context! { row => shown(&desk, &row), why });
    }
    desk.shop.wake_workers();
    let (all, done) = (results.len(), done);
    let context = context! { results, done, failed => all - done, rows => (), can => 0, seed => "", carriers => () };
    let page = desk.page(StatusCode::OK, "admin/orders_ship.html", context)?;
    Ok(noted(page, format!("{done} of {all} orders shipped")))
}

/// The orders that an address names, for papers; none: there is nothing to print.
pub fn named(query: Option<String>) -> Vec<OrderId> {
    let fields: Fields = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    ticked(&fields)
}
