//! Coupons as a spreadsheet: out, and in again, all rows or none.

use std::collections::BTreeSet;

use rules::coupons::{Coupon, PercentOff, Reduction, Targets};
use rules::time::Timestamp;
use serde_json::{Value, json};
use stockhold::catalogue::ImportError;
use stockhold::catalogue::coupon_sheet::{self, CouponReport, Register};
use stockhold::catalogue::sheet::SheetError;
use stockhold::storage::coupons::{self, StoredCoupon};
use stockhold::storage::{Storage, settings};

use crate::coupons::{code, issue, tea10};
use crate::on_both_engines;
use crate::support::books::{TestBooks, noon, usd};
use crate::support::shop::{Answer, TestShop, answer};

fn register<'a>(storage: &'a Storage, time_zone: &'a str) -> Register<'a> {
    Register { storage, currency: usd(), time_zone, now: noon() }
}

async fn export(storage: &Storage, time_zone: &str) -> String {
    let mut file = Vec::new();
    coupon_sheet::export(register(storage, time_zone), &mut file).await.expect("it is written");
    String::from_utf8(file).expect("UTF-8")
}

async fn import(storage: &Storage, text: &str) -> CouponReport {
    coupon_sheet::import(register(storage, "UTC"), text.as_bytes(), false).await.expect("a sheet")
}

/// Row, column and message of each mistake.
async fn mistakes(storage: &Storage, text: &str) -> Vec<(u64, String, String)> {
    let report = import(storage, text).await;
    report.errors.into_iter().map(|error| (error.row, error.column, error.mistake.to_string())).collect()
}

async fn all(storage: &Storage) -> Vec<StoredCoupon> {
    coupons::list(storage, "", 1_000).await.expect("the database answers")
}

fn counts(report: &CouponReport) -> (u64, u64, u64, usize) {
    (report.new, report.changed, report.unchanged, report.errors.len())
}

/// Any coupon that a door takes; from a seed.
fn any(n: usize, draw: &mut impl FnMut(i64) -> i64) -> Coupon {
    let starts = ["", "-", "_", ".", "茶", "É", "0"];
    let slugs = |draw: &mut dyn FnMut(i64) -> i64| {
        let slugs = ["tea-cup", "=cmd", "+1", "-x", "@sum", "'it", "茶杯", "a,b", "a;b", "\"q\"", "x=1"];
        (0..draw(4)).map(|_| slugs[draw(slugs.len() as i64) as usize].to_owned()).collect::<BTreeSet<String>>()
    };
    let mut sometimes = |most: i64| (draw(2) == 0).then(|| draw(most) + 1);
    let reduction = match sometimes(10_000) {
        Some(hundredths) => Reduction::Percent(PercentOff::from_hundredths(hundredths).expect("a percentage")),
        None => Reduction::Amount { minor: sometimes(1_000_000).unwrap_or(1) },
    };
    // Any microsecond of two centuries: zones, summers and fractions.
    let starts_at = sometimes(6_000_000_000_000_000).map(|micros| micros - 2_000_000_000_000_000);
    let ends_at = sometimes(6_000_000_000_000_000).map(|micros| starts_at.unwrap_or(0) + micros);
    Coupon {
        max_discount_minor: sometimes(1_000_000),
        minimum_spend_minor: sometimes(1_000_000_000_000),
        usage_limit: sometimes(1_000_000_000),
        usage_limit_per_customer: sometimes(10),
        first_order_only: sometimes(1).is_some(),
        active: sometimes(1).is_some(),
        code: code(&format!("{}TEA{n}", starts[draw(starts.len() as i64) as usize])),
        reduction,
        currency: usd(),
        starts_at: starts_at.map(Timestamp::from_micros),
        ends_at: ends_at.map(Timestamp::from_micros),
        applies_to: Targets { products: slugs(draw), collections: slugs(draw) },
    }
}

/// The same rows as a European spreadsheet saves them.
fn with_semicolons(text: &str) -> String {
    let mut records = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
    let mut writer = csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
    for record in records.records() {
        let record = record.expect("CSV");
        let decimal = |(at, cell): (usize, &str)| match at {
            2 | 3 | 5 | 6 => cell.replace('.', ","),
            _ => cell.to_owned(),
        };
        writer.write_record(record.iter().enumerate().map(decimal)).expect("it is written");
    }
    String::from_utf8(writer.into_inner().expect("it is written")).expect("UTF-8")
}

on_both_engines!(
    /// Whatever the coupons: what was written out is read in as it was, and no cell is a formula.
    an_export_is_read_in_as_it_was,
    async |shop: &TestBooks| {
        let mut seed = 20_261_126_u64;
        let mut draw = move |most: i64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            i64::try_from(seed >> 12).expect("52 bits") % most
        };
        for n in 0..300 {
            let coupon = any(n, &mut draw);
            assert_eq!(coupon.check_fields(), Ok(()), "{coupon:?}");
            issue(&shop.storage, &coupon).await;
        }
        let before = all(&shop.storage).await;
        for zone in ["UTC", "Asia/Hong_Kong", "America/St_Johns", "Australia/Lord_Howe"] {
            let text = export(&shop.storage, zone).await;
            assert!(text.starts_with("\u{feff}code,kind,percent_off"));
            let mut cells = csv::Reader::from_reader(text.as_bytes());
            for record in cells.records() {
                let record = record.expect("CSV");
                let armed = record.iter().find(|cell| cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
                assert_eq!(armed, None, "a spreadsheet would compute this");
            }
            assert_eq!(counts(&import(&shop.storage, &text).await), (0, 0, 300, 0), "{zone}");
            assert_eq!(counts(&import(&shop.storage, &with_semicolons(&text)).await), (0, 0, 300, 0), "{zone}");
            for stored in &before {
                coupons::delete(&shop.storage, &stored.coupon.code, None).await.expect("the database answers");
            }
            assert_eq!(counts(&import(&shop.storage, &text).await), (300, 0, 0, 0), "{zone}");
            let after = all(&shop.storage).await;
            for (after, before) in after.iter().zip(&before) {
                assert_eq!(after.coupon, before.coupon, "{zone}");
            }
            assert_eq!(after.len(), before.len());
        }
    }
);

on_both_engines!(
    /// What the file does not speak of stays; an empty cell takes a limit away.
    a_column_that_is_not_there_changes_nothing,
    async |shop: &TestBooks| {
        let limited = Coupon { usage_limit: Some(5), minimum_spend_minor: Some(2_000), ..tea10() };
        issue(&shop.storage, &limited).await;
        let report = import(&shop.storage, "Code;Percent off;Minimum spend\ntea 10;12,5;\nnew;20%;15,50\n").await;
        assert_eq!(counts(&report), (1, 1, 0, 0));
        let after = all(&shop.storage).await;
        let twelve = Reduction::Percent(PercentOff::parse("12.5").expect("a percentage"));
        assert_eq!(after[1].coupon, Coupon { reduction: twelve, minimum_spend_minor: None, ..limited });
        assert_eq!((after[0].coupon.code.as_str(), after[0].coupon.minimum_spend_minor), ("NEW", Some(1_550)));
        assert!(after[0].coupon.active && after[0].coupon.usage_limit.is_none());
    }
);

on_both_engines!(
    /// Every mistake is named with its row and column, by the law that the API goes by, and nothing is changed.
    a_mistake_anywhere_changes_nothing,
    async |shop: &TestBooks| {
        shop.stock("mug", 9).await;
        issue(&shop.storage, &tea10()).await;
        for _ in 0..2 {
            let order = rules::commands::place_order::PlaceOrder { coupon: Some(code("TEA10")), ..shop.order(&[("mug", 1)]) };
            shop.ledger.place_order(order, noon()).await.expect("the code is good");
        }
        let before = all(&shop.storage).await;
        let text = "code,kind,percent_off,amount_off,currency,usage_limit,starts_at,ends_at,products,active\n\
            GOOD,percent,10,,USD,,,,,\n\
            \n\
            B AD!,percent,10,,,,,,,\n\
            P1,percent,101,,,,,,,\n\
            P2,amount,,5.005,,,,,,\n\
            P3,percent,10,5,,,,,,\n\
            P4,amount,,5,EUR,,,,,\n\
            P5,percent,10,,,0,,,,\n\
            P6,percent,10,,,-1,,,,\n\
            P7,percent,10,,,,2026-12-26,2026-12-24,,\n\
            P8,percent,10,,,,tomorrow,,,maybe\n\
            good,percent,10,,,,,,,\n\
            TEA10,percent,10,,,1,,,,\n\
            P9,percent,10,,,,,,,yes,more\n";
        let told = mistakes(&shop.storage, text).await;
        let places: Vec<(u64, &str)> = told.iter().map(|(row, column, _)| (*row, column.as_str())).collect();
        assert_eq!(
            places,
            [
                (4, "code"), (5, "percent_off"), (6, "amount_off"), (7, "kind"), (8, "currency"), (9, "usage_limit"),
                (10, "usage_limit"), (11, "ends_at"), (12, "starts_at"), (12, "active"), (13, "code"),
                (14, "usage_limit"), (15, ""),
            ],
            "{told:#?}"
        );
        assert!(told[11].2.contains("used 2 times"), "{told:?}");
        assert_eq!(all(&shop.storage).await, before);

        let refused = async |text: &str| {
            let error = coupon_sheet::import(register(&shop.storage, "UTC"), text.as_bytes(), false).await;
            error.expect_err(text)
        };
        assert!(matches!(
            refused("code,percent_off,usage_limits\nX,10,1\n").await,
            ImportError::Sheet(SheetError::UnknownHeading(heading)) if heading == "usage_limits"
        ));
        assert!(matches!(refused("percent_off\n10\n").await, ImportError::Sheet(SheetError::NoCode)));
        assert!(matches!(refused("code,Code\nX,X\n").await, ImportError::Sheet(SheetError::HeadingTwice(_))));
    }
);

on_both_engines!(
    /// Somebody changes one of the coupons while the file is read: none of its rows is written.
    all_rows_are_changed_or_none,
    async |shop: &TestBooks| {
        issue(&shop.storage, &tea10()).await;
        let new = Coupon { code: code("NEW"), ..tea10() };
        let off = Coupon { active: false, ..tea10() };
        for stale in [vec![(new.clone(), None), (off.clone(), Some(7))], vec![(new.clone(), None), (tea10(), None)]] {
            assert!(!coupons::put_all(&shop.storage, &stale, noon()).await.expect("the database answers"));
            assert_eq!(all(&shop.storage).await.len(), 1, "the new one is not there either");
        }
        let read = all(&shop.storage).await[0].revision;
        assert!(coupons::put_all(&shop.storage, &[(new, None), (off, Some(read))], noon()).await.expect("it answers"));
        assert_eq!(all(&shop.storage).await.len(), 2);
    }
);

/// Sends a file as the shopkeeper's program does.
async fn send(shop: &TestShop, query: &str, kind: &str, file: &str) -> Answer {
    let request = shop.http.post(format!("{}/api/admin/coupons/import{query}", shop.base_url));
    let request = request.bearer_auth(shop.admin_key.expose()).header("Content-Type", kind);
    answer(request.body(file.to_owned()).send().await.expect("the shop answers")).await
}

on_both_engines!(
    /// Over the API: out, tried, in; with the shop's currency and clock.
    the_api_gives_and_takes_the_same_file,
    TestShop,
    async |shop: &TestShop| {
        settings::set(&shop.shop.storage, "time_zone", "Europe/Paris").await.expect("the database answers");
        settings::set(&shop.shop.storage, settings::CURRENCY, "EUR").await.expect("the database answers");
        let file = "code,amount_off,ends_at\nTEA5,5.00,2026-12-24\n";
        let dry = send(shop, "?dry_run=true", "text/csv; charset=utf-8", file).await;
        assert_eq!(dry, (200, json!({ "new": 1, "changed": 0, "unchanged": 0, "dry_run": true })));
        assert_eq!(shop.staff("GET", "/api/admin/coupons/TEA5", "", Value::Null).await.0, 404);
        assert_eq!(send(shop, "", "text/csv", file).await.1["new"], 1);
        let (_, told) = shop.staff("GET", "/api/admin/coupons/TEA5", "", Value::Null).await;
        assert_eq!(told["ends_at_local"], "2026-12-25T00:00:00+01:00");
        assert_eq!(told["amount_off"], json!({ "amount": 500, "currency": "EUR" }));

        let (status, file) = shop.staff("GET", "/api/admin/coupons.csv", "", Value::Null).await;
        let file = file.as_str().expect("text").to_owned();
        assert_eq!(status, 200);
        assert!(file.contains("TEA5,amount,,5.00,EUR,,,,,no,,2026-12-25T00:00:00+01:00,,,yes,0,"), "{file}");
        assert_eq!(send(shop, "", "text/csv", &file).await.1["unchanged"], 1);

        let (status, told) = send(shop, "", "text/csv", "code,percent_off\nA,10\nB,200\n").await;
        assert_eq!((status, &told["code"]), (422, &json!("validation-failed")));
        assert_eq!(told["errors"][0]["pointer"], "/3/percent_off");
        assert_eq!(shop.staff("GET", "/api/admin/coupons/A", "", Value::Null).await.0, 404);
        assert_eq!(send(shop, "", "application/json", "{}").await.0, 415);
        assert_eq!(send(shop, "", "text/csv", "").await.0, 422);
        assert_eq!(send(shop, "?dry=yes", "text/csv", "code\n").await.0, 422);
    }
);
