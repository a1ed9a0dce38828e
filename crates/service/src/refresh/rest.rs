//! Rest for what fails. A provider, or one grant at it, that failed several times in a row is left alone for a
//! short, growing time; then one trial decides. And at most so many requests wait for one provider at a time.
//!
//! In memory of each process, by the monotonic clock.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use grantway_core::GrantId;
use grantway_engine::EngineError;
use tokio::time::Instant;
use url::Url;

/// Failures in a row after which a provider rests, whichever grants they were of.
const HOST_FAILURES: u32 = 5;
/// The same for one grant: its trouble may be its own.
const GRANT_FAILURES: u32 = 3;
/// A rest doubles from the first to the longest; a provider may ask for more than that one, up to the last.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);
const LONGEST_ASKED: Duration = Duration::from_secs(600);
/// Requests that wait for one provider: one that hangs holds no more tasks than these.
const MOST_AT_ONCE: usize = 32;

#[derive(Clone, PartialEq, Eq, Hash)]
enum Key {
    Host(String),
    Grant(GrantId),
}

/// What failed, or is asked right now.
#[derive(Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
    at_once: usize,
}

impl State {
    /// Seconds to wait, if it may not be asked now.
    fn rest(&self, most_failures: u32, now: Instant) -> Option<u64> {
        let left = self.until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
        let is_on_trial = self.failures >= most_failures && self.at_once > 0;
        if left.is_zero() && !is_on_trial && self.at_once < MOST_AT_ONCE {
            return None;
        }
        Some(whole_seconds(left))
    }

    fn failed(&mut self, most_failures: u32, now: Instant) {
        // It was sent before the rest began, and tells nothing new.
        if self.until.is_some_and(|until| until > now) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        if let Some(beyond) = self.failures.checked_sub(most_failures) {
            let rest = FIRST_REST.saturating_mul(2_u32.saturating_pow(beyond)).min(LONGEST_REST);
            self.until = self.until.max(Some(now + rest));
        }
    }

    fn is_idle(&self) -> bool {
        self.at_once == 0 && self.failures == 0 && self.until.is_none()
    }
}

/// A second at least: a client that is told 0 would ask at once.
fn whole_seconds(left: Duration) -> u64 {
    left.as_millis().div_ceil(1000).max(1).try_into().unwrap_or(u64::MAX)
}

/// Who rests.
#[derive(Default)]
pub(crate) struct Rests(Mutex<HashMap<Key, State>>);

impl Rests {
    /// Lets one request go to the host of `url`, for a grant.
    ///
    /// # Errors
    /// [`EngineError::Resting`] when it may not go now.
    pub(super) fn enter(&self, url: &Url, grant: GrantId, now: Instant) -> Result<Pass<'_>, EngineError> {
        let keys = [
            (Key::Host(url.host_str().unwrap_or_default().to_owned()), HOST_FAILURES),
            (Key::Grant(grant), GRANT_FAILURES),
        ];
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rest = keys.iter().filter_map(|(key, most)| states.get(key)?.rest(*most, now)).max();
        if let Some(seconds) = rest {
            return Err(EngineError::Resting(seconds));
        }
        for (key, _) in &keys {
            states.entry(key.clone()).or_default().at_once += 1;
        }
        Ok(Pass { rests: self, keys })
    }

    fn change(&self, key: &Key, change: impl FnOnce(&mut State)) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(key.clone()).or_default();
        change(state);
        if state.is_idle() {
            states.remove(key);
        }
    }
}

/// A request that may go.
pub(super) struct Pass<'a> {
    rests: &'a Rests,
    keys: [(Key, u32); 2],
}

impl Pass<'_> {
    /// What came of it. Any answer that is not "later" shows a provider at work.
    pub(super) fn ended(&self, trouble: Option<EngineError>, now: Instant) {
        for (key, most) in &self.keys {
            self.rests.change(key, |state| match trouble {
                Some(EngineError::Resting(seconds)) if matches!(key, Key::Host(_)) => {
                    state.failed(*most, now);
                    state.until =
                        state.until.max(Some(now + Duration::from_secs(seconds).min(LONGEST_ASKED)));
                }
                Some(error) if error.is_transient() => state.failed(*most, now),
                _ => (state.failures, state.until) = (0, None),
            });
        }
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        for (key, _) in &self.keys {
            self.rests.change(key, |state| state.at_once = state.at_once.saturating_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use grantway_testkit::SeededEntropy;

    use super::*;

    const FAILED: Option<EngineError> = Some(EngineError::Failing(500));

    fn grants() -> impl FnMut() -> GrantId {
        let entropy = SeededEntropy::new(1);
        move || GrantId::random(&entropy)
    }

    fn url(host: &str) -> Url {
        format!("https://{host}/token").parse().unwrap()
    }

    fn rests(rests: &Rests, host: &str, grant: GrantId, now: Instant) -> Option<EngineError> {
        rests.enter(&url(host), grant, now).err()
    }

    #[test]
    fn a_provider_that_fails_for_all_rests_longer_each_time_until_a_trial_succeeds() {
        let (all, mut grant, mut now) = (Rests::default(), grants(), Instant::now());
        for _ in 0..HOST_FAILURES {
            all.enter(&url("a.test"), grant(), now).unwrap().ended(FAILED, now);
        }

        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(rests(&all, "a.test", grant(), now), Some(EngineError::Resting(seconds)));
            assert_eq!(rests(&all, "b.test", grant(), now), None, "another is not affected");
            now += Duration::from_secs(seconds);
            let trial = all.enter(&url("a.test"), grant(), now).unwrap();
            assert_eq!(rests(&all, "a.test", grant(), now), Some(EngineError::Resting(1)), "one trial");
            trial.ended(FAILED, now);
        }
        now += LONGEST_REST;
        all.enter(&url("a.test"), grant(), now).unwrap().ended(None, now);

        assert_eq!(rests(&all, "a.test", grant(), now), None);
        assert!(
            all.0.lock().unwrap().keys().all(|key| matches!(key, Key::Grant(_))),
            "nothing of it is kept"
        );
    }

    #[test]
    fn one_grants_own_trouble_rests_that_grant_alone() {
        let (all, mut grant, now) = (Rests::default(), grants(), Instant::now());
        let (bad, good) = (grant(), grant());
        for _ in 0..GRANT_FAILURES {
            all.enter(&url("a.test"), bad, now).unwrap().ended(FAILED, now);
        }

        assert_eq!(rests(&all, "a.test", bad, now), Some(EngineError::Resting(1)));
        assert_eq!(rests(&all, "a.test", good, now), None);
    }

    #[test]
    fn a_refusal_of_a_grant_is_no_failure_of_its_provider() {
        let (all, mut grant, now) = (Rests::default(), grants(), Instant::now());
        for _ in 0..20 {
            let refused = Some(EngineError::InvalidGrant);
            all.enter(&url("a.test"), grant(), now).unwrap().ended(refused, now);
        }

        assert_eq!(rests(&all, "a.test", grant(), now), None);
    }

    #[test]
    fn a_provider_that_asks_for_a_rest_gets_it_within_reason() {
        for (asked, given) in [(7, 7), (90, 90), (86_400, 600)] {
            let (all, mut grant, now) = (Rests::default(), grants(), Instant::now());
            let asked = Some(EngineError::Resting(asked));

            all.enter(&url("a.test"), grant(), now).unwrap().ended(asked, now);

            assert_eq!(rests(&all, "a.test", grant(), now), Some(EngineError::Resting(given)));
        }
    }

    #[test]
    fn one_that_hangs_holds_so_many_requests_and_no_more() {
        let (all, mut grant, now) = (Rests::default(), grants(), Instant::now());
        let waiting: Vec<_> =
            (0..MOST_AT_ONCE).map(|_| all.enter(&url("a.test"), grant(), now).unwrap()).collect();

        assert_eq!(rests(&all, "a.test", grant(), now), Some(EngineError::Resting(1)));
        assert_eq!(rests(&all, "b.test", grant(), now), None);
        for pass in waiting {
            pass.ended(FAILED, now);
        }
        assert_eq!(rests(&all, "a.test", grant(), now), Some(EngineError::Resting(1)), "one failure, not 32");
    }
}
