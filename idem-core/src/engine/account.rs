//! An account's settings, inside a transaction.

use crate::engine::session::transaction::Tx;
use crate::error::Error;
use crate::model::ledger::settings::{OpenAccount, SettingsRow};
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::ledger::queries::{LedgerQuery, answer, load_accounts, put_account};
use crate::store::ledger::rows::{AccountRow, WholeAccount};
use crate::store::machine::queries;
use crate::store::session::Session;

/// The account's row, locked; a missing one is created.
pub(crate) async fn locked<DB: Database>(tx: &mut Tx<DB>, account: &str) -> Result<AccountRow, Error> {
    let mut call = tx.asking_call().await?;
    let mut session = call.session()?;
    session.half_written(true);
    let rows = whole(&mut session, account).await;
    Ok(call.end(rows)?.unwrap_or_else(AccountRow::unopened))
}

/// With the tail of a tally in its balance.
async fn whole<DB: Database>(session: &mut Session<'_, DB>, account: &str) -> Result<Option<AccountRow>, StoreError> {
    let row = load_accounts(session, &[account], true).await?.into_iter().next().flatten();
    if row.as_ref().is_none_or(|row| !row.tally) {
        return Ok(row);
    }
    let found: Vec<WholeAccount> = answer(session, &LedgerQuery::Account(account)).await?;
    Ok(found.into_iter().next().map(WholeAccount::into_row))
}

/// Gives the account the settings, unless it has them.
pub(crate) async fn open<DB: Database>(tx: &mut Tx<DB>, wanted: &SettingsRow<'_>) -> Result<(), Error> {
    let row = locked(tx, wanted.account).await?;
    if of(&row).must_change(wanted)? { put(tx, wanted).await } else { Ok(()) }
}

/// Closes the account, unless it is closed.
pub(crate) async fn close<DB: Database>(tx: &mut Tx<DB>, account: &str) -> Result<(), Error> {
    let row = locked(tx, account).await?;
    if !of(&row).must_close(account)? {
        return Ok(());
    }
    let mut call = tx.call()?;
    let now = queries::now(&mut call.session()?).await;
    // The database's clock may have been set back since the newest entry.
    let closed_at = Some(call.end(now)?.max(row.at));
    let AccountRow { floor, ceiling, unit, tally, .. } = &row;
    let (floor, ceiling, unit, tally) = (*floor, *ceiling, unit.as_deref(), *tally);
    put(tx, &SettingsRow { account, floor, ceiling, unit, tally, closed_at }).await
}

async fn put<DB: Database>(tx: &mut Tx<DB>, settings: &SettingsRow<'_>) -> Result<(), Error> {
    let mut call = tx.asking_call().await?;
    let mut session = call.session()?;
    session.half_written(true);
    match put_account(&mut session, settings).await {
        Ok(()) => call.wrote(None),
        Err(error) => call.end(Err(error)),
    }
}

fn of(row: &AccountRow) -> OpenAccount {
    OpenAccount {
        balance: row.balance,
        held: row.held,
        seq: row.seq,
        floor: row.floor,
        ceiling: row.ceiling,
        unit: row.unit.clone(),
        tally: row.tally,
        closed: row.closed_at.is_some(),
    }
}
