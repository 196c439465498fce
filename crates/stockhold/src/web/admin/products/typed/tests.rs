//! A product's form is read whole, and gives back what it was given.

use super::*;

fn usd() -> Currency {
    Currency::parse("USD").expect("a currency")
}

fn typed(pairs: &[(&str, &str)]) -> Typed {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    Typed::parse(&pairs)
}

#[test]
fn combinations_keep_what_was_typed() {
    let form = typed(&[
        ("slug", "tea-cup"),
        ("variant.0.sku", "CUP"),
        ("variant.0.price", "32"),
        ("variant.0.active", "1"),
        ("option.0.name", "Glaze"),
        ("option.0.en", "Celadon， Ash"),
        ("option.0.zh-CN", "粉青, 灰"),
        ("option.1.name", "Size"),
        ("option.1.en", "Small, Large"),
    ]);
    let form = form.shaped("generate");
    let rows: Vec<(&str, String)> = form.variants.iter().map(|v| (v.sku.as_str(), v.values.join("/"))).collect();
    let expected = [
        ("CUP", "Celadon/Small"),
        ("TEA-CUP-CELADON-LARGE", "Celadon/Large"),
        ("TEA-CUP-ASH-SMALL", "Ash/Small"),
        ("TEA-CUP-ASH-LARGE", "Ash/Large"),
    ];
    assert_eq!(rows, expected.map(|(sku, values)| (sku, values.to_owned())));
    assert!(form.variants.iter().all(|row| row.price == "32" && row.active));

    // A value goes: its rows stay and are not offered; the others keep what was typed.
    let mut fewer = form.clone();
    fewer.options[0].values_en = "Celadon".to_owned();
    fewer.variants[1].price = "36".to_owned();
    let fewer = fewer.shaped("generate");
    let rows: Vec<(&str, bool)> = fewer.variants.iter().map(|row| (row.price.as_str(), row.active)).collect();
    assert_eq!(rows, [("32", true), ("36", true), ("32", false), ("32", false)]);
}

#[test]
fn a_form_is_read_whole() {
    let form = typed(&[
        ("slug", "tea-cup"),
        ("status", "active"),
        ("title.en", " Tea cup "),
        ("title.zh-CN", "茶杯"),
        ("collection", "cups"),
        ("option.0.name", "Glaze"),
        ("option.0.en", "Celadon, Ash"),
        ("option.0.zh-CN", "粉青, 灰"),
        ("variant.0.sku", "A"),
        ("variant.0.price", "32,50"),
        ("variant.0.value.0", "Celadon"),
        ("variant.0.active", "1"),
        ("variant.1.sku", "B"),
        ("variant.1.price", "30"),
        ("variant.1.compare_at", "34"),
        ("variant.1.weight", "210"),
        ("variant.1.value.0", "Ash"),
    ]);
    let read = form.read(usd(), None).expect("it can be used");
    assert_eq!(read.product.title, Localized::of(&[("en", "Tea cup"), ("zh-CN", "茶杯")]));
    assert_eq!(read.product.variants[0].title, Localized::of(&[("en", "Celadon"), ("zh-CN", "粉青")]));
    assert_eq!((read.product.variants[0].price_minor, read.product.variants[1].compare_at_minor), (3250, Some(3400)));
    assert_eq!(read.retired.iter().map(Sku::as_str).collect::<Vec<_>>(), ["B"]);
}

/// A value without a Chinese word keeps its place free, and two may have the same one.
#[test]
fn a_chinese_value_stays_at_its_place() {
    let mut form = typed(&[
        ("slug", "茶杯"),
        ("status", "draft"),
        ("title.en", "Tea cup"),
        ("option.0.name", "Glaze"),
        ("option.0.en", "Celadon, Navy, Blue"),
        ("option.0.zh-CN", ", 蓝, 蓝"),
    ]);
    for (at, value) in ["Celadon", "Navy", "Blue"].into_iter().enumerate() {
        let row = TypedVariant {
            sku: format!("CUP-{at}"),
            price: "30".to_owned(),
            active: true,
            values: vec![value.to_owned()],
            ..TypedVariant::default()
        };
        form.variants.push(row);
    }
    let read = form.read(usd(), Some("茶杯")).expect("an address that stands is not judged");
    let titles: Vec<&Localized> = read.product.variants.iter().map(|variant| &variant.title).collect();
    let (navy, blue) = (&[("en", "Navy"), ("zh-CN", "蓝")], &[("en", "Blue"), ("zh-CN", "蓝")]);
    assert_eq!(titles, [&Localized::of(&[("en", "Celadon")]), &Localized::of(navy), &Localized::of(blue)]);
    let fields = |wrongs: Vec<Wrong>| wrongs.into_iter().map(|wrong| wrong.field).collect::<Vec<_>>();
    assert_eq!(fields(form.read(usd(), None).expect_err("a new one is")), ["slug"]);
    // A value that the list does not have would lose its other language unseen.
    form.variants[1].values = vec!["Large, 300 ml".to_owned()];
    assert_eq!(fields(form.read(usd(), Some("茶杯")).expect_err("it is not listed")), ["variant.1.value.0"]);
}

#[test]
fn every_field_that_cannot_be_used_is_named_at_once() {
    let form = typed(&[
        ("slug", "New cup"),
        ("status", "gone"),
        ("ships_from", "soon"),
        ("option.0.name", ""),
        ("variant.0.sku", "a b"),
        ("variant.0.price", "free"),
        ("variant.0.weight", "-1"),
        ("variant.0.active", "1"),
    ]);
    let wrongs = form.read(usd(), None).expect_err("it cannot be used");
    let fields: Vec<&str> = wrongs.iter().map(|wrong| wrong.field.as_str()).collect();
    let expected = [
        "slug",
        "status",
        "title.en",
        "ships_from",
        "option.0.name",
        "variant.0.sku",
        "variant.0.price",
        "variant.0.weight",
        "variant.0.value.0",
    ];
    assert_eq!(fields, expected);
}
