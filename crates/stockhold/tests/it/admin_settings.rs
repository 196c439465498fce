//! Settings, discounts, webhooks and keys at the desk: saved by the same rules as over the API, nothing typed is lost,
//! nothing that stands is overwritten unseen.

use futures_util::future::join_all;
use rules::coupons::CouponCode;
use rules::time::Span;
use rules::topics::Topic;
use serde_json::json;
use stockhold::staff::Role;
use stockhold::storage::keys::{self, Key};
use stockhold::storage::{coupons, pages, webhooks};

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::TestShop;

/// The fields of a form, as the browser would send them back.
fn fields(page: &Page) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let attribute = |tag: &str, name: &str| {
        let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
        rest.split_once('"')
            .map(|(value, _)| value.replace("&quot;", "\"").replace("&#x2f;", "/").replace("&amp;", "&"))
    };
    let form = page.text.split(" novalidate>").nth(1).expect("a form").split("</form>").next().expect("its end");
    for tag in form.split("<input ").skip(1) {
        let tag = format!(" {}", tag.split('>').next().unwrap_or_default());
        let is_box = tag.contains("type=\"checkbox\"");
        if let (Some(name), Some(value)) = (attribute(&tag, "name"), attribute(&tag, "value"))
            && (!is_box || tag.contains(" checked"))
        {
            found.push((name, value));
        }
    }
    for area in form.split("<textarea ").skip(1) {
        let (tag, rest) = area.split_once('>').expect("a tag");
        let text = rest.split("</textarea>").next().unwrap_or_default().trim_start_matches('\n');
        found.push((attribute(&format!(" {tag}"), "name").expect("a name"), text.to_owned()));
    }
    for select in form.split("<select ").skip(1) {
        let (tag, rest) = select.split_once('>').expect("a tag");
        let chosen = rest.split("</select>").next().unwrap_or_default();
        let option = chosen.split("<option ").find(|option| option.contains(" selected"));
        let option = option.or_else(|| chosen.split("<option ").nth(1)).unwrap_or_default();
        let value = attribute(&format!(" {option}"), "value").unwrap_or_default();
        found.push((attribute(&format!(" {tag}"), "name").expect("a name"), value));
    }
    found
}

fn set(fields: &mut Vec<(String, String)>, name: &str, value: &str) {
    fields.retain(|(other, _)| other != name);
    fields.push((name.to_owned(), value.to_owned()));
}

async fn send(browser: &Browser<'_>, path: &str, fields: &[(String, String)]) -> Page {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

on_both_engines!(the_shop_is_set_and_a_mistake_loses_nothing, TestShop, async |shop: &TestShop| {
    let browser = shop.sign_in(Role::Manager).await;
    let page = browser.get("/admin/settings").await;
    assert_eq!(page.status, 200, "{}", page.text);
    let mut form = fields(&page);
    set(&mut form, "name_en", "Harbour Kiln");
    set(&mut form, "name_zh", "海港窑");
    set(&mut form, "time_zone", "Asia/Hong_Kong");
    set(&mut form, "hold_minutes", "12.5");
    set(&mut form, "languages", "zh-CN en");
    let saved = send(&browser, "/admin/settings", &form).await;
    assert_eq!((saved.status, saved.location.as_str()), (303, "/admin/settings?done=saved"), "{}", saved.text);
    let settings = shop.shop.read_settings().await.expect("the database answers");
    assert_eq!((settings.name_zh.as_str(), settings.time_zone.as_str()), ("海港窑", "Asia/Hong_Kong"));
    assert_eq!(settings.policy.hold, Span::micros(750_000_000));
    // Everything that is wrong is said at its field, and what was typed is still there.
    let mut form = fields(&browser.get("/zh/admin/settings").await);
    for (name, wrong) in [
        ("name_en", ""),
        ("currency", "XX"),
        ("time_zone", "Kowloon"),
        ("owner_email", "nobody"),
        ("hold_minutes", "0"),
        ("name_zh", "新窑 & <b>"),
    ] {
        set(&mut form, name, wrong);
    }
    let refused = send(&browser, "/zh/admin/settings", &form).await;
    assert_eq!(refused.status, 422);
    for name in ["name_en", "currency", "time_zone", "owner_email", "hold_minutes"] {
        assert!(refused.text.contains(&format!("id=\"{name}-wrong\"")), "{name}: {}", refused.text);
    }
    assert!(!refused.text.contains("id=\"name_zh-wrong\"") && refused.text.contains("新窑 &amp; &lt;b&gt;"));
    assert!(refused.text.contains("value=\"Kowloon\""));
    let after = shop.shop.read_settings().await.expect("the database answers");
    assert_eq!(after.revision, settings.revision, "nothing was saved");
    let mut form = fields(&browser.get("/admin/settings").await);
    set(&mut form, "holds_per_buyer_max", "many");
    assert_eq!(send(&browser, "/admin/settings", &form).await.status, 422);
});

on_both_engines!(
    /// Two people edit the settings: the second sees what the first saved before anything of it is replaced.
    who_was_overtaken_sees_both_and_overwrites_nothing_unseen,
    TestShop,
    async |shop: &TestShop| {
        let (ada, ben) = (shop.sign_in(Role::Owner).await, shop.sign_in(Role::Manager).await);
        let mut of_ada = fields(&ada.get("/admin/settings").await);
        let mut of_ben = fields(&ben.get("/admin/settings").await);
        set(&mut of_ada, "name_en", "Ada’s");
        set(&mut of_ada, "time_zone", "Asia/Tokyo");
        assert_eq!(send(&ada, "/admin/settings", &of_ada).await.status, 303);
        set(&mut of_ben, "name_en", "Ben’s");
        let conflict = send(&ben, "/admin/settings", &of_ben).await;
        assert_eq!(conflict.status, 409, "{}", conflict.text);
        assert!(conflict.text.contains("Ben’s") && conflict.text.contains("id=\"name_en-now\""));
        assert!(conflict.text.contains("Ada’s") && conflict.text.contains("Asia/Tokyo"), "{}", conflict.text);
        let name = || async { shop.shop.read_settings().await.expect("it answers").name_en.clone() };
        assert_eq!(name().await, "Ada’s");
        // Seen: now it may be replaced.
        let mut again = fields(&conflict);
        set(&mut again, "time_zone", "Asia/Tokyo");
        assert_eq!(send(&ben, "/admin/settings", &again).await.status, 303);
        assert_eq!(name().await, "Ben’s");
        // The same for taxes, which are a part of the same settings.
        let of_ben = fields(&ben.get("/admin/settings/taxes").await);
        assert_eq!(send(&ada, "/admin/settings", &fields(&ada.get("/admin/settings").await)).await.status, 303);
        assert_eq!(send(&ben, "/admin/settings/taxes", &of_ben).await.status, 409);
    }
);

on_both_engines!(
    /// Without scripts: rows come and go by buttons, the rules are those of the API, and the preview says what an order costs.
    shipping_and_taxes_are_written_row_by_row,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        let page = browser.get("/admin/settings/shipping").await;
        let mut form = fields(&page);
        set(&mut form, "do", "add-zone");
        let page = send(&browser, "/admin/settings/shipping", &form).await;
        assert_eq!(page.status, 200);
        let mut form = fields(&page);
        for (name, value) in [
            ("zone-0-code", "europe"),
            ("zone-0-places", "de, FR"),
            ("zone-0-method-0-code", "post"),
            ("zone-0-method-0-en", "Post"),
            ("zone-0-method-0-zh", "邮政"),
            ("zone-0-method-0-price", "7.5"),
            ("zone-0-method-0-free_from", "100"),
            ("zone-0-method-0-days_min", "2"),
            ("zone-0-method-0-days_max", "4"),
        ] {
            set(&mut form, name, value);
        }
        set(&mut form, "do", "add-method-0");
        let mut form = fields(&send(&browser, "/admin/settings/shipping", &form).await);
        for (name, value) in [
            ("zone-0-method-1-code", "parcel"),
            ("zone-0-method-1-en", "Parcel"),
            ("zone-0-method-1-kind", "by_weight"),
            ("zone-0-method-1-steps", "500 5.00\n2000 heavy"),
        ] {
            set(&mut form, name, value);
        }
        set(&mut form, "do", "save");
        let refused = send(&browser, "/admin/settings/shipping", &form).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains("id=\"zone-0-method-1-steps-wrong\"") && refused.text.contains("2000 heavy"));
        let mut form = fields(&refused);
        set(&mut form, "zone-0-method-1-steps", "500 5.00\n2000 9.00");
        set(&mut form, "zone-0-places", "Germany");
        set(&mut form, "do", "save");
        let refused = send(&browser, "/admin/settings/shipping", &form).await;
        assert!(refused.text.contains("id=\"zone-0-places-wrong\""), "{}", refused.text);
        set(&mut form, "zone-0-places", "DE FR");
        let saved = send(&browser, "/admin/settings/shipping", &form).await;
        assert_eq!(saved.status, 303, "{}", saved.text);
        // It reads back as it was written.
        let page = browser.get("/admin/settings/shipping").await;
        let form = fields(&page);
        let value = |name: &str| form.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
        assert_eq!(value("zone-0-places"), Some("DE, FR"));
        assert_eq!((value("zone-0-method-0-price"), value("zone-0-method-0-free_from")), (Some("7.50"), Some("100.00")));
        assert_eq!(value("zone-0-method-1-steps"), Some("500 5.00\n2000 9.00"));

        let mut form = fields(&browser.get("/admin/settings/taxes").await);
        set(&mut form, "do", "add");
        let mut form = fields(&send(&browser, "/admin/settings/taxes", &form).await);
        set(&mut form, "taxation", "added");
        set(&mut form, "shipping", "standard");
        set(&mut form, "rate-0-place", "DE");
        set(&mut form, "rate-0-percent", "190");
        set(&mut form, "do", "save");
        let refused = send(&browser, "/admin/settings/taxes", &form).await;
        assert!(refused.status == 422 && refused.text.contains("id=\"rate-0-percent-wrong\""), "{}", refused.text);
        set(&mut form, "rate-0-percent", "19");
        assert_eq!(send(&browser, "/admin/settings/taxes", &form).await.status, 303);

        let preview = browser.get("/admin/settings/taxes?value=50&grams=600&country=DE").await;
        assert_eq!(preview.status, 200);
        // 50.00 and 7.50 by post, or 9.00 by parcel; 19 % on top of both.
        for amount in ["$7.50", "$10.93", "$68.43", "$9.00", "$11.21", "$70.21"] {
            assert!(preview.text.contains(amount), "{amount} {}", preview.text);
        }
        let elsewhere = browser.get("/admin/settings/shipping?value=50&country=US").await;
        assert!(elsewhere.text.contains("You do not deliver there."), "{}", elsewhere.text);
        assert_eq!(browser.get("/admin/settings/shipping?value=lots&country=DE").await.status, 200);
        // A row that is taken away is gone only when that is saved.
        let mut form = fields(&browser.get("/admin/settings/shipping").await);
        set(&mut form, "do", "remove-zone-0");
        let page = send(&browser, "/admin/settings/shipping", &form).await;
        assert!(page.status == 200 && !page.text.contains("zone-0-code"));
        assert!(browser.get("/admin/settings/shipping").await.text.contains("zone-0-code"));
    }
);

on_both_engines!(discounts_are_made_changed_and_switched_off, TestShop, async |shop: &TestShop| {
    let browser = shop.sign_in(Role::Manager).await;
    let mut form = fields(&browser.get("/admin/discounts/new").await);
    set(&mut form, "code", "TEA/10");
    set(&mut form, "percent_off", "ten");
    let refused = send(&browser, "/admin/discounts/new", &form).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"percent_off-wrong\""), "{}", refused.text);
    set(&mut form, "percent_off", "10");
    let refused = send(&browser, "/admin/discounts/new", &form).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"code-wrong\""), "{}", refused.text);
    set(&mut form, "code", "tea10");
    set(&mut form, "usage_limit", "2");
    let made = send(&browser, "/admin/discounts/new", &form).await;
    assert_eq!(made.status, 303, "{}", made.text);
    let twice = send(&browser, "/admin/discounts/new", &form).await;
    assert!(twice.status == 422 && twice.text.contains("There is a discount with this code already."));
    let code = CouponCode::parse("TEA10").expect("a code");
    let stored = || async { coupons::find(&shop.shop.storage, &code).await.expect("it answers").expect("it stands") };
    assert_eq!(stored().await.coupon.usage_limit, Some(2));
    let list = browser.get("/admin/discounts").await;
    assert!(list.text.contains("TEA10") && list.text.contains("Active"), "{}", list.text);
    let place = "/admin/discounts/codes/TEA10";
    let (mut mine, mut theirs) = (fields(&browser.get(place).await), fields(&browser.get(place).await));
    set(&mut mine, "percent_off", "15");
    set(&mut mine, "starts_at", "2030-01-01");
    assert_eq!(send(&browser, place, &mine).await.status, 303);
    set(&mut theirs, "percent_off", "20");
    let conflict = send(&browser, place, &theirs).await;
    assert_eq!(conflict.status, 409);
    assert!(conflict.text.contains("id=\"percent_off-now\"") && conflict.text.contains("value=\"20\""));
    assert!(browser.get("/admin/discounts").await.text.contains("Scheduled"));
    let off = browser.post(&format!("{place}/switch"), &[("do", "disable")]).await;
    assert_eq!(off.status, 303, "{}", off.text);
    assert!(!stored().await.coupon.active);
    assert!(browser.get("/zh/admin/discounts").await.text.contains("已停用"));
});

on_both_engines!(
    /// Somebody made it 30 % while the page still said 10: what is removed is what was seen.
    a_discount_is_removed_as_the_page_showed_it,
    TestShop,
    async |shop: &TestShop| {
        let browser = shop.sign_in(Role::Manager).await;
        let place = "/admin/discounts/codes/TEA10";
        let coupon = json!({ "code": "TEA10", "percent_off": 10 });
        assert_eq!(shop.staff("POST", "/api/admin/coupons", "k", coupon).await.0, 201);
        let seen = browser.get(place).await.hidden("revision");
        assert_eq!(shop.staff("PATCH", "/api/admin/coupons/TEA10", "k", json!({ "percent_off": 30 })).await.0, 200);
        let remove = async |revision: &str| browser.post(&format!("{place}/remove"), &[("revision", revision)]).await;
        for stale in [seen.as_str(), ""] {
            let refused = remove(stale).await;
            assert!(refused.status == 409 && refused.text.contains("value=\"30\""), "{}", refused.text);
            assert!(refused.text.contains("Nothing was overwritten or removed."), "{}", refused.text);
        }
        let look = remove(&seen).await;
        shop.stock("mug", 5).await;
        let order = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": "lin@example.org", "coupon": "TEA10" });
        assert_eq!(shop.staff("POST", "/api/checkout", "one", order).await.0, 201);
        let used = remove(&look.hidden("revision")).await;
        assert!(used.status == 422 && used.text.contains("Switch it off instead."), "{}", used.text);

        let coupon = json!({ "code": "TEA20", "percent_off": 20 });
        assert_eq!(shop.staff("POST", "/api/admin/coupons", "l", coupon).await.0, 201);
        let place = "/admin/discounts/codes/TEA20";
        let revision = browser.get(place).await.hidden("revision");
        assert_eq!(browser.post(&format!("{place}/remove"), &[("revision", &revision)]).await.status, 303);
        assert_eq!(browser.get(place).await.status, 404);
    }
);

on_both_engines!(pages_are_written_in_both_languages_with_a_look_before, TestShop, async |shop: &TestShop| {
    let browser = shop.sign_in(Role::Manager).await;
    let mut form = fields(&browser.get("/admin/settings/pages/new").await);
    set(&mut form, "slug", "terms");
    set(&mut form, "title_en", "Terms");
    set(&mut form, "body_en", "Goods go **out** on Mondays. <script>alert(1)</script>");
    set(&mut form, "do", "preview");
    let look = send(&browser, "/admin/settings/pages/new", &form).await;
    assert_eq!(look.status, 200);
    assert!(look.text.contains("<strong>out</strong>") && !look.text.contains("<script>alert"));
    assert!(pages::list(&shop.shop.storage).await.expect("it answers").is_empty());
    set(&mut form, "do", "save");
    assert_eq!(send(&browser, "/admin/settings/pages/new", &form).await.status, 303);
    assert_eq!(browser.get("/pages/terms").await.status, 200);
    let taken = send(&browser, "/admin/settings/pages/new", &form).await;
    assert!(taken.status == 422 && taken.text.contains("id=\"slug-wrong\""), "{}", taken.text);
    let place = "/admin/settings/pages/at/terms";
    let (mut mine, mut theirs) = (fields(&browser.get(place).await), fields(&browser.get(place).await));
    set(&mut mine, "title_zh", "条款");
    set(&mut mine, "body_zh", "每周一发货。");
    assert_eq!(send(&browser, place, &mine).await.status, 303);
    set(&mut theirs, "title_en", "Rules");
    let conflict = send(&browser, place, &theirs).await;
    assert!(conflict.status == 409 && conflict.text.contains("每周一发货。"), "{}", conflict.text);
    let stale = browser.post(&format!("{place}/remove"), &[("revision", "1")]).await;
    assert_eq!(stale.status, 409, "{}", stale.text);
    let revision = browser.get(place).await.hidden("revision");
    assert_eq!(browser.post(&format!("{place}/remove"), &[("revision", &revision)]).await.status, 303);
    assert_eq!(browser.get("/pages/terms").await.status, 404);
});

on_both_engines!(letters_can_be_looked_at_and_tried_again, TestShop, async |shop: &TestShop| {
    shop.stock("mug", 5).await;
    let order = shop.paid(&[("mug", 1)]).await;
    let browser = shop.sign_in(Role::Manager).await;
    let list = browser.get("/admin/settings/letters").await;
    assert!(list.text.contains("Every letter has gone.") && list.text.contains("SMTP_URL"), "{}", list.text);
    let letter = browser.get("/admin/settings/letters/samples/order_confirmed?lang=zh-CN").await;
    assert!(letter.status == 200 && letter.text.contains("1042"), "{}", letter.text);
    assert_eq!(browser.get("/admin/settings/letters/samples/nothing").await.status, 404);
    // A mail server that refused it: forged, because the folder refuses nothing.
    let id = format!("send_letter:{order}:order_confirmed");
    let forged = "update effects set state = 'refused', last_error = '550 no such mailbox' where id = $1";
    shop.shop.storage.write(forged, stockhold::values![id.as_str()]).await.expect("the database answers");
    let list = browser.get("/admin/settings/letters").await;
    assert!(list.text.contains("550 no such mailbox"), "{}", list.text);
    let again = browser.post(&format!("/admin/settings/letters/{}/again", id.replace(':', "%3A")), &[]).await;
    assert_eq!(again.location, "/admin/settings/letters?done=letter-again");
    shop.settle().await;
    assert!(browser.get("/admin/settings/letters").await.text.contains("Every letter has gone."));
});

on_both_engines!(an_endpoint_is_made_once_and_its_secret_shown_once, TestShop, async |shop: &TestShop| {
    let browser = shop.sign_in(Role::Manager).await;
    let mut form = fields(&browser.get("/admin/settings/webhooks/new").await);
    set(&mut form, "url", "https://10.0.0.1/hooks");
    form.push(("topic".to_owned(), "order.paid".to_owned()));
    let refused = send(&browser, "/admin/settings/webhooks/new", &form).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"url-wrong\""), "{}", refused.text);
    assert!(refused.text.contains("value=\"order.paid\" checked"), "nothing is lost");
    // Nothing listens there; that is found out by the test.
    set(&mut form, "url", "http://127.0.0.1:9/hooks");
    let made = send(&browser, "/admin/settings/webhooks/new", &form).await;
    assert!(made.status == 200 && made.text.contains("whsec_"), "{}", made.text);
    let again = send(&browser, "/admin/settings/webhooks/new", &form).await;
    assert!(again.text.contains("whsec_"), "a second click sees the same");
    let list = webhooks::list(&shop.shop.storage).await.expect("it answers");
    assert_eq!(list.len(), 1);
    let place = format!("/admin/settings/webhooks/{}", list[0].id);
    let shown = browser.get(&place).await;
    assert!(shown.status == 200 && !shown.text.contains("whsec_"), "{}", shown.text);
    let tested = browser.post(&format!("{place}/test"), &[]).await;
    assert_eq!(tested.location, format!("{place}?done=webhook-test-failed"));
    let shown = browser.get(&place).await;
    assert!(shown.text.contains("webhook.test") && shown.text.contains("Failing"), "{}", shown.text);
    let event = shown.text.split("/deliveries/").nth(1).and_then(|rest| rest.split('/').next()).expect("a delivery");
    let replayed = browser.post(&format!("{place}/deliveries/{event}/replay"), &[]).await;
    assert_eq!(replayed.location, format!("{place}?done=webhook-replayed"));
    let rotated = browser.post(&format!("{place}/secret"), &[("generation", "1")]).await;
    let twice = browser.post(&format!("{place}/secret"), &[("generation", "1")]).await;
    assert!(rotated.text.contains("whsec_") && twice.status == 200);
    let now = webhooks::find(&shop.shop.storage, &list[0].id).await.expect("it answers").expect("it stands");
    assert_eq!(now.generation, 2, "a second click draws no second secret");
    // The secret that stands is shown to no other form.
    for generation in ["0", "2000", "9223372036854775807"] {
        let other = browser.post(&format!("{place}/secret"), &[("generation", generation)]).await;
        assert_eq!((other.status, other.location), (303, place.clone()), "{generation}: {}", other.text);
    }
    let again = send(&browser, "/admin/settings/webhooks/new", &form).await;
    assert_eq!((again.status, again.location), (303, place.clone()), "nor by a form that made it once");
    shop.shop.clock.advance(Span::minutes(11));
    for late in [place.clone(), format!("{place}/secret"), "/admin/settings/webhooks/new".to_owned()] {
        let late = browser.post(&late, &[("generation", "2")]).await;
        assert!(late.location.starts_with("/admin/confirm?"), "{}", late.text);
    }
    assert_eq!(browser.post(&format!("{place}/switch"), &[("do", "disable")]).await.status, 303);
    assert!(browser.get(&place).await.text.contains("Disabled"));
    let revision = browser.get(&place).await.hidden("revision");
    for _ in 0..2 {
        let removed = browser.post(&format!("{place}/remove"), &[("revision", &revision)]).await;
        assert_eq!(removed.location, "/admin/settings/webhooks?done=removed");
    }
    assert_eq!(browser.get(&place).await.status, 404);
});

on_both_engines!(
    /// Ada moves the warehouse's address while Ben still has the page before him.
    who_edits_an_endpoint_second_sees_both_and_removes_nothing_unseen,
    TestShop,
    async |shop: &TestShop| {
        let body = json!({ "url": "https://example.org/old", "topics": ["order.paid"] });
        let (_, made) = shop.staff("POST", "/api/admin/webhooks", "one", body).await;
        let id = made["id"].as_str().expect("an id");
        let place = format!("/admin/settings/webhooks/{id}");
        let (ada, ben) = (shop.sign_in(Role::Owner).await, shop.sign_in(Role::Manager).await);
        let (mut of_ada, mut of_ben) = (fields(&ada.get(&place).await), fields(&ben.get(&place).await));
        set(&mut of_ada, "url", "https://example.org/new");
        for click in ["first", "second"] {
            assert_eq!(send(&ada, &place, &of_ada).await.location, format!("{place}?done=saved"), "the {click} click");
        }
        set(&mut of_ben, "note", "The accountant’s");
        of_ben.push(("topic".to_owned(), "stock.low".to_owned()));
        let conflict = send(&ben, &place, &of_ben).await;
        assert_eq!(conflict.status, 409, "{}", conflict.text);
        assert!(conflict.text.contains("id=\"url-now\"") && conflict.text.contains("https://example.org/new"));
        assert!(conflict.text.contains("The accountant’s") && conflict.text.contains("value=\"stock.low\" checked"));
        let stands = || async { webhooks::find(&shop.shop.storage, id).await.expect("it answers").expect("it stands") };
        let (url, topics) = (stands().await.url, stands().await.topics);
        assert_eq!((url.as_str(), topics), ("https://example.org/new", vec![Topic::OrderPaid]));
        // What Ben wanted gone was another endpoint.
        let stale = of_ben.iter().find(|(name, _)| name == "revision").expect("the form names it").1.clone();
        let kept = ben.post(&format!("{place}/remove"), &[("revision", &stale)]).await;
        assert!(kept.status == 409 && kept.text.contains("https://example.org/new"), "{}", kept.text);
        assert_eq!(ben.post(&format!("{place}/remove"), &[]).await.status, 409, "nor without a word of it");
        // Seen: now it may be replaced.
        assert_eq!(send(&ben, &place, &fields(&conflict)).await.status, 303);
        let (note, topics) = (stands().await.note, stands().await.topics);
        assert_eq!((note.as_str(), topics), ("The accountant’s", vec![Topic::OrderPaid, Topic::StockLow]));
    }
);

on_both_engines!(a_key_is_drawn_by_the_owner_alone_and_shown_once, TestShop, async |shop: &TestShop| {
    let owner = shop.sign_in(Role::Owner).await;
    let mut form = fields(&owner.get("/admin/settings/keys/new").await);
    let refused = send(&owner, "/admin/settings/keys/new", &form).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"name-wrong\""), "{}", refused.text);
    set(&mut form, "name", "till");
    form.push(("scope".to_owned(), "orders:read".to_owned()));
    let made = send(&owner, "/admin/settings/keys/new", &form).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let at = made.text.find("shk_test_").expect("the key");
    let key = Key::parse(&made.text[at..at + 47]).expect("a key");
    let answer = shop.http.get(format!("{}/api/admin/orders", shop.base_url)).bearer_auth(key.expose()).send().await;
    assert_eq!(answer.expect("it answers").status(), 200);
    let list = owner.get("/admin/settings/keys").await;
    assert!(list.text.contains("till") && !list.text.contains("shk_test_"));
    let till = keys::list(&shop.shop.storage).await.expect("it answers").into_iter().find(|key| key.name == "till");
    let id = till.expect("it stands").id;
    assert_eq!(owner.post(&format!("/admin/settings/keys/{id}/revoke"), &[]).await.status, 303);
    let answer = shop.http.get(format!("{}/api/admin/orders", shop.base_url)).bearer_auth(key.expose()).send().await;
    assert_eq!(answer.expect("it answers").status(), 401);
    for role in [Role::Manager, Role::Fulfilment, Role::ReadOnly] {
        let other = shop.sign_in(role).await;
        assert_eq!(other.get("/admin/settings/keys").await.status, 403);
        assert_eq!(other.post("/admin/settings/keys/new", &[("name", "x"), ("scope", "admin")]).await.status, 403);
    }
    // An hour later the password is asked for first.
    shop.shop.clock.advance(Span::minutes(11));
    let asked = owner.get("/admin/settings/keys/new").await;
    assert!(asked.status == 303 && asked.location.starts_with("/admin/confirm"), "{}", asked.location);
});

on_both_engines!(
    /// An impatient owner clicks twice, and later walks back to the form to change their mind.
    a_double_click_draws_one_key,
    TestShop,
    async |shop: &TestShop| {
        let owner = shop.sign_in(Role::Owner).await;
        let drawn = async || {
            let all = keys::list(&shop.shop.storage).await.expect("it answers");
            all.into_iter().map(|key| key.name).filter(|name| name != "tests").collect::<Vec<_>>()
        };
        let mut form = fields(&owner.get("/admin/settings/keys/new").await);
        set(&mut form, "name", "till");
        form.push(("scope".to_owned(), "orders:read".to_owned()));
        let clicks = join_all((0..4).map(|_| send(&owner, "/admin/settings/keys/new", &form))).await;
        assert!(clicks.iter().all(|page| page.status == 200), "{clicks:?}");
        let (shown, told): (Vec<_>, Vec<_>) = clicks.iter().partition(|page| page.text.contains("shk_test_"));
        assert_eq!((shown.len(), told.len(), drawn().await), (1, 3, vec!["till".to_owned()]));
        assert!(told.iter().all(|page| page.text.contains("This form was sent before and drew this key")));

        // Back in the browser stands the form that is used up.
        set(&mut form, "name", "stall");
        let used = send(&owner, "/admin/settings/keys/new", &form).await;
        assert!(used.status == 422 && used.text.contains("A key was drawn with this form before"), "{}", used.text);
        assert_eq!(drawn().await, ["till"]);
        let another = send(&owner, "/admin/settings/keys/new", &fields(&used)).await;
        assert!(another.status == 200 && another.text.contains("shk_test_"), "{}", another.text);
        assert_eq!(drawn().await, ["till", "stall"]);

        // What no form of ours names is no id.
        set(&mut form, "id", "key_1");
        assert_eq!(send(&owner, "/admin/settings/keys/new", &form).await.status, 422);
    }
);

on_both_engines!(whoever_may_only_read_sees_and_changes_nothing, TestShop, async |shop: &TestShop| {
    shop.staff("POST", "/api/admin/coupons", "k", json!({"code": "TEA10", "kind": "percent", "percent_off": 10})).await;
    let (reader, fulfilment) = (shop.sign_in(Role::ReadOnly).await, shop.sign_in(Role::Fulfilment).await);
    for place in [
        "/admin/settings",
        "/admin/settings/shipping",
        "/admin/settings/taxes",
        "/admin/settings/pages",
        "/admin/settings/letters",
        "/admin/settings/webhooks",
        "/admin/discounts",
        "/admin/discounts/codes/TEA10",
    ] {
        assert_eq!(reader.get(place).await.status, 200, "{place}");
        assert_eq!(reader.get(&format!("/zh{place}")).await.status, 200, "{place}");
        assert_eq!(fulfilment.get(place).await.status, 403, "{place}");
    }
    for place in ["/admin/settings", "/admin/settings/shipping", "/admin/settings/taxes", "/admin/discounts/new"] {
        assert_eq!(reader.post(place, &[("revision", "1")]).await.status, 403, "{place}");
    }
});
