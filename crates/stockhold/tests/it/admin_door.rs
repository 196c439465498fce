//! The door of the desk: who gets in, how, and what is written down about it.

use std::collections::{BTreeMap, BTreeSet};

use rules::time::Span;
use serde_json::json;
use stockhold::staff::{self, Role, SetupLink};
use stockhold::storage::RowExt;
use stockhold::values;

use crate::on_both_engines;
use crate::support::browser::{Browser, Page};
use crate::support::shop::{Setup, TestShop};

const PASSWORD: &str = "three tea cups and a tray";

async fn setup_link(shop: &TestShop) -> String {
    let token = staff::draw_setup_link(&shop.shop.storage, shop.shop.now()).await.expect("the database answers");
    token.expect("nobody is there yet").expose().to_owned()
}

async fn set_up(browser: &Browser<'_>, token: &str) -> Page {
    let fields = [("token", token), ("email", "owner@shop.example"), ("name", "Ada"), ("password", PASSWORD)];
    browser.post("/admin/setup", &fields).await
}

async fn sign_in(browser: &Browser<'_>, password: &str) -> Page {
    let fields = [("email", "Owner@shop.example"), ("password", password), ("return_to", "/admin")];
    browser.post("/admin/sign-in", &fields).await
}

async fn lines(shop: &TestShop) -> Vec<(String, String)> {
    let sql = "select action, outcome from audit_log order by id";
    let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
    rows.iter().map(|row| (row.text(0).to_owned(), row.text(1).to_owned())).collect()
}

on_both_engines!(the_first_owner_is_made_by_a_link_that_works_once, TestShop, async |shop: &TestShop| {
    let token = setup_link(shop).await;
    let browser = Browser::new(shop);
    assert_eq!(browser.get(&format!("/admin/setup?token={token}")).await.status, 200);
    let short = [("token", token.as_str()), ("email", "nobody"), ("name", ""), ("password", "short")];
    assert_eq!(browser.post("/admin/setup", &short).await.status, 422);
    let page = set_up(&browser, &token).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/admin"), "{}", page.text);
    assert_eq!(browser.get("/admin").await.status, 200);
    let stranger = Browser::new(shop);
    assert_eq!(set_up(&stranger, &token).await.status, 403, "the link was used");
    assert_eq!(stranger.get("/admin").await.location, "/admin/sign-in?return_to=%2Fadmin");
    let none = staff::draw_setup_link(&shop.shop.storage, shop.shop.now()).await;
    assert_eq!(none, Ok(None), "somebody is there");
    let expected = [("staff.set_up", "refused"), ("staff.set_up", "done"), ("staff.set_up", "refused")];
    assert_eq!(lines(shop).await, expected.map(|(action, outcome)| (action.to_owned(), outcome.to_owned())));
});

on_both_engines!(a_link_for_the_first_owner_lasts_thirty_minutes, TestShop, async |shop: &TestShop| {
    let (first, second) = (setup_link(shop).await, setup_link(shop).await);
    let worth = async |token: &str| {
        let token = staff::Token::parse(token);
        staff::setup_link(&shop.shop.storage, token.as_ref(), shop.shop.now()).await.expect("the database answers")
    };
    assert_eq!((worth(&first).await, worth(&second).await), (SetupLink::Expired, SetupLink::Open));
    let easy =
        [("token", second.as_str()), ("email", "owner@shop.example"), ("name", "Ada"), ("password", "password1234")];
    let page = Browser::new(shop).post("/admin/setup", &easy).await;
    assert!(page.status == 422 && page.text.contains("easy to guess"), "{}", page.text);
    shop.shop.clock.advance(Span::minutes(30));
    assert_eq!(worth(&second).await, SetupLink::Expired);
    assert_eq!(set_up(&Browser::new(shop), &second).await.status, 403);
});

on_both_engines!(a_session_opens_with_the_password_and_ends, TestShop, async |shop: &TestShop| {
    set_up(&Browser::new(shop), &setup_link(shop).await).await;
    let browser = Browser::new(shop);
    let refused = sign_in(&browser, "three tea cups and a tra").await;
    assert_eq!(refused.status, 422);
    assert_eq!(sign_in(&browser, PASSWORD).await.location, "/admin");
    assert_eq!(browser.get("/admin").await.status, 200);
    // Whoever does something now and then stays for twelve hours, and no longer.
    for _ in 0..35 {
        shop.shop.clock.advance(Span::minutes(20));
        assert_eq!(browser.get("/admin").await.status, 200);
    }
    shop.shop.clock.advance(Span::minutes(20));
    assert_eq!(browser.get("/admin").await.status, 303);
    // Whoever does nothing for half an hour is out.
    assert_eq!(sign_in(&browser, PASSWORD).await.status, 303);
    shop.shop.clock.advance(Span::minutes(30));
    assert_eq!(browser.get("/admin").await.status, 303);
    assert_eq!(sign_in(&browser, PASSWORD).await.status, 303);
    assert_eq!(browser.post("/admin/sign-out", &[]).await.location, "/admin/sign-in");
    assert_eq!(browser.get("/admin").await.status, 303);
});

#[tokio::test]
async fn nobody_is_led_away_from_the_desk() {
    let shop = TestShop::on_sqlite().await;
    set_up(&Browser::new(&shop), &setup_link(&shop).await).await;
    for (asked, leads) in [
        ("/admin/orders?tab=all", "/admin/orders?tab=all"),
        ("/zh/admin", "/zh/admin"),
        ("https://evil.example/", "/admin"),
        ("//evil.example/admin", "/admin"),
        ("/admin//evil", "/admin"),
        ("/admin\\evil", "/admin"),
        ("/administrator", "/admin"),
        ("/admin/../cart", "/admin"),
        ("/admin/sign-out", "/admin"),
        ("", "/admin"),
    ] {
        let browser = Browser::new(&shop);
        let fields = [("email", "owner@shop.example"), ("password", PASSWORD), ("return_to", asked)];
        assert_eq!(browser.post("/admin/sign-in", &fields).await.location, leads, "{asked}");
    }
}

/// Whoever works here and mistypes an address stays at the desk; whoever does not is not told which pages there are.
#[tokio::test]
async fn an_address_that_is_not_at_the_desk_is_missing_there() {
    let shop = TestShop::on_sqlite().await;
    let (reader, stranger) = (shop.sign_in(Role::ReadOnly).await, Browser::new(&shop));
    for place in ["/admin/nowhere", "/admin/orders/nowhere/at/all"] {
        let page = reader.get(place).await;
        assert!(
            page.status == 404 && page.text.contains("<nav aria-label=\"Admin\">"),
            "{} {}",
            page.status,
            page.text
        );
        let page = stranger.get(place).await;
        assert!(
            page.status == 303 && page.location.starts_with("/admin/sign-in?"),
            "{} {}",
            page.status,
            page.location
        );
    }
}

/// Where buyers come by https, no cookie of theirs or of the desk ever travels without.
#[tokio::test]
async fn where_the_shop_is_https_its_cookies_are_for_https_alone() {
    for (base_url, is_https) in [(None, false), (Some("https://shop.example"), true)] {
        let shop = TestShop::on_sqlite_with(Setup { base_url, ..Setup::default() }).await;
        shop.stock("mug", 2).await;
        set_up(&Browser::new(&shop), &setup_link(&shop).await).await;
        let (status, order) = shop.check_out_as("one", "ada@example.org", &[("mug", 1)]).await;
        assert_eq!(status, 201, "{order}");
        let token = order["order"]["token"].as_str().expect("a token");
        let order = format!("/orders/{}?token={token}", order["order"]["id"].as_str().expect("an id"));
        let asked = [
            ("POST", "/cart/add", "sku=mug&quantity=1&from=mug".to_owned(), "cart"),
            ("GET", order.as_str(), String::new(), "orders"),
            (
                "POST",
                "/admin/sign-in",
                format!("email=owner%40shop.example&password={}&return_to=%2Fadmin", PASSWORD.replace(' ', "+")),
                "admin",
            ),
        ];
        for (method, path, body, name) in asked {
            let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
            let request = shop.http.request(method, format!("{}{path}", shop.base_url));
            let request = request.header("Sec-Fetch-Site", "same-origin");
            let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body);
            let answer = request.send().await.expect("the shop answers");
            let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().collect();
            assert!(!cookies.is_empty(), "{path} sets a cookie: {}", answer.status());
            for cookie in cookies {
                let cookie = cookie.to_str().expect("text");
                let wanted = if is_https { format!("__Host-{name}") } else { name.to_owned() };
                assert!(cookie.starts_with(&wanted), "{path}: {cookie}");
                assert_eq!(cookie.split("; ").any(|part| part == "Secure"), is_https, "{path}: {cookie}");
            }
        }
    }
}

#[tokio::test]
async fn every_role_sees_today() {
    let shop = TestShop::on_sqlite().await;
    for role in Role::ALL {
        let browser = shop.sign_in(role).await;
        for place in ["/admin", "/zh/admin"] {
            let page = browser.get(place).await;
            assert_eq!(page.status, 200, "{place} {}", page.text);
        }
    }
}

/// Where the links of a page lead at the desk, and what its forms would do; those of a form that is switched off do nothing.
fn offered(page: &str) -> (Vec<String>, Vec<String>) {
    let value = |tag: &str, name: &str| {
        let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
        let place = rest.split(['"', '?', '#']).next().unwrap_or_default();
        place.starts_with("/admin").then(|| place.to_owned())
    };
    let tags = |text: &str, start: &str| -> Vec<String> {
        text.split(start).skip(1).map(|rest| rest.split('>').next().unwrap_or_default().to_owned()).collect()
    };
    let links = tags(page, "<a").iter().filter_map(|tag| value(tag, "href")).collect();
    let mut actions = Vec::new();
    for form in page.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap_or_default()) {
        if form.contains(" method=\"post\"") && !form.contains("<fieldset class=\"stack\" disabled>") {
            actions.extend(value(form.split('>').next().unwrap_or_default(), "action"));
            actions.extend(tags(form, "<button").iter().filter_map(|tag| value(tag, "formaction")));
        }
    }
    (links, actions)
}

on_both_engines!(
    /// Whoever follows every link of the desk and presses every button is never told that it is not for their role: what
    /// they may not do is not offered.
    nobody_is_offered_what_they_may_not_do,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 4).await;
        let (paid, _open) = (shop.paid(&[("mug", 1)]).await, shop.check_out(&[("mug", 1)]).await);
        let refund = json!({ "amount": { "amount": 100, "currency": "USD" } });
        shop.staff("POST", &format!("/api/admin/orders/{paid}/refunds"), "one", refund).await;
        shop.staff("POST", "/api/admin/webhooks", "two", json!({ "url": "https://example.org/hooks" })).await;
        shop.staff("POST", "/api/admin/coupons", "three", json!({ "code": "TEA10", "percent_off": "10" })).await;
        shop.settle().await;
        let mut refused = Vec::new();
        for role in Role::ALL {
            let browser = shop.sign_in(role).await;
            let mut todo = vec!["/admin".to_owned()];
            let (mut seen, mut actions) = (BTreeSet::new(), BTreeMap::new());
            while let Some(place) = todo.pop() {
                if !seen.insert(place.clone()) {
                    continue;
                }
                let page = browser.get(&place).await;
                if page.status >= 400 {
                    refused.push(format!("{} is led to {place}: {}", role.as_str(), page.status));
                }
                let (links, offered) = offered(&page.text);
                todo.extend(links);
                actions.extend(offered.into_iter().map(|action| (action, place.clone())));
            }
            assert!(seen.len() > 10 && seen.contains(&format!("/admin/orders/{paid}")), "{} saw {seen:?}", role.as_str());
            // What ends the session comes to nothing else.
            actions.retain(|action, _| !action.ends_with("/sign-out") && !action.contains("/account/"));
            for (action, place) in actions {
                let answer = browser.post(&action, &[]).await;
                if answer.status == 403 {
                    refused.push(format!("{} is offered {action} on {place}", role.as_str()));
                }
            }
        }
        assert!(refused.is_empty(), "{refused:#?}");
        shop.settle().await;
    }
);
