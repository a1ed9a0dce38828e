//! A clock that stands still until it is told otherwise.

use std::sync::atomic::{AtomicI64, Ordering};

use grantway_core::{Clock, Timestamp};

/// Shows what it was last told. Share it by `Arc` to move time under running code.
#[derive(Debug)]
pub struct ToldClock(AtomicI64);

impl ToldClock {
    /// Stands at `moment`.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(AtomicI64::new(moment.0))
    }

    /// Moves on by so many seconds; back, when negative.
    pub fn advance_seconds(&self, seconds: i64) {
        self.0.fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
    }

    /// Jumps to `moment`, as clocks do that are set by hand.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.0, Ordering::SeqCst);
    }
}

impl Clock for ToldClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_told_clock_moves_only_when_told() {
        let clock = ToldClock::at(Timestamp(5_000));

        let before = clock.now();
        clock.advance_seconds(60);

        assert_eq!(before, Timestamp(5_000));
        assert_eq!(clock.now(), Timestamp(65_000));
    }
}
