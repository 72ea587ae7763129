//! What an audit of the ledger asks.

use sqlx::{Error, PgConnection, Postgres};

use super::bind::{Values, column};
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
    tails: Text,
    keys: Text,
    keys_named: Text,
    runs: Text,
    rings: Text,
    holds: Text,
    hold_count: Text,
}

impl Texts {
    pub(super) fn new(tables: &Tables) -> Self {
        let text = |text: &str| tables.text(&rows(&text.replace("{key}", KEY)));
        Self {
            accounts: text(ACCOUNTS),
            entries: text(ENTRIES),
            tails: text(TAILS),
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
    pub(super) fn all(&self) -> [&Text; 8] {
        let Self { accounts, entries, tails, keys, keys_named, runs, rings, holds, .. } = self;
        [accounts, entries, tails, keys, keys_named, runs, rings, holds]
    }
}

impl Audited for Postgres {
    const SNAPSHOT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    async fn answer<T: Row>(
        conn: &mut PgConnection,
        sql: &Statements,
        question: &Question<'_>,
    ) -> Result<Vec<T>, StoreError> {
        answer(conn, &sql.audit, question).await.map_err(classify)
    }
}

async fn answer<T: Row>(conn: &mut PgConnection, texts: &Texts, question: &Question<'_>) -> Result<Vec<T>, Error> {
    let values = Values::new();
    let (text, values) = match *question {
        Question::Accounts(after) => (&texts.accounts, values.bind(after)?.bind(PAGE)?),
        Question::Entries((account, seq)) => (&texts.entries, values.bind(account)?.bind(seq)?.bind(PAGE)?),
        Question::Tails((account, seq)) => (&texts.tails, values.bind(account)?.bind(seq)?.bind(PAGE)?),
        Question::Keys(after) => (&texts.keys, values.bind(after)?.bind(PAGE)?),
        Question::KeysNamed(hashes) => (&texts.keys_named, values.bind(column(hashes, |hash| &hash.0[..]))?),
        Question::Runs(runs) => {
            let values = values.bind(column(runs, |run| run.0))?.bind(column(runs, |run| run.1))?;
            (&texts.runs, values.bind(column(runs, |run| run.2))?)
        }
        Question::Rings(of) => (&texts.rings, values.bind(column(of, |of| of.0))?.bind(column(of, |of| of.1))?),
        Question::Holds(names) => (&texts.holds, values.bind(names)?),
        Question::HoldCount => (&texts.hold_count, values),
    };
    fetch(conn, text, values.finish()).await?.iter().map(|row| T::read(&mut Reader::new(row))).collect()
}

const KEY: &str = "k.surface, k.target, k.seq, k.fingerprint, k.at, k.expires_at, k.outcome";

const ACCOUNTS: &str = "
SELECT a.account, {account} FROM {accounts} a WHERE a.account > $1::text ORDER BY a.account LIMIT $2::bigint";

const ENTRIES: &str = "
SELECT {entry}, e.leg, ((e.hold IS NULL) <> (e.reserved IS NULL) OR (e.scope IS NULL) <> (e.key IS NULL)
    OR (e.machine IS NULL) <> (e.id IS NULL) OR (e.machine IS NULL) <> (e.machine_seq IS NULL)
    OR (e.next_account IS NULL) <> (e.next_seq IS NULL))::int::bigint
FROM {entries} e WHERE (e.account, e.seq) > ($1::text, $2::bigint)
ORDER BY e.account, e.seq LIMIT $3::bigint";

const TAILS: &str = "
SELECT t.account, t.seq, t.delta, e.delta
FROM (
    SELECT * FROM {tails} WHERE (account, seq) > ($1::text, $2::bigint) ORDER BY account, seq LIMIT $3::bigint
) t
LEFT JOIN LATERAL (SELECT delta FROM {entries} WHERE account = t.account AND seq = t.seq LIMIT 1) e ON true
ORDER BY t.account, t.seq";

const KEYS: &str = "
SELECT k.hash, {key}, e.scope, e.key
FROM (SELECT * FROM {keys} WHERE hash > $1::bytea ORDER BY hash LIMIT $2::bigint) k
LEFT JOIN LATERAL (SELECT scope, key FROM {entries} WHERE account = k.target AND seq = k.seq LIMIT 1) e ON true
ORDER BY k.hash";

const KEYS_NAMED: &str = "
SELECT u.place - 1, {key}
FROM unnest((SELECT $1::bytea[])) WITH ORDINALITY AS u (hash, place)
CROSS JOIN LATERAL (SELECT * FROM {keys} WHERE hash = u.hash LIMIT 1) k";

const RUNS: &str = "
SELECT u.place - 1, t.command, t.at
FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[])) WITH ORDINALITY AS u (machine, id, seq, place)
CROSS JOIN LATERAL (
    SELECT command, at FROM {transitions} WHERE machine = u.machine AND id = u.id AND seq = u.seq LIMIT 1
) t";

/// A ring that does not close ends where it is longer than any posting.
const RINGS: &str = "
WITH RECURSIVE ring AS (
    SELECT u.place, 1 AS depth, u.first_account, u.first_seq, e.*
    FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[])) WITH ORDINALITY AS u (first_account, first_seq, place)
    CROSS JOIN LATERAL (SELECT * FROM {entries} WHERE account = u.first_account AND seq = u.first_seq LIMIT 1) e
    UNION ALL
    SELECT r.place, r.depth + 1, r.first_account, r.first_seq, e.*
    FROM ring r
    CROSS JOIN LATERAL (SELECT * FROM {entries} WHERE account = r.next_account AND seq = r.next_seq LIMIT 1) e
    WHERE r.depth <= 1000 AND (r.next_account, r.next_seq) <> (r.first_account, r.first_seq))
SELECT e.place - 1, a.unit, {entry}, e.leg
FROM ring e
LEFT JOIN LATERAL (SELECT unit FROM {accounts} WHERE account = e.account LIMIT 1) a ON true
ORDER BY e.place, e.depth";

const HOLDS: &str = "
SELECT u.place - 1, h.account, h.amount, h.remaining, h.expires_at
FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS u (name, place)
CROSS JOIN LATERAL (SELECT * FROM {holds} WHERE hold = u.name LIMIT 1) h";
