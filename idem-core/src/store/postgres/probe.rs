//! Probes of lost commits: a row of the lost write is inserted again. The insert waits for a first writer that is still under
//! way.

use std::time::Duration;

use sqlx::Postgres;

use super::classify::is_there;
use crate::store::binder::Binder;
use crate::store::connect::Connect as _;
use crate::store::error::{Class, StoreError};
use crate::store::probe::store::ProbeStore;
use crate::store::probe::texts::ProbeTexts;
use crate::store::session::Session;
use crate::store::write::rows::CommitWitness;

impl ProbeStore for Postgres {
    const PROBES: ProbeTexts<&'static str> = ProbeTexts {
        key: "INSERT INTO {keys} (hash, surface, target, seq, fingerprint, at) VALUES ($1, '', '', 0, '', 0)",
        transition: "
            INSERT INTO {transitions} (machine, id, seq, command, from_state, state, body, payload, outcome, fingerprint,
                from_visit, visit, at)
            VALUES ($1, $2, $3, '', '', '', '', '', '', '', 0, 0, 0)",
        find_key: "SELECT 1 FROM {keys} WHERE hash = $1 AND at = $2",
        find_transition: "SELECT 1 FROM {transitions} WHERE machine = $1 AND id = $2 AND seq = $3 AND at = $4",
    };

    async fn probe(
        session: &mut Session<'_, Self>,
        witness: &CommitWitness,
        wait: Duration,
    ) -> Result<Option<bool>, StoreError> {
        let sql = session.sql;
        let (insert, table) = match witness {
            CommitWitness::Key { .. } => (&sql.probes.key, sql.tables.name("keys")),
            CommitWitness::Transition { .. } => (&sql.probes.transition, sql.tables.name("transitions")),
        };
        session.begin(Postgres::begin(wait)).await?;
        let inserted = session.fetch(insert, place(witness)).await;
        session.roll_back().await?;
        match inserted {
            Ok(_) => Ok(Some(false)),
            Err(error) if is_there(&error.source, &table) => is_its_own(session, witness).await.map(Some),
            Err(error) if error.class == Class::Busy => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether the row in the witness's place is the one it tells of.
async fn is_its_own(session: &mut Session<'_, Postgres>, witness: &CommitWitness) -> Result<bool, StoreError> {
    let sql = session.sql;
    let (find, at) = match witness {
        CommitWitness::Key { at: None, .. } => return Ok(true),
        CommitWitness::Key { at: Some(at), .. } => (&sql.probes.find_key, at),
        CommitWitness::Transition { at, .. } => (&sql.probes.find_transition, at),
    };
    Ok(!session.fetch(find, place(witness).bind(*at)).await?.is_empty())
}

fn place(witness: &CommitWitness) -> Binder<Postgres> {
    match witness {
        CommitWitness::Key { hash, .. } => Binder::new().bind(hash),
        CommitWitness::Transition { machine, id, seq, .. } => Binder::new().bind(machine).bind(id).bind(*seq),
    }
}
