//! Every order of events on one session, up to five steps: whatever the buyer, the bank and the clock do, the
//! session's promises hold.

use serde_json::Value;

use crate::books::{Act, Books};
use crate::form::Pairs;
use crate::payments::{Pay, pay};
use crate::sessions;
use crate::webhooks::WebhookMode;

const STEPS: usize = 5;
const NOW: i64 = 1_795_478_400;

#[derive(Debug, Clone, Copy)]
enum Step {
    GoodCard,
    BadCard,
    AskingCard,
    Confirm,
    Refuse,
    DelayedGood,
    DelayedBad,
    Settle,
    Expire,
    TimePasses,
}

const ALL: [Step; 10] = [
    Step::GoodCard,
    Step::BadCard,
    Step::AskingCard,
    Step::Confirm,
    Step::Refuse,
    Step::DelayedGood,
    Step::DelayedBad,
    Step::Settle,
    Step::Expire,
    Step::TimePasses,
];

fn act(books: &mut Books, now: i64) -> Act<'_> {
    let webhooks = WebhookMode::OnTime;
    Act { books, now, base_path: "http://127.0.0.1", webhooks, endpoint: None, request: None, changed: false }
}

fn take(books: &mut Books, id: &str, step: Step) {
    let late = if matches!(step, Step::TimePasses) { NOW + 24 * 60 * 60 } else { NOW };
    let mut act = act(books, late);
    let how = match step {
        Step::GoodCard => Pay::Card("4242424242424242".to_owned()),
        Step::BadCard => Pay::Card("4000000000000002".to_owned()),
        Step::AskingCard => Pay::Card("4000000000003220".to_owned()),
        Step::Confirm => Pay::Authenticate,
        Step::Refuse => Pay::FailAuthentication,
        Step::DelayedGood => Pay::DelayedSucceeds,
        Step::DelayedBad => Pay::DelayedFails,
        Step::Settle => Pay::SettleDelayed,
        Step::Expire => {
            let _ = sessions::expire(&mut act, id, &Pairs::new());
            return;
        }
        Step::TimePasses => return sessions::expire_due(&mut act),
    };
    let _ = pay(&mut act, id, &how, None);
}

fn word<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

/// What must hold after each step, given how things stood before it.
fn check(books: &Books, id: &str, before: &Value, walked: &[Step]) {
    let now = books.sessions.get(id).expect("a session is never deleted");
    let count = |kind: &str| books.events.rows().iter().filter(|event| event["type"] == kind).count();
    let charged: i64 = (books.charges.rows().iter())
        .filter(|charge| charge["status"] == "succeeded")
        .filter_map(|charge| charge["amount"].as_i64())
        .sum();
    let (status, paid) = (word(now, "status"), word(now, "payment_status") == "paid");
    assert!(word(before, "status") == "open" || word(before, "status") == status, "ends are final: {walked:?}");
    assert!(word(before, "payment_status") != "paid" || paid, "paid stays paid: {walked:?}");
    assert_eq!(charged, if paid { 2400 } else { 0 }, "charged once, and only when paid: {walked:?}");
    assert!(!paid || status == "complete", "{walked:?}");
    assert_eq!(now["url"].is_string(), status == "open", "{walked:?}");
    assert_eq!(count("checkout.session.completed"), usize::from(status == "complete"), "{walked:?}");
    assert_eq!(count("checkout.session.expired"), usize::from(status == "expired"), "{walked:?}");
    let settled = count("checkout.session.async_payment_succeeded") + count("checkout.session.async_payment_failed");
    assert!(settled <= 1, "{walked:?}");
    assert!(books.payment_intents.rows().len() <= 1, "one intent a session: {walked:?}");
    let intent = books.payment_intents.rows().first();
    assert_eq!(intent.map(|intent| word(intent, "id")), now["payment_intent"].as_str(), "{walked:?}");
    assert_eq!(intent.is_some_and(|intent| intent["status"] == "succeeded"), paid, "{walked:?}");
    assert!(status != "expired" || intent.is_none_or(|intent| intent["status"] == "canceled"), "{walked:?}");
}

fn walk(books: &Books, id: &str, walked: &mut Vec<Step>) {
    if walked.len() == STEPS {
        return;
    }
    let before = books.sessions.get(id).expect("a session is never deleted").clone();
    for step in ALL {
        let mut next = books.clone();
        take(&mut next, id, step);
        walked.push(step);
        check(&next, id, &before, walked);
        // Where nothing changed, everything that can follow is walked already.
        if next.events.rows().len() != books.events.rows().len() {
            walk(&next, id, walked);
        }
        walked.pop();
    }
}

#[test]
fn whatever_happens_in_whatever_order_a_session_keeps_its_promises() {
    let mut books = Books::default();
    let pairs = [
        ("mode", "payment"),
        ("success_url", "https://shop.test/"),
        ("line_items[0][quantity]", "2"),
        ("line_items[0][price_data][currency]", "eur"),
        ("line_items[0][price_data][unit_amount]", "1200"),
        ("line_items[0][price_data][product_data][name]", "Mug"),
    ];
    let pairs: Pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let session = sessions::create(&mut act(&mut books, NOW), &pairs).expect("the order is right");
    walk(&books, word(&session, "id"), &mut Vec::new());
}
