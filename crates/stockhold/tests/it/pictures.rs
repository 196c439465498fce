//! Pictures by the front door: uploaded with a key, served to anyone, and nothing in them that is not a picture.

use futures_util::future::join_all;
use serde_json::{Value, json};
use stockhold::catalogue::{Storeroom, pictures};
use stockhold::media::Media;
use stockhold::staff::Role;
use stockhold::storage::products;

use crate::on_both_engines;
use crate::support::browser::Browser;
use crate::support::shop::{Answer, TestShop, answer};

const BOUNDARY: &str = "a-line-that-is-in-no-picture";

fn form(parts: &[(&str, &str)], file: Option<&[u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, text) in parts {
        let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
        body.extend(part.into_bytes());
    }
    if let Some(file) = file {
        // The name and the kind lie, as they may.
        let head =
            "Content-Disposition: form-data; name=\"file\"; filename=\"../../x.svg\"\r\nContent-Type: image/svg+xml";
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\n\r\n").into_bytes());
        body.extend(file);
        body.extend(b"\r\n");
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    body
}

async fn upload(shop: &TestShop, key: &str, body: Vec<u8>) -> Answer {
    let request = shop.http.post(format!("{}/api/admin/products/mug/images", shop.base_url)).bearer_auth(key);
    let request = request.header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"));
    answer(request.body(body).send().await.expect("the shop answers")).await
}

fn png(width: u32, height: u32, shade: u8) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([shade, 160, 90]));
    image::DynamicImage::from(picture).write_to(&mut bytes, image::ImageFormat::Png).expect("it is encoded");
    bytes.into_inner()
}

const BOTH: [(&str, &str); 2] = [("alt.en", "A <mug> from the left"), ("alt.zh-CN", "马克杯，左侧")];

on_both_engines!(a_picture_is_uploaded_served_and_taken_away, TestShop, async |shop: &TestShop| {
    shop.stock("mug", 3).await;
    let key = shop.api_key("products:write").await;
    let (status, image) = upload(shop, &key, form(&BOTH, Some(&png(700, 350, 30)))).await;
    assert_eq!(status, 201, "{image}");
    assert_eq!((&image["width"], &image["height"], &image["sku"]), (&json!(700), &json!(350), &Value::Null));
    let digest = image["digest"].as_str().expect("a digest").to_owned();

    let browser = Browser::new(shop);
    let page = browser.get("/products/mug").await.text;
    assert!(
        page.contains(&format!("srcset=\"/media/{digest}/320.webp 320w, /media/{digest}/640.webp 640w\"")),
        "{page}"
    );
    assert!(page.contains("width=\"700\" height=\"350\"") && page.contains("fetchpriority=\"high\""));
    assert!(page.contains("A &lt;mug&gt; from the left"), "the picture's own words: {page}");
    assert!(browser.get("/zh/products/mug").await.text.contains("马克杯，左侧"));
    assert!(browser.get("/products").await.text.contains(&digest) && browser.get("/cart").await.status == 200);

    for (name, kind) in [("320.webp", "image/webp"), ("640.jpg", "image/jpeg"), ("preview.jpg", "image/jpeg")] {
        let served = shop.http.get(format!("{}/media/{digest}/{name}", shop.base_url)).send().await.expect("an answer");
        let header = |name: &str| served.headers()[name].to_str().expect("text").to_owned();
        assert_eq!((served.status().as_u16(), header("content-type").as_str()), (200, kind), "{name}");
        assert_eq!(header("cache-control"), "public, max-age=31536000, immutable");
        assert!(
            header("x-content-type-options") == "nosniff"
                && header("content-security-policy").starts_with("default-src 'none'")
        );
    }
    for name in ["original", "960.webp", "320.png", "..%2Foriginal", "%00"] {
        assert_eq!(browser.get(&format!("/media/{digest}/{name}")).await.status, 404, "{name}");
    }
    assert_eq!(browser.get(&format!("/media/{}/320.webp", "0".repeat(64))).await.status, 404);

    let second = upload(shop, &key, form(&[BOTH[0], BOTH[1], ("sku", "mug")], Some(&png(100, 100, 200)))).await.1;
    let order = json!([
        {"digest": second["digest"], "sku": "mug", "alt": {"en": "Right", "zh-CN": "右侧"}},
        {"digest": digest, "alt": {"en": "Left", "zh-CN": "左侧"}},
    ]);
    let (status, arranged) = shop.staff("PUT", "/api/admin/products/mug/images", "k", order).await;
    assert_eq!((status, &arranged[0]["alt"]["en"], &arranged[1]["alt"]["en"]), (200, &json!("Right"), &json!("Left")));
    let only = json!([{"digest": second["digest"], "alt": {"en": "Right", "zh-CN": "右侧"}}]);
    assert_eq!(shop.staff("PUT", "/api/admin/products/mug/images", "k", only).await.0, 200);
    assert_eq!(
        browser.get(&format!("/media/{digest}/320.webp")).await.status,
        404,
        "what hangs nowhere is served nowhere"
    );
    let shown: Value = serde_json::from_str(&browser.get("/api/products/mug").await.text).expect("JSON");
    assert_eq!(shown["images"].as_array().map(Vec::len), Some(1));
});

on_both_engines!(
    /// A double click, or a program that heard no answer: whoever is at it at the same moment, one picture hangs.
    a_picture_that_comes_many_times_at_once_hangs_once,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let key = shop.api_key("products:write").await;
        let mug = async || {
            let found = products::find(&shop.shop.storage, "mug", shop.shop.now()).await;
            found.expect("the database answers").expect("it stands")
        };
        let before = mug().await.revision;
        let body = form(&BOTH, Some(&png(60, 60, 1)));
        let answers = join_all((0..6).map(|_| upload(shop, &key, body.clone()))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|(status, _)| *status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 201]);
        assert!(answers.iter().all(|(_, told)| *told == answers[0].1), "{answers:?}");
        assert_eq!((mug().await.images.len(), mug().await.revision), (1, before + 1), "the others changed nothing");
        // Other words of it do not change what it says; as one variant's it is another picture.
        let other = form(&[("alt.en", "Another"), BOTH[1]], Some(&png(60, 60, 1)));
        let (status, told) = upload(shop, &key, other).await;
        assert_eq!((status, told["alt"]["en"].as_str()), (200, Some(BOTH[0].1)));
        assert_eq!(upload(shop, &key, form(&[BOTH[0], BOTH[1], ("sku", "mug")], Some(&png(60, 60, 1)))).await.0, 201);

        let browser = shop.sign_in(Role::Manager).await;
        let (words, second) = ([("alt-en", "Right"), ("alt-zh-CN", "右侧")], png(60, 60, 2));
        let clicks = (0..4).map(|_| browser.hand_in("/admin/products/mug/pictures", &words, "right.png", &second));
        for added in join_all(clicks).await {
            assert_eq!((added.status, added.location.as_str()), (303, "/admin/products/mug?done=picture-added"));
        }
        assert_eq!(mug().await.images.len(), 3);
    }
);

on_both_engines!(what_is_no_picture_is_refused_with_a_reason, TestShop, async |shop: &TestShop| {
    shop.stock("mug", 3).await;
    let key = shop.api_key("products:write").await;
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>";
    let bomb = [b"GIF89a".as_slice(), &[0xff, 0xff, 0xff, 0xff, 0, 0, 0], b",\0\0\0\0\xff\xff\xff\xff\0"].concat();
    for (file, code) in [
        (svg.to_vec(), "svg"),
        (b"<html>".to_vec(), "not-a-picture"),
        (png(50, 50, 1)[..60].to_vec(), "broken"),
        (bomb, "too-many-pixels"),
        (Vec::new(), "empty"),
    ] {
        let (status, body) = upload(shop, &key, form(&BOTH, Some(&file))).await;
        assert_eq!((status, &body["errors"][0]["code"]), (422, &json!(code)), "{body}");
    }
    let picture = png(50, 50, 1);
    for (parts, pointer) in [
        (&BOTH[..1], "alt.zh-CN"),
        (&[BOTH[1]][..], "alt.en"),
        (&[BOTH[0], BOTH[1], ("sku", "NONE")], "sku"),
        (&[BOTH[0], BOTH[1], ("alt.fr", "x")], "alt.fr"),
        (&[BOTH[0], BOTH[1], ("price", "0")], "price"),
    ] {
        let (status, body) = upload(shop, &key, form(parts, Some(&picture))).await;
        assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!(pointer)), "{body}");
    }
    assert_eq!(upload(shop, &key, b"not a form".to_vec()).await.0, 400);
    assert_eq!(upload(shop, "nobody", form(&BOTH, Some(&picture))).await.0, 401);
    let reader = shop.api_key("products:read").await;
    assert_eq!(upload(shop, &reader, form(&BOTH, Some(&picture))).await.0, 403);
    assert_eq!(shop.shop.storage.read("select 1 from product_images", Vec::new()).await.expect("an answer").len(), 0);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_may_be_larger_than_any_other_body_but_not_endless() {
    let shop = TestShop::on_sqlite().await;
    shop.stock("mug", 3).await;
    let key = shop.api_key("products:write").await;
    // Behind its end marker a PNG may carry anything; it is read, and thrown away.
    let heavy = [png(50, 50, 1), vec![7; 3 * 1024 * 1024]].concat();
    assert_eq!(upload(&shop, &key, form(&BOTH, Some(&heavy))).await.0, 201);
    let endless = vec![7; 21 * 1024 * 1024];
    assert_eq!(upload(&shop, &key, form(&BOTH, Some(&endless))).await.0, 413);
    let (status, _) =
        shop.staff("PUT", "/api/admin/products/mug", "k", json!({"title": {"en": "x".repeat(2_000_000)}})).await;
    assert_eq!(status, 413, "other bodies stay small");
}

on_both_engines!(pictures_come_in_by_the_sheet_and_never_twice, TestShop, async |shop: &TestShop| {
    shop.stock("mug", 3).await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("left.png"), png(60, 60, 1)).expect("writable");
    std::fs::write(folder.path().join("evil.png"), b"<svg onload=alert(1)>").expect("writable");
    let media = Media::of(&shop.shop.config.data_dir);
    let import = async |sheet: &str, dry_run: bool| {
        let currency = shop.shop.settings().currency;
        let room = Storeroom { storage: &shop.shop.storage, ledger: &shop.shop.ledger, currency, now: shop.shop.now() };
        let report = pictures::import(room, &media, folder.path(), sheet.as_bytes(), dry_run).await.expect("a sheet");
        let errors: Vec<(u64, String)> = report.errors.into_iter().map(|error| (error.row, error.column)).collect();
        (report.hung, report.known, errors)
    };
    let head = "file,product,sku,alt_en,alt_zh\n";
    let good = format!("{head}left.png,mug,mug,Left,左侧\n");
    let wrong = format!("{good}evil.png,mug,,Evil,恶\n../left.png,mug,,Up,上\nleft.png,none,,,左\n");
    let at = |row: u64, column: &str| (row, column.to_owned());
    let expected = vec![at(3, "file"), at(4, "file"), at(5, "product"), at(5, "alt_en")];
    assert_eq!(import(&wrong, false).await, (0, 0, expected), "a mistake anywhere hangs nothing");
    assert_eq!(import(&good, true).await, (1, 0, vec![]));
    assert_eq!(import(&good, false).await, (1, 0, vec![]));
    assert_eq!(import(&good, false).await, (0, 1, vec![]), "the same again hangs nothing twice");
    assert_eq!(import("file,product\nleft.png,mug\n", false).await.2, [at(1, "alt_en"), at(1, "alt_zh")]);
    let page = Browser::new(shop).get("/zh/products/mug").await;
    assert!(page.text.contains("alt=\"左侧\"") && page.text.contains("/60.webp 60w"), "{}", page.text);
});
