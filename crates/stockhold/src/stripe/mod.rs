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
    /// Stripe has kept this very answer under the key: the same again is answered the same for a day. Only looking
    /// the object up tells what became of it.
    pub is_kept: bool,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // This sentence reaches logs and timelines, and Stripe repeats an address that it does not like.
        let hide = |word| if str::contains(word, '@') { "***" } else { word };
        let message: Vec<&str> = self.message.split(' ').map(hide).collect();
        write!(f, "Stripe refused ({}{}): {}", self.status, In(&self.request_id), message.join(" "))
    }
}

impl fmt::Display for Uncertainty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stripe's answer is not known: {}{}", self.reason, In(&self.request_id))
    }
}

/// The request's id, by which Stripe's support and its dashboard find it.
struct In<'a>(&'a Option<String>);

impl fmt::Display for In<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |id| write!(f, ", {id}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_tells_why_and_where_but_not_whose_address() {
        let rejection = Rejection {
            status: 400,
            code: Some("email_invalid".to_owned()),
            kind: "invalid_request_error".to_owned(),
            param: Some("customer_email".to_owned()),
            message: "Invalid email address: ada@example".to_owned(),
            request_id: Some("req_1".to_owned()),
        };
        assert_eq!(rejection.to_string(), "Stripe refused (400, req_1): Invalid email address: ***");
    }
}
