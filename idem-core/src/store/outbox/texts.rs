//! The statements about the outbox.

use crate::store::dialect::Dialect;
use crate::store::template::texts;

texts! {
    /// The statements about the outbox, by name. Messages of steps are written with their steps.
    pub struct OutboxTexts {
        /// Locks the sequence `$1` until the transaction ends, and gives its next number.
        next_number = "
            INSERT INTO {sequences} AS s (name, number) VALUES ({$1 text}, 1)
            ON CONFLICT (name) DO UPDATE SET number = s.number + 1
            RETURNING number",
        /// Adds a message beside machines: its id `$1`, its sequence `$2` and number `$3`, topic `$4`, key `$5`, headers `$6`, payload `$7`,
        /// correlation `$8`.
        add = "
            INSERT INTO {outbox} (message_id, ordered, number, topic, key, headers, payload, correlation, at)
            VALUES ({$1 text}, {$2 text}, {$3 int}, {$4 text}, {$5 text}, {$6 bytes}, {$7 bytes}, {$8 text}, {now})",
    }
}

/// The outbox in one database.
pub trait OutboxStore: Dialect {
    const OUTBOX: OutboxTexts<&'static str>;
}
