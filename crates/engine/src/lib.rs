//! OAuth 2.0 on the wire, the same for every provider.
//!
//! The one rule: nothing in here knows a provider's name. What is odd about one is data of the catalog.

mod answer;
mod api;
mod assertion;
pub mod authorize;
pub mod callback;
pub mod client;
pub mod endpoints;
pub mod http;
pub mod id_token;
pub mod identify;
mod jwt;
mod later;
pub mod relay;
mod request;
pub mod revoke;
mod signature;
pub mod token;
pub mod tokens;
pub mod user_token;

use grantway_core::Timestamp;

pub use authorize::{Authorization, AuthorizeRequest, authorize};
pub use client::Client;
pub use endpoints::{Directory, Endpoints};
pub use http::{Http, HttpError};
pub use identify::{identify, look_up};
pub use jwt::JwtError;
pub use relay::{BrokenOff, Relay, RelayError};
pub use revoke::revoke;
pub use token::{Proof, exchange, refresh};
pub use tokens::TokenSet;

/// Why a provider's answer could not be used. Carries no part of the answer: it may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No connection: nothing was sent.
    #[error("the provider could not be reached")]
    NotConnected,
    /// Its address is of a private network that the operator did not allow: nothing was sent.
    #[error("the provider's address is not public; `server.allowed_networks` can allow it")]
    NotPublic,
    /// Sent, but no answer came, or not in time: nobody knows what it did.
    #[error("the provider did not answer")]
    Unanswered,
    /// A success that breaks off or says nothing of use: nobody knows what it did.
    #[error("the provider's answer can't be used: nobody knows what it did")]
    Garbled,
    /// A 5xx or 429.
    #[error("the provider answered with status {0}")]
    Failing(u16),
    /// It said `Retry-After`, or failed so often that it is left alone: not for so many seconds.
    #[error("the provider is not asked for another {0} s")]
    Resting(u64),
    /// `invalid_grant`: the code or refresh token is dead (RFC 6749, section 5.2).
    #[error("the provider refused the grant (invalid_grant)")]
    InvalidGrant,
    /// `invalid_client`: the registration is wrong.
    #[error("the provider refused the client id or secret (invalid_client)")]
    InvalidClient,
    /// Another OAuth error.
    #[error("the provider answered with an OAuth error")]
    Refused,
    /// Not the JSON that the standard, or the catalog, promises.
    #[error("the provider's {0} answer could not be read")]
    Unreadable(&'static str),
    /// An id token that breaks a rule of OpenID Connect Core 3.1.3.7.
    #[error("the id token is not valid: {0}")]
    IdToken(&'static str),
    /// The catalog and the provider's metadata lack an endpoint.
    #[error("the provider has no {0}")]
    NoEndpoint(&'static str),
    /// A parameter, header or URL of the catalog that lacks a value, or has one that can't stand there.
    #[error("a value that the provider's description asks for is missing or does not fit")]
    NoValue,
}

impl EngineError {
    /// What a status other than success means: 5xx and 429 pass, the rest does not.
    pub(crate) fn of_status(status: ::http::StatusCode) -> Self {
        if is_passing(status) { Self::Failing(status.as_u16()) } else { Self::Refused }
    }

    /// The same of a whole answer, which may say how much later it wants to be asked (RFC 9110, section 10.2.3).
    pub(crate) fn of_answer<B>(answer: &::http::Response<B>, now: Timestamp) -> Self {
        match later::asked(answer.headers(), now) {
            Some(seconds) if is_passing(answer.status()) => Self::Resting(seconds),
            _ => Self::of_status(answer.status()),
        }
    }

    /// Whether trying later may help.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::NotConnected | Self::Unanswered | Self::Garbled | Self::Failing(_) | Self::Resting(_)
        )
    }

    /// Whether what was sent may have done its work all the same: a code or refresh token may be spent.
    #[must_use]
    pub fn may_have_spent(self) -> bool {
        matches!(self, Self::Unanswered | Self::Garbled)
    }
}

/// A status that says "not now".
fn is_passing(status: ::http::StatusCode) -> bool {
    status.is_server_error() || status == ::http::StatusCode::TOO_MANY_REQUESTS
}

impl From<HttpError> for EngineError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::NotConnected => Self::NotConnected,
            HttpError::NotPublic => Self::NotPublic,
            HttpError::Unanswered | HttpError::TimedOut => Self::Unanswered,
            HttpError::TooLarge => Self::Garbled,
        }
    }
}
