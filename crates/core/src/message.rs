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
pub struct ErrorTold {
    /// Stable.
    pub code: Code,
    /// For people.
    pub message: String,
}

impl From<Code> for ErrorTold {
    fn from(code: Code) -> Self {
        Self { code, message: format!("{}. {}", code.title(), code.advice()) }
    }
}

/// The message itself.
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
