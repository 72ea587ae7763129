//! The statements that find out whether a write was committed.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements of probes, by name.
    pub struct ProbeTexts {
        /// Waits for the time `$1`. Empty where no write comes late.
        wait,
        /// Inserts the key `$1` of an update, or locks the one that is there, and so waits for its writers.
        put_update_key,
        /// The same for a key that stands in transitions, and for one that stands in entries.
        put_transition_key,
        put_entry_key,
        /// The same for the transition of machine `$1`, `$2` id and `$3` seq.
        put_transition,
        /// Finds the key `$1` by its time `$2`; if that is not known, any that has not expired.
        update_key = "
            SELECT 1 FROM {claims}
            WHERE hash = {$1 bytes} AND coalesce(at = {$2 int}, expires_at IS NULL OR expires_at > {now})",
        transition_key = "
            SELECT 1 FROM {transitions}
            WHERE hash = {$1 bytes} AND coalesce(at = {$2 int}, expires_at IS NULL OR expires_at > {now})",
        entry_key = "SELECT 1 FROM {entries} WHERE hash = {$1 bytes} AND coalesce(at = {$2 int}, true)",
        /// Finds the transition of machine `$1`, `$2` id, `$3` seq by its time `$4`, its request `$5`, and the hash of its key, or
        /// the request again, `$6`.
        transition = "
            SELECT 1 FROM {transitions}
            WHERE machine = {$1 text} AND id = {$2 text} AND seq = {$3 int} AND at = {$4 int}
                AND fingerprint = {$5 bytes} AND coalesce(hash, fingerprint) = {$6 bytes}",
    }
}

/// Probes in one database.
pub trait ProbeStore: Dialect {
    const PROBES: ProbeTexts<&'static str>;

    /// What is put is committed, and leaves nothing; otherwise it is rolled back.
    const PUT_IS_COMMITTED: bool = false;
}
