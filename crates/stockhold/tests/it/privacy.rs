//! A person's data: found everywhere, handed out whole, and gone on request, with books that still balance.

use std::collections::BTreeSet;
use std::path::Path;

use rules::ids::OrderId;
use rules::money::Money;
use rules::orders::Status;
use rules::payments::MoneyState;
use rules::reconciliation::{Finding, Kind, Repair, Said};
use rules::time::Span;
use serde_json::{Value, json};
use stockhold::outbox;
use stockhold::privacy::{self, ErasureFailure, Replayed};
use stockhold::storage::erasure::{self, Open, Person};
use stockhold::storage::reconciliation as runs;
use stockhold::storage::{Database, RowExt, Storage, order_notes};
use stockhold::stripe::Call;
use stockhold::values;
use stockhold::workers::{reconcile, retain};
use stripe_sandbox::{Faults, NewDispute, Pay, Verdict, WebhookMode};

use crate::coupons::{issue, tea10};
use crate::on_both_engines;
use crate::support::browser::Browser;
use crate::support::shop::{Answer, TestShop, answer};
use crate::support::trade;

pub const BUYER: &str = "zebedee@canary-post.example";
/// What nobody else in the world says.
const CANARIES: [&str; 7] =
    ["zebedee", "canary-post", "quillfeather", "17 larkspur", "birdhaven", "4711-zzz", "trackbird"];

pub async fn buys(shop: &TestShop, key: &str, email: &str, coupon: Option<&str>) -> Answer {
    buys_as(shop, key, "Zebedee Quillfeather", email, coupon).await
}

async fn buys_as(shop: &TestShop, key: &str, name: &str, email: &str, coupon: Option<&str>) -> Answer {
    let address = json!({ "name": name, "street": "17 Larkspur Lane", "postal_code": "4711-ZZZ",
        "city": "Birdhaven", "country": "Germany" });
    let mut body = json!({ "items": [{ "sku": "mug", "quantity": 2 }], "email": email, "shipping_address": address });
    if let Some(code) = coupon {
        body["coupon"] = code.into();
    }
    let request = shop.http.post(format!("{}/api/checkout", shop.base_url)).header("Idempotency-Key", key);
    let request = request.header("Content-Type", "application/json").body(body.to_string());
    answer(request.send().await.expect("the shop answers")).await
}

pub async fn ships(shop: &TestShop, id: OrderId, key: &str) {
    let body = json!({ "carrier": "Bird Mail", "tracking": "TRACKBIRD-1" });
    let (status, answer) = shop.staff("POST", &format!("/api/admin/orders/{id}/shipments"), key, body).await;
    assert_eq!(status, 201, "{answer}");
    shop.settle().await;
}

async fn refunds(shop: &TestShop, id: OrderId, key: &str) {
    let body = json!({ "amount": { "amount": 500, "currency": "USD" }, "reason": "Quillfeather wrote to us" });
    let (status, answer) = shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), key, body).await;
    assert_eq!(status, 201, "{answer}");
    shop.settle().await;
}

async fn erase(shop: &TestShop, id: OrderId) -> Answer {
    shop.staff("POST", &format!("/api/admin/customers/{id}/erase"), "erase", Value::Null).await
}

async fn tables(storage: &Storage) -> Vec<String> {
    let sql = match storage.database {
        Database::Sqlite(_) => "select name from sqlite_master where type = 'table' order by name",
        Database::Postgres(_) => {
            "select cast(table_name as text) from information_schema.tables where table_schema = 'public' order by 1"
        }
    };
    let rows = storage.read(sql, values![]).await.expect("the database answers");
    rows.iter().map(|row| row.text(0).to_owned()).collect()
}

/// Every table and file in which a canary sings.
pub async fn singing(shop: &TestShop) -> BTreeSet<String> {
    let storage = &shop.shop.storage;
    let mut found = BTreeSet::new();
    for table in tables(storage).await {
        // The text of a statement lives as long as the program; a test may leak a few.
        let sql: &'static str = Box::leak(format!("select * from {table}").into_boxed_str());
        let rows = storage.read(sql, values![]).await.expect("the database answers");
        if CANARIES.iter().any(|canary| format!("{rows:?}").to_lowercase().contains(canary)) {
            found.insert(table);
        }
    }
    files(&shop.shop.config.data_dir, &mut found);
    found
}

fn files(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
            continue;
        }
        let bytes = std::fs::read(&path).expect("a file");
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        if CANARIES.iter().any(|canary| text.contains(canary)) {
            let kind = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            found.insert(format!("a file *.{kind}"));
        }
    }
}

/// Somebody who has left something everywhere: two orders, a parcel, refunds, a wish, a look-up, a wrong code.
pub async fn leaves_traces(shop: &TestShop) -> (OrderId, OrderId) {
    shop.stock("mug", 20).await;
    shop.stock("bowl", 0).await;
    let coupon = rules::coupons::Coupon { usage_limit_per_customer: Some(1), ..tea10() };
    issue(&shop.shop.storage, &coupon).await;
    // Whoever only adds a tag is the same person.
    let (status, body) = buys(shop, "first", "Zebedee+Mugs@Canary-Post.example", Some("TEA10")).await;
    assert_eq!(status, 201, "{body}");
    let first = shop.order_of_key("first");
    shop.pay(first).await;
    shop.settle().await;
    ships(shop, first, "parcel").await;
    refunds(shop, first, "refund").await;

    let (storage, now) = (&shop.shop.storage, shop.shop.now());
    let said = "Zebedee rang: leave it with the neighbour";
    order_notes::write(storage, "note_1", first, "Ada", said, now).await.expect("the database answers");

    let browser = Browser::new(shop);
    browser.put_into_cart("mug", 1).await;
    let mut form = browser.pay_form(BUYER).await;
    for (name, value) in &mut form {
        if name == "name" {
            *value = "Zebedee Quillfeather".to_owned();
        }
    }
    let page = browser.press_pay(&form).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let sql = "select id from orders order by number desc limit 1";
    let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
    let second: OrderId = rows[0].text(0).parse().expect("an id");
    shop.pay(second).await;
    shop.settle().await;
    let token = shop.shop.order_token(second);
    let request = shop.http.post(format!("{}/api/orders/{second}/cancel?token={token}", shop.base_url));
    let request = request.header("Content-Type", "application/json").header("Idempotency-Key", "cancel");
    let cancelled = answer(request.body(r#"{"reason":"Zebedee has moved"}"#).send().await.expect("an answer")).await;
    assert_eq!(cancelled.0, 200, "{}", cancelled.1);
    shop.settle().await;

    let wish = browser.post("/stock-requests", &[("sku", "bowl"), ("email", "zebedee+bowl@canary-post.example")]).await;
    assert_eq!(wish.status, 303, "{}", wish.text);
    let number = shop.view(first).await.number.to_string();
    Browser::new(shop).post("/orders", &[("email", BUYER), ("number", &number)]).await;
    let wrong = json!({ "items": [{ "sku": "mug", "quantity": 1 }], "email": BUYER, "coupon": "NOTACODE" });
    let request = shop.http.post(format!("{}/api/quote", shop.base_url)).header("Content-Type", "application/json");
    request.body(wrong.to_string()).send().await.expect("the shop answers");
    shop.settle().await;
    (first, second)
}

on_both_engines!(
    /// The canary test: everything that could say who somebody was is gone, from every table and every file, and stays
    /// gone when Stripe speaks of their orders later. Amounts, country and taxes stay, and the books balance.
    an_erased_person_is_in_no_table_and_no_file,
    TestShop,
    async |shop: &TestShop| {
        let (first, second) = leaves_traces(shop).await;
        let before = singing(shop).await;
        for place in ["orders", "effects", "stripe_events", "stock_requests", "holders", "coupon_customers", "refunds",
            "shipments", "order_names", "order_notes", "a file *.eml", "a file *.json"]
        {
            assert!(before.contains(place), "the test sees nothing in {place}: {before:?}");
        }
        let stood = shop.view(first).await;
        let (status, body) = erase(shop, second).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!((body["orders"].as_i64(), body["stock_requests"].as_i64()), (Some(2), Some(1)), "{body}");
        assert!(body["letters"].as_i64() > Some(2) && body["stripe_events"].as_i64() > Some(2), "{body}");
        assert_eq!(singing(shop).await, BTreeSet::new());
        for table in ["lookups", "wrong_codes"] {
            let sql: &'static str = Box::leak(format!("select * from {table} where {} like '%'",
                if table == "lookups" { "buyer" } else { "who" }).into_boxed_str());
            let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
            let left = rows.iter().filter(|row| !format!("{row:?}").contains("client:")).count();
            assert_eq!(left, 0, "{table}");
        }

        let now = shop.view(first).await;
        assert_eq!((now.email.as_str(), now.shipping_address.as_str()), ("", r#"{"country":"DE"}"#));
        assert_eq!((now.total, now.tax, now.number, &now.coupon), (stood.total, stood.tax, stood.number, &stood.coupon));
        assert_eq!((&now.lines, now.paid_at, now.captured()), (&stood.lines, stood.paid_at, stood.captured()));
        shop.books_balance().await;

        // Stripe speaks of the order again, with the buyer's name and address in what it sends.
        let letters = shop.letters();
        let intent = stood.payments[0].intent_id.clone();
        shop.sandbox.dashboard_refund(&intent, Some(700)).expect("it is refunded");
        shop.settle().await;
        let snapshot = shop.sandbox.snapshot();
        let charges = snapshot["charges"].as_array().expect("charges").clone();
        let charge = charges.iter().find(|charge| charge["payment_intent"] == intent.as_str()).expect("it was charged");
        shop.sandbox.dispute(charge["id"].as_str().expect("an id"), &NewDispute::because("fraudulent")).expect("disputed");
        shop.settle().await;
        assert_eq!(shop.view(first).await.going_back(), stood.going_back() + 700, "the refund is recorded");
        assert_eq!(shop.view(first).await.disputes.len(), 1, "and the dispute");
        assert_eq!(singing(shop).await, BTreeSet::new(), "late news bring nobody back");
        let to: Vec<String> = shop.shop.mailer.stored().into_iter().map(|letter| letter.to).collect();
        assert!(shop.letters() > letters && to.iter().all(|to| to == "shop@example.org"), "the owner alone is told");
        let dispute = shop.view(first).await.disputes[0].id.clone();
        shop.sandbox.decide_dispute(&dispute, Verdict::Won).expect("it is decided");
        shop.settle().await;
        trade::agrees(shop).await;

        // Once more takes nothing, and a crash on the way would be finished by it.
        let (status, body) = erase(shop, second).await;
        assert_eq!((status, body["orders"].as_i64()), (200, Some(0)), "{body}");
        assert_eq!(privacy::held(&shop.shop, BUYER).await.expect("it answers"), None);
        assert_eq!(privacy::export(&shop.shop, BUYER).await.expect("it answers"), None);
        let listed = shop.staff("GET", "/api/admin/customers?q=zebedee", "list", Value::Null).await;
        assert_eq!(listed.1["data"], json!([]));
    }
);

on_both_engines!(
    /// What staff wrote about somebody goes as well: why they released a hold, and what a difference with Stripe's books was.
    what_was_written_about_an_erased_person_goes_with_them,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        buys(shop, "one", BUYER, None).await;
        let id = shop.order_of_key("one");
        shop.sandbox.lose(&shop.session_of(id).await);
        shop.shop.clock.advance(Span::minutes(90));
        shop.settle().await;
        let reason = json!({ "reason": "Zebedee Quillfeather rang: not paid" });
        let (status, body) = shop.staff("POST", &format!("/api/admin/orders/{id}/release"), "release", reason).await;
        assert_eq!((status, body["status"].as_str()), (200, Some("expired")), "{body}");
        reconcile::run(&shop.shop, None, false, |_| {}).await.expect("Stripe answers");
        let (storage, now) = (&shop.shop.storage, shop.shop.now());
        let run = runs::latest(storage).await.expect("it answers").expect("a run");
        let gap = Money::new(100, shop.view(id).await.currency);
        let (kind, subject, told, ours) = (Kind::BalanceAmount, "txn_1".to_owned(), Said::Amount(gap), Said::Nothing);
        let (order, repair) = (Some(id), Repair::ByHand);
        let finding = Finding { kind, subject: subject.clone(), order, gap, told, ours, repair };
        runs::find_difference(storage, &run.id, &finding, false).await.expect("it is kept");
        let (note, by) = ("Zebedee Quillfeather paid twice".to_owned(), "staff:Ada".to_owned());
        let explanation = runs::Explanation { kind, subject, gap, note, by, at: now };
        runs::explain(storage, &explanation).await.expect("it is kept");
        let before = singing(shop).await;
        assert!(["order_events", "reconciliation_explanations"].iter().all(|place| before.contains(*place)), "{before:?}");

        let (status, body) = erase(shop, id).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(singing(shop).await, BTreeSet::new());
        let kept = runs::explanations(storage, 10).await.expect("it answers");
        assert_eq!(kept, [runs::Explanation { note: String::new(), ..explanation }], "its amount stays explained");
    }
);

on_both_engines!(
    /// The process died behind the commit: whoever asks again, at the desk or over the API, is not told that all is done while
    /// Stripe's messages, letters and the line of `erased.log` are still to be seen to.
    what_a_crash_left_of_an_erasure_is_finished,
    TestShop,
    async |shop: &TestShop| {
        let (first, _) = leaves_traces(shop).await;
        let storage = &shop.shop.storage;
        let sql = "select id, payload from stripe_events where reduced = 0";
        let events = storage.read(sql, values![]).await.expect("the database answers");
        let folder = &shop.shop.config.data_dir;
        let letters = std::fs::read_dir(folder.join("mailbox")).expect("a folder").flatten().map(|entry| entry.path());
        let letters: Vec<_> = letters.map(|path| (path.clone(), std::fs::read(path).expect("a file"))).collect();
        let log = folder.join("erased.log");
        for by_address in [false, true] {
            privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
            let line = std::fs::read_to_string(&log).expect("it is written");
            std::fs::remove_file(&log).expect("it was there");
            for event in &events {
                let sql = "update stripe_events set payload = $2, reduced = 0 where id = $1";
                storage.write(sql, values![event.text(0), event.text(1)]).await.expect("the database answers");
            }
            for (path, file) in &letters {
                std::fs::write(path, file).expect("it is written");
            }
            assert!(singing(shop).await.contains("stripe_events"));
            if by_address {
                let held = privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
                assert!(held.orders == 0 && held.letters > 2 && held.events > 2, "{held:?}");
            } else {
                let dry = format!("/api/admin/customers/{first}/erase?dry_run=true");
                let (status, would) = shop.staff("POST", &dry, "erase", Value::Null).await;
                assert!(status == 200 && would["stripe_events"].as_i64() > Some(2), "{would}");
                let (status, body) = erase(shop, first).await;
                assert_eq!((status, body["orders"].as_i64()), (200, Some(0)), "{body}");
                assert!(body["letters"].as_i64() > Some(2) && body["stripe_events"] == would["stripe_events"], "{body}");
            }
            assert_eq!(singing(shop).await, BTreeSet::new());
            assert_eq!(std::fs::read_to_string(&log).expect("it is written again"), line);
        }
    }
);

on_both_engines!(
    /// `ada.+shop@…` is an address; what is left of it without its tag is none, and a customer all the same.
    a_customer_whose_address_needs_its_tag_has_the_same_rights,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        buys(shop, "one", "ada.+shop@canary-post.example", None).await;
        let id = shop.order_of_key("one");
        shop.pay(id).await;
        shop.settle().await;
        ships(shop, id, "parcel").await;
        let (status, data) = shop.staff("GET", &format!("/api/admin/customers/{id}/export"), "x", Value::Null).await;
        assert_eq!((status, data["orders"].as_array().map(Vec::len)), (200, Some(1)), "{data}");
        let (status, body) = erase(shop, id).await;
        assert_eq!((status, body["orders"].as_i64()), (200, Some(1)), "{body}");
        assert_eq!(singing(shop).await, BTreeSet::new());
    }
);

on_both_engines!(
    /// Ann, whose address ends like that of somebody who is erased, keeps her letters and what Stripe said of her.
    an_erasure_takes_nothing_of_somebody_with_a_longer_address,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        for (key, email) in [("ann", "annzebedee@canary-post.example"), ("him", BUYER)] {
            buys(shop, key, email, None).await;
            shop.pay(shop.order_of_key(key)).await;
            shop.settle().await;
            ships(shop, shop.order_of_key(key), key).await;
        }
        let ann = "annzebedee@canary-post.example";
        let before = privacy::held(&shop.shop, ann).await.expect("it answers").expect("she has ordered");
        assert!(before.letters > 0 && before.events > 0, "{before:?}");
        privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
        assert_eq!(privacy::held(&shop.shop, ann).await.expect("it answers"), Some(before));
    }
);

on_both_engines!(
    /// Somebody had no order when we looked, and has one now: it is not taken from them behind their back, open or closed.
    an_order_that_came_in_between_is_not_erased_unseen,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        buys(shop, "one", BUYER, None).await;
        let id = shop.order_of_key("one");
        let erased = shop.shop.name_when_erased(BUYER);
        let person = Person { buyer: BUYER, name_when_erased: &erased, lookup_digest: "l", wrong_codes: "w",
            now_micros: shop.shop.now().micros() };
        let erase = async || erasure::erase(&shop.shop.storage, &person, &[]).await.expect("the database answers");
        assert!(!erase().await, "it waits for its payment");
        assert_eq!(shop.cancel(id).await.0, 200);
        shop.settle().await;
        assert!(!erase().await, "nobody has looked at its address");
        assert_eq!(shop.view(id).await.email, BUYER);
        privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
        assert_eq!(singing(shop).await, BTreeSet::new());
        assert!(erase().await, "somebody without orders is no obstacle");
    }
);

on_both_engines!(
    /// C1: who has themselves erased is the same customer to a code that each may use once, and to one for first orders.
    an_erased_person_does_not_get_a_discount_again,
    TestShop,
    async |shop: &TestShop| {
        leaves_traces(shop).await;
        let newcomers = rules::coupons::Coupon {
            code: crate::coupons::code("WELCOME"), first_order_only: true, ..tea10() };
        issue(&shop.shop.storage, &newcomers).await;
        privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
        for (key, code, problem) in [("a", "TEA10", "coupon-used-up-by-you"), ("b", "WELCOME", "coupon-first-order-only")] {
            let (_, body) = buys(shop, key, "zebedee+again@canary-post.example", Some(code)).await;
            assert_eq!(body["code"], problem, "{body}");
        }
        // Without one they are welcome, and are erased again, whose uses are counted together.
        let (status, body) = buys(shop, "c", BUYER, None).await;
        assert_eq!(status, 201, "{body}");
        let third = shop.order_of_key("c");
        shop.pay(third).await;
        shop.settle().await;
        ships(shop, third, "another parcel").await;
        privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
        assert_eq!(singing(shop).await, BTreeSet::new());
        let (_, body) = buys(shop, "d", BUYER, Some("TEA10")).await;
        assert_eq!(body["code"], "coupon-used-up-by-you", "{body}");
    }
);

on_both_engines!(
    /// A bank says that a payment failed, the buyer has themselves erased, and then the money comes after all: nobody is there
    /// to send the goods to, so it goes back, and the goods stay on the shelf.
    late_money_of_an_erased_person_goes_back,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 5).await;
        buys(shop, "one", BUYER, None).await;
        let id = shop.order_of_key("one");
        let session = shop.session_of(id).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.sandbox.pay(&session, Pay::DelayedSucceeds).expect("the buyer finishes");
        let Call::Done(told) = shop.shop.stripe.session(&session).await else { panic!("Stripe answers") };
        let mut fact = told.fact();
        fact.money = MoneyState::Failed;
        outbox::record(&shop.shop, id, fact).await.expect("recorded");
        shop.settle().await;
        privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
        shop.sandbox.set_faults(Faults::default());
        shop.sandbox.pay(&session, Pay::SettleDelayed).expect("time passes at the bank");
        outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        shop.settle().await;
        let order = shop.view(id).await;
        assert_eq!((order.captured() > 0, order.captured() - order.going_back()), (true, 0), "{order:?}");
        assert_eq!(shop.level("mug").await, (5, 0));
        assert!(singing(shop).await.is_empty());
    }
);

on_both_engines!(
    /// A backup that is restored brings people back: whoever was erased is erased again, and nobody else.
    who_comes_back_with_a_backup_is_erased_again,
    TestShop,
    async |shop: &TestShop| {
        let (first, _) = leaves_traces(shop).await;
        shop.check_out(&[("mug", 1)]).await;
        privacy::erase(&shop.shop, BUYER).await.expect("nothing is open");
        // As the backup has it.
        let sql = "update orders set buyer = $1, email = $1 where buyer like 'erased:%'";
        shop.shop.storage.write(sql, values![BUYER]).await.expect("the database answers");
        let sql = "update coupon_customers set buyer = $1 where buyer like 'erased:%'";
        shop.shop.storage.write(sql, values![BUYER]).await.expect("the database answers");
        let replayed = privacy::replay(&shop.shop).await.expect("it answers");
        assert_eq!(replayed, Replayed { erased: 1, ..Replayed::default() });
        assert_eq!(singing(shop).await, BTreeSet::new());
        assert!(shop.view(first).await.is_erased());
        let sql = "select count(*) from orders where buyer like 'erased:%'";
        assert_eq!(shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0), 2);
    }
);

on_both_engines!(
    /// Goods, money or a bank's question wait for this person: the erasure says which order it is, and changes nothing.
    an_open_order_stands_in_the_way,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let why = async || match privacy::erase(&shop.shop, BUYER).await {
            Err(ErasureFailure::Open(open)) => open.iter().map(|order| order.why).collect::<Vec<Open>>(),
            other => panic!("it was not refused: {other:?}"),
        };
        buys(shop, "one", BUYER, None).await;
        let id = shop.order_of_key("one");
        assert_eq!(why().await, [Open::Unpaid]);
        shop.pay(id).await;
        shop.settle().await;
        assert_eq!(why().await, [Open::Unsent]);
        let (status, body) = erase(shop, id).await;
        let number = shop.view(id).await.number;
        assert_eq!((status, body["code"].as_str()), (409, Some("order-open")), "{body}");
        assert!(body["detail"].as_str().expect("words").contains(&format!("Order {number} is paid and not sent")), "{body}");
        ships(shop, id, "parcel").await;

        let intent = shop.view(id).await.payments[0].intent_id.clone();
        let snapshot = shop.sandbox.snapshot();
        let charges = snapshot["charges"].as_array().expect("charges").clone();
        let charge = charges.iter().find(|charge| charge["payment_intent"] == intent.as_str()).expect("it was charged");
        shop.sandbox.dispute(charge["id"].as_str().expect("an id"), &NewDispute::because("general")).expect("disputed");
        shop.settle().await;
        assert_eq!(why().await, [Open::Disputed]);
        let dispute = shop.view(id).await.disputes[0].id.clone();
        shop.sandbox.decide_dispute(&dispute, Verdict::Won).expect("it is decided");
        shop.settle().await;
        assert_eq!(shop.view(id).await.email, BUYER, "nothing was changed");
        assert_eq!(shop.view(id).await.status, Status::Paid);
        privacy::erase(&shop.shop, BUYER).await.expect("nothing is open any more");
    }
);

on_both_engines!(
    /// What is handed out has every order with its address, and reads the same as JSON and as a spreadsheet.
    a_person_gets_all_that_is_kept_of_them,
    TestShop,
    async |shop: &TestShop| {
        let (first, _) = leaves_traces(shop).await;
        let path = format!("/api/admin/customers/{first}/export");
        let (status, data) = shop.staff("GET", &path, "x", Value::Null).await;
        assert_eq!((status, data["orders"].as_array().map(Vec::len)), (200, Some(2)), "{data}");
        assert_eq!(data["orders"][1]["shipping_address"]["street"], "17 Larkspur Lane");
        assert_eq!(data["stock_requests"][0]["sku"], "bowl");
        assert!(data["letters"].as_array().expect("letters").len() > 2);
        let (_, csv) = shop.staff("GET", &format!("{path}?format=csv"), "x", Value::Null).await;
        let csv = csv.as_str().expect("text").to_owned();
        assert!(csv.contains("orders.2.shipping_address.street,17 Larkspur Lane"), "{csv}");
        assert_eq!(shop.staff("GET", &format!("{path}?format=xml"), "x", Value::Null).await.0, 422);
    }
);

on_both_engines!(
    /// A customer is an address with orders: found by a part of it or of the name, newest first, a page at a time.
    customers_are_found_by_name_and_address,
    TestShop,
    async |shop: &TestShop| {
        let (first, _) = leaves_traces(shop).await;
        for _ in 0..5 {
            shop.check_out(&[("mug", 1)]).await;
        }
        let list = async |query: &str| {
            let (status, body) = shop.staff("GET", &format!("/api/admin/customers{query}"), "x", Value::Null).await;
            assert_eq!(status, 200, "{body}");
            body
        };
        let all = list("").await;
        assert_eq!(all["data"].as_array().map(Vec::len), Some(6));
        assert_eq!(all["data"][5]["id"], first.to_string());
        assert_eq!(all["data"][5]["orders_count"], 2);
        // 5760 with the discount, less 500; the second order went back whole.
        assert_eq!(all["data"][5]["totals"], json!([{ "amount": 5260, "currency": "USD" }]));
        let (mut seen, mut after) = (0, String::new());
        loop {
            let page = list(&format!("?limit=2{after}")).await;
            seen += page["data"].as_array().map_or(0, Vec::len);
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(seen, 6);
        for (q, found) in [("QUILL", 1), ("zebedee@", 1), ("canary_post", 0), ("buyer", 5), ("Larkspur", 0), ("100%", 0)] {
            let page = list(&format!("?q={}", q.replace('%', "%25"))).await;
            assert_eq!(page["data"].as_array().map(Vec::len), Some(found), "{q}: {page}");
        }
        let one = shop.staff("GET", &format!("/api/admin/customers/{first}"), "x", Value::Null).await;
        assert_eq!((one.0, one.1["orders"].as_array().map(Vec::len)), (200, Some(2)), "{}", one.1);
        let nobody = shop.staff("GET", "/api/admin/customers/ord_00000000000000000000000000000000", "x", Value::Null).await;
        assert_eq!(nobody.0, 404);
    }
);

on_both_engines!(
    /// Letters are letters beyond ASCII, too; a list that fills its page to the last row ends there.
    customers_are_found_by_names_of_any_script,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 9).await;
        let people = [("Émile  Zola", "canary-Émile@post.example"), ("Иван Петров", "canary-ivan@post.example"), ("林薇", "canary-lin@post.example")];
        for (at, (name, email)) in people.into_iter().enumerate() {
            let (status, body) = buys_as(shop, &at.to_string(), name, email, None).await;
            assert_eq!(status, 201, "{body}");
        }
        let list = async |query: &str| {
            let (status, body) = shop.staff("GET", &format!("/api/admin/customers?{query}"), "x", Value::Null).await;
            assert_eq!(status, 200, "{body}");
            body
        };
        for q in ["Émile", "émile zola", "CANARY-ÉMILE@", "МИЛ", "ИВАН", "иван петров", "петр", "林", "薇"] {
            let found = list(&form_urlencoded::Serializer::new(String::new()).append_pair("q", q).finish()).await;
            let expected = usize::from(q != "МИЛ");
            assert_eq!(found["data"].as_array().map(Vec::len), Some(expected), "{q}: {found}");
        }
        for query in ["limit=3", "limit=3&q=canary"] {
            let page = list(query).await;
            assert_eq!((page["data"].as_array().map(Vec::len), &page["next"]), (Some(3), &Value::Null), "{query}");
            assert_ne!(list(&query.replace('3', "2")).await["next"], Value::Null, "{query}");
        }
    }
);

on_both_engines!(
    /// Carts go after 30 days, letters after 30, and of an event older than 90 days its object alone is kept; it can still be
    /// read again.
    what_is_old_is_put_away,
    TestShop,
    async |shop: &TestShop| {
        leaves_traces(shop).await;
        let kept = retain::run(&shop.shop).await.expect("it runs");
        assert_eq!(kept, retain::Retained::default(), "nothing is old yet");
        // Files carry the machine's time, so that a few days are added to what the shop's clock needs.
        shop.shop.clock.advance(Span::minutes(40 * 24 * 60));
        let put_away = retain::run(&shop.shop).await.expect("it runs");
        assert!(put_away.carts == 1 && put_away.letters > 2 && put_away.events == 0, "{put_away:?}");
        assert_eq!(shop.letters(), 0);
        shop.shop.clock.advance(Span::minutes(51 * 24 * 60));
        let put_away = retain::run(&shop.shop).await.expect("it runs");
        assert!(put_away.events > 4, "{put_away:?}");
        assert!(!singing(shop).await.contains("stripe_events"));
        let sql = "select id from stripe_events where type = 'checkout.session.completed' order by id limit 1";
        let rows = shop.shop.storage.read(sql, values![]).await.expect("the database answers");
        let path = format!("/api/admin/events/{}/replay", rows[0].text(0));
        assert_eq!(shop.staff("POST", &path, "x", Value::Null).await.0, 202);
        shop.settle().await;
        let sql = "select count(*) from stripe_events where state <> 'done'";
        assert_eq!(shop.shop.storage.read(sql, values![]).await.expect("the database answers")[0].int(0), 0);
    }
);
