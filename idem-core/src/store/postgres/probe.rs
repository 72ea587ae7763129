//! Probes of lost commits: a row of the lost write is inserted again.

use sqlx::{Error, Postgres};

use super::classify::is_there;
use crate::store::probe::texts::{ProbeStore, ProbeTexts};

impl ProbeStore for Postgres {
    const PROBES: ProbeTexts<&'static str> = ProbeTexts {
        put_key: "INSERT INTO {keys} (hash, namespace, target, seq, fingerprint, at) VALUES ($1, '', '', 0, '', 0)",
        put_transition: "
            INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint,
                from_visit, visit, at)
            VALUES ($1, $2, $3, '', '', '', '', '', '', '', 0, 0, 0)",
        ..ProbeTexts::COMMON
    };

    fn is_there(error: &Error) -> bool {
        is_there(error)
    }
}
