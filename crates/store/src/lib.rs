//! Grantway's memory: one trait, in which each method is one whole transaction named for its meaning.
//!
//! The one rule: single use and compare-and-set are enforced by the database, never by a read before.
//! The trait comes in parts, one an area; each store has a file for each.

mod changes;
mod conflict;
#[cfg(test)]
mod contract;
mod endings;
mod outbox;
mod postgres;
mod records;
mod rows;
mod sealed;
mod sqlite;

use async_trait::async_trait;
use grantway_core::{
    AppId, Digest, GrantId, ProviderId, RegistrationId, SessionId, Timestamp,
    app::{App, Registration},
    flow::Flow,
    grant::Grant,
    session::Session,
};

pub use changes::{Change, Changes};
pub use endings::{Ending, Endings, PendingRevocation, Telling};
pub use outbox::{
    Claim, Claimed, Delivery, Endpoint, EventFilter, Outbox, PlacedEvent, Replay, Settled, Verdict,
};
pub use postgres::PostgresStore;
pub use records::{
    ApiKey, Attempt, AuditEntry, AuditFilter, Begun, Connect, Credential, Depart, DueRefresh, Ended, Event,
    GrantFilter, HeldCode, Lease, Leased, Notes, NumberedAudit, OnceRequest,
};
pub use sealed::{Otherwise, Resealed, SealedCount, SealedPlace, SealedValue};
pub use sqlite::SqliteStore;

/// What a store can fail with.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer was first, or the row is gone; nothing was changed.
    #[error("the row was changed by another writer")]
    Conflict,
    /// What was to be kept is being refreshed, or was; nothing was changed.
    #[error("the grant is being refreshed")]
    Busy,
    /// A row that this version can't read.
    #[error("a stored {0} can't be read")]
    Unreadable(&'static str),
    /// A NUL, which Postgres neither keeps nor looks for.
    #[error("a text holds NUL, which can be neither stored nor looked for")]
    BadText,
    /// No answer in time: nobody knows what it did.
    #[error("the database did not answer in time")]
    Unanswered,
    /// The database itself.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// Its schema.
    #[error("the database could not be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

/// SQLSTATEs of a server that goes, comes or has no room (08 connection, 53 resources, 57 intervention), or that is
/// asked by too many at once (40 rollback, 55P03 lock not available).
const OUTAGES: [&str; 5] = ["08", "40", "53", "55P03", "57"];
/// SQLite's of the same: busy, locked, I/O error, full (<https://sqlite.org/rescode.html>). The upper bits say more.
const FILE_OUTAGES: [u32; 4] = [5, 6, 10, 13];

/// SQLSTATE of a text that is none: with a NUL, as ours are UTF-8.
const BAD_TEXT: &str = "22021";

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(|told| told.code());
        if code.is_some_and(|code| code == BAD_TEXT) { Self::BadText } else { Self::Database(error) }
    }
}

impl StoreError {
    /// Whether the database was not there, rather than saying no.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        let Self::Database(error) = self else { return matches!(self, Self::Unanswered) };
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => true,
            sqlx::Error::Database(told) => told.code().is_some_and(|code| is_outage(&code)),
            _ => false,
        }
    }
}

/// By the code that a database gave: five characters, or SQLite's number.
fn is_outage(code: &str) -> bool {
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => FILE_OUTAGES.contains(&(number & 0xff)),
        _ => OUTAGES.iter().any(|class| code.starts_with(class)),
    }
}

/// Everything that outlives a request.
#[async_trait]
pub trait Store:
    Apps
    + ApiKeys
    + OnceRequests
    + Sessions
    + Flows
    + Grants
    + Credentials
    + Endings
    + Sealed
    + Journal
    + Outbox
    + Send
    + Sync
{
    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// The vault's canary, once there is one.
    async fn canary(&self) -> Result<Option<Vec<u8>>, StoreError>;
    /// Keeps the first canary; a second one is a [`StoreError::Conflict`].
    async fn keep_canary(&self, sealed: &[u8]) -> Result<(), StoreError>;
}

/// The products that are served, their clients at providers.
#[async_trait]
pub trait Apps {
    /// Adds apps and registrations or replaces those of the same ids; removes none. The endpoints become all that
    /// these apps have.
    async fn apply(
        &self,
        apps: &[App],
        registrations: &[Registration],
        endpoints: &[Endpoint],
        audit: &[AuditEntry],
    ) -> Result<(), StoreError>;
    /// One app.
    async fn app(&self, id: &AppId) -> Result<Option<App>, StoreError>;
    /// All apps, by id.
    async fn apps(&self) -> Result<Vec<App>, StoreError>;
    /// An app's registrations, by provider.
    async fn registrations(&self, app: &AppId) -> Result<Vec<Registration>, StoreError>;
    /// One registration.
    async fn registration(&self, id: &RegistrationId) -> Result<Option<Registration>, StoreError>;
}

/// What backends prove themselves by.
#[async_trait]
pub trait ApiKeys {
    /// Adds an API key. [`StoreError::Conflict`] when the app has two active ones of its name.
    async fn add_api_key(&self, key: &ApiKey, audit: &AuditEntry) -> Result<(), StoreError>;
    /// An API key by its digest, active or not.
    async fn api_key(&self, digest: &Digest) -> Result<Option<ApiKey>, StoreError>;
    /// An app's API keys, oldest first.
    async fn api_keys(&self, app: &AppId) -> Result<Vec<ApiKey>, StoreError>;
    /// Revokes an app's API key; [`StoreError::Conflict`] when it has none of that id that is not revoked.
    async fn revoke_api_key(
        &self,
        app: &AppId,
        id: &str,
        now: Timestamp,
        audit: &AuditEntry,
    ) -> Result<(), StoreError>;
}

/// Requests that their sender may send again, and the answers that are kept for them.
#[async_trait]
pub trait OnceRequests {
    /// Begins such a request; until then it counts as at work.
    async fn begin_once(
        &self,
        request: &OnceRequest,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Begun, StoreError>;
    /// Keeps its answer until then; [`StoreError::Conflict`] when its owner is another by now.
    async fn keep_once(
        &self,
        request: &OnceRequest,
        sealed: &[u8],
        until: Timestamp,
    ) -> Result<(), StoreError>;
    /// Gives its key back, if its owner is still the same.
    async fn give_back_once(&self, request: &OnceRequest) -> Result<(), StoreError>;
    /// Forgets requests whose time is over. Says how many.
    async fn forget_once(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Connect sessions, and what reads their results.
#[async_trait]
pub trait Sessions {
    /// Adds a minted session.
    async fn mint(&self, session: &Session, token: &Digest, audit: &AuditEntry) -> Result<(), StoreError>;
    /// By id.
    async fn session(&self, id: &SessionId) -> Result<Option<Session>, StoreError>;
    /// By its token's digest.
    async fn session_of_token(&self, token: &Digest) -> Result<Option<Session>, StoreError>;
    /// By its poll secret's digest.
    async fn session_of_poll(&self, poll: &Digest) -> Result<Option<Session>, StoreError>;
    /// By a return code's digest, while that is valid.
    async fn session_of_return_code(
        &self,
        code: &Digest,
        now: Timestamp,
    ) -> Result<Option<Session>, StoreError>;
    /// News of every saved session, also of those that other servers save, where the database can tell.
    fn changes(&self) -> &Changes;
    /// Replaces a session if its version is still the one read, with what is to be told of it.
    async fn save_session(&self, session: &Session, notes: &Notes) -> Result<(), StoreError>;
    /// Forgets a return code.
    async fn forget_return_code(&self, code: &Digest) -> Result<(), StoreError>;
    /// Adds a return code.
    async fn add_return_code(
        &self,
        session: &SessionId,
        code: &Digest,
        expires_at: Timestamp,
    ) -> Result<(), StoreError>;
    /// Forgets sessions, with their flows and codes, whose results nobody may read any more. Says how many.
    async fn forget_sessions(&self, now: Timestamp) -> Result<u64, StoreError>;
}

/// Trips to a provider and back, and codes that wait for a backend.
#[async_trait]
pub trait Flows {
    /// Saves the departing session and its flow.
    async fn depart(&self, depart: &Depart<'_>) -> Result<(), StoreError>;
    /// A flow by its state's digest, taken or not; consumes nothing.
    async fn flow(&self, state: &Digest) -> Result<Option<Flow>, StoreError>;
    /// Takes a flow: true once, false ever after.
    async fn take_flow(&self, state: &Digest, now: Timestamp) -> Result<bool, StoreError>;
    /// Saves the session and the code that waits for the app's backend.
    async fn hold(&self, session: &Session, held: &HeldCode, audit: &AuditEntry) -> Result<(), StoreError>;
    /// Takes a held code: once, and only in time.
    async fn take_held(
        &self,
        app: &AppId,
        completion: &Digest,
        now: Timestamp,
    ) -> Result<Option<HeldCode>, StoreError>;
}

/// What sessions lead to.
#[async_trait]
pub trait Grants {
    /// Remembers a connection: grant, credential, session, outbox and audit. [`StoreError::Conflict`]
    /// when the session or the grant moved on, or the same account was connected at the same moment;
    /// [`StoreError::Busy`] when what is kept is another by now or being refreshed. What its provider was still to be told of that grant's end is dropped: it
    /// could end what is new.
    async fn connect(&self, connect: &Connect<'_>) -> Result<(), StoreError>;
    /// One grant of an app.
    async fn grant(&self, app: &AppId, id: GrantId) -> Result<Option<Grant>, StoreError>;
    /// All grants of one user at one provider.
    async fn grants_of_user(
        &self,
        app: &AppId,
        user: &str,
        provider: &ProviderId,
    ) -> Result<Vec<Grant>, StoreError>;
    /// An app's grants, oldest first.
    async fn grants(&self, app: &AppId, filter: &GrantFilter) -> Result<Vec<Grant>, StoreError>;
    /// Notes that an active grant's credential is dead, if its generation is still the one that died.
    async fn bury(&self, grant: &Grant, generation: i64, notes: &Notes) -> Result<(), StoreError>;
}

/// The grants' sealed tokens, and the right to refresh them.
#[async_trait]
pub trait Credentials {
    /// A grant's credential, unless it was revoked.
    async fn credential(&self, grant: GrantId) -> Result<Option<Credential>, StoreError>;
    /// Takes the right to refresh a credential, and notes the attempt before it is made. One that leaves no other
    /// trace is due again as soon as the lease is over.
    async fn lease(&self, lease: &Lease) -> Result<Leased, StoreError>;
    /// Gives that right back, if `owner` still has it.
    async fn release(&self, credential: &Credential, owner: &str, ended: Ended) -> Result<(), StoreError>;
    /// Replaces a credential if its generation is still the one read, `owner` has the right to, and the
    /// grant is active.
    async fn save_credential(&self, credential: &Credential, owner: &str) -> Result<(), StoreError>;
    /// Active grants whose credential is due to be refreshed unasked, the longest due first.
    async fn due_refreshes(&self, now: Timestamp, most: i64) -> Result<Vec<DueRefresh>, StoreError>;
    /// Puts such a refresh off: true for the one server that may try it now.
    async fn claim_refresh(&self, due: &DueRefresh, next: Timestamp) -> Result<bool, StoreError>;
}

/// Values sealed with a master key, wherever they lie: for changing that key.
#[async_trait]
pub trait Sealed {
    /// How many values that are of use now have the same first nine bytes, which name their key; by place.
    async fn sealed_counts(&self, now: Timestamp) -> Result<Vec<SealedCount>, StoreError>;
    /// Some values that another key sealed, by row.
    async fn sealed_otherwise(&self, wish: Otherwise<'_>) -> Result<Vec<SealedValue>, StoreError>;
    /// Replaces those values that are still as they were read. Says how many.
    async fn reseal(&self, place: SealedPlace, values: &[Resealed]) -> Result<u64, StoreError>;
    /// Replaces the canary if it is still the one read.
    async fn change_canary(&self, from: &[u8], to: &[u8], audit: &[AuditEntry]) -> Result<(), StoreError>;
}

/// What is told of changes: the audit to the operator, events to the app.
#[async_trait]
pub trait Journal {
    /// Adds an audit row alone.
    async fn audit(&self, entry: &AuditEntry) -> Result<(), StoreError>;
    /// An app's audit rows, oldest first.
    async fn audit_of(&self, app: &AppId) -> Result<Vec<AuditEntry>, StoreError>;
    /// Audit rows of one or all apps, in the order of writing.
    async fn audit_page(&self, filter: &AuditFilter) -> Result<Vec<NumberedAudit>, StoreError>;
}
