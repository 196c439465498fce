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
                (format!("{key} = [!! "), accented(text) + if is_open { "" } else { " !!]" })
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

async fn look(shop: &TestShop, orders: &str, path: &str) {
    for prefix in ["", "/zh"] {
        let request = shop.http.get(format!("{}{prefix}{path}", shop.base_url)).header(COOKIE, orders);
        let response = request.send().await.expect("the shop answers");
        let status = response.status();
        if status.is_redirection() {
            continue; // Nothing to cancel, or nothing to show to a stranger.
        }
        let page = response.text().await.expect("a page");
        assert!(status.as_u16() < 500, "{prefix}{path}: {status} {page}");
        check(&format!("{prefix}{path}"), &page);
    }
}

fn check(place: &str, page: &str) {
    assert!(page.contains("[!!"), "{place} says nothing: {page}");
    assert_eq!(unmarked(page), Vec::<String>::new(), "{place} has text that is not in locales/");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_in_every_state_speaks_from_its_words_alone() {
    let shop = TestShop::on_sqlite_with(Setup { prepare: Some(mark_words), ..Setup::default() }).await;
    let browser = Browser::new(&shop);
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
        "/problems",
    ] {
        look(&shop, "", path).await;
    }
    shop.stock("mug", 40).await;
    shop.stock("cup", 1).await;
    for path in
        ["/", "/products", "/search?q=mug", "/search?q=zzz", "/products/mug", "/products/cup", "/problems/out-of-stock"]
    {
        look(&shop, "", path).await;
    }
    browser.put_into_cart("mug", 2).await;
    browser.put_into_cart("cup", 1).await;
    for prefix in ["", "/zh"] {
        for path in ["/cart", "/checkout"] {
            check(path, &browser.get(&format!("{prefix}{path}")).await.text);
        }
        let form = browser.pay_form("").await;
        let mut form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        check("wrong fields", &browser.post(&format!("{prefix}/checkout"), &form).await.text);
        form.push(("coupon", "NEVER"));
        check("wrong code", &browser.post(&format!("{prefix}/checkout"), &form).await.text);
        check(
            "no quantity",
            &browser.post(&format!("{prefix}/cart/change"), &[("sku", "mug"), ("quantity", "x")]).await.text,
        );
    }
    shop.paid(&[("cup", 1)]).await;
    for (prefix, path) in [("", "/cart"), ("/zh", "/cart"), ("", "/products/cup"), ("/zh", "/products/cup")] {
        check("sold out", &browser.get(&format!("{prefix}{path}")).await.text);
    }

    shop.stock("cup", 1).await;
    let mut seen = BTreeSet::new();
    for id in orders_in_every_state(&shop).await {
        let cookie = format!("orders={}", shop.shop.order_token(id));
        look(&shop, &cookie, &format!("/orders/{id}")).await;
        look(&shop, &cookie, &format!("/orders/{id}/cancel")).await;
        if let Some(session) = shop.view(id).await.session_id {
            look(&shop, "", &format!("/success?session_id={session}")).await;
        }
        let order = shop.view(id).await;
        let facts = stockhold::web::storefront::order_state::Facts::of(&order);
        seen.insert(stockhold::web::storefront::order_state::State::of(&facts).word());
    }
    assert_eq!(seen.len(), 17, "{seen:?}");
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
                let names = [&envelope.shop_name, &page, "Royal Mail", "RR123456785GB", &envelope.order_url];
                known.extend(names.map(str::to_owned));
                for part in [letter.subject, letter.text.replace('<', ""), letter.html] {
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
    let mut text = String::new();
    for (folder, endings) in [("src", ["rs", "rs"]), ("templates", ["html", "txt"]), ("../rules/src", ["rs", "rs"])] {
        for file in files(&source(folder), &endings) {
            text += &std::fs::read_to_string(file).expect("a file");
        }
    }
    let quoted = |word: &str| text.contains(&format!("\"{word}\""));
    let is_put = |end: &str| {
        let end = end.strip_suffix("-title").or_else(|| end.strip_suffix("-text")).unwrap_or(end);
        quoted(end) || quoted(&end.replace('-', "_")) || end.parse::<u16>().is_ok_and(|_| text.contains(end))
    };
    let mut unused = Vec::new();
    for file in files(&source("locales/en"), &["ftl"]) {
        for line in std::fs::read_to_string(file).expect("words").lines() {
            let Some((key, _)) = line.split_once(" = ").filter(|_| line.starts_with(|c: char| c.is_ascii_lowercase()))
            else {
                continue;
            };
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
                || key == "shop-demo-name";
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
    let is_han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
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
