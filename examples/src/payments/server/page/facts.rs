//! What the page shows, read from the tables.

use idem_core::{Database, Timestamp};
use sqlx::Pool;

use super::super::error::ApiError;
use super::super::machine::intent;
use super::super::payouts::{self, Unknown};
use super::super::requests::Seen;
use super::super::store::Store;
use super::Page;
use super::proof::Proof;

/// Requests and accounts that are listed.
const LISTED: i64 = 20;
/// Payouts that are listed.
const UNKNOWN: usize = 20;

/// Verdicts of requests that came before, or came at the same time.
const DUPLICATES: [&str; 3] = ["replayed", "late", "in_flight"];

/// An account of the ledger, in minor units.
#[derive(Debug)]
pub(in crate::payments) struct Account {
    pub(super) name: String,
    pub(super) balance: i64,
    pub(super) held: i64,
    pub(super) entries: i64,
}

/// All of it.
#[derive(Debug)]
pub(in crate::payments) struct Facts {
    /// In the order of the graph.
    pub(super) intents: Vec<(intent::StateKind, u64)>,
    pub(super) verdicts: Vec<(String, i64)>,
    pub(super) not_logged: u64,
    pub(super) requests: Vec<(Timestamp, Seen)>,
    /// Of merchants and of the bank: those with the most entries.
    pub(super) accounts: Vec<Account>,
    /// Of all accounts: how many there are, how many entries they have, and the sum of the currency that is furthest from 0.
    pub(super) books: [i64; 3],
    pub(super) proof: Option<Proof>,
    /// How many payouts have an unknown end, and the first of them.
    pub(super) unknown: (usize, Vec<Unknown>),
}

/// The statement that has four columns; [`Tables`] has the others.
pub(in crate::payments) trait Accounts: Database {
    /// Those that are no payer's, the ones with the most entries first.
    fn accounts(pool: &Pool<Self>, limit: i64) -> impl Future<Output = Result<Vec<Account>, sqlx::Error>> + Send;
}

macro_rules! accounts {
    ($database:ty) => {
        impl Accounts for $database {
            async fn accounts(pool: &Pool<Self>, limit: i64) -> Result<Vec<Account>, sqlx::Error> {
                let select = "SELECT account, balance, held, seq FROM idem_accounts WHERE account NOT LIKE '%:payer:%'
                    ORDER BY seq DESC, account LIMIT $1";
                let rows: Vec<(String, i64, i64, i64)> = sqlx::query_as(select).bind(limit).fetch_all(pool).await?;
                let account = |(name, balance, held, entries)| Account { name, balance, held, entries };
                Ok(rows.into_iter().map(account).collect())
            }
        }
    };
}

accounts!(sqlx::Sqlite);
accounts!(sqlx::Postgres);

const BOOKS: [&str; 3] = [
    "SELECT count(*) FROM idem_accounts",
    "SELECT count(seq) FROM idem_entries",
    // Names end with the currency.
    "SELECT CAST(coalesce(max(abs(total)), 0) AS BIGINT) FROM (
        SELECT sum(balance) AS total FROM idem_accounts GROUP BY substr(account, length(account) - 2)) of_currency",
];

impl Facts {
    /// Reads them. What is written meanwhile may be in some of them.
    ///
    /// # Errors
    /// Those of the database.
    pub(super) async fn read<DB: Store>(page: &Page<DB>) -> Result<Self, ApiError> {
        let (app, pool) = (&page.app, page.app.idem.pool());
        page.requests.flush().await;
        let counts = app.intents.count_by_state().await?;
        let mut books = [0; 3];
        for (number, sql) in books.iter_mut().zip(BOOKS) {
            *number = DB::number(pool, sql).await?;
        }
        Ok(Self {
            intents: intent::StateKind::ALL.iter().map(|state| (*state, counts.of(state))).collect(),
            verdicts: DB::by_verdict(pool).await?,
            not_logged: page.requests.not_logged(),
            requests: DB::newest(pool, LISTED).await?,
            accounts: DB::accounts(pool, LISTED).await?,
            books,
            proof: page.prover.proof(&app.idem).await,
            unknown: payouts::unknown(&app.idem, UNKNOWN).await?,
        })
    }

    /// Requests in the log, and how many of them were duplicates.
    pub(super) fn duplicates(&self) -> (i64, i64) {
        let count = |(verdict, count): &(String, i64)| if DUPLICATES.contains(&&**verdict) { *count } else { 0 };
        (self.verdicts.iter().map(|(_, count)| count).sum(), self.verdicts.iter().map(count).sum())
    }
}
