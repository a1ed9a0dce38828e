//! Events in the order in which they were committed, and who is still to be told of each.

use async_trait::async_trait;
use grantway_core::{AppId, EndpointId, Timestamp};
use url::Url;

use crate::{AuditEntry, Event, StoreError};

/// What changed, and the webhook endpoints that hear of it. A change writes its event and the deliveries of
/// it in its own transaction.
#[async_trait]
pub trait Outbox {
    /// An app's events, in the order of their positions.
    async fn events(&self, app: &AppId, filter: &EventFilter) -> Result<Vec<PlacedEvent>, StoreError>;
    /// Forgets events from before then, with their deliveries. Says how many.
    async fn forget_events(&self, before: Timestamp) -> Result<u64, StoreError>;

    /// An app's webhook endpoints, by URL.
    async fn endpoints(&self, app: &AppId) -> Result<Vec<Endpoint>, StoreError>;
    /// One endpoint.
    async fn endpoint(&self, id: &EndpointId) -> Result<Option<Endpoint>, StoreError>;
    /// Endpoints that a delivery is due to and that are not disabled.
    async fn due_endpoints(&self, now: Timestamp) -> Result<Vec<EndpointId>, StoreError>;
    /// Takes deliveries that are due and that nobody else has, the oldest first, and counts an attempt for each.
    async fn claim_deliveries(&self, claim: &Claim) -> Result<Vec<Claimed>, StoreError>;
    /// Notes how an attempt ended. [`StoreError::Conflict`] when the claim was lost meanwhile.
    async fn settle_delivery(&self, settled: &Settled) -> Result<(), StoreError>;
    /// As [`Self::settle_delivery`] with [`Verdict::GivenUp`], and the endpoint wants no more: all that waits for
    /// it is given up too.
    async fn disable_endpoint(
        &self,
        settled: &Settled,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
    /// An app's deliveries that wait or were given up, the oldest first.
    async fn undelivered(&self, app: &AppId) -> Result<Vec<Delivery>, StoreError>;
    /// Lets deliveries begin anew, also those that were made, and disabled endpoints work again. Says how many.
    async fn replay(
        &self,
        app: &AppId,
        which: &Replay,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<u64, StoreError>;
}

/// An event and its place in the order of commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedEvent {
    /// Counts up by one, over all apps.
    pub position: i64,
    /// What happened.
    pub event: Event,
}

/// Which events to list.
#[derive(Clone, Debug)]
pub struct EventFilter {
    /// After this position.
    pub after: i64,
    /// Of this type.
    pub kind: Option<String>,
    /// At most so many.
    pub limit: i64,
}

/// Where an app hears of its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The same for the same app and URL.
    pub id: EndpointId,
    /// Whose.
    pub app: AppId,
    /// Where to post.
    pub url: Url,
    /// The signing secrets, one a line.
    pub sealed_secrets: Vec<u8>,
    /// The event types that it hears of; empty means all.
    pub kinds: Vec<String>,
    /// When it answered that it wants no more.
    pub disabled_at: Option<Timestamp>,
}

/// The wish to deliver.
#[derive(Clone, Debug)]
pub struct Claim {
    /// To whom.
    pub endpoint: EndpointId,
    /// Who delivers: one claim, not one process.
    pub owner: String,
    /// The present moment.
    pub now: Timestamp,
    /// From when on somebody else may claim the same: this owner is taken for dead.
    pub until: Timestamp,
    /// At most so many.
    pub limit: i64,
}

/// A delivery to make now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Of this.
    pub event: Event,
    /// Which attempt it is, from 1.
    pub attempt: i64,
}

/// How an attempt ended.
#[derive(Clone, Debug)]
pub struct Settled {
    /// Of this event.
    pub event: String,
    /// To this endpoint.
    pub endpoint: EndpointId,
    /// By this claim.
    pub owner: String,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Why it failed, for the operator; never the receiver's own words.
    pub error: Option<String>,
    /// What follows.
    pub verdict: Verdict,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver has it, since then.
    Delivered(Timestamp),
    /// Again, at that time.
    Again(Timestamp),
    /// No more.
    GivenUp,
}

/// A delivery that was not made yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Of this event.
    pub event: String,
    /// Its type.
    pub kind: String,
    /// To this endpoint.
    pub endpoint: EndpointId,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried again; none when it was given up.
    pub next_at: Option<Timestamp>,
    /// The last answer's HTTP status.
    pub last_status: Option<u16>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// What to deliver anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// What was given up.
    GivenUp,
    /// Every event since then.
    Since(Timestamp),
    /// One event.
    Event(String),
}
