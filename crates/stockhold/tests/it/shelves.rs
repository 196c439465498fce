//! The shop's pages of goods: lists, products, search, the shopkeeper's own pages, and letters that goods are back.

use serde_json::{Value, json};
use stockhold::catalogue::{self, Storeroom};
use stockhold::storage::{RowExt, stock_requests};
use stockhold::{values, workers};

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;

fn product(title: &str, status: &str, collection: &str, variants: &[(&str, &str, i64)]) -> Value {
    let variant = |(sku, glaze, price): &(&str, &str, i64)| json!({"sku": sku, "options": {"Glaze": glaze}, "price": {"amount": price, "currency": "USD"}});
    json!({
        "title": {"en": title, "zh-CN": format!("{title}（中）")}, "status": status, "collections": [collection],
        "options": ["Glaze"], "variants": variants.iter().map(variant).collect::<Vec<_>>(),
    })
}

async fn put(shop: &TestShop, slug: &str, product: Value) {
    let (status, body) = shop.staff("PUT", &format!("/api/admin/products/{slug}"), slug, product).await;
    assert!(status == 200 || status == 201, "{body}");
}

async fn receive(shop: &TestShop, sku: &str, delta: i64) {
    let (path, key) = (format!("/api/admin/stock/{sku}/movements"), format!("{sku} {}", shop.draw()));
    let (status, body) = shop.staff("POST", &path, &key, json!({"delta": delta, "reason": "received"})).await;
    assert_eq!(status, 201, "{body}");
}

/// Where in the page each of these stands, in the order of the page.
fn order<'a>(page: &Page, names: &[&'a str]) -> Vec<&'a str> {
    let mut found: Vec<(usize, &str)> =
        names.iter().filter_map(|name| Some((page.text.find(&format!(">{name}<"))?, *name))).collect();
    found.sort_unstable();
    found.into_iter().map(|(_, name)| name).collect()
}

async fn demo(shop: &TestShop) {
    let (storage, ledger) = (&shop.shop.storage, &shop.shop.ledger);
    let room = Storeroom { storage, ledger, currency: shop.shop.settings().currency, now: shop.shop.now() };
    catalogue::seed_demo(room).await.expect("the demo is seeded");
}

on_both_engines!(a_list_is_filtered_sorted_and_walked_by_links, TestShop, async |shop: &TestShop| {
    put(shop, "gone", product("Gone bowl", "active", "cups", &[("GONE", "Ash", 900)])).await;
    put(shop, "cup", product("Tea cup", "active", "cups", &[("C-CEL", "Celadon", 3200), ("C-TEN", "Tenmoku", 3600)]))
        .await;
    put(shop, "pot", product("Little pot", "active", "pots", &[("POT", "Celadon", 8800)])).await;
    put(shop, "secret", product("Secret draft", "draft", "cups", &[("SECRET", "Ash", 100)])).await;
    for (sku, units) in [("C-TEN", 4), ("POT", 9)] {
        receive(shop, sku, units).await;
    }
    let browser = Browser::new(shop);
    let names = ["Gone bowl", "Tea cup", "Little pot", "Secret draft"];
    for (path, expected) in [
        ("/products", &["Tea cup", "Little pot", "Gone bowl"] as &[&str]),
        ("/products?sort=price-down", &["Little pot", "Tea cup", "Gone bowl"]),
        ("/products?sort=price-up&in_stock=1", &["Tea cup", "Little pot"]),
        ("/products?option.glaze=celadon", &["Little pot", "Tea cup"]),
        ("/products?option.glaze=celadon&in_stock=1", &["Little pot"]),
        ("/products?max=40", &["Tea cup", "Gone bowl"]),
        ("/products?min=1000", &[]),
        ("/collections/cups", &["Tea cup", "Gone bowl"]),
    ] {
        let page = browser.get(path).await;
        let expected = if path.contains("celadon&in_stock") || !path.contains("celadon") {
            expected.to_vec()
        } else {
            vec!["Tea cup", "Little pot"]
        };
        assert_eq!((page.status, order(&page, &names)), (200, expected), "{path}");
    }
    let page = browser.get("/zh/products?option.glaze=celadon").await;
    assert!(
        page.text.contains("共 2 件商品")
            && page.text.contains("href=\"/zh/products?option.glaze=celadon&amp;in_stock=1\""),
        "{}",
        page.text
    );
    let page = browser.get("/products?min=1000").await;
    assert!(page.text.contains("Nothing on this shelf is all of that.") && page.text.contains("Remove all filters"));
    for path in ["/products?page=2", "/products?page=0", "/collections/none", "/products?page=99999999999999999999"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
});

on_both_engines!(many_goods_come_in_pages, TestShop, async |shop: &TestShop| {
    for number in 0..26 {
        put(
            shop,
            &format!("cup-{number}"),
            product(&format!("Cup {number}"), "active", "cups", &[(&format!("C-{number}"), "Ash", 900)]),
        )
        .await;
    }
    let browser = Browser::new(shop);
    let first = browser.get("/collections/cups?sort=price-up").await;
    assert!(
        first.text.contains("href=\"/collections/cups?sort=price-up&amp;page=2\"")
            && first.text.contains("rel=\"next\"")
    );
    assert_eq!(first.text.matches("class=\"card").count(), 24);
    let second = browser.get("/collections/cups?sort=price-up&page=2").await;
    assert_eq!((second.status, second.text.matches("class=\"card").count()), (200, 2));
    assert!(second.text.contains("rel=\"prev\"") && second.text.contains(">Cup 25<"));
    assert_eq!(browser.get("/collections/cups?page=3").await.status, 404);
});

on_both_engines!(what_is_sold_out_archived_or_unknown_says_so, TestShop, async |shop: &TestShop| {
    put(shop, "cup", product("Tea cup", "active", "cups", &[("C-CEL", "Celadon", 3200), ("C-TEN", "Tenmoku", 3600)]))
        .await;
    put(shop, "bowl", product("Ash bowl", "active", "cups", &[("BOWL", "Ash", 900)])).await;
    receive(shop, "C-CEL", 4).await;
    let browser = Browser::new(shop);
    let page = browser.get("/products/cup?variant=C-CEL").await;
    assert!(page.text.contains("4 left in Celadon") && page.text.contains("sold out"), "{}", page.text);
    let page = browser.get("/products/cup?variant=C-TEN").await;
    assert!(page.text.contains("Tenmoku is sold out") && page.text.contains("value=\"C-TEN\" checked"));
    let page = browser.get("/products/cup?variant=NOPE&utm_source=x").await;
    assert!(page.status == 200 && page.text.contains("value=\"C-CEL\" checked"), "the first that can be bought");
    let page = browser.get("/zh/products/cup").await;
    assert!(page.text.contains("Celadon仅剩 4 件") && page.text.contains("到货提醒"));

    put(shop, "cup", product("Tea cup", "archived", "cups", &[("C-CEL", "Celadon", 3200)])).await;
    let gone = browser.get("/products/cup").await;
    assert_eq!(gone.status, 410);
    assert!(gone.text.contains("not sold any more") && gone.text.contains(">Ash bowl<"), "{}", gone.text);
    assert!(gone.text.contains("noindex"));
    assert_eq!(order(&browser.get("/products").await, &["Tea cup", "Ash bowl"]), ["Ash bowl"]);
    put(shop, "bowl", product("Ash bowl", "draft", "cups", &[("BOWL", "Ash", 900)])).await;
    assert_eq!(browser.get("/products/bowl").await.status, 404, "a draft is nobody's business");
});

on_both_engines!(goods_of_several_options_are_chosen_one_by_one, TestShop, async |shop: &TestShop| {
    let variant = |sku: &str, size: &str, wood: &str| json!({"sku": sku, "options": {"Size": size, "Wood": wood}, "price": {"amount": 900, "currency": "USD"}});
    let tray = json!({"title": {"en": "Tray"}, "status": "active", "options": ["Size", "Wood"],
        "variants": [variant("T-30-B", "30 cm", "Bamboo"), variant("T-30-W", "30 cm", "Walnut"), variant("T-40-B", "40 cm", "Bamboo")]});
    put(shop, "tray", tray).await;
    for sku in ["T-30-B", "T-40-B"] {
        receive(shop, sku, 9).await;
    }
    let browser = Browser::new(shop);
    let page = browser.get("/products/tray?option.size=40-cm&option.wood=bamboo").await;
    assert!(page.text.contains("name=\"option.size\" value=\"40-cm\" checked") && page.text.contains("T-40-B"));
    let page = browser.get("/products/tray?option.size=40-cm&option.wood=walnut").await;
    assert!(page.text.contains("We don’t make that combination. This is 40 cm"), "{}", page.text);

    let form =
        |wood: &'static str| [("from", "tray"), ("option.size", "40-cm"), ("option.wood", wood), ("quantity", "2")];
    let refused = browser.post("/cart/add", &form("walnut")).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("We don’t make that combination"));
    let taken = browser.post("/cart/add", &form("bamboo")).await;
    assert_eq!((taken.status, taken.location.as_str()), (303, "/cart"), "{}", taken.text);
    assert!(browser.get("/cart").await.text.contains("T-40-B"));
});

on_both_engines!(whoever_asked_hears_once_that_goods_are_back, TestShop, async |shop: &TestShop| {
    put(shop, "cup", product("Tea cup", "active", "cups", &[("CUP", "Celadon", 3200)])).await;
    let browser = Browser::new(shop);
    let ask = async |prefix: &str, email: &str| {
        browser.post(&format!("{prefix}/stock-requests"), &[("sku", "CUP"), ("email", email)]).await
    };
    for (prefix, email) in [("", "ada@example.org"), ("", " ada@example.org "), ("/zh", "lin@example.cn")] {
        let page = ask(prefix, email).await;
        assert_eq!((page.status, page.location), (303, format!("{prefix}/products/cup?variant=CUP&asked=1#wish")));
    }
    assert!(browser.get("/products/cup?variant=CUP&asked=1").await.text.contains("We’ll write to you once"));
    let wrong = ask("", "nobody").await;
    assert!(
        wrong.status == 422
            && wrong.text.contains("Enter an e-mail address")
            && wrong.text.contains("value=\"nobody\"")
    );
    assert_eq!(browser.post("/stock-requests", &[("sku", "NONE"), ("email", "a@example.org")]).await.status, 404);
    shop.settle().await;
    assert_eq!(shop.letters(), 0, "nothing is back yet");

    receive(shop, "CUP", 2).await;
    // Two instances look at the same moment.
    let (one, other) = tokio::join!(workers::step(&shop.shop), workers::step(&shop.shop));
    one.and(other).expect("the workers work");
    shop.settle().await;
    let mut letters = shop.shop.mailer.stored();
    letters.sort_by(|a, b| a.to.cmp(&b.to));
    let to: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
    assert_eq!(to, ["ada@example.org", "lin@example.cn"], "each once");
    assert!(letters[0].subject.contains("Tea cup · Celadon is back"), "{}", letters[0].subject);
    assert!(letters[0].text.contains(&format!("{}/products/cup?variant=CUP", shop.base_url)));
    assert!(letters[1].text.contains("到货") && letters[1].html.contains("lang=\"zh-CN\""));
    let kept = shop.shop.storage.read("select email from stock_requests", values![]).await.expect("an answer");
    assert!(kept.is_empty(), "the addresses are forgotten");

    receive(shop, "CUP", 2).await;
    shop.settle().await;
    assert_eq!(shop.letters(), 2, "no second letter");
});

on_both_engines!(goods_that_are_held_are_not_back, TestShop, async |shop: &TestShop| {
    put(shop, "cup", product("Tea cup", "active", "cups", &[("CUP", "Celadon", 3200)])).await;
    receive(shop, "CUP", 1).await;
    let order = shop.check_out(&[("CUP", 1)]).await;
    let browser = Browser::new(shop);
    browser.post("/stock-requests", &[("sku", "CUP"), ("email", "ada@example.org")]).await;
    shop.settle().await;
    assert_eq!(shop.letters(), 0, "the last one is held for somebody");
    let (status, body) = shop.cancel(order).await;
    assert_eq!(status, 200, "{body}");
    shop.settle().await;
    let back = shop.subjects().into_iter().filter(|subject| subject.contains("is back")).count();
    assert_eq!(back, 1, "{:?}", shop.subjects());
});

on_both_engines!(a_wish_that_somebody_is_at_is_left_to_them, TestShop, async |shop: &TestShop| {
    put(shop, "cup", product("Tea cup", "active", "cups", &[("CUP", "Celadon", 3200)])).await;
    Browser::new(shop).post("/stock-requests", &[("sku", "CUP"), ("email", "ada@example.org")]).await;
    receive(shop, "CUP", 1).await;
    let (storage, now) = (&shop.shop.storage, shop.shop.now());
    let rows = storage.read("select id from stock_requests", values![]).await.expect("an answer");
    let id = rows[0].text(0);
    assert!(stock_requests::lease(storage, id, now).await.expect("an answer").is_some());
    assert!(stock_requests::lease(storage, id, now).await.expect("an answer").is_none());
    shop.settle().await;
    assert_eq!(shop.letters(), 0);
});

on_both_engines!(the_shopkeepers_pages_stand_in_the_footer, TestShop, async |shop: &TestShop| {
    let page = json!({"title": {"en": "Contact", "zh-CN": "联系我们"}, "body": {"en": "Write to **us**. <script>alert(1)</script>"}});
    let put = async |page: &Value| shop.staff("PUT", "/api/admin/pages/contact", "k", page.clone()).await;
    assert_eq!(put(&page).await.0, 201);
    assert_eq!(put(&page).await.0, 200);
    let browser = Browser::new(shop);
    let shown = browser.get("/pages/contact").await;
    assert!(shown.text.contains("<strong>us</strong>") && !shown.text.contains("<script>alert"), "{}", shown.text);
    let shown = browser.get("/zh/pages/contact").await;
    assert!(shown.text.contains("<h1>联系我们</h1>") && shown.text.contains("measure\" lang=\"en\""), "{}", shown.text);
    for path in ["/", "/cart", "/nothing-here"] {
        assert!(browser.get(path).await.text.contains("<a href=\"/pages/contact\">Contact</a>"), "{path}");
    }
    let wrong = json!({"title": {"en": " ", "fr": "Contact"}, "body": {}});
    let (status, body) = put(&wrong).await;
    let pointers: Vec<&str> =
        body["errors"].as_array().expect("errors").iter().filter_map(|e| e["pointer"].as_str()).collect();
    assert_eq!((status, pointers), (422, vec!["/title/fr", "/body"]));
    assert_eq!(shop.staff("DELETE", "/api/admin/pages/contact", "k", json!({})).await.0, 204);
    assert_eq!(browser.get("/pages/contact").await.status, 404);
});

on_both_engines!(goods_are_found_in_both_languages, TestShop, async |shop: &TestShop| {
    demo(shop).await;
    let browser = Browser::new(shop);
    // The best first; both engines the same.
    for (query, expected) in [
        ("celadon gaiwan", &["Gaiwan, 100 ml"] as &[&str]),
        ("GAIWA", &["Gaiwan, 100 ml", "Easy gaiwan with a spout"]),
        ("ｇａｉｗａｎ", &["Gaiwan, 100 ml", "Easy gaiwan with a spout"]),
        ("hares fur", &["Hare’s-fur bowl"]),
        ("HK-KET-COP", &["Hammered copper kettle"]),
        ("急须", &["Side-handle pot"]),
        ("须急", &[]),
        ("兔", &["Hare’s-fur bowl"]),
        ("兔毫盏", &["Hare’s-fur bowl"]),
        ("bamboo whisk", &["Bamboo whisk"]),
        ("%", &[]),
        ("' or 1=1 --", &[]),
    ] {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", query).finish();
        let page = browser.get(&format!("/search?{query}")).await;
        let all = [
            "Gaiwan, 100 ml",
            "Easy gaiwan with a spout",
            "Hare’s-fur bowl",
            "Hammered copper kettle",
            "Side-handle pot",
            "Bamboo whisk",
            "Whisk and its stand",
            "Tea cup, 120 ml",
        ];
        assert_eq!((page.status, order(&page, &all)), (200, expected.to_vec()), "{query}");
    }
    let page = browser.get("/search?q=celadno").await;
    assert!(page.text.contains("Did you mean") && page.text.contains("href=\"/search?q=celadon\""), "{}", page.text);
    let page = browser.get("/zh/search?q=%E7%BB%B4%E4%BB%96%E5%91%BD").await;
    assert!(page.status == 200 && page.text.contains("请换个关键词") && page.text.contains("壶与盖碗"));
    assert_eq!(browser.get("/search").await.status, 200);
    let long = "杯".repeat(150);
    let page = browser.get(&format!("/search?q={}", long.chars().map(|_| "%E6%9D%AF").collect::<String>())).await;
    assert!(page.status == 200 && !page.text.contains(&long) && page.text.contains(&"杯".repeat(100)), "cut at 100");

    let api = async |query: &str| {
        let page = browser.get(&format!("/api/products?{query}")).await;
        let body: Value = serde_json::from_str(&page.text).expect("JSON");
        body["data"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|p| p["slug"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(api("q=gaiwan").await, ["gaiwan", "easy-gaiwan"]);
    assert_eq!(api("q=gaiwan&limit=1").await, ["gaiwan"]);
    assert!(api("q=%21%21").await.is_empty());
    put(shop, "gaiwan", product("Lidded bowl", "active", "teapots", &[("HK-GAI-100-CEL", "Celadon", 4800)])).await;
    assert_eq!(api("q=gaiwan").await, ["easy-gaiwan"], "what a product is not called any more does not find it");
});

on_both_engines!(
    /// A draft is nobody's business: no page and no answer tells of it, and nobody buys it.
    a_draft_is_nowhere_for_buyers,
    TestShop,
    async |shop: &TestShop| {
        put(shop, "secret", product("Secret bowl", "draft", "bowls", &[("SECRET", "Ash", 900)])).await;
        receive(shop, "SECRET", 3).await;
        let browser = Browser::new(shop);
        for path in ["/products/secret", "/api/products/secret"] {
            assert_eq!(browser.get(path).await.status, 404, "{path}");
        }
        for path in ["/", "/products", "/search?q=secret", "/api/products", "/feeds/google.xml", "/sitemaps/1.xml"] {
            let page = browser.get(path).await;
            assert!(page.status == 200 && !page.text.contains("Secret bowl") && !page.text.contains("SECRET"), "{path}");
        }
        assert!(!browser.get("/search?q=secrte").await.text.contains("q=secret"), "nor is it what was probably meant");
        let fields = [("sku", "SECRET"), ("quantity", "1"), ("from", "secret")];
        assert_eq!(browser.post("/cart/add", &fields).await.status, 422);
        assert_eq!(browser.post("/stock-requests", &[("sku", "SECRET"), ("email", "ada@example.org")]).await.status, 404);
        let (status, told) = shop.check_out_as("one", "ada@example.org", &[("SECRET", 1)]).await;
        assert_eq!(status, 422, "{told}");
    }
);

on_both_engines!(
    /// The drawer beside a page shows marked parts of the cart's own page; an answer without any is shown as a page.
    the_carts_page_marks_what_its_drawer_shows,
    TestShop,
    async |shop: &TestShop| {
        put(shop, "cup", product("Tea cup", "active", "cups", &[("CUP", "Celadon", 3200)])).await;
        receive(shop, "CUP", 3).await;
        let browser = Browser::new(shop);
        let shown = async |path: &str| {
            let page = browser.get(path).await;
            (page.text.contains("id=\"cart-drawer\""), page.text.matches("data-in-drawer").count())
        };
        assert_eq!((shown("/products/cup").await, shown("/cart").await), ((true, 0), (false, 1)), "it is empty");
        assert!(browser.get("/zh/").await.text.contains("href=\"/zh/cart\" data-opens=\"cart-drawer\""));
        browser.put_into_cart("CUP", 1).await;
        let cart = browser.get("/cart").await.text;
        for part in ["<ul class=\"lines\" data-in-drawer>", "<p data-in-drawer><a class=\"btn wide\" href=\"/checkout\">"] {
            assert!(cart.contains(part), "{part} in {cart}");
        }
        let wrong = browser.post("/cart/change", &[("sku", "CUP"), ("quantity", "two")]).await;
        assert!(wrong.text.contains("role=\"alert\" data-in-drawer"), "{}", wrong.text);
        let wrong = browser.post("/cart/add", &[("sku", "CUP"), ("quantity", "two"), ("from", "cup")]).await;
        assert_eq!((wrong.status, wrong.text.matches("data-in-drawer").count()), (422, 0));
    }
);

on_both_engines!(
    /// What is suggested while one types is for sale, ends the word that was begun, and is no more than six, the best first.
    a_search_suggests_six_that_are_for_sale,
    TestShop,
    async |shop: &TestShop| {
        let mut plate = product("Plate", "active", "plates", &[("PLATE", "Ash", 900)]);
        plate["description"] = json!({"en": "Stands below a cup."});
        put(shop, "plate", plate).await;
        for number in 1..=7 {
            let (slug, sku) = (format!("cup-{number}"), format!("C-{number}"));
            put(shop, &slug, product(&format!("Cup {number}"), "active", "cups", &[(&sku, "Ash", 900)])).await;
        }
        put(shop, "secret", product("Secret bowl", "draft", "bowls", &[("SECRET", "Ash", 900)])).await;
        put(shop, "old", product("Old bowl", "archived", "bowls", &[("OLD", "Ash", 900)])).await;
        let browser = Browser::new(shop);
        let suggested = async |typed: &str| {
            let page = browser.get(&format!("/search/suggestions?q={typed}")).await;
            (page.status, page.text.matches("role=\"option\"").count())
        };
        assert_eq!(suggested("cu").await, (200, 6), "as many as fit under the field");
        let page = browser.get("/search/suggestions?q=cu").await;
        assert!(!page.text.contains("Plate"), "a title says more than a description: {}", page.text);
        assert_eq!(suggested("plat").await, (200, 1));
        assert_eq!(suggested("cup%207").await, (200, 1));
        for nobodys in ["", "zzz", "bowl", "secret", "SECRET", "old"] {
            assert_eq!(suggested(nobodys).await, (200, 0), "{nobodys}: a draft is nobody's business");
        }
    }
);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_without_end_is_asked_to_wait() {
    let shop = TestShop::on_sqlite().await;
    put(&shop, "cup", product("Tea cup", "active", "cups", &[("CUP", "Celadon", 3200)])).await;
    let browser = Browser::new(&shop);
    let mut statuses = Vec::new();
    for number in 0..12 {
        let email = format!("ada{number}@example.org");
        statuses.push(browser.post("/stock-requests", &[("sku", "CUP"), ("email", &email)]).await.status);
    }
    assert_eq!(statuses[..10], [303; 10]);
    assert_eq!(statuses[10..], [429; 2]);
    // Sixty at once, and one more each half second.
    let searches = futures_util::future::join_all((0..200).map(|_| browser.get("/zh/search?q=cup"))).await;
    let refused = searches.iter().find(|page| page.status == 429).expect("nobody types that fast");
    assert!(refused.text.contains("操作过于频繁") && refused.text.contains("未扣款"));
    let typed = futures_util::future::join_all((0..70).map(|_| browser.get("/search/suggestions?q=cup"))).await;
    assert!(typed.iter().any(|page| page.status == 429), "suggestions are searches");
    let raw = shop.http.get(format!("{}/search?q=cup", shop.base_url)).send().await.expect("the shop answers");
    assert!(raw.status() != 429 || raw.headers().contains_key("retry-after"));
}
