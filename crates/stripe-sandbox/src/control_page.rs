//! The control page: every switch of the sandbox as a form that works without JavaScript, and what the sandbox knows.

use std::fmt::Write as _;

use axum::extract::{RawQuery, State};
use axum::response::Response;
use serde_json::Value;

use crate::faults::{Fault, Faults};
use crate::html::{escape, option, page};
use crate::refunds::RefundStatus;
use crate::webhooks::WebhookMode;
use crate::{Sandbox, form, money};

const LISTED_MOST: usize = 50;
pub const PAGE: &str = "/_sandbox/stripe";

pub async fn show(State(sandbox): State<Sandbox>, RawQuery(query): RawQuery) -> Response {
    sandbox.expire_due();
    let known = sandbox.snapshot();
    let pairs = form::decode(query.as_deref().unwrap_or_default()).unwrap_or_default();
    let mut main = String::from("<main class=\"wide\"><h1>Sandbox payments</h1>");
    if let Some((_, problem)) = pairs.iter().find(|(name, _)| name == "problem") {
        let _ = write!(main, "<p class=\"bad panel\" id=\"problem\">{}</p>", escape(problem));
    }
    let panels = [
        ("What goes wrong", switches(&sandbox.faults())),
        ("Clock", clock(&sandbox.clock())),
        ("Account", account(&known)),
        ("Checkout sessions", sessions(&known)),
        ("Refunds", refunds(&known)),
        ("Disputes and warnings", disputes(&known)),
        ("Balance", balance(&known)),
        ("Events and their deliveries", events(&known)),
    ];
    for (title, body) in panels {
        let _ = write!(main, "<section class=\"panel scroll\"><h2>{title}</h2>{body}</section>");
    }
    main.push_str("</main>");
    page("en", "Sandbox payments", "Sandbox: nothing here can charge a card", &main, &[])
}

fn switches(faults: &Faults) -> String {
    let planned = faults.next.front();
    let mut travel = String::new();
    for word in WebhookMode::WORDS {
        travel.push_str(&option(word, &word.replace('_', " "), word == faults.webhooks.as_str()));
    }
    let mut fault = option("", "are answered properly", planned.is_none());
    for (one, word) in Fault::ALL {
        fault.push_str(&option(word, &word.replace('_', " "), planned.is_some_and(|planned| planned.fault == one)));
    }
    let seconds = faults.webhooks.seconds().unwrap_or(WebhookMode::LATE_SECONDS);
    let times = planned.map_or(1, |planned| planned.times.unwrap_or(0));
    let retry_after = planned.map_or(1, |planned| planned.retry_after);
    let path = escape(planned.and_then(|planned| planned.path.as_deref()).unwrap_or_default());
    let number = |name: &str, least: u8, value: i64| {
        format!("<input id=\"{name}\" name=\"{name}\" type=\"number\" min=\"{least}\" value=\"{value}\">")
    };
    let select = |name: &str, options: &str| format!("<select id=\"{name}\" name=\"{name}\">{options}</select>");
    let cells = [
        ("webhooks", "Webhooks arrive", select("webhooks", &travel)),
        ("seconds", "Late by (seconds)", number("seconds", 1, seconds)),
        ("fault", "Next requests of the shop", select("fault", &fault)),
        (
            "path",
            "Only where the path begins with",
            format!("<input id=\"path\" name=\"path\" value=\"{path}\" placeholder=\"/v1/checkout/sessions\">"),
        ),
        ("times", "How often (0: until changed)", number("times", 0, i64::from(times))),
        ("retry_after", "Retry-After of a 429 (0: none)", number("retry_after", 0, i64::from(retry_after))),
    ];
    let cells: String = cells
        .iter()
        .map(|(name, label, field)| format!("<div><label for=\"{name}\">{label}</label>{field}</div>"))
        .collect();
    format!(
        "<form method=\"post\" action=\"{PAGE}/faults\" id=\"switches\"><div class=\"cells\">{cells}</div>\
         <button class=\"main\" id=\"set\">Set</button></form>"
    )
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_default()
}

fn newest(known: &Value, name: &str) -> Vec<Value> {
    known[name].as_array().into_iter().flatten().rev().take(LISTED_MOST).cloned().collect()
}

fn rows<'a>(known: &'a Value, name: &str) -> &'a [Value] {
    known[name].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn amount(row: &Value) -> String {
    money::print(row["amount"].as_i64().unwrap_or(0), text(row, "currency"))
}

/// A form in one line: its fields, then a button that may say something itself.
fn inline(action: &str, fields: &str, name: &str, value: &str, label: &str) -> String {
    let said = if name.is_empty() { String::new() } else { format!(" name=\"{name}\" value=\"{value}\"") };
    format!(
        "<form class=\"inline\" method=\"post\" action=\"{PAGE}/{}\">{fields}<button{said}>{label}</button></form>",
        escape(action)
    )
}

fn button(action: &str, name: &str, value: &str, label: &str) -> String {
    inline(action, "", name, value, label)
}

fn input(name: &str, label: &str, kind: &str, value: &str) -> String {
    format!(
        "<input name=\"{name}\" type=\"{kind}\" placeholder=\"{label}\" aria-label=\"{label}\" value=\"{}\">",
        escape(value)
    )
}

fn choice(name: &str, label: &str, choices: &[(&str, &str)]) -> String {
    let options: String = choices.iter().map(|(value, text)| option(value, text, false)).collect();
    format!("<select name=\"{name}\" aria-label=\"{label}\">{options}</select>")
}

/// A table whose cells are HTML already.
fn table(heads: &[&str], lines: Vec<Vec<String>>) -> String {
    if lines.is_empty() {
        return "<p class=\"quiet\">None yet.</p>".to_owned();
    }
    let heads: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    let lines: String = lines
        .into_iter()
        .map(|cells| format!("<tr>{}</tr>", cells.iter().map(|cell| format!("<td>{cell}</td>")).collect::<String>()))
        .collect();
    format!("<table><thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>")
}

fn code(id: &str) -> String {
    format!("<code>{}</code>", escape(id))
}

fn clock(clock: &Value) -> String {
    let frozen = clock["frozen"] == true;
    let standing = if frozen { "standing still" } else { "running" };
    let hours = [
        ("60", "by a minute"),
        ("1800", "by half an hour"),
        ("3600", "by an hour"),
        ("86400", "by a day"),
        ("604800", "by a week"),
        ("2592000", "by thirty days"),
    ];
    let (freeze, label) = if frozen { ("false", "Let it run") } else { ("true", "Freeze") };
    format!(
        "<p>Unix time {}, {} seconds ahead of this computer, {standing}. Putting it forward lets everything happen that \
         is due then; the shop keeps its own clock.</p><div class=\"row\">{}{}{}</div>",
        clock["now"],
        clock["ahead_seconds"],
        inline("clock", &choice("advance", "How far", &hours), "", "", "Put forward"),
        button("clock", "freeze", freeze, label),
        button("deliver", "", "", "Send webhooks that are due"),
    )
}

fn account(known: &Value) -> String {
    let id = input("id", "Account id", "text", text(known, "account"));
    let key = input("key", "Only key accepted (any: all)", "text", "");
    let foreign = input("amount", "Amount in cents", "number", "1999") + &input("currency", "Currency", "text", "eur");
    let mut found = String::new();
    for id in rows(known, "missing").iter().filter_map(Value::as_str) {
        let _ = write!(
            found,
            "<div>{} is lost. {}</div>",
            code(id),
            button(&format!("missing/{id}"), "missing", "false", "Find again")
        );
    }
    format!(
        "<div class=\"row\">{}{}</div>{found}",
        inline("account", &(id + &key), "", "", "Change account"),
        inline("foreign", &foreign, "", "", "Another application is paid and refunds"),
    )
}

const REASONS: [(&str, &str); 4] = [
    ("", "no reason"),
    ("requested_by_customer", "requested by customer"),
    ("duplicate", "duplicate"),
    ("fraudulent", "fraudulent"),
];

fn statuses(first: &'static str) -> Vec<(&'static str, &'static str)> {
    std::iter::once(("", first)).chain(RefundStatus::ALL.iter().map(|(_, word)| (*word, *word))).collect()
}

/// What can be done with a payment that went through.
fn deeds(session: &Value, charge: &Value) -> String {
    let refund = input("amount", "All that is left", "number", "")
        + &choice("reason", "Reason", &REASONS)
        + &choice("status", "Begins as", &statuses("begins as the card says"));
    let reasons = [
        ("fraudulent", "fraudulent"),
        ("product_not_received", "not received"),
        ("product_unacceptable", "unacceptable"),
        ("duplicate", "duplicate"),
        ("general", "general"),
    ];
    let kinds = [("false", "dispute"), ("true", "inquiry")];
    let dispute = choice("reason", "Reason", &reasons)
        + &choice("inquiry", "Kind", &kinds)
        + &input("amount", "All that is left", "number", "");
    let id = text(charge, "id");
    let mut deeds = String::new();
    if charge["refunded"] == false {
        deeds += "<details><summary>Refund or dispute</summary>";
        deeds +=
            &inline(&format!("refund/{}", text(session, "payment_intent")), &refund, "", "", "Refund in the Dashboard");
        deeds += &inline(&format!("dispute/{id}"), &dispute, "", "", "Buyer disputes");
        deeds += &button(&format!("fraud_warning/{id}"), "", "", "Issuer warns of fraud");
        deeds += "</details>";
    }
    deeds
}

fn sessions(known: &Value) -> String {
    let mut lines = Vec::new();
    for session in newest(known, "sessions") {
        let intent = rows(known, "payment_intents").iter().find(|intent| intent["id"] == session["payment_intent"]);
        let charge = intent
            .and_then(|intent| rows(known, "charges").iter().find(|charge| charge["id"] == intent["latest_charge"]));
        let state = intent.map_or("", |intent| text(intent, "status"));
        let id = text(&session, "id");
        let mut now = match (text(&session, "status"), state) {
            ("open", _) => format!("<a class=\"button\" href=\"/_sandbox/checkout/{}\">Open</a>", escape(id)),
            (_, "processing") => button(&format!("settle/{id}"), "", "", "Bank decides now"),
            (_, "succeeded") => charge.map(|charge| deeds(&session, charge)).unwrap_or_default(),
            _ => String::new(),
        };
        now += &button(&format!("missing/{id}"), "", "", "Lose it");
        let total = money::print(session["amount_total"].as_i64().unwrap_or(0), text(&session, "currency"));
        let status = format!("{} · {} {}", text(&session, "status"), text(&session, "payment_status"), escape(state));
        lines.push(vec![code(id), escape(text(&session, "client_reference_id")), status, total, now]);
    }
    table(&["Session", "Order", "Status", "Total", "Now"], lines)
}

fn refunds(known: &Value) -> String {
    let next = text(known, "next_refund");
    let mut lines = Vec::new();
    for refund in newest(known, "refunds") {
        let action = format!("settle/{}", text(&refund, "id"));
        let ways: &[&str] = match text(&refund, "status") {
            "pending" => &["succeeded", "requires_action", "failed", "canceled"],
            "requires_action" => &["pending", "succeeded", "failed", "canceled"],
            "succeeded" => &["failed"],
            _ => &[],
        };
        let ways: String = ways.iter().map(|way| button(&action, "status", way, &way.replace('_', " "))).collect();
        let reason = refund["failure_reason"].as_str().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let status = text(&refund, "status").replace('_', " ") + &reason;
        lines.push(vec![code(text(&refund, "id")), status, amount(&refund), ways]);
    }
    format!(
        "<div class=\"row\"><p>The shop's next refund begins {}.</p>{}</div>{}",
        if next.is_empty() { "as the card says".to_owned() } else { format!("as {}", escape(next)) },
        inline("next_refund", &choice("status", "Begins as", &statuses("as the card says")), "", "", "Set"),
        table(&["Refund", "Status", "Amount", "Becomes"], lines)
    )
}

fn disputes(known: &Value) -> String {
    let mut lines = Vec::new();
    for dispute in newest(known, "disputes") {
        let action = format!("dispute/{}", text(&dispute, "id"));
        let deed = |word: &str, label: &str| button(&action, "do", word, label);
        let withdrawn = dispute["balance_transactions"].as_array().is_some_and(|moves| moves.len() == 1);
        let mut now = String::new();
        match text(&dispute, "status") {
            "needs_response" | "under_review" => {
                now += &(deed("won", "Shop wins") + &deed("lost", "Shop loses"));
                if withdrawn {
                    now += &deed("reinstate", "Money comes back");
                }
            }
            "warning_needs_response" | "warning_under_review" => {
                now += &(deed("withdraw", "Becomes a dispute") + &deed("warning_closed", "Comes to nothing"));
            }
            _ => {}
        }
        if text(&dispute, "status").ends_with("needs_response") {
            now += &deed("respond", "Evidence is handed in");
        }
        let status = format!("{} · {}", text(&dispute, "reason"), text(&dispute, "status")).replace('_', " ");
        lines.push(vec![code(text(&dispute, "id")), status, amount(&dispute), now]);
    }
    for warning in newest(known, "early_fraud_warnings") {
        let status =
            if warning["actionable"] == true { "fraud warning · actionable" } else { "fraud warning · answered" };
        lines.push(vec![code(text(&warning, "id")), status.to_owned(), String::new(), String::new()]);
    }
    table(&["Dispute", "Status", "Amount", "Now"], lines)
}

fn balance(known: &Value) -> String {
    let sums = known["balance"].as_object().into_iter().flatten();
    let line = |(currency, sum): (&String, &Value)| {
        let print = |name: &str| money::print(sum[name].as_i64().unwrap_or(0), currency);
        vec![escape(currency), print("amount"), print("fee"), print("net")]
    };
    table(&["Currency", "Came in and stayed", "Fees", "Left"], sums.map(line).collect())
}

fn events(known: &Value) -> String {
    let mut lines = Vec::new();
    for event in newest(known, "events") {
        let mine = rows(known, "deliveries").iter().filter(|delivery| delivery["event"] == event["id"]);
        let told: Vec<String> = mine
            .map(|delivery| {
                let state = text(delivery, "state").replace('_', " ");
                format!("{state} ({} tried) {}", delivery["attempts"], text(delivery, "note"))
            })
            .collect();
        lines.push(vec![code(text(&event, "id")), escape(text(&event, "type")), escape(&told.join("; "))]);
    }
    table(&["Event", "Type", "Deliveries"], lines)
}
