//! The audit, and what a change leaves behind.

use async_trait::async_trait;
use grantway_core::AppId;
use sqlx::SqliteConnection;

use super::{SqliteStore, outbox::write::insert_event};
use crate::{
    AuditEntry, AuditFilter, Journal, Notes, NumberedAudit, StoreError,
    rows::{AuditRow, NumberedAuditRow},
};

#[async_trait]
impl Journal for SqliteStore {
    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        insert_audit(&mut tx, entry).await?;
        Ok(tx.commit().await?)
    }

    async fn audit_of(&self, app: &AppId) -> Result<Vec<AuditEntry>, StoreError> {
        let rows: Vec<AuditRow> = sqlx::query_as(
            "select id, app_id, at, action, subject, detail from audit where app_id = $1 order by at, rowid",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(AuditRow::read).collect()
    }

    async fn audit_page(&self, filter: &AuditFilter) -> Result<Vec<NumberedAudit>, StoreError> {
        let rows: Vec<NumberedAuditRow> = sqlx::query_as(
            "select rowid as number, id, app_id, at, action, subject, detail from audit where rowid > $1 \
             and ($2 is null or app_id = $2) and ($3 is null or at >= $3) and ($4 is null or at < $4) order by rowid limit $5",
        )
        .bind(filter.after)
        .bind(filter.app.as_ref().map(AppId::as_str))
        .bind(filter.since.map(|since| since.0))
        .bind(filter.until.map(|until| until.0))
        .bind(filter.limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(NumberedAuditRow::read).collect()
    }
}

pub(super) async fn insert_notes(tx: &mut SqliteConnection, notes: &Notes) -> Result<(), StoreError> {
    insert_audit(tx, &notes.audit).await?;
    let Some(event) = &notes.event else { return Ok(()) };
    insert_event(tx, event).await
}

pub(super) async fn insert_audit(tx: &mut SqliteConnection, entry: &AuditEntry) -> Result<(), StoreError> {
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
