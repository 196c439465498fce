//! The sandbox's switches: its clock, refusals on demand, strangers in the account; by Rust, by HTTP and on the page.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use common::{Answer, SECRET, Street, encode, id, order};
use serde_json::{Value, json};
use stripe_sandbox::{Fault, Faults, Pay, sign};

const GOOD: &str = "4242424242424242";
const SESSIONS: &str = "/v1/checkout/sessions";

fn word<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn kinds(street: &Street) -> Vec<String> {
    street.sandbox.events().iter().map(|event| word(event, "type").to_owned()).collect()
}

/// A program presses a switch.
async fn say(street: &Street, path: &str, given: &Value) -> Answer {
    let address = format!("{}/_sandbox/stripe/{path}", street.base);
    let request = street.http.post(address).header("content-type", "application/json");
    street.ask(request.body(given.to_string())).await.unwrap()
}

/// A browser without JavaScript presses a button.
async fn press(street: &Street, path: &str, form: &[(&str, &str)]) -> Answer {
    let address = format!("{}/_sandbox/stripe/{path}", street.base);
    let request = street.http.post(address).header("content-type", "application/x-www-form-urlencoded");
    street.ask(request.header("accept", "text/html").body(encode(form))).await.unwrap()
}

async fn page(street: &Street, query: &str) -> String {
    street.ask(street.http.get(format!("{}/_sandbox/stripe{query}", street.base))).await.unwrap().text
}

#[tokio::test]
async fn what_is_due_happens_when_time_passes_and_not_before() {
    let street = Street::open().await;
    let half_an_hour = (street.now() + 1800).to_string();
    let left_open = street.session_with(&[("expires_at", &half_an_hour)]).await.ok();
    let debit = street.session().await;
    street.sandbox.pay(id(&debit), Pay::DelayedSucceeds).unwrap();
    let mut refunds = Vec::new();
    for card in ["4000000000007726", "4000000000005126"] {
        let paid = street.paid(card).await;
        refunds.push(street.sandbox.dashboard_refund(word(&paid, "payment_intent"), None).unwrap());
    }
    let statuses = || async {
        let mut found = Vec::new();
        for refund in &refunds {
            found.push(word(&street.get(&format!("/v1/refunds/{}", id(refund))).await.ok(), "status").to_owned());
        }
        found.push(word(&street.sandbox.session(id(&debit)).unwrap(), "payment_status").to_owned());
        found.push(word(&street.sandbox.session(id(&left_open)).unwrap(), "status").to_owned());
        found
    };
    for (seconds, expected) in [
        (29, ["pending", "succeeded", "unpaid", "open"]),
        (1, ["succeeded", "succeeded", "paid", "open"]),
        (59, ["succeeded", "succeeded", "paid", "open"]),
        (1, ["succeeded", "failed", "paid", "open"]),
        (1709, ["succeeded", "failed", "paid", "open"]),
        (1, ["succeeded", "failed", "paid", "expired"]),
    ] {
        street.pass(seconds);
        street.sandbox.let_time_pass();
        assert_eq!(statuses().await, expected, "{}", street.now() - common::START);
    }
    let before = kinds(&street).len();
    street.sandbox.let_time_pass();
    assert_eq!(kinds(&street).len(), before, "everything happens once");
}

#[tokio::test]
async fn the_clock_stands_still_and_is_put_forward() {
    let street = Street::open().await;
    let session = street.session().await;
    street.sandbox.freeze_clock();
    street.pass(5000);
    assert_eq!(street.session().await["created"], common::START);
    street.sandbox.advance_clock(24 * 60 * 60 - 1);
    assert_eq!(word(&street.sandbox.session(id(&session)).unwrap(), "status"), "open");
    street.sandbox.advance_clock(1);
    assert_eq!(word(&street.sandbox.session(id(&session)).unwrap(), "status"), "expired");
    assert_eq!(kinds(&street), ["checkout.session.expired"; 2]);
    street.sandbox.resume_clock();
    street.pass(10);
    let clock = street.sandbox.clock();
    assert_eq!(clock, json!({"now": common::START + 86_410, "frozen": false, "ahead_seconds": 86_400 - 5000}));
    street.sandbox.advance_clock(60);
    assert_eq!(street.session().await["created"], common::START + 86_470);
    street.sandbox.deliver_due().await;
    let letter = street.letters().remove(0);
    assert_eq!(letter.signature, sign(SECRET, street.now(), &letter.body), "signatures keep to the shop's clock");
}

#[tokio::test]
async fn after_a_day_a_repeat_is_a_new_request() {
    let street = Street::open().await;
    street.keyed(SESSIONS, &order(&[]), "k").await.ok();
    street.sandbox.advance_clock(24 * 60 * 60 - 1);
    let again = street.keyed(SESSIONS, &order(&[]), "k").await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    street.sandbox.advance_clock(1);
    let other = order(&[("metadata[order_id]", "ord_2")]);
    let new = street.keyed(SESSIONS, &other, "k").await;
    assert_eq!((new.status, new.header("idempotent-replayed")), (200, None));
}

#[tokio::test]
async fn refusals_on_demand_change_nothing() {
    let street = Street::open().await;
    let session = street.session().await;
    let events = kinds(&street).len();
    for (fault, status, code) in [
        (Fault::TooManyRequests, 429, "rate_limit"),
        (Fault::LockTimeout, 429, "lock_timeout"),
        (Fault::Forbidden, 403, ""),
        (Fault::Missing, 404, "resource_missing"),
    ] {
        street.sandbox.set_faults(Faults::default().with(fault.on("POST /v1/checkout/sessions/")));
        let expire = format!("{SESSIONS}/{}/expire", id(&session));
        let refused = street.post(&expire, &[]).await;
        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{fault:?}");
        assert_eq!(word(&street.sandbox.session(id(&session)).unwrap(), "status"), "open");
        assert_eq!(kinds(&street).len(), events);
        assert_eq!(Fault::parse(fault.as_str()), Some(fault));
    }
    for (planned, expected) in [
        (Fault::TooManyRequests.times(1), Some("1")),
        (Fault::TooManyRequests.times(1).retry_after(7), Some("7")),
        (Fault::TooManyRequests.times(1).retry_after(0), None),
    ] {
        street.sandbox.set_faults(Faults::default().with(planned));
        let slowed = street.get(SESSIONS).await;
        assert_eq!((slowed.header("retry-after"), slowed.status), (expected, 429));
        assert_eq!(slowed.header("stripe-rate-limited-reason"), Some("global-rate"));
    }
}

#[tokio::test]
async fn an_object_of_the_other_mode_is_answered_on_demand() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let path = format!("{SESSIONS}/{}?expand[]=payment_intent", id(&paid));
    street.sandbox.set_faults(Faults::default().with(Fault::OtherMode.on("GET /v1/checkout")));
    let live = street.get(&path).await.ok();
    assert_eq!((&live["livemode"], &live["payment_intent"]["livemode"]), (&json!(true), &json!(true)));
    assert_eq!(street.get(&path).await.ok()["livemode"], false);
    street.sandbox.set_faults(Faults::default().with(Fault::OtherMode));
    assert_eq!(street.get(SESSIONS).await.ok()["data"][0]["livemode"], true, "in lists, too");
}

#[tokio::test]
async fn another_applications_payment_stands_beside_ours() {
    let street = Street::open().await;
    street.paid(GOOD).await;
    street.sandbox.next_refund(Some(stripe_sandbox::RefundStatus::Pending));
    let foreign = street.sandbox.foreign_payment(1999, "usd").unwrap();
    assert_eq!((word(&foreign["session"], "payment_status"), &foreign["refund"]["amount"]), ("paid", &json!(1999)));
    assert_eq!(word(&foreign["refund"], "status"), "succeeded");
    for object in ["session", "payment_intent", "charge", "refund"] {
        assert_eq!(foreign[object]["metadata"], json!({"application": "another"}), "{object}");
    }
    assert_eq!(street.get(SESSIONS).await.ok()["data"][0]["id"], foreign["session"]["id"]);
    assert!(kinds(&street).iter().filter(|kind| *kind == "checkout.session.completed").count() == 2);
    assert_eq!((street.sandbox.charged_minor("ord_1"), street.sandbox.refunded_minor("ord_1")), (2950, 0));
    assert!(street.sandbox.foreign_payment(1, "usd").is_err());
}

#[tokio::test]
async fn what_is_lost_is_not_found_until_it_is_found_again() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let (session, intent) = (id(&paid), word(&paid, "payment_intent"));
    for lost in [session, intent] {
        street.sandbox.lose(lost);
    }
    for path in [format!("{SESSIONS}/{session}"), format!("/v1/payment_intents/{intent}")] {
        let missing = street.get(&path).await;
        assert_eq!((missing.status, missing.code().as_str()), (404, "resource_missing"));
    }
    let refused = street.post("/v1/refunds", &[("payment_intent", intent)]).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "resource_missing"));
    assert_eq!(street.post(&format!("{SESSIONS}/{session}/expire"), &[]).await.status, 404);
    assert_eq!(street.get(SESSIONS).await.ok()["data"], json!([]));
    street.sandbox.find_again(session);
    assert_eq!(street.get(&format!("{SESSIONS}/{session}")).await.status, 200);
    assert_eq!(street.get(SESSIONS).await.ok()["data"][0]["id"], session);
}

#[tokio::test]
async fn the_account_and_its_key_can_change() {
    let street = Street::open().await;
    assert_eq!(street.get("/v1/account").await.ok()["id"], "acct_sandbox");
    street.sandbox.set_account("acct_other");
    assert_eq!(street.get("/v1/account").await.ok()["id"], "acct_other");
    street.sandbox.set_api_key(Some("sk_test_rolled"));
    assert_eq!(street.get("/v1/account").await.status, 401);
    street.sandbox.set_api_key(Some(common::KEY));
    assert_eq!(street.get("/v1/account").await.status, 200);
    street.sandbox.set_api_key(None);
    assert_eq!(street.get("/v1/account").await.status, 200);
}

/// Every switch by HTTP: a program says JSON and reads JSON.
#[tokio::test]
async fn a_program_reaches_every_switch() {
    let street = Street::open().await;
    let paid = street.paid(GOOD).await;
    let intent = word(&paid, "payment_intent");
    let refund =
        say(&street, &format!("refund/{intent}"), &json!({"amount": 700, "reason": "duplicate", "status": "pending"}))
            .await
            .ok();
    assert_eq!(
        (&refund["amount"], word(&refund, "status"), word(&refund, "reason")),
        (&json!(700), "pending", "duplicate")
    );
    let failed =
        say(&street, &format!("settle/{}", id(&refund)), &json!({"status": "failed", "reason": "declined"})).await;
    assert_eq!(word(&failed.ok(), "failure_reason"), "declined");
    say(&street, "next_refund", &json!({"status": "requires_action"})).await.ok();
    let asking = street.post("/v1/refunds", &[("payment_intent", intent), ("amount", "50")]).await.ok();
    assert_eq!(word(&asking, "status"), "requires_action");

    let charge = word(&refund, "charge");
    let wanted = json!({"reason": "general", "amount": 1000, "inquiry": true, "due_by": 77});
    let inquiry = say(&street, &format!("dispute/{charge}"), &wanted).await.ok();
    assert_eq!(
        (word(&inquiry, "status"), &inquiry["evidence_details"]["due_by"]),
        ("warning_needs_response", &json!(77))
    );
    let path = format!("dispute/{}", id(&inquiry));
    for (deed, status) in
        [("withdraw", "needs_response"), ("respond", "under_review"), ("reinstate", "under_review"), ("won", "won")]
    {
        assert_eq!(word(&say(&street, &path, &json!({"do": deed})).await.ok(), "status"), status, "{deed}");
    }
    let closed = say(&street, &path, &json!({"do": "lost"})).await;
    assert_eq!((closed.status, closed.json()["error"].as_str().unwrap().contains("closed already")), (409, true));
    assert_eq!(say(&street, &path, &json!({"do": "shrug"})).await.status, 409);
    assert_eq!(
        say(&street, &format!("fraud_warning/{charge}"), &json!({})).await.ok()["object"],
        "radar.early_fraud_warning"
    );

    let clock = say(&street, "clock", &json!({"freeze": true, "advance": 90})).await.ok();
    assert_eq!(clock, json!({"now": common::START + 90, "frozen": true, "ahead_seconds": 90}));
    assert_eq!(say(&street, "clock", &json!({"freeze": false})).await.ok()["frozen"], false);
    assert_eq!(say(&street, "clock", &json!({"advance": -5})).await.status, 409, "never back");
    assert!(say(&street, "deliver", &json!({})).await.ok()["attempted"].as_u64() > Some(5));
    assert_eq!(
        say(&street, "account", &json!({"id": "acct_7", "key": "sk_test_seven"})).await.ok()["account"],
        "acct_7"
    );
    assert_eq!(street.get("/v1/account").await.status, 401);
    say(&street, "account", &json!({"key": "any"})).await.ok();
    assert_eq!(street.get("/v1/account").await.ok()["id"], "acct_7");
    assert_eq!(
        say(&street, "foreign", &json!({"amount": 500, "currency": "jpy"})).await.ok()["charge"]["currency"],
        "jpy"
    );
    say(&street, &format!("missing/{intent}"), &json!({})).await.ok();
    assert_eq!(street.get(&format!("/v1/payment_intents/{intent}")).await.status, 404);
    assert_eq!(say(&street, &format!("missing/{intent}"), &json!({"missing": false})).await.ok()["missing"], json!([]));
    let faults = json!({"next": [{"fault": "too_many_requests", "retry_after": 9}]});
    assert_eq!(say(&street, "faults", &faults).await.ok()["next"][0]["retry_after"], 9);
    assert_eq!(street.get("/v1/account").await.header("retry-after"), Some("9"));

    let snapshot = street.ask(street.http.get(format!("{}/_sandbox/stripe/snapshot", street.base))).await.unwrap().ok();
    let payment = &snapshot["payments"][0];
    assert_eq!((&payment["captured"], &payment["order_id"]), (&json!(2950), &json!("ord_1")));
    assert_eq!(
        payment["refunded"],
        json!({"pending": 0, "requires_action": 50, "succeeded": 0, "failed": 700, "canceled": 0})
    );
    assert_eq!((&payment["disputed"]["withdrawn"], &payment["disputed"]["reinstated"]), (&json!(1000), &json!(1000)));
    assert_eq!((&payment["kept"], &payment["balance"]["amount"]), (&json!(2900), &json!(2900)));
    assert_eq!(snapshot["balance"]["eur"]["amount"], 2900);
}

/// Every form on the page leads to a switch that exists and, for an ordinary payment, works.
#[tokio::test]
async fn the_page_offers_every_switch_without_javascript() {
    let street = Street::open().await;
    let paid = street.paid("4000000000001976").await;
    let intent = word(&paid, "payment_intent");
    street.paid("4000000000000259").await;
    street.paid("4000000000005423").await;
    street.sandbox.next_refund(Some(stripe_sandbox::RefundStatus::RequiresAction));
    let form = [("amount", "100"), ("reason", "duplicate"), ("status", "pending")];
    assert_eq!(press(&street, &format!("refund/{intent}"), &form).await.header("location"), Some("/_sandbox/stripe"));
    let wrong = press(&street, &format!("refund/{intent}"), &[("amount", "99999")]).await;
    let problem = wrong.header("location").unwrap().strip_prefix("/_sandbox/stripe").unwrap().to_owned();
    assert!(page(&street, &problem).await.contains("greater than unrefunded amount"));
    street.sandbox.lose("cs_test_lost");
    let shown = page(&street, "?problem=%3Cscript%3E").await;
    assert!(shown.contains("&lt;script&gt;") && !shown.contains("<script"));
    for inline in ["<style", " style=", " onclick"] {
        assert!(!shown.contains(inline), "{inline}");
    }
    let actions: std::collections::BTreeSet<&str> =
        shown.split("action=\"/_sandbox/stripe/").skip(1).map(|rest| rest.split(['"', '/']).next().unwrap()).collect();
    let expected = [
        "account",
        "clock",
        "deliver",
        "dispute",
        "faults",
        "foreign",
        "fraud_warning",
        "missing",
        "next_refund",
        "refund",
        "settle",
    ];
    assert_eq!(actions.into_iter().collect::<Vec<_>>(), expected);
    for words in [
        "value=\"withdraw\"",
        "value=\"warning_closed\"",
        "value=\"won\"",
        "value=\"respond\"",
        "actionable",
        "as requires_action",
    ] {
        assert!(shown.contains(words), "{words}");
    }
    let day = press(&street, "clock", &[("advance", "86400")]).await;
    assert_eq!((day.status, &street.sandbox.clock()["now"]), (303, &json!(common::START + 86_400)));
    press(&street, "clock", &[("freeze", "true")]).await;
    assert!(page(&street, "").await.contains("standing still"));
    let faults = [("webhooks", "on_time"), ("fault", "too_many_requests"), ("times", "1"), ("retry_after", "3")];
    press(&street, "faults", &faults).await;
    assert_eq!(street.get("/v1/account").await.header("retry-after"), Some("3"));
}
