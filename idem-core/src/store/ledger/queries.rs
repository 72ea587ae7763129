//! Reads of the ledger, the locks and the settings of accounts: a statement each.

use super::rows::{AccountRow, Answer, WholeAccount, WideSum};
use crate::clock::Timestamp;
use crate::key::KeyHash;
use crate::model::ledger::settings::SettingsRow;
use crate::store::Database;
use crate::store::binder::Binder;
use crate::store::columns::Column;
use crate::store::error::StoreError;
use crate::store::loaded::{KeysOf, Loaded, loaded};
use crate::store::machine::queries::{HASHES, names, transition_ids};
use crate::store::reader::{Reader, placed};
use crate::store::session::Session;

/// How many rows a page of an audit has.
pub(crate) const PAGE: i64 = 1_000;

/// One query of the ledger: of one account first, then those of an audit.
#[derive(Debug)]
pub enum LedgerQuery<'q> {
    /// An account by its name: [`WholeAccount`](super::rows::WholeAccount).
    Account(&'q str),
    /// Entries of an account, oldest first, at most `limit`: [`EntryRow`](super::rows::EntryRow).
    Entries { account: &'q str, range: EntryRange, limit: i64 },
    /// The newest entry of an account, no tally, that was made by `at`: [`EntryRow`](super::rows::EntryRow).
    EntryAt { account: &'q str, at: Timestamp },
    /// The sum of a tally's entries that were made by `at`: [`WideSum`](super::rows::WideSum).
    TallyAt { account: &'q str, at: Timestamp },
    /// The oldest holds of an account that have expired by `now` and still reserve something, at most `limit`:
    /// [`NamedHold`](super::rows::NamedHold).
    ExpiredHolds { account: &'q str, now: Timestamp, limit: i64 },
    /// Holds by their names: [`NamedHold`](super::rows::NamedHold).
    Holds(&'q [&'q str]),
    /// How many holds there are: `i64`.
    HoldCount,
    /// A page of all accounts after this name: [`NamedAccount`](super::rows::NamedAccount).
    AllAccounts(&'q str),
    /// A page of all entries after this account and seq: [`AuditedEntry`](super::rows::AuditedEntry).
    AllEntries((&'q str, i64)),
    /// A page of all tails after this account and seq: [`TailRow`](super::rows::TailRow). None where a tally has no tail.
    AllTails((&'q str, i64)),
    /// A page of all remembered refusals after this hash: [`RefusalRow`](super::rows::RefusalRow).
    AllRefusals(&'q [u8]),
    /// Transitions by machine, id and seq: [`Placed`](super::rows::Placed) [`CommandAt`](super::rows::CommandAt).
    Transitions(&'q [(&'q str, &'q str, i64)]),
    /// The entries of postings, from one of each along the links back to it, at most one more than a posting may have:
    /// [`Placed`](super::rows::Placed) [`PostingEntry`](super::rows::PostingEntry).
    Postings(&'q [(&'q str, i64)]),
}

/// Which entries of an account.
#[derive(Debug, Clone, Copy)]
pub struct EntryRange {
    /// Those with a larger seq.
    pub(crate) after: i64,
    /// Those with this seq or a smaller one.
    pub(crate) until: i64,
    /// Those that were made at this time or later.
    pub(crate) since: Timestamp,
    /// Those that were made earlier.
    pub(crate) before: Timestamp,
}

impl EntryRange {
    pub(crate) fn after(seq: i64) -> Self {
        let [since, before] = [i64::MIN, i64::MAX].map(Timestamp::from_micros);
        Self { after: seq, until: i64::MAX, since, before }
    }
}

const fn entry_ids<'a>() -> [Column<(&'a str, i64)>; 2] {
    [Column::text("account", |id| Some(id.0)), Column::int("seq", |id| Some(id.1))]
}

/// The rows that answer a query: one statement, no lock.
pub(crate) async fn answer<DB: Database, T: Answer>(
    session: &mut Session<'_, DB>,
    query: &LedgerQuery<'_>,
) -> Result<Vec<T>, StoreError> {
    let (sql, binder) = (session.sql, Binder::new());
    let texts = &sql.ledger;
    let (text, binder) = match *query {
        LedgerQuery::Account(account) => (&texts.account, binder.bind(account)),
        LedgerQuery::Entries { account, range, limit } => {
            let binder = binder.bind(account).bind(range.after).bind(range.until).bind(range.since).bind(range.before);
            (&texts.entries, binder.bind(limit))
        }
        LedgerQuery::EntryAt { account, at } => (&texts.entry_at, binder.bind(account).bind(at)),
        LedgerQuery::TallyAt { account, at } => (&texts.tally_at, binder.bind(account).bind(at)),
        LedgerQuery::ExpiredHolds { account, now, limit } => {
            (&texts.expired_holds, binder.bind(account).bind(now).bind(limit))
        }
        LedgerQuery::Holds(holds) => (&texts.holds, binder.rows(&names(), holds)),
        LedgerQuery::HoldCount => (&texts.hold_count, binder),
        LedgerQuery::AllAccounts(after) => (&texts.all_accounts, binder.bind(after).bind(PAGE)),
        LedgerQuery::AllEntries((account, seq)) => (&texts.all_entries, binder.bind(account).bind(seq).bind(PAGE)),
        LedgerQuery::AllTails(_) if texts.all_tails.is_empty() => return Ok(Vec::new()),
        LedgerQuery::AllTails((account, seq)) => (&texts.all_tails, binder.bind(account).bind(seq).bind(PAGE)),
        LedgerQuery::AllRefusals(after) => (&texts.all_refusals, binder.bind(after).bind(PAGE)),
        LedgerQuery::Transitions(ids) => (&texts.transitions, binder.rows(&transition_ids(), ids)),
        LedgerQuery::Postings(entries) => (&texts.postings, binder.rows(&entry_ids(), entries)),
    };
    let rows = session.fetch(text, binder).await?;
    Ok(rows.iter().map(|row| T::read(&mut Reader::new(row))).collect::<Result<_, _>>()?)
}

/// Keys of the ledger with the entries they name, accounts, and the database's time: one statement, no lock.
pub(crate) async fn load_ledger<DB: Database>(
    session: &mut Session<'_, DB>,
    keys: &[KeyHash],
    accounts: &[&str],
) -> Result<Loaded<AccountRow>, StoreError> {
    let sql = session.sql;
    let binder = Binder::new().rows(&HASHES, keys).rows(&names(), accounts);
    let rows = session.fetch(&sql.ledger.load, binder).await?;
    Ok(loaded::<DB, _>(&rows, KeysOf::Ledger, (accounts.len(), keys.len()))?)
}

/// The accounts, in the order asked. With `lock`, each is locked, in the order of bytes; where only a row that exists can be
/// locked, a missing one is opened first.
pub(crate) async fn load_accounts<DB: Database>(
    session: &mut Session<'_, DB>,
    accounts: &[&str],
    lock: bool,
) -> Result<Vec<Option<AccountRow>>, StoreError> {
    let sql = session.sql;
    let text = if lock { &sql.ledger.lock_accounts } else { &sql.ledger.load_accounts };
    let rows = session.fetch(text, Binder::new().rows(&names(), accounts)).await?;
    Ok(placed(&rows, accounts.len(), Reader::maybe)?)
}

/// Locks a tally, and compacts it: what its balance cannot take without its tail would be refused.
pub(crate) async fn lock_tally<DB: Database>(session: &mut Session<'_, DB>, account: &str) -> Result<(), StoreError> {
    let sql = session.sql;
    if !sql.ledger.lock_tally.is_empty() {
        session.fetch(&sql.ledger.lock_tally, Binder::new().bind(account)).await?;
    }
    compact_tally(session, account).await
}

/// A tally, with what its tail adds up to.
pub(crate) async fn load_tally<DB: Database>(
    session: &mut Session<'_, DB>,
    account: &str,
) -> Result<Option<(AccountRow, i128)>, StoreError> {
    let found: Vec<WholeAccount> = answer(session, &LedgerQuery::Account(account)).await?;
    Ok(found.into_iter().next().map(|WholeAccount { row, tail: WideSum(tail) }| (row, tail)))
}

/// Gives an account that is locked its bounds, its unit and its kind.
pub(crate) async fn put_account<DB: Database>(
    session: &mut Session<'_, DB>,
    settings: &SettingsRow<'_>,
) -> Result<(), StoreError> {
    let sql = session.sql;
    let &SettingsRow { account, floor, ceiling, unit, tally, closed_at } = settings;
    let binder = Binder::new().bind(account).bind(floor).bind(ceiling).bind(unit).bind(tally).bind(closed_at);
    session.fetch(&sql.ledger.put_account, binder).await.map(drop)
}

/// Moves the tail of a tally into its balance. Nothing to do where a tally has no tail.
pub(crate) async fn compact_tally<DB: Database>(
    session: &mut Session<'_, DB>,
    account: &str,
) -> Result<(), StoreError> {
    let sql = session.sql;
    if sql.ledger.compact_tally.is_empty() {
        return Ok(());
    }
    session.fetch(&sql.ledger.compact_tally, Binder::new().bind(account)).await.map(drop)
}
