//! The end of grants and users, and what is left to be told of it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use grantway_core::{
    AppId, GrantId, RegistrationId, Timestamp,
    grant::{Grant, GrantStatus},
    session::Session,
};

use crate::{AuditEntry, Notes, StoreError};

/// The end of a grant, in one transaction.
#[derive(Debug)]
pub struct Ending<'a> {
    /// As it becomes.
    pub grant: &'a Grant,
    /// As it was read: in another state it is left alone.
    pub was: GrantStatus,
    /// Keeps its tokens until the provider was told; without it they are dropped.
    pub tell: Option<&'a Telling<'a>>,
    /// For operator and app.
    pub notes: &'a Notes,
}

/// How a provider will be told.
#[derive(Debug)]
pub struct Telling<'a> {
    /// Of the row.
    pub id: &'a str,
    /// What finds the provider's endpoints.
    pub parameters: &'a BTreeMap<String, String>,
    /// When it was ended: it is told from then on.
    pub at: Timestamp,
}

/// Tokens that their provider has not been told of yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRevocation {
    /// Its key.
    pub id: String,
    /// Whose.
    pub app: AppId,
    /// What they were sealed for. That grant may never have held them.
    pub grant: GrantId,
    /// Through which client they came.
    pub registration: RegistrationId,
    /// What finds the provider's endpoints.
    pub parameters: BTreeMap<String, String>,
    /// The tokens.
    pub sealed: Vec<u8>,
    /// When the grant ended.
    pub created_at: Timestamp,
    /// When the provider is told next.
    pub next_at: Timestamp,
    /// How often that was tried.
    pub attempts: i64,
}

/// Everything that ends.
#[async_trait]
pub trait Endings {
    /// Ends a grant: its state, its credential, which waits to be told or is dropped, and its notes.
    /// [`StoreError::Conflict`] when it is in another state than was read.
    async fn end_grant(&self, ending: &Ending<'_>) -> Result<(), StoreError>;
    /// Notes that a token is handed out; [`StoreError::Conflict`] when the grant is no longer active. A
    /// grant that ended before gives none, whatever was read before that.
    async fn hand_out(&self, grant: GrantId, audit: &AuditEntry) -> Result<(), StoreError>;

    /// Adds tokens that no grant will hold.
    async fn add_revocation(&self, pending: &PendingRevocation) -> Result<(), StoreError>;
    /// The clients whose providers are to be told of something by now.
    async fn registrations_to_tell(&self, now: Timestamp) -> Result<Vec<RegistrationId>, StoreError>;
    /// What is to be told by then of one of them, the longest due first.
    async fn due_revocations(
        &self,
        registration: &RegistrationId,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<PendingRevocation>, StoreError>;
    /// Takes one for an attempt, and notes when the next would be: true for one of many who ask.
    async fn claim_revocation(
        &self,
        pending: &PendingRevocation,
        next_at: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Forgets one. One that is gone already leaves no audit row.
    async fn forget_revocation(&self, id: &str, audit: &AuditEntry) -> Result<(), StoreError>;

    /// All sessions of one user, as long as they are remembered.
    async fn sessions_of_user(&self, app: &AppId, user: &str) -> Result<Vec<Session>, StoreError>;
    /// Replaces a session if its version is still the one read, and forgets its flows and codes.
    async fn end_session(&self, session: &Session, notes: &Notes) -> Result<(), StoreError>;
    /// Sees to it that nothing that was deleted can still be read from the database's files.
    async fn wipe(&self) -> Result<(), StoreError>;
}
