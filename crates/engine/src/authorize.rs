//! The authorization request (RFC 6749, section 4.1.1) with PKCE (RFC 7636).

use std::collections::BTreeMap;

use grantway_catalog::{Pkce, ResponseMode};
use grantway_core::{Entropy, Secret};
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier};
use url::Url;

use crate::Client;

/// What one flow asks for.
#[derive(Debug)]
pub struct AuthorizeRequest<'a> {
    /// Scopes, in the provider's words.
    pub scopes: &'a [String],
    /// OIDC `nonce`, when an id token is expected.
    pub nonce: Option<&'a str>,
    /// Further parameters of the catalog, for this flow.
    pub extra: Option<&'a BTreeMap<String, String>>,
}

/// What to send the browser to, and what to keep for its return.
#[derive(Debug)]
pub struct Authorization {
    /// The provider's URL, with every parameter.
    pub url: Url,
    /// `state`: 256 random bits, opaque.
    pub state: Secret,
    /// The PKCE verifier: 32 random bytes in base64url, 43 characters.
    pub verifier: Secret,
}

/// Builds the authorization request.
pub fn authorize(
    client: &Client<'_>,
    request: &AuthorizeRequest<'_>,
    entropy: &dyn Entropy,
) -> Authorization {
    let state = Secret::random("", entropy);
    let verifier = Secret::random("", entropy);
    let wire = client.wire();
    let mut url = wire.authorize_url(|| CsrfToken::new(state.expose().to_owned()));
    if client.provider.pkce == Pkce::S256 {
        let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
        url = url.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier));
    }
    if !request.scopes.is_empty() {
        url = url.add_extra_param("scope", request.scopes.join(&client.provider.scope_separator));
    }
    if let Some(nonce) = request.nonce {
        url = url.add_extra_param("nonce", nonce);
    }
    if client.provider.response_mode == ResponseMode::FormPost {
        url = url.add_extra_param("response_mode", "form_post");
    }
    let mut fixed = client.provider.authorize_params.clone();
    fixed.extend(request.extra.cloned().unwrap_or_default());
    for (name, value) in fixed {
        url = url.add_extra_param(name, value);
    }
    let (url, _) = url.url();
    Authorization { url, state, verifier }
}
