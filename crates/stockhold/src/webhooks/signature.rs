//! Signatures of Standard Webhooks: HMAC-SHA256 over `id.timestamp.body`.
//!
//! A trap: Stripe's endpoint secrets begin with `whsec_` too, but there the whole text is the key. Here the prefix is
//! taken off and the rest is base64. Two types, never shared (`stripe::signature` has the other).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &str = "whsec_";

/// What an endpoint checks signatures with: 24 to 64 bytes by the specification, 32 here.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningSecret([u8; 32]);

impl SigningSecret {
    pub fn new(bytes: [u8; 32]) -> SigningSecret {
        SigningSecret(bytes)
    }

    /// As the shopkeeper gives it to the other program.
    pub fn expose(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for SigningSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningSecret(***)")
    }
}

/// The header `webhook-signature`: one signature for each secret, so that a receiver may change over in its own time.
pub fn header(secrets: &[SigningSecret], id: &str, timestamp: i64, body: &str) -> String {
    let signed: Vec<String> = secrets.iter().map(|secret| sign(&secret.0, id, timestamp, body)).collect();
    signed.join(" ")
}

fn sign(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(format!("{id}.{timestamp}.{body}").as_bytes());
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that the specification's own libraries are tested with.
    #[test]
    fn the_signature_is_that_of_the_specifications_libraries() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn there_is_a_signature_for_each_secret_and_no_secret_prints() {
        let secrets = [SigningSecret::new([1; 32]), SigningSecret::new([2; 32])];
        let header = header(&secrets, "msg_1", 1, "{}");
        let parts: Vec<&str> = header.split(' ').collect();
        assert!(parts.len() == 2 && parts[0] != parts[1] && parts.iter().all(|part| part.starts_with("v1,")));
        assert_eq!(secrets[0].expose(), "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
        assert_eq!(format!("{:?}", secrets[0]), "SigningSecret(***)");
    }
}
