//! The schema.

use sqlx::Sqlite;

use crate::store::migrate::texts::{MigrateStore, MigrateTexts, Migration};

impl MigrateStore for Sqlite {
    const MIGRATE: MigrateTexts<&'static str> = MigrateTexts {
        find_table: "SELECT count(*) FROM {.sqlite_master} WHERE type = 'table' AND name = {'migrations}",
        // Another process that migrates has the write lock until it is done.
        begin: "BEGIN IMMEDIATE",
        ..MigrateTexts::COMMON
    };

    const STEPS: &'static [Migration] =
        &[Migration { version: 1, name: "base", sql: include_str!("../../../migrations/sqlite/0001_base.sql") }];
}
