//! What is asked about the ledger: a statement each.

use sqlx::{Error, Sqlite, SqliteConnection};

use crate::store::error::StoreError;
use crate::store::ledger::{LedgerReads, PAGE, Question, Row};
use crate::store::read::Reader;
use crate::store::sqlite::bind::{Bytes, Values, json};
use crate::store::sqlite::classify::classify;
use crate::store::sqlite::dialect::{Statements, rows};
use crate::store::sqlite::reads::fetch;
use crate::store::statement::Text;
use crate::store::tables::Tables;

/// The statements of the questions.
#[derive(Debug)]
pub(super) struct Texts {
    account: Text,
    entries: Text,
    entry_at: Text,
    tally_at: Text,
    expired_holds: Text,
    holds: Text,
    hold_count: Text,
    all_accounts: Text,
    all_entries: Text,
    all_keys: Text,
    keys_named: Text,
    runs: Text,
    rings: Text,
}

impl Texts {
    pub(super) fn new(tables: &Tables) -> Self {
        let text = |text: &str| tables.text(&rows(text));
        Self {
            account: text(ACCOUNT),
            entries: text(ENTRIES),
            entry_at: text(ENTRY_AT),
            tally_at: text(TALLY_AT),
            expired_holds: text(EXPIRED_HOLDS),
            holds: text(HOLDS),
            hold_count: text("SELECT count(*) FROM {holds}"),
            all_accounts: text(ALL_ACCOUNTS),
            all_entries: text(ALL_ENTRIES),
            all_keys: text(ALL_KEYS),
            keys_named: text(KEYS_NAMED),
            runs: text(RUNS),
            rings: text(RINGS),
        }
    }

    /// Those that find rows by an index, for tests of their plans.
    #[cfg(test)]
    pub(super) fn indexed(&self) -> impl Iterator<Item = &Text> {
        let of_account = [&self.account, &self.entries, &self.entry_at, &self.tally_at, &self.expired_holds];
        let pages = [&self.all_accounts, &self.all_entries, &self.all_keys];
        let named = [&self.holds, &self.keys_named, &self.runs, &self.rings];
        of_account.into_iter().chain(pages).chain(named)
    }
}

impl LedgerReads for Sqlite {
    /// The first read fixes the moment.
    const SNAPSHOT: &'static str = "BEGIN";

    async fn answer<T: Row>(
        conn: &mut SqliteConnection,
        sql: &Statements,
        question: &Question<'_>,
    ) -> Result<Vec<T>, StoreError> {
        answer(conn, &sql.ledger, question).await.map_err(classify)
    }
}

async fn answer<T: Row>(conn: &mut SqliteConnection, texts: &Texts, question: &Question<'_>) -> Result<Vec<T>, Error> {
    let values = Values::new();
    let (text, values) = match *question {
        Question::Account(account) => (&texts.account, values.bind(account)?),
        Question::Entries { account, after, limit } => {
            (&texts.entries, values.bind(account)?.bind(after)?.bind(limit)?)
        }
        Question::EntryAt { account, at } => (&texts.entry_at, values.bind(account)?.bind(at.as_micros())?),
        Question::TallyAt { account, at } => (&texts.tally_at, values.bind(account)?.bind(at.as_micros())?),
        Question::ExpiredHolds { account, now, limit } => {
            (&texts.expired_holds, values.bind(account)?.bind(now.as_micros())?.bind(limit)?)
        }
        Question::Holds(names) => (&texts.holds, values.bind(json(names)?)?),
        Question::HoldCount => (&texts.hold_count, values),
        Question::AllAccounts(after) => (&texts.all_accounts, values.bind(after)?.bind(PAGE)?),
        Question::AllEntries((account, seq)) => (&texts.all_entries, values.bind(account)?.bind(seq)?.bind(PAGE)?),
        Question::AllTails(_) => return Ok(Vec::new()),
        Question::AllKeys(after) => (&texts.all_keys, values.bind(after)?.bind(PAGE)?),
        Question::KeysNamed(hashes) => {
            (&texts.keys_named, values.bind(json(hashes.iter().map(|hash| Bytes(&hash.0)))?)?)
        }
        Question::Runs(runs) => (&texts.runs, values.bind(json(runs)?)?),
        Question::Rings(of) => (&texts.rings, values.bind(json(of)?)?),
    };
    fetch(conn, text, values.finish()).await?.iter().map(|row| T::read(&mut Reader::new(row))).collect()
}

/// There are no tails.
const ACCOUNT: &str = "SELECT 0, {account} FROM {accounts} a WHERE a.account = $1";

const ENTRIES: &str = "
SELECT {entry} FROM {entries} e WHERE e.account = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3";

/// Times do not fall along an account's entries, so the last one by then is found by halving.
const ENTRY_AT: &str = "
WITH RECURSIVE half (low, high) AS (
    SELECT 0, seq FROM {accounts} WHERE account = $1
    UNION ALL
    SELECT CASE WHEN e.at <= $2 THEN e.seq ELSE d.low END, CASE WHEN e.at <= $2 THEN d.high ELSE e.seq - 1 END
    FROM half d CROSS JOIN {entries} e ON e.account = $1 AND e.seq = (d.low + d.high + 1) / 2
    WHERE d.low < d.high)
SELECT {entry} FROM half d CROSS JOIN {entries} e ON e.account = $1 AND e.seq = d.low WHERE d.low = d.high";

const TALLY_AT: &str = "SELECT coalesce(sum(delta), 0) FROM {entries} WHERE account = $1 AND at <= $2";

const EXPIRED_HOLDS: &str = "
SELECT hold, account, amount, remaining, expires_at FROM {holds} INDEXED BY {:holds_by_expiry}
WHERE account = $1 AND remaining > 0 AND expires_at <= $2
ORDER BY expires_at LIMIT $3";

const HOLDS: &str = "
SELECT h.hold, h.account, h.amount, h.remaining, h.expires_at
FROM json_each($1) j CROSS JOIN {holds} h ON h.hold = j.value";

const ALL_ACCOUNTS: &str =
    "SELECT a.account, {account} FROM {accounts} a WHERE a.account > $1 ORDER BY a.account LIMIT $2";

const ALL_ENTRIES: &str = "
SELECT {entry}, e.leg, ((e.hold IS NULL) <> (e.reserved IS NULL) OR (e.scope IS NULL) <> (e.key IS NULL)
    OR (e.machine IS NULL) <> (e.id IS NULL) OR (e.machine IS NULL) <> (e.machine_seq IS NULL)
    OR (e.next_account IS NULL) <> (e.next_seq IS NULL))
FROM {entries} e WHERE (e.account, e.seq) > ($1, $2) ORDER BY e.account, e.seq LIMIT $3";

const ALL_KEYS: &str = "
SELECT d.hash, d.surface, d.target, d.seq, d.fingerprint, d.at, d.expires_at, d.outcome, e.scope, e.key
FROM (SELECT * FROM {keys} WHERE hash > $1 ORDER BY hash LIMIT $2) d
LEFT JOIN {entries} e ON e.account = d.target AND e.seq = d.seq
ORDER BY d.hash";

const KEYS_NAMED: &str = "
SELECT j.key, k.surface, k.target, k.seq, k.fingerprint, k.at, k.expires_at, k.outcome
FROM json_each($1) j CROSS JOIN {keys} k ON k.hash = unhex(j.value)";

const RUNS: &str = "
SELECT j.key, t.command, t.at
FROM json_each($1) j
CROSS JOIN {transitions} t ON t.machine = j.value->>0 AND t.id = j.value->>1 AND t.seq = j.value->>2";

/// A ring that does not close ends where it is longer than any posting.
const RINGS: &str = "
WITH RECURSIVE ring (place, depth, first_account, first_seq, leg, {entry columns}) AS (
    SELECT j.key, 1, e.account, e.seq, e.leg, {entry}
    FROM json_each($1) j CROSS JOIN {entries} e ON e.account = j.value->>0 AND e.seq = j.value->>1
    UNION ALL
    SELECT d.place, d.depth + 1, d.first_account, d.first_seq, e.leg, {entry}
    FROM ring d CROSS JOIN {entries} e ON e.account = d.next_account AND e.seq = d.next_seq
    WHERE d.depth <= 1000 AND (d.next_account, d.next_seq) <> (d.first_account, d.first_seq))
SELECT place, (SELECT a.unit FROM {accounts} a WHERE a.account = d.account), {entry columns}, leg
FROM ring d ORDER BY place, depth";
