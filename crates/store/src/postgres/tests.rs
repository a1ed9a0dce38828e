//! The shared store keeps the contract, on a real server.

use std::sync::Arc;

use grantway_core::Secret;
use grantway_testkit::postgres;

use crate::{
    PostgresStore, Store, StoreError,
    contract::{self, Place},
};

struct Database(Secret);

impl Database {
    fn fresh() -> Self {
        Self(Secret::new(postgres::database().unwrap()))
    }
}

impl Place for Database {
    async fn store(&self) -> Arc<dyn Store> {
        Arc::new(PostgresStore::open(&self.0).await.unwrap())
    }

    async fn execute(&self, sql: String) -> Result<(), sqlx::Error> {
        let pool = PostgresStore::open(&self.0).await.unwrap().pool;
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.map(|_| ())
    }
}

#[tokio::test]
async fn postgres_keeps_the_contract() {
    contract::run(async || Database::fresh()).await;
}

#[tokio::test]
async fn the_audit_can_not_be_emptied() {
    let error = Database::fresh().execute("truncate audit".to_owned()).await.unwrap_err();

    assert!(error.to_string().contains("the audit is insert-only"), "{error}");
}

#[tokio::test]
async fn servers_that_start_together_make_one_schema() {
    let database = Database::fresh();
    assert!(!PostgresStore::is_begun(&database.0).await.unwrap());

    let (one, other) = tokio::join!(database.store(), database.store());

    one.keep_canary(b"one").await.unwrap();
    assert_eq!(other.canary().await.unwrap().unwrap(), b"one");
    assert!(PostgresStore::is_begun(&database.0).await.unwrap());
}

#[tokio::test]
async fn a_database_that_can_not_be_reached_is_an_error_without_its_password() {
    let url = Secret::new("postgres://grantway:CANARY-password@127.0.0.1:1/grantway".to_owned());

    let error = PostgresStore::open(&url).await.unwrap_err();

    assert!(matches!(error, StoreError::Database(_)));
    assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
}
