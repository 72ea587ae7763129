//! Repeats on machines with a long past: `cargo bench -p benches --bench history -- --help`.
//!
//! The machines, one per length of history, take turns within each round. What counts is the ratio to the shortest
//! history within a round; absolute figures are the machine's.

mod book;
#[path = "../folder.rs"]
mod folder;
mod measure;
mod postgres;
#[path = "../server.rs"]
mod server;
mod settings;
mod sqlite;

use std::time::Duration;

use settings::Settings;

/// Any error: the bench stops and says what it was.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How a repeat says which request it repeats.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Repeat {
    /// By its key.
    Keyed,
    /// By the state that it led to.
    Natural,
}

/// One load on one machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) repeat: Repeat,
    pub(crate) tasks: usize,
    pub(crate) time: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Some(settings) = Settings::from_args()? else { return Ok(()) };
    settings.print();
    if settings.sqlite {
        sqlite::run(&settings).await?;
    }
    if settings.postgres {
        postgres::run(&settings).await?;
    }
    Ok(())
}
