//! Customers: whoever has ordered. Their data out in one piece, and gone.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rules::ids::OrderId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::input::{Parameters, Segment, page_rows};
use super::{MoneyBody, money, page, time};
use crate::privacy::{self, ErasureFailure, Held};
use crate::shop::Shop;
use crate::storage::customers::{self, Customer, CustomerOrder};
use crate::web::problem::{FieldError, Problem, ProblemBody};

/// Longer words are nobody's name or e-mail.
const QUERY_CHARS_MAX: usize = 254;

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CustomerQuery {
    /// The beginning of an e-mail address or of a word of a name.
    q: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `json` or `csv`; JSON when left out.
    format: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// `true`: only say what it would take.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerList {
    data: Vec<CustomerBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// A customer, as their orders tell of them. Who orders twice with the same address is one customer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Customer)]
pub struct CustomerBody {
    id: String,
    /// Empty when they were erased.
    email: String,
    /// Of whom their latest parcel was for.
    name: String,
    language: String,
    orders_count: i64,
    /// What they paid and did not get back, for each currency.
    totals: Vec<MoneyBody>,
    first_order_at: String,
    last_order_at: String,
    /// Their data were erased: orders and amounts alone are kept.
    erased: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CustomerWithOrders {
    #[serde(flatten)]
    customer: CustomerBody,
    /// The newest 50.
    orders: Vec<CustomerOrderBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CustomerOrder)]
pub struct CustomerOrderBody {
    id: String,
    number: i64,
    status: &'static str,
    fulfilment: &'static str,
    total: MoneyBody,
    /// Back with the buyer or on its way.
    refunded: MoneyBody,
    placed_at: String,
}

/// What an erasure took, or would take.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erased {
    /// Orders that lost their person and keep their amounts.
    orders: u64,
    stock_requests: u64,
    letters: u64,
    stripe_events: u64,
    dry_run: bool,
}

/// Lists customers; those who ordered last come first.
#[utoipa::path(get, path = "/api/admin/customers", tag = "admin", operation_id = "list_customers", params(CustomerQuery),
    security(("key" = ["customers:read"])),
    responses((status = 200, description = "A page of customers", body = CustomerList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<CustomerQuery>,
) -> Result<Response, Problem> {
    let q = query.q.unwrap_or_default();
    if q.chars().count() > QUERY_CHARS_MAX {
        return Err(Problem::invalid("q", "too-long", format!("Look for at most {QUERY_CHARS_MAX} characters.")));
    }
    let wrong = |_| Problem::invalid("after", "wrong-cursor", "Send the `next` of the page before.");
    let before = query.after.as_deref().map(str::parse::<i64>).transpose().map_err(wrong)?;
    let limit = page_rows(query.limit)?;
    let found = customers::list(&shop.storage, &q, before, limit).await?;
    let next = found.next.map(|next| next.to_string());
    let asked = vec![("q", q), ("limit", query.limit.map_or_else(String::new, |limit| limit.to_string()))];
    let body = CustomerList { data: found.rows.iter().map(body).collect(), next: next.clone() };
    Ok(page(body, "/api/admin/customers", asked, next.as_deref()))
}

/// Shows a customer and their newest orders.
#[utoipa::path(get, path = "/api/admin/customers/{id}", tag = "admin", operation_id = "show_customer",
    params(("id" = String, Path, description = "The id of the customer, or of any of their orders")),
    security(("key" = ["customers:read"])),
    responses((status = 200, description = "The customer", body = CustomerWithOrders),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(shop): State<Arc<Shop>>, Segment(id): Segment) -> Result<Json<CustomerWithOrders>, Problem> {
    let customer = find(&shop, &id).await?;
    let orders = customers::orders(&shop.storage, &customer.buyer, None, super::input::PAGE_ROWS).await?;
    Ok(Json(CustomerWithOrders { customer: body(&customer), orders: orders.rows.iter().map(order_body).collect() }))
}

/// Gives all that the shop keeps of a customer.
#[utoipa::path(get, path = "/api/admin/customers/{id}/export", tag = "admin", operation_id = "export_customer",
    params(("id" = String, Path, description = "The id of the customer, or of any of their orders"), ExportQuery),
    security(("key" = ["customers:read"])),
    responses((status = 200, description = "Orders, wishes and letters, as JSON or as CSV (`field`, `value`)",
            content(("application/json"), ("text/csv"))),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn export(
    State(shop): State<Arc<Shop>>,
    Segment(id): Segment,
    Parameters(query): Parameters<ExportQuery>,
) -> Result<Response, Problem> {
    let customer = find(&shop, &id).await?;
    let data = privacy::export(&shop, &customer.buyer).await?.ok_or_else(Problem::not_found)?;
    let name = |ending: &str| format!("attachment; filename=\"customer.{ending}\"");
    match query.format.as_deref().unwrap_or("json") {
        "json" => Ok(([(CONTENT_DISPOSITION, name("json"))], Json(data)).into_response()),
        "csv" => {
            let kind = "text/csv; charset=utf-8".to_owned();
            let headers = [(CONTENT_TYPE, kind), (CONTENT_DISPOSITION, name("csv"))];
            Ok((headers, privacy::as_csv(&data)).into_response())
        }
        _ => Err(Problem::invalid("format", "unknown-format", "A format is json or csv.")),
    }
}

/// Takes a customer's data out of every table and file. Orders keep numbers, dates, goods, amounts, country and taxes. Once
/// more it takes only what a crash left.
#[utoipa::path(post, path = "/api/admin/customers/{id}/erase", tag = "admin", operation_id = "erase_customer",
    params(("id" = String, Path, description = "The id of the customer, or of any of their orders"), EraseQuery),
    security(("key" = ["customers:write"])),
    responses((status = 200, description = "Gone, or what would be", body = Erased),
        (status = 409, description = "`order-open`: an order is unpaid, unsent, disputed or being refunded; nothing was \
            erased", body = ProblemBody, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn erase(
    State(shop): State<Arc<Shop>>,
    Segment(id): Segment,
    Parameters(query): Parameters<EraseQuery>,
) -> Result<Json<Erased>, Problem> {
    let customer = find(&shop, &id).await?;
    if query.dry_run {
        let open = privacy::open_orders(&shop, &customer.buyer).await?;
        if !open.is_empty() {
            return Err(ErasureFailure::Open(open).into());
        }
        let held = privacy::held(&shop, &customer.buyer).await?.unwrap_or_default();
        return Ok(Json(erased(held, true)));
    }
    Ok(Json(erased(privacy::erase(&shop, &customer.buyer).await?, false)))
}

async fn find(shop: &Shop, id: &str) -> Result<Customer, Problem> {
    let id: OrderId = id.parse().map_err(|_| Problem::not_found())?;
    customers::find(&shop.storage, id).await?.ok_or_else(Problem::not_found)
}

fn erased(held: Held, dry_run: bool) -> Erased {
    let Held { orders, stock_requests, letters, events } = held;
    Erased { orders, stock_requests, letters, stripe_events: events, dry_run }
}

fn body(customer: &Customer) -> CustomerBody {
    CustomerBody {
        id: customer.id.to_string(),
        email: if customer.is_erased() { String::new() } else { customer.buyer.clone() },
        name: customer.name.clone(),
        language: customer.language.clone(),
        orders_count: customer.orders,
        totals: customer.totals.iter().map(|total| (*total).into()).collect(),
        first_order_at: time(customer.first_at),
        last_order_at: time(customer.last_at),
        erased: customer.is_erased(),
    }
}

fn order_body(order: &CustomerOrder) -> CustomerOrderBody {
    CustomerOrderBody {
        id: order.id.to_string(),
        number: order.number,
        status: order.status.as_str(),
        fulfilment: order.fulfilment.as_str(),
        total: order.total.into(),
        refunded: money(order.refunded_minor, order.total.currency),
        placed_at: time(order.placed_at),
    }
}

impl From<ErasureFailure> for Problem {
    fn from(failure: ErasureFailure) -> Self {
        let words = failure.to_string();
        match failure {
            ErasureFailure::Open(open) => {
                let field = |order: &crate::storage::erasure::OpenOrder| FieldError {
                    pointer: format!("/orders/{}", order.id),
                    code: order.why.as_str(),
                    detail: format!("Order {} is open.", order.number),
                };
                let errors = open.iter().map(field).collect();
                Problem::conflict("order-open", words).naming(errors)
            }
            ErasureFailure::Meanwhile => Problem::conflict("conflict", words),
            ErasureFailure::Fault(fault) => fault.into(),
        }
    }
}
