//! An app's own identity provider: it publishes metadata and one key, and signs what it is told.

use axum::{Json, Router, routing::get};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use url::Url;

/// A key for tests alone.
const KEY: &str = include_str!("issuer/es256.pem");
const KID: &str = "es";

/// The identity provider.
#[derive(Clone, Debug)]
pub struct Issuer {
    name: String,
}

impl Issuer {
    /// One at an origin. Its name (`iss`) is that without a trailing slash.
    #[must_use]
    pub fn at(origin: &Url) -> Self {
        Self { name: origin.as_str().trim_end_matches('/').to_owned() }
    }

    /// `iss`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All routes, to be served at the root of its origin.
    pub fn router(&self) -> Router {
        let metadata = json!({"issuer": self.name, "jwks_uri": format!("{}/keys", self.name)});
        let keys = json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KID,
            "x": "kUvT6tb06vjUtMAm59ucfQx0RKDMHHEYcY-tcrBboRE",
            "y": "IKS_8j5DJBOv2ARB6hbWBLDFop4IT7IENPS2piZNOFQ",
        }]});
        Router::new()
            .route("/.well-known/openid-configuration", get(async move || Json(metadata)))
            .route("/keys", get(async move || Json(keys)))
    }

    /// A JWT with these claims, and `iss` unless they say another.
    ///
    /// # Errors
    /// When the claims are no object.
    pub fn sign(&self, mut claims: Value) -> Result<String, jsonwebtoken::errors::Error> {
        if claims.get("iss").is_none() {
            claims["iss"] = self.name.clone().into();
        }
        self.sign_as(claims, Some(KID))
    }

    /// The same with another key's name, and nothing added.
    ///
    /// # Errors
    /// When the claims are no object.
    pub fn sign_as(&self, claims: Value, kid: Option<&str>) -> Result<String, jsonwebtoken::errors::Error> {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        encode(&header, &claims, &EncodingKey::from_ec_pem(KEY.as_bytes())?)
    }
}
