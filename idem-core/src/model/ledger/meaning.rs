//! Changes that have no meaning as things stand, whatever money there is.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::LedgerError;
use crate::model::ledger::books::Books;
use crate::model::ledger::change::LedgerChange;

impl Books {
    /// Refuses changes that no amount of money would make right.
    pub(super) fn check_meaning(&self, changes: &[LedgerChange]) -> Result<(), LedgerError> {
        // The holds that the changes open themselves, and their accounts.
        let mut opened: Vec<(&Arc<str>, &Arc<str>)> = Vec::new();
        for change in changes {
            let opens = |name: &Arc<str>| opened.iter().find(|(hold, _)| **hold == *name).map(|(_, account)| *account);
            let account_of = |hold: &Arc<str>| match opens(hold) {
                Some(account) => Ok(account.clone()),
                None => self.hold(hold).map(|found| found.account.clone()),
            };
            match change {
                LedgerChange::Delta { account, .. } | LedgerChange::Set { account, .. } => self.check_open(account)?,
                LedgerChange::Transfer { from, to, .. } => self.check_transfer(from, to)?,
                LedgerChange::Post { entries } => self.check_balanced(entries)?,
                LedgerChange::Hold { account, hold, amount, .. } => {
                    check_amount(*amount)?;
                    if self.holds.contains_key(hold) || opens(hold).is_some() {
                        return Err(LedgerError::HoldExists { hold: hold.to_string() });
                    }
                    if self.accounts.get(account).is_some_and(|account| account.tally) {
                        return Err(LedgerError::Tally { account: account.to_string() });
                    }
                    self.check_open(account)?;
                    opened.push((hold, account));
                }
                LedgerChange::Capture { hold, amount, to } => {
                    check_amount(*amount)?;
                    // Whose account was closed, a hold reserves nothing any more: that is for want of money.
                    let from = account_of(hold)?;
                    if let Some(to) = to {
                        self.check_units(&from, to)?;
                        self.check_open(to)?;
                    }
                }
                LedgerChange::Release { hold } => drop(account_of(hold)?),
            }
        }
        Ok(())
    }

    pub(super) fn check_open(&self, account: &Arc<str>) -> Result<(), LedgerError> {
        if self.is_closed(account) {
            return Err(LedgerError::Closed { account: account.to_string() });
        }
        Ok(())
    }

    fn check_transfer(&self, from: &Arc<str>, to: &Arc<str>) -> Result<(), LedgerError> {
        self.check_units(from, to)?;
        self.check_open(from)?;
        self.check_open(to)
    }

    /// What moves from one account to another must be the same on both sides.
    fn check_units(&self, from: &Arc<str>, to: &Arc<str>) -> Result<(), LedgerError> {
        let (one, other) = (self.unit(from), self.unit(to));
        if one != other {
            let owned = |unit: Option<&str>| unit.map(str::to_owned);
            let (from, to) = (from.to_string(), to.to_string());
            return Err(LedgerError::OtherUnit { from, from_unit: owned(one), to, to_unit: owned(other) });
        }
        Ok(())
    }

    /// A posting sums to zero in each unit; one of two entries is a transfer.
    fn check_balanced(&self, entries: &[(Arc<str>, i64)]) -> Result<(), LedgerError> {
        if entries.len() < 2 {
            return Err(LedgerError::TooFewEntries { entries: entries.len() });
        }
        let mut sums: BTreeMap<Option<&str>, i128> = BTreeMap::new();
        for (account, delta) in entries {
            *sums.entry(self.unit(account)).or_default() += i128::from(*delta);
        }
        if let Some((unit, sum)) = sums.into_iter().find(|(_, sum)| *sum != 0) {
            return Err(LedgerError::Unbalanced { unit: unit.map(str::to_owned), sum });
        }
        if let [(from, _), (to, _)] = entries {
            self.check_transfer(from, to)?;
        }
        entries.iter().try_for_each(|(account, _)| self.check_open(account))
    }
}

/// Holds are of what is there.
fn check_amount(amount: i64) -> Result<(), LedgerError> {
    if amount < 0 { Err(LedgerError::NegativeAmount { amount }) } else { Ok(()) }
}
