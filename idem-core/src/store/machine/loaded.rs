//! What a load gives.

use super::rows::MachineRow;
use crate::clock::Timestamp;
use crate::store::key::KnownKey;

/// What one load statement gives, in the order asked.
#[derive(Debug)]
pub struct Loaded {
    /// The database's time.
    pub(crate) now: Timestamp,
    pub(crate) machines: Vec<Option<MachineRow>>,
    pub(crate) keys: Vec<Option<KnownKey>>,
}
