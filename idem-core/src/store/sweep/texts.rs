//! The statements that delete what has expired.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements that delete what has expired, by name. Each deletes the oldest, about `$1` rows, and gives a row for each.
    pub struct SweepTexts {
        /// Raises the floor of epochs to the highest of those claims, in the same transaction. Empty where that is a part of `claims`.
        raise_floor,
        claims,
        /// Alias keys, and rejections that keys remember.
        alias_keys,
        /// Epochs of other stores that have not written for `$2` microseconds.
        fences,
    }
}

/// Sweeping in one database.
pub trait SweepStore: Dialect {
    const SWEEP: SweepTexts<&'static str>;

    /// The rows of one batch of the background sweeper.
    const BATCH: u32;
}
