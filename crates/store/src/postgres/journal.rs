//! The audit, and what a change leaves behind.

use async_trait::async_trait;
use grantway_core::AppId;
use sqlx::PgConnection;

use super::{PostgresStore, outbox::write::insert_event};
use crate::{AuditEntry, Journal, Notes, StoreError, rows::AuditRow};

#[async_trait]
impl Journal for PostgresStore {
    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert_audit(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }

    async fn audit_of(&self, app: &AppId) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<AuditRow> = sqlx::query_as(
            "select id, app_id, at, action, subject, detail from audit where app_id = $1 order by at, number",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(AuditRow::read).collect()
    }
}

pub(super) async fn insert_notes(tx: &mut PgConnection, notes: &Notes) -> Result<(), StoreError> {
    insert_audit(tx, &notes.audit).await?;
    let Some(event) = &notes.event else { return Ok(()) };
    insert_event(tx, event).await
}

pub(super) async fn insert_audit(tx: &mut PgConnection, entry: &AuditEntry) -> Result<(), StoreError> {
    sqlx::query(
        "insert into audit (id, app_id, at, action, subject, detail) values ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&entry.id)
    .bind(entry.app.as_str())
    .bind(entry.at.0)
    .bind(&entry.action)
    .bind(&entry.subject)
    .bind(entry.detail.to_string())
    .execute(tx)
    .await?;
    Ok(())
}
