//! Lists: filters, cursors and expansions, walked as somebody who reconciles would.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use common::{Street, id};
use serde_json::{Value, json};

const GOOD: &str = "4242424242424242";

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|row| id(row).to_owned()).collect()
}

/// Every page of a list, in one direction, as an SDK walks it.
async fn walk(street: &Street, path: &str, cursor: &str) -> Vec<String> {
    let mut walked: Vec<String> = Vec::new();
    loop {
        let from = walked.last().map(|last| format!("&{cursor}={last}")).unwrap_or_default();
        let page = street.get(&format!("{path}{from}")).await.ok();
        walked.extend(ids(&page));
        if page["has_more"] == false {
            return walked;
        }
    }
}

/// Three payments a minute apart, each refunded in part and disputed.
async fn busy_street() -> Street {
    let street = Street::open().await;
    for _ in 0..3 {
        let paid = street.paid(GOOD).await;
        let refund = street.sandbox.dashboard_refund(paid["payment_intent"].as_str().unwrap(), Some(100)).unwrap();
        street.sandbox.open_dispute(refund["charge"].as_str().unwrap(), "general").unwrap();
        street.paid("4000000000005423").await;
        street.pass(60);
    }
    street
}

#[tokio::test]
async fn every_list_walks_newest_first_without_gaps() {
    let street = busy_street().await;
    for (path, count) in [
        ("/v1/events", street.sandbox.events().len()),
        ("/v1/charges", 6),
        ("/v1/payment_intents", 6),
        ("/v1/checkout/sessions", 6),
        ("/v1/refunds", 3),
        ("/v1/disputes", 3),
        ("/v1/balance_transactions", 12),
        ("/v1/radar/early_fraud_warnings", 3),
    ] {
        let whole = street.get(&format!("{path}?limit=100")).await.ok();
        let created: Vec<i64> =
            whole["data"].as_array().unwrap().iter().map(|row| row["created"].as_i64().unwrap()).collect();
        assert!(created.is_sorted_by(|newer, older| newer >= older), "{path}");
        assert_eq!((created.len(), &whole["has_more"], &whole["url"]), (count, &json!(false), &json!(path)));
        assert_eq!(walk(&street, &format!("{path}?limit=2"), "starting_after").await, ids(&whole), "{path}");
        let oldest = ids(&whole).pop().unwrap();
        let back = street.get(&format!("{path}?limit=2&ending_before={oldest}")).await.ok();
        assert_eq!(ids(&back), ids(&whole)[count.saturating_sub(3)..count - 1], "{path}");
        let first = street.get(&format!("{path}?created[lt]={}", common::START + 60)).await.ok();
        let later = street.get(&format!("{path}?limit=100&created[gte]={}", common::START + 60)).await.ok();
        let oldest_page = 10.min(count - ids(&later).len());
        assert_eq!([ids(&later), ids(&first)].concat(), ids(&whole)[..ids(&later).len() + oldest_page], "{path}");
        let between = street
            .get(&format!("{path}?limit=100&created[gt]={}&created[lte]={}", common::START, common::START + 60))
            .await
            .ok();
        assert!(
            !ids(&between).is_empty()
                && between["data"].as_array().unwrap().iter().all(|row| row["created"] == common::START + 60),
            "{path}"
        );
        for wrong in ["limit=0", "limit=101", "starting_after=none", "colour=red", "created[about]=5"] {
            assert_eq!(street.get(&format!("{path}?{wrong}")).await.status, 400, "{path}?{wrong}");
        }
    }
}

#[tokio::test]
async fn lists_are_filtered_by_what_they_belong_to() {
    let street = busy_street().await;
    let dispute = street.get("/v1/disputes?limit=1").await.ok()["data"][0].clone();
    let (charge, intent) = (dispute["charge"].as_str().unwrap(), dispute["payment_intent"].as_str().unwrap());
    for (path, count) in [
        (format!("/v1/disputes?charge={charge}"), 1),
        (format!("/v1/disputes?payment_intent={intent}"), 1),
        (format!("/v1/refunds?charge={charge}"), 1),
        (format!("/v1/refunds?payment_intent={intent}"), 1),
        (format!("/v1/charges?payment_intent={intent}"), 1),
        (format!("/v1/checkout/sessions?payment_intent={intent}"), 1),
        ("/v1/checkout/sessions?status=open".to_owned(), 0),
        ("/v1/balance_transactions?type=adjustment".to_owned(), 3),
        ("/v1/balance_transactions?type=adjustment&currency=usd".to_owned(), 0),
        ("/v1/events?types[]=charge.dispute.created&types[]=refund.created".to_owned(), 6),
        ("/v1/events?type=charge.dispute.*".to_owned(), 6),
        (format!("/v1/refunds?created={}", common::START), 1),
    ] {
        assert_eq!(ids(&street.get(&path).await.ok()).len(), count, "{path}");
    }
}

/// Whoever walks open sessions must not lose their place because the one they stand on was paid meanwhile.
#[tokio::test]
async fn a_cursor_keeps_its_place_when_its_object_leaves_the_filter() {
    let street = Street::open().await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(id(&street.session().await).to_owned());
    }
    made.reverse();
    let first = street.get("/v1/checkout/sessions?status=open&limit=2").await.ok();
    assert_eq!(ids(&first), made[..2]);
    street.post(&format!("/v1/checkout/sessions/{}/expire", made[1]), &[]).await.ok();
    let next = street.get(&format!("/v1/checkout/sessions?status=open&limit=2&starting_after={}", made[1])).await.ok();
    assert_eq!(ids(&next), made[2..]);
    let back = street.get(&format!("/v1/checkout/sessions?status=open&limit=2&ending_before={}", made[1])).await.ok();
    assert_eq!((ids(&back), &back["has_more"]), (made[..1].to_vec(), &json!(false)));
}

#[tokio::test]
async fn what_an_object_names_can_be_expanded_in_place() {
    let street = busy_street().await;
    let sessions = street
        .get("/v1/checkout/sessions?limit=1&expand[]=data.payment_intent.latest_charge&expand[]=data.line_items")
        .await
        .ok();
    assert_eq!(sessions["data"][0]["payment_intent"]["latest_charge"]["amount"], 2950);
    assert_eq!(sessions["data"][0]["line_items"]["data"][0]["quantity"], 2);
    let refunds =
        street.get("/v1/refunds?expand[]=data.charge.balance_transaction&expand[]=data.payment_intent").await.ok();
    assert_eq!(refunds["data"][0]["charge"]["balance_transaction"]["type"], "charge");
    assert_eq!(refunds["data"][0]["payment_intent"]["object"], "payment_intent");
    let disputes = street.get("/v1/disputes?expand[]=data.charge").await.ok();
    assert_eq!(disputes["data"][0]["charge"]["disputed"], true);
    let charges = street.get("/v1/charges?limit=2&expand[]=data.refunds").await.ok();
    assert_eq!(charges["data"][1]["refunds"]["data"][0]["amount"], 100);
    assert_eq!(street.get("/v1/charges?expand[]=data.colour").await.status, 400);
    assert_eq!(street.get("/v1/charges?expand[]=data.amount").await.status, 400);
}

#[tokio::test]
async fn events_are_kept_for_thirty_days() {
    let street = Street::open().await;
    street.paid(GOOD).await;
    let event = street.get("/v1/events?limit=1").await.ok()["data"][0].clone();
    let path = format!("/v1/events/{}", id(&event));
    street.pass(30 * 24 * 60 * 60 - 1);
    assert_eq!(street.get(&path).await.status, 200);
    street.pass(1);
    assert_eq!(street.get(&path).await.code(), "resource_missing");
    assert!(ids(&street.get("/v1/events").await.ok()).is_empty());
}

#[tokio::test]
async fn the_endpoint_of_the_webhooks_is_listed() {
    let street = Street::open().await;
    let listed = street.get("/v1/webhook_endpoints").await.ok();
    assert_eq!(listed["data"][0]["api_version"], stripe_sandbox::API_VERSION);
    street.sandbox.set_webhook_url(None);
    assert!(ids(&street.get("/v1/webhook_endpoints").await.ok()).is_empty());
    assert_eq!(street.post("/v1/webhook_endpoints", &[]).await.code(), "sandbox_not_imitated");
}
