//! The door: the first owner's link, sign-in with password and second factor, typing the password again, sign-out.
//!
//! Invariant: what is answered does not tell whether anybody has an address; too many tries are not looked at.

use std::collections::BTreeMap;

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query};
use axum::http::header::{HeaderName, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use minijinja::context;
use rules::text::Email;
use rules::time::Span;
use serde::Deserialize;

use super::desk::Desk;
use super::door::{self, Noted};
use crate::shop::Shop;
use crate::staff::password_rules::{self, PasswordRefusal};
use crate::staff::sign_in::{Code, SignIn, Typed};
use crate::staff::throttle::Who;
use crate::staff::{self, Member, Session, SetupLink, Token};
use crate::storage::StorageError;
use crate::storage::second_factors;
use crate::storage::staff::Purpose;
use crate::web::PageError;
use crate::web::code_entry::seconds;
use crate::web::storefront::{plain, see_other};

/// Longest name of somebody, in characters.
pub const NAME_CHARS_MAX: usize = 100;

#[derive(Debug, Deserialize)]
pub struct SetupQuery {
    #[serde(default)]
    token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupForm {
    token: String,
    email: String,
    name: String,
    password: String,
}

pub async fn show_setup(desk: Desk, query: Result<Query<SetupQuery>, QueryRejection>) -> Result<Response, PageError> {
    let token = query?.0.token;
    let form = SetupForm { token, ..SetupForm::default() };
    setup_page(&desk, StatusCode::OK, &form, &[]).await
}

pub async fn set_up(desk: Desk, form: Result<Form<SetupForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let Some(token) = Token::parse(&form.token) else {
        return setup_page(&desk, StatusCode::FORBIDDEN, &form, &[]).await;
    };
    // A link that opens nothing costs nothing: passwords are hashed for the owner's alone.
    if staff::setup_link(&desk.shop.storage, Some(&token), desk.shop.now()).await? != SetupLink::Open {
        return setup_page(&desk, StatusCode::FORBIDDEN, &form, &[]).await;
    }
    let mut wrong = Vec::new();
    let email = Email::parse(&form.email).ok();
    if email.is_none() {
        wrong.push(("email", desk.say("admin-wrong-email", &[])));
    }
    let name = plain(&form.name).filter(|name| !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX);
    if name.is_none() {
        wrong.push(("name", desk.say("admin-wrong-name", &[])));
    }
    if let Err(refusal) = password_rules::check(&form.password, false, &own_words(&desk, &form.name, &form.email)) {
        wrong.push(("password", password_words(&desk, refusal)));
    }
    let (Some(email), Some(name), true) = (email, name, wrong.is_empty()) else {
        return setup_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrong).await;
    };
    let now = desk.shop.now();
    let made = staff::set_up(&desk.shop.storage, &token, &email, name, &form.password, now).await;
    match made {
        Ok(Some(member)) => {
            second_factors::remember_place(&desk.shop.storage, &member.id, &desk.client, now).await?;
            signed_in(&desk, member, &format!("{}/admin", desk.prefix())).await
        }
        // Used or late: the page says which.
        Ok(None) | Err(StorageError::Conflict { .. }) => setup_page(&desk, StatusCode::FORBIDDEN, &form, &[]).await,
        Err(error) => Err(error.into()),
    }
}

async fn setup_page(
    desk: &Desk,
    status: StatusCode,
    form: &SetupForm,
    wrong: &[(&str, String)],
) -> Result<Response, PageError> {
    let token = Token::parse(&form.token);
    let link = staff::setup_link(&desk.shop.storage, token.as_ref(), desk.shop.now()).await?;
    let (status, state) = match link {
        SetupLink::Open => (status, "open"),
        SetupLink::Expired => (StatusCode::FORBIDDEN, "expired"),
        SetupLink::SomebodyIsThere => (StatusCode::FORBIDDEN, "somebody"),
    };
    let context = context! {
        state, token => form.token.as_str(), email => form.email.as_str(), name => form.name.as_str(), wrong => mistakes(wrong),
    };
    desk.page(status, "admin/setup.html", context)
}

#[derive(Debug, Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    return_to: String,
    /// The browser came with a session that is over.
    #[serde(default)]
    expired: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    return_to: String,
}

/// What the page of the door says beside its form.
#[derive(Debug, Default)]
struct Said {
    refused: Option<String>,
    is_expired: bool,
    asks_code: bool,
}

pub async fn show(desk: Desk, query: Result<Query<ReturnQuery>, QueryRejection>) -> Result<Response, PageError> {
    let query = query?.0;
    let place = door::own_place(&desk, &query.return_to);
    if desk.session.is_some() {
        return Ok(see_other(&place));
    }
    let said = Said { is_expired: !query.expired.is_empty(), ..Said::default() };
    sign_in_page(&desk, StatusCode::OK, "", &place, said)
}

pub async fn submit(desk: Desk, form: Result<Form<SignInForm>, FormRejection>) -> Result<Response, PageError> {
    let SignInForm { email, password, code, return_to } = form?.0;
    let place = door::own_place(&desk, &return_to);
    let typed = Typed { email: &email, password: &password, code: &code };
    let refused = |status, said: Said, meant: Option<String>| {
        let page = sign_in_page(&desk, status, &email, &place, said)?;
        let meant = meant.map_or_else(|| "nobody has this address".to_owned(), |id| format!("meant staff:{id}"));
        Ok(with_note(page, Noted { detail: meant, ..Noted::default() }))
    };
    match staff::sign_in::sign_in(&desk.shop.storage, typed, &who(&desk, &email), desk.shop.now()).await? {
        SignIn::Right(member) => signed_in(&desk, member, &place).await,
        SignIn::NeedsCode(member) => code_step(&desk, member, &place).await,
        SignIn::Wrong { meant } => {
            let said = Said { refused: Some(desk.say("admin-sign-in-refused", &[])), ..Said::default() };
            refused(StatusCode::UNPROCESSABLE_ENTITY, said, meant)
        }
        SignIn::CodeFirst { meant } => {
            let words = desk.say("admin-sign-in-code-first", &[]);
            let said = Said { refused: Some(words), asks_code: true, ..Said::default() };
            refused(StatusCode::UNPROCESSABLE_ENTITY, said, meant)
        }
        SignIn::TooMany(wait) => {
            let said = Said { refused: Some(too_many_words(&desk, wait)), ..Said::default() };
            let page = sign_in_page(&desk, StatusCode::TOO_MANY_REQUESTS, &email, &place, said)?;
            Ok(slowed_down(page, wait))
        }
    }
}

fn sign_in_page(
    desk: &Desk,
    status: StatusCode,
    email: &str,
    return_to: &str,
    said: Said,
) -> Result<Response, PageError> {
    let Said { refused, is_expired, asks_code } = said;
    desk.page(status, "admin/sign_in.html", context! { email, return_to, refused, is_expired, asks_code })
}

/// The password is right, by typing or by link: in, or on to the second factor of whoever has one.
pub async fn password_is_right(desk: &Desk, member: Member, place: &str) -> Result<Response, PageError> {
    if second_factors::secret(&desk.shop.storage, &member.id).await?.is_some() {
        return code_step(desk, member, place).await;
    }
    second_factors::remember_place(&desk.shop.storage, &member.id, &desk.client, desk.shop.now()).await?;
    signed_in(desk, member, place).await
}

/// To the page that asks for the code; who stands there is known by a cookie that opens nothing else.
async fn code_step(desk: &Desk, member: Member, place: &str) -> Result<Response, PageError> {
    let token = staff::draw_link(&desk.shop.storage, &member, Purpose::Code, desk.shop.now()).await?;
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("return_to", place).finish();
    let response = door::with_step(&desk.shop, desk.see(&format!("/admin/sign-in/code?{query}")), &token);
    Ok(with_note(response, Noted { detail: "the code comes next".to_owned(), by: Some(member), ..Noted::default() }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeForm {
    code: String,
    #[serde(default)]
    return_to: String,
}

pub async fn show_code(
    desk: Desk,
    headers: HeaderMap,
    query: Result<Query<ReturnQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let place = door::own_place(&desk, &query?.0.return_to);
    match who_stands_there(&desk, &headers).await? {
        Some(_) => code_page(&desk, StatusCode::OK, &place, &[]),
        None => Ok(desk.see("/admin/sign-in")),
    }
}

pub async fn submit_code(
    desk: Desk,
    headers: HeaderMap,
    form: Result<Form<CodeForm>, FormRejection>,
) -> Result<Response, PageError> {
    let form = form?.0;
    let place = door::own_place(&desk, &form.return_to);
    let Some((token, member)) = who_stands_there(&desk, &headers).await? else {
        return Ok(desk.see("/admin/sign-in?expired=1"));
    };
    let (storage, now) = (&desk.shop.storage, desk.shop.now());
    match staff::sign_in::code(storage, &member.id, &form.code, &desk.client, now).await? {
        Code::Right => {
            staff::end_code_step(storage, &token).await?;
            Ok(door::without_step(&desk.shop, signed_in(&desk, member, &place).await?))
        }
        Code::Wrong => {
            let wrong = [("code", desk.say("admin-code-refused", &[]))];
            let page = code_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &place, &wrong)?;
            Ok(with_note(page, Noted { by: Some(member), ..Noted::default() }))
        }
        Code::TooMany(wait) => {
            let wrong = [("code", too_many_words(&desk, wait))];
            Ok(slowed_down(code_page(&desk, StatusCode::TOO_MANY_REQUESTS, &place, &wrong)?, wait))
        }
    }
}

async fn who_stands_there(desk: &Desk, headers: &HeaderMap) -> Result<Option<(Token, Member)>, PageError> {
    let Some(token) = door::step_token(&desk.shop, headers) else { return Ok(None) };
    let member = staff::code_step(&desk.shop.storage, &token, desk.shop.now()).await?;
    Ok(member.map(|member| (token, member)))
}

fn code_page(
    desk: &Desk,
    status: StatusCode,
    return_to: &str,
    wrong: &[(&str, String)],
) -> Result<Response, PageError> {
    desk.page(status, "admin/code.html", context! { return_to, wrong => mistakes(wrong) })
}

/// The new session's cookie, and the way to where somebody wanted to go.
async fn signed_in(desk: &Desk, member: Member, place: &str) -> Result<Response, PageError> {
    let shop = &desk.shop;
    // Whoever signs in anew leaves the session that the browser still had.
    if let Some(session) = &desk.session {
        staff::close_session(&shop.storage, session).await?;
    }
    let token = staff::open_session(&shop.storage, &member, &desk.client, &desk.agent, shop.now()).await?;
    let response = door::with_session(shop, see_other(place), &token);
    Ok(with_note(response, Noted { by: Some(member), ..Noted::default() }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConfirmForm {
    password: String,
    #[serde(default)]
    return_to: String,
}

pub async fn show_confirm(
    desk: Desk,
    query: Result<Query<ReturnQuery>, QueryRejection>,
) -> Result<Response, PageError> {
    let return_to = door::own_place(&desk, &query?.0.return_to);
    confirm_page(&desk, StatusCode::OK, &return_to, None)
}

/// The password again. The session goes on under a secret drawn anew, for it may do more now.
pub async fn confirm(desk: Desk, form: Result<Form<ConfirmForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let return_to = door::own_place(&desk, &form.return_to);
    let session = desk.session.as_ref().ok_or_else(|| PageError::Fault("nobody is signed in".to_owned()))?;
    let (storage, now) = (&desk.shop.storage, desk.shop.now());
    match types_password(&desk, session, &form.password).await? {
        SignIn::Right(_) | SignIn::NeedsCode(_) => {
            let token = staff::rotate(storage, session, Some(now)).await?;
            Ok(door::with_session(&desk.shop, see_other(&return_to), &token))
        }
        SignIn::Wrong { .. } | SignIn::CodeFirst { .. } => {
            let words = desk.say("admin-confirm-refused", &[]);
            confirm_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &return_to, Some(words))
        }
        SignIn::TooMany(wait) => {
            let words = too_many_words(&desk, wait);
            let page = confirm_page(&desk, StatusCode::TOO_MANY_REQUESTS, &return_to, Some(words))?;
            Ok(slowed_down(page, wait))
        }
    }
}

/// Guessing the password in a session that somebody left open is guessing it, too: it is counted as one tries at the door.
pub async fn types_password(desk: &Desk, session: &Session, password: &str) -> Result<SignIn, PageError> {
    let email = &session.member.email;
    let typed = Typed { email, password, code: "" };
    Ok(staff::sign_in::sign_in(&desk.shop.storage, typed, &who(desk, email), desk.shop.now()).await?)
}

fn confirm_page(
    desk: &Desk,
    status: StatusCode,
    return_to: &str,
    refused: Option<String>,
) -> Result<Response, PageError> {
    desk.page(status, "admin/confirm.html", context! { return_to, refused })
}

pub async fn sign_out(desk: Desk) -> Result<Response, PageError> {
    if let Some(session) = &desk.session {
        staff::close_session(&desk.shop.storage, session).await?;
    }
    let mut response = door::without_session(&desk.shop, desk.see("/admin/sign-in"));
    // Not "cookies": the same browser may hold a buyer's cart.
    let cleared = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), cleared);
    Ok(response)
}

/// Whether this is an owner of a shop that takes real money.
pub fn must_have_authenticator(desk: &Desk, session: &Session) -> bool {
    desk.shop.config.is_live() && session.member.role == staff::Role::Owner
}

/// Whether nothing else opens before an authenticator is set up.
pub fn needs_authenticator(desk: &Desk, session: &Session) -> bool {
    must_have_authenticator(desk, session) && !session.has_authenticator
}

/// Whether somebody may choose this password.
pub async fn check_password(
    desk: &Desk,
    member: &Member,
    password: &str,
) -> Result<Result<(), PasswordRefusal>, PageError> {
    let has_second_factor = second_factors::secret(&desk.shop.storage, &member.id).await?.is_some();
    Ok(password_rules::check(password, has_second_factor, &own_words(desk, &member.name, &member.email)))
}

/// What somebody who knows the shop and the person would try.
fn own_words<'a>(desk: &'a Desk, name: &'a str, email: &'a str) -> [&'a str; 4] {
    [&desk.settings.name_en, &desk.settings.name_zh, name, email]
}

/// Who tries to sign in, as it is counted.
pub fn who(desk: &Desk, email: &str) -> Who {
    Who { client: desk.client.clone(), account: account(&desk.shop, email) }
}

/// An address as tries are counted for it; also one that is none.
pub fn account(shop: &Shop, email: &str) -> String {
    let login = Email::parse(email).map_or_else(|_| email.trim().to_lowercase(), |email| email.buyer());
    shop.keyed_digest("sign-in", &login)
}

/// With when to try again.
fn slowed_down(mut response: Response, wait: Span) -> Response {
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds(wait)));
    response
}

pub fn too_many_words(desk: &Desk, wait: Span) -> String {
    let minutes = (seconds(wait) + 59) / 60;
    desk.say("admin-sign-in-too-many", &[("minutes", minutes.into())])
}

fn with_note(mut response: Response, note: Noted) -> Response {
    response.extensions_mut().insert(note);
    response
}

pub fn password_words(desk: &Desk, refusal: PasswordRefusal) -> String {
    match refusal {
        PasswordRefusal::TooShort(least) => {
            let least = i64::try_from(least).unwrap_or(i64::MAX);
            desk.say("admin-wrong-password-short-by", &[("count", least.into())])
        }
        PasswordRefusal::TooLong => desk.say("admin-wrong-password-long", &[]),
        PasswordRefusal::EasyToGuess => desk.say("admin-wrong-password-easy", &[]),
    }
}

/// The mistakes of a form: field → words. Templates ask for any of these fields.
pub fn mistakes(wrong: &[(&str, String)]) -> BTreeMap<String, String> {
    let fields = ["email", "name", "password", "role", "code", "current", "authenticator"];
    let fields = fields.iter().map(|field| ((*field).to_owned(), String::new()));
    let said = wrong.iter().map(|(field, words)| ((*field).to_owned(), words.clone()));
    fields.chain(said).collect()
}
