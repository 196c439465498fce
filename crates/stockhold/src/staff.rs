//! Who works in the shop: roles, passwords, links that open one door once, sessions.
//!
//! Invariant: nothing in the database opens a door by itself. Passwords are argon2id, links and sessions are kept as
//! digests, and each link is used up by the statement that honours it.

mod links;
mod members;
mod password;
pub mod password_rules;
pub mod recovery;
mod role;
pub mod second_factor;
pub mod sign_in;
pub mod throttle;

use rules::text::Email;
use rules::time::{Span, Timestamp};
use sha2::{Digest, Sha256};

use crate::storage::staff::{self as stored, Purpose};
use crate::storage::{Result, Storage, StorageError};

pub use links::{choose_password, code_step, draw_link, end_code_step, find, password_link};
pub use members::{
    Changed, Listed, StaffRefusal, change_password, change_role, disable, enable, end_other_sessions, end_session,
    invite, list, owner_of_session, remove_authenticator, rotate, sessions,
};
pub use password::{hash_password, verify_password};
pub use role::Role;

/// The link that makes the first owner opens for this long.
const SETUP_LINK: Span = Span::minutes(30);
/// Whoever does nothing for this long is signed out.
const IDLE: Span = Span::minutes(30);
/// A working day: then everybody signs in again.
const LONGEST: Span = Span::minutes(12 * 60);
/// So long it is known whose a session was that is over.
const SESSION_KEPT: Span = Span::minutes(7 * 24 * 60);
/// What is dangerous asks for the password again, if it was typed longer ago than this.
const FRESH: Span = Span::minutes(10);
/// How finely it is known when somebody was here last: a write a minute at most.
const SEEN_EVERY: Span = Span::minutes(1);

/// Somebody who works in the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub id: String,
    pub email: String,
    pub name: String,
    pub role: Role,
}

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The digest of its cookie: its name in the database.
    pub digest: String,
    pub member: Member,
    pub has_authenticator: bool,
    confirmed_at: Timestamp,
}

impl Session {
    /// Whether the password was typed so lately that nobody else can have sat down meanwhile.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now - self.confirmed_at < FRESH
    }
}

/// A secret for a link or a cookie: 256 bits in hexadecimal digits. Shown once.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub fn draw() -> Result<Token> {
        let mut bytes = [0u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| StorageError::Broken(format!("no random numbers: {error}")))?;
        Ok(Token(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// None for what was never one of ours.
    pub fn parse(text: &str) -> Option<Token> {
        let fits = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
        fits.then(|| Token(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    pub fn digest(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token(***)")
    }
}

/// A link for the first owner; none once somebody can sign in. Links from before stop working.
pub async fn draw_setup_link(storage: &Storage, now: Timestamp) -> Result<Option<Token>> {
    if stored::is_anybody_there(storage).await? {
        return Ok(None);
    }
    let token = Token::draw()?;
    stored::replace_setup_link(storage, &token.digest(), now + SETUP_LINK).await?;
    Ok(Some(token))
}

/// What a link for the first owner is worth now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetupLink {
    Open,
    Expired,
    /// Somebody was faster, or the link was used.
    SomebodyIsThere,
}

pub async fn setup_link(storage: &Storage, token: Option<&Token>, now: Timestamp) -> Result<SetupLink> {
    if stored::is_anybody_there(storage).await? {
        return Ok(SetupLink::SomebodyIsThere);
    }
    let Some(token) = token else { return Ok(SetupLink::Expired) };
    let open = stored::is_link_open(storage, &token.digest(), Purpose::Setup, now).await?;
    Ok(if open { SetupLink::Open } else { SetupLink::Expired })
}

/// Makes the first owner and uses up the link, both or neither. None: the link is not worth anything any more.
pub async fn set_up(
    storage: &Storage,
    token: &Token,
    email: &Email,
    name: &str,
    password: &str,
    now: Timestamp,
) -> Result<Option<Member>> {
    let member = Member { id: draw_id(), email: email.as_str().to_owned(), name: name.to_owned(), role: Role::Owner };
    let hash = hash_password(password.to_owned()).await?;
    let made = stored::set_up(storage, &token.digest(), &row(&member, email), &hash, now).await?;
    Ok(made.then_some(member))
}

/// Somebody new, who chooses a password later or has one already (as a hash).
pub async fn hire(
    storage: &Storage,
    email: &Email,
    name: &str,
    role: Role,
    hash: &str,
    now: Timestamp,
) -> Result<Member> {
    let member = Member { id: draw_id(), email: email.as_str().to_owned(), name: name.to_owned(), role };
    stored::insert(storage, &row(&member, email), hash, now).await?;
    Ok(member)
}

/// Signs somebody in: the cookie's secret, drawn anew, so that a session from before is worth nothing here.
pub async fn open_session(
    storage: &Storage,
    member: &Member,
    client: &str,
    agent: &str,
    now: Timestamp,
) -> Result<Token> {
    let token = Token::draw()?;
    stored::forget_sessions(storage, now - SESSION_KEPT).await?;
    stored::insert_session(storage, &token.digest(), &member.id, client, agent, now).await?;
    Ok(token)
}

/// The session of a cookie, if it is still worth something; remembers that it was seen.
pub async fn session(storage: &Storage, token: &Token, now: Timestamp) -> Result<Option<Session>> {
    let digest = token.digest();
    let Some(found) = stored::find_session(storage, &digest).await? else { return Ok(None) };
    if now - found.seen_at >= IDLE || now - found.started_at >= LONGEST {
        return Ok(None);
    }
    if now - found.seen_at >= SEEN_EVERY {
        stored::see_session(storage, &digest, now).await?;
    }
    let (has_authenticator, confirmed_at) = (found.has_authenticator, found.confirmed_at);
    Ok(Some(Session { digest, member: member(found.member)?, has_authenticator, confirmed_at }))
}

pub async fn close_session(storage: &Storage, session: &Session) -> Result<()> {
    stored::delete_session(storage, &session.digest).await
}

fn draw_id() -> String {
    format!("staff_{}", uuid::Uuid::now_v7().simple())
}

fn row(member: &Member, email: &Email) -> stored::StaffRow {
    stored::StaffRow {
        id: member.id.clone(),
        login: email.buyer(),
        email: member.email.clone(),
        name: member.name.clone(),
        role: member.role.as_str().to_owned(),
    }
}

fn member(row: stored::StaffRow) -> Result<Member> {
    let role = Role::parse(&row.role).ok_or_else(|| StorageError::Broken(format!("a role: {}", row.role)))?;
    Ok(Member { id: row.id, email: row.email, name: row.name, role })
}
