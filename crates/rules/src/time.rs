//! Moments and spans in microseconds; handed in from outside, never read here.

use std::ops::{Add, Sub};

/// A moment: microseconds since 1970-01-01 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A span of time in microseconds; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Timestamp {
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded down: Stripe's unit.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
}

impl Span {
    pub const fn micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Reads minutes in decimals without passing through a float: `30`, `0.05`, `.5`.
    pub fn parse_minutes(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
            return None;
        }
        let millionths: String = format!("{fraction:0<6}").chars().take(6).collect();
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let micros = whole.checked_mul(1_000_000)?.checked_add(millionths.parse().ok()?)?.checked_mul(60)?;
        Some(Self(micros))
    }

    /// Writes minutes with no more decimals than they need; the opposite of [`Span::parse_minutes`].
    pub fn minutes_text(self) -> String {
        let millionths = self.0 / 60;
        let text = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

impl Sub<Span> for Timestamp {
    type Output = Timestamp;

    fn sub(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }
}

impl Add<Span> for Timestamp {
    type Output = Timestamp;

    /// Saturates: a moment beyond the calendar is as good as never.
    fn add(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Span;

    fn sub(self, earlier: Timestamp) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_read_and_written_without_a_float() {
        for (text, micros) in [("30", 1_800_000_000), ("0.05", 3_000_000), ("1.5", 90_000_000), ("0.000001", 60)] {
            assert_eq!(Span::parse_minutes(text), Some(Span::micros(micros)));
            assert_eq!(Span::micros(micros).minutes_text(), text);
        }
        for bad in ["", ".", "-1", "+1", "1e3", "NaN", "1,5", "99999999999999999999", "9223372036854775807"] {
            assert_eq!(Span::parse_minutes(bad), None, "{bad}");
        }
    }
}
