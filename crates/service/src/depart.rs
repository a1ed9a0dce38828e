//! Depart: the browser leaves for a provider with a flow of its own.

use std::collections::BTreeMap;

use grantway_catalog::{Provider, Source, Template};
use grantway_core::{
    ProviderId, RegistrationId, Secret, SessionId,
    flow::{FLOW_SECONDS, Flow},
    session::Session,
    view::AskView,
};
use grantway_engine::{AuthorizeRequest, authorize};
use grantway_store::Depart;
use serde_json::json;
use url::Url;

use crate::{ClientParts, Service, ServiceError, error::retried, parameters::Settled};

/// What comes of a pick.
#[derive(Debug)]
pub enum Departing {
    /// The browser leaves.
    Leaves(Departure),
    /// The provider must be told something first.
    Asks(Box<AskView>),
}

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
    /// Sends this browser's session to a provider, or asks what that provider must be told first.
    ///
    /// # Errors
    /// When the session is not this browser's, is over, or does not offer the provider.
    pub async fn depart(
        &self,
        id: &SessionId,
        cookie: Option<&Secret>,
        provider: &ProviderId,
        typed: &BTreeMap<String, String>,
    ) -> Result<Departing, ServiceError> {
        let departed = retried(|| self.try_depart(id, cookie, provider, typed)).await;
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
        typed: &BTreeMap<String, String>,
    ) -> Result<Departing, ServiceError> {
        let session = self.session_of_browser(id, cookie).await?.depart(provider, self.clock.now())?;
        let registered = self.registered(&RegistrationId::of(&session.app, provider)).await?;
        match self.known_parameters(&session, &registered, typed).await? {
            Settled::All(parameters) => {
                let parts = self.client_of(registered, &parameters).await?;
                self.send_off(&session, &parts, parameters).await.map(Departing::Leaves)
            }
            Settled::Ask(questions) => {
                Ok(Departing::Asks(Box::new(self.ask_view(&session, provider, questions))))
            }
        }
    }

    /// The authorization request, and the flow that remembers it.
    async fn send_off(
        &self,
        session: &Session,
        parts: &ClientParts<'_>,
        parameters: BTreeMap<String, String>,
    ) -> Result<Departure, ServiceError> {
        let now = self.clock.now();
        let (registration, described) = (&parts.registered.registration, parts.registered.provider);
        let scopes = scopes_of(session, parts);
        let nonce = expects_nonce(described, &scopes).then(|| Secret::random("", &*self.entropy));
        let request = AuthorizeRequest {
            scopes: &scopes,
            nonce: nonce.as_ref().map(Secret::expose),
            extra: session.terms.switch_account.then_some(&described.switch_account_params),
        };
        let authorization = authorize(&*self.http, &parts.client(), &request, now).await?;
        let browser = Secret::random("", &*self.entropy);
        let state = authorization.state.digest();
        let place = verifier_place(session, &state);
        let flow = Flow {
            state,
            browser: browser.digest(),
            session: session.id.clone(),
            registration: registration.id.clone(),
            provider: registration.provider.clone(),
            sealed_verifier: self.vault.seal(authorization.verifier.expose(), &place, &*self.entropy),
            nonce: nonce.map(|nonce| nonce.expose().to_owned()),
            issuer: parts.endpoints.issuer.clone(),
            iss_promised: parts.endpoints.iss_promised,
            scopes,
            parameters,
            kept: BTreeMap::new(),
            granted_scopes: None,
            departed_at: now,
            expires_at: now.plus_seconds(FLOW_SECONDS).min(session.expires_at),
        };
        let told = json!({"provider": flow.provider});
        let audit = self.audit_entry(&session.app, "session.departed", &session.id, told);
        self.store.depart(&Depart { session, flow: &flow, audit: &audit }).await?;
        Ok(Departure {
            url: authorization.url,
            provider_name: described.name.clone(),
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

/// What is asked for: the session's word or the registration's, and what the provider always needs.
fn scopes_of(session: &Session, parts: &ClientParts<'_>) -> Vec<String> {
    let registration = &parts.registered.registration;
    let scopes = session.terms.scopes.get(&registration.provider).unwrap_or(&registration.scopes);
    filled(&with_always(scopes, parts.registered.provider), &parts.parameters)
}

/// With those that every request asks for.
fn with_always(scopes: &[String], provider: &Provider) -> Vec<String> {
    let missing = provider.always_scopes.iter().filter(|scope| !scopes.contains(scope));
    scopes.iter().chain(missing).cloned().collect()
}

/// Some scopes name the tenant, by a connection parameter.
fn filled(scopes: &[String], parameters: &BTreeMap<String, String>) -> Vec<String> {
    let fill =
        |scope: &String| Template::from(scope.as_str()).fill_known(|name| parameters.get(name).cloned());
    scopes.iter().map(fill).collect()
}

/// Where an id token is expected (OpenID Connect Core, section 3.1.2.1), or the provider wants one anyway.
fn expects_nonce(provider: &Provider, scopes: &[String]) -> bool {
    let is_openid = provider.issuer.is_some() && scopes.iter().any(|scope| scope == "openid");
    provider.nonce || is_openid || provider.account.source == Source::IdToken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_may_name_the_tenant_by_a_parameter() {
        let parameters = [("host".to_owned(), "acme.crm.test".to_owned())].into();
        let scopes = ["https://{host}/read", "{other}", "mail"].map(str::to_owned);

        assert_eq!(filled(&scopes, &parameters), ["https://acme.crm.test/read", "{other}", "mail"]);
    }

    #[test]
    fn a_nonce_goes_along_wherever_an_id_token_comes_back() {
        let expects = |rules: &str, scope: &str| {
            let text = format!("name = 'X'\n{rules}");
            expects_nonce(&toml::from_str(&text).unwrap(), &[scope.to_owned()])
        };

        assert!(expects("issuer = 'https://id.test'", "openid"));
        assert!(expects("account = { source = 'id_token' }", "openid"));
        assert!(expects("account = { source = 'id_token' }", "read"));
        assert!(expects("nonce = true", "read"));
        assert!(!expects("issuer = 'https://id.test'", "read") && !expects("", "openid"));
    }
}
