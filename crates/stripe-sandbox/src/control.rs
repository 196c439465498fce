//! The control page: switches for misbehaviour, payments that wait for a bank, and what the sandbox knows.

use std::fmt::Write as _;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde_json::{Value, json};

use crate::faults::{Fault, Faults};
use crate::form::{self, Pairs};
use crate::html::{escape, option, page};
use crate::webhooks::WebhookMode;
use crate::{Pay, Sandbox, money};

const LISTED_MOST: usize = 50;
const PAGE: &str = "/_sandbox/stripe";

pub async fn snapshot(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(sandbox.snapshot())
}

/// Takes JSON as [`Faults::to_json`] writes it, or the control page's form.
pub async fn set_faults(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    if wants_json(&headers) {
        let given = serde_json::from_slice(&body).map_err(|error| error.to_string());
        return match given.and_then(|given: Value| Faults::from_json(&given)) {
            Ok(faults) => {
                sandbox.set_faults(faults);
                Json(sandbox.faults().to_json()).into_response()
            }
            Err(error) => (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response(),
        };
    }
    let pairs = fields(&body);
    let mode = WebhookMode::parse(
        field(&pairs, "webhooks"),
        field(&pairs, "seconds").parse().unwrap_or(WebhookMode::LATE_SECONDS),
    );
    let mut faults = Faults::webhooks(mode.unwrap_or_default());
    if let Some(fault) = Fault::parse(field(&pairs, "fault")) {
        let planned = match field(&pairs, "path") {
            "" => fault.times(1),
            path => fault.on(path),
        };
        let times = field(&pairs, "times").parse().ok().filter(|times| *times > 0);
        faults.next.push_back(times.map_or_else(|| planned.clone().standing(), |times| planned.clone().times(times)));
    }
    sandbox.set_faults(faults);
    Redirect::to(PAGE).into_response()
}

/// A session's delayed payment, or a refund, is decided by the bank now.
pub async fn settle(State(sandbox): State<Sandbox>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let outcome = match id.starts_with("re_") {
        true => sandbox.settle_refund(&id).ok_or_else(|| "nothing to settle".to_owned()),
        false => sandbox.pay(&id, Pay::SettleDelayed).map_err(|error| error.to_string()),
    };
    outcome_of(&headers, outcome)
}

/// A refund made in the Dashboard; `amount` may be left out.
pub async fn refund(
    State(sandbox): State<Sandbox>,
    Path(intent): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let amount = field(&fields(&body), "amount").parse().ok();
    outcome_of(&headers, sandbox.dashboard_refund(&intent, amount))
}

/// `ch_…` opens a dispute; `du_…` closes it, lost unless `won=true`.
pub async fn dispute(
    State(sandbox): State<Sandbox>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let won = field(&fields(&body), "won") == "true";
    let outcome = match id.starts_with("du_") {
        true => sandbox.close_dispute(&id, won),
        false => sandbox.open_dispute(&id, "fraudulent"),
    };
    outcome_of(&headers, outcome.ok_or_else(|| "nothing to dispute or to close".to_owned()))
}

fn outcome_of(headers: &HeaderMap, outcome: Result<Value, String>) -> Response {
    let wants_page =
        headers.get(header::ACCEPT).is_some_and(|kinds| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html")));
    match outcome {
        _ if wants_page => Redirect::to(PAGE).into_response(),
        Ok(object) => Json(object).into_response(),
        Err(error) => (StatusCode::CONFLICT, Json(json!({"error": error}))).into_response(),
    }
}

fn wants_json(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.starts_with("application/json")))
}

fn fields(body: &Bytes) -> Pairs {
    std::str::from_utf8(body).ok().and_then(|text| form::decode(text).ok()).unwrap_or_default()
}

fn field<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    pairs.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
}

pub async fn show(State(sandbox): State<Sandbox>) -> Response {
    sandbox.expire_due();
    let known = sandbox.snapshot();
    let faults = sandbox.faults();
    let mut main = String::from("<main class=\"wide\">");
    let _ = write!(main, "<div class=\"panel\"><h1>Sandbox payments: switches</h1>{}</div>", switches(&faults));
    let _ = write!(main, "<div class=\"panel scroll\"><h2>Checkout sessions</h2>{}</div>", sessions(&known));
    let _ = write!(main, "<div class=\"panel scroll\"><h2>Refunds and disputes</h2>{}</div>", refunds(&known));
    let _ =
        write!(main, "<div class=\"panel scroll\"><h2>Events and their deliveries</h2>{}</div></main>", events(&known));
    page("en", "Sandbox payments", "Sandbox: nothing here can charge a card", &main, &[])
}

fn switches(faults: &Faults) -> String {
    let mut form = format!(
        "<form method=\"post\" action=\"{PAGE}/faults\" id=\"switches\"><label for=\"webhooks\">Webhooks</label><select id=\"webhooks\" name=\"webhooks\">"
    );
    for word in WebhookMode::WORDS {
        form.push_str(&option(word, &word.replace('_', " "), word == faults.webhooks.as_str()));
    }
    let seconds = faults.webhooks.seconds().unwrap_or(WebhookMode::LATE_SECONDS);
    let _ = write!(
        form,
        "</select><label for=\"seconds\">Late by (seconds)</label><input id=\"seconds\" name=\"seconds\" type=\"number\" min=\"1\" value=\"{seconds}\">"
    );
    form.push_str("<label for=\"fault\">Next requests of the shop</label><select id=\"fault\" name=\"fault\">");
    let planned = faults.next.front();
    form.push_str(&option("", "are answered properly", planned.is_none()));
    for (fault, word) in Fault::ALL {
        form.push_str(&option(word, &word.replace('_', " "), planned.is_some_and(|planned| planned.fault == fault)));
    }
    let path = planned.and_then(|planned| planned.path.clone()).unwrap_or_default();
    let times = planned.map_or(1, |planned| planned.times.unwrap_or(0));
    let _ = write!(
        form,
        "</select><label for=\"path\">Only where the path begins with</label><input id=\"path\" name=\"path\" value=\"{}\" placeholder=\"/v1/checkout/sessions\">\
         <label for=\"times\">How often (0: until changed)</label><input id=\"times\" name=\"times\" type=\"number\" min=\"0\" value=\"{times}\">\
         <button class=\"main\" id=\"set\">Set</button></form>",
        escape(&path)
    );
    form
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

fn newest(known: &Value, name: &str) -> Vec<Value> {
    known[name].as_array().into_iter().flatten().rev().take(LISTED_MOST).cloned().collect()
}

fn button(action: &str, name: &str, value: &str, label: &str) -> String {
    let field = if name.is_empty() { String::new() } else { format!(" name=\"{name}\" value=\"{value}\"") };
    format!("<form method=\"post\" action=\"{PAGE}/{}\"><button{field}>{label}</button></form>", escape(action))
}

fn sessions(known: &Value) -> String {
    let mut rows = String::from(
        "<table><thead><tr><th>Session</th><th>Order</th><th>Status</th><th class=\"amount\">Total</th><th>Now</th></tr></thead><tbody>",
    );
    let rows_of = |name: &str| known[name].as_array().map(Vec::as_slice).unwrap_or_default();
    for session in newest(known, "sessions") {
        let intent = rows_of("payment_intents").iter().find(|intent| intent["id"] == session["payment_intent"]);
        let charge =
            intent.and_then(|intent| rows_of("charges").iter().find(|charge| charge["id"] == intent["latest_charge"]));
        let state = intent.map_or("", |intent| text(intent, "status"));
        let id = text(&session, "id");
        let now = match (text(&session, "status"), state) {
            ("open", _) => format!("<a class=\"button\" href=\"/_sandbox/checkout/{}\">Open</a>", escape(id)),
            (_, "processing") => button(&format!("settle/{id}"), "", "", "Bank decides now"),
            (_, "succeeded")
                if charge.is_some_and(|charge| charge["refunded"] == false && charge["disputed"] == false) =>
            {
                let refund =
                    button(&format!("refund/{}", text(&session, "payment_intent")), "", "", "Refund in the Dashboard");
                refund
                    + &button(
                        &format!("dispute/{}", charge.map_or("", |charge| text(charge, "id"))),
                        "",
                        "",
                        "Buyer disputes",
                    )
            }
            _ => String::new(),
        };
        let total = money::print(session["amount_total"].as_i64().unwrap_or(0), text(&session, "currency"));
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{} · {} {}</td><td class=\"amount\">{total}</td><td>{now}</td></tr>",
            escape(id),
            escape(text(&session, "client_reference_id")),
            text(&session, "status"),
            text(&session, "payment_status"),
            escape(state)
        );
    }
    rows + "</tbody></table>"
}

fn refunds(known: &Value) -> String {
    let mut rows = String::from("<table><tbody>");
    for refund in newest(known, "refunds") {
        let id = escape(text(&refund, "id"));
        let amount = money::print(refund["amount"].as_i64().unwrap_or(0), text(&refund, "currency"));
        let settle = button(&format!("settle/{id}"), "", "", "Bank decides now");
        let _ = write!(
            rows,
            "<tr><td><code>{id}</code></td><td>{}</td><td class=\"amount\">{amount}</td><td>{settle}</td></tr>",
            text(&refund, "status")
        );
    }
    for dispute in newest(known, "disputes") {
        let id = escape(text(&dispute, "id"));
        let amount = money::print(dispute["amount"].as_i64().unwrap_or(0), text(&dispute, "currency"));
        let close = match text(&dispute, "status") {
            "needs_response" => {
                button(&format!("dispute/{id}"), "won", "true", "Shop wins")
                    + &button(&format!("dispute/{id}"), "won", "false", "Shop loses")
            }
            _ => String::new(),
        };
        let _ = write!(
            rows,
            "<tr><td><code>{id}</code></td><td>{}</td><td class=\"amount\">{amount}</td><td>{close}</td></tr>",
            text(&dispute, "status")
        );
    }
    rows + "</tbody></table>"
}

fn events(known: &Value) -> String {
    let mut rows = String::from("<table><thead><tr><th>Event</th><th>Type</th><th>Deliveries</th></tr></thead><tbody>");
    let deliveries = known["deliveries"].as_array().map(Vec::as_slice).unwrap_or_default();
    for event in newest(known, "events") {
        let mine = deliveries.iter().filter(|delivery| delivery["event"] == event["id"]);
        let told: Vec<String> = mine
            .map(|delivery| {
                format!(
                    "{} ({} tried) {}",
                    text(delivery, "state").replace('_', " "),
                    delivery["attempts"],
                    text(delivery, "note")
                )
            })
            .collect();
        let _ = write!(
            rows,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            text(&event, "id"),
            text(&event, "type"),
            escape(&told.join("; "))
        );
    }
    rows + "</tbody></table>"
}
