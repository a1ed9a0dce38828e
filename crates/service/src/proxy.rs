//! Use, without ever holding the token: a call to the provider's API, made here for the backend.
//!
//! The one rule: the token goes to the catalog's addresses only, and no credential passes in either
//! direction (RFC 10017, proxy restrictions).

mod body;
mod headers;
mod renewal;
mod target;

use std::sync::Arc;

use grantway_core::{
    AppId, GrantId,
    grant::{Grant, GrantStatus},
};
use grantway_engine::{RelayError, TokenSet, relay::Body};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use serde_json::json;
use url::Url;

use crate::{ClientParts, Service, ServiceError, token::dead};
use body::Payload;
pub(crate) use renewal::Renewals;
use target::Wanted;

/// A call, as the backend made it.
#[derive(Debug)]
pub struct ProxyCall {
    /// The method.
    pub method: Method,
    /// The whole path at the provider, as it was written: still encoded, with or without its first slash.
    pub path: String,
    /// The query, as it was written.
    pub query: Option<String>,
    /// Which of the provider's API hosts; the usual one if none.
    pub host: Option<String>,
    /// All headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

/// A call that may be made, without its body and token.
struct Call {
    method: Method,
    url: Url,
    headers: HeaderMap,
}

impl Service {
    /// Makes a call to the provider's API in the grant's name. The answer is the provider's, whatever its
    /// status; one that refuses the token is asked again with a fresh one, if the body is small enough to be
    /// kept.
    ///
    /// # Errors
    /// As [`Self::token`]; [`ServiceError::ProxyNotSupported`] when nobody knows where the provider's API is;
    /// [`ServiceError::ProxyNotAllowed`] when the call would leave it; [`ServiceError::BodyBroken`] when the
    /// call's own body does not come to its end.
    pub async fn proxy(
        self: &Arc<Self>,
        app: &AppId,
        id: GrantId,
        call: ProxyCall,
    ) -> Result<Response<Body>, ServiceError> {
        let grant = self.store.grant(app, id).await?.ok_or(ServiceError::NoGrant)?;
        if self.provider(&grant.provider)?.api_urls.is_empty() {
            return Err(ServiceError::ProxyNotSupported(grant.provider));
        }
        let tokens = self.living_tokens(&grant).await?;
        let parts = self.client(&grant.registration, &grant.parameters).await?;
        let ProxyCall { method, path, query, host, headers, body } = call;
        let wanted = Wanted { method: &method, path: &path, query: query.as_deref(), host: host.as_deref() };
        let url = wanted.among(&parts.client().api_urls(&tokens), &grant.provider)?;
        let call = Call { method, url, headers: headers::of_request(&headers) };
        let mut payload = Payload::of(body).await?;

        let detail = json!({"method": call.method.as_str(), "host": call.url.host_str()});
        self.note_use(&grant, "proxy.called", detail).await?;
        let answer = self.relay(&parts, &tokens, &call, payload.take()).await?;
        if answer.status() != StatusCode::UNAUTHORIZED || !payload.is_kept() {
            return Ok(answer);
        }
        match self.renewed(&grant, &tokens).await? {
            Some(fresh) => {
                self.check_active(&grant).await?;
                self.relay(&parts, &fresh, &call, payload.take()).await
            }
            None => Ok(answer),
        }
    }

    /// It may have been revoked since the first try.
    async fn check_active(&self, grant: &Grant) -> Result<(), ServiceError> {
        let now = self.store.grant(&grant.app, grant.id).await?;
        let is_active = now.is_some_and(|now| now.status == GrantStatus::Active);
        if is_active { Ok(()) } else { Err(dead(grant)) }
    }

    async fn relay(
        &self,
        parts: &ClientParts<'_>,
        tokens: &TokenSet,
        call: &Call,
        body: Body,
    ) -> Result<Response<Body>, ServiceError> {
        let (mut url, mut headers) = (call.url.clone(), call.headers.clone());
        parts.client().authorize_call(&mut url, &mut headers, tokens)?;
        let mut request = Request::new(body);
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = url.as_str().parse().map_err(|_| grantway_engine::EngineError::NoValue)?;
        *request.headers_mut() = headers;
        let mut answer = self.relay.relay(request).await?;
        *answer.headers_mut() = headers::of_answer(answer.headers());
        Ok(answer)
    }
}

impl From<RelayError> for ServiceError {
    fn from(error: RelayError) -> Self {
        match error {
            RelayError::Call(_) => Self::BodyBroken,
            RelayError::Provider(error) => Self::Engine(error.into()),
        }
    }
}
