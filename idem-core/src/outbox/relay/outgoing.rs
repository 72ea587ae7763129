//! Messages as they leave.

use std::sync::Arc;

use crate::error::{Effect, Error};
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
}

impl Outgoing {
    /// # Errors
    /// [`Error::Undecodable`] if its headers are none.
    pub(super) fn of_row(row: OutboxRow, installation: &Arc<str>) -> Result<Self, Error> {
        let OutboxRow { position, lane, machine, id, seq, entry_no, message_id: own, content } = row;
        let of_machine = machine.as_deref().zip(id.as_deref()).zip(seq.zip(entry_no));
        let id = match (own, of_machine) {
            (None, Some(((machine, id), (seq, entry_no)))) => {
                message_id(installation, Emitted { machine, id, seq, entry_no }, &content.payload.0)
            }
            (own, _) => own.unwrap_or_default(),
        };
        let source = message_source(installation, machine.as_deref());
        Ok(Self { position, tried: None, message: message(content, &lane, id, source)?, lane })
    }

    /// The same of one that was parked.
    ///
    /// # Errors
    /// As [`of_row`](Self::of_row).
    pub(super) fn of_parked(row: ParkedRow) -> Result<Self, Error> {
        let ParkedRow { position, lane, message_id, source, attempts, content, .. } = row;
        Ok(Self { position, tried: Some(attempts), message: message(content, &lane, message_id, source)?, lane })
    }
}

/// A message of a row.
///
/// # Errors
/// [`Error::Undecodable`] if its headers are none.
pub(in crate::outbox) fn message(row: ContentRow, lane: &str, id: String, source: String) -> Result<Message, Error> {
    let ContentRow { number, topic, key, headers, payload, correlation, at } = row;
    let headers = headers.map(|headers| headers.decode()).transpose().map_err(|source| Error::Undecodable {
        what: format!("the headers of the message {id:?}"),
        effect: Effect::NotApplied,
        source: source.into(),
    })?;
    let content =
        NewMessage { topic, payload, key, ordered: Some(lane.to_owned()), headers: headers.unwrap_or_default() };
    Ok(Message { content, id, source, number, correlation, at: Some(at) })
}
