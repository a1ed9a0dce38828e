//! The database's clock, which all servers share: what one wrote down, when a token ends, a session, a claim, another judges.
//! Their own clocks may be apart, and may jump.
//!
//! It is read now and then; between two readings time goes on by the monotonic clock, which no jump moves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use grantway_core::{Clock, Timestamp};
use sqlx::{PgConnection, PgPool};
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use crate::StoreError;

/// Between two readings. After a sleep of the machine, which the monotonic clock does not count, it is wrong for so long.
const PAUSE: Duration = Duration::from_secs(10);

/// The database's clock, as this server knows it.
#[derive(Clone, Debug)]
pub(super) struct SharedClock {
    began: Instant,
    /// What the database's clock showed then, in milliseconds.
    base: Arc<AtomicI64>,
}

impl SharedClock {
    pub(super) async fn read(connection: &mut PgConnection) -> Result<Self, StoreError> {
        let clock = Self { began: Instant::now(), base: Arc::default() };
        clock.set(connection).await?;
        Ok(clock)
    }

    /// Reads it again, for ever.
    pub(super) async fn follow(self, pool: PgPool) {
        loop {
            sleep(PAUSE).await;
            let reading = async { self.set(&mut *pool.acquire().await?).await };
            match timeout(PATIENCE, reading).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(%error, "the database's clock could not be read; time goes on without it")
                }
                Err(_) => tracing::warn!("the database did not tell its time; time goes on without it"),
            }
        }
    }

    /// It was told somewhere between the question and the answer: half of that is how wrong it is at most.
    pub(super) async fn set(&self, connection: &mut PgConnection) -> Result<(), StoreError> {
        let asked = self.elapsed();
        let told = now(connection).await?;
        self.base.store(told - i64::midpoint(asked, self.elapsed()), Ordering::Relaxed);
        Ok(())
    }

    fn elapsed(&self) -> i64 {
        i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.base.load(Ordering::Relaxed).saturating_add(self.elapsed()))
    }
}

/// In milliseconds, at this moment and not at the transaction's beginning: it may have waited for a lock.
pub(super) async fn now(connection: &mut PgConnection) -> Result<i64, StoreError> {
    let now = sqlx::query_scalar("select (extract(epoch from clock_timestamp()) * 1000)::bigint");
    Ok(now.fetch_one(connection).await?)
}
