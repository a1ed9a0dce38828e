//! Our client at one provider: what every request to it needs to know.

use grantway_catalog::{ClientAuth, Provider};
use grantway_core::Secret;
use oauth2::{
    AuthType, AuthUrl, ClientId, ClientSecret, EndpointNotSet, EndpointSet, RedirectUrl,
    StandardErrorResponse, StandardRevocableToken, StandardTokenResponse, TokenUrl,
    basic::{
        BasicErrorResponseType, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use url::Url;

use crate::{endpoints::Endpoints, token::IdTokenField};

/// A registration, with everything about its provider beside it.
#[derive(Clone, Copy, Debug)]
pub struct Client<'a> {
    /// What the catalog says.
    pub provider: &'a Provider,
    /// Where its endpoints are.
    pub endpoints: &'a Endpoints,
    /// OAuth `client_id`.
    pub client_id: &'a str,
    /// OAuth `client_secret`; absent for public clients.
    pub client_secret: Option<&'a Secret>,
    /// The one redirect URI of this registration, byte for byte as registered.
    pub redirect_uri: &'a Url,
}

/// The library's client, with both endpoints set. Built where it is used, kept nowhere.
pub(crate) type WireClient = oauth2::Client<
    StandardErrorResponse<BasicErrorResponseType>,
    StandardTokenResponse<IdTokenField, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

impl Client<'_> {
    pub(crate) fn wire(&self) -> WireClient {
        let auth_type = match self.provider.client_auth {
            ClientAuth::Post => AuthType::RequestBody,
            ClientAuth::Basic => AuthType::BasicAuth,
        };
        let client = oauth2::Client::new(ClientId::new(self.client_id.to_owned()))
            .set_auth_type(auth_type)
            .set_auth_uri(AuthUrl::from_url(self.endpoints.authorize.clone()))
            .set_token_uri(TokenUrl::from_url(self.endpoints.token.clone()))
            .set_redirect_uri(RedirectUrl::from_url(self.redirect_uri.clone()));
        match self.client_secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().to_owned())),
            None => client,
        }
    }
}
