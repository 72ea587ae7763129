-- The tables that es-entity's book asks for: an index table and the events, and for the second entity its snapshots.
CREATE TABLE tickets (
    id UUID PRIMARY KEY,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE ticket_events (
    id UUID NOT NULL REFERENCES tickets (id),
    sequence INT NOT NULL,
    event_type VARCHAR NOT NULL,
    event JSONB NOT NULL,
    context JSONB DEFAULT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    UNIQUE (id, sequence)
);

CREATE TABLE sheets (
    id UUID PRIMARY KEY,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sheet_events (
    id UUID NOT NULL REFERENCES sheets (id),
    sequence INT NOT NULL,
    event_type VARCHAR NOT NULL,
    event JSONB NOT NULL,
    context JSONB DEFAULT NULL,
    recorded_at TIMESTAMPTZ NOT NULL,
    UNIQUE (id, sequence)
);

CREATE TABLE sheet_snapshots (
    id UUID PRIMARY KEY REFERENCES sheets (id),
    sequence INT NOT NULL,
    fingerprint BIGINT NOT NULL,
    snapshot JSONB NOT NULL,
    first_recorded_at TIMESTAMPTZ NOT NULL,
    recorded_at TIMESTAMPTZ NOT NULL
);
