//! What the explorer sees of stored machines beside their handles.

use crate::error::Error;
use crate::machine::stored::handles::At;
use crate::model::machine::rules::Rules;
use crate::store::Database;
use crate::store::ledger::queries::load_accounts;

impl<DB: Database, X: Rules> At<DB, X> {
    pub(crate) fn rules(&self) -> &X {
        self.machines.driver.rules()
    }

    /// The balances of accounts; 0 for one that is not open.
    pub(crate) async fn balances(&self, accounts: &[String]) -> Result<Vec<i64>, Error> {
        let names: Vec<&str> = accounts.iter().map(String::as_str).collect();
        let mut lease = self.machines.reader().await?;
        let rows = load_accounts(&mut lease.session(), &names, false).await;
        let rows = self.machines.shared.answer(lease, rows).await?;
        Ok(rows.into_iter().map(|row| row.map_or(0, |row| row.balance)).collect())
    }
}
