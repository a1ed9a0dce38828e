//! The backend's view of its grants, and their end.

use grantway_core::{
    AppId, GrantId,
    grant::{Connection, Grant, GrantStatus},
    ids::random_id,
};
use grantway_store::{Ending, GrantFilter, Notes, Telling};
use serde_json::json;

use crate::{Service, ServiceError, error::retried};

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

    /// Revokes a grant: no token of it is handed out from now on. Its provider is told afterwards
    /// ([`Self::keep_telling`]).
    ///
    /// # Errors
    /// When the app has no such grant.
    pub async fn revoke(&self, app: &AppId, id: GrantId) -> Result<Connection, ServiceError> {
        retried(|| self.try_revoke(app, id)).await
    }

    async fn try_revoke(&self, app: &AppId, id: GrantId) -> Result<Connection, ServiceError> {
        let grant = self.store.grant(app, id).await?.ok_or(ServiceError::NoGrant)?;
        if grant.status == GrantStatus::Revoked {
            return Ok(self.shown(&grant));
        }
        let ended = self.ended(&grant);
        self.end_grant(&grant, &ended).await?;
        Ok(self.shown(&ended))
    }

    /// As a grant becomes that ends now.
    pub(crate) fn ended(&self, grant: &Grant) -> Grant {
        Grant { status: GrantStatus::Revoked, updated_at: self.clock.now(), ..grant.clone() }
    }

    /// Commits the end of a grant; its tokens wait to be told of.
    pub(crate) async fn end_grant(&self, was: &Grant, ended: &Grant) -> Result<(), ServiceError> {
        let id = random_id("rev_", &*self.entropy);
        let telling = Telling { id: &id, parameters: &was.parameters, at: self.clock.now() };
        let can_be_told = self.can_be_told(&was.provider);
        let detail = json!({"provider_is_told": can_be_told});
        let notes = Notes {
            audit: self.audit_entry(&was.app, "grant.revoked", was.id, detail),
            event: Some(self.event(&was.app, "grant.revoked", json!(self.shown(ended)))),
        };
        let tell = can_be_told.then_some(&telling);
        self.store.end_grant(&Ending { grant: ended, was: was.status, tell, notes: &notes }).await?;
        self.revocations.notify_one();
        Ok(())
    }

    fn shown(&self, grant: &Grant) -> Connection {
        grant.connection(&self.provider_name(&grant.provider))
    }
}
