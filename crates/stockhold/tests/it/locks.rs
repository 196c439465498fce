//! What keeps two instances apart: from the load of one batch to its commit, nobody else reads what it may change.
//!
//! The ledger's own transaction, stopped between its load and its save, with no lock of a caller's around it. Most races
//! end well by chance; here the second one always comes in the worst moment.

use futures_util::FutureExt;
use rules::books::{Books, Policy};
use rules::commands::count_stock::CountStock;
use rules::commands::place_order::PlaceOrder;
use rules::commands::refund_order::{RefundOrder, RefundWhat};
use rules::commands::{Command, Outcome, Refusal, decide};
use rules::coupons::{Coupon, CouponRefusal};
use rules::ids::{CountId, OrderId, RefundId};
use rules::stock::Reason;
use rules::text::Email;
use stockhold::storage::postgres::PostgresTx;
use stockhold::storage::{Database, books};

use crate::coupons::{code, issue, tea10};
use crate::support::books::{TestBooks, noon, policy, sku};

type Decision = Result<Outcome, Refusal>;

async fn load(tx: &mut PostgresTx, command: &Command, policy: &Policy) -> Books {
    books::load(tx, &[command], policy).await.expect("the database answers")
}

async fn decide_and_save(tx: &mut PostgresTx, mut loaded: Books, command: &Command) -> Decision {
    let decision = decide(&mut loaded, command, noon());
    books::save(tx, &loaded).await.expect("what was decided can be saved");
    decision
}

/// The second command is handed to another instance after the first was loaded and before it is decided.
async fn in_the_worst_moment(shop: &TestBooks, policy: Policy, first: Command, second: Command) -> [Decision; 2] {
    let Database::Postgres(postgres) = &shop.storage.database else { panic!("row locks are PostgreSQL's") };
    let mut ours = postgres.connect().await.expect("a connection");
    let mut theirs = postgres.connect().await.expect("a connection");
    let loaded = load(&mut ours, &first, &policy).await;
    let other = tokio::spawn(async move {
        let loaded = load(&mut theirs, &second, &policy).await;
        (theirs, loaded, second)
    });
    let waiting =
        "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while shop.count_of(waiting).await == 0 {
        assert!(!other.is_finished(), "it has read what another transaction was deciding about");
    }
    let decided = decide_and_save(&mut ours, loaded, &first).await;
    let (mut theirs, loaded, second) = other.await.expect("it is loaded in its turn");
    [decided, decide_and_save(&mut theirs, loaded, &second).await]
}

fn place(order: PlaceOrder) -> Command {
    Command::PlaceOrder(order)
}

fn refund_all(shop: &TestBooks, order_id: OrderId) -> Command {
    Command::RefundOrder(RefundOrder {
        refund_id: RefundId::from_u128(shop.draw()),
        order_id,
        what: RefundWhat::Rest,
        restock: true,
        reason: String::new(),
        request_hash: String::new(),
    })
}

/// S2, S3, S19: the last mug; whoever comes second reads after the first, and is told that it is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_a_level_that_another_is_deciding_about() {
    let shop = TestBooks::on_postgres().await;
    shop.stock("mug", 1).await;
    let (first, second) = (shop.order(&[("mug", 1)]), shop.order(&[("mug", 1)]));
    let [sold, refused] = in_the_worst_moment(&shop, policy(), place(first), place(second)).await;
    assert!(matches!(sold, Ok(Outcome::Placed(_))), "{sold:?}");
    let Err(Refusal::OutOfStock { lines }) = refused else { panic!("{refused:?}") };
    assert_eq!((lines[0].available, shop.level("mug").await), (0, (1, 1)));
    shop.books_balance().await;
}

/// S2, S10: goods are counted by hand while a buyer takes them: two movements, one after the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_counts_a_level_that_another_is_deciding_about() {
    let shop = TestBooks::on_postgres().await;
    shop.stock("mug", 1).await;
    let order = place(shop.order(&[("mug", 1)]));
    let (id, actor) = (CountId::from_u128(shop.draw()), "test".to_owned());
    let count = CountStock { id, sku: sku("mug"), delta: -1, reason: Reason::Damaged, actor };
    let [sold, refused] = in_the_worst_moment(&shop, policy(), order, Command::CountStock(count)).await;
    assert!(matches!(sold, Ok(Outcome::Placed(_))), "{sold:?}");
    assert_eq!(refused, Err(Refusal::StockBelowHeld { sku: sku("mug"), held: 1 }));
    shop.books_balance().await;
}

/// R2, M3: all of an order is given back by two people; whoever comes second is told that nothing is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_refunds_an_order_that_another_is_deciding_about() {
    let shop = TestBooks::on_postgres().await;
    shop.stock("mug", 2).await;
    let id = shop.place_open(&[("mug", 2)]).await;
    shop.pay(id).await;
    let (first, second) = (refund_all(&shop, id), refund_all(&shop, id));
    let [given, refused] = in_the_worst_moment(&shop, policy(), first, second).await;
    assert!(matches!(given, Ok(Outcome::Refunding(_))), "{given:?}");
    assert!(matches!(refused, Err(Refusal::RefundTooLarge { left_minor: 0, .. })), "{refused:?}");
    assert_eq!((shop.view(id).await.refunds.len(), shop.level("mug").await), (1, (2, 0)));
    shop.books_balance().await;
}

/// S18: one buyer may hold one order, and has pressed Pay in two windows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_counts_the_holds_of_a_buyer_that_another_is_deciding_about() {
    let shop = TestBooks::on_postgres().await;
    shop.stock("mug", 5).await;
    shop.stock("bowl", 5).await;
    let by_ada = |name: &str| {
        let email = Email::parse("ada@example.org").expect("an address");
        PlaceOrder { email, ..shop.order(&[(name, 1)]) }
    };
    // The buyer was here before: the row with the count is there, and only its lock keeps the two apart.
    let before = by_ada("mug");
    let id = before.order_id;
    shop.ledger.place_order(before, noon()).await.expect("in stock");
    shop.close(id).await;
    let capped = Policy { holds_per_buyer_max: 1, ..policy() };
    let [held, refused] = in_the_worst_moment(&shop, capped, place(by_ada("mug")), place(by_ada("bowl"))).await;
    assert!(matches!(held, Ok(Outcome::Placed(_))), "{held:?}");
    assert_eq!(refused, Err(Refusal::HoldCapReached { most: 1 }));
    shop.books_balance().await;
}

/// C1: a code with one use, entered by two buyers of different goods.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_reads_the_uses_of_a_code_that_another_is_deciding_about() {
    let shop = TestBooks::on_postgres().await;
    shop.stock("mug", 5).await;
    shop.stock("bowl", 5).await;
    issue(&shop.storage, &Coupon { usage_limit: Some(1), ..tea10() }).await;
    let with_code = |name: &str| place(PlaceOrder { coupon: Some(code("TEA10")), ..shop.order(&[(name, 1)]) });
    let [had, refused] = in_the_worst_moment(&shop, policy(), with_code("mug"), with_code("bowl")).await;
    assert!(matches!(had, Ok(Outcome::Placed(_))), "{had:?}");
    assert_eq!(refused, Err(Refusal::Coupon(CouponRefusal::UsedUp)));
    shop.books_balance().await;
}

/// S19: SQLite ignores row locks. There, nobody else can begin while a transaction of the ledger is open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_nobody_begins_while_another_is_deciding() {
    let shop = TestBooks::on_sqlite().await;
    shop.stock("mug", 1).await;
    let Database::Sqlite(sqlite) = &shop.storage.database else { panic!("it is SQLite") };
    let (path, order) = (sqlite.path().to_owned(), place(shop.order(&[("mug", 1)])));
    let tried = sqlite.on_writer(move |tx| {
        let now = "SQLite's futures are ready at once";
        let mut loaded = books::load(tx, &[&order], &policy()).now_or_never().expect(now).expect("it loads");
        let other = rusqlite::Connection::open(path).expect("it opens");
        other.busy_timeout(std::time::Duration::ZERO).expect("it is set");
        let meanwhile = other.execute_batch("begin immediate; rollback").map_err(|error| error.sqlite_error_code());
        decide(&mut loaded, &order, noon()).expect("in stock");
        books::save(tx, &loaded).now_or_never().expect(now).expect("it is saved");
        (meanwhile, other.execute_batch("begin immediate; rollback").is_ok())
    });
    let (meanwhile, afterwards) = tried.await.expect("the writer answers");
    assert_eq!((meanwhile, afterwards), (Err(Some(rusqlite::ErrorCode::DatabaseBusy)), true));
    assert_eq!(shop.level("mug").await, (1, 1));
    shop.books_balance().await;
}
