//! A Connect session: what one user may do in the next few minutes, and how far they have come.
//!
//! Every transition is a method here and says why it refuses; the store only compares versions.

mod connected;
mod forget;
mod mismatch;
mod terms;
#[cfg(test)]
mod tests;
mod told;

pub use mismatch::{Accounts, Mismatch};
use serde::{Deserialize, Serialize};
pub use terms::{Link, Opening, Terms, Theme};
use url::Url;

use crate::{
    Code, Timestamp,
    device::Mode,
    grant::Connection,
    ids::{AppId, ProviderId, SessionId},
};

/// How long a result stays readable after the end, in seconds.
pub const RESULT_SECONDS: i64 = 600;

/// Longer than any exchange takes: four requests of 20 seconds each, in seconds.
const LONGEST_WORK_SECONDS: i64 = 120;

/// How far a session has come, and what that state alone knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Progress {
    /// Minted, not opened, or opened and choosing.
    Choosing,
    /// Gone to the provider.
    AtProvider {
        /// Which.
        provider: ProviderId,
    },
    /// Back, with the exchange under way.
    Working {
        /// Which.
        provider: ProviderId,
        /// Since when.
        since: Timestamp,
    },
    /// Back, with the code kept until the app's backend completes it.
    Held {
        /// Which.
        provider: ProviderId,
        /// The sealed completion code that the browser carries to the app.
        sealed_completion: Vec<u8>,
        /// When the code is too old.
        until: Timestamp,
    },
    /// Something failed; the person may try again.
    Troubled {
        /// Where.
        provider: ProviderId,
        /// What.
        code: Code,
        /// The two accounts, when they are what is wrong.
        mismatch: Option<Mismatch>,
    },
    /// Over.
    Finished {
        /// How.
        outcome: Outcome,
        /// When.
        at: Timestamp,
    },
}

/// How a session ended. Success is told by its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// With at least one connection.
    Success,
    /// Without, because of a failure.
    Error(Code),
    /// Without, because the person left.
    Exit,
}

/// The public name of a session's progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum Stage {
    /// Not opened by a browser yet.
    Minted,
    /// On our pages.
    Picking,
    /// At the provider.
    AtProvider,
    /// Back from the provider.
    Working,
    /// Showing a problem.
    Troubled,
    /// Over.
    Finished,
}

impl Stage {
    /// As written in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minted => "minted",
            Self::Picking => "picking",
            Self::AtProvider => "at_provider",
            Self::Working => "working",
            Self::Troubled => "troubled",
            Self::Finished => "finished",
        }
    }
}

/// A stored session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// No secret.
    pub id: SessionId,
    /// Whose.
    pub app: AppId,
    /// What was asked for.
    pub terms: Terms,
    /// The browser it belongs to, once opened.
    pub opening: Option<Opening>,
    /// Whether that browser has left for a provider: from then on it is the only one.
    pub departed: bool,
    /// Where it stands.
    pub progress: Progress,
    /// What was made, oldest first.
    pub connections: Vec<Connection>,
    /// When it was minted.
    pub created_at: Timestamp,
    /// When it can no longer be used.
    pub expires_at: Timestamp,
    /// Compared and raised by every write.
    pub version: i64,
}

/// Why a session can't go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Its time is over.
    #[error("the session has expired")]
    Expired,
    /// It ended before.
    #[error("the session is finished")]
    Finished,
    /// It left for a provider from another browser.
    #[error("the session belongs to another browser")]
    Taken,
    /// The provider is not among its providers.
    #[error("the session does not offer this provider")]
    NotOffered,
    /// The step does not follow from where it stands.
    #[error("the session is not at this step")]
    OutOfStep,
}

impl SessionError {
    /// Its stable code.
    #[must_use]
    pub fn code(self) -> Code {
        match self {
            Self::Expired | Self::Finished => Code::InvalidToken,
            Self::Taken => Code::WrongBrowser,
            Self::NotOffered => Code::NotFound,
            Self::OutOfStep => Code::Conflict,
        }
    }
}

impl Session {
    /// Whether it may still be used.
    ///
    /// # Errors
    /// When it is finished or its time is over.
    pub fn check_open(&self, now: Timestamp) -> Result<(), SessionError> {
        match self.progress {
            Progress::Finished { .. } => Err(SessionError::Finished),
            _ if now >= self.expires_at => Err(SessionError::Expired),
            _ => Ok(()),
        }
    }

    /// Whether its time is over. An exchange under way may still finish.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        match self.progress {
            Progress::Working { .. } | Progress::Finished { .. } => false,
            Progress::Held { until, .. } => now >= until,
            Progress::Choosing | Progress::AtProvider { .. } | Progress::Troubled { .. } => {
                now >= self.expires_at
            }
        }
    }

    /// An exchange that has taken longer than one can was cut off, by a crash most likely: the person may
    /// try again.
    #[must_use]
    pub fn with_lost_work_noticed(self, now: Timestamp) -> Self {
        match &self.progress {
            Progress::Working { provider, since } if now >= since.plus_seconds(LONGEST_WORK_SECONDS) => {
                let provider = provider.clone();
                self.trouble(&provider, Code::Internal, None)
            }
            _ => self,
        }
    }

    /// Gives the session to a browser. Until the first depart a later opening takes it over.
    ///
    /// # Errors
    /// When it is over or its browser has left for a provider.
    pub fn open(mut self, opening: Opening, now: Timestamp) -> Result<Self, SessionError> {
        self.check_open(now)?;
        if self.departed {
            return Err(SessionError::Taken);
        }
        self.opening = Some(opening);
        Ok(self)
    }

    /// Sends its browser to a provider; also again, after Back.
    ///
    /// # Errors
    /// When it is over, not opened, under way with an exchange, or does not offer the provider.
    pub fn depart(mut self, provider: &ProviderId, now: Timestamp) -> Result<Self, SessionError> {
        self.check_open(now)?;
        if !self.terms.providers.contains(provider) {
            return Err(SessionError::NotOffered);
        }
        match self.progress {
            Progress::Choosing | Progress::AtProvider { .. } | Progress::Troubled { .. } => {}
            Progress::Working { .. } | Progress::Held { .. } | Progress::Finished { .. } => {
                return Err(SessionError::OutOfStep);
            }
        }
        if self.opening.is_none() {
            return Err(SessionError::OutOfStep);
        }
        self.departed = true;
        self.progress = Progress::AtProvider { provider: provider.clone() };
        Ok(self)
    }

    /// Takes it back from the provider; the exchange begins.
    ///
    /// # Errors
    /// When it is over, or an exchange is under way or done.
    pub fn arrive(mut self, provider: &ProviderId, now: Timestamp) -> Result<Self, SessionError> {
        self.check_open(now)?;
        match self.progress {
            Progress::AtProvider { .. } | Progress::Troubled { .. } | Progress::Choosing => {}
            Progress::Working { .. } | Progress::Held { .. } | Progress::Finished { .. } => {
                return Err(SessionError::OutOfStep);
            }
        }
        self.progress = Progress::Working { provider: provider.clone(), since: now };
        Ok(self)
    }

    /// Notes a failure that the person may recover from.
    #[must_use]
    pub fn trouble(mut self, provider: &ProviderId, code: Code, mismatch: Option<Mismatch>) -> Self {
        self.progress = Progress::Troubled { provider: provider.clone(), code, mismatch };
        self
    }

    /// Keeps the code back until the app's backend completes the session.
    #[must_use]
    pub fn hold(mut self, provider: &ProviderId, sealed_completion: Vec<u8>, until: Timestamp) -> Self {
        self.progress = Progress::Held { provider: provider.clone(), sealed_completion, until };
        self
    }

    /// Ends it: success with what was made, the trouble it is in, or an exit.
    ///
    /// # Errors
    /// When it is over or an exchange is under way.
    pub fn leave(mut self, now: Timestamp) -> Result<Self, SessionError> {
        self.check_open(now)?;
        let outcome = match &self.progress {
            Progress::Working { .. } | Progress::Held { .. } | Progress::Finished { .. } => {
                return Err(SessionError::OutOfStep);
            }
            _ if !self.connections.is_empty() => Outcome::Success,
            Progress::Troubled { code, .. } => Outcome::Error(*code),
            Progress::Choosing | Progress::AtProvider { .. } => Outcome::Exit,
        };
        self.progress = Progress::Finished { outcome, at: now };
        Ok(self)
    }

    /// Ends it with a failure.
    #[must_use]
    pub fn fail(mut self, code: Code, now: Timestamp) -> Self {
        self.progress = Progress::Finished { outcome: Outcome::Error(code), at: now };
        self
    }

    /// Where a redirect returns: the backend's word before the page's.
    #[must_use]
    pub fn return_url(&self) -> Option<&Url> {
        let asked_by_page = || self.opening.as_ref().and_then(|opening| opening.return_to.as_ref());
        self.terms.return_url.as_ref().or_else(asked_by_page)
    }

    /// How the pages were opened; redirect until they are.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.opening.as_ref().map(|opening| opening.mode).unwrap_or_default()
    }

    /// The public name of its progress.
    #[must_use]
    pub fn stage(&self) -> Stage {
        match self.progress {
            Progress::Choosing if self.opening.is_none() => Stage::Minted,
            Progress::Choosing => Stage::Picking,
            Progress::AtProvider { .. } => Stage::AtProvider,
            Progress::Working { .. } | Progress::Held { .. } => Stage::Working,
            Progress::Troubled { .. } => Stage::Troubled,
            Progress::Finished { .. } => Stage::Finished,
        }
    }
}
