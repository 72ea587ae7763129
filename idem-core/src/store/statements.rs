//! The statements of one set of tables, filled in once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::ledger::texts::{LedgerStore, LedgerTexts};
use super::machine::texts::{MachineStore, MachineTexts};
use super::migrate::texts::{MigrateStore, MigrateTexts};
use super::probe::{ProbeStore, ProbeTexts};
use super::row::table::DescribedTable;
use super::tables::Tables;
use super::write::cache::WriteCache;

/// The statements of one set of tables.
#[derive(Debug)]
pub struct Statements {
    pub(crate) tables: Tables,
    pub(super) machines: MachineTexts,
    pub(super) ledger: LedgerTexts,
    pub(super) probes: ProbeTexts,
    pub(super) migrate: MigrateTexts,
    pub(super) writes: WriteCache,
    /// The quoted name of the table of keys, for statements over callers' tables.
    pub(super) keys: String,
    rows: Mutex<HashMap<String, Arc<DescribedTable>>>,
}

impl Statements {
    pub(crate) fn new<DB: MachineStore + LedgerStore + ProbeStore + MigrateStore>(tables: &Tables) -> Self {
        Self {
            machines: DB::MACHINES.render::<DB>(tables),
            ledger: DB::LEDGER.render::<DB>(tables),
            probes: DB::PROBES.render::<DB>(tables),
            migrate: DB::MIGRATE.render::<DB>(tables),
            writes: WriteCache::default(),
            keys: tables.quoted("keys"),
            rows: Mutex::default(),
            tables: tables.clone(),
        }
    }

    /// A caller's table, as it was last described.
    pub(crate) fn described(&self, table: &str) -> Option<Arc<DescribedTable>> {
        self.rows().get(table).cloned()
    }

    pub(crate) fn note_described(&self, table: &str, described: Arc<DescribedTable>) {
        self.rows().insert(table.to_owned(), described);
    }

    pub(crate) fn forget_described(&self, table: &str) {
        self.rows().remove(table);
    }

    fn rows(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<DescribedTable>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
