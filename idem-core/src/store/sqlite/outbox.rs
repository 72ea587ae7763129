//! The outbox.

use sqlx::Sqlite;

use crate::store::outbox::texts::{OutboxStore, OutboxTexts};

impl OutboxStore for Sqlite {
    const OUTBOX: OutboxTexts<&'static str> = OutboxTexts::COMMON;
}
