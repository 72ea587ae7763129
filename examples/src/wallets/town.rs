//! The accounts.

use idem_core::ledger::{AccountSettings, Bounds, Ledger};
use idem_core::{Database, Error, Key};

/// What each wallet has in the beginning, in cents.
const FUNDS: i64 = 80_000;

/// The accounts of a run. Their names begin with the name of the town, and so do its keys: other users of the database have others,
/// and so has a run with another number of wallets.
#[derive(Debug, Clone)]
pub(super) struct Town {
    name: String,
    pub(super) wallets: u64,
    /// Where all money comes from: it alone may be overdrawn.
    pub(super) bank: String,
    /// The account that every worker wants.
    pub(super) merchant: String,
    /// What no payment waits for.
    pub(super) fees: String,
}

impl Town {
    pub(super) fn new(wallets: u64) -> Self {
        let name = format!("wallets-{wallets}");
        let account = |of: &str| format!("{name}:{of}");
        Self { wallets, bank: account("bank"), merchant: account("merchant"), fees: account("fees"), name }
    }

    /// A wallet's account.
    pub(super) fn wallet(&self, number: u64) -> String {
        format!("{}:wallet:{number}", self.name)
    }

    /// A key in the scope of this town.
    pub(super) fn key(&self, key: String) -> Result<Key, Error> {
        Ok(Key::new(self.name.as_str(), key)?)
    }

    /// Whether an account is one of this town.
    pub(super) fn owns(&self, account: &str) -> bool {
        account.strip_prefix(self.name.as_str()).is_some_and(|rest| rest.starts_with(':'))
    }

    /// Opens the accounts and fills the wallets; a second run finds them as they are.
    pub(super) async fn found<DB: Database>(&self, ledger: &Ledger<DB>) -> Result<(), Error> {
        let purse = || AccountSettings::from(Bounds::at_least(0)).unit("EUR");
        ledger.account(&self.bank).open(AccountSettings::default().unit("EUR")).await?;
        ledger.account(&self.merchant).open(purse()).await?;
        ledger.account(&self.fees).open(AccountSettings::tally().unit("EUR")).await?;
        for number in 0..self.wallets {
            let wallet = self.wallet(number);
            ledger.account(&wallet).open(purse()).await?;
            let key = self.key(format!("fund-{number}"))?;
            ledger.transfer(&key, self.bank.as_str(), wallet, FUNDS).await?;
        }
        Ok(())
    }
}
