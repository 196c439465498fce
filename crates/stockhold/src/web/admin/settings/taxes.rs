//! Tax rules: whether prices have the tax in, the rates by place and class, and how shipping is taxed.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::response::Response;
use minijinja::context;
use rules::taxes::RATES_MAX;
use serde_json::{Value, json};

use super::form::{Sent, Sheet, Typed, Values, as_read};
use super::shipping::{Preview, preview};
use crate::shop::Settings;
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::api::settings::{SettingsFields, change_to, tax_rules};
use crate::web::problem::FieldError;

const ROW: [&str; 3] = ["place", "class", "percent"];

pub async fn show(desk: Desk, asked: Result<Query<Preview>, QueryRejection>) -> Result<Response, PageError> {
    let settings = desk.shop.read_settings().await?;
    page(&desk, &Sheet::of(values(&settings)?, settings.revision), &settings, &asked?.0)
}

pub async fn save(desk: Desk, sent: Sent) -> Result<Response, PageError> {
    let typed = Typed::read(sent)?;
    let settings = desk.shop.read_settings().await?;
    let mut rows = rows(&typed);
    let mut sheet = Sheet::of(Values::new(), typed.revision());
    let pressed = typed.get("do");
    if let Some(at) = typed.pressed("remove-") {
        if at < rows.len() {
            rows.remove(at);
        }
    } else if pressed == "add" && rows.len() < RATES_MAX {
        rows.push(["".to_owned(), "standard".to_owned(), "".to_owned()]);
    } else {
        rows.retain(|[place, _, percent]| !place.is_empty() || !percent.is_empty());
    }
    let shipping = typed.get("shipping");
    sheet.values = typed_values(typed.get("taxation"), shipping, &rows);
    if pressed == "add" || pressed.starts_with("remove-") {
        let page = page(&desk, &sheet, &settings, &Preview::default())?;
        return Ok(noted(page, "a row of the form; nothing was saved"));
    }
    let mut rates = Vec::new();
    for (at, [place, class, percent]) in rows.iter().enumerate() {
        match serde_json::from_str::<serde_json::Number>(percent) {
            Ok(percent) => rates.push(json!({ "place": place.to_uppercase(), "class": class, "percent": percent })),
            Err(_) => sheet.put(&desk, &format!("rate-{at}-percent"), "not-a-number", "This is not a number."),
        }
    }
    if !sheet.is_right() {
        return page(&desk, &sheet, &settings, &Preview::default());
    }
    let mut rules = json!({ "taxation": typed.get("taxation"), "rates": rates });
    if !shipping.is_empty() {
        rules["shipping"] = Value::from(shipping);
    }
    let rules = serde_json::from_value(rules).map_err(|_| PageError::Unreadable)?;
    match change_to(&desk.shop, &as_read(sheet.revision), SettingsFields::of_taxes(rules)).await {
        Ok(_) => Ok(desk.done("/admin/settings/taxes", "saved")),
        Err(problem) => {
            let stands = desk.shop.read_settings().await?;
            sheet.refuse(&desk, problem, field, (values(&stands)?, stands.revision))?;
            page(&desk, &sheet, &stands, &Preview::default())
        }
    }
}

fn page(desk: &Desk, sheet: &Sheet, settings: &Settings, asked: &Preview) -> Result<Response, PageError> {
    let rows: Vec<usize> = (0..count(&sheet.values)).collect();
    let preview = preview(desk, settings, asked);
    let context = context! { form => sheet.value(), rows, preview, section => "taxes" };
    desk.page(sheet.status(), "admin/settings/taxes.html", context)
}

fn count(values: &Values) -> usize {
    (0..RATES_MAX).take_while(|at| values.contains_key(&format!("rate-{at}-place"))).count()
}

fn rows(typed: &Typed) -> Vec<[String; 3]> {
    let values = typed.values();
    let get = |at: usize, part: &str| values.get(&format!("rate-{at}-{part}")).cloned().unwrap_or_default();
    (0..count(&values)).map(|at| ROW.map(|part| get(at, part))).collect()
}

fn typed_values(taxation: &str, shipping: &str, rows: &[[String; 3]]) -> Values {
    let mut values = Values::new();
    values.insert("taxation".to_owned(), taxation.to_owned());
    values.insert("shipping".to_owned(), shipping.to_owned());
    for (at, row) in rows.iter().enumerate() {
        for (part, text) in ROW.iter().zip(row) {
            values.insert(format!("rate-{at}-{part}"), text.clone());
        }
    }
    values
}

fn values(settings: &Settings) -> Result<Values, PageError> {
    let rules = tax_rules(settings).map_err(fault)?;
    let rules = serde_json::to_value(rules).unwrap_or_default();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let rates = rules["rates"].as_array().cloned().unwrap_or_default();
    let rows: Vec<[String; 3]> = rates.iter().map(|rate| ROW.map(|part| text(&rate[part]))).collect();
    let shipping = rules["shipping"].as_str().unwrap_or_default();
    Ok(typed_values(rules["taxation"].as_str().unwrap_or("none"), shipping, &rows))
}

/// `/tax_rules/rates/2/percent` → `rate-2-percent`.
fn field(error: &FieldError) -> String {
    let parts: Vec<&str> = error.pointer.trim_start_matches("/tax_rules").trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["rates", at, part] => format!("rate-{at}-{part}"),
        ["taxation"] | ["shipping"] => parts[0].to_owned(),
        _ => String::new(),
    }
}

pub(super) fn fault(problem: crate::web::problem::Problem) -> PageError {
    match problem.into_wrongs() {
        Ok((code, _)) => PageError::Fault(code.to_owned()),
        Err(error) => error,
    }
}
