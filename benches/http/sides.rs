//! The contenders on one database.

use std::sync::Arc;

use benches::race::{Measured, Player};
use benches::wire::{Wire, counting, print_trips, statements};

use crate::caller::{Caller, KNOWN};
use crate::service::{App, begun, by_hand, guarded, recorded};
use crate::shop::Shop;
use crate::{Asked, Failure, keyed};

/// Clients of a table.
const TASKS: [u64; 3] = [1, 8, 32];

pub(crate) type Players = Vec<Box<dyn Measured>>;

/// Rows that were answered, of each table.
#[derive(Debug, Default)]
pub(crate) struct Rows([u64; 3]);

impl Rows {
    pub(crate) const TABLES: [&str; 3] = ["hand_orders", "begun_orders", "orders"];

    fn add(&mut self, players: &Players, lines: u64) {
        // The last table is that of all guards.
        let tables = (0..self.0.len() - 1).chain(std::iter::repeat(self.0.len() - 1));
        for (table, player) in tables.zip(players) {
            self.0[table] += player.made() * lines;
        }
    }

    /// Whether they are there.
    pub(crate) fn compare(&self, counted: [i64; 3]) -> Result<(), Failure> {
        for ((table, answered), counted) in Self::TABLES.into_iter().zip(self.0).zip(counted) {
            if u64::try_from(counted)? != answered {
                return Err(format!("{table} has {counted} rows, {answered} were answered").into());
            }
        }
        println!("every answered order is there\n");
        Ok(())
    }
}

/// A database, and what is on it.
pub(crate) struct Site<DB: Shop> {
    pub(crate) app: App<DB>,
    /// By a way that counts how often the database is asked.
    pub(crate) counted: App<DB>,
    pub(crate) wire: Option<Wire>,
}

impl<DB: Shop> Site<DB> {
    /// Prints how often each of these asks the database in a call.
    pub(crate) async fn print_trips(&self, players: &Players) -> Result<(), Failure> {
        if let Some(wire) = &self.wire {
            println!("Round trips, sqlx's ping of a connection that is given back among them:");
            return print_trips(players, || wire.trips()).await;
        }
        println!("Statements, without BEGIN and COMMIT of sqlx's own transactions:");
        counting(true);
        print_trips(players, statements).await?;
        counting(false);
        Ok(())
    }
}

pub(crate) fn transactional<DB: Shop>(app: &App<DB>, name: &'static str, lines: u64) -> Players {
    vec![
        Player::boxed("sqlx", Caller::new(by_hand(app), name, lines)),
        Player::boxed("idem.begin", Caller::new(begun(app), name, lines)),
        Player::boxed("guarded", Caller::new(guarded(app), name, lines).executed()),
        Player::boxed("guarded, keys by time", Caller::new(guarded(app), name, lines).executed().with_timed_keys()),
    ]
}

fn replay<DB: Shop>(app: &App<DB>, name: &'static str) -> Players {
    let replayed = Caller::new(guarded(app), name, 1).marked("idempotency-status", "replayed");
    vec![
        Player::boxed("SELECT", Caller::new(recorded(app), name, 1).known()),
        Player::boxed("guarded, replay", replayed.known()),
    ]
}

/// Measures handlers that write; the rows that were answered.
pub(crate) async fn orders<DB: Shop>(asked: &Asked, site: &Site<DB>) -> Result<Rows, Failure> {
    let mut rows = Rows::default();
    for (lines, name, counted, floors) in [
        (1, "one", "counted-one", "0.54 to sqlx with 1 and 8 clients, 0.45 with 32"),
        (4, "four", "counted-four", "0.68 to sqlx with 1 and 8 clients, 0.6 with 32; 0.65 to idem.begin with 32"),
    ] {
        println!("{}: {lines} INSERTs in a transaction. Floors: {floors}\n", DB::NAME);
        let players = transactional(&site.counted, counted, lines);
        site.print_trips(&players).await?;
        rows.add(&players, lines);
        let players = transactional(&site.app, name, lines);
        asked.race.run(&format!("transactional, {lines}"), &players, &TASKS).await?;
        rows.add(&players, lines);
    }
    Ok(rows)
}

/// Measures replays of known keys, on a database that has no others.
pub(crate) async fn replays<DB: Shop>(asked: &Asked, site: &Site<DB>) -> Result<(), Failure> {
    println!("{}: replays of {KNOWN} keys. Floor: 0.9\n", DB::NAME);
    Caller::new(guarded(&site.app), "known", 1).executed().fill().await?;
    let known: Arc<[Vec<u8>]> = DB::hashes(&site.app.readers).await?.into();
    let with_known = |app: &App<DB>| App { known: known.clone(), ..app.clone() };
    site.print_trips(&replay(&with_known(&site.counted), "known")).await?;
    asked.race.run("replay", &replay(&with_known(&site.app), "known"), &TASKS).await
}

/// Measures one command of a machine.
pub(crate) async fn commands<DB: Shop>(asked: &Asked, site: &Site<DB>) -> Result<(), Failure> {
    println!("{}: one command of a machine, its key the record. Floor: 0.9 with 32 clients\n", DB::NAME);
    keyed::start(&site.app.idem).await?;
    keyed::warm(&site.counted.idem, "warm-counted").await?;
    site.print_trips(&keyed::players(&site.counted.idem, "counted")).await?;
    keyed::warm(&site.app.idem, "warm").await?;
    asked.race.run("keyed", &keyed::players(&site.app.idem, "command"), &TASKS).await
}
