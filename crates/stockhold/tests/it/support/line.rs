//! The line between the shop and Stripe: what goes wrong on it, and answers that Stripe's sandbox never gives.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

/// What happens to every request while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// 400: Stripe's definite no, without effect.
    Refuses,
    /// The request takes effect; what comes back is 200 and no JSON that anybody could read.
    Nonsense,
    /// 403 to whatever would change something, without effect: a restricted key.
    MayNotWrite,
    /// 429 without effect, to come back in so many seconds.
    ComeBackIn(u64),
}

#[derive(Debug, Clone, Default)]
pub struct Line(Arc<Mutex<Option<Trouble>>>);

impl Line {
    pub fn spoil(&self, trouble: Trouble) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    pub fn mend(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Lays the line before this router.
    pub fn before(&self, stripe: Router) -> Router {
        stripe.layer(middleware::from_fn_with_state(self.clone(), carry))
    }
}

async fn carry(State(line): State<Line>, request: Request, next: Next) -> Response {
    let trouble = *line.0.lock().unwrap_or_else(PoisonError::into_inner);
    let json = |status: StatusCode, body: &'static str| (status, [(CONTENT_TYPE, "application/json")], body);
    match trouble {
        None => next.run(request).await,
        Some(Trouble::Refuses) => {
            let body = r#"{"error":{"type":"invalid_request_error","param":"line_items","message":"This cannot be."}}"#;
            json(StatusCode::BAD_REQUEST, body).into_response()
        }
        Some(Trouble::MayNotWrite) if request.method() == Method::GET => next.run(request).await,
        Some(Trouble::MayNotWrite) => {
            let body = r#"{"error":{"type":"invalid_request_error","message":"This key may only read."}}"#;
            json(StatusCode::FORBIDDEN, body).into_response()
        }
        Some(Trouble::Nonsense) => {
            next.run(request).await;
            json(StatusCode::OK, r#"{"id":7,"status":["open""#).into_response()
        }
        Some(Trouble::ComeBackIn(seconds)) => {
            let body = r#"{"error":{"type":"invalid_request_error","code":"rate_limit","message":"Too many."}}"#;
            let mut answer = json(StatusCode::TOO_MANY_REQUESTS, body).into_response();
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
            answer
        }
    }
}
