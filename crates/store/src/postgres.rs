//! The store that several servers share. Transactions see what is committed; a row that a rule depends on
//! is locked before it is read.

mod api_keys;
mod apps;
mod clock;
mod credentials;
mod endings;
mod flows;
mod grants;
mod journal;
mod listen;
mod once;
mod outbox;
mod sealed;
mod sessions;
#[cfg(test)]
mod tests;

use std::{io, str::FromStr, sync::Arc, time::Duration};

use async_trait::async_trait;
use grantway_core::{Clock, Secret};
use sqlx::{
    Connection, PgConnection, PgPool, Postgres, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio_util::task::AbortOnDropHandle;

use self::clock::SharedClock;
use crate::{Changes, Store, StoreError, conflict::changed_one};

/// How long a writer waits for another, and how long one that stopped in the middle keeps its locks.
const WAITS: [(&str, &str); 2] = [("lock_timeout", "10s"), ("idle_in_transaction_session_timeout", "10s")];

/// Connections that one server takes at most, beside the one that listens.
const MOST_CONNECTIONS: u32 = 16;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// The store that several servers share.
#[derive(Debug)]
pub struct PostgresStore {
    pool: PgPool,
    changes: Changes,
    clock: SharedClock,
    _listening: AbortOnDropHandle<()>,
    _following: AbortOnDropHandle<()>,
}

impl PostgresStore {
    /// Connects to the database of that URL and brings its schema up to date.
    ///
    /// # Errors
    /// When it can't be reached, does not let us in, or belongs to a newer version.
    pub async fn open(url: &Secret) -> Result<Self, StoreError> {
        let options = options(url)?;
        let mut first = connect(&options).await?;
        sqlx::migrate!("migrations/postgres").run(&mut first).await?;
        let clock = SharedClock::read(&mut first).await?;
        first.close().await?;
        let pool = PgPoolOptions::new().max_connections(MOST_CONNECTIONS).acquire_timeout(PATIENCE);
        let changes = Changes::new();
        let listener = listen::connect(&options).await?;
        let listening = tokio::spawn(listen::listen(listener, options.clone(), changes.clone()));
        let pool = pool.connect_lazy_with(options);
        let following = tokio::spawn(clock.clone().follow(pool.clone()));
        Ok(Self {
            pool,
            changes,
            clock,
            _listening: AbortOnDropHandle::new(listening),
            _following: AbortOnDropHandle::new(following),
        })
    }

    /// The clock that all servers on this database share.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    /// Whether the database of that URL was ever opened as a store. Changes nothing.
    ///
    /// # Errors
    /// When it can't be reached or does not let us in.
    pub async fn is_begun(url: &Secret) -> Result<bool, StoreError> {
        let mut connection = connect(&options(url)?).await?;
        let begun = sqlx::query_scalar("select to_regclass('meta') is not null");
        Ok(begun.fetch_one(&mut connection).await?)
    }

    /// A transaction whose every statement sees what was committed before it, whatever the server's default.
    async fn write(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.pool.begin_with("begin isolation level read committed").await?)
    }
}

fn options(url: &Secret) -> Result<PgConnectOptions, sqlx::Error> {
    Ok(PgConnectOptions::from_str(url.expose())?.application_name("grantway").options(WAITS))
}

/// A connection outside the pool, which would try again until its patience ends and not say why it failed.
async fn connect(options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connecting = tokio::time::timeout(PATIENCE, PgConnection::connect_with(options));
    connecting.await.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
}

#[async_trait]
impl Store for PostgresStore {
    async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("select 1").execute(&self.pool).await?;
        Ok(())
    }

    async fn canary(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let query = sqlx::query_scalar("select value from meta where name = 'canary'");
        Ok(query.fetch_optional(&self.pool).await?)
    }

    async fn keep_canary(&self, sealed: &[u8]) -> Result<(), StoreError> {
        let query =
            sqlx::query("insert into meta (name, value) values ('canary', $1) on conflict do nothing");
        changed_one(query.bind(sealed).execute(&self.pool).await?.rows_affected())
    }
}
