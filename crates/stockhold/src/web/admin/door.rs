//! Who may open what: the permission of each route, the session's cookie, the lines of the audit log.

use std::sync::Arc;

use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::context;

use super::desk::Desk;
use crate::shop::Shop;
use crate::staff::{Member, Token};
use crate::storage::audit_log::{self, Line, Outcome};
use crate::storage::keys::Scope;
use crate::web::session::{cookie, is_https, language_of};
use crate::web::storefront::see_other;

/// The cookie ends with the session at the latest.
const COOKIE_SECONDS: u32 = 12 * 3600;

/// Who may open a page or do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    Anyone,
    SignedIn,
    /// Whoever's role has this scope.
    May(Scope),
    /// The same, with the password typed in the last ten minutes.
    MayFresh(Scope),
}

/// Why somebody does not come in.
#[derive(Debug)]
pub enum TurnedAway {
    SignInFirst { return_to: String },
    ConfirmFirst { return_to: String },
    Denied,
}

impl TurnedAway {
    pub fn is_denied(&self) -> bool {
        matches!(self, TurnedAway::Denied)
    }

    pub fn answer(self, desk: &Desk) -> Response {
        let led = |page: &str, return_to: &str| {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
            see_other(&format!("{}/admin/{page}?{query}", desk.prefix()))
        };
        match self {
            TurnedAway::SignInFirst { return_to } => led("sign-in", &return_to),
            TurnedAway::ConfirmFirst { return_to } => led("confirm", &return_to),
            TurnedAway::Denied => desk
                .page(StatusCode::FORBIDDEN, "admin/denied.html", context! {})
                .unwrap_or_else(IntoResponse::into_response),
        }
    }
}

pub fn let_in(desk: &Desk, permission: Permission, parts: &Parts) -> Result<(), TurnedAway> {
    let Some(session) = &desk.session else {
        let open = permission == Permission::Anyone;
        return if open { Ok(()) } else { Err(TurnedAway::SignInFirst { return_to: way_back(parts) }) };
    };
    match permission {
        Permission::Anyone | Permission::SignedIn => Ok(()),
        Permission::May(scope) | Permission::MayFresh(scope) if !session.member.role.allows(scope) => {
            Err(TurnedAway::Denied)
        }
        Permission::MayFresh(_) if !session.is_fresh(desk.shop.now()) => {
            Err(TurnedAway::ConfirmFirst { return_to: way_back(parts) })
        }
        Permission::May(_) | Permission::MayFresh(_) => Ok(()),
    }
}

/// Where somebody goes on after signing in: the page that was asked for, or the one that held the form.
fn way_back(parts: &Parts) -> String {
    if parts.method == Method::GET {
        return parts.uri.path_and_query().map_or_else(String::new, ToString::to_string);
    }
    let referer = parts.headers.get(axum::http::header::REFERER).and_then(|referer| referer.to_str().ok());
    let path = referer.and_then(|referer| referer.split_once("://")?.1.find('/').map(|at| (referer, at)));
    let path = path.and_then(|(referer, at)| referer.split_once("://").map(|(_, rest)| rest[at..].to_owned()));
    path.unwrap_or_else(|| parts.uri.path().to_owned())
}

/// A place within the admin, or its front page: nobody is led anywhere else (security: open redirects).
pub fn own_place(desk: &Desk, return_to: &str) -> String {
    let path = return_to.split(['?', '#']).next().unwrap_or_default();
    let (_, page) = language_of(path);
    let is_own = (page == "/admin" || page.starts_with("/admin/"))
        && !return_to.chars().any(|c| c.is_control() || c == '\\')
        && !path.contains("//")
        && !path.contains("..")
        && return_to.is_ascii();
    let is_door = ["/admin/sign-in", "/admin/sign-out", "/admin/setup", "/admin/confirm"].contains(&page);
    if is_own && !is_door { return_to.to_owned() } else { format!("{}/admin", desk.prefix()) }
}

/// What a handler leaves in its answer for the audit log.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// More than the path says: amounts, names of fields; never a secret.
    pub detail: String,
    /// Who it was, where that was known only afterwards: whoever has just signed in.
    pub by: Option<Member>,
}

/// Adds a line to the audit log. What was done is done: a line that cannot be stored is told to the machine's log.
pub async fn note(desk: &Desk, action: &str, outcome: Outcome, detail: &str) {
    let actor = desk.session.as_ref().map(|session| format!("staff:{}", session.member.id));
    let line = Line {
        actor: actor.or_else(|| desk.known_as.clone()).unwrap_or_default(),
        action: action.to_owned(),
        subject: desk.here.split('?').next().unwrap_or_default().to_owned(),
        outcome,
        detail: detail.to_owned(),
        client: desk.client.clone(),
    };
    if let Err(error) = audit_log::add(&desk.shop.storage, &line, desk.shop.now()).await {
        tracing::error!(%error, action, "a line of the audit log was not stored");
    }
}

/// The session's secret, as the browser sent it.
pub fn session_token(shop: &Shop, parts: &Parts) -> Option<Token> {
    cookie(&parts.headers, cookie_name(shop)).and_then(|value| Token::parse(&value))
}

/// Nobody is led here from elsewhere with a session that does something: Strict. Never readable by scripts.
pub fn with_session(shop: &Arc<Shop>, mut response: Response, token: &Token) -> Response {
    put_cookie(shop, &mut response, token.expose(), COOKIE_SECONDS);
    response
}

/// The browser forgets the session and whatever it kept of the pages.
pub fn without_session(shop: &Arc<Shop>, mut response: Response) -> Response {
    put_cookie(shop, &mut response, "", 0);
    response
}

fn put_cookie(shop: &Shop, response: &mut Response, value: &str, seconds: u32) {
    let secure = if is_https(shop) { "; Secure" } else { "" };
    let name = cookie_name(shop);
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("names and values are drawn from plain characters");
    response.headers_mut().append(SET_COOKIE, cookie);
}

/// `__Host-` ties a cookie to this host, but browsers take it over https only.
pub fn cookie_name(shop: &Shop) -> &'static str {
    if is_https(shop) { "__Host-admin" } else { "admin" }
}
