//! Discounts: the coupons, their state and use; made, changed and switched off here.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::coupons::{CouponCode, Reduction};
use rules::money::{Currency, Money};
use rules::time::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::Desk;
use super::settings::form::{Sent, Sheet, Typed, Values, as_read};
use crate::catalogue::sheet::{Decimal, amount};
use crate::language::local_time;
use crate::shop::Settings;
use crate::storage::coupons::{self, StoredCoupon};
use crate::web::PageError;
use crate::web::api;
use crate::web::api::input::{Body, Segment};
use crate::web::problem::FieldError;

const PLACE: &str = "/admin/discounts";
const ROWS: i64 = 50;

type Code = Result<Path<String>, PathRejection>;

#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    after: String,
}

pub async fn list(desk: Desk, asked: Result<Query<Asked>, QueryRejection>) -> Result<Response, PageError> {
    let after = asked?.0.after;
    let mut found = coupons::list(&desk.shop.storage, &after, ROWS + 1).await?;
    let has_more = found.len() > ROWS as usize;
    found.truncate(ROWS as usize);
    let next = found.last().filter(|_| has_more).map(|last| last.coupon.code.to_string());
    let rows: Vec<_> = found
        .iter()
        .map(|stored| {
            let coupon = &stored.coupon;
            let off = match coupon.reduction {
                Reduction::Percent(percent) => format!("{} %", percent.percent()),
                Reduction::Amount { minor } => desk.money_in(minor, coupon.currency),
            };
            context! {
                code => coupon.code.to_string(), off, used => stored.used, limit => coupon.usage_limit,
                chip => chip(stored, desk.shop.now()),
                starts => coupon.starts_at.map(|at| desk.time(at)), ends => coupon.ends_at.map(|at| desk.time(at)),
            }
        })
        .collect();
    desk.page(StatusCode::OK, "admin/discounts.html", context! { rows, next, is_first => after.is_empty() })
}

pub async fn show_new(desk: Desk) -> Result<Response, PageError> {
    let values = [("kind", "percent"), ("active", "on")].map(|(field, text)| (field.to_owned(), text.to_owned()));
    page(&desk, &Sheet::of(values.into(), 0), None)
}

pub async fn make(desk: Desk, sent: Sent) -> Result<Response, PageError> {
    let typed = Typed::read(sent)?;
    let mut sheet = Sheet::of(typed.values(), 0);
    let mut fields = fields(&desk, &mut sheet, &typed);
    fields["code"] = Value::from(typed.get("code"));
    if !sheet.is_right() {
        return page(&desk, &sheet, None);
    }
    let fields = serde_json::from_value(fields).map_err(|_| PageError::Unreadable)?;
    match api::coupons::make(State(desk.shop.clone()), Body(fields)).await {
        Ok(_) => Ok(desk.done(PLACE, "saved")),
        Err(problem) => {
            let (_, errors) = problem.into_wrongs()?;
            for error in errors {
                let field = if error.code == "coupon-taken" { "code".to_owned() } else { field(&error) };
                sheet.put(&desk, &field, error.code, &error.detail);
            }
            page(&desk, &sheet, None)
        }
    }
}

pub async fn show(desk: Desk, code: Code) -> Result<Response, PageError> {
    let stored = find(&desk, code).await?;
    page(&desk, &Sheet::of(values(&stored, &desk.settings), stored.revision), Some(&stored))
}

pub async fn save(desk: Desk, code: Code, sent: Sent) -> Result<Response, PageError> {
    let (stored, typed) = (find(&desk, code).await?, Typed::read(sent)?);
    let mut sheet = Sheet::of(typed.values(), typed.revision());
    let fields = fields(&desk, &mut sheet, &typed);
    if !sheet.is_right() {
        return page(&desk, &sheet, Some(&stored));
    }
    change(&desk, stored, sheet, fields).await
}

/// Switches a code on or off, as the button says, and changes nothing else: whatever stands, nobody's change is lost.
pub async fn switch(desk: Desk, code: Code, sent: Sent) -> Result<Response, PageError> {
    let (stored, typed) = (find(&desk, code).await?, Typed::read(sent)?);
    let sheet = Sheet::of(values(&stored, &desk.settings), stored.revision);
    change(&desk, stored, sheet, json!({ "active": typed.get("do") == "enable" })).await
}

async fn change(desk: &Desk, stored: StoredCoupon, mut sheet: Sheet, fields: Value) -> Result<Response, PageError> {
    let fields = serde_json::from_value(fields).map_err(|_| PageError::Unreadable)?;
    let code = stored.coupon.code.to_string();
    let (conditions, shop) = (as_read(sheet.revision), desk.shop.clone());
    match api::coupons::change(State(shop), conditions, Segment(code), Body(fields)).await {
        Ok(_) => Ok(desk.done(PLACE, "saved")),
        Err(problem) => {
            let stands = coupons::find(&desk.shop.storage, &stored.coupon.code).await?.ok_or(PageError::NotFound)?;
            sheet.refuse(desk, problem, field, (values(&stands, &desk.settings), stands.revision))?;
            page(desk, &sheet, Some(&stands))
        }
    }
}

/// Takes a code away that stands as the page showed it.
pub async fn remove(desk: Desk, code: Code, sent: Sent) -> Result<Response, PageError> {
    let (stored, typed) = (find(&desk, code).await?, Typed::read(sent)?);
    let (conditions, segment) = (as_read(typed.revision()), Segment(stored.coupon.code.to_string()));
    match api::coupons::remove(State(desk.shop.clone()), conditions, segment).await {
        Ok(_) => Ok(desk.done(PLACE, "removed")),
        Err(problem) => {
            let stands = coupons::find(&desk.shop.storage, &stored.coupon.code).await?.ok_or(PageError::NotFound)?;
            let mut sheet = Sheet::of(values(&stands, &desk.settings), stands.revision);
            sheet.refuse(&desk, problem, field, (values(&stands, &desk.settings), stands.revision))?;
            page(&desk, &sheet, Some(&stands))
        }
    }
}

async fn find(desk: &Desk, code: Code) -> Result<StoredCoupon, PageError> {
    let code = CouponCode::parse(&code?.0).map_err(|_| PageError::NotFound)?;
    coupons::find(&desk.shop.storage, &code).await?.ok_or(PageError::NotFound)
}

fn page(desk: &Desk, sheet: &Sheet, stored: Option<&StoredCoupon>) -> Result<Response, PageError> {
    let coupon = stored.map(|stored| {
        context! {
            code => stored.coupon.code.to_string(), used => stored.used, is_active => stored.coupon.active,
            chip => chip(stored, desk.shop.now()), made => desk.time(stored.created_at),
        }
    });
    let context = context! { form => sheet.value(), coupon, time_zone => desk.settings.time_zone.as_str() };
    desk.page(sheet.status(), "admin/discount.html", context)
}

/// How a code stands now.
fn chip(stored: &StoredCoupon, now: Timestamp) -> &'static str {
    let coupon = &stored.coupon;
    if !coupon.active {
        "off"
    } else if coupon.ends_at.is_some_and(|ends| now >= ends) {
        "expired"
    } else if coupon.usage_limit.is_some_and(|limit| stored.used >= limit) {
        "used-up"
    } else if coupon.starts_at.is_some_and(|starts| now < starts) {
        "scheduled"
    } else {
        "active"
    }
}

/// The form as the API takes it; an empty field takes away what stood there.
fn fields(desk: &Desk, sheet: &mut Sheet, typed: &Typed) -> Value {
    let currency = desk.settings.currency;
    let is_percent = typed.get("kind") == "percent";
    let mut fields = json!({
        "kind": typed.get("kind"),
        "first_order_only": typed.is_ticked("first_order_only"),
        "active": typed.is_ticked("active"),
        "applies_to": { "products": slugs(typed.get("products")), "collections": slugs(typed.get("collections")) },
    });
    if is_percent {
        match serde_json::from_str::<serde_json::Number>(typed.get("percent_off")) {
            Ok(number) => fields["percent_off"] = Value::Number(number),
            Err(_) => sheet.put(desk, "percent_off", "not-a-percentage", "This is not a percentage."),
        }
    } else {
        match money(typed.get("amount_off"), currency) {
            Some(money) => fields["amount_off"] = money,
            None => sheet.put(desk, "amount_off", "not-an-amount", "This is not an amount."),
        }
    }
    for field in ["max_discount", "minimum_spend"] {
        fields[field] = Value::Null;
        if !typed.get(field).is_empty() {
            match money(typed.get(field), currency) {
                Some(money) => fields[field] = money,
                None => sheet.put(desk, field, "not-an-amount", "This is not an amount."),
            }
        }
    }
    for field in ["usage_limit", "usage_limit_per_customer"] {
        fields[field] = Value::Null;
        if !typed.get(field).is_empty() {
            match typed.get(field).parse::<i64>() {
                Ok(number) => fields[field] = number.into(),
                Err(_) => sheet.put(desk, field, "not-a-number", "This is not a number."),
            }
        }
    }
    for field in ["starts_at", "ends_at"] {
        let text = typed.get(field);
        fields[field] = if text.is_empty() { Value::Null } else { text.into() };
    }
    fields
}

fn slugs(text: &str) -> Vec<String> {
    let parts = text.split(|letter: char| matches!(letter, ',' | '，' | '、') || letter.is_whitespace());
    parts.filter(|slug| !slug.is_empty()).map(str::to_owned).collect()
}

fn money(text: &str, currency: Currency) -> Option<Value> {
    let minor = amount(text, currency, Decimal::Point).ok()?;
    Some(json!({ "amount": minor, "currency": currency.code() }))
}

fn values(stored: &StoredCoupon, settings: &Settings) -> Values {
    let coupon = &stored.coupon;
    let money = |minor: Option<i64>| minor.map_or_else(String::new, |minor| Money::new(minor, coupon.currency).plain());
    let number = |number: Option<i64>| number.map_or_else(String::new, |number| number.to_string());
    let time = |at: Option<Timestamp>| at.map_or_else(String::new, |at| local_time(at, &settings.time_zone));
    let (percent, amount) = match coupon.reduction {
        Reduction::Percent(percent) => (percent.percent(), String::new()),
        Reduction::Amount { minor } => (String::new(), money(Some(minor))),
    };
    let list = |slugs: &std::collections::BTreeSet<String>| slugs.iter().cloned().collect::<Vec<_>>().join(", ");
    let mut values: Values = [
        ("kind", coupon.reduction.kind().as_str().to_owned()),
        ("percent_off", percent),
        ("amount_off", amount),
        ("max_discount", money(coupon.max_discount_minor)),
        ("minimum_spend", money(coupon.minimum_spend_minor)),
        ("usage_limit", number(coupon.usage_limit)),
        ("usage_limit_per_customer", number(coupon.usage_limit_per_customer)),
        ("starts_at", time(coupon.starts_at)),
        ("ends_at", time(coupon.ends_at)),
        ("products", list(&coupon.applies_to.products)),
        ("collections", list(&coupon.applies_to.collections)),
    ]
    .into_iter()
    .map(|(field, text)| (field.to_owned(), text))
    .collect();
    for (field, ticked) in [("first_order_only", coupon.first_order_only), ("active", coupon.active)] {
        if ticked {
            values.insert(field.to_owned(), "on".to_owned());
        }
    }
    values
}

fn field(error: &FieldError) -> String {
    match error.pointer.trim_start_matches('/').split('/').collect::<Vec<_>>().as_slice() {
        ["applies_to", "collections", ..] => "collections".to_owned(),
        ["applies_to", ..] => "products".to_owned(),
        [first, ..] => (*first).to_owned(),
        [] => String::new(),
    }
}
