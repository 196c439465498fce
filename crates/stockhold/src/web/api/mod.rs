//! The JSON API: what shop fronts and shopkeepers' programs script against.
//!
//! Invariants: there is no route without a line in [`routes`], and no line without a word on who may use it. A test
//! holds the table against the description in `/api/openapi.json`. Whatever is done with a key, or taken out of the shop by
//! one, leaves a line in the audit log, in the words that the desk has for it.

pub mod access;
pub mod after_sale;
pub mod checkout;
pub mod cleanup;
pub mod collections;
pub mod conditions;
pub mod coupon_sheet;
pub mod coupons;
pub mod customers;
pub mod described;
pub mod events;
pub mod images;
pub mod input;
pub mod keys;
pub mod letters;
pub mod openapi;
pub mod order_desk;
pub mod orders;
pub mod pages;
pub mod payments;
pub mod price_rules;
pub mod products;
pub mod quote;
pub mod reconciliation;
mod route;
pub mod settings;
pub mod stock;
pub mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::http::header::LINK;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use axum::{Json, http::HeaderValue};
use rules::money::{Currency, Money};
use rules::time::Timestamp;
use serde::Serialize;

pub use crate::price_rules::MoneyBody;
use crate::shop::Shop;
use crate::storage::keys::Scope;
use crate::web::problem::{self, Problem, RequestId};
use access::Access;
use route::{Route, action, route};

/// Every route of the API but the webhook, which has its own proof.
fn routes() -> Vec<Route> {
    use Access::{Anyone, Key, TokenOrKey};
    vec![
        route(Method::GET, "/api/products", Anyone, products::list),
        route(Method::GET, "/api/products/{slug}", Anyone, products::show),
        route(Method::POST, "/api/quote", Anyone, quote::quote),
        route(Method::POST, "/api/checkout", Anyone, checkout::check_out),
        route(Method::GET, "/api/orders/{id}", TokenOrKey(Scope::OrdersRead), orders::show),
        action(
            Method::POST,
            "/api/orders/{id}/cancel",
            TokenOrKey(Scope::OrdersWrite),
            "order.cancel",
            after_sale::cancel,
        ),
        route(Method::GET, "/api/openapi.json", Anyone, openapi::show),
        route(Method::GET, "/api/admin/products", Key(Scope::ProductsRead), products::list_to_staff),
        action(
            Method::DELETE,
            "/api/admin/products/{slug}",
            Key(Scope::ProductsWrite),
            "product.remove",
            products::remove,
        ),
        route(Method::GET, "/api/admin/collections", Key(Scope::ProductsRead), collections::list),
        route(Method::GET, "/api/admin/collections/{slug}", Key(Scope::ProductsRead), collections::show),
        action(
            Method::PUT,
            "/api/admin/collections/{slug}",
            Key(Scope::ProductsWrite),
            "collection.save",
            collections::put,
        ),
        action(
            Method::DELETE,
            "/api/admin/collections/{slug}",
            Key(Scope::ProductsWrite),
            "collection.remove",
            collections::remove,
        ),
        route(Method::GET, "/api/admin/stock", Key(Scope::StockRead), stock::list),
        route(Method::GET, "/api/admin/products/{slug}", Key(Scope::ProductsRead), products::show_to_staff),
        action(Method::PUT, "/api/admin/products/{slug}", Key(Scope::ProductsWrite), "product.save", products::put),
        route(Method::GET, images::UPLOAD, Key(Scope::ProductsRead), images::list),
        action(
            Method::PUT,
            "/api/admin/products/{slug}/images",
            Key(Scope::ProductsWrite),
            "picture.arrange",
            images::arrange,
        ),
        action(Method::POST, images::UPLOAD, Key(Scope::ProductsWrite), "picture.add", images::upload),
        route(Method::GET, "/api/admin/pages", Key(Scope::SettingsRead), pages::list),
        route(Method::GET, "/api/admin/pages/{slug}", Key(Scope::SettingsRead), pages::show),
        action(Method::PUT, "/api/admin/pages/{slug}", Key(Scope::SettingsWrite), "page.change", pages::put),
        action(Method::DELETE, "/api/admin/pages/{slug}", Key(Scope::SettingsWrite), "page.remove", pages::remove),
        route(Method::GET, "/api/admin/stock/{sku}", Key(Scope::StockRead), stock::show),
        action(Method::POST, "/api/admin/stock/{sku}/movements", Key(Scope::StockWrite), "stock.change", stock::change),
        route(Method::GET, "/api/admin/orders", Key(Scope::OrdersRead), orders::list),
        action(
            Method::POST,
            "/api/admin/orders/{id}/refunds",
            Key(Scope::RefundsWrite),
            "order.refund",
            after_sale::refund,
        ),
        action(
            Method::POST,
            "/api/admin/orders/{id}/refunds/{refund}/assign",
            Key(Scope::RefundsWrite),
            "refund.assign",
            after_sale::assign,
        ),
        action(
            Method::POST,
            "/api/admin/orders/{id}/refunds/{refund}/elsewhere",
            Key(Scope::RefundsWrite),
            "refund.elsewhere",
            after_sale::elsewhere,
        ),
        action(
            Method::POST,
            "/api/admin/orders/{id}/shipments",
            Key(Scope::OrdersWrite),
            "order.ship",
            after_sale::ship,
        ),
        action(
            Method::POST,
            "/api/admin/orders/{id}/release",
            Key(Scope::OrdersWrite),
            "hold.release_unreachable",
            reconciliation::release,
        ),
        route(Method::GET, "/api/admin/orders/{id}/notes", Key(Scope::OrdersRead), order_desk::list_notes),
        action(
            Method::POST,
            "/api/admin/orders/{id}/notes",
            Key(Scope::OrdersWrite),
            "order.note",
            order_desk::write_note,
        ),
        route(Method::GET, "/api/admin/orders/{id}/letters", Key(Scope::OrdersRead), order_desk::list_letters),
        action(
            Method::POST,
            "/api/admin/orders/{id}/letters",
            Key(Scope::OrdersWrite),
            "order.letter",
            order_desk::send_again,
        ),
        route(Method::GET, "/api/admin/orders/{id}/shipping-address", Key(Scope::OrdersRead), order_desk::show_address),
        action(
            Method::PUT,
            "/api/admin/orders/{id}/shipping-address",
            Key(Scope::OrdersWrite),
            "order.address",
            order_desk::change_address,
        ),
        route(Method::GET, "/api/admin/payments", Key(Scope::PaymentsRead), payments::list),
        route(Method::GET, "/api/admin/refunds", Key(Scope::PaymentsRead), payments::list_refunds),
        route(Method::GET, "/api/admin/disputes", Key(Scope::PaymentsRead), payments::list_disputes),
        route(Method::GET, "/api/admin/letters", Key(Scope::OrdersRead), letters::list),
        action(Method::POST, "/api/admin/letters/{id}/retry", Key(Scope::OrdersWrite), "letter.again", letters::retry),
        route(Method::GET, "/api/admin/events/{id}", Key(Scope::PaymentsRead), events::show),
        route(Method::GET, "/api/admin/reconciliation", Key(Scope::PaymentsRead), reconciliation::show),
        action(
            Method::POST,
            "/api/admin/cleanup-expired-reservations",
            Key(Scope::OrdersWrite),
            "hold.clean_up",
            cleanup::clean_up,
        ),
        route(Method::GET, "/api/admin/coupons", Key(Scope::CouponsRead), coupons::list),
        action(Method::POST, "/api/admin/coupons", Key(Scope::CouponsWrite), "discount.make", coupons::make),
        action(Method::GET, "/api/admin/coupons.csv", Key(Scope::CouponsRead), "coupons.export", coupon_sheet::export),
        action(
            Method::POST,
            "/api/admin/coupons/import",
            Key(Scope::CouponsWrite),
            "import.apply",
            coupon_sheet::import,
        ),
        route(Method::GET, "/api/admin/coupons/{code}", Key(Scope::CouponsRead), coupons::show),
        action(
            Method::PATCH,
            "/api/admin/coupons/{code}",
            Key(Scope::CouponsWrite),
            "discount.change",
            coupons::change,
        ),
        action(
            Method::DELETE,
            "/api/admin/coupons/{code}",
            Key(Scope::CouponsWrite),
            "discount.remove",
            coupons::remove,
        ),
        route(Method::GET, "/api/admin/customers", Key(Scope::CustomersRead), customers::list),
        route(Method::GET, "/api/admin/customers/{id}", Key(Scope::CustomersRead), customers::show),
        action(
            Method::GET,
            "/api/admin/customers/{id}/export",
            Key(Scope::CustomersRead),
            "customer.export",
            customers::export,
        ),
        action(
            Method::POST,
            "/api/admin/customers/{id}/erase",
            Key(Scope::CustomersWrite),
            "customer.erase",
            customers::erase,
        ),
        route(Method::GET, "/api/admin/settings", Key(Scope::SettingsRead), settings::show),
        action(Method::PATCH, "/api/admin/settings", Key(Scope::SettingsWrite), "settings.shop", settings::change),
        route(Method::GET, "/api/admin/shipping-zones", Key(Scope::SettingsRead), price_rules::show_zones),
        action(
            Method::PUT,
            "/api/admin/shipping-zones",
            Key(Scope::SettingsWrite),
            "settings.shipping",
            price_rules::put_zones,
        ),
        route(Method::GET, "/api/admin/tax-rules", Key(Scope::SettingsRead), price_rules::show_taxes),
        action(
            Method::PUT,
            "/api/admin/tax-rules",
            Key(Scope::SettingsWrite),
            "settings.taxes",
            price_rules::put_taxes,
        ),
        route(Method::GET, "/api/admin/keys", Key(Scope::Admin), keys::list),
        action(Method::POST, "/api/admin/keys", Key(Scope::Admin), "key.make", keys::make),
        action(Method::DELETE, "/api/admin/keys/{id}", Key(Scope::Admin), "key.revoke", keys::revoke),
        route(Method::GET, "/api/admin/webhooks", Key(Scope::SettingsRead), webhooks::list),
        action(Method::POST, "/api/admin/webhooks", Key(Scope::SettingsWrite), "webhook.make", webhooks::make),
        route(Method::GET, "/api/admin/webhooks/{id}", Key(Scope::SettingsRead), webhooks::show),
        action(
            Method::PATCH,
            "/api/admin/webhooks/{id}",
            Key(Scope::SettingsWrite),
            "webhook.change",
            webhooks::change,
        ),
        action(
            Method::DELETE,
            "/api/admin/webhooks/{id}",
            Key(Scope::SettingsWrite),
            "webhook.remove",
            webhooks::remove,
        ),
        action(
            Method::POST,
            "/api/admin/webhooks/{id}/secret",
            Key(Scope::SettingsWrite),
            "webhook.secret",
            webhooks::rotate,
        ),
        action(
            Method::POST,
            "/api/admin/webhooks/{id}/test",
            Key(Scope::SettingsWrite),
            "webhook.test",
            webhooks::test,
        ),
        route(Method::GET, "/api/admin/webhooks/{id}/deliveries", Key(Scope::SettingsRead), webhooks::deliveries),
        action(
            Method::POST,
            "/api/admin/webhooks/{id}/deliveries/{event}/replay",
            Key(Scope::SettingsWrite),
            "webhook.replay",
            webhooks::replay,
        ),
        route(Method::GET, "/api/admin/events", Key(Scope::PaymentsRead), events::list),
        action(
            Method::POST,
            "/api/admin/events/{id}/replay",
            Key(Scope::PaymentsWrite),
            "event.replay",
            events::replay,
        ),
    ]
}

/// Pictures are larger than any other body: this door has limits of its own.
pub fn uploads() -> Router<Arc<Shop>> {
    let uploads = routes().into_iter().filter(is_upload);
    let router = uploads.fold(Router::new(), |router, route| router.route(route.path, route.handler));
    router.layer(middleware::from_fn(number))
}

fn is_upload(route: &Route) -> bool {
    route.path == images::UPLOAD && route.method == Method::POST
}

pub fn router() -> Router<Arc<Shop>> {
    let routes = routes().into_iter().filter(|route| !is_upload(route));
    let router = routes.fold(Router::new(), |router, route| router.route(route.path, route.handler));
    let nothing = async || Problem::not_found();
    router
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .route("/api", any(nothing))
        .route("/api/", any(nothing))
        .route("/api/{*rest}", any(nothing))
        .layer(middleware::from_fn(number))
}

/// What the audit log calls what is done over the API.
pub fn actions() -> Vec<&'static str> {
    routes().into_iter().map(|route| route.action).filter(|action| !action.is_empty()).collect()
}

async fn number(request: Request, next: Next) -> Response {
    let request_id = request.extensions().get::<RequestId>().cloned();
    problem::number(next.run(request).await, request_id.as_ref())
}

fn money(minor: i64, currency: Currency) -> MoneyBody {
    Money::new(minor, currency).into()
}

/// RFC 3339, UTC.
fn time(at: Timestamp) -> String {
    crate::language::machine_time(at)
}

/// One page of a list; its `Link` header leads to the next (RFC 8288).
fn page(body: impl Serialize, path: &str, mut query: Vec<(&str, String)>, next: Option<&str>) -> Response {
    let mut response = Json(body).into_response();
    if let Some(next) = next {
        query.retain(|(_, value)| !value.is_empty());
        query.push(("after", next.to_owned()));
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let link = HeaderValue::from_str(&format!("<{path}?{query}>; rel=\"next\""));
        response.headers_mut().insert(LINK, link.expect("a form-encoded address is ASCII"));
    }
    response
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod table_tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_described_and_every_description_is_a_route() {
        let mut served: BTreeSet<(String, String)> =
            routes().iter().map(|route| (route.path.to_owned(), route.method.as_str().to_lowercase())).collect();
        served.insert(("/api/webhooks/stripe".to_owned(), "post".to_owned()));
        let description = serde_json::to_value(openapi::description()).expect("JSON");
        let paths = description["paths"].as_object().expect("paths");
        let described: BTreeSet<(String, String)> = paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = item.as_object().expect("methods").keys().cloned();
                methods.map(|method| (path.clone(), method)).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(served, described);
    }

    #[test]
    fn whatever_a_key_does_has_a_word_in_the_audit_log() {
        let exports = ["/api/admin/customers/{id}/export", "/api/admin/coupons.csv"];
        for route in routes() {
            let is_noted =
                route.access != Access::Anyone && (route.method != Method::GET || exports.contains(&route.path));
            assert_eq!(is_noted, !route.action.is_empty(), "{} {}", route.method, route.path);
        }
    }

    /// Nobody meets a status that the description does not name, and each problem is told in one shape.
    #[test]
    fn every_refusal_is_described_by_its_status() {
        let description = serde_json::to_value(openapi::description()).expect("JSON");
        for route in routes() {
            let method = route.method.as_str().to_lowercase();
            let operation = &description["paths"][route.path][&method];
            let answers = operation["responses"].as_object().expect("answers");
            let is_described = |status: &str| answers.contains_key(status);
            let name = format!("{} {}", route.method, route.path);
            assert!(
                !is_described("4XX") && is_described("401") && is_described("500") && is_described("503"),
                "{name}"
            );
            assert_eq!(is_described("403"), route.access != Access::Anyone || method != "get", "{name}");
            assert!(!route.path.contains('{') || is_described("404"), "{name}");
            assert!(operation.get("requestBody").is_none() || is_described("422"), "{name}");
            let is_tagged = described::TAGGED.contains(&route.path);
            assert_eq!(is_tagged && method == "get", is_described("304"), "{name}");
            assert_eq!(is_tagged && ["put", "patch"].contains(&method.as_str()), is_described("428"), "{name}");
            for (status, answer) in answers.iter().filter(|(status, _)| *status >= &"400".to_owned()) {
                let answer = match answer["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
                    Some(place) => description.pointer(place).expect("the reference leads somewhere"),
                    None => answer,
                };
                assert!(answer["content"]["application/problem+json"].is_object(), "{name} {status}");
            }
        }
    }

    #[test]
    fn nothing_of_the_admin_is_open_to_anyone() {
        for route in routes() {
            let is_staff = matches!(route.access, Access::Key(_));
            assert_eq!(is_staff, route.path.starts_with("/api/admin/"), "{}", route.path);
            let writes = route.method != Method::GET;
            if let Access::Key(scope) = route.access
                && scope != Scope::Admin
            {
                assert_eq!(scope.as_str().ends_with(":write"), writes, "{} {}", route.method, route.path);
            }
        }
    }

    #[test]
    fn a_page_leads_to_the_next_with_the_same_question() {
        let query = vec![("q", "茶 cup".to_owned()), ("status", String::new())];
        let response = page(serde_json::json!({}), "/api/products", query, Some("3.prod_1"));
        assert_eq!(response.headers()[LINK], "</api/products?q=%E8%8C%B6+cup&after=3.prod_1>; rel=\"next\"");
        assert!(page(serde_json::json!({}), "/api/products", Vec::new(), None).headers().get(LINK).is_none());
    }
}
