//! The cart: what was chosen, what of it can be bought now, and one click to put right what cannot.

use std::collections::{BTreeMap, HashMap};

use axum::Form;
use axum::extract::Query;
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::cart::{LINES_MAX, QUANTITY_MAX};
use rules::coupons::Uses;
use rules::ids::OrderId;
use rules::pricing::{self, Item};
use rules::text::Sku;
use serde::Deserialize;

use super::catalogue::{self, Again, Choice};
use super::checkout::PlaceQuery;
use super::checkout::form::destination;
use super::checkout::page::{country_options, shown_method};
use super::checkout::words::shipping_words;
use super::{pictures, quantity, see_other};
use crate::language::machine_time;
use crate::storage::orders::{self, OrderView};
use crate::storage::products::{self, Product, Variant};
use crate::web::PageError;
use crate::web::session::{Cart, CartFailure, Visitor, with_cookie};

#[derive(Debug, Deserialize)]
pub struct AddForm {
    #[serde(default)]
    sku: String,
    #[serde(default)]
    quantity: String,
    /// The product's page, to show again when something is wrong.
    #[serde(default)]
    from: String,
    /// What was chosen of each option, of a product that has several.
    #[serde(flatten)]
    rest: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
pub struct ChangeForm {
    #[serde(default)]
    sku: String,
    #[serde(default)]
    quantity: String,
}

#[derive(Debug, Deserialize)]
pub struct RebuildForm {
    #[serde(default)]
    order_id: String,
}

/// A cart's lines beside what the shop offers now.
#[derive(Debug)]
pub struct Shelf {
    lines: Vec<ShelfLine>,
    /// The visitor's own unpaid order of exactly this cart.
    hold: Option<OrderView>,
}

#[derive(Debug)]
struct ShelfLine {
    sku: String,
    quantity: i64,
    /// None: not for sale any more.
    offer: Option<Offer>,
    /// What this visitor can buy: what is free, and what their own unpaid orders hold.
    available: i64,
}

/// One variant as it is offered now.
#[derive(Debug, Clone)]
struct Offer {
    product: Product,
    variant: Variant,
}

impl Shelf {
    pub async fn of(visitor: &Visitor, cart: &Cart) -> Result<Shelf, PageError> {
        let storage = &visitor.shop.storage;
        let skus: Vec<Sku> = cart.now.lines.iter().filter_map(|(sku, _)| Sku::parse(sku).ok()).collect();
        let offered = products::by_skus(storage, &skus, visitor.shop.now()).await?;
        let mut own: HashMap<String, i64> = HashMap::new();
        let mut hold = None;
        // A new checkout closes these first, so that what they hold is the visitor's own again.
        for id in orders::live_of_buyer(storage, "", &cart.id).await? {
            let Some(order) = orders::find(storage, id).await? else { continue };
            // A due hold counts as free already.
            if order.hold_due_at > visitor.shop.now() {
                for line in &order.lines {
                    *own.entry(line.sku.clone()).or_default() += line.quantity;
                }
                if id == cart.now.order_id {
                    hold = Some(order);
                }
            }
        }
        let lines = cart.now.lines.iter().map(|(sku, quantity)| {
            let offer = offer(&offered, sku);
            let free = offer.as_ref().map_or(0, |offer| offer.variant.available);
            let available = free + own.get(sku).copied().unwrap_or(0);
            ShelfLine { sku: sku.clone(), quantity: *quantity, offer, available }
        });
        Ok(Shelf { lines: lines.collect(), hold })
    }

    /// Whether a line cannot be bought as it stands.
    pub fn is_blocked(&self) -> bool {
        self.lines.iter().any(|line| line.quantity > line.available)
    }

    pub fn total(&self) -> i64 {
        self.lines.iter().map(ShelfLine::total).fold(0, i64::saturating_add)
    }

    /// What pricing goes by; a line that is not for sale any more is not priced.
    pub fn items(&self) -> Vec<Item> {
        let item = |line: &ShelfLine| {
            let Offer { product, variant } = line.offer.as_ref()?;
            product.item(&variant.sku, line.quantity)
        };
        self.lines.iter().filter_map(item).collect()
    }

    /// The uses of a code that are somebody else's, or spent: going on replaces the visitor's own unpaid order.
    pub fn without_own(&self, uses: Uses, code: &str) -> Uses {
        let own = self.hold.as_ref().filter(|order| order.coupon_counts && order.coupon.as_deref() == Some(code));
        let own = i64::from(own.is_some());
        Uses { total: uses.total - own, by_customer: (uses.by_customer - own).max(0) }
    }

    pub fn prices(&self) -> Vec<i64> {
        self.lines.iter().map(ShelfLine::unit).collect()
    }

    /// What the buyer knows a SKU as.
    pub fn name_of(&self, visitor: &Visitor, sku: &str) -> String {
        let offer = self.lines.iter().find(|line| line.sku == sku).and_then(|line| line.offer.as_ref());
        offer.map_or_else(
            || sku.to_owned(),
            |offer| {
                let variant = offer.variant.title.get(visitor.language);
                let title = offer.product.title.get(visitor.language);
                match variant {
                    "" => title.to_owned(),
                    variant => format!("{title}{}", visitor.say("page-brackets", &[("text", variant.into())])),
                }
            },
        )
    }

    pub fn lines(&self, visitor: &Visitor) -> Vec<Value> {
        self.lines.iter().map(|line| line.shown(visitor)).collect()
    }
}

impl ShelfLine {
    fn unit(&self) -> i64 {
        self.offer.as_ref().map_or(0, |offer| offer.variant.price_minor)
    }

    fn total(&self) -> i64 {
        self.unit().saturating_mul(self.quantity)
    }

    fn shown(&self, visitor: &Visitor) -> Value {
        let say = |key: &str| visitor.say(key, &[]);
        let left = self.available.clamp(0, QUANTITY_MAX);
        let (trouble, fix, fix_quantity) = match &self.offer {
            None => (say("cart-line-not-sold"), say("cart-fix-remove"), 0),
            Some(_) if self.quantity <= self.available => (String::new(), String::new(), 0),
            Some(_) if left == 0 => (say("cart-line-gone"), say("cart-fix-remove"), 0),
            Some(_) => {
                let count = [("count", left.into())];
                (visitor.say("cart-line-less", &count), visitor.say("cart-fix-take", &count), left)
            }
        };
        let picture = self.offer.as_ref().map(|offer| pictures::of(&offer.product, Some(&offer.variant)));
        let (title, variant, href) = match &self.offer {
            None => (self.sku.clone(), String::new(), format!("{}/products", visitor.prefix())),
            Some(offer) => (
                offer.product.title.get(visitor.language).to_owned(),
                offer.variant.title.get(visitor.language).to_owned(),
                catalogue::variant_href(visitor, &offer.product.slug, &self.sku),
            ),
        };
        context! {
            sku => self.sku.as_str(), title, variant, href, trouble, fix, fix_quantity,
            picture => picture.unwrap_or(Value::from("")),
            quantity => self.quantity,
            unit => visitor.money(self.unit()),
            total => visitor.money(self.total()),
        }
    }
}

/// The variant of a product that is on sale; retired variants are not among a product's variants.
fn offer(offered: &[Product], sku: &str) -> Option<Offer> {
    let product =
        offered.iter().filter(|product| product.is_public()).find(|product| product.variant(sku).is_some())?;
    Some(Offer { product: product.clone(), variant: product.variant(sku)?.clone() })
}

pub async fn show(visitor: Visitor, place: Result<Query<PlaceQuery>, QueryRejection>) -> Result<Response, PageError> {
    page(&visitor, StatusCode::OK, None, &place?.0).await
}

pub async fn add(visitor: Visitor, form: Result<Form<AddForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let rest = form.rest.iter().map(|(name, value)| (name.as_str().into(), value.as_str().into()));
    let choice = Choice { sku: form.sku.clone(), ..Choice::read(rest) };
    let storage = &visitor.shop.storage;
    let sku = match choice.values.is_empty() {
        true => form.sku.clone(),
        // Several options make one item number, if there is such a thing.
        false => {
            let product = products::find(storage, &form.from, visitor.shop.now()).await?;
            let variant = product.as_ref().and_then(|product| choice.variant(product));
            variant.map_or_else(String::new, |variant| variant.sku.to_string())
        }
    };
    let again = |key: &str| Again {
        quantity: form.quantity.clone(),
        trouble: if key.is_empty() { String::new() } else { visitor.say(key, &[]) },
        ..Again::default()
    };
    if sku.is_empty() && !choice.values.is_empty() {
        return catalogue::product_again(&visitor, &form.from, &choice, again("")).await;
    }
    let Ok(sku) = Sku::parse(&sku) else { return Err(PageError::Unreadable) };
    let Some(wanted) = quantity(&form.quantity, 1) else {
        return catalogue::product_again(&visitor, &form.from, &choice, again("quantity-wrong")).await;
    };
    let offered = products::by_skus(storage, std::slice::from_ref(&sku), visitor.shop.now()).await?;
    if offer(&offered, sku.as_str()).is_none() {
        return catalogue::product_again(&visitor, &form.from, &choice, again("product-not-for-sale")).await;
    }
    let is_new = |lines: &[(String, i64)]| lines.iter().all(|(known, _)| known != sku.as_str());
    if visitor.cart.as_ref().is_some_and(|cart| cart.now.lines.len() >= LINES_MAX && is_new(&cart.now.lines)) {
        let most = i64::try_from(LINES_MAX).unwrap_or(i64::MAX);
        let trouble = visitor.say("cart-full", &[("most", most.into())]);
        return cart_page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(trouble)).await;
    }
    changed(&visitor, |lines| put(lines, sku.as_str(), wanted, |there| there.saturating_add(wanted))).await
}

pub async fn change(visitor: Visitor, form: Result<Form<ChangeForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let Ok(sku) = Sku::parse(&form.sku) else { return Err(PageError::Unreadable) };
    let Some(wanted) = quantity(&form.quantity, 0) else {
        let trouble = visitor.say("quantity-wrong", &[]);
        return cart_page(&visitor, StatusCode::UNPROCESSABLE_ENTITY, Some(trouble)).await;
    };
    if visitor.cart.is_none() {
        return Ok(to_cart(&visitor));
    }
    changed(&visitor, |lines| {
        for line in lines.iter_mut().filter(|(known, _)| known == sku.as_str()) {
            line.1 = wanted;
        }
        lines.retain(|(_, quantity)| *quantity > 0);
    })
    .await
}

/// Puts the goods of an order that came to nothing into the cart again.
pub async fn rebuild(visitor: Visitor, form: Result<Form<RebuildForm>, FormRejection>) -> Result<Response, PageError> {
    let id: OrderId = form?.0.order_id.parse().map_err(|_| PageError::NotFound)?;
    let order = orders::find(&visitor.shop.storage, id).await?.ok_or(PageError::NotFound)?;
    if !visitor.has_opened(id) && !visitor.owns(&order.cart_id) {
        return Err(PageError::NotFound);
    }
    let stands = visitor.cart.as_ref().is_some_and(|cart| {
        let has = |line: &orders::OrderLineView| {
            cart.now.lines.iter().any(|(sku, units)| *sku == line.sku && *units >= line.quantity)
        };
        order.lines.iter().all(has)
    });
    if stands {
        return Ok(to_cart(&visitor)); // The cart never lost them, and what was typed for it is remembered with it.
    }
    changed(&visitor, |lines| {
        for line in &order.lines {
            put(lines, &line.sku, line.quantity, |there| there.max(line.quantity));
        }
    })
    .await
}

/// Sets a line, or changes the one that is there; never beyond what an order takes.
fn put(lines: &mut Vec<(String, i64)>, sku: &str, quantity: i64, change: impl Fn(i64) -> i64) {
    match lines.iter().position(|(known, _)| known == sku) {
        Some(at) => lines[at].1 = change(lines[at].1).min(QUANTITY_MAX),
        None if lines.len() < LINES_MAX => lines.push((sku.to_owned(), quantity.min(QUANTITY_MAX))),
        None => {}
    }
}

async fn changed(visitor: &Visitor, change: impl Fn(&mut Vec<(String, i64)>)) -> Result<Response, PageError> {
    match visitor.change_cart(change).await {
        Ok(cookie) => Ok(with_cookie(to_cart(visitor), cookie)),
        Err(CartFailure::Busy) => cart_page(visitor, StatusCode::CONFLICT, Some(visitor.say("cart-busy", &[]))).await,
        Err(CartFailure::Page(error)) => Err(error),
    }
}

async fn cart_page(visitor: &Visitor, status: StatusCode, trouble: Option<String>) -> Result<Response, PageError> {
    page(visitor, status, trouble, &PlaceQuery::default()).await
}

async fn page(
    visitor: &Visitor,
    status: StatusCode,
    trouble: Option<String>,
    place: &PlaceQuery,
) -> Result<Response, PageError> {
    let shelf = match &visitor.cart {
        Some(cart) => Shelf::of(visitor, cart).await?,
        None => Shelf { lines: Vec::new(), hold: None },
    };
    let hold = shelf.hold.as_ref().map(|order| {
        context! {
            number => order.number,
            href => format!("{}/orders/{}", visitor.prefix(), order.id),
            due => crate::language::format_clock(order.hold_due_at, &visitor.settings.time_zone),
            due_iso => machine_time(order.hold_due_at),
        }
    });
    let context = context! {
        trouble => trouble.unwrap_or_default(),
        hold,
        lines => shelf.lines(visitor),
        blocked => shelf.is_blocked(),
        total => visitor.money(shelf.total()),
        estimate => estimate(visitor, &shelf, place),
    };
    visitor.page(status, "storefront/cart.html", context)
}

/// What delivery would cost there; nothing where nothing is asked about it.
fn estimate(visitor: &Visitor, shelf: &Shelf, place: &PlaceQuery) -> Option<Value> {
    let prices = &visitor.settings.policy.prices;
    if prices.zones.is_empty() {
        return None;
    }
    let goods = pricing::goods(&shelf.items(), None, visitor.settings.currency);
    let (mut methods, mut wrong) = (Vec::new(), String::new());
    if let (Some(destination), Ok(goods)) = (destination(&place.country, &place.region), goods) {
        match prices.deliveries(&goods, Some(&destination)) {
            Ok(offered) => methods = offered.iter().map(|way| shown_method(visitor, way, None)).collect(),
            Err(refusal) => wrong = shipping_words(visitor, &refusal).1,
        }
    }
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("country", &place.country), ("region", &place.region)])
        .finish();
    Some(context! {
        countries => country_options(visitor, &place.country, prices.served().as_ref()),
        asks_region => prices.knows_regions(),
        region => place.region.as_str(),
        methods,
        wrong,
        query => if place.country.is_empty() { String::new() } else { format!("?{query}") },
    })
}

fn to_cart(visitor: &Visitor) -> Response {
    see_other(&format!("{}/cart", visitor.prefix()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_grows_beyond_what_an_order_takes() {
        let mut lines = vec![("A".to_owned(), 998)];
        put(&mut lines, "A", 5, |there| there + 5);
        put(&mut lines, "B", 2, |there| there + 2);
        assert_eq!(lines, [("A".to_owned(), QUANTITY_MAX), ("B".to_owned(), 2)]);
        let mut full: Vec<(String, i64)> = (0..LINES_MAX).map(|at| (format!("S{at}"), 1)).collect();
        put(&mut full, "NEW", 1, |there| there);
        assert_eq!(full.len(), LINES_MAX);
    }
}
