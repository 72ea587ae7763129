//! Probes of lost commits: a row of the lost write is inserted again, or locked where it is.

use sqlx::Postgres;

use crate::store::probe::texts::{ProbeStore, ProbeTexts};

/// A row that is there is locked and not written, so a trigger that forbids changes of it has nothing to refuse.
impl ProbeStore for Postgres {
    const PROBES: ProbeTexts<&'static str> = ProbeTexts {
        wait: "
            SELECT 1 FROM pg_sleep(greatest(0, $1::bigint - extract(epoch FROM clock_timestamp()) * 1000000 + 1000)
                / 1000000)",
        put_update_key: "
            INSERT INTO {claims} (hash, surface, scope, fingerprint, state, at) VALUES ($1, '', '', '', 0, 0)
            ON CONFLICT (hash) DO UPDATE SET at = 0 WHERE false",
        put_transition_key: "
            INSERT INTO {transitions} (machine, id, fingerprint, at, hash) VALUES ('', '', '', 0, $1)
            ON CONFLICT (hash) WHERE hash IS NOT NULL DO UPDATE SET at = 0 WHERE false",
        put_entry_key: "
            INSERT INTO {entries} (account, delta, at, kind, hash) VALUES ('', 0, 0, '', $1)
            ON CONFLICT (hash) WHERE hash IS NOT NULL DO UPDATE SET at = 0 WHERE false",
        put_transition: "
            INSERT INTO {transitions} (machine, id, seq, fingerprint, at) VALUES ($1, $2, $3, '', 0)
            ON CONFLICT (machine, id, seq) DO UPDATE SET at = 0 WHERE false",
        ..ProbeTexts::COMMON
    };
}
