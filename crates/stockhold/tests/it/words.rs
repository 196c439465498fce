//! Every page and letter, in every state, in a language that nobody speaks: each of the shop's own words is marked
//! `[!! like thìs !!]`, so that text that never went through `locales/` stands out. Templates and words are strict, so a
//! variable or a word that is missing anywhere on the way is an error, not a gap.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use reqwest::header::COOKIE;
use rules::ids::OrderId;
use rules::payments::MoneyState;
use rules::time::Span;
use serde_json::json;
use stockhold::language::{Language, Words};
use stockhold::letters::{self, sample};
use stockhold::outbox::{self, sweep::sweep};
use stockhold::stripe::Call;
use stockhold::theme::Theme;
use stripe_sandbox::{Fault, Faults, Pay, RefundStatus, WebhookMode};

use crate::support::browser::Browser;
use crate::support::shop::{Setup, TestShop};

/// What a page shows that is no word of the shop's: goods, names, codes, and how dates and amounts are written.
const DATA: &[&str] = &[
    "mug",
    "cup",
    "Cup",
    "active-sku",
    "S1",
    "S2",
    "S3",
    "S4",
    "210\u{a0}g",
    "My shop",
    "我的小店",
    "Postal Service",
    "RR1",
    "ALLFREE",
    "Ada",
    "US$",
    "GMT",
    "UTC",
    "AM",
    "PM",
    "年",
    "月",
    "日",
];
const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn source(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path, endings));
        } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
            found.push(path);
        }
    }
    found
}

/// The words of a language with each marked, as files that override the built-in ones.
fn mark_words(data_dir: &Path) {
    for language in Language::ALL {
        let folder = data_dir.join("locales").join(language.tag());
        std::fs::create_dir_all(&folder).expect("a folder");
        for file in files(&source("locales").join(language.tag()), &["ftl"]) {
            let text = std::fs::read_to_string(&file).expect("words");
            let name = file.file_name().expect("a file has a name");
            std::fs::write(folder.join(name), marked(&text)).expect("a file");
        }
    }
}

fn marked(words: &str) -> String {
    let mut out = String::new();
    let mut is_open = false;
    for line in words.lines() {
        let (start, text) = match line.split_once(" = ") {
            Some((key, text)) if line.starts_with(|c: char| c.is_ascii_lowercase()) && !key.ends_with("-tag") => {
                is_open = text.trim_end().ends_with("->");
                // The key stands in the mark too, so that a page shows which words it has said.
                (format!("{key} = [!! #{key}# "), accented(text) + if is_open { "" } else { " !!]" })
            }
            _ if is_open && line.trim() == "}" => {
                is_open = false;
                (String::new(), "} !!]".to_owned())
            }
            _ if is_open => match line.split_once("] ") {
                Some((variant, text)) => (format!("{variant}] "), accented(text)),
                None => (String::new(), line.to_owned()),
            },
            _ => (String::new(), line.to_owned()),
        };
        out += &start;
        out += &text;
        out.push('\n');
    }
    out
}

/// Accents outside of placeables, so that eyes find what is marked too.
fn accented(text: &str) -> String {
    let mut depth = 0;
    let accent = |c: char| match c {
        '{' => {
            depth += 1;
            c
        }
        '}' => {
            depth -= 1;
            c
        }
        'a' if depth == 0 => 'à',
        'e' if depth == 0 => 'é',
        'o' if depth == 0 => 'ö',
        other => other,
    };
    text.chars().map(accent).collect()
}

/// Letters of what people read on a page that stand outside of every mark.
fn unmarked(html: &str) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        texts.push(rest[..at].to_owned());
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        let tag = &rest[at..end];
        for name in ["alt=\"", "title=\"", "aria-label=\"", "placeholder=\"", "label=\""] {
            let value = tag.split_once(name).and_then(|(_, value)| value.split('"').next());
            texts.extend(value.map(str::to_owned));
        }
        let skip = ["code", "pre", "style", "script"].into_iter().find(|name| tag.starts_with(&format!("<{name}")));
        let close = skip.and_then(|name| rest[end..].find(&format!("</{name}>")));
        rest = &rest[close.map_or(end, |close| end + close)..];
    }
    // Countries have their names from CLDR.
    let plain = |text: &str| text.replace("&amp;", "&").replace("&#39;", "'");
    let is_country = |text: &&String| stockhold::language::find_country(&plain(text)).is_some();
    let texts = texts.iter().filter(|text| !is_country(text));
    texts.map(|text| outside(text)).filter(|text| text.chars().any(char::is_alphabetic)).collect()
}

/// A text without its marked parts and without data.
fn outside(text: &str) -> String {
    let mut out = String::new();
    let (mut rest, mut depth) = (text, 0);
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("[!!") {
            (rest, depth) = (after, depth + 1);
        } else if let Some(after) = rest.strip_prefix("!!]").filter(|_| depth > 0) {
            (rest, depth) = (after, depth - 1);
        } else {
            if depth == 0 {
                out.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    for known in DATA.iter().chain(MONTHS) {
        out = out.replace(known, "");
    }
    // Addresses of letters, and what HTML writes for marks.
    let words = out.split_whitespace().filter(|word| !word.contains('@') && !word.starts_with('&'));
    words.collect::<Vec<_>>().join(" ")
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

/// Tags in the middle of a sentence; all others part two texts.
const INLINE: &[&str] = &["a", "abbr", "b", "em", "i", "label", "s", "small", "span", "strong", "time"];

/// What people read on a page, a text a line, without the marks of its words.
fn read_aloud(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        out += &rest[..at];
        let end = rest[at..].find('>').map_or(rest.len(), |end| at + end + 1);
        let name = rest[at..end].trim_start_matches(['<', '/']).split([' ', '>', '\n']).next().unwrap_or_default();
        let is_skipped = !rest[at..].starts_with("</") && ["code", "pre", "style", "script"].contains(&name);
        let close = is_skipped.then(|| rest[end..].find(&format!("</{name}>")));
        out += if INLINE.contains(&name) { "" } else { "\n" };
        rest = &rest[close.flatten().map_or(end, |close| end + close)..];
    }
    out += rest;
    while let Some((before, key, after)) = out.split_once("[!! #").and_then(|(before, rest)| {
        let (key, after) = rest.split_once("# ")?;
        Some((before, key, after))
    }) {
        assert!(!key.contains('\n'), "a key is one word: {key}");
        out = format!("{before}{after}");
    }
    out.replace(" !!]", "")
}

/// Half-width marks that touch a Chinese word, a space between them or not: `价格 (USD)`, `原因: x`. Between digits, as in
/// times and amounts, and between Latin words they are right.
fn half_width(html: &str) -> Vec<String> {
    let touches = |letters: &mut dyn Iterator<Item = char>| {
        let next = letters.next();
        if next == Some(' ') { letters.next() } else { next }.is_some_and(is_han)
    };
    let is_wrong = |line: &&str| {
        line.match_indices(['(', ')', ',', ':']).any(|(at, mark)| {
            touches(&mut line[..at].chars().rev()) || mark != ")" && touches(&mut line[at + 1..].chars())
        })
    };
    read_aloud(html).lines().filter(is_wrong).map(str::to_owned).collect()
}

/// The keys of the words that a text says.
fn said(text: &str, keys: &mut BTreeSet<String>) {
    let is_key =
        |part: &&str| part.contains('-') && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    keys.extend(text.split('#').filter(is_key).map(str::to_owned));
}

/// What a scan has come by: the keys that pages have said, and what no page should have shown. All of it is told at the end.
#[derive(Default)]
struct Seen {
    keys: BTreeSet<String>,
    wrongs: Vec<String>,
}

impl Seen {
    fn page(&mut self, place: &str, text: &str) {
        said(text, &mut self.keys);
        if !text.contains("[!!") {
            self.wrongs.push(format!("{place} says nothing: {text}"));
        }
        let unmarked = unmarked(text);
        if !unmarked.is_empty() {
            self.wrongs.push(format!("{place} has text that is not in locales/: {unmarked:?}"));
        }
        let half_width = half_width(text);
        if text.contains("<html lang=\"zh-CN\"") && !half_width.is_empty() {
            self.wrongs.push(format!("{place} has half-width marks beside Chinese words: {half_width:?}"));
        }
    }
}

async fn look(shop: &TestShop, seen: &mut Seen, orders: &str, path: &str) {
    for prefix in ["", "/zh"] {
        let request = shop.http.get(format!("{}{prefix}{path}", shop.base_url)).header(COOKIE, orders);
        let response = request.send().await.expect("the shop answers");
        let status = response.status();
        if status.is_redirection() {
            continue; // Nothing to cancel, or nothing to show to a stranger.
        }
        let page = response.text().await.expect("a page");
        assert!(status.as_u16() < 500, "{prefix}{path}: {status} {page}");
        seen.page(&format!("{prefix}{path}"), &page);
    }
}

/// An order in each state that a buyer can see.
async fn orders_in_every_state(shop: &TestShop) -> Vec<OrderId> {
    let mut ids = Vec::new();
    let lapsed = shop.check_out(&[("mug", 1)]).await;
    shop.shop.clock.advance(Span::minutes(31));
    sweep(&shop.shop).await.expect("it sweeps");
    ids.push(lapsed);
    let delayed = async |pay| {
        let id = shop.check_out(&[("mug", 1)]).await;
        let session = shop.session_of(id).await;
        shop.sandbox.pay(&session, pay).expect("the buyer finishes");
        shop.settle().await;
        (id, session)
    };
    let (failed, session) = delayed(Pay::DelayedFails).await;
    shop.sandbox.pay(&session, Pay::SettleDelayed).expect("the bank decides");
    shop.settle().await;
    let (stopping, _) = delayed(Pay::DelayedSucceeds).await;
    shop.cancel(stopping).await;
    let (processing, _) = delayed(Pay::DelayedSucceeds).await;
    ids.extend([failed, stopping, processing]);

    let ship = async |id: OrderId, units: i64| {
        let body =
            json!({ "items": [{ "sku": "mug", "quantity": units }], "carrier": "Postal Service", "tracking": "RR1" });
        let path = format!("/api/admin/orders/{id}/shipments");
        assert_eq!(shop.staff("POST", &path, &format!("ship-{id}-{units}"), body).await.0, 201);
        shop.settle().await;
    };
    let refund = async |id: OrderId, body| {
        let path = format!("/api/admin/orders/{id}/refunds");
        assert_eq!(shop.staff("POST", &path, &format!("refund-{id}"), body).await.0, 201);
        shop.settle().await;
    };
    let paid = shop.paid(&[("mug", 2)]).await;
    let (part, whole, rest) =
        (shop.paid(&[("mug", 2)]).await, shop.paid(&[("mug", 1)]).await, shop.paid(&[("mug", 2)]).await);
    ship(part, 1).await;
    ship(whole, 1).await;
    ship(rest, 1).await;
    shop.cancel(rest).await;
    shop.settle().await;
    let cancelled = shop.check_out(&[("mug", 1)]).await;
    shop.cancel(cancelled).await;
    let (back, refunded) = (shop.paid(&[("mug", 1)]).await, shop.paid(&[("mug", 1)]).await);
    shop.cancel(back).await;
    shop.settle().await;
    refund(refunded, json!({})).await;
    ids.extend([paid, part, whole, rest, cancelled, back, refunded]);
    for end in [None, Some(RefundStatus::Failed)] {
        let id = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.next_refund(Some(RefundStatus::Pending));
        refund(id, json!({})).await;
        if let Some(end) = end {
            let stripe_id = shop.view(id).await.refunds[0].stripe_id.clone().expect("Stripe has it");
            shop.sandbox.move_refund(&stripe_id, end, None).expect("it moves");
            shop.settle().await;
        }
        ids.push(id);
    }

    // What failed and was paid back another way, in part and in whole.
    for minor in [100, crate::support::books::PRICE_MINOR] {
        let id = shop.paid(&[("mug", 1)]).await;
        shop.sandbox.next_refund(Some(RefundStatus::Failed));
        let amount = json!({ "amount": minor, "currency": "USD" });
        refund(id, json!({ "amount": amount })).await;
        let failed = shop.view(id).await.refunds[0].id;
        let path = format!("/api/admin/orders/{id}/refunds/{failed}/elsewhere");
        let noted = json!({ "amount": amount, "note": "Bank transfer" });
        assert_eq!(shop.staff("POST", &path, &format!("elsewhere-{id}"), noted).await.0, 201);
        ids.push(id);
    }

    // The bank first said that the payment failed, then that it came; and a payment of another amount.
    shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
    let told = async |pay, change: fn(&mut rules::payments::SessionFact)| {
        let id = shop.check_out(&[("cup", 1)]).await;
        let session = shop.session_of(id).await;
        shop.sandbox.pay(&session, pay).expect("the buyer finishes");
        let Call::Done(wire) = shop.shop.stripe.session(&session).await else { panic!("Stripe answers") };
        let mut fact = wire.fact();
        change(&mut fact);
        outbox::record(&shop.shop, id, fact).await.expect("recorded");
        (id, session)
    };
    let (late, session) = told(Pay::DelayedSucceeds, |fact| fact.money = MoneyState::Failed).await;
    let other = shop.check_out(&[("cup", 1)]).await;
    shop.pay(other).await;
    outbox::settle(&shop.shop, other).await.expect("Stripe answers");
    shop.sandbox.pay(&session, Pay::SettleDelayed).expect("the bank decides");
    outbox::settle(&shop.shop, late).await.expect("Stripe answers");
    shop.settle().await;
    shop.stock("cup", 1).await;
    let (odd, _) = told(Pay::Card("4242424242424242".to_owned()), |fact| fact.amount_minor -= 1).await;
    ids.extend([late, odd]);

    let closing = shop.check_out(&[("mug", 1)]).await;
    let pending = shop.check_out(&[("mug", 1)]).await;
    shop.sandbox.set_faults(Faults::default().with(Fault::Unreachable.on("/v1/checkout/sessions").standing()));
    shop.cancel(closing).await;
    ids.extend([closing, pending]);
    ids
}

/// Goods with all that a page can say of them; their texts are data.
async fn stock_the_shelves(shop: &TestShop) {
    let price = |amount: i64| json!({"amount": amount, "currency": "USD"});
    let variant = |sku: &str, glaze: &str, size: &str| json!({"sku": sku, "options": {"Glaze": glaze, "Size": size}, "price": price(900), "compare_at": price(1200), "weight_grams": 210});
    let set = json!({"title": {"en": "cup"}, "description": {"en": "mug"}, "status": "active", "collections": ["cup"],
        "options": ["Glaze", "Size"], "specs": [{"name": "cup", "value": "mug"}],
        "variants": [variant("S1", "cup", "cup"), variant("S2", "cup", "mug"), variant("S3", "mug", "cup"), variant("S4", "cup", "mug cup")]});
    let single = |title: &str, status: &str| {
        json!({"title": {"en": title}, "status": status, "collections": ["cup"],
        "variants": [{"sku": format!("{status}-sku"), "price": price(900)}]})
    };
    let mut later = single("mug", "active");
    later["ships_from"] = json!("2027-01-15");
    for (slug, product) in [("set", set), ("later", later), ("old", single("mug", "archived"))] {
        let (status, body) = shop.staff("PUT", &format!("/api/admin/products/{slug}"), slug, product).await;
        assert!(status < 300, "{body}");
    }
    for (sku, delta) in [("S1", 9), ("S2", 2), ("active-sku", 9)] {
        let path = format!("/api/admin/stock/{sku}/movements");
        assert_eq!(shop.staff("POST", &path, sku, json!({"delta": delta, "reason": "received"})).await.0, 201);
    }
    for slug in ["terms", "privacy"] {
        let page = json!({"title": {"en": "cup"}, "body": {"en": "mug"}});
        assert!(shop.staff("PUT", &format!("/api/admin/pages/{slug}"), slug, page).await.0 < 300);
    }
}

/// Words of the storefront's templates that no page of the scan says, each with its reason.
const NOT_SCANNED: &[&str] = &[
    // A list of more than one page takes more goods than a test needs; the browser tests turn its pages.
    "listing-next",
    "listing-previous",
    "listing-page",
    "listing-pages",
    // Only pages that search engines may show name their locale; a shop on the sandbox has none.
    "page-locale",
    // Of a fault; the browser tests bring one about.
    "error-request-id",
    // Answers to one form in one state, each with a test of its own beside the page.
    "cancel-changed",
    "cancel-reason-long",
    "checkout-free",
    "checkout-plus-shipping",
    "checkout-to-cart",
    "order-confirm",
    "order-heading-free",
    "order-hold-longer",
    "order-text-free",
];

/// Words that are put together, and that only Stripe, a bank or a fault brings about: their own tests see them.
const SAID_ELSEWHERE: &[&str] = &[
    "order-chip-never-opened",
    "order-heading-never-opened",
    "order-text-never-opened",
    "order-chip-over",
    "order-heading-over",
    "order-text-over",
    "order-chip-partly-refunded",
    "order-heading-partly-refunded",
    "order-refund-requested",
    "order-refund-canceled",
    "cancel-refused-dispute-title",
    "cancel-refused-dispute-text",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_every_state_speaks_from_its_words_alone() {
    let shop = TestShop::on_sqlite_with(Setup { prepare: Some(mark_words), ..Setup::default() }).await;
    let browser = Browser::new(&shop);
    let mut seen = Seen::default();
    for path in [
        "/",
        "/products",
        "/cart",
        "/search",
        "/search?q=mug",
        "/orders",
        "/orders?asked=1",
        "/_sandbox/mail",
        "/nowhere",
        "/cart/add",
        "/problems",
    ] {
        look(&shop, &mut seen, "", path).await;
    }
    stock_the_shelves(&shop).await;
    shop.stock("mug", 40).await;
    shop.stock("cup", 1).await;
    for path in [
        "/",
        "/products",
        "/products?in_stock=1&min=1&max=900&option.glaze=cup",
        "/products?min=99999",
        "/collections/cup",
        "/search?q=mug",
        "/search?q=zzz",
        "/search?q=mugg",
        "/search/suggestions?q=mug",
        "/search/suggestions?q=zzz",
        "/products/mug",
        "/products/cup",
        "/products/later",
        "/products/old",
        "/products/set",
        "/products/set?variant=S2",
        "/products/set?option.glaze=mug&option.size=mug",
        "/products/set?variant=S3",
        "/products/set?asked=1&variant=S3",
        "/pages/terms",
        "/problems/out-of-stock",
    ] {
        look(&shop, &mut seen, "", path).await;
    }
    for prefix in ["", "/zh"] {
        let wish = [("sku", "S3"), ("email", "nobody")];
        seen.page("a wish", &browser.post(&format!("{prefix}/stock-requests"), &wish).await.text);
        let lookup = [("email", "nobody"), ("number", "x")];
        seen.page("a look-up", &browser.post(&format!("{prefix}/orders"), &lookup).await.text);
    }
    browser.put_into_cart("mug", 2).await;
    browser.put_into_cart("cup", 1).await;
    for prefix in ["", "/zh"] {
        for path in ["/cart", "/checkout"] {
            seen.page(path, &browser.get(&format!("{prefix}{path}")).await.text);
        }
        let form = browser.pay_form("").await;
        let mut form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        seen.page("wrong fields", &browser.post(&format!("{prefix}/checkout"), &form).await.text);
        form.push(("coupon", "NEVER"));
        seen.page("wrong code", &browser.post(&format!("{prefix}/checkout"), &form).await.text);
        let none = [("sku", "mug"), ("quantity", "x")];
        seen.page("no quantity", &browser.post(&format!("{prefix}/cart/change"), &none).await.text);
    }
    // Pressed Pay, and came back by the browser's own button: the goods are held for this very cart.
    let form = browser.pay_form("ada@example.org").await;
    assert_eq!(browser.press_pay(&form).await.status, 303);
    for prefix in ["", "/zh"] {
        for path in ["/cart", "/products/mug"] {
            let page = browser.get(&format!("{prefix}{path}")).await;
            assert!(page.text.contains("class=\"tag\""), "{path} shows the hold");
            seen.page("held", &page.text);
        }
    }
    shop.shop.clock.advance(Span::minutes(31));
    sweep(&shop.shop).await.expect("it sweeps");
    shop.paid(&[("cup", 1)]).await;
    for (prefix, path) in [("", "/cart"), ("/zh", "/cart"), ("", "/products/cup"), ("/zh", "/products/cup")] {
        seen.page("sold out", &browser.get(&format!("{prefix}{path}")).await.text);
    }

    shop.stock("cup", 1).await;
    let mut states = BTreeSet::new();
    for id in orders_in_every_state(&shop).await {
        let cookie = format!("orders={}", shop.shop.order_token(id));
        look(&shop, &mut seen, &cookie, &format!("/orders/{id}")).await;
        look(&shop, &mut seen, &cookie, &format!("/orders/{id}/cancel")).await;
        if let Some(session) = shop.view(id).await.session_id {
            look(&shop, &mut seen, "", &format!("/success?session_id={session}")).await;
        }
        let order = shop.view(id).await;
        let facts = stockhold::web::storefront::order_state::Facts::of(&order);
        states.insert(stockhold::web::storefront::order_state::State::of(&facts).word());
    }
    assert_eq!(states.len(), 17, "{states:?}");
    with_delivery(&shop, &mut seen).await;
    look(&shop, &mut seen, "", "/_sandbox/mail").await;
    let mut wrongs = std::mem::take(&mut seen.wrongs);
    wrongs.extend(unseen_words_of_templates(&seen).into_iter().map(|word| format!("no page of the scan says {word}")));
    wrongs.extend(words_put_together_in_theory(seen).into_iter().map(|key| format!("nobody has ever said {key}")));
    assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
}

/// Cart and check-out of a shop that sends, and the page of an order that costs nothing.
async fn with_delivery(shop: &TestShop, seen: &mut Seen) {
    shop.sandbox.set_faults(Faults::default());
    let browser = Browser::new(shop);
    browser.put_into_cart("mug", 1).await;
    let post = json!({"code": "post", "title": {"en": "Postal Service", "zh-CN": "Postal Service"},
        "price": {"amount": 500, "currency": "USD"}, "days": {"min": 2, "max": 4}});
    let zones = json!([{"code": "all", "places": ["GB", "US-CA"], "methods": [post]}]);
    let (status, body) = shop.staff("PATCH", "/api/admin/settings", "zones", json!({"shipping_zones": zones})).await;
    assert_eq!(status, 200, "{body}");
    for prefix in ["", "/zh"] {
        for path in
            ["/cart", "/cart?country=GB", "/cart?country=FR", "/cart?country=US", "/checkout", "/checkout?country=GB"]
        {
            seen.page(path, &browser.get(&format!("{prefix}{path}")).await.text);
        }
    }
}

/// A template whose words were all said in one state or another had no undefined variable in any: they are strict.
fn unseen_words_of_templates(seen: &Seen) -> Vec<String> {
    let mut never = Vec::new();
    for file in files(&source("templates"), &["html"]) {
        let text = std::fs::read_to_string(&file).expect("a template");
        if file.iter().any(|part| part == "letters" || part == "admin") {
            continue; // Of other doors.
        }
        for said in text.split("say(\"").skip(1) {
            let (key, rest) = said.split_once('"').expect("a key is closed");
            let is_whole = !rest.trim_start().starts_with('~') && !key.ends_with("-tag");
            if is_whole && !seen.keys.contains(key) && !NOT_SCANNED.contains(&key) {
                never.push(format!("{}: {key}", file.file_name().unwrap_or_default().display()));
            }
        }
    }
    never
}

/// A key that stands nowhere in the source as a whole is put together as the page goes: some page or letter must say it.
fn words_put_together_in_theory(mut seen: Seen) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    mark_words(folder.path());
    let words = Words::load(Some(folder.path())).expect("the marked words");
    for language in Language::ALL {
        for sample in sample::letters(language) {
            let envelope = letters::Envelope { sandbox: true, ..sample::envelope(language) };
            let theme = Theme::of(folder.path());
            let letter = letters::render(&words, &theme, sample.kind, &sample.about, &sample.order, &envelope);
            let letter = letter.expect("a letter");
            said(&letter.subject, &mut seen.keys);
            said(&letter.text, &mut seen.keys);
        }
    }
    let text = all_source();
    let mut never = Vec::new();
    for file in files(&source("locales/en"), &["ftl"]) {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("admin") || ["problems", "errors"].contains(&name.as_str()) {
            continue; // Of other doors; and each error is brought about in a browser.
        }
        for key in keys(&file) {
            let is_used = text.contains(&format!("\"{key}\"")) || seen.keys.contains(&key);
            let is_apart =
                ["option-", "order-address-"].iter().any(|start| key.starts_with(start)) || key.ends_with("-tag");
            if !is_used && !is_apart && !SAID_ELSEWHERE.contains(&key.as_str()) {
                never.push(key);
            }
        }
    }
    never
}

/// Everything that may say a word.
fn all_source() -> String {
    let mut text = String::new();
    for (folder, endings) in [("src", ["rs", "rs"]), ("templates", ["html", "txt"]), ("../rules/src", ["rs", "rs"])] {
        for file in files(&source(folder), &endings) {
            text += &std::fs::read_to_string(file).expect("a file");
        }
    }
    text
}

fn keys(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).expect("words");
    let key = |line: &str| {
        Some(line.split_once(" = ")?.0.to_owned()).filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    text.lines().filter_map(key).collect()
}

#[test]
fn every_letter_speaks_from_its_words_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    mark_words(folder.path());
    let words = Words::load(Some(folder.path())).expect("the marked words");
    for language in Language::ALL {
        for sample in sample::letters(language) {
            for sandbox in [false, true] {
                let envelope = letters::Envelope { sandbox, ..sample::envelope(language) };
                let letter = letters::render(
                    &words,
                    &Theme::of(folder.path()),
                    sample.kind,
                    &sample.about,
                    &sample.order,
                    &envelope,
                );
                let letter = letter.expect("a letter");
                let order = &sample.order;
                let mut known: Vec<String> = stockhold::language::address_lines(language, &order.shipping_address);
                known.extend(order.lines.iter().flat_map(|line| [line.title.clone(), line.variant_title.clone()]));
                let page = rules::carriers::tracking_url("Royal Mail", "RR123456785GB").expect("a known carrier");
                let desk = format!("{}{}/admin/orders/{}", envelope.admin_url, language.prefix(), order.id);
                let names = [&envelope.shop_name, &page, "Royal Mail", "RR123456785GB", &envelope.order_url, &desk];
                known.extend(names.map(str::to_owned));
                for part in [letter.subject, letter.text.replace('<', ""), letter.html] {
                    if language == Language::ZhCn {
                        assert_eq!(half_width(&part), Vec::<String>::new(), "{}", sample.name);
                    }
                    let part =
                        known.iter().filter(|text| !text.is_empty()).fold(part, |part, text| part.replace(text, ""));
                    assert_eq!(unmarked(&format!("{part}<")), Vec::<String>::new(), "{} {part}", sample.name);
                }
            }
        }
    }
}

/// A key is used where it stands in the source or in a template, or where its beginning does and its end is one of the
/// words that are put there.
#[test]
fn no_word_is_kept_that_nobody_says() {
    let text = all_source();
    let quoted = |word: &str| text.contains(&format!("\"{word}\""));
    let is_put = |end: &str| {
        let end = ["-title", "-text", "-go", "-hint"].iter().find_map(|last| end.strip_suffix(last)).unwrap_or(end);
        // What the audit log calls an action is written `staff.set_up`.
        let action = end.replacen('-', ".", 1).replace('-', "_");
        quoted(end)
            || quoted(&end.replace('-', "_"))
            || quoted(&action)
            || end.parse::<u16>().is_ok_and(|_| text.contains(end))
    };
    let mut unused = Vec::new();
    for file in files(&source("locales/en"), &["ftl"]) {
        for key in &keys(&file) {
            let beginnings = key.match_indices('-').map(|(at, _)| key.split_at(at + 1));
            let built = |(start, end): (&str, &str)| {
                let begins = [format!("\"{start}\""), format!("\"{start}{{")];
                begins.iter().any(|begin| text.contains(begin.as_str())) && is_put(end)
            };
            // A letter's words are named by the letter and the sentence.
            let of_letter = |kind: &&rules::effects::Letter| {
                let name = match kind.as_str() {
                    "order_confirmed" => "confirmed".to_owned(),
                    "late_refund" => "refund".to_owned(),
                    other => other.replace('_', "-"),
                };
                key.strip_prefix(&format!("letter-{name}-")).is_some_and(quoted)
            };
            // `option-…` names what a product's options are called, in whatever words the shopkeeper has.
            let whole = quoted(key) || ["-title", "-text"].iter().any(|end| key.strip_suffix(end).is_some_and(quoted));
            let is_used = whole
                || beginnings.into_iter().any(built)
                || rules::effects::Letter::ALL.iter().any(|kind| of_letter(&kind))
                || key.starts_with("option-")
                // Stripe's own words for why somebody disputes a payment.
                || key.starts_with("admin-payments-reason-")
                || *key == "shop-demo-name";
            if !is_used {
                unused.push(key.to_owned());
            }
        }
    }
    assert_eq!(unused, Vec::<String>::new(), "nobody says these");
}

/// Full-width marks follow Han characters: `，` and not `,`.
#[test]
fn chinese_sentences_have_chinese_punctuation() {
    for file in files(&source("locales/zh-CN"), &["ftl"]) {
        for line in std::fs::read_to_string(&file).expect("words").lines().filter(|line| !line.starts_with('#')) {
            let letters: Vec<char> = line.chars().collect();
            for pair in letters.windows(2) {
                let wrong = is_han(pair[0]) && ",.;:!?()".contains(pair[1]) || pair[0] == '(' && is_han(pair[1]);
                assert!(!wrong, "{}: {line}", file.display());
            }
            assert!(!line.contains('!') && !line.contains('！'), "the shop does not shout: {line}");
        }
    }
}

/// What stands between two texts is a word of `locales/` too (`page-colon`, `page-brackets`), because Chinese has marks of
/// its own: no template writes one beside what it fills in.
#[test]
fn no_template_joins_words_by_marks_of_one_language() {
    let mut found = Vec::new();
    for file in files(&source("templates"), &["html", "txt"]) {
        let text = std::fs::read_to_string(&file).expect("a template");
        let text = replaced(&replaced(&text, ("{#", "#}"), ""), ("{%", "%}"), "");
        let text = replaced(&text, ("{{", "}}"), FILLED_IN);
        let filled = |letters: &mut dyn Iterator<Item = char>| {
            let next = letters.next();
            if next == Some(' ') { letters.next() } else { next }.is_some_and(|c| FILLED_IN.starts_with(c))
        };
        for line in read_aloud(&text).lines() {
            let joins = line
                .match_indices(['(', ')', ',', ':'])
                .any(|(at, _)| filled(&mut line[..at].chars().rev()) || filled(&mut line[at + 1..].chars()));
            if joins {
                found.push(format!("{}: {line}", file.display()));
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

/// Stands where a template fills something in.
const FILLED_IN: &str = "\u{1}";

/// A text with what stands between two marks, and the marks, replaced.
fn replaced(text: &str, (open, close): (&str, &str), by: &str) -> String {
    let mut parts = text.split(open);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out += by;
        out += part.split_once(close).map_or("", |(_, after)| after);
    }
    out
}

#[test]
fn half_width_marks_beside_chinese_words_are_found() {
    for wrong in
        ["<p>价格 (USD)</p>", "<li>原因: x</li>", "<a>查看全部<span>: 茶杯</span></a>", "<p>Kiln, 茶杯", "<p>茶杯,x"]
    {
        assert_eq!(half_width(wrong).len(), 1, "{wrong}");
    }
    for right in [
        "2026年11月22日 12:05",
        "<td>茶杯</td><td>: x</td>",
        "1,000 件",
        "<code>a:</code>茶杯",
        "Tea (large), x: y",
        "（USD）",
    ] {
        assert_eq!(half_width(right), Vec::<String>::new(), "{right}");
    }
}
