//! The embedded store. WAL, durable commits, one writer at a time.

mod api_keys;
mod apps;
mod credentials;
mod endings;
mod flows;
mod grants;
mod journal;
mod once;
mod outbox;
mod sealed;
mod sessions;
#[cfg(test)]
mod tests;

use std::{path::Path, str::FromStr, time::Duration};

use async_trait::async_trait;
use grantway_core::SessionId;
use sqlx::{
    Sqlite, SqlitePool, Transaction,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{Change, Changes, Store, StoreError, conflict::changed_one};

/// How long a writer waits for another.
const BUSY_SECONDS: u64 = 10;

/// The embedded store.
#[derive(Clone, Debug)]
pub struct SqliteStore {
    pool: SqlitePool,
    changes: Changes,
}

impl SqliteStore {
    /// Opens the database file, makes it if need be, and brings its schema up to date.
    ///
    /// # Errors
    /// When the file can't be opened or belongs to a newer version.
    pub async fn open(file: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str("sqlite:")?
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .pragma("secure_delete", "on")
            .busy_timeout(Duration::from_secs(BUSY_SECONDS));
        let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await?;
        sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        Ok(Self { pool, changes: Changes::new() })
    }

    /// Commits what changed a session, and tells it to this process: a file tells nobody.
    async fn commit(&self, tx: Transaction<'static, Sqlite>, session: &SessionId) -> Result<(), StoreError> {
        tx.commit().await?;
        self.changes.tell(Change::Session(session.clone()));
        Ok(())
    }

    /// Commits what is to be delivered, and tells it to this process.
    async fn commit_event(&self, tx: Transaction<'static, Sqlite>) -> Result<(), StoreError> {
        tx.commit().await?;
        self.changes.tell(Change::Event);
        Ok(())
    }

    /// A transaction that takes the write lock at once, so that two of them never deadlock.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.pool.begin_with("begin immediate").await?)
    }
}

#[async_trait]
impl Store for SqliteStore {
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
