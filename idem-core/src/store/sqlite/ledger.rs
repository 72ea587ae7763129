//! The ledger. `CROSS JOIN` and `INDEXED BY` as for machines.

use sqlx::Sqlite;

use crate::store::ledger::texts::{LedgerStore, LedgerTexts};

impl LedgerStore for Sqlite {
    /// A tally's balance is kept as any other's: the one writer needs no tail.
    const LEDGER: LedgerTexts<&'static str> = LedgerTexts {
        // As for machines. From the entry that a key stands in the way goes along the links of its posting, back to where they
        // began.
        load: "
            WITH RECURSIVE named (place, first_account, first_seq, {ledger key as known_}, {entry}) AS (
                SELECT j.key, e.account, e.seq, {ledger key of e}, {entry of e}
                FROM json_each($1) j CROSS JOIN {entries} e ON e.hash = unhex(j.value)
                UNION ALL
                SELECT d.place, d.first_account, d.first_seq, {ledger key of d as known_}, {entry of e}
                FROM named d CROSS JOIN {entries} e ON e.account = d.next_account AND e.seq = d.next_seq
                WHERE d.next_account IS NOT NULL AND (d.next_account, d.next_seq) <> (d.first_account, d.first_seq))
            SELECT NULL, {no ledger key}, {no entry}, {now}, (
                SELECT json_group_array(json_array(j.key, {account in a}))
                FROM json_each($2) j CROSS JOIN {accounts} a ON a.account = j.value)
            UNION ALL
            SELECT place, {ledger key as known_}, {entry}, NULL, NULL FROM named d",
        load_accounts: "
            SELECT j.key, {account of a}
            FROM json_each($1) j CROSS JOIN {accounts} a ON a.account = j.value",
        // The transaction is the lock.
        lock_accounts: "
            SELECT j.key, {account of a}
            FROM json_each($1) j CROSS JOIN {accounts} a ON a.account = j.value",
        account: "SELECT 0, 0, {account of a} FROM {accounts} a WHERE a.account = $1",
        // Times do not fall along an account's entries, so the last one by then is found by halving.
        entry_at: "
            WITH RECURSIVE half (low, high) AS (
                SELECT 0, seq FROM {accounts} WHERE account = $1
                UNION ALL
                SELECT CASE WHEN e.at <= $2 THEN e.seq ELSE d.low END, CASE WHEN e.at <= $2 THEN d.high ELSE e.seq - 1 END
                FROM half d CROSS JOIN {entries} e ON e.account = $1 AND e.seq = (d.low + d.high + 1) / 2
                WHERE d.low < d.high)
            SELECT {entry of e} FROM half d CROSS JOIN {entries} e ON e.account = $1 AND e.seq = d.low
            WHERE d.low = d.high",
        holds: "SELECT h.hold, {hold of h} FROM json_each($1) j CROSS JOIN {holds} h ON h.hold = j.value",
        transitions: "
            SELECT j.key, t.command, t.at
            FROM json_each($1) j
            CROSS JOIN {transitions} t
                ON t.machine = j.value->>0 AND t.id = j.value->>1 AND t.seq = j.value->>2",
        // Links that do not lead back end where they are longer than any posting.
        postings: "
            WITH RECURSIVE posting (place, depth, first_account, first_seq, entry_no, {entry}) AS (
                SELECT j.key, 1, e.account, e.seq, e.entry_no, {entry of e}
                FROM json_each($1) j CROSS JOIN {entries} e ON e.account = j.value->>0 AND e.seq = j.value->>1
                UNION ALL
                SELECT d.place, d.depth + 1, d.first_account, d.first_seq, e.entry_no, {entry of e}
                FROM posting d CROSS JOIN {entries} e ON e.account = d.next_account AND e.seq = d.next_seq
                WHERE d.depth <= 1000 AND (d.next_account, d.next_seq) <> (d.first_account, d.first_seq))
            SELECT place, (SELECT a.unit FROM {accounts} a WHERE a.account = d.account), {entry}, entry_no
            FROM posting d ORDER BY place, depth",
        ..LedgerTexts::COMMON
    };

    const SNAPSHOT: &'static str = "BEGIN";
}
