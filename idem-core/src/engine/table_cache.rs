//! The tables that were updated, as they were last described.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::row::row_update::RowUpdate;
use crate::store::update::DescribedTable;

/// What tables of the user's are like, as they were last described.
#[derive(Debug, Default)]
pub(crate) struct TableCache(Mutex<HashMap<String, Arc<DescribedTable>>>);

impl TableCache {
    pub(super) fn known(&self, update: &RowUpdate) -> Option<Arc<DescribedTable>> {
        self.lock().get(update.table.as_str()).cloned()
    }

    pub(super) fn learn(&self, update: &RowUpdate, shape: Arc<DescribedTable>) {
        self.lock().insert(update.table.as_str().to_owned(), shape);
    }

    pub(super) fn forget(&self, update: &RowUpdate) {
        self.lock().remove(update.table.as_str());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<DescribedTable>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
