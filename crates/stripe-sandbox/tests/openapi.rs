//! Every answer against Stripe's own description, which is reference data outside of this repository: its path is in
//! `STRIPE_OPENAPI`, or it lies in `shared/stripe/openapi-subset.json` beside the repository.
#![allow(clippy::unwrap_used, reason = "in tests a panic is the report")]

mod common;

use std::io::Write as _;
use std::path::PathBuf;

use common::{Answer, Street, id, order};
use serde_json::{Value, json};
use stripe_sandbox::Pay;

struct Description(Value);

impl Description {
    /// The description with OpenAPI's `nullable` said in JSON Schema; nothing when this machine has none.
    fn read() -> Option<Description> {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/stripe/openapi-subset.json");
        let path = std::env::var_os("STRIPE_OPENAPI").map_or_else(beside, PathBuf::from);
        let Ok(text) = std::fs::read_to_string(&path) else {
            // Not by eprintln!, which the test runner would swallow.
            let _ = writeln!(
                std::io::stderr(),
                "ABSENT: Stripe's description ({}). Answers are NOT checked against it; set STRIPE_OPENAPI to its path.",
                path.display()
            );
            return None;
        };
        let mut described: Value = serde_json::from_str(&text).unwrap();
        plain(&mut described);
        Some(Description(described))
    }

    fn check_schema(&self, schema: &Value, answer: &Value, what: &str) {
        let mut whole = schema.clone();
        whole["components"] = self.0["components"].clone();
        let validator = jsonschema::validator_for(&whole).unwrap();
        let wrong: Vec<String> =
            validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{what}:\n{}\n{answer:#}", wrong.join("\n"));
    }

    fn check(&self, method: &str, template: &str, answer: &Answer) -> Value {
        let operation = &self.0["paths"][template][method];
        assert!(operation.is_object(), "{method} {template} is not described");
        let what = format!("{method} {template}");
        let body = answer.json();
        if answer.status == 200 {
            let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
            assert!(schema.is_object(), "{what}");
            self.check_schema(schema, &body, &what);
        } else {
            self.check_schema(&json!({"$ref": "#/components/schemas/error"}), &body, &what);
        }
        body
    }

    fn check_named(&self, name: &str, object: &Value) {
        self.check_schema(&json!({"$ref": format!("#/components/schemas/{name}")}), object, name);
    }
}

/// Not in the description; these are the fields of Stripe's SDK, whose judges read them too.
fn check_warning(warning: &Value) {
    let mut names: Vec<&String> = warning.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(
        names,
        ["actionable", "charge", "created", "fraud_type", "id", "livemode", "object", "payment_intent"],
        "{warning}"
    );
}

fn plain(schema: &mut Value) {
    if schema["nullable"] == true && schema["type"].is_string() {
        schema["type"] = json!([schema["type"], "null"]);
    }
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(plain),
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

#[tokio::test]
async fn every_answer_is_one_that_stripe_describes() {
    let Some(stripe) = Description::read() else { return };
    let street = Street::open().await;
    let coupon =
        [("id", "disc_1"), ("amount_off", "950"), ("currency", "eur"), ("duration", "once"), ("name", "Autumn")];
    stripe.check("post", "/v1/coupons", &street.post("/v1/coupons", &coupon).await);
    stripe.check("get", "/v1/coupons", &street.get("/v1/coupons").await);
    stripe.check("get", "/v1/coupons/{coupon}", &street.get("/v1/coupons/disc_1").await);

    let rich = [
        ("discounts[0][coupon]", "disc_1"),
        ("locale", "zh"),
        ("adaptive_pricing[enabled]", "false"),
        ("allowed_payment_method_types[0]", "card"),
        ("expand[]", "line_items"),
        ("expand[]", "total_details.breakdown"),
        ("shipping_options[0][shipping_rate_data][type]", "fixed_amount"),
        ("shipping_options[0][shipping_rate_data][display_name]", "Parcel"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][amount]", "490"),
        ("shipping_options[0][shipping_rate_data][fixed_amount][currency]", "eur"),
    ];
    let sessions = "/v1/checkout/sessions";
    let session = stripe.check("post", sessions, &street.post(sessions, &order(&rich)).await);
    assert_eq!(session["object"], "checkout.session", "{session}");
    let one = format!("{sessions}/{}", id(&session));
    stripe.check(
        "get",
        "/v1/checkout/sessions/{session}/line_items",
        &street.get(&format!("{one}/line_items?limit=1")).await,
    );
    let expire = "/v1/checkout/sessions/{session}/expire";
    let other = street.session().await;
    for _ in 0..2 {
        let path = format!("{sessions}/{}/expire", id(&other));
        stripe.check("post", expire, &street.post(&path, &[]).await);
    }
    let pay = |session: &Value, how: Pay| street.sandbox.pay(id(session), how);
    assert!(pay(&session, Pay::Card("4000000000000002".to_owned())).is_err());
    stripe.check(
        "get",
        "/v1/checkout/sessions/{session}",
        &street.get(&format!("{one}?expand[]=payment_intent.latest_charge")).await,
    );
    pay(&session, Pay::Card("4000000000007726".to_owned())).unwrap();
    for delayed in [Pay::DelayedSucceeds, Pay::DelayedFails] {
        let session = street.session().await;
        pay(&session, delayed).unwrap();
        let path = format!("{sessions}/{}?expand[]=payment_intent.latest_charge&expand[]=line_items", id(&session));
        stripe.check("get", "/v1/checkout/sessions/{session}", &street.get(&path).await);
        pay(&session, Pay::SettleDelayed).unwrap();
        stripe.check("get", "/v1/checkout/sessions/{session}", &street.get(&path).await);
    }
    let session = stripe.check("get", "/v1/checkout/sessions/{session}", &street.get(&one).await);
    let intent = session["payment_intent"].as_str().unwrap();
    let refund = stripe.check(
        "post",
        "/v1/refunds",
        &street.post("/v1/refunds", &[("payment_intent", intent), ("amount", "1")]).await,
    );
    stripe.check(
        "get",
        "/v1/refunds/{refund}",
        &street.get(&format!("/v1/refunds/{}?expand[]=charge", id(&refund))).await,
    );
    stripe.check(
        "post",
        "/v1/refunds",
        &street.post("/v1/refunds", &[("payment_intent", intent), ("amount", "9999999")]).await,
    );
    street.sandbox.next_refund(Some(stripe_sandbox::RefundStatus::RequiresAction));
    let part = [("payment_intent", intent), ("amount", "100")];
    let asking = stripe.check("post", "/v1/refunds", &street.post("/v1/refunds", &part).await);
    let cancel = format!("/v1/refunds/{}/cancel", id(&asking));
    for _ in 0..2 {
        stripe.check("post", "/v1/refunds/{refund}/cancel", &street.post(&cancel, &[]).await);
    }
    let failing = street.paid("4000000000005126").await;
    let failing = failing["payment_intent"].as_str().unwrap();
    let refund = stripe.check("post", "/v1/refunds", &street.post("/v1/refunds", &[("payment_intent", failing)]).await);
    street.sandbox.settle_refund(id(&refund)).unwrap();
    let charge = refund["charge"].as_str().unwrap();
    let dispute = street.sandbox.open_dispute(charge, "fraudulent").unwrap();
    stripe.check_named("dispute", &dispute);
    street.paid("4000000000001976").await;
    street.paid("4000000000005423").await;
    for dispute in street.get("/v1/disputes?expand[]=data.charge").await.ok()["data"].as_array().unwrap() {
        stripe.check_named("dispute", dispute);
    }
    for warning in street.get("/v1/radar/early_fraud_warnings").await.ok()["data"].as_array().unwrap() {
        check_warning(warning);
    }
    stripe.check_named("dispute", &street.sandbox.close_dispute(id(&dispute), false).unwrap());

    stripe.check(
        "get",
        "/v1/payment_intents/{intent}",
        &street.get(&format!("/v1/payment_intents/{intent}?expand[]=latest_charge")).await,
    );
    stripe.check(
        "get",
        "/v1/charges/{charge}",
        &street.get(&format!("/v1/charges/{charge}?expand[]=balance_transaction&expand[]=refunds")).await,
    );
    stripe.check("get", "/v1/charges/{charge}", &street.get("/v1/charges/ch_none").await);
    for list in [
        sessions,
        "/v1/payment_intents",
        "/v1/charges",
        "/v1/refunds",
        "/v1/balance_transactions",
        "/v1/events",
        "/v1/coupons",
        "/v1/webhook_endpoints",
    ] {
        let body = stripe.check("get", list, &street.get(&format!("{list}?limit=100")).await);
        assert!(!body["data"].as_array().unwrap().is_empty(), "{list}");
    }
    let events = street.get("/v1/events?limit=100").await.json();
    for event in events["data"].as_array().unwrap() {
        let known =
            stripe.0["components"]["schemas"]["event"]["properties"]["type"]["x-known-event-types"].as_array().unwrap();
        assert!(known.contains(&event["type"]), "{}", event["type"]);
        let object = &event["data"]["object"];
        if object["object"] == "radar.early_fraud_warning" {
            check_warning(object);
            continue;
        }
        stripe.check_named(object["object"].as_str().unwrap(), object);
    }
    let event = id(&events["data"][0]);
    stripe.check("get", "/v1/events/{id}", &street.get(&format!("/v1/events/{event}")).await);
    let txn = street.get("/v1/balance_transactions").await.json();
    for txn in
        street.get("/v1/balance_transactions?limit=100&expand[]=data.source").await.json()["data"].as_array().unwrap()
    {
        stripe.check_named("balance_transaction", txn);
    }
    let txn = id(&txn["data"][0]).to_owned();
    stripe.check("get", "/v1/balance_transactions/{id}", &street.get(&format!("/v1/balance_transactions/{txn}")).await);
    stripe.check("get", "/v1/balance", &street.get("/v1/balance").await);
    stripe.check("get", "/v1/account", &street.get("/v1/account").await);
    stripe.check("delete", "/v1/coupons/{coupon}", &street.delete("/v1/coupons/disc_1").await);
    let pages = [
        stripe_sandbox::Fault::TooManyRequests,
        stripe_sandbox::Fault::ServerError,
        stripe_sandbox::Fault::ServerErrorAfterSuccess,
    ];
    for fault in pages {
        street.sandbox.set_faults(stripe_sandbox::Faults::default().with(fault));
        stripe.check("get", sessions, &street.get(sessions).await);
    }
}

/// The request side: whatever Stripe's description lets a client send is known here, be it imitated or refused by name.
#[tokio::test]
async fn no_parameter_of_stripes_is_unknown() {
    let Some(stripe) = Description::read() else { return };
    let street = Street::open().await;
    for path in [
        "/v1/checkout/sessions",
        "/v1/coupons",
        "/v1/refunds",
        "/v1/checkout/sessions/{session}/expire",
        "/v1/refunds/{refund}/cancel",
    ] {
        let body =
            &stripe.0["paths"][path]["post"]["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"];
        let mut keys = Vec::new();
        leaves(body, String::new(), &mut keys);
        assert!(keys.len() > 1 || path.contains('{'), "{path}: {keys:?}");
        for key in keys {
            let address = path.replace("{session}", "cs_test_none").replace("{refund}", "re_none");
            let answer = street.post(&address, &[(key.as_str(), "1")]).await;
            assert_ne!(answer.code(), "parameter_unknown", "{path}: {key}");
        }
    }
    let lists = ["checkout/sessions", "payment_intents", "charges", "refunds", "balance_transactions", "events"];
    for path in lists.map(|path| format!("/v1/{path}")) {
        let parameters = stripe.0["paths"][&path]["get"]["parameters"].as_array().unwrap();
        assert!(parameters.len() > 4, "{path}");
        for parameter in parameters {
            let name = parameter["name"].as_str().unwrap();
            let list = if parameter["schema"]["type"] == "array" { "[]" } else { "" };
            let answer = street.get(&format!("{path}?{name}{list}=1")).await;
            assert_ne!(answer.code(), "parameter_unknown", "{path}: {name}");
        }
    }
}

fn leaves(schema: &Value, key: String, found: &mut Vec<String>) {
    let choices = schema["anyOf"].as_array().or(schema["oneOf"].as_array()).cloned().unwrap_or_default();
    let mut is_leaf = true;
    for schema in choices.iter().chain([schema]) {
        for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
            is_leaf = false;
            leaves(inner, if key.is_empty() { name.clone() } else { format!("{key}[{name}]") }, found);
        }
        if schema["items"].is_object() {
            is_leaf = false;
            leaves(&schema["items"], format!("{key}[0]"), found);
        }
        if schema["additionalProperties"].is_object() || schema["additionalProperties"] == true {
            is_leaf = false;
            found.push(format!("{key}[free]"));
        }
    }
    if is_leaf && !key.is_empty() {
        found.push(key);
    }
}
