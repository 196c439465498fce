//! The sandbox's switches by HTTP: what the control page's forms press, and what a program says in JSON.
//!
//! Every route takes a form or a JSON object with the same names. It answers with JSON, or leads a browser back to the
//! page; what cannot be done is a sentence in `error` with status 409, or above the page.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use crate::control_page::{self, PAGE};
use crate::disputes::{NewDispute, Verdict};
use crate::faults::{Fault, Faults};
use crate::refunds::{DashboardRefund, RefundStatus};
use crate::webhooks::WebhookMode;
use crate::{Pay, Sandbox, form};

pub fn routes() -> axum::Router<Sandbox> {
    axum::Router::new()
        .route("/", get(control_page::show))
        .route("/snapshot", get(snapshot))
        .route("/faults", post(set_faults))
        .route("/settle/{id}", post(settle))
        .route("/refund/{intent}", post(refund))
        .route("/next_refund", post(next_refund))
        .route("/dispute/{id}", post(dispute))
        .route("/fraud_warning/{id}", post(fraud_warning))
        .route("/clock", post(clock))
        .route("/deliver", post(deliver))
        .route("/account", post(account))
        .route("/foreign", post(foreign))
        .route("/missing/{id}", post(missing))
}

/// What a form or a JSON object says, by name; what was left empty was not said.
struct Given(BTreeMap<String, String>);

impl Given {
    fn read(headers: &HeaderMap, body: &Bytes) -> Result<Given, String> {
        let said = |(name, value): (String, String)| (!value.is_empty()).then_some((name, value));
        if !is_json(headers) {
            let text = std::str::from_utf8(body).map_err(|error| error.to_string())?;
            let pairs = form::decode(text).map_err(|error| error.message)?;
            return Ok(Given(pairs.into_iter().filter_map(said).collect()));
        }
        let fields: serde_json::Map<String, Value> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let word = |value: Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        Ok(Given(fields.into_iter().filter_map(|(name, value)| said((name, word(value)))).collect()))
    }

    fn word(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn parsed<T>(&self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, String> {
        self.word(name).map(|word| parse(word).ok_or_else(|| format!("`{name}` cannot be {word}."))).transpose()
    }

    fn number(&self, name: &str) -> Result<Option<i64>, String> {
        self.parsed(name, |word| word.parse().ok())
    }

    fn flag(&self, name: &str) -> Result<Option<bool>, String> {
        self.parsed(name, |word| word.parse().ok())
    }

    fn status(&self) -> Result<Option<RefundStatus>, String> {
        self.parsed("status", RefundStatus::parse)
    }
}

/// Reads what is given, does it, and answers in the caller's way.
fn done(headers: &HeaderMap, body: &Bytes, what: impl FnOnce(&Given) -> Result<Value, String>) -> Response {
    answer(headers, Given::read(headers, body).and_then(|given| what(&given)))
}

fn answer(headers: &HeaderMap, outcome: Result<Value, String>) -> Response {
    let wants_page =
        headers.get(header::ACCEPT).is_some_and(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")));
    match outcome {
        Ok(_) if wants_page => Redirect::to(PAGE).into_response(),
        Err(error) if wants_page => Redirect::to(&format!("{PAGE}?problem={}", form::encode(&error))).into_response(),
        Ok(object) => Json(object).into_response(),
        Err(error) => (StatusCode::CONFLICT, Json(json!({"error": error}))).into_response(),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/json")))
}

async fn snapshot(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.snapshot())
}

/// Takes JSON as [`Faults::to_json`] writes it, or the control page's form.
async fn set_faults(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    if is_json(&headers) {
        let given = serde_json::from_slice(&body).map_err(|error| error.to_string());
        return match given.and_then(|given: Value| Faults::from_json(&given)) {
            Ok(faults) => {
                sandbox.set_faults(faults);
                Json(sandbox.faults().to_json()).into_response()
            }
            Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response(),
        };
    }
    let given = Given::read(&headers, &body).unwrap_or(Given(BTreeMap::new()));
    let number = |name: &str| given.number(name).ok().flatten();
    let small = |name: &str| number(name).and_then(|number| u32::try_from(number).ok());
    let seconds = number("seconds").unwrap_or(WebhookMode::LATE_SECONDS);
    let mode = given.word("webhooks").and_then(|word| WebhookMode::parse(word, seconds));
    let mut faults = Faults::webhooks(mode.unwrap_or_default());
    if let Some(fault) = given.word("fault").and_then(Fault::parse) {
        let mut planned = given.word("path").map_or_else(|| fault.times(1), |path| fault.on(path));
        planned.times = small("times").filter(|times| *times > 0);
        planned.retry_after = small("retry_after").unwrap_or(planned.retry_after);
        faults.next.push_back(planned);
    }
    sandbox.set_faults(faults);
    Redirect::to(PAGE).into_response()
}

/// A session's delayed payment (`cs_…`) or a refund (`re_…`) is decided by the bank now; a refund as `status` and
/// `reason` say.
async fn settle(State(sandbox): State<Sandbox>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    done(&headers, &body, |given| match (id.starts_with("re_"), given.status()?) {
        (true, Some(status)) => sandbox.move_refund(&id, status, given.word("reason")),
        (true, None) => sandbox.settle_refund(&id).ok_or_else(|| "There is nothing to settle.".to_owned()),
        (false, _) => sandbox.pay(&id, Pay::SettleDelayed).map_err(|error| error.to_string()),
    })
}

/// A refund made in the Dashboard: `amount`, `reason` and `status` may be left out.
async fn refund(
    State(sandbox): State<Sandbox>,
    Path(intent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    done(&headers, &body, |given| {
        let reason = given.word("reason").map(str::to_owned);
        let wanted = DashboardRefund { amount: given.number("amount")?, reason, status: given.status()? };
        sandbox.refund_in_dashboard(&intent, &wanted)
    })
}

/// Where the shop's next refund begins: `status`, or as the card says when it is left out.
async fn next_refund(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    done(&headers, &body, |given| {
        let status = given.status()?;
        sandbox.next_refund(status);
        Ok(json!({"next_refund": status.map(RefundStatus::as_str)}))
    })
}

/// `ch_…` opens a dispute: `reason`, `amount`, `inquiry`, `due_by`. `du_…` takes one further: `do` is `withdraw`,
/// `reinstate`, `respond`, `won`, `lost` (the default) or `warning_closed`.
async fn dispute(State(sandbox): State<Sandbox>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    done(&headers, &body, |given| {
        if !id.starts_with("du_") {
            let wanted = NewDispute {
                reason: given.word("reason").map(str::to_owned),
                amount: given.number("amount")?,
                inquiry: given.flag("inquiry")?.unwrap_or(false),
                due_by: given.number("due_by")?,
            };
            return sandbox.dispute(&id, &wanted);
        }
        match given.word("do") {
            Some("withdraw") => sandbox.withdraw_funds(&id),
            Some("reinstate") => sandbox.reinstate_funds(&id),
            Some("respond") => sandbox.respond_to_dispute(&id),
            Some(word) => {
                let verdict = Verdict::parse(word).ok_or_else(|| format!("`do` cannot be {word}."))?;
                sandbox.decide_dispute(&id, verdict)
            }
            None => {
                let won = given.flag("won")?.unwrap_or(false);
                sandbox.decide_dispute(&id, if won { Verdict::Won } else { Verdict::Lost })
            }
        }
    })
}

/// The issuer of the card of a charge (`ch_…`) warns of fraud.
async fn fraud_warning(State(sandbox): State<Sandbox>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    answer(&headers, sandbox.warn_of_fraud(&id))
}

/// `freeze` true or false, then `advance` by so many seconds; what is due happens, even when both are left out.
async fn clock(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    done(&headers, &body, |given| {
        let seconds = given.parsed("advance", |word| word.parse::<u32>().ok())?.unwrap_or(0);
        match given.flag("freeze")? {
            Some(true) => sandbox.freeze_clock(),
            Some(false) => sandbox.resume_clock(),
            None => {}
        }
        sandbox.advance_clock(seconds);
        Ok(sandbox.clock())
    })
}

/// Sends the webhooks that are due, and says how many were tried.
async fn deliver(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    let sent = sandbox.deliver_due().await;
    answer(&headers, Ok(json!({"attempted": sent})))
}

/// `id`: what `GET /v1/account` answers. `key`: the only key accepted from now on; `any` ends that.
async fn account(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    done(&headers, &body, |given| {
        if let Some(key) = given.word("key") {
            sandbox.set_api_key(Some(key).filter(|key| *key != "any"));
        }
        if let Some(id) = given.word("id") {
            sandbox.set_account(id);
        }
        Ok(json!({"account": sandbox.snapshot()["account"]}))
    })
}

/// Another application's payment and refund in the same account: `amount` (1999) in `currency` (eur).
async fn foreign(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    done(&headers, &body, |given| {
        sandbox.foreign_payment(given.number("amount")?.unwrap_or(1999), given.word("currency").unwrap_or("eur"))
    })
}

/// The API does not find this id any more; with `missing` false it does again.
async fn missing(State(sandbox): State<Sandbox>, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    done(&headers, &body, |given| {
        match given.flag("missing")?.unwrap_or(true) {
            true => sandbox.lose(&id),
            false => sandbox.find_again(&id),
        }
        Ok(json!({"missing": sandbox.snapshot()["missing"]}))
    })
}
