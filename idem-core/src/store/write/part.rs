//! A write is a list of parts. A part is the rows of one table, or of several that are written together, with the place where
//! its locks stand in the order that every writer keeps.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use super::rows::{
    AccountWrite, CommitWitness, EntryWrite, HoldWrite, KeyTable, MachineWrite, MessageWrite, TallyWrite,
    TransitionWrite,
};
use super::text::PartText;
use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::store::binder::Binder;
use crate::store::dialect::Dialect;
use crate::store::row::table::RowWrite;

/// Where a part stands in the order in which every writer takes its locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// What fences the write.
    Claims,
    /// What is looked at without a lock.
    Unlocked,
    Machines,
    Accounts,
    Holds,
    /// Rows that are only added, under locks that are held by then. They may wait for another writer of their keys.
    History,
    Outbox,
}

/// In which way a write is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Form {
    /// In a transaction of its own, or in one that is open.
    pub(crate) own: bool,
    /// Rows that others hold are not waited for, but reported. Only in a transaction of its own.
    pub(crate) skip: bool,
    /// Rows of one machine with one transition: values instead of lists, which one caller alone feels.
    pub(crate) single: bool,
}

/// One kind of part in one database: what is the same for all writes.
#[derive(Clone, Copy)]
pub struct PartKind {
    /// The table, or the first of them. No two kinds have the same.
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    /// What it adds to a statement of this form, for rows of this shape.
    pub(crate) text: fn(Form, u16) -> PartText,
    /// The shapes that its rows can have, for tests of all statements.
    #[cfg(test)]
    pub(crate) shapes: &'static [u16],
}

/// The rows of one part.
pub trait Part<DB: Dialect>: Any + fmt::Debug + Send + Sync {
    fn kind(&self) -> PartKind;

    /// Whether there is nothing to write.
    fn is_empty(&self) -> bool;

    /// In what the rows differ from others of their kind, as far as that changes the text: bits that the part defines.
    fn shape(&self) -> u16 {
        0
    }

    /// Binds what the text has parameters for.
    fn bind(&self, form: Form, now: Option<Timestamp>, binder: &mut Binder<DB>);

    /// Binds what the statement that reads its result has parameters for, where that is one of its own.
    fn bind_result(&self, _binder: &mut Binder<DB>) {}

    /// What `reported` rows are called by those who need them. Asked of parts whose text reports what it did not obtain.
    fn missed(&self, _reported: Reported) -> Vec<LockName> {
        Vec::new()
    }
}

/// Rows of a part that a write did not obtain.
#[derive(Debug)]
pub enum Reported {
    /// By their places in the list that was bound, counted from 1.
    Places(Vec<i64>),
    Names(Vec<String>),
}

/// What callers wait for: a machine, an account, or whatever else a part locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockName {
    pub(crate) namespace: &'static str,
    pub(crate) name: Arc<str>,
}

/// Everything that one decision, or many, changes.
#[derive(Debug)]
pub struct Write<DB: Dialect> {
    /// The database's time when it was decided; `None` if that was not asked: the statement takes its own.
    pub(crate) now: Option<Timestamp>,
    /// Sorted by (machine, id).
    pub(crate) machines: Vec<MachineWrite>,
    pub(crate) transitions: Vec<TransitionWrite>,
    /// Those of their keys that were found expired: each is freed before the write, if it still is so.
    pub(crate) expired: Vec<KeyHash>,
    /// Sorted by name; no tallies.
    pub(crate) accounts: Vec<AccountWrite>,
    /// Sorted by name.
    pub(crate) tallies: Vec<TallyWrite>,
    pub(crate) entries: Vec<EntryWrite>,
    /// Sorted by name.
    pub(crate) holds: Vec<HoldWrite>,
    /// Accounts that get no entry and are compared, each with a machine that needs that.
    pub(crate) compared: Vec<(Arc<str>, LockName)>,
    pub(crate) messages: Vec<MessageWrite>,
    /// A caller's row, with its key. It is a statement of its own: a write that has one has nothing else.
    pub(crate) row: Option<RowWrite>,
    /// What is written beside these tables.
    pub(crate) parts: Vec<Box<dyn Part<DB>>>,
}

impl<DB: Dialect> Default for Write<DB> {
    fn default() -> Self {
        Self {
            now: None,
            machines: Vec::new(),
            transitions: Vec::new(),
            expired: Vec::new(),
            accounts: Vec::new(),
            tallies: Vec::new(),
            entries: Vec::new(),
            holds: Vec::new(),
            compared: Vec::new(),
            messages: Vec::new(),
            row: None,
            parts: Vec::new(),
        }
    }
}

impl<DB: Dialect> Write<DB> {
    pub(crate) fn is_empty(&self) -> bool {
        let machines = self.machines.is_empty() && self.transitions.is_empty() && self.messages.is_empty();
        let accounts = self.accounts.is_empty() && self.tallies.is_empty() && self.holds.is_empty();
        let ledger = accounts && self.entries.is_empty();
        machines && ledger && self.row.is_none() && self.parts.is_empty()
    }

    /// The part of this type, begun if this write has none: plans that share a write share it.
    #[cfg_attr(not(test), allow(dead_code, reason = "the lists of today have their own fields"))]
    pub(crate) fn part<P: Part<DB> + Default>(&mut self) -> Option<&mut P> {
        let there = self.parts.iter().position(|part| (&**part as &dyn Any).is::<P>());
        let at = there.unwrap_or_else(|| {
            self.parts.push(Box::new(P::default()));
            self.parts.len() - 1
        });
        self.parts.get_mut(at).and_then(|part| (&mut **part as &mut dyn Any).downcast_mut())
    }

    /// A row by which the write can be recognised, if it has one: of the first part whose rows prove it ([`PartText`]'s
    /// `witness`).
    pub(crate) fn witness(&self) -> Option<CommitWitness> {
        // Before any other row: it is these that are there when the statement looks whether its time is up.
        if let Some(first) = self.transitions.first() {
            // An alias key can be gone once it has expired.
            let stays = self.transitions.iter().find(|row| row.transition().is_some());
            return stays.unwrap_or(first).witness();
        }
        // The time of an entry that is counted follows from its account. Then any row under the key is taken for it, and what is
        // told is read from that one.
        let counted = |entry: &EntryWrite| entry.number.position().is_some() || seeded_bug!("refusal-without-its-time");
        let named = || self.entries.iter().filter(|entry| entry.named.is_some());
        let entry = || {
            let entry = named().find(|entry| !counted(entry)).or_else(|| named().next())?;
            let (hash, at) = (entry.named?.0, self.now.filter(|_| !counted(entry)));
            Some(CommitWitness::Key { of: KeyTable::Entries, hash, at })
        };
        entry().or_else(|| self.row.as_ref().and_then(RowWrite::witness))
    }

    /// How its statement is written.
    pub(crate) fn form(&self, own: bool, skip: bool) -> Form {
        // A single machine is moved before anything but a claim is locked: nothing may be missed after that.
        let parts = self.parts.iter().all(|part| part.kind().place == Place::Claims);
        let rest = parts && (!skip || self.accounts.is_empty() && self.entries.is_empty());
        let one = self.machines.len() == 1 && self.transitions.len() == 1;
        Form { own, skip, single: one && rest }
    }
}

impl fmt::Debug for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartKind").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}
