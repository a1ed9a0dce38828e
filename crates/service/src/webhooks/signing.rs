//! Signatures: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`, one for each secret.

use base64::{Engine, engine::general_purpose::STANDARD};
use grantway_core::{Entropy, Secret, clock::random_bytes};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a secret begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret may have, by the standard.
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What a webhook secret must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be whsec_ and 24 to 64 random bytes in base64; `grantway webhooks secret` makes one")]
pub(crate) struct NotASecret;

/// The bytes of a secret.
pub(crate) struct SigningKey(Zeroizing<Vec<u8>>);

/// A fresh webhook secret, as an operator declares it and a receiver keeps it.
pub fn new_webhook_secret(entropy: &dyn Entropy) -> Secret {
    let bytes = Zeroizing::new(random_bytes::<32>(entropy));
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(*bytes)))
}

impl SigningKey {
    pub(crate) fn parse(text: &str) -> Result<Self, NotASecret> {
        let encoded = text.strip_prefix(PREFIX).ok_or(NotASecret)?;
        let bytes = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| NotASecret)?);
        if BYTES.contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NotASecret) }
    }

    /// Of one attempt: `timestamp` is its time in seconds since the epoch.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Result<String, NotASecret> {
        // HMAC takes keys of every length (RFC 2104, section 2).
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| NotASecret)?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use grantway_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn a_signature_is_the_one_that_the_standard_shows() {
        // https://github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme".
        let key = SigningKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();

        let signature = key.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);

        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        assert!(SigningKey::parse(new_webhook_secret(&SeededEntropy::new(1)).expose()).is_ok());
        for text in ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_not base64"] {
            assert!(SigningKey::parse(text).is_err(), "{text}");
        }
    }
}
