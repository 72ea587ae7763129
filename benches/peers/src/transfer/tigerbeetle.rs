//! TigerBeetle, a database of its own: beside one that runs, or beside what was measured before.

use std::sync::Arc;

use super::{ACCOUNTS, ours};
use crate::Failure;
use crate::contender::Peer;
use crate::pgbench::Pgbench;
use crate::report::Spread;
use crate::server::Server;
use crate::settings::Settings;

/// Callers, and the transfers per second of TigerBeetle 0.17.7 with as many, which share a client: one replica, one transfer
/// per call, spread over accounts. Measured on 2026-11-22, on a machine where pgbench's transfer at 32 clients made
/// [`FLOOR`] a second.
const BEFORE: [(u64, f64); 2] = [(32, 36_000.0), (256, 118_000.0)];
const FLOOR: f64 = 9_000.0;

/// What idem is to reach over it.
const AIM: f64 = 1.0;
const PASS: f64 = 0.5;

/// Measures idem's transfers with many callers, and what they are to be held against.
pub(crate) async fn run(server: &mut Server, settings: &Settings) -> Result<(), Failure> {
    if !settings.wants("tigerbeetle") {
        return Ok(());
    }
    let idem = ours(server).await?;
    let beside = match running(settings).await? {
        Some(peer) => Beside::Running(peer),
        None => match Pgbench::found(server.database("pgbench").await?).await? {
            Some(floor) => Beside::Before(floor),
            None => {
                println!("SKIPPED: TigerBeetle. None runs, and pgbench, to scale by, is not on the PATH.\n");
                return Ok(());
            }
        },
    };
    server.analyse().await?;
    let mut cells = Vec::new();
    for (callers, before) in BEFORE {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..settings.rounds {
            ours.push(idem.turn(callers, settings.time).await?.rate);
            theirs.push(beside.rate(callers, before, settings).await?);
        }
        cells.push((callers, ours, theirs));
    }
    idem.audit().await?;
    beside.print(&cells);
    Ok(())
}

/// What idem is held against.
enum Beside {
    Running(Arc<Peer>),
    Before(Pgbench),
}

impl Beside {
    /// Transfers per second; of the figures taken before: as this machine would make them now.
    async fn rate(&self, callers: u64, before: f64, settings: &Settings) -> Result<f64, Failure> {
        match self {
            Self::Running(peer) => Ok(peer.turn(callers, settings.time).await?.rate),
            Self::Before(floor) => Ok(before * floor.transfers(32, settings.time).await? / FLOOR),
        }
    }

    fn print(&self, cells: &[(u64, Vec<f64>, Vec<f64>)]) {
        let source = match self {
            Self::Running(_) => "measured beside it",
            Self::Before(_) => "measured before, scaled by pgbench's transfer of the same round",
        };
        println!("## Transfers beside TigerBeetle ({source}), {ACCOUNTS} accounts\n");
        println!("| callers | idem, calls/s | TigerBeetle | idem over it | aim |\n|---|---|---|---|---|");
        for (callers, ours, theirs) in cells {
            let ratio = Spread::of(ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs));
            let median = |rates: &[f64]| Spread::of(rates.iter().copied()).median;
            let (ours, theirs) = (median(ours), median(theirs));
            println!("| {callers} | {ours:.0} | {theirs:.0} | {ratio} | {AIM}, at least {PASS} |");
        }
        println!();
    }
}

#[cfg(not(feature = "tigerbeetle"))]
#[expect(clippy::unused_async, reason = "the other one connects")]
async fn running(settings: &Settings) -> Result<Option<Arc<Peer>>, Failure> {
    match &settings.tigerbeetle {
        Some(_) => Err("IDEM_TIGERBEETLE needs the cargo feature tigerbeetle".into()),
        None => Ok(None),
    }
}

#[cfg(feature = "tigerbeetle")]
async fn running(settings: &Settings) -> Result<Option<Arc<Peer>>, Failure> {
    let Some(address) = &settings.tigerbeetle else { return Ok(None) };
    Ok(Some(super::warmed("TigerBeetle", client::Client::connected(address).await?).await?))
}

#[cfg(feature = "tigerbeetle")]
mod client {
    use tigerbeetle as tb;

    use crate::Failure;
    use crate::contender::Wrong;
    use crate::transfer::{ACCOUNTS, Ledger};

    /// The contender: one client, which merges the calls that wait at the same time.
    pub(super) struct Client(tb::Client);

    impl Client {
        pub(super) async fn connected(address: &str) -> Result<Self, Failure> {
            let client = tb::Client::new(0, address).map_err(|error| format!("{address}: {error:?}"))?;
            let accounts: Vec<_> =
                ids().map(|id| tb::Account { id, ledger: 1, code: 1, ..tb::Account::default() }).collect();
            let made = client.create_accounts(&accounts).await.map_err(|error| format!("{error:?}"))?;
            let there = |status| matches!(status, tb::CreateAccountStatus::Created | tb::CreateAccountStatus::Exists);
            match made.into_iter().find(|made| !there(made.status)) {
                Some(refused) => Err(format!("an account was answered {:?}", refused.status).into()),
                None => Ok(Self(client)),
            }
        }
    }

    fn ids() -> impl Iterator<Item = u128> {
        1..=ACCOUNTS as u128
    }

    impl Ledger for Client {
        async fn transfer(&self, from: usize, to: usize) -> Result<(), Wrong> {
            let transfer = tb::Transfer {
                id: tb::id(),
                debit_account_id: from as u128 + 1,
                credit_account_id: to as u128 + 1,
                amount: 1,
                ledger: 1,
                code: 1,
                ..tb::Transfer::default()
            };
            let made =
                self.0.create_transfers(&[transfer]).await.map_err(|error| Wrong::Error(format!("{error:?}")))?;
            match made.first() {
                Some(made) if made.status == tb::CreateTransferStatus::Created => Ok(()),
                other => Err(Wrong::Answer(format!("{:?}", other.map(|made| made.status)))),
            }
        }

        async fn stored(&self) -> Result<u64, Failure> {
            let ids: Vec<u128> = ids().collect();
            let accounts = self.0.lookup_accounts(&ids).await.map_err(|error| format!("{error:?}"))?;
            let (mut debits, mut credits) = (0, 0);
            for account in accounts {
                debits += account.debits_posted;
                credits += account.credits_posted;
            }
            if debits == credits { Ok(u64::try_from(debits)?) } else { Err("debits are not credits".into()) }
        }
    }
}
