//! What an account is opened with, and whether one that is there can be given it.

use std::sync::Arc;

use crate::clock::Timestamp;
use crate::error::{Error, LedgerError, OutOfBounds};

/// What an account is opened with, or closed.
#[derive(Debug)]
pub struct SettingsRow<'a> {
    pub(crate) account: &'a str,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
    pub(crate) unit: Option<&'a str>,
    pub(crate) tally: bool,
    pub(crate) closed_at: Option<Timestamp>,
}

/// An account that is there, as far as its settings depend on it.
#[derive(Debug)]
pub(crate) struct OpenAccount {
    pub(crate) balance: i64,
    pub(crate) held: i64,
    pub(crate) seq: i64,
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
    pub(crate) unit: Option<Arc<str>>,
    pub(crate) tally: bool,
    pub(crate) closed: bool,
}

impl OpenAccount {
    /// Whether it must be changed to be as it is wanted.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(crate) fn must_change(&self, wanted: &SettingsRow<'_>) -> Result<bool, Error> {
        let account = || wanted.account.to_owned();
        if self.closed {
            return Err(LedgerError::Closed { account: account() }.into());
        }
        let same_kind = (self.unit.as_deref(), self.tally) == (wanted.unit, wanted.tally);
        if same_kind && (self.floor, self.ceiling) == (wanted.floor, wanted.ceiling) {
            return Ok(false);
        }
        let otherwise = |what| Err(LedgerError::OpenedOtherwise { account: account(), what }.into());
        if !same_kind {
            let what = if self.tally == wanted.tally { "unit" } else { "nature: a tally or not" };
            if self.unit.is_some() || self.tally || self.floor.is_some() || self.ceiling.is_some() {
                return otherwise(what);
            }
            if self.seq > 0 {
                return Err(LedgerError::HasEntries { account: account(), what }.into());
            }
        }
        if self.floor.is_some() || self.ceiling.is_some() {
            return otherwise("bounds");
        }
        if wanted.tally && (wanted.floor.is_some() || wanted.ceiling.is_some()) {
            return Err(LedgerError::Tally { account: account() }.into());
        }
        let (balance, held) = (self.balance, self.held);
        let (floor, ceiling) = (wanted.floor, wanted.ceiling);
        if floor.is_some_and(|floor| balance.saturating_sub(held) < floor) || ceiling.is_some_and(|top| balance > top) {
            let bounds = OutOfBounds { account: account(), balance, held, delta: 0, floor, ceiling };
            return Err(Error::OutOfBounds(Box::new(bounds)));
        }
        Ok(true)
    }

    /// Whether it is still to be closed.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(crate) fn must_close(&self, account: &str) -> Result<bool, Error> {
        let account = || account.to_owned();
        if self.closed {
            return Ok(false);
        }
        if self.tally {
            return Err(LedgerError::Tally { account: account() }.into());
        }
        if self.balance != 0 || self.held != 0 {
            let (balance, held) = (self.balance, self.held);
            return Err(LedgerError::NotSettled { account: account(), balance, held }.into());
        }
        Ok(true)
    }
}
