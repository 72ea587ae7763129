//! Verdicts.

use sqlx::Sqlite;

use crate::store::verdicts::texts::{VerdictStore, VerdictTexts};

impl VerdictStore for Sqlite {
    const VERDICTS: VerdictTexts<&'static str> = VerdictTexts {
        add: "
            INSERT INTO {verdicts} (at, namespace, operation, hash, verdict, scope, correlation)
            SELECT {now}, value->>0, value->>1, unhex(value->>2), value->>3, value->>4, value->>5 FROM json_each($1)",
        trim: "
            DELETE FROM {verdicts} WHERE position IN (
                SELECT position FROM {verdicts} WHERE position <= (SELECT max(position) FROM {verdicts}) - $1
                ORDER BY position LIMIT $2)",
        ..VerdictTexts::COMMON
    };
}
