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

/// A transaction of its own, the wait for its locks, and its time.
const OWN: &str = "
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, {now}) AS now)";

/// Nothing to claim.
const CLAIM_NONE: &str = "
WITH claimed AS (SELECT NULL::bytea AS hash WHERE false),
begun AS MATERIALIZED (SELECT true AS ok, $1::bigint AS now)";

const CLAIM_ONE: &str = "
WITH claimed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, expires_at, outcome, at)
    SELECT $1::bytea, $2::text, $3::text, $4::bigint, $5::bytea, $6::bigint, $7::bytea, $8::bigint
    ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
        fingerprint = excluded.fingerprint, at = excluded.at, expires_at = excluded.expires_at,
        outcome = excluded.outcome
    WHERE k.expires_at <= $8::bigint
    RETURNING hash),
begun AS MATERIALIZED (SELECT count(*) = 1 AS ok, $8::bigint AS now FROM claimed)";

const CLAIM_MANY: &str = "
WITH claimed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, expires_at, outcome, at)
    SELECT u.*, $8::bigint FROM unnest((SELECT $1::bytea[]), (SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::bigint[]), (SELECT $5::bytea[]), (SELECT $6::bigint[]), (SELECT $7::bytea[])) u
    ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target, seq = excluded.seq,
        fingerprint = excluded.fingerprint, at = excluded.at, expires_at = excluded.expires_at,
        outcome = excluded.outcome
    WHERE k.expires_at <= $8::bigint
    RETURNING hash),
begun AS MATERIALIZED (SELECT count(*) = cardinality($1::bytea[]) AS ok, $8::bigint AS now FROM claimed)";

const MOVE: &str = ",
opened AS (SELECT NULL::text AS machine, NULL::text AS id WHERE false),
moved AS (
    UPDATE {machines} SET state = $3::text, body = $4::bytea, runs = $5::bytea, version = $7::bigint,
        visit = $8::bigint, entered_at = $9::bigint
    WHERE machine = $1::text AND id = $2::text AND version = $6::bigint AND (SELECT ok FROM {gate})
    RETURNING 1),
machined AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM moved)";

const START: &str = ",
opened AS (
    INSERT INTO {machines} (machine, id, state, body, runs, version, visit, entered_at)
    SELECT $1::text, $2::text, $3::text, $4::bytea, $5::bytea, $7::bigint, $8::bigint, $9::bigint
    WHERE $6::bigint = 0 AND (SELECT ok FROM {gate})
    ON CONFLICT (machine, id) DO NOTHING
    RETURNING machine, id),
machined AS MATERIALIZED (SELECT count(*) = 1 AS ok FROM opened)";

/// Locks machines, and finds out whether they are what was decided on.
const LOCK_MACHINES: &str = ",
held AS MATERIALIZED (
    SELECT w.*, m.version AS found
    FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::text[]), (SELECT $4::bytea[]), (SELECT $5::bytea[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::bigint[]), (SELECT $9::bigint[]))
        WITH ORDINALITY AS w (machine, id, state, body, runs, expected, version, visit, entered_at, place)
    LEFT JOIN LATERAL (
        SELECT version FROM {machines} WHERE machine = w.machine AND id = w.id LIMIT 1 FOR NO KEY UPDATE {skip}
    ) m ON true
    WHERE (SELECT ok FROM {gate})),
fit AS MATERIALIZED (
    SELECT (SELECT ok FROM {gate}) AND coalesce(bool_and(coalesce(found, 0) = expected), true) AS ok FROM held)";

const WRITE_MACHINES: &str = ",
opened AS (
    INSERT INTO {machines} (machine, id, state, body, runs, version, visit, entered_at)
    SELECT machine, id, state, body, runs, version, visit, entered_at FROM held
    WHERE expected = 0 AND (SELECT ok FROM {gate})
    {lost start}
    RETURNING machine, id),
all_opened AS MATERIALIZED (
    SELECT g.ok AND (SELECT count(*) FROM opened) = (SELECT count(*) FROM held WHERE expected = 0) AS ok FROM {gate} g),
moved AS (
    INSERT INTO {machines} (machine, id, state, body, runs, version, visit, entered_at)
    SELECT machine, id, state, body, runs, version, visit, entered_at FROM held
    WHERE expected > 0 AND (SELECT ok FROM all_opened)
    ON CONFLICT (machine, id) DO UPDATE SET state = excluded.state, body = excluded.body, runs = excluded.runs,
        version = excluded.version, visit = excluded.visit, entered_at = excluded.entered_at
    RETURNING 1),
machined AS MATERIALIZED (SELECT all_opened.ok AND (SELECT count(*) FROM moved) >= 0 AS ok FROM all_opened)";

/// Tallies are not locked: they stay tallies.
const TALLIES: &str = ",
tallied AS MATERIALIZED (
    SELECT (SELECT ok FROM {gate}) AND bool_and(coalesce(a.tally, false) AND a.unit IS NOT DISTINCT FROM t.unit) AS ok
    FROM unnest((SELECT $1::text[]), (SELECT $2::text[])) AS t (name, unit)
    LEFT JOIN LATERAL (SELECT tally, unit FROM {accounts} WHERE account = t.name LIMIT 1) a ON true)";

/// Locks accounts and works out what becomes of them. A balance beyond its bounds is NULL, which the column refuses;
/// beyond 64 bits the sum itself is an error.
const LOCK_ACCOUNTS: &str = ",
purses AS MATERIALIZED (
    SELECT d.name, a.account IS NOT NULL AS found, coalesce(a.seq, 0) + d.entries AS seq,
        coalesce(a.held, 0) + d.reserved AS held, greatest(a.at, (SELECT now FROM begun)) AS at,
        CASE WHEN NOT coalesce(a.tally OR a.closed_at IS NOT NULL, false) AND a.unit IS NOT DISTINCT FROM d.unit
            AND coalesce(a.seq, 0) = coalesce(d.expected, a.seq, 0)
            AND coalesce(a.balance - a.held, 0) + d.lowest >= coalesce(a.floor, a.balance - a.held + d.lowest, d.lowest)
            AND coalesce(a.balance, 0) + d.highest <= coalesce(a.ceiling, a.balance + d.highest, d.highest)
            THEN coalesce(a.balance, 0) + d.delta END AS balance
    FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]), (SELECT $7::bigint[]), (SELECT $8::text[]))
        AS d (name, delta, reserved, lowest, highest, entries, expected, unit)
    LEFT JOIN LATERAL (SELECT * FROM {accounts} WHERE account = d.name LIMIT 1 FOR NO KEY UPDATE {skip}) a ON true
    WHERE (SELECT ok FROM {gate}))";

/// Accounts that are there and were skipped are someone else's at the moment.
const OBTAIN: &str = ",
busy AS MATERIALIZED (
    SELECT p.name FROM purses p CROSS JOIN LATERAL (SELECT 1 FROM {accounts} WHERE account = p.name LIMIT 1) there
    WHERE NOT p.found),
obtained AS MATERIALIZED (SELECT (SELECT ok FROM {gate}) AND NOT EXISTS (SELECT 1 FROM busy) AS ok)";

const WRITE_ACCOUNTS: &str = ",
opened_accounts AS (
    INSERT INTO {accounts} (account, balance, seq, held, at)
    SELECT name, balance, seq, held, at FROM purses WHERE NOT found AND (SELECT ok FROM {gate})
    RETURNING account, balance, seq, at),
changed_accounts AS (
    INSERT INTO {accounts} (account, balance, seq, held, at)
    SELECT name, balance, seq, held, at FROM purses WHERE found AND (SELECT ok FROM {gate})
    ON CONFLICT (account) DO UPDATE SET balance = excluded.balance, seq = excluded.seq, held = excluded.held,
        at = excluded.at
    RETURNING account, balance, seq, at),
funded AS MATERIALIZED (
    SELECT (SELECT ok FROM {gate}) AS ok, array_agg(balance ORDER BY account) AS balances,
        array_agg(seq ORDER BY account) AS seqs, array_agg(at ORDER BY account) AS ats
    FROM (SELECT * FROM changed_accounts UNION ALL SELECT * FROM opened_accounts) a)";

/// What remains of a hold that is not what was decided on becomes NULL, which the column refuses.
const HOLDS: &str = ",
kept AS MATERIALIZED (
    SELECT w.*, CASE WHEN h.remaining IS NOT DISTINCT FROM w.expected THEN w.remaining END AS rest
    FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::bigint[]), (SELECT $6::bigint[]))
        AS w (hold, account, amount, expected, remaining, expires_at)
    LEFT JOIN LATERAL (SELECT remaining FROM {holds} WHERE hold = w.hold LIMIT 1 FOR NO KEY UPDATE) h ON true
    WHERE (SELECT ok FROM {gate})),
opened_holds AS (
    INSERT INTO {holds} (hold, account, amount, remaining, expires_at)
    SELECT hold, account, amount, rest, expires_at FROM kept WHERE expected IS NULL),
changed_holds AS (
    INSERT INTO {holds} (hold, account, amount, remaining, expires_at)
    SELECT hold, account, amount, rest, expires_at FROM kept WHERE expected IS NOT NULL
    ON CONFLICT (hold) DO UPDATE SET remaining = excluded.remaining)";

/// A key that is there and has not expired loses its fingerprint, which the column refuses.
const KEY: &str = ",
keyed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, expires_at, outcome, at)
    SELECT $1::bytea, $2::text, $3::text, $4::bigint, $5::bytea, $6::bigint, $7::bytea, begun.now
    FROM begun WHERE (SELECT ok FROM {gate})
    {taken})";

/// Keys of which some name entries, whose seqs are counted back from their accounts, and perhaps others.
fn keys(shape: Shape) -> String {
    let odd = shape.odd_keys();
    let mut list = List::new("u");
    list.add("hash", "bytea");
    list.add("target", "text");
    list.add("fingerprint", "bytea");
    if odd {
        for (column, kind) in [("surface", "text"), ("seq", "bigint"), ("expires_at", "bigint"), ("outcome", "bytea")] {
            list.add(column, kind);
        }
    }
    let seq = match (shape.posts(), odd) {
        (true, true) => "coalesce(f.seqs[u.place] - u.back, u.seq)",
        (true, false) => "f.seqs[u.place] - u.back",
        (false, _) => "u.seq",
    };
    if shape.posts() {
        list.add("place", "bigint");
        list.add("back", "bigint");
    }
    let rest = if odd { "u.surface, u.expires_at, u.outcome" } else { "'{ledger}', NULL, NULL" };
    format!(
        ",
keyed AS (
    INSERT INTO {{keys}} AS k (hash, target, fingerprint, seq, surface, expires_at, outcome, at)
    SELECT u.hash, u.target, u.fingerprint, {seq}, {rest}, begun.now
    FROM begun, {{gate}} f, {list}
    WHERE f.ok
    {{taken}})"
    )
}

const TAKEN: &str = "ON CONFLICT (hash) DO UPDATE SET surface = excluded.surface, target = excluded.target,
        seq = excluded.seq, fingerprint = CASE WHEN k.expires_at <= excluded.at THEN excluded.fingerprint END,
        at = excluded.at, expires_at = excluded.expires_at, outcome = excluded.outcome";

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

/// Entries, counted back from the account as it is after the write; `place` is the account's among those of the write. What
/// no entry has is not sent.
fn entries(shape: Shape) -> String {
    let mut list = List::new("e");
    let mut columns = String::from("account, delta, kind");
    let mut values = String::from("e.account, e.delta, e.kind");
    for (column, kind) in [("account", "text"), ("delta", "bigint"), ("kind", "text")] {
        list.add(column, kind);
    }
    for number in ["place", "back", "below"] {
        list.add(number, "bigint");
    }
    let mut add = |list: &mut List, column: &'static str, kind| {
        list.add(column, kind);
        columns.push_str(", ");
        columns.push_str(column);
        values.push_str(", e.");
        values.push_str(column);
    };
    if shape.holds() {
        add(&mut list, "hold", "text");
        add(&mut list, "reserved", "bigint");
    }
    if shape.posts() {
        add(&mut list, "scope", "text");
        add(&mut list, "key", "text");
    }
    if shape.steps() {
        for (column, kind) in [("machine", "text"), ("id", "text"), ("machine_seq", "bigint"), ("leg", "bigint")] {
            add(&mut list, column, kind);
        }
    }
    if shape.rings() {
        add(&mut list, "next_account", "text");
    }
    let given = |list: &mut List, column: &'static str, counted: &str| {
        if !shape.tallies() {
            return counted.to_owned();
        }
        list.add(column, "bigint");
        format!("coalesce(e.{column}, {counted})")
    };
    let seq = given(&mut list, "seq", "f.seqs[e.place] - e.back");
    let mut next_seq = "NULL".to_owned();
    if shape.rings() {
        list.add("next_place", "bigint");
        list.add("next_back", "bigint");
        next_seq = given(&mut list, "next_seq", "f.seqs[e.next_place] - e.next_back");
    }
    format!(
        ",
entered AS (
    INSERT INTO {{entries}} ({columns}, seq, balance, at, next_seq)
    SELECT {values}, {seq}, f.balances[e.place] - e.below, coalesce(f.ats[e.place], begun.now), {next_seq}
    FROM begun, {{gate}} f, {list}
    WHERE f.ok)"
    )
}

/// Arrays, side by side as the rows of a table.
struct List {
    name: &'static str,
    columns: Vec<(&'static str, &'static str)>,
}

impl List {
    fn new(name: &'static str) -> Self {
        Self { name, columns: Vec::new() }
    }

    fn add(&mut self, column: &'static str, kind: &'static str) {
        self.columns.push((column, kind));
    }
}

impl std::fmt::Display for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let arrays = (1..).zip(&self.columns).map(|(nth, (_, kind))| format!("(SELECT ${nth}::{kind}[])"));
        let names: Vec<&str> = self.columns.iter().map(|(column, _)| *column).collect();
        write!(f, "unnest({}) AS {} ({})", arrays.collect::<Vec<_>>().join(", "), self.name, names.join(", "))
    }
}

const TAILS: &str = ",
trailed AS (
    INSERT INTO {tails} (account, seq, delta)
    SELECT t.* FROM unnest((SELECT $1::text[]), (SELECT $2::bigint[]), (SELECT $3::bigint[])) t
    WHERE (SELECT ok FROM {gate}))";

const MESSAGES: &str = ",
sent AS (
    INSERT INTO {outbox} (machine, id, seq, leg, topic, payload, at)
    SELECT * FROM unnest((SELECT $1::text[]), (SELECT $2::text[]), (SELECT $3::bigint[]), (SELECT $4::bigint[]), (SELECT $5::text[]), (SELECT $6::bytea[]), (SELECT $7::bigint[]))
    WHERE (SELECT ok FROM {gate}))";

const DONE: &str = "
SELECT ok, (SELECT now FROM begun), {lost}, {busy}, {funds} FROM {gate}";

const DONE_OR_UNDO: &str = "
SELECT ok, ARRAY(SELECT hash FROM claimed), ARRAY(SELECT machine FROM opened), ARRAY(SELECT id FROM opened) FROM {gate}";

/// Takes back what a write in a caller's transaction did before it lost.
pub(super) const UNDO: &str = "
WITH unclaimed AS (DELETE FROM {keys} WHERE hash = ANY($1::bytea[]))
DELETE FROM {machines} m USING unnest((SELECT $2::text[]), (SELECT $3::text[])) AS o (machine, id)
WHERE m.machine = o.machine AND m.id = o.id";

/// Posts one entry under one key; the second arm answers for a key that is known. Nothing at all: something is in the way.
///
/// The key is looked up before anything is written, so that a repeat writes nothing; one that is taken between the two
/// loses its fingerprint, which the column refuses.
pub(super) fn post_one() -> String {
    POST_ONE
        .replace("{taken}", TAKEN)
        .replace("{now}", crate::store::postgres::dialect::NOW)
        .replace("{no key}", crate::store::postgres::dialect::NO_KEY)
        .replace("{no entry}", crate::store::postgres::dialect::NO_ENTRY)
        .replace("{entry}", crate::store::postgres::dialect::ENTRY)
}

const POST_ONE: &str = "
WITH begun AS MATERIALIZED (
    SELECT set_config('lock_timeout', $1::text, true) IS NOT NULL AS ok, coalesce($2::bigint, {now}) AS now),
known AS MATERIALIZED (SELECT * FROM {keys} WHERE hash = $3::bytea),
funded AS (
    INSERT INTO {accounts} AS a (account, balance, seq, at, unit)
    SELECT $4::text, $5::bigint, 1, now, $6::text FROM begun WHERE NOT EXISTS (SELECT 1 FROM known)
    ON CONFLICT (account) DO UPDATE SET balance = a.balance + excluded.balance, seq = a.seq + 1,
        at = greatest(a.at, excluded.at)
    WHERE a.closed_at IS NULL AND NOT a.tally AND a.unit IS NOT DISTINCT FROM excluded.unit
        AND a.balance - a.held + excluded.balance >= coalesce(a.floor, a.balance - a.held + excluded.balance)
        AND a.balance + excluded.balance <= coalesce(a.ceiling, a.balance + excluded.balance)
    RETURNING balance, seq, at),
keyed AS (
    INSERT INTO {keys} AS k (hash, surface, target, seq, fingerprint, at)
    SELECT $3::bytea, $7::text, $4::text, seq, $8::bytea, (SELECT now FROM begun) FROM funded
    {taken}),
entered AS (
    INSERT INTO {entries} (account, seq, delta, balance, at, kind, scope, key)
    SELECT $4::text, seq, $5::bigint, balance, at, $9::text, $10::text, $11::text FROM funded)
SELECT balance, seq, at, {no key}, {no entry} FROM funded
UNION ALL
SELECT NULL, NULL, NULL, k.fingerprint, k.target, k.seq, k.at, k.expires_at, k.outcome, {entry}
FROM known k LEFT JOIN {entries} e ON e.account = k.target AND e.seq = k.seq";

/// The statement of a write in a transaction of its own.
pub(super) fn own(shape: Shape) -> String {
    let mut parts = Parts::new();
    parts.push(OWN, "begun");
    rows(&mut parts, shape);
    if shape.keys() {
        if shape.one() {
            parts.add(KEY);
        } else {
            parts.add(&keys(shape));
        }
    }
    rest(&mut parts, shape);
    parts.add(DONE);
    let choose = |given: bool, text: &'static str, nothing: &'static str| if given { text } else { nothing };
    let listed = shape.skips() && shape.machines() && !shape.one();
    let busy = shape.skips() && shape.money();
    parts
        .text("", shape.skips())
        .replace("{lost}", choose(listed, "ARRAY(SELECT place FROM held WHERE coalesce(found, 0) <> expected)", NONE))
        .replace("{busy}", choose(busy, "ARRAY(SELECT name FROM busy)", "NULL::text[]"))
        .replace(
            "{funds}",
            choose(shape.money(), "balances, seqs, ats", "NULL::bigint[], NULL::bigint[], NULL::bigint[]"),
        )
}

const NONE: &str = "NULL::bigint[]";

/// The statement of a write in a caller's transaction.
pub(super) fn joined(shape: Shape) -> String {
    let mut parts = Parts::new();
    let claim = match (shape.keys(), shape.one()) {
        (false, _) => CLAIM_NONE,
        (true, true) => CLAIM_ONE,
        (true, false) => CLAIM_MANY,
    };
    parts.push(claim, "begun");
    if !shape.machines() {
        parts.add(NO_MACHINES);
    }
    rows(&mut parts, shape);
    rest(&mut parts, shape);
    parts.add(DONE_OR_UNDO);
    parts.text("ON CONFLICT (machine, id) DO NOTHING", false)
}

/// Nothing to undo.
const NO_MACHINES: &str = ",
opened AS (SELECT NULL::text AS machine, NULL::text AS id WHERE false)";

/// Machines, accounts and holds. Of a list everything is locked before anything is written: what is skipped leaves nothing
/// to undo.
fn rows(parts: &mut Parts, shape: Shape) {
    if shape.tallies() {
        parts.push(TALLIES, "tallied");
    }
    match (shape.machines(), shape.one(), shape.starts()) {
        (false, _, _) => {}
        (true, true, true) => parts.push(START, "machined"),
        (true, true, false) => parts.push(MOVE, "machined"),
        (true, false, _) => parts.push(LOCK_MACHINES, "fit"),
    }
    if shape.money() {
        parts.add(LOCK_ACCOUNTS);
        if shape.skips() {
            parts.push(OBTAIN, "obtained");
        }
    }
    if shape.machines() && !shape.one() {
        parts.push(WRITE_MACHINES, "machined");
    }
    if shape.money() {
        parts.push(WRITE_ACCOUNTS, "funded");
    }
    if shape.holds() {
        parts.add(HOLDS);
    }
}

fn rest(parts: &mut Parts, shape: Shape) {
    if shape.machines() {
        parts.add(if shape.one() { TRANSITION } else { TRANSITIONS });
    }
    if shape.money() {
        parts.add(&entries(shape));
    }
    if shape.tallies() {
        parts.add(TAILS);
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

    fn text(self, lost_start: &str, skip: bool) -> String {
        let parts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        numbered(&parts)
            .replace("{lost start}", lost_start)
            .replace("{skip}", if skip { "SKIP LOCKED" } else { "" })
            .replace("{taken}", TAKEN)
            .replace("{now}", crate::store::postgres::dialect::NOW)
            .replace("{ledger}", crate::namespace::LEDGER)
    }
}
