//! Products at the desk: made, changed by two people at once, moved, priced by the dozen, taken away.

use rules::money::Currency;
use rules::time::Span;
use stockhold::staff::Role;
use stockhold::storage::products::{self, Product, ProductStatus, bulk, redirects};
use stockhold::storage::{RowExt, coupons};
use stockhold::values;

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;

fn png(shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(640, 640, image::Rgb([shade, 160, 90]));
    image::DynamicImage::from(picture).write_to(&mut bytes, image::ImageFormat::Png).expect("it is encoded");
    bytes.into_inner()
}

/// A tea cup in two glazes, as somebody types it.
const CUP: [(&str, &str); 18] = [
    ("slug", "tea-cup"),
    ("status", "draft"),
    ("title.en", "Tea cup"),
    ("title.zh-CN", "茶杯"),
    ("description.en", "Thrown by hand."),
    ("description.zh-CN", "手工拉坯。"),
    ("tax_class", "standard"),
    ("option.0.name", "Glaze"),
    ("option.0.en", "Celadon, Ash"),
    ("option.0.zh-CN", "粉青, 灰"),
    ("variant.0.sku", "CUP-CEL"),
    ("variant.0.price", "32.00"),
    ("variant.0.value.0", "Celadon"),
    ("variant.0.active", "1"),
    ("variant.1.sku", "CUP-ASH"),
    ("variant.1.price", "30.00"),
    ("variant.1.value.0", "Ash"),
    ("variant.1.active", "1"),
];

/// The same with some fields typed otherwise.
fn typed<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<(&str, &str)> =
        CUP.into_iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name)).collect();
    fields.extend(changes);
    fields
}

async fn make(browser: &Browser<'_>) {
    let made = browser.post("/admin/products/new", &CUP).await;
    assert_eq!(
        (made.status, made.location.as_str()),
        (303, "/admin/products/tea-cup?done=product-made"),
        "{}",
        made.text
    );
}

async fn find(shop: &TestShop, slug: &str) -> Option<Product> {
    products::find(&shop.shop.storage, slug, shop.shop.now()).await.expect("the database answers")
}

async fn save(browser: &Browser<'_>, slug: &str, changes: &[(&str, &str)]) -> Page {
    let revision = browser.get(&format!("/admin/products/{slug}")).await.hidden("revision");
    let mut fields = typed(changes);
    fields.push(("revision", &revision));
    browser.post(&format!("/admin/products/{slug}"), &fields).await
}

on_both_engines!(
    /// From nothing to a product in the shop, by forms alone.
    a_product_is_made_with_two_variants_and_a_picture,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        let empty = browser.get("/admin/products").await;
        for way in ["/admin/products/new", "/admin/data", "/admin/products/sample"] {
            assert!(empty.text.contains(&format!("{way}\"")), "{way}");
        }
        // Two options become a matrix; what was typed stays.
        let shaped = [("slug", "tea-cup"), ("title.en", "Tea cup"), ("variant.0.price", "32"), ("do", "generate")];
        let options = [("option.0.name", "Glaze"), ("option.0.en", "Celadon, Ash"), ("variant.0.active", "1")];
        let form = browser.post("/admin/products/new/shape", &[&shaped[..], &options].concat()).await;
        assert_eq!(form.status, 200, "{}", form.text);
        assert!(form.text.contains("value=\"TEA-CUP-ASH\"") && form.text.contains("value=\"Tea cup\""), "{}", form.text);
        assert!(find(shop, "tea-cup").await.is_none(), "nothing was saved");

        let wrong = browser.post("/admin/products/new", &typed(&[("variant.1.price", "cheap"), ("slug", "Tea cup")])).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text.contains("href=\"#variant.1.price\"") && wrong.text.contains("value=\"cheap\""), "{}", wrong.text);
        make(&browser).await;
        make(&browser).await; // A double click.
        let draft = Browser::new(shop);
        assert_eq!(draft.get("/products/tea-cup").await.status, 404, "a draft is nobody's business");

        // A picture that says nothing keeps it from customers.
        assert_eq!(browser.hand_in("/admin/products/tea-cup/pictures", &[], "cup.png", b"<svg>").await.status, 422);
        let added = browser.hand_in("/admin/products/tea-cup/pictures", &[("alt-en", "A cup")], "cup.png", &png(30)).await;
        assert_eq!((added.status, added.location.as_str()), (303, "/admin/products/tea-cup?done=picture-added"));
        let refused = save(&browser, "tea-cup", &[("status", "active")]).await;
        assert_eq!(refused.status, 422, "{}", refused.text);
        let page = browser.get("/admin/products/tea-cup").await;
        let revision = page.hidden("revision");
        let alts = [("alt-en.1", "A cup"), ("alt-zh-CN.1", "茶杯"), ("sku.1", "CUP-ASH"), ("revision", &revision)];
        assert_eq!(browser.post("/admin/products/tea-cup/pictures/arrange", &alts).await.status, 303);
        let saved = save(&browser, "tea-cup", &[("status", "active")]).await;
        assert_eq!((saved.status, saved.location.as_str()), (303, "/admin/products/tea-cup?done=product-saved"));

        let page = browser.get("/admin/products/tea-cup").await.text;
        assert!(page.contains("Nothing is in stock") && page.contains("/products/tea-cup"), "{page}");
        let units = [("units", "3"), ("identity", "one")];
        for _ in 0..2 {
            assert_eq!(browser.post("/admin/stock/CUP-ASH/change", &units).await.status, 303);
        }
        assert_eq!(shop.level("CUP-ASH").await, (3, 0), "a double click receives once");
        let product = find(shop, "tea-cup").await.expect("it stands");
        assert_eq!((product.variants.len(), product.images[0].sku.as_str()), (2, "CUP-ASH"));
        let public = Browser::new(shop).get("/zh/products/tea-cup").await;
        assert!(public.status == 200 && public.text.contains("茶杯"), "{}", public.text);
        assert!(browser.get("/admin/products/tea-cup").await.text.contains("They can."));
    }
);

on_both_engines!(
    /// Two people edit one product: the second sees both, loses nothing that was typed, and overwrites nothing unseen.
    of_two_people_who_edit_one_product_the_second_sees_both,
    TestShop,
    async |shop: &TestShop| {
        let (ann, ben) = (shop.sign_in(Role::Manager).await, shop.sign_in(Role::Owner).await);
        make(&ann).await;
        let read = ben.get("/admin/products/tea-cup").await.hidden("revision");
        assert_eq!(save(&ann, "tea-cup", &[("title.en", "Small tea cup")]).await.status, 303);

        let mut fields = typed(&[("variant.0.price", "35.00")]);
        fields.push(("revision", &read));
        let conflict = ben.post("/admin/products/tea-cup", &fields).await;
        assert_eq!(conflict.status, 409);
        for shown in ["Small tea cup", "35.00", "32.00", "Somebody changed this"] {
            assert!(conflict.text.contains(shown), "{shown} in {}", conflict.text);
        }
        let stands = find(shop, "tea-cup").await.expect("it stands");
        assert_eq!((stands.title.get("en"), stands.variants[0].price_minor), ("Small tea cup", 3200), "nothing changed");

        // Having seen both, Ben keeps Ann's title and his price.
        let seen = conflict.hidden("revision");
        let mut fields = typed(&[("variant.0.price", "35.00"), ("title.en", "Small tea cup")]);
        fields.push(("revision", &seen));
        for _ in 0..2 {
            let saved = ben.post("/admin/products/tea-cup", &fields).await;
            assert_eq!(saved.status, 303, "and a double click is one save: {}", saved.text);
        }
        let stands = find(shop, "tea-cup").await.expect("it stands");
        assert_eq!((stands.title.get("en"), stands.variants[0].price_minor), ("Small tea cup", 3500));

        // Eight at once, all from one version: one is heard.
        let read = ben.get("/admin/products/tea-cup").await.hidden("revision");
        let bodies: Vec<String> = (0..8).map(|number| format!("Cup {number}")).collect();
        let saves = bodies.iter().map(|title| {
            let mut fields = typed(&[("title.en", title.as_str())]);
            fields.push(("revision", &read));
            let ben = &ben;
            async move { ben.post("/admin/products/tea-cup", &fields).await.status }
        });
        let statuses = futures_util::future::join_all(saves).await;
        assert_eq!(statuses.iter().filter(|status| **status == 303).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 7, "{statuses:?}");
    }
);

on_both_engines!(
    /// What is worth knowing of a product is typed at the desk, in both languages, and stands on its page.
    details_are_typed_at_the_desk_and_shown_in_the_shop,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        make(&browser).await;
        let active = ("status", "active");
        let size = [("spec.0.name.en", "Size"), ("spec.0.name.zh-CN", "尺寸"), ("spec.0.value.en", "8 cm")];
        // The second row is left empty, as the form offers it.
        let care = [("spec.1.name.en", ""), ("spec.1.value.en", " "), ("spec.2.name.en", "Care"), ("spec.2.value.zh-CN", "可用洗碗机")];
        let both = [&[active][..], &size, &care].concat();
        assert_eq!(save(&browser, "tea-cup", &both).await.status, 303);
        let buyer = Browser::new(shop);
        let (english, chinese) = (buyer.get("/products/tea-cup").await.text, buyer.get("/zh/products/tea-cup").await.text);
        assert!(english.contains("<dt>Size</dt><dd>8 cm</dd>") && english.contains("<dt>Care</dt>"), "{english}");
        assert!(chinese.contains("<dt>尺寸</dt><dd>8 cm</dd>") && chinese.contains("<dd>可用洗碗机</dd>"), "{chinese}");
        let form = browser.get("/admin/products/tea-cup").await.text;
        for field in ["name=\"spec.1.name.en\" value=\"Care\"", "name=\"spec.2.value.zh-CN\" value=\"\""] {
            assert!(form.contains(field), "{field} in {form}");
        }
        assert!(!form.contains("name=\"spec.3."), "one row is free");
        // Another is asked for by a button; what was typed stays.
        let more = [&[("do", "add-spec"), active][..], &size, &care, &[("spec.2.value.en", "By hand")]].concat();
        let shaped = browser.post("/admin/products/tea-cup/shape", &more).await.text;
        assert!(shaped.contains("value=\"By hand\"") && shaped.contains("name=\"spec.2.name.en\" value=\"\""), "{shaped}");

        // A name without a value is not saved, and stays as it was typed.
        let half = [&[active][..], &size, &[("spec.1.name.zh-CN", "容量"), ("spec.2.value.en", "a\tb")]].concat();
        let wrong = save(&browser, "tea-cup", &half).await;
        assert_eq!(wrong.status, 422);
        for shown in ["href=\"#spec.1.value.en\"", "href=\"#spec.2.name.en\"", "href=\"#spec.2.value.en\"", "value=\"容量\""] {
            assert!(wrong.text.contains(shown), "{shown} in {}", wrong.text);
        }
        // A form without such rows leaves them as they are; rows that were emptied go.
        let details = async || find(shop, "tea-cup").await.expect("it stands").specs.len();
        assert_eq!(save(&browser, "tea-cup", &[active]).await.status, 303);
        assert_eq!(details().await, 2);
        assert_eq!(save(&browser, "tea-cup", &[&[active, ("spec.1.name.en", "")][..], &size].concat()).await.status, 303);
        assert_eq!(details().await, 1);

        // Somebody was faster: both are shown, and what was typed is kept.
        let read = browser.get("/admin/products/tea-cup").await.hidden("revision");
        let larger = [active, ("spec.0.name.en", "Size"), ("spec.0.value.en", "9 cm")];
        assert_eq!(save(&browser, "tea-cup", &larger).await.status, 303);
        let smaller = [active, ("spec.0.name.en", "Size"), ("spec.0.value.en", "7 cm"), ("revision", &read)];
        let conflict = browser.post("/admin/products/tea-cup", &typed(&smaller)).await;
        assert_eq!(conflict.status, 409);
        for shown in ["Size: 9 cm", "Size: 7 cm", "name=\"spec.0.value.en\" value=\"7 cm\""] {
            assert!(conflict.text.contains(shown), "{shown} in {}", conflict.text);
        }
    }
);

on_both_engines!(
    /// A product that moves is found under every address that it had, in one step; a new one may take an old address.
    a_product_that_moved_is_found_where_it_was,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        make(&browser).await;
        let code = serde_json::json!({ "code": "TEA10", "kind": "percent", "percent_off": 10, "active": true,
            "applies_to": { "products": ["tea-cup", "bowl"], "collections": ["tea-cup"] } });
        let (status, told) = shop.staff("POST", "/api/admin/coupons", "code", code).await;
        assert_eq!(status, 201, "{told}");
        save(&browser, "tea-cup", &[("status", "active")]).await;
        let moved = save(&browser, "tea-cup", &[("status", "active"), ("slug", "small-cup")]).await;
        assert_eq!(moved.location, "/admin/products/small-cup?done=product-moved", "{}", moved.text);
        save(&browser, "small-cup", &[("status", "active"), ("slug", "tiny-cup")]).await;

        let buyer = Browser::new(shop);
        for (old, now) in [
            ("/products/tea-cup", "/products/tiny-cup"),
            ("/products/small-cup?variant=CUP-ASH", "/products/tiny-cup?variant=CUP-ASH"),
            ("/zh/products/tea-cup", "/zh/products/tiny-cup"),
        ] {
            let page = buyer.get(old).await;
            assert_eq!((page.status, page.location.as_str()), (301, now), "{old}: chains collapse");
        }
        assert_eq!(browser.get("/admin/products/tea-cup").await.location, "/admin/products/tiny-cup");
        assert_eq!(buyer.get("/products/never-was").await.status, 404);
        let stored = coupons::find(&shop.shop.storage, &rules::coupons::CouponCode::parse("TEA10").expect("a code")).await;
        let targets = stored.expect("the database answers").expect("it stands").coupon.applies_to;
        assert_eq!(targets.products.iter().map(String::as_str).collect::<Vec<_>>(), ["bowl", "tiny-cup"]);
        assert_eq!(targets.collections.iter().map(String::as_str).collect::<Vec<_>>(), ["tea-cup"], "a collection stays");

        // Another product takes the oldest address: it is that product's.
        let other = [("variant.0.sku", "NEW-1"), ("variant.1.sku", "NEW-2"), ("title.en", "Another"), ("status", "active")];
        assert_eq!(browser.post("/admin/products/new", &typed(&other)).await.status, 303);
        let page = buyer.get("/products/tea-cup").await;
        assert!(page.status == 200 && page.text.contains("Another"), "{} {}", page.status, page.location);
        assert_eq!(buyer.get("/products/small-cup").await.location, "/products/tiny-cup");
        let taken = save(&browser, "tiny-cup", &[("slug", "tea-cup")]).await;
        assert_eq!(taken.status, 409, "an address that stands is not taken");
        assert!(find(shop, "tiny-cup").await.is_some());

        // Back to where it was: nothing leads in circles.
        save(&browser, "tiny-cup", &[("status", "active"), ("slug", "small-cup")]).await;
        assert_eq!(buyer.get("/products/small-cup").await.status, 200);
        assert_eq!(buyer.get("/products/tiny-cup").await.location, "/products/small-cup");
        assert_eq!(redirects::find(&shop.shop.storage, "small-cup").await, Ok(None));
    }
);

on_both_engines!(
    /// What was ever in stock is archived and keeps its orders; what never was goes for good.
    a_product_with_a_history_is_archived_and_one_without_goes,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        make(&browser).await;
        let revision = browser.get("/admin/products/tea-cup").await.hidden("revision");
        let stale = browser.post("/admin/products/tea-cup/remove", &[("revision", "1")]).await;
        assert_eq!(stale.status, 409, "nobody deletes what they have not seen");
        for _ in 0..2 {
            let gone = browser.post("/admin/products/tea-cup/remove", &[("revision", &revision)]).await;
            assert_eq!(gone.location, "/admin/products?done=product-removed", "{}", gone.text);
        }
        for table in ["select count(*) from variants", "select count(*) from stock_levels"] {
            let rows = shop.shop.storage.read(table, values![]).await.expect("the database answers");
            assert_eq!(rows[0].int(0), 0, "{table}");
        }

        shop.stock("mug", 2).await;
        let order = shop.paid(&[("mug", 1)]).await;
        let revision = browser.get("/admin/products/mug").await.hidden("revision");
        let archived = browser.post("/admin/products/mug/remove", &[("revision", &revision)]).await;
        assert_eq!(archived.location, "/admin/products/mug?done=product-archived", "{}", archived.text);
        assert_eq!(find(shop, "mug").await.map(|product| product.status), Some(ProductStatus::Archived));
        assert_eq!(shop.view(order).await.lines[0].sku, "mug");
        assert_eq!(Browser::new(shop).get("/products/mug").await.status, 410);
    }
);

on_both_engines!(
    /// Goods that are for sale have no picture that says nothing, whichever form would bring it there.
    what_is_for_sale_has_no_picture_that_says_nothing,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        make(&browser).await;
        let pictures = "/admin/products/tea-cup/pictures";
        let both = [("alt-en", "A cup"), ("alt-zh-CN", "茶杯")];
        for _ in 0..2 {
            assert_eq!(browser.hand_in(pictures, &both, "cup.png", &png(30)).await.status, 303);
        }
        assert_eq!(find(shop, "tea-cup").await.map(|cup| cup.images.len()), Some(1), "a double click hangs it once");
        assert_eq!(save(&browser, "tea-cup", &[("status", "active")]).await.status, 303);
        assert_eq!(browser.hand_in(pictures, &both[..1], "cup.png", &png(60)).await.status, 422);
        let revision = async || browser.get("/admin/products/tea-cup").await.hidden("revision");
        let arrange = async |chinese: &str, revision: &str| {
            let fields = [("alt-en.1", "A cup"), ("alt-zh-CN.1", chinese), ("revision", revision)];
            browser.post(&format!("{pictures}/arrange"), &fields).await.status
        };
        let read = revision().await;
        assert_eq!((arrange("", &read).await, arrange("杯", "1").await), (422, 409));
        // A draft may wait for its words, but is not put on sale without them.
        assert_eq!(save(&browser, "tea-cup", &[("status", "draft")]).await.status, 303);
        let read = revision().await;
        assert_eq!(arrange("", &read).await, 303);
        let picked = format!("tea-cup {}", revision().await);
        let wish = [("what", "status"), ("status", "active"), ("pick", picked.as_str())];
        let changed = browser.post("/admin/products/bulk", &wish).await;
        assert!(changed.text.contains("0 products changed, 1 not."), "{}", changed.text);
        assert_eq!(find(shop, "tea-cup").await.map(|cup| cup.status), Some(ProductStatus::Draft));
    }
);

on_both_engines!(
    /// Many at once: each row has its own result, and one that somebody edits meanwhile keeps nobody else's price.
    prices_and_status_are_changed_by_the_dozen,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        for name in ["bowl", "mug", "tray"] {
            shop.stock(name, 1).await;
        }
        let list = browser.get("/admin/products").await.text;
        let pick = |name: &str| {
            let at = list.find(&format!("value=\"{name} ")).expect("it can be ticked") + 7;
            list[at..].split('"').next().expect("the value ends").to_owned()
        };
        let (bowl, mug, tray) = (pick("bowl"), pick("mug"), pick("tray"));
        // Somebody saves the mug in between.
        let (status, told) = shop.staff("PUT", "/api/admin/products/mug", "mug", serde_json::json!({
            "title": { "en": "Mug" }, "status": "active",
            "variants": [{ "sku": "mug", "price": { "amount": 2000, "currency": "USD" } }] })).await;
        assert_eq!(status, 200, "{told}");
        let wish = [("what", "price"), ("how", "raise"), ("value", "10"), ("rounding", "just_below")];
        let picked = [("pick", bowl.as_str()), ("pick", &mug), ("pick", &tray)];
        let changed = browser.post("/admin/products/bulk", &[&wish[..], &picked].concat()).await;
        assert!(changed.status == 200 && changed.text.contains("2 products changed, 1 not."), "{}", changed.text);
        let price = async |name: &str| find(shop, name).await.expect("it stands").variants[0].price_minor;
        assert_eq!((price("bowl").await, price("mug").await, price("tray").await), (3499, 2000, 3499));

        let again = browser.post("/admin/products/bulk", &[&wish[..], &picked].concat()).await;
        assert!(again.text.contains("0 products changed, 3 not."), "a reload changes no price twice: {}", again.text);

        let list = browser.get("/admin/products?q=bowl").await.text;
        let at = list.find("value=\"bowl ").expect("it is found") + 7;
        let bowl = list[at..].split('"').next().expect("the value ends");
        let wish = [("what", "status"), ("status", "archived"), ("pick", bowl)];
        assert_eq!(browser.post("/admin/products/bulk", &wish).await.status, 200);
        assert_eq!(find(shop, "bowl").await.map(|product| product.status), Some(ProductStatus::Archived));
        assert!(browser.get("/admin/products?status=archived").await.text.contains("/admin/products/bowl\""));
        assert_eq!(Currency::parse("USD").expect("a currency"), shop.shop.settings().currency);
    }
);

on_both_engines!(
    /// Drawn goods come to an empty shop alone, whoever still has the page that offered them.
    a_shop_that_has_goods_gets_no_drawn_ones,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let browser = shop.sign_in(Role::Manager).await;
        assert_eq!(browser.post("/admin/products/sample", &[]).await.status, 303);
        let products = shop.shop.storage.read("select slug from products", values![]).await.expect("it answers");
        assert_eq!(products.len(), 1);
    }
);

on_both_engines!(
    /// Somebody saves a product between the look at it and the change of many: it keeps what they made of it.
    what_changed_since_it_was_read_is_not_changed_with_the_others,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let (storage, now) = (&shop.shop.storage, shop.shop.now());
        let read = find(shop, "mug").await.expect("it stands");
        assert_eq!(bulk::set_status(storage, &read, ProductStatus::Draft, now).await, Ok(true));
        assert_eq!(bulk::set_status(storage, &read, ProductStatus::Active, now).await, Ok(false));
        let prices = [(read.variants[0].sku.clone(), 1)];
        assert_eq!(bulk::set_prices(storage, &read, &prices, now).await, Ok(false));
        let stands = find(shop, "mug").await.expect("it stands");
        let (status, price) = (stands.status, stands.variants[0].price_minor);
        assert_eq!((status, price), (ProductStatus::Draft, read.variants[0].price_minor));
    }
);

on_both_engines!(
    /// Collections: made, changed by two, put in order, taken away; their products stay.
    collections_are_kept_at_the_desk,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        for (slug, title) in [("cups", "Cups"), ("gifts", "Gifts")] {
            let made = browser.post("/admin/collections/new", &[("slug", slug), ("title.en", title)]).await;
            assert_eq!(made.status, 303, "{}", made.text);
        }
        assert_eq!(browser.post("/admin/collections/new", &[("slug", "cups"), ("title.en", "Other")]).await.status, 409);
        for taken in ["new", "arrange"] {
            let refused = browser.post("/admin/collections/new", &[("slug", taken), ("title.en", "Autumn")]).await;
            assert!(refused.status == 422 && refused.text.contains(&format!("“{taken}”")), "{}", refused.text);
        }
        assert_eq!(browser.post("/admin/collections/arrange", &[("do", "up.gifts")]).await.status, 303);
        let list = browser.get("/admin/collections").await.text;
        assert!(list.find("Gifts") < list.find("Cups"), "{list}");
        make(&browser).await;
        save(&browser, "tea-cup", &[("collection", "cups")]).await;

        let revision = browser.get("/admin/collections/cups").await.hidden("revision");
        let change = |title: &'static str| [("revision", revision.clone()), ("title.en", title.to_owned())];
        let post = async |fields: [(&'static str, String); 2]| {
            let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            browser.post("/admin/collections/cups", &fields).await
        };
        assert_eq!(post(change("Tea cups")).await.status, 303);
        let conflict = post(change("All cups")).await;
        assert!(conflict.status == 409 && conflict.text.contains("Tea cups"), "{}", conflict.text);
        let seen = conflict.hidden("revision");
        let stale = browser.post("/admin/collections/cups/remove", &[("revision", &revision)]).await;
        assert_eq!(stale.location, "/admin/collections/cups?done=collection-changed", "nobody removes what they have not seen");
        assert_eq!(browser.get("/admin/collections/cups").await.status, 200);
        let removed = browser.post("/admin/collections/cups/remove", &[("revision", &seen)]).await;
        assert_eq!(removed.location, "/admin/collections?done=collection-removed");
        assert!(find(shop, "tea-cup").await.is_some_and(|product| product.collections.is_empty()));
        // Nor does it come back with the form of a product that was open all the while.
        assert_eq!(save(&browser, "tea-cup", &[("collection", "cups")]).await.status, 303);
        assert!(find(shop, "tea-cup").await.is_some_and(|product| product.collections.is_empty()));
        assert_eq!(browser.get("/admin/collections/cups").await.status, 404);
    }
);

on_both_engines!(
    /// Whoever may only read sees it all and changes nothing; fulfilment keeps its hands off prices.
    goods_are_changed_by_those_who_may,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 2).await;
        let reader = shop.sign_in(Role::ReadOnly).await;
        for page in ["/admin/products", "/admin/products/mug", "/admin/collections", "/admin/stock", "/admin/stock/mug"] {
            assert_eq!(reader.get(page).await.status, 200, "{page}");
            assert_eq!(reader.get(&format!("/zh{page}")).await.status, 200, "{page}");
        }
        for form in ["products/mug", "products/bulk", "products/mug/remove", "stock/mug/change", "stock/count"] {
            assert_eq!(reader.post(&format!("/admin/{form}"), &[("units", "1")]).await.status, 403, "{form}");
        }
        let packer = shop.sign_in(Role::Fulfilment).await;
        assert_eq!(packer.post("/admin/products/mug", &CUP).await.status, 403);
        assert_eq!(shop.level("mug").await, (2, 0));
        shop.shop.clock.advance(Span::minutes(1));
    }
);
