//! Money: whole minor units of one currency, with checked arithmetic. No float ever touches an amount (M1).

use std::fmt;

/// The largest amount this shop computes with, in minor units. Stripe charges at most eight digits
/// (docs.stripe.com/currencies); the rest is head-room for sums over many orders.
pub const AMOUNT_MAX: i64 = 1_000_000_000_000_000;

/// An ISO 4217 code in upper case, such as `USD`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// An amount in minor units (cents; whole yen) of a currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("A currency is written as three letters, such as USD.")]
    NotACurrency,
    #[error("This amount is beyond what the shop can compute with.")]
    TooLarge,
    #[error("These amounts are in different currencies.")]
    MixedCurrencies,
}

impl Currency {
    /// Reads a three-letter code in either case.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| MoneyError::NotACurrency)?;
        if !bytes.iter().all(u8::is_ascii_alphabetic) {
            return Err(MoneyError::NotACurrency);
        }
        Ok(Self(bytes.map(|b| b.to_ascii_uppercase())))
    }

    /// The code in upper case, as ISO 4217 writes it.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters are let in")
    }

    /// How many decimals an amount is stored with and sent to Stripe with: what a minor unit is.
    /// Zero- and three-decimal currencies: docs.stripe.com/currencies; all others have two. ISK and UGX are
    /// sent to Stripe in hundredths although they have none (same page), so they count as two here. What people
    /// read is another table: [`Currency::display_digits`].
    pub fn decimals(&self) -> u32 {
        match self.code() {
            "BIF" | "CLP" | "DJF" | "GNF" | "JPY" | "KMF" | "KRW" | "MGA" | "PYG" | "RWF" | "VND" | "VUV" | "XAF"
            | "XOF" | "XPF" => 0,
            "BHD" | "JOD" | "KWD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }
}

impl Currency {
    /// What every amount that is charged or refunded is a multiple of, in minor units: the last digit of
    /// three-decimal currencies is 0, and ISK and UGX go by the hundred although they have no hundredths
    /// (docs.stripe.com/currencies).
    pub fn step_minor(&self) -> i64 {
        match (self.code(), self.decimals()) {
            ("ISK" | "UGX", _) => 100,
            (_, 3) => 10,
            _ => 1,
        }
    }

    /// Whether Stripe charges in it (docs.stripe.com/currencies#presentment-currencies): a shop that sells in another one
    /// could never be paid, and a slip of the pen would be found out with the first order only.
    pub fn is_charged(&self) -> bool {
        const CHARGED: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BWP \
            BYN BZD CAD CDF CHF CLP CNY COP CRC CVE CZK DJF DKK DOP DZD EGP ETB EUR FJD FKP GBP GEL GIP GMD GNF GTQ GYD \
            HKD HNL HTG HUF IDR ILS INR ISK JMD JOD JPY KES KGS KHR KMF KRW KWD KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA \
            MKD MMK MNT MOP MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD \
            RUB RWF SAR SBD SCR SEK SGD SHP SLE SOS SRD STD SZL THB TJS TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VND \
            VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW";
        CHARGED.split(' ').any(|code| code == self.code())
    }

    /// How many decimals people read (CLDR 48). HUF, for one, is charged in hundredths and read in whole forints; a
    /// fraction that is there all the same is never hidden from whoever pays it.
    pub fn display_digits(&self) -> u32 {
        match self.code() {
            "AFN" | "ALL" | "BIF" | "CLP" | "COP" | "DJF" | "GNF" | "HUF" | "IDR" | "IQD" | "IRR" | "ISK" | "JPY"
            | "KMF" | "KPW" | "KRW" | "LAK" | "LBP" | "MGA" | "MMK" | "PKR" | "PYG" | "RWF" | "SLL" | "SOS" | "SYP"
            | "UGX" | "VND" | "VUV" | "XAF" | "XOF" | "XPF" | "YER" => 0,
            "BHD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            _ => 2,
        }
    }

    /// The least that Stripe charges, for accounts that settle in the same currency
    /// (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts); one step where Stripe names none. A hint:
    /// for others Stripe converts first, and its word counts.
    pub fn charge_minor_min(&self) -> i64 {
        match self.code() {
            "USD" | "EUR" | "CHF" | "AUD" | "CAD" | "NZD" | "SGD" | "BRL" | "INR" | "JPY" => 50,
            "GBP" => 30,
            "SEK" | "NOK" => 300,
            "DKK" => 250,
            "PLN" | "RON" | "AED" | "MYR" => 200,
            "CZK" => 1500,
            "HUF" => 17500,
            "BGN" => 100,
            "HKD" => 400,
            "MXN" | "THB" => 1000,
            _ => self.step_minor(),
        }
    }

    /// The most that Stripe charges at once, brought down to a whole step: eight digits, twelve for IDR, nine for INR,
    /// and by card ten for COP, HUF and JPY and eleven for LBP
    /// (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). Where that page writes a digit count and an
    /// amount that disagree, the smaller one stands here. A hint, like the least: some cards take less (American Express
    /// nine digits of IDR, JCB eight of JPY), and what Stripe refuses ends the hold.
    pub fn charge_minor_max(&self) -> i64 {
        let most = match self.code() {
            "IDR" => 999_999_999_999,
            "LBP" => 99_999_999_999,
            "COP" | "HUF" | "JPY" => 9_999_999_999,
            "INR" => 999_999_999,
            _ => 99_999_999,
        };
        most - most % self.step_minor()
    }
}

/// The one rounding of the shop: `amount × numerator ÷ denominator` to the nearest step, halves away from zero.
/// Whoever cuts an amount into parts afterwards uses [`allocate`] or [`share`], which lose nothing.
pub fn portion(amount_minor: i64, numerator: i64, denominator: i64, step_minor: i64) -> Result<i64, MoneyError> {
    assert!(denominator > 0 && step_minor > 0, "a part is of something");
    let exact = i128::from(amount_minor) * i128::from(numerator);
    // In steps, and doubled, so that the half is a whole number.
    let unit = i128::from(denominator) * i128::from(step_minor);
    let steps = (2 * exact.abs() + unit) / (2 * unit) * exact.signum();
    let minor = i64::try_from(steps * i128::from(step_minor)).map_err(|_| MoneyError::TooLarge)?;
    if minor.abs() > AMOUNT_MAX { Err(MoneyError::TooLarge) } else { Ok(minor) }
}

/// Cuts a whole into parts in proportion to the weights: whole steps that sum to the whole, exactly. The whole must
/// not be more than all weights together, and then no part is more than its weight.
///
/// Each step goes to the part whose exact share, rounded, asks for it first (Webster's method). It differs from
/// handing out the largest remainders in rare carts only, and there it matters: by remainders, a discount that is
/// one cent larger may take a cent from two lines and give three to others, and the total goes *up* with the tax.
/// Here one more cent is one more cent of one line.
pub fn allocate(whole_minor: i64, weights: &[i64], step_minor: i64) -> Vec<i64> {
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    let (whole, step) = (i128::from(whole_minor), i128::from(step_minor));
    assert!(weights.iter().all(|weight| *weight >= 0), "weights are not negative");
    assert!((0..=sum).contains(&whole) && whole % step == 0, "whole steps of what is there are cut");
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let weight = |at: usize| i128::from(weights[at]);
    let rounded = |at: usize| (2 * whole * weight(at) + sum * step) / (2 * sum * step);
    let mut steps: Vec<i128> = (0..weights.len()).map(rounded).collect();
    // A part asks for its step number n + 1 at weight ÷ (2n + 1); who asks louder is served first, then the earlier.
    let louder = |a: (usize, i128), b: (usize, i128)| {
        (weight(a.0) * (2 * b.1 + 1)).cmp(&(weight(b.0) * (2 * a.1 + 1))).then(b.0.cmp(&a.0))
    };
    let mut missing = whole / step - steps.iter().sum::<i128>();
    while missing > 0 {
        let next = (0..steps.len()).max_by(|a, b| louder((*a, steps[*a]), (*b, steps[*b])));
        steps[next.expect("there are weights")] += 1;
        missing -= 1;
    }
    while missing < 0 {
        let served = (0..steps.len()).filter(|at| steps[*at] > 0);
        let last = served.min_by(|a, b| louder((*a, steps[*a] - 1), (*b, steps[*b] - 1)));
        steps[last.expect("too much was handed out")] -= 1;
        missing += 1;
    }
    steps.into_iter().map(|steps| i64::try_from(steps * step).expect("a part is no larger than its whole")).collect()
}

/// What so many units of `quantity` cost, when `before` of them are counted already and all cost `whole_minor`: the
/// shares of all units sum to the whole exactly, whatever pieces they are taken in (scenario C13), and each is in
/// whole steps, so that it can be refunded alone.
pub fn share(whole_minor: i64, quantity: i64, before: i64, units: i64, step_minor: i64) -> i64 {
    share_upto(whole_minor, quantity, before + units, step_minor)
        - share_upto(whole_minor, quantity, before, step_minor)
}

/// The first `count` of `quantity` units, cut down to a whole step; all of them are the whole, whatever it is.
pub fn share_upto(whole_minor: i64, quantity: i64, count: i64, step_minor: i64) -> i64 {
    assert!(whole_minor >= 0 && (0..=quantity).contains(&count), "units of a line are shared");
    if count == quantity {
        return whole_minor;
    }
    let exact = i128::from(whole_minor) * i128::from(count) / i128::from(quantity);
    let cut = i64::try_from(exact).expect("a share is no larger than its whole");
    cut - cut % step_minor
}

/// Reads a percentage without a float, as a whole number of its last decimal: `19`, `12.5`, `8.875`; `None` if it has
/// more decimals than these, or is no percentage.
pub fn parse_percent(text: &str, decimals: u32) -> Option<i64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let fits = (1..=3).contains(&whole.len()) && part.len() <= decimals as usize && !text.ends_with('.');
    if !fits || !digits(whole) || !digits(part) {
        return None;
    }
    format!("{whole}{part:0<width$}", width = decimals as usize).parse().ok()
}

/// Writes a percentage with no more decimals than it needs: `19`, `12.5`, `8.875`.
pub fn percent_text(number: i64, decimals: u32) -> String {
    let unit = 10_i64.pow(decimals);
    let text = format!("{}.{:0width$}", number / unit, number % unit, width = decimals as usize);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Money {
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    pub fn plus(self, other: Money) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrencies);
        }
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::TooLarge)?;
        Money::within_reach(minor, self.currency)
    }

    pub fn times(self, quantity: i64) -> Result<Money, MoneyError> {
        let minor = self.minor.checked_mul(quantity).ok_or(MoneyError::TooLarge)?;
        Money::within_reach(minor, self.currency)
    }

    /// The amount as machines write it: `32.00`, as many decimals as the currency is stored with.
    pub fn plain(self) -> String {
        let stored = self.currency.decimals();
        let unit = 10_u64.pow(stored);
        let minus = if self.minor < 0 { "-" } else { "" };
        let (whole, part) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        if stored == 0 {
            format!("{minus}{whole}")
        } else {
            format!("{minus}{whole}.{part:0width$}", width = stored as usize)
        }
    }

    fn within_reach(minor: i64, currency: Currency) -> Result<Money, MoneyError> {
        if minor.abs() > AMOUNT_MAX {
            return Err(MoneyError::TooLarge);
        }
        Ok(Money { minor, currency })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::parse("usd").expect("a currency"))
    }

    #[test]
    fn sums_and_products_are_checked() {
        assert_eq!(usd(3200).times(2), Ok(usd(6400)));
        assert_eq!(usd(1).plus(usd(2)), Ok(usd(3)));
        assert_eq!(usd(i64::MAX).times(2), Err(MoneyError::TooLarge));
        assert_eq!(usd(AMOUNT_MAX).plus(usd(1)), Err(MoneyError::TooLarge));
        let yen = Money::new(1, Currency::parse("JPY").expect("a currency"));
        assert_eq!(usd(1).plus(yen), Err(MoneyError::MixedCurrencies));
    }

    /// M1: the traps are in the half cents; there is one answer to each of them.
    #[test]
    fn an_amount_is_rounded_in_one_way() {
        for (amount, numerator, denominator, step, rounded) in [
            (535, 50, 100, 1, 268), // 2.675, which a float shows as 2.68 and charges as 2.67
            (-535, 50, 100, 1, -268),
            (100_500, 100, 10_000, 1, 1005), // 1 % of 1005.00, exactly
            (1005, 10, 100, 1, 101),         // 100.5
            (1004, 10, 100, 1, 100),
            (0, 19, 100, 1, 0),
            (5124, 1, 1, 10, 5120), // KWD 5.124
            (5125, 1, 1, 10, 5130), // and the half of its step
            (149, 1, 1, 100, 100),  // ISK
            (150, 1, 1, 100, 200),
            (AMOUNT_MAX, 999_999, 1_000_000, 1, 999_999_000_000_000),
        ] {
            assert_eq!(
                portion(amount, numerator, denominator, step),
                Ok(rounded),
                "{amount} × {numerator}/{denominator}"
            );
        }
        assert_eq!(portion(AMOUNT_MAX, 2, 1, 1), Err(MoneyError::TooLarge));
        assert_eq!(portion(i64::MAX, i64::MAX, 1, 1), Err(MoneyError::TooLarge));
    }

    #[test]
    fn parts_are_whole_steps_and_sum_to_the_whole() {
        for (whole, weights, step, parts) in [
            (1000, vec![1000, 1000, 1000], 1, vec![334, 333, 333]),
            (500, vec![3200, 4800, 1999], 1, vec![160, 240, 100]),
            (2, vec![1, 1, 1], 1, vec![1, 1, 0]),
            (0, vec![5, 0], 1, vec![0, 0]),
            (0, vec![], 1, vec![]),
            (0, vec![0, 0], 1, vec![0, 0]),
            (7, vec![0, 7, 0], 1, vec![0, 7, 0]),
            (100, vec![500, 500, 500], 10, vec![40, 30, 30]),
            (300, vec![100, 100, 100], 100, vec![100, 100, 100]),
            (38, vec![5, 7, 9, 6, 25, 23], 1, vec![3, 4, 5, 3, 12, 11]),
        ] {
            let found = allocate(whole, &weights, step);
            assert_eq!(found, parts, "{whole} over {weights:?}");
            assert_eq!(found.iter().sum::<i64>(), whole);
        }
    }

    /// By largest remainders the whole of 38 would take a step from the first two parts that they had at 37.
    #[test]
    fn a_larger_whole_takes_nothing_from_any_part() {
        let weights = [5, 7, 9, 6, 25, 23];
        let mut before = allocate(0, &weights, 1);
        for whole in 1..=75 {
            let parts = allocate(whole, &weights, 1);
            assert!(parts.iter().zip(&before).all(|(now, before)| now >= before), "{whole}: {before:?} → {parts:?}");
            assert!(parts.iter().zip(weights).all(|(part, weight)| *part <= weight), "{parts:?}");
            before = parts;
        }
        assert_eq!(before, weights);
    }

    #[test]
    fn shares_are_whole_steps_and_the_last_one_has_the_rest() {
        let dinars: Vec<i64> = (0..3).map(|before| share(1000, 3, before, 1, 10)).collect();
        assert_eq!(dinars, [330, 330, 340]);
        assert_eq!((share(1000, 3, 0, 2, 1), share(1000, 3, 2, 1, 1)), (666, 334));
        // A line from before steps were held to is still paid back whole.
        assert_eq!((share(1005, 3, 0, 2, 10), share(1005, 3, 2, 1, 10)), (670, 335));
        assert_eq!((share(0, 4, 1, 2, 1), share(1, 7, 0, 7, 1)), (0, 1));
    }

    #[test]
    fn what_is_stored_and_what_is_read_are_two_tables() {
        for (code, decimals, read, step) in [
            ("USD", 2, 2, 1),
            ("CNY", 2, 2, 1),
            ("TWD", 2, 2, 1),
            ("JPY", 0, 0, 1),
            ("KRW", 0, 0, 1),
            ("HUF", 2, 0, 1),
            ("ISK", 2, 0, 100),
            ("UGX", 2, 0, 100),
            ("KWD", 3, 3, 10),
            ("TND", 3, 3, 10),
        ] {
            let currency = Currency::parse(code).expect("a currency");
            assert_eq!((currency.decimals(), currency.display_digits(), currency.step_minor()), (decimals, read, step));
            assert!(currency.charge_minor_min() % step == 0 && currency.charge_minor_max() % step == 0, "{code}");
        }
        for (code, least, most) in [
            ("USD", 50, 99_999_999),
            ("GBP", 30, 99_999_999),
            ("HUF", 17_500, 9_999_999_999),
            ("JPY", 50, 9_999_999_999),
            ("IDR", 1, 999_999_999_999),
            ("LBP", 1, 99_999_999_999),
            ("KWD", 10, 99_999_990),
            ("ISK", 100, 99_999_900),
        ] {
            let currency = Currency::parse(code).expect("a currency");
            assert_eq!((currency.charge_minor_min(), currency.charge_minor_max()), (least, most), "{code}");
        }
    }

    #[test]
    fn a_percentage_is_read_and_written_without_a_float() {
        for (text, decimals, number) in [("12.5", 2, 1250), ("0.01", 2, 1), ("100", 2, 10_000), ("8.875", 4, 88_750)] {
            assert_eq!(parse_percent(text, decimals), Some(number));
            assert_eq!(percent_text(number, decimals), text);
        }
        for text in ["", ".", ".5", "5.", "1.234", "-1", "+1", "1e2", "1,5", "1000", "１"] {
            assert_eq!(parse_percent(text, 2), None, "{text}");
        }
    }

    #[test]
    fn a_currency_is_three_letters() {
        for code in ["", "US", "USDX", "U$D", "元"] {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
    }
}
