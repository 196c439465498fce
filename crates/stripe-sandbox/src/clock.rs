//! The sandbox's own time: it can stand still and be put forward, never back, and what is due happens when asked.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::books::{Books, PRIVATE};
use crate::{Pay, Sandbox, refunds, sessions};

/// Seconds until what waits for a bank is settled.
const BANK_DECIDES_AFTER_SECONDS: i64 = 30;

/// How the sandbox's clock differs from the one it was given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// How far it was put forward.
    pub ahead_seconds: i64,
    /// The moment at which it stands still.
    pub frozen_at: Option<i64>,
}

impl Time {
    pub fn at(self, given: i64) -> i64 {
        self.frozen_at.unwrap_or(given + self.ahead_seconds)
    }
}

/// Delayed payments that have waited for the bank long enough, as the ids of their sessions.
fn due_payments(books: &Books, now: i64) -> Vec<String> {
    let ripe = |session: &&Value| {
        let intent = session["payment_intent"].as_str().and_then(|id| books.payment_intents.get(id));
        intent.is_some_and(|intent| {
            intent["status"] == "processing"
                && intent[PRIVATE]["since"].as_i64() <= Some(now - BANK_DECIDES_AFTER_SECONDS)
        })
    };
    let rows = books.sessions.rows().iter().filter(ripe);
    rows.filter_map(|session| session["id"].as_str().map(str::to_owned)).collect()
}

impl Sandbox {
    /// Everything that is due at the present moment happens: sessions expire, delayed payments and waiting refunds are
    /// settled, refunds to card 4000 0000 0000 5126 fail, idempotency keys of yesterday are forgotten. Webhooks are sent
    /// by [`Sandbox::deliver_due`].
    pub fn let_time_pass(&self) {
        self.expire_due();
        self.settle_due();
        self.act_quietly(|act| act.changed |= act.books.forget_answers(act.now));
    }

    /// The clock stands still until [`Sandbox::resume_clock`].
    pub fn freeze_clock(&self) {
        self.set_time(|time, given| time.frozen_at = Some(time.at(given)));
    }

    /// The clock goes on from where it stands.
    pub fn resume_clock(&self) {
        self.set_time(|time, given| {
            *time = Time { ahead_seconds: time.at(given) - given, frozen_at: None };
        });
    }

    /// Puts the clock forward, frozen or not, and lets happen what is due then. Only the sandbox's: the shop has its
    /// own, and signatures of webhooks keep to the clock that was given in the options.
    pub fn advance_clock(&self, seconds: u32) {
        let seconds = i64::from(seconds);
        self.set_time(|time, _| match &mut time.frozen_at {
            Some(moment) => *moment += seconds,
            None => time.ahead_seconds += seconds,
        });
        self.let_time_pass();
    }

    /// `{"now", "frozen", "ahead_seconds"}`: Unix seconds, and how far from the given clock.
    pub fn clock(&self) -> Value {
        let now = self.now();
        let frozen = self.with_state(|state| state.books.time.frozen_at.is_some());
        json!({"now": now, "frozen": frozen, "ahead_seconds": now - self.given_now()})
    }

    /// Sessions past their time become expired, each with its event.
    pub fn expire_due(&self) {
        self.act_quietly(sessions::expire_due);
    }

    /// Settles what has waited for the bank long enough.
    pub fn settle_due(&self) {
        let now = self.now();
        for session in self.with_state(|state| due_payments(&state.books, now)) {
            if let Err(error) = self.pay(&session, Pay::SettleDelayed) {
                eprintln!("sandbox: a delayed payment did not settle: {error}");
            }
        }
        self.act_quietly(|act| {
            for refund in refunds::due(act) {
                refunds::settle(act, &refund);
            }
        });
    }

    /// Unix seconds.
    pub(crate) fn now(&self) -> i64 {
        let given = self.given_now();
        self.with_state(|state| state.books.time.at(given))
    }

    pub(crate) fn given_now(&self) -> i64 {
        (self.inner.clock)().div_euclid(1_000_000)
    }

    fn set_time(&self, change: impl FnOnce(&mut Time, i64)) {
        let given = self.given_now();
        self.change_quietly(|state| change(&mut state.books.time, given));
    }
}
