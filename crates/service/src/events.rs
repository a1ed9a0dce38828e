//! Events for who would rather ask than listen.

use grantway_core::{AppId, Timestamp};
use grantway_store::{EventFilter, PlacedEvent};

use crate::{Service, ServiceError};

/// How long events are kept.
const KEPT_SECONDS: i64 = 30 * 24 * 3600;

impl Service {
    /// An app's events in the order in which they were committed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self, app: &AppId, filter: &EventFilter) -> Result<Vec<PlacedEvent>, ServiceError> {
        Ok(self.store.events(app, filter).await?)
    }

    /// Forgets events that are older than 30 days. Says how many.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn forget_events(&self) -> Result<u64, ServiceError> {
        let before: Timestamp = self.clock.now().plus_seconds(-KEPT_SECONDS);
        Ok(self.store.forget_events(before).await?)
    }
}
