//! Why an order cannot be placed as the form stands, in the buyer's words, and what would help.

use axum::http::StatusCode;
use rules::commands::Refusal;
use rules::coupons::CouponRefusal;
use rules::shipping::ShippingRefusal;

use crate::language::country_name;
use crate::web::session::Visitor;
use crate::web::storefront::cart::Shelf;

/// What the page says above the form.
#[derive(Debug, Default)]
pub struct Notice {
    pub kind: &'static str,
    pub title: String,
    pub text: String,
    /// Text, and the field it leads to.
    pub items: Vec<(String, Option<String>)>,
    pub to_cart: bool,
}

/// Why a code gives nothing: kindly, and what would help.
pub fn coupon_words(visitor: &Visitor, refusal: &Refusal) -> String {
    let Refusal::Coupon(refusal) = refusal else { return visitor.say("coupon-wrong-unknown", &[]) };
    match refusal {
        CouponRefusal::Inactive | CouponRefusal::OtherCurrency => visitor.say("coupon-wrong-unknown", &[]),
        CouponRefusal::NotYet { starts_at } => {
            visitor.say("coupon-wrong-not-yet", &[("at", visitor.time(*starts_at).into())])
        }
        CouponRefusal::Expired { ended_at } => {
            visitor.say("coupon-wrong-expired", &[("at", visitor.time(*ended_at).into())])
        }
        CouponRefusal::UsedUp => visitor.say("coupon-wrong-used-up", &[]),
        CouponRefusal::UsedUpByYou => visitor.say("coupon-wrong-used-up-by-you", &[]),
        CouponRefusal::FirstOrderOnly => visitor.say("coupon-wrong-first-order", &[]),
        CouponRefusal::NotForTheseGoods => visitor.say("coupon-wrong-goods", &[]),
        CouponRefusal::MinimumNotMet { missing_minor, .. } => {
            visitor.say("coupon-wrong-minimum", &[("missing", visitor.money(*missing_minor).into())])
        }
    }
}

/// Which field a delivery is refused at, and why.
pub fn shipping_words(visitor: &Visitor, refusal: &ShippingRefusal) -> (&'static str, String) {
    let country = |country| country_name(visitor.language, country);
    match refusal {
        ShippingRefusal::DestinationMissing => ("country", visitor.say("shipping-wrong-country", &[])),
        ShippingRefusal::RegionMissing { .. } => ("region", visitor.say("shipping-wrong-region", &[])),
        ShippingRefusal::MethodMissing => ("shipping_method", visitor.say("shipping-wrong-method", &[])),
        ShippingRefusal::MethodGone { .. } => ("shipping_method", visitor.say("shipping-wrong-gone", &[])),
        ShippingRefusal::NotDeliveredThere { destination } => {
            let named = [("country", country(destination.country).into())];
            ("country", visitor.say("shipping-wrong-not-there", &named))
        }
        ShippingRefusal::NothingCarriesIt { destination } => {
            let named = [("country", country(destination.country).into())];
            ("country", visitor.say("shipping-wrong-nothing-carries", &named))
        }
    }
}

/// A refusal in the buyer's words; goods go by their names.
pub fn refused(visitor: &Visitor, shelf: &Shelf, refusal: &Refusal) -> (StatusCode, Notice) {
    let mut notice = Notice {
        kind: "bad",
        title: visitor.say("checkout-refused", &[]),
        text: visitor.say("checkout-refused-text", &[]),
        to_cart: true,
        ..Notice::default()
    };
    let mut status = StatusCode::CONFLICT;
    match refusal {
        Refusal::OutOfStock { lines } => {
            notice.title = visitor.say("checkout-out-of-stock", &[]);
            notice.text = visitor.say("checkout-out-of-stock-text", &[]);
            for short in lines {
                let title = shelf.name_of(visitor, short.sku.as_str());
                let words =
                    [("title", title.into()), ("wanted", short.wanted.into()), ("available", short.available.into())];
                notice.items.push((visitor.say("checkout-short-line", &words), None));
            }
        }
        Refusal::UnknownSku { sku } | Refusal::NotForSale { sku } => {
            let words = [("sku", shelf.name_of(visitor, sku.as_str()).into())];
            notice.items.push((visitor.say("checkout-not-for-sale", &words), None));
        }
        Refusal::TooManyLines { most } => {
            let most = i64::try_from(*most).unwrap_or(i64::MAX);
            notice.items.push((visitor.say("checkout-too-many-lines", &[("most", most.into())]), None));
        }
        Refusal::QuantityOutOfRange { sku, most } => {
            let words = [("sku", shelf.name_of(visitor, sku.as_str()).into()), ("most", (*most).into())];
            notice.items.push((visitor.say("checkout-quantity", &words), None));
        }
        Refusal::AmountTooLarge => notice.items.push((visitor.say("checkout-too-large", &[]), None)),
        Refusal::AmountTooSmall { least_minor } => {
            let words = [("least", visitor.money(*least_minor).into())];
            notice.items.push((visitor.say("checkout-too-small", &words), None));
        }
        Refusal::HoldCapReached { most } => {
            status = StatusCode::TOO_MANY_REQUESTS;
            notice.items.push((visitor.say("checkout-hold-cap", &[("most", (*most).into())]), None));
        }
        Refusal::TotalChanged { .. } => {
            notice.kind = "wait";
            notice.title = visitor.say("checkout-total-changed", &[]);
            notice.text = visitor.say("checkout-total-changed-text", &[]);
        }
        Refusal::EmptyCart
        | Refusal::CouponUnknown
        | Refusal::Coupon(_)
        | Refusal::Shipping(_)
        | Refusal::IdempotencyKeyReused
        | Refusal::StockBelowHeld { .. }
        | Refusal::ShortfallChanged { .. }
        | Refusal::StockCountedSince { .. }
        | Refusal::ChangeOutOfRange { .. }
        | Refusal::OrderUnknown
        | Refusal::RefundUnknown
        | Refusal::SessionStillOpen
        | Refusal::AlreadyShipped
        | Refusal::DisputeOpen
        | Refusal::NotPaid
        | Refusal::NothingToConfirm
        | Refusal::HoldOver
        | Refusal::OthersWait { .. }
        | Refusal::NothingToRefund
        | Refusal::RefundTooLarge { .. }
        | Refusal::AmountNotInSteps { .. }
        | Refusal::LineUnknown { .. }
        | Refusal::UnitsNotThere { .. }
        | Refusal::NothingToShip
        | Refusal::PaymentUnknown
        | Refusal::RefundNotOfPayment
        | Refusal::DestinationFixed
        | Refusal::ChangedMeanwhile => {}
    }
    (status, notice)
}
