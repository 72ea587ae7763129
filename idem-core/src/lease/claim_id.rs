//! The name of a claim, for lists and for the rows of an application.

use std::fmt;
use std::str::FromStr;

use crate::epoch::Epoch;
use crate::error::Error;
use crate::key::{Hasher, Hex, KeyHash};

/// Names a claim: its operation and the hash of its key, and its epoch. Written and read as text, for a list and a button beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ClaimId {
    hash: KeyHash,
    epoch: Epoch,
    /// Of which operation.
    operation: u32,
}

impl ClaimId {
    /// Of a key of this operation.
    pub(crate) fn new(hash: KeyHash, epoch: Epoch, operation: &str) -> Self {
        Self { hash, epoch, operation: tag(operation) }
    }

    /// Whether it is of this operation: the outcomes of another may be of another type.
    pub(crate) fn is_of(&self, operation: &str) -> bool {
        self.operation == tag(operation)
    }

    pub(crate) fn hash(&self) -> KeyHash {
        self.hash
    }

    pub(crate) fn epoch(&self) -> Epoch {
        self.epoch
    }
}

/// A short hash of an operation's name.
fn tag(operation: &str) -> u32 {
    let hash = Hasher::new("idem claim v1").with(operation.as_bytes()).finish();
    u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]])
}

impl fmt::Display for ClaimId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:08x}", Hex(&self.hash.0), self.epoch, self.operation)
    }
}

impl FromStr for ClaimId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let (hash, rest) = text.split_once('-')?;
            let (epoch, operation) = rest.split_once('-')?;
            let digits = |at: usize| hash.get(at * 2..at * 2 + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
            let bytes: Vec<u8> = (0..hash.len() / 2).map(digits).collect::<Option<_>>()?;
            let whole = hash.len() == KeyHash::BYTES * 2 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            let hash = KeyHash(bytes.try_into().ok().filter(|_| whole)?);
            let operation = u32::from_str_radix(operation, 16).ok()?;
            Some(Self { hash, epoch: Epoch(epoch.parse().ok()?), operation })
        };
        read().ok_or_else(|| Error::Config {
            problem: format!("{text:?} is no id of a claim; take it from a list of lost ones"),
        })
    }
}
