//! The accounts.

use idem_core::ledger::{AccountSettings, Bounds, Ledger};
use idem_core::{Database, Error, Key};

/// Where all money comes from: it alone may be overdrawn.
pub(super) const BANK: &str = "bank";

/// The account that every worker wants.
pub(super) const MERCHANT: &str = "merchant:1";

/// What no payment waits for.
pub(super) const FEES: &str = "fees";

/// What each wallet has in the beginning, in cents.
const FUNDS: i64 = 80_000;

/// A wallet's name.
pub(super) fn wallet(number: u64) -> String {
    format!("wallet:{number}")
}

/// Opens the accounts and fills the wallets; a second run finds them as they are.
pub(super) async fn found<DB: Database>(ledger: &Ledger<DB>, wallets: u64) -> Result<(), Error> {
    let purse = || AccountSettings::from(Bounds::at_least(0)).unit("EUR");
    ledger.account(BANK).open(AccountSettings::default().unit("EUR")).await?;
    ledger.account(MERCHANT).open(purse()).await?;
    ledger.account(FEES).open(AccountSettings::tally().unit("EUR")).await?;
    for number in 0..wallets {
        let name = wallet(number);
        ledger.account(&name).open(purse()).await?;
        ledger.transfer(&Key::new("bank", format!("fund-{number}"))?, BANK, name, FUNDS).await?;
    }
    Ok(())
}
