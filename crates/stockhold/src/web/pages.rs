//! The template engine: pages are rendered on the server, from templates inside the binary or from the data folder.
//!
//! Every word comes from `locales/`, through `say(key, …)` in the language of the page. Unknown variables are
//! errors, not silence. A broken template of the data folder is logged and the built-in one takes its place, so a
//! slip of the shopkeeper's pen never closes the shop.

use std::path::Path;
use std::sync::Arc;

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use fluent_bundle::FluentValue;
use minijinja::value::{Kwargs, Value};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior, context};
use rules::money::{Currency, Money};
use rules::time::Timestamp;

use crate::language::{self, Language, TotalRow, Totals, Words};
use crate::shop::{Settings, Shop};
use crate::storage;
use crate::storage::pages::Links;
use crate::storage::products::Localized;
use crate::theme::{self, Theme};
use crate::web::session::{Visitor, digest, language_of};
use crate::web::{PageError, assets};

/// Collections that fit into the head of a page beside search and cart.
const HEAD_LINKS: usize = 4;

/// The templates, ready to render; one for the life of the process.
#[derive(Debug)]
pub struct Pages {
    builtin: Environment<'static>,
    /// The data folder's templates over the built-in ones; none without such a folder.
    own: Option<Environment<'static>>,
    words: Words,
    /// The shop's own tokens, which stand behind the style sheet.
    tokens: Option<String>,
}

impl Pages {
    pub fn open(data_dir: &Path) -> Arc<Pages> {
        let (words, theme) = (Words::of(data_dir), Theme::of(data_dir));
        for mistake in theme.check() {
            tracing::error!(%mistake, "the theme has a mistake; the program's own is used instead");
        }
        let builtin = environment(&words, |name| Ok(theme::built_in(name)));
        let tokens = theme.tokens();
        let own = theme.has_any("").then(|| environment(&words, move |name| theme.source(name)));
        Arc::new(Pages { builtin, own, words, tokens })
    }

    pub fn render(&self, template: &str, context: Value) -> Result<String, Error> {
        if let Some(own) = &self.own {
            match own.get_template(template).and_then(|template| template.render(context.clone())) {
                Ok(page) => return Ok(page),
                Err(error) => tracing::error!(template, error = format!("{error:#}"), "an own template is broken"),
            }
        }
        self.builtin.get_template(template)?.render(context)
    }
}

impl Pages {
    pub fn words(&self) -> &Words {
        &self.words
    }

    /// The style sheet, with the shop's own tokens behind it.
    pub fn style(&self) -> String {
        [assets::style(), self.tokens.clone().unwrap_or_default()].join("\n")
    }

    /// The style sheet's address changes with its contents, so that browsers may keep it for good.
    pub fn style_version(&self) -> String {
        match &self.tokens {
            None => assets::version("shop.css"),
            Some(_) => digest(&self.style())[..16].to_owned(),
        }
    }
}

impl Visitor {
    /// Answers with a page. `context` is the page's own; what every page has comes on top.
    pub fn page(&self, status: StatusCode, template: &str, context: Value) -> Result<Response, PageError> {
        let here = Here { language: self.language, path: &self.here, indexed: is_indexed(template) };
        let frame = frame(&self.shop, &self.pages, &self.settings, here, self.cart_count(), &self.links);
        let page = self.pages.render(template, context! { ..context, ..frame });
        page.map(|page| html(status, page)).map_err(|error| PageError::Fault(format!("{error:#}")))
    }

    pub fn say(&self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        self.pages.words.say(self.language, key, values)
    }

    pub fn has_word(&self, key: &str) -> bool {
        self.pages.words.has(self.language, key)
    }

    /// An amount in the shop's currency.
    pub fn money(&self, minor: i64) -> String {
        self.money_in(minor, self.settings.currency)
    }

    pub fn money_in(&self, minor: i64, currency: Currency) -> String {
        language::format_money(self.language, Money::new(minor, currency))
    }

    /// The rows of a total: its parts, itself, and the tax that is in it.
    pub fn total_rows(&self, totals: &Totals<'_>) -> Vec<Value> {
        let (words, language) = (&self.pages.words, self.language);
        let total = self.money_in(totals.total, totals.currency);
        let total = [("total", TotalRow { label: self.say("order-total", &[]), amount: total })];
        let parts = totals.parts(words, language).into_iter().map(|row| ("", row));
        let included = totals.included(words, language).into_iter().map(|row| ("note", row));
        let all = parts.chain(total).chain(included);
        all.map(|(kind, row)| context! { kind, label => row.label, amount => row.amount }).collect()
    }

    pub fn time(&self, moment: Timestamp) -> String {
        language::format_time(self.language, moment, &self.settings.time_zone)
    }

    /// The prefix of paths in this language: none or `/zh`.
    pub fn prefix(&self) -> &'static str {
        self.language.prefix()
    }
}

/// The page of an error. It must not fail: if even its template is broken, plain words are left.
pub async fn error_page(
    shop: &Shop,
    pages: &Pages,
    path: &str,
    status: StatusCode,
    request_id: Option<&str>,
) -> Response {
    let (language, here) = language_of(path);
    let known = [400, 403, 404, 405, 410, 413, 422, 429, 500, 503];
    let code = match status.as_u16() {
        code if known.contains(&code) => code,
        code if code < 500 => 400,
        _ => 500,
    };
    // Help stands in the same place on every page; if the database is what broke, the page does without.
    let links = storage::pages::links(&shop.storage).await.unwrap_or_default();
    // Another language has the same path, but nobody should be sent to repeat a form that was just refused.
    let context = context! {
        status => status.as_u16(),
        key => format!("error-{code}"),
        request_id,
        ..frame(shop, pages, &shop.settings(), Here { language, path: here, indexed: false }, 0, &links)
    };
    match pages.render("error.html", context) {
        Ok(page) => html(status, page),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the error page cannot be rendered");
            (status, "This page cannot be shown. Nothing was charged.").into_response()
        }
    }
}

/// Where a page stands.
#[derive(Debug, Clone, Copy)]
struct Here<'a> {
    language: Language,
    /// Without the language's prefix, with its query.
    path: &'a str,
    /// Whether search engines may show it.
    indexed: bool,
}

/// What every page has: language, shop, links, the sandbox strip.
fn frame(shop: &Shop, pages: &Pages, settings: &Settings, page: Here<'_>, cart_count: i64, links: &Links) -> Value {
    let Here { language, path: here, indexed } = page;
    let led = |folder: &str, (slug, title): &(String, Localized)| {
        let here = here.split('?').next() == Some(format!("/{folder}/{slug}").as_str());
        context! { href => format!("{}/{folder}/{slug}", language.prefix()), title => title.get(language), here }
    };
    let other = settings.languages.iter().find(|offered| **offered != language);
    let other = other.map(|other| format!("{}{here}", other.prefix()));
    let is_sandbox = shop.config.sandbox.is_some();
    context! {
        lang => language.tag(),
        prefix => language.prefix(),
        shop_name => settings.name(language),
        other_language => other,
        canonical => canonical(here),
        indexed => indexed && !is_sandbox,
        base_url => shop.config.base_url.as_str(),
        sandbox => is_sandbox,
        cart_count,
        hold_minutes => hold_minutes(settings),
        currency => settings.currency.code(),
        style_version => pages.style_version(),
        htmx_version => assets::version("htmx.min.js"),
        script_version => assets::version("shop.js"),
        panels_version => assets::version("panels.js"),
        head_links => links.collections.iter().take(HEAD_LINKS).map(|link| led("collections", link)).collect::<Vec<_>>(),
        foot_links => links.pages.iter().map(|link| led("pages", link)).collect::<Vec<_>>(),
    }
}

/// The one address of what this page shows: without what was chosen on it, but each page of a list is its own.
fn canonical(here: &str) -> String {
    let (path, query) = here.split_once('?').unwrap_or((here, ""));
    let page = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "page");
    match page.and_then(|(_, number)| number.parse::<u32>().ok()).filter(|number| *number > 1) {
        Some(number) => format!("{path}?page={number}"),
        None => path.to_owned(),
    }
}

/// Whole minutes; a hold of seconds, as in tests, is still called a minute.
fn hold_minutes(settings: &Settings) -> i64 {
    (settings.policy.hold.as_micros() / 60_000_000).max(1)
}

/// Carts, orders and search results are nobody's search result.
fn is_indexed(template: &str) -> bool {
    let indexed = ["home", "listing", "product", "page"];
    indexed.iter().any(|name| template == format!("storefront/{name}.html"))
}

pub fn html(status: StatusCode, page: String) -> Response {
    let mut response = (status, page).into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn environment(
    words: &Words,
    load: impl Fn(&str) -> Result<Option<String>, Error> + Send + Sync + 'static,
) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_loader(load);
    environment.set_formatter(write_value);
    let words = words.clone();
    environment.add_function("say", move |state: &State<'_, '_>, key: String, values: Kwargs| {
        say(&words, state, &key, &values)
    });
    environment
}

/// Escapes what HTML needs escaped, and leaves the slashes of addresses readable.
fn write_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let text = match (state.auto_escape(), value.as_str()) {
        (AutoEscape::Html, Some(text)) if !value.is_safe() => text,
        _ => return minijinja::escape_formatter(out, state, value),
    };
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&rest[..at])?;
        out.write_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        rest = &rest[at + 1..];
    }
    Ok(out.write_str(rest)?)
}

/// `say("key", name=value)` in templates: the words of the page's language.
fn say(words: &Words, state: &State<'_, '_>, key: &str, values: &Kwargs) -> Result<String, Error> {
    let tag = state.lookup("lang");
    let language = Language::of_tag(tag.as_ref().and_then(Value::as_str).unwrap_or("en"));
    let mut given: Vec<(&str, FluentValue<'static>)> = Vec::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        let number = if value.as_str().is_none() { i64::try_from(value.clone()).ok() } else { None };
        let value = number.map_or_else(|| FluentValue::from(value.to_string()), FluentValue::from);
        given.push((name, value));
    }
    Ok(words.say(language, key, &given))
}

/// A product's description: Markdown without raw HTML, with links to web pages and letters only.
pub fn markdown(text: &str) -> String {
    use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};
    let safe = |url: &str| ["https://", "http://", "mailto:", "/"].iter().any(|start| url.starts_with(start));
    let mut dropped = 0;
    let events = Parser::new(text).filter_map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None, // Pictures are the shop's own.
        Event::Start(Tag::Link { ref dest_url, .. }) if !safe(dest_url) => {
            dropped += 1;
            None
        }
        Event::End(TagEnd::Link) if dropped > 0 => {
            dropped -= 1;
            None
        }
        other => Some(other),
    });
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, events);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_template_compiles() {
        let pages = Pages::open(Path::new("/nowhere"));
        for name in theme::built_in_names().into_iter() {
            let template = pages.builtin.get_template(&name);
            assert!(template.is_ok(), "{name}: {:#}", template.err().map(|e| e.to_string()).unwrap_or_default());
        }
    }

    #[test]
    fn no_template_has_inline_script_or_style() {
        // Letters need their styles inline: mail programs drop everything else.
        let pages =
            theme::built_in_names().into_iter().filter(|name| name.ends_with(".html") && !name.starts_with("letters/"));
        for name in pages {
            // Structured data is text, not a script; the shop's own script files are no inline ones.
            let text = theme::built_in(&name).unwrap_or_default().to_lowercase();
            let text = text.replace("<script type=\"application/ld+json\">", "").replace("<script src=\"/assets/", "");
            for forbidden in ["<script", "style=", " on", "javascript:", "hx-on"] {
                let found = text.match_indices(forbidden).any(|(at, _)| forbidden != " on" || is_handler(&text[at..]));
                assert!(!found, "{name} has {forbidden}");
            }
        }
    }

    #[test]
    fn every_word_of_a_page_is_known() {
        let words = Words::built_in();
        for name in theme::built_in_names().into_iter().filter(|name| !name.starts_with("letters/")) {
            let text = theme::built_in(&name).unwrap_or_default();
            for said in text.split("say(\"").skip(1) {
                let (key, rest) = said.split_once('"').expect("a key is closed");
                // `say("order-chip-" ~ state)` makes its key as it goes.
                let is_whole = !rest.trim_start().starts_with('~');
                assert!(!is_whole || words.has(Language::En, key), "{name} says {key}");
            }
        }
    }

    fn is_handler(text: &str) -> bool {
        let name: String = text.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
        name.len() > 4 && text.trim_start()[name.len()..].starts_with('=')
    }

    #[test]
    fn a_description_never_brings_its_own_html() {
        let out = markdown(
            "Hello <script>alert(1)</script> [x](javascript:alert(1)) [y](https://example.com)\n\n<img src=x onerror=y>",
        );
        assert!(!out.contains("<script") && !out.contains("javascript:") && !out.contains("<img"), "{out}");
        assert!(out.contains("href=\"https://example.com\""), "{out}");
    }

    #[test]
    fn a_broken_own_template_falls_back_to_the_builtin_one() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        std::fs::create_dir_all(folder.path().join("theme/goods")).expect("writable");
        std::fs::write(folder.path().join("theme/goods/cup.svg"), "{{ nobody_knows }}").expect("writable");
        let pages = Pages::open(folder.path());
        let picture = pages.render("goods/cup.svg", context! { dark => "#000", light => "#fff", mid => "#888" });
        assert!(picture.expect("the built-in template").contains("<svg"));
    }
}
