//! Settings, in sections. Each is a form over what the API takes, with the same checks; this one is the shop itself.

pub mod form;
pub mod keys;
pub mod legal;
pub mod letters;
pub mod shipping;
pub mod taxes;
pub mod webhooks;

use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use serde_json::json;

use super::desk::Desk;
use crate::language::Language;
use crate::shop::Settings;
use crate::web::PageError;
use crate::web::api::settings::{SettingsFields, change_to};
use crate::web::problem::FieldError;
use form::{Sent, Sheet, Typed, Values, as_read};

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    let settings = desk.shop.read_settings().await?;
    page(&desk, &Sheet::of(values(&settings), settings.revision))
}

pub async fn save(desk: Desk, sent: Sent) -> Result<Response, PageError> {
    let typed = Typed::read(sent)?;
    let mut sheet = Sheet::of(typed.values(), typed.revision());
    let languages: Vec<&str> = typed.get("languages").split(' ').filter(|tag| !tag.is_empty()).collect();
    let mut fields = json!({
        "name": { "en": typed.get("name_en"), "zh-CN": typed.get("name_zh") },
        "currency": typed.get("currency").to_uppercase(),
        "time_zone": typed.get("time_zone"),
        "languages": languages,
        "owner_email": typed.get("owner_email"),
        "owner_language": typed.get("owner_language"),
        "hold_minutes": null,
    });
    if !typed.get("hold_minutes").is_empty() {
        fields["hold_minutes"] = form::number(&desk, &mut sheet, &typed, "hold_minutes");
    }
    fields["owner_order_letters"] = typed.is_ticked("owner_order_letters").into();
    for field in ["holds_per_buyer_max", "holds_per_client_max", "low_stock"] {
        fields[field] = form::whole(&desk, &mut sheet, &typed, field);
    }
    if !sheet.is_right() {
        return page(&desk, &sheet);
    }
    let fields: SettingsFields = serde_json::from_value(fields).map_err(|_| PageError::Unreadable)?;
    match change_to(&desk.shop, &as_read(sheet.revision), fields).await {
        Ok(_) => Ok(desk.done("/admin/settings", "saved")),
        Err(problem) => {
            let stands = desk.shop.read_settings().await?;
            sheet.refuse(&desk, problem, field, (values(&stands), stands.revision))?;
            page(&desk, &sheet)
        }
    }
}

fn page(desk: &Desk, sheet: &Sheet) -> Result<Response, PageError> {
    desk.page(sheet.status(), "admin/settings/shop.html", context! { form => sheet.value(), section => "shop" })
}

/// At which field of the form a mistake is shown.
fn field(error: &FieldError) -> String {
    match error.pointer.trim_start_matches('/') {
        "name/en" => "name_en".to_owned(),
        "name/zh-CN" => "name_zh".to_owned(),
        other => other.split('/').next().unwrap_or_default().to_owned(),
    }
}

fn values(settings: &Settings) -> Values {
    let policy = &settings.policy;
    let languages: Vec<&str> = settings.languages.iter().map(|language| language.tag()).collect();
    let values = [
        ("name_en", settings.name(Language::En).to_owned()),
        ("name_zh", settings.name(Language::ZhCn).to_owned()),
        ("currency", settings.currency.code().to_owned()),
        ("time_zone", settings.time_zone.clone()),
        ("languages", languages.join(" ")),
        ("owner_email", settings.owner_email.clone()),
        ("owner_language", settings.owner_language.tag().to_owned()),
        ("hold_minutes", policy.hold.minutes_text()),
        ("holds_per_buyer_max", policy.holds_per_buyer_max.to_string()),
        ("holds_per_client_max", policy.holds_per_client_max.to_string()),
        ("low_stock", settings.low_stock.to_string()),
    ];
    let ticked = settings.owner_order_letters.then(|| ("owner_order_letters", "on".to_owned()));
    values.into_iter().chain(ticked).map(|(field, text)| (field.to_owned(), text)).collect()
}

/// A page that shows something once, such as a new secret: never kept by a browser.
fn once(mut response: Response) -> Response {
    let no_store = axum::http::HeaderValue::from_static("no-store");
    response.headers_mut().insert(axum::http::header::CACHE_CONTROL, no_store);
    response
}

/// Where nothing stands under an id.
fn found<T>(thing: Option<T>) -> Result<T, PageError> {
    thing.ok_or(PageError::NotFound)
}

const OK: StatusCode = StatusCode::OK;
