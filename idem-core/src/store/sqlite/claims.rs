//! Claims. The one writer is the lock of each.

use sqlx::Sqlite;

use crate::store::claims::fence_write::held;
use crate::store::claims::queries::hex;
use crate::store::claims::texts::{ClaimStore, ClaimTexts};
use crate::store::write::text::PartText;

impl ClaimStore for Sqlite {
    const CLAIMS: ClaimTexts<&'static str> = ClaimTexts {
        recall: "
            SELECT {now}, {claim of c}, m.version > c.seq
            FROM (SELECT 1) AS one
            LEFT JOIN {claims} c ON c.hash = $1
            LEFT JOIN {machines} m ON m.machine = c.machine AND m.id = c.id",
        // `+`: without an index over the claims of all operations, where there are few claims.
        renew: "
            WITH j AS MATERIALIZED (
                SELECT unhex(value->>0) AS hash, value->>1 AS epoch, value->>2 AS lease FROM json_each($1))
            UPDATE {claims} SET until = {now} + j.lease FROM j
            WHERE {claims}.hash = j.hash AND {claims}.epoch = j.epoch AND +state = 1
            RETURNING hash",
        ..ClaimTexts::COMMON
    };

    fn try_lock(_lock: i64) -> Option<String> {
        None
    }

    /// A claim of another owner becomes a fingerprint that is NULL, which the column refuses.
    fn fence_part() -> PartText {
        let held = held::<Self>("{claims}", ("{$1 bytes}", "{$2 int}"), "true");
        PartText::write(format!(
            "INSERT INTO {{claims}} (hash, surface, scope, fingerprint, state, at) SELECT x'', '', '', NULL, 0, 0 WHERE NOT {held}"
        ))
    }

    fn bytes_literal(bytes: &[u8]) -> String {
        format!("x'{}'", hex(bytes))
    }
}
