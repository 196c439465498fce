//! The table of the desk, walked over HTTP: every page and every action, as each role and as nobody.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, COOKIE, HOST, LOCATION};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use rules::text::Email;
use rules::time::{Span, Timestamp};
use tower::ServiceExt;

use super::door::Permission;
use super::{Route, routes};
use crate::catalogue::{RESERVED_COLLECTION_SLUGS, RESERVED_SKUS, RESERVED_SLUGS};
use crate::clock::Clock;
use crate::config::Config;
use crate::shop::Shop;
use crate::staff::{self, Role};
use crate::storage::{Row, RowExt};
use crate::values;

/// A shop with a desk, whose Stripe is away.
struct House {
    shop: Arc<Shop>,
    router: Router,
    _folder: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn location(&self) -> &str {
        self.headers.get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl House {
    async fn open() -> House {
        House::with_admin_host(None).await
    }

    async fn with_admin_host(admin_host: Option<&str>) -> House {
        let _ = rustls::crypto::ring::default_provider().install_default(); // Another test may have been first.
        let folder = tempfile::tempdir().expect("a folder");
        let config = Config {
            database_url: format!("sqlite:{}", folder.path().join("shop.db").display()),
            data_dir: folder.path().to_owned(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            base_url: "http://shop.test".to_owned(),
            stripe_secret_key: None,
            webhook_secrets: Vec::new(),
            stripe_api_base: "http://127.0.0.1:9".to_owned(),
            hold: Span::minutes(30),
            smtp_url: None,
            mail_from: None,
            confirm_moved: false,
            trusted_proxies: Vec::new(),
            admin_host: admin_host.map(str::to_owned),
            sandbox: None,
        };
        let clock = Clock::simulated(Timestamp::from_seconds(1_795_320_300));
        let shop = Shop::open(config, clock).await.expect("the shop opens");
        House { router: crate::web::router(shop.clone()), shop, _folder: folder }
    }

    /// The cookie of somebody with this role, who has just signed in.
    async fn cookie(&self, role: Role) -> String {
        let email = format!("{}@shop.example", uuid::Uuid::now_v7().simple());
        let email = Email::parse(&email).expect("an address");
        let (storage, now) = (&self.shop.storage, self.shop.now());
        let member = staff::hire(storage, &email, role.as_str(), role, "", now).await.expect("the database answers");
        let token = staff::open_session(storage, &member, "tests", "tests", now).await.expect("the database answers");
        format!("admin={}", token.expose())
    }

    async fn ask(&self, method: &Method, path: &str, cookie: &str) -> Answer {
        self.ask_with(method, path, cookie, &[("sec-fetch-site", "same-origin")]).await
    }

    async fn ask_with(&self, method: &Method, path: &str, cookie: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header(COOKIE, cookie);
        request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::empty()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 10_000_000).await.expect("a body");
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    /// Everything in the database but when sessions were seen.
    async fn everything(&self) -> Vec<(String, Vec<Row>)> {
        let tables = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name";
        let tables = self.shop.storage.read(tables, values![]).await.expect("the database answers");
        let mut all = Vec::new();
        for table in tables.iter().map(|row| row.text(0).to_owned()).filter(|table| table != "staff_sessions") {
            let sql: &'static str = Box::leak(format!("select * from {table} order by 1, 2").into_boxed_str());
            all.push((table, self.shop.storage.read(sql, values![]).await.expect("the database answers")));
        }
        all
    }
}

/// A path that somebody could ask for, of one with holes.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "unknown" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn may(route: &Route, role: Role) -> bool {
    match route.permission {
        Permission::Anyone | Permission::SignedIn | Permission::Fresh => true,
        Permission::May(scope) | Permission::MayFresh(scope) => role.allows(scope),
    }
}

#[test]
fn every_action_has_a_word_of_its_own_and_pages_have_none() {
    let mut words = BTreeSet::new();
    for route in routes() {
        assert!(route.path == "/admin" || route.path.starts_with("/admin/"), "{}", route.path);
        let is_action = route.method != Method::GET;
        assert_eq!(is_action, !route.action.is_empty(), "{} {}", route.method, route.path);
        assert!(!is_action || words.insert(route.action), "{} stands twice", route.action);
    }
}

#[test]
fn every_action_has_a_name_that_people_read_in_the_audit_log() {
    let words = crate::language::Words::built_in();
    for action in super::actions() {
        let key = format!("admin-action-{}", action.replace(['.', '_'], "-"));
        for language in crate::language::Language::ALL {
            assert!(words.has(language, &key), "{} has no {key}", language.tag());
        }
    }
}

#[test]
fn only_the_door_is_open_to_anyone() {
    for route in routes() {
        let is_door = ["/admin/setup", "/admin/sign-in", "/admin/links", "/admin/reset"]
            .iter()
            .any(|door| route.path.starts_with(door));
        assert_eq!(route.permission == Permission::Anyone, is_door, "{}", route.path);
    }
}

#[test]
fn whoever_may_only_read_changes_nothing() {
    for route in routes() {
        if let (Permission::May(scope) | Permission::MayFresh(scope), true) =
            (route.permission, route.method != Method::GET)
        {
            let lends = Role::ReadOnly.allows(scope);
            assert!(!lends || route.permission == Permission::MayFresh(scope), "{} {}", route.path, scope.as_str());
        }
    }
}

#[tokio::test]
async fn every_page_and_action_opens_to_the_roles_of_the_table_and_to_nobody_else() {
    let house = House::open().await;
    let mut walked = 0;
    for route in routes().iter().filter(|route| route.permission != Permission::Anyone) {
        let path = filled(route.path);
        for prefix in ["", "/zh"] {
            let path = format!("{prefix}{path}");
            let stranger = house.ask(&route.method, &path, "").await;
            let door = format!("{prefix}/admin/sign-in?");
            assert!(stranger.status == StatusCode::SEE_OTHER && stranger.location().starts_with(&door), "{path}");
            for role in Role::ALL {
                // Each of them anew: some of what is done here ends the session.
                let answer = house.ask(&route.method, &path, &house.cookie(role).await).await;
                let (method, role_word, status) = (&route.method, role.as_str(), answer.status);
                let is_denied = answer.status == StatusCode::FORBIDDEN;
                assert_eq!(!is_denied, may(route, role), "{method} {path} as {role_word}: {status}");
                assert!(!status.is_server_error(), "{method} {path} as {role_word}: {status} {}", answer.text);
                assert!(!answer.location().contains("/admin/sign-in?"), "{method} {path} as {role_word}");
                walked += 1;
            }
        }
    }
    assert!(walked > 100, "the table was walked: {walked}");
}

#[tokio::test]
async fn what_is_dangerous_asks_for_the_password_again_after_ten_minutes() {
    let house = House::open().await;
    for route in routes() {
        let cookie = house.cookie(Role::Owner).await;
        house.shop.clock.advance(Span::minutes(11));
        let answer = house.ask(&route.method, &filled(route.path), &cookie).await;
        let asks = matches!(route.permission, Permission::Fresh | Permission::MayFresh(_));
        assert_eq!(answer.location().starts_with("/admin/confirm?"), asks, "{} {}", route.method, route.path);
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    let house = House::open().await;
    let cookie = house.cookie(Role::Owner).await;
    let before = house.everything().await;
    for route in routes().iter().filter(|route| route.method == Method::GET) {
        for method in [Method::GET, Method::HEAD] {
            let path = filled(route.path);
            house.ask(&method, &path, &cookie).await;
            house.ask(&method, &format!("{path}?token={}&after=x&q=x", "a".repeat(64)), &cookie).await;
            house.ask(&method, &path, "").await;
            let after = house.everything().await;
            let changed: Vec<&String> =
                before.iter().zip(&after).filter(|(b, a)| b != a).map(|((table, _), _)| table).collect();
            assert!(changed.is_empty(), "{method} {path} changed {changed:?}");
        }
    }
}

#[tokio::test]
async fn no_answer_of_the_desk_is_kept_framed_or_led_elsewhere() {
    let house = House::open().await;
    for route in routes() {
        for cookie in [String::new(), house.cookie(Role::Owner).await, house.cookie(Role::ReadOnly).await] {
            let answer = house.ask(&route.method, &filled(route.path), &cookie).await;
            let place = format!("{} {}", route.method, route.path);
            assert_eq!(answer.header(CACHE_CONTROL.as_str()), "no-store", "{place}");
            assert_eq!(answer.header("vary"), "Cookie", "{place}");
            let policy = answer.header(CONTENT_SECURITY_POLICY.as_str());
            for part in ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"] {
                assert!(policy.contains(part), "{place}: {policy}");
            }
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{place}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{place}");
            assert!(!answer.text.contains(" style=") && !answer.text.contains("<script>"), "{place}");
            for cookie in answer.headers.get_all("set-cookie") {
                let cookie = cookie.to_str().expect("text");
                assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{place}: {cookie}");
            }
        }
    }
}

/// Who is believed to have sent a form. A browser of today says where it comes from; one of yesterday names the origin.
#[tokio::test]
async fn a_form_of_another_site_does_nothing_here() {
    let house = House::open().await;
    let table: &[(&[(&str, &str)], bool)] = &[
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", "http://shop.test"), ("host", "shop.test")], true),
        (&[("origin", "http://shop.test"), ("host", "shop.test")], true),
        (&[("origin", "https://evil.example"), ("host", "shop.test")], false),
        (&[("origin", "http://shop.test.evil.example"), ("host", "shop.test")], false),
        (&[("origin", "null"), ("host", "shop.test")], false),
        (&[], true),
    ];
    for route in routes().iter().filter(|route| route.method != Method::GET) {
        for (headers, passes) in table {
            let cookie = house.cookie(Role::Owner).await;
            let answer = house.ask_with(&route.method, &filled(route.path), &cookie, headers).await;
            let is_stopped = answer.status == StatusCode::FORBIDDEN && answer.text.contains("another site");
            assert_eq!(!is_stopped, *passes, "{} {headers:?}: {}", route.path, answer.status);
        }
    }
}

#[tokio::test]
async fn a_desk_with_a_host_of_its_own_is_unknown_to_the_others() {
    let house = House::with_admin_host(Some("admin.shop.test")).await;
    for route in routes() {
        for (host, is_known) in
            [("admin.shop.test", true), ("ADMIN.shop.test", true), ("shop.test", false), ("", false)]
        {
            let path = filled(route.path);
            for path in [path.clone(), format!("/zh{path}")] {
                let headers = [("sec-fetch-site", "same-origin"), (HOST.as_str(), host)];
                let answer = house.ask_with(&route.method, &path, "", &headers).await;
                assert_eq!(answer.status != StatusCode::NOT_FOUND, is_known, "{} {path} at {host}", route.method);
            }
        }
    }
    for host in ["shop.test", "admin.shop.test"] {
        let answer = house.ask_with(&Method::GET, "/products", "", &[(HOST.as_str(), host)]).await;
        assert_eq!(answer.status, StatusCode::OK, "buyers at {host}");
    }
    assert_eq!(house.shop.config.admin_url(), "http://admin.shop.test");
}

#[tokio::test]
async fn a_session_of_a_colleague_is_not_mine_to_end() {
    let house = House::open().await;
    let (mine, other) = (house.cookie(Role::Manager).await, house.cookie(Role::Owner).await);
    let token = staff::Token::parse(other.trim_start_matches("admin=")).expect("a token");
    let body = format!("session={}", token.digest());
    for (cookie, expected) in [(&mine, StatusCode::NOT_FOUND), (&other, StatusCode::SEE_OTHER)] {
        let request = Request::post("/admin/account/sessions/end").header(COOKIE, cookie.as_str());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let request = request.header("sec-fetch-site", "same-origin").body(Body::from(body.clone()));
        let answer = house.router.clone().oneshot(request.expect("a request")).await.expect("an answer");
        assert_eq!(answer.status(), expected);
        let still = house.ask(&Method::GET, "/admin", &other).await.status == StatusCode::OK;
        assert_eq!(still, expected == StatusCode::NOT_FOUND);
    }
}

/// A product called as one of them could not be opened at the desk: these words and no others are refused where it is made.
#[test]
fn what_stands_beside_goods_in_an_address_is_the_name_of_none() {
    for (place, reserved) in [
        ("/admin/products/", &RESERVED_SLUGS[..]),
        ("/admin/collections/", &RESERVED_COLLECTION_SLUGS[..]),
        ("/admin/stock/", &RESERVED_SKUS[..]),
        ("/admin/settings/pages/at/", &[]),
        ("/admin/discounts/codes/", &[]),
    ] {
        let routes = routes();
        let beside = routes.iter().filter_map(|route| route.path.strip_prefix(place)?.split('/').next());
        let words: BTreeSet<&str> = beside.filter(|word| !word.starts_with('{')).collect();
        assert_eq!(words, reserved.iter().copied().collect(), "{place}");
    }
}
