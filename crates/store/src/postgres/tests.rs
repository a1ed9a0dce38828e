//! The shared store keeps the contract, on a real server.

use std::{sync::Arc, time::Duration};

use grantway_core::{Clock, Secret, Timestamp};
use grantway_testkit::postgres;
use tokio::time::timeout;

use crate::{
    Change, GrantFilter, PostgresStore, Store, StoreError,
    contract::{self, Place, heard, saved},
    postgres::clock::SharedClock,
};

struct Database(Secret);

impl Database {
    fn fresh() -> Self {
        Self(Secret::new(postgres::database().unwrap()))
    }

    /// Its clock is its machine's, but for that.
    async fn set_clock(&self, apart: &str) {
        let function = "create or replace function public.clock_timestamp() returns timestamptz language sql";
        self.execute(format!("{function} as $$ select pg_catalog.clock_timestamp() {apart} $$"))
            .await
            .unwrap();
        let first = "do $$ begin execute format('alter database %I set search_path = public, pg_catalog', current_database()); end $$";
        self.execute(first.to_owned()).await.unwrap();
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
async fn a_text_with_nul_is_the_askers_mistake() {
    let store = Database::fresh().store().await;
    let user = Some("u\0".to_owned());
    let filter = GrantFilter { user, provider: None, status: None, after: None, limit: 1 };

    let refused = store.grants(&"acme".parse().unwrap(), &filter).await;

    assert!(matches!(refused, Err(StoreError::BadText)), "{refused:?}");
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

/// Their own clocks have no say: it is the database's that is an hour ahead of its machine's, then behind.
#[tokio::test]
async fn servers_go_by_the_clock_of_their_database() {
    let database = Database::fresh();
    let store = PostgresStore::open(&database.0).await.unwrap();
    let ahead = async |clock: &SharedClock| {
        let machine = "select (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::bigint";
        let machine: i64 = sqlx::query_scalar(machine).fetch_one(&store.pool).await.unwrap();
        clock.now().seconds_since(Timestamp(machine))
    };
    assert!((-5..=5).contains(&ahead(&store.clock).await));

    database.set_clock("+ interval '1 hour'").await;
    let other = PostgresStore::open(&database.0).await.unwrap();
    assert!((3595..=3605).contains(&ahead(&other.clock).await));

    database.set_clock("- interval '1 hour'").await;
    other.clock.set(&mut other.pool.acquire().await.unwrap()).await.unwrap();
    assert!((-3605..=-3595).contains(&ahead(&other.clock).await));
}

#[tokio::test]
async fn a_replica_hears_what_another_saves_also_after_its_connection_was_cut() {
    let database = Database::fresh();
    let (one, other) = (database.store().await, database.store().await);
    let changes = &mut other.changes().subscribe();

    let first = saved(&*one, 1).await;
    assert_eq!(heard(changes).await, first);

    let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
               where datname = current_database() and query like 'LISTEN %'";
    database.execute(cut.to_owned()).await.unwrap();
    let meanwhile = saved(&*one, 2).await;
    let unheard = async { while changes.recv().await.unwrap() != Change::Unheard {} };
    timeout(Duration::from_secs(20), unheard).await.expect("a lost connection is told");

    let later = saved(&*one, 3).await;
    let mut told = heard(changes).await;
    // A new connection may be there before that one is saved.
    if told == meanwhile {
        told = heard(changes).await;
    }
    assert_eq!(told, later);
}

#[tokio::test]
async fn a_server_that_goes_is_an_outage_and_a_broken_rule_is_none() {
    let server = postgres::PostgresServer::start().unwrap();
    let store = PostgresStore::open(&Secret::new(server.database().unwrap())).await.unwrap();
    let refused = sqlx::query("insert into meta (name) values ('x')").execute(&store.pool).await;
    assert!(!StoreError::from(refused.unwrap_err()).is_outage());

    drop(server);

    let gone = async { while !store.ping().await.is_err_and(|error| error.is_outage()) {} };
    timeout(Duration::from_secs(20), gone).await.expect("it is gone");
}
