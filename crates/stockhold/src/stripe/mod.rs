//! Stripe as the shop sees it: a thin client of our own, the few fields we read, and the webhook signature.

pub mod client;
pub mod signature;
pub mod wire;

use std::fmt;
use std::time::Duration;

/// The three outcomes of a call. A time-out is `Unknown`, never a failure: the request may have taken effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call<T> {
    Done(T),
    Refused(Rejection),
    Unknown(Uncertainty),
}

/// Stripe's definite no: nothing was created (docs.stripe.com/api/errors).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub status: u16,
    pub code: Option<String>,
    pub kind: String,
    pub param: Option<String>,
    pub message: String,
    pub request_id: Option<String>,
}

/// No answer, or none that can be trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uncertainty {
    pub reason: String,
    pub request_id: Option<String>,
    pub retry_after: Option<Duration>,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stripe refused ({}): {}", self.status, self.message)
    }
}

impl fmt::Display for Uncertainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stripe's answer is not known: {}", self.reason)
    }
}
