//! Misbehaviour on request: what the next answers will suffer from, and how webhooks travel.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::webhooks::WebhookMode;

const RETRY_AFTER: u32 = 1;

/// One way in which a request goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The request takes effect, its answer is stored under the idempotency key, and the connection breaks.
    ReplyLostAfterSuccess,
    /// 429 before execution: nothing happened, nothing is stored.
    TooManyRequests,
    /// 500 without effect, stored under the idempotency key and replayed with it.
    ServerError,
    /// 500 stored under the idempotency key, although the request took effect: an orphan is born.
    ServerErrorAfterSuccess,
    /// No answer until the caller hangs up; nothing happened. Meanwhile its idempotency key is in use.
    Hang,
    /// HTML from the edge with status 502; nothing happened.
    BadGateway,
    /// The connection breaks before the request is read; nothing happened.
    Unreachable,
    /// 429 because the object is in use elsewhere; nothing happened.
    LockTimeout,
    /// 403, as for a restricted key; nothing happened.
    Forbidden,
    /// 404 `resource_missing`, as if the object were in another account; nothing happened.
    Missing,
    /// The answer is right but for its `livemode`, which is true.
    OtherMode,
}

impl Fault {
    pub const ALL: [(Fault, &str); 11] = [
        (Fault::ReplyLostAfterSuccess, "reply_lost_after_success"),
        (Fault::TooManyRequests, "too_many_requests"),
        (Fault::ServerError, "server_error"),
        (Fault::ServerErrorAfterSuccess, "server_error_after_success"),
        (Fault::Hang, "hang"),
        (Fault::BadGateway, "bad_gateway"),
        (Fault::Unreachable, "unreachable"),
        (Fault::LockTimeout, "lock_timeout"),
        (Fault::Forbidden, "forbidden"),
        (Fault::Missing, "missing"),
        (Fault::OtherMode, "other_mode"),
    ];

    pub fn parse(word: &str) -> Option<Fault> {
        Fault::ALL.iter().find(|(_, name)| *name == word).map(|(fault, _)| *fault)
    }

    pub fn as_str(self) -> &'static str {
        Fault::ALL.iter().find(|(fault, _)| *fault == self).map_or("", |(_, name)| name)
    }

    /// Only for requests whose path begins so; `"POST /v1/refunds"` also asks for the method.
    pub fn on(self, path: &str) -> PlannedFault {
        PlannedFault { path: Some(path.to_owned()), ..PlannedFault::from(self) }
    }

    pub fn times(self, times: u32) -> PlannedFault {
        PlannedFault::from(self).times(times)
    }

    pub fn standing(self) -> PlannedFault {
        PlannedFault::from(self).standing()
    }
}

/// A fault, for which requests and how often. From a bare [`Fault`]: any request, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedFault {
    pub fault: Fault,
    pub path: Option<String>,
    /// How many requests are left to spoil; `None`: all of them, until the faults are set anew.
    pub times: Option<u32>,
    /// The `Retry-After` of a 429, in seconds; 0: none.
    pub retry_after: u32,
}

impl From<Fault> for PlannedFault {
    fn from(fault: Fault) -> PlannedFault {
        PlannedFault { fault, path: None, times: Some(1), retry_after: RETRY_AFTER }
    }
}

impl PlannedFault {
    #[must_use]
    pub fn times(self, times: u32) -> PlannedFault {
        PlannedFault { times: Some(times), ..self }
    }

    #[must_use]
    pub fn standing(self) -> PlannedFault {
        PlannedFault { times: None, ..self }
    }

    /// The `Retry-After` of a 429; 0: none.
    #[must_use]
    pub fn retry_after(self, seconds: u32) -> PlannedFault {
        PlannedFault { retry_after: seconds, ..self }
    }

    fn fits(&self, method: &str, path: &str) -> bool {
        match self.path.as_deref().map(|wanted| wanted.split_once(' ').ok_or(wanted)) {
            None => true,
            Some(Err(prefix)) => path.starts_with(prefix),
            Some(Ok((wanted, prefix))) => wanted == method && path.starts_with(prefix),
        }
    }
}

/// All switches. The default misbehaves in no way.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    pub webhooks: WebhookMode,
    /// The first that fits a request spoils it.
    pub next: VecDeque<PlannedFault>,
}

impl Faults {
    #[must_use]
    pub fn with(mut self, fault: impl Into<PlannedFault>) -> Faults {
        self.next.push_back(fault.into());
        self
    }

    pub fn webhooks(webhooks: WebhookMode) -> Faults {
        Faults { webhooks, next: VecDeque::new() }
    }

    /// The fault this request suffers from, counted off.
    pub(crate) fn take(&mut self, method: &str, path: &str) -> Option<PlannedFault> {
        let place = self.next.iter().position(|planned| planned.fits(method, path) && planned.times != Some(0))?;
        let planned = &mut self.next[place];
        let fault = planned.clone();
        if let Some(left) = &mut planned.times {
            *left -= 1;
            if *left == 0 {
                self.next.remove(place);
            }
        }
        Some(fault)
    }

    pub fn to_json(&self) -> Value {
        let next: Vec<Value> = (self.next.iter())
            .map(|planned| {
                json!({"fault": planned.fault.as_str(), "path": planned.path, "times": planned.times,
                "retry_after": planned.retry_after})
            })
            .collect();
        json!({"webhooks": self.webhooks.as_str(), "seconds": self.webhooks.seconds(), "next": next})
    }

    /// Reads what [`Faults::to_json`] writes; `times` left out means once, `null` or 0 means standing.
    pub fn from_json(given: &Value) -> Result<Faults, String> {
        let seconds = given["seconds"].as_i64().unwrap_or(WebhookMode::LATE_SECONDS);
        let word = given["webhooks"].as_str().unwrap_or("on_time");
        let webhooks = WebhookMode::parse(word, seconds).ok_or_else(|| format!("unknown webhook mode: {word}"))?;
        let mut faults = Faults::webhooks(webhooks);
        for planned in given["next"].as_array().into_iter().flatten() {
            let word = planned["fault"].as_str().unwrap_or_default();
            let fault = Fault::parse(word).ok_or_else(|| format!("unknown fault: {word}"))?;
            let times = match planned.get("times") {
                None => Some(1),
                Some(times) => times.as_u64().and_then(|times| u32::try_from(times).ok()).filter(|times| *times > 0),
            };
            let path = planned["path"].as_str().filter(|path| !path.is_empty()).map(str::to_owned);
            let retry_after = planned["retry_after"].as_u64().and_then(|seconds| u32::try_from(seconds).ok());
            let retry_after = retry_after.unwrap_or(RETRY_AFTER);
            faults.next.push_back(PlannedFault { fault, path, times, retry_after });
        }
        Ok(faults)
    }
}
