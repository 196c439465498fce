//! Stripe's webhook: verify the raw bytes, store the event (without its person, if they were erased), answer 200. Nothing
//! else happens in the request.
//!
//! A bad signature is 400 without detail; what is not ours is stored and answered 200, so that Stripe never disables
//! the endpoint for it (scenario P25); if storing fails the answer is 500 and Stripe delivers again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::post;
use axum::{Extension, Router};

use crate::privacy;
use crate::shop::Shop;
use crate::storage::inbox::{self, NewEvent};
use crate::stripe::signature;
use crate::stripe::wire::EventHead;
use crate::web::limits::Limits;
use crate::web::problem::{self, Problem, RequestId};

/// Stripe's events are far smaller.
const BODY_BYTES_MAX: usize = 1024 * 1024;

pub fn router() -> Router<Arc<Shop>> {
    Router::new()
        .route("/api/webhooks/stripe", post(receive))
        .method_not_allowed_fallback(async || Problem::method_not_allowed())
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(number))
}

async fn number(request: Request, next: Next) -> Response {
    let request_id = request.extensions().get::<RequestId>().cloned();
    problem::number(next.run(request).await, request_id.as_ref())
}

/// Takes in one event.
#[utoipa::path(post, path = "/api/webhooks/stripe", tag = "webhooks", operation_id = "receive_stripe_event",
    params(("Stripe-Signature" = String, Header, description = "Over the raw body, by Stripe")),
    request_body(content = Object, description = "An event as Stripe sends it"),
    responses(
        (status = 200, description = "Stored; also when it was here before or is not ours"),
        (status = 400, description = "Bad signature", body = problem::ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 1 MB", body = problem::ProblemBody, content_type = "application/problem+json")))]
pub async fn receive(
    State(shop): State<Arc<Shop>>,
    Extension(limits): Extension<Arc<Limits>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::bad_request("unreadable-body", "The body broke off."),
    })?;
    let header = headers.get("Stripe-Signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let secrets: Vec<&str> = shop.config.webhook_secrets.iter().map(|secret| secret.expose()).collect();
    if let Err(error) = signature::verify(&secrets, header, &body, shop.now()) {
        tracing::warn!(%error, "a webhook with a bad signature was refused; is STRIPE_WEBHOOK_SECRET this endpoint's?");
        // It shows on the shopkeeper's page; a flood costs the database no more than a trickle.
        if limits.note_bad_signature()
            && let Err(error) = inbox::note_bad_signature(&shop.storage, &error.to_string(), shop.now()).await
        {
            tracing::warn!(%error, "a bad signature was not counted");
        }
        return Err(Problem::bad_request("bad-signature", "The signature does not match."));
    }
    let event = read(&body).ok_or_else(|| Problem::bad_request("not-an-event", "This is not a Stripe event."))?;
    // Test and live never mix: the event is kept for whoever wonders, and never acted upon.
    let is_foreign = event.livemode != shop.stripe.livemode_of_key();
    let id = event.id.clone();
    let store = async {
        let payload = privacy::payload_to_keep(&shop, event.payload).await?;
        let event = NewEvent { payload, ..event };
        let is_new = inbox::store(&shop.storage, event, shop.now()).await?;
        if is_foreign && is_new {
            tracing::warn!(
                event = id,
                "an event of the other mode (live or test) arrived; is this Stripe's right endpoint?"
            );
            inbox::finish(&shop.storage, &id, "not_ours", "of the other mode").await?;
        }
        Ok::<(), crate::storage::StorageError>(())
    };
    // Whatever goes wrong here is a 5xx: Stripe must deliver again.
    store.await.map_err(|error| Problem::fault(crate::web::PageError::Fault(error.to_string())))?;
    shop.wake_workers();
    Ok(StatusCode::OK)
}

/// A signed event, read as far as it can be: one that names no object is stored all the same.
fn read(body: &[u8]) -> Option<NewEvent> {
    let payload = std::str::from_utf8(body).ok()?.to_owned();
    let event = match EventHead::read(body) {
        Ok(head) => {
            NewEvent { id: head.id, kind: head.kind, object_id: head.object_id, livemode: head.livemode, payload }
        }
        Err(_) => {
            let bare: serde_json::Value = serde_json::from_slice(body).ok()?;
            let text = |name: &str| bare[name].as_str().map(str::to_owned);
            let livemode = bare["livemode"].as_bool().unwrap_or(false);
            NewEvent { id: text("id")?, kind: text("type")?, object_id: String::new(), livemode, payload }
        }
    };
    // PostgreSQL stores no NUL; Stripe sends none.
    let has_nul = [&event.id, &event.kind, &event.object_id, &event.payload].iter().any(|text| text.contains('\0'));
    (!has_nul && !event.id.is_empty()).then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_database_cannot_store_is_no_event() {
        let event =
            |id: &str| format!(r#"{{"id":"{id}","type":"charge.refunded","data":{{"object":{{"id":"ch_1"}}}}}}"#);
        assert_eq!(read(event("evt_1").as_bytes()).map(|event| event.object_id), Some("ch_1".to_owned()));
        assert_eq!(read(event("").as_bytes()), None);
        assert_eq!(read(event("evt\\u0000").as_bytes()), None);
        assert_eq!(read(b"\xff"), None);
        assert_eq!(read(b"[]"), None);
    }

    #[test]
    fn an_event_that_names_no_object_is_stored_all_the_same() {
        let event = read(br#"{"id":"evt_2","type":"v2.core.ping","livemode":true}"#).expect("an event");
        assert_eq!((event.object_id.as_str(), event.livemode), ("", true));
    }
}
