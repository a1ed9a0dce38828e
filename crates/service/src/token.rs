//! Use: a fresh access token for the backend.

use std::sync::Arc;

use grantway_core::{
    AppId, GrantId, Secret, Timestamp,
    grant::{Grant, GrantStatus},
};
use grantway_engine::{EngineError, TokenSet};
use grantway_store::{Credential, Notes, StoreError};
use serde_json::json;

use crate::{Service, ServiceError, grant_place};

/// A token with less life than this is refreshed first, in seconds.
const BUFFER_SECONDS: i64 = 60;

/// The answer of `POST /v1/grants/{id}/token`.
#[derive(Debug)]
pub struct AccessToken {
    /// For the provider's API (RFC 6750).
    pub access_token: Secret,
    /// When it ends, when known.
    pub expires_at: Option<Timestamp>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Whose.
    pub grant_id: GrantId,
}

impl Service {
    /// An access token that lives for another minute at least.
    ///
    /// # Errors
    /// [`ServiceError::Revoked`] when the user must connect again; [`ServiceError::Engine`] when the
    /// provider failed and trying later may help.
    pub async fn token(self: &Arc<Self>, app: &AppId, id: GrantId) -> Result<AccessToken, ServiceError> {
        let grant = self.store.grant(app, id).await?.ok_or(ServiceError::NoGrant)?;
        let credential = self.store.credential(id).await?;
        let (Some(credential), GrantStatus::Active) = (credential, grant.status) else {
            return Err(dead(&grant));
        };
        let tokens = self.open_tokens(&credential)?;
        let tokens =
            if self.is_fresh(&tokens) { tokens } else { self.refreshed(&grant, credential, tokens).await? };
        let audit = self.audit_entry(app, "token.read", id, json!({}));
        self.store.audit(&audit).await?;
        Ok(AccessToken {
            access_token: tokens.access_token,
            expires_at: tokens.expires_at,
            scopes: grant.scopes,
            grant_id: id,
        })
    }

    fn is_fresh(&self, tokens: &TokenSet) -> bool {
        let soon = self.clock.now().plus_seconds(BUFFER_SECONDS);
        tokens.expires_at.is_none_or(|end| end > soon)
    }

    fn open_tokens(&self, credential: &Credential) -> Result<TokenSet, ServiceError> {
        let plain = self.vault.open(&credential.sealed, &grant_place(credential.grant))?;
        Ok(TokenSet::from_plain(&plain)?)
    }

    /// Runs in its own task: a caller that hangs up can't lose a rotated token.
    async fn refreshed(
        self: &Arc<Self>,
        grant: &Grant,
        credential: Credential,
        tokens: TokenSet,
    ) -> Result<TokenSet, ServiceError> {
        let Some(refresh_token) = tokens.refresh_token else { return self.bury(grant).await };
        let (service, grant) = (Arc::clone(self), grant.clone());
        let work = self.tasks.spawn(async move { service.refresh(&grant, credential, &refresh_token).await });
        work.await.map_err(|_| ServiceError::Interrupted)?
    }

    async fn refresh(
        &self,
        grant: &Grant,
        credential: Credential,
        refresh_token: &Secret,
    ) -> Result<TokenSet, ServiceError> {
        let parts = self.client(&grant.registration).await?;
        let answer =
            grantway_engine::refresh(&*self.http, &parts.client(), refresh_token, self.clock.now()).await;
        let tokens = match answer {
            Ok(tokens) => tokens,
            Err(EngineError::InvalidGrant) => return self.reread_or_bury(grant, &credential).await,
            Err(error) => return Err(error.into()),
        };
        let sealed = self.vault.seal(tokens.to_plain().expose(), &grant_place(grant.id), &*self.entropy);
        match self.store.save_credential(&Credential { sealed, ..credential }).await {
            Ok(()) => Ok(tokens),
            Err(StoreError::Conflict) => {
                self.reread_or_bury(
                    grant,
                    &Credential { generation: -1, sealed: Vec::new(), grant: grant.id },
                )
                .await
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Another refresh may have been first: what it stored is good.
    async fn reread_or_bury(&self, grant: &Grant, spent: &Credential) -> Result<TokenSet, ServiceError> {
        match self.store.credential(grant.id).await? {
            Some(newer) if newer.generation != spent.generation => self.open_tokens(&newer),
            Some(_) => self.bury(grant).await,
            None => Err(dead(grant)),
        }
    }

    async fn bury<T>(&self, grant: &Grant) -> Result<T, ServiceError> {
        let gone = Grant { status: GrantStatus::NeedsReauth, updated_at: self.clock.now(), ..grant.clone() };
        let body = json!({"grant_id": grant.id, "provider": grant.provider, "user": grant.user});
        let notes = Notes {
            audit: self.audit_entry(&grant.app, "grant.needs_reauth", grant.id, json!({})),
            event: Some(self.event(&grant.app, "grant.needs_reauth", body)),
        };
        self.store.save_grant(&gone, &notes).await?;
        Err(dead(grant))
    }
}

fn dead(grant: &Grant) -> ServiceError {
    ServiceError::Revoked { grant: grant.id, provider: grant.provider.clone() }
}
