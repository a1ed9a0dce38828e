//! The backend's view of its grants, and their end.

use std::sync::Arc;

use grantway_core::{
    AppId, GrantId,
    grant::{Connection, Grant, GrantStatus},
};
use grantway_engine::TokenSet;
use grantway_store::{GrantFilter, Notes, StoreError};
use serde_json::json;

use crate::{Service, ServiceError, grant_place};

impl Service {
    /// An app's grants, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn grants(&self, app: &AppId, filter: &GrantFilter) -> Result<Vec<Connection>, ServiceError> {
        let grants = self.store.grants(app, filter).await?;
        Ok(grants.iter().map(|grant| self.shown(grant)).collect())
    }

    /// One grant.
    ///
    /// # Errors
    /// When the app has no such grant.
    pub async fn grant(&self, app: &AppId, id: GrantId) -> Result<Connection, ServiceError> {
        let grant = self.store.grant(app, id).await?.ok_or(ServiceError::NoGrant)?;
        Ok(self.shown(&grant))
    }

    /// Revokes a grant at the provider, then forgets its tokens, in a task of its own. A provider that
    /// can't be told does not keep them alive here.
    ///
    /// # Errors
    /// When the app has no such grant.
    pub async fn revoke(self: &Arc<Self>, app: &AppId, id: GrantId) -> Result<Connection, ServiceError> {
        let (service, app) = (Arc::clone(self), app.clone());
        let work = self.tasks.spawn(async move { service.revoke_now(&app, id).await });
        work.await.map_err(|_| ServiceError::Interrupted)?
    }

    async fn revoke_now(&self, app: &AppId, id: GrantId) -> Result<Connection, ServiceError> {
        let grant = self.store.grant(app, id).await?.ok_or(ServiceError::NoGrant)?;
        if grant.status == GrantStatus::Revoked {
            return Ok(self.shown(&grant));
        }
        let told = self.revoke_at_provider(&grant).await;
        if let Err(error) = &told {
            tracing::warn!(grant = %id, %error, "the provider could not be told of a revocation");
        }
        let grant = Grant { status: GrantStatus::Revoked, updated_at: self.clock.now(), ..grant };
        let shown = self.shown(&grant);
        let notes = Notes {
            audit: self.audit_entry(app, "grant.revoked", id, json!({"told_provider": told.is_ok()})),
            event: Some(self.event(app, "grant.revoked", json!(shown))),
        };
        match self.store.revoke(&grant, &notes).await {
            Ok(()) => Ok(shown),
            // Another call was first, and told of it.
            Err(StoreError::Conflict) => self.grant(app, id).await,
            Err(error) => Err(error.into()),
        }
    }

    async fn revoke_at_provider(&self, grant: &Grant) -> Result<(), ServiceError> {
        let Some(credential) = self.store.credential(grant.id).await? else { return Ok(()) };
        let tokens = TokenSet::from_plain(&self.vault.open(&credential.sealed, &grant_place(grant.id))?)?;
        let parts = self.client(&grant.registration, &grant.parameters).await?;
        Ok(grantway_engine::revoke(&*self.http, &parts.client(), &tokens, self.clock.now()).await?)
    }

    fn shown(&self, grant: &Grant) -> Connection {
        grant.connection(&self.provider_name(&grant.provider))
    }
}
