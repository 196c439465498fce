//! The shopkeeper's desk: every page under `/admin`, and in Chinese under `/zh/admin`.
//!
//! Invariant: there is no page without a line in [`routes`], and no line without a word on who may open it. Whatever
//! somebody does here (each POST) leaves a line in the audit log, also when it was refused.

pub mod collections;
pub mod customers;
pub mod desk;
pub mod discounts;
pub mod door;
pub mod exchange;
pub mod orders;
pub mod products;
pub mod settings;
pub mod sign_in;
pub mod stock;
pub mod today;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::shop::Shop;
use crate::storage::audit_log::Outcome;
use crate::storage::keys::Scope;
use crate::web::PageError;
use desk::Desk;
use door::{Noted, Permission};

/// One thing that can be opened or done at the desk.
#[cfg_attr(not(test), expect(dead_code, reason = "the tests hold the table against the roles"))]
struct Route {
    method: Method,
    /// Without the language's prefix.
    path: &'static str,
    permission: Permission,
    /// What the audit log calls it; empty for what only shows something.
    action: &'static str,
    handler: MethodRouter<Arc<Shop>>,
    takes_pictures: bool,
}

/// Everything at the desk, and who may open or do it.
fn routes() -> Vec<Route> {
    use Permission::{Anyone, May, MayFresh, SignedIn};
    use Scope::{Admin, CouponsRead, CouponsWrite, OrdersRead, OrdersWrite, RefundsWrite, SettingsRead, SettingsWrite};
    vec![
        // The door
        page("/admin/setup", Anyone, sign_in::show_setup),
        action("/admin/setup", Anyone, "staff.set_up", sign_in::set_up),
        page("/admin/sign-in", Anyone, sign_in::show),
        action("/admin/sign-in", Anyone, "session.sign_in", sign_in::submit),
        page("/admin/confirm", SignedIn, sign_in::show_confirm),
        action("/admin/confirm", SignedIn, "session.confirm", sign_in::confirm),
        action("/admin/sign-out", SignedIn, "session.sign_out", sign_in::sign_out),
        // Today
        page("/admin", SignedIn, today::show),
        // Customers
        page("/admin/customers", May(Scope::CustomersRead), customers::list),
        page("/admin/customers/{id}", May(Scope::CustomersRead), customers::show),
        action("/admin/customers/{id}/export", MayFresh(Scope::CustomersRead), "customer.export", customers::export),
        page("/admin/customers/{id}/erase", May(Scope::CustomersWrite), customers::show_erase),
        action("/admin/customers/{id}/erase", MayFresh(Scope::CustomersWrite), "customer.erase", customers::erase),
        // Import and export
        page("/admin/data", May(Scope::ProductsRead), exchange::show),
        action(
            "/admin/data/export/products",
            MayFresh(Scope::ProductsRead),
            "products.export",
            exchange::export_products,
        ),
        action("/admin/data/export/orders", MayFresh(Scope::CustomersRead), "orders.export", exchange::export_orders),
        action(
            "/admin/data/export/customers",
            MayFresh(Scope::CustomersRead),
            "customers.export",
            exchange::export_customers,
        ),
        action("/admin/data/export/stock", MayFresh(Scope::StockRead), "stock.export", exchange::export_stock),
        action("/admin/data/export/coupons", MayFresh(Scope::CouponsRead), "coupons.export", exchange::export_coupons),
        upload("/admin/data", May(Scope::ProductsWrite), "import.upload", exchange::take),
        page("/admin/data/{id}", May(Scope::ProductsWrite), exchange::show_one),
        action("/admin/data/{id}/check", May(Scope::ProductsWrite), "import.check", exchange::check),
        action("/admin/data/{id}/columns", May(Scope::ProductsWrite), "import.columns", exchange::rename),
        page("/admin/data/{id}/errors.csv", May(Scope::ProductsWrite), exchange::errors),
        action("/admin/data/{id}/apply", May(Scope::ProductsWrite), "import.apply", exchange::apply),
        // Orders
        page("/admin/orders", May(OrdersRead), orders::list::show),
        page("/admin/orders/ship", May(OrdersWrite), orders::list::show_ship),
        action("/admin/orders/ship", May(OrdersWrite), "orders.ship", orders::list::ship),
        page("/admin/orders/packing-slips", May(OrdersRead), orders::paper::slips),
        // It takes addresses of buyers out of the shop.
        page("/admin/orders/csv", MayFresh(OrdersRead), orders::paper::csv),
        page("/admin/orders/{id}", May(OrdersRead), orders::order::show),
        page("/admin/orders/{id}/packing-slip", May(OrdersRead), orders::paper::slip),
        page("/admin/orders/{id}/ship", May(OrdersWrite), orders::ship::show),
        action("/admin/orders/{id}/ship", May(OrdersWrite), "order.ship", orders::ship::submit),
        page("/admin/orders/{id}/refund", May(RefundsWrite), orders::refund::show),
        action("/admin/orders/{id}/refund", May(RefundsWrite), "order.refund", orders::refund::submit),
        page("/admin/orders/{id}/cancel", May(RefundsWrite), orders::small::show_cancel),
        action("/admin/orders/{id}/cancel", May(RefundsWrite), "order.cancel", orders::small::cancel),
        page("/admin/orders/{id}/address", May(OrdersWrite), orders::address::show),
        action("/admin/orders/{id}/address", May(OrdersWrite), "order.address", orders::address::submit),
        action("/admin/orders/{id}/notes", May(OrdersWrite), "order.note", orders::small::note),
        action("/admin/orders/{id}/letters", May(OrdersWrite), "order.letter", orders::small::letter),
        // Discounts
        page("/admin/discounts", May(CouponsRead), discounts::list),
        page("/admin/discounts/new", May(CouponsWrite), discounts::show_new),
        action("/admin/discounts/new", May(CouponsWrite), "discount.make", discounts::make),
        page("/admin/discounts/codes/{code}", May(CouponsRead), discounts::show),
        action("/admin/discounts/codes/{code}", May(CouponsWrite), "discount.change", discounts::save),
        action("/admin/discounts/codes/{code}/switch", May(CouponsWrite), "discount.switch", discounts::switch),
        action("/admin/discounts/codes/{code}/remove", May(CouponsWrite), "discount.remove", discounts::remove),
        // Settings
        page("/admin/settings", May(SettingsRead), settings::show),
        action("/admin/settings", May(SettingsWrite), "settings.shop", settings::save),
        page("/admin/settings/shipping", May(SettingsRead), settings::shipping::show),
        action("/admin/settings/shipping", May(SettingsWrite), "settings.shipping", settings::shipping::save),
        page("/admin/settings/taxes", May(SettingsRead), settings::taxes::show),
        action("/admin/settings/taxes", May(SettingsWrite), "settings.taxes", settings::taxes::save),
        page("/admin/settings/pages", May(SettingsRead), settings::legal::list),
        page("/admin/settings/pages/new", May(SettingsWrite), settings::legal::show_new),
        action("/admin/settings/pages/new", May(SettingsWrite), "page.make", settings::legal::make),
        page("/admin/settings/pages/at/{slug}", May(SettingsRead), settings::legal::show),
        action("/admin/settings/pages/at/{slug}", May(SettingsWrite), "page.change", settings::legal::save),
        action("/admin/settings/pages/at/{slug}/remove", May(SettingsWrite), "page.remove", settings::legal::remove),
        page("/admin/settings/letters", May(SettingsRead), settings::letters::list),
        page("/admin/settings/letters/samples/{name}", May(SettingsRead), settings::letters::show),
        action("/admin/settings/letters/{id}/again", May(SettingsWrite), "letter.again", settings::letters::send_again),
        page("/admin/settings/webhooks", May(SettingsRead), settings::webhooks::list),
        page("/admin/settings/webhooks/new", May(SettingsWrite), settings::webhooks::show_new),
        action("/admin/settings/webhooks/new", May(SettingsWrite), "webhook.make", settings::webhooks::make),
        page("/admin/settings/webhooks/{id}", May(SettingsRead), settings::webhooks::show),
        action("/admin/settings/webhooks/{id}", May(SettingsWrite), "webhook.change", settings::webhooks::save),
        action(
            "/admin/settings/webhooks/{id}/switch",
            May(SettingsWrite),
            "webhook.switch",
            settings::webhooks::switch,
        ),
        action("/admin/settings/webhooks/{id}/test", May(SettingsWrite), "webhook.test", settings::webhooks::test),
        action(
            "/admin/settings/webhooks/{id}/secret",
            May(SettingsWrite),
            "webhook.secret",
            settings::webhooks::rotate,
        ),
        action(
            "/admin/settings/webhooks/{id}/remove",
            May(SettingsWrite),
            "webhook.remove",
            settings::webhooks::remove,
        ),
        action(
            "/admin/settings/webhooks/{id}/deliveries/{event}/replay",
            May(SettingsWrite),
            "webhook.replay",
            settings::webhooks::replay,
        ),
        page("/admin/settings/keys", May(Admin), settings::keys::list),
        page("/admin/settings/keys/new", MayFresh(Admin), settings::keys::show_new),
        action("/admin/settings/keys/new", MayFresh(Admin), "key.make", settings::keys::make),
        action("/admin/settings/keys/{id}/revoke", MayFresh(Admin), "key.revoke", settings::keys::revoke),
        // Products
        page("/admin/products", May(Scope::ProductsRead), products::list),
        action("/admin/products/bulk", May(Scope::ProductsWrite), "product.change_many", products::change_many),
        action("/admin/products/sample", May(Scope::ProductsWrite), "product.sample", products::sample),
        page("/admin/products/new", May(Scope::ProductsWrite), products::edit::new),
        action("/admin/products/new", May(Scope::ProductsWrite), "product.make", products::edit::make),
        action("/admin/products/new/shape", May(Scope::ProductsWrite), "product.shape_new", products::edit::shape_new),
        page("/admin/products/{slug}", May(Scope::ProductsRead), products::edit::show),
        action("/admin/products/{slug}", May(Scope::ProductsWrite), "product.save", products::edit::save),
        action("/admin/products/{slug}/shape", May(Scope::ProductsWrite), "product.shape", products::edit::shape),
        action("/admin/products/{slug}/remove", May(Scope::ProductsWrite), "product.remove", products::edit::remove),
        upload("/admin/products/{slug}/pictures", May(Scope::ProductsWrite), "picture.add", products::pictures::upload),
        action(
            "/admin/products/{slug}/pictures/arrange",
            May(Scope::ProductsWrite),
            "picture.arrange",
            products::pictures::arrange,
        ),
        page("/admin/collections", May(Scope::ProductsRead), collections::list),
        action("/admin/collections/arrange", May(Scope::ProductsWrite), "collection.arrange", collections::arrange),
        page("/admin/collections/new", May(Scope::ProductsWrite), collections::new),
        action("/admin/collections/new", May(Scope::ProductsWrite), "collection.make", collections::make),
        page("/admin/collections/{slug}", May(Scope::ProductsRead), collections::show),
        action("/admin/collections/{slug}", May(Scope::ProductsWrite), "collection.save", collections::save),
        action("/admin/collections/{slug}/remove", May(Scope::ProductsWrite), "collection.remove", collections::remove),
        // Stock
        page("/admin/stock", May(Scope::StockRead), stock::list),
        page("/admin/stock/count", May(Scope::StockRead), stock::count::show),
        page("/admin/stock/count.csv", May(Scope::StockRead), stock::count::download),
        action("/admin/stock/count", May(Scope::StockWrite), "stock.count", stock::count::submit),
        page("/admin/stock/{sku}", May(Scope::StockRead), stock::show),
        action("/admin/stock/{sku}/change", May(Scope::StockWrite), "stock.change", stock::change),
        action("/admin/stock/{sku}/release", May(Scope::OrdersWrite), "hold.release", stock::release),
    ]
}

/// What stands in the navigation, in its order: where it leads, its word, and who sees it.
const NAVIGATION: &[(&str, &str, Permission)] = &[
    ("/admin", "admin-nav-today", Permission::SignedIn),
    ("/admin/orders", "admin-nav-orders", Permission::May(Scope::OrdersRead)),
    ("/admin/products", "admin-nav-products", Permission::May(Scope::ProductsRead)),
    ("/admin/stock", "admin-nav-stock", Permission::May(Scope::StockRead)),
    ("/admin/customers", "admin-nav-customers", Permission::May(Scope::CustomersRead)),
    ("/admin/data", "admin-nav-data", Permission::May(Scope::ProductsRead)),
    ("/admin/discounts", "admin-nav-discounts", Permission::May(Scope::CouponsRead)),
    ("/admin/settings", "admin-nav-settings", Permission::May(Scope::SettingsRead)),
];

pub fn router() -> Router<Arc<Shop>> {
    all(|route| !route.takes_pictures)
}

/// Pictures and spreadsheets are larger than any other form: this door has limits of its own.
pub fn uploads() -> Router<Arc<Shop>> {
    all(|route| route.takes_pictures)
}

fn all(wanted: impl Fn(&Route) -> bool) -> Router<Arc<Shop>> {
    let routes = routes().into_iter().filter(wanted);
    routes.fold(Router::new(), |router, route| {
        let chinese = format!("/zh{}", route.path);
        router.route(route.path, route.handler.clone()).route(&chinese, route.handler)
    })
}

/// Something to look at; it changes nothing.
fn page<H, T>(path: &'static str, permission: Permission, handler: H) -> Route
where
    H: Handler<T, Arc<Shop>>,
    T: 'static,
{
    route(Method::GET, path, permission, "", handler)
}

/// Something to do: a form that is sent. `action` is what the audit log calls it.
fn action<H, T>(path: &'static str, permission: Permission, action: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Shop>>,
    T: 'static,
{
    route(Method::POST, path, permission, action, handler)
}

/// A form that carries files.
fn upload<H, T>(path: &'static str, permission: Permission, word: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Shop>>,
    T: 'static,
{
    Route { takes_pictures: true, ..action(path, permission, word, handler) }
}

/// A route whose handler is reached only by those who may; who they are goes in with them.
fn route<H, T>(method: Method, path: &'static str, permission: Permission, action: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Shop>>,
    T: 'static,
{
    let guarded = move |State(shop): State<Arc<Shop>>, request: Request| {
        let handler = handler.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            let desk = match Desk::open(&shop, &parts).await {
                Ok(desk) => desk,
                Err(error) => return error.into_response(),
            };
            if let Err(turned_away) = door::let_in(&desk, permission, &parts) {
                if turned_away.is_denied() {
                    door::note(&desk, action_or(action, "page.open"), Outcome::Denied, "").await;
                }
                return turned_away.answer(&desk);
            }
            parts.extensions.insert(desk.clone());
            let response = handler.call(Request::from_parts(parts, body), shop).await;
            if !action.is_empty() {
                // What is read from the answer is read before anything waits.
                let (outcome, noted) = outcome_of(&response);
                note(desk, action, outcome, noted).await;
            }
            response
        }
    };
    let filter = MethodFilter::try_from(method.clone()).expect("a usual method");
    Route { method, path, permission, action, handler: on(filter, guarded), takes_pictures: false }
}

fn action_or(action: &'static str, otherwise: &'static str) -> &'static str {
    if action.is_empty() { otherwise } else { action }
}

/// How it went, read from the answer, and the details that the handler left in it.
fn outcome_of(response: &Response) -> (Outcome, Noted) {
    let refused = response.status().is_client_error() || response.status().is_server_error();
    let outcome = if refused { Outcome::Refused } else { Outcome::Done };
    (outcome, response.extensions().get::<Noted>().cloned().unwrap_or_default())
}

/// The line of what was done.
async fn note(desk: Desk, action: &str, outcome: Outcome, noted: Noted) {
    let desk = match noted.by {
        Some(member) => desk.seen_as(member),
        None => desk,
    };
    door::note(&desk, action, outcome, &noted.detail).await;
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Desk {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, _: &S) -> Result<Self, PageError> {
        let desk = parts.extensions.get::<Desk>().cloned();
        desk.ok_or_else(|| PageError::Fault("an admin page without a door".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_action_has_a_word_of_its_own_and_pages_have_none() {
        let mut words = BTreeSet::new();
        for route in routes() {
            assert!(route.path == "/admin" || route.path.starts_with("/admin/"), "{}", route.path);
            let is_action = route.method != Method::GET;
            assert_eq!(is_action, !route.action.is_empty(), "{} {}", route.method, route.path);
            assert!(!is_action || words.insert(route.action), "{} stands twice", route.action);
        }
    }

    #[test]
    fn only_the_door_is_open_to_anyone() {
        for route in routes() {
            let is_door = ["/admin/setup", "/admin/sign-in", "/admin/links", "/admin/reset"]
                .iter()
                .any(|door| route.path.starts_with(door));
            assert_eq!(route.permission == Permission::Anyone, is_door, "{}", route.path);
        }
    }

    #[test]
    fn whoever_may_only_read_changes_nothing() {
        use crate::staff::Role;
        for route in routes() {
            if let (Permission::May(scope) | Permission::MayFresh(scope), true) =
                (route.permission, route.method != Method::GET)
            {
                let lends = Role::ReadOnly.allows(scope);
                assert!(!lends || route.permission == Permission::MayFresh(scope), "{} {}", route.path, scope.as_str());
            }
        }
    }
}
