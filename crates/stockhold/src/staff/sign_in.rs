//! Signing in: password, then the second factor of whoever has one.
//!
//! Invariants: a try is counted before it is looked at; what is answered, and how long it takes, does not tell whether
//! anybody has this address; a password alone opens nothing for whoever has a second factor.

use rules::text::Email;
use rules::time::{Span, Timestamp};

use super::second_factor::SharedSecret;
use super::throttle::{self, Who};
use super::{Member, recovery, verify_password};
use crate::storage::staff::StaffRow;
use crate::storage::{Result, Storage, second_factors, staff as stored};

/// What somebody typed.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    pub email: &'a str,
    pub password: &'a str,
    /// Of the authenticator; asked for beforehand only where too many passwords were wrong.
    pub code: &'a str,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// It is them.
    Right(Member),
    /// The password is right; the second factor comes next.
    NeedsCode(Member),
    /// Not together, or nobody has this address. Who is known to have been meant goes into the audit log alone.
    Wrong { meant: Option<String> },
    /// Too many wrong passwords for this account from everywhere: its second factor comes first.
    CodeFirst { meant: Option<String> },
    /// Not looked at.
    TooMany(Span),
}

pub async fn sign_in(storage: &Storage, typed: Typed<'_>, who: &Who, now: Timestamp) -> Result<SignIn> {
    if let Some(wait) = throttle::from_place(storage, who, now).await? {
        return Ok(SignIn::TooMany(wait));
    }
    let login = Email::parse(typed.email).map(|email| email.buyer()).unwrap_or_default();
    let found = stored::find_by_login(storage, &login).await?;
    let meant = found.as_ref().map(|(row, _)| row.id.clone());
    let mut has_proved_code = false;
    if !throttle::at_account(storage, who, now).await? && !is_known_place(storage, found.as_ref(), who, now).await? {
        if typed.code.trim().is_empty() {
            return Ok(SignIn::CodeFirst { meant });
        }
        if let Some(wait) = throttle::code_from_place(storage, who, now).await? {
            return Ok(SignIn::TooMany(wait));
        }
        has_proved_code = match &meant {
            Some(id) => prove(storage, id, typed.code, now).await?,
            None => false,
        };
        if !has_proved_code {
            return Ok(SignIn::CodeFirst { meant });
        }
        throttle::unlock(storage, &who.account, now).await?;
    }
    let hash = found.as_ref().map(|(_, hash)| hash.clone()).unwrap_or_default();
    let is_right = verify_password(typed.password.to_owned(), hash).await?;
    let Some((row, _)) = found.filter(|_| is_right) else { return Ok(SignIn::Wrong { meant }) };
    throttle::forgive(storage, who, now).await?;
    let member = super::member(row)?;
    if !has_proved_code && second_factors::secret(storage, &member.id).await?.is_some() {
        return Ok(SignIn::NeedsCode(member));
    }
    second_factors::remember_place(storage, &member.id, &who.client, now).await?;
    Ok(SignIn::Right(member))
}

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Right,
    Wrong,
    TooMany(Span),
}

/// The second factor of somebody whose password was right.
pub async fn code(storage: &Storage, staff_id: &str, typed: &str, client: &str, now: Timestamp) -> Result<Code> {
    if let Some(wait) = throttle::code_of(storage, staff_id, now).await? {
        return Ok(Code::TooMany(wait));
    }
    if !prove(storage, staff_id, typed, now).await? {
        return Ok(Code::Wrong);
    }
    throttle::forgive_codes(storage, staff_id, now).await?;
    second_factors::remember_place(storage, staff_id, client, now).await?;
    Ok(Code::Right)
}

/// Whether this is the code of somebody's authenticator, or one of their recovery codes. Either is used up.
async fn prove(storage: &Storage, staff_id: &str, typed: &str, now: Timestamp) -> Result<bool> {
    let Some((secret, last_step)) = second_factors::secret(storage, staff_id).await? else { return Ok(false) };
    if let Some(step) = SharedSecret::parse(&secret)?.check(typed, last_step, now)? {
        return second_factors::use_step(storage, staff_id, step).await;
    }
    match recovery::stored(typed) {
        Some(digest) => second_factors::use_recovery_code(storage, staff_id, &digest, now).await,
        None => Ok(false),
    }
}

async fn is_known_place(
    storage: &Storage,
    found: Option<&(StaffRow, String)>,
    who: &Who,
    now: Timestamp,
) -> Result<bool> {
    match found {
        Some((row, _)) => second_factors::is_known_place(storage, &row.id, &who.client, now).await,
        None => Ok(false),
    }
}
