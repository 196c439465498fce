//! A database that was copied to another place is recognised before it touches live money (P27), on both engines.

use std::path::Path;

use rules::time::Span;
use stockhold::clock::Clock;
use stockhold::config::{Config, Secret};
use stockhold::shop::{OpenError, Shop};
use stockhold::storage::{Storage, migrate, settings};

use crate::support::books::noon;
use crate::support::postgres;

/// A shop with a live key; Stripe is nowhere, so that whoever asks it fails.
fn config(database_url: String, data_dir: &Path, key: &str, confirm_moved: bool) -> Config {
    Config {
        database_url,
        data_dir: data_dir.to_owned(),
        listen: ([127, 0, 0, 1], 0).into(),
        base_url: "https://shop.example".to_owned(),
        stripe_secret_key: Some(Secret::new(key.to_owned())),
        webhook_secrets: vec![Secret::new("whsec_of_the_tests".to_owned())],
        stripe_api_base: "http://127.0.0.1:9".to_owned(),
        hold: Span::minutes(30),
        smtp_url: None,
        mail_from: None,
        confirm_moved,
        trusted_proxies: Vec::new(),
        admin_host: None,
        sandbox: None,
    }
}

async fn open(url: &str, folder: &Path, key: &str, confirm_moved: bool) -> Result<(), OpenError> {
    Shop::open(config(url.to_owned(), folder, key, confirm_moved), Clock::simulated(noon())).await.map(drop)
}

/// `home` has been used with a live key; `copy` holds the same books elsewhere.
async fn a_copy_is_recognised(home: &str, copy: &str, folder: &Path) {
    open(home, folder, "sk_live_1", false).await.expect("it is at home");
    let moved = open(copy, folder, "sk_live_1", false).await.expect_err("it is a copy");
    assert!(matches!(moved, OpenError::Moved { .. }), "{moved}");
    assert!(moved.to_string().contains("--confirm-moved"), "{moved}");
    open(copy, folder, "sk_test_1", false).await.expect("a test key touches no live money");
    open(copy, folder, "sk_live_1", true).await.expect("somebody has said that it moved");
    open(copy, folder, "sk_live_1", false).await.expect("it is at home now");
    open(home, folder, "sk_live_1", false).await.expect("the old place has books of its own");
}

#[tokio::test]
async fn a_copied_file_is_recognised_before_it_touches_live_money() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (home, copy) = (folder.path().join("shop.db"), folder.path().join("copy.db"));
    let url = |file: &Path| format!("sqlite:{}", file.display());
    open(&url(&home), folder.path(), "sk_live_1", false).await.expect("a new shop");
    let storage = Storage::open(&url(&home)).await.expect("it opens");
    storage.execute_script(format!("vacuum into '{}'", copy.display())).await.expect("it is copied");
    drop(storage);
    a_copy_is_recognised(&url(&home), &url(&copy), folder.path()).await;
}

#[tokio::test]
async fn a_restored_dump_is_recognised_before_it_touches_live_money() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (home, copy) = (postgres::database_url(), postgres::database_url());
    open(&home, folder.path(), "sk_live_1", false).await.expect("a new shop");
    let (from, to) = (Storage::open(&home).await.expect("it opens"), Storage::open(&copy).await.expect("it opens"));
    migrate::run(&to).await.expect("the schema is made");
    // What a dump brings along: where the books were when the live key was used first.
    let place = settings::get(&from, "live_place").await.expect("the database answers").expect("it was noted");
    settings::set(&to, "live_place", &place).await.expect("the database answers");
    a_copy_is_recognised(&home, &copy, folder.path()).await;
}
