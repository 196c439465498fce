//! Who may use the API: bearer keys with scopes, found by their digest.
//!
//! Invariant: whoever shows a key that is not valid is refused, also where none is needed: a caller with a revoked
//! or mistyped key must learn of it.

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

use crate::shop::Shop;
use crate::storage::keys::{self, Key, Scope, StoredKey};
use crate::web::PageError;
use crate::web::problem::Problem;
use crate::web::session;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Anyone,
    /// Whoever has the order's token; the handler looks at it. A key with the scope is as good.
    TokenOrKey(Scope),
    Key(Scope),
}

/// Who is asking, as the door learned it.
#[derive(Debug, Clone)]
pub struct Caller {
    pub key: Option<StoredKey>,
    /// Where the request came from, as a keyed digest: enough to count by.
    pub client: String,
}

impl Caller {
    /// Who did it, in movements and timelines.
    pub fn name(&self) -> String {
        self.key.as_ref().map_or_else(String::new, |key| format!("key:{}", key.name))
    }

    pub fn may(&self, scope: Scope) -> bool {
        self.key.as_ref().is_some_and(|key| key.scopes.allow(scope))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let caller = parts.extensions.get::<Caller>().cloned();
        caller.ok_or_else(|| Problem::fault(PageError::Fault("a route without a door".to_owned())))
    }
}

/// Why somebody does not come in, and who it was: a key that may not.
#[derive(Debug)]
pub struct TurnedAway {
    pub problem: Problem,
    pub caller: Option<Caller>,
}

impl From<Problem> for TurnedAway {
    fn from(problem: Problem) -> Self {
        TurnedAway { problem, caller: None }
    }
}

/// The door of every route: lets in, or says why not.
pub async fn let_in(shop: &Shop, access: Access, parts: &Parts) -> Result<Caller, TurnedAway> {
    let caller = Caller { key: key_of(shop, &parts.headers).await?, client: session::client(shop, parts) };
    match access {
        Access::Key(_) if caller.key.is_none() => Err(Problem::unauthorized().into()),
        Access::Key(scope) if !caller.may(scope) => {
            Err(TurnedAway { problem: Problem::forbidden(scope.as_str()), caller: Some(caller) })
        }
        Access::Anyone | Access::TokenOrKey(_) | Access::Key(_) => Ok(caller),
    }
}

/// The key of this request; none when it carries none. A key that is not valid is refused.
async fn key_of(shop: &Shop, headers: &HeaderMap) -> Result<Option<StoredKey>, Problem> {
    let Some(header) = headers.get(AUTHORIZATION) else { return Ok(None) };
    let key = header.to_str().ok().and_then(bearer).ok_or_else(Problem::unauthorized)?;
    let key = keys::find(&shop.storage, &key, shop.now()).await?.ok_or_else(Problem::unauthorized)?;
    if let Err(error) = keys::used(&shop.storage, &key, shop.now()).await {
        tracing::warn!(%error, key = key.id, "the day of a key's use was not stored");
    }
    Ok(Some(key))
}

/// `Bearer KEY`; the scheme's case is free (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<Key> {
    let (scheme, key) = header.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { Key::parse(key.trim()) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_key_of_ours_is_looked_up() {
        let key = Key::draw(false).expect("random numbers");
        for (header, expected) in [
            (format!("Bearer {}", key.expose()), true),
            (format!("bearer  {}", key.expose()), true),
            (format!("Basic {}", key.expose()), false),
            (key.expose().to_owned(), false),
            ("Bearer sk_test_1".to_owned(), false),
        ] {
            assert_eq!(bearer(&header).is_some(), expected);
        }
    }
}
