//! Stock by hand: count sheets beside a shop that sells, and goods that are missing although they are promised.

use rules::commands::Refusal;
use rules::commands::correct_stock::{BelowHeld, CorrectStock};
use rules::commands::count_stock::CountStock;
use rules::ids::CountId;
use rules::stock::{Counted, Reason};
use stockhold::ledger::Failure;
use stockhold::storage::stock::{self, Account};

use crate::on_both_engines;
use crate::support::books::{TestBooks, noon, sku};

fn correction(id: u128, name: &str, delta: i64, revision: Option<i64>, below_held: BelowHeld) -> CorrectStock {
    let (id, actor) = (CountId::from_u128(id), "staff:ann".to_owned());
    let count = CountStock { id, sku: sku(name), delta, reason: Reason::Counted, actor };
    CorrectStock { count, revision, below_held }
}

async fn account(shop: &TestBooks, name: &str) -> Account {
    stock::find(&shop.storage, &sku(name)).await.expect("the database answers").expect("it is on the shelf")
}

/// On hand, held and short.
async fn level(shop: &TestBooks, name: &str) -> (i64, i64, i64) {
    let account = account(shop, name).await;
    (account.on_hand, account.held, account.short)
}

on_both_engines!(
    /// Setting stock below what is held is refused, then confirmed, and then in the books until it is made up for.
    a_shortfall_is_explicit_and_never_a_negative,
    async |shop: &TestBooks| {
        shop.stock("mug", 5).await;
        let first = shop.place_open(&[("mug", 2)]).await;
        let second = shop.place_open(&[("mug", 3)]).await;
        let correct = async |id, delta, below| shop.ledger.correct_stock(correction(id, "mug", delta, None, below), noon()).await;
        let refused = correct(1001, -2, BelowHeld::Refuse).await;
        assert_eq!(refused, Err(Failure::Refused(Refusal::StockBelowHeld { sku: sku("mug"), held: 5 })));
        let noted = correct(1001, -2, BelowHeld::Shortfall).await;
        assert_eq!(noted, Ok(Counted { on_hand: 5, held: 5, short: 2, again: false }));
        assert_eq!(shop.count_of("select count(*) from movements").await, 1, "no movement: nothing left the books yet");

        // The same click again, though no movement tells of it.
        let again = correct(1001, -2, BelowHeld::Shortfall).await;
        assert_eq!(again, Ok(Counted { on_hand: 5, held: 5, short: 2, again: true }));
        assert_eq!(correct(1001, -1, BelowHeld::Shortfall).await, Err(Failure::Refused(Refusal::IdempotencyKeyReused)));
        let noted = stock::shortfalls(&shop.storage, &sku("mug")).await.expect("the database answers");
        assert_eq!((noted.len(), noted[0].units, noted[0].actor.as_str()), (1, 2, "staff:ann"));

        // One order lapses: of the two that come back none is there. The other is paid, and gets the three that are.
        shop.close(first).await;
        assert_eq!(level(shop, "mug").await, (3, 3, 0));
        shop.pay(second).await;
        assert_eq!(level(shop, "mug").await, (0, 0, 0));
        let reasons: Vec<String> = account(shop, "mug").await.movements.into_iter().map(|m| m.reason).collect();
        assert_eq!(reasons, ["sold", "shortfall", "received"]);
    }
);

on_both_engines!(
    /// Sold before it is made up for: nothing is for sale until as many came in as are missing.
    goods_that_are_owed_are_taken_from_the_next_delivery,
    async |shop: &TestBooks| {
        shop.stock("mug", 3).await;
        let order = shop.place_open(&[("mug", 3)]).await;
        shop.miss("mug", 2).await.expect("it is confirmed");
        shop.pay(order).await;
        assert_eq!(level(shop, "mug").await, (0, 0, 2));
        let unsent = stock::unsent(&shop.storage, &sku("mug")).await.expect("the database answers");
        assert_eq!(unsent.iter().map(|order| order.quantity).collect::<Vec<_>>(), [3], "who waits for it is named");
        shop.count("mug", 1).await.expect("one comes");
        assert_eq!(level(shop, "mug").await, (0, 0, 1));
        let short = shop.place(&[("mug", 1)]).await;
        assert!(matches!(short, Err(Failure::Refused(Refusal::OutOfStock { .. }))), "{short:?}");
        shop.count("mug", 4).await.expect("four more come");
        assert_eq!(level(shop, "mug").await, (3, 0, 0));
    }
);

on_both_engines!(
    /// A sheet was printed, goods were sold, and the count comes in: what was sold stays sold.
    a_count_respects_what_was_sold_since_its_sheet_was_printed,
    async |shop: &TestBooks| {
        shop.stock("mug", 10).await;
        let printed = account(shop, "mug").await;
        let order = shop.place_open(&[("mug", 4)]).await;
        shop.pay(order).await;
        let counted = 9 - (printed.on_hand - printed.short);
        let counted = correction(1007, "mug", counted, Some(printed.revision), BelowHeld::Refuse);
        let done = shop.ledger.correct_stock(counted.clone(), noon()).await;
        assert_eq!(done, Ok(Counted { on_hand: 5, held: 0, short: 0, again: false }));
        let again = shop.ledger.correct_stock(counted, noon()).await;
        assert_eq!(again, Ok(Counted { on_hand: 5, held: 0, short: 0, again: true }), "the form sent twice is one count");

        let late = correction(1008, "mug", -3, Some(printed.revision), BelowHeld::Refuse);
        let late = shop.ledger.correct_stock(late, noon()).await;
        assert_eq!(late, Err(Failure::Refused(Refusal::StockCountedSince { sku: sku("mug") })), "another sheet was faster");
    }
);

on_both_engines!(
    /// Two people count the same shelf from two copies of one sheet, in the same moment: one of them is heard.
    of_two_counts_from_one_sheet_one_counts,
    async |shop: &TestBooks| {
        shop.stock("mug", 10).await;
        let printed = account(shop, "mug").await;
        let counts = (0..8).map(|id| {
            let count = correction(1100 + id, "mug", -1, Some(printed.revision), BelowHeld::Refuse);
            shop.ledger.correct_stock(count, noon())
        });
        let answers = futures_util::future::join_all(counts).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
        assert_eq!(level(shop, "mug").await, (9, 0, 0));
    }
);

mod at_the_desk {
    use rules::ids::OrderId;
    use rules::orders::{Hold, Status};
    use rules::time::Span;
    use stockhold::staff::Role;
    use stripe_sandbox::{Fault, Faults};

    use crate::on_both_engines;
    use crate::support::browser::Page;
    use crate::support::shop::TestShop;

    fn field(page: &Page, before: &str) -> String {
        let at = page.text.find(before).unwrap_or_else(|| panic!("no {before} in {}", page.text)) + before.len();
        page.text[at..].split('"').next().unwrap_or_default().to_owned()
    }

    on_both_engines!(
        /// Below what is held: the page asks, names the orders, and only then notes it.
        a_shortfall_names_the_orders_and_is_confirmed,
        TestShop,
        async |shop: &TestShop| {
            shop.stock("mug", 3).await;
            let order = shop.check_out(&[("mug", 2)]).await;
            let number = shop.view(order).await.number;
            let browser = shop.sign_in(Role::Manager).await;
            let change = [("identity", "one"), ("delta", "-2"), ("reason", "damaged")];
            let asked = browser.post("/admin/stock/mug/change", &change).await;
            assert_eq!(asked.status, 409);
            assert!(asked.text.contains(&format!("Order {number}")) && asked.text.contains("1 missing"), "{}", asked.text);
            assert_eq!(shop.level("mug").await, (3, 2), "nothing has changed yet");
            // Two people take what was left while it is read: one gives up, and another buys as much.
            let orders = field(&asked, "name=\"orders\" value=\"");
            assert_eq!((field(&asked, "name=\"confirmed\" value=\""), orders.as_str()), ("1".to_owned(), &*order.to_string()));
            let confirmed = [&change[..], &[("confirmed", "1"), ("orders", &orders)]].concat();
            let faster = shop.check_out(&[("mug", 1)]).await;
            let faster_number = shop.view(faster).await.number;
            let again = browser.post("/admin/stock/mug/change", &confirmed).await;
            assert_eq!(again.status, 409);
            let named = format!("Order {faster_number}");
            let told = ["It has changed since you looked", "2 missing", named.as_str()];
            assert!(told.iter().all(|words| again.text.contains(*words)), "{}", again.text);
            assert_eq!((shop.level("mug").await, field(&again, "name=\"confirmed\" value=\"")), ((3, 3), "2".to_owned()));
            shop.cancel(faster).await;
            shop.settle().await;
            // As many as were shown, but for one who was not named.
            let other = shop.check_out(&[("mug", 1)]).await;
            let seen = field(&again, "name=\"orders\" value=\"");
            let as_many = [&change[..], &[("confirmed", "2"), ("orders", &seen)]].concat();
            assert_eq!(browser.post("/admin/stock/mug/change", &as_many).await.status, 409);
            shop.cancel(other).await;
            shop.settle().await;
            for _ in 0..2 {
                let noted = browser.post("/admin/stock/mug/change", &confirmed).await;
                assert_eq!(noted.location, "/admin/stock/mug?done=stock-short", "{}", noted.text);
            }
            assert_eq!(shop.level("mug").await, (2, 2));
            let page = browser.get("/admin/stock/mug").await;
            assert!(page.text.contains("1 missing") && page.text.contains("1 unit is missing"), "{}", page.text);
            let list = browser.get("/zh/admin/stock?which=short").await;
            assert!(list.text.contains("短缺 1 件"), "{}", list.text);
            // Over the API the number may be said as well.
            let move_stock = async |key: &str, body: serde_json::Value| shop.staff("POST", "/api/admin/stock/mug/movements", key, body).await;
            let body = |short_max: i64| serde_json::json!({ "delta": -1, "reason": "counted", "shortfall": true, "short_max": short_max });
            let refused = move_stock("fewer", body(1)).await;
            assert_eq!((refused.0, refused.1["code"].as_str()), (409, Some("stock-below-held")), "{refused:?}");
            let alone = serde_json::json!({ "delta": -1, "reason": "counted", "short_max": 2 });
            assert_eq!(move_stock("alone", alone).await.0, 422);
            assert_eq!(move_stock("negative", body(-1)).await.0, 422);
            assert_eq!(move_stock("as it is", body(2)).await.1["short"], 2);
            assert_eq!(move_stock("back", serde_json::json!({ "delta": 1, "reason": "correction" })).await.1["short"], 1);

            // The same form with another number is another change, and nobody is told that it is too large.
            let reused = browser.post("/admin/stock/mug/change", &[&confirmed[..1], &[("delta", "1")], &confirmed[2..]].concat()).await;
            assert!(reused.status == 422 && reused.text.contains("used for another change"), "{}", reused.text);
            // What is missing already is missing then as well.
            let more = browser.post("/admin/stock/mug/change", &[("identity", "two"), ("delta", "-1"), ("reason", "counted")]).await;
            assert!(more.text.contains("2 are held for orders, and only 0 would be left: 2 missing"), "{}", more.text);
            let goods = browser.get("/admin/products/mug").await;
            assert!(goods.text.contains("1 missing of what is promised"), "{}", goods.text);

            // Its buyer gives up: of the two that come back one is not there.
            shop.cancel(order).await;
            shop.settle().await;
            assert_eq!(shop.level("mug").await, (1, 0));
            assert!(browser.get("/admin/stock/mug").await.text.contains("Missing units written off"));
        }
    );

    on_both_engines!(
        /// A hold is released once its payment page is closed; a buyer who was faster has paid; and without Stripe it stays.
        a_hold_is_released_by_hand_only_when_nobody_can_pay_any_more,
        TestShop,
        async |shop: &TestShop| {
            shop.stock("mug", 3).await;
            let browser = shop.sign_in(Role::Manager).await;
            let release = async |order: OrderId| {
                let page = browser.post("/admin/stock/mug/release", &[("order", &order.to_string())]).await;
                page.location
            };
            let order = shop.check_out(&[("mug", 1)]).await;
            let page = browser.get("/admin/stock/mug").await.text;
            assert!(page.contains("30 minutes left") && page.contains("3 on hand, 1 held"), "{page}");
            shop.stock("bowl", 1).await;
            let elsewhere = browser.post("/admin/stock/bowl/release", &[("order", &order.to_string())]).await;
            assert_eq!((elsewhere.status, shop.view(order).await.hold), (404, Hold::Live), "it holds no bowl");
            assert_eq!(release(order).await, "/admin/stock/mug?done=hold-released");
            let view = shop.view(order).await;
            assert_eq!((view.hold, view.status), (Hold::Released, Status::Expired));
            let session = shop.sandbox.session(&shop.session_of(order).await).expect("Stripe knows it");
            assert_eq!(session["status"], "expired", "S4");

            let faster = shop.check_out(&[("mug", 1)]).await;
            shop.pay(faster).await;
            assert_eq!(release(faster).await, "/admin/stock/mug?done=hold-paid");
            assert_eq!(shop.view(faster).await.status, Status::Paid, "if Stripe says paid, it is paid");

            let stuck = shop.check_out(&[("mug", 1)]).await;
            let away = Fault::ServerError.on("POST /v1/checkout/sessions/").standing();
            shop.sandbox.set_faults(Faults::default().with(away));
            assert_eq!(release(stuck).await, "/admin/stock/mug?done=hold-unknown");
            assert_eq!(shop.view(stuck).await.hold, Hold::Live, "S4");
            shop.sandbox.set_faults(Faults::default());
            shop.shop.clock.advance(Span::seconds(1)); // Stripe keeps a 500 under its key; a later try has another.
            assert_eq!(release(stuck).await, "/admin/stock/mug?done=hold-released");
            shop.settle().await;
            assert_eq!(shop.level("mug").await, (2, 0));
        }
    );

    on_both_engines!(
        /// A sheet that was printed before somebody changed the level by hand: their change may be in the count already.
        a_row_that_was_changed_since_counts_nothing,
        TestShop,
        async |shop: &TestShop| {
            shop.stock("mug", 4).await;
            let browser = shop.sign_in(Role::Manager).await;
            let sheet = browser.get("/admin/stock/count").await;
            let change = [("identity", "one"), ("delta", "-1"), ("reason", "damaged")];
            assert_eq!(browser.post("/admin/stock/mug/change", &change).await.status, 303);
            let printed = ["identity", "sku.0", "printed.0", "revision.0"]
                .map(|name| (name, field(&sheet, &format!("name=\"{name}\" value=\""))));
            let mut fields: Vec<(&str, &str)> = printed.iter().map(|(name, value)| (*name, value.as_str())).collect();
            fields.push(("counted.0", "3"));
            let counted = browser.post("/admin/stock/count", &fields).await;
            assert_eq!((counted.status, shop.level("mug").await), (409, (3, 0)), "{}", counted.text);
        }
    );

    on_both_engines!(
        /// A sheet of three: one right, one changed beside a sale, one below what is held; each has its own result.
        a_count_sheet_has_a_result_for_each_row,
        TestShop,
        async |shop: &TestShop| {
            for (name, units) in [("bowl", 5), ("mug", 4), ("tray", 3)] {
                shop.stock(name, units).await;
            }
            let browser = shop.sign_in(Role::Manager).await;
            let sheet = browser.get("/admin/stock/count").await;
            let csv = browser.get("/admin/stock/count.csv").await.text;
            assert!(csv.contains("sku,product,variant") && csv.contains("bowl,"), "{csv}");
            shop.paid(&[("bowl", 2)]).await;
            shop.check_out(&[("tray", 3)]).await;
            let identity = field(&sheet, "name=\"identity\" value=\"");
            let mut fields: Vec<(String, String)> = vec![("identity".to_owned(), identity)];
            for (at, counted) in [(0, "4"), (1, "4"), (2, "1")] {
                for name in ["sku", "printed", "revision"] {
                    fields.push((format!("{name}.{at}"), field(&sheet, &format!("name=\"{name}.{at}\" value=\""))));
                }
                fields.push((format!("counted.{at}"), counted.to_owned()));
            }
            let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let counted = browser.post("/admin/stock/count", &fields).await;
            assert_eq!(counted.status, 409);
            assert!(counted.text.contains("3 rows counted, 1 needs another look."), "{}", counted.text);
            assert_eq!(shop.level("bowl").await, (2, 0), "one less than printed, and two were sold");
            assert_eq!((shop.level("mug").await, shop.level("tray").await), ((4, 0), (3, 3)));

            // The same sheet sent again counts nothing twice; the row that asked is confirmed.
            assert!(counted.text.contains("held for orders: 2 missing"), "{}", counted.text);
            let fewer = [&fields[..], &[("confirmed.2", "1")]].concat();
            assert_eq!(browser.post("/admin/stock/count", &fewer).await.status, 409, "one was never shown");
            let again = [&fields[..], &[("confirmed.2", "2")]].concat();
            let done = browser.post("/admin/stock/count", &again).await;
            assert!(done.status == 200 && done.text.contains("2 are missing"), "{}", done.text);
            assert_eq!((shop.level("bowl").await, shop.level("tray").await), ((2, 0), (3, 3)));
            assert!(browser.get("/admin/stock?which=short").await.text.contains("2 missing"));
        }
    );
}
