//! One account: its changes and what it shows.

use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::engine::account;
use crate::engine::row_name::RowName;
use crate::error::{Error, LedgerError};
use crate::idem::Idem;
use crate::key::{Key, check_name};
use crate::ledger::account_state::AccountState;
use crate::ledger::change::{Change, Place, Read};
use crate::ledger::entry::{Entry, Hold};
use crate::ledger::request::{hold, posting};
use crate::ledger::settings::AccountSettings;
use crate::model::ledger::change::LedgerChange;
use crate::model::ledger::tally::saturated;
use crate::seq::stored;
use crate::store::Database;
use crate::store::ledger::queries::{EntryRange, LedgerQuery, answer};
use crate::store::ledger::rows::{Answer, EntryRow, WholeAccount, WideSum};

/// One account: a name for what may or may not be open. Cheap to clone.
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
/// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
/// use idem_core::ledger::Bounds;
/// use idem_core::{Error, Key};
///
/// let wallet = idem.ledger().account("wallet:7");
/// assert!(wallet.get().await?.is_none());
/// wallet.open(Bounds::at_least(0)).await?;
/// let key = |name: &str| Key::new("shop", name);
/// assert_eq!(wallet.apply_delta(&key("k1")?, 100).await?.balance, Some(100));
/// assert!(matches!(wallet.apply_delta(&key("k2")?, -101).await, Err(Error::OutOfBounds(_))));
/// assert_eq!(wallet.get().await?.map(|wallet| (wallet.balance, wallet.version)), Some((100, 1)));
/// # Ok(()) }) }
/// ```
pub struct Account<DB: Database> {
    idem: Idem<DB>,
    pub(super) name: Arc<str>,
    pub(super) expected: Option<u64>,
}

impl<DB: Database> Account<DB> {
    pub(super) fn new(idem: Idem<DB>, name: Arc<str>) -> Self {
        Self { idem, name, expected: None }
    }

    /// The name it was made with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its row, for [`Tx::lock_rows`](crate::Tx::lock_rows).
    pub fn row_name(&self) -> RowName {
        RowName::account(self.name.clone())
    }

    /// Changes the balance by `delta` minor units, once for this key: a repeat gets the same entry.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Key};
    ///
    /// let (wallet, key) = (idem.ledger().account("wallet:7"), Key::new("shop", "k1")?);
    /// let entry = wallet.apply_delta(&key, 5).await?;
    /// let again = wallet.apply_delta(&key, 5).await?;
    /// assert!(entry.is_fresh() && again.is_replay() && *again == *entry);
    /// assert_eq!((entry.seq, entry.delta, entry.balance), (1, 5, Some(5)));
    /// assert!(matches!(wallet.apply_delta(&key, 6).await, Err(Error::KeyReused(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if the balance would leave its bounds or `i64`: nothing is written, and the key stays free.
    /// [`Error::KeyReused`] if the key named another change. [`Error::Ledger`] for a closed account. Others: as [`Change`].
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn apply_delta(&self, key: &Key, delta: i64) -> Change<'static, DB, Entry> {
        self.change(key, LedgerChange::Delta { account: self.name.clone(), delta }, Entry::read)
    }

    /// Brings the balance to `balance` minor units; the entry holds the difference. A repeat gets the same entry and changes
    /// nothing, whatever the balance is by then.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::ledger::AccountSettings;
    /// use idem_core::{Error, Key};
    ///
    /// let (stock, key) = (idem.ledger().account("stock:7"), |name: &str| Key::new("shop", name));
    /// stock.apply_delta(&key("k1")?, 30).await?;
    /// assert_eq!(stock.set_balance(&key("counted")?, 28).await?.delta, -2);
    /// stock.apply_delta(&key("k2")?, 5).await?;
    /// assert!(stock.set_balance(&key("counted")?, 28).await?.is_replay());        // which changes nothing
    /// assert_eq!(stock.balance_after(3).await?, 33);
    ///
    /// let revenue = idem.ledger().account("revenue");
    /// revenue.open(AccountSettings::tally()).await?;
    /// assert!(matches!(revenue.set_balance(&key("k3")?, 0).await, Err(Error::Ledger(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// As [`Account::apply_delta`]; [`Error::Ledger`] for a tally.
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn set_balance(&self, key: &Key, balance: i64) -> Change<'static, DB, Entry> {
        self.change(key, LedgerChange::Set { account: self.name.clone(), balance }, Entry::read)
    }

    /// Reserves `amount` minor units, of 0 or more, until they are captured or released: they are part of the balance and
    /// not available. The hold's id is made from the key.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::ledger::Bounds;
    /// use idem_core::{Error, Key};
    ///
    /// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
    /// let wallet = ledger.account("wallet:7");
    /// wallet.open(Bounds::at_least(0)).await?;
    /// wallet.apply_delta(&key("k1")?, 100).await?;
    /// let hold = wallet.hold(&key("order")?, 70).await?;
    /// let state = wallet.get().await?.expect("opened above");
    /// assert_eq!((state.balance, state.held, state.available()), (100, 70, 30));
    /// assert!(matches!(wallet.hold(&key("other")?, 31).await, Err(Error::OutOfBounds(_))));
    /// ledger.capture(&key("shipped")?, &hold.id, "shop", 70).await?;
    /// assert_eq!(wallet.get().await?.map(|state| (state.balance, state.held)), Some((30, 0)));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// As [`Account::apply_delta`]; [`Error::Ledger`] for a tally or a negative amount.
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn hold(&self, key: &Key, amount: i64) -> Change<'static, DB, Hold> {
        self.change(key, hold(&self.name, key, amount, None), Hold::read)
    }

    /// The same until `lifetime` has passed on the database's clock, at most a thousand years: then it reserves nothing more.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use std::time::Duration;
    ///
    /// use idem_core::error::LedgerError;
    /// use idem_core::{Error, Key};
    ///
    /// let (ledger, key) = (idem.ledger(), |name: &str| Key::new("shop", name));
    /// let hold = ledger.account("wallet:7").hold_for(&key("order")?, 70, Duration::ZERO).await?;
    /// let late = ledger.capture(&key("shipped")?, &hold.id, "shop", 70).await;
    /// assert!(matches!(late, Err(Error::Ledger(error)) if matches!(*error, LedgerError::HoldExpired { .. })));
    /// assert!(ledger.release(&key("rest")?, &hold.id).await?.is_fresh());
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// As [`Account::hold`].
    ///
    /// # Cancel safety
    /// As [`Change`].
    pub fn hold_for(&self, key: &Key, amount: i64, lifetime: Duration) -> Change<'static, DB, Hold> {
        self.change(key, hold(&self.name, key, amount, Some(lifetime)), Hold::read)
    }

    /// A handle whose changes apply only if the newest entry of the account is number `version`: compare-and-set. A repeat with a
    /// known key is answered whatever the version is.
    ///
    /// Otherwise they are refused with [`LedgerError::Stale`](crate::error::LedgerError::Stale).
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::error::LedgerError;
    /// use idem_core::{Error, Key};
    ///
    /// let (wallet, key) = (idem.ledger().account("wallet:7"), |name: &str| Key::new("shop", name));
    /// let read = wallet.apply_delta(&key("k1")?, 100).await?.seq;
    /// assert_eq!(wallet.expect_version(read).set_balance(&key("k2")?, 50).await?.seq, 2);
    /// let stale = wallet.expect_version(read).set_balance(&key("k3")?, 70).await;
    /// assert!(matches!(stale, Err(Error::Ledger(error)) if matches!(*error, LedgerError::Stale { expected: 1, found: 2, .. })));
    /// # Ok(()) }) }
    /// ```
    #[must_use]
    pub fn expect_version(&self, version: u64) -> Self {
        Self { expected: Some(version), ..self.clone() }
    }

    /// Opens the account, or finds it open with the same settings. An account that an entry has opened can still get bounds, if
    /// its balance is within them.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Error;
    /// use idem_core::ledger::{AccountSettings, Bounds};
    ///
    /// let wallet = idem.ledger().account("wallet:7");
    /// let settings = AccountSettings::from(Bounds::at_least(0)).unit("EUR");
    /// wallet.open(settings.clone()).await?;
    /// wallet.open(settings).await?;                                               // found open
    /// assert_eq!(wallet.get().await?.and_then(|wallet| wallet.unit).as_deref(), Some("EUR"));
    /// assert!(matches!(wallet.open(Bounds::at_least(-100)).await, Err(Error::Ledger(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] if the balance is not within the bounds; [`Error::Ledger`] if it is open with other settings, or
    /// closed; [`Error::Key`] if the name or the unit is none; those of [`Idem::transaction`].
    ///
    /// # Cancel safety
    /// A dropped call has opened the account whole, or not at all.
    pub async fn open(&self, opening: impl Into<AccountSettings> + Send) -> Result<(), Error> {
        check_name("account", &self.name)?;
        let opening = opening.into();
        opening.check()?;
        let settings = &opening.of(&self.name);
        self.idem.transaction(|mut tx| async move { account::open(&mut tx, settings).await }).await
    }

    /// Closes the account: it keeps its entries and takes no more. A closed one is found closed.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::error::LedgerError;
    /// use idem_core::{Error, Key};
    ///
    /// let (wallet, key) = (idem.ledger().account("wallet:7"), |name: &str| Key::new("shop", name));
    /// wallet.apply_delta(&key("k1")?, 5).await?;
    /// let refused = wallet.close().await;
    /// assert!(matches!(refused, Err(Error::Ledger(error)) if matches!(*error, LedgerError::NotSettled { balance: 5, .. })));
    /// wallet.set_balance(&key("k2")?, 0).await?;
    /// wallet.close().await?;
    /// assert!(wallet.get().await?.is_some_and(|wallet| wallet.closed_at.is_some()));
    /// assert!(matches!(wallet.apply_delta(&key("k3")?, 5).await, Err(Error::Ledger(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Ledger`] if its balance or what is held is not 0, or it is a tally; those of [`Idem::transaction`].
    ///
    /// # Cancel safety
    /// A dropped call has closed the account, or not.
    pub async fn close(&self) -> Result<(), Error> {
        check_name("account", &self.name)?;
        self.idem.transaction(|mut tx| async move { account::close(&mut tx, &self.name).await }).await
    }

    /// The account as it stands; `None` if it was never opened.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::{Error, Key};
    ///
    /// let ledger = idem.ledger();
    /// assert_eq!(ledger.account("wallet:7").get().await?, None);
    /// ledger.transfer(&Key::new("bank", "k1")?, "bank", "wallet:7", 100).await?;
    /// let wallet = ledger.account("wallet:7").get().await?.expect("opened by its entry");
    /// assert_eq!((wallet.balance, wallet.version, wallet.unit), (100, 1, None));
    /// assert!(matches!(ledger.account("").get().await, Err(Error::Key(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Key`] if the name is none; those of the database.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn get(&self) -> Result<Option<AccountState>, Error> {
        let found: Option<WholeAccount> = self.ask(&LedgerQuery::Account(&self.name)).await?;
        Ok(found.map(|account| AccountState::of(account.into_row())))
    }

    /// Its entries, oldest first, a page at a time: 100, or as many as [`Entries::limit`] says. Errors and cancel safety: as
    /// [`Entries`].
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Key;
    ///
    /// let wallet = idem.ledger().account("wallet:7");
    /// for amount in [5, 7, 9] {
    ///     wallet.apply_delta(&Key::new("shop", amount.to_string())?, amount).await?;
    /// }
    /// let page = wallet.entries().limit(2).await?;
    /// assert_eq!(page.iter().map(|entry| entry.balance).collect::<Vec<_>>(), [Some(5), Some(12)]);
    /// let next = wallet.entries().after(page[1].seq).await?;
    /// assert_eq!((next.len(), next[0].delta), (1, 9));
    /// assert!(idem.ledger().account("").entries().await.is_err());
    /// # Ok(()) }) }
    /// ```
    pub fn entries(&self) -> Entries<'_, DB> {
        Entries { account: self, range: EntryRange::after(0), limit: 100 }
    }

    /// The balance after entry number `seq`, or after the newest one before it; 0 before the first.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::ledger::AccountSettings;
    /// use idem_core::{Error, Key};
    ///
    /// let wallet = idem.ledger().account("wallet:7");
    /// wallet.apply_delta(&Key::new("shop", "k1")?, 5).await?;
    /// wallet.apply_delta(&Key::new("shop", "k2")?, 7).await?;
    /// assert_eq!((wallet.balance_after(0).await?, wallet.balance_after(1).await?), (0, 5));
    /// assert_eq!(wallet.balance_after(99).await?, 12);
    ///
    /// let revenue = idem.ledger().account("revenue");
    /// revenue.open(AccountSettings::tally()).await?;
    /// assert!(matches!(revenue.balance_after(1).await, Err(Error::Ledger(_))));
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Ledger`] for a tally; [`Error::Key`] if the name is none; those of the database.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn balance_after(&self, seq: u64) -> Result<i64, Error> {
        let Some(state) = self.get().await? else { return Ok(0) };
        self.not_a_tally(&state)?;
        let seq = seq.min(state.version);
        if seq == 0 {
            return Ok(0);
        }
        let range = EntryRange::after(stored(seq) - 1);
        let query = LedgerQuery::Entries { account: &self.name, range, limit: 1 };
        let entry: Option<EntryRow> = self.ask(&query).await?;
        Ok(entry.and_then(|entry| entry.balance).unwrap_or(0))
    }

    /// The balance at a time of the database's clock: after the newest entry that was made by then. Of a tally all entries
    /// up to then are summed; a sum beyond 64 bits, which a tally never has but in the order of its times, is the nearest
    /// number of 64 bits.
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use std::time::Duration;
    ///
    /// use idem_core::{Key, Timestamp};
    ///
    /// let wallet = idem.ledger().account("wallet:7");
    /// let entry = wallet.apply_delta(&Key::new("shop", "k1")?, 5).await?;
    /// assert_eq!(wallet.balance_at(entry.at).await?, 5);
    /// assert_eq!(wallet.balance_at(entry.at.saturating_add(Duration::from_hours(24))).await?, 5);
    /// assert_eq!(wallet.balance_at(Timestamp::from_micros(0)).await?, 0);
    /// assert!(idem.ledger().account("").balance_at(entry.at).await.is_err());
    /// # Ok(()) }) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Key`] if the name is none; those of the database.
    ///
    /// # Cancel safety
    /// Reads only: a dropped call leaves nothing behind.
    pub async fn balance_at(&self, at: Timestamp) -> Result<i64, Error> {
        let Some(state) = self.get().await? else { return Ok(0) };
        if state.tally {
            let sum: Option<WideSum> = self.ask(&LedgerQuery::TallyAt { account: &self.name, at }).await?;
            return Ok(sum.map_or(0, |WideSum(sum)| saturated(sum)));
        }
        Ok(self.newest_by(at).await?.and_then(|entry| entry.balance).unwrap_or(0))
    }

    /// The newest entry that was made by then. Not of a tally.
    async fn newest_by(&self, at: Timestamp) -> Result<Option<EntryRow>, Error> {
        self.ask(&LedgerQuery::EntryAt { account: &self.name, at }).await
    }

    fn not_a_tally(&self, state: &AccountState) -> Result<(), Error> {
        if state.tally {
            return Err(LedgerError::Tally { account: self.name.to_string() }.into());
        }
        Ok(())
    }

    /// The first row that answers a query.
    async fn ask<T: Answer>(&self, query: &LedgerQuery<'_>) -> Result<Option<T>, Error> {
        self.ask_all(query).await.map(|rows| rows.into_iter().next())
    }

    async fn ask_all<T: Answer>(&self, query: &LedgerQuery<'_>) -> Result<Vec<T>, Error> {
        check_name("account", &self.name)?;
        let shared = &self.idem.shared;
        let mut lease = shared.readers.acquire().await?;
        let rows = answer(&mut lease.session(), query).await;
        shared.answer(lease, rows).await
    }

    fn change<O>(&self, key: &Key, change: LedgerChange, read: Read<O>) -> Change<'static, DB, O> {
        Change::new(Place::Own(self.idem.shared.clone()), posting(key, change), read).expecting(self.expected)
    }
}

/// A page of an account's entries: awaited, it is read.
///
/// # Errors
/// [`Error::Key`] if the account's name is none; those of the database.
///
/// # Cancel safety
/// Reads only: a dropped one leaves nothing behind.
#[must_use = "a page is read when it is awaited"]
pub struct Entries<'a, DB: Database> {
    account: &'a Account<DB>,
    range: EntryRange,
    limit: u32,
}

impl<DB: Database> Entries<'_, DB> {
    /// Those after entry number `seq`: the last of the page before. Default 0: from the first one on.
    ///
    /// An entry of a tally has a number in the order of time, and one whose transaction commits later can have a smaller number
    /// than one that is seen already: read a tally again from a little before.
    pub fn after(self, seq: u64) -> Self {
        Self { range: EntryRange { after: stored(seq), ..self.range }, ..self }
    }

    /// Those that were made at this time of the database's clock, or later. A statement of an account begins with the balance before its
    /// first entry:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/sqlite.rs"));
    /// # #[cfg(feature = "sqlite")] fn main() -> Done { on_sqlite(async |idem| {
    /// use idem_core::Key;
    ///
    /// let wallet = idem.ledger().account("wallet:7");
    /// for (name, delta) in [("a", 5), ("b", -2), ("c", 4)] {
    ///     wallet.apply_delta(&Key::new("shop", name)?, delta).await?;
    /// }
    /// let since = wallet.entries().after(1).limit(1).await?[0].at;            // when the second was made
    /// let page = wallet.entries().since(since).before(since.saturating_add(std::time::Duration::from_hours(24))).await?;
    /// let opening = wallet.balance_after(page[0].seq - 1).await?;
    /// let closing = opening + page.iter().map(|entry| entry.delta).sum::<i64>();
    /// assert_eq!((closing, page.last().and_then(|entry| entry.balance)), (7, Some(7)));
    /// assert!(wallet.entries().since(page[1].at).before(since).await?.is_empty());
    /// # Ok(()) }) }
    /// ```
    ///
    /// Default: from the first one on.
    pub fn since(self, at: Timestamp) -> Self {
        Self { range: EntryRange { since: at, ..self.range }, ..self }
    }

    /// Those that were made before this time of the database's clock. The times of an account's entries never fall, so a range of
    /// time is found without reading the entries before it. Of a tally they can, and all its entries are read.
    /// Default: up to the newest one.
    pub fn before(self, at: Timestamp) -> Self {
        Self { range: EntryRange { before: at, ..self.range }, ..self }
    }

    /// At most this many, and at most 10,000, whatever is given. Default 100.
    pub fn limit(self, limit: u32) -> Self {
        Self { limit: limit.min(10_000), ..self }
    }
}

impl<DB: Database> Entries<'_, DB> {
    async fn page(self) -> Result<Vec<Entry>, Error> {
        let Self { account, mut range, limit } = self;
        let everything = EntryRange::after(range.after);
        if (range.since, range.before) != (everything.since, everything.before) {
            let Some(state) = account.get().await? else { return Ok(Vec::new()) };
            if !state.tally {
                narrow(account, &mut range).await?;
            }
        }
        if range.until <= range.after {
            return Ok(Vec::new());
        }
        let query = LedgerQuery::Entries { account: &account.name, range, limit: i64::from(limit) };
        Ok(account.ask_all(&query).await?.iter().map(Entry::of).collect())
    }
}

/// Finds the seqs of a range of time: the times of the entries do not fall.
async fn narrow<DB: Database>(account: &Account<DB>, range: &mut EntryRange) -> Result<(), Error> {
    let newest_before = async |at: Timestamp| match at.as_micros().checked_sub(1) {
        Some(by) => Ok(account.newest_by(Timestamp::from_micros(by)).await?.map_or(0, |entry| entry.seq)),
        None => Ok::<i64, Error>(0),
    };
    range.after = range.after.max(newest_before(range.since).await?);
    range.until = range.until.min(newest_before(range.before).await?);
    Ok(())
}

impl<'a, DB: Database> IntoFuture for Entries<'a, DB> {
    type Output = Result<Vec<Entry>, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.page())
    }
}

impl<DB: Database> Clone for Account<DB> {
    fn clone(&self) -> Self {
        Self { idem: self.idem.clone(), name: self.name.clone(), expected: self.expected }
    }
}

impl<DB: Database> fmt::Debug for Account<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<DB: Database> fmt::Debug for Entries<'_, DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entries")
            .field("account", &self.account.name)
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}
