//! What is the same for everyone who writes it by hand.

use sha2::{Digest, Sha256};

use crate::Change;

/// A key as it is stored, and what it was used for.
pub(crate) struct Claim {
    pub(crate) hash: Vec<u8>,
    pub(crate) fingerprint: Vec<u8>,
}

impl Claim {
    pub(crate) fn of(key: &str, change: &Change) -> Self {
        let digest = |parts: &[&[u8]]| {
            let mut hash = Sha256::new();
            for part in parts {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
                hash.update(part);
            }
            hash.finalize().to_vec()
        };
        let mut hash = digest(&[b"version", b"bench", key.as_bytes()]);
        hash.truncate(23);
        let (id, version) = (change.id.to_le_bytes(), change.version.to_le_bytes());
        Self { hash, fingerprint: digest(&[b"documents", &id, &version, change.body.as_bytes()]) }
    }
}

/// How long a key is kept, in microseconds.
pub(crate) const RETENTION: i64 = 24 * 3_600 * 1_000_000;
