//! The embedded store keeps the contract, and its file keeps what was written.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use crate::{
    EventFilter, Outbox, SqliteStore, Store, StoreError,
    contract::{self, Place},
    sealed::counted,
};

struct File(PathBuf);

impl Place for File {
    async fn store(&self) -> Arc<dyn Store> {
        Arc::new(SqliteStore::open(&self.0).await.unwrap())
    }

    async fn execute(&self, sql: String) -> Result<(), sqlx::Error> {
        let pool = SqliteStore::open(&self.0).await.unwrap().pool;
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.map(|_| ())
    }
}

#[tokio::test]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicUsize::new(0);

    contract::run(async || File(folder.path().join(format!("{}.db", count.fetch_add(1, Ordering::Relaxed)))))
        .await;
}

/// Bytes that were forgotten there would be lost with their key.
#[tokio::test]
async fn every_sealed_column_is_counted_when_keys_change() {
    let folder = tempfile::tempdir().unwrap();
    let pool = SqliteStore::open(&folder.path().join("grantway.db")).await.unwrap().pool;
    let columns: Vec<(String, String)> = sqlx::query_as(
        "select tables.name, columns.name from sqlite_master as tables, pragma_table_info(tables.name) as columns \
         where tables.type = 'table' and columns.name like 'sealed%'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();

    assert!(!columns.is_empty());
    for (table, column) in columns {
        assert!(
            counted().any(|counted| (counted.table, counted.column) == (&table, &column)),
            "{table}.{column} needs a line in sealed.rs"
        );
    }
}

#[tokio::test]
async fn a_database_is_found_again_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grantway.db");
    SqliteStore::open(&file).await.unwrap().keep_canary(b"canary").await.unwrap();

    let again = SqliteStore::open(&file).await.unwrap();

    assert_eq!(again.canary().await.unwrap().unwrap(), b"canary");
}

#[tokio::test]
async fn events_from_before_there_were_webhooks_get_their_places() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grantway.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}?mode=rwc", file.display())).await.unwrap();
    sqlx::migrate!("migrations/sqlite").run_to(3, &pool).await.unwrap();
    for (id, at) in [("evt_b", 2), ("evt_a", 1)] {
        sqlx::query(
            "insert into outbox (id, app_id, kind, body, created_at) values ($1, 'acme', 'grant.created', '{}', $2)",
        )
        .bind(id)
        .bind(at)
        .execute(&pool)
        .await
        .unwrap();
    }
    pool.close().await;

    let store = SqliteStore::open(&file).await.unwrap();

    let all = EventFilter { after: 0, kind: None, limit: 10 };
    let events = store.events(&"acme".parse().unwrap(), &all).await.unwrap();
    let places: Vec<_> = events.iter().map(|placed| (placed.position, placed.event.id.as_str())).collect();
    assert_eq!(places, [(1, "evt_a"), (2, "evt_b")]);
}

#[tokio::test]
async fn a_lock_that_somebody_else_holds_is_an_outage_and_a_broken_rule_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("grantway.db");
    let (one, other) = (SqliteStore::open(&file).await.unwrap(), SqliteStore::open(&file).await.unwrap());
    let mut impatient = other.pool.acquire().await.unwrap();
    sqlx::query("pragma busy_timeout = 0").execute(&mut *impatient).await.unwrap();
    let refused = sqlx::query("insert into meta (name) values ('x')").execute(&mut *impatient).await;
    assert!(!StoreError::from(refused.unwrap_err()).is_outage());

    let _held = one.write().await.unwrap();

    let locked = sqlx::query("begin immediate").execute(&mut *impatient).await;
    assert!(StoreError::from(locked.unwrap_err()).is_outage());
}
