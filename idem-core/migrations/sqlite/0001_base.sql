-- STRICT, so that a sum beyond 64 bits is an error instead of a REAL. Texts compare by their bytes (SQLite's default),
-- times are microseconds since 1970 UTC. WITHOUT ROWID where rows are small and found by their key: one tree less.

CREATE TABLE {graphs} (
    machine TEXT NOT NULL PRIMARY KEY,
    hash BLOB NOT NULL,
    names BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- last_by_command: the seq of the newest run of each command. An index of all transitions would tell as well, and would grow with them.
-- emitted: how many messages its steps have emitted.
CREATE TABLE {machines} (
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    state TEXT NOT NULL,
    body BLOB NOT NULL,
    last_by_command BLOB NOT NULL,
    version INTEGER NOT NULL CHECK (version BETWEEN 1 AND 4611686018427387903),
    visit INTEGER NOT NULL,
    entered_at INTEGER NOT NULL,
    emitted INTEGER NOT NULL,
    PRIMARY KEY (machine, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX {machines_by_state} ON {:machines} (machine, state, entered_at, id);

-- A row with a seq is a transition, and the key that it ran under stands in it. A row without one is another key, which until it
-- expires is answered by transition `alias_of` of that machine, or by a rejection that it remembers. The hash is of (machine, scope, key).
CREATE TABLE {transitions} (
    machine TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER,
    command TEXT,
    from_state TEXT,
    state TEXT,
    body BLOB,
    payload BLOB,
    outcome BLOB,
    fingerprint BLOB NOT NULL,
    scope TEXT,
    key TEXT,
    from_visit INTEGER,
    visit INTEGER,
    at INTEGER NOT NULL,
    correlation TEXT,
    emitted INTEGER,
    hash BLOB,
    alias_of INTEGER,
    rejection BLOB,
    expires_at INTEGER,
    UNIQUE (machine, id, seq),
    CHECK (seq IS NOT NULL OR coalesce(length(hash), 0) > 0),
    CHECK (seq IS NULL OR expires_at IS NULL)
) STRICT;
CREATE UNIQUE INDEX {transitions_by_key} ON {:transitions} (hash) WHERE hash IS NOT NULL;
CREATE INDEX {transitions_by_expiry} ON {:transitions} (expires_at) WHERE expires_at IS NOT NULL;

-- Keys that have no row of their own: of operations (surface: the operation's name), locks (`@lock`) and conditional updates
-- (`@update`). The key itself is not stored; the hash is of (surface, scope, key).
-- state: 1 claimed by the owner of the newest epoch, until its lease ends; 2 completed, with its outcome; 3 released, and free.
-- machine, id, seq: the last machine that the unit moved; of an update the table (id), and the version (seq) that it led to.
-- Rows in the order in which they were made: a hash is random, and in its order each new row would change a page of its own.
CREATE TABLE {claims} (
    hash BLOB NOT NULL UNIQUE,
    surface TEXT NOT NULL,
    scope TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    state INTEGER NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 0,
    owner INTEGER,
    until INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    outcome BLOB,
    checkpoint BLOB,
    at INTEGER NOT NULL,
    expires_at INTEGER,
    machine TEXT,
    id TEXT,
    seq INTEGER,
    reason TEXT
) STRICT;
CREATE INDEX {claims_by_expiry} ON {:claims} (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX {claims_by_surface} ON {:claims} (surface, hash) WHERE state = 1;

-- The highest epoch of this name that has written here, under a lease of another store.
CREATE TABLE {fences} (
    name TEXT NOT NULL PRIMARY KEY,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX {fences_by_time} ON {:fences} (at);

-- What calls were answered, if that is kept: the newest rows.
CREATE TABLE {verdicts} (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    namespace TEXT NOT NULL,
    operation TEXT NOT NULL,
    hash BLOB,
    verdict TEXT NOT NULL,
    scope TEXT,
    correlation TEXT
) STRICT;
CREATE INDEX {verdicts_by_key} ON {:verdicts} (hash, position) WHERE hash IS NOT NULL;

-- One row: which database this is, and the highest epoch of the claims that were swept.
CREATE TABLE {installation} (
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    epoch_floor INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO {installation} (id, at)
SELECT lower(hex(randomblob(16))), CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000;

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
-- on many accounts then changes few pages beside those of the small indexes. The first of them has the hash of their key, of (the
-- ledger's namespace, scope, key). A row without a seq is no entry: it remembers that a change was refused, by the account, or by a
-- hold on it.
CREATE TABLE {entries} (
    account TEXT NOT NULL,
    seq INTEGER,
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
    metadata BLOB,
    hash BLOB,
    fingerprint BLOB,
    outcome BLOB,
    UNIQUE (account, seq),
    CHECK (seq IS NOT NULL OR coalesce(length(hash), 0) > 0)
) STRICT;
CREATE UNIQUE INDEX {entries_by_key} ON {:entries} (hash) WHERE hash IS NOT NULL;
CREATE INDEX {entries_refused} ON {:entries} (hash) WHERE seq IS NULL;

CREATE TABLE {holds} (
    hold TEXT NOT NULL PRIMARY KEY,
    account TEXT NOT NULL,
    amount INTEGER NOT NULL,
    remaining INTEGER NOT NULL,
    expires_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX {holds_by_expiry} ON {:holds} (account, expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;

-- Messages until they are delivered. machine, id, seq and entry_no are of a message that a step emitted: its id is a hash of them.
-- One that a transaction emitted beside machines has an id of its own. number: dense among the messages of a machine or of a sequence.
-- A position is given once: that of a message which was delivered and deleted is not given to another.
CREATE TABLE {outbox} (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    machine TEXT,
    id TEXT,
    seq INTEGER,
    entry_no INTEGER,
    message_id TEXT,
    ordered TEXT,
    number INTEGER,
    topic TEXT NOT NULL,
    key TEXT,
    headers BLOB,
    payload BLOB NOT NULL,
    correlation TEXT,
    at INTEGER NOT NULL,
    CHECK ((seq IS NULL) = (message_id IS NOT NULL))
) STRICT;

-- The newest number of each sequence of messages beside machines.
CREATE TABLE {sequences} (
    name TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages that were not delivered: dead letters, and with a due time those that an operator has released. One that holds its lane keeps
-- the later messages of its machine or sequence in the outbox.
CREATE TABLE {parked} (
    position INTEGER NOT NULL PRIMARY KEY,
    lane TEXT NOT NULL,
    holds INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    source TEXT NOT NULL,
    number INTEGER,
    topic TEXT NOT NULL,
    key TEXT,
    headers BLOB,
    payload BLOB NOT NULL,
    correlation TEXT,
    at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    parked_at INTEGER NOT NULL,
    due_at INTEGER
) STRICT;
CREATE INDEX {parked_by_lane} ON {:parked} (lane) WHERE holds;
CREATE INDEX {parked_by_due} ON {:parked} (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX {parked_by_message} ON {:parked} (message_id);

CREATE VIEW {outbox_readable} AS
    SELECT position, machine, id, seq, entry_no, message_id, ordered, number, topic, coalesce(key, id, ordered) AS key,
        CAST(substr(headers, 2) AS TEXT) AS headers,
        CASE substr(payload, 1, 1) WHEN x'31' THEN CAST(substr(payload, 2) AS TEXT) ELSE hex(substr(payload, 2)) END AS payload,
        correlation, strftime('%Y-%m-%d %H:%M:%f', at / 1000000.0, 'unixepoch') AS at
    FROM {:outbox};
