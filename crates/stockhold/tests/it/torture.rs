//! `kill -9` at any moment: buyers order and pay over HTTP while the shop's processes are killed and started again.
//!
//! What was acknowledged is written down on the buyers' side. Afterwards the shop must come to rest by itself, with
//! every acknowledged order in it, every charge paid for or on its way back, and its books in order. The moments are
//! counted in requests and drawn from a seed, so that a slow machine kills as often as a quick one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use stockhold::storage::{Database, RowExt, Storage, effects, inbox};
use stockhold::values;
use stripe_sandbox::{Fault, Faults, Pay};
use tokio::sync::watch;

use crate::support::process::{House, Instance, PATIENCE};
use crate::support::shop::{Answer, answer};

const BUYERS: u64 = 8;
const KILLS: usize = 10;
/// However slow the machine: no more kills after this.
const KILLING_ENDS_AFTER: Duration = Duration::from_secs(25);
/// How often a buyer presses the same button before giving up.
const PRESSES_MAX: usize = 5;
/// A buyer's pause after an error, as a person or a program makes one.
const AFTER_AN_ERROR: Duration = Duration::from_millis(40);
const PLENTY: i64 = 100_000;
const FEW: i64 = 40;

/// An order the shop has said yes to.
#[derive(Debug)]
struct Acknowledged {
    id: String,
    token: String,
    number: Value,
    total: Value,
    /// The card was charged, as the payment page told the buyer.
    charged: bool,
    /// The shop itself has said that it is paid.
    seen_paid: bool,
}

struct Street {
    house: House,
    urls: Vec<String>,
    key: String,
    /// Requests sent so far; what kills are counted in.
    requests: watch::Sender<u64>,
    closing: AtomicBool,
    acknowledged: Mutex<Vec<Acknowledged>>,
}

/// A small generator (xorshift): the same seed draws the same numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

async fn torture(house: House, seed: u64) {
    let mut instances = house.instances();
    for instance in &mut instances {
        instance.start(&house.http).await;
    }
    let key = house.draw_key("admin").await;
    house.stock(&key, "mug", PLENTY).await;
    house.stock(&key, "last", FEW).await;
    let urls = instances.iter().map(|instance| instance.url.clone()).collect();
    let (requests, _) = watch::channel(0);
    let (closing, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let street = Arc::new(Street { house, urls, key, requests, closing, acknowledged });

    let buyers: Vec<_> = (1..=BUYERS).map(|buyer| tokio::spawn(street.clone().buy(buyer, seed))).collect();
    let begun = Instant::now();
    let kills = street.kill_and_start(&mut instances, Dice(seed)).await;
    street.closing.store(true, Ordering::SeqCst);
    for buyer in buyers {
        buyer.await.expect("no buyer meets anything unheard of");
    }

    let killed_for = begun.elapsed();
    // One last blow to all of them. What waited at the bank has arrived meanwhile.
    instances.iter_mut().for_each(Instance::kill);
    street.house.sandbox.set_faults(Faults::default());
    street.settle_at_the_bank();
    let storage = street.house.storage().await;
    if let Database::Postgres(_) = &storage.database {
        // Two minutes pass: what a killed instance had in hand is free again. On SQLite nobody need wait for that.
        effects::free(&storage).await.expect("the database answers");
        inbox::free(&storage).await.expect("the database answers");
    }
    for instance in &mut instances {
        instance.start(&street.house.http).await;
    }
    let begun = Instant::now();
    street.comes_to_rest(&storage).await;
    println!("{kills} kills in {killed_for:?}, at rest {:?} after the last", begun.elapsed());
    street.check(&storage, kills).await;
}

impl Street {
    /// One buyer after another through the same door, each with an e-mail of their own.
    async fn buy(self: Arc<Street>, buyer: u64, seed: u64) {
        let mut dice = Dice(seed ^ (buyer << 32));
        let mut n = 0;
        while !self.closing.load(Ordering::SeqCst) {
            n += 1;
            let name = format!("{buyer}-{n}");
            let Some((status, body)) = self.check_out(&name, &mut dice).await else { continue };
            if status == 409 {
                assert_eq!(body["code"], "out-of-stock", "{body}");
                continue;
            }
            assert_eq!(status, 201, "{body}");
            let charged = self.pay(&body, &mut dice);
            let (id, token) = (text(&body["order"]["id"]), text(&body["order"]["token"]));
            let seen_paid = dice.roll(2) == 0 && self.looks_paid(&id, &token, &mut dice).await;
            let (number, total) = (body["order"]["number"].clone(), body["order"]["total"].clone());
            let order = Acknowledged { id, token, number, total, charged, seen_paid };
            self.acknowledged.lock().expect("nobody panics here").push(order);
        }
    }

    /// Presses the button until there is an answer, on whichever instance; the same key every time.
    async fn check_out(&self, name: &str, dice: &mut Dice) -> Option<Answer> {
        let mut items = vec![json!({ "sku": "mug", "quantity": 1 + dice.roll(3) })];
        if dice.roll(3) == 0 {
            items.push(json!({ "sku": "last", "quantity": 1 }));
        }
        let body = json!({ "items": items, "email": format!("buyer-{name}@example.org") });
        for _ in 0..PRESSES_MAX {
            let request = self.house.http.post(format!("{}/api/checkout", self.any(dice)));
            let request = request.bearer_auth(&self.key).header("Idempotency-Key", name).json(&body);
            match self.send(request).await {
                Some((status, _)) if status >= 500 => tokio::time::sleep(AFTER_AN_ERROR).await,
                Some(answered) => return Some(answered),
                None => tokio::time::sleep(AFTER_AN_ERROR).await,
            }
        }
        None
    }

    /// What the buyer does on Stripe's page; true if the card was charged.
    fn pay(&self, body: &Value, dice: &mut Dice) -> bool {
        let page = text(&body["checkout_url"]);
        // An answer that came late leads to the order's own page: there is nothing left to pay.
        let Some((_, session)) = page.split_once("/_sandbox/checkout/") else { return false };
        let pay = match dice.roll(10) {
            0 => return false, // Closes the tab.
            1 => Pay::DelayedSucceeds,
            2 => Pay::DelayedFails,
            _ => Pay::Card("4242424242424242".to_owned()),
        };
        // The page may be closed already: holds last three seconds here.
        let paid = self.house.sandbox.pay(session, pay.clone()).is_ok();
        paid && matches!(pay, Pay::Card(_))
    }

    async fn looks_paid(&self, id: &str, token: &str, dice: &mut Dice) -> bool {
        let order = format!("{}/api/orders/{id}?token={token}", self.any(dice));
        let Some((200, order)) = self.send(self.house.http.get(order)).await else { return false };
        order["status"] == "paid"
    }

    /// None: no answer, or only a part of one.
    async fn send(&self, request: reqwest::RequestBuilder) -> Option<Answer> {
        self.requests.send_modify(|requests| *requests += 1);
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let body = response.text().await.ok()?;
        Some((status, serde_json::from_str(&body).unwrap_or(Value::String(body))))
    }

    fn any(&self, dice: &mut Dice) -> &str {
        let sides = u64::try_from(self.urls.len()).expect("a few instances");
        &self.urls[usize::try_from(dice.roll(sides)).expect("a few instances")]
    }

    /// Kills after so many more requests as the dice say; returns how often.
    async fn kill_and_start(&self, instances: &mut [Instance], mut dice: Dice) -> usize {
        let begun = Instant::now();
        let mut requests = self.requests.subscribe();
        for kills in 0..KILLS {
            let sandbox_stumbles = [Fault::ReplyLostAfterSuccess, Fault::TooManyRequests, Fault::ServerError];
            let stumble = sandbox_stumbles[usize::try_from(dice.roll(3)).expect("three")];
            self.house.sandbox.set_faults(Faults::default().with(stumble));
            let moment = *requests.borrow() + 5 + dice.roll(60);
            requests.wait_for(|sent| *sent >= moment).await.expect("buyers go on");
            let doomed = usize::try_from(dice.roll(64)).expect("small") % instances.len();
            instances[doomed].kill();
            instances[doomed].start(&self.house.http).await;
            if begun.elapsed() > KILLING_ENDS_AFTER {
                return kills + 1;
            }
        }
        KILLS
    }

    fn settle_at_the_bank(&self) {
        for session in rows(&self.house.sandbox.snapshot(), "sessions") {
            // Most wait for nothing: that is an error of no interest here.
            let _ = self.house.sandbox.pay(&text(&session["id"]), Pay::SettleDelayed);
        }
    }

    /// No order is open, no event unread, no effect waits: nobody has to do anything for that but wait.
    async fn comes_to_rest(&self, storage: &Storage) {
        let begun = Instant::now();
        loop {
            let open = self.open(storage).await;
            if open.is_empty() {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "after {:?} there is still: {open:#?}", begun.elapsed());
            tokio::time::sleep(AFTER_AN_ERROR).await;
        }
    }

    /// What is not over yet.
    async fn open(&self, storage: &Storage) -> Vec<String> {
        let mut open = Vec::new();
        for question in ["orders?status=pending", "orders?status=processing", "events?state=received"] {
            let url = format!("{}/api/admin/{question}", self.urls[0]);
            let (status, list) = self.house.get(&url, &self.key).await;
            assert_eq!(status, 200, "{list}");
            open.extend(list["data"].as_array().expect("a list").iter().map(Value::to_string));
        }
        let sql = "select id, state, attempts, due_at, leased_until, last_error from effects where state = 'due'";
        let effects = storage.read(sql, values![]).await.expect("the database answers");
        open.extend(effects.iter().map(|effect| format!("{effect:?}")));
        open
    }

    async fn check(&self, storage: &Storage, kills: usize) {
        let acknowledged = std::mem::take(&mut *self.acknowledged.lock().expect("nobody panics here"));
        let (charged, paid) = (acknowledged.iter().filter(|order| order.charged).count(), self.paid(storage).await);
        println!(
            "{kills} kills, {} requests, {} orders acknowledged, {charged} charged, {} paid",
            *self.requests.borrow(),
            acknowledged.len(),
            paid.len()
        );
        assert!(kills >= 3 && acknowledged.len() >= 20 && charged >= 10, "too little happened to prove anything");

        for order in &acknowledged {
            let url = format!("{}/api/orders/{}?token={}", self.urls[0], order.id, order.token);
            let (status, now) = answer(self.house.http.get(url).send().await.expect("the shop answers")).await;
            assert_eq!((status, &now["number"], &now["total"]), (200, &order.number, &order.total), "P1: {order:?}");
            if order.seen_paid {
                assert_eq!(now["status"], "paid", "P1: what was said to be paid stays so: {order:?}");
            }
            if order.charged {
                let kept = now["status"] == "paid" || !now["refunds"].as_array().expect("a list").is_empty();
                assert!(kept, "M5: charged, and neither goods nor money: {order:?} {now}");
            }
        }
        let took = taken_by_order(&self.house.sandbox.snapshot());
        assert!(
            paid.keys().all(|order| took.contains_key(order)),
            "M4: an order is paid of which Stripe knows nothing"
        );
        for (order, kept) in &took {
            assert_eq!(*kept, paid.get(order).copied().unwrap_or(0), "M4: what Stripe keeps for {order}");
        }
        self.check_stock(storage).await;
        self.check_letters(&paid);
        self.house.books_balance().await;
    }

    /// Totals of the paid orders.
    async fn paid(&self, storage: &Storage) -> BTreeMap<String, i64> {
        let sql = "select id, total_minor from orders where status = 'paid'";
        let rows = storage.read(sql, values![]).await.expect("the database answers");
        rows.iter().map(|row| (row.text(0).to_owned(), row.int(1))).collect()
    }

    /// What came in is on the shelf or was paid for, and nothing is held.
    async fn check_stock(&self, storage: &Storage) {
        let sql = "select l.sku, cast(sum(l.quantity) as bigint) from order_lines l join orders o on o.id = l.order_id
            where o.status = 'paid' group by l.sku";
        let rows = storage.read(sql, values![]).await.expect("the database answers");
        let sold: BTreeMap<&str, i64> = rows.iter().map(|row| (row.text(0), row.int(1))).collect();
        for (sku, received) in [("mug", PLENTY), ("last", FEW)] {
            let (_, stock) = self.house.get(&format!("{}/api/admin/stock/{sku}", self.urls[0]), &self.key).await;
            let left = received - sold.get(sku).copied().unwrap_or(0);
            assert_eq!((&stock["on_hand"], &stock["held"]), (&json!(left), &json!(0)), "S1, S2: {sku}");
        }
    }

    /// E2: each paid order has its confirmation; one that was written twice bears the same Message-ID.
    fn check_letters(&self, paid: &BTreeMap<String, i64>) {
        let mut letters: Vec<String> = self.house.letters().into_iter().map(|letter| letter.message_id).collect();
        letters.sort();
        letters.dedup();
        for order in paid.keys() {
            let own = letters.iter().filter(|id| id.starts_with(&format!("{order}.order_confirmed"))).count();
            assert_eq!(own, 1, "E2: {order}");
        }
    }
}

/// What Stripe has charged for each order, less what it gave or is giving back.
fn taken_by_order(snapshot: &Value) -> BTreeMap<String, i64> {
    let order_of: BTreeMap<String, String> = rows(snapshot, "sessions")
        .iter()
        .map(|session| (text(&session["payment_intent"]), text(&session["client_reference_id"])))
        .collect();
    let mut taken = BTreeMap::new();
    for (of, sign, counts) in [("charges", 1, ["succeeded", ""]), ("refunds", -1, ["succeeded", "pending"])] {
        for row in rows(snapshot, of).iter().filter(|row| counts.contains(&text(&row["status"]).as_str())) {
            let order = order_of.get(&text(&row["payment_intent"])).expect("every charge is of one of our sessions");
            *taken.entry(order.clone()).or_insert(0) += sign * row["amount"].as_i64().expect("an amount");
        }
    }
    taken
}

fn rows(snapshot: &Value, of: &str) -> Vec<Value> {
    snapshot[of].as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// P4, P1, P15: one process and its file, killed at any moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_on_sqlite_survives_kill_9_at_any_moment() {
    torture(House::on_sqlite("0.05").await, 0x5eed_0001).await;
}

/// P4, P1, P15: two processes and one PostgreSQL, each killed while the other goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_on_postgres_survive_kill_9_at_any_moment() {
    torture(House::on_postgres("0.05").await, 0x5eed_0002).await;
}
