//! The API is what its description says it is. Schemathesis reads `/api/openapi.json` of a real `serve` and makes requests of
//! it, right ones and wrong ones, to things that are there and things that are not: nothing is answered with a 5xx, by a
//! status that is not described, or in another shape than the described one. `cargo xtask test` installs it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use stripe_sandbox::Pay;
use tokio::process::Command;

use crate::support::process::{House, until};
use crate::support::shop::answer;

/// What is looked at in every answer. That each described request is taken, and each other one refused, is more than a
/// description can say of a shop (whether a mug is there), and is tested where the rules are.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,unsupported_method,allow_header_conformance,ignored_auth";
/// Tries of each operation in each phase: about a minute in all.
const EXAMPLES: &str = "5";
const SEED: &str = "20261126";

/// A shop with one of everything, asked by somebody who tries everything.
async fn judged(house: &House) {
    let mut instances = house.instances();
    for instance in &mut instances {
        instance.start(&house.http).await; // Stripe tells the last.
    }
    let url = instances[0].url.clone();
    let key = house.draw_key("admin").await;
    let send = async |method: reqwest::Method, path: &str, body: Value| {
        let request = house.http.request(method, format!("{url}{path}")).bearer_auth(&key);
        let request = request.header("Idempotency-Key", path).json(&body);
        let (status, told) = answer(request.send().await.expect("the shop answers")).await;
        assert!(status < 300, "{path}: {status} {told}");
        told
    };
    for name in ["mug", "cup"] {
        house.stock(&key, name, 500).await;
    }
    let cup = json!({ "title": { "en": "Tea cup" }, "status": "active", "variants":
        [{ "sku": "HK-CUP-120-CEL", "price": { "amount": 3200, "currency": "USD" } }] });
    send(reqwest::Method::PUT, "/api/admin/products/tea-cup", cup).await;
    let received = json!({ "delta": 500, "reason": "received" });
    send(reqwest::Method::POST, "/api/admin/stock/HK-CUP-120-CEL/movements", received).await;
    send(reqwest::Method::POST, "/api/admin/coupons", json!({ "code": "TEA10", "percent_off": 10 })).await;
    let page = json!({ "title": { "en": "Contact" }, "body": { "en": "Write to us." } });
    send(reqwest::Method::PUT, "/api/admin/pages/contact", page).await;
    let spare =
        send(reqwest::Method::POST, "/api/admin/keys", json!({ "name": "spare", "scopes": ["orders:read"] })).await;
    let mut orders = Vec::new();
    for units in 1..=4 {
        let email = format!("buyer{units}@example.org");
        let body = json!({ "items": [{ "sku": "mug", "quantity": units }], "email": email });
        let request = house.http.post(format!("{url}/api/checkout")).header("Idempotency-Key", &email).json(&body);
        let (status, placed) = answer(request.send().await.expect("the shop answers")).await;
        assert_eq!(status, 201, "{placed}");
        let page = placed["checkout_url"].as_str().expect("a payment page").to_owned();
        let id = placed["order"]["id"].as_str().expect("an id").to_owned();
        if units > 1 {
            let session = page.rsplit('/').next().expect("a session");
            house.sandbox.pay(session, Pay::Card("4242424242424242".to_owned())).expect("the card is good");
            let order = format!("{url}/api/orders/{id}");
            until("the order is paid", async || house.get(&order, &key).await.1["status"] == "paid").await;
        }
        orders.push(id);
    }
    let refund = json!({ "amount": { "amount": 100, "currency": "USD" }, "reason": "a scratch" });
    let refund = send(reqwest::Method::POST, &format!("/api/admin/orders/{}/refunds", orders[1]), refund).await;
    let inbox = format!("{url}/api/admin/events");
    until("Stripe has told something", async || house.get(&inbox, &key).await.1["data"][0].is_object()).await;
    let (_, events) = house.get(&inbox, &key).await;
    let known = json!({
        "slug": ["mug", "tea-cup"], "sku": ["mug", "HK-CUP-120-CEL"], "code": ["TEA10"], "id": orders, "refund": [refund["id"]],
        "/api/admin/pages/{slug} slug": ["contact"],
        "/api/admin/keys/{id} id": [spare["id"]],
        "/api/admin/events/{id}/replay id": [events["data"][0]["id"]],
        "/api/admin/events/{id} id": [events["data"][0]["id"]],
    });

    let output = Command::new(venv().join("st"))
        .current_dir(house.folder.path())
        .args(["run", &format!("{url}/api/openapi.json"), "--url", &url, "--checks", CHECKS])
        .args(["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--seed", SEED, "--workers", "1"])
        // It finds its own key in the list of keys, takes it away, and every answer after that is a 401.
        .args(["--exclude-operation-id", "revoke_key"])
        .args(["--generation-database", "none", "--no-color", "--continue-on-failure"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "30", "--no-shrink"])
        .args(["--header", &format!("Authorization: Bearer {key}")])
        .env("SCHEMATHESIS_HOOKS", folder().join("known.py"))
        .env("STOCKHOLD_KNOWN", known.to_string())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("schemathesis starts: `cargo xtask test` installs it");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    assert!(said.contains("No issues found"), "{said}");
    let tried = said.split_once(" generated, ").and_then(|(before, _)| before.rsplit(' ').next()?.parse::<u32>().ok());
    assert!(tried.is_some_and(|tried| tried > 2_000), "it has hardly been tried: {said}");
    // It was let in: the key that it came with still opens everything.
    assert_eq!(house.get(&format!("{url}/api/admin/keys"), &key).await.0, 200);
    house.books_balance().await;
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openapi")
}

/// The virtual environment that `cargo xtask test` fills.
fn venv() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/sdk-venv/bin")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_on_sqlite_is_what_its_description_says() {
    judged(&House::on_sqlite("30").await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_on_postgres_is_what_its_description_says() {
    judged(&House::on_postgres("30").await).await;
}
