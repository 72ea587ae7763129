//! A write as one statement: its parts, in the order of their locks.
//!
//! Each part writes only if the part before it wrote what it should: `{gate}` is the name of a row whose `ok` says so.
//! Machines and accounts are locked through `LATERAL … LIMIT 1` and written through `ON CONFLICT`, both of which use the
//! primary key whatever the planner's statistics say, and take the locks in the order of the rows that are bound.
//!
//! In a transaction of its own a lost compare-and-set writes nothing and says so; what can only be found while writing (a
//! known key, a bound, one lost start among many) raises, and everything rolls back. In a caller's transaction, which an
//! error would abort, keys come first and what is lost later is undone.

use crate::store::statement::{Shape, numbered};

/// A transaction of its own, and the wait for its locks.
const OWN: &str = "
WITH begun AS MATERIALIZED (SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok)";

/// Nothing to claim.
const CLAIM_NONE: &str = "
WITH claimed AS (SELECT NULL::bytea AS hash WHERE false),
begun AS MATERIALIZED (SELECT true AS ok)";

const CLAIM_ONE: &str = "
WITH claimed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, at, expires_at)
    SELECT $1::bytea, $2::text, $3::text, $4::bigint, $5::bytea, $6::bigint, $7::bigint
    ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
        fingerprint = excluded.fingerprint, at = excluded.at, expires_at = excluded.expires_at
    WHERE k.expires_at <= $8::bigint
    RETURNING hash),
begun AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM claimed)";

const CLAIM_MANY: &str = "
WITH claimed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, at, expires_at)
    SELECT * FROM unnest((SELECT $1::bytea[]), (SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::bigint[]), (SELECT $5::bytea[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]))
    ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
        fingerprint = excluded.fingerprint, at = excluded.at, expires_at = excluded.expires_at
    WHERE k.expires_at <= $8::bigint
    RETURNING hash),
begun AS MATERIALIZED (SELECT count(*) = cardinality($1::bytea[]) AS ok FROM claimed)";

const MOVE: &str = ",
opened AS (SELECT NULL::text AS machine, NULL::text AS id WHERE false),
moved AS (
    UPDATE {machines} SET state = $3::text, body = $4::bytea, version = $6::bigint, visit = $7::bigint,
        entered_at = $8::bigint
    WHERE machine = $1::text AND id = $2::text AND version = $5::bigint AND (SELECT ok FROM {gate})
    RETURNING 1),
machined AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM moved)";

const START: &str = ",
opened AS (
    INSERT INTO {machines} (machine, id, state, body, version, visit, entered_at)
    SELECT $1::text, $2::text, $3::text, $4::bytea, $6::bigint, $7::bigint, $8::bigint
    WHERE $5::bigint = 0 AND (SELECT ok FROM {gate})
    ON CONFLICT (machine, id) DO NOTHING
    RETURNING machine, id),
machined AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM opened)";

const MACHINES: &str = ",
held AS MATERIALIZED (
    SELECT w.*, m.version AS found
    FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::bytea[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]))
        AS w (machine, id, state, body, expected, version, visit, entered_at)
    LEFT JOIN LATERAL (
        SELECT version FROM {machines} WHERE machine = w.machine AND id = w.id LIMIT 1 FOR NO KEY UPDATE
    ) m ON true
    WHERE (SELECT ok FROM {gate})),
fit AS MATERIALIZED (
    SELECT (SELECT ok FROM {gate}) AND coalesce(bool_and(coalesce(found, 0) = expected), true) AS ok FROM held),
opened AS (
    INSERT INTO {machines} (machine, id, state, body, version, visit, entered_at)
    SELECT machine, id, state, body, version, visit, entered_at FROM held
    WHERE expected = 0 AND (SELECT ok FROM fit)
    {lost start}
    RETURNING machine, id),
all_opened AS MATERIALIZED (
    SELECT fit.ok AND (SELECT count(*) FROM opened) = (SELECT count(*) FROM held WHERE expected = 0) AS ok FROM fit),
moved AS (
    INSERT INTO {machines} (machine, id, state, body, version, visit, entered_at)
    SELECT machine, id, state, body, version, visit, entered_at FROM held
    WHERE expected > 0 AND (SELECT ok FROM all_opened)
    ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, version = excluded.version,
        visit = excluded.visit, entered_at = excluded.entered_at
    RETURNING 1),
machined AS MATERIALIZED (SELECT all_opened.ok AND (SELECT count(*) FROM moved) >= 0 AS ok FROM all_opened)";

/// A balance beyond its bounds is NULL, which the column refuses; beyond 64 bits the sum itself is an error.
const ACCOUNTS: &str = ",
purses AS MATERIALIZED (
    SELECT d.*, a.account IS NOT NULL AS found, coalesce(a.balance, 0) AS balance, coalesce(a.seq, 0) AS seq, a.floor,
        a.ceiling
    FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::bigint[]))
        AS d (name, delta, lowest, highest, entries)
    LEFT JOIN LATERAL (SELECT * FROM {accounts} WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE) a ON true
    WHERE (SELECT ok FROM {gate})),
settled AS MATERIALIZED (
    SELECT name, found, seq + entries AS seq,
        CASE WHEN balance + lowest >= coalesce(floor, balance + lowest)
            AND balance + highest <= coalesce(ceiling, balance + highest) THEN balance + delta END AS balance
    FROM purses),
opened_accounts AS (
    INSERT INTO {accounts} (account, balance, seq) SELECT name, balance, seq FROM settled WHERE NOT found
    RETURNING account, balance, seq),
changed_accounts AS (
    INSERT INTO {accounts} (account, balance, seq) SELECT name, balance, seq FROM settled WHERE found
    ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq
    RETURNING account, balance, seq),
funded AS MATERIALIZED (
    SELECT (SELECT ok FROM {gate}) AS ok, array_agg(balance ORDER BY account) AS balances,
        array_agg(seq ORDER BY account) AS seqs
    FROM (SELECT * FROM changed_accounts UNION ALL SELECT * FROM opened_accounts) a)";

/// A key that is there and has not expired loses its fingerprint, which the column refuses.
const KEY: &str = ",
keyed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, at, expires_at)
    SELECT $1::bytea, $2::text, $3::text, $4::bigint, $5::bytea, $6::bigint, $7::bigint
    WHERE (SELECT ok FROM {gate})
    ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
        fingerprint = CASE WHEN k.expires_at <= $8::bigint THEN excluded.fingerprint END,
        at = excluded.at, expires_at = excluded.expires_at)";

const KEYS: &str = ",
keyed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, at, expires_at)
    SELECT * FROM unnest((SELECT $1::bytea[]), (SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::bigint[]), (SELECT $5::bytea[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]))
    WHERE (SELECT ok FROM {gate})
    ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
        fingerprint = CASE WHEN k.expires_at <= $8::bigint THEN excluded.fingerprint END,
        at = excluded.at, expires_at = excluded.expires_at)";

const TRANSITION: &str = ",
run AS (
    INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, scope,
        key, from_visit, visit, at, correlation)
    SELECT $1::text, $2::text, $3::bigint, $4::text, $5::text, $6::text, $7::bytea, $8::bytea, $9::bytea, $10::bytea,
        $11::text, $12::text, $13::bigint, $14::bigint, $15::bigint, $16::text
    WHERE (SELECT ok FROM {gate}))";

const TRANSITIONS: &str = ",
run AS (
    INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint, scope,
        key, from_visit, visit, at, correlation)
    SELECT * FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]), (SELECT $4::text[]), (SELECT $5::text[]), (SELECT $6::text[]), (SELECT $7::bytea[]),
        (SELECT $8::bytea[]), (SELECT $9::bytea[]), (SELECT $10::bytea[]), (SELECT $11::text[]), (SELECT $12::text[]), (SELECT $13::bigint[]), (SELECT $14::bigint[]), (SELECT $15::bigint[]),
        (SELECT $16::text[]))
    WHERE (SELECT ok FROM {gate}))";

/// Counted back from the account as it is after the write; `place` is the account's among those of the write.
const ENTRIES: &str = ",
entered AS (
    INSERT INTO {entries} (account, seq, delta, balance, machine, id, machine_seq, leg, at)
    SELECT e.account, f.seqs[e.place] - e.entries + e.nth, e.delta, f.balances[e.place] - e.total + e.running, e.machine,
        e.id, e.machine_seq, e.leg, e.at
    FROM {gate} f, unnest((SELECT $1::text[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]),
        (SELECT $8::text[]), (SELECT $9::text[]), (SELECT $10::bigint[]), (SELECT $11::bigint[]), (SELECT $12::bigint[]))
        AS e (account, place, entries, nth, delta, total, running, machine, id, machine_seq, leg, at)
    WHERE f.ok)";

const MESSAGES: &str = ",
sent AS (
    INSERT INTO {outbox} (machine, id, seq, leg, topic, payload, at)
    SELECT * FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::text[]), (SELECT $6::bytea[]), (SELECT $7::bigint[]))
    WHERE (SELECT ok FROM {gate}))";

const DONE: &str = "
SELECT ok FROM {gate}";

const DONE_OR_UNDO: &str = "
SELECT ok, ARRAY(SELECT hash FROM claimed), ARRAY(SELECT machine FROM opened), ARRAY(SELECT id FROM opened) FROM {gate}";

/// Takes back what a write in a caller's transaction did before it lost.
pub(super) const UNDO: &str = "
WITH unclaimed AS (DELETE FROM {keys} WHERE hash = ANY($1::bytea[]))
DELETE FROM {machines} m USING unnest((SELECT $2::text[]), (SELECT $3::text[])) AS o (machine, id)
WHERE m.machine = o.machine AND m.id = o.id";

/// The statement of a write in a transaction of its own.
pub(super) fn own(shape: Shape) -> String {
    let mut parts = Parts::new();
    parts.push(OWN, "begun");
    machines(&mut parts, shape);
    accounts(&mut parts, shape);
    if shape.keys() {
        parts.add(if shape.one() { KEY } else { KEYS });
    }
    rest(&mut parts, shape);
    parts.add(DONE);
    parts.text("")
}

/// The statement of a write in a caller's transaction.
pub(super) fn joined(shape: Shape) -> String {
    let mut parts = Parts::new();
    let claim = match (shape.keys(), shape.one()) {
        (false, _) => CLAIM_NONE,
        (true, true) => CLAIM_ONE,
        (true, false) => CLAIM_MANY,
    };
    parts.push(claim, "begun");
    machines(&mut parts, shape);
    accounts(&mut parts, shape);
    rest(&mut parts, shape);
    parts.add(DONE_OR_UNDO);
    parts.text("ON CONFLICT (machine, id) DO NOTHING")
}

fn machines(parts: &mut Parts, shape: Shape) {
    let machines = match (shape.one(), shape.starts()) {
        (true, true) => START,
        (true, false) => MOVE,
        (false, _) => MACHINES,
    };
    parts.push(machines, "machined");
}

fn accounts(parts: &mut Parts, shape: Shape) {
    if shape.money() {
        parts.push(ACCOUNTS, "funded");
    }
}

fn rest(parts: &mut Parts, shape: Shape) {
    parts.add(if shape.one() { TRANSITION } else { TRANSITIONS });
    if shape.money() {
        parts.add(ENTRIES);
    }
    if shape.messages() {
        parts.add(MESSAGES);
    }
}

/// Parts with their gates filled in.
struct Parts {
    texts: Vec<String>,
    gate: &'static str,
}

impl Parts {
    fn new() -> Self {
        Self { texts: Vec::new(), gate: "" }
    }

    fn add(&mut self, part: &str) {
        self.texts.push(part.replace("{gate}", self.gate));
    }

    /// Adds a part that is the gate of those after it.
    fn push(&mut self, part: &str, gate: &'static str) {
        self.add(part);
        self.gate = gate;
    }

    fn text(self, lost_start: &str) -> String {
        let parts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        numbered(&parts).replace("{lost start}", lost_start)
    }
}
