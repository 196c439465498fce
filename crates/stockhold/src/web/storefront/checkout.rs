//! From the cart to the payment page, in one form.
//!
//! The form carries the id of the order it will become and a digest of what the buyer saw. A double click, a reload
//! and the back button therefore meet the same order; a cart or a price that changed meanwhile is shown again
//! before anything is ordered (M1).

pub mod form;
pub mod page;
mod price;
pub mod words;

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::Response;
use rules::cart::CartLine;
use rules::commands::Refusal;
use rules::coupons::CouponCode;
use rules::ids::OrderId;
use rules::money::Money;
use rules::orders::Status;
use rules::text::{Email, Sku};
use serde::Deserialize;

use super::cart::Shelf;
use super::see_other;
use crate::outbox::checkout::{CheckoutFailure, CheckoutRequest, check_out};
use crate::storage::orders;
use crate::web::PageError;
use crate::web::code_entry;
use crate::web::session::{Cart, Visitor, digest, with_cookie};
use form::CheckoutForm;
use page::{Priced, form_page};
use price::Price;
use words::{Notice, coupon_words, refused, shipping_words};

/// The fields of the form, from top to bottom.
const FIELDS: [&str; 9] =
    ["email", "name", "street", "postal_code", "city", "region", "country", "shipping_method", "coupon"];

/// Where the cart's estimate was for.
#[derive(Debug, Default, Deserialize)]
pub struct PlaceQuery {
    #[serde(default)]
    pub country: String,
    #[serde(default)]
    pub region: String,
}

pub async fn show(visitor: Visitor, place: Result<Query<PlaceQuery>, QueryRejection>) -> Result<Response, PageError> {
    let Some(cart) = filled(&visitor) else { return Ok(to_cart(&visitor)) };
    let shelf = Shelf::of(&visitor, cart).await?;
    if shelf.is_blocked() {
        return Ok(to_cart(&visitor));
    }
    let place = place?.0;
    let home = || visitor.settings.policy.prices.home().map_or_else(String::new, |home| home.code().to_owned());
    let country = if place.country.is_empty() { home() } else { place.country.clone() };
    let typed = typed_before(&visitor, cart).await?;
    let form = match place.country.is_empty() && !typed.country.is_empty() {
        true => typed,
        false => CheckoutForm { country, region: place.region, ..typed },
    };
    let price = Price::of(&visitor, &shelf, &form).await?;
    form_page(&visitor, cart, (&shelf, &price), StatusCode::OK, &form, &BTreeMap::new(), None)
}

/// What the buyer typed before the hold ran out: an order that came to nothing keeps it, and nobody types it twice.
async fn typed_before(visitor: &Visitor, cart: &Cart) -> Result<CheckoutForm, PageError> {
    let order = orders::find(&visitor.shop.storage, cart.ordered()).await?;
    let Some(order) = order.filter(|order| visitor.owns(&order.cart_id)) else { return Ok(CheckoutForm::default()) };
    let mut typed: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&order.shipping_address).unwrap_or_default();
    typed.insert("email".to_owned(), order.email.into());
    typed.insert("shipping_method".to_owned(), order.delivery.map_or(String::new(), |way| way.method).into());
    typed.insert("coupon".to_owned(), order.coupon.unwrap_or_default().into());
    Ok(serde_json::from_value(typed.into()).unwrap_or_default())
}

pub async fn submit(visitor: Visitor, form: Result<Form<CheckoutForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    if let Some(answer) = already_bought(&visitor, &form).await? {
        return Ok(answer);
    }
    let Some(cart) = filled(&visitor) else { return Ok(to_cart(&visitor)) };
    let shelf = Shelf::of(&visitor, cart).await?;
    let price = Price::of(&visitor, &shelf, &form).await?;
    let priced = (&shelf, &price);
    if !form.apply.is_empty() {
        let wrong = wrong_price(&visitor, &price);
        let status = if wrong.is_empty() { StatusCode::OK } else { price.refused_status() };
        return form_page(&visitor, cart, priced, status, &form, &wrong, None);
    }
    let sends = !visitor.settings.policy.prices.zones.is_empty();
    let mut wrong = form.wrong_fields(&visitor, sends);
    wrong.extend(wrong_price(&visitor, &price));
    if price.is_method_gone {
        wrong.insert("shipping_method", visitor.say("shipping-wrong-gone", &[]));
    }
    if !wrong.is_empty() {
        let notice = check_fields(&visitor, &wrong);
        return form_page(&visitor, cart, priced, price.refused_status(), &form, &wrong, Some(notice));
    }
    if form.seen != price.seen(cart, &shelf) {
        let mut notice = Notice {
            kind: "wait",
            title: visitor.say("checkout-cart-changed", &[]),
            text: visitor.say("checkout-cart-changed-text", &[]),
            to_cart: true,
            ..Notice::default()
        };
        if price.coupon.is_some() || price.quote.as_ref().is_some_and(|quote| quote.delivery.is_some()) {
            notice.title = visitor.say("checkout-total-changed", &[]);
            notice.text = visitor.say("checkout-total-changed-text", &[]);
        }
        return form_page(&visitor, cart, priced, StatusCode::CONFLICT, &form, &wrong, Some(notice));
    }
    order(&visitor, cart, priced, &form).await
}

/// What stands against the code and the delivery, by field.
fn wrong_price(visitor: &Visitor, price: &Price) -> BTreeMap<&'static str, String> {
    let mut wrong = BTreeMap::new();
    wrong.extend(price.code_refusal.iter().map(|refusal| ("coupon", coupon_words(visitor, refusal))));
    wrong.extend(price.code_wait.map(|wait| {
        let minutes = (code_entry::seconds(wait) + 59) / 60;
        ("coupon", visitor.say("coupon-wrong-too-many", &[("minutes", minutes.into())]))
    }));
    wrong.extend(price.deliveries.as_ref().err().map(|refusal| shipping_words(visitor, refusal)));
    wrong
}

/// Names each field, from top to bottom, and leads to it.
fn check_fields(visitor: &Visitor, wrong: &BTreeMap<&'static str, String>) -> Notice {
    let item = |name: &&str| {
        let text = wrong.get(*name)?.clone();
        let label = match *name {
            "name" => "checkout-name",
            "street" => "checkout-street",
            "postal_code" => "checkout-postal-code",
            "city" => "checkout-city",
            _ => return Some((text, Some(format!("#{name}")))), // It says which one by itself.
        };
        let named = [("field", visitor.say(label, &[]).into()), ("text", text.into())];
        Some((visitor.say("checkout-field-wrong", &named), Some(format!("#{name}"))))
    };
    let items = FIELDS.iter().filter_map(item).collect();
    Notice { kind: "bad", title: visitor.say("checkout-check-fields", &[]), items, ..Notice::default() }
}

/// The same form again after its order went its way: its page says how it stands.
async fn already_bought(visitor: &Visitor, form: &CheckoutForm) -> Result<Option<Response>, PageError> {
    let Ok(id) = form.order_id.parse::<OrderId>() else { return Ok(None) };
    let Some(order) = orders::find(&visitor.shop.storage, id).await? else { return Ok(None) };
    let is_over = matches!(order.status, Status::Processing | Status::Paid | Status::Refunded);
    Ok((is_over && visitor.owns(&order.cart_id)).then(|| to_order(visitor, id)))
}

async fn order(visitor: &Visitor, cart: &Cart, priced: Priced<'_>, form: &CheckoutForm) -> Result<Response, PageError> {
    let (shelf, price) = priced;
    let Ok(email) = Email::parse(&form.email) else { return Err(PageError::Unreadable) };
    let mut lines = Vec::with_capacity(cart.now.lines.len());
    for (sku, quantity) in &cart.now.lines {
        let sku = Sku::parse(sku).map_err(|error| PageError::Fault(error.to_string()))?;
        lines.push(CartLine { sku, quantity: *quantity });
    }
    let mut request = CheckoutRequest {
        order_id: cart.now.order_id,
        request_hash: String::new(),
        lines,
        email,
        client: visitor.client.clone(),
        cart_id: cart.id.clone(),
        language: visitor.language.tag().to_owned(),
        shipping_address: form.address(),
        destination: form.destination(),
        shipping_method: price.method.clone(),
        coupon: price.coupon.as_ref().map(|coupon| coupon.code.clone()),
        total_shown: Some(Money::new(price.total(), price.currency)),
    };
    request.request_hash = request_hash(&request);
    if !visitor.order_with(cart, request.order_id).await? {
        return changed_meanwhile(visitor, cart, priced, form);
    }
    let mut opened = check_out(&visitor.shop, request.clone()).await;
    if matches!(opened, Err(CheckoutFailure::Refused(Refusal::IdempotencyKeyReused))) {
        // Back from the payment page with another address or e-mail: a new order takes the old one's place.
        request.order_id = cart.next_order_id(&visitor.shop);
        if !visitor.order_with_next(cart, request.order_id).await? {
            return changed_meanwhile(visitor, cart, priced, form);
        }
        opened = check_out(&visitor.shop, request.clone()).await;
    }
    match opened {
        Ok(opened) => Ok(match opened.checkout_url {
            Some(url) => with_cookie(see_other(&url), visitor.open_order(opened.order_id)),
            None => to_order(visitor, opened.order_id),
        }),
        // The code stopped being good since the page was shown: the price without it is shown, and needs a click (C11).
        Err(CheckoutFailure::Refused(refusal @ (Refusal::CouponUnknown | Refusal::Coupon(_)))) => {
            let wrong = BTreeMap::from([("coupon", coupon_words(visitor, &refusal))]);
            let without = CheckoutForm { coupon: String::new(), ..form.clone() };
            let price = Price::of(visitor, shelf, &without).await?;
            let notice = Some(check_fields(visitor, &wrong));
            form_page(visitor, cart, (shelf, &price), StatusCode::CONFLICT, form, &wrong, notice)
        }
        // So did the delivery: what is offered now is shown.
        Err(CheckoutFailure::Refused(Refusal::Shipping(refusal))) => {
            let wrong = BTreeMap::from([shipping_words(visitor, &refusal)]);
            let price = Price::of(visitor, shelf, form).await?;
            let notice = Some(check_fields(visitor, &wrong));
            form_page(visitor, cart, (shelf, &price), StatusCode::CONFLICT, form, &wrong, notice)
        }
        Err(CheckoutFailure::Refused(refusal)) => {
            let (status, notice) = refused(visitor, shelf, &refusal);
            form_page(visitor, cart, priced, status, form, &BTreeMap::new(), Some(notice))
        }
        Err(CheckoutFailure::ProviderUnavailable) => {
            let notice = Notice {
                kind: "bad",
                title: visitor.say("checkout-provider", &[]),
                text: visitor.say("checkout-provider-text", &[]),
                ..Notice::default()
            };
            form_page(visitor, cart, priced, StatusCode::SERVICE_UNAVAILABLE, form, &BTreeMap::new(), Some(notice))
        }
        Err(CheckoutFailure::Fault(fault)) => Err(PageError::Fault(fault.to_string())),
    }
}

fn changed_meanwhile(
    visitor: &Visitor,
    cart: &Cart,
    priced: Priced<'_>,
    form: &CheckoutForm,
) -> Result<Response, PageError> {
    let notice = Notice { kind: "wait", title: visitor.say("cart-busy", &[]), to_cart: true, ..Notice::default() };
    form_page(visitor, cart, priced, StatusCode::CONFLICT, form, &BTreeMap::new(), Some(notice))
}

/// The request in one canonical form: the same id with anything else in it is another request.
fn request_hash(request: &CheckoutRequest) -> String {
    let lines: Vec<(&str, i64)> = request.lines.iter().map(|line| (line.sku.as_str(), line.quantity)).collect();
    let canonical = serde_json::json!([
        "storefront",
        lines,
        request.email.as_str(),
        request.cart_id,
        request.language,
        request.shipping_address,
        request.destination.as_ref().map(ToString::to_string),
        request.shipping_method,
        request.coupon.as_ref().map(CouponCode::as_str),
    ]);
    digest(&canonical.to_string())
}

fn filled(visitor: &Visitor) -> Option<&Cart> {
    visitor.cart.as_ref().filter(|cart| !cart.now.lines.is_empty())
}

fn to_cart(visitor: &Visitor) -> Response {
    see_other(&format!("{}/cart", visitor.prefix()))
}

fn to_order(visitor: &Visitor, id: OrderId) -> Response {
    with_cookie(see_other(&format!("{}/orders/{id}", visitor.prefix())), visitor.open_order(id))
}
