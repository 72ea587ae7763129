//! Messages as they leave.

use std::sync::Arc;

use crate::message::{Emitted, Message, NewMessage, message_id, message_source};
use crate::store::outbox::rows::{ContentRow, OutboxRow, ParkedRow};

/// A message of the outbox, and where it stands.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) position: i64,
    pub(super) lane: String,
    /// Of one that was parked and is released: how often it was tried before.
    pub(super) tried: Option<i64>,
    pub(super) message: Message,
    /// Why it cannot be delivered.
    pub(super) unfit: Option<String>,
}

impl Outgoing {
    pub(super) fn of_row(row: OutboxRow, installation: &Arc<str>) -> Self {
        let OutboxRow { position, lane, machine, id, seq, entry_no, message_id: own, content } = row;
        let of_machine = machine.as_deref().zip(id.as_deref()).zip(seq.zip(entry_no));
        let id = match (own, of_machine) {
            (None, Some(((machine, id), (seq, entry_no)))) => {
                let of = Emitted { machine, id, seq, entry_no, at: content.at };
                message_id(installation, of, &content.topic, &content.payload.0)
            }
            (own, _) => own.unwrap_or_default(),
        };
        let source = message_source(installation, machine.as_deref());
        let (message, unfit) = message(content, &lane, id, source);
        Self { position, tried: None, message, unfit, lane }
    }

    /// The same of one that was parked.
    pub(super) fn of_parked(row: ParkedRow) -> Self {
        let ParkedRow { position, lane, message_id, source, attempts, content, .. } = row;
        let (message, unfit) = message(content, &lane, message_id, source);
        Self { position, tried: Some(attempts), message, unfit, lane }
    }
}

/// A message of a row; and if a part of it cannot be read, why, and the rest of it.
pub(in crate::outbox) fn message(row: ContentRow, lane: &str, id: String, source: String) -> (Message, Option<String>) {
    let ContentRow { number, topic, key, headers, payload, correlation, at } = row;
    let (headers, unfit) = match headers.map(|headers| headers.decode()).transpose() {
        Ok(headers) => (headers.unwrap_or_default(), None),
        Err(error) => (Vec::new(), Some(format!("its headers cannot be read: {error}"))),
    };
    let content = NewMessage { topic, payload, key, ordered: Some(lane.to_owned()), headers };
    (Message { content, id, source, number, correlation, at: Some(at) }, unfit)
}
