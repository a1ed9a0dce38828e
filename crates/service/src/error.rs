//! Why a use case refuses or fails. Each variant has one stable code.

use std::time::Duration;

use grantway_core::{
    Code, GrantId, KeyScope, Origin, ProviderId,
    flow::Refusal,
    grant::Grant,
    message::TokenReason,
    session::{Mismatch, SessionError},
};
use grantway_engine::EngineError;
use grantway_store::StoreError;
use grantway_vault::VaultError;
use serde::Serialize;

use crate::KeyError;

/// A refusal or a failure.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A field of the request breaks its rule.
    #[error("{field}: {rule}")]
    Field {
        /// Which, as written in the request.
        field: String,
        /// What it must be.
        rule: String,
    },
    /// No key, or one that opens nothing.
    #[error("the API key is missing, unknown, revoked or expired")]
    Unauthorized,
    /// A key that may not do this.
    #[error("the API key lacks the scope {needed}")]
    KeyScope {
        /// What it would have to be made with.
        needed: KeyScope,
    },
    /// An idempotency key that named another request.
    #[error("another request was sent by this Idempotency-Key")]
    KeyReused,
    /// An idempotency key whose first request has no answer yet.
    #[error("the first request by this Idempotency-Key has no answer yet")]
    StillAtWork,
    /// A token, poll secret or return code that opens nothing.
    #[error("the session token is {}", .0.as_str())]
    Token(TokenReason),
    /// Another page than the one the session was minted for.
    #[error("opened by {got}, but minted for {allowed}")]
    Origin {
        /// The session's.
        allowed: Origin,
        /// The browser's word; `null` or `none` when it gave none.
        got: String,
    },
    /// No session of this browser.
    #[error("the browser is not the session's")]
    WrongBrowser,
    /// A state that no flow has.
    #[error("the callback's state belongs to no flow")]
    UnknownFlow,
    /// Completed for another user.
    #[error("the session was minted for another user")]
    UserMismatch,
    /// A user token that breaks a rule.
    #[error("the user token is not valid: {0}")]
    UserToken(&'static str),
    /// The app's identity provider has no keys for us now.
    #[error("the keys of the app's identity provider can't be read: {0}")]
    Identity(EngineError),
    /// The request is for one user and its user token of another.
    #[error("the user token is another user's than `{0}`")]
    OtherUser(&'static str),
    /// A step that the session refuses.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// An authorization response that is not followed by a token request.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No such session of this app.
    #[error("no such session")]
    NoSession,
    /// No such grant of this app.
    #[error("no such grant")]
    NoGrant,
    /// The grant's credential is dead or gone.
    #[error("the grant's credential is gone")]
    Revoked {
        /// To mint a session for.
        grant: GrantId,
        /// Where.
        provider: ProviderId,
    },
    /// Several grants fit.
    #[error("the user has several grants there")]
    Ambiguous(Vec<Candidate>),
    /// The grant may not do what is asked.
    #[error("the grant lacks the scopes {}", missing.join(", "))]
    InsufficientScope {
        /// To mint a session for.
        grant: GrantId,
        /// What it may not do.
        missing: Vec<String>,
    },
    /// Another process refreshes the grant, and takes long.
    #[error("another process is refreshing the grant")]
    Refreshing,
    /// The catalog does not know where the provider's API is.
    #[error("the catalog has no `api_urls` of {0}")]
    ProxyNotSupported(ProviderId),
    /// A call that would take the access token elsewhere.
    #[error("{rule}")]
    ProxyNotAllowed {
        /// What it must keep.
        rule: &'static str,
        /// Where a call may go.
        allowed: Vec<String>,
    },
    /// The caller's body came to no end, or grew too large.
    #[error("the request's body broke off or is too large")]
    BodyBroken,
    /// The account that came back is not the grant's.
    #[error("another account came back")]
    AccountMismatch(Mismatch),
    /// The grant was revoked after its person had left for the provider.
    #[error("the grant was revoked meanwhile")]
    GrantEnded(GrantId),
    /// The provider failed us.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The store failed us.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The vault failed us.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The ring of master keys is not enough.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Something that must exist does not.
    #[error("the store is inconsistent: {0}")]
    Inconsistent(&'static str),
    /// A task of ours died.
    #[error("the work was interrupted")]
    Interrupted,
}

impl ServiceError {
    /// A field that breaks its rule.
    #[must_use]
    pub fn field(field: impl Into<String>, rule: impl ToString) -> Self {
        Self::Field { field: field.into(), rule: rule.to_string() }
    }

    /// Its stable code.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Field { .. } => Code::InvalidField,
            Self::Unauthorized => Code::Unauthorized,
            Self::KeyScope { .. } => Code::InsufficientKeyScope,
            Self::KeyReused => Code::IdempotencyKeyReused,
            Self::StillAtWork => Code::IdempotencyKeyInFlight,
            Self::Token(_) => Code::InvalidToken,
            Self::Origin { .. } => Code::OriginNotAllowed,
            Self::WrongBrowser => Code::WrongBrowser,
            Self::UnknownFlow => Code::FlowUnknown,
            Self::UserMismatch | Self::OtherUser(_) => Code::UserMismatch,
            Self::UserToken(_) => Code::InvalidUserToken,
            Self::Identity(_) => Code::IdentityUnavailable,
            Self::Session(error) => error.code(),
            Self::Refused(refusal) => refusal.code(),
            Self::NoSession => Code::NotFound,
            Self::NoGrant => Code::GrantNotFound,
            Self::Revoked { .. } => Code::CredentialRevoked,
            Self::Ambiguous(_) => Code::AmbiguousGrant,
            Self::InsufficientScope { .. } => Code::InsufficientScope,
            Self::Refreshing => Code::RefreshInProgress,
            Self::ProxyNotSupported(_) => Code::ProxyNotSupported,
            Self::ProxyNotAllowed { .. } => Code::ProxyNotAllowed,
            Self::BodyBroken | Self::Store(StoreError::BadText) => Code::InvalidRequest,
            Self::AccountMismatch(_) => Code::AccountMismatch,
            Self::GrantEnded(_) => Code::GrantEnded,
            Self::Engine(error) if error.is_transient() => Code::ProviderUnavailable,
            Self::Engine(_) => Code::ProviderError,
            Self::Store(StoreError::Conflict) => Code::Conflict,
            Self::Store(error) if error.is_outage() => Code::Unavailable,
            Self::Store(_) | Self::Vault(_) | Self::Keys(_) | Self::Inconsistent(_) | Self::Interrupted => {
                Code::Internal
            }
        }
    }
}

impl ServiceError {
    /// In how many seconds asking again may help, where that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Engine(EngineError::Resting(seconds)) => Some(*seconds),
            Self::Refreshing => Some(1),
            _ => None,
        }
    }
}

/// One of several grants that fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// To ask for by name.
    pub grant_id: GrantId,
    /// What a person would recognise its account by.
    pub account_identifier: Option<String>,
}

impl Candidate {
    pub(crate) fn of(grant: &Grant) -> Self {
        Self { grant_id: grant.id, account_identifier: grant.account.identifier().map(str::to_owned) }
    }
}

/// How often a step is tried when another writer was first, and the pause between.
const TRIES: usize = 3;
const BREATH: Duration = Duration::from_millis(50);

/// Runs a step again, from its first read, when another writer was first: a double click, two tabs,
/// one account connected twice at one moment.
pub(crate) async fn retried<T, F>(mut step: impl FnMut() -> F) -> Result<T, ServiceError>
where
    F: Future<Output = Result<T, ServiceError>>,
{
    for _ in 1..TRIES {
        match step().await {
            Err(ServiceError::Store(StoreError::Conflict)) => tokio::time::sleep(BREATH).await,
            outcome => return outcome,
        }
    }
    step().await
}
