//! The shelves: what can be had of each product, how lists are walked, and goods that come by spreadsheet.

use std::collections::BTreeMap;

use rules::payments::{MoneyState, SessionState};
use rules::text::Sku;
use rules::time::Span;
use stockhold::catalogue::{self, Storeroom};
use stockhold::storage::products::{
    self, Cursor, ListQuery, Localized, NewProduct, NewVariant, Product, ProductStatus, SaveError, Saved,
};

use crate::on_both_engines;
use crate::support::books::{TestBooks, noon, sku, usd};

fn room(shop: &TestBooks) -> Storeroom<'_> {
    Storeroom { storage: &shop.storage, ledger: &shop.ledger, currency: usd(), now: noon() }
}

fn variant(sku: &str, price_minor: i64) -> NewVariant {
    NewVariant {
        sku: Sku::parse(sku).expect("a SKU"),
        title: Localized::of(&[("en", "Celadon"), ("zh-CN", "粉青")]),
        options: BTreeMap::from([("Glaze".to_owned(), Localized::of(&[("en", "Celadon"), ("zh-CN", "粉青")]))]),
        price_minor,
        compare_at_minor: None,
        weight_grams: Some(210),
    }
}

fn cup(slug: &str, skus: &[&str]) -> NewProduct {
    NewProduct {
        tax_class: None,
        slug: slug.to_owned(),
        status: ProductStatus::Active,
        title: Localized::of(&[("en", "Tea cup 50%"), ("zh-CN", "茶杯")]),
        description: Localized::default(),
        options: vec!["Glaze".to_owned()],
        image: Some("cup".to_owned()),
        ships_from: None,
        specs: None,
        variants: skus.iter().map(|sku| variant(sku, 3200)).collect(),
        collections: Some(vec!["cups".to_owned()]),
    }
}

async fn find(shop: &TestBooks, slug: &str) -> Product {
    products::find(&shop.storage, slug, noon()).await.expect("the database answers").expect("the product stands")
}

async fn import(shop: &TestBooks, text: &str) -> catalogue::ImportReport {
    catalogue::import(room(shop), text.as_bytes(), false, |_| {}).await.expect("a sheet")
}

async fn listed(shop: &TestBooks, query: ListQuery<'_>) -> Vec<String> {
    let page = products::list(&shop.storage, query, noon()).await.expect("the database answers");
    page.products.into_iter().map(|product| product.slug).collect()
}

on_both_engines!(a_due_hold_does_not_count_as_taken, async |shop: &TestBooks| {
    products::upsert(&shop.storage, cup("mug", &["M-1"]), noon()).await.expect("it is saved");
    shop.count("M-1", 3).await.expect("goods are received");
    let order = shop.place_open(&[("M-1", 2)]).await;
    let available = async |now| {
        let product = products::find(&shop.storage, "mug", now).await.expect("the database answers");
        let mug = product.expect("the mug stands").variants.remove(0);
        (mug.available, mug.on_hand, mug.held)
    };
    assert_eq!(available(noon()).await, (1, 3, 2));
    assert_eq!(available(noon() + Span::minutes(30)).await, (3, 3, 2), "the hold is due");

    // The buyer has finished with a delayed method: nobody can take these back, however late it gets.
    let fact = shop.fact(order, SessionState::Complete, MoneyState::Unpaid).await;
    shop.record(order, fact).await.expect("it is recorded");
    assert_eq!(available(noon() + Span::minutes(30)).await, (1, 3, 2));
});

on_both_engines!(a_product_is_saved_once_and_changed_in_place, async |shop: &TestBooks| {
    let save = async |new: NewProduct| products::upsert(&shop.storage, new, noon()).await;
    assert_eq!(save(cup("tea-cup", &["C-1", "C-2"])).await, Ok(Saved::New));
    assert_eq!(save(cup("tea-cup", &["C-1", "C-2"])).await, Ok(Saved::Unchanged));
    shop.count("C-1", 5).await.expect("goods are received");
    let before = find(shop, "tea-cup").await;

    let mut other = cup("tea-cup", &["C-1"]);
    other.variants[0].price_minor = 3600;
    assert_eq!(save(other).await, Ok(Saved::Changed));
    let after = find(shop, "tea-cup").await;
    assert_eq!(after.id, before.id);
    assert_eq!(after.variants.len(), 1, "what is no longer named is no longer offered");
    assert_eq!((after.variants[0].price_minor, after.variants[0].on_hand), (3600, 5));
    assert_eq!(after.collections, ["cups"]);

    assert_eq!(save(cup("tea-cup", &["C-1", "C-2"])).await, Ok(Saved::Changed), "and may come back");
    let taken = save(cup("other-cup", &["C-2"])).await;
    assert_eq!(taken, Err(SaveError::SkuOfAnother { sku: sku("C-2"), slug: "tea-cup".to_owned() }));
    assert_eq!(save(cup("twin", &["T-1", "T-1"])).await, Err(SaveError::SkuTwice { sku: sku("T-1") }));
    assert_eq!(save(cup("none", &[])).await, Err(SaveError::NoVariants));
});

on_both_engines!(a_list_is_walked_page_by_page, async |shop: &TestBooks| {
    for number in 0..5 {
        let mut new = cup(&format!("cup-{number}"), &[&format!("C_{number}")]);
        new.status = if number == 3 { ProductStatus::Draft } else { ProductStatus::Active };
        new.collections = Some(if number == 0 { vec![] } else { vec!["cups".to_owned()] });
        products::upsert(&shop.storage, new, noon()).await.expect("it is saved");
    }
    let mut after: Option<Cursor> = None;
    let mut walked = Vec::new();
    loop {
        let query = ListQuery { limit: 2, after: after.clone(), ..ListQuery::default() };
        let page = products::list(&shop.storage, query, noon()).await.expect("the database answers");
        walked.extend(page.products.into_iter().map(|product| product.slug));
        let Some(next) = page.next else { break };
        after = Some(next.to_string().parse().expect("a place in the list"));
    }
    assert_eq!(walked, ["cup-0", "cup-1", "cup-2", "cup-4"]);

    let all = ListQuery { limit: 10, ..ListQuery::default() };
    let cups = ListQuery { collection: Some("cups"), ..all.clone() };
    assert_eq!(listed(shop, cups).await, ["cup-1", "cup-2", "cup-4"]);
    assert_eq!(listed(shop, ListQuery { include_drafts: true, ..all.clone() }).await.len(), 5);
    for (q, found) in [
        ("TEA CUP", 4),
        ("茶杯", 4),
        ("50%", 4),
        ("5%0", 0),
        ("c_1", 1),
        ("cel", 4),
        ("粉青", 4),
        ("青粉", 0),
        ("cx1", 0),
        ("zh-CN", 0),
        ("\"", 0),
    ] {
        assert_eq!(listed(shop, ListQuery { q: Some(q.to_owned()), ..all.clone() }).await.len(), found, "{q}");
    }
    let by_sku = products::by_skus(&shop.storage, &[sku("C_1"), sku("C_3"), sku("X")], noon()).await;
    assert_eq!(by_sku.expect("the database answers").len(), 2);
});

on_both_engines!(the_demo_is_put_on_the_shelves_once, async |shop: &TestBooks| {
    for _ in 0..2 {
        catalogue::seed_demo(room(shop)).await.expect("the demo is seeded");
    }
    assert_eq!(shop.count_of("select count(*) from products").await, 24);
    assert_eq!(shop.count_of("select count(*) from variants").await, 60);
    assert_eq!(shop.count_of("select count(*) from movements").await, 58);
    assert_eq!(products::collections(&shop.storage).await.expect("the database answers").len(), 3);
    let cup = find(shop, "tea-cup").await;
    let last = cup.variant("HK-CUP-120-TEN").expect("the Tenmoku cup");
    assert_eq!(
        (last.available, last.title.get("zh-CN"), last.option_slugs().next().as_deref()),
        (1, "天目", Some("tenmoku"))
    );
    assert_eq!(cup.variants[0].compare_at_minor, Some(3800));
});

const SHEET: &str = "slug,title,title_zh,collection,option1_name,option1_value,sku,price,stock\n\
    tea-cup,Tea cup,茶杯,Cups & bowls,Glaze,Celadon,C-1,32.00,4\n\
    tea-cup,,,,,Tenmoku,C-2,36.00,\n\
    bowl,Bowl,,Cups & bowls,,,B-1,24.00,7\n";

on_both_engines!(a_sheet_is_imported_and_imported_again, async |shop: &TestBooks| {
    let mut rows = Vec::new();
    let dry = catalogue::import(room(shop), SHEET.as_bytes(), true, |row| rows.push(row)).await.expect("a sheet");
    assert_eq!((dry.new, dry.variants, dry.received, rows.len()), (2, 3, 2, 0));
    assert_eq!(shop.count_of("select count(*) from products").await, 0, "a dry run writes nothing");

    let done = catalogue::import(room(shop), SHEET.as_bytes(), false, |row| rows.push(row)).await.expect("a sheet");
    assert_eq!((done.new, done.errors.len(), rows.as_slice()), (2, 0, [0, 3].as_slice()));
    assert_eq!(shop.level("C-1").await, (4, 0));
    assert_eq!(products::collections(&shop.storage).await.expect("an answer")[0].title.get("en"), "Cups & bowls");

    let again = import(shop, SHEET).await;
    assert_eq!((again.unchanged, again.received, again.stock_left_alone), (2, 0, 2));
    let changed = import(shop, &SHEET.replace("24.00,7", "26.00,9")).await;
    assert_eq!((changed.changed, changed.unchanged), (1, 1));
    assert_eq!(find(shop, "bowl").await.variants[0].price_minor, 2600);
    assert_eq!(shop.level("B-1").await, (7, 0), "stock that was counted before is left alone");

    let english = "handle,title,option1_name,option1_value,sku,price\ntea-cup,Cup,Glaze,Celadon,C-1,32\n";
    import(shop, english).await;
    let cup = find(shop, "tea-cup").await;
    assert_eq!((cup.title.get("en"), cup.title.get("zh-CN")), ("Cup", "茶杯"), "the other language stays");
    assert_eq!(cup.collections, ["cups-bowls"], "and what the sheet does not speak of");
});

on_both_engines!(one_wrong_row_and_nothing_is_written, async |shop: &TestBooks| {
    products::upsert(&shop.storage, cup("tea-cup", &["C-9"]), noon()).await.expect("it is saved");
    let text = format!("{SHEET}pot,Pot,,,,,P-1,free,1\nlid,Lid,,,,,C-9,1,1\n");
    let report = import(shop, &text).await;
    let rows: Vec<u64> = report.errors.iter().map(|error| error.row).collect();
    assert_eq!(rows, [5, 6], "{:#?}", report.errors);
    assert_eq!(shop.count_of("select count(*) from products").await, 1);
    assert_eq!(shop.count_of("select count(*) from movements").await, 0);
});

on_both_engines!(an_import_that_was_cut_short_is_finished_by_the_next, async |shop: &TestBooks| {
    // The products were written, and the power went before their goods were received.
    let unstocked = SHEET.replace("32.00,4", "32.00,").replace("24.00,7", "24.00,");
    import(shop, &unstocked).await;
    let report = import(shop, SHEET).await;
    assert_eq!((report.unchanged, report.received), (2, 2));
    assert_eq!((shop.level("C-1").await, shop.level("B-1").await), ((4, 0), (7, 0)));
});
