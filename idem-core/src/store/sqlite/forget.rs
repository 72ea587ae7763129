//! What a scope named is blanked. `CROSS JOIN` as for machines.

use sqlx::Sqlite;

use crate::store::forget::texts::{ForgetStore, ForgetTexts};

impl ForgetStore for Sqlite {
    const FORGET: ForgetTexts<&'static str> = ForgetTexts {
        blank_entries: "
            WITH RECURSIVE posting (account, seq, next_account, next_seq) AS (
                SELECT account, seq, next_account, next_seq FROM {entries} {by entries_by_key}
                WHERE hash > $1 AND hash <= $2 AND scope = $3 AND seq IS NOT NULL
                UNION
                SELECT e.account, e.seq, e.next_account, e.next_seq
                FROM posting d CROSS JOIN {entries} e ON e.account = d.next_account AND e.seq = d.next_seq
                WHERE e.scope = $3)
            INSERT INTO {entries} (account, seq, delta, at, kind)
            SELECT account, seq, 0, 0, '' FROM posting d WHERE true
            ON CONFLICT (account, seq) DO UPDATE SET scope = '', key = '', metadata = substr(metadata, 1, 0)
            RETURNING 1",
        ..ForgetTexts::COMMON
    };
}
