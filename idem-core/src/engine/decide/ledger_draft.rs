//! Changes of the ledger in a draft: what they do to the books, and the rows they add up to.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;
use crate::engine::decide::draft::{Draft, Missing};
use crate::engine::decide::snapshot::{Expired, Snapshot};
use crate::engine::plan::Posting;
use crate::error::{LedgerError, OutOfBounds};
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::model::ledger::books::{Account, Books, Hold, Leg, Refused, Ring};
use crate::model::ledger::change::{LedgerChange, accounts_and_hold};
use crate::store::rows::{AccountWrite, EntryWrite, Funded, HoldRow, HoldWrite, StepLeg, TallyWrite, Write};

/// The ledger's part of a draft.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    books: Books,
    accounts: BTreeMap<Arc<str>, AccountWrite>,
    tallies: BTreeMap<Arc<str>, TallyWrite>,
    holds: BTreeMap<Arc<str>, HoldWrite>,
    /// The keys of this write, with what they named.
    posted: HashMap<KeyHash, (Fingerprint, Range<usize>)>,
}

/// What makes entries.
#[derive(Clone, Copy)]
pub(crate) enum Maker<'a> {
    Posting(&'a Posting),
    Step { machine: &'static str, id: &'a Arc<str>, seq: i64 },
}

impl Maker<'_> {
    fn key(&self) -> Option<Key> {
        match self {
            Self::Posting(posting) => Some(posting.key.clone()),
            Self::Step { .. } => None,
        }
    }

    fn expected(&self) -> Option<i64> {
        match self {
            Self::Posting(posting) => posting.expected,
            Self::Step { .. } => None,
        }
    }

    fn leg(&self, leg: i64) -> Option<StepLeg> {
        match self {
            Self::Posting(_) => None,
            Self::Step { machine, id, seq } => Some(StepLeg { machine, id: (*id).clone(), seq: *seq, leg }),
        }
    }
}

/// The places of new entries in the write, or why there are none.
pub(crate) type Posted = Result<Range<usize>, Refused>;

impl Draft<'_> {
    /// What a key of this write named, with its fingerprint.
    pub(crate) fn posted(&self, hash: &KeyHash) -> Option<(Fingerprint, Range<usize>)> {
        self.ledger.posted.get(hash).cloned()
    }

    pub(crate) fn know_posted(&mut self, hash: KeyHash, fingerprint: Fingerprint, entries: Range<usize>) {
        self.ledger.posted.insert(hash, (fingerprint, entries));
    }

    /// Takes all changes into the draft, or none of them.
    pub(crate) fn post(&mut self, maker: Maker<'_>, changes: &[LedgerChange]) -> Result<Posted, Missing> {
        self.look_up(changes)?;
        self.post_at(maker, changes, maker.expected())
    }

    /// The same, at the version that its account is expected at.
    fn post_at(
        &mut self,
        maker: Maker<'_>,
        changes: &[LedgerChange],
        expected: Option<i64>,
    ) -> Result<Posted, Missing> {
        let taken = match self.take(changes, expected) {
            Ok(taken) => taken,
            Err(refused) => return self.without_expired(maker, changes, refused),
        };
        let first = self.write.entries.len();
        let mut leg = 0;
        for (change, legs) in changes.iter().zip(taken) {
            self.add_entries(maker, change, legs, &mut leg);
        }
        Ok(Ok(first..self.write.entries.len()))
    }

    /// Brings what the changes name into the books.
    fn look_up(&mut self, changes: &[LedgerChange]) -> Result<(), Missing> {
        let mut missing = false;
        for change in changes {
            let (accounts, hold) = accounts_and_hold(change);
            for account in accounts {
                missing |= !self.look_up_account(account);
            }
            let Some(hold) = hold.filter(|hold| !self.ledger.books.holds.contains_key(*hold)) else { continue };
            match self.snapshot.holds.get(hold) {
                None => {
                    self.needs.holds.insert(hold.clone());
                    missing = true;
                }
                Some(None) => {}
                Some(Some(row)) => {
                    self.ledger.books.holds.insert(hold.clone(), held(row));
                    missing |= !self.look_up_account(&row.account);
                }
            }
        }
        if missing { Err(Missing) } else { Ok(()) }
    }

    fn look_up_account(&mut self, name: &Arc<str>) -> bool {
        if self.ledger.books.accounts.contains_key(name) {
            return true;
        }
        match self.snapshot.accounts.get(name) {
            None => {
                self.needs.accounts.insert(name.clone());
                return false;
            }
            Some(None) => {}
            Some(Some(row)) => {
                let account = Account {
                    balance: row.balance,
                    held: row.held,
                    floor: row.floor,
                    ceiling: row.ceiling,
                    unit: row.unit.clone(),
                    tally: row.tally,
                    closed: row.closed_at.is_some(),
                };
                self.ledger.books.accounts.insert(name.clone(), account);
            }
        }
        true
    }

    fn take(&mut self, changes: &[LedgerChange], expected: Option<i64>) -> Result<Vec<Vec<Leg>>, Refused> {
        let (now, snapshot) = (self.now(), self.snapshot);
        let Ledger { books, accounts, .. } = &mut self.ledger;
        books.take(changes, now, |books, change, legs| {
            let absolute = matches!(change, LedgerChange::Set { .. }) || expected.is_some();
            if let Some(tally) = legs.iter().find(|leg| absolute && books.is_tally(&leg.account)) {
                return Err(LedgerError::Tally { account: tally.account.to_string() }.into());
            }
            if let (Some(expected), Some(leg)) = (expected, legs.first()) {
                let written = accounts.get(&leg.account).map_or(0, |write| write.entries);
                at_expected(&leg.account, expected, seq_of(snapshot, &leg.account) + written)?;
            }
            // The running sums of one write must themselves fit 64 bits, which only absurd amounts break: checked before
            // anything is changed, so that a refused item leaves no trace in the draft.
            sums_fit(accounts, legs)
        })
    }

    /// The seq that an entry of the write has if nobody else changes its account.
    pub(crate) fn seq_as_decided(&self, entry: usize) -> i64 {
        self.write.entries.get(entry).map_or(0, |entry| seq_of(self.snapshot, &entry.account) + entry.nth)
    }

    /// What holds reserve that have expired is there again: they are let go where the money is needed.
    fn without_expired(
        &mut self,
        maker: Maker<'_>,
        changes: &[LedgerChange],
        refused: Refused,
    ) -> Result<Posted, Missing> {
        let Refused::OutOfBounds(OutOfBounds { account, held: 1.., .. }) = &refused else { return Ok(Err(refused)) };
        let account: Arc<str> = account.as_str().into();
        let Some(expired) = self.snapshot.expired.get(&account) else {
            self.needs.expired.insert(account, Expired::FEW);
            return Err(Missing);
        };
        let books = &mut self.ledger.books;
        let mut let_go = Vec::new();
        for (name, row) in &expired.holds {
            let hold = books.holds.entry(name.clone()).or_insert_with(|| held(row));
            if hold.remaining > 0 {
                let_go.push(LedgerChange::Release { hold: name.clone() });
            }
        }
        if let_go.is_empty() {
            let Some(more) = expired.more() else { return Ok(Err(refused)) };
            self.needs.expired.insert(account, more);
            return Err(Missing);
        }
        let now = self.now();
        match self.ledger.books.take(&let_go, now, |_, _, _| Ok(())) {
            Ok(legs) => legs.into_iter().for_each(|legs| self.add_expiry(legs)),
            Err(refused) => return Ok(Err(refused)),
        }
        // What expired made entries of its own: the version was compared before them.
        self.post_at(maker, changes, None)
    }

    /// Nobody's key and no transition: time made this entry.
    fn add_expiry(&mut self, legs: Vec<Leg>) {
        for leg in legs {
            self.change_hold(&leg);
            let (nth, running) = self.change_account(&leg, None);
            let entry = EntryWrite {
                account: leg.account,
                nth,
                seq: None,
                delta: leg.delta,
                running,
                kind: "expire",
                hold: leg.hold,
                key: None,
                step: None,
                next: None,
            };
            self.write.entries.push(entry);
        }
    }

    fn add_entries(&mut self, maker: Maker<'_>, change: &LedgerChange, legs: Vec<Leg>, nth_leg: &mut i64) {
        let expected = maker.expected().is_some() || matches!(change, LedgerChange::Set { .. });
        for leg in legs {
            self.change_hold(&leg);
            let tally = self.ledger.books.is_tally(&leg.account);
            let (nth, running, seq) = if tally {
                self.note_tally(&leg.account);
                (0, 0, Some(unique_time()))
            } else {
                let loaded = expected.then(|| seq_of(self.snapshot, &leg.account));
                let (nth, running) = self.change_account(&leg, loaded);
                (nth, running, None)
            };
            let place = self.write.entries.len();
            let next = match leg.ring {
                Ring::Alone => None,
                Ring::Next => Some(place + 1),
                Ring::Last(count) => Some(place + 1 - count),
            };
            self.write.entries.push(EntryWrite {
                account: leg.account,
                nth,
                seq,
                delta: leg.delta,
                running,
                kind: change.kind(),
                hold: leg.hold,
                key: maker.key(),
                step: maker.leg(*nth_leg),
                next,
            });
            *nth_leg += 1;
        }
    }

    /// Adds a leg to its account's change; gives its number in it and the running sum.
    fn change_account(&mut self, leg: &Leg, expected: Option<i64>) -> (i64, i64) {
        let unit = self.ledger.books.accounts.get(&leg.account).and_then(|account| account.unit.clone());
        let account = self.ledger.accounts.entry(leg.account.clone()).or_insert_with(|| AccountWrite {
            account: leg.account.clone(),
            delta: 0,
            reserved: 0,
            lowest: i64::MAX,
            highest: i64::MIN,
            entries: 0,
            expected: None,
            unit,
        });
        account.delta = account.delta.saturating_add(leg.delta);
        account.reserved = account.reserved.saturating_add(leg.hold.as_ref().map_or(0, |(_, reserved)| *reserved));
        account.lowest = account.lowest.min(account.delta.saturating_sub(account.reserved));
        account.highest = account.highest.max(account.delta);
        account.entries += 1;
        account.expected = account.expected.or(expected);
        (account.entries, account.delta)
    }

    fn note_tally(&mut self, name: &Arc<str>) {
        let unit = self.ledger.books.accounts.get(name).and_then(|account| account.unit.clone());
        self.ledger.tallies.entry(name.clone()).or_insert_with(|| TallyWrite { account: name.clone(), unit });
    }

    fn change_hold(&mut self, leg: &Leg) {
        let Some((name, _)) = &leg.hold else { return };
        let Some(hold) = self.ledger.books.holds.get(name) else { return };
        let loaded = self.snapshot.holds.get(name).and_then(Option::as_ref).map(|row| row.remaining);
        let expired = || self.snapshot.expired.get(&hold.account)?.holds.get(name);
        let expected = loaded.or_else(|| expired().map(|row| row.remaining));
        let write = self.ledger.holds.entry(name.clone()).or_insert_with(|| HoldWrite {
            hold: name.clone(),
            account: hold.account.clone(),
            amount: hold.amount,
            expected,
            remaining: 0,
            expires_at: hold.expires_at,
        });
        write.remaining = hold.remaining;
    }
}

impl Ledger {
    /// Puts the rows into the write, in the order of their locks; gives the accounts as they are then.
    pub(super) fn finish(self, snapshot: &Snapshot, write: &mut Write) -> Vec<Funded> {
        write.accounts = self.accounts.into_values().collect();
        write.tallies = self.tallies.into_values().collect();
        write.holds = self.holds.into_values().collect();
        let now = snapshot.now.unwrap_or(Timestamp::from_micros(0));
        let after = |account: &AccountWrite| match snapshot.accounts.get(&account.account).and_then(Option::as_ref) {
            None => Funded { balance: account.delta, seq: account.entries, at: now },
            Some(row) => Funded {
                balance: row.balance.saturating_add(account.delta),
                seq: row.seq + account.entries,
                at: row.at.max(now),
            },
        };
        write.accounts.iter().map(after).collect()
    }
}

/// The seq that an account was loaded with.
fn seq_of(snapshot: &Snapshot, account: &Arc<str>) -> i64 {
    snapshot.accounts.get(account).and_then(Option::as_ref).map_or(0, |row| row.seq)
}

fn at_expected(account: &Arc<str>, expected: i64, found: i64) -> Result<(), Refused> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (crate::seq::shown(expected), crate::seq::shown(found));
    Err(LedgerError::Stale { account: account.to_string(), expected, found }.into())
}

fn sums_fit(accounts: &BTreeMap<Arc<str>, AccountWrite>, legs: &[Leg]) -> Result<(), Refused> {
    let mut sums: BTreeMap<&Arc<str>, i64> = BTreeMap::new();
    for leg in legs {
        let written = accounts.get(&leg.account).map_or(0, |account| account.delta);
        let sum = sums.entry(&leg.account).or_insert(written);
        let Some(next) = sum.checked_add(leg.delta) else {
            let (account, balance, delta) = (leg.account.to_string(), *sum, leg.delta);
            let bounds = OutOfBounds { account, balance, held: 0, delta, floor: None, ceiling: None };
            return Err(Refused::OutOfBounds(bounds));
        };
        *sum = next;
    }
    Ok(())
}

fn held(row: &HoldRow) -> Hold {
    let HoldRow { account, amount, remaining, expires_at } = row.clone();
    Hold { account, amount, remaining, expires_at }
}

/// A number that hardly anybody else has, in the order of time: microseconds, and eleven bits that are random at first, which
/// lasts into the next century. Two processes that draw the same one race, and the loser draws again.
fn unique_time() -> i64 {
    static LAST: AtomicI64 = AtomicI64::new(0);
    let random = i64::from(getrandom::u32().unwrap_or_default() & 0x7ff);
    let next = Timestamp::local().as_micros() << 11 | random;
    let taken = |last: i64| next.max(last + 1);
    // `fetch_update` gives what was there; the closure says what was made of it.
    LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(taken(last))).map_or(next, taken)
}
