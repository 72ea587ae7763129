//! The statements that find out whether a write was committed.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements of probes, by name.
    pub struct ProbeTexts {
        /// Inserts the key `$1`, and so waits for its first writer. Empty where the transaction itself is the lock.
        put_key,
        /// The same for the transition of machine `$1`, `$2` id and `$3` seq.
        put_transition,
        /// Finds the key `$1` by its time `$2`, if that is known.
        key = "SELECT 1 FROM {keys} WHERE hash = {$1 bytes} AND at = coalesce({$2 int}, at)",
        /// Finds the transition of machine `$1`, `$2` id, `$3` seq by its time `$4`.
        transition = "
            SELECT 1 FROM {transitions}
            WHERE machine = {$1 text} AND id = {$2 text} AND seq = {$3 int} AND at = {$4 int}",
    }
}

/// Probes in one database.
pub trait ProbeStore: Dialect {
    const PROBES: ProbeTexts<&'static str>;

    /// Whether an error says that what was inserted is there.
    fn is_there(_error: &sqlx::Error) -> bool {
        false
    }
}
