//! idem beside its peers, on one PostgreSQL server: `cargo run --release --manifest-path benches/peers/Cargo.toml -- --help`.
//!
//! The contenders of a section take turns within each round, and another one begins the next, so that a busy moment of the
//! machine strikes all of them. What counts is the ratio within a round; absolute figures are the machine's. No two peers
//! do the same work: docs/BENCHMARKS.md says what each does besides.

mod command;
mod contender;
mod pgbench;
mod report;
mod server;
mod settings;
mod transfer;

use server::Server;
use settings::Settings;

/// Any error: the bench stops and says what it was.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let Some(settings) = Settings::from_args()? else { return Ok(()) };
    let Some(mut server) = Server::named().await? else {
        println!("SKIPPED: everything. Set IDEM_POSTGRES_URL to a server where databases may be created.");
        return Ok(());
    };
    settings.print(server.version());
    let measured = sections(&mut server, &settings).await;
    server.drop_databases().await?;
    measured
}

async fn sections(server: &mut Server, settings: &Settings) -> Result<(), Failure> {
    transfer::run(server, settings).await?;
    transfer::tigerbeetle::run(server, settings).await?;
    for history in [10, 1_000] {
        command::run(server, settings, history).await?;
    }
    Ok(())
}
