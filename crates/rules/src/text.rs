//! Text that means something: parsed once at the door, trusted inside.

use std::fmt;

/// Longest SKU accepted, in bytes; Shopify's and WooCommerce's exports stay far below.
pub const SKU_BYTES_MAX: usize = 100;
/// Longest e-mail address accepted, in bytes (RFC 5321, 4.5.3.1.3, less the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;

/// A stock keeping unit: the identity of what is counted, held and sold.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sku(String);

/// An e-mail address that a letter can be sent to.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("A SKU is 1 to 100 visible ASCII characters without spaces.")]
    NotASku,
    #[error("This is not an e-mail address.")]
    NotAnEmail,
}

impl Sku {
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let fits = !text.is_empty() && text.len() <= SKU_BYTES_MAX && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned())).ok_or(TextError::NotASku)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Email {
    /// Accepts what a mail server can deliver to without quoting: one `@`, a dotted domain, no white space,
    /// no control characters, nothing that could end a header line.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(TextError::NotAnEmail)?;
        let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[]\\,;:\"".contains(c);
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let fits = text.len() <= EMAIL_BYTES_MAX
            && !local.is_empty()
            && local.len() <= 64
            && local.chars().all(|c| plain(c) && c != '@')
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.contains('.')
            && domain.split('.').all(label);
        fits.then(|| Self(text.to_owned())).ok_or(TextError::NotAnEmail)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Who this is, for caps, limits and returning buyers: lower case, without a `+tag`.
    /// `Ada+cups@Example.org` and `ada@example.org` are one buyer (scenario C7).
    pub fn buyer(&self) -> String {
        let lower = self.0.to_lowercase();
        let (local, domain) = lower.rsplit_once('@').expect("parse demands an @");
        let local = local.split('+').next().filter(|l| !l.is_empty()).unwrap_or(local);
        format!("{local}@{domain}")
    }
}

impl fmt::Display for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Sku {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address is personal: it never reaches a log through `{:?}`.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_is_one_that_letters_reach() {
        for good in ["ada@example.org", "Ada+x@Example.org", "a.b@sub.example.co.uk", "李@例子.中国"] {
            assert!(Email::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "@",
            "a@b",
            "a b@example.org",
            "a@example..org",
            "a@-x.org",
            "a\r\nBcc: b@example.org",
            "a@b@example.org",
            ".a@example.org",
            "<a@example.org>",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn one_person_with_a_tag_or_capitals_is_one_buyer() {
        for text in ["ada@example.org", "ADA@Example.ORG", "Ada+cups@example.org"] {
            assert_eq!(Email::parse(text).map(|e| e.buyer()), Ok("ada@example.org".to_owned()));
        }
    }

    #[test]
    fn a_sku_has_no_spaces_and_no_control_characters() {
        assert!(Sku::parse("HK-CUP-120-CEL").is_ok());
        for bad in ["", "a b", "a\0", "杯", "a\n"] {
            assert!(Sku::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Sku::parse(&"x".repeat(101)).is_err());
    }
}
