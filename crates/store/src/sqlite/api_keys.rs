//! API keys: what a key may do, and at most two active ones of a name.

use grantway_core::{AppId, Digest, Timestamp};
use sqlx::{Row, SqliteConnection, SqlitePool, sqlite::SqliteRow};

use super::{
    read::{id, json, parse},
    write::{changed_one, conflict_if_unique},
};
use crate::{ApiKey, StoreError};

const COLUMNS: &str = "id, app_id, name, digest, scopes, created_at, expires_at, revoked_at";

/// Takes one of the name's two places. The unique index on them is what counts; looking first only finds
/// the free one.
pub(super) async fn add(tx: &mut SqliteConnection, key: &ApiKey) -> Result<(), StoreError> {
    free_expired(tx, key).await?;
    let added = sqlx::query(
        "insert into api_keys (id, app_id, name, digest, scopes, place, created_at, expires_at) \
         select $1, $2, $3, $4, $5, places.place, $6, $7 from (select 1 as place union all select 2) as places \
         where (select count(*) from api_keys where app_id = $2 and name = $3 and revoked_at is null) < 2 \
         and places.place not in (select place from api_keys where app_id = $2 and name = $3 and revoked_at is null) \
         order by places.place limit 1",
    )
    .bind(&key.id)
    .bind(key.app.as_str())
    .bind(&key.name)
    .bind(key.digest.as_bytes())
    .bind(json(&key.scopes))
    .bind(key.created_at.0)
    .bind(key.expires_at.map(|end| end.0))
    .execute(tx)
    .await
    .map_err(conflict_if_unique)?;
    changed_one(added.rows_affected())
}

/// An expired key leaves its place.
async fn free_expired(tx: &mut SqliteConnection, key: &ApiKey) -> Result<(), StoreError> {
    sqlx::query(
        "update api_keys set revoked_at = expires_at \
         where app_id = $1 and name = $2 and revoked_at is null and expires_at <= $3",
    )
    .bind(key.app.as_str())
    .bind(&key.name)
    .bind(key.created_at.0)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn by_digest(pool: &SqlitePool, digest: &Digest) -> Result<Option<ApiKey>, StoreError> {
    let text = format!("select {COLUMNS} from api_keys where digest = $1");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(digest.as_bytes());
    query.fetch_optional(pool).await?.as_ref().map(api_key).transpose()
}

pub(super) async fn of_app(pool: &SqlitePool, app: &AppId) -> Result<Vec<ApiKey>, StoreError> {
    let text = format!("select {COLUMNS} from api_keys where app_id = $1 order by created_at, id");
    let query = sqlx::query(sqlx::AssertSqlSafe(text)).bind(app.as_str());
    query.fetch_all(pool).await?.iter().map(api_key).collect()
}

pub(super) async fn revoke(
    tx: &mut SqliteConnection,
    app: &AppId,
    id: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "update api_keys set revoked_at = $1 where id = $2 and app_id = $3 and revoked_at is null",
    );
    let revoked = query.bind(now.0).bind(id).bind(app.as_str()).execute(tx).await?;
    changed_one(revoked.rows_affected())
}

fn api_key(row: &SqliteRow) -> Result<ApiKey, StoreError> {
    let digest: &[u8] = row.try_get("digest")?;
    let moment = |column| row.try_get::<Option<i64>, _>(column).map(|at| at.map(Timestamp));
    Ok(ApiKey {
        id: row.try_get("id")?,
        app: id(row, "app_id")?,
        name: row.try_get("name")?,
        digest: Digest::try_from(digest).map_err(|_| StoreError::Unreadable("digest"))?,
        scopes: parse(row.try_get("scopes")?, "scope list")?,
        created_at: Timestamp(row.try_get("created_at")?),
        expires_at: moment("expires_at")?,
        revoked_at: moment("revoked_at")?,
    })
}
