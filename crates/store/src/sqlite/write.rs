//! The parts that several transactions share. Each runs in its caller's.

use grantway_core::{Digest, grant::Grant, session::Session};
use sqlx::SqliteConnection;

use super::read::json;
use crate::{AuditEntry, Notes, StoreError};

pub(super) fn changed_one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::Conflict) }
}

/// Writes the session as version + 1, if the stored one is still at its version.
pub(super) async fn update_session(tx: &mut SqliteConnection, session: &Session) -> Result<(), StoreError> {
    let mut next = session.clone();
    next.version += 1;
    let poll = next.opening.as_ref().and_then(|opening| opening.poll);
    let query = sqlx::query(
        "update sessions set body = $1, version = $2, poll_digest = $3, forget_at = $4 where id = $5 and version = $6",
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

pub(super) async fn upsert_grant(tx: &mut SqliteConnection, grant: &Grant) -> Result<(), StoreError> {
    sqlx::query(
        "insert into grants (id, app_id, user_id, provider_id, account_key, status, body, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do update set \
         account_key = excluded.account_key, status = excluded.status, body = excluded.body",
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

pub(super) async fn insert_notes(tx: &mut SqliteConnection, notes: &Notes) -> Result<(), StoreError> {
    insert_audit(tx, &notes.audit).await?;
    let Some(event) = &notes.event else { return Ok(()) };
    sqlx::query("insert into outbox (id, app_id, kind, body, created_at) values ($1, $2, $3, $4, $5)")
        .bind(&event.id)
        .bind(event.app.as_str())
        .bind(&event.kind)
        .bind(event.body.to_string())
        .bind(event.created_at.0)
        .execute(tx)
        .await?;
    Ok(())
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

pub(super) fn conflict_if_unique(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(database) if database.is_unique_violation() => StoreError::Conflict,
        _ => StoreError::Database(error),
    }
}
