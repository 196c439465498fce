//! Stripe's webhook signature (docs.stripe.com/webhooks#verify-manually): HMAC-SHA256 over `t.body`, the whole
//! `whsec_…` text being the key.

use hmac::{Hmac, KeyInit, Mac};
use rules::time::Timestamp;
use sha2::Sha256;

/// How far a signature's time may lie from ours, either way. Each retry is signed anew, so a strict window never
/// blocks one.
const TOLERANCE_SECONDS: i64 = 300;
/// Signatures looked at in one header; Stripe sends one per active secret, at most two.
const SIGNATURES_MAX: usize = 16;

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("the Stripe-Signature header cannot be read")]
    Malformed,
    #[error("the signature is too old, or from the future")]
    OutsideTolerance,
    #[error("no signature matches")]
    NoMatch,
}

/// Verifies the raw body. Any secret may match any `v1`, so that secrets can be rolled; other schemes are ignored.
pub fn verify(secrets: &[&str], header: &str, body: &[u8], now: Timestamp) -> Result<(), SignatureError> {
    let mut time = None;
    let mut signatures: Vec<Vec<u8>> = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) => time = value.parse::<i64>().ok(),
            Some(("v1", value)) if signatures.len() < SIGNATURES_MAX => signatures.extend(hex(value)),
            Some(_) => {}
            None => return Err(SignatureError::Malformed),
        }
    }
    let time = time.filter(|_| !signatures.is_empty()).ok_or(SignatureError::Malformed)?;
    let matches = |secret: &&str| {
        let mac = mac(secret, time, body);
        // `verify_slice` compares in constant time.
        !secret.is_empty() && signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
    };
    if !secrets.iter().any(matches) {
        return Err(SignatureError::NoMatch);
    }
    if now.seconds().saturating_sub(time).saturating_abs() > TOLERANCE_SECONDS {
        return Err(SignatureError::OutsideTolerance);
    }
    Ok(())
}

/// Signs as Stripe does.
pub fn sign(secret: &str, body: &[u8], now: Timestamp) -> String {
    let digest = mac(secret, now.seconds(), body).finalize().into_bytes();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={},v1={digits}", now.seconds())
}

fn mac(secret: &str, time: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(time.to_string().as_bytes());
    mac.update(b".");
    mac.update(body);
    mac
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|value| value as u8);
    digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_one";
    const BODY: &[u8] = "{\"id\":\"evt_1\",\"名\":1}".as_bytes();

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[track_caller]
    fn check(secrets: &[&str], header: &str, body: &[u8], now: i64, expected: Result<(), SignatureError>) {
        assert_eq!(verify(secrets, header, body, at(now)), expected);
    }

    #[test]
    fn what_was_signed_is_accepted_within_five_minutes() {
        let header = sign(SECRET, BODY, at(1_000));
        check(&[SECRET], &header, BODY, 1_000, Ok(()));
        check(&[SECRET], &header, BODY, 1_300, Ok(()));
        check(&[SECRET], &header, BODY, 1_301, Err(SignatureError::OutsideTolerance));
        check(&[SECRET], &header, BODY, 699, Err(SignatureError::OutsideTolerance));
    }

    #[test]
    fn another_program_signs_the_same() {
        // printf '1000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_one
        let header = "t=1000,v1=8e4ec43e2e0d5e3a98e74467a9ac696461e7a092cb5b57a67efe88a2fa58fc79";
        assert_eq!(sign(SECRET, b"{\"id\":\"evt_1\"}", at(1_000)), header);
        check(&[SECRET], header, b"{\"id\":\"evt_1\"}", 1_000, Ok(()));
    }

    #[test]
    fn one_of_several_secrets_and_signatures_is_enough() {
        let good = sign(SECRET, BODY, at(1_000));
        let (time, right) = good.split_once(',').expect("two parts");
        let rolled = format!("{time},v1={},{right},v0=ignored", "0".repeat(64));
        check(&["whsec_two", SECRET], &rolled, BODY, 1_000, Ok(()));
        check(&["whsec_two"], &rolled, BODY, 1_000, Err(SignatureError::NoMatch));
    }

    #[test]
    fn a_changed_body_an_empty_secret_and_garbage_are_refused() {
        let header = sign(SECRET, BODY, at(1_000));
        check(&[SECRET], &header, &[BODY, b" "].concat(), 1_000, Err(SignatureError::NoMatch));
        check(&[""], &sign("", BODY, at(1_000)), BODY, 1_000, Err(SignatureError::NoMatch));
        check(&[], &header, BODY, 1_000, Err(SignatureError::NoMatch));
        check(&[SECRET], &header.replace("t=1000", "t=1001"), BODY, 1_000, Err(SignatureError::NoMatch));
        check(&[SECRET], &header.replace("v1=", "v0="), BODY, 1_000, Err(SignatureError::Malformed));
        check(&[SECRET], &format!("{header},"), BODY, 1_000, Err(SignatureError::Malformed));
        check(&[SECRET], &header[..header.len() - 2], BODY, 1_000, Err(SignatureError::Malformed));
        for garbage in ["", "t", "t=,v1=", "t=1", "v1=00", "t=99999999999999999999,v1=00", "t=1,v0=00"] {
            check(&[SECRET], garbage, BODY, 1_000, Err(SignatureError::Malformed));
        }
    }
}
