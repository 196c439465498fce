//! Pictures of a product at the desk: taken in, described in both languages, put in order and taken away, by buttons that
//! need neither a mouse nor a script.

use axum::Form;
use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest, Multipart, Path, Request};
use axum::http::StatusCode;
use axum::response::Response;

use super::edit;
use super::unsaid_pictures;
use crate::catalogue::pictures::image;
use crate::media::{Media, Refused};
use crate::storage::products::change::said;
use crate::storage::products::images::{self, Hung, Image};
use crate::storage::products::{self, Localized, ProductStatus};
use crate::web::PageError;
use crate::web::admin::desk::{Desk, noted};
use crate::web::media::blocking;

/// Pictures of one product, and characters that describe one: as the API has it.
const IMAGES_MAX: usize = 50;
const ALT_CHARS_MAX: usize = 500;
/// Parts of the form: a file, an item number, two texts.
const PARTS_MAX: usize = 8;

/// Takes in one picture. What it shows may be said later, but not of goods that are for sale.
pub async fn upload(desk: Desk, Path(slug): Path<String>, request: Request) -> Result<Response, PageError> {
    let (product, _) = edit::find_moved(&desk, &slug).await?.ok_or(PageError::NotFound)?;
    let form = Multipart::from_request(request, &()).await.map_err(|_| PageError::Unreadable)?;
    let (file, sku, alt) = read(form).await?;
    let again = |status: StatusCode, key: &'static str| edit::again(&desk, &product.slug, status, desk.say(key, &[]));
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    if file.is_empty() {
        return again(unprocessable, "admin-goods-picture-none").await;
    }
    if product.images.len() >= IMAGES_MAX {
        return again(unprocessable, "admin-goods-picture-too-many").await;
    }
    if !fits(&alt) || (!sku.is_empty() && product.variant(&sku).is_none()) {
        return again(unprocessable, "admin-goods-wrong-text").await;
    }
    let media = Media::of(&desk.shop.config.data_dir);
    let accepted = blocking(move || {
        let accepted = media.accept(&file)?;
        media.make_all(&accepted)?;
        Ok::<_, Refused>(accepted)
    });
    let accepted = match accepted.await? {
        Ok(accepted) => accepted,
        Err(refused) => {
            let key = match refused {
                Refused::TooLarge => "admin-goods-picture-too-large",
                Refused::Svg => "admin-goods-picture-svg",
                Refused::NotAPicture => "admin-goods-picture-not-one",
                Refused::TooManyPixels { .. } => "admin-goods-picture-pixels",
                Refused::Broken(_) => "admin-goods-picture-broken",
                Refused::Unwritable(why) => {
                    return Err(PageError::Fault(format!("a picture cannot be stored: {why}")));
                }
            };
            return again(unprocessable, key).await;
        }
    };
    let image = image(accepted, sku, alt);
    let mut with = product.clone();
    with.images = vec![image.clone()];
    if product.status == ProductStatus::Active && unsaid_pictures(&desk, &with).next().is_some() {
        return again(unprocessable, "admin-goods-wrong-alt").await;
    }
    match images::add(&desk.shop.storage, product.id, &image).await? {
        Hung::NoProduct => Err(PageError::NotFound),
        // The second click of a double click finds what the first one hung.
        Hung::Now | Hung::Already => {
            Ok(noted(desk.done(&format!("/admin/products/{}", product.slug), "picture-added"), product.slug))
        }
    }
}

/// What the pictures say, which variant each shows, and one step: `up.2`, `down.1`, `remove.3`, or none.
pub async fn arrange(
    desk: Desk,
    Path(slug): Path<String>,
    Form(pairs): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let (product, _) = edit::find_moved(&desk, &slug).await?.ok_or(PageError::NotFound)?;
    let again = |status: StatusCode, key: &'static str| edit::again(&desk, &product.slug, status, desk.say(key, &[]));
    let field = |name: &str| pairs.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
    if field("revision") != Some(product.revision.to_string().as_str()) {
        return again(StatusCode::CONFLICT, "admin-goods-bulk-changed-since").await;
    }
    let mut arranged: Vec<Image> = Vec::new();
    for (at, image) in product.images.iter().enumerate() {
        let of = |what: &str| field(&format!("{what}.{}", at + 1));
        let (english, chinese) = (of("alt-en").unwrap_or_default(), of("alt-zh-CN").unwrap_or_default());
        let alt = said(&[("en", english.trim()), ("zh-CN", chinese.trim())]);
        let sku =
            of("sku").filter(|sku| *sku == image.sku || product.variant(sku).is_some()).unwrap_or_default().to_owned();
        arranged.push(Image { alt, sku, ..image.clone() });
    }
    if !arranged.iter().all(|image| fits(&image.alt)) {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "admin-goods-wrong-text").await;
    }
    let (step, number) = field("do").and_then(|step| step.split_once('.')).unwrap_or(("", ""));
    let at = number.parse::<usize>().ok().and_then(|number| number.checked_sub(1)).filter(|at| *at < arranged.len());
    match (step, at) {
        ("up", Some(at)) if at > 0 => arranged.swap(at, at - 1),
        ("down", Some(at)) if at + 1 < arranged.len() => arranged.swap(at, at + 1),
        ("remove", Some(at)) => drop(arranged.remove(at)),
        _ => {}
    }
    let mut with = product.clone();
    with.images.clone_from(&arranged);
    if product.status == ProductStatus::Active && unsaid_pictures(&desk, &with).next().is_some() {
        return again(StatusCode::UNPROCESSABLE_ENTITY, "admin-goods-wrong-alt").await;
    }
    if !images::replace(&desk.shop.storage, product.id, &arranged, Some(product.revision)).await? {
        return again(StatusCode::CONFLICT, "admin-goods-bulk-changed-since").await;
    }
    let word = if step == "remove" { "picture-removed" } else { "pictures-saved" };
    Ok(noted(desk.done(&format!("/admin/products/{}", product.slug), word), product.slug))
}

fn fits(alt: &Localized) -> bool {
    alt.0.values().all(|text| text.chars().count() <= ALT_CHARS_MAX && !text.chars().any(char::is_control))
}

async fn read(mut form: Multipart) -> Result<(Vec<u8>, String, products::Localized), PageError> {
    let broken = |error: MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => PageError::TooLarge,
        _ => PageError::Unreadable,
    };
    let (mut file, mut sku, mut english, mut chinese) = (Vec::new(), String::new(), String::new(), String::new());
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(broken)? else { break };
        match part.name().unwrap_or_default().to_owned().as_str() {
            "file" => file = part.bytes().await.map_err(broken)?.to_vec(),
            "sku" => sku = part.text().await.map_err(broken)?,
            "alt-en" => english = part.text().await.map_err(broken)?,
            "alt-zh-CN" => chinese = part.text().await.map_err(broken)?,
            _ => drop(part.bytes().await.map_err(broken)?),
        }
    }
    Ok((file, sku, said(&[("en", english.trim()), ("zh-CN", chinese.trim())])))
}
