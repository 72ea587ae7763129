//! Writes to the outbox beside machines.

use crate::message::NewMessage;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::error::StoreError;
use crate::store::reader::Reader;
use crate::store::session::Session;

/// Adds a message to the transaction that is open, with the next number of its sequence, if it has one.
pub(crate) async fn add<DB: Database>(
    session: &mut Session<'_, DB>,
    (id, message): (&str, &NewMessage),
    correlation: Option<&str>,
) -> Result<(), StoreError> {
    let sql = session.sql;
    let number = match &message.ordered {
        Some(name) => Some(next_number(session, name).await?),
        None => None,
    };
    let headers = message.stored_headers();
    let binder = Binder::new().bind(id).bind(message.ordered.as_deref()).bind(number).bind(&*message.topic);
    let binder = binder
        .bind(message.key.as_deref())
        .bind(headers.as_ref().map(|headers| &*headers.0))
        .bind(&message.payload)
        .bind(correlation);
    session.fetch(&sql.outbox.add, binder).await.map(drop)
}

async fn next_number<DB: Database>(session: &mut Session<'_, DB>, name: &str) -> Result<i64, StoreError> {
    let sql = session.sql;
    let row = session.fetch_one(&sql.outbox.next_number, Binder::new().bind(name)).await?;
    Ok(Reader::new(&row).field()?)
}
