//! The statements of one set of tables, filled in once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::claims::texts::ClaimTexts;
use super::forget::texts::ForgetTexts;
use super::ledger::texts::LedgerTexts;
use super::machine::texts::MachineTexts;
use super::migrate::texts::MigrateTexts;
use super::outbox::texts::OutboxTexts;
use super::probe::texts::ProbeTexts;
use super::row::table::DescribedTable;
use super::sweep::texts::SweepTexts;
use super::tables::Tables;
use super::verdicts::texts::VerdictTexts;
use super::write::cache::WriteCache;

/// The statements of one set of tables.
#[derive(Debug)]
pub struct Statements {
    pub(crate) tables: Tables,
    pub(super) machines: MachineTexts,
    pub(super) ledger: LedgerTexts,
    pub(super) forget: ForgetTexts,
    pub(super) sweep: SweepTexts,
    pub(super) verdicts: VerdictTexts,
    pub(super) outbox: OutboxTexts,
    pub(super) probes: ProbeTexts,
    pub(super) migrate: MigrateTexts,
    pub(super) writes: WriteCache,
    pub(super) claims: ClaimTexts,
    /// The quoted name of the table of claims, for statements over callers' tables.
    pub(super) claims_table: String,
    pub(super) rows: Mutex<BTreeMap<String, Arc<DescribedTable>>>,
}

impl Statements {
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

    fn rows(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<DescribedTable>>> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
