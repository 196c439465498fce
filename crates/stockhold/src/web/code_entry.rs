//! Entering coupon codes is slowed down for whoever enters wrong ones, so that nobody finds a code by trying.
//!
//! Invariant: below the limit a right code is never held up, however many are entered at once. Nobody gains by being faster
//! than the count: it is looked at again before a wrong code is called wrong.

use rules::text::Email;
use rules::time::Span;

use crate::shop::Shop;
use crate::storage::StorageError;
use crate::storage::wrong_codes::{self, Wrongs};
use crate::web::problem::Limit;

/// A person mistypes a code a few times, on two or three devices behind one address; ten tries in ten minutes are half a
/// million in a year. Codes of eight letters and digits have two million million.
const WRONG_MAX: i64 = 10;
const WINDOW: Span = Span::minutes(10);
/// The same, as answers tell it.
pub const LIMIT: Limit = Limit { name: "codes", quota: WRONG_MAX, window_seconds: 600 };

/// Who is counted: the client's address, and the buyer or the cart. Nobody, when a shop front of the shopkeeper's own asks.
#[derive(Debug)]
pub struct Who(Vec<String>);

impl Who {
    /// `client` is empty for a trusted key, as with the caps of holds; no e-mail address: a buyer who is not known yet.
    pub fn buyer(shop: &Shop, client: &str, email: Option<&Email>) -> Who {
        let buyer = email.map(|email| format!("buyer:{}", shop.keyed_digest("buyer", &email.buyer())));
        Who::of(client, buyer)
    }

    pub fn cart(client: &str, cart_id: &str) -> Who {
        Who::of(client, Some(format!("cart:{cart_id}")))
    }

    fn of(client: &str, other: Option<String>) -> Who {
        if client.is_empty() {
            return Who(Vec::new());
        }
        Who(std::iter::once(format!("client:{client}")).chain(other).collect())
    }
}

/// A code was entered and looked for: counts it if it was not there. `Some`: too many were wrong; so long it takes until the
/// next is looked at.
pub async fn entered(shop: &Shop, who: &Who, is_there: bool) -> Result<Option<Span>, StorageError> {
    let (Who(who), now) = (who, shop.now());
    if who.is_empty() {
        return Ok(None);
    }
    let most = |wrongs: Vec<Wrongs>, most: i64| {
        let over = wrongs.into_iter().filter(|wrongs| wrongs.count > most);
        over.map(|wrongs| wrongs.since + WINDOW - now).max()
    };
    let before = most(wrong_codes::of(&shop.storage, who, now, WINDOW).await?, WRONG_MAX - 1);
    if before.is_some() || is_there {
        return Ok(before);
    }
    wrong_codes::count(&shop.storage, who, now, WINDOW).await?;
    // Many at once have all seen the count from before.
    Ok(most(wrong_codes::of(&shop.storage, who, now, WINDOW).await?, WRONG_MAX))
}

/// Whole seconds, for `Retry-After`: not a moment too early.
pub fn seconds(wait: Span) -> i64 {
    (wait.as_micros() + 999_999) / 1_000_000
}
