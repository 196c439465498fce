//! What may be wrong with a row of a sheet: a sentence for the API and the command line, and for the desk the word and the
//! values by which it finds a sentence in its own language.

use rules::coupons::CouponError;
use rules::money::Currency;
use rules::text::Sku;
use serde_json::{Value, json};

use super::RESERVED_COLLECTION_SLUGS;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Mistake {
    #[error("The cell holds more than 100 KB.")]
    CellTooLarge,
    #[error("The row has more cells than there are headings. Is a quote missing?")]
    TooManyCells,

    #[error("A slug has letters, digits and hyphens, such as tea-cup.")]
    NotASlug,
    #[error("The slug {slug} is the shop's own. Write another one.")]
    ReservedSlug { slug: String },
    #[error("The first row of a product needs its title.")]
    NoTitle,
    #[error("A status is draft, active or archived.")]
    NotAStatus,
    #[error("A tax class is a name of 1 to 40 lower-case letters, digits, - and _.")]
    NotATaxClass,
    #[error("Collections are named by their slugs, parted by spaces, such as cups tea-pots.")]
    NotCollectionSlugs,
    #[error("“{name}” is not the name of a collection.")]
    NotACollection { name: String },
    #[error("No collection is called {slug}: pages of the desk are called {}. Write another name.", reserved())]
    ReservedCollection { slug: String },
    #[error("This variant has no {option}.")]
    NoOption { option: String },
    #[error("This product has more options than a sheet holds: change it at the desk or over the API.")]
    TooManyOptions,

    #[error("Every variant needs an item number (SKU): stock is counted by it.")]
    NoSku,
    #[error("A SKU is 1 to 100 visible ASCII characters without spaces.")]
    NotASku,
    #[error("The item number {sku} is the shop's own. Give it another one.")]
    ReservedSku { sku: Sku },
    #[error("The item number {sku} is in the file twice.")]
    SkuTwice { sku: Sku },
    #[error("The item number {sku} belongs to the product {owner} in your shop.")]
    SkuElsewhere { sku: Sku, owner: String },

    #[error("Every variant needs a price.")]
    NoPrice,
    #[error("“{text}” is not a price, such as {example}.")]
    NotAPrice { text: String, example: &'static str },
    #[error("“{text}” has more decimals than {currency} has ({decimals}).")]
    TooManyDecimals { text: String, currency: Currency, decimals: usize },
    #[error("Nobody can be charged this: amounts in {currency} go by {step}.")]
    NotInSteps { currency: Currency, step: String },
    #[error("“{text}” is not a whole number from 0 on.")]
    NotANumber { text: String },

    #[error("The product of this variation is not in the file.")]
    NoParent,
    #[error("Grouped and external products are nothing that can be sold here. Take the row out.")]
    NotSoldHere,
    #[error("A product has at most three options here.")]
    ThreeOptionsAtMost,
    #[error("This product has no variations in the file.")]
    NoVariations,

    #[error("There is no item number {sku} in your shop.")]
    UnknownSku { sku: Sku },
    #[error("A count is a whole number from 0 on.")]
    NotACount,
    #[error("{sku} was changed by hand since this was counted: look at it again.")]
    ChangedByHand { sku: Sku },
    #[error("{sku} was counted by this sheet in this very moment.")]
    CountedJustNow { sku: Sku },
    #[error("{held} of {sku} are held by unpaid orders: release them first.")]
    Held { sku: Sku, held: i64 },
    #[error("This change of stock for {sku} is zero or beyond what can be counted.")]
    OutOfRange { sku: Sku },

    #[error("The code {code} is in the file twice.")]
    CodeTwice { code: String },
    #[error("This shop's prices are in {currency}.")]
    OtherCurrency { currency: Currency },
    #[error("“{text}” is not a time, such as 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00:00+01:00.")]
    NotATime { text: String },
    #[error("A kind is percent or amount.")]
    NotAKind,
    #[error("Write yes or no.")]
    NotYesOrNo,
    #[error("It has been used {used} times; a limit cannot be below that.")]
    UsedMoreOften { used: i64 },
    #[error(transparent)]
    Coupon(#[from] CouponError),
}

impl Mistake {
    /// How the desk's words call it, and what they tell.
    pub fn word(&self) -> (&'static str, Value) {
        let nothing = json!({});
        match self {
            Mistake::CellTooLarge => ("cell-too-large", nothing),
            Mistake::TooManyCells => ("too-many-cells", nothing),
            Mistake::NotASlug => ("slug", nothing),
            Mistake::ReservedSlug { slug } => ("slug-reserved", json!({ "slug": slug })),
            Mistake::NoTitle => ("no-title", nothing),
            Mistake::NotAStatus => ("status", nothing),
            Mistake::NotATaxClass => ("tax-class", nothing),
            Mistake::NotCollectionSlugs => ("collection-slugs", nothing),
            Mistake::NotACollection { name } => ("collection", json!({ "name": name })),
            Mistake::ReservedCollection { slug } => {
                ("collection-reserved", json!({ "slug": slug, "taken": reserved() }))
            }
            Mistake::NoOption { option } => ("no-option", json!({ "option": option })),
            Mistake::TooManyOptions => ("too-many-options", nothing),
            Mistake::NoSku => ("no-sku", nothing),
            Mistake::NotASku => ("sku", nothing),
            Mistake::ReservedSku { sku } => ("sku-reserved", json!({ "sku": sku.as_str() })),
            Mistake::SkuTwice { sku } => ("sku-twice", json!({ "sku": sku.as_str() })),
            Mistake::SkuElsewhere { sku, owner } => ("sku-elsewhere", json!({ "sku": sku.as_str(), "product": owner })),
            Mistake::NoPrice => ("no-price", nothing),
            Mistake::NotAPrice { text, example } => ("price", json!({ "text": text, "example": example })),
            Mistake::TooManyDecimals { text, currency, decimals } => {
                ("decimals", json!({ "text": text, "currency": currency.code(), "decimals": decimals }))
            }
            Mistake::NotInSteps { currency, step } => ("steps", json!({ "currency": currency.code(), "step": step })),
            Mistake::NotANumber { text } => ("number", json!({ "text": text })),
            Mistake::NoParent => ("no-parent", nothing),
            Mistake::NotSoldHere => ("not-sold-here", nothing),
            Mistake::ThreeOptionsAtMost => ("three-options", nothing),
            Mistake::NoVariations => ("no-variations", nothing),
            Mistake::UnknownSku { sku } => ("sku-unknown", json!({ "sku": sku.as_str() })),
            Mistake::NotACount => ("count", nothing),
            Mistake::ChangedByHand { sku } => ("changed-by-hand", json!({ "sku": sku.as_str() })),
            Mistake::CountedJustNow { sku } => ("counted-just-now", json!({ "sku": sku.as_str() })),
            Mistake::Held { sku, held } => ("held", json!({ "sku": sku.as_str(), "held": held })),
            Mistake::OutOfRange { sku } => ("out-of-range", json!({ "sku": sku.as_str() })),
            Mistake::CodeTwice { code } => ("code-twice", json!({ "code": code })),
            Mistake::OtherCurrency { currency } => ("currency", json!({ "currency": currency.code() })),
            Mistake::NotATime { text } => ("time", json!({ "text": text })),
            Mistake::NotAKind => ("kind", nothing),
            Mistake::NotYesOrNo => ("yes-or-no", nothing),
            Mistake::UsedMoreOften { used } => ("used-more-often", json!({ "used": used })),
            Mistake::Coupon(error) => coupon_word(*error),
        }
    }
}

fn coupon_word(error: CouponError) -> (&'static str, Value) {
    let nothing = json!({});
    match error {
        CouponError::NotACode => ("code", nothing),
        CouponError::NotAReduction => ("reduction", nothing),
        CouponError::NotAPercentage => ("percentage", nothing),
        CouponError::NotAnAmount { .. } => ("amount", nothing),
        CouponError::NotALimit => ("limit", nothing),
        CouponError::EndsBeforeItStarts => ("ends-before", nothing),
        CouponError::TooManyTargets { most } => ("too-many-targets", json!({ "most": most })),
        CouponError::NotASlug => ("targets", nothing),
    }
}

fn reserved() -> String {
    RESERVED_COLLECTION_SLUGS.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::language::{Language, Words};

    /// Each word that [`Mistake::word`] names is one that every desk can say.
    #[test]
    fn every_mistake_has_its_words_in_every_language() {
        let source = include_str!("mistakes.rs");
        let words = Words::built_in();
        let ours = source.split("impl Mistake {").nth(1).and_then(|rest| rest.split("fn reserved").next());
        let named = ours.expect("the words").split("(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let named: Vec<&str> = named.collect();
        assert!(named.len() > 40, "{named:?}");
        for word in named {
            let key = format!("admin-data-wrong-{word}");
            assert!(Language::ALL.iter().all(|language| words.has(*language, &key)), "{key}");
        }
    }
}
