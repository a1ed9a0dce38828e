//! Deliver: every road reads what was remembered.

use std::time::Duration;

use grantway_core::{
    AppId, Origin, Secret,
    message::{SessionResult, Told},
    session::Session,
};
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;

use crate::{Service, ServiceError, TokenReason};

/// How long a poll may wait, in seconds.
const LONGEST_WAIT: u64 = 25;

/// What reads a result.
#[derive(Debug)]
pub enum ResultKey {
    /// The widget's own secret, of a bound opening.
    Poll(Secret),
    /// The parameter of `return_url`.
    Return(Secret),
}

/// A result, and who may read it in a browser.
#[derive(Debug, Serialize)]
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
    /// Reads a result. A pending one waits for the next change, `wait` seconds at most (capped at 25).
    /// So does a poll secret that no browser has brought yet: the widget asks before its form arrives.
    ///
    /// # Errors
    /// When the key reads nothing, or no longer.
    pub async fn result(&self, key: &ResultKey, wait: u64) -> Result<Polled, ServiceError> {
        let mut changes = self.changes.subscribe();
        let first = self.readable(key).await;
        let awaited = match &first {
            Ok(session) if session.result(self.clock.now()).outcome == Told::Pending => {
                Some(session.id.clone())
            }
            Err(ServiceError::Token(TokenReason::Unknown)) if matches!(key, ResultKey::Poll(_)) => None,
            _ => return Ok(self.polled(&first?)),
        };
        let change = async {
            loop {
                match changes.recv().await {
                    Ok(id) if awaited.as_ref().is_some_and(|awaited| *awaited != id) => {}
                    Ok(_) | Err(RecvError::Lagged(_)) => match self.readable(key).await {
                        Err(ServiceError::Token(TokenReason::Unknown)) if awaited.is_none() => {}
                        read => return read,
                    },
                    Err(RecvError::Closed) => return self.readable(key).await,
                }
            }
        };
        let patience = tokio::time::sleep(Duration::from_secs(wait.min(LONGEST_WAIT)));
        let read = tokio::select! {
            read = change => read,
            () = patience => self.readable(key).await,
            () = self.draining() => self.readable(key).await,
        };
        Ok(self.polled(&read?))
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
        let session = session.ok_or(ServiceError::Token(TokenReason::Unknown))?.with_lost_work_noticed(now);
        if now < session.readable_until() {
            Ok(session)
        } else {
            Err(ServiceError::Token(TokenReason::Expired))
        }
    }

    fn polled(&self, session: &Session) -> Polled {
        let result = session.result(self.clock.now());
        let pending = result.outcome == Told::Pending;
        Polled {
            origin: session.terms.allowed_origin.clone(),
            if_left: pending.then(|| session.told_if_left()),
            result,
        }
    }
}
