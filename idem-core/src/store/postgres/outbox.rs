//! The outbox.

use sqlx::Postgres;

use crate::store::outbox::texts::{OutboxStore, OutboxTexts};

impl OutboxStore for Postgres {
    /// The transaction has its id before the message has a position: a reader knows by the ids of transactions that are under way
    /// which positions may still appear.
    const OUTBOX: OutboxTexts<&'static str> = OutboxTexts {
        add: "
            WITH begun AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
            INSERT INTO {outbox} (message_id, ordered, number, topic, key, headers, payload, correlation, at)
            SELECT $1::text, $2::text, $3::bigint, $4::text, $5::text, $6::bytea, $7::bytea, $8::text, {now}
            FROM begun WHERE xid IS NOT NULL",
        load: "
            SELECT d.position, d.lane, d.machine, d.id, d.seq, d.entry_no, d.message_id, {content of d}
            FROM (
                SELECT d.*, sum(octet_length(d.payload)) OVER (ORDER BY d.position) AS bytes
                FROM (
                    SELECT o.* FROM (
                        SELECT position, machine, id, seq, entry_no, message_id, number, topic, coalesce(key, id, ordered) AS key, headers, payload,
                            correlation, at,
                            CASE WHEN seq IS NOT NULL THEN machine || chr(31) || id WHEN ordered IS NOT NULL THEN chr(31) || ordered
                                ELSE chr(31) || chr(31) || message_id END AS lane
                        FROM {outbox} WHERE position > $1::bigint
                    ) o
                    WHERE o.lane <> ALL ($2::text[])
                        AND NOT EXISTS (SELECT 1 FROM {parked} p WHERE p.holds AND p.lane = o.lane OFFSET 0)
                    ORDER BY o.position LIMIT $3::bigint
                ) d
            ) d
            WHERE d.bytes - octet_length(d.payload) < $4::bigint ORDER BY d.position",
        // What is visible is so in one snapshot; the transactions that are under way are those of the same one.
        mark: "
            SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
                (SELECT min(position) FROM {outbox} WHERE position > $1::bigint)",
        new_id: "SELECT pg_current_xact_id()::text::bigint",
        delete: "
            DELETE FROM {outbox} WHERE ctid = ANY (ARRAY(
                SELECT (SELECT ctid FROM {outbox} WHERE position = w.position LIMIT 1) FROM unnest($1::bigint[]) AS w (position)))",
        monotonic: "
            SELECT (count(*) FILTER (WHERE seqincrement > 0 AND seqcache = 1 AND NOT seqcycle))::bigint
            FROM pg_sequence WHERE seqrelid = pg_get_serial_sequence('{outbox}', 'position')::regclass",
        ..OutboxTexts::COMMON
    };
}
