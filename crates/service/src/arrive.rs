//! Arrive: the browser is back. Room by room: this browser? this flow, once? session open?
//! answer believable? Then the exchange, in a task of its own that no closed window can stop.

use std::sync::Arc;

use grantway_catalog::ResponseMode;
use grantway_core::{
    Digest, ProviderId, RegistrationId, Secret, SessionId,
    flow::{AcceptedCode, Flow, Refusal},
    session::{Link, Session},
};
use grantway_engine::callback;
use grantway_store::{HeldCode, StoreError};
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{Service, ServiceError, error::retried, view::completion_place};

/// How long a code is held at most, in seconds.
const HELD_SECONDS: i64 = 60;

/// The authorization response, and who brings it.
#[derive(Debug)]
pub struct ArriveRequest {
    /// From the redirect URI's path.
    pub registration: RegistrationId,
    /// The answer's parameters, in their order. All untrusted.
    pub pairs: Vec<(String, String)>,
    /// The flow cookie that goes with `state`, if the browser sent it.
    pub cookie: Option<Secret>,
}

impl ArriveRequest {
    fn state(&self) -> Option<&str> {
        self.pairs.iter().find(|(name, _)| name == "state").map(|(_, value)| value.as_str())
    }
}

/// A browser that is back, and the work that goes on without it.
#[derive(Debug)]
pub struct Arrived {
    /// Whose page to show.
    pub session_id: SessionId,
    /// Ends when the session has moved on.
    pub work: JoinHandle<()>,
}

impl Service {
    /// Takes an authorization response. From the moment the flow is taken, everything runs to its end
    /// whether or not anyone waits for it.
    ///
    /// # Errors
    /// [`ServiceError::UnknownFlow`] and [`ServiceError::WrongBrowser`], with nothing consumed. Every
    /// later refusal is kept in the session and shown on its page.
    pub async fn arrive(self: &Arc<Self>, request: ArriveRequest) -> Result<Arrived, ServiceError> {
        let flow = self.flow_of_browser(&request).await?;
        let session_id = flow.session.clone();
        let service = Arc::clone(self);
        let work = self.tasks.spawn(async move {
            let session = flow.session.clone();
            if let Err(error) = service.take(flow, request).await {
                tracing::error!(%session, %error, "an arrival was lost");
            }
        });
        Ok(Arrived { session_id, work })
    }

    /// Whether a registration's provider answers by form post (OAuth 2.0 Form Post Response Mode).
    pub async fn takes_form_post(&self, registration: &RegistrationId) -> bool {
        let registration = self.store.registration(registration).await.ok().flatten();
        registration
            .and_then(|registration| self.catalog.get(&registration.provider))
            .is_some_and(|provider| provider.response_mode == ResponseMode::FormPost)
    }

    /// Room 1: nothing is consumed before this.
    async fn flow_of_browser(&self, request: &ArriveRequest) -> Result<Flow, ServiceError> {
        let state = request.state().ok_or(ServiceError::UnknownFlow)?;
        let flow = self.store.flow(&Digest::of(state)).await?.ok_or(ServiceError::UnknownFlow)?;
        match &request.cookie {
            Some(cookie) if cookie.digest() == flow.browser => Ok(flow),
            _ => Err(ServiceError::WrongBrowser),
        }
    }

    /// Rooms 2 to 7. A replay finds the flow taken and leaves the session as it is.
    async fn take(&self, mut flow: Flow, request: ArriveRequest) -> Result<(), ServiceError> {
        if !self.store.take_flow(&flow.state, self.clock.now()).await? {
            return Ok(());
        }
        let Some(session) = retried(|| self.begin(&flow)).await? else { return Ok(()) };
        let outcome = match self.believe(&mut flow, &request).await {
            Ok(code) if session.terms.link == Link::Code => self.hold(&session, &flow, &code).await,
            Ok(code) => self.exchange(session.clone(), &flow, code).await.map(|_| ()),
            Err(error) => Err(error),
        };
        let Err(error) = outcome else { return Ok(()) };
        match self.trouble(session, &flow.provider, &error).await {
            // Its user was deleted meanwhile: it stays as it ended.
            Err(ServiceError::Store(StoreError::Conflict)) if self.is_forgotten(&flow.session).await? => {
                Ok(())
            }
            noted => noted,
        }
    }

    /// Whether it ended with its user.
    pub(crate) async fn is_forgotten(&self, id: &SessionId) -> Result<bool, ServiceError> {
        Ok(self.store.session(id).await?.is_none_or(|session| session.is_forgotten()))
    }

    /// Room 4. What else the answer carries goes on with the flow.
    async fn believe(&self, flow: &mut Flow, request: &ArriveRequest) -> Result<AcceptedCode, ServiceError> {
        if request.registration != flow.registration {
            return Err(Refusal::WrongRegistration.into());
        }
        let registered = self.registered(&flow.registration).await?;
        let told = callback::read(registered.provider, registered.secret.as_ref(), &request.pairs)?;
        let code = flow.accept(&request.registration, told.params, self.clock.now())?;
        flow.kept = told.kept;
        flow.granted_scopes = told.scopes;
        flow.parameters.extend(told.parameters);
        Ok(code)
    }

    /// Room 3. A session that ended meanwhile stays as it ended.
    async fn begin(&self, flow: &Flow) -> Result<Option<Session>, ServiceError> {
        let session = self.store.session(&flow.session).await?;
        let session = session.ok_or(ServiceError::Inconsistent("a flow without its session"))?;
        let Ok(session) = session.arrive(&flow.provider, self.clock.now()) else { return Ok(None) };
        let notes = self.session_note(&session, "session.arrived", json!({"provider": flow.provider}));
        self.store.save_session(&session, &notes).await?;
        Ok(Some(Session { version: session.version + 1, ..session }))
    }

    /// Keeps a failure in the session, for its page to show.
    pub(crate) async fn trouble(
        &self,
        session: Session,
        provider: &ProviderId,
        error: &ServiceError,
    ) -> Result<(), ServiceError> {
        tracing::info!(session = %session.id, code = %error.code(), why = %error, "a connection failed");
        let mismatch = match error {
            ServiceError::AccountMismatch(mismatch) => Some(mismatch.clone()),
            _ => None,
        };
        let session = session.trouble(provider, error.code(), mismatch);
        let notes = self.session_note(&session, "session.troubled", json!({"why": error.to_string()}));
        self.store.save_session(&session, &notes).await?;
        Ok(())
    }

    /// `link: code`: stops before the exchange. The app's backend completes it for its own user.
    async fn hold(&self, session: &Session, flow: &Flow, code: &AcceptedCode) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let completion = Secret::random("gwc_", &*self.entropy);
        let seconds = self.provider(&flow.provider)?.code_seconds.min(HELD_SECONDS);
        let held = HeldCode {
            completion: completion.digest(),
            session: session.id.clone(),
            flow: flow.clone(),
            sealed_code: self.vault.seal(code.to_plain().expose(), &code_place(&session.id), &*self.entropy),
            expires_at: now.plus_seconds(seconds),
        };
        let sealed_completion =
            self.vault.seal(completion.expose(), &completion_place(&session.id), &*self.entropy);
        let session = session.clone().hold(&flow.provider, sealed_completion, held.expires_at);
        let audit =
            self.audit_entry(&session.app, "session.held", &session.id, json!({"provider": flow.provider}));
        self.store.hold(&session, &held, &audit).await?;
        Ok(())
    }
}

/// What a held code is sealed for.
pub(crate) fn code_place(id: &SessionId) -> String {
    format!("code/{id}")
}
