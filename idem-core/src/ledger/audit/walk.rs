//! Walks along accounts, entries and tails side by side, then along remembered refusals.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::engine::decide::ledger_draft::REFUSED;
use crate::engine::decide::posting::{RefusedBy, is_refusal};
use crate::engine::shared::Shared;
use crate::error::Error;
use crate::key::Key;
use crate::ledger::audit::account::Proof;
use crate::ledger::audit::fetch::{Evidence, Reading};
use crate::ledger::audit::finding::{Finding, FindingKind};
use crate::ledger::audit::report::{AuditProgress, AuditReport, Progress};
use crate::namespace::LEDGER;
use crate::store::Database;
use crate::store::error::StoreError;
use crate::store::ledger::queries::{LedgerQuery, PAGE};
use crate::store::ledger::rows::{NamedAccount, RefusalRow, TailRow};
use crate::store::session::Session;
use crate::wire::Stored;

/// An audit under way.
pub(super) struct Walk<'r, 'c, 'p, DB: Database> {
    reading: Reading<'r, 'c, DB>,
    progress: Progress<'p>,
    so_far: AuditProgress,
    report: AuditReport,
    /// How many entries of postings with keys there are, less those that postings were seen to have.
    strays: i64,
    accounts: Pages<NamedAccount>,
    entries: Pages<Evidence>,
    tails: Pages<TailRow>,
}

/// Rows that were read and not yet looked at.
struct Pages<T> {
    rows: VecDeque<T>,
    /// Where the next page begins.
    after: (Arc<str>, i64),
    ended: bool,
}

impl<'p, DB: Database> Walk<'_, '_, 'p, DB> {
    pub(super) async fn audit(shared: &Shared<DB>, progress: Progress<'p>) -> Result<AuditReport, Error> {
        let mut lease = shared.readers.acquire().await?;
        let report = audit(&mut lease.session(), progress).await;
        shared.answer(lease, report).await
    }

    /// Every account with its entries and its tail, in the order of names.
    async fn accounts(&mut self) -> Result<(), StoreError> {
        let mut opened = 0;
        loop {
            self.refill().await?;
            let accounts = self.accounts.rows.front().map(|account| &account.name);
            let entries = self.entries.rows.front().map(|of| &of.entry.account);
            let tails = self.tails.rows.front().map(|row| &row.account);
            let Some(name) = accounts.into_iter().chain(entries).chain(tails).min().cloned() else { break };
            let proof = self.account(name).await?;
            opened += proof.opened;
            for finding in proof.finish() {
                self.report.add(finding);
            }
        }
        let holds: Vec<i64> = self.reading.ask(&LedgerQuery::HoldCount).await?;
        let holds = holds.first().map_or(0, |count| count.unsigned_abs());
        self.report.holds = holds;
        if holds != opened {
            self.report.add(ledger(FindingKind::Holds { holds: holds.abs_diff(opened) }));
        }
        if self.strays != 0 {
            self.report.add(ledger(FindingKind::OrphanEntries { entries: self.strays.unsigned_abs() }));
        }
        Ok(())
    }

    /// The account that is next in the order of names.
    async fn account(&mut self, name: Arc<str>) -> Result<Proof, StoreError> {
        let row = self.accounts.rows.pop_front_if(|account| account.name == name).map(|account| account.row);
        if row.is_some() {
            self.report.accounts += 1;
            self.so_far.accounts += 1;
        }
        let mut proof = Proof::new(name.clone(), row);
        loop {
            self.refill().await?;
            let Some(of) = self.entries.rows.pop_front_if(|of| of.entry.account == name) else { break };
            self.report.entries += 1;
            self.count_keys(u64::from(of.named.is_some()));
            let in_posting = of.entry.key.is_some() && of.entry.next.is_some();
            self.strays += i64::from(in_posting);
            if of.is_head() && in_posting {
                self.strays = self.strays.saturating_sub_unsigned(of.posting.len() as u64);
            }
            proof.entry(&of);
        }
        loop {
            self.refill().await?;
            let Some(row) = self.tails.rows.pop_front_if(|row| row.account == name) else { break };
            proof.tail(&row);
        }
        Ok(proof)
    }

    /// Reads the next page of what has been looked at to its end.
    async fn refill(&mut self) -> Result<(), StoreError> {
        if let Some((account, _)) = self.accounts.wanted() {
            let rows: Vec<NamedAccount> = self.reading.ask(&LedgerQuery::AllAccounts(&account)).await?;
            self.accounts.fill(rows, |account| (account.name.clone(), 0));
        }
        if let Some((account, seq)) = self.entries.wanted() {
            let rows = self.reading.entries((&account, seq)).await?;
            self.so_far.entries += rows.len() as u64;
            self.entries.fill(rows, |of| (of.entry.account.clone(), of.entry.seq));
            self.tell();
        }
        if let Some((account, seq)) = self.tails.wanted() {
            let rows: Vec<TailRow> = self.reading.ask(&LedgerQuery::AllTails((&account, seq))).await?;
            self.tails.fill(rows, |row| (row.account.clone(), row.seq));
        }
        Ok(())
    }

    /// Every refusal that is remembered, in the order of hashes.
    async fn refusals(&mut self) -> Result<(), StoreError> {
        let mut after = Vec::new();
        loop {
            let page: Vec<RefusalRow> = self.reading.ask(&LedgerQuery::AllRefusals(&after)).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after.clone_from(&last.hash);
            for row in page {
                self.count_keys(1);
                if !is_sound(&row) {
                    let tag = row.hash.first_chunk().map_or(0, |begin| u32::from_be_bytes(*begin));
                    let tag = format!("{tag:08x}");
                    self.report.add(Finding { account: row.account, seq: None, what: FindingKind::Refusal { tag } });
                }
            }
            self.tell();
        }
    }

    fn count_keys(&mut self, keys: u64) {
        self.report.keys += keys;
        self.so_far.keys += keys;
    }

    fn tell(&mut self) {
        if let Some(tell) = &mut self.progress {
            tell(self.so_far);
        }
    }
}

async fn audit<DB: Database>(session: &mut Session<'_, DB>, progress: Progress<'_>) -> Result<AuditReport, StoreError> {
    session.begin(DB::SNAPSHOT).await?;
    let mut walk = Walk {
        reading: Reading { session },
        progress,
        so_far: AuditProgress::default(),
        report: AuditReport::default(),
        strays: 0,
        accounts: Pages::new(),
        entries: Pages::new(),
        tails: Pages::new(),
    };
    walk.accounts().await?;
    walk.refusals().await?;
    let report = walk.report;
    session.roll_back().await?;
    Ok(report)
}

impl<T> Pages<T> {
    fn new() -> Self {
        Self { rows: VecDeque::new(), after: ("".into(), i64::MIN), ended: false }
    }

    /// Where to go on reading, if everything read has been looked at.
    fn wanted(&self) -> Option<(Arc<str>, i64)> {
        (self.rows.is_empty() && !self.ended).then(|| self.after.clone())
    }

    fn fill(&mut self, rows: Vec<T>, place: impl Fn(&T) -> (Arc<str>, i64)) {
        self.ended = i64::try_from(rows.len()).is_ok_and(|count| count < PAGE);
        if let Some(last) = rows.last() {
            self.after = place(last);
        }
        self.rows = rows.into();
    }
}

/// Whether a refusal moves nothing, is by what its row says, and has the hash of its key.
fn is_sound(row: &RefusalRow) -> bool {
    let by = row.hold.as_ref().map_or(RefusedBy::Account(&row.account), |hold| RefusedBy::Hold(hold));
    let key = row.key.as_ref().and_then(|key| key.checked().ok());
    let is_erased =
        row.key.as_ref().is_some_and(Key::is_forgotten) && row.outcome.as_ref().is_some_and(Stored::is_forgotten);
    let is_whole = || {
        row.outcome.as_ref().is_some_and(|refusal| is_refusal(refusal, by))
            && key.is_some_and(|key| key.hash_in(LEDGER).0[..] == row.hash)
    };
    (&*row.kind, row.delta) == (REFUSED, 0) && (is_erased || is_whole())
}

fn ledger(what: FindingKind) -> Finding {
    Finding { account: String::new(), seq: None, what }
}
