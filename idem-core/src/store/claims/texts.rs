//! The statements about claims.

use crate::store::dialect::Dialect;
use crate::store::template::texts;
use crate::store::write::text::PartText;

// `claim` and `put` set the hash anew, though it stays: where rows are locked, that is an update of a key, which waits for the locks of
// fences. One of other columns, as a renewal is, does not.
//
// Each of those that change a record can be sent again after its reply was lost: by the owner or the epoch it is known whether the first
// one came.
texts! {
    /// The statements about claims, by name. Their meaning is that of `model::claim::transition`.
    pub struct ClaimTexts {
        /// Claims the key `$1` of surface `$2` and scope `$3` for the request `$4`, as owner `$5`, for `$6` microseconds; with `$7` = 1
        /// also one whose owner lost its lease; not after the time `$8`. Locks are waited for at most for `$9`. No row: it is not claimed,
        /// and the next statement shows why.
        claim = "
            INSERT INTO {claims} AS c (hash, surface, scope, fingerprint, state, epoch, owner, until, attempts, at)
            SELECT {$1 bytes}, {$2 text}, {$3 text}, {$4 bytes}, 1,
                CASE WHEN one.epoch >= {now} THEN one.epoch + 1 ELSE {now} END, {$5 int}, {now} + {$6 int}, 1, {now}
            FROM (SELECT coalesce(max(epoch_floor), 0) AS epoch FROM {installation}) one
            WHERE coalesce({now} <= {$8 int}, true) AND {bounded by $9}
            ON CONFLICT (hash) DO UPDATE SET
                hash = excluded.hash, surface = excluded.surface, scope = excluded.scope, fingerprint = excluded.fingerprint, state = 1,
                epoch = CASE WHEN c.state = 1 AND c.owner = excluded.owner THEN c.epoch
                    WHEN c.epoch >= excluded.epoch THEN c.epoch + 1 ELSE excluded.epoch END,
                owner = excluded.owner, until = excluded.until,
                attempts = CASE WHEN c.state <> 1 THEN 1 WHEN c.owner = excluded.owner THEN c.attempts ELSE c.attempts + 1 END,
                outcome = NULL, checkpoint = CASE WHEN c.state = 1 THEN c.checkpoint END,
                at = CASE WHEN c.state = 1 AND c.owner = excluded.owner THEN c.at ELSE excluded.at END,
                expires_at = NULL, machine = NULL, id = NULL, seq = NULL, reason = NULL
            WHERE c.state = 3 OR c.state <> 1 AND c.expires_at <= excluded.at
                OR c.state = 1 AND c.fingerprint = excluded.fingerprint
                    AND (c.owner = excluded.owner OR {$7 int} = 1 AND c.until <= excluded.at)
            RETURNING epoch, attempts, checkpoint",
        /// The time, what is recorded of the key `$1`, and whether the machine that its unit moved has moved since.
        recall,
        /// Renews claims: a list of hashes, epochs and lengths of leases. A row for each that is renewed; the others are held by another
        /// transaction, or their owner is another one.
        renew,
        /// Completes the claim of `$1` with epoch `$2`: outcome `$3`, remembered for `$4` microseconds.
        complete = "
            UPDATE {claims} SET state = 2, outcome = {$3 bytes}, checkpoint = NULL, at = {now}, expires_at = {now} + {$4 int}
            WHERE hash = {$1 bytes} AND epoch = {$2 int} AND state = 1 AND {bounded by $5}
            RETURNING at",
        /// Frees the claim of `$1` with epoch `$2`.
        release = "
            UPDATE {claims} SET state = 3, checkpoint = NULL, at = {now}, expires_at = {now}
            WHERE hash = {$1 bytes} AND epoch = {$2 int} AND state = 1 AND {bounded by $3}
            RETURNING 1",
        /// Ends the lease of the claim of `$1` with epoch `$2`.
        abandon = "
            UPDATE {claims} SET until = CASE WHEN until > {now} THEN {now} ELSE until END
            WHERE hash = {$1 bytes} AND epoch = {$2 int} AND state = 1 AND {bounded by $3}
            RETURNING 1",
        /// Gives up the claim of `$1` by the owner `$2`, who has not begun to work.
        disown = "
            UPDATE {claims} SET state = CASE WHEN attempts > 1 THEN 1 ELSE 3 END, until = {now},
                checkpoint = CASE WHEN attempts > 1 THEN checkpoint END, at = CASE WHEN attempts > 1 THEN at ELSE {now} END,
                expires_at = CASE WHEN attempts > 1 THEN NULL ELSE {now} END
            WHERE hash = {$1 bytes} AND owner = {$2 int} AND state = 1 AND {bounded by $3}
            RETURNING 1",
        /// Saves the checkpoint `$3` of the claim of `$1` with epoch `$2`.
        save = "
            UPDATE {claims} SET checkpoint = {$3 bytes}
            WHERE hash = {$1 bytes} AND epoch = {$2 int} AND state = 1 AND {bounded by $4}
            RETURNING 1",
        /// At most `$2` claims of surface `$1` whose owners lost their leases, the longest ago first.
        lost = "
            SELECT hash, scope, epoch, attempts, until, at FROM {claims} {by claims_by_surface}
            WHERE surface = {$1 text} AND state = 1 AND until <= {now} ORDER BY until, hash LIMIT {$2 int}",
        /// Resolves the lost claim of `$1` with epoch `$2`: its state becomes `$3`, its outcome `$4`, remembered for `$5` microseconds, for the
        /// reason `$6`.
        resolve = "
            UPDATE {claims} SET state = {$3 int}, epoch = CASE WHEN epoch >= {now} THEN epoch + 1 ELSE {now} END,
                outcome = {$4 bytes}, checkpoint = NULL, at = {now}, expires_at = {now} + {$5 int}, reason = {$6 text}
            WHERE hash = (
                SELECT hash FROM {claims}
                WHERE hash = {$1 bytes} AND epoch = {$2 int} AND state = 1 AND until <= {now} AND {bounded by $7} {for update})
            RETURNING 1",
        /// Records in the transaction that is open that the key `$1` of surface `$2` and scope `$3` has for the request `$4` the outcome
        /// `$5`, remembered for `$6` microseconds; `$7`, `$8` and `$9` are the last machine that was moved, its id and seq. No row: the key is
        /// known.
        put = "
            INSERT INTO {claims} AS c (hash, surface, scope, fingerprint, state, outcome, at, expires_at, machine, id, seq)
            SELECT {$1 bytes}, {$2 text}, {$3 text}, {$4 bytes}, 2, {$5 bytes}, {now}, {now} + {$6 int}, {$7 text}, {$8 text}, {$9 int}
            WHERE {open}
            ON CONFLICT (hash) DO UPDATE SET
                hash = excluded.hash, surface = excluded.surface, scope = excluded.scope, fingerprint = excluded.fingerprint, state = 2,
                owner = NULL, until = NULL, attempts = 0, outcome = excluded.outcome, checkpoint = NULL,
                at = excluded.at, expires_at = excluded.expires_at,
                machine = excluded.machine, id = excluded.id, seq = excluded.seq, reason = NULL
            WHERE c.state = 3 OR c.state <> 1 AND c.expires_at <= excluded.at
            RETURNING at",
        /// Completes what `put` has recorded in the same transaction of the key `$1`: outcome `$2`, and the last machine, `$3` to `$5`.
        put_outcome = "
            UPDATE {claims} SET outcome = {$2 bytes}, machine = {$3 text}, id = {$4 text}, seq = {$5 int} WHERE hash = {$1 bytes}
            RETURNING at",
        /// Locks the claim of `$1`, if it is of the epoch `$2` and its work is not over, against other owners until the transaction ends.
        fence = "SELECT 1 FROM {claims} WHERE hash = {$1 bytes} AND epoch = {$2 int} AND state = 1 AND {open}",
        /// Notes that the epoch `$2` of the name `$1` writes here. No row: a higher one has.
        mark = "
            INSERT INTO {fences} AS f (name, epoch, at) SELECT {$1 text}, {$2 int}, {now} WHERE {open}
            ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, at = excluded.at WHERE f.epoch <= excluded.epoch
            RETURNING 1",
        /// The epoch of the claim of `$1`.
        epoch = "SELECT epoch FROM {claims} WHERE hash = {$1 bytes}",
        /// The highest epoch of the name `$1` that has written here.
        marked = "SELECT epoch FROM {fences} WHERE name = {$1 text}",
        /// Which database this is.
        installation = "SELECT max(id) FROM {installation}",
        /// Makes it another one, named `$1`.
        renew_installation = "UPDATE {installation} SET id = {$1 text}, at = {now}",
    }
}

/// Claims in one database.
pub trait ClaimStore: Dialect {
    const CLAIMS: ClaimTexts<&'static str>;

    /// Gives whether the key's lock was free, and takes it until the transaction ends. `None` where the transaction itself is the lock.
    fn try_lock(lock: i64) -> Option<String>;

    /// What fences a write, as a part of it: parameter 1 is the hash of a claim, parameter 2 its epoch.
    fn fence_part() -> PartText;

    /// Bytes as they are written in a statement.
    fn bytes_literal(bytes: &[u8]) -> String;
}
