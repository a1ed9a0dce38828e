//! Grants, remembered with all that a connection brings.

use async_trait::async_trait;
use grantway_core::{
    AppId, GrantId, ProviderId,
    grant::{Grant, GrantStatus},
};
use sqlx::PgConnection;

use super::{
    PostgresStore,
    journal::{insert_audit, insert_notes},
    sessions::update_session,
};
use crate::{
    Connect, GrantFilter, Grants, Notes, StoreError,
    conflict::{changed_one, conflict_if_unique},
    rows::{self, json, parse},
};

#[async_trait]
impl Grants for PostgresStore {
    async fn connect(&self, connect: &Connect<'_>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, connect.session).await?;
        match connect.was {
            Some(was) => update_grant(&mut tx, connect.grant, was).await?,
            None => insert_grant(&mut tx, connect.grant).await?,
        }
        let untold = sqlx::query("delete from pending_revocations where grant_id = $1")
            .bind(connect.grant.id.to_string())
            .execute(&mut *tx)
            .await?;
        if untold.rows_affected() > 0 {
            insert_audit(&mut tx, connect.untold).await?;
        }
        // What was kept may be on its way to the provider, or spent by an attempt of which nobody knows.
        let kept = sqlx::query(
            "insert into credentials (grant_id, sealed, generation, refresh_at) values ($1, $2, $5, $4) \
             on conflict (grant_id) do update set sealed = excluded.sealed, generation = credentials.generation + 1, \
             lease_owner = null, lease_until = null, \
             attempt_at = case when $3::bigint is null then null else credentials.attempt_at end, \
             attempts = case when $3::bigint is null then 0 else credentials.attempts end, refresh_at = excluded.refresh_at \
             where $3::bigint is null or (credentials.generation = $3 and (not $6 or coalesce(credentials.lease_until <= (extract(epoch from clock_timestamp()) * 1000), true)))",
        )
        .bind(connect.grant.id.to_string())
        .bind(connect.sealed)
        .bind(connect.kept_from)
        .bind(connect.refresh_at.map(|at| at.0))
        // A grant's next credential, after a revocation, must not look like this one.
        .bind(connect.grant.updated_at.0)
        .bind(connect.waits)
        .execute(&mut *tx)
        .await?;
        if connect.kept_from.is_some() && kept.rows_affected() == 0 {
            return Err(StoreError::Busy);
        }
        insert_notes(&mut tx, connect.notes).await?;
        Ok(tx.commit().await?)
    }

    async fn grant(&self, app: &AppId, id: GrantId) -> Result<Option<Grant>, StoreError> {
        let query = sqlx::query_scalar("select body from grants where app_id = $1 and id = $2");
        let body: Option<String> =
            query.bind(app.as_str()).bind(id.to_string()).fetch_optional(&self.pool).await?;
        body.map(|body| parse(&body, "grant")).transpose()
    }

    async fn grants_of_user(
        &self,
        app: &AppId,
        user: &str,
        provider: &ProviderId,
    ) -> Result<Vec<Grant>, StoreError> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "select body from grants where app_id = $1 and user_id = $2 and provider_id = $3 order by created_at, id",
        )
        .bind(app.as_str())
        .bind(user)
        .bind(provider.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows::grants(&bodies)
    }

    async fn grants(&self, app: &AppId, filter: &GrantFilter) -> Result<Vec<Grant>, StoreError> {
        let bodies: Vec<String> = sqlx::query_scalar(
            "select body from grants where app_id = $1 \
             and ($2 is null or user_id = $2) and ($3 is null or provider_id = $3) and ($4 is null or status = $4) \
             and ($5 is null or (created_at, id) > (select created_at, id from grants where app_id = $1 and id = $5)) \
             order by created_at, id limit $6",
        )
        .bind(app.as_str())
        .bind(&filter.user)
        .bind(&filter.provider)
        .bind(filter.status.map(GrantStatus::as_str))
        .bind(filter.after.map(|id| id.to_string()))
        .bind(filter.limit)
        .fetch_all(&self.pool)
        .await?;
        rows::grants(&bodies)
    }

    async fn bury(&self, grant: &Grant, generation: i64, notes: &Notes) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        if !lock_active(&mut tx, grant.id).await? {
            return Err(StoreError::Conflict);
        }
        let buried = sqlx::query(
            "update grants set status = $1, body = $2 where id = $3 \
             and exists (select 1 from credentials where grant_id = $3 and generation = $4)",
        )
        .bind(grant.status.as_str())
        .bind(json(grant))
        .bind(grant.id.to_string())
        .bind(generation)
        .execute(&mut *tx)
        .await?;
        changed_one(buried.rows_affected())?;
        sqlx::query("update credentials set refresh_at = null where grant_id = $1")
            .bind(grant.id.to_string())
            .execute(&mut *tx)
            .await?;
        insert_notes(&mut tx, notes).await?;
        Ok(tx.commit().await?)
    }
}

async fn insert_grant(tx: &mut PgConnection, grant: &Grant) -> Result<(), StoreError> {
    sqlx::query(
        "insert into grants (id, app_id, user_id, provider_id, account_key, status, body, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(grant.id.to_string())
    .bind(grant.app.as_str())
    .bind(&grant.user.id)
    .bind(grant.provider.as_str())
    .bind(grant.account_key())
    .bind(grant.status.as_str())
    .bind(json(grant))
    .bind(grant.created_at.0)
    .execute(tx)
    .await
    .map_err(conflict_if_unique)?;
    Ok(())
}

/// Replaces a grant that is still in the state in which it was read.
pub(super) async fn update_grant(
    tx: &mut PgConnection,
    grant: &Grant,
    was: GrantStatus,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "update grants set account_key = $1, status = $2, body = $3 where id = $4 and status = $5",
    )
    .bind(grant.account_key())
    .bind(grant.status.as_str())
    .bind(json(grant))
    .bind(grant.id.to_string())
    .bind(was.as_str());
    changed_one(query.execute(tx).await.map_err(conflict_if_unique)?.rows_affected())
}

/// Locks a grant, if it is active. Whatever reads and then writes its credential begins with this or with
/// [`update_grant`], so that replicas take turns at a grant and never deadlock.
pub(super) async fn lock_active(tx: &mut PgConnection, grant: GrantId) -> Result<bool, StoreError> {
    let query = sqlx::query("select id from grants where id = $1 and status = 'active' for update");
    Ok(query.bind(grant.to_string()).fetch_optional(tx).await?.is_some())
}
