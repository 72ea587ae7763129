//! Reads a page of entries together with the rows that they point to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::fingerprint::Fingerprint;
use crate::key::{Key, KeyHash};
use crate::namespace::LEDGER;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::ledger::queries::{LedgerQuery, answer};
use crate::store::ledger::rows::{Answer, AuditedEntry, CommandAt, EntryRow, HoldRow, NamedHold, Placed, PostingEntry};
use crate::store::session::Session;

/// How many postings are read at once: one may have as many entries as a page.
const POSTINGS: usize = 100;

/// The connection of an audit.
pub(super) struct Reading<'r, 'c, DB: Database> {
    pub(super) session: &'r mut Session<'c, DB>,
}

/// An entry with what it points to.
pub(super) struct Evidence {
    pub(super) entry: EntryRow,
    /// Which of the entries of its transition it is.
    pub(super) step_entry_no: Option<i64>,
    pub(super) torn: bool,
    pub(super) key: Option<Key>,
    /// The hash of the key and the fingerprint of the change, where the key stands in it.
    pub(super) named: Option<(KeyHash, Fingerprint)>,
    pub(super) command: Option<CommandAt>,
    /// Of the hold that it opens.
    pub(super) hold: Option<HoldRow>,
    /// Its posting, from itself on: read where its key stands in it, or a step made it.
    pub(super) posting: Vec<PostingEntry>,
}

impl Evidence {
    /// Whether the posting is to be proved from here, so that each is at most as often as it has entries of a step.
    pub(super) fn is_head(&self) -> bool {
        self.entry.next.is_some()
            && if self.key.is_some() || self.entry.is_forgotten() { self.has_key() } else { self.entry.step.is_some() }
    }

    /// Whether its key stands in it.
    pub(super) fn has_key(&self) -> bool {
        let Some((hash, _)) = &self.named else { return false };
        self.entry.is_forgotten() || self.key.as_ref().is_some_and(|key| key.hash_in(LEDGER) == *hash)
    }

    /// The hold that it opens.
    fn opens(&self) -> Option<&Arc<str>> {
        self.entry.hold.as_ref().filter(|_| &*self.entry.kind == "hold").map(|(hold, _)| hold)
    }
}

impl<DB: Database> Reading<'_, '_, DB> {
    pub(super) async fn ask<T: Answer>(&mut self, query: &LedgerQuery<'_>) -> Result<Vec<T>, StoreError> {
        answer(self.session, query).await
    }

    /// The page of entries after this one.
    pub(super) async fn entries(&mut self, after: (&str, i64)) -> Result<Vec<Evidence>, StoreError> {
        let rows: Vec<AuditedEntry> = self.ask(&LedgerQuery::AllEntries(after)).await?;
        let mut page: Vec<Evidence> = rows.into_iter().map(evidence).collect();
        self.commands(&mut page).await?;
        self.holds(&mut page).await?;
        let heads: Vec<usize> = (0..page.len()).filter(|&at| page.get(at).is_some_and(Evidence::is_head)).collect();
        for heads in heads.chunks(POSTINGS) {
            self.postings(&mut page, heads).await?;
        }
        Ok(page)
    }

    async fn commands(&mut self, page: &mut [Evidence]) -> Result<(), StoreError> {
        let steps: Vec<_> = page.iter().enumerate().filter_map(|(at, of)| Some((at, of.entry.step.clone()?))).collect();
        let asked: Vec<_> = steps.iter().map(|(_, (machine, id, seq))| (&**machine, &**id, *seq)).collect();
        for Placed(asked, command) in self.ask::<Placed<CommandAt>>(&LedgerQuery::Transitions(&asked)).await? {
            if let Some(of) = steps.get(asked).and_then(|(at, _)| page.get_mut(*at)) {
                of.command = Some(command);
            }
        }
        Ok(())
    }

    async fn holds(&mut self, page: &mut [Evidence]) -> Result<(), StoreError> {
        let names: Vec<&str> = page.iter().filter_map(|of| of.opens().map(|hold| &**hold)).collect();
        let found: Vec<NamedHold> = self.ask(&LedgerQuery::Holds(&names)).await?;
        let found: HashMap<Arc<str>, HoldRow> = found.into_iter().collect();
        for of in page {
            of.hold = of.opens().and_then(|hold| found.get(hold)).cloned();
        }
        Ok(())
    }

    async fn postings(&mut self, page: &mut [Evidence], heads: &[usize]) -> Result<(), StoreError> {
        let named: Vec<(Arc<str>, i64)> =
            heads.iter().filter_map(|&at| page.get(at)).map(|of| (of.entry.account.clone(), of.entry.seq)).collect();
        let asked: Vec<(&str, i64)> = named.iter().map(|(account, seq)| (&**account, *seq)).collect();
        for Placed(asked, entry) in self.ask::<Placed<PostingEntry>>(&LedgerQuery::Postings(&asked)).await? {
            if let Some(of) = heads.get(asked).and_then(|&at| page.get_mut(at)) {
                of.posting.push(entry);
            }
        }
        Ok(())
    }
}

fn evidence(row: AuditedEntry) -> Evidence {
    let AuditedEntry { entry, named, step_entry_no, torn } = row;
    let key = entry.key.as_ref().and_then(|key| key.checked().ok()).cloned();
    Evidence { key, entry, named, step_entry_no, torn, command: None, hold: None, posting: Vec::new() }
}
