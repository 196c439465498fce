//! Who may open what: the permission of each route, the session's cookie, the lines of the audit log.

use std::sync::Arc;

use axum::http::header::{LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use minijinja::context;

use super::desk::Desk;
use super::sign_in::needs_authenticator;
use crate::shop::Shop;
use crate::staff::{Member, Token};
use crate::storage::audit_log::{self, Line, Outcome};
use crate::storage::keys::Scope;
use crate::web::session::{cookie, is_https, language_of};
use crate::web::storefront::see_other;

/// The cookie ends with the session at the latest.
const COOKIE_SECONDS: u32 = 12 * 3600;
/// As long as the step between password and code lasts.
const STEP_SECONDS: u32 = 600;
/// Where an owner sets up an authenticator, and what else opens before there is one.
const ENROL: &str = "/admin/account/authenticator";
const OPEN_BEFORE_ENROLMENT: [&str; 5] = [ENROL, "/admin/confirm", "/admin/sign-out", "/admin/sign-in", "/admin/links"];

/// Who may open a page or do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    Anyone,
    SignedIn,
    /// Whoever is signed in, with the password typed in the last ten minutes.
    Fresh,
    /// Whoever's role has this scope.
    May(Scope),
    /// The same, with the password typed in the last ten minutes.
    MayFresh(Scope),
}

/// Why somebody does not come in.
#[derive(Debug)]
pub enum TurnedAway {
    SignInFirst {
        return_to: String,
        was_signed_in: bool,
    },
    ConfirmFirst {
        return_to: String,
    },
    /// An owner of a shop that takes real money, who has no authenticator yet.
    EnrolFirst,
    Denied,
}

impl TurnedAway {
    pub fn is_denied(&self) -> bool {
        matches!(self, TurnedAway::Denied)
    }

    /// Whether the same request is welcome once somebody has proved who they are.
    pub fn is_to_come_back(&self) -> bool {
        matches!(self, TurnedAway::SignInFirst { .. } | TurnedAway::ConfirmFirst { .. })
    }

    /// For a handler that finds out for itself that somebody has to prove who they are first.
    pub fn answer(self, desk: &Desk) -> Response {
        let mut response = self.answer_keeping(desk, None);
        let detail = "the password comes first".to_owned();
        response.extensions_mut().insert(Noted { detail, is_put_off: true, ..Noted::default() });
        response
    }

    /// `kept` is where what was sent waits, instead of the page it came from.
    pub fn answer_keeping(self, desk: &Desk, kept: Option<String>) -> Response {
        let led = |page: &str, return_to: &str| {
            let return_to = kept.as_deref().unwrap_or(return_to);
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", return_to).finish();
            see_other(&format!("{}/admin/{page}?{query}", desk.prefix()))
        };
        match self {
            TurnedAway::SignInFirst { return_to, was_signed_in } => {
                let response = led("sign-in", &return_to);
                if was_signed_in { mark_expired(response) } else { response }
            }
            TurnedAway::ConfirmFirst { return_to } => led("confirm", &return_to),
            TurnedAway::EnrolFirst => desk.see(ENROL),
            TurnedAway::Denied => desk
                .page(StatusCode::FORBIDDEN, "admin/denied.html", context! {})
                .unwrap_or_else(IntoResponse::into_response),
        }
    }
}

pub fn let_in(desk: &Desk, permission: Permission, parts: &Parts) -> Result<(), TurnedAway> {
    let Some(session) = &desk.session else {
        let open = permission == Permission::Anyone;
        let was_signed_in = session_token(&desk.shop, parts).is_some();
        return if open { Ok(()) } else { Err(TurnedAway::SignInFirst { return_to: way_back(parts), was_signed_in }) };
    };
    if needs_authenticator(desk, session) && !OPEN_BEFORE_ENROLMENT.contains(&language_of(parts.uri.path()).1) {
        return Err(TurnedAway::EnrolFirst);
    }
    match permission {
        Permission::Anyone | Permission::SignedIn => Ok(()),
        Permission::Fresh if session.is_fresh(desk.shop.now()) => Ok(()),
        Permission::Fresh => Err(TurnedAway::ConfirmFirst { return_to: way_back(parts) }),
        Permission::May(scope) | Permission::MayFresh(scope) if !session.member.role.allows(scope) => {
            Err(TurnedAway::Denied)
        }
        Permission::MayFresh(_) if !session.is_fresh(desk.shop.now()) => {
            Err(TurnedAway::ConfirmFirst { return_to: way_back(parts) })
        }
        Permission::May(_) | Permission::MayFresh(_) => Ok(()),
    }
}

/// The way to the page says that there was a session, so that nobody wonders.
fn mark_expired(mut response: Response) -> Response {
    let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
    let place = place.and_then(|place| HeaderValue::from_str(&format!("{place}&expired=1")).ok());
    if let Some(place) = place {
        response.headers_mut().insert(LOCATION, place);
    }
    response
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
    let is_door =
        ["/admin/sign-in", "/admin/sign-in/code", "/admin/sign-out", "/admin/setup", "/admin/confirm", "/admin/links"]
            .contains(&page);
    if is_own && !is_door { return_to.to_owned() } else { format!("{}/admin", desk.prefix()) }
}

/// What a handler leaves in its answer for the audit log.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// More than the path says: amounts, names of fields; never a secret.
    pub detail: String,
    /// Who it was, where that was known only afterwards: whoever has just signed in.
    pub by: Option<Member>,
    /// It was not done, although the answer leads on.
    pub is_put_off: bool,
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
    audit_log::note(&desk.shop.storage, &line, desk.shop.now()).await;
}

/// The session's secret, as the browser sent it.
pub fn session_token(shop: &Shop, parts: &Parts) -> Option<Token> {
    cookie(&parts.headers, cookie_name(shop)).and_then(|value| Token::parse(&value))
}

/// Nobody is led here from elsewhere with a session that does something: Strict. Never readable by scripts.
pub fn with_session(shop: &Arc<Shop>, mut response: Response, token: &Token) -> Response {
    put_cookie(shop, &mut response, cookie_name(shop), token.expose(), COOKIE_SECONDS);
    response
}

/// Who stands between password and code, as the browser sent it.
pub fn step_token(shop: &Shop, headers: &HeaderMap) -> Option<Token> {
    cookie(headers, step_name(shop)).and_then(|value| Token::parse(&value))
}

pub fn with_step(shop: &Arc<Shop>, mut response: Response, token: &Token) -> Response {
    put_cookie(shop, &mut response, step_name(shop), token.expose(), STEP_SECONDS);
    response
}

pub fn without_step(shop: &Arc<Shop>, mut response: Response) -> Response {
    put_cookie(shop, &mut response, step_name(shop), "", 0);
    response
}

/// The browser forgets the session and whatever it kept of the pages.
pub fn without_session(shop: &Arc<Shop>, mut response: Response) -> Response {
    put_cookie(shop, &mut response, cookie_name(shop), "", 0);
    response
}

fn put_cookie(shop: &Shop, response: &mut Response, name: &str, value: &str, seconds: u32) {
    let secure = if is_https(shop) { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("names and values are drawn from plain characters");
    response.headers_mut().append(SET_COOKIE, cookie);
}

/// `__Host-` ties a cookie to this host, but browsers take it over https only.
pub fn cookie_name(shop: &Shop) -> &'static str {
    if is_https(shop) { "__Host-admin" } else { "admin" }
}

fn step_name(shop: &Shop) -> &'static str {
    if is_https(shop) { "__Host-admin-step" } else { "admin-step" }
}
