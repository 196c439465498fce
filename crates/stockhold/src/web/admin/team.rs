//! Staff: who works here, in which role; inviting, changing, disabling. The owner's alone, and always with the password
//! just typed.

use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use rules::text::Email;
use serde::Deserialize;

use super::desk::{Desk, noted};
use super::links;
use super::sign_in::{NAME_CHARS_MAX, mistakes};
use crate::staff::{self, Changed, Role, StaffRefusal};
use crate::storage::staff::Purpose;
use crate::web::PageError;
use crate::web::storefront::plain;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InviteForm {
    name: String,
    email: String,
    /// Empty: none was chosen, and a browser sends none.
    #[serde(default)]
    role: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleForm {
    role: String,
}

pub async fn show(desk: Desk) -> Result<Response, PageError> {
    page(&desk, StatusCode::OK, &InviteForm::default(), &[], None).await
}

pub async fn invite(desk: Desk, form: Result<Form<InviteForm>, FormRejection>) -> Result<Response, PageError> {
    let form = form?.0;
    let mut wrong = Vec::new();
    let email = Email::parse(&form.email).ok();
    if email.is_none() {
        wrong.push(("email", desk.say("admin-wrong-email", &[])));
    }
    let name = plain(&form.name).filter(|name| !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX);
    if name.is_none() {
        wrong.push(("name", desk.say("admin-wrong-name", &[])));
    }
    let role = Role::parse(&form.role);
    if role.is_none() {
        wrong.push(("role", desk.say("admin-staff-role-wrong", &[])));
    }
    let (Some(email), Some(name), Some(role)) = (email, name, role) else {
        return page(&desk, StatusCode::UNPROCESSABLE_ENTITY, &form, &wrong, None).await;
    };
    match staff::invite(&desk.shop.storage, &email, name, role, desk.shop.now()).await? {
        Ok(member) => {
            let detail = format!("{} {}", member.id, role.as_str());
            match send(&desk, &email).await {
                Ok(()) => Ok(noted(desk.done("/admin/staff", "staff-invited"), detail)),
                // They stand on the list all the same.
                Err(error) => Ok(noted(error.into_response(), format!("{detail}, and no letter was sent"))),
            }
        }
        Err(_) => {
            let wrong = [("email", desk.say("admin-staff-address-taken", &[]))];
            page(&desk, StatusCode::CONFLICT, &form, &wrong, None).await
        }
    }
}

/// The invitation again, for whoever let it run out; the link before it stops working.
pub async fn invite_again(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id = id.map_err(|_| PageError::NotFound)?.0;
    let listed = staff::list(&desk.shop.storage).await?;
    let waits = listed.into_iter().find(|listed| listed.member.id == id && !listed.has_joined && !listed.is_disabled);
    let waits = waits.ok_or(PageError::NotFound)?;
    let email = Email::parse(&waits.member.email).map_err(|error| PageError::Fault(error.to_string()))?;
    send(&desk, &email).await?;
    Ok(desk.done("/admin/staff", "staff-invited"))
}

async fn send(desk: &Desk, email: &Email) -> Result<(), PageError> {
    if links::want(desk, Purpose::Invite, email).await? {
        return Ok(());
    }
    Err(PageError::TooMany { retry_after_seconds: 60 * 60 })
}

pub async fn change_role(
    desk: Desk,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<RoleForm>, FormRejection>,
) -> Result<Response, PageError> {
    let id = id.map_err(|_| PageError::NotFound)?.0;
    let role = Role::parse(&form?.0.role).ok_or(PageError::Unreadable)?;
    let response = changed(&desk, staff::change_role(&desk.shop.storage, &id, role).await, "staff-role").await?;
    Ok(noted(response, role.as_str()))
}

pub async fn disable(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id = id.map_err(|_| PageError::NotFound)?.0;
    changed(&desk, staff::disable(&desk.shop.storage, &id).await, "staff-disabled").await
}

pub async fn enable(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id = id.map_err(|_| PageError::NotFound)?.0;
    changed(&desk, staff::enable(&desk.shop.storage, &id).await, "staff-enabled").await
}

/// A colleague's alone: one's own is on the page of one's account, which knows when it has to stay.
pub async fn remove_authenticator(desk: Desk, id: Result<Path<String>, PathRejection>) -> Result<Response, PageError> {
    let id = id.map_err(|_| PageError::NotFound)?.0;
    if id == desk.member()?.id {
        return Err(PageError::NotFound);
    }
    let removed = staff::remove_authenticator(&desk.shop.storage, &id).await;
    changed(&desk, removed, "staff-authenticator-removed").await
}

async fn changed(desk: &Desk, changed: Changed, done: &str) -> Result<Response, PageError> {
    match changed? {
        Ok(()) => Ok(desk.done("/admin/staff", done)),
        Err(StaffRefusal::Nobody) => Err(PageError::NotFound),
        Err(refusal @ (StaffRefusal::LastOwner | StaffRefusal::AddressTaken)) => {
            page(desk, StatusCode::CONFLICT, &InviteForm::default(), &[], Some(refusal)).await
        }
    }
}

async fn page(
    desk: &Desk,
    status: StatusCode,
    form: &InviteForm,
    wrong: &[(&str, String)],
    refusal: Option<StaffRefusal>,
) -> Result<Response, PageError> {
    let own = desk.member()?.id.clone();
    let listed = staff::list(&desk.shop.storage).await?;
    let people: Vec<_> = listed
        .iter()
        .map(|one| {
            context! {
                id => one.member.id.as_str(),
                name => one.member.name.as_str(),
                email => one.member.email.as_str(),
                role => one.member.role.as_str(),
                role_name => desk.say(&format!("admin-role-{}", one.member.role.as_str()), &[]),
                roles => roles(desk, one.member.role.as_str()),
                is_disabled => one.is_disabled,
                has_joined => one.has_joined,
                has_authenticator => one.has_authenticator,
                is_own => one.member.id == own,
                last_seen => one.last_seen_at.map(|at| desk.time(at)),
            }
        })
        .collect();
    let context = context! {
        people,
        roles => roles(desk, &form.role),
        name => form.name.as_str(), email => form.email.as_str(),
        wrong => mistakes(wrong),
        refused => refusal.map(|_| desk.say("admin-staff-last-owner", &[])),
    };
    desk.page(status, "admin/staff.html", context)
}

fn roles(desk: &Desk, chosen: &str) -> Vec<minijinja::Value> {
    let role = |role: Role| {
        let name = desk.say(&format!("admin-role-{}", role.as_str()), &[]);
        let text = desk.say(&format!("admin-role-{}-text", role.as_str()), &[]);
        context! { value => role.as_str(), name, text, chosen => role.as_str() == chosen }
    };
    Role::ALL.into_iter().map(role).collect()
}
