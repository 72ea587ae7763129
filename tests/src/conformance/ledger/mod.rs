//! A desk at the ledger: the clauses about money make each call on its own and inside a transaction.

pub mod audit;
pub mod batches;
pub mod bounds;
pub mod deltas;
pub mod holds;
pub mod metadata;
pub mod moments;
pub mod opening;
pub mod reads;
pub mod steps;
pub mod tallies;
pub mod transfers;
pub mod within;

use std::fmt::Debug;
use std::time::Duration;

use idem_core::error::{LedgerError, OutOfBounds};
use idem_core::ledger::{AccountSettings, AccountState, Entry, Hold, Ledger, Metadata, Transfer};
use idem_core::{Error, ErrorKind, Idem, Outcome, RetryPolicy};

use crate::conformance::{Stored, Subject, key, refused};

/// What a change came to.
pub(super) type Changed<O> = Result<Outcome<O>, Error>;

/// How a desk makes its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Each in a transaction of the engine's own.
    Own,
    /// Each inside a transaction that is then committed, also after a refusal.
    Within,
}

/// A ledger with tables of its own.
pub(super) struct Desk<'s, S: Subject> {
    pub(super) stored: &'s Stored<'s, S>,
    pub(super) idem: Idem<S::DB>,
    pub(super) ledger: Ledger<S::DB>,
    pub(super) way: Way,
}

/// Makes a call in the desk's way.
macro_rules! in_its_way {
    ($desk:ident, $tx:ident, $own:expr, $within:expr) => {
        match $desk.way {
            Way::Own => $own.await,
            Way::Within => {
                let mut $tx = $desk.idem.begin().await?;
                let answer = $within.await;
                $tx.commit().await.expect("a refused call leaves the transaction usable");
                answer
            }
        }
    };
}

impl<'s, S: Subject> Desk<'s, S> {
    /// One desk for each way.
    pub(super) async fn each(stored: &'s Stored<'s, S>) -> Vec<Self> {
        let mut desks = Vec::new();
        for way in [Way::Own, Way::Within] {
            let idem = open(stored, way).await;
            desks.push(Self { stored, ledger: idem.ledger(), idem, way });
        }
        desks
    }

    /// The same ledger for another process.
    pub(super) async fn another(&self) -> Idem<S::DB> {
        open(self.stored, self.way).await
    }

    pub(super) async fn delta(&self, name: &str, account: &str, delta: i64) -> Changed<Entry> {
        let account = self.ledger.account(account);
        in_its_way!(
            self,
            tx,
            account.apply_delta(&key(name), delta),
            account.within(&mut tx).apply_delta(&key(name), delta)
        )
    }

    pub(super) async fn noted(&self, name: &str, account: &str, delta: i64, metadata: &Metadata) -> Changed<Entry> {
        let account = self.ledger.account(account);
        in_its_way!(
            self,
            tx,
            account.apply_delta(&key(name), delta).metadata(metadata),
            account.within(&mut tx).apply_delta(&key(name), delta).metadata(metadata)
        )
    }

    pub(super) async fn set(&self, name: &str, account: &str, balance: i64) -> Changed<Entry> {
        let account = self.ledger.account(account);
        in_its_way!(
            self,
            tx,
            account.set_balance(&key(name), balance),
            account.within(&mut tx).set_balance(&key(name), balance)
        )
    }

    pub(super) async fn delta_at(&self, name: &str, account: &str, version: u64, delta: i64) -> Changed<Entry> {
        let account = self.ledger.account(account).expect_version(version);
        in_its_way!(
            self,
            tx,
            account.apply_delta(&key(name), delta),
            account.within(&mut tx).apply_delta(&key(name), delta)
        )
    }

    pub(super) async fn delta_or_remember(&self, name: &str, account: &str, delta: i64) -> Changed<Entry> {
        let account = self.ledger.account(account);
        in_its_way!(
            self,
            tx,
            account.apply_delta(&key(name), delta).remember_refusal(),
            account.within(&mut tx).apply_delta(&key(name), delta).remember_refusal()
        )
    }

    pub(super) async fn transfer(&self, name: &str, from: &str, to: &str, amount: i64) -> Changed<Transfer> {
        let (ledger, key) = (&self.ledger, key(name));
        in_its_way!(
            self,
            tx,
            ledger.transfer(&key, from, to, amount),
            ledger.within(&mut tx).transfer(&key, from, to, amount)
        )
    }

    pub(super) async fn post(&self, name: &str, entries: &[(&str, i64)]) -> Changed<Vec<Entry>> {
        let (ledger, key, entries) = (&self.ledger, key(name), entries.to_vec());
        in_its_way!(self, tx, ledger.post(&key, entries), ledger.within(&mut tx).post(&key, entries))
    }

    pub(super) async fn hold(&self, name: &str, account: &str, amount: i64) -> Changed<Hold> {
        let account = self.ledger.account(account);
        in_its_way!(self, tx, account.hold(&key(name), amount), account.within(&mut tx).hold(&key(name), amount))
    }

    /// A hold that has expired when it is made.
    pub(super) async fn expired_hold(&self, name: &str, account: &str, amount: i64) -> Changed<Hold> {
        let (account, none) = (self.ledger.account(account), Duration::ZERO);
        in_its_way!(
            self,
            tx,
            account.hold_for(&key(name), amount, none),
            account.within(&mut tx).hold_for(&key(name), amount, none)
        )
    }

    pub(super) async fn capture(&self, name: &str, hold: &str, to: &str, amount: i64) -> Changed<Transfer> {
        let (ledger, key) = (&self.ledger, key(name));
        in_its_way!(
            self,
            tx,
            ledger.capture(&key, hold, to, amount),
            ledger.within(&mut tx).capture(&key, hold, to, amount)
        )
    }

    pub(super) async fn capture_or_remember(&self, name: &str, hold: &str, to: &str, amount: i64) -> Changed<Transfer> {
        let (ledger, key) = (&self.ledger, key(name));
        in_its_way!(
            self,
            tx,
            ledger.capture(&key, hold, to, amount).remember_refusal(),
            ledger.within(&mut tx).capture(&key, hold, to, amount).remember_refusal()
        )
    }

    pub(super) async fn release(&self, name: &str, hold: &str) -> Changed<Entry> {
        let (ledger, key) = (&self.ledger, key(name));
        in_its_way!(self, tx, ledger.release(&key, hold), ledger.within(&mut tx).release(&key, hold))
    }

    pub(super) async fn open(&self, account: &str, opening: impl Into<AccountSettings> + Send) -> Result<(), Error> {
        let (account, opening) = (self.ledger.account(account), opening.into());
        in_its_way!(self, tx, account.open(opening), account.within(&mut tx).open(opening))
    }

    pub(super) async fn close(&self, account: &str) -> Result<(), Error> {
        let account = self.ledger.account(account);
        in_its_way!(self, tx, account.close(), account.within(&mut tx).close())
    }

    /// The account as it stands, which exists.
    pub(super) async fn state(&self, account: &str) -> AccountState {
        self.ledger.account(account).get().await.expect("readable").expect("an open account")
    }

    pub(super) async fn balance(&self, account: &str) -> i64 {
        self.ledger.account(account).get().await.expect("readable").map_or(0, |state| state.balance)
    }

    /// The entries prove everything that the desk did.
    pub(super) async fn proven(&self) {
        let report = self.ledger.audit().await.expect("readable");
        assert!(report.is_sound(), "{:?}", report.findings);
    }

    /// How many rows the ledger has: unchanged where nothing may be written. An account that a refused call in a
    /// transaction had to lock may be there since, empty.
    pub(super) async fn rows(&self) -> i64 {
        let prefix = self.way.prefix();
        let tables = ["accounts WHERE seq > 0", "entries", "claims", "holds"];
        let counts: Vec<_> = tables.iter().map(|table| format!("(SELECT count(*) FROM {prefix}{table})")).collect();
        self.stored.number(&format!("SELECT {}", counts.join(" + "))).await
    }
}

async fn open<S: Subject>(stored: &Stored<'_, S>, way: Way) -> Idem<S::DB> {
    // Many callers wait for connections and locks, which is what is tested, not for how long.
    let patient = stored.subject.builder().lock_wait(Duration::from_mins(1)).max_connections(4);
    let patient = patient.acquire_timeout(Duration::from_mins(1)).retry(RetryPolicy::default().attempts(100));
    let opened = patient.prefix(way.prefix()).open(&stored.subject.url()).await;
    opened.expect("the database opens")
}

impl Way {
    fn prefix(self) -> &'static str {
        match self {
            Self::Own => "idem_",
            Self::Within => "within_",
        }
    }
}

/// What an entry is about, and by how much it changed what is held.
pub(super) fn hold_of(entry: &Entry) -> Option<(&str, i64)> {
    entry.hold.as_ref().map(|change| (&*change.hold, change.reserved))
}

/// Why a change was refused by the ledger.
#[track_caller]
pub(super) fn unlawful<T: Debug>(answer: Result<T, Error>) -> LedgerError {
    match refused(answer, ErrorKind::Ledger) {
        Error::Ledger(error) => *error,
        other => panic!("expected an error of the ledger, found {other:?}"),
    }
}

/// The bound that a change did not fit.
#[track_caller]
pub(super) fn unfit<T: Debug>(answer: Result<T, Error>) -> OutOfBounds {
    match refused(answer, ErrorKind::OutOfBounds) {
        Error::OutOfBounds(bounds) => *bounds,
        other => panic!("expected a bound, found {other:?}"),
    }
}
