//! The door for whoever comes by letter: asking for a link, and what an invitation or a link for a new password opens.
//!
//! Invariants: the answer to asking is always the same, after the same one statement; opening a link shows a form and uses
//! up nothing, because scanners of letters open every link; a new password does not skip the second factor.

use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{Form, Query};
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::text::Email;
use serde::Deserialize;

use super::desk::Desk;
use super::sign_in::{self, account, mistakes, password_words};
use crate::staff::{self, Token, throttle};
use crate::storage::staff::Purpose;
use crate::storage::staff_letters::{self, Wanted};
use crate::web::PageError;

/// Askers are counted by the hour.
const ASK_AGAIN_AFTER_SECONDS: u64 = 60 * 60;

#[derive(Debug, Deserialize)]
pub struct AskedQuery {
    #[serde(default)]
    asked: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResetForm {
    email: String,
}

pub async fn show_reset(desk: Desk, query: Result<Query<AskedQuery>, QueryRejection>) -> Result<Response, PageError> {
    reset_page(&desk, StatusCode::OK, !query?.0.asked.is_empty(), "", &[])
}

pub async fn ask_reset(desk: Desk, form: Result<Form<ResetForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let Ok(email) = Email::parse(&form.email) else {
        let wrong = [("email", desk.say("admin-wrong-email", &[]))];
        return reset_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, false, &form.email, &wrong);
    };
    if !want(&desk, Purpose::Reset, &email).await? {
        return Err(PageError::TooMany { retry_after_seconds: ASK_AGAIN_AFTER_SECONDS });
    }
    Ok(desk.see("/admin/reset?asked=1"))
}

/// A letter for this address; false when too many were asked for from here.
pub async fn want(desk: &Desk, purpose: Purpose, email: &Email) -> Result<bool, PageError> {
    let shop = &desk.shop;
    let asker = desk.session.as_ref().map(|session| session.member.id.clone());
    let wanted = Wanted {
        id: format!("stl_{}", uuid::Uuid::now_v7().simple()),
        purpose,
        email: email.as_str().to_owned(),
        account: account(shop, email.as_str()),
        client: asker.unwrap_or_else(|| desk.client.clone()),
        language: desk.language.tag().to_owned(),
    };
    let is_stored = staff_letters::ask(&shop.storage, &wanted, shop.now()).await?;
    shop.wake_workers();
    Ok(is_stored)
}

fn reset_page(
    desk: &Desk,
    status: StatusCode,
    asked: bool,
    email: &str,
    wrong: &[(&str, String)],
) -> Result<Response, PageError> {
    desk.page(status, "admin/reset.html", context! { asked, email, wrong => mistakes(wrong) })
}

#[derive(Debug, Deserialize)]
pub struct LinkQuery {
    #[serde(default)]
    token: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordForm {
    token: String,
    password: String,
}

pub async fn show_link(desk: Desk, query: Result<Query<LinkQuery>, QueryRejection>) -> Result<Response, PageError> {
    link_page(&desk, StatusCode::OK, &query?.0.token, &[]).await
}

pub async fn use_link(desk: Desk, form: Result<Form<PasswordForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let (storage, now) = (&desk.shop.storage, desk.shop.now());
    let Some(token) = Token::parse(&form.token) else {
        return link_page(&desk, StatusCode::FORBIDDEN, "", &[]).await;
    };
    let Some((_, member)) = staff::password_link(storage, &token, now).await? else {
        return link_page(&desk, StatusCode::FORBIDDEN, &form.token, &[]).await;
    };
    if let Err(refusal) = sign_in::check_password(&desk, &member, &form.password).await? {
        let wrong = [("password", password_words(&desk, refusal))];
        return link_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &form.token, &wrong).await;
    }
    match staff::choose_password(storage, &token, &form.password, now).await? {
        Some(member) => {
            // Whoever reads this person's letters is not one of the strangers who tried passwords.
            throttle::unlock(storage, &account(&desk.shop, &member.email), now).await?;
            sign_in::password_is_right(&desk, member, &format!("{}/admin", desk.prefix())).await
        }
        None => link_page(&desk, StatusCode::FORBIDDEN, &form.token, &[]).await,
    }
}

async fn link_page(
    desk: &Desk,
    status: StatusCode,
    token: &str,
    wrong: &[(&str, String)],
) -> Result<Response, PageError> {
    let found = match Token::parse(token) {
        Some(token) => staff::password_link(&desk.shop.storage, &token, desk.shop.now()).await?,
        None => None,
    };
    let (status, state) = match &found {
        Some((Purpose::Invite, _)) => (status, "invite"),
        Some(_) => (status, "reset"),
        None => (StatusCode::FORBIDDEN, "over"),
    };
    let member = found.map(|(_, member)| member);
    let context = context! {
        state, token,
        name => member.as_ref().map(|member| member.name.as_str()),
        email => member.as_ref().map(|member| member.email.as_str()),
        wrong => mistakes(wrong),
    };
    desk.page(status, "admin/link.html", context)
}
