//! Probes of lost commits: the write lock is waited for, and with it no first writer is still under way.

use std::time::Duration;

use sqlx::Sqlite;

use crate::store::binder::Binder;
use crate::store::error::{Class, StoreError};
use crate::store::probe::store::ProbeStore;
use crate::store::probe::texts::ProbeTexts;
use crate::store::reader::Reader;
use crate::store::session::Session;
use crate::store::write::rows::CommitWitness;

impl ProbeStore for Sqlite {
    const PROBES: ProbeTexts<&'static str> = ProbeTexts {
        key: "
            BEGIN IMMEDIATE;
            SELECT count(*) FROM {keys} WHERE hash = $1 AND at = coalesce($2, at);
            ROLLBACK",
        transition: "
            BEGIN IMMEDIATE;
            SELECT count(*) FROM {transitions} WHERE machine = $1 AND id = $2 AND seq = $3 AND at = $4;
            ROLLBACK",
        ..ProbeTexts::COMMON
    };

    async fn probe(
        session: &mut Session<'_, Self>,
        witness: &CommitWitness,
        _wait: Duration,
    ) -> Result<Option<bool>, StoreError> {
        let sql = session.sql;
        let (text, binder) = match witness {
            CommitWitness::Key { hash, at } => (&sql.probes.key, Binder::new().bind(hash).bind(*at)),
            CommitWitness::Transition { machine, id, seq, at } => {
                (&sql.probes.transition, Binder::new().bind(machine).bind(id).bind(*seq).bind(*at))
            }
        };
        let error = match session.fetch_one(text, binder).await {
            Ok(row) => return Ok(Some(Reader::new(&row).field::<i64>()? > 0)),
            Err(error) => error,
        };
        // Nothing is open if the wait for the lock was in vain; the first error is what happened.
        let _ = session.run("ROLLBACK").await;
        if error.class == Class::Busy { Ok(None) } else { Err(error) }
    }
}
