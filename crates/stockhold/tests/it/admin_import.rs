//! Files into the shop and out of it: columns named, looked through, done once; read back as they were written.

use std::sync::Arc;

use rules::time::{Span, Timestamp};
use serde_json::{Value, json};
use stockhold::catalogue::export::{Export, Format, What};
use stockhold::catalogue::intake::{Intakes, Phase};
use stockhold::catalogue::stock_sheet::{self, CountSheet, StockReport};
use stockhold::catalogue::{self, ImportReport, Storeroom};
use stockhold::shop::Shop;
use stockhold::staff::Role;
use stockhold::storage::products::{self, Product};
use stockhold::storage::{RowExt, settings};
use stockhold::values;

use crate::coupons::{issue, tea10};
use crate::on_both_engines;
use crate::privacy::{BUYER, buys};
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;

fn room(shop: &Shop) -> Storeroom<'_> {
    Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: shop.settings().currency, now: shop.now() }
}

async fn import(shop: &TestShop, text: &str) -> ImportReport {
    catalogue::import(room(&shop.shop), text.as_bytes(), false, |_| {}).await.expect("a sheet")
}

async fn file(shop: &TestShop, what: What, format: Format) -> String {
    let mut export = Export::of(what, format, "UTC");
    let mut all = Vec::new();
    while let Some(piece) = export.next(room(&shop.shop)).await.expect("it is written") {
        all.extend(piece);
    }
    String::from_utf8(all).expect("UTF-8")
}

async fn product(shop: &TestShop, slug: &str) -> Product {
    let found = products::find(&shop.shop.storage, slug, shop.shop.now()).await.expect("the database answers");
    found.unwrap_or_else(|| panic!("there is no {slug}"))
}

async fn count(shop: &TestShop, identity: &str, taken_at: Timestamp, sheet: &str) -> StockReport {
    let counts = CountSheet { identity, taken_at };
    stock_sheet::import(room(&shop.shop), sheet.as_bytes(), counts, "test", false, |_| {}).await.expect("a sheet")
}

async fn hand_in(browser: &Browser<'_>, kind: &str, encoding: &str, file: &[u8]) -> Page {
    browser.hand_in("/admin/data", &[("kind", kind), ("encoding", encoding)], "goods.csv", file).await
}

/// Waits, by asking, until the import that was begun has come to its end.
async fn ended(shop: &TestShop, place: &str) -> Phase {
    let id = place.rsplit('/').next().expect("an id").to_owned();
    let intakes = Intakes::of(&shop.shop.config.data_dir);
    loop {
        let intake = intakes.find(&id).expect("the folder answers").expect("it is there");
        if intake.phase != Phase::Applying {
            return intake.phase;
        }
        tokio::task::yield_now().await;
    }
}

const WOO: &str = "ID,Type,SKU,Name,Published,Short description,Description,Tax class,In stock?,Stock,Weight (kg),\
Sale price,Regular price,Categories,Images,Parent,Attribute 1 name,Attribute 1 value(s),Attribute 2 name,Attribute 2 value(s)\n\
10,variable,TEA,\"Tea cup\",1,Short,\"<p>Thin <b>lip</b></p>\",,1,,0.21,,,\"Cups, Sale > Autumn\",a.jpg,,Glaze,\"Celadon, Tenmoku\",Care,Hand wash\n\
11,variation,TEA-CEL,\"Tea cup - Celadon\",1,,,parent,1,5,,28.00,32.00,,,id:10,Glaze,Celadon,,\n\
12,variation,TEA-TEN,\"Tea cup - Tenmoku\",1,,,parent,1,-2,0.25,,36.5,,,TEA,Glaze,Tenmoku,,\n\
13,\"simple, virtual\",BOOK,Book,-1,,Good,reduced-rate,1,3,,,12,,,,,,,\n";

on_both_engines!(
    /// WooCommerce's parents, variations and attributes become products, variants and options; what cannot be sold here is
    /// named with its row, and nothing is written.
    a_woocommerce_export_becomes_products,
    TestShop,
    async |shop: &TestShop| {
        let report = import(shop, WOO).await;
        assert_eq!(report.errors, []);
        assert_eq!((report.new, report.variants, report.received), (2, 3, 2));
        let cup = product(shop, "tea-cup").await;
        assert_eq!((cup.title.get("en"), cup.options.as_slice()), ("Tea cup", &["Glaze".to_owned()][..]));
        assert!(cup.description.get("en").contains("**lip"), "{:?}", cup.description);
        assert_eq!(cup.collections, ["autumn", "cups"]);
        let facts: Vec<_> = cup
            .variants
            .iter()
            .map(|v| (v.sku.to_string(), v.title.get("en").to_owned(), v.price_minor, v.compare_at_minor, v.weight_grams, v.on_hand))
            .collect();
        assert_eq!(facts, [
            ("TEA-CEL".to_owned(), "Celadon".to_owned(), 2800, Some(3200), Some(210), 5),
            ("TEA-TEN".to_owned(), "Tenmoku".to_owned(), 3650, None, Some(250), 0),
        ]);
        let book = product(shop, "book").await;
        assert_eq!((book.status.as_str(), book.variants.len(), book.tax_class.as_str()), ("draft", 1, "reduced-rate"));
        assert_eq!(import(shop, WOO).await.unchanged, 2, "the same file again changes nothing");

        let wrong = WOO.replace("id:10", "id:99").replace("\"simple, virtual\"", "grouped").replace("36.5", "x");
        let report = import(shop, &wrong).await;
        let told: Vec<_> = report.errors.iter().map(|error| (error.row, error.column.as_str())).collect();
        assert_eq!(told, [(3, "Parent"), (4, "Regular price"), (5, "Type")], "{:?}", report.errors);
    }
);

on_both_engines!(
    /// What was written out is read in as it was: products, stock and coupons; and no cell is a formula.
    an_export_is_read_back_as_it_was,
    TestShop,
    async |shop: &TestShop| {
        import(shop, WOO).await;
        let tricky = "slug,title,title_zh,description,status,collections,option1_name,option1_value,sku,price,stock\n\
            bowl,=Bowl,碗,\"- thin\n- light\",active,bowls tea-things,Size,+S,-BOWL-S,10.00,4\n\
            bowl,,,,,,,-M,@BOWL-M,12.00,\n";
        assert_eq!(import(shop, tricky).await.errors, []);
        assert_eq!(product(shop, "bowl").await.collections, ["bowls", "tea-things"]);
        issue(&shop.shop.storage, &tea10()).await;
        let text = file(shop, What::Products, Format::Csv).await;
        let mut cells = csv::Reader::from_reader(text.as_bytes());
        for record in cells.records() {
            let record = record.expect("CSV");
            let armed = record.iter().find(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            assert_eq!(armed, None, "a spreadsheet would compute this");
        }
        let report = import(shop, &text).await;
        assert_eq!((report.errors.len(), report.new, report.changed, report.unchanged), (0, 0, 0, 3), "{report:?}");
        let coupons = file(shop, What::Coupons, Format::Csv).await;
        assert!(coupons.starts_with("\u{feff}code,kind") && coupons.contains("TEA10"), "{coupons}");

        buys(shop, "one", BUYER, None).await;
        for what in What::ALL {
            let json: Value = serde_json::from_str(&file(shop, what, Format::Json).await).expect("JSON");
            assert!(json.as_array().is_some(), "{what:?}");
        }
    }
);

on_both_engines!(
    /// An export is written a page at a time, and has every order once.
    an_export_of_orders_has_each_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 999).await;
        let (status, body) = buys(shop, "one", BUYER, None).await;
        assert_eq!(status, 201, "{body}");
        for number in 0..230 {
            let body = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": format!("b{number}@example.org") });
            let (status, body) = shop.staff("POST", "/api/checkout", &format!("n{number}"), body).await;
            assert_eq!(status, 201, "{body}");
        }
        let orders: Value = serde_json::from_str(&file(shop, What::Orders, Format::Json).await).expect("JSON");
        let orders = orders.as_array().expect("a list").clone();
        assert_eq!(orders.len(), 231);
        let numbers: std::collections::BTreeSet<i64> = orders.iter().filter_map(|order| order["number"].as_i64()).collect();
        assert_eq!(numbers.len(), 231);
        assert_eq!((&orders[0]["city"], &orders[0]["items"][0]["quantity"]), (&"Birdhaven".into(), &2.into()));
        let customers: Value = serde_json::from_str(&file(shop, What::Customers, Format::Json).await).expect("JSON");
        assert_eq!(customers.as_array().map(Vec::len), Some(231));
        let csv = file(shop, What::Orders, Format::Csv).await;
        assert!(csv.contains("2 × mug"), "{}", csv.lines().nth(1).unwrap_or_default());
    }
);

on_both_engines!(
    /// A count is done once however often its form is sent, and the same file again, after a sale, takes nothing back.
    a_stock_count_counts_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        shop.stock("bowl", 2).await;
        let manager = shop.sign_in(Role::Manager).await;
        let page = hand_in(&manager, "stock", "gb18030", &{
            // 货号,数量
            let mut bytes = vec![0xbb, 0xf5, 0xba, 0xc5, b',', 0xca, 0xfd, 0xc1, 0xbf, b'\n'];
            bytes.extend_from_slice(b"mug,9\nbowl,2\n");
            bytes
        })
        .await;
        assert_eq!(page.status, 303, "{}", page.text);
        let place = page.location;
        let form = manager.get(&place).await;
        assert!(form.text.contains("货号") && form.text.contains("value=\"sku\" selected"), "{}", form.text);
        let checked = manager.post(&format!("{place}/check"), &[("column0", "sku"), ("column1", "on_hand")]).await;
        assert_eq!((checked.status, checked.location.as_str()), (303, place.as_str()), "{}", checked.text);
        assert_eq!(shop.level("mug").await, (5, 0), "nothing was counted yet");
        let apply = format!("{place}/apply");
        let (one, two) = tokio::join!(manager.post(&apply, &[]), manager.post(&apply, &[]));
        assert_eq!((one.status, two.status), (303, 303));
        assert_eq!(ended(shop, &place).await, Phase::Done);
        assert_eq!(shop.level("mug").await, (9, 0));
        shop.paid(&[("mug", 1)]).await;
        manager.post(&apply, &[]).await;
        assert_eq!(ended(shop, &place).await, Phase::Done);
        assert_eq!(shop.level("mug").await, (8, 0), "what was sold since stays sold");
        let sql = "select count(*) from movements where reason = 'counted'";
        assert_eq!(shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0), 1);

        // The same rows handed in anew are a new count.
        let manager = shop.sign_in(Role::Fulfilment).await;
        assert_eq!(hand_in(&manager, "products", "utf-8", b"sku,title\n").await.status, 403, "who counts goods names none");
        let anew = hand_in(&manager, "stock", "utf-8", b"\xef\xbb\xbfsku;on_hand\r\nmug;9\r\nbowl;\r\n").await;
        manager.post(&format!("{}/check", anew.location), &[("column0", "sku"), ("column1", "on_hand")]).await;
        manager.post(&format!("{}/apply", anew.location), &[]).await;
        assert_eq!(ended(shop, &anew.location).await, Phase::Done);
        assert_eq!(shop.level("mug").await, (9, 0));
    }
);

on_both_engines!(
    /// The command line has no page that remembers: the sheet's own identity is what counts once.
    the_same_sheet_again_takes_no_sale_back,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let monday = shop.shop.now();
        let sheet = "sku,on_hand\nmug,9\n";
        assert_eq!(count(shop, "monday", monday, sheet).await.changed, 1);
        shop.shop.clock.advance(Span::seconds(1));
        shop.paid(&[("mug", 2)]).await;
        let again = count(shop, "monday", monday, sheet).await;
        assert_eq!((again.changed, again.counted_before), (0, 1));
        assert_eq!(shop.level("mug").await, (7, 0));
        assert_eq!(count(shop, "friday", shop.shop.now(), sheet).await.changed, 1);
        assert_eq!(shop.level("mug").await, (9, 0));
    }
);

on_both_engines!(
    /// A row that was right leaves no movement: it is held against the shelf of its own moment, so that the same sheet again
    /// takes no sale back. What was changed by hand since is looked at again.
    a_row_that_was_right_is_held_against_its_own_moment,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 10).await;
        shop.stock("bowl", 4).await;
        let monday = shop.shop.now();
        let sheet = "sku,on_hand\nmug,10\nbowl,5\n";
        shop.shop.clock.advance(Span::seconds(1));
        let first = count(shop, "monday", monday, sheet).await;
        assert_eq!((first.changed, first.unchanged), (1, 1));
        shop.paid(&[("mug", 2)]).await;
        let again = count(shop, "monday", monday, sheet).await;
        assert_eq!((again.changed, again.unchanged, again.counted_before), (0, 1, 1), "{again:?}");
        assert_eq!((shop.level("mug").await, shop.level("bowl").await), ((8, 0), (5, 0)), "what was sold stays sold");
        // One less was there on Monday: two were sold since.
        assert_eq!(count(shop, "recount", monday, "sku,on_hand\nmug,9\n").await.changed, 1);
        assert_eq!(shop.level("mug").await, (7, 0));

        // By now somebody has counted by hand, and the next sheet of Monday may say the same once more.
        let late = count(shop, "another", monday, "sku,on_hand\nmug,8\n").await;
        assert_eq!(late.errors.iter().map(|error| error.row).collect::<Vec<_>>(), [2], "{late:?}");
        assert!(late.errors[0].mistake.to_string().contains("changed by hand since"), "{late:?}");
        let again = count(shop, "monday", monday, sheet).await;
        assert_eq!((again.unchanged, again.counted_before), (1, 1), "nothing that anybody did since is undone");
        assert_eq!(shop.level("mug").await, (7, 0));
    }
);

on_both_engines!(
    /// A file that is older than the goods it counts was written for what would come in.
    a_sheet_that_is_older_than_its_goods_counts_what_came_in,
    TestShop,
    async |shop: &TestShop| {
        let saved = shop.shop.now();
        shop.shop.clock.advance(Span::minutes(10));
        shop.stock("mug", 5).await;
        assert_eq!(count(shop, "old", saved, "sku,on_hand\nmug,9\n").await.changed, 1);
        assert_eq!(shop.level("mug").await, (9, 0));
        shop.stock("bowl", 3).await;
        assert_eq!(count(shop, "right", saved, "sku,on_hand\nbowl,3\n").await.unchanged, 1);
        shop.paid(&[("bowl", 1)]).await;
        assert_eq!(count(shop, "right", saved, "sku,on_hand\nbowl,3\n").await.unchanged, 1);
        assert_eq!(shop.level("bowl").await, (2, 0));
    }
);

on_both_engines!(
    /// Goods that are missing are not on the shelf: a sheet counts what is there, and an export says the same.
    goods_that_are_missing_are_not_counted,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        shop.check_out(&[("mug", 5)]).await;
        let noted = json!({ "delta": -2, "reason": "counted", "shortfall": true });
        let (status, level) = shop.staff("POST", "/api/admin/stock/mug/movements", "gone", noted).await;
        assert_eq!((status, &level["on_hand"], &level["short"]), (201, &5.into(), &2.into()), "{level}");
        let exported = file(shop, What::Stock, Format::Csv).await;
        assert!(exported.contains("mug,mug,mug,3,5,0"), "{exported}");
        shop.shop.clock.advance(Span::seconds(1));
        let read_back = count(shop, "export", shop.shop.now(), &exported).await;
        assert_eq!((read_back.changed, read_back.unchanged, read_back.errors.len()), (0, 1, 0), "{read_back:?}");
        let fewer = count(shop, "fewer", shop.shop.now(), "sku,on_hand\nmug,2\n").await;
        assert!(fewer.errors[0].mistake.to_string().contains("5 of mug are held"), "{fewer:?}");
        assert_eq!(count(shop, "found", shop.shop.now(), "sku,on_hand\nmug,5\n").await.changed, 1);
        let (_, found) = shop.staff("GET", "/api/admin/stock/mug", "k", json!({})).await;
        assert_eq!((&found["on_hand"], &found["short"]), (&5.into(), &0.into()), "both were found: {found}");
    }
);

on_both_engines!(
    /// The desk's own sheet comes back as it was downloaded: its count is the column that was filled in, held against what is
    /// printed beside it, once.
    a_downloaded_count_sheet_is_held_against_what_is_printed_on_it,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("bowl", 4).await;
        shop.stock("mug", 10).await;
        let manager = shop.sign_in(Role::Manager).await;
        let printed = manager.get("/admin/stock/count.csv").await.text;
        let counted = printed.replace("10,0,10,1,", "10,0,10,1,9").replace("4,0,4,1,", "4,0,4,1,4");
        assert_ne!(counted, printed, "{printed}");
        shop.shop.clock.advance(Span::minutes(1));
        shop.paid(&[("mug", 2)]).await;
        shop.shop.clock.advance(Span::minutes(1));
        for told in ["", "changed by hand since"] {
            let place = hand_in(&manager, "stock", "utf-8", counted.as_bytes()).await.location;
            let id = place.rsplit('/').next().expect("an id");
            let intake = Intakes::of(&shop.shop.config.data_dir).find(id).expect("the folder answers").expect("it is there");
            assert_eq!(intake.mapping, ["sku", "", "", "", "", "on_shelf", "revision", "on_hand"]);
            let columns: Vec<(String, &str)> =
                intake.mapping.iter().enumerate().map(|(at, word)| (format!("column{at}"), word.as_str())).collect();
            let columns: Vec<(&str, &str)> = columns.iter().map(|(name, word)| (name.as_str(), *word)).collect();
            manager.post(&format!("{place}/check"), &columns).await;
            let page = manager.get(&place).await;
            assert!(page.text.contains(told), "{told}: {}", page.text);
            manager.post(&format!("{place}/apply"), &[]).await;
            ended(shop, &place).await;
            assert_eq!((shop.level("mug").await, shop.level("bowl").await), ((7, 0), (4, 0)), "once");
        }
    }
);

on_both_engines!(
    /// Below what is held, an unknown number, nonsense: named with the row, and nothing is counted.
    a_count_with_a_mistake_counts_nothing,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        shop.check_out(&[("mug", 3)]).await;
        let manager = shop.sign_in(Role::Manager).await;
        let page = hand_in(&manager, "stock", "utf-8", b"sku,on_hand\nmug,2\nnone,4\nmug,5\ncup,x\n").await;
        let place = page.location;
        manager.post(&format!("{place}/check"), &[("column0", "sku"), ("column1", "on_hand")]).await;
        let told = manager.get(&place).await;
        for words in ["3 of mug are held", "no item number none", "mug is in the file twice", "4 errors"] {
            assert!(told.text.contains(words), "{words}: {}", told.text);
        }
        // Once checked, it is told in the language of whoever looks.
        let chinese = manager.get(&format!("/zh{place}")).await;
        for words in ["mug 有 3 件被未付款订单占用", "店里没有货号 none", "货号 mug 在文件中重复", "盘点数量须为 0"] {
            assert!(chinese.text.contains(words), "{words}: {}", chinese.text);
        }
        assert!(manager.get(&format!("/zh{place}/errors.csv")).await.text.contains("货号 mug 在文件中重复"));
        let errors = manager.get(&format!("{place}/errors.csv")).await;
        assert!(errors.text.starts_with("\u{feff}row,column,message") && errors.text.lines().count() == 5, "{}", errors.text);
        manager.post(&format!("{place}/apply"), &[]).await;
        assert_eq!(ended(shop, &place).await, Phase::Checked);
        assert_eq!(shop.level("mug").await, (5, 3));
    }
);

on_both_engines!(
    /// Columns with strange names are named by hand; a slip is told; then the goods are there, in both languages' pages.
    products_come_in_by_columns_that_somebody_named,
    TestShop,
    async |shop: &TestShop| {
        let manager = shop.sign_in(Role::Manager).await;
        let csv = "Bezeichnung;Artikel;Preis;Farbe;Notiz\nTasse;T-1;12,50;x;y\n";
        let page = hand_in(&manager, "products", "utf-8", csv.as_bytes()).await;
        let place = page.location;
        let missing = manager.post(&format!("{place}/check"), &[("column0", "title"), ("column1", "sku")]).await;
        assert!(missing.status == 422 && missing.text.contains("price"), "{}", missing.text);
        let twice = [("column0", "title"), ("column1", "sku"), ("column2", "sku")];
        assert_eq!(manager.post(&format!("{place}/check"), &twice).await.status, 422);
        let named = [("column0", "title"), ("column1", "sku"), ("column2", "price"), ("column3", ""), ("column4", "")];
        assert_eq!(manager.post(&format!("{place}/check"), &named).await.status, 303);
        for prefix in ["", "/zh"] {
            assert_eq!(manager.get(&format!("{prefix}{place}")).await.status, 200);
        }
        manager.post(&format!("{place}/apply"), &[]).await;
        assert_eq!(ended(shop, &place).await, Phase::Done);
        assert_eq!(product(shop, "tasse").await.variants[0].price_minor, 1250);
        for (kind, file, words) in [
            ("products", &b"\xff\xfe"[..], "not UTF-8"),
            ("products", b"", "Choose a file"),
            ("stock", b"sku,on_hand\n\"a,1", "Uploaded"),
        ] {
            let page = hand_in(&manager, kind, "utf-8", file).await;
            assert!(page.status == 303 || page.text.contains(words), "{words}: {} {}", page.status, page.text);
        }
        let packer = shop.sign_in(Role::Fulfilment).await;
        assert_eq!(hand_in(&packer, "products", "utf-8", csv.as_bytes()).await.status, 403);
        assert_eq!(packer.get(&place).await.status, 404, "they hand in counts, and see no other files");
        let reader = shop.sign_in(Role::ReadOnly).await;
        assert_eq!(reader.post(&format!("{place}/apply"), &[]).await.status, 403);
        assert_eq!(manager.get("/admin/data/imp_../../shop").await.status, 404);
    }
);

on_both_engines!(
    /// An import that died with its process is gone on with, and a file that waited for a day is gone.
    an_import_that_stopped_goes_on,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let manager = shop.sign_in(Role::Manager).await;
        let place = hand_in(&manager, "stock", "utf-8", b"sku,on_hand\nmug,9\n").await.location;
        manager.post(&format!("{place}/check"), &[("column0", "sku"), ("column1", "on_hand")]).await;
        let intakes = Intakes::of(&shop.shop.config.data_dir);
        let id = place.rsplit('/').next().expect("an id");
        let mut intake = intakes.find(id).expect("the folder answers").expect("it is there");
        // As a process leaves it that dies right after it has begun.
        assert!(intakes.begin(&mut intake, shop.shop.now()).expect("the folder answers"));
        manager.post(&format!("{place}/apply"), &[]).await;
        assert!(manager.get(&place).await.text.contains("<progress"), "somebody is at it");
        shop.shop.clock.advance(Span::minutes(2));
        assert!(manager.get(&place).await.text.contains("stopped on its way"));
        manager.post(&format!("{place}/apply"), &[]).await;
        assert_eq!(ended(shop, &place).await, Phase::Done);
        assert_eq!(shop.level("mug").await, (9, 0));
        assert_eq!(intakes.forget_before(shop.shop.now()).expect("the folder answers"), 1);
        assert_eq!(manager.get(&place).await.status, 404);
        let _: Arc<Shop> = shop.shop.clone();
        assert_eq!(settings::all(&shop.shop.storage).await.expect("the database answers").get("currency").map(String::as_str), Some("USD"));
    }
);

on_both_engines!(
    /// An export goes out as it is read; packed on its way, it arrives whole. A packed file ends with how long it is unpacked.
    an_export_arrives_whole_when_it_is_packed,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        buys(shop, "one", BUYER, None).await;
        let manager = shop.sign_in(Role::Manager).await;
        for what in ["products", "orders", "customers", "stock"] {
            let plain = manager.post(&format!("/admin/data/export/{what}"), &[("format", "csv")]).await.text;
            let request = shop.http.post(format!("{}/admin/data/export/{what}", shop.base_url));
            let request = request.header("Sec-Fetch-Site", "same-origin").header("Accept-Encoding", "gzip");
            let request = request.header("Content-Type", "application/x-www-form-urlencoded").body("format=csv");
            let packed = request.header("Cookie", format!("admin={}", manager.cookie("admin"))).send().await;
            let packed = packed.expect("the shop answers");
            assert_eq!(packed.headers().get("content-encoding").map(reqwest::header::HeaderValue::as_bytes), Some(&b"gzip"[..]));
            let bytes = packed.bytes().await.expect("it does not break off");
            let length = bytes.last_chunk::<4>().map(|end| u32::from_le_bytes(*end) as usize);
            assert_eq!((&bytes[..2], length), (&b"\x1f\x8b"[..], Some(plain.len())), "{what}");
        }
    }
);
