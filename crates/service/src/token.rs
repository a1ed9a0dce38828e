//! Use: a fresh access token for the backend.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use grantway_core::{
    AppId, GrantId, Secret, Timestamp,
    grant::{Grant, GrantStatus},
};
use grantway_engine::{EngineError, TokenSet};
use grantway_store::{Credential, Notes, StoreError};
use serde_json::json;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

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
        let tokens = if self.is_fresh(&tokens) { tokens } else { self.refreshed(&grant).await? };
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
    async fn refreshed(self: &Arc<Self>, grant: &Grant) -> Result<TokenSet, ServiceError> {
        let (service, grant) = (Arc::clone(self), grant.clone());
        let work = self.tasks.spawn(async move { service.refresh_in_turn(&grant).await });
        work.await.map_err(|_| ServiceError::Interrupted)?
    }

    /// One refresh of a grant at a time in this process: whoever waited finds the fresh token.
    async fn refresh_in_turn(&self, grant: &Grant) -> Result<TokenSet, ServiceError> {
        let _turn = self.refreshing.turn(grant.id).await;
        let credential = self.store.credential(grant.id).await?.ok_or_else(|| dead(grant))?;
        let tokens = self.open_tokens(&credential)?;
        if self.is_fresh(&tokens) {
            return Ok(tokens);
        }
        match &tokens.refresh_token {
            Some(refresh_token) => self.refresh(grant, &credential, refresh_token).await,
            None => self.bury(grant, &credential).await,
        }
    }

    async fn refresh(
        &self,
        grant: &Grant,
        credential: &Credential,
        refresh_token: &Secret,
    ) -> Result<TokenSet, ServiceError> {
        let parts = self.client(&grant.registration).await?;
        let answer =
            grantway_engine::refresh(&*self.http, &parts.client(), refresh_token, self.clock.now()).await;
        let tokens = match answer {
            Ok(tokens) => tokens,
            Err(EngineError::InvalidGrant) => return self.bury(grant, credential).await,
            Err(error) => return Err(error.into()),
        };
        let sealed = self.vault.seal(tokens.to_plain().expose(), &grant_place(grant.id), &*self.entropy);
        match self.store.save_credential(&Credential { sealed, ..credential.clone() }).await {
            Ok(()) => Ok(tokens),
            Err(StoreError::Conflict) => self.newer(grant, credential).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The grant is dead, unless somebody stored a newer credential meanwhile: that one is good.
    async fn bury(&self, grant: &Grant, spent: &Credential) -> Result<TokenSet, ServiceError> {
        let gone = Grant { status: GrantStatus::NeedsReauth, updated_at: self.clock.now(), ..grant.clone() };
        let body = json!({"grant_id": grant.id, "provider": grant.provider, "user": grant.user});
        let notes = Notes {
            audit: self.audit_entry(&grant.app, "grant.needs_reauth", grant.id, json!({})),
            event: Some(self.event(&grant.app, "grant.needs_reauth", body)),
        };
        match self.store.bury(&gone, spent.generation, &notes).await {
            Ok(()) => Err(dead(grant)),
            Err(StoreError::Conflict) => self.newer(grant, spent).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn newer(&self, grant: &Grant, spent: &Credential) -> Result<TokenSet, ServiceError> {
        match self.store.credential(grant.id).await? {
            Some(newer) if newer.generation != spent.generation => self.open_tokens(&newer),
            _ => Err(dead(grant)),
        }
    }
}

fn dead(grant: &Grant) -> ServiceError {
    ServiceError::Revoked { grant: grant.id, provider: grant.provider.clone() }
}

/// One lock a grant, for as long as anyone waits for it.
#[derive(Default)]
pub(crate) struct GrantLocks(Mutex<HashMap<GrantId, Weak<AsyncMutex<()>>>>);

impl GrantLocks {
    async fn turn(&self, grant: GrantId) -> OwnedMutexGuard<()> {
        let lock = self.lock_of(grant);
        lock.lock_owned().await
    }

    fn lock_of(&self, grant: GrantId) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| lock.strong_count() > 0);
        if let Some(lock) = locks.get(&grant).and_then(Weak::upgrade) {
            return lock;
        }
        let lock = Arc::new(AsyncMutex::new(()));
        locks.insert(grant, Arc::downgrade(&lock));
        lock
    }
}
