//! Rows of the outbox as they are read, and lists of them that are written.

use crate::clock::Timestamp;
use crate::store::columns::Column;
use crate::store::reader::columns;
use crate::wire::Stored;

/// A message that is to be delivered.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) position: i64,
    /// What it waits behind: the messages of one lane leave in their order.
    pub(crate) lane: String,
    pub(crate) machine: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) seq: Option<i64>,
    pub(crate) entry_no: Option<i64>,
    pub(crate) message_id: Option<String>,
    pub(crate) content: ContentRow,
}

/// What a message says, in the outbox or parked.
#[derive(Debug, Clone)]
pub(crate) struct ContentRow {
    pub(crate) number: Option<i64>,
    pub(crate) topic: String,
    pub(crate) key: Option<String>,
    pub(crate) headers: Option<Stored>,
    pub(crate) payload: Stored,
    pub(crate) correlation: Option<String>,
    pub(crate) at: Timestamp,
}

columns! {
    ContentRow {
        number: [number Int],
        topic: [topic Text],
        key: [key Text],
        headers: [headers Bytes],
        payload: [payload Bytes],
        correlation: [correlation Text],
        at: [at Int],
    }
}

/// A message that was not delivered.
#[derive(Debug, Clone)]
pub(crate) struct ParkedRow {
    pub(crate) position: i64,
    pub(crate) lane: String,
    pub(crate) message_id: String,
    pub(crate) source: String,
    pub(crate) attempts: i64,
    pub(crate) reason: String,
    pub(crate) parked_at: Timestamp,
    pub(crate) due_at: Option<Timestamp>,
    pub(crate) content: ContentRow,
}

/// A message to park, of the row at its position in the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Parking {
    pub(crate) position: i64,
    pub(crate) lane: String,
    /// It keeps those behind it in the outbox.
    pub(crate) holds: bool,
    pub(crate) message_id: String,
    pub(crate) source: String,
    pub(crate) attempts: i64,
    pub(crate) reason: String,
}

/// What shows which positions may still appear.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Transactions with a lower id have ended.
    pub(crate) oldest: i64,
    /// The lowest position above the floor that is visible, in the same snapshot.
    pub(crate) lowest: Option<i64>,
}

columns! {
    Mark {
        oldest: [oldest Int],
        lowest: [lowest Int],
    }
}

/// How many messages of a topic wait, and since when.
#[derive(Debug, Clone)]
pub(crate) struct TopicRow {
    pub(crate) topic: String,
    pub(crate) count: i64,
    pub(crate) oldest: Timestamp,
}

columns! {
    TopicRow {
        topic: [topic Text],
        count: [count Int],
        oldest: [oldest Int],
    }
}

pub(crate) const POSITIONS: [Column<i64>; 1] = [Column::int("position", |position| Some(*position))];

pub(crate) const LANES: [Column<String>; 1] = [Column::text("lane", |lane| Some(lane))];
