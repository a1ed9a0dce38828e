//! Sealed values, counted and replaced over what was read.

use async_trait::async_trait;
use grantway_core::Timestamp;

use super::{PostgresStore, journal::insert_audit};
use crate::{
    AuditEntry, Otherwise, Resealed, Sealed, SealedCount, SealedPlace, SealedValue, StoreError,
    conflict::changed_one,
    sealed::{Column, counted},
};

#[async_trait]
impl Sealed for PostgresStore {
    async fn sealed_counts(&self, now: Timestamp) -> Result<Vec<SealedCount>, StoreError> {
        // One moment for all places: a value may move between them.
        let mut tx = self.pool.begin_with("begin isolation level repeatable read read only").await?;
        let mut counts = Vec::new();
        for counted in counted() {
            let query = sqlx::AssertSqlSafe(counted.query(now, head_in_json));
            let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(query).fetch_all(&mut *tx).await?;
            let of_place = |(head, count)| SealedCount { place: counted.name, head, count };
            counts.extend(rows.into_iter().map(of_place));
        }
        Ok(counts)
    }

    async fn sealed_otherwise(&self, wish: Otherwise<'_>) -> Result<Vec<SealedValue>, StoreError> {
        let query = sqlx::query_as(sqlx::AssertSqlSafe(wish.query()));
        Ok(query.bind(wish.head).bind(wish.after).bind(wish.limit).fetch_all(&self.pool).await?)
    }

    async fn reseal(&self, place: SealedPlace, values: &[Resealed]) -> Result<u64, StoreError> {
        let Column { table, row, value, .. } = place.column();
        // A row that someone else has is left for later: who waits for nobody can't be in a deadlock.
        let text = format!(
            "update {table} set {value} = $1 where {row} = \
             (select {row} from {table} where {row} = $2 and {value} = $3 for update skip locked)"
        );
        let mut tx = self.write().await?;
        let mut replaced = 0;
        for Resealed { was, sealed } in values {
            let query = sqlx::query(sqlx::AssertSqlSafe(text.clone()));
            let query = query.bind(sealed).bind(&was.row).bind(&was.sealed);
            replaced += query.execute(&mut *tx).await?.rows_affected();
        }
        tx.commit().await?;
        Ok(replaced)
    }

    async fn change_canary(&self, from: &[u8], to: &[u8], audit: &[AuditEntry]) -> Result<(), StoreError> {
        let mut tx = self.write().await?;
        let query = sqlx::query("update meta set value = $1 where name = 'canary' and value = $2");
        changed_one(query.bind(to).bind(from).execute(&mut *tx).await?.rows_affected())?;
        for entry in audit {
            insert_audit(&mut tx, entry).await?;
        }
        Ok(tx.commit().await?)
    }
}

fn head_in_json(column: &str, path: &str) -> String {
    format!(
        "(select decode(string_agg(lpad(to_hex(byte::int), 2, '0'), '' order by place), 'hex') \
         from json_array_elements_text({column}::json #> '{{{path}}}') with ordinality as bytes (byte, place) where place <= 9)"
    )
}
