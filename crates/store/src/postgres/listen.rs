//! Hears what any server changed. What was told while nobody listened is lost, so after each new connection
//! everything may have changed.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::{sleep, timeout};

use super::PATIENCE;
use crate::{Change, Changes};

const CHANNEL: &str = "changed";

/// How long a server that can't be reached is left alone.
const PAUSE: Duration = Duration::from_secs(1);

/// A connection that says nothing for so long may be dead without a sign: a new one is made.
const QUIET: Duration = Duration::from_secs(60);

/// A connection that listens. It has a pool of its own: one that is stuck takes nothing from the store's.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<PgListener, sqlx::Error> {
    let one = PgPoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
    let mut listener = PgListener::connect_with(&one.connect_lazy_with(options.clone())).await?;
    listener.eager_reconnect(false);
    listener.listen(CHANNEL).await?;
    Ok(listener)
}

/// Tells what is heard, on one connection after another, for ever.
pub(super) async fn listen(mut listener: PgListener, options: PgConnectOptions, changes: Changes) {
    loop {
        while let Ok(Ok(Some(heard))) = timeout(QUIET, listener.try_recv()).await {
            changes.tell(change(heard.payload()));
        }
        listener = reconnect(&options).await;
        changes.tell(Change::Unheard);
    }
}

fn change(payload: &str) -> Change {
    if payload == "event" { Change::Event } else { payload.parse().map_or(Change::Unheard, Change::Session) }
}

async fn reconnect(options: &PgConnectOptions) -> PgListener {
    loop {
        match connect(options).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%error, "changes of other servers are not heard; trying again"),
        }
        sleep(PAUSE).await;
    }
}
