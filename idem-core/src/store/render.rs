//! Fills the statements of one set of tables in.

use std::sync::Mutex;

use super::Database;
use super::statements::Statements;
use super::tables::Tables;
use super::write::cache::WriteCache;

impl Statements {
    pub(crate) fn new<DB: Database>(tables: &Tables) -> Self {
        Self {
            machines: DB::MACHINES.render::<DB>(tables),
            ledger: DB::LEDGER.render::<DB>(tables),
            forget: DB::FORGET.render::<DB>(tables),
            sweep: DB::SWEEP.render::<DB>(tables),
            verdicts: DB::VERDICTS.render::<DB>(tables),
            outbox: DB::OUTBOX.render::<DB>(tables),
            probes: DB::PROBES.render::<DB>(tables),
            migrate: DB::MIGRATE.render::<DB>(tables),
            writes: WriteCache::default(),
            claims: DB::CLAIMS.render::<DB>(tables),
            claims_table: tables.quoted("claims"),
            rows: Mutex::default(),
            tables: tables.clone(),
        }
    }
}
