//! What the store keeps beside core's own types.

use std::collections::BTreeSet;

use grantway_core::{
    AppId, Digest, GrantId, KeyScope, SessionId, Timestamp,
    flow::Flow,
    grant::{Grant, GrantStatus},
    session::Session,
};
use serde::Serialize;

/// An API key as stored: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Names it in the audit.
    pub id: String,
    /// Whose backend holds it.
    pub app: AppId,
    /// For people.
    pub name: String,
    /// Of the key.
    pub digest: Digest,
    /// What it may do.
    pub scopes: BTreeSet<KeyScope>,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this it opens nothing.
    pub expires_at: Option<Timestamp>,
    /// Since then it opens nothing.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Whether it opens anything.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

/// A request that its sender may send again, by a key of the app's own.
#[derive(Clone, Debug)]
pub struct OnceRequest {
    /// Whose.
    pub app: AppId,
    /// Of the app's key for it.
    pub key: Digest,
    /// Of all that is asked.
    pub asked: Digest,
    /// Who is at work on it: one attempt.
    pub owner: String,
}

/// Whether such a request is the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// Go on, and keep the answer or give the key back.
    First,
    /// The first one has no answer yet.
    AtWork,
    /// Something else was asked by this key.
    Other,
    /// The first one's sealed answer.
    Answered(Vec<u8>),
}

/// A row of the audit. As JSON it is a line of its export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Unique.
    pub id: String,
    /// Whose.
    pub app: AppId,
    /// When.
    pub at: Timestamp,
    /// What was done, `noun.verb`.
    pub action: String,
    /// To what: a session's or grant's id.
    pub subject: String,
    /// More, as JSON; never a secret.
    pub detail: serde_json::Value,
}

/// Which audit rows to read, in the order of writing.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this app.
    pub app: Option<AppId>,
    /// Not before this.
    pub since: Option<Timestamp>,
    /// Before this.
    pub until: Option<Timestamp>,
    /// Only rows with a larger number.
    pub after: i64,
    /// At most so many.
    pub limit: i64,
}

/// An audit row and its place in the order of writing.
#[derive(Clone, Debug)]
pub struct NumberedAudit {
    /// Grows with every row.
    pub number: i64,
    /// The row.
    pub entry: AuditEntry,
}

/// An event that waits in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique: receivers drop repeats by it.
    pub id: String,
    /// Whose.
    pub app: AppId,
    /// `noun.verb`.
    pub kind: String,
    /// The payload, as JSON.
    pub body: serde_json::Value,
    /// When it happened.
    pub created_at: Timestamp,
}

/// What a change leaves behind for others: an audit row, and an event where someone waits for one.
#[derive(Clone, Debug)]
pub struct Notes {
    /// For the operator.
    pub audit: AuditEntry,
    /// For the app.
    pub event: Option<Event>,
}

/// A departure: the session and its new flow, in one transaction.
#[derive(Debug)]
pub struct Depart<'a> {
    /// As it becomes.
    pub session: &'a Session,
    /// New.
    pub flow: &'a Flow,
    /// For the operator.
    pub audit: &'a AuditEntry,
}

/// A sealed code that waits for the app's backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldCode {
    /// Of the completion code: its key.
    pub completion: Digest,
    /// Whose.
    pub session: SessionId,
    /// The flow that it came back to.
    pub flow: Flow,
    /// The code.
    pub sealed_code: Vec<u8>,
    /// After this it is too old.
    pub expires_at: Timestamp,
}

/// A grant's sealed tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Whose.
    pub grant: GrantId,
    /// The tokens.
    pub sealed: Vec<u8>,
    /// Raised by every write.
    pub generation: i64,
    /// When it is refreshed unasked, lest it die of disuse.
    pub refresh_at: Option<Timestamp>,
}

/// A grant whose credential is due to be refreshed unasked.
#[derive(Clone, Debug)]
pub struct DueRefresh {
    /// Which.
    pub grant: Grant,
    /// Since when.
    pub at: Timestamp,
}

/// The wish to refresh a credential.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Whose.
    pub grant: GrantId,
    /// As it was read: no other is refreshed.
    pub generation: i64,
    /// Who refreshes: one attempt, not one process.
    pub owner: String,
    /// The present moment; a store with a clock of its own goes by that.
    pub now: Timestamp,
    /// How long the attempt may take, in seconds.
    pub seconds: i64,
}

/// What came of that wish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leased {
    /// Go on; with the attempt that was begun before and never ended, if there was one.
    Taken(Option<Attempt>),
    /// Somebody else is at it.
    Held,
    /// The credential is another by now, or the grant is not active.
    Moved,
}

/// An attempt whose outcome nobody knows: whoever made it died, or no answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// How long ago the first such one was begun, in seconds, by the clock that leases go by.
    pub age: i64,
    /// How many there were.
    pub count: i64,
}

/// How a leased refresh ended without a new credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The provider said no, or was not reached: this attempt did not spend the refresh token. Earlier ones,
    /// of which nobody knows, stay noted.
    Unspent,
    /// It may have been spent.
    Unknown,
}

/// A connection, remembered in one transaction.
#[derive(Debug)]
pub struct Connect<'a> {
    /// As it becomes.
    pub session: &'a Session,
    /// New, or as it becomes.
    pub grant: &'a Grant,
    /// As the grant was read: in another state it is left alone. None makes a new one.
    pub was: Option<GrantStatus>,
    /// Sealed for that grant.
    pub sealed: &'a [u8],
    /// The generation that a part of it was kept from: no other may be replaced.
    pub kept_from: Option<i64>,
    /// Not while that is being refreshed.
    pub waits: bool,
    /// When it is refreshed unasked, lest it die of disuse.
    pub refresh_at: Option<Timestamp>,
    /// For operator and app.
    pub notes: &'a Notes,
    /// For the operator, if the provider was still to be told of the grant's end.
    pub untold: &'a AuditEntry,
}

/// Which grants to list.
#[derive(Clone, Debug)]
pub struct GrantFilter {
    /// Of this user.
    pub user: Option<String>,
    /// At this provider.
    pub provider: Option<String>,
    /// In this state.
    pub status: Option<GrantStatus>,
    /// After this one.
    pub after: Option<GrantId>,
    /// At most so many.
    pub limit: i64,
}
