//! The shop as real processes: started from the built binary, spoken to over HTTP, ended by signals.

use serde_json::json;
use stockhold::storage::effects;
use stripe_sandbox::Pay;

use crate::support::process::{House, KEY, Program, free_port, number, until};
use crate::support::shop::answer;

/// One buyer, one mug, one card, whatever stands between them.
async fn a_purchase(house: &House) {
    let mut instances = house.instances();
    for instance in &mut instances {
        instance.start(&house.http).await;
    }
    let key = house.draw_key("admin").await;
    house.stock(&key, "mug", 3).await;

    // The order is placed on the first; Stripe tells the last.
    let body = json!({ "items": [{ "sku": "mug", "quantity": 2 }], "email": "ada@example.org" });
    let request = house.http.post(format!("{}/api/checkout", instances[0].url)).header("Idempotency-Key", "one");
    let (status, placed) = answer(request.json(&body).send().await.expect("the shop answers")).await;
    assert_eq!((status, number(&placed, "/order/total/amount")), (201, Some(6400)), "{placed}");
    let page = placed["checkout_url"].as_str().expect("a payment page");
    house.sandbox.pay(page.rsplit('/').next().expect("a session"), card()).expect("the card is good");

    let (id, token) = (placed["order"]["id"].as_str(), placed["order"]["token"].as_str());
    let (id, token) = (id.expect("an id"), token.expect("a token"));
    for instance in &instances {
        let order = format!("{}/api/orders/{id}?token={token}", instance.url);
        until("the order is paid", async || house.get(&order, &key).await.1["status"] == "paid").await;
        let (_, stock) = house.get(&format!("{}/api/admin/stock/mug", instance.url), &key).await;
        assert_eq!((number(&stock, "/on_hand"), number(&stock, "/held")), (Some(1), Some(0)), "{stock}");
    }
    until("the letter is written", async || !house.letters().is_empty()).await;
    let storage = house.storage().await;
    until("nothing is left to do", async || effects::count_waiting(&storage).await == Ok(0)).await;
    let letters = house.letters();
    assert_eq!((letters.len(), letters[0].to.as_str()), (1, "ada@example.org"));
    house.books_balance().await;

    for instance in &mut instances {
        let ended = instance.terminate().ended().await;
        assert_eq!(ended.code, Some(0), "asked to end, it ends well: {ended:?}");
    }
    // The audit command does find: what nobody sold and nobody counted is gone from the shelf.
    let theft = "update stock_levels set on_hand = on_hand - 1 where sku = 'mug'";
    storage.execute_script(theft.to_owned()).await.expect("the database answers");
    let ended = house.run(&["audit"]).await;
    assert_eq!(ended.code, Some(6), "{ended:?}");
    assert!(ended.out.starts_with("S2") && ended.out.contains("mug"), "{ended:?}");
}

fn card() -> Pay {
    Pay::Card("4242424242424242".to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_on_sqlite_sells_a_mug() {
    a_purchase(&House::on_sqlite("30").await).await;
}

/// P1: the order is placed on one instance, the webhook reaches the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_on_postgres_sell_a_mug_together() {
    a_purchase(&House::on_postgres("30").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_without_a_key_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ended = Program::run(&["serve"], &[("STOCKHOLD_DATA_DIR", folder.path().display().to_string())]).await;
    assert_eq!((ended.code, ended.out.as_str()), (Some(3), ""), "{ended:?}");
    for way in ["stockhold demo", "STRIPE_SECRET_KEY=sk_test_", "STRIPE_SECRET_KEY_FILE", "stockhold sandbox"] {
        assert!(ended.err.contains(way), "{way}: {}", ended.err);
    }
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "it refused before it made anything");
}

/// P27: the sandbox's pages are for a shop without a key; with one they are not there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sandbox_pages_are_gone_once_a_key_is_set() {
    let house = House::on_sqlite("30").await;
    let mut shop = house.instances().remove(0);
    let pages = ["/_sandbox/mail", "/zh/_sandbox/mail"];
    for (key, status) in [("", 200), (KEY, 404)] {
        shop.set("STRIPE_SECRET_KEY", key);
        shop.start(&house.http).await;
        for page in pages {
            let answer = house.http.get(format!("{}{page}", shop.url)).send().await.expect("the shop answers");
            assert_eq!(answer.status().as_u16(), status, "{page} with the key {key:?}");
        }
        for page in ["/_sandbox/stripe", "/_sandbox/checkout/cs_test_1", "/v1/checkout/sessions"] {
            let answer = house.http.get(format!("{}{page}", shop.url)).send().await.expect("the shop answers");
            assert_eq!(answer.status().as_u16(), 404, "the sandbox is another computer: {page}");
        }
        shop.kill();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_in_use_is_exit_code_5() {
    let house = House::on_sqlite("30").await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("a bound address").to_string();
    for arguments in
        [["serve", "--listen", &address], ["demo", "--listen", &address], ["sandbox", "--listen", &address]]
    {
        let ended = house.run(&arguments).await;
        assert_eq!(ended.code, Some(5), "{arguments:?}: {ended:?}");
        assert!(ended.err.contains(&address) && ended.err.contains("--listen"), "{ended:?}");
    }
}

async fn a_newer_schema_is_refused(house: House) {
    assert_eq!(house.run(&["migrate"]).await.code, Some(0));
    // As a later version would leave it.
    let later = "insert into schema_migrations (version, name, checksum) values (9999, '9999_of_the_future', 'x')";
    house.storage().await.execute_script(later.to_owned()).await.expect("the database answers");
    for command in ["serve", "migrate", "audit"] {
        let ended = house.run(&[command]).await;
        assert_eq!(ended.code, Some(4), "{command}: {ended:?}");
        assert!(ended.err.contains("version"), "{command}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_refused_on_sqlite() {
    a_newer_schema_is_refused(House::on_sqlite("30").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_refused_on_postgres() {
    a_newer_schema_is_refused(House::on_postgres("30").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_folder_is_served_by_one_process() {
    let house = House::on_sqlite("30").await;
    let mut shop = house.instances().remove(0);
    shop.start(&house.http).await;
    let second = ["serve", "--listen", &format!("127.0.0.1:{}", free_port())];
    let ended = house.run(&second).await;
    assert_eq!(ended.code, Some(8), "{ended:?}");
    for word in ["Another process", "shop.db", "--data-dir", "PostgreSQL"] {
        assert!(ended.err.contains(word), "{word}: {ended:?}");
    }
    // Looking in and by-hand commands go on beside it, and a killed shop leaves nothing that locks the next one out.
    house.books_balance().await;
    shop.kill();
    shop.start(&house.http).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_prints_its_addresses_they_answer_and_it_leaves_nothing_behind() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let environment = [("TMPDIR", folder.path().display().to_string())];
    let demo = Program::start(&["demo", "--listen", &format!("127.0.0.1:{}", free_port())], &environment);
    until("the demo has said its piece", async || demo.printed().contains("Ctrl-C stops")).await;
    let banner = demo.printed();
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let addresses: Vec<&str> = banner.split([' ', '\n', ')']).filter(|word| word.starts_with("http://")).collect();
    assert_eq!(addresses.len(), 6, "{banner}");
    for address in addresses {
        let answer = http.get(address).send().await.expect(address);
        assert_eq!(answer.status().as_u16(), 200, "{address}");
    }
    demo.terminate();
    assert_eq!(demo.ended().await.code, Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "the demo's folder is gone with it");
}
