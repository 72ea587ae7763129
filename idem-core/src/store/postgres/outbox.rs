//! The outbox.

use sqlx::Postgres;

use crate::store::outbox::texts::{OutboxStore, OutboxTexts};

impl OutboxStore for Postgres {
    /// The transaction has its id before the message has a position: a reader knows by the ids of transactions that are under way
    /// which positions may still appear.
    const OUTBOX: OutboxTexts<&'static str> = OutboxTexts {
        add: "
            WITH begun AS MATERIALIZED (SELECT pg_current_xact_id() AS xid)
            INSERT INTO {outbox} (message_id, ordered, number, topic, key, headers, payload, correlation, at)
            SELECT $1::text, $2::text, $3::bigint, $4::text, $5::text, $6::bytea, $7::bytea, $8::text, {now}
            FROM begun WHERE xid IS NOT NULL",
        ..OutboxTexts::COMMON
    };
}
