//! Random choices that can be made again.

use std::env;
use std::hash::{BuildHasher, RandomState};

use crate::requirement::{announce, test_name};

/// The seed of one test: `IDEM_SEED` where it is set, else a new one; printed either way.
#[derive(Debug, Clone, Copy)]
pub struct Seed(u64);

impl Seed {
    /// Reads or draws the seed, and prints how to run the test with it again.
    pub fn new() -> Self {
        let seed = match env::var("IDEM_SEED") {
            Ok(text) => text.parse().expect("IDEM_SEED is a decimal number below 2^64"),
            Err(_) => RandomState::new().hash_one("seed"),
        };
        announce(&format!("{}: IDEM_SEED={seed}\n", test_name()));
        Self(seed)
    }

    /// A generator for one use; another `stream` gives an unrelated sequence, so threads need not share one.
    pub fn rng(self, stream: u64) -> fastrand::Rng {
        let mut base = fastrand::Rng::with_seed(self.0);
        fastrand::Rng::with_seed(base.u64(..) ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }
}

impl Default for Seed {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn seed_repeats_and_its_streams_differ() {
        let draw = |seed, stream| Seed(seed).rng(stream).u64(..);
        assert_eq!(draw(7, 1), draw(7, 1));
        assert_ne!(draw(7, 1), draw(7, 2));
        assert_ne!(draw(7, 1), draw(8, 1));
    }
}
