//! Requests that their sender may send again: whoever lost an answer gets the same one, and nothing is
//! made twice. By the app's own key, as the HTTP header `Idempotency-Key` carries it.

use std::sync::Arc;

use grantway_core::{AppId, Digest, Secret, ids::random_id};
use grantway_store::{Begun, OnceRequest, StoreError};

use crate::{Service, ServiceError};

/// How long an answer is kept.
const KEPT_SECONDS: i64 = 24 * 3600;

/// Longer than any such request takes: by then its process is dead, and another may begin.
const AT_WORK_SECONDS: i64 = 120;

/// A request, and the app's name for it.
#[derive(Clone, Copy, Debug)]
pub struct Repeatable<'a> {
    /// Whose.
    pub app: &'a AppId,
    /// The same for the same request.
    pub key: &'a str,
    /// Of all that is asked.
    pub asked: Digest,
}

/// An answer as it is kept: it may hold a session's token.
#[derive(Debug)]
pub struct KeptAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Secret,
}

/// What came of a request that may be one of several.
#[derive(Debug)]
pub enum Once<T> {
    /// It was the first: this is its own answer.
    First(T),
    /// The first one's answer.
    Again(KeptAnswer),
}

impl Service {
    /// Does the work, unless it was done under this key before. Its success is kept, sealed, for 24
    /// hours; a refusal or a failure is not, because it made nothing. In a task of its own: who hangs up
    /// finds the answer when it asks again.
    ///
    /// # Errors
    /// [`ServiceError::KeyReused`] when something else was asked by this key;
    /// [`ServiceError::StillAtWork`] when the first request has no answer yet.
    pub async fn once<T: Send + 'static>(
        self: &Arc<Self>,
        request: Repeatable<'_>,
        work: impl Future<Output = (T, Option<KeptAnswer>)> + Send + 'static,
    ) -> Result<Once<T>, ServiceError> {
        let request = OnceRequest {
            app: request.app.clone(),
            key: Digest::of(request.key),
            asked: request.asked,
            owner: random_id("once_", &*self.entropy),
        };
        let now = self.clock.now();
        match self.store.begin_once(&request, now, now.plus_seconds(AT_WORK_SECONDS)).await? {
            Begun::First => {}
            Begun::Other => return Err(ServiceError::KeyReused),
            Begun::AtWork => return Err(ServiceError::StillAtWork),
            Begun::Answered(sealed) => return Ok(Once::Again(self.kept_answer(&request, &sealed)?)),
        }
        let service = Arc::clone(self);
        let work = self.tasks.spawn(async move {
            let (answer, kept) = work.await;
            service.end_once(&request, kept).await.map(|()| answer)
        });
        Ok(Once::First(work.await.map_err(|_| ServiceError::Interrupted)??))
    }

    async fn end_once(&self, request: &OnceRequest, kept: Option<KeptAnswer>) -> Result<(), ServiceError> {
        let Some(KeptAnswer { status, body }) = kept else {
            return Ok(self.store.give_back_once(request).await?);
        };
        let plain = Secret::new(format!("{status} {}", body.expose()));
        let sealed = self.vault.seal(plain.expose(), &once_place(request), &*self.entropy);
        let until = self.clock.now().plus_seconds(KEPT_SECONDS);
        match self.store.keep_once(request, &sealed, until).await {
            // It took so long that another began. What was made is made, and its answer is true.
            Err(StoreError::Conflict) => Ok(()),
            kept => Ok(kept?),
        }
    }

    fn kept_answer(&self, request: &OnceRequest, sealed: &[u8]) -> Result<KeptAnswer, ServiceError> {
        let plain = self.vault.open(sealed, &once_place(request))?;
        let parts = plain.expose().split_once(' ').and_then(|(status, body)| {
            Some(KeptAnswer { status: status.parse().ok()?, body: Secret::new(body.to_owned()) })
        });
        parts.ok_or(ServiceError::Inconsistent("a kept answer"))
    }
}

/// What an answer is sealed for.
fn once_place(request: &OnceRequest) -> String {
    format!("once/{}/{}", request.app, request.key.short_name())
}
