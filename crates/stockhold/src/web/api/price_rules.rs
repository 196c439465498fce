//! Shipping zones and tax rules for staff: read whole, replaced whole, refused whole.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;

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
pub async fn show_zones(State(shop): State<Arc<Shop>>) -> Result<Json<ShippingZones>, Problem> {
    settings::zones(&*shop.read_settings().await?).map(Json)
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
    headers: HeaderMap,
    Body(zones): Body<ShippingZones>,
) -> Result<Json<ShippingZones>, Problem> {
    zones.parse(shop.settings().currency).map_err(refused)?;
    change_to(&shop, &headers, SettingsFields::of_zones(zones.clone())).await?;
    Ok(Json(zones))
}

/// Shows which taxes are due.
#[utoipa::path(get, path = "/api/admin/tax-rules", tag = "admin", operation_id = "show_tax_rules",
    security(("key" = ["settings:read"])),
    responses((status = 200, description = "As they stand", body = TaxRulesBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show_taxes(State(shop): State<Arc<Shop>>) -> Result<Json<TaxRulesBody>, Problem> {
    settings::tax_rules(&*shop.read_settings().await?).map(Json)
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
    headers: HeaderMap,
    Body(rules): Body<TaxRulesBody>,
) -> Result<Json<TaxRulesBody>, Problem> {
    rules.parse().map_err(refused)?;
    change_to(&shop, &headers, SettingsFields::of_taxes(rules.clone())).await?;
    Ok(Json(rules))
}

fn refused(wrongs: Vec<Wrong>) -> Problem {
    let error = |wrong: Wrong| FieldError { pointer: wrong.pointer, code: wrong.code, detail: wrong.detail };
    Problem::invalid_fields(wrongs.into_iter().map(error).collect())
}
