//! Signed tokens of an issuer whose keys are published (RFC 7519, RFC 8725): signature, issuer and audience.
//!
//! The one rule: which algorithms count is the caller's word. The header only says which of them it is.

use grantway_core::Secret;
use jsonwebtoken::{
    Algorithm, DecodingKey, Validation, decode, decode_header,
    jwk::{Jwk, JwkSet},
};
use serde_json::Value;
use url::Url;

use crate::{Directory, EngineError};

/// Signatures that can be believed. Neither `none` nor a shared secret is among them.
pub(crate) const ALGORITHMS: [Algorithm; 9] = [
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

/// Why a token is not believed. Carries no part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// A rule that it breaks.
    #[error("{0}")]
    Broken(&'static str),
    /// The issuer's keys can't be had.
    #[error(transparent)]
    Keys(#[from] EngineError),
}

/// Whose signature is believed, and for whom.
pub(crate) struct Signer<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) jwks: &'a Url,
    pub(crate) algorithms: &'a [Algorithm],
    /// Keys are read anew for an unknown one only when they are older than this, in seconds.
    pub(crate) keys_seconds: i64,
}

impl Signer<'_> {
    /// The claims of a token that it signed, and how. Time is for the caller to check.
    ///
    /// # Errors
    /// With the rule that the token breaks, or when the keys can't be had.
    pub(crate) async fn claims(
        &self,
        directory: &Directory,
        token: &Secret,
    ) -> Result<(Value, Algorithm), JwtError> {
        let header =
            decode_header(token.expose()).map_err(|_| JwtError::Broken("its header can't be read"))?;
        if !self.algorithms.contains(&header.alg) {
            return Err(JwtError::Broken("its algorithm is not accepted"));
        }
        // RFC 7515, section 4.1.11: we understand no extension.
        if header.crit.is_some() {
            return Err(JwtError::Broken("it demands an extension"));
        }
        let known = directory.keys(self.jwks).await?;
        let claims = match find_key(&known, header.kid.as_deref(), header.alg) {
            Some(key) => self.verify(token, key, header.alg)?,
            None => {
                let fresh = directory.newer_keys(self.jwks, self.keys_seconds).await?;
                let key = find_key(&fresh, header.kid.as_deref(), header.alg);
                self.verify(token, key.ok_or(JwtError::Broken("its key is unknown"))?, header.alg)?
            }
        };
        Ok((claims, header.alg))
    }

    fn verify(&self, token: &Secret, key: &Jwk, algorithm: Algorithm) -> Result<Value, JwtError> {
        let key = DecodingKey::from_jwk(key).map_err(|_| JwtError::Broken("its key can't be used"))?;
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[self.issuer]);
        rules.set_audience(&[self.audience]);
        rules.set_required_spec_claims(&["iss", "aud", "exp"]);
        // Time is told by our own clock.
        rules.validate_exp = false;
        decode::<Value>(token.expose(), &key, &rules)
            .map(|token| token.claims)
            .map_err(|error| JwtError::Broken(rule_of(&error)))
    }
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

fn rule_of(error: &jsonwebtoken::errors::Error) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => "its signature is wrong",
        ErrorKind::InvalidIssuer => "its issuer is another",
        ErrorKind::InvalidAudience => "it was made for another audience",
        ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) => "a claim is missing",
        _ => "it can't be read",
    }
}
