//! Machines. `LATERAL … LIMIT 1` keeps each lookup an index lookup, also in a plan that was made on an empty table.

use sqlx::Postgres;

use crate::store::machine::texts::{MachineStore, MachineTexts};

impl MachineStore for Postgres {
    const MACHINES: MachineTexts<&'static str> = MachineTexts {
        load_many: "
            SELECT {now}, 0::bigint, u.place - 1, {machine of m}, {no machine key}, {no summary}
            FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS u (machine, id, place)
            LEFT JOIN LATERAL (SELECT * FROM {machines} WHERE machine = u.machine AND id = u.id LIMIT 1) m ON true
            UNION ALL
            SELECT {now}, 1::bigint, u.place - 1, {no machine}, {machine key of k}, {summary of t}
            FROM unnest((SELECT $3::bytea[])) WITH ORDINALITY AS u (hash, place)
            LEFT JOIN LATERAL (SELECT * FROM {transitions} WHERE hash = u.hash LIMIT 1) k ON true
            LEFT JOIN LATERAL (
                SELECT * FROM {transitions}
                WHERE machine = k.machine AND id = k.id AND seq = coalesce(k.seq, k.alias_of) LIMIT 1
            ) t ON true",
        lock: r#"
            SELECT 1
            FROM (
                SELECT * FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) AS u (machine, id)
                ORDER BY machine COLLATE "C", id COLLATE "C"
            ) u
            CROSS JOIN LATERAL (
                SELECT 1 FROM {machines} WHERE machine = u.machine AND id = u.id LIMIT 1 FOR NO KEY UPDATE
            ) m"#,
        transitions: "
            SELECT u.place - 1, {summary of t}
            FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]))
                WITH ORDINALITY AS u (machine, id, seq, place)
            CROSS JOIN LATERAL (
                SELECT * FROM {transitions} WHERE machine = u.machine AND id = u.id AND seq = u.seq LIMIT 1
            ) t",
        free_key: "
            DELETE FROM {transitions} WHERE ctid = (
                SELECT ctid FROM {transitions}
                WHERE hash = $1::bytea AND expires_at <= $2::bigint AND seq IS NULL FOR UPDATE SKIP LOCKED
            )",
        // At most a page from each state's part of the index, so that no state is read to its end.
        in_state: "
            SELECT m.id, {machine of m}
            FROM unnest((SELECT $2::text[])) AS s (state)
            CROSS JOIN LATERAL (
                SELECT * FROM {machines} n
                WHERE n.machine = $1::text AND n.state = s.state AND (n.entered_at, n.id) > ($3::bigint, $4::text)
                    AND n.entered_at < $5::bigint
                ORDER BY n.entered_at, n.id LIMIT $6::bigint
            ) m
            ORDER BY m.entered_at, m.id LIMIT $6::bigint",
        ..MachineTexts::COMMON
    };
}
