//! What the tests share: a shop's ledger on either engine, in the shop's own words.

pub mod books;
pub mod postgres;

/// Runs one async test on SQLite and on PostgreSQL: `on_both_engines!(name, |shop| { … })`.
#[macro_export]
macro_rules! on_both_engines {
    ($(#[$doc:meta])* $name:ident, $body:expr) => {
        $(#[$doc])*
        mod $name {
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                let shop = $crate::support::books::TestBooks::on_sqlite().await;
                let body = $body;
                body(&shop).await;
                shop.books_balance().await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                let shop = $crate::support::books::TestBooks::on_postgres().await;
                let body = $body;
                body(&shop).await;
                shop.books_balance().await;
            }
        }
    };
}
