//! API keys: what a key may do, and at most two active ones of a name.

use async_trait::async_trait;
use grantway_core::{AppId, Digest, Timestamp};
use sqlx::SqliteConnection;

use super::{SqliteStore, journal::insert_audit};
use crate::{
    ApiKey, ApiKeys, AuditEntry, StoreError,
    conflict::{changed_one, conflict_if_unique},
    rows::{ApiKeyRow, json},
};

#[async_trait]
impl ApiKeys for SqliteStore {
    async fn add_api_key(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        free_expired(&mut tx, key).await?;
        insert(&mut tx, key).await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn api_key(&self, digest: &Digest) -> Result<Option<ApiKey>, StoreError> {
        let row: Option<ApiKeyRow> = sqlx::query_as(
            "select id, app_id, name, digest, scopes, created_at, expires_at, revoked_at from api_keys where digest = $1",
        )
        .bind(digest.as_bytes())
        .fetch_optional(&self.pool)
        .await?;
        row.map(ApiKeyRow::read).transpose()
    }

    async fn api_keys(&self, app: &AppId) -> Result<Vec<ApiKey>, StoreError> {
        let rows: Vec<ApiKeyRow> = sqlx::query_as(
            "select id, app_id, name, digest, scopes, created_at, expires_at, revoked_at from api_keys \
             where app_id = $1 order by created_at, id",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(ApiKeyRow::read).collect()
    }

    async fn revoke_api_key(
        &self,
        app: &AppId,
        id: &str,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let query = sqlx::query(
            "update api_keys set revoked_at = $1 where id = $2 and app_id = $3 and revoked_at is null",
        );
        let revoked = query.bind(now.0).bind(id).bind(app.as_str()).execute(&mut *tx).await?;
        changed_one(revoked.rows_affected())?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }
}

/// Takes one of the name's two places. The unique index on them is what counts; looking first only finds
/// the free one.
async fn insert(tx: &mut SqliteConnection, key: &ApiKey) -> Result<(), StoreError> {
    let added = sqlx::query(
        "insert into api_keys (id, app_id, name, digest, scopes, place, created_at, expires_at) \
         select $1, $2, $3, $4, $5, places.place, $6, $7 from (select 1 as place union all select 2) as places \
         where (select count(*) from api_keys where app_id = $2 and name = $3 and revoked_at is null) < 2 \
         and places.place not in (select place from api_keys where app_id = $2 and name = $3 and revoked_at is null) \
         order by places.place limit 1",
    )
    .bind(&key.id)
    .bind(key.app.as_str())
    .bind(&key.name)
    .bind(key.digest.as_bytes())
    .bind(json(&key.scopes))
    .bind(key.created_at.0)
    .bind(key.expires_at.map(|end| end.0))
    .execute(tx)
    .await
    .map_err(conflict_if_unique)?;
    changed_one(added.rows_affected())
}

/// An expired key leaves its place.
async fn free_expired(tx: &mut SqliteConnection, key: &ApiKey) -> Result<(), StoreError> {
    sqlx::query(
        "update api_keys set revoked_at = expires_at \
         where app_id = $1 and name = $2 and revoked_at is null and expires_at <= $3",
    )
    .bind(key.app.as_str())
    .bind(&key.name)
    .bind(key.created_at.0)
    .execute(tx)
    .await?;
    Ok(())
}
