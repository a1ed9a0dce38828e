//! Requests that may be sent again: one of them is at work, the others wait for its answer.

use async_trait::async_trait;
use grantway_core::Timestamp;

use super::SqliteStore;
use crate::{Begun, OnceRequest, OnceRequests, StoreError, conflict::changed_one, rows::OnceRow};

#[async_trait]
impl OnceRequests for SqliteStore {
    /// Takes the key if nobody has it, or who had it is too old; the primary key decides between two.
    async fn begin_once(
        &self,
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
        .execute(&self.pool)
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(Begun::First);
        }
        let query = sqlx::query_as(
            "select request_digest, sealed_answer from once_requests where app_id = $1 and key_digest = $2",
        );
        let query = query.bind(request.app.as_str()).bind(request.key.as_bytes());
        let row: Option<OnceRow> = query.fetch_optional(&self.pool).await?;
        // Given back just now: whoever asks again is the first.
        row.map_or(Ok(Begun::AtWork), |row| row.read(&request.asked))
    }

    async fn keep_once(
        &self,
        request: &OnceRequest,
        sealed: &[u8],
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "update once_requests set sealed_answer = $1, expires_at = $2 \
             where app_id = $3 and key_digest = $4 and owner = $5 and sealed_answer is null",
        );
        let query = query.bind(sealed).bind(until.0).bind(request.app.as_str()).bind(request.key.as_bytes());
        changed_one(query.bind(&request.owner).execute(&self.pool).await?.rows_affected())
    }

    async fn give_back_once(&self, request: &OnceRequest) -> Result<(), StoreError> {
        let query = sqlx::query(
            "delete from once_requests \
             where app_id = $1 and key_digest = $2 and owner = $3 and sealed_answer is null",
        );
        let query = query.bind(request.app.as_str()).bind(request.key.as_bytes()).bind(&request.owner);
        query.execute(&self.pool).await?;
        Ok(())
    }

    async fn forget_once(&self, now: Timestamp) -> Result<u64, StoreError> {
        let query = sqlx::query("delete from once_requests where expires_at <= $1").bind(now.0);
        Ok(query.execute(&self.pool).await?.rows_affected())
    }
}
