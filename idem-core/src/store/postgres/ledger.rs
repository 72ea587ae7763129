//! What is asked about the ledger: a statement each.

use sqlx::{Error, PgConnection, Postgres};

use crate::store::error::StoreError;
use crate::store::ledger::{LedgerReads, PAGE, Question, Row};
use crate::store::postgres::bind::{Values, column};
use crate::store::postgres::classify::classify;
use crate::store::postgres::dialect::{Statements, rows};
use crate::store::postgres::reads::fetch;
use crate::store::read::Reader;
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
    all_tails: Text,
    all_keys: Text,
    keys_named: Text,
    runs: Text,
    rings: Text,
}

impl Texts {
    pub(super) fn new(tables: &Tables) -> Self {
        let text = |text: &str| tables.text(&rows(&text.replace("{key}", KEY)));
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
            all_tails: text(ALL_TAILS),
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
        let pages = [&self.all_accounts, &self.all_entries, &self.all_tails, &self.all_keys];
        let named = [&self.holds, &self.keys_named, &self.runs, &self.rings];
        of_account.into_iter().chain(pages).chain(named)
    }
}

impl LedgerReads for Postgres {
    const SNAPSHOT: &'static str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

    async fn answer<T: Row>(
        conn: &mut PgConnection,
        sql: &Statements,
        question: &Question<'_>,
    ) -> Result<Vec<T>, StoreError> {
        answer(conn, &sql.ledger, question).await.map_err(classify)
    }
}

async fn answer<T: Row>(conn: &mut PgConnection, texts: &Texts, question: &Question<'_>) -> Result<Vec<T>, Error> {
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
        Question::Holds(names) => (&texts.holds, values.bind(names)?),
        Question::HoldCount => (&texts.hold_count, values),
        Question::AllAccounts(after) => (&texts.all_accounts, values.bind(after)?.bind(PAGE)?),
        Question::AllEntries((account, seq)) => (&texts.all_entries, values.bind(account)?.bind(seq)?.bind(PAGE)?),
        Question::AllTails((account, seq)) => (&texts.all_tails, values.bind(account)?.bind(seq)?.bind(PAGE)?),
        Question::AllKeys(after) => (&texts.all_keys, values.bind(after)?.bind(PAGE)?),
        Question::KeysNamed(hashes) => (&texts.keys_named, values.bind(column(hashes, |hash| &hash.0[..]))?),
        Question::Runs(runs) => {
            let values = values.bind(column(runs, |run| run.0))?.bind(column(runs, |run| run.1))?;
            (&texts.runs, values.bind(column(runs, |run| run.2))?)
        }
        Question::Rings(of) => (&texts.rings, values.bind(column(of, |of| of.0))?.bind(column(of, |of| of.1))?),
    };
    fetch(conn, text, values.finish()).await?.iter().map(|row| T::read(&mut Reader::new(row))).collect()
}

const ACCOUNT: &str = "
SELECT coalesce(t.sum, 0)::bigint, {account}
FROM {accounts} a
LEFT JOIN LATERAL (SELECT sum(delta) AS sum FROM {tails} WHERE account = a.account AND a.tally) t ON true
WHERE a.account = $1::text";

const ENTRIES: &str = "
SELECT {entry} FROM {entries} e WHERE e.account = $1::text AND e.seq > $2::bigint ORDER BY e.seq LIMIT $3::bigint";

/// Times do not fall along an account's entries, so the last one by then is found by halving.
const ENTRY_AT: &str = "
WITH RECURSIVE half AS (
    SELECT 0::bigint AS low, seq AS high FROM {accounts} WHERE account = $1::text
    UNION ALL
    SELECT CASE WHEN e.at <= $2::bigint THEN e.seq ELSE h.low END, CASE WHEN e.at <= $2::bigint THEN h.high ELSE e.seq - 1 END
    FROM half h
    CROSS JOIN LATERAL (SELECT seq, at FROM {entries} WHERE account = $1::text AND seq = (h.low + h.high + 1) / 2 LIMIT 1) e
    WHERE h.low < h.high)
SELECT {entry} FROM half h JOIN {entries} e ON e.account = $1::text AND e.seq = h.low WHERE h.low = h.high";

const TALLY_AT: &str =
    "SELECT coalesce(sum(delta), 0)::bigint FROM {entries} WHERE account = $1::text AND at <= $2::bigint";

const EXPIRED_HOLDS: &str = "
SELECT hold, account, amount, remaining, expires_at FROM {holds}
WHERE account = $1::text AND remaining > 0 AND expires_at <= $2::bigint
ORDER BY account, expires_at LIMIT $3::bigint";

const HOLDS: &str = "
SELECT h.hold, h.account, h.amount, h.remaining, h.expires_at
FROM unnest((SELECT $1::text[])) AS u (name)
CROSS JOIN LATERAL (SELECT * FROM {holds} WHERE hold = u.name LIMIT 1) h";

const KEY: &str = "k.surface, k.target, k.seq, k.fingerprint, k.at, k.expires_at, k.outcome";

const ALL_ACCOUNTS: &str = "
SELECT a.account, {account} FROM {accounts} a WHERE a.account > $1::text ORDER BY a.account LIMIT $2::bigint";

const ALL_ENTRIES: &str = "
SELECT {entry}, e.leg, ((e.hold IS NULL) <> (e.reserved IS NULL) OR (e.scope IS NULL) <> (e.key IS NULL)
    OR (e.machine IS NULL) <> (e.id IS NULL) OR (e.machine IS NULL) <> (e.machine_seq IS NULL)
    OR (e.next_account IS NULL) <> (e.next_seq IS NULL))::int::bigint
FROM {entries} e WHERE (e.account, e.seq) > ($1::text, $2::bigint)
ORDER BY e.account, e.seq LIMIT $3::bigint";

const ALL_TAILS: &str = "
SELECT t.account, t.seq, t.delta, e.delta
FROM (
    SELECT * FROM {tails} WHERE (account, seq) > ($1::text, $2::bigint) ORDER BY account, seq LIMIT $3::bigint
) t
LEFT JOIN LATERAL (SELECT delta FROM {entries} WHERE account = t.account AND seq = t.seq LIMIT 1) e ON true
ORDER BY t.account, t.seq";

const ALL_KEYS: &str = "
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
