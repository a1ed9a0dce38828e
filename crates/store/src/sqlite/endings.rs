//! Endings: each a compare-and-set over the state, version or count that was read.

use std::time::Duration;

use async_trait::async_trait;
use grantway_core::{AppId, GrantId, RegistrationId, Timestamp, session::Session};
use sqlx::SqliteConnection;

use super::{
    SqliteStore,
    grants::update_grant,
    journal::{insert_audit, insert_notes},
    sessions::update_session,
};
use crate::{
    AuditEntry, Ending, Endings, Notes, PendingRevocation, StoreError, Telling,
    rows::{self, RevocationRow, json, parse},
};

/// How often, and how far apart, the log is tried to be emptied.
const WIPES: u32 = 20;
const WIPE_PAUSE: Duration = Duration::from_millis(100);

#[async_trait]
impl Endings for SqliteStore {
    async fn end_grant(&self, ending: &Ending<'_>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let grant = ending.grant;
        update_grant(&mut tx, grant, ending.was).await?;
        if let Some(telling) = ending.tell {
            keep_to_tell(&mut tx, ending, telling).await?;
        }
        sqlx::query("delete from credentials where grant_id = $1")
            .bind(grant.id.to_string())
            .execute(&mut *tx)
            .await?;
        insert_notes(&mut tx, ending.notes).await?;
        self.commit_event(tx).await
    }

    async fn hand_out(&self, grant: GrantId, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let active: Option<i64> =
            sqlx::query_scalar("select 1 from grants where id = $1 and status = 'active'")
                .bind(grant.to_string())
                .fetch_optional(&mut *tx)
                .await?;
        active.ok_or(StoreError::Conflict)?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn add_revocation(&self, pending: &PendingRevocation) -> Result<(), StoreError> {
        sqlx::query(
            "insert into pending_revocations \
             (id, app_id, grant_id, registration_id, parameters, sealed, created_at, next_at, attempts) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&pending.id)
        .bind(pending.app.as_str())
        .bind(pending.grant.to_string())
        .bind(pending.registration.as_str())
        .bind(json(&pending.parameters))
        .bind(&pending.sealed)
        .bind(pending.created_at.0)
        .bind(pending.next_at.0)
        .bind(pending.attempts)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    async fn registrations_to_tell(&self, now: Timestamp) -> Result<Vec<RegistrationId>, StoreError> {
        let query = sqlx::query_scalar(
            "select distinct registration_id from pending_revocations where next_at <= $1",
        );
        let ids: Vec<String> = query.bind(now.0).fetch_all(&self.pool).await?;
        ids.iter().map(|id| rows::id(id)).collect()
    }

    async fn due_revocations(
        &self,
        registration: &RegistrationId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<PendingRevocation>, StoreError> {
        let rows: Vec<RevocationRow> = sqlx::query_as(
            "select id, app_id, grant_id, registration_id, parameters, sealed, created_at, next_at, attempts \
             from pending_revocations where registration_id = $1 and next_at <= $2 order by next_at, id limit $3",
        )
        .bind(registration.as_str())
        .bind(now.0)
        .bind(limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(RevocationRow::read).collect()
    }

    async fn claim_revocation(
        &self,
        pending: &PendingRevocation,
        next_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let claimed = sqlx::query(
            "update pending_revocations set next_at = $1, attempts = attempts + 1 where id = $2 and attempts = $3",
        )
        .bind(next_at.0)
        .bind(&pending.id)
        .bind(pending.attempts)
        .execute(&self.pool)
        .await?;
        Ok(claimed.rows_affected() == 1)
    }

    async fn forget_revocation(&self, id: &str, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let query = sqlx::query("delete from pending_revocations where id = $1").bind(id);
        if query.execute(&mut *tx).await?.rows_affected() == 1 {
            insert_audit(&mut tx, audit).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn sessions_of_user(&self, app: &AppId, user: &str) -> Result<Vec<Session>, StoreError> {
        let query = sqlx::query_scalar("select body from sessions where app_id = $1 and user_id = $2");
        let bodies: Vec<String> = query.bind(app.as_str()).bind(user).fetch_all(&self.pool).await?;
        bodies.iter().map(|body| parse(body, "session")).collect()
    }

    async fn end_session(&self, session: &Session, notes: &Notes) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, session).await?;
        for text in
            ["delete from flows where session_id = $1", "delete from held_codes where session_id = $1"]
        {
            sqlx::query(text).bind(session.id.as_str()).execute(&mut *tx).await?;
        }
        insert_notes(&mut tx, notes).await?;
        self.commit(tx, &session.id).await
    }

    /// Freed pages are overwritten as they are freed (`secure_delete`); what remains is the log.
    async fn wipe(&self) -> Result<(), StoreError> {
        for _ in 0..WIPES {
            // Told in the answer: a reader of older pages is in the way.
            let is_busy: i64 =
                sqlx::query_scalar("pragma wal_checkpoint(truncate)").fetch_one(&self.pool).await?;
            if is_busy == 0 {
                return Ok(());
            }
            tokio::time::sleep(WIPE_PAUSE).await;
        }
        tracing::warn!(
            "readers kept the write-ahead log from being emptied; it is emptied by the next deletion or start"
        );
        Ok(())
    }
}

/// Moves the tokens of an ending grant to those that wait, if it has any.
async fn keep_to_tell(
    tx: &mut SqliteConnection,
    ending: &Ending<'_>,
    telling: &Telling<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into pending_revocations \
         (id, app_id, grant_id, registration_id, parameters, sealed, created_at, next_at, attempts) \
         select $1, $2, grant_id, $3, $4, sealed, $5, $5, 0 from credentials where grant_id = $6",
    )
    .bind(telling.id)
    .bind(ending.grant.app.as_str())
    .bind(ending.grant.registration.as_str())
    .bind(json(telling.parameters))
    .bind(telling.at.0)
    .bind(ending.grant.id.to_string())
    .execute(tx)
    .await?;
    Ok(())
}
