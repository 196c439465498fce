//! How often one client may ask for what is dear or a nuisance. In memory: each instance counts for itself, and nothing
//! that guards stock or money rests on it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::web::PageError;

/// Searches at once, and one more each half second: nobody types faster.
const SEARCHES: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const SEARCH_EVERY: Duration = Duration::from_millis(500);
/// Wishes to hear when goods are back: each costs a letter to an address that somebody typed.
const WISHES: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const WISH_EVERY: Duration = Duration::from_secs(60);
/// Bad signatures that are counted at once, and one more each second.
const BAD_SIGNATURES: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
const BAD_SIGNATURE_EVERY: Duration = Duration::from_secs(1);

/// What has been asked lately, by client.
#[derive(Debug)]
pub struct Limits {
    searches: DefaultKeyedRateLimiter<String>,
    wishes: DefaultKeyedRateLimiter<String>,
    bad_signatures: DefaultDirectRateLimiter,
}

impl Limits {
    pub fn open() -> Arc<Limits> {
        let limiter = |every: Duration, burst: NonZeroU32| {
            let quota = Quota::with_period(every).expect("longer than nothing").allow_burst(burst);
            RateLimiter::keyed(quota)
        };
        let bad_signatures = Quota::with_period(BAD_SIGNATURE_EVERY).expect("longer than nothing");
        Arc::new(Limits {
            searches: limiter(SEARCH_EVERY, SEARCHES),
            wishes: limiter(WISH_EVERY, WISHES),
            bad_signatures: RateLimiter::direct(bad_signatures.allow_burst(BAD_SIGNATURES)),
        })
    }

    pub fn search(&self, client: &str) -> Result<(), PageError> {
        check(&self.searches, client)
    }

    pub fn wish(&self, client: &str) -> Result<(), PageError> {
        check(&self.wishes, client)
    }

    /// Whether one more bad signature is written down.
    pub fn note_bad_signature(&self) -> bool {
        self.bad_signatures.check().is_ok()
    }
}

fn check(limiter: &DefaultKeyedRateLimiter<String>, client: &str) -> Result<(), PageError> {
    // Whoever has not come for a while is forgotten, so that the list stays as long as the crowd.
    if limiter.len() > 10_000 {
        limiter.retain_recent();
    }
    limiter.check_key(&client.to_owned()).map_err(|early| {
        let wait = early.wait_time_from(DefaultClock::default().now());
        PageError::TooMany { retry_after_seconds: wait.as_secs() + 1 }
    })
}
