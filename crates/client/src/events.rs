//! What changed: polled here, or heard by [`webhook::verify`](crate::webhook::verify).

use grantway_core::{Code, GrantId, SessionId, Timestamp};
use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Client, Connection, Error, User, Word};

/// One change.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Told")]
pub struct Event {
    /// The same in each repeat of a webhook: drop those that you have had.
    pub id: String,
    /// Such as `grant.created`.
    pub kind: String,
    /// When it happened.
    pub timestamp: Timestamp,
    /// What happened.
    pub change: Change,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// An account was connected.
    GrantCreated(Box<Connection>),
    /// A working grant was connected again.
    GrantReauthorized(Box<Connection>),
    /// A grant that needed it, or was revoked, was connected again.
    GrantRecovered(Box<Connection>),
    /// The provider refused the grant: mint a session with this `grant_id`.
    GrantNeedsReauth(NeedsReauth),
    /// The app's backend revoked it.
    GrantRevoked(Box<Connection>),
    /// A session ended with a failure.
    SessionFailed(SessionFailed),
    /// One that a newer Grantway tells, as it is.
    Other(Value),
}

/// A grant that its provider refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NeedsReauth {
    /// To mint for.
    pub grant_id: GrantId,
    /// Where.
    pub provider: String,
    /// Whose.
    pub user: User,
}

/// A session that ended with a failure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SessionFailed {
    /// Which.
    pub session_id: SessionId,
    /// For whom it was.
    pub user: User,
    /// Why.
    pub code: Word<Code>,
}

/// An event as it travels. A webhook has its id in a header.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    id: String,
    r#type: String,
    timestamp: Timestamp,
    data: Value,
}

impl TryFrom<Told> for Event {
    type Error = serde_json::Error;

    fn try_from(Told { id, r#type: kind, timestamp, data }: Told) -> Result<Self, Self::Error> {
        let change = match kind.as_str() {
            "grant.created" => Change::GrantCreated(read(data)?),
            "grant.reauthorized" => Change::GrantReauthorized(read(data)?),
            "grant.recovered" => Change::GrantRecovered(read(data)?),
            "grant.needs_reauth" => Change::GrantNeedsReauth(read(data)?),
            "grant.revoked" => Change::GrantRevoked(read(data)?),
            "session.failed" => Change::SessionFailed(read(data)?),
            _ => Change::Other(data),
        };
        Ok(Self { id, kind, timestamp, change })
    }
}

fn read<T: DeserializeOwned>(data: Value) -> Result<T, serde_json::Error> {
    serde_json::from_value(data)
}

/// Which events.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// The `next` of the page before; left out: from the oldest that is kept.
    pub after: Option<String>,
    /// Of this kind alone.
    pub kind: Option<String>,
    /// At most so many, 1 to 200; left out: 50.
    pub limit: Option<u32>,
}

/// Events in the order of their changes.
#[derive(Clone, Debug, Deserialize)]
pub struct EventPage {
    /// What there is.
    pub data: Vec<Event>,
    /// The `after` of the next question, also when there is nothing new.
    pub next: String,
}

impl Client {
    /// What changed since. Nothing is skipped, whatever is written meanwhile.
    ///
    /// # Errors
    /// When the query breaks a rule, or this client asks for one user alone.
    pub async fn events(&self, query: &EventQuery) -> Result<EventPage, Error> {
        let limit = query.limit.map(|limit| limit.to_string());
        let call = self
            .call(Method::GET, &["events"])?
            .query("after", query.after.as_deref())
            .query("type", query.kind.as_deref())
            .query("limit", limit.as_deref());
        self.ask(call).await
    }
}
