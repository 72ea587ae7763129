//! What operators see of the outbox, and do.

use std::fmt;

use crate::clock::Timestamp;
use crate::error::Error;
use crate::idem::Idem;
use crate::key::check_name;
use crate::message::Message;
use crate::outbox::relay::outgoing::message;
use crate::seq::shown;
use crate::store::Database;
use crate::store::outbox::relay::{drop_parked, parked, release, waiting};
use crate::store::outbox::rows::ParkedRow;

/// The outbox, for operators. Made by [`Idem::outbox`].
#[derive(Debug, Clone)]
pub struct Outbox<DB: Database>(Idem<DB>);

/// Messages that wait.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Waiting {
    /// How many.
    pub count: u64,
    /// When the oldest was emitted, on the database's clock.
    pub oldest: Option<Timestamp>,
    /// The same by topic, in the order of their names.
    pub topics: Vec<Topic>,
}

/// Messages of a topic that wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Topic {
    /// The topic.
    pub topic: String,
    /// How many.
    pub count: u64,
    /// When the oldest was emitted.
    pub oldest: Timestamp,
}

/// A message that could not be delivered.
#[derive(Clone)]
#[non_exhaustive]
pub struct Parked {
    /// The message.
    pub message: Message,
    /// How often it was tried.
    pub attempts: u64,
    /// Why the last attempt failed, in the words of the sink.
    pub reason: String,
    /// When it was parked, on the database's clock.
    pub since: Timestamp,
    /// An operator has released it, and it was not tried since.
    pub is_released: bool,
    pub(crate) position: i64,
}

impl<DB: Database> Idem<DB> {
    /// The outbox, for operators.
    pub fn outbox(&self) -> Outbox<DB> {
        Outbox(self.clone())
    }
}

impl<DB: Database> Outbox<DB> {
    /// How many messages wait. Reads all of them: for people, and for a look a minute.
    ///
    /// # Errors
    /// Those of the database.
    ///
    /// # Cancel safety
    /// Reads only.
    pub async fn waiting(&self) -> Result<Waiting, Error> {
        let shared = &self.0.shared;
        let mut lease = shared.readers.acquire().await?;
        let rows = waiting(&mut lease.session()).await;
        let rows = shared.answer(lease, rows).await?;
        let topics: Vec<Topic> = rows
            .into_iter()
            .map(|row| Topic { topic: row.topic, count: shown(row.count), oldest: row.oldest })
            .collect();
        let count = topics.iter().map(|topic| topic.count).sum();
        Ok(Waiting { count, oldest: topics.iter().map(|topic| topic.oldest).min(), topics })
    }

    /// Messages that were parked, the oldest first: at most `limit`, after another one of them.
    ///
    /// # Errors
    /// Those of the database.
    ///
    /// # Cancel safety
    /// Reads only.
    pub async fn parked(&self, after: Option<&Parked>, limit: u32) -> Result<Vec<Parked>, Error> {
        let shared = &self.0.shared;
        let mut lease = shared.readers.acquire().await?;
        let rows = parked(&mut lease.session(), after.map_or(0, |parked| parked.position), i64::from(limit)).await;
        Ok(shared.answer(lease, rows).await?.into_iter().map(Parked::of).collect())
    }

    /// Lets the relay try a parked message again, by its id; the later messages of its machine or sequence follow it. If it fails, it is parked
    /// again at once.
    ///
    /// # Errors
    /// [`Error::Missing`] if no message of this id is parked; [`Error::Key`] for an id that is none; those of the database.
    ///
    /// # Cancel safety
    /// Dropped, it may have happened or not.
    pub async fn release(&self, id: &str) -> Result<(), Error> {
        check_name("id of a message", id)?;
        let shared = &self.0.shared;
        let _call = shared.queue.enter()?;
        let mut lease = shared.writer(shared.settings.wait).await?;
        let released = release(&mut lease.session(), id).await;
        found(shared.answer(lease, released).await?, id)?;
        shared.emitted.notify_one();
        Ok(())
    }

    /// Drops a parked message, by its id: it is never delivered. The later messages of its machine or sequence go on, and their consumer sees a
    /// gap.
    ///
    /// # Errors
    /// As [`release`](Self::release).
    ///
    /// # Cancel safety
    /// As [`release`](Self::release).
    pub async fn drop_parked(&self, id: &str) -> Result<(), Error> {
        check_name("id of a message", id)?;
        let shared = &self.0.shared;
        let _call = shared.queue.enter()?;
        let mut lease = shared.writer(shared.settings.wait).await?;
        let dropped = drop_parked(&mut lease.session(), id).await;
        found(shared.answer(lease, dropped).await?, id)?;
        shared.emitted.notify_one();
        Ok(())
    }
}

fn found(is_found: bool, id: &str) -> Result<(), Error> {
    if is_found { Ok(()) } else { Err(Error::Missing { table: "parked".to_owned(), key: vec![id.to_owned()] }) }
}

impl Parked {
    fn of(row: ParkedRow) -> Self {
        let ParkedRow { position, lane, message_id, source, attempts, reason, parked_at, due_at, content } = row;
        let (message, _) = message(content, &lane, message_id, source);
        Self { message, attempts: shown(attempts), reason, since: parked_at, is_released: due_at.is_some(), position }
    }
}

impl fmt::Debug for Parked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parked")
            .field("message", &self.message)
            .field("attempts", &self.attempts)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}
