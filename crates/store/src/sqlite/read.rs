//! Rows back into words.

use grantway_core::{Digest, Timestamp, app::Registration, grant::Grant, session::Session};
use serde_json::Value;
use sqlx::{Row, sqlite::SqliteRow};

use crate::{Attempt, AuditEntry, Event, HeldCode, StoreError};

/// Our own types always serialize; an empty text would be refused on reading.
pub(super) fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(text: &str, what: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(what))
}

pub(super) fn session(body: Option<String>) -> Result<Option<Session>, StoreError> {
    body.map(|body| parse(&body, "session")).transpose()
}

#[expect(clippy::ptr_arg, reason = "mapped over rows of Strings")]
pub(super) fn grant(body: &String) -> Result<Grant, StoreError> {
    parse(body, "grant")
}

pub(super) fn registration(row: &SqliteRow) -> Result<Registration, StoreError> {
    Ok(Registration {
        id: id(row, "id")?,
        app: id(row, "app_id")?,
        provider: id(row, "provider_id")?,
        client_id: row.try_get("client_id")?,
        sealed_secret: row.try_get("sealed_secret")?,
        sealed_parameters: row.try_get("sealed_parameters")?,
        scopes: parse(row.try_get("scopes")?, "scope list")?,
        allowed_scopes: parse(row.try_get("allowed_scopes")?, "scope list")?,
    })
}

pub(super) fn is_held(row: &SqliteRow, now: Timestamp) -> Result<bool, StoreError> {
    let until: Option<i64> = row.try_get("lease_until")?;
    Ok(until.is_some_and(|until| until > now.0))
}

pub(super) fn attempt(row: &SqliteRow) -> Result<Option<Attempt>, StoreError> {
    let at: Option<i64> = row.try_get("attempt_at")?;
    let count = row.try_get("attempts")?;
    Ok(at.map(|at| Attempt { at: Timestamp(at), count }))
}

pub(super) fn held_code(row: &SqliteRow, completion: Digest) -> Result<HeldCode, StoreError> {
    let (flow, sealed_code) = parse(row.try_get("body")?, "held code")?;
    Ok(HeldCode {
        completion,
        session: id(row, "session_id")?,
        flow,
        sealed_code,
        expires_at: Timestamp(row.try_get("expires_at")?),
    })
}

pub(super) fn audit_entry(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: row.try_get("id")?,
        app: id(row, "app_id")?,
        at: Timestamp(row.try_get("at")?),
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: parse::<Value>(row.try_get("detail")?, "audit row")?,
    })
}

pub(super) fn event(row: &SqliteRow) -> Result<Event, StoreError> {
    Ok(Event {
        id: row.try_get("id")?,
        app: id(row, "app_id")?,
        kind: row.try_get("kind")?,
        body: parse::<Value>(row.try_get("body")?, "event")?,
        created_at: Timestamp(row.try_get("created_at")?),
    })
}

pub(super) fn id<T: std::str::FromStr>(row: &SqliteRow, column: &'static str) -> Result<T, StoreError> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|_| StoreError::Unreadable("id"))
}
