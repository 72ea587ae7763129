//! What the entries of one account prove together.

use std::collections::HashMap;
use std::sync::Arc;

use crate::clock::Timestamp;
use crate::ledger::audit::fetch::Evidence;
use crate::ledger::audit::finding::{Finding, FindingKind};
use crate::ledger::audit::posting;
use crate::seq::shown;
use crate::store::ledger::rows::{AccountRow, TailRow};

/// An account, as far as its entries have been read.
pub(super) struct Proof {
    name: Arc<str>,
    row: Option<AccountRow>,
    seq: i64,
    balance: i64,
    sum: i128,
    tail: i128,
    held: i128,
    at: Timestamp,
    entries: u64,
    /// What holds still reserve, and what their rows say.
    open: HashMap<Arc<str>, (i128, i64)>,
    pub(super) opened: u64,
    findings: Vec<Finding>,
}

impl Proof {
    pub(super) fn new(name: Arc<str>, row: Option<AccountRow>) -> Self {
        Self {
            name,
            row,
            seq: 0,
            balance: 0,
            sum: 0,
            tail: 0,
            held: 0,
            at: Timestamp::from_micros(0),
            entries: 0,
            open: HashMap::new(),
            opened: 0,
            findings: Vec::new(),
        }
    }

    /// Takes the next entry into the proof.
    pub(super) fn entry(&mut self, of: &Evidence) {
        let mut found = Vec::new();
        posting::damage(of, self.at, &mut found);
        if self.row.as_ref().is_some_and(|row| row.tally) {
            in_tally(of, &mut found);
        } else {
            self.counted(of, &mut found);
        }
        self.hold(of, &mut found);
        self.sum += i128::from(of.entry.delta);
        self.entries += 1;
        let (account, seq) = (self.name.to_string(), Some(shown(of.entry.seq)));
        self.findings.extend(found.into_iter().map(|what| Finding { account: account.clone(), seq, what }));
    }

    fn counted(&mut self, of: &Evidence, found: &mut Vec<FindingKind>) {
        let entry = &of.entry;
        let expected = self.seq.saturating_add(1);
        if entry.seq != expected {
            found.push(FindingKind::Gap { expected: shown(expected) });
        }
        let balance = i128::from(self.balance) + i128::from(entry.delta);
        match entry.balance {
            None => found.push(FindingKind::WrongAccountKind),
            Some(stored) if i128::from(stored) != balance => found.push(FindingKind::Balance { expected: balance }),
            Some(_) => {}
        }
        // Not before the entry before it; and no later than it was asked for.
        let late = of.command.as_ref().is_some_and(|command| entry.at > command.at && entry.at > self.at);
        if entry.at < self.at || late {
            found.push(FindingKind::Time);
        }
        self.seq = entry.seq;
        self.balance = entry.balance.unwrap_or(self.balance);
        self.at = entry.at;
    }

    fn hold(&mut self, of: &Evidence, found: &mut Vec<FindingKind>) {
        let Some((name, reserved)) = &of.entry.hold else { return };
        self.held += i128::from(*reserved);
        let damage = FindingKind::Hold { hold: name.to_string() };
        if &*of.entry.kind == "hold" {
            self.opened += 1;
            match &of.hold {
                Some(row) if row.account == self.name && row.amount == *reserved && !self.open.contains_key(name) => {
                    self.open.insert(name.clone(), (i128::from(*reserved), row.remaining));
                }
                _ => found.push(damage),
            }
            return;
        }
        match self.open.get_mut(name) {
            Some((sum, _)) => *sum += i128::from(*reserved),
            // Nothing is left of it, and nothing was taken.
            None if *reserved == 0 => {}
            None => found.push(damage),
        }
        // One that is spent stays so: it need not be remembered.
        if self.open.get(name) == Some(&(0, 0)) {
            self.open.remove(name);
        }
    }

    /// Takes a row of the tally's tail into the proof.
    pub(super) fn tail(&mut self, row: &TailRow) {
        self.tail += i128::from(row.delta);
        let is_tally = self.row.as_ref().is_some_and(|row| row.tally);
        if row.entry != Some(row.delta) || !is_tally {
            self.findings.push(Finding {
                account: self.name.to_string(),
                seq: Some(shown(row.seq)),
                what: FindingKind::Tail,
            });
        }
    }

    /// Holds what the entries say against the account itself.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        let account = self.name.to_string();
        let mut found = Vec::new();
        match &self.row {
            None => found.push(FindingKind::NoAccount),
            Some(row) => self.row(row, &mut found),
        }
        let spent = self.open.iter().filter(|(_, (sum, row))| *sum != i128::from(*row) || *sum < 0);
        found.extend(spent.map(|(hold, _)| FindingKind::Hold { hold: hold.to_string() }));
        self.findings.extend(found.into_iter().map(|what| Finding { account: account.clone(), seq: None, what }));
        self.findings
    }

    fn row(&self, row: &AccountRow, found: &mut Vec<FindingKind>) {
        let balance = if row.tally { self.sum - self.tail } else { i128::from(self.balance) };
        let (seq, at) = if row.tally { (0, 0) } else { (self.seq, self.at.as_micros()) };
        let columns = [
            ("balance", i128::from(row.balance), balance),
            ("seq", i128::from(row.seq), i128::from(seq)),
            ("held", i128::from(row.held), self.held),
            ("at", i128::from(row.at.as_micros()), i128::from(at)),
        ];
        for (column, stored, expected) in columns {
            if stored != expected {
                found.push(FindingKind::Account { column, expected });
            }
        }
        let available = i128::from(row.balance) - i128::from(row.held);
        let low = row.floor.is_some_and(|floor| available < i128::from(floor));
        if low || row.ceiling.is_some_and(|ceiling| row.balance > ceiling) || (row.tally && row.has_bounds()) {
            found.push(FindingKind::Bounds);
        }
        let settled = (row.balance, row.held, row.tally) == (0, 0, false);
        if row.closed_at.is_some_and(|closed| !settled || (closed < self.at && self.entries > 0)) {
            found.push(FindingKind::Closed);
        }
    }
}

/// Entries of a tally follow one another in no order.
fn in_tally(of: &Evidence, found: &mut Vec<FindingKind>) {
    if of.entry.balance.is_some() {
        found.push(FindingKind::WrongAccountKind);
    }
    if of.command.as_ref().is_some_and(|command| of.entry.at > command.at) {
        found.push(FindingKind::Time);
    }
}

impl AccountRow {
    fn has_bounds(&self) -> bool {
        self.floor.is_some() || self.ceiling.is_some()
    }
}
