//! Webhooks, by [Standard Webhooks](https://www.standardwebhooks.com).
//!
//! ```
//! # use grantway_client::{Change, Secret, webhook};
//! # fn hear(headers: &http::HeaderMap, body: &[u8]) -> http::StatusCode {
//! // Two while one follows the other.
//! let secrets = [Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned())];
//! match webhook::verify(&secrets, headers, body, std::time::SystemTime::now()) {
//!     Ok(event) => {
//!         if let Change::GrantNeedsReauth(dead) = event.change {
//!             println!("{} must connect {} again", dead.user.id, dead.provider);
//!         }
//!         http::StatusCode::NO_CONTENT
//!     }
//!     Err(_) => http::StatusCode::BAD_REQUEST,
//! }
//! # }
//! # assert_eq!(hear(&http::HeaderMap::new(), b"{}"), 400);
//! ```

use std::time::{Duration, SystemTime};

use base64::{Engine, engine::general_purpose::STANDARD};
use grantway_core::Secret;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Event;

/// How far a webhook's time may be from ours.
const WINDOW: Duration = Duration::from_secs(300);

/// Why a webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// It lacks a header, or has one that can't be read.
    #[error("the header {0} is missing or can't be read")]
    Header(&'static str),
    /// It is more than five minutes away: an old one sent again, or a wrong clock.
    #[error("its time is more than five minutes away")]
    Time,
    /// None of the secrets signed it.
    #[error("none of the secrets signed it")]
    Signature,
    /// It is signed, and no event.
    #[error("the body is no event")]
    Body,
    /// What it is checked by is none.
    #[error("a webhook secret is whsec_ and base64 of at least 24 bytes")]
    Secret,
}

/// Believes a webhook that one of the secrets signed within five minutes of `now`. The body is taken as it came.
///
/// # Errors
/// When it is not to be believed, or a secret is none.
pub fn verify(
    secrets: &[Secret],
    headers: &HeaderMap,
    body: &[u8],
    now: SystemTime,
) -> Result<Event, WebhookError> {
    let (id, time) = (header(headers, "webhook-id")?, header(headers, "webhook-timestamp")?);
    check_time(time, now)?;
    let signatures: Vec<_> = header(headers, "webhook-signature")?
        .split(' ')
        .filter_map(|signature| STANDARD.decode(signature.strip_prefix("v1,")?).ok())
        .collect();
    let mut is_signed = false;
    for secret in secrets {
        let mac = mac(secret)?.chain_update(format!("{id}.{time}.")).chain_update(body);
        is_signed |= signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok());
    }
    if !is_signed {
        return Err(WebhookError::Signature);
    }
    let event: Event = serde_json::from_slice(body).map_err(|_| WebhookError::Body)?;
    Ok(Event { id: id.to_owned(), ..event })
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, WebhookError> {
    headers.get(name).and_then(|value| value.to_str().ok()).ok_or(WebhookError::Header(name))
}

fn check_time(seconds: &str, now: SystemTime) -> Result<(), WebhookError> {
    let told = seconds.parse().ok().and_then(|s| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(s)));
    let told = told.ok_or(WebhookError::Header("webhook-timestamp"))?;
    let away = now.duration_since(told).unwrap_or_else(|error| error.duration());
    if away > WINDOW { Err(WebhookError::Time) } else { Ok(()) }
}

/// Of a secret, in bytes (Standard Webhooks, "Signature scheme").
const LEAST_KEY: usize = 24;

fn mac(secret: &Secret) -> Result<Hmac<Sha256>, WebhookError> {
    let encoded = secret.expose().strip_prefix("whsec_").ok_or(WebhookError::Secret)?;
    let key = Zeroizing::new(STANDARD.decode(encoded).map_err(|_| WebhookError::Secret)?);
    // An empty one would believe anybody.
    if key.len() < LEAST_KEY {
        return Err(WebhookError::Secret);
    }
    Hmac::new_from_slice(&key).map_err(|_| WebhookError::Secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    // https://github.com/standard-webhooks/standard-webhooks, spec, "Signature scheme".
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    const TIME: u64 = 1_614_265_330;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    fn headers(signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap());
        headers.insert("webhook-timestamp", TIME.into());
        headers.insert("webhook-signature", signature.parse().unwrap());
        headers
    }

    /// The standard's example is signed, and no event of ours.
    const BELIEVED: WebhookError = WebhookError::Body;

    fn verified(secrets: &[&str], headers: &HeaderMap, now: u64) -> WebhookError {
        let secrets: Vec<_> = secrets.iter().map(|text| secret(text)).collect();
        verify(&secrets, headers, BODY, at(now)).unwrap_err()
    }

    #[test]
    fn what_one_of_the_secrets_signed_is_believed() {
        let other = "whsec_plJ3nmyCDGBKInavdOK15jslplJ3nmyC";
        let several = format!("v1a,other v1,AAAA {SIGNATURE}");

        assert_eq!(verified(&[SECRET], &headers(SIGNATURE), TIME), BELIEVED);
        assert_eq!(verified(&[other, SECRET], &headers(&several), TIME), BELIEVED);
        assert_eq!(verified(&[other], &headers(SIGNATURE), TIME), WebhookError::Signature);
        assert_eq!(verified(&[], &headers(SIGNATURE), TIME), WebhookError::Signature);
        for broken in ["secret", "whsec_", "whsec_c2hvcnQ="] {
            assert_eq!(verified(&[broken], &headers(SIGNATURE), TIME), WebhookError::Secret);
        }
        assert_eq!(verified(&[SECRET], &headers("v1,"), TIME), WebhookError::Signature);
    }

    #[test]
    fn what_was_changed_is_not_believed() {
        let mut other_id = headers(SIGNATURE);
        other_id.insert("webhook-id", "msg_other".parse().unwrap());
        let changed = verify(&[secret(SECRET)], &headers(SIGNATURE), b"{}", at(TIME)).unwrap_err();

        assert_eq!(verified(&[SECRET], &other_id, TIME), WebhookError::Signature);
        assert_eq!(changed, WebhookError::Signature);
    }

    #[test]
    fn a_webhook_of_another_time_is_not_believed() {
        for (now, said) in [
            (TIME - 300, BELIEVED),
            (TIME + 300, BELIEVED),
            (TIME - 301, WebhookError::Time),
            (TIME + 301, WebhookError::Time),
        ] {
            assert_eq!(verified(&[SECRET], &headers(SIGNATURE), now), said, "{now}");
        }
        let mut endless = headers(SIGNATURE);
        endless.insert("webhook-timestamp", u64::MAX.into());
        assert_eq!(verified(&[SECRET], &endless, TIME), WebhookError::Header("webhook-timestamp"));
    }

    #[test]
    fn a_header_that_is_missing_is_named() {
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let mut headers = headers(SIGNATURE);
            headers.remove(name);
            assert_eq!(verified(&[SECRET], &headers, TIME), WebhookError::Header(name));
        }
    }
}
