//! The ledger. `LATERAL … LIMIT 1` as for machines.

use sqlx::Postgres;

use super::raise::is_open;
use crate::store::ledger::texts::{LedgerStore, LedgerTexts};

impl LedgerStore for Postgres {
    const LEDGER: LedgerTexts<&'static str> = LedgerTexts {
        // From the entry that a key stands in along the links of its posting, back to where they began.
        load: "
            WITH RECURSIVE named (place, first_account, first_seq, {ledger key as known_}, {entry}) AS (
                SELECT u.place, e.account, e.seq, {ledger key of e}, {entry of e}
                FROM unnest((SELECT $1::bytea[])) WITH ORDINALITY AS u (hash, place)
                LEFT JOIN LATERAL (SELECT * FROM {entries} WHERE hash = u.hash LIMIT 1) e ON true
                UNION ALL
                SELECT n.place, n.first_account, n.first_seq, {ledger key of n as known_}, {entry of e}
                FROM named n
                CROSS JOIN LATERAL (
                    SELECT * FROM {entries} WHERE account = n.next_account AND seq = n.next_seq LIMIT 1
                ) e
                WHERE n.next_account IS NOT NULL AND (n.next_account, n.next_seq) <> (n.first_account, n.first_seq))
            SELECT {now}, 0::bigint, u.place - 1, {account of a}, {no ledger key}, {no entry}
            FROM unnest((SELECT $2::text[])) WITH ORDINALITY AS u (name, place)
            LEFT JOIN LATERAL (SELECT * FROM {accounts} WHERE account = u.name LIMIT 1) a ON true
            UNION ALL
            SELECT {now}, 1::bigint, e.place - 1, {no account}, {ledger key of e as known_}, {entry of e}
            FROM named e",
        load_accounts: "
            SELECT u.place - 1, {account of a}
            FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS u (name, place)
            CROSS JOIN LATERAL (SELECT * FROM {accounts} WHERE account = u.name LIMIT 1) a",
        // A row that is missing is opened, and one that another transaction opened meanwhile is locked where the insert
        // meets it: after this statement every account is there and locked. Tallies are not: nothing of them depends on
        // their order. It raises if the transaction has ended, as writes do (`raise.rs`): what it opened would stay.
        lock_accounts: concat!(
            r#"
            WITH locked AS MATERIALIZED (
                SELECT u.name, u.place, a.*
                FROM (
                    SELECT * FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS u (name, place)
                    ORDER BY name COLLATE "C"
                ) u
                LEFT JOIN LATERAL (
                    SELECT * FROM {accounts} WHERE account = u.name AND NOT tally LIMIT 1 FOR NO KEY UPDATE
                ) a ON true),
            tallies AS MATERIALIZED (
                SELECT l.name, l.place, a.* FROM (SELECT name, place FROM locked WHERE account IS NULL) l
                CROSS JOIN LATERAL (SELECT * FROM {accounts} WHERE account = l.name AND tally LIMIT 1) a),
            opened AS (
                INSERT INTO {accounts} AS a (account, balance, seq)
                SELECT name, 0, 0 FROM locked WHERE account IS NULL AND name NOT IN (SELECT name FROM tallies)
                    AND "#,
            is_open!(),
            r#"
                ON CONFLICT (account) DO UPDATE SET balance = a.balance
                RETURNING *)
            SELECT a.place - 1, {account of a} FROM locked a WHERE account IS NOT NULL
            UNION ALL
            SELECT a.place - 1, {account of a} FROM tallies a
            UNION ALL
            SELECT l.place - 1, {account of a} FROM opened a JOIN locked l ON l.name = a.account"#
        ),
        // Entries that others have not committed yet stay in the tail. Whoever else compacts it at the moment is enough.
        compact_tally: "
            WITH locked AS MATERIALIZED (
                SELECT account FROM {accounts} WHERE account = $1::text AND tally FOR NO KEY UPDATE SKIP LOCKED),
            gone AS (DELETE FROM {tails} WHERE account = (SELECT account FROM locked) RETURNING delta)
            UPDATE {accounts} SET balance = (balance + coalesce((SELECT sum(delta) FROM gone), 0))::bigint
            WHERE account = (SELECT account FROM locked)",
        account: "
            SELECT coalesce(t.high, 0)::bigint, coalesce(t.low, 0)::bigint, {account of a}
            FROM {accounts} a
            LEFT JOIN LATERAL (
                SELECT sum(delta >> 32) AS high, sum(delta & 4294967295) AS low
                FROM {tails} WHERE account = a.account AND a.tally
            ) t ON true
            WHERE a.account = $1::text",
        lock_tally: "SELECT account FROM {accounts} WHERE account = $1::text AND tally FOR NO KEY UPDATE",
        // Times do not fall along an account's entries, so the last one by then is found by halving.
        entry_at: "
            WITH RECURSIVE half AS (
                SELECT 0::bigint AS low, seq AS high FROM {accounts} WHERE account = $1::text
                UNION ALL
                SELECT CASE WHEN e.at <= $2::bigint THEN e.seq ELSE h.low END,
                    CASE WHEN e.at <= $2::bigint THEN h.high ELSE e.seq - 1 END
                FROM half h
                CROSS JOIN LATERAL (
                    SELECT seq, at FROM {entries} WHERE account = $1::text AND seq = (h.low + h.high + 1) / 2 LIMIT 1
                ) e
                WHERE h.low < h.high)
            SELECT {entry of e} FROM half h JOIN {entries} e ON e.account = $1::text AND e.seq = h.low
            WHERE h.low = h.high",
        holds: "
            SELECT h.hold, {hold of h}
            FROM unnest((SELECT $1::text[])) AS u (name)
            CROSS JOIN LATERAL (SELECT * FROM {holds} WHERE hold = u.name LIMIT 1) h",
        all_tails: "
            SELECT t.account, t.seq, t.delta, e.delta
            FROM (
                SELECT * FROM {tails} WHERE (account, seq) > ($1::text, $2::bigint)
                ORDER BY account, seq LIMIT $3::bigint
            ) t
            LEFT JOIN LATERAL (
                SELECT delta FROM {entries} WHERE account = t.account AND seq = t.seq LIMIT 1
            ) e ON true
            ORDER BY t.account, t.seq",
        transitions: "
            SELECT u.place - 1, t.command, t.at
            FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]))
                WITH ORDINALITY AS u (machine, id, seq, place)
            CROSS JOIN LATERAL (
                SELECT command, at FROM {transitions} WHERE machine = u.machine AND id = u.id AND seq = u.seq LIMIT 1
            ) t",
        // Links that do not lead back end where they are longer than any posting.
        postings: "
            WITH RECURSIVE posting AS (
                SELECT u.place, 1 AS depth, u.first_account, u.first_seq, e.*
                FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[]))
                    WITH ORDINALITY AS u (first_account, first_seq, place)
                CROSS JOIN LATERAL (
                    SELECT * FROM {entries} WHERE account = u.first_account AND seq = u.first_seq LIMIT 1
                ) e
                UNION ALL
                SELECT p.place, p.depth + 1, p.first_account, p.first_seq, e.*
                FROM posting p
                CROSS JOIN LATERAL (
                    SELECT * FROM {entries} WHERE account = p.next_account AND seq = p.next_seq LIMIT 1
                ) e
                WHERE p.depth <= 1000 AND (p.next_account, p.next_seq) <> (p.first_account, p.first_seq))
            SELECT e.place - 1, a.unit, {entry of e}, e.entry_no
            FROM posting e
            LEFT JOIN LATERAL (SELECT unit FROM {accounts} WHERE account = e.account LIMIT 1) a ON true
            ORDER BY e.place, e.depth",
        ..LedgerTexts::COMMON
    };

    const SNAPSHOT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
}
