//! What must be so at the end.

use idem_core::ledger::Ledger;
use idem_core::{Database, Error};

use super::town::{BANK, FEES, MERCHANT, wallet};

/// The balances, in cents.
#[derive(Debug)]
pub(super) struct Books {
    pub(super) bank: i64,
    pub(super) wallets: i64,
    /// How many wallets there are, and how many are empty.
    pub(super) count: (u64, u64),
    pub(super) merchant: i64,
    pub(super) fees: i64,
    pub(super) held: i64,
}

impl Books {
    pub(super) async fn read<DB: Database>(ledger: &Ledger<DB>, wallets: u64) -> Result<Self, Error> {
        let mut books = Self {
            bank: balance(ledger, BANK).await?.0,
            wallets: 0,
            count: (wallets, 0),
            merchant: balance(ledger, MERCHANT).await?.0,
            fees: balance(ledger, FEES).await?.0,
            held: 0,
        };
        for number in 0..wallets {
            let (balance, held) = balance(ledger, &wallet(number)).await?;
            books.wallets += balance;
            books.held += held;
            books.count.1 += u64::from(balance == 0);
        }
        Ok(books)
    }

    /// What the merchant and the fees have.
    pub(super) fn taken(&self) -> i64 {
        self.merchant + self.fees
    }

    /// What is there beside what the bank gave: nothing, or money was made or lost.
    pub(super) fn surplus(&self) -> i64 {
        self.bank + self.wallets + self.taken()
    }
}

/// Balance, and what is held of it.
async fn balance<DB: Database>(ledger: &Ledger<DB>, account: &str) -> Result<(i64, i64), Error> {
    Ok(ledger.account(account).get().await?.map_or((0, 0), |state| (state.balance, state.held)))
}
