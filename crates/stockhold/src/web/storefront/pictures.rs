//! Which picture stands for what: uploaded ones in several widths, the drawn ones of the demo, or an empty plate.

use minijinja::context;
use minijinja::value::Value;

use crate::media::{self, drawings};
use crate::storage::products::images::Image;
use crate::storage::products::{Product, Variant};
use crate::web::session::Visitor;

/// The width that browsers without `srcset` get.
const PLAIN_WIDTH: i64 = 960;

/// The picture of a variant, as the templates' `picture` shows it; empty when there is none.
pub fn of(product: &Product, variant: Option<&Variant>) -> Value {
    let sku = variant.map_or("", |variant| variant.sku.as_str());
    match image(product, sku) {
        Some(image) => uploaded(image),
        None => drawn(&product.image, variant),
    }
}

/// The picture to begin with, and all pictures as links when there are several.
pub fn gallery(visitor: &Visitor, product: &Product, chosen: &Variant, wanted: &str) -> (Value, Vec<Value>) {
    let href = |sku: &str| super::catalogue::variant_href(visitor, &product.slug, sku);
    let mut pictures = Vec::new();
    if product.images.is_empty() {
        let mut seen = Vec::new();
        for variant in &product.variants {
            let address = drawings::find(&product.image, variant.option_slugs());
            if address.is_some() && !seen.contains(&address) {
                seen.push(address);
                let title = variant.title.get(visitor.language);
                pictures.push(
                    context! { href => href(variant.sku.as_str()), title, picture => of(product, Some(variant)) },
                );
            }
        }
        return (of(product, Some(chosen)), pictures);
    }
    for (at, image) in product.images.iter().enumerate() {
        let href = match image.sku.as_str() {
            "" => format!("{}/products/{}?image={}", visitor.prefix(), product.slug, at + 1),
            sku => href(sku),
        };
        let title = image.alt.get(visitor.language);
        pictures.push(context! { href, title, picture => uploaded(image) });
    }
    (main(product, chosen, wanted).map_or(Value::from(""), uploaded), pictures)
}

/// The picture that was asked for by its number, else that of the variant.
fn main<'a>(product: &'a Product, chosen: &Variant, wanted: &str) -> Option<&'a Image> {
    let wanted = wanted.parse::<usize>().ok().and_then(|number| product.images.get(number.checked_sub(1)?));
    wanted.or_else(|| image(product, chosen.sku.as_str()))
}

/// What the picture to begin with says to those who do not see it.
pub fn alt<'a>(visitor: &Visitor, product: &'a Product, chosen: &Variant, wanted: &str) -> Option<&'a str> {
    main(product, chosen, wanted).map(|image| image.alt.get(visitor.language))
}

/// The whole address of the picture for other sites' previews; none for drawn ones, which previews do not read.
pub fn og_image(visitor: &Visitor, product: &Product, variant: &Variant) -> Option<String> {
    let image = image(product, variant.sku.as_str())?;
    Some(format!("{}/media/{}/{}", visitor.shop.config.base_url, image.digest, media::PREVIEW))
}

/// Whole addresses of all pictures of a product, largest width, for machines.
pub fn addresses(base_url: &str, product: &Product) -> Vec<String> {
    let largest = |image: &Image| media::widths(image.width).last().copied().unwrap_or(image.width);
    product.images.iter().map(|image| format!("{base_url}/media/{}/{}.jpg", image.digest, largest(image))).collect()
}

/// The whole address of a variant's picture, for machines.
pub fn address_of(base_url: &str, product: &Product, variant: &Variant) -> Option<String> {
    let image = image(product, variant.sku.as_str())?;
    let width = media::widths(image.width).last().copied().unwrap_or(image.width);
    Some(format!("{base_url}/media/{}/{width}.jpg", image.digest))
}

/// The variant's own picture, else one of the whole product, else any.
fn image<'a>(product: &'a Product, sku: &str) -> Option<&'a Image> {
    let own = |wanted: &str| product.images.iter().find(|image| image.sku == wanted);
    own(sku).or_else(|| own("")).or_else(|| product.images.first())
}

fn uploaded(image: &Image) -> Value {
    let widths = media::widths(image.width);
    let set = |ending: &str| {
        let one = |width: &i64| format!("/media/{}/{width}.{ending} {width}w", image.digest);
        widths.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    let plain = widths.iter().copied().filter(|width| *width <= PLAIN_WIDTH).max().unwrap_or(image.width);
    let shape = if image.see_through { "" } else { " photo" };
    context! {
        src => format!("/media/{}/{plain}.jpg", image.digest),
        webp => set("webp"),
        jpeg => set("jpg"),
        width => image.width,
        height => image.height,
        ground => format!("{}{shape}", image.tint),
    }
}

/// A drawn picture. `image` is the form, or form and glaze (`cup`, `cup/celadon`); the variant's own glaze goes before it.
fn drawn(image: &str, variant: Option<&Variant>) -> Value {
    let values = variant.into_iter().flat_map(Variant::option_slugs);
    let Some((form, glaze)) = drawings::find(image, values) else { return Value::from("") };
    context! {
        src => format!("/assets/goods/{form}/{glaze}.svg"),
        webp => "", jpeg => "", width => 400, height => 400,
        ground => format!("ground-{glaze}"),
    }
}
