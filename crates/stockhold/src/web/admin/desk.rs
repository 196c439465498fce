//! One request at the desk: who sits there, in which language, and how its pages are made.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use fluent_bundle::FluentValue;
use minijinja::value::Value;
use minijinja::{ErrorKind, context};
use rules::money::{Currency, Money};
use rules::time::Timestamp;

use super::door::{self, Noted};
use super::{NAVIGATION, Permission};
use crate::language::{self, Language};
use crate::shop::{Settings, Shop};
use crate::staff::{self, Member, Session};
use crate::storage::keys::Scope;
use crate::web::pages::{Pages, html};
use crate::web::session::{client, language_of};
use crate::web::storefront::see_other;
use crate::web::{PageError, assets};

/// One request of somebody at the desk.
#[derive(Debug, Clone)]
pub struct Desk {
    pub shop: Arc<Shop>,
    /// As they stood when the request came in.
    pub settings: Arc<Settings>,
    pub pages: Arc<Pages>,
    pub language: Language,
    /// The path without the language's prefix, with its query.
    pub here: String,
    /// Where the request came from, as a keyed digest.
    pub client: String,
    /// The browser, in its own words, bounded.
    pub agent: String,
    /// Nobody on the pages of the door.
    pub session: Option<Session>,
    /// Who the audit log says it was, where no session says so yet.
    pub(super) known_as: Option<String>,
}

impl Desk {
    pub async fn open(shop: &Arc<Shop>, parts: &Parts) -> Result<Desk, PageError> {
        let pages = parts.extensions.get::<Arc<Pages>>().cloned();
        let pages = pages.ok_or_else(|| PageError::Fault("the page engine is not in the router".to_owned()))?;
        let (language, path) = language_of(parts.uri.path());
        let here = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let session = match door::session_token(shop, parts) {
            Some(token) => staff::session(&shop.storage, &token, shop.now()).await?,
            None => None,
        };
        let agent = parts.headers.get(axum::http::header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Desk {
            shop: shop.clone(),
            settings: shop.settings(),
            pages,
            language,
            here,
            client: client(shop, parts),
            agent: agent.unwrap_or_default().chars().take(200).collect(),
            session,
            known_as: None,
        })
    }

    /// Who sits here. Only pages that somebody signed in for ask this.
    pub fn member(&self) -> Result<&Member, PageError> {
        let session = self.session.as_ref();
        session.map(|session| &session.member).ok_or_else(|| PageError::Fault("nobody is signed in".to_owned()))
    }

    pub fn may(&self, scope: Scope) -> bool {
        self.session.as_ref().is_some_and(|session| session.member.role.allows(scope))
    }

    /// Whether the password was typed in the last ten minutes.
    pub fn is_fresh(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.is_fresh(self.shop.now()))
    }

    /// Who did it, in movements and timelines.
    pub fn actor(&self) -> String {
        self.session.as_ref().map_or_else(String::new, |session| format!("staff:{}", session.member.name))
    }

    pub(super) fn seen_as(mut self, member: Member) -> Desk {
        self.known_as = Some(format!("staff:{}", member.id));
        self
    }

    /// Answers with a page. `context` is the page's own; what every page has comes on top.
    pub fn page(&self, status: StatusCode, template: &str, context: Value) -> Result<Response, PageError> {
        let page = self.pages.render(template, context! { ..context, ..self.frame() });
        page.map(|page| html(status, page)).map_err(|error| PageError::Fault(format!("{error:#}")))
    }

    /// 303 to a page of the desk (without the language's prefix), which says in one line what was done
    /// (`admin-done-WORD`). A reload repeats nothing.
    pub fn done(&self, place: &str, word: &str) -> Response {
        let joint = if place.contains('?') { '&' } else { '?' };
        see_other(&format!("{}{place}{joint}done={word}", self.prefix()))
    }

    /// The same without a line.
    pub fn see(&self, place: &str) -> Response {
        see_other(&format!("{}{place}", self.prefix()))
    }

    pub fn say(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        self.pages.words().say(self.language, key, values)
    }

    pub fn has_word(&self, key: &str) -> bool {
        self.pages.words().has(self.language, key)
    }

    /// Why a refund failed, in words.
    pub fn refund_failure(&self, reason: &str) -> String {
        language::refund_failure(self.pages.words(), self.language, reason)
    }

    /// An amount in the shop's currency.
    pub fn money(&self, minor: i64) -> String {
        self.money_in(minor, self.settings.currency)
    }

    pub fn money_in(&self, minor: i64, currency: Currency) -> String {
        language::format_money(self.language, Money::new(minor, currency))
    }

    pub fn time(&self, moment: Timestamp) -> String {
        language::format_time(self.language, moment, &self.settings.time_zone)
    }

    /// The prefix of paths in this language: none or `/zh`.
    pub fn prefix(&self) -> &'static str {
        self.language.prefix()
    }

    /// What every page of the desk has.
    fn frame(&self) -> Value {
        let (path, query) = self.here.split_once('?').unwrap_or((&self.here, ""));
        // Collections are reached from the products, and have no entry of their own.
        let path = if path.starts_with("/admin/collections") { "/admin/products" } else { path };
        let done = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "done");
        let done = done.map(|(_, word)| format!("admin-done-{word}")).filter(|key| self.has_word(key));
        let member = self.session.as_ref().map(|session| {
            let role = self.say(&format!("admin-role-{}", session.member.role.as_str()), &[]);
            context! { name => session.member.name.as_str(), email => session.member.email.as_str(), role }
        });
        let seen = NAVIGATION.iter().filter(|(_, _, permission)| self.sees(*permission));
        let navigation = seen.map(|(href, key, _)| {
            let inside = path.strip_prefix(href).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
            let here = path == *href || (inside && *href != "/admin");
            context! { href => format!("{}{href}", self.prefix()), label => self.say(key, &[]), here }
        });
        let other = Language::ALL.into_iter().find(|other| *other != self.language);
        context! {
            lang => self.language.tag(),
            prefix => self.prefix(),
            shop_name => self.settings.name(self.language),
            sandbox => self.shop.config.sandbox.is_some(),
            other_language => other.map(|other| format!("{}{}", other.prefix(), self.here)),
            currency => self.settings.currency.code(),
            base_url => self.shop.config.base_url.as_str(),
            style_version => self.pages.style_version(),
            admin_style_version => assets::version("admin.css"),
            notice => done.map(|key| self.say(&key, &[])),
            navigation => navigation.collect::<Vec<_>>(),
            member,
            allowed => self.allowed(),
        }
    }

    /// `allowed("settings:write")` in a template: whether who looks at the page may do what it offers.
    fn allowed(&self) -> Value {
        let role = self.session.as_ref().map(|session| session.member.role);
        Value::from_function(move |scope: String| {
            let scope = Scope::parse(&scope).ok_or_else(|| {
                minijinja::Error::new(ErrorKind::InvalidOperation, format!("no scope is called {scope}"))
            })?;
            Ok::<bool, minijinja::Error>(role.is_some_and(|role| role.allows(scope)))
        })
    }

    fn sees(&self, permission: Permission) -> bool {
        match permission {
            Permission::Anyone => true,
            Permission::SignedIn | Permission::Fresh => self.session.is_some(),
            Permission::May(scope) | Permission::MayFresh(scope) => self.may(scope),
        }
    }
}

/// Leaves details for the audit log in an answer.
pub fn noted(mut response: Response, detail: impl Into<String>) -> Response {
    response.extensions_mut().insert(Noted { detail: detail.into(), ..Noted::default() });
    response
}
