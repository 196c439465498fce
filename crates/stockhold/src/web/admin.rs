//! The shopkeeper's desk: every page under `/admin`, and in Chinese under `/zh/admin`.
//!
//! Invariant: there is no page without a line in [`routes`], and no line without a word on who may open it. Whatever
//! somebody does here (each POST) leaves a line in the audit log, also when it was refused, and when they did not wait for
//! the answer.

pub mod account;
pub mod audit_log;
pub mod collections;
pub mod customers;
pub mod desk;
pub mod discounts;
pub mod door;
pub mod exchange;
pub mod links;
pub mod orders;
pub mod payments;
pub mod products;
pub mod reports;
pub mod resume;
pub mod settings;
pub mod sign_in;
pub mod stock;
pub mod system;
pub mod team;
pub mod today;

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};

use crate::shop::Shop;
use crate::storage::audit_log::Outcome;
use crate::storage::keys::Scope;
use crate::web::{BODY_BYTES_MAX, PageError, carry_through};
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
    use Permission::{Anyone, Fresh, May, MayFresh, SignedIn};
    use Scope::{Admin, CouponsRead, CouponsWrite, OrdersRead, OrdersWrite, RefundsWrite, SettingsRead, SettingsWrite};
    vec![
        // The door
        page("/admin/setup", Anyone, sign_in::show_setup),
        action("/admin/setup", Anyone, "staff.set_up", sign_in::set_up),
        page("/admin/sign-in", Anyone, sign_in::show),
        action("/admin/sign-in", Anyone, "session.sign_in", sign_in::submit),
        page("/admin/confirm", SignedIn, sign_in::show_confirm),
        action("/admin/confirm", SignedIn, "session.confirm", sign_in::confirm),
        page("/admin/sign-in/code", Anyone, sign_in::show_code),
        action("/admin/sign-in/code", Anyone, "session.code", sign_in::submit_code),
        page("/admin/reset", Anyone, links::show_reset),
        action("/admin/reset", Anyone, "reset.ask", links::ask_reset),
        page("/admin/links", Anyone, links::show_link),
        action("/admin/links", Anyone, "link.use", links::use_link),
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
        // The least that any import asks for; the handlers ask for what each kind of file asks for.
        upload("/admin/data", May(Scope::StockWrite), "import.upload", exchange::take),
        page("/admin/data/{id}", May(Scope::StockWrite), exchange::show_one),
        action("/admin/data/{id}/check", May(Scope::StockWrite), "import.check", exchange::check),
        action("/admin/data/{id}/columns", May(Scope::StockWrite), "import.columns", exchange::rename),
        page("/admin/data/{id}/errors.csv", May(Scope::StockWrite), exchange::errors),
        action("/admin/data/{id}/apply", May(Scope::StockWrite), "import.apply", exchange::apply),
        // Orders
        page("/admin/orders", May(OrdersRead), orders::list::show),
        page("/admin/orders/ship", May(OrdersWrite), orders::list::show_ship),
        action("/admin/orders/ship", May(OrdersWrite), "orders.ship", orders::list::ship),
        page("/admin/orders/packing-slips", May(OrdersRead), orders::paper::slips),
        // It takes addresses of buyers out of the shop.
        action("/admin/orders/csv", MayFresh(Scope::CustomersRead), "orders.export_ticked", orders::paper::csv),
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
        // Whoever has an endpoint's secret can speak to the other program in the shop's name.
        page("/admin/settings/webhooks/new", MayFresh(SettingsWrite), settings::webhooks::show_new),
        action("/admin/settings/webhooks/new", MayFresh(SettingsWrite), "webhook.make", settings::webhooks::make),
        page("/admin/settings/webhooks/{id}", May(SettingsRead), settings::webhooks::show),
        action("/admin/settings/webhooks/{id}", MayFresh(SettingsWrite), "webhook.change", settings::webhooks::save),
        action(
            "/admin/settings/webhooks/{id}/switch",
            May(SettingsWrite),
            "webhook.switch",
            settings::webhooks::switch,
        ),
        action("/admin/settings/webhooks/{id}/test", May(SettingsWrite), "webhook.test", settings::webhooks::test),
        action(
            "/admin/settings/webhooks/{id}/secret",
            MayFresh(SettingsWrite),
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
        // Payments
        page("/admin/payments", May(Scope::PaymentsRead), payments::show),
        action("/admin/payments/refund-again", MayFresh(Scope::RefundsWrite), "refund.again", payments::refund_again),
        action("/admin/payments/payment-back", MayFresh(Scope::RefundsWrite), "payment.refund", payments::payment_back),
        action("/admin/payments/release", May(Scope::PaymentsWrite), "hold.release_unreachable", payments::release),
        page("/admin/payments/reconciliation", May(Scope::PaymentsRead), payments::reconciliation::show),
        action(
            "/admin/payments/reconciliation/start",
            May(Scope::PaymentsWrite),
            "reconciliation.start",
            payments::reconciliation::start,
        ),
        action(
            "/admin/payments/reconciliation/settle",
            May(Scope::PaymentsWrite),
            "reconciliation.settle",
            payments::reconciliation::settle,
        ),
        action(
            "/admin/payments/reconciliation/explain",
            May(Scope::PaymentsWrite),
            "reconciliation.explain",
            payments::reconciliation::explain,
        ),
        page("/admin/payments/webhooks", May(Scope::PaymentsRead), payments::webhooks::show),
        page("/admin/payments/webhooks/{id}", May(Scope::PaymentsRead), payments::webhooks::show_event),
        action(
            "/admin/payments/webhooks/replay",
            May(Scope::PaymentsWrite),
            "event.replay",
            payments::webhooks::replay,
        ),
        page("/admin/payments/disputes", May(Scope::PaymentsRead), payments::lists::disputes),
        page("/admin/payments/refunds", May(Scope::PaymentsRead), payments::lists::refunds),
        page("/admin/payments/refunds/{order}/{refund}", May(Scope::PaymentsRead), payments::assign::show),
        action(
            "/admin/payments/refunds/{order}/{refund}",
            May(Scope::RefundsWrite),
            "refund.assign",
            payments::assign::submit,
        ),
        page("/admin/payments/refunds/{order}/{refund}/elsewhere", May(Scope::RefundsWrite), payments::elsewhere::show),
        action(
            "/admin/payments/refunds/{order}/{refund}/elsewhere",
            MayFresh(Scope::RefundsWrite),
            "refund.elsewhere",
            payments::elsewhere::submit,
        ),
        page("/admin/payments/all", May(Scope::PaymentsRead), payments::lists::all),
        // Reports and the system
        page("/admin/reports", May(Scope::PaymentsRead), reports::show),
        page("/admin/reports/{name}", May(Scope::PaymentsRead), reports::csv),
        page("/admin/system", May(Scope::SettingsRead), system::show),
        action("/admin/system/effects/retry", May(Scope::PaymentsWrite), "effect.retry", system::retry),
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
        page("/admin/resume", SignedIn, resume::show),
        // One's own account
        page("/admin/account", SignedIn, account::show),
        action("/admin/account/password", SignedIn, "account.password", account::change_password),
        page("/admin/account/authenticator", Fresh, account::show_authenticator),
        action("/admin/account/authenticator", Fresh, "account.authenticator", account::enrol),
        action(
            "/admin/account/authenticator/remove",
            Fresh,
            "account.remove_authenticator",
            account::remove_authenticator,
        ),
        action("/admin/account/recovery-codes", Fresh, "account.recovery_codes", account::new_recovery_codes),
        action("/admin/account/sessions/end", SignedIn, "session.end", account::end_session),
        action("/admin/account/sessions/end-others", SignedIn, "session.end_others", account::end_other_sessions),
        // Staff
        page("/admin/staff", MayFresh(Scope::Admin), team::show),
        action("/admin/staff/invite", MayFresh(Scope::Admin), "staff.invite", team::invite),
        action("/admin/staff/{id}/invite", MayFresh(Scope::Admin), "staff.invite_again", team::invite_again),
        action("/admin/staff/{id}/role", MayFresh(Scope::Admin), "staff.role", team::change_role),
        action("/admin/staff/{id}/disable", MayFresh(Scope::Admin), "staff.disable", team::disable),
        action("/admin/staff/{id}/enable", MayFresh(Scope::Admin), "staff.enable", team::enable),
        action(
            "/admin/staff/{id}/authenticator",
            MayFresh(Scope::Admin),
            "staff.remove_authenticator",
            team::remove_authenticator,
        ),
        // Audit log
        page("/admin/audit-log", Permission::May(Scope::Admin), audit_log::show),
        action("/admin/audit-log/export", MayFresh(Scope::Admin), "audit.export", audit_log::spreadsheet),
        // What is not there. Whoever is not signed in is not told which pages are.
        page("/admin/{*rest}", SignedIn, async || PageError::NotFound),
    ]
}

/// What stands in the navigation, in its order: where it leads, its word, and who sees it.
const NAVIGATION: &[(&str, &str, Permission)] = &[
    ("/admin", "admin-nav-today", Permission::SignedIn),
    ("/admin/orders", "admin-nav-orders", Permission::May(Scope::OrdersRead)),
    ("/admin/products", "admin-nav-products", Permission::May(Scope::ProductsRead)),
    ("/admin/stock", "admin-nav-stock", Permission::May(Scope::StockRead)),
    ("/admin/customers", "admin-nav-customers", Permission::May(Scope::CustomersRead)),
    ("/admin/discounts", "admin-nav-discounts", Permission::May(Scope::CouponsRead)),
    ("/admin/payments", "admin-nav-payments", Permission::May(Scope::PaymentsRead)),
    ("/admin/reports", "admin-nav-reports", Permission::May(Scope::PaymentsRead)),
    ("/admin/data", "admin-nav-data", Permission::May(Scope::ProductsRead)),
    ("/admin/settings", "admin-nav-settings", Permission::May(Scope::SettingsRead)),
    ("/admin/staff", "admin-nav-staff", Permission::MayFresh(Scope::Admin)),
    ("/admin/audit-log", "admin-nav-audit-log", Permission::May(Scope::Admin)),
    ("/admin/system", "admin-nav-system", Permission::May(Scope::SettingsRead)),
];

/// Where the desk has a host of its own, no other host of the shop knows it.
pub async fn only_on_its_host(State(shop): State<Arc<Shop>>, request: Request, next: Next) -> Response {
    let asked = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let asked = asked.or_else(|| request.uri().authority().map(Authority::as_str)).unwrap_or_default();
    match &shop.config.admin_host {
        Some(host) if !host.eq_ignore_ascii_case(asked) => PageError::NotFound.into_response(),
        _ => next.run(request).await,
    }
}

/// What the audit log calls what can be done here and over the API, and what is turned away.
pub fn actions() -> Vec<&'static str> {
    let done = routes().into_iter().map(|route| route.action).filter(|action| !action.is_empty());
    let mut actions: Vec<&'static str> = std::iter::once("page.open").chain(done).collect();
    let over_the_api = crate::web::api::actions().into_iter().filter(|action| !actions.contains(action));
    let over_the_api: BTreeSet<&'static str> = over_the_api.collect();
    actions.extend(over_the_api);
    actions
}

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
    let method_is_post = method == Method::POST;
    let guarded = move |State(shop): State<Arc<Shop>>, request: Request| {
        let handler = handler.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            if parts.uri.path_and_query().is_some_and(|place| holds_nul(place.as_str().as_bytes())) {
                return PageError::NotFound.into_response();
            }
            let desk = match Desk::open(&shop, &parts).await {
                Ok(desk) => desk,
                Err(error) => return error.into_response(),
            };
            if let Err(turned_away) = door::let_in(&desk, permission, &parts) {
                if turned_away.is_denied() {
                    door::note(&desk, action_or(action, "page.open"), Outcome::Denied, "").await;
                }
                let kept = if method_is_post && turned_away.is_to_come_back() {
                    resume::keep(&desk, &parts, body).await.unwrap_or_else(|error| {
                        tracing::warn!(?error, action, "a form that came too late was not kept");
                        None
                    })
                } else {
                    None
                };
                return turned_away.answer_keeping(&desk, kept);
            }
            parts.extensions.insert(desk.clone());
            if action.is_empty() {
                return at_the_desk(&desk, handler.call(Request::from_parts(parts, body), shop).await);
            }
            carry_through(async move {
                let response = match form_of(&parts, body).await {
                    Ok(body) => at_the_desk(&desk, handler.call(Request::from_parts(parts, body), shop).await),
                    Err(error) => error.into_response(),
                };
                // What is read from the answer is read before anything waits.
                if let Some((outcome, noted)) = outcome_of(&response, permission) {
                    note(desk, action, outcome, noted).await;
                }
                response
            })
            .await
        }
    };
    let filter = MethodFilter::try_from(method.clone()).expect("a usual method");
    Route { method, path, permission, action, handler: on(filter, guarded), takes_pictures: false }
}

/// Whoever works here and asks for what is not there stays at the desk, and is not led into the shop.
fn at_the_desk(desk: &Desk, response: Response) -> Response {
    let is_missing = matches!(response.extensions().get::<PageError>(), Some(PageError::NotFound));
    if !is_missing || desk.session.is_none() {
        return response;
    }
    desk.page(StatusCode::NOT_FOUND, "admin/missing.html", minijinja::context! {}).unwrap_or(response)
}

fn action_or(action: &'static str, otherwise: &'static str) -> &'static str {
    if action.is_empty() { otherwise } else { action }
}

/// The text of no form has a NUL, and PostgreSQL keeps none: an address or a form with one names nothing that is here.
fn holds_nul(encoded: &[u8]) -> bool {
    encoded.contains(&0) || encoded.windows(3).any(|part| part == b"%00")
}

/// What was sent, looked through if it is a form without files.
async fn form_of(parts: &Parts, body: Body) -> Result<Body, PageError> {
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Ok(body);
    }
    let form = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| PageError::TooLarge)?;
    if holds_nul(&form) { Err(PageError::Unreadable) } else { Ok(Body::from(form)) }
}

/// How it went, read from the answer, and the details that the handler left in it. Nothing, where too many tries of anybody
/// were not looked at: whoever tries without end would fill the log, and the tries before them stand there.
fn outcome_of(response: &Response, permission: Permission) -> Option<(Outcome, Noted)> {
    if response.status() == StatusCode::TOO_MANY_REQUESTS && permission == Permission::Anyone {
        return None;
    }
    let noted = response.extensions().get::<Noted>().cloned().unwrap_or_default();
    let is_refused = response.status().is_client_error() || response.status().is_server_error() || noted.is_put_off;
    let outcome = if is_refused { Outcome::Refused } else { Outcome::Done };
    Some((outcome, noted))
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
mod tests;
