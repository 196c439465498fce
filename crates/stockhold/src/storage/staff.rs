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
    pub has_authenticator: bool,
}

/// What a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Setup,
    Invite,
    Reset,
    /// The step between password and second factor.
    Code,
}

impl Purpose {
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Setup => "setup",
            Purpose::Invite => "invite",
            Purpose::Reset => "reset",
            Purpose::Code => "code",
        }
    }

    pub fn parse(text: &str) -> Option<Purpose> {
        let all = [Purpose::Setup, Purpose::Invite, Purpose::Reset, Purpose::Code];
        all.into_iter().find(|purpose| purpose.as_str() == text)
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

/// Sessions that ended long ago are forgotten; until then a form that comes too late is known to be somebody's.
pub async fn forget_sessions(storage: &Storage, started_before: Timestamp) -> Result<()> {
    let sql = "delete from staff_sessions where started_at < $1";
    storage.write(sql, values![started_before.micros()]).await.map(drop)
}

pub async fn find_session(storage: &Storage, digest: &str) -> Result<Option<SessionRow>> {
    let sql = "select m.id, m.login, m.email, m.name, m.role, s.started_at, s.seen_at, s.confirmed_at,
            (select count(*) from staff_authenticators a where a.staff_id = m.id)
        from staff_sessions s join staff m on m.id = s.staff_id
        where s.digest = $1 and m.disabled = 0";
    let rows = storage.read(sql, values![digest]).await?;
    Ok(rows.first().map(|row| SessionRow {
        member: staff_row(row),
        started_at: Timestamp::from_micros(row.int(5)),
        seen_at: Timestamp::from_micros(row.int(6)),
        confirmed_at: Timestamp::from_micros(row.int(7)),
        has_authenticator: row.int(8) > 0,
    }))
}

pub async fn see_session(storage: &Storage, digest: &str, now: Timestamp) -> Result<()> {
    let sql = "update staff_sessions set seen_at = $2 where digest = $1 and seen_at < $2";
    storage.write(sql, values![digest, now.micros()]).await.map(drop)
}

pub async fn delete_session(storage: &Storage, digest: &str) -> Result<()> {
    storage.write("delete from staff_sessions where digest = $1", values![digest]).await.map(drop)
}

/// Somebody on the list of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRow {
    pub row: StaffRow,
    pub is_disabled: bool,
    pub has_password: bool,
    pub has_authenticator: bool,
    pub last_seen_at: Option<Timestamp>,
}

/// Everybody, those who may sign in first.
pub async fn list(storage: &Storage) -> Result<Vec<ListedRow>> {
    let sql = "select m.id, m.login, m.email, m.name, m.role, m.disabled,
            case when m.password = '' then 0 else 1 end,
            (select count(*) from staff_authenticators a where a.staff_id = m.id),
            (select max(p.seen_at) from staff_places p where p.staff_id = m.id)
        from staff m order by m.disabled, m.created_at, m.id";
    let rows = storage.read(sql, values![]).await?;
    let listed = |row: &Row| ListedRow {
        row: staff_row(row),
        is_disabled: row.int(5) == 1,
        has_password: row.int(6) == 1,
        has_authenticator: row.int(7) > 0,
        last_seen_at: row.int_or_none(8).map(Timestamp::from_micros),
    };
    Ok(rows.iter().map(listed).collect())
}

/// Somebody by their id, whether they may sign in or not.
pub async fn find(storage: &Storage, id: &str) -> Result<Option<StaffRow>> {
    let sql = "select id, login, email, name, role from staff where id = $1";
    Ok(storage.read(sql, values![id]).await?.first().map(staff_row))
}

/// One row, there since the first migration: whoever takes an owner away waits here for whoever else does. Locks of the owners themselves,
/// though taken in one order, can wait for each other in a circle: a row that is no owner's any more stays locked.
const ONE_AT_A_TIME: &str = "select value from counters where name = 'staff' {lock}";

/// Finds somebody without whom there is still an owner who can sign in.
const NOT_THE_LAST: &str = "select id from staff where id = $1 and (role <> 'owner' or exists (
    select 1 from staff o where o.role = 'owner' and o.disabled = 0 and o.password <> '' and o.id <> $1))";

/// False: there is nobody like that, or it is the last owner. Every session of this person ends.
pub async fn change_role(storage: &Storage, id: &str, role: &str, stays_owner: bool) -> Result<bool> {
    let guard = if stays_owner { "select id from staff where id = $1" } else { NOT_THE_LAST };
    let statements = vec![
        ("update staff set role = $2 where id = $1", values![id, role]),
        ("delete from staff_sessions where staff_id = $1", values![id]),
    ];
    without_owner(storage, (guard, values![id]), statements).await
}

/// False: there is nobody like that, or it is the last owner.
pub async fn disable(storage: &Storage, id: &str) -> Result<bool> {
    let statements = vec![
        ("update staff set disabled = 1 where id = $1", values![id]),
        ("delete from staff_sessions where staff_id = $1", values![id]),
        ("delete from staff_links where staff_id = $1", values![id]),
    ];
    without_owner(storage, (NOT_THE_LAST, values![id]), statements).await
}

async fn without_owner(
    storage: &Storage,
    guard: (&'static str, Vec<super::Value>),
    statements: Vec<(&'static str, Vec<super::Value>)>,
) -> Result<bool> {
    Ok(storage.write_guarded(vec![(ONE_AT_A_TIME, values![]), guard], statements).await?.is_none())
}

pub async fn enable(storage: &Storage, id: &str) -> Result<bool> {
    let sql = "update staff set disabled = 0 where id = $1 returning id";
    Ok(!storage.write(sql, values![id]).await?.is_empty())
}

/// A link for somebody; those before it for the same purpose, and all that are over, are forgotten.
pub async fn insert_link(
    storage: &Storage,
    digest: &str,
    purpose: Purpose,
    staff_id: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let insert = "insert into staff_links (digest, purpose, staff_id, expires_at) values ($1, $2, $3, $4)";
    // Somebody may stand between password and code in two browsers at once.
    let older =
        "delete from staff_links where (staff_id = $1 and purpose = $2 and purpose <> 'code') or expires_at <= $3";
    let statements = vec![
        (older, values![staff_id, purpose.as_str(), now.micros()]),
        (insert, values![digest, purpose.as_str(), staff_id, expires_at.micros()]),
    ];
    storage.write_many(statements).await
}

/// Whose link this is and what it opens, if it still does and they may work here.
pub async fn find_link(storage: &Storage, digest: &str, now: Timestamp) -> Result<Option<(Purpose, StaffRow)>> {
    let sql = "select m.id, m.login, m.email, m.name, m.role, l.purpose
        from staff_links l join staff m on m.id = l.staff_id
        where l.digest = $1 and l.expires_at > $2 and m.disabled = 0";
    let rows = storage.read(sql, values![digest, now.micros()]).await?;
    Ok(rows.first().and_then(|row| Some((Purpose::parse(row.text(5))?, staff_row(row)))))
}

pub async fn delete_link(storage: &Storage, digest: &str) -> Result<()> {
    storage.write("delete from staff_links where digest = $1", values![digest]).await.map(drop)
}

/// The password and the end of the link, both or neither.
pub async fn choose_password(
    storage: &Storage,
    digest: &str,
    staff_id: &str,
    hash: &str,
    now: Timestamp,
) -> Result<bool> {
    let link = "select digest from staff_links
        where digest = $1 and purpose in ('invite', 'reset') and expires_at > $2 {lock}";
    let statements = vec![
        ("update staff set password = $2 where id = $1", values![staff_id, hash]),
        ("delete from staff_links where staff_id = $1", values![staff_id]),
        ("delete from staff_sessions where staff_id = $1", values![staff_id]),
    ];
    let refused = storage.write_guarded(vec![(link, values![digest, now.micros()])], statements).await?;
    Ok(refused.is_none())
}

/// The password; all sessions but this one end, and links on their way stop working.
pub async fn change_password(storage: &Storage, staff_id: &str, hash: &str, kept_session: &str) -> Result<()> {
    let statements = vec![
        ("update staff set password = $2 where id = $1", values![staff_id, hash]),
        ("delete from staff_links where staff_id = $1", values![staff_id]),
        ("delete from staff_sessions where staff_id = $1 and digest <> $2", values![staff_id, kept_session]),
    ];
    storage.write_many(statements).await
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    pub digest: String,
    pub started_at: Timestamp,
    pub seen_at: Timestamp,
    pub agent: String,
}

/// Those that are still worth something, the latest first.
pub async fn sessions_of(
    storage: &Storage,
    staff_id: &str,
    seen_after: Timestamp,
    started_after: Timestamp,
) -> Result<Vec<SessionView>> {
    let sql = "select digest, started_at, seen_at, agent from staff_sessions
        where staff_id = $1 and seen_at > $2 and started_at > $3 order by seen_at desc, digest";
    let rows = storage.read(sql, values![staff_id, seen_after.micros(), started_after.micros()]).await?;
    let view = |row: &Row| SessionView {
        digest: row.text(0).to_owned(),
        started_at: Timestamp::from_micros(row.int(1)),
        seen_at: Timestamp::from_micros(row.int(2)),
        agent: row.text(3).to_owned(),
    };
    Ok(rows.iter().map(view).collect())
}

/// Ends a session of this person; false when it is somebody else's, or nobody's.
pub async fn end_session(storage: &Storage, staff_id: &str, digest: &str) -> Result<bool> {
    let sql = "delete from staff_sessions where digest = $2 and staff_id = $1 returning digest";
    Ok(!storage.write(sql, values![staff_id, digest]).await?.is_empty())
}

/// Ends all sessions of this person; `kept` names one that stays, or is empty.
pub async fn end_sessions(storage: &Storage, staff_id: &str, kept: &str) -> Result<()> {
    let sql = "delete from staff_sessions where staff_id = $1 and digest <> $2";
    storage.write(sql, values![staff_id, kept]).await.map(drop)
}

/// The same session under another secret, for which the password was typed at this moment.
pub async fn rotate_session(storage: &Storage, digest: &str, new_digest: &str, confirmed_at: Timestamp) -> Result<()> {
    let sql = "update staff_sessions set digest = $2, confirmed_at = $3 where digest = $1";
    storage.write(sql, values![digest, new_digest, confirmed_at.micros()]).await.map(drop)
}

fn staff_row(row: &Row) -> StaffRow {
    let text = |at: usize| row.text(at).to_owned();
    StaffRow { id: text(0), login: text(1), email: text(2), name: text(3), role: text(4) }
}
