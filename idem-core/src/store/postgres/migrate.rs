//! The schema.

use sqlx::Postgres;

use crate::store::migrate::texts::{MigrateStore, MigrateTexts, STEPS};

impl MigrateStore for Postgres {
    const MIGRATE: MigrateTexts<&'static str> = MigrateTexts {
        find_table: "SELECT (to_regclass('{migrations}') IS NOT NULL)::int::bigint",
        begin: "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0",
        // Another process that migrates these tables has this lock until it is done.
        lock: "SELECT pg_advisory_xact_lock(hashtextextended('idem migrates {migrations}', 0))",
        schema_is_missing: "SELECT (NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1::text))::int::bigint",
        ..MigrateTexts::COMMON
    };

    const SCHEMA: [&'static str; STEPS.len()] = [include_str!("../../../migrations/postgres/0001_base.sql")];
}
