//! JWTs that prove the client: `private_key_jwt` (RFC 7523, section 2.2; OpenID Connect Core, section 9), and
//! the same JWT in the client secret's place, as a few providers have it.

use grantway_catalog::JwtAlgorithm;
use grantway_core::{Secret, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde::Serialize;

use crate::{Client, EngineError, client::Known};

/// The value of `client_assertion_type`.
pub(crate) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How long one is good for, in seconds.
const LIFETIME: i64 = 300;

#[derive(Serialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    jti: String,
    iat: i64,
    exp: i64,
}

/// A fresh one; the registration's secret is the private key in PEM.
pub(crate) fn signed(client: &Client<'_>, now: Timestamp) -> Result<String, EngineError> {
    let rules = client.provider.client_jwt.as_ref().ok_or(EngineError::InvalidClient)?;
    let pem = client.client_secret.ok_or(EngineError::InvalidClient)?.expose().as_bytes();
    let (algorithm, key) = match rules.alg {
        JwtAlgorithm::ES256 => (Algorithm::ES256, EncodingKey::from_ec_pem(pem)),
        JwtAlgorithm::RS256 => (Algorithm::RS256, EncodingKey::from_rsa_pem(pem)),
    };
    let key = key.map_err(|_| EngineError::InvalidClient)?;
    let fill = |template: &Option<_>| {
        template.as_ref().map(|template| client.fill(template, Known::default())).transpose()
    };
    // A key pair belongs to one issuer: the audience is that issuer and never what a request names.
    let issuer = client.endpoints.issuer.clone().unwrap_or_else(|| client.endpoints.token.to_string());
    let iat = now.unix_seconds();
    let claims = Claims {
        iss: fill(&rules.issuer)?.unwrap_or_else(|| client.client_id.to_owned()),
        sub: client.client_id.to_owned(),
        aud: fill(&rules.audience)?.unwrap_or(issuer),
        jti: Secret::random("", client.entropy).expose().to_owned(),
        iat,
        exp: iat + LIFETIME,
    };
    let header = Header { kid: fill(&rules.key_id)?, ..Header::new(algorithm) };
    encode(&header, &claims, &key).map_err(|_| EngineError::InvalidClient)
}
