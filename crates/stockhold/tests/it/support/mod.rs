//! What the tests share: a shop's ledger on either engine, in the shop's own words.

pub mod books;
pub mod browser;
pub mod crowd;
pub mod line;
pub mod postgres;
pub mod process;
pub mod shop;
pub mod smtp;
pub mod steps;
pub mod trade;

/// Of PostgreSQL's commits; see [`postgres`].
const REACHES_THE_DISK: bool = false;

/// Runs one async test on SQLite and on PostgreSQL: `on_both_engines!(name, async |shop| { … })`,
/// over bare books or over a whole shop.
#[macro_export]
macro_rules! on_both_engines {
    ($(#[$doc:meta])* $name:ident, $body:expr) => {
        $crate::on_both_engines!($(#[$doc])* $name, $crate::support::books::TestBooks, $body);
    };
    ($(#[$doc:meta])* $name:ident, $shop:ty, $body:expr) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            /// Once for both engines: what is written once is compiled once.
            async fn run(shop: $shop) {
                let body = $body;
                body(&shop).await;
                shop.books_balance().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                run(<$shop>::on_sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                run(<$shop>::on_postgres().await).await;
            }
        }
    };
}
