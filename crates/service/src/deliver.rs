//! Deliver: every road reads what was remembered.

use std::time::Duration;

use grantway_core::{
    AppId, Origin, Secret,
    message::{SessionResult, TokenReason, Told},
    session::{Session, Stage},
};
use grantway_store::Change;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use utoipa::ToSchema;

use crate::{Service, ServiceError};

/// How long a poll may wait, in seconds.
const LONGEST_WAIT: u64 = 25;

/// What reads a result.
#[derive(Clone, Debug)]
pub enum ResultKey {
    /// The widget's own secret, of a bound opening.
    Poll(Secret),
    /// The parameter of `return_url`.
    Return(Secret),
}

/// How long a pending result is waited for.
///
/// So is a poll secret that no browser has brought yet: the widget asks before its form arrives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    /// At most 25.
    pub seconds: u64,
    /// The stage that the asker knows: another one is told at once, and this one is nothing new.
    pub seen: Option<Stage>,
}

/// A result, and who may read it in a browser.
#[derive(Debug, Serialize, ToSchema)]
pub struct Polled {
    /// The one origin whose pages may read it.
    #[serde(skip)]
    pub origin: Origin,
    /// As the frontend gets it.
    #[serde(flatten)]
    pub result: SessionResult,
    /// While pending: what leaving now would mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_left: Option<Told>,
}

impl Service {
    /// Reads a result, or nothing where there is nothing new.
    ///
    /// # Errors
    /// When the key reads nothing, or no longer.
    pub async fn result(&self, key: &ResultKey, patience: Patience) -> Result<Option<Polled>, ServiceError> {
        let mut changes = self.store.changes().subscribe();
        let awaited = match self.readable(key).await {
            Ok(session) if self.is_known(&session, patience.seen) => Some(session),
            Ok(session) => return Ok(Some(self.polled(&session))),
            Err(ServiceError::Token(TokenReason::Unknown)) if matches!(key, ResultKey::Poll(_)) => None,
            Err(error) => return Err(error),
        };
        let change = async {
            loop {
                match changes.recv().await {
                    Ok(Change::Event) => {}
                    Ok(Change::Session(id)) if awaited.as_ref().is_some_and(|awaited| awaited.id != id) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => match (self.readable(key).await, &awaited) {
                        (Err(ServiceError::Token(TokenReason::Unknown)), None) => {}
                        (Ok(session), Some(awaited)) if session.version == awaited.version => {}
                        (read, _) => return read,
                    },
                    Err(RecvError::Closed) => return self.readable(key).await,
                }
            }
        };
        let wait = tokio::time::sleep(Duration::from_secs(patience.seconds.min(LONGEST_WAIT)));
        tokio::select! {
            read = change => return Ok(Some(self.polled(&read?))),
            () = wait => {}
            () = self.draining() => {}
        }
        let session = self.readable(key).await?;
        let has_news = patience.seen.is_none() || !self.is_known(&session, patience.seen);
        Ok(has_news.then(|| self.polled(&session)))
    }

    /// Forgets the parameter of a `return_url` that a page has told: a copy of it gives nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_return(&self, code: &Secret) -> Result<(), ServiceError> {
        Ok(self.store.forget_return_code(&code.digest()).await?)
    }

    /// Reads a result for the app's own backend, by the parameter of `return_url`.
    ///
    /// # Errors
    /// As [`Self::result`], and for another app's session.
    pub async fn result_for_backend(
        &self,
        app: &AppId,
        code: &Secret,
    ) -> Result<SessionResult, ServiceError> {
        let session = self.store.session_of_return_code(&code.digest(), self.clock.now()).await?;
        let session =
            session.filter(|session| session.app == *app).ok_or(ServiceError::Token(TokenReason::Unknown))?;
        let now = self.clock.now();
        Ok(session.with_lost_work_noticed(now).result(now))
    }

    async fn readable(&self, key: &ResultKey) -> Result<Session, ServiceError> {
        let now = self.clock.now();
        let session = match key {
            ResultKey::Poll(secret) => self.store.session_of_poll(&secret.digest()).await?,
            ResultKey::Return(code) => self.store.session_of_return_code(&code.digest(), now).await?,
        };
        Ok(session.ok_or(ServiceError::Token(TokenReason::Unknown))?.with_lost_work_noticed(now))
    }

    /// Whether who has seen that stage knows all of it. Who says nothing waits for the next change.
    fn is_known(&self, session: &Session, seen: Option<Stage>) -> bool {
        let result = self.told(session);
        result.outcome == Told::Pending && seen.is_none_or(|seen| seen == result.stage)
    }

    /// The session's result, or that it is too late to read it: for a page that slept through its end.
    fn told(&self, session: &Session) -> SessionResult {
        let now = self.clock.now();
        let result = session.result(now);
        if now < session.readable_until() {
            return result;
        }
        SessionResult {
            outcome: Told::Error { error: TokenReason::Expired.into() },
            provider: None,
            ..result
        }
    }

    fn polled(&self, session: &Session) -> Polled {
        let result = self.told(session);
        let pending = result.outcome == Told::Pending;
        Polled {
            origin: session.terms.allowed_origin.clone(),
            if_left: pending.then(|| session.told_if_left()),
            result,
        }
    }
}
