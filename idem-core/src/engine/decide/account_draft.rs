//! An account's change in a draft.

use std::sync::Arc;

use crate::engine::decide::snapshot::Snapshot;
use crate::model::ledger::books::EntryDraft;
use crate::store::Database;
use crate::store::write::part::Write;
use crate::store::write::rows::{AccountWrite, TallyWrite};

/// The running sums of an account's deltas in one write. What lies between any two of them fits 64 bits: entries are counted
/// back from the last one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub(super) sum: i64,
    least: i64,
    most: i64,
}

impl Default for Running {
    /// Of no delta.
    fn default() -> Self {
        Self { sum: 0, least: i64::MAX, most: i64::MIN }
    }
}

impl Running {
    /// With another delta; `None`: beyond 64 bits.
    pub(super) fn then(self, delta: i64) -> Option<Self> {
        let sum = self.sum.checked_add(delta)?;
        let (least, most) = (self.least.min(sum), self.most.max(sum));
        most.checked_sub(least).map(|_| Self { sum, least, most })
    }
}

/// What becomes of an account.
#[derive(Debug)]
pub(super) struct AccountDraft {
    tally: bool,
    unit: Option<Arc<str>>,
    pub(super) running: Running,
    reserved: i64,
    /// As [`AccountWrite`] has it.
    lowest: i64,
    pub(super) entries: i64,
    /// The seq it must have before.
    pub(super) expected: Option<i64>,
}

impl AccountDraft {
    pub(super) fn new(tally: bool, unit: Option<Arc<str>>) -> Self {
        let running = Running::default();
        Self { tally, unit, running, reserved: 0, lowest: i64::MAX, entries: 0, expected: None }
    }

    pub(super) fn add(&mut self, draft: &EntryDraft) {
        // That it fits was found when the change was applied.
        let next = self.running.then(draft.delta);
        debug_assert!(next.is_some(), "sums that do not fit were refused");
        self.running = next.unwrap_or(self.running);
        self.reserved = self.reserved.saturating_add(draft.hold.as_ref().map_or(0, |(_, reserved)| *reserved));
        self.lowest = self.lowest.min(self.running.sum.saturating_sub(self.reserved));
        self.entries += 1;
    }

    /// Puts it into the write. A tally whose tail was looked at is changed as an account is, if its balance is what it was.
    pub(super) fn write<DB: Database>(self, account: Arc<str>, snapshot: &Snapshot, write: &mut Write<DB>) {
        let Self { tally, unit, running: Running { sum: delta, most, .. }, reserved, expected, .. } = self;
        let looked_at = snapshot.tails.contains_key(&account);
        if tally && !looked_at {
            write.tallies.push(TallyWrite { account, unit, delta });
            return;
        }
        let row = snapshot.accounts.get(&account).and_then(Option::as_ref);
        let tallied = row.filter(|_| tally).map(|row| row.balance);
        let entries = if tally { 0 } else { self.entries };
        // Without entries the account is compared, and stays as it is.
        let (lowest, highest) = if entries > 0 { (self.lowest, most) } else { (delta, delta) };
        write.accounts.push(AccountWrite {
            account,
            delta,
            reserved,
            lowest,
            highest,
            entries,
            expected,
            tallied,
            unit,
        });
    }
}
