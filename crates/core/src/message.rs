//! What travels to the frontend: one result, by message, by poll or on return.

use serde::{Deserialize, Serialize};

use crate::{
    Code, SessionId,
    grant::{Connection, User},
    session::Stage,
};

/// The `type` of the message that the result page posts to its opener.
pub const MESSAGE_TYPE: &str = "grantway:result";

/// The one parameter that `return_url` gets.
pub const RETURN_PARAMETER: &str = "grantway";

/// A session's result as the frontend reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct SessionResult {
    /// Which session.
    pub session_id: SessionId,
    /// How far it has come.
    pub stage: Stage,
    /// The provider last chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// How it ended, or that it has not.
    #[serde(flatten)]
    pub outcome: Told,
}

/// How a session ended, with all that a callback gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Told {
    /// Not yet.
    Pending,
    /// At least one connection was made.
    Success {
        /// The one just made.
        connection: Box<Connection>,
        /// All of the session's.
        connections: Vec<Connection>,
        /// Whom the session was minted for: compare it with the signed-in user.
        user: User,
    },
    /// It failed, or would fail if the person left now.
    Error {
        /// Why.
        error: ErrorTold,
    },
    /// The person left.
    Exit,
}

/// A failure as a callback gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ErrorTold {
    /// Stable.
    pub code: Code,
    /// For people.
    pub message: String,
    /// More about it, for the app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<ErrorDetails>,
}

/// What the app may want to know of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ErrorDetails {
    /// With `invalid_token`.
    pub reason: TokenReason,
}

/// Why a session token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum TokenReason {
    /// Its time is over.
    Expired,
    /// Its session ended.
    Used,
    /// There is no such session.
    Unknown,
}

impl TokenReason {
    /// As written in `details.reason`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Used => "used",
            Self::Unknown => "unknown",
        }
    }
}

impl From<Code> for ErrorTold {
    fn from(code: Code) -> Self {
        Self { code, message: format!("{}. {}", code.title(), code.advice()), details: None }
    }
}

impl From<TokenReason> for ErrorTold {
    fn from(reason: TokenReason) -> Self {
        Self { details: Some(ErrorDetails { reason }), ..Code::InvalidToken.into() }
    }
}

/// What the page of a refused opening posts to its opener: there is no session to speak of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusalMessage {
    /// Always [`MESSAGE_TYPE`].
    pub r#type: String,
    /// Always an error.
    #[serde(flatten)]
    pub outcome: Told,
}

impl RefusalMessage {
    /// Wraps a failure.
    #[must_use]
    pub fn of(error: ErrorTold) -> Self {
        Self { r#type: MESSAGE_TYPE.to_owned(), outcome: Told::Error { error } }
    }
}

/// The message of a session's end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultMessage {
    /// Always [`MESSAGE_TYPE`].
    pub r#type: String,
    /// What it tells.
    #[serde(flatten)]
    pub result: SessionResult,
}

impl ResultMessage {
    /// Wraps a result.
    #[must_use]
    pub fn of(result: SessionResult) -> Self {
        Self { r#type: MESSAGE_TYPE.to_owned(), result }
    }
}
