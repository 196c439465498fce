//! One parcel: which units leave, with whom, and whether the buyer hears of it.

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::carriers::CARRIERS;
use rules::commands::ship_order::ShipOrder;
use rules::ids::ShipmentId;
use rules::orders::Status;
use rules::shipments::Units;

use super::{Fields, field, full_title, heading, line, open_units, place_of, refusal, refused, shown_address, stored};
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::session::digest;
use crate::web::storefront::quantity;

/// `GET /admin/orders/{id}/ship`
pub async fn show(desk: Desk, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let order = stored(&desk, &path?.0).await?;
    let id = ShipmentId::from_u128(super::drawn()).to_string();
    page(&desk, &order, StatusCode::OK, &vec![("shipment".to_owned(), id)], None)
}

/// `POST /admin/orders/{id}/ship`: the same form again is the same parcel, and its letter goes once.
pub async fn submit(
    desk: Desk,
    path: Result<Path<String>, PathRejection>,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, PageError> {
    let (order, fields) = (stored(&desk, &path?.0).await?, form?.0);
    let shipment_id: ShipmentId = field(&fields, "shipment").parse().map_err(|_| PageError::Unreadable)?;
    let again = |status, key: &str| page(&desk, &order, status, &fields, Some(desk.say(key, &[])));
    let mut lines = Vec::new();
    for (line_no, _) in (1..).zip(&order.lines) {
        let typed = field(&fields, &format!("units-{line_no}"));
        let Some(units) = quantity(if typed.is_empty() { "0" } else { typed }, 0) else {
            return again(StatusCode::UNPROCESSABLE_ENTITY, "admin-orders-wrong-units");
        };
        if units > 0 {
            lines.push(Units { line_no, units });
        }
    }
    if lines.is_empty() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "admin-orders-wrong-no-units");
    }
    let (Some(carrier), Some(tracking)) = (line(&fields, "carrier"), line(&fields, "tracking")) else {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "admin-orders-wrong-words");
    };
    let notify = !field(&fields, "notify").is_empty();
    let units: i64 = lines.iter().map(|part| part.units).sum();
    let command = ShipOrder {
        shipment_id,
        order_id: order.id,
        request_hash: digest(&format!("{lines:?} {carrier} {tracking} {notify}")),
        lines,
        carrier: carrier.to_owned(),
        tracking: tracking.to_owned(),
        notify,
    };
    if let Err(failure) = desk.shop.ledger.ship_order(command, desk.shop.now()).await {
        let words = refused(&desk, &refusal(failure)?);
        return page(&desk, &order, StatusCode::CONFLICT, &fields, Some(words));
    }
    desk.shop.wake_workers();
    Ok(noted(desk.done(&place_of(order.id), "order-shipped"), format!("{units} units")))
}

fn page(
    desk: &Desk,
    order: &OrderView,
    status: StatusCode,
    typed: &Fields,
    wrong: Option<String>,
) -> Result<Response, PageError> {
    let is_first = typed.len() == 1;
    let lines = (1..).zip(&order.lines).map(|(line_no, line)| {
        let name = format!("units-{line_no}");
        let open = open_units(line);
        let value = if is_first { open.to_string() } else { field(typed, &name).to_owned() };
        context! {
            name, value, open,
            title => full_title(line), sku => line.sku.as_str(), quantity => line.quantity, shipped => line.shipped,
        }
    });
    let why_not = match order.status {
        Status::Paid if order.lines.iter().any(|line| open_units(line) > 0) => None,
        Status::Paid => Some("admin-orders-refused-nothing-to-ship"),
        Status::Pending | Status::Processing | Status::Expired | Status::Cancelled => {
            Some("admin-orders-refused-not-paid")
        }
        Status::Refunded => Some("admin-orders-refused-nothing-to-ship"),
    };
    let context = context! {
        order => heading(desk, order),
        wrong,
        why_not => why_not.map(|key| desk.say(key, &[])),
        lines => lines.collect::<Vec<_>>(),
        carriers => CARRIERS.iter().map(|carrier| carrier.name).collect::<Vec<_>>(),
        shipment => field(typed, "shipment"),
        carrier => field(typed, "carrier"),
        tracking => field(typed, "tracking"),
        notify => is_first || !field(typed, "notify").is_empty(),
        email => order.email.as_str(),
        address => shown_address(desk, order),
    };
    desk.page(status, "admin/order_ship.html", context)
}
