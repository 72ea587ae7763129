//! The story that the program tells.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use idem_core::ledger::Bounds;
use idem_core::{Idem, Key, Natural};
use sqlx::Sqlite;

use super::desk::{Failure, TABLE, reserve};
use super::machine::{Booking, HOTEL, Hotel, account, booking};
use crate::figures::money;
use crate::program::{self, EXIT};

/// Any error ends the story.
type Ended = Box<dyn std::error::Error + Send + Sync>;

/// Tells the story of a hotel whose rooms are booked, on a SQLite file that is removed afterwards.
#[derive(Parser)]
#[command(name = "bookings", version, after_help = EXIT)]
struct Cli {}

/// Runs the program on a file that is removed afterwards.
pub fn main() -> ExitCode {
    let Cli {} = Cli::parse();
    program::end::<Cli>(program::story("bookings", async |idem, out| tell(idem, out).await))
}

/// Tells the story while it happens.
///
/// # Errors
/// What the database or `out` says.
pub async fn tell(idem: &Idem<Sqlite>, out: &mut impl Write) -> Result<(), Ended> {
    sqlx::raw_sql(TABLE).execute(idem.pool()).await?;
    let ledger = idem.ledger();
    for (guest, cents) in [("ann", 10_000), ("ben", 5_000), ("cleo", 10_000)] {
        let wallet = ledger.account(account(guest));
        wallet.open(Bounds::at_least(0)).await?;
        wallet.apply_delta(&Key::new(guest, "deposit-1")?, cents).await?;
        let requested = booking::Requested { guest: guest.to_owned(), price: 8_000 };
        Booking::stored(idem, Hotel).at(format!("{guest}-1")).start(Natural, requested).await?;
        writeln!(out, "{guest} has {} and wants a room for 80.00.", money(cents))?;
    }

    let key = Key::new("ann", "reserve-1")?;
    reserve(idem, "room 7", "ann-1", &key).await?;
    writeln!(out, "\nRoom 7 is reserved for ann: {}.", show(idem, "ann").await?)?;
    reserve(idem, "room 7", "ann-1", &key).await?;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM taken_rooms").fetch_one(idem.pool()).await?;
    writeln!(out, "Her answer was lost and the request comes again: {}, {rows} row.", show(idem, "ann").await?)?;

    match reserve(idem, "room 7", "cleo-1", &Key::new("cleo", "reserve-1")?).await {
        Err(taken @ Failure::Taken { .. }) => {
            writeln!(out, "cleo wants it too, but {taken}: {}.", show(idem, "cleo").await?)?;
        }
        other => return Err(format!("room 7 was given twice: {other:?}").into()),
    }
    let kept = reserve(idem, "room 8", "ben-1", &Key::new("ben", "reserve-1")?).await?;
    let answer = if kept { "reserved" } else { "declined" };
    writeln!(out, "ben reserves room 8 and is {answer}: {}.", show(idem, "ben").await?)?;
    reserve(idem, "room 9", "cleo-1", &Key::new("cleo", "reserve-2")?).await?;
    writeln!(out, "cleo reserves room 9: {}.", show(idem, "cleo").await?)?;

    let bookings = Booking::stored(idem, Hotel);
    let pay = booking::Pay { amount: 7_500 };
    bookings.at("ann-1").pay(Natural, pay.clone()).await?;
    let again = bookings.at("ann-1").pay(Natural, pay).await?;
    if !again.is_replay() {
        return Err("ann has paid twice".into());
    }
    writeln!(out, "\nann pays 75.00, and her program repeats it; paid once: {}.", show(idem, "ann").await?)?;
    bookings.at("cleo-1").cancel(Natural).await?;
    writeln!(out, "cleo cancels: {}.", show(idem, "cleo").await?)?;

    let hotel = ledger.account(HOTEL).get().await?.map_or(0, |state| state.balance);
    if let Some(finding) = ledger.audit().await?.findings.first() {
        return Err(format!("the books are not sound: {finding}").into());
    }
    writeln!(out, "The hotel has {}, and its books are sound.", money(hotel))?;
    Ok(())
}

async fn show(idem: &Idem<Sqlite>, guest: &str) -> Result<String, Ended> {
    let wallet = idem.ledger().account(account(guest)).get().await?.ok_or("every guest has an account")?;
    Ok(format!("{} available, {} held", money(wallet.available()), money(wallet.held)))
}
