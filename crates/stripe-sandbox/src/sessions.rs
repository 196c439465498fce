//! Checkout sessions: what may be asked for, what it adds up to, and how they end without payment.

use serde_json::{Map, Value, json};

use crate::books::{Act, PRIVATE, draw_id};
use crate::errors::ApiError;
use crate::form::{self, Pairs};
use crate::prices::{self, Bill};

const PARAMETERS: &[&str] = &[
    "mode:payment|setup|subscription",
    "ui_mode:hosted_page|embedded_page|elements|form",
    "success_url:max5000",
    "cancel_url:max5000",
    "client_reference_id:max200",
    "customer_email:max800",
    "customer_creation:always|if_required",
    "billing_address_collection:auto|required",
    "submit_type:auto|book|donate|pay|subscribe",
    "locale",
    "currency",
    "expires_at:int",
    "expand[]",
    "metadata[*]",
    "adaptive_pricing[enabled]:bool",
    "allow_promotion_codes:bool",
    "automatic_tax[enabled]:bool",
    "phone_number_collection[enabled]:bool",
    "allowed_payment_method_types[]",
    "excluded_payment_method_types[]",
    "discounts[][coupon]",
    "integration_identifier",
    "line_items[][quantity]:int",
    "line_items[][metadata][*]",
    "line_items[][price_data][currency]",
    "line_items[][price_data][unit_amount]:int",
    "line_items[][price_data][tax_behavior]:exclusive|inclusive|unspecified",
    "line_items[][price_data][product_data][name]:max5000",
    "line_items[][price_data][product_data][description]:max40000",
    "line_items[][price_data][product_data][images][]",
    "line_items[][price_data][product_data][metadata][*]",
    "line_items[][price_data][product_data][tax_code]",
    "line_items[][price_data][product_data][unit_label]",
    "payment_intent_data[metadata][*]",
    "payment_intent_data[description]:max1000",
    "payment_intent_data[statement_descriptor_suffix]:max22",
    "payment_intent_data[receipt_email]",
    "payment_intent_data[capture_method]:automatic|automatic_async",
    "payment_intent_data[shipping][name]",
    "payment_intent_data[shipping][phone]",
    "payment_intent_data[shipping][address][line1]",
    "payment_intent_data[shipping][address][line2]",
    "payment_intent_data[shipping][address][city]",
    "payment_intent_data[shipping][address][state]",
    "payment_intent_data[shipping][address][postal_code]",
    "payment_intent_data[shipping][address][country]",
    "shipping_options[][shipping_rate]",
    "shipping_options[][shipping_rate_data][display_name]:max100",
    "shipping_options[][shipping_rate_data][type]:fixed_amount",
    "shipping_options[][shipping_rate_data][fixed_amount][amount]:int",
    "shipping_options[][shipping_rate_data][fixed_amount][currency]",
    "shipping_options[][shipping_rate_data][metadata][*]",
    "shipping_options[][shipping_rate_data][tax_behavior]:exclusive|inclusive|unspecified",
    "shipping_options[][shipping_rate_data][delivery_estimate][minimum][unit]:business_day|day|hour|month|week",
    "shipping_options[][shipping_rate_data][delivery_estimate][minimum][value]:int",
    "shipping_options[][shipping_rate_data][delivery_estimate][maximum][unit]:business_day|day|hour|month|week",
    "shipping_options[][shipping_rate_data][delivery_estimate][maximum][value]:int",
];

/// Known to Stripe, not to this sandbox. `payment_method_types` is in neither list: the version removed it.
const LATER: &[&str] = &[
    "after_expiration",
    "automatic_tax[liability]",
    "branding_settings",
    "consent_collection",
    "custom_fields",
    "custom_text",
    "customer",
    "customer_account",
    "customer_update",
    "discounts[][promotion_code]",
    "invoice_creation",
    "line_items[][adjustable_quantity]",
    "line_items[][price]",
    "line_items[][price_data][product]",
    "line_items[][price_data][product_data][tax_details]",
    "line_items[][price_data][recurring]",
    "line_items[][price_data][unit_amount_decimal]",
    "line_items[][tax_rates]",
    "managed_payments",
    "name_collection",
    "optional_items",
    "origin_context",
    "payment_intent_data[application_fee_amount]",
    "payment_intent_data[on_behalf_of]",
    "payment_intent_data[setup_future_usage]",
    "payment_intent_data[shipping][carrier]",
    "payment_intent_data[shipping][tracking_number]",
    "payment_intent_data[statement_descriptor]",
    "payment_intent_data[transfer_data]",
    "payment_intent_data[transfer_group]",
    "payment_method_collection",
    "payment_method_configuration",
    "payment_method_data",
    "payment_method_options",
    "permissions",
    "redirect_on_completion",
    "return_url",
    "saved_payment_method_options",
    "setup_intent_data",
    "shipping_address_collection",
    "shipping_options[][shipping_rate_data][fixed_amount][currency_options]",
    "shipping_options[][shipping_rate_data][tax_code]",
    "subscription_data",
    "tax_id_collection",
    "wallet_options",
];

const LOCALES: &str = "auto bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt \
    nb nl pl pt pt-BR ro ru sk sl sv ta-IN te-IN th tr vi zh zh-HK zh-TW";

const SHORTEST_SECONDS: i64 = 30 * 60;
const LONGEST_SECONDS: i64 = 24 * 60 * 60;

pub fn create(act: &mut Act, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, PARAMETERS, LATER)?;
    check_modes(&asked)?;
    let expires_at = expiry(&asked, act.now)?;
    let id = draw_id("cs_test");
    let Bill { currency, items, coupon, discount, subtotal, shipping, shipping_amount, total } =
        prices::bill(act, &asked, &id)?;

    if let Some(rate) = &shipping {
        act.put(|books| &mut books.shipping_rates, rate.clone());
    }
    let rate_id = shipping.as_ref().map(|rate| rate["id"].clone());
    let asked_or = |name: &str, otherwise: Value| if asked[name].is_null() { otherwise } else { asked[name].clone() };
    let session = json!({
        "id": id, "object": "checkout.session",
        "adaptive_pricing": {"enabled": asked["adaptive_pricing"]["enabled"].as_bool().unwrap_or(true)},
        "after_expiration": null, "allow_promotion_codes": asked["allow_promotion_codes"],
        "allowed_payment_method_types": asked["allowed_payment_method_types"],
        "amount_subtotal": subtotal, "amount_total": total,
        "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
        "billing_address_collection": asked["billing_address_collection"], "cancel_url": asked["cancel_url"],
        "client_reference_id": asked["client_reference_id"], "client_secret": null,
        "collected_information": null, "consent": null, "consent_collection": null, "created": act.now,
        "currency": currency, "currency_conversion": null, "custom_fields": [],
        "custom_text": {"after_submit": null, "shipping_address": null, "submit": null,
            "terms_of_service_acceptance": null},
        "customer": null, "customer_account": null,
        "customer_creation": asked_or("customer_creation", json!("if_required")),
        "customer_details": asked["customer_email"].as_str().map(customer_details),
        "customer_email": asked["customer_email"],
        "discounts": coupon.iter().map(|coupon| json!({"coupon": coupon["id"], "promotion_code": null})).collect::<Vec<_>>(),
        "expires_at": expires_at, "integration_identifier": asked["integration_identifier"], "invoice": null,
        "invoice_creation": null, "livemode": false, "locale": asked["locale"], "managed_payments": null,
        "metadata": asked_or("metadata", json!({})), "mode": "payment", "origin_context": null,
        "payment_intent": null, "payment_link": null, "payment_method_collection": "if_required",
        "payment_method_configuration_details": null, "payment_method_options": {},
        "payment_method_types": offered(&asked), "payment_status": if total == 0 { "no_payment_required" } else { "unpaid" },
        "permissions": null, "phone_number_collection": {"enabled": false}, "recovered_from": null,
        "saved_payment_method_options": null, "setup_intent": null, "shipping_address_collection": null,
        "shipping_cost": rate_id.as_ref().map(|rate| json!({"amount_subtotal": shipping_amount, "amount_tax": 0,
            "amount_total": shipping_amount, "shipping_rate": rate})),
        "shipping_options": rate_id.iter().map(|rate| json!({"shipping_amount": shipping_amount, "shipping_rate": rate}))
            .collect::<Vec<_>>(),
        "status": "open", "submit_type": asked["submit_type"], "subscription": null,
        "success_url": asked["success_url"],
        "total_details": {"amount_discount": discount, "amount_shipping": shipping_amount, "amount_tax": 0},
        "ui_mode": "hosted_page", "url": format!("{}/_sandbox/checkout/{id}", act.base_path), "wallet_options": null,
        PRIVATE: {"items": items, "intent": asked["payment_intent_data"]},
    });
    act.put(|books| &mut books.sessions, session.clone());
    Ok(session)
}

fn check_modes(asked: &Value) -> Result<(), ApiError> {
    for required in ["mode", "line_items", "success_url"] {
        if asked[required].is_null() {
            return Err(ApiError::missing(required));
        }
    }
    for (name, only) in [("mode", "payment"), ("ui_mode", "hosted_page")] {
        if asked[name].as_str().is_some_and(|given| given != only) {
            return Err(ApiError::not_imitated(name));
        }
    }
    for switch in ["automatic_tax", "phone_number_collection"] {
        if asked[switch]["enabled"] == true {
            return Err(ApiError::not_imitated(switch));
        }
    }
    if asked["allow_promotion_codes"] == true {
        if !asked["discounts"].is_null() {
            let message = "You may only specify one of these parameters: allow_promotion_codes, discounts.";
            return Err(ApiError::invalid_code("parameters_exclusive", "allow_promotion_codes", message));
        }
        return Err(ApiError::not_imitated("allow_promotion_codes"));
    }
    if let Some(locale) = asked["locale"].as_str().filter(|locale| !LOCALES.split(' ').any(|known| known == *locale)) {
        return Err(ApiError::invalid("locale", format!("Invalid locale: {locale}")));
    }
    for name in ["success_url", "cancel_url"] {
        let given = asked[name].as_str().unwrap_or("https://left.out");
        if !given.starts_with("https://") && !given.starts_with("http://") {
            return Err(ApiError::invalid_code("url_invalid", name, "Not a valid URL"));
        }
    }
    if asked["customer_email"].as_str().is_some_and(|email| !email.contains('@')) {
        let message = format!("Invalid email address: {}", asked["customer_email"].as_str().unwrap_or_default());
        return Err(ApiError::invalid_code("email_invalid", "customer_email", message));
    }
    Ok(())
}

fn expiry(asked: &Value, now: i64) -> Result<i64, ApiError> {
    let Some(at) = asked["expires_at"].as_i64() else { return Ok(now + LONGEST_SECONDS) };
    if at < now + SHORTEST_SECONDS {
        let message = "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.";
        return Err(ApiError::invalid("expires_at", message));
    }
    if at > now + LONGEST_SECONDS {
        let message = "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.";
        return Err(ApiError::invalid("expires_at", message));
    }
    Ok(at)
}

/// Without a filter, every method the sandbox imitates is switched on in its imaginary Dashboard.
fn offered(asked: &Value) -> Vec<String> {
    let words = |name: &str| -> Vec<String> {
        asked[name].as_array().into_iter().flatten().filter_map(|word| word.as_str().map(str::to_owned)).collect()
    };
    let (allowed, excluded) = (words("allowed_payment_method_types"), words("excluded_payment_method_types"));
    let mut offered: Vec<String> = ["card", DELAYED_METHOD].map(str::to_owned).to_vec();
    offered.retain(|method| allowed.is_empty() || allowed.contains(method));
    // A filter for other immediate methods still leaves something to pay with.
    if offered.is_empty() {
        offered.push("card".to_owned());
    }
    offered.retain(|method| !excluded.contains(method));
    offered
}

/// The one delayed method of the sandbox: a bank debit, whose money arrives or fails later.
pub const DELAYED_METHOD: &str = "sepa_debit";

pub fn customer_details(email: &str) -> Value {
    json!({"address": null, "business_name": null, "email": email, "individual_name": null, "name": null,
        "phone": null, "tax_exempt": "none", "tax_ids": []})
}

pub fn line_items(session: &Value) -> Vec<Value> {
    session[PRIVATE]["items"].as_array().cloned().unwrap_or_default()
}

/// `POST …/expire`: only an open session can be closed; otherwise the caller has lost a race and must look again.
pub fn expire(act: &mut Act, id: &str, pairs: &Pairs) -> Result<Value, ApiError> {
    form::read(pairs, &["expand[]"], &[])?;
    let session = act.books.sessions.get(id).ok_or_else(|| ApiError::no_such("checkout.session", id))?;
    let status = session["status"].as_str().unwrap_or_default();
    if status != "open" {
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `{status}`."
        );
        return Err(ApiError::refused(None, None, message));
    }
    Ok(close(act, id).unwrap_or_default())
}

/// Every open session whose time is over.
pub fn expire_due(act: &mut Act) {
    let is_due = |session: &&Value| session["status"] == "open" && session["expires_at"].as_i64() <= Some(act.now);
    let rows = act.books.sessions.rows().iter();
    let due: Vec<String> =
        rows.filter(is_due).filter_map(|session| session["id"].as_str().map(str::to_owned)).collect();
    for id in due {
        close(act, &id);
    }
}

fn close(act: &mut Act, id: &str) -> Option<Value> {
    let session = act.books.sessions.get_mut(id)?;
    session["status"] = json!("expired");
    session["url"] = Value::Null;
    let session = session.clone();
    act.changed = true;
    // Stripe cancels the intent of a declined attempt together with its session.
    if let Some(intent) = session["payment_intent"].as_str().and_then(|id| act.books.payment_intents.get_mut(id)) {
        intent["status"] = json!("canceled");
        intent["canceled_at"] = json!(act.now);
        intent["cancellation_reason"] = json!("automatic");
        let intent = intent.clone();
        act.event("payment_intent.canceled", &intent);
    }
    act.event("checkout.session.expired", &session);
    Some(session)
}

/// A text field of the private part, for the payment machine.
pub fn private<'a>(session: &'a Value, name: &str) -> Option<&'a Map<String, Value>> {
    session[PRIVATE][name].as_object()
}
