//! What the explorer sees of stored machines beside their handles.

use crate::error::Error;
use crate::machine::stored::handles::Handle;
use crate::model::machine::rules::Rules;
use crate::store::Database;
use crate::store::ledger::queries::{LedgerQuery, answer};
use crate::store::ledger::rows::WholeAccount;

impl<DB: Database, X: Rules> Handle<DB, X> {
    pub(crate) fn rules(&self) -> &X {
        self.machines.driver.rules()
    }

    /// The balances of accounts; 0 for one that is not open.
    pub(crate) async fn balances(&self, accounts: &[String]) -> Result<Vec<i64>, Error> {
        let mut balances = Vec::with_capacity(accounts.len());
        for account in accounts {
            let mut lease = self.machines.reader().await?;
            let found: Result<Vec<WholeAccount>, _> =
                answer(&mut lease.session(), &LedgerQuery::Account(account)).await;
            let found = self.machines.shared.answer(lease, found).await?;
            balances.push(found.into_iter().next().map_or(0, |account| account.into_row().balance));
        }
        Ok(balances)
    }
}
