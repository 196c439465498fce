//! Who works in the shop, and who is signed in. What it means is in the room `staff`; here are its rows.

use rules::time::Timestamp;

use super::{Result, Row, RowExt, Storage};
use crate::values;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    pub id: String,
    /// The normalised e-mail.
    pub login: String,
    pub email: String,
    pub name: String,
    pub role: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub member: StaffRow,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    pub confirmed_at: Timestamp,
}

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Setup,
    Invite,
    Reset,
}

impl Purpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Setup => "setup",
            Purpose::Invite => "invite",
            Purpose::Reset => "reset",
        }
    }
}

/// Whether somebody can sign in.
pub async fn is_anybody_there(storage: &Storage) -> Result<bool> {
    let sql = "select 1 from staff where password <> '' and disabled = 0 limit 1";
    Ok(!storage.read(sql, values![]).await?.is_empty())
}

pub async fn replace_setup_link(storage: &Storage, digest: &str, expires_at: Timestamp) -> Result<()> {
    let insert = "insert into staff_links (digest, purpose, staff_id, expires_at) values ($1, 'setup', null, $2)";
    let statements = vec![
        ("delete from staff_links where purpose = 'setup'", values![]),
        (insert, values![digest, expires_at.micros()]),
    ];
    storage.write_many(statements).await
}

pub async fn is_link_open(storage: &Storage, digest: &str, purpose: Purpose, now: Timestamp) -> Result<bool> {
    let sql = "select 1 from staff_links where digest = $1 and purpose = $2 and expires_at > $3";
    Ok(!storage.read(sql, values![digest, purpose.as_str(), now.micros()]).await?.is_empty())
}

/// The first owner and the end of the link, both or neither: of two who press at once one finds it used.
pub async fn set_up(storage: &Storage, digest: &str, row: &StaffRow, hash: &str, now: Timestamp) -> Result<bool> {
    let link = "select digest from staff_links where digest = $1 and purpose = 'setup' and expires_at > $2 {lock}";
    let statements =
        vec![(INSERT, member_values(row, hash, now)), ("delete from staff_links where purpose = 'setup'", values![])];
    let refused = storage.write_guarded(vec![(link, values![digest, now.micros()])], statements).await?;
    Ok(refused.is_none())
}

const INSERT: &str = "insert into staff (id, login, email, name, role, password, disabled, created_at)
    values ($1, $2, $3, $4, $5, $6, 0, $7)";

pub async fn insert(storage: &Storage, row: &StaffRow, hash: &str, now: Timestamp) -> Result<()> {
    storage.write(INSERT, member_values(row, hash, now)).await.map(drop)
}

fn member_values(row: &StaffRow, hash: &str, now: Timestamp) -> Vec<super::Value> {
    let StaffRow { id, login, email, name, role } = row;
    values![id.as_str(), login.as_str(), email.as_str(), name.as_str(), role.as_str(), hash, now.micros()]
}

/// Somebody who may sign in, with the hash of the password.
pub async fn find_by_login(storage: &Storage, login: &str) -> Result<Option<(StaffRow, String)>> {
    let sql = "select id, login, email, name, role, password from staff where login = $1 and disabled = 0";
    let rows = storage.read(sql, values![login]).await?;
    Ok(rows.first().map(|row| (staff_row(row), row.text(5).to_owned())))
}

pub async fn insert_session(
    storage: &Storage,
    digest: &str,
    staff_id: &str,
    client: &str,
    agent: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = "insert into staff_sessions (digest, staff_id, started_at, seen_at, confirmed_at, client, agent)
        values ($1, $2, $3, $3, $3, $4, $5)";
    storage.write(sql, values![digest, staff_id, now.micros(), client, agent]).await.map(drop)
}

pub async fn find_session(storage: &Storage, digest: &str) -> Result<Option<SessionRow>> {
    let sql = "select m.id, m.login, m.email, m.name, m.role, s.started_at, s.seen_at, s.confirmed_at
        from staff_sessions s join staff m on m.id = s.staff_id
        where s.digest = $1 and m.disabled = 0";
    let rows = storage.read(sql, values![digest]).await?;
    Ok(rows.first().map(|row| SessionRow {
        member: staff_row(row),
        started_at: Timestamp::from_micros(row.int(5)),
        seen_at: Timestamp::from_micros(row.int(6)),
        confirmed_at: Timestamp::from_micros(row.int(7)),
    }))
}

pub async fn see_session(storage: &Storage, digest: &str, now: Timestamp) -> Result<()> {
    let sql = "update staff_sessions set seen_at = $2 where digest = $1 and seen_at < $2";
    storage.write(sql, values![digest, now.micros()]).await.map(drop)
}

pub async fn confirm_session(storage: &Storage, digest: &str, now: Timestamp) -> Result<()> {
    let sql = "update staff_sessions set confirmed_at = $2 where digest = $1";
    storage.write(sql, values![digest, now.micros()]).await.map(drop)
}

pub async fn delete_session(storage: &Storage, digest: &str) -> Result<()> {
    storage.write("delete from staff_sessions where digest = $1", values![digest]).await.map(drop)
}

fn staff_row(row: &Row) -> StaffRow {
    let text = |at: usize| row.text(at).to_owned();
    StaffRow { id: text(0), login: text(1), email: text(2), name: text(3), role: text(4) }
}
