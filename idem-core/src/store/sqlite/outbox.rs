//! The outbox.

use sqlx::Sqlite;

use crate::store::outbox::texts::{OutboxStore, OutboxTexts};

impl OutboxStore for Sqlite {
    /// One transaction writes at a time: a position that was given is visible, or never will be.
    const OUTBOX: OutboxTexts<&'static str> = OutboxTexts {
        load: "
            SELECT d.position, d.lane, d.machine, d.id, d.seq, d.entry_no, d.message_id, {content of d}
            FROM (
                SELECT d.*, sum(length(d.payload)) OVER (ORDER BY d.position) AS bytes
                FROM (
                    SELECT o.* FROM (
                        SELECT position, machine, id, seq, entry_no, message_id, number, topic, coalesce(key, id, ordered) AS key, headers, payload,
                            correlation, at,
                            CASE WHEN seq IS NOT NULL THEN machine || char(31) || id WHEN ordered IS NOT NULL THEN char(31) || ordered
                                ELSE char(31) || char(31) || message_id END AS lane
                        FROM {outbox} WHERE position > $1
                    ) o
                    WHERE o.lane NOT IN (SELECT value FROM json_each($2))
                        AND NOT EXISTS (SELECT 1 FROM {parked} p {by parked_by_lane} WHERE p.holds AND p.lane = o.lane)
                    ORDER BY o.position LIMIT $3
                ) d
            ) d
            WHERE d.bytes - length(d.payload) < $4 ORDER BY d.position",
        mark: "
            SELECT 0, (SELECT min(position) FROM {outbox} WHERE position > $1)",
        new_id: "SELECT 0",
        delete: "DELETE FROM {outbox} WHERE position IN (SELECT value FROM json_each($1))",
        monotonic: "SELECT 1",
        ..OutboxTexts::COMMON
    };
}
