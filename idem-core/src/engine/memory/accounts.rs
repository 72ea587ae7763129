//! What hardly ever changes about an account, remembered so that a change of it needs no load: the write checks it all the same.
//!
//! An account keeps its unit and its nature once it has entries. What is read of one that is opened in a transaction may be rolled
//! back with it, and is not noted.

use std::sync::{Arc, Mutex, PoisonError};

use crate::map::Map;
use crate::store::ledger::rows::AccountRow;

/// Accounts that are not plain, by name.
#[derive(Debug, Default)]
pub(crate) struct AccountCache(Mutex<Map<Arc<str>, Attributes>>);

#[derive(Debug, Clone)]
struct Attributes {
    unit: Option<Arc<str>>,
    tally: bool,
}

impl AccountCache {
    /// Past it, what is known is forgotten and learnt again.
    const MOST: usize = 1 << 16;

    pub(crate) fn note(&self, accounts: &Map<Arc<str>, Option<AccountRow>>) {
        if accounts.is_empty() {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, row) in accounts {
            match row.as_ref().filter(|row| row.unit.is_some() || row.tally) {
                None => drop(known.remove(name)),
                Some(row) => {
                    if known.len() >= Self::MOST {
                        known.clear();
                    }
                    known.insert(name.clone(), Attributes { unit: row.unit.clone(), tally: row.tally });
                }
            }
        }
    }

    /// An account as a change that is not loaded takes it to be: unbounded, empty, and of the unit and the kind it is known to have.
    pub(crate) fn assumed(&self, name: &str) -> AccountRow {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
        let (unit, tally) = found.map_or((None, false), |found| (found.unit, found.tally));
        AccountRow { unit, tally, ..AccountRow::unopened() }
    }
}
