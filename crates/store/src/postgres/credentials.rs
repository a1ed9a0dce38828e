//! Credentials: one owner of a refresh at a time, each write over the generation that was read. Leases go
//! by the database's clock, which all servers share.

use async_trait::async_trait;
use grantway_core::{GrantId, Timestamp};

use super::{PostgresStore, clock, grants::lock_active};
use crate::{
    Credential, Credentials, DueRefresh, Ended, Lease, Leased, StoreError,
    conflict::changed_one,
    rows::{self, CredentialRow, LeaseRow},
};

#[async_trait]
impl Credentials for PostgresStore {
    async fn credential(&self, grant: GrantId) -> Result<Option<Credential>, StoreError> {
        let row: Option<CredentialRow> =
            sqlx::query_as("select sealed, generation, refresh_at from credentials where grant_id = $1")
                .bind(grant.to_string())
                .fetch_optional(&self.pool)
                .await?;
        Ok(row.map(|row| row.read(grant)))
    }

    async fn lease(&self, lease: &Lease) -> Result<Leased, StoreError> {
        let mut tx = self.write().await?;
        if !lock_active(&mut tx, lease.grant).await? {
            return Ok(Leased::Moved);
        }
        let now = clock::now(&mut tx).await?;
        let row: Option<LeaseRow> = sqlx::query_as(
            "select coalesce(lease_until > $3, false) as is_held, ($3 - attempt_at) / 1000 as attempt_age, attempts \
             from credentials where grant_id = $1 and generation = $2 for update",
        )
        .bind(lease.grant.to_string())
        .bind(lease.generation)
        .bind(now)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else { return Ok(Leased::Moved) };
        if row.is_held {
            return Ok(Leased::Held);
        }
        sqlx::query(
            "update credentials set lease_owner = $1, lease_until = $2, attempt_at = coalesce(attempt_at, $3), \
             attempts = attempts + 1, refresh_at = case when refresh_at < $2 then refresh_at else $2 end \
             where grant_id = $4",
        )
        .bind(&lease.owner)
        .bind(now + lease.seconds * 1000)
        .bind(now)
        .bind(lease.grant.to_string())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Leased::Taken(row.attempt()))
    }

    async fn release(&self, credential: &Credential, owner: &str, ended: Ended) -> Result<(), StoreError> {
        let forget = match ended {
            Ended::Unspent => {
                ", attempt_at = case when attempts > 1 then attempt_at end, attempts = attempts - 1, refresh_at = $3"
            }
            // Once more as soon as the lease is over; after that there is no hurry.
            Ended::Unknown => ", refresh_at = case when attempts > 1 then $3::bigint else refresh_at end",
        };
        let text = format!(
            "update credentials set lease_owner = null, lease_until = null{forget} where grant_id = $1 and lease_owner = $2"
        );
        sqlx::query(sqlx::AssertSqlSafe(text))
            .bind(credential.grant.to_string())
            .bind(owner)
            .bind(credential.refresh_at.map(|at| at.0))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn save_credential(&self, credential: &Credential, owner: &str) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        if !lock_active(&mut tx, credential.grant).await? {
            return Err(StoreError::Conflict);
        }
        let saved = sqlx::query(
            "update credentials set sealed = $1, generation = generation + 1, lease_owner = null, lease_until = null, \
             attempt_at = null, attempts = 0, refresh_at = $5 where grant_id = $2 and generation = $3 and lease_owner = $4",
        )
        .bind(&credential.sealed)
        .bind(credential.grant.to_string())
        .bind(credential.generation)
        .bind(owner)
        .bind(credential.refresh_at.map(|at| at.0))
        .execute(&mut *tx)
        .await?;
        changed_one(saved.rows_affected())?;
        Ok(tx.commit().await?)
    }

    async fn due_refreshes(&self, now: Timestamp, most: i64) -> Result<Vec<DueRefresh>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select g.body, c.refresh_at from credentials c join grants g on g.id = c.grant_id \
             where c.refresh_at <= $1 and g.status = 'active' order by c.refresh_at limit $2",
        )
        .bind(now.0)
        .bind(most)
        .fetch_all(&self.pool)
        .await?;
        rows::due_refreshes(rows)
    }

    async fn claim_refresh(&self, due: &DueRefresh, next: Timestamp) -> Result<bool, StoreError> {
        let query =
            sqlx::query("update credentials set refresh_at = $1 where grant_id = $2 and refresh_at = $3");
        let query = query.bind(next.0).bind(due.grant.id.to_string()).bind(due.at.0);
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }
}
