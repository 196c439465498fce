//! A JSON body whose faults are problems, never plain text.

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::DeserializeOwned;

use crate::web::problem::Problem;

#[derive(Debug)]
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(body) = axum::Json::<T>::from_request(request, state).await.map_err(problem)?;
        Ok(Body(body))
    }
}

fn problem(rejection: JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::unsupported_media_type(),
        StatusCode::UNPROCESSABLE_ENTITY => Problem::invalid("", "wrong-shape", rejection.body_text()),
        _ => Problem::bad_request("malformed-json", rejection.body_text()),
    }
}
