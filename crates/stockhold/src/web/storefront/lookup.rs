//! `/orders`: a buyer without their link asks for it, by number and e-mail address.
//!
//! Invariant: the answer is the same, and takes the same one statement, whether there is such an order or not.

use std::collections::BTreeMap;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::text::Email;
use serde::Deserialize;

use super::{plain, see_other};
use crate::outbox::lookups::PURPOSE;
use crate::storage::lookups;
use crate::web::PageError;
use crate::web::session::Visitor;

/// Askers are counted by the hour.
const ASK_AGAIN_AFTER_SECONDS: u64 = 60 * 60;

#[derive(Debug, Default, Deserialize)]
pub struct LookupForm {
    #[serde(default)]
    email: String,
    #[serde(default)]
    number: String,
}

#[derive(Debug, Deserialize)]
pub struct AskedQuery {
    #[serde(default)]
    asked: String,
}

pub async fn show(visitor: Visitor, query: Result<Query<AskedQuery>, QueryRejection>) -> Result<Response, PageError> {
    page(&visitor, StatusCode::OK, !query?.0.asked.is_empty(), &LookupForm::default(), &BTreeMap::new())
}

pub async fn submit(visitor: Visitor, form: Result<Form<LookupForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let (email, number) = (Email::parse(&form.email), number(&form.number));
    let mut wrong = BTreeMap::new();
    if email.is_err() {
        wrong.insert("email", visitor.say("checkout-email-wrong", &[]));
    }
    if number.is_none() {
        wrong.insert("number", visitor.say("lookup-number-wrong", &[]));
    }
    let (Ok(email), Some(number)) = (email, number) else {
        return page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, false, &form, &wrong);
    };
    let shop = &visitor.shop;
    let id = format!("lk_{}", uuid::Uuid::now_v7().simple());
    let buyer = shop.keyed_digest(PURPOSE, &email.buyer());
    if !lookups::ask(&shop.storage, &id, number, &buyer, &visitor.client, shop.now()).await? {
        return Err(PageError::TooMany { retry_after_seconds: ASK_AGAIN_AFTER_SECONDS });
    }
    shop.wake_workers();
    Ok(see_other(&format!("{}/orders?asked=1", visitor.prefix())))
}

fn page(
    visitor: &Visitor,
    status: StatusCode,
    asked: bool,
    form: &LookupForm,
    wrong: &BTreeMap<&'static str, String>,
) -> Result<Response, PageError> {
    let said = |name: &str| wrong.get(name).cloned().unwrap_or_default();
    let context = context! {
        asked,
        email => form.email.as_str(), number => form.number.as_str(),
        wrong => context! { email => said("email"), number => said("number") },
    };
    visitor.page(status, "storefront/lookup.html", context)
}

/// An order's number as people copy it: `1042`, `#1042`, `１０４２`.
fn number(text: &str) -> Option<i64> {
    let text = plain(text)?.trim_start_matches(['#', '＃']).trim();
    let digit = |c: char| match c {
        '０'..='９' => char::from_digit(u32::from(c) - u32::from('０'), 10),
        c => Some(c).filter(char::is_ascii_digit),
    };
    let digits: Option<String> = text.chars().map(digit).collect();
    digits.filter(|digits| !digits.is_empty() && digits.len() <= 15)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_people_copy_it() {
        for text in ["1042", " #1042 ", "１０４２", "＃1042", "# 1042"] {
            assert_eq!(number(text), Some(1042), "{text}");
        }
        for text in ["", "#", "10 42", "-1", "1e3", "9999999999999999", "ord_1", "1\n2"] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }
}
