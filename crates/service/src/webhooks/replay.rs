//! The operator's view of deliveries, and their second chance.

use grantway_core::AppId;
use grantway_store::{Delivery, Endpoint, Replay};
use serde_json::json;

use crate::{Service, ServiceError};

impl Service {
    /// An app's webhook endpoints, by URL.
    ///
    /// # Errors
    /// When there is no such app.
    pub async fn endpoints(&self, app: &AppId) -> Result<Vec<Endpoint>, ServiceError> {
        self.check_app(app).await?;
        Ok(self.store.endpoints(app).await?)
    }

    /// An app's deliveries that wait or were given up, the oldest first.
    ///
    /// # Errors
    /// When there is no such app.
    pub async fn undelivered(&self, app: &AppId) -> Result<Vec<Delivery>, ServiceError> {
        self.check_app(app).await?;
        Ok(self.store.undelivered(app).await?)
    }

    /// Lets deliveries begin anew and disabled endpoints work again. Says how many deliveries.
    ///
    /// # Errors
    /// When there is no such app.
    pub async fn replay(&self, app: &AppId, which: &Replay) -> Result<u64, ServiceError> {
        self.check_app(app).await?;
        let detail = match which {
            Replay::GivenUp => json!({}),
            Replay::Since(since) => json!({"since": since}),
            Replay::Event(event) => json!({"event_id": event}),
        };
        let audit = self.audit_entry(app, "webhooks.replayed", app, detail);
        Ok(self.store.replay(app, which, self.clock.now(), &audit).await?)
    }
}
