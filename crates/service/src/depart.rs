//! Depart: the browser leaves for a provider with a flow of its own.

use grantway_catalog::Provider;
use grantway_core::{
    ProviderId, RegistrationId, Secret, SessionId,
    flow::{FLOW_SECONDS, Flow},
    session::Session,
};
use grantway_engine::{AuthorizeRequest, authorize};
use grantway_store::Depart;
use serde_json::json;
use url::Url;

use crate::{Service, ServiceError, error::retried};

/// Where to go, and the cookie that proves the way back.
#[derive(Debug)]
pub struct Departure {
    /// The provider's own URL.
    pub url: Url,
    /// For people.
    pub provider_name: String,
    /// The flow cookie's name.
    pub cookie_name: String,
    /// The flow cookie's value.
    pub cookie: Secret,
    /// How long the cookie lives, in seconds.
    pub cookie_seconds: i64,
}

impl Service {
    /// Sends this browser's session to a provider.
    ///
    /// # Errors
    /// When the session is not this browser's, is over, or does not offer the provider.
    pub async fn depart(
        &self,
        id: &SessionId,
        cookie: Option<&Secret>,
        provider: &ProviderId,
    ) -> Result<Departure, ServiceError> {
        let departed = retried(|| self.try_depart(id, cookie, provider)).await;
        if let Err(error @ ServiceError::Engine(_)) = &departed {
            self.note_unreachable(id, provider, error).await?;
        }
        departed
    }

    /// A provider whose endpoints can't be found now: the session's page says so and offers to try again.
    async fn note_unreachable(
        &self,
        id: &SessionId,
        provider: &ProviderId,
        error: &ServiceError,
    ) -> Result<(), ServiceError> {
        let session = self.store.session(id).await?.ok_or(ServiceError::WrongBrowser)?;
        let session = session.depart(provider, self.clock.now())?;
        self.trouble(session, provider, error).await
    }

    async fn try_depart(
        &self,
        id: &SessionId,
        cookie: Option<&Secret>,
        provider: &ProviderId,
    ) -> Result<Departure, ServiceError> {
        let now = self.clock.now();
        let session = self.session_of_browser(id, cookie).await?.depart(provider, now)?;
        let parts = self.client(&RegistrationId::of(&session.app, provider)).await?;
        let scopes = session.terms.scopes.get(provider).unwrap_or(&parts.registration.scopes);
        let nonce = expects_id_token(parts.provider, scopes).then(|| Secret::random("", &*self.entropy));
        let request = AuthorizeRequest {
            scopes,
            nonce: nonce.as_ref().map(Secret::expose),
            extra: session.terms.switch_account.then_some(&parts.provider.switch_account_params),
        };
        let authorization = authorize(&parts.client(), &request, &*self.entropy);
        let browser = Secret::random("", &*self.entropy);
        let state = authorization.state.digest();
        let flow = Flow {
            state,
            browser: browser.digest(),
            session: session.id.clone(),
            registration: parts.registration.id.clone(),
            provider: provider.clone(),
            sealed_verifier: self.vault.seal(
                authorization.verifier.expose(),
                &verifier_place(&session, &state),
                &*self.entropy,
            ),
            nonce: nonce.map(|nonce| nonce.expose().to_owned()),
            issuer: parts.endpoints.issuer.clone(),
            iss_promised: parts.endpoints.iss_promised,
            scopes: scopes.clone(),
            departed_at: now,
            expires_at: now.plus_seconds(FLOW_SECONDS).min(session.expires_at),
        };
        let audit =
            self.audit_entry(&session.app, "session.departed", &session.id, json!({"provider": provider}));
        self.store.depart(&Depart { session: &session, flow: &flow, audit: &audit }).await?;
        self.changed(id);
        Ok(Departure {
            url: authorization.url,
            provider_name: parts.provider.name.clone(),
            cookie_name: Self::flow_cookie(&state),
            cookie: browser,
            cookie_seconds: flow.expires_at.seconds_since(now),
        })
    }
}

/// What a PKCE verifier is sealed for.
pub(crate) fn verifier_place(session: &Session, state: &grantway_core::Digest) -> String {
    format!("verifier/{}/{}", session.id, state.short_name())
}

fn expects_id_token(provider: &Provider, scopes: &[String]) -> bool {
    provider.issuer.is_some() && scopes.iter().any(|scope| scope == "openid")
}
