//! Says for which goods a refund was that somebody made in the Stripe Dashboard.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::response::Response;
use minijinja::context;
use rules::commands::assign_refund::AssignRefund;
use rules::ids::RefundId;
use rules::shipments::Units;

use super::{Open, RefundIds, Trouble, fault, may, order_href, refund_of, told};
use crate::ledger::Failure;
use crate::storage::orders::OrderView;
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::storefront::quantity;

/// What was typed, by the names of the fields.
type Fields = Vec<(String, String)>;

pub async fn show(desk: Desk, ids: RefundIds) -> Result<Response, PageError> {
    let (order, refund) = refund_of(&desk, ids).await?;
    page(&desk, &order, refund, &Fields::new(), None).await
}

async fn page(
    desk: &Desk,
    order: &OrderView,
    refund_id: RefundId,
    typed: &Fields,
    trouble: Option<&Trouble>,
) -> Result<Response, PageError> {
    let refund = order.refunds.iter().find(|known| known.id == refund_id).ok_or(PageError::NotFound)?;
    let lines = (1..).zip(&order.lines).map(|(number, line)| {
        let units = format!("units-{number}");
        context! {
            number,
            typed => typed.iter().find(|(name, _)| *name == units).map_or("0", |(_, value)| value.as_str()),
            title => line.title.as_str(),
            variant => line.variant_title.as_str(),
            sku => line.sku.as_str(),
            left => line.quantity - refunded(order, number),
            each => desk.money_in(line.total / line.quantity.max(1), order.currency),
        }
    });
    let (status, trouble) = told(trouble);
    let context = context! {
        may => may(desk),
        tabs => Open::load(desk).await?.tabs(desk, "refunds"),
        number => order.number,
        lang_of_order => order.language.as_str(),
        order_href => order_href(desk, order.id),
        action => format!("{}/admin/payments/refunds/{}/{refund_id}", desk.prefix(), order.id),
        amount => desk.money_in(refund.amount.minor, refund.amount.currency),
        at => desk.time(refund.at),
        stripe_id => refund.stripe_id.clone(),
        assigned => refund.assigned,
        lines => lines.collect::<Vec<_>>(),
        restock => is_ticked(typed),
        trouble,
    };
    desk.page(status, "admin/payments/assign.html", context)
}

fn refunded(order: &OrderView, line_no: i64) -> i64 {
    let alive = order.refunds.iter().filter(|refund| refund.state.is_alive()).flat_map(|refund| &refund.lines);
    alive.filter(|line| line.line_no == line_no).map(|line| line.units).sum()
}

fn is_ticked(fields: &Fields) -> bool {
    fields.iter().any(|(name, _)| name == "restock")
}

/// Fields `units-1`, `units-2` … and `restock`; none filled in: it was for no goods in particular.
pub async fn submit(
    desk: Desk,
    ids: RefundIds,
    form: Result<Form<Fields>, FormRejection>,
) -> Result<Response, PageError> {
    let (order, refund_id) = refund_of(&desk, ids).await?;
    let fields = form?.0;
    let mut lines = Vec::new();
    for (name, value) in &fields {
        let Some(line_no) = name.strip_prefix("units-").and_then(|number| number.parse().ok()) else { continue };
        match quantity(value, 0) {
            _ if value.trim().is_empty() => {}
            Some(0) => {}
            Some(units) => lines.push(Units { line_no, units }),
            None => {
                let trouble = Trouble::unfinished(&desk, "admin-payments-refused-units");
                return page(&desk, &order, refund_id, &fields, Some(&trouble)).await;
            }
        }
    }
    let command = AssignRefund { order_id: order.id, refund_id, lines, restock: is_ticked(&fields) };
    match desk.shop.ledger.assign_refund(command, desk.shop.now()).await {
        Ok(_) => Ok(noted(desk.done("/admin/payments", "assigned"), format!("{} {refund_id}", order.id))),
        Err(Failure::Refused(refusal)) => {
            page(&desk, &order, refund_id, &fields, Some(&Trouble::of(&desk, &refusal))).await
        }
        Err(Failure::Fault(error)) => Err(fault(error)),
    }
}
