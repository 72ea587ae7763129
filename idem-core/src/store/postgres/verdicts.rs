//! Verdicts.

use sqlx::Postgres;

use crate::store::verdicts::texts::{VerdictStore, VerdictTexts};

impl VerdictStore for Postgres {
    const VERDICTS: VerdictTexts<&'static str> = VerdictTexts {
        add: "
            INSERT INTO {verdicts} (at, namespace, operation, hash, verdict, scope, correlation)
            SELECT {now}, w.* FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bytea[]), (SELECT $4::text[]),
                (SELECT $5::text[]), (SELECT $6::text[])) AS w (namespace, operation, hash, verdict, scope, correlation)",
        trim: "
            DELETE FROM {verdicts} WHERE position = ANY (ARRAY(
                SELECT position FROM {verdicts} WHERE position <= (SELECT max(position) FROM {verdicts}) - $1::bigint
                ORDER BY position LIMIT $2::bigint))",
        ..VerdictTexts::COMMON
    };
}
