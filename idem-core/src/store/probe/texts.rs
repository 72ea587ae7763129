//! The statements that find out whether a write was committed.

use crate::store::template::texts;

texts! {
    /// The statements of probes, by name.
    pub struct ProbeTexts {
        /// Inserts key `$1`, or waits for its first writer and finds it; where the latter, by the time `$2`.
        key,
        /// The same for the transition of machine `$1`, `$2` id, `$3` seq and time `$4`.
        transition,
        /// Finds the key `$1` by its time `$2`. Empty where the probe itself does.
        find_key,
        /// Finds the transition by its time `$4`. Empty where the probe itself does.
        find_transition,
    }
}
