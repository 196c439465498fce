//! Pictures of products: taken in one by one, put in order, described in both languages, and taken away.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conditions::Conditions;
use super::input::{Body, Segment};
use crate::catalogue::pictures::image;
use crate::language::Language;
use crate::media::{self, Media, Refused, widths};
use crate::shop::Shop;
use crate::storage::products::images::{self, Hung, Image};
use crate::storage::products::{self, Localized, Product};
use crate::web::PageError;
use crate::web::media::blocking;
use crate::web::problem::{FieldError, Problem, ProblemBody};

pub const UPLOAD: &str = "/api/admin/products/{slug}/images";
/// The largest picture and what a form puts around it.
pub const BODY_BYTES_MAX: usize = media::BYTES_MAX + 64 * 1024;
/// Pictures of one product.
const IMAGES_MAX: usize = 50;
const ALT_CHARS_MAX: usize = 500;
/// Parts of a form; ours has a file, an item number and a text per language.
const PARTS_MAX: usize = 8;

/// One picture.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Image)]
pub struct ImageBody {
    /// Its name: SHA-256 of what was uploaded.
    digest: String,
    /// The variant it shows; null: all of them.
    sku: Option<String>,
    /// By language.
    alt: BTreeMap<String, String>,
    width: i64,
    height: i64,
    /// Addresses by width, as JPEG; the same with `.webp` is smaller.
    urls: BTreeMap<String, String>,
}

/// A picture in its place.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedImage {
    digest: String,
    sku: Option<String>,
    /// By language: `en` and `zh-CN`. Whoever cannot see the picture reads this.
    alt: BTreeMap<String, String>,
}

/// The form of an upload.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "it describes the form; the parts are read one by one")]
pub struct ImageForm {
    /// JPEG, PNG, WebP or GIF; up to 20 MB and 50 million pixels.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// The variant it shows; left out: all of them.
    sku: Option<String>,
    /// What it shows, in English.
    #[schema(rename = "alt.en")]
    alt_en: String,
    /// What it shows, in Chinese.
    #[schema(rename = "alt.zh-CN")]
    alt_zh: String,
}

impl ImageBody {
    pub fn of(image: &Image) -> ImageBody {
        let url = |width: &i64| (width.to_string(), format!("/media/{}/{width}.jpg", image.digest));
        ImageBody {
            digest: image.digest.clone(),
            sku: Some(image.sku.clone()).filter(|sku| !sku.is_empty()),
            alt: image.alt.0.clone(),
            width: image.width,
            height: image.height,
            urls: widths(image.width).iter().map(url).collect(),
        }
    }
}

/// Hangs a picture behind the others of its product. It is looked at, turned upright, brought to sRGB and encoded anew. One that
/// hangs there as the same goods' is not hung twice.
#[utoipa::path(post, path = "/api/admin/products/{slug}/images", tag = "admin", operation_id = "upload_image",
    params(("slug" = String, Path)), security(("key" = ["products:write"])),
    request_body(content = ImageForm, content_type = "multipart/form-data"),
    responses((status = 200, description = "It hung there already, and was left as it is", body = ImageBody),
        (status = 201, description = "It hangs", body = ImageBody),
        (status = 413, description = "Larger than 20 MB", body = ProblemBody, content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn upload(
    State(shop): State<Arc<Shop>>,
    Segment(slug): Segment,
    request: Request,
) -> Result<Response, Problem> {
    let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
    let form = Multipart::from_request(request, &shop).await.map_err(|_| {
        Problem::bad_request("unreadable-body", "Send a form of the kind multipart/form-data, with a part `file`.")
    })?;
    let (file, sku, alt) = read(form).await?;
    let mut wrongs = Vec::new();
    check(&mut wrongs, "", &product, sku.as_deref(), &alt);
    if file.is_empty() {
        wrongs.push(wrong("file", "empty", "Send the picture as the part `file`.".to_owned()));
    }
    if product.images.len() >= IMAGES_MAX {
        wrongs.push(wrong("file", "too-many", format!("A product has at most {IMAGES_MAX} pictures.")));
    }
    if !wrongs.is_empty() {
        return Err(Problem::invalid_fields(wrongs));
    }
    let media = Media::of(&shop.config.data_dir);
    let accepted = blocking(move || {
        let accepted = media.accept(&file)?;
        media.make_all(&accepted)?;
        Ok(accepted)
    });
    let accepted = accepted.await.map_err(Problem::fault)?.map_err(refused)?;
    let image = image(accepted, sku.unwrap_or_default(), alt);
    match images::add(&shop.storage, product.id, &image).await? {
        Hung::Now => Ok((StatusCode::CREATED, Json(ImageBody::of(&image))).into_response()),
        Hung::NoProduct => Err(Problem::not_found()),
        Hung::Already => {
            let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
            let stands = product.images.iter().find(|stands| stands.is_same(&image)).ok_or_else(Problem::not_found)?;
            Ok(Json(ImageBody::of(stands)).into_response())
        }
    }
}

/// Shows a product's pictures, in their order.
#[utoipa::path(get, path = "/api/admin/products/{slug}/images", tag = "admin", operation_id = "list_images",
    params(("slug" = String, Path)), security(("key" = ["products:read"])),
    responses((status = 200, description = "The pictures", body = Vec<ImageBody>),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
) -> Result<Response, Problem> {
    let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
    let images: Vec<ImageBody> = product.images.iter().map(ImageBody::of).collect();
    Ok(conditions.show(product.revision, &images))
}

/// Puts a product's pictures in this order, with these texts; what is not named is taken away. They are part of their
/// product: its ETag is theirs too.
#[utoipa::path(put, path = "/api/admin/products/{slug}/images", tag = "admin", operation_id = "arrange_images",
    params(("slug" = String, Path)), request_body = Vec<PlacedImage>, security(("key" = ["products:write"])),
    responses((status = 200, description = "They hang as described", body = Vec<ImageBody>),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn arrange(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(slug): Segment,
    Body(placed): Body<Vec<PlacedImage>>,
) -> Result<Response, Problem> {
    let product = products::find(&shop.storage, &slug, shop.now()).await?.ok_or_else(Problem::not_found)?;
    let revision = conditions.to_change(Some(product.revision))?.revision();
    let mut wrongs = Vec::new();
    if placed.len() > IMAGES_MAX {
        wrongs.push(wrong("", "too-many", format!("A product has at most {IMAGES_MAX} pictures.")));
    }
    let mut images = Vec::new();
    for (at, placed) in placed.into_iter().enumerate().take(IMAGES_MAX) {
        let place = format!("/{at}");
        let alt = Localized(placed.alt);
        check(&mut wrongs, &place, &product, placed.sku.as_deref(), &alt);
        match product.images.iter().find(|image| image.digest == placed.digest) {
            Some(known) => images.push(Image { sku: placed.sku.unwrap_or_default(), alt, ..known.clone() }),
            None => wrongs.push(wrong(
                &format!("{place}/digest"),
                "unknown-image",
                "This product has no such picture; upload it first.".to_owned(),
            )),
        }
    }
    if !wrongs.is_empty() {
        return Err(Problem::invalid_fields(wrongs));
    }
    if !images::replace(&shop.storage, product.id, &images, revision).await? {
        return Err(conditions.overtaken());
    }
    list(State(shop), Conditions::default(), Segment(slug)).await
}

/// The parts of the form: the file, its variant, its texts.
async fn read(mut form: Multipart) -> Result<(Vec<u8>, Option<String>, Localized), Problem> {
    let broken = |error: axum::extract::multipart::MultipartError| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large(),
        _ => Problem::bad_request("unreadable-body", "The form broke off, or is not one."),
    };
    let (mut file, mut sku, mut alt) = (Vec::new(), None, Localized::default());
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(broken)? else { break };
        let name = part.name().unwrap_or_default().to_owned();
        match (name.as_str(), name.strip_prefix("alt.")) {
            ("file", _) => file = part.bytes().await.map_err(broken)?.to_vec(),
            ("sku", _) => sku = Some(part.text().await.map_err(broken)?).filter(|sku| !sku.is_empty()),
            (_, Some(tag)) => {
                alt.0.insert(tag.to_owned(), part.text().await.map_err(broken)?);
            }
            _ => {
                return Err(Problem::invalid(
                    &name,
                    "unknown-part",
                    "The form has `file`, `sku`, `alt.en`, `alt.zh-CN`.",
                ));
            }
        }
    }
    Ok((file, sku, alt))
}

/// A picture says in every language what it shows, and shows a variant that there is.
fn check(wrongs: &mut Vec<FieldError>, place: &str, product: &Product, sku: Option<&str>, alt: &Localized) {
    let at = |field: &str| if place.is_empty() { field.replace('/', ".") } else { format!("{place}/{field}") };
    for language in Language::ALL {
        let text = alt.0.get(language.tag()).map_or("", |text| text.trim());
        let pointer = at(&format!("alt/{}", language.tag()));
        if text.is_empty() {
            wrongs.push(wrong(
                &pointer,
                "empty",
                "Say what the picture shows, for those who do not see it.".to_owned(),
            ));
        } else if text.chars().count() > ALT_CHARS_MAX || text.chars().any(char::is_control) {
            wrongs.push(wrong(&pointer, "too-long", format!("One line of at most {ALT_CHARS_MAX} characters.")));
        }
    }
    for tag in alt.0.keys().filter(|tag| !Language::ALL.iter().any(|language| language.tag() == tag.as_str())) {
        let detail = "There is no such language; send en and zh-CN.".to_owned();
        wrongs.push(wrong(&at(&format!("alt/{tag}")), "unknown-language", detail));
    }
    if sku.is_some_and(|sku| product.variant(sku).is_none()) {
        wrongs.push(wrong(&at("sku"), "unknown-sku", "The product has no such variant.".to_owned()));
    }
}

fn wrong(pointer: &str, code: &'static str, detail: String) -> FieldError {
    FieldError { pointer: pointer.to_owned(), code, detail }
}

fn refused(refused: Refused) -> Problem {
    let words = refused.to_string();
    match refused {
        Refused::TooLarge => Problem::too_large(),
        Refused::Svg => Problem::invalid("file", "svg", &words),
        Refused::NotAPicture => Problem::invalid("file", "not-a-picture", &words),
        Refused::TooManyPixels { .. } => Problem::invalid("file", "too-many-pixels", &words),
        Refused::Broken(_) => Problem::invalid("file", "broken", "The picture is broken."),
        Refused::Unwritable(why) => Problem::fault(PageError::Fault(format!("a picture cannot be stored: {why}"))),
    }
}
