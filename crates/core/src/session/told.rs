//! What others may know of a session: its result, for as long as it is readable.

use super::{Outcome, Progress, RESULT_SECONDS, Session};
use crate::{
    Code, Timestamp,
    message::{SessionResult, TokenReason, Told},
};

impl Session {
    /// Until when its result can be read.
    #[must_use]
    pub fn readable_until(&self) -> Timestamp {
        match self.progress {
            Progress::Finished { at, .. } => at.plus_seconds(RESULT_SECONDS),
            Progress::Choosing
            | Progress::AtProvider { .. }
            | Progress::Working { .. }
            | Progress::Held { .. }
            | Progress::Troubled { .. } => self.expires_at.plus_seconds(RESULT_SECONDS),
        }
    }

    /// What the frontend may know now. A session whose time is over has failed with `invalid_token`,
    /// unless something was connected before.
    #[must_use]
    pub fn result(&self, now: Timestamp) -> SessionResult {
        let provider = match &self.progress {
            Progress::Finished { .. } | Progress::Choosing => None,
            Progress::AtProvider { provider }
            | Progress::Working { provider, .. }
            | Progress::Held { provider, .. }
            | Progress::Troubled { provider, .. } => Some(provider),
        };
        let outcome = match &self.progress {
            Progress::Finished { outcome, .. } => self.told(*outcome),
            _ if self.is_over(now) => self.told(self.outcome_when_over()),
            _ => Told::Pending,
        };
        let last = || self.connections.last().map(|connection| connection.provider.to_string());
        SessionResult {
            session_id: self.id.clone(),
            stage: self.stage(),
            provider: provider.map(ToString::to_string).or_else(last),
            outcome,
        }
    }

    /// What leaving now would mean: the frontend asks when it finds the window closed.
    #[must_use]
    pub fn told_if_left(&self) -> Told {
        match &self.progress {
            _ if !self.connections.is_empty() => self.told(Outcome::Success),
            Progress::Troubled { code, .. } => self.told(Outcome::Error(*code)),
            Progress::Finished { outcome, .. } => self.told(*outcome),
            Progress::Choosing
            | Progress::AtProvider { .. }
            | Progress::Working { .. }
            | Progress::Held { .. } => Told::Exit,
        }
    }

    /// How it ends when its time is over.
    #[must_use]
    pub fn outcome_when_over(&self) -> Outcome {
        if self.connections.is_empty() { Outcome::Error(Code::InvalidToken) } else { Outcome::Success }
    }

    fn told(&self, outcome: Outcome) -> Told {
        match (outcome, self.connections.last()) {
            (Outcome::Success, Some(last)) => Told::Success {
                connection: Box::new(last.clone()),
                connections: self.connections.clone(),
                user: self.terms.user.clone(),
            },
            (Outcome::Success, None) => Told::Error { error: Code::Internal.into() },
            // The only way in which a session that was opened meets this code.
            (Outcome::Error(Code::InvalidToken), _) => Told::Error { error: TokenReason::Expired.into() },
            (Outcome::Error(code), _) => Told::Error { error: code.into() },
            (Outcome::Exit, _) => Told::Exit,
        }
    }
}
