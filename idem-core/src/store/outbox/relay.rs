//! What a relay reads and writes.

use super::rows::{ContentRow, LANES, Mark, OutboxRow, POSITIONS, ParkedRow, Parking, TopicRow};
use crate::clock::Timestamp;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::reader::{Cells, Columns as _, Reader};
use crate::store::session::Session;

/// At most `limit` messages above a position, in their order, but for these lanes and those that a parked message holds; and no more of them
/// once their payloads have these `bytes`.
pub(crate) async fn load<DB: Database>(
    session: &mut Session<'_, DB>,
    above: i64,
    closed: &[String],
    (limit, bytes): (i64, i64),
) -> Result<Vec<OutboxRow>, StoreError> {
    let sql = session.sql;
    let rows =
        session.fetch(&sql.outbox.load, Binder::new().bind(above).rows(&LANES, closed).bind(limit).bind(bytes)).await?;
    Ok(rows.iter().map(|row| message(&mut Reader::new(row))).collect::<Result<_, _>>()?)
}

fn message<C: Cells>(row: &mut Reader<'_, C>) -> Result<OutboxRow, sqlx::Error> {
    Ok(OutboxRow {
        position: row.field()?,
        lane: row.field()?,
        machine: row.field()?,
        id: row.field()?,
        seq: row.field()?,
        entry_no: row.field()?,
        message_id: row.field()?,
        content: ContentRow::read(row)?,
    })
}

/// What shows which positions may still appear.
pub(crate) async fn mark<DB: Database>(session: &mut Session<'_, DB>, above: i64) -> Result<Mark, StoreError> {
    let sql = session.sql;
    let row = session.fetch_one(&sql.outbox.mark, Binder::new().bind(above)).await?;
    Ok(Reader::new(&row).read()?)
}

/// A new id of a transaction.
pub(crate) async fn new_id<DB: Database>(session: &mut Session<'_, DB>) -> Result<i64, StoreError> {
    let sql = session.sql;
    let row = session.fetch_one(&sql.outbox.new_id, Binder::new()).await?;
    Ok(Reader::new(&row).field()?)
}

/// Deletes messages that were delivered.
pub(crate) async fn delete<DB: Database>(session: &mut Session<'_, DB>, positions: &[i64]) -> Result<(), StoreError> {
    let sql = session.sql;
    session.fetch(&sql.outbox.delete, Binder::new().rows(&POSITIONS, positions)).await.map(drop)
}

/// Parks a message of the outbox, if it is still in it.
pub(crate) async fn park<DB: Database>(session: &mut Session<'_, DB>, parking: &Parking) -> Result<(), StoreError> {
    let sql = session.sql;
    let Parking { position, lane, holds, message_id, source, attempts, reason } = parking;
    let binder = Binder::new().bind(*position).bind(&**lane).bind(i64::from(*holds)).bind(&**message_id);
    session.fetch(&sql.outbox.park, binder.bind(&**source).bind(*attempts).bind(&**reason)).await?;
    session.fetch(&sql.outbox.take_out, Binder::new().bind(*position)).await.map(drop)
}

/// Parked messages that are due.
pub(crate) async fn due<DB: Database>(session: &mut Session<'_, DB>, limit: i64) -> Result<Vec<ParkedRow>, StoreError> {
    let sql = session.sql;
    let rows = session.fetch(&sql.outbox.due, Binder::new().bind(limit)).await?;
    Ok(rows.iter().map(|row| parked_row(&mut Reader::new(row))).collect::<Result<_, _>>()?)
}

/// Parked messages above a position.
pub(crate) async fn parked<DB: Database>(
    session: &mut Session<'_, DB>,
    above: i64,
    limit: i64,
) -> Result<Vec<ParkedRow>, StoreError> {
    let sql = session.sql;
    let rows = session.fetch(&sql.outbox.parked, Binder::new().bind(above).bind(limit)).await?;
    Ok(rows.iter().map(|row| parked_row(&mut Reader::new(row))).collect::<Result<_, _>>()?)
}

fn parked_row<C: Cells>(row: &mut Reader<'_, C>) -> Result<ParkedRow, sqlx::Error> {
    Ok(ParkedRow {
        position: row.field()?,
        lane: row.field()?,
        message_id: row.field()?,
        source: row.field()?,
        attempts: row.field()?,
        reason: row.field()?,
        parked_at: row.field()?,
        due_at: row.field()?,
        content: ContentRow::read(row)?,
    })
}

/// Deletes a parked message that was delivered.
pub(crate) async fn delivered<DB: Database>(session: &mut Session<'_, DB>, position: i64) -> Result<(), StoreError> {
    let sql = session.sql;
    session.fetch(&sql.outbox.delivered, Binder::new().bind(position)).await.map(drop)
}

/// Parks a message again.
pub(crate) async fn park_again<DB: Database>(
    session: &mut Session<'_, DB>,
    (position, attempts): (i64, i64),
    reason: &str,
) -> Result<(), StoreError> {
    let sql = session.sql;
    session.fetch(&sql.outbox.park_again, Binder::new().bind(position).bind(attempts).bind(reason)).await.map(drop)
}

/// Releases a parked message; whether there is one.
pub(crate) async fn release<DB: Database>(session: &mut Session<'_, DB>, id: &str) -> Result<bool, StoreError> {
    let sql = session.sql;
    Ok(!session.fetch(&sql.outbox.release, Binder::new().bind(id)).await?.is_empty())
}

/// Drops a parked message; whether there was one.
pub(crate) async fn drop_parked<DB: Database>(session: &mut Session<'_, DB>, id: &str) -> Result<bool, StoreError> {
    let sql = session.sql;
    Ok(!session.fetch(&sql.outbox.drop_parked, Binder::new().bind(id)).await?.is_empty())
}

/// The messages that wait, by topic.
pub(crate) async fn waiting<DB: Database>(session: &mut Session<'_, DB>) -> Result<Vec<TopicRow>, StoreError> {
    let sql = session.sql;
    session.rows(&sql.outbox.waiting, Binder::new()).await
}

/// When the message at the head was emitted, if there is one, and the time.
pub(crate) async fn oldest<DB: Database>(
    session: &mut Session<'_, DB>,
) -> Result<(Option<Timestamp>, Timestamp), StoreError> {
    let sql = session.sql;
    let row = session.fetch_one(&sql.outbox.oldest, Binder::new()).await?;
    let mut row = Reader::new(&row);
    Ok((row.field()?, row.field()?))
}

/// Whether each position is higher than those that were given before it.
pub(crate) async fn is_monotonic<DB: Database>(session: &mut Session<'_, DB>) -> Result<bool, StoreError> {
    let sql = session.sql;
    let row = session.fetch_one(&sql.outbox.monotonic, Binder::new()).await?;
    let is: i64 = Reader::new(&row).field()?;
    Ok(is == 1)
}
