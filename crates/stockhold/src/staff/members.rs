//! Everybody who works in the shop, as the owner sees and changes it.
//!
//! Invariant: there is always an owner who can sign in. Whoever demotes or disables somebody takes the locks of all owners
//! first, so that of two owners who demote each other at the same moment one is refused.

use rules::text::Email;
use rules::time::Timestamp;

use super::{Member, Role, Session, Token, draw_id, member, row};
use crate::storage::staff::{self as stored, SessionView};
use crate::storage::{Result, Storage, StorageError, second_factors};

/// Somebody on the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub member: Member,
    pub is_disabled: bool,
    /// Has chosen a password; before that the invitation is open.
    pub has_joined: bool,
    pub has_authenticator: bool,
    pub last_seen_at: Option<Timestamp>,
}

/// Why somebody's place in the shop was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StaffRefusal {
    #[error("there is nobody like that")]
    Nobody,
    #[error("the shop needs an owner who can sign in")]
    LastOwner,
    #[error("somebody has this address already")]
    AddressTaken,
}

/// What came of a change.
pub type Changed<T = ()> = Result<std::result::Result<T, StaffRefusal>>;

pub async fn list(storage: &Storage) -> Result<Vec<Listed>> {
    let rows = stored::list(storage).await?;
    let listed = rows.into_iter().map(|listed| {
        Ok(Listed {
            member: member(listed.row)?,
            is_disabled: listed.is_disabled,
            has_joined: listed.has_password,
            has_authenticator: listed.has_authenticator,
            last_seen_at: listed.last_seen_at,
        })
    });
    listed.collect()
}

/// Somebody new, who chooses a password by the link in their invitation.
pub async fn invite(storage: &Storage, email: &Email, name: &str, role: Role, now: Timestamp) -> Changed<Member> {
    let invited = Member { id: draw_id(), email: email.as_str().to_owned(), name: name.to_owned(), role };
    match stored::insert(storage, &row(&invited, email), "", now).await {
        Ok(()) => Ok(Ok(invited)),
        Err(StorageError::Conflict { .. }) => Ok(Err(StaffRefusal::AddressTaken)),
        Err(error) => Err(error),
    }
}

/// Whoever gets another role signs in again: what an open session may do was decided by the old one.
pub async fn change_role(storage: &Storage, id: &str, role: Role) -> Changed {
    refusal(storage, id, stored::change_role(storage, id, role.as_str(), role == Role::Owner).await?).await
}

/// Signed out everywhere at once; links stop working.
pub async fn disable(storage: &Storage, id: &str) -> Changed {
    refusal(storage, id, stored::disable(storage, id).await?).await
}

pub async fn enable(storage: &Storage, id: &str) -> Changed {
    Ok(if stored::enable(storage, id).await? { Ok(()) } else { Err(StaffRefusal::Nobody) })
}

/// For a colleague whose telephone is gone, and the codes with it.
pub async fn remove_authenticator(storage: &Storage, id: &str) -> Changed {
    if stored::find(storage, id).await?.is_none() {
        return Ok(Err(StaffRefusal::Nobody));
    }
    second_factors::remove(storage, id).await?;
    stored::end_sessions(storage, id, "").await?;
    Ok(Ok(()))
}

async fn refusal(storage: &Storage, id: &str, is_done: bool) -> Changed {
    if is_done {
        return Ok(Ok(()));
    }
    let is_there = stored::find(storage, id).await?.is_some();
    Ok(Err(if is_there { StaffRefusal::LastOwner } else { StaffRefusal::Nobody }))
}

/// A new password; every other session of this person ends, and links that were on their way stop working.
pub async fn change_password(storage: &Storage, session: &Session, password: &str) -> Result<()> {
    let hash = super::hash_password(password.to_owned()).await?;
    stored::change_password(storage, &session.member.id, &hash, &session.digest).await
}

/// The same session under a secret drawn anew: what was copied before this is worth nothing. `typed_at` is when the password
/// was typed for it; none: it was not, and the session is as fresh as before.
pub async fn rotate(storage: &Storage, session: &Session, typed_at: Option<Timestamp>) -> Result<Token> {
    let token = Token::draw()?;
    let confirmed_at = typed_at.unwrap_or(session.confirmed_at);
    stored::rotate_session(storage, &session.digest, &token.digest(), confirmed_at).await?;
    Ok(token)
}

/// Where this person is signed in, the latest first.
pub async fn sessions(storage: &Storage, staff_id: &str, now: Timestamp) -> Result<Vec<SessionView>> {
    stored::sessions_of(storage, staff_id, now - super::IDLE, now - super::LONGEST).await
}

/// Ends one session of this person; false when it is not theirs.
pub async fn end_session(storage: &Storage, staff_id: &str, name: &str) -> Result<bool> {
    stored::end_session(storage, staff_id, name).await
}

/// Ends all sessions of this person but one.
pub async fn end_other_sessions(storage: &Storage, session: &Session) -> Result<()> {
    stored::end_sessions(storage, &session.member.id, &session.digest).await
}

/// Whose session this is or was, as long as it is remembered.
pub async fn owner_of_session(storage: &Storage, token: &Token) -> Result<Option<String>> {
    Ok(stored::find_session(storage, &token.digest()).await?.map(|found| found.member.id))
}
