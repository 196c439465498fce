//! `POST /api/quote`: what a cart would cost, and how it could be sent. Changes nothing and holds nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use rules::commands::Refusal;
use rules::pricing::{Item, Quote};
use rules::shipping::{Delivery, ShippingRefusal};
use rules::text::{Email, Sku};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Caller;
use super::checkout::{Address, CheckoutItem, read_lines};
use super::input::Body;
use super::orders::{OrderTaxLine, tax_line};
use super::{MoneyBody, money};
use crate::price_rules::DaysBody;
use crate::shop::Shop;
use crate::storage::keys::Scope;
use crate::storage::products;
use crate::web::code_entry::{self, Who};
use crate::web::priced::{Question, price};
use crate::web::problem::{Problem, ProblemBody};

/// What somebody may want to buy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// 1 to 50; two items of one SKU are summed.
    items: Vec<CheckoutItem>,
    /// Whose limits of a code count.
    email: Option<String>,
    coupon: Option<String>,
    shipping_address: Option<Address>,
    shipping_method: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteAnswer {
    /// The ways these goods can be sent there; empty where nothing is asked about delivery.
    shipping_methods: Vec<OfferedMethod>,
    /// Null: several methods are offered and none was chosen.
    quote: Option<QuoteBody>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OfferedMethod {
    zone: String,
    /// For `shipping_method`.
    method: String,
    /// By language.
    title: BTreeMap<String, String>,
    price: MoneyBody,
    days: Option<DaysBody>,
}

/// Every number of the order that this would be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteBody {
    items: Vec<QuoteItem>,
    shipping_method: Option<String>,
    subtotal: MoneyBody,
    discount: MoneyBody,
    shipping: MoneyBody,
    tax: MoneyBody,
    /// `none`, `included` or `added`.
    taxation: &'static str,
    tax_lines: Vec<OrderTaxLine>,
    total: MoneyBody,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct QuoteItem {
    sku: String,
    quantity: i64,
    unit_price: MoneyBody,
    discount: MoneyBody,
    tax: MoneyBody,
    total: MoneyBody,
}

/// Prices a cart as an order placed now would be priced.
#[utoipa::path(post, path = "/api/quote", tag = "shop", operation_id = "quote", request_body = QuoteRequest,
    responses((status = 200, description = "What it would cost; nothing is held", body = QuoteAnswer),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn quote(
    State(shop): State<Arc<Shop>>,
    caller: Caller,
    Body(body): Body<QuoteRequest>,
) -> Result<Json<QuoteAnswer>, Problem> {
    let mut errors = Vec::new();
    let lines = read_lines(&body.items, &mut errors);
    if let Some(address) = &body.shipping_address {
        address.check(&mut errors);
    }
    if !errors.is_empty() {
        return Err(Problem::invalid_fields(errors));
    }
    let skus: Vec<Sku> = lines.iter().map(|line| line.sku.clone()).collect();
    let offered = products::by_skus(&shop.storage, &skus, shop.now()).await?;
    let mut items: Vec<Item> = Vec::with_capacity(lines.len());
    for (at, line) in lines.into_iter().enumerate() {
        let item = offered.iter().find_map(|product| product.item(&line.sku, line.quantity));
        let unknown = || Problem::from(Refusal::UnknownSku { sku: line.sku.clone() }).at(format!("/items/{at}/sku"));
        items.push(item.ok_or_else(unknown)?);
    }
    let destination = body.shipping_address.as_ref().and_then(Address::destination);
    // A shop front of the shopkeeper's own speaks for many buyers.
    let client = if caller.may(Scope::OrdersWrite) { String::new() } else { caller.client };
    let email = body.email.as_deref().and_then(|email| Email::parse(email).ok());
    let who = Who::buyer(&shop, &client, email.as_ref());
    let question = Question {
        items: &items,
        code: body.coupon.as_deref().unwrap_or_default(),
        who: &who,
        email: body.email.as_deref().unwrap_or_default(),
        destination: destination.as_ref(),
        method: body.shipping_method.as_deref().filter(|method| !method.is_empty()),
        uses_of_others: &|uses, _| uses,
    };
    let priced = price(&shop, &question).await?;
    if let Some(wait) = priced.code_wait {
        return Err(Problem::too_many_attempts(code_entry::seconds(wait), code_entry::LIMIT).at("/coupon".to_owned()));
    }
    if let Some(refusal) = priced.code_refusal {
        return Err(Problem::from(refusal).at("/coupon".to_owned()));
    }
    let quote = match priced.quote {
        Ok(quote) => Some(quote_body(&quote)),
        Err(Refusal::Shipping(ShippingRefusal::MethodMissing)) => None,
        Err(refusal) => return Err(refusal.into()),
    };
    let deliveries = priced.deliveries.map_err(Refusal::from)?;
    let currency = shop.settings().currency;
    let method = |delivery: Delivery| OfferedMethod {
        zone: delivery.zone,
        method: delivery.method,
        title: delivery.titles,
        price: money(delivery.price_minor, currency),
        days: delivery.days.map(|days| DaysBody { min: days.min, max: days.max }),
    };
    Ok(Json(QuoteAnswer { shipping_methods: deliveries.into_iter().map(method).collect(), quote }))
}

fn quote_body(quote: &Quote) -> QuoteBody {
    let amount = |minor| money(minor, quote.currency);
    let item = |line: &rules::pricing::QuoteLine| QuoteItem {
        sku: line.sku.to_string(),
        quantity: line.parts.quantity,
        unit_price: amount(line.unit_price_minor),
        discount: amount(line.parts.discount_minor),
        tax: amount(line.parts.tax_minor),
        total: amount(line.parts.total_minor),
    };
    QuoteBody {
        items: quote.lines.iter().map(item).collect(),
        shipping_method: quote.delivery.as_ref().map(|delivery| delivery.method.clone()),
        subtotal: amount(quote.subtotal_minor),
        discount: amount(quote.discount_minor),
        shipping: amount(quote.shipping_minor),
        tax: amount(quote.tax_minor),
        taxation: quote.taxation.as_str(),
        tax_lines: quote.tax_lines.iter().map(|line| tax_line(line, quote.currency)).collect(),
        total: amount(quote.total_minor),
    }
}
