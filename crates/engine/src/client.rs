//! Our client at one provider: what every request to it needs to know.

use std::collections::BTreeMap;

use grantway_catalog::{ClientAuth, Provider, Template, TokenPlace};
use grantway_core::{Entropy, Secret};
use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RedirectUrl,
    StandardErrorResponse, StandardRevocableToken, StandardTokenResponse, TokenUrl,
    basic::{
        BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use url::Url;

use crate::{EngineError, TokenSet, answer::Extra, endpoints::Endpoints, request::Pairs};

/// A registration, with everything about its provider beside it.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// What the catalog says.
    pub provider: &'a Provider,
    /// Where its endpoints are.
    pub endpoints: &'a Endpoints,
    /// OAuth `client_id`.
    pub client_id: &'a str,
    /// OAuth `client_secret`, or the private key that signs in its place; absent for public clients.
    pub client_secret: Option<&'a Secret>,
    /// The one redirect URI of this registration, byte for byte as registered.
    pub redirect_uri: &'a str,
    /// Connection parameters of this connection, each checked by its pattern.
    pub parameters: &'a BTreeMap<String, String>,
    /// For nonces and token ids.
    pub entropy: &'a dyn Entropy,
}

/// The library's client, with both endpoints set. Built where it is used, kept nowhere.
pub(crate) type WireClient = oauth2::Client<
    StandardErrorResponse<BasicErrorResponseType>,
    StandardTokenResponse<Extra, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What a template may be told beside the client's own values.
#[derive(Clone, Copy, Default)]
pub(crate) struct Known<'a> {
    pub(crate) tokens: Option<&'a TokenSet>,
    /// Values kept from the authorization answer, before there are tokens.
    pub(crate) kept: Option<&'a BTreeMap<String, String>>,
    pub(crate) state: Option<&'a str>,
}

impl<'a> Known<'a> {
    pub(crate) fn tokens(tokens: &'a TokenSet) -> Self {
        Self { tokens: Some(tokens), kept: None, state: None }
    }
}

impl Client<'_> {
    pub(crate) fn wire(&self, auth: ClientAuth) -> Result<WireClient, EngineError> {
        let auth_type = match auth {
            ClientAuth::Basic => AuthType::BasicAuth,
            _ => AuthType::RequestBody,
        };
        let redirect_uri = RedirectUrl::new(self.redirect_uri.to_owned());
        let client = oauth2::Client::new(ClientId::new(self.client_id.to_owned()))
            .set_auth_type(auth_type)
            .set_auth_uri(AuthUrl::from_url(self.endpoints.authorize.clone()))
            .set_token_uri(TokenUrl::from_url(self.endpoints.token.clone()))
            .set_redirect_uri(redirect_uri.map_err(|_| EngineError::NoEndpoint("redirect URI"))?);
        let shown = matches!(auth, ClientAuth::Post | ClientAuth::Basic);
        Ok(match self.client_secret.filter(|_| shown) {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        })
    }

    /// The value of a name in a template.
    pub(crate) fn value(&self, name: &str, known: Known<'_>) -> Option<String> {
        let secret = |secret: &Secret| secret.expose().to_owned();
        let random = || Secret::random("", self.entropy).expose().to_owned();
        let refresh_token = || known.tokens?.refresh_token.as_ref().map(secret);
        let access_token = || known.tokens.map(|tokens| secret(&tokens.access_token));
        match name {
            "client_id" => Some(self.client_id.to_owned()),
            "client_secret" => self.client_secret.map(secret),
            "redirect_uri" => Some(self.redirect_uri.to_owned()),
            "random" => Some(random()),
            // A refresh has no flow; who wants a state there wants any.
            "state" => Some(known.state.map_or_else(random, str::to_owned)),
            "access_token" => access_token(),
            "refresh_token" => refresh_token(),
            "token" => refresh_token().or_else(access_token),
            "token_type_hint" => {
                let hint =
                    if known.tokens?.refresh_token.is_some() { "refresh_token" } else { "access_token" };
                Some(hint.to_owned())
            }
            _ => match name.split_once(':') {
                None => self.parameters.get(name).cloned(),
                Some((_, name)) => known
                    .kept
                    .and_then(|kept| kept.get(name).cloned())
                    .or_else(|| known.tokens?.extra.get(name).map(secret)),
            },
        }
    }

    pub(crate) fn fill(&self, template: &Template, known: Known<'_>) -> Result<String, EngineError> {
        template.fill(|name| self.value(name, known)).map_err(|_| EngineError::NoValue)
    }

    pub(crate) fn fill_url(&self, template: &Template, known: Known<'_>) -> Result<Url, EngineError> {
        template.fill_url(|name| self.value(name, known)).map_err(|_| EngineError::NoValue)
    }

    pub(crate) fn filled(
        &self,
        templates: &BTreeMap<String, Template>,
        known: Known<'_>,
    ) -> Result<Pairs, EngineError> {
        templates.iter().map(|(name, value)| Ok((name.clone(), self.fill(value, known)?))).collect()
    }

    /// Adds the access token to a request, where the provider wants it, and signs it if need be.
    pub(crate) fn carry(
        &self,
        place: &TokenPlace,
        url: &mut Url,
        headers: &mut Pairs,
        tokens: &TokenSet,
    ) -> Result<(), EngineError> {
        let token = tokens.access_token.expose();
        match place {
            TokenPlace::Bearer => headers.push(("authorization".to_owned(), format!("Bearer {token}"))),
            TokenPlace::Nowhere => {}
            TokenPlace::Query(name) => {
                url.query_pairs_mut().append_pair(name, token);
            }
            TokenPlace::Header(name, value) => {
                headers.push((name.clone(), self.fill(value, Known::tokens(tokens))?));
            }
        }
        match &self.provider.api_signature {
            Some(rules) => self.sign_call(rules, url, tokens),
            None => Ok(()),
        }
    }
}
