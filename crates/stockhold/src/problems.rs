//! What went wrong lately: the warnings and errors of the log, the latest few kept in memory, for the shopkeeper's page.
//!
//! Invariant: nothing is here that is not in the log, so it has no secrets and no addresses of people.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, PoisonError};

use rules::time::Timestamp;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

const KEPT: usize = 100;
/// Longest line.
const CHARS_MAX: usize = 500;

static LATEST: Mutex<VecDeque<Problem>> = Mutex::new(VecDeque::new());

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub at: Timestamp,
    pub is_error: bool,
    pub words: String,
}

/// The latest ones, the newest first.
pub fn latest() -> Vec<Problem> {
    LATEST.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
}

/// Listens to the log.
#[derive(Debug)]
pub struct Listener {
    /// Says what time it is.
    pub now: fn() -> Timestamp,
}

impl<S: Subscriber> Layer<S> for Listener {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let level = *event.metadata().level();
        // Other programs' libraries talk of their own troubles; the shop's lines say what matters of them.
        if level > Level::WARN || !event.metadata().target().starts_with("stockhold") {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        let words: String = format!("{}{}", line.message, line.fields).chars().take(CHARS_MAX).collect();
        let mut latest = LATEST.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == KEPT {
            latest.pop_front();
        }
        latest.push_back(Problem { at: (self.now)(), is_error: level == Level::ERROR, words });
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " · {name}: {value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[test]
    fn what_goes_wrong_is_kept_and_what_goes_right_is_not() {
        let listener = Listener { now: || Timestamp::from_seconds(1) };
        tracing::subscriber::with_default(tracing_subscriber::registry().with(listener), || {
            tracing::info!("the shop is open");
            tracing::warn!(effect = "send_letter:1", "an effect's outcome is unknown");
            for _ in 0..KEPT {
                tracing::error!("a request failed");
            }
        });
        let latest = latest();
        assert_eq!(latest.len(), KEPT);
        assert!(latest.iter().all(|problem| problem.is_error && problem.words == "a request failed"), "{latest:?}");
    }
}
