//! Pages for machines: what there is (`sitemap.xml`), what is nobody's search result (`robots.txt`), what is for sale
//! (`feeds/google.xml`), what to call the shop on a home screen, and whom to tell of a hole.
//!
//! Invariant: a draft is in none of them, and availability is what the pages say.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use rules::money::Money;
use rules::time::Span;
use serde_json::json;

use crate::language::{Language, machine_time};
use crate::shop::Shop;
use crate::storage::pages;
use crate::storage::products::{self, Cursor, ListQuery, Product, Variant};
use crate::web::PageError;
use crate::web::storefront::catalogue::product_href;
use crate::web::storefront::{pictures, seo};

/// Addresses of one part: the protocol's limit is 50 000, and each product has one per language.
const PRODUCTS_PER_PART: usize = 20_000;
/// What search engines need not look at.
const CLOSED: [&str; 9] =
    ["/admin", "/api", "/cart", "/checkout", "/orders", "/search", "/stock-requests", "/success", "/_sandbox"];
/// How long the word on whom to tell is good for.
const SECURITY_DAYS: i64 = 180;

pub fn router() -> Router<Arc<Shop>> {
    Router::new()
        .route("/sitemap.xml", get(sitemap))
        .route("/sitemaps/{part}", get(part))
        .route("/robots.txt", get(robots))
        .route("/feeds/google.xml", get(feed))
        .route("/manifest.webmanifest", get(manifest))
        .route("/.well-known/security.txt", get(security))
}

/// The index: how many parts there are follows from how many products.
async fn sitemap(State(shop): State<Arc<Shop>>) -> Result<Response, PageError> {
    let parts = slugs(&shop).await?.len().div_ceil(PRODUCTS_PER_PART).max(1);
    let mut text = String::from(XML);
    text += "<sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n";
    for number in 1..=parts {
        put(&mut text, format_args!("<sitemap><loc>{}/sitemaps/{number}.xml</loc></sitemap>\n", base(&shop)));
    }
    text += "</sitemapindex>\n";
    Ok(xml(text))
}

async fn part(State(shop): State<Arc<Shop>>, Path(part): Path<String>) -> Result<Response, PageError> {
    let number: usize = part.strip_suffix(".xml").and_then(|number| number.parse().ok()).ok_or(PageError::NotFound)?;
    let from = number.checked_sub(1).ok_or(PageError::NotFound)?.saturating_mul(PRODUCTS_PER_PART);
    let slugs = slugs(&shop).await?;
    if from > 0 && from >= slugs.len() {
        return Err(PageError::NotFound);
    }
    let mut paths = Vec::new();
    if number == 1 {
        paths.extend(["/".to_owned(), "/products".to_owned()]);
        let links = pages::links(&shop.storage).await?;
        paths.extend(links.collections.iter().map(|(slug, _)| format!("/collections/{slug}")));
        paths.extend(links.pages.iter().map(|(slug, _)| format!("/pages/{slug}")));
    }
    paths.extend(slugs.iter().skip(from).take(PRODUCTS_PER_PART).map(|slug| format!("/products/{slug}")));
    let mut text = String::from(XML);
    text +=
        "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n";
    let languages = shop.settings().languages.clone();
    for path in paths {
        for language in languages.iter().copied() {
            let address = |language: Language| escaped(&format!("{}{}{path}", base(&shop), language.prefix()));
            put(&mut text, format_args!("<url><loc>{}</loc>", address(language)));
            for other in languages.iter().copied() {
                let (tag, href) = (other.tag(), address(other));
                put(&mut text, format_args!("<xhtml:link rel=\"alternate\" hreflang=\"{tag}\" href=\"{href}\"/>"));
            }
            let href = address(languages.first().copied().unwrap_or(Language::En));
            put(&mut text, format_args!("<xhtml:link rel=\"alternate\" hreflang=\"x-default\" href=\"{href}\"/>"));
            text += "</url>\n";
        }
    }
    text += "</urlset>\n";
    Ok(xml(text))
}

/// What is for sale has an address to be found by.
async fn slugs(shop: &Shop) -> Result<Vec<String>, PageError> {
    Ok(products::public_slugs(&shop.storage).await?)
}

async fn robots(State(shop): State<Arc<Shop>>) -> Response {
    let mut text = String::from("User-agent: *\n");
    for path in CLOSED {
        for language in Language::ALL {
            put(&mut text, format_args!("Disallow: {}{path}\n", language.prefix()));
        }
    }
    put(&mut text, format_args!("\nSitemap: {}/sitemap.xml\n", base(&shop)));
    plain(text)
}

/// Everything that has a picture and a price, as Google's shopping feed wants it (RSS 2.0).
async fn feed(State(shop): State<Arc<Shop>>) -> Result<Response, PageError> {
    let mut text = String::from(XML);
    let name = escaped(shop.settings().name(Language::En));
    put(
        &mut text,
        format_args!(
            "<rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\"><channel>\n\
             <title>{name}</title><link>{}/</link><description>{name}</description>\n",
            base(&shop)
        ),
    );
    let mut after: Option<Cursor> = None;
    loop {
        let query = ListQuery { limit: products::LIST_LIMIT_MAX, after, ..ListQuery::default() };
        let page = products::list(&shop.storage, query, shop.now()).await?;
        for product in &page.products {
            for variant in &product.variants {
                item(&mut text, &shop, product, variant);
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    text += "</channel></rss>\n";
    Ok(xml(text))
}

fn item(text: &mut String, shop: &Shop, product: &Product, variant: &Variant) {
    let currency = shop.settings().currency;
    let price = |minor| format!("{} {}", Money::new(minor, currency).plain(), currency.code());
    let title = [product.title.get(Language::En), variant.title.get(Language::En)];
    let title = title.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(" · ");
    let description = seo::summary(product.description.get(Language::En));
    let mut fields = vec![
        ("g:id", variant.sku.to_string()),
        ("g:item_group_id", product.slug.clone()),
        ("g:title", title.clone()),
        ("g:description", if description.is_empty() { title } else { description }),
        ("g:link", format!("{}{}", base(shop), product_href(Language::En, &product.slug, variant.sku.as_str()))),
        ("g:brand", shop.settings().name(Language::En).to_owned()),
        ("g:condition", "new".to_owned()),
        ("g:availability", availability(product, variant).to_owned()),
    ];
    if let Some(image) = pictures::address_of(base(shop), product, variant) {
        fields.push(("g:image_link", image));
    }
    match variant.compare_at_minor.filter(|was| *was > variant.price_minor) {
        Some(was) => {
            fields.push(("g:price", price(was)));
            fields.push(("g:sale_price", price(variant.price_minor)));
        }
        None => fields.push(("g:price", price(variant.price_minor))),
    }
    if seo::is_preorder(product, variant) {
        fields.push(("g:availability_date", format!("{}T00:00:00Z", product.ships_from)));
    }
    *text += "<item>";
    for (name, value) in fields {
        put(text, format_args!("<{name}>{}</{name}>", escaped(&value)));
    }
    *text += "</item>\n";
}

fn availability(product: &Product, variant: &Variant) -> &'static str {
    match variant.available {
        ..1 => "out_of_stock",
        _ if seo::is_preorder(product, variant) => "preorder",
        _ => "in_stock",
    }
}

async fn manifest(State(shop): State<Arc<Shop>>) -> Response {
    let settings = shop.settings();
    let name = settings.name(Language::En);
    let body = json!({
        "name": name, "short_name": name, "start_url": "/", "display": "browser",
        "background_color": "#f9fbfa", "theme_color": "#143f34",
        "icons": [{"src": "/assets/favicon.svg", "sizes": "any", "type": "image/svg+xml"}],
    });
    let mut response = Json(body).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/manifest+json"));
    kept_an_hour(response)
}

/// RFC 9116. Without somebody to write to there is nothing to say.
async fn security(State(shop): State<Arc<Shop>>) -> Response {
    let email = shop.settings().owner_email.clone();
    let email = if email.is_empty() { shop.mailer.sender() } else { email };
    if !email.contains('@') {
        return StatusCode::NOT_FOUND.into_response();
    }
    let until = machine_time(shop.now() + Span::minutes(SECURITY_DAYS * 24 * 60));
    plain(format!(
        "Contact: mailto:{email}\nExpires: {until}\nPreferred-Languages: en, zh\nCanonical: {}/.well-known/security.txt\n",
        base(&shop)
    ))
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

fn base(shop: &Shop) -> &str {
    shop.config.base_url.trim_end_matches('/')
}

/// Writing into a text cannot fail.
fn put(text: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(what);
}

/// Text inside an element or an attribute; what XML cannot hold is left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            c if c.is_control() && !matches!(c, '\n' | '\t') => {}
            c => out.push(c),
        }
    }
    out
}

fn xml(text: String) -> Response {
    typed(text, "application/xml; charset=utf-8")
}

fn plain(text: String) -> Response {
    typed(text, "text/plain; charset=utf-8")
}

fn typed(text: String, kind: &'static str) -> Response {
    let mut response = text.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    kept_an_hour(response)
}

fn kept_an_hour(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}
