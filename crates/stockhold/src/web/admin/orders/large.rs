//! How much money may leave an order before the password is asked for again.

use rules::money::Currency;

use crate::storage::orders::OrderView;

/// Currencies whose unit is worth roughly a tenth of a dollar's, a hundredth, a thousandth, a ten-thousandth.
const TENTHS: &str = "BOB BRL BWP CNY CZK DKK EGP GTQ HKD HNL LSL MAD MDL MOP MVR MXN NAD NIO NOK SCR SEK SZL THB TJS TRY \
    TTD TWD UAH UYU ZAR ZMW";
const HUNDREDTHS: &str = "AFN ALL BDT DJF DOP DZD ETB GMD HTG HUF INR ISK JMD JPY KES KGS LKR LRD MKD MUR NPR PHP PKR RSD \
    RUB VUV XPF YER";
const THOUSANDTHS: &str = "AMD AOA ARS BIF CDF CLP COP CRC KHR KMF KRW KZT MGA MMK MNT MWK NGN RWF SOS TZS UGX XAF XOF";
const TEN_THOUSANDTHS: &str = "GNF IDR LAK LBP PYG STD UZS VND";

/// Whether an amount that goes back now, with what of this order is on its way already, is worth typing the password again:
/// many small refunds are a large one.
pub fn is_large(order: &OrderView, amount: i64) -> bool {
    order.going_back().saturating_add(amount) >= large_minor(order.currency)
}

/// About 500 dollars: 500 units, or a power of ten more of them. Nobody has to follow exchange rates for it.
fn large_minor(currency: Currency) -> i64 {
    let is_in = |codes: &str| codes.split(' ').any(|code| code == currency.code());
    let weak = [(TENTHS, 5_000), (HUNDREDTHS, 50_000), (THOUSANDTHS, 500_000), (TEN_THOUSANDTHS, 5_000_000)];
    let units = weak.into_iter().find(|(codes, _)| is_in(codes)).map_or(500, |(_, units)| units);
    units * 10_i64.pow(currency.decimals())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_large_is_about_the_same_in_every_currency() {
        for (code, minor) in [
            ("USD", 50_000),
            ("KWD", 500_000),
            ("CNY", 500_000),
            ("TWD", 500_000),
            ("INR", 5_000_000),
            ("JPY", 50_000),
            ("KRW", 500_000),
            ("IDR", 500_000_000),
            ("VND", 5_000_000),
        ] {
            assert_eq!(large_minor(Currency::parse(code).expect("a currency")), minor, "{code}");
        }
    }

    #[test]
    fn each_currency_stands_once() {
        let mut codes: Vec<&str> =
            [TENTHS, HUNDREDTHS, THOUSANDTHS, TEN_THOUSANDTHS].iter().flat_map(|codes| codes.split(' ')).collect();
        let all = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), all);
        for code in codes {
            assert!(Currency::parse(code).is_ok_and(|currency| currency.is_charged()), "{code}");
        }
    }
}
