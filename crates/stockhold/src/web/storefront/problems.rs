//! What the codes of the API's problems mean: the page that a problem's `type` leads to, and the list of all.
//!
//! Invariant: every code that a problem can carry has its page, in both languages; a test reads the source for it.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;

use crate::web::PageError;
use crate::web::session::Visitor;

/// Every code with its status, in the order of the statuses. Their words are in `locales/…/problems.ftl`.
const CODES: &[(u16, &str)] = &[
    (400, "bad-signature"),
    (400, "idempotency-key-invalid"),
    (400, "idempotency-key-missing"),
    (400, "malformed-json"),
    (400, "not-an-event"),
    (400, "unreadable-body"),
    (401, "unauthorized"),
    (403, "cross-site"),
    (403, "scope-missing"),
    (404, "not-found"),
    (405, "method-not-allowed"),
    (409, "already-shipped"),
    (409, "changed-meanwhile"),
    (409, "conflict"),
    (409, "coupon-in-use"),
    (409, "coupon-limit-below-used"),
    (409, "coupon-taken"),
    (409, "coupon-used-up"),
    (409, "coupon-used-up-by-you"),
    (409, "currency-in-use"),
    (409, "destination-fixed"),
    (409, "dispute-open"),
    (409, "hold-over"),
    (409, "not-paid"),
    (409, "nothing-to-confirm"),
    (409, "nothing-to-refund"),
    (409, "nothing-to-ship"),
    (409, "order-open"),
    (409, "others-wait"),
    (409, "out-of-stock"),
    (409, "prices-in-the-way"),
    (409, "refund-not-of-payment"),
    (409, "refund-too-large"),
    (409, "session-still-open"),
    (409, "sku-taken"),
    (409, "stock-below-held"),
    (409, "stock-counted-since"),
    (409, "too-many-endpoints"),
    (409, "total-changed"),
    (409, "units-not-there"),
    (412, "precondition-failed"),
    (413, "body-too-large"),
    (415, "unsupported-media-type"),
    (422, "amount-too-large"),
    (422, "amount-too-small"),
    (422, "coupon-expired"),
    (422, "coupon-first-order-only"),
    (422, "coupon-inactive"),
    (422, "coupon-minimum-not-met"),
    (422, "coupon-not-for-these-goods"),
    (422, "coupon-not-yet"),
    (422, "coupon-other-currency"),
    (422, "coupon-unknown"),
    (422, "idempotency-key-reused"),
    (422, "not-delivered-there"),
    (422, "not-for-sale"),
    (422, "nothing-carries-it"),
    (422, "shipping-method-gone"),
    (422, "unknown-sku"),
    (422, "validation-failed"),
    (428, "precondition-required"),
    (429, "hold-cap-reached"),
    (429, "too-many-attempts"),
    (500, "internal-error"),
    (503, "payment-provider-unavailable"),
    (503, "unavailable"),
];

/// `/problems`: all of them.
pub async fn list(visitor: Visitor) -> Result<Response, PageError> {
    let problems: Vec<Value> = CODES.iter().map(|(status, code)| problem(&visitor, *status, code)).collect();
    let title = visitor.say("problems-title", &[]);
    visitor.page(StatusCode::OK, "storefront/problems.html", context! { title, problems, is_list => true })
}

/// `/problems/{code}`: one.
pub async fn show(visitor: Visitor, path: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let asked = path?.0;
    let (status, code) = CODES.iter().find(|(_, code)| *code == asked).ok_or(PageError::NotFound)?;
    let title = visitor.say(&format!("problem-{code}"), &[]);
    let problems = vec![problem(&visitor, *status, code)];
    visitor.page(StatusCode::OK, "storefront/problems.html", context! { title, problems, is_list => false })
}

fn problem(visitor: &Visitor, status: u16, code: &str) -> Value {
    let title = visitor.say(&format!("problem-{code}"), &[]);
    let text = visitor.say(&format!("problem-{code}-text"), &[]);
    context! { status, code, title, text, href => format!("{}/problems/{code}", visitor.prefix()) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;
    use crate::language::{Language, Words};

    /// What makes a problem with a code of its own; the code is the first text that follows.
    const MAKERS: [&str; 4] =
        ["Problem::new(", "Problem::bad_request(", "Problem::conflict(", "Problem::unprocessable("];

    #[test]
    fn every_code_of_a_problem_has_its_page_and_every_page_a_code() {
        let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/web")];
        let mut codes = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder of the source").flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else if entry.file_name() != "problems.rs" {
                    codes.extend(codes_in(&std::fs::read_to_string(entry.path()).expect("a source file")));
                }
            }
        }
        let listed: BTreeSet<String> = CODES.iter().map(|(_, code)| (*code).to_owned()).collect();
        assert_eq!(codes, listed, "left: what the source says, right: what has a page");
        assert!(CODES.is_sorted());
    }

    fn codes_in(source: &str) -> Vec<String> {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        let calls = MAKERS.iter().flat_map(|maker| source.split(maker).skip(1));
        // A code of the caller's choosing is a variable: no text follows before the bracket closes.
        calls.filter_map(|rest| rest.split([')', ';']).next()?.split('"').nth(1).map(str::to_owned)).collect()
    }

    #[test]
    fn every_page_says_what_happened_in_both_languages() {
        let words = Words::built_in();
        for language in [Language::En, Language::ZhCn] {
            for (_, code) in CODES {
                for key in [format!("problem-{code}"), format!("problem-{code}-text")] {
                    assert!(words.has(language, &key), "{key} in {language:?}");
                }
            }
        }
    }
}
