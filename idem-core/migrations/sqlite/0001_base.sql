-- STRICT, so that a sum beyond 64 bits is an error instead of a REAL. Texts compare by their bytes (SQLite's default),
-- times are microseconds since 1970 UTC. WITHOUT ROWID where rows are small and found by their key: one tree less.

CREATE TABLE {graphs} (
    machine TEXT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    names BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE {machines} (
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    body BLOB NOT NULL,
    version INTEGER NOT NULL,
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
CREATE INDEX {transitions_by_command} ON {:transitions} (machine, id, command, seq);

-- A key names a transition (surface = machine, target = id, seq). The hash is of (surface, scope, key).
CREATE TABLE {keys} (
    hash BLOB NOT NULL PRIMARY KEY,
    surface TEXT NOT NULL,
    target TEXT NOT NULL,
    seq INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX {keys_by_expiry} ON {:keys} (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {accounts} (
    account TEXT NOT NULL PRIMARY KEY,
    balance INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    floor INTEGER,
    ceiling INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE {entries} (
    account TEXT NOT NULL,
    seq INTEGER NOT NULL,
    delta INTEGER NOT NULL,
    balance INTEGER NOT NULL,
    machine TEXT,
    id TEXT,
    machine_seq INTEGER,
    leg INTEGER,
    at INTEGER NOT NULL,
    PRIMARY KEY (account, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE {outbox} (
    position INTEGER PRIMARY KEY,
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    leg INTEGER NOT NULL,
    topic TEXT NOT NULL,
    payload BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;
