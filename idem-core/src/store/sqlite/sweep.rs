//! What has expired is deleted.

use sqlx::Sqlite;

use crate::store::sweep::texts::{SweepStore, SweepTexts};

impl SweepStore for Sqlite {
    /// All writers wait for a batch, which writes a page for each record that it deletes.
    const BATCH: u32 = 50;

    /// Up to the time of the last one that is to go: whatever else expired in the same microsecond goes with it.
    const SWEEP: SweepTexts<&'static str> = SweepTexts {
        raise_floor: "
            UPDATE {installation} SET epoch_floor = max(epoch_floor, coalesce((
                SELECT max(epoch) FROM {claims} {by claims_by_expiry} WHERE expires_at <= (
                    SELECT max(d.expires_at) FROM (
                        SELECT expires_at FROM {claims} {by claims_by_expiry} WHERE expires_at <= {now}
                        ORDER BY expires_at LIMIT $1
                    ) d)), 0))",
        claims: "
            DELETE FROM {claims} {by claims_by_expiry} WHERE expires_at <= (
                SELECT max(d.expires_at) FROM (
                    SELECT expires_at FROM {claims} {by claims_by_expiry} WHERE expires_at <= {now}
                    ORDER BY expires_at LIMIT $1
                ) d)
            RETURNING 1",
        fences: "
            DELETE FROM {fences} {by fences_by_time} WHERE at <= (
                SELECT max(d.at) FROM (
                    SELECT at FROM {fences} {by fences_by_time} WHERE at <= {now} - $2 ORDER BY at LIMIT $1
                ) d)
            RETURNING 1",
        alias_keys: "
            DELETE FROM {transitions} {by transitions_by_expiry} WHERE expires_at <= (
                SELECT max(d.expires_at) FROM (
                    SELECT expires_at FROM {transitions} {by transitions_by_expiry} WHERE expires_at <= {now}
                    ORDER BY expires_at LIMIT $1
                ) d)
            RETURNING 1",
    };
}
