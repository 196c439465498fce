//! What a total is made of, in words: the same rows in the cart, at checkout, on the order's page and in its letters.
//!
//! Invariant: nothing is computed here; every amount is one that pricing, or the stored order, says (M1).

use rules::money::{Currency, Money};
use rules::taxes::{TaxLine, Taxation};

use super::{Language, Words, format_money};

/// The numbers of a quote or of an order, in minor units of `currency`.
#[derive(Debug, Clone, Copy)]
pub struct Totals<'a> {
    pub currency: Currency,
    pub subtotal: i64,
    pub discount: i64,
    /// The code that the discount is for.
    pub code: &'a str,
    /// What the delivery is called, and what it costs; `None`: nothing is asked about it.
    pub shipping: Option<(&'a str, i64)>,
    pub taxation: Taxation,
    pub tax_lines: &'a [TaxLine],
    pub total: i64,
}

/// A row: what it is, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub label: String,
    pub amount: String,
}

impl Totals<'_> {
    /// What comes before the total; a total that is only the goods' needs no explaining.
    pub fn parts(&self, words: &Words, language: Language) -> Vec<Row> {
        let money = |minor| format_money(language, Money::new(minor, self.currency));
        let row = |label: String, amount| Row { label, amount };
        let mut rows = Vec::new();
        if self.discount != 0 {
            let label = words.say(language, "sum-discount", &[("code", self.code.into())]);
            rows.push(row(label, money(-self.discount)));
        }
        if let Some((title, amount)) = self.shipping {
            let label = words.say(language, "sum-shipping", &[("method", title.into())]);
            let free = || words.say(language, "sum-shipping-free", &[]);
            rows.push(row(label, if amount == 0 { free() } else { money(amount) }));
        }
        if self.taxation == Taxation::Added {
            rows.extend(self.tax_rows(words, language, "sum-tax"));
        }
        if !rows.is_empty() {
            rows.insert(0, row(words.say(language, "sum-subtotal", &[]), money(self.subtotal)));
        }
        rows
    }

    /// The tax that is in the total already.
    pub fn included(&self, words: &Words, language: Language) -> Vec<Row> {
        match self.taxation {
            Taxation::Included => self.tax_rows(words, language, "sum-tax-included"),
            Taxation::None | Taxation::Added => Vec::new(),
        }
    }

    /// One for each rate that something is due by.
    fn tax_rows(&self, words: &Words, language: Language, key: &str) -> Vec<Row> {
        let due = self.tax_lines.iter().filter(|line| line.amount_minor > 0);
        due.map(|line| Row {
            label: words.say(language, key, &[("percent", line.rate.percent().into())]),
            amount: format_money(language, Money::new(line.amount_minor, self.currency)),
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use rules::taxes::Rate;

    use super::*;

    fn told(rows: Vec<Row>) -> Vec<String> {
        rows.into_iter().map(|row| format!("{} {}", row.label, row.amount)).collect()
    }

    fn totals(tax_lines: &[TaxLine]) -> Totals<'_> {
        Totals {
            currency: Currency::parse("USD").expect("a currency"),
            subtotal: 6400,
            discount: 0,
            code: "",
            shipping: None,
            taxation: Taxation::None,
            tax_lines,
            total: 6400,
        }
    }

    #[test]
    fn a_total_of_goods_alone_needs_no_explaining() {
        let (words, totals) = (Words::built_in(), totals(&[]));
        assert_eq!(totals.parts(&words, Language::En), []);
        assert_eq!(totals.included(&words, Language::En), []);
    }

    #[test]
    fn every_part_is_said_in_both_languages() {
        let words = Words::built_in();
        let line = |percent, amount_minor| TaxLine {
            rate: Rate::parse(percent).expect("a rate"),
            base_minor: 0,
            amount_minor,
        };
        let lines = [line("19", 1102), line("0", 0)];
        let all = Totals { discount: 600, code: "TEA10", shipping: Some(("Parcel", 0)), ..totals(&lines) };
        let added = Totals { taxation: Taxation::Added, ..all };
        assert_eq!(
            told(added.parts(&words, Language::En)),
            ["Subtotal $64.00", "Discount (TEA10) −$6.00", "Shipping (Parcel) Free", "Tax (19%) $11.02"]
        );
        assert_eq!(
            told(added.parts(&words, Language::ZhCn)),
            ["商品小计 US$64.00", "优惠（TEA10） −US$6.00", "运费（Parcel） 包邮", "税费（19%） US$11.02"]
        );
        let included = Totals { taxation: Taxation::Included, ..all };
        assert_eq!(told(included.included(&words, Language::En)), ["Includes tax (19%) $11.02"]);
        assert_eq!(told(included.included(&words, Language::ZhCn)), ["含税（19%） US$11.02"]);
        assert_eq!(included.parts(&words, Language::En).len(), 3);
    }
}
