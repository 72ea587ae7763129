//! What came of a write.

use super::part::LockName;
use super::rows::After;
use crate::store::key::KnownKey;

/// What came of a write in a transaction of its own.
#[derive(Debug)]
pub enum Written {
    Done(After),
    /// Nothing is written: a machine's version, a key or a bound was not what the decision rested on, or others hold the rows
    /// of these names.
    Lost(Vec<LockName>),
    /// Nothing is written: its one key is known.
    Known(KnownKey),
}
