//! The end of a session whose user is deleted: nothing personal stays, and who polls is told.

use super::{Outcome, Progress, Session};
use crate::{Code, Timestamp, grant::User};

impl Session {
    /// Ends it, whatever it was doing or had done, and forgets all that is personal. Its ids and terms of
    /// use remain until its result is forgotten.
    #[must_use]
    pub fn forgotten(mut self, now: Timestamp) -> Self {
        self.terms.user = User::by_id(self.terms.user.id);
        self.terms.metadata.clear();
        self.terms.parameters.clear();
        self.terms.return_url = None;
        self.connections.clear();
        if let Some(opening) = &mut self.opening {
            opening.return_to = None;
        }
        self.fail(Code::UserDeleted, now)
    }

    /// Whether it ended so.
    #[must_use]
    pub fn is_forgotten(&self) -> bool {
        matches!(&self.progress, Progress::Finished { outcome: Outcome::Error(Code::UserDeleted), .. })
    }
}
