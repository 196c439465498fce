//! Coupons: made once, immutable, deleted without touching what already uses them.

use serde_json::{Value, json};

use crate::books::{Act, draw_id};
use crate::errors::ApiError;
use crate::form::{self, Pairs};
use crate::money;

const PARAMETERS: &[&str] = &[
    "id:max200",
    "amount_off:int",
    "percent_off:number",
    "currency",
    "duration:once|repeating|forever",
    "duration_in_months:int",
    "max_redemptions:int",
    "redeem_by:int",
    "name:max40",
    "metadata[*]",
    "expand[]",
];
const LATER: &[&str] = &["applies_to", "currency_options"];

pub fn create(act: &mut Act, pairs: &Pairs) -> Result<Value, ApiError> {
    let asked = form::read(pairs, PARAMETERS, LATER)?;
    let currency = asked["currency"].as_str().map(str::to_lowercase);
    match (asked["amount_off"].as_i64(), asked["percent_off"].as_f64()) {
        (None, None) => return Err(ApiError::missing("percent_off")),
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: amount_off, percent_off.";
            return Err(ApiError::invalid_code("parameters_exclusive", "percent_off", message));
        }
        (Some(amount), None) => {
            let currency = currency.as_deref().ok_or_else(|| ApiError::missing("currency"))?;
            if !money::is_known(currency) {
                return Err(ApiError::invalid("currency", format!("Invalid currency: {currency}")));
            }
            if !(1..=money::MOST).contains(&amount) || amount % money::step(currency) != 0 {
                return Err(ApiError::invalid_code(
                    "parameter_invalid_integer",
                    "amount_off",
                    "Invalid positive integer",
                ));
            }
        }
        (None, Some(percent)) if percent <= 0.0 || percent > 100.0 => {
            return Err(ApiError::invalid("percent_off", "Invalid percent_off: must be between 0 and 100"));
        }
        (None, Some(_)) => {}
    }
    if asked["redeem_by"].as_i64().is_some_and(|last| last <= act.now) {
        return Err(ApiError::invalid("redeem_by", "The redeem_by date cannot be in the past."));
    }
    if asked["max_redemptions"].as_i64().is_some_and(|most| most < 1) {
        return Err(ApiError::invalid_code("parameter_invalid_integer", "max_redemptions", "Invalid positive integer"));
    }
    let id = match asked["id"].as_str() {
        Some(id) => id.to_owned(),
        None => draw_id("co").split_off(3),
    };
    if act.books.coupons.get(&id).is_some() {
        let message = "Coupon already exists.";
        return Err(ApiError::refused(Some("resource_already_exists"), Some("id"), message));
    }
    let coupon = json!({
        "id": id, "object": "coupon", "amount_off": asked["amount_off"], "created": act.now, "currency": currency,
        "duration": asked["duration"].as_str().unwrap_or("once"), "duration_in_months": asked["duration_in_months"],
        "livemode": false, "max_redemptions": asked["max_redemptions"],
        "metadata": if asked["metadata"].is_null() { json!({}) } else { asked["metadata"].clone() },
        "name": asked["name"], "percent_off": asked["percent_off"], "redeem_by": asked["redeem_by"],
        "times_redeemed": 0, "valid": true,
    });
    act.put(|books| &mut books.coupons, coupon.clone());
    act.event("coupon.created", &coupon);
    Ok(coupon)
}

pub fn delete(act: &mut Act, id: &str) -> Result<Value, ApiError> {
    let coupon = act.books.coupons.remove(id).ok_or_else(|| ApiError::no_such("coupon", id))?;
    act.changed = true;
    act.event("coupon.deleted", &coupon);
    Ok(json!({"id": id, "object": "coupon", "deleted": true}))
}
