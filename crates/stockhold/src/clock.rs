//! The one place where the shop reads the time; everything else is handed a moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rules::time::{Span, Timestamp};

/// Tells the time: the system's, or one that a test moves by hand.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    Simulated(Arc<AtomicI64>),
}

impl Clock {
    pub fn system() -> Clock {
        Clock::System
    }

    pub fn simulated(start: Timestamp) -> Clock {
        Clock::Simulated(Arc::new(AtomicI64::new(start.micros())))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("this machine's clock is past 1970");
                Timestamp::from_micros(i64::try_from(since.as_micros()).expect("a date within 290,000 years"))
            }
            Clock::Simulated(now) => Timestamp::from_micros(now.load(Ordering::SeqCst)),
        }
    }

    /// Moves a simulated clock on; the system's clock moves by itself.
    pub fn advance(&self, span: Span) {
        if let Clock::Simulated(now) = self {
            now.fetch_add(span.as_micros(), Ordering::SeqCst);
        }
    }
}
