//! Shipping zones and tax rules for staff: read whole, replaced whole, refused whole.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::conditions::{Conditions, tagged};
use super::input::Body;
use super::settings::{self, SettingsFields, change_to};
use crate::price_rules::{ShippingZones, TaxRulesBody, Wrong};
use crate::shop::Shop;
use crate::web::problem::{FieldError, Problem, ProblemBody};

/// Shows where parcels go, by which methods and for how much.
#[utoipa::path(get, path = "/api/admin/shipping-zones", tag = "admin", operation_id = "show_shipping_zones",
    security(("key" = ["settings:read"])),
    responses((status = 200, description = "As they stand", body = ShippingZones),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show_zones(State(shop): State<Arc<Shop>>, conditions: Conditions) -> Result<Response, Problem> {
    let settings = shop.read_settings().await?;
    Ok(conditions.show(settings.revision, &settings::zones(&settings)?))
}

/// Replaces all shipping zones. Orders that stand keep what they were priced by.
#[utoipa::path(put, path = "/api/admin/shipping-zones", tag = "admin", operation_id = "put_shipping_zones",
    request_body = ShippingZones, security(("key" = ["settings:write"])),
    responses((status = 200, description = "They stand as described", body = ShippingZones),
        (status = 422, description = "Something cannot be used; nothing was changed", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn put_zones(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Body(zones): Body<ShippingZones>,
) -> Result<Response, Problem> {
    zones.parse(shop.settings().currency).map_err(refused)?;
    let settings = change_to(&shop, &conditions, SettingsFields::of_zones(zones)).await?;
    Ok(tagged(StatusCode::OK, settings.revision, &settings::zones(&settings)?))
}

/// Shows which taxes are due.
#[utoipa::path(get, path = "/api/admin/tax-rules", tag = "admin", operation_id = "show_tax_rules",
    security(("key" = ["settings:read"])),
    responses((status = 200, description = "As they stand", body = TaxRulesBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show_taxes(State(shop): State<Arc<Shop>>, conditions: Conditions) -> Result<Response, Problem> {
    let settings = shop.read_settings().await?;
    Ok(conditions.show(settings.revision, &settings::tax_rules(&settings)?))
}

/// Replaces all tax rules. Orders that stand keep what they were priced by.
#[utoipa::path(put, path = "/api/admin/tax-rules", tag = "admin", operation_id = "put_tax_rules",
    request_body = TaxRulesBody, security(("key" = ["settings:write"])),
    responses((status = 200, description = "They stand as described", body = TaxRulesBody),
        (status = 422, description = "Something cannot be used; nothing was changed", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn put_taxes(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Body(rules): Body<TaxRulesBody>,
) -> Result<Response, Problem> {
    rules.parse().map_err(refused)?;
    let settings = change_to(&shop, &conditions, SettingsFields::of_taxes(rules)).await?;
    Ok(tagged(StatusCode::OK, settings.revision, &settings::tax_rules(&settings)?))
}

fn refused(wrongs: Vec<Wrong>) -> Problem {
    let error = |wrong: Wrong| FieldError { pointer: wrong.pointer, code: wrong.code, detail: wrong.detail };
    Problem::invalid_fields(wrongs.into_iter().map(error).collect())
}
