//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::Failure;

const HELP: &str = "\
cargo run --release --manifest-path benches/peers/Cargo.toml -- \\
    [--rounds N] [--seconds N] [--only TEXT] [--pgledger PATH] [--sqlx-ledger PATH]

--seconds is how long a contender's turn in a round lasts; --only leaves out the peers whose name does not contain TEXT.

Databases are created on the server of IDEM_POSTGRES_URL and dropped again; it needs max_connections = 300.

pgledger is SQL that is published in its repository alone, and so are the tables of sqlx-ledger. --pgledger (or
IDEM_PGLEDGER) is a checkout of github.com/pgr0ss/pgledger, --sqlx-ledger (or IDEM_SQLX_LEDGER) one of
github.com/GaloyMoney/sqlx-ledger; without it the peer is skipped. With the cargo feature tigerbeetle, IDEM_TIGERBEETLE is
the address of a TigerBeetle that runs (cluster 0); without it, figures taken before are scaled by pgbench's.";

/// What to run.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) rounds: usize,
    pub(crate) time: Duration,
    pub(crate) pgledger: Option<PathBuf>,
    pub(crate) sqlx_ledger: Option<PathBuf>,
    pub(crate) tigerbeetle: Option<String>,
    only: String,
}

impl Settings {
    /// From the arguments; `None` if only help was asked for.
    pub(crate) fn from_args() -> Result<Option<Self>, Failure> {
        let mut settings = Self {
            rounds: 5,
            time: Duration::from_secs(1),
            pgledger: std::env::var_os("IDEM_PGLEDGER").map(PathBuf::from),
            sqlx_ledger: std::env::var_os("IDEM_SQLX_LEDGER").map(PathBuf::from),
            tigerbeetle: std::env::var("IDEM_TIGERBEETLE").ok(),
            only: String::new(),
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value\n{HELP}"));
            match arg.as_str() {
                "--rounds" => settings.rounds = value()?.parse()?,
                "--seconds" => settings.time = Duration::try_from_secs_f64(value()?.parse()?)?,
                "--only" => settings.only = value()?,
                "--pgledger" => settings.pgledger = Some(value()?.into()),
                "--sqlx-ledger" => settings.sqlx_ledger = Some(value()?.into()),
                "--help" | "-h" => {
                    println!("{HELP}");
                    return Ok(None);
                }
                other => return Err(format!("unknown argument {other}\n{HELP}").into()),
            }
        }
        Ok(Some(settings))
    }

    /// Whether this peer is to be measured.
    pub(crate) fn wants(&self, peer: &str) -> bool {
        peer.contains(&self.only)
    }

    /// What a reader of the figures must know.
    pub(crate) fn print(&self, server: &str) {
        let Self { rounds, time, .. } = self;
        println!("PostgreSQL {server}; {rounds} rounds of {time:?} each, contenders in alternation");
        println!("calls/s and times: median of the rounds; ratios: median [lowest, highest] within a round\n");
    }
}
