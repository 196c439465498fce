//! One session's facts and events, in every order and with every repetition.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use rules::orders::{Hold, Session, Status};
use rules::payments::{MoneyState, SessionState};
use serde_json::Value;
use stockhold::stripe::signature::sign;
use stripe_sandbox::{Faults, Pay, WebhookMode};

use crate::on_both_engines;
use crate::support::books::TestBooks;
use crate::support::shop::TestShop;

type Word = (SessionState, MoneyState);

const OPEN: Word = (SessionState::Open, MoneyState::Unpaid);
const FINISHED: Word = (SessionState::Complete, MoneyState::Unpaid);
const PAID: Word = (SessionState::Complete, MoneyState::Paid);
const FAILED: Word = (SessionState::Complete, MoneyState::Failed);
const CLOSED: Word = (SessionState::Closed, MoneyState::Unpaid);

/// Orders that are told at once; the ledger batches them as it likes.
const AT_ONCE: usize = 64;

/// What one session can say in its life, the fact that ends it, and where that must lead.
struct Life {
    words: &'static [Word],
    last: Word,
    length_max: usize,
    status: Status,
    hold: Hold,
    session: Session,
}

const LIVES: [Life; 4] = [
    // A card, or a delayed method whose money comes.
    Life {
        words: &[OPEN, FINISHED, PAID],
        last: PAID,
        length_max: 5,
        status: Status::Paid,
        hold: Hold::Sold,
        session: Session::Complete,
    },
    // A delayed method that fails.
    Life {
        words: &[OPEN, FINISHED, FAILED],
        last: FAILED,
        length_max: 5,
        status: Status::Expired,
        hold: Hold::Released,
        session: Session::Closed,
    },
    // Abandoned.
    Life {
        words: &[OPEN, CLOSED],
        last: CLOSED,
        length_max: 6,
        status: Status::Expired,
        hold: Hold::Released,
        session: Session::Closed,
    },
    // Whatever else was said, true or not: money that is there is never untaken.
    Life {
        words: &[OPEN, FINISHED, FAILED, CLOSED, PAID],
        last: PAID,
        length_max: 4,
        status: Status::Paid,
        hold: Hold::Sold,
        session: Session::Complete,
    },
];

/// All sequences of up to `length_max` of these, repetitions included, in which the last word was said at some time.
fn sequences(life: &Life) -> Vec<Vec<Word>> {
    let mut all: Vec<Vec<Word>> = Vec::new();
    let mut longest = vec![vec![]];
    for _ in 0..life.length_max {
        longest =
            longest.iter().flat_map(|s| life.words.iter().map(|word| [s.as_slice(), &[*word]].concat())).collect();
        all.extend(longest.clone());
    }
    all.retain(|sequence| sequence.contains(&life.last));
    all
}

on_both_engines!(
    /// P24: every order and every repetition of what one session can say ends in the same state.
    facts_in_any_order_end_in_the_same_state,
    async |shop: &TestBooks| {
        shop.stock("mug", 5_000).await;
        let (mut told, mut sold) = (0, 0);
        for life in &LIVES {
            let tell = async |sequence: Vec<Word>| {
                let id = shop.place_open(&[("mug", 1)]).await;
                for (state, money) in &sequence {
                    let fact = shop.fact(id, *state, *money).await;
                    shop.record(id, fact).await.expect("recorded");
                }
                let view = shop.view(id).await;
                assert_eq!(
                    (view.status, view.hold, view.session_state),
                    (life.status, life.hold, life.session),
                    "{sequence:?}"
                );
                let paid = usize::from(life.status == Status::Paid);
                assert_eq!((view.payments.len(), view.refunds.len()), (paid, 0), "{sequence:?}");
                assert_eq!((view.session_url, view.paid_at.is_some()), (None, paid == 1), "{sequence:?}");
                1_i64
            };
            let ended: i64 = stream::iter(sequences(life)).map(tell).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await.iter().sum();
            told += ended;
            sold += if life.status == Status::Paid { ended } else { 0 };
        }
        assert_eq!((told, sold), (1_162, 741), "every sequence was tried");
        assert_eq!(shop.level("mug").await, (5_000 - sold, 0));
        let confirmations = "select count(*) from effects where kind = 'send_letter' and subject like '%:order_confirmed'";
        assert_eq!(shop.count_of(confirmations).await, sold);
        assert_eq!(shop.count_of("select count(*) from effects where kind = 'refund_payment'").await, 0);
        assert_eq!(shop.count_of("select count(*) from movements where reason = 'sold'").await, sold);
    }
);

/// All orders of these.
fn permutations<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    if of.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for at in 0..of.len() {
        let mut rest = of.to_vec();
        let first = rest.remove(at);
        all.extend(
            permutations(&rest).into_iter().map(|tail| [std::slice::from_ref(&first), tail.as_slice()].concat()),
        );
    }
    all
}

async fn post(shop: &TestShop, event: &Value) {
    let body = event.to_string();
    let request = shop.http.post(format!("{}/api/webhooks/stripe", shop.base_url));
    let signature = sign("whsec_of_the_tests", body.as_bytes(), shop.shop.now());
    let answer = request.header("Stripe-Signature", signature).body(body).send().await.expect("the shop answers");
    assert_eq!(answer.status().as_u16(), 200);
}

on_both_engines!(
    /// P23, P24: the events of one session, each twice and once more under another id, in every order, some before
    /// the thing they tell of has happened: one state, one letter of each kind.
    events_in_any_order_end_in_the_same_state,
    TestShop,
    async |shop: &TestShop| {
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::Lost));
        let mut letters = 0;
        for (pay, status) in [(Pay::DelayedSucceeds, Status::Paid), (Pay::DelayedFails, Status::Expired)] {
            // `completed` twice, the outcome twice, and the outcome under another id: 5! / (2! 2!) orders that differ.
            for order in permutations(&[0, 0, 1, 1, 2]).into_iter().collect::<BTreeSet<_>>() {
                let sku = format!("mug-{letters}-{}-{}", status.as_str(), shop.draw());
                shop.stock(&sku, 1).await;
                let id = shop.check_out(&[(&sku, 1)]).await;
                let session = shop.session_of(id).await;
                let told = shop.sandbox.events().len();
                shop.sandbox.pay(&session, pay.clone()).expect("the buyer finishes");
                // Half of the events arrive while the bank still thinks: the first ones of each order.
                let completed = shop.sandbox.events()[told..].to_vec();
                let completed = completed.iter().find(|e| e["type"] == "checkout.session.completed").expect("it is told");
                if order[0] == 0 {
                    post(shop, completed).await;
                    shop.settle().await;
                    assert_eq!((shop.view(id).await.status, shop.level(&sku).await), (Status::Processing, (1, 1)));
                }
                shop.sandbox.pay(&session, Pay::SettleDelayed).expect("the bank decides");
                let is_outcome = |e: &Value| e["type"].as_str().is_some_and(|kind| kind.contains(".async_payment_"));
                let outcome = shop.sandbox.events().into_iter().rev().find(is_outcome).expect("it is told");
                let mut twin = outcome.clone();
                twin["id"] = format!("{}_twin", outcome["id"].as_str().expect("an id")).into();
                for at in &order {
                    post(shop, [completed, &outcome, &twin][*at]).await;
                    shop.settle().await;
                }
                // One that tells how it ended, and one before it where the bank had not decided when the page was left.
                letters += 1 + usize::from(order[0] == 0);
                let left = if status == Status::Paid { (0, 0) } else { (1, 0) };
                assert_eq!((shop.view(id).await.status, shop.level(&sku).await), (status, left), "{order:?}");
                assert_eq!(shop.letters(), letters, "{order:?}");
            }
        }
    }
);
