//! The statements about the ledger.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements about the ledger, by name.
    pub struct LedgerTexts {
        /// The time, keys with the entries they name, and accounts: a list of hashes, and one of names.
        load,
        /// Accounts by a list of names.
        load_accounts,
        /// The same, locked in the order of bytes; a missing one is opened where only a row that exists can be locked.
        lock_accounts,
        /// Gives account `$1` its floor `$2`, ceiling `$3`, unit `$4`, kind `$5` and time of closing `$6`.
        put_account = "
            INSERT INTO {accounts} (account, balance, seq, floor, ceiling, unit, tally, closed_at)
            VALUES ({$1 text}, 0, 0, $2, $3, $4, $5, $6)
            ON CONFLICT (account) DO UPDATE SET floor = excluded.floor, ceiling = excluded.ceiling,
                unit = excluded.unit, tally = excluded.tally, closed_at = excluded.closed_at",
        /// Moves the tail of tally `$1` into its balance. Empty where a tally has no tail.
        compact_tally,
        /// Account `$1`, after what its tail adds up to: the sums of the upper and of the lower 32 bits.
        account,
        /// Locks tally `$1`. Empty where the transaction is the lock.
        lock_tally,
        /// Entries of account `$1` with a seq above `$2` and at most `$3`, made from `$4` on and before `$5`: at most `$6`.
        entries = "
            SELECT {entry of e} FROM {entries} e
            WHERE e.account = {$1 text} AND e.seq > {$2 int} AND e.seq <= {$3 int} AND e.at >= {$4 int} AND e.at < {$5 int}
            ORDER BY e.seq LIMIT {$6 int}",
        /// The newest entry of account `$1`, no tally, that was made by `$2`.
        entry_at,
        /// The sum of the entries of tally `$1` that were made by `$2`: of their upper and of their lower 32 bits.
        tally_at = "
            SELECT CAST(coalesce(sum(delta >> 32), 0) AS bigint), CAST(coalesce(sum(delta & 4294967295), 0) AS bigint)
            FROM {entries} WHERE account = {$1 text} AND at <= {$2 int}",
        /// The oldest holds of account `$1` that have expired by `$2` and still reserve something, at most `$3`.
        expired_holds = "
            SELECT hold, {hold} FROM {holds} {by holds_by_expiry}
            WHERE account = {$1 text} AND remaining > 0 AND expires_at <= {$2 int}
            ORDER BY account, expires_at LIMIT {$3 int}",
        /// Holds by a list of names.
        holds,
        hold_count = "SELECT count(*) FROM {holds}",
        /// A page of `$2` accounts after `$1`.
        all_accounts = "
            SELECT a.account, {account of a} FROM {accounts} a
            WHERE a.account > {$1 text} ORDER BY a.account LIMIT {$2 int}",
        /// A page of `$3` entries after (`$1`, `$2`).
        all_entries = "
            SELECT {entry of e}, e.hash, e.fingerprint, e.entry_no, CAST(CASE
                WHEN (e.hold IS NULL) <> (e.reserved IS NULL) OR (e.scope IS NULL) <> (e.key IS NULL)
                    OR (e.machine IS NULL) <> (e.id IS NULL) OR (e.machine IS NULL) <> (e.machine_seq IS NULL)
                    OR (e.next_account IS NULL) <> (e.next_seq IS NULL) OR (e.hash IS NULL) <> (e.fingerprint IS NULL)
                    OR (e.metadata IS NOT NULL AND e.key IS NULL) OR e.outcome IS NOT NULL THEN 1 ELSE 0 END AS bigint)
            FROM {entries} e WHERE (e.account, e.seq) > ({$1 text}, {$2 int}) AND e.seq IS NOT NULL
            ORDER BY e.account, e.seq LIMIT {$3 int}",
        /// A page of `$3` tails after (`$1`, `$2`). Empty where a tally has no tail.
        all_tails,
        /// A page of `$2` remembered refusals after the hash `$1`.
        all_refusals = "
            SELECT {refusal} FROM {entries} {by entries_refused}
            WHERE seq IS NULL AND hash > {$1 bytes} ORDER BY hash LIMIT {$2 int}",
        /// The command and time of transitions by a list of machines, ids and seqs.
        transitions,
        /// The entries of postings, from a list of one entry of each: at most one more than a posting may have.
        postings,
    }
}

/// The ledger in one database.
pub trait LedgerStore: Dialect {
    const LEDGER: LedgerTexts<&'static str>;

    /// Begins a transaction that only reads, and sees one moment throughout.
    const SNAPSHOT: &'static str;
}
