//! Commands from a terminal, as scripts run them: what they print, and the code they end with.

use rules::text::{Email, Sku};
use serde_json::{Value, json};
use stockhold::clock::Clock;
use stockhold::storage::webhooks::NewEndpoint;
use stockhold::storage::{stock_requests, webhooks};

use crate::support::process::{Ended, House, free_port};

/// A shop that was migrated and sells mugs; nobody serves it.
async fn house() -> House {
    let house = House::on_sqlite("30").await;
    assert_eq!(house.run(&["migrate"]).await.code, Some(0));
    let sheet = file(&house, "products.csv", "handle,title,sku,price\nmug,Mug,mug,32.00\n");
    let ended = house.run(&["import", "products", &sheet]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    house
}

fn file(house: &House, name: &str, text: &str) -> String {
    let path = house.folder.path().join(name);
    std::fs::write(&path, text).expect("it is written");
    path.display().to_string()
}

fn json_of(ended: &Ended) -> Value {
    serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_handed_out_and_erased_from_a_terminal() {
    let house = house().await;
    let (storage, now) = (house.storage().await, Clock::system().now());
    let (sku, email) = (Sku::parse("mug").expect("a SKU"), Email::parse("ada.+mugs@example.org").expect("an address"));
    stock_requests::put(&storage, "req_1", &sku, &email, "en", now).await.expect("the database answers");
    let log = house.folder.path().join("data-0/erased.log");

    assert_eq!(house.run(&["privacy", "erase", "ada", "--yes"]).await.code, Some(2), "no address");
    assert_eq!(house.run(&["privacy", "erase", "ada.+mugs@example.org"]).await.code, Some(2), "nobody was asked");
    // As the shop lists them, without the tag.
    let ended = house.run(&["privacy", "export", "ada.@example.org"]).await;
    assert_eq!((ended.code, &json_of(&ended)["stock_requests"][0]["sku"]), (Some(0), &json!("mug")));
    let ended = house.run(&["privacy", "export", "ada.@example.org", "--format", "csv"]).await;
    assert!(ended.out.contains("stock_requests.1.sku,mug"), "{ended:?}");

    let erase = ["privacy", "erase", "ada.+mugs@example.org", "--json"];
    let dry = house.run(&[&erase[..], &["--dry-run"]].concat()).await;
    assert_eq!((dry.code, json_of(&dry)["stock_requests"].as_i64(), log.exists()), (Some(0), Some(1), false));
    let ended = house.run(&[&erase[..], &["--yes"]].concat()).await;
    assert_eq!((ended.code, json_of(&ended)["stock_requests"].as_i64()), (Some(0), Some(1)));
    let line = std::fs::read_to_string(&log).expect("it is written");

    // A crash before the file was written, and after it.
    std::fs::remove_file(&log).expect("it was there");
    for _ in 0..2 {
        let ended = house.run(&[&erase[..], &["--yes"]].concat()).await;
        assert_eq!((ended.code, json_of(&ended)["stock_requests"].as_i64()), (Some(0), Some(0)));
        assert_eq!(std::fs::read_to_string(&log).expect("it is written"), line);
    }
    let ended = house.run(&["privacy", "export", "ada.@example.org"]).await;
    assert!(ended.code == Some(0) && ended.out.is_empty() && ended.err.contains("Nothing is kept"), "{ended:?}");

    // As a backup brings them back.
    stock_requests::put(&storage, "req_1", &sku, &email, "en", now).await.expect("the database answers");
    for again in ["1 people", "0 people"] {
        let ended = house.run(&["privacy", "replay"]).await;
        assert!(ended.code == Some(0) && ended.out.starts_with(again), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stock_is_counted_from_a_file_and_read_back() {
    let house = house().await;
    let sheet = file(&house, "stock.csv", "sku,on_hand\nmug,7\n");
    let dry = house.run(&["import", "stock", &sheet, "--dry-run"]).await;
    assert!(
        dry.code == Some(0) && dry.out.starts_with("1 changed") && dry.err.contains("Nothing was written"),
        "{dry:?}"
    );
    assert!(!house.run(&["export", "stock"]).await.out.contains(",7"), "it was only looked at");
    let counted = house.run(&["import", "stock", &sheet]).await;
    assert!(counted.code == Some(0) && counted.out.starts_with("1 changed"), "{counted:?}");
    let again = house.run(&["import", "stock", &sheet]).await;
    assert!(again.code == Some(0) && again.err.contains("counted by this file before"), "{again:?}");

    let csv = house.run(&["export", "stock"]).await;
    assert!(csv.code == Some(0) && csv.out.contains("mug") && csv.err.contains("1 rows of stock"), "{csv:?}");
    let list = json_of(&house.run(&["export", "stock", "--format", "json"]).await);
    assert_eq!((&list[0]["sku"], &list[0]["on_hand"]), (&json!("mug"), &json!(7)), "{list}");
    for (what, rows) in [("products", 1), ("orders", 0), ("customers", 0), ("coupons", 0)] {
        let ended = house.run(&["export", what, "--format", "json"]).await;
        assert_eq!((ended.code, json_of(&ended).as_array().map(Vec::len)), (Some(0), Some(rows)), "{what}: {ended:?}");
    }

    let wrong = file(&house, "wrong.csv", "sku,on_hand\nmug,3\nbowl,x\n");
    let ended = house.run(&["import", "stock", &wrong]).await;
    assert!(ended.code == Some(1) && ended.err.contains("nothing was written"), "{ended:?}");
    assert_eq!(json_of(&house.run(&["export", "stock", "--format", "json"]).await), list);
    assert_eq!(house.run(&["import", "stock", "/nowhere.csv"]).await.code, Some(1));
    house.books_balance().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn webhooks_are_listed_tried_and_sent_again_from_a_terminal() {
    let house = house().await;
    let none = house.run(&["webhooks", "list"]).await;
    assert!(none.code == Some(0) && none.out.is_empty() && none.err.contains("no endpoints yet"), "{none:?}");
    let (storage, now) = (house.storage().await, Clock::system().now());
    // Nobody listens there.
    let url = format!("http://127.0.0.1:{}/hooks", free_port());
    let endpoint = NewEndpoint { url: url.clone(), note: "the till".to_owned(), topics: vec![] };
    assert!(webhooks::insert(&storage, "whk_1", &endpoint, now).await.expect("the database answers"));

    let listed = house.run(&["webhooks", "list"]).await;
    assert!(listed.out.starts_with("whk_1  active") && listed.out.contains(&url), "{listed:?}");
    let listed = json_of(&house.run(&["webhooks", "list", "--json"]).await);
    assert_eq!((&listed["data"][0]["url"], &listed["data"][0]["state"]), (&json!(url), &json!("active")));

    let tried = house.run(&["webhooks", "test", "whk_1"]).await;
    assert!(tried.code == Some(1) && tried.out.contains("no answer"), "{tried:?}");
    let event = tried.out.split_whitespace().next().expect("an id");
    let again = house.run(&["webhooks", "replay", "whk_1", event]).await;
    assert!(again.code == Some(0) && again.err.contains("sent once more"), "{again:?}");
    let all = house.run(&["webhooks", "replay", "whk_1"]).await;
    assert!(all.code == Some(0) && all.err.contains("0 deliveries"), "it is due already: {all:?}");
    for unknown in [&["test", "whk_2"][..], &["replay", "whk_2"], &["replay", "whk_1", "msg_2"]] {
        let ended = house.run(&[&["webhooks"], unknown].concat()).await;
        assert!(ended.code == Some(1) && ended.out.is_empty(), "{ended:?}");
    }
}
