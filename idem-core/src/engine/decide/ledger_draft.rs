//! Changes of the ledger in a draft: what they do to the books, and the rows they add up to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::clock::Timestamp;
use crate::engine::decide::account_draft::{AccountDraft, Running};
use crate::engine::decide::entry_origin::EntryOrigin;
use crate::engine::decide::snapshot::{ExpiredHolds, Needs, Snapshot};
use crate::error::{LedgerError, OutOfBounds};
use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::map::Map;
use crate::model::ledger::books::{Account, Books, EntryDraft, Hold, Link, Refused, out_of_range};
use crate::model::ledger::change::{LedgerChange, accounts_and_hold};
use crate::seq::shown;
use crate::store::Database;
use crate::store::ledger::rows::{EntryRow, HoldRow};
use crate::store::machine::rows::Name;
use crate::store::write::part::{LockName, Write};
use crate::store::write::rows::{
    AccountAfter, AccountWrite, After, EntryNumber, EntryPosition, EntryWrite, HoldWrite, NextEntry, StepEntry,
};
use crate::wire::Stored;

/// The kind of what is no entry, and remembers a refusal.
pub(crate) const REFUSED: &str = "refused";

/// The ledger's part of a draft.
#[derive(Debug, Default)]
pub(crate) struct LedgerDraft {
    books: Books,
    accounts: Map<Arc<str>, AccountDraft>,
    holds: BTreeMap<Arc<str>, HoldWrite>,
    entries: Vec<NumberedEntry>,
    /// Refusals that are remembered.
    refusals: Vec<EntryWrite>,
    /// Accounts that are only compared, and who needs that.
    compared: Vec<(Arc<str>, LockName)>,
    /// The keys of this write, with what they named.
    posted: Map<KeyHash, (Fingerprint, Range<usize>)>,
}

/// An entry, counted among those of its account so far.
#[derive(Debug)]
struct NumberedEntry {
    draft: EntryDraft,
    kind: &'static str,
    key: Option<Key>,
    /// The key stands in it.
    named: Option<(KeyHash, Fingerprint)>,
    step: Option<StepEntry>,
    metadata: Option<Stored>,
    number: DraftNumber,
    /// The place of the next entry of its posting.
    next: Option<usize>,
}

/// What an error says of an entry.
pub(crate) struct DescribedEntry<'e> {
    pub(crate) kind: &'e str,
    pub(crate) account: &'e str,
    pub(crate) delta: i64,
    pub(crate) of_hold: bool,
    pub(crate) has_metadata: bool,
}

#[derive(Debug, Clone, Copy)]
enum DraftNumber {
    /// The how-many-th entry of its account it is, from 1, and the sum of the account's deltas up to it.
    Counted { nth: i64, running: i64 },
    /// Of a tally.
    Given(i64),
}

impl<'e> From<&'e NumberedEntry> for DescribedEntry<'e> {
    fn from(NumberedEntry { draft, kind, metadata, .. }: &'e NumberedEntry) -> Self {
        let (of_hold, has_metadata) = (draft.hold.is_some(), metadata.is_some());
        Self { kind, account: &draft.account, delta: draft.delta, of_hold, has_metadata }
    }
}

impl<'e> From<&'e EntryRow> for DescribedEntry<'e> {
    fn from(row: &'e EntryRow) -> Self {
        let (of_hold, has_metadata) = (row.hold.is_some(), row.metadata.is_some());
        Self { kind: &row.kind, account: &row.account, delta: row.delta, of_hold, has_metadata }
    }
}

/// What came of posting.
pub(crate) enum Posted {
    /// The places of the new entries in the write.
    Entries(Range<usize>),
    Refused(Refused),
    /// Something is not loaded: the needs say what.
    Missing,
}

impl LedgerDraft {
    /// What a key of this write named, with its fingerprint.
    pub(crate) fn posted(&self, hash: &KeyHash) -> Option<(Fingerprint, Range<usize>)> {
        self.posted.get(hash).cloned()
    }

    /// The entries at these places of the write.
    pub(crate) fn entries(&self, places: Range<usize>) -> Vec<DescribedEntry<'_>> {
        self.entries.get(places).unwrap_or_default().iter().map(DescribedEntry::from).collect()
    }

    /// Notes that a key made entries: it stands in the first of them.
    pub(crate) fn note_posted(&mut self, hash: KeyHash, fingerprint: Fingerprint, entries: Range<usize>) {
        let first = if seeded_bug!("key-on-another-entry") { 0 } else { entries.start };
        if let Some(first) = self.entries.get_mut(first) {
            first.named = Some((hash, fingerprint));
        }
        self.posted.insert(hash, (fingerprint, entries));
    }

    /// Remembers a refusal by an account, or by a hold on it.
    pub(super) fn remember(
        &mut self,
        key: &Key,
        named: (KeyHash, Fingerprint),
        (account, hold): (Arc<str>, Option<Arc<str>>),
        refusal: Stored,
    ) {
        self.refusals.push(EntryWrite {
            account,
            number: EntryNumber::None,
            in_tail: false,
            delta: 0,
            kind: REFUSED,
            hold: hold.map(|hold| (hold, 0)),
            key: Some(key.clone()),
            named: Some(named),
            step: None,
            next: None,
            metadata: None,
            refusal: Some(refusal),
        });
    }

    /// The account of a hold that was looked up.
    pub(crate) fn account_of(&self, hold: &str) -> Arc<str> {
        self.books.holds.get(hold).map_or_else(|| "".into(), |hold| hold.account.clone())
    }

    /// Takes all changes into the draft, or none of them.
    pub(crate) fn post(
        &mut self,
        snapshot: &Snapshot,
        needs: &mut Needs,
        origin: EntryOrigin<'_>,
        changes: &[LedgerChange],
    ) -> Posted {
        if !self.look_up(snapshot, needs, changes) {
            return Posted::Missing;
        }
        let posted = match self.apply(snapshot, origin, changes, origin.expected()) {
            Ok(drafts) => Posted::Entries(self.add(snapshot, origin, changes, drafts)),
            Err(refused) => self.without_expired(snapshot, needs, origin, changes, refused),
        };
        // Alone, what was loaded refuses, and was so when it was loaded. What the draft has made of it is so when it is written.
        if let Posted::Refused(refused) = &posted
            && let Some(account) = refused.account()
            && self.accounts.contains_key(account)
        {
            self.compare(snapshot, refused, None);
        }
        posted
    }

    /// Holds the write to what refuses: the account must be what it was loaded as. For an answer that is part of the write, or
    /// rests on it: another writer may have made room meanwhile. `by` needs the account that is compared.
    pub(crate) fn compare(&mut self, snapshot: &Snapshot, refused: &Refused, by: Option<LockName>) {
        let Some(name) = refused.account() else { return };
        let row = snapshot.accounts.get(name).and_then(Option::as_ref);
        let name: Arc<str> = name.into();
        let account = match (self.accounts.get_mut(&name), row) {
            (Some(account), _) => account,
            (None, Some(row)) => {
                let account = AccountDraft::new(row.tally, row.unit.clone());
                self.compared.extend(by.map(|by| (name.clone(), by)));
                self.accounts.entry(name).or_insert(account)
            }
            // One that was never opened has no bounds.
            (None, None) => return,
        };
        account.expected = Some(row.map_or(0, |row| row.seq));
    }

    fn add(
        &mut self,
        snapshot: &Snapshot,
        origin: EntryOrigin<'_>,
        changes: &[LedgerChange],
        drafts: Vec<Vec<EntryDraft>>,
    ) -> Range<usize> {
        let first = self.entries.len();
        let mut entry_no = 0;
        for (change, drafts) in changes.iter().zip(drafts) {
            let expected = origin.expected().is_some() || matches!(change, LedgerChange::Set { .. });
            for draft in drafts {
                self.add_entry(snapshot, draft, (change.kind(), expected), (&origin, entry_no));
                entry_no += 1;
            }
        }
        first..self.entries.len()
    }

    /// Brings what the changes name into the books; false if something is not loaded.
    fn look_up(&mut self, snapshot: &Snapshot, needs: &mut Needs, changes: &[LedgerChange]) -> bool {
        let mut found = true;
        for change in changes {
            let (accounts, hold) = accounts_and_hold(change);
            for account in accounts {
                found &= self.look_up_account(snapshot, needs, account)
                    && self.look_up_tail(snapshot, needs, account, change);
            }
            let Some(hold) = hold.filter(|hold| !self.books.holds.contains_key(*hold)) else { continue };
            match snapshot.holds.get(hold) {
                None => {
                    needs.holds.insert(hold.clone());
                    found = false;
                }
                Some(None) => {}
                Some(Some(row)) => {
                    self.books.holds.insert(hold.clone(), hold_of(row));
                    found &= self.look_up_account(snapshot, needs, &row.account);
                }
            }
        }
        found
    }

    fn look_up_account(&mut self, snapshot: &Snapshot, needs: &mut Needs, name: &Arc<str>) -> bool {
        if self.books.accounts.contains_key(name) {
            return true;
        }
        match snapshot.accounts.get(name) {
            None => {
                needs.accounts.insert(name.clone());
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
                    tail: snapshot.tails.get(name).copied(),
                    closed: row.closed_at.is_some(),
                };
                self.books.accounts.insert(name.clone(), account);
            }
        }
        true
    }

    /// A tally's tail is looked at where the change may take the tally out of 64 bits.
    fn look_up_tail(&self, snapshot: &Snapshot, needs: &mut Needs, name: &Arc<str>, change: &LedgerChange) -> bool {
        let needed = self.books.accounts.get(name).is_some_and(|account| account.may_leave_i64(change));
        if needed && !snapshot.tails.contains_key(name) {
            needs.tails.insert(name.clone());
            return false;
        }
        true
    }

    /// Takes the changes into the books, at the seq that their account is expected at.
    fn apply(
        &mut self,
        snapshot: &Snapshot,
        origin: EntryOrigin<'_>,
        changes: &[LedgerChange],
        expected: Option<i64>,
    ) -> Result<Vec<Vec<EntryDraft>>, Refused> {
        let Self { books, accounts, .. } = self;
        let mut sums = Sums::default();
        books.apply(changes, now(snapshot), |books, change, drafts| {
            // A key names an entry.
            if let (EntryOrigin::Key { .. }, LedgerChange::Release { hold }, []) = (origin, change, drafts) {
                let account = books.holds.get(hold).map_or_else(String::new, |hold| hold.account.to_string());
                return Err(LedgerError::Closed { account }.into());
            }
            let absolute = matches!(change, LedgerChange::Set { .. }) || expected.is_some();
            if let Some(tally) = drafts.iter().find(|draft| absolute && books.is_tally(&draft.account)) {
                return Err(LedgerError::Tally { account: tally.account.to_string() }.into());
            }
            if let (Some(expected), Some(draft)) = (expected, drafts.first()) {
                let written = accounts.get(&draft.account).map_or(0, |write| write.entries);
                at_expected(&draft.account, expected, seq_of(snapshot, &draft.account) + written)?;
            }
            // Before anything is changed, so that a refused plan leaves no trace in the draft.
            sums.add(books, accounts, drafts)
        })
    }

    /// What expired holds reserve is available again: they are released where the money is needed.
    fn without_expired(
        &mut self,
        snapshot: &Snapshot,
        needs: &mut Needs,
        origin: EntryOrigin<'_>,
        changes: &[LedgerChange],
        refused: Refused,
    ) -> Posted {
        let Refused::OutOfBounds(OutOfBounds { account, held: 1.., .. }) = &refused else {
            return Posted::Refused(refused);
        };
        let account: Arc<str> = account.as_str().into();
        let Some(expired) = snapshot.expired.get(&account) else {
            needs.expired.insert(account, ExpiredHolds::PAGE);
            return Posted::Missing;
        };
        for (name, row) in &expired.holds {
            self.books.holds.entry(name.clone()).or_insert_with(|| hold_of(row));
        }
        // Also those of this very write: a lifetime may be over at once.
        let mut names = self.books.expired(&account, now(snapshot));
        if seeded_bug!("expired-in-its-write-stays") {
            names.retain(|name| expired.holds.contains_key(name));
        }
        let releases: Vec<_> = names.into_iter().map(|hold| LedgerChange::Release { hold }).collect();
        if releases.is_empty() {
            let Some(more) = expired.more() else { return Posted::Refused(refused) };
            needs.expired.insert(account, more);
            return Posted::Missing;
        }
        match self.books.apply(&releases, now(snapshot), |_, _, _| Ok(())) {
            Ok(drafts) => {
                for draft in drafts.into_iter().flatten() {
                    self.add_entry(snapshot, draft, ("expire", false), (&EntryOrigin::Expiry, 0));
                }
            }
            Err(refused) => return Posted::Refused(refused),
        }
        // What expired made entries of its own: the version was compared before them.
        match self.apply(snapshot, origin, changes, None) {
            Ok(drafts) => Posted::Entries(self.add(snapshot, origin, changes, drafts)),
            Err(refused) => self.without_expired(snapshot, needs, origin, changes, refused),
        }
    }

    fn add_entry(
        &mut self,
        snapshot: &Snapshot,
        draft: EntryDraft,
        (kind, expected): (&'static str, bool),
        (origin, entry_no): (&EntryOrigin<'_>, i64),
    ) {
        self.change_hold(snapshot, &draft);
        let tally = self.books.is_tally(&draft.account);
        let account = self.change_account(&draft, tally);
        let number = if tally {
            DraftNumber::Given(unique_time())
        } else {
            account.expected = account.expected.or_else(|| expected.then(|| seq_of(snapshot, &draft.account)));
            DraftNumber::Counted { nth: account.entries, running: account.running.sum }
        };
        let place = self.entries.len();
        let next = match draft.link {
            Link::Alone => None,
            Link::Next => Some(place + 1),
            Link::Last(count) => Some(place + 1 - count),
        };
        let (key, step, metadata) = (origin.key(), origin.step(entry_no), origin.metadata());
        self.entries.push(NumberedEntry { draft, kind, key, named: None, step, metadata, number, next });
    }

    /// Adds an entry to its account's change.
    fn change_account(&mut self, draft: &EntryDraft, tally: bool) -> &mut AccountDraft {
        let Self { books, accounts, .. } = self;
        let unit = || books.accounts.get(&draft.account).and_then(|account| account.unit.clone());
        let account = accounts.entry(draft.account.clone()).or_insert_with(|| AccountDraft::new(tally, unit()));
        account.add(draft);
        account
    }

    fn change_hold(&mut self, snapshot: &Snapshot, draft: &EntryDraft) {
        let Some((name, _)) = &draft.hold else { return };
        let Some(hold) = self.books.holds.get(name) else { return };
        let loaded = snapshot.holds.get(name).and_then(Option::as_ref).map(|row| row.remaining);
        let expired = || snapshot.expired.get(&hold.account)?.holds.get(name);
        let expected = loaded.or_else(|| expired().map(|row| row.remaining));
        let write = self.holds.entry(name.clone()).or_insert_with(|| HoldWrite {
            hold: name.clone(),
            account: hold.account.clone(),
            amount: hold.amount,
            expected,
            remaining: 0,
            expires_at: hold.expires_at,
        });
        write.remaining = hold.remaining;
    }

    /// Puts the rows into the write, in the order of their locks; gives the accounts as they are then.
    pub(super) fn finish<DB: Database>(self, snapshot: &Snapshot, write: &mut Write<DB>) -> Vec<AccountAfter> {
        // Where all are refused there is nothing to write, and they were when they were loaded.
        if self.entries.is_empty() && self.refusals.is_empty() && write.is_empty() {
            return Vec::new();
        }
        let mut accounts: Vec<_> = self.accounts.into_iter().collect();
        accounts.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        for (name, account) in accounts {
            account.write(name, snapshot, write);
        }
        let places: Map<&Arc<str>, usize> = write.accounts.iter().map(|write| &write.account).zip(0..).collect();
        write.compared = self.compared;
        write.holds = self.holds.into_values().collect();
        let number = |entry: &NumberedEntry| {
            let place = places.get(&entry.draft.account).copied();
            number(&write.accounts, place, entry.number)
        };
        let numbers: Vec<EntryNumber> = self.entries.iter().map(number).collect();
        let accounts: Vec<Arc<str>> = if self.entries.iter().any(|entry| entry.next.is_some()) {
            self.entries.iter().map(|entry| entry.draft.account.clone()).collect()
        } else {
            Vec::new()
        };
        write.entries.reserve(self.entries.len() + self.refusals.len());
        for (place, entry) in self.entries.into_iter().enumerate() {
            let NumberedEntry { draft, kind, key, named, step, metadata, next, .. } = entry;
            let next = next.map(|place| NextEntry { account: accounts[place].clone(), number: numbers[place] });
            let EntryDraft { account, delta, hold, .. } = draft;
            let number = numbers[place];
            let in_tail = number.given().is_some() && !snapshot.tails.contains_key(&account);
            let refusal = None;
            write.entries.push(EntryWrite {
                account,
                number,
                in_tail,
                delta,
                kind,
                hold,
                key,
                named,
                step,
                next,
                metadata,
                refusal,
            });
        }
        // After the entries, which are known by their places.
        write.entries.extend(self.refusals);
        let now = now(snapshot);
        let after = |account: &AccountWrite| match snapshot.accounts.get(&account.account).and_then(Option::as_ref) {
            None => AccountAfter { balance: account.delta, seq: account.entries, at: now },
            Some(row) => AccountAfter {
                balance: row.balance.saturating_add(account.delta),
                seq: row.seq + account.entries,
                at: row.at.max(now),
            },
        };
        write.accounts.iter().map(after).collect()
    }
}

/// Where an entry is counted from, once its account's change is whole.
fn number(accounts: &[AccountWrite], place: Option<usize>, number: DraftNumber) -> EntryNumber {
    let (nth, running) = match number {
        DraftNumber::Given(seq) => return EntryNumber::Given(seq),
        DraftNumber::Counted { nth, running } => (nth, running),
    };
    debug_assert!(place.is_some(), "an entry that counts changes its account");
    let place = place.unwrap_or(accounts.len());
    let (entries, delta) = accounts.get(place).map_or((nth, running), |write| (write.entries, write.delta));
    let account = i64::try_from(place + 1).unwrap_or(i64::MAX);
    EntryNumber::Counted(EntryPosition { account, back: entries - nth, below: delta.saturating_sub(running) })
}

/// The entry at a place of a write, as it is stored.
pub(crate) fn written_entry<DB: Database>(write: &Write<DB>, after: &After, place: usize) -> Option<EntryRow> {
    let entry = write.entries.get(place)?;
    let stored = |number: EntryNumber| match number {
        EntryNumber::Given(seq) => Some((seq, None, after.now)),
        EntryNumber::None => None,
        EntryNumber::Counted(position) => {
            let account = after.accounts.get(usize::try_from(position.account - 1).ok()?)?;
            Some((account.seq - position.back, Some(account.balance - position.below), account.at))
        }
    };
    let (seq, balance, at) = stored(entry.number)?;
    let next = entry.next.as_ref().and_then(|next| Some((next.account.clone(), stored(next.number)?.0)));
    Some(EntryRow {
        account: entry.account.clone(),
        seq,
        delta: entry.delta,
        balance,
        at,
        kind: Name::Borrowed(entry.kind),
        hold: entry.hold.clone(),
        key: entry.key.clone(),
        step: entry.step.as_ref().map(|step| (step.machine.to_owned(), step.id.to_string(), step.seq)),
        next,
        metadata: entry.metadata.clone(),
    })
}

fn now(snapshot: &Snapshot) -> Timestamp {
    snapshot.now.unwrap_or(Timestamp::from_micros(0))
}

/// The seq that an account was loaded with.
fn seq_of(snapshot: &Snapshot, account: &Arc<str>) -> i64 {
    snapshot.accounts.get(account).and_then(Option::as_ref).map_or(0, |row| row.seq)
}

fn at_expected(account: &Arc<str>, expected: i64, found: i64) -> Result<(), Refused> {
    if found == expected {
        return Ok(());
    }
    let (expected, found) = (shown(expected), shown(found));
    Err(LedgerError::Stale { account: account.to_string(), expected, found }.into())
}

/// The running sums of the accounts that one call changes: of its own deltas, and with those of the calls before it.
#[derive(Default)]
struct Sums(Map<Arc<str>, (Running, Running)>);

impl Sums {
    /// Adds drafts. They must fit 64 bits, which only absurd amounts break: what fits alone may fit in another write.
    fn add(
        &mut self,
        books: &Books,
        accounts: &Map<Arc<str>, AccountDraft>,
        drafts: &[EntryDraft],
    ) -> Result<(), Refused> {
        for EntryDraft { account, delta, .. } in drafts {
            let before = || accounts.get(account).map_or_else(Running::default, |account| account.running);
            let (own, all) = self.0.entry(account.clone()).or_insert_with(|| (Running::default(), before()));
            (*own, *all) = match (own.then(*delta), all.then(*delta)) {
                (Some(own), Some(all)) => (own, all),
                (Some(_), None) if !seeded_bug!("overflow-is-out-of-bounds") => {
                    return Err(Refused::SumOverflow { account: account.clone(), delta: *delta });
                }
                _ => {
                    let balance = books.accounts.get(account).map_or(0, |account| account.balance);
                    return Err(out_of_range(account, balance, *delta));
                }
            };
        }
        Ok(())
    }
}

fn hold_of(row: &HoldRow) -> Hold {
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
