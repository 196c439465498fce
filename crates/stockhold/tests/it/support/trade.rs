//! A simulated day of trade, drawn from a seed: buyers who pay, fail, come back or go away, a shopkeeper who cancels,
//! refunds and ships, banks that dispute, a Stripe that misbehaves. No webhook ever arrives.

use rules::ids::OrderId;
use rules::refunds::RefundState;
use rules::time::{Span, Timestamp};
use serde_json::{Value, json};
use stockhold::storage::{RowExt, effects, reconciliation as runs};
use stockhold::workers::{self, ask_again, reconcile};
use stockhold::{audit, values};
use stripe_sandbox::{Fault, Faults, NewDispute, Pay, Verdict, WebhookMode};

use super::shop::TestShop;

const GOODS: [&str; 4] = ["mug", "cup", "bowl", "plate"];
/// How often Stripe is asked again in the evening; more than the longest chain of things that wait for each other.
const EVENINGS: usize = 6;

/// Numbers that look drawn, the same for the same seed (splitmix64).
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// Below `sides`.
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut drawn = self.0;
        drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (drawn ^ (drawn >> 31)) % sides
    }

    fn of_a_hundred(&mut self, chances: u64) -> bool {
        self.roll(100) < chances
    }

    fn one_of<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        let sides = u64::try_from(things.len()).ok().filter(|sides| *sides > 0)?;
        things.get(self.roll(sides) as usize)
    }
}

/// The day as it goes on.
struct Day<'a> {
    shop: &'a TestShop,
    dice: Dice,
    orders: Vec<OrderId>,
    /// Pages with their orders, of buyers who have not decided yet.
    deciding: Vec<(OrderId, String)>,
    /// Pages that the shop has forgotten and that still take money.
    left_behind: Vec<String>,
}

/// Trades until about so many orders were tried, and lets the evening come: everything that waits has come to its end.
pub async fn trade(shop: &TestShop, seed: u64, orders: usize) {
    shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
    for name in GOODS {
        shop.stock(name, 60).await;
    }
    let mut day =
        Day { shop, dice: Dice::new(seed), orders: Vec::new(), deciding: Vec::new(), left_behind: Vec::new() };
    let (mut tried, mut reconciled_at) = (0, shop.shop.now());
    while tried < orders {
        day.misbehave();
        for _ in 0..=day.dice.roll(2) {
            day.somebody_checks_out().await;
            tried += 1;
        }
        day.buyers_decide();
        day.the_shopkeeper_works().await;
        day.banks_write();
        shop.shop.clock.advance(Span::seconds(60 + day.dice.roll(900) as i64));
        shop.sandbox.let_time_pass();
        // Whatever a round of the workers meets, the next one goes on.
        let _ = workers::step(&shop.shop).await;
        let _ = ask_again::run(&shop.shop).await;
        if shop.shop.now() - reconciled_at > Span::minutes(120) && day.dice.of_a_hundred(50) {
            reconciled_at = shop.shop.now();
            let _ = reconcile::run(&shop.shop, None, true, |_| {}).await;
        }
    }
    shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
    evening(shop).await;
}

/// Nothing goes wrong any more, and whatever waits for time gets it: also keys that Stripe forgets after a day.
pub async fn evening(shop: &TestShop) {
    for _ in 0..EVENINGS {
        shop.shop.clock.advance(Span::minutes(6 * 60));
        shop.sandbox.let_time_pass();
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        ask_again::run(&shop.shop).await.expect("Stripe answers");
        reconcile::run(&shop.shop, None, true, |_| {}).await.expect("Stripe answers");
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
    }
}

impl Day<'_> {
    fn misbehave(&mut self) {
        let faults = [
            Fault::ReplyLostAfterSuccess.times(1),
            Fault::ReplyLostAfterSuccess.times(3),
            Fault::TooManyRequests.times(2).retry_after(0),
            Fault::ServerError.times(1),
            Fault::ServerErrorAfterSuccess.times(1),
            Fault::BadGateway.times(2),
            Fault::Unreachable.times(5),
            Fault::LockTimeout.times(1).retry_after(0),
        ];
        let planned = Faults::webhooks(WebhookMode::Lost);
        let chosen = self.dice.one_of(&faults).cloned().filter(|_| self.dice.of_a_hundred(35));
        self.shop.sandbox.set_faults(match chosen {
            Some(fault) => planned.with(fault),
            None => planned,
        });
    }

    async fn somebody_checks_out(&mut self) {
        let number = self.shop.draw();
        // A few buyers come back, some of them with an order that is not paid yet.
        let email = format!("buyer{}@example.org", if self.dice.of_a_hundred(15) { number / 2 } else { number });
        let mut items = vec![(GOODS[self.dice.roll(4) as usize], 1 + self.dice.roll(3) as i64)];
        if self.dice.of_a_hundred(40) {
            items.push((GOODS[self.dice.roll(4) as usize], 1));
        }
        let key = format!("day-{number}");
        let mut answer = self.shop.check_out_as(&key, &email, &items).await;
        if answer.0 >= 500 && self.dice.of_a_hundred(60) {
            answer = self.shop.check_out_as(&key, &email, &items).await;
        }
        let id = answer.1["order"]["id"].as_str().and_then(|id| id.parse().ok());
        let Some(id) = id.filter(|_| answer.0 == 201) else { return };
        self.orders.push(id);
        if let Some(page) = self.shop.view(id).await.session_id {
            self.deciding.push((id, page));
        }
        if self.dice.of_a_hundred(6) {
            self.left_behind.extend(another_page(self.shop, id).await);
        }
    }

    fn buyers_decide(&mut self) {
        for (_, page) in std::mem::take(&mut self.deciding) {
            let card = |number: &str| Pay::Card(number.to_owned());
            let how = match self.dice.roll(100) {
                0..42 => card("4242424242424242"),
                42..48 => {
                    let _ = self.shop.sandbox.pay(&page, card("4000000000000002"));
                    card("4242424242424242")
                }
                48..51 => card("4000000000009995"),
                51..57 => Pay::DelayedSucceeds,
                57..62 => Pay::DelayedFails,
                62..69 => card("4000000000005126"),
                69..76 => card("4000000000007726"),
                76..79 => card("4000000000000259"),
                79..81 => card("4000000000002685"),
                81..83 => card("4000000000001976"),
                83..87 => card("4000000000005423"),
                _ => continue, // Gone.
            };
            let _ = self.shop.sandbox.pay(&page, how);
        }
        if self.dice.of_a_hundred(15)
            && let Some(page) = self.left_behind.pop()
        {
            let _ = self.shop.sandbox.pay(&page, Pay::Card("4242424242424242".to_owned()));
        }
    }

    async fn the_shopkeeper_works(&mut self) {
        let Some(id) = self.dice.one_of(&self.orders).copied() else { return };
        let key = format!("work-{}", self.shop.draw());
        let item = self.shop.view(id).await.lines[0].sku.to_string();
        let refunds = format!("/api/admin/orders/{id}/refunds");
        let staff = async |path: &str, body: Value| {
            let (status, body) = self.shop.staff("POST", path, &key, body).await;
            assert!(status < 500 || status == 503, "{path}: {status} {body}");
        };
        match self.dice.roll(100) {
            0..16 => drop(self.shop.cancel(id).await),
            16..30 => staff(&refunds, json!({ "items": [{ "sku": item, "quantity": 1 }], "restock": true })).await,
            30..36 => staff(&refunds, json!({ "items": [{ "sku": item, "quantity": 1 }] })).await,
            36..44 => staff(&refunds, json!({ "amount": { "amount": 500, "currency": "USD" } })).await,
            44..50 => staff(&refunds, json!({ "restock": true })).await,
            50..62 => staff(&format!("/api/admin/orders/{id}/shipments"), json!({})).await,
            _ => {}
        }
    }

    /// Banks and the Dashboard, neither of which asks the shop.
    fn banks_write(&mut self) {
        if self.dice.of_a_hundred(75) {
            return;
        }
        let sandbox = &self.shop.sandbox;
        let snapshot = sandbox.snapshot();
        let payments = snapshot["payments"].as_array().cloned().unwrap_or_default();
        let disputes = snapshot["disputes"].as_array().cloned().unwrap_or_default();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let Some(payment) = self.dice.one_of(&payments) else { return };
        let (intent, charge) = (text(payment, "payment_intent"), text(payment, "charge"));
        let dispute = self.dice.one_of(&disputes).map(|row| text(row, "id")).unwrap_or_default();
        // What cannot be is refused, as it would be at Stripe.
        match self.dice.roll(9) {
            0 => drop(sandbox.dashboard_refund(&intent, Some(300))),
            1 => drop(sandbox.dashboard_refund(&intent, None)),
            2 => drop(sandbox.dispute(&charge, &NewDispute::because("fraudulent"))),
            3 => drop(sandbox.dispute(&charge, &NewDispute { inquiry: true, ..NewDispute::because("general") })),
            4 => drop(sandbox.warn_of_fraud(&charge)),
            5 => drop(sandbox.decide_dispute(&dispute, Verdict::Won)),
            6 => drop(sandbox.decide_dispute(&dispute, Verdict::Lost)),
            7 => drop(sandbox.withdraw_funds(&dispute)),
            _ => drop(sandbox.decide_dispute(&dispute, Verdict::WarningClosed)),
        }
    }
}

/// Opens a page for an order beside its own, as a lost answer may leave one behind.
async fn another_page(shop: &TestShop, id: OrderId) -> Option<String> {
    let sql = "select parameters from effects where id = $1";
    let rows = shop.shop.storage.read(sql, values![format!("open_checkout:{id}")]).await.expect("the database answers");
    let stripe = format!("{}/v1/checkout/sessions", shop.shop.config.stripe_api_base);
    let request = shop.http.post(stripe).bearer_auth("sk_test_sandbox");
    let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(rows[0].text(0).to_owned());
    let answer = super::shop::answer(request.send().await.ok()?).await;
    answer.1["id"].as_str().map(str::to_owned)
}

/// Stripe's books and ours say the same of every payment, nothing waits any more, and every promise holds.
pub async fn agrees(shop: &TestShop) {
    let storage = &shop.shop.storage;
    let all = Some(Timestamp::from_micros(0));
    let run = reconcile::run(&shop.shop, all, false, |_| {}).await.expect("Stripe answers");
    let found = runs::findings(storage, &run.id, 100).await.expect("the database answers");
    assert!(found.is_empty(), "differences are left: {found:#?}");
    assert_eq!(runs::unexplained(storage, &run.id).await.expect("the database answers"), vec![]);
    assert_eq!(effects::count_waiting(storage).await.expect("the database answers"), 0, "effects are open");
    let wrong = audit::run(storage).await.expect("the database answers");
    assert!(wrong.is_empty(), "the audit finds {wrong:#?}");
    assert_eq!(ours(shop).await, theirs(shop));
    let open = "select count(*) from orders where status in ('pending', 'processing')";
    let open = storage.read(open, values![]).await.expect("the database answers")[0].int(0);
    assert_eq!(open, 0, "orders are undecided after their time");
}

/// Per payment: captured; refunds that wait, came, failed; what disputes hold.
type Account = (String, i64, i64, i64, i64, i64);

async fn ours(shop: &TestShop) -> Vec<Account> {
    let sql = "select id from orders";
    let mut accounts = Vec::new();
    for row in shop.shop.storage.read(sql, values![]).await.expect("the database answers") {
        let order = shop.view(row.text(0).parse().expect("an order's id")).await;
        for payment in &order.payments {
            let of = |states: &[RefundState]| -> i64 {
                let own = order.refunds.iter().filter(|r| r.intent_id == payment.intent_id && r.stripe_id.is_some());
                own.filter(|r| states.contains(&r.state)).map(|r| r.amount.minor).sum()
            };
            accounts.push((
                payment.intent_id.clone(),
                payment.amount.minor,
                of(&[RefundState::Pending, RefundState::Requested]),
                of(&[RefundState::Succeeded]),
                of(&[RefundState::Failed, RefundState::Canceled]),
                payment.disputed_minor,
            ));
        }
    }
    accounts.sort();
    accounts
}

fn theirs(shop: &TestShop) -> Vec<Account> {
    let snapshot = shop.sandbox.snapshot();
    let rows = snapshot["payments"].as_array().expect("payments").iter();
    let number = |value: &Value| value.as_i64().unwrap_or_default();
    let mut accounts: Vec<Account> = rows
        .filter(|row| number(&row["captured"]) > 0 && row["order_id"].is_string())
        .map(|row| {
            let (back, disputed) = (&row["refunded"], &row["disputed"]);
            (
                row["payment_intent"].as_str().unwrap_or_default().to_owned(),
                number(&row["captured"]),
                number(&back["pending"]) + number(&back["requires_action"]),
                number(&back["succeeded"]),
                number(&back["failed"]) + number(&back["canceled"]),
                number(&disputed["withdrawn"]) - number(&disputed["reinstated"]),
            )
        })
        .collect();
    accounts.sort();
    accounts
}
