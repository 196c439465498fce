//! `POST /api/checkout`: from a list of items to a payment page.
//!
//! The order's id is drawn from the caller's idempotency key, so the same request again is the same order, however
//! often a network loses the answer.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rules::cart::{CartLine, LINES_MAX, QUANTITY_MAX};
use rules::commands::Refusal;
use rules::coupons::CouponCode;
use rules::ids::OrderId;
use rules::places::{Destination, Region};
use rules::text::{Email, Sku};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::access::Caller;
use super::input::{Body, IdempotencyKey};
use super::orders::{self, OrderBody};
use crate::language::{Language, find_country};
use crate::outbox::checkout::{self, CheckoutFailure, CheckoutRequest};
use crate::shop::Shop;
use crate::storage::coupons;
use crate::storage::keys::Scope;
use crate::storage::orders::find;
use crate::web::PageError;
use crate::web::code_entry::{self, Who};
use crate::web::problem::{FieldError, Problem, ProblemBody};

/// Longest value of one field of an address, in characters.
const ADDRESS_CHARS_MAX: usize = 200;
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What somebody wants to buy. Prices are the shop's own.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// 1 to 50; two items of one SKU are summed.
    items: Vec<CheckoutItem>,
    #[schema(example = "lin@example.com")]
    email: String,
    /// A code, in any case.
    coupon: Option<String>,
    shipping_address: Option<Address>,
    /// The code of one of the methods offered there (`POST /api/quote` lists them); may be left out where there is one.
    shipping_method: Option<String>,
    /// `en` or `zh-CN`.
    locale: Option<String>,
}

#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckoutItem {
    #[schema(example = "HK-CUP-120-CEL")]
    sku: String,
    /// 1 to 999.
    quantity: i64,
}

/// Fields of an address without which nothing can be sent.
pub const NEEDED: [&str; 3] = ["name", "street", "city"];

#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    street: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<String>,
    /// The part of an ISO 3166-2 code after the country, such as `CA`; asked for where shipping or taxes depend on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    /// ISO 3166, or as people write it.
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OpenedCheckout {
    order: OrderBody,
    /// Send the buyer here: the payment page, or the order's own page once there is nothing left to pay.
    checkout_url: String,
}

/// Holds the items and opens a payment page.
#[utoipa::path(post, path = "/api/checkout", tag = "shop", operation_id = "check_out", request_body = Checkout,
    params(("Idempotency-Key" = String, Header, description = "Required. The same request again is the same order")),
    responses(
        (status = 201, description = "Held, and waiting for payment", body = OpenedCheckout, headers(
            ("Idempotency-Replayed" = String, description = "`true` when the order stood already"))),
        (status = 409, description = "`out-of-stock`: nothing is held; `lines` says what is left", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = 503, description = "The payment provider is away; nothing was charged", body = ProblemBody,
            content_type = "application/problem+json")))]
pub async fn check_out(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    IdempotencyKey(key): IdempotencyKey,
    Body(body): Body<Checkout>,
) -> Result<Response, Problem> {
    // Two keys of the API are two callers: each names its requests as it likes.
    let name = match &caller.key {
        Some(by) => format!("checkout by {}: {key}", by.id),
        None => format!("checkout:{key}"),
    };
    let order_id = OrderId::from_u128(bits(&name));
    // A shop front of the shopkeeper's own speaks for many buyers: no cap by its address.
    let client = if caller.may(Scope::OrdersWrite) { String::new() } else { caller.client };
    let request = request(&body, order_id, client)?;
    let language = Language::of_tag(&request.language);
    if let Some(code) = &request.coupon {
        look_at_code(&shop, &request, code).await?;
    }
    let opened = checkout::check_out(&shop, request).await.map_err(|failure| named(failure, &body))?;
    let order = find(&shop.storage, order_id).await?;
    let order = order.ok_or_else(|| Problem::fault(PageError::Fault("a placed order is gone".to_owned())))?;
    let token = shop.order_token(order_id);
    let own_page = format!("{}{}/orders/{order_id}?token={token}", shop.config.base_url, language.prefix());
    let answer = OpenedCheckout {
        order: orders::body(&order, Some(token)),
        checkout_url: opened.checkout_url.unwrap_or(own_page),
    };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    if opened.again {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Counts a code that is not there; too many of them are refused, unless the order stands already and is only asked for again.
async fn look_at_code(shop: &Shop, request: &CheckoutRequest, code: &CouponCode) -> Result<(), Problem> {
    let is_there = coupons::find(&shop.storage, code).await?.is_some_and(|stored| stored.coupon.active);
    let who = Who::buyer(shop, &request.client, Some(&request.email));
    match code_entry::entered(shop, &who, is_there).await? {
        Some(wait) if find(&shop.storage, request.order_id).await?.is_none() => {
            Err(Problem::too_many_attempts(code_entry::seconds(wait), code_entry::LIMIT).at("/coupon".to_owned()))
        }
        Some(_) | None => Ok(()),
    }
}

/// What the law refuses about one item, at that item.
fn named(failure: CheckoutFailure, body: &Checkout) -> Problem {
    let (sku, field) = match &failure {
        CheckoutFailure::Refused(Refusal::UnknownSku { sku } | Refusal::NotForSale { sku }) => (sku, "sku"),
        CheckoutFailure::Refused(Refusal::CouponUnknown | Refusal::Coupon(_)) => {
            return Problem::from(failure).at("/coupon".to_owned());
        }
        CheckoutFailure::Refused(Refusal::QuantityOutOfRange { sku, .. }) => (sku, "quantity"),
        _ => return failure.into(),
    };
    match body.items.iter().position(|item| item.sku == sku.as_str()) {
        Some(at) => {
            let pointer = format!("/items/{at}/{field}");
            Problem::from(failure).at(pointer)
        }
        None => failure.into(),
    }
}

/// Parses what was sent; names every field that cannot be used.
fn request(body: &Checkout, order_id: OrderId, client: String) -> Result<CheckoutRequest, Problem> {
    let mut errors = Vec::new();
    let lines = read_lines(&body.items, &mut errors);
    if let Some(address) = &body.shipping_address {
        address.check(&mut errors);
    }
    let mut wrong = |pointer: String, code: &'static str, detail: String| {
        errors.push(FieldError { pointer, code, detail });
    };
    let email = Email::parse(&body.email);
    if let Err(error) = &email {
        wrong("/email".to_owned(), "not-an-email", error.to_string());
    }
    // What is no code is nobody's code.
    let entered = body.coupon.as_deref().filter(|code| !code.trim().is_empty());
    let coupon = entered.map(CouponCode::parse).transpose();
    let language = body.locale.as_deref().map_or(Some(Language::En), Language::parse);
    if language.is_none() {
        wrong("/locale".to_owned(), "unknown-locale", "Send en or zh-CN.".to_owned());
    }
    if body.shipping_method.as_deref().is_some_and(|method| method.chars().count() > ADDRESS_CHARS_MAX) {
        wrong("/shipping_method".to_owned(), "too-long", format!("At most {ADDRESS_CHARS_MAX} characters."));
    }
    match (email, language) {
        (Ok(email), Some(language)) if errors.is_empty() => {
            let Ok(coupon) = coupon else {
                return Err(Problem::from(Refusal::CouponUnknown).at("/coupon".to_owned()));
            };
            Ok(CheckoutRequest {
                order_id,
                request_hash: request_hash(body),
                lines,
                email,
                client,
                cart_id: String::new(),
                language: language.tag().to_owned(),
                shipping_address: body.shipping_address.as_ref().map_or_else(String::new, Address::stored),
                destination: body.shipping_address.as_ref().and_then(Address::destination),
                shipping_method: body.shipping_method.clone().filter(|method| !method.is_empty()),
                coupon,
                total_shown: None,
            })
        }
        _ => Err(Problem::invalid_fields(errors)),
    }
}

/// The lines of a cart; what cannot be used is named.
pub fn read_lines(items: &[CheckoutItem], errors: &mut Vec<FieldError>) -> Vec<CartLine> {
    let mut wrong = |pointer: String, code: &'static str, detail: String| {
        errors.push(FieldError { pointer, code, detail });
    };
    if items.is_empty() {
        wrong("/items".to_owned(), "empty", "The cart is empty.".to_owned());
    }
    if items.len() > LINES_MAX {
        wrong("/items".to_owned(), "too-many", format!("An order has at most {LINES_MAX} lines."));
    }
    let mut lines = Vec::with_capacity(items.len().min(LINES_MAX));
    for (at, item) in items.iter().enumerate().take(LINES_MAX) {
        if !(1..=QUANTITY_MAX).contains(&item.quantity) {
            let detail = format!("Order between 1 and {QUANTITY_MAX}.");
            wrong(format!("/items/{at}/quantity"), "out-of-range", detail);
        }
        match Sku::parse(&item.sku) {
            Ok(sku) => lines.push(CartLine { sku, quantity: item.quantity }),
            Err(error) => wrong(format!("/items/{at}/sku"), "not-a-sku", error.to_string()),
        }
    }
    lines
}

impl Address {
    /// Names each field that is no line of an address.
    pub fn check(&self, errors: &mut Vec<FieldError>) {
        for (name, text) in self.fields() {
            if text.chars().count() > ADDRESS_CHARS_MAX || text.chars().any(char::is_control) {
                let detail = format!("At most {ADDRESS_CHARS_MAX} characters on one line.");
                errors.push(FieldError { pointer: format!("/shipping_address/{name}"), code: "not-a-line", detail });
            }
        }
    }

    fn fields(&self) -> Vec<(&'static str, &str)> {
        let fields = [
            ("name", &self.name),
            ("street", &self.street),
            ("postal_code", &self.postal_code),
            ("city", &self.city),
            ("region", &self.region),
            ("country", &self.country),
        ];
        fields.into_iter().filter_map(|(name, text)| text.as_deref().map(|text| (name, text.trim()))).collect()
    }

    /// As far as it can be read: what shipping and taxes go by. They say themselves what they miss.
    pub fn destination(&self) -> Option<Destination> {
        let country = find_country(self.country.as_deref()?)?;
        let region = self.region.as_deref().and_then(|region| Region::parse(region.trim()).ok());
        Some(Destination { country, region })
    }

    /// As the order keeps it: the fields that were filled in; empty when none was.
    pub fn stored(&self) -> String {
        let filled: serde_json::Map<String, serde_json::Value> = self
            .fields()
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name.to_owned(), text.into()))
            .collect();
        if filled.is_empty() { String::new() } else { serde_json::Value::Object(filled).to_string() }
    }
}

/// The parsed body in one canonical form, so that white space and the order of fields make no other request.
fn request_hash(body: &Checkout) -> String {
    let canonical = serde_json::to_string(body).expect("what was read from JSON is JSON");
    Sha256::digest(canonical.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bits of an id that a request names itself.
pub fn bits(name: &str) -> u128 {
    let digest: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    u128::from_be_bytes(digest[..16].try_into().expect("a digest has 32 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<CheckoutRequest, Problem> {
        let body: Checkout = serde_json::from_str(json).expect("the right shape");
        request(&body, OrderId::from_u128(1), "client".to_owned())
    }

    #[track_caller]
    fn check(json: &str, pointer: &str, code: &str) {
        let told = format!("{:?}", read(json).expect_err(json));
        assert!(told.contains(&format!("pointer: {pointer:?}, code: {code:?}")), "{told}");
    }

    #[test]
    fn every_field_that_cannot_be_used_is_named() {
        check(r#"{"items":[],"email":"a@example.org"}"#, "/items", "empty");
        for quantity in ["0", "-1", "1000", "9223372036854775807"] {
            let json = format!(r#"{{"items":[{{"sku":"A","quantity":{quantity}}}],"email":"a@example.org"}}"#);
            check(&json, "/items/0/quantity", "out-of-range");
        }
        let both = r#"{"items":[{"sku":"A b","quantity":1}],"email":"nobody","locale":"fr"}"#;
        check(both, "/items/0/sku", "not-a-sku");
        check(both, "/email", "not-an-email");
        check(both, "/locale", "unknown-locale");
        let many = vec![r#"{"sku":"A","quantity":1}"#; 51].join(",");
        check(&format!(r#"{{"items":[{many}],"email":"a@example.org"}}"#), "/items", "too-many");
        let line = r#"{"items":[{"sku":"A","quantity":1}],"email":"a@example.org","shipping_address":{"city":"a\nb"}}"#;
        check(line, "/shipping_address/city", "not-a-line");
    }

    #[test]
    fn the_same_request_has_the_same_digest_however_it_is_written() {
        let plain = r#"{"items":[{"sku":"A","quantity":1}],"email":"a@example.org"}"#;
        let other = r#"{ "email":"a@example.org", "items":[{"quantity":1,"sku":"A"}], "coupon": null }"#;
        let more = r#"{"items":[{"sku":"A","quantity":2}],"email":"a@example.org"}"#;
        let hash = |json| read(json).expect("a request").request_hash;
        assert_eq!(hash(plain), hash(other));
        assert_ne!(hash(plain), hash(more));
    }

    #[test]
    fn a_code_is_read_as_people_type_it_and_what_is_none_is_unknown() {
        let with = |code: &str| {
            read(&format!(r#"{{"items":[{{"sku":"A","quantity":1}}],"email":"a@example.org","coupon":"{code}"}}"#))
        };
        let code = |request: CheckoutRequest| request.coupon.map(|code| code.to_string());
        assert_eq!(with(" tea 10 ").map(code).expect("a code"), Some("TEA10".to_owned()));
        assert_eq!(with("  ").map(code).expect("no code"), None);
        assert!(format!("{:?}", with("TEA/10").expect_err("no code")).contains("coupon-unknown"));
    }
}
