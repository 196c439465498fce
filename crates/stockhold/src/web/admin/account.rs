//! One's own account: password, authenticator, recovery codes, and where one is signed in.
//!
//! Invariant: whatever changes how somebody proves who they are asks for the password just before, ends every other
//! session, and goes on under a session drawn anew.

use axum::extract::Form;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::Response;
use minijinja::context;
use rules::time::Timestamp;
use serde::Deserialize;

use super::desk::Desk;
use super::door;
use super::sign_in::{self, mistakes, password_words};
use crate::staff::second_factor::SharedSecret;
use crate::staff::sign_in::SignIn;
use crate::staff::{self, Session, recovery};
use crate::storage::second_factors;
use crate::web::PageError;

fn session(desk: &Desk) -> Result<&Session, PageError> {
    desk.session.as_ref().ok_or_else(|| PageError::Fault("nobody is signed in".to_owned()))
}

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    page(&desk, StatusCode::OK, &[]).await
}

async fn page(desk: &Desk, status: StatusCode, wrong: &[(&str, String)]) -> Result<Response, PageError> {
    let (session, storage) = (session(desk)?, &desk.shop.storage);
    let id = &session.member.id;
    let has_authenticator = second_factors::secret(storage, id).await?.is_some();
    let codes_left = second_factors::recovery_codes_left(storage, id).await?;
    let sessions = staff::sessions(storage, id, desk.shop.now()).await?;
    let sessions: Vec<_> = sessions
        .iter()
        .map(|one| {
            context! {
                name => one.digest.as_str(),
                browser => browser(&one.agent),
                started => desk.time(one.started_at),
                seen => desk.time(one.seen_at),
                is_this => one.digest == session.digest,
            }
        })
        .collect();
    let context = context! {
        has_authenticator, codes_left, sessions,
        is_required => sign_in::needs_authenticator(desk, session),
        wrong => mistakes(wrong),
    };
    desk.page(status, "admin/account.html", context)
}

/// What a browser calls itself, short enough for a list: `Firefox · Linux`.
fn browser(agent: &str) -> String {
    let named = |names: &[(&str, &str)]| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| (*name).to_owned())
    };
    let browsers = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("MicroMessenger/", "WeChat"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let parts: Vec<String> = [named(&browsers), named(&systems)].into_iter().flatten().collect();
    if parts.is_empty() { agent.chars().take(40).collect() } else { parts.join(" · ") }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordForm {
    current: String,
    password: String,
}

pub async fn change_password(
    desk: Desk,
    form: Result<Form<PasswordForm>, FormRejection>,
) -> Result<Response, PageError> {
    let form = form?.0;
    let (session, storage) = (session(&desk)?, &desk.shop.storage);
    let wrong = match sign_in::types_password(&desk, session, &form.current).await? {
        SignIn::Right(_) | SignIn::NeedsCode(_) => None,
        SignIn::TooMany(wait) => Some(("current", sign_in::too_many_words(&desk, wait))),
        SignIn::Wrong { .. } | SignIn::CodeFirst { .. } => Some(("current", desk.say("admin-confirm-refused", &[]))),
    };
    if let Some(wrong) = wrong {
        return page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &[wrong]).await;
    }
    if let Err(refusal) = sign_in::check_password(&desk, &session.member, &form.password).await? {
        let wrong = ("password", password_words(&desk, refusal));
        return page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &[wrong]).await;
    }
    staff::change_password(storage, session, &form.password).await?;
    under_a_new_secret(&desk, desk.done("/admin/account", "password"), Some(desk.shop.now())).await
}

/// The session goes on under another cookie. Without the password typed just now it becomes no fresher by it.
async fn under_a_new_secret(
    desk: &Desk,
    response: Response,
    typed_at: Option<Timestamp>,
) -> Result<Response, PageError> {
    let token = staff::rotate(&desk.shop.storage, session(desk)?, typed_at).await?;
    Ok(door::with_session(&desk.shop, response, &token))
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnrolForm {
    secret: String,
    code: String,
}

/// A secret drawn for this page; nothing is stored before a code has shown that the authenticator has it.
pub async fn show_authenticator(desk: Desk) -> Result<Response, PageError> {
    enrol_page(&desk, StatusCode::OK, &SharedSecret::draw()?, &[])
}

pub async fn enrol(desk: Desk, form: Result<Form<EnrolForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let (session, storage, now) = (session(&desk)?, &desk.shop.storage, desk.shop.now());
    let secret = SharedSecret::parse(&form.secret).map_err(|_| PageError::Unreadable)?;
    let Some(step) = secret.check(&form.code, 0, now)? else {
        let wrong = [("code", desk.say("admin-code-refused", &[]))];
        return enrol_page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &secret, &wrong);
    };
    let codes = recovery::draw()?;
    let stored: Vec<String> = codes.iter().filter_map(|code| recovery::stored(code)).collect();
    second_factors::enrol(storage, &session.member.id, (secret.expose(), step), &stored, now).await?;
    staff::end_other_sessions(storage, session).await?;
    under_a_new_secret(&desk, codes_page(&desk, &codes)?, None).await
}

fn enrol_page(
    desk: &Desk,
    status: StatusCode,
    secret: &SharedSecret,
    wrong: &[(&str, String)],
) -> Result<Response, PageError> {
    let member = desk.member()?;
    let picture = secret.picture(desk.settings.name(desk.language), &member.email)?;
    let context = context! {
        picture,
        secret => secret.expose(),
        readable => secret.readable(),
        is_required => sign_in::needs_authenticator(desk, session(desk)?),
        wrong => mistakes(wrong),
    };
    desk.page(status, "admin/authenticator.html", context)
}

/// The one time that recovery codes are shown: the answer to the form that drew them, which no reload repeats unasked.
fn codes_page(desk: &Desk, codes: &[String]) -> Result<Response, PageError> {
    desk.page(StatusCode::OK, "admin/recovery_codes.html", context! { codes => codes.to_vec() })
}

pub async fn new_recovery_codes(desk: Desk) -> Result<Response, PageError> {
    let (session, storage) = (session(&desk)?, &desk.shop.storage);
    if second_factors::secret(storage, &session.member.id).await?.is_none() {
        return Err(PageError::NotFound);
    }
    let codes = recovery::draw()?;
    let stored: Vec<String> = codes.iter().filter_map(|code| recovery::stored(code)).collect();
    second_factors::replace_recovery_codes(storage, &session.member.id, &stored).await?;
    staff::end_other_sessions(storage, session).await?;
    under_a_new_secret(&desk, codes_page(&desk, &codes)?, None).await
}

/// Not where the shop takes real money and this is its owner: there it can only be replaced.
pub async fn remove_authenticator(desk: Desk) -> Result<Response, PageError> {
    let (session, storage) = (session(&desk)?, &desk.shop.storage);
    if sign_in::must_have_authenticator(&desk, session) {
        return page(&desk, StatusCode::CONFLICT, &[("authenticator", desk.say("admin-authenticator-required", &[]))])
            .await;
    }
    second_factors::remove(storage, &session.member.id).await?;
    staff::end_other_sessions(storage, session).await?;
    under_a_new_secret(&desk, desk.done("/admin/account", "authenticator-removed"), None).await
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionForm {
    session: String,
}

pub async fn end_session(desk: Desk, form: Result<Form<SessionForm>, FormRejection>) -> Result<Response, PageError> {
    let (form, session) = (form?.0, session(&desk)?);
    if !staff::end_session(&desk.shop.storage, &session.member.id, &form.session).await? {
        return Err(PageError::NotFound);
    }
    if form.session == session.digest {
        return Ok(door::without_session(&desk.shop, desk.see("/admin/sign-in")));
    }
    Ok(desk.done("/admin/account", "session-ended"))
}

pub async fn end_other_sessions(desk: Desk) -> Result<Response, PageError> {
    staff::end_other_sessions(&desk.shop.storage, session(&desk)?).await?;
    under_a_new_secret(&desk, desk.done("/admin/account", "sessions-ended"), None).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_so_that_its_owner_knows_it() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Safari/604.1";
        assert_eq!((browser(firefox).as_str(), browser(phone).as_str()), ("Firefox · Linux", "Safari · iPhone"));
        assert_eq!((browser("curl/8.1").as_str(), browser("").as_str()), ("curl/8.1", ""));
    }
}
