//! Complete, for `link: code`: the app's backend says who is signed in, and only then the code is spent.

use std::sync::Arc;

use grantway_core::{
    AppId, Code, Secret,
    flow::AcceptedCode,
    grant::{Connection, User},
    message::TokenReason,
};
use grantway_store::{HeldCode, StoreError};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{Service, ServiceError, arrive::code_place, mint::rules};

/// The body of `POST /v1/connect/complete`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteRequest {
    /// What the browser carried to `return_url`.
    #[schema(value_type = String)]
    pub code: Secret,
    /// The user who is signed in there, by the app's own cookie. Required, unless there is a `user_token`.
    #[serde(default)]
    pub user: Option<User>,
    /// A JWT of the app's own identity provider that names that user.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub user_token: Option<Secret>,
}

impl Service {
    /// Runs the exchange of a held code, for the user that the session was minted for. For another
    /// one the code is dropped unspent and the session ends.
    ///
    /// # Errors
    /// When the code is unknown, used or too old, the user is another, or the provider fails.
    pub async fn complete(
        self: &Arc<Self>,
        app: &AppId,
        request: CompleteRequest,
    ) -> Result<Connection, ServiceError> {
        let known = self.store.app(app).await?.ok_or(ServiceError::Unauthorized)?;
        let meant = self.user_meant(&known, request.user, request.user_token.as_ref()).await?;
        let user = rules::user(meant)?;
        let (service, app, code) = (Arc::clone(self), app.clone(), request.code);
        let work = self.tasks.spawn(async move { service.take_and_finish(&app, &code, &user).await });
        work.await.map_err(|_| ServiceError::Interrupted)?
    }

    async fn take_and_finish(
        &self,
        app: &AppId,
        code: &Secret,
        user: &User,
    ) -> Result<Connection, ServiceError> {
        let held = self.store.take_held(app, &code.digest(), self.clock.now()).await?;
        let held = held.ok_or(ServiceError::Token(TokenReason::Unknown))?;
        self.finish(held, user).await
    }

    async fn finish(&self, held: HeldCode, user: &User) -> Result<Connection, ServiceError> {
        let session = self.store.session(&held.session).await?.ok_or(ServiceError::NoSession)?;
        if session.is_forgotten() {
            return Err(ServiceError::Token(TokenReason::Used));
        }
        if session.terms.user.id != user.id {
            return self.burn(session, Code::UserMismatch, ServiceError::UserMismatch).await;
        }
        let code = AcceptedCode::from_plain(&self.vault.open(&held.sealed_code, &code_place(&session.id))?);
        let code = code.ok_or(ServiceError::Inconsistent("a held code"))?;
        match self.exchange(session.clone(), &held.flow, code).await {
            Err(error @ ServiceError::Store(StoreError::Conflict)) => Err(error),
            Err(error) => self.burn(session, error.code(), error).await,
            connected => connected,
        }
    }

    async fn burn(
        &self,
        session: grantway_core::session::Session,
        code: Code,
        why: ServiceError,
    ) -> Result<Connection, ServiceError> {
        let session = session.fail(code, self.clock.now());
        let notes = self.session_note(&session, "session.burned", json!({"code": code}));
        self.store.save_session(&session, &notes).await?;
        Err(why)
    }
}
