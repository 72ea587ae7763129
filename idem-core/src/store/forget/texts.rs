//! The statements that blank what a scope named.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

// `substr(…, 1, 0)` leaves NULL as it is and takes all bytes from a value, on every database. SQLite makes NULL of a value without
// bytes: what is blanked once is not blanked again, for its scope is empty.
texts! {
    /// The statements that blank what a scope named, by name. A range is of the hashes above `$1` up to `$2`.
    pub struct ForgetTexts {
        /// A page of `$3` hashes of transitions and aliases above `$1`, and whether each is of the scope `$2`.
        transitions_page = "
            SELECT hash, CAST(CASE WHEN scope = {$2 text} THEN 1 ELSE 0 END AS bigint) FROM {transitions} {by transitions_by_key}
            WHERE hash > {$1 bytes} ORDER BY hash LIMIT {$3 int}",
        /// Blanks the transitions and aliases of a range that are of the scope `$3`.
        blank_transitions = "
            UPDATE {transitions} {by transitions_by_key} SET scope = '', key = '', payload = substr(payload, 1, 0), outcome = substr(outcome, 1, 0),
                rejection = substr(rejection, 1, 0), correlation = NULL
            WHERE hash > {$1 bytes} AND hash <= {$2 bytes} AND scope = {$3 text}
            RETURNING 1",
        /// The same as `transitions_page`, of claims.
        claims_page = "
            SELECT hash, CAST(CASE WHEN scope = {$2 text} THEN 1 ELSE 0 END AS bigint) FROM {claims}
            WHERE hash > {$1 bytes} ORDER BY hash LIMIT {$3 int}",
        /// Blanks the claims of a range that are of the scope `$3`.
        blank_claims = "
            UPDATE {claims} SET scope = '', outcome = substr(outcome, 1, 0), checkpoint = substr(checkpoint, 1, 0), reason = NULL
            WHERE hash > {$1 bytes} AND hash <= {$2 bytes} AND scope = {$3 text}
            RETURNING 1",
        /// The same as `transitions_page`, of first entries and remembered refusals.
        entries_page = "
            SELECT hash, CAST(CASE WHEN scope = {$2 text} THEN 1 ELSE 0 END AS bigint) FROM {entries} {by entries_by_key}
            WHERE hash > {$1 bytes} ORDER BY hash LIMIT {$3 int}",
        /// Blanks the postings of a range that are of the scope `$3`: from the entry that has the hash along the links.
        ///
        /// Each row is found by its conflict. That of an UPDATE could be found by reading the table, as the statistics are.
        blank_entries,
        /// Blanks the remembered refusals of a range that are of the scope `$3`.
        blank_refusals = "
            UPDATE {entries} {by entries_refused} SET scope = '', key = '', outcome = substr(outcome, 1, 0)
            WHERE hash > {$1 bytes} AND hash <= {$2 bytes} AND scope = {$3 text} AND seq IS NULL
            RETURNING 1",
        /// The same as `transitions_page`, of verdicts.
        verdicts_page = "
            SELECT hash, CAST(max(CASE WHEN scope = {$2 text} THEN 1 ELSE 0 END) AS bigint) FROM {verdicts} {by verdicts_by_key}
            WHERE hash > {$1 bytes} GROUP BY hash ORDER BY hash LIMIT {$3 int}",
        /// Blanks the correlation ids of the verdicts of a range that are of the scope `$3`.
        blank_verdicts = "
            UPDATE {verdicts} {by verdicts_by_key} SET scope = '', correlation = NULL
            WHERE hash > {$1 bytes} AND hash <= {$2 bytes} AND scope = {$3 text}
            RETURNING 1",
    }
}

/// Blanking in one database.
pub trait ForgetStore: Dialect {
    const FORGET: ForgetTexts<&'static str>;
}
