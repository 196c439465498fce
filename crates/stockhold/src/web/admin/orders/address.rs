//! Where an order goes, as long as something of it is to be sent. Two people at once never overwrite each other unseen.

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::commands::change_address::ChangeAddress;
use rules::orders::Status;
use rules::places::{Destination, Region};
use rules::taxes::Taxation;

use super::{Fields, field, heading, line, open_units, place_of, refusal, refused, stored};
use crate::language::{country_name, find_country};
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::admin::desk::Desk;
use crate::web::api::order_desk::left_empty;

const ADDRESS: [&str; 6] = ["name", "street", "postal_code", "city", "region", "country"];

/// `GET /admin/orders/{id}/address`
pub async fn show(desk: Desk, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let order = stored(&desk, &path?.0).await?;
    let before = parsed(&order.shipping_address);
    let typed = ADDRESS.iter().map(|name| {
        let text = before.get(*name).and_then(|text| text.as_str()).unwrap_or_default();
        ((*name).to_owned(), text.to_owned())
    });
    let typed: Fields = typed.chain([("before".to_owned(), order.shipping_address.clone())]).collect();
    page(&desk, &order, StatusCode::OK, &typed, None)
}

/// `POST /admin/orders/{id}/address`
pub async fn submit(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, PageError> {
    let (order, typed) = (stored(&desk, &path?.0).await?, form?.0);
    let mut address = parsed(&order.shipping_address);
    for name in ADDRESS {
        let Some(text) = line(&typed, name) else {
            let words = desk.say("admin-orders-wrong-words", &[]);
            return page(&desk, &order, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some(words));
        };
        if text.is_empty() {
            address.remove(name);
        } else {
            address.insert(name.to_owned(), text.into());
        }
    }
    let address = if address.is_empty() { String::new() } else { serde_json::Value::Object(address).to_string() };
    if !left_empty(&order.shipping_address, &address).is_empty() {
        let words = desk.say("admin-orders-wrong-address", &[]);
        return page(&desk, &order, StatusCode::UNPROCESSABLE_ENTITY, &typed, Some(words));
    }
    let country = find_country(field(&typed, "country"));
    let region = Region::parse(field(&typed, "region")).ok();
    let command = ChangeAddress {
        order_id: order.id,
        before: field(&typed, "before").to_owned(),
        address,
        destination: country.map(|country| Destination { country, region }),
        actor: desk.actor(),
    };
    match desk.shop.ledger.change_address(command, desk.shop.now()).await {
        Ok(_) => Ok(desk.done(&place_of(order.id), "order-address")),
        Err(failure) => {
            let words = refused(&desk, &refusal(failure)?);
            // The newest one stands beside what was typed, so that nothing is lost and nothing is overwritten.
            page(&desk, &order, StatusCode::CONFLICT, &typed, Some(words))
        }
    }
}

pub fn may_change(order: &OrderView) -> bool {
    match order.status {
        Status::Pending | Status::Processing => true,
        Status::Paid => order.lines.iter().any(|line| open_units(line) > 0),
        Status::Expired | Status::Cancelled | Status::Refunded => false,
    }
}

fn parsed(stored: &str) -> serde_json::Map<String, serde_json::Value> {
    serde_json::from_str(stored).unwrap_or_default()
}

fn page(
    desk: &Desk,
    order: &OrderView,
    status: StatusCode,
    typed: &Fields,
    wrong: Option<String>,
) -> Result<Response, PageError> {
    // What the price depends on stays: nobody is offered what will be refused.
    let is_fixed = order.delivery.is_some() || order.taxation != Taxation::None;
    let fixed = order.destination.as_ref().filter(|_| is_fixed).map(|to| country_name(desk.language, to.country));
    let country = field(typed, "country");
    let typed_country = find_country(country);
    let context = context! {
        order => heading(desk, order),
        wrong,
        why_not => (!may_change(order)).then(|| desk.say("admin-orders-refused-nothing-to-ship", &[])),
        values => ADDRESS.iter().map(|name| ((*name).to_owned(), field(typed, name).to_owned()))
            .collect::<std::collections::BTreeMap<_, _>>(),
        fixed,
        // A country that nobody knows stays as it was written.
        odd_country => typed_country.is_none().then_some(country).filter(|text| !text.is_empty()),
        countries => super::list::country_choice(desk, typed_country.as_ref()),
        before => field(typed, "before"),
        now => (status == StatusCode::CONFLICT).then(|| super::shown_address(desk, order)),
    };
    desk.page(status, "admin/order_address.html", context)
}
