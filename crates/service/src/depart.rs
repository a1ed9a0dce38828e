//! Depart: the browser leaves for a provider with a flow of its own.

use std::collections::BTreeMap;

use grantway_catalog::{Provider, Source, Template};
use grantway_core::{
    ProviderId, RegistrationId, Secret, SessionId,
    app::Registration,
    flow::{FLOW_SECONDS, Flow},
    grant::Grant,
    session::Session,
    view::AskView,
};
use grantway_engine::{AuthorizeRequest, authorize};
use grantway_store::Depart;
use serde_json::json;
use url::Url;

use crate::{
    ClientParts, Service, ServiceError,
    error::retried,
    parameters::{Settled, known_parameters},
};

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

    /// The grant that a trip to a provider authorises again.
    async fn meant_grant(
        &self,
        session: &Session,
        provider: &ProviderId,
    ) -> Result<Option<Grant>, ServiceError> {
        match session.meant(provider) {
            Some(id) => Ok(self.store.grant(&session.app, id).await?),
            None => Ok(None),
        }
    }

    async fn try_depart(
        &self,
        id: &SessionId,
        cookie: Option<&Secret>,
        provider: &ProviderId,
        typed: &BTreeMap<String, String>,
    ) -> Result<Departing, ServiceError> {
        let session = self.session_of_browser(id, cookie).await?;
        let wants_another_account = session.terms.switch_account || session.asks_which_account();
        let session = session.depart(provider, self.clock.now())?;
        let again = self.meant_grant(&session, provider).await?;
        let registered = self.registered(&RegistrationId::of(&session.app, provider)).await?;
        match known_parameters(&session, &registered, again.as_ref(), typed) {
            Settled::All(parameters) => {
                let parts = self.client_of(registered, &parameters).await?;
                let trip = Trip { session, again, wants_another_account, parameters };
                self.send_off(&trip, &parts).await.map(Departing::Leaves)
            }
            Settled::Ask(questions) => {
                Ok(Departing::Asks(Box::new(self.ask_view(&session, provider, questions))))
            }
        }
    }

    /// The authorization request, and the flow that remembers it.
    async fn send_off(&self, trip: &Trip, parts: &ClientParts<'_>) -> Result<Departure, ServiceError> {
        let (session, now) = (&trip.session, self.clock.now());
        let (registration, described) = (&parts.registered.registration, parts.registered.provider);
        let asked = scopes_to_ask(session, registration, trip.again.as_ref());
        let scopes = filled(&with_always(&asked, described), &parts.parameters);
        let nonce = expects_nonce(described, &scopes).then(|| Secret::random("", &*self.entropy));
        let extra = extra_params(described, trip.again.is_some(), trip.wants_another_account);
        let request = AuthorizeRequest {
            scopes: &scopes,
            nonce: nonce.as_ref().map(Secret::expose),
            extra: Some(&extra),
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
            parameters: trip.parameters.clone(),
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

/// A session that leaves, and what is known of where to.
struct Trip {
    session: Session,
    /// The grant that it authorises again.
    again: Option<Grant>,
    wants_another_account: bool,
    parameters: BTreeMap<String, String>,
}

/// The session's scopes, or else the registration's. A grant that is authorised again loses none: what it
/// has and what it lacks is asked for too, as far as the registration still allows it.
fn scopes_to_ask(session: &Session, registration: &Registration, again: Option<&Grant>) -> Vec<String> {
    let asked = session.terms.scopes.get(&registration.provider).unwrap_or(&registration.scopes);
    let mut scopes = asked.clone();
    for scope in again.iter().flat_map(|grant| grant.scopes.iter().chain(&grant.scopes_missing)) {
        if registration.allows_scope(scope) && !scopes.contains(scope) {
            scopes.push(scope.clone());
        }
    }
    scopes
}

/// Parameters that the catalog has for this kind of trip.
fn extra_params(
    provider: &Provider,
    is_again: bool,
    wants_another_account: bool,
) -> BTreeMap<String, String> {
    let mut extra = BTreeMap::new();
    if is_again {
        extra.extend(provider.incremental_params.clone());
    }
    if wants_another_account {
        extra.extend(provider.switch_account_params.clone());
    }
    extra
}

/// What a PKCE verifier is sealed for.
pub(crate) fn verifier_place(session: &Session, state: &grantway_core::Digest) -> String {
    format!("verifier/{}/{}", session.id, state.short_name())
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
