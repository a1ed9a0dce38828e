//! Randomness that repeats. For tests only: whoever knows the seed knows every secret.

use std::sync::atomic::{AtomicU64, Ordering};

use grantway_core::{Digest, Entropy};

/// SHA-256 over seed and counter: the same seed gives the same bytes in the same order of calls.
#[derive(Debug)]
pub struct SeededEntropy {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededEntropy {
    /// Starts the sequence of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, blocks: AtomicU64::new(0) }
    }

    fn block(&self) -> Digest {
        let number = self.blocks.fetch_add(1, Ordering::SeqCst);
        Digest::of(&format!("{}:{number}", self.seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            chunk.copy_from_slice(&self.block().as_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_bytes(seed: u64) -> [u8; 80] {
        let mut bytes = [0; 80];
        SeededEntropy::new(seed).fill(&mut bytes);
        bytes
    }

    #[test]
    fn a_seed_repeats_itself_and_nothing_else() {
        let (once, again, other) = (first_bytes(1), first_bytes(1), first_bytes(2));

        assert_eq!(once, again);
        assert_ne!(once, other);
        assert_ne!(once[..32], once[32..64]);
    }
}
