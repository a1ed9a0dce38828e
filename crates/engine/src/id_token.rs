//! Id tokens, validated in full (OpenID Connect Core 1.0, section 3.1.3.7).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use grantway_core::{Secret, Timestamp};
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet},
};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::{Directory, Endpoints, EngineError};

/// How far two clocks may be apart, in seconds.
const SKEW_SECONDS: i64 = 60;

/// How old an id token may be when it comes from the token endpoint, in seconds.
const OLDEST_SECONDS: i64 = 3600;

/// Signatures that are believed. Neither `none` nor a shared secret is among them.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

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
    let header =
        decode_header(token.expose()).map_err(|_| EngineError::IdToken("its header can't be read"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(EngineError::IdToken("its algorithm is not accepted"));
    }
    let known = directory.keys(jwks).await?;
    let claims = match find_key(&known, header.kid.as_deref(), header.alg) {
        Some(key) => verify(token, key, header.alg, issuer, expected.client_id)?,
        None => {
            let fresh = directory.fresh_keys(jwks).await?;
            let key = find_key(&fresh, header.kid.as_deref(), header.alg)
                .ok_or(EngineError::IdToken("its key is unknown"))?;
            verify(token, key, header.alg, issuer, expected.client_id)?
        }
    };
    check(&typed(&claims)?, header.alg, expected)?;
    Ok(claims)
}

/// By `kid`; without one only if a single key of the set fits.
fn find_key<'a>(keys: &'a JwkSet, kid: Option<&str>, algorithm: Algorithm) -> Option<&'a Jwk> {
    let fits =
        |key: &&Jwk| key.common.key_algorithm.is_none_or(|told| told.to_string() == format!("{algorithm:?}"));
    let Some(kid) = kid else {
        let mut fitting = keys.keys.iter().filter(fits);
        return fitting.next().filter(|_| fitting.next().is_none());
    };
    keys.find(kid).filter(fits)
}

fn verify(
    token: &Secret,
    key: &Jwk,
    algorithm: Algorithm,
    issuer: &str,
    client_id: &str,
) -> Result<Value, EngineError> {
    let key = DecodingKey::from_jwk(key).map_err(|_| EngineError::IdToken("its key can't be used"))?;
    let mut rules = Validation::new(algorithm);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[client_id]);
    rules.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
    // Time is told by our own clock, below.
    rules.validate_exp = false;
    decode::<Value>(token.expose(), &key, &rules)
        .map(|token| token.claims)
        .map_err(|error| EngineError::IdToken(rule_of(&error)))
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

fn rule_of(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidIssuer => "its issuer is another",
        ErrorKind::InvalidAudience => "it was made for another client",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => "a claim is missing",
        _ => "it can't be read",
    }
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
