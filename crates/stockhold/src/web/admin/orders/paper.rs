//! What leaves the desk: packing slips to print, and a spreadsheet.

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path, RawQuery};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Value;

use super::{Fields, full_title, is_packed, name_on, shown_address, stored, ticked};
use crate::catalogue::rows::defused;
use crate::language::machine_time;
use crate::storage::order_list;
use crate::storage::orders::{self, OrderView};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};

/// `GET /admin/orders/{id}/packing-slip`
pub async fn slip(desk: Desk, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let order = stored(&desk, &path?.0).await?;
    print(&desk, &[order])
}

/// `GET /admin/orders/packing-slips?order=…&order=…`
pub async fn slips(desk: Desk, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let mut found = Vec::new();
    for id in super::list::named(query) {
        found.extend(orders::find(&desk.shop.storage, id).await?);
    }
    found.sort_by_key(|order| order.number);
    print(&desk, &found)
}

/// A page that was opened before offers them still: those that nobody is to pack are named and not printed.
fn print(desk: &Desk, orders: &[OrderView]) -> Result<Response, PageError> {
    let (packed, left_out): (Vec<&OrderView>, Vec<&OrderView>) = orders.iter().partition(|order| is_packed(order));
    let slips: Vec<Value> = packed.into_iter().map(|order| shown(desk, order)).collect();
    let left_out = left_out.iter().map(|order| order.number.to_string()).collect::<Vec<_>>().join(", ");
    let left_out = (!left_out.is_empty()).then(|| desk.say("admin-orders-not-packed", &[("numbers", left_out.into())]));
    desk.page(StatusCode::OK, "admin/packing_slip.html", context! { slips, left_out })
}

/// Goods and the way of delivery are named as the order froze them, in its buyer's language; all else speaks the desk's. What
/// is called off is not packed.
fn shown(desk: &Desk, order: &OrderView) -> Value {
    let lines = order.lines.iter().filter(|line| line.quantity > line.cancelled).map(|line| {
        let units = line.quantity - line.cancelled;
        context! { title => full_title(line), sku => line.sku.as_str(), units, shipped => line.shipped }
    });
    context! {
        number => order.number,
        lang => order.language.as_str(),
        placed => desk.time(order.reserved_at),
        address => shown_address(desk, order),
        delivery => order.delivery.as_ref().map(|delivery| delivery.title.clone()),
        lines => lines.collect::<Vec<_>>(),
    }
}

/// `POST /admin/orders/csv`: the rows that were ticked. A button and not a link: who took addresses out of the shop stands in
/// the audit log. Cells that a spreadsheet would compute are defused.
pub async fn csv(desk: Desk, form: Result<Form<Fields>, FormRejection>) -> Result<Response, PageError> {
    let rows = order_list::these(&desk.shop.storage, &ticked(&form?.0)).await?;
    let mut file = csv::Writer::from_writer(vec![0xEF, 0xBB, 0xBF]); // Excel reads UTF-8 only behind this mark.
    let headings =
        ["number", "placed_at", "paid_at", "status", "fulfilment", "name", "email", "items", "total", "currency", "id"];
    let fault = |error: csv::Error| PageError::Fault(error.to_string());
    file.write_record(headings).map_err(fault)?;
    for row in &rows {
        let total = rules::money::Money::new(row.total, row.currency);
        let cells = [
            row.number.to_string(),
            machine_time(row.reserved_at),
            row.paid_at.map(machine_time).unwrap_or_default(),
            row.status.as_str().to_owned(),
            row.fulfilment.as_str().to_owned(),
            defused(&name_on(&row.shipping_address)),
            defused(&row.email),
            row.units.to_string(),
            total.plain(),
            row.currency.code().to_owned(),
            row.id.to_string(),
        ];
        file.write_record(cells).map_err(fault)?;
    }
    let file = file.into_inner().map_err(|error| PageError::Fault(error.to_string()))?;
    let mut response = file.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"orders.csv\""));
    Ok(noted(response, format!("{} orders", rows.len())))
}
