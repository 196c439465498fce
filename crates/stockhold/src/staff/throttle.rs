//! How often somebody may try to sign in: enough for people, too little for guessing.
//!
//! Three counts, each by a statement that counts before anything is looked at (`storage/sign_in_tries.rs`): for one account
//! from one place, for one place, and for one account from everywhere. The last is soft: strangers can fill it, so it
//! does not lock anybody out. It only asks for the second factor first, and stands aside for places from which this
//! person has signed in before and for whoever has read their letters.

use rules::time::{Span, Timestamp};

use crate::storage::sign_in_tries::{self as tries, Leave, Limit};
use crate::storage::{Result, Storage};

const MINUTE: Span = Span::minutes(1);
const HOUR: Span = Span::minutes(60);
const DAY: Span = Span::minutes(24 * 60);

/// One account from one place: five in a quarter of an hour, then ever longer waits for a day.
pub const PAIR: Limit = Limit {
    free: 5,
    window: Span::minutes(15),
    first_wait: MINUTE,
    longest_wait: Span::minutes(30),
    forgotten_after: DAY,
};
/// One place, whoever it tries to be: an office has a few people who mistype.
pub const CLIENT: Limit = Limit { free: 50, window: HOUR, first_wait: HOUR, longest_wait: HOUR, forgotten_after: HOUR };
/// One account, wherever from.
pub const ACCOUNT: Limit =
    Limit { free: 30, window: HOUR, first_wait: HOUR, longest_wait: HOUR, forgotten_after: HOUR };
/// Codes of one account by whoever knows its password: six digits are found in a million tries, and this allows for a
/// few hundred a week.
pub const CODE: Limit = PAIR;

/// Who is counted, as keyed digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Where the request came from.
    pub client: String,
    /// What was typed as the e-mail address, whether anybody has it or not.
    pub account: String,
}

impl Who {
    fn pair(&self) -> String {
        format!("pair:{}:{}", self.client, self.account)
    }

    fn of_client(&self) -> String {
        format!("client:{}", self.client)
    }

    fn of_account(&self) -> String {
        format!("account:{}", self.account)
    }
}

/// Counts one try from this place. `Some`: it is not looked at, and so long it takes until one is.
pub async fn from_place(storage: &Storage, who: &Who, now: Timestamp) -> Result<Option<Span>> {
    // A place that has to wait leaves no row for each address it makes up.
    if let Some(wait) = tries::waits(storage, &who.of_client(), now).await? {
        return Ok(Some(wait));
    }
    for (who, limit) in [(who.pair(), PAIR), (who.of_client(), CLIENT)] {
        if let Leave::Wait(wait) = tries::take(storage, &who, limit, now).await? {
            return Ok(Some(wait));
        }
    }
    Ok(None)
}

/// Counts one try at this account, wherever from; false: so many were wrong that the second factor is asked for first.
pub async fn at_account(storage: &Storage, who: &Who, now: Timestamp) -> Result<bool> {
    Ok(matches!(tries::take(storage, &who.of_account(), ACCOUNT, now).await?, Leave::Granted { .. }))
}

/// Counts one code for this account from this place, before its password was right.
pub async fn code_from_place(storage: &Storage, who: &Who, now: Timestamp) -> Result<Option<Span>> {
    wait(tries::take(storage, &format!("code:{}", who.pair()), CODE, now).await?)
}

/// Counts one code of somebody whose password was right.
pub async fn code_of(storage: &Storage, staff_id: &str, now: Timestamp) -> Result<Option<Span>> {
    wait(tries::take(storage, &format!("code:{staff_id}"), CODE, now).await?)
}

/// The code was right.
pub async fn forgive_codes(storage: &Storage, staff_id: &str, now: Timestamp) -> Result<()> {
    tries::forgive(storage, &[format!("code:{staff_id}")], now).await
}

/// The password was right: this try does not count, and those before it are forgotten.
pub async fn forgive(storage: &Storage, who: &Who, now: Timestamp) -> Result<()> {
    tries::give_back(storage, &who.of_client()).await?;
    let names = [who.pair(), who.of_account(), format!("code:{}", who.pair())];
    tries::forgive(storage, &names, now).await
}

/// The account opens again, for whoever has proved to be its owner otherwise.
pub async fn unlock(storage: &Storage, account: &str, now: Timestamp) -> Result<()> {
    tries::forgive(storage, &[format!("account:{account}")], now).await
}

fn wait(leave: Leave) -> Result<Option<Span>> {
    Ok(match leave {
        Leave::Granted { .. } => None,
        Leave::Wait(wait) => Some(wait),
    })
}
