//! Probes of lost commits: a row of the lost write is inserted again, or locked where it is.

use sqlx::Postgres;

use crate::store::probe::texts::{ProbeStore, ProbeTexts};

impl ProbeStore for Postgres {
    const PROBES: ProbeTexts<&'static str> = ProbeTexts {
        wait: "
            SELECT 1 FROM pg_sleep(greatest(0, $1::bigint - extract(epoch FROM clock_timestamp()) * 1000000 + 1000)
                / 1000000)",
        put_key: "
            INSERT INTO {keys} (hash, namespace, target, seq, fingerprint, at) VALUES ($1, '', '', 0, '', 0)
            ON CONFLICT (hash) DO UPDATE SET at = 0",
        put_transition: "
            INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint,
                from_visit, visit, at)
            VALUES ($1, $2, $3, '', '', '', '', '', '', '', 0, 0, 0)
            ON CONFLICT (machine, id, seq) DO UPDATE SET at = 0",
        ..ProbeTexts::COMMON
    };
}
