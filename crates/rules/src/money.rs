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

    /// How many decimals a price in this currency is written with, in minor units as the shop stores them.
    /// Zero- and three-decimal currencies: docs.stripe.com/currencies; all others have two. ISK and UGX are
    /// sent to Stripe in hundredths although they have none (same page), so they count as two here.
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

    #[test]
    fn a_currency_is_three_letters() {
        for code in ["", "US", "USDX", "U$D", "元"] {
            assert!(Currency::parse(code).is_err(), "{code}");
        }
    }
}
