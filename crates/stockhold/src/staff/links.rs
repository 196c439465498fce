//! Links that open one door once: an invitation, a new password, the step between password and second factor.
//!
//! Invariant: looking at a link uses up nothing (scanners of letters follow every link); the statement that honours it does.

use rules::text::Email;
use rules::time::{Span, Timestamp};

use super::{Member, Token, hash_password, member};
use crate::storage::staff::{self as stored, Purpose};
use crate::storage::{Result, Storage};

const INVITATION: Span = Span::minutes(7 * 24 * 60);
const NEW_PASSWORD: Span = Span::minutes(15);
/// Time to take out the telephone and wait for the next code.
const CODE_STEP: Span = Span::minutes(10);

/// Draws a link for somebody; the one before it for the same purpose stops working.
pub async fn draw_link(storage: &Storage, to: &Member, purpose: Purpose, now: Timestamp) -> Result<Token> {
    let lasts = match purpose {
        Purpose::Setup | Purpose::Reset => NEW_PASSWORD,
        Purpose::Invite => INVITATION,
        Purpose::Code => CODE_STEP,
    };
    let token = Token::draw()?;
    stored::insert_link(storage, &token.digest(), purpose, &to.id, now + lasts, now).await?;
    Ok(token)
}

/// Whose link for a new password this is, if it is still worth something.
pub async fn password_link(storage: &Storage, token: &Token, now: Timestamp) -> Result<Option<(Purpose, Member)>> {
    let found = stored::find_link(storage, &token.digest(), now).await?;
    let found = found.filter(|(purpose, _)| matches!(purpose, Purpose::Invite | Purpose::Reset));
    found.map(|(purpose, row)| Ok((purpose, member(row)?))).transpose()
}

/// Who stands between password and second factor.
pub async fn code_step(storage: &Storage, token: &Token, now: Timestamp) -> Result<Option<Member>> {
    let found = stored::find_link(storage, &token.digest(), now).await?;
    found.filter(|(purpose, _)| *purpose == Purpose::Code).map(|(_, row)| member(row)).transpose()
}

pub async fn end_code_step(storage: &Storage, token: &Token) -> Result<()> {
    stored::delete_link(storage, &token.digest()).await
}

/// Sets the password and uses up the link, both or neither; every session of this person ends. None: the link is not worth
/// anything any more.
pub async fn choose_password(
    storage: &Storage,
    token: &Token,
    password: &str,
    now: Timestamp,
) -> Result<Option<Member>> {
    let Some((_, member)) = password_link(storage, token, now).await? else { return Ok(None) };
    let hash = hash_password(password.to_owned()).await?;
    let set = stored::choose_password(storage, &token.digest(), &member.id, &hash, now).await?;
    Ok(set.then_some(member))
}

/// Somebody who may work here and has this address, whether they have a password already or not.
pub async fn find(storage: &Storage, email: &str) -> Result<Option<Member>> {
    let login = Email::parse(email).map(|email| email.buyer()).unwrap_or_default();
    stored::find_by_login(storage, &login).await?.map(|(row, _)| member(row)).transpose()
}
