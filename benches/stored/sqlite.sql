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
CREATE INDEX {machines_by_state} ON {machines} (machine, state, entered_at, id);

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
CREATE INDEX {transitions_by_command} ON {transitions} (machine, id, command, seq);

CREATE TABLE {keys} (
    hash BLOB PRIMARY KEY,
    surface TEXT NOT NULL,
    target TEXT NOT NULL,
    seq INTEGER NOT NULL,
    fingerprint BLOB NOT NULL,
    at INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX {keys_by_expiry} ON {keys} (expires_at) WHERE expires_at IS NOT NULL;
