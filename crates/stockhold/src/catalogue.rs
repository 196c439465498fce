//! Goods that come in numbers: a spreadsheet of products, and the demo's shelves.
//!
//! Invariant: an import with a mistake anywhere writes nothing. What it writes it may write again: a second run
//! after a crash finishes the first, and no goods are received twice.

mod columns;
pub mod count_sheet;
pub mod coupon_sheet;
mod demo;
pub mod encoding;
pub mod export;
mod html;
pub mod intake;
pub mod mistakes;
pub mod pictures;
pub(crate) mod rows;
pub mod sheet;
pub mod stock_sheet;
mod woo;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use futures_util::future::try_join_all;
use rules::commands::count_stock::CountStock;
use rules::ids::CountId;
use rules::money::Currency;
use rules::stock::Reason;
use rules::text::Sku;
use rules::time::Timestamp;
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use crate::ledger::{Failure, Ledger};
use crate::media::Media;
use crate::storage::products::{self, Localized, NewProduct, NewVariant, Product, Saved, edit};
use crate::storage::{Storage, StorageError};
use mistakes::Mistake;
use pictures::PictureError;
pub use rows::defused;
use sheet::{RowError, Sheet, SheetError, SheetProduct};

/// No product is called so: the desk has pages of these names (`/admin/products/new`), and nobody could open there what is
/// called the same.
pub const RESERVED_SLUGS: [&str; 3] = ["new", "bulk", "sample"];
/// The same of collections (`/admin/collections/arrange`).
pub const RESERVED_COLLECTION_SLUGS: [&str; 2] = ["new", "arrange"];
/// The same of SKUs (`/admin/stock/count`).
pub const RESERVED_SKUS: [&str; 2] = ["count", "count.csv"];

/// Products written in one transaction: long enough to be quick, short enough that buyers do not wait for it.
const PRODUCTS_PER_WRITE: usize = 200;
/// Goods received at once; the ledger makes one transaction of them.
const COUNTS_AT_ONCE: usize = 256;

/// What writing goods takes.
#[derive(Debug, Clone, Copy)]
pub struct Storeroom<'a> {
    pub storage: &'a Storage,
    pub ledger: &'a Ledger,
    pub currency: Currency,
    pub now: Timestamp,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportReport {
    pub new: u64,
    pub changed: u64,
    pub unchanged: u64,
    pub variants: u64,
    /// Variants that get their first stock from the sheet.
    pub received: u64,
    /// Variants whose stock the sheet names, but which have been counted before: theirs is left alone.
    pub stock_left_alone: u64,
    /// Not empty: nothing was written.
    pub errors: Vec<RowError>,
}

/// Why goods could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    Sheet(#[from] SheetError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Save(#[from] products::SaveError),
    #[error("Somebody changed one of these coupons just now. Nothing was written; try again.")]
    ChangedMeanwhile,
    #[error("Stock could not be received: {0}")]
    Stock(#[from] Failure),
}

/// A product of the sheet beside what stands.
struct Planned {
    product: NewProduct,
    stands: Option<Product>,
    saved: Saved,
    rows: u64,
}

/// Puts the demo's goods on the shelves; those that stand already are left as they are.
pub async fn seed_demo(room: Storeroom<'_>) -> Result<(), ImportError> {
    demo::seed(room).await
}

/// Makes pictures of the demo's drawn goods.
pub async fn draw_demo(
    room: Storeroom<'_>,
    media: &Media,
    stopped: &watch::Receiver<bool>,
) -> Result<(), PictureError> {
    demo::draw(room, media, stopped).await
}

/// Imports a spreadsheet of products. With `dry_run` it only says what it would do. `progress` hears how many rows
/// are done.
pub async fn import(
    room: Storeroom<'_>,
    file: impl Read,
    dry_run: bool,
    mut progress: impl FnMut(u64),
) -> Result<ImportReport, ImportError> {
    let Sheet { products, collections, errors } = sheet::read(file, room.currency)?;
    let mut report = ImportReport { errors, ..ImportReport::default() };
    let mut planned = Vec::with_capacity(products.len());
    let mut stock = Vec::new();
    for chunk in products.chunks(PRODUCTS_PER_WRITE) {
        plan(room, chunk, &mut report, &mut planned, &mut stock).await?;
        if !dry_run {
            progress(0); // Nothing is written yet, and it is alive.
        }
    }
    report.errors.sort_by_key(|error| error.row);
    if dry_run || !report.errors.is_empty() {
        return Ok(report);
    }
    let made = collections
        .iter()
        .map(|(slug, title)| (slug, Localized::of(&[("en", title)])))
        .map(|(slug, title)| edit::put_collection(slug, &title, &Localized::default(), room.now));
    room.storage.write_many(made.collect()).await?;
    let mut done = 0;
    for chunk in planned.chunks(PRODUCTS_PER_WRITE) {
        let changed = chunk.iter().filter(|planned| planned.saved != Saved::Unchanged);
        let statements =
            changed.flat_map(|planned| edit::statements(planned.stands.as_ref(), &planned.product, None, room.now));
        room.storage.write_many(statements.collect()).await?;
        done += chunk.iter().map(|planned| planned.rows).sum::<u64>();
        progress(done);
    }
    receive(room, "import", &stock).await?;
    Ok(report)
}

/// Holds some products of the sheet against what stands.
async fn plan(
    room: Storeroom<'_>,
    chunk: &[SheetProduct],
    report: &mut ImportReport,
    planned: &mut Vec<Planned>,
    stock: &mut Vec<(Sku, i64)>,
) -> Result<(), ImportError> {
    let slugs = chunk.iter().map(|product| product.slug.clone()).collect();
    let stands = products::by_slugs(room.storage, slugs, room.now).await?;
    let mut stands: BTreeMap<String, Product> = stands.into_iter().map(|p| (p.slug.clone(), p)).collect();
    let skus: Vec<String> =
        chunk.iter().flat_map(|p| p.variants.iter().map(|variant| variant.new.sku.to_string())).collect();
    let owners = products::owners(room.storage, skus.clone()).await?;
    let counted: BTreeSet<String> = products::ever_counted(room.storage, skus).await?.into_iter().collect();
    for sheet in chunk {
        let stands = stands.remove(&sheet.slug);
        if stands.as_ref().is_some_and(|product| product.options.len() > sheet::OPTIONS) {
            let row = sheet.variants.first().map_or(1, |variant| variant.row);
            let (column, mistake) = ("slug".to_owned(), Mistake::TooManyOptions);
            report.errors.push(RowError { row, column, mistake });
        }
        let product = merged(stands.as_ref(), sheet);
        for variant in &sheet.variants {
            let sku = &variant.new.sku;
            if let Some(owner) = owners.get(sku.as_str()).filter(|owner| **owner != sheet.slug) {
                let mistake = Mistake::SkuElsewhere { sku: sku.clone(), owner: owner.clone() };
                report.errors.push(RowError { row: variant.row, column: "SKU".to_owned(), mistake });
            }
            match variant.stock.filter(|stock| *stock > 0) {
                Some(_) if counted.contains(sku.as_str()) => report.stock_left_alone += 1,
                Some(units) => {
                    report.received += 1;
                    stock.push((sku.clone(), units));
                }
                None => {}
            }
        }
        let saved = edit::outcome(stands.as_ref(), &product);
        match saved {
            Saved::New => report.new += 1,
            Saved::Changed => report.changed += 1,
            Saved::Unchanged => report.unchanged += 1,
        }
        report.variants += sheet.variants.len() as u64;
        planned.push(Planned { product, stands, saved, rows: sheet.rows });
    }
    Ok(())
}

/// The sheet's product over what stands: what the sheet does not speak of stays, such as the other language.
fn merged(stands: Option<&Product>, sheet: &SheetProduct) -> NewProduct {
    let over = |below: Option<&Localized>, texts: &Localized| {
        let mut all = below.cloned().unwrap_or_default();
        all.0.extend(texts.0.clone());
        all
    };
    let variant = |variant: &sheet::SheetVariant| {
        let stands = stands.and_then(|product| product.variant(variant.new.sku.as_str()));
        match stands.filter(|stands| stands.title.get("en") == variant.new.title.get("en")) {
            // The same words: their translations are still true.
            Some(stands) => {
                NewVariant { title: stands.title.clone(), options: stands.options.clone(), ..variant.new.clone() }
            }
            None => variant.new.clone(),
        }
    };
    NewProduct {
        tax_class: sheet.tax_class.clone(),
        slug: sheet.slug.clone(),
        status: sheet.status.or(stands.map(|product| product.status)).unwrap_or(products::ProductStatus::Active),
        title: over(stands.map(|product| &product.title), &sheet.title),
        description: over(stands.map(|product| &product.description), &sheet.description),
        options: sheet.options.clone(),
        image: None,
        ships_from: None,
        specs: None,
        variants: sheet.variants.iter().map(variant).collect(),
        collections: sheet.collections.clone(),
    }
}

/// Receives first stock. The id of each count comes from its item number, so that it happens once.
async fn receive(room: Storeroom<'_>, actor: &str, stock: &[(Sku, i64)]) -> Result<(), ImportError> {
    for some in stock.chunks(COUNTS_AT_ONCE) {
        let counts = some.iter().map(|(sku, units)| {
            let command = CountStock {
                id: count_id(actor, sku),
                sku: sku.clone(),
                delta: *units,
                reason: Reason::Received,
                actor: actor.to_owned(),
            };
            room.ledger.count_stock(command, room.now)
        });
        try_join_all(counts).await?;
    }
    Ok(())
}

fn count_id(actor: &str, sku: &Sku) -> CountId {
    let hash = Sha256::digest(format!("{actor}: the first stock of {sku}"));
    CountId::from_u128(hash.iter().take(16).fold(0, |bits, byte| bits << 8 | u128::from(*byte)))
}
