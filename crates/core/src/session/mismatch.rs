//! Another account than the named grant's came back: the person chooses, nothing is done before.

use serde::{Deserialize, Serialize};

use super::{Progress, Session, SessionError};
use crate::Timestamp;

/// Two accounts that should have been one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// The grant's, as a person would recognise it.
    pub expected: String,
    /// The one that came back.
    pub got: String,
}

/// What waits for the person's choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// To show.
    pub accounts: Accounts,
    /// The sealed connection of the account that came back.
    pub kept: Vec<u8>,
}

impl Session {
    /// Whether the person was asked which account it shall be.
    #[must_use]
    pub fn asks_which_account(&self) -> bool {
        matches!(&self.progress, Progress::Troubled { mismatch: Some(_), .. })
    }

    /// The person keeps both accounts: from now on it is for no grant in particular. Gives what was kept.
    ///
    /// # Errors
    /// When it is over, or nobody asked.
    pub fn keep_both(mut self, now: Timestamp) -> Result<(Self, Vec<u8>), SessionError> {
        self.check_open(now)?;
        let Progress::Troubled { mismatch: Some(mismatch), .. } = &self.progress else {
            return Err(SessionError::OutOfStep);
        };
        let kept = mismatch.kept.clone();
        self.terms.grant_id = None;
        Ok((self, kept))
    }
}
