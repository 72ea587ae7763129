//! Claims.

use sqlx::Postgres;

use crate::store::claims::fence_write::held;
use crate::store::claims::queries::hex;
use crate::store::claims::texts::{ClaimStore, ClaimTexts};
use crate::store::write::text::{PartText, StepText};

impl ClaimStore for Postgres {
    const CLAIMS: ClaimTexts<&'static str> = ClaimTexts {
        recall: "
            SELECT {now}, {claim of c}, (m.version > c.seq)::int::bigint
            FROM (SELECT 1) AS one
            LEFT JOIN LATERAL (SELECT * FROM {claims} WHERE hash = {$1 bytes} LIMIT 1) c ON true
            LEFT JOIN LATERAL (SELECT version FROM {machines} WHERE machine = c.machine AND id = c.id LIMIT 1) m ON true",
        // A claim that is being taken over is left.
        renew: "
            UPDATE {claims} AS c SET until = {now} + w.lease
            FROM (
                SELECT f.place, w.lease FROM unnest((SELECT $1::bytea[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]))
                    AS w (hash, epoch, lease)
                CROSS JOIN LATERAL (
                    SELECT ctid AS place FROM {claims} WHERE hash = w.hash AND epoch = w.epoch AND state = 1
                    LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
                ) f
            ) w
            WHERE c.ctid = w.place
            RETURNING c.hash",
        fence: "SELECT 1 FROM {claims} WHERE hash = {$1 bytes} AND epoch = {$2 int} AND state = 1 AND {open} FOR KEY SHARE",
        ..ClaimTexts::COMMON
    };

    fn try_lock(lock: i64) -> Option<String> {
        Some(format!("SELECT pg_try_advisory_xact_lock({lock})::int::bigint"))
    }

    fn fence_part() -> PartText {
        let held = held::<Self>("{claims}", ("{$1 bytes}", "{$2 int}"), "(SELECT ok FROM {gate})");
        let text = format!("claim_held AS MATERIALIZED (SELECT {held} AS ok)");
        PartText { lock: Some(StepText::gate(text, "claim_held")), ..PartText::default() }
    }

    fn bytes_literal(bytes: &[u8]) -> String {
        format!("'\\x{}'", hex(bytes))
    }
}
