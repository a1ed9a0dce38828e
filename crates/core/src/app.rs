//! Apps: the products that use Grantway, and what they registered at providers.

use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Origin,
    ids::{AppId, ProviderId, RegistrationId},
};

/// A product that uses Grantway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct App {
    /// Its name in `grantway.toml`.
    pub id: AppId,
    /// What people call it, shown on every page.
    pub name: String,
    /// Its home; its origin is the default for a session's `allowed_origin`.
    pub website_url: Option<Url>,
    /// Further origins that `return_url` may lie at.
    pub return_origins: Vec<Origin>,
    /// Who says who its users are, beside its own backend.
    #[serde(default)]
    pub identity: Option<Identity>,
}

/// An app's own identity provider, as declared: whose signature says who the app's user is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// `iss`, compared as written (RFC 7519, section 4.1.1).
    pub issuer: String,
    /// What `aud` must be or hold.
    pub audience: String,
    /// Its published keys; by the issuer's metadata when omitted.
    #[serde(default)]
    pub jwks_uri: Option<Url>,
    /// Signature algorithms that are accepted (RFC 7518, section 3.1).
    #[serde(default = "usual_algorithms")]
    pub algorithms: Vec<String>,
    /// The claim that is the app's own id of its user.
    #[serde(default = "sub")]
    pub user_claim: String,
}

fn usual_algorithms() -> Vec<String> {
    ["RS256", "ES256", "EdDSA"].map(str::to_owned).into()
}

fn sub() -> String {
    "sub".to_owned()
}

impl App {
    /// The origin of `website_url`.
    #[must_use]
    pub fn website_origin(&self) -> Option<Origin> {
        self.website_url.as_ref().and_then(|url| Origin::of(url).ok())
    }

    /// Whether a return URL at this origin was declared by the app.
    #[must_use]
    pub fn lists_origin(&self, origin: &Origin) -> bool {
        self.return_origins.contains(origin) || self.website_origin().as_ref() == Some(origin)
    }
}

/// An app's client at one provider; its secret is kept sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The last part of the redirect URI.
    pub id: RegistrationId,
    /// Whose client it is.
    pub app: AppId,
    /// Where it is registered.
    pub provider: ProviderId,
    /// OAuth `client_id` (RFC 6749, section 2.2).
    pub client_id: String,
    /// The sealed `client_secret`; absent for public clients.
    pub sealed_secret: Option<Vec<u8>>,
    /// The sealed connection parameters that the operator set, as a JSON object.
    pub sealed_parameters: Option<Vec<u8>>,
    /// Scopes asked for when a session names none.
    pub scopes: Vec<String>,
    /// Scopes that a session may ask for; empty means the default ones only.
    pub allowed_scopes: Vec<String>,
}

impl Registration {
    /// Whether a session may ask for this scope.
    #[must_use]
    pub fn allows_scope(&self, scope: &String) -> bool {
        self.scopes.contains(scope) || self.allowed_scopes.contains(scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_of_ones_own_is_an_issuer_and_an_audience() {
        let text = r#"{"issuer": "https://id.acme.test", "audience": "acme"}"#;

        let identity: Identity = serde_json::from_str(text).unwrap();

        assert_eq!((identity.user_claim.as_str(), identity.algorithms.len()), ("sub", 3));
        assert!(serde_json::from_str::<Identity>(&text.replace("audience", "audiense")).is_err());
    }
}
