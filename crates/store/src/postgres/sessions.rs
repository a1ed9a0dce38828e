//! Sessions, replaced over the version that was read.

use async_trait::async_trait;
use grantway_core::{Digest, SessionId, Timestamp, session::Session};
use sqlx::PgConnection;

use super::{
    PostgresStore,
    journal::{insert_audit, insert_notes},
};
use crate::{
    AuditEntry, Changes, Notes, Sessions, StoreError,
    conflict::{changed_one, conflict_if_unique},
    rows::{json, session},
};

#[async_trait]
impl Sessions for PostgresStore {
    async fn mint(&self, session: &Session, token: &Digest, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "insert into sessions (id, app_id, user_id, token_digest, body, version, forget_at) values ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(session.id.as_str())
        .bind(session.app.as_str())
        .bind(&session.terms.user.id)
        .bind(token.as_bytes())
        .bind(json(session))
        .bind(session.version)
        .bind(session.readable_until().0)
        .execute(&mut *tx)
        .await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError> {
        let query = sqlx::query_scalar("select body from sessions where id = $1").bind(id.as_str());
        session(query.fetch_optional(&self.pool).await?)
    }

    async fn session_of_token(&self, token: &Digest) -> Result<Option<Session>, StoreError> {
        let query =
            sqlx::query_scalar("select body from sessions where token_digest = $1").bind(token.as_bytes());
        session(query.fetch_optional(&self.pool).await?)
    }

    async fn session_of_poll(&self, poll: &Digest) -> Result<Option<Session>, StoreError> {
        let query =
            sqlx::query_scalar("select body from sessions where poll_digest = $1").bind(poll.as_bytes());
        session(query.fetch_optional(&self.pool).await?)
    }

    async fn session_of_return_code(
        &self,
        code: &Digest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError> {
        let query = sqlx::query_scalar(
            "select s.body from return_codes r join sessions s on s.id = r.session_id where r.digest = $1 and r.expires_at > $2",
        )
        .bind(code.as_bytes())
        .bind(now.0);
        session(query.fetch_optional(&self.pool).await?)
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }

    async fn save_session(&self, session: &Session, notes: &Notes) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, session).await?;
        insert_notes(&mut tx, notes).await?;
        Ok(tx.commit().await?)
    }

    async fn forget_return_code(&self, code: &Digest) -> Result<(), StoreError> {
        sqlx::query("delete from return_codes where digest = $1")
            .bind(code.as_bytes())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn add_return_code(
        &self,
        session: &SessionId,
        code: &Digest,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query("insert into return_codes (digest, session_id, expires_at) values ($1, $2, $3)")
            .bind(code.as_bytes())
            .bind(session.as_str())
            .bind(expires_at.0)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn forget_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let query = sqlx::query(
            "delete from sessions where id in (select id from sessions where forget_at <= $1 for update skip locked)",
        ).bind(now.0);
        Ok(query.execute(&self.pool).await?.rows_affected())
    }
}

/// Writes the session as version + 1, if the stored one is still at its version. Every server hears of it with
/// the commit.
pub(super) async fn update_session(tx: &mut PgConnection, session: &Session) -> Result<(), StoreError> {
    let mut next = session.clone();
    next.version += 1;
    let poll = next.opening.as_ref().and_then(|opening| opening.poll);
    let query = sqlx::query(
        "update sessions set body = $1, version = $2, poll_digest = $3, forget_at = $4 where id = $5 and version = $6 \
         returning pg_notify('changed', id)",
    )
    .bind(json(&next))
    .bind(next.version)
    .bind(poll.as_ref().map(Digest::as_bytes))
    .bind(next.readable_until().0)
    .bind(next.id.as_str())
    .bind(session.version);
    let result = query.execute(tx).await.map_err(conflict_if_unique)?;
    changed_one(result.rows_affected())
}
