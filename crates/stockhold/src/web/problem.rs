//! Errors of the API: `application/problem+json` (RFC 9457) with a stable `code`. The only file that knows statuses.
//!
//! Invariant: bad input is never a 5xx, and a 5xx tells nobody about our inside, only a number to ask by.

use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rules::commands::Refusal;
use rules::coupons::CouponRefusal;
use rules::money::Money;
use rules::shipping::ShippingRefusal;
use rules::stock::Short;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::{Failure, Fault};
use crate::outbox::checkout::CheckoutFailure;
use crate::storage::StorageError;
use crate::storage::products::SaveError;
use crate::web::PageError;

/// The number of a request, when whoever received it drew one.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// What is wrong with a request, or with us.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    lines: Vec<ShortLine>,
    retry_after_seconds: Option<i64>,
    limit: Option<Limit>,
    /// For the log alone.
    cause: Option<PageError>,
}

/// How often something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    pub name: &'static str,
    pub quota: i64,
    pub window_seconds: i64,
}

/// A problem as it travels.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(example = "/problems/out-of-stock")]
    kind: String,
    title: String,
    status: u16,
    detail: String,
    /// The number of the request, to ask by.
    #[serde(skip_serializing_if = "Option::is_none")]
    instance: Option<String>,
    /// Stable, for programs.
    #[schema(example = "out-of-stock")]
    code: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// With `out-of-stock`: what cannot be had in full.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    lines: Vec<ShortLine>,
}

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON Pointer into the body, or the name of a parameter.
    #[schema(example = "/items/0/quantity")]
    pub pointer: String,
    pub code: &'static str,
    pub detail: String,
}

/// A line that cannot be had in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ShortLine {
    sku: String,
    wanted: i64,
    available: i64,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        let detail = detail.into();
        let (errors, lines) = (Vec::new(), Vec::new());
        Problem { status, code, detail, errors, lines, retry_after_seconds: None, limit: None, cause: None }
    }

    pub fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not-found", "There is nothing here.")
    }

    pub fn method_not_allowed() -> Problem {
        Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method is not offered here.")
    }

    pub fn unauthorized() -> Problem {
        let detail = "Send a valid API key: Authorization: Bearer shk_…";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    pub fn forbidden(scope: &str) -> Problem {
        Problem::new(StatusCode::FORBIDDEN, "scope-missing", format!("This key lacks the scope {scope}."))
    }

    pub fn cross_site() -> Problem {
        let detail = "A browser sent this from another site's page. Nothing was changed.";
        Problem::new(StatusCode::FORBIDDEN, "cross-site", detail)
    }

    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, code, detail)
    }

    pub fn precondition_failed() -> Problem {
        let detail = "Somebody changed this since you read it. Read it again.";
        Problem::new(StatusCode::PRECONDITION_FAILED, "precondition-failed", detail)
    }

    pub fn precondition_required() -> Problem {
        let detail = "Send If-Match with the ETag that you read, so that nobody's change is overwritten unseen; \
            If-Match: * overwrites whatever stands.";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "precondition-required", detail)
    }

    /// What was understood but cannot be done, with a code of its own.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub fn too_large() -> Problem {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "A body has at most 1 MB.")
    }

    pub fn unsupported_media_type(detail: &str) -> Problem {
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", detail)
    }

    /// One field that cannot be used.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::invalid_fields(vec![FieldError { pointer: pointer.into(), code, detail: detail.into() }])
    }

    /// Fields that cannot be used; all that were found, so that nobody mends them one by one.
    pub fn invalid_fields(errors: Vec<FieldError>) -> Problem {
        let detail = match errors.as_slice() {
            [only] => only.detail.clone(),
            several => format!("{} fields cannot be used.", several.len()),
        };
        Problem { errors, ..Problem::unprocessable("validation-failed", detail) }
    }

    /// So many wrong codes that the next is looked at in so long.
    pub fn too_many_attempts(retry_after_seconds: i64, limit: Limit) -> Problem {
        let detail = "Too many codes that do not exist were entered. Try again later, or go on without one.";
        let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", detail);
        Problem { retry_after_seconds: Some(retry_after_seconds), limit: Some(limit), ..problem }
    }

    /// The same problem, with what stands in the way one by one.
    #[must_use]
    pub fn naming(self, errors: Vec<FieldError>) -> Problem {
        Problem { errors, ..self }
    }

    /// For the forms of the desk: its code, and what is wrong at which field (at none: an empty pointer). A fault of ours
    /// stays one.
    pub fn into_wrongs(self) -> Result<(&'static str, Vec<FieldError>), PageError> {
        if let Some(cause) = self.cause {
            return Err(cause);
        }
        let whole = FieldError { pointer: String::new(), code: self.code, detail: self.detail };
        let errors = if self.errors.is_empty() { vec![whole] } else { self.errors };
        Ok((self.code, errors))
    }

    /// The same problem, and the field that has it.
    #[must_use]
    pub fn at(mut self, pointer: String) -> Problem {
        match self.errors.first_mut() {
            Some(error) => error.pointer = pointer,
            None => self.errors.push(FieldError { pointer, code: self.code, detail: self.detail.clone() }),
        }
        self
    }

    fn provider_unavailable() -> Problem {
        let detail = "The payment provider cannot be reached. Nothing was charged. Try again in a moment.";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "payment-provider-unavailable", detail)
    }

    /// Ours: the caller learns nothing of our inside.
    pub fn fault(cause: PageError) -> Problem {
        let words = "Something went wrong on our side.";
        let mut problem = match cause {
            PageError::Unavailable(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", words),
            _ => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal-error", words),
        };
        problem.cause = Some(cause);
        problem
    }

    /// The same problem with the number of its request in it.
    pub fn answer(&self, request_id: Option<&str>) -> Response {
        let body = ProblemBody {
            kind: format!("/problems/{}", self.code),
            title: title(self.code),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: request_id.map(str::to_owned),
            code: self.code,
            errors: self.errors.clone(),
            lines: self.lines.clone(),
        };
        let body = serde_json::to_vec(&body).expect("a problem is always JSON");
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if matches!(self.status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS) {
            headers.insert(RETRY_AFTER, HeaderValue::from(self.retry_after_seconds.unwrap_or(5)));
        }
        if let Some(limit) = self.limit {
            // draft-ietf-httpapi-ratelimit-headers: what is allowed, and what of it is left until when.
            let wait = self.retry_after_seconds.unwrap_or(limit.window_seconds);
            let policy = format!("\"{}\";q={};w={}", limit.name, limit.quota, limit.window_seconds);
            let left = format!("\"{}\";r=0;t={wait}", limit.name);
            for (name, value) in [("ratelimit-policy", policy), ("ratelimit", left)] {
                let value = HeaderValue::from_str(&value).expect("numbers and a name of ours");
                headers.insert(HeaderName::from_static(name), value);
            }
        }
        response
    }
}

/// Dresses a problem on its way out: the number of the request goes in, and headers that were put on stay on.
pub fn number(mut response: Response, request_id: Option<&RequestId>) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let mut numbered = problem.answer(request_id.map(|id| id.0.as_str()));
    if let Some(allow) = response.headers().get(ALLOW) {
        numbered.headers_mut().insert(ALLOW, allow.clone());
    }
    if let Some(cause) = problem.cause {
        numbered.extensions_mut().insert(cause); // Logged once, where every failed request is.
    }
    numbered
}

/// `12.50 USD`.
fn plain_money(money: Money) -> String {
    format!("{} {}", money.plain(), money.currency)
}

/// `out-of-stock` → `Out of stock`.
fn title(code: &str) -> String {
    let mut letters = code.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters.map(|letter| if letter == '-' { ' ' } else { letter })).collect()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let words = refusal.to_string();
        match refusal {
            Refusal::OutOfStock { lines } => {
                let short = |line: Short| ShortLine {
                    sku: line.sku.to_string(),
                    wanted: line.wanted,
                    available: line.available,
                };
                let lines = lines.into_iter().map(short).collect();
                Problem { lines, ..Problem::conflict("out-of-stock", words) }
            }
            Refusal::UnknownSku { .. } => Problem::unprocessable("unknown-sku", words),
            Refusal::NotForSale { .. } => Problem::unprocessable("not-for-sale", words),
            Refusal::EmptyCart => Problem::invalid("/items", "empty", words),
            Refusal::TooManyLines { .. } => Problem::invalid("/items", "too-many", words),
            Refusal::QuantityOutOfRange { .. } => Problem::invalid("/items", "out-of-range", words),
            Refusal::CouponUnknown => Problem::unprocessable("coupon-unknown", words),
            Refusal::Coupon(refusal) => {
                let words = match refusal.missing() {
                    Some(missing) => format!("{} are missing to this code's minimum.", plain_money(missing)),
                    None => words,
                };
                match refusal {
                    CouponRefusal::Inactive => Problem::unprocessable("coupon-inactive", words),
                    CouponRefusal::NotYet { .. } => Problem::unprocessable("coupon-not-yet", words),
                    CouponRefusal::Expired { .. } => Problem::unprocessable("coupon-expired", words),
                    CouponRefusal::UsedUp => Problem::conflict("coupon-used-up", words),
                    CouponRefusal::UsedUpByYou => Problem::conflict("coupon-used-up-by-you", words),
                    CouponRefusal::FirstOrderOnly => Problem::unprocessable("coupon-first-order-only", words),
                    CouponRefusal::NotForTheseGoods => Problem::unprocessable("coupon-not-for-these-goods", words),
                    CouponRefusal::MinimumNotMet { .. } => Problem::unprocessable("coupon-minimum-not-met", words),
                    CouponRefusal::OtherCurrency => Problem::unprocessable("coupon-other-currency", words),
                }
            }
            Refusal::Shipping(refusal) => match refusal {
                ShippingRefusal::DestinationMissing => Problem::invalid("/shipping_address/country", "missing", words),
                ShippingRefusal::RegionMissing { .. } => Problem::invalid("/shipping_address/region", "missing", words),
                ShippingRefusal::MethodMissing => Problem::invalid("/shipping_method", "missing", words),
                ShippingRefusal::NotDeliveredThere { .. } => Problem::unprocessable("not-delivered-there", words),
                ShippingRefusal::NothingCarriesIt { .. } => Problem::unprocessable("nothing-carries-it", words),
                ShippingRefusal::MethodGone { .. } => Problem::unprocessable("shipping-method-gone", words),
            },
            Refusal::TotalChanged { .. } => Problem::conflict("total-changed", words),
            Refusal::AmountTooLarge => Problem::unprocessable("amount-too-large", words),
            Refusal::AmountTooSmall { .. } => Problem::unprocessable("amount-too-small", words),
            Refusal::HoldCapReached { .. } => Problem::new(StatusCode::TOO_MANY_REQUESTS, "hold-cap-reached", words),
            Refusal::IdempotencyKeyReused => Problem::unprocessable("idempotency-key-reused", words),
            Refusal::StockBelowHeld { .. } | Refusal::ShortfallChanged { .. } => {
                Problem::conflict("stock-below-held", words)
            }
            Refusal::StockCountedSince { .. } => Problem::conflict("stock-counted-since", words),
            Refusal::ChangeOutOfRange { .. } => Problem::invalid("/delta", "out-of-range", words),
            Refusal::OrderUnknown | Refusal::RefundUnknown | Refusal::PaymentUnknown => Problem::not_found(),
            Refusal::AlreadyShipped => Problem::conflict("already-shipped", words),
            Refusal::DisputeOpen => Problem::conflict("dispute-open", words),
            Refusal::NotPaid => Problem::conflict("not-paid", words),
            Refusal::NothingToConfirm => Problem::conflict("nothing-to-confirm", words),
            Refusal::HoldOver => Problem::conflict("hold-over", words),
            Refusal::OthersWait { .. } => Problem::conflict("others-wait", words),
            Refusal::NothingToRefund => Problem::conflict("nothing-to-refund", words),
            Refusal::RefundTooLarge { .. } => Problem::conflict("refund-too-large", words),
            Refusal::AmountNotInSteps { .. } => Problem::invalid("/amount", "not-in-steps", words),
            Refusal::LineUnknown { .. } => Problem::invalid("/items", "not-in-order", words),
            Refusal::UnitsNotThere { .. } => Problem::conflict("units-not-there", words),
            Refusal::DestinationFixed => Problem::conflict("destination-fixed", words),
            Refusal::ChangedMeanwhile => Problem::conflict("changed-meanwhile", words),
            Refusal::NothingToShip => Problem::conflict("nothing-to-ship", words),
            Refusal::RefundNotOfPayment => Problem::conflict("refund-not-of-payment", words),
            Refusal::SessionStillOpen => Problem::conflict("session-still-open", words),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Fault(fault) => fault.into(),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Problem::fault(PageError::Fault(fault.0))
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        match error {
            // Two requests made the same thing at once; the same again finds it made.
            StorageError::Conflict { .. } => {
                Problem::conflict("conflict", "Somebody changed this just now. Try again.")
            }
            other => Problem::fault(other.into()),
        }
    }
}

impl From<CheckoutFailure> for Problem {
    fn from(failure: CheckoutFailure) -> Self {
        match failure {
            CheckoutFailure::Refused(refusal) => refusal.into(),
            CheckoutFailure::ProviderUnavailable => Problem::provider_unavailable(),
            CheckoutFailure::Fault(fault) => fault.into(),
        }
    }
}

impl From<SaveError> for Problem {
    fn from(error: SaveError) -> Self {
        let words = error.to_string();
        match error {
            SaveError::SkuOfAnother { .. } => Problem::conflict("sku-taken", words),
            SaveError::SkuTwice { .. } => Problem::invalid("/variants", "sku-twice", words),
            SaveError::NoVariants => Problem::invalid("/variants", "empty", words),
            SaveError::NotAsRead => Problem::precondition_failed(),
            SaveError::Storage(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.answer(None);
        if let Some(cause) = &self.cause {
            response.extensions_mut().insert(cause.clone());
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(problem: impl Into<Problem>, status: u16, code: &str) {
        let problem = problem.into();
        assert_eq!((problem.status.as_u16(), problem.code), (status, code));
    }

    #[test]
    fn every_refusal_is_a_4xx_and_every_fault_a_5xx() {
        let sku = rules::text::Sku::parse("CUP").expect("a SKU");
        let short = Short { sku: sku.clone(), wanted: 2, available: 1 };
        check(Refusal::OutOfStock { lines: vec![short] }, 409, "out-of-stock");
        check(Refusal::UnknownSku { sku: sku.clone() }, 422, "unknown-sku");
        check(Refusal::EmptyCart, 422, "validation-failed");
        check(Refusal::HoldCapReached { most: 3 }, 429, "hold-cap-reached");
        check(Refusal::IdempotencyKeyReused, 422, "idempotency-key-reused");
        check(Refusal::StockBelowHeld { sku, held: 1 }, 409, "stock-below-held");
        check(Refusal::OrderUnknown, 404, "not-found");
        check(CheckoutFailure::ProviderUnavailable, 503, "payment-provider-unavailable");
        check(Fault("a secret of the house".to_owned()), 500, "internal-error");
        check(StorageError::Unavailable("db.internal".to_owned()), 503, "unavailable");
    }

    #[tokio::test]
    async fn a_problem_carries_its_request_and_nothing_of_our_inside() {
        let response = Problem::from(Fault("a secret of the house".to_owned())).into_response();
        let response = number(response, Some(&RequestId("r1".to_owned())));
        assert!(response.extensions().get::<PageError>().is_some(), "the failure is logged where requests end");
        assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
        let body = axum::body::to_bytes(response.into_body(), 10_000).await.expect("a body");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!((&body["instance"], &body["title"]), (&"r1".into(), &"Internal error".into()));
        assert!(!body.to_string().contains("secret"));
    }
}
