//! The schema.

use sqlx::Sqlite;

use crate::store::migrate::texts::{MigrateStore, MigrateTexts, STEPS};

impl MigrateStore for Sqlite {
    const MIGRATE: MigrateTexts<&'static str> = MigrateTexts {
        find_table: "SELECT count(*) FROM {.sqlite_master} WHERE type = 'table' AND name = {'migrations}",
        // Another process that migrates has the write lock until it is done.
        begin: "BEGIN IMMEDIATE",
        ..MigrateTexts::COMMON
    };

    const SCHEMA: [&'static str; STEPS.len()] = [include_str!("../../../migrations/sqlite/0001_base.sql")];
}
