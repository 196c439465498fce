//! Stripe in trouble, through the whole shop: kind answers, holds that stay as long as anybody could pay, nothing
//! charged twice, and when Stripe is well again everything comes right without a person.

use std::ops::Deref;
use std::time::Duration;

use rules::orders::{Hold, Status};
use rules::payments::{MoneyState, SessionFact, SessionState};
use rules::refunds::RefundState;
use rules::time::Span;
use stockhold::outbox::sweep::sweep;
use stockhold::storage::RowExt;
use stockhold::stripe::client::Timeouts;
use stockhold::values;
use stockhold::workers;
use stripe_sandbox::{Fault, Faults, WebhookMode};

use crate::on_both_engines;
use crate::support::books::{PRICE_MINOR, usd};
use crate::support::browser::Browser;
use crate::support::line::Trouble;
use crate::support::shop::{Setup, TestShop};

const OPEN: &str = "POST /v1/checkout/sessions";
/// The only requests below a session that are posted.
const EXPIRE: &str = "POST /v1/checkout/sessions/";
const REFUND: &str = "POST /v1/refunds";

/// A shop that waits for Stripe no longer than a test can.
pub struct ImpatientShop(TestShop);

impl ImpatientShop {
    fn setup() -> Setup {
        let total = Duration::from_millis(400);
        Setup {
            patience: Timeouts { connect: total, total, retry_base: Duration::from_millis(1), tries: 2 },
            ..Setup::default()
        }
    }

    pub async fn on_sqlite() -> ImpatientShop {
        ImpatientShop(TestShop::on_sqlite_with(ImpatientShop::setup()).await)
    }

    pub async fn on_postgres() -> ImpatientShop {
        ImpatientShop(TestShop::on_postgres_with(ImpatientShop::setup()).await)
    }
}

impl Deref for ImpatientShop {
    type Target = TestShop;

    fn deref(&self) -> &TestShop {
        &self.0
    }
}

/// The same, and nothing listens where Stripe should be.
struct LonelyShop(TestShop);

impl LonelyShop {
    async fn on_sqlite() -> LonelyShop {
        LonelyShop(TestShop::on_sqlite_with(Setup { stripe_is_away: true, ..ImpatientShop::setup() }).await)
    }

    async fn on_postgres() -> LonelyShop {
        LonelyShop(TestShop::on_postgres_with(Setup { stripe_is_away: true, ..ImpatientShop::setup() }).await)
    }
}

impl Deref for LonelyShop {
    type Target = TestShop;

    fn deref(&self) -> &TestShop {
        &self.0
    }
}

/// One kind of trouble: who makes it, and whether a request that met it may have taken effect.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Sandbox(Fault),
    Line(Trouble),
}

const KINDS: [Kind; 8] = [
    Kind::Sandbox(Fault::Unreachable),
    Kind::Sandbox(Fault::Hang),
    Kind::Sandbox(Fault::TooManyRequests),
    Kind::Sandbox(Fault::ServerError),
    Kind::Sandbox(Fault::ServerErrorAfterSuccess),
    Kind::Sandbox(Fault::BadGateway),
    Kind::Sandbox(Fault::ReplyLostAfterSuccess),
    Kind::Line(Trouble::Nonsense),
];

impl Kind {
    /// From now on every request of this kind meets it.
    fn strike(self, shop: &TestShop, path: &str) {
        match self {
            Kind::Sandbox(fault) => {
                let mut planned = fault.on(path).standing();
                planned.times = None;
                shop.sandbox.set_faults(Faults::default().with(planned));
            }
            Kind::Line(trouble) => shop.line.spoil(trouble),
        }
    }

    fn pass(self, shop: &TestShop) {
        shop.sandbox.set_faults(Faults::default());
        shop.line.mend();
    }
}

async fn refused_kindly(shop: &TestShop, key: &str, sku: &str) {
    let (status, body) = shop.check_out_as(key, &format!("{key}@example.org"), &[(sku, 1)]).await;
    assert_eq!((status, body["code"].as_str()), (503, Some("payment-provider-unavailable")), "{key}: {body}");
}

on_both_engines!(
    /// P4, P15: whatever keeps Stripe's answer away, the hold stays while a page may be open; afterwards the order has
    /// one page and is paid once, or is known never to have had one and gives its stock back.
    an_opening_that_met_trouble_comes_right_by_itself,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        for (at, kind) in KINDS.into_iter().enumerate() {
            let (sku, key) = (format!("mug-{at}"), format!("trouble-{at}"));
            shop.stock(&sku, 1).await;
            kind.strike(shop, OPEN);
            if matches!(kind, Kind::Sandbox(Fault::ServerErrorAfterSuccess)) {
                // Stripe keeps its 500 and its list has the session: nobody need wait.
                assert_eq!(shop.check_out_as(&key, &format!("{key}@example.org"), &[(&sku, 1)]).await.0, 201);
            } else {
                refused_kindly(shop, &key, &sku).await;
            }
            let id = shop.order_of_key(&key);
            assert_eq!(shop.sandbox.charged_minor(&id.to_string()), 0, "{kind:?}");
            // Stripe keeps its 500 and its list has no session: that is known for good.
            if !matches!(kind, Kind::Sandbox(Fault::ServerError)) {
                assert_eq!((shop.level(&sku).await, shop.view(id).await.status), ((1, 1), Status::Pending), "{kind:?}");
                if !matches!(kind, Kind::Sandbox(Fault::ServerErrorAfterSuccess)) {
                    refused_kindly(shop, &key, &sku).await; // The buyer presses again.
                }
            }
            kind.pass(shop);
            shop.shop.clock.advance(Span::minutes(1));
            shop.settle().await;
            let opened = shop.sandbox.sessions_of(&id.to_string()).len();
            if matches!(kind, Kind::Sandbox(Fault::ServerError)) {
                assert_eq!((opened, shop.view(id).await.status, shop.level(&sku).await), (0, Status::Expired, (1, 0)));
                let (status, body) = shop.check_out_as(&format!("{key}-again"), "again@example.org", &[(&sku, 1)]).await;
                assert_eq!(status, 201, "{kind:?}: {body}");
                let again = shop.order_of_key(&format!("{key}-again"));
                shop.pay(again).await;
                shop.settle().await;
                assert_eq!(shop.view(again).await.status, Status::Paid);
            } else {
                assert_eq!((opened, shop.view(id).await.status), (1, Status::Pending), "{kind:?}");
                let (status, body) = shop.check_out_as(&key, &format!("{key}@example.org"), &[(&sku, 1)]).await;
                assert_eq!(status, 201, "{kind:?}: the buyer presses once more: {body}");
                shop.pay(id).await;
                shop.settle().await;
                assert_eq!(shop.view(id).await.status, Status::Paid, "{kind:?}");
                assert_eq!(shop.sandbox.charged_minor(&id.to_string()), PRICE_MINOR, "{kind:?}");
            }
            assert_eq!((shop.level(&sku).await, shop.letters()), ((0, 0), at + 1), "{kind:?}");
        }
    }
);

on_both_engines!(
    /// S4: while Stripe cannot say that a page is closed its hold stays; the first answer ends it.
    a_due_hold_stays_while_stripe_cannot_close_its_page,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        for (at, kind) in KINDS.into_iter().enumerate() {
            let sku = format!("mug-{at}");
            shop.stock(&sku, 1).await;
            let id = shop.check_out(&[(&sku, 1)]).await;
            shop.shop.clock.advance(Span::minutes(30));
            kind.strike(shop, EXPIRE);
            let swept = sweep(&shop.shop).await.expect("a silent Stripe is no fault of ours");
            assert_eq!(swept.due, 1, "{kind:?}");
            // Whoever asks for the page again must not be told that it is free.
            let is_closed = shop.sandbox.session(&shop.session_of(id).await).expect("it stands")["status"] == "expired";
            let released = shop.view(id).await.hold == Hold::Released;
            assert!(is_closed || !released, "{kind:?}: released while the page is open");
            kind.pass(shop);
            shop.shop.clock.advance(Span::seconds(1));
            sweep(&shop.shop).await.expect("it sweeps");
            assert_eq!((shop.view(id).await.status, shop.level(&sku).await), (Status::Expired, (1, 0)), "{kind:?}");
        }
    }
);

on_both_engines!(
    /// M3, R3: a refund that met trouble is made once, whatever became of the first request.
    a_refund_that_met_trouble_is_made_once,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        for (at, kind) in KINDS.into_iter().enumerate() {
            let sku = format!("mug-{at}");
            shop.stock(&sku, 1).await;
            let late = shop.check_out(&[(&sku, 1)]).await;
            // The hold is lost (here by a false word of the books), somebody else takes the mug, the buyer pays.
            let fact = SessionFact {
                session_id: shop.session_of(late).await,
                state: SessionState::Closed,
                money: MoneyState::Unpaid,
                intent: None,
                amount_minor: PRICE_MINOR,
                currency: usd(),
                livemode: false,
            };
            stockhold::outbox::record(&shop.shop, late, fact).await.expect("recorded");
            let other = shop.check_out(&[(&sku, 1)]).await;
            shop.pay(other).await;
            shop.pay(late).await;
            kind.strike(shop, REFUND);
            if let Kind::Line(_) = kind {
                kind.pass(shop); // The payment is heard of, then the line breaks.
                let heard = stockhold::outbox::settle(&shop.shop, late).await;
                heard.expect("Stripe answers");
                kind.strike(shop, REFUND);
            }
            shop.settle().await;
            kind.pass(shop);
            shop.shop.clock.advance(Span::minutes(6));
            shop.settle().await;
            let view = shop.view(late).await;
            let made = shop.sandbox.snapshot()["refunds"].as_array().map_or(0, Vec::len);
            assert_eq!((view.status, made), (Status::Refunded, at + 1), "{kind:?}");
            assert_eq!(view.refunds[0].state, RefundState::Succeeded, "{kind:?}");
            assert_eq!(shop.sandbox.refunded_minor(&late.to_string()), PRICE_MINOR, "{kind:?}");
            shop.shop.clock.advance(Span::minutes(6));
            shop.settle().await;
            assert_eq!(shop.view(other).await.status, Status::Paid, "{kind:?}");
        }
    }
);

on_both_engines!(
    /// Nothing listens where Stripe should be; when it does, the waiting order opens by itself.
    refused_connections_are_survived,
    LonelyShop,
    async |shop: &LonelyShop| {
        shop.stock("mug", 1).await;
        refused_kindly(shop, "lonely", "mug").await;
        let id = shop.order_of_key("lonely");
        assert_eq!((shop.level("mug").await, shop.view(id).await.status), ((1, 1), Status::Pending));
        shop.shop.clock.advance(Span::minutes(31));
        let swept = sweep(&shop.shop).await.expect("a silent Stripe is no fault of ours");
        assert_eq!((swept.due, swept.unknown, swept.released), (1, 1, 0));
        shop.stripe_arrives();
        let swept = sweep(&shop.shop).await.expect("it sweeps");
        assert_eq!((swept.due, swept.released), (1, 1));
        assert_eq!((shop.view(id).await.status, shop.level("mug").await), (Status::Expired, (1, 0)));
    }
);

on_both_engines!(
    /// P15: Stripe's definite no gives the hold back at once: nobody could ever pay.
    a_definite_no_gives_the_hold_back_at_once,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 1).await;
        shop.line.spoil(Trouble::Refuses);
        refused_kindly(shop, "no", "mug").await;
        let id = shop.order_of_key("no");
        assert_eq!((shop.level("mug").await, shop.view(id).await.status), ((1, 0), Status::Expired));
        shop.line.mend();
        // The same request meets the order as it stands: over, with nothing held for it.
        let (status, body) = shop.check_out_as("no", "no@example.org", &[("mug", 1)]).await;
        assert_eq!((status, body["order"]["status"].as_str()), (201, Some("expired")), "{body}");
        assert_eq!(shop.level("mug").await, (1, 0));
        let (status, body) = shop.check_out_as("yes", "no@example.org", &[("mug", 1)]).await;
        assert_eq!(status, 201, "{body}");
    }
);

on_both_engines!(
    /// P4: Stripe was away longer than the page of the first try may live on: the order ends, its stock comes back and
    /// a new check-out gets it.
    a_long_absence_ends_in_a_free_shelf,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 1).await;
        Kind::Sandbox(Fault::Unreachable).strike(shop, OPEN);
        refused_kindly(shop, "long", "mug").await;
        shop.shop.clock.advance(Span::minutes(40));
        shop.settle().await;
        assert_eq!(shop.level("mug").await, (1, 1), "while nothing is known the hold stays");
        Kind::Sandbox(Fault::Unreachable).pass(shop);
        shop.shop.clock.advance(Span::minutes(1));
        shop.settle().await;
        assert_eq!(
            (shop.view(shop.order_of_key("long")).await.status, shop.level("mug").await),
            (Status::Expired, (1, 0))
        );
        let (status, body) = shop.check_out_as("new", "long@example.org", &[("mug", 1)]).await;
        assert_eq!(status, 201, "{body}");
    }
);

on_both_engines!(
    /// S16: a browser gets a kind page, keeps its cart and what was typed, and pressing Pay later leads to the page.
    a_browser_is_told_kindly_and_may_press_again,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 1).await;
        let browser = Browser::new(shop);
        browser.put_into_cart("mug", 1).await;
        let form = browser.pay_form("ada@example.org").await;
        for kind in [Kind::Sandbox(Fault::Unreachable), Kind::Sandbox(Fault::BadGateway), Kind::Line(Trouble::Nonsense)] {
            kind.strike(shop, OPEN);
            let page = browser.press_pay(&form).await;
            assert_eq!(page.status, 503, "{kind:?}");
            assert!(page.text.contains("Nothing was charged"), "{kind:?}: {}", page.text);
            assert!(page.text.contains("value=\"ada@example.org\""), "what was typed is kept");
            assert!(browser.get("/cart").await.text.contains("mug"), "the cart is kept");
            kind.pass(shop);
        }
        let page = browser.press_pay(&form).await;
        assert_eq!(page.status, 303, "{}", page.text);
        let session = page.location.rsplit('/').next().expect("an address").to_owned();
        let id = form[0].1.parse().expect("an order's id");
        assert_eq!((shop.session_of(id).await, shop.sandbox.sessions_of(&form[0].1).len()), (session, 1));
    }
);

on_both_engines!(
    /// Stripe asks to be left alone for a minute: the outbox comes back after it, and not before.
    the_outbox_waits_as_long_as_stripe_asks,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 1).await;
        shop.line.spoil(Trouble::ComeBackIn(60));
        refused_kindly(shop, "busy", "mug").await;
        let id = shop.order_of_key("busy");
        shop.line.mend();
        shop.shop.clock.advance(Span::seconds(59));
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        assert_eq!(shop.view(id).await.session_id, None, "too early");
        shop.shop.clock.advance(Span::seconds(1));
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        assert!(shop.view(id).await.session_id.is_some(), "the minute is over");

        shop.pay(id).await;
        shop.sandbox.set_faults(Faults::webhooks(WebhookMode::OnTime));
        while shop.sandbox.deliver_due().await > 0 {}
        shop.line.spoil(Trouble::ComeBackIn(60));
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        shop.line.mend();
        shop.shop.clock.advance(Span::seconds(59));
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        assert_eq!(shop.view(id).await.status, Status::Pending, "too early");
        shop.shop.clock.advance(Span::seconds(1));
        workers::until_idle(&shop.shop).await.expect("the workers come to rest");
        assert_eq!(shop.view(id).await.status, Status::Paid, "the minute is over");
    }
);

on_both_engines!(
    /// A header gone wrong must not stop an order for days.
    no_wait_is_longer_than_an_hour,
    ImpatientShop,
    async |shop: &ImpatientShop| {
        shop.stock("mug", 1).await;
        shop.line.spoil(Trouble::ComeBackIn(u64::from(u32::MAX)));
        refused_kindly(shop, "busy", "mug").await;
        let effects = "select due_at from effects where kind = 'open_checkout'";
        let due = shop.shop.storage.read(effects, values![]).await.expect("the database answers")[0].int(0);
        assert_eq!(due, (shop.shop.now() + Span::minutes(60)).micros());
        shop.line.mend();
        shop.shop.clock.advance(Span::minutes(60));
        shop.settle().await;
        assert_eq!(
            (shop.view(shop.order_of_key("busy")).await.status, shop.level("mug").await),
            (Status::Expired, (1, 0))
        );
    }
);
