//! Why a refund failed, in words: on the pages of the desk and in the owner's letter.

use rules::refunds::WENT_BACK_ANOTHER_WAY;

use super::{Language, Words};

/// What Stripe says (`failure_reason`), and what the shop says itself.
const KNOWN: [(&str, &str); 8] = [
    ("lost_or_stolen_card", "refund-failure-lost-or-stolen-card"),
    ("expired_or_canceled_card", "refund-failure-expired-or-canceled-card"),
    ("charge_for_pending_refund_disputed", "refund-failure-disputed"),
    ("insufficient_funds", "refund-failure-insufficient-funds"),
    ("declined", "refund-failure-declined"),
    ("merchant_request", "refund-failure-merchant-request"),
    ("unknown", "refund-failure-unknown"),
    (WENT_BACK_ANOTHER_WAY, "refund-failure-another-refund"),
];

/// A reason that nobody here knows yet stays as Stripe calls it.
pub fn refund_failure(words: &Words, language: Language, reason: &str) -> String {
    let known = KNOWN.iter().find(|(known, _)| *known == reason);
    known.map_or_else(|| reason.to_owned(), |(_, key)| words.say(language, key, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No page shows a reason as it is written on the wire.
    #[test]
    fn every_reason_of_stripe_is_told_in_words() {
        let words = Words::built_in();
        for (reason, _) in KNOWN {
            let told = Language::ALL.map(|language| refund_failure(&words, language, reason));
            assert!(!told[0].contains('_') && told[0] != "unknown" && told[0] != told[1], "{reason}: {told:?}");
            assert!(told[1].chars().all(|c| !c.is_ascii_lowercase() || "Stripe".contains(c)), "{reason}: {told:?}");
        }
        assert_eq!(refund_failure(&words, Language::ZhCn, "solar_storm"), "solar_storm", "a new one is not hidden");
        assert_eq!(refund_failure(&words, Language::En, ""), "");
    }
}
