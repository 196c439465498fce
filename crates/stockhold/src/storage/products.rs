//! Products, their variants and collections, and how many of each can be had right now.
//!
//! What is shown as available is what a buyer can get: a hold that is due does not count as taken, because it is
//! taken back when somebody wants the goods. Stock itself is never changed here, only its row is made, empty.

pub mod bulk;
pub mod change;
pub mod collections;
pub mod edit;
pub mod images;
pub mod redirects;
pub mod remove;
pub mod roster;
pub mod search;
pub mod shelf;

use std::collections::BTreeMap;

use rules::ids::ProductId;
use rules::pricing::Item;
use rules::stock::available;
use rules::taxes::TaxClass;
use rules::text::Sku;
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::revisions::Expected;
use super::{Result, Row, RowExt, Storage, StorageError};
use crate::values;

/// Products a page of a list may have.
pub const LIST_LIMIT_MAX: i64 = 200;

/// A text in several languages, by language tag.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Localized(pub BTreeMap<String, String>);

impl Localized {
    pub fn of(texts: &[(&str, &str)]) -> Localized {
        Localized(texts.iter().map(|(tag, text)| ((*tag).to_owned(), (*text).to_owned())).collect())
    }

    /// The text in this language, else in English, else in any: a name in a foreign language beats none.
    pub fn get(&self, language: impl AsRef<str>) -> &str {
        let exact = self.0.get(language.as_ref()).or_else(|| self.0.get("en"));
        exact.or_else(|| self.0.values().next()).map_or("", String::as_str)
    }

    /// The language that [`Localized::get`] answers in.
    pub fn language_of(&self, language: impl AsRef<str>) -> &str {
        let known = [language.as_ref(), "en"].into_iter().find_map(|tag| self.0.get_key_value(tag));
        known.or_else(|| self.0.iter().next()).map_or("", |(tag, _)| tag.as_str())
    }
}

/// A product as pages and the API read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    pub id: ProductId,
    pub slug: String,
    pub status: ProductStatus,
    pub title: Localized,
    pub description: Localized,
    /// Names of what its variants differ in, in order.
    pub options: Vec<String>,
    /// What its drawn picture is called; empty: none.
    pub image: String,
    /// Uploaded pictures, in order.
    pub images: Vec<images::Image>,
    /// A pre-order: the day on which it is first sent, such as `2027-01-15`; empty: at once.
    pub ships_from: String,
    /// What it is made of, how large it is, how to care for it, in order.
    pub specs: Vec<Spec>,
    /// Those that are offered, in order.
    pub variants: Vec<Variant>,
    /// Slugs.
    pub collections: Vec<String>,
    pub tax_class: TaxClass,
    /// Raised by every change of it or its pictures; stock is none of that.
    pub revision: i64,
    pub position: i64,
}

/// One thing worth knowing of a product, such as `Capacity`: `120 ml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    pub name: Localized,
    pub value: Localized,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    pub sku: Sku,
    pub title: Localized,
    pub options: BTreeMap<String, Localized>,
    pub price_minor: i64,
    pub compare_at_minor: Option<i64>,
    pub weight_grams: Option<i64>,
    /// What a buyer can get now, net of live holds.
    pub available: i64,
    pub on_hand: i64,
    pub held: i64,
    /// Missing of what is promised or sold.
    pub short: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductStatus {
    Draft,
    Active,
    Archived,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Collection {
    pub slug: String,
    pub title: Localized,
    pub description: Localized,
}

/// Which products, and from where on.
#[derive(Debug, Clone, Default)]
pub struct ListQuery<'a> {
    pub limit: i64,
    pub after: Option<Cursor>,
    /// Words that are looked for; see [`search`].
    pub q: Option<String>,
    pub collection: Option<&'a str>,
    pub include_drafts: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub products: Vec<Product>,
    pub next: Option<Cursor>,
}

/// The place of a product in the list, as the next page's address carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    position: i64,
    id: String,
}

/// A product as somebody wants it to be. Stock never comes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProduct {
    pub slug: String,
    pub status: ProductStatus,
    pub title: Localized,
    pub description: Localized,
    pub options: Vec<String>,
    /// None: as it is.
    pub image: Option<String>,
    /// None: as it is.
    pub ships_from: Option<String>,
    /// None: as they are.
    pub specs: Option<Vec<Spec>>,
    pub variants: Vec<NewVariant>,
    /// Slugs; those that do not exist yet are made. None: as they are.
    pub collections: Option<Vec<String>>,
    /// None: as it is; new goods are taxed as standard ones.
    pub tax_class: Option<TaxClass>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVariant {
    pub sku: Sku,
    pub title: Localized,
    pub options: BTreeMap<String, Localized>,
    pub price_minor: i64,
    pub compare_at_minor: Option<i64>,
    pub weight_grams: Option<i64>,
}

/// What saving a product came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    New,
    Changed,
    Unchanged,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    #[error("The item number {sku} belongs to the product {slug}.")]
    SkuOfAnother { sku: Sku, slug: String },
    #[error("The item number {sku} is named twice.")]
    SkuTwice { sku: Sku },
    #[error("A product needs at least one variant.")]
    NoVariants,
    #[error("Somebody changed this since you read it. Read it again.")]
    NotAsRead,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ProductStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            ProductStatus::Draft => "draft",
            ProductStatus::Active => "active",
            ProductStatus::Archived => "archived",
        }
    }

    pub fn parse(text: &str) -> Option<ProductStatus> {
        [ProductStatus::Draft, ProductStatus::Active, ProductStatus::Archived].into_iter().find(|s| s.as_str() == text)
    }
}

impl Product {
    pub fn is_public(&self) -> bool {
        self.status == ProductStatus::Active
    }

    pub fn variant(&self, sku: &str) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.sku.as_str() == sku)
    }

    /// So many of one of its variants, as pricing takes them; none when it is not offered.
    pub fn item(&self, sku: &Sku, quantity: i64) -> Option<Item> {
        let variant = self.variant(sku.as_str()).filter(|_| self.is_public())?;
        Some(Item {
            sku: variant.sku.clone(),
            product: self.slug.clone(),
            collections: self.collections.clone(),
            unit_price_minor: variant.price_minor,
            quantity,
            weight_grams: variant.weight_grams,
            tax_class: self.tax_class.clone(),
        })
    }

    /// Whether saving `new` would change nothing.
    fn equals(&self, new: &NewProduct) -> bool {
        let sorted = |slugs: &[String]| {
            let mut slugs = slugs.to_vec();
            slugs.sort();
            slugs.dedup();
            slugs
        };
        self.status == new.status
            && self.title == new.title
            && self.description == new.description
            && self.options == new.options
            && new.tax_class.as_ref().is_none_or(|class| *class == self.tax_class)
            && new.image.as_ref().is_none_or(|image| *image == self.image)
            && new.ships_from.as_ref().is_none_or(|day| *day == self.ships_from)
            && new.specs.as_ref().is_none_or(|specs| *specs == self.specs)
            && new.collections.as_ref().is_none_or(|slugs| sorted(slugs) == sorted(&self.collections))
            && self.variants.len() == new.variants.len()
            && self.variants.iter().zip(&new.variants).all(|(stands, new)| stands.equals(new))
    }
}

impl Variant {
    /// The option values in English as one word each (`moon-white`): the drawn pictures know their glazes by it.
    pub fn option_slugs(&self) -> impl Iterator<Item = String> + '_ {
        self.options.values().map(|value| value.get("en").to_lowercase().replace(' ', "-"))
    }

    fn equals(&self, new: &NewVariant) -> bool {
        self.sku == new.sku
            && self.title == new.title
            && self.options == new.options
            && self.price_minor == new.price_minor
            && self.compare_at_minor == new.compare_at_minor
            && self.weight_grams == new.weight_grams
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.position, self.id)
    }
}

impl std::str::FromStr for Cursor {
    type Err = NotACursor;

    fn from_str(text: &str) -> std::result::Result<Cursor, NotACursor> {
        let (position, id) = text.split_once('.').ok_or(NotACursor)?;
        let id: ProductId = id.parse().map_err(|_| NotACursor)?;
        Ok(Cursor { position: position.parse().map_err(|_| NotACursor)?, id: id.to_string() })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("This is not a place in the list.")]
pub struct NotACursor;

const BY_PLACE: &str = "
    select p.id, p.slug, p.status, p.title, p.description, p.options, p.image, p.position, p.tax_class, p.ships_from,
        p.revision, p.specs
    from products p
    where (p.status = 'active' or $1 = 1)
        and (p.position > $2 or (p.position = $2 and p.id > $3))
        and ($4 = '' or exists (
            select 1 from collection_products c where c.product_id = p.id and c.collection_slug = $4))
        and ($5 = 0 or p.id {in $6})
    order by p.position, p.id
    limit $7";

const BY_SLUG: &str =
    "select id, slug, status, title, description, options, image, position, tax_class, ships_from, revision, specs
    from products
    where slug {in $1} order by position, id";

const BY_SKU: &str =
    "select id, slug, status, title, description, options, image, position, tax_class, ships_from, revision, specs
    from products
    where id in (select product_id from variants where sku {in $1}) order by position, id";

const BY_ID: &str =
    "select id, slug, status, title, description, options, image, position, tax_class, ships_from, revision, specs
    from products
    where id {in $1} order by position, id";

/// Variants with what is there of them. A hold that is due counts as free while its order still waits for payment;
/// once the buyer has finished at Stripe (`processing`), nobody can take the goods back.
const VARIANTS: &str = "
    select v.product_id, v.sku, v.title, v.options, v.price_minor, v.compare_at_minor, v.weight_grams,
        coalesce(s.on_hand, 0), coalesce(s.held, 0), cast(coalesce(d.due, 0) as bigint), coalesce(s.short, 0)
    from variants v
    left join stock_levels s on s.sku = v.sku
    left join (
        select l.sku as sku, sum(l.quantity) as due
        from orders o join order_lines l on l.order_id = o.id
        where o.hold = 'live' and o.status = 'pending' and o.hold_due_at <= $1
        group by l.sku) d on d.sku = v.sku
    where v.active = 1 and v.product_id {in $2}
    order by v.product_id, v.position, v.sku";

const COLLECTIONS_OF: &str = "select c.product_id, c.collection_slug from collection_products c
    join collections on collections.slug = c.collection_slug
    where c.product_id {in $1} order by collections.position, c.collection_slug";

/// Every statement by which a list is read, and the index it is meant to walk (empty: whichever), so that a test can look at
/// their plans.
pub const LISTS: &[(&str, &str)] =
    &[(BY_PLACE, "products_place"), (BY_ID, ""), (VARIANTS, "variants_product"), (COLLECTIONS_OF, "")];

/// One page of products in the order of the shelf: four statements, however many products.
pub async fn list(storage: &Storage, query: ListQuery<'_>, now: Timestamp) -> Result<Page> {
    let limit = query.limit.clamp(1, LIST_LIMIT_MAX);
    let (position, id) = query.after.map_or((i64::MIN, String::new()), |after| (after.position, after.id));
    let is_search = query.q.as_deref().is_some_and(|q| !q.trim().is_empty());
    let found = match query.q.as_deref() {
        Some(q) if is_search => search::find(storage, q).await?.into_iter().map(|hit| hit.product_id).collect(),
        _ => Vec::new(),
    };
    // One more than asked for tells whether there is a next page.
    let collection = query.collection.unwrap_or_default();
    let parameters = values![query.include_drafts, position, id, collection, is_search, found, limit + 1];
    let mut products = complete(storage, storage.read(BY_PLACE, parameters).await?, now).await?;
    let is_more = products.len() as i64 > limit;
    products.truncate(limit as usize);
    let last = products.last().filter(|_| is_more);
    let next = last.map(|last| Cursor { position: last.position, id: last.id.to_string() });
    Ok(Page { products, next })
}

/// The product at this address, whatever its status.
pub async fn find(storage: &Storage, slug: &str, now: Timestamp) -> Result<Option<Product>> {
    Ok(by_slugs(storage, vec![slug.to_owned()], now).await?.into_iter().next())
}

pub async fn by_slugs(storage: &Storage, slugs: Vec<String>, now: Timestamp) -> Result<Vec<Product>> {
    complete(storage, storage.read(BY_SLUG, values![slugs]).await?, now).await
}

/// The products with these ids, in the order of the ids.
pub async fn by_ids(storage: &Storage, ids: &[String], now: Timestamp) -> Result<Vec<Product>> {
    let mut products = complete(storage, storage.read(BY_ID, values![ids.to_vec()]).await?, now).await?;
    let place = |product: &Product| ids.iter().position(|id| *id == product.id.to_string());
    products.sort_by_key(place);
    Ok(products)
}

/// The products these item numbers belong to, each once and with all its variants: see [`Product::variant`].
pub async fn by_skus(storage: &Storage, skus: &[Sku], now: Timestamp) -> Result<Vec<Product>> {
    complete(storage, storage.read(BY_SKU, values![texts(skus)]).await?, now).await
}

/// The addresses of what is for sale, in the order of the shelf.
pub async fn public_slugs(storage: &Storage) -> Result<Vec<String>> {
    let sql = "select slug from products p where status = 'active'
        and exists (select 1 from variants v where v.product_id = p.id and v.active = 1) order by position, id";
    Ok(storage.read(sql, values![]).await?.iter().map(|row| row.text(0).to_owned()).collect())
}

/// All collections in their order.
pub async fn collections(storage: &Storage) -> Result<Vec<Collection>> {
    let sql = "select slug, title, description from collections order by position, slug";
    storage.read(sql, values![]).await?.iter().map(read_collection).collect()
}

/// The collection at this address.
pub async fn find_collection(storage: &Storage, slug: &str) -> Result<Option<Collection>> {
    let sql = "select slug, title, description from collections where slug = $1";
    storage.read(sql, values![slug]).await?.first().map(read_collection).transpose()
}

fn read_collection(row: &Row) -> Result<Collection> {
    let (title, description) = (from_json(row.text(1))?, from_json(row.text(2))?);
    Ok(Collection { slug: row.text(0).to_owned(), title, description })
}

/// Of these item numbers, those that stock was ever counted of: the others may still get their first.
pub async fn ever_counted(storage: &Storage, skus: Vec<String>) -> Result<Vec<String>> {
    let sql = "select sku from stock_levels where seq > 0 and sku {in $1}";
    Ok(storage.read(sql, values![skus]).await?.iter().map(|row| row.text(0).to_owned()).collect())
}

/// Item numbers and the slug of the product each belongs to, retired ones included.
pub async fn owners(storage: &Storage, skus: Vec<String>) -> Result<BTreeMap<String, String>> {
    let sql = "select v.sku, p.slug from variants v join products p on p.id = v.product_id where v.sku {in $1}";
    let rows = storage.read(sql, values![skus]).await?;
    Ok(rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect())
}

/// Saves a product with its variants, whatever stands; those it no longer names are no longer offered.
pub async fn upsert(storage: &Storage, new: NewProduct, now: Timestamp) -> std::result::Result<Saved, SaveError> {
    let stands = find(storage, &new.slug, now).await?;
    let expected = if stands.is_some() { Expected::Something } else { Expected::Nothing };
    save(storage, stands, &new, expected, now).await
}

/// Saves a product with its variants, if what stands is what was expected.
pub async fn put(
    storage: &Storage,
    new: &NewProduct,
    expected: Expected,
    now: Timestamp,
) -> std::result::Result<Saved, SaveError> {
    let stands = find(storage, &new.slug, now).await?;
    save(storage, stands, new, expected, now).await
}

async fn save(
    storage: &Storage,
    stands: Option<Product>,
    new: &NewProduct,
    expected: Expected,
    now: Timestamp,
) -> std::result::Result<Saved, SaveError> {
    edit::check(new)?;
    if !expected.holds(stands.as_ref().map(|product| product.revision)) {
        return Err(SaveError::NotAsRead);
    }
    let owners = owners(storage, edit::skus_of(new)).await?;
    if let Some((sku, slug)) = edit::foreign(new, &owners) {
        return Err(SaveError::SkuOfAnother { sku: sku.clone(), slug: slug.to_owned() });
    }
    let saved = edit::outcome(stands.as_ref(), new);
    if saved == Saved::Unchanged {
        return Ok(saved);
    }
    let mut guard = edit::statements(stands.as_ref(), new, expected.revision(), now);
    let others = guard.split_off(1);
    match storage.write_guarded(guard, others).await? {
        None => Ok(saved),
        Some(_) => Err(SaveError::NotAsRead),
    }
}

fn texts(skus: &[Sku]) -> Vec<String> {
    skus.iter().map(Sku::to_string).collect()
}

/// Adds the variants and collections to rows of products.
async fn complete(storage: &Storage, rows: Vec<Row>, now: Timestamp) -> Result<Vec<Product>> {
    let mut products = rows.iter().map(product).collect::<Result<Vec<Product>>>()?;
    if products.is_empty() {
        return Ok(products);
    }
    let ids: Vec<String> = products.iter().map(|product| product.id.to_string()).collect();
    let at: BTreeMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
    for row in &storage.read(VARIANTS, values![now.micros(), ids.clone()]).await? {
        if let Some(at) = at.get(row.text(0)) {
            products[*at].variants.push(variant(row)?);
        }
    }
    for row in &storage.read(images::OF_PRODUCTS, values![ids.clone()]).await? {
        if let Some(at) = at.get(row.text(0)) {
            products[*at].images.push(images::read(row)?);
        }
    }
    for row in &storage.read(COLLECTIONS_OF, values![ids.clone()]).await? {
        if let Some(at) = at.get(row.text(0)) {
            products[*at].collections.push(row.text(1).to_owned());
        }
    }
    Ok(products)
}

fn product(row: &Row) -> Result<Product> {
    let status = ProductStatus::parse(row.text(2));
    Ok(Product {
        id: row.text(0).parse().map_err(broken)?,
        slug: row.text(1).to_owned(),
        status: status.ok_or_else(|| broken(format!("the status {} is not known", row.text(2))))?,
        title: from_json(row.text(3))?,
        description: from_json(row.text(4))?,
        options: from_json(row.text(5))?,
        image: row.text(6).to_owned(),
        images: Vec::new(),
        ships_from: row.text(9).to_owned(),
        specs: from_json(row.text(11))?,
        variants: Vec::new(),
        collections: Vec::new(),
        tax_class: TaxClass::parse(row.text(8)).map_err(broken)?,
        position: row.int(7),
        revision: row.int(10),
    })
}

fn variant(row: &Row) -> Result<Variant> {
    let (on_hand, held, due, short) = (row.int(7), row.int(8), row.int(9), row.int(10));
    Ok(Variant {
        sku: Sku::parse(row.text(1)).map_err(broken)?,
        title: from_json(row.text(2))?,
        options: from_json(row.text(3))?,
        price_minor: row.int(4),
        compare_at_minor: row.int_or_none(5),
        weight_grams: row.int_or_none(6),
        available: available(on_hand, held, short, due),
        on_hand,
        held,
        short,
    })
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("text by text is always JSON")
}

fn from_json<T: for<'a> Deserialize<'a>>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(broken)
}

fn broken(error: impl std::fmt::Display) -> StorageError {
    StorageError::Broken(format!("a stored product cannot be read: {error}"))
}
