//! What an audit of the ledger asks.

use sqlx::{Error, Sqlite, SqliteConnection};

use super::bind::{Bytes, Values, json};
use super::classify::classify;
use super::dialect::{Statements, rows};
use super::reads::fetch;
use crate::store::audit::{Audited, PAGE, Question, Row};
use crate::store::error::StoreError;
use crate::store::read::Reader;
use crate::store::statement::Text;
use crate::store::tables::Tables;

/// The statements of an audit.
#[derive(Debug)]
pub(super) struct Texts {
    accounts: Text,
    entries: Text,
    keys: Text,
    keys_named: Text,
    runs: Text,
    rings: Text,
    holds: Text,
    hold_count: Text,
}

impl Texts {
    pub(super) fn new(tables: &Tables) -> Self {
        let text = |text: &str| tables.text(&rows(text));
        Self {
            accounts: text(ACCOUNTS),
            entries: text(ENTRIES),
            keys: text(KEYS),
            keys_named: text(KEYS_NAMED),
            runs: text(RUNS),
            rings: text(RINGS),
            holds: text(HOLDS),
            hold_count: text("SELECT count(*) FROM {holds}"),
        }
    }

    /// All of them, for tests of their plans.
    #[cfg(test)]
    pub(super) fn all(&self) -> [&Text; 7] {
        let Self { accounts, entries, keys, keys_named, runs, rings, holds, .. } = self;
        [accounts, entries, keys, keys_named, runs, rings, holds]
    }
}

impl Audited for Sqlite {
    /// The first read fixes the moment.
    const SNAPSHOT: &'static str = "BEGIN";

    async fn answer<T: Row>(
        conn: &mut SqliteConnection,
        sql: &Statements,
        question: &Question<'_>,
    ) -> Result<Vec<T>, StoreError> {
        answer(conn, &sql.audit, question).await.map_err(classify)
    }
}

async fn answer<T: Row>(conn: &mut SqliteConnection, texts: &Texts, question: &Question<'_>) -> Result<Vec<T>, Error> {
    let values = Values::new();
    let (text, values) = match *question {
        Question::Accounts(after) => (&texts.accounts, values.bind(after)?.bind(PAGE)?),
        Question::Entries((account, seq)) => (&texts.entries, values.bind(account)?.bind(seq)?.bind(PAGE)?),
        Question::Tails(_) => return Ok(Vec::new()),
        Question::Keys(after) => (&texts.keys, values.bind(after)?.bind(PAGE)?),
        Question::KeysNamed(hashes) => {
            (&texts.keys_named, values.bind(json(hashes.iter().map(|hash| Bytes(&hash.0)))?)?)
        }
        Question::Runs(runs) => (&texts.runs, values.bind(json(runs)?)?),
        Question::Rings(of) => (&texts.rings, values.bind(json(of)?)?),
        Question::Holds(names) => (&texts.holds, values.bind(json(names)?)?),
        Question::HoldCount => (&texts.hold_count, values),
    };
    fetch(conn, text, values.finish()).await?.iter().map(|row| T::read(&mut Reader::new(row))).collect()
}

const ACCOUNTS: &str = "SELECT a.account, {account} FROM {accounts} a WHERE a.account > $1 ORDER BY a.account LIMIT $2";

const ENTRIES: &str = "
SELECT {entry}, e.leg, ((e.hold IS NULL) <> (e.reserved IS NULL) OR (e.scope IS NULL) <> (e.key IS NULL)
    OR (e.machine IS NULL) <> (e.id IS NULL) OR (e.machine IS NULL) <> (e.machine_seq IS NULL)
    OR (e.next_account IS NULL) <> (e.next_seq IS NULL))
FROM {entries} e WHERE (e.account, e.seq) > ($1, $2) ORDER BY e.account, e.seq LIMIT $3";

const KEYS: &str = "
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

const HOLDS: &str = "
SELECT j.key, h.account, h.amount, h.remaining, h.expires_at
FROM json_each($1) j CROSS JOIN {holds} h ON h.hold = j.value";
