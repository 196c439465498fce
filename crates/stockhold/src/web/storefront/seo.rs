//! What search engines and other sites' previews read: structured data, and descriptions in one line.
//!
//! Invariant: it says what the page says. Prices have the currency's own decimals, each variant its own availability.

use minijinja::value::Value as Shown;
use rules::money::Money;
use serde_json::{Value, json};

use super::catalogue::is_few;
use super::pictures;
use crate::storage::products::{Product, Spec, Variant};
use crate::web::session::Visitor;

/// Search engines show about this much.
const SUMMARY_CHARS_MAX: usize = 155;

/// A description in one line of plain text.
pub fn summary(markdown: &str) -> String {
    let plain: String = markdown.chars().filter(|c| !matches!(c, '*' | '_' | '#' | '`' | '>' | '[' | ']')).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.chars().count() <= SUMMARY_CHARS_MAX {
        return plain;
    }
    let cut: String = plain.chars().take(SUMMARY_CHARS_MAX - 1).collect();
    format!("{}…", cut.trim_end())
}

/// The home page: who sells here, and where to search.
pub fn of_shop(visitor: &Visitor) -> Shown {
    let base = &visitor.shop.config.base_url;
    let (name, home) = (visitor.settings.name(visitor.language), format!("{base}{}/", visitor.prefix()));
    script(&json!({
        "@context": "https://schema.org",
        "@graph": [
            {"@type": "Organization", "@id": format!("{base}/#shop"), "name": name, "url": home,
                "logo": format!("{base}/assets/favicon.svg")},
            {"@type": "WebSite", "@id": format!("{base}/#site"), "name": name, "url": home,
                "inLanguage": visitor.language.tag(), "publisher": {"@id": format!("{base}/#shop")},
                "potentialAction": {"@type": "SearchAction",
                    "target": format!("{base}{}/search?q={{search_term_string}}", visitor.prefix()),
                    "query-input": "required name=search_term_string"}},
        ],
    }))
}

/// The product's page: one variant is a Product with its offer, several a ProductGroup in which each has its own.
pub fn of_product(visitor: &Visitor, product: &Product) -> Shown {
    let base = format!("{}{}", visitor.shop.config.base_url, visitor.prefix());
    let url = format!("{base}/products/{}", product.slug);
    let mut whole = json!({
        "name": product.title.get(visitor.language),
        "url": url,
        "description": summary(product.description.get(visitor.language)),
        "brand": {"@type": "Brand", "name": visitor.settings.name(visitor.language)},
    });
    let known = |spec: &Spec| {
        json!({"@type": "PropertyValue", "name": spec.name.get(visitor.language),
        "value": spec.value.get(visitor.language)})
    };
    if !product.specs.is_empty() {
        whole["additionalProperty"] = product.specs.iter().map(known).collect();
    }
    let images = pictures::addresses(&visitor.shop.config.base_url, product);
    if !images.is_empty() {
        whole["image"] = json!(images);
    }
    match product.variants.as_slice() {
        [only] => {
            whole["@type"] = json!("Product");
            whole["sku"] = json!(only.sku.as_str());
            whole["offers"] = offer(visitor, product, only, &url);
        }
        several => {
            whole["@type"] = json!("ProductGroup");
            whole["productGroupID"] = json!(product.slug);
            whole["variesBy"] = product.options.iter().map(|name| json!(varies_by(name))).collect();
            let variant = |variant: &Variant| {
                let url = format!(
                    "{}{}",
                    visitor.shop.config.base_url,
                    super::catalogue::variant_href(visitor, &product.slug, variant.sku.as_str())
                );
                let title = variant.title.get(visitor.language);
                let options = variant.options.iter().map(|(name, value)| {
                    json!({"@type": "PropertyValue", "name": visitor.option_name(name), "value": value.get(visitor.language)})
                });
                let mut shown = json!({"@type": "Product", "sku": variant.sku.as_str(), "url": url,
                    "name": format!("{} · {title}", product.title.get(visitor.language)),
                    "inProductGroupWithID": product.slug,
                    "additionalProperty": options.collect::<Vec<Value>>(),
                    "offers": offer(visitor, product, variant, &url)});
                for (name, value) in &variant.options {
                    if let Some(property) = property(name) {
                        shown[property] = json!(value.get(visitor.language));
                    }
                }
                shown
            };
            whole["hasVariant"] = several.iter().map(variant).collect();
        }
    }
    let mut crumbs = vec![(visitor.say("page-home", &[]), format!("{base}/"))];
    if let Some(slug) = product.collections.first()
        && let Some((_, title)) = visitor.links.collections.iter().find(|(known, _)| known == slug)
    {
        crumbs.push((title.get(visitor.language).to_owned(), format!("{base}/collections/{slug}")));
    }
    crumbs.push((product.title.get(visitor.language).to_owned(), url));
    let crumb = |(at, (name, item)): (usize, &(String, String))| json!({"@type": "ListItem", "position": at + 1, "name": name, "item": item});
    let crumbs: Value = crumbs.iter().enumerate().map(crumb).collect();
    script(&json!({
        "@context": "https://schema.org",
        "@graph": [whole, {"@type": "BreadcrumbList", "itemListElement": crumbs}],
    }))
}

/// The property of schema.org that an option is, if it is one.
fn property(option: &str) -> Option<&'static str> {
    match option.to_lowercase().as_str() {
        "colour" | "color" => Some("color"),
        "size" => Some("size"),
        "material" => Some("material"),
        "pattern" => Some("pattern"),
        _ => None,
    }
}

fn varies_by(option: &str) -> String {
    property(option).map_or_else(|| option.to_owned(), |property| format!("https://schema.org/{property}"))
}

fn offer(visitor: &Visitor, product: &Product, variant: &Variant, url: &str) -> Value {
    let currency = visitor.settings.currency;
    let mut offer = json!({
        "@type": "Offer",
        "url": url,
        "price": Money::new(variant.price_minor, currency).plain(),
        "priceCurrency": currency.code(),
        "availability": format!("https://schema.org/{}", availability(visitor, product, variant)),
        "itemCondition": "https://schema.org/NewCondition",
        "seller": {"@id": format!("{}/#shop", visitor.shop.config.base_url)},
    });
    if is_preorder(product, variant) {
        offer["availabilityStarts"] = json!(product.ships_from);
    }
    offer
}

/// What schema.org calls it.
fn availability(visitor: &Visitor, product: &Product, variant: &Variant) -> &'static str {
    match variant.available {
        ..1 => "OutOfStock",
        _ if is_preorder(product, variant) => "PreOrder",
        left if is_few(visitor, left) => "LimitedAvailability",
        _ => "InStock",
    }
}

/// Whether it can be bought now and is sent later.
pub fn is_preorder(product: &Product, variant: &Variant) -> bool {
    variant.available > 0 && !product.ships_from.is_empty()
}

/// Inside a script element only `<` could end it.
fn script(json: &Value) -> Shown {
    Shown::from_safe_string(json.to_string().replace('<', "\\u003c"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_structured_data_ends_its_script() {
        let shown = script(&json!({"name": "</script><script>alert(1)</script>"}));
        assert!(!shown.to_string().contains('<'), "{shown}");
        let read: Value = serde_json::from_str(&shown.to_string()).expect("JSON");
        assert_eq!(read["name"], "</script><script>alert(1)</script>");
    }

    #[test]
    fn a_description_becomes_one_line() {
        assert_eq!(summary("Holds **120 ml**.\n\n- thin\n- light"), "Holds 120 ml. - thin - light");
        assert_eq!(summary(&"茶".repeat(300)).chars().count(), SUMMARY_CHARS_MAX);
    }
}
