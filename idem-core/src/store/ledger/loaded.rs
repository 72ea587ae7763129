//! What a load gives.

use super::rows::AccountRow;
use crate::clock::Timestamp;
use crate::store::key::KnownKey;

/// What one load of ledger keys gives, in the order asked.
#[derive(Debug)]
pub struct LoadedLedger {
    /// The database's time.
    pub(crate) now: Timestamp,
    pub(crate) keys: Vec<Option<KnownKey>>,
    pub(crate) accounts: Vec<Option<AccountRow>>,
}
