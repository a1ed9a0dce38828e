//! API keys: made, listed, revoked, and asked what they may do.

use std::collections::BTreeSet;

use grantway_core::{AppId, KeyScope, Secret, ids::random_id};
use grantway_store::{ApiKey, StoreError};
use serde_json::json;

use crate::{Service, ServiceError};

/// A key, as asked for.
#[derive(Clone, Debug)]
pub struct KeySpec {
    /// What it is for, in the operator's words.
    pub name: String,
    /// What it may do; not nothing.
    pub scopes: BTreeSet<KeyScope>,
    /// How long it opens anything; for ever when omitted.
    pub seconds: Option<i64>,
}

/// Who calls, by a key that may do what the call needs.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose backend.
    pub app: AppId,
    /// By which key.
    pub key: String,
}

impl Service {
    /// Makes an API key. It is told once, here.
    ///
    /// # Errors
    /// When there is no such app, or it has two active keys of this name: one in use and one to come.
    pub async fn create_key(&self, app: &AppId, spec: KeySpec) -> Result<Secret, ServiceError> {
        self.known_app(app).await?;
        if spec.name.trim().is_empty() || spec.scopes.is_empty() {
            return Err(ServiceError::field("name", "a key has a name and a scope at least"));
        }
        let key = Secret::random("gw_sk_", &*self.entropy);
        let now = self.clock.now();
        let stored = ApiKey {
            id: random_id("key_", &*self.entropy),
            app: app.clone(),
            digest: key.digest(),
            created_at: now,
            expires_at: spec.seconds.map(|seconds| now.plus_seconds(seconds)),
            revoked_at: None,
            name: spec.name,
            scopes: spec.scopes,
        };
        let detail = json!({"name": stored.name, "scopes": stored.scopes, "expires_at": stored.expires_at});
        let audit = self.audit_entry(app, "key.created", &stored.id, detail);
        match self.store.add_api_key(&stored, &audit).await {
            Err(StoreError::Conflict) => Err(ServiceError::field(
                "name",
                format!(
                    "`{app}` has two active keys named `{}`; revoke one of them, or choose another name",
                    stored.name
                ),
            )),
            added => Ok(added.map(|()| key)?),
        }
    }

    /// An app's keys, oldest first; also those that open nothing any more.
    ///
    /// # Errors
    /// When there is no such app.
    pub async fn keys(&self, app: &AppId) -> Result<Vec<ApiKey>, ServiceError> {
        self.known_app(app).await?;
        Ok(self.store.api_keys(app).await?)
    }

    /// Revokes a key: from the next request on it opens nothing.
    ///
    /// # Errors
    /// When the app has no such key, or it is revoked already.
    pub async fn revoke_key(&self, app: &AppId, id: &str) -> Result<(), ServiceError> {
        self.known_app(app).await?;
        let audit = self.audit_entry(app, "key.revoked", id, json!({}));
        match self.store.revoke_api_key(app, id, self.clock.now(), &audit).await {
            Err(StoreError::Conflict) => {
                Err(ServiceError::field("key", format!("`{app}` has no key `{id}` that is not revoked")))
            }
            revoked => Ok(revoked?),
        }
    }

    /// The app whose backend holds this key, if the key may do what is asked.
    ///
    /// # Errors
    /// [`ServiceError::Unauthorized`] when nobody holds it; [`ServiceError::KeyScope`] when it may not.
    pub async fn authorize(&self, key: &Secret, needed: KeyScope) -> Result<Caller, ServiceError> {
        let found = self.store.api_key(&key.digest()).await?;
        let now = self.clock.now();
        let found = found.filter(|key| key.is_active(now)).ok_or(ServiceError::Unauthorized)?;
        if !needed.is_within(&found.scopes) {
            return Err(ServiceError::KeyScope { needed });
        }
        Ok(Caller { app: found.app, key: found.id })
    }

    async fn known_app(&self, app: &AppId) -> Result<(), ServiceError> {
        let known = self.store.app(app).await?;
        known.map(|_| ()).ok_or_else(|| {
            ServiceError::field(
                "app",
                format!("there is no app `{app}`; declare it and run `grantway apply`"),
            )
        })
    }
}
