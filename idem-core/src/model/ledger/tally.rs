//! Tallies: their balance is what is compacted of it plus what stands in the tail, and stays within 64 bits.
//!
//! A tally is not locked, and its tail is not summed up for each change. Neither is needed for a small change far from the
//! edge: to get from [`FAR`] to 64 bits by changes of at most [`SMALL`] takes four million in a tail that is compacted every
//! thousand. Any other change looks at the tail and is written as that of an account, under its lock. It does not see the small
//! ones that are not committed yet, so it stays within [`EDGE`]: two million of them fit behind it.

use crate::error::OutOfBounds;
use crate::model::ledger::books::{Account, EntryDraft, Refused};
#[cfg(feature = "_sql")]
use crate::model::ledger::change::{LedgerChange, largest_amount};

/// A compacted balance within it, above 0 and below, is far from the edge.
#[cfg(feature = "_sql")]
pub(crate) const FAR: i64 = 1 << 62;
/// A change that is not larger is small.
#[cfg(feature = "_sql")]
pub(crate) const SMALL: u64 = 1 << 40;

/// No change leads further from 0.
pub(crate) const EDGE: i64 = i64::MAX - (1 << 61);

impl Account {
    /// Whether it is a tally that `change` might take out of 64 bits, so that its tail must be looked at.
    #[cfg(feature = "_sql")]
    pub(crate) fn may_leave_i64(&self, change: &LedgerChange) -> bool {
        self.tally && (self.balance.unsigned_abs() > FAR.unsigned_abs() || largest_amount(change) > SMALL)
    }

    /// Applies a draft to a tally: together with the tail, if that was looked at, the balance must fit.
    pub(super) fn count(&mut self, draft: &EntryDraft) -> Result<(), Refused> {
        let Some(tail) = &mut self.tail else { return Ok(()) };
        let (before, after) = (*tail, *tail + i128::from(draft.delta));
        let whole = |tail: i128| i128::from(self.balance) + tail;
        let beyond = whole(after).unsigned_abs() > u128::from(EDGE.unsigned_abs());
        if beyond && whole(after).unsigned_abs() > whole(before).unsigned_abs() {
            return Err(Refused::OutOfBounds(OutOfBounds {
                account: draft.account.to_string(),
                balance: saturated(whole(before)),
                held: 0,
                delta: draft.delta,
                floor: Some(-EDGE),
                ceiling: Some(EDGE),
            }));
        }
        *tail = after;
        Ok(())
    }
}

/// The nearest number of 64 bits.
pub(crate) fn saturated(sum: i128) -> i64 {
    i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX })
}
