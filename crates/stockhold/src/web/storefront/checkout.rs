//! From the cart to the payment page, in one form.
//!
//! The form carries the id of the order it will become and a digest of what the buyer saw. A double click, a reload
//! and the back button therefore meet the same order; a cart or a price that changed meanwhile is shown again
//! before anything is ordered (M1).

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::cart::CartLine;
use rules::commands::Refusal;
use rules::coupons::{CouponCode, CouponRefusal, check_use};
use rules::ids::OrderId;
use rules::money::{Currency, Money};
use rules::orders::Status;
use rules::pricing;
use rules::text::{Email, Sku};
use serde::Deserialize;

use super::cart::Shelf;
use super::{plain, see_other};
use crate::outbox::checkout::{CheckoutFailure, CheckoutRequest, check_out};
use crate::storage::{coupons, orders};
use crate::web::PageError;
use crate::web::session::{Cart, Visitor, digest, with_cookie};

/// The longest text of one address field.
const FIELD_CHARS_MAX: usize = 200;
/// The address fields, in the order of the form.
const ADDRESS: [&str; 5] = ["name", "street", "postal_code", "city", "country"];

/// What was typed; it is shown again until it is right.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct CheckoutForm {
    #[serde(default)]
    order_id: String,
    #[serde(default)]
    seen: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    street: String,
    #[serde(default)]
    postal_code: String,
    #[serde(default)]
    city: String,
    #[serde(default)]
    country: String,
    #[serde(default)]
    coupon: String,
    /// Pressed: look at the code, order nothing.
    #[serde(default)]
    apply: String,
}

/// What the cart costs with the code that was typed, as far as a page can say before the ledger decides.
#[derive(Debug)]
struct Price {
    currency: Currency,
    code: Option<CouponCode>,
    discount: i64,
    total: i64,
    /// Why the code gives nothing, in the buyer's words.
    wrong: Option<String>,
}

impl Price {
    fn without_code(visitor: &Visitor, shelf: &Shelf) -> Price {
        Price { currency: visitor.settings.currency, code: None, discount: 0, total: shelf.total(), wrong: None }
    }

    async fn of(visitor: &Visitor, shelf: &Shelf, form: &CheckoutForm) -> Result<Price, PageError> {
        let without = Price::without_code(visitor, shelf);
        if form.coupon.trim().is_empty() {
            return Ok(without);
        }
        match with_code(visitor, shelf, form).await? {
            Ok((code, discount)) => {
                Ok(Price { code: Some(code), discount, total: shelf.total() - discount, ..without })
            }
            Err(refusal) => Ok(Price { wrong: Some(coupon_words(visitor, &refusal)), ..without }),
        }
    }
}

async fn with_code(
    visitor: &Visitor,
    shelf: &Shelf,
    form: &CheckoutForm,
) -> Result<Result<(CouponCode, i64), Refusal>, PageError> {
    let shop = &visitor.shop;
    let Ok(code) = CouponCode::parse(&form.coupon) else { return Ok(Err(Refusal::CouponUnknown)) };
    let Some(stored) = coupons::find(&shop.storage, &code).await? else { return Ok(Err(Refusal::CouponUnknown)) };
    // Whoever has not said yet who they are is nobody's customer; the ledger asks again.
    let buyer = Email::parse(&form.email).map_or_else(|_| String::new(), |email| email.buyer());
    let (uses, has_ordered) = coupons::uses(&shop.storage, &stored, &buyer).await?;
    // Going on replaces the visitor's own unpaid order of this cart, and gives its use back first.
    if let Err(refusal) = check_use(&stored.coupon, shelf.without_own(uses, code.as_str()), has_ordered, shop.now()) {
        return Ok(Err(Refusal::Coupon(refusal)));
    }
    let goods = pricing::goods(&shelf.items(), Some(&stored.coupon), visitor.settings.currency);
    Ok(goods.map(|goods| (code, goods.discount_minor)).map_err(Refusal::from))
}

/// Why a code gives nothing: kindly, and what would help.
fn coupon_words(visitor: &Visitor, refusal: &Refusal) -> String {
    let Refusal::Coupon(refusal) = refusal else { return visitor.say("coupon-wrong-unknown", &[]) };
    match refusal {
        CouponRefusal::Inactive | CouponRefusal::OtherCurrency => visitor.say("coupon-wrong-unknown", &[]),
        CouponRefusal::NotYet { starts_at } => {
            visitor.say("coupon-wrong-not-yet", &[("at", visitor.time(*starts_at).into())])
        }
        CouponRefusal::Expired { ended_at } => {
            visitor.say("coupon-wrong-expired", &[("at", visitor.time(*ended_at).into())])
        }
        CouponRefusal::UsedUp => visitor.say("coupon-wrong-used-up", &[]),
        CouponRefusal::UsedUpByYou => visitor.say("coupon-wrong-used-up-by-you", &[]),
        CouponRefusal::FirstOrderOnly => visitor.say("coupon-wrong-first-order", &[]),
        CouponRefusal::NotForTheseGoods => visitor.say("coupon-wrong-goods", &[]),
        CouponRefusal::MinimumNotMet { missing_minor, .. } => {
            visitor.say("coupon-wrong-minimum", &[("missing", visitor.money(*missing_minor).into())])
        }
    }
}

/// What the page says above the form.
#[derive(Debug, Default)]
struct Notice {
    kind: &'static str,
    title: String,
    text: String,
    /// Text, and the field it leads to.
    items: Vec<(String, Option<String>)>,
    to_cart: bool,
}

pub async fn show(visitor: Visitor) -> Result<Response, PageError> {
    let Some(cart) = filled(&visitor) else { return Ok(to_cart(&visitor)) };
    let shelf = Shelf::of(&visitor, cart).await?;
    if shelf.is_blocked() {
        return Ok(to_cart(&visitor));
    }
    let form = typed_before(&visitor, cart).await?;
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
        let wrong: BTreeMap<&'static str, String> = price.wrong.iter().map(|text| ("coupon", text.clone())).collect();
        let status = if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
        return form_page(&visitor, cart, priced, status, &form, &wrong, None);
    }
    let mut wrong = wrong_fields(&visitor, &form);
    wrong.extend(price.wrong.iter().map(|text| ("coupon", text.clone())));
    if !wrong.is_empty() {
        let items = wrong.iter().map(|(name, text)| (text.clone(), Some(format!("#{name}")))).collect();
        let title = visitor.say("checkout-check-fields", &[]);
        let notice = Notice { kind: "bad", title, items, ..Notice::default() };
        return form_page(&visitor, cart, priced, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrong, Some(notice));
    }
    if form.seen != seen(cart, &shelf, &price) {
        let mut notice = Notice {
            kind: "wait",
            title: visitor.say("checkout-cart-changed", &[]),
            text: visitor.say("checkout-cart-changed-text", &[]),
            to_cart: true,
            ..Notice::default()
        };
        if price.code.is_some() {
            notice.title = visitor.say("checkout-total-changed", &[]);
            notice.text = visitor.say("checkout-total-changed-text", &[]);
        }
        return form_page(&visitor, cart, priced, StatusCode::CONFLICT, &form, &wrong, Some(notice));
    }
    order(&visitor, cart, priced, &form).await
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
        shipping_address: address(form),
        coupon: price.code.clone(),
        total_shown: Some(Money::new(price.total, price.currency)),
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
            let text = coupon_words(visitor, &refusal);
            let items = vec![(text.clone(), Some("#coupon".to_owned()))];
            let title = visitor.say("checkout-check-fields", &[]);
            let notice = Notice { kind: "bad", title, items, ..Notice::default() };
            let price = Price { wrong: Some(text.clone()), ..Price::without_code(visitor, shelf) };
            let wrong = BTreeMap::from([("coupon", text)]);
            form_page(visitor, cart, (shelf, &price), StatusCode::CONFLICT, form, &wrong, Some(notice))
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

/// A refusal in the buyer's words; goods go by their names.
fn refused(visitor: &Visitor, shelf: &Shelf, refusal: &Refusal) -> (StatusCode, Notice) {
    let mut notice = Notice {
        kind: "bad",
        title: visitor.say("checkout-refused", &[]),
        text: visitor.say("checkout-refused-text", &[]),
        to_cart: true,
        ..Notice::default()
    };
    let mut status = StatusCode::CONFLICT;
    match refusal {
        Refusal::OutOfStock { lines } => {
            notice.title = visitor.say("checkout-out-of-stock", &[]);
            notice.text = visitor.say("checkout-out-of-stock-text", &[]);
            for short in lines {
                let title = shelf.name_of(visitor, short.sku.as_str());
                let words =
                    [("title", title.into()), ("wanted", short.wanted.into()), ("available", short.available.into())];
                notice.items.push((visitor.say("checkout-short-line", &words), None));
            }
        }
        Refusal::UnknownSku { sku } | Refusal::NotForSale { sku } => {
            let words = [("sku", shelf.name_of(visitor, sku.as_str()).into())];
            notice.items.push((visitor.say("checkout-not-for-sale", &words), None));
        }
        Refusal::TooManyLines { most } => {
            let most = i64::try_from(*most).unwrap_or(i64::MAX);
            notice.items.push((visitor.say("checkout-too-many-lines", &[("most", most.into())]), None));
        }
        Refusal::QuantityOutOfRange { sku, most } => {
            let words = [("sku", shelf.name_of(visitor, sku.as_str()).into()), ("most", (*most).into())];
            notice.items.push((visitor.say("checkout-quantity", &words), None));
        }
        Refusal::AmountTooLarge => notice.items.push((visitor.say("checkout-too-large", &[]), None)),
        Refusal::AmountTooSmall { least_minor } => {
            let words = [("least", visitor.money(*least_minor).into())];
            notice.items.push((visitor.say("checkout-too-small", &words), None));
        }
        Refusal::HoldCapReached { most } => {
            status = StatusCode::TOO_MANY_REQUESTS;
            notice.items.push((visitor.say("checkout-hold-cap", &[("most", (*most).into())]), None));
        }
        Refusal::TotalChanged { .. } => {
            notice.kind = "wait";
            notice.title = visitor.say("checkout-total-changed", &[]);
            notice.text = visitor.say("checkout-total-changed-text", &[]);
        }
        Refusal::EmptyCart
        | Refusal::CouponUnknown
        | Refusal::Coupon(_)
        | Refusal::IdempotencyKeyReused
        | Refusal::StockBelowHeld { .. }
        | Refusal::ChangeOutOfRange { .. }
        | Refusal::OrderUnknown
        | Refusal::RefundUnknown
        | Refusal::SessionStillOpen
        | Refusal::AlreadyShipped
        | Refusal::DisputeOpen
        | Refusal::NotPaid
        | Refusal::NothingToConfirm
        | Refusal::HoldOver
        | Refusal::OthersWait { .. }
        | Refusal::NothingToRefund
        | Refusal::RefundTooLarge { .. }
        | Refusal::AmountNotInSteps { .. }
        | Refusal::LineUnknown { .. }
        | Refusal::UnitsNotThere { .. }
        | Refusal::NothingToShip
        | Refusal::PaymentUnknown
        | Refusal::RefundNotOfPayment => {}
    }
    (status, notice)
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

/// The goods, and what they cost.
type Priced<'a> = (&'a Shelf, &'a Price);

fn form_page(
    visitor: &Visitor,
    cart: &Cart,
    (shelf, price): Priced<'_>,
    status: StatusCode,
    form: &CheckoutForm,
    wrong: &BTreeMap<&'static str, String>,
    notice: Option<Notice>,
) -> Result<Response, PageError> {
    let notice = notice.map(|notice| {
        let items: Vec<Value> = notice.items.into_iter().map(|(text, href)| context! { text, href }).collect();
        context! { kind => notice.kind, title => notice.title, text => notice.text, items, to_cart => notice.to_cart }
    });
    let said = |name: &str| wrong.get(name).cloned().unwrap_or_default();
    let context = context! {
        notice,
        order_id => cart.now.order_id.to_string(),
        seen => seen(cart, shelf, price),
        lines => shelf.lines(visitor),
        subtotal => visitor.money(shelf.total()),
        discount => (price.discount > 0).then(|| visitor.money(-price.discount)),
        code => price.code.as_ref().map(CouponCode::to_string),
        total => visitor.money(price.total),
        free => price.total == 0,
        form => context! {
            email => form.email.as_str(),
            name => form.name.as_str(),
            street => form.street.as_str(),
            postal_code => form.postal_code.as_str(),
            city => form.city.as_str(),
            country => form.country.as_str(),
            coupon => form.coupon.as_str(),
        },
        wrong => context! {
            email => said("email"),
            name => said("name"),
            street => said("street"),
            postal_code => said("postal_code"),
            city => said("city"),
            country => said("country"),
            coupon => said("coupon"),
        },
    };
    visitor.page(status, "storefront/checkout.html", context)
}

fn wrong_fields(visitor: &Visitor, form: &CheckoutForm) -> BTreeMap<&'static str, String> {
    let mut wrong = BTreeMap::new();
    if Email::parse(&form.email).is_err() {
        wrong.insert("email", visitor.say("checkout-email-wrong", &[]));
    }
    for name in ADDRESS {
        let fits = plain(form.field(name)).is_some_and(|text| text.chars().count() <= FIELD_CHARS_MAX);
        if !fits {
            let most = i64::try_from(FIELD_CHARS_MAX).unwrap_or(i64::MAX);
            wrong.insert(name, visitor.say("checkout-text-wrong", &[("most", most.into())]));
        }
    }
    wrong
}

impl CheckoutForm {
    fn field(&self, name: &str) -> &str {
        match name {
            "name" => &self.name,
            "street" => &self.street,
            "postal_code" => &self.postal_code,
            "city" => &self.city,
            "country" => &self.country,
            _ => "",
        }
    }
}

/// The address as JSON, with the fields that were filled in; empty when none was.
fn address(form: &CheckoutForm) -> String {
    let filled: serde_json::Map<String, serde_json::Value> = ADDRESS
        .iter()
        .map(|name| ((*name).to_owned(), form.field(name).trim()))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| (name, text.into()))
        .collect();
    if filled.is_empty() { String::new() } else { serde_json::Value::Object(filled).to_string() }
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
        request.coupon.as_ref().map(CouponCode::as_str),
    ]);
    digest(&canonical.to_string())
}

/// What the buyer saw: lines, prices, code, total and currency.
fn seen(cart: &Cart, shelf: &Shelf, price: &Price) -> String {
    let Price { currency, code, total, .. } = price;
    digest(&format!("{:?} {:?} {code:?} {total} {currency}", cart.now.lines, shelf.prices()))
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
