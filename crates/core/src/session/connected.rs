//! A connection was made: the end, unless the session takes several, or the person is asked to allow more.

use super::{Outcome, Progress, Session};
use crate::{
    Code, Timestamp,
    grant::Connection,
    ids::{GrantId, ProviderId},
};

impl Session {
    /// Notes a connection. One that lacks scopes is told of, once in a session, to a person who is there to repair
    /// it; from then on leaving means success all the same.
    #[must_use]
    pub fn connected(mut self, connection: Connection, now: Timestamp) -> Self {
        let was_asked = !self.connections.is_empty();
        let is_away = matches!(self.progress, Progress::Held { .. });
        self.connections.retain(|known| known.grant_id != connection.grant_id);
        self.connections.push(connection);
        self.progress = match self.lacking() {
            _ if self.terms.multiple => Progress::Choosing,
            Some(lacking) if !was_asked && !is_away => Progress::Troubled {
                provider: lacking.provider.clone(),
                code: Code::ScopesMissing,
                mismatch: None,
            },
            _ => Progress::Finished { outcome: Outcome::Success, at: now },
        };
        self
    }

    /// The connection that the person was asked to complete.
    #[must_use]
    pub fn lacking(&self) -> Option<&Connection> {
        let last = self.connections.last().filter(|last| !last.scopes_missing.is_empty());
        last.filter(|_| !self.terms.multiple)
    }

    /// The grant that a trip to this provider is for: the one named, or the one to be completed.
    #[must_use]
    pub fn meant(&self, provider: &ProviderId) -> Option<GrantId> {
        let lacking = || Some(self.lacking().filter(|lacking| lacking.provider == *provider)?.grant_id);
        self.terms.grant_id.or_else(lacking)
    }
}
