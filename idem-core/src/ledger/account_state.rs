//! An account as it stands.

use crate::clock::Timestamp;
use crate::ledger::settings::Bounds;
use crate::seq::shown;
use crate::store::ledger::rows::AccountRow;

/// An account as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountState {
    /// The balance, in minor units.
    pub balance: i64,
    /// How much of it holds reserve, those included that have expired and were not needed since.
    pub held: i64,
    /// The number of its newest entry: what [`Account::expect_version`](crate::ledger::Account::expect_version) compares. 0 for a tally.
    pub version: u64,
    /// How low and how high the balance may be.
    pub bounds: Bounds,
    /// What it counts.
    pub unit: Option<String>,
    /// Whether it is a tally.
    pub tally: bool,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

impl AccountState {
    /// The balance without what is held.
    pub fn available(&self) -> i64 {
        self.balance.saturating_sub(self.held)
    }

    pub(super) fn of(row: AccountRow) -> Self {
        Self {
            balance: row.balance,
            held: row.held,
            version: shown(row.seq),
            bounds: Bounds { floor: row.floor, ceiling: row.ceiling },
            unit: row.unit.map(|unit| unit.to_string()),
            tally: row.tally,
            closed_at: row.closed_at,
        }
    }
}
