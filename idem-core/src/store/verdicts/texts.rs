//! The statements about verdicts.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements about verdicts, by name.
    pub struct VerdictTexts {
        /// Adds a list of verdicts.
        add,
        /// Deletes the oldest of those that are not the newest `$1`, at most `$2`.
        trim,
        /// The newest `$2` of the key `$1`, the oldest of them first.
        of_key = "
            SELECT {verdict of d} FROM (
                SELECT * FROM {verdicts} WHERE hash = {$1 bytes} ORDER BY position DESC LIMIT {$2 int}
            ) d ORDER BY d.position",
    }
}

/// Verdicts in one database.
pub trait VerdictStore: Dialect {
    const VERDICTS: VerdictTexts<&'static str>;
}
