//! Entries beside the change of their account.

use sqlx::Error;

use super::rows::{AccountWrite, EntryWrite, Write};

/// An entry with the change of its account, from which it counts its sequence and its balance back.
pub(crate) struct Leg<'w> {
    pub(crate) entry: &'w EntryWrite,
    pub(crate) account: &'w AccountWrite,
    /// The account's place in [`Write::accounts`].
    #[cfg_attr(not(feature = "postgres"), allow(dead_code, reason = "SQLite looks the account up by its name"))]
    pub(crate) position: usize,
}

pub(crate) fn legs(write: &Write) -> Result<Vec<Leg<'_>>, Error> {
    let leg = |entry| leg(&write.accounts, entry);
    write.entries.iter().map(leg).collect()
}

fn leg<'w>(accounts: &'w [AccountWrite], entry: &'w EntryWrite) -> Result<Leg<'w>, Error> {
    let position = accounts.binary_search_by(|account| account.account.cmp(&entry.account)).ok();
    let found = position.and_then(|position| accounts.get(position).map(|account| Leg { entry, account, position }));
    found.ok_or_else(|| Error::Encode(format!("an entry of `{}`, which does not change", entry.account).into()))
}
