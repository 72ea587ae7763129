//! What has expired is deleted.

use sqlx::Postgres;

use crate::store::sweep::texts::{SweepStore, SweepTexts};

impl SweepStore for Postgres {
    const BATCH: u32 = 100;

    /// What another transaction holds is left: it is taken over, or another process sweeps it. Rows are found again by their place, which
    /// a lock keeps: by the hash, each would be looked up in another part of the index. One that has moved meanwhile is left.
    const SWEEP: SweepTexts<&'static str> = SweepTexts {
        claims: "
            WITH claims_deleted AS (
                DELETE FROM {claims} WHERE ctid = ANY (ARRAY(
                    SELECT ctid FROM {claims} WHERE expires_at <= {now}
                    ORDER BY expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
                RETURNING epoch),
            floor_raised AS (
                UPDATE {installation} SET epoch_floor = d.epoch FROM (SELECT max(epoch) AS epoch FROM claims_deleted) d
                WHERE d.epoch > epoch_floor)
            SELECT 1 FROM claims_deleted",
        alias_keys: "
            DELETE FROM {transitions} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {transitions} WHERE expires_at <= {now}
                ORDER BY expires_at LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
            RETURNING 1",
        fences: "
            DELETE FROM {fences} WHERE ctid = ANY (ARRAY(
                SELECT ctid FROM {fences} WHERE at <= {now} - $2::bigint
                ORDER BY at LIMIT $1::bigint FOR UPDATE SKIP LOCKED))
            RETURNING 1",
        ..SweepTexts::COMMON
    };
}
