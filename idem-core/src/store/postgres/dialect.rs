//! The statements. `LATERAL … LIMIT 1` keeps each lookup an index lookup, also in a plan that was made on an empty table.

use std::time::Duration;

use crate::store::postgres::parts;
use crate::store::rows::Migration;
use crate::store::statement::{PerShape, Text};
use crate::store::tables::Tables;

/// The statements of one set of tables.
#[derive(Debug)]
pub struct Statements {
    pub(super) load_one: Text,
    pub(super) load_many: Text,
    pub(super) lock_machines: Text,
    pub(super) load_runs: Text,
    pub(super) last_visit: Text,
    pub(super) load_ledger: Text,
    pub(super) load_accounts: Text,
    pub(super) lock_accounts: Text,
    pub(super) post_one: Text,
    pub(super) write_own: PerShape,
    pub(super) write_joined: PerShape,
    pub(super) undo: Text,
    pub(super) probe_key: Text,
    pub(super) probe_transition: Text,
    pub(super) find_key: Text,
    pub(super) find_transition: Text,
    pub(super) put_account: Text,
    pub(super) fold_tail: Text,
    pub(super) ledger: crate::store::postgres::ledger::Texts,
    pub(super) history: Text,
    pub(super) in_state: Text,
    pub(super) count_by_state: Text,
    pub(super) graph: Text,
    pub(super) put_graph: Text,
    pub(super) migrations: Vec<Migration>,
    /// The quoted name of the keys' table, for statements over tables of the user's.
    pub(super) keys_table: String,
    pub(super) migrate: Migrate,
    pub(super) names: Names,
}

/// What a migration needs beside its steps.
#[derive(Debug)]
pub(super) struct Migrate {
    /// The quoted name of the migrations table.
    pub(super) table: String,
    pub(super) schema: Option<String>,
    pub(super) create_table: String,
    pub(super) version: Text,
    pub(super) put_version: Text,
}

/// The tables whose constraints find lost races, as PostgreSQL names them in errors.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) machines: String,
    pub(super) keys: String,
    pub(super) accounts: String,
    pub(super) transitions: String,
    pub(super) entries: String,
    pub(super) holds: String,
}

impl Statements {
    pub(super) fn new(tables: &Tables) -> Self {
        let with_now = |text: &str| tables.text(&text.replace("{now}", NOW));
        Self {
            load_one: with_now(LOAD_ONE),
            load_many: with_now(LOAD_MANY),
            lock_machines: tables.text(LOCK_MACHINES),
            load_runs: tables.text(LOAD_RUNS),
            last_visit: tables.text(LAST_VISIT),
            load_ledger: with_now(&rows(LOAD_LEDGER)),
            load_accounts: tables.text(&rows(LOAD_ACCOUNTS)),
            lock_accounts: tables.text(&rows(LOCK_ACCOUNTS)),
            post_one: tables.text(&parts::post_one()),
            write_own: PerShape::new(tables, parts::own),
            write_joined: PerShape::new(tables, parts::joined),
            undo: tables.text(parts::UNDO),
            probe_key: tables.text(PROBE_KEY),
            probe_transition: tables.text(PROBE_TRANSITION),
            find_key: tables.text(FIND_KEY),
            find_transition: tables.text(FIND_TRANSITION),
            put_account: tables.text(PUT_ACCOUNT),
            fold_tail: tables.text(FOLD_TAIL),
            ledger: crate::store::postgres::ledger::Texts::new(tables),
            history: tables.text(HISTORY),
            in_state: tables.text(IN_STATE),
            count_by_state: tables.text(COUNT_BY_STATE),
            graph: tables.text(GRAPH),
            put_graph: tables.text(PUT_GRAPH),
            migrations: migrations(tables),
            keys_table: tables.quoted("keys"),
            migrate: Migrate {
                table: tables.quoted("migrations"),
                schema: tables.schema().map(ToOwned::to_owned),
                create_table: tables.fill(MIGRATIONS_TABLE),
                version: tables.text("SELECT max(version) FROM {migrations}"),
                put_version: with_now(PUT_VERSION),
            },
            names: Names {
                machines: tables.name("machines"),
                keys: tables.name("keys"),
                accounts: tables.name("accounts"),
                transitions: tables.name("transitions"),
                entries: tables.name("entries"),
                holds: tables.name("holds"),
            },
        }
    }
}

pub(super) fn migrations(tables: &Tables) -> Vec<Migration> {
    let base = include_str!("../../../migrations/postgres/0001_base.sql");
    vec![Migration { version: 1, name: "base", sql: tables.fill(base) }]
}

/// The same for another role to apply by hand: with what `migrate` makes first, and what records each step.
pub(super) fn printed(tables: &Tables) -> Vec<Migration> {
    let schema =
        tables.schema().map_or_else(String::new, |schema| format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\";\n"));
    let mut first = format!("{schema}{};\n", tables.fill(MIGRATIONS_TABLE).trim());
    let mut printed = migrations(tables);
    for step in &mut printed {
        let (version, name) = (step.version.to_string(), format!("'{}'", step.name));
        let record = PUT_VERSION.replace("$1", &version).replace("$2", &name).replace("{now}", NOW);
        step.sql = format!("{}{}\n{};\n", std::mem::take(&mut first), step.sql.trim_end(), tables.fill(&record));
    }
    printed
}

/// Read committed, whatever the database's default: a wait for a lock then sees what it waited for.
pub(super) fn begin(wait: Duration) -> String {
    format!("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = {}", lock_timeout(wait))
}

/// Milliseconds; 0 would mean to wait for ever.
pub(super) fn lock_timeout(wait: Duration) -> i32 {
    i32::try_from(wait.as_millis()).unwrap_or(i32::MAX).max(1)
}

/// One time for the whole statement, and a new one for each statement of a transaction.
pub(super) const NOW: &str = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint";

const LOAD_ONE: &str = "
SELECT {now}, m.state, m.body, m.runs, m.version, m.visit, m.entered_at,
    k.fingerprint, k.target, k.seq, k.at, k.expires_at, k.outcome,
    t.seq, t.command, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
FROM (VALUES (1)) AS one
LEFT JOIN {machines} m ON m.machine = $1::text AND m.id = $2::text
LEFT JOIN {keys} k ON k.hash = $3::bytea
LEFT JOIN {transitions} t ON t.machine = k.surface AND t.id = k.target AND t.seq = k.seq";

const LOAD_MANY: &str = "
SELECT {now}, 0::bigint, u.place - 1, m.state, m.body, m.runs, m.version, m.visit, m.entered_at,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) WITH ORDINALITY AS u (machine, id, place)
LEFT JOIN LATERAL (SELECT * FROM {machines} WHERE machine = u.machine AND id = u.id LIMIT 1) m ON true
UNION ALL
SELECT {now}, 1::bigint, u.place - 1, NULL, NULL, NULL, NULL, NULL, NULL,
    k.fingerprint, k.target, k.seq, k.at, k.expires_at, k.outcome,
    t.seq, t.command, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
FROM unnest((SELECT $3::bytea[])) WITH ORDINALITY AS u (hash, place)
LEFT JOIN LATERAL (SELECT * FROM {keys} WHERE hash = u.hash LIMIT 1) k ON true
LEFT JOIN LATERAL (
    SELECT * FROM {transitions} WHERE machine = k.surface AND id = k.target AND seq = k.seq LIMIT 1
) t ON true";

const LOCK_MACHINES: &str = r#"
SELECT 1
FROM (
    SELECT * FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) AS u (machine, id) ORDER BY machine COLLATE "C", id COLLATE "C"
) u
CROSS JOIN LATERAL (
    SELECT 1 FROM {machines} WHERE machine = u.machine AND id = u.id LIMIT 1 FOR NO KEY UPDATE
) m"#;

/// Walks back from the newest transition; asked for overrides alone.
const LAST_VISIT: &str = "
SELECT visit FROM {transitions}
WHERE machine = $1 AND id = $2 AND state = ANY($3::text[])
ORDER BY machine DESC, id DESC, seq DESC LIMIT 1";

const LOAD_RUNS: &str = "
SELECT u.place - 1, t.seq, t.command, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[])) WITH ORDINALITY AS u (machine, id, seq, place)
CROSS JOIN LATERAL (
    SELECT * FROM {transitions} WHERE machine = u.machine AND id = u.id AND seq = u.seq LIMIT 1
) t";

/// The columns of a row of each kind, and as many that are empty.
pub(super) fn rows(text: &str) -> String {
    text.replace("{account}", ACCOUNT)
        .replace("{no account}", NO_ACCOUNT)
        .replace("{no key}", NO_KEY)
        .replace("{entry}", ENTRY)
        .replace("{no entry}", NO_ENTRY)
}

const ACCOUNT: &str = "a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally::int::bigint, a.closed_at";
const NO_ACCOUNT: &str = "NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text, NULL::bigint, NULL::bigint";
pub(super) const NO_KEY: &str = "NULL::bytea, NULL::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bytea";
pub(super) const ENTRY: &str = "e.account, e.seq, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq";
pub(super) const NO_ENTRY: &str = "NULL::text, NULL::bigint, NULL::bigint, NULL::bigint, NULL::bigint, NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::text, NULL::bigint, NULL::text, NULL::bigint";

/// From the entry that a key names around the ring of its posting, back to where it began.
const LOAD_LEDGER: &str = "
WITH RECURSIVE named AS (
    SELECT u.place, k.fingerprint, k.target, k.seq AS first_seq, k.at AS seen_at, k.expires_at, k.outcome, e.*
    FROM unnest((SELECT $1::bytea[])) WITH ORDINALITY AS u (hash, place)
    LEFT JOIN LATERAL (SELECT * FROM {keys} WHERE hash = u.hash LIMIT 1) k ON true
    LEFT JOIN LATERAL (SELECT * FROM {entries} WHERE account = k.target AND seq = k.seq LIMIT 1) e ON true
    UNION ALL
    SELECT n.place, n.fingerprint, n.target, n.first_seq, n.seen_at, n.expires_at, n.outcome, e.*
    FROM named n
    CROSS JOIN LATERAL (SELECT * FROM {entries} WHERE account = n.next_account AND seq = n.next_seq LIMIT 1) e
    WHERE n.next_account IS NOT NULL AND (n.next_account, n.next_seq) <> (n.target, n.first_seq))
SELECT {now}, 0::bigint, u.place - 1, {account}, {no key}, {no entry}
FROM unnest((SELECT $2::text[])) WITH ORDINALITY AS u (name, place)
LEFT JOIN LATERAL (SELECT * FROM {accounts} WHERE account = u.name LIMIT 1) a ON true
UNION ALL
SELECT {now}, 1::bigint, e.place - 1, {no account}, e.fingerprint, e.target, e.first_seq, e.seen_at, e.expires_at,
    e.outcome, {entry}
FROM named e";

const LOAD_ACCOUNTS: &str = "
SELECT u.place - 1, {account}
FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS u (name, place)
CROSS JOIN LATERAL (SELECT * FROM {accounts} WHERE account = u.name LIMIT 1) a";

/// A row that is missing is opened, and one that another transaction opened meanwhile is locked where the insert meets
/// it: after this statement every account is there and locked. Tallies are not: nothing of them depends on their order.
const LOCK_ACCOUNTS: &str = r#"
WITH held AS MATERIALIZED (
    SELECT u.name, u.place, a.*
    FROM (
        SELECT * FROM unnest((SELECT $1::text[])) WITH ORDINALITY AS u (name, place) ORDER BY name COLLATE "C"
    ) u
    LEFT JOIN LATERAL (
        SELECT * FROM {accounts} WHERE account = u.name AND NOT tally LIMIT 1 FOR NO KEY UPDATE
    ) a ON true),
tallies AS MATERIALIZED (
    SELECT h.name, h.place, a.* FROM (SELECT name, place FROM held WHERE account IS NULL) h
    CROSS JOIN LATERAL (SELECT * FROM {accounts} WHERE account = h.name AND tally LIMIT 1) a),
opened AS (
    INSERT INTO {accounts} AS a (account, balance, seq)
    SELECT name, 0, 0 FROM held WHERE account IS NULL AND name NOT IN (SELECT name FROM tallies)
    ON CONFLICT (account) DO UPDATE SET balance = a.balance
    RETURNING *)
SELECT a.place - 1, {account} FROM held a WHERE account IS NOT NULL
UNION ALL
SELECT a.place - 1, {account} FROM tallies a
UNION ALL
SELECT h.place - 1, {account} FROM opened a JOIN held h ON h.name = a.account"#;

const PUT_ACCOUNT: &str = "
INSERT INTO {accounts} (account, balance, seq, floor, ceiling, unit, tally, closed_at)
VALUES ($1::text, 0, 0, $2, $3, $4, $5, $6)
ON CONFLICT (account) DO UPDATE SET floor = excluded.floor, ceiling = excluded.ceiling, unit = excluded.unit,
    tally = excluded.tally, closed_at = excluded.closed_at";

/// Entries that others have not committed yet stay in the tail. Whoever else folds it at the moment is enough.
const FOLD_TAIL: &str = "
WITH locked AS MATERIALIZED (SELECT account FROM {accounts} WHERE account = $1::text AND tally FOR NO KEY UPDATE SKIP LOCKED),
gone AS (DELETE FROM {tails} WHERE account = (SELECT account FROM locked) RETURNING delta)
UPDATE {accounts} SET balance = balance + coalesce((SELECT sum(delta) FROM gone), 0)::bigint
WHERE account = (SELECT account FROM locked)";

const PROBE_KEY: &str = "
INSERT INTO {keys} (hash, surface, target, seq, fingerprint, at) VALUES ($1, '', '', 0, '', 0)";

const PROBE_TRANSITION: &str = "
INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, from_visit,
    visit, at)
VALUES ($1, $2, $3, '', '', '', '', '', '', '', 0, 0, 0)";

const FIND_KEY: &str = "SELECT 1 FROM {keys} WHERE hash = $1 AND at = $2";

const FIND_TRANSITION: &str = "SELECT 1 FROM {transitions} WHERE machine = $1 AND id = $2 AND seq = $3 AND at = $4";

const HISTORY: &str = "
SELECT seq, command, from_state, state, body, payload, outcome, fingerprint, scope, key, from_visit, visit, at, correlation
FROM {transitions}
WHERE machine = $1::text AND id = $2::text AND seq > $3::bigint
ORDER BY seq LIMIT $4::bigint";

/// At most a page from each state's part of the index, so that no state is read to its end.
const IN_STATE: &str = "
SELECT m.id, m.state, m.body, m.runs, m.version, m.visit, m.entered_at
FROM unnest((SELECT $2::text[])) AS s (state)
CROSS JOIN LATERAL (
    SELECT * FROM {machines} n
    WHERE n.machine = $1::text AND n.state = s.state AND (n.entered_at, n.id) > ($3::bigint, $4::text)
        AND n.entered_at < $5::bigint
    ORDER BY n.entered_at, n.id LIMIT $6::bigint
) m
ORDER BY m.entered_at, m.id LIMIT $6::bigint";

const COUNT_BY_STATE: &str = "
SELECT state, count(*) FROM {machines} WHERE machine = $1::text GROUP BY state ORDER BY state";

const GRAPH: &str = "SELECT hash, names FROM {graphs} WHERE machine = $1::text";

const PUT_GRAPH: &str = "
INSERT INTO {graphs} AS g (machine, hash, names) VALUES ($1, $2, $3)
ON CONFLICT (machine) DO UPDATE SET hash = excluded.hash, names = excluded.names WHERE g.hash = $4::bytea";

const MIGRATIONS_TABLE: &str = "
CREATE TABLE IF NOT EXISTS {migrations} (
    version bigint PRIMARY KEY,
    name text NOT NULL,
    at bigint NOT NULL
)";

const PUT_VERSION: &str = "INSERT INTO {migrations} (version, name, at) VALUES ($1, $2, {now})";

#[cfg(test)]
impl Statements {
    /// Every statement that runs while commands do.
    pub(in crate::store) fn texts(&self) -> Vec<Text> {
        let reads =
            [&self.load_one, &self.load_many, &self.load_runs, &self.load_accounts, &self.history, &self.in_state];
        let ledger = [&self.load_ledger, &self.post_one, &self.fold_tail, &self.put_account];
        let locks = [&self.lock_machines, &self.lock_accounts];
        let fixed = reads.into_iter().chain(ledger).chain(self.ledger.indexed()).chain(locks).cloned();
        self.write_own.all().chain(self.write_joined.all()).chain(fixed).collect()
    }
}
