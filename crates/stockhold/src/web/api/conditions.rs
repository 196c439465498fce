//! Which state of a thing a caller has read: strong `ETag`s on answers, `If-Match` and `If-None-Match` on requests
//! (RFC 9110, 13).
//!
//! A tag is the thing's revision and a digest of the answer, such as `"7.3f2a9c01b4d5e6f7"`. Whoever reads again goes by all
//! of it. Whoever writes goes by the revision alone: that somebody bought a cup since it was read changes the answer, and is
//! nobody's conflict.
//!
//! Invariant: what stands is never overwritten unseen. A change says what it has read, or `If-Match: *`.

use axum::extract::FromRequestParts;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::storage::revisions::Expected;
use crate::web::problem::Problem;

/// Bytes of the digest in a tag: two answers of one revision are told apart, and nothing rests on more.
const DIGEST_BYTES: usize = 8;

/// What a request asks of the state it meets.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    Any,
    /// As they were written, quotes included.
    Listed(Vec<String>),
}

impl<S: Send + Sync> FromRequestParts<S> for Conditions {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Conditions::read(&parts.headers))
    }
}

impl Conditions {
    pub fn read(headers: &HeaderMap) -> Conditions {
        Conditions { if_match: tags(headers, &IF_MATCH), if_none_match: tags(headers, &IF_NONE_MATCH) }
    }

    /// For PUT and PATCH: what must stand when it is written, with what stands now. Whatever is there must have been read.
    pub fn to_change(&self, stands: Option<i64>) -> Result<Expected, Problem> {
        match (&self.if_match, &self.if_none_match) {
            (Some(asked), _) => matched(asked, stands),
            (None, Some(Tags::Any)) if stands.is_some() => Err(Problem::precondition_failed()),
            (None, _) if stands.is_none() => Ok(Expected::Nothing),
            (None, _) => Err(Problem::precondition_required()),
        }
    }

    /// For DELETE: goes by the tag where one is sent, and takes away whatever stands where none is.
    pub fn to_remove(&self, stands: Option<i64>) -> Result<Expected, Problem> {
        match &self.if_match {
            Some(asked) => matched(asked, stands),
            None => Ok(Expected::Something),
        }
    }

    /// The answer to whoever was overtaken between reading and writing.
    pub fn overtaken(&self) -> Problem {
        if self.if_match.is_none() && self.if_none_match.is_none() {
            Problem::precondition_required()
        } else {
            Problem::precondition_failed()
        }
    }

    /// The answer to a GET: with its tag, or 304 for whoever has it already.
    pub fn show(&self, revision: i64, body: &impl Serialize) -> Response {
        let response = tagged(StatusCode::OK, revision, body);
        let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok()).unwrap_or_default();
        let has_it = match &self.if_none_match {
            None => false,
            Some(Tags::Any) => true,
            // Weakly compared (RFC 9110, 13.1.2).
            Some(Tags::Listed(tags)) => tags.iter().any(|one| one.strip_prefix("W/").unwrap_or(one) == tag),
        };
        if !has_it {
            return response;
        }
        (StatusCode::NOT_MODIFIED, [(ETAG, response.headers()[ETAG].clone())]).into_response()
    }
}

/// An answer with its tag.
pub fn tagged(status: StatusCode, revision: i64, body: &impl Serialize) -> Response {
    let body = serde_json::to_vec(body).expect("an answer is always JSON");
    let digest: String = Sha256::digest(&body).iter().take(DIGEST_BYTES).map(|byte| format!("{byte:02x}")).collect();
    let tag = HeaderValue::from_str(&format!("\"{revision}.{digest}\"")).expect("digits in quotes");
    let json = HeaderValue::from_static("application/json");
    (status, [(CONTENT_TYPE, json), (ETAG, tag)], body).into_response()
}

fn matched(asked: &Tags, stands: Option<i64>) -> Result<Expected, Problem> {
    let revision = stands.ok_or_else(Problem::precondition_failed)?;
    match asked {
        Tags::Any => Ok(Expected::Something),
        // Strongly compared (RFC 9110, 13.1.1): a weak tag never matches.
        Tags::Listed(tags) if tags.iter().any(|tag| revision_of(tag) == Some(revision)) => {
            Ok(Expected::Revision(revision))
        }
        Tags::Listed(_) => Err(Problem::precondition_failed()),
    }
}

fn revision_of(tag: &str) -> Option<i64> {
    let (revision, _) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('.')?;
    revision.parse().ok()
}

/// Several header lines are one list.
fn tags(headers: &HeaderMap, name: &HeaderName) -> Option<Tags> {
    let mut listed = Vec::new();
    for line in headers.get_all(name) {
        // What is no text is no tag of ours, and matches nothing.
        let line = line.to_str().unwrap_or_default();
        listed.extend(line.split(',').map(|tag| tag.trim().to_owned()));
    }
    if listed.is_empty() {
        return None;
    }
    Some(if listed.iter().any(|tag| tag == "*") { Tags::Any } else { Tags::Listed(listed) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conditions(headers: &[(HeaderName, &str)]) -> Conditions {
        let pairs = headers.iter().map(|(name, value)| (name.clone(), value.parse().expect("a header")));
        Conditions::read(&pairs.collect())
    }

    #[track_caller]
    fn check(headers: &[(HeaderName, &str)], stands: Option<i64>, expected: Result<Expected, u16>) {
        let status = |problem: Problem| problem.into_response().status().as_u16();
        assert_eq!(conditions(headers).to_change(stands).map_err(status), expected, "{headers:?} on {stands:?}");
    }

    #[test]
    fn what_stands_is_changed_only_by_whoever_has_read_it() {
        check(&[], None, Ok(Expected::Nothing));
        check(&[], Some(7), Err(428));
        check(&[(IF_NONE_MATCH, "*")], None, Ok(Expected::Nothing));
        check(&[(IF_NONE_MATCH, "*")], Some(7), Err(412));
        check(&[(IF_NONE_MATCH, "\"6.a\"")], Some(7), Err(428));
        check(&[(IF_MATCH, "*")], Some(7), Ok(Expected::Something));
        check(&[(IF_MATCH, "*")], None, Err(412));
        check(&[(IF_MATCH, "\"7.ab\"")], Some(7), Ok(Expected::Revision(7)));
        check(&[(IF_MATCH, "\"6.ab\", \"7.cd\"")], Some(7), Ok(Expected::Revision(7)));
        check(&[(IF_MATCH, "\"6.ab\""), (IF_MATCH, "\"7.cd\"")], None, Err(412));
        for stale in ["\"6.ab\"", "W/\"7.ab\"", "7.ab", "\"7\"", "\"7.ab", "", "\"x.7\""] {
            check(&[(IF_MATCH, stale)], Some(7), Err(412));
        }
    }

    #[test]
    fn whoever_has_the_answer_already_is_told_so_and_only_then() {
        let body = serde_json::json!({ "available": 3 });
        let tag = tagged(StatusCode::OK, 7, &body).headers()[ETAG].to_str().expect("text").to_owned();
        let status = |asked: &str, body: &serde_json::Value| {
            conditions(&[(IF_NONE_MATCH, asked)]).show(7, body).status().as_u16()
        };
        assert_eq!(Conditions::default().show(7, &body).status(), 200);
        assert_eq!(status(&tag, &body), 304);
        assert_eq!(status(&format!("\"1.a\", W/{tag}"), &body), 304);
        assert_eq!(status("*", &body), 304);
        assert_eq!(status("\"7.0000000000000000\"", &body), 200);
        assert_eq!(status(&tag, &serde_json::json!({ "available": 2 })), 200, "a sale makes another answer");
    }
}
