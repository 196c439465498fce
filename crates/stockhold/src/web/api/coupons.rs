//! Coupons for staff: made, changed, switched off, and removed while no order has named them.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use rules::coupons::{Change, Coupon, CouponCode, CouponError, Kind, PercentOff, Reduction};
use rules::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::{IntoParams, ToSchema};

use super::conditions::{Conditions, tagged};
use super::input::{Body, Parameters, Segment, page_rows, said};
use super::{MoneyBody, money, page, time};
use crate::language::{Edge, local_time, parse_edge};
use crate::shop::{Settings, Shop};
use crate::storage::coupons::{self, Changed, StoredCoupon};
use crate::web::problem::{FieldError, Problem, ProblemBody};

const NOT_A_TIME: &str = "Send a date such as 2026-12-24, a time on the shop's clock such as 2026-12-24T18:00, or a moment \
    such as 2026-12-24T00:00:00Z.";

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CouponQuery {
    /// 1 to 200; 50 when left out.
    #[param(minimum = 1, maximum = 200)]
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
    /// In UTC, and on the shop's clock.
    #[schema(example = "2026-12-23T16:00:00Z")]
    starts_at: Option<String>,
    #[schema(example = "2026-12-24T00:00:00+08:00")]
    starts_at_local: Option<String>,
    /// The first moment at which it is over, in UTC and on the shop's clock.
    ends_at: Option<String>,
    ends_at_local: Option<String>,
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
    /// RFC 3339 with its offset, or a date or a date and time on the shop's clock. A date: its first moment.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<String>)]
    starts_at: Option<Option<String>>,
    /// The first moment at which it is over, written in the same ways. A date: all of it still counts.
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
    let settings = shop.settings();
    let data = found.iter().map(|stored| body(stored, &settings)).collect();
    Ok(page(CouponList { data, next: next.clone() }, "/api/admin/coupons", asked, next.as_deref()))
}

/// Shows one coupon.
#[utoipa::path(get, path = "/api/admin/coupons/{code}", tag = "admin", operation_id = "show_coupon",
    params(("code" = String, Path)), security(("key" = ["coupons:read"])),
    responses((status = 200, description = "The coupon", body = CouponBody),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn show(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(code): Segment,
) -> Result<Response, Problem> {
    let stored = find(&shop, &code).await?;
    Ok(conditions.show(stored.revision, &body(&stored, &shop.settings())))
}

/// Makes a coupon.
#[utoipa::path(post, path = "/api/admin/coupons", tag = "admin", operation_id = "make_coupon", request_body = CouponFields,
    security(("key" = ["coupons:write"])),
    responses((status = 201, description = "It counts from now on, or from its start", body = CouponBody),
        (status = 409, description = "`coupon-taken`: the code is in use", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn make(State(shop): State<Arc<Shop>>, Body(input): Body<CouponFields>) -> Result<Response, Problem> {
    let code = CouponCode::parse(input.code.as_deref().unwrap_or_default())
        .map_err(|error| Problem::invalid("/code", "not-a-code", error.to_string()))?;
    let coupon = input.over(None, code.clone(), &shop.settings())?;
    if !coupons::insert(&shop.storage, &coupon, shop.now()).await? {
        return Err(Problem::conflict("coupon-taken", "There is a coupon with this code already."));
    }
    let stored = find(&shop, code.as_str()).await?;
    Ok(tagged(StatusCode::CREATED, stored.revision, &body(&stored, &shop.settings())))
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
    conditions: Conditions,
    Segment(code): Segment,
    Body(input): Body<CouponFields>,
) -> Result<Response, Problem> {
    let settings = shop.settings();
    let stored = find(&shop, &code).await?;
    conditions.to_change(Some(stored.revision))?;
    let code = stored.coupon.code.clone();
    if input.code.as_deref().is_some_and(|said| CouponCode::parse(said).as_ref() != Ok(&code)) {
        return Err(Problem::invalid("/code", "never-changes", "A code never changes. Make another coupon instead."));
    }
    let coupon = input.over(Some(&stored.coupon), code.clone(), &settings)?;
    if coupons::update(&shop.storage, &coupon, stored.revision).await? == Changed::NotAsRead {
        let now = find(&shop, code.as_str()).await?;
        if coupon.usage_limit.is_some_and(|limit| limit < now.used) {
            let detail = format!("It has been used {} times; a limit cannot be below that.", now.used);
            return Err(Problem::conflict("coupon-limit-below-used", detail).at("/usage_limit".to_owned()));
        }
        return Err(conditions.overtaken());
    }
    let stored = find(&shop, code.as_str()).await?;
    Ok(tagged(StatusCode::OK, stored.revision, &body(&stored, &settings)))
}

/// Removes a coupon that no order has named; switch the others off instead.
#[utoipa::path(delete, path = "/api/admin/coupons/{code}", tag = "admin", operation_id = "remove_coupon",
    params(("code" = String, Path)), security(("key" = ["coupons:write"])),
    responses((status = 204, description = "It is gone"),
        (status = 409, description = "`coupon-in-use`: orders have named it", body = ProblemBody,
            content_type = "application/problem+json"),
        (status = "4XX", description = "Refused", body = ProblemBody, content_type = "application/problem+json")))]
pub async fn remove(
    State(shop): State<Arc<Shop>>,
    conditions: Conditions,
    Segment(code): Segment,
) -> Result<StatusCode, Problem> {
    let stored = find(&shop, &code).await?;
    let revision = conditions.to_remove(Some(stored.revision))?.revision();
    if coupons::delete(&shop.storage, &stored.coupon.code, revision).await? == Changed::NotAsRead {
        if revision.is_some() && find(&shop, &code).await?.revision != stored.revision {
            return Err(conditions.overtaken());
        }
        let detail = "Orders have been placed with this code. Switch it off instead: {\"active\": false}.";
        return Err(Problem::conflict("coupon-in-use", detail));
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn find(shop: &Shop, code: &str) -> Result<StoredCoupon, Problem> {
    let code = CouponCode::parse(code).map_err(|_| Problem::not_found())?;
    coupons::find(&shop.storage, &code).await?.ok_or_else(Problem::not_found)
}

fn body(stored: &StoredCoupon, settings: &Settings) -> CouponBody {
    let local = |at: Option<Timestamp>| at.map(|at| local_time(at, &settings.time_zone));
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
        starts_at_local: local(stored.coupon.starts_at),
        ends_at: stored.coupon.ends_at.map(time),
        ends_at_local: local(stored.coupon.ends_at),
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
    /// The coupon that it says, over the one that stands; names every field that cannot be read.
    fn over(self, before: Option<&Coupon>, code: CouponCode, settings: &Settings) -> Result<Coupon, Problem> {
        let currency = settings.currency;
        let mut errors = Vec::new();
        let mut wrong = |pointer: &str, code: &'static str, detail: String| {
            errors.push(FieldError { pointer: pointer.to_owned(), code, detail });
        };
        let kind = self.kind.map(|kind| {
            let known = Kind::parse(&kind);
            if known.is_none() {
                wrong("/kind", "not-a-reduction", "Send percent or amount.".to_owned());
            }
            known
        });
        let percent = self.percent_off.map(|number| {
            let percent = PercentOff::parse(&number.to_string());
            percent.map_err(|error| wrong("/percent_off", "not-a-percentage", error.to_string()))
        });
        let mut minor = |pointer: &str, amount: MoneyBody| {
            if amount.currency != currency.code() {
                let detail = format!("This shop's prices are in {currency}.");
                wrong(&format!("{pointer}/currency"), "wrong-currency", detail);
            }
            amount.amount
        };
        let amount_off_minor = self.amount_off.map(|amount| minor("/amount_off", amount));
        let max_discount_minor = self.max_discount.map(|said| said.map(|amount| minor("/max_discount", amount)));
        let minimum_spend_minor = self.minimum_spend.map(|said| said.map(|amount| minor("/minimum_spend", amount)));
        let mut moment = |pointer: &str, edge: Edge, text: String| {
            let read = parse_edge(&text, &settings.time_zone, edge);
            if read.is_none() {
                wrong(pointer, "not-a-time", NOT_A_TIME.to_owned());
            }
            read
        };
        let starts_at = self.starts_at.map(|said| said.and_then(|text| moment("/starts_at", Edge::Start, text)));
        let ends_at = self.ends_at.map(|said| said.and_then(|text| moment("/ends_at", Edge::End, text)));
        if !errors.is_empty() {
            return Err(Problem::invalid_fields(errors));
        }
        let (products, collections) = match self.applies_to {
            Some(said) => (Some(said.products), Some(said.collections)),
            None => (None, None),
        };
        let change = Change {
            kind: kind.flatten(),
            percent: percent.and_then(Result::ok),
            amount_off_minor,
            max_discount_minor,
            minimum_spend_minor,
            usage_limit: self.usage_limit,
            usage_limit_per_customer: self.usage_limit_per_customer,
            first_order_only: self.first_order_only,
            starts_at,
            ends_at,
            products: products.map(BTreeSet::from_iter),
            collections: collections.map(BTreeSet::from_iter),
            active: self.active,
        };
        Coupon::changed(before, code, currency, change).map_err(named)
    }
}

/// What the law says of the fields together, at the field it speaks of.
fn named(error: CouponError) -> Problem {
    let (pointer, code) = match error {
        CouponError::NotACode => ("/code", "not-a-code"),
        CouponError::NotAReduction => ("/kind", "not-a-reduction"),
        CouponError::NotAPercentage => ("/percent_off", "not-a-percentage"),
        CouponError::NotAnAmount { .. } => ("/amount_off", "not-an-amount"),
        CouponError::NotALimit => ("/usage_limit", "out-of-range"),
        CouponError::EndsBeforeItStarts => ("/ends_at", "ends-before-it-starts"),
        CouponError::TooManyTargets { .. } => ("/applies_to", "too-many"),
        CouponError::NotASlug => ("/applies_to", "not-a-slug"),
    };
    Problem::invalid(pointer, code, error.to_string())
}
