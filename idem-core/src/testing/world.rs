//! What every case begins with, and what its clock does.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::clock::Timestamp;

/// What every case begins with. The deposits come first, then the bounds, then the holds.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// For each account, in minor units.
    pub(super) deposits: BTreeMap<String, i64>,
    /// For each account, the lowest and the highest balance.
    pub(super) bounds: BTreeMap<String, (Option<i64>, Option<i64>)>,
    pub(super) holds: Vec<WorldHold>,
    pub(super) clock: Option<Timestamp>,
    /// How much time passes before a command, and between it and its repeats: each is tried.
    pub(super) advances: Vec<Duration>,
}

#[derive(Debug, Clone)]
pub(super) struct WorldHold {
    pub(super) account: String,
    pub(super) hold: String,
    pub(super) amount: i64,
}

impl World {
    /// The accounts that it names.
    #[cfg(feature = "_sql")]
    pub(super) fn accounts(&self) -> std::collections::BTreeSet<String> {
        let held = self.holds.iter().map(|hold| &hold.account);
        self.deposits.keys().chain(self.bounds.keys()).chain(held).cloned().collect()
    }
}
