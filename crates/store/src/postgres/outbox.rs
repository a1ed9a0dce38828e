//! Events and their deliveries. Who changes both an endpoint and deliveries locks the endpoint first.

pub(super) mod write;

use async_trait::async_trait;
use grantway_core::{AppId, EndpointId, Timestamp};

use super::{PostgresStore, journal::insert_audit};
use crate::{
    AuditEntry, Claim, Claimed, Delivery, Endpoint, EventFilter, Outbox, PlacedEvent, Replay, Settled,
    StoreError,
    rows::{ClaimedRow, DeliveryRow, EndpointRow, PlacedRow, id},
};
use write::{begin, settle};

#[async_trait]
impl Outbox for PostgresStore {
    async fn events(&self, app: &AppId, filter: &EventFilter) -> Result<Vec<PlacedEvent>, StoreError> {
        let rows: Vec<PlacedRow> = sqlx::query_as(
            "select id, app_id, kind, body, created_at, position from outbox \
             where app_id = $1 and position > $2 and ($3 is null or kind = $3) order by position limit $4",
        )
        .bind(app.as_str())
        .bind(filter.after)
        .bind(&filter.kind)
        .bind(filter.limit)
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(PlacedRow::read).collect()
    }

    async fn forget_events(&self, before: Timestamp) -> Result<u64, StoreError> {
        let query = sqlx::query("delete from outbox where created_at < $1").bind(before.0);
        Ok(query.execute(&self.pool).await?.rows_affected())
    }

    async fn endpoints(&self, app: &AppId) -> Result<Vec<Endpoint>, StoreError> {
        let rows: Vec<EndpointRow> = sqlx::query_as(
            "select id, app_id, url, sealed_secrets, kinds, disabled_at from webhook_endpoints \
             where app_id = $1 order by url",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(EndpointRow::read).collect()
    }

    async fn endpoint(&self, id: &EndpointId) -> Result<Option<Endpoint>, StoreError> {
        let row: Option<EndpointRow> = sqlx::query_as(
            "select id, app_id, url, sealed_secrets, kinds, disabled_at from webhook_endpoints where id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(&self.pool)
        .await?;
        row.map(EndpointRow::read).transpose()
    }

    async fn due_endpoints(&self, now: Timestamp) -> Result<Vec<EndpointId>, StoreError> {
        let ids: Vec<String> = sqlx::query_scalar(
            "select id from webhook_endpoints as w where disabled_at is null and exists (\
             select 1 from deliveries where endpoint_id = w.id and next_at <= $1 \
             and (claimed_until is null or claimed_until <= $1))",
        )
        .bind(now.0)
        .fetch_all(&self.pool)
        .await?;
        ids.iter().map(|text| id(text)).collect()
    }

    async fn claim_deliveries(&self, claim: &Claim) -> Result<Vec<Claimed>, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "with due as materialized (\
             select event_id from deliveries where endpoint_id = $3 and next_at <= $4 \
             and (claimed_until is null or claimed_until <= $4) order by next_at, position limit $5 \
             for update skip locked) \
             update deliveries set claimed_by = $1, claimed_until = $2, attempts = attempts + 1 \
             where endpoint_id = $3 and event_id in (select event_id from due)",
        )
        .bind(&claim.owner)
        .bind(claim.until.0)
        .bind(claim.endpoint.as_str())
        .bind(claim.now.0)
        .bind(claim.limit)
        .execute(&mut *tx)
        .await?;
        let rows: Vec<ClaimedRow> = sqlx::query_as(
            "select e.id, e.app_id, e.kind, e.body, e.created_at, d.attempts \
             from deliveries d join outbox e on e.id = d.event_id \
             where d.endpoint_id = $1 and d.next_at is not null and d.claimed_by = $2 order by d.position",
        )
        .bind(claim.endpoint.as_str())
        .bind(&claim.owner)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        rows.into_iter().map(ClaimedRow::read).collect()
    }

    async fn settle_delivery(&self, settled: &Settled) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        settle(&mut tx, settled).await?;
        Ok(tx.commit().await?)
    }

    async fn disable_endpoint(
        &self,
        settled: &Settled,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("update webhook_endpoints set disabled_at = $1 where id = $2")
            .bind(now.0)
            .bind(settled.endpoint.as_str())
            .execute(&mut *tx)
            .await?;
        settle(&mut tx, settled).await?;
        sqlx::query(
            "update deliveries set next_at = null, claimed_by = null, claimed_until = null, last_error = $1 \
             where endpoint_id = $2 and next_at is not null",
        )
        .bind(&settled.error)
        .bind(settled.endpoint.as_str())
        .execute(&mut *tx)
        .await?;
        insert_audit(&mut tx, audit).await?;
        Ok(tx.commit().await?)
    }

    async fn undelivered(&self, app: &AppId) -> Result<Vec<Delivery>, StoreError> {
        let rows: Vec<DeliveryRow> = sqlx::query_as(
            "select d.event_id, e.kind, d.endpoint_id, d.attempts, d.next_at, d.last_status, d.last_error \
             from deliveries d join outbox e on e.id = d.event_id \
             where e.app_id = $1 and d.delivered_at is null order by d.position, d.endpoint_id",
        )
        .bind(app.as_str())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(DeliveryRow::read).collect()
    }

    async fn replay(
        &self,
        app: &AppId,
        which: &Replay,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<u64, StoreError> {
        let mut tx = self.write().await?;
        sqlx::query("update webhook_endpoints set disabled_at = null where app_id = $1")
            .bind(app.as_str())
            .execute(&mut *tx)
            .await?;
        let again = begin(&mut tx, app, which, now).await?;
        insert_audit(&mut tx, audit).await?;
        sqlx::query("select pg_notify('changed', 'event')").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(again)
    }
}
