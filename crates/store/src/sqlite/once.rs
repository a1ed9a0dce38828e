//! Requests that may be sent again: one of them is at work, the others wait for its answer.

use grantway_core::Timestamp;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::write::changed_one;
use crate::{Begun, OnceRequest, StoreError};

/// Takes the key if nobody has it, or who had it is too old; the primary key decides between two.
pub(super) async fn begin(
    tx: &mut SqliteConnection,
    request: &OnceRequest,
    now: Timestamp,
    until: Timestamp,
) -> Result<Begun, StoreError> {
    let taken = sqlx::query(
        "insert into once_requests (app_id, key_digest, request_digest, owner, expires_at) values ($1, $2, $3, $4, $5) \
         on conflict (app_id, key_digest) do update set request_digest = excluded.request_digest, \
         owner = excluded.owner, sealed_answer = null, expires_at = excluded.expires_at \
         where once_requests.expires_at <= $6",
    )
    .bind(request.app.as_str())
    .bind(request.key.as_bytes())
    .bind(request.asked.as_bytes())
    .bind(&request.owner)
    .bind(until.0)
    .bind(now.0)
    .execute(&mut *tx)
    .await?;
    if taken.rows_affected() == 1 {
        return Ok(Begun::First);
    }
    let row = sqlx::query(
        "select request_digest, sealed_answer from once_requests where app_id = $1 and key_digest = $2",
    )
    .bind(request.app.as_str())
    .bind(request.key.as_bytes())
    .fetch_one(tx)
    .await?;
    let asked: &[u8] = row.try_get("request_digest")?;
    if asked != request.asked.as_bytes() {
        return Ok(Begun::Other);
    }
    let answer: Option<Vec<u8>> = row.try_get("sealed_answer")?;
    Ok(answer.map_or(Begun::AtWork, Begun::Answered))
}

pub(super) async fn keep_answer(
    pool: &SqlitePool,
    request: &OnceRequest,
    sealed: &[u8],
    until: Timestamp,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "update once_requests set sealed_answer = $1, expires_at = $2 \
         where app_id = $3 and key_digest = $4 and owner = $5 and sealed_answer is null",
    );
    let query = query.bind(sealed).bind(until.0).bind(request.app.as_str()).bind(request.key.as_bytes());
    changed_one(query.bind(&request.owner).execute(pool).await?.rows_affected())
}

pub(super) async fn give_back(pool: &SqlitePool, request: &OnceRequest) -> Result<(), StoreError> {
    let query = sqlx::query(
        "delete from once_requests where app_id = $1 and key_digest = $2 and owner = $3 and sealed_answer is null",
    );
    let query = query.bind(request.app.as_str()).bind(request.key.as_bytes()).bind(&request.owner);
    query.execute(pool).await?;
    Ok(())
}

pub(super) async fn forget(pool: &SqlitePool, now: Timestamp) -> Result<u64, StoreError> {
    let query = sqlx::query("delete from once_requests where expires_at <= $1").bind(now.0);
    Ok(query.execute(pool).await?.rows_affected())
}
