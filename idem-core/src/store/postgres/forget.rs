//! What a scope named is blanked. `LATERAL … LIMIT 1` as for machines.

use sqlx::Postgres;

use crate::store::forget::texts::{ForgetStore, ForgetTexts};

impl ForgetStore for Postgres {
    const FORGET: ForgetTexts<&'static str> = ForgetTexts {
        blank_entries: "
            WITH RECURSIVE posting AS (
                SELECT account, seq, next_account, next_seq FROM {entries}
                WHERE hash > $1::bytea AND hash <= $2::bytea AND scope = $3::text AND seq IS NOT NULL
                UNION
                SELECT e.account, e.seq, e.next_account, e.next_seq
                FROM posting p
                CROSS JOIN LATERAL (
                    SELECT * FROM {entries} WHERE account = p.next_account AND seq = p.next_seq LIMIT 1
                ) e
                WHERE e.scope = $3::text)
            INSERT INTO {entries} AS e (account, seq, delta, at, kind)
            SELECT account, seq, 0, 0, '' FROM posting
            ON CONFLICT (account, seq) DO UPDATE SET scope = '', key = '', metadata = substr(e.metadata, 1, 0)
            RETURNING 1",
        ..ForgetTexts::COMMON
    };
}
