//! The storefront: pages that work without any script, in English at `/…` and in Chinese at `/zh/…`.
//!
//! Invariant: GET changes neither stock nor carts. What a buyer sees of prices and stock is advice; the ledger
//! decides when the order is placed.

pub mod cancel;
pub mod cart;
pub mod catalogue;
pub mod checkout;
pub mod listing;
pub mod lookup;
pub mod mailbox;
pub mod order_state;
pub mod order_status;
pub mod page;
pub mod pictures;
pub mod problems;
pub mod search;
pub mod seo;
pub mod stock_requests;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Request, State};
use axum::http::header::LOCATION;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::shop::Shop;
use crate::web::PageError;
use crate::web::session::language_of;

/// The prefixes of the languages.
const PREFIXES: [&str; 2] = ["", "/zh"];

pub fn router() -> Router<Arc<Shop>> {
    let mut router = Router::new().route("/zh", get(catalogue::home));
    for prefix in PREFIXES {
        let at = |path: &str| format!("{prefix}{path}");
        router = router
            .route(&at("/"), get(catalogue::home))
            .route(&at("/products"), get(listing::products))
            .route(&at("/products/{slug}"), get(catalogue::product))
            .route(&at("/collections/{slug}"), get(listing::collection))
            .route(&at("/search"), get(search::search))
            .route(&at("/search/suggestions"), get(search::suggest))
            .route(&at("/pages/{slug}"), get(page::show))
            .route(&at("/stock-requests"), post(stock_requests::submit))
            .route(&at("/cart"), get(cart::show))
            .route(&at("/cart/add"), post(cart::add))
            .route(&at("/cart/change"), post(cart::change))
            .route(&at("/cart/rebuild"), post(cart::rebuild))
            .route(&at("/checkout"), get(checkout::show).post(checkout::submit))
            .route(&at("/success"), get(order_status::success))
            .route(&at("/orders"), get(lookup::show).post(lookup::submit))
            .route(&at("/orders/{id}"), get(order_status::show))
            .route(&at("/orders/{id}/now"), get(order_status::now))
            .route(&at("/orders/{id}/hold"), post(order_status::hold))
            .route(&at("/orders/{id}/confirm"), post(order_status::confirm))
            .route(&at("/problems"), get(problems::list))
            .route(&at("/problems/{code}"), get(problems::show))
            .route(&at("/orders/{id}/cancel"), get(cancel::show).post(cancel::submit));
    }
    router
}

/// A page in a language that the shop does not offer (any more) leads to the same page in one that it does.
pub async fn speak_what_is_offered(State(shop): State<Arc<Shop>>, request: Request, next: Next) -> Response {
    let settings = shop.settings();
    let (language, here) = language_of(request.uri().path());
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match settings.languages.first().filter(|_| reads && !settings.languages.contains(&language)) {
        None => next.run(request).await,
        Some(offered) => {
            let query = request.uri().query().map_or_else(String::new, |query| format!("?{query}"));
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, format!("{}{here}{query}", offered.prefix()))]).into_response()
        }
    }
}

/// 303: the browser asks for `place` with GET, and a reload repeats nothing.
pub fn see_other(place: &str) -> Response {
    (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response()
}

/// Text of one line that a database takes: control characters are in nobody's name or search.
pub fn plain(text: &str) -> Option<&str> {
    let text = text.trim();
    (!text.chars().any(char::is_control)).then_some(text)
}

/// A quantity as people type it; full-width digits are digits too. None: not a whole number within `least..=999`.
pub fn quantity(text: &str, least: i64) -> Option<i64> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 6 {
        return None;
    }
    let mut number = 0;
    for c in text.chars() {
        let digit = match c {
            '0'..='9' => i64::from(u32::from(c) - u32::from('0')),
            '０'..='９' => i64::from(u32::from(c) - u32::from('０')),
            _ => return None,
        };
        number = number * 10 + digit;
    }
    (least..=rules::cart::QUANTITY_MAX).contains(&number).then_some(number)
}

macro_rules! unreadable {
    ($($rejection:ty),+) => {
        $(impl From<$rejection> for PageError {
            fn from(rejection: $rejection) -> Self {
                match rejection.status() {
                    StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
                    _ => PageError::Unreadable,
                }
            }
        })+
    };
}

unreadable!(FormRejection, PathRejection, QueryRejection);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_a_whole_number_from_one_to_999() {
        for (text, expected) in
            [("1", Some(1)), (" 12 ", Some(12)), ("999", Some(999)), ("１２", Some(12)), ("007", Some(7))]
        {
            assert_eq!(quantity(text, 1), expected, "{text}");
        }
        for text in ["", "0", "-1", "1.5", "1e3", "1000", "99999999999999999999", "two", "１０００", "1 2", "+1", "\0"]
        {
            assert_eq!(quantity(text, 1), None, "{text:?}");
        }
        assert_eq!(quantity("0", 0), Some(0));
    }

    #[test]
    fn control_characters_are_not_plain_text() {
        assert_eq!(plain("  青瓷 cup "), Some("青瓷 cup"));
        assert_eq!(plain("a\0b"), None);
        assert_eq!(plain("a\nb"), None);
    }
}
