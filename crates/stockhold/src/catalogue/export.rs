//! What the shop keeps, out: products, orders, customers, stock and coupons, as CSV or JSON, a page at a time.
//!
//! Promise: memory does not grow with the shop; no cell is a formula; what an import reads (products, stock, coupons) it
//! reads back as it was.

use std::collections::BTreeMap;

use rules::money::{Currency, Money};
use rules::stock::available;
use rules::time::Timestamp;
use serde_json::{Value, json};

use super::rows::defused;
use super::{ImportError, Storeroom, columns};
use crate::language::machine_time;
use crate::storage::products::{self, Cursor, ListQuery, Localized, Product};
use crate::storage::{RowExt, StorageError, coupons, customers, exports};

/// Rows read and written in one go.
const PAGE_ROWS: i64 = 200;

/// What can be taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Products,
    Orders,
    Customers,
    Stock,
    Coupons,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Json,
}

impl What {
    pub const ALL: [What; 5] = [What::Products, What::Orders, What::Customers, What::Stock, What::Coupons];

    pub fn as_str(self) -> &'static str {
        match self {
            What::Products => "products",
            What::Orders => "orders",
            What::Customers => "customers",
            What::Stock => "stock",
            What::Coupons => "coupons",
        }
    }

    pub fn parse(word: &str) -> Option<What> {
        What::ALL.into_iter().find(|what| what.as_str() == word)
    }

    fn headings(self) -> &'static [&'static str] {
        match self {
            What::Products => columns::WRITTEN,
            What::Orders => ORDERS,
            What::Customers => CUSTOMERS,
            What::Stock => STOCK,
            What::Coupons => super::coupon_sheet::HEADINGS,
        }
    }
}

const ORDERS: &[&str] = &[
    "number",
    "id",
    "status",
    "fulfilment",
    "placed_at",
    "paid_at",
    "cancelled_at",
    "email",
    "language",
    "name",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "items",
    "coupon",
    "currency",
    "subtotal",
    "discount",
    "shipping",
    "tax",
    "taxation",
    "total",
    "refunded",
];
const CUSTOMERS: &[&str] = &["id", "email", "name", "language", "orders", "totals", "first_order_at", "last_order_at"];
const STOCK: &[&str] = &["sku", "product", "title", "on_hand", "held", "available"];

/// An export on its way: asked for the next piece until there is none.
pub struct Export {
    what: What,
    format: Format,
    time_zone: String,
    place: Place,
    rows: u64,
}

/// How far it has come.
enum Place {
    Start,
    Number(i64),
    Text(String),
    Product(Cursor),
    End,
}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Export").field("what", &self.what).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Export {
    pub fn of(what: What, format: Format, time_zone: &str) -> Export {
        Export { what, format, time_zone: time_zone.to_owned(), place: Place::Start, rows: 0 }
    }

    /// How many rows were given so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The next piece of the file; none: that was all.
    pub async fn next(&mut self, room: Storeroom<'_>) -> Result<Option<Vec<u8>>, ImportError> {
        if matches!(self.place, Place::End) {
            return Ok(None);
        }
        let is_first = matches!(self.place, Place::Start);
        let page = self.page(room).await?;
        let headings = self.what.headings();
        let mut piece = Vec::new();
        match self.format {
            Format::Csv => {
                if is_first {
                    // Spreadsheets take a file with this mark for UTF-8.
                    piece.extend_from_slice("\u{feff}".as_bytes());
                }
                let mut writer = csv::Writer::from_writer(piece);
                if is_first {
                    writer.write_record(headings).map_err(super::sheet::SheetError::from)?;
                }
                for row in &page {
                    writer.write_record(row.iter().map(cell)).map_err(super::sheet::SheetError::from)?;
                }
                piece = writer.into_inner().map_err(|error| StorageError::Broken(error.to_string()))?;
            }
            Format::Json => {
                if is_first {
                    piece.push(b'[');
                }
                for (at, row) in page.iter().enumerate() {
                    piece.extend_from_slice(if is_first && at == 0 { b"\n" } else { b",\n" });
                    let named: serde_json::Map<String, Value> =
                        headings.iter().map(|heading| (*heading).to_owned()).zip(row.iter().cloned()).collect();
                    piece.extend_from_slice(Value::Object(named).to_string().as_bytes());
                }
                if matches!(self.place, Place::End) {
                    piece.extend_from_slice(b"\n]\n");
                }
            }
        }
        self.rows += page.len() as u64;
        Ok(Some(piece))
    }

    async fn page(&mut self, room: Storeroom<'_>) -> Result<Vec<Vec<Value>>, ImportError> {
        match self.what {
            What::Products => self.products(room).await,
            What::Orders => self.orders(room).await,
            What::Customers => self.customers(room).await,
            What::Stock => self.stock(room).await,
            What::Coupons => self.coupons(room).await,
        }
    }

    /// After a page of so many rows: on from this place, or at the end.
    fn go_on(&mut self, rows: usize, place: Option<Place>) {
        self.place = place.filter(|_| rows as i64 == PAGE_ROWS).unwrap_or(Place::End);
    }

    async fn products(&mut self, room: Storeroom<'_>) -> Result<Vec<Vec<Value>>, ImportError> {
        let after = match std::mem::replace(&mut self.place, Place::End) {
            Place::Product(cursor) => Some(cursor),
            _ => None,
        };
        let query = ListQuery { limit: PAGE_ROWS, after, q: None, collection: None, include_drafts: true };
        let page = products::list(room.storage, query, room.now).await?;
        if let Some(next) = page.next {
            self.place = Place::Product(next);
        }
        Ok(page.products.iter().flat_map(|product| product_rows(product, room.currency)).collect())
    }

    async fn orders(&mut self, room: Storeroom<'_>) -> Result<Vec<Vec<Value>>, ImportError> {
        let after = if let Place::Number(number) = self.place { number } else { 0 };
        let page = exports::orders(room.storage, after, PAGE_ROWS).await?;
        self.go_on(page.orders.len(), page.orders.last().map(|row| Place::Number(row.int(0))));
        let mut items: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for line in &page.lines {
            let item = json!({ "sku": line.text(1), "title": line.text(2), "variant": line.text(3),
                "quantity": line.int(4), "unit_price_minor": line.int(5), "discount_minor": line.int(6),
                "tax_minor": line.int(7), "total_minor": line.int(8), "shipped": line.int(9), "cancelled": line.int(10) });
            items.entry(line.text(0)).or_default().push(item);
        }
        let order = |row: &crate::storage::Row| {
            let currency = Currency::parse(row.text(9)).map_err(|error| StorageError::Broken(error.to_string()))?;
            let money = |at: usize| Value::from(Money::new(row.int(at), currency).plain());
            let moment = |at: usize| row.int_or_none(at).map_or(Value::Null, moment);
            let address: Value = serde_json::from_str(row.text(6)).unwrap_or_default();
            let of_address = |name: &str| Value::from(address[name].as_str().unwrap_or_default());
            let country = match address["country"].as_str() {
                Some(country) => country.to_owned(),
                None => row.text(7).split('-').next().unwrap_or_default().to_owned(),
            };
            let items = Value::Array(items.remove(row.text(1)).unwrap_or_default());
            Ok(vec![
                row.int(0).into(),
                row.text(1).into(),
                row.text(2).into(),
                row.text(3).into(),
                moment(16),
                moment(17),
                moment(18),
                row.text(4).into(),
                row.text(5).into(),
                of_address("name"),
                of_address("street"),
                of_address("postal_code"),
                of_address("city"),
                of_address("region"),
                country.into(),
                items,
                row.text_or_none(8).into(),
                currency.code().into(),
                money(10),
                money(11),
                money(12),
                money(13),
                row.text(14).into(),
                money(15),
                money(19),
            ])
        };
        let mut order = order;
        Ok(page.orders.iter().map(&mut order).collect::<Result<_, StorageError>>()?)
    }

    async fn customers(&mut self, room: Storeroom<'_>) -> Result<Vec<Vec<Value>>, ImportError> {
        let before = if let Place::Number(number) = self.place { Some(number) } else { None };
        let page = customers::list(room.storage, "", before, PAGE_ROWS).await?;
        self.place = page.next.map_or(Place::End, Place::Number);
        let customer = |customer: &customers::Customer| {
            let totals: Vec<String> =
                customer.totals.iter().map(|total| format!("{} {}", total.plain(), total.currency)).collect();
            vec![
                customer.id.to_string().into(),
                customer.buyer.as_str().into(),
                customer.name.as_str().into(),
                customer.language.as_str().into(),
                customer.orders.into(),
                totals.join("; ").into(),
                machine_time(customer.first_at).into(),
                machine_time(customer.last_at).into(),
            ]
        };
        Ok(page.rows.iter().map(customer).collect())
    }

    async fn stock(&mut self, room: Storeroom<'_>) -> Result<Vec<Vec<Value>>, ImportError> {
        let after = if let Place::Text(sku) = &self.place { sku.clone() } else { String::new() };
        let page = exports::levels(room.storage, &after, PAGE_ROWS, room.now).await?;
        self.go_on(page.len(), page.last().map(|row| Place::Text(row.text(0).to_owned())));
        let level = |row: &crate::storage::Row| {
            let title = |at: usize| {
                let texts: BTreeMap<String, String> = serde_json::from_str(row.text(at)).unwrap_or_default();
                Localized(texts).get("en").to_owned()
            };
            let title =
                [title(2), title(3)].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
            let (on_hand, held, short, due) = (row.int(4), row.int(5), row.int(6), row.int(7));
            vec![
                row.text(0).into(),
                row.text(1).into(),
                title.into(),
                // What is there to be counted: read in again, it changes nothing.
                (on_hand - short).max(0).into(),
                held.into(),
                available(on_hand, held, short, due).into(),
            ]
        };
        Ok(page.iter().map(level).collect())
    }

    async fn coupons(&mut self, room: Storeroom<'_>) -> Result<Vec<Vec<Value>>, ImportError> {
        let after = if let Place::Text(code) = &self.place { code.clone() } else { String::new() };
        let page = coupons::list(room.storage, &after, PAGE_ROWS).await?;
        self.go_on(page.len(), page.last().map(|stored| Place::Text(stored.coupon.code.to_string())));
        let row = |stored: &coupons::StoredCoupon| {
            super::coupon_sheet::cells(stored, &self.time_zone).into_iter().map(Value::from).collect()
        };
        Ok(page.iter().map(row).collect())
    }
}

/// A row for each variant; what belongs to the product stands in its first.
fn product_rows(product: &Product, currency: Currency) -> Vec<Vec<Value>> {
    let text = |texts: &Localized, tag: &str| Value::from(texts.0.get(tag).cloned().unwrap_or_default());
    let money = |minor: i64| Value::from(Money::new(minor, currency).plain());
    let row = |(at, variant): (usize, &products::Variant)| {
        let first = |value: Value| if at == 0 { value } else { Value::Null };
        let mut row = vec![
            product.slug.as_str().into(),
            first(text(&product.title, "en")),
            first(text(&product.title, "zh-CN")),
            first(text(&product.description, "en")),
            first(text(&product.description, "zh-CN")),
            first(product.status.as_str().into()),
            first(product.collections.join(" ").into()),
        ];
        for place in 0..3 {
            let name = product.options.get(place);
            row.push(first(name.cloned().into()));
            row.push(name.and_then(|name| variant.options.get(name)).map(|value| value.get("en").to_owned()).into());
        }
        row.extend([
            variant.sku.as_str().into(),
            money(variant.price_minor),
            variant.compare_at_minor.map_or(Value::Null, money),
            variant.weight_grams.into(),
            first(product.tax_class.as_str().into()),
            variant.on_hand.into(),
        ]);
        row
    };
    product.variants.iter().enumerate().map(row).collect()
}

fn moment(micros: i64) -> Value {
    machine_time(Timestamp::from_micros(micros)).into()
}

/// A value as a spreadsheet shows it; a list of goods as `2 × SKU`.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let item = |item: &Value| format!("{} × {}", item["quantity"], item["sku"].as_str().unwrap_or_default());
            items.iter().map(item).collect::<Vec<_>>().join("; ")
        }
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    defused(&text)
}
