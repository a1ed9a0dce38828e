//! News of changed sessions and of events, for whoever waits in this process.

use grantway_core::SessionId;
use tokio::sync::broadcast;

/// How many changes a slow listener may miss before it reads the store again anyway.
const KEPT: usize = 1024;

/// What may be worth another look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This session, committed.
    Session(SessionId),
    /// Something is to be delivered, committed; a session's own events may come as its change alone.
    Event,
    /// Any: some changes may not have been heard of.
    Unheard,
}

/// Where changes are told.
#[derive(Clone, Debug)]
pub struct Changes(broadcast::Sender<Change>);

impl Changes {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(KEPT).0)
    }

    pub(crate) fn tell(&self, change: Change) {
        // Nobody waiting is no error.
        let _ = self.0.send(change);
    }

    /// Hears every change from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    /// How many listen.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.receiver_count()
    }
}
