//! What a session adds up to: items, one discount, one way of shipping, and the limits of a charge.

use serde_json::{Value, json};

use crate::books::{Act, draw_id};
use crate::errors::ApiError;
use crate::money;

const LINES_MOST: usize = 100;

/// A session's sums, and the parts they come from.
pub struct Bill {
    pub currency: String,
    pub items: Vec<Value>,
    pub coupon: Option<Value>,
    pub discount: i64,
    pub subtotal: i64,
    pub shipping: Option<Value>,
    pub shipping_amount: Option<i64>,
    pub total: i64,
}

pub fn bill(act: &Act, asked: &Value, session: &str) -> Result<Bill, ApiError> {
    let currency = currency_of(asked)?;
    let mut items = Vec::new();
    for (place, line) in asked["line_items"].as_array().into_iter().flatten().enumerate() {
        items.push(item(line, place, &currency, act.now)?);
    }
    let subtotal: i64 = items.iter().filter_map(|item| item["amount_subtotal"].as_i64()).sum();
    let shipping = shipping_rate(act, asked, &currency)?;
    let coupon = coupon_for(act, asked, &currency)?;
    let discount = coupon.as_ref().map_or(0, |coupon| discount_of(coupon, subtotal));
    spread(&mut items, discount, coupon.as_ref(), session, act.now);
    let shipping_amount = shipping.as_ref().and_then(|rate| rate["fixed_amount"]["amount"].as_i64());
    let total = subtotal - discount + shipping_amount.unwrap_or(0);
    check_total(total, &currency)?;
    Ok(Bill { currency, items, coupon, discount, subtotal, shipping, shipping_amount, total })
}

fn currency_of(asked: &Value) -> Result<String, ApiError> {
    let lines = asked["line_items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if lines.len() > LINES_MOST {
        return Err(ApiError::invalid("line_items", format!("You may have at most {LINES_MOST} line items.")));
    }
    let mut chosen: Option<String> = asked["currency"].as_str().map(str::to_lowercase);
    for (place, line) in lines.iter().enumerate() {
        let param = format!("line_items[{place}][price_data][currency]");
        let given = line["price_data"]["currency"].as_str().ok_or_else(|| ApiError::missing(&param))?.to_lowercase();
        if !money::is_known(&given) {
            return Err(ApiError::invalid(&param, format!("Invalid currency: {given}")));
        }
        if chosen.as_ref().is_some_and(|first| *first != given) {
            return Err(ApiError::invalid(&param, "All line items of a Checkout Session must have the same currency."));
        }
        chosen = Some(given);
    }
    chosen.ok_or_else(|| ApiError::missing("line_items"))
}

fn item(line: &Value, place: usize, currency: &str, now: i64) -> Result<Value, ApiError> {
    let param = |rest: &str| format!("line_items[{place}]{rest}");
    let quantity = line["quantity"].as_i64().ok_or_else(|| ApiError::missing(&param("[quantity]")))?;
    let price = &line["price_data"];
    let unit = price["unit_amount"].as_i64().ok_or_else(|| ApiError::missing(&param("[price_data][unit_amount]")))?;
    let product = &price["product_data"];
    let name = product["name"].as_str().ok_or_else(|| ApiError::missing(&param("[price_data][product_data][name]")))?;
    if quantity < 1 {
        let message = "This value must be greater than or equal to 1.";
        return Err(ApiError::invalid_code("parameter_invalid_integer", &param("[quantity]"), message));
    }
    if unit < 0 {
        let message = "Invalid non-negative integer";
        return Err(ApiError::invalid_code("parameter_invalid_integer", &param("[price_data][unit_amount]"), message));
    }
    if unit % money::step(currency) != 0 {
        let message = format!("Amounts in {currency} must be divisible by {}.", money::step(currency));
        return Err(ApiError::invalid(&param("[price_data][unit_amount]"), message));
    }
    if product["images"].as_array().is_some_and(|images| images.len() > 8) {
        return Err(ApiError::invalid(&param("[price_data][product_data][images]"), "At most 8 images are allowed."));
    }
    let amount =
        unit.checked_mul(quantity).filter(|amount| *amount <= money::MOST).ok_or_else(|| too_large(currency))?;
    let metadata = if line["metadata"].is_null() { json!({}) } else { line["metadata"].clone() };
    Ok(json!({
        "id": draw_id("li"), "object": "item", "adjustable_quantity": null, "amount_discount": 0,
        "amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "currency": currency, "description": name,
        "discounts": [], "metadata": metadata, "quantity": quantity, "taxes": [],
        "price": {"id": draw_id("price"), "object": "price", "active": false, "billing_scheme": "per_unit",
            "created": now, "currency": currency, "custom_unit_amount": null, "livemode": false, "lookup_key": null,
            "metadata": {}, "nickname": null, "product": draw_id("prod"), "recurring": null,
            "tax_behavior": price["tax_behavior"].as_str().unwrap_or("unspecified"), "tiers_mode": null,
            "transform_quantity": null, "type": "one_time", "unit_amount": unit, "unit_amount_decimal": unit.to_string()},
    }))
}

fn too_large(currency: &str) -> ApiError {
    let message = format!("The total amount must be at most {}.", money::most(currency));
    ApiError::refused(Some("amount_too_large"), Some("line_items"), message)
}

fn check_total(total: i64, currency: &str) -> Result<(), ApiError> {
    let least = money::least(currency);
    if total > 0 && total < least {
        let least = money::print(least, currency);
        let message = format!("The Checkout Session's total amount due must add up to at least {least}");
        return Err(ApiError::refused(Some("amount_too_small"), None, message));
    }
    if total > money::most(currency) { Err(too_large(currency)) } else { Ok(()) }
}

/// The one option the buyer gets: this page has no choice of shipping, so a second one would be unreachable.
fn shipping_rate(act: &Act, asked: &Value, currency: &str) -> Result<Option<Value>, ApiError> {
    let options = asked["shipping_options"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [option] = options else {
        return if options.is_empty() { Ok(None) } else { Err(ApiError::not_imitated("shipping_options[1]")) };
    };
    let data = &option["shipping_rate_data"];
    if let Some(id) = option["shipping_rate"].as_str() {
        let in_currency = |rate: &&Value| rate["fixed_amount"]["currency"] == currency;
        let known = act.books.shipping_rates.get(id).filter(in_currency).cloned();
        let param = "shipping_options[0][shipping_rate]";
        return known.map(Some).ok_or_else(|| ApiError::no_such_param("shipping rate", id, param));
    }
    let base = "shipping_options[0][shipping_rate_data]";
    let name = data["display_name"].as_str().ok_or_else(|| ApiError::missing(&format!("{base}[display_name]")))?;
    let amount = data["fixed_amount"]["amount"].as_i64();
    let amount = amount.ok_or_else(|| ApiError::missing(&format!("{base}[fixed_amount][amount]")))?;
    let given = data["fixed_amount"]["currency"].as_str();
    let given = given.ok_or_else(|| ApiError::missing(&format!("{base}[fixed_amount][currency]")))?;
    if given.to_lowercase() != currency {
        let message = "The shipping rate's currency must be the currency of the line items.";
        return Err(ApiError::invalid(&format!("{base}[fixed_amount][currency]"), message));
    }
    if !(0..=money::MOST).contains(&amount) || amount % money::step(currency) != 0 {
        let param = format!("{base}[fixed_amount][amount]");
        return Err(ApiError::invalid_code("parameter_invalid_integer", &param, "Invalid amount"));
    }
    let estimate = &data["delivery_estimate"];
    let estimate =
        estimate.is_object().then(|| json!({"maximum": estimate["maximum"], "minimum": estimate["minimum"]}));
    Ok(Some(json!({
        "id": draw_id("shr"), "object": "shipping_rate", "active": true, "created": act.now, "display_name": name,
        "delivery_estimate": estimate, "fixed_amount": {"amount": amount, "currency": currency}, "livemode": false,
        "metadata": if data["metadata"].is_null() { json!({}) } else { data["metadata"].clone() },
        "tax_behavior": data["tax_behavior"].as_str().unwrap_or("unspecified"), "tax_code": null,
        "type": "fixed_amount",
    })))
}

fn coupon_for(act: &Act, asked: &Value, currency: &str) -> Result<Option<Value>, ApiError> {
    let discounts = asked["discounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let [discount] = discounts else {
        let message = "You may specify at most one coupon or promotion code.";
        return if discounts.is_empty() { Ok(None) } else { Err(ApiError::invalid("discounts", message)) };
    };
    let param = "discounts[0][coupon]";
    let id = discount["coupon"].as_str().ok_or_else(|| ApiError::missing(param))?;
    let coupon = act.books.coupon(id, act.now).ok_or_else(|| ApiError::no_such_param("coupon", id, param))?;
    if coupon["valid"] != true {
        let message = format!("Coupon {id} is expired and cannot be applied.");
        return Err(ApiError::refused(Some("coupon_expired"), Some(param), message));
    }
    if coupon["currency"].as_str().is_some_and(|given| given != currency) {
        let message = format!("The coupon `{id}` cannot be applied because its currency is not {currency}.");
        return Err(ApiError::refused(None, Some(param), message));
    }
    Ok(Some(coupon))
}

/// What a coupon takes off: never more than the items cost, a percentage rounded half up.
fn discount_of(coupon: &Value, subtotal: i64) -> i64 {
    if let Some(off) = coupon["amount_off"].as_i64() {
        return off.min(subtotal);
    }
    // Two decimals of a percent are the safe limit, so a percentage is a whole number of hundredths.
    let hundredths = (coupon["percent_off"].as_f64().unwrap_or(0.0) * 100.0).round() as i64;
    portion(subtotal, hundredths, 10_000).min(subtotal)
}

/// `amount × numerator ÷ denominator`, halves up; the product of two amounts may not fit where each of them does.
fn portion(amount: i64, numerator: i64, denominator: i64) -> i64 {
    let portion = (i128::from(amount) * i128::from(numerator) + i128::from(denominator) / 2) / i128::from(denominator);
    i64::try_from(portion).unwrap_or(i64::MAX)
}

/// Spreads the discount over the lines by their share; the last cents go to the first lines that can bear them.
fn spread(items: &mut [Value], discount: i64, coupon: Option<&Value>, session: &str, now: i64) {
    let Some(coupon) = coupon else { return };
    let amount = |item: &Value| item["amount_subtotal"].as_i64().unwrap_or(0);
    let subtotal: i64 = items.iter().map(amount).sum::<i64>().max(1);
    let share = |item: &Value| i128::from(amount(item)) * i128::from(discount) / i128::from(subtotal);
    let shares: Vec<i64> = items.iter().map(|item| i64::try_from(share(item)).unwrap_or(0)).collect();
    let mut left = discount - shares.iter().sum::<i64>();
    let source = json!({"coupon": coupon["id"], "type": "coupon"});
    let applied = json!({"id": draw_id("di"), "object": "discount", "checkout_session": session, "customer": null,
        "customer_account": null, "end": null, "invoice": null, "invoice_item": null, "promotion_code": null,
        "source": source, "start": now, "subscription": null, "subscription_item": null});
    for (item, share) in items.iter_mut().zip(shares) {
        let extra = left.min(amount(item) - share);
        left -= extra;
        item["amount_discount"] = json!(share + extra);
        item["amount_total"] = json!(amount(item) - share - extra);
        item["discounts"] = json!([{"amount": share + extra, "discount": applied}]);
    }
}
