//! Codes of an authenticator (TOTP, RFC 6238): six digits that change every half minute.
//!
//! Invariant: a code is good once. Whoever stores the secret stores the step of the last code that was taken, and a code
//! of that step or an earlier one is refused; so what was read over somebody's shoulder opens nothing.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use qrcode::QrCode;
use qrcode::render::svg;
use rules::time::Timestamp;
use totp_rs::{Builder, Secret, Totp};

use crate::storage::{Result, StorageError};

/// 160 bits, as the standard recommends.
const SECRET_BYTES: usize = 20;
/// As base32 writes them: five bits a letter.
const SECRET_CHARS: usize = SECRET_BYTES * 8 / 5;
pub const DIGITS: usize = 6;
/// Of the picture, in pixels; the page may show it smaller.
const PICTURE: u32 = 240;

/// A secret that one person's authenticator and the shop share.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedSecret(String);

impl SharedSecret {
    pub fn draw() -> Result<SharedSecret> {
        let mut bytes = [0u8; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(broken)?;
        Ok(SharedSecret(base32(&bytes)))
    }

    /// As it was stored, or typed into a hidden field and back; nothing but one that could have been drawn.
    pub fn parse(text: &str) -> Result<SharedSecret> {
        if text.len() != SECRET_CHARS {
            return Err(broken("its length"));
        }
        Secret::try_from_base32(text).map_err(broken)?;
        Ok(SharedSecret(text.to_owned()))
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// In groups of four, for whoever cannot scan a picture.
    pub fn readable(&self) -> String {
        let chars: Vec<char> = self.0.chars().collect();
        chars.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
    }

    /// The step whose code this is, when it is later than `last_step`. Clocks may differ by one step either way.
    pub fn check(&self, typed: &str, last_step: i64, now: Timestamp) -> Result<Option<i64>> {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let seconds = u64::try_from(now.micros() / 1_000_000).unwrap_or(0);
        let step = self.totp("", "")?.check(&digits, seconds).and_then(|step| i64::try_from(step).ok());
        Ok(step.filter(|step| *step > last_step))
    }

    /// The code of this moment; tests stand in for an authenticator with it.
    pub fn code(&self, now: Timestamp) -> Result<String> {
        let seconds = u64::try_from(now.micros() / 1_000_000).unwrap_or(0);
        Ok(self.totp("", "")?.generate(seconds).to_string())
    }

    /// The picture that an authenticator scans, as an address that a page may show.
    pub fn picture(&self, shop: &str, account: &str) -> Result<String> {
        let url = self.totp(shop, account)?.to_url().map_err(broken)?;
        let code = QrCode::new(url.as_bytes()).map_err(broken)?;
        let svg = code.render::<svg::Color<'_>>().min_dimensions(PICTURE, PICTURE).build();
        Ok(format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg)))
    }

    fn totp(&self, shop: &str, account: &str) -> Result<Totp> {
        let secret = Secret::try_from_base32(&self.0).map_err(broken)?;
        // A colon parts the shop from the account in an authenticator's address.
        let plain = |text: &str| text.replace(':', " ");
        let builder = Builder::new().with_secret(secret);
        let builder = builder.with_issuer(Some(plain(shop))).with_account_name(plain(account));
        builder.build().map_err(broken)
    }
}

impl std::fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SharedSecret(***)")
    }
}

fn broken(error: impl std::fmt::Display) -> StorageError {
    StorageError::Broken(format!("an authenticator's secret: {error}"))
}

/// RFC 4648 without padding: what authenticators take.
fn base32(bytes: &[u8; SECRET_BYTES]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let chars = bytes.chunks(5).flat_map(|five| {
        let bits = five.iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte));
        (0..8).rev().map(move |at| ALPHABET[((bits >> (5 * at)) & 31) as usize] as char)
    });
    chars.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B: `12345678901234567890`.
    fn known() -> SharedSecret {
        SharedSecret::parse(&base32(b"12345678901234567890")).expect("a secret")
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        assert_eq!(known().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924")] {
            assert_eq!(known().check(code, 0, at(seconds)), Ok(Some(seconds / 30)), "{seconds}");
            assert_eq!(known().code(at(seconds)).as_deref(), Ok(code), "{seconds}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_a_step_early_or_late() {
        let step = 1_111_111_109 / 30;
        let check = |typed: &str, last: i64, seconds: i64| known().check(typed, last, at(seconds)).expect("a secret");
        assert_eq!(check("081 804", 0, 1_111_111_109), Some(step));
        assert_eq!(check("081804", step, 1_111_111_109), None, "replayed");
        assert_eq!(check("081804", step + 1, 1_111_111_109), None, "older than one that was taken");
        assert_eq!(check("081804", 0, 1_111_111_109 + 30), Some(step));
        assert_eq!(check("081804", 0, 1_111_111_109 - 30), Some(step));
        assert_eq!(check("081804", 0, 1_111_111_109 + 61), None);
        for wrong in ["", "081805", "81804", "0818041", "08180a", "０８１８０４"] {
            assert_eq!(check(wrong, 0, 1_111_111_109), None, "{wrong}");
        }
    }

    #[test]
    fn a_drawn_secret_has_a_picture_and_never_prints() {
        let secret = SharedSecret::draw().expect("random numbers");
        assert_eq!(secret.expose().len(), 32);
        assert_eq!(secret.readable().len(), 39);
        let picture = secret.picture("Tea: & cups", "ada@example.org").expect("a picture");
        let svg =
            STANDARD.decode(picture.strip_prefix("data:image/svg+xml;base64,").expect("an address")).expect("base64");
        assert!(String::from_utf8_lossy(&svg).contains("<svg"));
        assert_eq!(format!("{secret:?}"), "SharedSecret(***)");
        assert!(SharedSecret::parse("not base32!").is_err());
    }
}
