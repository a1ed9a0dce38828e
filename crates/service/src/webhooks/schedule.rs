//! When a delivery that failed is tried again: the schedule that Standard Webhooks recommends, about three days long.

use grantway_core::{Entropy, Timestamp, clock::random_bytes};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// Seconds from one attempt to the next.
const PAUSES: [i64; 9] =
    [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];
/// Up to a fifth of a pause is added by chance, so that what failed together does not come back together.
const JITTER: i64 = 5;

/// When the attempt after `attempt` (from 1) is made; none when that was the last.
pub(super) fn next_at(attempt: i64, now: Timestamp, entropy: &dyn Entropy) -> Option<Timestamp> {
    let pause = *PAUSES.get(usize::try_from(attempt - 1).ok()?)?;
    let most = pause * 1000 / JITTER;
    let jitter = most * i64::from(u32::from_le_bytes(random_bytes(entropy))) / i64::from(u32::MAX);
    Some(Timestamp(now.plus_seconds(pause).0 + jitter))
}

#[cfg(test)]
mod tests {
    use grantway_testkit::SeededEntropy;

    use super::*;

    #[test]
    fn pauses_grow_to_a_day_and_end_after_ten_attempts() {
        let entropy = SeededEntropy::new(1);
        let pauses: Vec<_> = (1..=10).map_while(|attempt| next_at(attempt, Timestamp(0), &entropy)).collect();

        assert_eq!(pauses.len(), 9);
        for (pause, seconds) in pauses.iter().zip(PAUSES) {
            assert!((seconds * 1000..=seconds * 1200).contains(&pause.0), "{pause:?}");
        }
    }

    #[test]
    fn what_failed_together_does_not_come_back_together() {
        let entropy = SeededEntropy::new(1);

        let (one, other) = (next_at(3, Timestamp(0), &entropy), next_at(3, Timestamp(0), &entropy));

        assert_ne!(one, other);
    }
}
