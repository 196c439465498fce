//! What Stripe knows about currencies: decimals, minimum charges, and how an amount is printed.

/// The currencies a charge can be made in.
const KNOWN: &str = "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad \
    cdf chf clp cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr \
    ils inr isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk \
    mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle \
    sos srd std szl thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw";
const ZERO_DECIMAL: &str = "bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf";
const THREE_DECIMAL: &str = "bhd jod kwd omr tnd";
/// Divided by a hundred on the page, but whole numbers to the bank.
const WHOLE_HUNDREDS: &str = "isk ugx";

fn listed(list: &str, currency: &str) -> bool {
    list.split_whitespace().any(|code| code == currency)
}

pub fn is_known(currency: &str) -> bool {
    listed(KNOWN, currency)
}

pub fn decimals(currency: &str) -> u32 {
    match currency {
        zero if listed(ZERO_DECIMAL, zero) => 0,
        three if listed(THREE_DECIMAL, three) => 3,
        _ => 2,
    }
}

/// What the last digits of an amount must be divisible by.
pub fn step(currency: &str) -> i64 {
    match currency {
        three if listed(THREE_DECIMAL, three) => 10,
        whole if listed(WHOLE_HUNDREDS, whole) => 100,
        _ => 1,
    }
}

/// The least a charge may be. Stripe checks in the settlement currency; here both are the same.
pub fn least(currency: &str) -> i64 {
    match currency {
        "gbp" => 30,
        "jpy" => 50,
        "sek" | "nok" => 300,
        "dkk" => 250,
        "pln" | "ron" | "aed" | "myr" => 200,
        "czk" => 1500,
        "huf" => 17500,
        "bgn" => 100,
        "hkd" => 400,
        "cny" => 350,
        "mxn" | "thb" => 1000,
        other => match decimals(other) {
            0 => 50,
            3 => 500,
            _ => 50,
        },
    }
}

/// The most of anything that is added up: what no total may reach is no item's amount either.
pub const MOST: i64 = 999_999_999_999;

/// The most a charge may be (docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).
pub fn most(currency: &str) -> i64 {
    match currency {
        "idr" => 999_999_999_999,
        "lbp" => 99_999_999_999,
        "cop" | "huf" | "jpy" => 9_999_999_999,
        "inr" => 999_999_999,
        _ => 99_999_999,
    }
}

/// `1234` in `usd` as `12.34 USD`, with the currency's own decimals.
pub fn print(minor: i64, currency: &str) -> String {
    let places = decimals(currency);
    let unit = 10_u64.pow(places);
    let sign = if minor < 0 { "-" } else { "" };
    let amount = minor.unsigned_abs();
    let code = currency.to_uppercase();
    match places {
        0 => format!("{sign}{amount} {code}"),
        places => {
            let width = usize::try_from(places).expect("at most three decimals");
            format!("{sign}{}.{:0width$} {code}", amount / unit, amount % unit)
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn amounts_have_their_currencys_decimals() {
        for (minor, currency, printed) in
            [(1234, "usd", "12.34 USD"), (-5, "eur", "-0.05 EUR"), (500, "jpy", "500 JPY"), (1230, "kwd", "1.230 KWD")]
        {
            assert_eq!(super::print(minor, currency), printed);
        }
    }
}
