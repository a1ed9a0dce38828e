//! A connection was made: the end, unless the session takes several, or the person is asked to allow more.

use super::{Outcome, Progress, Session};
use crate::{Code, Timestamp, grant::Connection};

impl Session {
    /// Notes a connection. One that lacks scopes is told of once, to a person who is there to repair it; from
    /// then on leaving means success all the same.
    #[must_use]
    pub fn connected(mut self, connection: Connection, now: Timestamp) -> Self {
        let is_the_same = |known: &Connection| known.grant_id == connection.grant_id;
        let was_asked = self.connections.iter().any(is_the_same);
        let is_away = matches!(self.progress, Progress::Held { .. });
        self.connections.retain(|known| !is_the_same(known));
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

    /// The last connection, if it lacks scopes: the next trip adds to it.
    #[must_use]
    pub fn lacking(&self) -> Option<&Connection> {
        self.connections.last().filter(|last| !last.scopes_missing.is_empty())
    }
}
