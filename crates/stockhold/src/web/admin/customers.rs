//! Customers: who has ordered, and their data: handed out whole, or gone.

use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, Path, Query};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::Value;
use rules::ids::OrderId;
use serde::Deserialize;

use super::desk::{Desk, noted};
use crate::privacy::{self, ErasureFailure};
use crate::storage::customers::{self, Customer, CustomerOrder};
use crate::storage::erasure::OpenOrder;
use crate::storage::keys::Scope;
use crate::web::PageError;

const ROWS: i64 = 50;
/// Longer words are nobody's name or e-mail.
const QUERY_CHARS_MAX: usize = 254;

#[derive(Debug, Default, Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    q: String,
    after: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
pub struct OrdersQuery {
    after: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExportForm {
    format: String,
}

pub async fn list(desk: Desk, query: Result<Query<ListQuery>, QueryRejection>) -> Result<Response, PageError> {
    let query = query?.0;
    let q: String = query.q.trim().chars().filter(|c| !c.is_control()).take(QUERY_CHARS_MAX).collect();
    let page = customers::list(&desk.shop.storage, &q, query.after, ROWS).await?;
    let rows: Vec<Value> = page.rows.iter().map(|customer| row(&desk, customer)).collect();
    let href = |after: Option<i64>| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if !q.is_empty() {
            query.append_pair("q", &q);
        }
        if let Some(after) = after {
            query.append_pair("after", &after.to_string());
        }
        format!("{}/admin/customers?{}", desk.prefix(), query.finish())
    };
    let context = context! {
        q => q.as_str(), rows,
        next => page.next.map(|next| href(Some(next))),
        first => query.after.map(|_| href(None)),
    };
    desk.page(StatusCode::OK, "admin/customers.html", context)
}

pub async fn show(
    desk: Desk,
    id: Result<Path<String>, PathRejection>,
    query: Result<Query<OrdersQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let (customer, after) = (find(&desk, id).await?, query?.0.after);
    let page = customers::orders(&desk.shop.storage, &customer.buyer, after, ROWS).await?;
    let orders: Vec<Value> = page.rows.iter().map(|order| order_row(&desk, order)).collect();
    let here = format!("{}/admin/customers/{}", desk.prefix(), customer.id);
    let context = context! {
        customer => row(&desk, &customer), orders,
        next => page.next.map(|next| format!("{here}?after={next}")),
        may_export => desk.may(Scope::CustomersRead), may_erase => desk.may(Scope::CustomersWrite),
    };
    desk.page(StatusCode::OK, "admin/customer.html", context)
}

/// All that is kept of a customer, as a file. It is an action, so that the audit log keeps who took it.
pub async fn export(
    desk: Desk,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<ExportForm>, FormRejection>,
) -> Result<Response, PageError> {
    let (customer, format) = (find(&desk, id).await?, form?.0.format);
    let data = privacy::export(&desk.shop, &customer.buyer).await.map_err(|fault| PageError::Fault(fault.0))?;
    let data = data.ok_or(PageError::NotFound)?;
    let (kind, ending, file) = match format.as_str() {
        "json" => ("application/json", "json", format!("{data:#}\n").into_bytes()),
        "csv" => ("text/csv; charset=utf-8", "csv", privacy::as_csv(&data)),
        _ => return Err(PageError::Unreadable),
    };
    let name = format!("attachment; filename=\"customer-{}.{ending}\"", customer.last_number);
    let headers =
        [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name), (CACHE_CONTROL, "no-store".to_owned())];
    Ok(noted((headers, file).into_response(), format))
}

/// What goes and what stays, before it goes.
pub async fn show_erase(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let customer = find(&desk, id).await?;
    if customer.is_erased() {
        return Err(PageError::NotFound);
    }
    let open = privacy::open_orders(&desk.shop, &customer.buyer).await.map_err(|fault| PageError::Fault(fault.0))?;
    erase_page(&desk, StatusCode::OK, &customer, &open).await
}

/// Pressed twice, it finishes what a crash left of the first time.
pub async fn erase(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let customer = find(&desk, id).await?;
    let place = format!("/admin/customers/{}", customer.id);
    match privacy::erase(&desk.shop, &customer.buyer).await {
        Ok(held) => Ok(noted(desk.done(&place, "customer-erased"), format!("{} orders", held.orders))),
        Err(ErasureFailure::Open(open)) => erase_page(&desk, StatusCode::CONFLICT, &customer, &open).await,
        Err(ErasureFailure::Meanwhile) => erase_page(&desk, StatusCode::CONFLICT, &customer, &[]).await,
        Err(ErasureFailure::Fault(fault)) => Err(PageError::Fault(fault.0)),
    }
}

async fn erase_page(
    desk: &Desk,
    status: StatusCode,
    customer: &Customer,
    open: &[OpenOrder],
) -> Result<Response, PageError> {
    let held = privacy::held(&desk.shop, &customer.buyer).await.map_err(|fault| PageError::Fault(fault.0))?;
    let held = held.unwrap_or_default();
    let open: Vec<Value> = open
        .iter()
        .map(|order| {
            let why = desk.say(&format!("admin-customers-open-{}", order.why.as_str().replace('_', "-")), &[]);
            context! { href => format!("{}/admin/orders/{}", desk.prefix(), order.id), number => order.number, why }
        })
        .collect();
    let context = context! {
        customer => row(desk, customer), open, refused => status == StatusCode::CONFLICT,
        orders => held.orders, stock_requests => held.stock_requests, letters => held.letters, events => held.events,
    };
    desk.page(status, "admin/customer_erase.html", context)
}

async fn find(desk: &Desk, id: Result<Path<String>, PathRejection>) -> Result<Customer, PageError> {
    let id: OrderId = id?.0.parse().map_err(|_| PageError::NotFound)?;
    customers::find(&desk.shop.storage, id).await?.ok_or(PageError::NotFound)
}

fn row(desk: &Desk, customer: &Customer) -> Value {
    let totals: Vec<String> = customer.totals.iter().map(|total| desk.money_in(total.minor, total.currency)).collect();
    let language = if customer.language == "zh-CN" { "zh" } else { "en" };
    context! {
        href => format!("{}/admin/customers/{}", desk.prefix(), customer.id),
        email => if customer.is_erased() { "" } else { customer.buyer.as_str() },
        erased => customer.is_erased(),
        name => customer.name.as_str(),
        language => desk.say(&format!("admin-customers-language-{language}"), &[]),
        orders => customer.orders,
        total => if totals.is_empty() { desk.money(0) } else { totals.join(" · ") },
        first_at => desk.time(customer.first_at),
        last_at => desk.time(customer.last_at),
    }
}

fn order_row(desk: &Desk, order: &CustomerOrder) -> Value {
    context! {
        href => format!("{}/admin/orders/{}", desk.prefix(), order.id),
        number => order.number,
        status => desk.say(&format!("admin-customers-status-{}", order.status.as_str()), &[]),
        fulfilment => desk.say(&format!("admin-customers-fulfilment-{}", order.fulfilment.as_str().replace('_', "-")), &[]),
        total => desk.money_in(order.total.minor, order.total.currency),
        refunded => (order.refunded_minor > 0).then(|| desk.money_in(order.refunded_minor, order.total.currency)),
        placed_at => desk.time(order.placed_at),
    }
}
