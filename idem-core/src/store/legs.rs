//! Entries beside the change of their account.

use sqlx::Error;

use crate::store::rows::{AccountWrite, EntryWrite, Write};

/// An entry with the change of its account, from which it counts its sequence and its balance back. A tally's entry has none.
pub(crate) struct Leg<'w> {
    pub(crate) entry: &'w EntryWrite,
    account: Option<(i64, &'w AccountWrite)>,
}

impl Leg<'_> {
    /// The account's place in [`Write::accounts`], counted from 1 as in an array there.
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite looks the account up by its name"))]
    pub(crate) fn place(&self) -> Option<i64> {
        self.account.map(|(place, _)| place)
    }

    /// How many entries of the account follow it in this write.
    pub(crate) fn back(&self) -> i64 {
        self.account.map_or(0, |(_, account)| account.entries - self.entry.nth)
    }

    /// By how much the entries that follow it change the balance.
    pub(crate) fn below(&self) -> i64 {
        self.account.map_or(0, |(_, account)| account.delta - self.entry.running)
    }
}

/// The entries of a write, in its order.
pub(crate) fn legs(write: &Write) -> Result<Vec<Leg<'_>>, Error> {
    write.entries.iter().map(|entry| leg(&write.accounts, entry)).collect()
}

fn leg<'w>(accounts: &'w [AccountWrite], entry: &'w EntryWrite) -> Result<Leg<'w>, Error> {
    if entry.seq.is_some() {
        return Ok(Leg { entry, account: None });
    }
    let lost = || Error::Encode(format!("an entry of `{}`, which does not change", entry.account).into());
    let position = accounts.binary_search_by(|account| account.account.cmp(&entry.account)).map_err(|_| lost())?;
    let place = i64::try_from(position + 1).map_err(|_| lost())?;
    Ok(Leg { entry, account: accounts.get(position).map(|account| (place, account)) })
}
