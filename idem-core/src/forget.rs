//! Erasing what a tenant or person named.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;

use serde::{Deserialize, Serialize};

use crate::engine::shared::Shared;
use crate::error::Error;
use crate::idem::Idem;
use crate::key::{Hasher, Hex, check_name};
use crate::store::Database;
use crate::store::forget::blank::{ScopedKey, ScopedTable, blank, keys};

/// How many keys are read at once.
const PAGE: i64 = 1_000;
/// How many keys are blanked by one statement: a posting under one key may have a thousand entries.
const BLANKED_AT_ONCE: usize = 20;

/// How much was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Forgotten {
    /// Keys that were looked at, of any scope.
    pub keys: u64,
    /// Transitions and alias keys that were blanked.
    pub transitions: u64,
    /// Keys of operations and of conditional updates that were blanked.
    pub claims: u64,
    /// Entries and remembered refusals that were blanked.
    pub entries: u64,
    /// Verdicts whose correlation ids were blanked.
    pub verdicts: u64,
}

/// How far a [`Forget`] is. It can be stored, by serde, and be given to [`Forget::resume`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForgetProgress {
    /// What was erased so far.
    pub so_far: Forgotten,
    /// Of which scope, as a hash.
    scope: String,
    /// The table it is at.
    table: String,
    /// The hash of the last key of the table that was looked at.
    after: Vec<u8>,
}

type Tell<'a> = Option<Box<dyn FnMut(&ForgetProgress) + Send + 'a>>;

/// An erasure as a lazy future: nothing is read or written until it is awaited.
///
/// # Errors
/// As [`Idem::forget`].
///
/// # Cancel safety
/// As [`Idem::forget`].
#[must_use = "nothing is erased until it is awaited"]
pub struct Forget<'a, DB: Database> {
    idem: Idem<DB>,
    scope: String,
    from: ForgetProgress,
    tell: Tell<'a>,
}

impl<DB: Database> Idem<DB> {
    /// Erases what the calls of one scope carried, for a tenant or person whose data is to be deleted.
    ///
    /// Of each record under a key of this scope the texts of scope and key, the payload, the outcome or remembered rejection, the
    /// correlation id and the metadata are blanked, for good. What proves the rest stays: hashes of keys, fingerprints, sequence
    /// numbers, times, entries with their amounts. So a repeat is still recognised and has no second effect, and is answered
    /// [`Error::Forgotten`]; [`Ledger::audit`](crate::ledger::Ledger::audit) and
    /// [`Handle::verify`](crate::machine::Handle::verify) still hold.
    ///
    /// What is not the request's stays as well: ids of machines, the names of accounts and holds, the states that machines went
    /// through and are in, messages in the outbox, the answers to conditional updates, which are numbers. A key of another scope
    /// that is answered by a transition of this one is answered [`Error::Forgotten`], too.
    ///
    /// Verdicts ([`Builder::verdicts`](crate::Builder::verdicts)) stay without their correlation ids; those of another process are
    /// written within a second after its calls.
    ///
    /// It covers what was committed when it begins; let the scope's calls end first, and after a kill of their process wait for
    /// [`Builder::reply_timeout`](crate::Builder::reply_timeout). It reads all keys, a thousand at a time, and blanks twenty keys by one
    /// statement, with a commit each: other calls go on beside it, and it can be stopped and resumed ([`Forget::progress`]). Run again it
    /// finds nothing more. An answer that this `Idem` remembers ([`Builder::memory`](crate::Builder::memory)) goes at the end, and
    /// within 10 seconds in others. The database may keep blanked bytes until it is vacuumed, and backups keep them.
    ///
    /// # Errors
    /// [`Error::Key`] if no scope can have this name; [`Error::Config`] if it resumes the progress of another scope; those of the
    /// database. What was committed until then stays erased.
    ///
    /// # Cancel safety
    /// Dropped half-way, a part is erased; begin again, or resume.
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")] {
    /// # let file = std::env::temp_dir().join(format!("idem-forget-{}.db", std::process::id()));
    /// # let url = format!("sqlite://{}", file.display());
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use idem_core::{Error, Idem, Key};
    ///
    /// let idem = Idem::<sqlx::Sqlite>::open(&url).await?;
    /// let (wallet, key) = (idem.ledger().account("wallet:7"), Key::new("customer-7", "req-1")?);
    /// wallet.apply_delta(&key, 500).await?;
    ///
    /// let forgotten = idem.forget("customer-7").await?;
    /// assert_eq!(forgotten.entries, 1);
    /// let again = wallet.apply_delta(&key, 500).await;
    /// assert!(matches!(again, Err(Error::Forgotten { .. })));            // known, and not applied twice
    /// let entries = wallet.entries().await?;
    /// assert_eq!((entries[0].balance, &entries[0].key), (Some(500), &None));
    /// assert!(idem.ledger().audit().await?.is_sound());
    /// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
    /// # std::fs::remove_file(file)?; }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forget(&self, scope: impl Into<String>) -> Forget<'static, DB> {
        let [first, ..] = ScopedTable::ALL;
        let (scope, so_far) = (scope.into(), Forgotten::default());
        let from = ForgetProgress { so_far, scope: tag(&scope), table: first.name().to_owned(), after: Vec::new() };
        Forget { idem: self.clone(), scope, from, tell: None }
    }
}

impl<DB: Database> Forget<'_, DB> {
    /// Calls `tell` with the progress after each commit, and at least once for every thousand keys that were read.
    pub fn progress<'p>(self, tell: impl FnMut(&ForgetProgress) + Send + 'p) -> Forget<'p, DB> {
        Forget { idem: self.idem, scope: self.scope, from: self.from, tell: Some(Box::new(tell)) }
    }

    /// Goes on where one of the same scope was stopped, in this process or another. What was committed under a smaller hash meanwhile
    /// is not looked at.
    ///
    /// # Errors
    /// When awaited, [`Error::Config`] if it is the progress of another scope, or of a release with other tables: begin anew.
    pub fn resume(self, from: ForgetProgress) -> Self {
        Self { from, ..self }
    }

    async fn run(mut self) -> Result<Forgotten, Error> {
        check_name("scope", &self.scope)?;
        if self.from.scope != tag(&self.scope) {
            let problem = "the progress of a `forget` is of another scope; begin anew, or resume that one".to_owned();
            return Err(Error::Config { problem });
        }
        let at = ScopedTable::ALL.iter().position(|table| table.name() == self.from.table);
        let Some(at) = at else {
            let table = &self.from.table;
            return Err(Error::Config {
                problem: format!(
                    "the progress of a `forget` is at the table {table:?}, which is none of idem's; begin anew"
                ),
            });
        };
        if let Some(log) = &self.idem.shared.verdicts {
            log.forget(&self.scope).await;
        }
        let mut made = 1;
        for table in &ScopedTable::ALL[at..] {
            if table.name() != self.from.table {
                (self.from.table, self.from.after) = (table.name().to_owned(), Vec::new());
            }
            // Each step can be repeated: what is blanked is not found again.
            loop {
                match self.step(*table).await {
                    Ok(true) => made = 1,
                    Ok(false) => break,
                    Err(error) if may_succeed_here(&error) && self.idem.shared.settings.retry.pause(made).await => {
                        made += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        if !seeded_bug!("memory-outlives-forget") {
            self.idem.shared.memory.forget_outcomes();
        }
        Ok(self.from.so_far)
    }

    /// Looks at a page of keys; false if it was the last one.
    async fn step(&mut self, table: ScopedTable) -> Result<bool, Error> {
        let page = page(&self.idem.shared, table, (&self.scope, &self.from.after)).await?;
        let mut rest = &page[..];
        while !rest.is_empty() {
            // Up to and with the last of as many keys of the scope as are blanked at once.
            let mine = rest.iter().enumerate().filter(|(_, key)| key.matches).map(|(at, _)| at);
            let end = mine.clone().nth(BLANKED_AT_ONCE - 1).map_or(rest.len(), |last| last + 1);
            let any = mine.clone().next().is_some() && !(seeded_bug!("forget-skips-the-rest") && end == rest.len());
            let (keys, after) = rest.split_at(end);
            self.blank(table, keys, any).await?;
            rest = after;
        }
        Ok(i64::try_from(page.len()).is_ok_and(|count| count == PAGE))
    }

    /// Blanks those of the keys, which follow one another, that are of the scope, and notes that they were looked at.
    async fn blank(&mut self, table: ScopedTable, keys: &[ScopedKey], any: bool) -> Result<(), Error> {
        let Some(last) = keys.last().map(|key| &key.hash) else { return Ok(()) };
        let mut rows = 0;
        if any {
            let shared = &self.idem.shared;
            let _call = shared.queue.enter()?;
            let mut lease = shared.writer(shared.settings.wait).await?;
            fail_point!("forget.blank.before");
            let blanked = blank(&mut lease.session(), table, &self.scope, (&self.from.after, last)).await;
            fail_point!("forget.blank.after");
            rows = shared.answer(lease, blanked).await.map_err(unknown)?;
        }
        let so_far = &mut self.from.so_far;
        so_far.keys += keys.len() as u64;
        match table {
            ScopedTable::Transitions => so_far.transitions += rows,
            ScopedTable::Claims => so_far.claims += rows,
            ScopedTable::Entries => so_far.entries += rows,
            ScopedTable::Verdicts => so_far.verdicts += rows,
        }
        self.from.after.clone_from(last);
        if let Some(tell) = &mut self.tell {
            tell(&self.from);
        }
        Ok(())
    }
}

/// A scope's name may be personal data: the progress has a hash of it.
fn tag(scope: &str) -> String {
    let hash = Hasher::new("idem forget v1").with(scope.as_bytes()).finish();
    Hex(&hash[..8]).to_string()
}

async fn page<DB: Database>(
    shared: &Shared<DB>,
    table: ScopedTable,
    (scope, after): (&str, &[u8]),
) -> Result<Vec<ScopedKey>, Error> {
    let mut lease = shared.readers.acquire().await?;
    let page = keys(&mut lease.session(), table, (scope, after), PAGE).await;
    shared.answer(lease, page).await
}

/// Whether another try by this process may succeed.
fn may_succeed_here(error: &Error) -> bool {
    error.is_retryable() && !matches!(error, Error::ShutDown)
}

/// A statement without a transaction around it may have happened where its reply was lost.
fn unknown(error: Error) -> Error {
    match error {
        Error::NotApplied { source } => Error::Indeterminate { source },
        other => other,
    }
}

impl<'a, DB: Database> IntoFuture for Forget<'a, DB> {
    type Output = Result<Forgotten, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<DB: Database> fmt::Debug for Forget<'_, DB> {
    /// Without the scope, which may be a name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Forget").field("from", &self.from).finish_non_exhaustive()
    }
}
