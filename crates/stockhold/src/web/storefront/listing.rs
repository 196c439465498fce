//! Lists of goods: filters, order and pages, all of them real links that can be kept and sent to somebody.
//!
//! Sold-out goods stay on the list, behind the others. A page that does not exist is not found.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::money::{Currency, Money};

use super::catalogue::cards;
use super::plain;
use crate::storage::products::shelf::{self, Offer, Placed};
use crate::storage::products::{self, Localized};
use crate::web::PageError;
use crate::web::session::Visitor;

/// Goods on one page: six rows of four, eight of three or twelve of two.
pub const PER_PAGE: usize = 24;
/// Filters that are looked at; a page of ours never has more.
const CHOICES_MAX: usize = 50;
/// Digits of a price that somebody types.
const PRICE_DIGITS_MAX: usize = 12;

/// What somebody wants to see of a list, as the address says it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    in_stock: bool,
    min: Option<i64>,
    max: Option<i64>,
    /// By option, each as one word of an address: `glaze` → `celadon`, `ash`. Any of them will do.
    choices: BTreeMap<String, BTreeSet<String>>,
    order: Order,
    /// From 1 on.
    page: usize,
    /// What is kept in all links, such as the search.
    kept: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Order {
    /// As the shopkeeper put them, or as they were found.
    #[default]
    Given,
    Cheap,
    Dear,
    New,
}

impl Order {
    const ALL: [Order; 4] = [Order::Given, Order::Cheap, Order::Dear, Order::New];

    fn as_str(self) -> &'static str {
        match self {
            Order::Given => "",
            Order::Cheap => "price-up",
            Order::Dear => "price-down",
            Order::New => "newest",
        }
    }
}

impl Wish {
    /// Reads the address. None: a page that cannot be.
    pub fn read(query: &str, currency: Currency, kept: &[&str]) -> Option<Wish> {
        let mut wish = Wish { page: 1, ..Wish::default() };
        for (name, value) in form_urlencoded::parse(query.as_bytes()).take(CHOICES_MAX) {
            match (name.as_ref(), value.as_ref()) {
                (name, value) if kept.contains(&name) => wish.kept.push((name.to_owned(), value.to_owned())),
                ("page", number) => wish.page = number.parse().ok().filter(|number| *number > 0)?,
                ("in_stock", value) => wish.in_stock = value == "1",
                ("min", text) => wish.min = price(text, currency),
                ("max", text) => wish.max = price(text, currency),
                ("sort", text) => {
                    wish.order = Order::ALL.into_iter().find(|order| order.as_str() == text).unwrap_or_default();
                }
                (name, value) => {
                    if let Some(option) = name.strip_prefix("option.").filter(|_| !value.is_empty()) {
                        wish.choices.entry(option.to_owned()).or_default().insert(value.to_owned());
                    }
                }
            }
        }
        Some(wish)
    }

    fn is_filtered(&self) -> bool {
        self.in_stock || self.min.is_some() || self.max.is_some() || !self.choices.is_empty()
    }

    /// Whether one variant is all of it.
    fn takes(&self, offer: &Offer) -> bool {
        let chosen = |(option, values): (&String, &BTreeSet<String>)| {
            offer.options.iter().any(|(name, value)| slug(name) == *option && values.contains(&slug(value.get("en"))))
        };
        (!self.in_stock || offer.available > 0)
            && self.min.is_none_or(|min| offer.price_minor >= min)
            && self.max.is_none_or(|max| offer.price_minor <= max)
            && self.choices.iter().all(chosen)
    }

    fn find<'a>(&self, placed: &'a [Placed]) -> Vec<&'a Placed> {
        placed.iter().filter(|product| product.offers.iter().any(|offer| self.takes(offer))).collect()
    }

    fn sort(&self, found: &mut [&Placed]) {
        let least = |product: &Placed| product.offers.iter().map(|offer| offer.price_minor).min().unwrap_or(0);
        match self.order {
            Order::Given => {}
            Order::Cheap => found.sort_by_key(|product| least(product)),
            Order::Dear => found.sort_by_key(|product| -least(product)),
            Order::New => found.sort_by_key(|product| -product.created_at),
        }
        // Stable: within what is there and within what is not, the order stays.
        found.sort_by_key(|product| product.offers.iter().all(|offer| offer.available < 1));
    }

    /// The address of this wish.
    fn href(&self, base: &str, currency: Currency) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.fields(currency) {
            query.append_pair(&name, &value);
        }
        if self.page > 1 {
            query.append_pair("page", &self.page.to_string());
        }
        let query = query.finish();
        if query.is_empty() { base.to_owned() } else { format!("{base}?{query}") }
    }

    /// All but the page, as a form would send it.
    fn fields(&self, currency: Currency) -> Vec<(String, String)> {
        let mut fields = self.kept.clone();
        let mut put = |name: &str, value: String| fields.push((name.to_owned(), value));
        for (option, values) in &self.choices {
            for value in values {
                put(&format!("option.{option}"), value.clone());
            }
        }
        if self.in_stock {
            put("in_stock", "1".to_owned());
        }
        for (name, bound) in [("min", self.min), ("max", self.max)] {
            if let Some(minor) = bound {
                put(name, Money::new(minor, currency).plain());
            }
        }
        if self.order != Order::Given {
            put("sort", self.order.as_str().to_owned());
        }
        fields
    }

    fn on_first_page(&self, change: impl FnOnce(&mut Wish)) -> Wish {
        let mut wish = Wish { page: 1, ..self.clone() };
        change(&mut wish);
        wish
    }

    fn toggled(&self, option: &str, value: &str) -> Wish {
        self.on_first_page(|wish| {
            let values = wish.choices.entry(option.to_owned()).or_default();
            if !values.remove(value) {
                values.insert(value.to_owned());
            }
            wish.choices.retain(|_, values| !values.is_empty());
        })
    }
}

/// One word of an address for a name: `Moon white` → `moon-white`.
pub fn slug(name: &str) -> String {
    name.trim().to_lowercase().replace(char::is_whitespace, "-")
}

/// A bound as people type it; what is no amount bounds nothing.
fn price(text: &str, currency: Currency) -> Option<i64> {
    let text = text.trim();
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let decimals = currency.decimals() as usize;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if text.is_empty() || text.len() > PRICE_DIGITS_MAX || !digits(whole) || !digits(part) || part.len() > decimals {
        return None;
    }
    format!("{whole}{part:0<decimals$}").parse().ok()
}

pub async fn products(visitor: Visitor, RawQuery(query): RawQuery) -> Result<Response, PageError> {
    let (wish, here) = (wish(&visitor, query.as_deref(), &[])?, format!("{}/products", visitor.prefix()));
    let placed = shelf::placed(&visitor.shop.storage, "", visitor.shop.now()).await?;
    let list = list(&visitor, &wish, &placed, &here).await?;
    let context = context! { title => visitor.say("listing-all", &[]), text => "", list };
    visitor.page(StatusCode::OK, "storefront/listing.html", context)
}

pub async fn collection(
    visitor: Visitor,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Result<Response, PageError> {
    let slug = path?.0;
    let slug = plain(&slug).ok_or(PageError::NotFound)?;
    let found = products::find_collection(&visitor.shop.storage, slug).await?;
    let collection = found.ok_or(PageError::NotFound)?;
    let (wish, here) = (wish(&visitor, query.as_deref(), &[])?, format!("{}/collections/{slug}", visitor.prefix()));
    let placed = shelf::placed(&visitor.shop.storage, slug, visitor.shop.now()).await?;
    let list = list(&visitor, &wish, &placed, &here).await?;
    let context = context! {
        title => collection.title.get(visitor.language),
        text => collection.description.get(visitor.language),
        list,
    };
    visitor.page(StatusCode::OK, "storefront/listing.html", context)
}

pub fn wish(visitor: &Visitor, query: Option<&str>, kept: &[&str]) -> Result<Wish, PageError> {
    Wish::read(query.unwrap_or_default(), visitor.settings.currency, kept).ok_or(PageError::NotFound)
}

/// What a template shows of a list: its goods, filters, order and pages.
pub async fn list(visitor: &Visitor, wish: &Wish, placed: &[Placed], here: &str) -> Result<Value, PageError> {
    let currency = visitor.settings.currency;
    let mut found = wish.find(placed);
    wish.sort(&mut found);
    let pages = found.len().div_ceil(PER_PAGE).max(1);
    if wish.page > pages {
        return Err(PageError::NotFound);
    }
    let on_page = found.iter().skip((wish.page - 1) * PER_PAGE).take(PER_PAGE);
    let ids: Vec<String> = on_page.map(|product| product.product_id.clone()).collect();
    let goods = products::by_ids(&visitor.shop.storage, &ids, visitor.shop.now()).await?;
    let href = |wish: &Wish| wish.href(here, currency);
    let page = |number: usize| href(&Wish { page: number, ..wish.clone() });
    let count = i64::try_from(found.len()).unwrap_or(i64::MAX);
    Ok(context! {
        here,
        goods => cards(visitor, goods.iter()),
        count,
        filtered => wish.is_filtered(),
        facets => facets(visitor, wish, placed, here),
        chosen => chosen(visitor, wish, placed, here),
        in_stock => context! {
            href => href(&wish.on_first_page(|wish| wish.in_stock = !wish.in_stock)),
            on => wish.in_stock,
        },
        price => context! {
            min => wish.min.map_or_else(String::new, |minor| Money::new(minor, currency).plain()),
            max => wish.max.map_or_else(String::new, |minor| Money::new(minor, currency).plain()),
            fields => wish.on_first_page(|wish| (wish.min, wish.max) = (None, None)).fields(currency).into_iter()
                .map(|(name, value)| context! { name, value }).collect::<Vec<_>>(),
        },
        orders => Order::ALL.iter().map(|order| context! {
            href => href(&wish.on_first_page(|wish| wish.order = *order)),
            word => if order.as_str().is_empty() { "given" } else { order.as_str() },
            on => *order == wish.order,
        }).collect::<Vec<_>>(),
        without_filters => href(&Wish { page: 1, order: wish.order, kept: wish.kept.clone(), ..Wish::default() }),
        page => wish.page,
        pages => (1..=pages).map(|number| context! {
            number,
            href => page(number),
            // The ends, and the neighbours of this one.
            shown => number == 1 || number == pages || number.abs_diff(wish.page) <= 2,
        }).collect::<Vec<_>>(),
        previous => (wish.page > 1).then(|| page(wish.page - 1)),
        next => (wish.page < pages).then(|| page(wish.page + 1)),
    })
}

/// Each option with its values, how many products each would show, and the link that does it.
fn facets(visitor: &Visitor, wish: &Wish, placed: &[Placed], here: &str) -> Vec<Value> {
    let currency = visitor.settings.currency;
    names(placed)
        .into_iter()
        .filter(|(_, (_, values))| values.len() > 1)
        .map(|(option, (name, values))| {
            // What else is chosen of this option does not narrow it: any of them will do.
            let mut others = wish.clone();
            others.choices.remove(&option);
            let value = |(value, title): (String, Localized)| {
                let mut only = others.clone();
                only.choices.insert(option.clone(), BTreeSet::from([value.clone()]));
                context! {
                    title => title.get(visitor.language),
                    count => only.find(placed).len(),
                    on => wish.choices.get(&option).is_some_and(|values| values.contains(&value)),
                    href => wish.toggled(&option, &value).href(here, currency),
                    slug => value,
                }
            };
            let values: Vec<Value> = values.into_iter().map(value).collect();
            context! { title => visitor.option_name(&name), values, on => wish.choices.contains_key(&option) }
        })
        .collect()
}

/// What is chosen, each with the link that takes it off again.
fn chosen(visitor: &Visitor, wish: &Wish, placed: &[Placed], here: &str) -> Vec<Value> {
    let currency = visitor.settings.currency;
    let names = names(placed);
    let mut chosen = Vec::new();
    for (option, values) in &wish.choices {
        for value in values {
            let title = names.get(option).and_then(|(_, values)| values.get(value));
            let title = title.map_or(value.as_str(), |title| title.get(visitor.language)).to_owned();
            chosen.push(context! { title, href => wish.toggled(option, value).href(here, currency) });
        }
    }
    if wish.in_stock {
        let href = wish.on_first_page(|wish| wish.in_stock = false).href(here, currency);
        chosen.push(context! { title => visitor.say("listing-in-stock", &[]), href });
    }
    if wish.min.is_some() || wish.max.is_some() {
        let money = |bound: Option<i64>| bound.map_or_else(String::new, |minor| visitor.money(minor));
        let title = match (wish.min, wish.max) {
            (Some(_), None) => visitor.say("listing-price-least", &[("price", money(wish.min).into())]),
            (None, _) => visitor.say("listing-price-most", &[("price", money(wish.max).into())]),
            (Some(_), Some(_)) => format!("{} – {}", money(wish.min), money(wish.max)),
        };
        let href = wish.on_first_page(|wish| (wish.min, wish.max) = (None, None)).href(here, currency);
        chosen.push(context! { title, href });
    }
    chosen
}

/// The options of these goods and their values, by the words that stand for them in addresses.
fn names(placed: &[Placed]) -> BTreeMap<String, (String, BTreeMap<String, Localized>)> {
    let mut names: BTreeMap<String, (String, BTreeMap<String, Localized>)> = BTreeMap::new();
    for (name, value) in placed.iter().flat_map(|product| &product.offers).flat_map(|offer| &offer.options) {
        let (_, values) = names.entry(slug(name)).or_insert_with(|| (name.clone(), BTreeMap::new()));
        values.entry(slug(value.get("en"))).or_insert_with(|| value.clone());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dollars() -> Currency {
        Currency::parse("USD").expect("a currency")
    }

    fn read(query: &str) -> Wish {
        Wish::read(query, dollars(), &["q"]).expect("a wish")
    }

    fn product(id: &str, offers: &[(i64, i64, &str)]) -> Placed {
        let offer = |(price_minor, available, glaze): &(i64, i64, &str)| Offer {
            price_minor: *price_minor,
            available: *available,
            options: BTreeMap::from([("Glaze".to_owned(), Localized::of(&[("en", glaze)]))]),
        };
        Placed { product_id: id.to_owned(), created_at: 0, offers: offers.iter().map(offer).collect() }
    }

    #[test]
    fn an_address_says_a_wish_and_a_wish_its_address() {
        let query =
            "q=tea&option.glaze=ash&option.glaze=moon-white&in_stock=1&min=10.00&max=50.00&sort=price-up&page=2";
        let wish = read(query);
        assert_eq!(wish.href("/search", dollars()), format!("/search?{query}"));
        assert_eq!((wish.min, wish.max, wish.page), (Some(1000), Some(5000), 2));
        assert_eq!(
            wish.toggled("glaze", "ash").href("", dollars()),
            query.replace("option.glaze=ash&", "").replace("&page=2", "").replacen("", "?", 1)
        );
        assert_eq!(read("page=1&sort=dearest&min=x&max=&color=red").href("/products", dollars()), "/products");
        for page in ["page=0", "page=-1", "page=x", "page="] {
            assert_eq!(Wish::read(page, dollars(), &[]), None, "{page}");
        }
    }

    #[test]
    fn one_variant_must_be_all_that_is_wished() {
        let shelf =
            [product("cup", &[(3200, 0, "Celadon"), (3600, 4, "Tenmoku")]), product("bowl", &[(2000, 1, "Ash")])];
        for (query, expected) in [
            ("", &["cup", "bowl"] as &[&str]),
            ("in_stock=1", &["cup", "bowl"]),
            ("option.glaze=celadon", &["cup"]),
            ("option.glaze=celadon&in_stock=1", &[]),
            ("option.glaze=celadon&option.glaze=ash", &["cup", "bowl"]),
            ("min=33", &["cup"]),
            ("max=20", &["bowl"]),
            ("max=33&option.glaze=tenmoku", &[]),
            ("option.wood=walnut", &[]),
        ] {
            let found: Vec<&str> = read(query).find(&shelf).iter().map(|product| product.product_id.as_str()).collect();
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn what_is_sold_out_comes_last_in_every_order() {
        let shelf = [
            product("gone", &[(1000, 0, "Ash")]),
            product("dear", &[(9000, 1, "Ash")]),
            product("cheap", &[(500, 1, "Ash")]),
        ];
        for (query, expected) in [
            ("", ["dear", "cheap", "gone"]),
            ("sort=price-up", ["cheap", "dear", "gone"]),
            ("sort=price-down", ["dear", "cheap", "gone"]),
        ] {
            let wish = read(query);
            let mut found = wish.find(&shelf);
            wish.sort(&mut found);
            let found: Vec<&str> = found.iter().map(|product| product.product_id.as_str()).collect();
            assert_eq!(found, expected, "{query}");
        }
    }
}
