-- Texts compare by their bytes (COLLATE "C"), times are microseconds since 1970 UTC.

CREATE TABLE {graphs} (
    machine text COLLATE "C" PRIMARY KEY,
    hash bytea NOT NULL,
    names bytea NOT NULL
);

CREATE TABLE {machines} (
    machine text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    version bigint NOT NULL,
    visit bigint NOT NULL,
    entered_at bigint NOT NULL,
    PRIMARY KEY (machine, id)
);
CREATE INDEX ON {machines} (machine, state, entered_at, id);

CREATE TABLE {transitions} (
    machine text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    command text COLLATE "C" NOT NULL,
    from_state text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    body bytea NOT NULL,
    payload bytea NOT NULL,
    outcome bytea NOT NULL,
    fingerprint bytea NOT NULL,
    scope text COLLATE "C",
    key text COLLATE "C",
    from_visit bigint NOT NULL,
    visit bigint NOT NULL,
    at bigint NOT NULL,
    correlation text COLLATE "C",
    PRIMARY KEY (machine, id, seq)
);
CREATE INDEX ON {transitions} (machine, id, command, seq);

-- A key names a transition (surface = machine, target = id, seq). The hash is of (surface, scope, key).
CREATE TABLE {keys} (
    hash bytea PRIMARY KEY,
    surface text COLLATE "C" NOT NULL,
    target text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    fingerprint bytea NOT NULL,
    at bigint NOT NULL,
    expires_at bigint
);
CREATE INDEX ON {keys} (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {accounts} (
    account text COLLATE "C" PRIMARY KEY,
    balance bigint NOT NULL,
    seq bigint NOT NULL,
    floor bigint,
    ceiling bigint
) WITH (fillfactor = 90); -- Room for the next version of a balance on its own page: every update stays off the index.

CREATE TABLE {entries} (
    account text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    delta bigint NOT NULL,
    balance bigint NOT NULL,
    machine text COLLATE "C",
    id text COLLATE "C",
    machine_seq bigint,
    leg bigint,
    at bigint NOT NULL,
    PRIMARY KEY (account, seq)
);

CREATE TABLE {outbox} (
    position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    machine text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    leg bigint NOT NULL,
    topic text COLLATE "C" NOT NULL,
    payload bytea NOT NULL,
    at bigint NOT NULL
);
