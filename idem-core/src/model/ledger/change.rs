//! Changes of the ledger as data.

use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "_sql")]
use crate::error::Error;
#[cfg(feature = "_sql")]
use crate::key::check_name;

/// A change of the ledger, as data.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "_sql"), allow(dead_code, reason = "a step makes some, the ledger all"))]
pub(crate) enum LedgerChange {
    Delta { account: Arc<str>, delta: i64 },
    Set { account: Arc<str>, balance: i64 },
    Transfer { from: Arc<str>, to: Arc<str>, amount: i64 },
    Post { entries: Vec<(Arc<str>, i64)> },
    Hold { account: Arc<str>, hold: Arc<str>, amount: i64, expires: Option<Duration> },
    Capture { hold: Arc<str>, amount: i64, to: Option<Arc<str>> },
    Release { hold: Arc<str> },
}

/// What a hold lives for: at most a thousand years, which end within the times that there are.
pub(crate) fn lifetime_within_bounds(lifetime: Duration) -> Duration {
    const LONGEST: Duration = Duration::from_hours(24 * 365 * 1_000);
    lifetime.min(LONGEST)
}

#[cfg(feature = "_sql")]
impl LedgerChange {
    /// What its entries are stored as.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Delta { .. } => "delta",
            Self::Set { .. } => "set",
            Self::Transfer { .. } => "transfer",
            Self::Post { .. } => "post",
            Self::Hold { .. } => "hold",
            Self::Capture { .. } => "capture",
            Self::Release { .. } => "release",
        }
    }
}

/// The accounts and holds that a change names itself.
pub(crate) fn accounts_and_hold(change: &LedgerChange) -> (impl Iterator<Item = &Arc<str>> + Clone, Option<&Arc<str>>) {
    let (one, other, hold) = match change {
        LedgerChange::Delta { account, .. } | LedgerChange::Set { account, .. } => (Some(account), None, None),
        LedgerChange::Transfer { from, to, .. } => (Some(from), Some(to), None),
        LedgerChange::Post { .. } => (None, None, None),
        LedgerChange::Hold { account, hold, .. } => (Some(account), None, Some(hold)),
        LedgerChange::Capture { hold, to, .. } => (to.as_ref(), None, Some(hold)),
        LedgerChange::Release { hold } => (None, None, Some(hold)),
    };
    let many = if let LedgerChange::Post { entries } = change { &entries[..] } else { &[] };
    (one.into_iter().chain(other).chain(many.iter().map(|(account, _)| account)), hold)
}

/// The largest amount, above 0 or below, by which a change may change one account.
#[cfg(feature = "_sql")]
pub(crate) fn largest_amount(change: &LedgerChange) -> u64 {
    match change {
        LedgerChange::Delta { delta: amount, .. }
        | LedgerChange::Transfer { amount, .. }
        | LedgerChange::Capture { amount, .. } => amount.unsigned_abs(),
        LedgerChange::Post { entries } => entries.iter().map(|(_, delta)| delta.unsigned_abs()).max().unwrap_or(0),
        LedgerChange::Set { .. } | LedgerChange::Hold { .. } | LedgerChange::Release { .. } => 0,
    }
}

/// Refuses names that cannot be stored.
#[cfg(feature = "_sql")]
pub(crate) fn check_names(change: &LedgerChange) -> Result<(), Error> {
    let (mut accounts, hold) = accounts_and_hold(change);
    accounts.try_for_each(|account| check_name("account", account))?;
    hold.map_or(Ok(()), |hold| Ok(check_name("hold", hold)?))
}
