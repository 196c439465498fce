//! The one page of the checkout: who, where, how, and what it comes to.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use minijinja::context;
use minijinja::value::Value;
use rules::places::Country;
use rules::shipping::Delivery;

use super::form::CheckoutForm;
use super::price::{Price, delivery_title};
use super::words::{Notice, shipping_words};
use crate::language::{countries, find_country};
use crate::web::PageError;
use crate::web::code_entry;
use crate::web::session::{Cart, Visitor};
use crate::web::storefront::cart::Shelf;

/// The goods, and what they cost.
pub type Priced<'a> = (&'a Shelf, &'a Price);

pub fn form_page(
    visitor: &Visitor,
    cart: &Cart,
    (shelf, price): Priced<'_>,
    status: StatusCode,
    form: &CheckoutForm,
    wrong: &BTreeMap<&'static str, String>,
    notice: Option<Notice>,
) -> Result<Response, PageError> {
    let notice = notice.map(|notice| {
        let items: Vec<Value> = notice.items.into_iter().map(|(text, href)| context! { text, href }).collect();
        context! { kind => notice.kind, title => notice.title, text => notice.text, items, to_cart => notice.to_cart }
    });
    let said = |name: &str| wrong.get(name).cloned().unwrap_or_default();
    let rules = &visitor.settings.policy.prices;
    let total = price.total();
    let context = context! {
        notice,
        order_id => cart.now.order_id.to_string(),
        seen => price.seen(cart, shelf),
        lines => shelf.lines(visitor),
        sums => price.with_totals(visitor, |totals| visitor.total_rows(totals)),
        total => visitor.money(total),
        free => price.quote.is_some() && total == 0,
        // Without its place an order has no total: then the button shows it first.
        is_priced => price.quote.is_some(),
        sends => !rules.zones.is_empty(),
        asks_region => rules.knows_regions(),
        countries => country_options(visitor, &form.country, rules.served().as_ref()),
        methods => methods(visitor, price),
        no_method => price.deliveries.as_ref().err().map_or_else(String::new, |refusal| shipping_words(visitor, refusal).1),
        policies => policies(visitor),
        form => context! {
            email => form.email.as_str(),
            name => form.name.as_str(),
            street => form.street.as_str(),
            postal_code => form.postal_code.as_str(),
            city => form.city.as_str(),
            region => form.region.as_str(),
            coupon => form.coupon.as_str(),
        },
        wrong => context! {
            email => said("email"),
            name => said("name"),
            street => said("street"),
            postal_code => said("postal_code"),
            city => said("city"),
            region => said("region"),
            country => said("country"),
            shipping_method => said("shipping_method"),
            coupon => said("coupon"),
        },
    };
    let mut page = visitor.page(status, "storefront/checkout.html", context)?;
    if let Some(wait) = price.code_wait {
        page.headers_mut().insert(RETRY_AFTER, HeaderValue::from(code_entry::seconds(wait)));
    }
    Ok(page)
}

/// What an order is placed under, where the shop has such pages.
fn policies(visitor: &Visitor) -> Vec<Value> {
    let leads = [("terms", visitor.say("checkout-terms", &[])), ("privacy", visitor.say("checkout-privacy", &[]))];
    let shown = leads.into_iter().filter_map(|(wanted, lead)| {
        let (slug, title) = visitor.links.pages.iter().find(|(slug, _)| slug == wanted)?;
        let href = format!("{}/pages/{slug}", visitor.prefix());
        Some(context! { lead, href, title => title.get(visitor.language) })
    });
    shown.collect()
}

/// The countries of a choice, as this language sorts them; `served`: only these.
pub fn country_options(visitor: &Visitor, typed: &str, served: Option<&BTreeSet<Country>>) -> Vec<Value> {
    let chosen = find_country(typed);
    let offered =
        countries(visitor.language).filter(|(country, _)| served.is_none_or(|served| served.contains(country)));
    let option = |(country, name): (Country, &str)| {
        context! { value => country.code(), name, chosen => Some(country) == chosen }
    };
    offered.map(option).collect()
}

fn methods(visitor: &Visitor, price: &Price) -> Vec<Value> {
    let offered = price.deliveries.as_deref().unwrap_or_default();
    offered.iter().map(|delivery| shown_method(visitor, delivery, price.method.as_deref())).collect()
}

/// A way to send the goods: what it is called, what it costs, how long it takes.
pub fn shown_method(visitor: &Visitor, delivery: &Delivery, chosen: Option<&str>) -> Value {
    let cost = match delivery.price_minor {
        0 => visitor.say("sum-shipping-free", &[]),
        minor => visitor.money(minor),
    };
    let days = delivery.days.map_or_else(String::new, |days| {
        let named = [("min", i64::from(days.min).into()), ("max", i64::from(days.max).into())];
        let key = if days.min == days.max { "shipping-days" } else { "shipping-days-range" };
        visitor.say(key, &named)
    });
    context! {
        code => delivery.method.as_str(),
        title => delivery_title(visitor, delivery),
        cost,
        days,
        chosen => Some(delivery.method.as_str()) == chosen,
    }
}
