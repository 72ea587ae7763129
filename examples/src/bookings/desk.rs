//! The hotel's own list of rooms that are taken, in step with the machine.

use idem_core::{CommandError, Database, Error, Idem, Key};
use sqlx::{Encode, IntoArguments, Type};

use super::machine::{Booking, Hotel, Refused, booking};

/// The list.
pub const TABLE: &str = "CREATE TABLE IF NOT EXISTS taken_rooms (room TEXT PRIMARY KEY, booking TEXT NOT NULL)";

/// Why a room is not reserved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Another booking has it.
    #[error("{room} is taken by booking {booking}")]
    Taken {
        /// The room.
        room: String,
        /// The booking that has it.
        booking: String,
    },
    /// The machine's answer.
    #[error(transparent)]
    Booking(#[from] CommandError<Refused>),
    /// What idem says of the transaction.
    #[error(transparent)]
    Idem(#[from] Error),
    /// What the database says of the hotel's own statements.
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
}

/// Reserves a room for a booking: the machine's transition, the hold on the guest's account and the row of the hotel's own table
/// in one transaction. A repeat under the same key has no second effect and the same answer: whether the room is reserved.
///
/// On any database of idem's. `Database` is enough for machines, ledger and transactions. A statement of one's own needs what it
/// binds and reads in the bounds, as sqlx has them: that a text parameter can be encoded (`&str: Encode + Type`), that the
/// arguments can be sent (`IntoArguments`), and, to read a column, that it can be found by its place and decoded. No bound is
/// needed for `tx.conn()`: it executes on every database.
///
/// # Errors
/// [`Failure::Taken`] if another booking has the room: then nothing is held. Else what idem or the database says.
pub async fn reserve<DB>(idem: &Idem<DB>, room: &str, id: &str, key: &Key) -> Result<bool, Failure>
where
    DB: Database,
    for<'q> &'q str: Encode<'q, DB> + Type<DB>,
    DB::Arguments: IntoArguments<DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
    for<'r> String: sqlx::Decode<'r, DB> + Type<DB>,
{
    let booking = &Booking::stored(idem, Hotel).at(id);
    idem.transaction(|mut tx| async move {
        let reserved = booking.within(&mut tx).reserve(key).await?;
        let kept = reserved.state() == Some(booking::StateKind::Reserved);
        if kept && reserved.is_fresh() {
            let take = "INSERT INTO taken_rooms (room, booking) VALUES ($1, $2) ON CONFLICT (room) DO NOTHING";
            sqlx::query(take).bind(room).bind(id).execute(tx.conn()).await?;
            let taken = sqlx::query_scalar::<_, String>("SELECT booking FROM taken_rooms WHERE room = $1");
            let taken = taken.bind(room).fetch_one(tx.conn()).await?;
            if taken != id {
                // The transaction ends without a commit: the machine is `Requested` again, and nothing is held.
                return Err(Failure::Taken { room: room.to_owned(), booking: taken });
            }
        }
        Ok(kept)
    })
    .await
}
