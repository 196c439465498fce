//! Every order of refunds and disputes on one payment, up to four steps: the balance says what the objects say.

use serde_json::Value;

use crate::balance;
use crate::books::{Act, Books};
use crate::disputes::{self, NewDispute, Verdict};
use crate::form::Pairs;
use crate::payments::{Pay, pay};
use crate::refunds::{self, RefundStatus};
use crate::sessions;
use crate::webhooks::WebhookMode;

const STEPS: usize = 4;
const NOW: i64 = 1_795_478_400;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A refund of a thousand, or of the rest, that begins in a state.
    Refund(Option<i64>, RefundStatus),
    Move(RefundStatus),
    Open {
        inquiry: bool,
    },
    Withdraw,
    Reinstate,
    Respond,
    Close(Verdict),
}

const ALL: [Step; 15] = [
    Step::Refund(Some(1000), RefundStatus::Succeeded),
    Step::Refund(Some(1000), RefundStatus::Pending),
    Step::Refund(Some(1000), RefundStatus::RequiresAction),
    Step::Refund(Some(1000), RefundStatus::Failed),
    Step::Refund(None, RefundStatus::Pending),
    Step::Move(RefundStatus::Succeeded),
    Step::Move(RefundStatus::Failed),
    Step::Move(RefundStatus::Canceled),
    Step::Open { inquiry: false },
    Step::Open { inquiry: true },
    Step::Withdraw,
    Step::Reinstate,
    Step::Respond,
    Step::Close(Verdict::Won),
    Step::Close(Verdict::WarningClosed),
];

fn act(books: &mut Books) -> Act<'_> {
    let webhooks = WebhookMode::OnTime;
    Act { books, now: NOW, base_path: "", webhooks, endpoint: None, request: None, changed: false }
}

fn last(books: &Books, shelf: fn(&Books) -> &crate::books::Shelf) -> String {
    shelf(books).rows().last().and_then(|row| row["id"].as_str()).unwrap_or_default().to_owned()
}

fn take(books: &mut Books, step: Step) {
    let (charge, dispute, refund) = (
        last(books, |books| &books.charges),
        last(books, |books| &books.disputes),
        last(books, |books| &books.refunds),
    );
    let mut act = act(books);
    let _ = match step {
        Step::Refund(amount, status) => {
            act.books.next_refund = Some(status.as_str().to_owned());
            let mut pairs: Pairs = vec![("charge".to_owned(), charge)];
            pairs.extend(amount.map(|amount| ("amount".to_owned(), amount.to_string())));
            refunds::create(&mut act, &pairs).map_err(|error| error.message)
        }
        Step::Move(status) => refunds::move_on(&mut act, &refund, status, None),
        Step::Open { inquiry } => disputes::open(&mut act, &charge, &NewDispute { inquiry, ..NewDispute::default() }),
        Step::Withdraw => disputes::withdraw(&mut act, &dispute),
        Step::Reinstate => disputes::reinstate(&mut act, &dispute),
        Step::Respond => disputes::respond(&mut act, &dispute),
        Step::Close(verdict) => disputes::close(&mut act, &dispute, verdict),
    };
}

fn sum(rows: &[Value], counts: impl Fn(&Value) -> bool, name: &str) -> i64 {
    rows.iter().filter(|row| counts(row)).filter_map(|row| row[name].as_i64()).sum()
}

fn check(books: &Books, walked: &[Step]) {
    let charge = &books.charges.rows()[0];
    let given_back =
        sum(books.refunds.rows(), |refund| !matches!(refund["status"].as_str(), Some("failed" | "canceled")), "amount");
    assert_eq!(charge["amount_refunded"], given_back, "{walked:?}");
    assert_eq!(charge["refunded"], given_back == 2400, "{walked:?}");
    assert!(given_back <= 2400, "never more than the charge: {walked:?}");
    let withdrawn = |dispute: &Value| dispute["balance_transactions"].as_array().is_some_and(|moves| moves.len() == 1);
    let disputed = sum(books.disputes.rows(), withdrawn, "amount");
    let rows = books.balance_transactions.rows();
    assert_eq!(sum(rows, |_| true, "amount"), 2400 - given_back - disputed, "{walked:?}");
    let fees = sum(rows, |_| true, "fee");
    assert_eq!(sum(rows, |_| true, "net"), 2400 - given_back - disputed - fees, "{walked:?}");
    let payment = &balance::payments(books)[0];
    assert_eq!(payment["kept"], payment["balance"]["amount"], "{walked:?}");
    assert_eq!(balance::sums(books)["eur"], payment["balance"], "one payment is the whole balance: {walked:?}");
    let open = |dispute: &Value| {
        matches!(
            dispute["status"].as_str(),
            Some("needs_response" | "under_review" | "warning_needs_response" | "warning_under_review")
        )
    };
    assert!(books.disputes.rows().iter().filter(|dispute| open(dispute)).count() <= 1, "{walked:?}");
    for refund in books.refunds.rows() {
        let failed = matches!(refund["status"].as_str(), Some("failed" | "canceled"));
        assert_eq!(refund["failure_balance_transaction"].is_string(), failed, "{walked:?}");
        assert_eq!(refund["pending_reason"].is_string(), refund["status"] == "pending", "{walked:?}");
        assert_eq!(refund["next_action"].is_object(), refund["status"] == "requires_action", "{walked:?}");
    }
}

fn walk(books: &Books, walked: &mut Vec<Step>) {
    if walked.len() == STEPS {
        return;
    }
    for step in ALL {
        let mut next = books.clone();
        take(&mut next, step);
        walked.push(step);
        check(&next, walked);
        // Where nothing changed, everything that can follow is walked already. Old events weigh, and matter to nobody.
        if !std::mem::take(&mut next.events).rows().is_empty() {
            walk(&next, walked);
        }
        walked.pop();
    }
}

#[test]
fn whatever_comes_back_in_whatever_order_the_balance_says_what_the_objects_say() {
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
    let session = sessions::create(&mut act(&mut books), &pairs).expect("the order is right");
    let card = Pay::Card("4242424242424242".to_owned());
    pay(&mut act(&mut books), session["id"].as_str().unwrap_or_default(), &card, None).expect("the card is good");
    books.events = crate::books::Shelf::default();
    check(&books, &[]);
    walk(&books, &mut Vec::new());
}
