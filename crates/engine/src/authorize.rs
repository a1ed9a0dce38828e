//! The authorization request (RFC 6749, section 4.1.1) with PKCE (RFC 7636), resource indicators (RFC 8707)
//! and, where it is wanted, pushed (RFC 9126).

use std::collections::BTreeMap;

use grantway_catalog::{Pkce, ResponseMode};
use grantway_core::{Secret, Timestamp};
use oauth2::{CsrfToken, PkceCodeChallenge, PkceCodeVerifier};
use serde::Deserialize;
use url::Url;

use crate::{
    Client, EngineError, Http,
    client::Known,
    request::{Draft, Pairs, form_of},
};

/// What one flow asks for.
#[derive(Debug)]
pub struct AuthorizeRequest<'a> {
    /// Scopes, in the app's words.
    pub scopes: &'a [String],
    /// OIDC `nonce`, when an id token is expected.
    pub nonce: Option<&'a str>,
    /// Further parameters of the catalog, for this flow.
    pub extra: Option<&'a BTreeMap<String, String>>,
}

/// What to send the browser to, and what to keep for its return.
#[derive(Debug)]
pub struct Authorization {
    /// The provider's URL, with every parameter, or with the reference to those that were pushed.
    pub url: Url,
    /// `state`: 256 random bits, opaque.
    pub state: Secret,
    /// The PKCE verifier: 32 random bytes in base64url, 43 characters.
    pub verifier: Secret,
}

/// Builds the authorization request, and pushes it where the provider wants that.
///
/// # Errors
/// When a parameter has no value, or the provider refuses what was pushed.
pub async fn authorize(
    http: &dyn Http,
    client: &Client<'_>,
    request: &AuthorizeRequest<'_>,
    now: Timestamp,
) -> Result<Authorization, EngineError> {
    let state = Secret::random("", client.entropy);
    let verifier = Secret::random("", client.entropy);
    let pairs = parameters(client, request, &state, &verifier)?;
    let url = if client.provider.pushed_authorization || client.endpoints.pushes {
        reference(client, &pushed(http, client, pairs, now).await?)
    } else {
        with_query(client.endpoints.authorize.clone(), &pairs)
    };
    Ok(Authorization { url, state, verifier })
}

fn parameters(
    client: &Client<'_>,
    request: &AuthorizeRequest<'_>,
    state: &Secret,
    verifier: &Secret,
) -> Result<Pairs, EngineError> {
    let provider = client.provider;
    let wire = client.wire(client.endpoints.client_auth)?;
    let mut url = wire.authorize_url(|| CsrfToken::new(state.expose().to_owned()));
    let verifier = PkceCodeVerifier::new(verifier.expose().to_owned());
    url = match provider.pkce {
        Pkce::S256 => url.set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier)),
        Pkce::Plain => url
            .add_extra_param("code_challenge", verifier.secret().clone())
            .add_extra_param("code_challenge_method", "plain"),
        Pkce::Off => url,
    };
    let (own, second) = split_scopes(client, request.scopes);
    if !own.is_empty() {
        url = url.add_extra_param("scope", own.join(&provider.scope_separator));
    }
    if let (Some(rule), false) = (&provider.second_scopes, second.is_empty()) {
        url = url.add_extra_param(rule.param.clone(), second.join(&provider.scope_separator));
    }
    if let Some(nonce) = request.nonce {
        url = url.add_extra_param("nonce", nonce);
    }
    if provider.response_mode == ResponseMode::FormPost {
        url = url.add_extra_param("response_mode", "form_post");
    }
    for resource in &provider.resource {
        url = url.add_extra_param("resource", resource.as_str());
    }
    let (url, _) = url.url();
    // The library starts from the endpoint's own query, which stays in the URL.
    let fixed = client.endpoints.authorize.query_pairs().count();
    let mut pairs: Pairs =
        url.query_pairs().skip(fixed).map(|(name, value)| (name.into(), value.into())).collect();
    if let Some((_, kind)) = pairs.iter_mut().find(|(name, _)| name == "response_type") {
        kind.clone_from(&provider.response_type);
    }
    let mut pairs = client.reworded(pairs, &provider.authorize_params, Known::default())?;
    for (name, value) in request.extra.into_iter().flatten() {
        pairs.retain(|(sent, _)| sent != name);
        pairs.push((name.clone(), value.clone()));
    }
    Ok(pairs)
}

/// Scopes of the parameter that the standard has, and those of the provider's second one.
fn split_scopes<'s>(client: &Client<'_>, scopes: &'s [String]) -> (Vec<&'s str>, Vec<&'s str>) {
    let mut split = (Vec::new(), Vec::new());
    for scope in scopes {
        match client.provider.second_scopes.as_ref().and_then(|rule| scope.strip_prefix(&rule.prefix)) {
            Some(second) => split.1.push(second),
            None => split.0.push(scope.as_str()),
        }
    }
    split
}

/// Adds parameters to a URL that may have some already, or whose page is a route behind `#`.
fn with_query(mut url: Url, pairs: &Pairs) -> Url {
    match url.fragment().filter(|route| route.starts_with('/')) {
        Some(route) => {
            let route = format!("{route}?{}", form_of(pairs));
            url.set_fragment(Some(&route));
        }
        None => {
            url.query_pairs_mut().extend_pairs(pairs);
        }
    }
    url
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

/// RFC 9126, section 2.1: the request itself, by an authenticated POST.
async fn pushed(
    http: &dyn Http,
    client: &Client<'_>,
    mut pairs: Pairs,
    now: Timestamp,
) -> Result<String, EngineError> {
    let url = client.endpoints.pushed_authorization.clone();
    let url = url.ok_or(EngineError::NoEndpoint("pushed authorization request endpoint"))?;
    let id = &client.provider.client_id_param;
    pairs.retain(|(name, _)| name != id);
    let (method, body) = (grantway_catalog::Method::Post, grantway_catalog::TokenBody::Form);
    let mut draft = Draft { url, method, body, headers: Vec::new(), pairs };
    client.prove(client.endpoints.client_auth, &mut draft, now)?;
    // However the client proves itself, its id is a parameter of the request (RFC 9126, section 2.1).
    if !draft.pairs.iter().any(|(name, _)| name == id) {
        draft.pairs.push((id.clone(), client.client_id.to_owned()));
    }
    let answer = http.send(draft.write()?).await?;
    if !answer.status().is_success() {
        return Err(EngineError::of_status(answer.status()));
    }
    let pushed: Pushed =
        serde_json::from_slice(answer.body()).map_err(|_| EngineError::Unreadable("pushed authorization"))?;
    Ok(pushed.request_uri)
}

/// RFC 9126, section 4: nothing but the client and the reference goes through the browser.
fn reference(client: &Client<'_>, request_uri: &str) -> Url {
    let mut url = client.endpoints.authorize.clone();
    url.query_pairs_mut()
        .append_pair(&client.provider.client_id_param, client.client_id)
        .append_pair("request_uri", request_uri);
    url
}
