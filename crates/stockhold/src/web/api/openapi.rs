//! `GET /api/openapi.json`: the description of the API, made from the code that serves it.

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

use super::{
    after_sale, checkout, cleanup, collections, coupon_sheet, coupons, customers, described, events, images, keys,
    letters, order_desk, orders, pages, payments, price_rules, products, quote, reconciliation, settings, stock,
    webhooks,
};
use crate::web::webhooks as inbound;

#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "Stockhold",
        description = "Money is in minor units, times are RFC 3339 in UTC, ids are opaque. Errors are \
            application/problem+json with a stable `code`. Unknown fields in a request are refused; clients must ignore \
            unknown fields in answers and expect new words in enumerations."
    ),
    paths(
        products::list,
        products::show,
        checkout::check_out,
        orders::show,
        after_sale::cancel,
        show,
        inbound::receive,
        products::show_to_staff,
        products::list_to_staff,
        products::put,
        products::remove,
        collections::list,
        collections::show,
        collections::put,
        collections::remove,
        stock::list,
        images::list,
        images::upload,
        images::arrange,
        pages::list,
        pages::show,
        pages::put,
        pages::remove,
        stock::show,
        stock::change,
        orders::list,
        after_sale::refund,
        after_sale::assign,
        after_sale::elsewhere,
        after_sale::ship,
        reconciliation::release,
        reconciliation::show,
        cleanup::clean_up,
        coupons::list,
        coupons::make,
        coupons::show,
        coupons::change,
        coupons::remove,
        coupon_sheet::export,
        coupon_sheet::import,
        customers::list,
        customers::show,
        customers::export,
        customers::erase,
        settings::show,
        settings::change,
        price_rules::show_zones,
        price_rules::put_zones,
        price_rules::show_taxes,
        price_rules::put_taxes,
        quote::quote,
        keys::list,
        keys::make,
        keys::revoke,
        webhooks::list,
        webhooks::make,
        webhooks::show,
        webhooks::change,
        webhooks::remove,
        webhooks::rotate,
        webhooks::test,
        webhooks::deliveries,
        webhooks::replay,
        order_desk::list_notes,
        order_desk::write_note,
        order_desk::list_letters,
        order_desk::send_again,
        order_desk::show_address,
        order_desk::change_address,
        payments::list,
        payments::list_refunds,
        payments::list_disputes,
        letters::list,
        letters::retry,
        events::list,
        events::show,
        events::replay,
    ),
    tags((name = "shop", description = "For shop fronts; no key needed"),
        (name = "admin", description = "For the shopkeeper's programs; needs a key with the scope"),
        (name = "webhooks", description = "For Stripe"))
)]
struct Api;

static JSON: LazyLock<String> =
    LazyLock::new(|| description().to_json().expect("the description is made of text and lists"));

pub fn description() -> Description {
    let mut api = Api::openapi();
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("shk_test_… or shk_live_…");
    let key = SecurityScheme::Http(key.description(Some("Made with `stockhold keys create`.")).build());
    api.components.get_or_insert_default().add_security_scheme("key", key);
    described::complete(&mut api, &super::routes());
    api
}

/// Describes this API.
#[utoipa::path(get, path = "/api/openapi.json", tag = "shop", operation_id = "describe",
    responses((status = 200, description = "OpenAPI", content_type = "application/json")))]
pub async fn show() -> Response {
    ([(CONTENT_TYPE, "application/json")], JSON.as_str()).into_response()
}
