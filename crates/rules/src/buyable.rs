//! Why customers cannot buy a product: every reason at once, so that nobody mends one to be told of the next.
//!
//! What *stops* a sale comes first; the rest only makes the page poorer, and is said too.

use crate::text::Sku;

/// A product as far as its sale depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub shelf: Shelf,
    pub variants: Vec<Offer>,
    /// A pre-order: it is sent from a day on that has not come yet.
    pub ships_later: bool,
    /// Languages of the shop in which it has no title, or no description.
    pub untitled: Vec<String>,
    pub undescribed: Vec<String>,
    pub pictures: usize,
    /// Pictures (from 1) that say nothing in some language to those who do not see them.
    pub pictures_unsaid: Vec<usize>,
    /// The least that can be charged at once, in minor units.
    pub charge_minor_min: i64,
}

/// Where a product stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shelf {
    Draft,
    Active,
    Archived,
}

/// One variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub sku: Sku,
    pub active: bool,
    pub price_minor: i64,
    pub on_hand: i64,
    pub held: i64,
    pub short: i64,
    /// What a buyer can get now.
    pub available: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    Draft,
    Archived,
    NoVariant,
    NoActiveVariant,
    /// Nothing of any variant is there. This shop never promises more than is there, so nothing can be ordered.
    SoldOut,
    /// Everything that is there is held for unpaid orders.
    AllHeld {
        held: i64,
    },
    VariantSoldOut {
        sku: Sku,
    },
    VariantHeld {
        sku: Sku,
        held: i64,
    },
    /// Fewer are there than are promised.
    VariantShort {
        sku: Sku,
        short: i64,
    },
    NoPrice {
        sku: Sku,
    },
    /// Alone in a cart it is worth less than can be charged.
    TooCheapAlone {
        sku: Sku,
    },
    /// It can be ordered, and is sent later.
    ShipsLater,
    Untitled {
        language: String,
    },
    Undescribed {
        language: String,
    },
    NoPicture,
    PictureUnsaid {
        number: usize,
    },
}

impl Reason {
    /// Whether nobody can buy the product because of it; the others concern a variant or the looks.
    pub fn stops(&self) -> bool {
        match self {
            Reason::Draft
            | Reason::Archived
            | Reason::NoVariant
            | Reason::NoActiveVariant
            | Reason::SoldOut
            | Reason::AllHeld { .. } => true,
            Reason::VariantSoldOut { .. }
            | Reason::VariantHeld { .. }
            | Reason::VariantShort { .. }
            | Reason::NoPrice { .. }
            | Reason::TooCheapAlone { .. }
            | Reason::ShipsLater
            | Reason::Untitled { .. }
            | Reason::Undescribed { .. }
            | Reason::NoPicture
            | Reason::PictureUnsaid { .. } => false,
        }
    }
}

/// All reasons; what stops a sale first. None: it can be bought.
pub fn reasons(facts: &Facts) -> Vec<Reason> {
    let mut reasons = Vec::new();
    match facts.shelf {
        Shelf::Draft => reasons.push(Reason::Draft),
        Shelf::Archived => reasons.push(Reason::Archived),
        Shelf::Active => {}
    }
    let offered: Vec<&Offer> = facts.variants.iter().filter(|offer| offer.active).collect();
    if facts.variants.is_empty() {
        reasons.push(Reason::NoVariant);
    } else if offered.is_empty() {
        reasons.push(Reason::NoActiveVariant);
    } else if offered.iter().all(|offer| offer.available < 1) {
        let held: i64 = offered.iter().map(|offer| offer.held).sum();
        let there = offered.iter().any(|offer| offer.on_hand > offer.short);
        reasons.push(if there && held > 0 { Reason::AllHeld { held } } else { Reason::SoldOut });
    }
    for offer in &offered {
        reasons.extend(of_variant(offer, facts.charge_minor_min));
    }
    if facts.ships_later {
        reasons.push(Reason::ShipsLater);
    }
    reasons.extend(facts.untitled.iter().map(|language| Reason::Untitled { language: language.clone() }));
    reasons.extend(facts.undescribed.iter().map(|language| Reason::Undescribed { language: language.clone() }));
    if facts.pictures == 0 {
        reasons.push(Reason::NoPicture);
    }
    reasons.extend(facts.pictures_unsaid.iter().map(|number| Reason::PictureUnsaid { number: *number }));
    reasons
}

fn of_variant(offer: &Offer, charge_minor_min: i64) -> Vec<Reason> {
    let sku = || offer.sku.clone();
    let mut reasons = Vec::new();
    if offer.short > 0 {
        reasons.push(Reason::VariantShort { sku: sku(), short: offer.short });
    }
    match (offer.available, offer.held) {
        (..1, 1..) => reasons.push(Reason::VariantHeld { sku: sku(), held: offer.held }),
        (..1, _) => reasons.push(Reason::VariantSoldOut { sku: sku() }),
        _ => {}
    }
    if offer.price_minor == 0 {
        reasons.push(Reason::NoPrice { sku: sku() });
    } else if offer.price_minor < charge_minor_min {
        reasons.push(Reason::TooCheapAlone { sku: sku() });
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(name: &str, on_hand: i64, held: i64) -> Offer {
        let sku = Sku::parse(name).expect("a SKU");
        Offer { sku, active: true, price_minor: 3200, on_hand, held, short: 0, available: on_hand - held }
    }

    fn facts(variants: Vec<Offer>) -> Facts {
        Facts {
            shelf: Shelf::Active,
            variants,
            ships_later: false,
            untitled: Vec::new(),
            undescribed: Vec::new(),
            pictures: 1,
            pictures_unsaid: Vec::new(),
            charge_minor_min: 50,
        }
    }

    #[test]
    fn what_is_for_sale_has_no_reason() {
        assert_eq!(reasons(&facts(vec![offer("A", 3, 2)])), []);
    }

    #[test]
    fn every_reason_is_said_at_once() {
        let sku = |name: &str| Sku::parse(name).expect("a SKU");
        let all = Facts {
            shelf: Shelf::Draft,
            variants: vec![
                Offer { price_minor: 0, ..offer("A", 0, 0) },
                Offer { short: 1, price_minor: 49, ..offer("B", 2, 2) },
                Offer { active: false, price_minor: 0, ..offer("C", 0, 0) },
            ],
            ships_later: true,
            untitled: vec!["zh-CN".to_owned()],
            undescribed: vec!["en".to_owned()],
            pictures: 0,
            pictures_unsaid: vec![2],
            charge_minor_min: 50,
        };
        let expected = [
            Reason::Draft,
            Reason::AllHeld { held: 2 },
            Reason::VariantSoldOut { sku: sku("A") },
            Reason::NoPrice { sku: sku("A") },
            Reason::VariantShort { sku: sku("B"), short: 1 },
            Reason::VariantHeld { sku: sku("B"), held: 2 },
            Reason::TooCheapAlone { sku: sku("B") },
            Reason::ShipsLater,
            Reason::Untitled { language: "zh-CN".to_owned() },
            Reason::Undescribed { language: "en".to_owned() },
            Reason::NoPicture,
            Reason::PictureUnsaid { number: 2 },
        ];
        assert_eq!(reasons(&all), expected);
        assert!(expected.iter().position(|reason| !reason.stops()).is_some_and(|first| first == 2));
    }

    #[test]
    fn each_thing_that_stops_a_sale_is_told_apart() {
        let first = |facts: &Facts| reasons(facts).into_iter().find(Reason::stops);
        let sold = || vec![offer("A", 3, 0)];
        for (facts, expected) in [
            (facts(sold()), None),
            (Facts { shelf: Shelf::Draft, ..facts(sold()) }, Some(Reason::Draft)),
            (Facts { shelf: Shelf::Archived, ..facts(sold()) }, Some(Reason::Archived)),
            (facts(Vec::new()), Some(Reason::NoVariant)),
            (facts(vec![Offer { active: false, ..offer("A", 3, 0) }]), Some(Reason::NoActiveVariant)),
            (facts(vec![offer("A", 0, 0), offer("B", 0, 0)]), Some(Reason::SoldOut)),
            (facts(vec![offer("A", 3, 3), offer("B", 0, 0)]), Some(Reason::AllHeld { held: 3 })),
            (facts(vec![offer("A", 3, 3), offer("B", 1, 0)]), None),
        ] {
            assert_eq!(first(&facts), expected, "{facts:?}");
        }
    }
}
