//! Flows and held codes, each taken once.

use async_trait::async_trait;
use grantway_core::{AppId, Digest, Timestamp, flow::Flow, session::Session};

use super::{PostgresStore, journal::insert_audit, sessions::update_session};
use crate::{
    AuditEntry, Depart, Flows, HeldCode, StoreError,
    rows::{HeldRow, json, parse},
};

#[async_trait]
impl Flows for PostgresStore {
    async fn depart(&self, depart: &Depart<'_>) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, depart.session).await?;
        sqlx::query("insert into flows (state_digest, session_id, body, expires_at) values ($1, $2, $3, $4)")
            .bind(depart.flow.state.as_bytes())
            .bind(depart.flow.session.as_str())
            .bind(json(depart.flow))
            .bind(depart.flow.expires_at.0)
            .execute(&mut *tx)
            .await?;
        insert_audit(&mut tx, depart.audit).await?;
        Ok(tx.commit().await?)
    }

    async fn flow(&self, state: &Digest) -> Result<Option<Flow>, StoreError> {
        let body: Option<String> = sqlx::query_scalar("select body from flows where state_digest = $1")
            .bind(state.as_bytes())
            .fetch_optional(&self.pool)
            .await?;
        body.map(|body| parse(&body, "flow")).transpose()
    }

    async fn take_flow(&self, state: &Digest, now: Timestamp) -> Result<bool, StoreError> {
        let taken =
            sqlx::query("update flows set taken_at = $1 where state_digest = $2 and taken_at is null")
                .bind(now.0)
                .bind(state.as_bytes())
                .execute(&self.pool)
                .await?;
        Ok(taken.rows_affected() == 1)
    }

    async fn hold(&self, session: &Session, held: &HeldCode, audit: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        update_session(&mut tx, session).await?;
        sqlx::query("insert into held_codes (completion_digest, session_id, body, expires_at) values ($1, $2, $3, $4)")
            .bind(held.completion.as_bytes())
            .bind(held.session.as_str())
            .bind(json(&(&held.flow, &held.sealed_code)))
            .bind(held.expires_at.0)
            .execute(&mut *tx)
            .await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn take_held(
        &self,
        app: &AppId,
        completion: &Digest,
        now: Timestamp,
    ) -> Result<Option<HeldCode>, StoreError> {
        let row: Option<HeldRow> = sqlx::query_as(
            "update held_codes set taken_at = $1 \
             where completion_digest = $2 and taken_at is null and expires_at > $1 \
             and session_id in (select id from sessions where app_id = $3) \
             returning session_id, body, expires_at",
        )
        .bind(now.0)
        .bind(completion.as_bytes())
        .bind(app.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| row.read(*completion)).transpose()
    }
}
