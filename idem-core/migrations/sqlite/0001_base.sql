-- STRICT, so that a sum beyond 64 bits is an error instead of a REAL. Texts compare by their bytes (SQLite's default),
-- times are microseconds since 1970 UTC. WITHOUT ROWID where rows are small and found by their key: one tree less.

CREATE TABLE {graphs} (
    machine TEXT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    names BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- last_by_command: the seq of the newest run of each command. An index of all transitions would tell as well, and would grow with them.
CREATE TABLE {machines} (
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    body BLOB NOT NULL,
    last_by_command BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4611686018427387903),
    visit INTEGER NOT NULL,
    entered_at INTEGER NOT NULL,
    PRIMARY KEY (machine, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX {machines_by_state} ON {:machines} (machine, state, entered_at, id);

CREATE TABLE {transitions} (
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    command TEXT NOT NULL,
    from_state TEXT NOT NULL,
    state TEXT NOT NULL,
    body BLOB NOT NULL,
    payload BLOB NOT NULL,
    outcome BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    scope TEXT,
    key TEXT,
    from_visit INTEGER NOT NULL,
    visit INTEGER NOT NULL,
    at INTEGER NOT NULL,
    correlation TEXT,
    PRIMARY KEY (machine, id, seq)
) STRICT;

-- What a key names depends on its namespace: a machine's transition (namespace = machine, target = id, seq), an entry of the
-- ledger (target = account, seq), or nothing but the outcome beside it. The hash is of (namespace, scope, key).
CREATE TABLE {keys} (
    hash BLOB NOT NULL PRIMARY KEY,
    namespace TEXT NOT NULL,
    target TEXT NOT NULL,
    seq INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER,
    outcome BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX {keys_by_expiry} ON {:keys} (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {accounts} (
    account TEXT NOT NULL PRIMARY KEY,
    balance INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    held INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL DEFAULT 0,
    floor INTEGER,
    ceiling INTEGER,
    unit TEXT,
    tally INTEGER NOT NULL DEFAULT 0,
    closed_at INTEGER
) STRICT, WITHOUT ROWID;

-- Dense per account, unless it is a tally: then seq is a time that nobody else has, and there is no balance.
-- Entries of one posting form a ring. They stand in the order in which they were made, and not by account: a group of calls
-- on many accounts then changes few pages beside those of the small index.
CREATE TABLE {entries} (
    account TEXT NOT NULL,
    seq INTEGER NOT NULL,
    delta INTEGER NOT NULL,
    balance INTEGER,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    hold TEXT,
    reserved INTEGER,
    scope TEXT,
    key TEXT,
    machine TEXT,
    id TEXT,
    machine_seq INTEGER,
    entry_no INTEGER,
    next_account TEXT,
    next_seq INTEGER,
    PRIMARY KEY (account, seq)
) STRICT;

CREATE TABLE {holds} (
    hold TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX {holds_by_expiry} ON {:holds} (account, expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;

CREATE TABLE {outbox} (
    position INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    entry_no INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
