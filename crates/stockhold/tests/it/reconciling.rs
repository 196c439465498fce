//! Our books are damaged by hand, and reconciliation names the damage and nothing else; Stripe goes away in the middle,
//! and the next run goes on from there.

use std::process::Command;

use rules::reconciliation::Kind;
use rules::time::Timestamp;
use stockhold::shop::Shop;
use stockhold::storage::reconciliation::{self as runs, Run};
use stockhold::storage::{RowExt, orders};
use stockhold::stripe::client::Timeouts;
use stockhold::values;
use stockhold::workers::reconcile::{self, Stopped};
use stripe_sandbox::{Fault, Faults, WebhookMode};

use crate::on_both_engines;
use crate::support::shop::TestShop;
use crate::support::steps::{Mishap, Plan, process};
use crate::support::trade::{agrees, trade};

/// One row that somebody changed by hand.
struct Damage {
    /// Gives the id that our statements need, Stripe's name of the object, and the cents that are at stake.
    choose: &'static str,
    /// With that id as `$1`.
    harm: &'static [&'static str],
    kind: Kind,
    /// Whether the cents are unexplained then; otherwise only a word differs.
    is_gap: bool,
    /// Undone with the id as `$1`; none: `--apply` mends it.
    undo: Option<&'static [&'static str]>,
}

const DAMAGES: &[Damage] = &[
    Damage {
        choose: "select intent_id, intent_id, cast(700 as bigint) from payments where purpose = 'order'
            order by intent_id limit 1",
        harm: &["update payments set amount_minor = amount_minor + 700 where intent_id = $1"],
        kind: Kind::PaymentAmount,
        is_gap: true,
        undo: Some(&["update payments set amount_minor = amount_minor - 700 where intent_id = $1"]),
    },
    Damage {
        choose: "select id, stripe_id, cast(7 as bigint) from refunds where state = 'succeeded' order by id limit 1",
        harm: &["update refunds set amount_minor = amount_minor + 7 where id = $1"],
        kind: Kind::RefundAmount,
        is_gap: true,
        undo: Some(&["update refunds set amount_minor = amount_minor - 7 where id = $1"]),
    },
    Damage {
        choose: "select id, stripe_id, amount_minor from refunds where state = 'succeeded' order by id limit 1",
        harm: &["update refunds set state = 'failed' where id = $1"],
        kind: Kind::RefundState,
        is_gap: true,
        undo: Some(&["update refunds set state = 'succeeded' where id = $1"]),
    },
    Damage {
        choose: "select id, stripe_id, cast(0 as bigint) from refunds where state = 'succeeded' order by id desc limit 1",
        harm: &["update refunds set state = 'pending' where id = $1"],
        kind: Kind::RefundState,
        is_gap: false,
        undo: None,
    },
    Damage {
        choose: "select r.id, r.stripe_id, r.amount_minor from refunds r where r.state = 'succeeded'
            and r.kind = 'dashboard' order by r.id limit 1",
        harm: &[
            "update payments set refunded_minor = refunded_minor - (select amount_minor from refunds where id = $1)
                where intent_id = (select intent_id from refunds where id = $1)",
            "delete from refund_lines where refund_id = $1",
            "delete from refunds where id = $1",
        ],
        kind: Kind::RefundUnknown,
        is_gap: true,
        undo: None,
    },
    Damage {
        choose: "select id, id, withdrawn_minor from disputes where withdrawn_minor > 0 order by id limit 1",
        harm: &[
            "update payments set disputed_minor = disputed_minor - (select withdrawn_minor from disputes where id = $1)
                where intent_id = (select intent_id from disputes where id = $1)",
            "update disputes set withdrawn_minor = 0 where id = $1",
        ],
        kind: Kind::DisputeState,
        is_gap: true,
        undo: None,
    },
    Damage {
        choose: "select id, session_id, cast(0 as bigint) from orders where status = 'paid'
            and session_state = 'complete' order by id limit 1",
        harm: &["update orders set session_state = 'open' where id = $1"],
        kind: Kind::SessionState,
        is_gap: false,
        undo: None,
    },
    Damage {
        choose: "select id, session_id, cast(0 as bigint) from orders where status = 'expired'
            and session_state = 'closed' order by id limit 1",
        harm: &["update orders set session_state = 'open' where id = $1"],
        kind: Kind::SessionState,
        is_gap: false,
        undo: None,
    },
    Damage {
        choose: "select p.intent_id, p.intent_id, p.amount_minor from payments p where p.purpose = 'order'
            and not exists (select 1 from refunds r where r.intent_id = p.intent_id)
            and not exists (select 1 from disputes d where d.intent_id = p.intent_id) order by p.intent_id limit 1",
        harm: &["delete from payments where intent_id = $1"],
        kind: Kind::PaymentUnknown,
        is_gap: true,
        undo: None,
    },
];

/// A comparison of everything.
async fn compare(shop: &Shop, applies: bool) -> Result<Run, Stopped> {
    reconcile::run(shop, Some(Timestamp::from_micros(0)), applies, |_| {}).await
}

async fn execute(shop: &TestShop, statements: &[&'static str], id: &str) {
    let each = statements.iter().map(|sql| (*sql, values![id])).collect();
    shop.shop.storage.write_many(each).await.expect("the database answers");
}

on_both_engines!(
    /// M4, R5: each damage is named, alone, to the cent; what Stripe's word can mend is mended by it.
    a_damaged_row_is_named_and_nothing_else,
    TestShop,
    async |shop: &TestShop| {
        trade(shop, 5, 60).await;
        agrees(shop).await;
        let storage = &shop.shop.storage;
        for damage in DAMAGES {
            let chosen = storage.read(damage.choose, values![]).await.expect("the database answers");
            let chosen = chosen.first().unwrap_or_else(|| panic!("the day has none of {}", damage.choose));
            let (id, subject, cents) = (chosen.text(0), chosen.text(1), chosen.int(2));
            execute(shop, damage.harm, id).await;
            let run = compare(&shop.shop, false).await.expect("Stripe answers");
            let found = runs::findings(storage, &run.id, 100).await.expect("the database answers");
            let told: Vec<_> = found.iter().map(|one| (one.kind, one.subject.as_str(), one.gap.minor)).collect();
            let gap = if damage.is_gap { cents } else { 0 };
            assert_eq!(told, vec![(damage.kind, subject, gap)], "after {:?}", damage.harm);
            let open = runs::unexplained(storage, &run.id).await.expect("the database answers");
            assert_eq!(open.iter().map(|money| money.minor).sum::<i64>(), gap, "after {:?}", damage.harm);
            let applied = compare(&shop.shop, true).await.expect("Stripe answers");
            let found = runs::findings(storage, &applied.id, 100).await.expect("the database answers");
            let mended = found.iter().all(|one| one.repaired);
            assert_eq!(mended, damage.undo.is_none(), "after {:?}: {found:#?}", damage.harm);
            if let Some(undo) = damage.undo {
                execute(shop, undo, id).await;
            }
            shop.settle().await;
            agrees(shop).await;
        }
    }
);

on_both_engines!(
    /// M4, M5: the row of a payment is lost: reconciliation brings it back, and never sends a paid order's money away.
    a_lost_payment_of_a_paid_order_is_not_sent_back,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.paid(&[("mug", 1)]).await;
        execute(shop, &["delete from payments where order_id = $1"], &id.to_string()).await;
        compare(&shop.shop, true).await.expect("Stripe answers");
        shop.settle().await;
        agrees(shop).await;
        assert_eq!((shop.view(id).await.refunds.len(), shop.sandbox.refunded_minor(&id.to_string())), (0, 0));
    }
);

/// What a run has come to, without its own name.
async fn outcome(shop: &Shop, run: &Run) -> String {
    let found = runs::findings(&shop.storage, &run.id, 1000).await.expect("the database answers");
    let unexplained = runs::unexplained(&shop.storage, &run.id).await.expect("the database answers");
    format!("{:?} {found:?} {unexplained:?}", run.compared)
}

on_both_engines!(
    /// A run that stops because Stripe is away goes on where it stopped, whichever request it was, and comes to the same.
    /// Pages of a hundred are walked; what other applications sell in the same account is looked at and never counted.
    a_comparison_goes_on_where_it_stopped,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 3).await;
        let id = shop.check_out(&[("mug", 2)]).await;
        shop.pay(id).await;
        shop.settle().await;
        stockhold::outbox::settle(&shop.shop, id).await.expect("Stripe answers");
        for n in 0..130 {
            shop.sandbox.foreign_payment(1000 + n, "usd").expect("another application sells");
        }
        let intent = shop.view(id).await.payments[0].intent_id.clone();
        shop.sandbox.dashboard_refund(&intent, Some(500)).expect("it is refunded");
        let one_try = Timeouts { tries: 1, ..Timeouts::default() };
        let well = Plan::none();
        let watched = process(shop, well.clone(), one_try).await;
        well.arm();
        let run = compare(&watched, false).await.expect("Stripe answers");
        let right = outcome(&watched, &run).await;
        assert!(right.contains("500") && run.compared["refunds"] == 131 && run.compared["events"] == 0, "{right}");
        let mut stopped = 0;
        for at in 1..=well.seen() {
            let plan = Plan::new(Mishap::AnswerLost, at);
            let watched = process(shop, plan.clone(), one_try).await;
            plan.arm();
            let run = match compare(&watched, false).await {
                Ok(run) => run,
                Err(_) => {
                    stopped += 1;
                    shop.shop.clock.advance(rules::time::Span::minutes(6)); // The lease of a run that is not let go.
                    let latest = runs::latest(&watched.storage).await.expect("it answers").expect("a run was begun");
                    let run = compare(&watched, false).await.expect("Stripe answers");
                    assert!(run.id == latest.id || latest.is_done, "it goes on with the run that stopped");
                    run
                }
            };
            assert_eq!(outcome(&watched, &run).await, right, "stopped at step {at}");
        }
        assert!(stopped > 15, "each request and each note can stop it: {stopped}");
        compare(&shop.shop, true).await.expect("Stripe answers");
        shop.settle().await;
        agrees(shop).await;
    }
);

on_both_engines!(
    /// M4: news that an event tells is not passed over because Stripe is away at that moment.
    no_event_is_passed_over_when_stripe_goes_away,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        let planned = Faults::webhooks(WebhookMode::Lost).with(Fault::Unreachable.on("/v1/checkout/sessions/"));
        shop.sandbox.set_faults(planned);
        let one_try = process(shop, Plan::none(), Timeouts { tries: 1, ..Timeouts::default() }).await;
        let away = compare(&one_try, true).await;
        assert!(matches!(away, Err(Stopped::StripeAway(_))), "{away:?}");
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        compare(&one_try, true).await.expect("Stripe answers");
        shop.settle().await;
        agrees(shop).await;
        assert_eq!(orders::find(&shop.shop.storage, id).await.expect("it answers").expect("it stands").payments.len(), 1);
    }
);

on_both_engines!(
    /// P27: while Stripe answers for the other mode, nothing is changed by a comparison.
    objects_of_the_other_mode_change_nothing,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        shop.stock("mug", 1).await;
        let id = shop.check_out(&[("mug", 1)]).await;
        shop.pay(id).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost).with(Fault::OtherMode.standing()));
        compare(&shop.shop, true).await.expect("Stripe answers");
        assert_eq!((shop.view(id).await.payments.len(), shop.level("mug").await), (0, (1, 1)));
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        compare(&shop.shop, true).await.expect("Stripe answers");
        shop.settle().await;
        agrees(shop).await;
    }
);

on_both_engines!(
    /// The terminal says it by its exit code: 7 for a difference, 0 when all is equal. The page says the same.
    the_command_ends_with_seven_when_the_books_differ,
    TestShop,
    async |shop: &TestShop| {
        shop.stock("mug", 1).await;
        let id = shop.paid(&[("mug", 1)]).await;
        let intent = shop.view(id).await.payments[0].intent_id.clone();
        shop.sandbox.dashboard_refund(&intent, Some(400)).expect("it is refunded");
        let (code, told) = reconcile_command(shop, &["--json"]).await;
        assert_eq!((code, told["unexplained"][0]["amount"].as_i64()), (Some(7), Some(400)), "{told}");
        let (status, page) = shop.staff("GET", "/api/admin/reconciliation", "look", serde_json::Value::Null).await;
        assert_eq!((status, page["run"]["differences"][0]["kind"].as_str()), (200, Some("refund_unknown")), "{page}");
        let (code, told) = reconcile_command(shop, &["--json", "--apply", "--since", "3650d"]).await;
        assert_eq!(code, Some(0), "{told}");
        assert_eq!(shop.view(id).await.refunds.len(), 1);
        let (code, told) = reconcile_command(shop, &["--json"]).await;
        assert_eq!((code, told["differences"].as_array().map(Vec::len)), (Some(0), Some(0)), "{told}");
        shop.settle().await;
    }
);

/// The real program over the shop's database.
async fn reconcile_command(shop: &TestShop, words: &[&str]) -> (Option<i32>, serde_json::Value) {
    let config = &shop.shop.config;
    let mut command = Command::new(env!("CARGO_BIN_EXE_stockhold"));
    command.arg("reconcile").args(words).env_clear();
    command.env("DATABASE_URL", &config.database_url).env("STOCKHOLD_DATA_DIR", &config.data_dir);
    command.env("STRIPE_API_BASE", &config.stripe_api_base).env("STRIPE_SECRET_KEY", "sk_test_sandbox");
    let output = tokio::task::spawn_blocking(move || command.output()).await.expect("it ends").expect("it starts");
    let told = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{:?} {}", output.status, String::from_utf8_lossy(&output.stderr));
    });
    (output.status.code(), told)
}
