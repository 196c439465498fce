//! A line of the table of the API: nobody reaches its handler who may not, and what is done with a key is written down.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::access::{self, Access, Caller, TurnedAway};
use crate::shop::Shop;
use crate::storage::audit_log::{self, Line, Outcome};
use crate::web::carry_through;

/// One thing the API does, and who may ask for it.
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub access: Access,
    /// What the audit log calls it; empty for what only shows something, and for what buyers do.
    pub action: &'static str,
    pub handler: MethodRouter<Arc<Shop>>,
}

/// Something to look at, or what buyers do.
pub fn route<H, T>(method: Method, path: &'static str, access: Access, handler: H) -> Route
where
    H: Handler<T, Arc<Shop>>,
    T: 'static,
{
    action(method, path, access, "", handler)
}

/// A route whose handler is reached only by those who may use it; what the door learned of them goes in with them.
pub fn action<H, T>(method: Method, path: &'static str, access: Access, action: &'static str, handler: H) -> Route
where
    H: Handler<T, Arc<Shop>>,
    T: 'static,
{
    let guarded = move |State(shop): State<Arc<Shop>>, request: Request| {
        let handler = handler.clone();
        async move {
            let (mut parts, body) = request.into_parts();
            let subject = parts.uri.path().to_owned();
            let caller = match access::let_in(&shop, access, &parts).await {
                Ok(caller) => caller,
                Err(TurnedAway { problem, caller }) => {
                    if let Some(caller) = caller.filter(|_| !action.is_empty()) {
                        note(&shop, &caller, action, subject, Outcome::Denied).await;
                    }
                    return problem.into_response();
                }
            };
            parts.extensions.insert(caller.clone());
            // Buyers are nobody's staff: what they do stands in their orders.
            if action.is_empty() || caller.key.is_none() {
                return handler.call(Request::from_parts(parts, body), shop).await;
            }
            carry_through(async move {
                let response = handler.call(Request::from_parts(parts, body), shop.clone()).await;
                let refused = response.status().is_client_error() || response.status().is_server_error();
                let outcome = if refused { Outcome::Refused } else { Outcome::Done };
                note(&shop, &caller, action, subject, outcome).await;
                response
            })
            .await
        }
    };
    let filter = MethodFilter::try_from(method.clone()).expect("a usual method");
    Route { method, path, access, action, handler: on(filter, guarded) }
}

async fn note(shop: &Shop, caller: &Caller, action: &str, subject: String, outcome: Outcome) {
    let line = Line {
        actor: caller.name(),
        action: action.to_owned(),
        subject,
        outcome,
        detail: String::new(),
        client: caller.client.clone(),
    };
    audit_log::note(&shop.storage, &line, shop.now()).await;
}
