//! The statements. Several in one text are one message to the connection's thread.
//!
//! `CROSS JOIN` and `INDEXED BY` leave the planner no choice: with statistics from a table that was small, it scans.

use crate::store::rows::Migration;
use crate::store::statement::{PerShape, Shape, Text, numbered};
use crate::store::tables::Tables;

/// The statements of one set of tables.
#[derive(Debug)]
pub struct Statements {
    pub(super) load_one: Text,
    pub(super) load_many: Text,
    pub(super) load_runs: Text,
    pub(super) last_visit: Text,
    pub(super) load_ledger: Text,
    pub(super) load_accounts: Text,
    pub(super) put_account: Text,
    pub(super) write_own: PerShape,
    pub(super) write_joined: PerShape,
    pub(super) probe_key: Text,
    pub(super) probe_transition: Text,
    pub(super) ledger: crate::store::sqlite::ledger::Texts,
    pub(super) history: Text,
    pub(super) in_state: Text,
    pub(super) count_by_state: Text,
    pub(super) graph: Text,
    pub(super) put_graph: Text,
    pub(super) migrations: Vec<Migration>,
    /// The quoted name of the keys' table, for statements over tables of the user's.
    pub(super) keys_table: String,
    pub(super) migrations_table: String,
    pub(super) find_migrations_table: Text,
    pub(super) version: Text,
    pub(super) put_version: Text,
    /// What SQLite says when one of our own constraints finds a lost race.
    pub(super) lost: Vec<String>,
}

impl Statements {
    pub(super) fn new(tables: &Tables) -> Self {
        let catalogue = tables.schema().map_or_else(|| "sqlite_master".into(), |s| format!("\"{s}\".sqlite_master"));
        Self {
            load_one: tables.text(&LOAD_ONE.replace("{now}", NOW)),
            load_many: tables.text(&rows(&LOAD_MANY.replace("{now}", NOW))),
            load_runs: tables.text(LOAD_RUNS),
            last_visit: tables.text(LAST_VISIT),
            load_ledger: tables.text(&rows(&LOAD_LEDGER.replace("{now}", NOW))),
            load_accounts: tables.text(&rows(LOAD_ACCOUNTS)),
            put_account: tables.text(PUT_ACCOUNT),
            write_own: PerShape::new(tables, |shape| write("BEGIN IMMEDIATE;", shape, "COMMIT")),
            write_joined: PerShape::new(tables, |shape| write("SAVEPOINT idem_write;", shape, "RELEASE idem_write")),
            probe_key: tables.text(PROBE_KEY),
            probe_transition: tables.text(PROBE_TRANSITION),
            ledger: crate::store::sqlite::ledger::Texts::new(tables),
            history: tables.text(HISTORY),
            in_state: tables.text(IN_STATE),
            count_by_state: tables.text(COUNT_BY_STATE),
            graph: tables.text(GRAPH),
            put_graph: tables.text(PUT_GRAPH),
            migrations: migrations(tables),
            keys_table: tables.quoted("keys"),
            migrations_table: tables.fill(MIGRATIONS_TABLE),
            find_migrations_table: format!(
                "SELECT count(*) FROM {catalogue} WHERE type = 'table' AND name = '{}'",
                tables.name("migrations")
            )
            .into(),
            version: tables.text("SELECT max(version) FROM {migrations}"),
            put_version: tables.text(&PUT_VERSION.replace("{now}", NOW)),
            lost: lost(tables),
        }
    }
}

pub(super) fn migrations(tables: &Tables) -> Vec<Migration> {
    let base = include_str!("../../../migrations/sqlite/0001_base.sql");
    vec![Migration { version: 1, name: "base", sql: tables.fill(base) }]
}

/// The same for another role to apply by hand: with what `migrate` makes first, and what records each step.
pub(super) fn printed(tables: &Tables) -> Vec<Migration> {
    let mut first = format!("{};\n", tables.fill(MIGRATIONS_TABLE).trim());
    let mut printed = migrations(tables);
    for step in &mut printed {
        let (version, name) = (step.version.to_string(), format!("'{}'", step.name));
        let record = PUT_VERSION.replace("$1", &version).replace("$2", &name).replace("{now}", NOW);
        step.sql = format!("{}{}\n{};\n", std::mem::take(&mut first), step.sql.trim_end(), tables.fill(&record));
    }
    printed
}

fn lost(tables: &Tables) -> Vec<String> {
    let null = |table, column| format!("NOT NULL constraint failed: {}.{column}", tables.name(table));
    let real = |table, column| format!("cannot store REAL value in INTEGER column {}.{column}", tables.name(table));
    vec![
        null("machines", "version"),
        null("keys", "fingerprint"),
        null("accounts", "balance"),
        real("accounts", "balance"),
        null("holds", "remaining"),
    ]
}

/// The parts of a write in the order of their locks, between what opens and what closes it.
fn write(open: &'static str, shape: Shape, close: &'static str) -> String {
    let mut parts = vec![open];
    let mut add = |needed: bool, part| {
        if needed {
            parts.push(part);
        }
    };
    add(shape.tallies(), TALLIES);
    add(shape.machines(), if shape.one() { MACHINE } else { MACHINES });
    add(shape.money(), ACCOUNTS);
    add(shape.holds(), HOLDS);
    add(shape.keys(), if shape.one() { KEY } else { KEYS });
    add(shape.machines(), if shape.one() { TRANSITION } else { TRANSITIONS });
    add(shape.money(), ENTRIES);
    add(shape.messages(), MESSAGES);
    add(shape.money(), FUNDS);
    parts.push(close);
    numbered(&parts)
}

/// Microseconds; SQLite's clock gives milliseconds.
pub(super) const NOW: &str = "CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000";

const LOAD_ONE: &str = "
SELECT {now}, m.state, m.body, m.runs, m.version, m.visit, m.entered_at,
    k.fingerprint, k.target, k.seq, k.at, k.expires_at, k.outcome,
    t.seq, t.command, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
FROM (SELECT 1)
LEFT JOIN {machines} m ON m.machine = $1 AND m.id = $2
LEFT JOIN {keys} k ON k.hash = $3
LEFT JOIN {transitions} t ON t.machine = k.surface AND t.id = k.target AND t.seq = k.seq";

/// The keys that are known, and a row without a place that has the time and the machines: as one list, because each row that
/// SQLite hands over costs more than what is in it.
const LOAD_MANY: &str = "
SELECT NULL, {no key}, NULL, NULL, NULL, NULL, NULL, NULL, NULL, {now}, (
    SELECT json_group_array(json_array(j.key, m.id, m.state, hex(m.body), hex(m.runs), m.version, m.visit, m.entered_at))
    FROM json_each($1) j CROSS JOIN {machines} m ON m.machine = j.value->>0 AND m.id = j.value->>1)
UNION ALL
SELECT j.key, k.fingerprint, k.target, k.seq, k.at, k.expires_at, k.outcome,
    t.seq, t.command, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit, NULL, NULL
FROM json_each($2) j
CROSS JOIN {keys} k ON k.hash = unhex(j.value)
LEFT JOIN {transitions} t ON t.machine = k.surface AND t.id = k.target AND t.seq = k.seq";

const LOAD_RUNS: &str = "
SELECT j.key, t.seq, t.command, t.payload, t.outcome, t.fingerprint, t.at, t.from_visit
FROM json_each($1) j
CROSS JOIN {transitions} t ON t.machine = j.value->>0 AND t.id = j.value->>1 AND t.seq = j.value->>2";

/// Walks back from the newest transition; asked for overrides alone.
const LAST_VISIT: &str = "
SELECT visit FROM {transitions}
WHERE machine = $1 AND id = $2 AND state IN (SELECT value FROM json_each($3))
ORDER BY seq DESC LIMIT 1";

/// The columns of a row of each kind, and as many that are empty.
pub(super) fn rows(text: &str) -> String {
    text.replace("{account}", "a.balance, a.seq, a.held, a.at, a.floor, a.ceiling, a.unit, a.tally, a.closed_at")
        .replace("{no key}", "NULL, NULL, NULL, NULL, NULL, NULL")
        .replace("{entry}", ENTRY)
        .replace("{entry columns}", &ENTRY.replace("e.", ""))
        .replace(
            "{no entry}",
            "NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL",
        )
}

const ENTRY: &str = "e.account, e.seq, e.delta, e.balance, e.at, e.kind, e.hold, e.reserved, e.scope, e.key, e.machine, e.id, e.machine_seq, e.next_account, e.next_seq";

/// As for machines. From the entry that a key names the way goes around the ring of its posting, back to where it began.
const LOAD_LEDGER: &str = "
WITH RECURSIVE named (place, fingerprint, target, first_seq, seen_at, expires_at, outcome, {entry columns}) AS (
    SELECT j.key, k.fingerprint, k.target, k.seq, k.at, k.expires_at, k.outcome, {entry}
    FROM json_each($1) j
    CROSS JOIN {keys} k ON k.hash = unhex(j.value)
    LEFT JOIN {entries} e ON e.account = k.target AND e.seq = k.seq
    UNION ALL
    SELECT d.place, d.fingerprint, d.target, d.first_seq, d.seen_at, d.expires_at, d.outcome, {entry}
    FROM named d CROSS JOIN {entries} e ON e.account = d.next_account AND e.seq = d.next_seq
    WHERE d.next_account IS NOT NULL AND (d.next_account, d.next_seq) <> (d.target, d.first_seq))
SELECT NULL, {no key}, {no entry}, {now}, (
    SELECT json_group_array(json_array(j.key, {account}))
    FROM json_each($2) j CROSS JOIN {accounts} a ON a.account = j.value)
UNION ALL
SELECT place, fingerprint, target, first_seq, seen_at, expires_at, outcome, {entry columns}, NULL, NULL FROM named d";

const LOAD_ACCOUNTS: &str = "
SELECT j.key, {account}
FROM json_each($1) j CROSS JOIN {accounts} a ON a.account = j.value";

const PUT_ACCOUNT: &str = "
INSERT INTO {accounts} (account, balance, seq, floor, ceiling, unit, tally, closed_at)
VALUES ($1, 0, 0, $2, $3, $4, $5, $6)
ON CONFLICT (account) DO UPDATE SET floor = excluded.floor, ceiling = excluded.ceiling, unit = excluded.unit,
    tally = excluded.tally, closed_at = excluded.closed_at";

// Each item of a list that is written is materialised: `json_each` would make its text anew for every column that is read.

/// A version that is not the expected one becomes NULL, which the column refuses: the whole write fails.
const MACHINE: &str = "
INSERT INTO {machines} (machine, id, state, body, runs, version, visit, entered_at)
SELECT $1, $2, $3, $4, $5,
    CASE WHEN coalesce((SELECT version FROM {machines} WHERE machine = $1 AND id = $2), 0) = $6 THEN $7 END,
    $8, $9
WHERE true
ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, runs = excluded.runs,
    version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at;";

const MACHINES: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {machines} (machine, id, state, body, runs, version, visit, entered_at)
SELECT j.value->>0, j.value->>1, j.value->>2, unhex(j.value->>3), unhex(j.value->>4),
    CASE WHEN coalesce(m.version, 0) = j.value->>5 THEN j.value->>6 END,
    j.value->>7, j.value->>8
FROM j LEFT JOIN {machines} m ON m.machine = j.value->>0 AND m.id = j.value->>1
WHERE true
ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, runs = excluded.runs,
    version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at;";

/// A key that is there and has not expired loses its fingerprint, which the column refuses.
const KEY: &str = "
INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, expires_at, outcome, at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
    fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END,
    at = excluded.at, expires_at = excluded.expires_at, outcome = excluded.outcome;";

/// A key of an entry counts its seq back from the account as it is after the write.
const KEYS: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, expires_at, outcome, at)
SELECT unhex(value->>0), value->>1, value->>2,
    coalesce((SELECT a.seq - (value->>7) FROM {accounts} a WHERE a.account = value->>8), value->>3),
    unhex(value->>4), value->>5, unhex(value->>6), $2
FROM j
WHERE true
ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
    fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END,
    at = excluded.at, expires_at = excluded.expires_at, outcome = excluded.outcome;";

/// What is no tally of that unit loses its balance, which the column refuses.
const TALLIES: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {accounts} (account, balance, seq)
SELECT j.value->>0, CASE WHEN a.tally AND a.unit IS j.value->>1 THEN a.balance + (j.value->>2) END, 0
FROM j LEFT JOIN {accounts} a ON a.account = j.value->>0
WHERE true
ON CONFLICT (account) DO UPDATE SET balance = excluded.balance;";

/// A running sum beyond 64 bits is a REAL, and no bound that fails leaves a balance.
const ACCOUNTS: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {accounts} (account, balance, seq, held, at)
SELECT d.account,
    CASE WHEN typeof(available + lowest) = 'integer' AND typeof(before + highest) = 'integer'
        AND NOT shut AND its_unit IS unit AND seq = coalesce(expected, seq)
        AND (floor IS NULL OR available + lowest >= floor) AND (ceiling IS NULL OR before + highest <= ceiling)
        THEN before + delta END,
    seq + entries, held + reserved, max(at, $2)
FROM (
    SELECT j.value->>0 AS account, j.value->>1 AS delta, j.value->>2 AS reserved, j.value->>3 AS lowest,
        j.value->>4 AS highest, j.value->>5 AS entries, j.value->>6 AS expected, j.value->>7 AS unit,
        coalesce(a.balance, 0) AS before, coalesce(a.seq, 0) AS seq, coalesce(a.held, 0) AS held,
        coalesce(a.balance - a.held, 0) AS available, coalesce(a.at, 0) AS at, a.floor, a.ceiling, a.unit AS its_unit,
        coalesce(a.tally, 0) OR a.closed_at IS NOT NULL AS shut
    FROM j LEFT JOIN {accounts} a ON a.account = j.value->>0
) d
WHERE true
ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
    at = excluded.at;";

/// What remains of a hold that is not what was decided on becomes NULL, which the column refuses.
const HOLDS: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {holds} (hold, account, amount, remaining, expires_at)
SELECT j.value->>0, j.value->>1, j.value->>2, CASE WHEN h.remaining IS j.value->>3 THEN j.value->>4 END, j.value->>5
FROM j LEFT JOIN {holds} h ON h.hold = j.value->>0
WHERE true
ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining;";

const TRANSITION: &str = "
INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, scope, key,
    from_visit, visit, at, correlation)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16);";

const TRANSITIONS: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, scope, key,
    from_visit, visit, at, correlation)
SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, unhex(value->>6), unhex(value->>7),
    unhex(value->>8), unhex(value->>9), value->>10, value->>11, value->>12, value->>13, value->>14, value->>15
FROM j;";

/// Counted back from the account as it is after the write; a tally's entry brings its own seq and has no balance.
const ENTRIES: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {entries} (account, seq, delta, balance, at, kind, hold, reserved, scope, key, machine, id, machine_seq, leg,
    next_account, next_seq)
SELECT a.account, coalesce(value->>1, a.seq - (value->>2)), value->>3,
    CASE WHEN value->>1 IS NULL THEN a.balance - (value->>4) END, CASE WHEN value->>1 IS NULL THEN a.at ELSE $2 END,
    value->>5, value->>6, value->>7, value->>8, value->>9, value->>10, value->>11, value->>12, value->>13, value->>14,
    coalesce(value->>15, (SELECT n.seq - (value->>16) FROM {accounts} n WHERE n.account = value->>14))
FROM j CROSS JOIN {accounts} a ON a.account = value->>0;";

const FUNDS: &str = "
SELECT json_group_array(json_array(j.key, a.balance, a.seq, a.at))
FROM json_each($1) j CROSS JOIN {accounts} a ON a.account = j.value;";

const MESSAGES: &str = "
WITH j AS MATERIALIZED (SELECT value FROM json_each($1))
INSERT INTO {outbox} (machine, id, seq, leg, topic, payload, at)
SELECT value->>0, value->>1, value->>2, value->>3, value->>4, unhex(value->>5), value->>6
FROM j;";

/// The write lock is waited for first: with it, no first writer is still under way.
const PROBE_KEY: &str = "
BEGIN IMMEDIATE;
SELECT count(*) FROM {keys} WHERE hash = $1 AND at = coalesce($2, at);
ROLLBACK";

const PROBE_TRANSITION: &str = "
BEGIN IMMEDIATE;
SELECT count(*) FROM {transitions} WHERE machine = $1 AND id = $2 AND seq = $3 AND at = $4;
ROLLBACK";

const HISTORY: &str = "
SELECT seq, command, from_state, state, body, payload, outcome, fingerprint, scope, key, from_visit, visit, at, correlation
FROM {transitions}
WHERE machine = $1 AND id = $2 AND seq > $3
ORDER BY seq LIMIT $4";

/// At most a page from each state's part of the index, so that no state is read to its end.
const IN_STATE: &str = "
SELECT m.id, m.state, m.body, m.runs, m.version, m.visit, m.entered_at
FROM json_each($2) s
CROSS JOIN {machines} m ON m.machine = $1 AND m.id IN (
    SELECT n.id FROM {machines} n INDEXED BY {:machines_by_state}
    WHERE n.machine = $1 AND n.state = s.value AND (n.entered_at, n.id) > ($3, $4) AND n.entered_at < $5
    ORDER BY n.entered_at, n.id LIMIT $6)
ORDER BY m.entered_at, m.id LIMIT $6";

const COUNT_BY_STATE: &str = "
SELECT state, count(*) FROM {machines} INDEXED BY {:machines_by_state}
WHERE machine = $1 GROUP BY state ORDER BY state";

const GRAPH: &str = "SELECT hash, names FROM {graphs} WHERE machine = $1";

const PUT_GRAPH: &str = "
INSERT INTO {graphs} AS g (machine, hash, names) VALUES ($1, $2, $3)
ON CONFLICT (machine) DO UPDATE SET hash = excluded.hash, names = excluded.names WHERE g.hash = $4";

const MIGRATIONS_TABLE: &str = "
CREATE TABLE IF NOT EXISTS {migrations} (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT";

const PUT_VERSION: &str = "INSERT INTO {migrations} (version, name, at) VALUES ($1, $2, {now})";

#[cfg(test)]
impl Statements {
    /// Every statement that runs while commands do.
    pub(in crate::store) fn texts(&self) -> Vec<Text> {
        let reads =
            [&self.load_one, &self.load_many, &self.load_runs, &self.load_accounts, &self.history, &self.in_state];
        let ledger = [&self.load_ledger, &self.put_account];
        let rest = [&self.count_by_state, &self.graph, &self.put_graph, &self.probe_key, &self.probe_transition];
        let fixed = reads.into_iter().chain(ledger).chain(self.ledger.indexed()).chain(rest).cloned();
        self.write_own.all().chain(self.write_joined.all()).chain(fixed).collect()
    }
}
