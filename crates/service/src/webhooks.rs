//! Webhooks: each event is posted to each endpoint of its app that hears of its type, signed, until the endpoint
//! answers 2xx. The format is that of Standard Webhooks 1.0 (<https://www.standardwebhooks.com>).
//!
//! The one rule: an event and its deliveries are written together with the change itself, so none is ever missed;
//! a claim in the database says who delivers now, so that none is made twice while its claimer lives.

mod declare;
mod replay;
mod schedule;
mod signing;
mod worker;

pub use declare::{WebhookSpec, check_webhooks};
pub use signing::new_webhook_secret;

pub(crate) use declare::webhook_place;
