//! API keys: who may ask for what, stored so that the database opens nothing.
//!
//! Invariant: a key is shown once, when it is drawn; only its SHA-256 is kept. Its last six characters are a
//! checksum, so a mistyped key, or one that a scanner found somewhere, is told apart without asking the database.

use std::collections::BTreeSet;
use std::fmt;

use rules::time::Timestamp;
use sha2::{Digest, Sha256};

use super::{Result, Row, RowExt, Storage, StorageError};
use crate::values;

const PREFIXES: [&str; 2] = ["shk_test_", "shk_live_"];
/// 32 characters of 62 are 190 bits.
const RANDOM_CHARS: usize = 32;
/// CRC-32 in base 62 never needs more.
const CHECKSUM_CHARS: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Longest name of a key, in characters.
pub const NAME_CHARS_MAX: usize = 100;

macro_rules! scopes {
    ($($variant:ident = $word:literal),+ $(,)?) => {
        /// What a key may be used for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope {
            $($variant),+
        }

        impl Scope {
            pub const ALL: &'static [Scope] = &[$(Scope::$variant),+];

            pub fn as_str(self) -> &'static str {
                match self {
                    $(Scope::$variant => $word),+
                }
            }

            pub fn parse(text: &str) -> Option<Scope> {
                Scope::ALL.iter().copied().find(|scope| scope.as_str() == text)
            }
        }
    };
}

scopes! {
    ProductsRead = "products:read",
    ProductsWrite = "products:write",
    StockRead = "stock:read",
    StockWrite = "stock:write",
    OrdersRead = "orders:read",
    OrdersWrite = "orders:write",
    RefundsWrite = "refunds:write",
    CouponsRead = "coupons:read",
    CouponsWrite = "coupons:write",
    PaymentsRead = "payments:read",
    PaymentsWrite = "payments:write",
    CustomersRead = "customers:read",
    CustomersWrite = "customers:write",
    SettingsRead = "settings:read",
    SettingsWrite = "settings:write",
    Admin = "admin",
}

/// What a key may do: a list of scopes, `admin` being all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(BTreeSet<Scope>);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopesError {
    #[error("name at least one scope")]
    None,
    #[error("there is no scope {0}")]
    Unknown(String),
}

impl Scopes {
    /// Reads a list such as `orders:read,stock:write`.
    pub fn parse(list: &str) -> std::result::Result<Scopes, ScopesError> {
        let words = list.split([',', ' ']).filter(|word| !word.is_empty());
        let read = |word: &str| Scope::parse(word).ok_or_else(|| ScopesError::Unknown(word.to_owned()));
        let scopes: BTreeSet<Scope> = words.map(read).collect::<std::result::Result<_, _>>()?;
        if scopes.is_empty() { Err(ScopesError::None) } else { Ok(Scopes(scopes)) }
    }

    /// Their words, in their order.
    pub fn words(&self) -> Vec<&'static str> {
        self.0.iter().map(|scope| scope.as_str()).collect()
    }

    pub fn allow(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(","))
    }
}

/// A key in clear: held only between drawing it and showing it, or while a request is looked at.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// Draws a key for a shop with simulated or test payments, or for one that takes real money.
    pub fn draw(livemode: bool) -> std::result::Result<Key, getrandom::Error> {
        let mut text = PREFIXES[usize::from(livemode)].to_owned();
        let end = text.len() + RANDOM_CHARS;
        while text.len() < end {
            let mut bytes = [0u8; 64];
            getrandom::fill(&mut bytes)?;
            // 248 is the largest multiple of 62 in a byte: what lies above would make some characters likelier.
            let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| ALPHABET[usize::from(byte % 62)] as char);
            text.extend(fair.take(end - text.len()));
        }
        let sum = checksum(&text);
        Ok(Key(text + &sum))
    }

    /// None for what was never a key of ours; most mistakes end here.
    pub fn parse(text: &str) -> Option<Key> {
        let prefix = PREFIXES.iter().find(|prefix| text.starts_with(**prefix))?;
        let fits = text.len() == prefix.len() + RANDOM_CHARS + CHECKSUM_CHARS
            && text.bytes().skip(prefix.len()).all(|byte| byte.is_ascii_alphanumeric());
        let (key, sum) = text.split_at_checked(text.len().checked_sub(CHECKSUM_CHARS)?)?;
        (fits && checksum(key) == sum).then(|| Key(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// 190 random bits need no slow hash.
    fn hash(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(***)")
    }
}

/// A key as the shop knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredKey {
    pub id: String,
    pub name: String,
    pub scopes: Scopes,
    pub created_at: Timestamp,
    /// The first moment at which it opens nothing any more; none: it stays.
    pub expires_at: Option<Timestamp>,
    /// A date, or empty: never used.
    pub last_used_on: String,
    pub revoked: bool,
}

pub async fn insert(storage: &Storage, key: &Key, name: &str, scopes: &Scopes, now: Timestamp) -> Result<String> {
    insert_until(storage, key, name, scopes, None, now).await
}

/// The same for a key that opens nothing any more from a moment on.
pub async fn insert_until(
    storage: &Storage,
    key: &Key,
    name: &str,
    scopes: &Scopes,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<String> {
    let id = draw_id();
    insert_as(storage, &id, key, name, scopes, expires_at, now).await?;
    Ok(id)
}

pub fn draw_id() -> String {
    format!("key_{}", uuid::Uuid::now_v7().simple())
}

/// The same under an id that is known already. False: there is one of this id, and this key opens nothing.
pub async fn insert_as(
    storage: &Storage,
    id: &str,
    key: &Key,
    name: &str,
    scopes: &Scopes,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool> {
    let sql = "insert into api_keys (id, name, key_hash, scopes, created_at, expires_at, last_used_on, revoked)
        values ($1, $2, $3, $4, $5, $6, '', 0) on conflict (id) do nothing returning id";
    let expires_at = expires_at.map(Timestamp::micros);
    let row = values![id, name, key.hash(), scopes.to_string(), now.micros(), expires_at];
    Ok(!storage.write(sql, row).await?.is_empty())
}

/// The key's entry, unless it was revoked, is over, or never was.
pub async fn find(storage: &Storage, key: &Key, now: Timestamp) -> Result<Option<StoredKey>> {
    let sql = "select id, name, scopes, created_at, last_used_on, revoked, expires_at from api_keys
        where key_hash = $1 and revoked = 0 and (expires_at is null or expires_at > $2)";
    storage.read(sql, values![key.hash(), now.micros()]).await?.first().map(stored).transpose()
}

/// The entry of this id, also of a key that opens nothing any more.
pub async fn by_id(storage: &Storage, id: &str) -> Result<Option<StoredKey>> {
    let sql = "select id, name, scopes, created_at, last_used_on, revoked, expires_at from api_keys where id = $1";
    storage.read(sql, values![id]).await?.first().map(stored).transpose()
}

/// The oldest first.
pub async fn list(storage: &Storage) -> Result<Vec<StoredKey>> {
    let sql = "select id, name, scopes, created_at, last_used_on, revoked, expires_at from api_keys
        order by created_at, id";
    storage.read(sql, values![]).await?.iter().map(stored).collect()
}

/// False when there is no such key. Revoking twice is fine.
pub async fn revoke(storage: &Storage, id: &str) -> Result<bool> {
    let sql = "update api_keys set revoked = 1 where id = $1 returning id";
    Ok(!storage.write(sql, values![id]).await?.is_empty())
}

/// Remembers the day of the last use; at most one write a day and key.
pub async fn used(storage: &Storage, key: &StoredKey, now: Timestamp) -> Result<()> {
    let today = day(now);
    if key.last_used_on == today {
        return Ok(());
    }
    let sql = "update api_keys set last_used_on = $2 where id = $1";
    storage.write(sql, values![key.id.as_str(), today]).await.map(drop)
}

fn day(now: Timestamp) -> String {
    jiff::Timestamp::from_microsecond(now.micros())
        .map_or_else(|_| String::new(), |at| at.strftime("%Y-%m-%d").to_string())
}

fn stored(row: &Row) -> Result<StoredKey> {
    let scopes = Scopes::parse(row.text(2)).map_err(|error| StorageError::Broken(format!("an API key: {error}")))?;
    Ok(StoredKey {
        id: row.text(0).to_owned(),
        name: row.text(1).to_owned(),
        scopes,
        created_at: Timestamp::from_micros(row.int(3)),
        last_used_on: row.text(4).to_owned(),
        revoked: row.int(5) == 1,
        expires_at: row.int_or_none(6).map(Timestamp::from_micros),
    })
}

/// CRC-32 (IEEE 802.3) in base 62, six characters.
fn checksum(text: &str) -> String {
    let mut rest = crc32(text.as_bytes());
    let mut digits = [b'0'; CHECKSUM_CHARS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest % 62) as usize];
        rest /= 62;
    }
    digits.iter().map(|digit| *digit as char).collect()
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawn_key_reads_back_and_a_mistyped_one_does_not() {
        for (livemode, prefix) in [(false, "shk_test_"), (true, "shk_live_")] {
            let key = Key::draw(livemode).expect("random numbers");
            assert!(key.expose().starts_with(prefix) && key.expose().len() == 47, "{}", key.expose());
            assert_eq!(Key::parse(key.expose()), Some(key.clone()));
            let mistyped = if key.expose().ends_with('0') { '1' } else { '0' };
            let wrong = format!("{}{mistyped}", &key.expose()[..46]);
            assert_eq!(Key::parse(&wrong), None);
        }
        for garbage in ["", "shk_test_", "sk_test_1", "杯杯", "shk_live_杯杯杯杯杯杯杯杯杯杯杯杯杯"] {
            assert_eq!(Key::parse(garbage), None, "{garbage}");
        }
    }

    #[test]
    fn the_checksum_is_crc_32() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_key_never_prints() {
        let key = Key::draw(false).expect("random numbers");
        assert_eq!(format!("{key:?}"), "Key(***)");
    }

    #[test]
    fn scopes_are_read_by_name_and_admin_is_all_of_them() {
        let scopes = Scopes::parse("orders:read, stock:write").expect("two scopes");
        assert_eq!(scopes.to_string(), "stock:write,orders:read");
        assert!(scopes.allow(Scope::OrdersRead) && !scopes.allow(Scope::OrdersWrite));
        let admin = Scopes::parse("admin").expect("a scope");
        assert!(Scope::ALL.iter().all(|scope| admin.allow(*scope)));
        assert_eq!(Scopes::parse(" ,"), Err(ScopesError::None));
        assert_eq!(Scopes::parse("orders"), Err(ScopesError::Unknown("orders".to_owned())));
    }
}
