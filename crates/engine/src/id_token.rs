//! Id tokens, validated in full (OpenID Connect Core 1.0, section 3.1.3.7).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grantway_core::{Secret, Timestamp};
use jsonwebtoken::Algorithm;
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::{
    Directory, Endpoints, EngineError,
    jwt::{ALGORITHMS, JwtError, Signer},
};

/// How far two clocks may be apart, in seconds.
const SKEW_SECONDS: i64 = 60;

/// How old an id token may be when it comes from the token endpoint, in seconds.
const OLDEST_SECONDS: i64 = 3600;

/// What an id token must be about.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// `aud`.
    pub client_id: &'a str,
    /// As sent in the authorization request.
    pub nonce: Option<&'a str>,
    /// Whether it must come back: it must where the request was OpenID Connect's. Elsewhere one that comes back
    /// must be ours.
    pub nonce_is_owed: bool,
    /// For `at_hash`.
    pub access_token: &'a Secret,
    /// The present moment.
    pub now: Timestamp,
}

/// The claims that are checked.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nonce: Option<String>,
    at_hash: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Validates an id token that came from the token endpoint.
///
/// # Errors
/// [`EngineError::IdToken`] names the rule it breaks.
pub async fn validate(
    directory: &Directory,
    endpoints: &Endpoints,
    token: &Secret,
    expected: Expected<'_>,
) -> Result<Value, EngineError> {
    let issuer = endpoints.issuer.as_deref().ok_or(EngineError::NoEndpoint("issuer"))?;
    let jwks = endpoints.jwks.as_ref().ok_or(EngineError::NoEndpoint("key set"))?;
    let signer =
        Signer { issuer, audience: expected.client_id, jwks, algorithms: &ALGORITHMS, keys_seconds: 0 };
    let (claims, algorithm) = signer.claims(directory, token).await.map_err(|error| match error {
        JwtError::Broken(rule) => EngineError::IdToken(rule),
        JwtError::Keys(error) => error,
    })?;
    check(&typed(&claims)?, algorithm, expected)?;
    Ok(claims)
}

fn typed(claims: &Value) -> Result<Claims, EngineError> {
    serde_json::from_value(claims.clone()).map_err(|_| EngineError::IdToken("a claim is missing"))
}

/// Checks an id token that TLS alone vouches for: whom it is for, when, and for which request.
///
/// # Errors
/// [`EngineError::IdToken`] names the rule it breaks.
pub(crate) fn check_unsigned(claims: &Value, expected: Expected<'_>) -> Result<(), EngineError> {
    // Nothing tells by which algorithm a hash would be made.
    let claims = Claims { at_hash: None, ..typed(claims)? };
    check(&claims, Algorithm::RS256, expected)
}

fn check(claims: &Claims, algorithm: Algorithm, expected: Expected<'_>) -> Result<(), EngineError> {
    let now = expected.now.unix_seconds();
    let others = match &claims.aud {
        Audience::One(one) => one != expected.client_id,
        Audience::Many(all) => all.iter().any(|audience| audience != expected.client_id),
    };
    let azp_is_us = claims.azp.as_deref().is_none_or(|azp| azp == expected.client_id);
    let rules = [
        (!claims.sub.is_empty(), "its subject is empty"),
        (claims.exp + SKEW_SECONDS > now, "it has expired"),
        (claims.iat - SKEW_SECONDS <= now, "it comes from the future"),
        (claims.iat + OLDEST_SECONDS > now, "it is too old"),
        (nonce_fits(claims.nonce.as_deref(), expected), "its nonce is another"),
        (!others, "it was made for other clients too"),
        (azp_is_us, "its authorized party is another"),
        (
            claims.at_hash.as_deref().is_none_or(|told| told == at_hash(algorithm, expected.access_token)),
            "its at_hash is wrong",
        ),
    ];
    match rules.into_iter().find(|(kept, _)| !kept) {
        Some((_, rule)) => Err(EngineError::IdToken(rule)),
        None => Ok(()),
    }
}

fn nonce_fits(told: Option<&str>, expected: Expected<'_>) -> bool {
    told == expected.nonce || (told.is_none() && !expected.nonce_is_owed)
}

/// OpenID Connect Core, section 3.1.3.6: the left half of the access token's hash.
fn at_hash(algorithm: Algorithm, access_token: &Secret) -> String {
    let text = access_token.expose().as_bytes();
    let hash: Vec<u8> = match algorithm {
        Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => Sha384::digest(text).to_vec(),
        Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => Sha512::digest(text).to_vec(),
        _ => Sha256::digest(text).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(&hash[..hash.len() / 2])
}
