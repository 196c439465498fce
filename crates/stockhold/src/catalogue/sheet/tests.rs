//! What a sheet may look like, and what is said of its mistakes.

use super::*;

fn dollars() -> Currency {
    Currency::parse("USD").expect("a currency")
}

fn sheet(text: &str) -> Sheet {
    read(text.as_bytes(), dollars()).expect("a sheet")
}

/// Row, column and message of each mistake.
fn mistakes(text: &str) -> Vec<(u64, String, String)> {
    sheet(text).errors.into_iter().map(|error| (error.row, error.column, error.mistake.to_string())).collect()
}

const OURS: &str = "slug,title,title_zh,description,description_zh,status,collection,option1_name,option1_value,sku,price,compare_at,weight_grams,stock\n";

#[test]
fn our_own_headings_tell_everything() {
    let text = format!(
        "\u{feff}{OURS}tea-cup,Tea cup,茶杯,Thin lip,薄口,active,Cups & bowls,Glaze,Celadon,CUP-CEL,32.00,38,210,24\n\
         tea-cup,,,,,,,,Tenmoku,CUP-TEN,36.5,,,1\n"
    );
    let sheet = sheet(&text);
    assert_eq!(sheet.errors, []);
    let cup = &sheet.products[0];
    assert_eq!((cup.slug.as_str(), cup.status, cup.rows), ("tea-cup", Some(ProductStatus::Active), 2));
    assert_eq!((cup.title.get("zh-CN"), cup.description.get("en")), ("茶杯", "Thin lip"));
    assert_eq!(cup.collections, Some(vec!["cups-bowls".to_owned()]));
    assert_eq!(sheet.collections["cups-bowls"], "Cups & bowls");
    let facts = |at: usize| {
        let variant = &cup.variants[at];
        (variant.new.price_minor, variant.new.compare_at_minor, variant.new.weight_grams, variant.stock, variant.row)
    };
    assert_eq!(facts(0), (3200, Some(3800), Some(210), Some(24), 2));
    assert_eq!(facts(1), (3650, None, None, Some(1), 3));
    assert_eq!(cup.variants[1].new.options["Glaze"].get("en"), "Tenmoku");
}

#[test]
fn both_generations_of_shopify_are_read() {
    let old = "Handle,Title,Body (HTML),Vendor,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,\
        Variant Inventory Qty,Variant Price,Variant Compare At Price,Image Src\n\
        mug,Mug,<p>Big</p>,Kiln,TRUE,Title,Default Title,'007,350.0,5,18.00,0.00,a.jpg\n\
        mug,,,,,,,,,,,,b.jpg\n";
    let new = "Title,URL handle,Description,Vendor,Published on online store,Status,SKU,Option1 name,Option1 value,Price,\
        Compare-at price,Inventory quantity,Weight value (grams)\n\
        Mug,mug,Big,Kiln,TRUE,Active,007,Title,Default Title,18.00,,5,350\n";
    for text in [old, new] {
        let sheet = sheet(text);
        assert_eq!(sheet.errors, [], "{text}");
        let mug = &sheet.products[0];
        assert_eq!((mug.slug.as_str(), mug.variants.len(), mug.options.len()), ("mug", 1, 0));
        assert_eq!((mug.description.get("en"), mug.status), ("Big", Some(ProductStatus::Active)));
        let variant = &mug.variants[0];
        assert_eq!((variant.new.sku.as_str(), variant.stock), ("007", Some(5)));
        assert_eq!(
            (variant.new.price_minor, variant.new.compare_at_minor, variant.new.weight_grams),
            (1800, None, Some(350))
        );
    }
}

#[test]
fn semicolons_come_with_decimal_commas() {
    let sheet = sheet("slug;title;sku;price\r\ncup;Cup;C-1;32,50\r\nbowl;Bowl;B-1;18.00\r\n");
    assert_eq!(sheet.errors, []);
    assert_eq!(sheet.products.iter().map(|p| p.variants[0].new.price_minor).collect::<Vec<_>>(), [3250, 1800]);
}

#[test]
fn rows_are_numbered_as_a_spreadsheet_shows_them() {
    for end in ["\n", "\r\n"] {
        let text =
            "slug,title,description,sku,price\ncup,Cup,\"two\nlines\",C-1,1\n\nbowl,Bowl,,B-1,x\n,,,,\npot,Pot,,P-1,y";
        let rows: Vec<u64> = mistakes(&text.replace('\n', end)).into_iter().map(|(row, ..)| row).collect();
        assert_eq!(rows, [4, 6], "{end:?}");
    }
}

#[test]
fn every_mistake_names_its_cell() {
    let text = "Handle,Title,Option1 Name,Option1 Value,Variant SKU,Variant Price,Variant Inventory Qty,Status\n\
        cup,Cup,Glaze,Celadon,C-1,32.005,-1,active\n\
        cup,,,,C-2,1,,\n\
        bowl,,,,C-1,,,sold\n\
        a/b,Pot,,,P-1,1,,\n\
        ,,,,P-2,1,,\n\
        pan,Pan,,,P 3,\"1,000.00\",1.5,\n\
        lid,Lid,,,L-1,1,,,one too many\n";
    let found = mistakes(text);
    let cells: Vec<(u64, &str)> = found.iter().map(|(row, column, _)| (*row, column.as_str())).collect();
    let expected = [
        (2, "Variant Price"),
        (2, "Variant Inventory Qty"),
        (3, "Option1 Value"),
        (4, "Title"),
        (4, "Status"),
        (4, "Variant SKU"),
        (4, "Variant Price"),
        (5, "Handle"),
        (6, "Handle"),
        (7, "Variant SKU"),
        (7, "Variant Price"),
        (7, "Variant Inventory Qty"),
        (8, ""),
    ];
    let mut cells = cells;
    cells.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(cells, expected, "{found:#?}");
}

#[test]
fn no_product_is_called_as_a_page_of_the_desk() {
    let found = mistakes("slug,title,sku,price\n,New,N-1,1\ncup,Cup,count,1\nnew-cup,New cup,counts,1\n");
    let cells: Vec<(u64, &str)> = found.iter().map(|(row, column, _)| (*row, column.as_str())).collect();
    assert_eq!(cells, [(2, "slug"), (3, "sku")], "{found:#?}");
}

#[test]
fn a_price_is_read_without_guessing() {
    let yen = Currency::parse("JPY").expect("a currency");
    let dinar = Currency::parse("KWD").expect("a currency");
    for (text, currency, decimal, minor) in [
        ("32", dollars(), Decimal::Point, Some(3200)),
        ("32.5", dollars(), Decimal::Point, Some(3250)),
        ("0.07", dollars(), Decimal::Point, Some(7)),
        ("32,50", dollars(), Decimal::Point, None),
        ("32,50", dollars(), Decimal::PointOrComma, Some(3250)),
        ("1.234,50", dollars(), Decimal::PointOrComma, None),
        ("1,234.50", dollars(), Decimal::Point, None),
        ("32.000", dollars(), Decimal::Point, None),
        ("-1", dollars(), Decimal::Point, None),
        ("1e3", dollars(), Decimal::Point, None),
        ("$5", dollars(), Decimal::Point, None),
        (".5", dollars(), Decimal::Point, None),
        ("5.", dollars(), Decimal::Point, None),
        ("٣", dollars(), Decimal::Point, None),
        ("99999999999999999999", dollars(), Decimal::Point, None),
        ("1290", yen, Decimal::Point, Some(1290)),
        ("1290.00", yen, Decimal::Point, Some(1290)),
        ("1290.000", yen, Decimal::Point, None),
        ("1290.5", yen, Decimal::Point, None),
        ("12.9", dinar, Decimal::Point, Some(12900)),
    ] {
        assert_eq!(amount(text, currency, decimal).ok(), minor, "{text} {currency}");
    }
}

#[test]
fn what_is_no_sheet_is_refused_as_a_whole() {
    let refused = |bytes: &[u8]| read(bytes, dollars()).expect_err("no sheet").to_string();
    assert!(refused(b"").contains("empty"));
    assert!(refused(b"slug,title,sku\n").contains("price"));
    assert!(refused(b"slug,title,sku,price,SKU\n").contains("twice"));
    assert!(refused(b"slug,title,sku,price\n\xb2\xe8\xb1\xad,x,y,1\n").contains("UTF-8"));
    let long = format!("slug,title,sku,price\ncup,{},C-1,1\n", "x".repeat(rows::FIELD_BYTES_MAX + 1));
    assert_eq!(mistakes(&long).len(), 1);
    let endless = std::io::repeat(b'x');
    assert!(matches!(read(endless, dollars()), Err(SheetError::TooLarge)));
    let rows = "a,A,\u{61},1\n".repeat(rows::ROWS_MAX as usize + 1);
    assert!(matches!(
        read(format!("slug,title,sku,price\n{rows}").as_bytes(), dollars()),
        Err(SheetError::TooManyRows)
    ));
}

#[test]
fn a_name_becomes_an_address() {
    for (name, slug) in [("Tea cups & bowls", "tea-cups-bowls"), ("茶杯", "茶杯"), ("  Été!  ", "été"), ("***", "")]
    {
        assert_eq!(slug_of(name), slug);
    }
}

/// What nobody could be charged is found out with the file, and not by the first buyer.
#[test]
fn a_price_between_the_steps_of_its_currency_is_a_mistake() {
    for (code, price, right) in [
        ("KWD", "1.005", false),
        ("KWD", "1.010", true),
        ("ISK", "150.50", false),
        ("ISK", "150", true),
        ("UGX", "0.01", false),
        ("HUF", "150.50", true),
        ("JPY", "150", true),
    ] {
        let currency = Currency::parse(code).expect("a currency");
        // What it cost before is not charged.
        let text = format!("slug,title,sku,price,compare_at\nmug,Mug,M-1,1,\ncup,Cup,C-1,{price},0.01\n");
        let text = if code == "JPY" { text.replace("0.01", "1") } else { text };
        let errors = read(text.as_bytes(), currency).expect("a sheet").errors;
        let places: Vec<(u64, &str)> = errors.iter().map(|error| (error.row, error.column.as_str())).collect();
        assert_eq!(places, if right { vec![] } else { vec![(3, "price")] }, "{code} {price}: {errors:?}");
    }
}

#[test]
fn collections_are_named_by_slugs_of_which_there_may_be_several() {
    let sheet = sheet("slug,title,sku,price,collections\ncup,Cup,C-1,1,cups tea-things\nbowl,Bowl,B-1,1,\n");
    assert_eq!(sheet.errors, []);
    assert_eq!(sheet.products[0].collections, Some(vec!["cups".to_owned(), "tea-things".to_owned()]));
    assert_eq!(sheet.products[1].collections, Some(vec![]));
    let told = mistakes("slug,title,sku,price,collections\ncup,Cup,C-1,1,\"Cups, bowls\"\n");
    assert_eq!((told[0].0, told[0].1.as_str()), (2, "collections"));
}

/// Nobody could open it at the desk, whichever column named it.
#[test]
fn no_collection_is_called_as_a_page_of_the_desk() {
    let woo = "ID,Type,SKU,Name,Regular price,Categories\n1,simple,C-1,Cup,1,\"Cups, Sale > New\"\n";
    for (text, column, slug) in [
        ("slug,title,sku,price,collections\ncup,Cup,C-1,1,cups arrange\n", "collections", "arrange"),
        ("slug,title,sku,price,collection\ncup,Cup,C-1,1,New!\n", "collection", "new"),
        (woo, "Categories", "new"),
    ] {
        let told = mistakes(text);
        assert_eq!((told.len(), told[0].0, told[0].1.as_str()), (1, 2, column), "{told:?}");
        let words = format!("No collection is called {slug}: pages of the desk are called new, arrange.");
        assert!(told[0].2.starts_with(&words), "{told:?}");
    }
    assert_eq!(mistakes("slug,title,sku,price,collection\ncup,Cup,C-1,1,New cups\n"), []);
}

#[test]
fn what_an_export_made_harmless_is_read_as_it_was_meant() {
    let sheet = sheet("slug,title,description,sku,price\ncup,'=Cup,\"'- thin\n- light\",'-CUP,1\n");
    assert_eq!(sheet.errors, []);
    let cup = &sheet.products[0];
    assert_eq!((cup.title.get("en"), cup.description.get("en")), ("=Cup", "- thin\n- light"));
    assert_eq!(cup.variants[0].new.sku.as_str(), "-CUP");
}

/// Each unit that WooCommerce knows, in whole grams.
#[test]
fn weights_of_woocommerce_become_grams() {
    for (unit, text, grams) in
        [("kg", "0.21", 210), ("g", "210", 210), ("lbs", "1", 454), ("oz", "1.5", 43), ("kg", "0,0004", 0)]
    {
        let text = format!("ID,Type,SKU,Name,Regular price,Weight ({unit})\n1,simple,C-1,Cup,1,\"{text}\"\n");
        let sheet = sheet(&text);
        assert_eq!(sheet.errors, [], "{text}");
        assert_eq!(sheet.products[0].variants[0].new.weight_grams, Some(grams), "{text}");
    }
}
