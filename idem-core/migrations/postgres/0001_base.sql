-- Texts compare by their bytes (COLLATE "C"), times are microseconds since 1970 UTC.

CREATE TABLE {graphs} (
    machine text COLLATE "C" PRIMARY KEY,
    hash bytea NOT NULL,
    names bytea NOT NULL
);

-- last_by_command: the seq of the newest run of each command. An index of all transitions would tell as well, and would grow with them.
-- emitted: how many messages its steps have emitted.
CREATE TABLE {machines} (
    machine text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    last_by_command bytea NOT NULL,
    version bigint NOT NULL CHECK (version BETWEEN 1 AND 4611686018427387903),
    visit bigint NOT NULL,
    entered_at bigint NOT NULL,
    emitted bigint NOT NULL,
    PRIMARY KEY (machine, id)
) WITH (fillfactor = 80); -- Room for the next version of a row on its own page.
CREATE INDEX ON {machines} (machine, state, entered_at, id);

-- A row with a seq is a transition, and the key that it ran under stands in it. A row without one is another key, which until it
-- expires is answered by transition `alias_of` of that machine, or by a rejection that it remembers. The hash is of (machine, scope, key).
CREATE TABLE {transitions} (
    machine text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    seq bigint,
    command text COLLATE "C",
    from_state text COLLATE "C",
    state text COLLATE "C",
    body bytea,
    payload bytea,
    outcome bytea,
    fingerprint bytea NOT NULL,
    scope text COLLATE "C",
    key text COLLATE "C",
    from_visit bigint,
    visit bigint,
    at bigint NOT NULL,
    correlation text COLLATE "C",
    emitted bigint,
    hash bytea,
    alias_of bigint,
    rejection bytea,
    expires_at bigint,
    UNIQUE (machine, id, seq),
    CHECK (seq IS NOT NULL OR coalesce(octet_length(hash), 0) > 0),
    CHECK (seq IS NULL OR expires_at IS NULL)
);
CREATE UNIQUE INDEX {:transitions_by_key} ON {transitions} (hash) WHERE hash IS NOT NULL;
CREATE INDEX ON {transitions} (expires_at) WHERE expires_at IS NOT NULL;
-- There is no primary key by which a subscriber of a publication would know a row that is deleted.
ALTER TABLE {transitions} REPLICA IDENTITY FULL;

-- Keys that have no row of their own: of operations (surface: the operation's name), locks (`@lock`) and conditional updates
-- (`@update`). The key itself is not stored; the hash is of (surface, scope, key).
-- state: 1 claimed by the owner of the newest epoch, until its lease ends; 2 completed, with its outcome; 3 released, and free.
-- machine, id, seq: the last machine that the unit moved; of an update the table (id), and the version (seq) that it led to.
CREATE TABLE {claims} (
    hash bytea PRIMARY KEY,
    surface text COLLATE "C" NOT NULL,
    scope text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    state bigint NOT NULL,
    epoch bigint NOT NULL DEFAULT 0,
    owner bigint,
    until bigint,
    attempts bigint NOT NULL DEFAULT 0,
    outcome bytea,
    checkpoint bytea,
    at bigint NOT NULL,
    expires_at bigint,
    machine text COLLATE "C",
    id text COLLATE "C",
    seq bigint,
    reason text COLLATE "C"
);
CREATE INDEX ON {claims} (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX {:claims_by_surface} ON {claims} (surface, hash) WHERE state = 1;

-- The highest epoch of this name that has written here, under a lease of another store.
CREATE TABLE {fences} (
    name text COLLATE "C" PRIMARY KEY,
    epoch bigint NOT NULL,
    at bigint NOT NULL
);
CREATE INDEX ON {fences} (at);

-- What calls were answered, if that is kept: the newest rows.
CREATE TABLE {verdicts} (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    namespace text COLLATE "C" NOT NULL,
    operation text COLLATE "C" NOT NULL,
    hash bytea,
    verdict text COLLATE "C" NOT NULL,
    scope text COLLATE "C",
    correlation text COLLATE "C"
);
CREATE INDEX ON {verdicts} (hash, position) WHERE hash IS NOT NULL;

-- One row: which database this is, and the highest epoch of the claims that were swept.
CREATE TABLE {installation} (
    id text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    epoch_floor bigint NOT NULL DEFAULT 0
);
ALTER TABLE {installation} REPLICA IDENTITY FULL;
INSERT INTO {installation} (id, at)
SELECT gen_random_uuid()::text, (extract(epoch FROM statement_timestamp()) * 1000000)::bigint;

CREATE TABLE {accounts} (
    account text COLLATE "C" PRIMARY KEY,
    balance bigint NOT NULL,
    seq bigint NOT NULL,
    held bigint NOT NULL DEFAULT 0,
    at bigint NOT NULL DEFAULT 0,
    floor bigint,
    ceiling bigint,
    unit text COLLATE "C",
    tally boolean NOT NULL DEFAULT false,
    closed_at bigint
) WITH (fillfactor = 90); -- Room for the next version of a balance on its own page: every update stays off the index.

-- Dense per account, unless it is a tally: then seq is a time that nobody else has, and there is no balance.
-- Entries of one posting form a ring. The first of them has the hash of their key, of (the ledger's namespace, scope, key). A row
-- without a seq is no entry: it remembers that a change was refused, by the account, or by a hold on it.
CREATE TABLE {entries} (
    account text COLLATE "C" NOT NULL,
    seq bigint,
    delta bigint NOT NULL,
    balance bigint,
    at bigint NOT NULL,
    kind text COLLATE "C" NOT NULL,
    hold text COLLATE "C",
    reserved bigint,
    scope text COLLATE "C",
    key text COLLATE "C",
    machine text COLLATE "C",
    id text COLLATE "C",
    machine_seq bigint,
    entry_no bigint,
    next_account text COLLATE "C",
    next_seq bigint,
    metadata bytea,
    hash bytea,
    fingerprint bytea,
    outcome bytea,
    UNIQUE (account, seq),
    CHECK (seq IS NOT NULL OR coalesce(octet_length(hash), 0) > 0)
);
CREATE UNIQUE INDEX {:entries_by_key} ON {entries} (hash) WHERE hash IS NOT NULL;
CREATE INDEX {:entries_refused} ON {entries} (hash) WHERE seq IS NULL;
ALTER TABLE {entries} REPLICA IDENTITY FULL;

-- What entries of a tally add up to, until it is folded into the account's balance.
CREATE TABLE {tails} (
    account text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    delta bigint NOT NULL,
    PRIMARY KEY (account, seq)
);

CREATE TABLE {holds} (
    hold text COLLATE "C" PRIMARY KEY,
    account text COLLATE "C" NOT NULL,
    amount bigint NOT NULL,
    remaining bigint NOT NULL,
    expires_at bigint
);
CREATE INDEX ON {holds} (account, expires_at) WHERE remaining > 0 AND expires_at IS NOT NULL;

-- Messages until they are delivered. machine, id, seq and entry_no are of a message that a step emitted: its id is a hash of them.
-- One that a transaction emitted beside machines has an id of its own. number: dense among the messages of a machine or of a sequence.
-- Rows come and go, and a reader begins at the oldest: dead rows are removed soon, whatever the table's size.
CREATE TABLE {outbox} (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine text COLLATE "C",
    id text COLLATE "C",
    seq bigint,
    entry_no bigint,
    message_id text COLLATE "C",
    ordered text COLLATE "C",
    number bigint,
    topic text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    headers bytea,
    payload bytea NOT NULL,
    correlation text COLLATE "C",
    at bigint NOT NULL,
    CHECK ((seq IS NULL) = (message_id IS NOT NULL))
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_analyze_scale_factor = 0,
    autovacuum_analyze_threshold = 10000);

-- The newest number of each sequence of messages beside machines.
CREATE TABLE {sequences} (
    name text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL
) WITH (fillfactor = 50);

-- Messages that were not delivered: dead letters, and with a due time those that an operator has released. One that holds its lane keeps
-- the later messages of its machine or sequence in the outbox.
CREATE TABLE {parked} (
    position bigint PRIMARY KEY,
    lane text COLLATE "C" NOT NULL,
    holds boolean NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    number bigint,
    topic text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    headers bytea,
    payload bytea NOT NULL,
    correlation text COLLATE "C",
    at bigint NOT NULL,
    attempts bigint NOT NULL,
    reason text COLLATE "C" NOT NULL,
    parked_at bigint NOT NULL,
    due_at bigint
);
CREATE INDEX ON {parked} (lane) WHERE holds;
CREATE INDEX ON {parked} (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ON {parked} (message_id);

CREATE VIEW {outbox_readable} AS
    SELECT position, machine, id, seq, entry_no, message_id, ordered, number, topic, coalesce(key, id, ordered) AS key,
        convert_from(substr(headers, 2), 'UTF8') AS headers,
        CASE get_byte(payload, 0) WHEN 49 THEN convert_from(substr(payload, 2), 'UTF8') ELSE encode(substr(payload, 2), 'hex') END
            AS payload,
        correlation, to_timestamp(at / 1000000.0) AS at
    FROM {outbox};
