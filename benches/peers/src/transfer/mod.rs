//! One unit from one account to another, one transfer per call.

mod cala;
mod doubleentry;
mod idem;
mod pgledger;
mod sqlx_ledger;
pub(crate) mod tigerbeetle;

use std::sync::Arc;

use idem_core::GroupCommit;

use crate::Failure;
use crate::contender::{Boxed, Contender, Peer, Wrong, mix};
use crate::report::{Row, compare};
use crate::server::{CONNECTIONS, Server};
use crate::settings::Settings;

/// Accounts that transfers are spread over.
const ACCOUNTS: usize = 1_000;

/// Measures every ledger that runs on PostgreSQL.
pub(crate) async fn run(server: &mut Server, settings: &Settings) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for (name, aim) in [("cala-ledger", 8.0), ("sqlx-ledger", 5.0), ("doubleentry", 15.0), ("pgledger", 3.0)] {
        if !settings.wants(name) {
            continue;
        }
        match opened(server, name, settings).await? {
            Some(peer) => rows.push(Row { peer, aim: Some(aim) }),
            None => println!("SKIPPED: {name}. It needs a checkout of its repository, see --help.\n"),
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let alone = idem::Ours::opened(server.database("alone").await?, GroupCommit::off()).await?;
    rows.insert(0, Row { peer: warmed("idem, each call alone", alone).await?, aim: None });
    rows.insert(0, Row { peer: ours(server).await?, aim: None });
    server.analyse().await?;
    let title = format!("## Transfers, {CONNECTIONS} callers, {ACCOUNTS} accounts");
    compare(&title, &rows, CONNECTIONS.into(), settings).await
}

/// A peer in a database of its own; `None` without the files it needs.
async fn opened(server: &mut Server, name: &'static str, settings: &Settings) -> Result<Option<Arc<Peer>>, Failure> {
    let room = server.database(&name.replace('-', "_")).await?;
    let peer = match (name, &settings.sqlx_ledger, &settings.pgledger) {
        ("cala-ledger", ..) => warmed(name, cala::Cala::opened(room).await?).await?,
        ("doubleentry", ..) => warmed(name, doubleentry::Books::opened(&room).await?).await?,
        ("sqlx-ledger", Some(checkout), _) => warmed(name, sqlx_ledger::Ledgers::opened(room, checkout).await?).await?,
        ("pgledger", _, Some(checkout)) => warmed(name, pgledger::Functions::opened(room, checkout).await?).await?,
        _ => return Ok(None),
    };
    Ok(Some(peer))
}

/// idem in a database of its own, as it comes: calls that wait at the same time share a transaction.
async fn ours(server: &mut Server) -> Result<Arc<Peer>, Failure> {
    warmed("idem", idem::Ours::opened(server.database("idem").await?, GroupCommit::default()).await?).await
}

/// Makes one transfer into and out of each account, one after the other: sqlx-ledger's balances start with a race.
async fn warmed<L: Ledger>(name: &'static str, ledger: L) -> Result<Arc<Peer>, Failure> {
    for from in 0..ACCOUNTS {
        match ledger.transfer(from, (from + 1) % ACCOUNTS).await {
            Ok(()) => {}
            Err(Wrong::Error(text) | Wrong::Answer(text)) => return Err(format!("{name}: {text}").into()),
        }
    }
    Peer::new(name, Spread(ledger)).await
}

/// A library that keeps balances.
trait Ledger: Send + Sync + 'static {
    /// Moves one unit from one account to another; both are below [`ACCOUNTS`] and differ.
    fn transfer(&self, from: usize, to: usize) -> impl Future<Output = Result<(), Wrong>> + Send;

    /// How many transfers are stored; an error if balances are not what entries say.
    fn stored(&self) -> impl Future<Output = Result<u64, Failure>> + Send;
}

/// Transfers between random accounts.
struct Spread<L>(L);

impl<L: Ledger> Contender for Spread<L> {
    fn call(&self, _caller: u64, number: u64) -> Boxed<'_, Result<(), Wrong>> {
        let (from, to) = pair(number);
        Box::pin(self.0.transfer(from, to))
    }

    fn stored(&self) -> Boxed<'_, Result<u64, Failure>> {
        Box::pin(self.0.stored())
    }
}

/// Two accounts.
fn pair(number: u64) -> (usize, usize) {
    let below = |random: u64, limit: usize| usize::try_from(random % limit as u64).unwrap_or_default();
    let from = below(mix(number), ACCOUNTS);
    (from, (from + 1 + below(mix(!number), ACCOUNTS - 1)) % ACCOUNTS)
}

/// The number of transfers, from a query that also counts what does not add up.
fn sound((transfers, wrong): (i64, i64)) -> Result<u64, Failure> {
    if wrong == 0 {
        Ok(u64::try_from(transfers)?)
    } else {
        Err(format!("{wrong} balances are not their entries'").into())
    }
}

/// The account of a number.
fn at<T>(accounts: &[T], number: usize) -> Result<&T, Wrong> {
    accounts.get(number).ok_or_else(|| Wrong::Answer(format!("there is no account {number}")))
}
