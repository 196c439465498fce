//! Identities: newtypes, so that an order's id never stands where a refund's belongs.
//!
//! Inside they are UUIDs (version 7 where the shop draws them); everywhere outside they are opaque text with a
//! prefix that says what they name (`ord_0190…`). The same text is stored, so a log line can be searched in the books.

use std::fmt;
use std::str::FromStr;

/// Text that is not an id of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("This is not an id of the form {prefix}_….")]
pub struct NotAnId {
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u128);

        impl $name {
            /// The id whose UUID has these 128 bits.
            pub const fn from_u128(bits: u128) -> Self {
                Self(bits)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{:032x}", $prefix, self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let refused = NotAnId { prefix: $prefix };
                let digits = text.strip_prefix(concat!($prefix, "_")).ok_or(refused.clone())?;
                let lower_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                if digits.len() != 32 || !digits.bytes().all(lower_hex) {
                    return Err(refused);
                }
                u128::from_str_radix(digits, 16).map(Self).map_err(|_| refused)
            }
        }
    };
}

id!(
    /// An order. Drawn when the checkout form is rendered, or from the caller's `Idempotency-Key`.
    OrderId,
    "ord"
);
id!(
    /// A refund of (part of) a payment.
    RefundId,
    "rfnd"
);
id!(
    /// A product; its variants are named by SKU.
    ProductId,
    "prod"
);
id!(
    /// A change of stock by hand, so that the same request again finds its first answer.
    CountId,
    "cnt"
);

id!(
    /// A parcel that left, so that the same request again finds its first answer.
    ShipmentId,
    "shp"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_prints() {
        let id = OrderId::from_u128(0x0190_f00d);
        assert_eq!(id.to_string(), "ord_0000000000000000000000000190f00d");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        for text in [
            "",
            "ord_",
            "rfnd_0000000000000000000000000190f00d",
            "ord_+000000000000000000000000190f00d",
            "ord_000000000000000000000000019\u{e9}f00d",
        ] {
            assert!(text.parse::<OrderId>().is_err(), "{text}");
        }
    }
}
