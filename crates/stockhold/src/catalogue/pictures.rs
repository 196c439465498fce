//! Pictures that come in numbers: a sheet that names files beside it, each with its product and its words.
//!
//! Invariant: a mistake anywhere hangs nothing, and the same sheet again hangs nothing twice.

use std::io::Read;
use std::path::{Component, Path};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::Storeroom;
use crate::media::{self, Accepted, Media, Refused};
use crate::storage::StorageError;
use crate::storage::products::images::{self, Hung, Image};
use crate::storage::products::{self, Localized, Product};

/// The columns; `sku` may be left out or empty: the picture shows the whole product.
const COLUMNS: [&str; 5] = ["file", "product", "sku", "alt_en", "alt_zh"];
/// Rows that are read: far more than pictures that a person describes.
const ROWS_MAX: usize = 100_000;

/// What an import of pictures did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PicturesReport {
    pub hung: u64,
    /// Those that hang already.
    pub known: u64,
    /// Not empty: nothing was written.
    pub errors: Vec<PictureWrong>,
}

/// What is wrong with one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureWrong {
    /// As a spreadsheet shows it: the headings are row 1.
    pub row: u64,
    pub column: String,
    pub message: String,
}

/// Why pictures could not be hung.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    #[error("The sheet cannot be read: {0}")]
    Sheet(#[from] csv::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Picture(#[from] Refused),
    #[error("The work on a picture ended early.")]
    Ended,
    #[error("The product {0} was taken away just now. Try again: what hangs already is not hung twice.")]
    NoProduct(String),
}

/// One row that can be hung.
struct Row {
    product: Product,
    sku: String,
    alt: Localized,
    bytes: Vec<u8>,
}

/// Hangs the pictures of a sheet; their files are looked for beside it. With `dry_run` it only says what it would do.
pub async fn import(
    room: Storeroom<'_>,
    media: &Media,
    folder: &Path,
    sheet: impl Read,
    dry_run: bool,
) -> Result<PicturesReport, PictureError> {
    let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).from_reader(sheet);
    let heads: Vec<String> =
        reader.headers()?.iter().map(|head| head.trim_start_matches('\u{feff}').to_lowercase()).collect();
    let mut report = PicturesReport::default();
    for column in COLUMNS.iter().filter(|column| **column != "sku") {
        if !heads.iter().any(|head| head == column) {
            report.errors.push(wrong(1, column, "The sheet has no such column."));
        }
    }
    if !report.errors.is_empty() {
        return Ok(report);
    }
    // Two looks: every row is checked before the first is hung, and no more than one picture is in memory.
    let records: Vec<StringRecord> = reader.records().take(ROWS_MAX).collect::<Result<_, _>>()?;
    for (at, record) in records.iter().enumerate() {
        if let Err(error) = read(room, folder, &heads, record, at as u64 + 2).await? {
            report.errors.extend(error);
        }
    }
    if !report.errors.is_empty() {
        return Ok(report);
    }
    for (at, record) in records.iter().enumerate() {
        let Ok(row) = read(room, folder, &heads, record, at as u64 + 2).await? else { continue };
        let digest = media::digest(&row.bytes);
        if row.product.images.iter().any(|image| image.digest == digest) {
            report.known += 1;
            continue;
        }
        if dry_run {
            report.hung += 1;
            continue;
        }
        let slug = row.product.slug.clone();
        match hang(room, media, row).await? {
            Hung::Now => report.hung += 1,
            Hung::Already => report.known += 1,
            Hung::NoProduct => return Err(PictureError::NoProduct(slug)),
        }
    }
    Ok(report)
}

async fn hang(room: Storeroom<'_>, media: &Media, row: Row) -> Result<Hung, PictureError> {
    let media = media.clone();
    let make = move || -> Result<Accepted, Refused> {
        let accepted = media.accept(&row.bytes)?;
        media.make_all(&accepted)?;
        Ok(accepted)
    };
    let accepted = tokio::task::spawn_blocking(make).await.map_err(|_| PictureError::Ended)??;
    let image = image(accepted, row.sku, row.alt);
    Ok(images::add(room.storage, row.product.id, &image).await?)
}

/// A picture that was taken in, as it hangs.
pub fn image(accepted: Accepted, sku: String, alt: Localized) -> Image {
    let Accepted { digest, width, height, tint, see_through } = accepted;
    Image { digest, sku, alt, width, height, tint, see_through }
}

/// A row with its file, or what is wrong with it.
async fn read(
    room: Storeroom<'_>,
    folder: &Path,
    heads: &[String],
    record: &StringRecord,
    row: u64,
) -> Result<Result<Row, Vec<PictureWrong>>, PictureError> {
    let cell = |column: &str| {
        let at = heads.iter().position(|head| head == column);
        at.and_then(|at| record.get(at)).unwrap_or_default().to_owned()
    };
    let mut errors = Vec::new();
    let (file, slug, sku) = (cell("file"), cell("product"), cell("sku"));
    let product = products::find(room.storage, &slug, room.now).await?;
    match &product {
        None => errors.push(wrong(row, "product", &format!("There is no product {slug}."))),
        Some(product) if !sku.is_empty() && product.variant(&sku).is_none() => {
            errors.push(wrong(row, "sku", &format!("The product {slug} has no variant {sku}.")));
        }
        Some(_) => {}
    }
    let alt = Localized::of(&[("en", cell("alt_en").as_str()), ("zh-CN", cell("alt_zh").as_str())]);
    for (column, tag) in [("alt_en", "en"), ("alt_zh", "zh-CN")] {
        if alt.0[tag].is_empty() {
            errors.push(wrong(row, column, "Say what the picture shows, for those who do not see it."));
        }
    }
    let bytes =
        bytes(folder, &file).and_then(|bytes| media::look(&bytes).map(|()| bytes).map_err(|error| error.to_string()));
    match (bytes, product) {
        (Ok(bytes), Some(product)) if errors.is_empty() => Ok(Ok(Row { product, sku, alt, bytes })),
        (Err(why), _) => {
            errors.push(wrong(row, "file", &why));
            Ok(Err(errors))
        }
        (Ok(_), _) => Ok(Err(errors)),
    }
}

/// A file beside the sheet, or below its folder; nowhere else.
fn bytes(folder: &Path, file: &str) -> Result<Vec<u8>, String> {
    let path = Path::new(file);
    if file.is_empty() || !path.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err("Name a file beside the sheet.".to_owned());
    }
    let path = folder.join(path);
    let size = std::fs::metadata(&path).map_err(|error| format!("{file}: {error}"))?.len();
    if size > media::BYTES_MAX as u64 {
        return Err(Refused::TooLarge.to_string());
    }
    std::fs::read(&path).map_err(|error| format!("{file}: {error}"))
}

fn wrong(row: u64, column: &str, message: &str) -> PictureWrong {
    PictureWrong { row, column: column.to_owned(), message: message.to_owned() }
}
