//! The first page of the desk: everything that needs doing stands there while its cause does, and leads to the page that
//! settles it; takings are those of the shop's own days.

use rules::ids::OrderId;
use rules::time::{Span, Timestamp};
use stockhold::staff::Role;
use stockhold::storage::settings;
use stockhold::values;
use stockhold::workers::reconcile;
use stripe_sandbox::{Fault, Faults, NewDispute, Pay, WebhookMode};

use crate::on_both_engines;
use crate::support::browser::Page;
use crate::support::shop::TestShop;

const KEYS: [&str; 16] = [
    "to-ship",
    "low-stock",
    "payment-differs",
    "refund-owed",
    "refund-unassigned",
    "dispute",
    "fraud-warning",
    "session-unreachable",
    "effect-refused",
    "unexplained",
    "stopped",
    "silent",
    "signatures",
    "events",
    "letters",
    "endpoints",
];

async fn today(shop: &TestShop, role: Role) -> Page {
    let page = shop.sign_in(role).await.get("/admin").await;
    assert_eq!(page.status, 200, "{}", page.text);
    page
}

/// What the page has to do, by key, with the place that each leads to.
fn todo(page: &Page) -> Vec<(String, String)> {
    let items = page.text.split("id=\"todo-").skip(1);
    items
        .map(|item| {
            let href = item.split("href=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
            (item.split('"').next().unwrap_or_default().to_owned(), href.to_owned())
        })
        .collect()
}

/// Whether the page says that this is to be done, and what it leads to shows `sign`; pages of other areas are theirs.
async fn says(shop: &TestShop, key: &str, sign: &str) {
    let items = todo(&today(shop, Role::Owner).await);
    let (_, href) = items.iter().find(|(known, _)| known == key).unwrap_or_else(|| panic!("no {key} in {items:?}"));
    if href.starts_with("/admin/payments") || href.starts_with("/admin/system") {
        let page = shop.sign_in(Role::Owner).await.get(href).await;
        assert!(page.status == 200 && page.text.contains(sign), "{key}: {href} {} {}", page.status, page.text);
    }
    let chinese = shop.sign_in(Role::Owner).await.get("/zh/admin").await;
    assert!(chinese.text.contains(&format!("id=\"todo-{key}\"")), "{key}");
}

async fn execute(shop: &TestShop, sql: &'static str) {
    shop.shop.storage.write(sql, values![]).await.expect("the database answers");
}

async fn paid_with(shop: &TestShop, card: &str) -> OrderId {
    let id = shop.check_out(&[("mug", 1)]).await;
    shop.sandbox.pay(&shop.session_of(id).await, Pay::Card(card.to_owned())).expect("the card is good");
    shop.settle().await;
    id
}

async fn charge_of(shop: &TestShop, id: OrderId) -> String {
    let intent = shop.view(id).await.payments[0].intent_id.clone();
    let snapshot = shop.sandbox.snapshot();
    let charges = snapshot["charges"].as_array().expect("charges");
    let own = charges.iter().find(|charge| charge["payment_intent"] == intent.as_str()).expect("it was charged");
    own["id"].as_str().expect("an id").to_owned()
}

on_both_engines!(
    /// Each cause that is planted stands on the page, and nothing stands there before.
    everything_that_needs_doing_is_there_and_leads_on,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 30).await;
        assert_eq!(todo(&today(shop, Role::Owner).await), []);
        let id = paid_with(shop, "4242424242424242").await;
        says(shop, "to-ship", "").await;

        let intent = shop.view(id).await.payments[0].intent_id.clone();
        shop.sandbox.dashboard_refund(&intent, Some(400)).expect("it is refunded");
        shop.settle().await;
        says(shop, "refund-unassigned", "data-kind=\"refund_unassigned\"").await;

        let id = paid_with(shop, "4000000000005126").await;
        let body = serde_json::json!({ "amount": { "amount": 500, "currency": "USD" } });
        assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "one", body).await.0, 201);
        shop.shop.clock.advance(Span::minutes(5));
        shop.sandbox.let_time_pass();
        shop.settle().await;
        says(shop, "refund-owed", "data-kind=\"refund_owed\"").await;

        let id = paid_with(shop, "4242424242424242").await;
        shop.sandbox.dispute(&charge_of(shop, id).await, &NewDispute::because("fraudulent")).expect("a dispute");
        shop.settle().await;
        says(shop, "dispute", "Said to be fraud").await;
        let id = paid_with(shop, "4242424242424242").await;
        shop.sandbox.warn_of_fraud(&charge_of(shop, id).await).expect("a warning");
        shop.settle().await;
        says(shop, "fraud-warning", "data-kind=\"fraud_warning\"").await;

        execute(shop, "update effects set state = 'refused' where id = (select max(id) from effects
            where kind = 'send_letter' and state = 'done')").await;
        says(shop, "effect-refused", "data-kind=\"effect_refused\"").await;
        execute(shop, "update effects set state = 'due', attempts = 3, due_at = 9000000000000000 where state = 'refused'").await;
        says(shop, "letters", "Send a letter").await;
        execute(shop, "update effects set state = 'done' where state = 'due'").await;
        execute(shop, "update stripe_events set state = 'failed' where id = (select max(id) from stripe_events)").await;
        says(shop, "events", "Failed").await;
        execute(shop, "update stripe_events set state = 'done' where state = 'failed'").await;

        let request = shop.http.post(format!("{}/api/webhooks/stripe", shop.base_url));
        let refused = request.header("Stripe-Signature", "t=1,v1=00").body("{}").send().await.expect("it answers");
        assert_eq!(refused.status().as_u16(), 400);
        says(shop, "signatures", "refused for its signature").await;

        // Webhooks stop; what happens at Stripe is found by comparing.
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.sandbox.dashboard_refund(&intent, Some(300)).expect("it is refunded");
        reconcile::run(&shop.shop, Some(Timestamp::from_micros(0)), false, |_| {}).await.expect("Stripe answers");
        says(shop, "unexplained", "$3.00").await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost).with(Fault::Forbidden.standing()));
        assert!(reconcile::run(&shop.shop, None, true, |_| {}).await.is_err());
        says(shop, "stopped", "may not do this").await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));

        shop.shop.clock.advance(Span::minutes(1)); // After the last event that came.
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.sandbox.lose(&shop.session_of(id).await);
        shop.shop.clock.advance(Span::minutes(25 * 60));
        shop.settle().await;
        says(shop, "silent", "No event has come").await;
        says(shop, "session-unreachable", "data-kind=\"session_unreachable\"").await;

        execute(
            shop,
            "insert into webhook_endpoints
                (id, url, note, topics, state, why, generation, previous_until, created_at, revision)
                values ('whk_1', 'https://elsewhere.example/', '', '', 'disabled', 'failing', 1, 0, 1, 1)",
        )
        .await;
        says(shop, "endpoints", "").await;

        // With all but a few gone, the shelf is low.
        let body = serde_json::json!({ "delta": -20, "reason": "damaged" });
        let (status, answer) = shop.staff("POST", "/api/admin/stock/mug/movements", "gone", body).await;
        assert!(status < 300, "{answer}");
        says(shop, "low-stock", "").await;

        let told: Vec<String> = todo(&today(shop, Role::Owner).await).into_iter().map(|(key, _)| key).collect();
        assert!(told.iter().all(|key| KEYS.contains(&key.as_str())), "{told:?}");
        // Whoever packs parcels sees what is theirs, and no money.
        let packer = today(shop, Role::Fulfilment).await;
        let keys: Vec<String> = todo(&packer).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["to-ship", "low-stock"]);
        assert!(!packer.text.contains("Takings") && !packer.text.contains('$'), "{}", packer.text);
        shop.sandbox.set_faults(Faults::default());
        reconcile::run(&shop.shop, Some(Timestamp::from_micros(0)), true, |_| {}).await.expect("Stripe answers");
        shop.settle().await;
        assert!(!todo(&today(shop, Role::Owner).await).iter().any(|(key, _)| key == "unexplained" || key == "stopped"));
    }
);

on_both_engines!(
    /// Takings are paid minus refunded, by the shop's own day; before the first sale the page says how to begin.
    takings_are_those_of_the_shops_own_day,
    TestShop,
    async |shop: &TestShop| {
        settings::set(&shop.shop.storage, "time_zone", "Pacific/Auckland").await.expect("the database answers");
        shop.stock("mug", 30).await;
        let empty = today(shop, Role::Owner).await;
        assert!(empty.text.contains("Nothing sold yet") && empty.text.contains("Place a test order"), "{}", empty.text);
        // It is 1 o'clock in the morning there; the last order was placed an hour and a half ago, on the day before.
        let id = shop.paid(&[("mug", 2)]).await;
        shop.shop.clock.advance(Span::minutes(90));
        let body = serde_json::json!({ "amount": { "amount": 1000, "currency": "USD" } });
        assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "one", body).await.0, 201);
        shop.settle().await;
        let page = today(shop, Role::Owner).await.text;
        let sums: Vec<&str> =
            page.split("<dd>").skip(1).filter_map(|rest| rest.split("</dd>").next()).take(3).collect();
        assert_eq!(sums[1..], ["$54.00", "$54.00"], "{sums:?}");
        assert!(page.contains("<svg") && page.contains("best day brought"), "{page}");
        assert!(page.contains("Best sellers") && !page.contains("Nothing sold yet"));
        // The reports say the same, as tables and as CSV.
        let owner = shop.sign_in(Role::Owner).await;
        let reports = owner.get("/admin/reports").await;
        assert!(reports.status == 200 && reports.text.contains("$54.00"), "{}", reports.text);
        let days = owner.get("/admin/reports/days.csv").await.text;
        let (paid, back) = days.lines().skip(1).fold((0, 0), |(paid, back), line| {
            let cells: Vec<&str> = line.split(',').collect();
            let cents = |text: &str| text.replace('.', "").parse::<i64>().expect("an amount");
            (paid + cents(cells[3]), back + cents(cells[4]))
        });
        assert_eq!((paid, back), (6400, 1000), "{days}");
        let products = owner.get("/admin/reports/products.csv").await.text;
        assert!(products.starts_with("\u{feff}sku,title,units,currency,sold\nmug,") && products.contains(",2,USD,64.00"), "{products}");
        // Units and amounts are of the same lines, also when a part of them goes back.
        let part = serde_json::json!({ "items": [{ "sku": "mug", "quantity": 1 }] });
        assert_eq!(shop.staff("POST", &format!("/api/admin/orders/{id}/refunds"), "two", part).await.0, 201);
        shop.settle().await;
        let after = owner.get("/admin/reports/products.csv").await.text;
        assert_eq!(after, products, "what was paid for stays, and what went back is in the days");
        assert_eq!(owner.get("/admin/reports/nothing.csv").await.status, 404);
        assert_eq!(owner.get("/admin/reports?from=2026-02-30&to=2026-03-01").await.status, 422);
        for page in ["/admin/reports/countries.csv", "/admin/reports/taxes.csv", "/admin/system", "/zh/admin/system"] {
            assert_eq!(owner.get(page).await.status, 200, "{page}");
        }
    }
);

on_both_engines!(
    /// The setup counts what is done, and what the shopkeeper does is done.
    the_setup_counts_what_is_done,
    TestShop,
    async |shop: &TestShop| {
        let page = today(shop, Role::Owner).await.text;
        assert!(page.contains("Setup: 0 of 9 done"), "{page}");
        shop.stock("mug", 1).await;
        settings::set(&shop.shop.storage, "name_en", "The Mug Shop").await.expect("the database answers");
        let page = today(shop, Role::Manager).await.text;
        assert!(page.contains("Setup: 2 of 9 done"), "{page}");
        assert!(!today(shop, Role::ReadOnly).await.text.contains("Setup:"), "they cannot do anything about it");
    }
);
