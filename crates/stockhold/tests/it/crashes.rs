//! The process is gone: at every place where the shop waits for anything, its work is dropped there, once while the
//! answer is on its way and once when it has come and nobody reads it. What is left is what the database has. (Real
//! processes that are killed are another ring of tests.)

use std::pin::Pin;
use std::task::{Context, Poll};

use rules::cart::CartLine;
use rules::ids::OrderId;
use rules::orders::{Hold, Status};
use rules::text::Email;
use rules::time::Span;
use stockhold::outbox::checkout::{CheckoutRequest, check_out};
use stockhold::outbox::sweep::sweep;
use stockhold::storage::RowExt;
use stockhold::{values, workers};

use crate::on_both_engines;
use crate::support::books::sku;
use crate::support::shop::TestShop;

/// More waits than any work here has: a test that gets there would not end.
const WAITS_MAX: usize = 2_000;
/// After this long every lease of the dead has run out.
const LEASES_END: Span = Span::minutes(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The call is out, its answer is not in.
    Calling,
    /// The answer is in and is not read any more.
    Answered,
}

/// Work that ends at its n-th wait, with `None`; with its outcome if it never waits so often.
struct Killed<F> {
    work: Pin<Box<F>>,
    waits_left: usize,
    moment: Moment,
}

fn killed<F: Future>(work: F, waits: usize, moment: Moment) -> Killed<F> {
    Killed { work: Box::pin(work), waits_left: waits, moment }
}

impl<F: Future> Future for Killed<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.waits_left == 0 {
            return Poll::Ready(None); // It was woken: the answer is here.
        }
        match self.work.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => {
                self.waits_left -= 1;
                let dies = self.waits_left == 0 && self.moment == Moment::Calling;
                if dies { Poll::Ready(None) } else { Poll::Pending }
            }
        }
    }
}

fn request(number: u64, goods: &str) -> CheckoutRequest {
    CheckoutRequest {
        order_id: OrderId::from_u128(u128::from(number) + 1_000_000),
        request_hash: format!("{number}"),
        lines: vec![CartLine { sku: sku(goods), quantity: 1 }],
        email: Email::parse(&format!("buyer{number}@example.org")).expect("an address"),
        client: String::new(),
        cart_id: String::new(),
        language: "en".to_owned(),
        shipping_address: String::new(),
        destination: None,
        shipping_method: None,
        coupon: None,
        total_shown: None,
    }
}

async fn later(shop: &TestShop) {
    shop.shop.clock.advance(LEASES_END);
    shop.settle().await;
}

on_both_engines!(
    /// P4, P8: killed anywhere between the button and the payment page: the order is wholly there or not at all, it
    /// has one page, and the same button leads to it; it is paid once.
    a_crash_anywhere_in_the_checkout_is_survived,
    TestShop,
    async |shop: &TestShop| {
        let (mut crashes, mut opened_alone) = (0, 0);
        for moment in [Moment::Calling, Moment::Answered] {
            for waits in 1..WAITS_MAX {
                let number = shop.draw();
                let goods = format!("mug-{number}");
                shop.stock(&goods, 1).await;
                let request = request(number, &goods);
                let survived = killed(check_out(&shop.shop, request.clone()), waits, moment).await;
                // The ledger may still be writing what the dead had handed in: from one look, all or nothing.
                let sql = "select (select count(*) from orders where id = $1), held from stock_levels where sku = $2";
                let parameters = values![request.order_id.to_string(), goods.as_str()];
                let row = shop.shop.storage.read(sql, parameters).await.expect("the database answers").remove(0);
                assert_eq!(row.int(0), row.int(1), "{moment:?} {waits}: wholly there or not at all");
                if row.int(0) == 1 {
                    // Nobody presses anything: the workers finish what was begun.
                    later(shop).await;
                    let order = shop.view(request.order_id).await;
                    assert_eq!((order.status, order.hold), (Status::Pending, Hold::Live), "{moment:?} {waits}");
                    assert!(order.session_url.is_some(), "{moment:?} {waits}: it has its page");
                    opened_alone += 1;
                }
                let again = check_out(&shop.shop, request.clone()).await.expect("the same button");
                assert!(again.checkout_url.is_some(), "{moment:?} {waits}");
                let pages = shop.sandbox.sessions_of(&request.order_id.to_string());
                assert_eq!((pages.len(), shop.level(&goods).await), (1, (1, 1)), "{moment:?} {waits}");
                shop.pay(request.order_id).await;
                shop.settle().await;
                assert_eq!(shop.view(request.order_id).await.status, Status::Paid, "{moment:?} {waits}");
                if survived.is_some() {
                    break;
                }
                crashes += 1;
            }
        }
        assert!(crashes >= 10 && opened_alone >= 6, "{crashes} crashes, {opened_alone} of them after the order stood");
    }
);

on_both_engines!(
    /// P4, E1: the payment is made and told, and the workers are killed anywhere on the way to the letter: paid, sold
    /// and written once.
    a_crash_anywhere_in_the_settling_is_survived,
    TestShop,
    async |shop: &TestShop| {
        let mut letters = 0;
        for moment in [Moment::Calling, Moment::Answered] {
            for waits in 1..WAITS_MAX {
                let goods = format!("mug-{}", shop.draw());
                shop.stock(&goods, 1).await;
                let id = shop.check_out(&[(&goods, 1)]).await;
                shop.pay(id).await;
                while shop.sandbox.deliver_due().await > 0 {}
                let survived = killed(workers::until_idle(&shop.shop), waits, moment).await;
                later(shop).await;
                letters += 1;
                let order = shop.view(id).await;
                assert_eq!((order.status, order.payments.len()), (Status::Paid, 1), "{moment:?} {waits}");
                assert_eq!((shop.level(&goods).await, shop.letters()), ((0, 0), letters), "{moment:?} {waits}");
                if survived.is_some() {
                    break;
                }
            }
        }
        assert!(letters >= 10, "only {letters} crashes");
    }
);

on_both_engines!(
    /// P4, S3: the hold is due and the sweep is killed anywhere: released once, when its page is closed.
    a_crash_anywhere_in_the_sweep_is_survived,
    TestShop,
    async |shop: &TestShop| {
        let mut crashes = 0;
        for moment in [Moment::Calling, Moment::Answered] {
            for waits in 1..WAITS_MAX {
                let goods = format!("mug-{}", shop.draw());
                shop.stock(&goods, 1).await;
                let id = shop.check_out(&[(&goods, 1)]).await;
                let session = shop.session_of(id).await;
                shop.shop.clock.advance(Span::minutes(30));
                let survived = killed(sweep(&shop.shop), waits, moment).await;
                let released = shop.level(&goods).await == (1, 0);
                let closed = shop.sandbox.session(&session).expect("it stands")["status"] == "expired";
                assert!(closed || !released, "{moment:?} {waits}: released while the page is open");
                later(shop).await;
                assert_eq!((shop.view(id).await.status, shop.level(&goods).await), (Status::Expired, (1, 0)));
                if survived.is_some() {
                    break;
                }
                crashes += 1;
            }
        }
        assert!(crashes >= 6, "only {crashes} crashes");
    }
);
