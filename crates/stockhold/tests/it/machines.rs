//! What search engines, feeds and previews read is what the pages say.

use serde_json::{Value, json};

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::{Setup, TestShop};

/// The structured data of a page, by type.
fn data(page: &Page) -> Vec<Value> {
    let (_, rest) = page.text.split_once("<script type=\"application/ld+json\">").expect("structured data");
    let (text, _) = rest.split_once("</script>").expect("it ends");
    let read: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    assert_eq!(read["@context"], "https://schema.org");
    read["@graph"].as_array().expect("a graph").clone()
}

fn of_kind<'a>(graph: &'a [Value], kind: &str) -> &'a Value {
    graph.iter().find(|node| node["@type"] == kind).unwrap_or_else(|| panic!("no {kind} in {graph:?}"))
}

/// What schema.org and the search engines ask of each type that the shop uses: what must be there, and what may.
const SHAPES: &[(&str, &[&str], &[&str])] = &[
    ("Organization", &["name", "url"], &["logo"]),
    ("WebSite", &["name", "url"], &["inLanguage", "publisher", "potentialAction"]),
    ("SearchAction", &["target", "query-input"], &[]),
    ("Brand", &["name"], &[]),
    ("BreadcrumbList", &["itemListElement"], &[]),
    ("ListItem", &["position", "name", "item"], &[]),
    ("PropertyValue", &["name", "value"], &[]),
    (
        "Product",
        &["name", "sku", "offers"],
        &[
            "url",
            "description",
            "brand",
            "image",
            "additionalProperty",
            "inProductGroupWithID",
            "color",
            "size",
            "material",
            "pattern",
        ],
    ),
    (
        "ProductGroup",
        &["name", "url", "productGroupID", "variesBy", "hasVariant"],
        &["description", "brand", "image", "additionalProperty"],
    ),
    (
        "Offer",
        &["url", "price", "priceCurrency", "availability"],
        &["itemCondition", "seller", "availabilityStarts", "priceValidUntil"],
    ),
];

/// Every node has its type's shape, and every value is of its kind.
fn check_shape(node: &Value) {
    match node {
        Value::Array(nodes) => {
            assert!(!nodes.is_empty(), "an empty list says nothing");
            nodes.iter().for_each(check_shape);
        }
        Value::Object(fields) => {
            let Some(kind) = fields.get("@type") else {
                assert_eq!(fields.keys().collect::<Vec<_>>(), ["@id"], "without a type it only points: {node}");
                return;
            };
            let shape = SHAPES.iter().find(|(name, ..)| kind == name).unwrap_or_else(|| panic!("no shape of {kind}"));
            let missing: Vec<_> = shape.1.iter().filter(|name| fields.get(**name).is_none_or(is_nothing)).collect();
            assert!(missing.is_empty(), "{kind} lacks {missing:?}: {node}");
            for (name, value) in fields.iter().filter(|(name, _)| !name.starts_with('@')) {
                assert!(shape.1.contains(&name.as_str()) || shape.2.contains(&name.as_str()), "{kind} has {name}");
                check_value(name, value);
                check_shape(value);
            }
        }
        _ => {}
    }
}

fn is_nothing(value: &Value) -> bool {
    value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty)
}

fn check_value(name: &str, value: &Value) {
    let text = value.as_str().unwrap_or_default();
    let is_right = match name {
        "url" | "item" | "logo" => text.starts_with("http://") || text.starts_with("https://"),
        "price" => {
            !text.is_empty() && text.parse::<f64>().is_ok_and(|price| price >= 0.0) && !text.contains(['e', ','])
        }
        "priceCurrency" => text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase()),
        "availability" => ["InStock", "LimitedAvailability", "OutOfStock", "PreOrder"]
            .iter()
            .any(|known| text == format!("https://schema.org/{known}")),
        "itemCondition" => text == "https://schema.org/NewCondition",
        "availabilityStarts" => text.parse::<jiff::civil::Date>().is_ok(),
        "position" => value.as_u64().is_some_and(|position| position > 0),
        _ => true,
    };
    assert!(is_right, "{name} is {value}");
}

on_both_engines!(structured_data_has_the_shape_that_schema_org_asks_for, TestShop, async |shop: &TestShop| {
    let material = json!({"name": {"en": "Material", "zh-CN": "材质"}, "value": {"en": "Stoneware", "zh-CN": "炻器"}});
    put(shop, "one", "active", "USD", &[("ONE", "Ash", 900)], json!({"ships_from": "2027-01-15"})).await;
    put(shop, "cup", "active", "USD", &[("A", "Celadon", 3250), ("B", "Ash", 3600)], json!({})).await;
    let sized = json!({"title": {"en": "Tray"}, "status": "active", "options": ["Size"], "specs": [material],
        "variants": [
            {"sku": "T30", "options": {"Size": "30 cm"}, "price": {"amount": 5000, "currency": "USD"}},
            {"sku": "T40", "options": {"Size": "40 cm"}, "price": {"amount": 7000, "currency": "USD"}}]});
    assert_eq!(shop.staff("PUT", "/api/admin/products/tray", "tray", sized).await.0, 201);
    receive(shop, "A", 3).await;
    receive(shop, "ONE", 9).await;
    let browser = Browser::new(shop);
    for path in
        ["/", "/products/one", "/products/cup", "/products/tray", "/zh/", "/zh/products/cup", "/zh/products/tray"]
    {
        check_shape(&Value::Array(data(&browser.get(path).await)));
    }
    let graph = data(&browser.get("/zh/products/tray").await);
    let group = of_kind(&graph, "ProductGroup");
    assert_eq!(group["variesBy"], json!(["https://schema.org/size"]));
    assert_eq!(group["additionalProperty"][0]["value"], "炻器");
    assert_eq!(group["hasVariant"][1]["size"], "40 cm");
    // A variant is told by its own page, and points back to its group.
    let variant = &group["hasVariant"][1];
    assert!(variant["url"].as_str().expect("a link").ends_with("/zh/products/tray?variant=T40"));
    assert_eq!(variant["inProductGroupWithID"], group["productGroupID"]);
    let page = browser.get("/zh/products/tray").await;
    assert!(page.text.contains("<dt>材质</dt><dd>炻器</dd>"), "{}", page.text);
});

async fn put(shop: &TestShop, slug: &str, status: &str, currency: &str, variants: &[(&str, &str, i64)], more: Value) {
    let variant = |(sku, glaze, price): &(&str, &str, i64)| json!({"sku": sku, "options": {"Glaze": glaze}, "price": {"amount": price, "currency": currency}});
    let mut product = json!({
        "title": {"en": format!("The </script> {slug}"), "zh-CN": "茶杯"}, "description": {"en": "Holds **120 ml**."},
        "status": status, "collections": ["cups"], "options": ["Glaze"],
        "variants": variants.iter().map(variant).collect::<Vec<_>>(),
    });
    for (name, value) in more.as_object().expect("fields") {
        product[name] = value.clone();
    }
    let (status, body) = shop.staff("PUT", &format!("/api/admin/products/{slug}"), slug, product).await;
    assert!(status < 300, "{body}");
}

async fn receive(shop: &TestShop, sku: &str, delta: i64) {
    let body = json!({"delta": delta, "reason": "received"});
    let (status, body) = shop.staff("POST", &format!("/api/admin/stock/{sku}/movements"), sku, body).await;
    assert_eq!(status, 201, "{body}");
}

on_both_engines!(structured_data_says_what_each_variant_is, TestShop, async |shop: &TestShop| {
    let glazes = [("A", "Celadon", 3250), ("B", "Tenmoku", 3600), ("C", "Ash", 3600)];
    put(shop, "cup", "active", "USD", &glazes, json!({})).await;
    put(shop, "one", "active", "USD", &[("ONE", "Ash", 900)], json!({"ships_from": "2027-01-15"})).await;
    for (sku, units) in [("A", 9), ("B", 2), ("ONE", 9)] {
        receive(shop, sku, units).await;
    }
    let browser = Browser::new(shop);
    let graph = data(&browser.get("/products/cup?variant=B").await);
    let group = of_kind(&graph, "ProductGroup");
    assert_eq!((&group["productGroupID"], &group["variesBy"]), (&json!("cup"), &json!(["Glaze"])));
    assert_eq!(group["name"], "The </script> cup");
    let offers: Vec<(&str, &str, &str)> = group["hasVariant"]
        .as_array()
        .expect("variants")
        .iter()
        .map(|variant| {
            let offer = &variant["offers"];
            let text = |value: &'static str| offer[value].as_str().expect("text");
            assert_eq!((text("@type"), text("priceCurrency")), ("Offer", "USD"));
            (
                variant["sku"].as_str().expect("a SKU"),
                text("price"),
                text("availability").rsplit('/').next().unwrap_or_default(),
            )
        })
        .collect();
    assert_eq!(
        offers,
        [("A", "32.50", "InStock"), ("B", "36.00", "LimitedAvailability"), ("C", "36.00", "OutOfStock")]
    );
    let crumbs = of_kind(&graph, "BreadcrumbList")["itemListElement"].as_array().expect("crumbs");
    let places: Vec<&Value> = crumbs.iter().map(|crumb| &crumb["item"]).collect();
    let base = &shop.base_url;
    assert_eq!(
        places,
        [
            &json!(format!("{base}/")),
            &json!(format!("{base}/collections/cups")),
            &json!(format!("{base}/products/cup"))
        ]
    );

    let graph = data(&browser.get("/zh/products/one").await);
    let only = of_kind(&graph, "Product");
    assert_eq!((&only["sku"], &only["name"]), (&json!("ONE"), &json!("茶杯")));
    assert_eq!(only["offers"]["availability"], "https://schema.org/PreOrder");
    assert_eq!(only["offers"]["availabilityStarts"], "2027-01-15");
    assert!(only["offers"]["url"].as_str().expect("a link").ends_with("/zh/products/one"));
    let page = browser.get("/products/one").await;
    assert!(
        page.text.contains("ships from Jan 15, 2027") && page.text.contains(">Pre-order</button>"),
        "{}",
        page.text
    );

    let home = data(&browser.get("/").await);
    assert_eq!(of_kind(&home, "WebSite")["publisher"]["@id"], of_kind(&home, "Organization")["@id"]);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_price_has_its_currencys_own_decimals() {
    for (currency, minor, price) in [("JPY", 1290, "1290"), ("KWD", 12_900, "12.900")] {
        let shop = TestShop::on_sqlite_with(Setup::selling_in(currency)).await;
        put(&shop, "one", "active", currency, &[("ONE", "Ash", minor)], json!({})).await;
        let page = Browser::new(&shop).get("/products/one").await;
        assert_eq!(of_kind(&data(&page), "Product")["offers"]["price"], price);
        assert!(page.text.contains(&format!("product:price:amount\" content=\"{price}\"")));
        let feed = Browser::new(&shop).get("/feeds/google.xml").await;
        assert!(feed.text.contains(&format!("<g:price>{price} {currency}</g:price>")), "{}", feed.text);
    }
}

on_both_engines!(machines_find_what_is_for_sale_and_nothing_else, TestShop, async |shop: &TestShop| {
    put(shop, "cup", "active", "USD", &[("A", "Celadon", 3200), ("B&C", "Ash", 3600)], json!({})).await;
    put(shop, "draft", "draft", "USD", &[("D", "Ash", 900)], json!({})).await;
    put(shop, "old", "archived", "USD", &[("O", "Ash", 900)], json!({})).await;
    receive(shop, "A", 3).await;
    shop.staff("PUT", "/api/admin/pages/contact", "k", json!({"title": {"en": "Contact"}, "body": {"en": "x"}})).await;
    let browser = Browser::new(shop);
    let base = &shop.base_url;
    let index = browser.get("/sitemap.xml").await.text;
    assert!(index.contains(&format!("<loc>{base}/sitemaps/1.xml</loc>")) && !index.contains("2.xml"), "{index}");
    let map = browser.get("/sitemaps/1.xml").await.text;
    for path in ["/", "/zh/", "/products/cup", "/zh/products/cup", "/collections/cups", "/pages/contact"] {
        assert!(map.contains(&format!("<loc>{base}{path}</loc>")), "{path}: {map}");
    }
    assert!(map.contains(&format!("hreflang=\"zh-CN\" href=\"{base}/zh/products/cup\"")) && map.contains("x-default"));
    assert!(!map.contains("/products/draft") && !map.contains("/products/old"));
    for path in ["/sitemaps/2.xml", "/sitemaps/0.xml", "/sitemaps/x", "/sitemaps/99999999999999999999.xml"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
    let robots = browser.get("/robots.txt").await.text;
    assert!(
        robots.contains("Disallow: /cart\n")
            && robots.contains("Disallow: /zh/orders\n")
            && robots.contains(&format!("Sitemap: {base}/sitemap.xml"))
    );
    let feed = browser.get("/feeds/google.xml").await.text;
    assert_eq!(feed.matches("<item>").count(), 2);
    assert!(
        feed.contains("<g:id>B&amp;C</g:id>") && feed.contains("variant=B%26C") && !feed.contains("</script>"),
        "{feed}"
    );
    assert!(
        feed.contains("<g:availability>in_stock</g:availability>")
            && feed.contains("<g:availability>out_of_stock</g:availability>")
    );
    let manifest: Value = serde_json::from_str(&browser.get("/manifest.webmanifest").await.text).expect("JSON");
    assert_eq!(manifest["start_url"], "/");
    let security = browser.get("/.well-known/security.txt").await.text;
    assert!(security.contains("Contact: mailto:") && security.contains("Expires: 20"), "{security}");

    let page = shop.http.get(format!("{base}/products/cup")).send().await.expect("the shop answers");
    assert_eq!(page.headers()["x-robots-tag"], "noindex", "a sandbox is nobody's search result");
});
