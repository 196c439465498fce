//! Coupons for staff: made, changed, switched off, and removed while no order has named them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rules::coupons::{Coupon, CouponCode, CouponError, PercentOff, Reduction, Targets};
use rules::money::Currency;
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::{IntoParams, ToSchema};

use super::input::{Body, Parameters, Segment, page_rows, said};
use super::{MoneyBody, money, page, time};
use crate::language::parse_moment;
use crate::shop::Shop;
use crate::storage::coupons::{self, Changed, StoredCoupon};
use crate::web::problem::{FieldError, Problem, ProblemBody};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CouponQuery {
    /// 1 to 200; 50 when left out.
    limit: Option<i64>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CouponList {
    data: Vec<CouponBody>,
    /// For `after`; null on the last page.
    next: Option<String>,
}

/// A coupon as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Coupon)]
pub struct CouponBody {
    #[schema(example = "TEA10")]
    code: String,
    /// `percent` or `amount`.
    kind: &'static str,
    /// With up to two decimals.
    #[schema(value_type = Option<f64>, example = 12.5)]
    percent_off: Option<Number>,
    amount_off: Option<MoneyBody>,
    max_discount: Option<MoneyBody>,
    minimum_spend: Option<MoneyBody>,
    usage_limit: Option<i64>,
    usage_limit_per_customer: Option<i64>,
    first_order_only: bool,
    starts_at: Option<String>,
    ends_at: Option<String>,
    applies_to: TargetsBody,
    active: bool,
    /// Reserved by unpaid orders, and spent.
    used: i64,
    created_at: String,
}

/// Slugs; none at all means everything.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetsBody {
    #[serde(default)]
    products: Vec<String>,
    #[serde(default)]
    collections: Vec<String>,
}

/// What is said of a coupon; left out: as it was, or nothing. `null` takes a limit away.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CouponFields {
    /// 1 to 40 letters, digits, `-`, `_` and `.`; case does not matter. It never changes.
    #[schema(example = "TEA10")]
    code: Option<String>,
    /// `percent` (with `percent_off`) or `amount` (with `amount_off`).
    kind: Option<String>,
    /// From 0.01 to 100, up to two decimals.
    #[schema(value_type = Option<f64>, example = 12.5)]
    percent_off: Option<Number>,
    amount_off: Option<MoneyBody>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<MoneyBody>)]
    max_discount: Option<Option<MoneyBody>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<MoneyBody>)]
    minimum_spend: Option<Option<MoneyBody>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<i64>)]
    usage_limit: Option<Option<i64>>,
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<i64>)]
    usage_limit_per_customer: Option<Option<i64>>,
    first_order_only: Option<bool>,
    /// RFC 3339.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    starts_at: Option<Option<String>>,
    /// RFC 3339; the first moment at which it is over.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    ends_at: Option<Option<String>>,
    applies_to: Option<TargetsBody>,
    active: Option<bool>,
}

/// Lists coupons by their codes.
#[utoipa::path(get, path = "/api/admin/coupons", tag = "admin", operation_id = "list_coupons", params(CouponQuery),
    security(("key" = ["coupons:read"])),
    responses((status = 200, description = "One page", body = CouponList),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list(
    State(shop): State<Arc<Shop>>,
    Parameters(query): Parameters<CouponQuery>,
) -> Result<Response, Problem> {
    let limit = page_rows(query.limit)?;
    let after = query.after.unwrap_or_default();
    let mut found = coupons::list(&shop.storage, &after, limit + 1).await?;
    let has_more = i64::try_from(found.len()).unwrap_or(i64::MAX) > limit;
    found.truncate(usize::try_from(limit).unwrap_or_default());
    let next = found.last().filter(|_| has_more).map(|last| last.coupon.code.to_string());
    let asked = vec![("limit", query.limit.map_or_else(String::new, |limit| limit.to_string()))];
    let data = found.iter().map(body).collect();
    Ok(page(CouponList { data, next: next.clone() }, "/api/admin/coupons", asked, next.as_deref()))
}

/// Shows one coupon.
#[utoipa::path(get, path = "/api/admin/coupons/{code}", tag = "admin", operation_id = "show_coupon",
    params(("code" = String, Path)), security(("key" = ["coupons:read"])),
    responses((status = 200, description = "The coupon", body = CouponBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(State(shop): State<Arc<Shop>>, Segment(code): Segment) -> Result<Json<CouponBody>, Problem> {
    Ok(Json(body(&find(&shop, &code).await?)))
}

/// Makes a coupon.
#[utoipa::path(post, path = "/api/admin/coupons", tag = "admin", operation_id = "make_coupon", request_body = CouponFields,
    security(("key" = ["coupons:write"])),
    responses((status = 201, description = "It counts from now on, or from its start", body = CouponBody),
        (status = 409, description = "`coupon-taken`: the code is in use", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn make(
    State(shop): State<Arc<Shop>>,
    Body(input): Body<CouponFields>,
) -> Result<(StatusCode, Json<CouponBody>), Problem> {
    let code = CouponCode::parse(input.code.as_deref().unwrap_or_default())
        .map_err(|error| Problem::invalid("/code", "not-a-code", error.to_string()))?;
    let coupon = input.over(None, code.clone(), shop.settings().currency)?;
    if !coupons::insert(&shop.storage, &coupon, shop.now()).await? {
        return Err(Problem::conflict("coupon-taken", "There is a coupon with this code already."));
    }
    Ok((StatusCode::CREATED, Json(body(&find(&shop, code.as_str()).await?))))
}

/// Changes what is said of it, and nothing else. Orders that were placed before keep their discount.
#[utoipa::path(patch, path = "/api/admin/coupons/{code}", tag = "admin", operation_id = "change_coupon",
    params(("code" = String, Path)), request_body = CouponFields, security(("key" = ["coupons:write"])),
    responses((status = 200, description = "The coupon as it stands now", body = CouponBody),
        (status = 409, description = "`coupon-limit-below-used`, or somebody else changed it just now", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn change(
    State(shop): State<Arc<Shop>>,
    Segment(code): Segment,
    Body(input): Body<CouponFields>,
) -> Result<Json<CouponBody>, Problem> {
    let stored = find(&shop, &code).await?;
    let code = stored.coupon.code.clone();
    if input.code.as_deref().is_some_and(|said| CouponCode::parse(said).as_ref() != Ok(&code)) {
        return Err(Problem::invalid("/code", "never-changes", "A code never changes. Make another coupon instead."));
    }
    let coupon = input.over(Some(&stored.coupon), code.clone(), shop.settings().currency)?;
    if coupons::update(&shop.storage, &coupon, stored.revision).await? == Changed::NotAsRead {
        let now = find(&shop, code.as_str()).await?;
        if coupon.usage_limit.is_some_and(|limit| limit < now.used) {
            let detail = format!("It has been used {} times; a limit cannot be below that.", now.used);
            return Err(Problem::conflict("coupon-limit-below-used", detail).at("/usage_limit".to_owned()));
        }
        return Err(Problem::conflict("conflict", "Somebody changed this just now. Try again."));
    }
    Ok(Json(body(&find(&shop, code.as_str()).await?)))
}

/// Removes a coupon that no order has named; switch the others off instead.
#[utoipa::path(delete, path = "/api/admin/coupons/{code}", tag = "admin", operation_id = "remove_coupon",
    params(("code" = String, Path)), security(("key" = ["coupons:write"])),
    responses((status = 204, description = "It is gone"),
        (status = 409, description = "`coupon-in-use`: orders have named it", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn remove(State(shop): State<Arc<Shop>>, Segment(code): Segment) -> Result<StatusCode, Problem> {
    let stored = find(&shop, &code).await?;
    if coupons::delete(&shop.storage, &stored.coupon.code).await? == Changed::NotAsRead {
        let detail = "Orders have been placed with this code. Switch it off instead: {\"active\": false}.";
        return Err(Problem::conflict("coupon-in-use", detail));
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn find(shop: &Shop, code: &str) -> Result<StoredCoupon, Problem> {
    let code = CouponCode::parse(code).map_err(|_| Problem::not_found())?;
    coupons::find(&shop.storage, &code).await?.ok_or_else(Problem::not_found)
}

fn body(stored: &StoredCoupon) -> CouponBody {
    let Coupon { code, reduction, currency, applies_to, .. } = &stored.coupon;
    let amount = |minor: Option<i64>| minor.map(|minor| money(minor, *currency));
    let (percent_off, amount_off) = match reduction {
        Reduction::Percent(percent) => (serde_json::from_str(&percent.percent()).ok(), None),
        Reduction::Amount { minor } => (None, Some(money(*minor, *currency))),
    };
    CouponBody {
        code: code.to_string(),
        kind: reduction.kind().as_str(),
        percent_off,
        amount_off,
        max_discount: amount(stored.coupon.max_discount_minor),
        minimum_spend: amount(stored.coupon.minimum_spend_minor),
        usage_limit: stored.coupon.usage_limit,
        usage_limit_per_customer: stored.coupon.usage_limit_per_customer,
        first_order_only: stored.coupon.first_order_only,
        starts_at: stored.coupon.starts_at.map(time),
        ends_at: stored.coupon.ends_at.map(time),
        applies_to: TargetsBody {
            products: applies_to.products.iter().cloned().collect(),
            collections: applies_to.collections.iter().cloned().collect(),
        },
        active: stored.coupon.active,
        used: stored.used,
        created_at: time(stored.created_at),
    }
}

impl CouponFields {
    /// The coupon that it says, over the one that stands; names every field that cannot be used.
    fn over(self, before: Option<&Coupon>, code: CouponCode, currency: Currency) -> Result<Coupon, Problem> {
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, code: &'static str, detail: String| {
            errors.push(FieldError { pointer: pointer.to_owned(), code, detail });
        };
        let mut minor = |pointer: &str, amount: Option<MoneyBody>| {
            let amount = amount?;
            if amount.currency != currency.code() {
                wrong(
                    &format!("{pointer}/currency"),
                    "wrong-currency",
                    format!("This shop's prices are in {currency}."),
                );
            }
            Some(amount.amount)
        };
        let kept = |field: fn(&Coupon) -> Option<i64>| before.and_then(field);
        let amount_off = minor("/amount_off", self.amount_off);
        let max_discount_minor = match self.max_discount {
            Some(said) => minor("/max_discount", said),
            None => kept(|coupon| coupon.max_discount_minor),
        };
        let minimum_spend_minor = match self.minimum_spend {
            Some(said) => minor("/minimum_spend", said),
            None => kept(|coupon| coupon.minimum_spend_minor),
        };
        let mut moment = |pointer: &str, said: Option<Option<String>>, kept: Option<Timestamp>| match said {
            None => kept,
            Some(None) => None,
            Some(Some(text)) => {
                let read = parse_moment(&text);
                if read.is_none() {
                    wrong(pointer, "not-a-time", "Send a moment such as 2026-12-24T00:00:00Z.".to_owned());
                }
                read
            }
        };
        let starts_at = moment("/starts_at", self.starts_at, before.and_then(|coupon| coupon.starts_at));
        let ends_at = moment("/ends_at", self.ends_at, before.and_then(|coupon| coupon.ends_at));
        let percent = self.percent_off.map(|number| PercentOff::parse(&number.to_string()));
        let reduction = match (self.kind.as_deref(), percent, amount_off, before) {
            (Some("percent") | None, Some(Ok(percent)), None, _) => Some(Reduction::Percent(percent)),
            (Some("percent") | None, Some(Err(error)), None, _) => {
                wrong("/percent_off", "not-a-percentage", error.to_string());
                None
            }
            (Some("amount") | None, None, Some(minor), _) => Some(Reduction::Amount { minor }),
            (kind, None, None, Some(before)) if kind.is_none_or(|kind| kind == before.reduction.kind().as_str()) => {
                Some(before.reduction)
            }
            _ => {
                let detail = "Send kind percent with percent_off, or kind amount with amount_off.";
                wrong("/kind", "not-a-reduction", detail.to_owned());
                None
            }
        };
        let Some(reduction) = reduction.filter(|_| errors.is_empty()) else {
            return Err(Problem::invalid_fields(errors));
        };
        let applies_to = match self.applies_to {
            Some(said) => Targets {
                products: said.products.into_iter().collect(),
                collections: said.collections.into_iter().collect(),
            },
            None => before.map(|coupon| coupon.applies_to.clone()).unwrap_or_default(),
        };
        let coupon = Coupon {
            code,
            reduction,
            currency,
            max_discount_minor,
            minimum_spend_minor,
            usage_limit: self.usage_limit.unwrap_or_else(|| kept(|coupon| coupon.usage_limit)),
            usage_limit_per_customer: self
                .usage_limit_per_customer
                .unwrap_or_else(|| kept(|coupon| coupon.usage_limit_per_customer)),
            first_order_only: self.first_order_only.unwrap_or_else(|| before.is_some_and(|c| c.first_order_only)),
            starts_at,
            ends_at,
            applies_to,
            active: self.active.unwrap_or_else(|| before.is_none_or(|coupon| coupon.active)),
        };
        coupon.check_fields().map_err(named)?;
        Ok(coupon)
    }
}

/// What the law says of the fields together, at the field it speaks of.
fn named(error: CouponError) -> Problem {
    let (pointer, code) = match error {
        CouponError::NotACode => ("/code", "not-a-code"),
        CouponError::NotAPercentage => ("/percent_off", "not-a-percentage"),
        CouponError::NotAnAmount { .. } => ("/amount_off", "not-an-amount"),
        CouponError::NotALimit => ("/usage_limit", "out-of-range"),
        CouponError::EndsBeforeItStarts => ("/ends_at", "ends-before-it-starts"),
        CouponError::TooManyTargets { .. } => ("/applies_to", "too-many"),
    };
    Problem::invalid(pointer, code, error.to_string())
}
