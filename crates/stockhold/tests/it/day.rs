//! A day of trade without a single webhook: Stripe misbehaves, and in the evening its books and ours are the same.

use futures_util::FutureExt;

use crate::support::shop::{Setup, TestShop, quick};
use crate::support::trade::{agrees, trade};

const ORDERS: usize = 120;

fn patient() -> Setup {
    Setup { patience: quick(), ..Setup::default() }
}

/// Several days, each in a shop of its own; the seed is told when one goes wrong.
async fn days(seeds: std::ops::Range<u64>, open: impl AsyncFn() -> TestShop) {
    for seed in seeds {
        let shop = open().await;
        let day = std::panic::AssertUnwindSafe(async {
            trade(&shop, seed, ORDERS).await;
            agrees(&shop).await;
            shop.books_balance().await;
        });
        if let Err(panic) = day.catch_unwind().await {
            eprintln!("the day of seed {seed} went wrong");
            std::panic::resume_unwind(panic);
        }
    }
}

/// P12, S17, M4: with every webhook lost, whatever Stripe took or gave back in a day is known in the evening.
mod a_day_without_webhooks_ends_with_equal_books {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_sqlite() {
        days(1..3, async || TestShop::on_sqlite_with(patient()).await).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn on_postgres() {
        days(11..13, async || TestShop::on_postgres_with(patient()).await).await;
    }
}
