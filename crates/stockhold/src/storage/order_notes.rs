//! What the shopkeeper's people write about an order among themselves, and letters they send once more. Neither touches
//! stock or money, so each is a plain guarded statement; both can be repeated, and count once.

use rules::effects::Letter;
use rules::ids::OrderId;
use rules::time::Timestamp;

use super::{Result, Row, RowExt, Storage};
use crate::values;

/// A note among the shopkeeper's people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub author: String,
    pub text: String,
    pub at: Timestamp,
}

/// A letter about an order, and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
    pub kind: Letter,
    pub about: String,
    /// `due`, `done` or `refused`.
    pub state: String,
    pub last_error: String,
    pub at: Timestamp,
}

/// Something that Stripe told the shop about one of an order's objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripeWord {
    pub id: String,
    pub kind: String,
    pub object: String,
    pub at: Timestamp,
}

/// Writes a note; the same id again is the same note.
pub async fn write(
    storage: &Storage,
    id: &str,
    order: OrderId,
    author: &str,
    text: &str,
    now: Timestamp,
) -> Result<()> {
    let sql = "insert into order_notes (id, order_id, author, text, written_at)
        select $1, id, $3, $4, $5 from orders where id = $2 on conflict (id) do nothing";
    storage.write(sql, values![id, order.to_string(), author, text, now.micros()]).await.map(drop)
}

/// The note of this id, as it stands.
pub async fn find(storage: &Storage, id: &str) -> Result<Option<Note>> {
    let sql = "select author, text, written_at from order_notes where id = $1";
    Ok(storage.read(sql, values![id]).await?.first().map(note))
}

/// The notes of an order, the newest first.
pub async fn of_order(storage: &Storage, order: OrderId) -> Result<Vec<Note>> {
    let sql = "select author, text, written_at from order_notes where order_id = $1 order by written_at desc, id desc";
    Ok(storage.read(sql, values![order.to_string()]).await?.iter().map(note).collect())
}

fn note(row: &Row) -> Note {
    Note { author: row.text(0).to_owned(), text: row.text(1).to_owned(), at: Timestamp::from_micros(row.int(2)) }
}

/// Asks for a letter once more. `click` names the wish: the same again is the same letter, and has the same Message-ID.
/// False: it was asked for already.
pub async fn send_again(
    storage: &Storage,
    order: OrderId,
    letter: Letter,
    about: &str,
    click: &str,
    now: Timestamp,
) -> Result<bool> {
    let subject = format!("{order}:{}:{about}{AGAIN}{click}", letter.as_str());
    let guard = "insert into effects (id, kind, subject, order_id, parameters, state, attempts, due_at, leased_until,
            last_error, created_at)
        select $1, 'send_letter', $2, id, '', 'due', 0, $4, 0, '', $4 from orders where id = $3
        on conflict (kind, subject) do nothing returning id";
    let key = order.to_string();
    let guards = vec![(guard, values![format!("send_letter:{subject}"), subject, key.as_str(), now.micros()])];
    let counted = "update orders set revision = revision + 1 where id = $1";
    let told = "insert into order_events (order_id, seq, kind, detail, happened_at)
        select id, revision, $4, $2, $3 from orders where id = $1";
    let statements = vec![
        (counted, values![key.as_str()]),
        (told, values![key.as_str(), letter.as_str(), now.micros(), "letter_again"]),
    ];
    Ok(storage.write_guarded(guards, statements).await?.is_none())
}

/// Stands between what a letter is about and the wish that sends it once more.
pub const AGAIN: char = '~';

/// The letters about an order, oldest first.
pub async fn letters(storage: &Storage, order: OrderId) -> Result<Vec<LetterRow>> {
    let sql = "select subject, state, last_error, created_at from effects where order_id = $1 and kind = 'send_letter'
        order by created_at, id";
    let rows = storage.read(sql, values![order.to_string()]).await?;
    Ok(rows.iter().filter_map(letter).collect())
}

/// What Stripe told of these objects (a session, payments, refunds, disputes), oldest first.
pub async fn stripe_words(storage: &Storage, objects: Vec<String>) -> Result<Vec<StripeWord>> {
    let sql = "select id, type, object_id, received_at from stripe_events where object_id {in $1}
        order by received_at, id limit 200";
    let rows = storage.read(sql, values![objects]).await?;
    let word = |row: &Row| StripeWord {
        id: row.text(0).to_owned(),
        kind: row.text(1).to_owned(),
        object: row.text(2).to_owned(),
        at: Timestamp::from_micros(row.int(3)),
    };
    Ok(rows.iter().map(word).collect())
}

/// ORDER:LETTER or ORDER:LETTER:ABOUT, as `Effect::subject` writes it.
fn letter(row: &Row) -> Option<LetterRow> {
    let mut parts = row.text(0).splitn(3, ':').skip(1);
    let kind = Letter::parse(parts.next()?)?;
    let about = parts.next().unwrap_or_default();
    Some(LetterRow {
        kind,
        about: about.split(AGAIN).next().unwrap_or_default().to_owned(),
        state: row.text(1).to_owned(),
        last_error: row.text(2).to_owned(),
        at: Timestamp::from_micros(row.int(3)),
    })
}
