//! User tokens: JWTs by which an app's own identity provider says who its user is.

use std::str::FromStr;

use grantway_core::{Secret, Timestamp, app::Identity, grant::User, origin::is_secure};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::{
    Directory,
    jwt::{ALGORITHMS, JwtError, Signer},
};

/// How far two clocks may be apart, in seconds.
const SKEW_SECONDS: i64 = 60;

/// Anyone can send a token of an unknown key: the issuer is asked for new ones this often at most, in seconds.
const KEYS_SECONDS: i64 = 30;

#[derive(Deserialize)]
struct Times {
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
}

/// The user of a token: signed by the issuer's published keys, for the audience, in its time.
///
/// # Errors
/// With the rule that the token breaks, or when the issuer's keys can't be had.
pub async fn verify(
    directory: &Directory,
    identity: &Identity,
    token: &Secret,
    now: Timestamp,
) -> Result<User, JwtError> {
    let jwks = match &identity.jwks_uri {
        Some(jwks) => jwks.clone(),
        None => directory.keys_of(&identity.issuer).await?,
    };
    let algorithms: Vec<_> = identity.algorithms.iter().filter_map(|name| accepted(name)).collect();
    let signer = Signer {
        issuer: &identity.issuer,
        audience: &identity.audience,
        jwks: &jwks,
        algorithms: &algorithms,
        keys_seconds: KEYS_SECONDS,
    };
    let (claims, _) = signer.claims(directory, token).await?;
    check_times(&claims, now)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let id = text(&identity.user_claim).filter(|id| !id.trim().is_empty() && !id.contains('\0'));
    let id = id.ok_or(JwtError::Broken("it does not name its user"))?;
    Ok(User { id, email: text("email"), name: text("name") })
}

/// RFC 7519, sections 4.1.4 to 4.1.6.
fn check_times(claims: &Value, now: Timestamp) -> Result<(), JwtError> {
    let times: Times =
        serde_json::from_value(claims.clone()).map_err(|_| JwtError::Broken("a time can't be read"))?;
    let now = now.unix_seconds();
    let is_later = |time: Option<i64>| time.is_some_and(|time| time > now.saturating_add(SKEW_SECONDS));
    if times.exp.saturating_add(SKEW_SECONDS) <= now {
        return Err(JwtError::Broken("it has expired"));
    }
    if is_later(times.nbf) || is_later(times.iat) {
        return Err(JwtError::Broken("it is not valid yet"));
    }
    Ok(())
}

fn accepted(name: &str) -> Option<Algorithm> {
    Algorithm::from_str(name).ok().filter(|algorithm| ALGORITHMS.contains(algorithm))
}

/// Whether an identity provider is declared in a way that can be safe.
///
/// # Errors
/// With the field and the rule that it breaks.
pub fn check(identity: &Identity) -> Result<(), (&'static str, String)> {
    let secure = |url: &Url| is_secure(url);
    let https = || "must be https (http on loopback)".to_owned();
    if !Url::parse(&identity.issuer).is_ok_and(|url| secure(&url)) {
        return Err(("issuer", https()));
    }
    if !identity.jwks_uri.as_ref().is_none_or(secure) {
        return Err(("jwks_uri", https()));
    }
    for (field, text) in [("audience", &identity.audience), ("user_claim", &identity.user_claim)] {
        if text.trim().is_empty() {
            return Err((field, "must not be empty".to_owned()));
        }
    }
    let wrong = identity.algorithms.iter().find(|name| accepted(name).is_none());
    if identity.algorithms.is_empty() || wrong.is_some() {
        let known: Vec<_> = ALGORITHMS.iter().map(|algorithm| format!("{algorithm:?}")).collect();
        return Err(("algorithms", format!("must be some of {}", known.join(", "))));
    }
    Ok(())
}
