//! doubleentry: one log per ledger, one writer at a time.

use doubleentry::currency::EUR;
use doubleentry::store::{Postgres, SqlOptions, SqlStore};
use doubleentry::{AccountHandle, AccountKind, Amount, Date, Entry, Ledger, LedgerId, date};
use uuid::Uuid;

use crate::Failure;
use crate::contender::Wrong;
use crate::server::{CONNECTIONS, Room};

const START: Date = date!("2026-01-01");
const BOOKED: Date = date!("2026-03-15");

/// The contender.
pub(super) struct Books {
    ledger: Ledger<SqlStore<Postgres>>,
    accounts: Vec<AccountHandle>,
    unit: Amount,
}

impl Books {
    pub(super) async fn opened(room: &Room) -> Result<Self, Failure> {
        let options = SqlOptions { max_connections: CONNECTIONS, ..SqlOptions::default() };
        let store = SqlStore::postgres_with(&room.url(), options).await?;
        let ledger = Ledger::new(store, LedgerId::new("example.com/bench")?).await?;
        ledger.declare_currency(EUR, 2, START).await?;
        ledger.define_months(2026, 1..=12).await?;
        let mut accounts = Vec::with_capacity(super::ACCOUNTS);
        for number in 0..super::ACCOUNTS {
            let path = format!("Liabilities:Wallets:account-{number}");
            accounts.push(ledger.open(path, AccountKind::Liability, START).await?);
        }
        Ok(Self { ledger, accounts, unit: Amount::from_minor(1)? })
    }
}

impl super::Ledger for Books {
    async fn transfer(&self, from: usize, to: usize) -> Result<(), Wrong> {
        let (from, to) = (*super::at(&self.accounts, from)?, *super::at(&self.accounts, to)?);
        let entry = Entry::new(Uuid::new_v4().to_string(), BOOKED);
        let recorded = self.ledger.record(entry.debit(from, self.unit, EUR).credit(to, self.unit, EUR)).await?;
        if recorded.replayed { Err(Wrong::Answer(format!("{recorded:?}"))) } else { Ok(()) }
    }

    /// By its own audit, which replays the log and compares every table.
    async fn stored(&self) -> Result<u64, Failure> {
        Ok(self.ledger.audit().await?.entries)
    }
}
