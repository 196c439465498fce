//! Who is at the door: the language, the cart and the opened orders of a browser, all read from its request.
//!
//! Invariant: a cookie is a secret of the browser. The database knows a cart by the digest of its cookie only, and
//! an order is opened only by its own token.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use ipnet::IpNet;
use rules::ids::OrderId;
use rules::orders::Status;
use sha2::{Digest, Sha256};

use crate::language::Language;
use crate::shop::{Settings, Shop};
use crate::storage::carts::{self, FoundCart, StoredCart};
use crate::storage::pages::{self, Links};
use crate::web::PageError;
use crate::web::limits::Limits;
use crate::web::pages::Pages;

/// What proxies say of whom they speak for.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// A cart is kept this long after its last change.
const CART_SECONDS: u32 = 30 * 24 * 3600;
/// An opened order link stays open this long in a browser.
const ORDER_SECONDS: u32 = 90 * 24 * 3600;
/// So many opened orders fit well into one cookie; the oldest goes first.
const ORDERS_MAX: usize = 10;
/// Tries to change a cart that another window changes at the same moment.
const CART_TRIES_MAX: usize = 5;

/// One request of one browser.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub shop: Arc<Shop>,
    /// As they stood when the request came in: one page says one thing.
    pub settings: Arc<Settings>,
    pub pages: Arc<Pages>,
    pub language: Language,
    /// The path without the language's prefix, with its query: what the language switch leads to.
    pub here: String,
    /// Where the request came from, as a keyed digest: enough to count by.
    pub client: String,
    pub cart: Option<Cart>,
    /// What the frame of every page leads to.
    pub links: Links,
    /// How often this client asks.
    pub limits: Arc<Limits>,
    cart_cookie: Option<String>,
    order_tokens: Vec<String>,
}

/// The cart as this visitor may go on with it.
#[derive(Debug, Clone)]
pub struct Cart {
    /// The digest of the cookie: the cart's id.
    pub id: String,
    stored: StoredCart,
    /// The stored cart, gone on from an order that is over.
    pub now: StoredCart,
    /// Whether an order with the cart's order id waits for its payment.
    pub is_ordered: bool,
}

/// Why a cart could not be changed.
#[derive(Debug)]
pub enum CartFailure {
    /// Another window changed it again and again.
    Busy,
    Page(PageError),
}

impl From<PageError> for CartFailure {
    fn from(error: PageError) -> Self {
        CartFailure::Page(error)
    }
}

impl FromRequestParts<Arc<Shop>> for Visitor {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, shop: &Arc<Shop>) -> Result<Self, PageError> {
        let pages = parts.extensions.get::<Arc<Pages>>().cloned();
        let pages = pages.ok_or_else(|| PageError::Fault("the page engine is not in the router".to_owned()))?;
        let limits = parts.extensions.get::<Arc<Limits>>().cloned();
        let limits = limits.ok_or_else(|| PageError::Fault("the limits are not in the router".to_owned()))?;
        let (language, path) = language_of(parts.uri.path());
        let here = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let cart_cookie = cookie(&parts.headers, cart_cookie_name(shop)).filter(|value| is_cart_cookie(value));
        let order_tokens = cookie(&parts.headers, order_cookie_name(shop)).unwrap_or_default();
        let order_tokens = order_tokens.split('.').filter(|token| token.len() == 43).take(ORDERS_MAX);
        let mut visitor = Visitor {
            shop: shop.clone(),
            settings: shop.settings(),
            pages,
            language,
            here,
            client: client(shop, parts),
            cart: None,
            links: pages::links(&shop.storage).await?,
            limits,
            cart_cookie,
            order_tokens: order_tokens.map(str::to_owned).collect(),
        };
        visitor.cart = visitor.find_cart().await?;
        Ok(visitor)
    }
}

impl Visitor {
    async fn find_cart(&self) -> Result<Option<Cart>, PageError> {
        let Some(cookie) = &self.cart_cookie else { return Ok(None) };
        let id = digest(cookie);
        let found = carts::find(&self.shop.storage, &id).await?;
        Ok(found.map(|found| Cart::of(&self.shop, id, found)))
    }

    /// How many units the header shows.
    pub fn cart_count(&self) -> i64 {
        self.cart.as_ref().map_or(0, |cart| cart.now.lines.iter().map(|(_, quantity)| quantity).sum())
    }

    /// Changes the lines and stores them under a new order id: what a form showed before is not what it would order
    /// now. The returned cookie belongs into the answer.
    pub async fn change_cart(&self, change: impl Fn(&mut Vec<(String, i64)>)) -> Result<HeaderValue, CartFailure> {
        let (cookie, id) = match &self.cart_cookie {
            Some(cookie) => (cookie.clone(), digest(cookie)),
            None => {
                let cookie = draw_cookie()?;
                let id = digest(&cookie);
                (cookie, id)
            }
        };
        let storage = &self.shop.storage;
        for _ in 0..CART_TRIES_MAX {
            let found = carts::find(storage, &id).await.map_err(PageError::from)?;
            let stored = match found {
                None => {
                    let mut cart = StoredCart { lines: Vec::new(), order_id: self.shop.draw_order_id() };
                    change(&mut cart.lines);
                    carts::insert(storage, &id, &cart, self.shop.now()).await.map_err(PageError::from)?
                }
                Some(found) => {
                    let cart = Cart::of(&self.shop, id.clone(), found);
                    let mut lines = cart.now.lines.clone();
                    change(&mut lines);
                    let after = StoredCart { lines, order_id: next_order_id(&self.shop, &id, cart.now.order_id) };
                    carts::replace(storage, &id, &cart.stored, &after, self.shop.now())
                        .await
                        .map_err(PageError::from)?
                }
            };
            if stored {
                return Ok(set_cookie(&self.shop, cart_cookie_name(&self.shop), &cookie, CART_SECONDS));
            }
        }
        Err(CartFailure::Busy)
    }

    /// Makes `order_id` the order id of a cart that was ordered as it stands; true when it stands so.
    pub async fn order_with_next(&self, cart: &Cart, order_id: OrderId) -> Result<bool, PageError> {
        let ordered = Cart { stored: cart.now.clone(), ..cart.clone() };
        self.order_with(&ordered, order_id).await
    }

    /// Makes `order_id` the cart's order id, if nobody changed the cart since it was read; true when it stands so.
    pub async fn order_with(&self, cart: &Cart, order_id: OrderId) -> Result<bool, PageError> {
        let after = StoredCart { lines: cart.now.lines.clone(), order_id };
        if after == cart.stored {
            return Ok(true);
        }
        let storage = &self.shop.storage;
        if carts::replace(storage, &cart.id, &cart.stored, &after, self.shop.now()).await? {
            return Ok(true);
        }
        // The same form, sent twice: the other one was faster and has stored just this.
        Ok(carts::find(storage, &cart.id).await?.is_some_and(|found| found.cart == after))
    }

    pub fn has_opened(&self, order: OrderId) -> bool {
        self.order_tokens.iter().any(|token| self.shop.check_order_token(order, token))
    }

    /// The cookie that remembers this order as opened, with those opened before.
    pub fn open_order(&self, order: OrderId) -> HeaderValue {
        let token = self.shop.order_token(order);
        let older = self.order_tokens.iter().filter(|known| **known != token).take(ORDERS_MAX - 1);
        let tokens: Vec<&str> = std::iter::once(token.as_str()).chain(older.map(String::as_str)).collect();
        set_cookie(&self.shop, order_cookie_name(&self.shop), &tokens.join("."), ORDER_SECONDS)
    }

    pub fn owns(&self, cart_id: &str) -> bool {
        !cart_id.is_empty() && self.cart_cookie.as_ref().is_some_and(|cookie| digest(cookie) == cart_id)
    }
}

impl Cart {
    /// What became of the order decides what stands in the cart: goods that were bought are out of it, goods whose
    /// hold ran out are still wanted. Nothing is written here; the next change stores it.
    fn of(shop: &Shop, id: String, found: FoundCart) -> Cart {
        let stored = found.cart;
        let next = || next_order_id(shop, &id, stored.order_id);
        let now = match found.order {
            None | Some(Status::Pending) => stored.clone(),
            Some(Status::Expired) => StoredCart { lines: stored.lines.clone(), order_id: next() },
            Some(Status::Processing | Status::Paid | Status::Cancelled | Status::Refunded) => {
                StoredCart { lines: Vec::new(), order_id: next() }
            }
        };
        let is_ordered = found.order == Some(Status::Pending);
        Cart { id, stored, now, is_ordered }
    }

    /// The order that these goods were last ordered with; none may stand under this id.
    pub fn ordered(&self) -> OrderId {
        self.stored.order_id
    }

    /// The order id after this one; derived, so that every request that asks gets the same answer.
    pub fn next_order_id(&self, shop: &Shop) -> OrderId {
        next_order_id(shop, &self.id, self.now.order_id)
    }
}

fn next_order_id(shop: &Shop, cart_id: &str, order_id: OrderId) -> OrderId {
    let digest = Sha256::digest(shop.keyed_digest("next order of a cart", &format!("{cart_id} {order_id}")));
    let bits: [u8; 16] = digest[..16].try_into().expect("SHA-256 has 32 bytes");
    OrderId::from_u128(u128::from_be_bytes(bits))
}

/// The language a path asks for, and the path without its prefix.
pub fn language_of(path: &str) -> (Language, &str) {
    match path.strip_prefix("/zh") {
        Some("") => (Language::ZhCn, "/"),
        Some(rest) if rest.starts_with('/') => (Language::ZhCn, rest),
        _ => (Language::En, path),
    }
}

/// The address that asks, as a keyed digest. A provider gives a household a /64 of IPv6: its addresses are one client.
pub fn client(shop: &Shop, parts: &Parts) -> String {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip().to_canonical());
    let asks = peer.map(|peer| behind_proxies(peer, &parts.headers, &shop.config.trusted_proxies));
    let network = match asks {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => format!("{:x?}", &address.segments()[..4]),
    };
    shop.keyed_digest("client", &network)
}

/// Who asks, when `peer` connects: each proxy adds whom it speaks for at the end, so the last address that is no trusted
/// proxy's is the one that somebody trusted has seen. What stands before it anybody may have written.
fn behind_proxies(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut asks = peer;
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut told = lines.iter().rev().flat_map(|line| line.rsplit(','));
    while is_trusted(&asks) {
        let Some(address) = told.next().and_then(address) else { break };
        asks = address;
    }
    asks
}

/// An address as proxies write it; some add a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    text.parse::<IpAddr>().ok().or_else(with_port).map(|address| address.to_canonical())
}

/// A cookie that came back over another origin's redirect must still be sent: Lax. Never readable by scripts.
fn set_cookie(shop: &Shop, name: &str, value: &str, seconds: u32) -> HeaderValue {
    let secure = if is_https(shop) { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&cookie).expect("names and values are drawn from plain characters")
}

pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

pub fn is_https(shop: &Shop) -> bool {
    shop.config.base_url.starts_with("https://")
}

/// `__Host-` ties a cookie to this host, but browsers take it over https only.
fn cart_cookie_name(shop: &Shop) -> &'static str {
    if is_https(shop) { "__Host-cart" } else { "cart" }
}

fn order_cookie_name(shop: &Shop) -> &'static str {
    if is_https(shop) { "__Host-orders" } else { "orders" }
}

pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let pairs = headers.get_all(COOKIE).into_iter().filter_map(|value| value.to_str().ok()).flat_map(|v| v.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// 256 bits, so that nobody ever guesses another's cart.
fn draw_cookie() -> Result<String, PageError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| PageError::Fault(error.to_string()))?;
    Ok(hex(&bytes))
}

fn is_cart_cookie(value: &str) -> bool {
    value.len() == 64 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

pub fn digest(text: &str) -> String {
    hex(&Sha256::digest(text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_says_the_language() {
        let check =
            |path: &str, language: Language, rest: &str| assert_eq!(language_of(path), (language, rest), "{path}");
        check("/", Language::En, "/");
        check("/products/zh", Language::En, "/products/zh");
        check("/zh", Language::ZhCn, "/");
        check("/zh/", Language::ZhCn, "/");
        check("/zh/cart", Language::ZhCn, "/cart");
        check("/zhu", Language::En, "/zhu");
    }

    /// Nobody passes for somebody else by writing a header, and a proxy does not pass for all who come through it.
    #[test]
    fn a_trusted_proxy_says_who_asks_and_nobody_else_does() {
        let trusted: Vec<IpNet> =
            ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().expect("a network")).collect();
        let check = |peer: &str, lines: &[&'static str], expected: &str| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
            }
            let asks = behind_proxies(peer.parse().expect("an address"), &headers, &trusted);
            assert_eq!(asks.to_string(), expected, "{peer} {lines:?}");
        };
        check("203.0.113.9", &[], "203.0.113.9");
        check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["1.1.1.1", "198.51.100.1, 10.0.0.7"], "198.51.100.1");
        check("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1");
        check("fd00::1", &["[2001:db8::1]:4711"], "2001:db8::1");
        check("10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1");
        check("10.0.0.1", &[], "10.0.0.1");
        check("10.0.0.1", &["10.0.0.2"], "10.0.0.2");
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; cart=abc ;orders=x.y"));
        assert_eq!(cookie(&headers, "cart").as_deref(), Some("abc"));
        assert_eq!(cookie(&headers, "orders").as_deref(), Some("x.y"));
        assert_eq!(cookie(&headers, "car"), None);
    }
}
