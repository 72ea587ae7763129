//! The statements about the outbox.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements about the outbox, by name. Messages of steps are written with their steps.
    pub struct OutboxTexts {
        /// Locks the sequence `$1` until the transaction ends, and gives its next number.
        next_number = "
            INSERT INTO {sequences} AS s (name, number) VALUES ({$1 text}, 1)
            ON CONFLICT (name) DO UPDATE SET number = s.number + 1
            RETURNING number",
        /// Adds a message beside machines: its id `$1`, its sequence `$2` and number `$3`, topic `$4`, key `$5`, headers `$6`, payload `$7`,
        /// correlation `$8`.
        add = "
            INSERT INTO {outbox} (message_id, ordered, number, topic, key, headers, payload, correlation, at)
            VALUES ({$1 text}, {$2 text}, {$3 int}, {$4 text}, {$5 text}, {$6 bytes}, {$7 bytes}, {$8 text}, {now})",
        /// At most `$3` messages above position `$1`, in the order of positions, but for the lanes `$2` and those that a parked one holds; and no
        /// more of them once their payloads have `$4` bytes.
        load,
        /// What shows which positions may still appear, and the lowest visible position above `$1`.
        mark,
        /// A new id of a transaction.
        new_id,
        /// Deletes the messages at the positions `$1`.
        delete,
        /// Moves the message at position `$1` of lane `$2` to those that are parked: it holds its lane, `$3`; its id `$4` and source `$5`; after
        /// `$6` attempts, for the reason `$7`.
        park = "
            INSERT INTO {parked} (position, lane, holds, message_id, source, number, topic, key, headers, payload, correlation, at, attempts,
                reason, parked_at)
            SELECT position, {$2 text}, {$3 int} = 1, {$4 text}, {$5 text}, number, topic, coalesce(key, id, ordered), headers, payload,
                correlation, at, {$6 int}, {$7 text}, {now}
            FROM {outbox} WHERE position = {$1 int}",
        /// Deletes it from the outbox, in the same transaction.
        take_out = "DELETE FROM {outbox} WHERE position = {$1 int}",
        /// At most `$1` parked messages that are due, in the order of positions.
        due = "
            SELECT p.position, p.lane, p.message_id, p.source, p.attempts, p.reason, p.parked_at, p.due_at, {content of p}
            FROM {parked} p {by parked_by_due} WHERE p.due_at IS NOT NULL ORDER BY p.position LIMIT {$1 int}",
        /// Deletes the parked message at position `$1`, if it is due.
        delivered = "DELETE FROM {parked} WHERE position = {$1 int} AND due_at IS NOT NULL",
        /// Parks the message at position `$1` again, after `$2` attempts, for the reason `$3`.
        park_again = "
            UPDATE {parked} SET due_at = NULL, attempts = {$2 int}, reason = {$3 text}, parked_at = {now}
            WHERE position = {$1 int} AND due_at IS NOT NULL",
        /// At most `$2` parked messages above position `$1`.
        parked = "
            SELECT p.position, p.lane, p.message_id, p.source, p.attempts, p.reason, p.parked_at, p.due_at, {content of p}
            FROM {parked} p WHERE p.position > {$1 int} ORDER BY p.position LIMIT {$2 int}",
        /// Releases the parked message of id `$1`: it is due.
        release = "UPDATE {parked} SET due_at = {now} WHERE message_id = {$1 text} RETURNING 1",
        /// Drops the parked message of id `$1`.
        drop_parked = "DELETE FROM {parked} WHERE message_id = {$1 text} RETURNING 1",
        /// Of each topic how many messages wait, and since when.
        waiting = "SELECT topic, count(*) AS count, min(at) AS oldest FROM {outbox} GROUP BY topic ORDER BY topic",
        /// When the oldest message that waits was emitted, and the time.
        oldest = "SELECT (SELECT at FROM {outbox} WHERE position = (SELECT min(position) FROM {outbox})), {now}",
        /// How positions are given: 1 if each is higher than those before, in every session.
        monotonic,
    }
}

/// The outbox in one database.
pub trait OutboxStore: Dialect {
    const OUTBOX: OutboxTexts<&'static str>;
}
