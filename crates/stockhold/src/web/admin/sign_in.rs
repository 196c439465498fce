//! The door: the first owner's link, sign-in, typing the password again, sign-out.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::text::Email;
use serde::Deserialize;

use super::desk::Desk;
use super::door::{self, Noted};
use crate::staff::{self, Member, PasswordMistake, SetupLink, Token};
use crate::storage::StorageError;
use crate::web::PageError;
use crate::web::storefront::{plain, see_other};

/// Longest name of somebody, in characters.
const NAME_CHARS_MAX: usize = 100;

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
    let mut wrong = Vec::new();
    let email = Email::parse(&form.email).inspect_err(|_| wrong.push(("email", "admin-wrong-email"))).ok();
    let name = plain(&form.name).filter(|name| !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX);
    if name.is_none() {
        wrong.push(("name", "admin-wrong-name"));
    }
    if let Err(mistake) = staff::check_password(&form.password) {
        wrong.push(("password", password_words(mistake)));
    }
    let (Some(email), Some(name), true) = (email, name, wrong.is_empty()) else {
        return setup_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrong).await;
    };
    let now = desk.shop.now();
    let made = staff::set_up(&desk.shop.storage, &token, &email, name, &form.password, now).await;
    match made {
        Ok(Some(member)) => signed_in(&desk, member, &format!("{}/admin", desk.prefix())).await,
        // Used or late: the page says which.
        Ok(None) | Err(StorageError::Conflict { .. }) => setup_page(&desk, StatusCode::FORBIDDEN, &form, &[]).await,
        Err(error) => Err(error.into()),
    }
}

async fn setup_page(
    desk: &Desk,
    status: StatusCode,
    form: &SetupForm,
    wrong: &[(&str, &str)],
) -> Result<Response, PageError> {
    let token = Token::parse(&form.token);
    let link = staff::setup_link(&desk.shop.storage, token.as_ref(), desk.shop.now()).await?;
    let (status, state) = match link {
        SetupLink::Open => (status, "open"),
        SetupLink::Expired => (StatusCode::FORBIDDEN, "expired"),
        SetupLink::SomebodyIsThere => (StatusCode::FORBIDDEN, "somebody"),
    };
    let context = context! {
        state,
        token => form.token.as_str(),
        email => form.email.as_str(),
        name => form.name.as_str(),
        wrong => mistakes(desk, wrong),
    };
    desk.page(status, "admin/setup.html", context)
}

#[derive(Debug, Deserialize)]
pub struct ReturnQuery {
    #[serde(default)]
    return_to: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignInForm {
    email: String,
    password: String,
    #[serde(default)]
    return_to: String,
}

pub async fn show(desk: Desk, query: Result<Query<ReturnQuery>, QueryRejection>) -> Result<Response, PageError> {
    let place = door::own_place(&desk, &query?.0.return_to);
    if desk.session.is_some() {
        return Ok(see_other(&place));
    }
    sign_in_page(&desk, StatusCode::OK, "", &place, false)
}

pub async fn submit(desk: Desk, form: Result<Form<SignInForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let place = door::own_place(&desk, &form.return_to);
    match staff::check(&desk.shop.storage, &form.email, &form.password).await? {
        Some(member) => signed_in(&desk, member, &place).await,
        None => sign_in_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &form.email, &place, true),
    }
}

fn sign_in_page(
    desk: &Desk,
    status: StatusCode,
    email: &str,
    return_to: &str,
    refused: bool,
) -> Result<Response, PageError> {
    desk.page(status, "admin/sign_in.html", context! { email, return_to, refused })
}

/// The new session's cookie, and the way to where somebody wanted to go.
async fn signed_in(desk: &Desk, member: Member, place: &str) -> Result<Response, PageError> {
    let shop = &desk.shop;
    // Whoever signs in anew leaves the session that the browser still had.
    if let Some(session) = &desk.session {
        staff::close_session(&shop.storage, session).await?;
    }
    let token = staff::open_session(&shop.storage, &member, &desk.client, &desk.agent, shop.now()).await?;
    let mut response = door::with_session(shop, see_other(place), &token);
    response.extensions_mut().insert(Noted { detail: String::new(), by: Some(member) });
    Ok(response)
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
    desk.page(StatusCode::OK, "admin/confirm.html", context! { return_to, refused => false })
}

pub async fn confirm(desk: Desk, form: Result<Form<ConfirmForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let return_to = door::own_place(&desk, &form.return_to);
    let member = desk.member()?;
    let right = staff::check(&desk.shop.storage, &member.email, &form.password).await?;
    match (right, &desk.session) {
        (Some(_), Some(session)) => {
            staff::confirm(&desk.shop.storage, session, desk.shop.now()).await?;
            Ok(see_other(&return_to))
        }
        _ => desk.page(StatusCode::UNPROCESSABLE_ENTITY, "admin/confirm.html", context! { return_to, refused => true }),
    }
}

pub async fn sign_out(desk: Desk) -> Result<Response, PageError> {
    if let Some(session) = &desk.session {
        staff::close_session(&desk.shop.storage, session).await?;
    }
    Ok(door::without_session(&desk.shop, desk.see("/admin/sign-in")))
}

fn password_words(mistake: PasswordMistake) -> &'static str {
    match mistake {
        PasswordMistake::TooShort => "admin-wrong-password-short",
        PasswordMistake::TooLong => "admin-wrong-password-long",
    }
}

/// The mistakes of a form: field → words.
fn mistakes(desk: &Desk, wrong: &[(&str, &str)]) -> std::collections::BTreeMap<String, String> {
    let fields = ["email", "name", "password"].iter().map(|field| ((*field).to_owned(), String::new()));
    let said = wrong.iter().map(|(field, key)| ((*field).to_owned(), desk.say(key, &[])));
    fields.chain(said).collect()
}
