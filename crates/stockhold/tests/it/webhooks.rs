//! Outbound webhooks: what happens is told, once for each endpoint, signed, and tried until it arrives; what did not
//! happen is not told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use rules::orders::Status;
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::outbox;
use stockhold::staff::Role;
use stockhold::storage::{RowExt, settings, webhooks};
use stockhold::stripe::client::Timeouts;
use stockhold::values;
use stockhold::workers::send_webhooks;
use tokio::net::TcpListener;

use crate::on_both_engines;
use crate::support::shop::{Answer, Setup, TestShop};

/// What a program of the shopkeeper's was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    id: String,
    timestamp: String,
    signature: String,
    body: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn topic(&self) -> String {
        self.json()["type"].as_str().expect("a type").to_owned()
    }
}

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    With(u16),
    /// It sends us elsewhere; whoever follows is heard there.
    Elsewhere,
    /// It takes longer than anybody waits.
    Never,
}

#[derive(Debug, Clone)]
struct Program {
    url: String,
    told: Arc<Mutex<Vec<Told>>>,
    manner: Arc<Mutex<Manner>>,
}

/// While one endpoint is still at its first delivery, the others get what happens meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_takes_its_time_holds_up_no_round() {
    let shop = TestShop::on_sqlite_with(Setup::default()).await;
    let (silent, well) = (Program::listening().await, Program::listening().await);
    silent.answers(Manner::Never);
    endpoint(&shop, &silent, &[]).await;
    endpoint(&shop, &well, &[]).await;
    shop.stock("mug", 9).await;
    let rounds = tokio::spawn(send_webhooks::rounds(shop.shop.clone()));
    for orders in 1..=2 {
        shop.paid(&[("mug", 1)]).await;
        while well.topics().iter().filter(|topic| *topic == "order.paid").count() < orders {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(silent.told().len(), 1, "it is still at the first");
    rounds.abort();
    shop.books_balance().await;
}

impl Program {
    async fn listening() -> Program {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hooks", listener.local_addr().expect("a bound address"));
        let program = Program { url, told: Arc::default(), manner: Arc::new(Mutex::new(Manner::With(200))) };
        let router = axum::Router::new().fallback(hear).with_state(program.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        program
    }

    fn answers(&self, manner: Manner) {
        *self.manner.lock().expect("nobody panicked with it") = manner;
    }

    fn told(&self) -> Vec<Told> {
        self.told.lock().expect("nobody panicked with it").clone()
    }

    fn topics(&self) -> Vec<String> {
        let mut topics: Vec<String> = self.told().iter().map(Told::topic).collect();
        topics.sort();
        topics
    }

    fn forget(&self) {
        self.told.lock().expect("nobody panicked with it").clear();
    }
}

async fn hear(State(program): State<Program>, headers: HeaderMap, body: String) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let told = Told {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
        body,
    };
    program.told.lock().expect("nobody panicked with it").push(told);
    let manner = *program.manner.lock().expect("nobody panicked with it");
    match manner {
        Manner::With(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Manner::Elsewhere => (StatusCode::TEMPORARY_REDIRECT, [("location", "/elsewhere")]).into_response(),
        Manner::Never => std::future::pending().await,
    }
}

async fn endpoint(shop: &TestShop, program: &Program, topics: &[&str]) -> (String, String) {
    let body = json!({ "url": program.url, "topics": topics, "note": "the warehouse" });
    let (status, made) = shop.staff("POST", "/api/admin/webhooks", &program.url, body).await;
    assert_eq!(status, 201, "{made}");
    let text = |name: &str| made[name].as_str().expect("text").to_owned();
    (text("id"), text("secret"))
}

async fn deliver(shop: &TestShop) {
    while send_webhooks::run(&shop.shop).await.expect("the database answers") > 0 {}
}

async fn deliveries(shop: &TestShop, id: &str) -> Vec<Value> {
    let (status, list) = shop.staff("GET", &format!("/api/admin/webhooks/{id}/deliveries"), "k", json!({})).await;
    assert_eq!(status, 200, "{list}");
    list["data"].as_array().expect("a list").clone()
}

async fn show(shop: &TestShop, id: &str) -> Value {
    let (status, shown) = shop.staff("GET", &format!("/api/admin/webhooks/{id}"), "k", json!({})).await;
    assert_eq!((status, shown.get("secret")), (200, None), "a secret is shown once: {shown}");
    shown
}

/// As a receiver checks it, by the words of Standard Webhooks and with none of the shop's code.
fn is_signed(told: &Told, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").expect("the prefix")).expect("base64");
    assert!((24..=64).contains(&key.len()), "the specification's length");
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("a key");
    mac.update(told.id.as_bytes());
    mac.update(b".");
    mac.update(told.timestamp.as_bytes());
    mac.update(b".");
    mac.update(told.body.as_bytes());
    let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
    told.signature.split(' ').any(|signature| signature == expected)
}

async fn ship(shop: &TestShop, order: &str) -> Answer {
    shop.staff("POST", &format!("/api/admin/orders/{order}/shipments"), "ship-1", json!({})).await
}

on_both_engines!(
    /// A life of an order, heard by a program that wants everything and by one that wants shipments alone.
    what_happens_is_told_once_to_each_endpoint_that_listens,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 20).await;
        let (all, parcels) = (Program::listening().await, Program::listening().await);
        let (id, secret) = endpoint(shop, &all, &[]).await;
        endpoint(shop, &parcels, &["order.shipped"]).await;
        let order = shop.paid(&[("mug", 2)]).await;
        let (status, body) = ship(shop, &order.to_string()).await;
        assert_eq!(status, 201, "{body}");
        let refund = json!({ "reason": "chipped", "restock": false });
        let path = format!("/api/admin/orders/{order}/refunds");
        let (status, body) = shop.staff("POST", &path, "refund-1", refund).await;
        assert_eq!(status, 201, "{body}");
        shop.settle().await;
        deliver(shop).await;
        assert_eq!(all.topics(), ["order.paid", "order.refunded", "order.shipped", "refund.succeeded"]);
        assert_eq!(parcels.topics(), ["order.shipped"]);
        let view = shop.view(order).await;
        assert_eq!(view.status, Status::Refunded);
        for told in all.told() {
            assert!(is_signed(&told, &secret), "{told:?}");
            assert!(!is_signed(&Told { body: told.body.replace("type", "typo"), ..told.clone() }, &secret));
            let data = told.json()["data"].clone();
            assert_eq!((&data["id"], &data["number"]), (&json!(order.to_string()), &json!(view.number)));
            let url = format!("{}/api/orders/{order}", shop.shop.config.base_url);
            assert_eq!(data["url"], json!(url));
            assert_eq!(told.timestamp, shop.shop.now().seconds().to_string());
            assert!(told.body.len() < 20_000 && !told.id.contains('.'), "{told:?}");
        }
        let refund = all.told().into_iter().find(|told| told.topic() == "refund.succeeded").expect("it was told");
        assert_eq!(refund.json()["data"]["refund"], json!(view.refunds[0].id.to_string()));
        // The same news has the same id wherever it goes, and nothing is told twice.
        let shipped = |program: &Program| {
            let told = program.told().into_iter().find(|told| told.topic() == "order.shipped");
            told.expect("it was told").id
        };
        assert_eq!(shipped(&all), shipped(&parcels));
        shop.shop.clock.advance(Span::minutes(60 * 24));
        shop.settle().await;
        deliver(shop).await;
        assert_eq!((all.told().len(), parcels.told().len()), (4, 1));
        assert!(deliveries(shop, &id).await.iter().all(|row| row["state"] == "done" && row["attempts"] == 1));
    }
);

on_both_engines!(what_did_not_happen_is_not_told, TestShop, async |shop: &TestShop| {
    shop.stock("mug", 20).await;
    let program = Program::listening().await;
    let (id, _) = endpoint(shop, &program, &[]).await;
    // Placed, refused, held too long: nobody paid, nothing was sent.
    let order = shop.check_out(&[("mug", 1)]).await;
    assert_eq!(ship(shop, &order.to_string()).await.0, 409);
    shop.shop.clock.advance(Span::minutes(60));
    shop.settle().await;
    assert_eq!(shop.view(order).await.status, Status::Expired);
    deliver(shop).await;
    assert_eq!((program.told(), deliveries(shop, &id).await.len()), (vec![], 0));
    // Called off before it was paid: that did happen.
    let order = shop.check_out(&[("mug", 1)]).await;
    assert_eq!(shop.cancel(order).await.0, 200);
    shop.settle().await;
    deliver(shop).await;
    assert_eq!(program.topics(), ["order.cancelled"]);
    // An endpoint hears of what happens while it is active.
    program.forget();
    let path = format!("/api/admin/webhooks/{id}");
    let (status, off) = shop.staff("PATCH", &path, "k", json!({ "active": false })).await;
    assert_eq!((status, &off["state"], &off["disabled_because"]), (200, &json!("disabled"), &json!("by_hand")));
    shop.paid(&[("mug", 1)]).await;
    deliver(shop).await;
    let (_, on) = shop.staff("PATCH", &path, "k", json!({ "active": true })).await;
    assert_eq!((&on["state"], &on["disabled_because"]), (&json!("active"), &Value::Null));
    deliver(shop).await;
    assert_eq!(program.told(), []);
    shop.paid(&[("mug", 1)]).await;
    assert_eq!(shop.staff("DELETE", &path, "k", json!({})).await.0, 204);
    deliver(shop).await;
    assert_eq!(program.told(), [], "what was removed is not told any more");
    let due = "select count(*) from webhook_deliveries where state = 'due'";
    assert_eq!(shop.shop.storage.read(due, values![]).await.expect("it answers")[0].int(0), 0, "nor kept for ever");
    assert_eq!(shop.staff("GET", &path, "k", json!({})).await.0, 404);
});

on_both_engines!(
    /// Stock is low when it comes down to the shopkeeper's number: once, not with every further sale.
    low_stock_is_told_when_it_gets_low,
    TestShop,
    async |shop: &TestShop| {
        settings::set(&shop.shop.storage, "low_stock", "3").await.expect("the database answers");
        shop.stock("a/b.c", 5).await;
        let program = Program::listening().await;
        endpoint(shop, &program, &["stock.low"]).await;
        shop.paid(&[("a/b.c", 1)]).await;
        deliver(shop).await;
        assert_eq!(program.told(), []);
        shop.paid(&[("a/b.c", 1)]).await;
        shop.paid(&[("a/b.c", 1)]).await;
        deliver(shop).await;
        let told = program.told();
        assert_eq!(told.len(), 1, "{told:?}");
        let url = format!("{}/api/admin/stock/a%2Fb.c", shop.shop.config.base_url);
        assert_eq!(told[0].json()["data"], json!({ "sku": "a/b.c", "url": url }));
        assert!(!told[0].id.contains(['.', '/']), "{}", told[0].id);
    }
);

on_both_engines!(
    /// Goods that come in and are owed at once leave more on hand than before: that is no word of low stock.
    goods_that_come_in_are_not_told_as_low,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 3).await;
        let order = shop.check_out(&[("mug", 3)]).await;
        let missing = json!({ "delta": -2, "reason": "counted", "shortfall": true });
        assert_eq!(shop.staff("POST", "/api/admin/stock/mug/movements", "gone", missing).await.0, 201);
        shop.pay(order).await;
        shop.settle().await;
        let program = Program::listening().await;
        endpoint(shop, &program, &["stock.low"]).await;
        shop.stock("mug", 6).await;
        assert_eq!(shop.level("mug").await, (4, 0), "two of six were owed");
        deliver(shop).await;
        assert_eq!(program.told(), []);
    }
);

on_both_engines!(
    /// However much waits for one endpoint, another gets what is its own in the next round.
    much_that_waits_for_one_endpoint_takes_nobody_elses_turn,
    TestShop,
    async |shop: &TestShop| {
        let (away, well) = (Program::listening().await, Program::listening().await);
        away.answers(Manner::With(500));
        let (away_id, _) = endpoint(shop, &away, &[]).await;
        let (well_id, _) = endpoint(shop, &well, &[]).await;
        let (storage, topic) = (&shop.shop.storage, outbox::webhooks::TEST);
        for number in 0..250 {
            let event = format!("msg_{number}");
            webhooks::insert_test(storage, &away_id, &event, topic, shop.shop.now()).await.expect("it answers");
        }
        shop.shop.clock.advance(Span::seconds(1));
        webhooks::insert_test(storage, &well_id, "msg_own", topic, shop.shop.now()).await.expect("it answers");
        outbox::webhooks::send_due(&shop.shop).await.expect("the database answers");
        assert_eq!(well.told().len(), 1);
        assert_eq!(away.told().len(), 20, "a turn is bounded");
    }
);

on_both_engines!(
    /// Only 2xx is a yes. What failed is tried ten times over three days, then a person must ask for it.
    what_does_not_arrive_is_tried_again,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 20).await;
        let program = Program::listening().await;
        let (id, secret) = endpoint(shop, &program, &["order.paid"]).await;
        program.answers(Manner::With(500));
        shop.paid(&[("mug", 1)]).await;
        deliver(shop).await;
        let row = deliveries(shop, &id).await.remove(0);
        let shown = (&row["state"], &row["attempts"], &row["answer_status"]);
        assert_eq!(shown, (&json!("due"), &json!(1), &json!(500)));
        assert!(show(shop, &id).await["failing_since"].is_string());
        deliver(shop).await;
        assert_eq!(program.told().len(), 1, "not before its time");
        for manner in [Manner::Elsewhere, Manner::With(404), Manner::With(301), Manner::With(199)] {
            program.answers(if manner == Manner::With(199) { Manner::With(400) } else { manner });
            shop.shop.clock.advance(Span::minutes(6 * 60));
            deliver(shop).await;
        }
        assert_eq!(program.told().len(), 5, "nobody followed to another place");
        for _ in 0..10 {
            shop.shop.clock.advance(Span::minutes(27 * 60));
            deliver(shop).await;
            // Alive otherwise, so that it is not disabled.
            program.answers(Manner::With(204));
            let (_, tested) = shop.staff("POST", &format!("/api/admin/webhooks/{id}/test"), "k", json!({})).await;
            assert_eq!((&tested["type"], &tested["state"]), (&json!("webhook.test"), &json!("done")), "{tested}");
            program.answers(Manner::With(503));
        }
        let attempts: Vec<Told> =
            program.told().into_iter().filter(|told| told.topic() == "order.paid").collect();
        assert_eq!(attempts.len(), 10);
        assert!(attempts.iter().all(|told| told.id == attempts[0].id && told.body == attempts[0].body));
        assert!(attempts.iter().all(|told| is_signed(told, &secret)), "each at its own time");
        let failed = deliveries(shop, &id).await;
        let failed = failed.iter().find(|row| row["type"] == "order.paid").expect("it is there");
        assert_eq!((&failed["state"], &failed["next_attempt_at"]), (&json!("failed"), &Value::Null));
        // A person asks for it.
        program.forget();
        program.answers(Manner::With(201));
        let replay = format!("/api/admin/webhooks/{id}/deliveries/{}/replay", attempts[0].id);
        assert_eq!(shop.staff("POST", &replay, "k", json!({})).await.0, 202);
        deliver(shop).await;
        assert_eq!(program.told().len(), 1);
        assert_eq!(program.told()[0].id, attempts[0].id);
        assert_eq!(show(shop, &id).await["failing_since"], Value::Null);
    }
);

on_both_engines!(
    /// Nothing arrived for five days, or it says that it is gone: it is told nothing more, and the owner hears of it once.
    an_endpoint_that_fails_for_days_is_disabled_with_a_letter,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 50).await;
        let (failing, gone, well) =
            (Program::listening().await, Program::listening().await, Program::listening().await);
        failing.answers(Manner::With(500));
        gone.answers(Manner::With(410));
        let (failing_id, _) = endpoint(shop, &failing, &[]).await;
        let (gone_id, _) = endpoint(shop, &gone, &[]).await;
        let (well_id, _) = endpoint(shop, &well, &[]).await;
        for day in 0..6 {
            shop.paid(&[("mug", 1)]).await;
            deliver(shop).await;
            let state = show(shop, &failing_id).await["state"].clone();
            assert_eq!(state, if day < 5 { "active" } else { "disabled" }, "day {day}");
            shop.shop.clock.advance(Span::minutes(24 * 60));
        }
        assert_eq!(show(shop, &failing_id).await["disabled_because"], "failing");
        assert_eq!(show(shop, &gone_id).await["disabled_because"], "gone");
        assert_eq!(gone.told().len(), 1);
        assert_eq!((well.told().len(), show(shop, &well_id).await["state"].clone()), (6, json!("active")));
        let letters = || {
            let stored = shop.shop.mailer.stored();
            stored.into_iter().filter(|letter| letter.subject.contains("webhook")).collect::<Vec<_>>()
        };
        assert_eq!(letters().len(), 2);
        assert!(letters().iter().any(|letter| letter.text.contains(&gone.url) && letter.text.contains("410")));
        assert!(letters().iter().all(|letter| letter.to == "shop@example.org"), "{:?}", letters());
        deliver(shop).await;
        assert_eq!(letters().len(), 2, "once");
        // Well again: what waited arrives.
        failing.forget();
        failing.answers(Manner::With(200));
        let path = format!("/api/admin/webhooks/{failing_id}");
        assert_eq!(shop.staff("PATCH", &path, "k", json!({ "active": true })).await.0, 200);
        shop.shop.clock.advance(Span::minutes(27 * 60));
        // The same letter again has the same name, and the mailbox would keep one.
        assert_eq!(outbox::webhooks::tell_owner(&shop.shop).await.expect("the database answers"), 0, "nor later");
        deliver(shop).await;
        assert!(!failing.told().is_empty());
        // And those that were given up, when somebody asks.
        let again = webhooks::replay_failed(&shop.shop.storage, &failing_id, crate::support::books::noon(), shop.shop.now());
        let again = again.await.expect("the database answers");
        deliver(shop).await;
        assert_eq!(failing.told().len(), 6, "{again} of them by hand");
    }
);

on_both_engines!(
    /// What waits for an endpoint when it is disabled is sent once it is enabled again, and not before.
    what_waits_for_a_disabled_endpoint_goes_on_waiting,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        let program = Program::listening().await;
        let (id, _) = endpoint(shop, &program, &["order.paid"]).await;
        shop.paid(&[("mug", 1)]).await;
        let path = format!("/api/admin/webhooks/{id}");
        assert_eq!(shop.staff("PATCH", &path, "k", json!({ "active": false })).await.0, 200);
        deliver(shop).await;
        outbox::webhooks::send_to(&shop.shop, &id).await.expect("the database answers");
        assert_eq!(program.told(), []);
        assert_eq!(shop.staff("PATCH", &path, "k", json!({ "active": true })).await.0, 200);
        deliver(shop).await;
        assert_eq!(program.topics(), ["order.paid"]);
    }
);

on_both_engines!(
    /// Two failures with days of silence between them are not days of failure: each row has its own five days.
    silence_between_two_failures_is_none,
    TestShop,
    async |shop: &TestShop| {
        let program = Program::listening().await;
        program.answers(Manner::With(500));
        let (id, _) = endpoint(shop, &program, &[]).await;
        let test = async || shop.staff("POST", &format!("/api/admin/webhooks/{id}/test"), "k", json!({})).await;
        test().await;
        shop.shop.clock.advance(Span::minutes(60));
        deliver(shop).await;
        assert_eq!(program.told().len(), 1, "a test is not tried again");
        shop.shop.clock.advance(Span::minutes(6 * 24 * 60));
        for day in 0..6 {
            test().await;
            assert_eq!(show(shop, &id).await["state"], if day < 5 { "active" } else { "disabled" }, "day {day}");
            shop.shop.clock.advance(Span::minutes(24 * 60));
        }
    }
);

on_both_engines!(
    /// Each endpoint costs a row for everything that happens, so there are twenty at most.
    there_are_twenty_endpoints_at_most,
    TestShop,
    async |shop: &TestShop| {
        let make = async |number: i64| {
            let body = json!({ "url": format!("https://example.org/{number}") });
            let (status, told) = shop.staff("POST", "/api/admin/webhooks", &number.to_string(), body).await;
            (status, told["code"].as_str().unwrap_or_default().to_owned())
        };
        for number in 1..=19 {
            assert_eq!(make(number).await.0, 201);
        }
        // The last one is made at the desk, by a double click: what is seen is the second answer.
        let browser = shop.sign_in(Role::Owner).await;
        let id = format!("whk_{:032x}", 20);
        for _click in 1..=2 {
            let fields = [("id", &*id), ("url", "https://example.org/20")];
            let made = browser.post("/admin/settings/webhooks/new", &fields).await;
            assert!(made.status == 200 && made.text.contains("whsec_"), "{} {}", made.status, made.text);
        }
        assert_eq!(make(21).await, (409, "too-many-endpoints".to_owned()));
        assert_eq!(make(19).await.0, 201, "the same request again");
    }
);

on_both_engines!(
    /// A day of both secrets, so that the other program can change over in its own time.
    a_new_secret_and_the_old_one_sign_together_for_a_day,
    TestShop,
    async |shop: &TestShop| {
        let program = Program::listening().await;
        let (id, old) = endpoint(shop, &program, &[]).await;
        let (status, rotated) = shop.staff("POST", &format!("/api/admin/webhooks/{id}/secret"), "k", json!({})).await;
        assert_eq!(status, 200, "{rotated}");
        let new = rotated["secret"].as_str().expect("it is shown once");
        assert_ne!(old, new);
        let test = format!("/api/admin/webhooks/{id}/test");
        shop.staff("POST", &test, "k", json!({})).await;
        shop.shop.clock.advance(Span::minutes(24 * 60 + 1));
        shop.staff("POST", &test, "k", json!({})).await;
        let told = program.told();
        assert!(is_signed(&told[0], &old) && is_signed(&told[0], new));
        assert!(!is_signed(&told[1], &old) && is_signed(&told[1], new));
        shop.shop.clock.advance(Span::minutes(5));
    }
);

on_both_engines!(
    /// The process died after it sent and before it could write that down: it is sent again, under the same id.
    a_delivery_that_nobody_finished_is_sent_again,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 20).await;
        let program = Program::listening().await;
        let (id, _) = endpoint(shop, &program, &["order.paid"]).await;
        shop.paid(&[("mug", 1)]).await;
        let event = webhooks::due(&shop.shop.storage, &id, shop.shop.now(), 10).await.expect("it answers").remove(0);
        let taken = webhooks::lease(&shop.shop.storage, &id, &event, shop.shop.now()).await.expect("it answers");
        assert!(taken.is_some());
        deliver(shop).await;
        assert_eq!(program.told(), [], "somebody else is at it");
        shop.shop.clock.advance(Span::minutes(2));
        deliver(shop).await;
        assert_eq!(program.told().len(), 1);
        assert_eq!(program.told()[0].id, event);
    }
);

on_both_engines!(
    /// The answer was lost, so the request comes again: no second endpoint, no second secret, and nobody is cut off.
    a_repeated_request_draws_no_second_secret,
    TestShop,
    async |shop: &TestShop| {
        let body = json!({ "url": "https://example.org/hooks" });
        let make = async |key: &str, body: Value| shop.staff("POST", "/api/admin/webhooks", key, body).await;
        let first = make("one", body.clone()).await;
        assert_eq!((first.0, &make("one", body.clone()).await), (201, &first), "the same endpoint, the same secret");
        let other = make("one", json!({ "url": "https://example.org/other" })).await;
        assert_eq!((other.0, other.1["code"].as_str()), (422, Some("idempotency-key-reused")), "{}", other.1);
        let unnamed = shop.ask("POST", "/api/admin/webhooks").header("Content-Type", "application/json");
        let unnamed = unnamed.body(body.to_string()).send().await.expect("the shop answers");
        assert_eq!(unnamed.status(), 201, "a name is not asked for");

        let id = first.1["id"].as_str().expect("an id");
        let rotate = async |key: &str| shop.staff("POST", &format!("/api/admin/webhooks/{id}/secret"), key, json!({})).await;
        let drawn = rotate("two").await;
        assert_eq!(drawn.0, 200, "{}", drawn.1);
        assert_ne!(drawn.1["secret"], first.1["secret"]);
        assert_eq!(rotate("two").await, drawn);
        let next = rotate("three").await;
        assert_ne!(next.1["secret"], drawn.1["secret"]);
        // A late repeat of what is long done tells of the secret that stands.
        assert_eq!(rotate("two").await, next);
        let found = webhooks::find(&shop.shop.storage, id).await.expect("it answers").expect("it stands");
        assert_eq!(found.generation, 3);

        assert_eq!(shop.staff("DELETE", &format!("/api/admin/webhooks/{id}"), "k", json!({})).await.0, 204);
        assert_eq!(make("one", body).await.0, 422, "what was removed does not come back");
    }
);

on_both_engines!(
    /// Two who change different things of an endpoint both have their way.
    a_change_writes_only_what_it_says,
    TestShop,
    async |shop: &TestShop| {
        let body = json!({ "url": "https://example.org/hooks", "note": "old", "topics": ["order.paid"] });
        let (_, made) = shop.staff("POST", "/api/admin/webhooks", "one", body).await;
        let id = made["id"].as_str().expect("an id");
        let (storage, note) = (&shop.shop.storage, "new".to_owned());
        let change = webhooks::Change { note: Some(note), ..webhooks::Change::default() };
        assert!(webhooks::update(storage, id, change, None).await.expect("it answers"));
        let change = webhooks::Change { topics: Some(vec![]), ..webhooks::Change::default() };
        assert!(webhooks::update(storage, id, change, None).await.expect("it answers"));
        let shown = show(shop, id).await;
        let expected = (&json!("https://example.org/hooks"), &json!("new"), &json!([]));
        assert_eq!((&shown["url"], &shown["note"], &shown["topics"]), expected);
        let path = format!("/api/admin/webhooks/{id}");
        let (status, shown) = shop.staff("PATCH", &path, "k", json!({ "topics": ["stock.low"] })).await;
        assert_eq!((status, &shown["note"], &shown["topics"]), (200, &json!("new"), &json!(["stock.low"])));
    }
);

on_both_engines!(wrong_addresses_and_topics_are_named_and_change_nothing, TestShop, async |shop: &TestShop| {
    let table = [
        (json!({ "url": "https://10.0.0.1/" }), "/url", "not-public"),
        (json!({ "url": "https://169.254.169.254/latest" }), "/url", "not-public"),
        (json!({ "url": "https://[::ffff:127.0.0.1]/" }), "/url", "not-public"),
        (json!({ "url": "http://example.org/" }), "/url", "not-https"),
        (json!({ "url": "hooks" }), "/url", "not-an-address"),
        (json!({ "url": "https://a:b@example.org/" }), "/url", "with-password"),
        (json!({ "url": "https://example.org/", "topics": ["order.paid", "order"] }), "/topics/1", "unknown-topic"),
        (json!({ "url": "https://example.org/", "note": "x".repeat(201) }), "/note", "too-long"),
    ];
    for (body, pointer, code) in table {
        let (status, problem) = shop.staff("POST", "/api/admin/webhooks", "k", body.clone()).await;
        let error = (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]);
        assert_eq!((status, error), (422, (&json!(pointer), &json!(code))), "{body}");
    }
    let (_, list) = shop.staff("GET", "/api/admin/webhooks", "k", json!({})).await;
    assert_eq!(list["data"], json!([]));
    for path in ["/api/admin/webhooks/whk_1", "/api/admin/webhooks/whk_1/deliveries"] {
        assert_eq!(shop.staff("GET", path, "k", json!({})).await.0, 404);
    }
    let reader = shop.api_key("settings:read").await;
    let request = shop.http.post(format!("{}/api/admin/webhooks", shop.base_url)).bearer_auth(reader);
    let answer = request.header("Content-Type", "application/json").body("{}").send().await.expect("it answers");
    assert_eq!(answer.status(), 403);
});

on_both_engines!(deliveries_are_listed_newest_first_a_page_at_a_time, TestShop, async |shop: &TestShop| {
    let program = Program::listening().await;
    let (id, _) = endpoint(shop, &program, &[]).await;
    for _ in 0..5 {
        shop.staff("POST", &format!("/api/admin/webhooks/{id}/test"), "k", json!({})).await;
        shop.staff("POST", &format!("/api/admin/webhooks/{id}/test"), "k", json!({})).await;
        shop.shop.clock.advance(Span::seconds(1));
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/admin/webhooks/{id}/deliveries?limit=3&state=done&after={after}");
        let (status, page) = shop.staff("GET", &path, "k", json!({})).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(page["data"].as_array().expect("a list").clone());
        let Some(next) = page["next"].as_str() else { break };
        after = next.to_owned();
    }
    let moments: Vec<&str> = seen.iter().map(|row| row["happened_at"].as_str().expect("a time")).collect();
    assert!(moments.is_sorted_by(|a, b| a >= b), "{moments:?}");
    let ids: std::collections::BTreeSet<&str> = seen.iter().map(|row| row["id"].as_str().expect("an id")).collect();
    assert_eq!((seen.len(), ids.len()), (10, 10));
    let wrong = format!("/api/admin/webhooks/{id}/deliveries?state=lost");
    assert_eq!(shop.staff("GET", &wrong, "k", json!({})).await.0, 422);
});

/// One program that never answers does not keep the others waiting for longer than one attempt.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endpoint_that_never_answers_holds_up_nobody() {
    let patience = Timeouts { total: Duration::from_millis(400), ..Timeouts::default() };
    let shop = TestShop::on_sqlite_with(Setup { patience, ..Setup::default() }).await;
    shop.stock("mug", 20).await;
    let (silent, well) = (Program::listening().await, Program::listening().await);
    silent.answers(Manner::Never);
    let (silent_id, _) = endpoint(&shop, &silent, &["order.paid"]).await;
    endpoint(&shop, &well, &["order.paid"]).await;
    for _ in 0..4 {
        shop.paid(&[("mug", 1)]).await;
    }
    outbox::webhooks::send_due(&shop.shop).await.expect("the database answers");
    assert_eq!((silent.told().len(), well.told().len()), (1, 4));
    let rows = deliveries(&shop, &silent_id).await;
    let tried = rows.iter().find(|row| row["attempts"] == 1).expect("one was tried");
    assert_eq!((&tried["answer"], &tried["answer_status"]), (&json!("no answer in time"), &Value::Null));
    shop.books_balance().await;
}
